// SPDX-License-Identifier: GPL-2.0-only
/* The serval command against a made-up kernel: what it says and does. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <asm/byteorder.h>

#include "cli.h"
#include "fake-kernel.h"
#include "tap.h"

#define WORDS_MAX	32

/**
 * struct bench - a run of the command and what came of it
 * @tap:  the counts
 * @fk:   the made-up kernel
 * @cli:  the run
 * @text: its output
 * @err:  its messages
 */
struct bench {
	struct tap tap;
	struct fake_kernel fk;
	struct cli cli;
	char *text;
	char *err;
};

/* Run a command given as one line; -s and -j as its first words. */
static int run(struct bench *b, const char *line)
{
	size_t text_len, err_len;
	char *words[WORDS_MAX], *copy = strdup(line);
	int n = split_words(copy, words, WORDS_MAX), skip = 0, status;

	free(b->text);
	free(b->err);
	b->cli.json = false;
	b->cli.statistics = false;
	b->cli.out = (struct out){ .form = OUT_TEXT };
	for (; words[skip][0] == '-'; skip++) {
		b->cli.json |= !strcmp(words[skip], "-j");
		b->cli.statistics |= !strcmp(words[skip], "-s");
	}
	if (b->cli.json)
		b->cli.out.form = OUT_JSON;
	b->cli.out.file = open_memstream(&b->text, &text_len);
	b->cli.err = open_memstream(&b->err, &err_len);
	status = cli_run(&b->cli, n - skip, words + skip);
	fclose(b->cli.out.file);
	fclose(b->cli.err);
	free(copy);
	return status;
}

static void expect(struct bench *b, const char *line, int status,
		   const char *text, const char *err)
{
	int got = run(b, line);
	char what[300];

	snprintf(what, sizeof(what), "serval %s", line);
	if (!tap_ok(&b->tap, got == status && !strcmp(b->text, text) &&
		    !strcmp(b->err, err), what))
		printf("# status %d\n# output: %s\n# messages: %s\n", got,
		       b->text, b->err);
}

static void test_rules(struct bench *b)
{
	expect(b, "service add 0x0a0b/16 via 10.0.0.2 dev lo weight 3", 0,
	       "", "");
	expect(b, "service add 80 drop", 0, "", "");
	expect(b, "service add default via 10.0.0.254 priority 5 flags global,strict",
	       0, "", "");
	expect(b, "service", 0,
	       "0x0a0b/16 via 10.0.0.2 dev lo priority 1 weight 3\n"
	       "0x00000050 drop priority 1 weight 1\n"
	       "default via 10.0.0.254 priority 5 weight 1 flags global,strict\n",
	       "");
	expect(b, "service show type drop", 0,
	       "0x00000050 drop priority 1 weight 1\n", "");
	expect(b, "service add 80 drop", 1, "",
	       "serval: Error: there is such a rule already\n");
	expect(b, "service show 81", 1, "",
	       "serval: Error: there is no entry for 0x00000051\n");
	expect(b, "service change 0x0a0b/16 weight 9", 0, "", "");
	expect(b, "-s service show 0x0a0b/16", 0,
	       "0x0a0b/16 via 10.0.0.2 dev lo priority 1 weight 9\n"
	       "    resolved 3 packets 180 bytes, dropped 1 packets 60 bytes\n",
	       "");
	expect(b, "-j service show default", 0,
	       "[{\"id\":\"default\",\"bits\":0,\"type\":\"forward\",\"via\":\"10.0.0.254\",\"priority\":5,\"weight\":1,\"flags\":\"global,strict\"}]\n",
	       "");
	expect(b, "service change 80 to 10.0.0.9", 0, "", "");
	expect(b, "service change 80 to 10.0.0.9 to fd00::9", 2, "",
	       "serval: \"to\" is given twice\n");
	expect(b, "service del 80 drop", 1, "",
	       "serval: Error: no such rule\n");
}

