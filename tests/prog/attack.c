// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forged packets against live connections.
 *
 * Each refusal has its counterpart: the same packet with the one wrong thing
 * put right must work, or the refusal would prove nothing.  The server's end
 * of the link is where the attacker sits; it can claim any source address.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "sal.h"

#define DEV		"eth0"
#define STRANGE_ID	0x0badf00d

/* On the link and answered for by the server's MAC address (the script adds
 * the neighbour), but not an address of the server: SYNs to it are seen and
 * not answered.
 */
static struct in_addr mute_addr(void)
{
	return (struct in_addr) { env.addr[SRV].s_addr ^ htonl(0x70) };
}

/**
 * struct victim - a connection and what an eavesdropper knows of it
 * @p:     both ends
 * @cid:   flow ids
 * @sid:   see @cid
 * @last:  the last data packet of the server
 * @next:  the sequence number that follows it
 */
struct victim {
	struct sv_pair p;
	__u32 cid, sid;
	struct sal_seen last;
	__u32 next;
};

/* Let the ends talk, and listen */
static void victim_overhear(struct victim *v)
{
	int fd = sniff_open(CLI, DEV);
	struct sal_seen s;

	exchange(v->p.c, v->p.s, 10);
	while (sniff_next(fd, &s, 200))
		if (!s.out && s.hlen == 12)
			v->last = s;
	expect(v->last.plen > 20);
	v->next = be32_at(v->last.pay + 4) + v->last.plen -
		  (v->last.pay[12] >> 4) * 4;
	/* a pure ACK does not take up sequence space; data did: 10 bytes */
	close(fd);
}

static void victim_open(struct victim *v)
{
	pair_open(&v->p);
	victim_overhear(v);
	v->cid = flow_opt(v->p.c, SERVAL_FLOW_ID);
	v->sid = flow_opt(v->p.s, SERVAL_FLOW_ID);
}

static void alive(struct victim *v)
{
	expect(poll_for(v->p.c, POLLIN, 100) == 0);
	exchange(v->p.c, v->p.s, 100);
	exchange(v->p.s, v->p.c, 100);
}

/* Five bytes that fit the client's receive window exactly */
static void forge_data(struct victim *v, struct sal_buf *p, __u32 src,
		       __u32 dst)
{
	struct tcp_seg t = {
		.sport = v->last.pay[0] << 8 | v->last.pay[1],
		.dport = v->last.pay[2] << 8 | v->last.pay[3],
		.seq = v->next,
		.ack = be32_at(v->last.pay + 8),
		.flags = TH_ACK | TH_PSH,
		.data = "EVIL!", .len = 5,
	};

	sal_start(p, src, dst, IPPROTO_TCP);
	sal_seal(p);
	sal_tcp(p, &t);
}

static void attack_data_locator(void)
{
	__u64 bad;
	struct victim v;
	struct sal_buf p;

	victim_open(&v);
	bad = counter(CLI, "InBadLocator");
	forge_data(&v, &p, v.sid, v.cid);
	sal_send(SRV, &p, mute_addr(), env.addr[CLI]);
	sal_send(SRV, &p, nobody_addr(), env.addr[CLI]);
	expect(poll_for(v.p.c, POLLIN, 200) == 0);
	expect(reaches(CLI, "InBadLocator", bad + 2));
	alive(&v);
}

static void attack_data_id(void)
{
	__u64 bad;
	struct victim v;
	struct sal_buf p;

	victim_open(&v);
	bad = counter(CLI, "InBadPeerId");
	forge_data(&v, &p, STRANGE_ID, v.cid);
	sal_send(SRV, &p, env.addr[SRV], env.addr[CLI]);
	expect(poll_for(v.p.c, POLLIN, 200) == 0);
	expect(reaches(CLI, "InBadPeerId", bad + 1));
	alive(&v);
}

/* The counterpart: with everything right it is as good as real */
static void attack_data_right(void)
{
	struct victim v;
	struct sal_buf p;
	char buf[5];

	victim_open(&v);
	forge_data(&v, &p, v.sid, v.cid);
	sal_send(SRV, &p, env.addr[SRV], env.addr[CLI]);
	get(v.p.c, buf, 5);
	expect(!memcmp(buf, "EVIL!", 5));
}

