// SPDX-License-Identifier: GPL-2.0-only
/*
 * From TCP to IP.
 *
 *	full socket:	tcp_transmit_skb() -> icsk_af_ops->queue_xmit
 *			 = serval_queue_xmit() ------------------+
 *	anything else	(SYN-ACK, RST, TIME_WAIT):		 |
 *			ip6_xmit() -> LOCAL_OUT hook or sal0	 |
 *			 -> serval_output_virtual(): strip IPv6 -+
 *								 v
 *	find connection, push the SAL header of its state, serval_path_xmit()
 *
 * A SYN is resolved through the service table each time it is sent (late
 * binding); if the rule is DELAY it is held, and resolved anew when a controller
 * releases it.  TCP ignores most errors of a transmission, so connect() asks
 * serval_output_check() first; when a later resolution fails, a work ends the
 * attempt, because TCP is in the middle of its own.  A route of the outer
 * packet that is missing may come back: that error waits in sk_err_soft for
 * the connect's timeout, as in TCP over IP.
 */
#include <linux/icmpv6.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "dgram_conn.h"
#include "events.h"
#include "fastopen.h"
#include "move.h"
#include "path.h"
#include "sal.h"
#include "spread.h"
#include "trace.h"
#include "ulid.h"

static int drop(struct serval_net *sn, struct sk_buff *skb,
		enum serval_mib_field why, int err)
{
	serval_drop(sn, skb, why);
	return err;
}

static int push_pkt(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt)
{
	unsigned int len = serval_wire_size(pkt);

	if (unlikely(skb_cow_head(skb, len + SERVAL_OUTER_MAX)))
		return drop(sn, skb, SERVAL_MIB_OUTNOMEM, -ENOMEM);
	serval_wire_build(__skb_push(skb, len), pkt);
	return 0;
}

/* Our KEY, if the other end is to have it */
static void add_key(struct serval_net *sn, const struct serval_flow *fl,
		    struct serval_pkt *pkt)
{
	if (serval_host_own_key(sn, READ_ONCE(fl->host), pkt->key))
		pkt->has |= SERVAL_HAS_KEY;
}

/* SYN: everything the responder needs (Documentation/protocol.rst 4) */
static int push_syn(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_conn *conn,
		    const struct serval_flow *fl)
{
	struct serval_pkt pkt = {
		.src = fl->local_id,
		.protocol = conn->protocol,
		.has = SERVAL_HAS_CONTROL | SERVAL_HAS_SERVICE,
		.flags = SERVAL_CTRL_SYN,
		.verno = fl->iss,
		.nonce = serval_flow_nonce(sn, fl),
		.service[0] = conn->service,
	};

	add_key(sn, fl, &pkt);
	return push_pkt(sn, skb, &pkt);
}

static int push_synack(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_flow *fl)
{
	struct serval_pkt pkt = {
		.src = fl->local_id,
		.dst = fl->peer_id,
		.protocol = fl->conn->protocol,
		.has = SERVAL_HAS_CONTROL,
		.flags = SERVAL_CTRL_SYN | SERVAL_CTRL_ACK,
		.verno = fl->iss,
		.ackno = fl->peer_iss + 1,
		.nonce = serval_flow_nonce(sn, fl),
	};

	add_key(sn, fl, &pkt);
	if (fl->conn->repeat)
		pkt.key_flags = SERVAL_KEY_REPEAT;
	return push_pkt(sn, skb, &pkt);
}

/* Until the responder has been heard after its SYN-ACK, so that it need not
 * have kept anything (Documentation/protocol.rst 4).
 */
static int push_confirm(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_conn *conn,
			const struct serval_flow *fl)
{
	struct serval_pkt pkt = {
		.src = fl->local_id,
		.dst = fl->peer_id,
		.protocol = conn->protocol,
		.has = SERVAL_HAS_CONTROL | SERVAL_HAS_SERVICE,
		.flags = SERVAL_CTRL_ACK,
		.verno = fl->iss + 1,
		.ackno = fl->peer_iss + 1,
		.nonce = serval_flow_nonce(sn, fl),
		.service[0] = conn->service,
	};

	if (READ_ONCE(conn->repeat))
		add_key(sn, fl, &pkt);
	return push_pkt(sn, skb, &pkt);
}

static int push_data(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_flow *fl)
{
	if (unlikely(skb_cow_head(skb, SERVAL_HDR_LEN + SERVAL_OUTER_MAX)))
		return drop(sn, skb, SERVAL_MIB_OUTNOMEM, -ENOMEM);
	memcpy(__skb_push(skb, SERVAL_HDR_LEN), &fl->hdr, SERVAL_HDR_LEN);
	return 0;
}

/* A datagram of which copies go along other flows (Documentation/protocol.rst 5.14) */
static int push_copy(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_flow *fl, u32 number)
{
	struct serval_pkt pkt = {
		.src = fl->local_id,
		.dst = fl->peer_id,
		.protocol = fl->conn->protocol,
		.has = SERVAL_HAS_COPY,
		.copy = number,
	};

	return push_pkt(sn, skb, &pkt);
}

static void count_sent(struct serval_flow *fl, const struct sk_buff *skb)
{
	atomic64_add(serval_segments(skb), &fl->sent_packets);
	atomic64_add(skb->len, &fl->sent_bytes);
}

