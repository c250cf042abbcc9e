/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions in the runtime: what each instruction does, and what is refused. test-links: otrace_bytecode_inside otrace_look_inside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#define OT_REAL_LOOK
#include "bytecode_around.h"
#include "runtime/core/fraction.h"
#include "runtime/core/reads.h"
#include "runtime/core/thread.h"

/* Of the runtime, for look.c. */
__thread struct ot_tls ot_tls;
static unsigned int nr_plain_asked;

bool ot_modules_constant(uint64_t address, uint64_t bytes)
{
	(void)address;
	(void)bytes;
	nr_plain_asked++;
	return false;
}

uint32_t ot_reads_word = OT_READS_OFF;
uint32_t ot_reads_room_bytes;

bool ot_reads_ask(uint64_t sp)
{
	(void)sp;
	return false;
}

void ot_stack_be_exact(uint64_t sp)
{
	(void)sp;
}

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* A wrapper's frame, two arguments, a result. */
struct frame {
	struct otrace_frame head;
	uint64_t args[2];
	uint64_t result;
};

#define ARG(i) (uint32_t)(offsetof(struct frame, args) + 8 * (i))
#define RESULT_AT (uint32_t)offsetof(struct frame, result)

static struct frame frame;
static uint64_t slots[OTRACE_CODE_SLOTS];
static struct ot_code_env env;

static int set_up(void **state)
{
	(void)state;
	memset(&frame, 0, sizeof(frame));
	memset(slots, 0xaa, sizeof(slots));
	env = (struct ot_code_env){.frame = &frame.head,
				   .slots = slots,
				   .duration_ns = 5000,
				   .thread_name = "worker",
				   .tid = 1234,
				   .depth = 3,
				   .error = -7};
	return 0;
}

#define OP(name, ...) ((struct otrace_code){.op = OTRACE_CODE_##name, __VA_ARGS__})
#define S4 (4 | OTRACE_CODE_SIGNED)
#define S8 (8 | OTRACE_CODE_SIGNED)

static enum ot_verdict run(const struct otrace_code *code, uint32_t nr)
{
	assert_true(ot_bytecode_is_sound(code, nr, sizeof(frame), env.at_end));
	return ot_bytecode_run(code, nr, &env);
}

#define RUN(...)                                       \
	run((const struct otrace_code[]){__VA_ARGS__}, \
	    NR(((const struct otrace_code[]){__VA_ARGS__})))
#define IS_SOUND(end, ...)                                              \
	ot_bytecode_is_sound((const struct otrace_code[]){__VA_ARGS__}, \
			     NR(((const struct otrace_code[]){__VA_ARGS__})), sizeof(frame), end)

static struct otrace_code word(uint64_t value)
{
	struct otrace_code code;

	memcpy(&code, &value, sizeof(code));
	return code;
}

/* What "a op b" leaves on the stack, told by comparing it. */
static void assert_result(uint8_t op, uint8_t width, uint64_t a, uint64_t b, uint64_t wanted)
{
	struct otrace_code code[] = {OP(CONSTANT64),
				     word(a),
				     OP(CONSTANT64),
				     word(b),
				     {.op = op, .width = width},
				     OP(CONSTANT64),
				     word(wanted),
				     OP(EQUAL, .width = 8),
				     OP(ANSWER)};

	if (run(code, NR(code)) != OT_VERDICT_YES)
		fail_msg("op %u width %#x: %#lx, %#lx do not give %#lx", op, width, (long)a,
			 (long)b, (long)wanted);
}

static void assert_fault(uint8_t op, uint8_t width, uint64_t a, uint64_t b)
{
	struct otrace_code code[] = {
		OP(CONSTANT64), word(a), OP(CONSTANT64), word(b), {.op = op, .width = width},
		OP(ANSWER)};

	assert_int_equal(run(code, NR(code)), OT_VERDICT_FAULT);
}

