/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moves: a connection leaves one path for another (Documentation/protocol.rst 5).
 */
#ifndef _SERVAL_MOVE_H
#define _SERVAL_MOVE_H

#include <linux/completion.h>
#include <linux/in6.h>
#include <linux/ktime.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/timer.h>
#include <linux/types.h>

#include "flow.h"
#include "fsm.h"
#include "keys.h"
#include "wire.h"

struct net_device;
struct serval_joins;
struct serval_migration;
struct serval_net;
struct sk_buff;
struct sock;

/* As what packets leave */
enum serval_move_way {
	SERVAL_MOVE_KEEP,	/* as before, unless the socket says otherwise */
	SERVAL_MOVE_RAW,	/* IP protocol 144 */
	SERVAL_MOVE_UDP,	/* the same inside UDP */
};

/**
 * struct serval_move_to - where a connection is to go
 * @laddr: local address, :: = that of the route through @oif
 * @oif:   device, 0 = the one that has @laddr; without both it stays there, if
 *         @way is given, and else goes where the route leads
 * @way:   how
 */
struct serval_move_to {
	struct in6_addr laddr;
	int oif;
	enum serval_move_way way;
};

/**
 * struct serval_move_result - how a move ended
 * @old_id: local flow id that the connection had
 * @new_id: and that it has, the same if the move failed
 * @err:    0 or a negative errno
 * @us:     microseconds from the request to the end
 */
struct serval_move_result {
	__be32 old_id;
	__be32 new_id;
	int err;
	u32 us;
};

/**
 * struct serval_waiter - who wants to know how moves end
 * @refs:   one of who asks, one for each move that is under way
 * @left:   moves under way, and one more while some may still begin
 * @done:   all have ended
 * @result: of the last that ended
 * @portid: netlink port that hears of each, 0 = none
 * @seq:    of its request
 * @cmd:    the request: SERVAL_CMD_FLOW_*
 */
struct serval_waiter {
	refcount_t refs;
	atomic_t left;
	struct completion done;
	struct serval_move_result result;
	u32 portid;
	u32 seq;
	u8 cmd;
};

/**
 * struct serval_leg - between which locators a packet goes, and how
 * @laddr: local locator
 * @raddr: the peer's
 * @oif:   outer device, 0 = by route
 * @sport: UDP ports; @dport 0 = IP protocol 144
 * @dport: see @sport
 */
struct serval_leg {
	struct in6_addr laddr;
	struct in6_addr raddr;
	int oif;
	__be16 sport;
	__be16 dport;
};

/**
 * struct serval_heard - the peer's last RSYN
 * @leg:    along which it came
 * @id:     its source id, 0 = none counts any more
 * @credit: packets that may still be sent there
 * @lost:   nothing comes to the peer any more along the path in use
 * @challenge: to be answered
 */
struct serval_heard {
	struct serval_leg leg;
	__be32 id;
	u8 credit;
	bool lost;
	u64 challenge;
};

/**
 * struct serval_move - what a connection needs to move
 * @sn:       namespace
 * @conn:     its connection, which outlives it
 * @state:    enum serval_state; CLOSED when the connection has ended
 * @lost:     the active flow's local address is gone
 * @keyed:    both ends have keys: nothing counts without a MAC
 * @tries:    transmissions of what @timer repeats
 * @snd:      our next version number
 * @rcv:      the peer's next
 * @challenge_key: of our challenges
 * @next:     candidate, NULL if there is none
 * @here:     its local end; :: if it is only kept
 * @aim:      where our last RSYN went
 * @probes:   our attempt only makes sure of the peer
 * @unroutable: there is no way from @here to where the peer was
 * @hint:     where the peer may be as well, if it is silent; :: = unknown
 * @heard:    the peer's attempt
 * @left:     flow that was in use before, which still receives, or NULL
 * @retry_at: jiffies of the next transmission
 * @gap_until: jiffies until which no copy is answered again
 * @doubt_at: jiffies until which nobody makes us ask again
 * @waiter:   who is told how our attempt ends, a reference; NULL if nobody asked
 * @begun:    when that was
 * @asked:    when the peer's attempt was heard first
 * @moves:    how often the connection has moved
 * @err:      how our last attempt ended: 0 or a negative errno
 * @us:       microseconds that it took
 * @turn:     device that follow.c has tried last, 0 = none
 * @placed:   number of the last event of a device before somebody moved the
 *            connection, 0 = nobody has; without the lock
 * @looked:   flow by which multipath.c is to look at it, 0 = none
 * @joins:    its other flows (join.h), NULL if it never had any; freed with this
 * @keys:     if @keyed
 * @timer:    transmissions
 *
 * Lifetime / locking: its connection's options'; all of it is protected by
 * conn->lock.  @timer is set only under it while @state is not CLOSED, and
 * serval_event_end() waits for it.
 */
