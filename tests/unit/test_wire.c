// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the header parser and builder, module/wire.c.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "random.h"
#include "tap.h"
#include "wire_ref.h"

/* A header under construction; the checksum is set by parse() */
static struct {
	u8 buf[SERVAL_HDR_MAX + 4];
	unsigned int len;
} hdr;

static void start(void)
{
	static const u8 base[SERVAL_HDR_LEN] = {
		1, 2, 3, 4, 5, 6, 7, 8, 3, 6, 0, 0
	};

	memset(&hdr, 0, sizeof(hdr));
	memcpy(hdr.buf, base, sizeof(base));
	hdr.len = sizeof(base);
}

/* Append an extension, its content is 0x40, 0x41, ... */
static u8 *append(u8 type, u8 len)
{
	u8 *ext = hdr.buf + hdr.len;
	unsigned int i;

	for (i = 2; i < len; i++)
		ext[i] = 0x3e + i;
	ext[0] = type << 4;
	ext[1] = len;
	hdr.len += len;
	return ext;
}

/* SOURCE with @n addresses of @size bytes, ::ffff:0:0/96 if @v4 */
static u8 *append_source(unsigned int n, unsigned int size, bool v4)
{
	u8 *ext = append(SERVAL_EXT_SOURCE, SERVAL_SOURCE_LEN + n * size);
	unsigned int i;

	ext[2] = 0;
	ext[3] = size == 16 ? SERVAL_WIRE_IPV6 : SERVAL_WIRE_IPV4;
	for (i = 0; v4 && size == 16 && i < n; i++) {
		memset(ext + 4 + i * 16, 0, 10);
		memset(ext + 4 + i * 16 + 10, 0xff, 2);
	}
	return ext;
}

static void pad(unsigned int count)
{
	hdr.len += count;
}

static void set_csum(void)
{
	__sum16 check = 0;

	memcpy(hdr.buf + 10, &check, 2);
	check = serval_wire_csum(hdr.buf, hdr.buf[8] * 4);
	memcpy(hdr.buf + 10, &check, 2);
}

/* Parse a copy that ends where the header does, at an odd address */
static enum serval_wire_err parse_raw(struct serval_pkt *pkt)
{
	enum serval_wire_err err;
	u8 *copy = malloc(hdr.len + 1);

	memcpy(copy + 1, hdr.buf, hdr.len);
	memset(pkt, 0xee, sizeof(*pkt));
	err = serval_wire_parse(copy + 1, hdr.len, pkt);
	free(copy);
	return err;
}

static enum serval_wire_err parse(struct serval_pkt *pkt)
{
	hdr.buf[8] = hdr.len / 4;
	set_csum();
	return parse_raw(pkt);
}

static void test_base(void)
{
	struct serval_pkt want = { .src = htonl(0x01020304),
				   .dst = htonl(0x05060708), .protocol = 6 };
	struct serval_pkt pkt;

	start();
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	EXPECT(wire_pkt_equal(&pkt, &want));
}

static void test_csum_value(void)
{
	/* The example of RFC 1071 section 3: ddf2, so its complement */
	static const u8 rfc[8] = { 0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7 };
	static const u8 odd[3] = { 0x12, 0x34, 0x56 };
	u8 full[SERVAL_HDR_MAX];

	EXPECT(ntohs(serval_wire_csum(rfc, 8)) == 0x220d);
	EXPECT(ntohs(serval_wire_csum(odd, 3)) == (u16)~(0x1234 + 0x5600));
	EXPECT(serval_wire_csum(odd, 0) == 0xffff);
	memset(full, 0xff, sizeof(full));
	EXPECT(serval_wire_csum(full, sizeof(full)) == 0);
}

static void test_csum_refused(void)
{
	struct serval_pkt pkt;
	unsigned int bit;

	start();
	append(SERVAL_EXT_CONTROL, 20);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	for (bit = 0; bit < hdr.len * 8; bit++) {
		if (bit / 8 == 8)
			continue;
		hdr.buf[bit / 8] ^= 1 << bit % 8;
		EXPECT(parse_raw(&pkt) == SERVAL_WIRE_CSUM);
		hdr.buf[bit / 8] ^= 1 << bit % 8;
	}
}

