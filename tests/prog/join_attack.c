// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks on connections with several flows, from a third host on the link
 * (Documentation/protocol.rst sections 5.10 to 5.13).
 *
 * As in move_attack.c: with keys (the suite join-attack) the attacker has seen everything
 * and keeps packets from arriving, without (join-guess) he knows everything but the nonce,
 * and what he cannot do is shown to be possible with it.
 *
 * A flow joins from the client's second address.  After each attack both ends have the
 * flows that they had, along the paths that they had, and use the one that they used.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "move.h"

#define FLOWS_MAX	8
#define SLICE		250	/* ms, less than a JOIN waits for its answer */
#define SLOW_SLICE	1500
#define BALANCE_PROBES	3	/* while nothing else happens */
#define RESETS		20

/* One flow, as /proc/net/serval/flow_table has it */
struct flow {
	__u32 id, peer_id;
	struct in_addr local, peer;
};

/* The flows of an end, by their ids, and the one that it uses */
struct flows {
	struct flow flow[FLOWS_MAX];
	unsigned int n;
	__u32 used;
};

static int by_id(const void *a, const void *b)
{
	const struct flow *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static bool read_flow(const char *line, struct flow *fl)
{
	char local[64], peer[64], state[32];

	return sscanf(line, "%u %u %63s %63s %*s %*u %*u %31s", &fl->id,
		      &fl->peer_id, local, peer, state) == 5 &&
	       !strcmp(state, "CONNECTED") &&
	       inet_pton(AF_INET, local, &fl->local) == 1 &&
	       inet_pton(AF_INET, peer, &fl->peer) == 1;
}

/* There is no other connection */
static struct flows flows_of(struct target *t, enum sv_host h)
{
	struct flows all;
	char line[256];
	FILE *f;

	memset(&all, 0, sizeof(all));
	host_enter(h);
	f = fopen("/proc/net/serval/flow_table", "r");
	expect(f);
	while (all.n < FLOWS_MAX && fgets(line, sizeof(line), f)) {
		all.n += read_flow(line, &all.flow[all.n]);
		if (all.n < FLOWS_MAX)
			memset(&all.flow[all.n], 0, sizeof(all.flow[0]));
	}
	fclose(f);
	qsort(all.flow, all.n, sizeof(all.flow[0]), by_id);
	all.used = flow_opt(h == CLI ? t->pair.c : t->pair.s, SERVAL_FLOW_ID);
	return all;
}

/* What both ends had when an attack began */
struct shot {
	struct flows at[2];
	__u64 joined;
};

static __u64 joined(void)
{
	return counter(CLI, "Joined") + counter(SRV, "Joined");
}

static struct shot shot_take(struct target *t)
{
	return (struct shot) {
		.at = { flows_of(t, CLI), flows_of(t, SRV) },
		.joined = joined(),
	};
}

/* An attempt that nobody confirms goes by itself */
static void flows_same(struct target *t, const struct shot *old)
{
	__u64 since = now_ms();
	int h;

	for (h = CLI; h <= SRV; h++) {
		struct flows now = flows_of(t, h);

		while (memcmp(&now, &old->at[h], sizeof(now))) {
			expect(now.used == old->at[h].used);
			wait_more(since, "the flows that there were");
			now = flows_of(t, h);
		}
	}
}

/* And no flow has joined, not even for a moment: nobody has a policy */
static void shot_same(struct target *t, const struct shot *old)
{
	flows_same(t, old);
	if (joined() != old->joined)
		note("%llu flows had joined, now %llu",
		     (unsigned long long)old->joined,
		     (unsigned long long)joined());
	expect(joined() == old->joined);
}

/* The flow of an end besides the one in use */
static struct flow spare_of(struct target *t, enum sv_host h)
{
	struct flows all = flows_of(t, h);

	expect(all.n == 2);
	return all.flow[all.flow[0].id == all.used];
}

static void wait_flows(struct target *t, unsigned int n)
{
	__u64 since = now_ms();

	while (flows_of(t, CLI).n != n || flows_of(t, SRV).n != n)
		wait_more(since, "flows at both ends");
	target_catch_up(t);
}

/* "serval flow VERB ID [addr TO]" */
static int ask(const char *verb, __u32 id, const char *to)
{
	const char *serval = getenv("SERVAL");
	char text[16];

	expect(serval);
	snprintf(text, sizeof(text), "%u", id);
	must(dup2(must(open("/dev/null", O_WRONLY)), STDOUT_FILENO));
	execl(serval, serval, "flow", verb, text, to ? "addr" : NULL, to, NULL);
	die("%s: %s", serval, errname(errno));
}

static int ask_join(__u32 id, struct in_addr to)
{
	return ask("join", id, inet_ntoa(to));
}

static int ask_use(__u32 id, struct in_addr to)
{
	(void)id;
	return ask("use", ntohl(to.s_addr), NULL);
}

static int ask_part(__u32 id, struct in_addr to)
{
	(void)id;
	return ask("part", ntohl(to.s_addr), NULL);
}

static void join_begin(struct target *t, enum sv_host h)
{
	mover_start(t, h, other_addr(t, h), ask_join);
}

static void join_now(struct target *t)
{
	join_begin(t, CLI);
	expect(!mover_end(t));
	wait_flows(t, 2);
}

static void use_begin(struct target *t, enum sv_host h)
{
	mover_start(t, h, (struct in_addr) { htonl(spare_of(t, h).id) },
		    ask_use);
}

/* The client sends along the other flow, and the server follows */
static void use_now(struct target *t)
{
	const __u32 c = spare_of(t, CLI).id, s = spare_of(t, SRV).id;
	__u64 since = now_ms();

	use_begin(t, CLI);
	expect(!mover_end(t));
	while (flows_of(t, CLI).used != c || flows_of(t, SRV).used != s)
		wait_more(since, "both ends to use the other flow");
	t->id[CLI] = c;
	t->id[SRV] = s;
	target_flows(t);
	target_catch_up(t);
}

/* The flow that is not used ends */
static void part_now(struct target *t)
{
	mover_start(t, CLI, (struct in_addr) { htonl(spare_of(t, CLI).id) },
		    ask_part);
	expect(!mover_end(t));
	wait_flows(t, 1);
}

/* All of it still works, from where the connection is */
static void join_end(struct target *t)
{
	if (flows_of(t, CLI).n == 1)
		join_now(t);
	use_now(t);
	use_now(t);
	part_now(t);
	target_settle(t);
}

/* Everything in it is right, so far as it can be seen: JOIN comes from a new flow or, as
 * all the others but JOIN-ACK, along the one with these ids
 */
static struct forged join_from(const struct target *t, enum sv_host h,
			       enum move_kind k, __u32 src, __u32 dst)
{
	static const __u8 flags[KINDS] = {
		[MOVE_ACK] = SAL_ACK, [JOIN] = SAL_SYN | SAL_RSYN,
		[JOIN_ACK] = SAL_SYN | SAL_RSYN | SAL_ACK, [PROBE] = SAL_ACK,
		[PART] = SAL_RSYN | SAL_FIN, [LISTED] = SAL_ACK,
	};

	return (struct forged) {
		.flags = flags[k],
		.kind = k == MOVE_ACK ? SAL_RESPONSE :
			k == PART || k == LISTED ? 0 : SAL_CHALLENGE,
		.lists = k == LISTED,
		.src = src, .dst = dst, .nonce = t->nonce,
		.verno = t->joino[h], .ackno = t->joino[!h],
		.path = rnd_seed(),
	};
}

static const enum move_kind join_kinds[] = {
	MOVE_ACK, JOIN, JOIN_ACK, PROBE, PART, LISTED,
};

/**
 * struct lie - what is wrong with forged packets
 * @nonce: wrong bits of the connection's
 * @mac:   in AUTH, or NULL
 */
struct lie {
	__u64 nonce;
	const __u8 *mac;
};

static void forge_one(struct target *t, enum sv_host h, enum move_kind k,
		      const struct flow *fl, const struct lie *lie)
{
	struct forged f = join_from(t, h, k, fl->peer_id, fl->id);
	struct sal_buf p;

	f.mac = lie->mac;
	f.nonce ^= lie->nonce;
	forge(&p, &f);
	send_from_all(t, &p, fl->peer, fl->local);
	if (k != JOIN && k != JOIN_ACK)
		return;
	f.src = STRANGE_ID;
	forge(&p, &f);
	send_from_all(t, &p, fl->peer, fl->local);
}

/* Of each kind, in the name of each end, along each flow of the other */
static void forge_all(struct target *t, const struct lie *lie)
{
	struct flows all;
	unsigned int i;
	size_t k;
	int h;

	for (h = CLI; h <= SRV; h++) {
		all = flows_of(t, !h);
		for (i = 0; i < all.n; i++)
			for (k = 0; k < ARRAY_SIZE(join_kinds); k++)
				forge_one(t, h, join_kinds[k], &all.flow[i],
					  lie);
	}
}

static void forged_round(struct target *t, const __u8 *old)
{
	struct shot shot = shot_take(t);
	__u8 mac[SAL_MAC] = { };
	__u64 c, s;

	counter_both("InBadAuth", &c, &s);
	round_begin(t);
	forge_all(t, &(struct lie) { });
	forge_all(t, &(struct lie) { .mac = mac });
	fill(mac, sizeof(mac), rnd_seed());
	forge_all(t, &(struct lie) { .mac = mac });
	if (old)
		forge_all(t, &(struct lie) { .mac = old });
	round_dropped(t);
	expect_grown("InBadAuth", c, s);
	target_flows(t);
	target_spares(t);
	shot_same(t, &shot);
}

/* The first round meets ends that have no secret yet */
static void attack_forged(void)
{
	__u8 mac[SAL_MAC];
	struct target t;

	target_open(&t);
	expect(t.keyed);
	forged_round(&t, NULL);
	join_now(&t);
	expect(t.tape[JOIN].p.hlen == 64 && t.tape[JOIN_ACK].p.hlen == 64);
	memcpy(mac, mac_of(&t.tape[JOIN]), sizeof(mac));
	forged_round(&t, mac);
	use_now(&t);
	forged_round(&t, mac);
	join_end(&t);
}

/* What the attacker would say in the place of what he keeps back */
static void forge_held(struct target *t, enum move_kind k, const __u8 *mac)
{
	const enum sv_host h = !move_to(k);
	const __u8 *join = t->tape[JOIN].p.b, *answer = t->tape[JOIN_ACK].p.b;
	struct forged f = join_from(t, h, k, t->id[h], t->id[!h]);
	struct sal_buf p;
	int i;

	f.mac = mac;
	if (k != JOIN)
		f.src = h == CLI ? be32_at(join) : be32_at(answer);
	if (k == MOVE_ACK) {
		f.dst = be32_at(answer);
		memcpy(&f.path, answer + 36, sizeof(f.path));
	} else if (k == JOIN_ACK) {
		f.dst = be32_at(join);
	}
	for (i = 0; i < 3; i++) {
		if (i == 2)
			f.src = STRANGE_ID;
		forge(&p, &f);
		send_from_all(t, &p, t->tape[k].from, t->tape[k].to);
		f.path ^= i == 0;
	}
}

/* It comes late, perhaps too late.  The last one by the attacker: nobody asks for it again */
static void join_release(struct target *t, enum move_kind k)
{
	unsigned int err;

	if (k == MOVE_ACK)
		target_send(t, &t->tape[k].p, t->tape[k].from, t->tape[k].to);
	move_unmute(k);
	err = mover_end(t);
	if (!err)
		wait_flows(t, 2);
	else
		note("the flow has not joined: %u", err);
	if (!err)
		part_now(t);
	else
		wait_flows(t, 1);
}

/* While a flow joins: the answer that is waited for, but from somebody else */
static void attack_answered(void)
{
	static const enum move_kind steps[] = { JOIN, JOIN_ACK, MOVE_ACK };
	static const __u8 zero[SAL_MAC];
	struct target t;
	__u64 before, auth;
	size_t i;

	target_open(&t);
	expect(t.keyed);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		enum move_kind k = steps[i];

		before = counter(move_to(k), "Joined");
		hold(&t, k, join_begin);
		auth = counter(move_to(k), "InBadAuth");
		round_begin(&t);
		if (k == JOIN) {
			/* nobody can have answered yet */
			t.tape[JOIN_ACK].from = t.tape[JOIN].to;
			t.tape[JOIN_ACK].to = t.tape[JOIN].from;
			memcpy(t.tape[JOIN_ACK].p.b, t.tape[JOIN].p.b, 4);
			forge_held(&t, JOIN_ACK, NULL);
			forge_held(&t, JOIN_ACK, mac_of(&t.tape[JOIN]));
		} else {
			forge_held(&t, k, NULL);
			forge_held(&t, k, zero);
			forge_held(&t, k, mac_of(&t.tape[JOIN]));
		}
		round_dropped(&t);
		expect(k == JOIN || counter(move_to(k), "InBadAuth") > auth);
		expect(counter(move_to(k), "Joined") == before);
		join_release(&t, k);
	}
	join_end(&t);
}

