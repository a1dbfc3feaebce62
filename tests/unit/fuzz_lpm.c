// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing of the prefix table: a sequence of operations, done on the table
 * and on a model.  An operation is five bytes:
 *
 *   what (low 3 bits), no memory (0x08), bits + 128 (0x10), dirty key (0x20)
 *   bits, position of the first byte in the key, first byte, second byte
 */
#include "lpm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lpm_model.h"
#include "random.h"
#include "shim.h"

#define OP_LEN		5
#define OP_NOMEM	0x08
#define OP_LONG		0x10
#define OP_DIRTY	0x20

static struct serval_lpm *lpm;
static struct lpm_model model;

static void check(bool cond)
{
	if (!cond)
		abort();
}

static struct serval_lpm_entry decode(const u8 *op)
{
	struct serval_lpm_entry e = { .bits = op[1] };

	if (op[0] & OP_LONG)
		e.bits += 128;
	e.key[op[2] % 32] = op[3];
	e.key[(op[2] + 1 + op[2] / 32) % 32] = op[4];
	if (!(op[0] & OP_DIRTY) && e.bits <= 256)
		mask_key(e.key, e.bits);
	return e;
}

static void insert(struct serval_lpm_entry *e, bool nomem)
{
	struct serval_lpm_entry *own;
	int err;

	if (!lpm_model_valid(e->key, e->bits)) {
		check(serval_lpm_insert(lpm, e) == -EINVAL);
		return;
	}
	if (lpm_model_find(&model, e->key, e->bits)) {
		check(serval_lpm_insert(lpm, e) == -EEXIST);
		return;
	}
	own = lpm_model_add(&model, e->key, e->bits);
	if (!own)
		return;
	err = serval_lpm_insert(lpm, own);
	check(!err || (err == -ENOMEM && nomem));
	if (err)
		lpm_model_del(&model, own);
}

static void drop(struct serval_lpm_entry *e)
{
	if (!e)
		return;
	serval_lpm_remove(lpm, e);
	lpm_model_del(&model, e);
}

static void run(const u8 *op)
{
	struct serval_lpm_entry e = decode(op);
	bool valid = lpm_model_valid(e.key, e.bits);
	bool nomem = op[0] & OP_NOMEM;

	shim_alloc_budget = nomem ? 0 : -1;
	switch (op[0] & 7) {
	case 0:
	case 1:
	case 2:
		insert(&e, nomem);
		break;
	case 3:
		drop(lpm_model_find(&model, e.key, e.bits));
		break;
	case 4:
		drop(lpm_model_next(&model, e.key, e.bits));
		break;
	case 5:
		check(serval_lpm_find(lpm, e.key, e.bits) ==
		      lpm_model_find(&model, e.key, e.bits));
		break;
	case 6:
		check(serval_lpm_next(lpm, e.key, e.bits) ==
		      (valid ? lpm_model_next(&model, e.key, e.bits) : NULL));
		break;
	}
	check(serval_lpm_lookup(lpm, e.key) ==
	      lpm_model_lookup(&model, e.key));
	shim_alloc_budget = -1;
}

int fuzz_one_input(const u8 *data, size_t size);

int fuzz_one_input(const u8 *data, size_t size)
{
	bool empty = size && data[size - 1] & 1;

	memset(&model, 0, sizeof(model));
	lpm = serval_lpm_alloc();
	for (; size >= OP_LEN; size -= OP_LEN, data += OP_LEN) {
		run(data);
		check(shim_blocks <= 1 + (model.count ? model.count : 0));
	}
	check(lpm_model_same(&model, lpm));
	while (empty && model.count)
		drop(lpm_model_next(&model, NULL, 0));
	check(!empty || shim_blocks == 1);
	serval_lpm_free(lpm);
	check(!shim_blocks && !shim_warnings);
	return 0;
}
