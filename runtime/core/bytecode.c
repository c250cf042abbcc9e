/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The check of a program, one pass from its first instruction to its last: as jumps lead forward only, all that lead
 * to an instruction have been seen when its turn comes.
 */
#include "base/mem.h"
#include "core/bytecode.h"

enum check {
	CHECK_NOTHING,
	CHECK_WORD,
	CHECK_FRAME,
	CHECK_RESULT,
	CHECK_PLACE,
	CHECK_WORDS,
	CHECK_SIZE,
	CHECK_TEXT,
	CHECK_NAME,
	CHECK_ENTRY,
	CHECK_STORE,
	CHECK_SLOT,
	CHECK_TRY,
	CHECK_BITS,
	CHECK_INTEGER,
	CHECK_FRACTION,
	CHECK_END,
	CHECK_JUMP,
	CHECK_LAST
};

struct shape {
	uint8_t pops;
	uint8_t pushes;
	uint8_t check; /* enum check */
};

static const struct shape shapes[] = {
#define X_SHAPE(name, pops, pushes, check) [OTRACE_CODE_##name] = {pops, pushes, CHECK_##check},
	OTRACE_CODE_OPS(X_SHAPE)
#undef X_SHAPE
};

#define NOT_REACHED 0xffu

struct pass {
	const struct otrace_code *code;
	uint32_t nr;
	uint32_t at;
	uint32_t frame_bytes;
	bool at_end;
	uint8_t depth;			 /* of the stack before the instruction at hand */
	bool may_fall;			 /* one that does not end or jump away is in front of it */
	uint32_t tried;			 /* the TRIED of the TRY that it is in; 0 = in none */
	uint8_t depths[OTRACE_CODE_MAX]; /* of those that a jump leads to, as far as known */
};

static uint32_t bytes_of(const struct otrace_code *code)
{
	return code->width & OTRACE_CODE_BYTES;
}

static bool is_size(const struct otrace_code *code)
{
	return bytes_of(code) >= 1 && bytes_of(code) <= 8;
}

static bool is_fraction(const struct otrace_code *code)
{
	return bytes_of(code) == 4 || bytes_of(code) == 8;
}

static bool is_value(const struct otrace_code *code)
{
	return code->width & OTRACE_CODE_FRACTION ? is_fraction(code) : is_size(code);
}

static bool is_in_frame(const struct pass *pass, const struct otrace_code *code)
{
	return is_value(code) && code->imm <= pass->frame_bytes &&
	       bytes_of(code) <= pass->frame_bytes - code->imm;
}

static bool are_words(const struct pass *pass, const struct otrace_code *code)
{
	return code->imm && code->arg % 8 == 0 &&
	       code->arg + 8u * (32 - (uint32_t)__builtin_clz(code->imm)) <= pass->frame_bytes;
}

static bool is_text(const struct pass *pass, const struct otrace_code *code, uint32_t most)
{
	uint32_t unit = bytes_of(code);

	return (unit == 1 || unit == 2 || unit == 4) && code->imm >= unit && code->imm <= most &&
	       otrace_code_data(code) < pass->nr - pass->at;
}

static bool is_bits(const struct otrace_code *code)
{
	uint32_t shift = code->arg & 0xff, bits = code->arg >> 8;

	return bits >= 1 && shift + bits <= 64;
}

/* Faults lead to where the stack is as it was at TRY; nothing else leads in. */
static bool is_try(const struct pass *pass, const struct otrace_code *code)
{
	if (pass->at_end || pass->tried || code->arg <= pass->at || code->arg >= pass->nr)
		return false;
	for (uint32_t i = pass->at + 1; i <= code->arg; i++)
		if (pass->depths[i] != NOT_REACHED)
			return false;
	return true;
}

static bool is_jump(const struct pass *pass, const struct otrace_code *code)
{
	return code->arg > pass->at && code->arg < pass->nr &&
	       (!pass->tried || code->arg <= pass->tried);
}

