/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Memory of the runtime: mapped in pieces, handed out once, never given back. What may grow without
 * end (messages) is mapped and unmapped by its user instead. Only called under the control lock.
 */
#ifndef OT_BASE_ARENA_H
#define OT_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define OT_ARENA_PIECE_BYTES (256u * 1024u)
#define OT_ARENA_MAX_BYTES (256u << 20) /* of all pieces together */

/** Zeroed memory, 16-byte aligned, or NULL when the budget or the system's memory is used up. */
void *ot_arena_alloc(size_t bytes);
/** Bytes mapped so far. */
uint64_t ot_arena_bytes(void);

/** Zeroed pages, or NULL. */
void *ot_pages_map(size_t bytes);
/**
 * Zeroed pages of which only those in use take memory, also in a program that locks what it maps
 * (mlockall(MCL_FUTURE)). NULL when they are not to be had, as when its limit for locked memory is reached.
 *
 * @param flags, fd  as for mmap(): MAP_PRIVATE | MAP_ANONYMOUS, -1; or MAP_SHARED, a file
 */
void *ot_pages_map_unlocked(size_t bytes, int flags, int fd);
void ot_pages_unmap(void *pages, size_t bytes);

#endif
