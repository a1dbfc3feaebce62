// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks on connections that move, from a third host on the link
 * (Documentation/protocol.rst sections 5 and 6).
 *
 * The suite move-attack is for connections with keys: the attacker has seen everything
 * from the handshake on, and keeps packets from arriving.  move-guess is for those
 * without, where the nonce is all that protects: the attacker knows the ids, the
 * version numbers and the addresses, but not that.
 *
 * In each case bytes go both ways meanwhile, and must arrive; and both ends move at its
 * end.  Which counter a refusal is found in is left open where the order of the checks
 * is a matter of taste.  That the forged packets are good ones is shown by the cases
 * that are marked as contrast: there the same packets, with what the attacker should
 * not have, do what he wants.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "move.h"

#define GUESSES		64
#define GIVEN_UP	8000	/* ms, if it is ever given up */
#define SLICE		250	/* ms; a move is given up after 1,500 at the earliest, */
#define SLOW_SLICE	1500	/* and over the slow links of the script after 6,000 */

/* Everything in it is right, so far as it can be seen on the link */
static struct forged next_from(const struct target *t, enum sv_host h,
			       enum move_kind k)
{
	struct forged f = {
		.kind = k == MOVE_ACK ? SAL_RESPONSE : SAL_CHALLENGE,
		.src = k == RSYN ? STRANGE_ID : t->id[h], .dst = t->id[!h],
		.verno = t->verno[h], .ackno = t->verno[!h],
		.nonce = t->nonce, .path = rnd_seed(),
	};

	f.flags = (k == MOVE_ACK ? 0 : SAL_RSYN) | (k == RSYN ? 0 : SAL_ACK);
	return f;
}

static void forge_each(struct target *t, const __u8 *mac)
{
	struct sal_buf p;
	struct forged f;
	int h, k;

	for (h = CLI; h <= SRV; h++) {
		for (k = 0; k < MOVE_KINDS; k++) {
			f = next_from(t, h, k);
			f.mac = mac;
			forge(&p, &f);
			send_from_all(t, &p, t->at[h], t->at[!h]);
		}
	}
}

/* @old is the MAC of another packet, if there has been one */
static void forged_round(struct target *t, const __u8 *old)
{
	__u8 mac[SAL_MAC] = { };
	__u64 c, s;

	counter_both("InBadAuth", &c, &s);
	round_begin(t);
	forge_each(t, NULL);
	forge_each(t, mac);
	fill(mac, sizeof(mac), rnd_seed());
	forge_each(t, mac);
	if (old)
		forge_each(t, old);
	round_dropped(t);
	expect_grown("InBadAuth", c, s);
	round_unmoved(t);
	target_flows(t);
}

/* The first round meets ends that have never moved and have no secret yet */
static void attack_forged(void)
{
	__u8 mac[SAL_MAC];
	struct target t;

	target_open(&t);
	expect(t.keyed);
	forged_round(&t, NULL);
	move_now(&t, CLI);
	expect(t.tape[RSYN].p.hlen == 64);
	memcpy(mac, mac_of(&t.tape[RSYN]), sizeof(mac));
	forged_round(&t, mac);
	move_now(&t, SRV);
	forged_round(&t, mac);
	target_end(&t);
}

/* What the attacker would say in the place of what he keeps back */
static struct forged in_place_of(const struct target *t, enum move_kind k)
{
	struct forged f = next_from(t, !move_to(k), k);
	const __u8 *rsyn = t->tape[RSYN].p.b;
	const __u8 *answer = t->tape[RSYN_ACK].p.b;

	if (k == RSYN_ACK)
		f.dst = be32_at(rsyn);
	if (k == MOVE_ACK) {
		f.src = be32_at(rsyn);
		f.dst = be32_at(answer);
		memcpy(&f.path, answer + 36, sizeof(f.path));
	}
	return f;
}

static void forge_held(struct target *t, enum move_kind k, const __u8 *mac)
{
	struct forged f = in_place_of(t, k);
	struct sal_buf p;

	f.mac = mac;
	forge(&p, &f);
	send_from_all(t, &p, t->tape[k].from, t->tape[k].to);
	f.path ^= 1;
	forge(&p, &f);
	send_from_all(t, &p, t->tape[k].from, t->tape[k].to);
	f.path ^= 1;
	f.src = STRANGE_ID;
	forge(&p, &f);
	send_from_all(t, &p, t->tape[k].from, t->tape[k].to);
}

