// SPDX-License-Identifier: GPL-2.0-only
/* What goes wrong has a name: the errno matrix. */
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "sv.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif

/* IDs that start with this byte have no rule on the client */
#define UNROUTED_BYTE	0xee
/* IDs that start with this byte have a DROP rule on the client */
#define DROPPED_BYTE	0xdd

static void svc_of(struct sv_svc *svc, __u8 first)
{
	svc_new(svc);
	svc->id[0] = first;
}

static void errors_socket(void)
{
	static const struct {
		int type, proto, err;
	} bad[] = {
		{ SOCK_DGRAM, IPPROTO_TCP, EPROTONOSUPPORT },
		{ SOCK_RAW, 0, ESOCKTNOSUPPORT },
		{ SOCK_SEQPACKET, 0, ESOCKTNOSUPPORT },
		{ SOCK_RDM, 0, ESOCKTNOSUPPORT },
		{ SOCK_STREAM, IPPROTO_UDP, EPROTONOSUPPORT },
		{ SOCK_STREAM, IPPROTO_SCTP, EPROTONOSUPPORT },
		{ SOCK_STREAM, IPPROTO_MPTCP, EPROTONOSUPPORT },
		{ SOCK_STREAM, IPPROTO_SERVAL, EPROTONOSUPPORT },
		{ SOCK_STREAM, 1 << 20, EPROTONOSUPPORT },
	};
	size_t i;

	host_enter(CLI);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		errno = 0;
		if (socket(AF_SERVAL, bad[i].type, bad[i].proto) >= 0 ||
		    errno != bad[i].err)
			die("socket(28, %d, %d): %s instead of %s",
			    bad[i].type, bad[i].proto, errname(errno),
			    errname(bad[i].err));
	}
	fails2(socket(AF_SERVAL, SOCK_STREAM, -1), EINVAL, EPROTONOSUPPORT);
	close(must(socket(AF_SERVAL, SOCK_STREAM, 0)));
	close(must(socket(AF_SERVAL, SOCK_STREAM, IPPROTO_TCP)));
	fails(socketpair(AF_SERVAL, SOCK_STREAM, 0, (int[2]) { }), EOPNOTSUPP);
}

typedef int (*addr_call)(int fd, const struct sockaddr *sa, socklen_t len);

static int call_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return bind(fd, sa, len);
}

static int call_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	return connect(fd, sa, len);
}

/* The address checks bind() and connect() have in common */
static void bad_addresses(addr_call call, enum sv_host h)
{
	static const socklen_t lens[] = {
		2, 4, 16, 20, 28, 35, 37, 40, 51, 53, 63, 65, 72, 100, 128,
	};
	struct sockaddr_storage ss = { };
	struct sockaddr_sv *sv = (struct sockaddr_sv *)&ss;
	struct sockaddr *sa = (struct sockaddr *)&ss;
	int fd = host_socket(h, SOCK_STREAM);
	struct sv_svc svc;
	size_t i;

	svc_new(&svc);
	*sv = svc_sv(&svc);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		errno = 0;
		if (!call(fd, sa, lens[i]) || errno != EINVAL)
			die("an address of %u bytes: %s instead of EINVAL",
			    lens[i], errname(errno));
	}
	memset(&sv->sv_srvid, 0, sizeof(sv->sv_srvid));
	fails(call(fd, sa, sizeof(*sv)), EINVAL);
	*sv = svc_sv(&svc);
	sv->sv_family = AF_INET;
	fails(call(fd, sa, sizeof(*sv)), EAFNOSUPPORT);
	sv->sv_family = AF_UNIX;
	fails(call(fd, sa, sizeof(*sv)), EAFNOSUPPORT);
	*sv = svc_sv(&svc);
	sv->sv_flags = 0x40;
	fails(call(fd, sa, sizeof(*sv)), EINVAL);
	/* the family after the ID must be one that has addresses */
	*sv = svc_sv(&svc);
	((struct sockaddr_in *)(sv + 1))->sin_family = AF_UNIX;
	fails2(call(fd, sa, SV_NAME_LEN), EAFNOSUPPORT, EINVAL);
	close(fd);
}

static void errors_bind_address(void)
{
	bad_addresses(call_bind, SRV);
}

static void errors_connect_address(void)
{
	bad_addresses(call_connect, CLI);
}

static void errors_no_rule(void)
{
	__u64 syns = counter(CLI, "OutSyn");
	struct sv_svc svc;
	int fd;

	svc_of(&svc, UNROUTED_BYTE);
	fd = host_socket(CLI, SOCK_STREAM);
	fails(svc_connect(fd, &svc), EHOSTUNREACH);
	set_nonblock(fd);
	fails(svc_connect(fd, &svc), EHOSTUNREACH);
	expect(counter(CLI, "OutSyn") == syns);
}

