// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the benchmark, laid out as the kernel's: objects of kmalloc()'s
 * sizes in slabs of one size, on huge pages.  Replaces shim.c, whose malloc()
 * puts a header before each object and small pages under them: other cache
 * and TLB misses than in the kernel.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/kernel.h>

#include "shim.h"

#define ARENA_ALIGN	(2UL * 1024 * 1024)
#define ARENA_SIZE	(512 * ARENA_ALIGN)
#define SLAB_SIZE	8192UL

static const unsigned short sizes[] = { 32, 64, 96, 128, 192, 256, 512 };

static char *arena;
static size_t arena_used;
static unsigned char slab_class[ARENA_SIZE / SLAB_SIZE];
static void *free_list[ARRAY_SIZE(sizes)];

long shim_blocks;
long shim_bytes;
int shim_warnings;

static void push(unsigned int class, void *p)
{
	memcpy(p, &free_list[class], sizeof(void *));
	free_list[class] = p;
}

static void make_slab(unsigned int class)
{
	long i, count = SLAB_SIZE / sizes[class];

	if (!arena) {
		arena = aligned_alloc(ARENA_ALIGN, ARENA_SIZE);
		if (!arena)
			abort();
		madvise(arena, ARENA_SIZE, MADV_HUGEPAGE);
	}
	if (arena_used == ARENA_SIZE)
		abort();
	slab_class[arena_used / SLAB_SIZE] = class;
	for (i = count - 1; i >= 0; i--)
		push(class, arena + arena_used + i * sizes[class]);
	arena_used += SLAB_SIZE;
}

void *shim_alloc(size_t size)
{
	unsigned int class = 0;
	void *p;

	while (sizes[class] < size)
		class++;
	if (!free_list[class])
		make_slab(class);
	p = free_list[class];
	memcpy(&free_list[class], p, sizeof(void *));
	shim_blocks++;
	shim_bytes += sizes[class];
	return p;
}

void *shim_zalloc(size_t size)
{
	return memset(shim_alloc(size), 0, size);
}

void shim_free(void *p)
{
	unsigned int class = slab_class[((char *)p - arena) / SLAB_SIZE];

	shim_blocks--;
	shim_bytes -= sizes[class];
	push(class, p);
}

void shim_free_rcu(void *p)
{
	shim_free(p);
}
