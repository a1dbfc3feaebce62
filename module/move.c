// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves: the engine of fsm.c (Documentation/protocol.rst section 5).
 *
 *	request, RSYN, RSYN-ACK, ACK, timer
 *	  -> serval_move_run(): one step of the state machine under conn->lock; what it
 *	     tells to do is done to the tables there and noted in a struct serval_todo
 *	  -> serval_move_settle(): without the lock: send, tell who waits, kick TCP
 *
 * A path that is being tried is a flow of the connection, with ids of its own, but
 * not its active one: conn->flow is replaced when it has been answered.  Until then it
 * has only a local end; it gets its locators before it becomes active, and they never
 * change, so readers need no lock.  The flow that was left goes on receiving, for what
 * is still on its way, until the connection moves once more: a peer that has not heard
 * of the move names it.
 *
 * struct serval_move is made when a connection first moves or is asked to.
 */
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "encap.h"
#include "events.h"
#include "fsm.h"
#include "join.h"
#include "move.h"
#include "multipath.h"
#include "sal.h"
#include "trace.h"

#define TRIES		5	/* transmissions of a RSYN, or of its answer */
#define LATER		4	/* transmission that goes where the table leads: the first
				 * may just have been lost, and the peer have left
				 * the address that it is known by to others
				 */
#define OTHER_WAY	2	/* transmission inside UDP if the first was not, or raw */
#define FIRST_TIMEOUT	(HZ / 5)	/* while the round-trip time is not known */
#define LEAST_TIMEOUT	(HZ / 20)
#define MOST_TIMEOUT	HZ
#define CREDIT		3	/* packets to an address for each that came from it */

static void timer_expired(struct timer_list *t);

/**
 * serval_move_make() - what a connection needs to move
 * @sn: namespace
 * @fl: flow of the connection
 *
 * In CLOSED until serval_move_ready().
 *
 * Context: rcu_read_lock() held.
 * Return: NULL if there is no memory.
 */
struct serval_move *serval_move_make(struct serval_net *sn,
				     const struct serval_flow *fl)
{
	struct serval_conn *conn = fl->conn;
	struct serval_move *m = serval_move_of(conn), *old;
	struct serval_options *opt;

	if (m)
		return m;
	opt = serval_conn_set_options(conn, GFP_ATOMIC);
	m = opt ? kzalloc(sizeof(*m), GFP_ATOMIC) : NULL;
	if (!m)
		return NULL;
	m->sn = sn;
	m->conn = conn;
	m->gap_until = jiffies;
	m->doubt_at = jiffies;
	timer_setup(&m->timer, timer_expired, 0);
	old = cmpxchg(&opt->move, NULL, m);
	if (!old)
		return m;
	kfree(m);
	return old;
}

static void derive_keys(struct serval_move *m, const struct serval_flow *fl,
			const struct serval_host *host)
{
	const bool mine = m->conn->active;
	const struct serval_transcript t = {
		.service = m->conn->service,
		.nonce = fl->nonce,
		.initiator_id = mine ? fl->local_id : fl->peer_id,
		.responder_id = mine ? fl->peer_id : fl->local_id,
		.initiator_iss = mine ? fl->iss : fl->peer_iss,
		.responder_iss = mine ? fl->peer_iss : fl->iss,
		.active = mine,
	};

	serval_keys_derive(host, &t, &m->keys);
}

/* @fl is that of the handshake.  Return: false without the hosts' secret */
static bool begin_life(struct serval_move *m, const struct serval_flow *fl)
{
	const struct serval_host *host = serval_host_find(m->sn, fl->host);

	/* both have keys, but for the host there was no memory */
	if (fl->host & SERVAL_HOST_OFFERED)
		return false;
	m->keyed = host;
	if (host && !serval_host_ready(host))
		return false;
	if (host)
		derive_keys(m, fl, host);
	get_random_bytes(&m->challenge_key, sizeof(m->challenge_key));
	m->state = SERVAL_ESTABLISHED;
	m->lost = false;
	m->heard.id = 0;
	m->moves = 0;
	m->err = 0;
	m->us = 0;
	m->snd = fl->iss + 1;
	m->rcv = fl->peer_iss + 1;
	return true;
}

