// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which flows a connection is to have (Documentation/protocol.rst section 5.10).
 *
 * With a policy, each end tells the other by ADDRESS where else it can be reached, and
 * the end that asked for the service joins flows: one from each device to which
 * connections can move, and one to each address of the peer.  One is tried at a time,
 * and one in a second, so that a peer cannot have us search a network for it.
 *
 * A change of addresses or devices, another list of the peer's, and the end of an attempt
 * start over.  A work does it, since the secret of both hosts may have to be computed;
 * the timer of join.c brings it back.
 */
#include <linux/inetdevice.h>
#include <linux/llist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>

#include "join.h"
#include "multipath.h"
#include "preference.h"
#include "sal.h"

#define PAUSE	HZ	/* between attempts, and between copies of a list */
#define TRIES	5	/* copies of a list */
#define TRIES_AT_ONCE	32	/* of what could be joined */

struct item {
	struct llist_node node;
	__be32 id;
};

/**
 * serval_multipath_policy() - what a connection does with several flows
 * @sn:   namespace
 * @conn: connection
 *
 * A socket that is bound to a device or an address keeps to that.
 *
 * Return: SERVAL_MULTIPATH_*, but not SERVAL_MULTIPATH_DEFAULT.
 */
int serval_multipath_policy(const struct serval_net *sn,
			    const struct serval_conn *conn)
{
	const struct serval_options *opt = serval_options(conn);
	int policy = READ_ONCE(opt->multipath);

	if (conn->bound || opt->oif || !ipv6_addr_any(&opt->bind_addr))
		return SERVAL_MULTIPATH_OFF;
	return policy == SERVAL_MULTIPATH_DEFAULT ?
	       READ_ONCE(sn->settings.multipath) : policy;
}

static bool is_queued(struct serval_net *sn, const struct serval_move *m)
{
	const struct serval_flow *fl;
	__be32 id;

	/* what has changed before is seen by who clears it; pairs with look_at() */
	smp_mb();
	id = READ_ONCE(m->looked);
	fl = id ? serval_flow_find(sn, id) : NULL;
	return fl && fl->conn == m->conn;
}

/**
 * serval_multipath_again() - see which flows a connection is to have
 * @sn: namespace
 * @fl: flow of the connection
 *
 * It is looked at once, however often this is called until then.  Whenever a flow of the
 * connection goes, this is called again, as the one that is queued may be that one.
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_multipath_again(struct serval_net *sn, const struct serval_flow *fl)
{
	struct serval_move *m = serval_move_make(sn, fl);
	struct item *item;

	/* without memory the next change of an address brings it back */
	if (!m || is_queued(sn, m))
		return;
	item = kmalloc(sizeof(*item), GFP_ATOMIC);
	if (!item)
		return;
	item->id = fl->local_id;
	WRITE_ONCE(m->looked, fl->local_id);
	if (llist_add(&item->node, &sn->multipath))
		schedule_work(&sn->multipath_work);
}

/**
 * serval_multipath_begin() - a connection is established
 * @sn: namespace
 * @fl: its flow
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_multipath_begin(struct serval_net *sn, const struct serval_flow *fl)
{
	if (unlikely(serval_multipath_policy(sn, fl->conn)))
		serval_multipath_again(sn, fl);
}

struct list {
	struct in6_addr addr[SERVAL_ADDRESS_MAX];
	u8 n;
};

/* Addresses of private networks are told: the peer may be in the same */
static bool is_told_of(const struct in6_addr *addr)
{
	return serval_addr_is_host(addr) &&
	       !(serval_addr_is4(addr) &&
		 ipv4_is_linklocal_169(serval_addr_to4(addr)));
}

static void add_addr(struct list *list, const struct in6_addr *addr)
{
	if (list->n < SERVAL_ADDRESS_MAX && is_told_of(addr))
		list->addr[list->n++] = *addr;
}

