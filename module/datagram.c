// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unconnected datagrams (Documentation/protocol.rst section 4.11): each one a
 * packet that says whom it is for and from whom it comes.
 *
 *	| IP | SAL header, SERVICE{to}, SERVICE{from} | UDP | data |
 *
 * Out: each datagram is resolved through the service table.  A choice that
 * was the only one is remembered in the socket's flow, with its route, until
 * the table changes: a program that sends to one service walks no trie and
 * looks no route up.
 *
 * In: the table says which socket; UDP's own functions queue the packet, with
 * UDP's accounting.  Whoever sends can be anybody, so nothing is kept of it.
 *
 * A refusal must come from somebody who has seen the datagram.  It names the
 * service and carries the flow id, which is random for each socket, and the
 * UDP source port, a keyed hash of both: who gets datagrams of a socket cannot
 * refuse for another service.  So nothing has to be kept of what was sent.
 */
#include <linux/filter.h>
#include <linux/jhash.h>
#include <linux/siphash.h>
#include <linux/udp.h>
#include <net/busy_poll.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/udp.h>

#include "path.h"
#include "sal.h"
#include "ulid.h"

static_assert(sizeof(struct serval_datagram_cb) <=
	      sizeof_field(struct sk_buff, cb) - sizeof(struct sock_skb_cb));

/* Where a datagram goes; @path holds a route if it is remembered */
struct way {
	struct serval_path path;
	struct serval_target *target;
	int mode;
	u32 seq;
	__be16 port;
};

static __be16 source_port(const struct serval_net *sn,
			  const struct serval_flow *fl,
			  const struct service_id *to)
{
	const struct {
		struct service_id to;
		__be32 local_id;
	} __packed in = { .to = *to, .local_id = fl->local_id };

	return htons((u16)siphash(&in, sizeof(in), &sn->secret) ?: 1);
}

static int device_of(const struct serval_conn *conn,
		     const struct serval_datagram *dg)
{
	return dg->oif ?: READ_ONCE(serval_options(conn)->oif);
}

static bool is_last(const struct serval_net *sn,
		    const struct serval_resolved *last,
		    const struct serval_conn *conn, const struct sock *sk,
		    const struct way *way, const struct serval_datagram *dg)
{
	return last->valid && last->seq == way->seq &&
	       last->mode == way->mode &&
	       last->mark == READ_ONCE(sk->sk_mark) &&
	       last->oif == device_of(conn, dg) && last->port_to == dg->port &&
	       last->encap == serval_encap_mode(sn, conn, last->target) &&
	       !memcmp(&last->to, &dg->to, sizeof(dg->to)) &&
	       ipv6_addr_equal(&last->advised, &dg->advised) &&
	       ipv6_addr_equal(&last->bind_addr,
			       &serval_options(conn)->bind_addr) &&
	       (!last->target ||
		serval_target_is_for(sn, last->target, IPPROTO_UDP));
}

static bool recall(const struct serval_net *sn, struct serval_flow *fl,
		   const struct serval_conn *conn,
		   const struct sock *sk, struct way *way,
		   const struct serval_datagram *dg)
{
	struct serval_resolved *last = fl->last;
	bool found;

	spin_lock_bh(&fl->path.lock);
	/* another route may mean another source address */
	found = is_last(sn, last, conn, sk, way, dg) &&
		serval_path_dst(&fl->path);
	if (found) {
		__serval_path_copy(&way->path, &fl->path);
		way->target = last->target;
		way->port = last->port;
	}
	spin_unlock_bh(&fl->path.lock);
	return found;
}

static void remember(const struct serval_net *sn, struct serval_flow *fl,
		     const struct serval_conn *conn,
		     const struct sock *sk, const struct way *way,
		     const struct serval_datagram *dg)
{
	struct dst_entry *old;

	spin_lock_bh(&fl->path.lock);
	old = __serval_path_copy(&fl->path, &way->path);
	*fl->last = (struct serval_resolved) {
		.to = dg->to,
		.advised = dg->advised,
		.bind_addr = serval_options(conn)->bind_addr,
		.oif = device_of(conn, dg),
		.port_to = dg->port,
		.encap = serval_encap_mode(sn, conn, way->target),
		.mark = READ_ONCE(sk->sk_mark),
		.mode = way->mode,
		.seq = way->seq,
		.target = way->target,
		.port = way->port,
		.valid = true,
	};
	spin_unlock_bh(&fl->path.lock);
	dst_release(old);
}

