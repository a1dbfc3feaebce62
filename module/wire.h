/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SAL header: layout, parser and builder.
 *
 * Pure: no sk_buff and no sock, a span of bytes in and a struct by value out.
 * The same file is compiled on the host, unit-tested and fuzzed
 * (tests/unit/).  Handlers only ever see struct serval_pkt, never a length
 * field of the packet.
 */
#ifndef _SERVAL_WIRE_H
#define _SERVAL_WIRE_H

#include <linux/in6.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/serval.h>
#include <net/checksum.h>

#define SERVAL_HDR_LEN		12
#define SERVAL_HDR_WORDS	(SERVAL_HDR_LEN / 4)
#define SERVAL_HDR_MAX		(255 * 4)	/* shl is 8 bits of 32-bit words */
#define SERVAL_EXT_COUNT_MAX	10
#define SERVAL_NONCE_LEN	8

/* Values of serval_hdr.protocol (Documentation/protocol.rst section 2) */
#define SERVAL_PROTO_NONE	59

/**
 * struct serval_hdr - base header, network byte order
 * @src:      flow id at the sender, never 0
 * @dst:      flow id at the receiver, 0 in a SYN
 * @shl:      length of header and extensions in 32-bit words
 * @protocol: 6 TCP, 17 UDP, 59 none
 * @check:    RFC 1071 sum over shl * 4 bytes
 */
struct serval_hdr {
	__be32 src;
	__be32 dst;
	__u8 shl;
	__u8 protocol;
	__sum16 check;
};

enum serval_ext_type {
	SERVAL_EXT_PAD		= 0,
	SERVAL_EXT_CONTROL	= 1,
	SERVAL_EXT_SERVICE	= 2,
	SERVAL_EXT_ADDRESS	= 3,
	SERVAL_EXT_SOURCE	= 4,
	SERVAL_EXT_KEY		= 5,
	SERVAL_EXT_AUTH		= 6,
	SERVAL_EXT_PATH		= 7,
	SERVAL_EXT_COPY		= 8,
};

#define SERVAL_EXT_CRITICAL	0x8	/* low nibble of the type byte */

#define SERVAL_CONTROL_LEN	20
#define SERVAL_SERVICE_LEN	36
#define SERVAL_ADDRESS_LEN	12	/* before the addresses */
#define SERVAL_ADDRESS_MAX	8	/* addresses */
#define SERVAL_SOURCE_LEN	4	/* see SERVAL_ADDRESS_LEN */
#define SERVAL_SOURCE_MAX	20	/* addresses */
#define SERVAL_KEY_LEN		36
#define SERVAL_AUTH_LEN		20
#define SERVAL_PATH_LEN		12
#define SERVAL_COPY_LEN		8

/* KEY: its only kind, and its flags */
#define SERVAL_KEY_X25519	1
#define SERVAL_KEY_SIZE		32
#define SERVAL_KEY_REPEAT	0x01	/* the sender keeps nothing: say yours again */

#define SERVAL_MAC_LEN		16

/* Kinds of PATH */
#define SERVAL_PATH_CHALLENGE	1
#define SERVAL_PATH_RESPONSE	2

/* Families of ADDRESS and SOURCE */
#define SERVAL_WIRE_IPV4	2	/* 4 bytes each */
#define SERVAL_WIRE_IPV6	10	/* 16 bytes, IPv4 as ::ffff:a.b.c.d */

/* Reason of a NACK that says where to ask instead: EREMOTE of Linux */
#define SERVAL_REASON_REDIRECT	66

/* Reason of an RSYN whose sender has lost its end of the path in use: EADDRNOTAVAIL */
#define SERVAL_REASON_LOST	99

/* CONTROL flags */
#define SERVAL_CTRL_SYN		0x80
#define SERVAL_CTRL_RSYN	0x40
#define SERVAL_CTRL_ACK		0x20
#define SERVAL_CTRL_NACK	0x10
#define SERVAL_CTRL_RST		0x08
#define SERVAL_CTRL_FIN		0x04

/* Header lengths of the packets this host sends; with KEY, SYN and confirm
 * packet are SERVAL_KEY_LEN longer
 */
#define SERVAL_SYN_LEN		(SERVAL_HDR_LEN + SERVAL_CONTROL_LEN + \
				 SERVAL_SERVICE_LEN)
#define SERVAL_CONFIRM_LEN	SERVAL_SYN_LEN
/* What a confirm packet's extensions take from a segment */
#define SERVAL_CONFIRM_EXTRA	(SERVAL_CONFIRM_LEN - SERVAL_HDR_LEN)
#define SERVAL_CONTROL_PKT_LEN	(SERVAL_HDR_LEN + SERVAL_CONTROL_LEN)
/* The longest header this host builds: everything struct serval_pkt holds */
#define SERVAL_BUILD_MAX	(SERVAL_HDR_LEN + SERVAL_CONTROL_LEN + \
				 2 * SERVAL_SERVICE_LEN + \
				 SERVAL_ADDRESS_LEN + \
				 16 * SERVAL_ADDRESS_MAX + SERVAL_KEY_LEN + \
				 SERVAL_PATH_LEN + SERVAL_COPY_LEN + \
				 SERVAL_AUTH_LEN)

