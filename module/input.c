// SPDX-License-Identifier: GPL-2.0-only
/*
 * From IP to TCP.
 *
 *	ip_local_deliver(), ip6_input(), UDP -> serval_input()
 *	   12-byte header:	flow by destination id; source id and locator
 *				must be the peer's
 *	   longer:		parse; requests perhaps to another host
 *				(forward.c); then by CONTROL flags to
 *				handshake.c, or without CONTROL to datagram.c
 *	serval_deliver(): strip the SAL header, put the virtual IPv6 header in
 *	the place of the outer one, call TCP's handler
 *
 * TCP gets a cached local dst and, if the connection knows its full socket,
 * that socket, so neither a route nor a socket lookup is needed.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ipv6.h>
#include <net/protocol.h>
#include <net/tcp.h>

#include "dgram_conn.h"
#include "join.h"
#include "multipath.h"
#include "sal.h"
#include "trace.h"

/**
 * serval_drop() - drop a packet, count and trace why
 * @sn:  namespace
 * @skb: consumed
 * @why: counter
 */
void serval_drop(struct serval_net *sn, struct sk_buff *skb,
		 enum serval_mib_field why)
{
	this_cpu_add(sn->mib->v[why], serval_segments(skb));
	trace_serval_drop(sn->net, skb, why);
	if (unlikely(READ_ONCE(sn->settings.debug)))
		net_info_ratelimited("serval: dropped %u bytes: %s\n",
				     skb->len, serval_mib_names[why]);
	kfree_skb(skb);
}

static __wsum pseudo_sum(struct sk_buff *skb, int proto)
{
	return csum_tcpudp_nofold(0, 0, skb->len, proto, 0);
}

/**
 * serval_checksum_ok() - verify the transport's checksum
 * @skb:   at the SAL header
 * @len:   of that
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 */
bool serval_checksum_ok(struct sk_buff *skb, unsigned int len, u8 proto)
{
	bool ok;

	skb_pull_rcsum(skb, len);
	ok = !skb_checksum_init(skb, proto, pseudo_sum) &&
	     !skb_checksum_complete(skb);
	skb_push_rcsum(skb, len);
	return ok;
}

/**
 * serval_conn_takes() - does a bound socket want a packet
 * @conn: the socket's
 * @skb:  received, network header and route are the outer ones
 *
 * Return: false if it was bound to another local address or device.
 */
bool serval_conn_takes(const struct serval_conn *conn,
		       const struct sk_buff *skb)
{
	const struct serval_options *opt = serval_options(conn);
	const struct in6_addr laddr = serval_outer_daddr(skb);

	if (!ipv6_addr_any(&opt->bind_addr) &&
	    !ipv6_addr_equal(&opt->bind_addr, &laddr))
		return false;
	return serval_outer_is_through(skb, opt->oif);
}

/**
 * serval_taken() - free a packet that has told what it had to
 * @sn:  namespace
 * @skb: received
 */
void serval_taken(struct serval_net *sn, struct sk_buff *skb)
{
	SERVAL_ADD(sn, INDELIVERS, serval_segments(skb));
	consume_skb(skb);
}

/* Before @skb->data, where the network header is then */
static inline void write_virtual(struct sk_buff *skb,
				 const struct in6_addr *saddr,
				 const struct in6_addr *daddr, u8 proto,
				 u8 tclass)
{
	struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data - 1;

	skb_set_network_header(skb, -(int)sizeof(*ip6h));
	ip6_flow_hdr(ip6h, tclass, 0);
	/* a superpacket may be longer than the field; TCP uses skb->len */
	ip6h->payload_len = htons(skb->len > U16_MAX ? 0 : skb->len);
	ip6h->nexthdr = proto;
	ip6h->hop_limit = 64;
	ip6h->saddr = *saddr;
	ip6h->daddr = *daddr;
}

/**
 * serval_push_virtual() - put a virtual IPv6 header before a segment
 * @skb:    at the transport's header, with headroom that is ours to write
 * @saddr:  ULID of the sender
 * @daddr:  ULID of the receiver
 * @proto:  IPPROTO_TCP or IPPROTO_UDP
 * @tclass: DSCP and ECN
 */
