/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of this directory share. */
#ifndef _TESTS_BENCH_H
#define _TESTS_BENCH_H

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <linux/serval.h>
#include <linux/types.h>

static inline __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static inline long check(long ret, const char *what)
{
	if (ret < 0)
		err(1, "%s", what);
	return ret;
}

static inline int ns_open(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	return check(open(path, O_RDONLY | O_CLOEXEC), path);
}

/* 0xHEX, left-aligned */
static inline bool parse_id(const char *s, struct service_id *id)
{
	unsigned int i, v;

	if (s[0] != '0' || s[1] != 'x' || strlen(s) % 2)
		return false;
	for (i = 0, s += 2; *s && i < sizeof(id->s_sid); i++, s += 2) {
		if (sscanf(s, "%2x", &v) != 1)
			return false;
		id->s_sid[i] = v;
	}
	return i > 0;
}

#endif /* _TESTS_BENCH_H */