/* Each packet of what has happened, at once and after others */
static void replay_round(struct target *t, const struct taped *tape, size_t n)
{
	struct shot shot = shot_take(t);

	replay(t, tape, n);
	target_flows(t);
	flows_same(t, &shot);
	target_spares(t);
}

#define JOIN_TAPE	(1 + LISTED - MOVE_ACK)

static void attack_replayed(void)
{
	static struct taped old[4 * JOIN_TAPE];
	__u64 before = joined();
	struct target t;
	size_t n = 0;

	target_open(&t);
	join_now(&t);
	old[n++] = t.tape[JOIN];
	old[n++] = t.tape[JOIN_ACK];
	old[n++] = t.tape[MOVE_ACK];
	replay_round(&t, old, n);
	use_now(&t);
	old[n++] = t.tape[JOIN];
	old[n++] = t.tape[JOIN_ACK];
	replay_round(&t, old, n);
	use_now(&t);
	replay_round(&t, old, n);
	part_now(&t);
	old[n++] = t.tape[PART];
	replay_round(&t, old, n);
	join_now(&t);
	replay_round(&t, old, n);
	expect(joined() == before + 4);
	join_end(&t);
}

/* The next packet of a kind, with this in its PATH if that is not NULL */
static void wait_seen(struct target *t, enum move_kind k, const __u8 *path)
{
	unsigned int seen = t->seen[k];
	__u64 since = now_ms();
	struct sal_seen s;

	while (t->seen[k] == seen ||
	       (path && memcmp(t->tape[k].p.b + 36, path, 8)))
		if (!target_see(t, &s))
			wait_more(since, "a packet");
}

