// SPDX-License-Identifier: GPL-2.0-only
/* Netlink messages: what is built, and what is made of answers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "fake-kernel.h"
#include "tap.h"

#define HAS(name)	SERVAL_HAS(SERVAL_A_SERVICE_##name)

static const struct serval_service example = {
	.has = HAS(TYPE) | HAS(ADDR4) | HAS(IFINDEX) | HAS(PRIORITY) |
	       HAS(WEIGHT) | HAS(FLAGS) | HAS(UID) | HAS(INODE),
	.id = { .s_sid = { 0x0a, 0x0b } },
	.bits = 16,
	.type = SERVAL_SERVICE_FORWARD,
	.flags = SVSF_GLOBAL_SCOPE,
	.priority = 0xfffffffe,
	.weight = 3,
	.addr = { .s_addr = 0x0200000a },
	.ifindex = 4,
	.inode = 0x123456789aULL,
	.uid = 1000,
};

static void test_service(struct tap *tap)
{
	struct nl_msg *msg = fake_service_msg(SERVAL_CMD_SERVICE_GET, 0,
					      &example);
	struct serval_service svc;
	bool ok;

	ok = !serval_msg_parse_service(nlmsg_hdr(msg), &svc);
	ok = ok && svc.bits == 16 && svc.type == SERVAL_SERVICE_FORWARD &&
	     !memcmp(&svc.id, &example.id, sizeof(svc.id)) &&
	     svc.priority == 0xfffffffe && svc.weight == 3 &&
	     svc.addr.s_addr == example.addr.s_addr && svc.ifindex == 4 &&
	     svc.inode == 0x123456789aULL && svc.uid == 1000 &&
	     svc.flags == SVSF_GLOBAL_SCOPE;
	tap_ok(tap, ok, "a service is read as it was sent");
	tap_ok(tap, svc.stats.packets_resolved == 3 &&
	       svc.stats.bytes_dropped == 60, "so are its counters");
	tap_ok(tap, (svc.has & example.has) == example.has &&
	       !(svc.has & HAS(COOKIE)), "what was not sent is not there");
	nlmsg_free(msg);
}

static void test_addr6(struct tap *tap)
{
	struct serval_service sent = {
		.has = HAS(ADDR6) | HAS(NEW_ADDR6),
		.bits = 16,
		.addr6 = { .s6_addr = { 0xfd, [15] = 2 } },
		.new_addr6 = { .s6_addr = { 0xfd, [15] = 3 } },
	};
	struct nl_msg *msg = serval_msg_service(FAKE_FAMILY,
						SERVAL_CMD_SERVICE_SET, 0,
						&sent);
	struct serval_service svc;
	struct serval_flow flow;

	tap_ok(tap, !serval_msg_parse_service(nlmsg_hdr(msg), &svc) &&
	       !memcmp(&svc.addr6, &sent.addr6, sizeof(svc.addr6)) &&
	       !memcmp(&svc.new_addr6, &sent.new_addr6, sizeof(svc.addr6)) &&
	       !(svc.has & HAS(ADDR4)),
	       "IPv6 addresses of a service are read as they were sent");
	nlmsg_free(msg);
	msg = fake_flow6_msg(SERVAL_CMD_FLOW_GET, 0);
	tap_ok(tap, !serval_msg_parse_flow(nlmsg_hdr(msg), &flow) &&
	       flow.local_addr6.s6_addr[15] == 1 &&
	       flow.peer_addr6.s6_addr[15] == 2 &&
	       !(flow.has & SERVAL_HAS(SERVAL_A_FLOW_PEER_ADDR4)),
	       "so are those of a flow");
	nlmsg_free(msg);
}

static void test_absent_bits(struct tap *tap)
{
	struct nl_msg *msg = serval_msg_bare(FAKE_FAMILY,
					     SERVAL_CMD_SERVICE_GET, 0);
	struct serval_service svc;

	tap_ok(tap, serval_msg_parse_service(nlmsg_hdr(msg), &svc) == -EBADMSG,
	       "a service without an ID is refused");
	nla_put(msg, SERVAL_A_SERVICE_ID, sizeof(example.id), &example.id);
	tap_ok(tap, !serval_msg_parse_service(nlmsg_hdr(msg), &svc) &&
	       svc.bits == 256, "an absent prefix length means 256");
	nla_put_u32(msg, 77, 1);
	tap_ok(tap, !serval_msg_parse_service(nlmsg_hdr(msg), &svc),
	       "an attribute of a newer kernel does no harm");
	nla_put_u16(msg, SERVAL_A_SERVICE_PREFIX_BITS, 257);
	tap_ok(tap, serval_msg_parse_service(nlmsg_hdr(msg), &svc) == -EBADMSG,
	       "a prefix longer than the ID is refused");
	nlmsg_free(msg);
}

static void test_flow(struct tap *tap)
{
	struct nl_msg *msg = fake_flow_msg(SERVAL_CMD_FLOW_NEW_NTF, 0);
	struct serval_event event;

	tap_ok(tap, !serval_msg_parse_event(nlmsg_hdr(msg), &event) &&
	       event.cmd == SERVAL_CMD_FLOW_NEW_NTF &&
	       ntohl(event.flow.local_id.s_id32) == 4000000000U &&
	       event.flow.age == 61005 &&
	       event.flow.stats.bytes_sent == 5000000000ULL &&
	       event.flow.peer_service.s_sid[3] == 80 &&
	       !(event.flow.has & SERVAL_HAS(SERVAL_A_FLOW_LOCAL_SERVICE)),
	       "an event about a flow is read as it was sent");
	genlmsg_hdr(nlmsg_hdr(msg))->cmd = 200;
	tap_ok(tap, serval_msg_parse_event(nlmsg_hdr(msg), &event) == -ENOMSG,
	       "an event of a newer kernel is told apart");
	nlmsg_free(msg);
}

static void test_held(struct tap *tap)
{
	struct nl_msg *msg = fake_held_msg(SERVAL_CMD_DELAY_NTF, 0, 2);
	struct serval_event event;

	tap_ok(tap, !serval_msg_parse_event(nlmsg_hdr(msg), &event) &&
	       event.cmd == SERVAL_CMD_DELAY_NTF && event.held.id == 2 &&
	       event.held.service.s_sid[3] == 80 &&
	       event.held.source.s_sid[3] == 81 &&
	       event.held.addr6.s6_addr[15] == 1 &&
	       event.held.remaining == 9870,
	       "an event about a held packet is read as it was sent");
	nlmsg_free(msg);
	msg = serval_msg_bare(FAKE_FAMILY, SERVAL_CMD_DELAY_NTF, 0);
	tap_ok(tap,
	       serval_msg_parse_event(nlmsg_hdr(msg), &event) == -EBADMSG,
	       "one that names none is refused");
	nlmsg_free(msg);
}

static void test_migrate(struct tap *tap)
{
	static const struct serval_migrate_to to = {
		.has = SERVAL_HAS(SERVAL_A_FLOW_NEW_IFINDEX) |
		       SERVAL_HAS(SERVAL_A_FLOW_NEW_ADDR4),
		.ifindex = 3,
		.addr = { .s_addr = 0x0200000a },
	};
	struct nl_msg *msg = serval_msg_migrate(FAKE_FAMILY,
						SERVAL_CMD_FLOW_MIGRATE,
						SERVAL_A_FLOW_PEER_SERVICE,
						&example.id, &to);
	struct nlattr *a[SERVAL_A_FLOW_MAX + 1];

	tap_ok(tap, genlmsg_hdr(nlmsg_hdr(msg))->cmd ==
	       SERVAL_CMD_FLOW_MIGRATE &&
	       !genlmsg_parse(nlmsg_hdr(msg), 0, a, SERVAL_A_FLOW_MAX, NULL) &&
	       nla_len(a[SERVAL_A_FLOW_PEER_SERVICE]) == SERVICE_ID_LEN &&
	       !memcmp(nla_data(a[SERVAL_A_FLOW_PEER_SERVICE]), &example.id,
		       SERVICE_ID_LEN) &&
	       nla_get_u32(a[SERVAL_A_FLOW_NEW_IFINDEX]) == 3 &&
	       nla_get_u32(a[SERVAL_A_FLOW_NEW_ADDR4]) == 0x0200000a &&
	       !a[SERVAL_A_FLOW_NEW_ADDR6] && !a[SERVAL_A_FLOW_IFINDEX],
	       "a request to move says which connections and where to");
	nlmsg_free(msg);
}

/* @to, to join the flow 5 */
static struct nl_msg *join_msg(const struct serval_migrate_to *to,
			       struct nlattr **a)
{
	struct flow_id id = { .s_id32 = htonl(5) };
	struct nl_msg *msg = serval_msg_migrate(FAKE_FAMILY,
						SERVAL_CMD_FLOW_JOIN,
						SERVAL_A_FLOW_LOCAL_ID, &id,
						to);

