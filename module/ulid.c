// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making and reading upper-layer identifiers.
 */
#include <crypto/blake2s.h>
#include <linux/kernel.h>

#include "compat.h"
#include "ulid.h"

/**
 * serval_ulid_make() - compose a checksum-neutral ULID
 * @ulid:   result
 * @prefix: SERVAL_ULID_L or SERVAL_ULID_R
 * @key:    any 64 bits
 */
void serval_ulid_make(struct in6_addr *ulid, u64 prefix, u64 key)
{
	u32 sum = 0;
	int i;

	put_unaligned_be16(prefix >> 32, ulid->s6_addr);
	put_unaligned_be32(prefix, ulid->s6_addr + 2);
	put_unaligned_be64(key, ulid->s6_addr + 6);
	for (i = 0; i < 7; i++)
		sum += get_unaligned_be16(ulid->s6_addr + 2 * i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	put_unaligned_be16(~sum, ulid->s6_addr + 14);
}

/**
 * serval_ulid_service_key() - key of the R under which a client sees a service
 * @id: the service asked for
 *
 * Two services may share it by accident: it routes and spreads, the full ID
 * is what is compared.
 */
u64 serval_ulid_service_key(const struct service_id *id)
{
	u8 hash[BLAKE2S_HASH_SIZE];

	blake2s(hash, id->s_sid, NULL, sizeof(hash), sizeof(id->s_sid), 0);
	return get_unaligned_be64(hash);
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
