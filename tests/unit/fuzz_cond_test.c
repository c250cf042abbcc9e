/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One property: whatever text somebody types as a condition, it is refused with an error, or becomes programs that the
 * runtime takes, and that come to an answer. The corpus, tests/fuzz/cond.corpus, is replayed with changes; where clang
 * builds with its address sanitizer libFuzzer runs for a while, and tests/fuzz/run as long as one likes.
 * test-links: oshell otrace_bytecode_inside
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cond_session.h"
#ifndef OT_FUZZER
#include "fuzz_changes.h"
#endif

#define PROGRAM_INPUTS \
	5000u /* types that texts make stay with the program: a new one now and then */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void *session;
static unsigned int nr_inputs, nr_taken;

static struct session *open_session(void)
{
	if (session && nr_inputs++ % PROGRAM_INPUTS == PROGRAM_INPUTS - 1) {
		teardown(&session);
		session = NULL;
	}
	if (!session)
		setup(&session);
	return session;
}

static void try_condition(struct session *s, const char *fn, const char *text)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;
	struct ot_cond *cond = NULL;
	bool at_once;

	err = ot_cond_compile(s->program, ot_program_fn(s->program, fn), text, &cond);
	if (err) {
		ot_err_format(err, &out);
		return;
	}
	nr_taken++;
	assert_sound(cond);
	run_call(s, cond, &at_once);
	ot_cond_destroy(cond);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	ot_auto_free char *text = ot_strndup((const char *)data, bytes);
	struct session *s = open_session();

	s->frame[4] = s->frame[6] = address_of(s, "first");
	s->env.abnormal = bytes % 5 == 0;
	try_condition(s, "add", text);
	try_condition(s, "say", text);
	try_condition(s, "visit", text);
	return 0;
}

#ifndef OT_FUZZER

static const char bits[] = "()[]*&.->+-!~?:0x1'\"\\ headnxt@st,abf=$;%|<return tagged error";

static FILE *open_corpus(const char *name)
{
	ot_auto_free char *path = ot_strdup(__FILE__);
	ot_auto_free char *corpus = NULL;
	char *folder = strstr(path, "unit/fuzz_cond_test.c");

	assert_non_null(folder);
	*folder = 0;
	corpus = ot_asprintf("%sfuzz/%s.corpus", path, name);
	return fopen(corpus, "r");
}

static void replay(const char *name, size_t least)
{
	FILE *file = open_corpus(name);
	ot_auto_free char *line = NULL;
	size_t cap = 0, nr_lines = 0;

	assert_non_null(file);
	while (getline(&line, &cap, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		fuzz_replay(line, bits, LLVMFuzzerTestOneInput);
		nr_lines++;
	}
	fclose(file);
	assert_true(nr_lines >= least);
}

static void corpus_and_its_changes_never_crash(void **state)
{
	(void)state;
	replay("cond", 60);
	assert_true(nr_taken > 300);
	teardown(&session);
	session = NULL;
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
		char *argv[] = {(char *)"fuzz_cond",	(char *)"-seed=1",
				(char *)"-runs=20000",	(char *)"-max_total_time=60",
				(char *)"-max_len=200", (char *)"-timeout=20",
				(char *)"-verbosity=0", NULL};
		char **args = argv;
		int argc = OT_NR(argv) - 1;

		_exit(LLVMFuzzerRunDriver(&argc, &args, LLVMFuzzerTestOneInput));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus_and_its_changes_never_crash),
#ifdef OT_LIBFUZZER
		cmocka_unit_test(libfuzzer_finds_nothing_in_its_first_runs),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
