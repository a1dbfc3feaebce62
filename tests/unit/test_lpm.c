// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the prefix table, module/lpm.c.
 */
#include "lpm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "lpm_model.h"
#include "random.h"
#include "shim.h"
#include "tap.h"

#define MANY	20000

static struct serval_lpm_entry entry(u64 head, unsigned int bits)
{
	struct serval_lpm_entry e = { .bits = bits };
	int i;

	for (i = 0; i < 8; i++)
		e.key[i] = head >> (56 - 8 * i);
	return e;
}

static struct serval_lpm_entry *lookup(const struct serval_lpm *lpm, u64 head)
{
	struct serval_lpm_entry e = entry(head, 256);

	return serval_lpm_lookup(lpm, e.key);
}

/* Free a table that should have nothing in it, and see that this is so */
static void free_empty(struct serval_lpm *lpm)
{
	EXPECT(!serval_lpm_next(lpm, NULL, 0));
	EXPECT(shim_blocks == 1);
	serval_lpm_free(lpm);
	EXPECT(shim_blocks == 0);
	EXPECT(shim_warnings == 0);
}

static void test_empty(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct serval_lpm_entry e = entry(0, 0);

	EXPECT(!lookup(lpm, 0));
	EXPECT(!serval_lpm_find(lpm, e.key, 0));
	EXPECT(!serval_lpm_next(lpm, e.key, 0));
	free_empty(lpm);
	serval_lpm_free(NULL);
}

static void test_default(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct serval_lpm_entry def = entry(0, 0);
	struct serval_lpm_entry one = entry(0x8000000000000000, 1);

	EXPECT(!serval_lpm_insert(lpm, &def));
	EXPECT(lookup(lpm, 0) == &def && lookup(lpm, -1) == &def);
	EXPECT(!serval_lpm_insert(lpm, &one));
	EXPECT(lookup(lpm, 0) == &def && lookup(lpm, -1) == &one);
	serval_lpm_remove(lpm, &def);
	EXPECT(!lookup(lpm, 0) && lookup(lpm, -1) == &one);
	serval_lpm_remove(lpm, &one);
	free_empty(lpm);
}

static void test_skip(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct serval_lpm_entry wide = entry(0xfd00000000000000, 8);
	struct serval_lpm_entry a = entry(0xfd12345678000000, 64);
	struct serval_lpm_entry b = entry(0xfd12345679000000, 64);

	EXPECT(!serval_lpm_insert(lpm, &a));
	EXPECT(!serval_lpm_insert(lpm, &b));
	EXPECT(!lookup(lpm, 0xfd92345678000000));
	EXPECT(!serval_lpm_insert(lpm, &wide));
	EXPECT(lookup(lpm, 0xfd92345678000000) == &wide);
	EXPECT(lookup(lpm, 0xfd12345678000000) == &a);
	EXPECT(lookup(lpm, 0xfd12345677000000) == &wide);
	EXPECT(!lookup(lpm, 0xfe12345678000000));
	serval_lpm_remove(lpm, &a);
	EXPECT(lookup(lpm, 0xfd12345678000000) == &wide);
	EXPECT(lookup(lpm, 0xfd12345679000000) == &b);
	serval_lpm_remove(lpm, &wide);
	serval_lpm_remove(lpm, &b);
	free_empty(lpm);
}

/* All 257 prefixes of one key, put in and taken out in random order */
static bool is_shorter(const struct serval_lpm_entry *e, unsigned long bits)
{
	return e->bits < bits;
}

static void test_chain(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct serval_lpm_entry e[257];
	unsigned int order[257], i, longest;
	u8 key[32];

	random_key(key);
	for (i = 0; i <= 256; i++) {
		unsigned int j = random_below(i + 1);

		order[i] = order[j];
		order[j] = i;
		memcpy(e[i].key, key, 32);
		mask_key(e[i].key, i);
		e[i].bits = i;
	}
	for (i = 0, longest = 0; i <= 256; i++) {
		longest = longest > order[i] ? longest : order[i];
		EXPECT(!serval_lpm_insert(lpm, &e[order[i]]));
		EXPECT(serval_lpm_lookup(lpm, key) == &e[longest]);
	}
	for (i = 0; i < 256; i++) {
		key[i / 8] ^= 0x80 >> i % 8;
		EXPECT(serval_lpm_lookup(lpm, key) == &e[i]);
		key[i / 8] ^= 0x80 >> i % 8;
		EXPECT(serval_lpm_lookup_if(lpm, key, is_shorter, i + 1) ==
		       &e[i]);
		EXPECT(serval_lpm_next(lpm, e[i].key, i) == &e[i + 1]);
	}
	for (i = 256; i > 0; i--) {
		serval_lpm_remove(lpm, &e[i]);
		EXPECT(serval_lpm_lookup(lpm, key) == &e[i - 1]);
	}
	serval_lpm_remove(lpm, &e[0]);
	free_empty(lpm);
}

