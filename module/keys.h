/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys of this host, and what it shares with others
 * (Documentation/protocol.rst section 6).
 *
 *	own key		of the namespace; a new one each day
 *	host		{own key, a peer's public key}: the secret that follows
 *			from both, computed when it is needed for the first time
 *	auth keys	of one connection, one for each direction, derived from
 *			the secret and all that the handshake said
 */
#ifndef _SERVAL_KEYS_H
#define _SERVAL_KEYS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/serval.h>

#include "wire.h"

struct serval_net;
struct sk_buff;

/* Values of the sysctl "security" */
enum serval_security {
	SERVAL_SECURITY_NONCE	= 0,	/* no keys */
	SERVAL_SECURITY_KEYS	= 1,	/* if the peer has them */
	SERVAL_SECURITY_REQUIRED = 2,	/* refuse who has none */
};

/**
 * struct serval_own_key - an X25519 key of this host
 * @epoch:  its number, never 0
 * @from:   get_jiffies_64() when it was made
 * @refs:   of serval_keys and of hosts
 * @secret: private key
 * @public: public key
 * @rcu:    freed after a grace period
 *
 * Lifetime / locking: constant but for @refs.
 */
struct serval_own_key {
	u32 epoch;
	u64 from;
	refcount_t refs;
	u8 secret[SERVAL_KEY_SIZE];
	u8 public[SERVAL_KEY_SIZE];
	struct rcu_head rcu;
};

/* What names a host: the same peer is another one once our key has changed */
struct serval_host_name {
	u32 epoch;
	u8 peer[SERVAL_KEY_SIZE];
};

/**
 * struct serval_host - another host, or this one, as it is known by its key
 * @node:   in serval_keys.hosts
 * @name:   constant
 * @id:     in serval_keys.ids, never 0; constant
 * @refs:   of flows and of packets that wait; 0 = in serval_keys.idle
 * @waiting: packets that wait for the secret; protected by serval_keys.wait_lock
 * @own:    key of this host that it was told, a reference; constant
 * @idle:   in serval_keys.idle
 * @lock:   held while the secret is computed
 * @err:    of that; protected by @lock
 * @ready:  @secret is there, for who reads this with acquire semantics
 * @secret: the same for both hosts
 * @rcu:    freed after a grace period
 *
 * Lifetime / locking: found under rcu_read_lock(); whoever has a reference may
 * sleep with it.  Without any it stays for a while, so that the next connection
 * need not compute the secret again.
 */
struct serval_host {
	struct rhash_head node;
	struct serval_host_name name;
	u32 id;
	refcount_t refs;
	u32 waiting;
	struct serval_own_key *own;
	struct list_head idle;
	struct mutex lock;	/* held while the secret is computed */
	int err;
	bool ready;
	u8 secret[SERVAL_KEY_SIZE];
	struct rcu_head rcu;
};

/* In the place of a host's id: none is known yet (or there was no memory for
 * it), but it has been told our key of this epoch, and still is
 */
#define SERVAL_HOST_OFFERED	0x80000000

#define SERVAL_PINS		256

/**
 * struct serval_pin - a service that had a key
 * @node:  in serval_pins.hash, unless it is free
 * @age:   in serval_pins.age
 * @hash:  of the service ID
 * @stamp: jiffies when it was last seen with one
 */
struct serval_pin {
	struct hlist_node node;
	struct list_head age;
	u64 hash;
	unsigned long stamp;
};

/**
 * struct serval_pins - services that had a key
 * @lock: protects the rest; softirq-safe, a leaf
 * @seq:  of @last and @last_stamp, which are read without the lock
 * @last: the one seen last
 * @last_stamp: jiffies when it was
 * @age:  all, the one seen last first
 * @hash: those in use
 * @pins: where they are
 */
struct serval_pins {
	spinlock_t lock;	/* protects the rest */
	seqcount_spinlock_t seq;
	struct service_id last;
	unsigned long last_stamp;
	struct list_head age;
	struct hlist_head hash[SERVAL_PINS];
	struct serval_pin pins[SERVAL_PINS];
};

/**
 * struct serval_keys - keys of a namespace
 * @own:    the newest; a reference
 * @old:    the one before, whose connections may still be made; a reference
 * @rotate: makes the next
 * @hosts:  by name
 * @last:   the one that a connection was made with last, or another in @hosts,
 *          or NULL; set by who has a reference on it, cleared under @lock
 * @ids:    by id; changed under @lock, read under RCU
 * @next_id: where to look for a free one
 * @lock:   protects @ids, @next_id, @idle and @idle_count, and which hosts
 *          there are; softirq-safe, a leaf
 * @idle:   hosts without a reference, longest first
 * @idle_count: how many
 * @wait_lock: protects @waiting, @waiting_count and serval_host.waiting;
 *          softirq-safe, a leaf
 * @waiting: packets that need a secret (defer.c)
 * @waiting_count: how many
 * @wait_work: computes it and gives them back
 * @pins:   services that had a key
 */
struct serval_keys {
	struct serval_own_key __rcu *own;
	struct serval_own_key __rcu *old;
	struct delayed_work rotate;
	struct rhashtable hosts;
	struct serval_host __rcu *last;
	struct xarray ids;
	u32 next_id;
	spinlock_t lock;	/* protects which hosts there are */
	struct list_head idle;
	unsigned int idle_count;
	spinlock_t wait_lock;	/* protects what waits */
	struct list_head waiting;
	unsigned int waiting_count;
	struct work_struct wait_work;
	struct serval_pins pins;
};

/**
 * struct serval_transcript - what the handshake of a connection said
 * @service: service ID of the SYN
 * @nonce:   of the SYN
 * @initiator_id: flow id of who asked, network byte order
 * @responder_id: of the other end
 * @initiator_iss: first version number of who asked
 * @responder_iss: of the other end
 * @active:  this host asked
 *
 * Both KEYs, which belong to it, are the host's.
 */
struct serval_transcript {
	struct service_id service;
	u64 nonce;
	__be32 initiator_id;
	__be32 responder_id;
	u32 initiator_iss;
	u32 responder_iss;
	bool active;
};

/**
 * struct serval_auth_keys - keys of one connection
 * @tx: for what this host sends
 * @rx: for what it receives
 *
 * Whoever has them on the stack ends with memzero_explicit().
 */
struct serval_auth_keys {
	u8 tx[SERVAL_KEY_SIZE];
	u8 rx[SERVAL_KEY_SIZE];
};

/* keys.c */
int serval_keys_init(struct serval_net *sn);
void serval_keys_exit(struct serval_net *sn);
u32 serval_keys_offer(struct serval_net *sn, u64 when);
u32 serval_host_get(struct serval_net *sn, u32 offered,
		    const u8 peer_key[SERVAL_KEY_SIZE], gfp_t gfp);
bool serval_host_hold(struct serval_host *host);
void serval_host_put(struct serval_net *sn, u32 id);
struct serval_host *serval_host_find(struct serval_net *sn, u32 id);
bool serval_host_own_key(struct serval_net *sn, u32 id,
			 u8 key[SERVAL_KEY_SIZE]);
int serval_host_secret(struct serval_net *sn, struct serval_host *host);

/**
 * serval_host_ready() - is a host's secret known
 * @host: host
 *
 * Context: any.
 */
static inline bool serval_host_ready(const struct serval_host *host)
{
	/* pairs with serval_host_secret() */
	return smp_load_acquire(&host->ready);
}

/* auth.c */
void serval_keys_derive(const struct serval_host *host,
			const struct serval_transcript *t,
			struct serval_auth_keys *keys);
void serval_auth_sign(const u8 key[SERVAL_KEY_SIZE], void *hdr,
		      unsigned int len, unsigned int mac_at, const u64 *covers);
bool serval_auth_ok(const u8 key[SERVAL_KEY_SIZE], const void *hdr,
		    unsigned int len, unsigned int mac_at, const u64 *covers);

/* pins.c */
void serval_pins_init(struct serval_net *sn);
void serval_pin_add(struct serval_net *sn, const struct service_id *service);
bool serval_pin_find(struct serval_net *sn, const struct service_id *service);

/* defer.c */
void serval_keys_defer_init(struct serval_net *sn);
void serval_keys_defer_exit(struct serval_net *sn);
bool serval_keys_defer(struct serval_net *sn, struct serval_host *host,
		       struct sk_buff *skb);

#endif /* _SERVAL_KEYS_H */
