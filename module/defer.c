// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that wait until a secret is computed.
 *
 * A control message whose MAC cannot be checked yet is kept, a work computes
 * the host's secret, and the message is received again.  That is work which
 * others cause: so there is one work for each namespace, which takes one CPU
 * at most; few packets wait, and still fewer from one host; and only for hosts
 * that a connection refers to.
 */
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "keys.h"
#include "sal.h"

#define WAITING_MAX	64
#define WAITING_HOST_MAX	8

/**
 * struct waiting - a packet that waits
 * @node: in serval_keys.waiting
 * @host: a reference
 * @skb:  nobody else's
 */
struct waiting {
	struct list_head node;
	struct serval_host *host;
	struct sk_buff *skb;
};

static struct waiting *pop(struct serval_keys *keys)
{
	struct waiting *w;

	spin_lock_bh(&keys->wait_lock);
	w = list_first_entry_or_null(&keys->waiting, struct waiting, node);
	if (w) {
		list_del(&w->node);
		keys->waiting_count--;
		w->host->waiting--;
	}
	spin_unlock_bh(&keys->wait_lock);
	return w;
}

static void finish(struct serval_net *sn, struct waiting *w, int err)
{
	struct sk_buff *skb = w->skb;

	local_bh_disable();
	rcu_read_lock();
	skb->dev = dev_get_by_index_rcu(sn->net, skb->skb_iif);
	if (err)
		serval_drop(sn, skb, SERVAL_MIB_INKEYREJECTED);
	else if (!skb->dev)
		serval_drop(sn, skb, SERVAL_MIB_KEYDEFERFULL);
	else
		serval_input_held(sn, skb);
	rcu_read_unlock();
	local_bh_enable();
}

static void waiting_free(struct serval_net *sn, struct waiting *w)
{
	serval_host_put(sn, w->host->id);
	kfree(w);
}

static void wait_work(struct work_struct *work)
{
	struct serval_keys *keys = container_of(work, struct serval_keys,
						wait_work);
	struct serval_net *sn = container_of(keys, struct serval_net, keys);
	struct waiting *w;

	while ((w = pop(keys))) {
		finish(sn, w, serval_host_secret(sn, w->host));
		waiting_free(sn, w);
		cond_resched();
	}
}

static bool enqueue(struct serval_keys *keys, struct waiting *w)
{
	bool room;

	spin_lock_bh(&keys->wait_lock);
	room = keys->waiting_count < WAITING_MAX &&
	       w->host->waiting < WAITING_HOST_MAX;
	if (room) {
		list_add_tail(&w->node, &keys->waiting);
		keys->waiting_count++;
		w->host->waiting++;
	}
	spin_unlock_bh(&keys->wait_lock);
	return room;
}

/* What belongs to the moment at which it was received */
static void detach(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb->dev = NULL;
}

/**
 * serval_keys_defer() - receive a packet again when a host's secret is known
 * @sn:   namespace
 * @host: to which a flow refers
 * @skb:  at the SAL header, network header is the outer one; consumed
 *
 * It comes back through serval_input_held(), with BH disabled and
 * rcu_read_lock() held, and without a route.  If the host's key is rejected it
 * is dropped instead.
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: false if it was dropped, which is counted: no memory, or too many
 * wait.
 */
bool serval_keys_defer(struct serval_net *sn, struct serval_host *host,
		       struct sk_buff *skb)
{
	struct waiting *w = kmalloc(sizeof(*w), GFP_ATOMIC);

	if (!w) {
		serval_drop(sn, skb, SERVAL_MIB_INNOMEM);
		return false;
	}
	w->host = host;
	w->skb = skb;
	if (!serval_host_hold(host))
		goto err_free;
	detach(skb);
	if (!enqueue(&sn->keys, w))
		goto err_put;
	SERVAL_INC(sn, KEYDEFERRED);
	queue_work(system_unbound_wq, &sn->keys.wait_work);
	return true;

err_put:
	serval_host_put(sn, host->id);
err_free:
	kfree(w);
	serval_drop(sn, skb, SERVAL_MIB_KEYDEFERFULL);
	return false;
}

/**
 * serval_keys_defer_init() - nothing waits
 * @sn: namespace
 */
void serval_keys_defer_init(struct serval_net *sn)
{
	spin_lock_init(&sn->keys.wait_lock);
	INIT_LIST_HEAD(&sn->keys.waiting);
	INIT_WORK(&sn->keys.wait_work, wait_work);
}

/**
 * serval_keys_defer_exit() - drop what waits
 * @sn: namespace; nothing is received any more
 *
 * Context: process.
 */
void serval_keys_defer_exit(struct serval_net *sn)
{
	struct waiting *w;

	cancel_work_sync(&sn->keys.wait_work);
	while ((w = pop(&sn->keys))) {
		kfree_skb(w->skb);
		waiting_free(sn, w);
	}
}
