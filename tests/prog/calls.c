// SPDX-License-Identifier: GPL-2.0-only
/* connect, accept, shutdown, close: the life of a connection. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sv.h"

static void calls_exchange(void)
{
	struct sv_pair p;

	pair_open(&p);
	exchange(p.c, p.s, 1);
	exchange(p.s, p.c, 40000);
	pair_close(&p);
}

/* Data the client sends in its first packets, before it hears a thing */
static void calls_client_first(void)
{
	struct sv_svc svc;
	pid_t pid;
	int l, c;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	c = svc_dial(&svc);
	pid = stream_send(c, 300000, 7);
	stream_check(must(accept(l, NULL, NULL)), 300000, 7);
	child_ok(pid);
}

static void calls_server_first(void)
{
	struct sv_svc svc;
	pid_t pid;
	int l, c;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	c = svc_dial(&svc);
	pid = stream_send(must(accept(l, NULL, NULL)), 300000, 9);
	stream_check(c, 300000, 9);
	child_ok(pid);
}

static void calls_half_close(void)
{
	struct sv_pair p;
	pid_t pid;

	pair_open(&p);
	put(p.c, "question", 8);
	must(shutdown(p.c, SHUT_WR));
	stream_check(p.s, 0, 1);
	get(p.s, (char[8]) { }, 8);
	expect_eof(p.s);
	fails(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
	pid = stream_send(p.s, 500000, 3);
	stream_check(p.c, 500000, 3);
	child_ok(pid);
	close(p.s);
	expect_eof(p.c);
	close(p.c);
}

static void calls_shutdown_read(void)
{
	struct sv_pair p;

	pair_open(&p);
	must(shutdown(p.c, SHUT_RD));
	expect_eof(p.c);
	put(p.c, "still", 5);
	get(p.s, (char[5]) { }, 5);
	must(shutdown(p.c, SHUT_WR));
	expect_eof(p.s);
	close(p.s);
	close(p.c);
}

static void calls_shutdown_unconnected(void)
{
	int fd = host_socket(CLI, SOCK_STREAM);

	fails(read(fd, (char[1]) { }, 1), ENOTCONN);
	fails(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
	fails(shutdown(fd, SHUT_RDWR), ENOTCONN);
}

static void calls_accept_errors(void)
{
	int fd = host_socket(SRV, SOCK_STREAM);
	struct sv_svc svc;

	fails(accept(fd, NULL, NULL), EINVAL);
	svc_new(&svc);
	must(svc_bind(fd, &svc));
	fails(accept(fd, NULL, NULL), EINVAL);
	must(listen(fd, 1));
	set_nonblock(fd);
	fails(accept(fd, NULL, NULL), EAGAIN);
	fails(accept4(fd, NULL, NULL, ~0), EINVAL);
}

static void calls_accept4(void)
{
	struct sv_svc svc;
	int l, s;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	svc_dial(&svc);
	s = must(accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	expect(fcntl(s, F_GETFL) & O_NONBLOCK);
	expect(fcntl(s, F_GETFD) & FD_CLOEXEC);
	fails(read(s, (char[1]) { }, 1), EAGAIN);
}

/* Connections that wait in the accept queue keep what was sent to them */
static void calls_accept_late(void)
{
	enum { N = 8 };
	struct sv_svc svc;
	int l, c[N], i;
	char b;

	svc_new(&svc);
	l = svc_listen(&svc, N);
	for (i = 0; i < N; i++) {
		c[i] = svc_dial(&svc);
		b = 'a' + i;
		put(c[i], &b, 1);
		if (i % 2)
			close(c[i]);
	}
	for (i = 0; i < N; i++) {
		int s = must(accept(l, NULL, NULL));

		get(s, &b, 1);
		expect(b == 'a' + i);
		if (i % 2)
			expect_eof(s);
	}
}

static void calls_listener_closed(void)
{
	struct sv_svc svc;
	int l, c;

	svc_new(&svc);
	l = svc_listen(&svc, 4);
	c = svc_dial(&svc);
	expect(poll_for(l, POLLIN, 10000) & POLLIN);
	close(l);
	expect(poll_for(c, POLLIN, 10000));
	fails(read(c, (char[1]) { }, 1), ECONNRESET);
}

/* shutdown() of a listener frees the name and wakes accept() */
static void calls_listener_shutdown(void)
{
	struct sv_svc svc;
	int l, c;

	svc_new(&svc);
	l = svc_listen(&svc, 4);
	must(shutdown(l, SHUT_RD));
	fails(accept(l, NULL, NULL), EINVAL);
	c = host_socket(CLI, SOCK_STREAM);
	fails2(svc_connect(c, &svc), ECONNREFUSED, EHOSTUNREACH);
	must(listen(l, 4));
	close(c);
	c = svc_dial(&svc);
	exchange(c, must(accept(l, NULL, NULL)), 10);
}

static void calls_linger(void)
{
	struct linger lg = { .l_onoff = 1 };
	struct sv_pair p;

	pair_open(&p);
	exchange(p.c, p.s, 10);
	must(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
	close(p.c);
	expect(poll_for(p.s, POLLIN, 10000) & (POLLERR | POLLHUP));
	fails(read(p.s, (char[1]) { }, 1), ECONNRESET);
	expect(so_error(p.s) == 0);	/* told once */
}

/* close() with unread data tells the peer that it was not read */
static void calls_close_unread(void)
{
	struct sv_pair p;

	pair_open(&p);
	put(p.c, "unread", 6);
	expect(poll_for(p.s, POLLIN, 10000));
	close(p.s);
	expect(poll_for(p.c, POLLIN, 10000));
	fails(read(p.c, (char[1]) { }, 1), ECONNRESET);
}

static void calls_linger_wait(void)
{
	struct linger lg = { .l_onoff = 1, .l_linger = 20 };
	struct sv_pair p;
	pid_t pid;

	pair_open(&p);
	must(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
	pid = stream_send(p.c, 200000, 4);
	close(p.c);
	stream_check(p.s, 200000, 4);
	child_ok(pid);
	expect_eof(p.s);
}

static void calls_write_after_reset(void)
{
	struct linger lg = { .l_onoff = 1 };
	struct sv_pair p;

	pair_open(&p);
	must(setsockopt(p.s, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
	close(p.s);
	expect(poll_for(p.c, POLLIN, 10000));
	fails(send(p.c, "x", 1, MSG_NOSIGNAL), ECONNRESET);
	fails(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
}

static void calls_unspec(void)
{
	struct sockaddr_storage un = { .ss_family = AF_UNSPEC };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct sv_pair p;
	int s;

	pair_open(&p);
	exchange(p.c, p.s, 100);
	must(connect(p.c, (struct sockaddr *)&un, sizeof(un)));
	expect(poll_for(p.s, POLLIN, 10000));
	fails(read(p.s, (char[1]) { }, 1), ECONNRESET);
	fails(getpeername(p.c, (struct sockaddr *)&ss, &len), ENOTCONN);
	must(svc_connect(p.c, &p.svc));
	s = must(accept(p.lfd, NULL, NULL));
	exchange(p.c, s, 100);
	pair_close(&p);
}

/* A socket whose connect failed can try again */
static void calls_again(void)
{
	struct sv_svc svc;
	int c, l;

	svc_new(&svc);
	c = host_socket(CLI, SOCK_STREAM);
	fails(svc_connect(c, &svc), ECONNREFUSED);
	l = svc_listen(&svc, 1);
	must(svc_connect(c, &svc));
	exchange(c, must(accept(l, NULL, NULL)), 10);
}

static void calls_dup_fork(void)
{
	struct sv_pair p;
	pid_t pid;
	int d;

	pair_open(&p);
	d = must(dup(p.c));
	close(p.c);
	pid = must(fork());
	if (!pid) {
		exchange(d, p.s, 5000);
		close(d);
		_exit(0);
	}
	child_ok(pid);
	exchange(d, p.s, 5000);
	must(shutdown(d, SHUT_WR));
	expect_eof(p.s);
	d = must(dup(p.lfd));
	close(p.lfd);
	p.c = svc_dial(&p.svc);	/* the dup keeps the service alive */
	exchange(p.c, must(accept(d, NULL, NULL)), 10);
	close(d);
	p.c = host_socket(CLI, SOCK_STREAM);
	fails(svc_connect(p.c, &p.svc), ECONNREFUSED);
}

static void pass_fd(int via, int fd)
{
	char ctl[CMSG_SPACE(sizeof(int))] = { }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	must(sendmsg(via, &msg, 0));
}

static int take_fd(int via)
{
	char ctl[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	int fd;

	must(recvmsg(via, &msg, 0));
	expect(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

static void calls_scm_rights(void)
{
	struct sv_pair p;
	int sv[2];
	pid_t pid;

	pair_open(&p);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	pid = must(fork());
	if (!pid) {
		close(p.c);
		p.c = take_fd(sv[1]);
		exchange(p.c, p.s, 3000);
		_exit(0);
	}
	pass_fd(sv[0], p.c);
	close(p.c);
	child_ok(pid);
	close(sv[0]);
	close(sv[1]);
	expect_eof(p.s);
}

/* The last reference is a message nobody reads */
static void calls_scm_lost(void)
{
	struct sv_pair p;
	int sv[2];

	pair_open(&p);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	pass_fd(sv[0], p.c);
	close(p.c);
	close(sv[0]);
	close(sv[1]);
	expect_eof(p.s);
}

/* A byte from each client makes TCP insist until it is accepted */
static void calls_backlog(void)
{
	enum { BACKLOG = 2, N = 5 };
	int l, c[N], i, queued = 0;
	struct sv_svc svc;
	char b;

	svc_new(&svc);
	l = svc_listen(&svc, BACKLOG);
	for (i = 0; i < N; i++) {
		c[i] = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
		fails(svc_connect(c[i], &svc), EINPROGRESS);
		if (poll_for(c[i], POLLOUT, 100) & POLLOUT)
			put(c[i], "x", 1);
		else
			queued++;
	}
	expect(queued > 0 && queued <= N - BACKLOG);
	for (i = 0; i < N; i++) {
		int s = must(accept(l, NULL, NULL));

		for (queued = 0; queued < N; queued++)
			if (poll_for(c[queued], POLLOUT, 0) == POLLOUT)
				send(c[queued], "x", 1, MSG_NOSIGNAL);
		get(s, &b, 1);
	}
}

static void calls_listen_twice(void)
{
	struct sv_pair p;

	pair_open(&p);
	must(listen(p.lfd, 5));
	fails(listen(p.c, 5), EINVAL);
	fails(svc_connect(p.lfd, &p.svc), EISCONN);
	exchange(p.c, p.s, 10);
}

/* One program bound to a name may still be a client */
static void calls_bound_client(void)
{
	struct sv_svc mine, theirs;
	struct sockaddr_sv sv;
	socklen_t len = sizeof(sv);
	int l, c;

	svc_new(&mine);
	svc_new(&theirs);
	l = svc_listen(&theirs, 1);
	c = host_socket(CLI, SOCK_STREAM);
	must(svc_bind(c, &mine));
	must(svc_connect(c, &theirs));
	exchange(c, must(accept(l, NULL, NULL)), 10);
	must(getsockname(c, (struct sockaddr *)&sv, &len));
	expect(!memcmp(sv.sv_srvid.s_sid, mine.id, sizeof(mine.id)));
}

const struct sv_case calls_cases[] = {
	{ "exchange", SV_ANY, calls_exchange,
	  "bytes go both ways over one connection" },
	{ "client-first", SV_ANY, calls_client_first,
	  "a client may send at full speed before it is answered" },
	{ "server-first", SV_ANY, calls_server_first,
	  "a server may send at full speed at once" },
	{ "half-close", SV_ANY, calls_half_close,
	  "shutdown(SHUT_WR) ends one direction only" },
	{ "shutdown-read", SV_ANY, calls_shutdown_read,
	  "shutdown(SHUT_RD) reads as the end, sending goes on" },
	{ "shutdown-unconnected", SV_ANY, calls_shutdown_unconnected,
	  "an unconnected socket neither sends nor receives" },
	{ "accept-errors", SV_ANY, calls_accept_errors,
	  "accept() says what is wrong" },
	{ "accept4", SV_ANY, calls_accept4,
	  "accept4() sets the flags of the new socket" },
	{ "accept-late", SV_ANY, calls_accept_late,
	  "data that arrives before accept() is kept in order" },
	{ "listener-closed", SV_ANY, calls_listener_closed,
	  "clients nobody accepted are reset with the listener" },
	{ "listener-shutdown", SV_ANY, calls_listener_shutdown,
	  "shutdown() of a listener refuses clients, listen() takes them" },
	{ "linger", SV_ANY, calls_linger,
	  "linger 0 resets the connection" },
	{ "close-unread", SV_ANY, calls_close_unread,
	  "close() with unread data resets the connection" },
	{ "linger-wait", SV_ANY, calls_linger_wait,
	  "a lingering close() delivers everything" },
	{ "write-after-reset", SV_ANY, calls_write_after_reset,
	  "a reset is reported once, then EPIPE" },
	{ "unspec", SV_ANY, calls_unspec,
	  "connect(AF_UNSPEC) disconnects and the socket is good again" },
	{ "again", SV_ANY, calls_again,
	  "a refused socket can connect later" },
	{ "dup-fork", SV_ANY, calls_dup_fork,
	  "a socket lives until its last copy is closed" },
	{ "scm-rights", SV_ANY, calls_scm_rights,
	  "a connection can be handed to another process" },
	{ "scm-lost", SV_ANY, calls_scm_lost,
	  "a connection lost in a message is closed" },
	{ "backlog", SV_ANY, calls_backlog,
	  "the backlog bounds the queue and nobody in it is lost" },
	{ "listen-twice", SV_ANY, calls_listen_twice,
	  "listen() and connect() refuse sockets in the wrong state" },
	{ "bound-client", SV_SERVAL, calls_bound_client,
	  "a client may be bound to a name of its own" },
	{ }
};
