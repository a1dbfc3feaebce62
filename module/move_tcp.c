// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves: what TCP is told once its connection has moved.
 *
 * A process may hold the socket, so a work does it.
 */
#include <linux/llist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/neighbour.h>
#include <net/tcp.h>

#include "move.h"
#include "sal.h"

#define INITIAL_WINDOW	10	/* of TCP, RFC 6928 */

struct kick {
	struct llist_node node;
	struct sock *sk;
	struct dst_entry *old;
	struct in6_addr raddr;
	bool lost;
	bool same;
};

/**
 * serval_move_kick() - a connection of TCP has moved
 * @sn:   namespace
 * @todo: of the step that moved it; its references to the socket and to the route that
 *        was left go over to this
 *
 * Context: any but hard interrupt.
 */
void serval_move_kick(struct serval_net *sn, struct serval_todo *todo)
{
	struct kick *kick = kmalloc(sizeof(*kick), GFP_ATOMIC);

	if (!kick) {
		/* TCP's timer will find out */
		sock_put(todo->sk);
		dst_release(todo->old);
		return;
	}
	kick->sk = todo->sk;
	kick->old = todo->old;
	kick->raddr = todo->old_raddr;
	kick->lost = todo->lost;
	kick->same = todo->same;
	if (llist_add(&kick->node, &sn->moved))
		schedule_work(&sn->moved_work);
}

/* A packet in the queue of a next hop that never answered would keep TCP from
 * sending it again: it is still on its way then
 */
static void fail_neighbour(const struct kick *kick)
{
	const __be32 addr4 = serval_addr_to4(&kick->raddr);
	struct neighbour *n;

	n = dst_neigh_lookup(kick->old, kick->old->ops->family == AF_INET ?
			     (const void *)&addr4 : &kick->raddr);
	if (!n)
		return;
	if (READ_ONCE(n->nud_state) & NUD_INCOMPLETE)
		neigh_update(n, NULL, NUD_FAILED,
			     NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 0);
	neigh_release(n);
}

/* The new path's capacity is not known: from the initial window on, and quickly up to
 * three quarters of what the old one had, or to where that had lost something
 */
static void restart_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Open ||
	    tcp_snd_cwnd(tp) <= INITIAL_WINDOW)
		return;
	tp->snd_ssthresh = tcp_current_ssthresh(sk);
	tcp_snd_cwnd_set(tp, INITIAL_WINDOW);
}

/* What congestion control has measured was another path's.  It begins anew as it does after
 * a timeout.
 */
static void forget_path(struct sock *sk)
{
	const struct tcp_congestion_ops *ops = inet_csk(sk)->icsk_ca_ops;

	minmax_reset(&tcp_sk(sk)->rtt_min, tcp_jiffies32, ~0U);
	if (ops->set_state)
		ops->set_state(sk, TCP_CA_Loss);
}

/**
 * serval_move_explore() - let TCP find out what its paths carry
 * @sk:    locked
 * @other: they are others than those that it has measured
 *
 * By a slow start from where it is, up to twice or four times as much.
 */
void serval_move_explore(struct sock *sk, bool other)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (other)
		forget_path(sk);
	if (inet_csk(sk)->icsk_ca_state == TCP_CA_Open)
		tp->snd_ssthresh = max(tp->snd_ssthresh,
				       tcp_snd_cwnd(tp) * (other ? 4 : 2));
}

/* TCP may be waiting long by now.  If it is not, two round trips show what the old path still
 * brought.
 */
static void restart_timer(struct sock *sk, bool lost)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned long when = 1;

	if (!lost && !icsk->icsk_retransmits && !icsk->icsk_backoff)
		when = max(usecs_to_jiffies(tp->srtt_us >> 2), 1UL);
	if (icsk->icsk_backoff) {
		icsk->icsk_backoff = 0;
		icsk->icsk_rto = __tcp_set_rto(tp);
		tcp_bound_rto(sk);
	}
	if (icsk->icsk_pending == ICSK_TIME_PROBE0)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, when,
					  TCP_RTO_MAX);
	else if (tp->packets_out)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, when,
					  TCP_RTO_MAX);
}

