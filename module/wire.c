// SPDX-License-Identifier: GPL-2.0-only
/*
 * SAL header: checksum, parser and builder.
 *
 *    0        1        2        3
 *   | source flow id                    |  base header, 12 bytes
 *   | destination flow id               |
 *   | shl    | proto  | checksum        |
 *   | type:flags | length | ...         |  extensions up to shl * 4 bytes
 *   | type:flags | length | ...         |
 *
 * The parser checks in this order, and nothing is used before its check:
 *
 *   length of buffer and shl -> checksum -> protocol -> source id
 *     -> per extension: number so far -> length against the type's rule and
 *        what is left -> how many of this type -> unknown but marked critical
 *
 * Everything a handler may need is copied into struct serval_pkt; what the
 * packet does not have is zero there.  Types without a handler are skipped
 * after their length was checked.  Layout: Documentation/protocol.rst
 * sections 2 and 3.
 */
#include "wire.h"

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>

#define CTRL_FLAGS	(SERVAL_CTRL_SYN | SERVAL_CTRL_RSYN | SERVAL_CTRL_ACK | \
			 SERVAL_CTRL_NACK | SERVAL_CTRL_RST | SERVAL_CTRL_FIN)

#define EXT_TYPES	16

static_assert(sizeof(struct serval_hdr) == SERVAL_HDR_LEN);
static_assert(sizeof(struct service_id) + 4 == SERVAL_SERVICE_LEN);
static_assert(sizeof(((struct serval_pkt *)0)->nonce) == SERVAL_NONCE_LEN);
static_assert(SERVAL_KEY_SIZE + 4 == SERVAL_KEY_LEN);
static_assert(SERVAL_MAC_LEN + 4 == SERVAL_AUTH_LEN);
static_assert(sizeof(((struct serval_pkt *)0)->path_data) + 4 ==
	      SERVAL_PATH_LEN);

/* What Documentation/protocol.rst section 3 allows; @max_count 10 is the
 * limit of the packet, so no limit.
 */
static const struct ext_rule {
	u8 min_len;
	u8 max_len;
	u8 max_count;
} ext_rules[EXT_TYPES] = {
	[SERVAL_EXT_CONTROL]	= { SERVAL_CONTROL_LEN, SERVAL_CONTROL_LEN, 1 },
	[SERVAL_EXT_SERVICE]	= { SERVAL_SERVICE_LEN, SERVAL_SERVICE_LEN, 2 },
	[SERVAL_EXT_ADDRESS]	= { SERVAL_ADDRESS_LEN, 255, 1 },
	[SERVAL_EXT_SOURCE]	= { 12, 244, 1 },
	[SERVAL_EXT_KEY]	= { SERVAL_KEY_LEN, SERVAL_KEY_LEN, 1 },
	[SERVAL_EXT_AUTH]	= { SERVAL_AUTH_LEN, SERVAL_AUTH_LEN, 1 },
	[SERVAL_EXT_PATH]	= { SERVAL_PATH_LEN, SERVAL_PATH_LEN, 1 },
	[SERVAL_EXT_COPY]	= { SERVAL_COPY_LEN, SERVAL_COPY_LEN, 1 },
	[SERVAL_EXT_COPY + 1 ... EXT_TYPES - 1] = {
		2, 255, SERVAL_EXT_COUNT_MAX
	},
};

static inline u16 get_u16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static inline u32 get_u32(const u8 *p)
{
	__be32 word;

	memcpy(&word, p, sizeof(word));
	return be32_to_cpu(word);
}

static void put_u32(u8 *p, u32 val)
{
	__be32 word = cpu_to_be32(val);

	memcpy(p, &word, sizeof(word));
}

/* What may say why it is sent */
#define HAS_REASON	(SERVAL_CTRL_NACK | SERVAL_CTRL_RSYN)

/* Reserved flags are ignored, and so is the reason of anything else */
static void parse_control(const u8 *ext, struct serval_pkt *pkt)
{
	pkt->has |= SERVAL_HAS_CONTROL;
	pkt->flags = ext[2] & CTRL_FLAGS;
	pkt->reason = pkt->flags & HAS_REASON ? ext[3] : 0;
	pkt->verno = get_u32(ext + 4);
	pkt->ackno = get_u32(ext + 8);
	memcpy(&pkt->nonce, ext + 12, SERVAL_NONCE_LEN);
}

