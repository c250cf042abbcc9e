/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Walking the records that the pass left in a section. Whatever lies in memory is looked at with
 * suspicion: a record counts only when both of its tags and its size fit into the bounds.
 */
#ifndef OT_CORE_TABLES_H
#define OT_CORE_TABLES_H

#include <stdbool.h>
#include <otrace/abi.h>

struct ot_table {
	uint64_t begin;
	uint64_t end;
	uint32_t nr_records; /* anchors not counted */
};

/**
 * Finds the bounds of the table around the record at anchor.
 *
 * @param low, high  readable memory that holds the table
 * @param magic      of the records that count, beside anchors
 * @param min_bytes  smallest size of such a record with its tail
 * @return false when there is no sound record at anchor
 */
bool ot_table_scan(uint64_t anchor, uint64_t low, uint64_t high, uint32_t magic, uint32_t min_bytes,
		   struct ot_table *ret);

/** Next record of the magic at or behind at, NULL at the end. Only inside scanned bounds. */
const struct otrace_head *ot_table_next(const struct ot_table *table, uint64_t at, uint32_t magic);

/** True when a whole, sound record with this magic lies at address, between low and high. */
bool ot_record_sound(uint64_t address, uint64_t low, uint64_t high, uint32_t magic,
		     uint32_t min_bytes);

#define OT_FN_MIN_BYTES ((uint32_t)(sizeof(struct otrace_fn) + sizeof(struct otrace_tail)))
#define OT_VAR_MIN_BYTES ((uint32_t)(sizeof(struct otrace_var) + sizeof(struct otrace_tail)))

#endif
