/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a program that was checked. What memory a program asks for is read in whole lines, which the kernel copies in
 * the time of a word: fields of one struct, and most strings, are one safe read. A line lies in one page, so all of it
 * can be read or nothing.
 */
#include <errno.h>
#include <sys/uio.h>

#include "arch/arch.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/bytecode.h"
#include "core/fraction.h"
#include "core/look.h"
#include "core/tags.h"

#define LINE_BYTES 128u
#define NR_LINES 3u
#define LOWEST_PAGE 4096u /* nothing of a program lies below: a null pointer costs no system call */

struct lines {
	uint64_t at[NR_LINES];
	uint32_t nr;
	uint32_t next; /* to be given away */
	bool is_asked;
	bool is_fast; /* when that was asked: by plain loads first */
	uint8_t bytes[NR_LINES][LINE_BYTES];
};

struct any_u64 {
	uint64_t value;
} __attribute__((packed, may_alias));
struct any_u32 {
	uint32_t value;
} __attribute__((packed, may_alias));
struct any_u16 {
	uint16_t value;
} __attribute__((packed, may_alias));

/* ------------------------------------------------------------------ values */

static inline uint64_t extended(uint64_t value, uint32_t width)
{
	uint32_t unused = (64 - 8 * (width & OTRACE_CODE_BYTES)) & 63;

	if (width & OTRACE_CODE_SIGNED)
		return (uint64_t)((int64_t)(value << unused) >> unused);
	return value << unused >> unused;
}

static uint64_t odd_bytes(const uint8_t *from, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value |= (uint64_t)from[i] << 8 * i;
	return value;
}

static inline uint64_t loaded(const void *from, uint32_t width)
{
	uint64_t value;

	switch (width & OTRACE_CODE_BYTES) {
	case 8:
		return ((const struct any_u64 *)from)->value;
	case 4:
		value = ((const struct any_u32 *)from)->value;
		if (ot_unlikely(width & OTRACE_CODE_FRACTION))
			return ot_fraction_of_float((uint32_t)value);
		break;
	case 2:
		value = ((const struct any_u16 *)from)->value;
		break;
	case 1:
		value = *(const uint8_t *)from;
		break;
	default:
		value = odd_bytes(from, width & OTRACE_CODE_BYTES);
	}
	return extended(value, width);
}

/* ------------------------------------------------------------------ memory */

/*
 * Behind a system call the processor does not know the way back to callers (what mitigates its flaws has taken that from
 * it): with calls in between, p->q->n took 110 ns more. So all from the instruction to the system call is one function.
 */
#define IN_ONE static inline __attribute__((always_inline))

IN_ONE bool read_line(uint8_t *to, uint64_t at)
{
	struct iovec local = {to, LINE_BYTES}, remote = {(void *)at, LINE_BYTES};
	long done = ot_sys_process_vm(SYS_process_vm_readv, ot_area_pid, &local, 1, &remote, 1);

	if (ot_likely(done == LINE_BYTES))
		return true;
	return done != -EFAULT && ot_safe_read(to, at, LINE_BYTES) == LINE_BYTES;
}

IN_ONE const uint8_t *line_at(struct lines *lines, uint64_t at)
{
	uint32_t i;

	for (i = 0; i < lines->nr; i++)
		if (lines->at[i] == at)
			return lines->bytes[i];
	i = lines->nr < NR_LINES ? lines->nr : lines->next++ % NR_LINES;
	lines->at[i] = UINT64_MAX; /* of no line, while it is being read */
	if (at < LOWEST_PAGE || !read_line(lines->bytes[i], at))
		return NULL;
	lines->at[i] = at;
	if (i == lines->nr)
		lines->nr++;
	return lines->bytes[i];
}

IN_ONE bool is_fast(struct lines *lines)
{
	if (!lines->is_asked) {
		lines->is_asked = true;
		lines->is_fast = ot_look_is_fast();
	}
	return lines->is_fast;
}