struct serval_move {
	struct serval_net *sn;
	struct serval_conn *conn;
	u8 state;
	bool lost;
	bool keyed;
	bool probes;
	bool unroutable;
	u8 tries;
	u32 snd;
	u32 rcv;
	siphash_key_t challenge_key;
	struct serval_flow *next;
	struct serval_move_to here;
	struct in6_addr aim;
	struct serval_leg hint;
	struct serval_heard heard;
	struct serval_flow *left;
	unsigned long retry_at;
	unsigned long gap_until;
	unsigned long doubt_at;
	struct serval_waiter *waiter;
	ktime_t begun;
	ktime_t asked;
	u32 moves;
	int err;
	u32 us;
	int turn;
	u64 placed;
	__be32 looked;
	struct serval_joins *joins;
	struct serval_auth_keys keys;
	struct timer_list timer;
};

/* Header of a packet of ours: the same length for all, so that no answer is longer
 * than what asked for it
 */
#define SERVAL_MOVE_LEN		(SERVAL_HDR_LEN + SERVAL_CONTROL_LEN + \
				 SERVAL_PATH_LEN + SERVAL_AUTH_LEN)

/* To be sent once the lock is released */
struct serval_outgoing {
	struct serval_leg leg;
	unsigned int len;
	u8 hdr[SERVAL_MOVE_LEN];
};

/**
 * struct serval_todo - what a step leaves to do without the lock
 * @out:    packets
 * @n:      how many
 * @fresh:  flow that the step itself uses up
 * @conn:   whose they are
 * @waiter: who is to be told @result; a reference
 * @result: see @waiter and @report
 * @report: SERVAL_EE_MOVE_*: the socket may want to hear of @result; 0 = there is none
 * @sk:     TCP socket to be kicked, a reference
 * @old:    route that the connection has left, a reference
 * @old_raddr: whom it led to
 * @lost:   and its local address had gone
 * @same:   the new one has the same addresses
 * @step:   enum serval_state that is new, 0 = none is
 * @moved:  the active flow is another now
 * @joined: a flow has joined
 * @parted: one has gone
 * @look:   multipath.c is to see which flows the connection is to have
 */
struct serval_todo {
	struct serval_outgoing out[2];
	int n;
	struct serval_flow *fresh;
	struct serval_conn *conn;
	struct serval_waiter *waiter;
	struct serval_move_result result;
	u8 report;
	struct sock *sk;
	struct dst_entry *old;
	struct in6_addr old_raddr;
	bool lost;
	bool same;
	u8 step;
	struct serval_flow *moved;
	struct serval_flow *joined;
	struct serval_flow *parted;
	bool look;
};

/**
 * struct serval_cause - what an event brings
 * @here:   MOVE, SILENCE: local end
 * @probes: nobody wants to move, it only makes sure of the peer
 * @unroutable: from which there is no way to where the peer was
 * @waiter: MOVE: gains a reference
 * @leg:    of the packet that it is
 * @pkt:    its header
 * @err:    LOST_NEXT, GIVE_UP: negative errno
 */
struct serval_cause {
	struct serval_move_to here;
	bool probes;
	bool unroutable;
	struct serval_waiter *waiter;
	struct serval_leg leg;
	const struct serval_pkt *pkt;
	int err;
};