static void test_ipv6(struct bench *b)
{
	expect(b, "service flush", 0, "", "");
	expect(b, "service add 80 via fd00::2 dev lo", 0, "", "");
	expect(b, "service show 80", 0,
	       "0x00000050 via fd00::2 dev lo priority 1 weight 1\n", "");
	expect(b, "-j service show 80", 0,
	       "[{\"id\":\"0x00000050\",\"bits\":256,\"type\":\"forward\",\"via\":\"fd00::2\",\"ifindex\":1,\"dev\":\"lo\",\"priority\":1,\"weight\":1}]\n",
	       "");
	expect(b, "service save", 0,
	       "service add 0x00000050 via fd00::2 dev lo priority 1 weight 1\n",
	       "");
	expect(b, "service change 80 to 10.0.0.2", 0, "", "");
	expect(b, "service change 80 via 10.0.0.2 dev lo to fd00::3", 0, "",
	       "");
	expect(b, "service", 0,
	       "0x00000050 via fd00::3 dev lo priority 1 weight 1\n", "");
	expect(b, "service del 80 via fd00::2 dev lo", 1, "",
	       "serval: Error: no such rule\n");
	expect(b, "service del 80", 0, "", "");
	expect(b, "service", 0, "", "");
	expect(b, "flow show id 6", 0,
	       "6 peer-id 8 tcp ESTABLISHED local fd00::1 peer fd00::2 encap udp\n", "");
	expect(b, "-j flow show id 6", 0,
	       "[{\"id\":6,\"peer_id\":8,\"proto\":\"tcp\",\"state\":\"ESTABLISHED\",\"local\":\"fd00::1\",\"peer\":\"fd00::2\",\"encap\":\"udp\"}]\n",
	       "");
}

static void test_encap(struct bench *b)
{
	expect(b, "service add 80 via 10.0.0.2 encap udp", 0, "", "");
	expect(b, "service add 81 via 10.0.0.2 encap raw", 0, "", "");
	expect(b, "service save", 0,
	       "service add 0x00000050 via 10.0.0.2 priority 1 weight 1 encap udp\n"
	       "service add 0x00000051 via 10.0.0.2 priority 1 weight 1 encap raw\n",
	       "");
	expect(b, "-j service show 80", 0,
	       "[{\"id\":\"0x00000050\",\"bits\":256,\"type\":\"forward\",\"via\":\"10.0.0.2\",\"priority\":1,\"weight\":1,\"encap\":\"udp\"}]\n",
	       "");
	expect(b, "service change 80 encap tcp", 2, "",
	       "serval: \"tcp\" is not an encapsulation: raw, udp, auto, default\n");
	expect(b, "service change 80 encap raw encap udp", 2, "",
	       "serval: \"encap\" is given twice\n");
	run(b, "service flush");
}

static void test_timeouts(struct bench *b)
{
	struct serval_service *rule = &b->fk.rule[0];

	expect(b, "service add 80 via 10.0.0.2 timeout 60 idle-timeout 5", 0,
	       "", "");
	expect(b, "service save", 0,
	       "service add 0x00000050 via 10.0.0.2 priority 1 weight 1 timeout 60 idle-timeout 5\n",
	       "");
	rule->has |= SERVAL_HAS(SERVAL_A_SERVICE_EXPIRES) |
		     SERVAL_HAS(SERVAL_A_SERVICE_REASON);
	rule->expires = 4001;
	rule->reason = SERVAL_REASON_DEVICE;
	expect(b, "service", 0,
	       "0x00000050 via 10.0.0.2 priority 1 weight 1 timeout 60 idle-timeout 5 expires 5s reason device\n",
	       "");
	expect(b, "-j service", 0,
	       "[{\"id\":\"0x00000050\",\"bits\":256,\"type\":\"forward\",\"via\":\"10.0.0.2\",\"priority\":1,\"weight\":1,\"timeout\":60,\"idle_timeout\":5,\"expires_ms\":4001,\"reason\":\"device\"}]\n",
	       "");
	expect(b, "service save", 0,
	       "service add 0x00000050 via 10.0.0.2 priority 1 weight 1 timeout 60 idle-timeout 5\n",
	       "");
	expect(b, "service change 80 timeout x", 2, "",
	       "serval: \"x\" is not a number (timeout)\n");
	run(b, "service flush");
}