void serval_push_virtual(struct sk_buff *skb, const struct in6_addr *saddr,
			 const struct in6_addr *daddr, u8 proto, u8 tclass)
{
	write_virtual(skb, saddr, daddr, proto, tclass);
	__skb_push(skb, sizeof(struct ipv6hdr));
}

/* Early demux without a lookup */
static void set_socket(struct sk_buff *skb, const struct serval_conn *conn)
{
	struct sock *sk = serval_conn_get_sock(conn);

	if (!sk)
		return;
	/* TIME_WAIT and closed: TCP's own lookup finds what took over */
	if (unlikely((1 << READ_ONCE(sk->sk_state)) &
		     (TCPF_CLOSE | TCPF_SYN_SENT | TCPF_SYN_RECV |
		      TCPF_LISTEN))) {
		sock_put(sk);
		return;
	}
	skb->sk = sk;
	skb->destructor = sock_edemux;
}

static int call_tcp(struct serval_net *sn, struct sk_buff *skb)
{
	const struct inet6_protocol *tcp;
	struct net_device *dev = sn->dev;

	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	/* as from a slave of sal0: sockets bound to no device do not match */
	IP6CB(skb)->flags = IP6SKB_L3SLAVE;
	IP6CB(skb)->iif = dev->ifindex;
	skb->skb_iif = dev->ifindex;
	skb->dev = dev;
	skb->protocol = htons(ETH_P_IPV6);
	skb->encapsulation = 0;
	skb_shinfo(skb)->gso_type &= ~(SKB_GSO_SCTP | SKB_GSO_UDP_TUNNEL |
				       SKB_GSO_UDP_TUNNEL_CSUM);
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, &sn->local_rt->dst);
	tcp = rcu_dereference(inet6_protos[IPPROTO_TCP]);
	return tcp->handler(skb);
}

/* May TCP see the segment?  Only with the ports of its connection, and a SYN
 * only for a socket that the SAL chose: TCP would look for a listener, which
 * might be any program's.
 */
static bool admissible(struct sk_buff *skb, const struct serval_conn *conn)
{
	const struct tcphdr *th = (struct tcphdr *)skb->data;

	if (unlikely(th->source != conn->rport || th->dest != conn->lport))
		return false;
	if (!skb->sk)
		set_socket(skb, conn);
	return likely(!th->syn || th->ack) || skb->sk;
}

/* Apart, as the next: with addresses on the stack their caller would have to
 * guard that
 */
static noinline void tap_segment(struct serval_net *sn,
				 const struct serval_conn *conn,
				 struct sk_buff *skb, u8 tclass)
{
	const struct in6_addr laddr = serval_conn_laddr(conn);
	const struct in6_addr raddr = serval_conn_raddr(conn);

	serval_device_tap(sn, skb, &raddr, &laddr, IPPROTO_TCP, tclass, false);
}

static noinline void write_by_conn(struct sk_buff *skb,
				   const struct serval_conn *conn, u8 tclass)
{
	const struct in6_addr laddr = serval_conn_laddr(conn);
	const struct in6_addr raddr = serval_conn_raddr(conn);

	write_virtual(skb, &raddr, &laddr, IPPROTO_TCP, tclass);
}

/* The socket it is for has both ULIDs, unless it listens */
static inline void write_segment(struct sk_buff *skb,
				 const struct serval_conn *conn, u8 tclass)
{
	const struct sock *sk = skb->sk;

	if (likely(sk && READ_ONCE(sk->sk_state) != TCP_LISTEN))
		write_virtual(skb, &sk->sk_v6_daddr, &sk->sk_v6_rcv_saddr,
			      IPPROTO_TCP, tclass);
	else
		write_by_conn(skb, conn, tclass);
}

/**
 * serval_deliver() - hand a segment to TCP
 * @sn:   namespace
 * @skb:  at the SAL header, network header is the outer one; consumed; its
 *        socket may be chosen already; the TCP header is linear
 * @conn: whose
 * @len:  of the SAL header
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: 0, as IP expects of a handler.
 */
int serval_deliver(struct serval_net *sn, struct sk_buff *skb,
		   struct serval_conn *conn, unsigned int len)
{
	u8 tclass = serval_outer_tos(skb);