static void parse_service(const u8 *ext, struct serval_pkt *pkt)
{
	unsigned int i = pkt->has & SERVAL_HAS_SERVICE ? 1 : 0;

	pkt->has |= i ? SERVAL_HAS_SERVICE2 : SERVAL_HAS_SERVICE;
	memcpy(&pkt->service[i], ext + 4, sizeof(pkt->service[i]));
}

/* ::ffff:0:0/96 stands for IPv4, as in addr.h */
static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

static inline bool is_mapped(const struct in6_addr *addr)
{
	return !memcmp(addr, mapped, sizeof(mapped));
}

static void get_addr(const u8 *p, unsigned int size, struct in6_addr *addr)
{
	memcpy(addr, mapped, sizeof(mapped));
	memcpy(addr->s6_addr + 16 - size, p, size);
}

/* Anything but a list of some addresses says nothing */
static void parse_address(const u8 *ext, struct serval_pkt *pkt)
{
	unsigned int family = get_u16(ext + 2), i;
	unsigned int size = family == SERVAL_WIRE_IPV6 ? 16 : 4;
	unsigned int n = (ext[1] - SERVAL_ADDRESS_LEN) / size;

	if ((size == 4 && family != SERVAL_WIRE_IPV4) ||
	    ext[1] != SERVAL_ADDRESS_LEN + n * size || n > SERVAL_ADDRESS_MAX)
		return;
	pkt->has |= SERVAL_HAS_ADDRESS;
	pkt->listed = n;
	pkt->list_verno = get_u32(ext + 4);
	pkt->list_ackno = get_u32(ext + 8);
	for (i = 0; i < n; i++)
		get_addr(ext + SERVAL_ADDRESS_LEN + i * size, size,
			 &pkt->list[i]);
}

/* At least the original source and who passed the packet on */
static enum serval_wire_err parse_source(const u8 *ext, unsigned int at,
					 struct serval_pkt *pkt)
{
	unsigned int family = get_u16(ext + 2), len = ext[1];
	unsigned int size = family == SERVAL_WIRE_IPV6 ? 16 : 4;
	unsigned int n = (len - SERVAL_SOURCE_LEN) / size;

	if ((size == 4 && family != SERVAL_WIRE_IPV4) ||
	    len != SERVAL_SOURCE_LEN + n * size ||
	    n < 2 || n > SERVAL_SOURCE_MAX)
		return SERVAL_WIRE_EXT_LEN;
	pkt->has |= SERVAL_HAS_SOURCE;
	pkt->hops = n;
	pkt->source_at = at;
	pkt->source_len = len;
	get_addr(ext + SERVAL_SOURCE_LEN, size, &pkt->origin);
	return SERVAL_WIRE_OK;
}

/* Of a type or kind that this version does not know */
static inline enum serval_wire_err skip(const u8 *ext)
{
	return ext[0] & SERVAL_EXT_CRITICAL ? SERVAL_WIRE_EXT_UNKNOWN :
					      SERVAL_WIRE_OK;
}

static enum serval_wire_err parse_key(const u8 *ext, struct serval_pkt *pkt)
{
	if (ext[2] != SERVAL_KEY_X25519)
		return skip(ext);
	pkt->has |= SERVAL_HAS_KEY;
	pkt->key_flags = ext[3] & SERVAL_KEY_REPEAT;
	memcpy(pkt->key, ext + 4, sizeof(pkt->key));
	return SERVAL_WIRE_OK;
}

static void parse_auth(const u8 *ext, unsigned int at, struct serval_pkt *pkt)
{
	pkt->has |= SERVAL_HAS_AUTH;
	pkt->epoch = ext[2];
	pkt->mac_at = at + 4;
	memcpy(pkt->mac, ext + 4, sizeof(pkt->mac));
}

static enum serval_wire_err parse_path(const u8 *ext, struct serval_pkt *pkt)
{
	if (ext[2] != SERVAL_PATH_CHALLENGE && ext[2] != SERVAL_PATH_RESPONSE)
		return skip(ext);
	pkt->has |= SERVAL_HAS_PATH;
	pkt->path_kind = ext[2];
	memcpy(&pkt->path_data, ext + 4, sizeof(pkt->path_data));
	return SERVAL_WIRE_OK;
}

