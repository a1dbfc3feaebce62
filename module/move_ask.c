// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves: who asks for them (Documentation/protocol.rst section 5).
 */
#include <linux/inetdevice.h>
#include <linux/rhashtable.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "encap.h"
#include "events.h"
#include "join.h"
#include "multipath.h"
#include "sal.h"
#include "service.h"

/**
 * serval_waiter_alloc() - somebody who wants to know how moves end
 * @portid: netlink port that hears of each, or 0
 * @seq:    of its request
 * @cmd:    the request: SERVAL_CMD_FLOW_*
 *
 * Context: process.
 * Return: with one move counted that serval_waiter_wait() takes back; or NULL.
 */
struct serval_waiter *serval_waiter_alloc(u32 portid, u32 seq, u8 cmd)
{
	struct serval_waiter *w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	if (!w)
		return NULL;
	refcount_set(&w->refs, 1);
	atomic_set(&w->left, 1);
	init_completion(&w->done);
	w->portid = portid;
	w->seq = seq;
	w->cmd = cmd;
	return w;
}

/**
 * serval_waiter_add() - there is one more move to be told of
 * @w: waiter, which somebody holds; serval_waiter_tell() takes it back
 */
void serval_waiter_add(struct serval_waiter *w)
{
	refcount_inc(&w->refs);
	atomic_inc(&w->left);
}

/**
 * serval_waiter_put() - drop a reference
 * @w: waiter
 */
void serval_waiter_put(struct serval_waiter *w)
{
	if (refcount_dec_and_test(&w->refs))
		kfree(w);
}

static void count_down(struct serval_waiter *w)
{
	if (atomic_dec_and_test(&w->left))
		complete(&w->done);
}

/**
 * serval_waiter_wait() - wait until all moves have ended
 * @w: waiter; nothing more begins for it
 *
 * Context: process, may be interrupted; the moves go on then.
 * Return: 0, the error of the last that failed, or -ERESTARTSYS.
 */
int serval_waiter_wait(struct serval_waiter *w)
{
	count_down(w);
	if (wait_for_completion_interruptible(&w->done))
		return -ERESTARTSYS;
	return w->result.err;
}

/**
 * serval_waiter_tell() - a move has ended
 * @sn:     namespace
 * @w:      who is told; the move's reference goes
 * @result: how it ended
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_waiter_tell(struct serval_net *sn, struct serval_waiter *w,
			const struct serval_move_result *result)
{
	w->result = *result;
	if (w->portid)
		serval_event_move_result(sn, w, result);
	count_down(w);
	serval_waiter_put(w);
}

/**
 * serval_move_device() - the device that has an address
 * @sn:   namespace
 * @addr: address
 *
 * Context: rcu_read_lock() held.
 * Return: NULL if none has it.
 */
struct net_device *serval_move_device(struct serval_net *sn,
				      const struct in6_addr *addr)
{
	if (serval_addr_is4(addr))
		return __ip_dev_find(sn->net, serval_addr_to4(addr), false);
	return ipv6_dev_find(sn->net, addr, NULL);
}

static int device_of(struct serval_net *sn, const struct in6_addr *addr)
{
	const struct net_device *dev = serval_move_device(sn, addr);

	return dev ? dev->ifindex : 0;
}

/**
 * serval_move_path_device() - the device that a path goes out through
 * @sn:   namespace
 * @path: of an active flow
 *
 * Also that of a route that is not valid any more: it is what has gone, perhaps.
 *
 * Context: rcu_read_lock() held.
 * Return: NULL if it is gone.
 */
struct net_device *serval_move_path_device(struct serval_net *sn,
					   const struct serval_path *path)
{
	const struct dst_entry *dst = rcu_dereference(path->dst);

	if (path->oif)
		return dev_get_by_index_rcu(sn->net, path->oif);
	if (dst && dst->dev->ifindex)
		return dst->dev;
	return serval_move_device(sn, &path->laddr);
}

