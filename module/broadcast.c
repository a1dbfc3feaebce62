// SPDX-License-Identifier: GPL-2.0-only
/*
 * Default rules that lead to the broadcast addresses of chosen devices.
 *
 * While a device that the sysctl broadcast_devices names is up, there is a
 * FORWARD rule with prefix length 0 to the broadcast address of each of its
 * IPv4 networks: hosts on one link find services without any configuration.
 * Whatever may change that (the sysctl, a device, an address) queues one work,
 * which compares what ought to be there with what it has made.  A rule that the
 * administrator has made is left alone.
 */
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "broadcast.h"
#include "events.h"
#include "serval.h"

/* Published values of such rules */
#define PRIORITY	1
#define WEIGHT		1

/* A rule that was made, or ought to be */
struct entry {
	struct list_head node;
	struct in6_addr addr;
	u32 ifindex;
};

static struct entry *find_entry(const struct list_head *list,
				const struct in6_addr *addr, u32 ifindex)
{
	struct entry *e;

	list_for_each_entry(e, list, node)
		if (e->ifindex == ifindex && ipv6_addr_equal(&e->addr, addr))
			return e;
	return NULL;
}

static __be32 broadcast_of(const struct net_device *dev,
			   const struct in_ifaddr *ifa)
{
	if (dev->flags & IFF_POINTOPOINT)
		return ifa->ifa_address;
	if (!(dev->flags & IFF_BROADCAST))
		return 0;
	if (ifa->ifa_broadcast || ifa->ifa_prefixlen >= 31)
		return ifa->ifa_broadcast;
	return ifa->ifa_address | ~ifa->ifa_mask;
}

static void want(struct list_head *wanted, __be32 ip4, u32 ifindex)
{
	struct in6_addr addr = serval_addr_from4(ip4);
	struct entry *e;

	if (!ip4 || find_entry(wanted, &addr, ifindex))
		return;
	e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return;
	e->addr = addr;
	e->ifindex = ifindex;
	list_add_tail(&e->node, wanted);
}

static void want_device(struct serval_net *sn, const char *name,
			struct list_head *wanted)
{
	struct net_device *dev;
	struct in_device *in_dev;
	const struct in_ifaddr *ifa;

	rtnl_lock();
	dev = __dev_get_by_name(sn->net, name);
	in_dev = dev && dev != sn->dev && dev->flags & IFF_UP &&
		 !(dev->flags & IFF_LOOPBACK) ? __in_dev_get_rtnl(dev) : NULL;
	if (in_dev)
		in_dev_for_each_ifa_rtnl(ifa, in_dev)
			want(wanted, broadcast_of(dev, ifa), dev->ifindex);
	rtnl_unlock();
}

static void want_devices(struct serval_net *sn, struct list_head *wanted)
{
	char names[SERVAL_BROADCAST_NAMES], *rest = names, *name;

	mutex_lock(&sn->broadcast.lock);
	strscpy(names, sn->broadcast.devices, sizeof(names));
	mutex_unlock(&sn->broadcast.lock);
	while ((name = strsep(&rest, " \t\n")))
		if (*name)
			want_device(sn, name, wanted);
}

static void make_rule(const struct entry *e, struct serval_rule *rule)
{
	*rule = (struct serval_rule) {
		.type = SERVAL_SERVICE_FORWARD,
		.priority = PRIORITY,
		.encap = SERVAL_UDP_DEFAULT,
		.weight = WEIGHT,
		.addr = e->addr,
		.ifindex = e->ifindex,
	};
}

/* Return: false if somebody else has made such a rule, or without memory */
static bool add_rule(struct serval_net *sn, const struct entry *e)
{
	struct serval_rule rule;

	make_rule(e, &rule);
	if (serval_service_add(sn, &rule, NULL))
		return false;
	serval_event_service(sn, SERVAL_CMD_SERVICE_NEW_NTF, &rule);
	return true;
}

static void del_rule(struct serval_net *sn, const struct entry *e)
{
	struct serval_target_stats stats;
	struct serval_rule rule;

	make_rule(e, &rule);
	if (!serval_service_del(sn, &rule, &stats, NULL))
		serval_event_service(sn, SERVAL_CMD_SERVICE_DEL_NTF, &rule);
}

