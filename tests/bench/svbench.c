// SPDX-License-Identifier: GPL-2.0-only
/*
 * svbench: the same work over AF_INET, AF_INET6 and AF_SERVAL, by turns.
 *
 *   svbench -C NETNS -S NETNS -4 ADDR -6 ADDR -i ID [-r RUNS] TEST COUNT
 *
 * TEST is bulk (COUNT MB one way), rtt (COUNT round trips of one byte), conn
 * (COUNT times connect, request, response, close), connect (COUNT times
 * connect() alone) or datagram (COUNT times sendto() and an answer, without
 * connect).  Every run measures
 * the families one after the other, each run starts with another one.  Prints
 *
 *   sample TEST FAMILY RUN NANOSECONDS
 *
 * which tests/bench/table makes a table of.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/serval.h>
#include "bench.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define CHUNK	(256 << 10)
#define MSG_LEN	100
#define PORT	9000

enum family { INET, INET6, SERVAL, NFAMILY };

static const char * const names[NFAMILY] = { "inet", "inet6", "serval" };
static const int domains[NFAMILY] = { AF_INET, AF_INET6, AF_SERVAL };

/**
 * struct bench - options
 * @ns:    network namespaces: client, server
 * @addr4: the server's
 * @addr6: the server's
 * @id:    the service
 * @runs:  measurements per family
 * @only:  families to measure, a bit each
 */
static struct bench {
	int ns[2];
	struct in_addr addr4;
	struct in6_addr addr6;
	struct service_id id;
	int runs;
	unsigned int only;
} bench = { .runs = 7, .only = 7 };

static char buf[CHUNK];

static socklen_t address(enum family f, bool any, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	struct sockaddr_sv *sv = (struct sockaddr_sv *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = domains[f];
	switch (f) {
	case INET:
		sin->sin_port = htons(PORT);
		if (!any)
			sin->sin_addr = bench.addr4;
		return sizeof(*sin);
	case INET6:
		sin6->sin6_port = htons(PORT + 1);
		if (!any)
			sin6->sin6_addr = bench.addr6;
		return sizeof(*sin6);
	default:
		sv->sv_srvid = bench.id;
		return sizeof(*sv);
	}
}

static int bound(enum family f, int type)
{
	struct sockaddr_storage ss;
	socklen_t len = address(f, true, &ss);
	int one = 1, fd;

	fd = check(socket(domains[f], type, 0), names[f]);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	check(bind(fd, (struct sockaddr *)&ss, len), "bind");
	if (type == SOCK_STREAM)
		check(listen(fd, 128), "listen");
	return fd;
}

static int dial(enum family f)
{
	struct sockaddr_storage ss;
	socklen_t len = address(f, false, &ss);
	int one = 1, fd;

	fd = check(socket(domains[f], SOCK_STREAM, 0), names[f]);
	check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)),
	      "TCP_NODELAY");
	check(connect(fd, (struct sockaddr *)&ss, len), "connect");
	return fd;
}

/* Exactly @len bytes: false at the end of the stream */
static bool take(int fd, size_t len)
{
	while (len) {
		ssize_t n = check(read(fd, buf, len), "read");

		if (!n)
			return false;
		len -= n;
	}
	return true;
}

static void give(int fd, size_t len)
{
	while (len)
		len -= check(write(fd, buf, len), "write");
}

static void serve_bulk(int fd)
{
	while (check(read(fd, buf, CHUNK), "read"))
		;
	give(fd, 1);
}

static void serve_rtt(int fd)
{
	int one = 1;

	check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)),
	      "TCP_NODELAY");
	while (take(fd, 1))
		give(fd, 1);
}

static void serve_conn(int fd)
{
	if (take(fd, MSG_LEN))
		give(fd, MSG_LEN);
}

/* Until an empty datagram comes */
static void serve_datagram(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len;
	ssize_t n;

	do {
		len = sizeof(ss);
		n = check(recvfrom(fd, buf, MSG_LEN, 0,
				   (struct sockaddr *)&ss, &len), "recvfrom");
		check(sendto(fd, buf, n, 0, (struct sockaddr *)&ss, len),
		      "sendto");
	} while (n);
}

static __u64 run_bulk(enum family f, unsigned long mb)
{
	int fd = dial(f);
	__u64 start = now_ns();
	size_t left = mb << 20;

	for (; left; left -= CHUNK)
		give(fd, CHUNK);
	check(shutdown(fd, SHUT_WR), "shutdown");
	take(fd, 1);
	start = now_ns() - start;
	close(fd);
	return start;
}

static __u64 run_rtt(enum family f, unsigned long count)
{
	int fd = dial(f), i;
	__u64 start;

	for (i = 0; i < 20; i++) {
		give(fd, 1);
		take(fd, 1);
	}
	start = now_ns();
	while (count--) {
		give(fd, 1);
		take(fd, 1);
	}
	start = now_ns() - start;
	close(fd);
	return start;
}

static __u64 run_conn(enum family f, unsigned long count)
{
	__u64 start = now_ns();

	while (count--) {
		int fd = dial(f);

		give(fd, MSG_LEN);
		take(fd, MSG_LEN);
		if (take(fd, 1))
			errx(1, "a byte too many");
		close(fd);
	}
	return now_ns() - start;
}

