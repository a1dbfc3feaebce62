// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load and unload, and the life of a namespace.
 *
 * Publish last, unpublish first; every exit is its init reversed.
 */
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/random.h>
#include <net/ipv6.h>

#include "move.h"
#include "multipath.h"
#include "netlink.h"
#include "offload.h"
#include "proc.h"
#include "routers.h"
#include "sal.h"
#include "socket.h"
#include "sysctl.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

ushort serval_family = AF_SERVAL;
module_param_named(family, serval_family, ushort, 0444);
MODULE_PARM_DESC(family, "Address family number (default 28)");

static uint debug;
module_param(debug, uint, 0444);
MODULE_PARM_DESC(debug, "Initial value of the sysctl net.serval.debug, 0..10");

unsigned int serval_net_id;

static int __net_init net_init(struct net *net)
{
	struct serval_net *sn = net_generic(net, serval_net_id);
	int err;

	sn->net = net;
	sn->reply_stamp = jiffies - HZ;
	sn->settings.debug = min(debug, 10U);
	get_random_bytes(&sn->secret, sizeof(sn->secret));
	serval_output_init(sn);
	serval_move_init(sn);
	serval_doubt_init(sn);
	serval_multipath_init(sn);
	serval_early_init(sn);
	serval_encap_init(sn);
	serval_delay_init(sn);
	serval_keys_defer_init(sn);
	sn->mib = alloc_percpu(struct serval_mib);
	if (!sn->mib)
		return -ENOMEM;
	err = serval_keys_init(sn);
	if (err)
		goto err_free_mib;
	err = serval_services_init(sn);
	if (err)
		goto err_keys;
	err = serval_flows_init(sn);
	if (err)
		goto err_services;
	err = serval_device_init(sn);
	if (err)
		goto err_flows;
	err = serval_broadcast_net_init(sn);
	if (err)
		goto err_device;
	err = serval_follow_net_init(sn);
	if (err)
		goto err_broadcast;
	err = serval_sysctl_init(sn);
	if (err)
		goto err_follow;
	err = serval_proc_init(sn);
	if (err)
		goto err_sysctl;
	serval_encap_publish(sn);
	return 0;

err_sysctl:
	serval_sysctl_exit(sn);
	serval_routers_exit(sn);
err_follow:
	serval_follow_unpublish(sn);
	serval_follow_net_exit(sn);
err_broadcast:
	serval_broadcast_unpublish(sn);
	serval_broadcast_net_exit(sn);
err_device:
	serval_device_unpublish(sn);
	synchronize_net();
	serval_device_exit(sn);
err_flows:
	serval_flows_exit(sn);
err_services:
	serval_lifetimes_unpublish(sn);
	serval_services_exit(sn);
err_keys:
	serval_keys_exit(sn);
err_free_mib:
	free_percpu(sn->mib);
	return err;
}

static void __net_exit net_exit_batch(struct list_head *list)
{
	struct net *net;

	list_for_each_entry(net, list, exit_list) {
		serval_encap_unpublish(serval_net(net));
		serval_early_unpublish(serval_net(net));
		serval_proc_exit(serval_net(net));
		serval_sysctl_exit(serval_net(net));
		serval_follow_unpublish(serval_net(net));
		serval_broadcast_unpublish(serval_net(net));
		serval_device_unpublish(serval_net(net));
		serval_lifetimes_unpublish(serval_net(net));
		WRITE_ONCE(serval_net(net)->closed, true);
	}
	/* what was on its way through a softirq or sal0 has arrived */
	synchronize_net();
	list_for_each_entry(net, list, exit_list) {
		struct serval_net *sn = serval_net(net);

		serval_follow_net_exit(sn);
		serval_encap_exit(sn);
		serval_broadcast_net_exit(sn);
		serval_delay_exit(sn);
		serval_output_exit(sn);
		serval_keys_defer_exit(sn);
		serval_doubt_exit(sn);
		serval_multipath_exit(sn);
		serval_move_exit(sn);
		serval_flows_exit(sn);
		serval_doubt_exit(sn);
		serval_multipath_exit(sn);
		serval_move_exit(sn);
		serval_services_exit(sn);
		serval_keys_exit(sn);
		serval_routers_exit(sn);
		serval_early_exit(sn);
		serval_device_exit(sn);
		free_percpu(sn->mib);
	}
}

/* A device's order: our exit comes before TCP's */
static struct pernet_operations net_ops = {
	.init = net_init,
	.exit_batch = net_exit_batch,
	.id = &serval_net_id,
	.size = sizeof(struct serval_net),
};

static int __init serval_init(void)
{
	int err;

	if (!ipv6_mod_enabled()) {
		pr_err("serval: IPv6 is disabled (ipv6.disable=1): services need it inside the host, though not on the network\n");
		return -EAFNOSUPPORT;
	}
	err = serval_socket_init();
	if (err)
		return err;
	err = serval_conn_cache_init();
	if (err)
		return err;
	err = register_pernet_device(&net_ops);
	if (err)
		goto err_caches;
	err = serval_offload_init();
	if (err)
		goto err_pernet;
	serval_encap_gro_init();
	err = serval_input_init();
	if (err)
		goto err_encap_gro;
	err = serval_broadcast_init();
	if (err)
		goto err_input;
	err = serval_follow_init();
	if (err)
		goto err_broadcast;
	err = serval_netlink_init();
	if (err)
		goto err_follow;
	err = serval_socket_register();
	if (err) {
		pr_err("serval: address family %u is taken (error %d): load with family=N\n",
		       serval_family, err);
		goto err_netlink;
	}
	return 0;

err_netlink:
	serval_netlink_exit();
err_follow:
	serval_follow_exit();
err_broadcast:
	serval_broadcast_exit();
err_input:
	serval_input_exit();
err_encap_gro:
	serval_encap_gro_exit();
	serval_offload_exit();
err_pernet:
	unregister_pernet_device(&net_ops);
err_caches:
	serval_conn_cache_exit();
	return err;
}

static void __exit serval_exit(void)
{
	serval_socket_unregister();
	serval_netlink_exit();
	serval_follow_exit();
	serval_broadcast_exit();
	serval_input_exit();
	serval_encap_gro_exit();
	serval_offload_exit();
	unregister_pernet_device(&net_ops);
	serval_conn_cache_exit();
}

module_init(serval_init);
module_exit(serval_exit);

MODULE_DESCRIPTION("Serval: service access layer and AF_SERVAL sockets");
MODULE_LICENSE("GPL");
MODULE_ALIAS_NETPROTO(AF_SERVAL);
MODULE_ALIAS_GENL_FAMILY(SERVAL_GENL_NAME);
