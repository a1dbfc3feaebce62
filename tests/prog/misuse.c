// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that do anything: random calls with random arguments.  Nothing is
 * expected of the calls but that the kernel stays whole, which the script
 * sees in its log.
 */
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "sv.h"

#define NFD	8
#define NSVC	4

static struct sv_svc svcs[NSVC];
static int fds[NFD];

static int any_addr(struct sockaddr_storage *ss, __u64 *seed)
{
	const struct sv_svc *svc = &svcs[rnd(seed) % NSVC];
	socklen_t len = svc_conn_addr(svc, ss);

	switch (rnd(seed) % 8) {
	case 0:
		return svc_advised(svc, env.addr[SRV], ss);
	case 1:
		ss->ss_family = AF_UNSPEC;
		return len;
	case 2:
		fill(ss, sizeof(*ss), rnd(seed));
		ss->ss_family = AF_SERVAL;
		return rnd(seed) % sizeof(*ss);
	case 3:
		memset(ss, 0, sizeof(*ss));
		ss->ss_family = AF_INET6;
		return sizeof(struct sockaddr_in6);
	}
	return len;
}

static void any_option(int fd, __u64 *seed)
{
	static const int levels[] = {
		SOL_SOCKET, IPPROTO_TCP, SOL_IPV6, SOL_IP, SOL_SERVAL, 282,
	};
	int level = levels[rnd(seed) % ARRAY_SIZE(levels)];
	int name = rnd(seed) % (level == SOL_SERVAL ? 6 : 80);
	char buf[128];
	socklen_t len = rnd(seed) % 4 ? 4 : rnd(seed) % sizeof(buf);

	if (level == SOL_SOCKET && name == SO_LINGER)
		return;		/* close() would wait */
	memset(buf, 0, sizeof(buf));
	if (rnd(seed) % 2)
		buf[0] = rnd(seed) % 4;
	else
		fill(buf, sizeof(buf), rnd(seed));
	if (rnd(seed) % 2) {
		getsockopt(fd, level, name, buf, &len);
		return;
	}
	setsockopt(fd, level, name, buf, len);
	if (rnd(seed) % 16 == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3);
}

static void any_accept(int *slot, int fd)
{
	int s = accept4(fd, NULL, NULL, SOCK_NONBLOCK);

	if (s < 0)
		return;
	close(*slot);
	*slot = s;
}

/* Those a socket answers itself.  The ones for devices, given a name that no
 * device has, make the kernel look for a module: nothing of Serval, and so slow
 * that a few hundred outlast the test.
 */
static void any_ioctl(int fd, void *buf, __u64 *seed)
{
	static const unsigned int reqs[] = {
		FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP, SIOCATMARK,
		0x8906, 0x8907,		/* SIOCGSTAMP, SIOCGSTAMPNS */
		SIOCADDRT, SIOCDELRT, SIOCSIFADDR, SIOCDIFADDR, SIOCSIFDSTADDR,
		SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCPROTOPRIVATE,
	};

	ioctl(fd, reqs[rnd(seed) % ARRAY_SIZE(reqs)], buf);
}

static void any_io(int fd, __u64 *seed)
{
	static const int flags[] = {
		0, MSG_PEEK, MSG_OOB, MSG_TRUNC, MSG_ERRQUEUE, MSG_ZEROCOPY,
		MSG_MORE, MSG_FASTOPEN,
	};
	static char buf[30000];
	int flag = flags[rnd(seed) % ARRAY_SIZE(flags)];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	size_t n = rnd(seed) % sizeof(buf);

	switch (rnd(seed) % 5) {
	case 0:
		send(fd, buf, n, flag | MSG_NOSIGNAL);
		break;
	case 1:
		recv(fd, buf, n, flag & ~(MSG_FASTOPEN | MSG_ZEROCOPY));
		break;
	case 2:
		sendto(fd, buf, n, flag | MSG_NOSIGNAL,
		       (struct sockaddr *)&ss, any_addr(&ss, seed));
		break;
	case 3:
		getsockname(fd, (struct sockaddr *)&ss, &len);
		len = rnd(seed) % sizeof(ss);
		getpeername(fd, (struct sockaddr *)&ss, &len);
		break;
	case 4:
		any_ioctl(fd, buf, seed);
		break;
	}
}

static int any_socket(__u64 *seed)
{
	int family = rnd(seed) % 8 ? AF_SERVAL : AF_INET6;

	host_enter(rnd(seed) % 2 ? CLI : SRV);
	return must(socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0));
}

static void any_call(__u64 *seed)
{
	int *slot = &fds[rnd(seed) % NFD], fd = *slot;
	struct sockaddr_storage ss;

	switch (rnd(seed) % 12) {
	case 0:
		close(fd);
		*slot = any_socket(seed);
		break;
	case 1:
		bind(fd, (struct sockaddr *)&ss, any_addr(&ss, seed));
		break;
	case 2:
	case 3:
		connect(fd, (struct sockaddr *)&ss, any_addr(&ss, seed));
		break;
	case 4:
		listen(fd, rnd(seed) % 4);
		break;
	case 5:
		any_accept(&fds[rnd(seed) % NFD], fd);
		break;
	case 6:
		shutdown(fd, rnd(seed) % 4);
		break;
	case 7:
	case 8:
		any_option(fd, seed);
		break;
	case 9:
		poll_for(fd, rnd(seed), rnd(seed) % 2);
		break;
	default:
		any_io(fd, seed);
	}
}

static void misuse_calls(void)
{
	const char *given = getenv("SERVAL_SEED");
	__u64 seed = given ? arg_num(given) | 1 : 1;
	int i;

	for (i = 0; i < NSVC; i++)
		svc_new(&svcs[i]);
	for (i = 0; i < NFD; i++)
		fds[i] = any_socket(&seed);
	for (i = 0; i < 20000; i++)
		any_call(&seed);
	for (i = 0; i < NFD; i++)
		close(fds[i]);
}

/* The kernel frees what a killed program had open */
static void misuse_killed(void)
{
	int refs = module_refs(), i;
	pid_t pid;

	for (i = 0; i < 20; i++) {
		pid = must(fork());
		if (!pid) {
			struct sv_pair p;

			pair_open(&p);
			put(p.c, "unread", 6);
			_exit(0);
		}
		child_ok(pid);
	}
	expect(module_refs() == refs);
}

/* Sockets made by the thousand and never used */
static void misuse_many(void)
{
	int refs = module_refs(), i, n, held[900];
	struct sv_svc svc;

	for (n = 0; n < 3; n++) {
		for (i = 0; i < 900; i++) {
			held[i] = host_socket(SRV, SOCK_STREAM);
			svc_new(&svc);
			must(svc_bind(held[i], &svc));
		}
		for (i = 0; i < 900; i++)
			close(held[i]);
	}
	expect(module_refs() == refs);
}

const struct sv_case misuse_cases[] = {
	{ "misuse-calls", SV_SERVAL, misuse_calls,
	  "a program that makes random calls harms only itself" },
	{ "misuse-killed", SV_SERVAL, misuse_killed,
	  "a program that dies leaves no reference behind" },
	{ "misuse-many", SV_SERVAL, misuse_many,
	  "thousands of bound sockets come and go" },
	{ }
};
