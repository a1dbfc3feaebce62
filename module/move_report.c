// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves: what a program learns of those of its own connection, by the socket options
 * SERVAL_RECVMOVE and SERVAL_MIGRATE.
 */
#include <linux/errqueue.h>
#include <linux/serval.h>
#include <net/sock.h>

#include "move.h"
#include "sal.h"

static_assert(SERVAL_STATE_CLOSED == SERVAL_CLOSED);
static_assert(SERVAL_STATE_LISTEN == SERVAL_LISTEN);
static_assert(SERVAL_STATE_SYN_SENT == SERVAL_SYN_SENT);
static_assert(SERVAL_STATE_SYN_RCVD == SERVAL_SYN_RCVD);
static_assert(SERVAL_STATE_ESTABLISHED == SERVAL_ESTABLISHED);
static_assert(SERVAL_STATE_NOADDRESS == SERVAL_NOADDRESS);
static_assert(SERVAL_STATE_RSYN_SENT == SERVAL_RSYN_SENT);
static_assert(SERVAL_STATE_RSYN_RCVD == SERVAL_RSYN_RCVD);
static_assert(SERVAL_STATE_RSYN_SENT_RCVD == SERVAL_RSYN_SENT_RCVD);
static_assert(SERVAL_STATE_NOADDRESS_RSYN_RCVD == SERVAL_NOADDRESS_RSYN_RCVD);

/**
 * serval_move_report() - put the end of a move into the socket's error queue
 * @todo: with a report
 *
 * Nothing, unless the program wants it.  It is lost if there is no memory, or no room in
 * the receive buffer, of which a peer that moves to and fro can fill no more.
 *
 * Context: any but hard interrupt, no lock, rcu_read_lock() held.
 */
void serval_move_report(const struct serval_todo *todo)
{
	struct sk_buff *skb;
	struct sock *sk;

	if (likely(!READ_ONCE(serval_options(todo->conn)->recv_move)))
		return;
	sk = serval_conn_get_sock(todo->conn);
	if (!sk)
		return;
	skb = alloc_skb(0, GFP_ATOMIC);
	if (!skb)
		goto out;
	SKB_EXT_ERR(skb)->ee = (struct sock_extended_err) {
		.ee_errno = -todo->result.err,
		.ee_origin = SERVAL_EE_ORIGIN_MOVE,
		.ee_type = todo->report,
		.ee_info = todo->result.us,
		.ee_data = (__force u32)todo->result.new_id,
	};
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
out:
	sock_put(sk);
}

static u32 state_of(const struct serval_flow *fl, const struct serval_move *m)
{
	switch (fl->state) {
	case SERVAL_FLOW_SYN_SENT:
		return SERVAL_SYN_SENT;
	case SERVAL_FLOW_SYN_RCVD:
		return SERVAL_SYN_RCVD;
	}
	return m && m->state ? m->state : SERVAL_ESTABLISHED;
}

static u16 put_addr(u8 *to, const struct in6_addr *addr)
{
	const __be32 addr4 = serval_addr_to4(addr);

	if (ipv6_addr_any(addr))
		return AF_UNSPEC;
	if (serval_addr_is4(addr))
		memcpy(to, &addr4, sizeof(addr4));
	else
		memcpy(to, addr, sizeof(*addr));
	return serval_addr_family(addr);
}

static void put_path(const struct serval_path *path,
		     struct serval_migration *info)
{
	const struct dst_entry *dst = rcu_dereference(path->dst);

	info->sm_local_family = put_addr(info->sm_local, &path->laddr);
	info->sm_peer_family = put_addr(info->sm_peer, &path->raddr);
	/* of an address that is gone it is nobody's device */
	info->sm_ifindex = dst && dst->dev->ifindex ? dst->dev->ifindex :
						      path->oif;
}

/**
 * serval_move_describe() - what SERVAL_MIGRATE tells of a connection
 * @conn: connection
 * @info: result, zeroed
 *
 * Context: process, rcu_read_lock() held.
 */
void serval_move_describe(struct serval_conn *conn,
			  struct serval_migration *info)
{
	const struct serval_move *m = serval_move_of(conn);
	const struct serval_flow *fl;

	spin_lock_bh(&conn->lock);
	fl = serval_move_active(conn);
	if (fl && !serval_flow_is_shown(fl))
		fl = NULL;
	if (fl) {
		info->sm_state = state_of(fl, m);
		put_path(&fl->path, info);
	}
	/* what an earlier connection of the socket has left is not this one's */
	if (m && (m->state || !fl)) {
		info->sm_error = -m->err;
		info->sm_moves = m->moves;
		info->sm_us = m->us;
	}
	spin_unlock_bh(&conn->lock);
}
