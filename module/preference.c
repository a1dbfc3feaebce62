// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which devices the kernel's own moves prefer.
 *
 * Each device has a preference and a time to settle.  A connection that has lost its
 * path goes down the list, without waiting for anything:
 *
 *	preference	highest first, 0 never
 *	  route		among equals first where the route leads,
 *	    ifindex	then in this order
 *
 * One that has a path stays, unless something happens to a device that is preferred to
 * its own: its link comes, it gets an address, or preferences change.  The device then
 * draws connections, once it has been usable for its time to settle; a link that
 * breaks again before starts over, so connections do not flap with it:
 *
 *	event --> settling, link up --settled--> one look at all connections --> quiet
 *	  ^		|  ^				|
 *	  +-- break ----+  +--- again, if some could ---+
 *				not begin yet
 *
 * Events are numbered, and a connection remembers the last one before somebody moved
 * it: only a later one draws it.
 *
 * Objects: each device but the loopback and sal0 has a struct serval_preference, from
 * the event that registers it to the one that unregisters it, both under rtnl; it is
 * freed after a grace period.  The events that the notifier repeats when it is
 * registered and unregistered make and end those of devices that are there already.
 * Without memory for it a device has the defaults and draws nothing.
 *
 * Locks: readers hold rcu_read_lock().  The two settings are single words.  What is
 * noted of the link is protected by preferences.lock, for events of IPv6 addresses come
 * without rtnl, and the look of follow.c, of which there is only one at a time, as well.
 */
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "move.h"
#include "preference.h"
#include "sal.h"

#define DEFAULT_PREFERENCE	100
#define DEFAULT_SETTLE		2000
#define LOOKS		5	/* a route may come later than the address */
#define AGAIN		HZ	/* between them */

/**
 * struct serval_preference - a device
 * @rcu:        frees it
 * @preference: setting
 * @settle:     setting
 * @up:         its link was there when last seen
 * @draws:      in the look that goes on
 * @looks:      in which it may still draw
 * @breaks:     how often the link had gone when last seen
 * @event:      number of its last event
 * @since:      jiffies since when it settles
 */
struct serval_preference {
	struct rcu_head rcu;
	u8 preference;
	u32 settle;
	bool up;
	bool draws;
	u8 looks;
	int breaks;
	u64 event;
	unsigned long since;
};

static struct serval_preference *find(struct serval_net *sn, int ifindex)
{
	return xa_load(&sn->preferences.devices, ifindex);
}

/**
 * serval_preference_of() - how much connections like a device
 * @sn:      namespace
 * @ifindex: device
 *
 * Context: rcu_read_lock() held.
 * Return: 0..255, the most preferred is the highest.
 */
u8 serval_preference_of(struct serval_net *sn, int ifindex)
{
	const struct serval_preference *p = find(sn, ifindex);

	return p ? READ_ONCE(p->preference) : DEFAULT_PREFERENCE;
}

/* A look that goes on has chosen by what was before */
static void __draw(struct serval_net *sn, struct serval_preference *p)
{
	lockdep_assert_held(&sn->preferences.lock);
	WRITE_ONCE(sn->preferences.event, sn->preferences.event + 1);
	WRITE_ONCE(p->event, sn->preferences.event);
	WRITE_ONCE(p->draws, false);
	p->looks = LOOKS;
}

static void __settle(struct serval_net *sn, struct serval_preference *p)
{
	__draw(sn, p);
	p->since = jiffies;
}

/* Has the link come, or been away since it was seen last? */
static void __see_link(struct serval_net *sn, struct serval_preference *p,
		       const struct net_device *dev)
{
	bool up = dev->flags & IFF_UP && netif_carrier_ok(dev);
	int breaks = atomic_read(&dev->carrier_down_count);

	lockdep_assert_held(&sn->preferences.lock);
	if (up && (!p->up || p->breaks != breaks))
		__settle(sn, p);
	p->up = up;
	p->breaks = breaks;
}