	genlmsg_parse(nlmsg_hdr(msg), 0, a, SERVAL_A_FLOW_MAX, NULL);
	return msg;
}

static int count_attrs(struct nlattr **a)
{
	int i, n = 0;

	for (i = 0; i <= SERVAL_A_FLOW_MAX; i++)
		n += !!a[i];
	return n;
}

static void test_join(struct tap *tap)
{
	struct serval_migrate_to to = {
		.has = SERVAL_HAS(SERVAL_A_FLOW_NEW_IFINDEX) |
		       SERVAL_HAS(SERVAL_A_FLOW_NEW_PEER_ADDR4),
		.ifindex = 3,
		.peer = { .s_addr = 0x0200000a },
		.peer6 = { .s6_addr = { 0xfd, [15] = 2 } },
	};
	struct nlattr *a[SERVAL_A_FLOW_MAX + 1];
	struct nl_msg *msg = join_msg(&to, a);

	tap_ok(tap, genlmsg_hdr(nlmsg_hdr(msg))->cmd == SERVAL_CMD_FLOW_JOIN &&
	       nlmsg_hdr(msg)->nlmsg_flags & NLM_F_ACK &&
	       count_attrs(a) == 3 &&
	       nla_get_u32(a[SERVAL_A_FLOW_LOCAL_ID]) == htonl(5) &&
	       nla_get_u32(a[SERVAL_A_FLOW_NEW_IFINDEX]) == 3 &&
	       nla_len(a[SERVAL_A_FLOW_NEW_PEER_ADDR4]) == 4 &&
	       nla_get_u32(a[SERVAL_A_FLOW_NEW_PEER_ADDR4]) == 0x0200000a,
	       "a request to join says which flow, from where and to where");
	nlmsg_free(msg);
	to.has = SERVAL_HAS(SERVAL_A_FLOW_NEW_UDP_ENCAP) |
		 SERVAL_HAS(SERVAL_A_FLOW_NEW_PEER_ADDR6);
	to.udp_encap = SERVAL_UDP_ALWAYS;
	msg = join_msg(&to, a);
	tap_ok(tap, count_attrs(a) == 3 &&
	       nla_get_u8(a[SERVAL_A_FLOW_NEW_UDP_ENCAP]) ==
	       SERVAL_UDP_ALWAYS &&
	       nla_len(a[SERVAL_A_FLOW_NEW_PEER_ADDR6]) == 16 &&
	       !memcmp(nla_data(a[SERVAL_A_FLOW_NEW_PEER_ADDR6]), &to.peer6,
		       16), "so does one to an IPv6 address");
	nlmsg_free(msg);
}

