/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections and flows.
 *
 * A connection is what TCP sees: a pair of ULIDs and two ports.  An unconnected
 * datagram socket has a connection too, which leads nowhere, and a flow for the
 * id that it sends from.  A flow is the path it takes now: a pair of flow ids,
 * locators, a route.  Receiving goes wire id -> flow -> connection -> socket;
 * sending goes ULID -> connection -> flow.
 *
 * Most connections have one flow in their life.  So the first lies in the
 * connection: one object is made, and freed after one grace period.  A
 * connection that leaves its first flow does not use that memory again, because
 * readers may still look at it; the next flow is an object of its own, which
 * ends a grace period after it is taken away.  Either way a connection outlives
 * every reader of its flows, who found them by id under rcu_read_lock(): it is
 * freed a grace period after the last of them went out of the table, and it
 * gets none once it is @dead.
 */
#ifndef _SERVAL_FLOW_H
#define _SERVAL_FLOW_H

#include <linux/atomic.h>
#include <linux/in6.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/serval.h>
#include <net/sock.h>

#include "path.h"
#include "ulid.h"
#include "wire.h"

struct serval_backlog;
struct serval_move;
struct serval_net;
struct serval_target;
struct serval_waiting;
struct sock;

enum serval_flow_state {
	SERVAL_FLOW_SYN_SENT,
	SERVAL_FLOW_SYN_RCVD,
	SERVAL_FLOW_ESTABLISHED,
	SERVAL_FLOW_UNCONNECTED,	/* of a datagram socket */
	SERVAL_FLOW_NEXT,		/* being tried, see move.h; has no path yet */
	SERVAL_FLOW_LEFT,		/* takes data that is still on its way */
	SERVAL_FLOW_JOINED,		/* another path of its connection, see join.h */
};

/**
 * struct serval_resolved - where an unconnected socket sent last
 * @to:        service ID that was resolved
 * @advised:   address that was given with it, :: = none
 * @bind_addr: local address asked for
 * @oif:       outer device asked for
 * @port_to:   UDP port that was given with @advised
 * @encap:     serval_encap_mode()
 * @mark:      SO_MARK
 * @mode:      service_resolution_mode
 * @seq:       serval_service_seq() of the resolution
 * @target:    the only choice, alive as long as @seq is current; NULL with
 *             @advised
 * @port:      UDP source port for @to
 * @valid:     this and the flow's path are set
 *
 * Lifetime / locking: its flow's; protected by the lock of the flow's path.
 */
struct serval_resolved {
	struct service_id to;
	struct in6_addr advised;
	struct in6_addr bind_addr;
	int oif;
	__be16 port_to;
	s8 encap;
	u32 mark;
	int mode;
	u32 seq;
	struct serval_target *target;
	__be16 port;
	bool valid;
};

/**
 * struct serval_flow - one path of a connection
 * @node:      in serval_flows.flows
 * @hdr:       the 12 bytes of every data packet, with checksum; its ids are
 *             @local_id and @peer_id
 * @local_id:  random or keyed hash, never 0, constant
 * @peer_id:   0 until the SYN-ACK is accepted
 * @state:     enum serval_flow_state
 * @confirmed: the responder has been heard after its SYN-ACK; its ACKs and
 *             data need no confirm extensions from here on
 * @unproven:  only SOURCE says that the peer has this locator; nothing is sent
 *             there but the SYN-ACKs in @owed
 * @encap:     serval_encap_mode() of the last request
 * @conn:      its connection, which outlives it
 * @path:      locators and route
 * @sent_packets: superpackets count as what they become
 * @sent_bytes: TCP segments
 * @received_packets: see @sent_packets
 * @received_bytes: see @sent_bytes
 * @host:      serval_host_get(): whom the connection is with, a reference; 0 if
 *             one of both has no key; or SERVAL_HOST_OFFERED and an epoch
 * @iss:       our first version number
 * @peer_iss:  the peer's
 * @owed:      passive: SYN-ACKs that may answer a SYN which is being handled
 * @awaited:   active: targets of the last SYN transmission that have not
 *             refused
 * @nonce:     active: ours; passive: the peer's; see serval_flow_nonce()
 * @last:      in UNCONNECTED: what @path leads to
 *
 * Lifetime: unlinked with its connection, when connect() replaces it, when the
 * connection moves once more after it has left this one, or when either end parts with
 * it.
 */