/* The short cut for data packets says what the whole sum says */
static void test_csum_base(void)
{
	struct serval_hdr base;
	unsigned int bit;
	u32 word[3];
	int i, j;

	for (i = 0; i < 100000; i++) {
		for (j = 0; j < 3; j++)
			word[j] = i % 2 ? random_u32() : -random_below(2);
		memcpy(&base, word, sizeof(base));
		base.check = 0;
		base.check = serval_wire_csum(&base, sizeof(base));
		EXPECT(serval_wire_base_ok(&base));
		bit = random_below(sizeof(base) * 8);
		((u8 *)&base)[bit / 8] ^= 1 << bit % 8;
		EXPECT(!serval_wire_base_ok(&base));
	}
}

static void test_short(void)
{
	struct serval_pkt pkt;
	unsigned int shl;

	for (shl = 0; shl < 3; shl++) {
		start();
		hdr.buf[8] = shl;
		set_csum();
		EXPECT(parse_raw(&pkt) == SERVAL_WIRE_SHORT);
	}
	start();
	hdr.buf[8] = 4;
	set_csum();
	EXPECT(parse_raw(&pkt) == SERVAL_WIRE_SHORT);
	for (hdr.len = 0; hdr.len < SERVAL_HDR_LEN; hdr.len++)
		EXPECT(parse_raw(&pkt) == SERVAL_WIRE_SHORT);
}

static void test_payload(void)
{
	struct serval_pkt pkt;

	start();
	append(SERVAL_EXT_CONTROL, 20);
	hdr.buf[8] = hdr.len / 4;
	set_csum();
	append(SERVAL_EXT_CONTROL, 20);
	EXPECT(parse_raw(&pkt) == SERVAL_WIRE_OK);
}

static void test_proto(void)
{
	struct serval_pkt pkt;
	unsigned int proto;

	for (proto = 0; proto < 256; proto++) {
		bool known = proto == 6 || proto == 17 || proto == 59;

		start();
		hdr.buf[9] = proto;
		EXPECT(parse(&pkt) == (known ? SERVAL_WIRE_OK :
					       SERVAL_WIRE_PROTO));
		EXPECT(pkt.protocol == (known ? proto : 0));
	}
}

static void test_src_id(void)
{
	struct serval_pkt pkt;

	start();
	memset(hdr.buf, 0, 4);
	EXPECT(parse(&pkt) == SERVAL_WIRE_ID);
	start();
	memset(hdr.buf + 4, 0, 4);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	EXPECT(!pkt.dst);
}

static void test_control(void)
{
	struct serval_pkt pkt;
	u8 *ext;

	start();
	ext = append(SERVAL_EXT_CONTROL, 20);
	ext[2] = 0xff;
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	EXPECT(pkt.has == SERVAL_HAS_CONTROL);
	EXPECT(pkt.flags == 0xfc && pkt.reason == 0x41);
	EXPECT(pkt.verno == 0x42434445 && pkt.ackno == 0x46474849);
	EXPECT(!memcmp(&pkt.nonce, ext + 12, 8));
	ext[2] = SERVAL_CTRL_SYN | SERVAL_CTRL_ACK;
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	EXPECT(pkt.flags == 0xa0 && !pkt.reason);
}

static void test_service(void)
{
	struct serval_pkt pkt;
	u8 *one, *two;

	start();
	one = append(SERVAL_EXT_SERVICE, 36);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	EXPECT(pkt.has == SERVAL_HAS_SERVICE);
	EXPECT(!memcmp(&pkt.service[0], one + 4, 32));
	two = append(SERVAL_EXT_SERVICE, 36);
	memset(two + 4, 0x99, 32);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	EXPECT(pkt.has == (SERVAL_HAS_SERVICE | SERVAL_HAS_SERVICE2));
	EXPECT(!memcmp(&pkt.service[0], one + 4, 32));
	EXPECT(!memcmp(&pkt.service[1], two + 4, 32));
	append(SERVAL_EXT_SERVICE, 36);
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_COUNT);
}

static void test_once(void)
{
	static const u8 len[] = { 36, 20, 12 };
	struct serval_pkt pkt;
	unsigned int type;

	start();
	append(SERVAL_EXT_CONTROL, 20);
	append(SERVAL_EXT_CONTROL, 20);
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_COUNT);
	start();
	append_source(2, 4, true);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	append_source(2, 4, true);
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_COUNT);
	start();
	append(SERVAL_EXT_ADDRESS, 12);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	append(SERVAL_EXT_ADDRESS, 16);
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_COUNT);
	for (type = SERVAL_EXT_KEY; type <= SERVAL_EXT_PATH; type++) {
		start();
		append(type, len[type - SERVAL_EXT_KEY]);
		EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
		append(type, len[type - SERVAL_EXT_KEY]);
		EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_COUNT);
	}
}

