// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connected datagrams on the wire (Documentation/protocol.rst section 4.13).
 *
 *	initiator			responder
 *	   | SYN	---->		      |	 computes ids, keeps nothing
 *	   |		<----	      SYN-ACK |
 *	   | confirm	---->		      |	 makes connection and flow
 *	   |		<----	   bare header|
 *	   | header, UDP, data	   <---->     |
 *	   | FIN	---->		      |
 *
 * SYN and confirm are repeated by the initiator's timer, sk->sk_timer, until
 * the next packet of the responder comes; the responder has no timer.  The ids
 * are derived as for streams.
 */
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "dgram_conn.h"
#include "events.h"
#include "handshake.h"
#include "move.h"
#include "multipath.h"
#include "sal.h"
#include "spread.h"

#define FIRST_TIMEOUT	HZ
#define LAST_TIMEOUT	(60 * HZ)

static struct sk_buff *alloc_empty(struct serval_net *sn)
{
	const unsigned int room = MAX_HEADER + SERVAL_OUTER_MAX +
				  SERVAL_CONFIRM_LEN + SERVAL_KEY_LEN;
	struct sk_buff *skb = alloc_skb(room, GFP_ATOMIC);

	if (!skb) {
		SERVAL_INC(sn, OUTNOMEM);
		return NULL;
	}
	skb_reserve(skb, room);
	skb_reset_transport_header(skb);
	return skb;
}

/* Header alone: with confirm extensions, or to say that we have heard them */
static void send_bare(struct serval_net *sn, struct serval_flow *fl,
		      struct sock *sk)
{
	struct sk_buff *skb = alloc_empty(sn);

	if (skb)
		serval_output_segment(sn, fl->conn, fl, sk, skb, 0);
}

static void arm_timer(struct serval_flow *fl, struct sock *sk)
{
	struct serval_conn *conn = fl->conn;
	unsigned long timeout;

	timeout = min_t(unsigned long, LAST_TIMEOUT,
			(unsigned long)FIRST_TIMEOUT <<
			min_t(u16, serval_options(conn)->tries, 6));
	spin_lock_bh(&conn->lock);
	/* who stops it takes the flow away first */
	if (rcu_access_pointer(conn->flow) == fl)
		sk_reset_timer(sk, &sk->sk_timer, jiffies + timeout);
	spin_unlock_bh(&conn->lock);
}

static int send_again(struct serval_net *sn, struct serval_flow *fl,
		      struct sock *sk)
{
	struct sk_buff *skb;

	if (READ_ONCE(fl->state) != SERVAL_FLOW_SYN_SENT) {
		send_bare(sn, fl, sk);
		return 0;
	}
	skb = alloc_empty(sn);
	if (!skb)
		return -ENOMEM;
	return serval_output_syn(sn, fl->conn, sk, skb,
				 inet6_sk(sk)->tclass | inet_sk(sk)->tos);
}

static void retransmit(struct serval_net *sn, struct serval_flow *fl,
		       struct sock *sk)
{
	struct serval_options *opt = READ_ONCE(fl->conn->options);

	if (fl->state == SERVAL_FLOW_UNCONNECTED || READ_ONCE(fl->confirmed))
		return;
	if (opt->tries >= READ_ONCE(sn->settings.sal_max_retransmits))
		return serval_dgram_fail(fl, ETIMEDOUT);
	opt->tries++;
	/* what IP says now may be over by the next time */
	send_again(sn, fl, sk);
	arm_timer(fl, sk);
}

static void timer_expired(struct timer_list *t)
{
	struct sock *sk = from_timer(sk, t, sk_timer);
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_conn *conn;
	struct serval_flow *fl;

	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	fl = conn ? rcu_dereference(conn->flow) : NULL;
	if (fl)
		retransmit(sn, fl, sk);
	rcu_read_unlock();
	sock_put(sk);
}

