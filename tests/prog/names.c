// SPDX-License-Identifier: GPL-2.0-only
/* What sockets are called: bind, getsockname, getpeername, accept. */
#include <string.h>
#include <unistd.h>
#include "sv.h"

struct name {
	struct sockaddr_sv sv;
	struct sockaddr_in sin;
	char past[8];
};

static socklen_t sock_name(int fd, struct name *n)
{
	socklen_t len = sizeof(*n);

	memset(n, 0xa5, sizeof(*n));
	must(getsockname(fd, (struct sockaddr *)n, &len));
	return len;
}

static socklen_t peer_name(int fd, struct name *n)
{
	socklen_t len = sizeof(*n);

	memset(n, 0xa5, sizeof(*n));
	must(getpeername(fd, (struct sockaddr *)n, &len));
	return len;
}

static bool is_id(const struct name *n, const struct sv_svc *svc)
{
	return n->sv.sv_family == AF_SERVAL &&
	       !memcmp(n->sv.sv_srvid.s_sid, svc->id, sizeof(svc->id));
}

static bool is_null_id(const struct name *n)
{
	static const struct service_id null;

	return !memcmp(&n->sv.sv_srvid, &null, sizeof(null));
}

static bool is_locator(const struct name *n, enum sv_host h)
{
	return n->sin.sin_family == AF_INET && !n->sin.sin_port &&
	       n->sin.sin_addr.s_addr == env.addr[h].s_addr;
}

static void names_connected(void)
{
	struct sv_pair p;
	struct name n;

	pair_open(&p);
	expect(peer_name(p.c, &n) == SV_NAME_LEN);
	expect(is_id(&n, &p.svc));
	expect(is_locator(&n, SRV));
	expect(sock_name(p.s, &n) == SV_NAME_LEN);
	expect(is_id(&n, &p.svc));
	expect(is_locator(&n, SRV));
	expect(peer_name(p.s, &n) == SV_NAME_LEN);
	expect(n.sv.sv_family == AF_SERVAL);
	expect(is_locator(&n, CLI));
	expect(sock_name(p.c, &n) == SV_NAME_LEN);
	expect(n.sv.sv_family == AF_SERVAL);
	expect(is_locator(&n, CLI));
	expect(n.past[0] == (char)0xa5);
	pair_close(&p);
}

static void names_accepted(void)
{
	struct sv_pair p;
	struct name n, peer;
	socklen_t len = sizeof(n);
	int s;

	pair_open(&p);
	close(p.c);
	close(p.s);
	p.c = svc_dial(&p.svc);
	s = must(accept(p.lfd, (struct sockaddr *)&n, &len));
	expect(len == SV_NAME_LEN);
	peer_name(s, &peer);
	expect(!memcmp(&n, &peer, SV_NAME_LEN));
}

static void names_short_room(void)
{
	static const socklen_t rooms[] = { 0, 2, 20, 36, 40, 51 };
	struct name full, n;
	struct sv_pair p;
	socklen_t len;
	size_t i;

	pair_open(&p);
	peer_name(p.c, &full);
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		len = rooms[i];
		memset(&n, 0xa5, sizeof(n));
		must(getpeername(p.c, (struct sockaddr *)&n, &len));
		expect(len == SV_NAME_LEN || len == sizeof(n.sv));
		expect(!memcmp(&n, &full, rooms[i]));
		expect(((char *)&n)[rooms[i]] == (char)0xa5);
	}
	pair_close(&p);
}

static void names_listener(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct sv_svc svc;
	struct name n;
	int fd;

	svc_new(&svc);
	fd = svc_listen(&svc, 1);
	expect(sock_name(fd, &n) >= sizeof(n.sv));
	expect(is_id(&n, &svc));
	fails(getpeername(fd, (struct sockaddr *)&ss, &len), ENOTCONN);
}

static void names_unbound(void)
{
	struct sockaddr_storage ss;
	struct name n;
	socklen_t len = sizeof(ss);
	int fd = host_socket(SRV, SOCK_STREAM);

	expect(sock_name(fd, &n) >= sizeof(n.sv));
	expect(n.sv.sv_family == AF_SERVAL);
	expect(is_null_id(&n));
	fails(getpeername(fd, (struct sockaddr *)&ss, &len), ENOTCONN);
}

