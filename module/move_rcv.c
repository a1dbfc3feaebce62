// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves: the packets (Documentation/protocol.rst section 5).
 *
 *	mover					peer
 *	   | RSYN	from the new locator --->  | verify, try the path
 *	   | <--- to where that came from RSYN-ACK |
 *	   | ACK	with the response ------>  | use it
 *
 * Each is checked before anything is kept: ids, nonce, MAC, version number, and of the
 * answers that they are to what was sent, from where it was sent.
 */
#include "join.h"
#include "sal.h"

/* That a connection keeps to, 0 = none */
static int bound_device(const struct serval_conn *conn)
{
	const struct serval_flow *fl = rcu_dereference(conn->flow);

	return conn->bound && fl ? fl->path.oif : serval_options(conn)->oif;
}

/**
 * serval_move_leg() - along which a packet to a connection came
 * @conn: connection
 * @skb:  network header and route are the outer ones
 */
struct serval_leg serval_move_leg(const struct serval_conn *conn,
				  const struct sk_buff *skb)
{
	const struct udphdr *uh = serval_outer_udp(skb);
	struct serval_leg leg = {
		.laddr = serval_outer_daddr(skb),
		.raddr = serval_outer_saddr(skb),
		.oif = bound_device(conn),
	};

	if (!leg.oif && serval_addr_needs_device(&leg.raddr))
		leg.oif = serval_outer_iif(skb);
	if (uh) {
		leg.sport = uh->dest;
		leg.dport = uh->source;
	}
	return leg;
}

/**
 * serval_move_genuine() - does a packet come from the other end
 * @m:      its connection's lock is held, and it is ready
 * @skb:    at the SAL header
 * @pkt:    its header
 * @covers: challenge that the MAC proves besides, NULL = none
 *
 * Return: always true without keys: then the nonce is all there is.
 */
bool serval_move_genuine(const struct serval_move *m,
			 const struct sk_buff *skb,
			 const struct serval_pkt *pkt, const u64 *covers)
{
	if (!m->keyed)
		return true;
	return pkt->has & SERVAL_HAS_AUTH &&
	       serval_auth_ok(m->keys.rx, skb->data, pkt->len, pkt->mac_at,
			      covers);
}

/**
 * serval_move_make_for() - what a connection needs to take a packet
 * @sn:  namespace
 * @fl:  flow of the connection
 * @skb: packet; consumed if there is no result
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: NULL if there is no memory, or if the packet waits until the hosts' secret is
 * computed.
 */
struct serval_move *serval_move_make_for(struct serval_net *sn,
					 const struct serval_flow *fl,
					 struct sk_buff *skb)
{
	struct serval_host *host = serval_move_wants(sn, fl->conn);
	struct serval_move *m;

	if (host) {
		serval_keys_defer(sn, host, skb);
		return NULL;
	}
	m = serval_move_make(sn, fl);
	if (!m)
		serval_drop(sn, skb, SERVAL_MIB_INNOMEM);
	return m;
}

/* Is it from where the peer was when it asked last? */
static bool is_heard(const struct serval_move *m,
		     const struct serval_cause *cause, __be32 src)
{
	return m->heard.id == src && src &&
	       ipv6_addr_equal(&m->heard.leg.raddr, &cause->leg.raddr);
}

/* Does an RSYN say that the peer is where we know it to be? */
static bool is_there(const struct serval_flow *fl,
		     const struct serval_cause *cause)
{
	return fl->peer_id == cause->pkt->src &&
	       ipv6_addr_equal(&fl->path.raddr, &cause->leg.raddr);
}

static enum serval_mib_field answer_there(struct serval_move *m,
					  const struct serval_cause *cause,
					  struct serval_todo *todo)
{
	if (serval_verno_is_new(m, cause->pkt->verno))
		m->rcv = cause->pkt->verno + 1;
	if (!m->lost && serval_move_gap_over(&m->gap_until))
		serval_move_answer(m, cause, todo);
	return 0;
}

/* Both want to move, to addresses of different IP versions, between which there is no
 * path: the attempt of the end that asked for the service goes on.
 * Return: may the peer's?
 */
static bool yields(struct serval_move *m, const struct serval_cause *cause,
		   struct serval_todo *todo)
{
	const struct serval_cause stop = { .err = -ECANCELED };

