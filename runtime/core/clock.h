/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Time stamps: the time stamp counter where it ticks at one rate, else CLOCK_MONOTONIC by a system
 * call (the vdso's fast way cannot be called without libc's help); the conversion in the trace area
 * is right for either.
 */
#ifndef OT_CORE_CLOCK_H
#define OT_CORE_CLOCK_H

#include <stdbool.h>
#include "arch/arch.h"
#include "base/mem.h"

struct otrace_area;

extern bool ot_clock_is_syscall;

__attribute__((noinline, cold, no_caller_saved_registers)) uint64_t ot_clock_syscall_ns(void);

static inline uint64_t ot_clock_now(void)
{
	return ot_unlikely(ot_clock_is_syscall) ? ot_clock_syscall_ns() : ot_arch_tsc();
}

/** A distance of two ot_clock_now() in nanoseconds; 0 while the clock is not calibrated. */
uint64_t ot_clock_to_ns(uint64_t ticks);
/** Takes the base, sleeps a millisecond and calibrates. Idempotent. */
void ot_clock_init(void);
/** Calibrates again over the whole time since the start, and writes the result into the area. */
void ot_clock_update(struct otrace_area *area);

#endif
