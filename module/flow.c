// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of connections and flows, and their collector.
 *
 * The flow table is a cache over TCP's own table of connections: an entry
 * lives as long as TCP knows the 4-tuple, as a full, a request or a TIME_WAIT
 * socket.  TCP is not hooked for that; instead a collector walks the
 * connections, a slice per tick, and frees those that no struct socket owns
 * and __inet6_lookup_established() does not find.  A request socket exists
 * before its entry is inserted and a SYN-cookie connection has no entry
 * before its ACK, so nothing young is taken.
 *
 * Both tables are rhashtables over keys that nobody outside chooses, random
 * ones or, of sockets, a counter; so the key is nearly the hash.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/inet6_hashtables.h>
#include <net/tcp.h>

#include "events.h"
#include "flow.h"
#include "serval.h"
#include "trace.h"
#include "ulid.h"

/* Buckets: 16 KB for each table of each namespace, and no growing and shrinking
 * where some hundreds of connections come and go
 */
#define TABLE_MIN	2048
#define GC_INTERVAL	(HZ / 4)
#define GC_SLICES	32	/* ticks for one walk of everything */
#define GC_MIN		64	/* connections per tick at least */

/* What has none.  Read only, so that nobody needs to ask whether there are any */
const struct serval_options serval_no_options = {
	.encap = SERVAL_UDP_DEFAULT,
	.multipath = SERVAL_MULTIPATH_DEFAULT,
};

static struct serval_conn_key key_of(const struct serval_conn *conn)
{
	struct serval_conn_key key = {
		.name = serval_conn_name(conn),
		.scope = conn->scope,
	};

	if (conn->scope >= SERVAL_SCOPE_PORT)
		key.lport = conn->lport;
	if (conn->scope >= SERVAL_SCOPE_TUPLE) {
		key.rport = conn->rport;
		key.r = conn->r;
	}
	return key;
}

static u32 conn_key_hash(const void *data, u32 len, u32 seed)
{
	const struct serval_conn_key *key = data;
	u32 ports = (u32)ntohs(key->lport) << 16 | ntohs(key->rport);

	return (u32)(key->name ^ (key->r >> 7) ^ ports) ^ seed;
}

static u32 conn_hash(const void *data, u32 len, u32 seed)
{
	const struct serval_conn_key key = key_of(data);

	return conn_key_hash(&key, sizeof(key), seed);
}

/* Peers see our ids: which of them share a bucket must not show */
static u32 flow_hash(const void *data, u32 len, u32 seed)
{
	u32 mix = (*(const u32 *)data ^ seed) * GOLDEN_RATIO_32;

	return mix ^ (mix >> 16);
}

/* Instead of memcmp(): these run for each packet */
static int conn_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct serval_conn_key *key = arg->key;
	const struct serval_conn *conn = obj;

	if (key->name != serval_conn_name(conn) || key->scope != conn->scope)
		return 1;
	if (likely(key->scope == SERVAL_SCOPE_ULID))
		return 0;
	if (key->lport != conn->lport)
		return 1;
	return key->scope == SERVAL_SCOPE_TUPLE &&
	       (key->rport != conn->rport || key->r != conn->r);
}

static __always_inline int flow_cmp(struct rhashtable_compare_arg *arg,
				    const void *obj)
{
	const struct serval_flow *fl = obj;

	return *(const __be32 *)arg->key != fl->local_id;
}

static const struct rhashtable_params conn_params = {
	.head_offset = offsetof(struct serval_conn, node),
	.key_len = sizeof(struct serval_conn_key),
	.hashfn = conn_key_hash,
	.obj_hashfn = conn_hash,
	.obj_cmpfn = conn_cmp,
	.automatic_shrinking = true,
	.min_size = TABLE_MIN,
};

/* As those above, for a key that is nothing but a name */
static u32 name_hash(const void *data, u32 len, u32 seed)
{
	return (u32)*(const u64 *)data ^ seed;
}

static __always_inline int name_cmp(struct rhashtable_compare_arg *arg,
				    const void *obj)
{
	const struct serval_conn *conn = obj;

	return *(const u64 *)arg->key != serval_conn_name(conn) ||
	       conn->scope != SERVAL_SCOPE_ULID;
}

/* For lookups only */
static const struct rhashtable_params name_params = {
	.head_offset = offsetof(struct serval_conn, node),
	.key_len = sizeof(u64),
	.hashfn = name_hash,
	.obj_cmpfn = name_cmp,
};

