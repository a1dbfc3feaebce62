// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that claim to come from many addresses.
 *
 *   sv flood [-d] FIRST COUNT ID   SYNs number FIRST and following, for ID
 *   sv crowd [-d] CONNS RATIO BACKLOG
 *                                  that many honest connections, one after the
 *                                  other, behind RATIO forged SYNs each
 *   sv replies SEED COUNT          no answer is longer than what asked for it
 *
 * With -d the SYNs are those of datagrams.  They go from client to server; the
 * script says what becomes of answers to these addresses, 198.18.0.0/15.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "sal.h"

#define DEV		"eth0"
#define NADDRS		131072
#define CONNECT_SECONDS	20

static struct in_addr forged(__u32 i)
{
	return (struct in_addr) { htonl((198u << 24 | 18 << 16) + i % NADDRS) };
}

/* An id that is not 0, another one for each of 2^32 */
static __u32 scramble(__u32 i)
{
	return (i * 0x9e3779b1u) ?: 1;
}

static int type = SOCK_STREAM;

static void datagram_syn(struct sal_buf *p, const void *service, __u32 id)
{
	const struct sal_control syn = {
		.flags = SAL_SYN, .verno = id, .nonce = id,
	};

	sal_start(p, id, 0, IPPROTO_UDP);
	sal_add_control(p, &syn);
	sal_add_service(p, service);
	sal_seal(p);
}

static void flood(int fd, const struct sv_svc *svc, __u32 first, __u32 count)
{
	struct sal_buf p;
	__u32 i;

	for (i = first; i < first + count; i++) {
		if (type == SOCK_DGRAM)
			datagram_syn(&p, svc->id, scramble(i));
		else
			sal_syn(&p, svc->id, scramble(i));
		sal_put(fd, &p, forged(i), env.addr[SRV]);
	}
}

/* Return: how many arguments are left, 0 if there is another option */
static int read_type(int argc, char ***argv)
{
	int opt = getopt(argc, *argv, "d");

	if (opt == 'd')
		type = SOCK_DGRAM;
	else if (opt != -1)
		return 0;
	*argv += optind - 1;
	return argc - optind + 1;
}

int cmd_flood(int argc, char **argv)
{
	struct sv_svc svc;

	argc = read_type(argc, &argv);
	if (argc != 4 || svc_parse(&svc, argv[3]))
		return 2;
	flood(sal_open(CLI), &svc, arg_num(argv[1]), arg_num(argv[2]));
	return 0;
}

/* Nobody counts for each socket of datagrams what was sent again */
static bool repeated(int fd, __u64 syns)
{
	struct tcp_info ti;

	if (type == SOCK_DGRAM)
		return counter(CLI, "OutSyn") != syns + 1;
	must(finfo(fd, &ti, sizeof(ti)));
	return ti.tcpi_total_retrans;
}

/* Return: whether it came to be with the one SYN; @failed counts the rest.
 * A SYN that has to be sent again costs the user a second.
 */
