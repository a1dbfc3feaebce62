// SPDX-License-Identifier: GPL-2.0-only
/* Socket options: those of TCP, of SOL_SOCKET and of Serval itself. */
#include <linux/tcp.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sv.h"

static void opts_tcp(void)
{
	static const struct {
		int name, value;
	} opts[] = {
		{ TCP_NODELAY, 1 }, { TCP_CORK, 1 }, { TCP_MAXSEG, 1000 },
		{ TCP_KEEPIDLE, 5 }, { TCP_KEEPINTVL, 6 }, { TCP_KEEPCNT, 7 },
		{ TCP_LINGER2, 8 }, { TCP_WINDOW_CLAMP, 30000 },
		{ TCP_QUICKACK, 0 }, { TCP_USER_TIMEOUT, 9000 },
		{ TCP_THIN_LINEAR_TIMEOUTS, 1 }, { TCP_SYNCNT, 3 },
		{ TCP_NOTSENT_LOWAT, 10000 }, { TCP_SAVE_SYN, 1 },
	};
	int fd = host_socket(CLI, SOCK_STREAM);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(opts); i++) {
		must(set_int(fd, IPPROTO_TCP, opts[i].name, opts[i].value));
		if (get_int(fd, IPPROTO_TCP, opts[i].name) == opts[i].value)
			continue;
		/* before connect() TCP_MAXSEG reads as its default */
		if (opts[i].name != TCP_MAXSEG)
			die("TCP option %d does not read %d", opts[i].name,
			    opts[i].value);
	}
	fails(set_int(fd, IPPROTO_TCP, 9999, 1), ENOPROTOOPT);
}

