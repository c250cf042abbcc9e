/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions: from their text to what they say of a call. test-links: oshell otrace_bytecode_inside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cond_session.h"

static const char *verdict_text(enum ot_verdict verdict)
{
	return verdict == OT_VERDICT_YES ? "yes" : verdict == OT_VERDICT_NO ? "no" : "fault";
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

static void args(struct session *s, uint64_t a, uint64_t b)
{
	s->frame[4] = a;
	s->frame[5] = b;
}

static void test_numbers(void **state)
{
	struct session *s = *state;

	args(s, (uint32_t)-3, 7);
	VERDICTS(s, "add", {"a == -3", "yes"}, {"a != -3", "no"}, {"a < b", "yes"}, {"a > b", "no"},
		 {"a <= -3", "yes"}, {"a >= -2", "no"}, {"a + b == 4", "yes"},
		 {"a - b == -10", "yes"}, {"a * b == -21", "yes"}, {"b / a == -2", "yes"},
		 {"b % a == 1", "yes"}, {"(unsigned int)a > 4000000000", "yes"},
		 {"a > 4000000000u", "yes"}, {"(char)a == -3", "yes"},
		 {"(unsigned char)a == 253", "yes"}, {"(short)(a << 8) == -768", "yes"},
		 {"a & 1", "yes"}, {"b | 8", "yes"}, {"b ^ 7", "no"}, {"~a == 2", "yes"},
		 {"-a == 3", "yes"}, {"+a == -3", "yes"}, {"!a", "no"}, {"!!a", "yes"},
		 {"a >> 1 == -2", "yes"}, {"(unsigned int)a >> 1 == 0x7ffffffe", "yes"},
		 {"1 << b == 128", "yes"}, {"b << a", "fault"}, {"b / (a + 3)", "fault"},
		 {"a ? b : a", "yes"}, {"a == -3 ? b == 7 : 1 / 0", "division by zero ^21"},
		 {"b ?: 0", "yes"}, {"(1, a) == -3", "yes"}, {"sizeof a == 4", "yes"},
		 {"a == -3 && b == 7", "yes"}, {"a == -3 && b == 8", "no"},
		 {"a == 1 || b == 7", "yes"}, {"a == 1 || b == 8", "no"},
		 {"!(a == 1 || b == 8)", "yes"}, {"(a == -3) + (b == 7) == 2", "yes"},
		 {"(a == -3 && b == 7) == 1", "yes"}, {"(_Bool)b == 1", "yes"}, {"b == 0x7", "yes"},
		 {"b == 'a' - 90", "yes"}, {"a + 5000000000 > 4999999990", "yes"}, {"1", "yes"},
		 {"0", "no"}, {"b", "yes"});
}

static void test_pointers(void **state)
{
	struct session *s = *state;

	args(s, address_of(s, "first"), 0);
	VERDICTS(s, "visit", {"n", "yes"}, {"!n", "no"}, {"n == 0", "no"}, {"n != NULL", "yes"},
		 {"n->id == 1", "yes"}, {"n->id == 2", "no"}, {"self.id == 1", "yes"},
		 {"n->next->id == 2", "yes"}, {"n->next->next", "no"},
		 {"n->next->next->id == 2", "fault"}, {"n->next && n->next->next", "no"},
		 {"!n->next->next || n->next->next->id", "yes"}, {"n->a == 5", "yes"},
		 {"n->b == 0", "yes"}, {"n->next->a == 7", "yes"}, {"n->next->b == -1", "yes"},
		 {"(*n).id == 1", "yes"}, {"n[0].id == 1", "yes"}, {"n->name[0] == 'o'", "yes"},
		 {"n->name[n->id] == 'n'", "yes"}, {"n[n->id - 1].id == 1", "yes"},
		 {"*n->name == 'o'", "yes"}, {"(n->name + 1)[1] == 'e'", "yes"},
		 {"&n->next == (void *)((char *)n + 16)", "yes"}, {"&n[1] - n == 1", "yes"},
		 {"n + 1 > n", "yes"}, {"n - n->id == n - 1", "yes"}, {"n == &first", "yes"},
		 {"n == head", "yes"}, {"n->next == head->next", "yes"}, {"wild->id", "fault"},
		 {"null->id", "fault"}, {"container_of(&n->next, struct node, next) == n", "yes"},
		 {"sizeof(*n) == 32", "yes"}, {"1[n->name] == 'n'", "yes"});
}

static void test_texts(void **state)
{
	struct session *s = *state;

	args(s, address_of(s, "first"), 0);
	VERDICTS(s, "visit", {"n->text == \"hello\"", "yes"}, {"n->text == \"hell\"", "no"},
		 {"n->text != \"hello\"", "no"}, {"\"hello\" == n->text", "yes"},
		 {"n->name == \"one\"", "yes"}, {"n->name == \"one two three\"", "no"},
		 {"n->next->name == \"two\"", "yes"}, {"n->next->text == \"\"", "no"},
		 {"text == \"hello\"", "yes"}, {"n->text + 1 == \"ello\"", "yes"},
		 {"wild->text == \"x\"", "fault"});
	args(s, address_of(s, "first") + 4, 0);
	VERDICTS(s, "say", {"text == \"one\"", "yes"}, {"text == \"two\"", "no"});
}

static void test_program_names(void **state)
{
	struct session *s = *state;

	args(s, 42, 5);
	VERDICTS(s, "add", {"a == counter", "yes"}, {"counter == 42", "yes"}, {"fixed == 7", "yes"},
		 {"b == GREEN", "yes"}, {"color == GREEN", "yes"}, {"real > 0.09", "yes"},
		 {"real > 0.1", "no"}, {"real == 0.1", "yes"}, {"handler == add", "yes"},
		 {"first.id == 1", "yes"}, {"first.name == \"one\"", "yes"},
		 {"first.name[a - 40] == 'e'", "yes"}, {"first.a == 5", "yes"},
		 {"head->next->id == 2", "yes"}, {"&first == head", "yes"}, {"calls == 42", "yes"},
		 {"st@shop.c == 9", "yes"}, {"st@other.c == 10", "yes"}, {"st == 9", "yes"});
}

/* Floats that came as doubles, structs on the stack. */
static void test_arguments_elsewhere(void **state)
{
	struct session *s = *state;
	struct {
		double d;
		int32_t i;
	} big = {2.5, -4};
	double f = 0.1;

	s->frame[6] = (uint64_t)&big;
	memcpy(&s->frame[7], &f, sizeof(f));
	VERDICTS(s, "say", {"big.d == 2.5", "yes"}, {"big.i == -4", "yes"},
		 {"big.d * big.i == -10", "yes"}, {"f == 0.1f", "yes"}, {"f == 0.1", "no"},
		 {"f < 0.2", "yes"}, {"(int)big.d == 2", "yes"}, {"big.d > big.i", "yes"},
		 {"-big.d < 0", "yes"}, {"big.d", "yes"}, {"!big.d", "no"}, {"big.d && f", "yes"},
		 {"big.d + 1 == 3.5", "yes"}, {"f * 2 == 0.2f", "yes"},
		 {"big.d / 0 > 1e300", "yes"}, {"(float)big.d == 2.5f", "yes"},
		 {"(big.i ? big.d : 1) == 2.5", "yes"});
}

static void test_the_call(void **state)
{
	struct session *s = *state;

	s->env.error = 11;
	s->env.duration_ns = 5000000;
	VERDICTS(s, "add", {"$thread == 1234", "yes"}, {"$thread == \"worker\"", "yes"},
		 {"$thread != \"worker\"", "no"}, {"\"workers\" == $thread", "no"},
		 {"$depth == 3", "yes"}, {"$depth > 3", "no"}, {"$errno == 11", "late yes"},
		 {"$errno", "late yes"}, {"$duration >= 5ms", "late yes"},
		 {"$duration > 5000us", "late no"}, {"$duration < 0.5s", "late yes"},
		 {"$duration == 5e6ns", "late yes"},
		 {"$duration > 5ms || $errno == 11", "late yes"},
		 {"$depth == 2 && $errno == 11", "no"});
}

static void test_results(void **state)
{
	struct session *s = *state;

	args(s, 5, 6);
	s->frame[RESULT_WORD] = (uint32_t)-2;
	VERDICTS(s, "add", {"return == -2", "late yes"}, {"$return == -2", "late yes"},
		 {"return < 0 && a == 5", "late yes"}, {"return < 0 && a == 4", "no"},
		 {"a == 5,b==6,return==-2", "late yes"}, {"a == 5,b==7,return==-2", "no"},
		 {"a == 5 && b == 6 || return == 1", "late yes"}, {"return == a - 7", "late yes"},
		 {"return ? a == 5 : b", "late yes"}, {"error", "late yes"}, {"!error", "late no"},
		 {"error && b == 7", "no"}, {"error,b==6", "late yes"});
	s->frame[RESULT_WORD] = 1;
	VERDICTS(s, "add", {"error", "late no"}, {"return == 1", "late yes"});
	s->env.abnormal = true;
	VERDICTS(s, "add", {"error", "late yes"}, {"return == 5", "late yes"});
	VERDICTS(s, "say", {"error", "late yes"});
}

static void change_memory(struct session *s)
{
	*(int32_t *)address_of(s, "first") = 77;
	*(int32_t *)address_of(s, "counter") = 78;
	s->env.depth = 9;
}

/* What the end decides knows the rest as it was at the beginning. */
static void test_slots_keep_the_beginning(void **state)
{
	static const char *const texts[] = {
		"$errno == 11 && n->id == 1",
		"$errno == n->id + 10",
		"$errno == 1 || n->id == 1",
		"($errno ? n->id : 0) == 1",
		"$errno == counter - 31",
		"$errno == 11 || n->next->next->id == 3",
		"!($errno == 11 && n->id == 2)",
		"n->name[$errno - 11] == 'o'",
		"$errno - 8 == $depth",
		"n == &first && $errno == 11",
		"$errno == 11 && n->name == \"one\"",
		"($errno == 11) + (n->name == \"one\") == 2",
	};
	struct session *s = *state;

	s->body = change_memory;
	s->env.error = 11;
	args(s, address_of(s, "first"), 0);
	for (size_t i = 0; i < OT_NR(texts); i++) {
		ot_auto_free char *got = NULL;

		memcpy((void *)FAKE_BASE, s->fake->data, FAKE_BYTES);
		s->env.depth = 3;
		got = condition(s, "visit", texts[i]);
		if (strcmp(got, "late yes") != 0)
			fail_msg("%s gives %s", texts[i], got);
	}
	VERDICTS(s, "visit", {"$errno == 12 || n->next->next->id == 3", "late fault"});
}

static void test_tags(void **state)
{
	struct session *s = *state;

	args(s, address_of(s, "first"), 0);
	VERDICTS(s, "visit", {"tagged", "no"});
	tagged_object = address_of(s, "first");
	VERDICTS(s, "visit", {"tagged", "yes"}, {"taggedself", "yes"}, {"taggedn", "yes"},
		 {"tagged(n)", "yes"}, {"tagged(n->next)", "no"}, {"!tagged", "no"},
		 {"tagged && n->id == 1", "yes"}, {"tagged,n->id==2", "no"},
		 {"tagged(&n->id)", "yes"}, {"$errno || tagged", "late yes"});
}

static void assert_form(struct session *s, const char *text, unsigned int shows, bool is_all)
{
	struct ot_cond *cond = NULL;

	assert_null(ot_cond_compile(s->program, ot_program_fn(s->program, "add"), text, &cond));
	assert_int_equal(cond->shows, shows);
	assert_int_equal(cond->is_all, is_all);
	ot_cond_destroy(cond);
}

static void test_forms(void **state)
{
	struct session *s = *state;
	unsigned int shows = 0;

	assert_form(s, "call", OT_COND_CALL, true);
	assert_form(s, " return ", OT_COND_RETURN, true);
	assert_form(s, "all", OT_COND_CALL | OT_COND_RETURN, true);
	assert_form(s, "call,a==1", OT_COND_CALL, false);
	assert_form(s, "a==1, return", OT_COND_RETURN, false);
	assert_form(s, "a==1", OT_COND_CALL | OT_COND_RETURN, false);
	assert_form(s, "return==1", OT_COND_CALL | OT_COND_RETURN, false);
	assert_true(ot_cond_is_all(" call", &shows));
	assert_int_equal(shows, OT_COND_CALL);
	assert_false(ot_cond_is_all("calls", &shows));
}

static void test_text_is_kept(void **state)
{
	static const struct wanted all[] = {
		{"  a  ==\t1 ", "a == 1"},
		{"t == \"a  b\"", "t == \"a  b\""},
		{"t == \"\\\"  \"  && a", "t == \"\\\"  \" && a"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < OT_NR(all); i++) {
		ot_auto_free char *text = ot_cond_text(all[i].text);

		assert_string_equal(text, all[i].verdict);
	}
}

static void test_refusals(void **state)
{
	struct session *s = *state;

	REFUSED(s, "add", {"", "empty"}, {"aa == 1", "no parameter \"aa\""}, {"aa == 1", "; a"},
		{"errno == 1", "; $errno"}, {"retrun < 0", "; return"},
		{"conter == 1", "; counter"}, {"$duraton > 1", "; $duration"},
		{"$caller == 0", "caller"}, {"a = 1", "(== compares) ^2"}, {"a++", "only looks"},
		{"++a", "only looks"}, {"add(1, 2)", "calls no function"},
		{"a == ", "stops where a value should follow"}, {"gone", "optimized out"},
		{"a == \"x\"", "pointer to or an array of char"}, {"&a", "no address"},
		{"a->x", "has no fields"}, {"self.id", "no parameter that points to a struct"},
		{"tagged", "no argument that is a pointer"}, {"taggeda", "no pointer but int"},
		{"tagged(a)", "a pointer is tagged"}, {"tagged(a, b)", "one pointer"},
		{"a / 0", "division by zero"}, {"a << 32", "more bits than there are"},
		{"real < 1.0L", "floats other than float and double"},
		{"(__int128)a", "more than 64 bits"}, {"first", "number or pointer"},
		{"$thread == \"a name of sixteen\"", "15 characters"},
		{"$duration > 5ms && c", "^19"}, {"5ms < $duration + x", "^18"},
		{"text == hello", "stands in quotes"}, {"a == b ==", "should follow"},
		{"a[0]", "not a pointer"}, {"first.nme == 1", "; name"});
	REFUSED(s, "say", {"gone == 1", "\"gone\" of say was optimized out"}, {"return", ""},
		{"return == 1", "say returns nothing"}, {"text < \"a\"", "=="},
		{"big", "number or pointer"});
	REFUSED(s, "visit", {"return == 1", "the result of visit was optimized out"},
		{"n->nxt", "; next"}, {"n.id.x", "has no fields"});
}

static void test_original_words(void **state)
{
	struct session *s = *state;

	args(s, 1, 0);
	VERDICTS(s, "add", {"a==True,b==False", "yes"}, {"a==False", "no"});
	args(s, 0, 0);
	VERDICTS(s, "visit", {"n==None", "yes"}, {"self==NULL", "yes"});
}

static void test_limits(void **state)
{
	struct session *s = *state;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_buf_adds(&text, "a");
	for (int i = 0; i < 200; i++)
		ot_buf_adds(&text, " + b");
	REFUSED(s, "add", {ot_buf_text(&text), "too long"});
	ot_buf_reset(&text);
	for (int i = 0; i < 40; i++)
		ot_buf_adds(&text, "b * (");
	ot_buf_adds(&text, "a");
	ot_buf_pad(&text, ')', 40);
	REFUSED(s, "add", {ot_buf_text(&text), "too deeply"});
	ot_buf_reset(&text);
	ot_buf_pad(&text, '(', 9);
	ot_buf_adds(&text, "a");
	for (int i = 0; i < 9; i++)
		ot_buf_adds(&text, " ?: b)");
	REFUSED(s, "add", {ot_buf_text(&text), "too long"});
	ot_buf_reset(&text);
	for (int i = 0; i < 16; i++)
		ot_buf_addf(&text, "$errno == counter + %d || ", i);
	ot_buf_adds(&text, "a");
	REFUSED(s, "add", {ot_buf_text(&text), "too many values"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pointers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_program_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arguments_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_call, setup, teardown),
		cmocka_unit_test_setup_teardown(test_results, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slots_keep_the_beginning, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_original_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
