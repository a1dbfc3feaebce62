// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that are held until a controller decides.
 *
 *	serval_delay_hold() --> queue --> event to the controllers
 *				  |
 *	  serval_delay_release()  |  ops->release: resolved anew, may come back
 *	  serval_delay_drop()     |  ops->drop
 *	  no verdict in time      |  ops->drop
 *	  serval_delay_cancel()   |  the sender is gone or got on without it
 *
 * Whoever takes a packet out of the queue, under its lock, alone decides what
 * becomes of it.  A copy of a held packet is dropped quietly: senders repeat
 * themselves while they wait.  At most SERVAL_DELAY_MAX are held, and none if
 * nobody would hear of it.  Of other hosts' there are fewer, and they share a
 * bounded memory, so that this host's own find room whatever others send.
 *
 * A packet ends with one of those, or with its namespace; the reference on its
 * socket ends with it.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "delay.h"
#include "events.h"
#include "sal.h"

static struct serval_held *find_key(struct serval_delay *q, u64 key)
{
	struct serval_held *held;

	hash_for_each_possible(q->keys, held, hash, key)
		if (held->key == key)
			return held;
	return NULL;
}

/* Wake up for @deadline, if not earlier */
static void schedule_expiry(struct serval_delay *q, unsigned long deadline)
{
	unsigned long now = jiffies;

	lockdep_assert_held(&q->lock);
	q->next = deadline;
	mod_delayed_work(system_power_efficient_wq, &q->expire,
			 time_after(deadline, now) ? deadline - now : 0);
}

static bool is_foreign(const struct serval_held *held)
{
	return !ipv6_addr_any(&held->info.from);
}

static bool is_full(const struct serval_delay *q,
		    const struct serval_held *held)
{
	if (q->count >= SERVAL_DELAY_MAX)
		return true;
	return is_foreign(held) &&
	       (q->foreign >= SERVAL_DELAY_FOREIGN_MAX ||
		q->foreign_bytes + held->skb->truesize >
		SERVAL_DELAY_FOREIGN_BYTES);
}

static void __insert(struct serval_net *sn, struct serval_held *held)
{
	struct serval_delay *q = &sn->delay;
	u32 timeout = READ_ONCE(sn->settings.delay_timeout);

	lockdep_assert_held(&q->lock);
	if (!++q->last_id)
		q->last_id = 1;
	held->info.id = q->last_id;
	held->info.deadline = jiffies + msecs_to_jiffies(timeout);
	if (held->sk)
		sock_hold(held->sk);
	list_add_tail(&held->node, &q->list);
	hash_add(q->keys, &held->hash, held->key);
	WRITE_ONCE(q->count, q->count + 1);
	if (is_foreign(held)) {
		q->foreign++;
		q->foreign_bytes += held->skb->truesize;
	}
	if (q->count == 1 || time_before(held->info.deadline, q->next))
		schedule_expiry(q, held->info.deadline);
}

static void __take(struct serval_delay *q, struct serval_held *held,
		   struct list_head *taken)
{
	lockdep_assert_held(&q->lock);
	hash_del(&held->hash);
	list_move_tail(&held->node, taken);
	WRITE_ONCE(q->count, q->count - 1);
	if (is_foreign(held)) {
		q->foreign--;
		q->foreign_bytes -= held->skb->truesize;
	}
}

static void held_free(struct serval_held *held)
{
	if (held->sk)
		sock_put(held->sk);
	kfree(held);
}

static int refuse(struct serval_net *sn, struct sk_buff *skb,
		  enum serval_mib_field why)
{
	serval_drop(sn, skb, why);
	return -EHOSTUNREACH;
}

/**
 * serval_delay_hold() - hold a packet and tell the controllers
 * @sn:   namespace
 * @what: the packet; its skb is consumed, its sk need not be held; node, hash,
 *        id and deadline are set here
 *
 * Context: any but hard interrupt.
 * Return: 0 if the packet, or an earlier copy of it, is held; -EHOSTUNREACH if
 * not, which is counted.
 */
int serval_delay_hold(struct serval_net *sn, const struct serval_held *what)
{
	struct serval_held *held = kmemdup(what, sizeof(*what), GFP_ATOMIC);
	struct serval_delay *q = &sn->delay;
	struct serval_delay_info info;
	enum serval_mib_field why;

	if (!held)
		return refuse(sn, what->skb, SERVAL_MIB_OUTNOMEM);
	spin_lock_bh(&q->lock);
	if (find_key(q, what->key)) {
		why = SERVAL_MIB_DELAYCOPIES;
	} else if (!serval_event_delay_wanted(sn)) {
		why = SERVAL_MIB_DELAYNOLISTENER;
	} else if (is_full(q, held)) {
		why = SERVAL_MIB_DELAYFULL;
	} else {
		why = SERVAL_MIB_DELAYHELD;
		__insert(sn, held);
		info = held->info;
	}
	spin_unlock_bh(&q->lock);
	if (why == SERVAL_MIB_DELAYHELD) {
		SERVAL_INC(sn, DELAYHELD);
		/* a verdict may have come already: only @info is ours */
		serval_event_delay(sn, &info);
		return 0;
	}
	kfree(held);
	if (why != SERVAL_MIB_DELAYCOPIES)
		return refuse(sn, what->skb, why);
	SERVAL_INC(sn, DELAYCOPIES);
	consume_skb(what->skb);
	return 0;
}

/**
 * serval_delay_cancel() - forget a packet whose sender does not wait any more
 * @sn:  namespace
 * @key: of the packet; nothing happens if none is held
 *
 * Context: any but hard interrupt; its socket, if any, is held by the caller.
 */
