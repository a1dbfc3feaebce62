// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outer packet: route, UDP header, checksum, transmission, whichever the
 * IP version.
 *
 * Checksums: TCP leaves CHECKSUM_PARTIAL.  That is passed on only to devices
 * that take our superpackets, which are software devices; network cards have
 * been seen to damage protocol 144.  Inside UDP the sum of the whole is then
 * known from the pseudo headers alone (local checksum offload).
 */
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <net/dst.h>
#include <net/ip6_fib.h>
#include <net/ipv6.h>
#include <net/ip6_checksum.h>
#include <net/route.h>
#include <net/tcp.h>
#include <net/udp.h>

#include "outer.h"
#include "path.h"
#include "serval.h"
#include "wire.h"

/* TCP can't use less, and 65,475 is what sal0's MTU of 65,535 leaves */
#define MSS_MIN		88
#define MSS_MAX		65475

/**
 * serval_path_init() - a path that leads nowhere yet
 * @path: zeroed
 */
void serval_path_init(struct serval_path *path)
{
	spin_lock_init(&path->lock);
}

/* Return: the route that is not valid any more */
static struct dst_entry *forget_route(struct serval_path *path)
{
	return rcu_replace_pointer(path->dst, NULL,
				   lockdep_is_held(&path->lock));
}

/* Return: as forget_route() */
static struct dst_entry *set_locked(struct serval_path *path,
				    const struct in6_addr *laddr,
				    const struct in6_addr *raddr, int oif,
				    bool group)
{
	path->group = group;
	if (ipv6_addr_equal(&path->raddr, raddr) && path->oif == oif &&
	    (ipv6_addr_any(laddr) || ipv6_addr_equal(&path->laddr, laddr)))
		return NULL;
	path->family = serval_addr_family(raddr);
	path->laddr = *laddr;
	path->raddr = *raddr;
	path->oif = oif;
	WRITE_ONCE(path->sport, 0);
	WRITE_ONCE(path->dport, 0);
	return forget_route(path);
}

/* Return: as forget_route() */
static struct dst_entry *encapsulate_locked(struct serval_path *path,
					    __be16 sport, __be16 dport)
{
	bool other = !path->dport != !dport;

	WRITE_ONCE(path->sport, sport);
	WRITE_ONCE(path->dport, dport);
	/* the next look at the route computes the segment size anew */
	return other ? forget_route(path) : NULL;
}

/**
 * serval_path_set() - lead a path elsewhere
 * @path:  path
 * @laddr: local locator, :: to let the route choose
 * @raddr: remote locator
 * @oif:   outer device, 0 = by route
 * @group: @raddr may be a broadcast or multicast address
 *
 * The route stays if it leads there already; else it is not encapsulated.
 *
 * Context: any but hard interrupt.
 */
void serval_path_set(struct serval_path *path, const struct in6_addr *laddr,
		     const struct in6_addr *raddr, int oif, bool group)
{
	struct dst_entry *old;

	spin_lock_bh(&path->lock);
	old = set_locked(path, laddr, raddr, oif, group);
	spin_unlock_bh(&path->lock);
	dst_release(old);
}

/**
 * serval_path_encapsulate() - send inside UDP, or not any more
 * @path:  path
 * @sport: local port
 * @dport: remote port, 0 for IP protocol 144
 *
 * Context: any but hard interrupt.
 */
void serval_path_encapsulate(struct serval_path *path, __be16 sport,
			     __be16 dport)
{
	struct dst_entry *old;

	/* mostly it is so already */
	if (READ_ONCE(path->sport) == sport && READ_ONCE(path->dport) == dport)
		return;
	spin_lock_bh(&path->lock);
	old = encapsulate_locked(path, sport, dport);
	spin_unlock_bh(&path->lock);
	dst_release(old);
}

/**
 * serval_path_set_port() - the peer's port is another now
 * @path:  encapsulated
 * @dport: remote port
 */
void serval_path_set_port(struct serval_path *path, __be16 dport)
{
	spin_lock_bh(&path->lock);
	if (path->dport && dport)
		WRITE_ONCE(path->dport, dport);
	spin_unlock_bh(&path->lock);
}