/* Next byte after the MSS option's kind and length, NULL without one */
static u8 *find_mss(struct tcphdr *th)
{
	u8 *opt = (u8 *)(th + 1), *end = (u8 *)th + th->doff * 4;

	while (end - opt >= TCPOLEN_MSS) {
		if (opt[0] == TCPOPT_EOL)
			return NULL;
		if (opt[0] == TCPOPT_NOP) {
			opt++;
			continue;
		}
		if (opt[0] == TCPOPT_MSS && opt[1] == TCPOLEN_MSS)
			return opt + 2;
		if (opt[1] < 2)
			return NULL;
		opt += opt[1];
	}
	return NULL;
}

/**
 * serval_clamp_mss() - limit the MSS option of a SYN or SYN-ACK
 * @skb: at the TCP header, which is linear and ours to write
 * @mss: what fits the outer path
 *
 * TCP offers what sal0's MTU allows.  Clamping what is sent and what is
 * received gives both ends the smaller of both paths, without touching TCP.
 */
void serval_clamp_mss(struct sk_buff *skb, u16 mss)
{
	struct tcphdr *th = (struct tcphdr *)skb->data;
	u8 *opt = find_mss(th);
	u16 old;

	if (!opt)
		return;
	old = get_unaligned_be16(opt);
	if (old <= mss)
		return;
	put_unaligned_be16(mss, opt);
	/* an odd offset swaps the bytes that the sum sees */
	if ((opt - (u8 *)th) & 1)
		inet_proto_csum_replace2(&th->check, skb, htons(swab16(old)),
					 htons(swab16(mss)), false);
	else
		inet_proto_csum_replace2(&th->check, skb, htons(old),
					 htons(mss), false);
}

/* From where: what the request was moved to, if that goes with the target's IP version;
 * or the address that is bound.  @oif gains the device of the former.
 */
static const struct in6_addr *start_of(const struct serval_conn *conn,
				       const struct in6_addr *addr, int *oif)
{
	const struct serval_options *opt = serval_options(conn);

	if (!opt->start_oif ||
	    (!ipv6_addr_any(&opt->start) &&
	     !serval_addr_same_family(&opt->start, addr)))
		return &opt->bind_addr;
	*oif = opt->start_oif;
	return ipv6_addr_any(&opt->start) ? &opt->bind_addr : &opt->start;
}

/* Only rules lead to groups */
static void set_target(struct serval_net *sn, struct serval_flow *fl,
		       const struct in6_addr *addr, int oif, bool group)
{
	struct serval_path *path = &fl->path;
	const struct in6_addr *laddr;

	spin_lock_bh(&fl->conn->lock);
	/* a late retransmission must not move a flow that was answered */
	if (fl->state == SERVAL_FLOW_SYN_SENT) {
		laddr = start_of(fl->conn, addr, &oif);
		/* the one that the route chose may have gone since */
		if (ipv6_addr_any(laddr) && !ipv6_addr_any(&path->laddr) &&
		    !serval_addr_is_local(sn, &path->laddr))
			serval_path_set(path, laddr, &in6addr_any, 0, false);
		serval_path_set(path, laddr, addr, oif, group);
	}
	spin_unlock_bh(&fl->conn->lock);
}

static bool is_repeated(const struct serval_conn *conn, const struct sock *sk)
{
	return conn->protocol == IPPROTO_TCP ? inet_csk(sk)->icsk_retransmits :
					       serval_options(conn)->tries;
}

/* Raw or inside UDP?  Return: whether it is to be repeated inside UDP */
static bool choose_encap(struct serval_net *sn, const struct serval_conn *conn,
			 struct serval_flow *fl, const struct sock *sk,
			 const struct serval_target *t)
{
	int mode = serval_encap_mode(sn, conn, t);
	bool udp = mode == SERVAL_UDP_ALWAYS, known = true;

	/* as the one who told of it was asked */
	if (!ipv6_addr_any(&serval_options(conn)->redirect)) {
		serval_encap_request(sn, &fl->path, ntohl(fl->local_id));
		return false;
	}
	WRITE_ONCE(fl->encap, mode);
	if (mode == SERVAL_UDP_AUTO)
		known = serval_encap_known(sn, &fl->path.raddr, &udp);
	if (known && udp)
		serval_encap_request(sn, &fl->path, ntohl(fl->local_id));
	else
		serval_path_encapsulate(&fl->path, 0, 0);
	return mode == SERVAL_UDP_AUTO && !fl->path.dport &&
	       (!known || is_repeated(conn, sk));
}

static int send_syn(struct serval_net *sn, struct serval_conn *conn,
		    struct serval_flow *fl, const struct serval_target *t,
		    struct sock *sk, struct sk_buff *skb, u8 tos)
{
	bool repeat = choose_encap(sn, conn, fl, sk, t);
	struct dst_entry *dst;
	bool group;
	int err;