static void errors_drop_rule(void)
{
	__u64 syns = counter(CLI, "OutSyn");
	struct sv_svc svc;

	svc_of(&svc, DROPPED_BYTE);
	fails(svc_connect(host_socket(CLI, SOCK_STREAM), &svc), EHOSTUNREACH);
	expect(counter(CLI, "OutSyn") == syns);
}

/* One SYN, one answer: the client does not wait for a timer */
static void errors_refused(void)
{
	__u64 syns = counter(CLI, "OutSyn");
	__u64 nacks = counter(SRV, "OutNack");
	struct sv_svc svc;

	svc_new(&svc);
	fails(svc_connect(host_socket(CLI, SOCK_STREAM), &svc), ECONNREFUSED);
	expect(counter(CLI, "OutSyn") == syns + 1);
	expect(counter(SRV, "OutNack") == nacks + 1);
}

static void errors_advised_refused(void)
{
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int fd;

	svc_of(&svc, UNROUTED_BYTE);
	len = svc_advised(&svc, env.addr[SRV], &ss);
	fd = host_socket(CLI, SOCK_STREAM);
	fails(connect(fd, (struct sockaddr *)&ss, len), ECONNREFUSED);
}

static void errors_advised_unreachable(void)
{
	struct in_addr far = { htonl(0xc6336401) };	/* 198.51.100.1 */
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int fd;

	svc_of(&svc, UNROUTED_BYTE);
	len = svc_advised(&svc, far, &ss);
	fd = host_socket(CLI, SOCK_STREAM);
	fails2(connect(fd, (struct sockaddr *)&ss, len), EHOSTUNREACH,
	       ENETUNREACH);
}

/* An address in connect() goes before the table, also before a DROP rule */
static void errors_advised(void)
{
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int fd, l;

	svc_of(&svc, DROPPED_BYTE);
	l = svc_listen(&svc, 1);
	len = svc_advised(&svc, env.addr[SRV], &ss);
	fd = host_socket(CLI, SOCK_STREAM);
	must(connect(fd, (struct sockaddr *)&ss, len));
	exchange(fd, must(accept(l, NULL, NULL)), 1000);
}

static void errors_connected(void)
{
	struct sv_pair p;

	pair_open(&p);
	fails(svc_connect(p.c, &p.svc), EISCONN);
	fails(svc_connect(p.s, &p.svc), EISCONN);
	fails(svc_bind(p.c, &p.svc), EINVAL);
	fails(svc_bind(p.s, &p.svc), EINVAL);
	fails(listen(p.s, 1), EINVAL);
	pair_close(&p);
}

static void errors_bad_pointer(void)
{
	struct sv_svc svc;
	int fd = host_socket(SRV, SOCK_STREAM);
	socklen_t len = sizeof(struct sockaddr_sv);

	svc_new(&svc);
	fails(bind(fd, (void *)8, sizeof(struct sockaddr_sv)), EFAULT);
	fails(connect(fd, (void *)8, sizeof(struct sockaddr_sv)), EFAULT);
	fails(getsockname(fd, (void *)8, &len), EFAULT);
	fails(setsockopt(fd, SOL_SERVAL, SERVAL_BINDTODEVICE, (void *)8, 4),
	      EFAULT);
	fails(getsockopt(fd, SOL_SERVAL, SERVAL_DOMAIN, (void *)8, &len),
	      EFAULT);
	must(svc_bind(fd, &svc));
}

const struct sv_case errors_cases[] = {
	{ "err-socket", SV_SERVAL, errors_socket,
	  "socket() refuses other types and protocols by their errors" },
	{ "err-bind", SV_SERVAL, errors_bind_address,
	  "bind() refuses addresses of wrong length, family, ID or flags" },
	{ "err-connect", SV_SERVAL, errors_connect_address,
	  "connect() refuses addresses of wrong length, family, ID or flags" },
	{ "err-no-rule", SV_SERVAL, errors_no_rule,
	  "no rule: EHOSTUNREACH at once, and nothing is sent" },
	{ "err-drop-rule", SV_SERVAL, errors_drop_rule,
	  "a DROP rule: EHOSTUNREACH at once, and nothing is sent" },
	{ "err-refused", SV_SERVAL, errors_refused,
	  "nobody listens: ECONNREFUSED after one SYN and one NACK" },
	{ "err-advised-refused", SV_SERVAL, errors_advised_refused,
	  "nobody listens at the address given: ECONNREFUSED" },
	{ "err-advised-far", SV_SERVAL | SV_TWO, errors_advised_unreachable,
	  "no route to the address given: unreachable at once" },
	{ "err-advised", SV_SERVAL, errors_advised,
	  "an address in connect() needs no rule" },
	{ "err-connected", SV_ANY, errors_connected,
	  "a connected socket is neither connected nor bound again" },
	{ "err-pointer", SV_SERVAL, errors_bad_pointer,
	  "bad pointers are EFAULT" },
	{ }
};
