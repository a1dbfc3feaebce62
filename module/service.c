// SPDX-License-Identifier: GPL-2.0-only
/*
 * Service table: rules and binds under longest-prefix match.
 *
 *	lpm --> serval_service (one prefix) --> serval_target_set (constant)
 *						 |  t[0]  highest priority
 *						 |  t[1]
 *						 v  ...
 *
 * A change builds a new target set and publishes it with one pointer, so a
 * reader sees the old or the new set, never a mixture.  A service whose last
 * target goes leaves the table first and is freed after a grace period.
 * Resolution takes the longest matching prefix, in it the targets that the
 * mode admits, of these the highest priority, of these one by weight.  Targets
 * that wait to be removed (lifetime.c) count as if they were not there.
 *
 * A bind is one of a stream or of a datagram socket and says nothing to the
 * other kind: who resolves for the one does not see the binds of the other,
 * nor prefixes that have nothing else.
 */
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/inet6_hashtables.h>
#include <net/sock_reuseport.h>
#include <net/tcp_states.h>

#include "service.h"
#include "serval.h"
#include "trace.h"
#include "way.h"

static struct serval_service *svc_of(struct serval_lpm_entry *e)
{
	return e ? container_of(e, struct serval_service, lpm) : NULL;
}

static struct serval_target_set *set_locked(const struct serval_net *sn,
					    const struct serval_service *svc)
{
	return rcu_dereference_protected(svc->set,
				lockdep_is_held(&sn->services.lock));
}

static bool same_target(const struct serval_target *t,
			const struct serval_rule *rule)
{
	if (t->type != rule->type)
		return false;
	if (t->type == SERVAL_SERVICE_FORWARD)
		return ipv6_addr_equal(&t->addr, &rule->addr) &&
		       t->ifindex == rule->ifindex;
	if (t->type == SERVAL_SERVICE_DEMUX)
		return t->sk == rule->sk;
	return true;
}

static int find_target(const struct serval_target_set *set,
		       const struct serval_rule *rule)
{
	u32 i;

	for (i = 0; i < set->n; i++)
		if (same_target(set->t[i], rule))
			return i;
	return -ENOENT;
}

/* Every socket bound to one prefix must have asked for SO_REUSEPORT, and for
 * the same user, as with ports.
 */
static bool bind_conflict(const struct serval_target_set *set, struct sock *sk)
{
	u32 i;

	for (i = 0; i < set->n; i++) {
		struct sock *sk2 = set->t[i]->sk;

		if (set->t[i]->type != SERVAL_SERVICE_DEMUX || sk2 == sk ||
		    sk2->sk_type != sk->sk_type)
			continue;
		if (!sk->sk_reuseport || !sk2->sk_reuseport ||
		    !uid_eq(sock_i_uid(sk), sock_i_uid(sk2)))
			return true;
	}
	return false;
}

/**
 * serval_target_is_for() - does a target count
 * @sn: namespace
 * @t:  target
 * @protocol: IPPROTO_TCP or IPPROTO_UDP: who asks
 *
 * Not if it is bound by a socket of the other kind, or has ended by itself.
 *
 * Context: rcu_read_lock() held.
 */
bool serval_target_is_for(const struct serval_net *sn,
			  const struct serval_target *t, u8 protocol)
{
	if (t->type == SERVAL_SERVICE_DEMUX)
		return t->sk->sk_protocol == protocol;
	return serval_target_usable(sn, t);
}

static struct serval_target *target_alloc(const struct serval_rule *rule)
{
	struct serval_target *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	t->type = rule->type;
	t->flags = rule->flags;
	t->encap = rule->encap;
	t->priority = rule->priority;
	t->weight = rule->weight ?: 1;
	t->addr = rule->addr;
	t->ifindex = rule->ifindex;
	t->sk = rule->sk;
	if (serval_life_alloc(t, rule)) {
		kfree(t);
		return NULL;
	}
	return t;
}