/**
 * serval_move_ready() - may a connection move now
 * @m: its connection's lock is held
 *
 * Context: rcu_read_lock() held.
 * Return: false before it is established, after it has ended, and as long as
 * serval_move_wants() something.
 */
bool serval_move_ready(struct serval_move *m)
{
	const struct serval_flow *fl = serval_move_active(m->conn);

	if (m->conn->dead || !fl || fl->state != SERVAL_FLOW_ESTABLISHED)
		return false;
	return m->state != SERVAL_CLOSED || begin_life(m, fl);
}

/**
 * serval_move_wants() - what is missing before a connection can move
 * @sn:   namespace
 * @conn: connection
 *
 * Context: rcu_read_lock() held.
 * Return: the host whose secret has to be computed, or NULL.
 */
struct serval_host *serval_move_wants(struct serval_net *sn,
				      const struct serval_conn *conn)
{
	const struct serval_move *m = serval_move_of(conn);
	const struct serval_flow *fl = rcu_dereference(conn->flow);
	struct serval_host *host;

	if (!fl || (m && READ_ONCE(m->state) != SERVAL_CLOSED))
		return NULL;
	host = serval_host_find(sn, READ_ONCE(fl->host));
	return host && !serval_host_ready(host) ? host : NULL;
}

/**
 * serval_move_challenge() - what an address must return to prove that it hears us
 * @m:     its connection's lock is held, and it is ready
 * @fl:    flow that will lead there
 * @raddr: address
 *
 * Nothing has to be kept for it, however many addresses are asked.
 */
u64 serval_move_challenge(const struct serval_move *m,
			  const struct serval_flow *fl,
			  const struct in6_addr *raddr)
{
	const struct {
		struct in6_addr raddr;
		__be32 id;
	} __packed in = {
		.raddr = *raddr,
		.id = fl->local_id,
	};

	return siphash(&in, sizeof(in), &m->challenge_key);
}

/**
 * serval_move_timeout() - how long an answer may take
 * @conn: connection
 *
 * Twice what TCP has measured, if it has.
 *
 * Return: jiffies.
 */
unsigned long serval_move_timeout(const struct serval_conn *conn)
{
	const struct sock *sk = conn->sk;
	u32 srtt;

	if (!sk || conn->protocol != IPPROTO_TCP || !sk_fullsock(sk))
		return FIRST_TIMEOUT;
	srtt = READ_ONCE(tcp_sk(sk)->srtt_us) >> 3;
	if (!srtt)
		return FIRST_TIMEOUT;
	return clamp_t(unsigned long, usecs_to_jiffies(2 * srtt), LEAST_TIMEOUT,
		       MOST_TIMEOUT);
}

static void begin_timer(struct serval_move *m)
{
	m->tries = 1;
	m->retry_at = jiffies + serval_move_timeout(m->conn);
}

/* Readers may still have found it; it goes a grace period later */
static void drop_flow(struct serval_net *sn, struct serval_flow **fl)
{
	if (!*fl)
		return;
	serval_flow_remove(sn, *fl);
	*fl = NULL;
}

/* Our own attempt has ended */
static void finish(struct serval_move *m, struct serval_todo *todo, int err)
{
	const struct serval_flow *fl = serval_move_active(m->conn);

	todo->waiter = m->waiter;
	m->waiter = NULL;
	todo->report = SERVAL_EE_MOVE_OWN;
	todo->result.err = err;
	todo->result.new_id = fl ? fl->local_id : 0;
	if (!todo->result.old_id)
		todo->result.old_id = todo->result.new_id;
	todo->result.us = ktime_us_delta(ktime_get(), m->begun);
	m->err = err;
	m->us = todo->result.us;
}

static void use_fresh(struct serval_move *m, struct serval_todo *todo)
{
	if (m->next)
		return;
	m->next = todo->fresh;
	todo->fresh = NULL;
	m->here = (struct serval_move_to) {};
}

/* Our own attempt: from where, and who is told */
static void begin(struct serval_move *m, enum serval_event event,
		  const struct serval_cause *cause, struct serval_todo *todo)
{
	const struct serval_move_to here = m->here;

	use_fresh(m, todo);
	m->snd++;
	/* the one that went on already */
	if (event == SERVAL_EV_NAMED) {
		m->here = here;
		return;
	}
	m->here = cause->here;
	m->probes = cause->probes;
	m->unroutable = cause->unroutable;
	m->begun = ktime_get();
	m->waiter = cause->waiter;
	if (m->waiter)
		serval_waiter_add(m->waiter);
}

