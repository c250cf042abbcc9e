/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairing beginnings and ends of calls, and the bounded store. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "stream/calls.h"
#include "stream/clock.h"
#include "stream/store.h"

static struct ot_call_event enter(struct ot_calls *calls, uint32_t tid, uint64_t seq,
				  uint64_t parent, uint32_t depth, uint64_t time)
{
	struct otrace_rec_enter rec = {.rec = {.trace_id = (uint32_t)seq + 1000,
					       .nr_words = sizeof(rec) / 8,
					       .type = OTRACE_REC_ENTER,
					       .call_seq = seq},
				       .parent_seq = parent,
				       .depth = depth};
	struct ot_call_event event;

	ot_calls_feed(calls, tid, &rec.rec, time, &event);
	return event;
}

static struct ot_call_event end(struct ot_calls *calls, uint32_t tid, uint64_t seq, uint8_t type,
				uint64_t time)
{
	struct otrace_rec rec = {.trace_id = (uint32_t)seq + 1000,
				 .nr_words = sizeof(rec) / 8,
				 .type = type,
				 .call_seq = seq};
	struct ot_call_event event;

	ot_calls_feed(calls, tid, &rec, time, &event);
	return event;
}

static void an_end_knows_its_beginning(void **state)
{
	struct ot_calls *calls = ot_calls_create();
	struct ot_call_event event;

	(void)state;
	enter(calls, 1, 10, 0, 1, 100);
	event = enter(calls, 1, 11, 10, 2, 150);
	assert_int_equal(event.parent_seq, 10);
	assert_int_equal(event.parent_trace_id, 1010);
	assert_int_equal(event.parent_time_ns, 100);
	event = end(calls, 1, 11, OTRACE_REC_LEAVE, 170);
	assert_true(event.begin_known);
	assert_int_equal(event.kind, OT_CALL_RETURN);
	assert_int_equal(event.depth, 2);
	assert_int_equal(event.call_time_ns, 150);
	assert_int_equal(event.parent_trace_id, 1010);
	event = end(calls, 1, 10, OTRACE_REC_LEAVE, 300);
	assert_int_equal(event.depth, 1);
	assert_int_equal(event.self_ns, 180);
	ot_calls_destroy(calls);
}

static void threads_do_not_mix(void **state)
{
	struct ot_calls *calls = ot_calls_create();

	(void)state;
	enter(calls, 1, 10, 0, 1, 100);
	enter(calls, 2, 11, 0, 1, 110);
	assert_int_equal(end(calls, 1, 10, OTRACE_REC_LEAVE, 120).call_time_ns, 100);
	assert_int_equal(end(calls, 2, 11, OTRACE_REC_LEAVE, 130).call_time_ns, 110);
	ot_calls_destroy(calls);
}

static void abandoned_calls_end_as_such(void **state)
{
	struct ot_calls *calls = ot_calls_create();

	(void)state;
	enter(calls, 1, 10, 0, 1, 100);
	enter(calls, 1, 11, 10, 2, 110);
	assert_int_equal(end(calls, 1, 11, OTRACE_REC_ABANDONED, 120).kind, OT_CALL_ABANDONED);
	assert_int_equal(end(calls, 1, 10, OTRACE_REC_UNWOUND, 130).kind, OT_CALL_UNWOUND);
	ot_calls_destroy(calls);
}

static void ends_come_in_any_order_on_the_stacks_of_coroutines(void **state)
{
	struct ot_calls *calls = ot_calls_create();

	(void)state;
	enter(calls, 1, 10, 0, 1, 100);
	enter(calls, 1, 11, 10, 2, 110);
	enter(calls, 1, 12, 11, 3, 120);
	assert_int_equal(end(calls, 1, 11, OTRACE_REC_LEAVE, 130).call_time_ns, 110);
	/* The one that is open is the second now; the next is the third. */
	enter(calls, 1, 13, 12, 3, 140);
	assert_int_equal(end(calls, 1, 12, OTRACE_REC_LEAVE, 150).call_time_ns, 120);
	assert_int_equal(end(calls, 1, 13, OTRACE_REC_ABANDONED, 160).call_time_ns, 140);
	assert_int_equal(end(calls, 1, 10, OTRACE_REC_LEAVE, 170).call_time_ns, 100);
	ot_calls_destroy(calls);
}