	if (unlikely(skb_cow_head(skb, sizeof(struct ipv6hdr)))) {
		serval_drop(sn, skb, SERVAL_MIB_INNOMEM);
		return 0;
	}
	/* mostly verified already, or a veth pair's */
	if (unlikely(skb->ip_summed == CHECKSUM_COMPLETE))
		skb_pull_rcsum(skb, len);
	else
		__skb_pull(skb, len);
	skb_reset_transport_header(skb);
	if (serval_tapped(sn))
		tap_segment(sn, conn, skb, tclass);
	if (unlikely(!admissible(skb, conn))) {
		serval_drop(sn, skb, SERVAL_MIB_INTRANSPORT);
		return 0;
	}
	write_segment(skb, conn, tclass);
	SERVAL_ADD(sn, INDELIVERS, serval_segments(skb));
	call_tcp(sn, skb);
	return 0;
}

static void count_received(struct serval_flow *fl, const struct sk_buff *skb,
			   unsigned int len)
{
	atomic64_add(serval_segments(skb), &fl->received_packets);
	atomic64_add(skb->len - len, &fl->received_bytes);
}

/* A segment of an established flow with nothing to say to the SAL */
static void rcv_segment(struct serval_net *sn, struct sk_buff *skb,
			__be32 src, __be32 dst, unsigned int len)
{
	struct serval_flow *fl = serval_flow_find(sn, dst);

	if (unlikely(!fl)) {
		serval_rst_send(sn, skb, src, dst, len);
		serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
		return;
	}
	if (unlikely(fl->peer_id != src || fl->conn->protocol != IPPROTO_TCP)) {
		serval_move_early(sn, skb, fl, src);
		serval_drop(sn, skb, SERVAL_MIB_INBADPEERID);
		return;
	}
	if (unlikely(!serval_path_is_peer(&fl->path, skb))) {
		serval_move_stray(sn, skb, fl);
		serval_drop(sn, skb, SERVAL_MIB_INBADLOCATOR);
		return;
	}
	/* SYN_RCVD: the peer confirms until it has heard us */
	if (unlikely(!serval_flow_receives(fl))) {
		serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
		return;
	}
	if (unlikely(!fl->confirmed))
		WRITE_ONCE(fl->confirmed, true);
	if (unlikely(this_cpu_read(serval_early_missed)))
		serval_early_learn(sn, skb);
	serval_path_follow(&fl->path, skb);
	count_received(fl, skb, len);
	serval_deliver(sn, skb, fl->conn, len);
}

/* A header alone, so that a NAT on the way remembers its flow */
static void rcv_keepalive(struct serval_net *sn, struct sk_buff *skb,
			  const struct serval_pkt *pkt)
{
	struct serval_flow *fl = serval_flow_find(sn, pkt->dst);

	if (!fl)
		return serval_drop(sn, skb, SERVAL_MIB_INNOFLOW);
	if (fl->peer_id != pkt->src)
		return serval_drop(sn, skb, SERVAL_MIB_INBADPEERID);
	if (!serval_path_is_peer(&fl->path, skb)) {
		serval_move_stray(sn, skb, fl);
		return serval_drop(sn, skb, SERVAL_MIB_INBADLOCATOR);
	}
	if (READ_ONCE(fl->state) != SERVAL_FLOW_ESTABLISHED)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	serval_path_follow(&fl->path, skb);
	SERVAL_INC(sn, INKEEPALIVE);
	serval_taken(sn, skb);
}

