// SPDX-License-Identifier: GPL-2.0-only
/*
 * Longest-prefix match on 256-bit keys: a path-compressed 256-ary trie.
 *
 * A node looks at one byte of the key, byte number @depth.  It holds prefixes
 * that end inside the byte (0 to 7 bits of it) and children (all 8 bits): the
 * 511 vertices of a binary tree of height 8, numbered in preorder.  Were it of
 * height 3:
 *
 *             0               @map has a bit for each vertex in use, @slot[] a
 *       1           8         pointer for each bit of @map, and @ranks knows
 *    2     5     9     12     how many there are in the words of @map before.
 *   3 4   6 7  10 11  13 14   So slots are in the order of (key, bits).
 *
 * One bit more of the byte is one vertex further, and a 1 passes the subtree
 * of the 0: 2 * 128 - 1 vertices for the first bit, 2 * 1 - 1 for the last.
 * With @len bits of the byte @d, in which the others are zero, that makes the
 * vertex @len + 2 * @d - hweight8(@d).
 *
 * A slot holds an entry or, tagged by bit 0, a node, of any greater depth: a
 * node knows its whole prefix, and a reader compares it only when bytes were
 * skipped.  A node has two slots in use or more, so there are fewer nodes than
 * entries, and a node that is left with one thing is replaced by that thing.
 *
 * Readers: every change becomes visible by one pointer store (a new node, a
 * copy of a node, the only other thing in a node, or NULL), so one change
 * during a walk is seen or not.  Two could be seen in the wrong order (the
 * walk passed where the first was made, then meets the second: "add M, delete
 * the longer L" would answer what is shorter than both), so @gen counts the
 * changes, after each, and a walk during which it moved is done again.
 * Entries present all the time are reachable also through replaced nodes.
 */
#include "lpm.h"

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#define WORDS		8	/* of 64 bits, for 511 vertices */
#define RANK_BITS	9
#define RANK_MASK	0x1ff
#define RANK_ONES	0x0040201008040201ULL	/* 1 in each rank */
#define NODE_TAG	1UL
#define LINE		64	/* bytes of a line of the cache; a guess does */

/**
 * struct lpm_node - one byte; constant once published, but for the slots
 * @rcu:   frees the node after its replacement
 * @up:    way back while the whole table is freed
 * @depth: number of the byte, 0..31
 * @lens:  bit l is set if there may be prefixes of l bits of the byte, 0..7
 * @count: slots
 * @ranks: slots of the vertices before each word of @map: from the low bits up
 *         those before the last word, before the last but one, and so on
 * @map:   vertices that have a slot
 * @slot:  entry, tagged node, or NULL where memory to shrink was short; after
 *         the last one follow the @depth bytes of the prefix, rounded up to
 *         64-bit words
 */
struct lpm_node {
	union {
		struct rcu_head rcu;
		struct lpm_node *up;
	};
	u8 depth;
	u8 lens;
	u16 count;
	u64 ranks;
	u64 map[WORDS];
	void __rcu *slot[];
};

/**
 * struct serval_lpm - a table
 * @root: entry, tagged node, or NULL
 * @gen:  changes made, counted after each became visible
 */
struct serval_lpm {
	void __rcu *root;
	unsigned long gen;
};

static_assert(__alignof__(struct serval_lpm_entry) > NODE_TAG);

static bool is_node(const void *p)
{
	return (unsigned long)p & NODE_TAG;
}

static struct lpm_node *to_node(const void *p)
{
	return (struct lpm_node *)((unsigned long)p - NODE_TAG);
}

static void *tag_node(const struct lpm_node *n)
{
	return (void *)((unsigned long)n + NODE_TAG);
}

/* Writers are serialised by the owner, with a lock unknown here */
static void *slot_locked(void __rcu **slot)
{
	return rcu_dereference_protected(*slot, 1);
}

static bool has_vertex(const struct lpm_node *n, unsigned int vtx)
{
	return n->map[vtx / 64] & BIT_ULL(vtx % 64);
}