static void send_control(const struct sal_control *c, __u32 src,
			 __u32 dst, struct in_addr from)
{
	struct sal_buf p;

	sal_start(&p, src, dst, SAL_NONE);
	sal_add_control(&p, c);
	sal_seal(&p);
	sal_send(SRV, &p, from, env.addr[CLI]);
}

static void attack_rst(void)
{
	struct sal_control rst = { .flags = SAL_RST };
	__u64 loc, id, in;
	struct victim v;

	victim_open(&v);
	loc = counter(CLI, "InBadLocator");
	id = counter(CLI, "InBadPeerId");
	in = counter(CLI, "InRst");
	send_control(&rst, v.sid, v.cid, nobody_addr());
	send_control(&rst, STRANGE_ID, v.cid, env.addr[SRV]);
	expect(poll_for(v.p.c, POLLIN, 200) == 0);
	expect(reaches(CLI, "InBadLocator", loc + 1));
	expect(reaches(CLI, "InBadPeerId", id + 1));
	expect(reaches(CLI, "InRst", in));
	/* everything right but TCP's sequence number */
	rst.verno = v.next - 70000;
	send_control(&rst, v.sid, v.cid, env.addr[SRV]);
	expect(poll_for(v.p.c, POLLIN, 200) == 0);
	alive(&v);
}

/* Control that belongs to a handshake does nothing to a live connection */
static void attack_late_control(void)
{
	static const __u8 flags[] = {
		SAL_NACK, SAL_SYN, SAL_SYN | SAL_ACK, 0x40, 0x60, 0x04, 0,
		0xff,
	};
	struct sal_control c = { .verno = 1, .ackno = 2, .nonce = 3 };
	struct victim v;
	size_t i;

	victim_open(&v);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i] == 0xff)	/* has RST: final if from the peer */
			continue;
		c.flags = flags[i];
		send_control(&c, v.sid, v.cid, env.addr[SRV]);
		send_control(&c, STRANGE_ID, v.cid, env.addr[SRV]);
		send_control(&c, v.sid, v.cid, nobody_addr());
	}
	alive(&v);
}

/**
 * struct waiting - a client in SYN_SENT and the SYN it sent
 * @type:  of its socket
 * @encap: its SERVAL_UDP_ENCAP
 */
struct waiting {
	struct sv_svc svc;
	int type;
	int encap;
	int c;
	int sniff;
	struct sal_seen syn;
	__u32 iss, tcp_seq;
};

/* The next packet of the client's */
static void wait_seen(struct waiting *w, struct in_addr to)
{
	/* sockets of earlier cases may still repeat their FIN to the mute */
	__u32 id = flow_opt(w->c, SERVAL_FLOW_ID);

	do
		expect(sniff_next(w->sniff, &w->syn, 10000));
	while (w->syn.src != id);
	expect(w->syn.daddr.s_addr == to.s_addr);
}

static void wait_dial(struct waiting *w)
{
	struct sockaddr_storage ss;
	socklen_t len = svc_advised(&w->svc, mute_addr(), &ss);

	w->c = host_socket(CLI, w->type | SOCK_NONBLOCK);
	must(setsockopt(w->c, SOL_SERVAL, SERVAL_UDP_ENCAP, &w->encap,
			sizeof(w->encap)));
	fails(connect(w->c, (struct sockaddr *)&ss, len), EINPROGRESS);
	wait_seen(w, mute_addr());
	w->iss = be32_at(w->syn.hdr + 16);
	w->tcp_seq = be32_at(w->syn.pay + 4);
}

static void wait_open_as(struct waiting *w, int type, int encap)
{
	w->type = type;
	w->encap = encap;
	w->sniff = sniff_open(CLI, DEV);
	svc_new(&w->svc);
	wait_dial(w);
}

static void wait_open(struct waiting *w)
{
	wait_open_as(w, SOCK_STREAM, SERVAL_UDP_DEFAULT);
}

/* @way: two addresses for SOURCE, or NULL */
static void send_synack_way(struct waiting *w, const struct sal_control *c,
			    __u32 src, __u32 tcp_ack,
			    const struct in6_addr *way)
{
	struct tcp_seg t = {
		.sport = TCP_PORT,
		.dport = w->syn.pay[0] << 8 | w->syn.pay[1],
		.seq = 1000, .ack = tcp_ack, .flags = TH_SYN | TH_ACK,
	};
	struct sal_buf p;

	sal_start(&p, src, w->syn.src, IPPROTO_TCP);
	sal_add_control(&p, c);
	if (way)
		sal_add_source(&p, way, 2);
	sal_seal(&p);
	sal_tcp(&p, &t);
	sal_send(SRV, &p, mute_addr(), env.addr[CLI]);
}