static void test_deletion(struct bench *b)
{
	struct serval_service *demux = &b->fk.rule[0];

	expect(b, "service flush", 0, "", "");
	expect(b, "-j service", 0, "[]\n", "");
	expect(b, "service del 80", 1, "",
	       "serval: Error: there is no rule for 0x00000050\n");
	run(b, "service add 80 via 10.0.0.2");
	run(b, "service add 80 via 10.0.0.3");
	expect(b, "service del 80", 2, "",
	       "serval: 0x00000050 has 2 rules: say via ADDRESS, drop or delay\n");
	expect(b, "service del 80 via 10.0.0.3", 0, "", "");
	expect(b, "-s service del 80", 0,
	       "0x00000050 via 10.0.0.2 priority 1 weight 1\n"
	       "    resolved 3 packets 180 bytes, dropped 1 packets 60 bytes\n",
	       "");
	*demux = (struct serval_service){
		.has = SERVAL_HAS(SERVAL_A_SERVICE_TYPE) |
		       SERVAL_HAS(SERVAL_A_SERVICE_PROTO) |
		       SERVAL_HAS(SERVAL_A_SERVICE_UID) |
		       SERVAL_HAS(SERVAL_A_SERVICE_INODE),
		.id = { .s_sid = { 0, 0, 0, 80 } },
		.bits = 256,
		.type = SERVAL_SERVICE_DEMUX,
		.proto = SERVAL_PROTO_TCP,
		.inode = 4711,
	};
	b->fk.count = 1;
	expect(b, "service show 80", 0,
	       "0x00000050 demux tcp uid 0 inode 4711\n", "");
	expect(b, "service del 80", 1, "",
	       "serval: Error: there is no rule for 0x00000050\n");
	expect(b, "service save", 0, "", "");
}

static void test_restore(struct bench *b)
{
	static const char saved[] =
		"service add 0x0a0b/16 via 10.0.0.2 dev lo priority 1 weight 3\n"
		"service add 0x00000050 drop priority 1 weight 1\n"
		"service add default via 10.0.0.254 priority 5 weight 1 flags 0x40\n";
	char broken[] = "# rules\nservice add 1 drop\nservice add 2\n"
			"flow kill 3\n";
	char good[sizeof(saved)];

	b->fk.count = 0;
	memcpy(good, saved, sizeof(saved));
	b->cli.in = fmemopen(good, strlen(good), "r");
	expect(b, "service restore", 0, "", "");
	fclose(b->cli.in);
	expect(b, "service save", 0, saved, "");
	b->cli.in = fmemopen(good, strlen(good), "r");
	expect(b, "service restore -", 0, "", "");
	fclose(b->cli.in);
	expect(b, "service save", 0, saved, "");
	run(b, "service flush");
	b->cli.in = fmemopen(broken, strlen(broken), "r");
	expect(b, "service restore", 2, "",
	       "serval: standard input:3: a target is missing: via ADDRESS, drop or delay\n"
	       "serval: standard input:4: not a line of \"serval service save\"\n");
	fclose(b->cli.in);
	tap_ok(&b->tap, !b->fk.count,
	       "nothing of a wrong file is applied");
}

static void test_flows(struct bench *b)
{
	static const char one_flow[] =
		"4000000000 peer-id 7 tcp ESTABLISHED local 10.0.0.1 peer 10.0.0.2 dev lo\n"
		"    peer-service 0x00000050 age 61.005s\n";

	expect(b, "flow", 0, one_flow, "");
	expect(b, "-s flow show id 0xee6b2800 state established", 0,
	       "4000000000 peer-id 7 tcp ESTABLISHED local 10.0.0.1 peer 10.0.0.2 dev lo\n"
	       "    peer-service 0x00000050\n"
	       "    uid 1000 inode 4711 age 61.005s\n"
	       "    sent 10 packets 5000000000 bytes, received 9 packets 900 bytes\n",
	       "");
	expect(b, "-j flow show service 0x00000050/32", 0,
	       "[{\"id\":4000000000,\"peer_id\":7,\"proto\":\"tcp\",\"state\":\"ESTABLISHED\",\"local\":\"10.0.0.1\",\"peer\":\"10.0.0.2\",\"ifindex\":1,\"dev\":\"lo\",\"peer_service\":\"0x00000050\",\"uid\":1000,\"inode\":4711,\"age_ms\":61005}]\n",
	       "");
	expect(b, "flow show service 0x00000051/32", 0, "", "");
	expect(b, "flow show service 0x00000050/31", 0, one_flow, "");
	expect(b, "flow show state listen", 0, "", "");
	expect(b, "flow kill 1", 1, "",
	       "serval: Error: No such file or directory\n");
	expect(b, "flow kill 4000000000", 0, "", "");
}

