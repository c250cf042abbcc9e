/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/area.h"
#include "core/clock.h"
#include "core/limits.h"
#include "core/thread.h"

#define WINDOW_BITS 24u
#define NS_PER_MS 1000000u

struct ot_limit ot_limits[OTRACE_COUNTERS_MAX];

/* What the threads had counted when the trace was set: their own numbers are theirs alone to write. */
static struct otrace_trace_counts bases[OTRACE_COUNTERS_MAX];

/* One wins, and tells. */
static enum ot_taken end(struct ot_limit *limit, uint32_t over, enum ot_taken ret)
{
	uint32_t on = OTRACE_OVER_NO;

	if (!__atomic_compare_exchange_n(&limit->over, &on, over, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return ret == OT_TAKEN_LAST ? OT_TAKEN_YES : OT_TAKEN_NO;
	return ret;
}

static bool is_too_fast(struct ot_limit *limit)
{
	uint64_t now = ot_clock_to_ns(ot_clock_now()) / NS_PER_MS;
	uint64_t seen = __atomic_load_n(&limit->window, __ATOMIC_RELAXED), next;

	do {
		next = seen >> WINDOW_BITS == now ? seen + 1 : now << WINDOW_BITS | 1;
	} while (!__atomic_compare_exchange_n(&limit->window, &seen, next, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return (next & ((1u << WINDOW_BITS) - 1)) > limit->rate_per_ms;
}

enum ot_taken ot_limit_take(struct ot_limit *limit)
{
	uint64_t nr = __atomic_add_fetch(&limit->taken, 1, __ATOMIC_RELAXED);

	if (nr <= limit->skip)
		return OT_TAKEN_NO;
	nr -= limit->skip;
	if (limit->most && nr > limit->most)
		return OT_TAKEN_NO;
	if (limit->rate_per_ms && is_too_fast(limit))
		return end(limit, OTRACE_OVER_RATE, OT_TAKEN_OVER);
	if (limit->most && nr == limit->most)
		return end(limit, limit->most_over, OT_TAKEN_LAST);
	return OT_TAKEN_YES;
}

static void sum_up(uint32_t counter, struct otrace_trace_counts *ret)
{
	const struct ot_thread *thread;

	if (!ot_threads_live())
		return;
	for (uint32_t i = 0; (thread = ot_thread_at(i)); i++) {
		const struct ot_rule_count *count = &thread->counts[counter];

		/* a state that was never used takes no memory: it is left alone */
		if (ot_thread_state(thread) == OT_THREAD_FREE)
			continue;
		ret->evaluated += __atomic_load_n(&count->evaluated, __ATOMIC_RELAXED);
		ret->matched += __atomic_load_n(&count->matched, __ATOMIC_RELAXED);
		ret->faults += __atomic_load_n(&count->faults, __ATOMIC_RELAXED);
		ret->cost_tsc += __atomic_load_n(&count->cost_tsc, __ATOMIC_RELAXED);
		ret->nr_timed += __atomic_load_n(&count->nr_timed, __ATOMIC_RELAXED);
		ret->copied_bytes += __atomic_load_n(&count->copied_bytes, __ATOMIC_RELAXED);
		ret->spared += __atomic_load_n(&count->spared, __ATOMIC_RELAXED);
	}
}

bool ot_limit_set(const struct otrace_trace_set *set)
{
	struct ot_limit *limit;

	if (set->counter >= OTRACE_COUNTERS_MAX)
		return false;
	limit = &ot_limits[set->counter];
	/* nothing is taken while it is being changed */
	__atomic_store_n(&limit->over, OTRACE_OVER_MOST, __ATOMIC_RELEASE);
	limit->skip = set->skip;
	limit->most = set->most;
	limit->most_over = set->over ? set->over : OTRACE_OVER_HITS;
	limit->rate_per_ms = set->rate_per_ms;
	limit->deadline_ns = set->deadline_ns;
	limit->taken = 0;
	limit->window = 0;
	limit->has_limits = set->skip || set->most || set->rate_per_ms;
	bases[set->counter] = (struct otrace_trace_counts){0};
	sum_up(set->counter, &bases[set->counter]);
	__atomic_store_n(&limit->over, OTRACE_OVER_NO, __ATOMIC_RELEASE);
	return true;
}

void ot_limit_counts(uint32_t counter, struct otrace_trace_counts *ret)
{
	const struct otrace_trace_counts *base;

	if (counter >= OTRACE_COUNTERS_MAX)
		return;
	base = &bases[counter];
	sum_up(counter, ret);
	ret->evaluated -= base->evaluated;
	ret->matched -= base->matched;
	ret->faults -= base->faults;
	ret->cost_tsc -= base->cost_tsc;
	ret->nr_timed -= base->nr_timed;
	ret->copied_bytes -= base->copied_bytes;
	ret->spared -= base->spared;
	ret->over = ot_limits[counter].over;
}