static bool is_usable(struct serval_net *sn, const struct net_device *dev,
		      const struct in6_addr *laddr)
{
	return dev && dev->flags & IFF_UP && netif_carrier_ok(dev) &&
	       serval_addr_is_local(sn, laddr);
}

/**
 * serval_move_is_usable() - is the local end of a flow there, and a route to the peer
 * @sn: namespace
 * @fl: active or joined flow
 *
 * Context: rcu_read_lock() held.
 */
bool serval_move_is_usable(struct serval_net *sn, const struct serval_flow *fl)
{
	const struct serval_path *path = &fl->path;

	return is_usable(sn, serval_move_path_device(sn, path), &path->laddr) &&
	       serval_path_leads_through(sn, path, serval_conn_mark(fl->conn));
}

/* The device through which the candidate's packets leave: if none was asked for, that of the
 * route, which need not be the one that has the address.
 */
static struct net_device *next_device(struct serval_net *sn,
				      const struct serval_move *m)
{
	const struct serval_move_to *here = &m->here;
	const struct in6_addr *raddr =
		serval_fsm_asks(m->state) ? &m->aim : &m->heard.leg.raddr;
	struct serval_path path = {};
	int oif = here->oif;

	if (!oif && serval_addr_same_family(&here->laddr, raddr)) {
		serval_path_init(&path);
		serval_path_set(&path, &here->laddr, raddr, 0, false);
		oif = serval_path_leads_through(sn, &path,
						serval_conn_mark(m->conn));
	}
	return oif ? dev_get_by_index_rcu(sn->net, oif) :
		     serval_move_device(sn, &here->laddr);
}

static bool next_is_usable(struct serval_net *sn, const struct serval_move *m)
{
	return is_usable(sn, next_device(sn, m), &m->here.laddr);
}

static bool is_there(struct serval_net *sn, const struct serval_path *path,
		     const struct serval_path *now, u32 mark)
{
	return ipv6_addr_equal(&path->laddr, &now->laddr) &&
	       !path->dport == !READ_ONCE(now->dport) &&
	       serval_path_leads_through(sn, path, mark) ==
	       serval_path_leads_through(sn, now, mark);
}

/**
 * serval_move_resolve() - where the peer's service is, by the service table
 * @sn:     namespace
 * @conn:   connection
 * @family: of the address wanted, 0 = any
 * @turn:   which target, of those that there are; the next if it will not do
 * @addr:   result
 *
 * Of the end that asked for the service; the other one knows nobody's name.  Or where
 * the peer itself has said.
 *
 * Context: rcu_read_lock() held.
 * Return: false if it leads nowhere.
 */
bool serval_move_resolve(const struct serval_net *sn,
			 const struct serval_conn *conn, u8 family, u32 turn,
			 struct in6_addr *addr)
{
	const struct serval_target_set *set;
	const struct serval_target *t;
	u32 i;

	if (serval_multipath_peer(serval_move_of(conn), family, turn, addr))
		return true;
	if (!conn->active)
		return false;
	set = serval_service_find(sn, &conn->service, conn->protocol);
	for (i = 0; set && i < set->n; i++) {
		t = set->t[(turn + i) % set->n];
		if (t->type == SERVAL_SERVICE_FORWARD &&
		    serval_target_usable(sn, t) &&
		    serval_target_is_for(sn, t, conn->protocol) &&
		    (!family || serval_addr_family(&t->addr) == family)) {
			*addr = t->addr;
			return true;
		}
	}
	return false;
}

static bool goes_in_udp(const struct serval_flow *fl,
			const struct serval_move_to *here)
{
	if (here->way == SERVAL_MOVE_KEEP)
		return READ_ONCE(fl->path.dport);
	return here->way == SERVAL_MOVE_UDP;
}

