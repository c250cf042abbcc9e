/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside */
/* The table of tags: against a plain list, at its limits, and with threads that change it while others look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/area.h"
#include "core/requests.h"
#include "core/tags.h"
#include "core/tagtable.h"
#include "core/thread.h"

#define HERE 0x7f0000000000ull

static uint32_t add(uint64_t address, uint64_t bytes)
{
	struct ot_tag tag = {.address = address, .bytes = bytes};
	uint32_t replaced;

	return ot_tag_add(&tag, &replaced) ? tag.number : 0;
}

static void drop_at(uint64_t address)
{
	struct ot_tag_hit hit;

	assert_true(ot_tag_find(address, &hit));
	assert_true(ot_tag_take(&hit));
	ot_tag_drop(&hit);
}

static void drop_all(void)
{
	struct ot_tag_hit hit;

	for (uint32_t slot = 0; ot_tag_next(&slot, &hit, NULL);) {
		assert_true(ot_tag_take(&hit));
		ot_tag_drop(&hit);
	}
	assert_int_equal(ot_tags_nr(), 0);
}

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(ot_tag_of(HERE), 0);
	return ot_tag_table_map() ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	drop_all();
	return 0;
}

static void test_all_of_an_extent_is_covered_and_no_more(void **state)
{
	const uint64_t sizes[] = {1,   2,    8,	    63,	     64,       65,
				  200, 4096, 70000, 1 << 20, 3u << 30, 1ull << 36};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t at = HERE + 8 * (i + 1), bytes = sizes[i];
		uint32_t number = add(at, bytes);

		assert_true(number);
		assert_int_equal(ot_tag_of(at), number);
		assert_int_equal(ot_tag_of(at + bytes / 2), number);
		assert_int_equal(ot_tag_of(at + bytes - 1), number);
		assert_int_equal(ot_tag_of(at - 1), 0);
		assert_int_equal(ot_tag_of(at + bytes), 0);
		drop_at(at);
		assert_int_equal(ot_tag_of(at), 0);
	}
}

static void test_what_cannot_be_an_object_is_refused(void **state)
{
	(void)state;
	assert_int_equal(add(0, 8), 0);
	assert_int_equal(add(~0ull - 7, 8), 0);
	assert_int_equal(add(HERE, 0), 0);
	assert_int_equal(add(HERE, (1ull << 36) + 1), 0);
	assert_int_equal(ot_tags_nr(), 0);
}

static void test_tagging_again_replaces(void **state)
{
	struct ot_tag tag = {.address = HERE, .bytes = 100, .facts = {.counter = 7}};
	struct ot_tag_facts facts;
	struct ot_tag_hit hit;
	uint32_t first = add(HERE, 100), replaced, slot = 0;

	(void)state;
	assert_true(ot_tag_add(&tag, &replaced));
	assert_int_equal(replaced, first);
	assert_int_not_equal(tag.number, first);
	assert_int_equal(ot_tag_of(HERE + 99), tag.number);
	assert_int_equal(ot_tags_nr(), 1);
	tag.bytes = 5000; /* another level */
	assert_true(ot_tag_add(&tag, &replaced));
	assert_int_equal(ot_tag_of(HERE + 4999), tag.number);
	assert_true(ot_tag_next(&slot, &hit, &facts));
	assert_int_equal(hit.number, tag.number);
	assert_int_equal(facts.counter, 7);
	assert_false(ot_tag_next(&slot, &hit, &facts));
}

static void test_the_smallest_extent_is_found_first(void **state)
{
	uint32_t outer = add(HERE, 100000), inner = add(HERE + 640, 32);

	(void)state;
	assert_int_equal(ot_tag_of(HERE + 650), inner);
	assert_int_equal(ot_tag_of(HERE + 700), outer);
	drop_at(HERE + 640);
	assert_int_equal(ot_tag_of(HERE + 650), outer);
}