/**
 * serval_dgram_start() - send the first SYN
 * @sn:   namespace
 * @conn: its flow is in SYN_SENT
 * @sk:   locked; its timer is not running
 *
 * Return: 0, or why it could not be sent.
 */
int serval_dgram_start(struct serval_net *sn, struct serval_conn *conn,
		       struct sock *sk)
{
	struct serval_flow *fl;
	int err;

	timer_setup(&sk->sk_timer, timer_expired, 0);
	rcu_read_lock();
	fl = rcu_dereference(conn->flow);
	err = send_again(sn, fl, sk);
	if (err >= 0)
		arm_timer(fl, sk);
	rcu_read_unlock();
	return min(err, 0);
}

/**
 * serval_dgram_send() - send a datagram along a connection
 * @sn:  namespace
 * @fl:  its flow, in ESTABLISHED
 * @sk:  its socket
 * @skb: at the UDP header, with headroom; consumed
 * @tos: DSCP and ECN
 *
 * Context: process, rcu_read_lock() held.
 * Return: as ip_local_out(), or a negative errno; -EMSGSIZE.
 */
int serval_dgram_send(struct serval_net *sn, struct serval_flow *fl,
		      struct sock *sk, struct sk_buff *skb, u8 tos)
{
	unsigned int room = serval_path_payload_max(&fl->path) - SERVAL_HDR_LEN;
	u32 segments = serval_segments(skb);
	int err;

	if (skb->len > room) {
		kfree_skb(skb);
		return -EMSGSIZE;
	}
	udp_hdr(skb)->source = htons(SERVAL_PORT);
	if (serval_tapped(sn))
		serval_datagram_tap(sn, skb, fl->conn,
				    serval_conn_peer(fl->conn), tos, true);
	skb->ignore_df = 1;
	if (likely(READ_ONCE(fl->confirmed) ||
		   (!skb_is_gso(skb) &&
		    skb->len + serval_confirm_extra(fl->conn) <= room))) {
		err = serval_output_segment(sn, fl->conn, fl, sk, skb, tos);
	} else {
		/* no room to confirm: another packet does it just before */
		send_bare(sn, fl, sk);
		memcpy(skb_push(skb, SERVAL_HDR_LEN), &fl->hdr,
		       SERVAL_HDR_LEN);
		err = serval_path_xmit(sn, &fl->path, sk, skb,
				       (struct serval_outer) { tos });
	}
	if (likely(err >= 0))
		SERVAL_ADD(sn, OUTDATAGRAMS, segments);
	else if (!serval_path_dst(&fl->path))
		serval_event_unsent(sn, fl->conn);
	return err;
}

/* The socket of a flow that is still its connection's, or was until another took its place;
 * with a reference
 */
static struct sock *__sock_of(const struct serval_flow *fl)
{
	struct serval_conn *conn = fl->conn;

	lockdep_assert_held(&conn->lock);
	if (!conn->sk || !rcu_access_pointer(conn->flow) ||
	    (rcu_access_pointer(conn->flow) != fl &&
	     fl->state < SERVAL_FLOW_LEFT))
		return NULL;
	sock_hold(conn->sk);
	return conn->sk;
}

/**
 * serval_dgram_fail() - end an attempt, or a connection that the peer forgot
 * @fl:  flow
 * @err: positive errno
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_dgram_fail(struct serval_flow *fl, int err)
{
	struct sock *sk;

	spin_lock_bh(&fl->conn->lock);
	sk = __sock_of(fl);
	if (sk) {
		WRITE_ONCE(sk->sk_err, err);
		if (sk->sk_state == TCP_SYN_SENT)
			WRITE_ONCE(sk->sk_state, TCP_CLOSE);
		else
			WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	}
	spin_unlock_bh(&fl->conn->lock);
	if (!sk)
		return;
	sk_error_report(sk);
	sk->sk_state_change(sk);
	sock_put(sk);
}

/**
 * serval_dgram_report() - tell a connected socket that a datagram got lost
 * @fl:   flow
 * @err:  positive errno
 * @hard: the next ones will not arrive either; who has set IP_RECVERR or
 *        IPV6_RECVERR hears of others as well
 *
 * The connection goes on.
 *
 * Context: softirq, rcu_read_lock() held.
 */