/* Is there a way from there to the address?  @here gains the local address.
 * Return: 0, -EALREADY if the connection goes it, or why there is none
 */
static int find_way(struct serval_net *sn, const struct serval_flow *fl,
		    const struct in6_addr *raddr, struct serval_move_to *here)
{
	const u32 mark = serval_conn_mark(fl->conn);
	struct serval_path path = {};
	struct dst_entry *dst;
	__be16 sport, dport;
	int err;

	serval_path_init(&path);
	serval_path_set(&path, &here->laddr, raddr, here->oif, false);
	if (goes_in_udp(fl, here)) {
		if (!serval_encap_ports(sn, fl, path.family, &sport, &dport))
			return -EADDRNOTAVAIL;
		serval_path_encapsulate(&path, sport, dport);
	}
	dst = serval_path_route(sn, &path, NULL, mark);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	here->laddr = path.laddr;
	err = is_there(sn, &path, &fl->path, mark) ? -EALREADY : 0;
	serval_path_release(&path);
	return err;
}

/**
 * serval_move_has_address() - can a device be left by an address of its own
 * @dev:    device
 * @family: AF_INET or AF_INET6, 0 = any
 *
 * By one without, packets would leave with another's address, which may lead back
 * elsewhere.
 *
 * Context: rcu_read_lock() held.
 */
bool serval_move_has_address(const struct net_device *dev, u8 family)
{
	const struct in_device *in4 = __in_dev_get_rcu(dev);
	const struct inet6_dev *in6 = __in6_dev_get(dev);

	return (family != AF_INET6 && in4 &&
		rcu_access_pointer(in4->ifa_list)) ||
	       (family != AF_INET && in6 &&
		!list_empty_careful(&in6->addr_list));
}

/* The local end that is asked for.  Return: 0, or -EADDRNOTAVAIL if it is not there */
static int check_here(struct serval_net *sn, const struct serval_flow *fl,
		      struct serval_move_to *here)
{
	int encap = READ_ONCE(serval_options(fl->conn)->encap);

	/* only the way is to change */
	if (here->way != SERVAL_MOVE_KEEP && !here->oif &&
	    ipv6_addr_any(&here->laddr)) {
		here->laddr = fl->path.laddr;
		here->oif = fl->path.oif;
	}
	if (here->way == SERVAL_MOVE_KEEP && encap == SERVAL_UDP_ALWAYS)
		here->way = SERVAL_MOVE_UDP;
	else if (here->way == SERVAL_MOVE_KEEP && encap == SERVAL_UDP_NEVER)
		here->way = SERVAL_MOVE_RAW;
	if (ipv6_addr_any(&here->laddr))
		return 0;
	here->oif = here->oif ?: device_of(sn, &here->laddr);
	return here->oif && serval_addr_is_local(sn, &here->laddr) ?
	       0 : -EADDRNOTAVAIL;
}

/* Can the local end be an address of this IP version? */
static bool has_family(struct serval_net *sn, const struct serval_move_to *here,
		       u8 family)
{
	const struct net_device *dev;

	if (!ipv6_addr_any(&here->laddr))
		return serval_addr_family(&here->laddr) == family;
	if (!here->oif)
		return true;
	dev = dev_get_by_index_rcu(sn->net, here->oif);
	return dev && serval_move_has_address(dev, family);
}

/* To where the service table says that the peer's service is */
static bool find_service(struct serval_net *sn, const struct serval_flow *fl,
			 u8 family, struct serval_move_to *here,
			 struct in6_addr *raddr)
{
	const struct serval_move *m = serval_move_of(fl->conn);

	return has_family(sn, here, family) &&
	       serval_move_resolve(sn, fl->conn, family,
				   m ? READ_ONCE(m->snd) : 0, raddr) &&
	       !find_way(sn, fl, raddr, here);
}

/* To the peer, from there: to where it was, or else to where the service table says,
 * with the same IP version first.  Return: as find_way()
 */
