// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service router: requests that the table leads to another host
 * (Documentation/protocol.rst section 4.12).
 *
 *	C -- SYN --> R1 -- SYN, SOURCE{C, R1} --> R2 -- ...{C, R1, R2} --> S
 *	C <-- SYN-ACK, and then all that the connection sends -----------> S
 *
 * A request names a service and no flow: a SYN, or a datagram that is not
 * connected.  Where it leads is looked up for each of them, and nothing is
 * kept.  What is passed on is a packet of this host's own, with its address
 * outside, so it goes through OUTPUT and not through FORWARD; but its hop
 * limit is the old one less one.  The transport is not looked at and stays
 * where it is; the SAL header grows towards the front.
 *
 * A SYN inside UDP is answered by where to ask instead (redirect.c).
 *
 * If the rule is DELAY, the request itself waits for a controller (delay.c).
 * Of how it came only the number of its device is kept, and when it is
 * released it is taken as if it came then.
 *
 * Whoever can set SOURCE says where the answer goes.  So it is looked at only
 * if the host that it comes from is in sal_routers, and by a responder only
 * for the one SYN-ACK or refusal that answers a SYN (handshake.c).
 */
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <net/dst.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/route.h>

#include "delay.h"
#include "events.h"
#include "routers.h"
#include "sal.h"
#include "way.h"

/**
 * struct hop - a request on its way through here
 * @t:    where it goes
 * @way:  where it came from, and to which address of this host
 * @n:    how many of these SOURCE gains: both, or the last if it has the first
 * @grow: bytes by which its header is longer then
 */
struct hop {
	struct serval_target *t;
	struct in6_addr way[2];
	unsigned int n;
	int grow;
};

static const struct in6_addr *gained(const struct hop *hop)
{
	return hop->way + ARRAY_SIZE(hop->way) - hop->n;
}

/* Return: SERVAL_MIB_FORWARDED, or why it cannot be passed on */
static inline enum serval_mib_field
check_packet(const struct sk_buff *skb, const struct serval_pkt *pkt,
	     const struct in6_addr *from)
{
	if (!serval_addr_is_host(from))
		return SERVAL_MIB_FWDIMPOSSIBLE;
	/* no sum may be left to compute but the transport's */
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_checksum_start_offset(skb) != pkt->len)
		return SERVAL_MIB_FWDIMPOSSIBLE;
	if (serval_outer_hop_limit(skb) <= 1)
		return SERVAL_MIB_FWDTTL;
	return SERVAL_MIB_FORWARDED;
}

/* Has it been here already, or where it is to go? */
static bool loops(struct serval_net *sn, const struct sk_buff *skb,
		  const struct serval_pkt *pkt, const struct hop *hop)
{
	const struct in6_addr *target = &hop->t->addr;
	struct in6_addr addr;
	unsigned int i;

	for (i = 0; i < pkt->hops; i++) {
		serval_wire_get_hop(skb->data, pkt, i, &addr);
		if (ipv6_addr_equal(&addr, target) ||
		    serval_addr_is_local(sn, &addr))
			return true;
	}
	return ipv6_addr_equal(&hop->way[0], target);
}

/* Return: SERVAL_MIB_FORWARDED, or why SOURCE cannot tell of this hop */
static enum serval_mib_field add_hop(struct serval_net *sn,
				     const struct sk_buff *skb,
				     const struct serval_pkt *pkt,
				     struct hop *hop)
{
	if (loops(sn, skb, pkt, hop))
		return SERVAL_MIB_FWDLOOP;
	hop->grow = serval_wire_growth(pkt, gained(hop), hop->n);
	return hop->grow < 0 ? SERVAL_MIB_FWDTOOLONG : SERVAL_MIB_FORWARDED;
}

static void tell_ttl(struct sk_buff *skb)
{
	if (serval_outer_is4(skb))
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
	else
		icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
}

/* @room: for what the sender's packet has from its SAL header on */
static void tell_mtu(struct sk_buff *skb, int room)
{
	u32 mtu = max(room, 0) - skb_network_offset(skb);

	if (serval_outer_is4(skb))
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
	else
		icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}

