/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters, aliases, and where the text of a command goes. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cmds/aliases.h"
#include "cmds/cmd.h"
#include "cmds/split.h"
#include "params/params.h"
#include "ui/progress.h"

/* ------------------------------------------------------------------ parameters */

static const struct ot_setting *setting(const char *name)
{
	const struct ot_setting *found = NULL;

	assert_null(ot_setting_find(name, &found));
	return found;
}

static bool set(struct ot_params *params, const char *name, const char *text)
{
	struct ot_err *err = ot_setting_set(params, setting(name), text, NULL);

	ot_err_destroy(err);
	return !err;
}

static void assert_shown(const struct ot_params *params, const char *name, const char *wanted)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_setting_format(params, setting(name), &text);
	assert_string_equal(ot_buf_text(&text), wanted);
}

static void each_parameter_takes_what_it_is_at_first_and_shows_it(void **state)
{
	struct ot_params *params = ot_params_create();

	(void)state;
	for (const struct ot_setting *s = ot_params_table; s->name; s++) {
		ot_auto_buf struct ot_buf shown = OT_BUF_INIT, kind = OT_BUF_INIT;

		ot_setting_format(params, s, &shown);
		assert_null(ot_setting_set(params, s, s->standard, NULL));
		ot_setting_format_kind(s, &kind);
		assert_true(kind.len > 0);
		assert_non_null(s->help);
		if (s->kind == OT_SETTING_TEXT)
			assert_string_equal(ot_buf_text(&shown), s->standard);
	}
	ot_params_destroy(params);
}

static void booleans_are_true_and_false_in_words(void **state)
{
	struct ot_params *params = ot_params_create();

	(void)state;
	assert_true(set(params, "pretty_print", "False"));
	assert_false(params->pretty_print);
	assert_true(set(params, "pretty_print", "on"));
	assert_true(params->pretty_print);
	assert_true(set(params, "pretty_print", "0"));
	assert_false(params->pretty_print);
	assert_false(set(params, "pretty_print", "2"));
	assert_false(set(params, "pretty_print", "truex"));
	assert_true(set(params, "pretty_print", ""));
	assert_true(params->pretty_print);
	ot_params_destroy(params);
}

static void numbers_have_bounds(void **state)
{
	static const char *const wrong[] = {"0",  "101", "-1",	 "+1",	" 1",
					    "1 ", "1k",	 "0x10", "1.0", "18446744073709551617",
					    "x"};
	struct ot_params *params = ot_params_create();

	(void)state;
	for (size_t i = 0; i < OT_NR(wrong); i++) {
		assert_false(set(params, "max_depth", wrong[i]));
		assert_int_equal(params->max_depth, 20);
	}
	assert_true(set(params, "max_depth", "1"));
	assert_true(set(params, "max_depth", "100"));
	assert_shown(params, "max_depth", "100");
	ot_params_destroy(params);
}

static void sizes_have_suffixes(void **state)
{
	static const char *const wrong[] = {"0", "1T", "k", "17M", "1kk", "18014398509481985k"};
	struct ot_params *params = ot_params_create();

	(void)state;
	assert_true(set(params, "max_string", "3k"));
	assert_int_equal(params->max_string, 3072);
	assert_shown(params, "max_string", "3k");
	assert_true(set(params, "max_string", "16MB"));
	assert_int_equal(params->max_string, 16 << 20);
	assert_true(set(params, "max_string", "1025"));
	assert_shown(params, "max_string", "1025");
	for (size_t i = 0; i < OT_NR(wrong); i++)
		assert_false(set(params, "max_string", wrong[i]));
	ot_params_destroy(params);
}

static void times_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
		const char *shown;
	} right[] = {{"0.2", 200, "0.2 s"},   {"200ms", 200, "0.2 s"}, {"90s", 90000, "90 s"},
		     {"2m", 120000, "2 min"}, {"1h", 3600000, "1 h"},  {".5", 500, "0.5 s"}};
	static const char *const wrong[] = {"",	  "inf",   "nan", "1 s", "2h",	"9ms",
					    "-1", "0x1p3", "1d",  "s",	 "1e99"};
	struct ot_params *params = ot_params_create();

	(void)state;
	for (size_t i = 0; i < OT_NR(right); i++) {
		assert_true(set(params, "repeat_interval", right[i].text));
		assert_int_equal(params->repeat_interval, right[i].ms);
		assert_shown(params, "repeat_interval", right[i].shown);
	}
	for (size_t i = 1; i < OT_NR(wrong); i++)
		assert_false(set(params, "repeat_interval", wrong[i]));
	assert_true(set(params, "repeat_interval", wrong[0]));
	assert_int_equal(params->repeat_interval, 200);
	ot_params_destroy(params);
}

