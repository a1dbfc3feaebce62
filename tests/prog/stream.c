// SPDX-License-Identifier: GPL-2.0-only
/* Connected pairs, exact reads and writes, streams that verify themselves. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sv.h"

#define CHUNK		65536
#define WAIT_MS		30000	/* longer than any test has a right to take */

void pair_open(struct sv_pair *p)
{
	svc_new(&p->svc);
	p->lfd = svc_listen(&p->svc, 16);
	p->c = svc_dial(&p->svc);
	p->s = must(accept(p->lfd, NULL, NULL));
}

/* The same, of streams or of connected datagrams */
void pair_open_as(struct sv_pair *p, int type)
{
	svc_new(&p->svc);
	p->lfd = svc_listen_as(&p->svc, type, 4);
	p->c = host_socket(CLI, type);
	must(svc_connect(p->c, &p->svc));
	p->s = must(accept(p->lfd, NULL, NULL));
}

void pair_close(struct sv_pair *p)
{
	close(p->c);
	close(p->s);
	close(p->lfd);
}

void set_nonblock(int fd)
{
	must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
}

/* The events that came, 0 after @ms without any */
short poll_for(int fd, short events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return must(poll(&pfd, 1, ms)) ? pfd.revents : 0;
}

int so_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = -1;

	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	return err;
}

void put(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = must(send(fd, p, len, MSG_NOSIGNAL));

		p += n;
		len -= n;
	}
}

void get(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n;

		expect(poll_for(fd, POLLIN, WAIT_MS));
		n = must(read(fd, p, len));
		if (!n)
			die("the stream ended %zu bytes too early", len);
		p += n;
		len -= n;
	}
}

void expect_eof(int fd)
{
	char c;

	expect(poll_for(fd, POLLIN, WAIT_MS));
	expect(must(read(fd, &c, 1)) == 0);
}

/* @len bytes each way, one end after the other; they fit the buffers */
void exchange(int a, int b, size_t len)
{
	static char out[CHUNK], in[CHUNK];
	__u64 seed = rnd_seed();

	expect(len <= CHUNK);
	fill(out, len, seed);
	put(a, out, len);
	get(b, in, len);
	expect(!memcmp(in, out, len));
	fill(out, len, seed + 2);
	put(b, out, len);
	get(a, in, len);
	expect(!memcmp(in, out, len));
}

/* A child that sends @len bytes of the stream @seed and leaves */
pid_t stream_send(int fd, size_t len, __u64 seed)
{
	static char buf[CHUNK];
	pid_t pid = must(fork());

	if (pid)
		return pid;
	while (len) {
		size_t n = len < CHUNK ? len : CHUNK;

		fill(buf, n, seed);
		rnd(&seed);
		put(fd, buf, n);
		len -= n;
	}
	_exit(0);
}

void stream_check(int fd, size_t len, __u64 seed)
{
	static char buf[CHUNK], want[CHUNK];
	size_t pos = 0;

	while (pos < len) {
		size_t n = len - pos < CHUNK ? len - pos : CHUNK;

		fill(want, n, seed);
		rnd(&seed);
		get(fd, buf, n);
		if (memcmp(buf, want, n))
			die("wrong bytes in the 64 KiB from %zu on", pos);
		pos += n;
	}
}

/* The bytes of a stream at a position, any position */
void stream_at(__u8 *buf, size_t len, __u64 pos, __u64 seed)
{
	while (len) {
		__u64 z = (seed + pos / 8) * 0x9e3779b97f4a7c15ULL;
		size_t off = pos % 8, n = 8 - off < len ? 8 - off : len;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z ^= z >> 27;
		memcpy(buf, (__u8 *)&z + off, n);
		buf += n;
		pos += n;
		len -= n;
	}
}

void child_ok(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("the other end failed, status %#x", status);
}

int finfo(int fd, void *info, size_t len)
{
	socklen_t l = len;

	memset(info, 0, len);
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &l);
}

/* One of the flow ids, host byte order */
__u32 flow_opt(int fd, int name)
{
	socklen_t len = sizeof(struct flow_id);
	struct flow_id id;

	must(getsockopt(fd, SOL_SERVAL, name, &id, &len));
	expect(len == sizeof(id));
	return ntohl(id.s_id32);
}

int get_int(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int v = -1;

	must(getsockopt(fd, level, name, &v, &len));
	expect(len == sizeof(v));
	return v;
}

int set_int(int fd, int level, int name, int v)
{
	return setsockopt(fd, level, name, &v, sizeof(v));
}

/* Move a connection to a device and wait for the end of it */
int migrate(int fd, const char *dev)
{
	struct serval_migrate m = { };

	snprintf(m.sm_dev, sizeof(m.sm_dev), "%s", dev);
	return ioctl(fd, SIOCSERVALMIGRATE, &m);
}
