// SPDX-License-Identifier: GPL-2.0-only
/*
 * KEYs in the handshake (Documentation/protocol.rst section 6.2); keys.sh sets
 * the sysctl that each case is about.
 */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>
#include "sal.h"

#define DEV		"eth0"
#define SYN		68	/* bytes without KEY; a confirm packet as well */
#define SYNACK		32
#define KEY		36
#define REPEAT		1
#define C_FLAGS		14
#define C_REASON	15

static const __u8 *key_of(const struct sal_seen *s)
{
	const __u8 *e = sal_ext(s, 5);

	expect(sal_sum(s->hdr, s->hlen, 0) == 0);
	expect(!e || (e[0] == 0x50 && e[1] == KEY && e[2] == 1));
	return e;
}

static void expect_key(const struct sal_seen *s, __u8 flags)
{
	static const __u8 none[32];
	const __u8 *e = key_of(s);

	expect(e && e[3] == flags && memcmp(e + 4, none, 32));
}

static bool same_key(const struct sal_seen *a, const struct sal_seen *b)
{
	return !memcmp(key_of(a) + 4, key_of(b) + 4, 32);
}

/* What a connection begins with */
struct shake {
	struct sal_seen syn;
	struct sal_seen synack;
	struct sal_seen confirm;
};

static void see_shake(int fd, struct shake *h)
{
	sniff_expect(fd, &h->syn, true);
	expect(h->syn.hdr[C_FLAGS] == SAL_SYN);
	sniff_expect(fd, &h->synack, false);
	expect(h->synack.hdr[C_FLAGS] == (SAL_SYN | SAL_ACK));
	sniff_expect(fd, &h->confirm, true);
	expect(h->confirm.hdr[C_FLAGS] == SAL_ACK);
}

static void stream(struct shake *h)
{
	int fd = sniff_open(CLI, DEV);
	struct sv_pair p;

	pair_open(&p);
	exchange(p.c, p.s, 100);
	pair_close(&p);
	see_shake(fd, h);
	close(fd);
}

/* The client says "x" first */
static void datagram(struct shake *h)
{
	int fd = sniff_open(CLI, DEV), l, c, s;
	struct sv_svc svc;
	char buf[2];

	svc_new(&svc);
	l = svc_listen_as(&svc, SOCK_DGRAM, 5);
	c = host_socket(CLI, SOCK_DGRAM);
	must(svc_connect(c, &svc));
	must(send(c, "x", 1, 0));
	s = must(accept(l, NULL, NULL));
	expect(recv(s, buf, sizeof(buf), 0) == 1 && buf[0] == 'x');
	close(c);
	close(s);
	close(l);
	see_shake(fd, h);
	close(fd);
}

static void expect_lengths(const struct shake *h, unsigned int syn,
			   unsigned int synack, unsigned int confirm)
{
	expect(h->syn.hlen == syn);
	expect(h->synack.hlen == synack);
	expect(h->confirm.hlen == confirm);
	expect(h->synack.iplen <= h->syn.iplen);
}

static void key_both(void)
{
	struct shake one, two;

	stream(&one);
	expect_lengths(&one, SYN + KEY, SYNACK + KEY, SYN);
	expect_key(&one.syn, 0);
	expect_key(&one.synack, 0);
	expect(!same_key(&one.syn, &one.synack));
	stream(&two);
	expect(same_key(&one.syn, &two.syn));
	expect(same_key(&one.synack, &two.synack));
}

static void key_asks_none(void)
{
	struct shake h;

	stream(&h);
	expect_lengths(&h, SYN, SYNACK, SYN);
	datagram(&h);
	expect_lengths(&h, SYN, SYNACK, SYN);
}

static void key_answers_none(void)
{
	struct shake h;

	stream(&h);
	expect_lengths(&h, SYN + KEY, SYNACK, SYN);
	datagram(&h);
	expect_lengths(&h, SYN + KEY, SYNACK, SYN);
}

