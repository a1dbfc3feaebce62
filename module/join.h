/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several flows of one connection (Documentation/protocol.rst section 5.10).
 *
 * Besides the flow in use a connection may have joined ones: paths that both ends have
 * proven to each other as if they had moved there, but did not.  What comes along any
 * of them is the connection's.  What is sent goes along the flow in use, which another
 * one can become at once, because nothing has to be proven any more.
 *
 * struct serval_joins is made when a connection first joins a flow or is asked to.  A
 * flow belongs to exactly one of: conn->flow; move->next, move->left; joins->ours,
 * joins->theirs, joins->flows[], joins->lost[].  All of them are
 * protected by conn->lock.
 */
#ifndef _SERVAL_JOIN_H
#define _SERVAL_JOIN_H

#include <linux/ktime.h>
#include <linux/timer.h>
#include <linux/types.h>

#include "move.h"
#include "spread.h"

#define SERVAL_FLOWS_MAX	8
#define SERVAL_JOINED_MAX	(SERVAL_FLOWS_MAX - 1)

/**
 * struct serval_probe - is the peer there, along one path
 * @at:    jiffies of the next
 * @turn:  number of the last, 0 = it is answered: so that no answer counts twice
 * @asked: how many have not been answered
 */
struct serval_probe {
	unsigned long at;
	u32 turn;
	u8 asked;
};

/**
 * struct serval_joined - a flow that is not in use
 * @fl:    it
 * @probe: what is known of its path
 * @down:  its path is dead
 * @answers: it has answered since the one in use was in doubt last
 * @pipe:  what its path carries
 * @preferred: it was left because it was dead
 * @back_at: jiffies when it has been well for long enough to be used again, if
 *         @preferred and not @down
 */
struct serval_joined {
	struct serval_flow *fl;
	struct serval_probe probe;
	struct serval_pipe pipe;
	bool down;
	bool answers;
	bool preferred;
	unsigned long back_at;
};

/**
 * struct serval_attempt - a flow that is to be joined
 * @fl:     it, NULL = there is no attempt
 * @leg:    where it leads
 * @peer_id: the peer's attempt: source id of its JOIN
 * @challenge: the same: to be answered
 * @verno:  version number of the JOIN
 * @tries:  our attempt: transmissions
 * @credit: the peer's: answers that may still be sent
 * @at:     jiffies of the next transmission, or of the end
 * @begun:  when it began
 * @waiter: our attempt: who is told how it ends, a reference, or NULL
 */
struct serval_attempt {
	struct serval_flow *fl;
	struct serval_leg leg;
	__be32 peer_id;
	u64 challenge;
	u32 verno;
	u8 tries;
	u8 credit;
	unsigned long at;
	ktime_t begun;
	struct serval_waiter *waiter;
};

/**
 * struct serval_joins - the flows of a connection besides the one in use
 * @move:   what it needs to move
 * @timer:  the first of all the times below
 * @probes: how many there have been: no challenge is one of before
 * @snd:    our next version number; JOIN has numbers of its own
 * @rcv:    the peer's next
 * @ours:   flow that this end wants to join
 * @theirs: flow that the peer wants to join
 * @home:   device of a flow that was preferred when its address went, 0 = none: one that
 *          joins from there is
 * @lost:   those whose local address has gone, which still receive, the first one first
 * @lost_n: how many
 * @named:  how many of these, and then of what was left, the peer has denied since the
 *          connection moved last
 * @n:      how many there are in @flows
 * @flows:  joined ones
 * @probe:  of the path in use, while that is in doubt
 * @pipe:   what it carries
 * @tried:  flow that takes all for a moment, to see what its path carries, or NULL
 * @trial_at: when it may be done again, nanoseconds of ktime_get_ns()
 * @trials: how often it was
 * @main:   flow whose path carries most
 * @growth: what TCP is to hear of
 * @copied: datagrams that went along several flows
 * @copies: those of the peer that have come
 * @telling: transmissions of the JOIN that says which flow is in use, 0 = the peer knows
 * @told:   version number of the first of them
 * @tell_at: jiffies of the next
 * @doubts: how often the path in use is to have been asked, 0 = no doubt
 * @doubt_at: jiffies when its answer is late
 * @gap_until: jiffies until which no copy is answered again
 * @watch_at: datagrams: jiffies of the next look at the counters
 * @sent:   what they were then
 * @received: see @sent
 * @look:   multipath.c is to look at the connection again
 * @look_at: jiffies when
 * @try_at: jiffies before which nothing more is tried
 * @budget: attempts to addresses that the peer has listed, until one succeeds
 * @try_peer: what it has tried to join: 0 = the peer's address, or up to which of @peer
 * @try_dev: and from which device
 * @rewinds: how often that began anew
 * @own:    addresses at which the peer was told that we can be reached
 * @own_n:  how many
 * @list_tries: transmissions of that list
 * @list_at: jiffies of the next
 * @list_known: the peer has it
 * @list_snd: its version number, 0 = there was none
 * @list_rcv: that of the peer's last list
 * @list_gap_until: jiffies until which no list is taken
 * @peer:   addresses at which it can be reached
 * @peer_n: how many
 *
 * Lifetime / locking: its move's; conn->lock.  @timer is set only under it while the
 * move is not CLOSED, and serval_event_end() waits for it.
 */
