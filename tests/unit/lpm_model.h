/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of prefixes that is too simple to be wrong, to compare the trie
 * with: all of them in an array.
 */
#ifndef _TEST_LPM_MODEL_H
#define _TEST_LPM_MODEL_H

#include "lpm.h"

#define LPM_MODEL_MAX	64

struct lpm_model {
	struct serval_lpm_entry e[LPM_MODEL_MAX];
	bool used[LPM_MODEL_MAX];
	int count;
};

struct serval_lpm_entry *lpm_model_find(struct lpm_model *m, const u8 *key,
					unsigned int bits);
struct serval_lpm_entry *lpm_model_lookup(struct lpm_model *m, const u8 *key);
struct serval_lpm_entry *lpm_model_next(struct lpm_model *m, const u8 *key,
					unsigned int bits);
struct serval_lpm_entry *lpm_model_add(struct lpm_model *m, const u8 *key,
				       unsigned int bits);
void lpm_model_del(struct lpm_model *m, struct serval_lpm_entry *e);
bool lpm_model_valid(const u8 *key, unsigned int bits);
bool lpm_model_same(struct lpm_model *m, const struct serval_lpm *lpm);

#endif /* _TEST_LPM_MODEL_H */
