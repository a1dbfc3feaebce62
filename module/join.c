// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several flows of one connection: what happens to them (join.h).
 *
 *	JOIN		from a new locator --->  verify, try the path
 *	<--- to where that came from JOIN-ACK
 *	ACK		with the response --->   both ends have one flow more
 *
 * Which flow is in use each end decides for what it sends.  One that changes it says so
 * by a JOIN along the flow that it uses from now on, and the other follows.  If both
 * change it at once, the choice of the end that asked for the service holds.
 *
 * A path is asked by probes: a challenge, which the peer returns.  Joined ones are asked
 * now and then; the one in use if an acknowledgment for TCP is overdue, and then all at
 * once: if another answers while it does not, that one is used.
 *
 * All of it is timed by one timer, for what is due first.
 */
#include <linux/random.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "events.h"
#include "join.h"
#include "multipath.h"
#include "preference.h"
#include "sal.h"

#define TRIES		5	/* transmissions of a JOIN */
#define ASK_EVERY	(15 * HZ)	/* a path that is well; less than what a NAT forgets */
#define ASK_DEAD	(16 * HZ)	/* one that is dead, at most; doubled from HZ */
#define DEAD_AFTER	3	/* probes without an answer */
#define BACK_AFTER	(2 * HZ)	/* for which a path must be well to be used again */
#define GIVE_UP		24	/* ... after which a flow ends: 5 minutes */
#define WATCH_EVERY	HZ
#define BUDGET		16	/* attempts to addresses of a list, none successful */

static void timer_expired(struct timer_list *t);

static void begin_life(struct serval_joins *j)
{
	j->snd = 1;
	j->rcv = 1;
	j->gap_until = jiffies;
	j->list_gap_until = jiffies;
	j->try_at = jiffies;
	j->budget = BUDGET;
}

/**
 * serval_joins_make() - what a connection needs to join flows
 * @m: its connection's lock is held
 *
 * Return: NULL if there is no memory.
 */
struct serval_joins *serval_joins_make(struct serval_move *m)
{
	struct serval_joins *j = m->joins;

	lockdep_assert_held(&m->conn->lock);
	if (j)
		return j;
	j = kzalloc(sizeof(*j), GFP_ATOMIC);
	if (!j)
		return NULL;
	j->move = m;
	begin_life(j);
	timer_setup(&j->timer, timer_expired, 0);
	/* pairs with READ_ONCE() in serval_multipath_peer() */
	smp_store_release(&m->joins, j);
	return j;
}

/**
 * serval_join_leg() - where a flow leads
 * @fl: flow with a path
 */
struct serval_leg serval_join_leg(const struct serval_flow *fl)
{
	const struct serval_path *path = &fl->path;

	return (struct serval_leg) {
		.laddr = path->laddr,
		.raddr = path->raddr,
		.oif = path->oif,
		.sport = READ_ONCE(path->sport),
		.dport = READ_ONCE(path->dport),
	};
}

/**
 * serval_join_challenge() - what a probe asks to be returned
 * @m:     its connection's lock is held, and it is ready
 * @fl:    flow that is asked
 * @probe: of its path
 */
u64 serval_join_challenge(const struct serval_move *m,
			  const struct serval_flow *fl,
			  const struct serval_probe *probe)
{
	const struct {
		__be32 id;
		u32 turn;
		char label[8];
	} __packed in = {
		.id = fl->local_id,
		.turn = probe->turn,
		.label = "probe",
	};

	return siphash(&in, sizeof(in), &m->challenge_key);
}

/**
 * serval_join_fresh() - a flow for an attempt
 * @m: its connection's lock is held, and it is ready
 *
 * Return: a flow with an id that leads nowhere yet; NULL if there is no memory.
 */
struct serval_flow *serval_join_fresh(struct serval_move *m)
{
	struct serval_flow *fl =
		serval_flow_alloc_next(serval_move_active(m->conn));

	if (!fl)
		return NULL;
	if (!serval_flow_insert_next(m->sn, fl))
		return fl;
	serval_flow_free(fl);
	return NULL;
}

static void add_join(struct serval_joins *j, const struct serval_flow *fl,
		     const struct serval_leg *leg, __be32 dst, u32 verno,
		     struct serval_todo *todo)
{
	struct serval_move *m = j->move;
	struct serval_pkt pkt = {
		.dst = dst,
		.flags = SERVAL_CTRL_SYN | SERVAL_CTRL_RSYN,
		.verno = verno,
		.ackno = j->rcv,
		.has = SERVAL_HAS_PATH,
		.path_kind = SERVAL_PATH_CHALLENGE,
		.path_data = serval_move_challenge(m, fl, &leg->raddr),
	};

	serval_move_add_pkt(m, todo, fl, leg, &pkt, NULL);
	SERVAL_INC(m->sn, OUTJOIN);
}

