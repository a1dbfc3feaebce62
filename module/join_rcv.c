// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several flows of one connection: the packets (Documentation/protocol.rst section 5.10).
 *
 * As with moves, each is checked before anything is kept.
 */
#include "join.h"
#include "sal.h"

#define CREDIT	3	/* answers to an address for each JOIN from it */
#define STAY	(10 * HZ)	/* of the peer's attempt: more than it takes to repeat it */

static bool is_new(const struct serval_joins *j, u32 verno)
{
	return (s32)(verno - j->rcv) >= 0;
}

/* Does a packet come from the peer's end of a flow, to ours? */
static bool is_along(const struct serval_flow *fl,
		     const struct serval_cause *cause)
{
	return fl->peer_id == cause->pkt->src &&
	       ipv6_addr_equal(&fl->path.raddr, &cause->leg.raddr) &&
	       ipv6_addr_equal(&fl->path.laddr, &cause->leg.laddr);
}

/* Has this end, which asked for the service, said so since without the peer's having heard
 * of it?
 */
static bool is_overruled(const struct serval_joins *j,
			 const struct serval_pkt *pkt)
{
	return j->move->conn->active && j->told &&
	       (s32)(pkt->ackno - j->told) <= 0;
}

/* The peer says which flow it uses, and that this one should as well.  If both ends say
 * so at once, it holds what the one wants that asked for the service.
 */
static enum serval_mib_field follow(struct serval_joins *j,
				    struct serval_flow *fl,
				    const struct serval_cause *cause,
				    struct serval_todo *todo)
{
	const struct serval_pkt *pkt = cause->pkt;
	struct serval_joined *joined = serval_joined_of(j, fl);
	const struct serval_leg leg = serval_join_leg(fl);
	bool new = is_new(j, pkt->verno);

	if (!new && pkt->verno + 1 != j->rcv)
		return SERVAL_MIB_INBADVERNO;
	if (new)
		j->rcv = pkt->verno + 1;
	if (new && joined && !is_overruled(j, pkt))
		serval_join_use(j, joined, SERVAL_USE_PEER, todo);
	if (new || serval_move_gap_over(&j->gap_until))
		serval_join_answer(j, fl, &leg, pkt->src, pkt->verno,
				   pkt->path_data, todo);
	return 0;
}

/* A copy of the JOIN that is being tried, which may have a number of its own, or data that
 * shows that its last packet is late
 */
static enum serval_mib_field again(struct serval_joins *j,
				   const struct serval_pkt *pkt,
				   struct serval_todo *todo)
{
	struct serval_attempt *a = &j->theirs;

	if (pkt && is_new(j, pkt->verno)) {
		a->verno = pkt->verno;
		a->challenge = pkt->path_data;
		j->rcv = pkt->verno + 1;
	}
	if (!a->credit || !serval_move_gap_over(&j->gap_until))
		return 0;
	a->credit--;
	a->at = jiffies + STAY;
	serval_join_answer(j, a->fl, &a->leg, a->peer_id, a->verno, a->challenge,
			   todo);
	return 0;
}

static bool is_tried(const struct serval_joins *j,
		     const struct serval_cause *cause, __be32 src)
{
	return j->theirs.fl && j->theirs.peer_id == src &&
	       ipv6_addr_equal(&j->theirs.leg.raddr, &cause->leg.raddr);
}

/* Who is bound stays where it is */
static bool may_come(const struct serval_joins *j, const struct sk_buff *skb,
		     const struct serval_leg *leg)
{
	const struct serval_conn *conn = j->move->conn;
	const struct serval_path *path = &serval_move_active(conn)->path;

	return serval_conn_takes(conn, skb) &&
	       (!conn->bound ||
		(ipv6_addr_equal(&path->laddr, &leg->laddr) &&
		 serval_outer_is_through(skb, path->oif)));
}

/* The peer wants to join a flow */
static enum serval_mib_field begin(struct serval_joins *j,
				   const struct sk_buff *skb,
				   const struct serval_cause *cause,
				   struct serval_todo *todo)
{
	const struct serval_pkt *pkt = cause->pkt;
	struct serval_attempt *a = &j->theirs;