static void expect_repeated(const struct shake *h)
{
	expect_lengths(h, SYN + KEY, SYNACK + KEY, SYN + KEY);
	expect_key(&h->synack, REPEAT);
	expect_key(&h->confirm, 0);
	expect(same_key(&h->syn, &h->confirm));
}

/* Until the server is heard; and with that, full segments fit the link */
static void key_cookie(void)
{
	int fd = sniff_open(CLI, DEV), l, c, a, wide = 0;
	const size_t len = 100000;
	struct sal_seen s;
	struct sv_svc svc;
	struct shake h;
	pid_t pid;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	c = svc_dial(&svc);
	pid = stream_send(c, len, 3);
	a = must(accept(l, NULL, NULL));
	stream_check(a, len, 3);
	child_ok(pid);
	see_shake(fd, &h);
	expect_repeated(&h);
	while (sniff_next(fd, &s, 300)) {
		expect(s.iplen <= 1500);
		expect(s.hlen == 12 || (s.out && s.hlen == SYN + KEY));
		wide += s.hlen == SYN + KEY && s.iplen > 1400;
	}
	expect(wide > 0);
	expect(tcp_counter(CLI, "TCPTimeouts") == 0);
}

static void key_datagram(void)
{
	struct shake h;

	datagram(&h);
	expect_repeated(&h);
}

/* Who has no key is told so; who has one connects */
static void key_demanded(void)
{
	int fd = sniff_open(CLI, DEV);
	struct sal_seen syn, nack;
	struct sv_svc svc;
	struct sal_buf p;

	svc_new(&svc);
	svc_listen(&svc, 5);
	sal_syn(&p, svc.id, 0x11223344);
	sal_send(CLI, &p, env.addr[CLI], env.addr[SRV]);
	sniff_expect(fd, &syn, true);
	sniff_expect(fd, &nack, false);
	expect(nack.dst == 0x11223344 && nack.hdr[C_FLAGS] == SAL_NACK);
	expect(nack.hdr[C_REASON] == EKEYREJECTED);
	expect(nack.iplen <= syn.iplen);
	expect(counter(SRV, "SynNoKey") > 0);
	close(svc_dial(&svc));
}

static void key_refused(void)
{
	struct sv_svc svc;

	svc_new(&svc);
	svc_listen(&svc, 5);
	svc_listen_as(&svc, SOCK_DGRAM, 5);
	fails(svc_connect(host_socket(CLI, SOCK_STREAM), &svc), ECONNREFUSED);
	fails(svc_connect(host_socket(CLI, SOCK_DGRAM), &svc), ECONNREFUSED);
}

static void key_required(void)
{
	struct sv_svc svc;

	svc_new(&svc);
	svc_listen(&svc, 5);
	svc_listen_as(&svc, SOCK_DGRAM, 5);
	fails(svc_connect(host_socket(CLI, SOCK_STREAM), &svc), ETIMEDOUT);
	fails(svc_connect(host_socket(CLI, SOCK_DGRAM), &svc), ETIMEDOUT);
}

const struct sv_case key_cases[] = {
	{ "key-both", SV_SERVAL | SV_TWO, key_both,
	  "SYN and SYN-ACK carry the hosts' keys" },
	{ "key-asks-none", SV_SERVAL | SV_TWO, key_asks_none,
	  "who sends no key gets none" },
	{ "key-answers-none", SV_SERVAL | SV_TWO, key_answers_none,
	  "who answers without a key is talked to" },
	{ "key-cookie", SV_SERVAL | SV_TWO, key_cookie,
	  "a SYN cookie keeps no key: it comes again" },
	{ "key-datagram", SV_SERVAL | SV_TWO, key_datagram,
	  "nor does a datagram socket" },
	{ "key-demanded", SV_SERVAL | SV_TWO, key_demanded,
	  "a request without a key is refused" },
	{ "key-refused", SV_SERVAL | SV_TWO, key_refused,
	  "and connect() fails at once" },
	{ "key-required", SV_SERVAL | SV_TWO, key_required,
	  "an answer without a key is not believed" },
	{ }
};