/* In the middle of a move: the answer that is waited for, but from somebody else */
static void attack_answered(void)
{
	static const __u8 zero[SAL_MAC];
	struct target t;
	__u64 auth;
	int k;

	target_open(&t);
	expect(t.keyed);
	move_now(&t, CLI);
	for (k = RSYN; k < MOVE_KINDS; k++) {
		/* also of RSYN: then it is the answer that nobody can give yet */
		move_hold(&t, k);
		auth = counter(move_to(k), "InBadAuth");
		round_begin(&t);
		forge_held(&t, k, NULL);
		forge_held(&t, k, zero);
		forge_held(&t, k, mac_of(&t.tape[RSYN]));
		if (k == RSYN) {
			t.tape[RSYN_ACK].from = t.tape[RSYN].to;
			t.tape[RSYN_ACK].to = t.tape[RSYN].from;
			forge_held(&t, RSYN_ACK, NULL);
			forge_held(&t, RSYN_ACK, mac_of(&t.tape[RSYN]));
			expect(target_stays(&t, CLI));
		}
		round_dropped(&t);
		expect(target_stays(&t, move_to(k)));
		expect(counter(move_to(k), "InBadAuth") > auth);
		if (move_release(&t, k))
			note("move %d has failed", k);
	}
	target_end(&t);
}

/* Copies of the last move may be answered, but nothing comes of that */
static void replay_round(struct target *t, const struct taped *tp, size_t n)
{
	__u64 moved = counter(CLI, "Moved") + counter(SRV, "Moved");

	replay(t, tp, n);
	target_flows(t);
	expect(target_stays(t, CLI));
	expect(target_stays(t, SRV));
	expect(counter(CLI, "Moved") + counter(SRV, "Moved") == moved);
}

/* Each packet of a move, at once and after others */
static void attack_replayed(void)
{
	static struct taped old[3 * MOVE_KINDS];
	const size_t len = sizeof(old[0]) * MOVE_KINDS;
	struct target t;

	target_open(&t);
	move_now(&t, CLI);
	memcpy(old, t.tape, len);
	replay_round(&t, old, MOVE_KINDS);
	move_now(&t, SRV);
	memcpy(old + MOVE_KINDS, t.tape, len);
	replay_round(&t, old, 2 * MOVE_KINDS);
	move_now(&t, CLI);
	memcpy(old + 2 * MOVE_KINDS, t.tape, len);
	replay_round(&t, old, 3 * MOVE_KINDS);
	target_end(&t);
}

/* A move of another connection between the same hosts, made out to be of this one */
static void attack_transplanted(void)
{
	struct target t, other;
	struct sal_buf p;
	struct forged f;
	__u64 c, s;
	int k, h;

	target_open(&t);
	expect(t.keyed);
	target_open(&other);
	move_now(&t, CLI);
	move_now(&other, CLI);
	counter_both("InBadAuth", &c, &s);
	round_begin(&t);
	for (k = 0; k < MOVE_KINDS; k++) {
		for (h = CLI; h <= SRV; h++) {
			f = next_from(&t, h, k);
			f.mac = mac_of(&other.tape[k]);
			memcpy(&f.path, other.tape[k].p.b + 36,
			       sizeof(f.path));
			forge(&p, &f);
			send_from_all(&t, &p, t.at[h], t.at[!h]);
		}
	}
	round_dropped(&t);
	expect_grown("InBadAuth", c, s);
	round_unmoved(&t);
	target_end(&other);
	target_end(&t);
}

static void attack_reflected(void)
{
	static struct taped old[MOVE_KINDS];
	struct target t;
	int k, h;

	target_open(&t);
	expect(t.keyed);
	for (h = CLI; h <= SRV; h++) {
		move_now(&t, h);
		memcpy(old, t.tape, sizeof(old));
		round_begin(&t);
		for (k = 0; k < MOVE_KINDS; k++)
			reflect(&t, &old[k]);
		target_flows(&t);
		round_unmoved(&t);
	}
	for (k = 0; k < MOVE_KINDS; k++) {
		move_hold(&t, k);
		round_begin(&t);
		reflect(&t, &t.tape[k]);
		round_dropped(&t);
		expect(target_stays(&t, move_to(k)));
		if (move_release(&t, k))
			note("move %d has failed", k);
	}
	target_end(&t);
}