void serval_delay_cancel(struct serval_net *sn, u64 key)
{
	struct serval_delay *q = &sn->delay;
	struct serval_held *held;
	LIST_HEAD(taken);

	if (likely(!READ_ONCE(q->count)))
		return;
	spin_lock_bh(&q->lock);
	held = find_key(q, key);
	if (held)
		__take(q, held, &taken);
	spin_unlock_bh(&q->lock);
	if (!held)
		return;
	serval_drop(sn, held->skb, SERVAL_MIB_DELAYCANCELLED);
	held_free(held);
}

/**
 * serval_delay_cancel_sock() - forget all packets of a socket
 * @sn: namespace
 * @sk: socket, which the caller holds and nobody sends from any more
 *
 * Context: process.
 */
void serval_delay_cancel_sock(struct serval_net *sn, const struct sock *sk)
{
	struct serval_delay *q = &sn->delay;
	struct serval_held *held, *next;
	LIST_HEAD(taken);

	if (likely(!READ_ONCE(q->count)))
		return;
	spin_lock_bh(&q->lock);
	list_for_each_entry_safe(held, next, &q->list, node)
		if (held->sk == sk)
			__take(q, held, &taken);
	spin_unlock_bh(&q->lock);
	list_for_each_entry_safe(held, next, &taken, node) {
		serval_drop(sn, held->skb, SERVAL_MIB_DELAYCANCELLED);
		held_free(held);
	}
}

static void drop_taken(struct serval_net *sn, struct list_head *taken,
		       enum serval_mib_field why)
{
	struct serval_held *held, *next;

	list_for_each_entry_safe(held, next, taken, node) {
		/* counted before its sender can know */
		serval_drop(sn, skb_get(held->skb), why);
		if (held->ops->drop)
			held->ops->drop(sn, held);
		consume_skb(held->skb);
		held_free(held);
		cond_resched();
	}
}

static bool take_verdict(struct serval_delay *q, u32 id,
			 struct list_head *taken)
{
	struct serval_held *held, *next;

	spin_lock_bh(&q->lock);
	list_for_each_entry_safe(held, next, &q->list, node)
		if (!id || held->info.id == id)
			__take(q, held, taken);
	spin_unlock_bh(&q->lock);
	return !id || !list_empty(taken);
}

/**
 * serval_delay_release() - send a held packet on
 * @sn: namespace
 * @id: of the packet, 0 for all that are held now
 *
 * Context: process.
 * Return: 0, -ENOENT if none has the id.
 */
int serval_delay_release(struct serval_net *sn, u32 id)
{
	struct serval_held *held, *next;
	LIST_HEAD(taken);

	if (!take_verdict(&sn->delay, id, &taken))
		return -ENOENT;
	list_for_each_entry_safe(held, next, &taken, node) {
		SERVAL_INC(sn, DELAYRELEASED);
		held->ops->release(sn, held);
		held_free(held);
		cond_resched();
	}
	return 0;
}

/**
 * serval_delay_drop() - drop a held packet
 * @sn: namespace
 * @id: of the packet, 0 for all that are held now
 *
 * Context: process.
 * Return: 0, -ENOENT if none has the id.
 */
int serval_delay_drop(struct serval_net *sn, u32 id)
{
	LIST_HEAD(taken);

	if (!take_verdict(&sn->delay, id, &taken))
		return -ENOENT;
	drop_taken(sn, &taken, SERVAL_MIB_DELAYDROPPED);
	return 0;
}

/**
 * serval_delay_next() - iterate over held packets by id
 * @sn:    namespace
 * @after: id that the previous one had, need not be held any more; NULL for the
 *         first
 * @info:  result
 *
 * Return: false at the end.
 */
bool serval_delay_next(struct serval_net *sn, const u32 *after,
		       struct serval_delay_info *info)
{
	struct serval_delay *q = &sn->delay;
	struct serval_held *held;
	bool found = false;

	spin_lock_bh(&q->lock);
	list_for_each_entry(held, &q->list, node) {
		/* ids wrap around */
		found = !after || (s32)(held->info.id - *after) > 0;
		if (found) {
			*info = held->info;
			break;
		}
	}
	spin_unlock_bh(&q->lock);
	return found;
}

/* The timeout may have been changed, so the first need not be due first */
static void expire(struct work_struct *work)
{
	struct serval_delay *q = container_of(to_delayed_work(work),
					      struct serval_delay, expire);
	struct serval_net *sn = container_of(q, struct serval_net, delay);
	struct serval_held *held, *next, *first = NULL;
	LIST_HEAD(taken);

	spin_lock_bh(&q->lock);
	list_for_each_entry_safe(held, next, &q->list, node) {
		if (time_after_eq(jiffies, held->info.deadline))
			__take(q, held, &taken);
		else if (!first || time_before(held->info.deadline,
					       first->info.deadline))
			first = held;
	}
	if (first)
		schedule_expiry(q, first->info.deadline);
	spin_unlock_bh(&q->lock);
	drop_taken(sn, &taken, SERVAL_MIB_DELAYEXPIRED);
}

/**
 * serval_delay_init() - make a namespace's queue
 * @sn: namespace
 */
void serval_delay_init(struct serval_net *sn)
{
	struct serval_delay *q = &sn->delay;

	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->list);
	hash_init(q->keys);
	INIT_DELAYED_WORK(&q->expire, expire);
}

/**
 * serval_delay_exit() - free what a namespace holds
 * @sn: namespace; nothing is sent, received or asked for any more
 *
 * Context: process.
 */
void serval_delay_exit(struct serval_net *sn)
{
	struct serval_delay *q = &sn->delay;
	struct serval_held *held, *next;

	/* requeues itself only, and nobody else queues it now */
	cancel_delayed_work_sync(&q->expire);
	list_for_each_entry_safe(held, next, &q->list, node) {
		kfree_skb(held->skb);
		held_free(held);
	}
}
