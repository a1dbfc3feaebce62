// SPDX-License-Identifier: GPL-2.0-only
/*
 * svmove: what a connection's way from one link to another takes.
 *
 *   svmove -C NETNS -S NETNS -4 ADDR -i ID [-r RUNS] [-a NAME] [-b|-m] TEST
 *
 * TEST is
 *   move   the client's end of an idle connection goes to and fro between eth0
 *          and eth1: time until the peer has answered from there
 *   pause  the server sends what it can, and the client moves to eth1: longest
 *          time from then on in which nothing came
 *   cut    the same, but the client's eth0 is set down
 *   dead   the same, but from then on nothing gets through there, of which nobody is told
 *
 * What leads to eth1 then is the sysctl auto_migrate, or with -b another flow, for which
 * it waits, or with -m MPTCP, which has been told of eth1 as a backup.
 *
 * Prints "sample NAME FAMILY RUN NANOSECONDS" as svbench does.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/mptcp.h>
#include <linux/serval.h>
#include "bench.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP	284
#endif

#define SECOND	1000000000ULL
#define CALM	(2 * SECOND)	/* until TCP knows the first link */
#define AFTER	(2 * SECOND)	/* in which the gap must begin */
#define LIMIT	(60 * SECOND)	/* it has to end at all */
#define PORT	9010

static struct {
	int ns[2];
	struct in_addr addr;
	struct service_id id;
	bool mptcp, backup;
	int runs;
} bench = { .runs = 5 };

static char buf[65536];

static int make_socket(void)
{
	if (bench.mptcp)
		return check(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP),
			     "MPTCP");
	return check(socket(AF_SERVAL, SOCK_STREAM, 0), "AF_SERVAL");
}

static socklen_t address(bool any, struct sockaddr_storage *ss)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	struct sockaddr_sv *sv = (struct sockaddr_sv *)ss;

	memset(ss, 0, sizeof(*ss));
	if (!bench.mptcp) {
		sv->sv_family = AF_SERVAL;
		sv->sv_srvid = bench.id;
		return sizeof(*sv);
	}
	sin->sin_family = AF_INET;
	sin->sin_port = htons(PORT);
	if (!any)
		sin->sin_addr = bench.addr;
	return sizeof(*sin);
}

static int dial(void)
{
	struct sockaddr_storage ss;
	socklen_t len = address(false, &ss);
	int fd = make_socket();

	check(connect(fd, (struct sockaddr *)&ss, len), "connect");
	return fd;
}

/* To who sends a byte, one goes back, or all that can be sent */
static void serve(int fd, bool bulk)
{
	if (read(fd, buf, 1) == 1)
		while (write(fd, buf, bulk ? sizeof(buf) : 1) > 0 && bulk)
			;
	/* the client is to see no end while it measures */
	while (read(fd, buf, 1) > 0)
		;
	close(fd);
}

static pid_t server(bool bulk, int ready)
{
	struct sockaddr_storage ss;
	pid_t pid = check(fork(), "fork");
	int fd, one = 1;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	check(setns(bench.ns[1], CLONE_NEWNET), "setns");
	fd = make_socket();
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	check(bind(fd, (struct sockaddr *)&ss, address(true, &ss)), "bind");
	check(listen(fd, 16), "listen");
	check(write(ready, "", 1), "pipe");
	for (;;) {
		int conn = check(accept(fd, NULL, NULL), "accept");

		/* the last one may still have a queue to get rid of */
		if (!check(fork(), "fork")) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(conn, bulk);
			_exit(0);
		}
		close(conn);
	}
}

static void migrate(int fd, const char *dev)
{
	struct serval_migrate m = { };

	snprintf(m.sm_dev, sizeof(m.sm_dev), "%s", dev);
	check(ioctl(fd, SIOCSERVALMIGRATE, &m), "SIOCSERVALMIGRATE");
}

static void link_set(const char *dev, bool up)
{
	int fd = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	struct ifreq req = { };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	check(ioctl(fd, SIOCGIFFLAGS, &req), dev);
	req.ifr_flags = up ? req.ifr_flags | IFF_UP : req.ifr_flags & ~IFF_UP;
	check(ioctl(fd, SIOCSIFFLAGS, &req), dev);
	while (up && !(req.ifr_flags & IFF_RUNNING)) {
		usleep(10000);
		check(ioctl(fd, SIOCGIFFLAGS, &req), dev);
	}
	close(fd);
}

static void await(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	if (!check(poll(&pfd, 1, LIMIT / 1000000), "poll"))
		errx(1, "nothing comes for a minute");
}

/* The longest time without data that ends after @from.  Return: it, when
 * something has come after @until
 */
static __u64 receive(int fd, __u64 from, __u64 until)
{
	__u64 last = now_ns(), now = last, gap = 0;

	while (now < until) {
		await(fd);
		if (!check(read(fd, buf, sizeof(buf)), "read"))
			errx(1, "the server has ended");
		now = now_ns();
		if (now > from && now - last > gap)
			gap = now - last;
		last = now;
	}
	return gap;
}

