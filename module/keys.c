// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's own keys, and the hosts that it shares a secret with.
 *
 * A connection costs no operation on the curve.  It refers to a host by a
 * 32-bit id; only when a control message must be authenticated, the host's
 * secret is computed, in process context, and all connections with that host
 * have it from then on.
 *
 *	serval_host_get()  refs 0 -> 1: out of the idle ones, or made
 *	serval_host_put()  refs 1 -> 0: one of the idle ones; the longest idle
 *			   makes room, so that peers which come with a new key
 *			   each time take no more memory than their connections
 *
 * Each day there is a new own key.  The last but one is not told to anybody
 * any more and lives as long as hosts refer to it.  Which one a SYN is answered
 * with depends on the time alone, so that a responder that keeps nothing finds
 * it again.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <crypto/curve25519.h>

#include "keys.h"
#include "serval.h"

#define LIFETIME	(24 * 3600 * HZ)
#define IDLE_MAX	256

static const struct rhashtable_params host_params = {
	.head_offset = offsetof(struct serval_host, node),
	.key_offset = offsetof(struct serval_host, name),
	.key_len = sizeof(struct serval_host_name),
	.automatic_shrinking = true,
};

static void own_free_rcu(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct serval_own_key, rcu));
}

static void own_put(struct serval_own_key *own)
{
	if (own && refcount_dec_and_test(&own->refs))
		call_rcu(&own->rcu, own_free_rcu);
}

static struct serval_own_key *own_alloc(u32 epoch)
{
	struct serval_own_key *own = kzalloc(sizeof(*own), GFP_KERNEL);

	if (!own)
		return NULL;
	own->epoch = epoch;
	own->from = get_jiffies_64();
	refcount_set(&own->refs, 1);
	curve25519_generate_secret(own->secret);
	if (curve25519_generate_public(own->public, own->secret))
		return own;
	kfree_sensitive(own);
	return NULL;
}

/* An epoch's number fits beside SERVAL_HOST_OFFERED and is not 0 */
static u32 next_epoch(u32 epoch)
{
	return (epoch & (SERVAL_HOST_OFFERED - 1)) % (SERVAL_HOST_OFFERED - 1) +
	       1;
}

static struct serval_own_key *own_find(struct serval_keys *keys, u32 epoch)
{
	struct serval_own_key *own = rcu_dereference(keys->own);

	if (own->epoch == epoch)
		return own;
	own = rcu_dereference(keys->old);
	return own && own->epoch == epoch ? own : NULL;
}

/**
 * serval_keys_offer() - which key is told to peers
 * @sn:   namespace
 * @when: get_jiffies_64() now, or of a time not long ago
 *
 * Context: any.
 * Return: SERVAL_HOST_OFFERED and its epoch, which are always the same for the
 * same time; 0 if nobody is told a key.
 */
u32 serval_keys_offer(struct serval_net *sn, u64 when)
{
	const struct serval_own_key *own, *old;
	u32 epoch;

	if (READ_ONCE(sn->settings.security) == SERVAL_SECURITY_NONCE)
		return 0;
	rcu_read_lock();
	own = rcu_dereference(sn->keys.own);
	old = rcu_dereference(sn->keys.old);
	epoch = old && own->from > when ? old->epoch : own->epoch;
	rcu_read_unlock();
	return SERVAL_HOST_OFFERED | epoch;
}

static void host_free_rcu(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct serval_host, rcu));
}

static void host_free(struct serval_host *host)
{
	own_put(host->own);
	call_rcu(&host->rcu, host_free_rcu);
}

static void __host_remove(struct serval_keys *keys, struct serval_host *host)
{
	lockdep_assert_held(&keys->lock);
	list_del(&host->idle);
	keys->idle_count--;
	if (rcu_access_pointer(keys->last) == host)
		RCU_INIT_POINTER(keys->last, NULL);
	rhashtable_remove_fast(&keys->hosts, &host->node, host_params);
	xa_erase(&keys->ids, host->id);
	host_free(host);
}

/* Return: its id, 0 if it is not there */
static u32 __host_take(struct serval_keys *keys,
		       const struct serval_host_name *name)
{
	struct serval_host *host;

	lockdep_assert_held(&keys->lock);
	host = rhashtable_lookup_fast(&keys->hosts, name, host_params);
	if (!host)
		return 0;
	/* from 0 to 1 and back only under the lock */
	if (refcount_inc_not_zero(&host->refs))
		return host->id;
	list_del_init(&host->idle);
	keys->idle_count--;
	refcount_set(&host->refs, 1);
	return host->id;
}

static int __host_insert(struct serval_keys *keys, struct serval_host *host)
{
	int err;

	lockdep_assert_held(&keys->lock);
	err = xa_alloc_cyclic(&keys->ids, &host->id, host,
			      XA_LIMIT(1, SERVAL_HOST_OFFERED - 1),
			      &keys->next_id, GFP_ATOMIC);
	if (err < 0)
		return err;
	err = rhashtable_insert_fast(&keys->hosts, &host->node, host_params);
	if (err)
		xa_erase(&keys->ids, host->id);
	return err;
}

