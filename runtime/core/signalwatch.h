/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The program's calls that change what its threads block and which handlers it has, seen while reads.h needs it, as
 * slots.h can see them, and `syscall()` with the numbers of these. Not seen are system calls that a program makes itself.
 * Under control, all but the forwarders' own.
 */
#ifndef OT_CORE_SIGNALWATCH_H
#define OT_CORE_SIGNALWATCH_H

#include <stdbool.h>
#include <stdint.h>

/** Why it cannot be seen in this process: an enum otrace_fast_reads_why, 0 = it can. */
uint32_t ot_signal_watch_refused(void);
/** @return true when modules have come or gone since the last time, or something else was to be watched again */
bool ot_signal_watch(bool on);
/** Whether some slots are not watched, or not yet. */
bool ot_signal_watch_is_partial(void);
uint32_t ot_signal_watch_nr(void);

/**
 * Called by the forwarders (entry.S): arguments as they came, which slot.
 *
 * @return where to go on; 0 = the call is done, with its result in args[0]
 */
uint64_t ot_signal_forward(uint64_t *args, uint32_t index);
extern const char ot_signal_forwarders[];

#endif
