/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths: from one locator to another, over IPv4 or IPv6, as IP protocol 144 or
 * inside UDP.
 *
 * A path is part of whatever sends along it.  It caches its route as TCP
 * caches sk_dst: read under RCU, checked with dst_check(), replaced under
 * @lock.  Its local locator is chosen by the route of the first packet and
 * stays: an established peer takes data from nowhere else.
 */
#ifndef _SERVAL_PATH_H
#define _SERVAL_PATH_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/dst.h>
#include <net/route.h>

#include <linux/serval.h>

#include "addr.h"

struct dst_entry;
struct serval_net;
struct serval_pkt;
struct sock;

/**
 * struct serval_path - where packets go, and how
 * @lock:   protects what follows; a leaf, softirq-safe
 * @family: of both locators, AF_INET or AF_INET6; 0 until @raddr is known
 * @group:  @raddr may be a broadcast or multicast address: for SYNs and
 *          datagrams without a connection
 * @mss:    largest TCP segment, without options, that fits the route
 * @mtu:    of the route when @mss was computed; no IP packet is longer than it
 *          can say
 * @ip_id:  next IPv4 identification
 * @laddr:  local locator, :: until a route is known
 * @raddr:  remote locator
 * @oif:    outer device asked for, 0 = by route
 * @sport:  UDP ports; @dport 0 = not encapsulated
 * @dport:  see @sport
 * @used:   jiffies of the last encapsulated packet sent
 * @cookie: validates @dst (IPv6)
 * @born:   serval_flow_clock() when a flow took it
 * @dst:    cached route; a reference
 *
 * Locators change only before a peer is known; from then on they are constant
 * and read without the lock.  A NAT may give an encapsulated peer another port.
 */
struct serval_path {
	spinlock_t lock;	/* protects all that may change */
	u8 family;
	bool group;
	u16 mss;
	u16 mtu;
	u16 ip_id;
	struct in6_addr laddr;
	struct in6_addr raddr;
	int oif;
	__be16 sport;
	__be16 dport;
	u32 used;
	u32 cookie;
	u32 born;
	struct dst_entry __rcu *dst;
};

/**
 * struct serval_outer - what of an outer header is the packet's, not the path's
 * @tos:       DSCP and ECN
 * @hop_limit: 0 = the route's
 */
struct serval_outer {
	u8 tos;
	u8 hop_limit;
};

void serval_path_init(struct serval_path *path);
void serval_path_set(struct serval_path *path, const struct in6_addr *laddr,
		     const struct in6_addr *raddr, int oif, bool group);
void serval_path_encapsulate(struct serval_path *path, __be16 sport,
			     __be16 dport);
void serval_path_answer(struct serval_path *path, const struct sk_buff *skb,
			int oif);
void serval_path_answer_request(struct serval_path *path,
				const struct sk_buff *skb,
				const struct serval_pkt *pkt);
void serval_path_release(struct serval_path *path);
struct dst_entry *__serval_path_copy(struct serval_path *to,
				     const struct serval_path *from);
struct dst_entry *serval_path_route(struct serval_net *sn,
				    struct serval_path *path,
				    const struct sock *sk, u32 mark);
int serval_path_leads_through(struct serval_net *sn,
			      const struct serval_path *path, u32 mark);
int serval_path_xmit(struct serval_net *sn, struct serval_path *path,
		     struct sock *sk, struct sk_buff *skb,
		     struct serval_outer outer);
int serval_path_forward(struct serval_net *sn, struct serval_path *path,
			struct sk_buff *skb, struct serval_outer outer);
void serval_path_send(struct serval_net *sn, struct serval_path *path,
		      const struct serval_pkt *pkt, u32 mark);

void serval_path_refuse(struct serval_net *sn, const struct sk_buff *skb,
			const struct serval_pkt *request,
			const struct serval_pkt *pkt);
void serval_path_reply(struct serval_net *sn, const struct sk_buff *to,
		       const struct serval_pkt *pkt);

/* Room that headers before the SAL header may take */
#define SERVAL_OUTER_MAX	(sizeof(struct ipv6hdr) + sizeof(struct udphdr))

static inline unsigned int serval_path_overhead(const struct serval_path *path)
{
	unsigned int len = path->family == AF_INET ? sizeof(struct iphdr) :
						     sizeof(struct ipv6hdr);

	return path->dport ? len + sizeof(struct udphdr) : len;
}

