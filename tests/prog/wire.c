// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is on the wire, byte for byte (Documentation/protocol.rst).
 *
 * The script switches checksum and segmentation offload of the link off, so
 * that packets are captured as they would leave a network card.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sal.h"

#define DEV		"eth0"

/* Offsets in a header whose first extension is CONTROL, then SERVICE */
#define C_FLAGS		14
#define C_REASON	15
#define C_VERNO		16
#define C_ACKNO		20
#define C_NONCE		24
#define V_START		32

static __u16 dport(const struct sal_seen *s)
{
	return s->pay[2] << 8 | s->pay[3];
}

/* True of every packet, whatever it is for */
static void check_sound(const struct sal_seen *s)
{
	const __u8 *e;
	unsigned int i;

	expect(sal_sum(s->hdr, s->hlen, 0) == 0);
	expect(s->src);
	expect((s->frag & ~IP_DF) == 0 && (s->frag & IP_DF));
	expect(s->proto == IPPROTO_TCP || s->proto == SAL_NONE);
	if (s->proto == IPPROTO_TCP && s->plen <= sizeof(s->pay))
		expect(sal_sum(s->pay, s->plen, s->plen + IPPROTO_TCP) == 0);
	for (i = 12; i < s->hlen; i += e[1]) {
		e = s->hdr + i;
		expect((e[0] & 0xf) == 0);
		if (e[0] >> 4 == 1)
			expect(e[1] == 20);
		else if (e[0] >> 4 == 2)
			expect(e[1] == 36 && !e[2] && !e[3]);
		else if (e[0] >> 4 == 5)
			expect(e[1] == 36 && e[2] == 1 && e[3] <= 1);
		else
			die("extension %#x", e[0]);
	}
}

static void check_syn(const struct sal_seen *s, const struct sv_svc *svc)
{
	const __u8 *h = s->hdr;

	check_sound(s);
	expect(s->hlen == 104);
	expect(s->dst == 0);
	expect(s->proto == IPPROTO_TCP);
	expect(h[12] == 0x10 && h[C_FLAGS] == SAL_SYN && !h[C_REASON]);
	expect(be32_at(h + C_ACKNO) == 0);
	expect(be32_at(h + C_NONCE) || be32_at(h + C_NONCE + 4));
	expect(h[V_START] == 0x20 && !memcmp(h + V_START + 4, svc->id, 32));
	expect(h[V_START + 36] == 0x50);
	expect(s->pay[13] == TH_SYN || s->pay[13] == (TH_SYN | 0xc0));
	expect(dport(s) == TCP_PORT);
}

static void check_synack(const struct sal_seen *s, const struct sal_seen *syn)
{
	const __u8 *h = s->hdr;

	check_sound(s);
	expect(s->hlen == 68 && h[V_START] == 0x50);
	expect(s->dst == syn->src && s->src != syn->src);
	expect(h[12] == 0x10 && h[C_FLAGS] == (SAL_SYN | SAL_ACK));
	expect(h[C_REASON] == 0);
	expect(be32_at(h + C_ACKNO) == be32_at(syn->hdr + C_VERNO) + 1);
	expect(be32_at(h + C_NONCE) || be32_at(h + C_NONCE + 4));
	expect(memcmp(h + C_NONCE, syn->hdr + C_NONCE, 8));
	expect((s->pay[13] & 0x3f) == (TH_SYN | TH_ACK));
}

static void check_confirm(const struct sal_seen *s, const struct sal_seen *syn,
			  const struct sal_seen *synack)
{
	const __u8 *h = s->hdr;

	check_sound(s);
	expect(s->hlen == 68);
	expect(s->src == syn->src && s->dst == synack->src);
	expect(h[12] == 0x10 && h[C_FLAGS] == SAL_ACK && !h[C_REASON]);
	expect(be32_at(h + C_ACKNO) == be32_at(synack->hdr + C_VERNO) + 1);
	expect(!memcmp(h + C_NONCE, syn->hdr + C_NONCE, 8));
	expect(!memcmp(h + V_START, syn->hdr + V_START, 36));
	expect(s->pay[13] & TH_ACK);
}

static void check_data(const struct sal_seen *s, __u32 src, __u32 dst)
{
	check_sound(s);
	expect(s->hlen == 12);
	expect(s->src == src && s->dst == dst);
	expect(s->proto == IPPROTO_TCP);
}