/**
 * serval_path_answer() - lead a path to where a packet came from
 * @path: path
 * @skb:  received, network header set
 * @oif:  outer device, 0 = by route, or where it came from if the address
 *        means nothing elsewhere
 *
 * What was sent to a group is answered from an address of this host's own.
 */
void serval_path_answer(struct serval_path *path, const struct sk_buff *skb,
			int oif)
{
	const struct udphdr *uh = serval_outer_udp(skb);
	struct in6_addr laddr = serval_outer_daddr(skb);
	struct in6_addr raddr = serval_outer_saddr(skb);
	struct dst_entry *old, *old2;

	if (!oif && serval_addr_needs_device(&raddr))
		oif = serval_outer_iif(skb);
	if (serval_outer_is_group(skb))
		laddr = in6addr_any;
	spin_lock_bh(&path->lock);
	old = set_locked(path, &laddr, &raddr, oif, false);
	old2 = encapsulate_locked(path, uh ? uh->dest : 0, uh ? uh->source : 0);
	spin_unlock_bh(&path->lock);
	dst_release(old ?: old2);
}

/**
 * serval_path_to_group() - does a path lead to a broadcast or multicast address
 * @path: path
 * @dst:  its route
 */
bool serval_path_to_group(const struct serval_path *path,
			  const struct dst_entry *dst)
{
	if (path->family == AF_INET)
		return serval_route4_is_group((const struct rtable *)dst);
	return ipv6_addr_is_multicast(&path->raddr);
}

/**
 * serval_path_answer_request() - lead a path to who made a request
 * @path: path
 * @skb:  the request, network header set
 * @pkt:  its header; what SOURCE says is believed, see serval_forward()
 */
void serval_path_answer_request(struct serval_path *path,
				const struct sk_buff *skb,
				const struct serval_pkt *pkt)
{
	struct in6_addr laddr = serval_outer_daddr(skb);

	if (!pkt->hops) {
		serval_path_answer(path, skb, 0);
		return;
	}
	/* behind a router of both IP versions the other one may be spoken */
	if (!serval_addr_same_family(&laddr, &pkt->origin))
		laddr = in6addr_any;
	serval_path_set(path, &laddr, &pkt->origin, 0, false);
}

/**
 * serval_path_release() - drop the cached route
 * @path: that nobody uses any more
 */
void serval_path_release(struct serval_path *path)
{
	dst_release(rcu_dereference_protected(path->dst, true));
	RCU_INIT_POINTER(path->dst, NULL);
}

/**
 * __serval_path_copy() - lead a path where another leads, by the same route
 * @to:   path
 * @from: path; the caller holds the lock of whichever others use
 *
 * Return: the route that @to had, for dst_release().
 */
struct dst_entry *__serval_path_copy(struct serval_path *to,
				     const struct serval_path *from)
{
	struct dst_entry *dst = rcu_dereference_protected(from->dst, true);

	if (dst)
		dst_hold(dst);
	to->family = from->family;
	to->mss = from->mss;
	to->mtu = from->mtu;
	to->laddr = from->laddr;
	to->raddr = from->raddr;
	to->oif = from->oif;
	to->group = from->group;
	to->sport = from->sport;
	to->dport = from->dport;
	to->cookie = from->cookie;
	return rcu_replace_pointer(to->dst, dst, true);
}

/**
 * serval_outer_iif() - device that a packet came in through
 * @skb: received, network header and route are the outer ones
 */
int serval_outer_iif(const struct sk_buff *skb)
{
	return serval_outer_is4(skb) ? inet_iif(skb) : inet6_iif(skb);
}

/**
 * serval_outer_sdif() - enslaved device behind serval_outer_iif(), or 0
 * @skb: see there
 */
int serval_outer_sdif(const struct sk_buff *skb)
{
	return serval_outer_is4(skb) ? inet_sdif(skb) : inet6_sdif(skb);
}

/**
 * serval_outer_is_through() - did a packet come in through a device
 * @skb: see serval_outer_iif()
 * @oif: device, or master of one; 0 = any
 */
bool serval_outer_is_through(const struct sk_buff *skb, int oif)
{
	return !oif || oif == serval_outer_iif(skb) ||
	       oif == serval_outer_sdif(skb);
}

/**
 * serval_addr_is_local() - does an address belong to this host
 * @sn:   namespace
 * @addr: address, see addr.h
 *
 * Context: rcu_read_lock() held.
 */
