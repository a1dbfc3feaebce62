// SPDX-License-Identifier: GPL-2.0-only
/*
 * Malformed packets, one kind per counter.
 *
 *   sv inject list            kinds, each with the counter that grows
 *   sv inject check           send each once and look at the counters
 *   sv inject KIND            send one from client to server
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sal.h"

static const __u8 some_id[32] = { 0x5e, 0x11, 0x22 };

static const struct tcp_seg syn_seg = {
	.sport = 1234, .dport = TCP_PORT, .seq = 1, .flags = TH_SYN,
};

static void start_syn(struct sal_buf *p)
{
	struct sal_control c = {
		.flags = SAL_SYN, .verno = 5, .nonce = 0x0102030405060708,
	};

	sal_start(p, 0x01020304, 0, IPPROTO_TCP);
	sal_add_control(p, &c);
}

static void make_short(struct sal_buf *p)
{
	sal_start(p, 1, 2, IPPROTO_TCP);
	sal_seal(p);
	p->len = 8;
}

static void make_shl_small(struct sal_buf *p)
{
	sal_start(p, 1, 2, IPPROTO_TCP);
	sal_seal(p);
	p->b[8] = 2;
}

static void make_shl_past(struct sal_buf *p)
{
	sal_start(p, 1, 2, IPPROTO_TCP);
	sal_seal(p);
	p->b[8] = 255;
}

static void make_csum(struct sal_buf *p)
{
	start_syn(p);
	sal_add_service(p, some_id);
	sal_seal(p);
	p->b[40] ^= 1;
	sal_tcp(p, &syn_seg);
}

static void make_proto(struct sal_buf *p)
{
	sal_start(p, 1, 2, 99);
	sal_seal(p);
}

static void make_src_zero(struct sal_buf *p)
{
	sal_start(p, 0, 2, IPPROTO_TCP);
	sal_seal(p);
	sal_tcp(p, &syn_seg);
}

static void with_ext(struct sal_buf *p, const __u8 *ext, size_t len)
{
	sal_start(p, 1, 2, IPPROTO_TCP);
	sal_add(p, ext, len);
	sal_seal(p);
}

static void make_ext_len0(struct sal_buf *p)
{
	with_ext(p, (__u8[4]) { 0x10, 0 }, 4);
}

static void make_ext_len1(struct sal_buf *p)
{
	with_ext(p, (__u8[4]) { 0x10, 1 }, 4);
}

static void make_ext_past(struct sal_buf *p)
{
	with_ext(p, (__u8[20]) { 0x10, 24 }, 20);
}

static void make_ext_last_byte(struct sal_buf *p)
{
	with_ext(p, (__u8[4]) { 0, 0, 0, 0x90 }, 4);
}

static void make_control_short(struct sal_buf *p)
{
	with_ext(p, (__u8[16]) { 0x10, 16, SAL_SYN }, 16);
}

static void make_control_long(struct sal_buf *p)
{
	with_ext(p, (__u8[24]) { 0x10, 24, SAL_SYN }, 24);
}

static void make_service_short(struct sal_buf *p)
{
	with_ext(p, (__u8[32]) { 0x20, 32 }, 32);
}

static void make_pads(struct sal_buf *p)
{
	with_ext(p, (__u8[12]) { 0 }, 12);
}

static void make_two_control(struct sal_buf *p)
{
	start_syn(p);
	sal_add_control(p, &(struct sal_control) { .flags = SAL_ACK });
	sal_seal(p);
}

static void make_three_service(struct sal_buf *p)
{
	start_syn(p);
	sal_add_service(p, some_id);
	sal_add_service(p, some_id);
	sal_add_service(p, some_id);
	sal_seal(p);
}

static void make_unknown_critical(struct sal_buf *p)
{
	with_ext(p, (__u8[4]) { 0xf8, 4 }, 4);
}

/* May be skipped: what is left is data for no flow */
static void make_unknown(struct sal_buf *p)
{
	with_ext(p, (__u8[4]) { 0xf0, 4 }, 4);
	sal_tcp(p, &(struct tcp_seg) { 1, TCP_PORT, 1, 1, TH_ACK, NULL, 0 });
}