/* The peer's attempt: where its packet arrived */
static void take(struct serval_move *m, const struct serval_cause *cause,
		 struct serval_todo *todo)
{
	use_fresh(m, todo);
	if (!ipv6_addr_any(&m->here.laddr))
		return;
	m->here.laddr = cause->leg.laddr;
	m->here.oif = cause->leg.oif;
}

static void hear(struct serval_move *m, const struct serval_cause *cause)
{
	/* it takes as long as from the first copy that came */
	if (serval_verno_is_new(m, cause->pkt->verno))
		m->asked = ktime_get();
	m->heard.leg = cause->leg;
	m->heard.id = cause->pkt->src;
	m->heard.credit = CREDIT;
	m->heard.lost = cause->pkt->reason == SERVAL_REASON_LOST;
	m->heard.challenge = cause->pkt->path_data;
	m->rcv = cause->pkt->verno + 1;
}

/**
 * serval_move_note() - the flow in use is another
 * @m:    its connection's lock is held
 * @old:  the one that was
 * @new:  the one that is
 * @todo: gains what is to be done for that; @todo->lost says if @old is of no use
 */
void serval_move_note(struct serval_move *m, struct serval_flow *old,
		      struct serval_flow *new, struct serval_todo *todo)
{
	struct serval_conn *conn = m->conn;

	lockdep_assert_held(&conn->lock);
	m->moves++;
	WRITE_ONCE(m->turn, 0);
	WRITE_ONCE(conn->doubted, false);
	todo->moved = new;
	todo->result.old_id = old->local_id;
	todo->result.new_id = new->local_id;
	todo->old_raddr = old->path.raddr;
	todo->same = ipv6_addr_equal(&old->path.laddr, &new->path.laddr) &&
		     ipv6_addr_equal(&old->path.raddr, &new->path.raddr);
	todo->old = rcu_dereference(old->path.dst);
	if (todo->old && !dst_hold_safe(todo->old))
		todo->old = NULL;
	if (conn->sk && conn->protocol == IPPROTO_TCP) {
		todo->sk = conn->sk;
		sock_hold(todo->sk);
	}
}

static void leave(struct serval_move *m, struct serval_flow *old)
{
	drop_flow(m->sn, &m->left);
	WRITE_ONCE(old->state, SERVAL_FLOW_LEFT);
	m->left = old;
}

/**
 * serval_move_from_here() - from where the candidate is
 * @m:  its connection's lock is held; with a candidate
 * @to: where to
 */
struct serval_leg serval_move_from_here(const struct serval_move *m,
					const struct serval_leg *to)
{
	struct serval_leg leg = *to;

	leg.laddr = m->here.laddr;
	/* that of the path in use is not asked for here */
	leg.oif = m->here.oif;
	if (!leg.oif && serval_addr_needs_device(&leg.raddr))
		leg.oif = to->oif;
	return leg;
}

/* The candidate is the active flow from now on: @id is the peer's, at @leg */
static void switch_over(struct serval_move *m, const struct serval_leg *leg,
			__be32 id, struct serval_todo *todo)
{
	const struct serval_leg to = serval_move_from_here(m, leg);
	struct serval_conn *conn = m->conn;
	struct serval_flow *old = serval_move_active(conn), *new = m->next;

	serval_path_set(&new->path, &to.laddr, &to.raddr, to.oif, false);
	serval_path_encapsulate(&new->path, to.sport, to.dport);
	new->peer_id = id;
	/* TCP must not take it for less than what it has, until a route is found */
	new->path.mss = READ_ONCE(old->path.mss);
	new->path.mtu = READ_ONCE(old->path.mtu);
	serval_flow_carry_on(new, old);
	rcu_assign_pointer(conn->flow, new);
	todo->lost = m->lost || (m->heard.id == id && m->heard.lost);
	serval_move_note(m, old, new, todo);
	/* the peer's, unless finish() finds that it is ours too */
	todo->report = SERVAL_EE_MOVE_PEER;
	todo->result.us = ktime_us_delta(ktime_get(), m->asked);
	leave(m, old);
	if (m->joins)
		serval_join_moved(m->joins);
	m->next = NULL;
	m->lost = false;
}

