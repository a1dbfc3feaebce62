// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves: doubts about the path in use.
 *
 *	silence		TCP's data is not answered, or a datagram has found no route
 *	stray packets	right ids from another locator: a NAT on the way has given the
 *			peer another address, perhaps
 *	refusals	the peer does not know the connection, or somebody says so
 *
 * All of them are answered by trying the path in use anew, with AUTH and a
 * challenge (SERVAL_EV_SILENCE): the peer follows if it has lost us, is followed
 * if it has moved, and if it has forgotten the connection it proves that by the
 * challenge.  Nothing is believed before.  What is computed for that may sleep, so a
 * work begins it; a connection waits for it once.
 */
#include <linux/llist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "events.h"
#include "join.h"
#include "sal.h"

/* Transmissions without an answer after which the peer is asked whether it is there:
 * three times the retransmission timeout
 */
#define SILENCE	2

/* Between two attempts: anybody can send stray packets and refusals who has seen the
 * connection, and what is silent on each new flow is not to have one at each round trip
 */
#define PAUSE	HZ

struct doubt {
	struct llist_node node;
	__be32 id;
};

static void ask(struct serval_net *sn, struct serval_conn *conn)
{
	const struct serval_flow *fl = rcu_dereference(conn->flow);
	struct doubt *doubt;

	if (!fl || xchg(&conn->doubted, true))
		return;
	doubt = kmalloc(sizeof(*doubt), GFP_ATOMIC);
	if (!doubt) {
		WRITE_ONCE(conn->doubted, false);
		return;
	}
	doubt->id = fl->local_id;
	if (llist_add(&doubt->node, &sn->doubts))
		schedule_work(&sn->doubt_work);
}

/* Is there another path that may be better? */
static bool has_other(struct serval_move *m)
{
	bool other;

	if (!m || !READ_ONCE(m->joins))
		return false;
	spin_lock_bh(&m->conn->lock);
	other = serval_move_ready(m) && serval_join_suspect(m);
	spin_unlock_bh(&m->conn->lock);
	return other;
}

/**
 * serval_event_silent() - the peer of a connection does not answer
 * @sn:   namespace
 * @conn: connection
 * @unanswered: transmissions, the first one not counted; 0 = an acknowledgment is overdue
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_event_silent(struct serval_net *sn, struct serval_conn *conn,
			 unsigned int unanswered)
{
	struct serval_move *m = serval_move_of(conn);

	if (has_other(m) || unanswered < SILENCE)
		return;
	if (m) {
		if (time_before(jiffies, READ_ONCE(m->doubt_at)))
			return;
		WRITE_ONCE(m->doubt_at, jiffies + PAUSE);
	}
	ask(sn, conn);
}

/**
 * serval_event_unsent() - a datagram of a connection has found no route
 * @sn:   namespace
 * @conn: connection
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_event_unsent(struct serval_net *sn, struct serval_conn *conn)
{
	/* it is looked for already */
	if (!serval_move_is_lost(conn))
		serval_event_silent(sn, conn, SILENCE);
}

/* The work does not begin while the connection is on its way somewhere */
static bool may_doubt(struct serval_move *m)
{
	if (m->state == SERVAL_RSYN_SENT)
		return true;
	if (time_before(jiffies, m->doubt_at))
		return false;
	WRITE_ONCE(m->doubt_at, jiffies + PAUSE);
	return true;
}

/**
 * serval_move_stray() - a packet with the ids of a flow came from elsewhere
 * @sn:  namespace
 * @skb: at the SAL header; not consumed, and not to be taken
 * @fl:  flow
 *
 * The peer is asked where it was, and where this came from if it is silent there.
 *
 * Context: softirq, rcu_read_lock() held.
 */
void serval_move_stray(struct serval_net *sn, const struct sk_buff *skb,
		       const struct serval_flow *fl)
{
	struct serval_conn *conn = fl->conn;
	struct serval_move *m;
	bool doubts = false;

	if (READ_ONCE(fl->state) != SERVAL_FLOW_ESTABLISHED ||
	    serval_outer_is_group(skb))
		return;
	m = serval_move_make(sn, fl);
	if (!m)
		return;
	spin_lock(&conn->lock);
	if (rcu_access_pointer(conn->flow) == fl && may_doubt(m)) {
		m->hint = serval_move_leg(conn, skb);
		doubts = m->state != SERVAL_RSYN_SENT;
	}
	spin_unlock(&conn->lock);
	if (doubts)
		ask(sn, conn);
}

/* The same under the lock: the candidate's RSYN went to where the peer is known to be */
static bool is_proof(const struct serval_move *m, const struct serval_flow *fl,
		     const struct serval_flow *next, const struct sk_buff *skb,
		     const struct serval_pkt *pkt)
{
	return next == m->next && fl->confirmed &&
	       serval_fsm_asks(m->state) &&
	       pkt->src == fl->peer_id && pkt->nonce == fl->nonce &&
	       pkt->path_kind == SERVAL_PATH_RESPONSE &&
	       pkt->path_data == serval_move_challenge(m, next,
						       &fl->path.raddr) &&
	       serval_path_is_peer(&fl->path, skb) &&
	       /* else another host has the address now */
	       ipv6_addr_any(&m->hint.raddr);
}

