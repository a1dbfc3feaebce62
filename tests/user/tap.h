/* SPDX-License-Identifier: GPL-2.0-only */
/* Test output in TAP: ok() for each check, done_testing() at the end. */
#ifndef SERVAL_TESTS_TAP_H
#define SERVAL_TESTS_TAP_H

#include <stdbool.h>
#include <stdio.h>

struct tap {
	int run;
	int failed;
};

/**
 * tap_ok() - report one check
 * @tap: the counts
 * @good: whether it passed
 * @what: what a user would lose otherwise
 *
 * Return: @good.
 */
static inline bool tap_ok(struct tap *tap, bool good, const char *what)
{
	tap->failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap->run, what);
	return good;
}

/**
 * tap_done() - print the plan
 * @tap: the counts
 *
 * Return: the exit status.
 */
static inline int tap_done(const struct tap *tap)
{
	printf("1..%d\n", tap->run);
	return tap->failed ? 1 : 0;
}

#endif /* SERVAL_TESTS_TAP_H */