void serval_dgram_report(struct serval_flow *fl, int err, bool hard)
{
	struct sock *sk;

	spin_lock_bh(&fl->conn->lock);
	sk = __sock_of(fl);
	spin_unlock_bh(&fl->conn->lock);
	if (!sk)
		return;
	if (hard || serval_recverr(sk)) {
		WRITE_ONCE(sk->sk_err, err);
		sk_error_report(sk);
	}
	sock_put(sk);
}

/**
 * serval_dgram_again() - repeat a SYN now
 * @fl: flow
 *
 * Context: process, socket locked, rcu_read_lock() held.
 */
void serval_dgram_again(struct serval_flow *fl)
{
	struct sock *sk;

	spin_lock_bh(&fl->conn->lock);
	sk = __sock_of(fl);
	if (sk && sk->sk_state == TCP_SYN_SENT)
		sk_reset_timer(sk, &sk->sk_timer, jiffies);
	spin_unlock_bh(&fl->conn->lock);
	if (sk)
		sock_put(sk);
}

/**
 * serval_waiting_free() - free what waited for accept()
 * @w: in no list, and not its connection's any more
 */
void serval_waiting_free(struct serval_waiting *w)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&w->skbs))) {
		atomic_sub(skb->truesize, &w->backlog->bytes);
		kfree_skb(skb);
	}
	kfree(w);
}

/**
 * serval_waiting_drop() - end a connection that nobody will accept
 * @sn: namespace
 * @w:  in no list
 */
void serval_waiting_drop(struct serval_net *sn, struct serval_waiting *w)
{
	struct serval_conn *conn = w->conn;
	struct serval_flow *fl;

	rcu_read_lock();
	fl = rcu_dereference(conn->flow);
	if (fl)
		serval_fin_send(sn, fl);
	spin_lock_bh(&conn->lock);
	conn->waits = false;
	spin_unlock_bh(&conn->lock);
	serval_waiting_free(w);
	serval_flow_drop(sn, conn);
	serval_conn_release(sn, conn);
	rcu_read_unlock();
}

static struct serval_target *find_listener(struct serval_net *sn,
					   struct sk_buff *skb,
					   const struct serval_pkt *pkt,
					   unsigned int len,
					   struct serval_flow *fl)
{
	struct serval_target *t;

	__skb_pull(skb, len);
	t = serval_service_receiver(sn, &pkt->service[0], (__force u32)pkt->src,
				    skb, TCP_LISTEN);
	__skb_push(skb, len);
	return t && serval_listener_takes(sn, skb, t->sk, fl) ? t : NULL;
}

static struct serval_backlog *backlog_of(struct serval_net *sn,
					 const struct sock *listener)
{
	const struct serval_conn *conn = serval_conn_find_sock(sn, listener);

	/* pairs with serval_dgram_listen() */
	return conn ? smp_load_acquire(&serval_options(conn)->backlog) : NULL;
}

static bool is_full(const struct serval_backlog *b)
{
	return !b || READ_ONCE(b->len) >= READ_ONCE(b->max);
}

/**
 * serval_dgram_syn_rcv() - a SYN asks for a datagram service
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 * @pkt: parsed header
 * @len: its length
 *
 * Answered without keeping anything (Documentation/protocol.rst section 4.13).
 */