/* All lengths of all types, alone in a header and filled up with pads */
static void test_ext_len(void)
{
	struct serval_pkt pkt, ref;
	unsigned int type, len;

	for (type = 1; type < 16; type++) {
		for (len = 0; len < 256; len++) {
			enum serval_wire_err err;
			bool ok;

			start();
			append(type, len < 2 ? 2 : len);
			hdr.buf[13] = len;
			pad(-hdr.len & 3);
			err = parse(&pkt);
			ok = wire_ref_parse(hdr.buf, hdr.len, &ref);
			EXPECT(err == (ok ? SERVAL_WIRE_OK :
					    SERVAL_WIRE_EXT_LEN));
			EXPECT(!ok || wire_pkt_equal(&pkt, &ref));
		}
	}
}

static void test_ext_past_end(void)
{
	struct serval_pkt pkt;

	start();
	append(SERVAL_EXT_CONTROL, 20);
	hdr.len -= 4;
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_LEN);
	start();
	append(9, 8);
	hdr.buf[13] = 9;
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_LEN);
	start();
	pad(3);
	append(9, 2);
	hdr.len--;
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_LEN);
}

static void test_ext_count(void)
{
	struct serval_pkt pkt;
	int i;

	start();
	pad(8);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	append(9, 2);
	append(9, 2);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	pad(4);
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_COUNT);
	start();
	for (i = 0; i < 10; i++)
		append(9, 36);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	append(9, 4);
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_COUNT);
}

/* Types, and in append()'s content kinds of KEY and PATH */
static void test_unknown(void)
{
	static const u8 len[16] = { [SERVAL_EXT_KEY] = 36,
				    [SERVAL_EXT_PATH] = 12, 0,
				    4, 4, 4, 4, 4, 4, 4 };
	struct serval_pkt pkt;
	unsigned int type;

	for (type = SERVAL_EXT_KEY; type < 16; type++) {
		u8 *ext;

		if (!len[type])
			continue;
		start();
		ext = append(type, len[type]);
		append(SERVAL_EXT_SERVICE, 36);
		EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
		EXPECT(pkt.has == SERVAL_HAS_SERVICE);
		ext[0] |= 0x7;
		EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
		ext[0] |= SERVAL_EXT_CRITICAL;
		EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_UNKNOWN);
	}
}

static void test_key(void)
{
	struct serval_pkt pkt;
	unsigned int kind;
	u8 *ext;

	for (kind = 0; kind < 256; kind++) {
		start();
		ext = append(SERVAL_EXT_KEY, SERVAL_KEY_LEN);
		ext[2] = kind;
		ext[3] = 0xfe;
		EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
		EXPECT(pkt.has == (kind == 1 ? SERVAL_HAS_KEY : 0));
		EXPECT(!pkt.key_flags);
		ext[3] = 0xff;
		EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
		EXPECT(pkt.key_flags == (kind == 1 ? SERVAL_KEY_REPEAT : 0));
		EXPECT(!memcmp(pkt.key, ext + 4, 32) == (kind == 1));
	}
}

static void test_path(void)
{
	struct serval_pkt pkt;
	unsigned int kind;
	u8 *ext;

	for (kind = 0; kind < 256; kind++) {
		bool known = kind == SERVAL_PATH_CHALLENGE ||
			     kind == SERVAL_PATH_RESPONSE;

		start();
		ext = append(SERVAL_EXT_PATH, SERVAL_PATH_LEN);
		ext[2] = kind;
		EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
		EXPECT(pkt.has == (known ? SERVAL_HAS_PATH : 0));
		EXPECT(pkt.path_kind == (known ? kind : 0));
		EXPECT(!memcmp(&pkt.path_data, ext + 4, 8) == known);
	}
}

static void test_copy(void)
{
	struct serval_pkt pkt;
	u8 *ext;

	start();
	ext = append(SERVAL_EXT_COPY, SERVAL_COPY_LEN);
	memcpy(ext + 4, "\x01\x02\x03\xff", 4);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	EXPECT(pkt.has == SERVAL_HAS_COPY && pkt.copy == 0x010203ff);
	append(SERVAL_EXT_COPY, SERVAL_COPY_LEN);
	EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_COUNT);
}

