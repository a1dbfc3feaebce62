// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several flows at once: which of them a packet takes.
 *
 *	redundant	what is smaller than a segment goes along all of them, the rest
 *			along the one in use; datagrams have a number then
 *	balance		each packet takes the path along which it arrives first
 *
 * For that a path is thought of as a queue that empties at a rate.  While data is sent, a
 * probe goes along each path every so often.  Its answer says how long it took and how
 * much has come out at the other end: if the round trip grows, the path carries what came
 * out, and no more; else it may carry more than it was given.
 *
 * TCP takes for lost what others overtake by more than a fraction of a round trip.  So
 * only paths are used together whose round trips are nearly as long.  What one carries is
 * tried out before it is used and, if its round trip is another, now and then.
 */
#include <linux/math64.h>
#include <net/tcp.h>

#include "join.h"
#include "sal.h"
#include "spread.h"

#define ASK_NS		(20 * NSEC_PER_MSEC)	/* between probes of a path that takes data */
#define ASK_IDLE_NS	(200 * NSEC_PER_MSEC)	/* of another */
#define PATIENCE_NS	(NSEC_PER_SEC)		/* after which a probe is lost */
#define FULL_NS		(2 * NSEC_PER_MSEC)	/* queue of a path that is full */
#define NEAR_NS		(1 * NSEC_PER_MSEC)	/* round trips that differ by less are alike */
#define TRIAL_BYTES	20000	/* of a train, at least */
#define TRIAL_EVERY_NS	(5ULL * NSEC_PER_SEC)	/* doubled after each in vain */
#define FIRST_BYTES	14600	/* in a round trip of a path that nothing is known of */
#define FIRST_RATE	1000000

/* One of the connection's flows */
struct way {
	struct serval_flow *fl;
	struct serval_pipe *pipe;
};

static struct way way_of(struct serval_joins *j, int i)
{
	if (i < 0)
		return (struct way) { serval_move_active(j->move->conn), &j->pipe };
	return (struct way) { j->flows[i].fl, &j->flows[i].pipe };
}

static bool is_ready(const struct serval_joins *j, int i)
{
	return i < 0 || !j->flows[i].down;
}

static bool fits(const struct serval_flow *fl, const struct sk_buff *skb)
{
	return skb_is_gso(skb) ||
	       skb->len + SERVAL_HDR_LEN <= serval_path_room(&fl->path);
}

/* TCP drops copies, datagrams get a number by which the peer can tell them.  What is shorter
 * than a segment has room for that.
 */
static void choose_all(struct serval_joins *j, const struct sk_buff *skb,
		       struct serval_spread *spread)
{
	int i;

	for (i = 0; i < j->n; i++)
		if (is_ready(j, i) &&
		    skb->len < READ_ONCE(j->flows[i].fl->path.mss))
			spread->fl[spread->n++] = j->flows[i].fl;
	spread->copies = spread->n && j->move->conn->protocol == IPPROTO_UDP;
	if (spread->copies)
		spread->number = ++j->copied;
}

/**
 * serval_spread_is_known() - has a datagram come along another flow
 * @conn:   connection
 * @number: of the datagram
 *
 * One that is older than the last 1,024 counts as new: to have it twice is better than
 * never, if somebody else should have made up the last number.
 *
 * Context: softirq, rcu_read_lock() held.
 */
bool serval_spread_is_known(struct serval_conn *conn, u32 number)
{
	struct serval_move *m = serval_move_of(conn);
	struct serval_copies *c;
	bool known = false;
	s32 ahead;

	if (!m || !READ_ONCE(m->joins))
		return false;
	spin_lock(&conn->lock);
	c = &m->joins->copies;
	ahead = number - c->last;
	if (ahead >= SERVAL_COPIES) {
		bitmap_zero(c->seen, SERVAL_COPIES);
		c->last = number;
	}
	for (; (s32)(number - c->last) > 0; )
		__clear_bit(++c->last % SERVAL_COPIES, c->seen);
	if (ahead > -SERVAL_COPIES)
		known = __test_and_set_bit(number % SERVAL_COPIES, c->seen);
	spin_unlock(&conn->lock);
	return known;
}

