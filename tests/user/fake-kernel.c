// SPDX-License-Identifier: GPL-2.0-only
/* A thread that answers netlink requests as the module does. */
#include "fake-kernel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <sys/socket.h>

#define HAS(name)	SERVAL_HAS(SERVAL_A_SERVICE_##name)
#define FLOW_ID		4000000000U
#define FLOW6_ID	6

struct nl_msg *fake_service_msg(int cmd, int flags,
				const struct serval_service *svc)
{
	struct nl_msg *msg = serval_msg_service(FAKE_FAMILY, cmd, flags, svc);
	struct nlattr *nest;

	if (svc->has & HAS(PROTO))
		nla_put_u8(msg, SERVAL_A_SERVICE_PROTO, svc->proto);
	if (svc->has & HAS(INODE))
		nla_put_u64(msg, SERVAL_A_SERVICE_INODE, svc->inode);
	if (svc->has & HAS(UID))
		nla_put_u32(msg, SERVAL_A_SERVICE_UID, svc->uid);
	if (svc->has & HAS(EXPIRES))
		nla_put_u64(msg, SERVAL_A_SERVICE_EXPIRES, svc->expires);
	if (svc->has & HAS(REASON))
		nla_put_u8(msg, SERVAL_A_SERVICE_REASON, svc->reason);
	nest = nla_nest_start(msg, SERVAL_A_SERVICE_STATS);
	nla_put_u64(msg, SERVAL_A_SERVICE_STATS_PACKETS_RESOLVED, 3);
	nla_put_u64(msg, SERVAL_A_SERVICE_STATS_BYTES_RESOLVED, 180);
	nla_put_u64(msg, SERVAL_A_SERVICE_STATS_PACKETS_DROPPED, 1);
	nla_put_u64(msg, SERVAL_A_SERVICE_STATS_BYTES_DROPPED, 60);
	nla_nest_end(msg, nest);
	return msg;
}

struct nl_msg *fake_flow_msg(int cmd, int flags)
{
	struct flow_id id = { .s_id32 = htonl(FLOW_ID) };
	struct nl_msg *msg = serval_msg_flow(FAKE_FAMILY, cmd, flags, id);
	struct service_id service = { .s_sid = { 0, 0, 0, 80 } };
	struct nlattr *nest;

	nla_put_u32(msg, SERVAL_A_FLOW_PEER_ID, htonl(7));
	nla_put_u8(msg, SERVAL_A_FLOW_PROTO, SERVAL_PROTO_TCP);
	nla_put_u8(msg, SERVAL_A_FLOW_STATE, 1);
	nla_put_u32(msg, SERVAL_A_FLOW_LOCAL_ADDR4, htonl(0x0a000001));
	nla_put_u32(msg, SERVAL_A_FLOW_PEER_ADDR4, htonl(0x0a000002));
	nla_put_u32(msg, SERVAL_A_FLOW_IFINDEX, 1);
	nla_put(msg, SERVAL_A_FLOW_PEER_SERVICE, sizeof(service), &service);
	nla_put_u64(msg, SERVAL_A_FLOW_INODE, 4711);
	nla_put_u32(msg, SERVAL_A_FLOW_UID, 1000);
	nla_put_u64(msg, SERVAL_A_FLOW_AGE, 61005);
	nest = nla_nest_start(msg, SERVAL_A_FLOW_STATS);
	nla_put_u64(msg, SERVAL_A_FLOW_STATS_PACKETS_SENT, 10);
	nla_put_u64(msg, SERVAL_A_FLOW_STATS_BYTES_SENT, 5000000000ULL);
	nla_put_u64(msg, SERVAL_A_FLOW_STATS_PACKETS_RECEIVED, 9);
	nla_put_u64(msg, SERVAL_A_FLOW_STATS_BYTES_RECEIVED, 900);
	nla_nest_end(msg, nest);
	return msg;
}

struct nl_msg *fake_flow6_msg(int cmd, int flags)
{
	struct flow_id id = { .s_id32 = htonl(FLOW6_ID) };
	struct nl_msg *msg = serval_msg_flow(FAKE_FAMILY, cmd, flags, id);
	struct in6_addr local = { .s6_addr = { 0xfd, [15] = 1 } };
	struct in6_addr peer = { .s6_addr = { 0xfd, [15] = 2 } };