static void rcv_control(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_pkt *pkt, unsigned int len)
{
	const bool udp = pkt->protocol == SERVAL_PROTO_UDP;

	switch (pkt->flags) {
	case SERVAL_CTRL_SYN:
		return udp ? serval_dgram_syn_rcv(sn, skb, pkt, len) :
			     serval_syn_rcv(sn, skb, pkt, len);
	case SERVAL_CTRL_SYN | SERVAL_CTRL_ACK:
		return udp ? serval_dgram_synack_rcv(sn, skb, pkt, len) :
			     serval_synack_rcv(sn, skb, pkt, len);
	case SERVAL_CTRL_ACK:
		if (pkt->path_kind == SERVAL_PATH_CHALLENGE)
			return serval_probe_rcv(sn, skb, pkt);
		if (pkt->has & SERVAL_HAS_PATH)
			return serval_moved_rcv(sn, skb, pkt);
		if (pkt->has & SERVAL_HAS_ADDRESS)
			return serval_address_rcv(sn, skb, pkt);
		return udp ? serval_dgram_confirm_rcv(sn, skb, pkt, len) :
			     serval_confirm_rcv(sn, skb, pkt, len);
	case SERVAL_CTRL_RSYN:
		return serval_rsyn_rcv(sn, skb, pkt);
	case SERVAL_CTRL_RSYN | SERVAL_CTRL_ACK:
		return serval_rsynack_rcv(sn, skb, pkt);
	case SERVAL_CTRL_SYN | SERVAL_CTRL_RSYN:
		return serval_join_rcv(sn, skb, pkt);
	case SERVAL_CTRL_SYN | SERVAL_CTRL_RSYN | SERVAL_CTRL_ACK:
		return serval_joinack_rcv(sn, skb, pkt);
	case SERVAL_CTRL_RSYN | SERVAL_CTRL_FIN:
		return serval_part_rcv(sn, skb, pkt);
	case SERVAL_CTRL_NACK:
		return serval_nack_rcv(sn, skb, pkt);
	case SERVAL_CTRL_RST:
		return serval_rst_rcv(sn, skb, pkt);
	case SERVAL_CTRL_FIN:
		return serval_fin_rcv(sn, skb, pkt);
	default:
		serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	}
}

static const enum serval_mib_field wire_mib[__SERVAL_WIRE_MAX] = {
	[SERVAL_WIRE_SHORT]	  = SERVAL_MIB_INHDRERRORS,
	[SERVAL_WIRE_CSUM]	  = SERVAL_MIB_INCSUMERRORS,
	[SERVAL_WIRE_PROTO]	  = SERVAL_MIB_INPROTOERRORS,
	[SERVAL_WIRE_ID]	  = SERVAL_MIB_INIDERRORS,
	[SERVAL_WIRE_EXT_LEN]	  = SERVAL_MIB_INEXTERRORS,
	[SERVAL_WIRE_EXT_COUNT]	  = SERVAL_MIB_INEXTCOUNT,
	[SERVAL_WIRE_EXT_UNKNOWN] = SERVAL_MIB_INEXTUNKNOWN,
};

/* For a service, and for no flow */
static bool is_request(const struct serval_pkt *pkt)
{
	if (pkt->dst || !(pkt->has & SERVAL_HAS_SERVICE))
		return false;
	return !(pkt->has & SERVAL_HAS_CONTROL) ||
	       pkt->flags == SERVAL_CTRL_SYN;
}

/* To this host; or what may ask a group (Documentation/protocol.rst 4.14) */
static bool addressed(const struct sk_buff *skb, const struct serval_pkt *pkt)
{
	if (!serval_outer_is_group(skb))
		return skb->pkt_type == PACKET_HOST;
	if (pkt->has & SERVAL_HAS_CONTROL)
		return pkt->flags == SERVAL_CTRL_SYN;
	return pkt->protocol == SERVAL_PROTO_UDP && !pkt->dst;
}

static void rcv_parsed(struct serval_net *sn, struct sk_buff *skb,
		       unsigned int len)
{
	struct serval_pkt pkt;
	enum serval_wire_err err;

	err = serval_wire_parse(skb->data, len, &pkt);
	if (err)
		return serval_drop(sn, skb, wire_mib[err]);
	if (!addressed(skb, &pkt))
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	if (is_request(&pkt) && serval_forward(sn, skb, &pkt))
		return;
	if (pkt.has & SERVAL_HAS_CONTROL)
		return rcv_control(sn, skb, &pkt, len);
	if (pkt.protocol == SERVAL_PROTO_TCP && pkt.dst && skb->len == len)
		return rcv_keepalive(sn, skb, &pkt);
	if (pkt.protocol == SERVAL_PROTO_UDP)
		return pkt.dst ? serval_dgram_rcv(sn, skb, &pkt, len) :
				 serval_datagram_rcv(sn, skb, &pkt, len);
	if (pkt.protocol == SERVAL_PROTO_NONE && len == SERVAL_HDR_LEN)
		return serval_dgram_unknown_rcv(sn, skb, &pkt);
	if (pkt.protocol != SERVAL_PROTO_TCP || !pkt.dst)
		return serval_drop(sn, skb, SERVAL_MIB_INUNEXPECTED);
	if (!pskb_may_pull(skb, len + sizeof(struct tcphdr)))
		return serval_drop(sn, skb, SERVAL_MIB_INTRANSPORT);
	rcv_segment(sn, skb, pkt.src, pkt.dst, len);
}