static int find_peer(struct serval_net *sn, const struct serval_flow *fl,
		     struct serval_move_to *here, struct in6_addr *raddr)
{
	const u8 family = fl->path.family;
	const u8 other = family == AF_INET ? AF_INET6 : AF_INET;
	int err = check_here(sn, fl, here);

	if (err)
		return err;
	*raddr = fl->path.raddr;
	err = has_family(sn, here, family) ?
	      find_way(sn, fl, raddr, here) : -EADDRNOTAVAIL;
	if (!err || err == -EALREADY)
		return err;
	return find_service(sn, fl, family, here, raddr) ||
	       find_service(sn, fl, other, here, raddr) ? 0 : err;
}

/* The same, to an address of the peer's */
static int find_addr(struct serval_net *sn, const struct serval_flow *fl,
		     struct serval_move_to *here, const struct in6_addr *raddr)
{
	int err = check_here(sn, fl, here);

	if (err)
		return err;
	if (!has_family(sn, here, serval_addr_family(raddr)))
		return -EADDRNOTAVAIL;
	err = find_way(sn, fl, raddr, here);
	/* from where the connection is, but to another address */
	return err == -EALREADY ? 0 : err;
}

/**
 * serval_move_find_leg() - where another flow of a connection would lead
 * @sn:    namespace
 * @fl:    the one in use
 * @from:  local end
 * @raddr: address of the peer, :: = where it is, or where the service table says
 * @leg:   result
 *
 * Context: rcu_read_lock() held.
 * Return: 0; -EALREADY if that is where @fl leads, -EADDRNOTAVAIL if the local end is not
 * there, or why there is no way.
 */
int serval_move_find_leg(struct serval_net *sn, const struct serval_flow *fl,
			 const struct serval_move_to *from,
			 const struct in6_addr *raddr, struct serval_leg *leg)
{
	struct serval_move_to here = *from;
	int err;

	*leg = (struct serval_leg) { .raddr = *raddr };
	err = ipv6_addr_any(raddr) ? find_peer(sn, fl, &here, &leg->raddr) :
				     find_addr(sn, fl, &here, raddr);
	if (err)
		return err;
	leg->laddr = here.laddr;
	leg->oif = here.oif;
	if (goes_in_udp(fl, &here) &&
	    !serval_encap_ports(sn, fl, serval_addr_family(&leg->raddr),
				&leg->sport, &leg->dport))
		return -EADDRNOTAVAIL;
	return 0;
}

/* Is there still something to move?  Of TCP's end its TIME_WAIT is left, which says
 * nothing by itself
 */
static bool is_alive(struct serval_net *sn, const struct serval_conn *conn)
{
	struct sock *sk;
	bool alive;

	if (conn->protocol != IPPROTO_TCP || READ_ONCE(conn->sk))
		return true;
	sk = serval_conn_tcp_sock(sn, conn);
	if (!sk)
		return false;
	alive = sk_fullsock(sk);
	sock_gen_put(sk);
	return alive;
}

/* May an attempt begin?  One that somebody wants goes before one that only makes sure
 * of the peer.
 */
static int make_way(struct serval_move *m, const struct serval_cause *cause,
		    struct serval_todo *todo)
{
	const struct serval_cause stop = { .err = -ECANCELED };

	if (!serval_fsm_asks(m->state))
		return 0;
	if (!m->probes || cause->probes)
		return -EBUSY;
	serval_move_run(m, SERVAL_EV_GIVE_UP, &stop, todo);
	/* nobody is told of its end */
	todo->report = 0;
	return 0;
}

/* Context: rcu_read_lock() held */
static int begin(struct serval_net *sn, struct serval_flow *fl,
		 enum serval_event event, const struct serval_cause *cause)
{
	struct serval_move *m = serval_move_make(sn, fl);
	struct serval_conn *conn = fl->conn;
	struct serval_todo todo = { .conn = conn };
	int err = -ENOTCONN;