	dst = serval_path_route(sn, &fl->path, sk, sk->sk_mark);
	if (IS_ERR(dst)) {
		kfree_skb(skb);
		return PTR_ERR(dst);
	}
	/* data is for one host */
	group = serval_path_to_group(&fl->path, dst);
	if (conn->protocol == IPPROTO_TCP) {
		serval_clamp_mss(skb, fl->path.mss);
		serval_fastopen_trim(skb, group ? tcp_hdrlen(skb) :
				     serval_path_room(&fl->path) -
				     SERVAL_HDR_LEN - serval_confirm_extra(conn));
	}
	count_sent(fl, skb);
	err = push_syn(sn, skb, conn, fl);
	if (err)
		return err;
	SERVAL_INC(sn, OUTSYN);
	if (repeat && !group && !(dst->dev->flags & IFF_LOOPBACK)) {
		skb->mark = READ_ONCE(sk->sk_mark);
		serval_encap_race(sn, fl, skb, tos);
	}
	return serval_path_xmit(sn, &fl->path, sk, skb,
				(struct serval_outer) { tos });
}

/**
 * serval_end_attempt() - let connect() fail
 * @sk:  locked, in TCP_SYN_SENT
 * @err: positive errno
 *
 * The state changes before anybody is woken, and the error is there when it
 * changes.
 */
void serval_end_attempt(struct sock *sk, int err)
{
	WRITE_ONCE(sk->sk_err, err);
	smp_wmb();	/* pairs with the barrier in tcp_poll() */
	tcp_done(sk);
	sk_error_report(sk);
}

/* An attempt that is to end outside TCP's transmission, or if @err is 0 to ask
 * again; holds its socket
 */
struct deferred {
	struct llist_node node;
	struct sock *sk;
	int err;
};

static struct serval_flow *flow_of(const struct sock *sk)
{
	const struct serval_conn *conn;

	conn = serval_conn_find_sock(serval_net_rcu(sock_net(sk)), sk);
	return conn ? rcu_dereference(conn->flow) : NULL;
}

static void end_datagram_attempt(struct sock *sk, int err)
{
	struct serval_flow *fl;

	rcu_read_lock();
	fl = flow_of(sk);
	if (fl)
		serval_dgram_fail(fl, err);
	rcu_read_unlock();
}

static void end_attempt(struct sock *sk, int err)
{
	if (sk->sk_protocol == IPPROTO_TCP)
		serval_end_attempt(sk, err);
	else
		end_datagram_attempt(sk, err);
}

/* The timer knows how to repeat a SYN: let it do so now */
static void ask_again(struct sock *sk)
{
	struct serval_flow *fl;

	if (sk->sk_protocol == IPPROTO_TCP) {
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, 1,
					  TCP_RTO_MAX);
		return;
	}
	rcu_read_lock();
	fl = flow_of(sk);
	if (fl)
		serval_dgram_again(fl);
	rcu_read_unlock();
}

static void settle(struct sock *sk, int err)
{
	lock_sock(sk);
	if (sk->sk_state == TCP_SYN_SENT) {
		if (!err)
			ask_again(sk);
		else if (sk->sk_err_soft == err)
			/* no other attempt since, which sets this to 0 */
			end_attempt(sk, err);
	}
	release_sock(sk);
}

static void deferred_work(struct work_struct *work)
{
	struct serval_net *sn = container_of(work, struct serval_net,
					     deferred_work);
	struct deferred *d, *next;

	llist_for_each_entry_safe(d, next, llist_del_all(&sn->deferred), node) {
		settle(d->sk, d->err);
		sock_put(d->sk);
		kfree(d);
	}
}

static bool defer(struct serval_net *sn, struct sock *sk, int err)
{
	struct deferred *d = kmalloc(sizeof(*d), GFP_ATOMIC);

	if (!d)
		return false;
	sock_hold(sk);
	d->sk = sk;
	d->err = err;
	if (llist_add(&d->node, &sn->deferred))
		schedule_work(&sn->deferred_work);
	return true;
}

/* Without memory the error waits for TCP's timeout */
static void fail(struct serval_net *sn, struct sock *sk, int err)
{
	WRITE_ONCE(sk->sk_err_soft, err);
	defer(sn, sk, err);
}

/**
 * serval_output_again() - repeat the SYN of an attempt without waiting
 * @sn: namespace
 * @sk: its socket, of which the caller has a reference
 *
 * Context: any but hard interrupt.
 * Return: false if there is no memory.
 */
bool serval_output_again(struct serval_net *sn, struct sock *sk)
{
	return defer(sn, sk, 0);
}

static int unresolved(struct serval_net *sn, struct sock *sk,
		      struct sk_buff *skb, enum serval_mib_field why, int err)
{
	fail(sn, sk, -err);
	return drop(sn, skb, why, err);
}

/* If all are asked, one that leads on is enough; else one that may, later */
static struct serval_target *candidate(const struct serval_net *sn,
				       const struct serval_target_set *set,
				       int mode, u8 protocol)
{
	struct serval_target *best;
	u32 i, first, end;

	if (mode != SERVAL_MODE_ALL)
		return serval_service_choose(sn, set, mode, protocol, NULL);
	first = serval_service_top(sn, set, protocol, &end);
	best = set->t[first];
	for (i = first; i < end; i++) {
		if (!serval_target_is_for(sn, set->t[i], protocol))
			continue;
		if (serval_target_leads_on(set->t[i]))
			return set->t[i];
		if (set->t[i]->type == SERVAL_SERVICE_DELAY)
			best = set->t[i];
	}
	return best;
}

