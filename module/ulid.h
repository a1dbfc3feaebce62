/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Upper-layer identifiers: the virtual IPv6 addresses that TCP sees.
 *
 *	 0              48                              112     128
 *	+---------------+-------------------------------+-------+
 *	| prefix L or R | key                           | neutral
 *	+---------------+-------------------------------+-------+
 *
 * L is "mine", R "the peer's"; neither ever leaves the host.  The last 16
 * bits make the one's-complement sum of the eight words 0xffff, so the
 * pseudo header of TCP's checksum is {length, protocol} whatever ULIDs the
 * two ends chose (Documentation/protocol.rst section 2).  The key of an L
 * names the connection that owns it; but all streams that were accepted here
 * share one L, as TCP's do the address of their listener, and each is named
 * by the key of its R.
 */
#ifndef _SERVAL_ULID_H
#define _SERVAL_ULID_H

#include <linux/in6.h>
#include <linux/types.h>
#include <linux/serval.h>

#include "compat.h"

#define SERVAL_ULID_PREFIX_BITS	48
#define SERVAL_ULID_L		0xfd5e7276614cULL
#define SERVAL_ULID_R		0xfd5e72766152ULL

/* Key of the shared L: no connection that has one of its own gets it */
#define SERVAL_ULID_ACCEPTED	0

u64 serval_ulid_service_key(const struct service_id *id);
u64 serval_ulid_prefix(const struct in6_addr *ulid);

/* Of 16-bit words, but for carries */
static inline u64 serval_ulid_word_sum(u64 words)
{
	return (words >> 32) + (words & U32_MAX);
}

static inline u16 serval_ulid_fold(u64 sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + sum;
}

/**
 * serval_ulid_make() - compose a checksum-neutral ULID
 * @ulid:   result
 * @prefix: SERVAL_ULID_L or SERVAL_ULID_R
 * @key:    any 64 bits
 */
static inline void serval_ulid_make(struct in6_addr *ulid, u64 prefix, u64 key)
{
	u64 sum = serval_ulid_word_sum(prefix) + serval_ulid_word_sum(key);

	put_unaligned_be64(prefix << 16 | key >> 48, ulid->s6_addr);
	put_unaligned_be64(key << 16, ulid->s6_addr + 8);
	put_unaligned_be16(~serval_ulid_fold(sum), ulid->s6_addr + 14);
}

/* The 64 bits between prefix and neutral word */
static inline u64 serval_ulid_key(const struct in6_addr *ulid)
{
	return get_unaligned_be64(ulid->s6_addr + 6);
}

/* The key that names the connection of a pair of ULIDs */
static inline u64 serval_ulid_name(const struct in6_addr *laddr,
				   const struct in6_addr *raddr)
{
	u64 key = serval_ulid_key(laddr);

	return key == SERVAL_ULID_ACCEPTED ? serval_ulid_key(raddr) : key;
}

#endif /* _SERVAL_ULID_H */