	if (!serval_fsm_asks(m->state) ||
	    serval_addr_same_family(&m->here.laddr, &cause->leg.laddr))
		return true;
	if (m->conn->active)
		return false;
	serval_move_run(m, SERVAL_EV_GIVE_UP, &stop, todo);
	return true;
}

static enum serval_mib_field take_rsyn(struct serval_move *m,
				       struct serval_flow *fl,
				       const struct sk_buff *skb,
				       const struct serval_cause *cause,
				       struct serval_todo *todo)
{
	const struct serval_pkt *pkt = cause->pkt;
	bool new = serval_verno_is_new(m, pkt->verno);
	bool again = pkt->verno + 1 == m->rcv &&
		     is_heard(m, cause, pkt->src);

	SERVAL_INC(m->sn, INRSYN);
	if (!serval_move_genuine(m, skb, pkt, NULL))
		return SERVAL_MIB_INBADAUTH;
	if (new && fl == m->next)
		serval_move_run(m, SERVAL_EV_NAMED, cause, todo);
	if (is_there(serval_move_active(m->conn), cause))
		return answer_there(m, cause, todo);
	if (!new && !again)
		return SERVAL_MIB_INBADVERNO;
	if (again && !serval_move_gap_over(&m->gap_until))
		return 0;
	if (!yields(m, cause, todo))
		return SERVAL_MIB_INUNEXPECTED;
	/* it moves from a flow that it uses, and that was not heard here */
	if (new)
		serval_join_follow(m, fl, todo);
	return serval_move_run(m, new ? SERVAL_EV_RSYN : SERVAL_EV_RSYN_AGAIN,
			       cause, todo) ? 0 : SERVAL_MIB_INUNEXPECTED;
}

/* The answer of a peer that we asked elsewhere: it has moved meanwhile.  Without keys an
 * answer does not say where we asked.
 */
static bool answers_elsewhere(const struct serval_move *m,
			      const struct sk_buff *skb,
			      const struct serval_pkt *pkt)
{
	const struct in6_addr *asked[] = {
		&m->aim, &serval_move_active(m->conn)->path.raddr, &m->heard.leg.raddr,
	};
	u64 challenge;
	int i;

	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		challenge = serval_move_challenge(m, m->next, asked[i]);
		if (serval_move_genuine(m, skb, pkt, &challenge))
			return true;
	}
	return false;
}

/* Is there a way from the candidate to where an answer came from?  It may not be where we
 * asked
 */
static bool has_way_back(const struct serval_move *m, const struct serval_leg *to)
{
	const struct serval_leg leg = serval_move_from_here(m, to);
	struct serval_path path = {};

	serval_path_init(&path);
	serval_path_set(&path, &leg.laddr, &leg.raddr, leg.oif, false);
	serval_path_encapsulate(&path, leg.sport, leg.dport);
	return serval_path_leads_through(m->sn, &path, serval_conn_mark(m->conn));
}

/* An RSYN-ACK to the active flow: our ACK is lost, perhaps */
static enum serval_mib_field confirm(struct serval_move *m,
				     const struct serval_flow *fl,
				     const struct sk_buff *skb,
				     const struct serval_cause *cause,
				     struct serval_todo *todo)
{
	const u64 challenge = serval_move_challenge(m, fl, &cause->leg.raddr);

	if (!is_there(fl, cause) ||
	    !ipv6_addr_equal(&fl->path.laddr, &cause->leg.laddr))
		return SERVAL_MIB_INBADPATH;
	if (!serval_move_genuine(m, skb, cause->pkt, &challenge))
		return SERVAL_MIB_INBADAUTH;
	if (serval_move_gap_over(&m->gap_until))
		serval_move_confirm(m, cause, todo);
	return 0;
}

static enum serval_mib_field take_rsynack(struct serval_move *m,
					  struct serval_flow *fl,
					  const struct sk_buff *skb,
					  const struct serval_cause *cause,
					  struct serval_todo *todo)
{
	const u64 challenge = serval_move_challenge(m, fl, &cause->leg.raddr);
	const struct serval_pkt *pkt = cause->pkt;

