// SPDX-License-Identifier: GPL-2.0-only
/* Connected datagrams. */
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sal.h"

#define MAX		65536
#define MAX_SERVAL	65495
#define MAX_SERVAL6	65515
#define WAIT_MS		30000
#define DEV		"eth0"

static int dial(const struct sv_svc *svc)
{
	int fd = host_socket(CLI, SOCK_DGRAM);

	must(svc_connect(fd, svc));
	return fd;
}

static int accept_one(int l)
{
	expect(poll_for(l, POLLIN, WAIT_MS) & POLLIN);
	return must(accept(l, NULL, NULL));
}

static void open_pair(struct sv_pair *p)
{
	svc_new(&p->svc);
	p->lfd = svc_listen_as(&p->svc, SOCK_DGRAM, 8);
	p->c = dial(&p->svc);
	p->s = accept_one(p->lfd);
}

/* One datagram of @len bytes */
static void pass(int from, int to, size_t len)
{
	static char out[MAX], in[MAX];

	fill(out, len, rnd_seed());
	expect(must(send(from, out, len, 0)) == (ssize_t)len);
	expect(poll_for(to, POLLIN, WAIT_MS) & POLLIN);
	expect(must(recv(to, in, sizeof(in), 0)) == (ssize_t)len);
	expect(!memcmp(in, out, len));
}

static void both_ways(const struct sv_pair *p, size_t len)
{
	pass(p->c, p->s, len);
	pass(p->s, p->c, len);
}

/* Reads 0, and says that it is the end and no empty datagram */
static void expect_end(int fd)
{
	char b;

	expect(poll_for(fd, POLLIN | POLLRDHUP, WAIT_MS) & POLLRDHUP);
	expect(must(recv(fd, &b, 1, 0)) == 0);
	expect(must(recv(fd, &b, 1, MSG_DONTWAIT)) == 0);
}

static void conn_exchange(void)
{
	static const size_t sizes[] = { 0, 1, 100, 1388, 1389, 1460, 1461,
					5000, 40000, MAX_SERVAL };
	static char buf[MAX];
	struct sv_pair p;
	size_t i;

	open_pair(&p);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		both_ways(&p, sizes[i]);
	fails(send(p.c, buf, MAX_SERVAL + 1, 0), EMSGSIZE);
	fails(send(p.s, buf, MAX_SERVAL + 1, 0), EMSGSIZE);
	both_ways(&p, 10);
}

/* The largest datagram fits also before the server was heard */
static void conn_server_first(void)
{
	struct sv_svc svc;
	int l, c, s;

	svc_new(&svc);
	l = svc_listen_as(&svc, SOCK_DGRAM, 1);
	c = dial(&svc);
	s = accept_one(l);
	pass(s, c, 100);
	pass(c, s, MAX_SERVAL);
	c = dial(&svc);
	s = accept_one(l);
	pass(c, s, MAX_SERVAL);
}

struct name {
	struct sockaddr_sv sv;
	struct sockaddr_in sin;
};

static void conn_names(void)
{
	struct name n, from;
	struct sv_pair p;
	socklen_t len = sizeof(n);
	char b;

	open_pair(&p);
	must(getpeername(p.c, (struct sockaddr *)&n, &len));
	expect(len == SV_NAME_LEN);
	expect(!memcmp(n.sv.sv_srvid.s_sid, p.svc.id, 32));
	expect(n.sin.sin_addr.s_addr == env.addr[SRV].s_addr);
	must(send(p.s, "x", 1, 0));
	len = sizeof(from);
	must(recvfrom(p.c, &b, 1, 0, (struct sockaddr *)&from, &len));
	expect(len == SV_NAME_LEN && !memcmp(&from, &n, len));
	must(getsockname(p.s, (struct sockaddr *)&n, &len));
	expect(!memcmp(n.sv.sv_srvid.s_sid, p.svc.id, 32));
	expect(n.sin.sin_addr.s_addr == env.addr[SRV].s_addr);
	must(getpeername(p.s, (struct sockaddr *)&n, &len));
	expect(n.sin.sin_addr.s_addr == env.addr[CLI].s_addr);
}