/* @skb at the UDP header; consumed */
static int send_along(struct serval_net *sn, struct sock *sk,
		      const struct serval_flow *fl, struct way *way,
		      struct sk_buff *skb, const struct serval_datagram *dg)
{
	const struct serval_pkt pkt = {
		.src = fl->local_id,
		.protocol = SERVAL_PROTO_UDP,
		.has = SERVAL_HAS_SERVICE | SERVAL_HAS_SERVICE2,
		.service = { dg->to, dg->from },
	};
	u32 segments = serval_segments(skb);
	int err;

	if (unlikely(skb->len + SERVAL_DATAGRAM_LEN >
		     serval_path_payload_max(&way->path))) {
		kfree_skb(skb);
		return -EMSGSIZE;
	}
	udp_hdr(skb)->source = way->port;
	if (serval_tapped(sn))
		serval_datagram_tap(sn, skb, fl->conn, &dg->to, dg->tos, true);
	serval_wire_build(skb_push(skb, SERVAL_DATAGRAM_LEN), &pkt);
	skb->ignore_df = 1;
	err = serval_path_xmit(sn, &way->path, sk, skb,
			       (struct serval_outer) { dg->tos });
	if (likely(err >= 0))
		SERVAL_ADD(sn, OUTDATAGRAMS, segments);
	return err;
}

static int send_to_target(struct serval_net *sn, struct sock *sk,
			  const struct serval_flow *fl, struct way *way,
			  struct sk_buff *skb, const struct serval_datagram *dg)
{
	struct serval_target *t = way->target;
	u32 bytes = skb->len;
	int err;

	err = send_along(sn, sk, fl, way, skb, dg);
	if (!t)
		return err;
	if (err < 0)
		serval_target_dropped(t, bytes);
	else if (t->type == SERVAL_SERVICE_FORWARD)
		/* a DEMUX target counts when the datagram arrives */
		serval_target_resolved(t, bytes);
	return err;
}

/* To a port that is not a host's well-known one goes the answer to somebody
 * who was encapsulated, perhaps by way of a NAT: from the port he addressed.
 */
static void choose_encap(struct serval_net *sn, const struct serval_conn *conn,
			 const struct serval_flow *fl, struct serval_path *path,
			 const struct serval_target *t,
			 const struct serval_datagram *dg)
{
	__be16 well_known = htons(READ_ONCE(sn->encap.server_port));
	int mode = serval_encap_mode(sn, conn, t);
	bool udp = mode == SERVAL_UDP_ALWAYS;

	if (dg->port && dg->port != well_known)
		return serval_path_encapsulate(path, well_known, dg->port);
	if (mode == SERVAL_UDP_AUTO)
		serval_encap_known(sn, &path->raddr, &udp);
	if (udp || dg->port)
		serval_encap_request(sn, path, ntohl(fl->local_id));
}

/* @t leads on; NULL for the advisory address */
static void set_target(struct serval_net *sn, const struct serval_conn *conn,
		       const struct serval_flow *fl, struct way *way,
		       struct serval_target *t, const struct serval_datagram *dg)
{
	const struct in6_addr loopback =
		serval_addr_from4(htonl(INADDR_LOOPBACK));
	const struct in6_addr *bind_addr = &serval_options(conn)->bind_addr;

	way->target = t;
	if (!t)
		serval_path_set(&way->path, bind_addr, &dg->advised,
				device_of(conn, dg), false);
	else if (t->type == SERVAL_SERVICE_FORWARD)
		serval_path_set(&way->path, bind_addr, &t->addr,
				t->ifindex ?: device_of(conn, dg), true);
	else
		serval_path_set(&way->path, bind_addr, &loopback, 0, false);
	if (!t || t->type == SERVAL_SERVICE_FORWARD)
		choose_encap(sn, conn, fl, &way->path, t, dg);
}

static int unresolved(struct serval_net *sn, struct sk_buff *skb,
		      enum serval_mib_field why, int err)
{
	serval_drop(sn, skb, why);
	return err;
}

/* What a held datagram keeps besides its names */
struct held_cb {
	int oif;
	u8 tos;
};

static struct held_cb *held_cb(const struct sk_buff *skb)
{
	return (struct held_cb *)skb->cb;
}