static inline u8 serval_path_protocol(const struct serval_path *path)
{
	return path->dport ? IPPROTO_UDP : IPPROTO_SERVAL;
}

/* What IP can carry from the SAL header on, in fragments if it must be */
static inline unsigned int
serval_path_payload_max(const struct serval_path *path)
{
	unsigned int overhead = serval_path_overhead(path);

	/* IPv6 does not count its header */
	if (path->family == AF_INET6)
		overhead -= sizeof(struct ipv6hdr);
	return U16_MAX - overhead;
}

/* What one packet can carry from the SAL header on */
static inline unsigned int serval_path_room(const struct serval_path *path)
{
	return path->mtu - serval_path_overhead(path);
}

/* Received packets at the SAL header; the network header is the outer one */

static inline bool serval_outer_is4(const struct sk_buff *skb)
{
	return ip_hdr(skb)->version == 4;
}

static inline u8 serval_outer_tos(const struct sk_buff *skb)
{
	return serval_outer_is4(skb) ? ip_hdr(skb)->tos :
				       ipv6_get_dsfield(ipv6_hdr(skb));
}

static inline u8 serval_outer_hop_limit(const struct sk_buff *skb)
{
	return serval_outer_is4(skb) ? ip_hdr(skb)->ttl :
				       ipv6_hdr(skb)->hop_limit;
}

static inline struct in6_addr serval_outer_saddr(const struct sk_buff *skb)
{
	return serval_outer_is4(skb) ? serval_addr_from4(ip_hdr(skb)->saddr) :
				       ipv6_hdr(skb)->saddr;
}

static inline struct in6_addr serval_outer_daddr(const struct sk_buff *skb)
{
	return serval_outer_is4(skb) ? serval_addr_from4(ip_hdr(skb)->daddr) :
				       ipv6_hdr(skb)->daddr;
}

/* NULL if it came as IP protocol 144, whose transport header is ours */
static inline const struct udphdr *serval_outer_udp(const struct sk_buff *skb)
{
	return skb_transport_offset(skb) == -(int)sizeof(struct udphdr) ?
	       udp_hdr(skb) : NULL;
}

static inline bool serval_route4_is_group(const struct rtable *rt)
{
	return rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST);
}

/**
 * serval_outer_is_group() - was a packet sent to more hosts than this one
 * @skb: received, network header and route are the outer ones
 *
 * The link-layer address does not say it: that can be anything.
 */
static inline bool serval_outer_is_group(const struct sk_buff *skb)
{
	const struct rtable *rt;

	if (!serval_outer_is4(skb))
		return ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
	rt = skb_rtable(skb);
	return rt && serval_route4_is_group(rt);
}

bool serval_path_to_group(const struct serval_path *path,
			  const struct dst_entry *dst);
int serval_outer_iif(const struct sk_buff *skb);
int serval_outer_sdif(const struct sk_buff *skb);
bool serval_outer_is_through(const struct sk_buff *skb, int oif);
bool serval_addr_is_local(struct serval_net *sn, const struct in6_addr *addr);

/**
 * serval_path_dst() - the route that a path has, if it is still valid
 * @path: path
 *
 * Context: rcu_read_lock() held, also while the route is used.
 * Return: NULL if serval_path_route() has to find one.
 */
static inline struct dst_entry *serval_path_dst(const struct serval_path *path)
{
	struct dst_entry *dst = rcu_dereference(path->dst);

	return likely(dst && dst_check(dst, READ_ONCE(path->cookie))) ? dst :
									NULL;
}

/* Does a packet come from the path's peer? */
static inline bool serval_path_is_peer(const struct serval_path *path,
				       const struct sk_buff *skb)
{
	if (likely(path->family == AF_INET))
		return serval_outer_is4(skb) &&
		       serval_addr_to4(&path->raddr) == ip_hdr(skb)->saddr;
	return !serval_outer_is4(skb) &&
	       ipv6_addr_equal(&path->raddr, &ipv6_hdr(skb)->saddr);
}

void serval_path_set_port(struct serval_path *path, __be16 dport);

/* A NAT on the way may have given the peer another port meanwhile */
static inline void serval_path_follow(struct serval_path *path,
				      const struct sk_buff *skb)
{
	const struct udphdr *uh;

	if (likely(!path->dport))
		return;
	uh = serval_outer_udp(skb);
	if (unlikely(uh && uh->source != READ_ONCE(path->dport)))
		serval_path_set_port(path, uh->source);
}

#endif /* _SERVAL_PATH_H */
