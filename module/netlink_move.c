// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: requests to move connections, and how they end.
 *
 * A request is answered at once by how many moves have begun; the end of each is
 * told later, to the same port with the same sequence number, perhaps before that
 * answer.
 */
#include "events.h"
#include "join.h"
#include "netlink.h"
#include "serval.h"

const struct nla_policy serval_migrate_policy[SERVAL_A_FLOW_MAX + 1] = {
	[SERVAL_A_FLOW_LOCAL_ID] = { .type = NLA_U32 },
	[SERVAL_A_FLOW_PEER_ID] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_PROTO] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_STATE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_LOCAL_ADDR4] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_PEER_ADDR4] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SERVAL_A_FLOW_LOCAL_SERVICE] = NLA_POLICY_EXACT_LEN(SERVICE_ID_LEN),
	[SERVAL_A_FLOW_PEER_SERVICE] = NLA_POLICY_EXACT_LEN(SERVICE_ID_LEN),
	[SERVAL_A_FLOW_COOKIE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_INODE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_UID] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_AGE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_STATS] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_LOCAL_ADDR6] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_PEER_ADDR6] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_OLD_ID] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SERVAL_A_FLOW_NEW_ADDR4] = { .type = NLA_U32 },
	[SERVAL_A_FLOW_NEW_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[SERVAL_A_FLOW_BEGUN] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_FAILED] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_ERROR] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_DURATION] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_UDP_ENCAP] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_UDP_ENCAP] = NLA_POLICY_MAX(NLA_U8, SERVAL_UDP_ALWAYS),
	[SERVAL_A_FLOW_ROLE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_PEER_ADDR4] = { .type = NLA_U32 },
	[SERVAL_A_FLOW_NEW_PEER_ADDR6] = NLA_POLICY_EXACT_LEN(16),
};

static int put_result(struct sk_buff *msg,
		      const struct serval_move_result *result)
{
	return nla_put_be32(msg, SERVAL_A_FLOW_LOCAL_ID, result->new_id) ?:
	       nla_put_be32(msg, SERVAL_A_FLOW_OLD_ID, result->old_id) ?:
	       nla_put_u32(msg, SERVAL_A_FLOW_ERROR, -result->err) ?:
	       nla_put_u32(msg, SERVAL_A_FLOW_DURATION, result->us);
}

/**
 * serval_event_move_result() - tell who asked how a move has ended
 * @sn:     namespace
 * @w:      with a netlink port
 * @result: of one move
 *
 * Context: any but hard interrupt.
 */
void serval_event_move_result(struct serval_net *sn,
			      const struct serval_waiter *w,
			      const struct serval_move_result *result)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	void *hdr;

	if (!msg)
		return;
	hdr = genlmsg_put(msg, w->portid, w->seq, &serval_genl, 0,
			  w->cmd);
	if (!hdr || put_result(msg, result)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	/* who does not listen any more misses it */
	genlmsg_unicast(sn->net, msg, w->portid);
}

/* Which connections */
struct selection {
	const struct genl_info *info;
	int ifindex;
};

static bool is_named(const struct nlattr *attr, const struct service_id *id)
{
	return !attr || !memcmp(nla_data(attr), id->s_sid, SERVICE_ID_LEN);
}

static bool is_selected(const struct serval_flow *fl, const void *arg)
{
	const struct selection *sel = arg;
	const struct dst_entry *dst = rcu_dereference(fl->path.dst);

	if (sel->ifindex && (dst ? dst->dev->ifindex : fl->path.oif) !=
			    sel->ifindex)
		return false;
	return is_named(sel->info->attrs[SERVAL_A_FLOW_LOCAL_SERVICE],
			serval_conn_local(fl->conn)) &&
	       is_named(sel->info->attrs[SERVAL_A_FLOW_PEER_SERVICE],
			serval_conn_peer(fl->conn));
}