void serval_dgram_syn_rcv(struct serval_net *sn, struct sk_buff *skb,
			  const struct serval_pkt *pkt, unsigned int len)
{
	struct serval_seed seed;
	struct serval_target *t;
	struct serval_flow *fl;
	struct sk_buff *answer;

	if (pkt->dst || !(pkt->has & SERVAL_HAS_SERVICE) ||
	    pkt->has & SERVAL_HAS_SERVICE2 || skb->len != len)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	SERVAL_INC(sn, INSYN);
	serval_seed_init(sn, &seed, skb, pkt, pkt->verno);
	fl = serval_seed_for_syn(sn, skb, pkt, &seed, 0) ?: &seed.conn.first;
	t = find_listener(sn, skb, pkt, len, &seed.conn.first);
	if (!t)
		return serval_syn_refuse(sn, skb, pkt);
	if (serval_exchange_lacks(sn, pkt))
		return serval_exchange_refuse(sn, skb, pkt);
	serval_target_resolved(t, 0);
	/* as TCP: who asks again later may find room */
	if (is_full(backlog_of(sn, t->sk)))
		return serval_drop(sn, skb, SERVAL_MIB_BACKLOGFULL);
	answer = alloc_empty(sn);
	if (answer) {
		answer->mark = READ_ONCE(t->sk->sk_mark);
		serval_output_synack(sn, fl, answer);
	}
	serval_path_release(&seed.conn.first.path);
	serval_taken(sn, skb);
}

static void send_rst(struct serval_net *sn, const struct sk_buff *skb,
		     const struct serval_pkt *to)
{
	const struct serval_pkt pkt = {
		.src = to->dst,
		.dst = to->src,
		.protocol = SERVAL_PROTO_NONE,
		/* bare, it is no longer than the shortest packet */
		.has = to->has & SERVAL_HAS_CONTROL,
		.flags = SERVAL_CTRL_RST,
		.nonce = to->nonce,
	};

	if (!serval_reply_allowed(sn))
		return;
	SERVAL_INC(sn, OUTRST);
	serval_path_reply(sn, skb, &pkt);
}

static bool reserve(struct serval_net *sn, struct serval_backlog *b)
{
	bool room;

	spin_lock(&b->lock);
	room = b->len < b->max;
	b->len += room;
	spin_unlock(&b->lock);
	if (!room)
		SERVAL_INC(sn, BACKLOGFULL);
	return room;
}

/* Return: false if nobody listens any more */
static bool append(struct serval_backlog *b, struct serval_waiting *w)
{
	bool open;

	spin_lock(&b->lock);
	open = b->max;
	if (open)
		list_add_tail(&w->node, &b->list);
	else
		b->len--;
	spin_unlock(&b->lock);
	return open;
}

static void unreserve(struct serval_backlog *b)
{
	spin_lock(&b->lock);
	b->len--;
	spin_unlock(&b->lock);
}

/* Return: the new connection, NULL if there is no memory */
static struct serval_conn *insert(struct serval_net *sn,
				  struct serval_seed *seed,
				  struct serval_backlog *b)
{
	struct serval_waiting *w = kzalloc(sizeof(*w), GFP_ATOMIC);
	struct serval_conn *conn;

	if (!w)
		return NULL;
	__skb_queue_head_init(&w->skbs);
	w->backlog = b;
	seed->conn.waiting = w;
	seed->conn.waits = true;
	seed->conn.owned = true;
	seed->conn.first.state = SERVAL_FLOW_ESTABLISHED;
	seed->conn.first.confirmed = true;
	conn = serval_seed_insert(sn, seed);
	if (conn)
		w->conn = conn;
	else
		kfree(w);
	return conn;
}

/* Return: the new connection's flow, NULL if there is no room or no memory */
static struct serval_flow *make_conn(struct serval_net *sn,
				     struct serval_seed *seed,
				     struct sock *listener)
{
	struct serval_backlog *b = backlog_of(sn, listener);
	struct serval_conn *conn;

	if (!b || !reserve(sn, b))
		return NULL;
	conn = insert(sn, seed, b);
	if (!conn) {
		unreserve(b);
		return NULL;
	}
	if (!append(b, conn->waiting)) {
		serval_waiting_drop(sn, conn->waiting);
		return NULL;
	}
	listener->sk_data_ready(listener);
	return serval_flow_find(sn, seed->conn.first.local_id);
}