/**
 * serval_join_attempt() - send the JOIN of our attempt
 * @j:    its connection's lock is held; with an attempt
 * @todo: gains the packet
 */
void serval_join_attempt(struct serval_joins *j, struct serval_todo *todo)
{
	struct serval_attempt *a = &j->ours;

	a->at = jiffies + min_t(unsigned long, 8 * HZ,
				serval_move_timeout(j->move->conn) << a->tries);
	a->tries++;
	/* one that was sent since may have come before it */
	if (j->snd != a->verno + 1)
		a->verno = j->snd++;
	/* the peer may not know the new flow yet */
	add_join(j, a->fl, &a->leg, serval_move_active(j->move->conn)->peer_id,
		 a->verno, todo);
}

/**
 * serval_join_answer() - answer a JOIN
 * @j:       its connection's lock is held
 * @fl:      flow that this end has for it
 * @leg:     where it leads
 * @peer_id: the peer's id of it
 * @verno:   of the JOIN
 * @challenge: the JOIN's, which the MAC covers
 * @todo:    gains the packet
 */
void serval_join_answer(struct serval_joins *j, const struct serval_flow *fl,
			const struct serval_leg *leg, __be32 peer_id,
			u32 verno, u64 challenge, struct serval_todo *todo)
{
	struct serval_move *m = j->move;
	struct serval_pkt pkt = {
		.dst = peer_id,
		.flags = SERVAL_CTRL_SYN | SERVAL_CTRL_RSYN | SERVAL_CTRL_ACK,
		.verno = j->snd,
		.ackno = verno + 1,
		.has = SERVAL_HAS_PATH,
		.path_kind = SERVAL_PATH_CHALLENGE,
		.path_data = serval_move_challenge(m, fl, &leg->raddr),
	};

	serval_move_add_pkt(m, todo, fl, leg, &pkt, &challenge);
	SERVAL_INC(m->sn, OUTJOINACK);
}

/* Along a flow that the peer knows */
static void add_path(struct serval_joins *j, const struct serval_flow *fl,
		     u8 kind, u64 data, struct serval_todo *todo)
{
	const struct serval_leg leg = serval_join_leg(fl);
	const u64 got = atomic64_read(&fl->received_bytes);
	struct serval_pkt pkt = {
		.dst = fl->peer_id,
		.flags = SERVAL_CTRL_ACK,
		/* what has come along it so far */
		.verno = upper_32_bits(got),
		.ackno = lower_32_bits(got),
		.has = SERVAL_HAS_PATH,
		.path_kind = kind,
		.path_data = data,
	};

	serval_move_add_pkt(j->move, todo, fl, &leg, &pkt, NULL);
}

/**
 * serval_join_ack() - return a challenge along a flow
 * @j:        its connection's lock is held
 * @fl:       joined, or in use
 * @response: challenge
 * @todo:     gains the packet
 */
void serval_join_ack(struct serval_joins *j, const struct serval_flow *fl,
		     u64 response, struct serval_todo *todo)
{
	add_path(j, fl, SERVAL_PATH_RESPONSE, response, todo);
}

/**
 * serval_join_acknowledge() - say that the peer's list of addresses has come
 * @j:    its connection's lock is held
 * @todo: gains the packet
 */
void serval_join_acknowledge(struct serval_joins *j, struct serval_todo *todo)
{
	const struct serval_flow *fl = serval_move_active(j->move->conn);
	const struct serval_leg leg = serval_join_leg(fl);
	struct serval_pkt pkt = {
		.dst = fl->peer_id,
		.flags = SERVAL_CTRL_ACK,
		.verno = j->snd,
		.ackno = j->rcv,
		.has = SERVAL_HAS_ADDRESS,
		.list_ackno = j->list_rcv,
	};

	serval_move_add_pkt(j->move, todo, fl, &leg, &pkt, NULL);
}

static unsigned long ask_next(const struct serval_joins *j,
			      const struct serval_probe *probe, bool down)
{
	if (down)
		return min_t(unsigned long, ASK_DEAD,
			     HZ << min_t(u8, probe->asked - DEAD_AFTER, 8));
	return serval_move_timeout(j->move->conn) << (probe->asked - 1);
}

static void add_probe(struct serval_joins *j, const struct serval_flow *fl,
		      struct serval_probe *probe, struct serval_todo *todo)
{
	probe->turn = ++j->probes ?: ++j->probes;
	add_path(j, fl, SERVAL_PATH_CHALLENGE,
		 serval_join_challenge(j->move, fl, probe), todo);
}

/**
 * serval_join_ask() - probe a path of which only the capacity is in question
 * @j:    its connection's lock is held
 * @fl:   flow in use or joined
 * @todo: gains the packet
 */