/* Wherever it is, the MAC is found, and only a built one is the last */
static void test_auth(void)
{
	static const u8 mac[SERVAL_MAC_LEN] = "sixteen bytes...";
	struct serval_pkt pkt = {
		.src = htonl(1), .protocol = SERVAL_PROTO_NONE,
		.has = SERVAL_HAS_CONTROL | SERVAL_HAS_PATH | SERVAL_HAS_AUTH,
		.path_kind = SERVAL_PATH_CHALLENGE, .epoch = 7,
	};
	struct serval_pkt back;
	u8 buf[SERVAL_BUILD_MAX];
	unsigned int len;
	u8 *ext;

	start();
	pad(4);
	ext = append(SERVAL_EXT_AUTH, SERVAL_AUTH_LEN);
	append(SERVAL_EXT_SERVICE, SERVAL_SERVICE_LEN);
	EXPECT(parse(&back) == SERVAL_WIRE_OK);
	EXPECT(back.has == (SERVAL_HAS_AUTH | SERVAL_HAS_SERVICE));
	EXPECT(back.epoch == ext[2] && back.mac_at == ext + 4 - hdr.buf);
	EXPECT(!memcmp(back.mac, ext + 4, 16));

	len = serval_wire_build(buf, &pkt);
	EXPECT(len == 64);
	EXPECT(!serval_wire_parse(buf, len, &back));
	EXPECT(wire_pkt_equal(&pkt, &back));
	EXPECT(back.mac_at == serval_wire_mac_at(len));
	serval_wire_set_mac(buf, len, back.mac_at, mac);
	EXPECT(!serval_wire_parse(buf, len, &back));
	EXPECT(!memcmp(back.mac, mac, sizeof(mac)));
	memcpy(pkt.mac, mac, sizeof(mac));
	EXPECT(wire_pkt_equal(&pkt, &back));
}

/* ADDRESS at @ext, if it is a list, has been read to the letter */
static void expect_list(const struct serval_pkt *pkt, const u8 *ext,
			unsigned int size)
{
	static const u8 v4[12] = { [10] = 0xff, [11] = 0xff };
	struct serval_pkt ref;
	unsigned int n;

	EXPECT(wire_ref_parse(hdr.buf, hdr.len, &ref));
	EXPECT(wire_pkt_equal(pkt, &ref));
	if (!pkt->has) {
		EXPECT(!pkt->listed && !pkt->list_verno && !pkt->list_ackno);
		return;
	}
	EXPECT(pkt->list_verno == 0x42434445 && pkt->list_ackno == 0x46474849);
	for (n = 0; n < pkt->listed; n++) {
		EXPECT(!memcmp(pkt->list[n].s6_addr + 16 - size,
			       ext + 12 + n * size, size));
		EXPECT(size == 16 || !memcmp(&pkt->list[n], v4, 12));
	}
}

/* A list of at most eight addresses; everything else says nothing */
static void test_address(void)
{
	static const u8 family[] = { 0, 2, 3, 10, 255 };
	struct serval_pkt pkt;
	unsigned int len, i;
	u8 *ext;

	for (len = 10; len < 256; len++) {
		for (i = 0; i < ARRAY_SIZE(family); i++) {
			unsigned int size = family[i] == 2 ? 4 : 16;
			bool list = (family[i] == 2 || family[i] == 10) &&
				    len >= 12 && !((len - 12) % size) &&
				    len <= 12 + 8 * size;

			start();
			ext = append(SERVAL_EXT_ADDRESS, len);
			pad(-hdr.len & 3);
			ext[0] |= SERVAL_EXT_CRITICAL;
			ext[2] = 0;
			ext[3] = family[i];
			EXPECT(parse(&pkt) == (len < 12 ? SERVAL_WIRE_EXT_LEN :
							  SERVAL_WIRE_OK));
			EXPECT(pkt.has == (list ? SERVAL_HAS_ADDRESS : 0));
			EXPECT(pkt.listed == (list ? (len - 12) / size : 0));
			if (len >= 12)
				expect_list(&pkt, ext, size);
			ext[2] = 1;
			EXPECT(len < 12 || parse(&pkt) == SERVAL_WIRE_OK);
			EXPECT(!pkt.has && !pkt.listed);
		}
	}
}

