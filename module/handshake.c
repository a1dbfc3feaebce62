// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making connections: SYN, SYN-ACK, confirm packet, refusals and resets
 * (Documentation/protocol.rst section 4).
 *
 * The responder keeps nothing for a SYN that TCP does not keep.  Its flow id,
 * ULIDs, version number and nonce are a keyed hash of what the SYN says, so
 * that the confirm packet, which repeats all of it, leads to the same ones:
 *
 *	SYN: derive a seed on the stack; choose the listener through the
 *	     service table; call TCP's handler.  The SYN-ACK leaves while the
 *	     handler runs and finds the seed in a per-CPU variable.
 *	     After it: does TCP keep the 4-tuple?  Then insert connection and
 *	     flow.  If not (SYN cookie, queue full), nothing was allocated.
 *	confirm packet: the flow is there, or it is derived again and given to
 *	     the listener, where only a valid cookie makes a socket.
 *
 * A confirm packet is good for two slots of 64 s.  There are four variants, if
 * another flow happens to have the id.
 */
#include <linux/ip.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <net/inet6_hashtables.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "events.h"
#include "fastopen.h"
#include "handshake.h"
#include "dgram_conn.h"
#include "join.h"
#include "multipath.h"
#include "sal.h"
#include "ulid.h"

#define SLOT_SECONDS	64
#define VARIANTS	4
#define FASTOPEN	4	/* these variants have stable ULIDs (fastopen.c) */
#define REPLIES_PER_SECOND	1000

/* The seed whose SYN or confirm packet TCP handles on this CPU right now.
 * Softirq only, and nothing in TCP's handler receives another packet.
 */
static DEFINE_PER_CPU(struct serval_seed *, current_seed);

/**
 * serval_seed_find() - connection that is being made on this CPU
 * @laddr: its L
 * @raddr: its R
 */
struct serval_conn *serval_seed_find(const struct in6_addr *laddr,
				     const struct in6_addr *raddr)
{
	struct serval_seed *seed = this_cpu_read(current_seed);

	return seed && serval_conn_name(&seed->conn) ==
		       serval_ulid_name(laddr, raddr) ? &seed->conn : NULL;
}

/**
 * serval_seed_answered() - TCP sends a SYN-ACK
 * @fl:  flow, perhaps a seed's
 * @skb: SYN-ACK; belongs to the request socket, if TCP made one
 */
void serval_seed_answered(const struct serval_flow *fl,
			  const struct sk_buff *skb)
{
	struct serval_seed *seed = this_cpu_read(current_seed);

	if (!seed || fl != &seed->conn.first)
		return;
	seed->kept = skb->sk && skb->sk->sk_state == TCP_NEW_SYN_RECV;
	/* then so is the initiator's KEY; a cookie keeps nothing */
	if (skb->sk)
		seed->conn.repeat = false;
}

struct id_input {
	struct in6_addr locator;
	struct service_id service;
	u64 nonce;
	u64 peer_id;	/* as wide, so that there is no padding */
	u8 key[SERVAL_KEY_SIZE];
};

static u32 current_slot(void)
{
	return get_jiffies_64() / (SLOT_SECONDS * HZ);
}

/* What is the same for all slots and variants */
static u64 hash_request(const struct serval_net *sn,
			const struct serval_pkt *pkt,
			const struct serval_seed *seed)
{
	struct id_input in = {
		.locator = seed->conn.first.path.raddr,
		.service = pkt->service[0],
		.nonce = pkt->nonce,
		.peer_id = (__force u32)pkt->src,
	};

	if (seed->key)
		memcpy(in.key, seed->key, sizeof(in.key));
	return siphash(&in, sizeof(in), &sn->secret);
}

/* The same in all slots, so that one look finds the flow of an earlier copy of
 * a SYN.  It goes out in clear: what else follows from @request is a keyed hash
 * of it.  Most have the first variant, which costs no other hash.
 */
static __be32 derive_id(const struct serval_net *sn, u64 request, u32 variant)
{
	if (variant)
		request = siphash_2u64(request, variant, &sn->secret);
	return (__force __be32)(u32)request;
}

/* Version number, which goes out in clear, and what the rest follows from */
static u64 derive_iss(const struct serval_net *sn, u64 request, u32 slot,
		      u32 variant, struct serval_seed *seed)
{
	u64 hash = siphash_2u64(request, (u64)slot << 32 | variant,
				&sn->secret);

	seed->conn.first.iss = hash >> 32;
	return hash;
}

/* The ULID is unknown, as the nonce, to who sees the ids without the secret.
 * Which key of ours answers the KEY depends on the slot, so the confirm packet
 * leads to the same.
 */
static void derive_rest(struct serval_net *sn, u64 hash, u32 slot,
			struct serval_seed *seed)
{
	seed->conn.r = siphash_2u64(hash, 2, &sn->secret);
	if (!seed->key)
		return;
	seed->conn.first.host = serval_keys_offer(sn, (u64)slot *
						  SLOT_SECONDS * HZ);
	seed->conn.repeat = seed->conn.first.host;
}

