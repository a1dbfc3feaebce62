// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services that had a key: without one they are not believed for a day.
 *
 * Whoever is on the path of a handshake can take the KEYs out of it, and both
 * ends would go on without.  So that he must have been there at each
 * handshake since the first, the initiator remembers the services that had
 * one; once the table is full, the one that was not seen for the longest time
 * gives way.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/seqlock.h>
#include <linux/siphash.h>

#include "keys.h"
#include "serval.h"

#define REMEMBER	(24 * 3600 * HZ)
#define FRESH		(60 * HZ)

static u64 hash_of(struct serval_net *sn, const struct service_id *service)
{
	return siphash(service, sizeof(*service), &sn->secret);
}

static struct serval_pin *__find(struct serval_pins *pins, u64 hash)
{
	struct serval_pin *pin;

	lockdep_assert_held(&pins->lock);
	hlist_for_each_entry(pin, &pins->hash[hash % SERVAL_PINS], node) {
		if (pin->hash == hash)
			return pin;
	}
	return NULL;
}

static struct serval_pin *__replace(struct serval_pins *pins, u64 hash)
{
	struct serval_pin *pin;

	lockdep_assert_held(&pins->lock);
	pin = list_last_entry(&pins->age, struct serval_pin, age);
	hlist_del_init(&pin->node);
	pin->hash = hash;
	hlist_add_head(&pin->node, &pins->hash[hash % SERVAL_PINS]);
	return pin;
}

/* Many connections to one service hash and write nothing but once a minute */
static bool is_fresh(const struct serval_pins *pins,
		     const struct service_id *service)
{
	unsigned int seq = read_seqcount_begin(&pins->seq);
	bool fresh;

	fresh = !memcmp(&pins->last, service, sizeof(*service)) &&
		time_before(jiffies, pins->last_stamp + FRESH);
	return fresh && !read_seqcount_retry(&pins->seq, seq);
}

static void __set_last(struct serval_pins *pins,
		       const struct service_id *service)
{
	write_seqcount_begin(&pins->seq);
	pins->last = *service;
	pins->last_stamp = jiffies;
	write_seqcount_end(&pins->seq);
}

/**
 * serval_pin_add() - a service has a key
 * @sn:      namespace
 * @service: it
 *
 * Context: any but hard interrupt.
 */
void serval_pin_add(struct serval_net *sn, const struct service_id *service)
{
	struct serval_pins *pins = &sn->keys.pins;
	struct serval_pin *pin;
	u64 hash;

	if (is_fresh(pins, service))
		return;
	hash = hash_of(sn, service);
	spin_lock_bh(&pins->lock);
	pin = __find(pins, hash) ?: __replace(pins, hash);
	list_move(&pin->age, &pins->age);
	pin->stamp = jiffies;
	__set_last(pins, service);
	spin_unlock_bh(&pins->lock);
}

/**
 * serval_pin_find() - did a service have a key
 * @sn:      namespace
 * @service: it
 *
 * Context: any but hard interrupt.
 */
bool serval_pin_find(struct serval_net *sn, const struct service_id *service)
{
	struct serval_pins *pins = &sn->keys.pins;
	u64 hash = hash_of(sn, service);
	const struct serval_pin *pin;
	bool found;

	spin_lock_bh(&pins->lock);
	pin = __find(pins, hash);
	found = pin && time_before(jiffies, pin->stamp + REMEMBER);
	spin_unlock_bh(&pins->lock);
	return found;
}

/**
 * serval_pins_init() - nothing is known of any service
 * @sn: namespace
 */
void serval_pins_init(struct serval_net *sn)
{
	struct serval_pins *pins = &sn->keys.pins;
	int i;

	spin_lock_init(&pins->lock);
	seqcount_spinlock_init(&pins->seq, &pins->lock);
	INIT_LIST_HEAD(&pins->age);
	for (i = 0; i < SERVAL_PINS; i++)
		list_add(&pins->pins[i].age, &pins->age);
}