/**
 * serval_move_gone() - has the peer forgotten the connection
 * @sn:   namespace
 * @skb:  RST with PATH, not consumed
 * @pkt:  its header
 * @next: flow that it names
 * @proven: result: the peer does not know the flow in use
 *
 * It answers an RSYN of ours, and has to return its challenge from the peer's locator.
 * If the connection has other flows, one of them is used from now on, and NULL returned.
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: the active flow of the connection that has ended, or NULL.
 */
struct serval_flow *serval_move_gone(struct serval_net *sn,
				     const struct sk_buff *skb,
				     const struct serval_pkt *pkt,
				     const struct serval_flow *next,
				     bool *proven)
{
	struct serval_move *m = serval_move_of(next->conn);
	struct serval_todo todo = { .conn = next->conn };
	const struct serval_cause again = {};
	struct serval_flow *fl;
	bool gone;

	*proven = false;
	if (!m)
		return NULL;
	spin_lock(&next->conn->lock);
	fl = serval_move_active(next->conn);
	*proven = serval_move_ready(m) && fl && is_proof(m, fl, next, skb, pkt);
	gone = *proven && !serval_join_forgotten(m, &todo);
	/* an attempt goes on, and asks for the other */
	if (*proven && !gone && serval_fsm_asks(m->state))
		serval_move_run(m, SERVAL_EV_TIMEOUT, &again, &todo);
	spin_unlock(&next->conn->lock);
	serval_move_settle(sn, &todo);
	/* whether it knows the other */
	if (*proven && !gone)
		ask(sn, next->conn);
	return gone ? fl : NULL;
}

/**
 * serval_move_refused() - the peer, or somebody, says that it has no such flow
 * @sn:  namespace
 * @fl:  flow of a connection that the peer has confirmed; ids and locator are right
 *
 * That alone ends no connection between hosts with keys, nor one that has moved, whose
 * flows the peer may forget one by one: an RSYN follows, whose challenge has to be
 * returned.
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: true if it is to be believed.
 */
bool serval_move_refused(struct serval_net *sn, const struct serval_flow *fl)
{
	struct serval_move *m;
	bool doubts;

	if (!serval_move_of(fl->conn) &&
	    !serval_host_find(sn, READ_ONCE(fl->host)))
		return true;
	m = serval_move_make(sn, fl);
	if (!m)
		return false;
	spin_lock(&fl->conn->lock);
	doubts = rcu_access_pointer(fl->conn->flow) == fl &&
		 m->state != SERVAL_RSYN_SENT && may_doubt(m);
	spin_unlock(&fl->conn->lock);
	if (doubts)
		ask(sn, fl->conn);
	return false;
}

/**
 * serval_move_unknown() - answer an RSYN for a flow that is not there
 * @sn:  namespace
 * @skb: RSYN, not consumed
 * @pkt: its header
 *
 * The challenge goes back: who does not hear what goes to this address can't say so.
 */
void serval_move_unknown(struct serval_net *sn, const struct sk_buff *skb,
			 const struct serval_pkt *pkt)
{
	const struct serval_pkt answer = {
		.src = pkt->dst,
		.dst = pkt->src,
		.protocol = SERVAL_PROTO_NONE,
		.has = SERVAL_HAS_CONTROL | SERVAL_HAS_PATH,
		.flags = SERVAL_CTRL_RST,
		.nonce = pkt->nonce,
		.path_kind = SERVAL_PATH_RESPONSE,
		.path_data = pkt->path_data,
	};

	if (!(pkt->has & SERVAL_HAS_PATH) ||
	    pkt->path_kind != SERVAL_PATH_CHALLENGE ||
	    serval_outer_is_group(skb) || !serval_reply_allowed(sn))
		return;
	SERVAL_INC(sn, OUTRST);
	serval_path_reply(sn, skb, &answer);
}

static void doubt_work(struct work_struct *work)
{
	struct serval_net *sn = container_of(work, struct serval_net,
					     doubt_work);
	struct doubt *doubt, *next;

	llist_for_each_entry_safe(doubt, next,
				  llist_reverse_order(llist_del_all(&sn->doubts)),
				  node) {
		if (!READ_ONCE(sn->closed))
			serval_move_silence(sn, doubt->id);
		kfree(doubt);
		cond_resched();
	}
}

/**
 * serval_doubt_init() - prepare a namespace
 * @sn: namespace
 */
void serval_doubt_init(struct serval_net *sn)
{
	init_llist_head(&sn->doubts);
	INIT_WORK(&sn->doubt_work, doubt_work);
}

/**
 * serval_doubt_exit() - wait until nothing is doubted any more
 * @sn: namespace; nothing is sent or received any more
 *
 * Context: process.
 */
void serval_doubt_exit(struct serval_net *sn)
{
	flush_work(&sn->doubt_work);
}
