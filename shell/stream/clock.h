/* SPDX-License-Identifier: BSD-2-Clause */
/** Time stamps of the trace area as nanoseconds, and as text. */
#ifndef OT_STREAM_CLOCK_H
#define OT_STREAM_CLOCK_H

#include <stdint.h>

#include <otrace/ring.h>

/** How to convert; a copy of the area's numbers that belong together. */
struct ot_clock {
	uint64_t tsc_mult;
	uint64_t tsc_base;
	uint64_t realtime_base_ns;
	uint32_t tsc_shift;
};

/** Copies the area's numbers; the runtime makes them better as time goes by. */
void ot_clock_load(struct ot_clock *clock, const struct otrace_area *area);

/** CLOCK_REALTIME of a time stamp. */
uint64_t ot_clock_realtime_ns(const struct ot_clock *clock, uint64_t tsc);

/** The time stamp of now, as the hooks take it. */
static inline uint64_t ot_clock_now_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

#define OT_CLOCK_TEXT_BYTES 18 /* "261122-14-11-44" and room */

/** "YYMMDD-HH-MM-SS" in UTC. Remembers the last second, so that a stream of times is cheap. */
const char *ot_clock_text(uint64_t realtime_ns);

#endif
