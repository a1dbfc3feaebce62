// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second reading of the header format, to compare the parser with: byte by
 * byte, in the order of the text of Documentation/protocol.rst.
 */
#include "wire_ref.h"

#include <arpa/inet.h>
#include <string.h>

static u16 ref_sum(const u8 *buf, unsigned int len)
{
	u32 sum = 0;
	unsigned int i;

	for (i = 0; i < len; i += 2) {
		sum += buf[i] << 8 | buf[i + 1];
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return sum;
}

static u32 ref_u32(const u8 *p)
{
	return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static bool ref_len_ok(unsigned int type, unsigned int len)
{
	static const u8 fixed[16] = { [1] = 20, [2] = 36, [5] = 36, [6] = 20,
				      [7] = 12, [8] = 8 };

	if (type == 3)
		return len >= 12;
	if (type == 4)
		return len >= 4 + 2 * 4 && len <= 4 + 15 * 16;
	return fixed[type] ? len == fixed[type] : len >= 2;
}

/* Bytes of one address, 0 if this is no list of 2 to 20 */
static unsigned int ref_source_size(const u8 *ext)
{
	unsigned int left = ext[1] - 4, size;

	if (ext[2] || (ext[3] != 2 && ext[3] != 10))
		return 0;
	size = ext[3] == 2 ? 4 : 16;
	return left % size || left / size < 2 || left / size > 20 ? 0 : size;
}

/* Bytes of one address, 0 if this is no list of at most 8 */
static unsigned int ref_address_size(const u8 *ext)
{
	unsigned int left = ext[1] - 12, size = ext[3] == 2 ? 4 : 16;

	if (ext[2] || (ext[3] != 2 && ext[3] != 10))
		return 0;
	return left % size || left / size > 8 ? 0 : size;
}

static void ref_addr(struct in6_addr *addr, const u8 *p, unsigned int size)
{
	memset(addr, 0, 10);
	memset(addr->s6_addr + 10, 0xff, 2);
	memcpy(addr->s6_addr + 16 - size, p, size);
}

static void ref_store_list(const u8 *ext, struct serval_pkt *pkt)
{
	unsigned int size = ref_address_size(ext), i;

	pkt->has |= SERVAL_HAS_ADDRESS;
	pkt->listed = 0;
	pkt->list_verno = ref_u32(ext + 4);
	pkt->list_ackno = ref_u32(ext + 8);
	for (i = 12; i < ext[1]; i += size)
		ref_addr(&pkt->list[pkt->listed++], ext + i, size);
}

/* KEY and PATH have kinds, of which only these are known */
static bool ref_known(const u8 *ext)
{
	if (ext[0] >> 4 == 5)
		return ext[2] == 1;
	if (ext[0] >> 4 == 7)
		return ext[2] == 1 || ext[2] == 2;
	return ext[0] >> 4 <= 8;
}

static void ref_store_key(const u8 *ext, struct serval_pkt *pkt)
{
	if (!ref_known(ext))
		return;
	if (ext[0] >> 4 == 5) {
		pkt->has |= SERVAL_HAS_KEY;
		pkt->key_flags = ext[3] & 1;
		memcpy(pkt->key, ext + 4, 32);
	} else if (ext[0] >> 4 == 6) {
		pkt->has |= SERVAL_HAS_AUTH;
		pkt->epoch = ext[2];
		memcpy(pkt->mac, ext + 4, 16);
	} else if (ext[0] >> 4 == 7) {
		pkt->has |= SERVAL_HAS_PATH;
		pkt->path_kind = ext[2];
		memcpy(&pkt->path_data, ext + 4, 8);
	} else if (ext[0] >> 4 == 8) {
		pkt->has |= SERVAL_HAS_COPY;
		pkt->copy = ref_u32(ext + 4);
	}
}

static void ref_store(const u8 *ext, struct serval_pkt *pkt)
{
	if (ext[0] >> 4 == 2 && pkt->has & SERVAL_HAS_SERVICE) {
		pkt->has |= SERVAL_HAS_SERVICE2;
		memcpy(pkt->service[1].s_sid, ext + 4, 32);
	} else if (ext[0] >> 4 == 2) {
		pkt->has |= SERVAL_HAS_SERVICE;
		memcpy(pkt->service[0].s_sid, ext + 4, 32);
	} else if (ext[0] >> 4 == 1) {
		pkt->has |= SERVAL_HAS_CONTROL;
		pkt->flags = ext[2] & 0xfc;
		pkt->reason = ext[2] & 0x50 ? ext[3] : 0;
		pkt->verno = ref_u32(ext + 4);
		pkt->ackno = ref_u32(ext + 8);
		memcpy(&pkt->nonce, ext + 12, 8);
	} else if (ext[0] >> 4 == 4) {
		pkt->has |= SERVAL_HAS_SOURCE;
		pkt->hops = (ext[1] - 4) / ref_source_size(ext);
		ref_addr(&pkt->origin, ext + 4, ref_source_size(ext));
	} else if (ext[0] >> 4 == 3 && ref_address_size(ext)) {
		ref_store_list(ext, pkt);
	} else {
		ref_store_key(ext, pkt);
	}
}

static bool ref_exts(const u8 *ext, const u8 *end, struct serval_pkt *pkt)
{
	unsigned int total = 0, count[16] = {};

	while (ext < end) {
		unsigned int type = ext[0] >> 4;

		if (++total > 10)
			return false;
		if (!type) {
			ext++;
			continue;
		}
		if (end - ext < 2 || ext[1] > end - ext)
			return false;
		if (!ref_len_ok(type, ext[1]))
			return false;
		if (type == 4 && !ref_source_size(ext))
			return false;
		if (!ref_known(ext) && ext[0] & 8)
			return false;
		count[type]++;
		ref_store(ext, pkt);
		ext += ext[1];
	}
	return count[1] <= 1 && count[2] <= 2 && count[3] <= 1 &&
	       count[4] <= 1 && count[5] <= 1 && count[6] <= 1 &&
	       count[7] <= 1 && count[8] <= 1;
}

/* The same as serval_wire_parse(), but for the reason of a refusal */
bool wire_ref_parse(const u8 *buf, unsigned int len, struct serval_pkt *pkt)
{
	memset(pkt, 0, sizeof(*pkt));
	if (len < 12 || buf[8] < 3 || buf[8] * 4U > len)
		return false;
	if (ref_sum(buf, buf[8] * 4) != 0xffff)
		return false;
	if (buf[9] != 6 && buf[9] != 17 && buf[9] != 59)
		return false;
	if (!ref_u32(buf))
		return false;
	pkt->src = htonl(ref_u32(buf));
	pkt->dst = htonl(ref_u32(buf + 4));
	pkt->protocol = buf[9];
	return ref_exts(buf + 12, buf + buf[8] * 4, pkt);
}

/* As the code under test reads it */
void wire_way(const u8 *buf, const struct serval_pkt *pkt, struct way *way)
{
	for (way->n = 0; way->n < pkt->hops; way->n++)
		serval_wire_get_hop(buf, pkt, way->n, &way->addr[way->n]);
}

/* The same, read once more from a header that was accepted */
bool wire_ref_way(const u8 *buf, unsigned int len, struct way *way)
{
	const u8 *ext = buf + 12;
	unsigned int i, size;

	way->n = 0;
	while (ext < buf + len && ext[0] >> 4 != 4)
		ext += ext[0] >> 4 ? ext[1] : 1;
	if (ext >= buf + len)
		return false;
	size = ref_source_size(ext);
	for (i = 4; i < ext[1]; i += size)
		ref_addr(&way->addr[way->n++], ext + i, size);
	return true;
}

bool wire_way_equal(const struct way *a, const struct way *b)
{
	return a->n == b->n &&
	       !memcmp(a->addr, b->addr, a->n * sizeof(a->addr[0]));
}

bool wire_pkt_equal(const struct serval_pkt *a, const struct serval_pkt *b)
{
	return a->src == b->src && a->dst == b->dst &&
	       a->protocol == b->protocol && a->has == b->has &&
	       a->flags == b->flags && a->reason == b->reason &&
	       a->hops == b->hops &&
	       !memcmp(&a->origin, &b->origin, sizeof(a->origin)) &&
	       a->listed == b->listed && a->list_verno == b->list_verno &&
	       a->list_ackno == b->list_ackno &&
	       !memcmp(a->list, b->list, sizeof(a->list)) &&
	       a->verno == b->verno && a->ackno == b->ackno &&
	       a->nonce == b->nonce && a->key_flags == b->key_flags &&
	       a->path_kind == b->path_kind && a->epoch == b->epoch &&
	       a->path_data == b->path_data && a->copy == b->copy &&
	       !memcmp(a->key, b->key, sizeof(a->key)) &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       !memcmp(a->service, b->service, sizeof(a->service));
}
