/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside */
/* Scanning tables: sound ones, and ones damaged in every place, between two pages that fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/tables.h"

#define PAGE 4096u

struct window {
	char *low;
	char *high;
};

/* A page of zeroes; its neighbours on both sides fault. */
static struct window make_window(void)
{
	char *pages = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	return (struct window){pages + PAGE, pages + 2 * PAGE};
}

static void free_window(struct window window)
{
	munmap(window.low - PAGE, 3 * PAGE);
}

/* A pool with one function and one variable, in the first bytes of the window. */
struct made {
	char *pool;
	char *fn;
	char *var;
	char *end; /* a multiple of 8 */
};

static struct made make_pool(char *at)
{
	static const char stream[] = {
		0,
		0,
		1,
		1,
		0,
		0,
		0,
		0, /* one function, one variable */
		2 * 20,
		OTRACE_FN_HAS_FLAGS,
		OTRACE_FN_SKIPPED,
		'f',
		0,
		2 * 5,
		1,
		1,
		0,
		0, /* not one more */
		2 * 30 + 1,
		0,
		0,
		'v',
		0,
		2 * 7,
		0,
		0,
	};
	struct otrace_pool pool = {OTRACE_MAGIC_POOL, sizeof(pool) + sizeof(stream), sizeof(pool)};
	struct made made = {at, at + 20, at + 30, at + 40};

	memcpy(at, &pool, sizeof(pool));
	memcpy(at + sizeof(pool), stream, sizeof(stream));
	return made;
}

static char *put(char *at, const char *place, const char *description)
{
	struct otrace_entry *entry = (void *)at;

	entry->place.delta = place ? (int32_t)(place - at) : 0;
	entry->description.delta = (int32_t)(description - (at + 4));
	return at + sizeof(*entry);
}

static bool scan(struct window window, const char *anchor, struct ot_table *ret)
{
	return ot_table_scan((uint64_t)anchor, (uint64_t)window.low, (uint64_t)window.high,
			     OT_TABLE_FNS, ret);
}

static void test_bounds_from_any_entry(void **state)
{
	struct window window = make_window();
	struct made made = make_pool(window.low);
	char *at[6], *end = made.end + 64;
	struct ot_table table;

	(void)state;
	for (int i = 0; i < 6; i++) {
		at[i] = end;
		end = i % 3 == 1 ? put(end, NULL, made.pool) : put(end, window.low, made.fn);
	}
	for (int i = 0; i < 6; i++) {
		assert_true(scan(window, at[i], &table));
		assert_int_equal(table.begin, (uint64_t)at[0]);
		assert_int_equal(table.end, (uint64_t)end);
		assert_int_equal(table.nr_records, 4);
	}
	assert_ptr_equal(ot_table_next(&table, (uint64_t)at[1]), at[2]);
	assert_null(ot_table_next(&table, (uint64_t)end));
	free_window(window);
}

static void test_entries_up_to_both_ends(void **state)
{
	struct window window = make_window();
	struct made made = make_pool(window.low + PAGE / 2);
	char *end = window.low;
	struct ot_table table;

	(void)state;
	while (end < made.pool)
		end = put(end, made.pool, made.fn);
	assert_true(scan(window, window.low, &table));
	assert_int_equal(table.begin, (uint64_t)window.low);
	assert_int_equal(table.end, (uint64_t)end);
	for (end = made.end; end < window.high;)
		end = put(end, made.pool, made.fn);
	assert_true(scan(window, made.end, &table));
	assert_int_equal(table.begin, (uint64_t)made.end);
	assert_int_equal(table.end, (uint64_t)window.high);
	free_window(window);
}

static void test_other_tables_end_it(void **state)
{
	struct window window = make_window();
	struct made made = make_pool(window.low);
	char *first = put(made.end, window.low, made.var);
	char *end = put(first, window.low, made.fn);
	struct ot_table table;

	(void)state;
	put(end, window.low, made.var);
	assert_true(scan(window, first, &table));
	assert_int_equal(table.begin, (uint64_t)first);
	assert_int_equal(table.end, (uint64_t)end);
	free_window(window);
}