/**
 * serval_seed_init() - what a packet of the initiator says
 * @sn:   namespace
 * @seed: result, without the ids of this end
 * @skb:  SYN or confirm packet, network header set
 * @pkt:  its header
 * @peer_iss: first version number of the initiator
 */
void serval_seed_init(const struct serval_net *sn, struct serval_seed *seed,
		      const struct sk_buff *skb, const struct serval_pkt *pkt,
		      u32 peer_iss)
{
	memset(seed, 0, sizeof(*seed));
	/* a confirm packet has one because the SYN-ACK had */
	if (pkt->has & SERVAL_HAS_KEY &&
	    (pkt->flags != SERVAL_CTRL_SYN || READ_ONCE(sn->settings.security)))
		seed->key = pkt->key;
	spin_lock_init(&seed->conn.lock);
	rcu_assign_pointer(seed->conn.flow, &seed->conn.first);
	seed->conn.service = pkt->service[0];
	seed->conn.protocol = pkt->protocol;
	seed->conn.first.conn = &seed->conn;
	seed->conn.first.state = SERVAL_FLOW_SYN_RCVD;
	seed->conn.first.peer_id = pkt->src;
	serval_path_init(&seed->conn.first.path);
	if (pkt->flags == SERVAL_CTRL_SYN) {
		serval_path_answer_request(&seed->conn.first.path, skb, pkt);
		seed->conn.first.unproven = pkt->hops;
		atomic_set(&seed->conn.first.owed, 1);
	} else {
		serval_path_answer(&seed->conn.first.path, skb, 0);
	}
	seed->conn.first.peer_iss = peer_iss;
	seed->conn.first.nonce = pkt->nonce;
	seed->conn.first.path.born = serval_flow_clock();
}

static void seed_complete(const struct serval_net *sn,
			  struct serval_seed *seed, const struct tcphdr *th,
			  bool fastopen)
{
	if (fastopen)
		serval_fastopen_server(sn, &seed->conn);
	seed->conn.lport = th->dest;
	seed->conn.rport = th->source;
	serval_flow_build_hdr(&seed->conn.first);
}

/**
 * serval_seed_name() - give a datagram seed its L and its data header
 * @seed: whose ids are known
 *
 * An L of its own: a datagram socket has no R.
 */
void serval_seed_name(struct serval_seed *seed)
{
	seed->conn.l = seed->conn.r;
	serval_flow_build_hdr(&seed->conn.first);
}

/* A SYN that a router passed on is from where that says */
static bool is_from_peer(const struct serval_flow *fl,
			 const struct sk_buff *skb,
			 const struct serval_pkt *pkt)
{
	if (pkt->flags == SERVAL_CTRL_SYN && pkt->hops)
		return ipv6_addr_equal(&fl->path.raddr, &pkt->origin);
	return serval_path_is_peer(&fl->path, skb);
}

/**
 * serval_seed_is_peer() - does a packet belong to a passive flow's handshake
 * @fl:  flow
 * @skb: SYN or confirm packet
 * @pkt: its header
 */
bool serval_seed_is_peer(const struct serval_flow *fl,
			 const struct sk_buff *skb,
			 const struct serval_pkt *pkt)
{
	return fl->peer_id == pkt->src && !fl->conn->active &&
	       fl->nonce == pkt->nonce &&
	       fl->conn->protocol == pkt->protocol &&
	       is_from_peer(fl, skb, pkt) &&
	       !memcmp(&fl->conn->service, &pkt->service[0],
		       sizeof(pkt->service[0]));
}

/**
 * serval_seed_for_syn() - derive the ids that answer a SYN
 * @sn:    namespace
 * @skb:   SYN
 * @pkt:   its header
 * @seed:  gets a free id
 * @first: first variant to try
 *
 * Return: flow of an earlier copy of this SYN, else NULL.
 */
struct serval_flow *serval_seed_for_syn(struct serval_net *sn,
					const struct sk_buff *skb,
					const struct serval_pkt *pkt,
					struct serval_seed *seed, u32 first)
{
	const u64 request = hash_request(sn, pkt, seed);
	u32 slot = current_slot(), variant = first;
	struct serval_flow *fl;

	do {
		seed->conn.first.local_id = derive_id(sn, request, variant);
		fl = serval_flow_find(sn, seed->conn.first.local_id);
		if (fl && serval_seed_is_peer(fl, skb, pkt))
			return fl;
		if (!fl && seed->conn.first.local_id)
			break;
	} while (++variant < first + VARIANTS);
	derive_rest(sn, derive_iss(sn, request, slot, variant, seed), slot,
		    seed);
	return NULL;
}

/**
 * serval_seed_for_confirm() - derive the ids that a packet confirms
 * @sn:   namespace
 * @pkt:  header of a confirm packet
 * @seed: gets the ids
 *
 * Return: the variant whose SYN-ACK the packet confirms, or -ENOENT.
 */
