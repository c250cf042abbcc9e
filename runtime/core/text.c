/* SPDX-License-Identifier: BSD-2-Clause */
#include <link.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/maps.h"
#include "base/sys.h"
#include "core/switch.h"
#include "core/text.h"

#define MERGE_GAP_BYTES \
	(16u * OT_PAGE_BYTES) /* one mprotect over a small gap is cheaper than two */

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

/* The protection that the system gave the segment, asked for once. */
static int segment_prot(struct ot_segment *segment)
{
	static char scratch[OT_PAGE_BYTES];
	struct ot_mapping map;

	if (segment->prot < 0) {
		segment->prot = PROT_READ | PROT_EXEC;
		if (ot_maps_find(segment->low, scratch, sizeof(scratch), &map))
			segment->prot = map.prot;
	}
	return segment->prot;
}

static void insert(struct ot_text_batch *batch, unsigned at, const struct ot_text_range *range)
{
	for (unsigned i = batch->nr++; i > at; i--)
		batch->ranges[i] = batch->ranges[i - 1];
	batch->ranges[at] = *range;
}

/* Keeps the ranges sorted and merges neighbours with the same protection. */
static void add_range(struct ot_text_batch *batch, const struct ot_text_range *range)
{
	unsigned i;

	for (i = 0; i < batch->nr; i++) {
		struct ot_text_range *old = &batch->ranges[i];

		if (range->low <= old->high + MERGE_GAP_BYTES &&
		    old->low <= range->high + MERGE_GAP_BYTES && old->prot == range->prot) {
			if (range->low < old->low)
				old->low = range->low;
			if (range->high > old->high)
				old->high = range->high;
			return;
		}
		if (range->high <= old->low)
			break;
	}
	insert(batch, i, range);
}

/* Growing to lower addresses or over a gap may have made ranges touch. */
static void merge_overlaps(struct ot_text_batch *batch)
{
	unsigned kept = 0;

	for (unsigned i = 1; i < batch->nr; i++) {
		struct ot_text_range *last = &batch->ranges[kept];

		if (batch->ranges[i].low < last->high) {
			if (batch->ranges[i].high > last->high)
				last->high = batch->ranges[i].high;
			continue;
		}
		batch->ranges[++kept] = batch->ranges[i];
	}
	if (batch->nr)
		batch->nr = kept + 1;
}

static void count_dirty(struct ot_segment *segment, uint64_t address)
{
	uint64_t page = (address - OT_ROUND_DOWN(segment->low, OT_PAGE_BYTES)) / OT_PAGE_BYTES;
	uint64_t pages = (segment->high - segment->low) / OT_PAGE_BYTES + 2;

	if (!segment->dirty)
		segment->dirty = ot_arena_alloc(pages / 8 + 1);
	if (!segment->dirty || segment->dirty[page / 8] & (1u << page % 8))
		return;
	segment->dirty[page / 8] |= (uint8_t)(1u << page % 8);
	ot_switch_totals.nr_pages_dirty++;
}

static bool protect(struct ot_text_batch *batch, unsigned nr, bool writable)
{
	for (unsigned i = 0; i < nr; i++) {
		struct ot_text_range *range = &batch->ranges[i];
		int prot = range->prot | (writable ? PROT_READ | PROT_WRITE | PROT_EXEC : 0);

		if (ot_sys_mprotect(range->low, range->high - range->low, prot)) {
			if (writable)
				protect(batch, i, false);
			return false;
		}
	}
	return true;
}

static bool write_all(int fd, const uint8_t *from, uint64_t bytes, uint64_t offset)
{
	while (bytes) {
		long wrote = ot_sys_pwrite(fd, from, bytes, offset);

		if (wrote <= 0)
			return false;
		from += wrote;
		offset += (uint64_t)wrote;
		bytes -= (uint64_t)wrote;
	}
	return true;
}

/* Lays a fresh copy of the range's view over the text. Replacing a mapping is one step for threads
 * that execute there: a fault in between waits for it. */
static bool lay_over(struct ot_text_batch *batch, struct ot_text_range *range)
{
	uint64_t bytes = range->high - range->low;
	long at;

	if (!write_all(batch->fd, range->view, bytes, batch->used_bytes))
		return false;
	at = ot_sys_mmap(range->low, bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
			 batch->fd, batch->used_bytes);
	batch->used_bytes += bytes;
	return (uint64_t)at == range->low;
}

