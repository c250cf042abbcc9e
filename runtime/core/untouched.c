/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/start.h"
#include "core/untouched.h"

/* A word of /proc/self/pagemap for each page. */
#define PRESENT (1ull << 63)
#define OF_FILE (1ull << 61)
#define NR_WORDS 256u /* read at once: this may be a small stack */

static bool is_constant(const struct ot_segment *segment)
{
	return (segment->flags & (PF_R | PF_W | PF_X)) == PF_R && segment->file_high > segment->low;
}

static uint64_t first_page(const struct ot_segment *segment)
{
	return segment->low / OT_PAGE_BYTES;
}

static uint64_t end_page(const struct ot_segment *segment)
{
	return (segment->file_high + OT_PAGE_BYTES - 1) / OT_PAGE_BYTES;
}

static void let_go(struct ot_untouched *untouched)
{
	uint64_t low = untouched->leaving_low, high = untouched->leaving_high;

	if (low < high)
		ot_sys_madvise((void *)(low * OT_PAGE_BYTES), (high - low) * OT_PAGE_BYTES,
			       MADV_DONTNEED);
	untouched->leaving_low = untouched->leaving_high = 0;
}

static void note(struct ot_untouched *untouched, uint64_t page, uint64_t bit, uint64_t word)
{
	(void)page;
	if (word & PRESENT)
		untouched->had[bit / 64] |= 1ull << (bit % 64);
}

static void leave(struct ot_untouched *untouched, uint64_t page, uint64_t bit, uint64_t word)
{
	bool had = untouched->had[bit / 64] >> (bit % 64) & 1;

	/* a page that is no file's any more was written: what is in it would be lost */
	if (had || (word & (PRESENT | OF_FILE)) != (PRESENT | OF_FILE))
		return;
	if (page != untouched->leaving_high) {
		let_go(untouched);
		untouched->leaving_low = page;
	}
	untouched->leaving_high = page + 1;
}

/* Calls work for each page; false when the kernel does not tell. */
static bool each_page(struct ot_untouched *untouched,
		      void (*work)(struct ot_untouched *untouched, uint64_t page, uint64_t bit,
				   uint64_t word))
{
	uint64_t words[NR_WORDS];
	uint64_t bit = 0;

	ot_memset(words, 0, sizeof(words)); /* clang-tidy does not see the kernel write */
	for (unsigned i = 0; i < untouched->nr_segments; i++) {
		const struct ot_segment *segment = &untouched->segments[i];
		uint64_t end = end_page(segment);

		for (uint64_t page = first_page(segment); is_constant(segment) && page < end;) {
			uint64_t nr = end - page < NR_WORDS ? end - page : NR_WORDS;

			if (ot_sys_pread(untouched->fd, words, nr * sizeof(*words),
					 page * sizeof(*words)) != (long)(nr * sizeof(*words)))
				return false;
			for (uint64_t j = 0; j < nr; j++)
				work(untouched, page++, bit++, words[j]);
			/* what was read may be old soon: the program may make a page writable, and write it */
			let_go(untouched);
		}
	}
	return true;
}

static uint64_t nr_pages(const struct ot_untouched *untouched)
{
	uint64_t nr = 0;

	for (unsigned i = 0; i < untouched->nr_segments; i++)
		if (is_constant(&untouched->segments[i]))
			nr += end_page(&untouched->segments[i]) -
			      first_page(&untouched->segments[i]);
	return nr;
}

static void forget(struct ot_untouched *untouched)
{
	ot_pages_unmap(untouched->had, untouched->had_bytes);
	untouched->had = NULL;
	if (untouched->fd >= 0)
		ot_sys_close(untouched->fd);
	untouched->fd = -1;
}

/* A program that has locked itself in may be killed for what it does not do itself. */
void ot_untouched_note(struct ot_untouched *ret, const struct ot_segment *segments,
		       unsigned nr_segments)
{
	*ret = (struct ot_untouched){.segments = segments, .nr_segments = nr_segments, .fd = -1};
	if (!nr_segments || ot_start_locked_in())
		return;
	ret->fd = (int)ot_sys_open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
	if (ret->fd < 0)
		return;
	ret->had_bytes = OT_ROUND_UP(nr_pages(ret) / 8 + 8, OT_PAGE_BYTES);
	ret->had = ot_pages_map(ret->had_bytes);
	if (!ret->had || !each_page(ret, note))
		forget(ret);
}

void ot_untouched_return(struct ot_untouched *untouched)
{
	if (untouched->had)
		each_page(untouched, leave);
	forget(untouched);
}
