// SPDX-License-Identifier: LGPL-2.1-or-later
/* Netlink messages of the "serval" family, to and from structures. */
#include "msg.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#define ADDR6_LEN	sizeof(struct in6_addr)
#define ERRNO_MAX	4095

static const struct nla_policy service_policy[SERVAL_A_SERVICE_MAX + 1] = {
	[SERVAL_A_SERVICE_ID]		= { .minlen = SERVICE_ID_LEN,
					    .maxlen = SERVICE_ID_LEN },
	[SERVAL_A_SERVICE_PREFIX_BITS]	= { .type = NLA_U16 },
	[SERVAL_A_SERVICE_FLAGS]	= { .type = NLA_U8 },
	[SERVAL_A_SERVICE_TYPE]		= { .type = NLA_U8 },
	[SERVAL_A_SERVICE_PRIORITY]	= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_WEIGHT]	= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_ADDR4]	= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_IFINDEX]	= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_NEW_ADDR4]	= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_NEW_IFINDEX]	= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_PROTO]	= { .type = NLA_U8 },
	[SERVAL_A_SERVICE_COOKIE]	= { .type = NLA_U64 },
	[SERVAL_A_SERVICE_INODE]	= { .type = NLA_U64 },
	[SERVAL_A_SERVICE_UID]		= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_STATS]	= { .type = NLA_NESTED },
	[SERVAL_A_SERVICE_ADDR6]	= { .minlen = ADDR6_LEN,
					    .maxlen = ADDR6_LEN },
	[SERVAL_A_SERVICE_NEW_ADDR6]	= { .minlen = ADDR6_LEN,
					    .maxlen = ADDR6_LEN },
	[SERVAL_A_SERVICE_TIMEOUT]	= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_IDLE_TIMEOUT]	= { .type = NLA_U32 },
	[SERVAL_A_SERVICE_EXPIRES]	= { .type = NLA_U64 },
	[SERVAL_A_SERVICE_REASON]	= { .type = NLA_U8 },
	[SERVAL_A_SERVICE_UDP_ENCAP]	= { .type = NLA_U32 },
};

static const struct nla_policy
service_stats_policy[SERVAL_A_SERVICE_STATS_MAX + 1] = {
	[SERVAL_A_SERVICE_STATS_PACKETS_RESOLVED]	= { .type = NLA_U64 },
	[SERVAL_A_SERVICE_STATS_BYTES_RESOLVED]		= { .type = NLA_U64 },
	[SERVAL_A_SERVICE_STATS_PACKETS_DROPPED]	= { .type = NLA_U64 },
	[SERVAL_A_SERVICE_STATS_BYTES_DROPPED]		= { .type = NLA_U64 },
};