static void parse_copy(const u8 *ext, struct serval_pkt *pkt)
{
	pkt->has |= SERVAL_HAS_COPY;
	pkt->copy = get_u32(ext + 4);
}

static enum serval_wire_err parse_ext(const u8 *ext, unsigned int at,
				      struct serval_pkt *pkt)
{
	switch (ext[0] >> 4) {
	case SERVAL_EXT_CONTROL:
		parse_control(ext, pkt);
		return SERVAL_WIRE_OK;
	case SERVAL_EXT_SERVICE:
		parse_service(ext, pkt);
		return SERVAL_WIRE_OK;
	case SERVAL_EXT_ADDRESS:
		parse_address(ext, pkt);
		return SERVAL_WIRE_OK;
	case SERVAL_EXT_SOURCE:
		return parse_source(ext, at, pkt);
	case SERVAL_EXT_KEY:
		return parse_key(ext, pkt);
	case SERVAL_EXT_AUTH:
		parse_auth(ext, at, pkt);
		return SERVAL_WIRE_OK;
	case SERVAL_EXT_PATH:
		return parse_path(ext, pkt);
	case SERVAL_EXT_COPY:
		parse_copy(ext, pkt);
		return SERVAL_WIRE_OK;
	default:
		return skip(ext);
	}
}

static bool ext_len_ok(const u8 *ext, unsigned int left)
{
	const struct ext_rule *rule = &ext_rules[ext[0] >> 4];

	return left >= 2 && ext[1] >= rule->min_len &&
	       ext[1] <= rule->max_len && ext[1] <= left;
}

static enum serval_wire_err parse_exts(const u8 *ext, unsigned int left,
				       struct serval_pkt *pkt)
{
	enum serval_wire_err err;
	u8 seen[EXT_TYPES] = {};
	unsigned int len;

	for (; left; ext += len, left -= len) {
		u8 type = ext[0] >> 4;

		if (++pkt->exts > SERVAL_EXT_COUNT_MAX)
			return SERVAL_WIRE_EXT_COUNT;
		len = 1;
		if (type == SERVAL_EXT_PAD)
			continue;
		if (!ext_len_ok(ext, left))
			return SERVAL_WIRE_EXT_LEN;
		if (++seen[type] > ext_rules[type].max_count)
			return SERVAL_WIRE_EXT_COUNT;
		err = parse_ext(ext, pkt->len - left, pkt);
		if (err)
			return err;
		len = ext[1];
	}
	return SERVAL_WIRE_OK;
}

/**
 * serval_wire_parse() - check a header and copy out what it says
 * @buf: from the first byte of the header, any alignment
 * @len: bytes readable at @buf, payload may follow the header
 * @pkt: filled in; what the header does not have is zero
 *
 * A conforming header of up to SERVAL_HDR_MAX bytes is accepted
 * (Documentation/protocol.rst sections 2 and 3).  @pkt is initialised in any
 * case, and to be used only on success.
 *
 * Context: any.
 * Return: SERVAL_WIRE_OK or the first reason to refuse the packet.
 */
enum serval_wire_err serval_wire_parse(const void *buf, unsigned int len,
				       struct serval_pkt *pkt)
{
	struct serval_hdr hdr;
	unsigned int hdr_len;

	memset(pkt, 0, sizeof(*pkt));
	if (len < SERVAL_HDR_LEN)
		return SERVAL_WIRE_SHORT;
	memcpy(&hdr, buf, sizeof(hdr));
	hdr_len = serval_wire_len(&hdr);
	if (!hdr_len || hdr_len > len)
		return SERVAL_WIRE_SHORT;
	if (serval_wire_csum(buf, hdr_len))
		return SERVAL_WIRE_CSUM;
	if (hdr.protocol != SERVAL_PROTO_TCP &&
	    hdr.protocol != SERVAL_PROTO_UDP &&
	    hdr.protocol != SERVAL_PROTO_NONE)
		return SERVAL_WIRE_PROTO;
	if (!hdr.src)
		return SERVAL_WIRE_ID;