struct serval_flow {
	struct rhash_head node;
	union {
		struct serval_hdr hdr;
		struct {
			__be32 local_id;
			__be32 peer_id;
		};
	};
	u8 state;
	bool confirmed;
	bool unproven;
	s8 encap;
	struct serval_conn *conn;
	struct serval_path path;
	atomic64_t sent_packets;
	atomic64_t sent_bytes;
	atomic64_t received_packets;
	atomic64_t received_bytes;
	u32 host;
	u32 iss;
	u32 peer_iss;
	union {
		atomic_t owed;
		atomic_t awaited;
	};
	union {
		u64 nonce;
		struct serval_resolved *last;
	};
};

static_assert(offsetof(struct serval_flow, local_id) ==
	      offsetof(struct serval_flow, hdr.src));
static_assert(offsetof(struct serval_flow, peer_id) ==
	      offsetof(struct serval_flow, hdr.dst));

/* How a connection is told from others that have the same ULID */
enum serval_conn_scope {
	SERVAL_SCOPE_ULID,	/* there are none */
	SERVAL_SCOPE_PORT,	/* Fast Open, client: by the local port */
	SERVAL_SCOPE_TUPLE,	/* Fast Open, server: by R and both ports */
};

/**
 * struct serval_conn_key - what names a connection in this namespace
 * @name:  serval_ulid_name() of its ULIDs
 * @r:     key of its R
 * @lport: local TCP port, network byte order
 * @rport: remote TCP port
 * @scope: enum serval_conn_scope; what it does not need is 0
 *
 * @name is of one connection alone, except with TCP Fast Open, whose cookies
 * need stable addresses.
 */
struct serval_conn_key {
	u64 name;
	u64 r;
	__be16 lport;
	__be16 rport;
	u8 scope;
};

/**
 * struct serval_options - what only some connections have
 * @name:    what bind() was given
 * @bits:    prefix length of @name, 0 = never bound
 * @flags:   sv_flags given to bind()
 * @bind_addr: local address given to bind(), :: = by route
 * @bound:   @name is in the service table
 * @autobound: @name is random, because the program gave none
 * @encap:   SERVAL_UDP_ENCAP
 * @recv_dest: SERVAL_RECVDEST
 * @gro:     UDP_GRO
 * @recv_move: SERVAL_RECVMOVE
 * @multipath: SERVAL_MULTIPATH
 * @redirects: how many refusals were followed that say where to ask instead
 * @tries:   of a datagram connection: retransmissions of SYN or confirm
 * @oif:     outer device asked for, 0 = by route
 * @advised_oif: device that goes with @advised, 0 = @oif
 * @advised: advisory address from connect(), :: = none
 * @start:   local address from which the request is to leave, where that was
 *           moved to; :: = by @start_oif
 * @start_oif: device that goes with it, 0 = it was not moved
 * @redirect: where a refusal says to ask instead, until that was done; ::
 * @backlog: of a datagram socket that listens or did; freed with this
 * @move:    of one that has moved, or was asked to (move.h); freed with this
 *
 * Lifetime / locking: made when the first of them is set, freed with the
 * connection.  As its fields in general; @redirect, @redirects, @start and
 * @start_oif are protected by its lock.
 */
struct serval_options {
	struct service_id name;
	u16 bits;
	u8 flags;
	bool bound;
	bool autobound;
	s8 encap;
	bool recv_dest;
	bool gro;
	bool recv_move;
	s8 multipath;
	u8 redirects;
	u16 tries;
	int oif;
	int advised_oif;
	int start_oif;
	struct in6_addr bind_addr;
	struct in6_addr start;
	struct in6_addr advised;
	struct in6_addr redirect;
	struct serval_backlog *backlog;
	struct serval_move *move;
};

/**
 * struct serval_conn - a connection, or a socket that may become one
 * @node:    in serval_flows.conns
 * @l:       key of its L
 * @r:       key of its R, 0 = none yet
 * @lport:   TCP ports, network byte order; 0 until known
 * @rport:   see @lport
 * @lock:    protects @sk, @flow, @owned, @owner, @dead, @waits, @waiting
 * @sk:      one reference on the full socket: taken when it transmits or
 *           connects, dropped when it is closed or found dead
 * @flow:    the path in use, NULL until connect()
 * @options: what only some have; never replaced
 * @owned:   a struct socket has it: not for the collector
 * @dead:    out of the table; never gets a socket or flow any more
 * @waits:   datagrams: nobody has accepted it yet; then without @sk
 * @bound:   it keeps to the address or device that its listener is bound to
 * @active:  this host asked for it
 * @repeat:  active: our KEY is in the SYN, and in confirm packets unless the
 *           SYN-ACK says that this is not needed; of a seed: its SYN-ACK asks
 *           for that
 * @doubted: a work has yet to ask the peer whether it is there (move_doubt.c)
 * @spreads: SERVAL_MULTIPATH_* if what is sent takes more flows than @flow, else 0
 * @protocol: IPPROTO_TCP or IPPROTO_UDP; constant
 * @scope:   enum serval_conn_scope; it and what it asks for are constant while
 *           the connection is in the table, and so is serval_conn_name()
 * @first:   its first flow; in use or done with if its @conn is set
 * @service: name that was asked for: the other end's if @active, else this
 *           end's; zero if nobody has asked
 * @owner:   socket's sock while @owned, no reference: release() ends @owned
 * @waiting: while @waits
 * @rcu:     freed after a grace period; nobody looks at @owner and @waiting
 *           once it is @dead
 *
 * Lifetime / locking: made by socket() or, after TCP accepted a SYN, by
 * handshake.c.  Found under rcu_read_lock().  While @owned the socket's sock
 * lock protects what else changes; a passive connection's fields are
 * constant.  Freed by release() if it never had a flow, else by the
 * collector once TCP does not know the 4-tuple any more.
 *
 * There may be very many: what a host holds open is what they take.
 */