/* One that was never published */
static void target_free(struct serval_target *t)
{
	if (t)
		kfree(t->life);
	kfree(t);
}

static void free_target(struct rcu_head *rcu)
{
	struct serval_target *t = container_of(rcu, struct serval_target, rcu);

	serval_way_free(rcu_dereference_protected(t->way, true));
	kfree(t);
}

static struct serval_target_set *set_alloc(u32 n)
{
	struct serval_target_set *set;

	set = kzalloc(struct_size(set, t, n), GFP_KERNEL_ACCOUNT);
	if (set)
		set->n = n;
	return set;
}

/* @new behind the targets of its priority, the others in their order */
static void set_fill(struct serval_target_set *set,
		     const struct serval_target_set *old,
		     const struct serval_target *skip,
		     struct serval_target *new)
{
	u32 i, n = 0;

	for (i = 0; old && i < old->n; i++) {
		if (new && old->t[i]->priority < new->priority) {
			set->t[n++] = new;
			new = NULL;
		}
		if (old->t[i] != skip)
			set->t[n++] = old->t[i];
	}
	if (new)
		set->t[n++] = new;
}

/* After publishing, before what was replaced is freed: who still sees the old
 * number is in a grace period that the old target outlives.
 */
static void changed(struct serval_net *sn)
{
	lockdep_assert_held(&sn->services.lock);
	/* pairs with serval_service_seq() */
	smp_store_release(&sn->services.seq, sn->services.seq + 1);
}

static struct serval_service *svc_alloc(const struct serval_rule *rule)
{
	struct serval_service *svc = kzalloc(sizeof(*svc), GFP_KERNEL_ACCOUNT);

	if (!svc)
		return NULL;
	memcpy(svc->lpm.key, rule->id.s_sid, sizeof(svc->lpm.key));
	svc->lpm.bits = rule->bits;
	return svc;
}

static struct serval_service *add_first(struct serval_net *sn,
					const struct serval_rule *rule,
					struct serval_target_set *set)
{
	struct serval_service *svc = svc_alloc(rule);
	int err;

	if (!svc)
		return ERR_PTR(-ENOMEM);
	RCU_INIT_POINTER(svc->set, set);
	err = serval_lpm_insert(sn->services.lpm, &svc->lpm);
	if (!err)
		return svc;
	kfree(svc);
	return ERR_PTR(err);
}

static int check_new(const struct serval_target_set *old,
		     const struct serval_rule *rule,
		     struct netlink_ext_ack *extack)
{
	if (find_target(old, rule) >= 0) {
		NL_SET_ERR_MSG(extack, "a rule for this service with this target exists");
		return -EEXIST;
	}
	if (rule->type == SERVAL_SERVICE_DEMUX && bind_conflict(old, rule->sk))
		return -EADDRINUSE;
	return 0;
}

/**
 * serval_service_add() - add a rule or a bind
 * @sn:     namespace
 * @rule:   what to add; @rule->id has no bits past @rule->bits
 * @extack: for a sentence on failure, may be NULL
 *
 * A DEMUX target does not hold its socket: whoever added it takes it out
 * with serval_service_put_bind() before the socket goes.
 *
 * Context: process; takes services.lock.
 * Return: 0, -EEXIST, -EADDRINUSE (bind), -ENOMEM.
 */
int serval_service_add(struct serval_net *sn, const struct serval_rule *rule,
		       struct netlink_ext_ack *extack)
{
	struct serval_target_set *old = NULL, *set;
	struct serval_service *svc;
	struct serval_target *t;
	int err;

	t = target_alloc(rule);
	if (!t)
		return -ENOMEM;

