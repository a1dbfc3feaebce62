// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests made by hand, and what becomes of them at a service router.
 *
 *   sv syn [OPTION...] ID  a SYN from the client's address to the server's
 *       -k KEY             ids and nonce: the same make the same request
 *       -w ADDR,ADDR...    SOURCE, as if a router had passed it on
 *       -l TTL  -q TOS     of the IP header
 *   sv redirect ADDR...    a false router on the server's host and UDP port 54325:
 *                          says "ready", answers each request by the next of
 *                          the addresses, the last one again and again
 *   sv way DEV             says "ready", then of the next SYN that the server
 *                          receives with a SOURCE: source, TTL, TOS, way
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sal.h"

#define WAY_MAX		32

struct syn {
	struct sv_svc svc;
	struct sal_outer outer;
	__u32 key;
	struct in6_addr way[WAY_MAX];
	size_t n;
};

static bool parse_addr(const char *s, struct in6_addr *addr)
{
	if (inet_pton(AF_INET6, s, addr) == 1)
		return true;
	memset(addr, 0, 10);
	memset(addr->s6_addr + 10, 0xff, 2);
	return inet_pton(AF_INET, s, addr->s6_addr + 12) == 1;
}

static bool parse_way(struct syn *syn, char *list)
{
	char *s = strtok(list, ",");

	for (; s && syn->n < WAY_MAX; s = strtok(NULL, ","))
		if (!parse_addr(s, &syn->way[syn->n++]))
			return false;
	return !s;
}

static bool parse_options(struct syn *syn, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "k:w:l:q:")) != -1) {
		switch (opt) {
		case 'k':
			syn->key = arg_num(optarg);
			break;
		case 'w':
			if (!parse_way(syn, optarg))
				return false;
			break;
		case 'l':
			syn->outer.ttl = arg_num(optarg);
			break;
		case 'q':
			syn->outer.tos = arg_num(optarg);
			break;
		default:
			return false;
		}
	}
	return optind + 1 == argc && !svc_parse(&syn->svc, argv[optind]);
}

int cmd_syn(int argc, char **argv)
{
	struct syn syn = {
		.key = rnd_seed() | 1,
		.outer = { .from = env.addr[CLI], .to = env.addr[SRV] },
	};
	struct sal_control c = { .flags = SAL_SYN };
	struct tcp_seg t = { .dport = TCP_PORT, .flags = TH_SYN };
	struct sal_buf p;

	if (!parse_options(&syn, argc, argv))
		return 2;
	c.verno = syn.key * 7;
	c.nonce = syn.key * 11;
	t.sport = 1024 + syn.key % 60000;
	t.seq = syn.key * 13;
	sal_start(&p, syn.key, 0, IPPROTO_TCP);
	sal_add_control(&p, &c);
	sal_add_service(&p, syn.svc.id);
	if (syn.n)
		sal_add_source(&p, syn.way, syn.n);
	sal_seal(&p);
	sal_tcp(&p, &t);
	sal_put_outer(sal_open(CLI), &p, &syn.outer);
	return 0;
}

/* A SYN of the module's own, which begins with CONTROL */
static void answer_redirect(int fd, const __u8 *syn,
			    const struct sockaddr_in *from,
			    const struct in6_addr *addr)
{
	struct sal_control c = { .flags = SAL_NACK, .reason = EREMOTE };
	struct sal_buf p;

	c.ackno = be32_at(syn + 16) + 1;
	memcpy(&c.nonce, syn + 24, sizeof(c.nonce));
	sal_start(&p, 0x5d5d5d5d, be32_at(syn), SAL_NONE);
	sal_add_control(&p, &c);
	sal_add_address(&p, addr);
	sal_seal(&p);
	must(sendto(fd, p.b, p.len, 0, (struct sockaddr *)from,
		    sizeof(*from)));
}

int cmd_redirect(int argc, char **argv)
{
	struct sockaddr_in from, at = {
		.sin_family = AF_INET,
		.sin_port = htons(UDP_PORT),
	};
	struct in6_addr addr;
	socklen_t len;
	__u8 buf[2048];
	int fd, i = 1;

	host_enter(SRV);
	fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (i == argc || !parse_addr(argv[i], &addr))
			return 2;
		len = sizeof(from);
		if (recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from,
			     &len) < 68)
			return 1;
		answer_redirect(fd, buf, &from, &addr);
		if (i + 1 < argc)
			i++;
	}
}

static void print_way(const __u8 *ext)
{
	int family = ext[3] == 2 ? AF_INET : AF_INET6;
	size_t size = family == AF_INET ? 4 : 16, i;
	char text[INET6_ADDRSTRLEN];

	for (i = 4; i < ext[1]; i += size)
		printf("%s%s", i == 4 ? "" : ",",
		       inet_ntop(family, ext + i, text, sizeof(text)));
	puts("");
}

int cmd_way(int argc, char **argv)
{
	struct sal_seen s;
	const __u8 *ext;
	int fd;

	if (argc != 2)
		return 2;
	fd = sniff_open(SRV, argv[1]);
	puts("ready");
	fflush(stdout);
	do {
		if (!sniff_next(fd, &s, 60000))
			die("nothing was passed on");
		ext = sal_ext(&s, 4);
	} while (s.out || !ext);
	printf("%s ttl %u tos %u: ", inet_ntoa(s.saddr), s.ttl, s.tos);
	print_way(ext);
	return 0;
}
