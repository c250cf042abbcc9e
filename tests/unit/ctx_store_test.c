/* SPDX-License-Identifier: BSD-2-Clause */
/* The store of contexts: what makes one, and what goes when there are too many. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "ctx_session.h"

static const char *names(struct ctx_session *s, bool saved)
{
	static char text[256];
	size_t nr;
	struct ot_context *const *all = ot_contexts_list(s->contexts, -1, saved, &nr);

	text[0] = '\0';
	for (size_t i = 0; i < nr; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%llu ",
			 (unsigned long long)all[i]->seq);
	return text;
}

static void the_oldest_goes_first(void **state)
{
	struct ctx_session *s = *state;

	ot_contexts_set_limits(s->contexts, 3, OT_CONTEXTS_MAX_BYTES);
	for (uint64_t seq = 1; seq <= 5; seq++)
		ctx_call(s, seq, 1);
	assert_string_equal(names(s, false), "3 4 5 ");
	assert_null(ot_contexts_by_seq(s->contexts, 2));
	assert_int_equal(ot_contexts_nr_evicted(s->contexts), 2);
	ot_contexts_set_limits(s->contexts, 1, OT_CONTEXTS_MAX_BYTES);
	assert_string_equal(names(s, false), "5 ");
}

static void what_is_looked_at_or_parked_stays(void **state)
{
	struct ctx_session *s = *state;

	ot_contexts_set_limits(s->contexts, 2, OT_CONTEXTS_MAX_BYTES);
	ctx_call(s, 1, 1);
	assert_null(ot_vfs_cd(s->vfs, "~1/n"));
	ctx_call(s, 2, 1);
	ot_contexts_pin(s->contexts, 2, true);
	for (uint64_t seq = 3; seq <= 6; seq++)
		ctx_call(s, seq, 1);
	assert_string_equal(names(s, false), "1 2 6 ");
	assert_null(ot_vfs_cd(s->vfs, "/osh/globals"));
	ot_contexts_pin(s->contexts, 2, false);
	ctx_call(s, 7, 1);
	assert_string_equal(names(s, false), "6 7 ");
}

static void saved_ones_stay_beside_the_others(void **state)
{
	struct ctx_session *s = *state;

	ot_contexts_set_limits(s->contexts, 2, OT_CONTEXTS_MAX_BYTES);
	ctx_call(s, 1, 1);
	ot_contexts_save(s->contexts, ot_contexts_by_seq(s->contexts, 1));
	for (uint64_t seq = 2; seq <= 4; seq++)
		ctx_call(s, seq, 1);
	assert_string_equal(names(s, false), "3 4 ");
	assert_string_equal(names(s, true), "1 ");
	assert_in(s, "/osh/saved/traces/visit/call", "700101-00-00-01.1");
	assert_cd(s, "~1", "/osh/saved/traces/visit/call/700101-00-00-01.1");
	assert_ctx(s, "n->id", "1");
	assert_null(ot_vfs_cd(s->vfs, "/osh"));
	ot_contexts_delete(s->contexts, ot_contexts_by_seq(s->contexts, 1));
	assert_string_equal(names(s, true), "");
	assert_in(s, "/osh/all", "visit:tr-call:700101-00-00-01.3 visit:tr-call:700101-00-00-01.4");
}

static void bytes_are_limited_too(void **state)
{
	struct ctx_session *s = *state;
	static const char stack[40000];

	ot_contexts_set_limits(s->contexts, 100, 100000);
	for (uint64_t seq = 1; seq <= 4; seq++) {
		ctx_event(s, OT_CALL_ENTER, seq, false);
		ctx_copy(s, seq, 0x1000, stack, 20000, OTRACE_COPY_IS_STACK);
		ctx_copy(s, seq, 0x1000 + 20000, stack, 20000, OTRACE_COPY_IS_STACK);
		ctx_place(s, seq, 0, 0);
	}
	assert_string_equal(names(s, false), "3 4 ");
	assert_true(ot_contexts_bytes(s->contexts) <= 100000);
	/* one alone may be larger */
	ot_contexts_set_limits(s->contexts, 100, 1000);
	assert_string_equal(names(s, false), "4 ");
}

static void ends_of_what_is_gone_make_nothing(void **state)
{
	struct ctx_session *s = *state;

	ctx_event(s, OT_CALL_ENTER, 1, false);
	ctx_place(s, 1, 0, 0);
	ot_contexts_delete(s->contexts, ot_contexts_by_seq(s->contexts, 1));
	ctx_event(s, OT_CALL_RETURN, 1, false);
	ctx_node(s, 1, NODE_AT, 1, 0, OTRACE_COPY_AT_END);
	ctx_place(s, 1, OTRACE_COPY_AT_END, 0);
	assert_string_equal(names(s, false), "");
	assert_int_equal(ot_contexts_nr_astray(s->contexts), 2);
}

static void matches_without_a_share_make_nothing(void **state)
{
	struct ctx_session *s = *state;

	ctx_event(s, OT_CALL_ENTER, 1, false);
	ctx_place(s, 1, OTRACE_PLACE_SPARED, 0);
	ctx_event(s, OT_CALL_RETURN, 1, false);
	assert_string_equal(names(s, false), "");
}