void serval_join_ask(struct serval_joins *j, const struct serval_flow *fl,
		     struct serval_todo *todo)
{
	struct serval_joined *joined = serval_joined_of(j, fl);

	add_probe(j, fl, joined ? &joined->probe : &j->probe, todo);
}

static void ask(struct serval_joins *j, const struct serval_flow *fl,
		struct serval_probe *probe, struct serval_todo *todo)
{
	struct serval_joined *joined = serval_joined_of(j, fl);

	if (probe->asked < U8_MAX)
		probe->asked++;
	/* its answer is not to one that measures */
	if (joined)
		joined->pipe.waits = false;
	else
		j->pipe.waits = false;
	add_probe(j, fl, probe, todo);
}

static void ask_joined(struct serval_joins *j, struct serval_joined *joined,
		       struct serval_todo *todo)
{
	if (joined->probe.asked >= DEAD_AFTER && !joined->down) {
		joined->down = true;
		SERVAL_INC(j->move->sn, PATHDOWN);
	}
	ask(j, joined->fl, &joined->probe, todo);
	joined->probe.at = jiffies + ask_next(j, &joined->probe, joined->down);
}

/**
 * serval_join_spread() - see whether a connection is to use several flows at once
 * @j: its connection's lock is held
 */
void serval_join_spread(struct serval_joins *j)
{
	int policy = serval_multipath_policy(j->move->sn, j->move->conn);

	lockdep_assert_held(&j->move->conn->lock);
	if (policy < SERVAL_MULTIPATH_REDUNDANT || !j->n)
		policy = 0;
	WRITE_ONCE(j->move->conn->spreads, policy);
}

static void add_flow(struct serval_joins *j, struct serval_flow *fl)
{
	struct serval_joined *joined = &j->flows[j->n++];

	*joined = (struct serval_joined) {
		.fl = fl,
		.probe.at = jiffies + ASK_EVERY,
	};
	serval_join_spread(j);
}

static void del_flow(struct serval_joins *j, struct serval_joined *joined)
{
	*joined = j->flows[--j->n];
	serval_join_spread(j);
}

/* From now on data that comes along it is the connection's */
static void become_joined(struct serval_joins *j, struct serval_flow *fl,
			  const struct serval_leg *leg, __be32 peer_id)
{
	const struct serval_flow *now = serval_move_active(j->move->conn);

	serval_path_set(&fl->path, &leg->laddr, &leg->raddr, leg->oif, false);
	serval_path_encapsulate(&fl->path, leg->sport, leg->dport);
	fl->peer_id = peer_id;
	/* TCP must not take it for less than what it has, until a route is found */
	fl->path.mss = READ_ONCE(now->path.mss);
	fl->path.mtu = READ_ONCE(now->path.mtu);
	serval_flow_join(fl);
	add_flow(j, fl);
}

static int device_of(struct serval_move *m, const struct serval_flow *fl)
{
	const struct net_device *dev = serval_move_path_device(m->sn, &fl->path);

	return dev ? dev->ifindex : 0;
}

/* Those that are being tried count: any of them may join */
static bool has_room(const struct serval_joins *j)
{
	return j->n + !!j->ours.fl + !!j->theirs.fl < SERVAL_JOINED_MAX;
}

/**
 * serval_join_make_room() - have one more flow fit, if one is dead
 * @j:    its connection's lock is held
 * @todo: gains the packet that ends that one
 *
 * The one that has been dead for longest, but one that is preferred only if there is no
 * other.
 *
 * Return: false if there is no room.
 */
bool serval_join_make_room(struct serval_joins *j, struct serval_todo *todo)
{
	struct serval_joined *joined, *worst = NULL;
	int i;

	if (has_room(j))
		return true;
	for (i = 0; i < j->n; i++) {
		joined = &j->flows[i];
		if (joined->down &&
		    (!worst || worst->preferred > joined->preferred ||
		     (worst->preferred == joined->preferred &&
		      worst->probe.asked < joined->probe.asked)))
			worst = joined;
	}
	if (!worst)
		return false;
	serval_join_remove(j, worst, todo);
	return has_room(j);
}

/**
 * serval_join_complete() - an attempt has succeeded
 * @j:       its connection's lock is held; there is room
 * @a:       ours or the peer's; ends
 * @peer_id: the peer's id of the flow
 * @todo:    gains who is told
 */