static void test_role(struct tap *tap)
{
	struct nl_msg *msg = fake_flow_msg(SERVAL_CMD_FLOW_GET, 0);
	struct serval_flow flow;
	unsigned int role;
	bool ok = true;

	tap_ok(tap, !serval_msg_parse_flow(nlmsg_hdr(msg), &flow) &&
	       !(flow.has & SERVAL_HAS(SERVAL_A_FLOW_ROLE)),
	       "a flow may have no role");
	nla_put_u8(msg, SERVAL_A_FLOW_ROLE, 200);
	tap_ok(tap, !serval_msg_parse_flow(nlmsg_hdr(msg), &flow) &&
	       flow.has & SERVAL_HAS(SERVAL_A_FLOW_ROLE) && flow.role == 200,
	       "one of a newer kernel is read");
	nlmsg_free(msg);
	for (role = 4; role < 300; role++)
		ok = ok && !strcmp(serval_flow_role_name(role), "unknown");
	tap_ok(tap, ok && !strcmp(serval_flow_role_name(0), "unknown") &&
	       !strcmp(serval_flow_role_name(~0U), "unknown") &&
	       !strcmp(serval_flow_role_name(SERVAL_ROLE_USED), "used") &&
	       !strcmp(serval_flow_role_name(SERVAL_ROLE_BACKUP), "backup") &&
	       !strcmp(serval_flow_role_name(SERVAL_ROLE_DOWN), "down"),
	       "each role has a name, and those not known have one");
}