static const struct nla_policy flow_policy[SERVAL_A_FLOW_MAX + 1] = {
	[SERVAL_A_FLOW_LOCAL_ID]	= { .type = NLA_U32 },
	[SERVAL_A_FLOW_PEER_ID]		= { .type = NLA_U32 },
	[SERVAL_A_FLOW_PROTO]		= { .type = NLA_U8 },
	[SERVAL_A_FLOW_STATE]		= { .type = NLA_U8 },
	[SERVAL_A_FLOW_LOCAL_ADDR4]	= { .type = NLA_U32 },
	[SERVAL_A_FLOW_PEER_ADDR4]	= { .type = NLA_U32 },
	[SERVAL_A_FLOW_IFINDEX]		= { .type = NLA_U32 },
	[SERVAL_A_FLOW_LOCAL_SERVICE]	= { .minlen = SERVICE_ID_LEN,
					    .maxlen = SERVICE_ID_LEN },
	[SERVAL_A_FLOW_PEER_SERVICE]	= { .minlen = SERVICE_ID_LEN,
					    .maxlen = SERVICE_ID_LEN },
	[SERVAL_A_FLOW_COOKIE]		= { .type = NLA_U64 },
	[SERVAL_A_FLOW_INODE]		= { .type = NLA_U64 },
	[SERVAL_A_FLOW_UID]		= { .type = NLA_U32 },
	[SERVAL_A_FLOW_AGE]		= { .type = NLA_U64 },
	[SERVAL_A_FLOW_STATS]		= { .type = NLA_NESTED },
	[SERVAL_A_FLOW_LOCAL_ADDR6]	= { .minlen = ADDR6_LEN,
					    .maxlen = ADDR6_LEN },
	[SERVAL_A_FLOW_PEER_ADDR6]	= { .minlen = ADDR6_LEN,
					    .maxlen = ADDR6_LEN },
	[SERVAL_A_FLOW_OLD_ID]		= { .type = NLA_U32 },
	[SERVAL_A_FLOW_NEW_IFINDEX]	= { .type = NLA_U32 },
	[SERVAL_A_FLOW_NEW_ADDR4]	= { .type = NLA_U32 },
	[SERVAL_A_FLOW_NEW_ADDR6]	= { .minlen = ADDR6_LEN,
					    .maxlen = ADDR6_LEN },
	[SERVAL_A_FLOW_BEGUN]		= { .type = NLA_U32 },
	[SERVAL_A_FLOW_FAILED]		= { .type = NLA_U32 },
	[SERVAL_A_FLOW_ERROR]		= { .type = NLA_U32 },
	[SERVAL_A_FLOW_DURATION]	= { .type = NLA_U32 },
	[SERVAL_A_FLOW_UDP_ENCAP]	= { .type = NLA_U8 },
	[SERVAL_A_FLOW_NEW_UDP_ENCAP]	= { .type = NLA_U8 },
	[SERVAL_A_FLOW_ROLE]		= { .type = NLA_U8 },
	[SERVAL_A_FLOW_NEW_PEER_ADDR4]	= { .type = NLA_U32 },
	[SERVAL_A_FLOW_NEW_PEER_ADDR6]	= { .minlen = ADDR6_LEN,
					    .maxlen = ADDR6_LEN },
	[SERVAL_A_FLOW_PATH_STATE]	= { .type = NLA_U8 },
};

static const struct nla_policy flow_stats_policy[SERVAL_A_FLOW_STATS_MAX + 1] = {
	[SERVAL_A_FLOW_STATS_PACKETS_SENT]	= { .type = NLA_U64 },
	[SERVAL_A_FLOW_STATS_BYTES_SENT]	= { .type = NLA_U64 },
	[SERVAL_A_FLOW_STATS_PACKETS_RECEIVED]	= { .type = NLA_U64 },
	[SERVAL_A_FLOW_STATS_BYTES_RECEIVED]	= { .type = NLA_U64 },
};

static const struct nla_policy delay_policy[SERVAL_A_DELAY_MAX + 1] = {
	[SERVAL_A_DELAY_ID]		= { .type = NLA_U32 },
	[SERVAL_A_DELAY_SERVICE]	= { .minlen = SERVICE_ID_LEN,
					    .maxlen = SERVICE_ID_LEN },
	[SERVAL_A_DELAY_SOURCE_SERVICE]	= { .minlen = SERVICE_ID_LEN,
					    .maxlen = SERVICE_ID_LEN },
	[SERVAL_A_DELAY_ADDR4]		= { .type = NLA_U32 },
	[SERVAL_A_DELAY_ADDR6]		= { .minlen = ADDR6_LEN,
					    .maxlen = ADDR6_LEN },
	[SERVAL_A_DELAY_PROTO]		= { .type = NLA_U8 },
	[SERVAL_A_DELAY_REMAINING]	= { .type = NLA_U32 },
};

static const struct nla_policy dev_policy[SERVAL_A_DEV_MAX + 1] = {
	[SERVAL_A_DEV_IFINDEX]		= { .type = NLA_U32 },
	[SERVAL_A_DEV_PREFERENCE]	= { .type = NLA_U8 },
	[SERVAL_A_DEV_SETTLE]		= { .type = NLA_U32 },
};

static const struct nla_policy counter_policy[SERVAL_A_COUNTER_MAX + 1] = {
	[SERVAL_A_COUNTER_NAME]		= { .type = NLA_NUL_STRING },
	[SERVAL_A_COUNTER_VALUE]	= { .type = NLA_U64 },
	[SERVAL_A_COUNTER_HELP]		= { .type = NLA_NUL_STRING },
};

