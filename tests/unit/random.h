/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reproducible random numbers and keys.
 */
#ifndef _TEST_RANDOM_H
#define _TEST_RANDOM_H

#include <linux/types.h>

struct serval_lpm_entry;

void random_seed(u64 seed);
u32 random_u32(void);
u32 random_below(u32 limit);
void random_key(u8 *key);
void mask_key(u8 *key, unsigned int bits);
void key_under(const struct serval_lpm_entry *e, u8 *key);

#endif /* _TEST_RANDOM_H */