/* @t leads on */
static int send_to_target(struct serval_net *sn, struct serval_conn *conn,
			  struct serval_target *t, struct sock *sk,
			  struct sk_buff *skb, u8 tos)
{
	const struct in6_addr loopback =
		serval_addr_from4(htonl(INADDR_LOOPBACK));
	struct serval_flow *fl = rcu_dereference(conn->flow);
	u32 bytes = skb->len;
	int err;

	if (t->type == SERVAL_SERVICE_FORWARD)
		set_target(sn, fl, &t->addr,
			   t->ifindex ?: serval_options(conn)->oif, true);
	else
		set_target(sn, fl, &loopback, 0, false);
	err = send_syn(sn, conn, fl, t, sk, skb, tos);
	if (err < 0)
		serval_target_dropped(t, bytes);
	else if (t->type == SERVAL_SERVICE_FORWARD)
		/* a DEMUX target counts when the SYN arrives */
		serval_target_resolved(t, bytes);
	return err;
}

static int send_copy(struct serval_net *sn, struct serval_conn *conn,
		     struct serval_target *t, struct sock *sk,
		     struct sk_buff *skb, u8 tos)
{
	struct sk_buff *copy = pskb_copy(skb, GFP_ATOMIC);

	return copy ? send_to_target(sn, conn, t, sk, copy, tos) : -ENOMEM;
}

/**
 * serval_output_cancel() - forget the SYN that is held for a connection
 * @sn:   namespace
 * @conn: connection, whose socket the caller holds; nothing happens without one
 */
void serval_output_cancel(struct serval_net *sn,
			  const struct serval_conn *conn)
{
	const struct serval_flow *fl;

	rcu_read_lock();
	fl = rcu_dereference(conn->flow);
	if (fl && fl->state == SERVAL_FLOW_SYN_SENT)
		serval_delay_cancel(sn, (__force u32)fl->local_id);
	rcu_read_unlock();
}

static u8 sock_tos(const struct sock *sk)
{
	return inet6_sk(sk)->tclass | inet_sk(sk)->tos;
}

/* The connection of a held SYN, if its attempt has not ended; socket locked */
static struct serval_conn *held_conn(struct serval_net *sn,
				     const struct serval_held *held)
{
	struct serval_conn *conn = serval_conn_find_sock(sn, held->sk);
	const struct serval_flow *fl = conn ? rcu_dereference(conn->flow) :
					      NULL;

	if (!fl || (__force u32)fl->local_id != held->key ||
	    fl->state != SERVAL_FLOW_SYN_SENT ||
	    held->sk->sk_state != TCP_SYN_SENT)
		return NULL;
	return conn;
}

static void release_syn(struct serval_net *sn, const struct serval_held *held)
{
	struct sock *sk = held->sk;
	struct serval_conn *conn;
	int err;

	lock_sock(sk);
	rcu_read_lock();
	conn = held_conn(sn, held);
	if (conn) {
		err = serval_output_syn(sn, conn, sk, held->skb, sock_tos(sk));
		if (err < 0)
			WRITE_ONCE(sk->sk_err_soft, -err);
	} else {
		consume_skb(held->skb);
	}
	rcu_read_unlock();
	release_sock(sk);
}

static void drop_syn(struct serval_net *sn, const struct serval_held *held)
{
	struct sock *sk = held->sk;
	bool waits;

	lock_sock(sk);
	rcu_read_lock();
	waits = held_conn(sn, held);
	rcu_read_unlock();
	if (waits)
		end_attempt(sk, EHOSTUNREACH);
	release_sock(sk);
}

static const struct serval_delay_ops syn_ops = {
	.release = release_syn,
	.drop = drop_syn,
};

/* A copy is held: TCP sends no SYN again that is still on its way through the
 * host.  It has no data, which TCP keeps for later.
 */
static int hold_syn(struct serval_net *sn, const struct serval_conn *conn,
		    struct serval_target *t, struct sock *sk,
		    struct sk_buff *skb)
{
	const struct serval_flow *fl = rcu_dereference(conn->flow);
	struct serval_held held = {
		.info.protocol = conn->protocol,
		.info.service = conn->service,
		.info.source = *serval_conn_local(conn),
		.key = (__force u32)fl->local_id,
		.skb = pskb_copy(skb, GFP_ATOMIC),
		.sk = sk,
		.ops = &syn_ops,
	};
	u32 bytes = skb->len;
	int err;

	if (!held.skb)
		return drop(sn, skb, SERVAL_MIB_OUTNOMEM, -ENOMEM);
	consume_skb(skb);
	if (conn->protocol == IPPROTO_TCP)
		serval_fastopen_trim(held.skb, tcp_hdrlen(held.skb));
	err = serval_delay_hold(sn, &held);
	if (err) {
		serval_target_dropped(t, bytes);
		fail(sn, sk, -err);
	} else {
		serval_target_resolved(t, bytes);
	}
	return err;
}

/* The attempt ends when all that were asked have refused, of which some may
 * do so over lo before the next is asked.  Return: of the first that could
 * be, else the last error.
 */