	nla_put_u32(msg, SERVAL_A_FLOW_PEER_ID, htonl(8));
	nla_put_u8(msg, SERVAL_A_FLOW_PROTO, SERVAL_PROTO_TCP);
	nla_put_u8(msg, SERVAL_A_FLOW_STATE, 1);
	nla_put(msg, SERVAL_A_FLOW_LOCAL_ADDR6, sizeof(local), &local);
	nla_put(msg, SERVAL_A_FLOW_PEER_ADDR6, sizeof(peer), &peer);
	nla_put_u8(msg, SERVAL_A_FLOW_UDP_ENCAP, SERVAL_UDP_ALWAYS);
	return msg;
}

struct nl_msg *fake_begun_msg(__u32 begun, __u32 refused)
{
	struct nl_msg *msg = serval_msg_bare(FAKE_FAMILY,
					     SERVAL_CMD_FLOW_MIGRATE, 0);

	nla_put_u32(msg, SERVAL_A_FLOW_BEGUN, begun);
	nla_put_u32(msg, SERVAL_A_FLOW_FAILED, refused);
	return msg;
}

struct nl_msg *fake_moved_msg(const struct serval_moved *moved)
{
	struct nl_msg *msg = serval_msg_flow(FAKE_FAMILY,
					     SERVAL_CMD_FLOW_MIGRATE, 0,
					     moved->new_id);

	nla_put_u32(msg, SERVAL_A_FLOW_OLD_ID, moved->old_id.s_id32);
	nla_put_u32(msg, SERVAL_A_FLOW_ERROR, moved->error);
	nla_put_u32(msg, SERVAL_A_FLOW_DURATION, moved->usec);
	return msg;
}

struct nl_msg *fake_held_msg(int cmd, int flags, __u32 id)
{
	struct nl_msg *msg = serval_msg_bare(FAKE_FAMILY, cmd, flags);
	struct service_id service = { .s_sid = { 0, 0, 0, 80 } };
	struct service_id source = { .s_sid = { 0, 0, 0, 81 } };
	struct in6_addr from = { .s6_addr = { 0xfd, [15] = 1 } };

	nla_put_u32(msg, SERVAL_A_DELAY_ID, id);
	nla_put(msg, SERVAL_A_DELAY_SERVICE, sizeof(service), &service);
	nla_put_u8(msg, SERVAL_A_DELAY_PROTO, SERVAL_PROTO_TCP);
	nla_put_u32(msg, SERVAL_A_DELAY_REMAINING, 9870);
	if (id == 1)
		return msg;
	nla_put(msg, SERVAL_A_DELAY_SOURCE_SERVICE, sizeof(source), &source);
	if (id == 2)
		nla_put(msg, SERVAL_A_DELAY_ADDR6, sizeof(from), &from);
	else
		nla_put_u32(msg, SERVAL_A_DELAY_ADDR4, htonl(0x0a000001));
	return msg;
}

struct nl_msg *fake_ack_msg(const struct nlmsghdr *req, int error,
			    const char *text, bool capped)
{
	int flags = (capped ? NLM_F_CAPPED : 0) | (text ? NLM_F_ACK_TLVS : 0);
	struct nlmsgerr e = { .error = error, .msg = *req };
	struct nl_msg *msg = nlmsg_alloc();

	nlmsg_put(msg, 0, req->nlmsg_seq, NLMSG_ERROR, 0, flags);
	nlmsg_append(msg, &e, sizeof(e), NLMSG_ALIGNTO);
	if (!capped)
		nlmsg_append(msg, (void *)(req + 1),
			     req->nlmsg_len - sizeof(*req), NLMSG_ALIGNTO);
	if (text)
		nla_put_string(msg, NLMSGERR_ATTR_MSG, text);
	return msg;
}

static void answer(struct fake_kernel *fk, const struct nlmsghdr *req,
		   struct nl_msg *msg)
{
	nlmsg_hdr(msg)->nlmsg_seq = req->nlmsg_seq;
	send(fk->fd, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, MSG_NOSIGNAL);
	nlmsg_free(msg);
}