	pkt->src = hdr.src;
	pkt->dst = hdr.dst;
	pkt->protocol = hdr.protocol;
	pkt->len = hdr_len;
	return parse_exts((const u8 *)buf + SERVAL_HDR_LEN,
			  hdr_len - SERVAL_HDR_LEN, pkt);
}

/* They take 4 bytes each if all are of IPv4 */
static unsigned int listed_size(const struct serval_pkt *pkt)
{
	unsigned int i;

	for (i = 0; i < pkt->listed; i++)
		if (!is_mapped(&pkt->list[i]))
			return 16;
	return 4;
}

/**
 * serval_wire_list_size() - bytes of the addresses in ADDRESS
 * @pkt: with ADDRESS
 *
 * Context: any.
 */
unsigned int serval_wire_list_size(const struct serval_pkt *pkt)
{
	return pkt->listed * listed_size(pkt);
}

static u8 *build_control(u8 *ext, const struct serval_pkt *pkt)
{
	ext[0] = SERVAL_EXT_CONTROL << 4;
	ext[1] = SERVAL_CONTROL_LEN;
	ext[2] = pkt->flags & CTRL_FLAGS;
	ext[3] = pkt->flags & HAS_REASON ? pkt->reason : 0;
	put_u32(ext + 4, pkt->verno);
	put_u32(ext + 8, pkt->ackno);
	memcpy(ext + 12, &pkt->nonce, SERVAL_NONCE_LEN);
	return ext + SERVAL_CONTROL_LEN;
}

static u8 *build_service(u8 *ext, const struct service_id *id)
{
	ext[0] = SERVAL_EXT_SERVICE << 4;
	ext[1] = SERVAL_SERVICE_LEN;
	ext[2] = 0;
	ext[3] = 0;
	memcpy(ext + 4, id, sizeof(*id));
	return ext + SERVAL_SERVICE_LEN;
}

static u8 *build_address(u8 *ext, const struct serval_pkt *pkt)
{
	unsigned int size = listed_size(pkt), i;

	ext[0] = SERVAL_EXT_ADDRESS << 4;
	ext[1] = SERVAL_ADDRESS_LEN + pkt->listed * size;
	ext[2] = 0;
	ext[3] = size == 16 ? SERVAL_WIRE_IPV6 : SERVAL_WIRE_IPV4;
	put_u32(ext + 4, pkt->list_verno);
	put_u32(ext + 8, pkt->list_ackno);
	ext += SERVAL_ADDRESS_LEN;
	for (i = 0; i < pkt->listed; i++, ext += size)
		memcpy(ext, pkt->list[i].s6_addr + 16 - size, size);
	return ext;
}

static u8 *build_key(u8 *ext, const struct serval_pkt *pkt)
{
	ext[0] = SERVAL_EXT_KEY << 4;
	ext[1] = SERVAL_KEY_LEN;
	ext[2] = SERVAL_KEY_X25519;
	ext[3] = pkt->key_flags & SERVAL_KEY_REPEAT;
	memcpy(ext + 4, pkt->key, sizeof(pkt->key));
	return ext + SERVAL_KEY_LEN;
}

static u8 *build_path(u8 *ext, const struct serval_pkt *pkt)
{
	ext[0] = SERVAL_EXT_PATH << 4;
	ext[1] = SERVAL_PATH_LEN;
	ext[2] = pkt->path_kind;
	ext[3] = 0;
	memcpy(ext + 4, &pkt->path_data, sizeof(pkt->path_data));
	return ext + SERVAL_PATH_LEN;
}

static u8 *build_copy(u8 *ext, const struct serval_pkt *pkt)
{
	ext[0] = SERVAL_EXT_COPY << 4;
	ext[1] = SERVAL_COPY_LEN;
	ext[2] = 0;
	ext[3] = 0;
	put_u32(ext + 4, pkt->copy);
	return ext + SERVAL_COPY_LEN;
}

static void build_auth(u8 *ext, const struct serval_pkt *pkt)
{
	ext[0] = SERVAL_EXT_AUTH << 4;
	ext[1] = SERVAL_AUTH_LEN;
	ext[2] = pkt->epoch;
	ext[3] = 0;
	memcpy(ext + 4, pkt->mac, sizeof(pkt->mac));
}

