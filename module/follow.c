// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections follow the addresses and links of their host.
 *
 * Whatever may take a local address away or bring one (an address, a device, its
 * carrier) queues one work, which looks at every connection: one whose address is
 * gone, or whose device is down, holds (NOADDRESS). If it comes back, the connection
 * asks its peer to go on from there: that may have moved meanwhile. With the sysctl
 * auto_migrate it moves to another device instead: first where the route leads, then
 * to each other device that is up, until the peer answers from one. As long as a
 * connection has found none, the work comes back.  What is still being set up asks from
 * another address at once, with or without the sysctl: it has nothing to hold.
 */
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <net/addrconf.h>

#include "follow.h"
#include "move.h"
#include "serval.h"

#define AGAIN	HZ	/* while a connection has no address */

/* Devices in turn, the one that the route chooses (0) first */
static int next_device(struct serval_net *sn, int last)
{
	struct net_device *dev;
	int next = 0;

	for_each_netdev_rcu(sn->net, dev) {
		if (dev->ifindex <= last || dev == sn->dev ||
		    dev->flags & IFF_LOOPBACK || !(dev->flags & IFF_UP) ||
		    !netif_carrier_ok(dev) ||
		    (!serval_move_has_address(dev, AF_INET) &&
		     !serval_move_has_address(dev, AF_INET6)))
			continue;
		if (!next || dev->ifindex < next)
			next = dev->ifindex;
	}
	return next;
}

/* One attempt; the next time it is another device's turn */
static void move_away(struct serval_net *sn, struct serval_flow *fl)
{
	struct serval_move *m = serval_move_of(fl->conn);
	struct serval_move_to to = {};
	int err, next;

	if (!m)
		return;
	to.oif = READ_ONCE(m->turn);
	do {
		err = serval_move_away(sn, fl, &to);
		next = next_device(sn, to.oif);
		to.oif = next;
	} while (err && next);
	WRITE_ONCE(m->turn, next);
}

/* Return: true if it should be looked at again */
static bool follow(struct serval_net *sn, struct rhashtable_iter *iter,
		   struct serval_flow *fl)
{
	bool usable = serval_move_path_is_usable(sn, &fl->path);

	if (!usable)
		fl = serval_move_prepare_in(sn, iter, fl);
	if (!fl)
		return false;
	if (!serval_move_see(sn, fl))
		return serval_move_is_lost(fl->conn);
	if (usable)
		serval_move_back(sn, fl);
	else if (READ_ONCE(sn->settings.auto_migrate))
		move_away(sn, fl);
	return true;
}

static void follow_work(struct work_struct *work)
{
	struct serval_net *sn = container_of(to_delayed_work(work),
					     struct serval_net, follow.work);
	struct rhashtable_iter iter;
	struct serval_flow *fl;
	bool again = false;

	rhashtable_walk_enter(&sn->flows.flows, &iter);
	rhashtable_walk_start(&iter);
	while ((fl = rhashtable_walk_next(&iter))) {
		if (IS_ERR(fl))
			continue;
		if (READ_ONCE(fl->state) == SERVAL_FLOW_ESTABLISHED)
			again |= follow(sn, &iter, fl);
		else
			serval_move_restart(sn, fl);
		serval_flow_walk_rest(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	if (again && !READ_ONCE(sn->follow.ended))
		schedule_delayed_work(&sn->follow.work, AGAIN);
}

static void look_now(struct serval_net *sn)
{
	if (!READ_ONCE(sn->follow.ended))
		mod_delayed_work(system_wq, &sn->follow.work, 0);
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct serval_net *sn = container_of(nb, struct serval_net,
					     follow.dev_nb);

	switch (event) {
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
	case NETDEV_UNREGISTER:
		look_now(sn);
	}
	return NOTIFY_DONE;
}

static int address4_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	look_now(serval_net(dev_net(ifa->ifa_dev->dev)));
	return NOTIFY_DONE;
}

static int address6_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	look_now(serval_net(dev_net(ifa->idev->dev)));
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
	INIT_DELAYED_WORK(&sn->follow.work, follow_work);
	sn->follow.dev_nb.notifier_call = device_event;
	return register_netdevice_notifier_net(sn->net, &sn->follow.dev_nb);
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
