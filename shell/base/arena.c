// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <sys/mman.h>

#include "base/arena.h"

/* The first block; each one is several times as large as all before, so that what needs much soon gets
 * it in large pages. */
#define ARENA_BLOCK_BYTES (64u * 1024u)
#define ARENA_BLOCK_MAX_BYTES (2 * OT_LARGE_PAGE_BYTES)

struct ot_arena_block {
	struct ot_arena_block *next;
	size_t bytes;
	/* of a mapping of its own, else NULL */
	void *mapping;
	size_t mapping_bytes;
	_Alignas(16) char data[];
};

/* Zeroed, as what the kernel gives is. */
static struct ot_arena_block *map_block(size_t bytes)
{
	size_t all = bytes + OT_LARGE_PAGE_BYTES;
	struct ot_arena_block *block;
	char *at;

	if (all < bytes)
		return NULL;
	at = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		  -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	/* what lies before is never touched */
	block = (void *)(at + (-(uintptr_t)at & (OT_LARGE_PAGE_BYTES - 1)));
	ot_use_large_pages(block, bytes);
	block->mapping = at;
	block->mapping_bytes = all;
	return block;
}

static struct ot_arena_block *make_block(size_t room)
{
	size_t bytes = sizeof(struct ot_arena_block) + room;
	struct ot_arena_block *block = bytes >= OT_LARGE_PAGE_BYTES ? map_block(bytes) : NULL;

	if (!block)
		block = ot_alloc(bytes);
	block->bytes = room;
	return block;
}

void *ot_arena_alloc(struct ot_arena *arena, size_t bytes)
{
	struct ot_arena_block *block = arena->blocks;
	void *memory;

	bytes = (bytes + 15) & ~(size_t)15;
	if (!block || block->bytes - arena->used_bytes < bytes) {
		size_t room = 4 * arena->total_bytes;

		room = room < OT_LARGE_PAGE_BYTES / 2 ? room : ARENA_BLOCK_MAX_BYTES;
		room = room > ARENA_BLOCK_BYTES ? room : ARENA_BLOCK_BYTES;
		room = room > bytes ? room : bytes;
		block = make_block(room);
		block->next = arena->blocks;
		arena->blocks = block;
		arena->used_bytes = 0;
		arena->total_bytes += room;
	}
	memory = block->data + arena->used_bytes;
	arena->used_bytes += bytes;
	return memory;
}

char *ot_arena_strndup(struct ot_arena *arena, const char *text, size_t bytes)
{
	char *copy = ot_arena_alloc(arena, bytes + 1);

	if (bytes)
		memcpy(copy, text, bytes);
	return copy;
}

void ot_arena_deinit(struct ot_arena *arena)
{
	while (arena->blocks) {
		struct ot_arena_block *block = arena->blocks;

		arena->blocks = block->next;
		if (block->mapping)
			munmap(block->mapping, block->mapping_bytes);
		else
			free(block);
	}
	memset(arena, 0, sizeof(*arena));
}