static void opts_inherited(void)
{
	char name[16] = "";
	socklen_t len = sizeof(name);
	struct sv_svc svc;
	int l, c, s;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	must(set_int(l, IPPROTO_TCP, TCP_NODELAY, 1));
	must(set_int(l, IPPROTO_TCP, TCP_KEEPIDLE, 77));
	must(set_int(l, SOL_SOCKET, SO_KEEPALIVE, 1));
	must(setsockopt(l, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	c = svc_dial(&svc);
	s = must(accept(l, NULL, NULL));
	expect(get_int(s, IPPROTO_TCP, TCP_NODELAY) == 1);
	expect(get_int(s, IPPROTO_TCP, TCP_KEEPIDLE) == 77);
	expect(get_int(s, SOL_SOCKET, SO_KEEPALIVE) == 1);
	must(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len));
	expect(!strcmp(name, "reno"));
	exchange(c, s, 50000);
	must(setsockopt(c, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	exchange(c, s, 50000);
	fails(setsockopt(c, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6), ENOENT);
}

static void opts_maxseg(void)
{
	struct sv_svc svc;
	int l, c, s, mss;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	c = host_socket(CLI, SOCK_STREAM);
	must(set_int(c, IPPROTO_TCP, TCP_MAXSEG, 600));
	must(svc_connect(c, &svc));
	s = must(accept(l, NULL, NULL));
	exchange(c, s, 60000);
	mss = get_int(c, IPPROTO_TCP, TCP_MAXSEG);
	expect(mss <= 600 && mss > 500);
	mss = get_int(s, IPPROTO_TCP, TCP_MAXSEG);
	expect(mss <= 600 && mss > 500);
}

static void opts_info(void)
{
	struct tcp_info ti;
	struct sv_pair p;

	pair_open(&p);
	exchange(p.c, p.s, 20000);
	must(finfo(p.c, &ti, sizeof(ti)));
	expect(ti.tcpi_state == 1);
	expect(ti.tcpi_bytes_acked >= 20000);
	expect(ti.tcpi_bytes_received == 20000);
	expect(ti.tcpi_rtt > 0);
	expect(ti.tcpi_snd_mss > 500);
	expect(ti.tcpi_options & TCPI_OPT_SACK);
	expect(ti.tcpi_options & TCPI_OPT_WSCALE);
	expect(ti.tcpi_options & TCPI_OPT_TIMESTAMPS);
	must(finfo(p.lfd, &ti, sizeof(ti)));
	expect(ti.tcpi_state == 10);
	close(p.s);
	expect_eof(p.c);
	must(finfo(p.c, &ti, sizeof(ti)));
	expect(ti.tcpi_state == 8);
	pair_close(&p);
}

static void opts_socket(void)
{
	struct sv_pair p;

	pair_open(&p);
	expect(get_int(p.c, SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
	expect(get_int(p.c, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP);
	expect(get_int(p.c, SOL_SOCKET, SO_ACCEPTCONN) == 0);
	expect(get_int(p.lfd, SOL_SOCKET, SO_ACCEPTCONN) == 1);
	must(set_int(p.c, SOL_SOCKET, SO_RCVBUF, 100000));
	expect(get_int(p.c, SOL_SOCKET, SO_RCVBUF) == 200000);
	must(set_int(p.c, SOL_SOCKET, SO_SNDBUF, 100000));
	must(set_int(p.c, SOL_SOCKET, SO_KEEPALIVE, 1));
	must(set_int(p.c, SOL_SOCKET, SO_REUSEADDR, 1));
	must(set_int(p.c, SOL_SOCKET, SO_PRIORITY, 3));
	exchange(p.c, p.s, 20000);
	pair_close(&p);
}

static void opts_cookie(void)
{
	__u64 a = 0, b = 0;
	socklen_t len = sizeof(a);
	struct sv_pair p;

	pair_open(&p);
	must(getsockopt(p.c, SOL_SOCKET, SO_COOKIE, &a, &len));
	must(getsockopt(p.s, SOL_SOCKET, SO_COOKIE, &b, &len));
	expect(a && b && a != b);
	pair_close(&p);
}

static void opts_cork(void)
{
	struct sv_pair p;
	char buf[4];

	pair_open(&p);
	must(set_int(p.c, IPPROTO_TCP, TCP_CORK, 1));
	put(p.c, "ab", 2);
	put(p.c, "cd", 2);
	must(set_int(p.c, IPPROTO_TCP, TCP_CORK, 0));
	expect(poll_for(p.s, POLLIN, 10000));
	expect(must(recv(p.s, buf, 4, 0)) == 4);
	pair_close(&p);
}

/* An idle connection is probed and the peer answers */
static void opts_keepalive(void)
{
	struct sv_pair p;
	__u64 before;
	int i;

	pair_open(&p);
	before = tcp_counter(CLI, "TCPKeepAlive");
	must(set_int(p.c, IPPROTO_TCP, TCP_KEEPIDLE, 1));
	must(set_int(p.c, IPPROTO_TCP, TCP_KEEPINTVL, 1));
	must(set_int(p.c, IPPROTO_TCP, TCP_KEEPCNT, 2));
	must(set_int(p.c, SOL_SOCKET, SO_KEEPALIVE, 1));
	for (i = 0; i < 200; i++) {
		if (tcp_counter(CLI, "TCPKeepAlive") >= before + 2)
			break;
		expect(poll_for(p.c, POLLIN, 100) == 0);
	}
	expect(tcp_counter(CLI, "TCPKeepAlive") >= before + 2);
	exchange(p.c, p.s, 100);
	pair_close(&p);
}

static void opts_defer_accept(void)
{
	struct sv_svc svc;
	int l, c;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	must(set_int(l, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5));
	c = svc_dial(&svc);
	expect(poll_for(l, POLLIN, 100) == 0);
	put(c, "x", 1);
	expect(poll_for(l, POLLIN, 10000) == POLLIN);
	get(must(accept(l, NULL, NULL)), (char[1]) { }, 1);
}

static void opts_domain(void)
{
	struct sv_pair p;

	pair_open(&p);
	expect(get_int(p.c, SOL_SERVAL, SERVAL_DOMAIN) == AF_SERVAL);
	expect(get_int(p.s, SOL_SERVAL, SERVAL_DOMAIN) == AF_SERVAL);
	expect(get_int(p.lfd, SOL_SERVAL, SERVAL_DOMAIN) == AF_SERVAL);
	expect(get_int(p.c, SOL_SOCKET, SO_DOMAIN) == AF_INET6);
	fails(set_int(p.c, SOL_SERVAL, SERVAL_DOMAIN, 1), ENOPROTOOPT);
	fails(set_int(p.c, SOL_SERVAL, 9999, 1), ENOPROTOOPT);
	pair_close(&p);
}

static void opts_flow_id(void)
{
	socklen_t len = sizeof(struct flow_id);
	struct flow_id id;
	struct sv_pair p;
	__u32 first;
	int c, s, un;

	pair_open(&p);
	first = flow_opt(p.c, SERVAL_FLOW_ID);
	expect(first && flow_opt(p.s, SERVAL_FLOW_ID));
	expect(first == flow_opt(p.s, SERVAL_PEER_FLOW_ID));
	expect(flow_opt(p.c, SERVAL_PEER_FLOW_ID) ==
	       flow_opt(p.s, SERVAL_FLOW_ID));
	c = svc_dial(&p.svc);
	s = must(accept(p.lfd, NULL, NULL));
	expect(flow_opt(c, SERVAL_FLOW_ID) != first);
	expect(flow_opt(s, SERVAL_FLOW_ID) != flow_opt(p.s, SERVAL_FLOW_ID));
	un = host_socket(CLI, SOCK_STREAM);
	fails(getsockopt(un, SOL_SERVAL, SERVAL_FLOW_ID, &id, &len), ENOTCONN);
	fails(getsockopt(un, SOL_SERVAL, SERVAL_PEER_FLOW_ID, &id, &len),
	      ENOTCONN);
	fails(getsockopt(p.lfd, SOL_SERVAL, SERVAL_FLOW_ID, &id, &len),
	      ENOTCONN);
	pair_close(&p);
}

/* Ids nobody can guess: ten in a row have no small steps */
static void opts_flow_random(void)
{
	__u32 last = 0, id;
	struct sv_svc svc;
	int i, near = 0;

	svc_new(&svc);
	svc_listen(&svc, 16);
	for (i = 0; i < 10; i++) {
		id = flow_opt(svc_dial(&svc), SERVAL_FLOW_ID);
		near += id - last < 65536 || last - id < 65536;
		last = id;
	}
	expect(near <= 1);
}

static void opts_device(void)
{
	const char *dev = env.two ? "eth0" : "lo";
	char got[IFNAMSIZ] = "";
	socklen_t len = sizeof(got);
	struct sv_pair p;
	int c, zero = 0;

	pair_open(&p);
	c = host_socket(CLI, SOCK_STREAM);
	fails(setsockopt(c, SOL_SERVAL, SERVAL_BINDTODEVICE, "nosuch", 6),
	      ENODEV);
	must(setsockopt(c, SOL_SERVAL, SERVAL_BINDTODEVICE, dev, strlen(dev)));
	must(getsockopt(c, SOL_SERVAL, SERVAL_BINDTODEVICE, got, &len));
	expect(!strcmp(got, dev));
	must(svc_connect(c, &p.svc));
	exchange(c, must(accept(p.lfd, NULL, NULL)), 1000);
	expect(setsockopt(c, SOL_SERVAL, SERVAL_BINDTODEVICE, dev,
			  strlen(dev)) < 0);
	close(c);
	c = host_socket(CLI, SOCK_STREAM);
	must(setsockopt(c, SOL_SERVAL, SERVAL_BINDTODEVICE, dev, strlen(dev)));
	must(setsockopt(c, SOL_SERVAL, SERVAL_BINDTODEVICE, &zero,
			sizeof(zero)));
	must(svc_connect(c, &p.svc));
	exchange(c, must(accept(p.lfd, NULL, NULL)), 1000);
	pair_close(&p);
}

/* IPv4 takes what no route leads to for on the link of a device that was
 * named: the SYN goes there, and nobody answers
 */
static void opts_device_wrong(void)
{
	struct sv_svc svc;
	int l, c;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	c = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
	must(setsockopt(c, SOL_SERVAL, SERVAL_BINDTODEVICE, "lo", 2));
	fails2(svc_connect(c, &svc), EINPROGRESS, ENETUNREACH);
	expect(poll_for(l, POLLIN, 500) == 0);
	expect(!(poll_for(c, POLLOUT, 0) & POLLOUT) || so_error(c));
}

/* SO_BINDTODEVICE means the device the packets really leave by */
static void opts_so_device(void)
{
	const char *dev = env.two ? "eth0" : "lo";
	struct sv_pair p;
	int c;

	pair_open(&p);
	c = host_socket(CLI, SOCK_STREAM);
	must(setsockopt(c, SOL_SOCKET, SO_BINDTODEVICE, dev, strlen(dev)));
	must(svc_connect(c, &p.svc));
	exchange(c, must(accept(p.lfd, NULL, NULL)), 1000);
	pair_close(&p);
}

static void opts_ipv6(void)
{
	char hop[8] = { 0, 0, 1, 4 };
	struct sv_pair p;
	int l;

	pair_open(&p);
	fails(setsockopt(p.c, SOL_IPV6, IPV6_HOPOPTS, hop, 8), ENOPROTOOPT);
	fails(setsockopt(p.c, SOL_IPV6, IPV6_DSTOPTS, hop, 8), ENOPROTOOPT);
	fails(setsockopt(p.c, SOL_IPV6, IPV6_RTHDR, hop, 8), ENOPROTOOPT);
	fails(set_int(p.c, SOL_IPV6, IPV6_ADDRFORM, AF_INET), ENOPROTOOPT);
	must(set_int(p.c, SOL_IPV6, IPV6_TCLASS, 0x20));
	exchange(p.c, p.s, 1000);
	pair_close(&p);
	l = host_socket(SRV, SOCK_STREAM);
	fails(setsockopt(l, SOL_IPV6, IPV6_HOPOPTS, hop, 8), ENOPROTOOPT);
}

static void opts_ulp_refused(void)
{
	struct sv_pair p;

	pair_open(&p);
	fails2(setsockopt(p.c, IPPROTO_TCP, TCP_ULP, "smc", 3),
	       ENOTSUPP, EOPNOTSUPP);
	fails2(setsockopt(p.c, IPPROTO_TCP, TCP_ULP, "espintcp", 8),
	       ENOTSUPP, EOPNOTSUPP);
	fails2(setsockopt(p.c, IPPROTO_TCP, TCP_ULP, "mptcp", 5),
	       ENOTSUPP, EOPNOTSUPP);
	exchange(p.c, p.s, 100);
	pair_close(&p);
}

const struct sv_case opts_cases[] = {
	{ "opt-tcp", SV_ANY, opts_tcp,
	  "TCP's options are set and read" },
	{ "opt-inherited", SV_ANY, opts_inherited,
	  "accepted sockets inherit options and congestion control" },
	{ "opt-maxseg", SV_ANY, opts_maxseg,
	  "TCP_MAXSEG bounds the segments" },
	{ "opt-info", SV_ANY, opts_info,
	  "TCP_INFO tells state, bytes and options" },
	{ "opt-socket", SV_ANY, opts_socket,
	  "SOL_SOCKET options work" },
	{ "opt-cookie", SV_ANY, opts_cookie,
	  "each socket has a cookie of its own" },
	{ "opt-cork", SV_ANY, opts_cork,
	  "TCP_CORK joins writes" },
	{ "opt-keepalive", SV_ANY, opts_keepalive,
	  "keepalive probes go out and are answered" },
	{ "opt-defer", SV_ANY, opts_defer_accept,
	  "TCP_DEFER_ACCEPT waits for data" },
	{ "opt-domain", SV_SERVAL, opts_domain,
	  "SERVAL_DOMAIN tells the family" },
	{ "opt-flow-id", SV_SERVAL, opts_flow_id,
	  "both ends agree on the flow ids" },
	{ "opt-flow-random", SV_SERVAL, opts_flow_random,
	  "flow ids cannot be guessed" },
	{ "opt-device", SV_SERVAL, opts_device,
	  "SERVAL_BINDTODEVICE chooses the outer device" },
	{ "opt-device-wrong", SV_SERVAL | SV_TWO, opts_device_wrong,
	  "a device that does not lead there is not ignored" },
	{ "opt-so-device", SV_ANY, opts_so_device,
	  "SO_BINDTODEVICE chooses the outer device" },
	{ "opt-ipv6", SV_SERVAL, opts_ipv6,
	  "IPv6 options that would stall a flow are refused" },
	{ "opt-ulp", SV_SERVAL, opts_ulp_refused,
	  "upper layers other than tls are refused" },
	{ }
};