/* Every length, family and number of addresses */
static void test_source(void)
{
	struct way got;
	struct serval_pkt pkt;
	unsigned int n, size;
	u8 *ext;

	for (n = 1; n <= 22; n++) {
		for (size = 4; size <= 16 && 4 + n * size < 256; size += 12) {
			bool ok = n >= 2 && n <= 20 && 4 + n * size <= 244;

			start();
			pad(3);
			ext = append_source(n, size, false);
			pad(-hdr.len & 3);
			EXPECT(parse(&pkt) == (ok ? SERVAL_WIRE_OK :
						    SERVAL_WIRE_EXT_LEN));
			EXPECT(pkt.hops == (ok ? n : 0));
			EXPECT(!(pkt.has & SERVAL_HAS_SOURCE) == !ok);
			if (!ok)
				continue;
			wire_way(hdr.buf, &pkt, &got);
			EXPECT(got.n == n);
			EXPECT(!memcmp(got.addr, &pkt.origin, 16));
			EXPECT(!memcmp(got.addr[n - 1].s6_addr + 16 - size,
				       ext + 4 + (n - 1) * size, size));
			EXPECT(size == 16 || (got.addr[0].s6_addr[9] == 0 &&
					      got.addr[0].s6_addr[10] == 0xff));
			ext[0] |= SERVAL_EXT_CRITICAL;
			EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
			ext[2] = 1;
			EXPECT(parse(&pkt) == SERVAL_WIRE_EXT_LEN);
		}
	}
	start();
	ext = append_source(2, 4, true);
	for (n = 0; n < 256; n++) {
		ext[3] = n;
		EXPECT(parse(&pkt) == (n == 2 ? SERVAL_WIRE_OK :
						SERVAL_WIRE_EXT_LEN));
	}
	start();
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	wire_way(hdr.buf, &pkt, &got);
	EXPECT(got.n == 0);
}

static void random_addr(struct in6_addr *addr, bool v4)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		addr->s6_addr[i] = v4 && i < 12 ? (i < 10 ? 0 : 0xff) :
						  random_u32();
}

/* Build @pkt, which has ADDRESS alone, where there is room for no more */
static void expect_built_list(const struct serval_pkt *pkt, unsigned int size)
{
	const unsigned int len = 24 + pkt->listed * size;
	struct serval_pkt back;
	u8 *buf = malloc(len);
	unsigned int i;

	memset(buf, 0xff, len);
	EXPECT(serval_wire_list_size(pkt) == pkt->listed * size);
	EXPECT(serval_wire_size(pkt) == len);
	EXPECT(serval_wire_build(buf, pkt) == len);
	EXPECT(buf[12] == 0x30 && buf[13] == len - 12);
	EXPECT(!buf[14] && buf[15] == (size == 4 ? 2 : 10));
	EXPECT(!memcmp(buf + 16, "\x1\x2\x3\x4\x5\x6\x7\x8", 8));
	for (i = 0; i < pkt->listed; i++)
		EXPECT(!memcmp(buf + 24 + i * size,
			       pkt->list[i].s6_addr + 16 - size, size));
	EXPECT(!serval_wire_parse(buf, len, &back));
	EXPECT(wire_pkt_equal(pkt, &back));
	free(buf);
}

/* Short only if all are of IPv4, whichever is not */
static void test_build_address(void)
{
	struct serval_pkt pkt = {
		.src = htonl(1), .protocol = SERVAL_PROTO_NONE,
		.has = SERVAL_HAS_ADDRESS,
		.list_verno = 0x01020304, .list_ackno = 0x05060708,
	};
	unsigned int i;

	for (; pkt.listed <= SERVAL_ADDRESS_MAX; pkt.listed++) {
		for (i = 0; i < pkt.listed; i++)
			random_addr(&pkt.list[i], true);
		expect_built_list(&pkt, 4);
		for (i = 0; i < pkt.listed; i++) {
			random_addr(&pkt.list[i], true);
			pkt.list[i].s6_addr[random_below(12)] ^= 1;
			expect_built_list(&pkt, 16);
			random_addr(&pkt.list[i], true);
		}
		for (i = 0; i < pkt.listed; i++)
			random_addr(&pkt.list[i], false);
		if (pkt.listed)
			expect_built_list(&pkt, 16);
	}
}