struct serval_joins {
	struct serval_move *move;
	struct timer_list timer;
	u32 probes;
	u32 snd;
	u32 rcv;
	struct serval_attempt ours;
	struct serval_attempt theirs;
	int home;
	struct serval_flow *lost[SERVAL_JOINED_MAX];
	u8 lost_n;
	u8 named;
	u8 n;
	struct serval_joined flows[SERVAL_JOINED_MAX];
	struct serval_probe probe;
	struct serval_pipe pipe;
	const struct serval_flow *tried;
	u64 trial_at;
	int trials;
	const struct serval_flow *main;
	enum serval_growth growth;
	u32 copied;
	struct serval_copies copies;
	u8 telling;
	u32 told;
	unsigned long tell_at;
	u8 doubts;
	unsigned long doubt_at;
	unsigned long gap_until;
	unsigned long watch_at;
	u64 sent;
	u64 received;
	bool look;
	unsigned long look_at;
	unsigned long try_at;
	u8 budget;
	u8 try_peer;
	int try_dev;
	u32 rewinds;
	struct in6_addr own[SERVAL_ADDRESS_MAX];
	u8 own_n;
	u8 list_tries;
	unsigned long list_at;
	bool list_known;
	u32 list_snd;
	u32 list_rcv;
	unsigned long list_gap_until;
	struct in6_addr peer[SERVAL_ADDRESS_MAX];
	u8 peer_n;
};

/* Why a flow in use is left */
enum serval_join_why {
	SERVAL_USE_ASKED,	/* somebody wants another */
	SERVAL_USE_DEAD,	/* nothing is heard along it */
	SERVAL_USE_LOST,	/* its local address is gone */
	SERVAL_USE_PEER,	/* the peer uses another */
	SERVAL_USE_BACK,	/* a better one works again */
};

/* Flows that ended with their connection */
struct serval_gone {
	const struct serval_flow *fl[SERVAL_JOINED_MAX];
	int n;
};

/* conn->lock is held.  NULL if nothing was ever joined */
static inline struct serval_joins *serval_joins_of(const struct serval_move *m)
{
	return m->joins;
}

/* The slot of a joined flow, NULL if it is none */
static inline struct serval_joined *serval_joined_of(struct serval_joins *j,
						     const struct serval_flow *fl)
{
	int i;

	for (i = 0; i < j->n; i++)
		if (j->flows[i].fl == fl)
			return &j->flows[i];
	return NULL;
}

/* Has its local address gone, so that the peer is not to use it? */
static inline bool serval_join_is_lost(const struct serval_joins *j,
				       const struct serval_flow *fl)
{
	int i;

	for (i = 0; i < j->lost_n; i++)
		if (j->lost[i] == fl)
			return true;
	return false;
}

/* Try from the beginning what could be joined; conn->lock is held */
static inline void serval_join_rewind(struct serval_joins *j)
{
	j->try_peer = 0;
	j->try_dev = 0;
	j->rewinds++;
}

/* join.c */
struct serval_joins *serval_joins_make(struct serval_move *m);
struct serval_leg serval_join_leg(const struct serval_flow *fl);
u64 serval_join_challenge(const struct serval_move *m,
			  const struct serval_flow *fl,
			  const struct serval_probe *probe);
