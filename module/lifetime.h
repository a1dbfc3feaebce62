/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules that end by themselves: after a time, or with their device.
 */
#ifndef _SERVAL_LIFETIME_H
#define _SERVAL_LIFETIME_H

#include <linux/notifier.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct serval_net;
struct serval_rule;
struct serval_service;
struct serval_target;

/**
 * struct serval_life - when a rule ends
 * @node: in serval_lifetimes.ends
 * @svc:  the rule's prefix
 * @t:    the rule
 * @due:  jiffies at which the collector looks at it
 * @idle: seconds without use after which it ends, 0 = none
 * @hard: seconds after which it ends, 0 = none
 * @born: jiffies from which @hard counts
 * @used: jiffies of the last use, written by readers of rules with @idle
 * @rcu:  freed after a grace period
 *
 * Only rules with a timeout have one.  Constant while published, but for
 * @node and @due, which services.lock protects, and @used.
 */
struct serval_life {
	struct rb_node node;
	struct serval_service *svc;
	struct serval_target *t;
	unsigned long due;
	u32 idle;
	u32 hard;
	unsigned long born;
	unsigned long used;
	struct rcu_head rcu;
};

/**
 * struct serval_lifetimes - the rules of a namespace that end by themselves
 * @ends:    struct serval_life by @due
 * @collect: removes those whose time is over
 * @devices: number of rules that name a device
 * @gone:    by ifindex: devices that went down or away, not dealt with yet
 * @sweep:   removes their rules
 * @dev_nb:  sees devices go
 */
struct serval_lifetimes {
	struct rb_root_cached ends;	/* protected by services.lock */
	struct delayed_work collect;
	u32 devices;			/* protected by services.lock */
	struct xarray gone;
	struct work_struct sweep;
	struct notifier_block dev_nb;
};

int serval_lifetimes_init(struct serval_net *sn);
void serval_lifetimes_unpublish(struct serval_net *sn);
void serval_lifetimes_exit(struct serval_net *sn);
void serval_lifetimes_settle(struct serval_net *sn);

int serval_life_alloc(struct serval_target *t, const struct serval_rule *rule);
void serval_life_keep(struct serval_target *t, const struct serval_target *old,
		      bool idle, bool hard);
void __serval_life_begin(struct serval_net *sn, struct serval_service *svc,
			 struct serval_target *t);
void __serval_life_end(struct serval_net *sn, struct serval_target *t);
void serval_life_describe(const struct serval_life *life,
			  struct serval_rule *rule);
bool serval_life_usable(const struct serval_net *sn,
			const struct serval_target *t);

#endif /* _SERVAL_LIFETIME_H */