/* One more address in the header at @hdr: everything else must stay */
static void add_hop(bool v4)
{
	struct way old, new, back;
	struct serval_pkt pkt, after;
	u8 buf[SERVAL_HDR_MAX + 100];
	int grow;

	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	wire_way(hdr.buf, &pkt, &old);
	new = old;
	while (new.n < 2 || new.n == old.n)
		random_addr(&new.addr[new.n++], v4);
	grow = serval_wire_growth(&pkt, &new.addr[old.n], new.n - old.n);
	EXPECT(grow > 0 && grow % 4 == 0);
	memset(buf, 0xee, sizeof(buf));
	memcpy(buf + grow, hdr.buf, hdr.len);
	serval_wire_add_hops(buf, &pkt, &new.addr[old.n], new.n - old.n, grow);
	EXPECT(buf[hdr.len + grow] == 0xee);

	memcpy(hdr.buf, buf, hdr.len + grow);
	hdr.len += grow;
	EXPECT(parse_raw(&after) == SERVAL_WIRE_OK);
	wire_way(hdr.buf, &after, &back);
	EXPECT(back.n == new.n);
	EXPECT(!memcmp(back.addr, new.addr, new.n * sizeof(new.addr[0])));
	EXPECT(wire_ref_way(hdr.buf, hdr.len, &back));
	EXPECT(back.n == new.n);
	EXPECT(!memcmp(back.addr, new.addr, new.n * sizeof(new.addr[0])));
	EXPECT(after.source_at == (pkt.source_at ?: SERVAL_HDR_LEN));
	pkt.has |= SERVAL_HAS_SOURCE;
	pkt.hops = after.hops;
	pkt.origin = new.addr[0];
	EXPECT(wire_pkt_equal(&pkt, &after));
}

static void test_add_hop(void)
{
	unsigned int i, place;

	for (i = 0; i < 3000; i++) {
		bool v4 = random_below(2);

		place = random_below(3);
		start();
		if (place == 1)
			append_source(2 + random_below(4),
				      random_below(2) ? 4 : 16, v4);
		append(SERVAL_EXT_CONTROL, 20);
		pad(random_below(4));
		if (place == 2)
			append_source(2 + random_below(4),
				      random_below(2) ? 4 : 16, v4);
		append(SERVAL_EXT_SERVICE, 36);
		append(9, 4 + random_below(20));
		pad(-hdr.len & 3);
		add_hop(v4);
		add_hop(random_below(2));
		add_hop(random_below(2));
	}
}

/* Up to @n addresses */
static int growth(unsigned int n, bool v4)
{
	struct in6_addr add[SERVAL_SOURCE_MAX + 1];
	struct serval_pkt pkt;
	unsigned int i;

	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
	for (i = 0; i < n - pkt.hops; i++)
		random_addr(&add[i], v4);
	return serval_wire_growth(&pkt, add, i);
}

/* No header gets longer than the format allows */
static void test_no_room(void)
{
	unsigned int i;

	start();
	append(SERVAL_EXT_CONTROL, 20);
	EXPECT(growth(2, true) == 12);
	EXPECT(growth(20, true) == 84);
	EXPECT(growth(21, true) == -ENOSPC);
	EXPECT(growth(2, false) == 36);
	EXPECT(growth(15, false) == 244);
	EXPECT(growth(16, false) == -ENOSPC);
	append_source(15, 16, true);
	EXPECT(growth(16, true) == -ENOSPC);
	start();
	append_source(15, 4, true);
	EXPECT(growth(16, true) == 4);
	EXPECT(growth(16, false) == -ENOSPC);

	start();
	for (i = 0; i < 4; i++)
		append(9, 249);
	EXPECT(hdr.len == SERVAL_HDR_MAX - 12);
	EXPECT(growth(2, true) == 12);
	EXPECT(growth(3, true) == -ENOSPC);

	start();
	for (i = 0; i < 10; i++)
		append(9, 2);
	EXPECT(growth(2, true) == -ENOSPC);
	start();
	append_source(2, 4, true);
	for (i = 0; i < 8; i++)
		append(9, 2);
	append(9, 4);
	EXPECT(growth(3, true) == 4);
}

static void test_reserved(void)
{
	struct serval_pkt plain, noisy;
	u8 *control, *service;

	start();
	control = append(SERVAL_EXT_CONTROL, 20);
	service = append(SERVAL_EXT_SERVICE, 36);
	pad(4);
	EXPECT(parse(&plain) == SERVAL_WIRE_OK);
	control[0] |= 0xf;
	control[2] |= 3;
	service[0] |= 0xf;
	service[2] = 0xff;
	service[3] = 0xff;
	memset(hdr.buf + hdr.len - 4, 0xf, 4);
	EXPECT(parse(&noisy) == SERVAL_WIRE_OK);
	EXPECT(wire_pkt_equal(&plain, &noisy));
}

static void test_longest(void)
{
	struct serval_pkt pkt;
	int i;

	start();
	for (i = 0; i < 4; i++)
		append(9, 252);
	EXPECT(hdr.len == SERVAL_HDR_MAX);
	EXPECT(parse(&pkt) == SERVAL_WIRE_OK);
}