static void send_synack(struct waiting *w, __u32 src, __u32 ackno,
			__u32 tcp_ack)
{
	struct sal_control c = {
		.flags = SAL_SYN | SAL_ACK, .verno = 77, .ackno = ackno,
		.nonce = 0x1234567812345678,
	};

	send_synack_way(w, &c, src, tcp_ack, NULL);
}

static bool pending(struct waiting *w)
{
	return poll_for(w->c, POLLOUT, 200) == 0;
}

static void attack_synack(void)
{
	__u32 peer = 0x51515151;
	__u64 bad, late, rst;
	struct waiting w;

	wait_open(&w);
	bad = counter(CLI, "InBadAck");
	send_synack(&w, peer, w.iss, w.tcp_seq + 1);
	send_synack(&w, peer, w.iss + 2, w.tcp_seq + 1);
	send_synack(&w, peer, w.iss + 1, w.tcp_seq + 2);
	expect(pending(&w));
	expect(reaches(CLI, "InBadAck", bad + 3));
	send_synack(&w, peer, w.iss + 1, w.tcp_seq + 1);
	expect(poll_for(w.c, POLLOUT, 10000) == POLLOUT);
	expect(flow_opt(w.c, SERVAL_PEER_FLOW_ID) == peer);
	/* a second responder is sent away, the first one keeps the flow */
	late = counter(CLI, "InSynAckLate");
	rst = counter(CLI, "OutRst");
	send_synack(&w, peer + 1, w.iss + 1, w.tcp_seq + 1);
	nap_ms(100);
	expect(reaches(CLI, "InSynAckLate", late + 1));
	expect(reaches(CLI, "OutRst", rst + 1));
	expect(flow_opt(w.c, SERVAL_PEER_FLOW_ID) == peer);
	expect(so_error(w.c) == 0);
}

static struct in6_addr mapped(struct in_addr ip4)
{
	struct in6_addr addr = { };

	memset(addr.s6_addr + 10, 0xff, 2);
	memcpy(addr.s6_addr + 12, &ip4, 4);
	return addr;
}

/* SOURCE in an answer sends the client nowhere but where that came from */
static void attack_synack_source(void)
{
	struct sal_control c = { .flags = SAL_SYN | SAL_ACK, .verno = 77 };
	const struct in6_addr way[2] = {
		mapped(env.addr[SRV]), mapped(env.addr[SRV]),
	};
	struct sal_seen s;
	struct waiting w;
	char data[10] = "";

	wait_open(&w);
	c.ackno = w.iss + 1;
	send_synack_way(&w, &c, 0x64646464, w.tcp_seq + 1, way);
	expect(poll_for(w.c, POLLOUT, 10000) == POLLOUT);
	expect(flow_opt(w.c, SERVAL_PEER_FLOW_ID) == 0x64646464);
	put(w.c, data, sizeof(data));
	do {
		expect(sniff_next(w.sniff, &s, 10000));
		expect(s.src != w.syn.src ||
		       s.daddr.s_addr == mute_addr().s_addr);
	} while (s.src != w.syn.src || s.plen < 20 + sizeof(data));
}

/* A SYN-ACK whose segment is damaged binds the client to nobody */
static void attack_synack_sum(void)
{
	struct sal_control c = { .flags = SAL_SYN | SAL_ACK, .verno = 77 };
	struct tcp_seg t = { .sport = TCP_PORT, .flags = TH_SYN | TH_ACK };
	struct waiting w;
	struct sal_buf p;

	wait_open(&w);
	c.ackno = w.iss + 1;
	t.dport = w.syn.pay[0] << 8 | w.syn.pay[1];
	t.ack = w.tcp_seq + 1;
	sal_start(&p, 0x61616161, w.syn.src, IPPROTO_TCP);
	sal_add_control(&p, &c);
	sal_seal(&p);
	sal_tcp(&p, &t);
	p.b[p.len - 1] ^= 1;
	sal_send(SRV, &p, mute_addr(), env.addr[CLI]);
	expect(pending(&w));
	send_synack(&w, 0x62626262, w.iss + 1, w.tcp_seq + 1);
	expect(poll_for(w.c, POLLOUT, 10000) == POLLOUT);
	expect(flow_opt(w.c, SERVAL_PEER_FLOW_ID) == 0x62626262);
}