void serval_join_complete(struct serval_joins *j, struct serval_attempt *a,
			  __be32 peer_id, struct serval_todo *todo)
{
	struct serval_move *m = j->move;

	become_joined(j, a->fl, &a->leg, peer_id);
	todo->joined = a->fl;
	if (j->home && device_of(m, a->fl) == j->home) {
		j->flows[j->n - 1].preferred = true;
		j->flows[j->n - 1].back_at = jiffies + BACK_AFTER;
		j->home = 0;
	}
	if (a == &j->ours)
		j->budget = BUDGET;
	todo->waiter = a->waiter;
	todo->result.old_id = serval_move_active(m->conn)->local_id;
	todo->result.new_id = a->fl->local_id;
	todo->result.us = ktime_us_delta(ktime_get(), a->begun);
	a->fl = NULL;
	a->waiter = NULL;
	j->watch_at = jiffies + WATCH_EVERY;
	serval_join_schedule(j);
}

/**
 * serval_join_drop() - an attempt is over, and its flow has not joined
 * @j: its connection's lock is held
 * @a: ours or the peer's; nothing happens if there is none
 */
void serval_join_drop(struct serval_joins *j, struct serval_attempt *a)
{
	if (!a->fl)
		return;
	serval_flow_remove(j->move->sn, a->fl);
	a->fl = NULL;
}

/**
 * serval_join_fail() - our attempt has failed
 * @j:    its connection's lock is held; with an attempt
 * @err:  negative errno
 * @todo: gains who is told
 */
void serval_join_fail(struct serval_joins *j, int err, struct serval_todo *todo)
{
	struct serval_attempt *a = &j->ours;
	const struct serval_flow *now = serval_move_active(j->move->conn);

	SERVAL_INC(j->move->sn, JOINFAILED);
	todo->waiter = a->waiter;
	todo->result.err = err;
	todo->result.old_id = now ? now->local_id : 0;
	todo->result.new_id = todo->result.old_id;
	todo->result.us = ktime_us_delta(ktime_get(), a->begun);
	a->waiter = NULL;
	serval_join_drop(j, a);
}

/* Nothing is sent along a joined flow any more */
static struct serval_flow *take_off(struct serval_joins *j,
				    struct serval_joined *joined,
				    struct serval_todo *todo)
{
	struct serval_flow *fl = joined->fl;

	todo->parted = fl;
	/* there may be something to take its place */
	serval_join_rewind(j);
	del_flow(j, joined);
	return fl;
}

/**
 * serval_join_forget() - a joined flow is no more
 * @j:      its connection's lock is held
 * @joined: its slot
 * @todo:   gains who is told here; the peer is not
 */
void serval_join_forget(struct serval_joins *j, struct serval_joined *joined,
			struct serval_todo *todo)
{
	serval_flow_remove(j->move->sn, take_off(j, joined, todo));
}

/**
 * serval_join_replace() - the peer has joined a flow where it has one
 * @j:    its connection's lock is held
 * @leg:  where that leads
 * @todo: gains who is told
 *
 * So the old one has ended there: it joins only where it has none.
 */
void serval_join_replace(struct serval_joins *j, const struct serval_leg *leg,
			 struct serval_todo *todo)
{
	int i;

	for (i = 0; i < j->n; i++) {
		struct serval_joined *joined = &j->flows[i];
		const struct serval_path *path = &joined->fl->path;

		if (!ipv6_addr_equal(&path->laddr, &leg->laddr) ||
		    !ipv6_addr_equal(&path->raddr, &leg->raddr) ||
		    READ_ONCE(path->dport) != leg->dport)
			continue;
		if (joined->preferred)
			j->home = device_of(j->move, joined->fl);
		serval_join_forget(j, joined, todo);
		return;
	}
}

/* Say that a flow has ended, along the one in use */
static void say_ended(struct serval_joins *j, const struct serval_flow *fl,
		      struct serval_todo *todo)
{
	const struct serval_leg leg =
		serval_join_leg(serval_move_active(j->move->conn));
	struct serval_pkt pkt = {
		.dst = fl->peer_id,
		.flags = SERVAL_CTRL_RSYN | SERVAL_CTRL_FIN,
		.verno = j->snd++,
		.ackno = j->rcv,
	};

	serval_move_add_pkt(j->move, todo, fl, &leg, &pkt, NULL);
}

/**
 * serval_join_remove() - end a joined flow
 * @j:      its connection's lock is held
 * @joined: its slot
 * @todo:   gains the packet that says so, along the flow in use
 */
void serval_join_remove(struct serval_joins *j, struct serval_joined *joined,
			struct serval_todo *todo)
{
	say_ended(j, joined->fl, todo);
	serval_join_forget(j, joined, todo);
}

static struct serval_flow *take_lost(struct serval_joins *j, int i)
{
	struct serval_flow *fl = j->lost[i];

	j->lost_n--;
	memmove(&j->lost[i], &j->lost[i + 1],
		(j->lost_n - i) * sizeof(j->lost[0]));
	return fl;
}