/* As if it were sent now, if the socket is not closed */
static void release_held(struct serval_net *sn, const struct serval_held *held)
{
	const struct serval_datagram dg = {
		.to = held->info.service,
		.from = held->info.source,
		.oif = held_cb(held->skb)->oif,
		.tos = held_cb(held->skb)->tos,
	};
	struct sock *sk = held->sk;
	struct serval_conn *conn;

	lock_sock(sk);
	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	if (conn)
		serval_datagram_send(sn, sk, conn, held->skb, &dg);
	else
		kfree_skb(held->skb);
	rcu_read_unlock();
	release_sock(sk);
}

static const struct serval_delay_ops datagram_ops = {
	.release = release_held,
};

/* It stays in the sender's send buffer.  No datagram is a copy of another */
static int hold(struct serval_net *sn, struct sock *sk, struct serval_target *t,
		struct sk_buff *skb, const struct serval_datagram *dg)
{
	const struct serval_held held = {
		.info.protocol = IPPROTO_UDP,
		.info.service = dg->to,
		.info.source = dg->from,
		.key = get_random_u64(),
		.skb = skb,
		.sk = sk,
		.ops = &datagram_ops,
	};
	u32 bytes = skb->len;
	int err;

	*held_cb(skb) = (struct held_cb){ .oif = dg->oif, .tos = dg->tos };
	err = serval_delay_hold(sn, &held);
	if (err)
		serval_target_dropped(t, bytes);
	else
		serval_target_resolved(t, bytes);
	return err;
}

/* Where nothing leads on, DELAY is asked.
 * Return: of the first that could be sent, else the last error.
 */
static int send_to_all(struct serval_net *sn, struct sock *sk,
		       struct serval_conn *conn, struct serval_flow *fl,
		       struct way *way, const struct serval_target_set *set,
		       struct sk_buff *skb, const struct serval_datagram *dg)
{
	struct serval_target *delay = NULL;
	struct sk_buff *copy;
	int err = 0, err2;
	u32 i, end, n = 0;

	i = serval_service_top(sn, set, IPPROTO_UDP, &end);
	for (; i < end; i++) {
		struct serval_target *t = set->t[i];

		if (!serval_target_is_for(sn, t, IPPROTO_UDP))
			continue;
		if (t->type == SERVAL_SERVICE_DELAY) {
			delay = t;
			continue;
		}
		if (!serval_target_leads_on(t)) {
			serval_target_dropped(t, skb->len);
			continue;
		}
		set_target(sn, conn, fl, way, t, dg);
		copy = pskb_copy(skb, GFP_ATOMIC);
		err2 = copy ? send_to_target(sn, sk, fl, way, copy, dg) :
			      -ENOMEM;
		if (!n++ || err < 0)
			err = err2;
	}
	if (!n && delay)
		return hold(sn, sk, delay, skb, dg);
	if (!n)
		return unresolved(sn, skb, SERVAL_MIB_NORULE, -EHOSTUNREACH);
	consume_skb(skb);
	return err;
}

static int resolve_and_send(struct serval_net *sn, struct sock *sk,
			    struct serval_conn *conn, struct serval_flow *fl,
			    struct way *way, struct sk_buff *skb,
			    const struct serval_datagram *dg)
{
	const struct serval_target_set *set;
	struct serval_target *t = NULL;
	bool only = true;
	int err;

	way->port = source_port(sn, fl, &dg->to);
	if (ipv6_addr_any(&dg->advised)) {
		set = serval_service_find(sn, &dg->to, IPPROTO_UDP);
		if (!set)
			return unresolved(sn, skb, SERVAL_MIB_NORULE,
					  -EHOSTUNREACH);
		if (way->mode == SERVAL_MODE_ALL)
			return send_to_all(sn, sk, conn, fl, way, set, skb, dg);
		t = serval_service_choose(sn, set, way->mode,
					  IPPROTO_UDP, &only);
		if (!t)
			return unresolved(sn, skb, SERVAL_MIB_NOTARGET,
					  -EADDRNOTAVAIL);
		if (t->type == SERVAL_SERVICE_DELAY)
			return hold(sn, sk, t, skb, dg);
		if (!serval_target_leads_on(t)) {
			serval_target_dropped(t, skb->len);
			return unresolved(sn, skb, SERVAL_MIB_NORULE,
					  -EHOSTUNREACH);
		}
	}
	set_target(sn, conn, fl, way, t, dg);
	err = send_to_target(sn, sk, fl, way, skb, dg);
	if (only && err >= 0)
		remember(sn, fl, conn, sk, way, dg);
	return err;
}