int serval_seed_for_confirm(struct serval_net *sn,
			    const struct serval_pkt *pkt,
			    struct serval_seed *seed)
{
	const u64 request = hash_request(sn, pkt, seed);
	u32 slot = current_slot(), age, variant;
	u64 hash;

	for (variant = 0; variant < FASTOPEN + VARIANTS; variant++) {
		seed->conn.first.local_id = derive_id(sn, request, variant);
		if (seed->conn.first.local_id != pkt->dst)
			continue;
		for (age = 0; age < 2; age++) {
			hash = derive_iss(sn, request, slot - age, variant, seed);
			if (seed->conn.first.iss + 1 != pkt->ackno)
				continue;
			derive_rest(sn, hash, slot - age, seed);
			return variant;
		}
	}
	return -ENOENT;
}

/**
 * serval_reply_allowed() - may an unverified packet be answered now
 * @sn: namespace
 *
 * Return: false, and it is counted, above the limit of
 * Documentation/protocol.rst section 4.9.
 */
bool serval_reply_allowed(struct serval_net *sn)
{
	unsigned long now = jiffies, stamp = READ_ONCE(sn->reply_stamp);

	if (time_after_eq(now, stamp + HZ) &&
	    cmpxchg(&sn->reply_stamp, stamp, now) == stamp)
		atomic_set(&sn->reply_tokens, REPLIES_PER_SECOND);
	if (atomic_dec_if_positive(&sn->reply_tokens) >= 0)
		return true;
	SERVAL_INC(sn, RATELIMITED);
	return false;
}

static void send_nack(struct serval_net *sn, const struct sk_buff *skb,
		      const struct serval_pkt *syn, struct serval_pkt *nack)
{
	nack->src = (__force __be32)(get_random_u32() | 1);
	nack->dst = syn->src;
	nack->protocol = SERVAL_PROTO_NONE;
	nack->has |= SERVAL_HAS_CONTROL;
	nack->flags = SERVAL_CTRL_NACK;
	nack->ackno = syn->verno + 1;
	nack->nonce = syn->nonce;
	if (!serval_reply_allowed(sn))
		return;
	SERVAL_INC(sn, OUTNACK);
	serval_path_refuse(sn, skb, syn, nack);
}

/**
 * serval_nack_send() - refuse a request
 * @sn:     namespace
 * @skb:    the SYN, kept
 * @syn:    parsed header
 * @reason: positive errno
 */
void serval_nack_send(struct serval_net *sn, const struct sk_buff *skb,
		      const struct serval_pkt *syn, u8 reason)
{
	struct serval_pkt nack = { .reason = reason };

	send_nack(sn, skb, syn, &nack);
}

/**
 * serval_redirect_send() - refuse a request and say where to ask instead
 * @sn:   namespace
 * @skb:  the SYN, kept
 * @syn:  parsed header
 * @addr: who has the service
 *
 * Still shorter than a SYN (Documentation/protocol.rst 4.15).
 */
void serval_redirect_send(struct serval_net *sn, const struct sk_buff *skb,
			  const struct serval_pkt *syn,
			  const struct in6_addr *addr)
{
	struct serval_pkt nack = {
		.reason = SERVAL_REASON_REDIRECT,
		.has = SERVAL_HAS_ADDRESS,
		.listed = 1,
		.list[0] = *addr,
	};

	BUILD_BUG_ON(SERVAL_CONTROL_PKT_LEN + SERVAL_ADDRESS_LEN + 16 >
		     SERVAL_SYN_LEN);
	send_nack(sn, skb, syn, &nack);
}

/**
 * serval_rst_send() - tell a peer that its flow is not known here
 * @sn:  namespace
 * @skb: the offending packet, at the SAL header, TCP header linear; kept
 * @src: its source flow id
 * @dst: its destination flow id
 * @len: of its SAL header
 *
 * verno carries the sequence number that TCP would put into the RST, so the
 * peer's TCP checks it like one (Documentation/protocol.rst 4).  As long as
 * the shortest segment that can ask for it, and never an answer to a RST.
 */
void serval_rst_send(struct serval_net *sn, struct sk_buff *skb, __be32 src,
		     __be32 dst, unsigned int len)
{
	const struct tcphdr *th = (struct tcphdr *)(skb->data + len);
	const struct serval_pkt pkt = {
		.src = dst,
		.dst = src,
		.protocol = SERVAL_PROTO_NONE,
		.has = SERVAL_HAS_CONTROL,
		.flags = SERVAL_CTRL_RST,
		.verno = ntohl(th->ack_seq),
	};

	if (th->rst || !th->ack || !serval_reply_allowed(sn))
		return;
	SERVAL_INC(sn, OUTRST);
	serval_path_reply(sn, skb, &pkt);
}