static void attack_cut(void)
{
	unsigned int n = 0;
	struct target t;
	int k;

	target_open(&t);
	move_now(&t, SRV);
	for (k = 0; k < MOVE_KINDS; k++) {
		move_hold(&t, k);
		round_begin(&t);
		n += send_cut(&t, &t.tape[k]);
		round_dropped(&t);
		expect(target_stays(&t, move_to(k)));
		if (move_release(&t, k))
			note("move %d has failed", k);
	}
	note("%u packets", n);
	target_end(&t);
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
	__u64 since, moved, answered;

	move_hold(t, k);
	since = now_ms();
	round_begin(t);
	moved = counter(h, "Moved");
	answered = counter(h, "OutRsynAck");
	for (; bit < t->tape[k].p.len * 8 && now_ms() - since < most;
	     bit += step)
		send_flipped(t, &t->tape[k], bit);
	round_dropped(t);
	expect(target_stays(t, h));
	expect(counter(h, "Moved") == moved);
	/* but for copies to who still waits */
	expect(k != RSYN || counter(h, "OutRsynAck") == answered);
	target_send(t, &t->tape[k].p, t->tape[k].from, t->tape[k].to);
	*landed += count_grows(h, "Moved", moved);
	/* if it was too late, both ends have to find each other again */
	move_unmute(k);
	move_end(t, CLI);
	return bit;
}

static void attack_flipped(void)
{
	unsigned int bit, landed, slices;
	struct target t;
	int k;

	target_open(&t);
	expect(t.keyed);
	move_now(&t, SRV);
	for (k = 0; k < MOVE_KINDS; k++) {
		bit = 0;
		slices = 0;
		landed = 0;
		while (bit < 64 * 8) {
			bit = flip(&t, k, bit, &landed);
			slices++;
		}
		note("%u bits in %u moves, of which %u went on", bit, slices,
		     landed);
		expect(landed);
	}
	target_end(&t);
}

static __u32 next_seq(const struct sal_seen *s)
{
	return be32_at(s->pay + 4) + s->plen - (s->pay[12] >> 4) * 4;
}

/* What TCP would take from @h */
static void forge_segment(const struct target *t, enum sv_host h,
			  struct sal_buf *p, __u8 flags, __u32 ahead)
{
	const struct sal_seen *last = &t->data[h];
	struct tcp_seg seg = {
		.sport = last->pay[0] << 8 | last->pay[1],
		.dport = last->pay[2] << 8 | last->pay[3],
		.seq = next_seq(last) + ahead,
		.ack = be32_at(last->pay + 8),
		.flags = flags, .data = "EVIL!",
		.len = flags & TH_RST ? 0 : 5,
	};

	sal_start(p, t->id[h], t->id[!h], IPPROTO_TCP);
	sal_seal(p);
	sal_tcp(p, &seg);
}

static void send_outside(struct target *t, const struct sal_buf *p,
			 enum sv_host h)
{
	target_send(t, p, outsider_addr(EVIL), t->at[!h]);
	target_send(t, p, outsider_addr(VICTIM), t->at[!h]);
}

static void stray_segments(struct target *t, enum sv_host h)
{
	const __u32 strange = htonl(STRANGE_ID);
	struct sal_buf p;
	__u32 ahead;

	for (ahead = 0; ahead < 8000; ahead += 1000) {
		forge_segment(t, h, &p, TH_ACK | TH_PSH, ahead);
		send_outside(t, &p, h);
		forge_segment(t, h, &p, TH_RST, ahead);
		send_outside(t, &p, h);
		forge_segment(t, h, &p, TH_FIN | TH_ACK, ahead);
		send_outside(t, &p, h);
	}
	/* from the peer's address, but not its flow */
	forge_segment(t, h, &p, TH_ACK | TH_PSH, 0);
	memcpy(p.b, &strange, sizeof(strange));
	sal_seal(&p);
	target_send(t, &p, t->at[h], t->at[!h]);
	/* headers alone: a keepalive, and "I do not know this flow" */
	sal_start(&p, t->id[h], t->id[!h], IPPROTO_TCP);
	sal_seal(&p);
	send_outside(t, &p, h);
	sal_start(&p, t->id[h], t->id[!h], SAL_NONE);
	sal_seal(&p);
	send_outside(t, &p, h);
}

static void stray_control(struct target *t, enum sv_host h, __u8 flags,
			  __u8 proto)
{
	struct sal_control c = {
		.flags = flags, .nonce = t->nonce, .ackno = t->verno[!h],
		.verno = next_seq(&t->data[h]),
	};
	struct sal_buf p;

	if (flags == SAL_NACK)
		c.reason = ECONNREFUSED;
	sal_start(&p, t->id[h], t->id[!h], proto);
	sal_add_control(&p, &c);
	sal_seal(&p);
	send_outside(t, &p, h);
	/* nobody may refuse what is established, wherever he is */
	if (flags == SAL_NACK || flags == SAL_FIN)
		target_send(t, &p, t->at[h], t->at[!h]);
}

