// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of prefixes that is too simple to be wrong.
 */
#include "lpm_model.h"

#include <string.h>

static bool bit_of(const u8 *key, unsigned int i)
{
	return key[i / 8] & 0x80 >> i % 8;
}

static bool is_prefix(const struct serval_lpm_entry *e, const u8 *key)
{
	unsigned int i;

	if (memcmp(e->key, key, e->bits / 8))
		return false;
	for (i = e->bits & ~7; i < e->bits; i++)
		if (bit_of(e->key, i) != bit_of(key, i))
			return false;
	return true;
}

static int compare(const struct serval_lpm_entry *e, const u8 *key,
		   unsigned int bits)
{
	int order = memcmp(e->key, key, SERVAL_LPM_KEY_LEN);

	return order ? order : e->bits - (int)bits;
}

bool lpm_model_valid(const u8 *key, unsigned int bits)
{
	unsigned int i;

	for (i = bits; i < 256; i++)
		if (bit_of(key, i))
			return false;
	return bits <= 256;
}

struct serval_lpm_entry *lpm_model_find(struct lpm_model *m, const u8 *key,
					unsigned int bits)
{
	int i;

	for (i = 0; i < LPM_MODEL_MAX; i++)
		if (m->used[i] && !compare(&m->e[i], key, bits))
			return &m->e[i];
	return NULL;
}

/* Every second length */
static bool has_parity(const struct serval_lpm_entry *e, unsigned long parity)
{
	return e->bits % 2 == parity;
}

/* Of the lengths that leave the rest @parity, or with 2 of all */
static struct serval_lpm_entry *lookup_parity(struct lpm_model *m,
					      const u8 *key,
					      unsigned int parity)
{
	struct serval_lpm_entry *best = NULL;
	int i;

	for (i = 0; i < LPM_MODEL_MAX; i++) {
		if (!m->used[i] || !is_prefix(&m->e[i], key))
			continue;
		if (parity < 2 && !has_parity(&m->e[i], parity))
			continue;
		if (!best || m->e[i].bits > best->bits)
			best = &m->e[i];
	}
	return best;
}

struct serval_lpm_entry *lpm_model_lookup(struct lpm_model *m, const u8 *key)
{
	return lookup_parity(m, key, 2);
}

/* The first after (key, bits), or of all if @key is NULL */
struct serval_lpm_entry *lpm_model_next(struct lpm_model *m, const u8 *key,
					unsigned int bits)
{
	struct serval_lpm_entry *next = NULL;
	int i;

	for (i = 0; i < LPM_MODEL_MAX; i++) {
		struct serval_lpm_entry *e = &m->e[i];

		if (!m->used[i] || (key && compare(e, key, bits) <= 0))
			continue;
		if (!next || compare(e, next->key, next->bits) < 0)
			next = e;
	}
	return next;
}

/* The entry to insert; NULL if there is no place */
struct serval_lpm_entry *lpm_model_add(struct lpm_model *m, const u8 *key,
				       unsigned int bits)
{
	int i;

	for (i = 0; i < LPM_MODEL_MAX; i++) {
		if (m->used[i])
			continue;
		memcpy(m->e[i].key, key, SERVAL_LPM_KEY_LEN);
		m->e[i].bits = bits;
		m->used[i] = true;
		m->count++;
		return &m->e[i];
	}
	return NULL;
}

void lpm_model_del(struct lpm_model *m, struct serval_lpm_entry *e)
{
	m->used[e - m->e] = false;
	m->count--;
	memset(e, 0xee, sizeof(*e));
}

static bool same_lookup(struct lpm_model *m, const struct serval_lpm *lpm,
			const u8 *key)
{
	return serval_lpm_lookup(lpm, key) == lpm_model_lookup(m, key) &&
	       serval_lpm_lookup_if(lpm, key, has_parity, 0) ==
	       lookup_parity(m, key, 0) &&
	       serval_lpm_lookup_if(lpm, key, has_parity, 1) ==
	       lookup_parity(m, key, 1);
}

/* Does a walk through @lpm meet the same, and is each found? */
bool lpm_model_same(struct lpm_model *m, const struct serval_lpm *lpm)
{
	struct serval_lpm_entry *want = lpm_model_next(m, NULL, 0);
	struct serval_lpm_entry *e = serval_lpm_next(lpm, NULL, 0);

	while (e == want && e) {
		if (serval_lpm_find(lpm, e->key, e->bits) != e)
			return false;
		if (!same_lookup(m, lpm, e->key))
			return false;
		want = lpm_model_next(m, e->key, e->bits);
		e = serval_lpm_next(lpm, e->key, e->bits);
	}
	return e == want;
}
