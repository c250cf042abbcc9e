/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>
#include <otrace/ring.h>

#include "base/sys.h"
#include "core/clock.h"

#define SHIFT 32u
#define NR_TRIES 5

bool ot_clock_is_syscall;

static struct {
	bool ready;
	uint64_t tsc_base;
	uint64_t monotonic_base_ns;
	uint64_t realtime_base_ns;
	uint64_t mult;
} clock_state;

static uint64_t read_ns(int clock)
{
	struct timespec now = {0};

	ot_sys_clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

__attribute__((noinline, cold, no_caller_saved_registers)) uint64_t ot_clock_syscall_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

/* The same moment on both clocks: the try in which the system call took the shortest time. */
static void read_pair(uint64_t *tsc_ret, uint64_t *ns_ret)
{
	uint64_t best = ~0ull;

	for (int i = 0; i < NR_TRIES; i++) {
		uint64_t before = ot_arch_tsc();
		uint64_t ns = read_ns(CLOCK_MONOTONIC);
		uint64_t took = ot_arch_tsc() - before;

		if (took < best) {
			best = took;
			*tsc_ret = before + took / 2;
			*ns_ret = ns;
		}
	}
}

static void calibrate(void)
{
	uint64_t tsc = 0, ns = 0;

	read_pair(&tsc, &ns);
	if (tsc > clock_state.tsc_base && ns > clock_state.monotonic_base_ns)
		clock_state.mult = ot_arch_mul_div(ns - clock_state.monotonic_base_ns,
						   1ull << SHIFT, tsc - clock_state.tsc_base);
}

void ot_clock_init(void)
{
	struct timespec millisecond = {0, 1000000};

	if (clock_state.ready)
		return;
	ot_clock_is_syscall = !ot_arch_tsc_invariant();
	if (ot_clock_is_syscall) {
		clock_state.tsc_base = clock_state.monotonic_base_ns = ot_clock_syscall_ns();
		clock_state.mult = 1ull << SHIFT;
	} else {
		read_pair(&clock_state.tsc_base, &clock_state.monotonic_base_ns);
		ot_sys_nanosleep(&millisecond);
		calibrate();
	}
	clock_state.realtime_base_ns = read_ns(CLOCK_REALTIME) -
				       (read_ns(CLOCK_MONOTONIC) - clock_state.monotonic_base_ns);
	clock_state.ready = true;
}

uint64_t ot_clock_to_ns(uint64_t ticks)
{
	return (uint64_t)(((unsigned __int128)ticks * clock_state.mult) >> SHIFT);
}

void ot_clock_update(struct otrace_area *area)
{
	if (!ot_clock_is_syscall)
		calibrate();
	__atomic_store_n(&area->clock_seq, area->clock_seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	area->tsc_shift = SHIFT;
	area->tsc_mult = clock_state.mult;
	area->tsc_base = clock_state.tsc_base;
	area->monotonic_base_ns = clock_state.monotonic_base_ns;
	area->realtime_base_ns = clock_state.realtime_base_ns;
	__atomic_store_n(&area->clock_seq, area->clock_seq + 1, __ATOMIC_RELEASE);
}