/* What comes before accept() is there after it */
static void conn_early_data(void)
{
	struct sv_svc svc;
	char buf[8];
	int l, c, s, i;

	svc_new(&svc);
	l = svc_listen_as(&svc, SOCK_DGRAM, 1);
	c = dial(&svc);
	for (i = 0; i < 5; i++)
		must(send(c, &i, sizeof(i), 0));
	close(c);
	s = accept_one(l);
	for (i = 0; i < 5; i++) {
		expect(poll_for(s, POLLIN, WAIT_MS) & POLLIN);
		expect(must(recv(s, buf, sizeof(buf), 0)) == sizeof(i));
		expect(!memcmp(buf, &i, sizeof(i)));
	}
	expect_end(s);
}

static void conn_close(void)
{
	struct sv_pair p;
	int err;

	open_pair(&p);
	both_ways(&p, 10);
	must(shutdown(p.c, SHUT_WR));
	fails(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
	expect_end(p.s);
	pass(p.s, p.c, 10);	/* the other half is open */
	close(p.s);
	expect_end(p.c);
	open_pair(&p);
	close(p.s);
	expect_end(p.c);
	/* what is sent all the same is refused */
	must(send(p.c, "x", 1, 0));
	expect(poll_for(p.c, 0, WAIT_MS) & POLLERR);
	err = so_error(p.c);
	expect(err == ECONNRESET);
	fails(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
}

static void conn_refused(void)
{
	int fd = host_socket(CLI, SOCK_DGRAM), s;
	struct sv_svc svc;

	svc_new(&svc);
	fails(svc_connect(fd, &svc), ECONNREFUSED);
	set_nonblock(fd);
	/* the refusal may be quicker than the call */
	fails2(svc_connect(fd, &svc), EINPROGRESS, ECONNREFUSED);
	if (errno == EINPROGRESS) {
		expect(poll_for(fd, POLLOUT, WAIT_MS) & POLLERR);
		fails(svc_connect(fd, &svc), ECONNREFUSED);
	}
	svc.id[0] = 0x77;
	fails(svc_connect(fd, &svc), EHOSTUNREACH);
	svc.id[0] = 0xdd;
	fails(svc_connect(fd, &svc), EHOSTUNREACH);
	/* bound, but not listening; a stream that listens is another thing */
	svc_new(&svc);
	s = host_socket(SRV, SOCK_DGRAM);
	must(svc_bind(s, &svc));
	svc_listen(&svc, 1);
	fails(svc_connect(host_socket(CLI, SOCK_DGRAM), &svc), ECONNREFUSED);
	must(listen(s, 1));
	fd = dial(&svc);
	pass(fd, accept_one(s), 10);
}

static void conn_nonblock(void)
{
	struct sv_svc svc;
	int l, c, s;

	svc_new(&svc);
	l = svc_listen_as(&svc, SOCK_DGRAM, 1);
	set_nonblock(l);
	fails(accept(l, NULL, NULL), EAGAIN);
	expect(poll_for(l, POLLIN | POLLOUT, 0) == 0);
	c = host_socket(CLI, SOCK_DGRAM);
	set_nonblock(c);
	if (svc_connect(c, &svc))
		expect(errno == EINPROGRESS);
	expect(poll_for(c, POLLOUT, WAIT_MS) == POLLOUT);
	expect(so_error(c) == 0);
	s = accept_one(l);
	pass(c, s, 10);
	pass(s, c, 10);
}

static void conn_again(void)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	struct sv_svc svc, other, third;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int l, m, u, c, s, t;
	char b;

	svc_new(&svc);
	svc_new(&other);
	svc_new(&third);
	l = svc_listen_as(&svc, SOCK_DGRAM, 1);
	m = svc_listen_as(&other, SOCK_DGRAM, 1);
	u = host_socket(SRV, SOCK_DGRAM);
	must(svc_bind(u, &third));
	c = dial(&svc);
	s = accept_one(l);
	pass(c, s, 10);
	must(svc_connect(c, &other));
	expect_end(s);
	t = accept_one(m);
	pass(c, t, 10);
	len = svc_conn_addr(&third, &ss);
	fails(sendto(c, "x", 1, 0, (struct sockaddr *)&ss, len), EISCONN);
	must(connect(c, &unspec, sizeof(unspec)));
	expect_end(t);
	fails(send(c, "x", 1, 0), EDESTADDRREQ);
	fails(getpeername(c, (struct sockaddr *)&ss, &len), ENOTCONN);
	len = svc_conn_addr(&third, &ss);
	must(sendto(c, "x", 1, 0, (struct sockaddr *)&ss, len));
	expect(poll_for(u, POLLIN, WAIT_MS));
	expect(must(recv(u, &b, 1, 0)) == 1);
	must(svc_connect(c, &svc));
	s = accept_one(l);
	pass(s, c, 10);
}

/* More than fit are asked to wait; what is not accepted ends */
static void conn_backlog(void)
{
	struct sv_svc svc;
	int l, a, b, c, s;
	__u64 full;

	svc_new(&svc);
	l = svc_listen_as(&svc, SOCK_DGRAM, 1);	/* two fit, as with streams */
	a = dial(&svc);
	b = dial(&svc);
	full = counter(SRV, "BacklogFull");
	c = host_socket(CLI, SOCK_DGRAM);
	set_nonblock(c);
	fails(svc_connect(c, &svc), EINPROGRESS);
	expect(poll_for(c, POLLOUT, 100) == 0);
	fails(svc_connect(c, &svc), EALREADY);
	reaches(SRV, "BacklogFull", full + 1);
	expect(counter(SRV, "BacklogFull") > full);
	s = accept_one(l);
	pass(a, s, 10);
	expect(poll_for(c, POLLOUT, WAIT_MS) == POLLOUT);
	close(l);
	expect_end(b);
	pass(s, a, 10);
}

static void conn_bad_calls(void)
{
	struct sv_pair p;

	open_pair(&p);
	fails(listen(p.c, 1), EINVAL);
	fails(accept(p.c, NULL, NULL), EINVAL);
	fails(svc_connect(p.lfd, &p.svc), EISCONN);
	fails(svc_bind(p.c, &p.svc), EINVAL);
	fails(send(p.lfd, "x", 1, 0), EDESTADDRREQ);
	fails(shutdown(host_socket(CLI, SOCK_DGRAM), SHUT_WR), ENOTCONN);
	both_ways(&p, 10);
	must(shutdown(p.lfd, SHUT_RD));
	fails(accept(p.lfd, NULL, NULL), EINVAL);
	both_ways(&p, 10);
}

static void conn_inet6(void)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr_storage ss;
	struct sv_pair p;
	socklen_t len;

	svc_new(&p.svc);
	p.lfd = svc_listen_as(&p.svc, SOCK_DGRAM, 1);
	p.c = host_socket(CLI, SOCK_DGRAM);
	len = svc_conn_addr(&p.svc, &ss);
	sin6.sin6_addr.s6_addr[15] = ntohl(env.addr[SRV].s_addr) & 0xff;
	if (env.two) {
		sin6.sin6_addr.s6_addr[0] = 0xfd;
		sin6.sin6_addr.s6_addr[1] = 0x99;
	}
	memcpy((char *)&ss + len, &sin6, sizeof(sin6));
	must(connect(p.c, (struct sockaddr *)&ss, len + sizeof(sin6)));
	p.s = accept_one(p.lfd);
	both_ways(&p, 10);
	both_ways(&p, 3000);
	both_ways(&p, MAX_SERVAL6);
	close(p.c);
	expect_end(p.s);
}

