// SPDX-License-Identifier: GPL-2.0-only
/* Non-blocking sockets, poll and epoll. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>
#include "sv.h"

static void poll_connect(void)
{
	struct sv_svc svc;
	int l, c;

	svc_new(&svc);
	l = svc_listen(&svc, 1);
	c = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
	if (svc_connect(c, &svc))
		expect(errno == EINPROGRESS);
	expect(poll_for(c, POLLOUT, 10000) == POLLOUT);
	expect(so_error(c) == 0);
	must(svc_connect(c, &svc));	/* tells that it is done, once */
	fails(svc_connect(c, &svc), EISCONN);
	fails(read(c, (char[1]) { }, 1), EAGAIN);
	fcntl(c, F_SETFL, 0);
	exchange(c, must(accept(l, NULL, NULL)), 10);
}

static void poll_connect_refused(void)
{
	struct sv_svc svc;
	int c;

	svc_new(&svc);
	c = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
	fails(svc_connect(c, &svc), EINPROGRESS);
	expect(poll_for(c, POLLOUT, 10000) & POLLERR);
	expect(so_error(c) == ECONNREFUSED);
	expect(so_error(c) == 0);
}

static void poll_connect_pending(void)
{
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int c;

	svc_new(&svc);
	len = svc_advised(&svc, nobody_addr(), &ss);
	c = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
	fails(connect(c, (struct sockaddr *)&ss, len), EINPROGRESS);
	fails(connect(c, (struct sockaddr *)&ss, len), EALREADY);
	expect(poll_for(c, POLLOUT, 0) == 0);
	expect(so_error(c) == 0);
	close(c);
}

static void poll_states(void)
{
	struct sv_pair p;

	pair_open(&p);
	expect(poll_for(p.lfd, POLLIN, 0) == 0);
	expect(poll_for(p.s, POLLIN | POLLOUT, 0) == POLLOUT);
	put(p.c, "x", 1);
	expect(poll_for(p.s, POLLIN, 10000) == POLLIN);
	get(p.s, (char[1]) { }, 1);
	expect(poll_for(p.s, POLLIN, 0) == 0);
	put(p.c, "!", 1);
	must(shutdown(p.c, SHUT_WR));
	while (!(poll_for(p.s, POLLIN | POLLRDHUP, 10000) & POLLRDHUP))
		nap_ms(1);
	get(p.s, (char[1]) { }, 1);
	expect_eof(p.s);
	must(shutdown(p.s, SHUT_WR));
	while (!(poll_for(p.s, POLLIN, 10000) & POLLHUP))
		nap_ms(1);
	pair_close(&p);
}

static void poll_full(void)
{
	static char junk[65536];
	size_t sent = 0, got = 0;
	struct sv_pair p;
	ssize_t n;

	pair_open(&p);
	set_nonblock(p.c);
	do {
		while ((n = send(p.c, junk, sizeof(junk), MSG_NOSIGNAL)) > 0)
			sent += n;
		expect(errno == EAGAIN);
	} while (poll_for(p.c, POLLOUT, 200));
	expect(sent > 0);
	while (got < sent) {
		expect(poll_for(p.s, POLLIN, 10000));
		got += must(read(p.s, junk, sizeof(junk)));
	}
	expect(got == sent);
	expect(poll_for(p.c, POLLOUT, 10000) == POLLOUT);
	pair_close(&p);
}

static int epoll_one(int ep, __u32 events, int fd)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static __u32 epoll_get(int ep, int fd, int ms)
{
	struct epoll_event ev;

	if (!must(epoll_wait(ep, &ev, 1, ms)))
		return 0;
	expect(ev.data.fd == fd);
	return ev.events;
}

static void poll_epoll(void)
{
	int ep = must(epoll_create1(0));
	struct sv_svc svc;
	int l, c, s;

	svc_new(&svc);
	l = svc_listen(&svc, 4);
	must(epoll_one(ep, EPOLLIN, l));
	expect(epoll_get(ep, l, 0) == 0);
	c = svc_dial(&svc);
	expect(epoll_get(ep, l, 10000) == EPOLLIN);
	s = must(accept(l, NULL, NULL));
	expect(epoll_get(ep, l, 0) == 0);
	must(epoll_one(ep, EPOLLIN | EPOLLRDHUP | EPOLLET, s));
	put(c, "x", 1);
	expect(epoll_get(ep, s, 10000) == EPOLLIN);
	expect(epoll_get(ep, s, 0) == 0);	/* edge: told once */
	put(c, "y", 1);
	expect(epoll_get(ep, s, 10000) == EPOLLIN);
	close(c);
	expect(epoll_get(ep, s, 10000) & EPOLLRDHUP);
	close(s);
	expect(epoll_get(ep, s, 0) == 0);
}

static void poll_select(void)
{
	struct timeval tv = { .tv_sec = 10 };
	struct sv_pair p;
	fd_set set;

	pair_open(&p);
	FD_ZERO(&set);
	FD_SET(p.s, &set);
	put(p.c, "x", 1);
	expect(must(select(p.s + 1, &set, NULL, NULL, &tv)) == 1);
	expect(FD_ISSET(p.s, &set));
	pair_close(&p);
}

static void poll_timeouts(void)
{
	struct timeval tv = { .tv_usec = 50000 };
	struct sv_pair p;

	pair_open(&p);
	must(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	fails(read(p.s, (char[1]) { }, 1), EAGAIN);
	must(setsockopt(p.lfd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	fails(accept(p.lfd, NULL, NULL), EAGAIN);
	pair_close(&p);
}

/* SO_SNDTIMEO bounds a connect that nobody answers */
static void poll_connect_timeout(void)
{
	struct timeval tv = { .tv_usec = 100000 };
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int c;

	svc_new(&svc);
	len = svc_advised(&svc, nobody_addr(), &ss);
	c = host_socket(CLI, SOCK_STREAM);
	must(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	fails(connect(c, (struct sockaddr *)&ss, len), EINPROGRESS);
	close(c);
}

const struct sv_case poll_cases[] = {
	{ "poll-connect", SV_ANY, poll_connect,
	  "a non-blocking connect ends in POLLOUT" },
	{ "poll-refused", SV_TWO, poll_connect_refused,
	  "a refused non-blocking connect ends in POLLERR and SO_ERROR" },
	{ "poll-pending", SV_TWO, poll_connect_pending,
	  "a second connect() while one is under way says EALREADY" },
	{ "poll-states", SV_ANY, poll_states,
	  "poll() follows data, half-close and close" },
	{ "poll-full", SV_ANY, poll_full,
	  "a full socket is not writable and loses nothing" },
	{ "epoll", SV_ANY, poll_epoll,
	  "epoll tells level and edge, listener and connection" },
	{ "select", SV_ANY, poll_select,
	  "select() works" },
	{ "timeouts", SV_ANY, poll_timeouts,
	  "SO_RCVTIMEO bounds read() and accept()" },
	{ "connect-timeout", SV_TWO, poll_connect_timeout,
	  "SO_SNDTIMEO bounds connect()" },
	{ }
};
