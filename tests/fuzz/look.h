/* SPDX-License-Identifier: BSD-2-Clause */
/** What the targets that read tables do with a program: look at everything in it. */
#ifndef OT_FUZZ_LOOK_H
#define OT_FUZZ_LOOK_H

#include "model/capture.h"

static void look_at_types(const struct ot_program *program, struct ot_buf *out)
{
	size_t nr;
	const struct ot_type *const *types = ot_program_types(program, &nr);

	for (size_t i = 0; i < nr; i++) {
		struct ot_fn_list methods = {0};

		ot_type_define(types[i], out);
		ot_type_size(types[i]);
		ot_program_methods(program, types[i], &methods);
		free(methods.items);
		ot_buf_reset(out);
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
			ot_capture_format_args(plan, &format, captured, sizeof(captured), out);
			ot_capture_format_return(plan, &format, captured, sizeof(captured), out);
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
		if (value.type) {
			ot_value_format(&format, &value, out);
			ot_value_json(&format, &value, out);
		}
		ot_buf_reset(out);
	}
}

/** @param target stays the caller's */
static void look_at_program(struct ot_target *target)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	struct ot_program *program = NULL;

	ot_err_destroy(ot_program_create(target, &program));
	if (program) {
		look_at_types(program, &out);
		look_at_fns(program, &out);
		look_at_vars(program, &out);
	}
	ot_program_destroy(program);
}

#endif
