/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of cond/ only: a program being written. What does not fit is noticed at its end. */
#ifndef OT_COND_EMIT_H
#define OT_COND_EMIT_H

#include <stdbool.h>
#include <otrace/bytecode.h>

struct ot_emitter {
	struct otrace_code code[OTRACE_CODE_MAX];
	uint32_t nr;
	uint32_t depth; /* words on the stack */
	uint32_t nr_reads;
	bool is_too_long;
	bool is_too_deep;
};

/** Where jumps lead that were written before it is there. Zeroed, nothing leads to it. */
struct ot_label {
	uint32_t last; /* number of the last jump, from 1 on; each has the one before in arg */
	uint32_t depth;
};

void ot_emit(struct ot_emitter *out, enum otrace_code_op op, unsigned int width, uint64_t imm);
void ot_emit_arg(struct ot_emitter *out, enum otrace_code_op op, unsigned int width, uint32_t arg);
/** Of words in the frame: those of the mask at and behind an offset. */
void ot_emit_words(struct ot_emitter *out, enum otrace_code_op op, uint32_t first, uint32_t mask);
/** Pushes a number; a short one where its bits allow. */
void ot_emit_constant(struct ot_emitter *out, uint64_t value);
/** With the text behind it. @param arg of the instruction */
void ot_emit_text(struct ot_emitter *out, enum otrace_code_op op, unsigned int width, uint32_t arg,
		  const void *text, uint32_t bytes);
/** JUMP, JUMP_IF, JUMP_UNLESS, TRY. */
void ot_emit_jump(struct ot_emitter *out, enum otrace_code_op op, struct ot_label *to);
/** What comes next is where the label is. */
void ot_emit_label(struct ot_emitter *out, struct ot_label *label);
/** NULL, or why the program cannot be used. */
const char *ot_emit_wrong(const struct ot_emitter *out);

#endif