static const struct rhashtable_params flow_params = {
	.head_offset = offsetof(struct serval_flow, node),
	.key_offset = offsetof(struct serval_flow, local_id),
	.key_len = sizeof_field(struct serval_flow, local_id),
	.hashfn = flow_hash,
	.obj_cmpfn = flow_cmp,
	.automatic_shrinking = true,
	.min_size = TABLE_MIN,
};

static struct kmem_cache *conn_cache __ro_after_init;

/* 15 of them fill a page, unless the locks are watched */
static_assert(sizeof(spinlock_t) > sizeof(u32) ||
	      sizeof(struct serval_conn) <= 272);

/* A flow that does not lie in its connection */
struct further_flow {
	struct serval_flow flow;
	struct rcu_head rcu;
};

/**
 * serval_conn_alloc() - a connection, not in the table yet
 * @gfp: allocation flags
 */
struct serval_conn *serval_conn_alloc(gfp_t gfp)
{
	struct serval_conn *conn = kmem_cache_zalloc(conn_cache, gfp);

	if (conn)
		spin_lock_init(&conn->lock);
	return conn;
}

/**
 * serval_conn_move() - a connection like one on the stack, with its first flow
 * @from: in no table; its route moves on
 * @gfp:  allocation flags
 *
 * Return: the connection, not in the table yet, its flow unreachable; or NULL.
 */
struct serval_conn *serval_conn_move(struct serval_conn *from, gfp_t gfp)
{
	struct serval_conn *conn = kmem_cache_alloc(conn_cache, gfp);

	if (!conn)
		return NULL;
	*conn = *from;
	spin_lock_init(&conn->lock);
	serval_path_init(&conn->first.path);
	conn->first.conn = conn;
	RCU_INIT_POINTER(conn->flow, NULL);
	RCU_INIT_POINTER(from->first.path.dst, NULL);
	return conn;
}

static void release_flow(struct serval_flow *fl)
{
	serval_path_release(&fl->path);
	if (fl->state == SERVAL_FLOW_UNCONNECTED)
		kfree(fl->last);
}

/**
 * serval_conn_free() - free a connection that never was in the table
 * @conn: connection
 */
void serval_conn_free(struct serval_conn *conn)
{
	release_flow(&conn->first);
	if (conn->options) {
		kfree(conn->options->backlog);
		serval_event_freed(conn->options->move);
	}
	kfree(conn->options);
	kmem_cache_free(conn_cache, conn);
}

/**
 * serval_conn_set_options() - a connection's options, to be changed
 * @conn: connection
 * @gfp:  allocation flags
 *
 * Return: its own, made now if it had none; NULL if there is no memory.
 */
struct serval_options *serval_conn_set_options(struct serval_conn *conn,
					       gfp_t gfp)
{
	struct serval_options *opt = READ_ONCE(conn->options), *old;

	if (opt)
		return opt;
	opt = kmemdup(&serval_no_options, sizeof(*opt), gfp);
	if (!opt)
		return NULL;
	old = cmpxchg(&conn->options, NULL, opt);
	if (!old)
		return opt;
	kfree(opt);
	return old;
}

static void conn_free_rcu(struct rcu_head *rcu)
{
	serval_conn_free(container_of(rcu, struct serval_conn, rcu));
}

/**
 * serval_conn_insert() - publish a connection under its key
 * @sn:   namespace
 * @conn: complete; RCU readers may use it before this returns
 *
 * Return: 0, -EEXIST, -ENOMEM.
 */
int serval_conn_insert(struct serval_net *sn, struct serval_conn *conn)
{
	const struct serval_conn_key key = key_of(conn);

	return rhashtable_lookup_insert_key(&sn->flows.conns, &key,
					    &conn->node, conn_params);
}

/**
 * serval_conn_insert_new() - give a connection an L of its own, publish it
 * @sn:   namespace
 * @conn: complete but for its L
 *
 * Return: 0 or -ENOMEM.
 */
int serval_conn_insert_new(struct serval_net *sn, struct serval_conn *conn)
{
	int err;

	conn->scope = SERVAL_SCOPE_ULID;
	do {
		conn->l = atomic64_inc_return(&sn->flows.last_l);
		err = serval_conn_insert(sn, conn);
	} while (err == -EEXIST);
	return err;
}

static struct serval_conn *find_by_name(struct serval_net *sn, u64 name)
{
	return rhashtable_lookup(&sn->flows.conns, &name, name_params);
}

