// SPDX-License-Identifier: GPL-2.0-only
/* Assertions, errors by name, pseudo-random bytes. */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "sv.h"

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

void expect_at(bool ok, const char *what, const char *fn, int line)
{
	if (!ok)
		die("%s:%d: not so: %s", fn, line, what);
}

long must_at(long ret, const char *what, const char *fn, int line)
{
	if (ret < 0)
		die("%s:%d: %s: %s", fn, line, what, errname(errno));
	return ret;
}

void fails_at(long ret, const struct sv_fail *f)
{
	int err = errno;

	if (ret >= 0)
		die("%s:%d: %s: %ld instead of %s", f->fn, f->line, f->what,
		    ret, errname(f->err));
	if (err == f->err || (f->alt && err == f->alt))
		return;
	die("%s:%d: %s: %s instead of %s", f->fn, f->line, f->what,
	    errname(err), errname(f->err));
}

const char *errname(int err)
{
	const char *name = strerrorname_np(err);

	if (err == ENOTSUPP)
		return "ENOTSUPP";
	return name ? name : "unknown error";
}

int errvalue(const char *name)
{
	int err;

	for (err = 1; err < 134; err++) {
		const char *n = strerrorname_np(err);

		if (n && !strcmp(n, name))
			return err;
	}
	die("no error is named %s", name);
}

__u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000 + (__u64)ts.tv_nsec / 1000000;
}

/* xorshift64*: every position of a stream depends on all before it */
__u64 rnd(__u64 *state)
{
	__u64 x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

__u64 rnd_seed(void)
{
	__u64 seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		die("getrandom");
	return seed | 1;
}

void fill(void *buf, size_t len, __u64 seed)
{
	__u8 *p = buf;
	size_t i;

	for (i = 0; i < len; i += 8) {
		__u64 v = rnd(&seed);

		memcpy(p + i, &v, len - i < 8 ? len - i : 8);
	}
}

/* Gives the other side time; a test never depends on it being enough */
void nap_ms(int ms)
{
	poll(NULL, 0, ms);
}

void no_signal(int sig)
{
	signal(sig, SIG_IGN);
}

unsigned long arg_num(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);

	if (!*s || *end)
		die("not a number: %s", s);
	return v;
}