/* "I do not know this flow", with the challenge of a probe that has its answer */
static void reset_probed(struct target *t)
{
	struct shot shot = shot_take(t);
	struct taped probe;
	struct forged f;
	struct sal_buf p;
	int i;

	for (i = 0; i < RESETS; i++) {
		wait_seen(t, PROBE, NULL);
		probe = t->tape[PROBE];
		wait_seen(t, MOVE_ACK, probe.p.b + 36);
		f = join_from(t, CLI, MOVE_ACK, be32_at(probe.p.b + 4),
			      be32_at(probe.p.b));
		f.flags = SAL_RST;
		memcpy(&f.path, probe.p.b + 36, sizeof(f.path));
		forge(&p, &f);
		target_send(t, &p, probe.to, probe.from);
	}
	target_flows(t);
	flows_same(t, &shot);
}

/* What hosts with a policy say by themselves: lists, probes and their answers */
static void attack_told(void)
{
	static struct taped old[3];
	const int policy = SERVAL_MULTIPATH_BALANCE;
	__u64 since = now_ms();
	struct target t;
	unsigned int i;

	target_open(&t);
	must(setsockopt(t.pair.s, SOL_SERVAL, SERVAL_MULTIPATH, &policy,
			sizeof(policy)));
	must(setsockopt(t.pair.c, SOL_SERVAL, SERVAL_MULTIPATH, &policy,
			sizeof(policy)));
	wait_flows(&t, 2);
	while (!t.seen[LISTED] || t.seen[PROBE] < BALANCE_PROBES ||
	       !t.seen[MOVE_ACK]) {
		target_catch_up(&t);
		wait_more(since, "lists and probes");
	}
	for (i = 0; i < 2; i++) {
		old[0] = t.tape[LISTED];
		old[1] = t.tape[PROBE];
		old[2] = t.tape[MOVE_ACK];
		replay_round(&t, old, ARRAY_SIZE(old));
		target_catch_up(&t);
	}
	for (i = 0; i < ARRAY_SIZE(old); i++)
		reflect(&t, &old[i]);
	reset_probed(&t);
	target_spares(&t);
	target_settle(&t);
}