static noinline struct serval_conn *
find_by_ports(struct serval_net *sn, const struct in6_addr *laddr,
	      const struct in6_addr *raddr, __be16 lport, __be16 rport)
{
	struct serval_conn_key key = {
		.name = serval_ulid_name(laddr, raddr),
		.scope = SERVAL_SCOPE_PORT,
		.lport = lport,
	};
	struct serval_conn *conn;

	conn = rhashtable_lookup(&sn->flows.conns, &key, conn_params);
	if (conn)
		return conn;
	key.scope = SERVAL_SCOPE_TUPLE;
	key.rport = rport;
	key.r = serval_ulid_key(raddr);
	return rhashtable_lookup(&sn->flows.conns, &key, conn_params);
}

/**
 * serval_conn_find_tuple() - connection of a TCP 4-tuple
 * @sn:    namespace
 * @laddr: L
 * @raddr: R
 * @lport: local TCP port
 * @rport: remote TCP port
 *
 * L, or of a stream that was accepted R, may be its connection's alone.  With
 * TCP Fast Open L is shared: by the clients of this host, told apart by their
 * port, or by the connections to one service, told apart by all of the tuple.
 *
 * Context: rcu_read_lock() held.
 */
struct serval_conn *serval_conn_find_tuple(struct serval_net *sn,
					   const struct in6_addr *laddr,
					   const struct in6_addr *raddr,
					   __be16 lport, __be16 rport)
{
	struct serval_conn *conn;

	conn = find_by_name(sn, serval_ulid_name(laddr, raddr));
	return likely(conn) ? conn :
	       find_by_ports(sn, laddr, raddr, lport, rport);
}

/**
 * serval_conn_find_sock() - connection of an AF_SERVAL socket
 * @sn: namespace
 * @sk: full TCPv6 socket
 *
 * Context: rcu_read_lock() held.
 */
struct serval_conn *serval_conn_find_sock(struct serval_net *sn,
					  const struct sock *sk)
{
	struct serval_conn *conn;

	/* not by _find_tuple(): this runs for each packet */
	conn = find_by_name(sn, serval_ulid_name(&sk->sk_v6_rcv_saddr,
						 &sk->sk_v6_daddr));
	return likely(conn) ? conn :
	       find_by_ports(sn, &sk->sk_v6_rcv_saddr, &sk->sk_v6_daddr,
			     inet_sk(sk)->inet_sport, inet_sk(sk)->inet_dport);
}

/**
 * serval_conn_mark() - SO_MARK of a connection's socket
 * @conn: connection
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 * Return: 0 also if it has no socket any more.
 */
u32 serval_conn_mark(const struct serval_conn *conn)
{
	struct sock *sk = serval_conn_get_sock(conn);
	u32 mark = 0;

	if (sk) {
		mark = READ_ONCE(sk->sk_mark);
		sock_put(sk);
	}
	return mark;
}

/**
 * serval_conn_set_sock() - let a connection refer to its full socket
 * @conn: connection
 * @sk:   socket, held or locked by the caller; gains a reference
 */
void serval_conn_set_sock(struct serval_conn *conn, struct sock *sk)
{
	spin_lock_bh(&conn->lock);
	if (!conn->sk && !conn->dead) {
		sock_hold(sk);
		WRITE_ONCE(conn->sk, sk);
	}
	spin_unlock_bh(&conn->lock);
}

static struct sock *take_sock(struct serval_conn *conn)
{
	struct sock *sk = conn->sk;

	lockdep_assert_held(&conn->lock);
	WRITE_ONCE(conn->sk, NULL);
	return sk;
}

/**
 * serval_conn_put_sock() - drop what serval_conn_set_sock() took
 * @conn: connection; nothing happens without a socket
 */
void serval_conn_put_sock(struct serval_conn *conn)
{
	struct sock *sk;

	if (!READ_ONCE(conn->sk))
		return;
	spin_lock_bh(&conn->lock);
	sk = take_sock(conn);
	spin_unlock_bh(&conn->lock);
	if (sk)
		sock_put(sk);
}

/**
 * serval_conn_tcp_sock() - what TCP knows of a connection
 * @sn:   namespace
 * @conn: connection
 *
 * Context: rcu_read_lock() held.
 * Return: full, request or TIME_WAIT socket with a reference that
 * sock_gen_put() drops, or NULL.
 */