static bool is_full(const struct serval_pipe *pipe)
{
	return pipe->rtt - pipe->min_rtt > max_t(u64, pipe->min_rtt / 8, FULL_NS);
}

static bool is_near(const struct serval_pipe *a, const struct serval_pipe *b)
{
	u64 far = a->min_rtt > b->min_rtt ? a->min_rtt - b->min_rtt :
					    b->min_rtt - a->min_rtt;

	return far <= max_t(u64, min(a->min_rtt, b->min_rtt) / 4, NEAR_NS);
}

/* The path that carries most; of those that were never probed, the one in use */
static int find_main(struct serval_joins *j)
{
	int i, best = -1;

	for (i = 0; i < j->n; i++)
		if (is_ready(j, i) && j->flows[i].pipe.judged &&
		    way_of(j, i).pipe->rate > way_of(j, best).pipe->rate)
			best = i;
	return best;
}

static void see_main(struct serval_joins *j, int main)
{
	const struct serval_flow *now = way_of(j, main).fl;
	int i;

	if (likely(j->main == now))
		return;
	for (i = -1; i < j->n; i++)
		if (way_of(j, i).fl == j->main &&
		    !is_near(way_of(j, i).pipe, way_of(j, main).pipe))
			j->growth = SERVAL_GROWTH_OTHER;
	j->main = now;
}

static u64 transmission(const struct serval_pipe *pipe, u64 len)
{
	return div64_u64(len * NSEC_PER_SEC, pipe->rate ?: FIRST_RATE);
}

static int device_of(const struct serval_flow *fl)
{
	const struct dst_entry *dst = rcu_dereference(fl->path.dst);

	return dst ? dst->dev->ifindex : fl->path.oif;
}

/* Does a path go out through a device that the main one or one before it uses?  It carries
 * nothing more
 */
static bool is_double(struct serval_joins *j, int i, int main)
{
	const int device = device_of(way_of(j, i).fl);
	int k;

	if (device == device_of(way_of(j, main).fl))
		return true;
	for (k = -1; k < i; k++)
		if (is_ready(j, k) && device_of(way_of(j, k).fl) == device)
			return true;
	return false;
}

/* A path that is not used because its round trip is another: does it carry more?  It
 * takes a train of packets, with a probe at its end.
 */
static void begin_trial(struct serval_joins *j, int main, u64 now)
{
	int i;

	if (j->tried || now < j->trial_at || !is_full(way_of(j, main).pipe))
		return;
	for (i = -1; i < j->n; i++) {
		struct way way = way_of(j, i);

		if (i == main || !is_ready(j, i) || !way.pipe->rtt ||
		    is_double(j, i, main) || (way.pipe->ends && way.pipe->waits) ||
		    (way.pipe->judged &&
		     is_near(way.pipe, way_of(j, main).pipe)))
			continue;
		if (way.pipe->judged)
			j->trial_at = now + (TRIAL_EVERY_NS << min(j->trials++, 6));
		j->tried = way.fl;
		way.pipe->judged = false;
		way.pipe->waits = false;
		way.pipe->train = 0;
		way.pipe->train_at = now;
		return;
	}
}

/* Is it used together with the path that carries most? */
static bool is_used(struct serval_joins *j, int i, int main)
{
	struct way way = way_of(j, i);

	if (j->tried)
		return way.fl == j->tried && is_ready(j, i);
	return i == main || (is_ready(j, i) && way.pipe->judged &&
			     !is_double(j, i, main) &&
			     is_near(way.pipe, way_of(j, main).pipe));
}

static void give(struct serval_pipe *pipe, u32 len, u64 now)
{
	pipe->free_at = max(pipe->free_at, now) + transmission(pipe, len);
	pipe->sent += len;
}

