// SPDX-License-Identifier: GPL-2.0-only
/*
 * Input routes that are known before IP looks for them.
 *
 * To a segment of TCP IP gives the route of the one before, which its socket
 * remembers (early demultiplexing).  For other protocols it knows no such
 * thing, but each packet passes the hooks of PRE_ROUTING first, and one that
 * has a route then keeps it.  The last of these hooks is ours.
 *
 * What is remembered is the route of a packet that a flow has taken, so no
 * stranger can fill the table; under all that a route depends on, so what IP
 * would find is found.  A table of fixed size: a newer route may replace an
 * older one.  An entry never changes, is published by one pointer and freed
 * after a grace period; it holds its route, as TCP's sockets do.
 *
 * Every packet of a namespace pays a few instructions for the hooks, so they
 * are there from its first AF_SERVAL socket on.
 */
#include <linux/hash.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/dst_metadata.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ipv6.h>

#include "early.h"
#include "path.h"
#include "serval.h"
#include "wire.h"

/* All that decides about the route of a packet to this host */
struct route_key {
	struct in6_addr saddr;
	struct in6_addr daddr;
	u32 mark;
	int iif;
	u8 tos;		/* without ECN */
	u8 version;	/* of IP */
};

struct serval_early_route {
	struct rcu_head rcu;
	struct route_key key;
	struct dst_entry *dst;
	u32 cookie;
};

DEFINE_PER_CPU(bool, serval_early_missed);

/* Before INPUT: another hook may change the mark */
static DEFINE_PER_CPU(struct route_key, missed_key);

static struct serval_early_route __rcu **slot_of(struct serval_net *sn,
						 __be32 saddr, __be32 daddr)
{
	u32 mix = (__force u32)saddr ^ (__force u32)daddr * GOLDEN_RATIO_32;

	return &sn->early.routes[hash_32(mix, SERVAL_EARLY_BITS)];
}

/* The last words of the addresses, which are all of an IPv4 address */
static struct serval_early_route __rcu **slot_of_key(struct serval_net *sn,
						     const struct route_key *key)
{
	return slot_of(sn, key->saddr.s6_addr32[3], key->daddr.s6_addr32[3]);
}

static u8 key_tos(u8 tos)
{
	return tos & ~INET_ECN_MASK;
}

static bool matches(const struct route_key *key, const struct sk_buff *skb,
		    u8 version, u8 tos)
{
	return key->version == version && key->mark == skb->mark &&
	       key->iif == skb->dev->ifindex && key->tos == key_tos(tos);
}

static const struct serval_early_route *find4(struct serval_net *sn,
					      const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct serval_early_route *r;

	r = rcu_dereference(*slot_of(sn, iph->saddr, iph->daddr));
	return r && matches(&r->key, skb, 4, iph->tos) &&
	       r->key.saddr.s6_addr32[3] == iph->saddr &&
	       r->key.daddr.s6_addr32[3] == iph->daddr ? r : NULL;
}

static const struct serval_early_route *find6(struct serval_net *sn,
					      const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct serval_early_route *r;

	r = rcu_dereference(*slot_of(sn, ip6h->saddr.s6_addr32[3],
				     ip6h->daddr.s6_addr32[3]));
	return r && matches(&r->key, skb, 6, ipv6_get_dsfield(ip6h)) &&
	       ipv6_addr_equal(&r->key.saddr, &ip6h->saddr) &&
	       ipv6_addr_equal(&r->key.daddr, &ip6h->daddr) ? r : NULL;
}

/* A slave's packets are routed as its master's, later on */
static bool wants_route(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_HOST && !skb_dst(skb) &&
	       !netif_is_l3_slave(skb->dev);
}

static noinline void miss(const struct sk_buff *skb)
{
	*this_cpu_ptr(&missed_key) = (struct route_key) {
		.saddr = serval_outer_saddr(skb),
		.daddr = serval_outer_daddr(skb),
		.mark = skb->mark,
		.iif = skb->dev->ifindex,
		.tos = key_tos(serval_outer_tos(skb)),
		.version = ip_hdr(skb)->version,
	};
	this_cpu_write(serval_early_missed, true);
}

/* Only such packets are taken by a flow, so that their route is learned */
static bool names_flow(const struct sk_buff *skb, unsigned int len)
{
	const struct serval_hdr *hdr = (struct serval_hdr *)(skb->data + len);

	return skb_headlen(skb) >= len + sizeof(*hdr) && hdr->dst;
}