static void ack(struct fake_kernel *fk, const struct nlmsghdr *req, int error,
		const char *text)
{
	answer(fk, req, fake_ack_msg(req, error, text, true));
}

static void finish_dump(struct fake_kernel *fk, const struct nlmsghdr *req)
{
	struct nl_msg *msg = nlmsg_alloc();
	int flags = NLM_F_MULTI, error = 0;

	if (fk->interruptions) {
		fk->interruptions--;
		flags |= NLM_F_DUMP_INTR;
	}
	fk->dumps++;
	nlmsg_put(msg, 0, 0, NLMSG_DONE, 0, flags);
	nlmsg_append(msg, &error, sizeof(error), NLMSG_ALIGNTO);
	answer(fk, req, msg);
}

static bool same_service(const struct serval_service *a,
			 const struct serval_service *b)
{
	return a->bits == b->bits && !memcmp(&a->id, &b->id, sizeof(a->id));
}

static struct serval_service *find_rule(struct fake_kernel *fk,
					const struct serval_service *svc)
{
	int i;

	for (i = 0; i < fk->count; i++)
		if (same_service(&fk->rule[i], svc) &&
		    fk->rule[i].type == svc->type &&
		    fk->rule[i].addr.s_addr == svc->addr.s_addr &&
		    !memcmp(&fk->rule[i].addr6, &svc->addr6,
			    sizeof(svc->addr6)) &&
		    fk->rule[i].ifindex == svc->ifindex)
			return &fk->rule[i];
	return NULL;
}

