/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several flows at once: which of them a packet takes.
 */
#ifndef _SERVAL_SPREAD_H
#define _SERVAL_SPREAD_H

#include <linux/bitmap.h>
#include <linux/ktime.h>
#include <linux/types.h>

struct serval_conn;
struct serval_flow;
struct serval_joins;
struct serval_net;
struct serval_todo;
struct sk_buff;
struct sock;

/**
 * struct serval_pipe - what is known of a path's capacity
 * @rate:     bytes per second that it is thought to carry
 * @rtt:      last round trip of a probe, nanoseconds; 0 = there was none
 * @min_rtt:  the shortest
 * @free_at:  when it has sent what it was given, if it carries @rate
 * @asked_at: when it was probed last
 * @sent:     bytes that it was given since
 * @got_at:   when that was answered last
 * @got:      bytes that the peer had received then
 * @train:    bytes of the train that it takes, or took last
 * @train_at: when that began
 * @ends:     the last probe ended the train
 * @waits:    for the answer
 * @judged:   @rate was measured
 *
 * Lifetime / locking: its flow's slot in struct serval_joins; conn->lock.
 */
struct serval_pipe {
	u64 rate;
	u64 rtt;
	u64 min_rtt;
	u64 free_at;
	u64 asked_at;
	u64 sent;
	u64 got_at;
	u64 got;
	u64 train;
	u64 train_at;
	bool ends;
	bool waits;
	bool judged;
};

/* The most flows that one packet takes */
#define SERVAL_SPREAD_MAX	8

/**
 * struct serval_spread - which flows a packet takes
 * @fl: flows; the last one takes the packet itself, the others a copy
 * @n:  how many, at least 1
 * @copies: datagrams: these have a number
 * @number: that
 */
struct serval_spread {
	struct serval_flow *fl[SERVAL_SPREAD_MAX];
	int n;
	bool copies;
	u32 number;
};

#define SERVAL_COPIES		1024	/* that can be told from each other */

/**
 * struct serval_copies - datagrams that have come, of which there may be copies
 * @last: highest number
 * @seen: bit of each of the last SERVAL_COPIES numbers
 *
 * Lifetime / locking: struct serval_joins; conn->lock.
 */
struct serval_copies {
	u32 last;
	DECLARE_BITMAP(seen, SERVAL_COPIES);
};

void serval_spread_choose(struct serval_net *sn, struct serval_conn *conn,
			  struct serval_flow *fl, const struct sk_buff *skb,
			  struct serval_spread *spread);
bool serval_spread_is_known(struct serval_conn *conn, u32 number);
void serval_spread_answered(struct serval_joins *j, struct serval_pipe *pipe,
			    u64 got);

/* What has become of the paths, for TCP */
enum serval_growth {
	SERVAL_GROWTH_NONE,
	SERVAL_GROWTH_MORE,	/* another is used as well */
	SERVAL_GROWTH_OTHER,	/* one is used whose round trip is another */
};

u16 serval_spread_mss(const struct serval_conn *conn, u16 mss,
		      enum serval_growth *growth);

#endif /* _SERVAL_SPREAD_H */
