/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts, errors, maps and names. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/names.h"
#include "base/order.h"
#include "base/vec.h"

static void assert_json(const char *bytes, size_t nr, const char *wanted)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;

	ot_buf_add_json(&out, bytes, nr);
	assert_string_equal(ot_buf_text(&out), wanted);
}

static void json_strings_survive_any_bytes(void **state)
{
	(void)state;
	assert_json("", 0, "\"\"");
	assert_json("a\"b\\c\n\t\001", 8, "\"a\\\"b\\\\c\\n\\t\\u0001\"");
	assert_json("\xc3\xa4", 2, "\"\xc3\xa4\"");
	assert_json("\xc3", 1, "\"\\udcc3\"");
	assert_json("\xed\xa0\x80", 3, "\"\\udced\\udca0\\udc80\""); /* a surrogate */
	assert_json("\xc0\x80", 2, "\"\\udcc0\\udc80\"");	     /* overlong */
	assert_json("\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\"");
	assert_json("a\0b", 3, "\"a\\u0000b\"");
}

static void c_strings_are_escaped(void **state)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;

	(void)state;
	ot_buf_add_quoted(&out, "a\"\\\n\033\377'", 7);
	assert_string_equal(ot_buf_text(&out), "\"a\\\"\\\\\\n\\033\\377'\"");
}

static void numbers_are_written_without_printf(void **state)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;

	(void)state;
	ot_buf_add_i64(&out, INT64_MIN);
	ot_buf_addc(&out, ' ');
	ot_buf_add_u64(&out, UINT64_MAX);
	ot_buf_addc(&out, ' ');
	ot_buf_add_hex(&out, 0xdeadbeef0ull);
	ot_buf_addc(&out, ' ');
	ot_buf_add_u64(&out, 0);
	assert_string_equal(ot_buf_text(&out),
			    "-9223372036854775808 18446744073709551615 0xdeadbeef0 0");
}

static void errors_say_what_where_and_nearest(void **state)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "no %s", "thing");

	(void)state;
	ot_err_near(err, "this");
	ot_err_near(err, "that");
	ot_err_near(err, "that");
	ot_err_format(err, &out);
	assert_string_equal(ot_buf_text(&out), "no thing; did you mean this or that?");
	ot_err_suffix(ot_err_prefix(err, "find %d", 1), " (%s)", "100 % sure");
	assert_string_equal(err->what, "find 1: no thing (100 % sure)");
	ot_buf_reset(&out);
	ot_err_at(err, "a + thing", 4);
	ot_err_format(err, &out);
	assert_non_null(strstr(ot_buf_text(&out), "\n  a + thing\n      ^"));
}

static void maps_hold_what_was_set(void **state)
{
	struct ot_map map = {0};
	int values[1000];

	(void)state;
	for (uint64_t i = 0; i < OT_NR(values); i++)
		ot_map_set(&map, i * 4096, &values[i]);
	assert_int_equal(map.nr, OT_NR(values));
	for (uint64_t i = 0; i < OT_NR(values); i += 2)
		assert_ptr_equal(ot_map_remove(&map, i * 4096), &values[i]);
	for (uint64_t i = 0; i < OT_NR(values); i++)
		assert_ptr_equal(ot_map_get(&map, i * 4096), i % 2 ? &values[i] : NULL);
	assert_null(ot_map_remove(&map, 77));
	ot_map_deinit(&map);
	ot_map_set_text(&map, "one", &values[1]);
	ot_map_set_text(&map, "one", &values[2]);
	assert_ptr_equal(ot_map_get_text(&map, "one"), &values[2]);
	assert_null(ot_map_get_text(&map, "two"));
	ot_map_deinit(&map);
}

static void nearest_names_are_offered(void **state)
{
	static const char *const names[] = {"counter",	      "count", "server",  "client",
					    "processCommand", "main",  "counters"};
	ot_auto_err struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "x");
	struct ot_nearest nearest;

	(void)state;
	assert_int_equal(ot_nearest_distance("kitten", "sitting", 5), 3);
	assert_int_equal(ot_nearest_distance("ab", "ba", 5), 1);
	assert_int_equal(ot_nearest_distance("ab", "xyzuvw", 2), 3);
	assert_int_equal(ot_nearest_distance("", "", 0), 0);
	ot_nearest_init(&nearest, "cuonter");
	for (size_t i = 0; i < OT_NR(names); i++)
		ot_nearest_offer(&nearest, names[i]);
	ot_nearest_add_to(&nearest, err);
	assert_true(err->nr_nearest >= 1);
	assert_string_equal(err->nearest[0], "counter");
	ot_nearest_init(&nearest, "processcommand");
	for (size_t i = 0; i < OT_NR(names); i++)
		ot_nearest_offer(&nearest, names[i]);
	assert_int_equal(nearest.nr, 1);
}

/* "pi" is no slip of "pr": of two letters only swapped ones are. */
static void short_names_are_near_when_swapped_or_cut(void **state)
{
	static const char *const names[] = {"pr", "ls", "up", "add"};
	static const struct {
		const char *wanted, *near;
	} cases[] = {{"pi", NULL}, {"rp", "pr"}, {"sl", "ls"}, {"ad", "add"}, {"l", "ls"}};

	(void)state;
	for (size_t c = 0; c < OT_NR(cases); c++) {
		struct ot_nearest nearest;

		ot_nearest_init(&nearest, cases[c].wanted);
		for (size_t i = 0; i < OT_NR(names); i++)
			ot_nearest_offer(&nearest, names[i]);
		assert_int_equal(nearest.nr, cases[c].near != NULL);
		if (cases[c].near)
			assert_string_equal(nearest.best[0].name, cases[c].near);
	}
}