/* Of two attributes the one that is there; :: if neither is */
static struct in6_addr get_addr(const struct genl_info *info, int ipv4, int ipv6)
{
	if (info->attrs[ipv6])
		return nla_get_in6_addr(info->attrs[ipv6]);
	if (info->attrs[ipv4])
		return serval_addr_from4(nla_get_be32(info->attrs[ipv4]));
	return in6addr_any;
}

static int get_to(struct genl_info *info, struct serval_move_to *to)
{
	struct nlattr **attrs = info->attrs;

	if (attrs[SERVAL_A_FLOW_NEW_IFINDEX])
		to->oif = nla_get_u32(attrs[SERVAL_A_FLOW_NEW_IFINDEX]);
	to->laddr = get_addr(info, SERVAL_A_FLOW_NEW_ADDR4,
			     SERVAL_A_FLOW_NEW_ADDR6);
	if (attrs[SERVAL_A_FLOW_NEW_UDP_ENCAP])
		to->way = nla_get_u8(attrs[SERVAL_A_FLOW_NEW_UDP_ENCAP]) ?
			  SERVAL_MOVE_UDP : SERVAL_MOVE_RAW;
	if (!to->oif && ipv6_addr_any(&to->laddr) && !to->way) {
		NL_SET_ERR_MSG(info->extack,
			       "where to is missing: device, local address or encapsulation");
		return -EINVAL;
	}
	if (to->oif == serval_net(genl_info_net(info))->dev->ifindex) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    attrs[SERVAL_A_FLOW_NEW_IFINDEX],
				    "nothing goes out through sal0");
		return -EINVAL;
	}
	return 0;
}

static int explain(struct genl_info *info, int err)
{
	switch (err) {
	case -ENOENT:
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[SERVAL_A_FLOW_LOCAL_ID],
				    "no flow has this local id");
		break;
	case -ENOTCONN:
		NL_SET_ERR_MSG(info->extack, "the connection is not established");
		break;
	case -EALREADY:
		NL_SET_ERR_MSG(info->extack, "the flow is there already");
		break;
	case -EADDRNOTAVAIL:
		NL_SET_ERR_MSG(info->extack,
			       "no such address here, or none of the peer's IP version");
		break;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -ENODEV:
		NL_SET_ERR_MSG(info->extack, "there is no route to the peer from there");
		break;
	case -EBUSY:
		NL_SET_ERR_MSG(info->extack, "the flow is on its way to another place");
		break;
	case -ENOSPC:
		NL_SET_ERR_MSG(info->extack, "the connection has eight flows already");
		break;
	case -EKEYREJECTED:
		NL_SET_ERR_MSG(info->extack, "the peer's key makes no secret to move with");
		break;
	}
	return err;
}

static int answer(struct genl_info *info, int begun, int failed)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;

	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &serval_genl, 0,
				info->genlhdr->cmd);
	if (!hdr || nla_put_u32(msg, SERVAL_A_FLOW_BEGUN, begun) ||
	    nla_put_u32(msg, SERVAL_A_FLOW_FAILED, failed)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static int migrate(struct serval_net *sn, struct genl_info *info,
		   const struct serval_move_to *to, struct serval_waiter *w)
{
	struct nlattr **attrs = info->attrs;
	struct selection sel = { .info = info };
	int n, failed, err;

	if (attrs[SERVAL_A_FLOW_LOCAL_ID]) {
		err = serval_move_flow(sn, nla_get_be32(attrs[SERVAL_A_FLOW_LOCAL_ID]),
				       to, w);
		return err ? explain(info, err) : answer(info, 1, 0);
	}
	if (attrs[SERVAL_A_FLOW_IFINDEX]) {
		sel.ifindex = nla_get_u32(attrs[SERVAL_A_FLOW_IFINDEX]);
	} else if (!attrs[SERVAL_A_FLOW_LOCAL_SERVICE] &&
		   !attrs[SERVAL_A_FLOW_PEER_SERVICE]) {
		NL_SET_ERR_MSG(info->extack,
			       "which flows is missing: an id, a device or a service");
		return -EINVAL;
	}
	n = serval_move_all(sn, is_selected, &sel, to, w, &failed);
	return n < 0 ? n : answer(info, n, failed);
}

/**
 * serval_nl_flow_migrate() - FLOW_MIGRATE: move connections
 * @skb:  request
 * @info: parsed
 */
int serval_nl_flow_migrate(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct serval_move_to to = {};
	struct serval_waiter *w;
	int err;

	err = get_to(info, &to);
	if (err)
		return err;
	if (info->attrs[SERVAL_A_FLOW_NEW_PEER_ADDR4] ||
	    info->attrs[SERVAL_A_FLOW_NEW_PEER_ADDR6]) {
		NL_SET_ERR_MSG(info->extack, "a move goes to where the peer is");
		return -EINVAL;
	}
	w = serval_waiter_alloc(info->snd_portid, info->snd_seq,
				info->genlhdr->cmd);
	if (!w)
		return -ENOMEM;
	err = migrate(sn, info, &to, w);
	serval_waiter_put(w);
	return err;
}

static int get_id(struct genl_info *info, __be32 *id)
{
	if (GENL_REQ_ATTR_CHECK(info, SERVAL_A_FLOW_LOCAL_ID)) {
		NL_SET_ERR_MSG(info->extack, "the local flow id is missing");
		return -EINVAL;
	}
	*id = nla_get_be32(info->attrs[SERVAL_A_FLOW_LOCAL_ID]);
	return 0;
}

static int check_one(struct genl_info *info, int a, int b)
{
	if (!info->attrs[a] || !info->attrs[b])
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[b],
			    "one address of an end is enough");
	return -EINVAL;
}