static void attack_reflected(void)
{
	static struct taped old[4];
	struct target t;
	struct shot shot;
	size_t i;

	target_open(&t);
	expect(t.keyed);
	join_now(&t);
	old[0] = t.tape[JOIN];
	old[1] = t.tape[JOIN_ACK];
	old[2] = t.tape[MOVE_ACK];
	use_now(&t);
	old[3] = t.tape[JOIN];
	shot = shot_take(&t);
	for (i = 0; i < ARRAY_SIZE(old); i++)
		reflect(&t, &old[i]);
	target_flows(&t);
	shot_same(&t, &shot);
	join_end(&t);
}

static void attack_cut(void)
{
	static const enum move_kind steps[] = { JOIN, JOIN_ACK, MOVE_ACK };
	unsigned int n = 0;
	struct target t;
	__u64 before;
	size_t i;

	target_open(&t);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		before = counter(move_to(steps[i]), "Joined");
		hold(&t, steps[i], join_begin);
		round_begin(&t);
		n += send_cut(&t, &t.tape[steps[i]]);
		round_dropped(&t);
		expect(counter(move_to(steps[i]), "Joined") == before);
		join_release(&t, steps[i]);
	}
	note("%u packets", n);
	join_end(&t);
}

/* Then the original, which counts: so each bit that was wrong was seen to be.  Return: bits
 * tried before the packet grew old
 */