static void test_who_has_taken_a_tag_has_it_alone(void **state)
{
	struct ot_tag_hit hit, again;
	uint32_t number = add(HERE, 50);

	(void)state;
	assert_true(ot_tag_find(HERE + 10, &hit));
	again = hit;
	assert_true(ot_tag_take(&hit));
	assert_false(ot_tag_take(&again));
	assert_int_equal(ot_tag_of(HERE), 0);
	assert_true(ot_tag_move(&hit, HERE + 1000, 20));
	assert_int_equal(ot_tag_of(HERE), 0);
	assert_int_equal(ot_tag_of(HERE + 1019), number);
	assert_int_equal(ot_tag_of(HERE + 1020), 0);
	assert_false(ot_tag_take(&again));
	assert_true(ot_tag_find(HERE + 1000, &hit) && ot_tag_take(&hit));
	ot_tag_put_back(&hit);
	assert_int_equal(ot_tag_of(HERE + 1000), number);
}

static void test_small_objects_side_by_side(void **state)
{
	uint32_t numbers[10000];

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		assert_true(numbers[i] = add(HERE + i * 16, 16));
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(ot_tag_of(HERE + i * 16 + 15), numbers[i]);
	for (uint32_t i = 0; i < 10000; i += 2)
		drop_at(HERE + i * 16);
	ot_tag_table_sweep();
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(ot_tag_of(HERE + i * 16), i % 2 ? numbers[i] : 0);
	assert_int_equal(ot_tags_nr(), 5000);
}

static void test_so_many_objects_of_a_usual_size_have_room(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		assert_true(add(HERE + i * 336, 200 + i % 100));
	for (uint32_t i = 0; i < 10000; i++) {
		assert_true(ot_tag_of(HERE + i * 336 + 199));
		assert_false(ot_tag_of(HERE + i * 336 + 300));
	}
}

static void test_a_full_table_refuses_and_takes_again(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < OT_TAGS_MAX; i++)
		assert_true(add(HERE + i * 4096ull, 64));
	assert_int_equal(add(HERE - 4096, 64), 0);
	assert_int_equal(ot_tags_nr(), OT_TAGS_MAX);
	drop_at(HERE + 77 * 4096ull);
	assert_true(add(HERE - 4096, 64));
}

/* 64 in one granule find no room, and what did not is not there in part. */
static void test_a_crowd_is_refused_without_a_trace(void **state)
{
	uint32_t nr = 0;

	(void)state;
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t number = add(HERE + i, 1);

		assert_int_equal(ot_tag_of(HERE + i), number);
		nr += number != 0;
	}
	assert_in_range(nr, 16, 63);
	assert_int_equal(ot_tags_nr(), nr);
	drop_all();
	for (uint32_t i = 0; i < 8; i++)
		assert_true(add(HERE + i, 1));
}

/* ------------------------------------------------------------------ against a list */

#define MODEL_MOST 600u

struct model {
	uint64_t address;
	uint64_t bytes;
	uint32_t number;
};

static struct model model[MODEL_MOST];
static uint32_t nr_model;
static uint64_t seed = 5;

static uint64_t some(uint64_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static uint64_t some_bytes(void)
{
	return 1 + some(1ull << (1 + some(16)));
}

/* The number may be that of any tag that covers the address. */
static bool is_right(uint64_t address, uint32_t number)
{
	bool covered = false;

	for (uint32_t i = 0; i < nr_model; i++) {
		bool is = address - model[i].address < model[i].bytes;

		covered |= is;
		if (is && model[i].number == number)
			return true;
	}
	return !covered && !number;
}

static void change_model(void)
{
	uint32_t which = nr_model ? (uint32_t)some(nr_model) : 0;
	struct model made = {.address = HERE + some(1 << 19) * 8, .bytes = some_bytes()};
	struct ot_tag_hit hit;

	for (uint32_t i = 0; i < nr_model; i++)
		if (model[i].address == made.address)
			return;
	if (nr_model < MODEL_MOST && some(3)) {
		made.number = add(made.address, made.bytes);
		assert_true(made.number);
		model[nr_model++] = made;
		return;
	}
	while (ot_tag_find_inside(model[which].address, model[which].address + 1, &hit)) {
		assert_int_equal(hit.number, model[which].number);
		assert_true(ot_tag_take(&hit));
		if (some(2)) {
			assert_true(ot_tag_move(&hit, made.address, made.bytes));
			made.number = hit.number;
			model[which] = made;
			return;
		}
		ot_tag_drop(&hit);
	}
	model[which] = model[--nr_model];
}

static void test_random_changes_are_as_in_a_list(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 20000; turn++) {
		uint64_t address = HERE + some(1 << 22);

		change_model();
		if (nr_model && turn % 2)
			address = model[some(nr_model)].address + some(1000);
		assert_true(is_right(address, ot_tag_of(address)));
		if (turn % 512 == 0)
			ot_tag_table_sweep();
	}
	assert_int_equal(ot_tags_nr(), nr_model);
	assert_true(nr_model > 100);
}