	if (!m)
		return -ENOMEM;
	if (!is_alive(sn, conn))
		return -ENOTCONN;
	spin_lock_bh(&conn->lock);
	if (serval_move_ready(m) && rcu_access_pointer(conn->flow) == fl) {
		err = make_way(m, cause, &todo);
		if (!err && !serval_move_run(m, event, cause, &todo))
			err = -ENOMEM;
	}
	spin_unlock_bh(&conn->lock);
	serval_move_settle(sn, &todo);
	return err;
}

static int begin_from(struct serval_net *sn, struct serval_flow *fl,
		      const struct serval_move_to *to, struct serval_waiter *w)
{
	struct serval_cause cause = { .here = *to, .waiter = w };
	struct in6_addr raddr;
	int err = find_peer(sn, fl, &cause.here, &raddr);

	if (err)
		return err;
	cause.unroutable = !ipv6_addr_equal(&raddr, &fl->path.raddr);
	return begin(sn, fl, SERVAL_EV_MOVE, &cause);
}

/* Of a request, which goes wherever the service is by then */
static int start_from(struct serval_net *sn, const struct serval_flow *fl,
		      const struct serval_move_to *to, struct serval_waiter *w)
{
	const u8 family = READ_ONCE(fl->path.family);
	struct serval_move_to here = *to;
	int err = check_here(sn, fl, &here);

	if (err)
		return err;
	if (!here.oif || (family && !has_family(sn, &here, family)))
		return -EADDRNOTAVAIL;
	return serval_move_start(sn, fl, &here, w);
}

/* By a program or the administrator: no device draws the connection away before
 * something happens to it
 */
static int place(struct serval_net *sn, struct serval_flow *fl,
		 const struct serval_move_to *to, struct serval_waiter *w)
{
	int err = begin_from(sn, fl, to, w);

	if (!err)
		WRITE_ONCE(serval_move_of(fl->conn)->placed,
			   READ_ONCE(sn->preferences.event));
	return err;
}

/* The same, of a connection that the peer may be moving just now.  @fl: flow that was active */
static int place_moving(struct serval_net *sn, struct serval_flow *fl,
			const struct serval_move_to *to, struct serval_waiter *w)
{
	struct serval_conn *conn = fl->conn;
	int err, tries = 3;

	do {
		err = place(sn, fl, to, w);
		if (err != -ENOTCONN || rcu_access_pointer(conn->flow) == fl)
			break;
		fl = rcu_dereference(conn->flow);
	} while (fl && --tries);
	return err;
}

static void look(struct serval_net *sn, struct serval_move *m,
		 struct serval_flow *fl, struct serval_todo *todo)
{
	const struct serval_cause cause = { .err = -EADDRNOTAVAIL };

	m->lost = !serval_move_is_usable(sn, fl);
	/* then it has another, and this one is among the others */
	if (m->lost && serval_join_fall_over(m, SERVAL_USE_LOST, todo))
		return;
	if (m->lost)
		serval_move_run(m, SERVAL_EV_LOST, &cause, todo);
	if (serval_fsm_waits(m->state) && !next_is_usable(sn, m))
		serval_move_run(m, SERVAL_EV_LOST_NEXT, &cause, todo);
}

/**
 * serval_move_see() - have a connection look whether its local addresses are there
 * @sn: namespace
 * @fl: its active flow
 *
 * Context: process, rcu_read_lock() held.
 * Return: true if it has no address and is not on its way to another.
 */