static int send_to_all(struct serval_net *sn, struct serval_conn *conn,
		       const struct serval_target_set *set, struct sock *sk,
		       struct sk_buff *skb, u8 tos)
{
	struct serval_flow *fl = rcu_dereference(conn->flow);
	u32 i, end, onward = 0, asked = 0;
	int err = -EHOSTUNREACH, err2;

	i = serval_service_top(sn, set, conn->protocol, &end);
	atomic_set(&fl->awaited, end - i);
	for (; i < end; i++) {
		struct serval_target *t = set->t[i];

		if (!serval_target_is_for(sn, t, conn->protocol)) {
			atomic_dec(&fl->awaited);
			continue;
		}
		if (!serval_target_leads_on(t)) {
			serval_target_dropped(t, skb->len);
			atomic_dec(&fl->awaited);
			continue;
		}
		onward++;
		err2 = send_copy(sn, conn, t, sk, skb, tos);
		if (err < 0)
			err = err2;
		if (err2 < 0)
			atomic_dec(&fl->awaited);
		else
			asked++;
	}
	if (!onward)
		return unresolved(sn, sk, skb, SERVAL_MIB_NORULE, -EHOSTUNREACH);
	consume_skb(skb);
	if (asked && atomic_read(&fl->awaited) <= 0)
		fail(sn, sk, ECONNREFUSED);
	return err;
}

/* Where a refusal said to ask: once, and inside UDP */
static int send_redirected(struct serval_net *sn, struct serval_conn *conn,
			   struct serval_flow *fl, struct sock *sk,
			   struct sk_buff *skb, u8 tos)
{
	struct serval_options *opt = READ_ONCE(conn->options);
	struct in6_addr addr;
	int err;

	spin_lock_bh(&conn->lock);
	addr = opt->redirect;
	spin_unlock_bh(&conn->lock);
	atomic_set(&fl->awaited, 1);
	set_target(sn, fl, &addr, opt->oif, false);
	err = send_syn(sn, conn, fl, NULL, sk, skb, tos);
	spin_lock_bh(&conn->lock);
	if (ipv6_addr_equal(&opt->redirect, &addr))
		opt->redirect = in6addr_any;
	spin_unlock_bh(&conn->lock);
	return err;
}

/**
 * serval_output_syn() - send a SYN where the service table leads now
 * @sn:   namespace
 * @conn: whose @flow is in SYN_SENT
 * @sk:   full socket
 * @skb:  at the transport's segment; consumed
 * @tos:  DSCP and ECN
 *
 * Each transmission asks the table anew.  One that is not held makes a held
 * copy needless.
 *
 * Context: rcu_read_lock() held.
 * Return: as ip_local_out(), or a negative errno; if it was the table that
 * led nowhere, a work ends the attempt.
 */
int serval_output_syn(struct serval_net *sn, struct serval_conn *conn,
		      struct sock *sk, struct sk_buff *skb, u8 tos)
{
	int mode = READ_ONCE(sn->settings.resolution_mode);
	struct serval_flow *fl = rcu_dereference(conn->flow);
	const struct serval_options *opt = serval_options(conn);
	const struct serval_target_set *set;
	struct serval_target *t;

	if (unlikely(!ipv6_addr_any(&opt->redirect)))
		return send_redirected(sn, conn, fl, sk, skb, tos);
	if (!ipv6_addr_any(&opt->advised)) {
		atomic_set(&fl->awaited, 1);
		set_target(sn, fl, &opt->advised, opt->advised_oif ?: opt->oif,
			   false);
		return send_syn(sn, conn, fl, NULL, sk, skb, tos);
	}
	set = serval_service_find(sn, &conn->service, conn->protocol);
	t = set ? candidate(sn, set, mode, conn->protocol) : NULL;
	if (t && t->type == SERVAL_SERVICE_DELAY)
		return hold_syn(sn, conn, t, sk, skb);
	serval_output_cancel(sn, conn);
	if (!set)
		return unresolved(sn, sk, skb, SERVAL_MIB_NORULE, -EHOSTUNREACH);
	if (mode == SERVAL_MODE_ALL)
		return send_to_all(sn, conn, set, sk, skb, tos);
	if (!t)
		return unresolved(sn, sk, skb, SERVAL_MIB_NOTARGET,
				  -EADDRNOTAVAIL);
	if (!serval_target_leads_on(t)) {
		serval_target_dropped(t, skb->len);
		return unresolved(sn, sk, skb, SERVAL_MIB_NORULE, -EHOSTUNREACH);
	}
	atomic_set(&fl->awaited, 1);
	return send_to_target(sn, conn, t, sk, skb, tos);
}

static int output_active_syn(struct serval_net *sn, struct serval_conn *conn,
			     struct sock *sk, struct sk_buff *skb, u8 tos)
{
	const struct tcphdr *th = (struct tcphdr *)skb->data;
	int err;

	WRITE_ONCE(conn->rport, th->dest);
	WRITE_ONCE(conn->lport, th->source);
	err = serval_output_syn(sn, conn, sk, skb, tos);
	if (err < 0)
		WRITE_ONCE(sk->sk_err_soft, -err);
	return err;
}

static inline int send_along(struct serval_net *sn, struct serval_conn *conn,
			     struct serval_flow *fl, struct sock *sk,
			     struct sk_buff *skb, u8 tos)
{
	int err;

