/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/tables.h"
#include "base/mem.h"

static bool size_fits(uint32_t size, uint32_t min_bytes, uint64_t room)
{
	return size >= min_bytes && size <= room && !(size & 7);
}

bool ot_record_sound(uint64_t address, uint64_t low, uint64_t high, uint32_t magic,
		     uint32_t min_bytes)
{
	const struct otrace_head *head = (const void *)address;
	const struct otrace_tail *tail;

	if ((address & 7) || address < low || address > high || high - address < min_bytes)
		return false;
	if (head->magic != magic || !size_fits(head->size_bytes, min_bytes, high - address))
		return false;
	tail = (const void *)(address + head->size_bytes - sizeof(*tail));
	return tail->size_bytes == head->size_bytes && tail->magic_complement == ~magic;
}

static bool sound(uint64_t at, uint64_t low, uint64_t high, uint32_t magic, uint32_t min_bytes)
{
	return ot_record_sound(at, low, high, magic, min_bytes) ||
	       ot_record_sound(at, low, high, OTRACE_MAGIC_ANCHOR, sizeof(struct otrace_anchor));
}

/* The sound record that ends at end, 0 if there is none. */
static uint64_t record_before(uint64_t end, uint64_t low, uint32_t magic, uint32_t min_bytes)
{
	const struct otrace_tail *tail;
	uint64_t begin;

	if (end < low || end - low < sizeof(struct otrace_anchor))
		return 0;
	tail = (const void *)(end - sizeof(*tail));
	if (!size_fits(tail->size_bytes, sizeof(struct otrace_anchor), end - low))
		return 0;
	begin = end - tail->size_bytes;
	return sound(begin, low, end, magic, min_bytes) ? begin : 0;
}

bool ot_table_scan(uint64_t anchor, uint64_t low, uint64_t high, uint32_t magic, uint32_t min_bytes,
		   struct ot_table *ret)
{
	struct ot_table table = {.begin = anchor, .end = anchor};
	uint64_t before;

	if (!sound(anchor, low, high, magic, min_bytes))
		return false;
	while ((before = record_before(table.begin, low, magic, min_bytes))) {
		table.begin = before;
		table.nr_records += ((const struct otrace_head *)before)->magic == magic;
	}
	while (sound(table.end, low, high, magic, min_bytes)) {
		const struct otrace_head *head = (const void *)table.end;

		table.nr_records += head->magic == magic;
		table.end += head->size_bytes;
	}
	*ret = table;
	return true;
}

const struct otrace_head *ot_table_next(const struct ot_table *table, uint64_t at, uint32_t magic)
{
	while (at < table->end) {
		const struct otrace_head *head = (const void *)at;

		if (head->magic == magic)
			return head;
		at += head->size_bytes;
	}
	return NULL;
}
