/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Calling functions of the program: on the held main thread, on a thread made for that, or on one of the
 * program's that runs (callhere.h).
 *
 * That thread needs what the oshell thread gave away: the program's descriptors, so that a called
 * function finds its files open. Only a thread that has them can pass them on; so a thread with hardly
 * any stack waits from the beginning, and makes the one for calls when the first is asked for.
 */
#ifndef OT_CORE_CALL_H
#define OT_CORE_CALL_H

#include <stdbool.h>
#include <otrace/wire.h>

#include "core/message.h"

/** On a thread of the program that has its descriptors: starts the thread that waits. */
void ot_call_init(void);
/** That thread has the program's descriptors: it calls the queues of event loops (loops.h). */
void ot_call_wake_seed(void);
/** In a forked child: forgets the parent's threads and calls. */
void ot_call_forget(void);

/** In the main thread: runs the call that waits, if any. */
bool ot_call_run_pending(void);

/** Whether that is the process that calls wait in. */
bool ot_call_is_process(int pid);
/** Whether a call waits for that thread. Hooks: no lock. */
bool ot_call_waits_for(uint32_t tid);
/** In that thread: runs the call that waits for it, if any and if it has not been withdrawn. */
void ot_call_run_here(uint32_t tid);

/** How often to look for the end of calls, in ms; 0 = none runs. */
int ot_call_tick_ms(void);
/** In the oshell thread: whether a call has ended, or its thread has. */
bool ot_call_is_done(void);
/** In the oshell thread: a call that waits for a thread of the program's is not made any more. */
void ot_call_shell_gone(void);
/**
 * In the oshell thread: the result of a call of this session that is done, once. Those of earlier
 * sessions are thrown away.
 */
bool ot_call_take_done(uint32_t session, struct ot_reply *event);

#endif