/* Give the segment to @sk, which TCP has for the tuple, else to @listener */
static void deliver_passive(struct serval_net *sn, struct sk_buff *skb,
			    struct serval_conn *conn, unsigned int len,
			    struct sock *sk, struct sock *listener)
{
	skb_orphan(skb);
	if (sk && sk->sk_state == TCP_TIME_WAIT &&
	    ((struct tcphdr *)(skb->data + len))->syn) {
		/* only stable ULIDs come again; old segments can't, they have
		 * another flow id
		 */
		inet_twsk_deschedule_put(inet_twsk(sk));
		sk = NULL;
	}
	if (sk) {
		skb->sk = sk;
		skb->destructor = sock_edemux;
	} else {
		skb->sk = listener;
		skb->destructor = sock_pfree;
	}
	serval_deliver(sn, skb, conn, len);
}

static void established(struct serval_net *sn, struct serval_flow *fl)
{
	serval_multipath_begin(sn, fl);
	serval_event_flow(sn, SERVAL_CMD_FLOW_NEW_NTF, fl, 0);
}

/**
 * serval_seed_insert() - make a connection and a flow of a seed and publish them
 * @sn:   namespace
 * @seed: complete; its route moves on
 *
 * Flow first unreachable, then connection, then by id.  Only now the initiator's
 * host gets a reference.
 *
 * Return: the connection, NULL if there is no memory or another CPU was first.
 */
struct serval_conn *serval_seed_insert(struct serval_net *sn,
				       struct serval_seed *seed)
{
	struct serval_conn *conn = serval_conn_move(&seed->conn, GFP_ATOMIC);
	struct serval_flow *fl;
	int err = -ENOMEM;

	if (!conn)
		goto err_count;
	fl = &conn->first;
	conn->repeat = false;
	/* without memory for the host it stays with what the initiator was told,
	 * and does not move
	 */
	fl->host = seed->key ? serval_host_get(sn, fl->host, seed->key,
					       GFP_ATOMIC) ?: fl->host : 0;
	if (conn->scope == SERVAL_SCOPE_TUPLE)
		serval_conn_evict(sn, conn);
	err = serval_conn_insert(sn, conn);
	if (err)
		goto err_free;
	err = serval_flow_insert(sn, fl);
	if (err)
		goto err_destroy;
	if (fl->state == SERVAL_FLOW_ESTABLISHED)
		established(sn, fl);
	return conn;

err_destroy:
	/* the peer's next confirm packet makes both anew */
	serval_host_put(sn, fl->host);
	serval_conn_destroy(sn, conn);
	goto err_count;
err_free:
	serval_host_put(sn, fl->host);
	serval_conn_free(conn);
err_count:
	/* -EEXIST: another CPU handled a copy of the packet */
	if (err == -ENOMEM)
		SERVAL_INC(sn, FLOWNOMEM);
	return NULL;
}

static void run_seed(struct serval_net *sn, struct sk_buff *skb,
		     struct serval_seed *seed, unsigned int len,
		     struct sock *listener)
{
	const struct tcphdr *th = (struct tcphdr *)(skb->data + len);
	struct serval_seed *outer = this_cpu_read(current_seed);
	struct sock *sk = NULL;

	/* an R of its own is as new as the SYN */
	if (!th->syn || seed->conn.scope != SERVAL_SCOPE_ULID)
		sk = serval_conn_tcp_sock(sn, &seed->conn);
	this_cpu_write(current_seed, seed);
	deliver_passive(sn, skb, &seed->conn, len, sk, listener);
	this_cpu_write(current_seed, outer);
	atomic_set(&seed->conn.first.owed, 0);

	if (seed->kept) {
		serval_seed_insert(sn, seed);
		return;
	}
	sk = serval_conn_tcp_sock(sn, &seed->conn);
	if (!sk)
		return;
	/* by TCP Fast Open or a SYN cookie */
	if (sk_fullsock(sk) && !seed->conn.first.unproven) {
		seed->conn.first.state = SERVAL_FLOW_ESTABLISHED;
		seed->conn.first.confirmed = true;
	}
	serval_seed_insert(sn, seed);
	sock_gen_put(sk);
}

static struct serval_target *find_listener(struct serval_net *sn,
					   struct sk_buff *skb,
					   const struct serval_pkt *pkt,
					   unsigned int len,
					   const struct serval_conn *conn)
{
	struct serval_target *t;

	__skb_pull(skb, len);
	t = serval_service_listener(sn, &pkt->service[0], conn, skb);
	__skb_push(skb, len);
	return t;
}

/**
 * serval_listener_takes() - does a listener want a SYN
 * @sn:       namespace
 * @skb:      SYN or confirm packet
 * @listener: socket
 * @fl:       flow to be; goes out through the device the listener is bound to
 *
 * Return: false if it is bound to another device or local address.
 */
bool serval_listener_takes(struct serval_net *sn, const struct sk_buff *skb,
			   const struct sock *listener,
			   struct serval_flow *fl)
{
	const struct serval_conn *conn = serval_conn_find_sock(sn, listener);
	const struct serval_options *opt;