static unsigned int flip(struct target *t, enum move_kind k, unsigned int bit,
			 unsigned int *landed)
{
	const unsigned int step = is_slow() ? 7 : 1;
	const __u64 most = is_slow() ? SLOW_SLICE : SLICE;
	const enum sv_host h = move_to(k);
	__u64 since, before, answered;

	before = counter(h, "Joined");
	answered = counter(h, "OutJoinAck");
	hold(t, k, join_begin);
	answered += k != JOIN && h == SRV;
	since = now_ms();
	round_begin(t);
	for (; bit < t->tape[k].p.len * 8 && now_ms() - since < most;
	     bit += step)
		send_flipped(t, &t->tape[k], bit);
	round_dropped(t);
	expect(counter(h, "Joined") == before);
	expect(k != JOIN || counter(h, "OutJoinAck") == answered);
	target_send(t, &t->tape[k].p, t->tape[k].from, t->tape[k].to);
	*landed += count_grows(h, "Joined", before);
	move_unmute(k);
	mover_end(t);
	if (flows_of(t, CLI).n == 2)
		wait_flows(t, 2);
	if (flows_of(t, CLI).n == 2)
		part_now(t);
	return bit;
}

static void attack_flipped(void)
{
	static const enum move_kind steps[] = { JOIN, JOIN_ACK, MOVE_ACK };
	unsigned int bit, landed, slices;
	struct target t;
	size_t i;

	target_open(&t);
	expect(t.keyed);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		bit = 0;
		slices = 0;
		landed = 0;
		while (bit < 64 * 8) {
			bit = flip(&t, steps[i], bit, &landed);
			slices++;
		}
		note("%u bits in %u attempts, of which %u went on", bit,
		     slices, landed);
		expect(landed);
	}
	join_end(&t);
}

/* "I do not know this flow", in all ways, of each flow */
static void stray_resets(struct target *t)
{
	static const __u8 kinds[] = { 0, SAL_CHALLENGE, SAL_RESPONSE };
	struct flows all;
	struct forged f;
	struct sal_buf p;
	unsigned int i;
	size_t k;
	int h;

	for (h = CLI; h <= SRV; h++) {
		all = flows_of(t, !h);
		for (i = 0; i < all.n; i++) {
			for (k = 0; k < ARRAY_SIZE(kinds); k++) {
				f = join_from(t, h, JOIN, all.flow[i].peer_id,
					      all.flow[i].id);
				f.flags = SAL_RST;
				f.kind = kinds[k];
				forge(&p, &f);
				send_from_all(t, &p, all.flow[i].peer,
					      all.flow[i].local);
			}
		}
	}
}

