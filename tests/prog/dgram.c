// SPDX-License-Identifier: GPL-2.0-only
/* Unconnected datagrams. */
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sv.h"

#define MAX	65536
#define WAIT_MS	30000

/* The largest datagrams there are */
#define MAX_INET	65507
#define MAX_SERVAL	65423
#define MAX_SERVAL6	65443

/**
 * struct from - who sent a datagram
 * @ss:  its address, followed by bytes that must not be written
 * @len: as recvfrom() gave it
 */
struct from {
	struct sockaddr_storage ss;
	socklen_t len;
};

struct sv_name {
	struct sockaddr_sv sv;
	struct sockaddr_in sin;
};

static int bound(const struct sv_svc *svc)
{
	int fd = host_socket(SRV, SOCK_DGRAM);

	must(svc_bind(fd, svc));
	return fd;
}

static ssize_t send_to(int fd, const struct sv_svc *svc, const void *buf,
		       size_t len, int flags)
{
	struct sockaddr_storage ss;
	socklen_t alen = svc_conn_addr(svc, &ss);

	return sendto(fd, buf, len, flags, (struct sockaddr *)&ss, alen);
}

static ssize_t get_from(int fd, void *buf, size_t len, struct from *f)
{
	f->len = sizeof(f->ss);
	memset(&f->ss, 0xa5, sizeof(f->ss));
	expect(poll_for(fd, POLLIN, WAIT_MS) & POLLIN);
	return must(recvfrom(fd, buf, len, 0, (struct sockaddr *)&f->ss,
			     &f->len));
}

static void answer(int fd, const struct from *f, const void *buf, size_t len)
{
	expect(must(sendto(fd, buf, len, 0, (struct sockaddr *)&f->ss,
			   f->len)) == (ssize_t)len);
}

/* One datagram there and one back, both compared */
static void request(int c, int s, const struct sv_svc *svc, size_t len)
{
	static char out[MAX], in[MAX];
	struct from f;

	fill(out, len, rnd_seed());
	expect(must(send_to(c, svc, out, len, 0)) == (ssize_t)len);
	expect(get_from(s, in, sizeof(in), &f) == (ssize_t)len);
	expect(!memcmp(in, out, len));
	fill(out, len, rnd_seed());
	answer(s, &f, out, len);
	expect(get_from(c, in, sizeof(in), &f) == (ssize_t)len);
	expect(!memcmp(in, out, len));
}

static void dgram_request(void)
{
	struct sv_svc svc;
	int s, c, i;

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	for (i = 0; i < 20; i++)
		request(c, s, &svc, 100);
}

