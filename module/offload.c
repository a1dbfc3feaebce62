// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segmentation (GSO) and aggregation (GRO) of protocol 144.
 *
 * Both delegate to TCPv6's callbacks after stepping over the SAL header.
 * That works because ULIDs are checksum-neutral: the pseudo header of TCP's
 * checksum is {length, protocol}, so it can be checked and completed without
 * knowing the flow.  Only data packets, whose header is the same 12 bytes for
 * the whole flow, are aggregated; two of them belong together if these bytes
 * are equal and the IP header's callback says so.
 */
#include <net/gro.h>
#include <net/protocol.h>
#include <net/tcp.h>

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

static struct sk_buff *gso_segment(struct sk_buff *skb,
				   netdev_features_t features)
{
	const struct net_offload *tcp = tcp_offload();
	unsigned int len;

	if (!tcp || !(skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6) ||
	    skb->ip_summed != CHECKSUM_PARTIAL ||
	    !pskb_may_pull(skb, SERVAL_HDR_LEN))
		return ERR_PTR(-EINVAL);
	len = serval_wire_len((struct serval_hdr *)skb->data);
	if (!len || !pskb_may_pull(skb, len + sizeof(struct tcphdr)))
		return ERR_PTR(-EINVAL);

	__skb_pull(skb, len);
	skb_reset_transport_header(skb);
	if (!(features & NETIF_F_GSO_SCTP))
		features &= ~NETIF_F_CSUM_MASK;
	return plain_segments(tcp->callbacks.gso_segment(skb, features));
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

static struct sk_buff *gro_receive(struct list_head *head, struct sk_buff *skb)
{
	unsigned int off = skb_gro_offset(skb);
	const struct net_offload *tcp;
	struct serval_hdr *hdr;

	hdr = skb_gro_header(skb, off + SERVAL_HDR_LEN, off);
	tcp = tcp_offload();
	/* In a tunnel the mark of gro_complete() would not outlive it: what has
	 * left the tunnel is merged by the tunnel's device.  Fraglist
	 * aggregation would ask the outer header for TCP's socket.
	 */
	if (unlikely(NAPI_GRO_CB(skb)->encap_mark || !hdr || !tcp || hdr->shl != SERVAL_HDR_WORDS ||
		     hdr->protocol != SERVAL_PROTO_TCP ||
		     skb->dev->features & NETIF_F_GRO_FRAGLIST ||
		     !serval_wire_base_ok(hdr)))
		goto flush;

	match_flow(head, hdr, off);
	skb_gro_pull(skb, SERVAL_HDR_LEN);
	skb_gro_postpull_rcsum(skb, hdr, SERVAL_HDR_LEN);
	skb_set_transport_header(skb, skb_gro_offset(skb));
	if (NAPI_GRO_CB(skb)->flush ||
	    skb_gro_checksum_validate(skb, IPPROTO_TCP, pseudo_sum))
		goto flush;
	/* verified: TCPv6 must not try again, with the outer addresses */
	NAPI_GRO_CB(skb)->csum_cnt++;
	return call_gro_receive(tcp->callbacks.gro_receive, head, skb);

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

static int gro_complete(struct sk_buff *skb, int nhoff)
{
	int thoff = nhoff + SERVAL_HDR_LEN;
	struct tcphdr *th = (struct tcphdr *)(skb->data + thoff);

	th->check = ~csum_tcpudp_magic(0, 0, skb->len - thoff, IPPROTO_TCP, 0);
	skb_shinfo(skb)->gso_type |= SKB_GSO_TCPV6 | SKB_GSO_SCTP;
	/* should it be forwarded, TCP's header is found as an inner one */
	skb->encapsulation = 1;
	tcp_gro_complete(skb);
	return 0;
}

/**
 * serval_gro_receive_udp() - aggregate what arrives inside UDP
 * @sk:   socket of a port of ours
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
