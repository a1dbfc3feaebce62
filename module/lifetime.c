// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules that end by themselves: after a time, or with their device.
 *
 *	timeouts	a tree of struct serval_life, next one first; a delayed
 *			work removes what is over.  A use is a store into @used
 *			and moves nothing: a rule that turns out to have been
 *			used when its turn comes goes back into the tree.
 *	devices		a notifier notes devices that go down, away, or to
 *			another namespace; a work walks the table in slices and
 *			removes the rules that name them.
 *
 * Until that is done readers leave such rules out (serval_life_usable()), and
 * who adds a rule waits for it (serval_lifetimes_settle()), so that a new rule
 * neither meets an old one nor dies for a device that has come back since.
 */
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "events.h"
#include "lifetime.h"
#include "serval.h"
#include "service.h"
#include "trace.h"

/* A timer that is far off may fire an eighth of its time late */
#define SLEEP_MAX	(8 * HZ)
#define SLICE		256

/* States of a device in serval_lifetimes.gone */
#define GONE		xa_mk_value(1)
#define SWEPT		xa_mk_value(2)	/* by the walk that is under way */

static unsigned long hard_end(const struct serval_life *life)
{
	return life->born + (unsigned long)life->hard * HZ;
}

static unsigned long idle_end(const struct serval_life *life)
{
	return READ_ONCE(life->used) + (unsigned long)life->idle * HZ;
}

static unsigned long life_end(const struct serval_life *life)
{
	if (!life->idle)
		return hard_end(life);
	if (!life->hard || time_before(idle_end(life), hard_end(life)))
		return idle_end(life);
	return hard_end(life);
}

static bool due_before(struct rb_node *a, const struct rb_node *b)
{
	return time_before(rb_entry(a, struct serval_life, node)->due,
			   rb_entry(b, struct serval_life, node)->due);
}

static struct serval_life *first_due(const struct serval_lifetimes *lt)
{
	struct rb_node *node = rb_first_cached(&lt->ends);

	return node ? rb_entry(node, struct serval_life, node) : NULL;
}

static void schedule_collect(struct serval_lifetimes *lt)
{
	const struct serval_life *life = first_due(lt);
	unsigned long now = jiffies;

	if (life)
		mod_delayed_work(system_power_efficient_wq, &lt->collect,
				 time_after(life->due, now) ?
				 min_t(unsigned long, life->due - now,
				       SLEEP_MAX) : 0);
}

static void enqueue(struct serval_lifetimes *lt, struct serval_life *life)
{
	life->due = life_end(life);
	rb_add_cached(&life->node, &lt->ends, due_before);
}

/**
 * serval_life_alloc() - prepare a rule to have timeouts, if it is to have some
 * @t:    target, not published
 * @rule: its values
 *
 * Return: 0 or -ENOMEM.
 */
int serval_life_alloc(struct serval_target *t, const struct serval_rule *rule)
{
	if (!rule->idle && !rule->hard)
		return 0;
	t->life = kzalloc(sizeof(*t->life), GFP_KERNEL_ACCOUNT);
	if (!t->life)
		return -ENOMEM;
	t->life->t = t;
	t->life->idle = rule->idle;
	t->life->hard = rule->hard;
	t->life->born = jiffies;
	t->life->used = t->life->born;
	return 0;
}

/**
 * serval_life_keep() - let the times of a rule go on that is replaced
 * @t:    target, not published
 * @old:  the one it replaces
 * @idle: the idle timeout was not changed
 * @hard: the hard timeout was not changed
 */
void serval_life_keep(struct serval_target *t, const struct serval_target *old,
		      bool idle, bool hard)
{
	if (!t->life || !old->life)
		return;
	if (idle)
		t->life->used = READ_ONCE(old->life->used);
	if (hard)
		t->life->born = old->life->born;
}

/**
 * __serval_life_begin() - a rule is in the table now
 * @sn:  namespace
 * @svc: its prefix
 * @t:   its target
 *
 * Context: services.lock held.
 */
void __serval_life_begin(struct serval_net *sn, struct serval_service *svc,
			 struct serval_target *t)
{
	struct serval_lifetimes *lt = &sn->lifetimes;

