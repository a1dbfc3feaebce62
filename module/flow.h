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

#include "path.h"
#include "wire.h"

struct serval_backlog;
struct serval_net;
struct serval_target;
struct serval_waiting;
struct sock;

enum serval_flow_state {
	SERVAL_FLOW_SYN_SENT,
	SERVAL_FLOW_SYN_RCVD,
	SERVAL_FLOW_ESTABLISHED,
	SERVAL_FLOW_UNCONNECTED,	/* of a datagram socket */
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
 * @local_id:  random or keyed hash, never 0, constant
 * @peer_id:   0 until the SYN-ACK is accepted
 * @state:     enum serval_flow_state
 * @active:    this host asked for it
 * @confirmed: the responder has been heard after its SYN-ACK; its ACKs and
 *             data need no confirm extensions from here on
 * @encap:     serval_encap_mode() of the last request
 * @tries:     of a datagram connection: retransmissions of SYN or confirm
 * @unproven:  only SOURCE says that the peer has this locator; nothing is sent
 *             there but the SYN-ACKs in @owed
 * @owed:      SYN-ACKs that may answer a SYN which is being handled
 * @path:      locators and route
 * @last:      of an unconnected socket: what @path leads to; else NULL
 * @redirect:  where a refusal says to ask instead, until that was done; ::
 * @redirects: how many such refusals were followed
 * @awaited:   targets of the last SYN transmission that have not refused
 * @hdr:       the 12 bytes of every data packet, with checksum
 * @conn:      its connection, which outlives it
 * @iss:       our first version number
 * @peer_iss:  the peer's
 * @nonce:     ours
 * @peer_nonce: the peer's
 * @sent_packets: superpackets count as what they become
 * @sent_bytes: TCP segments
 * @received_packets: see @sent_packets
 * @received_bytes: see @sent_bytes
 * @born:      jiffies64
 *
 * Lifetime: unlinked with its connection or when connect() replaces it.
 */
struct serval_flow {
	struct rhash_head node;
	__be32 local_id;
	__be32 peer_id;
	u8 state;
	bool active;
	bool confirmed;
	s8 encap;
	bool unproven;
	u8 redirects;
	u16 tries;
	struct in6_addr redirect;
	atomic_t owed;
	atomic_t awaited;
	struct serval_hdr hdr;
	struct serval_path path;
	struct serval_resolved *last;
	struct serval_conn *conn;
	atomic64_t sent_packets;
	atomic64_t sent_bytes;
	atomic64_t received_packets;
	atomic64_t received_bytes;
	u32 iss;
	u32 peer_iss;
	u64 nonce;
	u64 peer_nonce;
	u64 born;
};

/**
 * struct serval_conn_key - what names a connection in this namespace
 * @l:     serval_ulid_name() of its ULIDs
 * @r:     key of its R, 0 unless others have the same @l
 * @ports: local << 16 | remote TCP port, 0 unless others have the same @l
 *
 * @l is of one connection alone, except with TCP Fast Open, whose cookies need
 * stable addresses.
 */
struct serval_conn_key {
	u64 l;
	u64 r;
	u64 ports;
};

/**
 * struct serval_conn - a connection, or a socket that may become one
 * @node:    in serval_flows.conns
 * @key:     constant while in the table
 * @rcu:     freed after a grace period
 * @lock:    protects @sk, @flow, @owned, @owner, @dead, @waiting
 * @sk:      one reference on the full socket: taken when it transmits or
 *           connects, dropped when it is closed or found dead
 * @flow:    the path in use, NULL until connect()
 * @owned:   a struct socket has it: not for the collector
 * @owner:   that socket's sock, no reference: release() ends @owned
 * @dead:    out of the table; never gets a socket or flow any more
 * @encap:   SERVAL_UDP_ENCAP
 * @bound:   @local was given by bind() and is in the service table
 * @autobound: @local is a random name, because the program gave none
 * @recv_dest: SERVAL_RECVDEST
 * @gro:     UDP_GRO
 * @protocol: IPPROTO_TCP or IPPROTO_UDP; constant
 * @waiting: datagrams: nobody has accepted it yet; then without @sk
 * @backlog: of a datagram socket that listens or did; freed with this
 * @lport:   TCP ports, network byte order; 0 until known
 * @rport:   see @lport
 * @laddr:   ULIDs
 * @raddr:   see @laddr
 * @local:   name of this end, zero if it has none
 * @peer:    name of the other end, zero if it has none
 * @bits:    prefix length of @local while bound
 * @flags:   sv_flags given to bind()
 * @advised: advisory address from connect(), :: = none
 * @advised_oif: device that goes with it, 0 = @oif
 * @bind_addr: local address given to bind(), :: = by route
 * @oif:     outer device asked for, 0 = by route
 * @first:   its first flow; in use or done with if its @conn is set
 *
 * Lifetime / locking: made by socket() or, after TCP accepted a SYN, by
 * handshake.c.  Found under rcu_read_lock().  While @owned the socket's sock
 * lock protects @bound and what follows; a passive connection's fields are
 * constant.  Freed by release() if it never had a flow, else by the
 * collector once TCP does not know the 4-tuple any more.
 */
struct serval_conn {
	struct rhash_head node;
	struct serval_conn_key key;
	struct rcu_head rcu;
	spinlock_t lock;	/* protects sk, flow, owned, owner, dead, waiting */
	struct sock *sk;
	struct serval_flow __rcu *flow;
	const struct sock *owner;
	bool owned;
	bool dead;
	bool bound;
	s8 encap;
	bool autobound;
	bool recv_dest;
	bool gro;
	u8 protocol;
	struct serval_waiting *waiting;
	struct serval_backlog *backlog;
	__be16 lport;
	__be16 rport;
	struct in6_addr laddr;
	struct in6_addr raddr;
	struct service_id local;
	struct service_id peer;
	u16 bits;
	u8 flags;
	struct in6_addr advised;
	struct in6_addr bind_addr;
	int advised_oif;
	int oif;
	struct serval_flow first;
};

/**
 * struct serval_flows - connections and flows of a namespace
 * @conns: by serval_conn_key
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
int serval_conn_insert(struct serval_net *sn, struct serval_conn *conn);
int serval_conn_insert_new(struct serval_net *sn, struct serval_conn *conn);
struct serval_conn *serval_conn_find(struct serval_net *sn, u64 l);
struct serval_conn *serval_conn_find_tuple(struct serval_net *sn,
					   const struct in6_addr *laddr,
					   const struct in6_addr *raddr,
					   __be16 lport, __be16 rport);
struct serval_conn *serval_conn_find_sock(struct serval_net *sn,
					  const struct sock *sk);
void serval_conn_set_sock(struct serval_conn *conn, struct sock *sk);
void serval_conn_put_sock(struct serval_conn *conn);
struct sock *serval_conn_get_sock(const struct serval_conn *conn);
struct sock *serval_conn_any_sock(struct serval_net *sn,
				  const struct serval_conn *conn);
struct sock *serval_conn_tcp_sock(struct serval_net *sn,
				  const struct serval_conn *conn);
int serval_conn_rekey(struct serval_net *sn, struct serval_conn *conn,
		      const struct serval_conn_key *key);
void serval_conn_evict(struct serval_net *sn,
		       const struct serval_conn_key *key, __be32 local_id);
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
void serval_flow_drop(struct serval_net *sn, struct serval_conn *conn);
void serval_flow_free(struct serval_flow *fl);
struct serval_flow *serval_flow_find(struct serval_net *sn, __be32 id);
void serval_flow_build_hdr(struct serval_flow *fl);

/* A path that is in use, not only the id of a datagram socket: users see it */
static inline bool serval_flow_is_shown(const struct serval_flow *fl)
{
	return fl->state != SERVAL_FLOW_UNCONNECTED;
}

#endif /* _SERVAL_FLOW_H */
