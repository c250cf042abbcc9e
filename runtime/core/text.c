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
#define WRITABLE (PROT_READ | PROT_WRITE | PROT_EXEC)
#define KNOWN_MAX 32u

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

/* What was read of /proc/self/maps: a batch lies mostly in one mapping. */
static struct {
	struct ot_mapping maps[KNOWN_MAX];
	unsigned nr;
} known;

void ot_text_ask_again(void)
{
	known.nr = 0;
}

static const struct ot_mapping *find_known(uint64_t address)
{
	for (unsigned i = 0; i < known.nr; i++)
		if (address >= known.maps[i].low && address < known.maps[i].high)
			return &known.maps[i];
	return NULL;
}

static const struct ot_mapping *find_mapping(uint64_t address)
{
	static char scratch[OT_PAGE_BYTES];
	const struct ot_mapping *map = find_known(address);

	if (map)
		return map;
	known.nr = 1;
	if (!ot_maps_ask(address, known.maps))
		known.nr = ot_maps_list(address, scratch, sizeof(scratch), known.maps, KNOWN_MAX);
	return find_known(address);
}

/* The page at low, as the program has it now: it may have changed what the loader made. */
static void describe(struct ot_text_range *range, const struct ot_segment *segment, uint64_t low)
{
	const struct ot_mapping *map = find_mapping(low);

	range->low = low;
	range->high = low + OT_PAGE_BYTES;
	range->view = (uint8_t *)low;
	range->prot = PROT_READ | PROT_EXEC;
	range->area_low = OT_ROUND_DOWN(segment->low, OT_PAGE_BYTES);
	range->area_high = OT_ROUND_UP(segment->high, OT_PAGE_BYTES);
	if (!map)
		return;
	range->prot = map->prot;
	range->area_low = ot_larger(range->area_low, map->low);
	range->area_high = ot_smaller(range->area_high, map->high);
}

static bool same_area(const struct ot_text_range *a, const struct ot_text_range *b)
{
	return a->area_low == b->area_low && a->area_high == b->area_high && a->prot == b->prot;
}

static void insert(struct ot_text_batch *batch, unsigned at, const struct ot_text_range *range)
{
	for (unsigned i = batch->nr++; i > at; i--)
		batch->ranges[i] = batch->ranges[i - 1];
	batch->ranges[at] = *range;
}

/* Keeps the ranges sorted and merges neighbours. What lies between them gets their protection, so it
 * has to be the same segment's text: between two modules there is somebody's data. */
static void add_range(struct ot_text_batch *batch, const struct ot_text_range *range)
{
	unsigned i;

	for (i = 0; i < batch->nr; i++) {
		struct ot_text_range *old = &batch->ranges[i];

		if (range->low <= old->high + MERGE_GAP_BYTES &&
		    old->low <= range->high + MERGE_GAP_BYTES && same_area(old, range)) {
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
		int prot = range->prot | (writable ? WRITABLE : 0);

		/* asking for what is there already may be refused all the same */
		if (range->prot != WRITABLE &&
		    ot_sys_mprotect(range->low, range->high - range->low, prot)) {
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
	at = ot_sys_mmap(range->low, bytes, range->prot, MAP_PRIVATE | MAP_FIXED, batch->fd,
			 batch->used_bytes);
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

/* Not what the program can write itself, and not what was not come to before an error. */
static bool is_copy(const struct ot_text_range *range)
{
	return range->view != (uint8_t *)range->low;
}

static void drop_copies(struct ot_text_batch *batch)
{
	ot_sys_close(batch->fd);
	for (unsigned i = 0; i < batch->nr; i++) {
		struct ot_text_range *range = &batch->ranges[i];

		if (is_copy(range))
			ot_pages_unmap(range->view, range->high - range->low);
		range->view = NULL;
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

		if (range->prot == WRITABLE)
			continue;
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
		uint64_t end = addresses[i] + bytes_each;

		if (!segment)
			return false;
		count_dirty(segment, addresses[i]);
		for (uint64_t page = OT_ROUND_DOWN(addresses[i], OT_PAGE_BYTES); page < end;
		     page += OT_PAGE_BYTES) {
			struct ot_text_range range;

			describe(&range, segment, page);
			add_range(batch, &range);
		}
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
		if (is_copy(&batch->ranges[i]))
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
