/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Service table: which targets a service ID leads to.
 */
#ifndef _SERVAL_SERVICE_H
#define _SERVAL_SERVICE_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/serval.h>
#include <linux/skbuff.h>

#include "addr.h"
#include "lifetime.h"
#include "lpm.h"

struct netlink_ext_ack;
struct serval_way;
struct sock;

/* Published values of rules made by bind() */
#define SERVAL_BIND_PRIORITY	32000
#define SERVAL_BIND_WEIGHT	1024

/**
 * struct serval_target - where one rule leads
 * @type:     enum serval_service_type
 * @flags:    enum sv_service_flags, shown only
 * @encap:    FORWARD: SERVAL_UDP_*
 * @priority: highest set wins
 * @weight:   share within the set, at least 1
 * @addr:     FORWARD: locator, see addr.h
 * @ifindex:  FORWARD: outgoing device or 0
 * @sk:       DEMUX: the bound socket; the target is gone before it is
 * @life:     when it ends, NULL if it has no timeout
 * @way:      FORWARD: the path of what a router passes on to it (way.c), NULL
 *            until it does
 * @resolved_packets: SYNs sent or delivered by this target
 * @resolved_bytes:   their TCP segments
 * @dropped_packets:  SYNs it could not take
 * @dropped_bytes:    see above
 * @rcu:      freed after a grace period
 *
 * Lifetime / locking: made and unlinked under serval_services.lock, all
 * fields above the counters constant; SERVICE_SET replaces a target by a
 * copy that takes over the counters.  Readers hold rcu_read_lock().
 */
struct serval_target {
	u8 type;
	u8 flags;
	s8 encap;
	u32 priority;
	u32 weight;
	struct in6_addr addr;
	u32 ifindex;
	struct sock *sk;
	struct serval_life *life;
	struct serval_way __rcu *way;
	atomic64_t resolved_packets;
	atomic64_t resolved_bytes;
	atomic64_t dropped_packets;
	atomic64_t dropped_bytes;
	struct rcu_head rcu;
};

/**
 * struct serval_target_set - all targets of one prefix, best first
 * @rcu: freed after a grace period
 * @n: how many, at least 1
 * @t: sorted by falling priority
 *
 * Constant once published: every change publishes another one.
 */
struct serval_target_set {
	struct rcu_head rcu;
	u32 n;
	struct serval_target *t[];
};

/**
 * struct serval_service - a prefix that has targets
 * @lpm: place in the table
 * @set: its targets, never empty while in the table
 * @rcu: freed after a grace period
 */
struct serval_service {
	struct serval_lpm_entry lpm;
	struct serval_target_set __rcu *set;
	struct rcu_head rcu;
};

/**
 * struct serval_services - the table of a namespace
 * @lock: serialises changes; process context
 * @lpm:  prefixes
 * @seq:  grows with every change, for consistent dumps and for who remembers
 *        a choice (serval_service_seq())
 * @count: number of targets
 */
struct serval_services {
	struct mutex lock;	/* protects lpm for writers, seq, count */
	struct serval_lpm *lpm;
	u32 seq;
	u32 count;
};

/**
 * struct serval_rule - identity and values of a target, by value
 * @id:   prefix; bits past @bits zero
 * @bits: 0..256
 * @type: this and the rest as in struct serval_target
 * @flags: see there
 * @encap: see there
 * @priority: see there
 * @weight: see there
 * @addr: see there
 * @ifindex: see there
 * @sk: see there
 * @idle: seconds without use after which it ends, 0 = none
 * @hard: seconds after which it ends, 0 = none
 * @expires: milliseconds until it ends, if it has a timeout
 * @reason: enum serval_service_reason if it ended by itself, else 0
 *
 * Used by netlink requests and events.
 */
struct serval_rule {
	struct service_id id;
	u16 bits;
	u8 type;
	u8 flags;
	s8 encap;
	u32 priority;
	u32 weight;
	struct in6_addr addr;
	u32 ifindex;
	struct sock *sk;
	u32 idle;
	u32 hard;
	u64 expires;
	u8 reason;
};