bool serval_move_see(struct serval_net *sn, struct serval_flow *fl)
{
	struct serval_conn *conn = fl->conn;
	struct serval_move *m = serval_move_of(conn);
	struct serval_todo todo = { .conn = conn };
	bool waits = false;

	if (!m && serval_move_is_usable(sn, fl))
		return false;
	if (!m)
		m = serval_move_make(sn, fl);
	if (!m)
		return true;
	spin_lock_bh(&conn->lock);
	if (!serval_move_ready(m)) {
		waits = !serval_move_is_usable(sn, fl);
	} else if (rcu_access_pointer(conn->flow) == fl) {
		look(sn, m, fl, &todo);
		waits = m->state == SERVAL_NOADDRESS ||
			m->state == SERVAL_NOADDRESS_RSYN_RCVD;
	}
	spin_unlock_bh(&conn->lock);
	serval_move_settle(sn, &todo);
	return waits;
}

/**
 * serval_move_away() - move a connection without being asked
 * @sn: namespace
 * @fl: active flow
 * @to: device, 0 = where the route leads
 *
 * Context: process, rcu_read_lock() held.
 * Return: 0 if it has begun, else as serval_move_flow().
 */
int serval_move_away(struct serval_net *sn, struct serval_flow *fl,
		     const struct serval_move_to *to)
{
	return begin_from(sn, fl, to, NULL);
}

static void try_anew(struct serval_net *sn, struct serval_flow *fl,
		     enum serval_event event)
{
	const struct serval_cause cause = {
		.here.laddr = fl->path.laddr,
		.here.oif = fl->path.oif,
		.probes = true,
	};

	begin(sn, fl, event, &cause);
}

static void doubt_peer(struct serval_net *sn, struct serval_flow *fl)
{
	if (serval_move_is_usable(sn, fl))
		try_anew(sn, fl, SERVAL_EV_SILENCE);
	else
		serval_event_pathless(sn);
}

/**
 * serval_move_back() - go on from a local address that has been away
 * @sn: namespace
 * @fl: active flow
 *
 * The peer is asked, for it may have moved meanwhile.
 *
 * Context: process, rcu_read_lock() held.
 */
void serval_move_back(struct serval_net *sn, struct serval_flow *fl)
{
	try_anew(sn, fl, SERVAL_EV_MOVE);
}

/* What comes inside UDP needs somebody who takes it */
static int open_ports(struct serval_net *sn, const struct serval_move_to *to)
{
	return to->way == SERVAL_MOVE_UDP ? serval_encap_open_pool(sn) : 0;
}

/**
 * serval_move_prepare() - compute what a connection wants before it can move
 * @sn: namespace
 * @id: local id of its active flow
 *
 * Context: process, no lock.
 * Return: 0, or why it can't.
 */
int serval_move_prepare(struct serval_net *sn, __be32 id)
{
	struct serval_host *host = NULL;
	struct serval_flow *fl;
	bool ports = false;
	int err;

	rcu_read_lock();
	fl = serval_flow_find(sn, id);
	if (fl && serval_flow_is_shown(fl)) {
		host = serval_move_wants(sn, fl->conn);
		ports = serval_encap_wants_pool(sn, fl);
	}
	if (host && !serval_host_hold(host))
		host = NULL;
	rcu_read_unlock();
	/* without them it can still move as it is */
	if (ports)
		serval_encap_open_pool(sn);
	if (!host)
		return 0;
	err = serval_host_secret(sn, host);
	serval_host_put(sn, host->id);
	return err;
}

/**
 * serval_move_flow() - move the connection of a flow
 * @sn: namespace
 * @id: local id of its active flow
 * @to: where
 * @w:  is told how it ends, if it begins; or NULL
 *
 * Context: process.
 * Return: 0 if it has begun; -ENOENT without such a flow, -ENOTCONN before the peer
 * has confirmed it, -EALREADY if it is there already, -EBUSY if it is on its way
 * somewhere, -EADDRNOTAVAIL if the address is not this host's or none of the peer's
 * IP version, -EKEYREJECTED if the peer's key is none, -ENOMEM, or why there is no
 * route or no UDP port.
 */