	count_sent(fl, skb);
	/* a responder confirms nothing: what it sends early is plain */
	if (likely(READ_ONCE(fl->confirmed)) ||
	    fl->state == SERVAL_FLOW_SYN_RCVD)
		err = push_data(sn, skb, fl);
	else
		err = push_confirm(sn, skb, conn, fl);
	if (unlikely(err))
		return err;
	return serval_path_xmit(sn, &fl->path, sk, skb,
				(struct serval_outer) { tos });
}

static int spread_along(struct serval_net *sn, struct serval_conn *conn,
			const struct serval_spread *spread, int i,
			struct sock *sk, struct sk_buff *skb, u8 tos)
{
	struct serval_flow *fl = spread->fl[i];
	int err;

	if (!spread->copies)
		return send_along(sn, conn, fl, sk, skb, tos);
	count_sent(fl, skb);
	err = push_copy(sn, skb, fl, spread->number);
	if (err)
		return err;
	return serval_path_xmit(sn, &fl->path, sk, skb,
				(struct serval_outer) { tos });
}

/* Along other flows than the one in use, or as many as there are.  It is sent if it is along
 * one of them
 */
static noinline int spread_segment(struct serval_net *sn,
				   struct serval_conn *conn,
				   struct serval_flow *fl, struct sock *sk,
				   struct sk_buff *skb, u8 tos)
{
	struct serval_spread spread;
	struct sk_buff *copy;
	bool sent = false;
	int i, err;

	serval_spread_choose(sn, conn, fl, skb, &spread);
	for (i = 0; i < spread.n - 1; i++) {
		copy = pskb_copy(skb, GFP_ATOMIC);
		if (copy)
			sent |= !spread_along(sn, conn, &spread, i, sk, copy,
					      tos);
	}
	err = spread_along(sn, conn, &spread, i, sk, skb, tos);
	return sent ? 0 : err;
}

static inline int send_segment(struct serval_net *sn, struct serval_conn *conn,
			       struct serval_flow *fl, struct sock *sk,
			       struct sk_buff *skb, u8 tos)
{
	if (unlikely(READ_ONCE(conn->spreads)))
		return spread_segment(sn, conn, fl, sk, skb, tos);
	return send_along(sn, conn, fl, sk, skb, tos);
}

/**
 * serval_output_segment() - send a segment along an answered flow
 * @sn:   namespace
 * @conn: connection
 * @fl:   its flow
 * @sk:   full socket or NULL
 * @skb:  at the transport's segment; consumed
 * @tos:  DSCP and ECN
 *
 * Context: rcu_read_lock() held.
 * Return: as ip_local_out(), or a negative errno.
 */
int serval_output_segment(struct serval_net *sn, struct serval_conn *conn,
			  struct serval_flow *fl, struct sock *sk,
			  struct sk_buff *skb, u8 tos)
{
	return send_segment(sn, conn, fl, sk, skb, tos);
}

/**
 * serval_output_synack() - answer a SYN
 * @sn:  namespace
 * @fl:  flow, perhaps a seed's
 * @skb: without a segment; consumed
 *
 * Context: rcu_read_lock() held.
 */
void serval_output_synack(struct serval_net *sn, struct serval_flow *fl,
			  struct sk_buff *skb)
{
	if (push_synack(sn, skb, fl))
		return;
	SERVAL_INC(sn, OUTSYNACK);
	serval_path_xmit(sn, &fl->path, NULL, skb,
			 (struct serval_outer) {});
}

static int output_synack(struct serval_net *sn, struct serval_flow *fl,
			 struct sk_buff *skb, u8 tos)
{
	int err;

	if (unlikely(skb_ensure_writable(skb, tcp_hdrlen(skb))))
		return drop(sn, skb, SERVAL_MIB_OUTNOMEM, -ENOMEM);
	serval_seed_answered(fl, skb);
	serval_clamp_mss(skb, fl->path.mss);
	serval_fastopen_trim(skb, serval_path_room(&fl->path) -
			     SERVAL_CONTROL_PKT_LEN - SERVAL_KEY_LEN);
	count_sent(fl, skb);
	err = push_synack(sn, skb, fl);
	if (err)
		return err;
	SERVAL_INC(sn, OUTSYNACK);
	return serval_path_xmit(sn, &fl->path, NULL, skb,
				(struct serval_outer) { tos });
}

/* To an address for which only SOURCE stands goes one SYN-ACK for each SYN, and
 * nothing that a timer sends (Documentation/protocol.rst 4.12)
 */
static bool withheld(struct serval_flow *fl, const struct tcphdr *th)
{
	return READ_ONCE(fl->unproven) &&
	       !(th->syn && atomic_dec_if_positive(&fl->owed) >= 0);
}

/* Apart: with addresses on the stack its caller would have to guard that */
static noinline void tap_segment(struct serval_net *sn,
				 const struct serval_conn *conn,
				 struct sk_buff *skb, u8 tos)
{
	const struct in6_addr laddr = serval_conn_laddr(conn);
	const struct in6_addr raddr = serval_conn_raddr(conn);

	serval_device_tap(sn, skb, &laddr, &raddr, IPPROTO_TCP, tos, true);
}