static bool fits(const struct pass *pass, const struct otrace_code *code)
{
	switch ((enum check)shapes[code->op].check) {
	case CHECK_WORD:
		return pass->nr - pass->at > 1;
	case CHECK_FRAME:
		return is_in_frame(pass, code);
	case CHECK_RESULT:
		return pass->at_end && is_in_frame(pass, code);
	case CHECK_PLACE:
		return code->imm <= pass->frame_bytes;
	case CHECK_WORDS:
		return are_words(pass, code);
	case CHECK_SIZE:
		return is_value(code);
	case CHECK_TEXT:
		return is_text(pass, code, OTRACE_CODE_TEXT_MAX);
	case CHECK_NAME:
		return is_text(pass, code, 16) && bytes_of(code) == 1;
	case CHECK_ENTRY:
		return !pass->at_end;
	case CHECK_STORE:
		return !pass->at_end && code->arg < OTRACE_CODE_MARK;
	case CHECK_SLOT:
		return pass->at_end && code->arg < OTRACE_CODE_MARK;
	case CHECK_TRY:
		return is_try(pass, code);
	case CHECK_BITS:
		return is_bits(code);
	case CHECK_INTEGER:
		return is_size(code) && !(code->width & OTRACE_CODE_FRACTION);
	case CHECK_FRACTION:
		return is_fraction(code);
	case CHECK_END:
		return pass->at_end;
	case CHECK_JUMP:
		return is_jump(pass, code);
	case CHECK_NOTHING:
	case CHECK_LAST:
		return true;
	}
	return false;
}

/* All ways to an instruction come with one depth. */
static bool leads_to(struct pass *pass, uint32_t to, uint8_t depth)
{
	if (pass->depths[to] != NOT_REACHED && pass->depths[to] != depth)
		return false;
	pass->depths[to] = depth;
	return true;
}

static bool arrive(struct pass *pass)
{
	if (pass->may_fall)
		return leads_to(pass, pass->at, pass->depth);
	pass->depth = pass->depths[pass->at];
	return pass->depth != NOT_REACHED;
}

static bool move_stack(struct pass *pass, const struct otrace_code *code)
{
	const struct shape *shape = &shapes[code->op];
	uint8_t pops = shape->pops;

	if (shape->check == CHECK_INTEGER && code->width & OTRACE_CODE_IMMEDIATE)
		pops--;
	if (pass->depth < pops || pass->depth - pops + shape->pushes > (int)OTRACE_CODE_STACK)
		return false;
	pass->depth = (uint8_t)(pass->depth - pops + shape->pushes);
	return true;
}

static bool go_on(struct pass *pass, const struct otrace_code *code)
{
	uint8_t check = shapes[code->op].check;

	if ((check == CHECK_JUMP || check == CHECK_TRY) && !leads_to(pass, code->arg, pass->depth))
		return false;
	if (check == CHECK_TRY)
		pass->tried = code->arg;
	pass->may_fall = check != CHECK_LAST && code->op != OTRACE_CODE_JUMP;
	return true;
}

/* A TRY ends at its TRIED, which belongs to it and to no other. */
static bool end_try(struct pass *pass, const struct otrace_code *code)
{
	bool is_here = pass->tried && pass->tried == pass->at;

	if (is_here)
		pass->tried = 0;
	return is_here == (code->op == OTRACE_CODE_TRIED);
}

/* Data is no instruction: nothing leads there. */
static bool skip_data(struct pass *pass, uint32_t words)
{
	for (uint32_t i = 1; i <= words; i++)
		if (pass->depths[pass->at + i] != NOT_REACHED || pass->tried == pass->at + i)
			return false;
	pass->at += 1 + words;
	return true;
}

static bool step(struct pass *pass)
{
	const struct otrace_code *code = &pass->code[pass->at];

	if (code->op == OTRACE_CODE_NONE || code->op >= OTRACE_CODE_NR)
		return false;
	return arrive(pass) && end_try(pass, code) && fits(pass, code) && move_stack(pass, code) &&
	       go_on(pass, code) && skip_data(pass, otrace_code_data(code));
}

bool ot_bytecode_is_sound(const struct otrace_code *code, uint32_t nr, uint32_t frame_bytes,
			  bool at_end)
{
	struct pass pass = {.code = code,
			    .nr = nr,
			    .frame_bytes = frame_bytes,
			    .at_end = at_end,
			    .may_fall = true};

	if (nr > OTRACE_CODE_MAX)
		return false;
	ot_memset(pass.depths, NOT_REACHED, sizeof(pass.depths));
	while (pass.at < nr)
		if (!step(&pass))
			return false;
	return !nr || !pass.may_fall;
}

bool ot_bytecode_reads(const struct otrace_code *code, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i += 1 + otrace_code_data(&code[i]))
		if (code[i].op == OTRACE_CODE_LOAD || code[i].op == OTRACE_CODE_TEXT)
			return true;
	return false;
}