static void attack_nack(void)
{
	struct sal_control c = { .flags = SAL_NACK };
	__u64 bad, in, nonce;
	struct waiting w;

	wait_open(&w);
	bad = counter(CLI, "InBadAck");
	nonce = counter(CLI, "InBadNonce");
	c.nonce = 1;
	c.ackno = w.iss + 1;
	send_control(&c, STRANGE_ID, w.syn.src, mute_addr());
	memcpy(&c.nonce, w.syn.hdr + 24, sizeof(c.nonce));
	in = counter(CLI, "InNack");
	c.ackno = w.iss;
	send_control(&c, STRANGE_ID, w.syn.src, mute_addr());
	c.ackno = w.iss + 2;
	send_control(&c, STRANGE_ID, w.syn.src, mute_addr());
	expect(pending(&w));
	expect(reaches(CLI, "InBadAck", bad + 2));
	expect(reaches(CLI, "InBadNonce", nonce + 1));
	c.ackno = w.iss + 1;
	send_control(&c, STRANGE_ID, w.syn.src ^ 1, mute_addr());
	expect(pending(&w));
	expect(reaches(CLI, "InNack", in));
	/* from a third address: a forwarder may refuse */
	send_control(&c, STRANGE_ID, w.syn.src, env.addr[SRV]);
	expect(poll_for(w.c, POLLOUT, 10000) & POLLERR);
	expect(so_error(w.c) == ECONNREFUSED);
	expect(reaches(CLI, "InNack", in + 1));
}

/**
 * struct forged - a refusal that says to ask the server instead of the mute
 * @from:  who refuses
 * @udp:   inside UDP
 * @encap: SERVAL_UDP_ENCAP of who is refused
 * @id:    what is wrong with the flow id, 0 = nothing
 * @nonce: with the nonce
 * @ackno: with the version number
 * @bare:  has SOURCE, which names yet another host, but not ADDRESS
 */
struct forged {
	struct in_addr from;
	bool udp;
	int encap;
	__u32 id;
	__u64 nonce;
	__u32 ackno;
	bool bare;
};

static void send_redirect(const struct waiting *w, const struct forged *f)
{
	const struct in6_addr server = mapped(env.addr[SRV]);
	const struct in6_addr way[2] = {
		mapped(nobody_addr()), mapped(nobody_addr()),
	};
	const struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr = env.addr[CLI],
		.sin_port = htons(w->syn.udp ? w->syn.udp : UDP_PORT),
	};
	struct sal_control c = {
		.flags = SAL_NACK, .reason = EREMOTE,
		.ackno = w->iss + 1 + f->ackno,
	};
	struct sal_buf p;

	memcpy(&c.nonce, w->syn.hdr + 24, sizeof(c.nonce));
	c.nonce ^= f->nonce;
	sal_start(&p, STRANGE_ID, w->syn.src ^ f->id, SAL_NONE);
	sal_add_control(&p, &c);
	if (!f->bare)
		sal_add_address(&p, &server);
	sal_add_source(&p, way, ARRAY_SIZE(way));
	sal_seal(&p);
	if (f->udp)
		sal_send_udp(SRV, &p, f->from, &to);
	else
		sal_send(SRV, &p, f->from, env.addr[CLI]);
}

/**
 * struct led - what became of the refusals that say where to ask
 * @nacks:  refusals of the client's SYNs
 * @astray: not followed
 * @led:    followed
 * @syns:   requests that the server got
 */
struct led {
	__u64 nacks, astray, led, syns;
};

static struct led led_to(void)
{
	return (struct led) {
		counter(CLI, "InNack"), counter(CLI, "InRedirectBad"),
		counter(CLI, "InRedirect"), counter(SRV, "InSyn"),
	};
}

static void led_is(const struct led *before, const struct led *more)
{
	expect(reaches(CLI, "InNack", before->nacks + more->nacks));
	expect(reaches(CLI, "InRedirectBad", before->astray + more->astray));
	expect(reaches(CLI, "InRedirect", before->led + more->led));
	expect(reaches(SRV, "InSyn", before->syns + more->syns));
}

