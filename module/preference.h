/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which devices the kernel's own moves prefer.
 */
#ifndef _SERVAL_PREFERENCE_H
#define _SERVAL_PREFERENCE_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct in6_addr;
struct net_device;
struct serval_flow;
struct serval_net;

/**
 * struct serval_preferences - a namespace's devices
 * @devices: struct serval_preference by ifindex
 * @lock:    a leaf, softirq-safe
 * @event:   number of the last event that made a device draw connections
 */
struct serval_preferences {
	struct xarray devices;
	spinlock_t lock;	/* protects each device's link and event, and: */
	u64 event;
};

/**
 * struct serval_preference_info - the settings of a device, as shown
 * @ifindex:    device
 * @preference: 0 = connections never move there by themselves
 * @settle:     milliseconds for which it must have been usable before it draws any
 */
struct serval_preference_info {
	int ifindex;
	u8 preference;
	u32 settle;
};

void serval_preference_init(struct serval_net *sn);
void serval_preference_exit(struct serval_net *sn);
void serval_preference_add(struct serval_net *sn, const struct net_device *dev);
void serval_preference_del(struct serval_net *sn, const struct net_device *dev);
void serval_preference_event(struct serval_net *sn,
			     const struct net_device *dev, bool address);
int serval_preference_set(struct serval_net *sn, int ifindex,
			  const u8 *preference, const u32 *settle);
bool serval_preference_find_next(struct serval_net *sn, int after,
				 struct serval_preference_info *info);
int serval_preference_route_to(struct serval_net *sn,
			       const struct serval_flow *fl,
			       const struct in6_addr *raddr);
int serval_preference_route(struct serval_net *sn,
			    const struct serval_flow *fl);
int serval_preference_next(struct serval_net *sn, int route, int last);
u8 serval_preference_of(struct serval_net *sn, int ifindex);
bool serval_preference_allows(struct serval_net *sn,
			      const struct net_device *dev);
bool serval_preference_begin(struct serval_net *sn);
int serval_preference_better(struct serval_net *sn,
			     const struct serval_flow *fl);
unsigned long serval_preference_end(struct serval_net *sn, bool refused);

#endif /* _SERVAL_PREFERENCE_H */
