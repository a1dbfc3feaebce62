/* SPDX-License-Identifier: GPL-2.0-only */
/* The time, for the programs of this directory. */
#ifndef _TESTS_BENCH_H
#define _TESTS_BENCH_H

#include <time.h>
#include <linux/types.h>

static inline __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

#endif /* _TESTS_BENCH_H */
