/* SPDX-License-Identifier: BSD-2-Clause */
/** struct otrace_callbacks of otrace/otrace.h: what the program wants to be told. */
#ifndef OT_CORE_CALLBACKS_H
#define OT_CORE_CALLBACKS_H

#include <otrace/otrace.h>

#include <otrace/abi.h>

#include "base/mem.h"

/* NULL = none: hooks look at no more than this. Another one at any moment. */
extern const struct otrace_callbacks *ot_callbacks;

/* Compiled code of the program's: any register that a call may change is another behind it. */
__attribute__((noinline, cold)) void ot_callbacks_run(const struct otrace_frame *frame,
						      bool at_end);

/**
 * Tells of the frame's call, if it was recorded. At the end of a hook that has its frame, behind the thread's release:
 * the callback's own calls are recorded as any others.
 */
static inline void ot_callbacks_tell(const struct otrace_frame *frame, bool at_end)
{
	if (ot_unlikely(__atomic_load_n(&ot_callbacks, __ATOMIC_RELAXED)))
		ot_callbacks_run(frame, at_end);
}

/** Tells of functions that lead elsewhere than when this was called last. Not under control. */
void ot_callbacks_tell_edits(void);

/** Tells of an access by the shell. In the thread that serves it. */
void ot_callbacks_tell_access(const struct otrace_access *access);

#endif