static void names_not_connected(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = host_socket(CLI, SOCK_STREAM);

	fails(getpeername(fd, (struct sockaddr *)&ss, &len), ENOTCONN);
}

/* The exact ID a client asked for is what the accepted socket is called */
static void names_prefix(void)
{
	struct sv_svc wide, exact;
	struct name n;
	int lfd, c, s;

	svc_new(&wide);
	exact = wide;
	wide.bits = 64;
	exact.id[31] ^= 0xff;
	lfd = svc_listen(&wide, 4);
	sock_name(lfd, &n);
	expect(n.sv.sv_prefix_bits == 64);
	expect(!memcmp(n.sv.sv_srvid.s_sid, wide.id, 8));
	c = svc_dial(&exact);
	s = must(accept(lfd, NULL, NULL));
	sock_name(s, &n);
	expect(is_id(&n, &exact));
	peer_name(c, &n);
	expect(is_id(&n, &exact));
	exchange(c, s, 1000);
	exact.id[7] ^= 1;	/* outside the prefix */
	fails2(svc_connect(host_socket(CLI, SOCK_STREAM), &exact),
	       ECONNREFUSED, EHOSTUNREACH);
}

static void names_prefix_specific(void)
{
	struct sv_svc wide, mid, exact;
	int lw, lm, le, c;

	svc_new(&wide);
	mid = wide;
	exact = wide;
	wide.bits = 40;
	mid.bits = 72;
	lw = svc_listen(&wide, 4);
	lm = svc_listen(&mid, 4);
	le = svc_listen(&exact, 4);
	set_nonblock(lw);
	set_nonblock(lm);
	c = svc_dial(&exact);
	exchange(c, must(accept(le, NULL, NULL)), 10);
	fails(accept(lw, NULL, NULL), EAGAIN);
	fails(accept(lm, NULL, NULL), EAGAIN);
	close(le);
	c = svc_dial(&exact);
	exchange(c, must(accept(lm, NULL, NULL)), 10);
	close(lm);
	c = svc_dial(&exact);
	exchange(c, must(accept(lw, NULL, NULL)), 10);
}

static void names_autobind(void)
{
	int a = host_socket(SRV, SOCK_STREAM);
	int b = host_socket(SRV, SOCK_STREAM);
	struct sockaddr_storage ss;
	struct name na, nb;
	struct sv_svc svc;
	socklen_t len;
	int c;

	must(listen(a, 1));
	must(listen(b, 1));
	sock_name(a, &na);
	sock_name(b, &nb);
	expect(!is_null_id(&na));
	expect(memcmp(&na.sv.sv_srvid, &nb.sv.sv_srvid, 32));
	memcpy(svc.id, na.sv.sv_srvid.s_sid, sizeof(svc.id));
	svc.bits = 0;
	len = svc_advised(&svc, env.addr[SRV], &ss);
	c = host_socket(CLI, SOCK_STREAM);
	must(connect(c, (struct sockaddr *)&ss, len));
	exchange(c, must(accept(a, NULL, NULL)), 10);
}

static void names_in_use(void)
{
	struct sv_svc svc;
	int fd, l;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	fd = host_socket(SRV, SOCK_STREAM);
	fails(svc_bind(fd, &svc), EADDRINUSE);
	close(l);
	must(svc_bind(fd, &svc));
}

/* bind() alone reserves the name, a second bind() gives the first one back */
static void names_in_use_bound(void)
{
	struct sv_svc svc, other;
	int a, b;

	svc_new(&svc);
	svc_new(&other);
	a = host_socket(SRV, SOCK_STREAM);
	b = host_socket(SRV, SOCK_STREAM);
	must(svc_bind(a, &svc));
	fails(svc_bind(b, &svc), EADDRINUSE);
	must(svc_bind(a, &other));
	must(svc_bind(b, &svc));
	fails(svc_bind(b, &other), EADDRINUSE);
	must(listen(b, 1));
	fails(svc_bind(b, &svc), EINVAL);
	close(a);
	a = svc_dial(&svc);
	exchange(a, must(accept(b, NULL, NULL)), 10);
}