static bool connects_at_once(const struct sv_svc *svc, int lfd, int *failed)
{
	struct timeval tv = { .tv_sec = CONNECT_SECONDS };
	__u64 syns = counter(CLI, "OutSyn");
	int c = host_socket(CLI, type), s;
	bool once;

	must(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	if (svc_connect(c, svc)) {
		++*failed;
		close(c);
		return false;
	}
	once = !repeated(c, syns);
	s = must(accept(lfd, NULL, NULL));
	exchange(c, s, 100);
	close(c);
	/* a stream's end stays, as it does where the other has closed first */
	if (type == SOCK_DGRAM)
		close(s);
	return once;
}

int cmd_crowd(int argc, char **argv)
{
	int conns, ratio, backlog, i, lfd, fd, failed = 0, at_once = 0;
	struct sv_svc svc;

	argc = read_type(argc, &argv);
	if (argc != 4)
		return 2;
	conns = arg_num(argv[1]);
	ratio = arg_num(argv[2]);
	backlog = arg_num(argv[3]);
	svc_new(&svc);
	lfd = svc_listen_as(&svc, type, backlog);
	fd = sal_open(CLI);
	flood(fd, &svc, 0, 2 * backlog);	/* the queue is full */
	for (i = 0; i < conns; i++) {
		flood(fd, &svc, 2 * backlog + i * ratio, ratio);
		at_once += connects_at_once(&svc, lfd, &failed);
	}
	printf("%d at once, %d late, %d failed\n", at_once,
	       conns - at_once - failed, failed);
	return 0;
}

enum reply { SYNACK, NACK, RST, OTHER, NREPLIES };

static const char * const reply_names[] = { "SYN-ACK", "NACK", "RST", "other" };

static enum reply reply_kind(const struct sal_seen *s)
{
	const __u8 *control = sal_ext(s, 1);

	if (!control)
		return OTHER;
	switch (control[2]) {
	case SAL_SYN | SAL_ACK:
		return SYNACK;
	case SAL_NACK:
		return NACK;
	case SAL_RST:
		return RST;
	}
	return OTHER;
}

static void ask_control(struct sal_buf *p, const struct sv_svc *svc, __u32 id,
			__u8 flags)
{
	struct tcp_seg t = {
		.sport = 1000, .dport = TCP_PORT, .ack = id,
		.flags = flags & SAL_SYN ? TH_SYN | TH_ACK : TH_ACK,
	};

	sal_start(p, id, ~id ?: 1, IPPROTO_TCP);
	if (flags)
		sal_add_control(p, &(struct sal_control) { .flags = flags });
	if (svc)
		sal_add_service(p, svc->id);
	sal_seal(p);
	sal_tcp(p, &t);
	if (flags & SAL_SYN)
		sal_options(p, NULL, 0);
}

/* Everything that is answered, as short as it can be and with the options
 * that make the answer longer
 */
static void ask(struct sal_buf *p, const struct sv_svc *svc, __u32 id,
		unsigned int kind)
{
	static const struct {
		size_t len;
		__u8 opt[24];
	} opts[] = {
		{ 0, { } },
		{ 4, { 2, 4, 0x05, 0x78 } },
		{ 20, { 2, 4, 5, 0x78, 4, 2, 8, 10, 1, 1, 1, 1, 0, 0, 0, 0,
			1, 3, 3, 7 } },
		{ 12, { 1, 1, 8, 10, 1, 1, 1, 1, 0, 0, 0, 0 } },
		{ 4, { 34, 2, 1, 1 } },		/* Fast Open: a cookie, please */
		{ 12, { 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1 } },
	};
	static const __u8 nobody[SERVICE_ID_LEN] = { 0x5e };

	kind %= ARRAY_SIZE(opts) + 7;
	switch (kind) {
	case 0:
		sal_syn(p, nobody, id);
		return sal_options(p, NULL, 0);
	case 1:
		return ask_control(p, NULL, id, 0);
	case 2:
		return ask_control(p, svc, id, SAL_ACK);
	case 3:
		return ask_control(p, NULL, id, SAL_SYN | SAL_ACK);
	case 4:
		return inject_random(p, &(__u64) { id });
	case 5:
		return datagram_syn(p, nobody, id);
	case 6:
		return datagram_syn(p, svc->id, id);
	}
	sal_syn(p, svc->id, id);
	sal_options(p, opts[kind - 7].opt, opts[kind - 7].len);
}

/* @asked: lengths, by address; until nothing came for @ms */
static void look_at_replies(int sniff, const __u16 *asked, unsigned long *seen,
			    int ms)
{
	struct sal_seen s;
	enum reply kind;
	__u32 i;

	while (sniff_next(sniff, &s, ms)) {
		i = ntohl(s.daddr.s_addr) - ntohl(forged(0).s_addr);
		if (i >= NADDRS)
			continue;
		kind = reply_kind(&s);
		if (s.iplen > asked[i])
			die("%u bytes are answered by %u: %s", asked[i],
			    s.iplen, reply_names[kind]);
		seen[kind]++;
	}
}

int cmd_replies(int argc, char **argv)
{
	unsigned long seen[NREPLIES] = { }, count, n;
	static __u16 asked[NADDRS];
	struct sv_svc svc;
	int lfd, fd, sniff;
	struct sal_buf p;
	__u32 seed;

	if (argc != 3)
		return 2;
	seed = arg_num(argv[1]);
	count = arg_num(argv[2]);
	expect(count <= NADDRS);
	svc_new(&svc);
	lfd = svc_listen(&svc, 64);
	type = SOCK_DGRAM;
	svc_listen_as(&svc, type, 64);
	must(setsockopt(lfd, IPPROTO_TCP, TCP_FASTOPEN, &(int) { 16 },
			sizeof(int)));
	sniff = sniff_open(CLI, DEV);
	must(setsockopt(sniff, SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int) { 1 },
			sizeof(int)));
	fd = sal_open(CLI);
	for (n = 0; n < count; n++) {
		ask(&p, &svc, scramble(seed + n), n);
		asked[n] = sizeof(struct iphdr) + p.len;
		sal_put(fd, &p, forged(n), env.addr[SRV]);
		look_at_replies(sniff, asked, seen, 0);
	}
	look_at_replies(sniff, asked, seen, 300);
	for (n = 0; n < NREPLIES; n++)
		printf("%s %lu\n", reply_names[n], seen[n]);
	return 0;
}