/* What SERVICE_SET alters; has_* say which */
struct serval_rule_change {
	bool has_flags, has_priority, has_weight, has_addr, has_ifindex;
	bool has_idle, has_hard, has_encap;
	u8 flags;
	s8 encap;
	u32 priority;
	u32 weight;
	struct in6_addr addr;
	u32 ifindex;
	u32 idle;
	u32 hard;
};

/* Counters of a target, by value */
struct serval_target_stats {
	u64 resolved_packets;
	u64 resolved_bytes;
	u64 dropped_packets;
	u64 dropped_bytes;
};

struct serval_conn;
struct serval_net;

int serval_services_init(struct serval_net *sn);
void serval_services_exit(struct serval_net *sn);

int serval_service_add(struct serval_net *sn, const struct serval_rule *rule,
		       struct netlink_ext_ack *extack);
int serval_service_del(struct serval_net *sn, struct serval_rule *rule,
		       struct serval_target_stats *stats,
		       struct netlink_ext_ack *extack);
int serval_service_set(struct serval_net *sn, struct serval_rule *rule,
		       const struct serval_rule_change *change,
		       struct netlink_ext_ack *extack);
void __serval_service_remove(struct serval_net *sn,
			     struct serval_service *svc,
			     struct serval_target *t,
			     struct serval_rule *rule);
bool serval_service_pop_rule(struct serval_net *sn, struct serval_rule *rule);
void serval_service_put_bind(struct serval_net *sn,
			     const struct serval_rule *rule);
void serval_service_forget(struct serval_net *sn, const struct sock *sk);
void serval_service_join(struct serval_net *sn,
			 const struct serval_rule *rule);

const struct serval_target_set *
serval_service_find(const struct serval_net *sn, const struct service_id *id,
		    u8 protocol);
u32 serval_service_seq(const struct serval_net *sn);
u32 serval_service_top(const struct serval_net *sn,
		       const struct serval_target_set *set, u8 protocol,
		       u32 *end);
struct serval_target *
serval_service_choose(const struct serval_net *sn,
		      const struct serval_target_set *set, int mode,
		      u8 protocol, bool *only);
bool serval_target_is_for(const struct serval_net *sn,
			  const struct serval_target *t, u8 protocol);
bool serval_target_leads_on(const struct serval_target *t);
struct serval_target *
serval_service_listener(const struct serval_net *sn,
			const struct service_id *id,
			const struct serval_conn *conn, struct sk_buff *skb);
struct serval_target *
serval_service_receiver(const struct serval_net *sn,
			const struct service_id *id, u32 hash,
			struct sk_buff *skb, int state);

struct serval_service *serval_service_next(const struct serval_net *sn,
					   const struct service_id *id,
					   u16 bits);
struct serval_service *serval_service_from(const struct serval_net *sn,
					   const struct service_id *id,
					   u16 bits);
void serval_target_stats(const struct serval_target *t,
			 struct serval_target_stats *stats);
void serval_rule_from_target(struct serval_rule *rule,
			     const struct serval_service *svc,
			     const struct serval_target *t);

/* Not one that waits to be removed, nor one whose device is down */
static inline bool serval_target_usable(const struct serval_net *sn,
					const struct serval_target *t)
{
	return likely(!t->life && !t->ifindex) || serval_life_usable(sn, t);
}

static inline void serval_target_used(struct serval_target *t)
{
	if (unlikely(t->life) && t->life->idle)
		WRITE_ONCE(t->life->used, jiffies);
}

static inline void serval_target_resolved(struct serval_target *t, u32 bytes)
{
	serval_target_used(t);
	atomic64_inc(&t->resolved_packets);
	atomic64_add(bytes, &t->resolved_bytes);
}

static inline void serval_target_dropped(struct serval_target *t, u32 bytes)
{
	serval_target_used(t);
	atomic64_inc(&t->dropped_packets);
	atomic64_add(bytes, &t->dropped_bytes);
}

#endif /* _SERVAL_SERVICE_H */
