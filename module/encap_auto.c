// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choosing encapsulation without being told: raw first, UDP if nobody answers.
 *
 * A request to a host of which nothing is known leaves as IP protocol 144.  A
 * copy waits, and a quarter of a second later, if the request is not answered,
 * leaves inside UDP as well; whichever is answered first becomes the flow's
 * way (RFC 8305 does the same with address families, and has the interval).
 * Both carry the same ids and nonce, so to the responder they are one.  What
 * worked is remembered for each host for ten minutes; a retransmission races
 * again, whatever is remembered.
 *
 * The copies wait in the order of their times, all being delayed alike; they
 * hold nothing but memory and are bounded.  So is what is remembered: once the
 * table is full, the host that has not answered for the longest time gives way.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "encap.h"
#include "sal.h"

#define RACE_DELAY	(HZ / 4)
#define RACES_MAX	4096
#define REMEMBER	(600 * HZ)

struct race {
	struct list_head node;
	unsigned long deadline;
	struct sk_buff *skb;	/* the request, at its SAL header */
	struct in6_addr raddr;
	int oif;
	__be32 flow_id;
	u8 tos;
};

static struct hlist_head *bucket_of(struct serval_net *sn,
				    const struct in6_addr *addr)
{
	u64 hash = siphash(addr, sizeof(*addr), &sn->secret);

	return &sn->encap.dest_hash[hash % SERVAL_ENCAP_DESTS];
}

/* With dest_lock held, as is the next */
static struct serval_encap_dest *dest_find(const struct hlist_head *bucket,
					   const struct in6_addr *addr)
{
	struct serval_encap_dest *dest;

	hlist_for_each_entry(dest, bucket, node) {
		if (ipv6_addr_equal(&dest->addr, addr))
			return dest;
	}
	return NULL;
}

static struct serval_encap_dest *dest_replace(struct serval_encap *en,
					      struct hlist_head *bucket,
					      const struct in6_addr *addr)
{
	struct serval_encap_dest *dest;

	dest = list_last_entry(&en->dest_age, struct serval_encap_dest, age);
	hlist_del_init(&dest->node);
	dest->addr = *addr;
	hlist_add_head(&dest->node, bucket);
	return dest;
}

/**
 * serval_encap_learn() - remember the way on which a request was answered
 * @sn:   namespace
 * @path: of the answer
 */
void serval_encap_learn(struct serval_net *sn, const struct serval_path *path)
{
	struct hlist_head *bucket = bucket_of(sn, &path->raddr);
	struct serval_encap *en = &sn->encap;
	struct serval_encap_dest *dest;

	spin_lock_bh(&en->dest_lock);
	dest = dest_find(bucket, &path->raddr) ?:
	       dest_replace(en, bucket, &path->raddr);
	list_move(&dest->age, &en->dest_age);
	dest->stamp = jiffies;
	dest->udp = path->dport;
	spin_unlock_bh(&en->dest_lock);
}

/**
 * serval_encap_known() - is it known how a host can be reached
 * @sn:   namespace
 * @addr: its locator
 * @udp:  set if it is known: only inside UDP
 */
bool serval_encap_known(struct serval_net *sn, const struct in6_addr *addr,
			bool *udp)
{
	const struct hlist_head *bucket = bucket_of(sn, addr);
	const struct serval_encap_dest *dest;
	bool known;

	spin_lock_bh(&sn->encap.dest_lock);
	dest = dest_find(bucket, addr);
	known = dest && time_before(jiffies, dest->stamp + REMEMBER);
	if (known)
		*udp = dest->udp;
	spin_unlock_bh(&sn->encap.dest_lock);
	return known;
}

static void race_free(struct race *race)
{
	kfree_skb(race->skb);
	kfree(race);
}

/**
 * serval_encap_race() - repeat a request inside UDP unless it is answered
 * @sn:  namespace
 * @fl:  in SYN_SENT
 * @skb: the request, at its SAL header; kept
 * @tos: DSCP and ECN
 *
 * Without memory, or with too many waiting, nothing is repeated.
 */