	lockdep_assert_held(&sn->services.lock);
	if (t->ifindex)
		lt->devices++;
	if (!t->life)
		return;
	t->life->svc = svc;
	enqueue(lt, t->life);
	if (first_due(lt) == t->life)
		schedule_collect(lt);
}

/**
 * __serval_life_end() - a rule is out of the table now
 * @sn: namespace
 * @t:  its target, which readers may still use
 *
 * Context: services.lock held.
 */
void __serval_life_end(struct serval_net *sn, struct serval_target *t)
{
	struct serval_lifetimes *lt = &sn->lifetimes;

	lockdep_assert_held(&sn->services.lock);
	if (t->ifindex)
		lt->devices--;
	if (!t->life)
		return;
	rb_erase_cached(&t->life->node, &lt->ends);
	kfree_rcu(t->life, rcu);
}

/**
 * serval_life_describe() - timeouts of a rule by value
 * @life: when it ends, NULL for a rule without timeouts
 * @rule: result
 *
 * Context: services.lock or rcu_read_lock() held.
 */
void serval_life_describe(const struct serval_life *life,
			  struct serval_rule *rule)
{
	long left;

	rule->idle = life ? life->idle : 0;
	rule->hard = life ? life->hard : 0;
	rule->expires = 0;
	if (!life)
		return;
	left = life_end(life) - jiffies;
	rule->expires = left > 0 ? jiffies64_to_msecs(left) : 0;
}

/**
 * serval_life_usable() - is a rule still to be used
 * @sn: namespace
 * @t:  target with timeouts or with a device
 *
 * Context: rcu_read_lock() held.
 */
bool serval_life_usable(const struct serval_net *sn,
			const struct serval_target *t)
{
	const struct net_device *dev;

	if (t->life && !time_before(jiffies, life_end(t->life)))
		return false;
	if (!t->ifindex)
		return true;
	dev = dev_get_by_index_rcu(sn->net, t->ifindex);
	return dev && READ_ONCE(dev->flags) & IFF_UP;
}

static void tell(struct serval_net *sn, const struct serval_rule *rule)
{
	trace_serval_service(sn->net, "del", rule);
	serval_event_service(sn, SERVAL_CMD_SERVICE_DEL_NTF, rule);
}

enum step {
	STEP_DONE,
	STEP_MORE,
	STEP_REMOVED,	/* something, and there may be more */
};

/* Look at the rule whose turn is next */
static enum step collect_one(struct serval_net *sn, struct serval_rule *rule)
{
	struct serval_lifetimes *lt = &sn->lifetimes;
	struct serval_life *life;
	bool hard;

	lockdep_assert_held(&sn->services.lock);
	life = first_due(lt);
	if (!life)
		return STEP_DONE;
	if (time_before(jiffies, life->due)) {
		schedule_collect(lt);
		return STEP_DONE;
	}
	if (time_before(jiffies, life_end(life))) {
		rb_erase_cached(&life->node, &lt->ends);
		enqueue(lt, life);
		return STEP_MORE;
	}
	hard = life->hard && !time_before(jiffies, hard_end(life));
	__serval_service_remove(sn, life->svc, life->t, rule);
	rule->reason = hard ? SERVAL_REASON_TIMEOUT :
			      SERVAL_REASON_IDLE_TIMEOUT;
	return STEP_REMOVED;
}

static void collect(struct serval_net *sn)
{
	struct serval_rule rule;
	enum step step;

	do {
		mutex_lock(&sn->services.lock);
		step = collect_one(sn, &rule);
		mutex_unlock(&sn->services.lock);
		if (step == STEP_REMOVED)
			tell(sn, &rule);
		cond_resched();
	} while (step != STEP_DONE);
}

static void collect_work(struct work_struct *work)
{
	collect(container_of(to_delayed_work(work), struct serval_net,
			     lifetimes.collect));
}

/* A rule of @svc whose device is gone */
static struct serval_target *find_gone(struct serval_net *sn,
				       const struct serval_service *svc)
{
	const struct serval_target_set *set;
	u32 i;

	lockdep_assert_held(&sn->services.lock);
	set = rcu_dereference_protected(svc->set, true);
	for (i = 0; i < set->n; i++)
		if (set->t[i]->ifindex &&
		    xa_load(&sn->lifetimes.gone, set->t[i]->ifindex))
			return set->t[i];
	return NULL;
}