static struct way choose_first(struct serval_joins *j, int main,
			       const struct sk_buff *skb, u64 now)
{
	struct way best = way_of(j, -1), way;
	u64 at, first = U64_MAX;
	int i;

	for (i = -1; i < j->n; i++) {
		way = way_of(j, i);
		if (!is_used(j, i, main) || !fits(way.fl, skb))
			continue;
		at = max(way.pipe->free_at, now) +
		     transmission(way.pipe, skb->len) + way.pipe->min_rtt / 2;
		if (at < first) {
			first = at;
			best = way;
		}
	}
	give(best.pipe, skb->len, now);
	/* what is sent does not fit it */
	if (j->tried != best.fl)
		j->tried = NULL;
	if (j->tried)
		best.pipe->train += skb->len;
	return best;
}

static void ask_path(struct serval_joins *j, struct way way, u64 now,
		     struct serval_todo *todo)
{
	way.pipe->ends = way.fl == j->tried;
	way.pipe->asked_at = now;
	way.pipe->sent = 0;
	way.pipe->waits = true;
	serval_join_ask(j, way.fl, todo);
}

/* A train that is long enough has a probe at its end, before anything else follows */
static bool end_trial(struct serval_joins *j, u64 now, struct serval_todo *todo)
{
	struct way way;
	int i;

	for (i = -1; i < j->n; i++) {
		way = way_of(j, i);
		if (way.fl != j->tried)
			continue;
		if (!is_ready(j, i))
			break;
		if (way.pipe->train < TRIAL_BYTES)
			return false;
		ask_path(j, way, now, todo);
		j->tried = NULL;
		return true;
	}
	/* its flow has gone, or its path is dead */
	j->tried = NULL;
	return false;
}

static bool is_due(const struct serval_pipe *pipe, u64 now)
{
	u64 pause = pipe->sent ? ASK_NS : ASK_IDLE_NS;

	return now - pipe->asked_at >= (pipe->waits ? PATIENCE_NS : pause);
}

/* A path whose probe is due */
static void ask_one(struct serval_joins *j, u64 now, struct serval_todo *todo)
{
	struct way way;
	int i;

	if (j->tried && end_trial(j, now, todo))
		return;
	for (i = -1; i < j->n; i++) {
		way = way_of(j, i);
		if (!is_ready(j, i) || way.fl == j->tried || !is_due(way.pipe, now))
			continue;
		ask_path(j, way, now, todo);
		return;
	}
}

/* What has no data is to be there soon, and fills no path */
static struct serval_flow *choose_quick(struct serval_joins *j)
{
	struct way best = way_of(j, -1), way;
	int i;

	for (i = 0; i < j->n; i++) {
		way = way_of(j, i);
		if (is_ready(j, i) && way.pipe->rtt &&
		    way.pipe->rtt < best.pipe->rtt)
			best = way;
	}
	return best.fl;
}

static bool has_data(const struct serval_conn *conn, const struct sk_buff *skb)
{
	return conn->protocol != IPPROTO_TCP ||
	       skb->len > ((const struct tcphdr *)skb->data)->doff * 4;
}

static struct serval_flow *choose_one(struct serval_joins *j,
				      const struct sk_buff *skb,
				      struct serval_todo *todo)
{
	u64 now = ktime_get_ns();
	int main;

	if (!has_data(j->move->conn, skb)) {
		ask_one(j, now, todo);
		return choose_quick(j);
	}
	main = find_main(j);
	see_main(j, main);
	begin_trial(j, main, now);
	ask_one(j, now, todo);
	return choose_first(j, main, skb, now).fl;
}

/**
 * serval_spread_choose() - which flows a packet takes
 * @sn:     namespace
 * @conn:   connection with conn->spreads
 * @fl:     its flow in use
 * @skb:    at the transport's segment
 * @spread: result
 *
 * Context: any but hard interrupt, no lock, rcu_read_lock() held.
 */
void serval_spread_choose(struct serval_net *sn, struct serval_conn *conn,
			  struct serval_flow *fl, const struct sk_buff *skb,
			  struct serval_spread *spread)
{
	const bool balance = READ_ONCE(conn->spreads) == SERVAL_MULTIPATH_BALANCE;
	struct serval_move *m = serval_move_of(conn);
	struct serval_todo todo = { .conn = conn };
	struct serval_joins *j;

