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

static char *put(char *at, uint32_t magic, uint32_t bytes)
{
	struct otrace_head head = {magic, bytes};
	struct otrace_tail tail = {bytes, ~magic};

	memset(at, 0x5a, bytes);
	memcpy(at, &head, sizeof(head));
	memcpy(at + bytes - sizeof(tail), &tail, sizeof(tail));
	return at + bytes;
}

static bool scan(struct window window, const char *anchor, struct ot_table *ret)
{
	return ot_table_scan((uint64_t)anchor, (uint64_t)window.low, (uint64_t)window.high,
			     OTRACE_MAGIC_FN, OT_FN_MIN_BYTES, ret);
}

static void test_bounds_from_any_record(void **state)
{
	struct window window = make_window();
	char *at[6], *end = window.low + 64;
	struct ot_table table;

	(void)state;
	for (int i = 0; i < 6; i++) {
		at[i] = end;
		end = i % 3 == 1 ? put(end, OTRACE_MAGIC_ANCHOR, 16)
				 : put(end, OTRACE_MAGIC_FN, 120 + 8 * (uint32_t)i);
	}
	for (int i = 0; i < 6; i++) {
		assert_true(scan(window, at[i], &table));
		assert_int_equal(table.begin, (uint64_t)at[0]);
		assert_int_equal(table.end, (uint64_t)end);
		assert_int_equal(table.nr_records, 4);
	}
	assert_ptr_equal(ot_table_next(&table, (uint64_t)at[1], OTRACE_MAGIC_FN), at[2]);
	assert_null(ot_table_next(&table, (uint64_t)end, OTRACE_MAGIC_FN));
	free_window(window);
}

static void test_records_up_to_both_ends(void **state)
{
	struct window window = make_window();
	char *end = put(window.low, OTRACE_MAGIC_ANCHOR, 16);
	struct ot_table table;

	(void)state;
	while (window.high - end >= 256)
		end = put(end, OTRACE_MAGIC_FN, 128);
	end = put(end, OTRACE_MAGIC_FN, (uint32_t)(window.high - end));
	assert_true(scan(window, window.low, &table));
	assert_int_equal(table.begin, (uint64_t)window.low);
	assert_int_equal(table.end, (uint64_t)window.high);
	free_window(window);
}

static void test_other_tables_end_it(void **state)
{
	struct window window = make_window();
	char *first = put(window.low, OTRACE_MAGIC_VAR, 72);
	char *end = put(first, OTRACE_MAGIC_FN, 120);
	struct ot_table table;

	(void)state;
	put(end, OTRACE_MAGIC_VAR, 72);
	assert_true(scan(window, first, &table));
	assert_int_equal(table.begin, (uint64_t)first);
	assert_int_equal(table.end, (uint64_t)end);
	free_window(window);
}

/* Whatever is found of a damaged table lies inside the window and consists of sound records. */
static void check_damaged(struct window window, const char *anchor)
{
	struct ot_table table;
	uint64_t at;

	if (!scan(window, anchor, &table))
		return;
	assert_true(table.begin >= (uint64_t)window.low && table.end <= (uint64_t)window.high);
	for (at = table.begin; at < table.end;) {
		const struct otrace_head *head = (const void *)at;

		assert_true(ot_record_sound(at, table.begin, table.end, head->magic, 16));
		at += head->size_bytes;
	}
	assert_int_equal(at, table.end);
}

static void test_damage_in_every_byte(void **state)
{
	struct window window = make_window();
	char *begin = window.high - 16 - 3 * 120, *end = begin;

	(void)state;
	for (int i = 0; i < 3; i++)
		end = put(end, OTRACE_MAGIC_FN, 120);
	put(end, OTRACE_MAGIC_ANCHOR, 16);
	for (char *byte = begin; byte < window.high; byte++) {
		for (int bit = 0; bit < 8; bit++) {
			*byte ^= (char)(1 << bit);
			check_damaged(window, end);
			check_damaged(window, begin);
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
			OTRACE_MAGIC_FN,  OTRACE_MAGIC_ANCHOR,	16,	    120, 128,
			~OTRACE_MAGIC_FN, ~OTRACE_MAGIC_ANCHOR, 0xfffffff8, 0,	 8};

		for (unsigned i = 0; i < PAGE / 4; i += 1 + (unsigned)rand() % 8)
			words[i] = likely[(unsigned)rand() % 10];
		check_damaged(window, window.low + (unsigned)rand() % PAGE);
	}
	free_window(window);
}

static void test_anchor_outside(void **state)
{
	struct window window = make_window();
	struct ot_table table;

	(void)state;
	put(window.low, OTRACE_MAGIC_FN, 120);
	assert_false(scan(window, window.low - 8, &table));
	assert_false(scan(window, window.high, &table));
	assert_false(scan(window, window.high - 8, &table));
	assert_false(scan(window, window.low + 4, &table));
	assert_false(scan(window, NULL, &table));
	free_window(window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_from_any_record),
		cmocka_unit_test(test_records_up_to_both_ends),
		cmocka_unit_test(test_other_tables_end_it),
		cmocka_unit_test(test_damage_in_every_byte),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_anchor_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