static void test_step(struct tap *tap)
{
	struct nl_msg *msg = fake_flow_msg(SERVAL_CMD_FLOW_STEP_NTF, 0);
	struct serval_event event;
	unsigned int state;
	bool ok = true;

	nla_put_u8(msg, SERVAL_A_FLOW_PATH_STATE, SERVAL_STATE_NOADDRESS);
	nla_put_u32(msg, SERVAL_A_FLOW_ERROR, ETIMEDOUT);
	tap_ok(tap, !serval_msg_parse_event(nlmsg_hdr(msg), &event) &&
	       event.cmd == SERVAL_CMD_FLOW_STEP_NTF &&
	       event.flow.has & SERVAL_HAS(SERVAL_A_FLOW_PATH_STATE) &&
	       event.flow.path_state == SERVAL_STATE_NOADDRESS &&
	       event.flow.has & SERVAL_HAS(SERVAL_A_FLOW_ERROR) &&
	       event.flow.error == ETIMEDOUT,
	       "what a connection does about its path is read");
	nlmsg_free(msg);
	for (state = 10; state < 300; state++)
		ok = ok && !strcmp(serval_flow_path_name(state), "UNKNOWN");
	tap_ok(tap, ok && !strcmp(serval_flow_path_name(~0U), "UNKNOWN") &&
	       !strcmp(serval_flow_path_name(SERVAL_STATE_CLOSED), "CLOSED") &&
	       !strcmp(serval_flow_path_name(SERVAL_STATE_RSYN_SENT),
		       "RSYN_SENT") &&
	       !strcmp(serval_flow_path_name(SERVAL_STATE_NOADDRESS_RSYN_RCVD),
		       "NOADDRESS_RSYN_RCVD"),
	       "and has a name, also if it is not known");
}

static void test_dev(struct tap *tap)
{
	static const struct serval_dev sent = {
		.has = SERVAL_HAS(SERVAL_A_DEV_IFINDEX) |
		       SERVAL_HAS(SERVAL_A_DEV_PREFERENCE) |
		       SERVAL_HAS(SERVAL_A_DEV_SETTLE),
		.ifindex = 4000000000U,
		.preference = 255,
		.settle = 3600000,
	};
	struct nl_msg *msg = serval_msg_dev(FAKE_FAMILY, &sent);
	struct serval_dev dev;

	tap_ok(tap, genlmsg_hdr(nlmsg_hdr(msg))->cmd == SERVAL_CMD_DEV_SET &&
	       !serval_msg_parse_dev(nlmsg_hdr(msg), &dev) &&
	       !memcmp(&dev, &sent, sizeof(dev)),
	       "settings of a device are read as they were sent");
	nlmsg_free(msg);
	msg = serval_msg_bare(FAKE_FAMILY, SERVAL_CMD_DEV_GET, 0);
	tap_ok(tap, serval_msg_parse_dev(nlmsg_hdr(msg), &dev) == -EBADMSG,
	       "those of none are refused");
	nlmsg_free(msg);
}

static void test_moved(struct tap *tap)
{
	static const struct serval_moved sent = {
		.old_id = { .s_id32 = 1 },
		.new_id = { .s_id32 = 0xffffffff },
		.error = ETIMEDOUT,
		.usec = 4000000000U,
	};
	struct nl_msg *msg = fake_moved_msg(&sent);
	struct serval_moved moved;
	__u32 begun, refused;

	tap_ok(tap, !serval_msg_parse_moved(nlmsg_hdr(msg), &moved) &&
	       !memcmp(&moved, &sent, sizeof(moved)),
	       "the end of a move is read as it was sent");
	tap_ok(tap, serval_msg_parse_begun(nlmsg_hdr(msg), &begun,
					   &refused) == -ENOMSG,
	       "and not taken for the answer to the request");
	nla_put_u32(msg, SERVAL_A_FLOW_ERROR, -ETIMEDOUT);
	tap_ok(tap, serval_msg_parse_moved(nlmsg_hdr(msg), &moved) == -EBADMSG,
	       "an error that is none is refused");
	nlmsg_free(msg);
	msg = fake_begun_msg(12, 3);
	tap_ok(tap, !serval_msg_parse_begun(nlmsg_hdr(msg), &begun,
					    &refused) &&
	       begun == 12 && refused == 3,
	       "the answer is read as it was sent");
	tap_ok(tap, serval_msg_parse_moved(nlmsg_hdr(msg), &moved) == -EBADMSG,
	       "and not taken for the end of a move");
	nlmsg_free(msg);
}