/* Four keys that differ in their first bits, cut after each of 17 bits from
 * byte @at on: the prefixes end in one byte, at its end, and in the next
 */
static void add_ends(struct serval_lpm *lpm, struct lpm_model *m,
		     unsigned int at)
{
	static const u8 heads[][2] = {
		{ 0x00, 0x00 }, { 0x7f, 0x80 }, { 0x80, 0x01 }, { 0xff, 0xff },
	};
	unsigned int i, len;

	for (len = 0; len <= 16; len++) {
		for (i = 0; i < ARRAY_SIZE(heads); i++) {
			struct serval_lpm_entry e = { .bits = at * 8 + len };

			memset(e.key, 0xfd, at);
			memcpy(e.key + at, heads[i], 2);
			mask_key(e.key, e.bits);
			if (lpm_model_find(m, e.key, e.bits))
				continue;
			EXPECT(!serval_lpm_insert(lpm,
						  lpm_model_add(m, e.key,
								e.bits)));
			EXPECT(lpm_model_same(m, lpm));
		}
	}
}

static void test_ends(void)
{
	static const unsigned int places[] = { 0, 1, 7, 8, 15, 30 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct serval_lpm *lpm = serval_lpm_alloc();
		struct lpm_model m = {};
		struct serval_lpm_entry *e;
		u8 key[32];

		add_ends(lpm, &m, places[i]);
		for (j = 0; j < 500; j++) {
			key_under(&m.e[random_below(m.count)], key);
			EXPECT(serval_lpm_lookup(lpm, key) ==
			       lpm_model_lookup(&m, key));
		}
		while (m.count) {
			do
				e = &m.e[random_below(LPM_MODEL_MAX)];
			while (!m.used[e - m.e]);
			serval_lpm_remove(lpm, e);
			lpm_model_del(&m, e);
			EXPECT(lpm_model_same(&m, lpm));
		}
		free_empty(lpm);
	}
}

/* All prefixes that differ only in byte @at: those of len bits of it begin at
 * number 2^len - 1
 */
struct one_byte {
	struct serval_lpm_entry e[511];
	bool in[511];
	int order[511];
	int count;
	unsigned int at;
};

static void one_byte_init(struct one_byte *b, unsigned int at)
{
	unsigned int len, i, n = 0;

	memset(b, 0, sizeof(*b));
	b->at = at;
	for (len = 0; len <= 8; len++) {
		for (i = 0; i < 1U << len; i++, n++) {
			unsigned int j = random_below(n + 1);

			memset(b->e[n].key, 0xfd, at);
			b->e[n].key[at] = i << (8 - len);
			b->e[n].bits = at * 8 + len;
			b->order[n] = b->order[j];
			b->order[j] = n;
		}
	}
}

static int one_byte_insert(struct one_byte *b, struct serval_lpm *lpm, int i)
{
	int err = serval_lpm_insert(lpm, &b->e[i]);

	if (!err) {
		b->in[i] = true;
		b->count++;
	}
	return err;
}

static void one_byte_remove(struct one_byte *b, struct serval_lpm *lpm, int i)
{
	serval_lpm_remove(lpm, &b->e[i]);
	b->in[i] = false;
	b->count--;
}

static bool one_byte_same(const struct one_byte *b,
			  const struct serval_lpm *lpm)
{
	const struct serval_lpm_entry *e, *next, *want;
	u8 key[32] = {};
	int len, i, count;

	memset(key, 0xfd, b->at);
	for (i = 0; i < 256; i++) {
		key[b->at] = i;
		for (len = 8, want = NULL; len >= 0 && !want; len--)
			if (b->in[(1 << len) - 1 + (i >> (8 - len))])
				want = &b->e[(1 << len) - 1 + (i >> (8 - len))];
		if (serval_lpm_lookup(lpm, key) != want)
			return false;
	}
	e = serval_lpm_next(lpm, NULL, 0);
	for (count = 0; e; e = next, count++) {
		next = serval_lpm_next(lpm, e->key, e->bits);
		if (!b->in[e - b->e] ||
		    serval_lpm_find(lpm, e->key, e->bits) != e)
			return false;
		i = next ? memcmp(e->key, next->key, 32) : -1;
		if (i > 0 || (!i && e->bits >= next->bits))
			return false;
	}
	return count == b->count;
}

