// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several flows of one connection: who asks for them (join.h).
 */
#include "encap.h"
#include "join.h"
#include "sal.h"

/* Does a path of the connection lead there already?  Its lock is held */
static bool leads_there(struct serval_joins *j, const struct serval_leg *leg)
{
	const struct serval_flow *fl = serval_move_active(j->move->conn);
	int i = 0;

	for (;;) {
		if (ipv6_addr_equal(&fl->path.laddr, &leg->laddr) &&
		    ipv6_addr_equal(&fl->path.raddr, &leg->raddr) &&
		    !READ_ONCE(fl->path.dport) == !leg->dport)
			return true;
		if (i == j->n)
			return false;
		fl = j->flows[i++].fl;
	}
}

static int begin(struct serval_move *m, const struct serval_leg *leg,
		 struct serval_waiter *w, struct serval_todo *todo)
{
	struct serval_joins *j = serval_joins_make(m);
	struct serval_attempt *a;

	if (!j)
		return -ENOMEM;
	if (leads_there(j, leg))
		return -EALREADY;
	if (j->ours.fl)
		return -EBUSY;
	if (!serval_join_make_room(j, todo))
		return -ENOSPC;
	a = &j->ours;
	*a = (struct serval_attempt) {
		.fl = serval_join_fresh(m),
		.leg = *leg,
		.verno = j->snd,
		.begun = ktime_get(),
		.waiter = w,
	};
	if (!a->fl)
		return -ENOMEM;
	if (w)
		serval_waiter_add(w);
	j->snd++;
	serval_join_attempt(j, todo);
	serval_join_schedule(j);
	return 0;
}

static int join(struct serval_net *sn, const struct serval_flow *fl,
		const struct serval_move_to *from, const struct in6_addr *raddr,
		struct serval_waiter *w)
{
	struct serval_conn *conn = fl->conn;
	struct serval_todo todo = { .conn = conn };
	struct serval_move *m;
	struct serval_leg leg;
	int err;

	err = serval_move_find_leg(sn, fl, from, raddr, &leg);
	if (err)
		return err;
	m = serval_move_make(sn, fl);
	if (!m)
		return -ENOMEM;
	err = -ENOTCONN;
	spin_lock_bh(&conn->lock);
	if (serval_move_ready(m) && rcu_access_pointer(conn->flow) == fl)
		err = begin(m, &leg, w, &todo);
	spin_unlock_bh(&conn->lock);
	serval_move_settle(sn, &todo);
	return err;
}

/**
 * serval_join_flow() - join a flow to a connection
 * @sn:    namespace
 * @id:    local id of one of the connection's flows
 * @from:  local end
 * @raddr: address of the peer, :: = where it is, or where the service table says
 * @w:     is told how it ends, if it begins; or NULL
 *
 * Context: process.
 * Return: 0 if it has begun; -ENOENT without such a flow, -ENOTCONN before the peer
 * has confirmed it, -EALREADY if one of its flows leads there, -EBUSY if another is
 * being joined, -ENOSPC if it has eight, -EADDRNOTAVAIL if the address is not this
 * host's, -EKEYREJECTED if the peer's key is none, -ENOMEM, or why there is no route
 * or no UDP port.
 */
int serval_join_flow(struct serval_net *sn, __be32 id,
		     const struct serval_move_to *from,
		     const struct in6_addr *raddr, struct serval_waiter *w)
{
	struct serval_flow *fl;
	int err = from->way == SERVAL_MOVE_UDP ? serval_encap_open_pool(sn) : 0;

	err = err ?: serval_move_prepare(sn, id);
	if (err)
		return err;
	err = -ENOENT;
	rcu_read_lock();
	fl = serval_flow_find(sn, id);
	/* by whichever of the connection's flows */
	fl = fl && serval_flow_is_listed(fl) ? rcu_dereference(fl->conn->flow) :
					       NULL;
	if (fl && READ_ONCE(fl->state) == SERVAL_FLOW_ESTABLISHED)
		err = join(sn, fl, from, raddr, w);
	else if (fl)
		err = -ENOTCONN;
	rcu_read_unlock();
	return err;
}

/**
 * serval_join_from() - join a flow without being asked
 * @sn:    namespace
 * @fl:    the connection's flow in use
 * @from:  local end
 * @raddr: address of the peer, or ::
 *
 * Context: process, rcu_read_lock() held.
 * Return: as serval_join_flow().
 */