	if (!may_come(j, skb, &cause->leg))
		return SERVAL_MIB_INBADPATH;
	if (!is_new(j, pkt->verno))
		return SERVAL_MIB_INBADVERNO;
	/* it tries one at a time; if it thinks that the last has joined, it will find out */
	serval_join_drop(j, a);
	if (!serval_join_make_room(j, todo))
		return SERVAL_MIB_JOINFULL;
	a->fl = serval_join_fresh(j->move);
	if (!a->fl)
		return SERVAL_MIB_INNOMEM;
	j->rcv = pkt->verno + 1;
	a->leg = cause->leg;
	a->peer_id = pkt->src;
	a->challenge = pkt->path_data;
	a->verno = pkt->verno;
	a->credit = CREDIT;
	a->at = jiffies + STAY;
	a->begun = ktime_get();
	serval_join_answer(j, a->fl, &a->leg, a->peer_id, a->verno, a->challenge,
			   todo);
	serval_join_schedule(j);
	return 0;
}

static enum serval_mib_field take_join(struct serval_move *m,
				       struct serval_flow *fl,
				       const struct sk_buff *skb,
				       const struct serval_cause *cause,
				       struct serval_todo *todo)
{
	const struct serval_pkt *pkt = cause->pkt;
	struct serval_joins *j;

	SERVAL_INC(m->sn, INJOIN);
	if (!serval_move_genuine(m, skb, pkt, NULL))
		return SERVAL_MIB_INBADAUTH;
	j = serval_joins_make(m);
	if (!j)
		return SERVAL_MIB_INNOMEM;
	if (fl->peer_id == pkt->src) {
		if (serval_join_is_lost(j, fl))
			return SERVAL_MIB_INNOFLOW;
		if (!is_along(fl, cause) || fl == m->left)
			return SERVAL_MIB_INBADPATH;
		serval_path_follow(&fl->path, skb);
		return follow(j, fl, cause, todo);
	}
	if (is_tried(j, cause, pkt->src))
		return again(j, pkt, todo);
	return begin(j, skb, cause, todo);
}

/**
 * serval_join_rcv() - the peer asks to join a flow, or says which it uses
 * @sn:  namespace
 * @skb: consumed
 * @pkt: its header
 */
void serval_join_rcv(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt)
{
	serval_move_rcv_request(sn, skb, pkt, SERVAL_PATH_CHALLENGE, take_join);
}

/* The answer to which flow is in use */
static enum serval_mib_field told(struct serval_joins *j,
				  const struct serval_cause *cause)
{
	/* any of those that said so */
	if ((s32)(cause->pkt->ackno - j->told) > 0) {
		j->telling = 0;
		j->probe.asked = 0;
		j->doubts = 0;
	}
	return 0;
}

/* To a flow that has joined: our ACK is lost, perhaps */
static enum serval_mib_field confirm(struct serval_joins *j,
				     const struct serval_flow *fl,
				     const struct serval_cause *cause,
				     struct serval_todo *todo)
{
	if (serval_move_gap_over(&j->gap_until))
		serval_join_ack(j, fl, cause->pkt->path_data, todo);
	return 0;
}

static enum serval_mib_field take_joinack(struct serval_move *m,
					  struct serval_flow *fl,
					  const struct sk_buff *skb,
					  const struct serval_cause *cause,
					  struct serval_todo *todo)
{
	const u64 challenge = serval_move_challenge(m, fl, &cause->leg.raddr);
	const struct serval_pkt *pkt = cause->pkt;
	struct serval_joins *j = serval_joins_of(m);

	SERVAL_INC(m->sn, INJOINACK);
	if (!j)
		return SERVAL_MIB_INUNEXPECTED;
	if (!serval_move_genuine(m, skb, pkt, &challenge))
		return SERVAL_MIB_INBADAUTH;
	if (fl == j->ours.fl) {
		if (pkt->ackno != j->ours.verno + 1)
			return SERVAL_MIB_INBADVERNO;
		if (!ipv6_addr_equal(&j->ours.leg.laddr, &cause->leg.laddr) ||
		    !ipv6_addr_equal(&j->ours.leg.raddr, &cause->leg.raddr))
			return SERVAL_MIB_INBADPATH;
		serval_join_complete(j, &j->ours, pkt->src, todo);
		serval_join_ack(j, fl, pkt->path_data, todo);
		return 0;
	}
	if (!is_along(fl, cause))
		return SERVAL_MIB_INBADPATH;
	if (fl == serval_move_active(m->conn) && j->telling)
		return told(j, cause);
	return confirm(j, fl, cause, todo);
}

