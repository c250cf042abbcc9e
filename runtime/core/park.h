/* SPDX-License-Identifier: BSD-2-Clause */
/** Breaks: a thread that waits inside its hook until the shell lets it go on, its deadline, or the shell's end. */
#ifndef OT_CORE_PARK_H
#define OT_CORE_PARK_H

#include <otrace/rule.h>
#include "core/message.h"
#include "core/probe.h"

#define OT_PARK_MAX \
	256u /* threads that wait at the same time; further ones go on, and are counted */

struct ot_park_wish {
	const struct otrace_frame *frame;
	const struct ot_arm *arm;
	uint64_t call_seq;
	uint64_t deadline_ns; /* how long at most, from now; 0 = no end */
	uint32_t matched;
	uint32_t counter; /* of the trace that wanted it */
	uint32_t action;  /* enum otrace_action */
	bool at_end;
};

/**
 * Waits. On the thread that made the call, outside of the hook's own guard: handlers of signals run, and are
 * recorded. errno and signal masks are kept. At once when no shell is attached, or the thread is one of ours.
 * No lock is taken, so whatever the thread holds is the program's.
 */
void ot_park(const struct ot_park_wish *wish);

/** The calling thread never waits: it serves others. */
void ot_park_never(void);
/** A shell is there, and has gone: then nobody waits any more. */
void ot_park_shell_came(void);
void ot_park_shell_gone(void);
/** The program ends, or the runtime has given up: nobody waits from now on. */
void ot_park_end(void);
/** In a forked child: those who waited are the parent's. */
void ot_park_forget(void);
/** Now and then: forgets threads that have died, or were called away from here by a jump. */
void ot_park_sweep(void);

#endif