static void an_end_without_a_beginning_is_no_lie(void **state)
{
	struct ot_calls *calls = ot_calls_create();
	struct ot_call_event event = end(calls, 1, 99, OTRACE_REC_LEAVE, 500);

	(void)state;
	assert_false(event.begin_known);
	assert_int_equal(event.parent_seq, 0);
	assert_int_equal(event.call_time_ns, 500);
	ot_calls_destroy(calls);
}

static void a_lost_end_does_not_pile_up(void **state)
{
	struct ot_calls *calls = ot_calls_create();
	struct ot_call_event event;

	(void)state;
	for (uint64_t seq = 1; seq < 1000; seq++)
		enter(calls, 1, seq, 0, 1, seq);
	event = enter(calls, 1, 2000, 1, 2, 2000);
	/* Call 1 was over when call 2 began at the same depth. */
	assert_int_equal(event.parent_trace_id, 0);
	assert_int_equal(event.parent_seq, 1);
	ot_calls_destroy(calls);
}

static void the_store_keeps_the_newest_and_counts_the_rest(void **state)
{
	struct ot_store *store = ot_store_create(1 << 16);
	struct {
		struct otrace_rec rec;
		uint64_t words[9];
	} record = {.rec = {.nr_words = sizeof(record) / 8}};
	struct ot_store_item item;
	uint64_t at = 0, first = 0, nr = 0;

	(void)state;
	for (uint64_t seq = 1; seq <= 10000; seq++) {
		struct ot_store_item add = {.rec = &record.rec, .tid = 3, .time_ns = seq};

		record.rec.nr_words = (uint16_t)(3 + seq % 9);
		record.rec.call_seq = seq;
		ot_store_add(store, &add);
	}
	while (ot_store_next(store, &at, &item)) {
		if (!first)
			first = item.rec->call_seq;
		assert_int_equal(item.rec->call_seq, first + nr);
		assert_int_equal(item.rec->nr_words, 3 + item.rec->call_seq % 9);
		assert_int_equal(item.time_ns, item.rec->call_seq);
		nr++;
	}
	assert_int_equal(first + nr - 1, 10000);
	assert_int_equal(nr, ot_store_nr(store));
	assert_int_equal(nr + ot_store_dropped(store), 10000);
	assert_true(nr > 500);
	ot_store_destroy(store);
}

static void times_are_utc_and_exact(void **state)
{
	struct ot_clock clock = {.tsc_mult = 1u << 31, /* two ticks a nanosecond */
				 .tsc_shift = 32,
				 .tsc_base = 1000,
				 .realtime_base_ns = 1795356704000000000ull};

	(void)state;
	assert_int_equal(ot_clock_realtime_ns(&clock, 1000), 1795356704000000000ull);
	assert_int_equal(ot_clock_realtime_ns(&clock, 3000), 1795356704000001000ull);
	assert_int_equal(ot_clock_realtime_ns(&clock, 0), 1795356704000000000ull - 500);
	assert_string_equal(ot_clock_text(1795356704000000000ull), "261122-14-11-44");
	assert_string_equal(ot_clock_text(0), "700101-00-00-00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_knows_its_beginning),
		cmocka_unit_test(threads_do_not_mix),
		cmocka_unit_test(abandoned_calls_end_as_such),
		cmocka_unit_test(ends_come_in_any_order_on_the_stacks_of_coroutines),
		cmocka_unit_test(an_end_without_a_beginning_is_no_lie),
		cmocka_unit_test(a_lost_end_does_not_pile_up),
		cmocka_unit_test(the_store_keeps_the_newest_and_counts_the_rest),
		cmocka_unit_test(times_are_utc_and_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