/**
 * serval_joinack_rcv() - the peer answers our JOIN
 * @sn:  namespace
 * @skb: consumed
 * @pkt: its header
 */
void serval_joinack_rcv(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt)
{
	serval_move_rcv_answer(sn, skb, pkt, SERVAL_PATH_CHALLENGE,
			       take_joinack);
}

/**
 * serval_join_awaits() - is a response to a flow one of those that are awaited here
 * @m:   its connection's lock is held
 * @fl:  flow
 * @pkt: header with the response
 */
bool serval_join_awaits(const struct serval_move *m,
			const struct serval_flow *fl,
			const struct serval_pkt *pkt)
{
	struct serval_joins *j = serval_joins_of(m);

	if (!j)
		return false;
	if (fl == serval_move_active(m->conn))
		return j->probe.turn &&
		       pkt->path_data == serval_join_challenge(m, fl, &j->probe);
	return fl == j->theirs.fl || serval_joined_of(j, fl);
}

/**
 * serval_join_take_ack() - the peer answers a challenge of ours
 * @m:     its connection's lock is held
 * @fl:    flow for which serval_join_awaits()
 * @cause: packet, genuine
 * @todo:  gains what is to be done
 *
 * Return: why the packet is dropped, or 0.
 */
enum serval_mib_field serval_join_take_ack(struct serval_move *m,
					   const struct serval_flow *fl,
					   const struct serval_cause *cause,
					   struct serval_todo *todo)
{
	struct serval_joins *j = serval_joins_of(m);
	const struct serval_pkt *pkt = cause->pkt;
	struct serval_attempt *a = &j->theirs;
	struct serval_joined *joined;

	if (fl == a->fl) {
		if (pkt->path_data != serval_move_challenge(m, fl, &cause->leg.raddr) ||
		    !ipv6_addr_equal(&a->leg.raddr, &cause->leg.raddr) ||
		    !ipv6_addr_equal(&a->leg.laddr, &cause->leg.laddr))
			return SERVAL_MIB_INBADPATH;
		if (a->peer_id != pkt->src)
			return SERVAL_MIB_INBADPEERID;
		/* the way that it took last */
		a->leg = cause->leg;
		serval_join_replace(j, &a->leg, todo);
		serval_join_complete(j, a, pkt->src, todo);
		return 0;
	}
	if (!is_along(fl, cause))
		return SERVAL_MIB_INBADPATH;
	joined = serval_joined_of(j, fl);
	/* else it is a copy of what answered the JOIN-ACK, or is late */
	if (!joined ||
	    (joined->probe.turn &&
	     pkt->path_data == serval_join_challenge(m, fl, &joined->probe)))
		serval_join_heard(j, fl, (u64)pkt->verno << 32 | pkt->ackno);
	return 0;
}

/**
 * serval_join_early() - data came along a flow that the peer has joined, and we not yet
 * @m:     its connection's lock is held
 * @fl:    flow
 * @cause: from where
 * @src:   the packet's source id
 * @todo:  gains the answer that the peer has to confirm once more
 */
void serval_join_early(struct serval_move *m, const struct serval_flow *fl,
		       const struct serval_cause *cause, __be32 src,
		       struct serval_todo *todo)
{
	struct serval_joins *j = serval_joins_of(m);

	if (!j || fl != j->theirs.fl || !is_tried(j, cause, src))
		return;
	again(j, NULL, todo);
}

static enum serval_mib_field take_probe(struct serval_move *m,
					struct serval_flow *fl,
					const struct sk_buff *skb,
					const struct serval_cause *cause,
					struct serval_todo *todo)
{
	struct serval_joins *j = serval_joins_of(m);