/**
 * serval_datagram_send() - resolve and send a datagram
 * @sn:   namespace
 * @sk:   its socket
 * @conn: the socket's, unconnected
 * @skb:  at the UDP header, with headroom; consumed
 * @dg:   where it goes
 *
 * Context: process.
 * Return: as ip_local_out(); 0 also if a rule of the type DELAY holds it;
 * -EHOSTUNREACH without a rule, for DROP, or if it can't be held;
 * -EADDRNOTAVAIL if the resolution mode excludes every target; -EMSGSIZE;
 * -ENETUNREACH and what else IP says.
 */
int serval_datagram_send(struct serval_net *sn, struct sock *sk,
			 struct serval_conn *conn, struct sk_buff *skb,
			 const struct serval_datagram *dg)
{
	struct serval_flow *fl;
	struct way way = {
		.mode = READ_ONCE(sn->settings.resolution_mode),
	};
	int err;

	serval_path_init(&way.path);
	rcu_read_lock();
	way.seq = serval_service_seq(sn);
	fl = rcu_dereference(conn->flow);
	if (unlikely(!fl || fl->state != SERVAL_FLOW_UNCONNECTED)) {
		/* connected a moment ago */
		kfree_skb(skb);
		err = -EISCONN;
	} else if (recall(sn, fl, conn, sk, &way, dg)) {
		err = send_to_target(sn, sk, fl, &way, skb, dg);
	} else {
		err = resolve_and_send(sn, sk, conn, fl, &way, skb, dg);
	}
	rcu_read_unlock();
	serval_path_release(&way.path);
	return err;
}

/* Longer than the refusal, so this cannot be used to send more than it takes.
 * Who asks a group wants to hear from those that have the service.
 */
static void refuse(struct serval_net *sn, struct sk_buff *skb,
		   const struct serval_pkt *datagram, unsigned int len)
{
	const struct udphdr *uh = (struct udphdr *)(skb->data + len);
	const struct serval_pkt pkt = {
		.src = (__force __be32)(get_random_u32() | 1),
		.dst = datagram->src,
		.protocol = SERVAL_PROTO_NONE,
		.has = SERVAL_HAS_CONTROL | SERVAL_HAS_SERVICE,
		.flags = SERVAL_CTRL_NACK,
		.reason = ECONNREFUSED,
		.ackno = ntohs(uh->source),
		.service[0] = datagram->service[0],
	};

	if (!serval_outer_is_group(skb) && serval_reply_allowed(sn)) {
		SERVAL_INC(sn, OUTNACK);
		serval_path_refuse(sn, skb, datagram, &pkt);
	}
	serval_drop(sn, skb, SERVAL_MIB_SYNNOSERVICE);
}

/* @skb at the SAL header; the UDP header behind it, linear */
static const struct udphdr *pull_udp(struct sk_buff *skb, unsigned int len)
{
	const struct udphdr *uh;

	if (!pskb_may_pull(skb, len + sizeof(*uh)))
		return NULL;
	uh = (struct udphdr *)(skb->data + len);
	return ntohs(uh->len) == skb->len - len &&
	       ntohs(uh->len) >= sizeof(*uh) ? uh : NULL;
}

/* Return: the connection of the socket that @t leads to, NULL if none does */
static const struct serval_conn *find_receiver(struct serval_net *sn,
					       struct sk_buff *skb,
					       const struct serval_pkt *pkt,
					       unsigned int len,
					       struct serval_target **t)
{
	u32 hash = jhash(&pkt->service[1], sizeof(pkt->service[1]),
			 (__force u32)pkt->src);
	const struct serval_conn *conn;

	__skb_pull(skb, len);
	*t = serval_service_receiver(sn, &pkt->service[0], hash, skb,
				     TCP_CLOSE);
	__skb_push(skb, len);
	if (!*t)
		return NULL;
	conn = serval_conn_find_sock(sn, (*t)->sk);
	return conn && serval_conn_takes(conn, skb) ? conn : NULL;
}

/**
 * serval_datagram_check() - is what follows the SAL header a datagram
 * @skb: at the SAL header
 * @len: of that
 *
 * Or several in one packet, which can be cut.
 */
bool serval_datagram_check(struct sk_buff *skb, unsigned int len)
{
	const unsigned int kinds = SKB_GSO_UDP_L4 | SKB_GSO_FRAGLIST;

	if (skb_is_gso(skb) &&
	    (skb_shinfo(skb)->gso_type & kinds) != SKB_GSO_UDP_L4)
		return false;
	return pull_udp(skb, len) && serval_checksum_ok(skb, len, IPPROTO_UDP);
}

