// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: which devices the kernel's own moves prefer.
 */
#include <net/sock.h>

#include "netlink.h"
#include "serval.h"

#define SETTLE_MAX	3600000

/* 6.1 does not take a constant */
static struct netlink_range_validation settle_range = {
	.max = SETTLE_MAX,
};

const struct nla_policy serval_dev_policy[SERVAL_A_DEV_MAX + 1] = {
	[SERVAL_A_DEV_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SERVAL_A_DEV_PREFERENCE] = { .type = NLA_U8 },
	[SERVAL_A_DEV_SETTLE] = NLA_POLICY_FULL_RANGE(NLA_U32, &settle_range),
};

/**
 * serval_nl_dev_set() - DEV_SET: change the settings of a device
 * @skb:  request
 * @info: parsed
 */
int serval_nl_dev_set(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct nlattr **attrs = info->attrs;
	struct nlattr *dev = attrs[SERVAL_A_DEV_IFINDEX];
	u8 preference = 0;
	u32 settle = 0;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, SERVAL_A_DEV_IFINDEX)) {
		NL_SET_ERR_MSG(info->extack, "the device is missing");
		return -EINVAL;
	}
	if (attrs[SERVAL_A_DEV_PREFERENCE])
		preference = nla_get_u8(attrs[SERVAL_A_DEV_PREFERENCE]);
	if (attrs[SERVAL_A_DEV_SETTLE])
		settle = nla_get_u32(attrs[SERVAL_A_DEV_SETTLE]);
	err = serval_preference_set(sn, nla_get_u32(dev),
				    attrs[SERVAL_A_DEV_PREFERENCE] ?
				    &preference : NULL,
				    attrs[SERVAL_A_DEV_SETTLE] ? &settle :
								 NULL);
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, dev,
				    "there is no such device, or connections do not move to it");
	else
		serval_follow_look(sn);
	return err;
}

static int fill_dev(struct sk_buff *msg,
		    const struct serval_preference_info *info, void *hdr)
{
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(msg, SERVAL_A_DEV_IFINDEX, info->ifindex) ||
	    nla_put_u8(msg, SERVAL_A_DEV_PREFERENCE, info->preference) ||
	    nla_put_u32(msg, SERVAL_A_DEV_SETTLE, info->settle)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/* Where a dump goes on */
struct dump_pos {
	int ifindex;
};

/**
 * serval_nl_dev_dump() - DEV_GET dump: every device
 * @skb: to fill
 * @cb:  state
 */
int serval_nl_dev_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct serval_net *sn = serval_net(sock_net(skb->sk));
	struct dump_pos *pos = (struct dump_pos *)cb->ctx;
	struct serval_preference_info info;
	void *hdr;

	BUILD_BUG_ON(sizeof(*pos) > sizeof(cb->ctx));
	while (serval_preference_find_next(sn, pos->ifindex, &info)) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &serval_genl, NLM_F_MULTI,
				  SERVAL_CMD_DEV_GET);
		if (fill_dev(skb, &info, hdr))
			break;
		pos->ifindex = info.ifindex;
	}
	return skb->len;
}