/* Data along a flow of somebody's who is not where it leads */
static void stray_data(struct target *t)
{
	struct flow fl = spare_of(t, SRV);
	struct tcp_seg seg = {
		.sport = TCP_PORT, .dport = TCP_PORT, .flags = TH_ACK | TH_PSH,
		.data = "EVIL!", .len = 5,
	};
	struct sal_buf p;

	sal_start(&p, fl.peer_id, fl.id, IPPROTO_TCP);
	sal_seal(&p);
	sal_tcp(&p, &seg);
	target_send(t, &p, outsider_addr(EVIL), fl.local);
	target_send(t, &p, outsider_addr(VICTIM), fl.local);
	sal_start(&p, STRANGE_ID, fl.id, IPPROTO_TCP);
	sal_seal(&p);
	sal_tcp(&p, &seg);
	target_send(t, &p, fl.peer, fl.local);
}

static void attack_stray(void)
{
	struct target t;
	struct shot shot;
	__u64 away, id;

	target_open(&t);
	join_now(&t);
	shot = shot_take(&t);
	away = counter(SRV, "InBadLocator");
	id = counter(SRV, "InBadPeerId");
	stray_data(&t);
	target_flows(&t);
	expect(counter(SRV, "InBadLocator") >= away + 2);
	expect(counter(SRV, "InBadPeerId") > id);
	shot_same(&t, &shot);
	stray_resets(&t);
	target_flows(&t);
	target_spares(&t);
	/* who is told that his flow is not known asks, and has another then */
	expect(flows_of(&t, CLI).n == 2 && flows_of(&t, SRV).n == 2);
	join_end(&t);
}

/* What the client has said, in the name of somebody else who is faster */
static void attack_overtaken(void)
{
	static const enum move_kind steps[] = { JOIN, MOVE_ACK };
	struct target t;
	__u64 since;
	size_t i;

	target_open(&t);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		hold(&t, steps[i], join_begin);
		target_send(&t, &t.tape[steps[i]].p, outsider_addr(VICTIM),
			    t.tape[steps[i]].to);
		since = now_ms();
		while (steps[i] == JOIN && !t.got[VICTIM]) {
			wait_more(since, "an answer");
			target_catch_up(&t);
		}
		join_release(&t, steps[i]);
		target_spares(&t);
	}
	join_end(&t);
}

/* Somebody who is not on the link: everything has leaked but the nonce */
static void attack_guessed(void)
{
	struct lie lie = { };
	struct target t;
	struct shot shot;
	__u64 c, s;
	int bit;

	target_open(&t);
	expect(!t.keyed);
	join_now(&t);
	shot = shot_take(&t);
	counter_both("InBadNonce", &c, &s);
	round_begin(&t);
	for (bit = 0; bit < 64; bit += is_slow() ? 9 : 3) {
		lie.nonce = 1ULL << bit;
		forge_all(&t, &lie);
	}
	round_dropped(&t);
	expect_grown("InBadNonce", c, s);
	target_flows(&t);
	target_spares(&t);
	shot_same(&t, &shot);
	join_end(&t);
}

/* With the nonce, but a version number of the past */
static void attack_outdated(void)
{
	static const enum move_kind numbered[] = { JOIN, PART };
	struct target t;
	struct shot shot;
	struct flow fl;
	struct sal_buf p;
	struct forged f;
	__u64 before;
	size_t k;
	__u32 i;

	target_open(&t);
	expect(!t.keyed);
	join_now(&t);
	use_now(&t);
	use_now(&t);
	shot = shot_take(&t);
	fl = spare_of(&t, SRV);
	before = counter(SRV, "InBadVerno");
	round_begin(&t);
	for (k = 0; k < ARRAY_SIZE(numbered); k++) {
		for (i = 0; i < 31; i++) {
			f = join_from(&t, CLI, numbered[k],
				      numbered[k] == JOIN ? STRANGE_ID :
				      fl.peer_id, fl.id);
			f.verno -= 1U << i;
			forge(&p, &f);
			send_from_all(&t, &p, fl.peer, fl.local);
		}
	}
	round_dropped(&t);
	expect(counter(SRV, "InBadVerno") >= before + 31);
	target_flows(&t);
	shot_same(&t, &shot);
	join_end(&t);
}

/* Contrast: who sees the nonce, and needs no MAC, has a flow to himself join, and the
 * server use it.  These are the packets of attack_forged().
 */