static void drop(struct serval_net *sn, struct sk_buff *skb,
		 const struct serval_pkt *pkt, struct serval_target *t,
		 enum serval_mib_field why)
{
	if (why == SERVAL_MIB_FWDTTL)
		tell_ttl(skb);
	serval_target_dropped(t, skb->len - pkt->len);
	serval_drop(sn, skb, why);
}

/* The client hears of it, as if its own table had no way: the NACK goes where
 * the SYN-ACK would
 */
static void tell_refused(struct serval_net *sn, const struct sk_buff *skb,
			 const struct serval_pkt *pkt)
{
	/* of a datagram, who has it refuses; a way may come with a verdict */
	if (pkt->has & SERVAL_HAS_CONTROL)
		serval_nack_send(sn, skb, pkt, EHOSTUNREACH);
}

/* May IP cut it?  Only what it was allowed to cut before */
static bool may_cut(const struct sk_buff *skb)
{
	return serval_outer_is4(skb) ? !(ip_hdr(skb)->frag_off & htons(IP_DF)) :
				       IP6CB(skb)->frag_max_size;
}

/* It becomes a packet of this host; what belongs to the received one goes */
static void disown(struct sk_buff *skb, u8 tos)
{
	bool cut = may_cut(skb);

	skb_orphan(skb);
	skb_scrub_packet(skb, false);
	skb->ignore_df = cut;
	skb->encapsulation = 0;	/* inside UDP it came, but goes without */
	skb_clear_tstamp(skb);
	skb_forward_csum(skb);
	skb->priority = rt_tos2priority(tos);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

static void transmit(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt, struct serval_path *path,
		     const struct hop *hop)
{
	const struct serval_outer outer = {
		.tos = serval_outer_tos(skb),
		.hop_limit = serval_outer_hop_limit(skb) - 1,
	};
	u32 bytes = skb->len - pkt->len;

	disown(skb, outer.tos);
	serval_wire_add_hops(skb_push(skb, hop->grow), pkt, gained(hop),
			     hop->n, hop->grow);
	skb_reset_transport_header(skb);
	if (serval_path_forward(sn, path, skb, outer) < 0) {
		serval_target_dropped(hop->t, bytes);
	} else {
		serval_target_resolved(hop->t, bytes);
		SERVAL_INC(sn, FORWARDED);
	}
}

/* A NAT before the client would let nobody's answer through but this host's */
static bool must_redirect(const struct sk_buff *skb,
			  const struct serval_pkt *pkt,
			  const struct in6_addr *target)
{
	return serval_outer_udp(skb) && !pkt->hops &&
	       pkt->has & SERVAL_HAS_CONTROL && serval_addr_is_host(target);
}

static void redirect(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt, struct serval_target *t)
{
	serval_redirect_send(sn, skb, pkt, &t->addr);
	serval_target_resolved(t, skb->len - pkt->len);
	SERVAL_INC(sn, FWDREDIRECTED);
	serval_taken(sn, skb);
}

static void send_along(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_pkt *pkt, struct serval_path *path,
		       const struct hop *hop)
{
	const struct net_device *dev = rcu_dereference(path->dst)->dev;
	/* a long way may not fit the link at all */
	int room = (int)serval_path_room(path) - hop->grow;

	if (dev->flags & IFF_LOOPBACK)
		return drop(sn, skb, pkt, hop->t, SERVAL_MIB_FWDLOOP);
	if (must_redirect(skb, pkt, &hop->t->addr))
		return redirect(sn, skb, pkt, hop->t);
	if ((int)skb->len > room && !may_cut(skb)) {
		tell_mtu(skb, room);
		return drop(sn, skb, pkt, hop->t, SERVAL_MIB_FWDTOOBIG);
	}
	if (skb->len + hop->grow + serval_path_overhead(path) > U16_MAX)
		return drop(sn, skb, pkt, hop->t, SERVAL_MIB_FWDTOOBIG);
	if (skb_cow_head(skb, hop->grow + serval_path_overhead(path) +
			 LL_RESERVED_SPACE(dev)))
		return drop(sn, skb, pkt, hop->t, SERVAL_MIB_OUTNOMEM);
	transmit(sn, skb, pkt, path, hop);
}

static void pass_on(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt, struct serval_target *t)
{
	enum serval_mib_field why;
	struct serval_way *way;
	u32 mark = skb->mark;
	struct hop hop;

	hop.t = t;
	hop.way[0] = serval_outer_saddr(skb);
	hop.way[1] = serval_outer_daddr(skb);
	hop.n = pkt->hops ? 1 : 2;
	why = check_packet(skb, pkt, &hop.way[0]);
	if (why == SERVAL_MIB_FORWARDED)
		why = add_hop(sn, skb, pkt, &hop);
	if (why != SERVAL_MIB_FORWARDED)
		return drop(sn, skb, pkt, t, why);

	way = serval_way_find(sn, t, mark);
	if (IS_ERR(way)) {	/* counted already */
		tell_refused(sn, skb, pkt);
		serval_target_dropped(t, skb->len - pkt->len);
		return kfree_skb(skb);
	}
	send_along(sn, skb, pkt, &way->path, &hop);
	serval_way_put(way, mark);
}

static void refuse(struct serval_net *sn, struct sk_buff *skb,
		   const struct serval_pkt *pkt, struct serval_target *t,
		   enum serval_mib_field why)
{
	tell_refused(sn, skb, pkt);
	if (t)
		serval_target_dropped(t, skb->len - pkt->len);
	serval_drop(sn, skb, why);
}

static struct in6_addr client_of(const struct sk_buff *skb,
				 const struct serval_pkt *pkt)
{
	return pkt->hops ? pkt->origin : serval_outer_saddr(skb);
}

/* The same for each copy of a SYN; no datagram is a copy of another */
static u64 held_key(const struct serval_net *sn, const struct sk_buff *skb,
		    const struct serval_pkt *pkt)
{
	const struct {
		struct in6_addr client;
		struct service_id service;
		u64 nonce;
		u64 id;
	} in = {
		.client = client_of(skb, pkt),
		.service = pkt->service[0],
		.nonce = pkt->nonce,
		.id = (__force u32)pkt->src,
	};

	return pkt->has & SERVAL_HAS_CONTROL ?
	       siphash(&in, sizeof(in), &sn->secret) : get_random_u64();
}

static void release_held(struct serval_net *sn, const struct serval_held *held)
{
	struct sk_buff *skb = held->skb;

	local_bh_disable();
	rcu_read_lock();
	skb->dev = dev_get_by_index_rcu(sn->net, skb->skb_iif);
	if (skb->dev)
		serval_input_held(sn, skb);
	else
		serval_drop(sn, skb, SERVAL_MIB_DELAYCANCELLED);
	rcu_read_unlock();
	local_bh_enable();
}

static void drop_held(struct serval_net *sn, const struct serval_held *held)
{
	const struct sk_buff *skb = held->skb;
	struct serval_pkt pkt;

	if (serval_wire_parse(skb->data, skb_headlen(skb), &pkt))
		return;
	local_bh_disable();
	rcu_read_lock();
	tell_refused(sn, skb, &pkt);
	rcu_read_unlock();
	local_bh_enable();
}

static const struct serval_delay_ops held_ops = {
	.release = release_held,
	.drop = drop_held,
};

static void hold(struct serval_net *sn, struct sk_buff *skb,
		 const struct serval_pkt *pkt, struct serval_target *t)
{
	const struct in6_addr from = serval_outer_saddr(skb);
	enum serval_mib_field why = check_packet(skb, pkt, &from);
	const struct serval_held held = {
		.info.protocol = pkt->protocol,
		.info.service = pkt->service[0],
		.info.source = pkt->service[1],
		.info.from = client_of(skb, pkt),
		.key = held_key(sn, skb, pkt),
		.skb = skb,
		.ops = &held_ops,
	};
	u32 bytes = skb->len - pkt->len;

	if (why != SERVAL_MIB_FORWARDED)
		return drop(sn, skb, pkt, t, why);
	if (!serval_event_delay_wanted(sn))
		return refuse(sn, skb, pkt, t, SERVAL_MIB_DELAYNOLISTENER);
	skb_orphan(skb);
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb->dev = NULL;
	/* who finds no place may find one when he asks again */
	if (serval_delay_hold(sn, &held))
		serval_target_dropped(t, bytes);
	else
		serval_target_resolved(t, bytes);
}

/* A copy that waits is not needed any more */
static void forget_held(struct serval_net *sn, const struct sk_buff *skb,
			const struct serval_pkt *pkt)
{
	if (unlikely(READ_ONCE(sn->delay.count)) &&
	    pkt->has & SERVAL_HAS_CONTROL)
		serval_delay_cancel(sn, held_key(sn, skb, pkt));
}

static void lead_on(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt, struct serval_target *t)
{
	if (t->type == SERVAL_SERVICE_DELAY)
		hold(sn, skb, pkt, t);
	else
		pass_on(sn, skb, pkt, t);
}

/* Datagrams that were sent as one have one header, which has no room for the
 * way of each
 */
static void lead_all_on(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt, struct serval_target *t)
{
	struct sk_buff *segs, *next;

	if (pkt->protocol != SERVAL_PROTO_UDP ||
	    pkt->has & SERVAL_HAS_CONTROL ||
	    !serval_datagram_check(skb, pkt->len))
		return drop(sn, skb, pkt, t, SERVAL_MIB_FWDIMPOSSIBLE);
	segs = serval_datagram_cut(skb, pkt->len);
	if (!segs)
		return drop(sn, skb, pkt, t, SERVAL_MIB_FWDIMPOSSIBLE);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		lead_on(sn, skb, pkt, t);
	}
}