	spread->n = 0;
	spread->copies = false;
	spin_lock_bh(&conn->lock);
	j = serval_move_ready(m) && rcu_access_pointer(conn->flow) == fl ?
	    serval_joins_of(m) : NULL;
	if (j && balance)
		fl = choose_one(j, skb, &todo);
	else if (j && !skb_is_gso(skb) && skb->len < fl->path.mss)
		choose_all(j, skb, spread);
	spin_unlock_bh(&conn->lock);
	spread->fl[spread->n++] = fl;
	serval_move_settle(sn, &todo);
}

/* What was in its queue when the probe went, and what has come since */
static void resync(struct serval_pipe *pipe)
{
	pipe->free_at = pipe->asked_at + pipe->rtt - pipe->min_rtt +
			transmission(pipe, pipe->sent);
}

/* It took this long for all of the train to get through */
static void judge_train(struct serval_joins *j, struct serval_pipe *pipe)
{
	u64 took = pipe->asked_at - pipe->train_at + pipe->rtt - pipe->min_rtt;
	u64 most = way_of(j, find_main(j)).pipe->rate;

	pipe->rate = div64_u64(pipe->train * NSEC_PER_SEC, max_t(u64, took, 1));
	/* it was given no more than the other carries: see what it does with more */
	if (!is_full(pipe))
		pipe->rate = max(pipe->rate, most + most / 4);
	pipe->judged = true;
	if (!j->growth && is_near(pipe, way_of(j, find_main(j)).pipe))
		j->growth = SERVAL_GROWTH_MORE;
}

static void judge_rate(struct serval_pipe *pipe, u64 delivered, u64 took)
{
	u64 rate = div64_u64(delivered * NSEC_PER_SEC, max_t(u64, took, 1));

	if (is_full(pipe))
		pipe->rate = (pipe->rate + rate) / 2;
	else if (pipe->rate < 2 * rate)
		pipe->rate = max(pipe->rate, rate) * 9 / 8;
}

/**
 * serval_spread_answered() - a probe was answered
 * @j:    its connection's lock is held
 * @pipe: of the path
 * @got:  bytes that the peer has received along it
 */
void serval_spread_answered(struct serval_joins *j, struct serval_pipe *pipe,
			    u64 got)
{
	u64 now = ktime_get_ns(), took = now - pipe->got_at;
	u64 delivered = got - pipe->got;

	if (!pipe->waits)
		return;
	pipe->waits = false;
	pipe->rtt = max_t(u64, now - pipe->asked_at, 1);
	if (!pipe->min_rtt || pipe->rtt < pipe->min_rtt)
		pipe->min_rtt = pipe->rtt;
	if (!pipe->rate)
		pipe->rate = div64_u64((u64)FIRST_BYTES * NSEC_PER_SEC, pipe->rtt);
	pipe->got = got;
	pipe->got_at = now;
	if (pipe->ends)
		judge_train(j, pipe);
	else if (took < PATIENCE_NS && delivered && delivered < U32_MAX)
		/* else there was a pause, which says nothing */
		judge_rate(pipe, delivered, took);
	resync(pipe);
}

/**
 * serval_spread_mss() - the segment size that fits all paths
 * @conn: connection with conn->spreads
 * @mss:  of the one in use
 * @growth: gets what TCP has not heard of yet
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
u16 serval_spread_mss(const struct serval_conn *conn, u16 mss,
		      enum serval_growth *growth)
{
	struct serval_move *m = serval_move_of(conn);
	struct serval_joins *j;
	int i;

	*growth = SERVAL_GROWTH_NONE;
	spin_lock_bh(&m->conn->lock);
	j = serval_joins_of(m);
	if (j) {
		*growth = j->growth;
		j->growth = SERVAL_GROWTH_NONE;
	}
	for (i = 0; j && i < j->n; i++)
		if (is_ready(j, i) && READ_ONCE(j->flows[i].fl->path.mss))
			mss = min(mss, READ_ONCE(j->flows[i].fl->path.mss));
	spin_unlock_bh(&m->conn->lock);
	return mss;
}
