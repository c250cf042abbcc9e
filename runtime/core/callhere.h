/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Calls on a thread of the program's that runs. It makes them itself, at the entry of the next function that
 * it calls and that has a stub: there the compiler expects a call, so no register holds anything that one could
 * destroy. What cannot be known is which locks the program holds there; that is for whoever asks.
 *
 * What can be known is looked at, and then the next entry is waited for: that the thread is not in a handler
 * of a signal, which may have interrupted malloc(), nor in a hook, and that it is on its own stack with
 * room left. A thread that waits in otrace_set_trace() makes them at once.
 */
#ifndef OT_CORE_CALLHERE_H
#define OT_CORE_CALLHERE_H

#include "core/thread.h"

/** How many calls wait for threads. Hooks look at this where they have nothing to record. */
extern uint32_t ot_calls_waiting;

/**
 * In a wrapper's hook: makes the call that waits for this thread, if any and if the place is fit.
 * @param frame of the wrapper, with its address in words[3]; no hook of the thread's runs but this one
 */
OT_SLOW void ot_call_here(uint64_t frame, uint32_t frame_bytes);

/**
 * In a hook: whether the thread is on its own stack with that much room left, and surely in no handler of a signal. Asks
 * the kernel, and looks at the stack.
 */
bool ot_call_here_is_fit(uint64_t sp, uint64_t room_bytes);

/** Where no hook runs and the thread only waits. */
void ot_call_here_waiting(void);

/** Around what asks for the stack, for a thread that a call waits for. False: not in this place. */
bool ot_call_here_begin(uint64_t hook, uint32_t frame_bytes);
void ot_call_here_end(void);

#endif