static void add_of_device(struct list *list, const struct net_device *dev)
{
	struct in_device *in4 = __in_dev_get_rcu(dev);
	struct inet6_dev *in6 = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa6;
	const struct in_ifaddr *ifa4;
	struct in6_addr addr;

	if (in4) {
		in_dev_for_each_ifa_rcu(ifa4, in4) {
			addr = serval_addr_from4(ifa4->ifa_local);
			if (ifa4->ifa_scope == RT_SCOPE_UNIVERSE)
				add_addr(list, &addr);
		}
	}
	if (!in6)
		return;
	read_lock_bh(&in6->lock);
	list_for_each_entry(ifa6, &in6->addr_list, if_list)
		if (!(ifa6->flags & (IFA_F_TENTATIVE | IFA_F_DEPRECATED)))
			add_addr(list, &ifa6->addr);
	read_unlock_bh(&in6->lock);
}

/* Where this host can be reached, apart from the address in use */
static void get_own(struct serval_net *sn, const struct serval_flow *fl,
		    struct list *list)
{
	const struct net_device *dev;
	int i;

	for_each_netdev_rcu(sn->net, dev)
		if (serval_preference_allows(sn, dev))
			add_of_device(list, dev);
	for (i = 0; i < list->n; i++) {
		if (!ipv6_addr_equal(&list->addr[i], &fl->path.laddr))
			continue;
		list->addr[i] = list->addr[--list->n];
		break;
	}
}

/* To be sent without the lock, in process context */
struct notice {
	struct serval_leg leg;
	unsigned int len;
	u8 hdr[SERVAL_BUILD_MAX];
};

static void build_notice(struct serval_move *m, const struct list *list,
			 struct notice *notice)
{
	const struct serval_flow *fl = serval_move_active(m->conn);
	struct serval_joins *j = m->joins;
	struct serval_pkt pkt = {
		.dst = fl->peer_id,
		.has = SERVAL_HAS_ADDRESS,
		.flags = SERVAL_CTRL_ACK,
		.verno = j->snd,
		.ackno = j->rcv,
		.list_ackno = j->list_rcv,
		.list_verno = j->list_snd,
		.listed = list->n,
	};

	memcpy(pkt.list, list->addr, list->n * sizeof(pkt.list[0]));
	notice->leg = serval_join_leg(fl);
	notice->len = serval_move_build(m, fl, &pkt, notice->hdr, NULL);
}

static void come_back(struct serval_joins *j)
{
	j->look = true;
	j->look_at = jiffies + PAUSE;
	serval_join_schedule(j);
}

static bool is_told(const struct serval_joins *j, const struct list *list)
{
	return j->own_n == list->n &&
	       !memcmp(j->own, list->addr, list->n * sizeof(j->own[0]));
}

/* Is there a list to be sent, or sent again?  The lock is held */
static bool has_news(struct serval_joins *j, const struct list *list)
{
	if (!is_told(j, list)) {
		memcpy(j->own, list->addr, sizeof(j->own));
		j->own_n = list->n;
		j->list_snd++;
		j->list_tries = 0;
		j->list_known = false;
	}
	if (j->list_known || !j->list_snd || j->list_tries >= TRIES)
		return false;
	if (j->list_tries && time_before(jiffies, j->list_at)) {
		come_back(j);
		return false;
	}
	j->list_tries++;
	j->list_at = jiffies + PAUSE;
	return true;
}

static void advertise(struct serval_net *sn, struct serval_move *m,
		      const struct serval_flow *fl)
{
	struct notice *notice = kmalloc(sizeof(*notice), GFP_ATOMIC);
	struct list list = {};
	bool news = false;

	if (!notice)
		return;
	get_own(sn, fl, &list);
	spin_lock_bh(&m->conn->lock);
	if (serval_move_ready(m) && serval_joins_make(m) &&
	    has_news(m->joins, &list)) {
		build_notice(m, &list, notice);
		come_back(m->joins);
		news = true;
	}
	spin_unlock_bh(&m->conn->lock);
	if (news) {
		SERVAL_INC(sn, OUTADDRESS);
		serval_move_send(sn, m->conn, &notice->leg, notice->hdr,
				 notice->len);
	}
	kfree(notice);
}