/**
 * serval_preference_add() - there is a new device
 * @sn:  namespace
 * @dev: device, perhaps known already
 *
 * Context: rtnl held.
 */
void serval_preference_add(struct serval_net *sn, const struct net_device *dev)
{
	struct serval_preference *p;

	if (dev == sn->dev || dev->flags & IFF_LOOPBACK ||
	    find(sn, dev->ifindex))
		return;
	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return;
	p->preference = DEFAULT_PREFERENCE;
	p->settle = DEFAULT_SETTLE;
	if (xa_err(xa_store(&sn->preferences.devices, dev->ifindex, p,
			    GFP_KERNEL_ACCOUNT)))
		kfree(p);
}

/**
 * serval_preference_del() - a device is gone
 * @sn:  namespace
 * @dev: device
 *
 * Context: rtnl held.
 */
void serval_preference_del(struct serval_net *sn, const struct net_device *dev)
{
	struct serval_preference *p = xa_erase(&sn->preferences.devices,
					       dev->ifindex);

	if (p)
		kfree_rcu(p, rcu);
}

/**
 * serval_preference_event() - something has happened to a device
 * @sn:      namespace
 * @dev:     device
 * @address: it has got an address; else perhaps something has happened to its link
 *
 * Context: any but hard interrupt.
 */
void serval_preference_event(struct serval_net *sn,
			     const struct net_device *dev, bool address)
{
	struct serval_preference *p;

	rcu_read_lock();
	p = find(sn, dev->ifindex);
	if (p) {
		spin_lock_bh(&sn->preferences.lock);
		if (address)
			__settle(sn, p);
		else
			__see_link(sn, p, dev);
		spin_unlock_bh(&sn->preferences.lock);
	}
	rcu_read_unlock();
}

/* Each device that has settled already draws at once; rcu_read_lock() is held */
static void draw_anew(struct serval_net *sn)
{
	struct serval_preference *p;
	unsigned long ifindex;

	spin_lock_bh(&sn->preferences.lock);
	xa_for_each(&sn->preferences.devices, ifindex, p)
		if (p->up)
			__draw(sn, p);
	spin_unlock_bh(&sn->preferences.lock);
}

/**
 * serval_preference_set() - change the settings of a device
 * @sn:         namespace
 * @ifindex:    device
 * @preference: or NULL
 * @settle:     milliseconds, or NULL
 *
 * Another preference is an event of every device.
 *
 * Context: process.
 * Return: 0, -ENODEV if there is no such device, or connections can't move there.
 */
int serval_preference_set(struct serval_net *sn, int ifindex,
			  const u8 *preference, const u32 *settle)
{
	struct serval_preference *p;

	rcu_read_lock();
	p = find(sn, ifindex);
	if (p && settle)
		WRITE_ONCE(p->settle, *settle);
	if (p && preference && READ_ONCE(p->preference) != *preference) {
		WRITE_ONCE(p->preference, *preference);
		draw_anew(sn);
	}
	rcu_read_unlock();
	return p ? 0 : -ENODEV;
}

/**
 * serval_preference_find_next() - iterate over the devices by ifindex
 * @sn:    namespace
 * @after: the previous one, which may be gone; 0 for the first
 * @info:  result
 *
 * Return: false at the end.
 */
bool serval_preference_find_next(struct serval_net *sn, int after,
				 struct serval_preference_info *info)
{
	const struct serval_preference *p;
	unsigned long ifindex = after;

	rcu_read_lock();
	p = xa_find_after(&sn->preferences.devices, &ifindex, ULONG_MAX,
			  XA_PRESENT);
	if (p) {
		info->ifindex = ifindex;
		info->preference = READ_ONCE(p->preference);
		info->settle = READ_ONCE(p->settle);
	}
	rcu_read_unlock();
	return p;
}