/* In place of a line. */
static const uint8_t *fetched(struct lines *lines, uint64_t from, uint32_t bytes)
{
	lines->at[0] = UINT64_MAX;
	if (!lines->nr)
		lines->nr = 1;
	return ot_arch_fetch_some(lines->bytes[0], from, bytes) == bytes ? lines->bytes[0] : NULL;
}

/* The bytes at an address, as many of them as lie together; NULL when they cannot be read. */
IN_ONE const uint8_t *bytes_at(struct lines *lines, uint64_t from, uint32_t most, uint32_t *got,
			       const struct otrace_frame *frame)
{
	uint32_t in_line = (uint32_t)(from % LINE_BYTES);
	const uint8_t *line;

	*got = most < LINE_BYTES - in_line ? most : LINE_BYTES - in_line;
	if (ot_look_is_plain(from, *got, frame))
		return (const uint8_t *)from;
	if (is_fast(lines) && from >= LOWEST_PAGE) {
		line = fetched(lines, from, *got);
		if (line)
			return line;
	}
	line = line_at(lines, from - in_line);
	return line ? line + in_line : NULL;
}

/* Over the end of a line, or of what can be read as it is. */
static __attribute__((noinline)) bool load_pieces(struct lines *lines, uint64_t from,
						  uint32_t width, const struct otrace_frame *frame,
						  uint64_t *ret)
{
	uint32_t bytes = width & OTRACE_CODE_BYTES, got = 0;
	uint8_t whole[8];

	for (uint32_t done = 0; done < bytes; done += got) {
		const uint8_t *at = bytes_at(lines, from + done, bytes - done, &got, frame);

		if (!at)
			return false;
		for (uint32_t i = 0; i < got; i++)
			whole[done + i] = at[i];
	}
	*ret = loaded(whole, width);
	return true;
}

IN_ONE bool load(struct lines *lines, uint64_t from, uint32_t width,
		 const struct otrace_frame *frame, uint64_t *ret)
{
	uint32_t bytes = width & OTRACE_CODE_BYTES, got = 0;
	const uint8_t *at;
	uint64_t word;

	if (is_fast(lines) && from >= LOWEST_PAGE && ot_arch_fetch(from, bytes, &word)) {
		*ret = loaded(&word, width);
		return true;
	}
	if (ot_unlikely(bytes > LINE_BYTES - from % LINE_BYTES))
		return load_pieces(lines, from, width, frame, ret);
	at = bytes_at(lines, from, bytes, &got, frame);
	if (!at)
		return false;
	*ret = loaded(at, width);
	return true;
}

/*
 * As the shell's expressions compare texts: an array that is full to the brim needs no end, a null pointer is no text,
 * and where memory ends nobody knows how the text goes on.
 */
static bool compare_text(struct lines *lines, uint64_t from, const struct otrace_code *code,
			 const struct otrace_frame *frame, uint64_t *ret)
{
	const uint8_t *text = (const uint8_t *)(code + 1);
	uint32_t bytes = code->imm, unit = code->width & OTRACE_CODE_BYTES, room = code->arg;
	uint32_t most = room && room < bytes ? room : bytes, got = 0;

	*ret = 0;
	if (!from)
		return true;
	for (uint32_t done = 0; done < most; done += got) {
		const uint8_t *at = bytes_at(lines, from + done, most - done, &got, frame);

		if (!at)
			return false;
		if (ot_memcmp(at, text + done, got))
			return true;
	}
	*ret = most == bytes || most == bytes - unit;
	return true;
}

static bool is_name(const struct otrace_code *code, const char *name)
{
	return !ot_memcmp(code + 1, name, code->imm);
}

/* ------------------------------------------------------------------ integers */

static bool divide(const struct otrace_code *code, uint64_t a, uint64_t b, uint64_t *ret)
{
	bool is_quotient = code->op == OTRACE_CODE_DIVIDE;

	if (!b)
		return false;
	if (!(code->width & OTRACE_CODE_SIGNED))
		*ret = is_quotient ? a / b : a % b;
	else if (b == UINT64_MAX) /* the lowest number has no opposite */
		*ret = is_quotient ? 0 - a : 0;
	else
		*ret = (uint64_t)(is_quotient ? (int64_t)a / (int64_t)b : (int64_t)a % (int64_t)b);
	return true;
}