static unsigned int rank_shift(unsigned int vtx)
{
	return RANK_BITS * (WORDS - 1 - vtx / 64);
}

/* The number of slots before that of @vtx.  No branch for the first word: of
 * its rank there is only the topmost bit of @ranks, and that is 0.
 */
static unsigned int slot_index(const struct lpm_node *n, unsigned int vtx)
{
	return (n->ranks >> rank_shift(vtx) & RANK_MASK) +
	       hweight64(n->map[vtx / 64] & (BIT_ULL(vtx % 64) - 1));
}

static unsigned int vertex_of(u8 byte, unsigned int len)
{
	return len + 2 * byte - hweight8(byte);
}

/* How many bits of byte @depth are in a prefix of so many bits */
static unsigned int len_of(unsigned int bits, unsigned int depth)
{
	return min_t(u32, bits - depth * 8, 8);
}

/* The place of a prefix of at least 8 * depth bits in a node of that depth */
static unsigned int vertex(const u8 *key, unsigned int bits, unsigned int depth)
{
	return vertex_of(key[depth], len_of(bits, depth));
}

static unsigned int prefix_size(unsigned int depth)
{
	return round_up(depth, sizeof(u64));
}

static u8 *node_prefix(const struct lpm_node *n)
{
	return (u8 *)&n->slot[n->count];
}

/* Length of what @a and @b have in common, up to @limit bits; reads both in
 * whole 64-bit words
 */
static __always_inline unsigned int common_bits(const u8 *a, const u8 *b,
						unsigned int limit)
{
	unsigned int i;
	u64 x, y;

	for (i = 0; i < limit; i += 64) {
		memcpy(&x, a + i / 8, sizeof(x));
		memcpy(&y, b + i / 8, sizeof(y));
		x ^= y;
		if (x) {
			i += 64 - fls64(be64_to_cpu((__force __be64)x));
			return min(i, limit);
		}
	}
	return limit;
}

static bool prefix_valid(const u8 *key, unsigned int bits)
{
	static const u8 zero[SERVAL_LPM_KEY_LEN];
	unsigned int full = DIV_ROUND_UP(bits, 8);

	if (bits > SERVAL_LPM_BITS_MAX)
		return false;
	if (bits % 8 && key[bits / 8] & 0xff >> bits % 8)
		return false;
	return !memcmp(key + full, zero, SERVAL_LPM_KEY_LEN - full);
}

static const u8 *key_of(const void *p)
{
	const struct serval_lpm_entry *e = p;

	return is_node(p) ? node_prefix(to_node(p)) : e->key;
}

static unsigned int bits_of(const void *p)
{
	const struct serval_lpm_entry *e = p;

	return is_node(p) ? to_node(p)->depth * 8 : e->bits;
}

static struct lpm_node *node_alloc(unsigned int count, unsigned int depth,
				   gfp_t gfp)
{
	struct lpm_node *n;

	return kmalloc(struct_size(n, slot, count) + prefix_size(depth),
		       gfp | __GFP_NOWARN);
}

/* Put @vtx in use, or out of it; the slots are the caller's */
static void flip_vertex(struct lpm_node *n, unsigned int vtx)
{
	u64 ranks_after = RANK_ONES & (BIT_ULL(rank_shift(vtx)) - 1);

	n->map[vtx / 64] ^= BIT_ULL(vtx % 64);
	if (has_vertex(n, vtx)) {
		n->count++;
		n->ranks += ranks_after;
	} else {
		n->count--;
		n->ranks -= ranks_after;
	}
}

/* Note that a prefix of so many bits, or a node, has come into @n */
static void note_len(struct lpm_node *n, unsigned int bits)
{
	n->lens |= BIT(len_of(bits, n->depth)) & 0xff;
}

/* A copy of @n with a slot more, not yet set, for @vtx; or, if it has one,
 * without that
 */