/* Local address: from where the attempt is, or else where the packet came; or :: */
static inline const struct in6_addr *
serval_cause_addr(const struct serval_cause *cause)
{
	return ipv6_addr_any(&cause->leg.laddr) ? &cause->here.laddr :
						  &cause->leg.laddr;
}

struct serval_waiter *serval_waiter_alloc(u32 portid, u32 seq, u8 cmd);
void serval_waiter_add(struct serval_waiter *w);
void serval_waiter_tell(struct serval_net *sn, struct serval_waiter *w,
			const struct serval_move_result *result);
int serval_waiter_wait(struct serval_waiter *w);
void serval_waiter_put(struct serval_waiter *w);

int serval_move_find_leg(struct serval_net *sn, const struct serval_flow *fl,
			 const struct serval_move_to *from,
			 const struct in6_addr *raddr, struct serval_leg *leg);
int serval_move_flow(struct serval_net *sn, __be32 id,
		     const struct serval_move_to *to, struct serval_waiter *w);
struct net_device *serval_move_device(struct serval_net *sn,
				      const struct in6_addr *addr);
int serval_move_prepare(struct serval_net *sn, __be32 id);
struct serval_flow *serval_move_prepare_in(struct serval_net *sn,
					   struct rhashtable_iter *iter,
					   struct serval_flow *fl);
struct net_device *serval_move_path_device(struct serval_net *sn,
					   const struct serval_path *path);
bool serval_move_is_usable(struct serval_net *sn, const struct serval_flow *fl);
bool serval_move_has_address(const struct net_device *dev, u8 family);
bool serval_move_see(struct serval_net *sn, struct serval_flow *fl);
int serval_move_away(struct serval_net *sn, struct serval_flow *fl,
		     const struct serval_move_to *to);
bool serval_move_resolve(const struct serval_net *sn,
			 const struct serval_conn *conn, u8 family, u32 turn,
			 struct in6_addr *addr);
void serval_move_back(struct serval_net *sn, struct serval_flow *fl);
void serval_move_silence(struct serval_net *sn, __be32 id);
int serval_move_all(struct serval_net *sn,
		    bool (*wanted)(const struct serval_flow *fl,
				   const void *arg),
		    const void *arg, const struct serval_move_to *to,
		    struct serval_waiter *w, int *failed);
struct serval_move *serval_move_make(struct serval_net *sn,
				     const struct serval_flow *fl);
bool serval_move_run(struct serval_move *m, enum serval_event event,
		     const struct serval_cause *cause,
		     struct serval_todo *todo);
void serval_move_settle(struct serval_net *sn, struct serval_todo *todo);
struct serval_leg serval_move_from_here(const struct serval_move *m,
					const struct serval_leg *to);
void serval_move_answer(struct serval_move *m,
			const struct serval_cause *cause,
			struct serval_todo *todo);
void serval_move_confirm(struct serval_move *m,
			 const struct serval_cause *cause,
			 struct serval_todo *todo);
void serval_move_aim(struct serval_move *m, const struct serval_cause *cause,
		     struct serval_todo *todo);
void serval_move_add_fin(struct serval_move *m, struct serval_todo *todo);
unsigned int serval_move_build(struct serval_move *m, const struct serval_flow *fl,
			       struct serval_pkt *pkt, void *hdr,
			       const u64 *covers);
void serval_move_add_pkt(struct serval_move *m, struct serval_todo *todo,
			 const struct serval_flow *fl,
			 const struct serval_leg *leg, struct serval_pkt *pkt,
			 const u64 *covers);
void serval_move_note(struct serval_move *m, struct serval_flow *old,
		      struct serval_flow *new, struct serval_todo *todo);
void serval_move_send(struct serval_net *sn, const struct serval_conn *conn,
		      const struct serval_leg *leg, const void *hdr,
		      unsigned int len);
unsigned long serval_move_timeout(const struct serval_conn *conn);
u64 serval_move_challenge(const struct serval_move *m,
			  const struct serval_flow *fl,
			  const struct in6_addr *raddr);
bool serval_move_ready(struct serval_move *m);
struct serval_host *serval_move_wants(struct serval_net *sn,
				      const struct serval_conn *conn);

