// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests in TAP.
 */
#include "tap.h"

#include <stdio.h>

#define SHOWN_MAX	20

static int failed;

void tap_expect(bool cond, const char *text, const char *file, int line)
{
	if (cond)
		return;
	if (__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED) < SHOWN_MAX)
		printf("# %s:%d: not so: %s\n", file, line, text);
}

/* Returns the exit status of the program */
int tap_run(const struct tap_test *tests, int count)
{
	int i, status = 0;

	printf("1..%d\n", count);
	for (i = 0; i < count; i++) {
		failed = 0;
		tests[i].run();
		printf("%sok %d - or: %s\n", failed ? "not " : "", i + 1,
		       tests[i].loses);
		fflush(stdout);
		if (failed)
			status = 1;
	}
	return status;
}