/* What the connection has: by which device, and to which address of the peer */
struct had {
	int ifindex[SERVAL_FLOWS_MAX];
	struct in6_addr raddr[SERVAL_FLOWS_MAX];
	int n;
	struct list peer;
	u8 budget;
	u8 try_peer;
	int try_dev;
	u32 rewinds;
};

static void add_had(struct serval_net *sn, struct had *had,
		    const struct serval_flow *fl)
{
	const struct net_device *dev = serval_move_path_device(sn, &fl->path);

	had->ifindex[had->n] = dev ? dev->ifindex : 0;
	had->raddr[had->n++] = fl->path.raddr;
}

/* Those that another does not take the place of */
static int count_kept(const struct serval_joins *j)
{
	int i, n = 0;

	for (i = 0; i < j->n; i++)
		n += !j->flows[i].down || j->flows[i].preferred;
	return n;
}

/* Return: false if nothing is to be joined, or not just now */
static bool get_had(struct serval_net *sn, struct serval_move *m, struct had *had)
{
	struct serval_joins *j;
	bool ok;
	int i;

	spin_lock_bh(&m->conn->lock);
	j = serval_move_ready(m) ? serval_joins_make(m) : NULL;
	ok = j && count_kept(j) + !!j->theirs.fl < SERVAL_JOINED_MAX && !m->lost;
	if (ok && (j->ours.fl || time_before(jiffies, j->try_at))) {
		come_back(j);
		ok = false;
	}
	if (ok) {
		add_had(sn, had, serval_move_active(m->conn));
		for (i = 0; i < j->n; i++)
			if (!j->flows[i].down)
				add_had(sn, had, j->flows[i].fl);
		memcpy(had->peer.addr, j->peer, sizeof(j->peer));
		had->peer.n = j->peer_n;
		had->budget = j->budget;
		had->try_peer = j->try_peer;
		had->try_dev = j->try_dev;
		had->rewinds = j->rewinds;
	}
	spin_unlock_bh(&m->conn->lock);
	return ok;
}

static bool has_device(const struct had *had, int ifindex)
{
	int i;

	for (i = 0; i < had->n; i++)
		if (had->ifindex[i] == ifindex)
			return true;
	return false;
}

static bool has_peer(const struct had *had, const struct in6_addr *raddr)
{
	int i;

	for (i = 0; i < had->n; i++)
		if (ipv6_addr_equal(&had->raddr[i], raddr))
			return true;
	return false;
}

/* Where the next attempt would lead; :: = where the peer is */
static const struct in6_addr *try_raddr(const struct had *had)
{
	return had->try_peer ? &had->peer.addr[had->try_peer - 1] :
			       &in6addr_any;
}

static int try_route(struct serval_net *sn, const struct serval_flow *fl,
		     const struct had *had)
{
	return had->try_peer ?
	       serval_preference_route_to(sn, fl, try_raddr(had)) :
	       serval_preference_route(sn, fl);
}

/* The next that can be tried, in one order: from each device to where the peer is, then from
 * each to each other address of its.  Return: false at the end
 */
static bool next_try(struct serval_net *sn, const struct serval_flow *fl,
		     struct had *had)
{
	while (had->try_peer <= had->peer.n) {
		had->try_dev = serval_preference_next(sn, try_route(sn, fl, had),
						      had->try_dev);
		if (had->try_dev)
			return true;
		had->try_peer++;
	}
	return false;
}

static bool is_had(const struct had *had)
{
	if (!had->try_peer)
		return has_device(had, had->try_dev);
	return has_device(had, had->try_dev) &&
	       has_peer(had, try_raddr(had));
}

/* Is it not the candidate that this is about? */
static bool is_passing(int err)
{
	return err == -EBUSY || err == -ENOTCONN || err == -ENOMEM;
}