struct serval_flow *serval_join_fresh(struct serval_move *m);
void serval_join_attempt(struct serval_joins *j, struct serval_todo *todo);
void serval_join_answer(struct serval_joins *j, const struct serval_flow *fl,
			const struct serval_leg *leg, __be32 peer_id,
			u32 verno, u64 challenge, struct serval_todo *todo);
void serval_join_ack(struct serval_joins *j, const struct serval_flow *fl,
		     u64 response, struct serval_todo *todo);
void serval_join_acknowledge(struct serval_joins *j, struct serval_todo *todo);
bool serval_join_make_room(struct serval_joins *j, struct serval_todo *todo);
void serval_join_complete(struct serval_joins *j, struct serval_attempt *a,
			  __be32 peer_id, struct serval_todo *todo);
void serval_join_drop(struct serval_joins *j, struct serval_attempt *a);
void serval_join_fail(struct serval_joins *j, int err,
		      struct serval_todo *todo);
void serval_join_lose(struct serval_joins *j, struct serval_joined *joined,
		      struct serval_todo *todo);
void serval_join_drop_lost(struct serval_joins *j, const struct serval_flow *fl);
void serval_join_forget(struct serval_joins *j, struct serval_joined *joined,
			struct serval_todo *todo);
void serval_join_replace(struct serval_joins *j, const struct serval_leg *leg,
			 struct serval_todo *todo);
void serval_join_remove(struct serval_joins *j, struct serval_joined *joined,
			struct serval_todo *todo);
void serval_join_use(struct serval_joins *j, struct serval_joined *joined,
		     enum serval_join_why why, struct serval_todo *todo);
void serval_join_follow(struct serval_move *m, const struct serval_flow *fl,
			struct serval_todo *todo);
void serval_join_moved(struct serval_joins *j);
bool serval_join_forgotten(struct serval_move *m, struct serval_todo *todo);
bool serval_join_fall_over(struct serval_move *m, enum serval_join_why why,
			   struct serval_todo *todo);
void serval_join_heard(struct serval_joins *j, const struct serval_flow *fl,
		       u64 got);
void serval_join_ask(struct serval_joins *j, const struct serval_flow *fl,
		     struct serval_todo *todo);
void serval_join_spread(struct serval_joins *j);
void serval_join_schedule(struct serval_joins *j);
bool serval_join_owns(const struct serval_move *m,
		      const struct serval_flow *fl);
bool serval_join_suspect(struct serval_move *m);
u8 serval_join_role(const struct serval_flow *fl);
void serval_join_end(struct serval_move *m, struct serval_todo *todo,
		     struct serval_gone *gone);
void serval_join_tell_gone(struct serval_net *sn, const struct serval_gone *gone);

/* join_rcv.c */
void serval_join_rcv(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt);
void serval_joinack_rcv(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt);
void serval_probe_rcv(struct serval_net *sn, struct sk_buff *skb,
		      const struct serval_pkt *pkt);
void serval_part_rcv(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt);
bool serval_join_awaits(const struct serval_move *m,
			const struct serval_flow *fl,
			const struct serval_pkt *pkt);
enum serval_mib_field serval_join_take_ack(struct serval_move *m,
					   const struct serval_flow *fl,
					   const struct serval_cause *cause,
					   struct serval_todo *todo);
void serval_join_early(struct serval_move *m, const struct serval_flow *fl,
		       const struct serval_cause *cause, __be32 src,
		       struct serval_todo *todo);
bool serval_join_gone(struct serval_net *sn, const struct sk_buff *skb,
		      const struct serval_pkt *pkt, struct serval_flow *fl);

/* join_ask.c */
int serval_join_flow(struct serval_net *sn, __be32 id,
		     const struct serval_move_to *from,
		     const struct in6_addr *raddr, struct serval_waiter *w);
int serval_join_from(struct serval_net *sn, const struct serval_flow *fl,
		     const struct serval_move_to *from,
		     const struct in6_addr *raddr);
int serval_part_flow(struct serval_net *sn, __be32 id);
int serval_use_flow(struct serval_net *sn, __be32 id);
void serval_join_see(struct serval_net *sn, struct serval_flow *fl);

#endif /* _SERVAL_JOIN_H */