/**
 * serval_datagram_tap() - show a datagram to packet sockets on sal0
 * @sn:     namespace
 * @skb:    at the UDP header; kept
 * @conn:   whose
 * @peer:   name of the other end
 * @tclass: DSCP and ECN
 * @out:    direction
 *
 * Who accepted a connection knows no name of the other end, only a ULID.
 */
void serval_datagram_tap(struct serval_net *sn, struct sk_buff *skb,
			 const struct serval_conn *conn,
			 const struct service_id *peer, u8 tclass, bool out)
{
	const struct in6_addr laddr = serval_conn_laddr(conn);
	struct in6_addr raddr;

	serval_ulid_make(&raddr, SERVAL_ULID_R,
			 conn->r ?: serval_ulid_service_key(peer));
	serval_device_tap(sn, skb, out ? &laddr : &raddr,
			  out ? &raddr : &laddr, IPPROTO_UDP, tclass, out);
}

/**
 * serval_datagram_tap_received() - show one that has arrived
 * @sn:   namespace
 * @skb:  at the SAL header; kept
 * @conn: whose
 * @peer: name of the sender
 * @len:  of the SAL header
 */
void serval_datagram_tap_received(struct serval_net *sn, struct sk_buff *skb,
				  const struct serval_conn *conn,
				  const struct service_id *peer,
				  unsigned int len)
{
	__skb_pull(skb, len);
	serval_datagram_tap(sn, skb, conn, peer, serval_outer_tos(skb), false);
	__skb_push(skb, len);
}

/**
 * serval_datagram_strip() - leave only what recvmsg() needs
 * @skb:  at the SAL header, checked
 * @from: name of the sender
 * @len:  of the SAL header
 *
 * The data; and in the head before it what the packet says of its sender.
 */
void serval_datagram_strip(struct sk_buff *skb, const struct service_id *from,
			   unsigned int len)
{
	struct serval_datagram_cb *cb = serval_datagram_cb(skb);
	const struct udphdr *outer = serval_outer_udp(skb);
	__be16 port = outer ? outer->source : 0;
	int iif = serval_outer_iif(skb);

	skb_pull_rcsum(skb, len);
	skb_reset_transport_header(skb);
	__skb_pull(skb, sizeof(struct udphdr));
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb_dst_drop(skb);
	skb_orphan(skb);
	cb->from = *from;
	cb->iif = iif;
	cb->len = len;
	cb->port = port;
}

static bool is_filtered(struct sock *sk, struct sk_buff *skb, unsigned int len)
{
	int err;

	__skb_pull(skb, len);
	err = sk_filter_trim_cap(sk, skb, sizeof(struct udphdr));
	__skb_push(skb, len);
	return err;
}

static void enqueue(struct serval_net *sn, struct sock *sk,
		    struct sk_buff *skb, const struct service_id *from,
		    unsigned int len)
{
	if (is_filtered(sk, skb, len)) {
		atomic_inc(&sk->sk_drops);
		return serval_drop(sn, skb, SERVAL_MIB_INDATAGRAMSFILTER);
	}
	serval_datagram_strip(skb, from, len);
	sk_mark_napi_id_once(sk, skb);
	serval_datagram_queue(sn, sk, skb);
}

/**
 * serval_datagram_enqueue() - put a datagram into a socket's queue
 * @sn:   namespace
 * @conn: the socket's
 * @sk:   UDPv6 socket
 * @skb:  at the SAL header, checked; consumed; several if they came in one
 * @from: name of the sender
 * @len:  of the SAL header
 */
void serval_datagram_enqueue(struct serval_net *sn,
			     const struct serval_conn *conn, struct sock *sk,
			     struct sk_buff *skb, const struct service_id *from,
			     unsigned int len)
{
	struct sk_buff *segs, *next;

	if (likely(!skb_is_gso(skb)) || READ_ONCE(serval_options(conn)->gro))
		return enqueue(sn, sk, skb, from, len);
	segs = serval_datagram_cut(skb, len);
	if (!segs)
		return serval_drop(sn, skb, SERVAL_MIB_INNOMEM);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		enqueue(sn, sk, skb, from, len);
	}
}