/* By a packet to the candidate */
static void complete_by(struct serval_move *m, const struct serval_cause *cause,
			struct serval_todo *todo)
{
	const struct serval_pkt *pkt = cause->pkt;

	switch_over(m, &cause->leg, pkt->src, todo);
	if (serval_verno_is_new(m, pkt->verno))
		m->rcv = pkt->verno;
	/* else its last attempt is void: it is elsewhere by now */
	if (m->heard.id == pkt->src)
		m->heard.leg = cause->leg;
	else
		m->heard.id = 0;
}

/* By the peer's next attempt, which shows that the last has ended well */
static void complete_late(struct serval_move *m,
			  const struct serval_cause *cause,
			  struct serval_todo *todo)
{
	const struct serval_leg leg = m->heard.leg;

	take(m, cause, todo);
	switch_over(m, &leg, m->heard.id, todo);
}

/* Own attempts of which the peer is not to think yet that they are over */
static u32 next_verno(const struct serval_move *m)
{
	return m->snd - serval_fsm_asks(m->state);
}

/**
 * serval_move_build() - what all control packets of a connection have
 * @m:      its connection's lock is held, and it is ready
 * @fl:     flow that it is of
 * @pkt:    header; gains that
 * @hdr:    gets it
 * @covers: what the MAC proves besides: that this challenge of the peer's came; or NULL
 *
 * Return: its length.
 */
unsigned int serval_move_build(struct serval_move *m, const struct serval_flow *fl,
			       struct serval_pkt *pkt, void *hdr,
			       const u64 *covers)
{
	unsigned int len;

	pkt->src = fl->local_id;
	pkt->protocol = SERVAL_PROTO_NONE;
	pkt->has |= SERVAL_HAS_CONTROL;
	pkt->nonce = serval_move_active(m->conn)->nonce;
	if (m->keyed)
		pkt->has |= SERVAL_HAS_AUTH;
	len = serval_wire_build(hdr, pkt);
	if (m->keyed)
		serval_auth_sign(m->keys.tx, hdr, len, serval_wire_mac_at(len),
				 covers);
	return len;
}

/**
 * serval_move_add_pkt() - have a packet sent once the lock is released
 * @m:      its connection's lock is held, and it is ready
 * @todo:   gains it
 * @fl:     flow that it is of
 * @leg:    where it goes
 * @pkt:    header, see serval_move_build()
 * @covers: see serval_move_build()
 */
void serval_move_add_pkt(struct serval_move *m, struct serval_todo *todo,
			 const struct serval_flow *fl,
			 const struct serval_leg *leg, struct serval_pkt *pkt,
			 const u64 *covers)
{
	struct serval_outgoing *out = &todo->out[todo->n++];

	out->leg = *leg;
	out->len = serval_move_build(m, fl, pkt, out->hdr, covers);
}

static struct serval_leg active_leg(const struct serval_move *m)
{
	return serval_join_leg(serval_move_active(m->conn));
}

/* May one more packet go to where the peer's RSYN came from?  Nobody may have others
 * flooded by us, so not before that has been answered from there.
 */
static bool spend(struct serval_move *m)
{
	if (ipv6_addr_equal(&m->heard.leg.raddr,
			    &serval_move_active(m->conn)->path.raddr))
		return true;
	if (!m->heard.credit)
		return false;
	m->heard.credit--;
	return true;
}

static void add_rsyn(struct serval_move *m, struct serval_todo *todo,
		     const struct serval_leg *to)
{
	const struct serval_leg leg = serval_move_from_here(m, to);
	struct serval_pkt pkt = {
		/* the peer may not know the candidate yet */
		.dst = serval_move_active(m->conn)->peer_id,
		.flags = SERVAL_CTRL_RSYN,
		.reason = m->lost ? SERVAL_REASON_LOST : 0,
		.verno = m->snd - 1,
		.ackno = m->rcv,
		.has = SERVAL_HAS_PATH,
		.path_kind = SERVAL_PATH_CHALLENGE,
		.path_data = serval_move_challenge(m, m->next, &to->raddr),
	};

	m->aim = to->raddr;
	serval_move_add_pkt(m, todo, m->next, &leg, &pkt, NULL);
	SERVAL_INC(m->sn, OUTRSYN);
}