/* It receives, if need be in place of the one that was lost first */
static void keep_lost(struct serval_joins *j, struct serval_flow *fl)
{
	if (j->lost_n == ARRAY_SIZE(j->lost))
		serval_flow_remove(j->move->sn, take_lost(j, 0));
	WRITE_ONCE(fl->state, SERVAL_FLOW_LEFT);
	j->lost[j->lost_n++] = fl;
}

/**
 * serval_join_drop_lost() - the peer does not have a flow any more
 * @j:  its connection's lock is held
 * @fl: flow; nothing happens if its local address is not lost
 */
void serval_join_drop_lost(struct serval_joins *j, const struct serval_flow *fl)
{
	int i;

	for (i = 0; i < j->lost_n; i++) {
		if (j->lost[i] != fl)
			continue;
		serval_flow_remove(j->move->sn, take_lost(j, i));
		return;
	}
}

/**
 * serval_join_lose() - the local address of a joined flow has gone
 * @j:      its connection's lock is held
 * @joined: its slot
 * @todo:   gains the packet that says so, along the flow in use
 *
 * That may be lost, and the peer use the flow, as the one in use may lead to an address that
 * the peer has not any more.  Its RSYN names this flow then, so it is kept.
 */
void serval_join_lose(struct serval_joins *j, struct serval_joined *joined,
		      struct serval_todo *todo)
{
	if (joined->preferred)
		j->home = device_of(j->move, joined->fl);
	say_ended(j, joined->fl, todo);
	keep_lost(j, take_off(j, joined, todo));
}

/* Say which flow is in use, along it */
static void tell(struct serval_joins *j, struct serval_todo *todo)
{
	const struct serval_flow *fl = serval_move_active(j->move->conn);
	const struct serval_leg leg = serval_join_leg(fl);

	j->tell_at = jiffies + (serval_move_timeout(j->move->conn) << j->telling);
	/* one that was sent since may have come before it */
	if (!j->telling)
		j->told = j->snd;
	j->telling++;
	add_join(j, fl, &leg, fl->peer_id, j->snd++, todo);
}

/* An attempt that only makes sure of the peer makes no sense any more */
static void cancel_probing(struct serval_move *m, struct serval_todo *todo)
{
	const struct serval_cause stop = { .err = -ECANCELED };

	if (!serval_fsm_asks(m->state) || !m->probes)
		return;
	serval_move_run(m, SERVAL_EV_GIVE_UP, &stop, todo);
	todo->report = 0;
}

/* The address that was lost is not the one in use any more */
static void end_hold(struct serval_move *m)
{
	m->lost = false;
	if (m->state == SERVAL_NOADDRESS ||
	    m->state == SERVAL_NOADDRESS_RSYN_RCVD)
		m->state = SERVAL_ESTABLISHED;
}

/* Which flow is to be used again once it works */
static void set_preferred(struct serval_joins *j, struct serval_joined *left,
			  enum serval_join_why why)
{
	int i;

	if (why == SERVAL_USE_DEAD || why == SERVAL_USE_LOST) {
		for (i = 0; i < j->n; i++)
			if (j->flows[i].preferred)
				return;
		left->preferred = true;
		return;
	}
	j->home = 0;
	for (i = 0; i < j->n; i++)
		j->flows[i].preferred = false;
}

/**
 * serval_join_use() - use a joined flow from now on
 * @j:      its connection's lock is held, and it is ready
 * @joined: its slot, which then has the flow that was in use
 * @why:    that is left
 * @todo:   gains what is to be done
 */
void serval_join_use(struct serval_joins *j, struct serval_joined *joined,
		     enum serval_join_why why, struct serval_todo *todo)
{
	struct serval_move *m = j->move;
	struct serval_conn *conn = m->conn;
	struct serval_flow *old = serval_move_active(conn), *new = joined->fl;
	bool dead = why == SERVAL_USE_DEAD || why == SERVAL_USE_LOST;
	const struct serval_pipe pipe = joined->pipe;

	cancel_probing(m, todo);
	serval_flow_swap(new, old);
	rcu_assign_pointer(conn->flow, new);
	*joined = (struct serval_joined) {
		.fl = old,
		.pipe = j->pipe,
		.probe.at = jiffies + (dead ? HZ : ASK_EVERY),
		.probe.asked = dead ? DEAD_AFTER : 0,
		.down = dead,
	};
	set_preferred(j, joined, why);
	j->probe = (struct serval_probe) {};
	j->pipe = pipe;
	j->doubts = 0;
	todo->lost = dead;
	serval_move_note(m, old, new, todo);
	todo->report = why == SERVAL_USE_PEER ? SERVAL_EE_MOVE_PEER :
						SERVAL_EE_MOVE_OWN;
	/* who waits for a move hears that it was given up */
	if (!todo->waiter) {
		todo->result.us = 0;
		todo->result.err = 0;
		m->err = 0;
	}
	end_hold(m);
	j->telling = 0;
	j->told = 0;
	if (why != SERVAL_USE_PEER)
		tell(j, todo);
	serval_join_schedule(j);
}

