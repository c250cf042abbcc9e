/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables, names, expressions, the tree and captures, on a program made by hand. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr/expr.h"
#include "fake_program.h"
#include "model/capture.h"
#include "model/locals.h"
#include "vfs/vfs.h"

struct session {
	struct fake *fake;
	struct ot_program *program;
	struct ot_vfs *vfs;
};

static int setup(void **state)
{
	struct session *s = ot_alloc(sizeof(*s));

	s->fake = fake_create();
	assert_null(ot_program_create(&s->fake->target, &s->program));
	s->vfs = ot_vfs_create(s->program);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct session *s = *state;

	ot_vfs_destroy(s->vfs);
	ot_program_destroy(s->program);
	ot_target_close(&s->fake->target);
	free(s);
	return 0;
}

/* ------------------------------------------------------------------ expressions */

static char *eval_text(struct session *s, const char *text, bool json)
{
	struct ot_format format = {.program = s->program, .target = &s->fake->target};
	ot_auto_value struct ot_value value = {0};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;
	struct ot_expr_scope scope;
	struct ot_node hold = {0};

	err = ot_vfs_scope(s->vfs, &scope, &hold);
	if (!err)
		err = ot_expr_value(&scope, text, &value);
	if (err)
		ot_err_format(err, &out);
	else if (json)
		ot_value_json(&format, &value, &out);
	else
		ot_value_format(&format, &value, &out);
	ot_node_deinit(&hold);
	return ot_buf_take(&out);
}

#define assert_value(s, text, wanted)                                       \
	do {                                                                \
		ot_auto_free char *got = eval_text(s, text, false);         \
		if (strcmp(got, wanted) != 0)                               \
			fail_msg("%s gives %s, not %s", text, got, wanted); \
	} while (0)

#define assert_json(s, text, wanted)                               \
	do {                                                       \
		ot_auto_free char *got = eval_text(s, text, true); \
		assert_string_equal(got, wanted);                  \
	} while (0)

#define assert_error(s, text, part)                                                              \
	do {                                                                                     \
		ot_auto_free char *got = eval_text(s, text, false);                              \
		if (!strstr(got, part))                                                          \
			fail_msg("%s gives \"%s\", which does not say \"%s\"", text, got, part); \
	} while (0)

static void expressions_have_cs_values(void **state)
{
	struct session *s = *state;
	static const struct {
		const char *text;
		const char *wanted;
	} all[] = {
		{"counter", "42"},
		{"counter + 1", "43"},
		{"-1 < 2u", "0"},
		{"-1 < 2", "1"},
		{"1 ? 2 : 3", "2"},
		{"2 + 3 * 4 - 6 / 4", "13"},
		{"(2 + 3) * 4 % 7", "6"},
		{"1 << 4 | 3 & 2 ^ 1", "19"},
		{"~0u", "4294967295"},
		{"-5 / 2", "-2"},
		{"-5 >> 1", "-3"},
		{"0x7fffffff + 1", "-2147483648"},
		{"2147483648", "2147483648"},
		{"0xffffffffffffffff", "18446744073709551615"},
		{"(char)300", "44 ','"},
		{"'a'", "97"},
		{"'\\n' + 0", "10"},
		{"\"ab\\x41\"", "\"abA\""},
		{"\"abc\"[1]", "98 'b'"},
		{"1.5 + 1", "2.5"},
		{"0.1f", "0.1"},
		{"3 / 2.0", "1.5"},
		{"!0 && 2 || 1 / 0", "1"},
		{"0 && 1 / 0", "0"},
		{"sizeof(int)", "4"},
		{"sizeof counter", "4"},
		{"sizeof(struct node)", "32"},
		{"first.id", "1"},
		{"head->id", "1"},
		{"head.id", "1"},
		{"head->next->name", "\"two\""},
		{"(*head).name[1]", "110 'n'"},
		{"head->a", "5"},
		{"head->next->b", "-1"},
		{"*head->next",
		 "{id = 2, name = \"two\", a = 7, b = -1, next = NULL, text = NULL}"},
		{"head->text", "\"hello\""},
		{"text[1]", "101 'e'"},
		{"*text", "104 'h'"},
		{"real", "0.1"},
		{"real * 10 == 1", "1"},
		{"handler", "<add>"},
		{"add", "<add>"},
		{"&add == handler", "1"},
		{"color", "GREEN"},
		{"GREEN", "GREEN"},
		{"GREEN + 1", "6"},
		{"fixed", "7"},
		{"gone", "<optimized out>"},
		{"wild", "(struct node *) 0x10"},
		{"*wild", "<unreadable 0x10>"},
		{"wild->id", "<unreadable 0x10>"},
		{"wild->next", "<unreadable 0x20>"},
		{"&wild->next", "(struct node **) 0x20"},
		{"null", "NULL"},
		{"null == NULL", "1"},
		{"(struct node *)0x20", "(struct node *) 0x20"},
		{"(unsigned long)wild", "16"},
		{"st@shop.c", "9"},
		{"st@other.c", "10"},
		{"st@src/other.c+1", "11"},
		{"first.name", "\"one\""},
		{"add::calls", "42"},
		{"calls", "42"},
		{"head + 1 - head", "1"},
		{"&head[1] > head", "1"},
	};

	for (size_t i = 0; i < OT_NR(all); i++)
		assert_value(s, all[i].text, all[i].wanted);
}

