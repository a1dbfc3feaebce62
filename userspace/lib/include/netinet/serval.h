/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AF_SERVAL for programs: the names of the original Serval's header of this
 * name, so that programs written for it compile unchanged.
 *
 * The socket address, options and constants are in <linux/serval.h>; the
 * wire format and text helpers are here.  The helpers are in libserval
 * (-lserval).  New programs find better text functions in <serval/id.h>.
 */
#ifndef NETINET_SERVAL_H
#define NETINET_SERVAL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <asm/byteorder.h>
#include <linux/serval.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ETH_P_SERVAL		0x0809
#define SERVAL_ADDRSTRLEN	80	/* room for serval_ntop()'s text */
#define SVSF_STRICT_SCOPE	SVSF_STRICT

/**
 * struct net_addr - an IPv4 address in an extension
 */
struct net_addr {
	union {
		struct in_addr un_ip;
		__u8 un_raw[4];
	} net_un;
#define net_ip	net_un.un_ip
#define net_raw	net_un.un_raw
};

/* The wire format; all integers in network byte order. */
#pragma pack(push, 1)

/**
 * struct sal_hdr - the header of every packet, 12 bytes
 * @src_flowid: the sender's flow id
 * @dst_flowid: the receiver's flow id, 0 while not known
 * @shl:        length with extensions, in 32-bit words
 * @protocol:   transport, SERVAL_PROTO_...
 * @check:      Internet checksum over header and extensions
 */
struct sal_hdr {
	struct flow_id src_flowid;
	struct flow_id dst_flowid;
	__u8 shl;
	__u8 protocol;
	__u16 check;
};

/**
 * struct sal_ext - what each extension but padding begins with, 2 bytes
 * @res:    reserved, 0
 * @type:   enum sal_ext_type
 * @length: of the extension with these bytes
 */
struct sal_ext {
#if defined(__LITTLE_ENDIAN_BITFIELD)
	__u8 res:4, type:4;
#else
	__u8 type:4, res:4;
#endif
	__u8 length;
};

#define ext_type	exthdr.type
#define ext_length	exthdr.length

enum sal_ext_type {
	SAL_PAD_EXT	= 0,
	SAL_CONTROL_EXT	= 1,
	SAL_SERVICE_EXT,
	SAL_ADDRESS_EXT,
	SAL_SOURCE_EXT,
	__SAL_EXT_TYPE_MAX,
};

/* A single byte without a length */
struct sal_pad_ext { __u8 pad[1]; };

#define SAL_NONCE_SIZE	8

/**
 * struct sal_control_ext - connection control, 20 bytes
 */
struct sal_control_ext {
	struct sal_ext exthdr;
#if defined(__LITTLE_ENDIAN_BITFIELD)
	__u8 res1:2, fin:1, rst:1, nack:1, ack:1, rsyn:1, syn:1;
#else
	__u8 syn:1, rsyn:1, ack:1, nack:1, rst:1, fin:1, res1:2;
#endif
	__u8 res2;
	__u32 verno;
	__u32 ackno;
	__u8 nonce[SAL_NONCE_SIZE];
};

/**
 * struct sal_service_ext - a service ID, 36 bytes
 */
struct sal_service_ext {
	struct sal_ext exthdr;
	__u16 res;
	struct service_id srvid;
};

/**
 * struct sal_address_ext - further addresses of the sender, 12 bytes and more
 */
struct sal_address_ext {
	struct sal_ext exthdr;
	__u16 res;
	__u32 verno;
	__u32 ackno;

	__extension__ struct net_addr addrs[];
};

/**
 * struct sal_source_ext - the way a forwarded packet took, 4 bytes and more
 */
struct sal_source_ext {
	struct sal_ext exthdr;
	__u16 res;

	__extension__ __u8 source[];
};

#pragma pack(pop)

#define SAL_HEADER_LEN		sizeof(struct sal_hdr)
#define SAL_CONTROL_EXT_LEN	sizeof(struct sal_control_ext)
#define SAL_SERVICE_EXT_LEN	sizeof(struct sal_service_ext)
#define SAL_ADDRESS_EXT_LEN	sizeof(struct sal_address_ext)