static __u64 run_connect(enum family f, unsigned long count)
{
	struct sockaddr_storage ss;
	socklen_t len = address(f, false, &ss);
	__u64 start, took = 0;

	while (count--) {
		int fd = check(socket(domains[f], SOCK_STREAM, 0), names[f]);

		start = now_ns();
		check(connect(fd, (struct sockaddr *)&ss, len), "connect");
		took += now_ns() - start;
		close(fd);
	}
	return took;
}

static void ask(int fd, enum family f, size_t size)
{
	struct sockaddr_storage ss;
	socklen_t len = address(f, false, &ss);

	check(sendto(fd, buf, size, 0, (struct sockaddr *)&ss, len), "sendto");
	len = sizeof(ss);
	check(recvfrom(fd, buf, MSG_LEN, 0, (struct sockaddr *)&ss, &len),
	      "recvfrom");
}

static __u64 run_datagram(enum family f, unsigned long count)
{
	int fd = check(socket(domains[f], SOCK_DGRAM, 0), names[f]), i;
	__u64 start;

	for (i = 0; i < 20; i++)
		ask(fd, f, 1);
	start = now_ns();
	while (count--)
		ask(fd, f, 1);
	start = now_ns() - start;
	ask(fd, f, 0);
	close(fd);
	return start;
}

static const struct test {
	const char *name;
	int type;
	__u64 (*run)(enum family f, unsigned long count);
	void (*serve)(int fd);
} tests[] = {
	{ "bulk", SOCK_STREAM, run_bulk, serve_bulk },
	{ "rtt", SOCK_STREAM, run_rtt, serve_rtt },
	{ "conn", SOCK_STREAM, run_conn, serve_conn },
	{ "connect", SOCK_STREAM, run_connect, serve_conn },
	{ "datagram", SOCK_DGRAM, run_datagram, serve_datagram },
};

/* A server for all families, one connection at a time; tells by @ready */
static pid_t server(const struct test *t, int ready)
{
	struct pollfd pfd[NFAMILY] = { };
	pid_t pid = check(fork(), "fork");
	int f, fd;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	check(setns(bench.ns[1], CLONE_NEWNET), "setns");
	for (f = 0; f < NFAMILY; f++) {
		pfd[f].fd = bench.only & 1 << f ? bound(f, t->type) : -1;
		pfd[f].events = POLLIN;
	}
	check(write(ready, "", 1), "pipe");
	for (;;) {
		check(poll(pfd, NFAMILY, -1), "poll");
		for (f = 0; f < NFAMILY; f++) {
			if (!(pfd[f].revents & POLLIN))
				continue;
			if (t->type == SOCK_DGRAM) {
				t->serve(pfd[f].fd);
				continue;
			}
			fd = check(accept(pfd[f].fd, NULL, NULL), "accept");
			t->serve(fd);
			close(fd);
		}
	}
}

static void measure(const struct test *t, const char *as, unsigned long count)
{
	int run, i;

	for (i = 0; i < NFAMILY; i++)	/* warm up */
		if (bench.only & 1 << i)
			t->run(i, count < 16 ? 1 : count / 16);
	for (run = 0; run < bench.runs; run++) {
		for (i = 0; i < NFAMILY; i++) {
			enum family f = (i + run) % NFAMILY;

			if (!(bench.only & 1 << f))
				continue;
			printf("sample %s %s %d %llu\n", as, names[f], run,
			       (unsigned long long)t->run(f, count));
		}
		fflush(stdout);
	}
}

static int usage(void)
{
	fputs("svbench -C NETNS -S NETNS -4 ADDR -6 ADDR -i ID [-r RUNS]\n"
	      "        [-a NAME] [-f FAMILY]... bulk|rtt|conn|connect|datagram COUNT\n", stderr);
	return 2;
}

static bool only_family(const char *name)
{
	static unsigned int set;
	int f;

	for (f = 0; f < NFAMILY; f++)
		if (!strcmp(name, names[f]))
			set |= 1 << f;
	bench.only = set;
	return set;
}

static bool parse_option(int opt, char *arg)
{
	switch (opt) {
	case 'C':
	case 'S':
		bench.ns[opt == 'S'] = ns_open(arg);
		return true;
	case '4':
		return inet_pton(AF_INET, arg, &bench.addr4) == 1;
	case '6':
		return inet_pton(AF_INET6, arg, &bench.addr6) == 1;
	case 'i':
		return parse_id(arg, &bench.id);
	case 'r':
		bench.runs = atoi(arg);
		return bench.runs > 0;
	case 'f':
		return only_family(arg);
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *as = NULL;
	int opt, pipefd[2];
	size_t i;
	pid_t pid;
	char c;

	while ((opt = getopt(argc, argv, "C:S:4:6:i:r:a:f:")) != -1) {
		if (opt == 'a')
			as = optarg;
		else if (!parse_option(opt, optarg))
			return usage();
	}
	if (optind + 2 != argc || !bench.ns[0] || !bench.ns[1])
		return usage();
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (strcmp(argv[optind], tests[i].name))
			continue;
		check(pipe(pipefd), "pipe");
		pid = server(&tests[i], pipefd[1]);
		check(setns(bench.ns[0], CLONE_NEWNET), "setns");
		close(pipefd[1]);
		if (read(pipefd[0], &c, 1) != 1)
			return 1;
		measure(&tests[i], as ? as : tests[i].name,
			atoi(argv[optind + 1]));
		kill(pid, SIGKILL);
		return 0;
	}
	return usage();
}
