/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests in TAP: a plan, one line per test, failed expectations as comments.
 */
#ifndef _TEST_TAP_H
#define _TEST_TAP_H

#include <stdbool.h>

/**
 * struct tap_test - one test
 * @run:   the test
 * @loses: what a user would lose if it failed
 */
struct tap_test {
	void (*run)(void);
	const char *loses;
};

#define EXPECT(cond)	tap_expect(cond, #cond, __FILE__, __LINE__)

void tap_expect(bool cond, const char *text, const char *file, int line);
int tap_run(const struct tap_test *tests, int count);

#endif /* _TEST_TAP_H */