/* One node has place for all of them, and is gone when one is left */
static void test_full_node(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct one_byte b;
	u8 other[32] = {};
	int i;

	one_byte_init(&b, 9);
	for (i = 0; i < 511; i++) {
		EXPECT(!one_byte_insert(&b, lpm, b.order[i]));
		EXPECT(one_byte_same(&b, lpm));
		EXPECT(shim_blocks == 1 + (b.count > 1));
	}
	EXPECT(!serval_lpm_lookup(lpm, other));
	for (i = 0; i < 511; i++) {
		one_byte_remove(&b, lpm, b.order[510 - i]);
		EXPECT(one_byte_same(&b, lpm));
		EXPECT(shim_blocks == 1 + (b.count > 1));
	}
	free_empty(lpm);
}

/* The same without memory: what is removed leaves its slot to its successor,
 * whether the node grows and shrinks meanwhile or not
 */
static void test_full_nomem(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct one_byte b;
	int i;

	one_byte_init(&b, 1);
	for (i = 0; i < 500; i++)
		EXPECT(!one_byte_insert(&b, lpm, b.order[i]));
	shim_alloc_budget = 0;
	for (i = 0; i < 400; i++)
		one_byte_remove(&b, lpm, b.order[i]);
	EXPECT(one_byte_same(&b, lpm));
	EXPECT(one_byte_insert(&b, lpm, b.order[500]) == -ENOMEM);
	shim_alloc_budget = -1;
	for (i = 500; i < 511; i++)
		EXPECT(!one_byte_insert(&b, lpm, b.order[i]));
	for (i = 400; i < 410; i++)
		one_byte_remove(&b, lpm, b.order[i]);
	EXPECT(one_byte_same(&b, lpm));
	shim_alloc_budget = 0;
	for (i = 0; i < 400; i++)
		EXPECT(!one_byte_insert(&b, lpm, b.order[i]));
	EXPECT(one_byte_insert(&b, lpm, b.order[400]) == -ENOMEM);
	EXPECT(one_byte_same(&b, lpm));
	for (i = 1; i < 511; i++) {
		EXPECT(shim_blocks == 2);
		if (b.in[b.order[i]])
			one_byte_remove(&b, lpm, b.order[i]);
		EXPECT(one_byte_same(&b, lpm));
	}
	EXPECT(shim_blocks == 1);
	one_byte_remove(&b, lpm, b.order[0]);
	shim_alloc_budget = -1;
	free_empty(lpm);
}

static void test_refused(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct serval_lpm_entry e = entry(0xff00000000000000, 8), same = e;
	struct serval_lpm_entry bad;
	unsigned int bits;

	EXPECT(!serval_lpm_insert(lpm, &e));
	EXPECT(serval_lpm_insert(lpm, &same) == -EEXIST);
	for (bits = 0; bits < 8; bits++) {
		bad = entry(0xff00000000000000, bits);
		EXPECT(serval_lpm_insert(lpm, &bad) == -EINVAL);
		EXPECT(!serval_lpm_find(lpm, bad.key, bits));
		EXPECT(!serval_lpm_next(lpm, bad.key, bits));
	}
	bad = entry(0, 257);
	EXPECT(serval_lpm_insert(lpm, &bad) == -EINVAL);
	EXPECT(!serval_lpm_find(lpm, bad.key, 257));
	bad = entry(0, 255);
	bad.key[31] = 1;
	EXPECT(serval_lpm_insert(lpm, &bad) == -EINVAL);
	EXPECT(serval_lpm_find(lpm, e.key, 8) == &e);
	EXPECT(!serval_lpm_find(lpm, e.key, 9));
	serval_lpm_remove(lpm, &e);
	free_empty(lpm);
}

