// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making and reading upper-layer identifiers.
 */
#include <crypto/blake2s.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "compat.h"
#include "ulid.h"

/* Of 16-bit words, but for carries */
static u64 word_sum(u64 words)
{
	return (words >> 32) + (u32)words;
}

static u16 fold(u64 sum)
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
void serval_ulid_make(struct in6_addr *ulid, u64 prefix, u64 key)
{
	u64 sum = word_sum(prefix) + word_sum(key);

	put_unaligned_be64(prefix << 16 | key >> 48, ulid->s6_addr);
	put_unaligned_be64(key << 16, ulid->s6_addr + 8);
	put_unaligned_be16(~fold(sum), ulid->s6_addr + 14);
}

/* The hash costs more than anything else in connect(), and who connects often
 * mostly connects to the same service
 */
struct last_key {
	struct service_id id;
	u64 key;
	bool set;
};

static DEFINE_PER_CPU(struct last_key, last_key);

/**
 * serval_ulid_service_key() - key of the R under which a client sees a service
 * @id: the service asked for
 *
 * Two services may share it by accident: it routes and spreads, the full ID
 * is what is compared.
 *
 * Context: process; not from softirq, which might interrupt itself here.
 */
u64 serval_ulid_service_key(const struct service_id *id)
{
	struct last_key *last = get_cpu_ptr(&last_key);
	u8 hash[BLAKE2S_HASH_SIZE];
	u64 key;

	if (!last->set || memcmp(&last->id, id, sizeof(*id))) {
		blake2s(hash, id->s_sid, NULL, sizeof(hash), sizeof(id->s_sid),
			0);
		last->id = *id;
		last->key = get_unaligned_be64(hash);
		last->set = true;
	}
	key = last->key;
	put_cpu_ptr(&last_key);
	return key;
}

/**
 * serval_ulid_prefix() - the first 48 bits of an address
 * @ulid: any IPv6 address
 */
u64 serval_ulid_prefix(const struct in6_addr *ulid)
{
	return get_unaligned_be64(ulid->s6_addr) >> 16;
}

/**
 * serval_ulid_key() - the 64 bits between prefix and neutral word
 * @ulid: an L or R
 */
u64 serval_ulid_key(const struct in6_addr *ulid)
{
	return get_unaligned_be64(ulid->s6_addr + 6);
}

/**
 * serval_ulid_name() - the key that names a connection
 * @laddr: its L
 * @raddr: its R
 */
u64 serval_ulid_name(const struct in6_addr *laddr,
		     const struct in6_addr *raddr)
{
	u64 key = serval_ulid_key(laddr);

	return key == SERVAL_ULID_ACCEPTED ? serval_ulid_key(raddr) : key;
}