	if (!serval_move_genuine(m, skb, cause->pkt, NULL))
		return SERVAL_MIB_INBADAUTH;
	if (!j || fl == m->left || fl == m->next)
		return SERVAL_MIB_INUNEXPECTED;
	if (serval_join_is_lost(j, fl))
		return SERVAL_MIB_INNOFLOW;
	if (!is_along(fl, cause))
		return SERVAL_MIB_INBADPATH;
	/* a NAT may have given it another port */
	serval_path_follow(&fl->path, skb);
	serval_join_ack(j, fl, cause->pkt->path_data, todo);
	return 0;
}

/**
 * serval_probe_rcv() - the peer asks along a flow whether we are there
 * @sn:  namespace
 * @skb: consumed
 * @pkt: its header
 */
void serval_probe_rcv(struct serval_net *sn, struct sk_buff *skb,
		      const struct serval_pkt *pkt)
{
	serval_move_rcv_request(sn, skb, pkt, SERVAL_PATH_CHALLENGE, take_probe);
}

/* Is an address one that the peer is known by? */
static bool is_known(struct serval_joins *j, const struct in6_addr *raddr)
{
	int i;

	if (ipv6_addr_equal(&serval_move_active(j->move->conn)->path.raddr, raddr))
		return true;
	for (i = 0; i < j->n; i++)
		if (ipv6_addr_equal(&j->flows[i].fl->path.raddr, raddr))
			return true;
	return false;
}

static enum serval_mib_field take_part(struct serval_move *m,
				       struct serval_flow *fl,
				       const struct sk_buff *skb,
				       const struct serval_cause *cause,
				       struct serval_todo *todo)
{
	struct serval_joins *j = serval_joins_of(m);
	const struct serval_pkt *pkt = cause->pkt;
	struct serval_joined *joined;

	if (!serval_move_genuine(m, skb, pkt, NULL))
		return SERVAL_MIB_INBADAUTH;
	if (!j || !is_known(j, &cause->leg.raddr))
		return SERVAL_MIB_INBADPATH;
	if (!is_new(j, pkt->verno))
		return SERVAL_MIB_INBADVERNO;
	if (fl->peer_id != pkt->src)
		return SERVAL_MIB_INBADPEERID;
	/* the one in use goes as well, if there is another; which, the peer says */
	if (fl == serval_move_active(m->conn) &&
	    !serval_join_fall_over(m, SERVAL_USE_PEER, todo))
		return SERVAL_MIB_INUNEXPECTED;
	j->rcv = pkt->verno + 1;
	joined = serval_joined_of(j, fl);
	if (joined)
		serval_join_forget(j, joined, todo);
	else
		serval_join_drop_lost(j, fl);
	return 0;
}

/**
 * serval_part_rcv() - the peer ends a flow
 * @sn:  namespace
 * @skb: consumed
 * @pkt: its header
 */
void serval_part_rcv(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt)
{
	serval_move_rcv_request(sn, skb, pkt, 0, take_part);
}

/**
 * serval_join_gone() - has the peer forgotten a joined flow
 * @sn:  namespace
 * @skb: RST with PATH, not consumed
 * @pkt: its header
 * @fl:  flow that it names
 *
 * It answers a probe, and has to return its challenge from the peer's locator.
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: true if it has, and the flow is gone.
 */
bool serval_join_gone(struct serval_net *sn, const struct sk_buff *skb,
		      const struct serval_pkt *pkt, struct serval_flow *fl)
{
	struct serval_move *m = serval_move_of(fl->conn);
	struct serval_joined *joined = NULL;
	struct serval_todo todo = { .conn = fl->conn };
	struct serval_joins *j;

	if (!m || pkt->src != fl->peer_id || pkt->nonce != fl->nonce ||
	    pkt->path_kind != SERVAL_PATH_RESPONSE ||
	    !serval_path_is_peer(&fl->path, skb))
		return false;
	spin_lock(&fl->conn->lock);
	j = serval_move_ready(m) ? serval_joins_of(m) : NULL;
	if (j)
		joined = serval_joined_of(j, fl);
	if (joined && joined->probe.turn &&
	    pkt->path_data == serval_join_challenge(m, fl, &joined->probe))
		serval_join_forget(j, joined, &todo);
	spin_unlock(&fl->conn->lock);
	serval_move_settle(sn, &todo);
	return todo.parted;
}
