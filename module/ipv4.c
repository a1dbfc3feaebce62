// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outer packet: route, IPv4 header, checksum, transmission.
 *
 * A flow caches its route as TCP caches sk_dst: read under RCU, checked with
 * dst_check(), replaced under the connection's lock.  Its local locator is
 * chosen by the route of the first packet and stays: an established peer
 * takes data from nowhere else.
 *
 * Checksums: TCP leaves CHECKSUM_PARTIAL.  That is passed on only to devices
 * that take our superpackets, which are software devices; network cards have
 * been seen to damage protocol 144.
 */
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/route.h>
#include <net/tcp.h>

#include "flow.h"
#include "ipv4.h"
#include "serval.h"
#include "trace.h"

/* TCP can't use less, and 65,475 is what sal0's MTU of 65,535 leaves */
#define MSS_MIN		88
#define MSS_MAX		65475

static void set_mtu(struct serval_flow *fl, const struct dst_entry *dst)
{
	WRITE_ONCE(fl->mtu, dst_mtu(dst));
	WRITE_ONCE(fl->mss, clamp_t(int, (int)fl->mtu - SERVAL_IPV4_OVERHEAD,
				    MSS_MIN, MSS_MAX));
}

static struct rtable *lookup(struct serval_net *sn, struct flowi4 *fl4,
			     const struct sock *sk)
{
	struct rtable *rt = ip_route_output_flow(sn->net, fl4, sk);

	if (IS_ERR(rt)) {
		SERVAL_INC(sn, NOROUTE);
		return rt;
	}
	if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) {
		ip_rt_put(rt);
		SERVAL_INC(sn, NOROUTE);
		return ERR_PTR(-ENETUNREACH);
	}
	if (rt->dst.dev == sn->dev) {
		ip_rt_put(rt);
		SERVAL_INC(sn, OUTLOOP);
		return ERR_PTR(-ELOOP);
	}
	return rt;
}

/**
 * serval_ipv4_route() - find a flow's route and cache it
 * @sn: namespace
 * @fl: flow with @raddr set; gains @laddr if it has none, @mtu and @mss
 * @sk: full socket for owner and policy, or NULL
 * @mark: SO_MARK of the socket, or that of the packet
 *
 * Context: rcu_read_lock() held, under which the result may be used.
 * Return: the route or an ERR_PTR: -ENETUNREACH and what else IP says,
 * -ELOOP if it leads to sal0.
 */
struct dst_entry *serval_ipv4_route(struct serval_net *sn,
				    struct serval_flow *fl,
				    const struct sock *sk, u32 mark)
{
	struct dst_entry *old;
	struct flowi4 fl4;
	struct rtable *rt;

	flowi4_init_output(&fl4, fl->oif, mark, 0, RT_SCOPE_UNIVERSE,
			   IPPROTO_SERVAL, 0, fl->raddr,
			   fl->laddr, 0, 0, sock_net_uid(sn->net, sk));
	rt = lookup(sn, &fl4, sk);
	if (IS_ERR(rt))
		return ERR_CAST(rt);

	spin_lock_bh(&fl->conn->lock);
	if (!fl->laddr)
		WRITE_ONCE(fl->laddr, fl4.saddr);
	set_mtu(fl, &rt->dst);
	old = rcu_replace_pointer(fl->dst, &rt->dst,
				  lockdep_is_held(&fl->conn->lock));
	spin_unlock_bh(&fl->conn->lock);
	dst_release(old);
	return &rt->dst;
}

static struct dst_entry *cached_route(struct serval_net *sn,
				      struct serval_flow *fl,
				      const struct sock *sk, u32 mark)
{
	struct dst_entry *dst = rcu_dereference(fl->dst);

	if (unlikely(!dst || !dst_check(dst, 0)))
		return serval_ipv4_route(sn, fl, sk, mark);
	return dst;
}

static void push_iphdr(struct sk_buff *skb, const struct dst_entry *dst,
		       __be32 saddr, __be32 daddr, u8 tos)
{
	struct iphdr *iph;

	skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	iph = ip_hdr(skb);
	*(__be16 *)iph = htons((4 << 12) | (5 << 8) | tos);
	iph->frag_off = htons(IP_DF);
	iph->ttl = ip4_dst_hoplimit(dst);
	iph->protocol = IPPROTO_SERVAL;
	iph->saddr = saddr;
	iph->daddr = daddr;
}

