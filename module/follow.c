// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections follow the addresses, links and routes of their host.
 *
 * Whatever may take a local address away or bring one (an address, a device, its
 * carrier) queues one work, which looks at every connection: one whose address is
 * gone, whose device is down, or from whose address no route leads to the peer, holds
 * (NOADDRESS). Routes may be many, and change without end: that one has gone is seen
 * when something else has changed as well, when TCP has no answer, or when a datagram
 * finds none; any that comes is looked at while some connection has no path. If the
 * path comes back, the connection asks its peer to go on from there: that may have moved
 * meanwhile. With the sysctl auto_migrate it moves to another device instead, to one
 * after the other in the order of preference.c, until the peer answers from one. As long
 * as a connection has found none, the work comes back. One that has a path moves to a
 * device that draws it.
 * What is still being set up asks from another address at once, with or without the
 * sysctl: it has nothing to hold.
 */
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <net/addrconf.h>
#include <net/fib_notifier.h>

#include "events.h"
#include "follow.h"
#include "join.h"
#include "multipath.h"
#include "preference.h"
#include "serval.h"

#define AGAIN	HZ	/* while a connection has no path */
#define SOON	2	/* jiffies until a route is there of which we have been told */

static bool has_address(struct serval_net *sn, int ifindex)
{
	const struct net_device *dev = dev_get_by_index_rcu(sn->net, ifindex);

	return dev && serval_move_has_address(dev, 0);
}

/* One attempt; the next time it is another device's turn */
static void move_away(struct serval_net *sn, struct serval_flow *fl)
{
	struct serval_move *m = serval_move_of(fl->conn);
	int err, route, next;

	if (!m)
		return;
	route = serval_preference_route(sn, fl);
	next = READ_ONCE(m->turn);
	do {
		struct serval_move_to to = {};

		next = serval_preference_next(sn, route, next);
		/* without an address of its own the route says which; with one
		 * the connection keeps to it, also if the route leads elsewhere
		 * later, where that address is not expected
		 */
		if (next != route || has_address(sn, next))
			to.oif = next;
		err = next ? serval_move_away(sn, fl, &to) : 0;
	} while (err);
	WRITE_ONCE(m->turn, next);
}

/* Return: false if it should move, but can't begin to just now */
static bool follow_preferred(struct serval_net *sn,
			     struct rhashtable_iter *iter,
			     struct serval_flow *fl)
{
	struct serval_move_to to = {};
	int err;

	if (!READ_ONCE(sn->settings.auto_migrate))
		return true;
	to.oif = serval_preference_better(sn, fl);
	if (!to.oif)
		return true;
	fl = serval_move_prepare_in(sn, iter, fl);
	if (!fl)
		return true;
	err = serval_move_away(sn, fl, &to);
	return !err || err == -EALREADY || err == -ENOTCONN;
}

/**
 * struct look - what comes of a look at all connections
 * @changed: a device or an address may have come since the last one
 * @again:   one has no path
 * @refused: one could not begin to move to a device that it would prefer
 */
struct look {
	bool changed;
	bool again;
	bool refused;
};

static void follow(struct serval_net *sn, struct rhashtable_iter *iter,
		   struct serval_flow *fl, struct look *look)
{
	bool usable = serval_move_is_usable(sn, fl);

	if (!usable)
		fl = serval_move_prepare_in(sn, iter, fl);
	if (!fl)
		return;
	serval_multipath_look(sn, fl, look->changed);
	if (!serval_move_see(sn, fl)) {
		look->again |= serval_move_is_lost(fl->conn);
		if (usable && !follow_preferred(sn, iter, fl))
			look->refused = true;
		return;
	}
	if (usable)
		serval_move_back(sn, fl);
	else if (READ_ONCE(sn->settings.auto_migrate))
		move_away(sn, fl);
	look->again = true;
}