bool serval_addr_is_local(struct serval_net *sn, const struct in6_addr *addr)
{
	return serval_addr_is4(addr) ? serval_ipv4_is_local(sn, addr) :
				       serval_ipv6_is_local(sn, addr);
}

static struct dst_entry *lookup_family(struct serval_net *sn,
				       const struct serval_path *path,
				       const struct sock *sk, u32 mark,
				       struct in6_addr *saddr)
{
	/* the address it was bound to is of the other version */
	if (!ipv6_addr_any(&path->laddr) &&
	    serval_addr_family(&path->laddr) != path->family)
		return ERR_PTR(-EADDRNOTAVAIL);
	if (path->family == AF_INET)
		return serval_ipv4_lookup(sn, path, sk, mark, saddr);
	return serval_ipv6_lookup(sn, path, sk, mark, saddr);
}

static struct dst_entry *lookup(struct serval_net *sn,
				const struct serval_path *path,
				const struct sock *sk, u32 mark,
				struct in6_addr *saddr)
{
	struct dst_entry *dst = lookup_family(sn, path, sk, mark, saddr);

	if (IS_ERR(dst)) {
		SERVAL_INC(sn, NOROUTE);
		return dst;
	}
	if (dst->dev == sn->dev) {
		dst_release(dst);
		SERVAL_INC(sn, OUTLOOP);
		return ERR_PTR(-ELOOP);
	}
	return dst;
}

static void set_mtu(struct serval_path *path, const struct dst_entry *dst)
{
	WRITE_ONCE(path->mtu, min_t(u32, dst_mtu(dst), U16_MAX));
	WRITE_ONCE(path->mss, clamp_t(int, (int)serval_path_room(path) -
				      SERVAL_HDR_LEN - sizeof(struct tcphdr),
				      MSS_MIN, MSS_MAX));
}

static u32 dst_cookie(struct dst_entry *dst, u8 family)
{
	return family == AF_INET ? 0 : rt6_get_cookie((struct rt6_info *)dst);
}

/**
 * serval_path_route() - find a path's route and cache it
 * @sn:   namespace
 * @path: with @raddr set; gains @laddr if it has none, @mtu and @mss
 * @sk:   full socket for owner and policy, or NULL
 * @mark: SO_MARK of the socket, or that of the packet
 *
 * Context: rcu_read_lock() held, under which the result may be used.
 * Return: the route or an ERR_PTR: -ENETUNREACH and what else IP says,
 * -ELOOP if it leads to sal0, -EADDRNOTAVAIL if the local address asked for is
 * of the other IP version.
 */
struct dst_entry *serval_path_route(struct serval_net *sn,
				    struct serval_path *path,
				    const struct sock *sk, u32 mark)
{
	struct dst_entry *dst, *old;
	struct in6_addr saddr;

	dst = lookup(sn, path, sk, mark, &saddr);
	if (IS_ERR(dst))
		return dst;
	spin_lock_bh(&path->lock);
	if (ipv6_addr_any(&path->laddr))
		path->laddr = saddr;
	set_mtu(path, dst);
	WRITE_ONCE(path->cookie, dst_cookie(dst, path->family));
	old = rcu_replace_pointer(path->dst, dst,
				  lockdep_is_held(&path->lock));
	spin_unlock_bh(&path->lock);
	dst_release(old);
	return dst;
}

/**
 * serval_path_leads_through() - the device that a path's route leads through
 * @sn:   namespace
 * @path: it; its local address may be ::
 * @mark: as for serval_path_route()
 *
 * Context: rcu_read_lock() held.
 * Return: its index, or 0 if there is no route.
 */
int serval_path_leads_through(struct serval_net *sn,
			      const struct serval_path *path, u32 mark)
{
	struct dst_entry *dst = serval_path_dst(path);
	struct in6_addr saddr;
	int ifindex;

	if (dst)
		return dst->dev->ifindex;
	dst = lookup(sn, path, NULL, mark, &saddr);
	if (IS_ERR(dst))
		return 0;
	ifindex = dst->dev->ifindex;
	dst_release(dst);
	return ifindex;
}

static inline struct dst_entry *cached_route(struct serval_net *sn,
					     struct serval_path *path,
					     const struct sock *sk, u32 mark)
{
	return serval_path_dst(path) ?: serval_path_route(sn, path, sk, mark);
}

