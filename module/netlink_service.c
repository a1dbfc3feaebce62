// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: rules of the service table, and events about them.
 *
 * A dump goes on from the prefix and the target it stopped at, found again
 * by value, so it survives any change between two messages; a change sets
 * NLM_F_DUMP_INTR.
 */
#include <net/sock.h>

#include "events.h"
#include "netlink.h"
#include "serval.h"

const struct nla_policy serval_service_policy[SERVAL_A_SERVICE_MAX + 1] = {
	[SERVAL_A_SERVICE_ID] = NLA_POLICY_EXACT_LEN(SERVICE_ID_LEN),
	[SERVAL_A_SERVICE_PREFIX_BITS] =
		NLA_POLICY_MAX(NLA_U16, SERVICE_ID_MAX_PREFIX_BITS),
	[SERVAL_A_SERVICE_FLAGS] = NLA_POLICY_MASK(NLA_U8, SVSF_GLOBAL_SCOPE |
					SVSF_STRICT | SVSF_ANYCAST |
					SVSF_MULTICAST),
	[SERVAL_A_SERVICE_TYPE] = NLA_POLICY_RANGE(NLA_U8,
					SERVAL_SERVICE_FORWARD,
					SERVAL_SERVICE_DROP),
	[SERVAL_A_SERVICE_PRIORITY] = { .type = NLA_U32 },
	[SERVAL_A_SERVICE_WEIGHT] = { .type = NLA_U32 },
	[SERVAL_A_SERVICE_ADDR4] = { .type = NLA_U32 },
	[SERVAL_A_SERVICE_IFINDEX] = { .type = NLA_U32 },
	[SERVAL_A_SERVICE_NEW_ADDR4] = { .type = NLA_U32 },
	[SERVAL_A_SERVICE_NEW_IFINDEX] = { .type = NLA_U32 },
	[SERVAL_A_SERVICE_PROTO] = { .type = NLA_REJECT },
	[SERVAL_A_SERVICE_COOKIE] = { .type = NLA_REJECT },
	[SERVAL_A_SERVICE_INODE] = { .type = NLA_REJECT },
	[SERVAL_A_SERVICE_UID] = { .type = NLA_REJECT },
	[SERVAL_A_SERVICE_STATS] = { .type = NLA_REJECT },
	[SERVAL_A_SERVICE_ADDR6] =
		NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[SERVAL_A_SERVICE_NEW_ADDR6] =
		NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[SERVAL_A_SERVICE_TIMEOUT] = { .type = NLA_U32 },
	[SERVAL_A_SERVICE_IDLE_TIMEOUT] = { .type = NLA_U32 },
	[SERVAL_A_SERVICE_EXPIRES] = { .type = NLA_REJECT },
	[SERVAL_A_SERVICE_REASON] = { .type = NLA_REJECT },
	[SERVAL_A_SERVICE_UDP_ENCAP] =
		NLA_POLICY_RANGE(NLA_S32, SERVAL_UDP_DEFAULT, SERVAL_UDP_AUTO),
};

/* Is any bit of @id set behind the prefix? */
static bool has_stray_bits(const struct service_id *id, u16 bits)
{
	unsigned int i = bits / 8;

	if (i >= SERVICE_ID_LEN)
		return false;
	return id->s_sid[i] & (0xff >> (bits % 8)) ||
	       memchr_inv(id->s_sid + i + 1, 0, SERVICE_ID_LEN - i - 1);
}

static u32 get_u32(struct nlattr **attrs, int type, u32 def)
{
	return attrs[type] ? nla_get_u32(attrs[type]) : def;
}