/* Captured at the client: what it sends is in the order it heard things */
static void wire_handshake(void)
{
	int fd = sniff_open(CLI, DEV), n = 0;
	struct sal_seen syn, synack, s;
	bool heard = false;
	struct sv_pair p;

	pair_open(&p);
	exchange(p.c, p.s, 100);
	exchange(p.c, p.s, 100);
	close(p.c);
	expect_eof(p.s);
	close(p.s);
	sniff_expect(fd, &syn, true);
	check_syn(&syn, &p.svc);
	sniff_expect(fd, &synack, false);
	check_synack(&synack, &syn);
	while (sniff_next(fd, &s, 300)) {
		n++;
		if (!s.out) {
			check_data(&s, synack.src, syn.src);
			heard = true;
		} else if (heard) {
			check_data(&s, syn.src, synack.src);
		} else {
			check_confirm(&s, &syn, &synack);
		}
	}
	expect(heard && n >= 8);
	expect(syn.ttl == 64);
}

/* The refusal is no larger than what it answers, and says why */
static void wire_nack(void)
{
	int fd = sniff_open(CLI, DEV);
	struct sal_seen syn, nack;
	struct sv_svc svc;

	svc_new(&svc);
	fails(svc_connect(host_socket(CLI, SOCK_STREAM), &svc), ECONNREFUSED);
	sniff_expect(fd, &syn, true);
	check_syn(&syn, &svc);
	sniff_expect(fd, &nack, false);
	check_sound(&nack);
	expect(nack.dst == syn.src);
	expect(nack.hdr[C_FLAGS] == SAL_NACK);
	expect(nack.hdr[C_REASON] == ECONNREFUSED);
	expect(be32_at(nack.hdr + C_ACKNO) == be32_at(syn.hdr + C_VERNO) + 1);
	expect(nack.iplen <= syn.iplen);
	expect(!sniff_next(fd, &nack, 300));
}

/* A packet for a flow that is not there: one RST with both ids */
static void wire_rst(void)
{
	struct tcp_seg t = { 1000, TCP_PORT, 5, 6, TH_ACK, "abc", 3 };
	int fd = sniff_open(CLI, DEV);
	struct sal_seen s, r;
	struct sal_buf p;

	sal_start(&p, 0x11223344, 0x55667788, IPPROTO_TCP);
	sal_seal(&p);
	sal_tcp(&p, &t);
	sal_send(CLI, &p, env.addr[CLI], env.addr[SRV]);
	sniff_expect(fd, &s, true);
	sniff_expect(fd, &r, false);
	check_sound(&r);
	expect(r.src == 0x55667788 && r.dst == 0x11223344);
	expect(r.hdr[12] == 0x10 && r.hdr[C_FLAGS] == SAL_RST);
	expect(r.iplen <= s.iplen);
	expect(!sniff_next(fd, &r, 300));
}

/* Full segments fit the link from the first one on, extensions or not */
static void wire_mtu(void)
{
	int fd = sniff_open(CLI, DEV), full = 0, wide = 0;
	const size_t len = 400000;
	struct sal_seen s;
	struct sv_svc svc;
	pid_t pid;
	int l, c, a;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	c = svc_dial(&svc);
	pid = stream_send(c, len, 3);	/* the client sends first */
	a = must(accept(l, NULL, NULL));
	stream_check(a, len, 3);
	child_ok(pid);
	pid = stream_send(a, len, 5);
	stream_check(c, len, 5);
	child_ok(pid);
	while (sniff_next(fd, &s, 300)) {
		expect(s.iplen <= 1500);
		check_sound(&s);
		full += s.iplen > 1484;
		wide += s.hlen == 68 && s.iplen > 1400;
	}
	expect(full > 300);	/* the link is used */
	expect(wide > 0);	/* also before the server was heard */
	expect(tcp_counter(CLI, "TCPTimeouts") == 0);
}

/* ECN and DSCP of the transport are those of the packet */
static void wire_tos(void)
{
	int fd = sniff_open(CLI, DEV), tclass = 0x28;
	struct sal_seen s;
	struct sv_pair p;

	pair_open(&p);
	while (sniff_next(fd, &s, 200))
		;
	must(setsockopt(p.c, SOL_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass)));
	exchange(p.c, p.s, 10);
	sniff_expect(fd, &s, true);
	expect((s.tos & ~3) == tclass);
	pair_close(&p);
}

const struct sv_case wire_cases[] = {
	{ "wire-handshake", SV_SERVAL | SV_TWO, wire_handshake,
	  "SYN 104, SYN-ACK 68, confirm 68 until heard, data 12 bytes" },
	{ "wire-nack", SV_SERVAL | SV_TWO, wire_nack,
	  "a refusal is one small NACK that says why" },
	{ "wire-rst", SV_SERVAL | SV_TWO, wire_rst,
	  "data for no flow is answered by one small RST" },
	{ "wire-mtu", SV_SERVAL | SV_TWO, wire_mtu,
	  "full segments fit the link, with and without extensions" },
	{ "wire-tos", SV_SERVAL | SV_TWO, wire_tos,
	  "a traffic class set on the socket is that of the packets" },
	{ }
};
