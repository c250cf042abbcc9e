/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One property: whatever bytes the tables of a module have, it is refused or can be looked around in.
 * An input is a list of places in a whole image, each with the byte that goes there. Without a fuzzer
 * this tries every byte of the tables with a few values; tests/fuzz/run makes a fuzzer of it.
 * test-links: oshell
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_program.h"
#include "model/capture.h"
#include "vfs/vfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void look_at_types(const struct ot_program *program, struct ot_buf *out)
{
	size_t nr;
	const struct ot_type *const *types = ot_program_types(program, &nr);

	for (size_t i = 0; i < nr; i++) {
		ot_type_define(types[i], out);
		ot_type_size(types[i]);
	}
}

static void look_at_fns(const struct ot_program *program, struct ot_buf *out)
{
	static const char captured[512] = "what a hook may have copied";
	struct ot_format format = {.program = program};
	size_t nr;
	struct ot_fn *const *fns = ot_program_fns(program, &nr);

	for (size_t i = 0; i < nr; i++) {
		struct ot_capture_plan *plan = NULL;

		ot_err_destroy(ot_fn_untraceable(fns[i]));
		ot_fn_signature(fns[i], out);
		ot_fn_assumes_text(fns[i], out);
		ot_err_destroy(ot_capture_plan_create(fns[i], OT_CAPTURE_STRINGS, &plan));
		if (plan) {
			ot_capture_json_args(plan, &format, captured, sizeof(captured), out);
			ot_capture_format_return(plan, &format, "12345678", 8, out);
		}
		ot_capture_plan_destroy(plan);
		ot_buf_reset(out);
	}
}

static void look_at_vars(struct ot_program *program, struct ot_buf *out)
{
	struct ot_format format = {.program = program, .target = ot_program_target(program)};
	size_t nr;
	struct ot_var *const *vars = ot_program_vars(program, &nr);

	for (size_t i = 0; i < nr; i++) {
		ot_auto_value struct ot_value value = {0};

		ot_err_destroy(ot_value_of_var(program, vars[i], 0, &value));
		if (value.type)
			ot_value_format(&format, &value, out);
		ot_buf_reset(out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	struct ot_program *program = NULL;
	struct fake *fake = fake_create();

	for (size_t i = 0; i + 3 <= bytes; i += 3)
		fake->data[(data[i] << 8 | data[i + 1]) % fake->used] = data[i + 2];
	ot_err_destroy(ot_program_create(&fake->target, &program));
	if (program) {
		look_at_types(program, &out);
		look_at_fns(program, &out);
		look_at_vars(program, &out);
	}
	ot_program_destroy(program);
	ot_target_close(&fake->target);
	return 0;
}

#ifndef OT_FUZZER

static void no_byte_of_the_tables_can_crash_the_reader(void **state)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0xff};
	struct fake *fake = fake_create();
	uint32_t used = fake->used;

	(void)state;
	ot_target_close(&fake->target);
	for (uint32_t at = 0; at < used; at++)
		for (size_t i = 0; i < OT_NR(values); i += 1 + at % 2) {
			uint8_t input[] = {(uint8_t)(at >> 8), (uint8_t)at, values[i]};

			LLVMFuzzerTestOneInput(input, sizeof(input));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_byte_of_the_tables_can_crash_the_reader)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
