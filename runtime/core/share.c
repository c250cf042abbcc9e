/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/clock.h"
#include "core/share.h"

/* A byte, or a nanosecond of copying, costs the time in which it is earned. */
#define NS_PER_BYTE (1000000000 / OT_SHARE_BYTES_PER_SECOND)
#define NS_PER_NS (100 / OT_SHARE_TIME_PERCENT)

static int64_t earned(int64_t saved_ns, uint64_t passed_ns)
{
	int64_t wanted_ns = OT_SHARE_SAVED_NS - saved_ns;

	return passed_ns < (uint64_t)wanted_ns ? saved_ns + (int64_t)passed_ns : OT_SHARE_SAVED_NS;
}

bool ot_share_is_left(struct ot_share *share, uint64_t now_tsc)
{
	uint64_t passed_ns = ~0ull;

	/* the time stamp counters of two CPUs may differ a little */
	if (share->last_tsc)
		passed_ns =
			now_tsc > share->last_tsc ? ot_clock_to_ns(now_tsc - share->last_tsc) : 0;
	share->time_ns = earned(share->time_ns, passed_ns);
	share->bytes_ns = earned(share->bytes_ns, passed_ns);
	share->last_tsc = now_tsc;
	return share->time_ns > 0 && share->bytes_ns > 0;
}

void ot_share_spend(struct ot_share *share, uint64_t ticks, uint64_t bytes)
{
	share->time_ns -= (int64_t)ot_clock_to_ns(ticks) * NS_PER_NS;
	share->bytes_ns -= (int64_t)bytes * NS_PER_BYTE;
}