struct serval_conn {
	struct rhash_head node;
	u64 l;
	u64 r;
	__be16 lport;
	__be16 rport;
	spinlock_t lock;	/* protects sk, flow, owned, owner, dead, waits */
	struct sock *sk;
	struct serval_flow __rcu *flow;
	struct serval_options *options;
	bool owned;
	u8 dead : 1;		/* both change under the lock alone */
	u8 waits : 1;
	u8 bound : 1;		/* written before it is published */
	bool active;
	bool repeat;
	bool doubted;
	u8 spreads;
	u8 protocol;
	u8 scope;
	struct serval_flow first;
	struct service_id service;
	union {
		struct rcu_head rcu;
		const struct sock *owner;
		struct serval_waiting *waiting;
	};
};

extern const struct serval_options serval_no_options;

/* The key of the ULID that names it: serval_ulid_name() of both */
static inline u64 serval_conn_name(const struct serval_conn *conn)
{
	return conn->l == SERVAL_ULID_ACCEPTED ? conn->r : conn->l;
}

/* The L of a connection */
static inline struct in6_addr serval_conn_laddr(const struct serval_conn *conn)
{
	struct in6_addr laddr;

	serval_ulid_make(&laddr, SERVAL_ULID_L, conn->l);
	return laddr;
}

/* The R of a connection that has one */
static inline struct in6_addr serval_conn_raddr(const struct serval_conn *conn)
{
	struct in6_addr raddr;

	serval_ulid_make(&raddr, SERVAL_ULID_R, conn->r);
	return raddr;
}

/**
 * serval_options() - what only some connections have
 * @conn: connection
 *
 * Return: its options, or those of all that have none.
 */
static inline const struct serval_options *
serval_options(const struct serval_conn *conn)
{
	return READ_ONCE(conn->options) ?: &serval_no_options;
}

/* Name of this end, zero if it has none */
static inline const struct service_id *
serval_conn_local(const struct serval_conn *conn)
{
	const struct serval_options *opt = serval_options(conn);

	return opt->bits || conn->active ? &opt->name : &conn->service;
}

/* Name of the other end, zero if it has none */
static inline const struct service_id *
serval_conn_peer(const struct serval_conn *conn)
{
	return conn->active ? &conn->service : &serval_no_options.name;
}

/* What the extensions of a confirm packet take from a segment */
static inline unsigned int
serval_confirm_extra(const struct serval_conn *conn)
{
	return READ_ONCE(conn->repeat) ? SERVAL_CONFIRM_EXTRA + SERVAL_KEY_LEN :
					 SERVAL_CONFIRM_EXTRA;
}

/**
 * struct serval_flows - connections and flows of a namespace
 * @conns: by struct serval_conn_key
 * @flows: by local flow id
 * @last_l: key of the L that a socket was given last
 * @gc:    the collector
 * @walk:  where it is
 */
struct serval_flows {
	struct rhashtable conns;
	struct rhashtable flows;
	atomic64_t last_l;
	struct delayed_work gc;
	struct rhashtable_iter walk;
};

int serval_conn_cache_init(void);
void serval_conn_cache_exit(void);
int serval_flows_init(struct serval_net *sn);
void serval_flows_exit(struct serval_net *sn);

struct serval_conn *serval_conn_alloc(gfp_t gfp);
struct serval_conn *serval_conn_move(struct serval_conn *from, gfp_t gfp);
void serval_conn_free(struct serval_conn *conn);
struct serval_options *serval_conn_set_options(struct serval_conn *conn,
					       gfp_t gfp);
