/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/mman.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/sys.h"

static struct {
	char *next;
	char *end;
	uint64_t mapped_bytes;
} arena;

void *ot_pages_map(size_t bytes)
{
	long at = ot_sys_mmap(0, bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at < 0 && at > -4096 ? NULL : (void *)at;
}

void *ot_pages_map_unlocked(size_t bytes, int flags, int fd)
{
	/* mmap() fills what it locks at once, but for what cannot be read */
	long at = ot_sys_mmap(0, bytes, PROT_NONE, flags | MAP_NORESERVE, fd, 0);

	if (at < 0 && at > -4096)
		return NULL;
	OT_SYS(SYS_munlock, at, bytes, 0, 0, 0, 0);
	if (ot_sys_mprotect((uint64_t)at, bytes, PROT_READ | PROT_WRITE)) {
		ot_sys_munmap((void *)at, bytes);
		return NULL;
	}
	return (void *)at;
}

void ot_pages_unmap(void *pages, size_t bytes)
{
	if (pages)
		ot_sys_munmap(pages, bytes);
}

static void *new_piece(size_t bytes)
{
	void *piece;

	if (arena.mapped_bytes + bytes > OT_ARENA_MAX_BYTES)
		return NULL;
	piece = ot_pages_map(bytes);
	if (piece)
		arena.mapped_bytes += bytes;
	return piece;
}

void *ot_arena_alloc(size_t bytes)
{
	char *at;

	bytes = OT_ROUND_UP(bytes, 16);
	if (bytes > OT_ARENA_PIECE_BYTES)
		return new_piece(OT_ROUND_UP(bytes, OT_PAGE_BYTES));
	if ((size_t)(arena.end - arena.next) < bytes) {
		at = new_piece(OT_ARENA_PIECE_BYTES);
		if (!at)
			return NULL;
		arena.next = at;
		arena.end = at + OT_ARENA_PIECE_BYTES;
	}
	at = arena.next;
	arena.next += bytes;
	return at;
}

uint64_t ot_arena_bytes(void)
{
	return arena.mapped_bytes;
}
