// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the benchmark, laid out as the kernel's: objects of kmalloc()'s
 * sizes in slabs for one size each, on huge pages.  Replaces shim.c, whose
 * malloc() puts a header before each object and small pages under them: other
 * cache and TLB misses than in the kernel.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/kernel.h>

#include "shim.h"

#define ARENA_ALIGN	(2UL * 1024 * 1024)
#define ARENA_SIZE	(512 * ARENA_ALIGN)
/* Slabs are multiples of this */
#define SLAB_UNIT	8192UL

static const unsigned short sizes[] = {
	32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192
};

static char *arena;
static size_t arena_used;
static unsigned char slab_class[ARENA_SIZE / SLAB_UNIT];
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
	size_t size = sizes[class] > 512 ? 4 * SLAB_UNIT : SLAB_UNIT;
	long i, count = size / sizes[class];

	if (!arena) {
		arena = aligned_alloc(ARENA_ALIGN, ARENA_SIZE);
		if (!arena)
			abort();
		madvise(arena, ARENA_SIZE, MADV_HUGEPAGE);
	}
	if (arena_used + size > ARENA_SIZE)
		abort();
	memset(&slab_class[arena_used / SLAB_UNIT], class, size / SLAB_UNIT);
	for (i = count - 1; i >= 0; i--)
		push(class, arena + arena_used + i * sizes[class]);
	arena_used += size;
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
	unsigned int class = slab_class[((char *)p - arena) / SLAB_UNIT];

	shim_blocks--;
	shim_bytes -= sizes[class];
	push(class, p);
}

void shim_free_rcu(void *p)
{
	shim_free(p);
}