/* A confirm packet of a flow that is not there yet */
static struct serval_flow *confirm_unknown(struct serval_net *sn,
					   struct sk_buff *skb,
					   const struct serval_pkt *pkt,
					   unsigned int len)
{
	struct serval_flow *fl;
	struct serval_seed seed;
	struct serval_target *t;

	serval_seed_init(sn, &seed, skb, pkt, pkt->verno - 1);
	if (serval_seed_for_confirm(sn, pkt, &seed) < 0) {
		send_rst(sn, skb, pkt);
		return NULL;
	}
	t = find_listener(sn, skb, pkt, len, &seed.conn.first);
	if (!t) {
		send_rst(sn, skb, pkt);
		return NULL;
	}
	if (IS_ERR(serval_path_route(sn, &seed.conn.first.path, t->sk,
				     READ_ONCE(t->sk->sk_mark))))
		return NULL;
	serval_seed_name(&seed);
	fl = make_conn(sn, &seed, t->sk);
	serval_path_release(&seed.conn.first.path);
	return fl;
}

/* Keep a datagram until its connection is accepted */
static void keep(struct serval_net *sn, struct serval_conn *conn,
		 struct sk_buff *skb, unsigned int len)
{
	struct serval_waiting *w;

	serval_datagram_strip(skb, serval_conn_peer(conn), len);
	spin_lock(&conn->lock);
	w = conn->waits ? conn->waiting : NULL;
	if (w && atomic_add_return(skb->truesize, &w->backlog->bytes) <=
	    w->backlog->limit) {
		skb->dev = NULL;
		SERVAL_INC(sn, INDELIVERS);
		__skb_queue_tail(&w->skbs, skb);
		skb = NULL;
	} else if (w) {
		atomic_sub(skb->truesize, &w->backlog->bytes);
	}
	spin_unlock(&conn->lock);
	if (skb)
		serval_drop(sn, skb, SERVAL_MIB_INDATAGRAMSFULL);
}

/* Before accept() nobody knows whether the socket will have UDP_GRO */
static void keep_cut(struct serval_net *sn, struct serval_conn *conn,
		     struct sk_buff *skb, unsigned int len)
{
	struct sk_buff *segs, *next;

	if (likely(!skb_is_gso(skb)))
		return keep(sn, conn, skb, len);
	segs = serval_datagram_cut(skb, len);
	if (!segs)
		return serval_drop(sn, skb, SERVAL_MIB_INNOMEM);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		keep(sn, conn, skb, len);
	}
}

/* Put a datagram where its connection's are read: @skb at the SAL header */
static void deliver(struct serval_net *sn, struct serval_flow *fl,
		    struct sk_buff *skb, unsigned int len)
{
	struct serval_conn *conn = fl->conn;
	const struct service_id *peer = serval_conn_peer(conn);
	struct sock *sk;

	atomic64_add(serval_segments(skb), &fl->received_packets);
	atomic64_add(skb->len - len, &fl->received_bytes);
	if (!serval_datagram_check(skb, len))
		return serval_drop(sn, skb, SERVAL_MIB_INTRANSPORT);
	if (serval_tapped(sn))
		serval_datagram_tap_received(sn, skb, conn, peer, len);
	sk = serval_conn_get_sock(conn);
	if (!sk)
		return keep_cut(sn, conn, skb, len);
	serval_datagram_enqueue(sn, conn, sk, skb, peer, len);
	sock_put(sk);
}

/**
 * serval_dgram_confirm_rcv() - the initiator's packets until it has heard us
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 * @pkt: parsed header
 * @len: its length
 */