static void expressions_as_json(void **state)
{
	struct session *s = *state;

	assert_json(s, "color", "{\"enum\":\"GREEN\",\"value\":5}");
	assert_json(s, "null", "null");
	assert_json(s, "wild", "{\"pointer\":\"0x10\",\"type\":\"struct node *\"}");
	assert_json(s, "*wild", "{\"unreadable\":\"0x10\"}");
	assert_json(s, "gone", "{\"optimized_out\":true}");
	assert_json(s, "text", "\"hello\"");
	assert_json(s, "1.0 / 0", "\"inf\"");
	assert_json(s, "*head->next",
		    "{\"id\":2,\"name\":\"two\",\"a\":7,\"b\":-1,\"next\":null,\"text\":null}");
}

static void errors_tell_what_is_wrong(void **state)
{
	struct session *s = *state;

	assert_error(s, "conter", "did you mean counter?");
	assert_error(s, "head->nxt", "did you mean next");
	assert_error(s, "st", "choose st@shop.c or st@other.c");
	assert_error(s, "1 / 0", "division by zero");
	assert_error(s, "1 +", "stops where a value");
	assert_error(s, "(1", "stops where \")\"");
	assert_error(s, "1 2", "the end or an operator");
	assert_error(s, "add(1, 2)", "no function is called");
	assert_error(s, "counter = 1", "nothing is stored");
	assert_error(s, "counter++", "nothing is stored");
	assert_error(s, "*counter", "not a pointer but int");
	assert_error(s, "*(void *)0x400000", "void pointer");
	assert_error(s, "wild->id + 1", "memory at 0x10 cannot be read");
	assert_error(s, "gone + 1", "optimized out");
	assert_error(s, "&5", "no address");
	assert_error(s, "&head->a", "bit-field");
	assert_error(s, "first + 1", "a number or pointer is needed");
	assert_error(s, "sizeof(struct nod)", "no type \"nod\"");
	assert_error(s, "1 << 99", "more bits");
	assert_error(s, "\"ab", "not closed");
	assert_error(s, "0x", "no digits");
	assert_error(s, "12abc", "does not end like this");
	assert_error(s, "99999999999999999999", "too large");
	assert_error(s, "tiny",
		     "tiny was inlined into add (src/shop.c:13), main (./src/other.c:30)");
	assert_error(s, "#", "unexpected character");
}

static void deep_expressions_are_refused(void **state)
{
	struct session *s = *state;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_buf_pad(&text, '(', 3000);
	assert_error(s, ot_buf_text(&text), "nested too deeply");
	ot_buf_reset(&text);
	ot_buf_pad(&text, '-', 3000);
	ot_buf_addc(&text, '1');
	assert_error(s, ot_buf_text(&text), "");
	ot_buf_reset(&text);
	for (int i = 0; i < 900; i++)
		ot_buf_adds(&text, "1+");
	ot_buf_addc(&text, '1');
	assert_error(s, ot_buf_text(&text), "too long");
	ot_buf_pad(&text, '1', 5000);
	assert_error(s, ot_buf_text(&text), "too long");
}

/* ------------------------------------------------------------------ names */

