/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Input routes that are known before IP looks for them.
 */
#ifndef _SERVAL_EARLY_H
#define _SERVAL_EARLY_H

#include <linux/in6.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/types.h>

struct serval_early_route;
struct serval_net;
struct sk_buff;

#define SERVAL_EARLY_BITS	8

/**
 * struct serval_early - input routes of a namespace
 * @lock:   serialises starting; process context
 * @hooked: the hooks are there
 * @routes: by a hash of what a route depends on
 */
struct serval_early {
	struct mutex lock;	/* serialises starting */
	bool hooked;
	struct serval_early_route __rcu *routes[1 << SERVAL_EARLY_BITS];
};

/* The packet that this CPU handles had no known route; only a hint */
DECLARE_PER_CPU(bool, serval_early_missed);

void serval_early_init(struct serval_net *sn);
void serval_early_start(struct serval_net *sn);
void serval_early_unpublish(struct serval_net *sn);
void serval_early_exit(struct serval_net *sn);
void serval_early_learn(struct serval_net *sn, const struct sk_buff *skb);

#endif /* _SERVAL_EARLY_H */
