/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets that are held until a controller decides (rules of the type DELAY).
 */
#ifndef _SERVAL_DELAY_H
#define _SERVAL_DELAY_H

#include <linux/hashtable.h>
#include <linux/in6.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/serval.h>

struct serval_held;
struct serval_net;
struct sk_buff;
struct sock;

/* Published limit of a namespace's queue */
#define SERVAL_DELAY_MAX	1024
/* Of these, from other hosts; and what they take of the memory */
#define SERVAL_DELAY_FOREIGN_MAX	512
#define SERVAL_DELAY_FOREIGN_BYTES	(1024 * 1024)
#define SERVAL_DELAY_HASH_BITS	8

/**
 * struct serval_delay_info - what a controller is told
 * @id:       names the packet, never 0
 * @protocol: of its payload
 * @service:  whom it is for
 * @source:   name of the sender, zero if it has none
 * @from:     locator of the sender, :: for this host
 * @deadline: jiffies
 */
struct serval_delay_info {
	u32 id;
	u8 protocol;
	struct service_id service;
	struct service_id source;
	struct in6_addr from;
	unsigned long deadline;
};

/**
 * struct serval_delay_ops - what becomes of a held packet
 * @release: send it on; consumes @held->skb
 * @drop:    tell the sender that it won't be; keeps @held->skb; may be NULL
 *
 * Both in process context, without a lock, the packet out of the queue.
 */
struct serval_delay_ops {
	void (*release)(struct serval_net *sn, const struct serval_held *held);
	void (*drop)(struct serval_net *sn, const struct serval_held *held);
};

/**
 * struct serval_held - a held packet
 * @node: in serval_delay.list
 * @hash: in serval_delay.keys
 * @info: what is told about it
 * @key:  the same for each copy of the packet, else spread evenly
 * @skb:  the packet, owned by nobody else
 * @sk:   its local sender, a reference; or NULL
 * @ops:  what becomes of it
 */
struct serval_held {
	struct list_head node;
	struct hlist_node hash;
	struct serval_delay_info info;
	u64 key;
	struct sk_buff *skb;
	struct sock *sk;
	const struct serval_delay_ops *ops;
};

/**
 * struct serval_delay - the packets a namespace holds
 * @lock:    protects the rest; softirq-safe, a leaf
 * @list:    by id, oldest first
 * @keys:    by key
 * @count:   how many; read without the lock to see that there are none
 * @foreign: how many of them are from other hosts
 * @foreign_bytes: truesize of those
 * @last_id: of the one that came last
 * @next:    jiffies at which @expire is due, while there are some
 * @expire:  drops those that nobody decided about
 */
struct serval_delay {
	spinlock_t lock;	/* protects all that follows */
	struct list_head list;
	DECLARE_HASHTABLE(keys, SERVAL_DELAY_HASH_BITS);
	u32 count;
	u32 foreign;
	u32 foreign_bytes;
	u32 last_id;
	unsigned long next;
	struct delayed_work expire;
};

void serval_delay_init(struct serval_net *sn);
void serval_delay_exit(struct serval_net *sn);
int serval_delay_hold(struct serval_net *sn, const struct serval_held *what);
void serval_delay_cancel(struct serval_net *sn, u64 key);
void serval_delay_cancel_sock(struct serval_net *sn, const struct sock *sk);
int serval_delay_release(struct serval_net *sn, u32 id);
int serval_delay_drop(struct serval_net *sn, u32 id);
bool serval_delay_next(struct serval_net *sn, const u32 *after,
		       struct serval_delay_info *info);

#endif /* _SERVAL_DELAY_H */