/* A new file for each batch: a number that was kept could be another file's by the next one. */
static bool open_copies(struct ot_text_batch *batch)
{
	batch->used_bytes = 0;
	batch->fd = (int)ot_sys_memfd_create("otrace-text", MFD_CLOEXEC | MFD_EXEC);
	if (batch->fd < 0)
		batch->fd = (int)ot_sys_memfd_create("otrace-text", MFD_CLOEXEC);
	return batch->fd >= 0;
}

static void drop_copies(struct ot_text_batch *batch)
{
	ot_sys_close(batch->fd);
	for (unsigned i = 0; i < batch->nr; i++) {
		ot_pages_unmap(batch->ranges[i].view, batch->ranges[i].high - batch->ranges[i].low);
		batch->ranges[i].view = NULL;
	}
}

/* The first copy is laid over unchanged: what fails, fails before a stub is touched. */
static int open_copied(struct ot_text_batch *batch)
{
	if (!open_copies(batch))
		return OTRACE_E_TEXT_READ_ONLY;
	for (unsigned i = 0; i < batch->nr; i++) {
		struct ot_text_range *range = &batch->ranges[i];
		uint64_t bytes = range->high - range->low;

		range->view = ot_pages_map(bytes);
		if (range->view)
			ot_memcpy(range->view, (const void *)range->low, bytes);
		if (!range->view || !lay_over(batch, range)) {
			drop_copies(batch);
			return OTRACE_E_TEXT_READ_ONLY;
		}
	}
	batch->copied = true;
	ot_switch_totals.memfd_text = true;
	return OTRACE_E_OK;
}

static bool collect(struct ot_text_batch *batch, struct ot_module *const *modules,
		    const uint64_t *addresses, unsigned nr, unsigned bytes_each)
{
	batch->nr = 0;
	batch->copied = false;
	for (unsigned i = 0; i < nr; i++) {
		struct ot_segment *segment =
			ot_module_segment(modules[i], addresses[i], bytes_each, PF_X);
		struct ot_text_range range;

		if (!segment)
			return false;
		range.low = OT_ROUND_DOWN(addresses[i], OT_PAGE_BYTES);
		range.high = OT_ROUND_UP(addresses[i] + bytes_each, OT_PAGE_BYTES);
		range.view = (uint8_t *)range.low;
		range.prot = segment_prot(segment);
		count_dirty(segment, addresses[i]);
		add_range(batch, &range);
	}
	merge_overlaps(batch);
	for (unsigned i = 0; i < batch->nr; i++)
		batch->ranges[i].view = (uint8_t *)batch->ranges[i].low;
	return true;
}

int ot_text_open(struct ot_text_batch *batch, struct ot_module *const *modules,
		 const uint64_t *addresses, unsigned nr, unsigned bytes_each)
{
	if (!collect(batch, modules, addresses, nr, bytes_each))
		return OTRACE_E_TEXT_READ_ONLY;
	if (ot_switch_totals.memfd_text || !protect(batch, batch->nr, true))
		return open_copied(batch);
	/* the page faults happen here, not while callers wait */
	for (unsigned i = 0; i < nr; i++) {
		ot_arch_touch_text((void *)addresses[i]);
		ot_arch_touch_text((void *)(addresses[i] + bytes_each - 1));
	}
	return OTRACE_E_OK;
}

void *ot_text_view(const struct ot_text_batch *batch, uint64_t address)
{
	for (unsigned i = 0; i < batch->nr; i++)
		if (address >= batch->ranges[i].low && address < batch->ranges[i].high)
			return batch->ranges[i].view + (address - batch->ranges[i].low);
	return NULL;
}

void ot_text_publish(struct ot_text_batch *batch)
{
	for (unsigned i = 0; batch->copied && i < batch->nr; i++)
		OT_ASSERT(lay_over(batch, &batch->ranges[i]));
	ot_sys_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
}

void ot_text_close(struct ot_text_batch *batch)
{
	if (batch->copied)
		drop_copies(batch);
	else
		OT_ASSERT(protect(batch, batch->nr, false));
}