static void contrast_joined(void)
{
	const struct in_addr evil = outsider_addr(EVIL);
	struct sal_seen s = { };
	struct sal_buf p;
	struct forged f;
	struct target t;
	__u64 since;
	__u32 id;

	target_open(&t);
	expect(!t.keyed);
	t.open = true;
	f = join_from(&t, CLI, JOIN, STRANGE_ID, t.id[SRV]);
	forge(&p, &f);
	target_send(&t, &p, evil, t.at[SRV]);
	for (since = now_ms(); !t.seen[JOIN_ACK]; target_catch_up(&t))
		wait_more(since, "the answer");
	id = be32_at(t.tape[JOIN_ACK].p.b);
	f = join_from(&t, CLI, MOVE_ACK, STRANGE_ID, id);
	memcpy(&f.path, t.tape[JOIN_ACK].p.b + 36, sizeof(f.path));
	forge(&p, &f);
	target_send(&t, &p, evil, t.at[SRV]);
	while (flows_of(&t, SRV).n != 2)
		wait_more(since, "a flow of the attacker's");
	f = join_from(&t, CLI, JOIN, STRANGE_ID, id);
	f.verno++;
	forge(&p, &f);
	target_send(&t, &p, evil, t.at[SRV]);
	while (flows_of(&t, SRV).used != id)
		wait_more(since, "the server to use it");
	while (s.daddr.s_addr != evil.s_addr || s.hlen != 12 || s.plen < 500)
		if (!target_see(&t, &s))
			wait_more(since, "the server's data");
	target_abort(&t);
}

/* Contrast: with the nonce, a list leads JOINs to somebody who has never asked for them,
 * but nothing else
 */
static void contrast_listed(void)
{
	const int policy = SERVAL_MULTIPATH_BACKUP;
	struct forged f;
	struct target t;
	struct sal_buf p;
	__u64 since = now_ms();
	int i;

	target_open(&t);
	expect(!t.keyed);
	t.asked[VICTIM] = 100;	/* that many would be too many */
	f = join_from(&t, SRV, LISTED, t.id[SRV], t.id[CLI]);
	/* more than can be answered */
	for (i = 0; i < 100; i++, f.verno++) {
		forge(&p, &f);
		target_send(&t, &p, t.at[SRV], t.at[CLI]);
	}
	target_flows(&t);
	expect(!t.got[VICTIM]);
	must(setsockopt(t.pair.c, SOL_SERVAL, SERVAL_MULTIPATH, &policy,
			sizeof(policy)));
	while (t.got[VICTIM] < 2) {
		forge(&p, &f);
		target_send(&t, &p, t.at[SRV], t.at[CLI]);
		f.verno++;
		target_catch_up(&t);
		wait_more(since, "a JOIN");
	}
	target_settle(&t);
}

#define WHERE	(SV_SERVAL | SV_TWO | SV_ATT)

const struct sv_case join_attack_cases[] = {
	{ "join-forged", WHERE, attack_forged,
	  "nobody joins, uses or ends a flow without the keys" },
	{ "join-answered", WHERE, attack_answered,
	  "nor answers for the other end while it joins one" },
	{ "join-replayed", WHERE, attack_replayed,
	  "each packet counts once" },
	{ "join-told", WHERE, attack_told,
	  "what hosts tell each other by themselves as well" },
	{ "join-reflected", WHERE, attack_reflected,
	  "and not for who has sent it" },
	{ "join-cut", WHERE, attack_cut,
	  "the beginning of a packet does nothing" },
	{ "join-flipped", WHERE, attack_flipped,
	  "each bit is protected" },
	{ "join-stray", WHERE, attack_stray,
	  "refusals and data from elsewhere do nothing" },
	{ "join-overtaken", WHERE, attack_overtaken,
	  "who is faster gets a third party three packets, and no data" },
	{ }
};

const struct sv_case join_guess_cases[] = {
	{ "guess-nonce", WHERE, attack_guessed,
	  "without keys nobody joins a flow who has not seen the nonce" },
	{ "guess-verno", WHERE, attack_outdated,
	  "nor by a version number that was used" },
	{ "guess-replayed", WHERE, attack_replayed,
	  "each packet counts once" },
	{ "guess-cut", WHERE, attack_cut,
	  "the beginning of a packet does nothing" },
	{ "contrast-joined", WHERE, contrast_joined,
	  "contrast: who sees the nonce gets a flow, and the data" },
	{ "contrast-listed", WHERE, contrast_listed,
	  "contrast: and leads JOINs to a third party, but nothing else" },
	{ }
};
