// SPDX-License-Identifier: GPL-2.0-only
/* Several datagrams in one call: UDP_SEGMENT and UDP_GRO. */
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "sv.h"

#define MAX		65536
#define MAX_SERVAL	65495
#define WAIT_MS		30000
/* Of an Ethernet packet: IPv4, the SAL header, UDP */
#define MAX_SEGMENT	(1500 - 20 - 12 - 8)
/* No kernel takes more in one call */
#define TOO_MANY	129

static void set_udp(int fd, int opt, int val)
{
	must(setsockopt(fd, SOL_UDP, opt, &val, sizeof(val)));
}

static void open_gso_pair(struct sv_pair *p)
{
	svc_new(&p->svc);
	p->lfd = svc_listen_as(&p->svc, SOCK_DGRAM, 8);
	p->c = host_socket(CLI, SOCK_DGRAM);
	must(svc_connect(p->c, &p->svc));
	expect(poll_for(p->lfd, POLLIN, WAIT_MS) & POLLIN);
	p->s = must(accept(p->lfd, NULL, NULL));
}

/* One message; @size as UDP_GRO tells it, 0 if it does not */
static ssize_t get_message(int fd, void *buf, size_t len, int *size)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm;
	ssize_t n;

	expect(poll_for(fd, POLLIN, WAIT_MS) & POLLIN);
	n = must(recvmsg(fd, &msg, 0));
	expect(!(msg.msg_flags & MSG_TRUNC));
	*size = 0;
	cm = CMSG_FIRSTHDR(&msg);
	if (cm) {
		expect(cm->cmsg_level == SOL_UDP && cm->cmsg_type == UDP_GRO);
		memcpy(size, CMSG_DATA(cm), sizeof(*size));
	}
	return n;
}

/* @len bytes that left in pieces of @size arrive so */
static void get_pieces(int fd, const char *want, size_t len, size_t size)
{
	static char in[MAX];
	size_t off, n;
	int told;

	for (off = 0; off < len; off += n) {
		n = len - off < size ? len - off : size;
		expect(get_message(fd, in, sizeof(in), &told) == (ssize_t)n);
		expect(!told && !memcmp(in, want + off, n));
	}
}

static void pass_pieces(int from, int to, size_t len, size_t size)
{
	static char out[MAX];

	fill(out, len, rnd_seed());
	expect(must(send(from, out, len, 0)) == (ssize_t)len);
	get_pieces(to, out, len, size);
}

static void gso_connected(void)
{
	static const size_t lens[] = { 1, 999, 1000, 1001, 2000, 10500, 40000 };
	struct sv_pair p;
	size_t i;

	open_gso_pair(&p);
	set_udp(p.c, UDP_SEGMENT, 1000);
	for (i = 0; i < ARRAY_SIZE(lens); i++)
		pass_pieces(p.c, p.s, lens[i], 1000);
	set_udp(p.s, UDP_SEGMENT, MAX_SEGMENT);
	pass_pieces(p.s, p.c, 44 * MAX_SEGMENT + 7, MAX_SEGMENT);
	set_udp(p.c, UDP_SEGMENT, 1);
	pass_pieces(p.c, p.s, 64, 1);
	set_udp(p.c, UDP_SEGMENT, 0);
	pass_pieces(p.c, p.s, 5000, 5000);
}

/* A size for one call, by a control message of @len bytes */
static ssize_t send_sized(int fd, const struct sv_svc *to, char *buf,
			  size_t bytes, __u16 size, size_t len)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { };
	struct sockaddr_storage ss;
	struct iovec iov = { buf, bytes };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = CMSG_SPACE(len),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	if (to) {
		msg.msg_namelen = svc_conn_addr(to, &ss);
		msg.msg_name = &ss;
	}
	cm->cmsg_level = SOL_UDP;
	cm->cmsg_type = UDP_SEGMENT;
	cm->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cm), &size, sizeof(size));
	return sendmsg(fd, &msg, 0);
}

static void gso_cmsg(void)
{
	static char out[MAX];
	struct sv_pair p;

	fill(out, 9000, rnd_seed());
	open_gso_pair(&p);
	set_udp(p.c, UDP_SEGMENT, 100);
	expect(must(send_sized(p.c, NULL, out, 9000, 700, 2)) == 9000);
	get_pieces(p.s, out, 9000, 700);
	fails(send_sized(p.c, NULL, out, 9000, 700, 4), EINVAL);
	expect(must(send_sized(p.c, NULL, out, 5000, 0, 2)) == 5000);
	get_pieces(p.s, out, 5000, 5000);
}

static void gso_unconnected(void)
{
	static char out[MAX];
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int s, c;

	svc_new(&svc);
	s = host_socket(SRV, SOCK_DGRAM);
	must(svc_bind(s, &svc));
	c = host_socket(CLI, SOCK_DGRAM);
	len = svc_conn_addr(&svc, &ss);
	fill(out, 20000, rnd_seed());
	set_udp(c, UDP_SEGMENT, 1300);
	expect(must(sendto(c, out, 20000, 0, (struct sockaddr *)&ss, len)) ==
	       20000);
	get_pieces(s, out, 20000, 1300);
	expect(must(send_sized(c, &svc, out, 20000, 500, 2)) == 20000);
	get_pieces(s, out, 20000, 500);
}