static void expect_packet(int fd, struct sal_seen *s, bool out,
			  unsigned int hlen, unsigned int plen)
{
	sniff_expect(fd, s, out);
	expect(sal_sum(s->hdr, s->hlen, 0) == 0);
	if (s->hlen != hlen || s->plen != plen)
		die("%u + %u bytes instead of %u + %u", s->hlen, s->plen, hlen,
		    plen);
}

static void conn_wire(void)
{
	struct sal_seen syn, synack, s;
	int fd = sniff_open(CLI, DEV);
	struct sv_pair p;

	open_pair(&p);
	expect_packet(fd, &syn, true, 104, 0);
	expect(!syn.dst && syn.proto == IPPROTO_UDP && syn.hdr[14] == SAL_SYN);
	expect_packet(fd, &synack, false, 68, 0);
	expect(synack.dst == syn.src && synack.proto == IPPROTO_UDP &&
	       synack.hdr[14] == (SAL_SYN | SAL_ACK));
	expect_packet(fd, &s, true, 104, 0);
	expect(s.src == syn.src && s.dst == synack.src &&
	       s.hdr[14] == SAL_ACK && s.proto == IPPROTO_UDP);
	expect_packet(fd, &s, false, 12, 0);
	both_ways(&p, 5);
	expect_packet(fd, &s, true, 12, 13);
	expect(s.src == syn.src && s.dst == synack.src);
	expect(sal_sum(s.pay, 13, 13 + IPPROTO_UDP) == 0);
	expect_packet(fd, &s, false, 12, 13);
	close(p.s);
	expect_packet(fd, &s, false, 52, 0);
	expect(s.hdr[14] == 0x04 && s.proto == SAL_NONE);
	must(send(p.c, "x", 1, 0));
	expect_packet(fd, &s, true, 12, 9);
	expect_packet(fd, &s, false, 12, 0);
	expect(s.src == synack.src && s.dst == syn.src && s.proto == SAL_NONE);
	/* anybody can say that: an RSYN asks for its challenge to be returned */
	expect_packet(fd, &s, true, 64, 0);
	expect(s.hdr[14] == 0x40 && s.dst == synack.src);
	expect_packet(fd, &s, false, 44, 0);
	expect(s.hdr[14] == 0x08 && s.src == synack.src && s.proto == SAL_NONE);
	expect(so_error(p.c) == ECONNRESET);
	close(p.c);
	expect(!sniff_next(fd, &s, 200));
}

