/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a program is asked when much of it is shown: the memory is that of this process. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "model/value.h"
#include "target/impl.h"

#define NR 100000u
#define PAGE_BYTES 4096u

static uint8_t memory[64 * PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t table[NR];
static const char *texts[NR];
static char room[NR][16];

static unsigned int nr_asked;
static size_t nr_bytes;
static uint64_t hole; /* a page that cannot be read */

static size_t readable(uint64_t address, size_t bytes)
{
	uint64_t page = address / PAGE_BYTES * PAGE_BYTES;

	for (; hole && page < address + bytes; page += PAGE_BYTES)
		if (page == hole)
			return page > address ? page - address : 0;
	return bytes;
}

/* By the kernel: the pages around a variable are the address sanitizer's, too. */
static void copy(const struct ot_target_span *span)
{
	struct iovec here = {span->buf, span->got};
	struct iovec there = {(void *)(uintptr_t)span->address, span->got};

	if (span->got)
		assert_int_equal(process_vm_readv(getpid(), &here, 1, &there, 1, 0), span->got);
}

static struct ot_err *own_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	(void)target;
	nr_asked++;
	for (size_t i = 0; i < nr; i++) {
		spans[i].got = readable(spans[i].address, spans[i].bytes);
		copy(&spans[i]);
		nr_bytes += spans[i].got;
	}
	return NULL;
}

static const struct ot_target_ops own_ops = {.readv = own_readv};
static struct ot_target own = {.ops = &own_ops, .state = OT_TARGET_RUNNING};

static uint64_t address_of(const void *at)
{
	return (uint64_t)(uintptr_t)at;
}

static int begin(void **state)
{
	(void)state;
	nr_asked = 0;
	nr_bytes = 0;
	hole = 0;
	ot_target_on_wait(NULL);
	for (unsigned int i = 0; i < NR; i++) {
		table[i] = i;
		snprintf(room[i], sizeof(room[i]), "t%u", i);
		texts[i] = room[i];
	}
	return 0;
}

static bool reads_as(const void *at, size_t bytes)
{
	uint8_t got[2 * PAGE_BYTES];
	struct ot_err *err = ot_target_read(&own, address_of(at), got, bytes);
	bool same = !err && !memcmp(got, at, bytes);

	ot_err_destroy(err);
	return same;
}

/* ------------------------------------------------------------------ small pieces */

static void small_pieces_of_a_look_come_from_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (uint8_t)(i * 7 + i / 256);
	ot_target_look_begin(&own);
	for (size_t at = 0; at + 100 < sizeof(memory); at += 60)
		assert_true(reads_as(memory + at, 100));
	assert_int_equal(nr_asked, 64);
	/* what is used again and again is not what has to go */
	for (size_t i = 0; i < 100; i++) {
		assert_true(reads_as(memory, 8));
		assert_true(reads_as(room[i * 1000], 16));
	}
	assert_in_range(nr_asked, 65, 64 + 2 * 100);
	/* large ones are read as they are */
	nr_asked = 0;
	assert_true(reads_as(memory, 2 * PAGE_BYTES));
	assert_int_equal(nr_asked, 1);
	ot_target_look_end(&own);
	assert_null(own.recent);
}

static void without_a_look_nothing_is_kept(void **state)
{
	(void)state;
	assert_true(reads_as(memory, 8));
	memory[0]++;
	assert_true(reads_as(memory, 8));
	assert_int_equal(nr_asked, 2);
	assert_int_equal(nr_bytes, 16);
	ot_target_look_begin(&own);
	ot_target_look_begin(&own);
	assert_true(reads_as(memory, 8));
	ot_target_look_end(&own);
	assert_true(reads_as(memory, 8));
	assert_int_equal(nr_asked, 3);
	ot_target_look_end(&own);
	memory[0]++;
	assert_true(reads_as(memory, 8));
}

static void a_page_that_cannot_be_read_ends_a_piece(void **state)
{
	uint8_t got[64];
	struct ot_target_span span = {
		.address = address_of(memory) + PAGE_BYTES - 16, .buf = got, .bytes = 64};

	(void)state;
	hole = address_of(memory) + PAGE_BYTES;
	ot_target_look_begin(&own);
	assert_null(ot_target_readv(&own, &span, 1));
	assert_int_equal(span.got, 16);
	hole = 0;
	assert_null(ot_target_readv(&own, &span, 1));
	assert_int_equal(span.got, 64);
	assert_memory_equal(got, memory + PAGE_BYTES - 16, 64);
	ot_target_look_end(&own);
}

/* ------------------------------------------------------------------ long arrays */

static const struct ot_type number = {.kind = OTRACE_TYPE_BASE,
				      .name = "unsigned long",
				      .size_bytes = 8,
				      .encoding = OTRACE_ENC_UNSIGNED};
static const struct ot_type letter = {.kind = OTRACE_TYPE_BASE,
				      .name = "char",
				      .size_bytes = 1,
				      .encoding = OTRACE_ENC_SIGNED_CHAR};
static const struct ot_type text = {
	.kind = OTRACE_TYPE_POINTER, .target = &letter, .size_bytes = 8};