/* Two senders are not mixed up, each gets its own answer */
static void dgram_two_clients(void)
{
	struct sv_svc svc;
	struct from fa, fb;
	char buf[8];
	int s, a, b;

	svc_new(&svc);
	s = bound(&svc);
	a = host_socket(CLI, SOCK_DGRAM);
	b = host_socket(CLI, SOCK_DGRAM);
	must(send_to(a, &svc, "a", 1, 0));
	expect(get_from(s, buf, sizeof(buf), &fa) == 1 && buf[0] == 'a');
	must(send_to(b, &svc, "b", 1, 0));
	expect(get_from(s, buf, sizeof(buf), &fb) == 1 && buf[0] == 'b');
	answer(s, &fb, "B", 1);
	answer(s, &fa, "A", 1);
	expect(get_from(a, buf, sizeof(buf), &fa) == 1 && buf[0] == 'A');
	expect(get_from(b, buf, sizeof(buf), &fb) == 1 && buf[0] == 'B');
	fails(recv(a, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	fails(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

static socklen_t sock_name(int fd, struct sv_name *n)
{
	socklen_t len = sizeof(*n);

	must(getsockname(fd, (struct sockaddr *)n, &len));
	return len;
}

static void dgram_names(void)
{
	static const socklen_t rooms[] = { 0, 2, 20, 36, 40, 51 };
	struct sv_name mine, *n;
	struct sv_svc svc;
	struct from f;
	socklen_t len;
	char buf[8];
	size_t i;
	int s, c;

	svc_new(&svc);
	s = bound(&svc);
	expect(sock_name(s, &mine) == SV_NAME_LEN);
	expect(!memcmp(mine.sv.sv_srvid.s_sid, svc.id, sizeof(svc.id)));
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "x", 1, 0));
	expect(sock_name(c, &mine) == SV_NAME_LEN);
	get_from(s, buf, sizeof(buf), &f);
	n = (struct sv_name *)&f.ss;
	expect(f.len == SV_NAME_LEN);
	expect(n->sv.sv_family == AF_SERVAL && !n->sv.sv_flags &&
	       !n->sv.sv_prefix_bits);
	expect(!memcmp(&n->sv.sv_srvid, &mine.sv.sv_srvid, 32));
	expect(n->sin.sin_family == AF_INET && !n->sin.sin_port &&
	       n->sin.sin_addr.s_addr == env.addr[CLI].s_addr);
	expect(((char *)&f.ss)[SV_NAME_LEN] == (char)0xa5);
	/* it keeps its name */
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		char name[64];

		must(send_to(c, &svc, "y", 1, 0));
		memset(name, 0x5a, sizeof(name));
		len = rooms[i];
		must(recvfrom(s, buf, sizeof(buf), 0, (struct sockaddr *)name,
			      &len));
		expect(len == SV_NAME_LEN);
		expect(!memcmp(name, &f.ss, rooms[i]));
		expect(name[rooms[i]] == 0x5a);
	}
}

static size_t size_max(void)
{
	return env.family == AF_SERVAL ? MAX_SERVAL : MAX_INET;
}

static void dgram_fragments(void)
{
	struct sv_svc svc;
	int s, c;

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	request(c, s, &svc, 3000);
	request(c, s, &svc, 40001);
}

static void dgram_sizes(void)
{
	static const size_t sizes[] = { 0, 1, 7, 100, 1376, 1377, 1388, 1389,
					1472, 1473, 3000, 3600, 5001, 20000,
					40001 };
	static char buf[MAX];
	struct sv_svc svc;
	size_t i;
	int s, c;

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		request(c, s, &svc, sizes[i]);
	request(c, s, &svc, size_max());
	fails(send_to(c, &svc, buf, size_max() + 1, 0), EMSGSIZE);
	fails(send_to(c, &svc, buf, MAX, 0), EMSGSIZE);
	request(c, s, &svc, 10);
}

static void dgram_peek(void)
{
	char buf[16] = "", out[] = "0123456789";
	struct sv_svc svc;
	struct from f;
	int s, c;

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, out, 10, 0));
	must(send_to(c, &svc, "next", 4, 0));
	expect(poll_for(s, POLLIN, WAIT_MS));
	expect(must(recv(s, buf, 4, MSG_PEEK)) == 4 && !memcmp(buf, out, 4));
	expect(must(recv(s, buf, 4, MSG_PEEK | MSG_TRUNC)) == 10);
	f.len = sizeof(f.ss);
	expect(must(recvfrom(s, buf, sizeof(buf), MSG_PEEK,
			     (struct sockaddr *)&f.ss, &f.len)) == 10);
	expect(f.ss.ss_family == env.family);
	expect(must(recv(s, buf, 4, MSG_TRUNC)) == 10);
	expect(!memcmp(buf, out, 4));
	/* the rest of it is gone */
	expect(get_from(s, buf, sizeof(buf), &f) == 4);
	expect(!memcmp(buf, "next", 4));
	fails(recv(s, buf, 4, MSG_DONTWAIT | MSG_PEEK), EAGAIN);
}

static void dgram_trunc_flag(void)
{
	char buf[8];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct sv_svc svc;
	int s, c;

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "0123456789", 10, 0));
	must(send_to(c, &svc, "01234567", 8, 0));
	expect(must(recvmsg(s, &msg, 0)) == 8);
	expect(msg.msg_flags & MSG_TRUNC);
	expect(must(recvmsg(s, &msg, 0)) == 8);
	expect(!(msg.msg_flags & MSG_TRUNC));
}