struct sock *serval_conn_tcp_sock(struct serval_net *sn,
				  const struct serval_conn *conn)
{
	const struct in6_addr laddr = serval_conn_laddr(conn);
	const struct in6_addr raddr = serval_conn_raddr(conn);

	return __inet6_lookup_established(sn->net,
			sn->net->ipv4.tcp_death_row.hashinfo,
			&raddr, conn->rport, &laddr,
			ntohs(conn->lport), sn->dev->ifindex, 0);
}

/**
 * serval_conn_any_sock() - the socket of a connection, stream or datagram
 * @sn:   namespace
 * @conn: connection
 *
 * Context: rcu_read_lock() held.
 * Return: as serval_conn_tcp_sock(); NULL also for a datagram connection that
 * waits for accept().
 */
struct sock *serval_conn_any_sock(struct serval_net *sn,
				  const struct serval_conn *conn)
{
	return conn->protocol == IPPROTO_TCP ? serval_conn_tcp_sock(sn, conn) :
					       serval_conn_get_sock(conn);
}

static struct serval_flow *alloc_further(gfp_t gfp)
{
	struct further_flow *further = kzalloc(sizeof(*further), gfp);

	return further ? &further->flow : NULL;
}

/**
 * serval_flow_alloc() - a flow for a connection, not in the table yet
 * @conn: connection, which the caller owns
 * @gfp:  allocation flags
 */
struct serval_flow *serval_flow_alloc(struct serval_conn *conn, gfp_t gfp)
{
	struct serval_options *opt = conn->options;
	struct serval_flow *fl = &conn->first;

	if (unlikely(fl->conn))
		fl = alloc_further(gfp);
	if (!fl)
		return NULL;
	serval_path_init(&fl->path);
	fl->conn = conn;
	fl->path.born = serval_flow_clock();
	if (opt) {
		opt->redirect = in6addr_any;
		opt->redirects = 0;
		opt->tries = 0;
	}
	return fl;
}

/**
 * serval_flow_alloc_unconnected() - flow of an unconnected datagram socket
 * @conn: the socket's
 *
 * Context: process.
 */
struct serval_flow *serval_flow_alloc_unconnected(struct serval_conn *conn)
{
	struct serval_flow *fl = serval_flow_alloc(conn, GFP_KERNEL_ACCOUNT);

	if (!fl)
		return NULL;
	fl->state = SERVAL_FLOW_UNCONNECTED;
	fl->last = kzalloc(sizeof(*fl->last), GFP_KERNEL_ACCOUNT);
	if (fl->last)
		return fl;
	serval_flow_free(fl);
	return NULL;
}

/**
 * serval_flow_alloc_next() - another flow for a connection that has one
 * @fl: that
 *
 * Context: any but hard interrupt.
 * Return: a flow in no table, without ids and path; NULL if there is no memory.
 */
struct serval_flow *serval_flow_alloc_next(const struct serval_flow *fl)
{
	struct serval_flow *next = alloc_further(GFP_ATOMIC);

	if (!next)
		return NULL;
	serval_path_init(&next->path);
	next->conn = fl->conn;
	next->state = SERVAL_FLOW_NEXT;
	next->encap = fl->encap;
	next->path.born = fl->path.born;
	next->iss = fl->iss;
	next->peer_iss = fl->peer_iss;
	next->nonce = fl->nonce;
	return next;
}

static void free_further(struct rcu_head *rcu)
{
	struct further_flow *further = container_of(rcu, struct further_flow,
						    rcu);

	release_flow(&further->flow);
	kfree(further);
}

/**
 * serval_flow_free() - free a flow that is in no table
 * @fl: flow; RCU readers may still use it
 *
 * The first one goes with its connection.
 */
void serval_flow_free(struct serval_flow *fl)
{
	if (unlikely(fl != &fl->conn->first))
		call_rcu(&container_of(fl, struct further_flow, flow)->rcu,
			 free_further);
}

/**
 * serval_flow_build_hdr() - prepare the 12 bytes of data packets
 * @fl: flow whose ids are both known
 */
void serval_flow_build_hdr(struct serval_flow *fl)
{
	serval_wire_build_base(&fl->hdr, fl->conn->protocol);
}

/**
 * serval_flow_clock() - the time by which the age of flows is told
 *
 * Tenths of a second; it overflows after some 13 years.
 */
u32 serval_flow_clock(void)
{
	return div_u64(get_jiffies_64(), HZ / 10);
}