static void forge(__u32 src, __u32 dst, __u8 proto, const void *data,
		  size_t len)
{
	struct sal_buf p;

	sal_start(&p, src, dst, proto);
	sal_seal(&p);
	if (len)
		sal_data(&p, data, len);
	sal_send(SRV, &p, env.addr[SRV], env.addr[CLI]);
}

static void grows(const char *what, __u64 before)
{
	expect(reaches(CLI, what, before + 1));
}

/* Each with one thing wrong, or without proof */
static void conn_forged(void)
{
	static const __u8 udp[] = { 1, 2, 0x1e, 0x61, 0, 9, 0, 0, 'x' };
	struct sal_control fin = { .flags = 0x04 };
	__u32 cid, sid;
	struct sv_pair p;
	struct sal_buf b;
	__u64 n;

	open_pair(&p);
	both_ways(&p, 10);
	cid = flow_opt(p.c, SERVAL_FLOW_ID);
	sid = flow_opt(p.c, SERVAL_PEER_FLOW_ID);
	n = counter(CLI, "InBadPeerId");
	forge(sid ^ 1, cid, IPPROTO_UDP, udp, sizeof(udp));
	grows("InBadPeerId", n++);
	forge(sid ^ 1, cid, SAL_NONE, NULL, 0);
	grows("InBadPeerId", n++);
	/* a segment of TCP has no business here */
	forge(sid, cid, IPPROTO_TCP, "12345678901234567890", 20);
	grows("InBadPeerId", n);
	n = counter(CLI, "InTransportErrors");
	forge(sid, cid, IPPROTO_UDP, udp, sizeof(udp));
	grows("InTransportErrors", n);
	n = counter(CLI, "InBadNonce");
	sal_start(&b, sid, cid, SAL_NONE);
	sal_add_control(&b, &fin);
	sal_seal(&b);
	sal_send(SRV, &b, env.addr[SRV], env.addr[CLI]);
	grows("InBadNonce", n);
	both_ways(&p, 10);
	n = counter(CLI, "InUnproven");
	forge(sid, cid, SAL_NONE, NULL, 0);
	grows("InUnproven", n);
	/* the peer was asked, and has not forgotten it */
	expect(reaches(CLI, "Moved", 1));
	both_ways(&p, 10);
	expect(so_error(p.c) == 0);
}

