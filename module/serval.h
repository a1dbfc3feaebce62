/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every part of the module shares: the per-namespace state and the
 * order of locks.
 *
 * Layers; a file includes only from its own layer and those above it here:
 *	L0 wire, lpm, addr, fsm		pure: no skb, no sock
 *	L1 ulid, mib, routers, keys, auth, pins,
 *	   lifetime, service, flow	tables
 *	L2 ipv4, ipv6, path, way,
 *	   offload, early		outer IP
 *	L3 device, fastopen, encap, encap_gro, encap_auto, delay, output,
 *	   redirect, icmp, input, forward, defer, exchange, handshake, move,
 *	   move_ask, move_rcv, move_tcp, move_doubt, move_report, datagram_gso,
 *	   datagram, dgram_conn, fin, join, join_ask, join_rcv, spread,
 *	   multipath, preference: the service access layer
 *	L4 newsock, socket, socket_dgram, socket_dgram_conn, sockopt,
 *	   sockioctl: AF_SERVAL
 *	L5 netlink, proc, broadcast, follow, sysctl: control
 *	L6 main				load and unload
 *
 * Lock order, outermost first (Documentation/locking.rst has the reasons):
 *	sock lock of a TCP socket
 *	  service table mutex		rules and binds, process context
 *	  rtnl				only from works and at set-up
 *	  backlog->lock			softirq-safe
 *	    conn->lock			softirq-safe
 *	      path->lock		softirq-safe, a leaf: nothing below it
 *	    delay.lock			the same; taken under neither
 *	    keys.lock, keys.wait_lock, pins.lock	the same
 *	    preferences.lock		the same
 * Nothing is transmitted, and no notifier called, from conn->lock on.  Readers
 * of the service and flow tables hold only rcu_read_lock().
 */
#ifndef _SERVAL_SERVAL_H
#define _SERVAL_SERVAL_H

#include <linux/llist.h>
#include <linux/netdevice.h>
#include <linux/siphash.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <linux/serval.h>

#include "broadcast.h"
#include "compat.h"
#include "delay.h"
#include "early.h"
#include "encap.h"
#include "flow.h"
#include "follow.h"
#include "keys.h"
#include "mib.h"
#include "preference.h"
#include "service.h"

struct rt6_info;
struct nlmsghdr;
struct serval_routers;

enum serval_resolution_mode {
	SERVAL_MODE_ALL		= 0,	/* every target of the top set */
	SERVAL_MODE_DEMUX	= 1,	/* only sockets of this host */
	SERVAL_MODE_FORWARD	= 2,	/* only other hosts */
	SERVAL_MODE_ANYCAST	= 3,	/* one of the top set, by weight */
};

/* Per-namespace settings, /proc/sys/net/serval/; documented in sysctl.c */
struct serval_settings {
	int debug;
	int resolution_mode;
	int sal_forward;
	int sal_max_retransmits;
	int udp_encap;
	int udp_encap_csum;
	int udp_encap_keepalive;
	int delay_timeout;
	int auto_migrate;
	int multipath;
	int security;
	struct ctl_table_header *header;
};

/**
 * struct serval_net - everything one network namespace owns
 * @net:      the namespace; outlives this
 * @dev:      sal0, see device.c; set before any packet can arrive
 * @local_rt: dst of every segment handed to TCP; one reference
 * @secret:   of stateless ids (handshake.c); constant
 * @mib:      counters
 * @services: service table
 * @routers: whose SOURCE is believed (routers.c), NULL = nobody's
 * @lifetimes: rules in it that end by themselves
 * @keys:     the host's own, and what it shares with others
 * @flows:    connections and flows
 * @early:    input routes of its flows
 * @encap:    UDP encapsulation
 * @delay:    packets that wait for a controller
 * @broadcast: default rules for whole links
 * @follow:   what sees addresses come and go
 * @preferences: which devices connections move to by themselves
 * @settings: sysctls
 * @route_work: puts back sal0's route after somebody removed it
 * @fib_nb:   sees that happen
 * @deferred: attempts to connect that output.c wants ended, or repeated
 * @deferred_work: does that
 * @doubts: connections whose peer is to be asked whether it is there
 * @doubt_work: asks
 * @multipath: connections that are to have other flows
 * @multipath_work: sees to that
 * @moved: sockets whose connection has moved
 * @moved_work: tells TCP
 * @closed: the namespace ends: packets that its devices still bring are dropped
 * @reply_stamp: jiffies of the current second of @reply_tokens
 * @reply_tokens: unverified answers (RST, NACK) still allowed in this second
 */
struct serval_net {
	struct net *net;
	struct net_device *dev;
	struct rt6_info *local_rt;
	siphash_key_t secret;
	struct serval_mib __percpu *mib;
	struct serval_services services;
	struct serval_routers __rcu *routers;
	struct serval_lifetimes lifetimes;
	struct serval_keys keys;
	struct serval_flows flows;
	struct serval_early early;
	struct serval_encap encap;
	struct serval_delay delay;
	struct serval_broadcast broadcast;
	struct serval_follow follow;
	struct serval_preferences preferences;
	struct serval_settings settings;
	struct work_struct route_work;
	struct notifier_block fib_nb;
	struct llist_head deferred;
	struct work_struct deferred_work;
	struct llist_head doubts;
	struct work_struct doubt_work;
	struct llist_head multipath;
	struct work_struct multipath_work;
	struct llist_head moved;
	struct work_struct moved_work;
	bool closed;
	unsigned long reply_stamp;
	atomic_t reply_tokens;
};

/* UDP ports, until a sysctl says otherwise; published values */
#define SERVAL_UDP_CLIENT_PORT	54324
#define SERVAL_UDP_SERVER_PORT	54325

/* TCP and UDP port of every service, seen on the wire but not interpreted */
#define SERVAL_PORT		7777

/* Chosen at load: module parameter "family" of main.c */
extern ushort serval_family;

/* Packets on the wire */
static inline u32 serval_segments(const struct sk_buff *skb)
{
	return max_t(u32, skb_shinfo(skb)->gso_segs, 1);
}

extern unsigned int serval_net_id;

/**
 * serval_net() - state of a namespace
 * @net: namespace
 */
static inline struct serval_net *serval_net(const struct net *net)
{
	return net_generic(net, serval_net_id);
}

/**
 * serval_net_rcu() - state of a namespace, for each packet
 * @net: namespace
 *
 * Context: rcu_read_lock() held.
 */
static inline struct serval_net *serval_net_rcu(const struct net *net)
{
	return rcu_dereference(net->gen)->ptr[serval_net_id];
}

#endif /* _SERVAL_SERVAL_H */
