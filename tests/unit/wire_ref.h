/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second reading of the header format, to compare the parser with.
 */
#ifndef _TEST_WIRE_REF_H
#define _TEST_WIRE_REF_H

#include "wire.h"

/* The addresses of SOURCE */
struct way {
	unsigned int n;
	struct in6_addr addr[SERVAL_SOURCE_MAX];
};

void wire_way(const u8 *buf, const struct serval_pkt *pkt, struct way *way);
bool wire_ref_parse(const u8 *buf, unsigned int len, struct serval_pkt *pkt);
bool wire_ref_way(const u8 *buf, unsigned int len, struct way *way);
bool wire_way_equal(const struct way *a, const struct way *b);
bool wire_pkt_equal(const struct serval_pkt *a, const struct serval_pkt *b);

#endif /* _TEST_WIRE_REF_H */
