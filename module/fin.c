// SPDX-License-Identifier: GPL-2.0-only
/*
 * FIN: one end of a datagram connection will send nothing more
 * (Documentation/protocol.rst section 4.13).
 *
 * It is sent once: if it is lost, the peer learns of the end when it sends.  Between
 * hosts with keys it has AUTH.  The secret for that may have to be computed, so
 * who ends a connection does so first, and who hears of it lets the packet wait.
 */
#include "dgram_conn.h"
#include "move.h"
#include "sal.h"

/**
 * serval_fin_prepare() - compute what FIN needs, if it is needed
 * @sn:   namespace
 * @conn: datagram connection
 *
 * Context: process, no lock.
 */
void serval_fin_prepare(struct serval_net *sn, struct serval_conn *conn)
{
	const struct serval_flow *fl;
	__be32 id = 0;

	rcu_read_lock();
	fl = rcu_dereference(conn->flow);
	if (fl && READ_ONCE(fl->state) == SERVAL_FLOW_ESTABLISHED)
		id = fl->local_id;
	rcu_read_unlock();
	if (id)
		serval_move_prepare(sn, id);
}

/**
 * serval_fin_send() - tell the peer that nothing more will come
 * @sn: namespace
 * @fl: active flow
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_fin_send(struct serval_net *sn, struct serval_flow *fl)
{
	struct serval_todo todo = { .conn = fl->conn };
	struct serval_move *m;

	if (!serval_flow_receives(fl))
		return;
	m = serval_move_make(sn, fl);
	if (!m)
		return;
	spin_lock_bh(&fl->conn->lock);
	/* another may be in use by now */
	if (serval_move_ready(m))
		serval_move_add_fin(m, &todo);
	spin_unlock_bh(&fl->conn->lock);
	serval_move_settle(sn, &todo);
}

/* Return: why it is dropped, or 0 */
static enum serval_mib_field take(struct serval_move *m,
				  const struct sk_buff *skb,
				  const struct serval_pkt *pkt)
{
	lockdep_assert_held(&m->conn->lock);
	if (!serval_move_ready(m))
		return SERVAL_MIB_INUNEXPECTED;
	if (!serval_move_genuine(m, skb, pkt, NULL))
		return SERVAL_MIB_INBADAUTH;
	if (!serval_verno_is_new(m, pkt->verno))
		return SERVAL_MIB_INBADVERNO;
	m->rcv = pkt->verno + 1;
	return 0;
}

static struct sock *shut(struct serval_conn *conn)
{
	struct sock *sk = conn->sk;

	lockdep_assert_held(&conn->lock);
	if (sk) {
		WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
		sock_hold(sk);
	} else if (conn->waits) {
		conn->waiting->ended = true;
	}
	return sk;
}

/**
 * serval_fin_rcv() - the peer will send nothing more
 * @sn:  namespace
 * @skb: consumed
 * @pkt: parsed header
 *
 * Context: softirq, rcu_read_lock() held.
 */
void serval_fin_rcv(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);
	struct sock *sk = NULL;
	enum serval_mib_field why;
	struct serval_move *m;

	if (!fl)
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	if (!serval_dgram_is_peer(sn, skb, fl, pkt))
		return;
	if (pkt->nonce != fl->nonce)
		return serval_drop(sn, skb, SERVAL_MIB_INBADNONCE);
	m = serval_move_make_for(sn, fl, skb);
	if (!m)
		return;
	spin_lock_bh(&fl->conn->lock);
	why = take(m, skb, pkt);
	if (!why)
		sk = shut(fl->conn);
	spin_unlock_bh(&fl->conn->lock);
	if (why)
		return serval_drop(sn, skb, why);
	serval_taken(sn, skb);
	if (!sk)
		return;
	sk->sk_state_change(sk);
	sock_put(sk);
}
