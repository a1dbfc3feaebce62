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