static struct lpm_node *node_copy(const struct lpm_node *n, unsigned int vtx,
				  gfp_t gfp)
{
	unsigned int gone = has_vertex(n, vtx), come = !gone;
	unsigned int i = slot_index(n, vtx);
	struct lpm_node *copy;

	copy = node_alloc(n->count + come - gone, n->depth, gfp);
	if (!copy)
		return NULL;
	memcpy(copy, n, struct_size(n, slot, i));
	/* With the slots that follow comes the prefix */
	memcpy(&copy->slot[i + come], &n->slot[i + gone],
	       (n->count - gone - i) * sizeof(*n->slot) +
	       prefix_size(n->depth));
	flip_vertex(copy, vtx);
	return copy;
}

/* Visible from here on: the only store of a change that readers act upon */
static void publish(struct serval_lpm *lpm, void __rcu **slot, void *p)
{
	rcu_assign_pointer(*slot, p);
	/* Pairs with walk_begin() */
	smp_store_release(&lpm->gen, lpm->gen + 1);
}

static int node_grow(struct serval_lpm *lpm, void __rcu **slot,
		     unsigned int vtx, struct serval_lpm_entry *e)
{
	struct lpm_node *n = to_node(slot_locked(slot));
	struct lpm_node *copy;

	copy = node_copy(n, vtx, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	RCU_INIT_POINTER(copy->slot[slot_index(copy, vtx)], e);
	note_len(copy, e->bits);
	publish(lpm, slot, tag_node(copy));
	kfree_rcu(n, rcu);
	return 0;
}

/* Put a node above what is in @slot, where @e parts from it after @same bits */
static int node_split(struct serval_lpm *lpm, void __rcu **slot,
		      unsigned int same, struct serval_lpm_entry *e)
{
	unsigned int depth = same / 8;
	void *p = slot_locked(slot);
	unsigned int p_vtx = vertex(key_of(p), bits_of(p), depth);
	unsigned int e_vtx = vertex(e->key, e->bits, depth);
	struct lpm_node *n;

	n = node_alloc(2, depth, GFP_KERNEL);
	if (!n)
		return -ENOMEM;
	memset(n, 0, sizeof(*n));
	n->depth = depth;
	flip_vertex(n, p_vtx);
	flip_vertex(n, e_vtx);
	note_len(n, bits_of(p));
	note_len(n, e->bits);
	RCU_INIT_POINTER(n->slot[slot_index(n, p_vtx)], p);
	RCU_INIT_POINTER(n->slot[slot_index(n, e_vtx)], e);
	memcpy(node_prefix(n), e->key, prefix_size(depth));
	publish(lpm, slot, tag_node(n));
	return 0;
}

/**
 * serval_lpm_alloc() - make an empty table
 *
 * Context: process, may sleep.
 * Return: the table, to be given to serval_lpm_free(), or NULL.
 */
struct serval_lpm *serval_lpm_alloc(void)
{
	return kzalloc(sizeof(struct serval_lpm), GFP_KERNEL);
}

/**
 * serval_lpm_free() - free a table, but not the entries in it
 * @lpm: table, or NULL
 *
 * No reader and no writer may be left; the owner waits for the former.  Takes
 * the nodes apart from the last slot to the first and climbs by @up, so it
 * needs neither recursion nor memory.
 *
 * Context: process, may sleep.
 */
void serval_lpm_free(struct serval_lpm *lpm)
{
	struct lpm_node *n = NULL;
	void *p;

	if (!lpm)
		return;
	p = slot_locked(&lpm->root);
	for (;;) {
		if (is_node(p)) {
			to_node(p)->up = n;
			n = to_node(p);
		}
		while (n && !n->count) {
			struct lpm_node *up = n->up;

			kfree(n);
			n = up;
			cond_resched();
		}
		if (!n)
			break;
		p = slot_locked(&n->slot[--n->count]);
	}
	kfree(lpm);
}

/**
 * serval_lpm_insert() - add a prefix
 * @lpm: table
 * @e:   entry with its key and bits; the table's until it was removed
 *
 * Context: process, may sleep; writers serialised by the caller.
 * Return: 0, -EEXIST if there is an entry of the same key and bits, -EINVAL
 * if bits are out of range or set past the prefix, -ENOMEM.  On error the
 * table is as it was.
 */
int serval_lpm_insert(struct serval_lpm *lpm, struct serval_lpm_entry *e)
{
	void __rcu **slot = &lpm->root;
	void *p;

	if (!prefix_valid(e->key, e->bits))
		return -EINVAL;

	while ((p = slot_locked(slot))) {
		unsigned int bits = bits_of(p);
		struct lpm_node *n;
		unsigned int same, vtx;

		same = common_bits(key_of(p), e->key, min_t(u32, bits, e->bits));
		if (same < bits || !is_node(p)) {
			if (same == bits && same == e->bits)
				return -EEXIST;
			return node_split(lpm, slot, same, e);
		}
		n = to_node(p);
		vtx = vertex(e->key, e->bits, n->depth);
		if (!has_vertex(n, vtx))
			return node_grow(lpm, slot, vtx, e);
		slot = &n->slot[slot_index(n, vtx)];
	}
	publish(lpm, slot, e);
	return 0;
}

/* The one other thing in @n, or NULL if there are several */
static void *node_other(struct lpm_node *n, void __rcu **slot)
{
	void *other = NULL;
	unsigned int i;

	for (i = 0; i < n->count; i++) {
		void *p = slot_locked(&n->slot[i]);

		if (!p || &n->slot[i] == slot)
			continue;
		if (other)
			return NULL;
		other = p;
	}
	return other;
}

/* Take what is in @slot out of the node that is in @above */
static void node_shrink(struct serval_lpm *lpm, void __rcu **above,
			unsigned int vtx, void __rcu **slot)
{
	struct lpm_node *n = to_node(slot_locked(above));
	void *instead = node_other(n, slot);

	if (!instead) {
		struct lpm_node *copy;

		copy = node_copy(n, vtx, GFP_NOWAIT);
		if (!copy) {
			publish(lpm, slot, NULL);
			return;
		}
		instead = tag_node(copy);
	}
	publish(lpm, above, instead);
	kfree_rcu(n, rcu);
}

/**
 * serval_lpm_remove() - take out an entry
 * @lpm: table
 * @e:   entry, inserted before
 *
 * Never fails: if there is no memory for a smaller copy of the node, its slot
 * stays, empty, for the same prefix or until the node is freed.  Readers may
 * see @e until a grace period has passed.
 *
 * Context: any but hard interrupts; writers serialised by the caller.
 */
void serval_lpm_remove(struct serval_lpm *lpm, struct serval_lpm_entry *e)
{
	void __rcu **slot = &lpm->root;
	void __rcu **above = NULL;
	unsigned int vtx = 0;
	void *p;

	for (p = slot_locked(slot); is_node(p); p = slot_locked(slot)) {
		struct lpm_node *n = to_node(p);

		if (n->depth * 8 > e->bits)
			break;
		vtx = vertex(e->key, e->bits, n->depth);
		if (!has_vertex(n, vtx))
			break;
		above = slot;
		slot = &n->slot[slot_index(n, vtx)];
	}
	if (WARN_ON_ONCE(p != e))
		return;
	if (above)
		node_shrink(lpm, above, vtx, slot);
	else
		publish(lpm, slot, NULL);
}

/* Can a prefix of (key, bits) be in @n, as far as the prefix of @n tells? */
static bool is_within(const struct lpm_node *n, const u8 *key,
		      unsigned int bits)
{
	unsigned int n_bits = n->depth * 8;

	return n_bits <= bits &&
	       common_bits(node_prefix(n), key, n_bits) == n_bits;
}

/* Whom a lookup may find; without @admits anybody */
struct lpm_filter {
	serval_lpm_admits_t admits;
	unsigned long arg;
};

static __always_inline bool is_admitted(const struct serval_lpm_entry *e,
					struct lpm_filter filter)
{
	return e && (!filter.admits || filter.admits(e, filter.arg));
}

/* The longest prefix of a byte inside @n; slots can be empty */
static __always_inline struct serval_lpm_entry *
node_longest(const struct lpm_node *n, u8 byte, struct lpm_filter filter)
{
	unsigned int lens = n->lens;
	struct serval_lpm_entry *e;

	while (lens) {
		unsigned int len = fls(lens) - 1;
		unsigned int vtx = vertex_of(byte & ~(0xff >> len), len);

		lens ^= BIT(len);
		if (!has_vertex(n, vtx))
			continue;
		e = rcu_dereference(n->slot[slot_index(n, vtx)]);
		if (is_admitted(e, filter))
			return e;
	}
	return NULL;
}

static __always_inline struct serval_lpm_entry *
walk_lookup(const struct serval_lpm *lpm, const u8 *key,
	    struct lpm_filter filter)
{
	struct serval_lpm_entry *best = NULL;
	void *p = rcu_dereference(lpm->root);
	struct serval_lpm_entry *e;
	unsigned int depth = 0;

	while (is_node(p)) {
		const struct lpm_node *n = to_node(p);
		unsigned int vtx;
		u8 byte;

		/* what @map will ask for, while it is fetched itself */
		prefetch((const char *)n + LINE);
		prefetch((const char *)n + 2 * LINE);
		prefetch((const char *)n + 3 * LINE);
		if (n->depth != depth && !is_within(n, key, SERVAL_LPM_BITS_MAX))
			return best;
		byte = key[n->depth];
		depth = n->depth + 1;
		if (n->lens) {
			e = node_longest(n, byte, filter);
			best = e ?: best;
		}
		vtx = vertex_of(byte, 8);
		if (!has_vertex(n, vtx))
			return best;
		p = rcu_dereference(n->slot[slot_index(n, vtx)]);
	}
	e = p;
	if (is_admitted(e, filter) &&
	    common_bits(key, e->key, e->bits) == e->bits)
		return e;
	return best;
}

static unsigned long walk_begin(const struct serval_lpm *lpm)
{
	/* Pairs with publish(): the walk sees all changes counted in this */
	return smp_load_acquire(&lpm->gen);
}

static bool walk_retry(const struct serval_lpm *lpm, unsigned long gen)
{
	/* Pairs with rcu_assign_pointer() in publish(): if the walk met a
	 * change, @gen here counts all the changes before it
	 */
	smp_rmb();
	return unlikely(READ_ONCE(lpm->gen) != gen);
}

/**
 * serval_lpm_lookup() - find the longest prefix of a key
 * @lpm: table
 * @key: SERVAL_LPM_KEY_LEN bytes
 *
 * Context: rcu_read_lock() held; no lock, also while writers work.
 * Return: the entry or NULL, valid as long as rcu_read_lock() is held.
 */
struct serval_lpm_entry *serval_lpm_lookup(const struct serval_lpm *lpm,
					   const u8 *key)
{
	struct serval_lpm_entry *e;
	unsigned long gen;

	do {
		gen = walk_begin(lpm);
		e = walk_lookup(lpm, key, (struct lpm_filter) {});
	} while (walk_retry(lpm, gen));
	return e;
}

/**
 * serval_lpm_lookup_if() - find the longest of certain prefixes of a key
 * @lpm:    table
 * @key:    SERVAL_LPM_KEY_LEN bytes
 * @admits: says which entries count; called under rcu_read_lock(), perhaps
 *          more than once for an entry
 * @arg:    passed to @admits
 *
 * Context: as serval_lpm_lookup().
 * Return: as serval_lpm_lookup().
 */
struct serval_lpm_entry *
serval_lpm_lookup_if(const struct serval_lpm *lpm, const u8 *key,
		     serval_lpm_admits_t admits, unsigned long arg)
{
	const struct lpm_filter filter = { .admits = admits, .arg = arg };
	struct serval_lpm_entry *e;
	unsigned long gen;

	do {
		gen = walk_begin(lpm);
		e = walk_lookup(lpm, key, filter);
	} while (walk_retry(lpm, gen));
	return e;
}

/**
 * serval_lpm_find() - find the entry of exactly this prefix
 * @lpm:  table
 * @key:  SERVAL_LPM_KEY_LEN bytes, zero past @bits
 * @bits: 0..256
 *
 * The prefixes of nodes are not looked at, the entry decides; and an entry
 * that is there all the time is found by any walk, so none is repeated.
 *
 * Context: rcu_read_lock() held, or writers kept out.
 * Return: the entry or NULL; NULL if key or bits are not valid.
 */
struct serval_lpm_entry *serval_lpm_find(const struct serval_lpm *lpm,
					 const u8 *key, u16 bits)
{
	void *p = rcu_dereference_check(lpm->root, 1);
	struct serval_lpm_entry *e;

	if (!prefix_valid(key, bits))
		return NULL;
	while (is_node(p)) {
		const struct lpm_node *n = to_node(p);
		unsigned int vtx;

		if (n->depth * 8 > bits)
			return NULL;
		vtx = vertex(key, bits, n->depth);
		if (!has_vertex(n, vtx))
			return NULL;
		p = rcu_dereference_check(n->slot[slot_index(n, vtx)], 1);
	}
	e = p;
	if (e && e->bits == bits && !memcmp(e->key, key, SERVAL_LPM_KEY_LEN))
		return e;
	return NULL;
}

/* The first thing in @n from slot @i on */
static void *node_first(const struct lpm_node *n, unsigned int i)
{
	void *p = NULL;

	for (; i < n->count && !p; i++)
		p = rcu_dereference_check(n->slot[i], 1);
	return p;
}

/* Does all of @p come after (key, bits)?  If it is a node and its prefix is
 * one of (key, bits), neither all nor nothing does, and the answer is no.
 */
static bool is_after(const void *p, const u8 *key, unsigned int bits)
{
	unsigned int p_bits = bits_of(p);
	const u8 *p_key = key_of(p);
	unsigned int limit, same;

	limit = min(bits, p_bits);
	same = common_bits(p_key, key, limit);
	if (same == limit)
		return p_bits > bits;
	return !(key[same / 8] & 0x80 >> same % 8);
}

/* What holds the next entry: along the path of (key, bits), the last thing
 * passed to the right of it
 */
static void *walk_next(void *p, const u8 *key, unsigned int bits)
{
	void *next = NULL;

	while (p && !is_after(p, key, bits)) {
		const struct lpm_node *n;
		unsigned int vtx, i;
		void *right;

		if (!is_node(p))
			return next;
		n = to_node(p);
		if (!is_within(n, key, bits))
			return next;
		vtx = vertex(key, bits, n->depth);
		i = slot_index(n, vtx);
		p = NULL;
		if (has_vertex(n, vtx))
			p = rcu_dereference_check(n->slot[i++], 1);
		right = node_first(n, i);
		next = right ?: next;
	}
	return p ?: next;
}

/**
 * serval_lpm_next() - walk the entries in the order of (key, bits)
 * @lpm:  table
 * @key:  SERVAL_LPM_KEY_LEN bytes, zero past @bits; NULL to begin
 * @bits: 0..256
 *
 * (key, bits) need not be in the table, or no longer, so a walk can be
 * interrupted after any entry and resumed from a copy of its key and bits.
 *
 * Context: rcu_read_lock() held, or writers kept out.
 * Return: the entry, or NULL at the end or if key or bits are not valid.
 */
struct serval_lpm_entry *serval_lpm_next(const struct serval_lpm *lpm,
					 const u8 *key, u16 bits)
{
	unsigned long gen;
	void *p;

	if (key && !prefix_valid(key, bits))
		return NULL;
	do {
		gen = walk_begin(lpm);
		p = rcu_dereference_check(lpm->root, 1);
		if (key)
			p = walk_next(p, key, bits);
		while (is_node(p))
			p = node_first(to_node(p), 0);
	} while (walk_retry(lpm, gen));
	return p;
}
