// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "cond/emit.h"

static const struct {
	uint8_t pops;
	uint8_t pushes;
} shapes[] = {
#define X_SHAPE(name, pops, pushes, check) [OTRACE_CODE_##name] = {pops, pushes},
	OTRACE_CODE_OPS(X_SHAPE)
#undef X_SHAPE
};

static void move_stack(struct ot_emitter *out, const struct otrace_code *code)
{
	uint32_t pops = shapes[code->op].pops;

	if (pops > 1 && code->width & OTRACE_CODE_IMMEDIATE)
		pops--;
	out->depth = out->depth - pops + shapes[code->op].pushes;
	out->is_too_deep = out->is_too_deep || out->depth > OTRACE_CODE_STACK;
	out->nr_reads += code->op == OTRACE_CODE_LOAD || code->op == OTRACE_CODE_TEXT;
}

static void add(struct ot_emitter *out, struct otrace_code code)
{
	if (out->nr == OTRACE_CODE_MAX)
		out->is_too_long = true;
	else
		out->code[out->nr++] = code;
}

void ot_emit(struct ot_emitter *out, enum otrace_code_op op, unsigned int width, uint64_t imm)
{
	struct otrace_code code = {
		.op = (uint8_t)op, .width = (uint8_t)width, .imm = (uint32_t)imm};

	add(out, code);
	move_stack(out, &code);
}

void ot_emit_arg(struct ot_emitter *out, enum otrace_code_op op, unsigned int width, uint32_t arg)
{
	struct otrace_code code = {
		.op = (uint8_t)op, .width = (uint8_t)width, .arg = (uint16_t)arg};

	add(out, code);
	move_stack(out, &code);
}

void ot_emit_words(struct ot_emitter *out, enum otrace_code_op op, uint32_t first, uint32_t mask)
{
	struct otrace_code code = {.op = (uint8_t)op, .arg = (uint16_t)first, .imm = mask};

	add(out, code);
	move_stack(out, &code);
}

static void add_words(struct ot_emitter *out, const void *data, uint32_t bytes)
{
	for (uint32_t done = 0; done < bytes; done += 8) {
		struct otrace_code word = {0};

		memcpy(&word, (const char *)data + done, bytes - done < 8 ? bytes - done : 8);
		add(out, word);
	}
}

void ot_emit_constant(struct ot_emitter *out, uint64_t value)
{
	if (value <= UINT32_MAX) {
		ot_emit(out, OTRACE_CODE_CONSTANT, 0, value);
	} else if ((int64_t)value >= INT32_MIN && (int64_t)value < 0) {
		ot_emit(out, OTRACE_CODE_CONSTANT, OTRACE_CODE_SIGNED, value);
	} else {
		ot_emit(out, OTRACE_CODE_CONSTANT64, 0, 0);
		add_words(out, &value, sizeof(value));
	}
}

void ot_emit_text(struct ot_emitter *out, enum otrace_code_op op, unsigned int width, uint32_t arg,
		  const void *text, uint32_t bytes)
{
	struct otrace_code code = {
		.op = (uint8_t)op, .width = (uint8_t)width, .arg = (uint16_t)arg, .imm = bytes};

	add(out, code);
	move_stack(out, &code);
	add_words(out, text, bytes);
}

void ot_emit_jump(struct ot_emitter *out, enum otrace_code_op op, struct ot_label *to)
{
	ot_emit_arg(out, op, 0, to->last);
	to->last = out->nr;
	to->depth = out->depth;
}

void ot_emit_label(struct ot_emitter *out, struct ot_label *label)
{
	for (uint32_t at = label->last; at && !out->is_too_long;) {
		struct otrace_code *code = &out->code[at - 1];

		at = code->arg;
		code->arg = (uint16_t)out->nr;
	}
	if (label->last)
		out->depth = label->depth;
}

const char *ot_emit_wrong(const struct ot_emitter *out)
{
	if (out->is_too_long)
		return "the condition is too long";
	return out->is_too_deep ? "the condition is nested too deeply" : NULL;
}
