// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unconnected datagrams on the wire (Documentation/protocol.rst 4.11), forged
 * ones among them.
 *
 * As in attack.c each refusal has its counterpart: the same packet with the
 * one wrong thing put right must work.
 */
#include <fcntl.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sal.h"

#define DEV		"eth0"
#define PORT		7777
#define STRANGE_ID	0x0badf00d
#define WAIT_MS		10000

static int bound_at(enum sv_host h, const struct sv_svc *svc)
{
	int fd = host_socket(h, SOCK_DGRAM);

	must(svc_bind(fd, svc));
	return fd;
}

static ssize_t send_to(int fd, const struct sv_svc *svc, const char *text)
{
	struct sockaddr_storage ss;
	socklen_t len = svc_conn_addr(svc, &ss);

	return sendto(fd, text, strlen(text), 0, (struct sockaddr *)&ss, len);
}

static void gets(int fd, const char *text)
{
	char buf[64];
	ssize_t n;

	expect(poll_for(fd, POLLIN, WAIT_MS) & POLLIN);
	n = must(recv(fd, buf, sizeof(buf), 0));
	if (n != (ssize_t)strlen(text) || memcmp(buf, text, n))
		die("got %.*s instead of %s", (int)n, buf, text);
}

static void gets_nothing(int fd)
{
	expect(poll_for(fd, POLLIN, 200) == 0);
}

static void check_datagram(const struct sal_seen *s, const struct sv_svc *to,
			   const char *text)
{
	size_t len = 8 + strlen(text);

	expect(sal_sum(s->hdr, s->hlen, 0) == 0);
	expect(s->hlen == 84 && s->src && !s->dst && s->proto == IPPROTO_UDP);
	expect(s->hdr[12] == 0x20 && s->hdr[13] == 36 && !s->hdr[14] &&
	       !s->hdr[15] && !memcmp(s->hdr + 16, to->id, 32));
	expect(s->hdr[48] == 0x20 && s->hdr[49] == 36 && !s->hdr[50] &&
	       !s->hdr[51]);
	expect(s->plen == len && s->pay[4] << 8 | s->pay[5]);
	expect((size_t)(s->pay[4] << 8 | s->pay[5]) == len);
	expect((s->pay[2] << 8 | s->pay[3]) == PORT);
	expect(sal_sum(s->pay, len, len + IPPROTO_UDP) == 0);
	expect(!memcmp(s->pay + 8, text, strlen(text)));
	expect(s->frag == IP_DF);
}

static void wire_datagram(void)
{
	int fd = sniff_open(CLI, DEV), c, s;
	struct sal_seen first, second;
	struct sv_svc svc, other;

	svc_new(&svc);
	svc_new(&other);
	s = bound_at(SRV, &svc);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "hello"));
	gets(s, "hello");
	sniff_expect(fd, &first, true);
	check_datagram(&first, &svc, "hello");
	/* one packet for a datagram; the same id and port for a service */
	must(send_to(c, &svc, "again"));
	sniff_expect(fd, &second, true);
	check_datagram(&second, &svc, "again");
	expect(second.src == first.src);
	expect(!memcmp(second.hdr + 52, first.hdr + 52, 32));
	expect(!memcmp(second.pay, first.pay, 2));
	expect(!sniff_next(fd, &second, 200));
}

static void wire_refusal(void)
{
	int fd = sniff_open(CLI, DEV), c = host_socket(CLI, SOCK_DGRAM);
	struct sal_seen s, nack;
	struct sv_svc svc;

	svc_new(&svc);
	must(send_to(c, &svc, ""));
	sniff_expect(fd, &s, true);
	check_datagram(&s, &svc, "");
	sniff_expect(fd, &nack, false);
	expect(nack.proto == SAL_NONE && nack.dst == s.src);
	expect(nack.hlen == 68 && nack.plen == 0 && nack.iplen < s.iplen);
	expect(nack.hdr[12] == 0x10 && nack.hdr[14] == SAL_NACK &&
	       nack.hdr[15] == ECONNREFUSED);
	expect(be32_at(nack.hdr + 20) == (__u32)(s.pay[0] << 8 | s.pay[1]));
	expect(!memcmp(nack.hdr + 36, svc.id, 32));
	expect(!sniff_next(fd, &nack, 200));
}

/**
 * struct forged - a datagram made by hand
 * @dst:  destination flow id
 * @ids:  SERVICE extensions
 * @len:  in the UDP header, 0 = right
 * @sum:  added to the checksum
 * @cut:  bytes of the UDP header and data, 0 = all
 * @what: counter that grows, NULL if it is right
 */
struct forged {
	__u32 dst;
	int ids;
	__u16 len;
	__u16 sum;
	size_t cut;
	const char *what;
};

static void forge(const struct forged *f, const struct sv_svc *svc)
{
	__u8 udp[13] = { 0x12, 0x34, PORT >> 8, PORT & 0xff, 0, 13, 0, 0,
			 'h', 'e', 'l', 'l', 'o' };
	struct sal_buf p;
	__u16 sum;
	int i;

	sal_start(&p, STRANGE_ID, f->dst, IPPROTO_UDP);
	for (i = 0; i < f->ids; i++)
		sal_add_service(&p, svc->id);
	sal_seal(&p);
	if (f->len)
		udp[5] = f->len;
	sum = sal_sum(udp, sizeof(udp), sizeof(udp) + IPPROTO_UDP) + f->sum;
	udp[6] = sum >> 8;
	udp[7] = sum;
	sal_data(&p, udp, f->cut ? f->cut : sizeof(udp));
	sal_send(CLI, &p, env.addr[CLI], env.addr[SRV]);
}

