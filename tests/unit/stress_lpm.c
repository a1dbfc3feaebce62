// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readers and a writer at the same time on the prefix table.
 *
 * What kfree_rcu() gets is freed when each reader has been outside of its read
 * section since; the sanitizer this is built with tells if that was too early
 * or if a reader saw something unfinished.
 */
#include "lpm.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/kernel.h>

#include "random.h"
#include "shim.h"
#include "tap.h"

#define READERS		3
#define STABLE		500
#define CHANGING	500
#define LIMBO		256
#define RUN_NS		1500000000LL

static struct serval_lpm *lpm;
static struct serval_lpm_entry stable[STABLE];
static struct serval_lpm_entry *changing[CHANGING];

/* What a key between @wide and @narrow is looked up for, see swap() */
static struct serval_lpm_entry wide, middle, narrow;

static bool stop;
/* Odd within a read section */
static unsigned long section[READERS];
static void *limbo[LIMBO];
static int limbo_len;

static void read_lock(int reader)
{
	__atomic_fetch_add(&section[reader], 1, __ATOMIC_SEQ_CST);
}

static void read_unlock(int reader)
{
	__atomic_fetch_add(&section[reader], 1, __ATOMIC_SEQ_CST);
}

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Wait for all read sections that began before, then free */
static void flush(void)
{
	int i;

	for (i = 0; i < READERS; i++) {
		unsigned long old, now;

		old = __atomic_fetch_add(&section[i], 0, __ATOMIC_SEQ_CST);
		for (now = old; old & 1 && now == old; sched_yield())
			now = __atomic_load_n(&section[i], __ATOMIC_SEQ_CST);
	}
	while (limbo_len)
		shim_free(limbo[--limbo_len]);
}

static void defer(void *p)
{
	if (limbo_len == LIMBO)
		flush();
	limbo[limbo_len++] = p;
}

static void run(void *(*reader)(void *), void (*change)(void))
{
	pthread_t threads[READERS];
	struct timespec from, to;
	long i;

	stop = false;
	shim_defer = defer;
	for (i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader, (void *)i);
	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		for (i = 0; i < 1000; i++)
			change();
		clock_gettime(CLOCK_MONOTONIC, &to);
	} while ((to.tv_sec - from.tv_sec) * 1000000000LL +
		 to.tv_nsec - from.tv_nsec < RUN_NS);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	flush();
	shim_defer = NULL;
	serval_lpm_free(lpm);
	EXPECT(shim_warnings == 0);
}

/* Prefixes of 32 bits, of which some have more in common */
static void fill(void)
{
	int i;

	lpm = serval_lpm_alloc();
	for (i = 0; i < STABLE; i++) {
		struct serval_lpm_entry *e = &stable[i];

		do {
			random_key(e->key);
			e->key[0] = 0xfd;
			e->key[1] &= 0x33;
			e->bits = 32;
			mask_key(e->key, e->bits);
		} while (serval_lpm_insert(lpm, e));
	}
}

/* Add or remove something above, among or below the stable prefixes */
static void change_any(void)
{
	struct serval_lpm_entry **slot = &changing[random_below(CHANGING)];
	struct serval_lpm_entry *e = *slot;

	if (e) {
		serval_lpm_remove(lpm, e);
		defer(e);
		*slot = NULL;
		return;
	}
	e = shim_alloc(sizeof(*e));
	key_under(&stable[random_below(STABLE)], e->key);
	e->bits = random_below(60);
	mask_key(e->key, e->bits);
	if (serval_lpm_insert(lpm, e))
		shim_free(e);
	else
		*slot = e;
}

static void walk(int reader)
{
	struct serval_lpm_entry at, *e;
	int count = 0;

	for (e = NULL;;) {
		read_lock(reader);
		e = serval_lpm_next(lpm, e ? at.key : NULL, e ? at.bits : 0);
		if (e) {
			at = *e;
			count += e >= stable && e < stable + STABLE;
		}
		read_unlock(reader);
		if (!e)
			break;
	}
	EXPECT(count == STABLE);
}

static void *read_any(void *arg)
{
	int reader = (long)arg, i;

	random_seed(1000 + reader);
	for (i = 0; !stopped(); i++) {
		struct serval_lpm_entry *want, *e;
		u8 key[SERVAL_LPM_KEY_LEN];

		want = &stable[random_below(STABLE)];
		key_under(want, key);
		read_lock(reader);
		EXPECT(serval_lpm_find(lpm, want->key, want->bits) == want);
		e = serval_lpm_lookup(lpm, key);
		EXPECT(e == want || (e && e->bits > want->bits &&
				     !memcmp(e->key, want->key, 4)));
		read_unlock(reader);
		if (i % 256 == 0)
			walk(reader);
	}
	return NULL;
}

static void test_any(void)
{
	int i;

	fill();
	run(read_any, change_any);
	for (i = 0; i < CHANGING; i++)
		shim_free(changing[i]);
	EXPECT(shim_blocks == 0);
}

/* There is @middle or @narrow at any time, so nobody may see @wide */
static void swap(void)
{
	EXPECT(!serval_lpm_insert(lpm, &middle));
	serval_lpm_remove(lpm, &narrow);
	EXPECT(!serval_lpm_insert(lpm, &narrow));
	serval_lpm_remove(lpm, &middle);
}

static void *read_swapped(void *arg)
{
	int reader = (long)arg;

	while (!stopped()) {
		struct serval_lpm_entry *e;

		read_lock(reader);
		e = serval_lpm_lookup(lpm, narrow.key);
		EXPECT(e == &middle || e == &narrow);
		read_unlock(reader);
	}
	return NULL;
}

static void test_swap(void)
{
	fill();
	narrow = stable[0];
	narrow.key[31] = 1;
	narrow.bits = 256;
	wide = narrow;
	wide.bits = 8;
	mask_key(wide.key, wide.bits);
	middle = narrow;
	middle.bits = 9;
	mask_key(middle.key, middle.bits);
	serval_lpm_remove(lpm, &stable[0]);
	EXPECT(!serval_lpm_insert(lpm, &wide));
	EXPECT(!serval_lpm_insert(lpm, &narrow));
	run(read_swapped, swap);
	EXPECT(shim_blocks == 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ test_any, "packets would be lost while others bind" },
		{ test_swap,
		  "packets would go elsewhere while a rule is replaced" },
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
