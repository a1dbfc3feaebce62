// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several datagrams in one packet.
 *
 * A program that sends with UDP_SEGMENT gives them in one piece; path.c passes
 * it down whole, and offload.c cuts it at the host's edge.  What arrives in one
 * piece, from a host's own containers or because offload.c has merged it, goes
 * to a socket with UDP_GRO as it is.  For every other one it is cut here: each
 * piece keeps copies of all headers, and is a datagram like any other.
 */
#include <net/udp.h>

#include "path.h"
#include "sal.h"

/* Segments begin where the superpacket's outer IP header does */
static struct sk_buff *segment(struct sk_buff *skb, unsigned int len)
{
	/* the checksum was verified, and nobody will look at it again */
	const netdev_features_t features = NETIF_F_SG | NETIF_F_HW_CSUM;

	skb_set_mac_header(skb, skb_network_offset(skb));
	__skb_pull(skb, len);
	skb_reset_transport_header(skb);
	SKB_GSO_CB(skb)->mac_offset = skb->mac_header;
	return __udp_gso_segment(skb, features, true);
}

/**
 * serval_datagram_cut() - the datagrams of a superpacket
 * @skb: at the SAL header, checked; consumed
 * @len: of the SAL header
 *
 * Return: a list of packets, each like @skb; NULL if it can't be cut, and then
 * @skb can only be freed.
 */
struct sk_buff *serval_datagram_cut(struct sk_buff *skb, unsigned int len)
{
	/* of the outer header; at the SAL header itself if there is none */
	int outer = skb_transport_offset(skb);
	struct sk_buff *segs, *seg;

	segs = segment(skb, len);
	if (IS_ERR_OR_NULL(segs))
		return NULL;
	for (seg = segs; seg; seg = seg->next) {
		__skb_pull(seg, skb_transport_offset(seg) - len);
		skb_set_transport_header(seg, outer);
	}
	consume_skb(skb);
	return segs;
}