/**
 * serval_input_held() - take a request that serval_forward() has held
 * @sn:  namespace
 * @skb: as it was then, but for its route; consumed
 *
 * Context: BH disabled, rcu_read_lock() held.
 */
void serval_input_held(struct serval_net *sn, struct sk_buff *skb)
{
	rcv_parsed(sn, skb, serval_wire_len((struct serval_hdr *)skb->data));
}

/* What serval_wire_parse() would find, for the header of nearly all packets */
static bool is_plain(const struct serval_hdr *hdr)
{
	return hdr->shl == SERVAL_HDR_WORDS &&
	       hdr->protocol == SERVAL_PROTO_TCP && hdr->src && hdr->dst &&
	       serval_wire_base_ok(hdr);
}

static bool count_in(struct serval_net *sn, struct sk_buff *skb)
{
	if (unlikely(READ_ONCE(sn->closed))) {
		kfree_skb(skb);
		return false;
	}
	SERVAL_ADD(sn, INPKTS, serval_segments(skb));
	SERVAL_ADD(sn, INOCTETS, skb->len);
	return true;
}

static void rcv(struct serval_net *sn, struct sk_buff *skb)
{
	const struct serval_hdr *hdr;
	unsigned int len;

	if (unlikely(!pskb_may_pull(skb, SERVAL_HDR_LEN)))
		goto short_packet;
	hdr = (struct serval_hdr *)skb->data;
	if (likely(skb->pkt_type == PACKET_HOST && is_plain(hdr) &&
		   pskb_may_pull(skb, SERVAL_HDR_LEN + sizeof(struct tcphdr)))) {
		hdr = (struct serval_hdr *)skb->data;
		return rcv_segment(sn, skb, hdr->src, hdr->dst, SERVAL_HDR_LEN);
	}
	len = serval_wire_len(hdr);
	if (!len || !pskb_may_pull(skb, len))
		goto short_packet;
	return rcv_parsed(sn, skb, len);

short_packet:
	serval_drop(sn, skb, SERVAL_MIB_INHDRERRORS);
}

/* An address that stands for one of IPv4 is nobody's on the network */
static inline bool is_mapped(const struct sk_buff *skb)
{
	return !serval_outer_is4(skb) &&
	       (ipv6_addr_v4mapped(&ipv6_hdr(skb)->saddr) ||
		ipv6_addr_v4mapped(&ipv6_hdr(skb)->daddr));
}

/**
 * serval_input() - take a packet from IP or UDP
 * @sn:  namespace
 * @skb: at the SAL header; consumed
 *
 * Context: softirq, rcu_read_lock() held.
 */
void serval_input(struct serval_net *sn, struct sk_buff *skb)
{
	if (unlikely(!count_in(sn, skb)))
		return;
	if (likely(!is_mapped(skb)))
		rcv(sn, skb);
	else
		serval_drop(sn, skb, SERVAL_MIB_INBADLOCATOR);
}

static int rcv_protocol(struct sk_buff *skb)
{
	serval_input(serval_net_rcu(dev_net(skb->dev)), skb);
	return 0;
}

static const struct net_protocol protocol4 = {
	.handler = rcv_protocol,
	.err_handler = serval_icmp_err4,
};

static const struct inet6_protocol protocol6 = {
	.handler = rcv_protocol,
	.err_handler = serval_icmp_err6,
	.flags = INET6_PROTO_FINAL,
};

/**
 * serval_input_init() - start to receive
 *
 * Return: 0 or -EBUSY if somebody has protocol 144.
 */
int serval_input_init(void)
{
	if (inet_add_protocol(&protocol4, IPPROTO_SERVAL))
		return -EBUSY;
	if (!inet6_add_protocol(&protocol6, IPPROTO_SERVAL))
		return 0;
	inet_del_protocol(&protocol4, IPPROTO_SERVAL);
	return -EBUSY;
}

/**
 * serval_input_exit() - stop to receive
 *
 * Waits until no CPU is in a handler.
 */
void serval_input_exit(void)
{
	inet6_del_protocol(&protocol6, IPPROTO_SERVAL);
	inet_del_protocol(&protocol4, IPPROTO_SERVAL);
}
