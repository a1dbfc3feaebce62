// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segmentation (GSO) and aggregation (GRO) of protocol 144.
 *
 * Both delegate to TCPv6's callbacks, or UDP's, after stepping over the SAL
 * header.  That works because ULIDs are checksum-neutral: the pseudo header of
 * the checksum is {length, protocol}, so it can be checked and completed
 * without knowing the flow.  Only data packets, whose header is the same 12
 * bytes for the whole flow, are aggregated; two of them belong together if
 * these bytes are equal and the IP header's callback says so.  Datagrams are
 * only if the socket they are for has asked for it (UDP_GRO).
 */
#include <net/gro.h>
#include <net/protocol.h>
#include <net/tcp.h>
#include <net/udp.h>

#include "flow.h"
#include "offload.h"
#include "serval.h"
#include "wire.h"

static const struct net_offload *tcp_offload(void)
{
	return rcu_dereference(inet6_offloads[IPPROTO_TCP]);
}

/* What leaves one by one needs no mark for routers, and drivers take it for an
 * order to compute the checksums of an inner header that is not there.
 */
static struct sk_buff *plain_segments(struct sk_buff *segs)
{
	struct sk_buff *skb;

	if (IS_ERR_OR_NULL(segs))
		return segs;
	for (skb = segs; skb; skb = skb->next)
		if (!skb_is_gso(skb))
			skb->encapsulation = 0;
	return segs;
}

/* @skb at the transport's header */
static struct sk_buff *segment_transport(struct sk_buff *skb,
					 netdev_features_t features)
{
	const struct net_offload *tcp = tcp_offload();
	unsigned int type = skb_shinfo(skb)->gso_type;

	if (type & SKB_GSO_TCPV6 && tcp &&
	    pskb_may_pull(skb, sizeof(struct tcphdr)))
		return tcp->callbacks.gso_segment(skb, features);
	/* a list of fragments would have its addresses looked at */
	if (type & SKB_GSO_UDP_L4 && !(type & SKB_GSO_FRAGLIST) &&
	    pskb_may_pull(skb, sizeof(struct udphdr)))
		return __udp_gso_segment(skb, features, true);
	return ERR_PTR(-EINVAL);
}

static struct sk_buff *gso_segment(struct sk_buff *skb,
				   netdev_features_t features)
{
	unsigned int len;

	if (skb->ip_summed != CHECKSUM_PARTIAL ||
	    !pskb_may_pull(skb, SERVAL_HDR_LEN))
		return ERR_PTR(-EINVAL);
	len = serval_wire_len((struct serval_hdr *)skb->data);
	if (!len || !pskb_may_pull(skb, len))
		return ERR_PTR(-EINVAL);

	__skb_pull(skb, len);
	skb_reset_transport_header(skb);
	if (!(features & NETIF_F_GSO_SCTP))
		features &= ~NETIF_F_CSUM_MASK;
	return plain_segments(segment_transport(skb, features));
}

static __wsum pseudo_sum(struct sk_buff *skb, int proto)
{
	return csum_tcpudp_nofold(0, 0, skb_gro_len(skb), proto, 0);
}

static void match_flow(struct list_head *head, const struct serval_hdr *hdr,
		       unsigned int off)
{
	struct sk_buff *p;

	list_for_each_entry(p, head, list) {
		if (!NAPI_GRO_CB(p)->same_flow)
			continue;
		if (memcmp(hdr, p->data + off, sizeof(*hdr)))
			NAPI_GRO_CB(p)->same_flow = 0;
	}
}

static struct sk_buff *receive_tcp(struct list_head *head, struct sk_buff *skb)
{
	const struct net_offload *tcp = tcp_offload();

	if (unlikely(!tcp)) {
		NAPI_GRO_CB(skb)->flush = 1;
		return NULL;
	}
	/* verified: TCPv6 must not try again, with the outer addresses */
	NAPI_GRO_CB(skb)->csum_cnt++;
	return call_gro_receive(tcp->callbacks.gro_receive, head, skb);
}

static struct sk_buff *receive_udp(struct list_head *head, struct sk_buff *skb,
				   struct sock *sk)
{
	unsigned int off = skb_gro_offset(skb);
	struct udphdr *uh = skb_gro_header(skb, off + sizeof(*uh), off);

	if (likely(uh))
		return udp_gro_receive(head, skb, uh, sk);
	NAPI_GRO_CB(skb)->flush = 1;
	return NULL;
}

/* The socket that wants its datagrams merged, with a reference; or NULL */
static struct sock *wants_merged(const struct sk_buff *skb,
				 const struct serval_hdr *hdr)
{
	struct serval_net *sn = serval_net_rcu(dev_net(skb->dev));
	const struct serval_flow *fl;

	/* its tables may go with the namespace */
	if (unlikely(READ_ONCE(sn->closed)))
		return NULL;
	fl = serval_flow_find(sn, hdr->dst);
	if (!fl || fl->peer_id != hdr->src ||
	    !READ_ONCE(serval_options(fl->conn)->gro))
		return NULL;
	return serval_conn_get_sock(fl->conn);
}

static struct sk_buff *gro_receive(struct list_head *head, struct sk_buff *skb)
{
	unsigned int off = skb_gro_offset(skb);
	struct sock *sk = NULL;
	struct serval_hdr *hdr;
	struct sk_buff *pp;

