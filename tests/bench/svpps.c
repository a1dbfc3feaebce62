// SPDX-License-Identifier: GPL-2.0-only
/*
 * svpps: SYNs through a router that forwards by address or by name, by turns.
 *
 *   svpps -d TAP -4 FROM -t ROUTER -s SERVER [-r RUNS] COUNT
 *
 * Runs on the router and hands it frames through the device TAP, as a driver
 * would.  Each run does so COUNT times for each of three kinds: to a MAC address
 * that is nobody's, which are dropped at the door; to SERVER, for IP to
 * forward; to ROUTER, for the service table to forward.  Prints
 *
 *   sample forward inet|serval RUN NANOSECONDS
 *   door RUN NANOSECONDS
 *
 * On one processor the router has done its work when write() returns.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/serval.h>
#include "bench.h"

#define SAL_LEN		68	/* of a SYN: base header, CONTROL, SERVICE */
#define TCP_LEN		40	/* with the options that Linux sends */

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	__u8 sal[SAL_LEN];
	struct tcphdr tcp;
	__u8 opts[TCP_LEN - sizeof(struct tcphdr)];
} __attribute__((packed));

static struct {
	struct ifreq tap;
	struct in_addr from, router, server;
	int runs;
} bench = { .runs = 7 };

static __u16 sum(const void *buf, size_t len)
{
	const __u8 *p = buf;
	__u32 s = 0;
	size_t i;

	for (i = 0; i < len; i += 2)
		s += p[i] << 8 | p[i + 1];
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons(~s);
}

/* For the serviceID 0x5e00...00 */
static void make_sal(__u8 *sal)
{
	__u16 check;

	memset(sal, 0, SAL_LEN);
	sal[3] = 1;		/* source flow id */
	sal[8] = SAL_LEN / 4;
	sal[9] = IPPROTO_TCP;
	sal[12] = 1 << 4;	/* CONTROL: SYN, version number, nonce */
	sal[13] = 20;
	sal[14] = 0x80;
	memset(sal + 16, 0x11, 16);
	memset(sal + 20, 0, 4);
	sal[32] = 2 << 4;	/* SERVICE */
	sal[33] = 36;
	sal[36] = 0x5e;
	check = sum(sal, SAL_LEN);
	memcpy(sal + 10, &check, 2);
}

static void make_frame(struct frame *f, struct in_addr to)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->eth.ether_dhost, bench.tap.ifr_hwaddr.sa_data, ETH_ALEN);
	f->eth.ether_type = htons(ETHERTYPE_IP);
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.tot_len = htons(sizeof(*f) - sizeof(f->eth));
	f->ip.frag_off = htons(IP_DF);
	f->ip.ttl = 64;
	f->ip.protocol = IPPROTO_SERVAL;
	f->ip.saddr = bench.from.s_addr;
	f->ip.daddr = to.s_addr;
	f->ip.check = sum(&f->ip, sizeof(f->ip));
	make_sal(f->sal);
	f->tcp.source = htons(40000);
	f->tcp.dest = htons(7777);
	f->tcp.doff = TCP_LEN / 4;
	f->tcp.syn = 1;
	memset(f->opts, 1, sizeof(f->opts));
}

/* Leaves the device's address in bench.tap */
static int open_tap(void)
{
	int fd = open("/dev/net/tun", O_RDWR);

	bench.tap.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &bench.tap) ||
	    ioctl(fd, SIOCGIFHWADDR, &bench.tap))
		err(1, "tap device");
	return fd;
}

static __u64 run(int fd, const struct frame *f, long count)
{
	__u64 start = now_ns();

	while (count--)
		if (write(fd, f, sizeof(*f)) != sizeof(*f))
			err(1, "write");
	return now_ns() - start;
}

static void measure(long count)
{
	struct frame nobody, by_ip, by_name;
	__u64 door, ip, name;
	int fd = open_tap(), i;

	make_frame(&nobody, bench.server);
	nobody.eth.ether_dhost[5] ^= 1;
	make_frame(&by_ip, bench.server);
	make_frame(&by_name, bench.router);
	for (i = -1; i < bench.runs; i++) {
		door = run(fd, &nobody, count);
		ip = run(fd, &by_ip, count);
		name = run(fd, &by_name, count);
		if (i < 0)	/* warm up */
			continue;
		printf("sample forward inet %d %llu\n", i,
		       (unsigned long long)ip);
		printf("sample forward serval %d %llu\n", i,
		       (unsigned long long)name);
		printf("door %d %llu\n", i, (unsigned long long)door);
	}
}

static int parse_option(int opt, char *arg)
{
	switch (opt) {
	case 'd':
		strncpy(bench.tap.ifr_name, arg, IFNAMSIZ - 1);
		return 1;
	case '4':
		return inet_pton(AF_INET, arg, &bench.from) == 1;
	case 't':
		return inet_pton(AF_INET, arg, &bench.router) == 1;
	case 's':
		return inet_pton(AF_INET, arg, &bench.server) == 1;
	case 'r':
		bench.runs = atoi(arg);
		return bench.runs > 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "d:4:t:s:r:")) != -1)
		if (!parse_option(opt, optarg))
			goto usage;
	if (optind + 1 != argc || !bench.tap.ifr_name[0] || !bench.server.s_addr)
		goto usage;
	measure(atol(argv[optind]));
	return 0;

usage:
	fputs("svpps -d TAP -4 FROM -t ROUTER -s SERVER [-r RUNS] COUNT\n",
	      stderr);
	return 2;
}
