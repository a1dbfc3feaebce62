// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways: the paths of requests that a router passes on, one for each target.
 *
 * A way is made when the first request takes it and found with its target.
 * When its route is not valid any more another one is made, with the local
 * address that then goes with the route, and takes its place by one pointer
 * store; whoever uses the old one may finish.  A marked packet may be routed
 * in its own manner: its way is nobody else's and ends with it.
 */
#include <linux/slab.h>

#include "serval.h"
#include "way.h"

static struct serval_way *make(struct serval_net *sn,
			       const struct serval_target *t, u32 mark)
{
	struct serval_way *way = kzalloc(sizeof(*way), GFP_ATOMIC);
	struct dst_entry *dst;

	if (!way) {
		SERVAL_INC(sn, OUTNOMEM);
		return ERR_PTR(-ENOMEM);
	}
	serval_path_init(&way->path);
	serval_path_set(&way->path, &in6addr_any, &t->addr, t->ifindex,
			false);
	dst = serval_path_route(sn, &way->path, NULL, mark);
	if (!IS_ERR(dst))
		return way;
	kfree(way);
	return ERR_CAST(dst);
}

/**
 * serval_way_free() - free a way
 * @way: that nobody uses any more, or NULL
 */
void serval_way_free(struct serval_way *way)
{
	if (!way)
		return;
	serval_path_release(&way->path);
	kfree(way);
}

static void free_rcu(struct rcu_head *rcu)
{
	serval_way_free(container_of(rcu, struct serval_way, rcu));
}

/**
 * serval_way_make() - a new way to a target
 * @sn:   namespace
 * @t:    a FORWARD target
 * @mark: of the packet that is to take it
 *
 * Context and result as of serval_way_find().
 */
struct serval_way *serval_way_make(struct serval_net *sn,
				   struct serval_target *t, u32 mark)
{
	struct serval_way *way = make(sn, t, mark), *old;

	if (mark || IS_ERR(way))
		return way;
	old = unrcu_pointer(xchg(&t->way, RCU_INITIALIZER(way)));
	if (old)
		call_rcu(&old->rcu, free_rcu);
	return way;
}

/**
 * serval_way_put() - a packet has taken its way
 * @way:  from serval_way_find()
 * @mark: as it was given there
 */
void serval_way_put(struct serval_way *way, u32 mark)
{
	if (mark)
		serval_way_free(way);
}