static bool shift(const struct otrace_code *code, uint64_t a, uint64_t b, uint64_t *ret)
{
	if (b >= 8 * (code->width & OTRACE_CODE_BYTES))
		return false;
	if (code->op == OTRACE_CODE_LEFT)
		*ret = a << b;
	else
		*ret = code->width & OTRACE_CODE_SIGNED ? (uint64_t)((int64_t)a >> b) : a >> b;
	return true;
}

static bool calculate(const struct otrace_code *code, uint64_t a, uint64_t b, uint64_t *ret)
{
	uint64_t result;

	switch (code->op) {
	case OTRACE_CODE_ADD:
		result = a + b;
		break;
	case OTRACE_CODE_SUBTRACT:
		result = a - b;
		break;
	case OTRACE_CODE_MULTIPLY:
		result = a * b;
		break;
	case OTRACE_CODE_AND:
		result = a & b;
		break;
	case OTRACE_CODE_OR:
		result = a | b;
		break;
	case OTRACE_CODE_XOR:
		result = a ^ b;
		break;
	case OTRACE_CODE_LEFT:
	case OTRACE_CODE_RIGHT:
		if (!shift(code, a, b, &result))
			return false;
		break;
	default:
		if (!divide(code, a, b, &result))
			return false;
	}
	*ret = extended(result, code->width);
	return true;
}

static inline bool is_less(const struct otrace_code *code, uint64_t a, uint64_t b)
{
	return code->width & OTRACE_CODE_SIGNED ? (int64_t)a < (int64_t)b : a < b;
}

static uint64_t field(uint64_t value, const struct otrace_code *code)
{
	uint32_t shift = code->arg & 0xff, unused = 64 - (code->arg >> 8);

	value = value << (unused - shift);
	if (code->width & OTRACE_CODE_SIGNED)
		return (uint64_t)((int64_t)value >> unused);
	return value >> unused;
}

/* ------------------------------------------------------------------ fractions, slots */

static uint64_t fraction(const struct otrace_code *code, uint64_t a, uint64_t b)
{
	bool is_float = (code->width & OTRACE_CODE_BYTES) == 4;

	switch (code->op) {
	case OTRACE_CODE_F_ADD:
		return ot_arch_fraction(OT_FRACTION_ADD, a, b, is_float);
	case OTRACE_CODE_F_SUBTRACT:
		return ot_arch_fraction(OT_FRACTION_SUBTRACT, a, b, is_float);
	case OTRACE_CODE_F_MULTIPLY:
		return ot_arch_fraction(OT_FRACTION_MULTIPLY, a, b, is_float);
	case OTRACE_CODE_F_DIVIDE:
		return ot_arch_fraction(OT_FRACTION_DIVIDE, a, b, is_float);
	case OTRACE_CODE_F_ROUND:
		return ot_arch_fraction(OT_FRACTION_ROUND, a, b, is_float);
	case OTRACE_CODE_F_EQUAL:
		return ot_fraction_is_equal(a, b);
	case OTRACE_CODE_F_UNEQUAL:
		return !ot_fraction_is_equal(a, b);
	case OTRACE_CODE_F_LESS:
		return ot_fraction_is_less(a, b);
	case OTRACE_CODE_F_LESS_EQUAL:
		return ot_fraction_is_less(a, b) || ot_fraction_is_equal(a, b);
	case OTRACE_CODE_F_MORE:
		return ot_fraction_is_less(b, a);
	default:
		return ot_fraction_is_less(b, a) || ot_fraction_is_equal(a, b);
	}
}

static void store(uint64_t *slots, uint32_t slot, uint64_t value)
{
	slots[slot] = value;
	slots[OTRACE_CODE_MARK] |= 1ull << slot;
}

static bool is_stored(const uint64_t *slots, uint32_t slot)
{
	return slots[OTRACE_CODE_MARK] >> slot & 1;
}

/* ------------------------------------------------------------------ the machine */