static void expect_subflow(int fd)
{
	struct mptcp_info info = { };
	socklen_t len = sizeof(info);

	check(getsockopt(fd, SOL_MPTCP, MPTCP_INFO, &info, &len), "MPTCP_INFO");
	if (info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK ||
	    !info.mptcpi_subflows)
		errx(1, "MPTCP has no second subflow");
}

static __u64 run_move(int fd, int run)
{
	__u64 start;

	/* the server's first data ends the handshake */
	if (!run) {
		check(write(fd, "", 1), "write");
		check(read(fd, buf, 1), "read");
	}
	start = now_ns();
	migrate(fd, run % 2 ? "eth0" : "eth1");
	return now_ns() - start;
}

/* Flows of the client: the last connection may still have some */
static void expect_backup(void)
{
	char line[256];
	int n = 0;
	FILE *f = fopen("/proc/net/serval/flow_table", "r");

	while (f && fgets(line, sizeof(line), f))
		n += !!strstr(line, " CONNECTED eth1");
	if (!n)
		errx(1, "no flow leads through eth1");
	fclose(f);
}

/* Nothing gets through eth0 any more, or all */
static void deafen(bool deaf)
{
	const char *what = deaf ?
		"nft 'table inet dead {"
		" chain in { type filter hook prerouting priority -350;"
		" iifname eth0 drop; };"
		" chain out { type filter hook postrouting priority 300;"
		" oifname eth0 drop; }; }'" :
		"nft delete table inet dead";

	if (system(what))
		errx(1, "nft");
}

enum what { PAUSE, CUT, DEAD };

/* In a process of its own: setting a link down takes time */
static pid_t change(int fd, enum what what)
{
	pid_t pid = check(fork(), "fork");

	if (pid)
		return pid;
	if (what == PAUSE)
		migrate(fd, "eth1");
	else if (what == CUT)
		link_set("eth0", false);
	else
		deafen(true);
	_exit(0);
}

static __u64 run_pause(enum what what)
{
	int fd = dial(), status;
	__u64 start = now_ns(), gap;
	pid_t pid;

	check(write(fd, "", 1), "write");
	receive(fd, start, start + CALM);
	if (bench.mptcp)
		expect_subflow(fd);
	else if (bench.backup)
		expect_backup();
	start = now_ns();
	pid = change(fd, what);
	gap = receive(fd, start, start + AFTER);
	check(waitpid(pid, &status, 0), "waitpid");
	if (status)
		errx(1, "nothing has changed");
	close(fd);
	if (what == CUT)
		link_set("eth0", true);
	else if (what == DEAD)
		deafen(false);
	return gap;
}

static void measure(const char *test, const char *as)
{
	const bool idle = !strcmp(test, "move");
	const enum what what = !strcmp(test, "dead") ? DEAD :
			       !strcmp(test, "cut") ? CUT : PAUSE;
	int run, fd = idle ? dial() : -1;

	for (run = 0; run < bench.runs; run++) {
		__u64 ns = idle ? run_move(fd, run) : run_pause(what);

		printf("sample %s %s %d %llu\n", as,
		       bench.mptcp ? "mptcp" : "serval", run, (unsigned long long)ns);
		fflush(stdout);
	}
}

static int usage(void)
{
	fputs("svmove -C NETNS -S NETNS -4 ADDR -i ID [-r RUNS] [-a NAME] [-b|-m] TEST\n",
	      stderr);
	return 2;
}

static bool parse_option(int opt, char *arg)
{
	switch (opt) {
	case 'C':
	case 'S':
		bench.ns[opt == 'S'] = ns_open(arg);
		return true;
	case '4':
		return inet_pton(AF_INET, arg, &bench.addr) == 1;
	case 'b':
	case 'm':
		bench.backup = opt == 'b';
		bench.mptcp = opt == 'm';
		return true;
	case 'i':
		return parse_id(arg, &bench.id);
	case 'r':
		bench.runs = atoi(arg);
		return bench.runs > 0;
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *as = NULL, *test;
	int opt, pipefd[2];
	pid_t pid;
	char c;

	while ((opt = getopt(argc, argv, "C:S:4:i:r:a:bm")) != -1) {
		if (opt == 'a')
			as = optarg;
		else if (!parse_option(opt, optarg))
			return usage();
	}
	if (optind + 1 != argc || !bench.ns[0] || !bench.ns[1])
		return usage();
	test = argv[optind];
	check(pipe(pipefd), "pipe");
	pid = server(strcmp(test, "move"), pipefd[1]);
	check(setns(bench.ns[0], CLONE_NEWNET), "setns");
	close(pipefd[1]);
	if (read(pipefd[0], &c, 1) != 1)
		return 1;
	measure(test, as ? as : test);
	kill(pid, SIGKILL);
	return 0;
}
