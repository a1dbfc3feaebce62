// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family "serval": operations, groups, counters.
 *
 * Documentation/netlink/specs/serval.yaml is the specification.  What changes
 * something needs CAP_NET_ADMIN in the user namespace that owns the network
 * namespace; a refusal says so in words.
 */
#include <linux/capability.h>
#include <linux/user_namespace.h>

#include "netlink.h"
#include "serval.h"

static int need_admin(struct sk_buff *skb, struct genl_info *info)
{
	if (netlink_ns_capable(skb, genl_info_net(info)->user_ns,
			       CAP_NET_ADMIN))
		return 0;
	NL_SET_ERR_MSG(info->extack, "changing anything needs CAP_NET_ADMIN");
	return -EPERM;
}

/* The generic flag GENL_UNS_ADMIN_PERM would refuse without a sentence */
#define ADMIN(fn)							\
static int admin_##fn(struct sk_buff *skb, struct genl_info *info)	\
{									\
	return need_admin(skb, info) ?: serval_nl_##fn(skb, info);	\
}

ADMIN(service_new)
ADMIN(service_del)
ADMIN(service_set)
ADMIN(service_flush)
ADMIN(flow_del)
ADMIN(flow_migrate)
ADMIN(flow_join)
ADMIN(flow_part)
ADMIN(flow_use)
ADMIN(delay_verdict)
ADMIN(dev_set)

/* A name, a value and a line of text each */
#define STATS_SIZE	(__SERVAL_MIB_MAX * 144)

static int put_counters(struct sk_buff *msg, const struct serval_net *sn)
{
	struct nlattr *nest;
	int i;

	for (i = 0; i < __SERVAL_MIB_MAX; i++) {
		nest = nla_nest_start(msg, SERVAL_A_STATS_COUNTER);
		if (!nest ||
		    nla_put_string(msg, SERVAL_A_COUNTER_NAME,
				   serval_mib_names[i]) ||
		    nla_put_u64_64bit(msg, SERVAL_A_COUNTER_VALUE,
				      serval_mib_read(sn->mib, i),
				      SERVAL_A_COUNTER_PAD) ||
		    nla_put_string(msg, SERVAL_A_COUNTER_HELP,
				   serval_mib_help[i]))
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static int stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(STATS_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &serval_genl, 0,
				SERVAL_CMD_STATS_GET);
	if (!hdr || put_counters(msg, serval_net(genl_info_net(info)))) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static const struct genl_ops ops[] = {
	{
		.cmd = SERVAL_CMD_SERVICE_GET,
		.doit = serval_nl_service_get,
		.dumpit = serval_nl_service_dump,
		.policy = serval_service_policy,
		.maxattr = SERVAL_A_SERVICE_MAX,
	}, {
		.cmd = SERVAL_CMD_SERVICE_NEW,
		.doit = admin_service_new,
		.policy = serval_service_policy,
		.maxattr = SERVAL_A_SERVICE_MAX,
	}, {
		.cmd = SERVAL_CMD_SERVICE_DEL,
		.doit = admin_service_del,
		.policy = serval_service_policy,
		.maxattr = SERVAL_A_SERVICE_MAX,
	}, {
		.cmd = SERVAL_CMD_SERVICE_SET,
		.doit = admin_service_set,
		.policy = serval_service_policy,
		.maxattr = SERVAL_A_SERVICE_MAX,
	}, {
		.cmd = SERVAL_CMD_SERVICE_FLUSH,
		.doit = admin_service_flush,
		.policy = serval_service_policy,
		.maxattr = SERVAL_A_SERVICE_MAX,
	}, {
		.cmd = SERVAL_CMD_FLOW_GET,
		.doit = serval_nl_flow_get,
		.start = serval_nl_flow_dump_start,
		.dumpit = serval_nl_flow_dump,
		.done = serval_nl_flow_dump_done,
		.policy = serval_flow_policy,
		.maxattr = SERVAL_A_FLOW_MAX,
	}, {
		.cmd = SERVAL_CMD_FLOW_DEL,
		.doit = admin_flow_del,
		.policy = serval_flow_policy,
		.maxattr = SERVAL_A_FLOW_MAX,
	}, {
		.cmd = SERVAL_CMD_FLOW_MIGRATE,
		.doit = admin_flow_migrate,
		.policy = serval_migrate_policy,
		.maxattr = SERVAL_A_FLOW_MAX,
	}, {
		.cmd = SERVAL_CMD_FLOW_JOIN,
		.doit = admin_flow_join,
		.policy = serval_migrate_policy,
		.maxattr = SERVAL_A_FLOW_MAX,
	}, {
		.cmd = SERVAL_CMD_FLOW_PART,
		.doit = admin_flow_part,
		.policy = serval_flow_policy,
		.maxattr = SERVAL_A_FLOW_MAX,
	}, {
		.cmd = SERVAL_CMD_FLOW_USE,
		.doit = admin_flow_use,
		.policy = serval_flow_policy,
		.maxattr = SERVAL_A_FLOW_MAX,
	}, {
		.cmd = SERVAL_CMD_STATS_GET,
		.doit = stats_get,
	}, {
		.cmd = SERVAL_CMD_DELAY_GET,
		.dumpit = serval_nl_delay_dump,
		.policy = serval_delay_policy,
		.maxattr = SERVAL_A_DELAY_MAX,
	}, {
		.cmd = SERVAL_CMD_DELAY_VERDICT,
		.doit = admin_delay_verdict,
		.policy = serval_delay_policy,
		.maxattr = SERVAL_A_DELAY_MAX,
	}, {
		.cmd = SERVAL_CMD_DEV_GET,
		.dumpit = serval_nl_dev_dump,
		.policy = serval_dev_policy,
		.maxattr = SERVAL_A_DEV_MAX,
	}, {
		.cmd = SERVAL_CMD_DEV_SET,
		.doit = admin_dev_set,
		.policy = serval_dev_policy,
		.maxattr = SERVAL_A_DEV_MAX,
	},
};

static const struct genl_multicast_group groups[] = {
	[SERVAL_MCGRP_SERVICE] = { .name = SERVAL_GENL_MCGRP_SERVICE },
	[SERVAL_MCGRP_FLOW] = { .name = SERVAL_GENL_MCGRP_FLOW },
	[SERVAL_MCGRP_DELAY] = {
		.name = SERVAL_GENL_MCGRP_DELAY,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family serval_genl __ro_after_init = {
	.name = SERVAL_GENL_NAME,
	.version = SERVAL_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/* Works that tell of something may run before and after the family is there */
static bool registered;

/**
 * serval_netlink_wanted() - does anybody listen to a group
 * @sn:    namespace
 * @group: which
 *
 * Context: any.
 */
bool serval_netlink_wanted(const struct serval_net *sn, enum serval_mcgrp group)
{
	return READ_ONCE(registered) &&
	       genl_has_listeners(&serval_genl, sn->net, group);
}

/**
 * serval_netlink_init() - register the family
 */
int __init serval_netlink_init(void)
{
	int err = genl_register_family(&serval_genl);

	WRITE_ONCE(registered, !err);
	return err;
}

/**
 * serval_netlink_exit() - unregister it; no request runs afterwards
 */
void serval_netlink_exit(void)
{
	WRITE_ONCE(registered, false);
	genl_unregister_family(&serval_genl);
}
