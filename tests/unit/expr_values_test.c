/* SPDX-License-Identifier: BSD-2-Clause */
/* What C's operators, literals and types come to. Most values are compared with a compiler's in
 * tests/differential; here is what that cannot ask. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr_session.h"

static void literals_are_cs(void **state)
{
	static const struct wanted all[] = {
		{"09.5 + 0x1.8p1", "12.5"},
		{"0b101u", "5"},
		{"'\\u0041'", "65"},
		{"L'\\u20ac'", "8364"},
		{"u8'a'", "97 'a'"},
		{"\"a\" \"b\\x43\" \"\\104\"", "\"abCD\""},
		{"\"\\u00e9\"[0] == (char)0xc3", "1"},
		{"L\"ab\"", "L\"ab\""},
		{"u\"\\u20ac\\n\"", "u\"\u20ac\\n\""},
		{"U\"\\U0001f600\" == U\"\\U0001f600\"", "1"},
		{"'ab'", "24930"},
		{"'\\377\\377\\377\\377'", "-1"},
		{"sizeof(L\"ab\" \"c\")", "16"},
		{"sizeof \"abc\"", "4"},
		{"sizeof 1ull + sizeof 1.f + sizeof 'a'", "16"},
		{"18446744073709551615u", "18446744073709551615"},
		{"sizeof 2147483648", "8"},
		{"sizeof 0xffffffff", "4"},
		{"-'\\xff'", "1"},
	};
	static const struct wanted wrong[] = {
		{"\"a\\q\"", "C has no such escape ^2"},
		{"'\\xfff'", "too large for a character ^1"},
		{"'abcde'", "four characters at most ^0"},
		{"L'ab'", "goes one character"},
		{"'\\u00e9'", "goes one character"},
		{"'\\u12'", "no character of Unicode ^1"},
		{"'\\400'", "too large"},
		{"1lul", "does not end like this ^3"},
		{"1lL", "does not end like this"},
		{"089", "no digit of an octal number ^1"},
		{"0b12", "no digit of a binary number ^3"},
		{"0x1.8", "needs an exponent"},
		{"1.2.3", "does not end like this ^3"},
		{"u\"a\" L\"b\"", "different kinds"},
		{"\"abc", "not closed ^0"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void types_are_parsed_like_declarations(void **state)
{
	static const struct wanted all[] = {
		{"sizeof(int (*[3])(char, ...))", "24"},
		{"sizeof(int [3][4])", "48"},
		{"sizeof(int [sizeof(int) * 2])", "32"},
		{"(int (*)[3])16", "(int (*)[3]) 0x10"},
		{"(int (*(*)(void))[2])16", "(int (*(*)(void))[2]) 0x10"},
		{"(const struct node *const *)16", "(const struct node *const *) 0x10"},
		{"(unsigned long int)-1", "18446744073709551615"},
		{"(long unsigned)-1", "18446744073709551615"},
		{"(void (*)(int, char *))16", "(void (*)(int, char *)) 0x10"},
		{"(void (*)(int x, char y[3]))16", "(void (*)(int, char *)) 0x10"},
		{"*(int (*)[2])&counter", "{42, 9}"},
		{"(*(struct node (*)[1])&first)[0].id", "1"},
		{"_Alignof(struct node) + _Alignof(short)", "10"},
		{"offsetof(struct node, name[3])", "7"},
		{"offsetof(struct node, text)", "24"},
		{"container_of(&head->next, struct node, next) == head", "1"},
		{"sizeof(struct node volatile)", "32"},
		{"sizeof(_Atomic(char[3]) *) + sizeof(_Atomic(int))", "12"},
		{"_Alignof(_Atomic struct node) + _Alignof(_Atomic(short))", "10"},
		{"sizeof(typeof(head->name))", "8"},
		{"(typeof(counter))3.7", "3"},
		{"(__typeof__(head))0", "NULL"},
		{"sizeof(typeof(struct node)[2])", "64"},
		{"sizeof(typeof(int (*)(typeof(counter) x)))", "8"},
		{"sizeof(typeof(counter++)), counter", "42"},
		{"*(typeof_unqual(*(const int *)0) *)&counter", "42"},
	};
	static const struct wanted wrong[] = {
		{"(unsigned float)1", "make a type in C"},
		{"(long long long)1", "make a type in C"},
		{"(int char)1", "one type, not two"},
		{"(struct nod *)0", "no type \"nod\"; node ^8"},
		{"(int (*[)0", "a value expected here"},
		{"(int ()[3])0", "no function returns int [3]"},
		{"(void [2])0", "no arrays of void"},
		{"offsetof(struct node, nam)", "has no field \"nam\"; name ^22"},
		{"offsetof(struct node, next->id)", "expected here"},
		{"offsetof(struct node, next.id)", "no part of the object"},
		{"offsetof(struct node, a)", "a bit-field has no address"},
		{"offsetof(int, x)", "int has no fields"},
		{"container_of(&counter, struct node, next)",
		 "a pointer to int does not point to the field, which is struct node *"},
		{"container_of(counter, struct node, next)", "not a pointer but int"},
		{"sizeof(head->a)", "a bit-field has no size"},
		{"sizeof(int[])", "has no size"},
		{"(typeof(first.a))1", "no type of its own ^14"},
		{"(typeof(nosuch))1", "no variable, function or constant \"nosuch\" ^8"},
		{"(typeof counter)1", "\"(\" and an expression or a type expected here ^8"},
		{"(typeof(counter 1))1", "\")\" expected here ^16"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void operators_convert_as_c_does(void **state)
{
	static const struct wanted all[] = {
		{"head->a - 6 < 0", "1"},
		{"color - 6u > 0", "1"},
		{"GREEN - 6 < 0", "1"},
		{"1 ? -1 : 2u", "4294967295"},
		{"sizeof(1 ? 1 : 2.0)", "8"},
		{"0 ? head : 0", "NULL"},
		{"1 ? head->id : 1 / 0", "1"},
		{"counter ?: 7", "42"},
		{"0 ?: 7", "7"},
		{"1, 2, 3", "3"},
		{"1 << 31 >> 31", "-1"},
		{"sizeof(1L << 2ull)", "8"},
		{"1[&counter]", "9"},
		{"(_Bool)0.5 + !0.0", "2"},
		{"(char)200 < 0", "1"},
		{"-1.0f / 0", "-inf"},
		{"0.1f == 0.1", "0"},
		{"16777217 == 16777217.f", "1"},
		{"sizeof(unsigned __int128)", "16"},
		{"(unsigned __int128)-1 >> 64", "18446744073709551615"},
		{"&head[2] - head", "2"},
		{"(char *)&head[1] - (char *)head", "32"},
		{"!head || head", "1"},
		{"*&*head.name", "111 'o'"},
		{"sizeof(*(char (*)[5])0)", "5"},
		{"(void)1, 2", "2"},
		{"sizeof(1 / 0)", "4"},
	};
	static const struct wanted wrong[] = {
		{"head + head", "struct node * + struct node *: not possible with pointers ^5"},
		{"head - &counter",
		 "struct node * - int *: only pointers to the same have a distance (cast one) ^5"},
		{"head * 2", "struct node * * int"},
		{"first == first", "a number or pointer is needed"},
		{"~1.5", "\"~\" needs an integer, and this is double ^0"},
		{"-head", "\"-\" needs a number, and this is struct node *"},
		{"1.5 % 2", "double % int: the operator needs integers ^4"},
		{"head + 1.5", "struct node * + double"},
		{"1 ? head : &counter",
		 "one branch is struct node *, the other int *: no type is both ^2"},
		{"1 ? first : 1", "one branch is struct node, the other int"},
		{"1 ? 2 : nosuch", "no variable"},
		{"0 && nosuch", "no variable"},
		{"(void)1 + 1", "there is no value here (void)"},
		{"head[1.5]", "an index is an integer, this is double"},
		{"1[2]", "not a pointer but int"},
		{"(float)head", "struct node * to float"},
		{"(int)first", "struct node cannot be cast to int"},
		{"(struct node)1", "int cannot be cast to struct node"},
		{"5->x", "int has no fields"},
		{"node", "\"node\" is a type"},
		{"counter++ ++", "no place"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void what_is_written_is_looked_at_like_what_lies_in_memory(void **state)
{
	static const struct wanted all[] = {
		{"1 ? \"a\" : \"b\"", "\"a\""},
		{"0 ? text : \"none\"", "\"none\""},
		{"0 ?: \"none\"", "\"none\""},
		{"counter ? L\"wide\" : L\"\"", "L\"wide\""},
		{"\"abc\" + 1", "\"bc\""},
		{"*(\"abc\" + 2)", "99 'c'"},
		{"*(2 + \"abc\")", "99 'c'"},
		{"*(\"abc\" + 3)", "0 '\\000'"},
		{"(\"abc\" + 1)[1]", "99 'c'"},
		{"(1 ? \"abc\" : \"\")[2]", "99 'c'"},
		{"*((int[]){4, 5} + 1)", "5"},
		{"*((int[]){4, 5} + 0)", "4"},
		{"*(1 + (int[]){4, 5} - 0)", "5"},
		{"sizeof(*(\"abc\" + 9))", "1"},
		{"sizeof(true)", "4"},
		{"true + false", "1"},
		{"-true", "-1"},
	};
	static const struct wanted wrong[] = {
		{"*(\"abc\" + 4)", "there is no such element"},
		{"*(\"abc\" + 5)", "there is no such element"},
		{"*(\"abc\" - 1)", "there is no such element"},
		{"(1 ? \"abc\" : \"\")[4]", "there is no such element"},
		{"*((int[]){4, 5} + 2)", "there is no such element"},
		{"(int[]){4, 5} + 1", "no address in the program"},
		{"*(\"abc\" + 1) = 'x'", "has no place in the program"},
		{"2 - \"abc\"", "no address in the program"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void numbers_may_have_separators_and_endings(void **state)
{
	static const struct wanted all[] = {
		{"1'000", "1000"},
		{"1'000'000 + 1", "1000001"},
		{"0x7f'ff", "32767"},
		{"0b1'0", "2"},
		{"1'0.2'5", "10.25"},
		{"1'000 + 'a'", "1097"},
		{"1.5f16", "1.5"},
		{"0.1f16", "0.099976"},
		{"sizeof 1.0f16", "2"},
		{"1.00048828125f16 == 1", "1"}, /* half way: to the even one */
		{"1.000488281250000000000000000000001f16 == 1.0009765625", "1"},
		{"1.0014648437499999999999999999999999f16 == 1.0009765625", "1"},
	};
	static const struct wanted wrong[] = {
		{"5wb", "constants of _BitInt are not calculated with ^1"},
		{"5uwb", "constants of _BitInt"},
		{"1 + 2i", "an imaginary number is written as 2.0i ^5"},
		{"1.0q", "constants of __float128 are not calculated with"},
		{"5xb", "does not end like this"},
		{"1.0f16i", "does not end like this"},
		{"1'", "the quote is not closed"},
		{"typeof(head)", "this is a type, struct node *; a cast is (struct node *)x"},
		{"(struct {int a;} *)head", "name one of the program ^8"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void complex_numbers_keep_real_operands_real(void **state)
{
	static const struct wanted all[] = {
		{"(1 + 2.0i) * 2", "2 + 4i"},
		{"__imag__ 3.0i", "3"},
		{"__imag__ counter", "0"},
		{"sizeof 1.0fi", "8"},
		{"~2.0i", "0 + -2i"},
		{"(double)(7 + 1.0i)", "7"},
		{"(float _Complex)counter", "42 + 0i"},
		{"1.0i * 1.0i == -1", "1"},
		{"!0.0i + !1.0i", "1"},
	};
	static const struct wanted wrong[] = {
		{"1.0i < 2", "_Complex double < int: complex numbers have no such operator ^5"},
		{"1.0i % 2", "no such operator"},
		{"(char *)1.0i", "_Complex double to char *"},
		{"(unsigned _Complex)1", "make a type in C"},
		{"(_Complex int)1", "beside _Complex"},
		{"head + 1.0i", "struct node * + _Complex double"},
		{"__real__ head", "a number is needed, this is struct node *"},
		{"1.0ii", "does not end like this"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void compound_literals_are_filled_by_cs_rules(void **state)
{
	static const struct wanted all[] = {
		{"(int[]){1, 2, 3}", "{1, 2, 3}"},
		{"sizeof((int[]){[5] = 1})", "24"},
		{"(int[2][2]){1, 2, {3}}", "{{1, 2}, {3, 0}}"},
		{"(struct node){1, \"ab\", .b = -2}",
		 "{id = 1, name = \"ab\", a = 0, b = -2, next = NULL, text = NULL}"},
		{"(struct node){.name[1] = 'x', 'y', .id = 7, .a = 15}.name[2]", "121 'y'"},
		{"(struct node){1, 'a', 'b'}.name", "\"ab\""},
		{"(struct node){.next = head}.next == head", "1"},
		{"((struct node[2]){first, {5}})[0].id", "1"},
		{"((struct node[2]){first, {5}})[1].id", "5"},
		{"(struct node[1]){[0].id = 3}[0].id", "3"},
		{"(int){5} + (_Bool){3}", "6"},
		{"((char[4]){\"abcd\"})[3]", "100 'd'"},
		{"sizeof((char[]){\"abcd\"})", "5"},
		{"(struct node){}.id", "0"},
		{"(&(struct node){9})->id", "9"},
		{"*(int[]){8, 9}", "8"},
		{"((int[]){1, 2, 3, 4})[1:3]", "{2, 3}"},
	};
	static const struct wanted wrong[] = {
		{"(int[2]){1, 2, 3}", "too many values for int [2] ^15"},
		{"(struct node){.idd = 1}", "has no field \"idd\""},
		{"(int[2]){[2] = 1}", "no such element in int [2]"},
		{"(int){.x = 1}", "int has no parts"},
		{"(struct node){.id.x = 1}", "int has no parts"},
		{"(struct node){head}", "struct node * does not convert to int"},
		{"(struct node){.text = \"abc\"}", "has no address in the program"},
		{"(int[]){[2000000] = 1}", "too large"},
		{"(char[2]){\"abcd\"}", "too long for char [2]"},
		{"(void){1}", "no values of void"},
		{"(int[3]){1, 2", "\"}\""},
		{"&(int){1}", "has no address"},
		{"(int[]){1, 2} + 1", "has no address"},
		{"{1, 2}", "a value expected here ^0"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void ranges_are_arrays_without_their_end(void **state)
{
	static const struct wanted all[] = {
		{"(&counter)[0:3]", "{42, 9, 10}"},
		{"(&counter)[1:2]", "{9}"},
		{"(&counter)[1:1]", "{}"},
		{"(&counter + 1)[-1:1]", "{42, 9}"},
		{"first.name[0:2]", "\"on\""},
		{"head->name[1:3][0]", "110 'n'"},
		{"sizeof(head->name[1:5])", "4"},
		{"text[0:5] == \"hello\"", "1"},
		{"(&counter)[1 ? 0 : 2 : 1 + 1]", "{42, 9}"},
		{"wild[0:2]", "<unreadable 0x10>"},
	};
	static const struct wanted wrong[] = {
		{"head->name[2:1]", "ends before it begins"},
		{"head->name[0:9]", "there is no such element: char [8] has 8"},
		{"head->name[-1:2]", "begins with element 0"},
		{"counter[0:1]", "not a pointer but int"},
		{"head[0:99999999999]", "too large"},
		{"head[0:1.5]", "an index is an integer"},
		{"head[0:", "stops where a value"},
		{"(void *)0[0:1]", "not a pointer"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void a_string_in_a_comparison_is_its_text(void **state)
{
	static const struct wanted all[] = {
		{"text == \"hello\"", "1"},
		{"text == \"hell\"", "0"},
		{"text == \"hellos\"", "0"},
		{"\"hello\" == text", "1"},
		{"text != \"hello\"", "0"},
		{"first.name == \"one\"", "1"},
		{"head->next->name == \"tw\" \"o\"", "1"},
		{"head->next->text == \"\"", "0"},
		{"\"a\" == \"a\"", "1"},
		{"text == \"\"", "0"},
		{"text + 1 == \"ello\"", "1"},
	};
	static const struct wanted wrong[] = {
		{"counter == \"a\"", "of char, and this is int"},
		{"head == \"a\"", "of char, and this is struct node *"},
		{"text < \"a\"", "has no address in the program"},
		{"(char *)wild == \"a\"", "memory at 0x10 cannot be read"},
		{"text == L\"a\"", "of wchar_t, and this is char *"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void a_static_of_a_function_is_its_field(void **state)
{
	static const struct wanted all[] = {
		{"add.calls", "42"},
		{"add::calls", "42"},
		{"add.calls++ + add.calls", "85"},
		{"sizeof add.calls", "4"},
		{"&add.calls == &counter", "1"},
	};
	static const struct wanted wrong[] = {
		{"add.callz", "the function add has no static \"callz\"; add::calls ^4"},
		{"add->calls", "int (int, int) has no fields"},
		{"nosuch.calls", "no variable, function or constant \"nosuch\" ^0"},
	};

	assert_values(*state, all, OT_NR(all));
	assert_errors(*state, wrong, OT_NR(wrong));
}

static void earlier_results_have_numbers(void **state)
{
	struct session *s = *state;
	static const char *const texts[] = {"counter", "first", "head", "(&counter)[0:2]"};
	static const struct wanted all[] = {
		{"$1 + 1", "43"},	  {"$2.id", "1"},      {"$2.name[1]", "110 'n'"},
		{"$3->next.id", "2"},	  {"$$[1]", "9"},      {"$4[0]", "42"},
		{"&$1 == &counter", "1"}, {"$$[0:1]", "{42}"}, {"$$-0 == &counter", "1"},
	};
	static const struct wanted changed[] = {{"counter = 7", "7"}, {"$1", "42"},
						{"$4[0]", "42"},      {"*&$1", "7"},
						{"*&$1 = 8", "8"},    {"$3->id = 1", "1"}};
	static const struct wanted wrong[] = {
		{"$5", "no result $5; the last one is $4 ^0"},
		{"$0", "no result $0"},
		{"$", "$ is the object of the current directory"},
		{"1 + $99999999999999999999", "no result"},
		{"$1 = 5", "(*&$1 = ... stores where $1 was read) ^0"},
		{"$1++", "a result of before stays"},
		{"$2.name[1] = 5", "a result of before stays"},
		{"$4[0] += 1", "a result of before stays"},
	};
	ot_auto_value struct ot_value first = {0};

	assert_errors(s, (const struct wanted[]){{"$$", "no earlier result"}}, 1);
	for (size_t i = 0; i < OT_NR(texts); i++) {
		ot_auto_value struct ot_value value = {0};

		assert_null(ot_expr_value(&s->scope, texts[i], &value));
		assert_int_equal(ot_history_add(s->scope.history, &value), i + 1);
	}
	assert_values(s, all, OT_NR(all));
	assert_values(s, changed, OT_NR(changed));
	assert_errors(s, wrong, OT_NR(wrong));
	assert_null(ot_expr_value(&s->scope, "first", &first));
	s->scope.self = &first;
	assert_values(s, (const struct wanted[]){{"$.id", "1"}, {"$.next->id", "2"}, {"id", "1"}},
		      3);
}

static void the_last_thousand_results_are_kept(void **state)
{
	struct session *s = *state;
	struct ot_value value;

	for (uint64_t i = 1; i <= 1005; i++) {
		ot_value_of_u64(ot_program_base(s->program, "int"), i, &value);
		ot_history_add(s->scope.history, &value);
	}
	assert_values(s, (const struct wanted[]){{"$6", "6"}, {"$1005", "1005"}, {"$$", "1005"}},
		      3);
	assert_errors(s, (const struct wanted[]){{"$5", "no result $5"}}, 1);
}

/* Nothing that is typed may take long: what grows with each level grows for ever. */
static void deep_and_wide_expressions_end_soon(void **state)
{
	static const char *const repeated[][3] = {
		{"1?2:", "3", ""},
		{"(1?", "1", ":2)"},
		{"(&counter)[", "0", "]"},
		{"sizeof(", "1", ")"},
		{"(int[]){", "1", "}"},
		{"add(", "1", ",2)"},
		{"offsetof(struct node,name[", "0", "])"},
		{"counter=", "1", ""},
		{"1&&", "1", ""},
		{"-(", "1", ")"},
		{"(int(*(*", ")0", ")[1])[2]"},
		{"1?:", "0", ""},
		{"(int (", "*", ")[2])0"},
		{"*&", "counter", ""},
		{"++", "counter", ""},
		{"(typeof(", "counter", "))1"},
		{"(typeof(", "int", "))1"},
	};
	struct session *s = *state;

	for (size_t i = 0; i < OT_NR(repeated); i++)
		for (int times = 1; times < 120; times += 7) {
			ot_auto_buf struct ot_buf text = OT_BUF_INIT;

			for (int n = 0; n < times; n++)
				ot_buf_adds(&text, repeated[i][0]);
			ot_buf_adds(&text, repeated[i][1]);
			for (int n = 0; n < times; n++)
				ot_buf_adds(&text, repeated[i][2]);
			free(eval_text(s, ot_buf_text(&text)));
		}
	for (int i = 0; i < 3; i++) {
		static const char *const more[] = {"[0]", ".next", "++"};
		ot_auto_buf struct ot_buf text = OT_BUF_INIT;

		ot_buf_adds(&text, "head");
		for (int n = 0; n < 900; n++)
			ot_buf_adds(&text, more[i]);
		free(eval_text(s, ot_buf_text(&text)));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(literals_are_cs),
		TEST(types_are_parsed_like_declarations),
		TEST(operators_convert_as_c_does),
		TEST(what_is_written_is_looked_at_like_what_lies_in_memory),
		TEST(numbers_may_have_separators_and_endings),
		TEST(complex_numbers_keep_real_operands_real),
		TEST(compound_literals_are_filled_by_cs_rules),
		TEST(ranges_are_arrays_without_their_end),
		TEST(a_string_in_a_comparison_is_its_text),
		TEST(a_static_of_a_function_is_its_field),
		TEST(earlier_results_have_numbers),
		TEST(the_last_thousand_results_are_kept),
		TEST(deep_and_wide_expressions_end_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