void serval_dgram_confirm_rcv(struct serval_net *sn, struct sk_buff *skb,
			      const struct serval_pkt *pkt, unsigned int len)
{
	struct serval_flow *fl;

	if (!pkt->dst || !(pkt->has & SERVAL_HAS_SERVICE))
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	fl = serval_flow_find(sn, pkt->dst) ?:
	     confirm_unknown(sn, skb, pkt, len);
	if (!fl)
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	if (fl->peer_id != pkt->src)
		return serval_drop(sn, skb, SERVAL_MIB_INBADPEERID);
	if (!serval_path_is_peer(&fl->path, skb))
		return serval_drop(sn, skb, SERVAL_MIB_INBADLOCATOR);
	if (!serval_seed_is_peer(fl, skb, pkt) || pkt->ackno != fl->iss + 1)
		return serval_drop(sn, skb, SERVAL_MIB_INBADNONCE);
	if (READ_ONCE(fl->state) == SERVAL_FLOW_NEXT)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	serval_path_follow(&fl->path, skb);
	if (skb->len != len)
		return deliver(sn, fl, skb, len);
	send_bare(sn, fl, NULL);
	serval_taken(sn, skb);
}

/* Unless another CPU was first, or the attempt is over */
static void adopt(struct serval_net *sn, struct serval_flow *fl,
		  const struct sk_buff *skb, const struct serval_pkt *pkt)
{
	u32 host = serval_exchange_host(sn, fl, pkt);
	struct serval_conn *conn = fl->conn;
	struct sock *sk = NULL;

	spin_lock_bh(&conn->lock);
	if (fl->state == SERVAL_FLOW_SYN_SENT && conn->sk &&
	    conn->sk->sk_state == TCP_SYN_SENT)
		sk = __sock_of(fl);
	if (sk) {
		host = serval_flow_adopt(fl, skb, pkt, host);
		conn->options->tries = 0;
		WRITE_ONCE(sk->sk_state, TCP_ESTABLISHED);
	}
	spin_unlock_bh(&conn->lock);
	serval_host_put(sn, host);
	if (!sk)
		return;
	serval_encap_answered(sn, fl);
	serval_path_route(sn, &fl->path, sk, READ_ONCE(sk->sk_mark));
	serval_event_flow(sn, SERVAL_CMD_FLOW_NEW_NTF, fl, 0);
	serval_multipath_begin(sn, fl);
	sk->sk_state_change(sk);
	arm_timer(fl, sk);
	sock_put(sk);
}

/**
 * serval_dgram_synack_rcv() - a responder answers our SYN
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 * @pkt: parsed header
 * @len: its length
 */
void serval_dgram_synack_rcv(struct serval_net *sn, struct sk_buff *skb,
			     const struct serval_pkt *pkt, unsigned int len)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);

	if (!fl || fl->conn->protocol != IPPROTO_UDP)
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	if (skb->len != len || pkt->ackno != fl->iss + 1 ||
	    fl->state == SERVAL_FLOW_UNCONNECTED)
		return serval_drop(sn, skb, SERVAL_MIB_INBADACK);
	if (READ_ONCE(fl->state) == SERVAL_FLOW_SYN_SENT) {
		if (!serval_exchange_ok(sn, fl, pkt))
			return serval_drop(sn, skb, SERVAL_MIB_INKEYMISSING);
		adopt(sn, fl, skb, pkt);
	}
	if (fl->peer_id != pkt->src || !serval_path_is_peer(&fl->path, skb))
		/* the loser of a race: it has kept nothing */
		return serval_drop(sn, skb, SERVAL_MIB_INSYNACKLATE);
	SERVAL_INC(sn, INSYNACK);
	send_bare(sn, fl, NULL);
	serval_taken(sn, skb);
}

/**
 * serval_dgram_is_peer() - is a packet one of a connection
 * @sn:  namespace
 * @skb: packet
 * @fl:  flow
 * @pkt: its header
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: false, and it is dropped, if it is not.
 */