static void redirect_blind(int type)
{
	const struct forged wrong[] = {
		{ .id = 1 }, { .nonce = 1 }, { .ackno = -1 }, { .ackno = 1 },
	};
	__u64 flow = counter(CLI, "InNoFlow"), ack = counter(CLI, "InBadAck");
	__u64 nonce = counter(CLI, "InBadNonce");
	struct led before = led_to();
	struct waiting w;
	size_t i;

	wait_open_as(&w, type, SERVAL_UDP_ALWAYS);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct forged f = wrong[i];

		f.from = env.addr[SRV];
		send_redirect(&w, &f);
		f.udp = true;
		send_redirect(&w, &f);
		f.from = mute_addr();
		send_redirect(&w, &f);
	}
	expect(reaches(CLI, "InNoFlow", flow + 3));
	expect(reaches(CLI, "InBadNonce", nonce + 3));
	expect(reaches(CLI, "InBadAck", ack + 6));
	wait_seen(&w, mute_addr());
	expect(pending(&w));
	led_is(&before, &(struct led) { });
}

static void attack_redirect_blind(void)
{
	redirect_blind(SOCK_STREAM);
	redirect_blind(SOCK_DGRAM);
}

/* Who knows the SYN may refuse it from anywhere, but lead it nowhere */
static void redirect_refused(const struct forged *f, int type)
{
	struct led before = led_to();
	struct waiting w;

	wait_open_as(&w, type, f->encap);
	send_redirect(&w, f);
	expect(poll_for(w.c, POLLOUT, 10000) & POLLERR);
	expect(so_error(w.c) == ECONNREFUSED);
	/* nor the next one */
	close(w.c);
	wait_dial(&w);
	led_is(&before, &(struct led) { .nacks = 1, .astray = !f->bare });
	close(w.c);
	close(w.sniff);
}

static void attack_redirect(void)
{
	const struct in_addr third = env.addr[SRV], asked = mute_addr();
	const struct forged forged[] = {
		{ .from = third, .encap = SERVAL_UDP_ALWAYS, .udp = true },
		{ .from = third, .encap = SERVAL_UDP_ALWAYS },
		{ .from = third, .encap = SERVAL_UDP_AUTO, .udp = true },
		{ .from = third, .encap = SERVAL_UDP_NEVER },
		{ .from = asked, .encap = SERVAL_UDP_ALWAYS },
		{ .from = asked, .encap = SERVAL_UDP_NEVER, .udp = true },
		{ .from = asked, .encap = SERVAL_UDP_ALWAYS, .udp = true,
		  .bare = true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forged); i++) {
		redirect_refused(&forged[i], SOCK_STREAM);
		redirect_refused(&forged[i], SOCK_DGRAM);
	}
}

static void redirect_followed(int type)
{
	const struct forged f = { .from = mute_addr(), .udp = true };
	struct led before = led_to();
	struct waiting w;

	wait_open_as(&w, type, SERVAL_UDP_ALWAYS);
	svc_listen_as(&w.svc, type, 1);
	send_redirect(&w, &f);
	wait_seen(&w, env.addr[SRV]);
	expect(w.syn.udp);
	expect(poll_for(w.c, POLLOUT, 10000) == POLLOUT);
	led_is(&before, &(struct led) { .nacks = 1, .led = 1, .syns = 1 });
}

/* The counterpart: inside UDP, from who was asked so */
static void attack_redirect_right(void)
{
	redirect_followed(SOCK_STREAM);
	redirect_followed(SOCK_DGRAM);
}

static void attack_rst_waiting(void)
{
	struct sal_control c = { .flags = SAL_RST };
	struct waiting w;

	wait_open(&w);
	send_control(&c, STRANGE_ID, w.syn.src, mute_addr());
	send_control(&c, STRANGE_ID, w.syn.src, env.addr[SRV]);
	expect(pending(&w));
	send_synack(&w, 0x63636363, w.iss + 1, w.tcp_seq + 1);
	expect(poll_for(w.c, POLLOUT, 10000) == POLLOUT);
}

static __u64 unbelieved(void)
{
	return counter(SRV, "InBadNonce") + counter(SRV, "InNoFlow");
}