void serval_encap_race(struct serval_net *sn, const struct serval_flow *fl,
		       const struct sk_buff *skb, u8 tos)
{
	struct serval_encap *en = &sn->encap;
	struct race *race;

	if (READ_ONCE(en->race_count) >= RACES_MAX)
		return;
	race = kzalloc(sizeof(*race), GFP_ATOMIC);
	if (!race)
		return;
	race->skb = skb_copy(skb, GFP_ATOMIC);
	if (!race->skb) {
		kfree(race);
		return;
	}
	race->raddr = fl->path.raddr;
	race->oif = fl->path.oif;
	race->flow_id = fl->local_id;
	race->tos = tos;
	race->deadline = jiffies + RACE_DELAY;

	spin_lock_bh(&en->race_lock);
	list_add_tail(&race->node, &en->races);
	WRITE_ONCE(en->race_count, en->race_count + 1);
	spin_unlock_bh(&en->race_lock);
	queue_delayed_work(system_wq, &en->race_work, RACE_DELAY);
}

/* On a path of its own: the flow's stays as it is until something answers */
static void repeat(struct serval_net *sn, struct race *race,
		   struct serval_flow *fl)
{
	struct sock *sk = serval_conn_get_sock(fl->conn);
	struct serval_path path = {};

	if (!sk)
		return;
	serval_path_init(&path);
	serval_path_set(&path, &serval_options(fl->conn)->bind_addr,
			&race->raddr, race->oif, false);
	serval_encap_request(sn, &path, ntohl(fl->local_id));
	if (path.dport &&
	    !IS_ERR(serval_path_route(sn, &path, sk, race->skb->mark))) {
		SERVAL_INC(sn, OUTSYN);
		serval_path_xmit(sn, &path, NULL, race->skb,
				 (struct serval_outer) { race->tos });
		race->skb = NULL;
	}
	serval_path_release(&path);
	sock_put(sk);
}

static struct serval_flow *unanswered(struct serval_net *sn,
				      const struct race *race)
{
	struct serval_flow *fl = serval_flow_find(sn, race->flow_id);

	return fl && READ_ONCE(fl->state) == SERVAL_FLOW_SYN_SENT ? fl : NULL;
}

static void finish(struct serval_net *sn, struct race *race)
{
	struct serval_flow *fl;
	bool late;

	rcu_read_lock();
	late = unanswered(sn, race);
	rcu_read_unlock();
	/* only a request that must be repeated needs ports */
	if (!late || serval_encap_open_pool(sn))
		return;
	local_bh_disable();
	rcu_read_lock();
	fl = unanswered(sn, race);
	if (fl)
		repeat(sn, race, fl);
	rcu_read_unlock();
	local_bh_enable();
}

/* The next that is due, or whatever is there */
static struct race *pop(struct serval_encap *en, bool all)
{
	struct race *race;

	spin_lock_bh(&en->race_lock);
	race = list_first_entry_or_null(&en->races, struct race, node);
	if (race && (all || time_after_eq(jiffies, race->deadline))) {
		list_del(&race->node);
		WRITE_ONCE(en->race_count, en->race_count - 1);
	} else {
		race = NULL;
	}
	spin_unlock_bh(&en->race_lock);
	return race;
}

static void race_work(struct work_struct *work)
{
	struct serval_encap *en = container_of(to_delayed_work(work),
					       struct serval_encap, race_work);
	struct serval_net *sn = container_of(en, struct serval_net, encap);
	struct race *race;

	while ((race = pop(en, false))) {
		finish(sn, race);
		race_free(race);
	}
	spin_lock_bh(&en->race_lock);
	race = list_first_entry_or_null(&en->races, struct race, node);
	if (race)
		queue_delayed_work(system_wq, &en->race_work,
				   max_t(long, race->deadline - jiffies, 1));
	spin_unlock_bh(&en->race_lock);
}

/**
 * serval_encap_auto_init() - nothing is known, nothing waits
 * @sn: namespace
 */
void serval_encap_auto_init(struct serval_net *sn)
{
	struct serval_encap *en = &sn->encap;
	int i;

	spin_lock_init(&en->dest_lock);
	INIT_LIST_HEAD(&en->dest_age);
	for (i = 0; i < SERVAL_ENCAP_DESTS; i++)
		list_add(&en->dests[i].age, &en->dest_age);
	spin_lock_init(&en->race_lock);
	INIT_LIST_HEAD(&en->races);
	INIT_DELAYED_WORK(&en->race_work, race_work);
}

/**
 * serval_encap_auto_exit() - drop what waits
 * @sn: namespace; nothing is sent any more
 *
 * Context: process.
 */
void serval_encap_auto_exit(struct serval_net *sn)
{
	struct race *race;

	cancel_delayed_work_sync(&sn->encap.race_work);
	while ((race = pop(&sn->encap, true)))
		race_free(race);
}