static void follow_work(struct work_struct *work)
{
	struct serval_net *sn = container_of(to_delayed_work(work),
					     struct serval_net, follow.work);
	struct rhashtable_iter iter;
	struct look look = {};
	struct serval_flow *fl;
	unsigned long delay;

	look.changed = xchg(&sn->follow.changed, false);
	/* one that has settled may have got its IPv6 address since */
	look.changed |= serval_preference_begin(sn);
	rhashtable_walk_enter(&sn->flows.flows, &iter);
	rhashtable_walk_start(&iter);
	while ((fl = rhashtable_walk_next(&iter))) {
		if (IS_ERR(fl))
			continue;
		if (READ_ONCE(fl->state) == SERVAL_FLOW_ESTABLISHED)
			follow(sn, &iter, fl, &look);
		else if (READ_ONCE(fl->state) == SERVAL_FLOW_JOINED)
			serval_join_see(sn, fl);
		else
			serval_move_restart(sn, fl);
		serval_flow_walk_rest(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	WRITE_ONCE(sn->follow.waits, look.again);
	delay = serval_preference_end(sn, look.refused);
	if (look.again)
		delay = min_t(unsigned long, delay, AGAIN);
	if (delay != MAX_JIFFY_OFFSET && !READ_ONCE(sn->follow.ended))
		schedule_delayed_work(&sn->follow.work, delay);
}

static void look_soon(struct serval_net *sn, unsigned long delay)
{
	if (!READ_ONCE(sn->follow.ended))
		mod_delayed_work(system_wq, &sn->follow.work, delay);
}

/**
 * serval_follow_look() - look at all connections
 * @sn: namespace
 *
 * Context: any but hard interrupt.
 */
void serval_follow_look(struct serval_net *sn)
{
	WRITE_ONCE(sn->follow.changed, true);
	look_soon(sn, 0);
}

/**
 * serval_event_pathless() - a connection has lost its path, as it seems
 * @sn: namespace
 *
 * Context: any but hard interrupt.
 */
void serval_event_pathless(struct serval_net *sn)
{
	look_soon(sn, 0);
}

/* Of IPv4 or IPv6, before it happens; one look is enough for many */
static int route_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct serval_net *sn = container_of(nb, struct serval_net,
					     follow.fib_nb);

	if (READ_ONCE(sn->follow.waits) && xchg(&sn->follow.waits, false))
		look_soon(sn, SOON);
	return NOTIFY_DONE;
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct serval_net *sn = container_of(nb, struct serval_net,
					     follow.dev_nb);
	const struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	switch (event) {
	case NETDEV_REGISTER:
		serval_preference_add(sn, dev);
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		serval_preference_event(sn, dev, false);
		serval_follow_look(sn);
		break;
	case NETDEV_UNREGISTER:
		serval_preference_del(sn, dev);
		serval_follow_look(sn);
	}
	return NOTIFY_DONE;
}

static void address_event(const struct net_device *dev, unsigned long event)
{
	struct serval_net *sn = serval_net(dev_net(dev));

	if (event == NETDEV_UP)
		serval_preference_event(sn, dev, true);
	serval_follow_look(sn);
}

static int address4_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	address_event(ifa->ifa_dev->dev, event);
	return NOTIFY_DONE;
}

static int address6_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	address_event(ifa->idev->dev, event);
	return NOTIFY_DONE;
}

static struct notifier_block address4_nb = {
	.notifier_call = address4_event,
};

static struct notifier_block address6_nb = {
	.notifier_call = address6_event,
};

/**
 * serval_follow_net_init() - watch a namespace
 * @sn: namespace
 *
 * Return: 0 or a negative errno.
 */
int serval_follow_net_init(struct serval_net *sn)
{
	int err;

	INIT_DELAYED_WORK(&sn->follow.work, follow_work);
	serval_preference_init(sn);
	sn->follow.dev_nb.notifier_call = device_event;
	sn->follow.fib_nb.notifier_call = route_event;
	err = register_fib_notifier(sn->net, &sn->follow.fib_nb, NULL, NULL);
	if (err)
		return err;
	err = register_netdevice_notifier_net(sn->net, &sn->follow.dev_nb);
	if (err)
		unregister_fib_notifier(sn->net, &sn->follow.fib_nb);
	return err;
}

/**
 * serval_follow_unpublish() - don't watch it any more
 * @sn: namespace, whose sysctls are gone
 */
void serval_follow_unpublish(struct serval_net *sn)
{
	WRITE_ONCE(sn->follow.ended, true);
	/* takes rtnl, so an event that did not see this is over */
	unregister_netdevice_notifier_net(sn->net, &sn->follow.dev_nb);
	unregister_fib_notifier(sn->net, &sn->follow.fib_nb);
}

/**
 * serval_follow_net_exit() - wait for what watches
 * @sn: namespace, unpublished
 *
 * Context: process.
 */
void serval_follow_net_exit(struct serval_net *sn)
{
	cancel_delayed_work_sync(&sn->follow.work);
	serval_preference_exit(sn);
}

/**
 * serval_follow_init() - hear of addresses, of all namespaces
 *
 * Return: 0 or a negative errno.
 */
int __init serval_follow_init(void)
{
	int err = register_inetaddr_notifier(&address4_nb);

	if (err)
		return err;
	err = register_inet6addr_notifier(&address6_nb);
	if (err)
		unregister_inetaddr_notifier(&address4_nb);
	return err;
}

/**
 * serval_follow_exit() - don't hear of them any more
 */
void serval_follow_exit(void)
{
	unregister_inet6addr_notifier(&address6_nb);
	unregister_inetaddr_notifier(&address4_nb);
}