static int parse_prefix(struct genl_info *info, struct serval_rule *rule)
{
	struct nlattr **attrs = info->attrs;

	if (GENL_REQ_ATTR_CHECK(info, SERVAL_A_SERVICE_ID)) {
		NL_SET_ERR_MSG(info->extack, "the service ID is missing");
		return -EINVAL;
	}
	memcpy(&rule->id, nla_data(attrs[SERVAL_A_SERVICE_ID]),
	       sizeof(rule->id));
	rule->bits = SERVICE_ID_MAX_PREFIX_BITS;
	if (attrs[SERVAL_A_SERVICE_PREFIX_BITS])
		rule->bits = nla_get_u16(attrs[SERVAL_A_SERVICE_PREFIX_BITS]);
	if (has_stray_bits(&rule->id, rule->bits)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[SERVAL_A_SERVICE_ID],
				    "the service ID has bits set behind its prefix");
		return -EINVAL;
	}
	if (rule->bits && !memchr_inv(rule->id.s_sid, 0, SERVICE_ID_LEN) &&
	    rule->bits == SERVICE_ID_MAX_PREFIX_BITS) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[SERVAL_A_SERVICE_ID],
				    "the null service ID names no service; the default rule has prefix length 0");
		return -EINVAL;
	}
	return 0;
}

static int parse_addr4(struct genl_info *info, int type, struct in6_addr *addr)
{
	__be32 ip4 = nla_get_be32(info->attrs[type]);

	*addr = serval_addr_from4(ip4);
	if (ip4)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[type],
			    "0.0.0.0 is nobody's address");
	return -EINVAL;
}

static int parse_addr6(struct genl_info *info, int type, struct in6_addr *addr)
{
	*addr = nla_get_in6_addr(info->attrs[type]);
	if (serval_addr_is4(addr)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[type],
				    "an IPv4 address can't be given as an IPv6 one");
		return -EINVAL;
	}
	if (!ipv6_addr_any(addr))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[type],
			    ":: is nobody's address");
	return -EINVAL;
}

/* At least one of the two attributes is there */
static int parse_address(struct genl_info *info, int type4, int type6,
			 struct in6_addr *addr)
{
	if (!info->attrs[type6])
		return parse_addr4(info, type4, addr);
	if (!info->attrs[type4])
		return parse_addr6(info, type6, addr);
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[type6],
			    "a target has one address");
	return -EINVAL;
}

/* The broadcast address of a subnet looks like any other and has a route */
static bool is_group(const struct in6_addr *addr)
{
	__be32 ip4 = serval_addr_to4(addr);

	if (serval_addr_is4(addr))
		return ipv4_is_multicast(ip4) || ipv4_is_lbcast(ip4);
	return ipv6_addr_is_multicast(addr);
}

static int check_scope(struct genl_info *info, const struct in6_addr *addr,
		       u32 ifindex)
{
	if (ifindex)
		return 0;
	if (is_group(addr)) {
		NL_SET_ERR_MSG(info->extack, "a multicast or broadcast address needs a device");
		return -EINVAL;
	}
	if (!serval_addr_needs_device(addr))
		return 0;
	NL_SET_ERR_MSG(info->extack, "a link-local address needs a device");
	return -EINVAL;
}

static int check_device(struct genl_info *info, int type)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	u32 ifindex = get_u32(info->attrs, type, 0);
	struct net_device *dev;
	int err = 0;

	if (!ifindex)
		return 0;
	rcu_read_lock();
	dev = dev_get_by_index_rcu(sn->net, ifindex);
	if (!dev) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[type],
				    "no such device");
		err = -ENODEV;
	} else if (dev == sn->dev) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[type],
				    "a rule can't lead back into the service access layer");
		err = -EINVAL;
	} else if (!(READ_ONCE(dev->flags) & IFF_UP)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[type],
				    "the device is down");
		err = -ENETDOWN;
	}
	rcu_read_unlock();
	return err;
}

