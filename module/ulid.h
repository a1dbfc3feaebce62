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

#define SERVAL_ULID_PREFIX_BITS	48
#define SERVAL_ULID_L		0xfd5e7276614cULL
#define SERVAL_ULID_R		0xfd5e72766152ULL

/* Key of the shared L: no connection that has one of its own gets it */
#define SERVAL_ULID_ACCEPTED	0

void serval_ulid_make(struct in6_addr *ulid, u64 prefix, u64 key);
u64 serval_ulid_service_key(const struct service_id *id);
u64 serval_ulid_prefix(const struct in6_addr *ulid);
u64 serval_ulid_key(const struct in6_addr *ulid);
u64 serval_ulid_name(const struct in6_addr *laddr,
		     const struct in6_addr *raddr);

#endif /* _SERVAL_ULID_H */