static void calls_inside_each_other_keep_apart(void **state)
{
	struct ctx_session *s = *state;

	for (uint64_t seq = 1; seq <= 3; seq++) {
		ctx_event(s, OT_CALL_ENTER, seq, false);
		ctx_node(s, seq, NODE_AT, (int32_t)seq, 0, 0);
		ctx_place(s, seq, 0, 0);
	}
	for (uint64_t seq = 3; seq >= 1; seq--) {
		ctx_event(s, OT_CALL_RETURN, seq, false);
		ctx_node(s, seq, NODE_AT, (int32_t)seq + 100, 0, OTRACE_COPY_AT_END);
		ctx_place(s, seq, OTRACE_COPY_AT_END, (int32_t)seq);
	}
	assert_null(ot_vfs_cd(s->vfs, "~2"));
	assert_ctx(s, "n->id", "2");
	assert_ctx(s, "errno", "2");
	assert_null(ot_vfs_cd(s->vfs, "~1/__after"));
	assert_ctx(s, "n->id", "101");
}

static void file_as_break(void *priv, const struct ot_trace *trace, uint32_t matched,
			  struct ot_context_filing *ret)
{
	(void)priv, (void)trace;
	ret->kind = matched & 1 ? OT_CONTEXT_BREAKS : OT_CONTEXT_TRACES;
	ot_buf_adds(&ret->label, "n->id / 2 == 1");
}

static void the_filer_says_where_they_lie(void **state)
{
	struct ctx_session *s = *state;

	ot_contexts_set_filer(s->contexts, file_as_break, NULL);
	ctx_call(s, 1, 3);
	assert_cd(s, "~~breaks", "/osh/recent/breaks/visit/n->id _ 2 == 1/700101-00-00-01.1");
	assert_ctx(s, "n->id", "3");
	assert_in(s, "..", "700101-00-00-01.1");
	assert_in(s, "/osh/all", "visit:br-n->id _ 2 == 1:700101-00-00-01.1");
}

static void kinds_do_not_push_each_other_out(void **state)
{
	struct ctx_session *s = *state;
	struct ot_context_made made = {.seq = 1,
				       .kind = OT_CONTEXT_ASSERTS,
				       .label = "full",
				       .function = "check",
				       .tid = TID,
				       .time_ns = SECOND_NS};

	ot_contexts_set_limits(s->contexts, 2, OT_CONTEXTS_MAX_BYTES);
	assert_non_null(ot_contexts_make(s->contexts, &made));
	assert_null(ot_contexts_make(s->contexts, &made));
	for (uint64_t seq = 2; seq <= 9; seq++)
		ctx_call(s, seq, 1);
	assert_string_equal(names(s, false), "1 8 9 ");
	assert_in(s, "/osh/recent/asserts/check/full", "700101-00-00-01.1");
	assert_in(s, "~~asserts", "__live __trc exc_context exc_stack");
}

static void calls_that_did_not_return_are_exceptions(void **state)
{
	struct ctx_session *s = *state;

	ctx_event(s, OT_CALL_ENTER, 1, false);
	ctx_node(s, 1, NODE_AT, 5, 0, 0);
	ctx_place(s, 1, 0, 0);
	ctx_call(s, 2, 1);
	ctx_event(s, OT_CALL_ABANDONED, 1, false);
	ctx_event(s, OT_CALL_ENTER, 3, true);
	ctx_event(s, OT_CALL_UNWOUND, 3, false);
	ctx_place(s, 3, OTRACE_COPY_AT_END, 0);
	assert_in(s, "/osh/recent/traces/visit/call", "700101-00-00-01.2");
	assert_in(s, "/osh/recent/exceptions/visit/abandoned", "700101-00-00-01.1");
	assert_cd(s, "~~", "/osh/recent/exceptions/visit/exception/700101-00-00-01.3");
	assert_cd(s, "~1", "/osh/recent/exceptions/visit/abandoned/700101-00-00-01.1");
	assert_ctx(s, "n->id", "5");
}

/* Under the sanitizers this is also the test that nothing is used behind its end. */
static void a_flood_reuses_what_goes(void **state)
{
	struct ctx_session *s = *state;

	ot_contexts_set_limits(s->contexts, 10, OT_CONTEXTS_MAX_BYTES);
	for (uint64_t seq = 1; seq <= 20000; seq++)
		ctx_call(s, seq, (int32_t)seq);
	assert_int_equal(ot_contexts_nr_evicted(s->contexts), 19990);
	assert_null(ot_vfs_cd(s->vfs, "~~"));
	assert_ctx(s, "n->id", "20000");
	assert_null(ot_vfs_cd(s->vfs, "~19991"));
	assert_ctx(s, "n->id", "19991");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ctx_setup, ctx_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_oldest_goes_first),
		TEST(what_is_looked_at_or_parked_stays),
		TEST(saved_ones_stay_beside_the_others),
		TEST(bytes_are_limited_too),
		TEST(ends_of_what_is_gone_make_nothing),
		TEST(matches_without_a_share_make_nothing),
		TEST(calls_inside_each_other_keep_apart),
		TEST(the_filer_says_where_they_lie),
		TEST(kinds_do_not_push_each_other_out),
		TEST(calls_that_did_not_return_are_exceptions),
		TEST(a_flood_reuses_what_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