	if (!conn || listener->sk_bound_dev_if != sn->dev->ifindex ||
	    !serval_conn_takes(conn, skb))
		return false;
	opt = serval_options(conn);
	/* the answer would have to come from an address that it is not bound to */
	if (!ipv6_addr_any(&opt->bind_addr) &&
	    ipv6_addr_any(&fl->path.laddr))
		return false;
	if (opt->oif)
		fl->path.oif = opt->oif;
	fl->conn->bound = opt->oif || !ipv6_addr_any(&opt->bind_addr);
	return true;
}

/* @skb at the SAL header; the TCP header behind it linear and ours */
static struct tcphdr *pull_tcp(struct sk_buff *skb, unsigned int len)
{
	struct tcphdr *th;

	if (!pskb_may_pull(skb, len + sizeof(*th)))
		return NULL;
	th = (struct tcphdr *)(skb->data + len);
	if (th->doff < sizeof(*th) / 4 ||
	    !pskb_may_pull(skb, len + th->doff * 4))
		return NULL;
	return (struct tcphdr *)(skb->data + len);
}

/* Its options will be written to */
static struct tcphdr *pull_syn(struct sk_buff *skb, unsigned int len)
{
	struct tcphdr *th = pull_tcp(skb, len);

	if (!th || skb_ensure_writable(skb, len + th->doff * 4))
		return NULL;
	return (struct tcphdr *)(skb->data + len);
}

static void clamp_received(struct sk_buff *skb, unsigned int len, u16 mss)
{
	__skb_pull(skb, len);
	serval_clamp_mss(skb, mss);
	__skb_push(skb, len);
}

/**
 * serval_syn_refuse() - nobody here listens to what a SYN asks for
 * @sn:  namespace
 * @skb: SYN; consumed
 * @pkt: its header
 *
 * Who asks a group wants to hear from those that have the service.
 */
void serval_syn_refuse(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_pkt *pkt)
{
	if (!serval_outer_is_group(skb))
		serval_nack_send(sn, skb, pkt, ECONNREFUSED);
	serval_drop(sn, skb, SERVAL_MIB_SYNNOSERVICE);
}

/* The same request may come raw and inside UDP: answer the last.  What a router
 * passed on is answered raw.
 */
static void spoken_to(struct serval_flow *fl, const struct sk_buff *skb,
		      const struct serval_pkt *pkt)
{
	const struct udphdr *uh = pkt->hops ? NULL : serval_outer_udp(skb);

	if (READ_ONCE(fl->state) == SERVAL_FLOW_SYN_RCVD)
		serval_path_encapsulate(&fl->path, uh ? uh->dest : 0,
					uh ? uh->source : 0);
}

/* A copy of the SYN that made the flow */
static void repeat_syn(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_pkt *pkt, struct serval_flow *fl,
		       struct sock *listener)
{
	spoken_to(fl, skb, pkt);
	clamp_received(skb, pkt->len, fl->path.mss);
	atomic_set(&fl->owed, 1);
	deliver_passive(sn, skb, fl->conn, pkt->len,
			serval_conn_tcp_sock(sn, fl->conn), listener);
	atomic_set(&fl->owed, 0);
}

/**
 * serval_syn_rcv() - a SYN asks for a service
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 * @pkt: parsed header
 * @len: its length
 */
void serval_syn_rcv(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt, unsigned int len)
{
	struct serval_seed seed;
	struct serval_target *t;
	struct serval_flow *fl;
	struct tcphdr *th;

	if (pkt->dst || !(pkt->has & SERVAL_HAS_SERVICE) ||
	    pkt->has & SERVAL_HAS_SERVICE2 || pkt->protocol != SERVAL_PROTO_TCP)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	th = pull_syn(skb, len);
	if (!th || !th->syn || th->ack || th->rst || !th->source || !th->dest)
		return serval_drop(sn, skb, SERVAL_MIB_INTRANSPORT);
	SERVAL_INC(sn, INSYN);

	serval_seed_init(sn, &seed, skb, pkt, pkt->verno);
	fl = serval_seed_for_syn(sn, skb, pkt, &seed, 0);
	seed_complete(sn, &seed, th, false);
	t = find_listener(sn, skb, pkt, len, fl ? fl->conn : &seed.conn);
	if (!t || !serval_listener_takes(sn, skb, t->sk, &seed.conn.first))
		return serval_syn_refuse(sn, skb, pkt);
	if (serval_exchange_lacks(sn, pkt))
		return serval_exchange_refuse(sn, skb, pkt);
	serval_target_resolved(t, skb->len - len);
	skb->pkt_type = PACKET_HOST;	/* TCP takes nothing else */
	if (!fl && !serval_outer_is_group(skb) &&
	    serval_fastopen_wanted(t->sk, th)) {
		fl = serval_seed_for_syn(sn, skb, pkt, &seed, FASTOPEN);
		seed_complete(sn, &seed, th, true);
	}
	if (fl)
		return repeat_syn(sn, skb, pkt, fl, t->sk);
	if (IS_ERR(serval_path_route(sn, &seed.conn.first.path, t->sk,
				     READ_ONCE(t->sk->sk_mark))))
		return serval_drop(sn, skb, SERVAL_MIB_INNOROUTE);
	clamp_received(skb, len, seed.conn.first.path.mss);
	run_seed(sn, skb, &seed, len, t->sk);
	serval_path_release(&seed.conn.first.path);
}