static void test_integers(void **state)
{
	const uint64_t low = 1ull << 63;

	(void)state;
	assert_result(OTRACE_CODE_ADD, S4, INT32_MAX, 1, (uint64_t)INT32_MIN);
	assert_result(OTRACE_CODE_ADD, 4, UINT32_MAX, 1, 0);
	assert_result(OTRACE_CODE_ADD, 2, 0xffff, 3, 2);
	assert_result(OTRACE_CODE_SUBTRACT, S8, 3, 5, (uint64_t)-2);
	assert_result(OTRACE_CODE_SUBTRACT, 4, 3, 5, 0xfffffffe);
	assert_result(OTRACE_CODE_MULTIPLY, S4, 0x10000, 0x8000, (uint64_t)INT32_MIN);
	assert_result(OTRACE_CODE_DIVIDE, S4, (uint64_t)-7, 2, (uint64_t)-3);
	assert_result(OTRACE_CODE_DIVIDE, 8, (uint64_t)-7, 2, ((uint64_t)-7) / 2);
	assert_result(OTRACE_CODE_REST, S4, (uint64_t)-7, 2, (uint64_t)-1);
	assert_result(OTRACE_CODE_DIVIDE, S8, low, (uint64_t)-1, low);
	assert_result(OTRACE_CODE_REST, S8, low, (uint64_t)-1, 0);
	assert_result(OTRACE_CODE_DIVIDE, S4, (uint64_t)INT32_MIN, (uint64_t)-1,
		      (uint64_t)INT32_MIN);
	assert_result(OTRACE_CODE_AND, S4, 0xc, 0xa, 8);
	assert_result(OTRACE_CODE_OR, S4, 0xc, 0xa, 0xe);
	assert_result(OTRACE_CODE_XOR, S4, (uint64_t)-1, 1, (uint64_t)-2);
	assert_result(OTRACE_CODE_LEFT, S4, 1, 31, (uint64_t)INT32_MIN);
	assert_result(OTRACE_CODE_RIGHT, S4, (uint64_t)-8, 1, (uint64_t)-4);
	assert_result(OTRACE_CODE_RIGHT, 4, 0xfffffff8, 1, 0x7ffffffc);
	assert_fault(OTRACE_CODE_DIVIDE, S4, 1, 0);
	assert_fault(OTRACE_CODE_REST, 8, 1, 0);
	assert_fault(OTRACE_CODE_LEFT, S4, 1, 32);
	assert_fault(OTRACE_CODE_RIGHT, S8, 1, 64);
	assert_fault(OTRACE_CODE_LEFT, S8, 1, (uint64_t)-1);
}

static void test_comparisons(void **state)
{
	(void)state;
	assert_result(OTRACE_CODE_LESS, S8, (uint64_t)-1, 1, 1);
	assert_result(OTRACE_CODE_LESS, 8, (uint64_t)-1, 1, 0);
	assert_result(OTRACE_CODE_LESS_EQUAL, S4, 4, 4, 1);
	assert_result(OTRACE_CODE_LESS_EQUAL, S4, 5, 4, 0);
	assert_result(OTRACE_CODE_MORE, S4, 5, 4, 1);
	assert_result(OTRACE_CODE_MORE, S4, 4, 4, 0);
	assert_result(OTRACE_CODE_MORE_EQUAL, S4, 4, 4, 1);
	assert_result(OTRACE_CODE_MORE_EQUAL, 8, 4, (uint64_t)-4, 0);
	assert_result(OTRACE_CODE_EQUAL, S4, 4, 4, 1);
	assert_result(OTRACE_CODE_UNEQUAL, S4, 4, 4, 0);
}