/* An unconnected datagram's */
#define SERVAL_DATAGRAM_LEN	(SERVAL_HDR_LEN + 2 * SERVAL_SERVICE_LEN)

/* What serval_pkt holds, bits of @has */
#define SERVAL_HAS_CONTROL	0x001
#define SERVAL_HAS_SERVICE	0x002	/* service[0] */
#define SERVAL_HAS_SERVICE2	0x004	/* service[1] */
#define SERVAL_HAS_SOURCE	0x008	/* origin */
#define SERVAL_HAS_ADDRESS	0x010	/* listed, list_verno, list_ackno, list */
#define SERVAL_HAS_KEY		0x020	/* key_flags, key */
#define SERVAL_HAS_AUTH		0x040	/* epoch, mac */
#define SERVAL_HAS_PATH		0x080	/* path_kind, path_data */
#define SERVAL_HAS_COPY		0x100	/* copy */

/**
 * struct serval_pkt - a parsed header, or one to build
 * @src:      flow ids, network byte order
 * @dst:      see @src
 * @protocol: of the payload
 * @has:      SERVAL_HAS_*
 * @flags:    CONTROL: SERVAL_CTRL_*
 * @reason:   CONTROL: why a NACK or RSYN was sent (positive errno, or 0), else 0
 * @hops:     SOURCE: addresses in it, at least 2 if there is one
 * @exts:     parsed: number of extensions
 * @len:      parsed: of the header
 * @source_at: parsed: offset of SOURCE, 0 if there is none
 * @source_len: parsed: of SOURCE, 0 if there is none
 * @mac_at:   parsed: offset of AUTH's MAC, 0 if there is none
 * @key_flags: KEY: SERVAL_KEY_REPEAT
 * @path_kind: PATH: SERVAL_PATH_*, 0 if there is none
 * @epoch:    AUTH: low bits of the number of the sender's key
 * @verno:    CONTROL: version number, host byte order
 * @ackno:    CONTROL: next version number expected, host byte order; in the
 *            refusal of a datagram its UDP source port
 * @nonce:    CONTROL: 8 bytes, opaque
 * @path_data: PATH: 8 bytes, opaque
 * @copy:     COPY: number of the datagram, host byte order
 * @service:  SERVICE: destination and, in unconnected datagrams, source
 * @origin:   SOURCE: its first address
 * @listed:   ADDRESS: addresses in it, at most 8; with more it counts as not there
 * @list_verno: ADDRESS: version number of the list, host byte order
 * @list_ackno: ADDRESS: that of the last list received, host byte order
 * @list:     ADDRESS: the addresses, see addr.h
 * @key:      KEY: the host's public X25519 key
 * @mac:      AUTH: built as it is, see serval_wire_set_mac()
 *
 * The other addresses of SOURCE, which only routers want, stay in the packet:
 * serval_wire_get_hop().
 */
struct serval_pkt {
	__be32 src;
	__be32 dst;
	__u16 has;
	__u8 protocol;
	__u8 flags;
	__u8 reason;
	__u8 hops;
	__u8 listed;
	__u8 exts;
	__u16 len;
	__u16 source_at;
	__u16 source_len;
	__u16 mac_at;
	__u8 key_flags;
	__u8 path_kind;
	__u8 epoch;
	__u32 verno;
	__u32 ackno;
	__u32 copy;
	__u64 nonce;
	__u64 path_data;
	struct service_id service[2];
	struct in6_addr origin;
	__u32 list_verno;
	__u32 list_ackno;
	struct in6_addr list[SERVAL_ADDRESS_MAX];
	__u8 key[SERVAL_KEY_SIZE];
	__u8 mac[SERVAL_MAC_LEN];
};

/* Why a header was refused; the order is that of the counters */
enum serval_wire_err {
	SERVAL_WIRE_OK,
	SERVAL_WIRE_SHORT,	/* shl < 3, or fewer bytes than it says */
	SERVAL_WIRE_CSUM,
	SERVAL_WIRE_PROTO,	/* payload protocol unknown */
	SERVAL_WIRE_ID,		/* source flow id 0 */
	SERVAL_WIRE_EXT_LEN,	/* extension length out of range or past the end,
				 * or SOURCE is not a list of addresses
				 */
	SERVAL_WIRE_EXT_COUNT,	/* more than 10, or too many of one type */
	SERVAL_WIRE_EXT_UNKNOWN,/* type, or kind of KEY or PATH, unknown and
				 * marked "drop if unknown"
				 */
	__SERVAL_WIRE_MAX
};

