// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves of a connection that is being set up.
 *
 * There is no path yet that could be tried beside another: its request is repeated at
 * once from the new place.  To the peer that is another initiator; whichever of its
 * answers comes first decides, and what nobody confirms ends by itself.  The socket
 * sends the request, so where from is kept in the connection's options until it asks
 * anew.
 */
#include "move.h"
#include "sal.h"

static void repeat(struct serval_net *sn, const struct serval_conn *conn)
{
	struct sock *sk = serval_conn_get_sock(conn);

	if (!sk)
		return;
	/* without memory TCP's timer does it, later */
	serval_output_again(sn, sk);
	sock_put(sk);
}

static void tell(struct serval_net *sn, struct serval_waiter *w, __be32 id)
{
	const struct serval_move_result result = {
		.old_id = id,
		.new_id = id,
	};

	if (!w)
		return;
	serval_waiter_add(w);
	serval_waiter_tell(sn, w, &result);
}

/**
 * serval_move_start() - let a request leave from another place
 * @sn:   namespace
 * @fl:   flow in SYN_SENT
 * @here: where, verified; @here->oif is not 0
 * @w:    is told that it has, or NULL
 *
 * Context: process, rcu_read_lock() held.
 * Return: 0; -ENOTCONN if it has been answered meanwhile, -ENOMEM.
 */
int serval_move_start(struct serval_net *sn, const struct serval_flow *fl,
		      const struct serval_move_to *here,
		      struct serval_waiter *w)
{
	struct serval_conn *conn = fl->conn;
	struct serval_options *opt = serval_conn_set_options(conn, GFP_ATOMIC);
	bool asks;

	if (!opt)
		return -ENOMEM;
	spin_lock_bh(&conn->lock);
	asks = fl->state == SERVAL_FLOW_SYN_SENT;
	if (asks) {
		opt->start = here->laddr;
		opt->start_oif = here->oif;
		if (here->way != SERVAL_MOVE_KEEP)
			WRITE_ONCE(opt->encap, here->way == SERVAL_MOVE_UDP ?
				   SERVAL_UDP_ALWAYS : SERVAL_UDP_NEVER);
	}
	spin_unlock_bh(&conn->lock);
	if (!asks)
		return -ENOTCONN;
	repeat(sn, conn);
	tell(sn, w, fl->local_id);
	return 0;
}

/**
 * serval_move_restart() - repeat a request whose local address has gone
 * @sn: namespace
 * @fl: flow
 *
 * Nothing happens if it has not, or if the flow is not in SYN_SENT.
 *
 * Context: process, rcu_read_lock() held.
 */
void serval_move_restart(struct serval_net *sn, const struct serval_flow *fl)
{
	struct in6_addr laddr;

	spin_lock_bh(&fl->conn->lock);
	laddr = fl->state == SERVAL_FLOW_SYN_SENT ? fl->path.laddr : in6addr_any;
	spin_unlock_bh(&fl->conn->lock);
	if (!ipv6_addr_any(&laddr) && !serval_addr_is_local(sn, &laddr))
		repeat(sn, fl->conn);
}
