/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One property: whatever bytes come as a condition, they are refused, or run to an answer and touch nothing but their
 * own. Programs are made at random, sound ones most of them; where clang builds with its address sanitizer libFuzzer
 * goes on from there, and tests/fuzz/run as long as one likes. test-links: otrace_bytecode_inside
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytecode_around.h"

#define FRAME_BYTES 96u
#define NR_PROGRAMS 200000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static unsigned long nr_sound;
static char object[300];

/* Of exactly its size, so that the sanitizer sees what goes beyond. */
static uint64_t *make_frame(void)
{
	uint64_t *words = malloc(FRAME_BYTES);

	if (!words)
		abort();
	for (uint32_t i = 0; i < FRAME_BYTES / 8; i++)
		words[i] = i % 3 ? (uint64_t)(object + i * 8) : i * 0x123456789;
	return words;
}

static void run(const struct otrace_code *code, uint32_t nr, bool at_end)
{
	uint64_t *words = make_frame();
	uint64_t *slots = calloc(OTRACE_CODE_SLOTS, 8);
	struct ot_code_env env = {.frame = (struct otrace_frame *)words,
				  .slots = slots,
				  .thread_name = "a name of bytes",
				  .at_end = at_end,
				  .abnormal = nr % 3 == 0};
	enum ot_verdict verdict;

	slots[OTRACE_CODE_MARK] = at_end ? 0x5555 : 0;
	verdict = ot_bytecode_run(code, nr, &env);
	if (verdict != OT_VERDICT_YES && verdict != OT_VERDICT_NO && verdict != OT_VERDICT_FAULT)
		abort();
	free(slots);
	free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint32_t nr = (uint32_t)(bytes / sizeof(struct otrace_code));
	struct otrace_code *code = malloc(nr * sizeof(*code) + 1);

	if (!code)
		abort();
	memcpy(code, data, nr * sizeof(*code));
	for (int at_end = 0; at_end < 2; at_end++) {
		if (!ot_bytecode_is_sound(code, nr, FRAME_BYTES, at_end))
			continue;
		nr_sound++;
		run(code, nr, at_end);
	}
	free(code);
	return 0;
}

#ifndef OT_FUZZER

static uint32_t some(uint32_t limit)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % limit;
}

static struct otrace_code make_code(uint32_t at, uint32_t nr)
{
	static const uint8_t widths[] = {1, 2, 3, 4, 4, 8, 8, 8, 0, 9};
	struct otrace_code code = {.op = (uint8_t)some(OTRACE_CODE_NR + 1),
				   .width = widths[some(sizeof(widths))]};

	code.width |= (uint8_t)(some(8) << 4);
	code.arg = (uint16_t)(some(8) ? at + 1 + some(nr - at) : some(1 << 16));
	code.imm = some(8) ? some(FRAME_BYTES) : some(UINT32_MAX);
	return code;
}

/* Most often the next one leaves the program sound so far. */
static void make_program(struct otrace_code *code, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		struct otrace_code last = code[i + 1];

		for (int tries = 0; tries < 40; tries++) {
			code[i] = make_code(i, nr);
			if (i + 1 == nr)
				code[i].op = (uint8_t)(OTRACE_CODE_ANSWER + some(3));
			else
				code[i + 1] = (struct otrace_code){.op = OTRACE_CODE_YES};
			if (ot_bytecode_is_sound(code, i + 1 == nr ? nr : i + 2, FRAME_BYTES,
						 nr % 2))
				break;
		}
		if (i + 1 < nr)
			code[i + 1] = last;
	}
}

static void programs_end_and_stay_inside(void **state)
{
	struct otrace_code code[24];

	(void)state;
	for (int i = 0; i < NR_PROGRAMS / 10; i++) {
		uint32_t nr = 1 + some(20);

		memset(code, 0, sizeof(code));
		make_program(code, nr);
		LLVMFuzzerTestOneInput((const uint8_t *)code, nr * sizeof(*code));
		/* and spoilt somewhere */
		((uint8_t *)code)[some(nr * (uint32_t)sizeof(*code))] ^= (uint8_t)(1 << some(8));
		LLVMFuzzerTestOneInput((const uint8_t *)code, nr * sizeof(*code));
	}
	assert_true(nr_sound > NR_PROGRAMS / 40);
}

static void bytes_at_random_are_taken(void **state)
{
	uint8_t bytes[80];

	(void)state;
	for (int i = 0; i < NR_PROGRAMS; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)some(some(2) ? 80 : 256);
		LLVMFuzzerTestOneInput(bytes, some(sizeof(bytes)));
	}
}

#ifdef OT_LIBFUZZER

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t bytes));

static void libfuzzer_finds_nothing_in_its_first_runs(void **state)
{
	int status = 0;
	pid_t child = fork(); /* the driver ends the process */

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		char *argv[] = {(char *)"fuzz_bytecode", (char *)"-seed=1",
				(char *)"-runs=200000",	 (char *)"-max_total_time=30",
				(char *)"-max_len=400",	 (char *)"-timeout=20",
				(char *)"-verbosity=0",	 NULL};
		char **args = argv;
		int argc = (int)(sizeof(argv) / sizeof(argv[0])) - 1;

		_exit(LLVMFuzzerRunDriver(&argc, &args, LLVMFuzzerTestOneInput));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_end_and_stay_inside),
		cmocka_unit_test(bytes_at_random_are_taken),
#ifdef OT_LIBFUZZER
		cmocka_unit_test(libfuzzer_finds_nothing_in_its_first_runs),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