int serval_move_flow(struct serval_net *sn, __be32 id,
		     const struct serval_move_to *to, struct serval_waiter *w)
{
	struct serval_flow *fl;
	int err = open_ports(sn, to) ?: serval_move_prepare(sn, id);

	if (err)
		return err;
	err = -ENOENT;
	rcu_read_lock();
	fl = serval_flow_find(sn, id);
	if (fl && READ_ONCE(fl->state) == SERVAL_FLOW_SYN_SENT)
		err = start_from(sn, fl, to, w);
	else if (fl && serval_flow_is_shown(fl))
		err = place_moving(sn, fl, to, w);
	rcu_read_unlock();
	return err;
}

/**
 * serval_move_silence() - ask a peer that does not answer whether it is there
 * @sn: namespace
 * @id: local id of the flow that was active when that was found
 *
 * Unless it is this host that has no path.
 *
 * Context: process.
 */
void serval_move_silence(struct serval_net *sn, __be32 id)
{
	int err = serval_move_prepare(sn, id);
	struct serval_flow *fl;

	rcu_read_lock();
	fl = serval_flow_find(sn, id);
	if (fl) {
		WRITE_ONCE(fl->conn->doubted, false);
		if (!err && READ_ONCE(fl->state) == SERVAL_FLOW_ESTABLISHED)
			doubt_peer(sn, fl);
	}
	rcu_read_unlock();
}

/**
 * serval_move_prepare_in() - serval_move_prepare() in the middle of a walk
 * @sn:   namespace
 * @iter: started; stops and starts again if that is needed
 * @fl:   where it is
 *
 * Context: process, no other rcu_read_lock() held.
 * Return: the flow, or NULL if it has gone meanwhile or can't move.
 */
struct serval_flow *serval_move_prepare_in(struct serval_net *sn,
					   struct rhashtable_iter *iter,
					   struct serval_flow *fl)
{
	__be32 id = fl->local_id;
	int err;

	if (likely(!serval_move_wants(sn, fl->conn) &&
		   !serval_encap_wants_pool(sn, fl)))
		return fl;
	rhashtable_walk_stop(iter);
	err = serval_move_prepare(sn, id);
	rhashtable_walk_start(iter);
	return err ? NULL : serval_flow_find(sn, id);
}

/* A walk that starts over meets flows a second time */
static bool is_asked(const struct serval_flow *fl,
		     const struct serval_waiter *w)
{
	const struct serval_move *m = serval_move_of(fl->conn);

	return m && READ_ONCE(m->waiter) == w;
}

/**
 * serval_move_all() - move many connections
 * @sn:     namespace
 * @wanted: is a flow's connection to move?  Under rcu_read_lock()
 * @arg:    for @wanted
 * @to:     where
 * @w:      is told how each ends that begins
 * @failed: gets how many could not
 *
 * Context: process.
 * Return: how many have begun, or what opening UDP ports says.
 */
int serval_move_all(struct serval_net *sn,
		    bool (*wanted)(const struct serval_flow *fl,
				   const void *arg),
		    const void *arg, const struct serval_move_to *to,
		    struct serval_waiter *w, int *failed)
{
	struct rhashtable_iter iter;
	struct serval_flow *fl;
	int n = 0, err = open_ports(sn, to);

	*failed = 0;
	if (err)
		return err;
	rhashtable_walk_enter(&sn->flows.flows, &iter);
	rhashtable_walk_start(&iter);
	while ((fl = rhashtable_walk_next(&iter))) {
		if (IS_ERR(fl) ||
		    READ_ONCE(fl->state) != SERVAL_FLOW_ESTABLISHED ||
		    !wanted(fl, arg) || is_asked(fl, w))
			continue;
		fl = serval_move_prepare_in(sn, &iter, fl);
		err = fl ? place_moving(sn, fl, to, w) : -EKEYREJECTED;
		n += !err;
		*failed += err && err != -EALREADY;
		serval_flow_walk_rest(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return n;
}