static char *shown(const struct ot_type *element, const void *at, struct ot_format format,
		   bool json)
{
	const struct ot_type array = {.kind = OTRACE_TYPE_ARRAY,
				      .target = element,
				      .count = NR,
				      .size_bytes = NR * ot_type_size(element)};
	struct ot_value value;
	struct ot_buf out = OT_BUF_INIT;

	format.target = &own;
	ot_value_at(&array, address_of(at), &value);
	ot_target_look_begin(&own);
	if (json)
		ot_value_json(&format, &value, &out);
	else
		ot_value_format(&format, &value, &out);
	ot_target_look_end(&own);
	return ot_buf_take(&out);
}

static void a_long_array_is_read_in_large_pieces(void **state)
{
	for (int json = 0; json < 2; json++) {
		ot_auto_free char *got =
			shown(&number, table, (struct ot_format){.max_elements = NR}, json);

		assert_non_null(strstr(got, json ? ",32768,32769," : " 32768, 32769, "));
		assert_non_null(strstr(got, json ? ",99999]" : " 99999}"));
		/* 800000 bytes, 262144 at a time */
		assert_in_range(nr_asked, 4, 4 + 2 * 4);
		assert_in_range(nr_bytes, sizeof(table), sizeof(table) + 8 * PAGE_BYTES);
		begin(state);
	}
}

static void no_more_is_read_than_is_shown(void **state)
{
	ot_auto_free char *got =
		shown(&number, table, (struct ot_format){.max_elements = 33000}, false);

	(void)state;
	assert_non_null(strstr(got, " 32999, ...}"));
	assert_in_range(nr_bytes, 33000 * 8, 33000 * 8 + 4 * PAGE_BYTES);
}

static void what_does_not_fit_on_a_line_is_not_written_on_one(void **state)
{
	ot_auto_free char *got =
		shown(&text, texts, (struct ot_format){.max_elements = 200, .width = 80}, false);
	unsigned int of_lines = nr_asked;
	ot_auto_free char *line = NULL;

	begin(state);
	line = shown(&text, texts, (struct ot_format){.max_elements = 200}, false);
	assert_string_equal(got, line);
	assert_int_equal(of_lines, nr_asked);
}

static void texts_behind_an_array_share_requests(void **state)
{
	ot_auto_free char *got = shown(&text, texts, (struct ot_format){.max_elements = NR}, false);

	(void)state;
	assert_non_null(strstr(got, "\"t99999\"}"));
	/* 16 bytes each: one request for what lies in a page */
	assert_in_range(nr_asked, 4, 2 * sizeof(room) / PAGE_BYTES);
}

static void equal_elements_are_counted_everywhere(void **state)
{
	ot_auto_free char *got = NULL;

	(void)state;
	memset(table + 50000, 0, 40000 * sizeof(*table));
	got = shown(&number, table, (struct ot_format){.max_elements = NR}, false);
	assert_non_null(strstr(got, " 49999, 0 <repeats 40000 times>, 90000,"));
}

static void a_hole_in_an_array_is_shown_and_what_lies_behind_it_too(void **state)
{
	ot_auto_free char *got = NULL;
	char expected[64];

	(void)state;
	hole = address_of(&table[40000]) / PAGE_BYTES * PAGE_BYTES;
	got = shown(&number, table, (struct ot_format){.max_elements = NR}, false);
	snprintf(expected, sizeof(expected), "<unreadable 0x%llx>", (unsigned long long)hole);
	assert_non_null(strstr(got, expected));
	assert_non_null(strstr(got, " 41000, 41001,"));
	assert_non_null(strstr(got, " 99999}"));
}

/* ------------------------------------------------------------------ Ctrl-C */

static unsigned int nr_questions;

static bool at_the_thousandth(void)
{
	return ++nr_questions >= 1000;
}

static void who_has_had_enough_is_not_made_to_wait(void **state)
{
	for (int json = 0; json < 2; json++) {
		ot_auto_free char *got = NULL;

		nr_questions = 0;
		ot_target_on_wait(at_the_thousandth);
		got = shown(&number, table, (struct ot_format){.max_elements = NR}, json);
		assert_null(strstr(got, "1001"));
		assert_int_equal(nr_asked, 1);
		begin(state);
	}
}

static void what_was_captured_is_shown_whole(void **state)
{
	const struct ot_type array = {.kind = OTRACE_TYPE_ARRAY,
				      .target = &number,
				      .count = 3000,
				      .size_bytes = 3000 * 8};
	ot_auto_value struct ot_value value = {0};
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;

	(void)state;
	nr_questions = 0;
	ot_target_on_wait(at_the_thousandth);
	ot_value_of_bytes(&array, table, 3000 * 8, &value);
	ot_value_format(&(struct ot_format){.max_elements = NR}, &value, &out);
	assert_non_null(strstr(ot_buf_text(&out), " 2999}"));
	ot_target_on_wait(NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(small_pieces_of_a_look_come_from_pages),
		TEST(without_a_look_nothing_is_kept),
		TEST(a_page_that_cannot_be_read_ends_a_piece),
		TEST(a_long_array_is_read_in_large_pieces),
		TEST(no_more_is_read_than_is_shown),
		TEST(what_does_not_fit_on_a_line_is_not_written_on_one),
		TEST(texts_behind_an_array_share_requests),
		TEST(equal_elements_are_counted_everywhere),
		TEST(a_hole_in_an_array_is_shown_and_what_lies_behind_it_too),
		TEST(who_has_had_enough_is_not_made_to_wait),
		TEST(what_was_captured_is_shown_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
