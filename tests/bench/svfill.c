// SPDX-License-Identifier: GPL-2.0-only
/*
 * svfill: add many forward rules, as fast as netlink takes them.
 *
 *   svfill FIRST COUNT ADDR
 *
 * Half of the rules are for whole service IDs, the others for prefixes of 64 to
 * 128 bits; the IDs are random, and the same for the same numbers from FIRST
 * on.  The rules lead to ADDR.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <linux/serval.h>

#define BATCH	64	/* messages in one packet; one answer to each */

static void fail(const char *what, int err)
{
	errx(1, "%s: %s", what, nl_geterror(err));
}

/* splitmix64 */
static __u64 mix(__u64 n)
{
	n *= 0x9e3779b97f4a7c15;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
	n = (n ^ n >> 27) * 0x94d049bb133111eb;
	return n ^ n >> 31;
}

static unsigned int make_id(__u64 n, struct service_id *id)
{
	unsigned int bytes = n % 2 ? SERVICE_ID_LEN : 8 + n % 9, i;
	__u64 word = 0;

	memset(id, 0, sizeof(*id));
	for (i = 0; i < bytes; i++, word >>= 8) {
		if (i % sizeof(word) == 0)
			word = mix(SERVICE_ID_LEN * n + i + 1);
		id->s_sid[i] = word;
	}
	return bytes * 8;
}

static size_t put_rule(void *buf, size_t room, int family, __u64 n,
		       in_addr_t addr)
{
	struct nl_msg *msg = nlmsg_alloc_size(room);
	struct service_id id;
	unsigned int bits = make_id(n, &id);
	struct nlmsghdr *nlh;
	size_t len;

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, 1, family, 0, NLM_F_ACK,
				 SERVAL_CMD_SERVICE_NEW, SERVAL_GENL_VERSION) ||
	    nla_put(msg, SERVAL_A_SERVICE_ID, sizeof(id), &id) ||
	    nla_put_u16(msg, SERVAL_A_SERVICE_PREFIX_BITS, bits) ||
	    nla_put_u8(msg, SERVAL_A_SERVICE_TYPE, SERVAL_SERVICE_FORWARD) ||
	    nla_put_u32(msg, SERVAL_A_SERVICE_ADDR4, addr))
		fail("message", -NLE_NOMEM);
	nlh = nlmsg_hdr(msg);
	nlh->nlmsg_flags |= NLM_F_REQUEST;
	len = NLMSG_ALIGN(nlh->nlmsg_len);
	memcpy(buf, nlh, len);
	nlmsg_free(msg);
	return len;
}

static int count_ack(struct nl_msg *msg, void *arg)
{
	(void)msg;
	++*(int *)arg;
	return NL_OK;
}

static int ignore(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static struct nl_sock *open_socket(int *acks)
{
	struct nl_sock *sk = nl_socket_alloc();
	int err = sk ? genl_connect(sk) : -NLE_NOMEM;

	if (err)
		fail("socket", err);
	nl_socket_disable_seq_check(sk);
	nl_socket_set_buffer_size(sk, 1 << 20, 1 << 20);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, ignore, NULL);
	nl_socket_modify_cb(sk, NL_CB_ACK, NL_CB_CUSTOM, count_ack, acks);
	return sk;
}

static void add(struct nl_sock *sk, int family, __u64 first, int count,
		in_addr_t addr, int *acks)
{
	static char buf[BATCH * 256];
	size_t len = 0;
	int i, err;

	for (i = 0; i < count; i++)
		len += put_rule(buf + len, 256, family, first + i, addr);
	err = nl_sendto(sk, buf, len);
	if (err < 0)
		fail("send", err);
	for (*acks = 0; *acks < count; ) {
		err = nl_recvmsgs_default(sk);
		if (err < 0)
			fail("a rule", err);
	}
}

int main(int argc, char **argv)
{
	struct nl_sock *sk;
	struct in_addr addr;
	int family, acks;
	__u64 n, end;

	if (argc != 4 || inet_pton(AF_INET, argv[3], &addr) != 1) {
		fputs("svfill FIRST COUNT ADDR\n", stderr);
		return 2;
	}
	sk = open_socket(&acks);
	family = genl_ctrl_resolve(sk, SERVAL_GENL_NAME);
	if (family < 0)
		fail(SERVAL_GENL_NAME, family);
	n = strtoull(argv[1], NULL, 0);
	for (end = n + strtoull(argv[2], NULL, 0); n < end; n += BATCH)
		add(sk, family, n, end - n < BATCH ? end - n : BATCH,
		    addr.s_addr, &acks);
	nl_socket_free(sk);
	return 0;
}
