/* SPDX-License-Identifier: BSD-2-Clause */
/** Memory for many small things that die together. Zero-initialised is empty. */
#ifndef OT_BASE_ARENA_H
#define OT_BASE_ARENA_H

#include "base/clean.h"

struct ot_arena_block;

struct ot_arena {
	struct ot_arena_block *blocks;
	size_t used_bytes; /* of the newest block */
	size_t total_bytes;
};

/** Zeroed memory, aligned to 16; never NULL. */
void *ot_arena_alloc(struct ot_arena *arena, size_t bytes);
char *ot_arena_strndup(struct ot_arena *arena, const char *text, size_t bytes);
void ot_arena_deinit(struct ot_arena *arena);

#endif