int serval_conn_insert(struct serval_net *sn, struct serval_conn *conn);
int serval_conn_insert_new(struct serval_net *sn, struct serval_conn *conn);
struct serval_conn *serval_conn_find_tuple(struct serval_net *sn,
					   const struct in6_addr *laddr,
					   const struct in6_addr *raddr,
					   __be16 lport, __be16 rport);
struct serval_conn *serval_conn_find_sock(struct serval_net *sn,
					  const struct sock *sk);
u32 serval_conn_mark(const struct serval_conn *conn);
void serval_conn_set_sock(struct serval_conn *conn, struct sock *sk);
void serval_conn_put_sock(struct serval_conn *conn);
struct sock *serval_conn_any_sock(struct serval_net *sn,
				  const struct serval_conn *conn);
struct sock *serval_conn_tcp_sock(struct serval_net *sn,
				  const struct serval_conn *conn);
int serval_conn_rekey(struct serval_net *sn, struct serval_conn *conn,
		      u64 l, __be16 lport);
int serval_conn_rekey_new(struct serval_net *sn, struct serval_conn *conn);
void serval_conn_evict(struct serval_net *sn, const struct serval_conn *conn);
struct serval_conn *serval_conn_claim(struct serval_net *sn,
				      const struct sock *sk);
void serval_conn_abandon(struct serval_net *sn, struct serval_conn *conn);
void serval_conn_destroy(struct serval_net *sn, struct serval_conn *conn);
void serval_conn_reap(struct serval_net *sn, struct serval_conn *conn);
void serval_conn_release(struct serval_net *sn, struct serval_conn *conn);

struct serval_flow *serval_flow_alloc(struct serval_conn *conn, gfp_t gfp);
struct serval_flow *serval_flow_alloc_unconnected(struct serval_conn *conn);
int serval_flow_insert(struct serval_net *sn, struct serval_flow *fl);
int serval_flow_insert_random(struct serval_net *sn, struct serval_flow *fl);
struct serval_flow *serval_flow_alloc_next(const struct serval_flow *fl);
int serval_flow_insert_next(struct serval_net *sn, struct serval_flow *fl);
void serval_flow_carry_on(struct serval_flow *fl, struct serval_flow *old);
void serval_flow_join(struct serval_flow *fl);
void serval_flow_swap(struct serval_flow *fl, struct serval_flow *old);
void serval_flow_remove(struct serval_net *sn, struct serval_flow *fl);
void serval_flow_drop(struct serval_net *sn, struct serval_conn *conn);
void serval_flow_free(struct serval_flow *fl);
struct serval_flow *serval_flow_find(struct serval_net *sn, __be32 id);
void serval_flow_build_hdr(struct serval_flow *fl);
u32 serval_flow_clock(void);
u64 serval_flow_nonce(const struct serval_net *sn,
		      const struct serval_flow *fl);

/**
 * serval_conn_get_sock() - the full socket of a connection
 * @conn: connection
 *
 * The connection's reference may be dropped and the memory become another
 * socket meanwhile, hence the second look.
 *
 * Context: rcu_read_lock() held.
 * Return: the socket with a reference that sock_put() drops, or NULL.
 */
static inline struct sock *
serval_conn_get_sock(const struct serval_conn *conn)
{
	struct sock *sk = READ_ONCE(conn->sk);

	if (!sk || !refcount_inc_not_zero(&sk->sk_refcnt))
		return NULL;
	if (likely(READ_ONCE(conn->sk) == sk))
		return sk;
	sock_put(sk);
	return NULL;
}

/* Let others run in the middle of a walk of the flow table; process context.  What it has
 * found may be gone afterwards
 */
static inline void serval_flow_walk_rest(struct rhashtable_iter *iter)
{
	if (!need_resched())
		return;
	rhashtable_walk_stop(iter);
	cond_resched();
	rhashtable_walk_start(iter);
}

/* A path that is in use, not only the id of a datagram socket: users see it */
static inline bool serval_flow_is_shown(const struct serval_flow *fl)
{
	return READ_ONCE(fl->state) < SERVAL_FLOW_UNCONNECTED;
}

/* The same, and those that are ready to be used */
static inline bool serval_flow_is_listed(const struct serval_flow *fl)
{
	u8 state = READ_ONCE(fl->state);

	return state < SERVAL_FLOW_UNCONNECTED || state == SERVAL_FLOW_JOINED;
}

/* Data that comes along it is the connection's */
static inline bool serval_flow_receives(const struct serval_flow *fl)
{
	/* pairs with serval_flow_carry_on(), _join() and _adopt() */
	u8 state = smp_load_acquire(&fl->state);

	return likely(state == SERVAL_FLOW_ESTABLISHED) ||
	       state >= SERVAL_FLOW_LEFT;
}

#endif /* _SERVAL_FLOW_H */