/* Also over more granules than are walked one by one. */
static void test_what_begins_inside_is_found(void **state)
{
	struct ot_tag_hit hit;
	uint32_t nr = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_true(add(HERE + i * 100, i % 3 ? 10 : 3000));
	assert_false(ot_tag_find_inside(HERE - 4096, HERE, &hit));
	assert_false(ot_tag_find_inside(HERE + 1, HERE + 100, &hit));
	while (ot_tag_find_inside(HERE + 1, HERE + 5000, &hit)) {
		assert_in_range(hit.address, HERE + 1, HERE + 4999);
		assert_true(ot_tag_take(&hit));
		ot_tag_drop(&hit);
		nr++;
	}
	assert_int_equal(nr, 49);
	assert_true(ot_tag_find_inside(HERE - (1ull << 30), HERE + (1ull << 30), &hit));
}

/* Blocks of any size, with one object in them and one on either side. */
static void test_one_that_begins_inside_is_found_in_blocks_of_any_size(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 4000; turn++) {
		uint64_t bytes = 32 + some(1ull << (1 + some(22)));
		uint64_t block = HERE + some(1ull << 24) * 16, at = block + some(bytes - 8);
		uint32_t inner = add(at, some_bytes());
		struct ot_tag_hit hit;

		assert_true(add(block - 64, 64 + (turn % 2 ? bytes : 0)));
		assert_true(add(block + bytes, 16));
		assert_true(ot_tag_find_inside(block, block + bytes, &hit));
		assert_int_equal(hit.number, inner);
		assert_int_equal(hit.address, at);
		assert_true(ot_tag_take(&hit));
		ot_tag_drop(&hit);
		assert_false(ot_tag_find_inside(block, block + bytes, &hit));
		drop_all();
	}
	assert_int_equal(ot_tags_nr(), 0);
}

/* ------------------------------------------------------------------ threads */

#define NR_CHANGERS 3u
#define NR_LASTING 500u
#define ROUNDS 4000u

static uint32_t lasting[NR_LASTING];
static uint32_t over;
static uint32_t wrong;

static uint64_t lasting_at(uint32_t i)
{
	return HERE + i * 320ull;
}

static void note(bool right)
{
	if (!right)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

/* Between the lasting ones, so that they share granules and cells. */
static void *change(void *context)
{
	uint64_t base = 192 + 32 * (uint64_t)(uintptr_t)context;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint64_t at = lasting_at(i % NR_LASTING) + base;
		uint64_t there = lasting_at((i * 7 + 3) % NR_LASTING) + base;
		struct ot_tag tag = {.address = at, .bytes = 32};
		struct ot_tag_hit hit;
		uint32_t replaced;

		note(ot_tag_add(&tag, &replaced) && !replaced);
		note(ot_tag_of(at + 31) == tag.number);
		note(ot_tag_find(at, &hit) && ot_tag_take(&hit));
		if (i % 2) {
			note(ot_tag_move(&hit, there, 16));
			note(ot_tag_of(there + 15) == tag.number);
			note(ot_tag_find(there, &hit) && ot_tag_take(&hit));
		}
		ot_tag_drop(&hit);
		note(!ot_tag_of(at) && !ot_tag_of(there));
	}
	return NULL;
}

static void *look(void *context)
{
	(void)context;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		for (uint32_t i = 0; i < NR_LASTING; i++) {
			note(ot_tag_of(lasting_at(i) + i % 192) == lasting[i]);
			note(!ot_tag_of(lasting_at(i) + 319));
		}
	return NULL;
}

/* Who wins a tag that several want ends it, once. */
static uint32_t nr_won;

static void *fight(void *context)
{
	struct ot_tag_hit hit;

	(void)context;
	for (uint32_t i = 0; i < NR_LASTING; i++)
		if (ot_tag_find(lasting_at(i), &hit) && ot_tag_take(&hit)) {
			ot_tag_drop(&hit);
			__atomic_fetch_add(&nr_won, 1, __ATOMIC_RELAXED);
		}
	return NULL;
}

