/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second reading of the header format, to compare the parser with.
 */
#ifndef _TEST_WIRE_REF_H
#define _TEST_WIRE_REF_H

#include "wire.h"

bool wire_ref_parse(const u8 *buf, unsigned int len, struct serval_pkt *pkt);
bool wire_pkt_equal(const struct serval_pkt *a, const struct serval_pkt *b);

#endif /* _TEST_WIRE_REF_H */