#define MOVED(old, new, err, us)					\
	{ .old_id = { .s_id32 = __constant_htonl(old) },			\
	  .new_id = { .s_id32 = __constant_htonl(new) },			\
	  .error = err, .usec = us }

static const struct fake_moves two_moves = {
	.moved = {
		MOVED(3735928559, 195936478, 0, 12345),
		MOVED(5, 5, ETIMEDOUT, 6200000),
	},
	.count = 2,
};

static void test_flow_migrate(struct bench *b)
{
	struct fake_moves *m = &b->fk.moves;

	expect(b, "flow migrate 0xdeadbeef dev lo", 1, "",
	       "serval: Error: no flow has this local id\n");
	tap_ok(&b->tap, m->which == SERVAL_A_FLOW_LOCAL_ID &&
	       m->from == htonl(0xdeadbeef) && m->to.ifindex == 1 &&
	       m->to.has == SERVAL_HAS(SERVAL_A_FLOW_NEW_IFINDEX),
	       "the kernel was asked for this flow and device");
	*m = two_moves;
	m->count = 1;
	expect(b, "flow migrate 3735928559 addr 10.0.0.2", 0,
	       "flow 3735928559 is 195936478 now, moved in 12.3 ms\n", "");
	tap_ok(&b->tap, m->to.addr.s_addr == htonl(0x0a000002) &&
	       m->to.has == SERVAL_HAS(SERVAL_A_FLOW_NEW_ADDR4),
	       "the kernel was asked for this address");
	m->early = 1;
	expect(b, "-j flow migrate 3735928559 addr fd00::2 dev lo", 0,
	       "[{\"old_id\":3735928559,\"id\":195936478,\"duration_us\":12345}]\n",
	       "");
	tap_ok(&b->tap, m->to.addr6.s6_addr[15] == 2 && m->to.ifindex == 1,
	       "and for this address on this device");
	m->no_ack = true;
	m->moved[0] = two_moves.moved[1];
	expect(b, "flow migrate 5 dev lo", 1,
	       "flow 5 has not moved: Connection timed out\n", "");
	expect(b, "-j flow migrate 5 dev lo", 1,
	       "[{\"old_id\":5,\"id\":5,\"error\":\"Connection timed out\",\"duration_us\":6200000}]\n",
	       "");
	m->early = 0;
	m->garbled = true;
	expect(b, "flow migrate 5 dev lo", 1, "",
	       "serval: Error: Bad message\n");
	*m = (struct fake_moves){ 0 };
}

#define HAS_NEW(name)	SERVAL_HAS(SERVAL_A_FLOW_NEW_##name)

/* Was a join of the flow 3735928559 asked for, with @has and no more? */
static bool asked_to_join(const struct fake_moves *m, __u32 has)
{
	return m->cmd == SERVAL_CMD_FLOW_JOIN &&
	       m->from == htonl(3735928559) && m->to.has == has &&
	       m->attrs == (has | SERVAL_HAS(SERVAL_A_FLOW_LOCAL_ID));
}