static void test_move_event(struct tap *tap)
{
	struct nl_msg *msg = fake_flow_msg(SERVAL_CMD_FLOW_MOVE_NTF, 0);
	struct serval_event event;

	tap_ok(tap, !serval_msg_parse_event(nlmsg_hdr(msg), &event) &&
	       event.cmd == SERVAL_CMD_FLOW_MOVE_NTF &&
	       ntohl(event.flow.local_id.s_id32) == 4000000000U &&
	       !(event.flow.has & SERVAL_HAS(SERVAL_A_FLOW_OLD_ID)),
	       "an event about a move is read as it was sent");
	nla_put_u32(msg, SERVAL_A_FLOW_OLD_ID, htonl(5));
	tap_ok(tap, !serval_msg_parse_event(nlmsg_hdr(msg), &event) &&
	       event.flow.has & SERVAL_HAS(SERVAL_A_FLOW_OLD_ID) &&
	       ntohl(event.flow.old_id.s_id32) == 5,
	       "so is the old id");
	nlmsg_free(msg);
}

static struct serval_reply consume(struct nl_msg *msg)
{
	struct serval_reply reply = { .seq = nlmsg_hdr(msg)->nlmsg_seq };

	serval_reply_consume(&reply, nlmsg_hdr(msg),
			     nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
	return reply;
}

static void test_acks(struct tap *tap)
{
	struct nl_msg *req = serval_msg_service(FAKE_FAMILY,
						SERVAL_CMD_SERVICE_NEW,
						NLM_F_ACK, &example);
	const struct nlmsghdr *nlh = nlmsg_hdr(req);
	struct serval_reply reply;
	struct nl_msg *msg;

	reply = consume(fake_ack_msg(nlh, 0, NULL, true));
	tap_ok(tap, reply.done && !reply.error && !*reply.text,
	       "an acknowledgment ends the request");
	reply = consume(fake_ack_msg(nlh, -EEXIST, "there it is", true));
	tap_ok(tap, reply.error == -EEXIST &&
	       !strcmp(reply.text, "there it is"),
	       "the kernel's sentence is taken from a capped answer");
	reply = consume(fake_ack_msg(nlh, -EINVAL, "100% wrong\n", false));
	tap_ok(tap, reply.error == -EINVAL &&
	       !strcmp(reply.text, "100% wrong\n"),
	       "and, unchanged, from one that repeats the request");
	reply = (struct serval_reply){ .seq = nlh->nlmsg_seq, .goes_on = true };
	msg = fake_ack_msg(nlh, 0, NULL, true);
	serval_reply_consume(&reply, nlmsg_hdr(msg),
			     nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
	tap_ok(tap, !reply.done,
	       "an acknowledgment does not end a request that goes on");
	msg = fake_ack_msg(nlh, -EPERM, NULL, true);
	serval_reply_consume(&reply, nlmsg_hdr(msg),
			     nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
	tap_ok(tap, reply.done && reply.error == -EPERM, "a refusal does");
	nlmsg_free(req);
}

static int refuse_message(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return -EBADMSG;
}

static void test_replies(struct tap *tap)
{
	struct nl_msg *msg = fake_flow_msg(SERVAL_CMD_FLOW_GET, NLM_F_MULTI);
	struct serval_reply reply = { .seq = 5, .msg = refuse_message };
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	nlh->nlmsg_seq = 4;
	serval_reply_consume(&reply, nlh, nlh->nlmsg_len);
	tap_ok(tap, !reply.error, "the answer to another request is left out");
	nlh->nlmsg_seq = 5;
	nlh->nlmsg_flags |= NLM_F_DUMP_INTR;
	serval_reply_consume(&reply, nlh, nlh->nlmsg_len);
	tap_ok(tap, reply.error == -EBADMSG && !reply.done,
	       "a malformed answer fails the request, not the stream");
	tap_ok(tap, reply.interrupted, "a dump that was disturbed is noticed");
	nlmsg_free(msg);
}

static int ignore_counter(const struct serval_counter *counter, void *data)
{
	(void)data;
	return !counter->name && counter->value;
}

static void parse_everything(const struct nlmsghdr *nlh)
{
	struct serval_reply reply = { .seq = nlh->nlmsg_seq };
	struct serval_service svc;
	struct serval_event event;
	struct serval_flow flow;
	struct serval_moved moved;
	struct serval_held held;
	struct serval_dev dev;
	__u32 begun, refused;

	serval_msg_parse_begun(nlh, &begun, &refused);
	serval_msg_parse_moved(nlh, &moved);
	serval_msg_parse_service(nlh, &svc);
	serval_msg_parse_held(nlh, &held);
	serval_msg_parse_dev(nlh, &dev);
	serval_msg_parse_flow(nlh, &flow);
	serval_msg_parse_stats(nlh, ignore_counter, NULL);
	serval_msg_parse_event(nlh, &event);
	serval_reply_consume(&reply, nlh, nlh->nlmsg_len);
}

/* The sanitizers find what reads beyond the end. */
static void damage(struct nl_msg *msg, int rounds)
{
	const struct nlmsghdr *good = nlmsg_hdr(msg);
	size_t len = good->nlmsg_len;

	while (rounds--) {
		size_t cut = sizeof(*good) + rand() % (len - sizeof(*good) + 1);
		unsigned char *copy = malloc(cut);
		int hits = rand() % 4;

		memcpy(copy, good, cut);
		while (hits-- && cut > sizeof(*good))
			copy[sizeof(*good) +
			     rand() % (cut - sizeof(*good))] = rand();
		if (rand() % 4 == 0)
			((struct nlmsghdr *)copy)->nlmsg_type =
				rand() % 2 ? NLMSG_ERROR : NLMSG_DONE;
		((struct nlmsghdr *)copy)->nlmsg_len = cut;
		parse_everything((struct nlmsghdr *)copy);
		free(copy);
	}
	nlmsg_free(msg);
}

static void test_damage(struct tap *tap)
{
	struct nl_msg *req = serval_msg_service(FAKE_FAMILY,
						SERVAL_CMD_SERVICE_NEW,
						NLM_F_ACK, &example);
	struct nl_msg *joined = fake_flow6_msg(SERVAL_CMD_FLOW_NEW_NTF, 0);

	nla_put_u8(joined, SERVAL_A_FLOW_ROLE, SERVAL_ROLE_BACKUP);
	srand(2);
	damage(fake_service_msg(SERVAL_CMD_SERVICE_SET_NTF, 0, &example),
	       20000);
	damage(fake_flow_msg(SERVAL_CMD_FLOW_DEL_NTF, 0), 20000);
	damage(fake_held_msg(SERVAL_CMD_DELAY_NTF, 0, 2), 20000);
	damage(fake_flow6_msg(SERVAL_CMD_FLOW_DEL_NTF, 0), 20000);
	damage(joined, 20000);
	damage(fake_dev_msg(&(struct serval_dev){ .has = ~0U }), 20000);
	damage(fake_moved_msg(&(struct serval_moved){ .usec = 1 }), 20000);
	damage(fake_ack_msg(nlmsg_hdr(req), -EINVAL, "text", true), 20000);
	damage(fake_ack_msg(nlmsg_hdr(req), -EINVAL, "text", false), 20000);
	nlmsg_free(req);
	tap_ok(tap, true, "180000 damaged messages do no harm");
}

int main(void)
{
	struct tap tap = { 0 };

	test_service(&tap);
	test_addr6(&tap);
	test_absent_bits(&tap);
	test_flow(&tap);
	test_held(&tap);
	test_migrate(&tap);
	test_join(&tap);
	test_role(&tap);
	test_step(&tap);
	test_dev(&tap);
	test_moved(&tap);
	test_move_event(&tap);
	test_acks(&tap);
	test_replies(&tap);
	test_damage(&tap);
	return tap_done(&tap);
}
