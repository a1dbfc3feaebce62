/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways: the paths of requests that a router passes on, one for each target.
 */
#ifndef _SERVAL_WAY_H
#define _SERVAL_WAY_H

#include <linux/rcupdate.h>

#include "path.h"
#include "service.h"

struct serval_net;

/**
 * struct serval_way - a path with its route
 * @path: constant but for its route
 * @rcu:  freed after a grace period
 */
struct serval_way {
	struct serval_path path;
	struct rcu_head rcu;
};

struct serval_way *serval_way_make(struct serval_net *sn,
				   struct serval_target *t, u32 mark);
void serval_way_put(struct serval_way *way, u32 mark);
void serval_way_free(struct serval_way *way);

/**
 * serval_way_find() - the way to a target
 * @sn:   namespace
 * @t:    a FORWARD target
 * @mark: of the packet that is to take it
 *
 * Context: softirq, rcu_read_lock() held, also until serval_way_put().
 * Return: the way, or an ERR_PTR if there is no route or no memory, which is
 * counted.
 */
static inline struct serval_way *serval_way_find(struct serval_net *sn,
						 struct serval_target *t,
						 u32 mark)
{
	struct serval_way *way = rcu_dereference(t->way);

	return likely(!mark && way && serval_path_dst(&way->path)) ?
	       way : serval_way_make(sn, t, mark);
}

#endif /* _SERVAL_WAY_H */