/**
 * serval_flow_nonce() - our nonce of a flow
 * @sn: namespace
 * @fl: flow whose local_id and iss are chosen
 *
 * Random, or at the responder a keyed hash of both, which others may see.
 */
u64 serval_flow_nonce(const struct serval_net *sn, const struct serval_flow *fl)
{
	if (fl->conn->active)
		return fl->nonce;
	return siphash_2u64((u64)fl->iss << 32 | (__force u32)fl->local_id, 1,
			    &sn->secret);
}

/**
 * serval_flow_insert() - publish a flow as its connection's active one
 * @sn:   namespace
 * @fl:   complete, local_id chosen; its connection has none
 *
 * Under the lock, so that whoever ends the connection finds it: nobody may find
 * it by id after that.
 *
 * Return: 0, -EEXIST, -ENOMEM, -ENOENT if the connection has died meanwhile.
 */
int serval_flow_insert(struct serval_net *sn, struct serval_flow *fl)
{
	struct serval_conn *conn = fl->conn;
	int err = -ENOENT;

	spin_lock_bh(&conn->lock);
	if (!conn->dead)
		err = rhashtable_lookup_insert_fast(&sn->flows.flows,
						    &fl->node, flow_params);
	if (!err)
		rcu_assign_pointer(conn->flow, fl);
	spin_unlock_bh(&conn->lock);
	if (err)
		return err;
	SERVAL_INC(sn, FLOWSCREATED);
	trace_serval_flow(sn->net, "new", fl);
	return 0;
}

/**
 * serval_flow_insert_random() - give a flow random numbers and publish it
 * @sn:   namespace
 * @fl:   complete but for local_id, iss and nonce; its connection has none
 *
 * Return: 0 or -ENOMEM.
 */
int serval_flow_insert_random(struct serval_net *sn, struct serval_flow *fl)
{
	u64 word;
	int err;

	if (fl->state == SERVAL_FLOW_SYN_SENT) {
		fl->host = serval_keys_offer(sn, get_jiffies_64());
		fl->conn->repeat = fl->host;
	}
	do {
		word = get_random_u64();
		fl->local_id = (__force __be32)(u32)word;
		fl->iss = word >> 32;
		if (fl->state != SERVAL_FLOW_UNCONNECTED)
			fl->nonce = siphash_1u64(word, &sn->secret);
		if (!fl->local_id)
			continue;
		err = serval_flow_insert(sn, fl);
	} while (!fl->local_id || err == -EEXIST);
	return err;
}

/**
 * serval_flow_insert_next() - give a flow that is to be tried an id
 * @sn: namespace
 * @fl: of serval_flow_alloc_next(); its connection's lock is held, and it lives
 *
 * Return: 0 or -ENOMEM.
 */
int serval_flow_insert_next(struct serval_net *sn, struct serval_flow *fl)
{
	int err = -EEXIST;

	lockdep_assert_held(&fl->conn->lock);
	do {
		fl->local_id = (__force __be32)get_random_u32();
		if (fl->local_id)
			err = rhashtable_lookup_insert_fast(&sn->flows.flows,
							    &fl->node,
							    flow_params);
	} while (err == -EEXIST);
	if (err)
		return err;
	SERVAL_INC(sn, FLOWSCREATED);
	trace_serval_flow(sn->net, "next", fl);
	return 0;
}

/**
 * serval_flow_carry_on() - let a flow take over from another
 * @fl:  that was tried, with both ids
 * @old: the one in use; the connection's lock is held
 *
 * Counters are the connection's; what is counted for @old meanwhile is lost.
 */
void serval_flow_carry_on(struct serval_flow *fl, struct serval_flow *old)
{
	lockdep_assert_held(&fl->conn->lock);
	serval_flow_build_hdr(fl);
	atomic64_set(&fl->sent_packets, atomic64_read(&old->sent_packets));
	atomic64_set(&fl->sent_bytes, atomic64_read(&old->sent_bytes));
	atomic64_set(&fl->received_packets,
		     atomic64_read(&old->received_packets));
	atomic64_set(&fl->received_bytes, atomic64_read(&old->received_bytes));
	/* the active flow has the connection's reference */
	fl->host = old->host;
	old->host = 0;
	fl->confirmed = true;
	/* pairs with the lockless look at the state in rcv_segment() */
	smp_store_release(&fl->state, SERVAL_FLOW_ESTABLISHED);
}

