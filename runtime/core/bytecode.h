/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Conditions: programs that the shell compiles from C expressions and hooks run. They only look: at the frame, at
 * memory by safe reads, at what is known of the call. Without loops, so a program's length bounds its time.
 */
#ifndef OT_CORE_BYTECODE_H
#define OT_CORE_BYTECODE_H

#include <stdbool.h>
#include <otrace/bytecode.h>

enum ot_verdict {
	OT_VERDICT_NO = 0,
	OT_VERDICT_YES = 1,
	OT_VERDICT_FAULT = 2 /* a wild pointer, a division by zero: no match, and counted */
};

/** What a program may look at. */
struct ot_code_env {
	const struct otrace_frame *frame;
	uint64_t *slots;      /* OTRACE_CODE_SLOTS words: written at the entry, read at the end */
	uint64_t duration_ns; /* at the end */
	const char *thread_name; /* 16 bytes, with NUL */
	uint32_t tid;
	uint32_t
		depth; /* calls of traced functions that are open in the thread, this one included */
	int32_t error; /* the program's errno */
	bool at_end;
	bool abnormal; /* at the end: there is no result */
};

/**
 * Checks a program once, when it is loaded: known operations, the stack's depth, offsets inside of the frame,
 * slots, jumps forward only.
 *
 * @param frame_bytes of the wrapper's frame
 * @param at_end      whether it runs at the end of the call: only then it may read the result and the duration
 */
bool ot_bytecode_is_sound(const struct otrace_code *code, uint32_t nr, uint32_t frame_bytes,
			  bool at_end);

/** Whether a program that is sound reads memory through pointers. */
bool ot_bytecode_reads(const struct otrace_code *code, uint32_t nr);

/** Runs a program that is sound. In a hook: no lock, no system call but safe reads. */
enum ot_verdict ot_bytecode_run(const struct otrace_code *code, uint32_t nr,
				const struct ot_code_env *env);

#endif