static void mark_lost(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (cb->sacked & TCPCB_SACKED_ACKED)
		return;
	if (cb->sacked & TCPCB_SACKED_RETRANS) {
		cb->sacked &= ~TCPCB_SACKED_RETRANS;
		tp->retrans_out -= tcp_skb_pcount(skb);
	}
	if (!(cb->sacked & TCPCB_LOST)) {
		cb->sacked |= TCPCB_LOST;
		tp->lost_out += tcp_skb_pcount(skb);
		tp->lost += tcp_skb_pcount(skb);
	}
}

/* What was under way along a path that is dead is lost, and TCP sends it again as soon as the
 * socket is released.  After its timer it would first look for signs that this was too early
 * (RFC 5682), and find one in what the old path had brought unacknowledged.
 */
static void resend(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	if (!tp->packets_out)
		return;
	skb_rbtree_walk(skb, &sk->tcp_rtx_queue)
		mark_lost(tp, skb);
	tp->retransmit_skb_hint = NULL;
	tp->snd_ssthresh = tcp_current_ssthresh(sk);
	tp->high_seq = tp->snd_nxt;
	tp->prior_ssthresh = 0;
	tp->undo_marker = 0;
	tp->frto = 0;
	if (icsk->icsk_ca_ops->set_state)
		icsk->icsk_ca_ops->set_state(sk, TCP_CA_Loss);
	icsk->icsk_ca_state = TCP_CA_Loss;
	if (!test_and_set_bit(TCP_TSQ_DEFERRED, &sk->sk_tsq_flags))
		sock_hold(sk);
}

/* So were the acknowledgments: this one says what needs not be sent again */
static void acknowledge(struct sock *sk)
{
	inet_csk_schedule_ack(sk);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, 1, TCP_DELACK_MAX);
}

#define MOVING	(TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_CLOSE_WAIT | \
		 TCPF_CLOSING | TCPF_LAST_ACK)

static void kick_tcp(struct serval_net *sn, const struct kick *kick)
{
	struct sock *sk = kick->sk;
	struct serval_conn *conn;
	struct serval_flow *fl;

	lock_sock(sk);
	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	fl = conn ? rcu_dereference(conn->flow) : NULL;
	if (fl && (1 << sk->sk_state) & MOVING) {
		/* the socket's own route, by its owner and policy */
		serval_path_route(sn, &fl->path, sk, READ_ONCE(sk->sk_mark));
		serval_sync_mss(sk, conn);
		if (!kick->same)
			restart_window(sk);
		restart_timer(sk, kick->lost);
		if (kick->lost) {
			acknowledge(sk);
			resend(sk);
		}
	}
	rcu_read_unlock();
	release_sock(sk);
}

static void kick_work(struct work_struct *work)
{
	struct serval_net *sn = container_of(work, struct serval_net,
					     moved_work);
	struct kick *kick, *next;

	llist_for_each_entry_safe(kick, next,
				  llist_reverse_order(llist_del_all(&sn->moved)),
				  node) {
		if (kick->old)
			fail_neighbour(kick);
		dst_release(kick->old);
		if (!READ_ONCE(sn->closed))
			kick_tcp(sn, kick);
		sock_put(kick->sk);
		kfree(kick);
	}
}

/**
 * serval_move_init() - prepare a namespace
 * @sn: namespace
 */
void serval_move_init(struct serval_net *sn)
{
	init_llist_head(&sn->moved);
	INIT_WORK(&sn->moved_work, kick_work);
}

/**
 * serval_move_exit() - wait until a namespace holds no socket any more
 * @sn: namespace; no packet arrives any more, and no timer runs
 *
 * Context: process.
 */
void serval_move_exit(struct serval_net *sn)
{
	flush_work(&sn->moved_work);
}