static void a_shell_is_changed_only_by_what_it_takes(void **state)
{
	struct ot_shell shell = {.terminal_width = 80, .width = 80, .safe = true};
	struct ot_params *params = ot_params_create();
	struct ot_err *err;

	(void)state;
	params->safe_mode = true;
	err = ot_setting_set(params, setting("safe_mode"), "false", &shell);
	assert_non_null(err);
	assert_int_equal(err->code, OT_ERR_SAFE);
	ot_err_destroy(err);
	assert_true(params->safe_mode && shell.safe);
	assert_null(ot_setting_set(params, setting("width"), "33", &shell));
	assert_int_equal(shell.width, 33);
	assert_null(ot_setting_set(params, setting("width"), "0", &shell));
	assert_int_equal(shell.width, 80);
	assert_null(ot_setting_set(params, setting("color"), "always", &shell));
	assert_true(shell.colours);
	assert_null(ot_setting_set(params, setting("color"), "auto", &shell));
	assert_false(shell.colours);
	ot_params_destroy(params);
}

static void an_unknown_parameter_gets_the_nearest(void **state)
{
	const struct ot_setting *found;
	struct ot_err *err = ot_setting_find("max_dept", &found);

	(void)state;
	assert_non_null(err);
	assert_int_equal(err->nr_nearest, 1);
	assert_string_equal(err->nearest[0], "max_depth");
	ot_err_destroy(err);
}

/* ------------------------------------------------------------------ aliases */

static void assert_expands(const char *text, const char *command, const char *wanted)
{
	ot_auto_free char *made = NULL;

	assert_null(ot_aliases_expand(text, command, &made));
	assert_string_equal(made, wanted);
}

static void arguments_come_where_the_text_wants_them(void **state)
{
	(void)state;
	assert_expands("pr \\*", "p a | b", "pr a | b");
	assert_expands("\\2 \\1 \\3.", "x 'a b' c", "c 'a b' .");
	assert_expands("f(\\**)", "x bob -3 0x1f 'two words' 1.5 k=v -",
		       "f(\"bob\", -3, 0x1f, \"two words\", 1.5, "
		       "\"k=v\", \"-\")");
	assert_expands("f(\\**)", "x", "f()");
	assert_expands("f(\\**)", "x 'a\"b\\'", "f(\"a\\\"b\\\\\")");
	assert_expands("ls -l", "x a b", "ls -l a b");
	assert_expands("ls -l", "x", "ls -l");
	assert_expands("pr \"a\\n\"", "x", "pr \"a\\n\"");
	assert_expands("a \\\\1 \\\\*", "x y", "a y y");
	assert_expands("tail\\", "x y", "tail\\ y");
}

static void an_open_quote_among_the_arguments_of_a_call_is_an_error(void **state)
{
	char *made = NULL;
	struct ot_err *err = ot_aliases_expand("f(\\**)", "x 'a", &made);

	(void)state;
	assert_non_null(err);
	assert_null(made);
	ot_err_destroy(err);
}

static void aliases_are_in_order_and_can_be_taken_away(void **state)
{
	struct ot_aliases *aliases = ot_aliases_create();
	const char *before = "", *name;
	size_t nr = 0;

	(void)state;
	assert_null(ot_aliases_set(aliases, "zz", "1"));
	assert_null(ot_aliases_set(aliases, "aa", "2"));
	assert_null(ot_aliases_set(aliases, "mm", "3"));
	assert_null(ot_aliases_set(aliases, "mm", "4"));
	for (; (name = ot_aliases_name(aliases, nr)); nr++) {
		assert_true(strcmp(before, name) < 0);
		before = name;
	}
	assert_int_equal(nr, 12);
	assert_string_equal(ot_aliases_get(aliases, "mm"), "4");
	assert_null(ot_aliases_set(aliases, "mm", ""));
	assert_null(ot_aliases_get(aliases, "mm"));
	assert_non_null(ot_aliases_get(aliases, "zz"));
	ot_aliases_destroy(aliases);
}

static void a_name_is_not_expanded_within_itself(void **state)
{
	struct ot_aliases *aliases = ot_aliases_create();
	struct ot_aliases_chain chain = {.name = "show", .depth = 1};

	(void)state;
	assert_string_equal(ot_aliases_lookup(aliases, "show main", NULL), "view");
	assert_null(ot_aliases_lookup(aliases, "show main", &chain));
	assert_non_null(ot_aliases_lookup(aliases, "doc main", &chain));
	assert_null(ot_aliases_lookup(aliases, "showing", NULL));
	ot_aliases_destroy(aliases);
}

