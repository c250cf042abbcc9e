/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Contexts, the runtime's side: what a matching call's arguments point to, the thread's registers and a part of its
 * stack, as parts behind the call's record (otrace/ring.h).
 */
#ifndef OT_CORE_COPIES_H
#define OT_CORE_COPIES_H

#include <otrace/rule.h>
#include "core/thread.h"

/** The copy program of a rule, checked. Points into what was loaded. */
struct ot_copy_program {
	const struct otrace_copy_pointer *enter_roots;
	const struct otrace_copy_pointer *leave_roots;
	const struct otrace_copy_pointer *pointers;
	const struct otrace_copy_layout *layouts;
	uint32_t nr_enter_roots;
	uint32_t nr_leave_roots;
	uint32_t nr_pointers;
	uint32_t nr_layouts;
	uint32_t stack_bytes;
	uint32_t max_bytes;
};

/** One end of a call that is copied. */
struct ot_copies {
	const struct otrace_frame *frame;
	uint64_t call_seq;
	uint64_t begin_tsc;
	uint32_t trace_id;
	uint32_t matched;
	uint32_t arm_flags; /* OTRACE_PROBE_WAIT */
	uint32_t counter;   /* of the trace that has the costs */
	int32_t error;	    /* errno */
	bool at_end;
	bool stack_is_known; /* the entry's parts have registers and stack: not again */
	bool sparing;	     /* only within the thread's share of time and bytes */
};

/** Checks a program once, when it is loaded. @param frame_bytes of the wrapper's frame */
bool ot_copy_program_is_sound(const struct ot_copy_program *program, uint32_t frame_bytes);

/**
 * Writes the parts, PLACE last. In a hook that has the thread; frames of varargs functions too. What cannot be read is
 * left out, what the limits have no room for is counted. A context takes at most a quarter of the ring for its objects
 * and as much for the stack.
 *
 * System calls: one for each level of pointers (one for each 16 KiB of it), and one more for each pointer that cannot
 * be read; none for what lies on the thread's own stack above the frame or in constants of the executable. Stacks that
 * are not the thread's own (coroutines, signal stacks) take one for each 16 KiB of the stack's copy.
 */
OT_SLOW void ot_copies_write(struct ot_thread *thread, const struct ot_copy_program *program,
			     const struct ot_copies *what);

#endif
