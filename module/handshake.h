/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the responder derives from a SYN instead of keeping it: for streams
 * (handshake.c) and for datagrams (dgram_conn.c).
 */
#ifndef _SERVAL_HANDSHAKE_H
#define _SERVAL_HANDSHAKE_H

#include "flow.h"

/**
 * struct serval_seed - a connection before it is allocated
 * @conn: with its first flow, whose path may hold a route
 * @kept: TCP answers its SYN and has a request socket for it
 * @key:  the initiator's KEY, in the header that was parsed; NULL without, or if
 *        this host has told it none
 */
struct serval_seed {
	struct serval_conn conn;
	bool kept;
	const u8 *key;
};

void serval_seed_init(const struct serval_net *sn, struct serval_seed *seed,
		      const struct sk_buff *skb, const struct serval_pkt *pkt,
		      u32 peer_iss);
struct serval_flow *serval_seed_for_syn(struct serval_net *sn,
					const struct sk_buff *skb,
					const struct serval_pkt *pkt,
					struct serval_seed *seed, u32 first);
void serval_seed_name(struct serval_seed *seed);
int serval_seed_for_confirm(struct serval_net *sn,
			    const struct serval_pkt *pkt,
			    struct serval_seed *seed);
struct serval_conn *serval_seed_insert(struct serval_net *sn,
				       struct serval_seed *seed);
bool serval_seed_is_peer(const struct serval_flow *fl,
			 const struct sk_buff *skb,
			 const struct serval_pkt *pkt);
bool serval_listener_takes(struct serval_net *sn, const struct sk_buff *skb,
			   const struct sock *listener,
			   struct serval_flow *fl);
u32 serval_flow_adopt(struct serval_flow *fl, const struct sk_buff *skb,
		      const struct serval_pkt *pkt, u32 host);
void serval_syn_refuse(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_pkt *pkt);

/* exchange.c */
bool serval_exchange_lacks(const struct serval_net *sn,
			   const struct serval_pkt *syn);
void serval_exchange_refuse(struct serval_net *sn, struct sk_buff *skb,
			    const struct serval_pkt *syn);
bool serval_exchange_ok(struct serval_net *sn, const struct serval_flow *fl,
			const struct serval_pkt *synack);
u32 serval_exchange_host(struct serval_net *sn, const struct serval_flow *fl,
			 const struct serval_pkt *synack);
u32 serval_exchange_adopt(struct serval_flow *fl,
			  const struct serval_pkt *synack, u32 host);

#endif /* _SERVAL_HANDSHAKE_H */
