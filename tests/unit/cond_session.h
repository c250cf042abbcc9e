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

#endif