static void quote_datagram(struct sal_buf *p, __u32 src, __u32 dst)
{
	static const __u8 udp[] = { 0x1e, 0x61, 0x1e, 0x61, 0, 9, 0, 0, 'x' };

	sal_start(p, src, dst, IPPROTO_UDP);
	sal_seal(p);
	sal_data(p, udp, sizeof(udp));
}

/* As with UDP: errors that are there to stay, all of them with IP_RECVERR */
static void conn_icmp(void)
{
	__u32 cid, sid;
	struct sv_pair p;
	struct sal_buf b;
	int one = 1;
	__u64 bad;

	open_pair(&p);
	both_ways(&p, 10);
	cid = flow_opt(p.c, SERVAL_FLOW_ID);
	sid = flow_opt(p.c, SERVAL_PEER_FLOW_ID);
	bad = counter(CLI, "InIcmpErrors");
	quote_datagram(&b, cid ^ 1, sid);
	send_icmp(ICMP_PORT_UNREACH, 0, env.addr[SRV], b.b, b.len);
	grows("InIcmpErrors", bad++);
	quote_datagram(&b, cid, sid ^ 1);
	send_icmp(ICMP_PORT_UNREACH, 0, env.addr[SRV], b.b, b.len);
	grows("InIcmpErrors", bad++);
	quote_datagram(&b, cid, sid);
	send_icmp(ICMP_PORT_UNREACH, 0, env.addr[CLI], b.b, b.len);
	grows("InIcmpErrors", bad);
	send_icmp(ICMP_HOST_UNREACH, 0, env.addr[SRV], b.b, b.len);
	both_ways(&p, 10);
	expect(so_error(p.c) == 0);
	send_icmp(ICMP_PORT_UNREACH, 0, env.addr[SRV], b.b, b.len);
	expect(poll_for(p.c, 0, WAIT_MS) & POLLERR);
	fails(send(p.c, "x", 1, 0), ECONNREFUSED);
	send_icmp(ICMP_PKT_FILTERED, 0, env.addr[SRV], b.b, b.len);
	expect(poll_for(p.c, 0, WAIT_MS) & POLLERR);
	expect(so_error(p.c) == EHOSTUNREACH);
	must(setsockopt(p.c, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)));
	send_icmp(ICMP_NET_UNREACH, 0, env.addr[SRV], b.b, b.len);
	expect(poll_for(p.c, 0, WAIT_MS) & POLLERR);
	expect(so_error(p.c) == ENETUNREACH);
	both_ways(&p, 10);
}

#define CROWD	50

/* Each client says its number until it comes back; nobody else's may come */
static void ask_all(const int *c, bool *answered)
{
	int i, n;

	for (i = 0; i < CROWD; i++)
		if (!answered[i])
			must(send(c[i], &i, sizeof(i), 0));
	for (i = 0; i < CROWD; i++)
		while (recv(c[i], &n, sizeof(n), MSG_DONTWAIT) > 0) {
			expect(n == i);
			answered[i] = true;
		}
}

/* Sends back what comes.  @owner: who was heard on each, -1 nobody yet */
static void answer_all(const int *s, int count, int *owner)
{
	int i, n;

	for (i = 0; i < count; i++)
		while (recv(s[i], &n, sizeof(n), MSG_DONTWAIT) > 0) {
			expect(owner[i] < 0 || owner[i] == n);
			owner[i] = n;
			must(send(s[i], &n, sizeof(n), 0));
		}
}

