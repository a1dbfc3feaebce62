// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: packets that wait for a controller's verdict.
 *
 * Who listens to the group makes packets wait, so that needs CAP_NET_ADMIN as
 * the verdict does.  An event that is lost is made up for by a dump.
 */
#include <linux/jiffies.h>
#include <net/sock.h>

#include "events.h"
#include "netlink.h"
#include "serval.h"

const struct nla_policy serval_delay_policy[SERVAL_A_DELAY_MAX + 1] = {
	[SERVAL_A_DELAY_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[SERVAL_A_DELAY_SERVICE] = { .type = NLA_REJECT },
	[SERVAL_A_DELAY_SOURCE_SERVICE] = { .type = NLA_REJECT },
	[SERVAL_A_DELAY_ADDR4] = { .type = NLA_REJECT },
	[SERVAL_A_DELAY_ADDR6] = { .type = NLA_REJECT },
	[SERVAL_A_DELAY_PROTO] = { .type = NLA_REJECT },
	[SERVAL_A_DELAY_REMAINING] = { .type = NLA_REJECT },
	[SERVAL_A_DELAY_VERDICT] = NLA_POLICY_RANGE(NLA_U8,
						SERVAL_DELAY_RELEASE,
						SERVAL_DELAY_DROP),
};

static int put_from(struct sk_buff *msg, const struct in6_addr *from)
{
	if (ipv6_addr_any(from))
		return 0;
	if (serval_addr_is4(from))
		return nla_put_be32(msg, SERVAL_A_DELAY_ADDR4,
				    serval_addr_to4(from));
	return nla_put_in6_addr(msg, SERVAL_A_DELAY_ADDR6, from);
}

static int put_source(struct sk_buff *msg, const struct service_id *id)
{
	if (!memchr_inv(id->s_sid, 0, sizeof(id->s_sid)))
		return 0;
	return nla_put(msg, SERVAL_A_DELAY_SOURCE_SERVICE, sizeof(id->s_sid),
		       id->s_sid);
}

static int fill_held(struct sk_buff *msg, const struct serval_delay_info *info,
		     void *hdr)
{
	long left = info->deadline - jiffies;

	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(msg, SERVAL_A_DELAY_ID, info->id) ||
	    nla_put(msg, SERVAL_A_DELAY_SERVICE, sizeof(info->service.s_sid),
		    info->service.s_sid) ||
	    nla_put_u8(msg, SERVAL_A_DELAY_PROTO, info->protocol) ||
	    nla_put_u32(msg, SERVAL_A_DELAY_REMAINING,
			left > 0 ? jiffies_to_msecs(left) : 0) ||
	    put_source(msg, &info->source) || put_from(msg, &info->from)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/**
 * serval_event_delay_wanted() - would anybody decide about a held packet
 * @sn: namespace
 *
 * Context: any.
 */
bool serval_event_delay_wanted(const struct serval_net *sn)
{
	return serval_netlink_wanted(sn, SERVAL_MCGRP_DELAY);
}

/**
 * serval_event_delay() - tell controllers of a packet that waits for them
 * @sn:   namespace
 * @info: what to tell
 *
 * Context: any but hard interrupt.
 */
void serval_event_delay(struct serval_net *sn,
			const struct serval_delay_info *info)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);

	if (!msg)
		return;
	if (fill_held(msg, info, genlmsg_put(msg, 0, 0, &serval_genl, 0,
					     SERVAL_CMD_DELAY_NTF))) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_multicast_netns(&serval_genl, sn->net, msg, 0,
				SERVAL_MCGRP_DELAY, GFP_ATOMIC);
}

/**
 * serval_nl_delay_verdict() - DELAY_VERDICT: release or drop
 * @skb:  request
 * @info: parsed
 */
int serval_nl_delay_verdict(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct nlattr *id_attr = info->attrs[SERVAL_A_DELAY_ID];
	u32 id = id_attr ? nla_get_u32(id_attr) : 0;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, SERVAL_A_DELAY_VERDICT)) {
		NL_SET_ERR_MSG(info->extack, "the verdict is missing");
		return -EINVAL;
	}
	if (nla_get_u8(info->attrs[SERVAL_A_DELAY_VERDICT]) ==
	    SERVAL_DELAY_RELEASE)
		err = serval_delay_release(sn, id);
	else
		err = serval_delay_drop(sn, id);
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, id_attr,
				    "no packet with this number is held");
	return err;
}

/* Where a dump goes on */
struct dump_pos {
	u32 id;
	u8 started;
};

/**
 * serval_nl_delay_dump() - DELAY_GET dump: every held packet
 * @skb: to fill
 * @cb:  state
 */
int serval_nl_delay_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct serval_net *sn = serval_net(sock_net(skb->sk));
	struct dump_pos *pos = (struct dump_pos *)cb->ctx;
	struct serval_delay_info info;
	void *hdr;

	BUILD_BUG_ON(sizeof(*pos) > sizeof(cb->ctx));
	while (serval_delay_next(sn, pos->started ? &pos->id : NULL, &info)) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &serval_genl, NLM_F_MULTI,
				  SERVAL_CMD_DELAY_GET);
		if (fill_held(skb, &info, hdr))
			break;
		pos->id = info.id;
		pos->started = 1;
	}
	return skb->len;
}