static struct serval_host *host_alloc(struct serval_keys *keys,
				      const struct serval_host_name *name,
				      gfp_t gfp)
{
	struct serval_own_key *own = own_find(keys, name->epoch);
	struct serval_host *host;

	if (!own || !refcount_inc_not_zero(&own->refs))
		return NULL;
	host = kzalloc(sizeof(*host), gfp);
	if (!host) {
		own_put(own);
		return NULL;
	}
	host->name = *name;
	host->own = own;
	refcount_set(&host->refs, 1);
	INIT_LIST_HEAD(&host->idle);
	mutex_init(&host->lock);
	return host;
}

/* Not there, idle, or just being made by another CPU */
static u32 get_slow(struct serval_keys *keys,
		    const struct serval_host_name *name, gfp_t gfp)
{
	struct serval_host *host;
	u32 id;

	spin_lock_bh(&keys->lock);
	id = __host_take(keys, name);
	spin_unlock_bh(&keys->lock);
	if (id)
		return id;
	host = host_alloc(keys, name, gfp);
	if (!host)
		return 0;
	spin_lock_bh(&keys->lock);
	id = __host_take(keys, name);
	if (!id && !__host_insert(keys, host)) {
		id = host->id;
		host = NULL;
	}
	spin_unlock_bh(&keys->lock);
	if (host)
		host_free(host);
	return id;
}

static bool is_named(const struct serval_host *host,
		     const struct serval_host_name *name)
{
	return host->name.epoch == name->epoch &&
	       !memcmp(host->name.peer, name->peer, sizeof(name->peer));
}

/* Many connections in turn are with one host: that costs neither the hash of
 * its name nor the table
 */
static u32 get(struct serval_keys *keys, const struct serval_host_name *name,
	       gfp_t gfp)
{
	struct serval_host *host = rcu_dereference(keys->last), *found;

	found = host && is_named(host, name) ? host :
		rhashtable_lookup(&keys->hosts, name, host_params);
	if (unlikely(!found || !refcount_inc_not_zero(&found->refs)))
		return get_slow(keys, name, gfp);
	/* nobody takes it out while there is a reference */
	if (found != host)
		rcu_assign_pointer(keys->last, found);
	return found->id;
}

/**
 * serval_host_get() - refer to a host, which is made if it is not there
 * @sn:    namespace
 * @offered: serval_keys_offer() as the host was told, or 0
 * @peer_key: its KEY
 * @gfp:   allocation flags, of those that do not sleep
 *
 * Only for a connection that is really made.
 *
 * Context: any but hard interrupt.
 * Return: its id with a reference that serval_host_put() drops; 0 if it was told
 * no key, or, which is counted, if there is no memory or that key is not kept
 * any more.
 */
u32 serval_host_get(struct serval_net *sn, u32 offered,
		    const u8 peer_key[SERVAL_KEY_SIZE], gfp_t gfp)
{
	struct serval_host_name name = {
		.epoch = offered & ~SERVAL_HOST_OFFERED,
	};
	u32 id;

	if (!(offered & SERVAL_HOST_OFFERED))
		return 0;
	memcpy(name.peer, peer_key, sizeof(name.peer));
	rcu_read_lock();
	id = get(&sn->keys, &name, gfp);
	rcu_read_unlock();
	if (unlikely(!id))
		SERVAL_INC(sn, KEYNOMEM);
	return id;
}

/**
 * serval_host_hold() - one more reference on a host
 * @host: found under rcu_read_lock()
 *
 * Return: false if nobody refers to it any more.
 */
bool serval_host_hold(struct serval_host *host)
{
	return refcount_inc_not_zero(&host->refs);
}

/* Nobody gets a host of an older key any more */
static bool is_worth_keeping(struct serval_keys *keys,
			     const struct serval_host *host)
{
	return own_find(keys, host->name.epoch);
}

static void __host_rest(struct serval_keys *keys, struct serval_host *host)
{
	struct serval_host *first;

	lockdep_assert_held(&keys->lock);
	list_add_tail(&host->idle, &keys->idle);
	keys->idle_count++;
	if (!is_worth_keeping(keys, host))
		return __host_remove(keys, host);
	if (keys->idle_count <= IDLE_MAX)
		return;
	first = list_first_entry(&keys->idle, struct serval_host, idle);
	__host_remove(keys, first);
}

/**
 * serval_host_put() - drop a reference on a host
 * @sn: namespace
 * @id: of the host; nothing happens if there is none with it, as for 0 or
 *      SERVAL_HOST_OFFERED
 *
 * Context: any but hard interrupt.
 */
void serval_host_put(struct serval_net *sn, u32 id)
{
	struct serval_keys *keys = &sn->keys;
	struct serval_host *host;

	if (!id)
		return;
	rcu_read_lock();
	host = xa_load(&keys->ids, id);
	if (host && !refcount_dec_not_one(&host->refs)) {
		spin_lock_bh(&keys->lock);
		if (refcount_dec_and_test(&host->refs))
			__host_rest(keys, host);
		spin_unlock_bh(&keys->lock);
	}
	rcu_read_unlock();
}

