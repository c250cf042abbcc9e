/* SPDX-License-Identifier: BSD-2-Clause */
/** Breaks: a thread that waits inside its hook until the shell lets it go on, its deadline, or the shell's end. */
#ifndef OT_CORE_PARK_H
#define OT_CORE_PARK_H

#include <otrace/rule.h>
#include "core/probe.h"

struct ot_park_wish {
	const struct otrace_frame *frame;
	const struct ot_arm *arm;
	uint64_t call_seq;
	uint64_t deadline_ns; /* 0 = none */
	uint32_t matched;
	uint32_t counter; /* of the trace that wanted it */
	uint32_t action;  /* enum otrace_action */
	bool at_end;
};

/**
 * Waits. On the thread that made the call, outside of the hook's own guard: handlers of signals run, and are
 * recorded. errno and signal masks are kept. At once when no shell is attached, or the thread is one of ours.
 */
void ot_park(const struct ot_park_wish *wish);

#endif
