/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glibc's struct pthread begins at the thread pointer, with the pointer to itself twice (the psABI wants
 * the first); further in is the link of a list of all threads, the number of the thread right behind it.
 * Where, is not for us to know: it is found out by looking at our own block. There are two such lists:
 * of stacks that the library has made, and of others, among them main's.
 */
#include <stdbool.h>

#include "base/mem.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/start.h"
#include "core/tcb.h"

#define SELF_WORD 2u /* the second pointer to itself */
#define LINK_MAX_BYTES 4096u
#define THREADS_MAX 16384u /* a list that changes meanwhile may lead anywhere, also in circles */

struct link {
	uint64_t next;
	uint64_t before;
	int tid;
};

static bool take(uint64_t address, void *to, uint64_t bytes)
{
	return ot_safe_read(to, address, bytes) == bytes;
}

static bool is_block(uint64_t block)
{
	uint64_t words[SELF_WORD + 1];

	return take(block, words, sizeof(words)) && words[0] == block && words[SELF_WORD] == block;
}

/* Bytes from the beginning of a block to its link; 0 = this library has none that we can read. */
static uint64_t find_link(uint64_t own, int tid)
{
	struct link link;
	uint64_t back;

	for (uint64_t at = sizeof(uint64_t) * 8; at < LINK_MAX_BYTES; at += sizeof(uint64_t)) {
		if (!take(own + at, &link, sizeof(link)))
			return 0;
		if (link.tid == tid && take(link.next + sizeof(uint64_t), &back, sizeof(back)) &&
		    back == own + at)
			return at;
	}
	return 0;
}

static uint64_t find_in_list(uint64_t start, uint64_t to_link, int tid)
{
	uint64_t at = start;
	struct link link;

	for (uint32_t nr = 0; nr < THREADS_MAX; nr++) {
		if (!take(at, &link, sizeof(link)))
			return 0;
		/* the head of the list is no block */
		if (link.tid == tid && is_block(at - to_link))
			return at - to_link;
		at = link.next;
		if (at == start)
			return 0;
	}
	return 0;
}

uint64_t ot_tcb_find(int tid)
{
	uint64_t own = ot_arch_thread_pointer(), first = ot_start_main_thread_pointer();
	uint64_t to_link = is_block(own) ? find_link(own, ot_sys_gettid()) : 0;
	uint64_t found = 0;

	if (to_link)
		found = find_in_list(own + to_link, to_link, tid);
	if (to_link && !found && first)
		found = find_in_list(first + to_link, to_link, tid);
	return found;
}