/* What is asked for */
static void test_join_request(struct bench *b)
{
	static const char joined[] =
		"flow 195936478 has joined 3735928559 in 12.3 ms\n";
	struct fake_moves *m = &b->fk.moves;

	expect(b, "flow join 0xdeadbeef dev lo", 1, "",
	       "serval: Error: no flow has this local id\n");
	tap_ok(&b->tap, asked_to_join(m, HAS_NEW(IFINDEX)) &&
	       m->to.ifindex == 1, "the kernel was asked for this device");
	*m = two_moves;
	m->count = 1;
	expect(b, "flow join 3735928559 addr 10.0.0.2 to 10.0.0.3", 0, joined,
	       "");
	tap_ok(&b->tap, asked_to_join(m, HAS_NEW(ADDR4) |
					 HAS_NEW(PEER_ADDR4)) &&
	       m->to.addr.s_addr == htonl(0x0a000002) &&
	       m->to.peer.s_addr == htonl(0x0a000003),
	       "and for these addresses of the two ends");
	expect(b, "flow join 3735928559 to fd00::3 encap udp addr fd00::2 dev lo",
	       0, joined, "");
	tap_ok(&b->tap, asked_to_join(m, HAS_NEW(IFINDEX) | HAS_NEW(ADDR6) |
					 HAS_NEW(UDP_ENCAP) |
					 HAS_NEW(PEER_ADDR6)) &&
	       m->to.addr6.s6_addr[15] == 2 && m->to.peer6.s6_addr[15] == 3 &&
	       m->to.udp_encap == SERVAL_UDP_ALWAYS,
	       "and for all that can be said");
	expect(b, "flow join 3735928559 encap raw", 0, joined, "");
	tap_ok(&b->tap, asked_to_join(m, HAS_NEW(UDP_ENCAP)) &&
	       m->to.udp_encap == SERVAL_UDP_NEVER, "and for no more than this");
	expect(b, "flow migrate 3735928559 dev lo", 0,
	       "flow 3735928559 is 195936478 now, moved in 12.3 ms\n", "");
	tap_ok(&b->tap, m->cmd == SERVAL_CMD_FLOW_MIGRATE,
	       "and to move, if that is meant");
	*m = (struct fake_moves){ 0 };
}

/* What is said about how it ends */
static void test_join_result(struct bench *b)
{
	struct fake_moves *m = &b->fk.moves;
	int patience = b->cli.ctl->patience;

	*m = two_moves;
	m->count = 1;
	m->early = 1;
	expect(b, "-j flow join 3735928559 dev lo", 0,
	       "[{\"id\":195936478,\"old_id\":3735928559,\"duration_us\":12345}]\n",
	       "");
	m->moved[0] = two_moves.moved[1];
	expect(b, "flow join 5 dev lo", 1,
	       "flow 5 has got no other: Connection timed out\n", "");
	m->early = 0;
	m->no_ack = true;
	expect(b, "-j flow join 5 dev lo", 1,
	       "[{\"old_id\":5,\"error\":\"Connection timed out\",\"duration_us\":6200000}]\n",
	       "");
	m->garbled = true;
	expect(b, "flow join 5 dev lo", 1, "",
	       "serval: Error: Bad message\n");
	*m = two_moves;
	m->count = 1;
	m->lost = 1;
	b->cli.ctl->patience = 20;
	expect(b, "flow join 3735928559 dev lo", 1, "",
	       "serval: Error: the kernel has not told how all joins ended; see \"serval flow\"\n");
	b->cli.ctl->patience = patience;
	*m = (struct fake_moves){ 0 };
}

/* Where a connection goes, its peer does not say */
static void test_join_only(struct bench *b)
{
	static const char refusal[] = "serval: \"to\" is not expected here\n";
	struct fake_moves *m = &b->fk.moves;

	*m = two_moves;
	expect(b, "flow migrate 5 dev lo to 10.0.0.3", 2, "", refusal);
	expect(b, "flow migrate 5 to fd00::3", 2, "", refusal);
	expect(b, "service migrate 80 to 10.0.0.3 dev lo", 2, "", refusal);
	expect(b, "dev migrate if7 lo to 10.0.0.3", 2, "", refusal);
	tap_ok(&b->tap, !m->asked, "the kernel was not asked");
	*m = (struct fake_moves){ 0 };
}

static bool asked_to_change(const struct fake_change *c, int cmd, __u32 id)
{
	return c->cmd == cmd && c->id == id &&
	       c->attrs == SERVAL_HAS(SERVAL_A_FLOW_LOCAL_ID);
}