/* May SOURCE be believed?  If not, where to answer is not known */
static bool check_source(struct serval_net *sn, struct sk_buff *skb,
			 const struct serval_pkt *pkt)
{
	const struct in6_addr saddr = serval_outer_saddr(skb);

	if (!serval_routers_trusted(sn, &saddr))
		serval_drop(sn, skb, SERVAL_MIB_SOURCEUNTRUSTED);
	else if (!serval_addr_is_host(&pkt->origin))
		serval_drop(sn, skb, SERVAL_MIB_SOURCEIMPOSSIBLE);
	else
		return true;
	return false;
}

/**
 * serval_forward() - pass a request on, if it is not for this host
 * @sn:  namespace
 * @skb: at the SAL header; consumed unless it is for this host
 * @pkt: parsed header, with a service and without a destination flow
 *
 * If it is for this host, its SOURCE can be believed.
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: false if this host is to take it.
 */
bool serval_forward(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt)
{
	const struct serval_target_set *set;
	struct serval_target *t;

	if (unlikely(pkt->hops) && !check_source(sn, skb, pkt))
		return true;
	/* what this host sent to itself has been resolved, and what is sent to
	 * many is for those alone
	 */
	if (!READ_ONCE(sn->settings.sal_forward) ||
	    skb->dev->flags & IFF_LOOPBACK || serval_outer_is_group(skb))
		return false;
	set = serval_service_find(sn, &pkt->service[0], pkt->protocol);
	t = set ? serval_service_choose(sn, set, SERVAL_MODE_ANYCAST,
					pkt->protocol, NULL) : NULL;
	if (!t || t->type != SERVAL_SERVICE_DELAY)
		forget_held(sn, skb, pkt);
	if (t && t->type == SERVAL_SERVICE_DEMUX)
		return false;
	if (!t || t->type == SERVAL_SERVICE_DROP)
		refuse(sn, skb, pkt, t, SERVAL_MIB_NORULE);
	else if (unlikely(skb_is_gso(skb)))
		lead_all_on(sn, skb, pkt, t);
	else
		lead_on(sn, skb, pkt, t);
	return true;
}