static void dgram_peek_off(void)
{
	struct sv_svc svc;
	int s, c, off = 2;
	char buf[8];

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "012345", 6, 0));
	must(setsockopt(s, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)));
	expect(poll_for(s, POLLIN, WAIT_MS));
	expect(must(recv(s, buf, 2, MSG_PEEK)) == 2 && !memcmp(buf, "23", 2));
	expect(must(recv(s, buf, 2, MSG_PEEK)) == 2 && !memcmp(buf, "45", 2));
	expect(must(recv(s, buf, sizeof(buf), 0)) == 6);
	expect(!memcmp(buf, "012345", 6));
}

static void dgram_timeout(void)
{
	struct timeval tv = { .tv_usec = 50000 };
	int fd = host_socket(SRV, SOCK_DGRAM);
	struct sv_svc svc;
	char c;

	svc_new(&svc);
	must(svc_bind(fd, &svc));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	fails(recv(fd, &c, 1, 0), EAGAIN);
	fails(recv(fd, &c, 1, MSG_DONTWAIT), EAGAIN);
	set_nonblock(fd);
	fails(recv(fd, &c, 1, 0), EAGAIN);
}

static void dgram_poll(void)
{
	struct sv_svc svc;
	struct from f;
	int s, c;
	char b;

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	expect(poll_for(s, POLLIN | POLLOUT, 0) == POLLOUT);
	expect(poll_for(c, POLLIN | POLLOUT | POLLHUP, 0) == POLLOUT);
	must(send_to(c, &svc, "", 0, 0));
	expect(poll_for(s, POLLIN, WAIT_MS) == POLLIN);
	/* an empty datagram is one */
	expect(get_from(s, &b, 1, &f) == 0);
	expect(poll_for(s, POLLIN, 0) == 0);
}

/* A client hears that nobody is there, in one round trip */
static void dgram_refused(void)
{
	__u64 nacks = counter(CLI, "InNack");
	struct sv_svc svc;
	char b;
	int c;

	svc_new(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "x", 1, 0));
	expect(poll_for(c, POLLIN, WAIT_MS) & POLLERR);
	fails(recv(c, &b, 1, MSG_DONTWAIT), ECONNREFUSED);
	fails(recv(c, &b, 1, MSG_DONTWAIT), EAGAIN);
	expect(counter(CLI, "InNack") == nacks + 1);
	must(send_to(c, &svc, "x", 1, 0));
	expect(poll_for(c, POLLIN, WAIT_MS) & POLLERR);
	fails(send_to(c, &svc, "x", 1, 0), ECONNREFUSED);
	must(send_to(c, &svc, "x", 1, 0));
}

/* A server does not hear of clients that went away */
static void dgram_server_not_told(void)
{
	__u64 nacks = counter(SRV, "InNack");
	struct sv_svc svc;
	struct from f;
	int s, c;
	char b;

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "x", 1, 0));
	get_from(s, &b, 1, &f);
	close(c);
	answer(s, &f, "y", 1);
	expect(reaches(SRV, "InNack", nacks + 1));
	expect(so_error(s) == 0);
	answer(s, &f, "y", 1);
}

static void dgram_no_rule(void)
{
	__u64 no_rule = counter(CLI, "NoRule");
	int c = host_socket(CLI, SOCK_DGRAM);
	struct sv_svc svc;

	svc_new(&svc);
	svc.id[0] = 0x77;
	fails(send_to(c, &svc, "x", 1, 0), EHOSTUNREACH);
	svc.id[0] = 0xdd;
	fails(send_to(c, &svc, "x", 1, 0), EHOSTUNREACH);
	expect(counter(CLI, "NoRule") == no_rule + 2);
	expect(so_error(c) == 0);
}

/* A stream and a datagram socket of one name do not see each other's packets */
static void dgram_both_kinds(void)
{
	struct sv_svc svc;
	int l, s, c, a;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	if (env.family == AF_SERVAL)	/* not there for datagrams yet */
		expect(must(send_to(host_socket(CLI, SOCK_DGRAM), &svc, "x", 1,
				    0)) == 1);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	request(c, s, &svc, 10);
	a = svc_dial(&svc);
	exchange(a, must(accept(l, NULL, NULL)), 10);
	close(l);
	request(c, s, &svc, 10);
	fails(svc_connect(host_socket(CLI, SOCK_STREAM), &svc), ECONNREFUSED);
}