int serval_join_from(struct serval_net *sn, const struct serval_flow *fl,
		     const struct serval_move_to *from,
		     const struct in6_addr *raddr)
{
	return join(sn, fl, from, raddr, NULL);
}

typedef int change(struct serval_joins *j, const struct serval_flow *fl,
		   struct serval_todo *todo);

/* To a flow in use or joined.  Return: @only if there are no others */
static int with_flow(struct serval_net *sn, __be32 id, change *change, int only)
{
	struct serval_todo todo = {};
	struct serval_flow *fl;
	struct serval_move *m;
	int err = only;

	rcu_read_lock();
	fl = serval_flow_find(sn, id);
	m = fl ? serval_move_of(fl->conn) : NULL;
	if (!fl || !serval_flow_is_listed(fl)) {
		err = -ENOENT;
	} else if (m) {
		todo.conn = fl->conn;
		spin_lock_bh(&fl->conn->lock);
		if (serval_move_ready(m) && serval_joins_of(m))
			err = change(serval_joins_of(m), fl, &todo);
		spin_unlock_bh(&fl->conn->lock);
		serval_move_settle(sn, &todo);
	}
	rcu_read_unlock();
	return err;
}

static int part(struct serval_joins *j, const struct serval_flow *fl,
		struct serval_todo *todo)
{
	struct serval_joined *joined;

	if (fl == serval_move_active(j->move->conn) &&
	    !serval_join_fall_over(j->move, SERVAL_USE_ASKED, todo))
		return -EBUSY;
	joined = serval_joined_of(j, fl);
	/* else its local address has gone, and so is it */
	if (joined)
		serval_join_remove(j, joined, todo);
	else if (!todo->parted)
		return -ENOENT;
	return 0;
}

/**
 * serval_part_flow() - end one flow of a connection that has several
 * @sn: namespace
 * @id: its local id; of the one in use too, then another is used
 *
 * Context: process.
 * Return: 0; -ENOENT without such a flow, -EBUSY if it is the only one that works.
 */
int serval_part_flow(struct serval_net *sn, __be32 id)
{
	return with_flow(sn, id, part, -EBUSY);
}

static int use(struct serval_joins *j, const struct serval_flow *fl,
	       struct serval_todo *todo)
{
	struct serval_joined *joined = serval_joined_of(j, fl);

	if (!joined)
		return fl == serval_move_active(j->move->conn) ? -EALREADY :
								 -ENOENT;
	serval_join_use(j, joined, SERVAL_USE_ASKED, todo);
	return 0;
}

/**
 * serval_use_flow() - use another flow of a connection from now on
 * @sn: namespace
 * @id: its local id
 *
 * Context: process.
 * Return: 0; -ENOENT without such a flow, -EALREADY if it is in use.
 */
int serval_use_flow(struct serval_net *sn, __be32 id)
{
	return with_flow(sn, id, use, -EALREADY);
}

/* Its local address is gone, so the peer learns of it along the flow in use; or its
 * device is back, which need not wait until it is asked
 */
static void see(struct serval_joins *j, struct serval_flow *fl,
		struct serval_todo *todo)
{
	struct serval_joined *joined = serval_joined_of(j, fl);
	struct serval_net *sn = j->move->sn;

	if (!joined)
		return;
	if (!serval_addr_is_local(sn, &fl->path.laddr)) {
		serval_join_lose(j, joined, todo);
	} else if (joined->down && serval_move_is_usable(sn, fl)) {
		joined->probe.at = jiffies;
		serval_join_schedule(j);
	}
}

/**
 * serval_join_see() - have a joined flow look whether its local address is there
 * @sn: namespace
 * @fl: flow
 *
 * Context: process, rcu_read_lock() held.
 */
void serval_join_see(struct serval_net *sn, struct serval_flow *fl)
{
	struct serval_move *m = serval_move_of(fl->conn);
	struct serval_todo todo = { .conn = fl->conn };

	if (!m)
		return;
	spin_lock_bh(&fl->conn->lock);
	if (serval_move_ready(m) && serval_joins_of(m))
		see(serval_joins_of(m), fl, &todo);
	spin_unlock_bh(&fl->conn->lock);
	serval_move_settle(sn, &todo);
}
