// SPDX-License-Identifier: GPL-2.0-only
/*
 * svgap: for how long does a command keep others from a processor?
 *
 *   svgap COMMAND [ARGUMENT...]
 *
 * Runs the command on the processor on which it asks for the time as often as
 * it can, and prints how long the command took and the longest it had to wait,
 * both in nanoseconds.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/types.h>

static void fail(const char *what)
{
	fprintf(stderr, "svgap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

int main(int argc, char **argv)
{
	__u64 start, last, now, gap = 0;
	int status;
	pid_t pid;

	if (argc < 2) {
		fputs("svgap COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	stay_here();
	start = now_ns();
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		execvp(argv[1], argv + 1);
		fail(argv[1]);
	}
	last = start;
	while (!waitpid(pid, &status, WNOHANG)) {
		now = now_ns();
		if (now - last > gap)
			gap = now - last;
		last = now;
	}
	printf("%llu %llu\n", (unsigned long long)(last - start),
	       (unsigned long long)gap);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