/* A server that is restarted gets its name back at once */
static void names_restart(void)
{
	struct sv_pair p;
	int l, c;

	pair_open(&p);
	exchange(p.c, p.s, 10);
	close(p.s);		/* this end keeps the TIME_WAIT */
	expect_eof(p.c);
	close(p.c);
	close(p.lfd);
	l = svc_listen(&p.svc, 1);
	p.c = svc_dial(&p.svc);
	p.s = must(accept(l, NULL, NULL));
	exchange(p.c, p.s, 10);
	close(l);
	exchange(p.c, p.s, 10);	/* live connections outlast the listener */
	l = svc_listen(&p.svc, 1);
	c = svc_dial(&p.svc);
	exchange(c, must(accept(l, NULL, NULL)), 10);
	exchange(p.c, p.s, 10);
}

static int reuse_socket(const struct sv_svc *svc, bool on)
{
	int one = on, fd = host_socket(SRV, SOCK_STREAM);

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	if (svc_bind(fd, svc)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void names_reuseport(void)
{
	enum { N = 4, CONNS = 120 };
	int l[N], got[N] = { 0 }, i, j, fd, total = 0;
	struct sv_svc svc;

	svc_new(&svc);
	for (i = 0; i < N; i++) {
		l[i] = must(reuse_socket(&svc, true));
		must(listen(l[i], CONNS));
		set_nonblock(l[i]);
	}
	fails(reuse_socket(&svc, false), EADDRINUSE);
	for (i = 0; i < CONNS; i++)
		svc_dial(&svc);
	for (i = 0; i < N; i++) {
		while ((fd = accept(l[i], NULL, NULL)) >= 0) {
			got[i]++;
			close(fd);
		}
		expect(errno == EAGAIN);
		total += got[i];
	}
	expect(total == CONNS);
	for (i = 0; i < N; i++)
		expect(got[i] > 5);
	/* one leaves: the rest take over */
	close(l[0]);
	for (i = 0; i < 20; i++)
		svc_dial(&svc);
	for (i = 1, j = 0; i < N; i++)
		while (accept(l[i], NULL, NULL) >= 0)
			j++;
	expect(j == 20);
}

static void names_reuseport_first_without(void)
{
	struct sv_svc svc;
	int a;

	svc_new(&svc);
	a = must(reuse_socket(&svc, false));
	fails(reuse_socket(&svc, true), EADDRINUSE);
	close(a);
}

/* The advisory address of bind(): any address of this host, or none */
static void names_bind_advised(void)
{
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int fd, c;

	svc_new(&svc);
	fd = host_socket(SRV, SOCK_STREAM);
	len = svc_advised(&svc, env.addr[SRV], &ss);
	must(bind(fd, (struct sockaddr *)&ss, len));
	must(listen(fd, 1));
	c = svc_dial(&svc);
	exchange(c, must(accept(fd, NULL, NULL)), 10);
}

const struct sv_case names_cases[] = {
	{ "connected", SV_SERVAL, names_connected,
	  "both ends of a connection have 52 byte names: service and locator" },
	{ "accepted", SV_SERVAL, names_accepted,
	  "accept() gives the name getpeername() gives" },
	{ "short-room", SV_SERVAL, names_short_room,
	  "a name is cut to the room given, never written past it" },
	{ "listener", SV_SERVAL, names_listener,
	  "a listener is called what it was bound to" },
	{ "unbound", SV_SERVAL, names_unbound,
	  "an unbound socket has family 28 and the null ID" },
	{ "not-connected", SV_ANY, names_not_connected,
	  "a socket without connection has no peer name" },
	{ "prefix", SV_SERVAL, names_prefix,
	  "a prefix bind accepts every ID below it under its exact name" },
	{ "prefix-specific", SV_SERVAL, names_prefix_specific,
	  "of several prefix binds the most specific one is asked" },
	{ "autobind", SV_SERVAL, names_autobind,
	  "listen() without bind() takes a random ID that can be reached" },
	{ "in-use", SV_ANY, names_in_use,
	  "a used ID is refused until its listener is closed" },
	{ "in-use-bound", SV_SERVAL, names_in_use_bound,
	  "bind() alone reserves an ID, another bind() gives it back" },
	{ "restart", SV_SERVAL, names_restart,
	  "a restarted server gets its name at once, connections live on" },
	{ "reuseport", SV_ANY, names_reuseport,
	  "SO_REUSEPORT listeners share the connections to one ID" },
	{ "reuseport-first", SV_ANY, names_reuseport_first_without,
	  "SO_REUSEPORT cannot join a socket that does not have it" },
	{ "bind-advised", SV_SERVAL, names_bind_advised,
	  "bind() takes the ID with an address after it" },
	{ }
};
