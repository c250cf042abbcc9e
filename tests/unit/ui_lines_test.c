/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of otrace, and lines typed in the shell taken apart. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cmds/split.h"
#include "ui/options.h"

#define ARGV(...) ((char *[]){(char *)"otrace", __VA_ARGS__, NULL})

static struct ot_options parse(char **argv)
{
	struct ot_options options;
	int argc = 0;

	while (argv[argc])
		argc++;
	assert_null(ot_options_parse(argc, argv, &options));
	return options;
}

static void assert_refused(char **argv, const char *part)
{
	struct ot_options options;
	struct ot_err *err;
	int argc = 0;

	while (argv[argc])
		argc++;
	err = ot_options_parse(argc, argv, &options);
	assert_non_null(err);
	if (!strstr(err->what, part))
		fail_msg("\"%s\" does not say \"%s\"", err->what, part);
	ot_err_destroy(err);
}

static void a_program_alone_is_run(void **state)
{
	struct ot_options o = parse(ARGV((char *)"./a", (char *)"-x", (char *)"1"));

	(void)state;
	assert_int_equal(o.mode, OT_MODE_RUN);
	assert_int_equal(o.argc, 3);
	assert_string_equal(o.argv[0], "./a");
	assert_string_equal(o.argv[1], "-x");
	assert_int_equal(o.nr_scripts, 0);
	ot_options_deinit(&o);
}

static void scripts_keep_their_order(void **state)
{
	struct ot_options o =
		parse(ARGV((char *)"run", (char *)"-e", (char *)"a", (char *)"-x", (char *)"f",
			   (char *)"-e", (char *)"b", (char *)"--", (char *)"ps"));

	(void)state;
	assert_int_equal(o.nr_scripts, 3);
	assert_string_equal(o.scripts[0].text, "a");
	assert_true(o.scripts[1].is_file);
	assert_string_equal(o.scripts[2].text, "b");
	assert_string_equal(o.argv[0], "ps");
	ot_options_deinit(&o);
}

static void json_takes_a_file_only_with_an_equals_sign(void **state)
{
	struct ot_options o = parse(ARGV((char *)"--json", (char *)"./a"));

	(void)state;
	assert_true(o.json);
	assert_null(o.json_file);
	assert_string_equal(o.argv[0], "./a");
	ot_options_deinit(&o);
	o = parse(ARGV((char *)"--json=F", (char *)"./a"));
	assert_string_equal(o.json_file, "F");
	ot_options_deinit(&o);
}

static void the_compiler_gets_its_words_untouched(void **state)
{
	struct ot_options o =
		parse(ARGV((char *)"cc", (char *)"-x", (char *)"c", (char *)"--version"));

	(void)state;
	assert_int_equal(o.mode, OT_MODE_CC);
	assert_int_equal(o.argc, 3);
	assert_string_equal(o.argv[2], "--version");
	ot_options_deinit(&o);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	assert_refused(ARGV((char *)"--no-such", (char *)"./a"), "--no-such");
	assert_refused(ARGV((char *)"-e"), "-e");
	assert_refused(ARGV((char *)"attach"), "PID");
	assert_refused(ARGV((char *)"attach", (char *)"1", (char *)"2"), "2");
	assert_refused(ARGV((char *)"attach", (char *)"--for", (char *)"x", (char *)"1"),
		       "seconds");
	assert_refused(ARGV((char *)"attach", (char *)"--go", (char *)"1"), "run only");
	assert_refused(ARGV((char *)"--for", (char *)"1", (char *)"./a"), "attach only");
	assert_refused(ARGV((char *)"open"), "file");
}

static void assert_words(const char *line, const char *const *words)
{
	char **argv;
	int argc;

	assert_null(ot_split_words(line, &argc, &argv));
	for (int i = 0; i < argc; i++) {
		assert_non_null(words[i]);
		assert_string_equal(argv[i], words[i]);
	}
	assert_null(words[argc]);
	ot_split_free(argv);
}

static void words_are_split_as_a_shell_does(void **state)
{
	(void)state;
	assert_words("  trace  -c call add ", (const char *[]){"trace", "-c", "call", "add", NULL});
	assert_words("a 'b c' \"d\\\"e\" f\\ g", (const char *[]){"a", "b c", "d\"e", "f g", NULL});
	assert_words("run '' x", (const char *[]){"run", "", "x", NULL});
	assert_words("'a\\b'", (const char *[]){"a\\b", NULL});
	assert_words("", (const char *[]){NULL});
}

static void an_open_quote_is_an_error(void **state)
{
	struct ot_err *err;
	char **argv;
	int argc;

	(void)state;
	err = ot_split_words("trace 'add", &argc, &argv);
	assert_non_null(err);
	ot_err_destroy(err);
	ot_split_words_loosely("trace 'ad d", &argc, &argv);
	assert_int_equal(argc, 2);
	assert_string_equal(argv[1], "ad d");
	ot_split_free(argv);
}

static void commands_end_at_a_semicolon_outside_quotes(void **state)
{
	(void)state;
	assert_int_equal(ot_split_command("ab;c"), 2);
	assert_int_equal(ot_split_command("a';'b;c"), 5);
	assert_int_equal(ot_split_command("a\\;b"), 4);
	assert_string_equal(ot_split_last_command("a; b; c d"), " c d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_alone_is_run),
		cmocka_unit_test(scripts_keep_their_order),
		cmocka_unit_test(json_takes_a_file_only_with_an_equals_sign),
		cmocka_unit_test(the_compiler_gets_its_words_untouched),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(words_are_split_as_a_shell_does),
		cmocka_unit_test(an_open_quote_is_an_error),
		cmocka_unit_test(commands_end_at_a_semicolon_outside_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