static bool is_datagrams(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4;
}

/* Datagrams that are sent as one must each be a packet; @skb as for _xmit() */
static bool fits(const struct serval_path *path, const struct sk_buff *skb,
		 const struct dst_entry *dst)
{
	if (likely(!is_datagrams(skb)))
		return true;
	return serval_path_overhead(path) + skb_transport_offset(skb) +
	       sizeof(struct udphdr) + skb_shinfo(skb)->gso_size <=
	       dst_mtu(dst);
}

/* Superpackets are cut in software at the host's edge: no network card
 * claims SKB_GSO_SCTP, all software devices do.  A router on the way (a
 * container's host) takes our header for the transport's; only of an
 * encapsulated packet does it look for TCP's elsewhere.
 */
static inline int prepare_offload(struct sk_buff *skb,
				  const struct dst_entry *dst)
{
	skb->inner_transport_header = skb->transport_header;
	if (skb_is_gso(skb)) {
		/* what it adds to a segment's size itself is TCP's header */
		if (is_datagrams(skb))
			skb->inner_transport_header += sizeof(struct udphdr);
		skb_shinfo(skb)->gso_type |= SKB_GSO_SCTP;
		skb->encapsulation = !(dst->dev->flags & IFF_LOOPBACK);
		return 0;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    !(dst->dev->features & NETIF_F_GSO_SCTP))
		return skb_checksum_help(skb);
	return 0;
}

static void push_udp(struct serval_net *sn, struct serval_path *path,
		     struct sk_buff *skb)
{
	bool nocheck = !READ_ONCE(sn->settings.udp_encap_csum);
	struct udphdr *uh;

	skb_reset_inner_mac_header(skb);
	skb_reset_inner_network_header(skb);
	skb_set_inner_ipproto(skb, IPPROTO_SERVAL);
	skb->encapsulation = skb_is_gso(skb) ||
			     skb->ip_summed == CHECKSUM_PARTIAL;
	if (skb_is_gso(skb))
		skb_shinfo(skb)->gso_type |= nocheck ? SKB_GSO_UDP_TUNNEL :
						       SKB_GSO_UDP_TUNNEL_CSUM;
	uh = skb_push(skb, sizeof(*uh));
	skb_reset_transport_header(skb);
	uh->source = path->sport;
	uh->dest = READ_ONCE(path->dport);
	uh->len = htons(skb->len);
	if (path->family == AF_INET)
		udp_set_csum(nocheck, skb, serval_addr_to4(&path->laddr),
			     serval_addr_to4(&path->raddr), skb->len);
	else
		udp6_set_csum(nocheck, skb, &path->laddr, &path->raddr,
			      skb->len);
	WRITE_ONCE(path->used, jiffies);
}

/* Inline, as is what calls it: each call on the way of a segment saves and
 * restores six registers
 */
static __always_inline int output(struct serval_net *sn,
				  struct serval_path *path, struct sock *sk,
				  struct sk_buff *skb,
				  const struct dst_entry *dst,
				  struct serval_outer outer)
{
	u32 segs = serval_segments(skb);
	bool cut = false;

	if (skb->ignore_df && !skb_is_gso(skb))
		cut = skb->len + serval_path_overhead(path) > dst_mtu(dst);
	SERVAL_ADD(sn, OUTPKTS, segs);
	SERVAL_ADD(sn, OUTOCTETS, skb->len);
	if (unlikely(path->dport))
		push_udp(sn, path, skb);
	if (likely(path->family == AF_INET))
		return serval_ipv4_output(sn, path, sk, skb, dst, outer,
					  cut ? 0 : segs);
	return serval_ipv6_output(sn, path, sk, skb, dst, outer);
}

static __always_inline int transmit(struct serval_net *sn,
				    struct serval_path *path, struct sock *sk,
				    struct sk_buff *skb, struct dst_entry *dst,
				    struct serval_outer outer)
{
	int err = fits(path, skb, dst) ? prepare_offload(skb, dst) : -EINVAL;

	if (unlikely(err)) {
		kfree_skb(skb);
		return err;
	}
	/* the transport header stays TCP's: the queue layer reads it in
	 * superpackets to tell their length
	 */
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	return output(sn, path, sk, skb, dst, outer);
}