/**
 * serval_join_follow() - the peer uses the flow that its packet names
 * @m:    its connection's lock is held, and it is ready
 * @fl:   flow
 * @todo: gains what is to be done, if it is a joined one
 */
void serval_join_follow(struct serval_move *m, const struct serval_flow *fl,
			struct serval_todo *todo)
{
	struct serval_joins *j = serval_joins_of(m);
	struct serval_joined *joined = j ? serval_joined_of(j, fl) : NULL;

	/* not if this end has chosen, and its choice holds */
	if (joined && !(m->conn->active && j->telling))
		serval_join_use(j, joined, SERVAL_USE_PEER, todo);
}

/* Whom to use first: what was left, then by the device's preference, then what goes out as
 * the one in use does
 */
static int rank(struct serval_joins *j, const struct serval_joined *joined)
{
	struct serval_move *m = j->move;
	int device = device_of(m, joined->fl);

	return joined->preferred * 1024 +
	       serval_preference_of(m->sn, device) * 2 +
	       (device == device_of(m, serval_move_active(m->conn)));
}

/**
 * serval_join_moved() - the flow in use has been left by a move
 * @j: its connection's lock is held
 *
 * What was known of its path is of no use.
 */
void serval_join_moved(struct serval_joins *j)
{
	j->probe = (struct serval_probe) {};
	j->pipe = (struct serval_pipe) {};
	j->doubts = 0;
	j->telling = 0;
	j->told = 0;
	j->named = 0;
	serval_join_rewind(j);
}

/* The best that there is: @answers: it has answered since the one in use was in doubt */
static struct serval_joined *choose(struct serval_joins *j, bool answers)
{
	struct serval_joined *joined, *best = NULL;
	int i;

	for (i = 0; i < j->n; i++) {
		joined = &j->flows[i];
		if (joined->down || (answers && !joined->answers) ||
		    !serval_move_is_usable(j->move->sn, joined->fl))
			continue;
		if (!best || rank(j, joined) > rank(j, best))
			best = joined;
	}
	return best;
}

/* The peer may use a flow whose address was lost here, or from which the connection has moved,
 * and not have heard that it is to be used no more.  A request may name any flow from anywhere:
 * so a fresh one leads where the one in use does, to the peer's end of the next of these, the
 * last that was lost first.
 */
static struct serval_joined *name_another(struct serval_joins *j)
{
	struct serval_move *m = j->move;
	const struct serval_leg leg =
		serval_join_leg(serval_move_active(m->conn));
	const struct serval_flow *other = NULL;
	struct serval_flow *fresh;

	if (j->named < j->lost_n)
		other = j->lost[j->lost_n - 1 - j->named];
	else if (j->named == j->lost_n)
		other = m->left;
	if (!other)
		return NULL;
	fresh = serval_join_fresh(m);
	if (!fresh)
		return NULL;
	j->named++;
	become_joined(j, fresh, &leg, other->peer_id);
	return serval_joined_of(j, fresh);
}

/**
 * serval_join_forgotten() - the peer does not know the flow in use
 * @m:    its connection's lock is held, and it is ready
 * @todo: gains what is to be done
 *
 * It uses another then, and has not heard of that, or we have not.
 *
 * Return: false if it knows none.
 */
bool serval_join_forgotten(struct serval_move *m, struct serval_todo *todo)
{
	struct serval_joins *j = serval_joins_of(m);
	enum serval_join_why why = SERVAL_USE_DEAD;
	struct serval_joined *joined;

	if (!j)
		return false;
	joined = j->n ? choose(j, false) ?: &j->flows[0] : NULL;
	if (!joined) {
		joined = name_another(j);
		why = SERVAL_USE_PEER;
	}
	if (!joined)
		return false;
	serval_join_use(j, joined, why, todo);
	serval_join_forget(j, joined, todo);
	return true;
}

/**
 * serval_join_fall_over() - leave the flow in use for a joined one
 * @m:    its connection's lock is held, and it is ready
 * @why:  the flow is left
 * @todo: gains what is to be done
 *
 * Return: false if there is none that works.
 */
bool serval_join_fall_over(struct serval_move *m, enum serval_join_why why,
			   struct serval_todo *todo)
{
	struct serval_joins *j = serval_joins_of(m);
	struct serval_joined *joined = j ? choose(j, false) : NULL;

	if (!joined)
		return false;
	serval_join_use(j, joined, why, todo);
	if (!serval_addr_is_local(m->sn, &joined->fl->path.laddr))
		serval_join_lose(j, joined, todo);
	return true;
}

/**
 * serval_join_heard() - the peer has answered a probe
 * @j:   its connection's lock is held
 * @fl:  along this flow, in use or joined
 * @got: bytes that have come to the peer along it
 */
