/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Limits of traces, and what traces have counted. A trace has one place, whatever number of functions it is on. Hooks
 * read it; they write it only for a match of a trace that has limits.
 */
#ifndef OT_CORE_LIMITS_H
#define OT_CORE_LIMITS_H

#include <stdbool.h>
#include <otrace/rule.h>

struct ot_limit {
	/* read by every call that is looked at */
	uint32_t over; /* enum otrace_over: nothing matches any more */
	uint32_t has_limits;
	uint64_t skip;
	uint64_t most;
	uint32_t most_over; /* enum otrace_over, when most is reached */
	uint32_t rate_per_ms;
	uint64_t deadline_ns;
	uint64_t reserved[2];
	/* written by matches, on a line of its own */
	uint64_t taken;
	uint64_t window; /* millisecond << 24 | matches in it */
	uint64_t reserved2[6];
} __attribute__((aligned(64)));

extern struct ot_limit ot_limits[OTRACE_COUNTERS_MAX];

enum ot_taken {
	OT_TAKEN_NO,
	OT_TAKEN_YES,
	OT_TAKEN_LAST, /* yes, and the trace is over with it */
	OT_TAKEN_OVER  /* no, and the trace is over now */
};

/** A match: whether it is within the limits. In hooks; has_limits is set. */
enum ot_taken ot_limit_take(struct ot_limit *limit);

/** Sets the limits and begins to count anew. Under control. False: no such counter. */
bool ot_limit_set(const struct otrace_trace_set *set);
/** Sums over all threads. A counter that does not exist has nothing. */
void ot_limit_counts(uint32_t counter, struct otrace_trace_counts *ret);

#endif