/* Return: 0 if an attempt has begun, -EAGAIN if there is more to try, else a negative errno */
static int try_next(struct serval_net *sn, const struct serval_flow *fl,
		    struct had *had)
{
	u8 last_peer;
	int tries, err, last_dev;

	for (tries = 0; tries < TRIES_AT_ONCE; tries++) {
		struct serval_move_to from = {};

		last_peer = had->try_peer;
		last_dev = had->try_dev;
		if (!next_try(sn, fl, had))
			return -ENOENT;
		from.oif = had->try_dev;
		if (is_had(had) || (had->try_peer && !had->budget))
			continue;
		err = serval_join_from(sn, fl, &from, try_raddr(had));
		if (!err)
			return 0;
		if (is_passing(err)) {
			had->try_peer = last_peer;
			had->try_dev = last_dev;
			break;
		}
	}
	return -EAGAIN;
}

static void extend(struct serval_net *sn, struct serval_move *m,
		   const struct serval_flow *fl)
{
	struct had had = {};
	struct serval_joins *j;
	int err;

	if (!get_had(sn, m, &had))
		return;
	err = try_next(sn, fl, &had);
	spin_lock_bh(&m->conn->lock);
	j = serval_move_ready(m) ? m->joins : NULL;
	if (j) {
		/* or there is something new to try */
		if (j->rewinds == had.rewinds) {
			j->try_peer = had.try_peer;
			j->try_dev = had.try_dev;
		}
		if (!err && had.try_peer && j->budget)
			j->budget--;
		if (!err)
			j->try_at = jiffies + PAUSE;
		if (!err || err == -EAGAIN || j->rewinds != had.rewinds)
			come_back(j);
	}
	spin_unlock_bh(&m->conn->lock);
}

static void look(struct serval_net *sn, const struct serval_flow *fl)
{
	const int policy = serval_multipath_policy(sn, fl->conn);
	struct serval_move *m = serval_move_of(fl->conn);

	if (m && m->joins) {
		spin_lock_bh(&m->conn->lock);
		serval_join_spread(m->joins);
		spin_unlock_bh(&m->conn->lock);
	}
	if (!policy)
		return;
	m = serval_move_make(sn, fl);
	if (!m)
		return;
	advertise(sn, m, fl);
	if (fl->conn->active)
		extend(sn, m, fl);
}

static void look_at(struct serval_net *sn, __be32 id)
{
	const struct serval_flow *fl;
	struct serval_move *m;
	__be32 now = 0;

	/* the connection may have moved since */
	rcu_read_lock();
	fl = serval_flow_find(sn, id);
	m = fl ? serval_move_of(fl->conn) : NULL;
	if (m)
		/* what happens from now on is looked at again */
		smp_store_mb(m->looked, 0);
	fl = fl ? rcu_dereference(fl->conn->flow) : NULL;
	if (fl)
		now = fl->local_id;
	rcu_read_unlock();
	if (!now || serval_move_prepare(sn, now))
		return;
	rcu_read_lock();
	fl = serval_flow_find(sn, now);
	if (fl && READ_ONCE(fl->state) == SERVAL_FLOW_ESTABLISHED)
		look(sn, fl);
	rcu_read_unlock();
}

static void multipath_work(struct work_struct *work)
{
	struct serval_net *sn = container_of(work, struct serval_net,
					     multipath_work);
	struct item *item, *next;

	llist_for_each_entry_safe(item, next,
				  llist_reverse_order(llist_del_all(&sn->multipath)),
				  node) {
		if (!READ_ONCE(sn->closed))
			look_at(sn, item->id);
		kfree(item);
		cond_resched();
	}
}

/**
 * serval_multipath_look() - this host's devices or addresses may have changed
 * @sn: namespace
 * @fl: active flow
 * @changed: they have
 *
 * Context: process, rcu_read_lock() held.
 */