	mutex_lock(&sn->services.lock);
	svc = svc_of(serval_lpm_find(sn->services.lpm, rule->id.s_sid,
				     rule->bits));
	if (svc) {
		old = set_locked(sn, svc);
		err = check_new(old, rule, extack);
		if (err)
			goto err_unlock;
	}
	err = -ENOMEM;
	set = set_alloc(old ? old->n + 1 : 1);
	if (!set)
		goto err_unlock;
	set_fill(set, old, NULL, t);
	if (svc) {
		rcu_assign_pointer(svc->set, set);
	} else {
		svc = add_first(sn, rule, set);
		if (IS_ERR(svc)) {
			err = PTR_ERR(svc);
			goto err_free_set;
		}
	}
	__serval_life_begin(sn, svc, t);
	sn->services.count++;
	changed(sn);
	if (old)
		kfree_rcu(old, rcu);
	mutex_unlock(&sn->services.lock);
	trace_serval_service(sn->net, "add", rule);
	return 0;

err_free_set:
	kfree(set);
err_unlock:
	mutex_unlock(&sn->services.lock);
	target_free(t);
	return err;
}

/* Take @svc->set[@i] out.  It must not fail, or a closed socket would stay
 * in the table: the few bytes are waited for.
 */
static void __remove(struct serval_net *sn, struct serval_service *svc, int i)
{
	struct serval_target_set *old = set_locked(sn, svc), *set;
	struct serval_target *t = old->t[i];

	lockdep_assert_held(&sn->services.lock);
	if (old->n == 1) {
		serval_lpm_remove(sn->services.lpm, &svc->lpm);
	} else {
		set = kzalloc(struct_size(set, t, old->n - 1),
			      GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
		set->n = old->n - 1;
		set_fill(set, old, t, NULL);
		rcu_assign_pointer(svc->set, set);
	}
	__serval_life_end(sn, t);
	sn->services.count--;
	changed(sn);
	if (old->n == 1)
		kfree_rcu(svc, rcu);
	kfree_rcu(old, rcu);
	call_rcu(&t->rcu, free_target);
}

/**
 * __serval_service_remove() - take a target out of the table
 * @sn:   namespace
 * @svc:  its prefix, not to be used afterwards
 * @t:    target, not to be used afterwards
 * @rule: what it was
 *
 * Context: process, services.lock held.
 */
void __serval_service_remove(struct serval_net *sn,
			     struct serval_service *svc,
			     struct serval_target *t,
			     struct serval_rule *rule)
{
	const struct serval_target_set *set = set_locked(sn, svc);
	int i = 0;

	while (set->t[i] != t)
		i++;
	serval_rule_from_target(rule, svc, t);
	__remove(sn, svc, i);
}

static struct serval_service *lookup_rule(struct serval_net *sn,
					  const struct serval_rule *rule,
					  int *index)
{
	struct serval_service *svc;

	svc = svc_of(serval_lpm_find(sn->services.lpm, rule->id.s_sid,
				     rule->bits));
	if (!svc)
		return NULL;
	*index = find_target(set_locked(sn, svc), rule);
	return *index < 0 ? NULL : svc;
}

/**
 * serval_service_del() - delete a rule
 * @sn:     namespace
 * @rule:   which; completed with its values on return
 * @stats:  last counters
 * @extack: for a sentence on failure
 *
 * Context: process; takes services.lock.
 * Return: 0 or -ENOENT.
 */
int serval_service_del(struct serval_net *sn, struct serval_rule *rule,
		       struct serval_target_stats *stats,
		       struct netlink_ext_ack *extack)
{
	struct serval_service *svc;
	struct serval_target *t;
	int i;

	mutex_lock(&sn->services.lock);
	svc = lookup_rule(sn, rule, &i);
	if (!svc) {
		mutex_unlock(&sn->services.lock);
		NL_SET_ERR_MSG(extack, "no such rule");
		return -ENOENT;
	}
	t = set_locked(sn, svc)->t[i];
	serval_rule_from_target(rule, svc, t);
	serval_target_stats(t, stats);
	__remove(sn, svc, i);
	mutex_unlock(&sn->services.lock);
	trace_serval_service(sn->net, "del", rule);
	return 0;
}

/**
 * serval_service_put_bind() - take a socket out of the table
 * @sn:   namespace
 * @rule: as it was added; no error if it is not there any more
 *
 * Readers may use the socket until a grace period later.
 *
 * Context: process; takes services.lock.
 */
void serval_service_put_bind(struct serval_net *sn,
			     const struct serval_rule *rule)
{
	struct serval_service *svc;
	int i;

	mutex_lock(&sn->services.lock);
	svc = lookup_rule(sn, rule, &i);
	if (svc)
		__remove(sn, svc, i);
	mutex_unlock(&sn->services.lock);
	if (svc)
		trace_serval_service(sn->net, "del", rule);
}

/**
 * serval_service_forget() - take out whatever leads to a socket
 * @sn: namespace
 * @sk: socket that is closed and has lost its connection
 *
 * Walks the whole table; for sockets that end in an unusual way.
 *
 * Context: process; takes services.lock.
 */
void serval_service_forget(struct serval_net *sn, const struct sock *sk)
{
	struct serval_service *svc, *next;
	struct serval_target_set *set;
	u32 i;

	mutex_lock(&sn->services.lock);
	for (svc = serval_service_next(sn, NULL, 0); svc; svc = next) {
		next = svc_of(serval_lpm_next(sn->services.lpm, svc->lpm.key,
					      svc->lpm.bits));
		set = set_locked(sn, svc);
		for (i = 0; i < set->n; i++)
			if (set->t[i]->sk == sk) {
				__remove(sn, svc, i);
				break;
			}
	}
	mutex_unlock(&sn->services.lock);
}

static bool is_in(const struct sock *sk, u8 protocol, int state)
{
	return sk->sk_protocol == protocol && READ_ONCE(sk->sk_state) == state;
}

/* Streams find a group when they listen, datagrams when they are bound */
static bool has_group(const struct sock *sk, u8 protocol)
{
	return sk->sk_protocol == protocol &&
	       (protocol == IPPROTO_UDP || sk->sk_state == TCP_LISTEN);
}

/**
 * serval_service_join() - make a socket a member of its SO_REUSEPORT group
 * @sn:   namespace
 * @rule: of a bound socket: a stream one that listens now, or a datagram one
 *
 * Without memory it stays alone, and only the first one is asked.
 *
 * Context: process; takes services.lock.
 */
void serval_service_join(struct serval_net *sn, const struct serval_rule *rule)
{
	struct serval_target_set *set;
	struct serval_service *svc;
	u32 j;
	int i;

	if (!rule->sk->sk_reuseport)
		return;
	mutex_lock(&sn->services.lock);
	svc = lookup_rule(sn, rule, &i);
	set = svc ? set_locked(sn, svc) : NULL;
	for (j = 0; set && j < set->n; j++) {
		struct sock *sk2 = set->t[j]->sk;

		if (!sk2 || sk2 == rule->sk ||
		    !has_group(sk2, rule->sk->sk_protocol))
			continue;
		if (!rcu_access_pointer(sk2->sk_reuseport_cb) ||
		    rcu_access_pointer(sk2->sk_reuseport_cb) !=
		    rcu_access_pointer(rule->sk->sk_reuseport_cb))
			reuseport_add_sock(rule->sk, sk2, false);
		break;
	}
	mutex_unlock(&sn->services.lock);
}

/**
 * serval_service_pop_rule() - delete any one rule, for flushing
 * @sn:   namespace
 * @rule: where to go on, zeroed at first; the rule deleted on return
 *
 * One rule per call keeps the lock and the CPU free in between.
 *
 * Context: process; takes services.lock.
 * Return: false if no rule is left (binds stay).
 */
bool serval_service_pop_rule(struct serval_net *sn, struct serval_rule *rule)
{
	struct serval_target_set *set;
	struct serval_service *svc;
	u32 i;

	mutex_lock(&sn->services.lock);
	for (svc = serval_service_from(sn, &rule->id, rule->bits); svc;
	     svc = svc_of(serval_lpm_next(sn->services.lpm, svc->lpm.key,
					  svc->lpm.bits))) {
		set = set_locked(sn, svc);
		for (i = 0; i < set->n; i++)
			if (set->t[i]->type != SERVAL_SERVICE_DEMUX)
				goto found;
	}
	mutex_unlock(&sn->services.lock);
	return false;

found:
	serval_rule_from_target(rule, svc, set->t[i]);
	__remove(sn, svc, i);
	mutex_unlock(&sn->services.lock);
	trace_serval_service(sn->net, "del", rule);
	return true;
}

static void apply_change(struct serval_rule *rule,
			 const struct serval_rule_change *change)
{
	if (change->has_flags)
		rule->flags = change->flags;
	if (change->has_encap)
		rule->encap = change->encap;
	if (change->has_priority)
		rule->priority = change->priority;
	if (change->has_weight)
		rule->weight = change->weight;
	if (change->has_addr)
		rule->addr = change->addr;
	if (change->has_ifindex)
		rule->ifindex = change->ifindex;
	if (change->has_idle)
		rule->idle = change->idle;
	if (change->has_hard)
		rule->hard = change->hard;
}

static void move_counters(struct serval_target *to,
			  const struct serval_target *from)
{
	struct serval_target_stats s;

	serval_target_stats(from, &s);
	atomic64_set(&to->resolved_packets, s.resolved_packets);
	atomic64_set(&to->resolved_bytes, s.resolved_bytes);
	atomic64_set(&to->dropped_packets, s.dropped_packets);
	atomic64_set(&to->dropped_bytes, s.dropped_bytes);
}

/**
 * serval_service_set() - change a rule
 * @sn:     namespace
 * @rule:   which; the changed rule on return
 * @change: what to alter; the counters stay
 * @extack: for a sentence on failure
 *
 * Context: process; takes services.lock.
 * Return: 0, -ENOENT, -EEXIST if another rule has the new target, -ENOMEM.
 */
int serval_service_set(struct serval_net *sn, struct serval_rule *rule,
		       const struct serval_rule_change *change,
		       struct netlink_ext_ack *extack)
{
	struct serval_target_set *old, *set;
	struct serval_service *svc;
	struct serval_target *t;
	int i, j, err = -ENOENT;

	mutex_lock(&sn->services.lock);
	svc = lookup_rule(sn, rule, &i);
	if (!svc) {
		NL_SET_ERR_MSG(extack, "no such rule");
		goto err_unlock;
	}
	old = set_locked(sn, svc);
	serval_rule_from_target(rule, svc, old->t[i]);
	apply_change(rule, change);
	j = find_target(old, rule);
	if (j >= 0 && j != i) {
		NL_SET_ERR_MSG(extack, "a rule for this service with the new target exists");
		err = -EEXIST;
		goto err_unlock;
	}
	err = -ENOMEM;
	set = set_alloc(old->n);
	t = target_alloc(rule);
	if (!set || !t)
		goto err_free;
	move_counters(t, old->t[i]);
	serval_life_keep(t, old->t[i], !change->has_idle, !change->has_hard);
	set_fill(set, old, old->t[i], t);
	rcu_assign_pointer(svc->set, set);
	__serval_life_end(sn, old->t[i]);
	__serval_life_begin(sn, svc, t);
	serval_life_describe(t->life, rule);
	changed(sn);
	call_rcu(&old->t[i]->rcu, free_target);
	kfree_rcu(old, rcu);
	mutex_unlock(&sn->services.lock);
	trace_serval_service(sn->net, "set", rule);
	return 0;

err_free:
	target_free(t);
	kfree(set);
err_unlock:
	mutex_unlock(&sn->services.lock);
	return err;
}

/* What a prefix must have to count */
struct wanted {
	const struct serval_net *sn;
	u8 protocol;
};

static bool serves(const struct serval_lpm_entry *e, unsigned long arg)
{
	const struct wanted *wanted = (const void *)arg;
	const struct serval_target_set *set;
	const struct serval_service *svc;
	u32 i;

	svc = container_of(e, struct serval_service, lpm);
	set = rcu_dereference(svc->set);
	for (i = 0; i < set->n; i++)
		if (serval_target_is_for(wanted->sn, set->t[i],
					 wanted->protocol))
			return true;
	return false;
}

/**
 * serval_service_find() - targets of the longest prefix that matches
 * @sn: namespace
 * @id: exact service ID
 * @protocol: IPPROTO_TCP or IPPROTO_UDP: whose binds count
 *
 * Context: rcu_read_lock() held, also while the result is used.
 * Return: NULL if nothing matches; else a set with a rule or such a bind, one
 * at least to be used.
 */
const struct serval_target_set *
serval_service_find(const struct serval_net *sn, const struct service_id *id,
		    u8 protocol)
{
	const struct wanted wanted = { .sn = sn, .protocol = protocol };
	struct serval_lpm_entry *e;

	e = serval_lpm_lookup_if(sn->services.lpm, id->s_sid, serves,
				 (unsigned long)&wanted);
	return e ? rcu_dereference(svc_of(e)->set) : NULL;
}

/**
 * serval_service_seq() - number of changes so far
 * @sn: namespace
 *
 * What is found afterwards is at least as new.  As long as the number stays,
 * so do a choice that was the only one and, under rcu_read_lock(), its target,
 * which may have ended by itself (serval_target_is_for()).
 */
u32 serval_service_seq(const struct serval_net *sn)
{
	/* pairs with changed() */
	return smp_load_acquire(&sn->services.seq);
}

/**
 * serval_target_leads_on() - can packets be sent to a target
 * @t: target
 */
bool serval_target_leads_on(const struct serval_target *t)
{
	return t->type == SERVAL_SERVICE_FORWARD ||
	       t->type == SERVAL_SERVICE_DEMUX;
}

static inline bool admits(const struct serval_net *sn, int mode,
			  const struct serval_target *t, u8 protocol)
{
	if ((t->type == SERVAL_SERVICE_DEMUX && mode == SERVAL_MODE_FORWARD) ||
	    (t->type == SERVAL_SERVICE_FORWARD && mode == SERVAL_MODE_DEMUX))
		return false;
	return serval_target_is_for(sn, t, protocol);
}

/**
 * serval_service_choose() - one target by mode, priority and weight
 * @sn:   namespace
 * @set:  from serval_service_find()
 * @mode: enum serval_resolution_mode
 * @protocol: whose binds count
 * @only: result: there was nothing to choose from; may be NULL
 *
 * Context: rcu_read_lock() held.
 * Return: NULL if the mode admits none of them.
 */
struct serval_target *
serval_service_choose(const struct serval_net *sn,
		      const struct serval_target_set *set, int mode,
		      u8 protocol, bool *only)
{
	u32 first, i, n = 0;
	u64 sum = 0, pick;

	if (likely(set->n == 1)) {
		n = admits(sn, mode, set->t[0], protocol);
		if (only)
			*only = n;
		return n ? set->t[0] : NULL;
	}
	for (first = 0; first < set->n; first++)
		if (admits(sn, mode, set->t[first], protocol))
			break;
	for (i = first; i < set->n &&
	     set->t[i]->priority == set->t[first]->priority; i++) {
		if (!admits(sn, mode, set->t[i], protocol))
			continue;
		sum += set->t[i]->weight;
		n++;
	}
	if (only)
		*only = n == 1;
	if (n <= 1)
		return n ? set->t[first] : NULL;

	pick = mul_u64_u32_shr(sum, get_random_u32(), 32);
	for (i = first; i < set->n; i++) {
		if (!admits(sn, mode, set->t[i], protocol))
			continue;
		if (pick < set->t[i]->weight)
			return set->t[i];
		pick -= set->t[i]->weight;
	}
	return set->t[first];
}

/**
 * serval_service_top() - range of the targets of the highest priority
 * @sn: namespace
 * @set: from serval_service_find()
 * @protocol: whose binds count
 * @end: result: index after the last of them
 *
 * Context: rcu_read_lock() held.
 * Return: index of the first.  Between them may be some that are not for
 * @protocol, or not to be used any more.
 */
u32 serval_service_top(const struct serval_net *sn,
		       const struct serval_target_set *set, u8 protocol,
		       u32 *end)
{
	u32 first = 0;

	while (first < set->n - 1 &&
	       !serval_target_is_for(sn, set->t[first], protocol))
		first++;
	*end = first;
	while (*end < set->n &&
	       set->t[*end]->priority == set->t[first]->priority)
		++*end;
	return first;
}

static struct serval_target *first_in(const struct serval_target_set *set,
				      u8 protocol, int state)
{
	u32 i;

	for (i = 0; set && i < set->n; i++)
		if (set->t[i]->type == SERVAL_SERVICE_DEMUX &&
		    is_in(set->t[i]->sk, protocol, state))
			return set->t[i];
	return NULL;
}

/* Of the SO_REUSEPORT group of @first, if it has one */
static struct serval_target *select_member(const struct serval_target_set *set,
					   struct serval_target *first,
					   u32 hash, struct sk_buff *skb,
					   int hdr_len)
{
	struct sock *sk = reuseport_select_sock(first->sk, hash, skb, hdr_len);
	u32 i;

	for (i = 0; sk && i < set->n; i++)
		if (set->t[i]->sk == sk &&
		    is_in(sk, first->sk->sk_protocol, first->sk->sk_state))
			return set->t[i];
	return first;
}

/**
 * serval_service_listener() - the listening socket a SYN is for
 * @sn:   namespace
 * @id:   exact service ID asked for
 * @conn: what is being made: its ULIDs and the ports spread over the members
 *        of a SO_REUSEPORT group
 * @skb:  at the TCP header, also for a group's BPF program
 *
 * Context: rcu_read_lock() held, also while the target's socket is used.
 * Return: a DEMUX target whose socket was in TCP_LISTEN, NULL if none.
 */
struct serval_target *
serval_service_listener(const struct serval_net *sn,
			const struct service_id *id,
			const struct serval_conn *conn, struct sk_buff *skb)
{
	const struct tcphdr *th = (struct tcphdr *)skb->data;
	const struct serval_target_set *set;
	struct serval_target *first;
	struct in6_addr laddr, raddr;
	u32 hash;

	set = serval_service_find(sn, id, IPPROTO_TCP);
	first = first_in(set, IPPROTO_TCP, TCP_LISTEN);
	if (!first || set->n == 1 || !first->sk->sk_reuseport)
		return first;
	/* as TCP's own lookup has it, which on 6.12 selects again */
	laddr = serval_conn_laddr(conn);
	raddr = serval_conn_raddr(conn);
	hash = inet6_ehashfn(sn->net, &laddr, ntohs(th->dest), &raddr,
			     th->source);
	return select_member(set, first, hash, skb, __tcp_hdrlen(th));
}

/**
 * serval_service_receiver() - the datagram socket that a packet is for
 * @sn:   namespace
 * @id:   exact service ID it was sent to
 * @hash: of the sender, spreads over the members of a SO_REUSEPORT group
 * @skb:  behind the SAL header, for a group's BPF program
 * @state: TCP_CLOSE for an unconnected datagram, TCP_LISTEN for a SYN
 *
 * Context: rcu_read_lock() held, also while the target's socket is used.
 * Return: a DEMUX target whose socket was in @state, NULL if none.
 */
struct serval_target *
serval_service_receiver(const struct serval_net *sn,
			const struct service_id *id, u32 hash,
			struct sk_buff *skb, int state)
{
	const struct serval_target_set *set;
	struct serval_target *first;

	set = serval_service_find(sn, id, IPPROTO_UDP);
	first = first_in(set, IPPROTO_UDP, state);
	if (!first || set->n == 1 || !first->sk->sk_reuseport)
		return first;
	return select_member(set, first, hash, skb,
			     state == TCP_LISTEN ? 0 : sizeof(struct udphdr));
}

/**
 * serval_service_next() - iterate over prefixes
 * @sn:   namespace
 * @id:   previous prefix, need not exist any more; NULL for the first
 * @bits: its length
 *
 * Context: rcu_read_lock() or services.lock held.
 * Return: the prefix that follows in (ID, length) order, NULL at the end.
 */
struct serval_service *serval_service_next(const struct serval_net *sn,
					   const struct service_id *id,
					   u16 bits)
{
	return svc_of(serval_lpm_next(sn->services.lpm, id ? id->s_sid : NULL,
				      bits));
}

/**
 * serval_service_from() - iterate over prefixes, from one that may be gone
 * @sn:   namespace
 * @id:   prefix
 * @bits: its length
 *
 * Context: rcu_read_lock() or services.lock held.
 * Return: the prefix if it is there, else the one that follows.
 */
struct serval_service *serval_service_from(const struct serval_net *sn,
					   const struct service_id *id,
					   u16 bits)
{
	struct serval_lpm_entry *e;

	e = serval_lpm_find(sn->services.lpm, id->s_sid, bits);
	return e ? svc_of(e) : serval_service_next(sn, id, bits);
}

/**
 * serval_target_stats() - read a target's counters
 * @t:     target
 * @stats: result
 */
void serval_target_stats(const struct serval_target *t,
			 struct serval_target_stats *stats)
{
	stats->resolved_packets = atomic64_read(&t->resolved_packets);
	stats->resolved_bytes = atomic64_read(&t->resolved_bytes);
	stats->dropped_packets = atomic64_read(&t->dropped_packets);
	stats->dropped_bytes = atomic64_read(&t->dropped_bytes);
}

/**
 * serval_rule_from_target() - describe a target by value
 * @rule: result; @rule->sk is only good as long as the caller protects it
 * @svc:  its prefix
 * @t:    the target
 */
void serval_rule_from_target(struct serval_rule *rule,
			     const struct serval_service *svc,
			     const struct serval_target *t)
{
	memcpy(rule->id.s_sid, svc->lpm.key, sizeof(rule->id.s_sid));
	rule->bits = svc->lpm.bits;
	rule->type = t->type;
	rule->flags = t->flags;
	rule->encap = t->encap;
	rule->priority = t->priority;
	rule->weight = t->weight;
	rule->addr = t->addr;
	rule->ifindex = t->ifindex;
	rule->sk = t->sk;
	rule->reason = 0;
	serval_life_describe(t->life, rule);
}

/**
 * serval_services_init() - make a namespace's table
 * @sn: namespace
 *
 * Return: 0 or a negative errno.
 */
int serval_services_init(struct serval_net *sn)
{
	int err;

	mutex_init(&sn->services.lock);
	sn->services.lpm = serval_lpm_alloc();
	if (!sn->services.lpm)
		return -ENOMEM;
	err = serval_lifetimes_init(sn);
	if (err)
		serval_lpm_free(sn->services.lpm);
	return err;
}

/**
 * serval_services_exit() - free a namespace's table
 * @sn: namespace; no reader and no bind is left
 *
 * Context: process; yields the CPU while it frees.
 */
void serval_services_exit(struct serval_net *sn)
{
	struct serval_rule rule = {};

	serval_lifetimes_exit(sn);
	while (serval_service_pop_rule(sn, &rule))
		cond_resched();
	serval_lpm_free(sn->services.lpm);
}