#define SAL_EXT_FIRST(sh)						\
	((struct sal_ext *)((char *)(sh) + SAL_HEADER_LEN))
#define SAL_EXT_LEN(ext)	sal_ext_len(ext)
#define SAL_EXT_NEXT(ext)	sal_ext_next(ext)

#define __SAL_SOURCE_EXT_LEN(sz)	((sz) + sizeof(struct sal_source_ext))
#define SAL_SOURCE_EXT_LEN		__SAL_SOURCE_EXT_LEN(4)
#define SAL_SOURCE_EXT_MIN_LEN		__SAL_SOURCE_EXT_LEN(4)
#define SAL_SOURCE_EXT_MAX_LEN		__SAL_SOURCE_EXT_LEN(20 * 4)
#define SAL_SOURCE_EXT_NUM_ADDRS(ext)					\
	(((ext)->ext_length - sizeof(struct sal_source_ext)) / 4)
#define SAL_SOURCE_EXT_GET_ADDR(ext, n)					\
	(&(ext)->source[(n) * 4])
#define SAL_SOURCE_EXT_GET_LAST_ADDR(ext)				\
	sal_source_ext_last_addr(ext)

/* Behind SAL_EXT_LEN(): padding has no length byte */
static inline size_t sal_ext_len(const struct sal_ext *ext)
{
	return ext->type == SAL_PAD_EXT ? 1 : ext->length;
}

/* Behind SAL_EXT_NEXT() */
static inline struct sal_ext *sal_ext_next(struct sal_ext *ext)
{
	return (struct sal_ext *)((char *)ext + sal_ext_len(ext));
}

/* Behind SAL_SOURCE_EXT_GET_LAST_ADDR() */
static inline __u8 *sal_source_ext_last_addr(struct sal_source_ext *ext)
{
	return SAL_SOURCE_EXT_GET_ADDR(ext,
				       SAL_SOURCE_EXT_NUM_ADDRS(ext) - 1);
}

/**
 * service_id_copy() - copy a service ID
 * @dst: receives it
 * @src: the ID
 *
 * Return: @dst.
 */
struct service_id *service_id_copy(struct service_id *dst,
				   struct service_id *src);

/**
 * hextobyte() - value of a hexadecimal digit
 * @c: the digit
 *
 * Return: 0..15, or -1 if it is none.
 */
int hextobyte(const char c);

/**
 * serval_hexton() - hexadecimal text to bytes
 * @src: the text; a missing last digit counts as 0
 * @src_len: read at most so many characters
 * @dst: receives the bytes
 * @dst_len: write at most so many bytes
 *
 * Return: 1, or 0 if @src has another character.
 */
int serval_hexton(const char *src, size_t src_len, void *dst, size_t dst_len);

/**
 * serval_ntohex() - bytes to hexadecimal text
 * @src: the bytes
 * @src_len: their number
 * @dst: receives the text, as much as fits, always terminated
 * @dst_len: room in @dst
 *
 * Return: @dst.
 */
char *serval_ntohex(const void *src, size_t src_len, char *dst,
		    size_t dst_len);

/**
 * serval_ntop() - service ID to text, 64 hexadecimal digits
 * @src: struct service_id
 * @dst: receives the text
 * @len: room in @dst, SERVAL_ADDRSTRLEN is enough
 *
 * Return: @dst.
 */
const char *serval_ntop(const void *src, char *dst, size_t len);

/**
 * serval_pton() - text to service ID
 * @src: up to 64 hexadecimal digits, left aligned, with or without "0x"
 * @dst: receives a struct service_id; missing digits are zero
 *
 * Return: 1, or 0 if @src is something else; then @dst is unchanged.
 */
int serval_pton(const char *src, void *dst);

/**
 * service_id_to_str() - service ID as text, for messages
 * @srvid: the ID
 *
 * Return: 64 hexadecimal digits; the thread's next but one call reuses it.
 */
const char *service_id_to_str(const struct service_id *srvid);

/**
 * flow_id_to_str() - flow id as text, for messages
 * @flowid: the flow id
 *
 * Return: a decimal number; the thread's next but one call reuses it.
 */
const char *flow_id_to_str(const struct flow_id *flowid);

#ifdef __cplusplus
}
#endif

#endif /* NETINET_SERVAL_H */