/* Raw or inside UDP, from the candidate to where nothing has come from yet */
static void choose_way(const struct serval_move *m, bool other,
		       struct serval_leg *leg)
{
	const struct serval_flow *fl = serval_move_active(m->conn);
	enum serval_move_way way = m->here.way;
	bool udp = leg->dport;

	if (way != SERVAL_MOVE_KEEP)
		udp = way == SERVAL_MOVE_UDP;
	else if (other && serval_encap_may_race(fl))
		udp = !udp;
	if (!udp || !serval_encap_ports(m->sn, fl, serval_addr_family(&leg->raddr),
					&leg->sport, &leg->dport)) {
		leg->sport = 0;
		leg->dport = 0;
	}
}

/* Between addresses of two IP versions there is no path */
static bool is_of_family(const struct serval_leg *to,
			 const struct serval_move *m)
{
	return serval_addr_same_family(&to->raddr, &m->here.laddr);
}

/* A peer that does not answer may be elsewhere, or nothing gets through.  Wrong guesses
 * do no harm: only the peer can answer
 */
static struct serval_leg guess(const struct serval_move *m, u8 turn)
{
	struct serval_leg leg = active_leg(m);

	if (!(turn & 1) && !ipv6_addr_any(&m->hint.raddr) &&
	    is_of_family(&m->hint, m))
		return m->hint;
	if (turn >= LATER || m->unroutable)
		serval_move_resolve(m->sn, m->conn,
				    serval_addr_family(&m->here.laddr),
				    m->snd + turn / 2, &leg.raddr);
	choose_way(m, turn == OTHER_WAY || turn == TRIES, &leg);
	return leg;
}

/* Where the peer is known to be, or where it wants to be; that may be a forgery, or
 * gone again, so retransmissions go to both in turn.
 */
static void ask_peer(struct serval_move *m, u8 state, bool again,
		     struct serval_todo *todo)
{
	u8 turn = again ? m->tries : 1;
	struct serval_leg leg;

	if (state == SERVAL_RSYN_SENT_RCVD && turn & 1 &&
	    is_of_family(&m->heard.leg, m)) {
		if (spend(m)) {
			add_rsyn(m, todo, &m->heard.leg);
			return;
		}
		if (!again)
			return;
	}
	leg = guess(m, turn);
	/* the table has none of this IP version any more */
	if (is_of_family(&leg, m))
		add_rsyn(m, todo, &leg);
}

static void add_rsynack(struct serval_move *m, struct serval_todo *todo)
{
	const struct serval_leg leg = serval_move_from_here(m, &m->heard.leg);
	struct serval_pkt pkt = {
		.dst = m->heard.id,
		.flags = SERVAL_CTRL_RSYN | SERVAL_CTRL_ACK,
		.verno = m->snd,
		.ackno = m->rcv,
		.has = SERVAL_HAS_PATH,
		.path_kind = SERVAL_PATH_CHALLENGE,
		.path_data = serval_move_challenge(m, m->next, &leg.raddr),
	};

	if (!spend(m))
		return;
	serval_move_add_pkt(m, todo, m->next, &leg, &pkt, &m->heard.challenge);
	SERVAL_INC(m->sn, OUTRSYNACK);
}

static void add_ack(struct serval_move *m, struct serval_todo *todo, u32 verno,
		    u64 response)
{
	const struct serval_leg leg = active_leg(m);
	struct serval_pkt pkt = {
		.dst = serval_move_active(m->conn)->peer_id,
		.flags = SERVAL_CTRL_ACK,
		.verno = verno,
		.ackno = m->rcv,
		.has = SERVAL_HAS_PATH,
		.path_kind = SERVAL_PATH_RESPONSE,
		.path_data = response,
	};

	serval_move_add_pkt(m, todo, serval_move_active(m->conn), &leg, &pkt, NULL);
}