void serval_join_heard(struct serval_joins *j, const struct serval_flow *fl,
		       u64 got)
{
	struct serval_joined *joined = serval_joined_of(j, fl);

	serval_spread_answered(j, joined ? &joined->pipe : &j->pipe, got);
	if (!joined) {
		j->probe.turn = 0;
		j->probe.asked = 0;
		j->doubts = 0;
		return;
	}
	if (joined->down)
		joined->back_at = jiffies + BACK_AFTER;
	joined->down = false;
	joined->answers = true;
	joined->probe.turn = 0;
	joined->probe.asked = 0;
	joined->probe.at = joined->preferred ? jiffies + HZ :
					       jiffies + ASK_EVERY;
	serval_join_schedule(j);
}

/**
 * serval_join_owns() - is a flow one of those that are joined, to be, or were
 * @m:  its connection's lock is held
 * @fl: flow
 */
bool serval_join_owns(const struct serval_move *m, const struct serval_flow *fl)
{
	struct serval_joins *j = serval_joins_of(m);

	return j && (fl == j->ours.fl || fl == j->theirs.fl ||
		     serval_joined_of(j, fl) || serval_join_is_lost(j, fl));
}

/**
 * serval_join_role() - what a connection does with one of its flows
 * @fl: flow
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 * Return: enum serval_flow_role.
 */
u8 serval_join_role(const struct serval_flow *fl)
{
	struct serval_move *m = serval_move_of(fl->conn);
	const struct serval_joined *joined;
	u8 role = SERVAL_ROLE_USED;

	if (likely(!m))
		return role;
	spin_lock_bh(&m->conn->lock);
	joined = m->joins ? serval_joined_of(m->joins, fl) : NULL;
	if (joined)
		role = joined->down ? SERVAL_ROLE_DOWN : SERVAL_ROLE_BACKUP;
	spin_unlock_bh(&m->conn->lock);
	return role;
}

/**
 * serval_join_suspect() - nothing is heard along the flow in use
 * @m: its connection's lock is held, and it is ready
 *
 * All paths are asked.
 *
 * Return: false if there is no other that works.
 */
bool serval_join_suspect(struct serval_move *m)
{
	struct serval_joins *j = serval_joins_of(m);
	int i;

	if (!j || !choose(j, false))
		return false;
	if (j->doubts)
		return true;
	j->doubts = 1;
	j->probe.asked = 0;
	for (i = 0; i < j->n; i++) {
		if (j->flows[i].down)
			continue;
		j->flows[i].probe.at = jiffies;
		j->flows[i].answers = false;
	}
	serval_join_schedule(j);
	return true;
}

/* The answer of the path in use is due */
static void decide(struct serval_joins *j, struct serval_todo *todo)
{
	struct serval_joined *joined = choose(j, true);

	if (joined)
		serval_join_use(j, joined, SERVAL_USE_DEAD, todo);
	else if (j->doubts < TRIES)
		j->doubts++;
	else
		j->doubts = 0;
}

static void retry(struct serval_joins *j, struct serval_todo *todo)
{
	if (j->ours.tries >= TRIES)
		serval_join_fail(j, -ETIMEDOUT, todo);
	else
		serval_join_attempt(j, todo);
}

/* The peer does not hear which flow is in use */
static void retell(struct serval_joins *j, struct serval_todo *todo)
{
	if (j->telling < TRIES) {
		tell(j, todo);
		return;
	}
	j->telling = 0;
	j->told = 0;
	serval_join_fall_over(j->move, SERVAL_USE_DEAD, todo);
}

/* Datagrams: who sends and hears nothing asks whether the path is dead */
static void watch(struct serval_joins *j)
{
	const struct serval_flow *fl = serval_move_active(j->move->conn);
	u64 sent = atomic64_read(&fl->sent_packets);
	u64 received = atomic64_read(&fl->received_packets);

	if (sent != j->sent && received == j->received)
		serval_join_suspect(j->move);
	j->sent = sent;
	j->received = received;
	j->watch_at = jiffies + WATCH_EVERY;
}

static bool is_watched(const struct serval_joins *j)
{
	return j->n && j->move->conn->protocol == IPPROTO_UDP;
}

static bool is_due(unsigned long at)
{
	return time_after_eq(jiffies, at);
}

/* Of the joined flows.  Return: false if nothing is due */
static bool run_joined(struct serval_joins *j, struct serval_todo *todo)
{
	struct serval_joined *joined;
	int i;

	for (i = 0; i < j->n; i++) {
		joined = &j->flows[i];
		if (is_due(joined->probe.at)) {
			if (joined->probe.asked < GIVE_UP || joined->preferred)
				ask_joined(j, joined, todo);
			else
				serval_join_remove(j, joined, todo);
			return true;
		}
		if (joined->preferred && !joined->down && is_due(joined->back_at)) {
			serval_join_use(j, joined, SERVAL_USE_BACK, todo);
			return true;
		}
	}
	return false;
}

