/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One property: whatever text somebody types, it evaluates to a value that can be written, or to an
 * error. Without a fuzzer this replays the corpus and changes of it; tests/fuzz/run makes a fuzzer of
 * it. test-links: oshell
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "expr/expr.h"
#include "fake_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct fake *fake;
static struct ot_program *program;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	ot_auto_free char *text = ot_strndup((const char *)data, bytes);
	ot_auto_value struct ot_value value = {0};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;
	struct ot_expr_scope scope = {0};
	struct ot_format format = {.width = 40};

	if (!program) {
		fake = fake_create();
		if (ot_program_create(&fake->target, &program))
			return 0;
	}
	scope.program = program;
	format.program = program;
	format.target = &fake->target;
	err = ot_expr_value(&scope, text, &value);
	if (err) {
		ot_err_format(err, &out);
	} else {
		ot_value_format(&format, &value, &out);
		ot_value_json(&format, &value, &out);
	}
	return 0;
}

#ifndef OT_FUZZER

/* Bytes that make an expression another one, not only a wrong one. */
static const char bits[] = "()[]*&.->+-!~?:0x1'\"\\ headnxt@st,u";

static uint32_t seed = 1;

static uint32_t next_random(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % limit;
}

static void try_changes(const char *line)
{
	size_t len = strlen(line);

	for (int i = 0; i < 300; i++) {
		ot_auto_free char *text = ot_alloc(len * 2 + 8);
		size_t nr = 0;

		for (size_t at = 0; at < len; at++) {
			uint32_t what = next_random(len < 8 ? 4 : (uint32_t)len / 2);

			if (what == 0)
				text[nr++] = bits[next_random(sizeof(bits) - 1)];
			if (what != 1)
				text[nr++] = line[at];
		}
		LLVMFuzzerTestOneInput((const uint8_t *)text, nr);
	}
}

static void corpus_and_its_changes_never_crash(void **state)
{
	static const char *const corpus[] = {
		"counter + 1",
		"head->next->name[1]",
		"(struct node *)0x10",
		"*wild",
		"&head[1] > head",
		"sizeof(struct node [3])",
		"st@shop.c ? add::calls : -real * 1e3f",
		"text[0] == 'h' && !null",
		"((unsigned char)~0u >> 3) % 7 | 1 << 4 ^ 2",
		"\"a\\x41\\n\"[2]",
		"handler == &add",
		"*(struct node *)&first",
		"(long double)1.5L / 3",
		"head - &first",
		"GREEN + color",
		"(char *)text",
		"(*head).next->b",
		"0xffffffffffffffffull",
		"(struct node)counter",
	};

	(void)state;
	for (size_t i = 0; i < OT_NR(corpus); i++) {
		LLVMFuzzerTestOneInput((const uint8_t *)corpus[i], strlen(corpus[i]));
		try_changes(corpus[i]);
	}
	ot_program_destroy(program);
	ot_target_close(&fake->target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(corpus_and_its_changes_never_crash)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