static void test_frame_and_immediates(void **state)
{
	(void)state;
	frame.args[0] = 0x11223344ffffff80;
	frame.args[1] = 0x3ff0000000000000; /* 1.0 */
	assert_int_equal(RUN(OP(FRAME, .width = S4, .imm = ARG(0)),
			     OP(EQUAL, .width = S4 | OTRACE_CODE_IMMEDIATE, .imm = (uint32_t)-128),
			     OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_int_equal(RUN(OP(FRAME, .width = 4, .imm = ARG(0)),
			     OP(EQUAL, .width = 4 | OTRACE_CODE_IMMEDIATE, .imm = 0xffffff80),
			     OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_int_equal(RUN(OP(FRAME, .width = 1, .imm = ARG(0)),
			     OP(LESS, .width = 1 | OTRACE_CODE_IMMEDIATE, .imm = 0x80), OP(ANSWER)),
			 OT_VERDICT_NO);
	/* three bytes */
	assert_int_equal(RUN(OP(FRAME, .width = 3, .imm = ARG(0)),
			     OP(EQUAL, .width = 8 | OTRACE_CODE_IMMEDIATE, .imm = 0xffff80),
			     OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_int_equal(RUN(OP(FRAME, .width = 8 | OTRACE_CODE_FRACTION, .imm = ARG(1)),
			     OP(F_IS_TRUE), OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_int_equal(ot_bytecode_run(NULL, 0, &env), OT_VERDICT_YES);
	assert_int_equal(RUN(OP(CONSTANT, .width = S4, .imm = (uint32_t)-3),
			     OP(BITS, .arg = 1 | 3 << 8, .width = S8),
			     OP(EQUAL, .width = S8 | OTRACE_CODE_IMMEDIATE, .imm = (uint32_t)-2),
			     OP(ANSWER)),
			 OT_VERDICT_YES); /* -3 = ...11111101: bits 1 to 3 are 110 */
	assert_int_equal(RUN(OP(CONSTANT, .imm = 300), OP(EXTEND, .width = 1),
			     OP(EQUAL, .width = 8 | OTRACE_CODE_IMMEDIATE, .imm = 44), OP(ANSWER)),
			 OT_VERDICT_YES);
}

static void test_jumps(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 4; n++) {
		frame.args[0] = n;
		/* n == 1 || n == 2 */
		assert_int_equal(RUN(OP(FRAME, .width = 8, .imm = ARG(0)),
				     OP(EQUAL, .width = 8 | OTRACE_CODE_IMMEDIATE, .imm = 1),
				     OP(JUMP_IF, .arg = 6), OP(FRAME, .width = 8, .imm = ARG(0)),
				     OP(EQUAL, .width = 8 | OTRACE_CODE_IMMEDIATE, .imm = 2),
				     OP(JUMP_UNLESS, .arg = 7), OP(YES), OP(NO)),
				 n == 1 || n == 2 ? OT_VERDICT_YES : OT_VERDICT_NO);
	}
}

static void test_of_the_call(void **state)
{
	(void)state;
	assert_int_equal(RUN(OP(ERROR),
			     OP(EQUAL, .width = S4 | OTRACE_CODE_IMMEDIATE, .imm = (uint32_t)-7),
			     OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_int_equal(RUN(OP(DEPTH), OP(EQUAL, .width = 4 | OTRACE_CODE_IMMEDIATE, .imm = 3),
			     OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_int_equal(RUN(OP(THREAD), OP(EQUAL, .width = 4 | OTRACE_CODE_IMMEDIATE, .imm = 1234),
			     OP(ANSWER)),
			 OT_VERDICT_YES);
	tagged_object = 0x5000;
	frame.args[0] = 0x5007;
	assert_int_equal(RUN(OP(FRAME, .width = 8, .imm = ARG(0)), OP(TAGGED), OP(ANSWER)),
			 OT_VERDICT_YES);
	frame.args[0] = 0x5008;
	assert_int_equal(RUN(OP(FRAME, .width = 8, .imm = ARG(0)), OP(TAGGED), OP(ANSWER)),
			 OT_VERDICT_NO);
	assert_int_equal(RUN(OP(TAGGED_ANY, .arg = ARG(0), .imm = 3), OP(ANSWER)), OT_VERDICT_NO);
	frame.args[1] = 0x5001;
	assert_int_equal(RUN(OP(TAGGED_ANY, .arg = ARG(0), .imm = 3), OP(ANSWER)), OT_VERDICT_YES);
	assert_int_equal(RUN(OP(TAGGED_ANY, .arg = ARG(0), .imm = 1), OP(ANSWER)), OT_VERDICT_NO);
	assert_int_equal(RUN(OP(TAGGED_ANY, .arg = ARG(1), .imm = 1), OP(ANSWER)), OT_VERDICT_YES);
	env.thread_name = "worker";
	assert_int_equal(RUN(OP(NAME, .width = 1, .imm = 7), word(0x72656b726f77), OP(ANSWER)),
			 OT_VERDICT_YES);
	env.thread_name = "workers";
	assert_int_equal(RUN(OP(NAME, .width = 1, .imm = 7), word(0x72656b726f77), OP(ANSWER)),
			 OT_VERDICT_NO);
}

static void test_at_the_end(void **state)
{
	const struct otrace_code result[] = {
		OP(RESULT, .width = S4, .imm = RESULT_AT),
		OP(LESS, .width = S4 | OTRACE_CODE_IMMEDIATE, .imm = 0), OP(ANSWER)};

	(void)state;
	env.at_end = true;
	frame.result = 0xffffffff;
	assert_int_equal(run(result, NR(result)), OT_VERDICT_YES);
	frame.result = 5;
	assert_int_equal(run(result, NR(result)), OT_VERDICT_NO);
	env.abnormal = true;
	assert_int_equal(run(result, NR(result)), OT_VERDICT_YES);
	assert_int_equal(RUN(OP(ABNORMAL), OP(ANSWER)), OT_VERDICT_YES);
	assert_int_equal(RUN(OP(DURATION),
			     OP(EQUAL, .width = 8 | OTRACE_CODE_IMMEDIATE, .imm = 5000),
			     OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_false(ot_bytecode_is_sound(result, NR(result), sizeof(frame), false));
	assert_false(IS_SOUND(false, OP(DURATION), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(ABNORMAL), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(SLOT, .arg = 1), OP(ANSWER)));
	assert_false(IS_SOUND(true, OP(CONSTANT), OP(STORE, .arg = 1), OP(YES)));
	assert_false(IS_SOUND(true, OP(CLEAR), OP(YES)));
}

/* Two pages, of which the second cannot be read. */
static uint8_t *half_readable(void)
{
	uint8_t *pages =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	return pages;
}

static enum ot_verdict load_at(uint64_t address, uint8_t width, uint32_t offset, uint32_t wanted)
{
	frame.args[0] = address;
	return RUN(OP(FRAME, .width = 8, .imm = ARG(0)), OP(LOAD, .width = width, .imm = offset),
		   OP(EQUAL, .width = width | OTRACE_CODE_IMMEDIATE, .imm = wanted), OP(ANSWER));
}

static void test_memory(void **state)
{
	uint8_t *pages = half_readable();
	uint64_t at = (uint64_t)pages;

	(void)state;
	for (int i = 0; i < 4096; i++)
		pages[i] = (uint8_t)(i * 7);
	assert_int_equal(load_at(at + 64, 1, 0, (64 * 7) & 0xff), OT_VERDICT_YES);
	assert_int_equal(load_at(at + 80, 1, (uint32_t)-16, (64 * 7) & 0xff), OT_VERDICT_YES);
	/* from one line into the next */
	assert_int_equal(load_at(at + 126, 4, 0,
				 *(uint32_t *)(pages + 124) >> 16 | *(uint32_t *)(pages + 128)
									    << 16),
			 OT_VERDICT_YES);
	assert_int_equal(load_at(at + 4092, 4, 0, *(uint32_t *)(pages + 4092)), OT_VERDICT_YES);
	assert_int_equal(load_at(at + 4094, 4, 0, 0), OT_VERDICT_FAULT);
	assert_int_equal(load_at(at + 4096, 1, 0, 0), OT_VERDICT_FAULT);
	assert_int_equal(load_at(0, 8, 16, 0), OT_VERDICT_FAULT);
	assert_int_equal(load_at(UINT64_MAX - 2, 8, 0, 0), OT_VERDICT_FAULT);
	assert_int_equal(load_at(0xdead000000000000, 8, 0, 0), OT_VERDICT_FAULT);
	munmap(pages, 8192);
}

static enum ot_verdict text_at(const void *address, const char *text, uint16_t room)
{
	struct otrace_code code[8] = {OP(FRAME, .width = 8, .imm = ARG(0)),
				      OP(TEXT, .width = 1, .arg = room)};
	uint32_t bytes = (uint32_t)strlen(text) + 1;

	code[1].imm = bytes;
	memcpy(&code[2], text, bytes);
	code[2 + (bytes + 7) / 8] = OP(ANSWER);
	frame.args[0] = (uint64_t)address;
	return run(code, 3 + (bytes + 7) / 8);
}

static void test_texts(void **state)
{
	char *pages = (char *)half_readable();
	static const char get[] = "get";

	(void)state;
	assert_int_equal(text_at(get, "get", 0), OT_VERDICT_YES);
	assert_int_equal(text_at(get, "ge", 0), OT_VERDICT_NO);
	assert_int_equal(text_at(get, "gets", 0), OT_VERDICT_NO);
	assert_int_equal(text_at(NULL, "", 0), OT_VERDICT_NO);
	/* where memory ends */
	memcpy(pages + 4093, "get", 3);
	assert_int_equal(text_at(pages + 4093, "get", 0), OT_VERDICT_FAULT);
	assert_int_equal(text_at(pages + 4093, "got", 0), OT_VERDICT_NO);
	assert_int_equal(text_at(pages + 4093, "get", 3), OT_VERDICT_YES);
	assert_int_equal(text_at(pages + 4093, "gets", 3), OT_VERDICT_NO);
	assert_int_equal(text_at(pages + 4096, "get", 0), OT_VERDICT_FAULT);
	/* over the end of a line */
	memcpy(pages + 120, "a longer text", 14);
	assert_int_equal(text_at(pages + 120, "a longer text", 0), OT_VERDICT_YES);
	assert_int_equal(text_at(pages + 120, "a longer test", 0), OT_VERDICT_NO);
	munmap(pages, 8192);
}

/* What the thread's own stack has above the frame is read as it is. */
static void test_own_stack(void **state)
{
	struct {
		struct frame frame;
		uint64_t above;
	} own = {.above = 77};

	(void)state;
	ot_tls.stack = (struct ot_stack){
		.low = (uint64_t)&own, .bytes = sizeof(own), .flags = OT_STACK_OWN};
	env.frame = &own.frame.head;
	nr_plain_asked = 0;
	assert_int_equal(RUN(OP(PLACE, .imm = ARG(0)),
			     OP(LOAD, .width = 8, .imm = (uint32_t)(sizeof(struct frame) - ARG(0))),
			     OP(EQUAL, .width = 8 | OTRACE_CODE_IMMEDIATE, .imm = 77), OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_int_equal(nr_plain_asked, 0);
	ot_tls.stack = (struct ot_stack){0};
	assert_int_equal(RUN(OP(PLACE, .imm = ARG(0)),
			     OP(LOAD, .width = 8, .imm = (uint32_t)(sizeof(struct frame) - ARG(0))),
			     OP(EQUAL, .width = 8 | OTRACE_CODE_IMMEDIATE, .imm = 77), OP(ANSWER)),
			 OT_VERDICT_YES);
	assert_int_equal(nr_plain_asked, 1);
}

static void test_slots_and_tries(void **state)
{
	static const uint64_t number = 42;
	const struct otrace_code enter[] = {OP(CLEAR),
					    OP(CONSTANT, .imm = 9),
					    OP(TRY, .arg = 6),
					    OP(FRAME, .width = 8, .imm = ARG(0)),
					    OP(LOAD, .width = 8),
					    OP(STORE, .arg = 3),
					    OP(TRIED),
					    OP(STORE, .arg = 4),
					    OP(YES)};
	const struct otrace_code leave[] = {
		OP(SLOT, .arg = 4), OP(SLOT, .arg = 3), OP(ADD, .width = 8),
		OP(EQUAL, .width = 8 | OTRACE_CODE_IMMEDIATE, .imm = 51), OP(ANSWER)};

	(void)state;
	for (int readable = 0; readable < 2; readable++) {
		frame.args[0] = readable ? (uint64_t)&number : 16;
		env.at_end = false;
		assert_int_equal(run(enter, NR(enter)), OT_VERDICT_YES);
		env.at_end = true;
		assert_int_equal(run(leave, NR(leave)),
				 readable ? OT_VERDICT_YES : OT_VERDICT_FAULT);
	}
}

/* ------------------------------------------------------------------ fractions */

static uint64_t bits(double number)
{
	uint64_t word;

	memcpy(&word, &number, sizeof(word));
	return word;
}

static uint64_t random_bits(void)
{
	static uint64_t seed = 88172645463325252ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static double some_fraction(unsigned int i)
{
	static const double all[] = {0,	      -0.0,    1,      -1,	 0.1,	    1e308,
				     -1e308,  DBL_MIN, 5e-324, INFINITY, -INFINITY, NAN,
				     FLT_MAX, 1e-45,   0x1p62, 0x1p63,	 -0x1p63,   0x1p64};
	uint64_t word = random_bits();
	double number;

	if (i < NR(all))
		return all[i];
	memcpy(&number, &word, sizeof(number));
	return i % 2 ? number : (double)(int32_t)word / 64;
}

static void assert_same(uint8_t op, uint8_t width, double a, double b, double wanted)
{
	if (wanted == wanted)
		assert_result(op, width, bits(a), bits(b), bits(wanted));
}

static void test_fractions(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 60; i++)
		for (unsigned int k = 0; k < 60; k++) {
			double a = some_fraction(i), b = some_fraction(k);
			float c = (float)a, d = (float)b;

			assert_same(OTRACE_CODE_F_ADD, 8, a, b, a + b);
			assert_same(OTRACE_CODE_F_SUBTRACT, 8, a, b, a - b);
			assert_same(OTRACE_CODE_F_MULTIPLY, 8, a, b, a * b);
			assert_same(OTRACE_CODE_F_DIVIDE, 8, a, b, a / b);
			assert_same(OTRACE_CODE_F_ADD, 4, c, d, c + d);
			assert_same(OTRACE_CODE_F_MULTIPLY, 4, c, d, c * d);
			assert_same(OTRACE_CODE_F_DIVIDE, 4, c, d, c / d);
			assert_result(OTRACE_CODE_F_EQUAL, 0, bits(a), bits(b), a == b);
			assert_result(OTRACE_CODE_F_UNEQUAL, 0, bits(a), bits(b), a != b);
			assert_result(OTRACE_CODE_F_LESS, 0, bits(a), bits(b), a < b);
			assert_result(OTRACE_CODE_F_LESS_EQUAL, 0, bits(a), bits(b), a <= b);
			assert_result(OTRACE_CODE_F_MORE, 0, bits(a), bits(b), a > b);
			assert_result(OTRACE_CODE_F_MORE_EQUAL, 0, bits(a), bits(b), a >= b);
		}
}

/* One operand: what comes of it is compared. */
static void assert_converted(struct otrace_code op, uint64_t a, uint64_t wanted)
{
	struct otrace_code code[] = {OP(CONSTANT64), word(a),	   op,
				     OP(CONSTANT64), word(wanted), OP(EQUAL, .width = 8),
				     OP(ANSWER)};

	if (run(code, NR(code)) != OT_VERDICT_YES)
		fail_msg("op %u width %#x: %#lx does not give %#lx", op.op, op.width, (long)a,
			 (long)wanted);
}

static void test_fractions_and_integers(void **state)
{
	float small;
	uint32_t single;

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		uint64_t n = i < 3 ? i - 1 : random_bits() >> i % 64;
		double real = some_fraction(i);

		assert_converted(OP(F_OF_INTEGER, .width = 8), n, bits((double)n));
		assert_converted(OP(F_OF_INTEGER, .width = 4), n, bits((float)n));
		assert_converted(OP(F_OF_INTEGER, .width = S8), n, bits((double)(int64_t)n));
		assert_converted(OP(F_OF_INTEGER, .width = S4), n, bits((float)(int64_t)n));
		if (real == real)
			assert_converted(OP(F_ROUND, .width = 4), bits(real), bits((float)real));
		assert_converted(OP(F_NEGATE), bits(real), bits(-real));
		assert_converted(OP(F_IS_TRUE), bits(real), real != 0);
		if (real > -0x1p63 && real < 0x1p63)
			assert_converted(OP(F_TO_INTEGER, .width = S8), bits(real),
					 (uint64_t)(int64_t)real);
		if (real >= 0 && real < 0x1p64)
			assert_converted(OP(F_TO_INTEGER, .width = 8), bits(real), (uint64_t)real);
		single = (uint32_t)n;
		memcpy(&small, &single, sizeof(small));
		frame.args[0] = single;
		if (small == small)
			assert_int_equal(
				RUN(OP(FRAME, .width = 4 | OTRACE_CODE_FRACTION, .imm = ARG(0)),
				    OP(CONSTANT64), word(bits(small)), OP(EQUAL, .width = 8),
				    OP(ANSWER)),
				OT_VERDICT_YES);
	}
}

/* The program's: its arguments, and how its unit is set. */
static void test_fractions_leave_the_unit_alone(void **state)
{
	uint64_t before[4] = {1, 2, 3, 4}, after[4] = {0};
	uint32_t plain, odd = 0x7f80 & ~0x0080u; /* rounds to 0, traps invalid operations */
	uint32_t left = 0;
	uint64_t quotient;

	(void)state;
#ifdef __SANITIZE_THREAD__
	return; /* its own calls in between use these registers */
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
	return;
#endif
#endif
	__asm__ volatile("stmxcsr %0" : "=m"(plain));
	__asm__ volatile("movdqu %[a], %%xmm0\n\tmovdqu %[b], %%xmm1\n\tldmxcsr %[odd]"
			 :
			 : [a] "m"(before[0]), [b] "m"(before[2]), [odd] "m"(odd)
			 : "xmm0", "xmm1");
	quotient = ot_arch_fraction(OT_FRACTION_DIVIDE, 0, 0, false);
	__asm__ volatile("movdqu %%xmm0, %[a]\n\tmovdqu %%xmm1, %[b]\n\tstmxcsr %[left]\n\t"
			 "ldmxcsr %[plain]"
			 : [a] "=m"(after[0]), [b] "=m"(after[2]), [left] "=m"(left)
			 : [plain] "m"(plain)
			 : "memory");
	assert_true((quotient & ~OT_FRACTION_SIGN) > OT_FRACTION_INFINITE);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(left, odd);
}

/* ------------------------------------------------------------------ what is refused */

static void test_sound(void **state)
{
	(void)state;
	assert_true(IS_SOUND(false, OP(YES)));
	assert_true(ot_bytecode_is_sound(NULL, 0, sizeof(frame), false));
	assert_true(IS_SOUND(false, OP(FRAME, .width = 8, .imm = sizeof(frame) - 8), OP(ANSWER)));
	assert_true(IS_SOUND(false, OP(PLACE, .imm = sizeof(frame)), OP(ANSWER)));
}

static void test_unsound_ends(void **state)
{
	(void)state;
	assert_false(IS_SOUND(false, OP(CONSTANT)));
	assert_false(IS_SOUND(false, OP(NONE)));
	assert_false(IS_SOUND(false, {.op = OTRACE_CODE_NR}));
	assert_false(IS_SOUND(false, {.op = 255}));
	assert_false(IS_SOUND(false, OP(YES), OP(NO))); /* the second is never reached */
	assert_false(IS_SOUND(false, OP(JUMP, .arg = 0)));
	assert_false(IS_SOUND(false, OP(JUMP, .arg = 1)));
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(JUMP_IF, .arg = 0), OP(YES)));
}

static void test_unsound_stacks(void **state)
{
	struct otrace_code deep[OTRACE_CODE_STACK + 2];

	(void)state;
	assert_false(IS_SOUND(false, OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(ADD, .width = 8), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(ADD, .width = 8 | OTRACE_CODE_IMMEDIATE), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(LOAD, .width = 8), OP(ANSWER)));
	/* with one word, and with none */
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(JUMP_IF, .arg = 3), OP(CONSTANT), OP(YES)));
	for (uint32_t i = 0; i < NR(deep); i++)
		deep[i] = OP(CONSTANT);
	deep[OTRACE_CODE_STACK + 1] = OP(YES);
	assert_false(ot_bytecode_is_sound(deep, NR(deep), sizeof(frame), false));
	deep[OTRACE_CODE_STACK] = OP(YES);
	assert_true(ot_bytecode_is_sound(deep, NR(deep) - 1, sizeof(frame), false));
}

static void test_unsound_operands(void **state)
{
	(void)state;
	assert_false(IS_SOUND(false, OP(FRAME, .width = 8, .imm = sizeof(frame) - 7), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(FRAME, .width = 8, .imm = UINT32_MAX - 3), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(FRAME, .width = 0), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(FRAME, .width = 9), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(FRAME, .width = 2 | OTRACE_CODE_FRACTION), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(PLACE, .imm = sizeof(frame) + 1), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(LOAD, .width = 0), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(BITS, .arg = 60 | 5 << 8), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(BITS, .arg = 3), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(STORE, .arg = OTRACE_CODE_MARK), OP(YES)));
	assert_false(IS_SOUND(true, OP(SLOT, .arg = OTRACE_CODE_MARK), OP(ANSWER)));
	assert_false(IS_SOUND(true, OP(RESULT, .width = 8, .imm = sizeof(frame)), OP(ANSWER)));
}

static void test_unsound_data(void **state)
{
	(void)state;
	assert_false(IS_SOUND(false, OP(CONSTANT64)));
	assert_false(IS_SOUND(false, OP(CONSTANT64), word(0)));
	assert_true(IS_SOUND(false, OP(CONSTANT64), word(0), OP(ANSWER)));
	assert_false(
		IS_SOUND(false, OP(PLACE), OP(TEXT, .width = 1, .imm = 9), word(0), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(PLACE), OP(TEXT, .width = 1, .imm = 0), OP(ANSWER)));
	assert_false(
		IS_SOUND(false, OP(PLACE), OP(TEXT, .width = 3, .imm = 8), word(0), OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(PLACE), OP(TEXT, .width = 1, .imm = UINT32_MAX), word(0),
			      OP(ANSWER)));
	assert_false(IS_SOUND(false, OP(NAME, .width = 1, .imm = 17), word(0), word(0), word(0),
			      OP(ANSWER)));
	/* into data */
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(JUMP_IF, .arg = 3), OP(CONSTANT64), OP(YES),
			      OP(ANSWER)));
}

static void test_unsound_tries(void **state)
{
	(void)state;
	assert_true(IS_SOUND(false, OP(TRY, .arg = 1), OP(TRIED), OP(YES)));
	assert_false(IS_SOUND(false, OP(TRIED), OP(YES)));
	assert_false(IS_SOUND(false, OP(TRY, .arg = 1), OP(YES)));
	assert_false(IS_SOUND(false, OP(TRY, .arg = 0), OP(YES)));
	assert_false(IS_SOUND(false, OP(TRY, .arg = 9), OP(YES)));
	assert_false(IS_SOUND(false, OP(TRY, .arg = 3), OP(TRY, .arg = 2), OP(TRIED), OP(TRIED),
			      OP(YES)));
	assert_false(IS_SOUND(true, OP(TRY, .arg = 1), OP(TRIED), OP(YES)));
	/* a word more than at the TRY */
	assert_false(IS_SOUND(false, OP(TRY, .arg = 2), OP(CONSTANT), OP(TRIED), OP(YES)));
	/* out of it, and into it */
	assert_false(IS_SOUND(false, OP(TRY, .arg = 3), OP(CONSTANT), OP(JUMP_IF, .arg = 4),
			      OP(TRIED), OP(YES)));
	assert_false(IS_SOUND(false, OP(CONSTANT), OP(JUMP_IF, .arg = 3), OP(TRY, .arg = 3),
			      OP(TRIED), OP(YES)));
	/* its end is another's data */
	assert_false(IS_SOUND(false, OP(TRY, .arg = 2), OP(CONSTANT64), OP(TRIED), OP(ANSWER)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_integers, set_up),
		cmocka_unit_test_setup(test_comparisons, set_up),
		cmocka_unit_test_setup(test_frame_and_immediates, set_up),
		cmocka_unit_test_setup(test_jumps, set_up),
		cmocka_unit_test_setup(test_of_the_call, set_up),
		cmocka_unit_test_setup(test_at_the_end, set_up),
		cmocka_unit_test_setup(test_memory, set_up),
		cmocka_unit_test_setup(test_texts, set_up),
		cmocka_unit_test_setup(test_own_stack, set_up),
		cmocka_unit_test_setup(test_slots_and_tries, set_up),
		cmocka_unit_test_setup(test_fractions, set_up),
		cmocka_unit_test_setup(test_fractions_and_integers, set_up),
		cmocka_unit_test(test_fractions_leave_the_unit_alone),
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_unsound_ends),
		cmocka_unit_test(test_unsound_stacks),
		cmocka_unit_test(test_unsound_operands),
		cmocka_unit_test(test_unsound_data),
		cmocka_unit_test(test_unsound_tries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