static void test_build_bytes(void)
{
	static const u8 want[SERVAL_SYN_LEN] = {
		0xa1, 0xa2, 0xa3, 0xa4, 0, 0, 0, 0, 17, 17, 0x2a, 0x39,
		0x10, 20, 0x90, 113, 1, 2, 3, 4, 5, 6, 7, 8,
		'n', 'o', 'n', 'c', 'e', 'n', 'o', 'n',
		0x20, 36, 0, 0, 0xfd,
	};
	struct serval_pkt pkt = {
		.src = htonl(0xa1a2a3a4), .protocol = 17,
		.has = SERVAL_HAS_CONTROL | SERVAL_HAS_SERVICE,
		.flags = 0x90, .reason = 113,
		.verno = 0x01020304, .ackno = 0x05060708,
	};
	u8 buf[SERVAL_SYN_LEN];

	memcpy(&pkt.nonce, "noncenon", 8);
	pkt.service[0].s_sid[0] = 0xfd;
	memset(buf, 0xff, sizeof(buf));
	EXPECT(serval_wire_size(&pkt) == sizeof(buf));
	EXPECT(serval_wire_build(buf, &pkt) == sizeof(buf));
	EXPECT(!memcmp(buf, want, sizeof(want)));
}

/* Everything at once, which must fit where headers are built */
static void test_build_longest(void)
{
	struct serval_pkt back, pkt = {
		.src = htonl(1), .protocol = SERVAL_PROTO_NONE,
		.has = 0x1ff & ~SERVAL_HAS_SOURCE,
		.path_kind = SERVAL_PATH_CHALLENGE,
		.listed = SERVAL_ADDRESS_MAX,
	};
	u8 *buf = malloc(SERVAL_BUILD_MAX);

	EXPECT(serval_wire_build(buf, &pkt) == SERVAL_BUILD_MAX);
	EXPECT(!serval_wire_parse(buf, SERVAL_BUILD_MAX, &back));
	EXPECT(wire_pkt_equal(&pkt, &back));
	free(buf);
}

static void random_pkt(struct serval_pkt *pkt)
{
	static const u8 protos[] = { 6, 17, 59 };
	static const u8 has[] = { 0, 1, 2, 3, 6, 7, 17, 19, 23 };
	unsigned int i;

	memset(pkt, 0, sizeof(*pkt));
	pkt->src = random_u32() | htonl(1);
	pkt->dst = random_u32();
	pkt->protocol = protos[random_below(3)];
	pkt->has = has[random_below(ARRAY_SIZE(has))] | random_below(16) << 5;
	if (pkt->has & SERVAL_HAS_ADDRESS) {
		bool v4 = random_below(2);

		pkt->listed = random_below(SERVAL_ADDRESS_MAX + 1);
		pkt->list_verno = random_u32();
		pkt->list_ackno = random_u32();
		for (i = 0; i < pkt->listed; i++)
			random_addr(&pkt->list[i], v4 || random_below(2));
	}
	if (pkt->has & SERVAL_HAS_CONTROL) {
		pkt->flags = random_u32() & 0xfc;
		pkt->reason = pkt->flags & (SERVAL_CTRL_NACK | SERVAL_CTRL_RSYN) ?
			      random_u32() : 0;
		pkt->verno = random_u32();
		pkt->ackno = random_u32();
		pkt->nonce = (u64)random_u32() << 32 | random_u32();
	}
	if (pkt->has & SERVAL_HAS_SERVICE)
		random_key(pkt->service[0].s_sid);
	if (pkt->has & SERVAL_HAS_SERVICE2)
		random_key(pkt->service[1].s_sid);
	if (pkt->has & SERVAL_HAS_KEY) {
		pkt->key_flags = random_below(2);
		random_key(pkt->key);
	}
	if (pkt->has & SERVAL_HAS_PATH) {
		pkt->path_kind = 1 + random_below(2);
		pkt->path_data = (u64)random_u32() << 32 | random_u32();
	}
	if (pkt->has & SERVAL_HAS_COPY)
		pkt->copy = random_u32();
	if (pkt->has & SERVAL_HAS_AUTH) {
		pkt->epoch = random_u32();
		for (i = 0; i < sizeof(pkt->mac); i++)
			pkt->mac[i] = random_u32();
	}
}

