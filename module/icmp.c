// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP errors about packets of ours.
 *
 * Anybody can send one.  It counts only if it quotes a packet that this host
 * has under way: from the flow's locators, with both flow ids, and with a
 * sequence number that TCP has sent and not seen acknowledged; of a datagram,
 * with its source port, which is a secret for each socket and service.  Then
 * the socket hears of it as it would over plain IP: an attempt to connect
 * ends, an established connection remembers the error and goes on, and a
 * smaller path MTU makes segments smaller.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <net/icmp.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/tcp.h>

#include "dgram_conn.h"
#include "sal.h"

/* With the process inside, the next transmission does it */
static void mtu_reduced(struct serval_net *sn, struct sock *sk,
			struct serval_flow *fl)
{
	serval_path_route(sn, &fl->path, sk, READ_ONCE(sk->sk_mark));
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		serval_sync_mss(sk, fl->conn);
	bh_unlock_sock(sk);
}

static void report_error(struct sock *sk, int err)
{
	bh_lock_sock(sk);
	if (sk->sk_state == TCP_SYN_SENT && !sock_owned_by_user(sk))
		serval_end_attempt(sk, err);
	else
		WRITE_ONCE(sk->sk_err_soft, err);
	bh_unlock_sock(sk);
}

/* An attempt ends, as with streams.  Otherwise it is as with UDP: a socket
 * hears of what is there to stay, and goes on.
 */
static void report_datagram(struct serval_flow *fl, int err, bool hard)
{
	switch (fl->state) {
	case SERVAL_FLOW_SYN_SENT:
		return serval_dgram_fail(fl, err);
	case SERVAL_FLOW_ESTABLISHED:
		return serval_dgram_report(fl, err, hard);
	case SERVAL_FLOW_UNCONNECTED:
		if (hard)
			serval_datagram_report(fl, err);
	}
}

/* The flow whose packet is quoted: @skb from @off on, to @daddr */
static struct serval_flow *quoted_flow(struct serval_net *sn,
				       const struct sk_buff *skb, int off,
				       const struct in6_addr *saddr,
				       const struct in6_addr *daddr)
{
	struct serval_flow *fl;
	struct serval_hdr hdr;

	/* the quotation need not go further than both ids */
	if (skb_copy_bits(skb, off, &hdr, offsetof(struct serval_hdr, shl)))
		return NULL;
	fl = serval_flow_find(sn, hdr.src);
	if (fl && fl->state == SERVAL_FLOW_UNCONNECTED)
		return serval_datagram_is_quoted(sn, skb, off, fl) ? fl : NULL;
	if (!fl || fl->peer_id != hdr.dst ||
	    !ipv6_addr_equal(&fl->path.raddr, daddr) ||
	    !ipv6_addr_equal(&fl->path.laddr, saddr))
		return NULL;
	return fl;
}

/* Has TCP sent the quoted segment and not seen it acknowledged? */
static bool in_flight(const struct sk_buff *skb, int off, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct serval_hdr hdr;
	__be32 seq;

	if (skb_copy_bits(skb, off, &hdr, sizeof(hdr)))
		return false;
	off += serval_wire_len(&hdr) + offsetof(struct tcphdr, seq);
	if (skb_copy_bits(skb, off, &seq, sizeof(seq)))
		return false;
	return between(ntohl(seq), READ_ONCE(tp->snd_una),
		       READ_ONCE(tp->snd_nxt));
}

/* Return: the socket with a reference, NULL if the error is not to be believed */
static struct sock *quoted_sock(struct serval_net *sn,
				const struct sk_buff *skb, int off,
				const struct serval_flow *fl)
{
	struct sock *sk = serval_conn_get_sock(fl->conn);

	if (!sk)
		return NULL;
	if (in_flight(skb, off, sk))
		return sk;
	SERVAL_INC(sn, INICMPERRORS);
	sock_put(sk);
	return NULL;
}

/* What an error quotes, and what it says */
struct quote {
	struct in6_addr saddr;
	struct in6_addr daddr;
	int off;	/* of the SAL header */
	int mtu;	/* > 0: the packet was too big */
	int err;	/* else: errno, 0 = nothing to tell */
	bool hard;	/* nothing will get there, as UDP sees it */
};

static void update_pmtu(struct serval_net *sn, struct sk_buff *skb,
			const struct serval_path *path, int mtu)
{
	if (path->family == AF_INET)
		ipv4_update_pmtu(skb, sn->net, mtu, 0,
				 serval_path_protocol(path));
	else
		ip6_update_pmtu(skb, sn->net, htonl(mtu), path->oif, 0,
				sock_net_uid(sn->net, NULL));
}