/**
 * serval_wire_len() - length of a header from its first 12 bytes
 * @hdr: at least SERVAL_HDR_LEN readable bytes
 *
 * Return: bytes of header and extensions, 0 if the field cannot be right.
 */
static inline unsigned int serval_wire_len(const struct serval_hdr *hdr)
{
	return hdr->shl < SERVAL_HDR_WORDS ? 0 : hdr->shl * 4;
}

/**
 * serval_wire_csum() - checksum of a header
 * @buf: header, any alignment
 * @len: of it
 *
 * Context: any.
 * Return: the value for serval_hdr.check if that field is zero in @buf, 0 if
 * @buf holds its own, correct checksum.
 */
static inline __sum16 serval_wire_csum(const void *buf, unsigned int len)
{
	return csum_fold(csum_partial(buf, len, 0));
}

/* As serval_wire_csum(), of a header without extensions */
static inline __sum16 serval_wire_base_csum(const struct serval_hdr *hdr)
{
	__wsum rest;

	memcpy(&rest, (const __u8 *)hdr + offsetof(struct serval_hdr, shl),
	       sizeof(rest));
	rest = csum_add(rest, (__force __wsum)hdr->src);
	return csum_fold(csum_add(rest, (__force __wsum)hdr->dst));
}

/**
 * serval_wire_base_ok() - is the checksum of a header without extensions right
 * @hdr: header whose shl is SERVAL_HDR_WORDS
 */
static inline bool serval_wire_base_ok(const struct serval_hdr *hdr)
{
	return !serval_wire_base_csum(hdr);
}

/**
 * serval_wire_build_base() - complete a header without extensions
 * @hdr:      whose ids are set
 * @protocol: of the payload
 */
static inline void serval_wire_build_base(struct serval_hdr *hdr, __u8 protocol)
{
	hdr->shl = SERVAL_HDR_WORDS;
	hdr->protocol = protocol;
	hdr->check = 0;
	hdr->check = serval_wire_base_csum(hdr);
}

unsigned int serval_wire_list_size(const struct serval_pkt *pkt);

/**
 * serval_wire_size() - bytes serval_wire_build() will write
 * @pkt: only @pkt->has is read, and @pkt->list if there is one
 *
 * Context: any.
 * Return: SERVAL_HDR_LEN to SERVAL_BUILD_MAX, a multiple of 4.
 */
static inline unsigned int serval_wire_size(const struct serval_pkt *pkt)
{
	unsigned int len = SERVAL_HDR_LEN;

	if (pkt->has & SERVAL_HAS_CONTROL)
		len += SERVAL_CONTROL_LEN;
	if (pkt->has & SERVAL_HAS_SERVICE)
		len += SERVAL_SERVICE_LEN;
	if (pkt->has & SERVAL_HAS_SERVICE2)
		len += SERVAL_SERVICE_LEN;
	if (pkt->has & SERVAL_HAS_ADDRESS)
		len += SERVAL_ADDRESS_LEN + serval_wire_list_size(pkt);
	if (pkt->has & SERVAL_HAS_KEY)
		len += SERVAL_KEY_LEN;
	if (pkt->has & SERVAL_HAS_PATH)
		len += SERVAL_PATH_LEN;
	if (pkt->has & SERVAL_HAS_COPY)
		len += SERVAL_COPY_LEN;
	if (pkt->has & SERVAL_HAS_AUTH)
		len += SERVAL_AUTH_LEN;
	return len;
}

/**
 * serval_wire_mac_at() - where the MAC of a header is that was built
 * @len: what serval_wire_build() returned, with SERVAL_HAS_AUTH
 *
 * AUTH is written last.
 */
static inline unsigned int serval_wire_mac_at(unsigned int len)
{
	return len - SERVAL_MAC_LEN;
}

enum serval_wire_err serval_wire_parse(const void *buf, unsigned int len,
				       struct serval_pkt *pkt);
unsigned int serval_wire_build(void *buf, const struct serval_pkt *pkt);
void serval_wire_set_mac(void *buf, unsigned int len, unsigned int mac_at,
			 const __u8 mac[SERVAL_MAC_LEN]);
void serval_wire_get_hop(const void *buf, const struct serval_pkt *pkt,
			 unsigned int i, struct in6_addr *addr);
int serval_wire_growth(const struct serval_pkt *pkt,
		       const struct in6_addr *add, unsigned int n);
void serval_wire_add_hops(void *buf, const struct serval_pkt *pkt,
			  const struct in6_addr *add, unsigned int n,
			  unsigned int grow);

#endif /* _SERVAL_WIRE_H */
