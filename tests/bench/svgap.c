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
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
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
		err(1, "fork");
	if (!pid) {
		execvp(argv[1], argv + 1);
		err(1, "%s", argv[1]);
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