/**
 * serval_path_xmit() - send one segment or superpacket along a path
 * @sn:    namespace
 * @path:  path
 * @sk:    full socket or NULL
 * @skb:   at the SAL header, with SERVAL_OUTER_MAX headroom; without @sk its
 *         mark is the socket's; consumed
 * @outer: what the outer header is to say
 *
 * Context: rcu_read_lock() held; a full @sk is locked.
 * Return: as ip_local_out(), or a negative errno; -EINVAL for datagrams in one
 * that are too long for packets of their own.
 */
int serval_path_xmit(struct serval_net *sn, struct serval_path *path,
		     struct sock *sk, struct sk_buff *skb,
		     struct serval_outer outer)
{
	struct dst_entry *dst;

	if (sk) {
		skb->mark = READ_ONCE(sk->sk_mark);
		skb->priority = READ_ONCE(sk->sk_priority);
	}
	dst = cached_route(sn, path, sk, skb->mark);
	if (IS_ERR(dst)) {
		kfree_skb(skb);
		return PTR_ERR(dst);
	}
	return transmit(sn, path, sk, skb, dst, outer);
}

/**
 * serval_path_forward() - send somebody else's packet along a path
 * @sn:    namespace
 * @path:  path, whose route the caller has found valid
 * @skb:   at the SAL header, with headroom for serval_path_overhead();
 *         consumed
 * @outer: what the outer header is to say
 *
 * Context: rcu_read_lock() held.
 * Return: as ip_local_out(), or a negative errno.
 */
int serval_path_forward(struct serval_net *sn, struct serval_path *path,
			struct sk_buff *skb, struct serval_outer outer)
{
	return transmit(sn, path, NULL, skb, rcu_dereference(path->dst), outer);
}

static struct sk_buff *build(struct serval_net *sn,
			     const struct dst_entry *dst,
			     const struct serval_pkt *pkt)
{
	unsigned int room = LL_RESERVED_SPACE(dst->dev) + SERVAL_OUTER_MAX;
	unsigned int len = serval_wire_size(pkt);
	struct sk_buff *skb;

	skb = alloc_skb(room + len, GFP_ATOMIC);
	if (!skb) {
		SERVAL_INC(sn, OUTNOMEM);
		return NULL;
	}
	skb_reserve(skb, room);
	serval_wire_build(skb_put(skb, len), pkt);
	skb_reset_transport_header(skb);
	return skb;
}

/**
 * serval_path_send() - send a header without payload
 * @sn:   namespace
 * @path: path
 * @pkt:  what the header says
 * @mark: for the route
 *
 * Context: rcu_read_lock() held.
 */
void serval_path_send(struct serval_net *sn, struct serval_path *path,
		      const struct serval_pkt *pkt, u32 mark)
{
	struct dst_entry *dst = cached_route(sn, path, NULL, mark);
	struct sk_buff *skb;

	if (IS_ERR(dst))
		return;
	skb = build(sn, dst, pkt);
	if (!skb)
		return;
	skb->mark = mark;
	serval_path_xmit(sn, path, NULL, skb, (struct serval_outer) {});
}

/**
 * serval_path_refuse() - answer a request without any state
 * @sn:      namespace
 * @skb:     the request, at the SAL header
 * @request: its header
 * @pkt:     control header to send to who made it
 *
 * Context: rcu_read_lock() held.
 */
void serval_path_refuse(struct serval_net *sn, const struct sk_buff *skb,
			const struct serval_pkt *request,
			const struct serval_pkt *pkt)
{
	struct serval_path path = {};

	serval_path_init(&path);
	serval_path_answer_request(&path, skb, request);
	serval_path_send(sn, &path, pkt, skb->mark);
	serval_path_release(&path);
}

/**
 * serval_path_reply() - answer any other packet without any state
 * @sn:  namespace
 * @to:  received packet, at the SAL header
 * @pkt: control header to send to where it came from
 *
 * Context: rcu_read_lock() held.
 */
void serval_path_reply(struct serval_net *sn, const struct sk_buff *to,
		       const struct serval_pkt *pkt)
{
	struct serval_path path = {};

	serval_path_init(&path);
	serval_path_answer(&path, to, 0);
	serval_path_send(sn, &path, pkt, to->mark);
	serval_path_release(&path);
}