static int parse_forward(struct genl_info *info, struct serval_rule *rule)
{
	int err;

	if (!info->attrs[SERVAL_A_SERVICE_ADDR6] &&
	    GENL_REQ_ATTR_CHECK(info, SERVAL_A_SERVICE_ADDR4)) {
		NL_SET_ERR_MSG(info->extack, "a forward rule needs an address");
		return -EINVAL;
	}
	err = parse_address(info, SERVAL_A_SERVICE_ADDR4,
			    SERVAL_A_SERVICE_ADDR6, &rule->addr);
	if (err)
		return err;
	rule->ifindex = get_u32(info->attrs, SERVAL_A_SERVICE_IFINDEX, 0);
	if (info->attrs[SERVAL_A_SERVICE_UDP_ENCAP])
		rule->encap = nla_get_s32(info->attrs[SERVAL_A_SERVICE_UDP_ENCAP]);
	return check_scope(info, &rule->addr, rule->ifindex);
}

static int parse_target(struct genl_info *info, struct serval_rule *rule)
{
	struct nlattr **attrs = info->attrs;

	if (GENL_REQ_ATTR_CHECK(info, SERVAL_A_SERVICE_TYPE)) {
		NL_SET_ERR_MSG(info->extack, "the rule's type is missing");
		return -EINVAL;
	}
	rule->type = nla_get_u8(attrs[SERVAL_A_SERVICE_TYPE]);
	switch (rule->type) {
	case SERVAL_SERVICE_FORWARD:
		return parse_forward(info, rule);
	case SERVAL_SERVICE_DROP:
	case SERVAL_SERVICE_DELAY:
		if (!attrs[SERVAL_A_SERVICE_ADDR4] &&
		    !attrs[SERVAL_A_SERVICE_ADDR6] &&
		    !attrs[SERVAL_A_SERVICE_IFINDEX] &&
		    !attrs[SERVAL_A_SERVICE_UDP_ENCAP])
			return 0;
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[SERVAL_A_SERVICE_TYPE],
				    "only a forward rule has an address, a device and an encapsulation");
		return -EINVAL;
	default:	/* DEMUX: the policy admits nothing else */
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[SERVAL_A_SERVICE_TYPE],
				    "a demux target is made by bind() and ends with its socket");
		return -EOPNOTSUPP;
	}
}

static int parse_rule(struct genl_info *info, struct serval_rule *rule)
{
	struct nlattr **attrs = info->attrs;
	int err;

	memset(rule, 0, sizeof(*rule));
	err = parse_prefix(info, rule);
	if (err)
		return err;
	rule->priority = get_u32(attrs, SERVAL_A_SERVICE_PRIORITY, 1);
	rule->weight = get_u32(attrs, SERVAL_A_SERVICE_WEIGHT, 1) ?: 1;
	rule->hard = get_u32(attrs, SERVAL_A_SERVICE_TIMEOUT, 0);
	rule->idle = get_u32(attrs, SERVAL_A_SERVICE_IDLE_TIMEOUT, 0);
	rule->encap = SERVAL_UDP_DEFAULT;
	if (attrs[SERVAL_A_SERVICE_FLAGS])
		rule->flags = nla_get_u8(attrs[SERVAL_A_SERVICE_FLAGS]);
	return parse_target(info, rule);
}

