/* SPDX-License-Identifier: BSD-2-Clause */
/* What expressions do to the program: stores and calls, and when they may not. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr_session.h"

static void assignments_store(void **state)
{
	static const struct wanted all[] = {
		{"counter = 7", "7"},
		{"counter", "7"},
		{"counter += 3", "10"},
		{"counter++", "10"},
		{"counter", "11"},
		{"--counter", "10"},
		{"counter *= 2, counter", "20"},
		{"counter <<= 2", "80"},
		{"counter %= 7", "3"},
		{"counter = 0x1ffffffff", "-1"},
		{"counter >>= 1", "-1"},
		{"first.id = counter = 5", "5"},
		{"head->id", "5"},
		{"head->a = 15", "7"}, /* three bits */
		{"head->b", "0"},
		{"head->b = -3", "-3"},
		{"head->a", "7"},
		{"head->b++", "-3"},
		{"head->b -= 20", "10"}, /* -22 in five bits */
		{"head->name[0] = 'O'", "79 'O'"},
		{"head->name", "\"One\""},
		{"real = 1", "1"},
		{"real /= 4", "0.25"},
		{"color = 0", "RED"},
		{"wild = head", "(struct node *) 0x4002c0"},
		{"wild->id", "5"},
		{"wild += 1, wild - head", "1"},
		{"wild = 0", "NULL"},
		{"*(&counter + 1) = 77", "77"},
		{"first = *head->next",
		 "{id = 2, name = \"two\", a = 7, b = -1, next = NULL, text = NULL}"},
		{"first.b", "-1"},
		{"first = (struct node){.id = 4, .name = \"four\"}",
		 "{id = 4, name = \"four\", a = 0, b = 0, next = NULL, text = NULL}"},
		{"head->name == \"four\"", "1"},
		{"sizeof(counter = 99), counter", "5"},
		{"0 && (counter = 99), counter", "5"},
		{"1 ? counter : (counter = 99)", "5"},
		{"handler = 0", "NULL"},
	};
	struct session *s = *state;
	ot_auto_free char *address = eval_text(s, "(unsigned long)head");
	ot_auto_free char *shown = ot_asprintf("(struct node *) 0x%lx", strtoul(address, NULL, 10));

	for (size_t i = 0; i < OT_NR(all); i++) {
		struct wanted one = all[i];

		if (!strcmp(one.text, "wild = head"))
			one.value = shown;
		assert_values(s, &one, 1);
	}
}

static void what_cannot_be_stored_says_why(void **state)
{
	static const struct wanted wrong[] = {
		{"*(const int *)&counter = 1", "int cannot be stored in const int, which is const"},
		{"((const struct node *)head)->id = 1.5",
		 "double cannot be stored in const int, which is const"},
		{"((const struct node *)head)->id++", "int cannot be stored in const int"},
		{"*(struct node *const *)&head = 0", "cannot be stored in struct node *const"},
		{"5 = 1", "this int has no place in the program ^0"},
		{"counter + 1 = 2", "no place in the program"},
		{"add = 0", "nothing can be stored here"},
		{"first.name = \"abc\"", "char [8]: arrays are not assigned"},
		{"gone = 1", "optimized out"},
		{"fixed = 1", "never changed, so the compiler left only its value"},
		{"head = 5",
		 "int does not convert to struct node * (a cast says that it is meant) ^7"},
		{"head = &counter", "int * does not convert to struct node *"},
		{"counter = head", "struct node * does not convert to int"},
		{"counter = first", "struct node does not convert to int"},
		{"first = 1", "int does not convert to struct node"},
		{"text = \"abc\"", "has no address in the program"},
		{"text = (char[]){\"abc\"}", "has no address in the program"},
		{"wild->id = 1", "memory at 0x10 cannot be written ^9"},
		{"head->text++ += 1", "no place"},
		{"counter =", "stops where a value"},
	};
	struct session *s = *state;

	assert_errors(s, wrong, OT_NR(wrong));
	assert_values(s, (const struct wanted[]){{"counter", "42"}, {"head->id", "1"}}, 2);
}

static void where_nothing_may_change_nothing_does(void **state)
{
	static const struct wanted wrong[] = {
		{"counter = 1", "nothing is stored: safe mode (--unsafe allows it) ^8"},
		{"counter++", "safe mode"},
		{"--head->b", "safe mode"},
		{"add(counter = 1, 2)", "no function is called: safe mode"},
	};
	struct session *s = *state;

	s->scope.may_store = false;
	s->scope.no_store = s->scope.no_call = "safe mode (--unsafe allows it)";
	assert_errors(s, wrong, OT_NR(wrong));
	s->scope.no_store = s->scope.no_call = NULL;
	assert_errors(s, (const struct wanted[]){{"counter = 1", "only reads here"}}, 1);
	assert_errors(s, (const struct wanted[]){{"add(1, 2)", "only reads here"}}, 1);
	assert_values(s, (const struct wanted[]){{"counter", "42"}, {"sizeof(counter = 1)", "4"}},
		      2);
}

/* ------------------------------------------------------------------ calls */

/* The calls that were made, as text. */
static struct ot_buf made;

static struct ot_err *fake_call(void *priv, const struct ot_expr_call *call, struct ot_value *ret)
{
	struct session *s = priv;
	uint64_t sum = 0;