	hdr = skb_gro_header(skb, off + SERVAL_HDR_LEN, off);
	/* In a tunnel the mark of gro_complete() would not outlive it: what has
	 * left the tunnel is merged by the tunnel's device.  Fraglist
	 * aggregation would ask the outer header for TCP's socket.
	 */
	if (unlikely(NAPI_GRO_CB(skb)->encap_mark || !hdr ||
		     hdr->shl != SERVAL_HDR_WORDS ||
		     skb->dev->features & NETIF_F_GRO_FRAGLIST ||
		     !serval_wire_base_ok(hdr)))
		goto flush;
	if (hdr->protocol == SERVAL_PROTO_UDP)
		sk = wants_merged(skb, hdr);
	if (unlikely(!sk && hdr->protocol != SERVAL_PROTO_TCP))
		goto flush;

	match_flow(head, hdr, off);
	/* its own checksum is right: it adds nothing to that of the packet */
	skb_gro_pull(skb, SERVAL_HDR_LEN);
	skb_set_transport_header(skb, skb_gro_offset(skb));
	if (NAPI_GRO_CB(skb)->flush ||
	    skb_gro_checksum_validate(skb, sk ? IPPROTO_UDP : IPPROTO_TCP,
				      pseudo_sum))
		goto flush_put;
	if (!sk)
		return receive_tcp(head, skb);
	pp = receive_udp(head, skb, sk);
	sock_put(sk);
	return pp;

flush_put:
	if (sk)
		sock_put(sk);
flush:
	NAPI_GRO_CB(skb)->flush = 1;
	return NULL;
}

/* From UDP, which took the tunnel's header off */
static void mark_inner(struct sk_buff *skb, int nhoff)
{
	skb_set_inner_mac_header(skb, nhoff);
	skb_set_inner_network_header(skb, nhoff);
	skb_set_inner_ipproto(skb, IPPROTO_SERVAL);
}

static void complete_tcp(struct sk_buff *skb, int thoff)
{
	struct tcphdr *th = (struct tcphdr *)(skb->data + thoff);

	th->check = ~csum_tcpudp_magic(0, 0, skb->len - thoff, IPPROTO_TCP, 0);
	skb_shinfo(skb)->gso_type |= SKB_GSO_TCPV6 | SKB_GSO_SCTP;
	tcp_gro_complete(skb);
}

static void complete_udp(struct sk_buff *skb, int thoff)
{
	struct udphdr *uh = (struct udphdr *)(skb->data + thoff);
	unsigned int len = skb->len - thoff;

	uh->len = htons(len);
	uh->check = ~csum_tcpudp_magic(0, 0, len, IPPROTO_UDP, 0);
	skb->csum_start = (unsigned char *)uh - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb_shinfo(skb)->gso_segs = NAPI_GRO_CB(skb)->count;
	skb_shinfo(skb)->gso_type |= SKB_GSO_UDP_L4 | SKB_GSO_SCTP;
	skb_set_inner_transport_header(skb, thoff + sizeof(*uh));
}

static int gro_complete(struct sk_buff *skb, int nhoff)
{
	const struct serval_hdr *hdr = (struct serval_hdr *)(skb->data + nhoff);

	/* should it be forwarded, the transport's header is an inner one */
	skb->encapsulation = 1;
	if (hdr->protocol == SERVAL_PROTO_UDP)
		complete_udp(skb, nhoff + SERVAL_HDR_LEN);
	else
		complete_tcp(skb, nhoff + SERVAL_HDR_LEN);
	return 0;
}

/**
 * serval_gro_receive_udp() - aggregate what arrives inside UDP
 * @sk:   socket of a port of ours, not looked at
 * @head: see struct net_offload
 * @skb:  at the SAL header
 *
 * Nothing is nested here: the packet is treated as if no tunnel were around
 * it, so that its one IP header is compared as such.
 */
struct sk_buff *serval_gro_receive_udp(struct sock *sk, struct list_head *head,
				       struct sk_buff *skb)
{
	NAPI_GRO_CB(skb)->encap_mark = 0;
	return gro_receive(head, skb);
}

/**
 * serval_gro_complete_udp() - complete what was aggregated inside UDP
 * @sk:    see above
 * @skb:   superpacket
 * @nhoff: offset of the SAL header
 */
int serval_gro_complete_udp(struct sock *sk, struct sk_buff *skb, int nhoff)
{
	mark_inner(skb, nhoff);
	return gro_complete(skb, nhoff);
}

static const struct net_offload offload = {
	.callbacks = {
		.gso_segment = gso_segment,
		.gro_receive = gro_receive,
		.gro_complete = gro_complete,
	},
};

/**
 * serval_offload_init() - register the callbacks
 *
 * Return: 0 or -EBUSY if somebody has protocol 144.
 */
int serval_offload_init(void)
{
	if (inet_add_offload(&offload, IPPROTO_SERVAL))
		return -EBUSY;
	if (!inet6_add_offload(&offload, IPPROTO_SERVAL))
		return 0;
	inet_del_offload(&offload, IPPROTO_SERVAL);
	return -EBUSY;
}

/**
 * serval_offload_exit() - take them back
 *
 * Waits until no CPU runs one.
 */
void serval_offload_exit(void)
{
	inet6_del_offload(&offload, IPPROTO_SERVAL);
	inet_del_offload(&offload, IPPROTO_SERVAL);
}