static void test_what_a_function_says(void **state)
{
	struct window window = make_window();
	struct made made = make_pool(window.low);
	uint64_t low = (uint64_t)window.low, high = (uint64_t)window.high;
	struct ot_fn fn;

	(void)state;
	put(made.end, window.low + 8, made.fn);
	assert_true(ot_fn_read((uint64_t)made.end, low, high, &fn));
	assert_string_equal(fn.head.name, "f");
	assert_ptr_equal(fn.head.linkage_name, fn.head.name);
	assert_int_equal(fn.symbol, low + 8);
	assert_int_equal(fn.stub, 0);
	put(made.end, window.low + 8, made.var);
	assert_false(ot_fn_read((uint64_t)made.end, low, high, &fn));
	put(made.end, NULL, made.pool);
	assert_false(ot_fn_read((uint64_t)made.end, low, high, &fn));
	free_window(window);
}

static void count_gone(const struct ot_fn *fn, void *context)
{
	assert_non_null(memchr(fn->head.name, 0, PAGE));
	++*(unsigned *)context;
}

/* Whatever is found of a damaged table lies inside the window, consists of sound entries and can be
 * read. */
static void check_damaged(struct window window, const char *anchor)
{
	uint64_t low = (uint64_t)window.low, high = (uint64_t)window.high;
	struct ot_table table;
	unsigned nr = 0;
	uint64_t at;

	if (!scan(window, anchor, &table))
		return;
	assert_true(table.begin >= low && table.end <= high);
	for (at = table.begin; at < table.end; at += sizeof(struct otrace_entry)) {
		struct ot_fn fn;

		assert_true(ot_entry_sound(at, low, high, OT_TABLE_FNS));
		if (ot_fn_read(at, low, high, &fn))
			count_gone(&fn, &nr);
		else
			ot_pool_each_gone(at, low, high, count_gone, &nr);
	}
	assert_int_equal(at, table.end);
}

static void test_damage_in_every_byte(void **state)
{
	struct window window = make_window();
	struct made made = make_pool(window.high - 64);
	char *end = made.end;

	(void)state;
	end = put(end, window.low, made.fn);
	end = put(end, NULL, made.pool);
	put(end, window.low, made.fn);
	for (char *byte = made.pool; byte < window.high; byte++) {
		for (int bit = 0; bit < 8; bit++) {
			*byte ^= (char)(1 << bit);
			check_damaged(window, end);
			check_damaged(window, made.end);
			*byte ^= (char)(1 << bit);
		}
	}
	free_window(window);
}

static void test_noise(void **state)
{
	struct window window = make_window();

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		uint32_t *words = (uint32_t *)(void *)window.low;
		static const uint32_t likely[] = {
			OTRACE_MAGIC_POOL, 16,	       12,	   0,	       8,
			0xfffffff0,	   0xffffffec, 0x01010101, 0x80018001, 64};

		for (unsigned i = 0; i < PAGE / 4; i += 1 + (unsigned)rand() % 8)
			words[i] = likely[(unsigned)rand() % 10];
		check_damaged(window, window.low + (unsigned)rand() % PAGE);
	}
	free_window(window);
}

static void test_anchor_outside(void **state)
{
	struct window window = make_window();
	struct made made = make_pool(window.low + 8);
	struct ot_table table;

	(void)state;
	put(window.low, made.pool, made.fn);
	assert_true(scan(window, window.low, &table));
	assert_false(scan(window, window.low - 8, &table));
	assert_false(scan(window, window.high, &table));
	assert_false(scan(window, window.high - 4, &table));
	assert_false(scan(window, window.low + 2, &table));
	assert_false(scan(window, NULL, &table));
	free_window(window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_from_any_entry),
		cmocka_unit_test(test_entries_up_to_both_ends),
		cmocka_unit_test(test_other_tables_end_it),
		cmocka_unit_test(test_what_a_function_says),
		cmocka_unit_test(test_damage_in_every_byte),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_anchor_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