static void run_threads(unsigned nr, void *(*run)(void *context))
{
	pthread_t threads[8];

	for (unsigned i = 0; i < nr; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)i), 0);
	for (unsigned i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

static void *sweep(void *context)
{
	(void)context;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		ot_tag_table_sweep();
	return NULL;
}

static void test_threads_change_and_look_at_once(void **state)
{
	pthread_t looker, sweeper;

	(void)state;
	for (uint32_t i = 0; i < NR_LASTING; i++)
		assert_true(lasting[i] = add(lasting_at(i), 192));
	assert_int_equal(pthread_create(&looker, NULL, look, NULL), 0);
	assert_int_equal(pthread_create(&sweeper, NULL, sweep, NULL), 0);
	run_threads(NR_CHANGERS, change);
	__atomic_store_n(&over, 1, __ATOMIC_RELEASE);
	pthread_join(looker, NULL);
	pthread_join(sweeper, NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(ot_tags_nr(), NR_LASTING);
	run_threads(4, fight);
	assert_int_equal(nr_won, NR_LASTING);
	assert_int_equal(ot_tags_nr(), 0);
}

static void test_a_child_has_none(void **state)
{
	uint32_t number = add(HERE, 64);

	(void)state;
	ot_tag_table_forget();
	assert_int_equal(ot_tag_of(HERE), 0);
	assert_int_equal(ot_tags_nr(), 0);
	assert_true(add(HERE, 64) > number);
}

/* ------------------------------------------------------------------ hooks */

static const struct otrace_rec *last_record(uint64_t from)
{
	const struct otrace_ring *ring = ot_tls.thread->ring;

	assert_true(ring->head > from);
	return (const void *)((const char *)ring + 4096 + from % ot_area->ring_bytes);
}

static uint64_t head_of_ring(void)
{
	return ot_tls.thread->ring->head;
}

static void test_what_hooks_tag_is_told(void **state)
{
	static const struct ot_arm arm;
	const struct otrace_rec_tag *rec;
	uint32_t first;
	uint64_t from;

	(void)state;
	assert_true(ot_area_create(1 << 20, 1 << 16) && ot_area_map_rings());
	assert_non_null(ot_thread_slow((uint64_t)__builtin_frame_address(0) + OT_HOOK_LOW, &arm));
	ot_tag_from_hook(HERE, 24, 11, 3, ot_tags_session()); /* takes a sub-buffer */
	first = ot_tag_of(HERE + 23);
	assert_true(first);
	from = head_of_ring();
	ot_tag_from_hook(HERE, 48, 12, 4, ot_tags_session());
	rec = (const void *)last_record(from);
	assert_int_equal(rec->rec.type, OTRACE_REC_TAG);
	assert_int_equal(rec->rec.nr_words * 8u, sizeof(*rec));
	assert_int_equal(rec->rec.call_seq, 12);
	assert_int_equal(rec->number, ot_tag_of(HERE + 47));
	assert_int_equal(rec->replaced, first);
	assert_int_equal(rec->address, HERE);
	assert_int_equal(rec->bytes, 48);
	assert_int_equal(rec->counter, 4);
	/* what is no address of an object is lost, and nothing says that it is there */
	from = head_of_ring();
	ot_tag_from_hook(~0ull - 3, 24, 13, 4, OT_TAG_KEPT);
	assert_int_equal(head_of_ring(), from);
	assert_int_equal(ot_tags_nr(), 1);
}

/* A rule keeps the number of its session; a trace that stays has none. */
static void test_a_hook_of_a_shell_that_has_gone_tags_nothing(void **state)
{
	uint32_t session = ot_tags_session();
	uint64_t from;

	(void)state;
	ot_tag_from_hook(HERE, 24, 11, 3, session);
	assert_int_equal(ot_tags_nr(), 1);
	drop_all();
	ot_tags_shell_gone();
	assert_int_not_equal(ot_tags_session(), session);
	from = head_of_ring();
	ot_tag_from_hook(HERE, 24, 12, 3, session);
	assert_int_equal(ot_tags_nr(), 0);
	assert_int_equal(head_of_ring(), from);
	ot_tag_from_hook(HERE, 24, 13, 3, ot_tags_session());
	ot_tag_from_hook(HERE + 24, 24, 14, 3, OT_TAG_KEPT);
	assert_int_equal(ot_tags_nr(), 2);
}

static uint64_t untag(const uint32_t *numbers, uint64_t nr)
{
	struct ot_payload in = {(const uint8_t *)numbers, nr * sizeof(*numbers)};
	struct ot_reply reply;
	uint64_t ret;

	ot_reply_init(&reply);
	ot_request_untag(NULL, in, &reply);
	memcpy(&ret, reply.bytes + sizeof(struct otrace_msg), sizeof(ret));
	ot_reply_deinit(&reply);
	return ret;
}

/* More than are looked for at once, some of them twice, some unknown, and none (0). */
static void test_many_are_untagged_by_their_numbers(void **state)
{
	static uint32_t numbers[10000];

	(void)state;
	assert_int_equal(ot_tags_prepare(), OTRACE_E_OK);
	for (uint32_t i = 0; i < 9000; i++) {
		numbers[i] = add(HERE + i * 64, 64);
		assert_true(numbers[i]);
	}
	for (uint32_t i = 0; i < 9000; i += 3)
		numbers[i] = i % 2 ? 0 : UINT32_MAX - i;
	memcpy(&numbers[9000], numbers, 1000 * sizeof(numbers[0]));
	assert_int_equal(untag(numbers, 10000), 6000);
	assert_int_equal(ot_tags_nr(), 3000);
	for (uint32_t i = 0; i < 9000; i++)
		assert_int_equal(ot_tag_of(HERE + i * 64) != 0, i % 3 == 0);
	assert_int_equal(untag(numbers, 10000), 0);
	assert_int_equal(untag(NULL, 0), 3000);
	assert_int_equal(ot_tags_nr(), 0);
}

static void test_one_that_was_added_is_withdrawn_unless_somebody_has_it(void **state)
{
	struct ot_tag tag = {.address = HERE, .bytes = 8};
	struct ot_tag_hit hit;
	uint32_t replaced;

	(void)state;
	assert_true(ot_tag_add(&tag, &replaced));
	assert_true(ot_tag_find(HERE, &hit) && ot_tag_take(&hit));
	ot_tag_withdraw(&tag);
	assert_int_equal(ot_tags_nr(), 1);
	ot_tag_put_back(&hit);
	ot_tag_withdraw(&tag);
	assert_int_equal(ot_tags_nr(), 0);
	ot_tag_withdraw(&tag);
	assert_int_equal(ot_tags_nr(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_all_of_an_extent_is_covered_and_no_more, tear_down),
		cmocka_unit_test_teardown(test_what_cannot_be_an_object_is_refused, tear_down),
		cmocka_unit_test_teardown(test_tagging_again_replaces, tear_down),
		cmocka_unit_test_teardown(test_the_smallest_extent_is_found_first, tear_down),
		cmocka_unit_test_teardown(test_who_has_taken_a_tag_has_it_alone, tear_down),
		cmocka_unit_test_teardown(test_small_objects_side_by_side, tear_down),
		cmocka_unit_test_teardown(test_so_many_objects_of_a_usual_size_have_room,
					  tear_down),
		cmocka_unit_test_teardown(test_a_full_table_refuses_and_takes_again, tear_down),
		cmocka_unit_test_teardown(test_a_crowd_is_refused_without_a_trace, tear_down),
		cmocka_unit_test_teardown(test_random_changes_are_as_in_a_list, tear_down),
		cmocka_unit_test_teardown(test_what_begins_inside_is_found, tear_down),
		cmocka_unit_test_teardown(
			test_one_that_begins_inside_is_found_in_blocks_of_any_size, tear_down),
		cmocka_unit_test_teardown(test_threads_change_and_look_at_once, tear_down),
		cmocka_unit_test_teardown(test_a_child_has_none, tear_down),
		cmocka_unit_test_teardown(test_what_hooks_tag_is_told, tear_down),
		cmocka_unit_test_teardown(test_a_hook_of_a_shell_that_has_gone_tags_nothing,
					  tear_down),
		cmocka_unit_test_teardown(test_many_are_untagged_by_their_numbers, tear_down),
		cmocka_unit_test_teardown(
			test_one_that_was_added_is_withdrawn_unless_somebody_has_it, tear_down),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
