/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One property: whatever text somebody types, it evaluates to a value that can be written, or to an
 * error. The corpus, tests/fuzz/expr.corpus, is replayed with changes of it; where clang builds with
 * its address sanitizer libFuzzer takes it from there for a while. tests/fuzz/run does that for as long
 * as one likes. test-links: oshell
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/wait.h>

#include "expr/expr.h"
#include "expr/history.h"
#include "fake_program.h"
#ifndef OT_FUZZER
#include "fuzz_changes.h"
#endif

/* Types that expressions make stay with the program: a new one now and then. */
#define PROGRAM_INPUTS 5000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct fake *fake;
static struct ot_program *program;
static struct ot_history *history;
static uint8_t before[FAKE_BYTES];
static unsigned int nr_inputs;

static void close_program(void)
{
	ot_history_destroy(history);
	ot_program_destroy(program);
	ot_target_close(fake ? &fake->target : NULL);
	history = NULL;
	program = NULL;
	fake = NULL;
}

static void remember(struct ot_expr_scope *scope, const char *text)
{
	ot_auto_value struct ot_value value = {0};

	if (!ot_expr_value(scope, text, &value))
		ot_history_add(history, &value);
}

static bool open_program(void)
{
	struct ot_expr_scope scope = {0};

	if (program && nr_inputs++ % PROGRAM_INPUTS)
		return true;
	close_program();
	fake = fake_create();
	if (ot_program_create(&fake->target, &program))
		return false;
	history = ot_history_create();
	scope.program = program;
	remember(&scope, "first");
	remember(&scope, "(&counter)[0:3]");
	memcpy(before, fake->data, FAKE_BYTES);
	return true;
}

/* Looks at the arguments, returns what the function's type asks for. */
static struct ot_err *made_call(void *priv, const struct ot_expr_call *call, struct ot_value *ret)
{
	uint8_t sum = (uint8_t)(call->address != 0);

	for (size_t i = 0; i < call->nr_args; i++) {
		const struct ot_value *arg = &call->args[i];

		for (size_t k = 0; k < arg->nr_bytes; k++)
			sum += arg->bytes[k];
		for (size_t k = 0; arg->string.known && k < arg->string.nr_bytes; k++)
			sum += (uint8_t)arg->string.bytes[k];
	}
	if (!ot_type_is_void(call->type->target) && ot_type_is_scalar(call->type->target))
		ot_value_of_u64(call->type->target, sum, ret);
	return priv ? NULL : ot_err_new(OT_ERR_OTHER, "no");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	ot_auto_free char *text = ot_strndup((const char *)data, bytes);
	ot_auto_value struct ot_value value = {0};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;
	struct ot_expr_scope scope = {0};
	struct ot_format format = {.width = 40, .max_elements = 50, .follow = 3};

	if (!open_program())
		return 0;
	scope.program = program;
	scope.history = history;
	scope.self = ot_history_get(history, 1);
	scope.may_store = true;
	scope.call = made_call;
	scope.call_priv = fake;
	format.program = program;
	format.target = &fake->target;
	format.style = bytes ? OT_FORMAT_STYLES[data[bytes - 1] % sizeof(OT_FORMAT_STYLES)] : 0;
	err = ot_expr_value(&scope, text, &value);
	if (err) {
		ot_err_format(err, &out);
	} else {
		ot_value_format(&format, &value, &out);
		ot_value_json(&format, &value, &out);
	}
	memcpy(fake->data, before, FAKE_BYTES);
	return 0;
}

#ifndef OT_FUZZER

/* Bytes that make an expression another one, not only a wrong one. */
static const char bits[] = "()[]{}*&.->+-!~?:0x1'\"\\ headnxt@st,u=$;%#";

static FILE *open_corpus(void)
{
	ot_auto_free char *path = ot_strdup(__FILE__);
	ot_auto_free char *corpus = NULL;
	char *folder = strstr(path, "unit/fuzz_expr_test.c");

	assert_non_null(folder);
	*folder = 0;
	corpus = ot_asprintf("%sfuzz/expr.corpus", path);
	return fopen(corpus, "r");
}

static void corpus_and_its_changes_never_crash(void **state)
{
	FILE *file = open_corpus();
	ot_auto_free char *line = NULL;
	size_t cap = 0, nr_lines = 0;

	(void)state;
	assert_non_null(file);
	while (getline(&line, &cap, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		fuzz_replay(line, bits, LLVMFuzzerTestOneInput);
		nr_lines++;
	}
	fclose(file);
	assert_true(nr_lines > 100);
	close_program();
}

#ifdef OT_LIBFUZZER

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t bytes));

/* The corpus as the files that libFuzzer wants. */
static void spread_corpus(const char *folder)
{
	FILE *file = open_corpus();
	ot_auto_free char *line = NULL;
	size_t cap = 0, nr = 0;

	assert_non_null(file);
	while (getline(&line, &cap, file) > 0) {
		ot_auto_free char *path = ot_asprintf("%s/%zu", folder, nr++);
		FILE *out = fopen(path, "w");

		assert_non_null(out);
		fwrite(line, 1, strcspn(line, "\n"), out);
		fclose(out);
	}
	fclose(file);
}

static void libfuzzer_finds_nothing_in_its_first_runs(void **state)
{
	char folder[] = "/tmp/fuzz_expr_XXXXXX";
	ot_auto_free char *remove = NULL;
	int status = 0;
	pid_t child;

	(void)state;
	assert_non_null(mkdtemp(folder));
	spread_corpus(folder);
	remove = ot_asprintf("rm -r %s", folder);
	child = fork(); /* the driver ends the process */
	assert_true(child >= 0);
	if (!child) {
		char *argv[] = {(char *)"fuzz_expr",
				(char *)"-seed=1",
				(char *)"-runs=20000",
				(char *)"-max_total_time=60",
				(char *)"-max_len=200",
				(char *)"-timeout=20",
				(char *)"-verbosity=0",
				folder,
				NULL};
		char **args = argv;
		int argc = OT_NR(argv) - 1;

		_exit(LLVMFuzzerRunDriver(&argc, &args, LLVMFuzzerTestOneInput));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(system(remove), 0);
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
