/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP encapsulation.
 */
#ifndef _SERVAL_ENCAP_H
#define _SERVAL_ENCAP_H

#include <linux/bits.h>
#include <linux/in6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/serval.h>

struct serval_conn;
struct serval_flow;
struct serval_net;
struct serval_path;
struct serval_target;
struct sk_buff;
struct sock;
struct socket;

#define SERVAL_ENCAP_POOL	16	/* source ports, per IP version */
#define SERVAL_ENCAP_DESTS	256
#define SERVAL_ENCAP_BITS	6
#define SERVAL_ENCAP_SLOTS	BIT(SERVAL_ENCAP_BITS)

/**
 * struct serval_encap_dest - how a host was reached last
 * @node:  in @dest_hash, once used
 * @age:   in @dest_age
 * @addr:  locator
 * @stamp: jiffies
 * @udp:   only inside UDP
 */
struct serval_encap_dest {
	struct hlist_node node;
	struct list_head age;
	struct in6_addr addr;
	unsigned long stamp;
	bool udp;
};

/**
 * struct serval_encap - UDP encapsulation in a namespace
 * @lock:        serialises opening and closing sockets; process context
 * @server:      sockets of the well-known port, IPv4 and IPv6; NULL if taken
 *               or closed
 * @pool:        sockets whose ports requests come from; made when first needed
 * @pool_port:   their ports, network byte order; 0 until @pool is there
 * @server_port: sysctl, host byte order; 0 = closed
 * @client_port: sysctl, host byte order: the first of @pool
 * @gro_ports:   of all these sockets, for GRO: by a hash, 0 = empty
 * @dest_lock:   protects @dests, @dest_hash and @dest_age
 * @dests:       remembered destinations
 * @dest_hash:   them by a keyed hash of their addresses
 * @dest_age:    them all, who answered last first
 * @race_lock:   protects @races
 * @races:       requests that are repeated inside UDP unless answered, by time
 * @race_count:  how many, bounded
 * @race_work:   repeats them
 * @keep_work:   keeps the bindings of NATs alive
 */
struct serval_encap {
	struct mutex lock;	/* serialises opening and closing sockets */
	struct socket *server[2];
	struct socket *pool[2][SERVAL_ENCAP_POOL];
	__be16 pool_port[2][SERVAL_ENCAP_POOL];
	int server_port;
	int client_port;
	__be16 gro_ports[2][SERVAL_ENCAP_SLOTS];
	spinlock_t dest_lock;	/* protects what is remembered */
	struct serval_encap_dest dests[SERVAL_ENCAP_DESTS];
	struct hlist_head dest_hash[SERVAL_ENCAP_DESTS];
	struct list_head dest_age;
	spinlock_t race_lock;	/* protects races, race_count */
	struct list_head races;
	unsigned int race_count;
	struct delayed_work race_work;
	struct delayed_work keep_work;
};

/* encap.c */
int serval_encap_mode(const struct serval_net *sn,
		      const struct serval_conn *conn,
		      const struct serval_target *t);
void serval_encap_init(struct serval_net *sn);
void serval_encap_publish(struct serval_net *sn);
void serval_encap_unpublish(struct serval_net *sn);
void serval_encap_keep(struct serval_net *sn);
void serval_encap_exit(struct serval_net *sn);
int serval_encap_open_pool(struct serval_net *sn);
int serval_encap_prepare(struct serval_net *sn, const struct serval_conn *conn);
int serval_encap_set_port(struct serval_net *sn, int *port, int val);
void serval_encap_request(struct serval_net *sn, struct serval_path *path,
			  u32 hash);
bool serval_encap_may_race(const struct serval_flow *fl);
bool serval_encap_wants_pool(const struct serval_net *sn,
			     const struct serval_flow *fl);
bool serval_encap_ports(const struct serval_net *sn,
			const struct serval_flow *fl, u8 family, __be16 *sport,
			__be16 *dport);
void serval_encap_answered(struct serval_net *sn, const struct serval_flow *fl);

/* encap_gro.c */
void serval_encap_gro_update(struct serval_encap *en);
void serval_encap_gro_init(void);
void serval_encap_gro_exit(void);

/* encap_auto.c */
void serval_encap_auto_init(struct serval_net *sn);
void serval_encap_auto_exit(struct serval_net *sn);
void serval_encap_learn(struct serval_net *sn, const struct serval_path *path);
bool serval_encap_known(struct serval_net *sn, const struct in6_addr *addr,
			bool *udp);
void serval_encap_race(struct serval_net *sn, const struct serval_flow *fl,
		       const struct sk_buff *skb, u8 tos);

#endif /* _SERVAL_ENCAP_H */
