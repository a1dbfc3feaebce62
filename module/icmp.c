// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP errors about packets of ours.
 *
 * Anybody can send one.  It counts only if it quotes a packet that this host
 * has under way: from the flow's locators, with both flow ids, and with a
 * sequence number that TCP has sent and not seen acknowledged.  Then the
 * socket hears of it as it would over plain IP: an attempt to connect ends,
 * an established connection remembers the error and goes on, and a smaller
 * path MTU makes segments smaller.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <net/icmp.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/tcp.h>

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

/**
 * serval_icmp_err4() - ICMP error about a packet of protocol 144
 * @skb:  at the quoted IP header
 * @info: MTU of ICMP_FRAG_NEEDED
 *
 * Context: softirq, rcu_read_lock() held.
 */
int serval_icmp_err4(struct sk_buff *skb, u32 info)
{
	struct serval_net *sn = serval_net(dev_net(skb->dev));
	const struct iphdr *iph = (struct iphdr *)skb->data;
	const struct in6_addr saddr = serval_addr_from4(iph->saddr);
	const struct in6_addr daddr = serval_addr_from4(iph->daddr);
	const int type = icmp_hdr(skb)->type;
	const int code = icmp_hdr(skb)->code;
	int off = iph->ihl * 4;
	struct serval_flow *fl;
	struct sock *sk;

	if (READ_ONCE(sn->closed))
		return -ENOENT;
	fl = quoted_flow(sn, skb, off, &saddr, &daddr);
	if (!fl) {
		SERVAL_INC(sn, INICMPERRORS);
		return -ENOENT;
	}
	if (type != ICMP_DEST_UNREACH || code > NR_ICMP_UNREACH)
		return 0;
	sk = quoted_sock(sn, skb, off, fl);
	if (!sk)
		return 0;
	if (code == ICMP_FRAG_NEEDED) {
		ipv4_update_pmtu(skb, sn->net, info, 0, IPPROTO_SERVAL);
		mtu_reduced(sn, sk, fl);
	} else {
		report_error(sk, icmp_err_convert[code].errno);
	}
	sock_put(sk);
	return 0;
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
	struct serval_net *sn = serval_net(dev_net(skb->dev));
	const struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data;
	struct serval_flow *fl;
	struct sock *sk;
	int err;

	if (READ_ONCE(sn->closed))
		return -ENOENT;
	fl = quoted_flow(sn, skb, offset, &ip6h->saddr, &ip6h->daddr);
	if (!fl) {
		SERVAL_INC(sn, INICMPERRORS);
		return -ENOENT;
	}
	if (type != ICMPV6_PKT_TOOBIG && type != ICMPV6_DEST_UNREACH)
		return 0;
	sk = quoted_sock(sn, skb, offset, fl);
	if (!sk)
		return 0;
	if (type == ICMPV6_PKT_TOOBIG) {
		ip6_update_pmtu(skb, sn->net, info, fl->path.oif, 0,
				sock_net_uid(sn->net, NULL));
		mtu_reduced(sn, sk, fl);
	} else {
		icmpv6_err_convert(type, code, &err);
		report_error(sk, err);
	}
	sock_put(sk);
	return 0;
}
