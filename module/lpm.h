/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Longest-prefix match on 256-bit service IDs.
 *
 * Pure: knows keys and prefixes, not services; the owner embeds struct
 * serval_lpm_entry.  Readers hold rcu_read_lock() and take no lock; writers
 * are serialised by the owner.  The same file is compiled on the host,
 * unit-tested and fuzzed (tests/unit/).
 */
#ifndef _SERVAL_LPM_H
#define _SERVAL_LPM_H

#include <linux/types.h>

#define SERVAL_LPM_KEY_LEN	32
#define SERVAL_LPM_BITS_MAX	256

/**
 * struct serval_lpm_entry - one prefix, embedded in the owner's object
 * @key:  prefix, bits past @bits are zero; constant while inserted
 * @bits: 0..256
 */
struct serval_lpm_entry {
	u8 key[SERVAL_LPM_KEY_LEN];
	u16 bits;
};

struct serval_lpm;

typedef bool (*serval_lpm_admits_t)(const struct serval_lpm_entry *e,
				    unsigned long arg);

struct serval_lpm *serval_lpm_alloc(void);
void serval_lpm_free(struct serval_lpm *lpm);

int serval_lpm_insert(struct serval_lpm *lpm, struct serval_lpm_entry *e);
void serval_lpm_remove(struct serval_lpm *lpm, struct serval_lpm_entry *e);
struct serval_lpm_entry *serval_lpm_lookup(const struct serval_lpm *lpm,
					   const u8 *key);
struct serval_lpm_entry *
serval_lpm_lookup_if(const struct serval_lpm *lpm, const u8 *key,
		     serval_lpm_admits_t admits, unsigned long arg);
struct serval_lpm_entry *serval_lpm_find(const struct serval_lpm *lpm,
					 const u8 *key, u16 bits);
struct serval_lpm_entry *serval_lpm_next(const struct serval_lpm *lpm,
					 const u8 *key, u16 bits);

#endif /* _SERVAL_LPM_H */