/**
 * serval_flow_join() - let a flow take data besides the one in use
 * @fl: that was tried, with both ids and a path; its connection's lock is held
 */
void serval_flow_join(struct serval_flow *fl)
{
	lockdep_assert_held(&fl->conn->lock);
	serval_flow_build_hdr(fl);
	fl->confirmed = true;
	/* pairs with the lockless look at the state in rcv_segment() */
	smp_store_release(&fl->state, SERVAL_FLOW_JOINED);
}

/**
 * serval_flow_swap() - use a joined flow in the place of another
 * @fl:  joined; the connection's lock is held
 * @old: the one in use, joined from now on
 */
void serval_flow_swap(struct serval_flow *fl, struct serval_flow *old)
{
	lockdep_assert_held(&fl->conn->lock);
	/* the one in use has the connection's reference */
	fl->host = old->host;
	old->host = 0;
	WRITE_ONCE(old->state, SERVAL_FLOW_JOINED);
	WRITE_ONCE(fl->state, SERVAL_FLOW_ESTABLISHED);
}

/**
 * serval_flow_find() - flow by the id the peer addresses
 * @sn: namespace
 * @id: network byte order
 *
 * Context: rcu_read_lock() held.
 */
struct serval_flow *serval_flow_find(struct serval_net *sn, __be32 id)
{
	return rhashtable_lookup(&sn->flows.flows, &id, flow_params);
}

static struct serval_flow *take_flow(struct serval_conn *conn)
{
	struct serval_flow *fl;

	fl = rcu_dereference_protected(conn->flow,
				       lockdep_is_held(&conn->lock));
	RCU_INIT_POINTER(conn->flow, NULL);
	return fl;
}

/**
 * serval_flow_remove() - end a flow that is not its connection's active one
 * @sn: namespace
 * @fl: in the table; freed after a grace period
 */
void serval_flow_remove(struct serval_net *sn, struct serval_flow *fl)
{
	rhashtable_remove_fast(&sn->flows.flows, &fl->node, flow_params);
	SERVAL_INC(sn, FLOWSFREED);
	trace_serval_flow(sn->net, "del", fl);
	serval_flow_free(fl);
}

/* @fl is its connection's no more, or NULL */
static void end_flow(struct serval_net *sn, struct serval_flow *fl)
{
	if (!fl)
		return;
	serval_event_end(fl->conn);
	if (fl->state == SERVAL_FLOW_ESTABLISHED)
		serval_event_flow(sn, SERVAL_CMD_FLOW_DEL_NTF, fl, 0);
	serval_host_put(sn, fl->host);
	serval_flow_remove(sn, fl);
}

/**
 * serval_flow_drop() - take a connection's flow away
 * @sn:   namespace
 * @conn: connection; nothing happens without a flow
 */
void serval_flow_drop(struct serval_net *sn, struct serval_conn *conn)
{
	struct serval_flow *fl;

	if (!rcu_access_pointer(conn->flow))
		return;
	/* who listens is told of its flows after they are gone */
	rcu_read_lock();
	spin_lock_bh(&conn->lock);
	fl = take_flow(conn);
	spin_unlock_bh(&conn->lock);
	end_flow(sn, fl);
	rcu_read_unlock();
}

/**
 * serval_conn_destroy() - take a connection out of the table and free it
 * @sn:   namespace
 * @conn: nothing happens if somebody owns it or it is out already
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_conn_destroy(struct serval_net *sn, struct serval_conn *conn)
{
	struct serval_flow *fl;
	struct sock *sk;

	spin_lock_bh(&conn->lock);
	if (conn->owned || conn->dead) {
		spin_unlock_bh(&conn->lock);
		return;
	}
	conn->dead = true;
	sk = take_sock(conn);
	fl = take_flow(conn);
	spin_unlock_bh(&conn->lock);
	rhashtable_remove_fast(&sn->flows.conns, &conn->node, conn_params);
	if (sk)
		sock_put(sk);
	end_flow(sn, fl);
	call_rcu(&conn->rcu, conn_free_rcu);
}

static bool claim(struct serval_conn *conn, const struct sock *sk)
{
	bool mine;

	spin_lock_bh(&conn->lock);
	mine = !conn->owned && !conn->dead;
	if (mine) {
		conn->owned = true;
		WRITE_ONCE(conn->owner, sk);
	}
	spin_unlock_bh(&conn->lock);
	return mine;
}

/**
 * serval_conn_claim() - find a socket's connection and own it
 * @sn: namespace
 * @sk: of a struct socket that the caller holds
 *
 * A child can be accepted before its connection is in the table, so not only
 * accept() claims it but every call that uses one.
 *
 * Return: the connection, which stays until serval_conn_release(); NULL if
 * it is gone (TCP had given the connection up before anybody claimed it) or
 * another socket's.
 */