static void test_flow_change(struct bench *b)
{
	struct fake_change *c = &b->fk.change;

	expect(b, "flow use 4000000000", 0, "", "");
	tap_ok(&b->tap, asked_to_change(c, SERVAL_CMD_FLOW_USE, 4000000000U),
	       "the kernel was asked to use this flow");
	expect(b, "flow part 0xee6b2800", 0, "", "");
	tap_ok(&b->tap, asked_to_change(c, SERVAL_CMD_FLOW_PART, 4000000000U),
	       "and to end it");
	expect(b, "flow use 6", 1, "",
	       "serval: Error: Operation already in progress\n");
	expect(b, "flow part 6", 1, "",
	       "serval: Error: there is no other flow\n");
	expect(b, "flow use 7", 1, "",
	       "serval: Error: no flow has this local id\n");
	tap_ok(&b->tap, asked_to_change(c, SERVAL_CMD_FLOW_USE, 7),
	       "the last one was asked for");
	b->fk.deny = true;
	expect(b, "flow part 4000000000", 1, "",
	       "serval: Error: Operation not permitted (this needs CAP_NET_ADMIN)\n");
	b->fk.deny = false;
	*c = (struct fake_change){ 0 };
	expect(b, "flow use 6 7", 2, "",
	       "serval: \"7\" is not expected here\n");
	expect(b, "flow part", 2, "", "serval: a flow id is missing\n");
	tap_ok(&b->tap, !c->cmd, "what is not understood is not asked for");
}

#define FLOW6		"6 peer-id 8 tcp ESTABLISHED local fd00::1 peer fd00::2 encap udp"
#define FLOW6_JSON							\
	"[{\"id\":6,\"peer_id\":8,\"proto\":\"tcp\",\"state\":\"ESTABLISHED\",\"local\":\"fd00::1\",\"peer\":\"fd00::2\",\"encap\":\"udp\""

static void test_role(struct bench *b)
{
	__u8 *role = &b->fk.role;

	*role = SERVAL_ROLE_USED;
	expect(b, "flow show id 6", 0, FLOW6 "\n", "");
	expect(b, "-j flow show id 6", 0, FLOW6_JSON ",\"role\":\"used\"}]\n",
	       "");
	*role = SERVAL_ROLE_BACKUP;
	expect(b, "flow show id 6", 0, FLOW6 " backup\n", "");
	expect(b, "-j flow show id 6", 0,
	       FLOW6_JSON ",\"role\":\"backup\"}]\n", "");
	*role = SERVAL_ROLE_DOWN;
	expect(b, "flow show id 6", 0, FLOW6 " down\n", "");
	expect(b, "-j flow show id 6", 0, FLOW6_JSON ",\"role\":\"down\"}]\n",
	       "");
	*role = SERVAL_ROLE_DOWN + 1;
	expect(b, "flow show id 6", 0, FLOW6 " unknown\n", "");
	*role = 255;
	expect(b, "-j flow show id 6", 0,
	       FLOW6_JSON ",\"role\":\"unknown\"}]\n", "");
	*role = 0;
	expect(b, "flow show id 6", 0, FLOW6 "\n", "");
	expect(b, "-j flow show id 6", 0, FLOW6_JSON "}]\n", "");
}

static void test_many_moves(struct bench *b)
{
	struct fake_moves *m = &b->fk.moves;

	expect(b, "dev migrate if7 lo", 1, "",
	       "serval: Error: there is nothing to move\n");
	tap_ok(&b->tap, m->which == SERVAL_A_FLOW_IFINDEX && m->from == 7 &&
	       m->to.ifindex == 1, "the kernel was asked for these devices");
	expect(b, "-j dev migrate if7 lo", 1, "[]\n",
	       "serval: Error: there is nothing to move\n");
	*m = two_moves;
	m->early = 1;
	expect(b, "dev migrate if7 lo", 1,
	       "flow 3735928559 is 195936478 now, moved in 12.3 ms\n"
	       "flow 5 has not moved: Connection timed out\n"
	       "1 moved, 1 failed\n", "");
	m->early = 2;
	m->refused = 2;
	expect(b, "-j dev migrate if7 lo", 1,
	       "[{\"old_id\":3735928559,\"id\":195936478,\"duration_us\":12345},{\"old_id\":5,\"id\":5,\"error\":\"Connection timed out\",\"duration_us\":6200000}]\n",
	       "serval: Error: 2 connections could not begin to move\n");
	*m = two_moves;
	m->count = 1;
	expect(b, "dev migrate if7 lo", 0,
	       "flow 3735928559 is 195936478 now, moved in 12.3 ms\n", "");
	m->asked = 0;
	expect(b, "service migrate 80 dev lo", 0,
	       "flow 3735928559 is 195936478 now, moved in 12.3 ms\n"
	       "flow 3735928559 is 195936478 now, moved in 12.3 ms\n"
	       "2 moved, 0 failed\n", "");
	tap_ok(&b->tap, m->asked == 2 &&
	       m->which == (SERVAL_A_FLOW_LOCAL_SERVICE << 8 |
			    SERVAL_A_FLOW_PEER_SERVICE) &&
	       m->from == htonl(80),
	       "a service's connections are asked for at either end");
	m->count = 0;
	m->refused = 1;
	expect(b, "dev migrate if7 lo", 1, "",
	       "serval: Error: 1 connection could not begin to move\n");
	*m = (struct fake_moves){ 0 };
}