/* A confirm packet without the SYN it belongs to opens nothing */
static void attack_confirm(void)
{
	struct tcp_seg t = { 1000, TCP_PORT, 5, 6, TH_ACK | TH_PSH, "abc", 3 };
	struct sal_control c = { .flags = SAL_ACK, .verno = 1, .nonce = 9 };
	__u64 made = counter(SRV, "FlowsCreated"), before = unbelieved();
	struct sv_svc svc;
	struct sal_buf p;
	int l, i;

	svc_new(&svc);
	l = svc_listen(&svc, 16);
	set_nonblock(l);
	for (i = 0; i < 100; i++) {
		c.ackno = i * 0x01010101;
		sal_start(&p, 0x70000000 + i, 0x71000000 + i, IPPROTO_TCP);
		sal_add_control(&p, &c);
		sal_add_service(&p, svc.id);
		sal_seal(&p);
		sal_tcp(&p, &t);
		sal_send(CLI, &p, env.addr[CLI], env.addr[SRV]);
	}
	fails(accept(l, NULL, NULL), EAGAIN);
	for (i = 0; i < 500 && unbelieved() < before + 100; i++)
		nap_ms(10);
	expect(unbelieved() >= before + 100);
	expect(counter(SRV, "FlowsCreated") == made);
}

static void send_syn(const struct sv_svc *svc, __u32 src,
		     struct in_addr from)
{
	struct sal_buf p;

	sal_syn(&p, svc->id, src);
	sal_send(CLI, &p, from, env.addr[SRV]);
}

static __u64 live_flows(enum sv_host h)
{
	__u64 freed = counter(h, "FlowsFreed");

	return counter(h, "FlowsCreated") - freed;
}

static void reset_half_open(const struct sv_svc *svc, int sniff, __u32 id)
{
	struct sal_control c = {
		.flags = SAL_ACK, .verno = id * 7 + 1, .nonce = id,
	};
	struct tcp_seg t = {
		.sport = 1024 + id % 60000, .dport = TCP_PORT,
		.seq = id + 1, .flags = TH_RST | TH_ACK,
	};
	struct sal_seen synack;
	struct sal_buf p;

	send_syn(svc, id, mute_addr());
	do
		sniff_expect(sniff, &synack, false);
	while (synack.dst != id);
	c.ackno = be32_at(synack.hdr + 16) + 1;
	t.ack = be32_at(synack.pay + 4) + 1;
	sal_start(&p, id, synack.src, IPPROTO_TCP);
	sal_add_control(&p, &c);
	sal_add_service(&p, svc->id);
	sal_seal(&p);
	sal_tcp(&p, &t);
	sal_send(CLI, &p, mute_addr(), env.addr[SRV]);
}

/* Who resets what it has half opened makes room in the listener's queue, and
 * so must be forgotten at once: the queue bounds the table.
 */
static void attack_half_open_reset(void)
{
	enum { N = 500, BACKLOG = 16 };
	__u64 before = live_flows(SRV), live;
	struct sv_svc svc;
	int i, sniff;

	svc_new(&svc);
	svc_listen(&svc, BACKLOG);
	sniff = sniff_open(CLI, DEV);
	must(setsockopt(sniff, SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int) { 1 },
			sizeof(int)));
	for (i = 0; i < N; i++)
		reset_half_open(&svc, sniff, 0x10000 + i * 17);
	live = live_flows(SRV);
	if (live > before + BACKLOG)
		die("%llu flows after %llu", (unsigned long long)live,
		    (unsigned long long)before);
}

/* A retransmitted SYN is the same connection */
static void attack_syn_twice(void)
{
	__u64 made = counter(SRV, "FlowsCreated");
	struct sv_svc svc;
	int i;

	svc_new(&svc);
	svc_listen(&svc, 16);
	for (i = 0; i < 5; i++)
		send_syn(&svc, 0x4242, mute_addr());
	expect(reaches(SRV, "FlowsCreated", made + 1));
}

/* Thousands of packets for no flow: the answers are bounded */
static void attack_rst_rate(void)
{
	enum { N = 3000 };
	struct tcp_seg t = { 1000, TCP_PORT, 5, 6, TH_ACK, NULL, 0 };
	__u64 limited = counter(SRV, "RateLimited");
	__u64 out = counter(SRV, "OutRst");
	__u64 none = counter(SRV, "InNoFlow");
	time_t start = time(NULL);
	int fd = sal_open(CLI), i;
	struct sal_buf p;

	for (i = 0; i < N; i++) {
		sal_start(&p, 0x20000000 + i, 0x30000000 + i, IPPROTO_TCP);
		sal_seal(&p);
		sal_tcp(&p, &t);
		sal_put(fd, &p, env.addr[CLI], env.addr[SRV]);
	}
	reaches(SRV, "InNoFlow", none + N);
	expect(counter(SRV, "InNoFlow") - none >= N);
	/* a thousand a second, however long the emulator took */
	expect(counter(SRV, "OutRst") - out <=
	       1000ULL * (time(NULL) - start + 2));
	expect(counter(SRV, "OutRst") - out +
	       counter(SRV, "RateLimited") - limited >= N);
}

