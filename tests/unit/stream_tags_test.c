/* SPDX-License-Identifier: BSD-2-Clause */
/* What the shell knows of tags: which one covered an address, and when. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "stream/tags.h"

#define HERE 0x7f0000000000ull

static uint64_t seed = 7;

static uint64_t some(uint64_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static void set(struct ot_tags *tags, uint32_t number, uint64_t address, uint64_t bytes,
		uint64_t time_ns)
{
	struct otrace_rec_tag rec = {.rec = {.nr_words = sizeof(rec) / 8, .type = OTRACE_REC_TAG},
				     .number = number,
				     .address = address,
				     .bytes = bytes};

	ot_tags_feed(tags, 1, &rec.rec, time_ns);
}

static void move(struct ot_tags *tags, uint32_t number, uint64_t from, uint64_t address,
		 uint64_t bytes, uint64_t time_ns)
{
	struct otrace_rec_tag_moved rec = {.rec = {.nr_words = sizeof(rec) / 8,
						   .type = OTRACE_REC_TAG_MOVED},
					   .number = number,
					   .from = from,
					   .address = address,
					   .bytes = bytes};

	ot_tags_feed(tags, 1, &rec.rec, time_ns);
}

static void end(struct ot_tags *tags, uint32_t number, uint64_t time_ns)
{
	struct otrace_rec_tag_died rec = {.rec = {.nr_words = sizeof(rec) / 8,
						  .type = OTRACE_REC_TAG_DIED},
					  .number = number,
					  .why = OTRACE_TAG_FREED};

	ot_tags_feed(tags, 1, &rec.rec, time_ns);
}

static uint32_t when(const struct ot_tags *tags, uint64_t address, uint64_t time_ns, bool past)
{
	const struct ot_tag *tag = ot_tags_when(tags, address, time_ns, past);

	return tag ? tag->number : 0;
}

static void test_the_innermost_is_found(void **state)
{
	struct ot_tags *tags = ot_tags_create();

	(void)state;
	assert_int_equal(when(tags, HERE, 10, true), 0);
	set(tags, 1, HERE, 1000, 10);
	set(tags, 2, HERE + 100, 50, 10);
	set(tags, 3, HERE + 120, 8, 10);
	assert_int_equal(when(tags, HERE - 1, 10, false), 0);
	assert_int_equal(when(tags, HERE, 10, false), 1);
	assert_int_equal(when(tags, HERE + 149, 10, false), 2);
	assert_int_equal(when(tags, HERE + 150, 10, false), 1);
	assert_int_equal(when(tags, HERE + 127, 10, false), 3);
	assert_int_equal(when(tags, HERE + 128, 10, false), 2);
	assert_int_equal(when(tags, HERE + 1000, 10, false), 0);
	assert_int_equal(ot_tags_at(tags, HERE + 121)->number, 3);
	assert_int_equal(ot_tags_nr_known(tags), 3);
	ot_tags_destroy(tags);
}

static void test_an_address_has_another_tag_at_another_time(void **state)
{
	struct ot_tags *tags = ot_tags_create();

	(void)state;
	set(tags, 1, HERE, 64, 10);
	end(tags, 1, 20);
	set(tags, 2, HERE, 64, 30);
	assert_int_equal(when(tags, HERE + 8, 9, true), 0);
	assert_int_equal(when(tags, HERE + 8, 10, true), 1);
	assert_int_equal(when(tags, HERE + 8, 10, false), 0);
	assert_int_equal(when(tags, HERE + 8, 19, true), 1);
	assert_int_equal(when(tags, HERE + 8, 20, true), 0);
	assert_int_equal(when(tags, HERE + 8, 29, true), 0);
	assert_int_equal(when(tags, HERE + 8, 30, true), 2);
	move(tags, 2, HERE, HERE + 4096, 32, 40);
	assert_int_equal(when(tags, HERE + 8, 41, true), 0);
	assert_int_equal(when(tags, HERE + 4096 + 31, 41, true), 2);
	assert_int_equal(when(tags, HERE + 4096 + 32, 41, true), 0);
	ot_tags_destroy(tags);
}

static void test_one_that_was_not_seen_for_a_while_is_there_again(void **state)
{
	struct ot_tags *tags = ot_tags_create();
	struct otrace_tag_info info = {.number = 1, .address = HERE + 640, .bytes = 64};

	(void)state;
	set(tags, 1, HERE, 64, 10);
	ot_tags_sync(tags, NULL, 0, 20);
	assert_int_equal(when(tags, HERE, 30, false), 0);
	ot_tags_sync(tags, &info, 1, 40);
	assert_int_equal(when(tags, HERE, 50, false), 0);
	assert_int_equal(when(tags, HERE + 640, 50, false), 1);
	ot_tags_destroy(tags);
}

/* ------------------------------------------------------------------ against a list */

#define NR 400u

struct model {
	uint64_t address;
	uint64_t bytes;
	uint32_t number; /* 0 = it has ended */
};

static struct model model[NR];

static void change(struct ot_tags *tags, struct model *one, uint32_t *last, uint64_t now)
{
	uint64_t address = HERE + some(1 << 16) * 8, bytes = 1 + some(1ull << (1 + some(10)));

	for (unsigned i = 0; i < NR; i++)
		if (model[i].number && model[i].address == address)
			return;
	if (!one->number) {
		one->number = ++*last;
		set(tags, one->number, address, bytes, now);
	} else if (some(2)) {
		move(tags, one->number, one->address, address, bytes, now);
	} else {
		end(tags, one->number, now);
		one->number = 0;
	}
	one->address = address;
	one->bytes = bytes;
}

/* Of several that have the address, the one that begins last. */
static uint32_t expected(uint64_t address)
{
	const struct model *best = NULL;

	for (unsigned i = 0; i < NR; i++)
		if (model[i].number && address - model[i].address < model[i].bytes &&
		    (!best || model[i].address > best->address))
			best = &model[i];
	return best ? best->number : 0;
}

static void test_random_changes_are_as_in_a_list(void **state)
{
	struct ot_tags *tags = ot_tags_create();
	uint32_t last = 0;

	(void)state;
	for (uint64_t turn = 1; turn < 40000; turn++) {
		uint64_t address = HERE + some(1 << 19);

		change(tags, &model[some(NR)], &last, turn);
		assert_int_equal(when(tags, address, turn, false), expected(address));
	}
	assert_true(last > OT_TAGS_ENDED_MAX / 2);
	ot_tags_destroy(tags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_innermost_is_found),
		cmocka_unit_test(test_an_address_has_another_tag_at_another_time),
		cmocka_unit_test(test_one_that_was_not_seen_for_a_while_is_there_again),
		cmocka_unit_test(test_random_changes_are_as_in_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