/* @skb at the TCP header; consumed */
static __always_inline int output(struct serval_net *sn,
				  struct serval_conn *conn, struct sock *sk,
				  struct sk_buff *skb, u8 tos)
{
	struct serval_flow *fl = rcu_dereference(conn->flow);
	const struct tcphdr *th = (struct tcphdr *)skb->data;

	if (unlikely(!fl))
		return drop(sn, skb, SERVAL_MIB_OUTNOFLOW, -EHOSTUNREACH);
	if (unlikely(!READ_ONCE(fl->confirmed)) && withheld(fl, th))
		return drop(sn, skb, SERVAL_MIB_OUTUNPROVEN, -EHOSTUNREACH);
	if (serval_tapped(sn))
		tap_segment(sn, conn, skb, tos);
	if (unlikely(th->syn)) {
		if (th->ack)
			return output_synack(sn, fl, skb, tos);
		if (sk)
			return output_active_syn(sn, conn, sk, skb, tos);
		return drop(sn, skb, SERVAL_MIB_OUTNOFLOW, -EHOSTUNREACH);
	}
	if (unlikely(fl->state == SERVAL_FLOW_SYN_SENT))
		return drop(sn, skb, SERVAL_MIB_OUTNOFLOW, -EHOSTUNREACH);
	return send_segment(sn, conn, fl, sk, skb, tos);
}

static void sync_extensions(struct inet_connection_sock *icsk,
			    const struct serval_conn *conn, bool confirmed)
{
	unsigned int extra = confirmed ? 0 : serval_confirm_extra(conn);

	if (icsk->icsk_ext_hdr_len == extra)
		return;
	icsk->icsk_ext_hdr_len = extra;
	icsk->icsk_pmtu_cookie = 0;
}

/* TCP is to know that segments overtake each other */
static noinline u16 sync_spread(struct sock *sk, const struct serval_conn *conn,
				u16 mss)
{
	struct tcp_sock *tp = tcp_sk(sk);
	enum serval_growth growth;

	mss = serval_spread_mss(conn, mss, &growth);
	if (READ_ONCE(conn->spreads) != SERVAL_MULTIPATH_BALANCE)
		return mss;
	tp->reord_seen = max(tp->reord_seen, 1U);
	tp->reordering = max_t(u32, tp->reordering,
			       sock_net(sk)->ipv4.sysctl_tcp_max_reordering);
	if (unlikely(growth))
		serval_move_explore(sk, growth == SERVAL_GROWTH_OTHER);
	return mss;
}

/**
 * serval_sync_mss() - let TCP compute its segment size anew if it must
 * @sk:   full socket, locked
 * @conn: its connection
 *
 * The overhead changes when the SYN-ACK says that our KEY need not be repeated
 * and when the flow is confirmed, and the path's MTU may shrink; zeroing
 * icsk_pmtu_cookie makes TCP look at both.
 *
 * Context: rcu_read_lock() held.
 */
void serval_sync_mss(struct sock *sk, const struct serval_conn *conn)
{
	const struct serval_flow *fl = rcu_dereference(conn->flow);
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u16 mss;

	if (unlikely(!fl || fl->state == SERVAL_FLOW_SYN_SENT))
		return;
	if (unlikely(icsk->icsk_ext_hdr_len))
		sync_extensions(icsk, conn, READ_ONCE(fl->confirmed));
	mss = READ_ONCE(fl->path.mss);
	if (unlikely(READ_ONCE(conn->spreads)))
		mss = sync_spread(sk, conn, mss);
	/* 0: no route has been found yet */
	if (unlikely(tp->rx_opt.mss_clamp > mss && mss)) {
		tp->rx_opt.mss_clamp = mss;
		icsk->icsk_pmtu_cookie = 0;
	}
}

/* Of a connection: how often something was sent again, or asked, without an answer */
static unsigned int unanswered(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	return icsk->icsk_retransmits + icsk->icsk_probes_out;
}

/* A tail loss probe: acknowledgments are overdue, long before the retransmission timer is */
static bool is_loss_probe(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	return icsk->icsk_pending == ICSK_TIME_LOSS_PROBE &&
	       time_after_eq(jiffies, icsk->icsk_timeout);
}

/**
 * serval_queue_xmit() - icsk_af_ops->queue_xmit of AF_SERVAL sockets
 * @sk:  full socket, locked
 * @skb: at the TCP header; consumed
 * @fl:  TCP's flow key, not used: the flow knows its route
 *
 * Return: as ip_queue_xmit(), or a negative errno.
 */
int serval_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl)
{
	struct serval_conn *conn;
	struct serval_net *sn;
	int err;

	rcu_read_lock();
	sn = serval_net_rcu(sock_net(sk));
	conn = serval_conn_find_sock(sn, sk);
	if (likely(conn)) {
		/* an orphan that sends is not to be kept for that */
		if (unlikely(!READ_ONCE(conn->sk) &&
			     !sock_flag(sk, SOCK_DEAD)))
			serval_conn_set_sock(conn, sk);
		serval_sync_mss(sk, conn);
		if (unlikely((unanswered(sk) || is_loss_probe(sk)) &&
			     sk->sk_state != TCP_SYN_SENT))
			serval_event_silent(sn, conn, unanswered(sk));
	} else {
		/* a child that answers before its connection is inserted */
		conn = serval_seed_find(&sk->sk_v6_rcv_saddr, &sk->sk_v6_daddr);
	}
	if (likely(conn))
		err = output(sn, conn, sk, skb, sock_tos(sk));
	else
		err = drop(sn, skb, SERVAL_MIB_OUTNOFLOW, -EHOSTUNREACH);
	rcu_read_unlock();
	return err;
}