/* An ICMP error from the server's address to the client, which quotes @quoted
 * as a packet of the client's to @to
 */
void send_icmp(__u8 code, __u16 mtu, struct in_addr to, const void *quoted,
	       size_t len)
{
	struct {
		struct iphdr ip;
		struct icmphdr icmp;
		struct iphdr inner;
		__u8 sal[1500];
	} p = {
		.ip = {
			.version = 4, .ihl = 5, .ttl = 64,
			.protocol = IPPROTO_ICMP,
			.saddr = env.addr[SRV].s_addr,
			.daddr = env.addr[CLI].s_addr,
		},
		.icmp = {
			.type = ICMP_DEST_UNREACH, .code = code,
			.un.frag.mtu = htons(mtu),
		},
		.inner = {
			.version = 4, .ihl = 5, .ttl = 60,
			.protocol = IPPROTO_SERVAL,
			.saddr = env.addr[CLI].s_addr,
			.daddr = to.s_addr,
			.tot_len = htons(sizeof(p.inner) + 1400),
		},
	};
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr = env.addr[CLI],
	};
	size_t body = sizeof(p.icmp) + sizeof(p.inner) + len;
	int fd = sal_open(SRV);

	memcpy(p.sal, quoted, len);
	p.icmp.checksum = htons(sal_sum(&p.icmp, body, 0));
	expect((size_t)must(sendto(fd, &p, sizeof(p.ip) + body, 0,
				   (struct sockaddr *)&sin, sizeof(sin))) ==
	       sizeof(p.ip) + body);
	close(fd);
}

/* The SAL header and as much of TCP as @len leaves room for, with one fault */
static void quote(struct sal_buf *p, __u32 src, __u32 dst, __u32 seq)
{
	struct tcp_seg t = { .sport = 1, .dport = TCP_PORT, .seq = seq };

	sal_start(p, src, dst, IPPROTO_TCP);
	sal_seal(p);
	sal_tcp(p, &t);
}

static void attack_icmp_connect(void)
{
	__u64 bad;
	struct waiting w;
	struct sal_buf p;

	wait_open(&w);
	bad = counter(CLI, "InIcmpErrors");
	quote(&p, STRANGE_ID, 0, w.tcp_seq);
	send_icmp(ICMP_PORT_UNREACH, 0, mute_addr(), p.b, p.len);
	quote(&p, w.syn.src, STRANGE_ID, w.tcp_seq);
	send_icmp(ICMP_PORT_UNREACH, 0, mute_addr(), p.b, p.len);
	quote(&p, w.syn.src, 0, w.tcp_seq - 1);
	send_icmp(ICMP_PORT_UNREACH, 0, mute_addr(), p.b, p.len);
	quote(&p, w.syn.src, 0, w.tcp_seq);
	send_icmp(ICMP_PORT_UNREACH, 0, env.addr[SRV], p.b, p.len);
	/* too short to tell the sequence number, then the ids */
	send_icmp(ICMP_PORT_UNREACH, 0, mute_addr(), p.b, 8);
	send_icmp(ICMP_PORT_UNREACH, 0, mute_addr(), p.b, 6);
	expect(pending(&w));
	/* IP itself drops what quotes less than 8 bytes */
	expect(reaches(CLI, "InIcmpErrors", bad + 5));
	send_icmp(ICMP_PORT_UNREACH, 0, mute_addr(), p.b, p.len);
	expect(poll_for(w.c, POLLOUT, 5000) != 0);
	expect(so_error(w.c) == ECONNREFUSED);
}

static unsigned int snd_mss(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	return info.tcpi_snd_mss;
}

