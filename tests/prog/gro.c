// SPDX-License-Identifier: GPL-2.0-only
/*
 * What GRO relies on where the service layer's packets come inside UDP: a port
 * of ours is nobody else's, and what is for another socket is left alone.
 */
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "sal.h"

#define UDP_PORT	54325	/* the well-known one, unless a sysctl says else */
#define PIECES		20
#define DATA		1000
#define PIECE		(12 + 20 + DATA)
#define WAIT_MS		10000

static struct sockaddr_in at(struct in_addr addr)
{
	return (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_port = htons(UDP_PORT),
		.sin_addr = addr,
	};
}

static int udp_socket(enum sv_host h, int family)
{
	host_enter(h);
	return must(socket(family, SOCK_DGRAM, 0));
}

static void set_one(int fd, int level, int option, int value)
{
	must(setsockopt(fd, level, option, &value, sizeof(value)));
}

static void refused(int fd, const void *addr, socklen_t len)
{
	fails(bind(fd, addr, len), EADDRINUSE);
	close(fd);
}

static void udp_alone(void)
{
	struct sockaddr_in any = at((struct in_addr) { 0 });
	struct sockaddr_in own = at(env.addr[SRV]);
	struct sockaddr_in6 any6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(UDP_PORT),
	};
	int options[] = { SO_REUSEADDR, SO_REUSEPORT };
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		fd = udp_socket(SRV, AF_INET);
		set_one(fd, SOL_SOCKET, options[i], 1);
		refused(fd, &any, sizeof(any));
		fd = udp_socket(SRV, AF_INET);
		set_one(fd, SOL_SOCKET, options[i], 1);
		refused(fd, &own, sizeof(own));
		fd = udp_socket(SRV, AF_INET6);
		set_one(fd, SOL_SOCKET, options[i], 1);
		refused(fd, &any6, sizeof(any6));
	}
	fd = udp_socket(SRV, AF_INET);
	must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5));
	refused(fd, &own, sizeof(own));
}

/* Segments of a flow, one after the other, as GRO would like them */
static void make_flow(__u8 *buf)
{
	struct tcp_seg seg = {
		.sport = 40000, .dport = TCP_PORT, .seq = 1, .ack = 1,
		.flags = TH_ACK, .len = DATA,
	};
	struct sal_buf p;
	__u8 data[DATA];
	int i;

	for (i = 0; i < PIECES; i++, seg.seq += DATA) {
		fill(data, sizeof(data), rnd_seed());
		seg.data = data;
		sal_start(&p, 0x01020304, 0x05060708, IPPROTO_TCP);
		sal_seal(&p);
		sal_tcp(&p, &seg);
		expect(p.len == PIECE);
		memcpy(buf + i * PIECE, p.b, PIECE);
	}
}

/* Return: how many bytes came at once */
static size_t get_some(int fd, const __u8 *want, size_t left)
{
	__u8 got[PIECES * PIECE];
	ssize_t n;

	expect(poll_for(fd, POLLIN, WAIT_MS) & POLLIN);
	n = must(recv(fd, got, sizeof(got), 0));
	expect(n && (size_t)n <= left && n % PIECE == 0);
	expect(!memcmp(got, want, n));
	return n;
}

/* Return: the largest that came at once */
static size_t pass_flow(int c, int s)
{
	__u8 buf[PIECES * PIECE];
	size_t off, n, most = 0;

	make_flow(buf);
	expect(must(send(c, buf, sizeof(buf), 0)) == sizeof(buf));
	for (off = 0; off < sizeof(buf); off += n) {
		n = get_some(s, buf + off, sizeof(buf) - off);
		most = n > most ? n : most;
	}
	return most;
}

/* A program has the port and gets what looks like ours, in bursts: the last
 * part shows that they are.
 */
static void udp_foreign(void)
{
	struct sockaddr_in own = at(env.addr[SRV]);
	size_t most = 0;
	int s, c, i;

	s = udp_socket(SRV, AF_INET);
	must(bind(s, (struct sockaddr *)&own, sizeof(own)));
	c = udp_socket(CLI, AF_INET);
	must(connect(c, (struct sockaddr *)&own, sizeof(own)));
	set_one(c, SOL_UDP, UDP_SEGMENT, PIECE);
	for (i = 0; i < 20; i++)
		expect(pass_flow(c, s) == PIECE);
	set_one(s, SOL_UDP, UDP_GRO, 1);
	for (i = 0; i < 1000 && most <= PIECE; i++)
		most = pass_flow(c, s);
	expect(most > PIECE);
}

const struct sv_case gro_cases[] = {
	{ "udp-alone", SV_SERVAL, udp_alone,
	  "nobody else can have a port of the service layer" },
	{ "udp-foreign", SV_SERVAL, udp_foreign,
	  "another program's datagrams come to it one by one" },
	{ }
};
