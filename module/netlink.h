/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink family "serval": what its files share.
 */
#ifndef _SERVAL_NETLINK_H
#define _SERVAL_NETLINK_H

#include <net/genetlink.h>
#include <linux/serval.h>

enum serval_mcgrp {
	SERVAL_MCGRP_SERVICE,
	SERVAL_MCGRP_FLOW,
	SERVAL_MCGRP_DELAY,
};

extern struct genl_family serval_genl;

struct serval_net;

bool serval_netlink_wanted(const struct serval_net *sn,
			   enum serval_mcgrp group);

int serval_netlink_init(void);
void serval_netlink_exit(void);

/* netlink_service.c */
extern const struct nla_policy serval_service_policy[SERVAL_A_SERVICE_MAX + 1];
int serval_nl_service_new(struct sk_buff *skb, struct genl_info *info);
int serval_nl_service_del(struct sk_buff *skb, struct genl_info *info);
int serval_nl_service_set(struct sk_buff *skb, struct genl_info *info);
int serval_nl_service_get(struct sk_buff *skb, struct genl_info *info);
int serval_nl_service_flush(struct sk_buff *skb, struct genl_info *info);
int serval_nl_service_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_flow.c */
extern const struct nla_policy serval_flow_policy[SERVAL_A_FLOW_MAX + 1];
int serval_nl_flow_get(struct sk_buff *skb, struct genl_info *info);
int serval_nl_flow_del(struct sk_buff *skb, struct genl_info *info);
int serval_nl_flow_dump_start(struct netlink_callback *cb);
int serval_nl_flow_dump(struct sk_buff *skb, struct netlink_callback *cb);
int serval_nl_flow_dump_done(struct netlink_callback *cb);

/* netlink_move.c */
extern const struct nla_policy serval_migrate_policy[SERVAL_A_FLOW_MAX + 1];
int serval_nl_flow_migrate(struct sk_buff *skb, struct genl_info *info);
int serval_nl_flow_join(struct sk_buff *skb, struct genl_info *info);
int serval_nl_flow_part(struct sk_buff *skb, struct genl_info *info);
int serval_nl_flow_use(struct sk_buff *skb, struct genl_info *info);

/* netlink_delay.c */
extern const struct nla_policy serval_delay_policy[SERVAL_A_DELAY_MAX + 1];
int serval_nl_delay_verdict(struct sk_buff *skb, struct genl_info *info);
int serval_nl_delay_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_dev.c */
extern const struct nla_policy serval_dev_policy[SERVAL_A_DEV_MAX + 1];
int serval_nl_dev_set(struct sk_buff *skb, struct genl_info *info);
int serval_nl_dev_dump(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* _SERVAL_NETLINK_H */