void serval_multipath_look(struct serval_net *sn, const struct serval_flow *fl,
			   bool changed)
{
	struct serval_move *m = serval_move_of(fl->conn);

	if (likely(!serval_multipath_policy(sn, fl->conn)))
		return;
	if (m && changed) {
		spin_lock_bh(&m->conn->lock);
		if (m->joins)
			serval_join_rewind(m->joins);
		spin_unlock_bh(&m->conn->lock);
	}
	serval_multipath_again(sn, fl);
}

/**
 * serval_multipath_peer() - an address at which a peer says it can be reached
 * @m:      of the connection
 * @family: of the address, 0 = any
 * @turn:   which, of those that there are
 * @addr:   result
 *
 * Context: rcu_read_lock() held.  Its connection's lock may be held: what the list says
 * is read without, and an address that is torn leads nowhere.
 * Return: false if there is none.
 */
bool serval_multipath_peer(const struct serval_move *m, u8 family, u32 turn,
			   struct in6_addr *addr)
{
	const struct serval_joins *j = m ? READ_ONCE(m->joins) : NULL;
	int n = j ? READ_ONCE(j->peer_n) : 0, i;

	for (i = 0; i < n; i++) {
		*addr = j->peer[(turn + i) % n];
		if (!family || serval_addr_family(addr) == family)
			return true;
	}
	return false;
}

/* Only what a peer could be reached at, and not this host */
static void store(struct serval_net *sn, struct serval_joins *j,
		  const struct serval_pkt *pkt)
{
	int i, n = 0;

	for (i = 0; i < pkt->listed; i++)
		if (is_told_of(&pkt->list[i]) &&
		    !serval_addr_is_local(sn, &pkt->list[i]))
			j->peer[n++] = pkt->list[i];
	WRITE_ONCE(j->peer_n, n);
	j->list_rcv = pkt->list_verno;
	serval_join_rewind(j);
}

static enum serval_mib_field take_list(struct serval_move *m,
				       struct serval_flow *fl,
				       const struct sk_buff *skb,
				       const struct serval_cause *cause,
				       struct serval_todo *todo)
{
	const struct serval_pkt *pkt = cause->pkt;
	struct serval_joins *j;

	if (!serval_move_genuine(m, skb, pkt, NULL))
		return SERVAL_MIB_INBADAUTH;
	if (fl->peer_id != pkt->src ||
	    !ipv6_addr_equal(&fl->path.raddr, &cause->leg.raddr))
		return SERVAL_MIB_INBADPATH;
	j = serval_joins_make(m);
	if (!j)
		return SERVAL_MIB_INNOMEM;
	if (pkt->list_ackno == j->list_snd)
		j->list_known = true;
	/* it only says that ours has come */
	if (!pkt->list_verno)
		return 0;
	SERVAL_INC(m->sn, INADDRESS);
	if ((s32)(pkt->list_verno - j->list_rcv) < 0)
		return SERVAL_MIB_INBADVERNO;
	/* it is repeated */
	if (!serval_move_gap_over(&j->list_gap_until))
		return 0;
	if (pkt->list_verno != j->list_rcv) {
		store(m->sn, j, pkt);
		todo->look = m->conn->active;
	}
	serval_join_acknowledge(j, todo);
	return 0;
}

/**
 * serval_address_rcv() - the peer tells where else it can be reached
 * @sn:  namespace
 * @skb: consumed
 * @pkt: its header
 */
void serval_address_rcv(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt)
{
	serval_move_rcv_request(sn, skb, pkt, 0, take_list);
}

/**
 * serval_multipath_init() - prepare a namespace
 * @sn: namespace
 */
void serval_multipath_init(struct serval_net *sn)
{
	init_llist_head(&sn->multipath);
	INIT_WORK(&sn->multipath_work, multipath_work);
}

/**
 * serval_multipath_exit() - wait until no connection is looked at any more
 * @sn: namespace; nothing is sent or received any more
 *
 * Context: process.
 */
void serval_multipath_exit(struct serval_net *sn)
{
	flush_work(&sn->multipath_work);
}