static void seal(void *buf, struct serval_hdr *hdr, unsigned int len)
{
	hdr->shl = len / 4;
	hdr->check = 0;
	memcpy(buf, hdr, sizeof(*hdr));
	hdr->check = serval_wire_csum(buf, len);
	memcpy(buf, hdr, sizeof(*hdr));
}

/**
 * serval_wire_build() - write a header with its checksum
 * @buf: serval_wire_size() writable bytes, any alignment
 * @pkt: what to write; SERVAL_HAS_SERVICE2 only with SERVAL_HAS_SERVICE;
 *       SOURCE is not written
 *
 * Every byte is written, reserved ones as zero, so that nothing of the host's
 * memory leaves with them.  AUTH is the last extension: a MAC is computed from
 * the whole header, so it is built as zero and set afterwards.
 *
 * Context: any.
 * Return: bytes written, equal to serval_wire_size().
 */
unsigned int serval_wire_build(void *buf, const struct serval_pkt *pkt)
{
	unsigned int len = serval_wire_size(pkt);
	struct serval_hdr hdr = {
		.src = pkt->src,
		.dst = pkt->dst,
		.protocol = pkt->protocol,
	};
	u8 *ext = (u8 *)buf + SERVAL_HDR_LEN;

	if (pkt->has & SERVAL_HAS_CONTROL)
		ext = build_control(ext, pkt);
	if (pkt->has & SERVAL_HAS_SERVICE)
		ext = build_service(ext, &pkt->service[0]);
	if (pkt->has & SERVAL_HAS_SERVICE2)
		ext = build_service(ext, &pkt->service[1]);
	if (pkt->has & SERVAL_HAS_ADDRESS)
		ext = build_address(ext, pkt);
	if (pkt->has & SERVAL_HAS_KEY)
		ext = build_key(ext, pkt);
	if (pkt->has & SERVAL_HAS_PATH)
		ext = build_path(ext, pkt);
	if (pkt->has & SERVAL_HAS_COPY)
		ext = build_copy(ext, pkt);
	if (pkt->has & SERVAL_HAS_AUTH)
		build_auth(ext, pkt);
	seal(buf, &hdr, len);
	return len;
}

/**
 * serval_wire_set_mac() - put the MAC into a header that was built
 * @buf:    header
 * @len:    of it
 * @mac_at: serval_wire_mac_at()
 * @mac:    what AUTH is to say
 *
 * The checksum is computed again, because the MAC was not in it.
 *
 * Context: any.
 */
void serval_wire_set_mac(void *buf, unsigned int len, unsigned int mac_at,
			 const u8 mac[SERVAL_MAC_LEN])
{
	struct serval_hdr hdr;

	memcpy((u8 *)buf + mac_at, mac, SERVAL_MAC_LEN);
	memcpy(&hdr, buf, sizeof(hdr));
	seal(buf, &hdr, len);
}

/* Bytes of one address in a SOURCE of @len bytes */
static unsigned int entry_size(unsigned int hops, unsigned int len)
{
	return len == SERVAL_SOURCE_LEN + hops * 16 ? 16 : 4;
}

/**
 * serval_wire_get_hop() - one of the addresses in a header's SOURCE
 * @buf:  the header that was parsed
 * @pkt:  what that gave
 * @i:    which, less than @pkt->hops
 * @addr: result, see addr.h
 *
 * No length is read a second time, so the packet may have been changed since.
 *
 * Context: any.
 */
void serval_wire_get_hop(const void *buf, const struct serval_pkt *pkt,
			 unsigned int i, struct in6_addr *addr)
{
	unsigned int size = entry_size(pkt->hops, pkt->source_len);

	get_addr((const u8 *)buf + pkt->source_at + SERVAL_SOURCE_LEN +
		 i * size, size, addr);
}

/**
 * serval_wire_growth() - bytes that more addresses in SOURCE add to a header
 * @pkt: the header, as parsed
 * @add: addresses that are to follow those there
 * @n:   how many, at least 2 if there are none
 *
 * They take 4 bytes each as long as all are of IPv4.
 *
 * Context: any.
 * Return: a multiple of 4, or -ENOSPC if the header cannot hold them.
 */