static void gso_before_accept(void)
{
	static char out[MAX];
	struct sv_svc svc;
	int l, s, c;

	svc_new(&svc);
	l = svc_listen_as(&svc, SOCK_DGRAM, 1);
	c = host_socket(CLI, SOCK_DGRAM);
	must(svc_connect(c, &svc));
	set_udp(c, UDP_SEGMENT, 1000);
	set_udp(l, UDP_SEGMENT, 300);
	fill(out, 7500, rnd_seed());
	must(send(c, out, 7500, 0));
	expect(poll_for(l, POLLIN, WAIT_MS) & POLLIN);
	s = must(accept(l, NULL, NULL));
	get_pieces(s, out, 7500, 1000);
	pass_pieces(s, c, 1000, 300);
}

/* Also where a device has merged what left in pieces */
static void gro_merged(void)
{
	static char out[MAX], in[MAX];
	bool merged = false;
	int told, tries;
	struct sv_pair p;
	ssize_t n;
	size_t off;

	open_gso_pair(&p);
	set_udp(p.c, UDP_SEGMENT, 1000);
	set_udp(p.s, UDP_GRO, 1);
	for (tries = 0; tries < 1000 && !merged; tries++) {
		fill(out, 20500, rnd_seed());
		must(send(p.c, out, 20500, 0));
		for (off = 0; off < 20500; off += n) {
			n = get_message(p.s, in, sizeof(in), &told);
			expect(n && off + n <= 20500);
			expect(!memcmp(in, out + off, n));
			expect(told == (n > 1000 ? 1000 : 0));
			merged |= told;
		}
	}
	expect(merged);
	set_udp(p.s, UDP_GRO, 0);
	pass_pieces(p.c, p.s, 20500, 1000);
}

/* A program that listens says it once for all */
static void gro_inherited(void)
{
	socklen_t len = sizeof(int);
	struct sv_pair p;
	int on = 0;

	svc_new(&p.svc);
	p.lfd = host_socket(SRV, SOCK_DGRAM);
	must(svc_bind(p.lfd, &p.svc));
	set_udp(p.lfd, UDP_GRO, 1);
	must(listen(p.lfd, 1));
	p.c = host_socket(CLI, SOCK_DGRAM);
	must(svc_connect(p.c, &p.svc));
	expect(poll_for(p.lfd, POLLIN, WAIT_MS) & POLLIN);
	p.s = must(accept(p.lfd, NULL, NULL));
	must(getsockopt(p.s, SOL_UDP, UDP_GRO, &on, &len));
	expect(on == 1);
	must(getsockopt(p.c, SOL_UDP, UDP_GRO, &on, &len));
	expect(on == 0);
}

/* Inside UDP it is the kernel's segmentation of tunnels that cuts */
static void gso_encap(void)
{
	int always = SERVAL_UDP_ALWAYS;
	struct sv_pair p;

	svc_new(&p.svc);
	p.lfd = svc_listen_as(&p.svc, SOCK_DGRAM, 1);
	p.c = host_socket(CLI, SOCK_DGRAM);
	must(setsockopt(p.c, SOL_SERVAL, SERVAL_UDP_ENCAP, &always,
			sizeof(always)));
	must(svc_connect(p.c, &p.svc));
	expect(poll_for(p.lfd, POLLIN, WAIT_MS) & POLLIN);
	p.s = must(accept(p.lfd, NULL, NULL));
	set_udp(p.c, UDP_SEGMENT, 1200);
	set_udp(p.s, UDP_SEGMENT, 1200);
	pass_pieces(p.c, p.s, 30000, 1200);
	pass_pieces(p.s, p.c, 30000, 1200);
}

static void gso_refused(void)
{
	int bad[] = { -1, 65536 }, one = 1;
	static char out[MAX];
	struct sv_pair p;

	open_gso_pair(&p);
	fails(setsockopt(p.c, SOL_UDP, UDP_SEGMENT, &bad[0], sizeof(int)),
	      EINVAL);
	fails(setsockopt(p.c, SOL_UDP, UDP_SEGMENT, &bad[1], sizeof(int)),
	      EINVAL);
	fails(setsockopt(p.c, SOL_UDP, UDP_SEGMENT, &one, 2), EINVAL);
	fails(setsockopt(p.c, SOL_UDP, UDP_GRO, &one, 2), EINVAL);
	set_udp(p.c, UDP_SEGMENT, 10);
	fails(send(p.c, out, 10 * TOO_MANY, 0), EINVAL);
	set_udp(p.c, UDP_SEGMENT, 1000);
	fails(send(p.c, out, MAX_SERVAL + 1, 0), EMSGSIZE);
	if (env.two) {
		set_udp(p.c, UDP_SEGMENT, MAX_SEGMENT + 1);
		fails(send(p.c, out, 2 * MAX_SEGMENT, 0), EINVAL);
	}
	set_udp(p.c, UDP_SEGMENT, MAX_SEGMENT);
	pass_pieces(p.c, p.s, 3 * MAX_SEGMENT, MAX_SEGMENT);
}

const struct sv_case dgram_gso_cases[] = {
	{ "gso-connected", SV_SERVAL, gso_connected,
	  "UDP_SEGMENT: one call, many datagrams" },
	{ "gso-cmsg", SV_SERVAL, gso_cmsg,
	  "a call may have a size of its own" },
	{ "gso-unconnected", SV_ANY, gso_unconnected,
	  "sendto() as well" },
	{ "gso-before-accept", SV_SERVAL, gso_before_accept,
	  "they wait for accept(), which passes the size on" },
	{ "gro-merged", SV_SERVAL, gro_merged,
	  "UDP_GRO: many datagrams, one call" },
	{ "gro-inherited", SV_SERVAL, gro_inherited,
	  "accept() passes UDP_GRO on" },
	{ "gso-encap", SV_SERVAL, gso_encap,
	  "the same inside UDP" },
	{ "gso-refused", SV_SERVAL, gso_refused,
	  "too many, too long and wrong sizes are refused" },
	{ }
};
