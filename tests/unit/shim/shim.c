// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation of the host build: counted, and failing on request.
 */
#include "shim.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

long shim_blocks;
long shim_bytes;
int shim_warnings;
long shim_alloc_budget = -1;
void (*shim_defer)(void *p);

void *shim_alloc(size_t size)
{
	void *p;

	if (!shim_alloc_budget)
		return NULL;
	if (shim_alloc_budget > 0)
		shim_alloc_budget--;
	p = malloc(size);
	if (!p)
		abort();
	shim_blocks++;
	shim_bytes += malloc_usable_size(p);
	return p;
}

void *shim_zalloc(size_t size)
{
	void *p = shim_alloc(size);

	return p ? memset(p, 0, size) : NULL;
}

void shim_free(void *p)
{
	if (!p)
		return;
	shim_blocks--;
	shim_bytes -= malloc_usable_size(p);
	free(p);
}

void shim_free_rcu(void *p)
{
	if (shim_defer)
		shim_defer(p);
	else
		shim_free(p);
}