	SERVAL_INC(m->sn, INRSYNACK);
	if (!serval_verno_is_new(m, pkt->verno))
		return SERVAL_MIB_INBADVERNO;
	if (fl == serval_move_active(m->conn))
		return confirm(m, fl, skb, cause, todo);
	if (fl != m->next || !serval_fsm_asks(m->state))
		return SERVAL_MIB_INUNEXPECTED;
	if (pkt->ackno != m->snd)
		return SERVAL_MIB_INBADVERNO;
	if (!ipv6_addr_equal(&m->here.laddr, &cause->leg.laddr))
		return SERVAL_MIB_INBADPATH;
	if (serval_move_genuine(m, skb, pkt, &challenge) &&
	    (m->keyed || ipv6_addr_equal(&m->aim, &cause->leg.raddr))) {
		if (!has_way_back(m, &cause->leg))
			return SERVAL_MIB_INBADPATH;
		serval_move_run(m, SERVAL_EV_RSYN_ACK, cause, todo);
		return 0;
	}
	if (!answers_elsewhere(m, skb, pkt))
		return SERVAL_MIB_INBADAUTH;
	if (serval_move_gap_over(&m->gap_until))
		serval_move_aim(m, cause, todo);
	return 0;
}

static enum serval_mib_field take_ack(struct serval_move *m,
				      struct serval_flow *fl,
				      const struct sk_buff *skb,
				      const struct serval_cause *cause,
				      struct serval_todo *todo)
{
	const struct in6_addr *raddr = &cause->leg.raddr;
	const struct serval_pkt *pkt = cause->pkt;

	if (!serval_move_genuine(m, skb, pkt, NULL))
		return SERVAL_MIB_INBADAUTH;
	if (serval_join_awaits(m, fl, pkt))
		return serval_join_take_ack(m, fl, cause, todo);
	if (!serval_verno_is_new(m, pkt->verno))
		return SERVAL_MIB_INBADVERNO;
	if (pkt->path_data != serval_move_challenge(m, fl, raddr))
		return SERVAL_MIB_INBADPATH;
	/* on the flow in use it is a copy */
	if (fl == serval_move_active(m->conn))
		return 0;
	if (fl != m->next)
		return SERVAL_MIB_INUNEXPECTED;
	if (m->heard.id != pkt->src)
		return SERVAL_MIB_INBADPEERID;
	if (!ipv6_addr_equal(&m->here.laddr, &cause->leg.laddr))
		return SERVAL_MIB_INBADPATH;
	return serval_move_run(m, SERVAL_EV_ACK, cause, todo) ?
	       0 : SERVAL_MIB_INUNEXPECTED;
}

/* Ids, and what only the ends and who has seen the handshake know */
static enum serval_mib_field check(struct serval_net *sn,
				   const struct serval_flow *fl,
				   const struct sk_buff *skb,
				   const struct serval_pkt *pkt, u8 kind)
{
	const struct serval_flow *now;
	struct in6_addr saddr;

	if (pkt->path_kind != kind || pkt->has & SERVAL_HAS_SERVICE ||
	    serval_outer_is_group(skb))
		return SERVAL_MIB_INUNEXPECTED;
	if (!serval_flow_receives(fl) && fl->state != SERVAL_FLOW_NEXT)
		return SERVAL_MIB_INUNEXPECTED;
	if (pkt->nonce != fl->nonce)
		return SERVAL_MIB_INBADNONCE;
	/* somebody reflects; unless both ends are this host's */
	saddr = serval_outer_saddr(skb);
	now = rcu_dereference(fl->conn->flow);
	if (serval_addr_is_local(sn, &saddr) && now &&
	    !serval_addr_is_local(sn, &now->path.raddr))
		return SERVAL_MIB_INBADPATH;
	return 0;
}

static void rcv(struct serval_net *sn, struct sk_buff *skb,
		const struct serval_pkt *pkt, struct serval_flow *fl,
		struct serval_move *m, serval_taker *takes)
{
	const struct serval_cause cause = {
		.pkt = pkt,
		.leg = serval_move_leg(fl->conn, skb),
	};
	enum serval_mib_field why = SERVAL_MIB_INUNEXPECTED;
	struct serval_todo todo = { .conn = fl->conn };

	spin_lock(&fl->conn->lock);
	if (serval_move_ready(m) &&
	    (fl == serval_move_active(m->conn) || fl == m->next ||
	     fl == m->left || serval_join_owns(m, fl)))
		why = takes(m, fl, skb, &cause, &todo);
	spin_unlock(&fl->conn->lock);
	serval_move_settle(sn, &todo);
	/* it receives, but the peer is not to use it any more */
	if (why == SERVAL_MIB_INNOFLOW)
		serval_move_unknown(sn, skb, pkt);
	if (why)
		serval_drop(sn, skb, why);
	else
		serval_taken(sn, skb);
}