/**
 * serval_datagram_queue() - put a stripped datagram into a socket's queue
 * @sn:  namespace
 * @sk:  UDPv6 socket
 * @skb: from serval_datagram_strip(); consumed
 */
void serval_datagram_queue(struct serval_net *sn, struct sock *sk,
			   struct sk_buff *skb)
{
	u32 segments = serval_segments(skb);

	/* counts sk_drops itself; a reader may have it afterwards */
	if (__udp_enqueue_schedule_skb(sk, skb)) {
		UDP6_INC_STATS(sn->net, UDP_MIB_RCVBUFERRORS, 0);
		return serval_drop(sn, skb, SERVAL_MIB_INDATAGRAMSFULL);
	}
	SERVAL_ADD(sn, INDELIVERS, segments);
	SERVAL_ADD(sn, INDATAGRAMS, segments);
}

/**
 * serval_datagram_rcv() - a datagram arrives
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 * @pkt: parsed header, without CONTROL and destination id
 * @len: its length
 */
void serval_datagram_rcv(struct serval_net *sn, struct sk_buff *skb,
			 const struct serval_pkt *pkt, unsigned int len)
{
	const struct serval_conn *conn;
	struct serval_target *t;

	if (!(pkt->has & SERVAL_HAS_SERVICE2))
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	if (!serval_datagram_check(skb, len))
		return serval_drop(sn, skb, SERVAL_MIB_INTRANSPORT);
	conn = find_receiver(sn, skb, pkt, len, &t);
	if (!conn)
		return refuse(sn, skb, pkt, len);
	serval_target_resolved(t, skb->len - len);
	if (serval_tapped(sn))
		serval_datagram_tap_received(sn, skb, conn, &pkt->service[1],
					     len);
	serval_datagram_enqueue(sn, conn, t->sk, skb, &pkt->service[1], len);
}

/**
 * serval_datagram_report() - tell a socket that a datagram did not arrive
 * @fl:  its flow
 * @err: positive errno
 *
 * As with UDP a server does not hear of it: a client that went away would look
 * like a fault of the server.  What was bound only to be answered is a client.
 *
 * Context: softirq, rcu_read_lock() held.
 */
void serval_datagram_report(const struct serval_flow *fl, int err)
{
	struct sock *sk;

	if (!READ_ONCE(serval_options(fl->conn)->autobound))
		return;
	sk = serval_conn_get_sock(fl->conn);
	if (!sk)
		return;
	WRITE_ONCE(sk->sk_err, err);
	sk_error_report(sk);
	sock_put(sk);
}

/**
 * serval_datagram_nack_rcv() - a datagram of ours is refused
 * @sn:  namespace
 * @skb: consumed
 * @fl:  flow it was sent from
 * @pkt: parsed header
 *
 * May come from any address, since a forwarder may refuse.
 */
void serval_datagram_nack_rcv(struct serval_net *sn, struct sk_buff *skb,
			      const struct serval_flow *fl,
			      const struct serval_pkt *pkt)
{
	if (!(pkt->has & SERVAL_HAS_SERVICE) ||
	    pkt->ackno != ntohs(source_port(sn, fl, &pkt->service[0])))
		return serval_drop(sn, skb, SERVAL_MIB_INBADACK);
	SERVAL_INC(sn, INNACK);
	serval_datagram_report(fl, ECONNREFUSED);
	serval_taken(sn, skb);
}

/**
 * serval_datagram_is_quoted() - does an ICMP error quote a datagram of ours
 * @sn:  namespace
 * @skb: the error
 * @off: of the quoted SAL header
 * @fl:  flow that it seems to be from
 */
bool serval_datagram_is_quoted(struct serval_net *sn,
			       const struct sk_buff *skb, int off,
			       const struct serval_flow *fl)
{
	struct {
		u8 sal[SERVAL_DATAGRAM_LEN];
		struct udphdr uh;
	} __packed quote;
	struct serval_pkt pkt;

	if (skb_copy_bits(skb, off, &quote, sizeof(quote)) ||
	    serval_wire_len((struct serval_hdr *)quote.sal) !=
	    SERVAL_DATAGRAM_LEN ||
	    serval_wire_parse(quote.sal, sizeof(quote.sal), &pkt))
		return false;
	return pkt.protocol == SERVAL_PROTO_UDP && !pkt.dst &&
	       pkt.has & SERVAL_HAS_SERVICE &&
	       quote.uh.source == source_port(sn, fl, &pkt.service[0]);
}