static void change(struct serval_move *m, enum serval_event event, u16 actions,
		   const struct serval_cause *cause, struct serval_todo *todo)
{
	if (actions & SERVAL_DO_FAIL) {
		if (cause->err != -ECANCELED)
			SERVAL_INC(m->sn, MOVEFAILED);
		finish(m, todo, cause->err ?: -ECANCELED);
	}
	if (actions & SERVAL_DO_DROP)
		drop_flow(m->sn, &m->next);
	if (actions & SERVAL_DO_KEEP)
		m->here = (struct serval_move_to) {};
	if (actions & SERVAL_DO_SWITCH) {
		if (event == SERVAL_EV_NAMED)
			complete_late(m, cause, todo);
		else
			complete_by(m, cause, todo);
	}
	if (actions & SERVAL_DO_HEAR)
		hear(m, cause);
	if (actions & SERVAL_DO_BEGIN)
		begin(m, event, cause, todo);
	if (actions & SERVAL_DO_TAKE)
		take(m, cause, todo);
	if (event == SERVAL_EV_EARLY)
		m->heard.credit = CREDIT;
	if (actions & (SERVAL_DO_SWITCH | SERVAL_DO_FAIL))
		m->hint.raddr = in6addr_any;
	if (actions & SERVAL_DO_TIMER)
		begin_timer(m);
}

static void say(struct serval_move *m, enum serval_event event,
		const struct serval_step *step,
		const struct serval_cause *cause, struct serval_todo *todo)
{
	if (step->actions & SERVAL_DO_RSYN)
		ask_peer(m, step->next, event == SERVAL_EV_TIMEOUT, todo);
	if (step->actions & SERVAL_DO_RSYN_ACK)
		add_rsynack(m, todo);
	if (step->actions & SERVAL_DO_ACK)
		add_ack(m, todo, m->snd, cause->pkt->path_data);
	if (step->actions & SERVAL_DO_DONE)
		finish(m, todo, 0);
}

/* What an action may need, so that none fails.  Return: false if there is no memory */
static bool prepare(struct serval_move *m, u16 actions,
		    struct serval_todo *todo)
{
	struct serval_flow *fresh;

	if (!(actions & (SERVAL_DO_BEGIN | SERVAL_DO_TAKE)) ||
	    (m->next && !(actions & (SERVAL_DO_DROP | SERVAL_DO_SWITCH))))
		return true;
	fresh = serval_flow_alloc_next(serval_move_active(m->conn));
	if (!fresh)
		return false;
	if (serval_flow_insert_next(m->sn, fresh)) {
		serval_flow_free(fresh);
		return false;
	}
	todo->fresh = fresh;
	return true;
}

/**
 * serval_move_run() - let something happen to a connection
 * @m:     its connection's lock is held
 * @event: what happens
 * @cause: what that brings
 * @todo:  zeroed at first; for serval_move_settle(), once the lock is released
 *
 * Return: false if the event means nothing now, or if there is no memory.
 */
bool serval_move_run(struct serval_move *m, enum serval_event event,
		     const struct serval_cause *cause,
		     struct serval_todo *todo)
{
	struct serval_step step;

	lockdep_assert_held(&m->conn->lock);
	if (!serval_fsm_step(m->state, event, m->lost, m->next, &step) ||
	    !prepare(m, step.actions, todo))
		return false;
	trace_serval_move(m, serval_move_active(m->conn), cause, event,
			  step.next);
	change(m, event, step.actions, cause, todo);
	say(m, event, &step, cause, todo);
	if (m->state != step.next)
		todo->step = step.next;
	m->state = step.next;
	if (serval_fsm_waits(m->state))
		mod_timer(&m->timer, m->retry_at);
	return true;
}

/**
 * serval_move_send() - send a packet of a connection's control
 * @sn:   namespace
 * @conn: connection
 * @leg:  where it goes
 * @hdr:  all there is of it
 * @len:  of @hdr
 *
 * Context: any but hard interrupt, no lock, rcu_read_lock() held.
 */