/* A request and its answer once more.  From the attacker's address the request is one of
 * his own, which he may make.
 */
static void stray_shake(struct target *t)
{
	const struct taped *tp = t->shake;

	target_send(t, &tp->p, tp->from, tp->to);
	target_send(t, &tp->p, outsider_addr(EVIL), tp->to);
	tp = &t->shake[SHAKE_SYNACK];
	send_from_all(t, &tp->p, tp->from, tp->to);
	tp = &t->shake[SHAKE_CONFIRM];
	send_from_all(t, &tp->p, tp->from, tp->to);
}

static void attack_stray(void)
{
	static const __u8 protos[] = { SAL_NONE, IPPROTO_TCP, IPPROTO_UDP };
	struct target t;
	unsigned int i;
	__u64 c, s, id_c, id_s;
	int h;

	target_open(&t);
	counter_both("InBadLocator", &c, &s);
	counter_both("InBadPeerId", &id_c, &id_s);
	round_begin(&t);
	for (h = CLI; h <= SRV; h++) {
		stray_segments(&t, h);
		/* all 64 combinations of the flags that there are */
		for (i = 0; i < 64 * ARRAY_SIZE(protos); i++)
			stray_control(&t, h, i << 2, protos[i / 64]);
	}
	round_dropped(&t);
	expect_grown("InBadLocator", c, s);
	expect_grown("InBadPeerId", id_c, id_s);
	round_asked(&t);
	stray_shake(&t);
	target_flows(&t);
	round_asked(&t);
	target_end(&t);
}

/* What the client has said, in the name of somebody else */
static void pretend(struct target *t, enum move_kind k)
{
	target_send(t, &t->tape[k].p, outsider_addr(VICTIM), t->tape[k].to);
}

static void wait_answer(struct target *t, enum outsider who)
{
	__u64 since = now_ms();

	while (!t->got[who]) {
		wait_more(since, "an answer");
		target_catch_up(t);
	}
}

/* The real one comes late.  It may be too late: then the connection stays where it is,
 * and the next move is a new one.
 */
static void attack_overtaken(void)
{
	struct target t;
	int k;

	target_open(&t);
	for (k = 0; k < MOVE_KINDS; k++) {
		move_hold(&t, k);
		pretend(&t, k);
		if (k == RSYN)
			wait_answer(&t, VICTIM);
		expect(target_stays(&t, move_to(k)));
		if (move_release(&t, k))
			note("the move has failed");
		target_spares(&t);
	}
	target_end(&t);
}

/* The attacker waits until the client has given up.  The server, which is misled alone,
 * moves by itself meanwhile.
 */
static void attack_misled(void)
{
	struct target t;

	target_open(&t);
	move_hold(&t, RSYN);
	expect(move_end(&t, CLI) == ETIMEDOUT);
	move_unmute(RSYN);
	pretend(&t, RSYN);
	wait_answer(&t, VICTIM);
	move_now(&t, SRV);
	target_end(&t);
}

/* The last packet of a move never comes, so one end has moved and the other has given
 * up.  Data from the new path must not cost the connection.
 */
static void attack_unheard(void)
{
	__u64 since;
	struct target t;

	target_open(&t);
	move_hold(&t, MOVE_ACK);
	expect(!mover_end(&t));
	t.at[CLI] = t.to;
	for (since = now_ms(); now_ms() - since < GIVEN_UP; nap_ms(10))
		if (!strcmp(target_place(&t, SRV).state, "ESTABLISHED"))
			break;
	move_unmute(MOVE_ACK);
	move_begin(&t, CLI);
	expect(!mover_end(&t));
	t.at[CLI] = t.to;
	target_end(&t);
}

/* Somebody who is not on the link: the ids and version numbers leaked, the nonce did not */
static void attack_guessed(void)
{
	struct sal_buf p;
	struct target t;
	struct forged f;
	int h, i, k;
	__u64 c, s;

	target_open(&t);
	expect(!t.keyed);
	move_now(&t, CLI);
	counter_both("InBadNonce", &c, &s);
	round_begin(&t);
	for (h = CLI; h <= SRV; h++) {
		for (i = 0; i < GUESSES * MOVE_KINDS; i++) {
			k = i % MOVE_KINDS;
			f = next_from(&t, h, k);
			f.nonce = i < GUESSES ? t.nonce ^ 1ULL << i :
						rnd_seed();
			forge(&p, &f);
			send_from_all(&t, &p, t.at[h], t.at[!h]);
		}
	}
	round_dropped(&t);
	expect(counter(CLI, "InBadNonce") - c >= GUESSES);
	expect(counter(SRV, "InBadNonce") - s >= GUESSES);
	round_unmoved(&t);
	target_flows(&t);
	target_end(&t);
}

