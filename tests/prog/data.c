// SPDX-License-Identifier: GPL-2.0-only
/* Moving bytes: flags of send and recv, sendfile, splice, MSG_ZEROCOPY. */
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>
#include "sv.h"

#define BULK	(4 << 20)

/* A file in memory with the bytes stream_check() expects */
static int stream_file(size_t len, __u64 seed)
{
	static char buf[65536];
	int fd = must(memfd_create("sv", 0));
	size_t n;

	for (; len; len -= n) {
		n = len < sizeof(buf) ? len : sizeof(buf);
		fill(buf, n, seed);
		rnd(&seed);
		expect(write(fd, buf, n) == (ssize_t)n);
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void data_bulk(void)
{
	struct sv_pair p;
	pid_t up, down;

	pair_open(&p);
	up = stream_send(p.c, BULK, 11);
	down = stream_send(p.s, BULK, 13);
	stream_check(p.s, BULK, 11);
	stream_check(p.c, BULK, 13);
	child_ok(up);
	child_ok(down);
	pair_close(&p);
}

static void data_sendfile(void)
{
	int fd = stream_file(BULK, 17);
	struct sv_pair p;
	pid_t pid;

	pair_open(&p);
	pid = must(fork());
	if (!pid) {
		size_t left = BULK;

		while (left)
			left -= must(sendfile(p.c, fd, NULL, left));
		_exit(0);
	}
	stream_check(p.s, BULK, 17);
	child_ok(pid);
	pair_close(&p);
}

static void pump(int from, int to, size_t len)
{
	int pipefd[2];

	must(pipe(pipefd));
	while (len) {
		ssize_t n = must(splice(from, NULL, pipefd[1], NULL, 65536,
					SPLICE_F_MOVE));

		expect(n > 0);
		len -= n;
		while (n)
			n -= must(splice(pipefd[0], NULL, to, NULL, n,
					 SPLICE_F_MOVE));
	}
	close(pipefd[0]);
	close(pipefd[1]);
}

/* File -> pipe -> socket -> socket -> pipe -> file, never in user space */
static void data_splice(void)
{
	int in = stream_file(BULK, 19);
	int out = must(memfd_create("out", 0));
	static char a[65536], b[65536];
	struct sv_pair p;
	pid_t pid;
	size_t i;

	pair_open(&p);
	pid = must(fork());
	if (!pid) {
		pump(in, p.c, BULK);
		_exit(0);
	}
	pump(p.s, out, BULK);
	child_ok(pid);
	for (i = 0; i < BULK; i += sizeof(a)) {
		expect(pread(in, a, sizeof(a), i) == sizeof(a));
		expect(pread(out, b, sizeof(b), i) == sizeof(b));
		expect(!memcmp(a, b, sizeof(a)));
	}
	pair_close(&p);
}

static void data_peek(void)
{
	struct sv_pair p;
	char buf[8];

	pair_open(&p);
	put(p.c, "abcdef", 6);
	expect(poll_for(p.s, POLLIN, 10000));
	expect(must(recv(p.s, buf, 3, MSG_PEEK)) == 3);
	expect(must(recv(p.s, buf, 8, MSG_PEEK)) == 6);
	expect(must(recv(p.s, NULL, 2, MSG_TRUNC)) == 2);	/* discard */
	expect(must(recv(p.s, buf, 8, 0)) == 4);
	expect(!memcmp(buf, "cdef", 4));
	fails(recv(p.s, buf, 1, MSG_DONTWAIT), EAGAIN);
	pair_close(&p);
}

static void data_waitall(void)
{
	struct sv_pair p;
	char buf[100];
	pid_t pid;
	int i;

	pair_open(&p);
	pid = must(fork());
	if (!pid) {
		for (i = 0; i < 10; i++) {
			put(p.c, "0123456789", 10);
			nap_ms(1);
		}
		_exit(0);
	}
	expect(must(recv(p.s, buf, 100, MSG_WAITALL)) == 100);
	child_ok(pid);
	pair_close(&p);
}

static void data_urgent(void)
{
	struct sv_pair p;
	char buf[8];
	int mark = -1;

	pair_open(&p);
	put(p.c, "ab", 2);
	must(send(p.c, "!", 1, MSG_OOB));
	put(p.c, "cd", 2);
	expect(poll_for(p.s, POLLPRI, 10000) & POLLPRI);
	expect(must(recv(p.s, buf, 1, MSG_OOB)) == 1);
	expect(buf[0] == '!');
	get(p.s, buf, 2);
	expect(!memcmp(buf, "ab", 2));
	must(ioctl(p.s, SIOCATMARK, &mark));
	expect(mark == 1);
	get(p.s, buf, 2);
	expect(!memcmp(buf, "cd", 2));
	pair_close(&p);
}

static void data_queues(void)
{
	struct sv_pair p;
	char buf[100];
	int n = -1;

	pair_open(&p);
	put(p.c, buf, 100);
	while (!n || n == -1) {
		must(ioctl(p.s, SIOCINQ, &n));
		poll_for(p.s, POLLIN, 10000);
	}
	expect(n == 100);
	do {
		nap_ms(1);
		must(ioctl(p.c, SIOCOUTQ, &n));
	} while (n);			/* all of it acknowledged */
	get(p.s, buf, 100);
	must(ioctl(p.s, SIOCINQ, &n));
	expect(n == 0);
	fails(ioctl(p.lfd, SIOCINQ, &n), EINVAL);
	pair_close(&p);
}

static void data_vectors(void)
{
	char a[3] = "one", b[3] = "two", in[16];
	struct iovec iov[2] = { { a, 3 }, { b, 3 } };
	struct mmsghdr mm[2] = {
		{ .msg_hdr = { .msg_iov = iov, .msg_iovlen = 2 } },
		{ .msg_hdr = { .msg_iov = iov, .msg_iovlen = 1 } },
	};
	struct sv_pair p;

	pair_open(&p);
	expect(must(writev(p.c, iov, 2)) == 6);
	expect(must(sendmmsg(p.c, mm, 2, 0)) == 2);
	get(p.s, in, 15);
	expect(!memcmp(in, "onetwoonetwoone", 15));
	pair_close(&p);
}

static void data_more(void)
{
	struct sv_pair p;
	char buf[8];

	pair_open(&p);
	must(send(p.c, "ab", 2, MSG_MORE));
	must(send(p.c, "cd", 2, 0));
	get(p.s, buf, 4);
	expect(!memcmp(buf, "abcd", 4));
	pair_close(&p);
}

static void data_no_address(void)
{
	struct sockaddr_sv sv;
	struct sv_pair p;

	pair_open(&p);
	sv = svc_sv(&p.svc);
	/* a connected stream has one peer: the address is not looked at */
	expect(must(sendto(p.c, "ab", 2, 0, (struct sockaddr *)&sv,
			   sizeof(sv))) == 2);
	get(p.s, (char[2]) { }, 2);
	pair_close(&p);
}

static void zc_wait(int fd, __u32 want)
{
	char ctl[256];

	for (;;) {
		struct msghdr msg = {
			.msg_control = ctl, .msg_controllen = sizeof(ctl),
		};
		struct sock_extended_err ee;
		struct cmsghdr *c;

		expect(poll_for(fd, 0, 10000) & POLLERR);
		must(recvmsg(fd, &msg, MSG_ERRQUEUE));
		c = CMSG_FIRSTHDR(&msg);
		expect(c && c->cmsg_level == (env.family == AF_INET ?
					      SOL_IP : SOL_IPV6));
		memcpy(&ee, CMSG_DATA(c), sizeof(ee));
		expect(ee.ee_origin == SO_EE_ORIGIN_ZEROCOPY);
		expect(ee.ee_errno == 0);
		if (ee.ee_data + 1 == want)
			return;
	}
}

static void zerocopy(int fd, int peer)
{
	enum { N = 8, LEN = 65536 };
	static char buf[N][LEN], in[LEN];
	int one = 1, i;

	must(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)));
	for (i = 0; i < N; i++) {
		size_t done = 0;

		fill(buf[i], LEN, 23 + i);
		/* the receiver keeps up, so a short send never comes */
		done = must(send(fd, buf[i], LEN, MSG_ZEROCOPY));
		expect(done == LEN);
		get(peer, in, LEN);
		expect(!memcmp(in, buf[i], LEN));
	}
	zc_wait(fd, N);
}