/* What is lost, and what comes when the next request is made */
static void test_lost_moves(struct bench *b)
{
	static const char lost[] =
		"serval: Error: the kernel has not told how all moves ended; see \"serval flow\"\n";
	struct fake_moves *m = &b->fk.moves;
	int patience = b->cli.ctl->patience;

	tap_ok(&b->tap, patience == 15000, "the ends are waited for");
	b->cli.ctl->patience = 20;
	*m = two_moves;
	m->lost = 1;
	expect(b, "dev migrate if7 lo", 1,
	       "flow 3735928559 is 195936478 now, moved in 12.3 ms\n", lost);
	expect(b, "-j service migrate 80 dev lo", 1,
	       "[{\"old_id\":3735928559,\"id\":195936478,\"duration_us\":12345}]\n",
	       lost);
	m->count = 1;
	expect(b, "flow migrate 3735928559 dev lo", 1, "", lost);
	*m = two_moves;
	m->delay = 100;
	expect(b, "dev migrate if7 lo", 1, "", lost);
	b->cli.ctl->patience = patience;
	m->count = 1;
	m->delay = 0;
	expect(b, "dev migrate if7 lo", 0,
	       "flow 3735928559 is 195936478 now, moved in 12.3 ms\n", "");
	*m = (struct fake_moves){ 0 };
}

/* Does the terminal show @first, and @last in the end?  It shows things late. */
static bool shows(int terminal, const char *first, const char *last)
{
	struct pollfd pfd = { .fd = terminal, .events = POLLIN };
	char text[200] = "";
	size_t n = 0;

	while (poll(&pfd, 1, 2000) == 1) {
		ssize_t got = read(terminal, text + n, sizeof(text) - 1 - n);

		if (got <= 0)
			break;
		n += got;
		if (n >= strlen(first) + strlen(last) &&
		    !strcmp(text + n - strlen(last), last))
			return !strncmp(text, first, strlen(first));
	}
	return false;
}

/* Progress goes to a terminal only: a pair of which one end is read here */
static void test_progress(struct bench *b, const char *command,
			  const char *progress)
{
	struct fake_moves *m = &b->fk.moves;
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, status;
	char *line = strdup(command), *words[8];

	if (master < 0 || grantpt(master) || unlockpt(master)) {
		tap_ok(&b->tap, false, "a pseudo-terminal");
		return;
	}
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	*m = two_moves;
	m->early = 1;
	m->delay = 3500;
	b->cli.out = (struct out){ .file = fopen("/dev/null", "w") };
	b->cli.err = fdopen(slave, "w");
	status = cli_run(&b->cli, split_words(line, words, 8), words);
	free(line);
	fclose(b->cli.out.file);
	tap_ok(&b->tap, status == 1 && shows(master, progress, "\r\033[K"),
	       "a terminal shows how far it is, and is left clean");
	fclose(b->cli.err);
	close(master);
	*m = (struct fake_moves){ 0 };
}

