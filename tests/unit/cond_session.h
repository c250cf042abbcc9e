/* SPDX-License-Identifier: BSD-2-Clause */
/** Conditions over the made program, compiled by the shell and run by the runtime's machine. */
#ifndef OT_COND_SESSION_H
#define OT_COND_SESSION_H

#include <sys/mman.h>

#include "bytecode_around.h"
#include "cond/cond.h"
#include "fake_program.h"

#define FRAME_WORDS 32u /* frame_bytes of the made functions */
#define RESULT_WORD 8u	/* their result lies there */

struct session {
	struct fake *fake;
	struct ot_program *program;
	uint64_t frame[FRAME_WORDS];
	uint64_t slots[OTRACE_CODE_SLOTS];
	struct ot_code_env env;
	void (*body)(struct session *s); /* what the call does, or NULL */
};

/* The program's memory lies where it says. */
static int setup(void **state)
{
	struct session *s = ot_alloc(sizeof(*s));
	void *memory = mmap((void *)FAKE_BASE, FAKE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	assert_ptr_equal(memory, (void *)FAKE_BASE);
	s->fake = fake_create();
	memcpy(memory, s->fake->data, FAKE_BYTES);
	assert_null(ot_program_create(&s->fake->target, &s->program));
	s->env = (struct ot_code_env){.frame = (struct otrace_frame *)s->frame,
				      .slots = s->slots,
				      .thread_name = "worker",
				      .tid = 1234,
				      .depth = 3};
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct session *s = *state;

	ot_program_destroy(s->program);
	ot_target_close(&s->fake->target);
	munmap((void *)FAKE_BASE, FAKE_BYTES);
	tagged_object = 0;
	free(s);
	return 0;
}

static uint64_t address_of(struct session *s, const char *var)
{
	struct ot_var *found = ot_program_var(s->program, var);

	assert_non_null(found);
	return found->address;
}

static const char *verdict_text(enum ot_verdict verdict)
{
	return verdict == OT_VERDICT_YES ? "yes" : verdict == OT_VERDICT_NO ? "no" : "fault";
}

static void assert_sound(const struct ot_cond *cond)
{
	assert_true(ot_bytecode_is_sound(cond->enter, cond->nr_enter, FRAME_WORDS * 8, false));
	assert_true(ot_bytecode_is_sound(cond->leave, cond->nr_leave, FRAME_WORDS * 8, true));
}

/* A call, from its beginning to its end: "no" at once, or what comes of it. */
static enum ot_verdict run_call(struct session *s, const struct ot_cond *cond, bool *at_once)
{
	enum ot_verdict verdict;

	memset(s->slots, 0xaa, sizeof(s->slots));
	s->env.at_end = false;
	verdict = ot_bytecode_run(cond->enter, cond->nr_enter, &s->env);
	*at_once = verdict != OT_VERDICT_YES || !cond->is_late;
	if (s->body)
		s->body(s);
	if (*at_once)
		return verdict;
	s->env.at_end = true;
	return ot_bytecode_run(cond->leave, cond->nr_leave, &s->env);
}

/* "yes", "no", "fault", with "late " in front when the end has decided; or the error. */
static char *condition(struct session *s, const char *fn, const char *text)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;
	struct ot_cond *cond = NULL;
	bool at_once = false;

	err = ot_cond_compile(s->program, ot_program_fn(s->program, fn), text, &cond);
	if (err) {
		ot_buf_adds(&out, err->what);
		for (int i = 0; i < err->nr_nearest; i++)
			ot_buf_addf(&out, "; %s", err->nearest[i]);
		if (err->position >= 0)
			ot_buf_addf(&out, " ^%d", err->position);
		return ot_buf_take(&out);
	}
	assert_sound(cond);
	ot_buf_adds(&out, verdict_text(run_call(s, cond, &at_once)));
	ot_cond_destroy(cond);
	return at_once ? ot_buf_take(&out) : ot_asprintf("late %s", ot_buf_text(&out));
}

struct wanted {
	const char *text;
	const char *verdict;
};

static void assert_verdicts(struct session *s, const char *fn, const struct wanted *all, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		ot_auto_free char *got = condition(s, fn, all[i].text);

		if (strcmp(got, all[i].verdict) != 0)
			fail_msg("%s gives %s, not %s", all[i].text, got, all[i].verdict);
	}
}

/* The error has this in it. */
static void assert_refused(struct session *s, const char *fn, const struct wanted *all, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		ot_auto_free char *got = condition(s, fn, all[i].text);

		if (!strstr(got, all[i].verdict))
			fail_msg("%s gives \"%s\", which does not say \"%s\"", all[i].text, got,
				 all[i].verdict);
	}
}

#define VERDICTS(s, fn, ...)                                         \
	assert_verdicts(s, fn, (const struct wanted[]){__VA_ARGS__}, \
			OT_NR(((const struct wanted[]){__VA_ARGS__})))
#define REFUSED(s, fn, ...)                                         \
	assert_refused(s, fn, (const struct wanted[]){__VA_ARGS__}, \
		       OT_NR(((const struct wanted[]){__VA_ARGS__})))

#endif
