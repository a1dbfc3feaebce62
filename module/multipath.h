/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which flows a connection is to have, and what it does with them.
 */
#ifndef _SERVAL_MULTIPATH_H
#define _SERVAL_MULTIPATH_H

#include <linux/types.h>

struct in6_addr;
struct serval_conn;
struct serval_flow;
struct serval_move;
struct serval_net;
struct serval_pkt;
struct sk_buff;

int serval_multipath_policy(const struct serval_net *sn,
			    const struct serval_conn *conn);
void serval_multipath_begin(struct serval_net *sn, const struct serval_flow *fl);
void serval_multipath_again(struct serval_net *sn, const struct serval_flow *fl);
void serval_multipath_look(struct serval_net *sn, const struct serval_flow *fl,
			   bool changed);
bool serval_multipath_peer(const struct serval_move *m, u8 family, u32 turn,
			   struct in6_addr *addr);
void serval_address_rcv(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt);
void serval_multipath_init(struct serval_net *sn);
void serval_multipath_exit(struct serval_net *sn);

#endif /* _SERVAL_MULTIPATH_H */