static void make_pad_ok(struct sal_buf *p)
{
	with_ext(p, (__u8[4]) { 0 }, 4);
	sal_tcp(p, &(struct tcp_seg) { 1, TCP_PORT, 1, 1, TH_ACK, NULL, 0 });
}

static void make_no_flow(struct sal_buf *p)
{
	sal_start(p, 0x0a0b0c0d, 0x0d0c0b0a, IPPROTO_TCP);
	sal_seal(p);
	sal_tcp(p, &(struct tcp_seg) { 1, TCP_PORT, 1, 1, TH_ACK, NULL, 0 });
}

static void make_no_tcp(struct sal_buf *p)
{
	start_syn(p);
	sal_add_service(p, some_id);
	sal_seal(p);
	sal_data(p, "\1\2\3\4", 4);
}

static void make_no_service(struct sal_buf *p)
{
	start_syn(p);
	sal_add_service(p, some_id);
	sal_seal(p);
	sal_tcp(p, &syn_seg);
}

static void make_rst_no_flow(struct sal_buf *p)
{
	sal_start(p, 7, 8, SAL_NONE);
	sal_add_control(p, &(struct sal_control) { .flags = SAL_RST });
	sal_seal(p);
}

static void make_nack_no_flow(struct sal_buf *p)
{
	sal_start(p, 7, 8, SAL_NONE);
	sal_add_control(p, &(struct sal_control) { .flags = SAL_NACK });
	sal_seal(p);
}

static const struct {
	const char *name;
	void (*make)(struct sal_buf *p);
	const char *counter;
	const char *answer;	/* the counter of the answer, or none */
} kinds[] = {
	{ "short-header", make_short, "InHdrErrors", "-" },
	{ "length-too-small", make_shl_small, "InHdrErrors", "-" },
	{ "length-past-end", make_shl_past, "InHdrErrors", "-" },
	{ "checksum", make_csum, "InCsumErrors", "-" },
	{ "payload-protocol", make_proto, "InProtoErrors", "-" },
	{ "source-id-zero", make_src_zero, "InIdErrors", "-" },
	{ "extension-length-0", make_ext_len0, "InExtErrors", "-" },
	{ "extension-length-1", make_ext_len1, "InExtErrors", "-" },
	{ "extension-past-end", make_ext_past, "InExtErrors", "-" },
	{ "extension-cut", make_ext_last_byte, "InExtErrors", "-" },
	{ "control-too-short", make_control_short, "InExtErrors", "-" },
	{ "control-too-long", make_control_long, "InExtErrors", "-" },
	{ "service-too-short", make_service_short, "InExtErrors", "-" },
	{ "twelve-pads", make_pads, "InExtCount", "-" },
	{ "two-control", make_two_control, "InExtCount", "-" },
	{ "three-service", make_three_service, "InExtCount", "-" },
	{ "unknown-critical", make_unknown_critical, "InExtUnknown", "-" },
	{ "unknown-skipped", make_unknown, "InNoFlow", "OutRst" },
	{ "pads-skipped", make_pad_ok, "InNoFlow", "OutRst" },
	{ "no-flow", make_no_flow, "InNoFlow", "OutRst" },
	{ "syn-no-tcp", make_no_tcp, "InTransportErrors", "-" },
	{ "syn-no-service", make_no_service, "SynNoService", "OutNack" },
	{ "rst-no-flow", make_rst_no_flow, "InNoFlow", "-" },
	{ "nack-no-flow", make_nack_no_flow, "InNoFlow", "-" },
};

static void inject(const struct sal_buf *p)
{
	sal_send(CLI, p, env.addr[CLI], env.addr[SRV]);
}