bool serval_dgram_is_peer(struct serval_net *sn, struct sk_buff *skb,
			  const struct serval_flow *fl,
			  const struct serval_pkt *pkt)
{
	enum serval_mib_field why;

	if (fl->peer_id != pkt->src || !fl->peer_id)
		why = SERVAL_MIB_INBADPEERID;
	else if (!serval_path_is_peer(&fl->path, skb))
		why = SERVAL_MIB_INBADLOCATOR;
	else if (!serval_flow_receives(fl) ||
		 fl->conn->protocol != IPPROTO_UDP)
		why = SERVAL_MIB_INUNEXPECTED;
	else
		return true;
	if (why == SERVAL_MIB_INBADLOCATOR)
		serval_move_stray(sn, skb, fl);
	else
		serval_move_early(sn, skb, fl, pkt->src);
	serval_drop(sn, skb, why);
	return false;
}

/**
 * serval_dgram_rcv() - a datagram of a connection, or a bare header
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 * @pkt: parsed header, without CONTROL and with a destination id
 * @len: its length
 */
void serval_dgram_rcv(struct serval_net *sn, struct sk_buff *skb,
		      const struct serval_pkt *pkt, unsigned int len)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);

	if (!fl) {
		send_rst(sn, skb, pkt);
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	}
	if (!serval_dgram_is_peer(sn, skb, fl, pkt))
		return;
	serval_path_follow(&fl->path, skb);
	if (unlikely(!fl->confirmed))
		WRITE_ONCE(fl->confirmed, true);
	if (pkt->has & SERVAL_HAS_COPY &&
	    serval_spread_is_known(fl->conn, pkt->copy))
		return serval_drop(sn, skb, SERVAL_MIB_INCOPY);
	if (skb->len != len)
		return deliver(sn, fl, skb, len);
	serval_taken(sn, skb);
}

/**
 * serval_dgram_unknown_rcv() - the peer does not know our flow
 * @sn:  namespace
 * @skb: consumed
 * @pkt: header alone, with proto 59
 *
 * Before it has confirmed, the flow may not be there yet.
 */
void serval_dgram_unknown_rcv(struct serval_net *sn, struct sk_buff *skb,
			      const struct serval_pkt *pkt)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);

	if (!fl)
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	if (!serval_dgram_is_peer(sn, skb, fl, pkt))
		return;
	if (!READ_ONCE(fl->confirmed))
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	if (!serval_move_refused(sn, fl))
		return serval_drop(sn, skb, SERVAL_MIB_INUNPROVEN);
	SERVAL_INC(sn, INRST);
	serval_dgram_fail(fl, ECONNRESET);
	serval_taken(sn, skb);
}

/**
 * serval_dgram_rst_rcv() - a confirm packet of ours is refused
 * @sn:  namespace
 * @skb: consumed
 * @fl:  flow
 * @pkt: parsed header
 */
void serval_dgram_rst_rcv(struct serval_net *sn, struct sk_buff *skb,
			  struct serval_flow *fl, const struct serval_pkt *pkt)
{
	if (!serval_dgram_is_peer(sn, skb, fl, pkt))
		return;
	if (READ_ONCE(fl->confirmed) ||
	    pkt->nonce != serval_flow_nonce(sn, fl))
		return serval_drop(sn, skb, SERVAL_MIB_INBADNONCE);
	SERVAL_INC(sn, INRST);
	serval_dgram_fail(fl, ECONNREFUSED);
	serval_taken(sn, skb);
}

/**
 * serval_dgram_nack_rcv() - our SYN is refused
 * @sn:  namespace
 * @skb: consumed
 * @fl:  flow, in SYN_SENT
 * @pkt: parsed header, whose nonce is right
 */
void serval_dgram_nack_rcv(struct serval_net *sn, struct sk_buff *skb,
			   struct serval_flow *fl,
			   const struct serval_pkt *pkt)
{
	if (pkt->ackno != fl->iss + 1)
		return serval_drop(sn, skb, SERVAL_MIB_INBADACK);
	SERVAL_INC(sn, INNACK);
	if (!serval_redirect_rcv(sn, fl, skb, pkt) &&
	    atomic_dec_return(&fl->awaited) <= 0)
		serval_dgram_fail(fl, ECONNREFUSED);
	serval_taken(sn, skb);
}