static void free_entry(struct entry *e)
{
	list_del(&e->node);
	kfree(e);
}

/* A rule that was made and is gone, with its device or by a request, is made
 * anew
 */
static void update(struct work_struct *work)
{
	struct serval_net *sn = container_of(work, struct serval_net,
					     broadcast.work);
	struct list_head *rules = &sn->broadcast.rules;
	struct entry *e, *next, *made;
	LIST_HEAD(wanted);

	serval_lifetimes_settle(sn);
	want_devices(sn, &wanted);
	list_for_each_entry_safe(e, next, rules, node) {
		if (find_entry(&wanted, &e->addr, e->ifindex))
			continue;
		del_rule(sn, e);
		free_entry(e);
	}
	list_for_each_entry_safe(e, next, &wanted, node) {
		made = find_entry(rules, &e->addr, e->ifindex);
		if (add_rule(sn, e) && !made)
			list_move_tail(&e->node, rules);
		else
			free_entry(e);
	}
}

/* Context: rtnl held, or the sysctl */
static void queue_update(struct serval_net *sn)
{
	if (!READ_ONCE(sn->broadcast.ended))
		schedule_work(&sn->broadcast.work);
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct serval_net *sn = container_of(nb, struct serval_net,
					     broadcast.dev_nb);

	switch (event) {
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_UNREGISTER:
	case NETDEV_CHANGENAME:
		queue_update(sn);
	}
	return NOTIFY_DONE;
}

static int address_event(struct notifier_block *nb, unsigned long event,
			 void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	queue_update(serval_net(dev_net(ifa->ifa_dev->dev)));
	return NOTIFY_DONE;
}

static struct notifier_block address_nb = {
	.notifier_call = address_event,
};

/**
 * serval_broadcast_sysctl() - read or write broadcast_devices
 * @table:  its entry; extra1 is the namespace
 * @write:  see proc_dostring()
 * @buffer: see there
 * @len:    see there
 * @pos:    see there
 *
 * The rules are there, or gone, when a write returns.
 */
int serval_broadcast_sysctl(SERVAL_CTL_TABLE *table, int write, void *buffer,
			    size_t *len, loff_t *pos)
{
	struct serval_net *sn = table->extra1;
	int err;

	mutex_lock(&sn->broadcast.lock);
	err = proc_dostring(table, write, buffer, len, pos);
	mutex_unlock(&sn->broadcast.lock);
	if (!err && write) {
		queue_update(sn);
		flush_work(&sn->broadcast.work);
	}
	return err;
}

/**
 * serval_broadcast_net_init() - prepare a namespace
 * @sn: namespace
 *
 * Return: 0 or a negative errno.
 */
int serval_broadcast_net_init(struct serval_net *sn)
{
	struct serval_broadcast *b = &sn->broadcast;

	mutex_init(&b->lock);
	INIT_LIST_HEAD(&b->rules);
	INIT_WORK(&b->work, update);
	b->dev_nb.notifier_call = device_event;
	return register_netdevice_notifier_net(sn->net, &b->dev_nb);
}

/**
 * serval_broadcast_unpublish() - don't follow devices and addresses any more
 * @sn: namespace, whose sysctls are gone
 */
void serval_broadcast_unpublish(struct serval_net *sn)
{
	WRITE_ONCE(sn->broadcast.ended, true);
	/* takes rtnl, so an event that did not see this is over */
	unregister_netdevice_notifier_net(sn->net, &sn->broadcast.dev_nb);
}

/**
 * serval_broadcast_net_exit() - forget what was made
 * @sn: namespace, unpublished; its rules go with the table
 *
 * Context: process.
 */
void serval_broadcast_net_exit(struct serval_net *sn)
{
	struct entry *e, *next;

	cancel_work_sync(&sn->broadcast.work);
	list_for_each_entry_safe(e, next, &sn->broadcast.rules, node)
		free_entry(e);
}

/**
 * serval_broadcast_init() - hear of addresses, of all namespaces
 *
 * Return: 0 or a negative errno.
 */
int __init serval_broadcast_init(void)
{
	return register_inetaddr_notifier(&address_nb);
}

/**
 * serval_broadcast_exit() - don't hear of them any more
 */
void serval_broadcast_exit(void)
{
	unregister_inetaddr_notifier(&address_nb);
}
