// SPDX-License-Identifier: GPL-2.0-only
/*
 * What somebody on the link makes of the packets of a connection that he has seen.
 */
#include <string.h>
#include "move.h"

void forge(struct sal_buf *p, const struct forged *f)
{
	struct sal_control c = {
		.flags = f->flags, .verno = f->verno, .ackno = f->ackno,
		.nonce = f->nonce,
	};

	sal_start(p, f->src, f->dst, SAL_NONE);
	sal_add_control(p, &c);
	if (f->kind)
		sal_add_path(p, f->kind, f->path);
	if (f->lists)
		sal_add_list(p, f->verno, outsider_addr(VICTIM));
	if (f->mac)
		sal_add_auth(p, f->mac);
	sal_seal(p);
}

/* As if it came from the peer, from the attacker, and from a third party */
void send_from_all(struct target *t, const struct sal_buf *p,
		   struct in_addr peer, struct in_addr to)
{
	target_send(t, p, peer, to);
	target_send(t, p, outsider_addr(EVIL), to);
	target_send(t, p, outsider_addr(VICTIM), to);
}

/* AUTH is the last extension, and there is nothing behind it */
const __u8 *mac_of(const struct taped *tp)
{
	return tp->p.b + tp->p.hlen - SAL_MAC;
}

void counter_both(const char *name, __u64 *c, __u64 *s)
{
	*c = counter(CLI, name);
	*s = counter(SRV, name);
}

/* The counter has grown at both ends */
void expect_grown(const char *name, __u64 c, __u64 s)
{
	expect(counter(CLI, name) > c);
	expect(counter(SRV, name) > s);
}

void replay(struct target *t, const struct taped *tp, size_t n)
{
	int again;

	for (; n--; tp++) {
		expect(tp->p.len);
		for (again = 0; again < 2; again++)
			send_from_all(t, &tp->p, tp->from, tp->to);
		/* and where it leads now */
		send_from_all(t, &tp->p, tp->from, t->at[CLI]);
		send_from_all(t, &tp->p, tp->from, t->at[SRV]);
	}
}

/* A packet comes back to who has sent it */
void reflect(struct target *t, const struct taped *tp)
{
	enum sv_host h = tp->from.s_addr == t->at[CLI].s_addr ||
			 tp->from.s_addr == other_addr(t, CLI).s_addr ?
			 CLI : SRV;
	__u32 src = be32_at(tp->p.b), dst = be32_at(tp->p.b + 4);
	const __u32 ids[][2] = {
		{ src, dst }, { dst, src }, { dst, t->id[h] },
		{ src, t->id[h] }, { t->id[!h], t->id[h] },
		{ STRANGE_ID, src }, { STRANGE_ID, t->id[h] },
	};
	struct sal_buf p = tp->p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		sal_start(&p, ids[i][0], ids[i][1], SAL_NONE);
		sal_add(&p, tp->p.b + 12, tp->p.hlen - 12);
		sal_seal(&p);
		send_from_all(t, &p, tp->to, tp->from);
		/* the host's own addresses */
		target_send(t, &p, tp->from, tp->from);
		target_send(t, &p, tp->from, t->at[h]);
		target_send(t, &p, t->at[h], tp->from);
	}
}

/* The beginning of a packet: as it is, with length and checksum put right, and whole
 * behind a header that is shorter
 */
unsigned int send_cut(struct target *t, const struct taped *tp)
{
	const size_t step = is_slow() ? 4 : 1;
	unsigned int n = 0;
	struct sal_buf p;
	size_t len;

	for (len = 0; len < tp->p.len; len += step) {
		p = tp->p;
		p.len = len;
		target_send(t, &p, tp->from, tp->to);
		n++;
		if (len < 12)
			continue;
		p.hlen = len & ~3;
		sal_seal(&p);
		target_send(t, &p, tp->from, tp->to);
		n++;
		if (p.hlen != len)
			continue;
		p.len = tp->p.len;
		target_send(t, &p, tp->from, tp->to);
		n++;
	}
	return n;
}

void send_flipped(struct target *t, const struct taped *tp, unsigned int bit)
{
	struct sal_buf p = tp->p;

	p.b[bit / 8] ^= 1 << bit % 8;
	if (bit / 8 == 8) {
		/* the length: a checksum over what it says, if that is there */
		p.hlen = p.b[8] * 4;
		if (p.hlen >= 12 && p.hlen <= p.len)
			sal_seal(&p);
	} else if (bit / 16 != 5) {
		sal_seal(&p);
	}
	target_send(t, &p, tp->from, tp->to);
}