/* @len: of the IP header */
static inline void set_route(struct sk_buff *skb,
			     const struct serval_early_route *r,
			     unsigned int len)
{
	if (likely(r && dst_check(r->dst, r->cookie)))
		skb_dst_set_noref(skb, r->dst);
	else if (names_flow(skb, len))
		miss(skb);
}

static unsigned int pre_routing4(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (iph->protocol == IPPROTO_SERVAL && !ip_is_fragment(iph) &&
	    wants_route(skb) &&
	    READ_ONCE(state->net->ipv4.sysctl_ip_early_demux))
		set_route(skb, find4(serval_net_rcu(state->net), skb),
			  ip_hdrlen(skb));
	return NF_ACCEPT;
}

static unsigned int pre_routing6(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	if (ipv6_hdr(skb)->nexthdr == IPPROTO_SERVAL && wants_route(skb) &&
	    READ_ONCE(state->net->ipv4.sysctl_ip_early_demux))
		set_route(skb, find6(serval_net_rcu(state->net), skb),
			  sizeof(struct ipv6hdr));
	return NF_ACCEPT;
}

static const struct nf_hook_ops hook_ops[] = {
	{
		.hook = pre_routing4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_LAST,
	}, {
		.hook = pre_routing6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP6_PRI_LAST,
	},
};

static void route_free(struct serval_early_route *r)
{
	if (!r)
		return;
	dst_release(r->dst);
	kfree(r);
}

static void free_route(struct rcu_head *rcu)
{
	route_free(container_of(rcu, struct serval_early_route, rcu));
}

static bool is_missed(const struct sk_buff *skb, const struct route_key *key)
{
	const struct in6_addr saddr = serval_outer_saddr(skb);
	const struct in6_addr daddr = serval_outer_daddr(skb);

	return !serval_outer_udp(skb) && skb->dev->ifindex == key->iif &&
	       ipv6_addr_equal(&saddr, &key->saddr) &&
	       ipv6_addr_equal(&daddr, &key->daddr);
}

/**
 * serval_early_learn() - remember the route of a packet
 * @sn:  namespace
 * @skb: with its outer header and its route; a flow takes it
 *
 * Context: softirq, rcu_read_lock() held.
 */
void serval_early_learn(struct serval_net *sn, const struct sk_buff *skb)
{
	const struct route_key key = *this_cpu_ptr(&missed_key);
	struct dst_entry *dst = skb_dst(skb);
	struct serval_early_route *r;

	this_cpu_write(serval_early_missed, false);
	if (!is_missed(skb, &key) || !skb_valid_dst(skb) ||
	    !dst_hold_safe(dst))
		return;
	r = kmalloc(sizeof(*r), GFP_ATOMIC | __GFP_NOWARN);
	if (!r) {
		dst_release(dst);
		return;
	}
	r->key = key;
	r->dst = dst;
	r->cookie = serval_outer_is4(skb) ? 0 :
		    rt6_get_cookie((struct rt6_info *)dst);
	r = unrcu_pointer(xchg(slot_of_key(sn, &key), RCU_INITIALIZER(r)));
	if (r)
		call_rcu(&r->rcu, free_route);
}

/**
 * serval_early_start() - from now on, remember routes
 * @sn: namespace
 *
 * Without memory for the hooks IP goes on to look for each route.
 *
 * Context: process.
 */
void serval_early_start(struct serval_net *sn)
{
	struct serval_early *early = &sn->early;

	if (likely(READ_ONCE(early->hooked)))
		return;
	mutex_lock(&early->lock);
	if (!early->hooked &&
	    !nf_register_net_hooks(sn->net, hook_ops, ARRAY_SIZE(hook_ops)))
		WRITE_ONCE(early->hooked, true);
	mutex_unlock(&early->lock);
}

/**
 * serval_early_init() - nothing is known
 * @sn: namespace
 */
void serval_early_init(struct serval_net *sn)
{
	mutex_init(&sn->early.lock);
}

/**
 * serval_early_unpublish() - no packet asks any more, soon
 * @sn: namespace, without sockets
 *
 * Context: process.
 */
void serval_early_unpublish(struct serval_net *sn)
{
	if (sn->early.hooked)
		nf_unregister_net_hooks(sn->net, hook_ops, ARRAY_SIZE(hook_ops));
}

/**
 * serval_early_exit() - forget all routes
 * @sn: namespace; a grace period has passed
 *
 * Context: process.
 */
void serval_early_exit(struct serval_net *sn)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sn->early.routes); i++)
		route_free(rcu_dereference_protected(sn->early.routes[i],
						     true));
}
