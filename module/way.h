/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways: the paths of requests that a router passes on, one for each target.
 */
#ifndef _SERVAL_WAY_H
#define _SERVAL_WAY_H

#include <linux/rcupdate.h>

#include "path.h"

struct serval_net;
struct serval_target;

/**
 * struct serval_way - a path with its route
 * @path: constant but for its route
 * @rcu:  freed after a grace period
 */
struct serval_way {
	struct serval_path path;
	struct rcu_head rcu;
};

struct serval_way *serval_way_find(struct serval_net *sn,
				   struct serval_target *t, u32 mark);
void serval_way_put(struct serval_way *way, u32 mark);
void serval_way_free(struct serval_way *way);

#endif /* _SERVAL_WAY_H */
