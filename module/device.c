// SPDX-License-Identifier: GPL-2.0-only
/*
 * sal0: where IPv6 sends what is addressed to a ULID.
 *
 * Each namespace has one, made with the namespace.  It is an L3 master
 * device and every AF_SERVAL socket is bound to it, so its sockets share no
 * port bucket with other programs and no packet of another device reaches
 * them.  R is routed to it; L has no route at all: segments for an L are
 * handed to TCP directly and never pass IPv6 input.
 *
 * What TCP sends without a full socket (SYN-ACK, RST, TIME_WAIT) goes through
 * ip6_xmit().  A hook before all others in LOCAL_OUT takes it there, so that
 * neither firewall rules for IPv6 nor the neighbour and queue layers see
 * virtual packets; what still arrives at the device goes the same way.
 *
 * A namespace may have IPv6 disabled for all devices (containers), and an
 * administrator may flush routes or set the device down.  A FIB notifier sees
 * the route go, and a work puts everything back.
 */
#include <linux/cred.h>
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/netfilter_ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/sched/task.h>
#include <net/addrconf.h>
#include <net/fib_notifier.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>

#include "sal.h"
#include "ulid.h"

#define SAL0_MTU	65535

static netdev_tx_t start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct serval_net *sn = serval_net(dev_net(dev));

	if (skb->protocol != htons(ETH_P_IPV6)) {
		serval_drop(sn, skb, SERVAL_MIB_OUTNOFLOW);
		return NETDEV_TX_OK;
	}
	rcu_read_lock();
	serval_output_virtual(sn, skb);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}

static void get_stats64(struct net_device *dev, struct rtnl_link_stats64 *s)
{
	const struct serval_mib __percpu *mib = serval_net(dev_net(dev))->mib;

	s->rx_packets = serval_mib_read(mib, SERVAL_MIB_INPKTS);
	s->rx_bytes = serval_mib_read(mib, SERVAL_MIB_INOCTETS);
	s->tx_packets = serval_mib_read(mib, SERVAL_MIB_OUTPKTS);
	s->tx_bytes = serval_mib_read(mib, SERVAL_MIB_OUTOCTETS);
}

static const struct net_device_ops netdev_ops = {
	.ndo_start_xmit = start_xmit,
	.ndo_get_stats64 = get_stats64,
};

/* Being a master is all: the sockets' route is in a table that all share */
static const struct l3mdev_ops l3mdev_ops;

static void setup(struct net_device *dev)
{
	dev->netdev_ops = &netdev_ops;
	dev->l3mdev_ops = &l3mdev_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_NOARP;
	dev->priv_flags |= IFF_L3MDEV_MASTER | IFF_NO_QUEUE;
	dev->mtu = SAL0_MTU;
	dev->min_mtu = SAL0_MTU;
	dev->max_mtu = SAL0_MTU;
	dev->features |= NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA |
			 NETIF_F_HW_CSUM | NETIF_F_GSO_SOFTWARE;
	dev->hw_features = dev->features;
	serval_dev_set_lltx(dev);
	serval_dev_set_netns_local(dev);
}

/**
 * serval_device_tap() - show a segment to packet sockets on sal0
 * @sn:     namespace
 * @skb:    at the transport's header; kept
 * @saddr:  ULID of the sender
 * @daddr:  ULID of the receiver
 * @proto:  IPPROTO_TCP or IPPROTO_UDP
 * @tclass: DSCP and ECN
 * @out:    direction
 *
 * A received copy is marked as another host's, so that IPv6 ignores it.
 */
void serval_device_tap(struct serval_net *sn, struct sk_buff *skb,
		       const struct in6_addr *saddr,
		       const struct in6_addr *daddr, u8 proto, u8 tclass,
		       bool out)
{
	struct sk_buff *copy;

	copy = skb_copy_expand(skb, sizeof(struct ipv6hdr) + LL_MAX_HEADER, 0,
			       GFP_ATOMIC);
	if (!copy)
		return;
	serval_push_virtual(copy, saddr, daddr, proto, tclass);
	skb_reset_mac_header(copy);
	skb_dst_drop(copy);
	skb_orphan(copy);
	copy->dev = sn->dev;
	copy->protocol = htons(ETH_P_IPV6);
	if (out) {
		/* as the queue layer, which calls it otherwise, has it */
		local_bh_disable();
		dev_queue_xmit_nit(copy, sn->dev);
		local_bh_enable();
		consume_skb(copy);
	} else {
		copy->pkt_type = PACKET_OTHERHOST;
		netif_rx(copy);
	}
}