/**
 * serval_host_find() - a host by its id
 * @sn: namespace
 * @id: id
 *
 * Context: rcu_read_lock() held.
 * Return: the host, or NULL, as for 0 and SERVAL_HOST_OFFERED.
 */
struct serval_host *serval_host_find(struct serval_net *sn, u32 id)
{
	return xa_load(&sn->keys.ids, id);
}

/**
 * serval_host_own_key() - the KEY that a host is told
 * @sn:  namespace
 * @id:  of the host, or SERVAL_HOST_OFFERED and an epoch
 * @key: result
 *
 * Context: any.
 * Return: false if it is not kept any more, or @id is 0.
 */
bool serval_host_own_key(struct serval_net *sn, u32 id,
			 u8 key[SERVAL_KEY_SIZE])
{
	const struct serval_own_key *own = NULL;
	const struct serval_host *host;

	rcu_read_lock();
	if (id & SERVAL_HOST_OFFERED) {
		own = own_find(&sn->keys, id & ~SERVAL_HOST_OFFERED);
	} else {
		host = serval_host_find(sn, id);
		if (host)
			own = host->own;
	}
	if (own)
		memcpy(key, own->public, SERVAL_KEY_SIZE);
	rcu_read_unlock();
	return own;
}

static int compute(struct serval_net *sn, struct serval_host *host)
{
	lockdep_assert_held(&host->lock);
	if (!curve25519(host->secret, host->own->secret, host->name.peer))
		return -EKEYREJECTED;
	SERVAL_INC(sn, KEYAGREED);
	/* pairs with serval_host_ready() */
	smp_store_release(&host->ready, true);
	return 0;
}

/**
 * serval_host_secret() - compute a host's secret unless it is known
 * @sn:   namespace
 * @host: of which the caller has a reference
 *
 * Context: process; sleeps, and takes some 0.1 ms of a CPU the first time.
 * Return: 0; -EKEYREJECTED if the peer's key is one of those with which
 * everybody would know the secret.
 */
int serval_host_secret(struct serval_net *sn, struct serval_host *host)
{
	int err;

	if (serval_host_ready(host))
		return 0;
	mutex_lock(&host->lock);
	if (!host->ready && !host->err)
		host->err = compute(sn, host);
	err = host->err;
	mutex_unlock(&host->lock);
	return err;
}

/* Whoever takes the host over later shall not find keys of last week */
static void drop_outdated(struct serval_keys *keys)
{
	struct serval_host *host, *next;

	rcu_read_lock();
	spin_lock_bh(&keys->lock);
	list_for_each_entry_safe(host, next, &keys->idle, idle) {
		if (!is_worth_keeping(keys, host))
			__host_remove(keys, host);
	}
	spin_unlock_bh(&keys->lock);
	rcu_read_unlock();
}

/* Without memory the key stays for another day */
static void rotate(struct work_struct *work)
{
	struct serval_keys *keys = container_of(to_delayed_work(work),
						struct serval_keys, rotate);
	/* nobody else changes either */
	struct serval_own_key *own = rcu_dereference_protected(keys->own, true);
	struct serval_own_key *new = own_alloc(next_epoch(own->epoch));

	if (new) {
		own_put(rcu_replace_pointer(keys->old, own, true));
		rcu_assign_pointer(keys->own, new);
		drop_outdated(keys);
	}
	queue_delayed_work(system_power_efficient_wq, &keys->rotate, LIFETIME);
}

/**
 * serval_keys_init() - make a namespace's first key
 * @sn: namespace
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int serval_keys_init(struct serval_net *sn)
{
	struct serval_keys *keys = &sn->keys;
	struct serval_own_key *own;
	int err;

	err = rhashtable_init(&keys->hosts, &host_params);
	if (err)
		return err;
	own = own_alloc(1);
	if (!own) {
		rhashtable_destroy(&keys->hosts);
		return -ENOMEM;
	}
	own->from = 0;
	RCU_INIT_POINTER(keys->own, own);
	xa_init_flags(&keys->ids, XA_FLAGS_ALLOC1);
	spin_lock_init(&keys->lock);
	INIT_LIST_HEAD(&keys->idle);
	serval_pins_init(sn);
	INIT_DELAYED_WORK(&keys->rotate, rotate);
	queue_delayed_work(system_power_efficient_wq, &keys->rotate, LIFETIME);
	return 0;
}

static void free_host(void *ptr, void *arg)
{
	host_free(ptr);
}

/**
 * serval_keys_exit() - forget a namespace's keys
 * @sn: namespace; there are no flows any more, and nothing waits
 *
 * Context: process.
 */
void serval_keys_exit(struct serval_net *sn)
{
	struct serval_keys *keys = &sn->keys;

	/* requeues itself only, and nobody else queues it */
	cancel_delayed_work_sync(&keys->rotate);
	rhashtable_free_and_destroy(&keys->hosts, free_host, NULL);
	xa_destroy(&keys->ids);
	own_put(rcu_replace_pointer(keys->old, NULL, true));
	own_put(rcu_replace_pointer(keys->own, NULL, true));
}
