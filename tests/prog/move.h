/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection that moves, and what somebody knows of it who sees its link. */
#ifndef _TESTS_MOVE_H
#define _TESTS_MOVE_H

#include "sal.h"

#define STRANGE_ID	0x0badf00d	/* a flow that nobody has */

/* The three packets of a move, and what there is with several flows besides.  MOVE_ACK
 * ends a JOIN as well, and answers a PROBE.
 */
enum move_kind {
	RSYN, RSYN_ACK, MOVE_ACK, MOVE_KINDS,
	JOIN = MOVE_KINDS, JOIN_ACK, PROBE, PART, LISTED, KINDS
};

/* Who gets which if c moves, or has a flow join */
static inline enum sv_host move_to(enum move_kind k)
{
	return k == RSYN_ACK || k == JOIN_ACK ? CLI : SRV;
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
 * @joino:  and that of its next JOIN or RSYN|FIN
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
	__u32 joino[2];
	__u64 nonce;
	struct taped shake[SHAKE_KINDS];
	struct taped tape[KINDS];
	unsigned int seen[KINDS];
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

/**
 * struct forged - a packet of a move, made by hand
 * @flags: of CONTROL
 * @kind:  of PATH, 0 = there is none
 * @lists: the ADDRESS of VICTIM
 * @src:   flow ids
 * @dst:   see @src
 * @verno: version number
 * @ackno: the one expected
 * @nonce: of the connection, if it is known
 * @path:  challenge or response
 * @mac:   in AUTH, NULL = there is no AUTH
 */
struct forged {
	__u8 flags;
	__u8 kind;
	bool lists;
	__u32 src, dst;
	__u32 verno, ackno;
	__u64 nonce;
	__u64 path;
	const __u8 *mac;
};

struct in_addr outsider_addr(enum outsider who);
struct in_addr other_addr(const struct target *t, enum sv_host h);

bool is_slow(void);
void wait_more(__u64 since, const char *what);
bool count_grows(enum sv_host h, const char *name, __u64 before);

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
void target_settle(struct target *t);
void target_send(struct target *t, const struct sal_buf *p,
		 struct in_addr from, struct in_addr to);

void round_begin(struct target *t);
void round_dropped(struct target *t);
void round_unmoved(struct target *t);
void round_asked(struct target *t);

void mover_start(struct target *t, enum sv_host h, struct in_addr to,
		 int (*run)(__u32 id, struct in_addr to));
int mover_end(struct target *t);
void move_begin(struct target *t, enum sv_host h);
int move_end(struct target *t, enum sv_host h);
void move_now(struct target *t, enum sv_host h);
void hold(struct target *t, enum move_kind k,
	  void (*begin)(struct target *t, enum sv_host h));
void move_hold(struct target *t, enum move_kind k);
void move_unmute(enum move_kind k);
int move_release(struct target *t, enum move_kind k);

void forge(struct sal_buf *p, const struct forged *f);
void send_from_all(struct target *t, const struct sal_buf *p,
		   struct in_addr peer, struct in_addr to);
const __u8 *mac_of(const struct taped *tp);
void counter_both(const char *name, __u64 *c, __u64 *s);
void expect_grown(const char *name, __u64 c, __u64 s);
void replay(struct target *t, const struct taped *tp, size_t n);
void reflect(struct target *t, const struct taped *tp);
unsigned int send_cut(struct target *t, const struct taped *tp);
void send_flipped(struct target *t, const struct taped *tp, unsigned int bit);

#endif /* _TESTS_MOVE_H */
