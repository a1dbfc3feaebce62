// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes what the fuzzers start from: gen_corpus DIR-WIRE DIR-LPM
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "wire.h"

static void save(const char *dir, const char *name, int number, const u8 *buf,
		 size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%d", dir, name, number);
	f = fopen(path, "wb");
	if (!f || fwrite(buf, 1, len, f) != len || fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* Every header this host builds */
static void gen_built(const char *dir)
{
	struct serval_pkt pkt = { .src = htonl(0x01020304), .verno = 1,
				  .flags = 0xfc, .reason = 111,
				  .path_kind = SERVAL_PATH_CHALLENGE };
	static const u8 protos[] = { 6, 17, 59 };
	u8 buf[1 + SERVAL_BUILD_MAX];
	unsigned int has;

	for (has = 0; has < 512; has++) {
		if (has & SERVAL_HAS_SOURCE)
			continue;
		pkt.has = has;
		pkt.listed = has % (SERVAL_ADDRESS_MAX + 1);
		pkt.protocol = protos[pkt.has % 3];
		buf[0] = pkt.has;
		save(dir, "built", pkt.has, buf,
		     1 + serval_wire_build(buf + 1, &pkt));
	}
}

/* Every type of extension, alone, before a SERVICE, and critical */
static void gen_exts(const char *dir)
{
	static const u8 lens[16] = { 4, 20, 36, 16, 12, 36, 20, 12,
				     8, 4, 4, 4, 4, 4, 4, 4 };
	u8 buf[1 + SERVAL_HDR_MAX];
	unsigned int type, len;

	for (type = 0; type < 16; type++) {
		memset(buf, 0, sizeof(buf));
		memset(buf, 1, 9);
		len = 1 + SERVAL_HDR_LEN + lens[type];
		buf[9] = len / 4;
		buf[10] = 6;
		buf[13] = type << 4;
		if (type)
			buf[14] = lens[type];
		if (type == SERVAL_EXT_ADDRESS || type == SERVAL_EXT_SOURCE)
			buf[16] = SERVAL_WIRE_IPV4;
		if (type == SERVAL_EXT_KEY || type == SERVAL_EXT_PATH)
			buf[15] = 1;
		save(dir, "ext", type, buf, len);
		buf[13] |= SERVAL_EXT_CRITICAL;
		save(dir, "critical", type, buf, len);
		buf[len] = SERVAL_EXT_SERVICE << 4;
		buf[len + 1] = SERVAL_SERVICE_LEN;
		buf[9] += SERVAL_SERVICE_LEN / 4;
		save(dir, "service", type, buf, len + SERVAL_SERVICE_LEN);
	}
}

/* Ways of both families, short, long and too long, before a SERVICE */
static void gen_source(const char *dir)
{
	u8 buf[1 + SERVAL_HDR_MAX];
	unsigned int n, len;

	for (n = 2; n <= 21; n++) {
		bool wide = n % 2 && n < 16;

		memset(buf, 0, sizeof(buf));
		memset(buf, 1, 9);
		len = SERVAL_SOURCE_LEN + n * (wide ? 16 : 4);
		buf[9] = (SERVAL_HDR_LEN + len + SERVAL_SERVICE_LEN) / 4;
		buf[10] = 6;
		buf[13] = SERVAL_EXT_SOURCE << 4;
		buf[14] = len;
		buf[16] = wide ? SERVAL_WIRE_IPV6 : SERVAL_WIRE_IPV4;
		buf[13 + len] = SERVAL_EXT_SERVICE << 4;
		buf[14 + len] = SERVAL_SERVICE_LEN;
		save(dir, "source", n, buf, 1 + buf[9] * 4);
	}
}

/* Lists of both families, also too long ones, of no family, with a rest */
static void gen_address(const char *dir)
{
	static const struct {
		u8 family;
		u8 size;
		u8 more;
	} kinds[] = {
		{ SERVAL_WIRE_IPV4, 4, 0 },
		{ SERVAL_WIRE_IPV6, 16, 0 },
		{ SERVAL_WIRE_IPV6, 16, 4 },
		{ 3, 4, 0 },
	};
	u8 buf[1 + SERVAL_HDR_MAX];
	unsigned int n, i, len;

	for (n = 0; n <= SERVAL_ADDRESS_MAX + 1; n++) {
		for (i = 0; i < 4; i++) {
			memset(buf, 0, sizeof(buf));
			memset(buf, 1, 9);
			len = SERVAL_ADDRESS_LEN + n * kinds[i].size +
			      kinds[i].more;
			buf[9] = (SERVAL_HDR_LEN + len + SERVAL_SERVICE_LEN) / 4;
			buf[10] = 6;
			buf[13] = SERVAL_EXT_ADDRESS << 4;
			buf[14] = len;
			buf[16] = kinds[i].family;
			memset(buf + 17, n, len - 4);
			buf[13 + len] = SERVAL_EXT_SERVICE << 4;
			buf[14 + len] = SERVAL_SERVICE_LEN;
			save(dir, "address", n * 4 + i, buf, 1 + buf[9] * 4);
		}
	}
}

/* Operations on the table, in more and less crowded parts of it */
static void gen_ops(const char *dir)
{
	u8 buf[5 * 200];
	int i, j;

	for (i = 0; i < 32; i++) {
		for (j = 0; j < 200; j++) {
			u8 *op = buf + 5 * j;

			op[0] = random_u32() & (random_below(8) ? 0x17 : 0x3f);
			op[1] = random_u32() & (0xff >> i % 4);
			op[2] = random_u32() & (0xff >> i % 8);
			op[3] = random_u32() & (0xff << i % 5);
			op[4] = random_u32() & (0xff << i % 7);
		}
		save(dir, "ops", i, buf, 5 * (1 + random_below(200)));
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	gen_built(argv[1]);
	gen_exts(argv[1]);
	gen_source(argv[1]);
	gen_address(argv[1]);
	gen_ops(argv[2]);
	return 0;
}
