// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outer packet over IPv6: route, header, transmission.
 *
 * The flow label is made of the transport's hash, as the host's settings for
 * its own packets say, so that routers can spread flows without knowing the
 * protocol.
 */
#include <linux/ipv6.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/xfrm.h>

#include "outer.h"
#include "path.h"
#include "serval.h"

/* From an address, through a device: that is advice to IPv6, unless the socket is bound */
static struct dst_entry *lookup_through(struct net *net, const struct sock *sk,
					struct flowi6 *fl6)
{
	struct dst_entry *dst;
	int err;

	dst = ip6_route_output_flags(net, sk, fl6, RT6_LOOKUP_F_IFACE);
	err = dst->error;
	if (err) {
		dst_release(dst);
		return ERR_PTR(err);
	}
	return xfrm_lookup_route(net, dst, flowi6_to_flowi(fl6), sk, 0);
}

/**
 * serval_ipv6_lookup() - find the route of a path
 * @sn:    namespace
 * @path:  with an IPv6 @raddr
 * @sk:    full socket for owner, policy and address preference, or NULL
 * @mark:  SO_MARK of the socket, or that of the packet
 * @saddr: the source address that goes with the route
 *
 * Return: the route with a reference, or an ERR_PTR.
 */
struct dst_entry *serval_ipv6_lookup(struct serval_net *sn,
				     const struct serval_path *path,
				     const struct sock *sk, u32 mark,
				     struct in6_addr *saddr)
{
	struct flowi6 fl6 = {
		.flowi6_oif = path->oif,
		.flowi6_mark = mark,
		.flowi6_proto = serval_path_protocol(path),
		.fl6_sport = path->sport,
		.fl6_dport = path->dport,
		.flowi6_uid = sock_net_uid(sn->net, sk),
		.daddr = path->raddr,
		.saddr = path->laddr,
	};
	struct dst_entry *dst;

	if (!path->group && ipv6_addr_is_multicast(&path->raddr))
		return ERR_PTR(-ENETUNREACH);
	if (path->oif && !ipv6_addr_any(&path->laddr))
		dst = lookup_through(sn->net, sk, &fl6);
	else
		dst = ip6_dst_lookup_flow(sn->net, sk, &fl6, NULL);
	if (!IS_ERR(dst))
		*saddr = fl6.saddr;
	return dst;
}

static __be32 flow_label(struct serval_net *sn, const struct serval_path *path,
			 struct sk_buff *skb)
{
	struct flowi6 fl6 = {
		.flowi6_proto = serval_path_protocol(path),
		.daddr = path->raddr,
		.saddr = path->laddr,
	};

	return ip6_make_flowlabel(sn->net, skb, 0,
				  ip6_default_np_autolabel(sn->net), &fl6);
}

static u8 hop_limit(const struct serval_path *path, struct dst_entry *dst)
{
	return ipv6_addr_is_multicast(&path->raddr) ?
	       IPV6_DEFAULT_MCASTHOPS : ip6_dst_hoplimit(dst);
}

/**
 * serval_ipv6_output() - push the IPv6 header and transmit
 * @sn:   namespace
 * @path: with both locators
 * @sk:   full socket or NULL
 * @skb:  at the SAL or UDP header, with headroom; its dst is @dst; consumed
 * @dst:  route
 * @outer: what else the header says
 *
 * Return: as ip6_local_out().
 */
int serval_ipv6_output(struct serval_net *sn, struct serval_path *path,
		       struct sock *sk, struct sk_buff *skb,
		       const struct dst_entry *dst, struct serval_outer outer)
{
	struct ipv6hdr *ip6h;

	__skb_push(skb, sizeof(*ip6h));
	skb_reset_network_header(skb);
	ip6h = ipv6_hdr(skb);
	ip6_flow_hdr(ip6h, outer.tos, flow_label(sn, path, skb));
	ip6h->nexthdr = serval_path_protocol(path);
	ip6h->hop_limit = outer.hop_limit ?:
			  hop_limit(path, (struct dst_entry *)dst);
	ip6h->saddr = path->laddr;
	ip6h->daddr = path->raddr;
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	return ip6_local_out(sn->net, sk, skb);
}

/**
 * serval_ipv6_is_local() - does an address belong to this host
 * @sn:   namespace
 * @addr: not of IPv4
 */
bool serval_ipv6_is_local(struct serval_net *sn, const struct in6_addr *addr)
{
	return ipv6_chk_addr(sn->net, addr, NULL, 0);
}