/* A valid packet with a few bytes changed, its sum often put right again */
static void make_mutant(struct sal_buf *p, __u64 *seed)
{
	unsigned int n = 1 + rnd(seed) % 4;

	kinds[rnd(seed) % ARRAY_SIZE(kinds)].make(p);
	while (n--)
		p->b[rnd(seed) % p->len] ^= 1 << rnd(seed) % 8;
	if (rnd(seed) % 4 && p->b[8] * 4u <= p->len && p->b[8] >= 3) {
		__u16 sum;

		p->b[10] = 0;
		p->b[11] = 0;
		sum = sal_sum(p->b, p->b[8] * 4, 0);
		p->b[10] = sum >> 8;
		p->b[11] = sum;
	}
	if (rnd(seed) % 8 == 0)
		p->len = rnd(seed) % (p->len + 1);
}

/* Well-formed extensions in any order and number, any flags, any ids */
static void make_mixture(struct sal_buf *p, __u64 *seed)
{
	unsigned int n = rnd(seed) % 6;
	struct sal_control c;

	sal_start(p, rnd(seed), rnd(seed) % 3 ? rnd(seed) : 0,
		  rnd(seed) % 4 ? IPPROTO_TCP : SAL_NONE);
	while (n--) {
		if (rnd(seed) % 2) {
			c.flags = rnd(seed);
			c.verno = rnd(seed);
			c.ackno = rnd(seed);
			c.nonce = rnd(seed);
			sal_add_control(p, &c);
		} else {
			sal_add_service(p, rnd(seed) % 4 ? some_id :
					(__u8[32]) { 0 });
		}
	}
	sal_seal(p);
	if (rnd(seed) % 4)
		sal_tcp(p, &(struct tcp_seg) {
			rnd(seed), TCP_PORT, rnd(seed), rnd(seed),
			rnd(seed), "data", rnd(seed) % 5 });
}

static void make_noise(struct sal_buf *p, __u64 *seed)
{
	p->len = rnd(seed) % 200;
	fill(p->b, p->len, rnd(seed));
}

/* Anything a stranger might send, of more or less sense */
void inject_random(struct sal_buf *p, __u64 *seed)
{
	memset(p, 0, sizeof(*p));
	switch (rnd(seed) % 8) {
	case 0:
		make_noise(p, seed);
		break;
	case 1:
	case 2:
	case 3:
		make_mixture(p, seed);
		break;
	default:
		make_mutant(p, seed);
	}
}

static __u64 answers(void)
{
	return counter(SRV, "OutRst") + counter(SRV, "OutNack") +
	       counter(SRV, "OutSynAck");
}

/* One kind: its counter grows by one, and one or no answer is sent */
static int check_kind(size_t i)
{
	__u64 seen = counter(SRV, kinds[i].counter), sent = answers();
	bool answered = kinds[i].answer[0] != '-';
	__u64 named = answered ? counter(SRV, kinds[i].answer) : 0;
	struct sal_buf p;
	bool ok;

	memset(&p, 0, sizeof(p));
	kinds[i].make(&p);
	inject(&p);
	ok = reaches(SRV, kinds[i].counter, seen + 1);
	if (answered)
		ok &= reaches(SRV, kinds[i].answer, named + 1);
	ok &= answers() == sent + answered;
	if (!ok)
		printf("# %s grew by %llu, %llu answers\n", kinds[i].counter,
		       (unsigned long long)(counter(SRV, kinds[i].counter) -
					    seen),
		       (unsigned long long)(answers() - sent));
	printf("%sok - %s counts as %s, %s\n", ok ? "" : "not ",
	       kinds[i].name, kinds[i].counter,
	       answered ? "answered once" : "not answered");
	return !ok;
}

int cmd_inject(int argc, char **argv)
{
	struct sal_buf p;
	int failed = 0;
	size_t i;

	if (argc != 2)
		return 2;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(argv[1], "check")) {
			failed |= check_kind(i);
			continue;
		}
		if (!strcmp(argv[1], "list")) {
			printf("%s %s %s\n", kinds[i].name, kinds[i].counter,
			       kinds[i].answer);
			continue;
		}
		if (strcmp(argv[1], kinds[i].name))
			continue;
		memset(&p, 0, sizeof(p));
		kinds[i].make(&p);
		inject(&p);
		return 0;
	}
	if (strcmp(argv[1], "list") && strcmp(argv[1], "check"))
		return 2;
	return failed;
}