void serval_move_send(struct serval_net *sn, const struct serval_conn *conn,
		      const struct serval_leg *leg, const void *hdr,
		      unsigned int len)
{
	const unsigned int room = MAX_HEADER + SERVAL_OUTER_MAX;
	struct sk_buff *skb = alloc_skb(room + len, GFP_ATOMIC);
	struct serval_path path = {};

	if (!skb) {
		SERVAL_INC(sn, OUTNOMEM);
		return;
	}
	skb_reserve(skb, room);
	skb_put_data(skb, hdr, len);
	skb_reset_transport_header(skb);
	skb->mark = serval_conn_mark(conn);
	serval_path_init(&path);
	serval_path_set(&path, &leg->laddr, &leg->raddr, leg->oif, false);
	serval_path_encapsulate(&path, leg->sport, leg->dport);
	serval_path_xmit(sn, &path, NULL, skb, (struct serval_outer) {});
	serval_path_release(&path);
}

static void look(struct serval_net *sn, const struct serval_conn *conn)
{
	const struct serval_flow *fl = rcu_dereference(conn->flow);

	if (fl && serval_multipath_policy(sn, conn))
		serval_multipath_again(sn, fl);
}

/* That it has moved is told as such */
static void tell_step(struct serval_net *sn, const struct serval_todo *todo)
{
	const struct serval_flow *fl = rcu_dereference(todo->conn->flow);
	bool failed = todo->report == SERVAL_EE_MOVE_OWN;

	if (fl)
		serval_event_step(sn, fl, todo->step,
				  failed ? -todo->result.err : 0);
}

/**
 * serval_move_settle() - do what a step has left
 * @sn:   namespace
 * @todo: of serval_move_run()
 *
 * Context: no lock, rcu_read_lock() held since the step.
 */
void serval_move_settle(struct serval_net *sn, struct serval_todo *todo)
{
	int i;

	for (i = 0; i < todo->n; i++)
		serval_move_send(sn, todo->conn, &todo->out[i].leg,
				 todo->out[i].hdr, todo->out[i].len);
	if (todo->step && !todo->moved)
		tell_step(sn, todo);
	if (todo->moved) {
		SERVAL_INC(sn, MOVED);
		serval_event_flow(sn, SERVAL_CMD_FLOW_MOVE_NTF, todo->moved,
				  todo->result.old_id);
		serval_encap_answered(sn, todo->moved);
	}
	if (todo->sk)
		serval_move_kick(sn, todo);
	else
		dst_release(todo->old);
	if (todo->joined) {
		SERVAL_INC(sn, JOINED);
		/* for its MTU, and so that its device is known */
		serval_path_route(sn, &todo->joined->path, NULL, serval_conn_mark(todo->conn));
		serval_event_flow(sn, SERVAL_CMD_FLOW_NEW_NTF, todo->joined, 0);
	}
	if (todo->parted)
		serval_event_flow(sn, SERVAL_CMD_FLOW_DEL_NTF, todo->parted, 0);
	if (todo->look || todo->moved || todo->parted)
		look(sn, todo->conn);
	if (todo->report)
		serval_move_report(todo);
	if (todo->waiter)
		serval_waiter_tell(sn, todo->waiter, &todo->result);
}

/**
 * serval_move_answer() - answer an RSYN of a peer that is where we know it to be
 * @m:     its connection's lock is held
 * @cause: RSYN
 * @todo:  gains the packet
 *
 * Nothing is to be moved here: the peer has forgotten that it did, or makes sure.
 */
void serval_move_answer(struct serval_move *m, const struct serval_cause *cause,
			struct serval_todo *todo)
{
	const struct serval_flow *fl = serval_move_active(m->conn);
	const struct serval_leg leg = active_leg(m);
	struct serval_pkt pkt = {
		.dst = cause->pkt->src,
		.flags = SERVAL_CTRL_RSYN | SERVAL_CTRL_ACK,
		.verno = next_verno(m),
		.ackno = cause->pkt->verno + 1,
		.has = SERVAL_HAS_PATH,
		.path_kind = SERVAL_PATH_CHALLENGE,
		.path_data = serval_move_challenge(m, fl, &leg.raddr),
	};

	lockdep_assert_held(&m->conn->lock);
	serval_move_add_pkt(m, todo, fl, &leg, &pkt, &cause->pkt->path_data);
	SERVAL_INC(m->sn, OUTRSYNACK);
}

/**
 * serval_move_confirm() - answer the peer's challenge once more
 * @m:     its connection's lock is held
 * @cause: RSYN-ACK
 * @todo:  gains the packet
 */