#define RIGHT(code, sp) ((code)->width & OTRACE_CODE_IMMEDIATE ? constant(code) : *--(sp))

static inline uint64_t constant(const struct otrace_code *code)
{
	return code->width & OTRACE_CODE_SIGNED ? (uint64_t)(int64_t)(int32_t)code->imm : code->imm;
}

static inline const void *in_frame(const struct ot_code_env *env, const struct otrace_code *code)
{
	return (const char *)env->frame + code->imm;
}

/* In one piece: split up, each return behind a system call was mispredicted, 100 ns a condition. */
/* NOLINTNEXTLINE(readability-function-size): a case for each operation */
enum ot_verdict ot_bytecode_run(const struct otrace_code *program, uint32_t nr,
				const struct ot_code_env *env)
{
	const struct otrace_code *code = program, *tried = NULL;
	uint64_t stack[OTRACE_CODE_STACK + 1], *tried_sp = stack, b;
	uint64_t *sp = stack; /* the next free word */
	struct lines lines;

	if (!nr)
		return OT_VERDICT_YES;
	lines.nr = lines.next = 0;
	lines.is_asked = lines.is_fast = false;
	for (;; code++) {
		switch ((enum otrace_code_op)code->op) {
		case OTRACE_CODE_CONSTANT:
			*sp++ = constant(code);
			break;
		case OTRACE_CODE_CONSTANT64:
			code++;
			*sp++ = ((const struct any_u64 *)code)->value;
			break;
		case OTRACE_CODE_RESULT:
			/* ended badly, which is what somebody who asks for results wants to see */
			if (env->abnormal)
				return OT_VERDICT_YES;
			__attribute__((fallthrough));
		case OTRACE_CODE_FRAME:
			*sp++ = loaded(in_frame(env, code), code->width);
			break;
		case OTRACE_CODE_PLACE:
			*sp++ = (uint64_t)in_frame(env, code);
			break;
		case OTRACE_CODE_LOAD:
			if (!load(&lines, sp[-1] + (uint64_t)(int64_t)(int32_t)code->imm,
				  code->width, env->frame, &sp[-1]))
				goto fault;
			break;
		case OTRACE_CODE_TEXT:
			if (!compare_text(&lines, sp[-1], code, env->frame, &sp[-1]))
				goto fault;
			code += otrace_code_data(code);
			break;
		case OTRACE_CODE_NAME:
			*sp++ = is_name(code, env->thread_name);
			code += otrace_code_data(code);
			break;
		case OTRACE_CODE_CLEAR:
			if (!env->slots)
				return OT_VERDICT_NO;
			env->slots[OTRACE_CODE_MARK] = 0;
			break;
		case OTRACE_CODE_STORE:
			if (!env->slots)
				return OT_VERDICT_NO;
			store(env->slots, code->arg, *--sp);
			break;
		case OTRACE_CODE_SLOT:
			if (!env->slots || !is_stored(env->slots, code->arg))
				goto fault;
			*sp++ = env->slots[code->arg];
			break;
		case OTRACE_CODE_TRY:
			tried = program + code->arg;
			tried_sp = sp;
			break;
		case OTRACE_CODE_TRIED:
			tried = NULL;
			break;
		case OTRACE_CODE_EXTEND:
			sp[-1] = extended(sp[-1], code->width);
			break;
		case OTRACE_CODE_BITS:
			sp[-1] = field(sp[-1], code);
			break;
		case OTRACE_CODE_ADD:
		case OTRACE_CODE_SUBTRACT:
		case OTRACE_CODE_MULTIPLY:
		case OTRACE_CODE_DIVIDE:
		case OTRACE_CODE_REST:
		case OTRACE_CODE_AND:
		case OTRACE_CODE_OR:
		case OTRACE_CODE_XOR:
		case OTRACE_CODE_LEFT:
		case OTRACE_CODE_RIGHT:
			b = RIGHT(code, sp);
			if (!calculate(code, sp[-1], b, &sp[-1]))
				goto fault;
			break;
		case OTRACE_CODE_EQUAL:
			b = RIGHT(code, sp);
			sp[-1] = sp[-1] == b;
			break;
		case OTRACE_CODE_UNEQUAL:
			b = RIGHT(code, sp);
			sp[-1] = sp[-1] != b;
			break;
		case OTRACE_CODE_LESS:
			b = RIGHT(code, sp);
			sp[-1] = is_less(code, sp[-1], b);
			break;
		case OTRACE_CODE_LESS_EQUAL:
			b = RIGHT(code, sp);
			sp[-1] = !is_less(code, b, sp[-1]);
			break;
		case OTRACE_CODE_MORE:
			b = RIGHT(code, sp);
			sp[-1] = is_less(code, b, sp[-1]);
			break;
		case OTRACE_CODE_MORE_EQUAL:
			b = RIGHT(code, sp);
			sp[-1] = !is_less(code, sp[-1], b);
			break;
		case OTRACE_CODE_IS_ZERO:
			sp[-1] = !sp[-1];
			break;
		case OTRACE_CODE_IS_TRUE:
			sp[-1] = sp[-1] != 0;
			break;
		case OTRACE_CODE_F_ROUND:
			sp[-1] = fraction(code, sp[-1], 0);
			break;
		case OTRACE_CODE_F_ADD:
		case OTRACE_CODE_F_SUBTRACT:
		case OTRACE_CODE_F_MULTIPLY:
		case OTRACE_CODE_F_DIVIDE:
		case OTRACE_CODE_F_EQUAL:
		case OTRACE_CODE_F_UNEQUAL:
		case OTRACE_CODE_F_LESS:
		case OTRACE_CODE_F_LESS_EQUAL:
		case OTRACE_CODE_F_MORE:
		case OTRACE_CODE_F_MORE_EQUAL:
			sp--;
			sp[-1] = fraction(code, sp[-1], sp[0]);
			break;
		case OTRACE_CODE_F_NEGATE:
			sp[-1] ^= OT_FRACTION_SIGN;
			break;
		case OTRACE_CODE_F_IS_TRUE:
			sp[-1] = !ot_fraction_is_equal(sp[-1], 0);
			break;
		case OTRACE_CODE_F_OF_INTEGER:
			sp[-1] = ot_fraction_of_integer(sp[-1], code->width);
			break;
		case OTRACE_CODE_F_TO_INTEGER:
			sp[-1] = extended(ot_fraction_to_integer(sp[-1]), code->width);
			break;
		case OTRACE_CODE_ERROR:
			*sp++ = (uint64_t)(int64_t)env->error;
			break;
		case OTRACE_CODE_DURATION:
			*sp++ = env->duration_ns;
			break;
		case OTRACE_CODE_ABNORMAL:
			*sp++ = env->abnormal;
			break;
		case OTRACE_CODE_DEPTH:
			*sp++ = env->depth;
			break;
		case OTRACE_CODE_THREAD:
			*sp++ = env->tid;
			break;
		case OTRACE_CODE_TAGGED:
			sp[-1] = ot_tag_of(sp[-1]) != 0;
			break;
		case OTRACE_CODE_TAGGED_ANY:
			*sp++ = ot_tag_any((const char *)env->frame + code->arg, code->imm);
			break;
		case OTRACE_CODE_JUMP_IF:
			if (!*--sp)
				break;
			code = program + code->arg - 1;
			break;
		case OTRACE_CODE_JUMP_UNLESS:
			if (*--sp)
				break;
			__attribute__((fallthrough));
		case OTRACE_CODE_JUMP:
			code = program + code->arg - 1;
			break;
		case OTRACE_CODE_ANSWER:
			return sp[-1] ? OT_VERDICT_YES : OT_VERDICT_NO;
		case OTRACE_CODE_YES:
			return OT_VERDICT_YES;
		case OTRACE_CODE_NO:
			return OT_VERDICT_NO;
		case OTRACE_CODE_NONE:
		case OTRACE_CODE_NR:
		fault:
			if (!tried)
				return OT_VERDICT_FAULT;
			code = tried - 1;
			sp = tried_sp;
			break;
		}
	}
}
