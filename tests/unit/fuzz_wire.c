// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing of the header parser.  The first byte of the input says whether the
 * checksum is put right and how the header is aligned, the rest is the header.
 */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#include "wire_ref.h"

static void check(bool cond)
{
	if (!cond)
		abort();
}

static void put_csum(u8 *buf, size_t len)
{
	__sum16 sum = 0;

	if (len < SERVAL_HDR_LEN || buf[8] * 4U > len)
		return;
	memcpy(buf + 10, &sum, 2);
	sum = serval_wire_csum(buf, buf[8] * 4);
	memcpy(buf + 10, &sum, 2);
}

/* What was read, written and read again is the same */
static void check_rebuild(const struct serval_pkt *pkt)
{
	unsigned int len = serval_wire_size(pkt);
	u8 *buf = malloc(len);
	struct serval_pkt back;

	check(len <= SERVAL_BUILD_MAX);
	check(serval_wire_build(buf, pkt) == len);
	check(serval_wire_parse(buf, len, &back) == SERVAL_WIRE_OK);
	check(wire_pkt_equal(pkt, &back));
	free(buf);
}

int fuzz_one_input(const u8 *data, size_t size);

int fuzz_one_input(const u8 *data, size_t size)
{
	struct serval_pkt pkt, ref;
	enum serval_wire_err err;
	unsigned int shift;
	u8 *copy, *buf;

	if (!size)
		return 0;
	shift = data[0] >> 1 & 3;
	copy = malloc(size - 1 + shift);
	if (!copy)
		return 0;
	buf = copy + shift;
	memcpy(buf, data + 1, size - 1);
	if (data[0] & 1)
		put_csum(buf, size - 1);

	memset(&pkt, 0xee, sizeof(pkt));
	err = serval_wire_parse(buf, size - 1, &pkt);
	check(err < __SERVAL_WIRE_MAX);
	check(!err == wire_ref_parse(buf, size - 1, &ref));
	if (!err) {
		check(wire_pkt_equal(&pkt, &ref));
		check_rebuild(&pkt);
	}
	free(copy);
	return 0;
}
