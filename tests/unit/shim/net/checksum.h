/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: one's-complement sums, the slow way. */
#ifndef _SHIM_NET_CHECKSUM_H
#define _SHIM_NET_CHECKSUM_H

#include <string.h>

#include <linux/types.h>

static inline __wsum csum_add(__wsum a, __wsum b)
{
	u64 sum = (u64)a + b;

	return (u32)sum + (u32)(sum >> 32);
}

static inline __wsum csum_partial(const void *buf, int len, __wsum sum)
{
	const u8 *p = buf;
	u16 half;

	for (; len > 0; len -= 2, p += 2) {
		half = 0;
		memcpy(&half, p, len > 1 ? 2 : 1);
		sum = csum_add(sum, half);
	}
	return sum;
}

static inline __sum16 csum_fold(__wsum sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return ~sum;
}

#endif /* _SHIM_NET_CHECKSUM_H */