struct serval_conn *serval_conn_claim(struct serval_net *sn,
				      const struct sock *sk)
{
	struct serval_conn *conn;
	bool mine = false;

	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	if (conn) {
		/* nobody but @sk's struct socket could end that; what else
		 * lies there is no socket
		 */
		mine = READ_ONCE(conn->owner) == sk;
		if (!mine)
			mine = claim(conn, sk);
	}
	rcu_read_unlock();
	return mine ? conn : NULL;
}

/**
 * serval_conn_release() - the struct socket gives its connection up
 * @sn:   namespace
 * @conn: owned; not to be used afterwards
 *
 * Without a flow TCP can know nothing of it and it is freed; else TCP may
 * still send a FIN or sit in TIME_WAIT, and the collector frees it.
 */
void serval_conn_release(struct serval_net *sn, struct serval_conn *conn)
{
	struct sock *sk;

	rcu_read_lock();
	spin_lock_bh(&conn->lock);
	sk = take_sock(conn);
	conn->owned = false;
	WRITE_ONCE(conn->owner, NULL);
	spin_unlock_bh(&conn->lock);
	if (sk)
		sock_put(sk);
	if (!rcu_access_pointer(conn->flow))
		serval_conn_destroy(sn, conn);
	rcu_read_unlock();
}

/**
 * serval_conn_rekey_new() - give a connection another L, of its own
 * @sn:   namespace
 * @conn: owned, without a flow
 *
 * Return: 0; or -ENOMEM, and it is in no table: then serval_conn_abandon() is
 * all that is left.
 */
int serval_conn_rekey_new(struct serval_net *sn, struct serval_conn *conn)
{
	rhashtable_remove_fast(&sn->flows.conns, &conn->node, conn_params);
	return serval_conn_insert_new(sn, conn);
}

/**
 * serval_conn_rekey() - give a connection an L that it shares
 * @sn:    namespace
 * @conn:  owned, without a flow
 * @l:     key of the L
 * @lport: local port, which tells it from the others
 *
 * On failure it has an L of its own, or is in no table, see
 * serval_conn_rekey_new().
 *
 * Return: 0, -EEXIST if another connection has both, -ENOMEM.
 */
int serval_conn_rekey(struct serval_net *sn, struct serval_conn *conn,
		      u64 l, __be16 lport)
{
	int err;

	rhashtable_remove_fast(&sn->flows.conns, &conn->node, conn_params);
	conn->l = l;
	conn->lport = lport;
	conn->scope = SERVAL_SCOPE_PORT;
	err = serval_conn_insert(sn, conn);
	if (!err)
		return 0;
	return serval_conn_insert_new(sn, conn) ?: err;
}

/**
 * serval_conn_abandon() - free a connection that serval_conn_rekey() lost
 * @sn:   namespace
 * @conn: owned, in no table; not to be used afterwards
 */
void serval_conn_abandon(struct serval_net *sn, struct serval_conn *conn)
{
	spin_lock_bh(&conn->lock);
	conn->owned = false;
	WRITE_ONCE(conn->owner, NULL);
	conn->dead = true;
	spin_unlock_bh(&conn->lock);
	serval_conn_put_sock(conn);
	serval_flow_drop(sn, conn);
	call_rcu(&conn->rcu, conn_free_rcu);
}

/**
 * serval_conn_evict() - make room for a connection with the same 4-tuple
 * @sn:   namespace
 * @conn: the new one, in no table
 *
 * TCP's state of the older one is gone.  If it has the same flow id, it is the
 * same.
 *
 * Context: rcu_read_lock() held.
 */
void serval_conn_evict(struct serval_net *sn, const struct serval_conn *conn)
{
	const struct serval_conn_key key = key_of(conn);
	const struct serval_flow *fl;
	struct serval_conn *old;

	old = rhashtable_lookup(&sn->flows.conns, &key, conn_params);
	if (!old)
		return;
	fl = rcu_dereference(old->flow);
	if (!fl || fl->local_id != conn->first.local_id)
		serval_conn_destroy(sn, old);
}

