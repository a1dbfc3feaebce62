// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals that say where to ask instead (Documentation/protocol.rst 4.15).
 *
 *	C -- SYN, inside UDP --> R
 *	C <-- NACK{EREMOTE}, ADDRESS{S} -- R
 *	C -- SYN, inside UDP --> S
 *
 * Who speaks UDP may sit behind a NAT, which lets nobody answer but the host
 * that was asked.  So a router does not pass such a request on.
 *
 * The initiator believes it of the host that it asked, inside UDP, and goes to
 * addresses only that a rule could lead to.  It asks there once: the next
 * repetition of the request goes by the table again.  A few such refusals are
 * followed for each attempt; one that is not is a refusal like others.
 */
#include <net/dst.h>
#include <net/sock.h>

#include "encap.h"
#include "path.h"
#include "sal.h"

/* Of one attempt: routers may lead to each other */
#define REDIRECTS_MAX	8

static bool is_believed(const struct serval_flow *fl, const struct sk_buff *skb,
			const struct serval_pkt *pkt)
{
	return serval_outer_udp(skb) && serval_path_is_peer(&fl->path, skb) &&
	       READ_ONCE(fl->encap) != SERVAL_UDP_NEVER &&
	       serval_addr_is_host(&pkt->list[0]);
}

/* Is there a way to it, which is not this host itself? */
static bool is_reached(struct serval_net *sn, const struct serval_conn *conn,
		       const struct sock *sk, struct serval_path *path,
		       const struct in6_addr *addr)
{
	const struct serval_options *opt = serval_options(conn);
	struct dst_entry *dst;

	serval_path_set(path, &opt->bind_addr, addr, opt->oif, false);
	dst = serval_path_route(sn, path, sk, READ_ONCE(sk->sk_mark));
	return !IS_ERR(dst) && !(dst->dev->flags & IFF_LOOPBACK);
}

/* Return: false if the attempt is over, or has followed enough */
static bool lead_to(struct serval_flow *fl, const struct in6_addr *addr)
{
	struct serval_conn *conn = fl->conn;
	struct serval_options *opt;
	bool follow;

	opt = serval_conn_set_options(conn, GFP_ATOMIC);
	if (!opt)
		return false;
	spin_lock_bh(&conn->lock);
	follow = rcu_access_pointer(conn->flow) == fl &&
		 fl->state == SERVAL_FLOW_SYN_SENT &&
		 opt->redirects < REDIRECTS_MAX;
	if (follow) {
		opt->redirects++;
		opt->redirect = *addr;
	}
	spin_unlock_bh(&conn->lock);
	return follow;
}

static bool follow(struct serval_net *sn, struct serval_flow *fl,
		   const struct sk_buff *skb, const struct serval_pkt *pkt,
		   struct sock *sk)
{
	struct serval_path path = {};
	bool ok;

	serval_path_init(&path);
	serval_path_answer(&path, skb, 0);
	if (READ_ONCE(fl->encap) == SERVAL_UDP_AUTO)
		serval_encap_learn(sn, &path);
	ok = is_reached(sn, fl->conn, sk, &path, &pkt->list[0]) &&
	     lead_to(fl, &pkt->list[0]) && serval_output_again(sn, sk);
	serval_path_release(&path);
	return ok;
}

/**
 * serval_redirect_rcv() - a refusal may say where to ask instead
 * @sn:  namespace
 * @fl:  flow, in SYN_SENT
 * @skb: NACK with the right ids, ackno and nonce; kept
 * @pkt: its header
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: true if that host is asked now; else it is a plain refusal.
 */
bool serval_redirect_rcv(struct serval_net *sn, struct serval_flow *fl,
			 const struct sk_buff *skb,
			 const struct serval_pkt *pkt)
{
	struct sock *sk;
	bool ok = false;

	if (pkt->reason != SERVAL_REASON_REDIRECT ||
	    pkt->listed != 1)
		return false;
	if (is_believed(fl, skb, pkt)) {
		sk = serval_conn_get_sock(fl->conn);
		ok = sk && follow(sn, fl, skb, pkt, sk);
		if (sk)
			sock_put(sk);
	}
	if (ok)
		SERVAL_INC(sn, INREDIRECT);
	else
		SERVAL_INC(sn, INREDIRECTBAD);
	return ok;
}
