// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers and clients for many connections and many bytes.
 *
 *   sv serve [-n CONNS] [-b BACKLOG] [-j] ID...   serve until CONNS are done
 *   sv transfer [-n CONNS] [-p PARALLEL] [-u UP] [-d DOWN] [-H|-M] [-R] ID
 *
 * A connection: 24 bytes of request (up, down, seed), UP bytes to the server,
 * DOWN bytes back, end.  Both ends verify every byte by its position.  With
 * -H the client opens all PARALLEL connections, says so, and goes on when a
 * line arrives on its standard input; with -M it does so in the middle of what
 * goes to the server; with -R it ends each by a reset.  With -j junk may
 * connect as well: a stream that breaks off is no fault.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include "sv.h"

#define CHUNK	32768

struct request {
	__u64 up, down, seed;
};

/**
 * struct conn - one connection, at either end
 * @fd:   socket
 * @req:  what was asked
 * @head: bytes of the request sent or received
 * @in:   payload bytes received
 * @out:  payload bytes sent
 * @up:   established
 */
struct conn {
	int fd;
	struct request req;
	size_t head;
	__u64 in, out;
	bool up;
};

/**
 * struct load - options and progress of a client or a server
 * @ep:       epoll instance
 * @svc:      service to connect to
 * @req:      what each connection asks
 * @total:    connections to make or to serve, 0 = without end
 * @parallel: at one time
 * @started:  made so far
 * @up:       established so far
 * @half:     of these, half way
 * @done:     ended as they should
 * @hold:     wait for a line before the first byte
 * @middle:   or rather in the middle
 * @reset:    end by a reset
 * @junk:     connections may break off
 */
struct load {
	int ep;
	struct sv_svc svc;
	struct request req;
	unsigned long total, parallel, started, up, half, done;
	bool hold, middle, reset, junk;
};

static void many_files(void)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };

	if (setrlimit(RLIMIT_NOFILE, &rl))
		note("cannot raise the limit of open files");
}

static void watch(int ep, struct conn *c, int op, __u32 events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	must(epoll_ctl(ep, op, c->fd, &ev));
}

/* Receive and verify up to @want bytes: false at the end of the stream, also
 * if it has broken off
 */
static bool take(struct conn *c, __u64 want, __u64 seed)
{
	static __u8 buf[CHUNK], ref[CHUNK];
	ssize_t n;

	while (c->in < want) {
		__u64 left = want - c->in;

		n = recv(c->fd, buf, left < CHUNK ? left : CHUNK, 0);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && errno == ECONNRESET)
			return false;
		if (must(n) == 0)
			return false;
		stream_at(ref, n, c->in, seed);
		if (memcmp(buf, ref, n))
			die("wrong bytes at %llu", (unsigned long long)c->in);
		c->in += n;
	}
	return true;
}

/* Send up to @want bytes; what does not fit now goes later.  Return: false if
 * the other end is gone
 */
