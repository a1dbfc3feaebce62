// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aggregation (GRO) of what arrives inside UDP.
 *
 * UDP's callback looks for the receiving socket of each packet, to learn what
 * is inside; with packets of the link's size that takes more than all that the
 * service layer does there.  So UDP's place in the tables of IP's offloads is
 * taken, while the module is loaded, by a copy with another gro_receive: it
 * knows the ports of our sockets and does for them what UDP would do, and
 * calls UDP for all other packets.  Superpackets are completed, and cut, by
 * UDP in any case.
 *
 * That a port is in the table means that UDP would find our socket: it is
 * bound to every address and device, and shares its port with nobody.  Where
 * UDP might choose otherwise, with BPF's sk_lookup and in a VRF, it is asked.
 *
 * The table is rewritten in place, under encap.lock, after a socket was opened
 * and before one is closed.  Who reads meanwhile may miss a port, and then
 * UDP finds the socket.
 */
#include <linux/filter.h>
#include <linux/hash.h>
#include <net/gro.h>
#include <net/inet_sock.h>
#include <net/l3mdev.h>
#include <net/protocol.h>
#include <net/udp.h>

#include "encap.h"
#include "offload.h"
#include "serval.h"

static const struct net_offload *udp_offloads[2];	/* IPv4's, IPv6's */
static struct net_offload our_offloads[2];

static unsigned int slot_of(__be16 port)
{
	return hash_32((__force u16)port, SERVAL_ENCAP_BITS);
}

/* The table is never full */
static unsigned int find(const __be16 *ports, __be16 port)
{
	unsigned int i = slot_of(port);
	__be16 found;

	while ((found = READ_ONCE(ports[i])) && found != port)
		i = (i + 1) % SERVAL_ENCAP_SLOTS;
	return i;
}

static void list_port(struct serval_encap *en, int index,
		      const struct socket *sock)
{
	__be16 *ports = en->gro_ports[index];
	__be16 port;

	if (!sock)
		return;
	port = inet_sk(sock->sk)->inet_sport;
	WRITE_ONCE(ports[find(ports, port)], port);
}

/**
 * serval_encap_gro_update() - tell GRO which ports are ours
 * @en: with its sockets; locked
 *
 * Context: process.
 */
void serval_encap_gro_update(struct serval_encap *en)
{
	int i, j;

	lockdep_assert_held(&en->lock);
	for (i = 0; i < 2; i++) {
		for (j = 0; j < SERVAL_ENCAP_SLOTS; j++)
			WRITE_ONCE(en->gro_ports[i][j], 0);
		list_port(en, i, en->server[i]);
		for (j = 0; j < SERVAL_ENCAP_POOL; j++)
			list_port(en, i, en->pool[i][j]);
	}
}

static bool is_ours(const struct sk_buff *skb, int index, __be16 port)
{
	const struct serval_net *sn = serval_net_rcu(dev_net(skb->dev));
	const __be16 *ports = sn->encap.gro_ports[index];

	return port && READ_ONCE(ports[find(ports, port)]) == port &&
	       !static_branch_unlikely(&bpf_sk_lookup_enabled) &&
	       !netif_is_l3_slave(skb->dev);
}

static bool bypasses_udp(struct sk_buff *skb, int index,
			 const struct udphdr *uh)
{
	return uh && !NAPI_GRO_CB(skb)->flush &&
	       !NAPI_GRO_CB(skb)->encap_mark && is_ours(skb, index, uh->dest);
}

/* Could UDP's checksum save TCP's from being computed?  Not if that is still to
 * be filled in, as in what another namespace of this host has sent.
 */
static bool sum_helps(const struct sk_buff *skb, const struct udphdr *uh)
{
	return uh->check && (skb->ip_summed != CHECKSUM_PARTIAL ||
			     skb_checksum_start_offset(skb) <=
			     skb_gro_offset(skb));
}

/* The checksum is good */
static struct sk_buff *merge(struct list_head *head, struct sk_buff *skb,
			     const struct udphdr *uh)
{
	unsigned int off = skb_gro_offset(skb);
	const struct udphdr *held;
	struct sk_buff *p;

	list_for_each_entry(p, head, list) {
		if (!NAPI_GRO_CB(p)->same_flow)
			continue;
		held = (struct udphdr *)(p->data + off);
		if (uh->source != held->source || uh->dest != held->dest ||
		    !uh->check != !held->check)
			NAPI_GRO_CB(p)->same_flow = 0;
	}
	skb_gro_pull(skb, sizeof(*uh));
	skb_gro_postpull_rcsum(skb, uh, sizeof(*uh));
	return serval_gro_receive_udp(NULL, head, skb);
}

/* Inline, so that @pseudo_sum is called by its name */
static __always_inline struct sk_buff *
receive(struct list_head *head, struct sk_buff *skb, int index,
	typeof(inet_gro_compute_pseudo) *pseudo_sum)
{
	const struct udphdr *uh = udp_gro_udphdr(skb);

	if (!bypasses_udp(skb, index, uh))
		return udp_offloads[index]->callbacks.gro_receive(head, skb);
	if (skb_gro_checksum_validate_zero_check(skb, IPPROTO_UDP, uh->check,
						 pseudo_sum)) {
		NAPI_GRO_CB(skb)->flush = 1;
		return NULL;
	}
	if (sum_helps(skb, uh))
		skb_gro_checksum_try_convert(skb, IPPROTO_UDP, pseudo_sum);
	return merge(head, skb, uh);
}

static struct sk_buff *receive4(struct list_head *head, struct sk_buff *skb)
{
	return receive(head, skb, 0, inet_gro_compute_pseudo);
}

static struct sk_buff *receive6(struct list_head *head, struct sk_buff *skb)
{
	return receive(head, skb, 1, ip6_gro_compute_pseudo);
}

/* As inet_add_offload(), which only fills empty places */
static void replace(int index, const struct net_offload *old,
		    const struct net_offload *new)
{
	const struct net_offload __rcu **offloads = index ? inet6_offloads :
							    inet_offloads;

	cmpxchg((const struct net_offload **)&offloads[IPPROTO_UDP], old, new);
}

static void precede_udp(int index, const struct net_offload *udp,
			typeof(receive4) *gro_receive)
{
	if (!udp || !udp->callbacks.gro_receive)
		return;
	udp_offloads[index] = udp;
	our_offloads[index] = *udp;
	our_offloads[index].callbacks.gro_receive = gro_receive;
	replace(index, udp, &our_offloads[index]);
}

/**
 * serval_encap_gro_init() - see what UDP is to merge
 *
 * Context: process; every namespace has its state.
 */
void serval_encap_gro_init(void)
{
	rcu_read_lock();
	precede_udp(0, rcu_dereference(inet_offloads[IPPROTO_UDP]), receive4);
	precede_udp(1, rcu_dereference(inet6_offloads[IPPROTO_UDP]), receive6);
	rcu_read_unlock();
}

/**
 * serval_encap_gro_exit() - leave it to UDP again
 *
 * Waits until no CPU is in a callback.
 */
void serval_encap_gro_exit(void)
{
	replace(1, &our_offloads[1], udp_offloads[1]);
	replace(0, &our_offloads[0], udp_offloads[0]);
	synchronize_net();
}