/* A confirm packet of a flow that nobody keeps: perhaps a SYN cookie's */
static void confirm_unknown(struct serval_net *sn, struct sk_buff *skb,
			    const struct serval_pkt *pkt, unsigned int len,
			    const struct tcphdr *th)
{
	struct serval_seed seed;
	struct serval_target *t;
	int variant;

	serval_seed_init(sn, &seed, skb, pkt, pkt->verno - 1);
	variant = serval_seed_for_confirm(sn, pkt, &seed);
	if (variant < 0 || th->syn) {
		serval_rst_send(sn, skb, pkt->src, pkt->dst, len);
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	}
	seed_complete(sn, &seed, th, variant >= FASTOPEN);
	t = find_listener(sn, skb, pkt, len, &seed.conn);
	if (!t || !serval_listener_takes(sn, skb, t->sk, &seed.conn.first)) {
		serval_rst_send(sn, skb, pkt->src, pkt->dst, len);
		return serval_drop(sn, skb, SERVAL_MIB_SYNNOSERVICE);
	}
	if (IS_ERR(serval_path_route(sn, &seed.conn.first.path, t->sk,
				     READ_ONCE(t->sk->sk_mark))))
		return serval_drop(sn, skb, SERVAL_MIB_INNOROUTE);
	run_seed(sn, skb, &seed, len, t->sk);
	serval_path_release(&seed.conn.first.path);
}

/* Return: false if another CPU was first */
static bool confirm(struct serval_flow *fl)
{
	bool first;

	spin_lock_bh(&fl->conn->lock);
	first = fl->state == SERVAL_FLOW_SYN_RCVD;
	if (first) {
		WRITE_ONCE(fl->unproven, false);
		WRITE_ONCE(fl->confirmed, true);
		WRITE_ONCE(fl->state, SERVAL_FLOW_ESTABLISHED);
	}
	spin_unlock_bh(&fl->conn->lock);
	return first;
}

/**
 * serval_confirm_rcv() - the initiator's packets until it has heard us
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 * @pkt: parsed header
 * @len: its length
 */
void serval_confirm_rcv(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt, unsigned int len)
{
	struct serval_flow *fl;
	struct tcphdr *th;
	bool reset;

	if (!pkt->dst || !(pkt->has & SERVAL_HAS_SERVICE) ||
	    pkt->protocol != SERVAL_PROTO_TCP)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	th = pull_tcp(skb, len);
	if (!th)
		return serval_drop(sn, skb, SERVAL_MIB_INTRANSPORT);
	fl = serval_flow_find(sn, pkt->dst);
	if (!fl)
		return confirm_unknown(sn, skb, pkt, len, th);
	if (fl->peer_id != pkt->src)
		return serval_drop(sn, skb, SERVAL_MIB_INBADPEERID);
	if (!serval_path_is_peer(&fl->path, skb))
		return serval_drop(sn, skb, SERVAL_MIB_INBADLOCATOR);
	if (!serval_seed_is_peer(fl, skb, pkt) || pkt->ackno != fl->iss + 1)
		return serval_drop(sn, skb, SERVAL_MIB_INBADNONCE);
	if (READ_ONCE(fl->state) == SERVAL_FLOW_NEXT)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);

	spoken_to(fl, skb, pkt);
	if (READ_ONCE(fl->state) == SERVAL_FLOW_SYN_RCVD && confirm(fl))
		established(sn, fl);
	serval_path_follow(&fl->path, skb);
	atomic64_inc(&fl->received_packets);
	atomic64_add(skb->len - len, &fl->received_bytes);
	/* who resets what it has half opened makes room in TCP's queue, which
	 * is what bounds the table
	 */
	reset = th->rst;
	serval_deliver(sn, skb, fl->conn, len);
	if (unlikely(reset))
		serval_conn_reap(sn, fl->conn);
}

/* The SYN-ACK must be one that TCP will accept: only then is the responder's
 * id adopted.  TCP's numbers are read without its lock; they do not change
 * in SYN_SENT, but for snd_nxt, which TCP sets only after the SYN has left.
 */
static bool synack_acceptable(struct sk_buff *skb, unsigned int len,
			      const struct serval_flow *fl,
			      const struct serval_pkt *pkt,
			      const struct tcphdr *th)
{
	const struct sock *sk = READ_ONCE(fl->conn->sk);
	const struct tcp_sock *tp;
	u32 ack = ntohl(th->ack_seq);

	if (!sk || pkt->ackno != fl->iss + 1)
		return false;
	tp = tcp_sk(sk);
	return after(ack, READ_ONCE(tp->snd_una)) &&
	       !after(ack, READ_ONCE(tp->write_seq)) &&
	       serval_checksum_ok(skb, len, IPPROTO_TCP);
}