struct nl_msg *serval_msg_bare(int family, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, 0, 0, family, 0, NLM_F_REQUEST | flags, cmd,
			 SERVAL_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

#define OFFSET(member)	offsetof(struct serval_service, member)

/* The optional attributes of a request and where their values are. */
static const struct request_attr {
	int attr;
	size_t offset;
} request_attrs[] = {
	{ SERVAL_A_SERVICE_FLAGS, OFFSET(flags) },
	{ SERVAL_A_SERVICE_TYPE, OFFSET(type) },
	{ SERVAL_A_SERVICE_PRIORITY, OFFSET(priority) },
	{ SERVAL_A_SERVICE_WEIGHT, OFFSET(weight) },
	{ SERVAL_A_SERVICE_ADDR4, OFFSET(addr) },
	{ SERVAL_A_SERVICE_IFINDEX, OFFSET(ifindex) },
	{ SERVAL_A_SERVICE_NEW_ADDR4, OFFSET(new_addr) },
	{ SERVAL_A_SERVICE_NEW_IFINDEX, OFFSET(new_ifindex) },
	{ SERVAL_A_SERVICE_ADDR6, OFFSET(addr6) },
	{ SERVAL_A_SERVICE_NEW_ADDR6, OFFSET(new_addr6) },
	{ SERVAL_A_SERVICE_TIMEOUT, OFFSET(timeout) },
	{ SERVAL_A_SERVICE_IDLE_TIMEOUT, OFFSET(idle_timeout) },
	{ SERVAL_A_SERVICE_UDP_ENCAP, OFFSET(udp_encap) },
};

static int value_len(const struct nla_policy *policy)
{
	switch (policy->type) {
	case NLA_U8:
		return sizeof(__u8);
	case NLA_U32:
		return sizeof(__u32);
	default:
		return policy->minlen;
	}
}

static int put_request_attr(struct nl_msg *msg, const struct request_attr *ra,
			    const struct serval_service *svc)
{
	int len = value_len(&service_policy[ra->attr]);

	if (!(svc->has & SERVAL_HAS(ra->attr)))
		return 0;
	return nla_put(msg, ra->attr, len, (const char *)svc + ra->offset);
}

struct nl_msg *serval_msg_service(int family, int cmd, int flags,
				  const struct serval_service *svc)
{
	struct nl_msg *msg = serval_msg_bare(family, cmd, flags);
	size_t i;
	int err;

	if (!msg)
		return NULL;
	err = nla_put(msg, SERVAL_A_SERVICE_ID, sizeof(svc->id), &svc->id);
	err |= nla_put_u16(msg, SERVAL_A_SERVICE_PREFIX_BITS, svc->bits);
	for (i = 0; i < ARRAY_SIZE(request_attrs); i++)
		err |= put_request_attr(msg, &request_attrs[i], svc);
	if (err) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *serval_msg_flow(int family, int cmd, int flags,
			       struct flow_id local_id)
{
	struct nl_msg *msg = serval_msg_bare(family, cmd, flags);

	if (msg && nla_put(msg, SERVAL_A_FLOW_LOCAL_ID, sizeof(local_id),
			   &local_id)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *serval_msg_verdict(int family, __u32 id, __u8 verdict)
{
	struct nl_msg *msg = serval_msg_bare(family, SERVAL_CMD_DELAY_VERDICT,
					     NLM_F_ACK);
	int err;

	if (!msg)
		return NULL;
	err = nla_put_u8(msg, SERVAL_A_DELAY_VERDICT, verdict);
	if (id)
		err |= nla_put_u32(msg, SERVAL_A_DELAY_ID, id);
	if (err) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *serval_msg_migrate(int family, __u8 cmd, int attr,
				  const void *value,
				  const struct serval_migrate_to *to)
{
	struct nl_msg *msg = serval_msg_bare(family, cmd, NLM_F_ACK);
	int err;

	if (!msg)
		return NULL;
	err = nla_put(msg, attr, value_len(&flow_policy[attr]), value);
	if (to->has & SERVAL_HAS(SERVAL_A_FLOW_NEW_IFINDEX))
		err |= nla_put_u32(msg, SERVAL_A_FLOW_NEW_IFINDEX,
				   to->ifindex);
	if (to->has & SERVAL_HAS(SERVAL_A_FLOW_NEW_ADDR4))
		err |= nla_put(msg, SERVAL_A_FLOW_NEW_ADDR4, sizeof(to->addr),
			       &to->addr);
	if (to->has & SERVAL_HAS(SERVAL_A_FLOW_NEW_ADDR6))
		err |= nla_put(msg, SERVAL_A_FLOW_NEW_ADDR6,
			       sizeof(to->addr6), &to->addr6);
	if (to->has & SERVAL_HAS(SERVAL_A_FLOW_NEW_UDP_ENCAP))
		err |= nla_put_u8(msg, SERVAL_A_FLOW_NEW_UDP_ENCAP,
				  to->udp_encap);
	if (to->has & SERVAL_HAS(SERVAL_A_FLOW_NEW_PEER_ADDR4))
		err |= nla_put(msg, SERVAL_A_FLOW_NEW_PEER_ADDR4,
			       sizeof(to->peer), &to->peer);
	if (to->has & SERVAL_HAS(SERVAL_A_FLOW_NEW_PEER_ADDR6))
		err |= nla_put(msg, SERVAL_A_FLOW_NEW_PEER_ADDR6,
			       sizeof(to->peer6), &to->peer6);
	if (err) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *serval_msg_dev(int family, const struct serval_dev *dev)
{
	struct nl_msg *msg = serval_msg_bare(family, SERVAL_CMD_DEV_SET,
					     NLM_F_ACK);
	int err = 0;

	if (!msg)
		return NULL;
	if (dev->has & SERVAL_HAS(SERVAL_A_DEV_IFINDEX))
		err |= nla_put_u32(msg, SERVAL_A_DEV_IFINDEX, dev->ifindex);
	if (dev->has & SERVAL_HAS(SERVAL_A_DEV_PREFERENCE))
		err |= nla_put_u8(msg, SERVAL_A_DEV_PREFERENCE,
				  dev->preference);
	if (dev->has & SERVAL_HAS(SERVAL_A_DEV_SETTLE))
		err |= nla_put_u32(msg, SERVAL_A_DEV_SETTLE, dev->settle);
	if (err) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int parse_attrs(const struct nlmsghdr *nlh, struct nlattr **attr,
		       int max, const struct nla_policy *policy)
{
	/* libnl takes no const pointers; it does not write to the message. */
	struct nlmsghdr *msg = (struct nlmsghdr *)nlh;

	if (!genlmsg_valid_hdr(msg, 0) ||
	    genlmsg_parse(msg, 0, attr, max, policy))
		return -EBADMSG;
	return 0;
}

static __u64 attr_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static int parse_service_stats(struct nlattr *nest,
			       struct serval_target_stats *stats)
{
	struct nlattr *a[SERVAL_A_SERVICE_STATS_MAX + 1];

	if (nla_parse_nested(a, SERVAL_A_SERVICE_STATS_MAX, nest,
			     service_stats_policy))
		return -EBADMSG;
	stats->packets_resolved =
		attr_u64(a[SERVAL_A_SERVICE_STATS_PACKETS_RESOLVED]);
	stats->bytes_resolved =
		attr_u64(a[SERVAL_A_SERVICE_STATS_BYTES_RESOLVED]);
	stats->packets_dropped =
		attr_u64(a[SERVAL_A_SERVICE_STATS_PACKETS_DROPPED]);
	stats->bytes_dropped =
		attr_u64(a[SERVAL_A_SERVICE_STATS_BYTES_DROPPED]);
	return 0;
}

/* One bit each */
static_assert(SERVAL_A_SERVICE_MAX < 32, "struct serval_service has room");
static_assert(SERVAL_A_FLOW_MAX < 32, "struct serval_flow has room");

static __u32 attrs_present(struct nlattr **attr, int max)
{
	__u32 has = 0;
	int i;

	for (i = 1; i <= max; i++)
		if (attr[i])
			has |= SERVAL_HAS(i);
	return has;
}

/* A value whose length the policy has checked; unchanged if it is absent. */
static void copy_attr(void *value, size_t len, const struct nlattr *attr)
{
	if (attr)
		memcpy(value, nla_data(attr), len);
}

#define COPY(member, attr)	copy_attr(&(member), sizeof(member), attr)

int serval_msg_parse_service(const struct nlmsghdr *nlh,
			     struct serval_service *svc)
{
	struct nlattr *a[SERVAL_A_SERVICE_MAX + 1];

	memset(svc, 0, sizeof(*svc));
	if (parse_attrs(nlh, a, SERVAL_A_SERVICE_MAX, service_policy) ||
	    !a[SERVAL_A_SERVICE_ID])
		return -EBADMSG;
	svc->bits = SERVICE_ID_MAX_PREFIX_BITS;
	if (a[SERVAL_A_SERVICE_PREFIX_BITS])
		svc->bits = nla_get_u16(a[SERVAL_A_SERVICE_PREFIX_BITS]);
	if (svc->bits > SERVICE_ID_MAX_PREFIX_BITS)
		return -EBADMSG;
	COPY(svc->id, a[SERVAL_A_SERVICE_ID]);
	COPY(svc->flags, a[SERVAL_A_SERVICE_FLAGS]);
	COPY(svc->type, a[SERVAL_A_SERVICE_TYPE]);
	COPY(svc->priority, a[SERVAL_A_SERVICE_PRIORITY]);
	COPY(svc->weight, a[SERVAL_A_SERVICE_WEIGHT]);
	COPY(svc->addr, a[SERVAL_A_SERVICE_ADDR4]);
	COPY(svc->ifindex, a[SERVAL_A_SERVICE_IFINDEX]);
	COPY(svc->new_addr, a[SERVAL_A_SERVICE_NEW_ADDR4]);
	COPY(svc->new_ifindex, a[SERVAL_A_SERVICE_NEW_IFINDEX]);
	COPY(svc->proto, a[SERVAL_A_SERVICE_PROTO]);
	COPY(svc->cookie, a[SERVAL_A_SERVICE_COOKIE]);
	COPY(svc->inode, a[SERVAL_A_SERVICE_INODE]);
	COPY(svc->uid, a[SERVAL_A_SERVICE_UID]);
	COPY(svc->addr6, a[SERVAL_A_SERVICE_ADDR6]);
	COPY(svc->new_addr6, a[SERVAL_A_SERVICE_NEW_ADDR6]);
	COPY(svc->timeout, a[SERVAL_A_SERVICE_TIMEOUT]);
	COPY(svc->idle_timeout, a[SERVAL_A_SERVICE_IDLE_TIMEOUT]);
	COPY(svc->expires, a[SERVAL_A_SERVICE_EXPIRES]);
	COPY(svc->reason, a[SERVAL_A_SERVICE_REASON]);
	COPY(svc->udp_encap, a[SERVAL_A_SERVICE_UDP_ENCAP]);
	svc->has = attrs_present(a, SERVAL_A_SERVICE_MAX) |
		   SERVAL_HAS(SERVAL_A_SERVICE_PREFIX_BITS);
	if (a[SERVAL_A_SERVICE_STATS])
		return parse_service_stats(a[SERVAL_A_SERVICE_STATS],
					   &svc->stats);
	return 0;
}

static int parse_flow_stats(struct nlattr *nest,
			    struct serval_flow_stats *stats)
{
	struct nlattr *a[SERVAL_A_FLOW_STATS_MAX + 1];

	if (nla_parse_nested(a, SERVAL_A_FLOW_STATS_MAX, nest,
			     flow_stats_policy))
		return -EBADMSG;
	stats->packets_sent = attr_u64(a[SERVAL_A_FLOW_STATS_PACKETS_SENT]);
	stats->bytes_sent = attr_u64(a[SERVAL_A_FLOW_STATS_BYTES_SENT]);
	stats->packets_received =
		attr_u64(a[SERVAL_A_FLOW_STATS_PACKETS_RECEIVED]);
	stats->bytes_received =
		attr_u64(a[SERVAL_A_FLOW_STATS_BYTES_RECEIVED]);
	return 0;
}

int serval_msg_parse_flow(const struct nlmsghdr *nlh,
			  struct serval_flow *flow)
{
	struct nlattr *a[SERVAL_A_FLOW_MAX + 1];

	memset(flow, 0, sizeof(*flow));
	if (parse_attrs(nlh, a, SERVAL_A_FLOW_MAX, flow_policy) ||
	    !a[SERVAL_A_FLOW_LOCAL_ID])
		return -EBADMSG;
	COPY(flow->local_id, a[SERVAL_A_FLOW_LOCAL_ID]);
	COPY(flow->peer_id, a[SERVAL_A_FLOW_PEER_ID]);
	COPY(flow->proto, a[SERVAL_A_FLOW_PROTO]);
	COPY(flow->state, a[SERVAL_A_FLOW_STATE]);
	COPY(flow->local_addr, a[SERVAL_A_FLOW_LOCAL_ADDR4]);
	COPY(flow->peer_addr, a[SERVAL_A_FLOW_PEER_ADDR4]);
	COPY(flow->ifindex, a[SERVAL_A_FLOW_IFINDEX]);
	COPY(flow->local_service, a[SERVAL_A_FLOW_LOCAL_SERVICE]);
	COPY(flow->peer_service, a[SERVAL_A_FLOW_PEER_SERVICE]);
	COPY(flow->cookie, a[SERVAL_A_FLOW_COOKIE]);
	COPY(flow->inode, a[SERVAL_A_FLOW_INODE]);
	COPY(flow->uid, a[SERVAL_A_FLOW_UID]);
	COPY(flow->age, a[SERVAL_A_FLOW_AGE]);
	COPY(flow->local_addr6, a[SERVAL_A_FLOW_LOCAL_ADDR6]);
	COPY(flow->peer_addr6, a[SERVAL_A_FLOW_PEER_ADDR6]);
	COPY(flow->old_id, a[SERVAL_A_FLOW_OLD_ID]);
	COPY(flow->udp_encap, a[SERVAL_A_FLOW_UDP_ENCAP]);
	COPY(flow->role, a[SERVAL_A_FLOW_ROLE]);
	COPY(flow->path_state, a[SERVAL_A_FLOW_PATH_STATE]);
	COPY(flow->error, a[SERVAL_A_FLOW_ERROR]);
	flow->has = attrs_present(a, SERVAL_A_FLOW_MAX);
	if (a[SERVAL_A_FLOW_STATS])
		return parse_flow_stats(a[SERVAL_A_FLOW_STATS], &flow->stats);
	return 0;
}

int serval_msg_parse_begun(const struct nlmsghdr *nlh, __u32 *begun,
			   __u32 *refused)
{
	struct nlattr *a[SERVAL_A_FLOW_MAX + 1];

	if (parse_attrs(nlh, a, SERVAL_A_FLOW_MAX, flow_policy) ||
	    !a[SERVAL_A_FLOW_BEGUN] || !a[SERVAL_A_FLOW_FAILED])
		return -ENOMSG;
	*begun = nla_get_u32(a[SERVAL_A_FLOW_BEGUN]);
	*refused = nla_get_u32(a[SERVAL_A_FLOW_FAILED]);
	return 0;
}

int serval_msg_parse_moved(const struct nlmsghdr *nlh,
			   struct serval_moved *moved)
{
	struct nlattr *a[SERVAL_A_FLOW_MAX + 1];
	__u32 error;

	memset(moved, 0, sizeof(*moved));
	if (parse_attrs(nlh, a, SERVAL_A_FLOW_MAX, flow_policy) ||
	    !a[SERVAL_A_FLOW_OLD_ID] || !a[SERVAL_A_FLOW_LOCAL_ID] ||
	    !a[SERVAL_A_FLOW_ERROR] || !a[SERVAL_A_FLOW_DURATION])
		return -EBADMSG;
	error = nla_get_u32(a[SERVAL_A_FLOW_ERROR]);
	if (error > ERRNO_MAX)
		return -EBADMSG;
	COPY(moved->old_id, a[SERVAL_A_FLOW_OLD_ID]);
	COPY(moved->new_id, a[SERVAL_A_FLOW_LOCAL_ID]);
	COPY(moved->usec, a[SERVAL_A_FLOW_DURATION]);
	moved->error = error;
	return 0;
}

int serval_msg_parse_held(const struct nlmsghdr *nlh, struct serval_held *held)
{
	struct nlattr *a[SERVAL_A_DELAY_MAX + 1];

	memset(held, 0, sizeof(*held));
	if (parse_attrs(nlh, a, SERVAL_A_DELAY_MAX, delay_policy) ||
	    !a[SERVAL_A_DELAY_ID] || !a[SERVAL_A_DELAY_SERVICE])
		return -EBADMSG;
	COPY(held->id, a[SERVAL_A_DELAY_ID]);
	COPY(held->service, a[SERVAL_A_DELAY_SERVICE]);
	COPY(held->source, a[SERVAL_A_DELAY_SOURCE_SERVICE]);
	COPY(held->addr, a[SERVAL_A_DELAY_ADDR4]);
	COPY(held->addr6, a[SERVAL_A_DELAY_ADDR6]);
	COPY(held->proto, a[SERVAL_A_DELAY_PROTO]);
	COPY(held->remaining, a[SERVAL_A_DELAY_REMAINING]);
	held->has = attrs_present(a, SERVAL_A_DELAY_MAX);
	return 0;
}

int serval_msg_parse_dev(const struct nlmsghdr *nlh, struct serval_dev *dev)
{
	struct nlattr *a[SERVAL_A_DEV_MAX + 1];

	memset(dev, 0, sizeof(*dev));
	if (parse_attrs(nlh, a, SERVAL_A_DEV_MAX, dev_policy) ||
	    !a[SERVAL_A_DEV_IFINDEX])
		return -EBADMSG;
	COPY(dev->ifindex, a[SERVAL_A_DEV_IFINDEX]);
	COPY(dev->preference, a[SERVAL_A_DEV_PREFERENCE]);
	COPY(dev->settle, a[SERVAL_A_DEV_SETTLE]);
	dev->has = attrs_present(a, SERVAL_A_DEV_MAX);
	return 0;
}

int serval_msg_parse_stats(const struct nlmsghdr *nlh, serval_counter_fn fn,
			   void *data)
{
	struct nlmsghdr *msg = (struct nlmsghdr *)nlh;
	struct nlattr *counter;
	int rem, err;

	if (!genlmsg_valid_hdr(msg, 0))
		return -EBADMSG;
	nla_for_each_attr(counter, genlmsg_attrdata(nlmsg_data(msg), 0),
			  genlmsg_attrlen(nlmsg_data(msg), 0), rem) {
		struct nlattr *a[SERVAL_A_COUNTER_MAX + 1];
		struct serval_counter c;

		if (nla_type(counter) != SERVAL_A_STATS_COUNTER)
			continue;
		if (nla_parse_nested(a, SERVAL_A_COUNTER_MAX, counter,
				     counter_policy) ||
		    !a[SERVAL_A_COUNTER_NAME] || !a[SERVAL_A_COUNTER_VALUE] ||
		    !a[SERVAL_A_COUNTER_HELP])
			return -EBADMSG;
		c.name = nla_get_string(a[SERVAL_A_COUNTER_NAME]);
		c.help = nla_get_string(a[SERVAL_A_COUNTER_HELP]);
		c.value = nla_get_u64(a[SERVAL_A_COUNTER_VALUE]);
		err = fn(&c, data);
		if (err)
			return err;
	}
	return 0;
}

int serval_msg_parse_event(const struct nlmsghdr *nlh,
			   struct serval_event *event)
{
	struct nlmsghdr *msg = (struct nlmsghdr *)nlh;

	if (!genlmsg_valid_hdr(msg, 0))
		return -EBADMSG;
	event->cmd = genlmsg_hdr(msg)->cmd;
	switch (event->cmd) {
	case SERVAL_CMD_SERVICE_NEW_NTF:
	case SERVAL_CMD_SERVICE_DEL_NTF:
	case SERVAL_CMD_SERVICE_SET_NTF:
		return serval_msg_parse_service(nlh, &event->service);
	case SERVAL_CMD_FLOW_NEW_NTF:
	case SERVAL_CMD_FLOW_DEL_NTF:
	case SERVAL_CMD_FLOW_MOVE_NTF:
	case SERVAL_CMD_FLOW_STEP_NTF:
		return serval_msg_parse_flow(nlh, &event->flow);
	case SERVAL_CMD_DELAY_NTF:
		return serval_msg_parse_held(nlh, &event->held);
	default:
		return -ENOMSG;
	}
}