static int put_demux(struct sk_buff *msg, const struct serval_rule *rule)
{
	struct sock *sk = rule->sk;
	u64 cookie = atomic64_read(&sk->sk_cookie);

	if (nla_put_u8(msg, SERVAL_A_SERVICE_PROTO, sk->sk_protocol) ||
	    nla_put_u64_64bit(msg, SERVAL_A_SERVICE_INODE, sock_i_ino(sk),
			      SERVAL_A_SERVICE_PAD) ||
	    nla_put_u32(msg, SERVAL_A_SERVICE_UID,
			from_kuid_munged(sock_net(sk)->user_ns,
					 sock_i_uid(sk))))
		return -EMSGSIZE;
	if (cookie && nla_put_u64_64bit(msg, SERVAL_A_SERVICE_COOKIE, cookie,
					SERVAL_A_SERVICE_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_stats(struct sk_buff *msg, const struct serval_target_stats *s)
{
	struct nlattr *nest = nla_nest_start(msg, SERVAL_A_SERVICE_STATS);

	if (!nest ||
	    nla_put_u64_64bit(msg, SERVAL_A_SERVICE_STATS_PACKETS_RESOLVED,
			      s->resolved_packets,
			      SERVAL_A_SERVICE_STATS_PAD) ||
	    nla_put_u64_64bit(msg, SERVAL_A_SERVICE_STATS_BYTES_RESOLVED,
			      s->resolved_bytes, SERVAL_A_SERVICE_STATS_PAD) ||
	    nla_put_u64_64bit(msg, SERVAL_A_SERVICE_STATS_PACKETS_DROPPED,
			      s->dropped_packets, SERVAL_A_SERVICE_STATS_PAD) ||
	    nla_put_u64_64bit(msg, SERVAL_A_SERVICE_STATS_BYTES_DROPPED,
			      s->dropped_bytes, SERVAL_A_SERVICE_STATS_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_forward(struct sk_buff *msg, const struct serval_rule *rule)
{
	int err;

	if (serval_addr_is4(&rule->addr))
		err = nla_put_be32(msg, SERVAL_A_SERVICE_ADDR4,
				   serval_addr_to4(&rule->addr));
	else
		err = nla_put_in6_addr(msg, SERVAL_A_SERVICE_ADDR6,
				       &rule->addr);
	if (!err && rule->encap != SERVAL_UDP_DEFAULT)
		err = nla_put_s32(msg, SERVAL_A_SERVICE_UDP_ENCAP, rule->encap);
	return err ?: nla_put_u32(msg, SERVAL_A_SERVICE_IFINDEX, rule->ifindex);
}

static int put_timeouts(struct sk_buff *msg, const struct serval_rule *rule)
{
	if (!rule->hard && !rule->idle)
		return 0;
	if ((rule->hard &&
	     nla_put_u32(msg, SERVAL_A_SERVICE_TIMEOUT, rule->hard)) ||
	    (rule->idle &&
	     nla_put_u32(msg, SERVAL_A_SERVICE_IDLE_TIMEOUT, rule->idle)))
		return -EMSGSIZE;
	return nla_put_u64_64bit(msg, SERVAL_A_SERVICE_EXPIRES, rule->expires,
				 SERVAL_A_SERVICE_PAD);
}

static int put_rule(struct sk_buff *msg, const struct serval_rule *rule,
		    const struct serval_target_stats *stats)
{
	if (nla_put(msg, SERVAL_A_SERVICE_ID, SERVICE_ID_LEN, rule->id.s_sid) ||
	    nla_put_u16(msg, SERVAL_A_SERVICE_PREFIX_BITS, rule->bits) ||
	    nla_put_u8(msg, SERVAL_A_SERVICE_FLAGS, rule->flags) ||
	    nla_put_u8(msg, SERVAL_A_SERVICE_TYPE, rule->type) ||
	    nla_put_u32(msg, SERVAL_A_SERVICE_PRIORITY, rule->priority) ||
	    nla_put_u32(msg, SERVAL_A_SERVICE_WEIGHT, rule->weight))
		return -EMSGSIZE;
	if (rule->type == SERVAL_SERVICE_FORWARD && put_forward(msg, rule))
		return -EMSGSIZE;
	if (rule->type == SERVAL_SERVICE_DEMUX && put_demux(msg, rule))
		return -EMSGSIZE;
	if (put_timeouts(msg, rule))
		return -EMSGSIZE;
	if (rule->reason &&
	    nla_put_u8(msg, SERVAL_A_SERVICE_REASON, rule->reason))
		return -EMSGSIZE;
	return stats ? put_stats(msg, stats) : 0;
}

static int reply_rule(struct genl_info *info, u8 cmd,
		      const struct serval_rule *rule,
		      const struct serval_target_stats *stats)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;

	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &serval_genl, 0, cmd);
	if (!hdr || put_rule(msg, rule, stats)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/**
 * serval_event_service() - tell listeners of a change in the service table
 * @sn:   namespace
 * @cmd:  SERVAL_CMD_SERVICE_*_NTF
 * @rule: what changed; its socket, if any, is protected by the caller
 *
 * Context: process, no lock of the table held.
 */
void serval_event_service(struct serval_net *sn, u8 cmd,
			  const struct serval_rule *rule)
{
	struct sk_buff *msg;
	void *hdr;

	if (!serval_netlink_wanted(sn, SERVAL_MCGRP_SERVICE))
		return;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return;
	hdr = genlmsg_put(msg, 0, 0, &serval_genl, 0, cmd);
	if (!hdr || put_rule(msg, rule, NULL)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast_netns(&serval_genl, sn->net, msg, 0,
				SERVAL_MCGRP_SERVICE, GFP_KERNEL);
}

/* Sockets can't be made where a rule is used */
static int prepare_encap(struct genl_info *info, s8 encap)
{
	int err;

	if (encap != SERVAL_UDP_ALWAYS)
		return 0;
	err = serval_encap_open_pool(serval_net(genl_info_net(info)));
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[SERVAL_A_SERVICE_UDP_ENCAP],
				    "no UDP port can be had to send from");
	return err;
}

/**
 * serval_nl_service_new() - SERVICE_NEW: add a rule, answer with it
 * @skb:  request
 * @info: parsed
 */
int serval_nl_service_new(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct serval_target_stats stats = {};
	struct serval_rule rule;
	int err;

	err = parse_rule(info, &rule);
	if (!err)
		err = check_device(info, SERVAL_A_SERVICE_IFINDEX);
	if (!err)
		err = prepare_encap(info, rule.encap);
	if (err)
		return err;
	serval_lifetimes_settle(sn);
	err = serval_service_add(sn, &rule, info->extack);
	if (err)
		return err;
	serval_event_service(sn, SERVAL_CMD_SERVICE_NEW_NTF, &rule);
	return reply_rule(info, SERVAL_CMD_SERVICE_NEW, &rule, &stats);
}

/**
 * serval_nl_service_del() - SERVICE_DEL: delete a rule, answer with its counters
 * @skb:  request
 * @info: parsed
 */
int serval_nl_service_del(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct serval_target_stats stats;
	struct serval_rule rule;
	int err;

	err = parse_rule(info, &rule);
	if (!err)
		err = serval_service_del(sn, &rule, &stats, info->extack);
	if (err)
		return err;
	serval_event_service(sn, SERVAL_CMD_SERVICE_DEL_NTF, &rule);
	return reply_rule(info, SERVAL_CMD_SERVICE_DEL, &rule, &stats);
}

static int parse_new_target(struct genl_info *info,
			    const struct serval_rule *rule,
			    struct serval_rule_change *change)
{
	int err;

	if (rule->type != SERVAL_SERVICE_FORWARD) {
		NL_SET_ERR_MSG(info->extack, "only a forward rule can get another target");
		return -EINVAL;
	}
	if (change->has_addr) {
		err = parse_address(info, SERVAL_A_SERVICE_NEW_ADDR4,
				    SERVAL_A_SERVICE_NEW_ADDR6, &change->addr);
		if (err)
			return err;
	}
	return check_device(info, SERVAL_A_SERVICE_NEW_IFINDEX) ?:
	       check_scope(info, change->has_addr ? &change->addr : &rule->addr,
			   change->has_ifindex ? change->ifindex :
						 rule->ifindex);
}

static int parse_change(struct genl_info *info, const struct serval_rule *rule,
			struct serval_rule_change *change)
{
	struct nlattr **attrs = info->attrs;

	*change = (struct serval_rule_change) {
		.has_flags = attrs[SERVAL_A_SERVICE_FLAGS],
		.has_priority = attrs[SERVAL_A_SERVICE_PRIORITY],
		.has_weight = attrs[SERVAL_A_SERVICE_WEIGHT],
		.has_addr = attrs[SERVAL_A_SERVICE_NEW_ADDR4] ||
			    attrs[SERVAL_A_SERVICE_NEW_ADDR6],
		.has_ifindex = attrs[SERVAL_A_SERVICE_NEW_IFINDEX],
		.has_idle = attrs[SERVAL_A_SERVICE_IDLE_TIMEOUT],
		.has_hard = attrs[SERVAL_A_SERVICE_TIMEOUT],
		.has_encap = attrs[SERVAL_A_SERVICE_UDP_ENCAP],
		.priority = get_u32(attrs, SERVAL_A_SERVICE_PRIORITY, 0),
		.weight = get_u32(attrs, SERVAL_A_SERVICE_WEIGHT, 0) ?: 1,
		.ifindex = get_u32(attrs, SERVAL_A_SERVICE_NEW_IFINDEX, 0),
		.idle = get_u32(attrs, SERVAL_A_SERVICE_IDLE_TIMEOUT, 0),
		.hard = get_u32(attrs, SERVAL_A_SERVICE_TIMEOUT, 0),
	};
	if (change->has_flags)
		change->flags = nla_get_u8(attrs[SERVAL_A_SERVICE_FLAGS]);
	if (change->has_encap)
		change->encap = nla_get_s32(attrs[SERVAL_A_SERVICE_UDP_ENCAP]);
	if (!change->has_addr && !change->has_ifindex)
		return 0;
	return parse_new_target(info, rule, change);
}

/**
 * serval_nl_service_set() - SERVICE_SET: change a rule, answer with it
 * @skb:  request
 * @info: parsed
 */
int serval_nl_service_set(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct serval_rule_change change;
	struct serval_rule rule;
	int err;

	err = parse_rule(info, &rule);
	if (!err)
		err = parse_change(info, &rule, &change);
	if (!err && change.has_encap)
		err = prepare_encap(info, change.encap);
	if (err)
		return err;
	serval_lifetimes_settle(sn);
	err = serval_service_set(sn, &rule, &change, info->extack);
	if (err)
		return err;
	serval_event_service(sn, SERVAL_CMD_SERVICE_SET_NTF, &rule);
	return reply_rule(info, SERVAL_CMD_SERVICE_SET, &rule, NULL);
}

/**
 * serval_nl_service_flush() - SERVICE_FLUSH: delete every rule
 * @skb:  request
 * @info: parsed
 */
int serval_nl_service_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct serval_rule rule = {};

	while (serval_service_pop_rule(sn, &rule)) {
		serval_event_service(sn, SERVAL_CMD_SERVICE_DEL_NTF, &rule);
		cond_resched();
	}
	return 0;
}

/**
 * serval_nl_service_get() - SERVICE_GET: the best target of exactly a prefix
 * @skb:  request
 * @info: parsed
 */
int serval_nl_service_get(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	const struct serval_target_set *set;
	struct serval_target_stats stats;
	struct serval_lpm_entry *e;
	struct serval_service *svc;
	struct serval_rule rule = {};
	int err;

	err = parse_prefix(info, &rule);
	if (err)
		return err;
	mutex_lock(&sn->services.lock);
	e = serval_lpm_find(sn->services.lpm, rule.id.s_sid, rule.bits);
	if (!e) {
		mutex_unlock(&sn->services.lock);
		NL_SET_ERR_MSG(info->extack, "no such rule");
		return -ENOENT;
	}
	svc = container_of(e, struct serval_service, lpm);
	set = rcu_dereference_protected(svc->set, true);
	serval_rule_from_target(&rule, svc, set->t[0]);
	serval_target_stats(set->t[0], &stats);
	/* the lock keeps a bound socket in the table and alive */
	err = reply_rule(info, SERVAL_CMD_SERVICE_GET, &rule, &stats);
	mutex_unlock(&sn->services.lock);
	return err;
}

/* Where a dump goes on */
struct dump_pos {
	struct service_id id;
	u16 bits;
	u8 started;
	u32 target;	/* of this prefix, already sent */
};

static int dump_target(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct serval_service *svc,
		       const struct serval_target *t)
{
	struct serval_target_stats stats;
	struct serval_rule rule;
	void *hdr;

	serval_rule_from_target(&rule, svc, t);
	serval_target_stats(t, &stats);
	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &serval_genl, NLM_F_MULTI, SERVAL_CMD_SERVICE_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	if (put_rule(skb, &rule, &stats)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static int dump_service(struct sk_buff *skb, struct netlink_callback *cb,
			const struct serval_service *svc, struct dump_pos *pos)
{
	const struct serval_target_set *set;

	set = rcu_dereference_check(svc->set, true);
	for (; pos->target < set->n; pos->target++)
		if (dump_target(skb, cb, svc, set->t[pos->target]))
			return -EMSGSIZE;
	return 0;
}

/* One prefix only, if the request names it */
static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    struct serval_net *sn, struct dump_pos *pos)
{
	struct nlattr **attrs = serval_dump_attrs(cb);
	struct serval_lpm_entry *e;

	pos->bits = SERVICE_ID_MAX_PREFIX_BITS;
	if (attrs[SERVAL_A_SERVICE_PREFIX_BITS])
		pos->bits = nla_get_u16(attrs[SERVAL_A_SERVICE_PREFIX_BITS]);
	mutex_lock(&sn->services.lock);
	cb->seq = sn->services.seq + 1;
	e = serval_lpm_find(sn->services.lpm,
			    nla_data(attrs[SERVAL_A_SERVICE_ID]), pos->bits);
	if (e)
		dump_service(skb, cb,
			     container_of(e, struct serval_service, lpm), pos);
	mutex_unlock(&sn->services.lock);
	return skb->len;
}

static struct serval_service *dump_first(struct serval_net *sn,
					 const struct dump_pos *pos)
{
	struct serval_lpm_entry *e;

	if (!pos->started)
		return serval_service_next(sn, NULL, 0);
	e = serval_lpm_find(sn->services.lpm, pos->id.s_sid, pos->bits);
	return e ? container_of(e, struct serval_service, lpm) : NULL;
}

/**
 * serval_nl_service_dump() - SERVICE_GET dump: every target, or a prefix's
 * @skb: to fill
 * @cb:  state
 */
int serval_nl_service_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct serval_net *sn = serval_net(sock_net(skb->sk));
	struct dump_pos *pos = (struct dump_pos *)cb->ctx;
	struct serval_service *svc;

	BUILD_BUG_ON(sizeof(*pos) > sizeof(cb->ctx));
	if (serval_dump_attrs(cb)[SERVAL_A_SERVICE_ID])
		return dump_one(skb, cb, sn, pos);
	mutex_lock(&sn->services.lock);
	cb->seq = sn->services.seq + 1;
	svc = dump_first(sn, pos);
	if (!svc && pos->started) {
		/* the prefix it stopped at is gone */
		svc = serval_service_next(sn, &pos->id, pos->bits);
		pos->target = 0;
	}
	for (; svc; svc = serval_service_next(sn, &pos->id, pos->bits)) {
		if (!pos->started ||
		    memcmp(&pos->id, svc->lpm.key, sizeof(pos->id)) ||
		    pos->bits != svc->lpm.bits) {
			memcpy(&pos->id, svc->lpm.key, sizeof(pos->id));
			pos->bits = svc->lpm.bits;
			pos->started = 1;
			pos->target = 0;
		}
		if (dump_service(skb, cb, svc, pos))
			break;
	}
	mutex_unlock(&sn->services.lock);
	return skb->len;
}