/**
 * serval_nl_flow_join() - FLOW_JOIN: join a flow to a connection
 * @skb:  request
 * @info: parsed
 */
int serval_nl_flow_join(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	const struct in6_addr raddr = get_addr(info, SERVAL_A_FLOW_NEW_PEER_ADDR4,
					       SERVAL_A_FLOW_NEW_PEER_ADDR6);
	struct serval_move_to to = {};
	struct serval_waiter *w;
	__be32 id;
	int err;

	err = get_id(info, &id) ?: get_to(info, &to) ?:
	      check_one(info, SERVAL_A_FLOW_NEW_ADDR4, SERVAL_A_FLOW_NEW_ADDR6) ?:
	      check_one(info, SERVAL_A_FLOW_NEW_PEER_ADDR4,
			SERVAL_A_FLOW_NEW_PEER_ADDR6);
	if (err)
		return err;
	w = serval_waiter_alloc(info->snd_portid, info->snd_seq,
				info->genlhdr->cmd);
	if (!w)
		return -ENOMEM;
	err = serval_join_flow(sn, id, &to, &raddr, w);
	if (err == -EBUSY)
		NL_SET_ERR_MSG(info->extack, "another flow is being joined");
	else if (err == -EALREADY)
		NL_SET_ERR_MSG(info->extack, "a flow of the connection leads there already");
	else
		err = err ? explain(info, err) : answer(info, 1, 0);
	serval_waiter_put(w);
	return err;
}

/**
 * serval_nl_flow_part() - FLOW_PART: end one of several flows
 * @skb:  request
 * @info: parsed
 */
int serval_nl_flow_part(struct sk_buff *skb, struct genl_info *info)
{
	__be32 id;
	int err = get_id(info, &id);

	if (err)
		return err;
	err = serval_part_flow(serval_net(genl_info_net(info)), id);
	if (err == -EBUSY) {
		NL_SET_ERR_MSG(info->extack, "the connection has no other flow that works");
		return err;
	}
	return explain(info, err);
}

/**
 * serval_nl_flow_use() - FLOW_USE: send along another flow
 * @skb:  request
 * @info: parsed
 */
int serval_nl_flow_use(struct sk_buff *skb, struct genl_info *info)
{
	__be32 id;
	int err = get_id(info, &id);

	if (err)
		return err;
	err = serval_use_flow(serval_net(genl_info_net(info)), id);
	if (err == -EALREADY) {
		NL_SET_ERR_MSG(info->extack, "the flow is in use already");
		return err;
	}
	return explain(info, err);
}