	ot_buf_addf(&made, "%s(", call->fn ? call->fn->name : "?");
	for (size_t i = 0; i < call->nr_args; i++) {
		const struct ot_value *arg = &call->args[i];
		uint64_t number = 0;

		ot_buf_addf(&made, "%s%s ", i ? ", " : "", ot_type_text(arg->type));
		if (arg->string.known)
			ot_buf_add_quoted(&made, arg->string.bytes, arg->string.nr_bytes);
		else
			ot_value_format(&s->format, arg, &made);
		ot_value_to_u64(arg, &number);
		sum += number;
	}
	ot_buf_adds(&made, ") ");
	if (sum == 13)
		return ot_err_new(OT_ERR_GONE, "the function did not come back");
	if (!ot_type_is_void(call->type->target))
		ot_value_of_u64(call->type->target, sum, ret);
	return NULL;
}

static void assert_made(const char *wanted)
{
	assert_string_equal(ot_buf_text(&made), wanted);
	ot_buf_deinit(&made);
}

static void calls_get_arguments_of_the_parameters_types(void **state)
{
	static const struct wanted all[] = {
		{"add(1, 2.9)", "3"},
		{"add('a', (_Bool)5) * 2", "196"},
		{"(&add)(counter, head->a)", "47"},
		{"(*handler)(7)", "7"},
		{"handler(add(1, 2))", "3"},
		{"visit(head)", "1"},
		{"visit(0) + visit((void *)0)", "0"},
		{"sizeof(add(1, 2))", "4"},
		{"0 && add(1, 2)", "0"},
		{"add(1, 2) == 3 ? add(3, 4) : add(5, 6)", "7"},
		{"say(\"hi\", (struct big){1.5, 2}, 3, 4)", "void"},
		{"say(text, *(struct big *)&first, 0.1, 4)", "void"},
		{"say((char[]){'a', 'b'}, (struct big){0}, 1u, 4)", "void"},
	};
	struct session *s = *state;

	s->scope.call = fake_call;
	s->scope.call_priv = s;
	assert_values(s, all, 4);
	assert_made("add(int 1, int 2) add(int 97, int 1) add(int 42, int 5) add(int 7) ");
	assert_values(s, all + 4, 1);
	assert_made("add(int 1, int 2) add(int 3) ");
	s->format.target = NULL;
	(void)all[5];
	assert_values(s, all + 6, 4);
	assert_made("visit(struct node * NULL) visit(struct node * NULL) add(int 1, int 2) "
		    "add(int 3, int 4) ");
	assert_values(s, all + 10, 1);
	assert_made("say(char * \"hi\\000\", struct big {d = 1.5, i = 2}, float 3, int 4) ");
	assert_values(s, all + 12, 1);
	assert_made("say(char * \"ab\", struct big {d = 0, i = 0}, float 1, int 4) ");
}

static void arguments_that_are_not_declared_are_promoted(void **state)
{
	static const struct wanted all[] = {
		{"((int (*)(int, ...))&add)(1, 'a', (char)2, 1.5f, (short)3, (_Bool)1, 9u, head->a)",
		 "0"},
		{"((int (*)())&add)((unsigned char)200, 2.5f)", "0"},
	};
	struct session *s = *state;

	s->scope.call = fake_call;
	s->scope.call_priv = s;
	free(eval_text(s, all[0].text));
	assert_made("add(int 1, int 97, int 2, double 1.5, int 3, int 1, unsigned int 9, int 5) ");
	free(eval_text(s, all[1].text));
	assert_made("add(int 200, double 2.5) ");
}

static void calls_that_do_not_fit_say_why(void **state)
{
	static const struct wanted wrong[] = {
		{"add(1)", "add takes 2 arguments, not 1 ^3"},
		{"add()", "add takes 2 arguments, not 0"},
		{"visit(1, 2)", "visit takes 1 argument, not 2"},
		{"((int (*)(int, ...))&add)()", "takes at least 1 argument, not 0"},
		{"visit(&counter)", "argument 1: int * does not convert to struct node *"},
		{"visit(counter)", "argument 1: int does not convert to struct node *"},
		{"add(1, head)", "argument 2: struct node * does not convert to int"},
		{"add(1, first)", "argument 2: struct node does not convert to int"},
		{"add(1, nosuch)", "no variable, function or constant \"nosuch\""},
		{"counter(1)", "int is no function to call ^0"},
		{"head(1)", "struct node * is no function to call"},
		{"nosuch(1)", "no variable, function or constant \"nosuch\""},
		{"((int (*)(int))0)(1)", "the pointer is NULL"},
		{"tiny()", "was inlined into"},
		{"add(1, 2", "\")\""},
		{"add(1,)", "one more argument"},
		{"say(\"a\", (struct big){0}, 1, 2) + 1", "void"},
		{"add(6, 7)", "did not come back ^0"},
	};
	struct session *s = *state;

	s->scope.call = fake_call;
	s->scope.call_priv = s;
	assert_errors(s, wrong, OT_NR(wrong));
	ot_buf_deinit(&made);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(assignments_store),
		TEST(what_cannot_be_stored_says_why),
		TEST(where_nothing_may_change_nothing_does),
		TEST(calls_get_arguments_of_the_parameters_types),
		TEST(arguments_that_are_not_declared_are_promoted),
		TEST(calls_that_do_not_fit_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
