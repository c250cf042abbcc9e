/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Walking the entries that the pass left in a section, and reading what they refer to. Whatever lies
 * in memory is looked at with suspicion: an entry counts only when it leads to a sound pool inside of
 * the bounds.
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

enum ot_table_kind { OT_TABLE_FNS = 0, OT_TABLE_VARS = 1 };

/** A function as its entry and its description say; addresses are not checked. */
struct ot_fn {
	struct otrace_fn head;
	uint64_t symbol;
	uint64_t stub; /* 0 = none, so too body */
	uint64_t body;
	uint64_t wrapper;
	const struct otrace_file *file; /* may be NULL */
	uint64_t by_value_bytes;	/* of arguments that are copied to the stack */
};

/**
 * Finds the bounds of the table around the entry at anchor.
 *
 * @param low, high  readable memory that holds the table and its pools
 * @return false when there is no sound entry at anchor
 */
bool ot_table_scan(uint64_t anchor, uint64_t low, uint64_t high, enum ot_table_kind kind,
		   struct ot_table *ret);

/** Next entry that is no anchor at or behind at, NULL at the end. Only inside scanned bounds. */
const struct otrace_entry *ot_table_next(const struct ot_table *table, uint64_t at);

/** True when a sound entry, anchors included, lies at address. */
bool ot_entry_sound(uint64_t address, uint64_t low, uint64_t high, enum ot_table_kind kind);

/** Reads the function of the entry at address; false when it is none. Texts lie where they are. */
bool ot_fn_read(uint64_t address, uint64_t low, uint64_t high, struct ot_fn *ret);

/** The flags (enum otrace_var_flag) of the variable of the entry at address; false when it is none. */
bool ot_var_flags(uint64_t address, uint64_t low, uint64_t high, uint32_t *ret);

/** The functions of the pool behind a sound anchor of which no copy is left: they have no entry. */
void ot_pool_each_gone(uint64_t anchor, uint64_t low, uint64_t high,
		       void (*work)(const struct ot_fn *fn, void *context), void *context);

#endif