/**
 * serval_move_rcv_request() - take a packet that asks for something
 * @sn:    namespace
 * @skb:   consumed
 * @pkt:   its header
 * @kind:  of its PATH, 0 = it has none
 * @takes: what it does
 */
void serval_move_rcv_request(struct serval_net *sn, struct sk_buff *skb,
			     const struct serval_pkt *pkt, u8 kind,
			     serval_taker *takes)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);
	enum serval_mib_field why;
	struct serval_move *m;

	if (!fl) {
		serval_move_unknown(sn, skb, pkt);
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	}
	why = check(sn, fl, skb, pkt, kind);
	if (why)
		return serval_drop(sn, skb, why);
	m = serval_move_make_for(sn, fl, skb);
	if (!m)
		return;
	rcv(sn, skb, pkt, fl, m, takes);
}

/**
 * serval_move_rcv_answer() - take an answer to a packet of ours
 * @sn:    namespace
 * @skb:   consumed
 * @pkt:   its header
 * @kind:  of its PATH
 * @takes: what it does
 */
void serval_move_rcv_answer(struct serval_net *sn, struct sk_buff *skb,
			    const struct serval_pkt *pkt, u8 kind,
			    serval_taker *takes)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);
	enum serval_mib_field why;
	struct serval_move *m;

	if (!fl)
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	m = serval_move_of(fl->conn);
	why = check(sn, fl, skb, pkt, kind);
	/* there is nothing that could be answered */
	if (!why && (!m || READ_ONCE(m->state) == SERVAL_CLOSED))
		why = SERVAL_MIB_INUNEXPECTED;
	if (why)
		return serval_drop(sn, skb, why);
	rcv(sn, skb, pkt, fl, m, takes);
}

/**
 * serval_rsyn_rcv() - the peer asks to move
 * @sn:  namespace
 * @skb: consumed
 * @pkt: its header
 */
void serval_rsyn_rcv(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt)
{
	serval_move_rcv_request(sn, skb, pkt, SERVAL_PATH_CHALLENGE, take_rsyn);
}

/**
 * serval_rsynack_rcv() - the peer answers our RSYN
 * @sn:  namespace
 * @skb: consumed
 * @pkt: its header
 */
void serval_rsynack_rcv(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt)
{
	serval_move_rcv_answer(sn, skb, pkt, SERVAL_PATH_CHALLENGE,
			       take_rsynack);
}

/**
 * serval_moved_rcv() - the peer answers the challenge of our RSYN-ACK
 * @sn:  namespace
 * @skb: consumed
 * @pkt: its header
 */
void serval_moved_rcv(struct serval_net *sn, struct sk_buff *skb,
		      const struct serval_pkt *pkt)
{
	serval_move_rcv_answer(sn, skb, pkt, SERVAL_PATH_RESPONSE, take_ack);
}

/**
 * serval_move_early() - data came along a path that is still being tried
 * @sn:  namespace
 * @skb: data, at the SAL header; not consumed
 * @fl:  flow that did not take it
 * @src: the packet's source id
 *
 * The ACK that should have come before is lost, or late: ask for it again, and TCP
 * waits no longer than a round trip.
 *
 * Context: softirq, rcu_read_lock() held.
 */
void serval_move_early(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_flow *fl, __be32 src)
{
	const struct serval_cause cause = {
		.leg = serval_move_leg(fl->conn, skb),
	};
	struct serval_move *m = serval_move_of(fl->conn);
	struct serval_todo todo = { .conn = fl->conn };

	if (!m || READ_ONCE(fl->state) != SERVAL_FLOW_NEXT)
		return;
	spin_lock(&fl->conn->lock);
	if (serval_move_ready(m) && fl == m->next &&
	    is_heard(m, &cause, src) && serval_move_gap_over(&m->gap_until))
		serval_move_run(m, SERVAL_EV_EARLY, &cause, &todo);
	else if (serval_move_ready(m))
		serval_join_early(m, fl, &cause, src, &todo);
	spin_unlock(&fl->conn->lock);
	serval_move_settle(sn, &todo);
}