static int accept_all(int l, int *s, int count)
{
	int fd;

	while ((fd = accept4(l, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		expect(count < CROWD);
		s[count++] = fd;
	}
	expect(errno == EAGAIN);
	return count;
}

/* Also on a link that loses, doubles and reorders: one connection for each
 * client, and its own
 */
static void conn_crowd(void)
{
	int c[CROWD], s[CROWD], owner[CROWD], l, i, count = 0;
	bool answered[CROWD] = { }, done = false;
	__u64 end = now_ms() + 180000;
	struct sv_svc svc;

	svc_new(&svc);
	l = svc_listen_as(&svc, SOCK_DGRAM, CROWD);
	set_nonblock(l);
	for (i = 0; i < CROWD; i++) {
		c[i] = host_socket(CLI, SOCK_DGRAM | SOCK_NONBLOCK);
		expect(!svc_connect(c[i], &svc) || errno == EINPROGRESS);
		owner[i] = -1;
	}
	for (i = 0; i < CROWD; i++) {
		expect(poll_for(c[i], POLLOUT, end - now_ms()) & POLLOUT);
		expect(so_error(c[i]) == 0);
	}
	while (!done) {
		expect(now_ms() < end);
		ask_all(c, answered);
		count = accept_all(l, s, count);
		answer_all(s, count, owner);
		nap_ms(10);
		done = count == CROWD;
		for (i = 0; i < CROWD; i++)
			done = done && answered[i];
	}
	expect(accept_all(l, s, count) == CROWD);
}

/* Connections in every state, with datagrams that nobody reads: says "ready",
 * stays until the input ends
 */
int cmd_dgram_conns(int argc, char **argv)
{
	static char buf[1000];
	struct sv_svc svc;
	struct sv_pair p;
	char line[8];
	int i;

	if (argc != 2 || svc_parse(&svc, argv[1]))
		return 2;
	p.lfd = svc_listen_as(&svc, SOCK_DGRAM, 8);
	p.c = dial(&svc);
	p.s = accept_one(p.lfd);
	for (i = 0; i < 20; i++) {
		must(send(p.c, buf, sizeof(buf), 0));
		must(send(p.s, buf, sizeof(buf), 0));
	}
	/* not accepted, and one that its client has left */
	for (i = 0; i < 2; i++) {
		p.c = dial(&svc);
		must(send(p.c, buf, sizeof(buf), 0));
	}
	expect(poll_for(p.lfd, POLLIN, WAIT_MS) & POLLIN);
	close(p.c);
	puts("ready");
	fflush(stdout);
	return read(STDIN_FILENO, line, sizeof(line)) < 0;
}

const struct sv_case dgram_conn_cases[] = {
	{ "dconn-exchange", SV_SERVAL, conn_exchange,
	  "connected datagrams of all sizes arrive, both ways" },
	{ "dconn-server-first", SV_SERVAL, conn_server_first,
	  "either end may begin, with the largest there is" },
	{ "dconn-names", SV_SERVAL, conn_names,
	  "both ends have the names of a stream's" },
	{ "dconn-early", SV_SERVAL, conn_early_data,
	  "what comes before accept() waits for it" },
	{ "dconn-close", SV_SERVAL, conn_close,
	  "the peer's close reads as 0, with POLLRDHUP" },
	{ "dconn-refused", SV_SERVAL, conn_refused,
	  "connect() fails at once where nobody listens" },
	{ "dconn-nonblock", SV_SERVAL, conn_nonblock,
	  "connect() and accept() need not wait" },
	{ "dconn-again", SV_SERVAL, conn_again,
	  "connect() to another service, to none, and back" },
	{ "dconn-backlog", SV_SERVAL, conn_backlog,
	  "the backlog is a limit, who waits gets in later" },
	{ "dconn-bad-calls", SV_SERVAL, conn_bad_calls,
	  "what makes no sense in a state is refused" },
	{ "dconn-inet6", SV_SERVAL, conn_inet6,
	  "the same over IPv6" },
	{ "dconn-wire", SV_SERVAL | SV_TWO, conn_wire,
	  "four packets to connect, then 12-byte headers" },
	{ "dconn-forged", SV_SERVAL | SV_TWO, conn_forged,
	  "forged packets do nothing to a connection" },
	{ "dconn-icmp", SV_SERVAL | SV_TWO, conn_icmp,
	  "ICMP errors are reported as to UDP, forged ones are not" },
	{ "dconn-crowd", SV_SERVAL, conn_crowd,
	  "each of many clients has one connection, its own" },
	{ }
};
