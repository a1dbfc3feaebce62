// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reproducible random numbers (splitmix64, one sequence per thread) and keys.
 */
#include "random.h"

#include <string.h>

#include "lpm.h"

static __thread u64 state = 1;

void random_seed(u64 seed)
{
	state = seed;
}

u32 random_u32(void)
{
	u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (z ^ z >> 31) >> 32;
}

u32 random_below(u32 limit)
{
	return (u64)random_u32() * limit >> 32;
}

void random_key(u8 *key)
{
	int i;

	for (i = 0; i < SERVAL_LPM_KEY_LEN; i++)
		key[i] = random_u32();
}

/* Zero what is past the first @bits */
void mask_key(u8 *key, unsigned int bits)
{
	unsigned int i = bits / 8;

	if (i == SERVAL_LPM_KEY_LEN)
		return;
	key[i] &= ~(0xff >> bits % 8);
	memset(key + i + 1, 0, SERVAL_LPM_KEY_LEN - i - 1);
}

/* A random key that begins with the prefix @e */
void key_under(const struct serval_lpm_entry *e, u8 *key)
{
	unsigned int i = e->bits / 8;

	random_key(key);
	if (e->bits > SERVAL_LPM_BITS_MAX)
		return;
	memcpy(key, e->key, i);
	if (e->bits % 8)
		key[i] = e->key[i] | (key[i] & 0xff >> e->bits % 8);
}