static void test_next(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct serval_lpm_entry e[] = {
		entry(0, 0), entry(0, 3), entry(0, 256),
		entry(0x1000000000000000, 4), entry(0x1000000000000000, 64),
		entry(0x1000000000000001, 64), entry(0x8000000000000000, 1),
		entry(0x8000000000000000, 2), entry(0xffffffff00000000, 32),
	};
	int i, count = ARRAY_SIZE(e);

	for (i = count - 1; i >= 0; i--)
		EXPECT(!serval_lpm_insert(lpm, &e[i]));
	EXPECT(serval_lpm_next(lpm, NULL, 0) == &e[0]);
	for (i = 0; i < count - 1; i++)
		EXPECT(serval_lpm_next(lpm, e[i].key, e[i].bits) == &e[i + 1]);
	EXPECT(!serval_lpm_next(lpm, e[i].key, e[i].bits));

	/* Resume after one that is gone, and with it what held it */
	for (i = 0; i < count - 1; i++) {
		serval_lpm_remove(lpm, &e[i]);
		EXPECT(serval_lpm_next(lpm, e[i].key, e[i].bits) == &e[i + 1]);
	}
	serval_lpm_remove(lpm, &e[i]);
	EXPECT(!serval_lpm_next(lpm, e[i].key, e[i].bits));
	free_empty(lpm);
}

static void test_insert_nomem(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct lpm_model m = {};
	struct serval_lpm_entry e;

	while (m.count < LPM_MODEL_MAX) {
		e = entry((u64)random_below(64) << 57, random_below(8));
		mask_key(e.key, e.bits);
		if (lpm_model_find(&m, e.key, e.bits)) {
			shim_alloc_budget = 0;
			EXPECT(serval_lpm_insert(lpm, &e) == -EEXIST);
			shim_alloc_budget = -1;
			continue;
		}
		if (m.count) {
			shim_alloc_budget = 0;
			EXPECT(serval_lpm_insert(lpm, &e) == -ENOMEM);
			shim_alloc_budget = -1;
		}
		EXPECT(lpm_model_same(&m, lpm));
		EXPECT(!serval_lpm_insert(lpm, lpm_model_add(&m, e.key,
							     e.bits)));
	}
	EXPECT(lpm_model_same(&m, lpm));
	serval_lpm_free(lpm);
	EXPECT(shim_blocks == 0);
	shim_alloc_budget = 0;
	EXPECT(!serval_lpm_alloc());
	shim_alloc_budget = -1;
}

/* Remove without memory, put back (some need none), remove again */
static void test_remove_nomem(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct lpm_model m = {};
	struct serval_lpm_entry *e;
	int i, round;

	for (i = 0; i < 32; i++) {
		struct serval_lpm_entry one = entry((u64)i << 59,
						    i % 2 ? 5 : 64);

		EXPECT(!serval_lpm_insert(lpm, lpm_model_add(&m, one.key,
							     one.bits)));
	}
	for (round = 0; round < 2000; round++) {
		struct serval_lpm_entry copy;

		i = random_below(32);
		e = &m.e[i];
		copy = *e;
		shim_alloc_budget = (int)random_below(2) - 1;
		serval_lpm_remove(lpm, e);
		lpm_model_del(&m, e);
		EXPECT(lpm_model_same(&m, lpm));
		if (m.count > 2 && random_below(4)) {
			e = lpm_model_next(&m, NULL, 0);
			EXPECT(serval_lpm_next(lpm, NULL, 0) == e);
		}
		shim_alloc_budget = -1;
		e = lpm_model_add(&m, copy.key, copy.bits);
		EXPECT(!serval_lpm_insert(lpm, e));
	}
	shim_alloc_budget = 0;
	while ((e = lpm_model_next(&m, NULL, 0))) {
		serval_lpm_remove(lpm, e);
		lpm_model_del(&m, e);
		EXPECT(lpm_model_same(&m, lpm));
	}
	shim_alloc_budget = -1;
	free_empty(lpm);
}

static void test_not_inserted(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct serval_lpm_entry a = entry(0, 8), b = entry(0, 16), c = a;

	serval_lpm_remove(lpm, &a);
	EXPECT(!serval_lpm_insert(lpm, &a));
	EXPECT(!serval_lpm_insert(lpm, &b));
	serval_lpm_remove(lpm, &c);
	EXPECT(shim_warnings == 2);
	shim_warnings = 0;
	serval_lpm_remove(lpm, &a);
	serval_lpm_remove(lpm, &b);
	free_empty(lpm);
}

