/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test can see and set of the host's stand-ins for kernel functions.
 */
#ifndef _SHIM_H
#define _SHIM_H

#include <stddef.h>

/* Blocks allocated and not yet freed, and their bytes; single thread only,
 * unless the writer is the only one that allocates
 */
extern long shim_blocks;
extern long shim_bytes;
/* WARN_ON_ONCE() that were true */
extern int shim_warnings;
/* Allocations that succeed before all fail; negative: none fails */
extern long shim_alloc_budget;
/* Takes what kfree_rcu() got, to hand it to shim_free() later */
extern void (*shim_defer)(void *p);

void *shim_alloc(size_t size);
void *shim_zalloc(size_t size);
void shim_free(void *p);
void shim_free_rcu(void *p);

#endif /* _SHIM_H */