/* Superpackets are cut in software at the host's edge: no network card
 * claims SKB_GSO_SCTP, all software devices do.  A router on the way (a
 * container's host) takes our header for the transport's; only of an
 * encapsulated packet does it look for TCP's elsewhere.
 */
static int prepare_offload(struct sk_buff *skb, const struct dst_entry *dst)
{
	if (skb_is_gso(skb)) {
		skb_shinfo(skb)->gso_type |= SKB_GSO_SCTP;
		if (!(dst->dev->flags & IFF_LOOPBACK)) {
			skb->encapsulation = 1;
			skb->inner_transport_header = skb->transport_header;
		}
		return 0;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    !(dst->dev->features & NETIF_F_GSO_SCTP))
		return skb_checksum_help(skb);
	return 0;
}

/**
 * serval_ipv4_xmit() - send one segment or superpacket on a flow
 * @sn:  namespace
 * @fl:  flow
 * @sk:  full socket or NULL
 * @skb: at the SAL header, with headroom for IPv4; without @sk its mark is
 *       the socket's; consumed
 * @tos: DSCP and ECN of the transport
 *
 * Context: rcu_read_lock() held; a full @sk is locked.
 * Return: as ip_local_out(), or a negative errno.
 */
int serval_ipv4_xmit(struct serval_net *sn, struct serval_flow *fl,
		     struct sock *sk, struct sk_buff *skb, u8 tos)
{
	u32 segs = max_t(u32, skb_shinfo(skb)->gso_segs, 1);
	struct dst_entry *dst;
	int err;

	if (sk) {
		skb->mark = READ_ONCE(sk->sk_mark);
		skb->priority = READ_ONCE(sk->sk_priority);
	}
	dst = cached_route(sn, fl, sk, skb->mark);
	if (IS_ERR(dst)) {
		err = PTR_ERR(dst);
		goto drop;
	}
	err = prepare_offload(skb, dst);
	if (unlikely(err))
		goto drop;

	/* the transport header stays TCP's: the queue layer reads it in
	 * superpackets to tell their length
	 */
	push_iphdr(skb, dst, fl->laddr, fl->raddr, tos);
	ip_hdr(skb)->id = htons(fl->ip_id);
	fl->ip_id += segs;
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	SERVAL_ADD(sn, OUTPKTS, segs);
	SERVAL_ADD(sn, OUTOCTETS, skb->len - sizeof(struct iphdr));
	return ip_local_out(sn->net, sk, skb);

drop:
	kfree_skb(skb);
	return err;
}

static struct sk_buff *build_reply(struct serval_net *sn, struct rtable *rt,
				   const struct serval_pkt *pkt)
{
	unsigned int len = serval_wire_size(pkt);
	struct sk_buff *skb;

	skb = alloc_skb(LL_RESERVED_SPACE(rt->dst.dev) + sizeof(struct iphdr) +
			len, GFP_ATOMIC);
	if (!skb) {
		SERVAL_INC(sn, OUTNOMEM);
		return NULL;
	}
	skb_reserve(skb, LL_RESERVED_SPACE(rt->dst.dev) + sizeof(struct iphdr));
	serval_wire_build(skb_put(skb, len), pkt);
	skb_reset_transport_header(skb);
	return skb;
}

/**
 * serval_ipv4_reply() - answer a packet without any state
 * @sn:  namespace
 * @to:  received packet, network header set
 * @pkt: control header to send to where it came from
 */
void serval_ipv4_reply(struct serval_net *sn, const struct sk_buff *to,
		       const struct serval_pkt *pkt)
{
	const struct iphdr *iph = ip_hdr(to);
	struct flowi4 fl4;
	struct sk_buff *skb;
	struct rtable *rt;

	flowi4_init_output(&fl4, 0, to->mark, 0, RT_SCOPE_UNIVERSE,
			   IPPROTO_SERVAL, 0, iph->saddr, iph->daddr, 0, 0,
			   sock_net_uid(sn->net, NULL));
	rt = lookup(sn, &fl4, NULL);
	if (IS_ERR(rt))
		return;
	skb = build_reply(sn, rt, pkt);
	if (!skb) {
		ip_rt_put(rt);
		return;
	}
	push_iphdr(skb, &rt->dst, fl4.saddr, fl4.daddr, 0);
	ip_hdr(skb)->id = 0;
	skb_dst_set(skb, &rt->dst);
	SERVAL_INC(sn, OUTPKTS);
	ip_local_out(sn->net, NULL, skb);
}