static void columns_fit_the_width(void **state)
{
	static const char *const names[] = {"a", "bb", "ccc", "dddd", "e"};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;

	(void)state;
	ot_columns_format(names, 5, 0, &out);
	assert_string_equal(ot_buf_text(&out), "a\nbb\nccc\ndddd\ne\n");
	ot_buf_reset(&out);
	ot_columns_format(names, 5, 12, &out);
	assert_string_equal(ot_buf_text(&out), "a   ccc   e\nbb  dddd\n");
	ot_buf_reset(&out);
	ot_columns_format(names, 5, 1000, &out);
	assert_string_equal(ot_buf_text(&out), "a  bb  ccc  dddd  e\n");
	ot_buf_reset(&out);
	ot_columns_format(names, 0, 80, &out);
	assert_int_equal(out.len, 0);
}

static void globs_are_told_from_names(void **state)
{
	(void)state;
	assert_true(ot_glob_is("a*"));
	assert_true(ot_glob_is("[ab]"));
	assert_false(ot_glob_is("a\\*b"));
	assert_false(ot_glob_is("plain"));
	assert_true(ot_glob_match("a?c*", "abcdef"));
	assert_false(ot_glob_match("a?c", "ac"));
}

static void arenas_and_vectors_grow(void **state)
{
	struct ot_arena arena = {0};
	OT_VEC(int) vec = {0};
	char *big = ot_arena_alloc(&arena, 1u << 20);

	(void)state;
	memset(big, 1, 1u << 20);
	for (int i = 0; i < 10000; i++) {
		char *small = ot_arena_alloc(&arena, 7);

		assert_int_equal((uintptr_t)small % 16, 0);
		assert_int_equal(small[6], 0);
		ot_vec_push(&vec, i);
	}
	assert_int_equal(vec.items[9999], 9999);
	assert_string_equal(ot_arena_strndup(&arena, "abcdef", 3), "abc");
	ot_vec_deinit(&vec);
	ot_arena_deinit(&arena);
}

struct named {
	int number;
	const char *name;
};

/* As ot_order_by_name() should: by name, then the later one first. */
static int compare_named(const void *a, const void *b)
{
	const struct named *left = *(const struct named *const *)a;
	const struct named *right = *(const struct named *const *)b;
	int order = strcmp(left->name, right->name);

	return order ? order : right->number - left->number;
}

/* Letters of both halves of a byte, and lengths around the eight bytes that are compared at once. */
static void make_names(struct named *all, size_t nr, char (*texts)[24])
{
	static const char letters[] = "ab\x7f\x80\xff_";
	uint32_t random = 7;

	for (size_t i = 0; i < nr; i++) {
		size_t len = (random >> 8) % 12;

		for (size_t j = 0; j < len; j++) {
			random = random * 1664525u + 1013904223u;
			texts[i][j] = letters[(random >> 16) % (j < 7 ? 2 : 6)];
		}
		random = random * 1664525u + 1013904223u;
		texts[i][len] = '\0';
		all[i] = (struct named){(int)i, texts[i]};
	}
}

static void names_are_sorted_as_qsort_does(void **state)
{
	enum { NR = 3000 };
	static struct named all[NR];
	static char texts[NR][24];
	static struct named *list[NR], *wanted[NR];

	(void)state;
	make_names(all, NR, texts);
	for (size_t nr = 0; nr <= NR; nr += nr < 40 ? 1 : 296) {
		for (size_t i = 0; i < nr; i++)
			list[i] = wanted[i] = &all[i];
		if (nr)
			qsort(wanted, nr, sizeof(*wanted), compare_named);
		ot_order_by_name(list, nr, offsetof(struct named, name), compare_named);
		assert_memory_equal(list, wanted, nr * sizeof(*list));
	}
}

static void places_of_a_map_are_filled_in(void **state)
{
	struct ot_map map = {0};
	int values[200];

	(void)state;
	for (uint64_t i = 0; i < OT_NR(values); i++) {
		void **place = ot_map_place(&map, i * 1000);

		assert_null(*place);
		*place = &values[i];
	}
	assert_int_equal(map.nr, OT_NR(values));
	for (uint64_t i = 0; i < OT_NR(values); i++) {
		assert_ptr_equal(*ot_map_place(&map, i * 1000), &values[i]);
		assert_ptr_equal(ot_map_get(&map, i * 1000), &values[i]);
	}
	assert_int_equal(map.nr, OT_NR(values));
	ot_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_strings_survive_any_bytes),
		cmocka_unit_test(c_strings_are_escaped),
		cmocka_unit_test(numbers_are_written_without_printf),
		cmocka_unit_test(errors_say_what_where_and_nearest),
		cmocka_unit_test(maps_hold_what_was_set),
		cmocka_unit_test(nearest_names_are_offered),
		cmocka_unit_test(short_names_are_near_when_swapped_or_cut),
		cmocka_unit_test(columns_fit_the_width),
		cmocka_unit_test(globs_are_told_from_names),
		cmocka_unit_test(arenas_and_vectors_grow),
		cmocka_unit_test(names_are_sorted_as_qsort_does),
		cmocka_unit_test(places_of_a_map_are_filled_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
