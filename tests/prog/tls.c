// SPDX-License-Identifier: GPL-2.0-only
/* Kernel TLS on connections by name, beside kernel TLS on plain TCP. */
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sv.h"

#ifndef SOL_TLS
#define SOL_TLS		282
#endif

static void tls_keys(int fd, int dir, __u8 secret)
{
	struct tls12_crypto_info_aes_gcm_128 ci = {
		.info.version = TLS_1_2_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
	};

	memset(ci.key, secret, sizeof(ci.key));
	memset(ci.salt, secret + 1, sizeof(ci.salt));
	memset(ci.iv, secret + 2, sizeof(ci.iv));
	must(setsockopt(fd, SOL_TLS, dir, &ci, sizeof(ci)));
}

static void tls_start(int fd)
{
	must(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3));
}

static void tls_both(int fd, __u8 tx, __u8 rx)
{
	tls_start(fd);
	tls_keys(fd, TLS_TX, tx);
	tls_keys(fd, TLS_RX, rx);
}

/* The family a socket says it has, at any time of its life */
static int name_family(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	must(getsockname(fd, (struct sockaddr *)&ss, &len));
	return ss.ss_family;
}

struct tls_pair {
	struct sv_pair p;
	int family;
};

static void tls_open(struct tls_pair *t, int family)
{
	int saved = env.family;

	t->family = family;
	env.family = family;
	pair_open(&t->p);
	expect(name_family(t->p.c) == family);
	tls_both(t->p.c, 1, 2);
	tls_both(t->p.s, 2, 1);
	expect(name_family(t->p.c) == family);
	expect(name_family(t->p.s) == family);
	env.family = saved;
}

static void tls_check(struct tls_pair *t)
{
	exchange(t->p.c, t->p.s, 30000);
	exchange(t->p.s, t->p.c, 100);
	expect(name_family(t->p.c) == t->family);
	expect(name_family(t->p.s) == t->family);
}

static void tls_exchange(void)
{
	struct tls_pair t;
	pid_t pid;

	tls_open(&t, env.family);
	tls_check(&t);
	pid = stream_send(t.p.c, 1 << 20, 31);
	stream_check(t.p.s, 1 << 20, 31);
	child_ok(pid);
	close(t.p.s);
	expect_eof(t.p.c);	/* without a close_notify: up to TLS */
	pair_close(&t.p);
}

/* What is on the wire is not what was written */
static void tls_encrypts(void)
{
	struct sv_pair p;
	char buf[256];
	ssize_t n;

	pair_open(&p);
	tls_start(p.c);
	tls_keys(p.c, TLS_TX, 1);
	put(p.c, "plain text", 10);
	n = must(recv(p.s, buf, sizeof(buf), 0));
	expect(n > 10 + 16);
	expect(buf[0] == 23);		/* application data record */
	expect(!memmem(buf, n, "plain text", 10));
	pair_close(&p);
}

static void tls_one_way(void)
{
	struct sv_pair p;

	pair_open(&p);
	tls_start(p.c);
	tls_start(p.s);
	tls_keys(p.c, TLS_TX, 9);
	tls_keys(p.s, TLS_RX, 9);
	put(p.c, "secret", 6);
	get(p.s, (char[6]) { }, 6);
	put(p.s, "plain", 5);		/* no TLS_TX here */
	get(p.c, (char[5]) { }, 5);
	pair_close(&p);
}

/* Both kinds of socket at once, the first one to ask being @first; every
 * reference on the module is returned
 */
static void tls_beside(int first, int second)
{
	int refs = module_refs();
	struct tls_pair a, b, c;

	tls_open(&a, first);
	tls_open(&b, second);
	tls_open(&c, first);
	tls_check(&a);
	tls_check(&b);
	tls_check(&c);
	expect(module_refs() > refs);
	pair_close(&a.p);
	tls_check(&b);
	pair_close(&b.p);
	tls_check(&c);
	pair_close(&c.p);
	expect(module_refs() == refs);
}

static void tls_serval_first(void)
{
	tls_beside(AF_SERVAL, AF_INET6);
}

static void tls_inet6_first(void)
{
	tls_beside(AF_INET6, AF_SERVAL);
}

static void tls_ulp_name(void)
{
	char name[16] = "";
	socklen_t len = sizeof(name);
	struct sv_pair p;

	pair_open(&p);
	tls_start(p.c);
	must(getsockopt(p.c, IPPROTO_TCP, TCP_ULP, name, &len));
	expect(!strcmp(name, "tls"));
	fails(setsockopt(p.c, IPPROTO_TCP, TCP_ULP, "tls", 3), EEXIST);
	exchange(p.c, p.s, 100);	/* no keys yet: plain */
	pair_close(&p);
}

static void tls_unconnected(void)
{
	int fd = host_socket(CLI, SOCK_STREAM);
	int refs = env.family == AF_SERVAL ? module_refs() : 0;

	fails(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3), ENOTCONN);
	close(fd);
	if (env.family == AF_SERVAL)
		expect(module_refs() == refs - 1);
}

/* A second name for the same connection after the keys are in place */
static void tls_listener_child(void)
{
	struct tls_pair t;
	int c, s;

	tls_open(&t, env.family);
	c = svc_dial(&t.p.svc);
	s = must(accept(t.p.lfd, NULL, NULL));
	expect(name_family(s) == env.family);
	exchange(c, s, 1000);
	tls_check(&t);
	pair_close(&t.p);
}

/* The socket goes with the process, not by close() */
static void tls_orphan(void)
{
	int refs = env.family == AF_SERVAL ? module_refs() : 0;
	struct tls_pair t;
	pid_t pid = must(fork());

	if (!pid) {
		tls_open(&t, env.family);
		put(t.p.c, "unread", 6);
		_exit(0);
	}
	child_ok(pid);
	if (env.family == AF_SERVAL)
		expect(module_refs() == refs);
}

const struct sv_case tls_cases[] = {
	{ "tls", SV_ANY, tls_exchange,
	  "kernel TLS carries data both ways" },
	{ "tls-encrypts", SV_ANY, tls_encrypts,
	  "kernel TLS encrypts" },
	{ "tls-one-way", SV_ANY, tls_one_way,
	  "kernel TLS may be on in one direction only" },
	{ "tls-serval-first", SV_SERVAL, tls_serval_first,
	  "TLS on a service, then on plain TCP: both stay what they are" },
	{ "tls-inet6-first", SV_SERVAL, tls_inet6_first,
	  "TLS on plain TCP, then on a service: both stay what they are" },
	{ "tls-name", SV_ANY, tls_ulp_name,
	  "TCP_ULP tells tls and is set once" },
	{ "tls-unconnected", SV_ANY, tls_unconnected,
	  "TLS needs a connection" },
	{ "tls-child", SV_ANY, tls_listener_child,
	  "a listener's later connections are not touched by TLS" },
	{ "tls-orphan", SV_ANY, tls_orphan,
	  "a TLS socket whose process dies leaves no reference" },
	{ }
};
