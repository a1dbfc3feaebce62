/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection that moves, and what somebody knows of it who sees its link. */
#ifndef _TESTS_MOVE_H
#define _TESTS_MOVE_H

#include "sal.h"

/* The three packets of a move, and of these who gets which if c moves */
enum move_kind { RSYN, RSYN_ACK, MOVE_ACK, MOVE_KINDS };

static inline enum sv_host move_to(enum move_kind k)
{
	return k == RSYN_ACK ? CLI : SRV;
}

/* Packets of the handshake */
enum shake_kind { SHAKE_SYN, SHAKE_SYNACK, SHAKE_CONFIRM, SHAKE_KINDS };

/* Addresses that are no host's, and lead to the attacker: one that is his, and
 * one of somebody who must not be made to suffer
 */
enum outsider { EVIL, VICTIM, OUTSIDERS };

/**
 * struct taped - a packet that the attacker has seen
 * @p:    without its IP header
 * @from: addresses of that
 * @to:   see @from
 */
struct taped {
	struct sal_buf p;
	struct in_addr from, to;
};

/**
 * struct target - a connection, and what an attacker knows of it
 * @pair:   its ends
 * @keyed:  both ends have keys
 * @open:   the attack is to succeed: outsiders may get anything
 * @sniff:  sees everything
 * @raw:    sends anything
 * @pump:   counts verified bytes in both directions
 * @pumper: process that does it
 * @mover:  process that waits for a move, 0 = none
 * @to:     where that leads
 * @id:     of each end, its flow id
 * @at:     its address
 * @verno:  its next version number
 * @nonce:  of the connection
 * @shake:  the handshake
 * @tape:   of each kind, the last one
 * @seen:   and how many
 * @data:   of each end, its last segment with data
 * @asked:  packets sent from outsiders' addresses since target_spares()
 * @got:    packets seen that went there
 * @sent:   packets sent to each end since round_begin()
 * @dropped: what each end had dropped then
 * @did:    how often the ends had moved, or answered who wants to
 */
struct target {
	struct sv_pair pair;
	bool keyed, open;
	int sniff, raw;
	struct pump *pump;
	pid_t pumper, mover;
	struct in_addr to;
	__u32 id[2];
	struct in_addr at[2];
	__u32 verno[2];
	__u64 nonce;
	struct taped shake[SHAKE_KINDS];
	struct taped tape[MOVE_KINDS];
	unsigned int seen[MOVE_KINDS];
	struct sal_seen data[2];
	unsigned int asked[OUTSIDERS], got[OUTSIDERS];
	unsigned int sent[2];
	__u64 dropped[2];
	__u64 did;
};

/* Where an end is, as /proc/net/serval/migrate has it */
struct place {
	__u32 id;
	struct in_addr local, peer;
	char state[32];
};

struct in_addr outsider_addr(enum outsider who);
struct in_addr other_addr(const struct target *t, enum sv_host h);

bool is_slow(void);
void wait_more(__u64 since, const char *what);

void target_open(struct target *t);
void target_spares(struct target *t);
void target_end(struct target *t);
void target_abort(struct target *t);
int target_broken(struct target *t);
struct place target_place(struct target *t, enum sv_host h);
bool target_stays(struct target *t, enum sv_host h);
void target_flows(struct target *t);
bool target_see(struct target *t, struct sal_seen *s);
void target_catch_up(struct target *t);
void target_send(struct target *t, const struct sal_buf *p,
		 struct in_addr from, struct in_addr to);

void round_begin(struct target *t);
void round_dropped(struct target *t);
void round_unmoved(struct target *t);
void round_asked(struct target *t);

void move_begin(struct target *t, enum sv_host h);
int move_end(struct target *t, enum sv_host h);
void move_now(struct target *t, enum sv_host h);
void move_hold(struct target *t, enum move_kind k);
void move_unmute(enum move_kind k);
int move_release(struct target *t, enum move_kind k);

#endif /* _TESTS_MOVE_H */
