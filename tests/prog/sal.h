/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SAL packets made and read by hand, independently of module/wire.c, so that
 * a fault there is not repeated here.
 */
#ifndef _TESTS_SAL_H
#define _TESTS_SAL_H

#include "sv.h"

#define SAL_SYN		0x80
#define SAL_RSYN	0x40
#define SAL_ACK		0x20
#define SAL_NACK	0x10
#define SAL_RST		0x08
#define SAL_FIN		0x04

#define SAL_NONE	59

#define SAL_CHALLENGE	1	/* kinds of PATH */
#define SAL_RESPONSE	2

#define SAL_MAC		16	/* bytes */

#define TH_FIN		0x01
#define TH_SYN		0x02
#define TH_RST		0x04
#define TH_PSH		0x08
#define TH_ACK		0x10

#define TCP_PORT	7777	/* of every service */
#define UDP_PORT	54325	/* where requests inside UDP go */

#define SAL_FORGED_TTL	63	/* tells what sal_put() sends from the rest */

/**
 * struct sal_buf - a packet without its IP header
 * @b:    bytes
 * @hlen: SAL header with extensions
 * @len:  all
 */
struct sal_buf {
	__u8 b[2048];
	size_t hlen;
	size_t len;
};

struct sal_control {
	__u8 flags;
	__u8 reason;
	__u32 verno;
	__u32 ackno;
	__u64 nonce;
};

struct tcp_seg {
	__u16 sport;
	__u16 dport;
	__u32 seq;
	__u32 ack;
	__u8 flags;
	const void *data;
	size_t len;
};

/**
 * struct sal_seen - a captured packet
 * @out:     sent by the host it was captured on
 * @frag:    flags and offset of the IP header
 * @iplen:   IP total length
 * @ttl:     of the IP header
 * @tos:     of the IP header
 * @udp:     source port of what was sent to UDP_PORT, 0 = not inside UDP
 * @src:     flow ids, host byte order
 * @dst:     see @src
 * @proto:   payload protocol
 * @hdr:     SAL header
 * @hlen:    its length
 * @pay:     the transport's segment, as much as was captured
 * @plen:    its length
 */
struct sal_seen {
	bool out;
	__u16 frag;
	unsigned int iplen;
	__u8 ttl, tos;
	struct in_addr saddr, daddr;
	__u16 udp;
	__u32 src, dst;
	__u8 proto;
	__u8 hdr[1024];
	unsigned int hlen;
	__u8 pay[2048];
	unsigned int plen;
};

/* An IP header; @ttl 0 is SAL_FORGED_TTL */
struct sal_outer {
	struct in_addr from, to;
	__u8 ttl, tos;
};

void sal_start(struct sal_buf *p, __u32 src, __u32 dst, __u8 proto);
void sal_add(struct sal_buf *p, const void *ext, size_t len);
void sal_add_control(struct sal_buf *p, const struct sal_control *c);
void sal_add_service(struct sal_buf *p, const void *id);
void sal_add_address(struct sal_buf *p, const struct in6_addr *addr);
void sal_add_list(struct sal_buf *p, __u32 verno, struct in_addr addr);
void sal_add_source(struct sal_buf *p, const struct in6_addr *way, size_t n);
void sal_add_path(struct sal_buf *p, __u8 kind, __u64 data);
void sal_add_auth(struct sal_buf *p, const void *mac);
void sal_seal(struct sal_buf *p);
void sal_data(struct sal_buf *p, const void *data, size_t len);
void sal_tcp(struct sal_buf *p, const struct tcp_seg *t);
void sal_sum_tcp(struct sal_buf *p);
void sal_options(struct sal_buf *p, const void *opts, size_t len);
void sal_syn(struct sal_buf *p, const void *service, __u32 id);
int sal_open(enum sv_host h);
void sal_put(int fd, const struct sal_buf *p, struct in_addr from,
	     struct in_addr to);
void sal_put_outer(int fd, const struct sal_buf *p,
		   const struct sal_outer *outer);
void sal_send(enum sv_host h, const struct sal_buf *p, struct in_addr from,
	      struct in_addr to);
void sal_send_udp(enum sv_host h, const struct sal_buf *p,
		  struct in_addr from, const struct sockaddr_in *to);
__u16 sal_sum(const void *buf, size_t len, __u32 start);
__u32 be32_at(const __u8 *p);

int sniff_open(enum sv_host h, const char *dev);
bool sniff_next(int fd, struct sal_seen *s, int ms);
void sniff_expect(int fd, struct sal_seen *s, bool out);
const __u8 *sal_ext(const struct sal_seen *s, unsigned int type);
void send_icmp(__u8 code, __u16 mtu, struct in_addr to, const void *quoted,
	       size_t len);
void inject_random(struct sal_buf *p, __u64 *seed);

#endif /* _TESTS_SAL_H */