static void get_service(struct fake_kernel *fk, const struct nlmsghdr *req,
			const struct serval_service *svc)
{
	bool dump = (req->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int i, found = 0;

	for (i = 0; i < fk->count; i++) {
		if (!dump && !same_service(&fk->rule[i], svc))
			continue;
		found++;
		answer(fk, req, fake_service_msg(SERVAL_CMD_SERVICE_GET,
						 dump ? NLM_F_MULTI : 0,
						 &fk->rule[i]));
	}
	if (dump)
		finish_dump(fk, req);
	else
		ack(fk, req, found ? 0 : -ENOENT,
		    found ? NULL : "no such service");
}

static void new_service(struct fake_kernel *fk, const struct nlmsghdr *req,
			struct serval_service *svc)
{
	if (find_rule(fk, svc)) {
		ack(fk, req, -EEXIST, "there is such a rule already");
		return;
	}
	if (!(svc->has & HAS(PRIORITY)))
		svc->priority = 1;
	if (!svc->weight)
		svc->weight = 1;
	svc->has |= HAS(PRIORITY) | HAS(WEIGHT) | HAS(STATS);
	fk->rule[fk->count++] = *svc;
	answer(fk, req, fake_service_msg(SERVAL_CMD_SERVICE_NEW, 0, svc));
	ack(fk, req, 0, NULL);
}

static void del_service(struct fake_kernel *fk, const struct nlmsghdr *req,
			const struct serval_service *svc)
{
	struct serval_service *rule = find_rule(fk, svc);

	if (!rule) {
		ack(fk, req, -ENOENT, "no such rule");
		return;
	}
	answer(fk, req, fake_service_msg(SERVAL_CMD_SERVICE_DEL, 0, rule));
	*rule = fk->rule[--fk->count];
	ack(fk, req, 0, NULL);
}

static void set_target(struct serval_service *rule,
		       const struct serval_service *svc)
{
	rule->has &= ~(HAS(ADDR4) | HAS(ADDR6));
	rule->has |= svc->has & HAS(NEW_ADDR4) ? HAS(ADDR4) : HAS(ADDR6);
	rule->addr = svc->new_addr;
	rule->addr6 = svc->new_addr6;
}

static void set_service(struct fake_kernel *fk, const struct nlmsghdr *req,
			const struct serval_service *svc)
{
	struct serval_service *rule = find_rule(fk, svc);

	if (rule && svc->has & HAS(PRIORITY))
		rule->priority = svc->priority;
	if (rule && svc->has & HAS(WEIGHT))
		rule->weight = svc->weight;
	if (rule && svc->has & (HAS(NEW_ADDR4) | HAS(NEW_ADDR6)))
		set_target(rule, svc);
	ack(fk, req, rule ? 0 : -ENOENT, rule ? NULL : "no such rule");
}

static void get_stats(struct fake_kernel *fk, const struct nlmsghdr *req)
{
	static const char * const names[] = { "InPkts", "OutPkts", "LongName" };
	struct nl_msg *msg = serval_msg_bare(FAKE_FAMILY,
					     SERVAL_CMD_STATS_GET, 0);
	int i;

	for (i = 0; i < 3; i++) {
		struct nlattr *nest;

		nest = nla_nest_start(msg, SERVAL_A_STATS_COUNTER);
		nla_put_string(msg, SERVAL_A_COUNTER_NAME, names[i]);
		nla_put_u64(msg, SERVAL_A_COUNTER_VALUE, i * 10000000000ULL);
		nla_put_string(msg, SERVAL_A_COUNTER_HELP, "what it counts");
		nla_nest_end(msg, nest);
	}
	answer(fk, req, msg);
	ack(fk, req, 0, NULL);
}

/* SERVAL_HAS() of the attributes @a of a flow */
static __u32 present(struct nlattr *const *a)
{
	__u32 has = 0;
	int i;

	for (i = 0; i <= SERVAL_A_FLOW_MAX; i++)
		has |= a[i] ? SERVAL_HAS(i) : 0;
	return has;
}

static void change_flow(struct fake_kernel *fk, struct nlmsghdr *req, int cmd)
{
	struct nlattr *a[SERVAL_A_FLOW_MAX + 1];
	struct fake_change *c = &fk->change;

	genlmsg_parse(req, 0, a, SERVAL_A_FLOW_MAX, NULL);
	c->cmd = cmd;
	c->attrs = present(a);
	c->id = a[SERVAL_A_FLOW_LOCAL_ID] ?
		ntohl(nla_get_u32(a[SERVAL_A_FLOW_LOCAL_ID])) : 0;
	if (c->id == FLOW_ID)
		ack(fk, req, 0, NULL);
	else if (c->id != FLOW6_ID)
		ack(fk, req, -ENOENT, "no flow has this local id");
	else if (cmd == SERVAL_CMD_FLOW_PART)
		ack(fk, req, -EBUSY, "there is no other flow");
	else
		ack(fk, req, -EALREADY, NULL);
}

static void get_flow(struct fake_kernel *fk, const struct nlmsghdr *req,
		     __u32 id)
{
	struct nl_msg *msg = id == FLOW_ID ?
			     fake_flow_msg(SERVAL_CMD_FLOW_GET, 0) :
			     fake_flow6_msg(SERVAL_CMD_FLOW_GET, 0);

	if (id == FLOW6_ID && fk->role)
		nla_put_u8(msg, SERVAL_A_FLOW_ROLE, fk->role);
	answer(fk, req, msg);
}

static void flow_request(struct fake_kernel *fk, const struct nlmsghdr *req,
			 int cmd)
{
	struct serval_flow flow = { 0 };
	__u32 id;

	if ((req->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
		answer(fk, req, fake_flow_msg(cmd, NLM_F_MULTI));
		finish_dump(fk, req);
		return;
	}
	if (serval_msg_parse_flow(req, &flow))
		id = 0;
	else
		id = ntohl(flow.local_id.s_id32);
	if (id != FLOW_ID && id != FLOW6_ID) {
		ack(fk, req, -ENOENT, NULL);
		return;
	}
	if (cmd == SERVAL_CMD_FLOW_GET)
		get_flow(fk, req, id);
	ack(fk, req, 0, NULL);
}

static void delay_dump(struct fake_kernel *fk, const struct nlmsghdr *req)
{
	int i;

	for (i = 0; i < fk->held; i++)
		answer(fk, req, fake_held_msg(SERVAL_CMD_DELAY_GET,
					      NLM_F_MULTI, i + 1));
	finish_dump(fk, req);
}

struct nl_msg *fake_dev_msg(const struct serval_dev *dev)
{
	struct nl_msg *msg = serval_msg_dev(FAKE_FAMILY, dev);

	genlmsg_hdr(nlmsg_hdr(msg))->cmd = SERVAL_CMD_DEV_GET;
	nlmsg_hdr(msg)->nlmsg_flags = NLM_F_MULTI;
	return msg;
}

static void dev_dump(struct fake_kernel *fk, const struct nlmsghdr *req)
{
	struct serval_dev dev = fk->dev;

	/* the loopback, and one that is not there */
	dev.has = ~0U;
	dev.ifindex = 1;
	answer(fk, req, fake_dev_msg(&dev));
	dev.ifindex = 2147483647;
	answer(fk, req, fake_dev_msg(&dev));
	finish_dump(fk, req);
}

static void dev_set(struct fake_kernel *fk, const struct nlmsghdr *req)
{
	struct serval_dev dev;

	if (serval_msg_parse_dev(req, &dev) || dev.ifindex != 1) {
		ack(fk, req, -ENODEV, "no such device");
		return;
	}
	fk->dev = dev;
	ack(fk, req, 0, NULL);
}

/* The last one is taken, whichever is meant */
static void delay_verdict(struct fake_kernel *fk, struct nlmsghdr *req)
{
	struct nlattr *id = nlmsg_find_attr(req, GENL_HDRLEN,
					    SERVAL_A_DELAY_ID);
	struct nlattr *verdict = nlmsg_find_attr(req, GENL_HDRLEN,
						 SERVAL_A_DELAY_VERDICT);

	if (id && nla_get_u32(id) > (__u32)fk->held) {
		ack(fk, req, -ENOENT, "no such packet");
		return;
	}
	fk->held = id ? fk->held - 1 : 0;
	fk->verdict = nla_get_u8(verdict);
	ack(fk, req, 0, NULL);
}

/* The kernel answers with the command that it was asked with */
static void answer_move(struct fake_kernel *fk, const struct nlmsghdr *req,
			struct nl_msg *msg)
{
	genlmsg_hdr(nlmsg_hdr(msg))->cmd = fk->moves.cmd;
	answer(fk, req, msg);
}

static void end_moves(struct fake_kernel *fk, const struct nlmsghdr *req,
		      int first, int last)
{
	const struct fake_moves *m = &fk->moves;
	int i;

	for (i = first; i < last; i++) {
		if (m->garbled)
			answer_move(fk, req,
				    serval_msg_flow(FAKE_FAMILY,
						    SERVAL_CMD_FLOW_MIGRATE, 0,
						    m->moved[i].new_id));
		else
			answer_move(fk, req, fake_moved_msg(&m->moved[i]));
	}
}

/* Where to: what @a has of it */
static void note_to(struct serval_migrate_to *to, struct nlattr **a)
{
	const __u32 any = SERVAL_HAS(SERVAL_A_FLOW_NEW_IFINDEX) |
			  SERVAL_HAS(SERVAL_A_FLOW_NEW_ADDR4) |
			  SERVAL_HAS(SERVAL_A_FLOW_NEW_ADDR6) |
			  SERVAL_HAS(SERVAL_A_FLOW_NEW_UDP_ENCAP) |
			  SERVAL_HAS(SERVAL_A_FLOW_NEW_PEER_ADDR4) |
			  SERVAL_HAS(SERVAL_A_FLOW_NEW_PEER_ADDR6);

	memset(to, 0, sizeof(*to));
	to->has = present(a) & any;
	if (a[SERVAL_A_FLOW_NEW_IFINDEX])
		to->ifindex = nla_get_u32(a[SERVAL_A_FLOW_NEW_IFINDEX]);
	if (a[SERVAL_A_FLOW_NEW_UDP_ENCAP])
		to->udp_encap = nla_get_u8(a[SERVAL_A_FLOW_NEW_UDP_ENCAP]);
	nla_memcpy(&to->addr, a[SERVAL_A_FLOW_NEW_ADDR4], sizeof(to->addr));
	nla_memcpy(&to->addr6, a[SERVAL_A_FLOW_NEW_ADDR6], sizeof(to->addr6));
	nla_memcpy(&to->peer, a[SERVAL_A_FLOW_NEW_PEER_ADDR4],
		   sizeof(to->peer));
	nla_memcpy(&to->peer6, a[SERVAL_A_FLOW_NEW_PEER_ADDR6],
		   sizeof(to->peer6));
}

static void note_migrate(struct fake_moves *m, struct nlmsghdr *req)
{
	static const int which[] = {
		SERVAL_A_FLOW_LOCAL_ID, SERVAL_A_FLOW_IFINDEX,
		SERVAL_A_FLOW_LOCAL_SERVICE, SERVAL_A_FLOW_PEER_SERVICE,
	};
	struct nlattr *a[SERVAL_A_FLOW_MAX + 1];
	size_t i;

	genlmsg_parse(req, 0, a, SERVAL_A_FLOW_MAX, NULL);
	m->asked++;
	m->cmd = genlmsg_hdr(req)->cmd;
	m->attrs = present(a);
	for (i = 0; i < ARRAY_SIZE(which); i++) {
		if (!a[which[i]])
			continue;
		m->which = m->which << 8 | which[i];
		m->from = nla_get_u32(a[which[i]]);
	}
	note_to(&m->to, a);
}

static void migrate(struct fake_kernel *fk, struct nlmsghdr *req)
{
	struct fake_moves *m = &fk->moves;

	note_migrate(m, req);
	if (!m->count && (m->which & 0xff) == SERVAL_A_FLOW_LOCAL_ID) {
		ack(fk, req, -ENOENT, "no flow has this local id");
		return;
	}
	end_moves(fk, req, 0, m->early);
	answer_move(fk, req, fake_begun_msg(m->count, m->refused));
	if (!m->no_ack)
		ack(fk, req, 0, NULL);
	usleep(m->delay * 1000);
	end_moves(fk, req, m->early, m->count - m->lost);
}

static void handle(struct fake_kernel *fk, struct nlmsghdr *req)
{
	int cmd = genlmsg_hdr(req)->cmd;
	struct serval_service svc = { 0 };

	if (fk->deny && cmd != SERVAL_CMD_SERVICE_GET) {
		ack(fk, req, -EPERM, NULL);
		return;
	}
	if (cmd <= SERVAL_CMD_SERVICE_SET)
		serval_msg_parse_service(req, &svc);
	switch (cmd) {
	case SERVAL_CMD_SERVICE_GET:
		get_service(fk, req, &svc);
		break;
	case SERVAL_CMD_SERVICE_NEW:
		new_service(fk, req, &svc);
		break;
	case SERVAL_CMD_SERVICE_DEL:
		del_service(fk, req, &svc);
		break;
	case SERVAL_CMD_SERVICE_SET:
		set_service(fk, req, &svc);
		break;
	case SERVAL_CMD_SERVICE_FLUSH:
		fk->count = 0;
		ack(fk, req, 0, NULL);
		break;
	case SERVAL_CMD_STATS_GET:
		get_stats(fk, req);
		break;
	case SERVAL_CMD_DELAY_GET:
		delay_dump(fk, req);
		break;
	case SERVAL_CMD_DELAY_VERDICT:
		delay_verdict(fk, req);
		break;
	case SERVAL_CMD_FLOW_MIGRATE:
	case SERVAL_CMD_FLOW_JOIN:
		migrate(fk, req);
		break;
	case SERVAL_CMD_FLOW_USE:
	case SERVAL_CMD_FLOW_PART:
		change_flow(fk, req, cmd);
		break;
	case SERVAL_CMD_DEV_GET:
		dev_dump(fk, req);
		break;
	case SERVAL_CMD_DEV_SET:
		dev_set(fk, req);
		break;
	default:
		flow_request(fk, req, cmd);
	}
}

static void *serve(void *data)
{
	union {
		struct nlmsghdr nlh;
		char bytes[8192];
	} buf;
	struct fake_kernel *fk = data;

	while (recv(fk->fd, &buf, sizeof(buf), 0) > 0)
		handle(fk, &buf.nlh);
	return NULL;
}

struct serval_ctl *fake_kernel_start(struct fake_kernel *fk)
{
	struct serval_ctl *ctl;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd))
		return NULL;
	fk->fd = fd[1];
	if (serval_ctl_open_fd(&ctl, fd[0], FAKE_FAMILY))
		return NULL;
	pthread_create(&fk->thread, NULL, serve, fk);
	return ctl;
}

void fake_kernel_stop(struct fake_kernel *fk)
{
	pthread_join(fk->thread, NULL);
	close(fk->fd);
}
