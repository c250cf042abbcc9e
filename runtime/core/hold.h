/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Holds: requests that the program's event loops have put aside (otrace_hold() in otrace/otrace.h) until the shell, a
 * deadline or the shell's end lets them be taken up again.
 *
 * Whose request it is, is read off the stack: an open call that a rule with OTRACE_ACTION_HOLD has matched has the
 * mask of its rules in its frame. So hooks have nothing to do for holds.
 */
#ifndef OT_CORE_HOLD_H
#define OT_CORE_HOLD_H

#include <otrace/wire.h>

#define OT_HOLDS_MAX 1024u

/** On a loop: takes up what is due. How many. */
int ot_hold_run(uint32_t loop);

/** By the oshell thread: deadlines, and what threads that are gone have left. */
void ot_hold_look(void);
/** In how many ms that is to be done, at least 1; 0 = nothing is held with a deadline. */
int ot_hold_tick_ms(void);
/** The shell has gone: all go on. */
void ot_hold_shell_gone(void);
/** The runtime has given up: all go on, and nothing is held from now on. */
void ot_hold_end(void);
/** In a forked child: what is held is the parent's. */
void ot_hold_forget(void);

#endif