static unsigned int local_out(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct serval_net *sn;

	if (likely(!netif_is_l3_master(state->out)))
		return NF_ACCEPT;
	sn = serval_net_rcu(state->net);
	if (state->out != sn->dev)
		return NF_ACCEPT;
	serval_output_virtual(sn, skb);
	return NF_STOLEN;
}

static const struct nf_hook_ops hook_ops[] = {
	{
		.hook = local_out,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = INT_MIN,
	},
};

struct route_request {
	struct nlmsghdr nlh;
	struct rtmsg rtm;
	struct nlattr dst_attr;
	struct in6_addr dst;
	struct nlattr oif_attr;
	u32 oif;
};

/* In the table that is asked first, so that nothing is looked for in two */
static void fill_route(struct route_request *req, const struct net_device *dev)
{
	*req = (struct route_request) {
		.nlh.nlmsg_len = sizeof(*req),
		.nlh.nlmsg_type = RTM_NEWROUTE,
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE |
				   NLM_F_REPLACE,
		.rtm.rtm_family = AF_INET6,
		.rtm.rtm_dst_len = SERVAL_ULID_PREFIX_BITS,
		.rtm.rtm_table = RT_TABLE_LOCAL,
		.rtm.rtm_protocol = RTPROT_KERNEL,
		.rtm.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm.rtm_type = RTN_UNICAST,
		.dst_attr.nla_len = NLA_HDRLEN + sizeof(req->dst),
		.dst_attr.nla_type = RTA_DST,
		.oif_attr.nla_len = NLA_HDRLEN + sizeof(req->oif),
		.oif_attr.nla_type = RTA_OIF,
		.oif = dev->ifindex,
	};
	put_unaligned_be64(SERVAL_ULID_R << 16, req->dst.s6_addr);
}

static int exchange(struct socket *sock, void *request, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &kernel,	/* without it 6.1 takes us for a file */
		.msg_namelen = sizeof(kernel),
	};
	struct kvec out = { .iov_base = request, .iov_len = len };
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
		char rest[128];
	} answer;
	struct kvec in = { .iov_base = &answer, .iov_len = sizeof(answer) };
	int err;

	err = kernel_sendmsg(sock, &msg, &out, 1, len);
	if (err < 0)
		return err;
	memset(&msg, 0, sizeof(msg));
	err = kernel_recvmsg(sock, &msg, &in, 1, sizeof(answer), MSG_DONTWAIT);
	if (err < 0)
		return err;
	if (err < (int)(sizeof(answer.nlh) + sizeof(answer.err)) ||
	    answer.nlh.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.err.error;
}

/* ip6_route_add() is not exported: ask rtnetlink, as the kernel's own user,
 * whoever makes the namespace.
 */
static int add_route(struct serval_net *sn)
{
	const struct cred *old;
	struct route_request req;
	struct socket *sock;
	struct cred *cred;
	int err;

	cred = prepare_kernel_cred(&init_task);
	if (!cred)
		return -ENOMEM;
	old = override_creds(cred);
	err = sock_create_kern(sn->net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE,
			       &sock);
	if (!err) {
		fill_route(&req, sn->dev);
		err = exchange(sock, &req, sizeof(req));
		sock_release(sock);
	}
	revert_creds(old);
	put_cred(cred);
	return err;
}

/* IPv6 on sal0 whatever the namespace's defaults, with no address of its own */
static int set_up(struct net_device *dev)
{
	struct inet6_dev *idev = __in6_dev_get(dev);

	ASSERT_RTNL();
	if (!idev)
		return -ENODEV;
	idev->cnf.disable_ipv6 = 0;
	idev->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	idev->cnf.accept_ra = 0;
	idev->cnf.autoconf = 0;
	idev->cnf.forwarding = 0;
	return dev->flags & IFF_UP ? 0 : dev_open(dev, NULL);
}