static void test_round_trip(void)
{
	struct serval_pkt pkt, back;
	u8 buf[SERVAL_BUILD_MAX + 1];
	unsigned int len;
	int i;

	for (i = 0; i < 20000; i++) {
		random_pkt(&pkt);
		memset(buf, random_u32(), sizeof(buf));
		buf[SERVAL_BUILD_MAX] = 0x5a;
		len = serval_wire_build(buf, &pkt);
		EXPECT(len == serval_wire_size(&pkt) && len == buf[8] * 4U);
		EXPECT(len <= SERVAL_BUILD_MAX &&
		       buf[SERVAL_BUILD_MAX] == 0x5a);
		EXPECT(!serval_wire_parse(buf, len, &back));
		EXPECT(wire_pkt_equal(&pkt, &back));
		EXPECT(wire_ref_parse(buf, len, &back));
		EXPECT(wire_pkt_equal(&pkt, &back));
	}
}

/* Random extensions, most of them with a possible length */
static void test_reference(void)
{
	static const u8 lens[16] = { 1, 20, 36, 16, 12, 36, 20, 12 };
	struct way source, ref_source;
	struct serval_pkt pkt, ref;
	enum serval_wire_err err;
	int i, accepted = 0;

	for (i = 0; i < 50000; i++) {
		start();
		while (random_below(5)) {
			u8 type = random_below(12), len = lens[type];
			u8 *ext = NULL;

			if (!len || !random_below(50))
				len = 2 + random_below(40);
			else if (type == SERVAL_EXT_ADDRESS)
				len = 12 + random_below(10) *
					   (random_below(2) ? 4 : 16);
			if (!type || hdr.len > 140)
				pad(1 + random_below(3));
			else if (type == SERVAL_EXT_SOURCE && random_below(9))
				append_source(1 + random_below(4),
					      random_below(2) ? 4 : 16,
					      random_below(2));
			else
				*(ext = append(type, len)) |=
					!random_below(40) * 8;
			if (ext && type == SERVAL_EXT_ADDRESS) {
				ext[2] = !random_below(9);
				ext[3] = 2 + random_below(2) * 8;
			} else if (ext) {
				ext[2] = random_below(4);
			}
		}
		pad(-hdr.len & 3);
		err = parse(&pkt);
		if (wire_ref_parse(hdr.buf, hdr.len, &ref)) {
			EXPECT(!err && wire_pkt_equal(&pkt, &ref));
			wire_way(hdr.buf, &pkt, &source);
			EXPECT(wire_ref_way(hdr.buf, hdr.len, &ref_source) ==
			       !!source.n);
			EXPECT(wire_way_equal(&source, &ref_source));
			accepted++;
		} else {
			EXPECT(err >= SERVAL_WIRE_EXT_LEN);
		}
	}
	EXPECT(accepted > 5000 && accepted < 45000);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ test_base, "no data packet would be understood" },
		{ test_csum_value, "other implementations would drop us" },
		{ test_csum_refused,
		  "a damaged packet would reach another connection" },
		{ test_csum_base, "damaged data would reach another connection" },
		{ test_short, "a cut packet would crash the host" },
		{ test_payload, "data behind the header would be taken for it" },
		{ test_proto, "packets of unknown protocols would get through" },
		{ test_src_id, "the id 0 would be taken for a flow" },
		{ test_control, "no connection would be set up" },
		{ test_service, "connections would reach a wrong service" },
		{ test_once, "ambiguous packets would be obeyed" },
		{ test_ext_len, "a crafted length would crash the host" },
		{ test_ext_past_end, "a crafted length would crash the host" },
		{ test_ext_count, "crafted packets would cost more than theirs" },
		{ test_unknown, "later versions of the protocol could not talk" },
		{ test_reserved, "later versions of the protocol could not talk" },
		{ test_key, "hosts would not know each other's key" },
		{ test_path, "no path would be found to lead to the peer" },
		{ test_copy, "a datagram would arrive once for each path" },
		{ test_auth, "a connection would not move, or be moved by others" },
		{ test_address, "a client would ask at a wrong address" },
		{ test_build_address,
		  "hosts would not know each other's addresses" },
		{ test_source, "a crafted way would crash a router" },
		{ test_add_hop, "a router would damage what it passes on" },
		{ test_no_room, "a long way would crash a router" },
		{ test_longest, "packets with many extensions would be lost" },
		{ test_build_bytes,
		  "packets would not be as documented, or leak memory" },
		{ test_build_longest, "long headers would damage memory" },
		{ test_round_trip, "what is sent would not be what arrives" },
		{ test_reference, "some packets would be read wrongly" },
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
