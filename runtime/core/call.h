/* SPDX-License-Identifier: BSD-2-Clause */
/** Calling a function on the held main thread. */
#ifndef OT_CORE_CALL_H
#define OT_CORE_CALL_H

#include <stdbool.h>
#include <otrace/wire.h>

/** In the main thread: runs the call that waits, if any. */
bool ot_call_run_pending(void);
/** Whether a call was asked for and its result not taken yet. */
bool ot_call_is_open(void);
/** In the oshell thread: the result of a call that is done, once. */
bool ot_call_take_done(struct otrace_call_done *ret);

#endif
