/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The last records, for `log`: a ring of bytes in our own memory. What is new pushes out what is
 * oldest; how much that was is known. Records are kept as they came and decoded when asked for.
 */
#ifndef OT_STREAM_STORE_H
#define OT_STREAM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <otrace/ring.h>

struct ot_store;

#define OT_STORE_BYTES (128u << 20)

/** One kept record; rec is NULL where records had been lost before they got here. */
struct ot_store_item {
	const struct otrace_rec *rec;
	uint32_t tid;
	uint64_t time_ns;
	uint64_t lost;
};

/** @param max_bytes a power of two; memory is taken as it is needed */
struct ot_store *ot_store_create(size_t max_bytes);
void ot_store_destroy(struct ot_store *store);

void ot_store_add(struct ot_store *store, const struct ot_store_item *item);

/** Steps through from the oldest: start with *at 0; false at the end. Do not add meanwhile. */
bool ot_store_next(const struct ot_store *store, uint64_t *at, struct ot_store_item *ret);

/** Records that are kept; parts of contexts are not counted. */
uint64_t ot_store_nr(const struct ot_store *store);
/** Records that were pushed out. */
uint64_t ot_store_dropped(const struct ot_store *store);

#endif