static int set_up_and_route(struct serval_net *sn)
{
	int err;

	rtnl_lock();
	err = set_up(sn->dev);
	rtnl_unlock();
	return err ?: add_route(sn);
}

static void route_work(struct work_struct *work)
{
	struct serval_net *sn = container_of(work, struct serval_net,
					     route_work);
	int err = set_up_and_route(sn);

	if (err)
		net_err_ratelimited("serval: %s is without its route: error %d\n",
				    sn->dev->name, err);
}

static int fib_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct serval_net *sn = container_of(nb, struct serval_net, fib_nb);
	struct fib_notifier_info *info = ptr;
	struct fib6_info *rt;

	if (info->family != AF_INET6 || event != FIB_EVENT_ENTRY_DEL)
		return NOTIFY_DONE;
	rt = container_of(info, struct fib6_entry_notifier_info, info)->rt;
	if (rt->fib6_dst.plen == SERVAL_ULID_PREFIX_BITS &&
	    serval_ulid_prefix(&rt->fib6_dst.addr) == SERVAL_ULID_R)
		schedule_work(&sn->route_work);
	return NOTIFY_DONE;
}

/* What segments for TCP carry: "this is local".  On lo, which outlives all */
static struct rt6_info *local_route(struct net *net)
{
	struct rt6_info *rt = ip6_dst_alloc(net, net->loopback_dev,
					    DST_NOPOLICY);

	if (rt)
		rt->rt6i_flags |= RTF_LOCAL | RTF_UP;
	return rt;
}

static int register_dev(struct serval_net *sn)
{
	int err;

	dev_net_set(sn->dev, sn->net);
	err = register_netdev(sn->dev);
	if (err)
		return err;
	INIT_WORK(&sn->route_work, route_work);
	err = set_up_and_route(sn);
	if (err)
		unregister_netdev(sn->dev);
	return err;
}

/**
 * serval_device_init() - make a namespace's sal0
 * @sn: namespace; counters are there
 *
 * Context: process, rtnl not held.
 * Return: 0 or a negative errno, -EEXIST if a device has the name.
 */
int serval_device_init(struct serval_net *sn)
{
	int err = -ENOMEM;

	sn->local_rt = local_route(sn->net);
	if (!sn->local_rt)
		return -ENOMEM;
	sn->dev = alloc_netdev(0, "sal0", NET_NAME_PREDICTABLE, setup);
	if (!sn->dev)
		goto err_release_rt;
	err = register_dev(sn);
	if (err)
		goto err_free_dev;
	sn->fib_nb.notifier_call = fib_event;
	err = register_fib_notifier(sn->net, &sn->fib_nb, NULL, NULL);
	if (err)
		goto err_unregister;
	err = nf_register_net_hooks(sn->net, hook_ops, ARRAY_SIZE(hook_ops));
	if (err)
		goto err_unregister_fib;
	return 0;

err_unregister_fib:
	unregister_fib_notifier(sn->net, &sn->fib_nb);
err_unregister:
	cancel_work_sync(&sn->route_work);
	unregister_netdev(sn->dev);
err_free_dev:
	free_netdev(sn->dev);
err_release_rt:
	dst_release(&sn->local_rt->dst);
	return err;
}

/**
 * serval_device_unpublish() - let nothing more be sent through sal0
 * @sn: namespace
 *
 * The struct stays until serval_device_exit().
 *
 * Context: process, rtnl not held.
 */
void serval_device_unpublish(struct serval_net *sn)
{
	nf_unregister_net_hooks(sn->net, hook_ops, ARRAY_SIZE(hook_ops));
	unregister_fib_notifier(sn->net, &sn->fib_nb);
	/* only the notifier queued it */
	cancel_work_sync(&sn->route_work);
	unregister_netdev(sn->dev);
}

/**
 * serval_device_exit() - free sal0
 * @sn: namespace; no packet is under way any more
 */
void serval_device_exit(struct serval_net *sn)
{
	free_netdev(sn->dev);
	dst_release(&sn->local_rt->dst);
}
