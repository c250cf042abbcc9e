/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Reader of the rings of a trace area (otrace/ring.h).
 *
 * Two steps, so that a slow consumer does not lose what a fast program writes: a sweep copies what
 * the rings hold into a spool of plain memory, ot_rings_next() takes records out of it, those of
 * all threads merged by time.
 *
 *	ot_rings_sweep(rings, now);
 *	while (ot_rings_next(rings, &item)) ...
 *
 * What was overwritten before it could be copied is counted exactly from the headers of the
 * sub-buffers and comes out as an item of its own, in its place among the thread's records. The
 * counters of what the writer could not write are watched too. One thread uses it at a time.
 */
#ifndef OT_STREAM_RINGS_H
#define OT_STREAM_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <otrace/ring.h>

struct ot_rings;

#define OT_RINGS_SPOOL_BYTES (512u << 20)
#define OT_RINGS_SWEEP_BYTES (8u << 20) /* a few milliseconds' worth */

/** A record, or (rec NULL) the news that records are missing here. */
struct ot_rings_item {
	const struct otrace_rec *rec; /* until the next call of next or sweep */
	uint32_t tid;
	uint64_t lost; /* records missing, when rec is NULL */
};

/**
 * @param area      borrowed, mapped for reading and writing
 * @param from_now  what the rings hold already belongs to an earlier reader: leave it out
 */
struct ot_rings *ot_rings_create(struct otrace_area *area, bool from_now);
void ot_rings_destroy(struct ot_rings *rings);

/** Most bytes that the spool may take; while it is full, rings are left alone and may overrun. */
void ot_rings_set_spool(struct ot_rings *rings, size_t bytes);

/** About how many bytes one sweep copies. */
void ot_rings_set_sweep(struct ot_rings *rings, size_t bytes);

/**
 * Copies what is new; of each ring no more than its share of ot_rings_set_sweep(), so that a flood
 * does not keep the caller from the rest of its work. The rest comes with the next sweeps.
 * @param now_tsc  time stamp before the call: later records wait for the next sweep, so that those
 *                 of other threads can be put in order; UINT64_MAX = copy and hand out everything
 * @return bytes copied
 */
size_t ot_rings_sweep(struct ot_rings *rings, uint64_t now_tsc);

/** Next item in time, false when there is none (yet). */
bool ot_rings_next(struct ot_rings *rings, struct ot_rings_item *ret);

size_t ot_rings_spooled_bytes(const struct ot_rings *rings);
/** Records missing so far, all threads: overwritten, and not written for want of a ring and so on. */
uint64_t ot_rings_lost(const struct ot_rings *rings);

#endif
