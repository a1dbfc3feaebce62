// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outer packet over IPv4: route, header, transmission.
 */
#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <net/ip.h>
#include <net/route.h>

#include "outer.h"
#include "path.h"
#include "serval.h"

/* A request to a group asks the hosts of this link only */
#define GROUP_TTL	1

/**
 * serval_ipv4_lookup() - find the route of a path
 * @sn:    namespace
 * @path:  with an IPv4 @raddr
 * @sk:    full socket for owner and policy, or NULL
 * @mark:  SO_MARK of the socket, or that of the packet
 * @saddr: the source address that goes with the route
 *
 * Return: the route with a reference, or an ERR_PTR.
 */
struct dst_entry *serval_ipv4_lookup(struct serval_net *sn,
				     const struct serval_path *path,
				     const struct sock *sk, u32 mark,
				     struct in6_addr *saddr)
{
	struct flowi4 fl4;
	struct rtable *rt;

	flowi4_init_output(&fl4, path->oif, mark, 0, RT_SCOPE_UNIVERSE,
			   serval_path_protocol(path), 0, serval_addr_to4(&path->raddr),
			   serval_addr_to4(&path->laddr), path->dport,
			   path->sport,
			   sock_net_uid(sn->net, sk));
	rt = ip_route_output_flow(sn->net, &fl4, sk);
	if (IS_ERR(rt))
		return ERR_CAST(rt);
	if (!path->group && serval_path_to_group(path, &rt->dst)) {
		ip_rt_put(rt);
		return ERR_PTR(-ENETUNREACH);
	}
	*saddr = serval_addr_from4(fl4.saddr);
	return &rt->dst;
}

static u8 hop_limit(const struct serval_path *path,
		    const struct dst_entry *dst)
{
	return ipv4_is_multicast(serval_addr_to4(&path->raddr)) ?
	       GROUP_TTL : ip4_dst_hoplimit(dst);
}

/**
 * serval_ipv4_output() - push the IPv4 header and transmit
 * @sn:   namespace
 * @path: with both locators
 * @sk:   full socket or NULL
 * @skb:  at the SAL or UDP header, with headroom; its dst is @dst; consumed
 * @dst:  route
 * @outer: what else the header says
 * @segs: packets this becomes: each gets an identification of its own; 0 for
 *        fragments of one
 *
 * Return: as ip_local_out().
 */
int serval_ipv4_output(struct serval_net *sn, struct serval_path *path,
		       struct sock *sk, struct sk_buff *skb,
		       const struct dst_entry *dst, struct serval_outer outer,
		       u32 segs)
{
	struct iphdr *iph;

	__skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	iph = ip_hdr(skb);
	*(__be16 *)iph = htons((4 << 12) | (5 << 8) | outer.tos);
	iph->frag_off = segs ? htons(IP_DF) : 0;
	iph->ttl = outer.hop_limit ?: hop_limit(path, dst);
	iph->protocol = serval_path_protocol(path);
	iph->saddr = serval_addr_to4(&path->laddr);
	iph->daddr = serval_addr_to4(&path->raddr);
	if (segs) {
		iph->id = htons(path->ip_id);
		path->ip_id += segs;
	} else {
		/* receivers put together what has the same: as IP counts it */
		__ip_select_ident(sn->net, iph, 1);
	}
	return ip_local_out(sn->net, sk, skb);
}

/**
 * serval_ipv4_is_local() - does an address belong to this host
 * @sn:   namespace
 * @addr: of IPv4
 *
 * Context: rcu_read_lock() held.
 */
bool serval_ipv4_is_local(struct serval_net *sn, const struct in6_addr *addr)
{
	return __ip_dev_find(sn->net, serval_addr_to4(addr), false);
}
