// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "base/arena.h"

#define ARENA_BLOCK_BYTES (64u * 1024u)

struct ot_arena_block {
	struct ot_arena_block *next;
	size_t bytes;
	_Alignas(16) char data[];
};

void *ot_arena_alloc(struct ot_arena *arena, size_t bytes)
{
	struct ot_arena_block *block = arena->blocks;
	void *memory;

	bytes = (bytes + 15) & ~(size_t)15;
	if (!block || block->bytes - arena->used_bytes < bytes) {
		size_t room = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;

		block = ot_alloc(sizeof(*block) + room);
		block->bytes = room;
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
		free(block);
	}
	memset(arena, 0, sizeof(*arena));
}