/* One thing that is due, as each may send.  Return: false if nothing is */
static bool run_one(struct serval_joins *j, struct serval_todo *todo)
{
	if (j->ours.fl && is_due(j->ours.at)) {
		retry(j, todo);
	} else if (j->theirs.fl && is_due(j->theirs.at)) {
		serval_join_drop(j, &j->theirs);
	} else if (j->telling && is_due(j->tell_at)) {
		retell(j, todo);
	} else if (j->probe.asked < j->doubts) {
		j->doubt_at = jiffies + (serval_move_timeout(j->move->conn) <<
					 (j->doubts - 1));
		ask(j, serval_move_active(j->move->conn), &j->probe, todo);
	} else if (j->doubts && is_due(j->doubt_at)) {
		decide(j, todo);
	} else if (is_watched(j) && is_due(j->watch_at)) {
		watch(j);
	} else if (j->look && is_due(j->look_at)) {
		j->look = false;
		todo->look = true;
	} else {
		return run_joined(j, todo);
	}
	return true;
}

static void earlier(unsigned long *first, unsigned long at)
{
	if (time_before(at, *first))
		*first = at;
}

/**
 * serval_join_schedule() - set the timer for what is due first
 * @j: its connection's lock is held, and it is ready
 */
void serval_join_schedule(struct serval_joins *j)
{
	unsigned long first = jiffies + ASK_EVERY;
	const struct serval_joined *joined;
	int i;

	lockdep_assert_held(&j->move->conn->lock);
	if (!j->n && !j->ours.fl && !j->theirs.fl && !j->telling && !j->look)
		return;
	if (j->ours.fl)
		earlier(&first, j->ours.at);
	if (j->theirs.fl)
		earlier(&first, j->theirs.at);
	if (j->telling)
		earlier(&first, j->tell_at);
	if (j->doubts)
		earlier(&first, j->probe.asked < j->doubts ? jiffies : j->doubt_at);
	if (j->look)
		earlier(&first, j->look_at);
	if (is_watched(j))
		earlier(&first, j->watch_at);
	for (i = 0; i < j->n; i++) {
		joined = &j->flows[i];
		earlier(&first, joined->probe.at);
		if (joined->preferred && !joined->down)
			earlier(&first, joined->back_at);
	}
	mod_timer(&j->timer, first);
}

/* Return: false if nothing is due any more */
static bool step(struct serval_joins *j)
{
	struct serval_move *m = j->move;
	struct serval_todo todo = { .conn = m->conn };
	bool more;

	spin_lock(&m->conn->lock);
	more = serval_move_ready(m) && run_one(j, &todo);
	if (!more && m->state != SERVAL_CLOSED)
		serval_join_schedule(j);
	spin_unlock(&m->conn->lock);
	serval_move_settle(m->sn, &todo);
	return more;
}

static void timer_expired(struct timer_list *t)
{
	struct serval_joins *j = from_timer(j, t, timer);

	rcu_read_lock();
	while (step(j))
		;
	rcu_read_unlock();
}

/**
 * serval_join_end() - the connection has ended
 * @m:    CLOSED; its connection's lock is held, and rcu_read_lock()
 * @todo: gains who is told
 * @gone: gets the flows that had joined, for serval_join_tell_gone()
 */
void serval_join_end(struct serval_move *m, struct serval_todo *todo,
		     struct serval_gone *gone)
{
	struct serval_joins *j = serval_joins_of(m);

	lockdep_assert_held(&m->conn->lock);
	if (!j)
		return;
	if (j->ours.fl)
		serval_join_fail(j, -ECONNABORTED, todo);
	serval_join_drop(j, &j->theirs);
	while (j->lost_n)
		serval_flow_remove(m->sn, take_lost(j, 0));
	gone->n = j->n;
	while (j->n) {
		gone->fl[j->n - 1] = j->flows[j->n - 1].fl;
		serval_flow_remove(m->sn, j->flows[--j->n].fl);
	}
	WRITE_ONCE(m->conn->spreads, 0);
	memset_after(j, 0, probes);
	begin_life(j);
}

/**
 * serval_join_tell_gone() - tell who listens that flows have ended
 * @sn:   namespace
 * @gone: flows
 *
 * Context: no lock, rcu_read_lock() held since serval_join_end().
 */
void serval_join_tell_gone(struct serval_net *sn, const struct serval_gone *gone)
{
	int i;

	for (i = 0; i < gone->n; i++)
		serval_event_flow(sn, SERVAL_CMD_FLOW_DEL_NTF, gone->fl[i], 0);
}