static void functions_are_found(void **state)
{
	struct session *s = *state;
	struct ot_fn_list list = {0};
	ot_auto_err struct ot_err *err = NULL;
	struct ot_fn *fn;

	assert_null(ot_program_find_fns(s->program, "*", &list));
	assert_int_equal(list.nr, 4);
	list.nr = 0;
	assert_null(ot_program_find_fns(s->program, "*@shop.c", &list));
	assert_int_equal(list.nr, 4);
	list.nr = 0;
	assert_null(ot_program_find_fns(s->program, "add", &list));
	assert_int_equal(list.nr, 1);
	fn = list.items[0];
	assert_ptr_equal(ot_program_fn_at(s->program, fn->symbol), fn);
	assert_ptr_equal(ot_program_fn_at(s->program, fn->body), fn);
	assert_ptr_equal(ot_program_fn_of_record(s->program, fn->record), fn);
	assert_null(ot_fn_untraceable(fn));
	err = ot_program_find_fns(s->program, "ad", &list);
	assert_non_null(err);
	assert_string_equal(err->nearest[0], "add");
	ot_err_destroy(err);
	err = ot_program_find_fns(s->program, "add@nowhere.c", &list);
	assert_non_null(err);
	assert_string_equal(err->nearest[0], "add");
	ot_vec_deinit(&list);
}

static void signatures_read_like_c(void **state)
{
	struct session *s = *state;
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;

	ot_fn_signature(ot_program_fn(s->program, "visit"), &out);
	ot_buf_addc(&out, '\n');
	ot_fn_signature(ot_program_fn(s->program, "say"), &out);
	ot_buf_addc(&out, '\n');
	ot_fn_signature(ot_program_fn(s->program, "tiny"), &out);
	ot_buf_addc(&out, '\n');
	ot_buf_adds(&out, ot_type_text(ot_program_var(s->program, "handler")->type));
	assert_string_equal(ot_buf_text(&out),
			    "static int visit(struct node *n)\n"
			    "void say(char *text, struct big big, float f, int gone)\n"
			    "void tiny(void)\nint (*)(int)");
}

/* ------------------------------------------------------------------ the tree */

static char *list_text(struct session *s, const char *path)
{
	struct ot_node_list list = {0};
	struct ot_node node = {0};
	struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = ot_vfs_find(s->vfs, path, &node, NULL);

	if (!err)
		err = ot_vfs_list(s->vfs, &node, &list);
	if (err)
		ot_err_format(err, &out);
	for (size_t i = 0; i < list.nr; i++)
		ot_buf_addf(&out, "%s%s", i ? " " : "", list.items[i].name);
	ot_node_list_deinit(&list);
	ot_node_deinit(&node);
	return ot_buf_take(&out);
}

#define assert_list(s, path, wanted)                         \
	do {                                                 \
		ot_auto_free char *got = list_text(s, path); \
		assert_string_equal(got, wanted);            \
	} while (0)

static void directories_list_what_is_in_them(void **state)
{
	struct session *s = *state;

	assert_list(s, "/osh",
		    "all db files globals locals modules patches pickled recent saved "
		    "threads types web");
	assert_list(s, "/osh/globals",
		    "add big color counter first fixed gone handler head node null real say "
		    "st@other.c st@shop.c text tiny visit wild");
	assert_list(s, "/osh/files", "src");
	assert_list(s, "/osh/files/src", "other.c shop.c");
	assert_list(s, "/osh/files/src/other.c", "st");
	assert_list(s, "/osh/types/node/fields", "id name a b next text");
	assert_list(s, "/osh/types/node/methods", "visit");
	assert_list(s, "head/next", "id name a b next text");
	assert_list(s, "head->next", "id name a b next text");
	assert_list(s, "head.next->name", "0 1 2 3 4 5 6 7");
	assert_list(s, "add", "calls");
	assert_list(s, "null", "null is NULL");
	assert_list(s, "counter", "counter is not a directory");
	assert_list(s, "nothing", "no \"nothing\" here (/osh/globals)");
}

static void cd_goes_where_it_is_told(void **state)
{
	struct session *s = *state;
	static const char *const steps[][2] = {
		{"head.next", "/osh/globals/head/next"},
		{"..", "/osh/globals/head"},
		{"../..", "/osh"},
		{"types/n*/fields", "/osh/types/node/fields"},
		{"-", "/osh"},
		{"~~g", "/osh/globals"},
		{"/osh/files/src/shop.c/head->next", "/osh/files/src/shop.c/head/next"},
		{"/", "/"},
		{"..", "/"},
	};
	ot_auto_err struct ot_err *err = NULL;

	for (size_t i = 0; i < OT_NR(steps); i++) {
		assert_null(ot_vfs_cd(s->vfs, steps[i][0]));
		assert_string_equal(ot_vfs_cwd(s->vfs), steps[i][1]);
	}
	assert_null(ot_vfs_cd(s->vfs, "/osh/types"));
	assert_null(ot_vfs_cd(s->vfs, NULL));
	err = ot_vfs_cd(s->vfs, "c*");
	assert_non_null(err);
	assert_int_equal(err->code, OT_ERR_AMBIGUOUS);
	ot_err_destroy(err);
	err = ot_vfs_cd(s->vfs, "counter");
	assert_non_null(err);
	assert_string_equal(ot_vfs_cwd(s->vfs), "/osh/globals");
}