/* With the nonce, but a version number of the past */
static void attack_outdated(void)
{
	struct sal_buf p;
	struct target t;
	struct forged f;
	__u64 c, s;
	__u32 i;
	int h;

	target_open(&t);
	expect(!t.keyed);
	move_now(&t, CLI);
	move_now(&t, SRV);
	counter_both("InBadVerno", &c, &s);
	round_begin(&t);
	for (h = CLI; h <= SRV; h++) {
		for (i = 0; i < 31; i++) {
			f = next_from(&t, h, RSYN);
			f.verno -= 1U << i;
			forge(&p, &f);
			send_from_all(&t, &p, t.at[h], t.at[!h]);
		}
	}
	round_dropped(&t);
	expect_grown("InBadVerno", c, s);
	round_unmoved(&t);
	target_flows(&t);
	target_end(&t);
}

/* The server sends its data to the attacker, for this flow */
static void wait_evil(struct target *t, __u32 id)
{
	const struct in_addr evil = outsider_addr(EVIL);
	struct sal_seen s = { };
	__u64 since = now_ms();

	while (target_place(t, SRV).peer.s_addr != evil.s_addr)
		wait_more(since, "the server to follow");
	while (s.daddr.s_addr != evil.s_addr || s.hlen != 12 || s.plen < 500)
		if (!target_see(t, &s))
			wait_more(since, "the server's data");
	expect(s.dst == id && s.proto == IPPROTO_TCP);
	note("the server sends %u bytes to the attacker", s.plen);
}

/* Without keys, in the middle of a move: who is not on the link does not know the challenge,
 * and is not where it was sent
 */
static void attack_unchallenged(void)
{
	struct sal_buf p;
	struct target t;
	struct forged f;
	__u64 path;

	target_open(&t);
	expect(!t.keyed);
	path = counter(SRV, "InBadPath");
	move_hold(&t, MOVE_ACK);
	f = in_place_of(&t, MOVE_ACK);
	forge(&p, &f);
	target_send(&t, &p, outsider_addr(EVIL), t.at[SRV]);
	target_send(&t, &p, outsider_addr(VICTIM), t.at[SRV]);
	f.path = rnd_seed();
	forge(&p, &f);
	send_from_all(&t, &p, t.to, t.at[SRV]);
	while (counter(SRV, "InBadPath") < path + 5)
		wait_more(now_ms(), "answers that are refused");
	expect(target_stays(&t, SRV));
	expect(!move_release(&t, MOVE_ACK));
	target_end(&t);
}

/* Contrast: keys do not tell who passes packets on from a NAT.  If he is faster than the
 * way itself he gets the data, until the next move.  He needs all three packets for
 * that, and could have read the data as well where he is.
 */
static void contrast_relayed(void)
{
	struct target t;

	target_open(&t);
	expect(t.keyed);
	t.open = true;
	move_hold(&t, RSYN);
	target_send(&t, &t.tape[RSYN].p, outsider_addr(EVIL), t.at[SRV]);
	wait_answer(&t, EVIL);
	target_send(&t, &t.tape[RSYN_ACK].p, t.at[SRV], t.to);
	expect(!mover_end(&t));
	target_catch_up(&t);
	expect(t.seen[MOVE_ACK]);
	target_send(&t, &t.tape[MOVE_ACK].p, outsider_addr(EVIL), t.at[SRV]);
	wait_evil(&t, be32_at(t.tape[RSYN].p.b));
	move_unmute(RSYN);
	t.at[CLI] = t.to;
	target_end(&t);
}

/* Contrast: who sees the nonce, and needs no MAC, leads the server's data to an address
 * of his.  These are the packets of attack_forged() and attack_answered().
 */