/* ------------------------------------------------------------------ where text goes */

static void assert_goal(const char *command, enum ot_split_to to, size_t bytes, const char *where)
{
	struct ot_split_goal goal = {0};

	assert_null(ot_split_goal(command, &goal));
	assert_int_equal(goal.to, to);
	assert_int_equal(goal.bytes, bytes);
	if (where)
		assert_string_equal(goal.where, where);
	else
		assert_null(goal.where);
	free(goal.where);
}

static void text_goes_where_the_line_says(void **state)
{
	(void)state;
	assert_goal("ls -l", OT_SPLIT_TO_USER, 5, NULL);
	assert_goal("ls | grep a > b", OT_SPLIT_TO_COMMAND, 2, "grep a > b");
	assert_goal("ls|wc", OT_SPLIT_TO_COMMAND, 2, "wc");
	assert_goal("ls > 'a b'", OT_SPLIT_TO_FILE, 2, "a b");
	assert_goal("ls >>f", OT_SPLIT_TO_FILE_END, 2, "f");
	assert_goal("cd a->b", OT_SPLIT_TO_USER, 7, NULL);
	assert_goal("trace -c n>5 f", OT_SPLIT_TO_USER, 14, NULL);
	assert_goal("trace -c n >= 5", OT_SPLIT_TO_USER, 15, NULL);
	assert_goal("trace -c 'n > 5' f", OT_SPLIT_TO_USER, 18, NULL);
	assert_goal("ls \\| \\>", OT_SPLIT_TO_USER, 8, NULL);
}

static void what_is_no_goal_is_an_error(void **state)
{
	static const char *const wrong[] = {"ls |",	"ls | ",   "ls >",    "ls >>",
					    "ls > a b", "ls || x", "ls > ''", "ls > 'a"};

	(void)state;
	for (size_t i = 0; i < OT_NR(wrong); i++) {
		struct ot_split_goal goal = {0};
		struct ot_err *err = ot_split_goal(wrong[i], &goal);

		assert_non_null(err);
		assert_null(goal.where);
		ot_err_destroy(err);
	}
}

static void the_last_pipe_has_blanks_around_it(void **state)
{
	const char *text = "pr a | b || c | wc -l";

	(void)state;
	assert_string_equal(ot_split_last_pipe(text), " | wc -l");
	assert_null(ot_split_last_pipe("pr a|b || c"));
}

static void raw_words_keep_their_quotes(void **state)
{
	(void)state;
	assert_int_equal(ot_split_raw_word("'a b'c d"), 6);
	assert_int_equal(ot_split_raw_word("a\\ b c"), 4);
	assert_int_equal(ot_split_raw_word(""), 0);
	assert_int_equal(ot_split_raw_word("'open"), 5);
}

/* ------------------------------------------------------------------ progress */

static void assert_says(int fd, const char *wanted)
{
	char text[256] = "";
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, 3000) < 0)
		;
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, wanted);
}

static void what_takes_more_than_a_second_is_said_and_taken_away(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	ot_progress_start(fds[1], "looking\nat all", 80);
	ot_progress_set(50, 200);
	assert_says(fds[0], "\r\033[Klooking at all ... 25 %");
	ot_progress_pause(true);
	assert_says(fds[0], "\r\033[K");
	ot_progress_pause(false);
	ot_progress_set(0, 0);
	assert_says(fds[0], "\r\033[Klooking at all ... 2 s");
	ot_progress_stop();
	assert_says(fds[0], "\r\033[K");
	ot_progress_stop();
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_parameter_takes_what_it_is_at_first_and_shows_it),
		cmocka_unit_test(booleans_are_true_and_false_in_words),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(sizes_have_suffixes),
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(a_shell_is_changed_only_by_what_it_takes),
		cmocka_unit_test(an_unknown_parameter_gets_the_nearest),
		cmocka_unit_test(arguments_come_where_the_text_wants_them),
		cmocka_unit_test(an_open_quote_among_the_arguments_of_a_call_is_an_error),
		cmocka_unit_test(aliases_are_in_order_and_can_be_taken_away),
		cmocka_unit_test(a_name_is_not_expanded_within_itself),
		cmocka_unit_test(text_goes_where_the_line_says),
		cmocka_unit_test(what_is_no_goal_is_an_error),
		cmocka_unit_test(the_last_pipe_has_blanks_around_it),
		cmocka_unit_test(raw_words_keep_their_quotes),
		cmocka_unit_test(what_takes_more_than_a_second_is_said_and_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