static void data_zerocopy(void)
{
	struct sv_pair p;

	pair_open(&p);
	zerocopy(p.c, p.s);
	zerocopy(p.s, p.c);
	pair_close(&p);
}

/* MSG_ZEROCOPY without SO_ZEROCOPY is an ordinary send */
static void data_zerocopy_off(void)
{
	struct sv_pair p;

	pair_open(&p);
	must(send(p.c, "abcd", 4, MSG_ZEROCOPY));
	get(p.s, (char[4]) { }, 4);
	expect(!(poll_for(p.c, 0, 50) & POLLERR));
	pair_close(&p);
}

static void data_bad_pointer(void)
{
	struct sv_pair p;

	pair_open(&p);
	fails(send(p.c, (void *)8, 10, 0), EFAULT);
	put(p.c, "ok", 2);
	expect(poll_for(p.s, POLLIN, 10000));
	fails(recv(p.s, (void *)8, 2, 0), EFAULT);
	pair_close(&p);
}

const struct sv_case data_cases[] = {
	{ "bulk", SV_ANY, data_bulk,
	  "4 MB in both directions at once arrive byte for byte" },
	{ "sendfile", SV_ANY, data_sendfile,
	  "sendfile() sends a file byte for byte" },
	{ "splice", SV_ANY, data_splice,
	  "splice() moves data from and to a socket" },
	{ "peek", SV_ANY, data_peek,
	  "MSG_PEEK and MSG_TRUNC look and discard" },
	{ "waitall", SV_ANY, data_waitall,
	  "MSG_WAITALL waits for all" },
	{ "urgent", SV_ANY, data_urgent,
	  "urgent data and SIOCATMARK work" },
	{ "queues", SV_ANY, data_queues,
	  "SIOCINQ and SIOCOUTQ count what is queued" },
	{ "vectors", SV_ANY, data_vectors,
	  "writev() and sendmmsg() keep the order" },
	{ "more", SV_ANY, data_more,
	  "MSG_MORE joins writes" },
	{ "no-address", SV_SERVAL, data_no_address,
	  "sendto() on a connection goes to the connection" },
	{ "zerocopy", SV_ANY, data_zerocopy,
	  "MSG_ZEROCOPY completes, on connected and accepted sockets" },
	{ "zerocopy-off", SV_ANY, data_zerocopy_off,
	  "MSG_ZEROCOPY without SO_ZEROCOPY copies" },
	{ "bad-pointer", SV_ANY, data_bad_pointer,
	  "a bad pointer is EFAULT, not lost data" },
	{ }
};