static void names_mean_the_directorys_own(void **state)
{
	struct session *s = *state;

	assert_null(ot_vfs_cd(s->vfs, "head"));
	assert_value(s, "id + next->id", "3");
	assert_value(s, "counter", "42");
	assert_null(ot_vfs_cd(s->vfs, "/osh/globals/add"));
	assert_value(s, "st", "9");
}

/* ------------------------------------------------------------------ captures */

static void calls_are_decoded_from_what_was_captured(void **state)
{
	struct session *s = *state;
	struct ot_format format = {.program = s->program, .target = &s->fake->target};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	struct ot_capture_plan *plan = NULL;
	struct {
		uint64_t pointer;
		uint64_t count;
		char text[8];
		double d;
		int32_t i;
		int32_t pad[5];
		double f;
	} record = {.pointer = 0x1234, .count = 3, .text = "hi", .d = 2.5, .i = -1, .f = 1.5};

	assert_null(ot_capture_plan_create(ot_program_fn(s->program, "say"), OT_CAPTURE_STRINGS,
					   &plan));
	assert_int_equal(plan->nr_enter, 4);
	assert_int_equal(plan->nr_leave, 0);
	assert_int_equal(plan->enter[1].kind, OTRACE_CAPTURE_STRING);
	assert_int_equal(plan->enter[2].kind, OTRACE_CAPTURE_STACK);
	ot_capture_format_args(plan, &format, &record, sizeof(record), &out);
	assert_string_equal(ot_buf_text(&out),
			    "text=\"hi\", big={d = 2.5, i = -1}, f=1.5, gone=<optimized out>");
	ot_buf_reset(&out);
	ot_capture_json_args(plan, &format, &record, sizeof(record), &out);
	assert_string_equal(ot_buf_text(&out), "{\"text\":\"hi\",\"big\":{\"d\":2.5,\"i\":-1},"
					       "\"f\":1.5,\"gone\":{\"optimized_out\":true}}");
	/* a record that was cut at any place tells so and reads nothing behind its end */
	for (size_t bytes = 0; bytes < sizeof(record); bytes += 8) {
		ot_auto_free void *cut = ot_strndup((char *)&record, bytes);

		ot_buf_reset(&out);
		ot_capture_format_args(plan, &format, cut, bytes, &out);
		assert_non_null(strstr(ot_buf_text(&out), "<not recorded>"));
	}
	ot_capture_plan_destroy(plan);
}

static void results_are_decoded(void **state)
{
	struct session *s = *state;
	struct ot_format format = {.program = s->program};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	struct ot_capture_plan *plan = NULL;
	int64_t word = -7;

	assert_null(ot_capture_plan_create(ot_program_fn(s->program, "add"), 0, &plan));
	assert_int_equal(plan->nr_enter, 2);
	assert_int_equal(plan->nr_leave, 1);
	ot_capture_format_return(plan, &format, &word, sizeof(word), &out);
	assert_string_equal(ot_buf_text(&out), "-7");
	ot_capture_plan_destroy(plan);
	assert_null(ot_capture_plan_create(ot_program_fn(s->program, "visit"), 0, &plan));
	ot_buf_reset(&out);
	ot_capture_json_return(plan, &format, NULL, 0, &out);
	assert_string_equal(ot_buf_text(&out), "{\"optimized_out\":true}");
	ot_capture_plan_destroy(plan);
}

/* ------------------------------------------------------------------ damage */

static void another_version_is_refused_with_both_numbers(void **state)
{
	struct fake *fake = fake_create();
	struct ot_program *program = NULL;
	ot_auto_err struct ot_err *err = NULL;

	(void)state;
	fake->target.modules[0].m.abi_version = 77;
	err = ot_program_create(&fake->target, &program);
	assert_non_null(err);
	assert_int_equal(err->code, OT_ERR_VERSION);
	assert_non_null(strstr(err->what, "version 77"));
	assert_non_null(strstr(err->what, "version 5"));
	ot_target_close(&fake->target);
}