void serval_move_confirm(struct serval_move *m,
			 const struct serval_cause *cause,
			 struct serval_todo *todo)
{
	lockdep_assert_held(&m->conn->lock);
	add_ack(m, todo, next_verno(m), cause->pkt->path_data);
}

/**
 * serval_move_add_fin() - say that nothing more will be sent
 * @m:    its connection's lock is held, and it is ready
 * @todo: gains the packet
 */
void serval_move_add_fin(struct serval_move *m, struct serval_todo *todo)
{
	const struct serval_flow *fl = serval_move_active(m->conn);
	const struct serval_leg leg = active_leg(m);
	struct serval_pkt pkt = {
		.dst = fl->peer_id,
		.flags = SERVAL_CTRL_FIN,
		.verno = m->snd++,
	};

	lockdep_assert_held(&m->conn->lock);
	/* an attempt that goes on takes another number */
	if (next_verno(m) != m->snd)
		m->snd++;
	serval_move_add_pkt(m, todo, fl, &leg, &pkt, NULL);
}

/**
 * serval_move_aim() - ask where the answer came from, which has to prove itself
 * @m:     its connection's lock is held; RSYN_SENT or RSYN_SENT_RCVD
 * @cause: RSYN-ACK
 * @todo:  gains the packet
 */
void serval_move_aim(struct serval_move *m, const struct serval_cause *cause,
		     struct serval_todo *todo)
{
	lockdep_assert_held(&m->conn->lock);
	add_rsyn(m, todo, &cause->leg);
}

static void retry(struct serval_move *m, struct serval_todo *todo)
{
	const struct serval_cause cause = { .err = -ETIMEDOUT };

	if (m->tries >= TRIES) {
		serval_move_run(m, SERVAL_EV_GIVE_UP, &cause, todo);
		return;
	}
	m->retry_at = jiffies + min_t(unsigned long, 8 * MOST_TIMEOUT,
				      serval_move_timeout(m->conn) << m->tries);
	m->tries++;
	serval_move_run(m, SERVAL_EV_TIMEOUT, &cause, todo);
}

static void timer_expired(struct timer_list *t)
{
	struct serval_move *m = from_timer(m, t, timer);
	struct serval_net *sn = m->sn;
	struct serval_todo todo = { .conn = m->conn };

	rcu_read_lock();
	spin_lock(&m->conn->lock);
	if (serval_move_ready(m) && serval_fsm_waits(m->state) &&
	    time_after_eq(jiffies, m->retry_at))
		retry(m, &todo);
	spin_unlock(&m->conn->lock);
	serval_move_settle(sn, &todo);
	rcu_read_unlock();
}

/**
 * serval_event_end() - a connection has ended, or is to be another
 * @conn: without a flow, or dead; nothing of it moves afterwards
 *
 * Context: any but hard interrupt, no lock, rcu_read_lock() held.
 */
void serval_event_end(struct serval_conn *conn)
{
	struct serval_move *m = serval_move_of(conn);
	struct serval_todo todo = { .conn = conn }, joins = todo;
	struct serval_gone gone = {};
	bool asked;

	WRITE_ONCE(conn->doubted, false);
	if (likely(!m))
		return;
	spin_lock_bh(&conn->lock);
	asked = serval_fsm_asks(m->state);
	m->state = SERVAL_CLOSED;
	m->hint.raddr = in6addr_any;
	m->turn = 0;
	WRITE_ONCE(m->placed, 0);
	memzero_explicit(&m->keys, sizeof(m->keys));
	drop_flow(m->sn, &m->next);
	drop_flow(m->sn, &m->left);
	if (asked)
		finish(m, &todo, -ECONNABORTED);
	serval_join_end(m, &joins, &gone);
	spin_unlock_bh(&conn->lock);
	/* nobody sets them any more */
	timer_delete_sync(&m->timer);
	if (m->joins)
		timer_delete_sync(&m->joins->timer);
	serval_move_settle(m->sn, &todo);
	serval_move_settle(m->sn, &joins);
	serval_join_tell_gone(m->sn, &gone);
}

/**
 * serval_event_freed() - a connection is freed
 * @m: what it needed to move, or NULL
 */
void serval_event_freed(struct serval_move *m)
{
	if (!m)
		return;
	kfree(m->joins);
	kfree_sensitive(m);
}