static void contrast_taken(void)
{
	struct sal_buf p;
	struct target t;
	struct forged f;
	__u64 since;

	target_open(&t);
	expect(!t.keyed);
	t.open = true;
	f = next_from(&t, CLI, RSYN);
	t.verno[CLI]++;
	forge(&p, &f);
	target_send(&t, &p, outsider_addr(EVIL), t.at[SRV]);
	for (since = now_ms(); !t.seen[RSYN_ACK]; target_catch_up(&t))
		wait_more(since, "the answer");
	memcpy(t.tape[RSYN].p.b, p.b, p.len);
	f = in_place_of(&t, MOVE_ACK);
	forge(&p, &f);
	target_send(&t, &p, outsider_addr(EVIL), t.at[SRV]);
	wait_evil(&t, STRANGE_ID);
	target_abort(&t);
}

/* Contrast: who sees the nonce gives an answer that nobody has given */
static void contrast_answered(void)
{
	struct sal_buf p;
	struct target t;
	struct forged f;
	__u64 moved;

	target_open(&t);
	expect(!t.keyed);
	t.open = true;
	moved = counter(SRV, "Moved");
	kill(t.pumper, SIGSTOP);
	move_hold(&t, RSYN);
	f = in_place_of(&t, RSYN_ACK);
	f.src = STRANGE_ID;
	forge(&p, &f);
	target_send(&t, &p, t.tape[RSYN].to, t.tape[RSYN].from);
	expect(!mover_end(&t));
	expect(counter(SRV, "Moved") == moved);
	move_unmute(RSYN);
	target_abort(&t);
}

/* Contrast: the segments of attack_stray(), with the peer's address, get in; and who
 * verifies the bytes sees it.  TCP has nothing against that, and keys are not for it.
 */
static void contrast_injected(void)
{
	struct sal_buf p;
	struct target t;
	__u32 ahead;
	int status;

	target_open(&t);
	target_catch_up(&t);
	for (ahead = 0; ahead < 40000; ahead += 1000) {
		forge_segment(&t, SRV, &p, TH_ACK | TH_PSH, ahead);
		target_send(&t, &p, t.at[SRV], t.at[CLI]);
	}
	status = target_broken(&t);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	note("as it should be");
	target_abort(&t);
}

#define WHERE	(SV_SERVAL | SV_TWO | SV_ATT)

const struct sv_case move_attack_cases[] = {
	{ "move-forged", WHERE, attack_forged,
	  "nobody moves a connection without the keys" },
	{ "move-answered", WHERE, attack_answered,
	  "nor answers for the other end while it moves" },
	{ "move-transplanted", WHERE, attack_transplanted,
	  "a MAC counts in its own connection only" },
	{ "move-replayed", WHERE, attack_replayed,
	  "a move counts once" },
	{ "move-reflected", WHERE, attack_reflected,
	  "and not for who has asked for it" },
	{ "move-cut", WHERE, attack_cut,
	  "the beginning of a packet does nothing" },
	{ "move-flipped", WHERE, attack_flipped,
	  "each bit of a move is protected" },
	{ "move-stray", WHERE, attack_stray,
	  "refusals, resets and data from elsewhere do nothing" },
	{ "move-overtaken", WHERE, attack_overtaken,
	  "who is faster gets a third party three packets, and no data" },
	{ "move-misled", WHERE, attack_misled,
	  "and does not keep the other end from moving" },
	{ "move-unheard", WHERE, attack_unheard,
	  "a move of which one end hears too little costs no connection" },
	{ "contrast-relayed", WHERE, contrast_relayed,
	  "contrast: who passes a move on gets the data until the next one" },
	{ "contrast-injected", WHERE, contrast_injected,
	  "contrast: with the peer's address data gets in, and is seen" },
	{ }
};

const struct sv_case move_guess_cases[] = {
	{ "guess-nonce", WHERE, attack_guessed,
	  "without keys nobody moves a connection who has not seen it" },
	{ "guess-verno", WHERE, attack_outdated,
	  "nor by a version number that was used" },
	{ "guess-challenge", WHERE, attack_unchallenged,
	  "nor without the challenge, or from elsewhere" },
	{ "guess-replayed", WHERE, attack_replayed,
	  "a move counts once" },
	{ "guess-cut", WHERE, attack_cut,
	  "the beginning of a packet does nothing" },
	{ "guess-stray", WHERE, attack_stray,
	  "refusals, resets and data from elsewhere do nothing" },
	{ "guess-overtaken", WHERE, attack_overtaken,
	  "who is faster gets a third party three packets, and no data" },
	{ "contrast-taken", WHERE, contrast_taken,
	  "contrast: who sees the nonce takes the connection over" },
	{ "contrast-answered", WHERE, contrast_answered,
	  "contrast: and answers for the other end" },
	{ }
};