static bool give(struct conn *c, __u64 want, __u64 seed)
{
	static __u8 buf[CHUNK];
	ssize_t n;

	while (c->out < want) {
		__u64 left = want - c->out;
		size_t len = left < CHUNK ? left : CHUNK;

		stream_at(buf, len, c->out, seed);
		n = send(c->fd, buf, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return false;
		c->out += must(n);
	}
	return true;
}

static void drop_conn(struct conn *c)
{
	close(c->fd);
	free(c);
}

static void serve_accept(struct load *ld, int lfd)
{
	struct conn *c;
	int fd;

	while ((fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		c = calloc(1, sizeof(*c));
		c->fd = fd;
		watch(ld->ep, c, EPOLL_CTL_ADD, EPOLLIN);
	}
	expect(errno == EAGAIN || errno == ECONNABORTED);
}

static void serve_broken(struct load *ld, struct conn *c)
{
	if (!ld->junk)
		die("a client ended its stream too early");
	drop_conn(c);
}

/* Returns when nothing more can be done now */
static void serve_conn(struct load *ld, struct conn *c)
{
	char *req = (char *)&c->req;
	char end;
	ssize_t n;

	while (c->head < sizeof(c->req)) {
		n = recv(c->fd, req + c->head, sizeof(c->req) - c->head, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {	/* came only to look */
			drop_conn(c);
			return;
		}
		c->head += n;
	}
	if (!take(c, c->req.up, c->req.seed))
		return serve_broken(ld, c);
	if (c->in < c->req.up)
		return;
	if (!give(c, c->req.down, c->req.seed + 1))
		return serve_broken(ld, c);
	watch(ld->ep, c, EPOLL_CTL_MOD,
	      c->out < c->req.down ? EPOLLOUT : EPOLLIN);
	if (c->out < c->req.down)
		return;
	n = recv(c->fd, &end, 1, 0);
	if (n < 0 && errno == EAGAIN && !c->up) {
		c->up = true;		/* all sent: say so once */
		if (shutdown(c->fd, SHUT_WR))
			return serve_broken(ld, c);
	}
	if (n < 0 && errno == EAGAIN)
		return;
	drop_conn(c);
	ld->done++;
}

int cmd_serve(int argc, char **argv)
{
	struct conn *ls = calloc(argc, sizeof(*ls));
	struct load ld = { .ep = epoll_create1(0) };
	int opt, i, nl = 0, backlog = 4096, mark = 0;
	struct epoll_event ev[64];
	struct sv_svc svc;

	while ((opt = getopt(argc, argv, "n:b:m:j")) != -1) {
		if (opt == '?')
			return 2;
		if (opt == 'j')
			ld.junk = true;
		else if (opt == 'n')
			ld.total = arg_num(optarg);
		else if (opt == 'm')
			mark = arg_num(optarg);
		else
			backlog = arg_num(optarg);
	}
	many_files();
	for (i = optind; i < argc; i++) {
		if (svc_parse(&svc, argv[i]))
			return 2;
		ls[nl].fd = svc_listen(&svc, backlog);
		if (mark)
			must(setsockopt(ls[nl].fd, SOL_SOCKET, SO_MARK, &mark,
					sizeof(mark)));
		set_nonblock(ls[nl].fd);
		watch(ld.ep, &ls[nl++], EPOLL_CTL_ADD, EPOLLIN);
	}
	puts("ready");
	fflush(stdout);
	while (!ld.total || ld.done < ld.total) {
		int n = must(epoll_wait(ld.ep, ev, ARRAY_SIZE(ev), -1));

		for (i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (c >= ls && c < ls + nl)
				serve_accept(&ld, c->fd);
			else
				serve_conn(&ld, c);
		}
	}
	return 0;
}

static struct conn *client_start(struct load *ld)
{
	struct conn *c = calloc(1, sizeof(*c));

	c->fd = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
	c->req = ld->req;
	c->req.seed = rnd_seed();
	if (svc_connect(c->fd, &ld->svc) && errno != EINPROGRESS)
		die("connect: %s", errname(errno));
	watch(ld->ep, c, EPOLL_CTL_ADD, EPOLLOUT);
	ld->started++;
	return c;
}

static void client_end(struct load *ld, struct conn *c)
{
	struct linger lg = { .l_onoff = 1 };

	if (ld->reset)
		must(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &lg,
				sizeof(lg)));
	drop_conn(c);
	ld->done++;
	if (ld->started < ld->total)
		client_start(ld);
}

/* Does a connection wait for all the others?  Looked at again when they are
 * as far
 */
static bool client_holds(struct load *ld, struct conn *c)
{
	if (!ld->hold)
		return false;
	if (ld->middle && c->out < c->req.up / 2)
		return false;
	if (ld->middle)
		ld->half++;
	watch(ld->ep, c, EPOLL_CTL_MOD, 0);
	return true;
}

static void client_conn(struct load *ld, struct conn *c)
{
	const __u64 up = ld->hold ? c->req.up / 2 : c->req.up;
	const char *req = (char *)&c->req;
	char end;

	if (!c->up) {
		int err = so_error(c->fd);

		if (err)
			die("connection %lu: %s", ld->up, errname(err));
		c->up = true;
		ld->up++;
	}
	if (!ld->middle && client_holds(ld, c))
		return;
	if (c->head < sizeof(c->req)) {
		put(c->fd, req, sizeof(c->req));	/* fits: it is first */
		c->head = sizeof(c->req);
	}
	if (!give(c, up, c->req.seed))
		die("the server is gone after %llu bytes",
		    (unsigned long long)c->out);
	if (client_holds(ld, c))
		return;
	watch(ld->ep, c, EPOLL_CTL_MOD,
	      c->out < c->req.up ? EPOLLOUT : EPOLLIN);
	if (c->out < c->req.up)
		return;
	if (!take(c, c->req.down, c->req.seed + 1))
		die("the server ended its stream too early");
	if (c->in < c->req.down)
		return;
	if (recv(c->fd, &end, 1, 0) == 0)
		client_end(ld, c);
	else
		expect(errno == EAGAIN);
}

static unsigned long held(const struct load *ld)
{
	return ld->middle ? ld->half : ld->up;
}

static void client_run(struct load *ld, bool until_held)
{
	struct epoll_event ev[64];
	int i, n;

	while (until_held ? held(ld) < ld->parallel : ld->done < ld->total) {
		n = must(epoll_wait(ld->ep, ev, ARRAY_SIZE(ev), 60000));
		if (!n)
			die("%lu up, %lu done of %lu: nothing happens",
			    ld->up, ld->done, ld->total);
		for (i = 0; i < n; i++)
			client_conn(ld, ev[i].data.ptr);
	}
}

/* Every connection is up, or half way: report, wait for the line, let them go */
static void client_release(struct load *ld, struct conn **all)
{
	unsigned long i;
	char line[16];

	client_run(ld, true);
	printf("%s %lu\n", ld->middle ? "half way" : "established", held(ld));
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		note("end of input");
	ld->hold = false;
	for (i = 0; i < ld->parallel; i++)
		watch(ld->ep, all[i], EPOLL_CTL_MOD, EPOLLOUT);
}

static int transfer_options(struct load *ld, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "n:p:u:d:HMR")) != -1) {
		switch (opt) {
		case 'n':
			ld->total = arg_num(optarg);
			break;
		case 'p':
			ld->parallel = arg_num(optarg);
			break;
		case 'u':
			ld->req.up = arg_num(optarg);
			break;
		case 'd':
			ld->req.down = arg_num(optarg);
			break;
		case 'M':
			ld->middle = true;
			ld->hold = true;
			break;
		case 'H':
			ld->hold = true;
			break;
		case 'R':
			ld->reset = true;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc || svc_parse(&ld->svc, argv[optind]))
		return 2;
	return 0;
}

int cmd_transfer(int argc, char **argv)
{
	struct load ld = { .total = 1, .parallel = 1, .ep = epoll_create1(0) };
	struct conn **all;
	unsigned long i;

	if (transfer_options(&ld, argc, argv))
		return 2;
	many_files();
	if (ld.total < ld.parallel)
		ld.total = ld.parallel;
	all = calloc(ld.parallel, sizeof(*all));
	for (i = 0; i < ld.parallel; i++)
		all[i] = client_start(&ld);
	if (ld.hold)
		client_release(&ld, all);
	free(all);
	client_run(&ld, false);
	printf("done %lu\n", ld.done);
	return 0;
}
