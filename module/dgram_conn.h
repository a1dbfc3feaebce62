/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connected datagrams: connections that wait for accept(), and packets.
 *
 * What changes under a packet, a timer and a call alike is protected by
 * conn->lock: sk_state of the socket, conn->waiting, and which flow is the
 * connection's.  A packet acts on a socket only while its flow is that.
 */
#ifndef _SERVAL_DGRAM_CONN_H
#define _SERVAL_DGRAM_CONN_H

#include <linux/list.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>

struct serval_conn;
struct serval_flow;
struct serval_net;
struct serval_pkt;
struct sock;

/**
 * struct serval_backlog - connections of a listener that wait for accept()
 * @lock:   protects all but @bytes; outside of conn->lock
 * @list:   of struct serval_waiting
 * @len:    how many there are or are being made
 * @max:    0 when nobody listens any more
 * @bytes:  of datagrams that came before accept()
 * @limit:  for @bytes
 *
 * Lifetime: the listener's connection's.
 */
struct serval_backlog {
	spinlock_t lock;	/* protects list, len, max */
	struct list_head list;
	u32 len;
	u32 max;
	atomic_t bytes;
	int limit;
};

/**
 * struct serval_waiting - a connection before accept()
 * @node:    in @backlog, under its lock
 * @conn:    owned by this
 * @backlog: outlives this
 * @skbs:    datagrams, under conn->lock, as they will be queued
 * @ended:   the peer has closed already; under conn->lock
 */
struct serval_waiting {
	struct list_head node;
	struct serval_conn *conn;
	struct serval_backlog *backlog;
	struct sk_buff_head skbs;
	bool ended;
};

int serval_dgram_start(struct serval_net *sn, struct serval_conn *conn,
		       struct sock *sk);
int serval_dgram_send(struct serval_net *sn, struct serval_flow *fl,
		      struct sock *sk, struct sk_buff *skb, u8 tos);
bool serval_dgram_is_peer(struct serval_net *sn, struct sk_buff *skb,
			  const struct serval_flow *fl,
			  const struct serval_pkt *pkt);
void serval_dgram_fail(struct serval_flow *fl, int err);
void serval_dgram_report(struct serval_flow *fl, int err, bool hard);
void serval_dgram_again(struct serval_flow *fl);
void serval_waiting_free(struct serval_waiting *w);
void serval_waiting_drop(struct serval_net *sn, struct serval_waiting *w);
void serval_dgram_syn_rcv(struct serval_net *sn, struct sk_buff *skb,
			  const struct serval_pkt *pkt, unsigned int len);
void serval_dgram_synack_rcv(struct serval_net *sn, struct sk_buff *skb,
			     const struct serval_pkt *pkt, unsigned int len);
void serval_dgram_confirm_rcv(struct serval_net *sn, struct sk_buff *skb,
			      const struct serval_pkt *pkt, unsigned int len);
void serval_dgram_nack_rcv(struct serval_net *sn, struct sk_buff *skb,
			   struct serval_flow *fl,
			   const struct serval_pkt *pkt);
void serval_dgram_rst_rcv(struct serval_net *sn, struct sk_buff *skb,
			  struct serval_flow *fl, const struct serval_pkt *pkt);
void serval_dgram_unknown_rcv(struct serval_net *sn, struct sk_buff *skb,
			      const struct serval_pkt *pkt);
void serval_dgram_rcv(struct serval_net *sn, struct sk_buff *skb,
		      const struct serval_pkt *pkt, unsigned int len);

/* fin.c */
void serval_fin_prepare(struct serval_net *sn, struct serval_conn *conn);
void serval_fin_send(struct serval_net *sn, struct serval_flow *fl);
void serval_fin_rcv(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt);

#endif /* _SERVAL_DGRAM_CONN_H */
