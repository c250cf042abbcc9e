/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Crashes: while a shell wants it (`set post_mortem on`), a thread that gets a signal of a fault is recorded with its
 * registers and stack and waits, before the signal does what it would have done.
 */
#ifndef OT_CORE_CRASH_H
#define OT_CORE_CRASH_H

#include <signal.h>

#include <otrace/wire.h>

/** By the oshell thread. Off puts back the handlers that are still ours. False: no memory to record in. */
bool ot_crash_set(const struct otrace_post_mortem *wish);
/** Off, if it was on. */
void ot_crash_shell_gone(void);
/** In the handler of faults.h: does that, when it is wanted. */
void ot_crash_look(const siginfo_t *info, const void *context);
/** In a forked child. */
void ot_crash_forget(void);

#endif