int serval_wire_growth(const struct serval_pkt *pkt,
		       const struct in6_addr *add, unsigned int n)
{
	unsigned int i, hops = pkt->hops + n;
	unsigned int size = pkt->hops ? entry_size(pkt->hops, pkt->source_len) :
					4;
	int len, grow;

	for (i = 0; i < n; i++)
		if (!is_mapped(&add[i]))
			size = 16;
	len = SERVAL_SOURCE_LEN + hops * size;
	grow = len - pkt->source_len;
	if (hops > SERVAL_SOURCE_MAX ||
	    len > ext_rules[SERVAL_EXT_SOURCE].max_len ||
	    pkt->len + grow > SERVAL_HDR_MAX ||
	    (!pkt->hops && pkt->exts == SERVAL_EXT_COUNT_MAX))
		return -ENOSPC;
	return grow;
}

/* What is there, in entries of 16 bytes now.  The old ones begin so far behind
 * the new ones that none is overwritten before it is read.
 */
static void widen(u8 *to, const u8 *from, unsigned int n)
{
	struct in6_addr addr;

	for (; n; n--, to += 16, from += 4) {
		get_addr(from, 4, &addr);
		memcpy(to, &addr, 16);
	}
}

/* The header was right and has got @len bytes more (RFC 1624) */
static void reseal(struct serval_hdr *hdr, const u8 *more, unsigned int len)
{
	u32 sum = (u16)~(__force u16)hdr->check;

	hdr->shl += len / 4;
	sum += (__force u16)cpu_to_be16(len / 4 << 8);
	hdr->check = csum_fold(csum_partial(more, len, (__force __wsum)sum));
}

static void put_source(u8 *ext, unsigned int len, unsigned int size)
{
	ext[0] = SERVAL_EXT_SOURCE << 4;
	ext[1] = len;
	ext[2] = 0;
	ext[3] = size == 16 ? SERVAL_WIRE_IPV6 : SERVAL_WIRE_IPV4;
}

static inline void put_hops(u8 *to, const struct in6_addr *add,
			    unsigned int n, unsigned int size)
{
	for (; n; n--, add++, to += size) {
		if (size == 4)
			memcpy(to, add->s6_addr + 12, 4);
		else
			memcpy(to, add, 16);
	}
}

/* The first router's: a SOURCE where there was none */
static void add_source(u8 *buf, const struct in6_addr *add, unsigned int n,
		       unsigned int grow)
{
	unsigned int size = entry_size(n, grow);
	u8 *ext = buf + SERVAL_HDR_LEN;
	struct serval_hdr hdr;

	memcpy(&hdr, buf + grow, sizeof(hdr));
	put_source(ext, grow, size);
	put_hops(ext + SERVAL_SOURCE_LEN, add, n, size);
	reseal(&hdr, ext, grow);
	memcpy(buf, &hdr, sizeof(hdr));
}

/**
 * serval_wire_add_hops() - add addresses to a header's SOURCE
 * @buf:  where the header is to begin: @grow writable bytes before where it
 *        does
 * @pkt:  the header, as parsed
 * @add:  as given to serval_wire_growth()
 * @n:    see @add
 * @grow: what that returned
 *
 * A new SOURCE is the first extension, so that only the 12 bytes before it
 * move to the front; what follows SOURCE stays where it is.
 *
 * Context: any.
 */
void serval_wire_add_hops(void *buf, const struct serval_pkt *pkt,
			  const struct in6_addr *add, unsigned int n,
			  unsigned int grow)
{
	unsigned int len = pkt->source_len + grow;
	unsigned int size = entry_size(pkt->hops + n, len);
	u8 *ext = (u8 *)buf + pkt->source_at;
	struct serval_hdr hdr;

	if (!pkt->hops)
		return add_source(buf, add, n, grow);
	if (size == entry_size(pkt->hops, pkt->source_len)) {
		memmove(buf, (u8 *)buf + grow, pkt->source_at + pkt->source_len);
	} else {
		memmove(buf, (u8 *)buf + grow, pkt->source_at);
		widen(ext + SERVAL_SOURCE_LEN, ext + grow + SERVAL_SOURCE_LEN,
		      pkt->hops);
	}
	put_source(ext, len, size);
	put_hops(ext + SERVAL_SOURCE_LEN + pkt->hops * size, add, n, size);
	memcpy(&hdr, buf, sizeof(hdr));
	seal(buf, &hdr, pkt->len + grow);
}
