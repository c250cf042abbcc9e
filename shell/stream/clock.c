/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "stream/clock.h"

void ot_clock_load(struct ot_clock *clock, const struct otrace_area *area)
{
	uint32_t before;

	do {
		before = __atomic_load_n(&area->clock_seq, __ATOMIC_ACQUIRE);
		clock->tsc_mult = __atomic_load_n(&area->tsc_mult, __ATOMIC_RELAXED);
		clock->tsc_base = __atomic_load_n(&area->tsc_base, __ATOMIC_RELAXED);
		clock->tsc_shift = __atomic_load_n(&area->tsc_shift, __ATOMIC_RELAXED);
		clock->realtime_base_ns =
			__atomic_load_n(&area->realtime_base_ns, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		/* Odd means that the writer is at it; a writer that died there left odd for good,
		 * and its half-written numbers are still better than none. */
		if (before & 1)
			break;
	} while (__atomic_load_n(&area->clock_seq, __ATOMIC_RELAXED) != before);
}

uint64_t ot_clock_realtime_ns(const struct ot_clock *clock, uint64_t tsc)
{
	unsigned int shift = clock->tsc_shift & 127;

	/* A record may be older than a base that was set anew. */
	if (tsc < clock->tsc_base)
		return clock->realtime_base_ns -
		       (uint64_t)(((unsigned __int128)(clock->tsc_base - tsc) * clock->tsc_mult) >>
				  shift);
	return clock->realtime_base_ns +
	       (uint64_t)(((unsigned __int128)(tsc - clock->tsc_base) * clock->tsc_mult) >> shift);
}

static void put_two(char *at, int number, char behind)
{
	at[0] = (char)('0' + number / 10 % 10);
	at[1] = (char)('0' + number % 10);
	at[2] = behind;
}

const char *ot_clock_text(uint64_t realtime_ns)
{
	static char text[OT_CLOCK_TEXT_BYTES];
	static time_t last = -1;
	time_t second = (time_t)(realtime_ns / 1000000000u);
	struct tm tm;

	if (second != last && gmtime_r(&second, &tm)) {
		last = second;
		put_two(text, tm.tm_year % 100, '\0');
		put_two(text + 2, tm.tm_mon + 1, '\0');
		put_two(text + 4, tm.tm_mday, '-');
		put_two(text + 7, tm.tm_hour, '-');
		put_two(text + 10, tm.tm_min, '-');
		put_two(text + 13, tm.tm_sec, '\0');
	}
	return text;
}