/**
 * serval_flow_adopt() - take the ids, locators and KEY of the responder
 * @fl:  in SYN_SENT; its connection's lock is held
 * @skb: SYN-ACK, network header set
 * @pkt: its header
 * @host: serval_exchange_host()
 *
 * Return: what the caller is to give to serval_host_put(), after the lock.
 */
u32 serval_flow_adopt(struct serval_flow *fl, const struct sk_buff *skb,
		      const struct serval_pkt *pkt, u32 host)
{
	lockdep_assert_held(&fl->conn->lock);
	/* the device may be the rule's, for who was asked last */
	if (serval_path_is_peer(&fl->path, skb))
		serval_path_answer(&fl->path, skb, fl->path.oif);
	else
		serval_path_answer(&fl->path, skb,
				   serval_options(fl->conn)->oif);
	fl->peer_id = pkt->src;
	fl->peer_iss = pkt->verno;
	serval_flow_build_hdr(fl);
	host = serval_exchange_adopt(fl, pkt, host);
	/* pairs with the lockless look at the state in rcv_segment() */
	smp_store_release(&fl->state, SERVAL_FLOW_ESTABLISHED);
	return host;
}

/* Return: false if another CPU was first */
static bool adopt(struct serval_net *sn, struct serval_flow *fl,
		  const struct sk_buff *skb, const struct serval_pkt *pkt)
{
	u32 host = serval_exchange_host(sn, fl, pkt);
	bool first;

	spin_lock_bh(&fl->conn->lock);
	first = fl->state == SERVAL_FLOW_SYN_SENT;
	if (first)
		host = serval_flow_adopt(fl, skb, pkt, host);
	spin_unlock_bh(&fl->conn->lock);
	serval_host_put(sn, host);
	return first;
}

/* Of the socket that will send, or its data would take another way */
static void route_for_sock(struct serval_net *sn, struct serval_flow *fl)
{
	struct sock *sk = serval_conn_get_sock(fl->conn);

	if (!sk)
		return;
	serval_path_route(sn, &fl->path, sk, READ_ONCE(sk->sk_mark));
	sock_put(sk);
}

/**
 * serval_synack_rcv() - a responder answers our SYN
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 * @pkt: parsed header
 * @len: its length
 */
void serval_synack_rcv(struct serval_net *sn, struct sk_buff *skb,
		       const struct serval_pkt *pkt, unsigned int len)
{
	struct tcphdr *th = pull_syn(skb, len);
	struct serval_flow *fl;

	if (!th || pkt->protocol != SERVAL_PROTO_TCP || !pkt->dst ||
	    !th->syn || !th->ack || th->rst)
		return serval_drop(sn, skb, SERVAL_MIB_INTRANSPORT);
	fl = serval_flow_find(sn, pkt->dst);
	if (!fl) {
		serval_rst_send(sn, skb, pkt->src, pkt->dst, len);
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	}
	if (fl->conn->protocol != IPPROTO_TCP)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	if (READ_ONCE(fl->state) == SERVAL_FLOW_SYN_SENT) {
		if (!synack_acceptable(skb, len, fl, pkt, th))
			return serval_drop(sn, skb, SERVAL_MIB_INBADACK);
		if (!serval_exchange_ok(sn, fl, pkt))
			return serval_drop(sn, skb, SERVAL_MIB_INKEYMISSING);
		if (adopt(sn, fl, skb, pkt)) {
			serval_encap_answered(sn, fl);
			established(sn, fl);
		}
	}
	if (fl->peer_id != pkt->src || !serval_path_is_peer(&fl->path, skb)) {
		/* the loser of a race between two responders */
		if (pkt->ackno == fl->iss + 1)
			serval_rst_send(sn, skb, pkt->src, pkt->dst, len);
		return serval_drop(sn, skb, SERVAL_MIB_INSYNACKLATE);
	}
	if (!rcu_access_pointer(fl->path.dst))
		route_for_sock(sn, fl);
	SERVAL_INC(sn, INSYNACK);
	clamp_received(skb, len, fl->path.mss);
	atomic64_inc(&fl->received_packets);
	atomic64_add(skb->len - len, &fl->received_bytes);
	serval_deliver(sn, skb, fl->conn, len);
}

/* A refusal becomes a RST segment: TCP then treats it as it would treat one
 * from the peer, also while a process holds the socket.
 */
static void deliver_rst(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_flow *fl, u32 seq, u32 ack)
{
	struct serval_conn *conn = fl->conn;
	struct sk_buff *rst;
	struct tcphdr *th;

	rst = alloc_skb(MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(*th),
			GFP_ATOMIC);
	if (!rst)
		return serval_drop(sn, skb, SERVAL_MIB_INNOMEM);
	skb_reserve(rst, MAX_HEADER + sizeof(struct iphdr));
	skb_reset_network_header(rst);
	*(struct iphdr *)skb_put_zero(rst, sizeof(struct iphdr)) =
		(struct iphdr) { .version = 4 };
	__skb_pull(rst, sizeof(struct iphdr));
	th = skb_put_zero(rst, sizeof(*th));
	th->source = READ_ONCE(conn->rport);
	th->dest = READ_ONCE(conn->lport);
	th->seq = htonl(seq);
	th->ack_seq = htonl(ack);
	th->doff = sizeof(*th) / 4;
	th->rst = 1;
	th->ack = READ_ONCE(fl->state) == SERVAL_FLOW_SYN_SENT;
	rst->ip_summed = CHECKSUM_UNNECESSARY;
	rst->pkt_type = PACKET_HOST;
	consume_skb(skb);
	serval_deliver(sn, rst, conn, 0);
}