static void attack_icmp_mtu(void)
{
	unsigned int before;
	struct victim v;
	struct sal_buf p;
	__u32 next;

	victim_open(&v);
	alive(&v);
	before = snd_mss(v.p.c);
	victim_overhear(&v);
	next = be32_at(v.last.pay + 8);
	quote(&p, v.cid, v.sid, next - 70000);
	send_icmp(ICMP_FRAG_NEEDED, 600, env.addr[SRV], p.b, p.len);
	quote(&p, v.cid, STRANGE_ID, next);
	send_icmp(ICMP_FRAG_NEEDED, 600, env.addr[SRV], p.b, p.len);
	victim_overhear(&v);
	expect(snd_mss(v.p.c) == before);
	/* with everything right it is believed, and nothing is lost */
	quote(&p, v.cid, v.sid, be32_at(v.last.pay + 8));
	send_icmp(ICMP_FRAG_NEEDED, 600, env.addr[SRV], p.b, p.len);
	alive(&v);
	expect(snd_mss(v.p.c) < 600);
}

/* An established connection goes on: the way may come back */
static void attack_icmp_live(void)
{
	static const __u8 codes[] = {
		ICMP_NET_UNREACH, ICMP_HOST_UNREACH, ICMP_PORT_UNREACH,
		ICMP_PROT_UNREACH, ICMP_PKT_FILTERED,
	};
	struct victim v;
	struct sal_buf p;
	__u64 bad;
	size_t i;

	victim_open(&v);
	bad = counter(CLI, "InIcmpErrors");
	quote(&p, v.cid, v.sid, be32_at(v.last.pay + 8));
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		send_icmp(codes[i], 0, env.addr[SRV], p.b, p.len);
	alive(&v);
	expect(reaches(CLI, "InIcmpErrors", bad));
	send_icmp(ICMP_NET_UNREACH, 0, nobody_addr(), p.b, p.len);
	expect(reaches(CLI, "InIcmpErrors", bad + 1));
}

const struct sv_case attack_cases[] = {
	{ "forged-icmp", SV_SERVAL | SV_TWO, attack_icmp_connect,
	  "an ICMP error counts only with ids, address and sequence number right" },
	{ "forged-icmp-mtu", SV_SERVAL | SV_TWO, attack_icmp_mtu,
	  "so does a smaller path MTU" },
	{ "icmp-live", SV_SERVAL | SV_TWO, attack_icmp_live,
	  "a live connection survives them" },
	{ "forged-locator", SV_SERVAL | SV_TWO, attack_data_locator,
	  "data with the right ids from another address is dropped" },
	{ "forged-id", SV_SERVAL | SV_TWO, attack_data_id,
	  "data with a wrong source id is dropped" },
	{ "forged-right", SV_SERVAL | SV_TWO, attack_data_right,
	  "(the same data with ids and address right is taken)" },
	{ "forged-rst", SV_SERVAL | SV_TWO, attack_rst,
	  "a reset counts only with ids, address and sequence number right" },
	{ "late-control", SV_SERVAL | SV_TWO, attack_late_control,
	  "handshake packets do not disturb a live connection" },
	{ "forged-synack", SV_SERVAL | SV_TWO, attack_synack,
	  "only a SYN-ACK for this very SYN counts, and only the first" },
	{ "damaged-synack", SV_SERVAL | SV_TWO, attack_synack_sum,
	  "a damaged SYN-ACK binds the client to nobody" },
	{ "source-synack", SV_SERVAL | SV_TWO, attack_synack_source,
	  "SOURCE in a SYN-ACK redirects nobody" },
	{ "forged-nack", SV_SERVAL | SV_TWO, attack_nack,
	  "only a refusal of this very SYN counts" },
	{ "blind-redirect", SV_SERVAL | SV_TWO, attack_redirect_blind,
	  "a refusal of another SYN leads nowhere" },
	{ "forged-redirect", SV_SERVAL | SV_TWO, attack_redirect,
	  "nor does one that is right, from elsewhere or not inside UDP" },
	{ "redirect-right", SV_SERVAL | SV_TWO, attack_redirect_right,
	  "(one of the host that was asked does)" },
	{ "rst-waiting", SV_SERVAL | SV_TWO, attack_rst_waiting,
	  "a blind reset does not end a connect" },
	{ "forged-confirm", SV_SERVAL | SV_TWO, attack_confirm,
	  "a confirm packet without its SYN opens nothing" },
	{ "syn-twice", SV_SERVAL | SV_TWO, attack_syn_twice,
	  "a repeated SYN makes one connection" },
	{ "half-open-reset", SV_SERVAL | SV_TWO, attack_half_open_reset,
	  "half-open connections that their owner resets are gone at once" },
	{ "rst-rate", SV_SERVAL | SV_TWO, attack_rst_rate,
	  "answers to packets for no flow are bounded in rate" },
	{ }
};