/**
 * serval_preference_route_to() - the device by which the route leads to an address
 * @sn:    namespace
 * @fl:    active flow
 * @raddr: address
 *
 * Context: rcu_read_lock() held.
 * Return: 0 if there is no route.
 */
int serval_preference_route_to(struct serval_net *sn,
			       const struct serval_flow *fl,
			       const struct in6_addr *raddr)
{
	struct serval_path path = {};

	serval_path_init(&path);
	serval_path_set(&path, &in6addr_any, raddr, 0, false);
	serval_path_encapsulate(&path, READ_ONCE(fl->path.sport),
				READ_ONCE(fl->path.dport));
	return serval_path_leads_through(sn, &path, serval_conn_mark(fl->conn));
}

/**
 * serval_preference_route() - the device by which the route leads to the peer
 * @sn: namespace
 * @fl: active flow
 *
 * Context: rcu_read_lock() held.
 * Return: 0 if there is no route.
 */
int serval_preference_route(struct serval_net *sn, const struct serval_flow *fl)
{
	const struct serval_move *m = serval_move_of(fl->conn);
	int ifindex = serval_preference_route_to(sn, fl, &fl->path.raddr);
	struct in6_addr raddr;

	if (ifindex || !serval_move_resolve(sn, fl->conn, 0,
					    m ? READ_ONCE(m->snd) : 0, &raddr))
		return ifindex;
	return serval_preference_route_to(sn, fl, &raddr);
}

/* A route knows its address, which need not be the device's */
static bool can_go(struct serval_net *sn, const struct net_device *dev, int route)
{
	if (dev == sn->dev || !(dev->flags & IFF_UP) || !netif_carrier_ok(dev))
		return false;
	return dev->ifindex == route ||
	       (!(dev->flags & IFF_LOOPBACK) &&
		serval_move_has_address(dev, 0));
}

/**
 * serval_preference_allows() - may connections go to a device by themselves
 * @sn:  namespace
 * @dev: device
 *
 * Context: rcu_read_lock() held.
 */
bool serval_preference_allows(struct serval_net *sn, const struct net_device *dev)
{
	return can_go(sn, dev, 0) && serval_preference_of(sn, dev->ifindex);
}

static bool comes_before(struct serval_net *sn, int route, int a, int b)
{
	u8 preference_a = serval_preference_of(sn, a);
	u8 preference_b = serval_preference_of(sn, b);

	if (preference_a != preference_b)
		return preference_a > preference_b;
	if (a == route || b == route)
		return a != b && a == route;
	return a < b;
}

/**
 * serval_preference_next() - where a connection without a path tries to go next
 * @sn:    namespace
 * @route: serval_preference_route()
 * @last:  device that it has tried, 0 = none
 *
 * Context: rcu_read_lock() held.
 * Return: device, 0 at the end of the list.
 */
int serval_preference_next(struct serval_net *sn, int route, int last)
{
	const struct net_device *dev;
	int next = 0;

	for_each_netdev_rcu(sn->net, dev) {
		if (!can_go(sn, dev, route) ||
		    !serval_preference_of(sn, dev->ifindex))
			continue;
		if (last && !comes_before(sn, route, last, dev->ifindex))
			continue;
		if (!next || comes_before(sn, route, dev->ifindex, next))
			next = dev->ifindex;
	}
	return next;
}

/* Return: jiffies until a device that is up has settled, 0 if it has */
static unsigned long __settles_in(struct serval_net *sn,
				  struct serval_preference *p)
{
	unsigned long settle = msecs_to_jiffies(READ_ONCE(p->settle));
	unsigned long now = jiffies;

	lockdep_assert_held(&sn->preferences.lock);
	return time_after(p->since + settle, now) ? p->since + settle - now : 0;
}

/**
 * serval_preference_begin() - find out which devices draw connections in a look
 * @sn: namespace
 *
 * Context: process, the only look.
 * Return: whether any does.
 */
