/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The outer packet: IPv4, protocol 144.
 */
#ifndef _SERVAL_IPV4_H
#define _SERVAL_IPV4_H

#include <linux/skbuff.h>

struct serval_flow;
struct serval_net;
struct serval_pkt;
struct sock;

/* What the IPv4 header and the fixed headers behind it take from the MTU */
#define SERVAL_IPV4_OVERHEAD	(20 + 12 + 20)

struct dst_entry *serval_ipv4_route(struct serval_net *sn,
				    struct serval_flow *fl,
				    const struct sock *sk, u32 mark);
int serval_ipv4_xmit(struct serval_net *sn, struct serval_flow *fl,
		     struct sock *sk, struct sk_buff *skb, u8 tos);
void serval_ipv4_reply(struct serval_net *sn, const struct sk_buff *to,
		       const struct serval_pkt *pkt);

#endif /* _SERVAL_IPV4_H */
