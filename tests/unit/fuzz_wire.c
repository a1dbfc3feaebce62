// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing of the header parser.  The first byte of the input says whether the
 * checksum is put right, how the header is aligned and what hop is added, the
 * rest is the header.
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

/* What was read, written and read again is the same, but for SOURCE */
static void check_rebuild(struct serval_pkt *pkt)
{
	unsigned int len;
	struct serval_pkt back;
	u8 *buf;

	pkt->has &= ~SERVAL_HAS_SOURCE;
	pkt->hops = 0;
	memset(&pkt->origin, 0, sizeof(pkt->origin));

	len = serval_wire_size(pkt);
	buf = malloc(len);
	check(len <= SERVAL_BUILD_MAX);
	check(serval_wire_build(buf, pkt) == len);
	check(serval_wire_parse(buf, len, &back) == SERVAL_WIRE_OK);
	check(wire_pkt_equal(pkt, &back));
	free(buf);
}

/* A router adds an address of its own, of the version that @v4 says */
static void check_add_hop(const u8 *hdr, const struct serval_pkt *pkt, bool v4)
{
	struct way source, back;
	struct in6_addr add[2] = { };
	struct serval_pkt after;
	unsigned int n;
	int grow;
	u8 *buf;

	wire_way(hdr, pkt, &source);
	check(wire_ref_way(hdr, pkt->len, &back) == !!source.n);
	check(wire_way_equal(&source, &back));
	memset(&add[0].s6_addr[10], 0xff, 2);
	memset(&add[1].s6_addr[10], v4 ? 0xff : 0x11, 2);
	n = source.n ? 1 : 2;
	grow = serval_wire_growth(pkt, add + 2 - n, n);
	if (grow < 0)
		return;
	check(grow > 0 && grow % 4 == 0);
	memcpy(&source.addr[source.n], add + 2 - n, n * sizeof(add[0]));
	source.n += n;

	buf = malloc(pkt->len + grow);
	memcpy(buf + grow, hdr, pkt->len);
	serval_wire_add_hops(buf, pkt, add + 2 - n, n, grow);
	check(!serval_wire_parse(buf, pkt->len + grow, &after));
	wire_way(buf, &after, &back);
	check(wire_way_equal(&source, &back));
	after.has = pkt->has;
	after.hops = pkt->hops;
	after.origin = pkt->origin;
	check(wire_pkt_equal(pkt, &after));
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
		check_add_hop(buf, &pkt, data[0] & 8);
		check_rebuild(&pkt);
	}
	free(copy);
	return 0;
}