bool serval_preference_begin(struct serval_net *sn)
{
	const struct net_device *dev;
	struct serval_preference *p;
	unsigned long ifindex;
	bool draws = false;

	rcu_read_lock();
	xa_for_each(&sn->preferences.devices, ifindex, p) {
		dev = dev_get_by_index_rcu(sn->net, ifindex);
		if (!dev)
			continue;
		spin_lock_bh(&sn->preferences.lock);
		/* the event of a short break may still be on its way */
		__see_link(sn, p, dev);
		WRITE_ONCE(p->draws,
			   p->looks && p->up && !__settles_in(sn, p));
		draws |= p->draws;
		spin_unlock_bh(&sn->preferences.lock);
	}
	rcu_read_unlock();
	return draws;
}

/* Has somebody moved the connection since that happened? */
static bool is_placed(const struct serval_flow *fl,
		      const struct serval_preference *p)
{
	const struct serval_move *m = serval_move_of(fl->conn);

	return m && READ_ONCE(p->event) <= READ_ONCE(m->placed);
}

/**
 * serval_preference_better() - the device that draws a connection
 * @sn: namespace
 * @fl: its active flow, whose path is usable
 *
 * Context: rcu_read_lock() held, between serval_preference_begin() and _end().
 * Return: 0 if none does.
 */
int serval_preference_better(struct serval_net *sn,
			     const struct serval_flow *fl)
{
	const struct net_device *dev = serval_move_path_device(sn, &fl->path);
	const struct serval_preference *p = dev ? find(sn, dev->ifindex) : NULL;
	unsigned long ifindex;
	u8 most, preference;
	int better = 0;

	/* a connection within the host has nothing to gain */
	if (!p)
		return 0;
	most = READ_ONCE(p->preference);
	xa_for_each(&sn->preferences.devices, ifindex, p) {
		preference = READ_ONCE(p->preference);
		if (!READ_ONCE(p->draws) || preference <= most ||
		    is_placed(fl, p))
			continue;
		dev = dev_get_by_index_rcu(sn->net, ifindex);
		if (!dev || !can_go(sn, dev, 0))
			continue;
		most = preference;
		better = ifindex;
	}
	return better;
}

/* Return: jiffies until the device has to be looked at */
static unsigned long __end(struct serval_net *sn, struct serval_preference *p,
			   bool refused)
{
	if (p->draws)
		p->looks = refused ? p->looks - 1 : 0;
	WRITE_ONCE(p->draws, false);
	if (!p->looks || !p->up)
		return MAX_JIFFY_OFFSET;
	return __settles_in(sn, p) ?: AGAIN;
}

/**
 * serval_preference_end() - a look is over
 * @sn:      namespace
 * @refused: some connections that are drawn could not begin to move
 *
 * Context: process, the only look.
 * Return: jiffies until the next is needed, MAX_JIFFY_OFFSET = none.
 */
unsigned long serval_preference_end(struct serval_net *sn, bool refused)
{
	unsigned long delay = MAX_JIFFY_OFFSET, ifindex;
	struct serval_preference *p;

	rcu_read_lock();
	spin_lock_bh(&sn->preferences.lock);
	xa_for_each(&sn->preferences.devices, ifindex, p)
		delay = min(delay, __end(sn, p, refused));
	spin_unlock_bh(&sn->preferences.lock);
	rcu_read_unlock();
	return delay;
}

/**
 * serval_preference_init() - no devices yet
 * @sn: namespace
 */
void serval_preference_init(struct serval_net *sn)
{
	xa_init(&sn->preferences.devices);
	spin_lock_init(&sn->preferences.lock);
}

/**
 * serval_preference_exit() - free the table
 * @sn: namespace; the notifier has heard all its devices go
 */
void serval_preference_exit(struct serval_net *sn)
{
	xa_destroy(&sn->preferences.devices);
}