/* move_start.c */
int serval_move_start(struct serval_net *sn, const struct serval_flow *fl,
		      const struct serval_move_to *here,
		      struct serval_waiter *w);
void serval_move_restart(struct serval_net *sn, const struct serval_flow *fl);

/* move_report.c */
void serval_move_report(const struct serval_todo *todo);
void serval_move_describe(struct serval_conn *conn,
			  struct serval_migration *info);

/* move_tcp.c */
void serval_move_kick(struct serval_net *sn, struct serval_todo *todo);
void serval_move_explore(struct sock *sk, bool other);
void serval_move_init(struct serval_net *sn);
void serval_move_exit(struct serval_net *sn);

/* NULL if the connection never moved.  Pairs with the cmpxchg() of _make() */
static inline struct serval_move *
serval_move_of(const struct serval_conn *conn)
{
	return READ_ONCE(serval_options(conn)->move);
}

/* conn->lock is held */
static inline struct serval_flow *
serval_move_active(const struct serval_conn *conn)
{
	return rcu_dereference_protected(conn->flow,
					 lockdep_is_held(&conn->lock));
}

/* Is the local address of its active flow gone?  It may be on its way to another */
static inline bool serval_move_is_lost(const struct serval_conn *conn)
{
	const struct serval_move *m = serval_move_of(conn);

	return m && READ_ONCE(m->lost);
}

/* Is a version number one that its sender has not used before, as far as we know? */
static inline bool serval_verno_is_new(const struct serval_move *m, u32 verno)
{
	return (s32)(verno - m->rcv) >= 0;
}

#define SERVAL_MOVE_GAP	(HZ / 100)	/* between answers to copies of one packet */

/* May a copy be answered again?  Then the next one not before the gap is over; the lock of
 * the connection is held
 */
static inline bool serval_move_gap_over(unsigned long *until)
{
	if (time_before(jiffies, *until))
		return false;
	*until = jiffies + SERVAL_MOVE_GAP;
	return true;
}

/* What a packet does under conn->lock.  Return: why it is dropped, or 0 */
typedef enum serval_mib_field serval_taker(struct serval_move *m,
					   struct serval_flow *fl,
					   const struct sk_buff *skb,
					   const struct serval_cause *cause,
					   struct serval_todo *todo);

/* Packets: @skb at the SAL header, consumed; softirq, rcu_read_lock() held */
void serval_move_rcv_request(struct serval_net *sn, struct sk_buff *skb,
			     const struct serval_pkt *pkt, u8 kind,
			     serval_taker *takes);
void serval_move_rcv_answer(struct serval_net *sn, struct sk_buff *skb,
			    const struct serval_pkt *pkt, u8 kind,
			    serval_taker *takes);
void serval_rsyn_rcv(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt);
void serval_rsynack_rcv(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt);
void serval_moved_rcv(struct serval_net *sn, struct sk_buff *skb,
		      const struct serval_pkt *pkt);
struct serval_move *serval_move_make_for(struct serval_net *sn,
					 const struct serval_flow *fl,
					 struct sk_buff *skb);
bool serval_move_genuine(const struct serval_move *m,
			 const struct sk_buff *skb,
			 const struct serval_pkt *pkt, const u64 *covers);
struct serval_leg serval_move_leg(const struct serval_conn *conn,
				  const struct sk_buff *skb);
void serval_move_early(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_flow *fl, __be32 src);

/* move_doubt.c */
void serval_move_stray(struct serval_net *sn, const struct sk_buff *skb,
		       const struct serval_flow *fl);
bool serval_move_refused(struct serval_net *sn, const struct serval_flow *fl);
struct serval_flow *serval_move_gone(struct serval_net *sn,
				     const struct sk_buff *skb,
				     const struct serval_pkt *pkt,
				     const struct serval_flow *next,
				     bool *proven);
void serval_move_unknown(struct serval_net *sn, const struct sk_buff *skb,
			 const struct serval_pkt *pkt);
void serval_doubt_init(struct serval_net *sn);
void serval_doubt_exit(struct serval_net *sn);

#endif /* _SERVAL_MOVE_H */