/* A longer prefix that only a stream socket has does not hide a datagram one */
static void dgram_prefix_kinds(void)
{
	struct sv_svc wide, exact;
	int s, c;

	svc_new(&wide);
	exact = wide;
	wide.bits = 64;
	s = bound(&wide);
	svc_listen(&exact, 1);
	c = host_socket(CLI, SOCK_DGRAM);
	request(c, s, &exact, 10);
}

static ssize_t recv_dest(int fd, struct from *f, struct service_id *dest)
{
	char buf[16], control[CMSG_SPACE(sizeof(*dest))];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_name = &f->ss,
		.msg_namelen = sizeof(f->ss),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm;
	ssize_t n;

	expect(poll_for(fd, POLLIN, WAIT_MS));
	n = must(recvmsg(fd, &msg, 0));
	f->len = msg.msg_namelen;
	cm = CMSG_FIRSTHDR(&msg);
	expect(cm && cm->cmsg_level == SOL_SERVAL &&
	       cm->cmsg_type == SERVAL_DEST &&
	       cm->cmsg_len == CMSG_LEN(sizeof(*dest)));
	memcpy(dest, CMSG_DATA(cm), sizeof(*dest));
	return n;
}

static ssize_t send_from(int fd, const struct from *f,
			 const struct service_id *src)
{
	char control[CMSG_SPACE(sizeof(*src))] = "";
	struct iovec iov = { "re", 2 };
	struct msghdr msg = {
		.msg_name = (void *)&f->ss,
		.msg_namelen = f->len,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_SERVAL;
	cm->cmsg_type = SERVAL_DEST;
	cm->cmsg_len = CMSG_LEN(sizeof(*src));
	memcpy(CMSG_DATA(cm), src, sizeof(*src));
	return sendmsg(fd, &msg, 0);
}

static void dgram_dest(void)
{
	struct sv_svc wide, exact;
	int s, c, one = 1, val = 0;
	socklen_t len = sizeof(val);
	struct service_id dest;
	struct sv_name *n;
	struct from f;
	char buf[8];

	svc_new(&wide);
	exact = wide;
	exact.id[9] ^= 0x55;
	wide.bits = 68;
	s = bound(&wide);
	must(getsockopt(s, SOL_SERVAL, SERVAL_RECVDEST, &val, &len));
	expect(val == 0);
	must(setsockopt(s, SOL_SERVAL, SERVAL_RECVDEST, &one, sizeof(one)));
	must(getsockopt(s, SOL_SERVAL, SERVAL_RECVDEST, &val, &len));
	expect(val == 1);
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &exact, "x", 1, 0));
	expect(recv_dest(s, &f, &dest) == 1);
	expect(!memcmp(&dest, exact.id, sizeof(dest)));
	expect(must(send_from(s, &f, &dest)) == 2);
	get_from(c, buf, sizeof(buf), &f);
	n = (struct sv_name *)&f.ss;
	expect(!memcmp(&n->sv.sv_srvid, exact.id, sizeof(dest)));
	dest.s_sid[8] ^= 0x10;	/* the last bit of the prefix */
	fails(send_from(s, &f, &dest), EADDRNOTAVAIL);
	dest.s_sid[8] ^= 0x18;	/* the first one after it */
	must(send_from(s, &f, &dest));
}

static void dgram_bind(void)
{
	struct sv_svc svc, other;
	int a, b, c;

	svc_new(&svc);
	svc_new(&other);
	a = bound(&svc);
	b = host_socket(SRV, SOCK_DGRAM);
	fails(svc_bind(b, &svc), EADDRINUSE);
	must(svc_bind(a, &other));
	must(svc_bind(b, &svc));
	c = host_socket(CLI, SOCK_DGRAM);
	request(c, b, &svc, 10);
	request(c, a, &other, 10);
	close(b);
	b = bound(&svc);
	request(c, b, &svc, 10);
}

