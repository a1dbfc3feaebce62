/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The service access layer: what its files need of each other.
 */
#ifndef _SERVAL_SAL_H
#define _SERVAL_SAL_H

#include <linux/skbuff.h>
#include <linux/tcp.h>

#include "flow.h"
#include "serval.h"
#include "wire.h"

struct flowi;

/* output.c */
void serval_output_init(struct serval_net *sn);
void serval_output_exit(struct serval_net *sn);
int serval_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl);
void serval_output_virtual(struct serval_net *sn, struct sk_buff *skb);
int serval_output_syn(struct serval_net *sn, struct serval_conn *conn,
		      struct sock *sk, struct sk_buff *skb, u8 tos);
int serval_output_segment(struct serval_net *sn, struct serval_conn *conn,
			  struct serval_flow *fl, struct sock *sk,
			  struct sk_buff *skb, u8 tos);
void serval_output_synack(struct serval_net *sn, struct serval_flow *fl,
			  struct sk_buff *skb);
void serval_end_attempt(struct sock *sk, int err);
bool serval_output_again(struct serval_net *sn, struct sock *sk);
void serval_sync_mss(struct sock *sk, const struct serval_conn *conn);
int serval_output_check(struct serval_net *sn, const struct serval_conn *conn);
void serval_output_cancel(struct serval_net *sn,
			  const struct serval_conn *conn);
void serval_clamp_mss(struct sk_buff *skb, u16 mss);

/* input.c */
void serval_taken(struct serval_net *sn, struct sk_buff *skb);
void serval_input(struct serval_net *sn, struct sk_buff *skb);
void serval_input_held(struct serval_net *sn, struct sk_buff *skb);
int serval_input_init(void);
void serval_input_exit(void);
void serval_drop(struct serval_net *sn, struct sk_buff *skb,
		 enum serval_mib_field why);
bool serval_checksum_ok(struct sk_buff *skb, unsigned int len, u8 proto);
bool serval_conn_takes(const struct serval_conn *conn,
		       const struct sk_buff *skb);
int serval_deliver(struct serval_net *sn, struct sk_buff *skb,
		   struct serval_conn *conn, unsigned int len);
void serval_push_virtual(struct sk_buff *skb, const struct in6_addr *saddr,
			 const struct in6_addr *daddr, u8 proto, u8 tclass);

/* icmp.c */
int serval_icmp_err_udp(struct sock *sk, struct sk_buff *skb);
int serval_icmp_err4(struct sk_buff *skb, u32 info);
int serval_icmp_err6(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type,
		     u8 code, int offset, __be32 info);

/* redirect.c */
bool serval_redirect_rcv(struct serval_net *sn, struct serval_flow *fl,
			 const struct sk_buff *skb,
			 const struct serval_pkt *pkt);

/* forward.c */
bool serval_forward(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt);

/* handshake.c */
bool serval_reply_allowed(struct serval_net *sn);
struct serval_conn *serval_seed_find(const struct in6_addr *laddr,
				     const struct in6_addr *raddr);
void serval_seed_answered(const struct serval_flow *fl,
			  const struct sk_buff *skb);
void serval_syn_rcv(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt, unsigned int len);
void serval_synack_rcv(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_pkt *pkt, unsigned int len);
void serval_confirm_rcv(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt, unsigned int len);
void serval_nack_rcv(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt);
void serval_rst_rcv(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt);
void serval_nack_send(struct serval_net *sn, const struct sk_buff *skb,
		      const struct serval_pkt *syn, u8 reason);
void serval_redirect_send(struct serval_net *sn, const struct sk_buff *skb,
			  const struct serval_pkt *syn,
			  const struct in6_addr *addr);
void serval_rst_send(struct serval_net *sn, struct sk_buff *skb, __be32 src,
		     __be32 dst, unsigned int len);

/**
 * struct serval_datagram - a datagram that is to be sent
 * @to:      service ID
 * @from:    name of the sender
 * @advised: advisory address, :: = none
 * @oif:     device that goes with it, 0 = the socket's
 * @port:    UDP port that goes with it, network byte order, 0 = none
 * @tos:     DSCP and ECN
 */
struct serval_datagram {
	struct service_id to;
	struct service_id from;
	struct in6_addr advised;
	int oif;
	__be16 port;
	u8 tos;
};

/**
 * struct serval_datagram_cb - skb->cb of a received datagram
 * @from: name of the sender
 * @iif:  device it came in through
 * @len:  of the SAL header, which lies before the UDP header
 * @port: UDP port it came from if it was encapsulated, else 0
 */
struct serval_datagram_cb {
	struct service_id from;
	int iif;
	u16 len;
	__be16 port;
};

static inline struct serval_datagram_cb *
serval_datagram_cb(const struct sk_buff *skb)
{
	return (struct serval_datagram_cb *)skb->cb;
}

/* datagram.c */
int serval_datagram_send(struct serval_net *sn, struct sock *sk,
			 struct serval_conn *conn, struct sk_buff *skb,
			 const struct serval_datagram *dg);
void serval_datagram_rcv(struct serval_net *sn, struct sk_buff *skb,
			 const struct serval_pkt *pkt, unsigned int len);
void serval_datagram_nack_rcv(struct serval_net *sn, struct sk_buff *skb,
			      const struct serval_flow *fl,
			      const struct serval_pkt *pkt);
bool serval_datagram_is_quoted(struct serval_net *sn,
			       const struct sk_buff *skb, int off,
			       const struct serval_flow *fl);
bool serval_datagram_check(struct sk_buff *skb, unsigned int len);
void serval_datagram_strip(struct sk_buff *skb, const struct service_id *from,
			   unsigned int len);
void serval_datagram_enqueue(struct serval_net *sn,
			     const struct serval_conn *conn, struct sock *sk,
			     struct sk_buff *skb, const struct service_id *from,
			     unsigned int len);
void serval_datagram_tap(struct serval_net *sn, struct sk_buff *skb,
			 const struct serval_conn *conn,
			 const struct service_id *peer, u8 tclass, bool out);
void serval_datagram_tap_received(struct serval_net *sn, struct sk_buff *skb,
				  const struct serval_conn *conn,
				  const struct service_id *peer,
				  unsigned int len);

void serval_datagram_queue(struct serval_net *sn, struct sock *sk,
			   struct sk_buff *skb);
void serval_datagram_report(const struct serval_flow *fl, int err);

/* datagram_gso.c */
struct sk_buff *serval_datagram_cut(struct sk_buff *skb, unsigned int len);

/* device.c */
int serval_device_init(struct serval_net *sn);
void serval_device_unpublish(struct serval_net *sn);
void serval_device_exit(struct serval_net *sn);
void serval_device_tap(struct serval_net *sn, struct sk_buff *skb,
		       const struct in6_addr *saddr,
		       const struct in6_addr *daddr, u8 proto, u8 tclass,
		       bool out);

/* Somebody runs tcpdump -i sal0 */
static inline bool serval_tapped(const struct serval_net *sn)
{
	return unlikely(!list_empty(&sn->dev->ptype_all));
}

#endif /* _SERVAL_SAL_H */
