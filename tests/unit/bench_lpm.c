// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast is the prefix table: prints, tests nothing.
 *
 * Half of the prefixes have 256 bits, the others 32 to 128; keys are random
 * from the first bit ("random") or below 16 common bits and a digit of a few
 * values ("tree").  Looked up, in random order, are keys under the prefixes.
 */
#include "lpm.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <linux/kernel.h>

#include "random.h"
#include "shim.h"

#define LOOKUPS		1048576
#define BATCH		64
#define HUGE_SIZE	(2UL * 1024 * 1024)

/* As in the owner's object: in one cache line */
struct object {
	alignas(64) struct serval_lpm_entry e;
};

static void *huge_alloc(size_t size)
{
	void *p;

	size = (size + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1);
	p = aligned_alloc(HUGE_SIZE, size);
	if (!p)
		exit(1);
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void make_entry(struct serval_lpm_entry *e, bool tree)
{
	int i;

	random_key(e->key);
	e->bits = random_u32() & 1 ? 256 : 32 + random_below(97);
	for (i = 0; tree && i < 8; i++)
		e->key[i] = i < 2 ? 0xfd : random_u32() & 0x11;
	mask_key(e->key, e->bits);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median over batches short enough that few are interrupted */
static double time_lookups(const struct serval_lpm *lpm, const u8 *keys,
			   long *hits)
{
	static double took[LOOKUPS / BATCH];
	int b, i;

	for (b = 0; b < LOOKUPS / BATCH; b++) {
		double start = now();

		for (i = 0; i < BATCH; i++, keys += SERVAL_LPM_KEY_LEN)
			*hits += !!serval_lpm_lookup(lpm, keys);
		took[b] = (now() - start) / BATCH;
	}
	qsort(took, LOOKUPS / BATCH, sizeof(*took), compare);
	return took[LOOKUPS / BATCH / 2];
}

static u8 *make_keys(const struct object *o, int count)
{
	u8 *keys = huge_alloc(32UL * LOOKUPS);
	int i;

	for (i = 0; i < LOOKUPS; i++)
		key_under(&o[random_below(count)].e, keys + 32 * i);
	return keys;
}

static void bench(int count, bool tree)
{
	struct object *o = huge_alloc(count * sizeof(*o));
	struct serval_lpm *lpm = serval_lpm_alloc();
	double insert, lookup, remove;
	long hits = 0, bytes;
	int i, dups = 0;
	u8 *keys;

	if (!lpm)
		exit(1);
	for (i = 0; i < count; i++)
		make_entry(&o[i].e, tree);
	insert = now();
	for (i = 0; i < count; i++) {
		if (serval_lpm_insert(lpm, &o[i].e)) {
			o[i].e.bits = 0xffff;
			dups++;
		}
	}
	insert = now() - insert;
	bytes = shim_bytes;
	keys = make_keys(o, count);
	lookup = time_lookups(lpm, keys, &hits);
	free(keys);
	remove = now();
	for (i = 0; i < count; i++)
		if (o[i].e.bits <= 256)
			serval_lpm_remove(lpm, &o[i].e);
	remove = now() - remove;
	printf("%-6s %7d prefixes, %4.1f bytes each: ", tree ? "tree" : "random",
	       count - dups, (double)bytes / count);
	printf("lookup %5.1f ns (%3.0f%% hit), ", lookup, 100.0 * hits / LOOKUPS);
	printf("insert %5.2f M/s, remove %5.2f M/s\n", count / insert * 1e3,
	       count / remove * 1e3);
	serval_lpm_free(lpm);
	free(o);
}

int main(void)
{
	static const int counts[] = { 10, 1000, 30000, 1000000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		bench(counts[i], false);
		bench(counts[i], true);
	}
	return 0;
}