static void dgram_reuseport(void)
{
	enum { N = 4, CLIENTS = 100 };
	int s[N], got[N] = { 0 }, total = 0, one = 1, i, c;
	struct sv_svc svc;
	char b;

	svc_new(&svc);
	for (i = 0; i < N; i++) {
		s[i] = host_socket(SRV, SOCK_DGRAM);
		must(setsockopt(s[i], SOL_SOCKET, SO_REUSEPORT, &one,
				sizeof(one)));
		must(svc_bind(s[i], &svc));
	}
	fails(svc_bind(host_socket(SRV, SOCK_DGRAM), &svc), EADDRINUSE);
	for (i = 0; i < CLIENTS; i++) {
		c = host_socket(CLI, SOCK_DGRAM);
		must(send_to(c, &svc, "x", 1, 0));
		must(send_to(c, &svc, "x", 1, 0));
		close(c);
	}
	while (total < 2 * CLIENTS) {
		struct pollfd p[N];

		for (i = 0; i < N; i++)
			p[i] = (struct pollfd) { .fd = s[i], .events = POLLIN };
		expect(must(poll(p, N, WAIT_MS)) > 0);
		for (i = 0; i < N; i++)
			while (recv(s[i], &b, 1, MSG_DONTWAIT) == 1) {
				got[i]++;
				total++;
			}
	}
	for (i = 0; i < N; i++)	/* both of a sender go to one */
		expect(got[i] > 5 && got[i] % 2 == 0);
	close(s[0]);
	c = host_socket(CLI, SOCK_DGRAM);
	for (i = 0; i < 20; i++) {
		must(send_to(c, &svc, "x", 1, 0));
		close(c);
		c = host_socket(CLI, SOCK_DGRAM);
	}
	for (i = 1, total = 0; i < N; i++)
		while (poll_for(s[i], POLLIN, 200))
			total += must(recv(s[i], &b, 1, 0));
	expect(total == 20);
}