static void look_around(struct ot_program *program)
{
	struct session s = {.program = program, .vfs = ot_vfs_create(program)};
	static const char *const paths[] = {"/osh/globals", "/osh/types", "head", "/osh/files",
					    "/osh/types/node/fields"};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;

	for (size_t i = 0; i < OT_NR(paths); i++) {
		struct ot_node_list list = {0};
		struct ot_node node = {0};
		struct ot_err *err = ot_vfs_find(s.vfs, paths[i], &node, NULL);

		if (!err)
			err = ot_vfs_list(s.vfs, &node, &list);
		for (size_t j = 0; j < list.nr; j++)
			ot_node_describe(s.vfs, &list.items[j], &out);
		ot_err_destroy(err);
		ot_node_list_deinit(&list);
		ot_node_deinit(&node);
	}
	ot_vfs_destroy(s.vfs);
}

static void damaged_tables_never_crash(void **state)
{
	uint32_t seed = 1;
	int nr_refused = 0;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct fake *fake = fake_create();
		struct ot_program *program = NULL;
		struct ot_err *err;

		for (int i = 0; i < 1 + round % 4; i++) {
			uint32_t at;

			seed = seed * 1664525u + 1013904223u;
			at = (seed >> 8) % fake->used;
			seed = seed * 1664525u + 1013904223u;
			fake->data[at] = round % 2 ? (uint8_t)(seed >> 16)
						   : (uint8_t)(fake->data[at] ^ 1u << (seed >> 29));
		}
		err = ot_program_create(&fake->target, &program);
		nr_refused += err != NULL;
		if (!err)
			look_around(program);
		ot_err_destroy(err);
		ot_program_destroy(program);
		ot_target_close(&fake->target);
	}
	/* most damage hits data or texts; but of the references many must have been noticed */
	assert_true(nr_refused > 200);
}

/* ------------------------------------------------------------------ places of variables */

static void instructions_say_where_a_variable_lies(void **state)
{
	static const struct {
		uint8_t code[OTRACE_ADDRESS_CODE_BYTES];
		enum otrace_address_code kind;
		uint64_t address;
	} cases[] = {
		/* as GNU ld and lld leave them: lea sym(%rip), mov sym@GOT(%rip), mov $sym */
		{{0x48, 0x8d, 0x05, 0x10, 0, 0, 0}, OTRACE_ADDRESS_CODE_DIRECT, 0x400017},
		{{0x48, 0x8d, 0x05, 0xf9, 0xff, 0xff, 0xff}, OTRACE_ADDRESS_CODE_DIRECT, 0x400000},
		{{0x48, 0x8b, 0x05, 0, 0x10, 0, 0}, OTRACE_ADDRESS_CODE_WORD, 0x401007},
		{{0x48, 0xc7, 0xc0, 0x10, 0x40, 0x40, 0}, OTRACE_ADDRESS_CODE_DIRECT, 0x404010},
		{{0x48, 0x8b, 0x0d, 0, 0x10, 0, 0}, OTRACE_ADDRESS_CODE_UNKNOWN, 7},
		{{0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x8b, 0x05}, OTRACE_ADDRESS_CODE_UNKNOWN, 7},
		{{0x48, 0xb8, 0x05, 0, 0, 0, 0}, OTRACE_ADDRESS_CODE_UNKNOWN, 7},
		{{0}, OTRACE_ADDRESS_CODE_UNKNOWN, 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t address = 7;

		assert_int_equal(otrace_address_code(cases[i].code, 0x400000, &address),
				 cases[i].kind);
		assert_int_equal(address, cases[i].address);
	}
}

/* Who looks for leaks finds what is left of them. */
static void locals_are_given_back(void **state)
{
	struct ot_locals locals = {.function = ot_strdup("f"), .file = ot_strdup("f.c"), .line = 1};

	(void)state;
	ot_locals_deinit(&locals);
	assert_null(locals.function);
	assert_null(locals.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(expressions_have_cs_values, setup, teardown),
		cmocka_unit_test_setup_teardown(expressions_as_json, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_tell_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(deep_expressions_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(functions_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(signatures_read_like_c, setup, teardown),
		cmocka_unit_test_setup_teardown(directories_list_what_is_in_them, setup, teardown),
		cmocka_unit_test_setup_teardown(cd_goes_where_it_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(names_mean_the_directorys_own, setup, teardown),
		cmocka_unit_test_setup_teardown(calls_are_decoded_from_what_was_captured, setup,
						teardown),
		cmocka_unit_test_setup_teardown(results_are_decoded, setup, teardown),
		cmocka_unit_test(another_version_is_refused_with_both_numbers),
		cmocka_unit_test(damaged_tables_never_crash),
		cmocka_unit_test(instructions_say_where_a_variable_lies),
		cmocka_unit_test(locals_are_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
