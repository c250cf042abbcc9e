/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts in the tree: what they show comes from their copies. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctx_session.h"

#define CALL_5 "/osh/recent/traces/visit/call/700101-00-00-01.5"

static void values_come_from_the_copies(void **state)
{
	struct ctx_session *s = *state;

	ctx_call(s, 5, 11);
	assert_cd(s, "~~", CALL_5);
	assert_ctx(s, "n->id", "11");
	assert_ctx(s, "n->name", "\"copied\"");
	assert_ctx(s, "n->next->id + n->id", "121");
	assert_ctx(s, "n->text", "\"hello\"");
	assert_ctx(s, "n->text == \"hello\"", "1");
	assert_ctx(
		s, "*n",
		"{id = 11, name = \"copied\", a = 0, b = 0, next = (struct node *) 0x700000002000, "
		"text = \"hello\"}");
	assert_ctx(s, "errno", "2");
	assert_cd(s, "n/next", CALL_5 "/n/next");
	assert_ctx(s, "id", "110");
	assert_ctx(s, "text", "\"hello\"");
}

static void what_leads_out_of_the_copy_says_so(void **state)
{
	struct ctx_session *s = *state;
	ot_auto_free char *got = NULL;

	ctx_call(s, 5, 11);
	assert_cd(s, "~~", CALL_5);
	assert_ctx(s, "n->next->next->id + 0",
		   "0x700000004000 is not in the copy (__live follows it)");
	/* a global is somewhere in the program, and was not copied */
	got = ctx_eval(s, "counter + 1");
	assert_non_null(strstr(got, " is not in the copy (__live follows it)"));
	assert_in(s, "n/next/next",
		  "next points to 0x700000004000, which is not in the copy (__live follows it)");
	assert_in(s, "__live/n", "n points to 0x700000001000, which cannot be read");
	assert_ctx(
		s, "n->id = 3",
		"a context is a copy of what was: it cannot be changed (its __live leads to what "
		"is there now)");
}

static void what_was_there_at_the_end_is_beside_it(void **state)
{
	struct ctx_session *s = *state;

	ctx_call(s, 5, 11);
	assert_cd(s, "~~/__after", CALL_5 "/__after");
	assert_ctx(s, "n->id", "12");
	/* what was not copied again is not made up of what was */
	assert_ctx(s, "n->next->id + 0", "0x700000002000 is not in the copy (__live follows it)");
	assert_cd(s, NULL, CALL_5);
	assert_ctx(s, "n->id", "11");
}

static void folders_are_kind_function_label_time(void **state)
{
	struct ctx_session *s = *state;

	assert_in(s, "/osh/recent", "");
	ctx_call(s, 5, 11);
	ctx_call(s, 6, 12);
	assert_in(s, "/osh/recent", "traces");
	assert_in(s, "/osh/recent/traces", "visit");
	assert_in(s, "/osh/recent/traces/visit", "call");
	assert_in(s, "/osh/recent/traces/visit/call", "700101-00-00-01.5 700101-00-00-01.6");
	assert_in(s, "/osh/all", "visit:tr-call:700101-00-00-01.5 visit:tr-call:700101-00-00-01.6");
	assert_in(s, "/osh/saved", "");
	assert_in(s, "~~", "n return errno __after __live __trc");
}

static void contexts_are_reached_by_their_names(void **state)
{
	struct ctx_session *s = *state;

	assert_no_cd(s, "~~", "there is no context yet (trace FUNCTION makes them)");
	assert_no_cd(s, "~~/n", "there is no context yet");
	assert_no_cd(s, "~~exceptions",
		     "there is no context of exceptions yet (traced calls that end badly");
	assert_no_cd(s, "~~asserts/n", "there is no context of asserts yet (a traceassert()");
	assert_no_cd(s, "~~nobody", "no user and no trace");
	ctx_call(s, 5, 11);
	ctx_call(s, 6, 12);
	assert_cd(s, "~~", "/osh/recent/traces/visit/call/700101-00-00-01.6");
	assert_cd(s, "~5", CALL_5);
	assert_cd(s, "~~traces", "/osh/recent/traces/visit/call/700101-00-00-01.6");
	assert_cd(s, "~visit:tr-call:700101-00-00-01.5", CALL_5);
	/* a log line may have another label */
	assert_cd(s, "~visit:tr-n==1:700101-00-00-01.5/n/next", CALL_5 "/n/next");
	assert_cd(s, "/osh/all/visit:tr-call:700101-00-00-01.5/n",
		  "/osh/all/visit:tr-call:700101-00-00-01.5/n");
	assert_cd(s, NULL, "/osh/all/visit:tr-call:700101-00-00-01.5");
	assert_cd(s, "~~g", "/osh/globals");
	assert_no_cd(s, "~~breaks", "there is no context of breaks yet (trace -a break FUNCTION");
}

static void the_prompt_says_which(void **state)
{
	struct ctx_session *s = *state;
	ot_auto_free char *text = NULL;

	ctx_call(s, 5, 11);
	assert_null(ot_vfs_cd(s->vfs, "~~"));
	text = ot_vfs_prompt(s->vfs);
	assert_string_equal(text, "visit..00-00-01.5");
}

static void a_late_context_shows_the_end(void **state)
{
	struct ctx_session *s = *state;

	ctx_event(s, OT_CALL_ENTER, 5, true);
	ctx_event(s, OT_CALL_RETURN, 5, false);
	ctx_node(s, 5, NODE_AT, 21, 0, OTRACE_COPY_AT_END);
	ctx_place(s, 5, OTRACE_COPY_AT_END, 9);
	assert_cd(s, "~~", CALL_5);
	assert_ctx(s, "n->id", "21");
	assert_ctx(s, "errno", "9");
}

static void what_is_known_of_the_call_is_text(void **state)
{
	struct ctx_session *s = *state;
	ot_auto_free char *got = NULL;

	ctx_call(s, 5, 11);
	got = ctx_list(s, "~~/__trc", true);
	assert_non_null(strstr(got, "id visit:tr-call:700101-00-00-01.5 "));
	assert_non_null(strstr(got, "context traces "));
	assert_non_null(strstr(got, "cpu 3 "));
	assert_non_null(strstr(got, "tid 77 "));
	assert_non_null(strstr(got, "duration 5.00 us "));
	assert_non_null(strstr(got, "func static int visit(struct node *n) "));
	assert_non_null(strstr(got, "where visit"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ctx_setup, ctx_teardown)
	const struct CMUnitTest tests[] = {
		TEST(values_come_from_the_copies),
		TEST(what_leads_out_of_the_copy_says_so),
		TEST(what_was_there_at_the_end_is_beside_it),
		TEST(folders_are_kind_function_label_time),
		TEST(contexts_are_reached_by_their_names),
		TEST(the_prompt_says_which),
		TEST(a_late_context_shows_the_end),
		TEST(what_is_known_of_the_call_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
