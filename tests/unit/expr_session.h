/* SPDX-License-Identifier: BSD-2-Clause */
/** Expressions over the made program, for the unit tests: the value or the error as text. */
#ifndef OT_EXPR_SESSION_H
#define OT_EXPR_SESSION_H

#include "expr/expr.h"
#include "expr/history.h"
#include "fake_program.h"

struct session {
	struct fake *fake;
	struct ot_program *program;
	struct ot_expr_scope scope;
	struct ot_format format;
};

static int setup(void **state)
{
	struct session *s = ot_alloc(sizeof(*s));

	s->fake = fake_create();
	assert_null(ot_program_create(&s->fake->target, &s->program));
	s->scope = (struct ot_expr_scope){
		.program = s->program, .history = ot_history_create(), .may_store = true};
	s->format = (struct ot_format){.program = s->program, .target = &s->fake->target};
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct session *s = *state;

	ot_history_destroy(s->scope.history);
	ot_program_destroy(s->program);
	ot_target_close(&s->fake->target);
	free(s);
	return 0;
}

/* Errors with their place: "what | ^ at 3". */
static char *eval_text(struct session *s, const char *text)
{
	ot_auto_value struct ot_value value = {0};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = ot_expr_value(&s->scope, text, &value);

	if (err) {
		ot_buf_adds(&out, err->what);
		for (int i = 0; i < err->nr_nearest; i++)
			ot_buf_addf(&out, "; %s", err->nearest[i]);
		if (err->position >= 0)
			ot_buf_addf(&out, " ^%d", err->position);
	} else {
		ot_value_format(&s->format, &value, &out);
	}
	return ot_buf_take(&out);
}

/* One line of a table: an expression and what comes of it. */
struct wanted {
	const char *text;
	const char *value;
};

static void assert_values(struct session *s, const struct wanted *all, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		ot_auto_free char *got = eval_text(s, all[i].text);

		if (strcmp(got, all[i].value) != 0)
			fail_msg("%s gives %s, not %s", all[i].text, got, all[i].value);
	}
}

/* The error has this in it. */
static void assert_errors(struct session *s, const struct wanted *all, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		ot_auto_free char *got = eval_text(s, all[i].text);

		if (!strstr(got, all[i].value))
			fail_msg("%s gives \"%s\", which does not say \"%s\"", all[i].text, got,
				 all[i].value);
	}
}

#endif