/* What does not fit is dropped and counted, and the rest is in order */
static void dgram_overflow(void)
{
	int size = 4096, one = 1, s, c, i, n = 0;
	char control[CMSG_SPACE(sizeof(__u32))];
	struct iovec iov = { &i, sizeof(i) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;
	struct sv_svc svc;
	__u32 lost = 0;

	svc_new(&svc);
	s = bound(&svc);
	must(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	must(setsockopt(s, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one)));
	c = host_socket(CLI, SOCK_DGRAM);
	for (i = 0; i < 200; i++)
		must(send_to(c, &svc, &i, sizeof(i), 0));
	while (poll_for(s, POLLIN, 500)) {
		must(recv(s, &i, sizeof(i), 0));
		expect(i == n++);
	}
	expect(n > 0 && n < 200);
	must(send_to(c, &svc, &n, sizeof(n), 0));
	expect(poll_for(s, POLLIN, WAIT_MS));
	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	must(recvmsg(s, &msg, 0));
	cm = CMSG_FIRSTHDR(&msg);
	expect(cm && cm->cmsg_type == SO_RXQ_OVFL);
	memcpy(&lost, CMSG_DATA(cm), sizeof(lost));
	expect(lost == (__u32)(200 - n));
	if (env.family == AF_SERVAL)
		expect(counter(SRV, "InDatagramsFull") >= lost);
}

static __u64 filtered(void)
{
	return env.family == AF_SERVAL ? counter(SRV, "InDatagramsFilter") : 0;
}

static void dgram_filter(void)
{
	/* only what is longer than the UDP header and three bytes */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 11, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ~0U),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };
	__u64 before = filtered();
	struct sv_svc svc;
	struct from f;
	char buf[8];
	int s, c;

	svc_new(&svc);
	s = bound(&svc);
	must(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	c = host_socket(CLI, SOCK_DGRAM);
	must(send_to(c, &svc, "abc", 3, 0));
	must(send_to(c, &svc, "abcd", 4, 0));
	expect(get_from(s, buf, sizeof(buf), &f) == 4);
	fails(recv(s, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	if (env.family == AF_SERVAL)
		expect(filtered() == before + 1);
}

static void dgram_bad_calls(void)
{
	int fd = host_socket(CLI, SOCK_DGRAM), one = 1;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct sv_svc svc, null;

	svc_new(&svc);
	fails(send(fd, "x", 1, 0), EDESTADDRREQ);
	fails(send_to(fd, &svc, "x", 1, MSG_OOB), EOPNOTSUPP);
	fails(getpeername(fd, (struct sockaddr *)&ss, &len), ENOTCONN);
	fails2(accept(fd, NULL, NULL), EOPNOTSUPP, EINVAL);
	if (env.family != AF_SERVAL)
		return;
	null = svc;
	memset(null.id, 0, sizeof(null.id));
	fails(send_to(fd, &null, "x", 1, 0), EINVAL);
	len = svc_conn_addr(&svc, &ss);
	fails(sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, len - 1), EINVAL);
	ss.ss_family = AF_INET;
	fails(sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, len), EAFNOSUPPORT);
	fails(send_to(fd, &svc, "x", 1, MSG_MORE), EOPNOTSUPP);
	fails(setsockopt(fd, SOL_UDP, UDP_CORK, &one, sizeof(one)),
	      ENOPROTOOPT);
	fails(setsockopt(fd, IPPROTO_TCP, 1, &one, sizeof(one)), ENOPROTOOPT);
	fails(setsockopt(host_socket(CLI, SOCK_STREAM), SOL_SERVAL,
			 SERVAL_RECVDEST, &one, sizeof(one)), ENOPROTOOPT);
	fails(socket(AF_SERVAL, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
	fails(socket(AF_SERVAL, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	close(must(socket(AF_SERVAL, SOCK_DGRAM, IPPROTO_UDP)));
}

/* Over IPv6 by an advisory address: ::1, or the script's fd99::N */
static socklen_t advised6(const struct sv_svc *svc, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	socklen_t len = svc_conn_addr(svc, ss);

	sin6.sin6_addr.s6_addr[15] = ntohl(env.addr[SRV].s_addr) & 0xff;
	if (env.two) {
		sin6.sin6_addr.s6_addr[0] = 0xfd;
		sin6.sin6_addr.s6_addr[1] = 0x99;
	}
	memcpy((char *)ss + len, &sin6, sizeof(sin6));
	return len + sizeof(sin6);
}

static void dgram_inet6(void)
{
	static const size_t sizes[] = { 0, 1, 1000, 1356, 1357, 1408, 1409,
					5000, 30000, MAX_SERVAL6 };
	static char out[MAX], in[MAX];
	struct from to, f;
	struct sv_svc svc;
	struct sockaddr_in6 sin6;
	size_t i;
	int s, c;

	svc_new(&svc);
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	to.len = advised6(&svc, &to.ss);
	fill(out, sizeof(out), rnd_seed());
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		answer(c, &to, out, sizes[i]);
		expect(get_from(s, in, sizeof(in), &f) == (ssize_t)sizes[i]);
		expect(!memcmp(in, out, sizes[i]));
		expect(f.len == 64);
		memcpy(&sin6, (char *)&f.ss + sizeof(struct sockaddr_sv),
		       sizeof(sin6));
		expect(sin6.sin6_family == AF_INET6);
		answer(s, &f, out + 1, sizes[i]);
		expect(get_from(c, in, sizeof(in), &f) == (ssize_t)sizes[i]);
		expect(!memcmp(in, out + 1, sizes[i]));
	}
	fails(sendto(c, out, MAX_SERVAL6 + 1, 0, (struct sockaddr *)&to.ss,
		     to.len), EMSGSIZE);
	close(s);
	answer(c, &to, out, 1);
	expect(poll_for(c, POLLIN, WAIT_MS) & POLLERR);
	fails(recv(c, in, 1, MSG_DONTWAIT), ECONNREFUSED);
}

/* Datagrams that nobody reads: prints "ready", leaves when it is told to */
int cmd_datagrams(int argc, char **argv)
{
	struct sv_svc svc;
	char line[8];
	int s, c, i;

	if (argc != 2 || svc_parse(&svc, argv[1]))
		return 2;
	s = bound(&svc);
	c = host_socket(CLI, SOCK_DGRAM);
	for (i = 0; i < 50; i++)
		must(send_to(c, &svc, &svc, sizeof(svc), 0));
	expect(poll_for(s, POLLIN, WAIT_MS));
	puts("ready");
	fflush(stdout);
	return read(STDIN_FILENO, line, sizeof(line)) < 0;
}

/* COUNT datagrams: how many went, how many had no way; the sockets stay until
 * the input ends.  What is under way fills a send buffer, so it takes several.
 */
int cmd_burst(int argc, char **argv)
{
	unsigned long i, count, unreachable = 0;
	struct sv_svc svc;
	char line[8];
	int fd = -1;

	if (argc != 3 || svc_parse(&svc, argv[2]))
		return 2;
	count = arg_num(argv[1]);
	for (i = 0; i < count; i++) {
		if (i % 50 == 0)
			fd = host_socket(CLI, SOCK_DGRAM);
		if (send_to(fd, &svc, &i, sizeof(i), 0) >= 0)
			continue;
		expect(errno == EHOSTUNREACH);
		unreachable++;
	}
	printf("%lu sent, %lu unreachable\n", count - unreachable,
	       unreachable);
	fflush(stdout);
	return read(STDIN_FILENO, line, sizeof(line)) < 0;
}

const struct sv_case dgram_cases[] = {
	{ "dgram-request", SV_ANY, dgram_request,
	  "a request reaches a service, and its answer the client" },
	{ "dgram-two-clients", SV_ANY, dgram_two_clients,
	  "each client gets its own answer" },
	{ "dgram-names", SV_SERVAL, dgram_names,
	  "a server sees the sender's name and address, cut to the room" },
	{ "dgram-fragments", SV_ANY, dgram_fragments,
	  "a datagram that IP has to cut arrives whole" },
	{ "dgram-sizes", SV_ANY, dgram_sizes,
	  "everything that fits one IP packet arrives whole, no more" },
	{ "dgram-peek", SV_ANY, dgram_peek,
	  "MSG_PEEK leaves a datagram, a short read drops its rest" },
	{ "dgram-trunc", SV_ANY, dgram_trunc_flag,
	  "recvmsg() says whether a datagram was cut" },
	{ "dgram-peek-off", SV_ANY, dgram_peek_off,
	  "SO_PEEK_OFF moves through a datagram" },
	{ "dgram-timeout", SV_ANY, dgram_timeout,
	  "SO_RCVTIMEO, MSG_DONTWAIT and O_NONBLOCK end a wait" },
	{ "dgram-poll", SV_ANY, dgram_poll,
	  "poll() reports datagrams, empty ones too" },
	{ "dgram-refused", SV_SERVAL, dgram_refused,
	  "a client hears at once that nobody has a service" },
	{ "dgram-server", SV_SERVAL, dgram_server_not_told,
	  "a server is not disturbed by clients that went away" },
	{ "dgram-no-rule", SV_SERVAL, dgram_no_rule,
	  "without a rule there is EHOSTUNREACH" },
	{ "dgram-both-kinds", SV_ANY, dgram_both_kinds,
	  "a stream and a datagram socket share a name" },
	{ "dgram-prefix-kinds", SV_SERVAL, dgram_prefix_kinds,
	  "a stream socket's longer prefix does not hide a datagram one's" },
	{ "dgram-dest", SV_SERVAL, dgram_dest,
	  "a prefix bind learns the exact name, and answers by it" },
	{ "dgram-bind", SV_SERVAL, dgram_bind,
	  "a name is one socket's until that is bound anew or closed" },
	{ "dgram-reuseport", SV_ANY, dgram_reuseport,
	  "SO_REUSEPORT spreads senders over sockets" },
	{ "dgram-overflow", SV_ANY, dgram_overflow,
	  "what a full buffer drops is counted, the rest is in order" },
	{ "dgram-filter", SV_ANY, dgram_filter,
	  "SO_ATTACH_FILTER sees the UDP header and what follows" },
	{ "dgram-bad-calls", SV_ANY, dgram_bad_calls,
	  "what makes no sense is refused" },
	{ "dgram-inet6", SV_SERVAL, dgram_inet6,
	  "the same over IPv6" },
	{ }
};