/* @skb at the quoted IP header.  Return: 0 if the quotation is of a flow */
static int handle(struct serval_net *sn, struct sk_buff *skb,
		  const struct quote *q)
{
	struct serval_flow *fl;
	struct sock *sk;

	if (READ_ONCE(sn->closed))
		return -ENOENT;
	fl = quoted_flow(sn, skb, q->off, &q->saddr, &q->daddr);
	if (!fl) {
		SERVAL_INC(sn, INICMPERRORS);
		return -ENOENT;
	}
	if (!q->mtu && !q->err)
		return 0;
	if (fl->conn->protocol == IPPROTO_UDP) {
		if (q->mtu)
			update_pmtu(sn, skb, &fl->path, q->mtu);
		else
			report_datagram(fl, q->err, q->hard);
		return 0;
	}
	sk = quoted_sock(sn, skb, q->off, fl);
	if (!sk)
		return 0;
	if (q->mtu) {
		update_pmtu(sn, skb, &fl->path, q->mtu);
		mtu_reduced(sn, sk, fl);
	} else {
		report_error(sk, q->err);
	}
	sock_put(sk);
	return 0;
}

static int handle4(struct serval_net *sn, struct sk_buff *skb, int off,
		   u8 type, u8 code, u32 mtu)
{
	const struct iphdr *iph = (struct iphdr *)skb->data;
	struct quote q = {
		.saddr = serval_addr_from4(iph->saddr),
		.daddr = serval_addr_from4(iph->daddr),
		.off = off,
	};

	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED) {
		q.mtu = mtu;
	} else if (type == ICMP_DEST_UNREACH && code <= NR_ICMP_UNREACH) {
		q.err = icmp_err_convert[code].errno;
		q.hard = icmp_err_convert[code].fatal;
	}
	return handle(sn, skb, &q);
}

static int handle6(struct serval_net *sn, struct sk_buff *skb, int off,
		   u8 type, u8 code, u32 mtu)
{
	const struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data;
	struct quote q = {
		.saddr = ip6h->saddr,
		.daddr = ip6h->daddr,
		.off = off,
	};

	if (type == ICMPV6_PKT_TOOBIG)
		q.mtu = min_t(u32, mtu, IP6_MAX_MTU);
	else if (type == ICMPV6_DEST_UNREACH)
		q.hard = icmpv6_err_convert(type, code, &q.err);
	return handle(sn, skb, &q);
}

/**
 * serval_icmp_err4() - ICMP error about a packet of protocol 144
 * @skb:  at the quoted IP header
 * @info: MTU of ICMP_FRAG_NEEDED
 *
 * Context: softirq, rcu_read_lock() held.
 */
int serval_icmp_err4(struct sk_buff *skb, u32 info)
{
	return handle4(serval_net(dev_net(skb->dev)), skb,
		       ((struct iphdr *)skb->data)->ihl * 4,
		       icmp_hdr(skb)->type, icmp_hdr(skb)->code, info);
}

/**
 * serval_icmp_err6() - ICMPv6 error about a packet of protocol 144
 * @skb:    at the quoted IPv6 header
 * @opt:    of the packet that quotes it
 * @type:   ICMPv6 type
 * @code:   ICMPv6 code
 * @offset: of the quoted SAL header
 * @info:   MTU of ICMPV6_PKT_TOOBIG, network byte order
 *
 * Context: softirq, rcu_read_lock() held.
 */
int serval_icmp_err6(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type,
		     u8 code, int offset, __be32 info)
{
	return handle6(serval_net(dev_net(skb->dev)), skb, offset, type, code,
		       ntohl(info));
}

/**
 * serval_icmp_err_udp() - ICMP or ICMPv6 error about a UDP packet
 * @sk:  socket of a port of ours
 * @skb: at the quoted IP header, which is the network header; the quoted UDP
 *       header is the transport header; the ICMP header is in front
 *
 * Context: softirq, rcu_read_lock() held.
 * Return: 0 if it is about a flow, else UDP looks for another tunnel.
 */
int serval_icmp_err_udp(struct sock *sk, struct sk_buff *skb)
{
	int off = skb_transport_offset(skb) + sizeof(struct udphdr);
	struct serval_net *sn = serval_net(sock_net(sk));
	const struct icmp6hdr *icmp6h;
	const struct icmphdr *icmph;

	if (serval_outer_is4(skb)) {
		icmph = (struct icmphdr *)skb->data - 1;
		return handle4(sn, skb, off, icmph->type, icmph->code,
			       ntohs(icmph->un.frag.mtu));
	}
	icmp6h = (struct icmp6hdr *)skb->data - 1;
	return handle6(sn, skb, off, icmp6h->icmp6_type, icmp6h->icmp6_code,
		       ntohl(icmp6h->icmp6_mtu));
}