/* @rule is where to go on, zeroed at first */
static enum step sweep_slice(struct serval_net *sn, struct serval_rule *rule)
{
	struct serval_service *svc;
	struct serval_target *t;
	int n;

	lockdep_assert_held(&sn->services.lock);
	if (!sn->lifetimes.devices)
		return STEP_DONE;
	svc = serval_service_from(sn, &rule->id, rule->bits);
	for (n = 0; svc && n < SLICE; n++) {
		t = find_gone(sn, svc);
		if (t) {
			__serval_service_remove(sn, svc, t, rule);
			rule->reason = SERVAL_REASON_DEVICE;
			return STEP_REMOVED;
		}
		memcpy(rule->id.s_sid, svc->lpm.key, sizeof(rule->id.s_sid));
		rule->bits = svc->lpm.bits;
		svc = serval_service_next(sn, &rule->id, rule->bits);
	}
	return svc ? STEP_MORE : STEP_DONE;
}

/* A device that goes meanwhile is noted, and the work queued, once more */
static void sweep_work(struct work_struct *work)
{
	struct serval_net *sn = container_of(work, struct serval_net,
					     lifetimes.sweep);
	struct xarray *gone = &sn->lifetimes.gone;
	struct serval_rule rule = {};
	unsigned long ifindex;
	enum step step;
	void *state;

	/* replacing allocates nothing */
	xa_for_each(gone, ifindex, state)
		xa_store(gone, ifindex, SWEPT, GFP_KERNEL);
	do {
		mutex_lock(&sn->services.lock);
		step = sweep_slice(sn, &rule);
		mutex_unlock(&sn->services.lock);
		if (step == STEP_REMOVED)
			tell(sn, &rule);
		cond_resched();
	} while (step != STEP_DONE);
	xa_for_each(gone, ifindex, state)
		xa_cmpxchg(gone, ifindex, SWEPT, NULL, GFP_KERNEL);
}

/* Must not lose a device, or rules would stay: the memory is waited for */
static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct serval_net *sn = container_of(nb, struct serval_net,
					     lifetimes.dev_nb);
	const struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if ((event != NETDEV_DOWN && event != NETDEV_UNREGISTER) ||
	    dev == sn->dev)
		return NOTIFY_DONE;
	xa_store(&sn->lifetimes.gone, dev->ifindex, GONE,
		 GFP_KERNEL | __GFP_NOFAIL);
	schedule_work(&sn->lifetimes.sweep);
	return NOTIFY_DONE;
}

/**
 * serval_lifetimes_settle() - wait until rules that have ended are out
 * @sn: namespace
 *
 * Context: process, no lock held.
 */
void serval_lifetimes_settle(struct serval_net *sn)
{
	flush_work(&sn->lifetimes.sweep);
	collect(sn);
}

/**
 * serval_lifetimes_init() - watch the time and the devices of a namespace
 * @sn: namespace
 *
 * Return: 0 or a negative errno.
 */
int serval_lifetimes_init(struct serval_net *sn)
{
	struct serval_lifetimes *lt = &sn->lifetimes;

	lt->ends = RB_ROOT_CACHED;
	INIT_DELAYED_WORK(&lt->collect, collect_work);
	xa_init(&lt->gone);
	INIT_WORK(&lt->sweep, sweep_work);
	lt->dev_nb.notifier_call = device_event;
	return register_netdevice_notifier_net(sn->net, &lt->dev_nb);
}

/**
 * serval_lifetimes_unpublish() - don't hear of devices any more
 * @sn: namespace
 */
void serval_lifetimes_unpublish(struct serval_net *sn)
{
	unregister_netdevice_notifier_net(sn->net, &sn->lifetimes.dev_nb);
}

/**
 * serval_lifetimes_exit() - stop watching
 * @sn: namespace, unpublished; no rule is added any more
 *
 * Context: process.
 */
void serval_lifetimes_exit(struct serval_net *sn)
{
	/* queues itself only, and only while rules with timeouts are left */
	cancel_delayed_work_sync(&sn->lifetimes.collect);
	cancel_work_sync(&sn->lifetimes.sweep);
	xa_destroy(&sn->lifetimes.gone);
}