static void wire_malformed(void)
{
	static const struct forged list[] = {
		{ .ids = 2 },
		{ .ids = 2, .dst = 1, .what = "InNoFlow" },
		{ .ids = 1, .what = "InUnexpected" },
		{ .ids = 0, .what = "InUnexpected" },
		{ .ids = 2, .len = 12, .what = "InTransportErrors" },
		{ .ids = 2, .len = 14, .what = "InTransportErrors" },
		{ .ids = 2, .len = 7, .what = "InTransportErrors" },
		{ .ids = 2, .cut = 7, .what = "InTransportErrors" },
		{ .ids = 2, .cut = 8, .what = "InTransportErrors" },
		{ .ids = 2, .sum = 1, .what = "InTransportErrors" },
		{ .ids = 2 },
	};
	struct sv_svc svc;
	__u64 before = 0;
	size_t i;
	int s;

	svc_new(&svc);
	s = bound_at(SRV, &svc);
	for (i = 0; i < ARRAY_SIZE(list); i++) {
		if (list[i].what)
			before = counter(SRV, list[i].what);
		forge(&list[i], &svc);
		if (!list[i].what) {
			gets(s, "hello");
			continue;
		}
		expect(reaches(SRV, list[i].what, before + 1));
		gets_nothing(s);
	}
}

static void send_nack(__u32 dst, __u32 port, const struct sv_svc *svc)
{
	const struct sal_control control = { .flags = SAL_NACK, .ackno = port };
	struct sal_buf p;

	sal_start(&p, STRANGE_ID, dst, SAL_NONE);
	sal_add_control(&p, &control);
	if (svc)
		sal_add_service(&p, svc->id);
	sal_seal(&p);
	sal_send(SRV, &p, env.addr[SRV], env.addr[CLI]);
}

/* Who gets a socket's datagrams for one service can't refuse for another */
static void wire_forged_refusal(void)
{
	__u64 bad = counter(CLI, "InBadAck"), no = counter(CLI, "InNoFlow");
	int fd = sniff_open(CLI, DEV), c;
	struct sv_svc svc, other;
	struct sal_seen s;
	__u16 port;
	char b;

	svc_new(&svc);
	svc_new(&other);
	bound_at(SRV, &svc);
	bound_at(SRV, &other);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &other, "x"));
	must(send_to(c, &svc, "x"));
	sniff_expect(fd, &s, true);
	sniff_expect(fd, &s, true);
	port = s.pay[0] << 8 | s.pay[1];
	send_nack(s.src, port ^ 1, &svc);
	send_nack(s.src, port, &other);
	send_nack(s.src, port, NULL);
	send_nack(s.src, port | 0x10000, &svc);
	send_nack(s.src ^ 1, port, &svc);
	gets_nothing(c);
	expect(reaches(CLI, "InBadAck", bad + 4));
	expect(reaches(CLI, "InNoFlow", no + 1));
	send_nack(s.src, port, &svc);
	expect(poll_for(c, POLLIN, WAIT_MS) & POLLERR);
	fails(recv(c, &b, 1, MSG_DONTWAIT), ECONNREFUSED);
}

/* What is remembered of a resolution follows every change */
static void cache_follows_table(void)
{
	struct sv_svc svc;
	int c, s, near;

	svc_new(&svc);
	s = bound_at(SRV, &svc);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "far"));
	must(send_to(c, &svc, "far again"));
	gets(s, "far");
	gets(s, "far again");
	near = bound_at(CLI, &svc);
	must(send_to(c, &svc, "near"));
	gets(near, "near");
	close(near);
	must(send_to(c, &svc, "far"));
	gets(s, "far");
	gets_nothing(s);
}

static void set_mode(char mode)
{
	int fd;

	host_enter(CLI);
	fd = must(open("/proc/sys/net/serval/service_resolution_mode",
		       O_WRONLY));
	expect(must(write(fd, &mode, 1)) == 1);
	close(fd);
}

/* The script routes 0xa1/8 to two addresses of the server, 0xa2/8 to one */
static void modes(void)
{
	struct sv_svc svc;
	int c, s;

	svc_new(&svc);
	svc.id[0] = 0xa2;
	s = bound_at(SRV, &svc);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "forward"));
	gets(s, "forward");
	set_mode('1');
	fails(send_to(c, &svc, "only sockets"), EADDRNOTAVAIL);
	set_mode('0');
	must(send_to(c, &svc, "all"));
	gets(s, "all");
	gets_nothing(s);
	svc.id[0] = 0xa1;
	must(svc_bind(s, &svc));
	must(send_to(c, &svc, "twice"));
	gets(s, "twice");
	gets(s, "twice");
	set_mode('3');
	must(send_to(c, &svc, "once"));
	gets(s, "once");
	gets_nothing(s);
}

const struct sv_case dgram_wire_cases[] = {
	{ "wire-datagram", SV_SERVAL | SV_TWO, wire_datagram,
	  "a datagram is one packet with both names" },
	{ "wire-refusal", SV_SERVAL | SV_TWO, wire_refusal,
	  "a refusal is shorter than the shortest datagram" },
	{ "wire-malformed", SV_SERVAL | SV_TWO, wire_malformed,
	  "malformed datagrams are dropped and counted" },
	{ "wire-forged-refusal", SV_SERVAL | SV_TWO, wire_forged_refusal,
	  "only who has seen a datagram can refuse it" },
	{ "datagram-cache", SV_SERVAL | SV_TWO, cache_follows_table,
	  "a datagram goes where the table says when it is sent" },
	{ "datagram-modes", SV_SERVAL | SV_TWO, modes,
	  "service_resolution_mode counts for datagrams" },
	{ }
};