/* A key of a few values and common parts, so that prefixes meet */
static void clustered(struct serval_lpm_entry *e)
{
	unsigned int i, from = random_below(32);

	memset(e, 0, sizeof(*e));
	e->key[random_below(2) * 16] = random_below(4) << 5;
	for (i = from; i < 32 && random_below(4); i++)
		e->key[i] = random_below(2) ? 0 : random_u32();
	e->bits = random_below(2) ? random_below(257) : random_below(16);
	mask_key(e->key, e->bits);
}

static void random_change(struct serval_lpm *lpm, struct lpm_model *m)
{
	struct serval_lpm_entry e, *old;

	clustered(&e);
	if (random_below(2)) {
		old = lpm_model_next(m, e.key, e.bits);
		if (!old)
			return;
		shim_alloc_budget = (int)random_below(2) - 1;
		serval_lpm_remove(lpm, old);
		shim_alloc_budget = -1;
		lpm_model_del(m, old);
	} else if (lpm_model_find(m, e.key, e.bits)) {
		EXPECT(serval_lpm_insert(lpm, &e) == -EEXIST);
	} else {
		old = lpm_model_add(m, e.key, e.bits);
		EXPECT(!old || !serval_lpm_insert(lpm, old));
	}
}

static void test_random(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct lpm_model m = {};
	struct serval_lpm_entry e;
	int i;

	for (i = 0; i < 40000; i++) {
		random_change(lpm, &m);
		clustered(&e);
		EXPECT(serval_lpm_next(lpm, e.key, e.bits) ==
		       lpm_model_next(&m, e.key, e.bits));
		EXPECT(serval_lpm_find(lpm, e.key, e.bits) ==
		       lpm_model_find(&m, e.key, e.bits));
		e.key[31] |= random_u32();
		EXPECT(serval_lpm_lookup(lpm, e.key) ==
		       lpm_model_lookup(&m, e.key));
		if (i % 16 == 0)
			EXPECT(lpm_model_same(&m, lpm));
		EXPECT(shim_blocks <= 1 + m.count);
	}
	while (serval_lpm_next(lpm, NULL, 0))
		serval_lpm_remove(lpm, serval_lpm_next(lpm, NULL, 0));
	free_empty(lpm);
}

static struct serval_lpm_entry *fill(struct serval_lpm *lpm)
{
	struct serval_lpm_entry *e = calloc(MANY, sizeof(*e));
	int i;

	for (i = 0; i < MANY; i++) {
		random_key(e[i].key);
		e[i].bits = 64 + random_below(193);
		mask_key(e[i].key, e[i].bits);
		EXPECT(!serval_lpm_insert(lpm, &e[i]));
	}
	return e;
}

static void test_many(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();
	struct serval_lpm_entry *e = fill(lpm), *at;
	int i, count = 0;
	u8 key[32];

	for (i = 0; i < MANY; i++) {
		key_under(&e[i], key);
		EXPECT(serval_lpm_lookup(lpm, key) == &e[i]);
	}
	for (at = serval_lpm_next(lpm, NULL, 0); at; count++)
		at = serval_lpm_next(lpm, at->key, at->bits);
	EXPECT(count == MANY);
	EXPECT(shim_bytes < MANY * 40);
	for (i = 0; i < MANY; i++)
		serval_lpm_remove(lpm, &e[i]);
	free_empty(lpm);
	free(e);
}

static void test_free_full(void)
{
	struct serval_lpm *lpm = serval_lpm_alloc();

	free(fill(lpm));
	serval_lpm_free(lpm);
	EXPECT(shim_blocks == 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ test_empty, "a host without services would crash" },
		{ test_default, "the default rule would not catch the rest" },
		{ test_skip, "packets would go to a similarly named service" },
		{ test_chain, "a less specific rule would win" },
		{ test_ends, "a rule would win or lose by where it ends" },
		{ test_full_node, "many similar names would not be told apart" },
		{ test_full_nomem, "low memory would mix up similar names" },
		{ test_refused, "two binds to one name would both succeed" },
		{ test_next, "listings would skip, repeat or end early" },
		{ test_insert_nomem, "low memory would damage the table" },
		{ test_remove_nomem, "low memory would keep closed services" },
		{ test_not_inserted, "one bug would become another" },
		{ test_random, "some order of changes would damage the table" },
		{ test_many, "big tables would not work" },
		{ test_free_full, "deleting a namespace would leak memory" },
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