static void test_delay(struct bench *b)
{
	expect(b, "delay", 0, "", "");
	b->fk.held = 3;
	expect(b, "delay show", 0,
	       "1 tcp service 0x00000050 remaining 9.870s\n"
	       "2 tcp from fd00::1 service 0x00000050 source-service 0x00000051 remaining 9.870s\n"
	       "3 tcp from 10.0.0.1 service 0x00000050 source-service 0x00000051 remaining 9.870s\n",
	       "");
	expect(b, "delay release 3", 0, "", "");
	tap_ok(&b->tap, b->fk.held == 2 &&
	       b->fk.verdict == SERVAL_DELAY_RELEASE, "a packet is released");
	expect(b, "-j delay", 0,
	       "[{\"id\":1,\"proto\":\"tcp\",\"service\":\"0x00000050\",\"remaining_ms\":9870},{\"id\":2,\"proto\":\"tcp\",\"from\":\"fd00::1\",\"service\":\"0x00000050\",\"source_service\":\"0x00000051\",\"remaining_ms\":9870}]\n",
	       "");
	expect(b, "delay drop 3", 1, "", "serval: Error: no such packet\n");
	expect(b, "delay drop all", 0, "", "");
	tap_ok(&b->tap, !b->fk.held && b->fk.verdict == SERVAL_DELAY_DROP,
	       "all packets are dropped");
}

static void test_dev(struct bench *b)
{
	expect(b, "dev set lo preference 200 settle 0", 0, "", "");
	tap_ok(&b->tap, b->fk.dev.ifindex == 1 &&
	       b->fk.dev.preference == 200 && !b->fk.dev.settle &&
	       b->fk.dev.has & SERVAL_HAS(SERVAL_A_DEV_SETTLE),
	       "both settings are sent");
	expect(b, "dev", 0,
	       "lo preference 200 settle 0\n"
	       "if2147483647 preference 200 settle 0\n", "");
	expect(b, "dev set lo settle 1500", 0, "", "");
	tap_ok(&b->tap, b->fk.dev.settle == 1500 &&
	       !(b->fk.dev.has & SERVAL_HAS(SERVAL_A_DEV_PREFERENCE)),
	       "so is one alone");
	expect(b, "dev show lo", 0, "lo preference 0 settle 1500\n", "");
	expect(b, "-j dev show", 0,
	       "[{\"ifindex\":1,\"dev\":\"lo\",\"preference\":0,\"settle_ms\":1500},{\"ifindex\":2147483647,\"preference\":0,\"settle_ms\":1500}]\n",
	       "");
	expect(b, "-j dev show if7", 1, "[]\n",
	       "serval: Error: connections do not move to \"if7\"\n");
	expect(b, "dev set if7 settle 1", 1, "",
	       "serval: Error: no such device\n");
}

static void test_rest(struct bench *b)
{
	expect(b, "stats", 0,
	       "InPkts              0  what it counts\n"
	       "OutPkts   10000000000  what it counts\n"
	       "LongName  20000000000  what it counts\n", "");
	expect(b, "-j stats -z", 0,
	       "[{\"OutPkts\":10000000000,\"LongName\":20000000000}]\n", "");
	b->fk.interruptions = 2;
	b->fk.dumps = 0;
	expect(b, "service", 0, "", "");
	tap_ok(&b->tap, b->fk.dumps == 3, "a disturbed dump is repeated");
	b->fk.interruptions = 1000;
	expect(b, "service", 0, "",
	       "serval: the table keeps changing: the list may be inexact\n");
	b->fk.interruptions = 0;
	b->fk.deny = true;
	expect(b, "service flush", 1, "",
	       "serval: Error: Operation not permitted (this needs CAP_NET_ADMIN)\n");
}

int main(void)
{
	struct bench b = { .cli = { .in = stdin } };

	b.cli.ctl = fake_kernel_start(&b.fk);
	if (!b.cli.ctl)
		return 1;
	test_rules(&b);
	test_ipv6(&b);
	test_encap(&b);
	test_timeouts(&b);
	test_deletion(&b);
	test_restore(&b);
	test_flows(&b);
	test_flow_migrate(&b);
	test_join_request(&b);
	test_join_result(&b);
	test_join_only(&b);
	test_flow_change(&b);
	test_role(&b);
	test_many_moves(&b);
	test_lost_moves(&b);
	test_progress(&b, "dev migrate if7 lo",
		      "\r1 of 2 moves have ended\033[K");
	test_progress(&b, "flow join 5 dev lo",
		      "\r1 of 2 joins have ended\033[K");
	test_delay(&b);
	test_dev(&b);
	test_rest(&b);
	cli_close(&b.cli);
	fake_kernel_stop(&b.fk);
	free(b.text);
	free(b.err);
	return tap_done(&b.tap);
}