/**
 * serval_nack_rcv() - our SYN, or a datagram, is refused
 * @sn:  namespace
 * @skb: consumed
 * @pkt: parsed header
 *
 * May come from a third address, a forwarder's: what it must know is our
 * random id, our version number and our nonce.  If several targets were
 * asked at once, the attempt ends when as many have refused.
 */
void serval_nack_rcv(struct serval_net *sn, struct sk_buff *skb,
		     const struct serval_pkt *pkt)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);
	const struct sock *sk;

	if (!fl)
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	if (fl->state == SERVAL_FLOW_UNCONNECTED)
		return serval_datagram_nack_rcv(sn, skb, fl, pkt);
	if (READ_ONCE(fl->state) != SERVAL_FLOW_SYN_SENT)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	if (pkt->nonce != serval_flow_nonce(sn, fl))
		return serval_drop(sn, skb, SERVAL_MIB_INBADNONCE);
	if (fl->conn->protocol == IPPROTO_UDP)
		return serval_dgram_nack_rcv(sn, skb, fl, pkt);
	sk = READ_ONCE(fl->conn->sk);
	if (pkt->ackno != fl->iss + 1 || !sk)
		return serval_drop(sn, skb, SERVAL_MIB_INBADACK);
	SERVAL_INC(sn, INNACK);
	if (serval_redirect_rcv(sn, fl, skb, pkt) ||
	    atomic_dec_return(&fl->awaited) > 0)
		return serval_taken(sn, skb);
	deliver_rst(sn, skb, fl, 0, READ_ONCE(tcp_sk(sk)->snd_una) + 1);
}

/* A RST with PATH: it answers no segment, so it has no number that TCP would take */
static void forgotten(struct serval_net *sn, struct sk_buff *skb,
		      const struct serval_pkt *pkt,
		      const struct serval_flow *next)
{
	bool proven;
	struct serval_flow *fl = serval_move_gone(sn, skb, pkt, next, &proven);
	struct sock *sk = fl ? serval_conn_any_sock(sn, fl->conn) : NULL;

	if (!proven || (fl && !sk))
		return serval_drop(sn, skb, SERVAL_MIB_INBADPATH);
	SERVAL_INC(sn, INRST);
	if (!fl)
		return serval_taken(sn, skb);
	if (fl->conn->protocol == IPPROTO_TCP && sk_fullsock(sk)) {
		deliver_rst(sn, skb, fl, READ_ONCE(tcp_sk(sk)->rcv_nxt), 0);
	} else {
		if (fl->conn->protocol == IPPROTO_UDP)
			serval_dgram_fail(fl, ECONNRESET);
		serval_taken(sn, skb);
	}
	sock_gen_put(sk);
}

/**
 * serval_rst_rcv() - the peer does not know our flow any more
 * @sn:  namespace
 * @skb: consumed
 * @pkt: parsed header
 *
 * Counts only with both ids from the flow's locator, and then only if TCP
 * finds the sequence number in verno right.
 */
void serval_rst_rcv(struct serval_net *sn, struct sk_buff *skb,
		    const struct serval_pkt *pkt)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);
	bool half_open;

	if (!fl)
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	if (pkt->has & SERVAL_HAS_PATH && serval_join_gone(sn, skb, pkt, fl))
		return serval_taken(sn, skb);
	if (pkt->has & SERVAL_HAS_PATH)
		return forgotten(sn, skb, pkt, fl);
	if (fl->conn->protocol == IPPROTO_UDP)
		return serval_dgram_rst_rcv(sn, skb, fl, pkt);
	if (fl->state == SERVAL_FLOW_SYN_SENT)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	if (fl->peer_id != pkt->src)
		return serval_drop(sn, skb, SERVAL_MIB_INBADPEERID);
	if (!serval_path_is_peer(&fl->path, skb))
		return serval_drop(sn, skb, SERVAL_MIB_INBADLOCATOR);
	half_open = READ_ONCE(fl->state) == SERVAL_FLOW_SYN_RCVD;
	if (READ_ONCE(fl->confirmed) && !half_open &&
	    !serval_move_refused(sn, fl))
		return serval_drop(sn, skb, SERVAL_MIB_INUNPROVEN);
	SERVAL_INC(sn, INRST);
	deliver_rst(sn, skb, fl, pkt->verno, 0);
	if (half_open)
		serval_conn_reap(sn, fl->conn);
}