/* True if nobody will ever use the connection again */
static bool conn_is_dead(struct serval_net *sn, struct serval_conn *conn)
{
	struct sock *sk;

	if (READ_ONCE(conn->owned) || conn->protocol != IPPROTO_TCP)
		return false;
	sk = serval_conn_tcp_sock(sn, conn);
	if (!sk)
		return true;
	sock_gen_put(sk);
	return false;
}

/**
 * serval_conn_reap() - free a connection that TCP has just forgotten
 * @sn:   namespace
 * @conn: connection; not to be used afterwards
 *
 * The collector would do it later; a flood of half-open connections, each
 * reset by whom it claims to come from, must not wait for that.
 *
 * Context: softirq, rcu_read_lock() held.
 */
void serval_conn_reap(struct serval_net *sn, struct serval_conn *conn)
{
	if (conn_is_dead(sn, conn))
		serval_conn_destroy(sn, conn);
}

static void gc_slice(struct serval_net *sn)
{
	struct serval_flows *flows = &sn->flows;
	unsigned int count = atomic_read(&flows->conns.nelems), budget;
	struct serval_conn *conn;

	if (!count)
		return;
	budget = count / GC_SLICES + GC_MIN;
	rhashtable_walk_start(&flows->walk);
	while (budget--) {
		conn = rhashtable_walk_next(&flows->walk);
		if (IS_ERR(conn))	/* resized: starts over by itself */
			continue;
		if (!conn) {
			rhashtable_walk_stop(&flows->walk);
			rhashtable_walk_exit(&flows->walk);
			rhashtable_walk_enter(&flows->conns, &flows->walk);
			return;
		}
		if (conn_is_dead(sn, conn))
			serval_conn_destroy(sn, conn);
	}
	rhashtable_walk_stop(&flows->walk);
}

static void gc_work(struct work_struct *work)
{
	struct serval_flows *flows = container_of(to_delayed_work(work),
						  struct serval_flows, gc);
	struct serval_net *sn = container_of(flows, struct serval_net, flows);

	gc_slice(sn);
	queue_delayed_work(system_power_efficient_wq, &flows->gc, GC_INTERVAL);
}

/**
 * serval_flows_init() - make a namespace's tables and start the collector
 * @sn: namespace; sn->dev must be set before the first connection
 *
 * Return: 0 or a negative errno.
 */
int serval_flows_init(struct serval_net *sn)
{
	struct serval_flows *flows = &sn->flows;
	int err;

	err = rhashtable_init(&flows->conns, &conn_params);
	if (err)
		return err;
	err = rhashtable_init(&flows->flows, &flow_params);
	if (err)
		goto err_destroy_conns;
	rhashtable_walk_enter(&flows->conns, &flows->walk);
	INIT_DELAYED_WORK(&flows->gc, gc_work);
	queue_delayed_work(system_power_efficient_wq, &flows->gc, GC_INTERVAL);
	return 0;

err_destroy_conns:
	rhashtable_destroy(&flows->conns);
	return err;
}

static void free_conn(void *ptr, void *arg)
{
	struct serval_net *sn = arg;
	struct serval_conn *conn = ptr;

	serval_conn_put_sock(conn);
	serval_flow_drop(sn, conn);
	call_rcu(&conn->rcu, conn_free_rcu);
}

/**
 * serval_flows_exit() - free a namespace's tables
 * @sn: namespace; no packet and no socket can reach it any more
 *
 * Connections of orphans and of TIME_WAIT sockets are still there; TCP goes
 * on without them, and what it sends finds no device.
 *
 * Context: process.
 */
void serval_flows_exit(struct serval_net *sn)
{
	struct serval_flows *flows = &sn->flows;

	/* requeues itself only; nobody else queues it */
	cancel_delayed_work_sync(&flows->gc);
	rhashtable_walk_exit(&flows->walk);
	rhashtable_free_and_destroy(&flows->conns, free_conn, sn);
	rhashtable_destroy(&flows->flows);
}

/**
 * serval_conn_cache_init() - make the slab cache of connections
 *
 * Return: 0 or -ENOMEM.
 */
int __init serval_conn_cache_init(void)
{
	conn_cache = KMEM_CACHE(serval_conn, 0);
	return conn_cache ? 0 : -ENOMEM;
}

/**
 * serval_conn_cache_exit() - free the slab cache
 *
 * Waits for the grace periods of what was freed last.
 */
void serval_conn_cache_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(conn_cache);
}