/* An IPv6 program that sends to a ULID hears at once that this is no address */
static void refuse_virtual(struct serval_net *sn, struct sk_buff *skb)
{
	skb->dev = sn->dev;	/* not set yet in LOCAL_OUT */
	icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED, 0);
	serval_drop(sn, skb, SERVAL_MIB_OUTNOFLOW);
}

static struct serval_conn *virtual_conn(struct serval_net *sn,
					const struct ipv6hdr *ip6h,
					const struct tcphdr *th)
{
	struct serval_conn *seed, *conn;

	/* most are SYN-ACKs of a seed with an R of its own */
	seed = serval_seed_find(&ip6h->saddr, &ip6h->daddr);
	if (seed && seed->scope == SERVAL_SCOPE_ULID)
		return seed;
	conn = serval_conn_find_tuple(sn, &ip6h->saddr, &ip6h->daddr,
				      th->source, th->dest);
	return conn ?: seed;
}

/* A packet socket can send anything to sal0; only what TCP would is taken */
static bool is_segment(struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data;

	if (skb_network_offset(skb) || ip6h->version != 6 ||
	    ip6h->nexthdr != IPPROTO_TCP ||
	    serval_ulid_prefix(&ip6h->saddr) != SERVAL_ULID_L ||
	    IP6CB(skb)->flags & IP6SKB_FORWARDED)
		return false;
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_checksum_start_offset(skb) != sizeof(*ip6h))
		return false;
	return !skb_is_gso(skb) ||
	       (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6 &&
		skb->ip_summed == CHECKSUM_PARTIAL);
}

/**
 * serval_output_virtual() - take a packet that IPv6 sends to sal0
 * @sn:  namespace
 * @skb: at the IPv6 header; consumed
 *
 * Only TCP segments of a connection of this namespace pass.
 *
 * Context: rcu_read_lock() held.
 */
void serval_output_virtual(struct serval_net *sn, struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h;
	struct serval_conn *conn;
	u8 tos;

	if (!pskb_may_pull(skb, sizeof(*ip6h) + sizeof(struct tcphdr))) {
		serval_drop(sn, skb, SERVAL_MIB_OUTNOFLOW);
		return;
	}
	ip6h = ipv6_hdr(skb);
	if (!is_segment(skb)) {
		refuse_virtual(sn, skb);
		return;
	}
	conn = virtual_conn(sn, ip6h, (struct tcphdr *)(ip6h + 1));
	if (!conn) {
		serval_drop(sn, skb, SERVAL_MIB_OUTNOFLOW);
		return;
	}
	tos = ipv6_get_dsfield(ip6h);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	skb_pull(skb, sizeof(*ip6h));
	skb_reset_transport_header(skb);
	output(sn, conn, NULL, skb, tos);
}

/**
 * serval_output_check() - would a SYN find a way now
 * @sn:   namespace
 * @conn: with the service and the advisory address set
 *
 * Context: any.
 * Return: 0; -EHOSTUNREACH without a rule, for DROP, or for DELAY if no
 * controller listens; -EADDRNOTAVAIL if the resolution mode excludes every
 * target.
 */
int serval_output_check(struct serval_net *sn, const struct serval_conn *conn)
{
	int mode = READ_ONCE(sn->settings.resolution_mode);
	const struct serval_target_set *set;
	struct serval_target *t;
	int err = 0;

	if (!ipv6_addr_any(&serval_options(conn)->advised))
		return 0;
	rcu_read_lock();
	set = serval_service_find(sn, &conn->service, conn->protocol);
	t = set ? candidate(sn, set, mode, conn->protocol) : NULL;
	if (!set || (t && t->type == SERVAL_SERVICE_DROP)) {
		SERVAL_INC(sn, NORULE);
		err = -EHOSTUNREACH;
	} else if (!t) {
		SERVAL_INC(sn, NOTARGET);
		err = -EADDRNOTAVAIL;
	} else if (t->type == SERVAL_SERVICE_DELAY &&
		   !serval_event_delay_wanted(sn)) {
		SERVAL_INC(sn, DELAYNOLISTENER);
		err = -EHOSTUNREACH;
	}
	if (t && err)
		serval_target_dropped(t, 0);
	rcu_read_unlock();
	return err;
}

/**
 * serval_output_init() - prepare a namespace for sending
 * @sn: namespace
 */
void serval_output_init(struct serval_net *sn)
{
	init_llist_head(&sn->deferred);
	INIT_WORK(&sn->deferred_work, deferred_work);
}

/**
 * serval_output_exit() - wait until a namespace holds no socket any more
 * @sn: namespace; nothing is sent any more
 *
 * Context: process.
 */
void serval_output_exit(struct serval_net *sn)
{
	flush_work(&sn->deferred_work);
}
