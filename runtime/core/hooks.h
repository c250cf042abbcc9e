/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What wrappers and the assembly entries call. They run in the program's threads, anywhere, in signal
 * handlers too: no lock, no memory taken, no libc, errno as it was, general registers only.
 */
#ifndef OT_CORE_HOOKS_H
#define OT_CORE_HOOKS_H

#include <otrace/abi.h>

struct otrace_probe;

/* Of a frame's words[2], above the flags: the mask of rules that matched, and whether the call's request was held. */
#define OT_FRAME_MATCHED_SHIFT 32u
#define OT_FRAME_HELD (1ull << 31)
/* With rules: the turn of the arm that the call began with. */
#define OT_FRAME_TURN_SHIFT 9u
#define OT_FRAME_TURN (0x3fffffull << OT_FRAME_TURN_SHIFT)
#define OT_FRAME_LATE (1ull << 8) /* with rules: some are decided at the end */

void *ot_hook_enter(struct otrace_frame *frame, struct otrace_probe *probe);
void ot_hook_leave(struct otrace_frame *frame, struct otrace_probe *probe);
void ot_hook_unwind(struct otrace_frame *frame, struct otrace_probe *probe, const void *exception);

/** From ot_entry_low: the stack is low, or the function must not get a frame. Where to go on. */
void *ot_hook_low(struct otrace_probe *probe, uint64_t sp);

/* More stack than this is not copied for one call: a few microseconds. */
#define OT_VARARGS_COPY_MAX (64u << 10)

/** From ot_entry_varargs. The body is called again when words[0] is set, else jumped to. */
struct ot_varargs_way {
	void *target;
	uint64_t copy_bytes; /* from the first stack argument on; multiple of 16 */
};
struct ot_varargs_way ot_hook_varargs(struct otrace_varargs_frame *frame,
				      struct otrace_probe *probe);

#endif
