/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of the trace area, on an area written here. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "stream/rings.h"

#define RING_BYTES (4u * OTRACE_SUBBUF_BYTES)
#define PAGE 4096u
#define RINGS 3u
#define REC_BYTES 64u

/* A writer as the runtime has one for each thread. */
struct writer {
	struct otrace_ring *ring;
	uint8_t *data;
	uint64_t position;
	uint64_t written;
	uint64_t seq;
};

static struct otrace_area *area;
static struct writer writers[RINGS];

static void begin_owner(struct writer *w, uint32_t tid)
{
	w->ring->generation += 2;
	w->ring->nr_before += w->ring->nr_written + w->ring->lost_nested;
	w->ring->owner_tid = tid;
	w->ring->head = 0;
	w->ring->tail = 0;
	w->ring->nr_written = 0;
	w->ring->lost_nested = 0;
	w->position = 0;
	w->written = 0;
}

static int setup(void **state)
{
	size_t stride = PAGE + RING_BYTES;

	(void)state;
	area = aligned_alloc(PAGE, PAGE + RINGS * stride);
	memset(area, 0, PAGE + RINGS * stride);
	area->magic = OTRACE_AREA_MAGIC;
	area->rings_offset = PAGE;
	area->ring_stride_bytes = stride;
	area->ring_bytes = RING_BYTES;
	area->nr_rings = RINGS;
	for (uint32_t i = 0; i < RINGS; i++) {
		memset(&writers[i], 0, sizeof(writers[i]));
		writers[i].ring = (void *)((uint8_t *)area + PAGE + i * stride);
		writers[i].data = (uint8_t *)writers[i].ring + PAGE;
		begin_owner(&writers[i], 100 + i);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(area);
	return 0;
}

static void *place(const struct writer *w)
{
	return w->data + w->position % RING_BYTES;
}

static void write_record(struct writer *w, uint64_t tsc)
{
	uint64_t used = w->position % OTRACE_SUBBUF_BYTES;
	struct otrace_rec *rec;

	if (used + REC_BYTES > OTRACE_SUBBUF_BYTES) {
		rec = place(w);
		rec->type = OTRACE_REC_PAD;
		rec->nr_words = (uint16_t)((OTRACE_SUBBUF_BYTES - used) / 8);
		w->position += OTRACE_SUBBUF_BYTES - used;
		used = 0;
	}
	if (used == 0) {
		struct otrace_subbuf *head = place(w);

		head->position = w->position;
		head->nr_written = w->written;
		w->position += sizeof(*head);
	}
	rec = place(w);
	memset(rec, 0, REC_BYTES);
	rec->trace_id = 7;
	rec->type = OTRACE_REC_LEAVE;
	rec->nr_words = REC_BYTES / 8;
	rec->tsc = tsc;
	rec->call_seq = ++w->seq;
	w->position += REC_BYTES;
	w->written++;
	w->ring->nr_written = w->written;
	w->ring->head = w->position;
}

/* Takes everything: counts records and losses, and checks that sequence numbers rise. */
static void drain(struct ot_rings *rings, uint64_t *nr, uint64_t *lost)
{
	uint64_t last[RINGS] = {0};
	struct ot_rings_item item;

	while (ot_rings_next(rings, &item)) {
		if (!item.rec) {
			*lost += item.lost;
			continue;
		}
		assert_in_range(item.tid, 100, 100 + RINGS - 1);
		assert_true(item.rec->call_seq > last[item.tid - 100]);
		last[item.tid - 100] = item.rec->call_seq;
		++*nr;
	}
}

static void every_record_comes_once(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	uint64_t nr = 0, lost = 0;

	(void)state;
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 97; i++)
			write_record(&writers[0], 1);
		ot_rings_sweep(rings, UINT64_MAX);
		drain(rings, &nr, &lost);
	}
	assert_int_equal(nr, 200 * 97);
	assert_int_equal(lost, 0);
	assert_int_equal(ot_rings_spooled_bytes(rings), 0);
	assert_int_equal(writers[0].ring->tail, writers[0].ring->head);
	ot_rings_destroy(rings);
}

static void what_was_overwritten_is_counted_exactly(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	uint64_t nr = 0, lost = 0;

	(void)state;
	for (int round = 1; round < 30; round++) {
		for (int i = 0; i < round * 400; i++)
			write_record(&writers[1], 1);
		ot_rings_sweep(rings, UINT64_MAX);
		drain(rings, &nr, &lost);
	}
	assert_true(lost > 0);
	assert_int_equal(nr + lost, writers[1].written);
	assert_int_equal(ot_rings_lost(rings), lost);
	ot_rings_destroy(rings);
}

static void threads_are_merged_by_time(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	struct ot_rings_item item;
	uint64_t last = 0, nr = 0;

	(void)state;
	for (uint64_t tsc = 1; tsc <= 3000; tsc++)
		write_record(&writers[tsc * 7 % RINGS], tsc);
	ot_rings_sweep(rings, UINT64_MAX);
	while (ot_rings_next(rings, &item)) {
		assert_true(item.rec->tsc > last);
		last = item.rec->tsc;
		nr++;
	}
	assert_int_equal(nr, 3000);
	ot_rings_destroy(rings);
}

static void later_records_wait_for_the_next_sweep(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	uint64_t nr = 0, lost = 0;

	(void)state;
	for (uint64_t tsc = 1; tsc <= 20; tsc++)
		write_record(&writers[0], tsc);
	ot_rings_sweep(rings, 15);
	drain(rings, &nr, &lost);
	assert_int_equal(nr, 15);
	ot_rings_sweep(rings, 100);
	drain(rings, &nr, &lost);
	assert_int_equal(nr, 20);
	ot_rings_destroy(rings);
}

static void a_ring_taken_over_starts_again(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	struct ot_rings_item item;
	uint64_t nr = 0, lost = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		write_record(&writers[2], 1);
	ot_rings_sweep(rings, UINT64_MAX);
	drain(rings, &nr, &lost);
	begin_owner(&writers[2], 555);
	write_record(&writers[2], 2);
	ot_rings_sweep(rings, UINT64_MAX);
	assert_true(ot_rings_next(rings, &item));
	assert_int_equal(item.tid, 555);
	assert_false(ot_rings_next(rings, &item));
	ot_rings_destroy(rings);
}

static void what_former_owners_wrote_unread_is_counted(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	uint64_t nr = 0, lost = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		write_record(&writers[2], 1);
	ot_rings_sweep(rings, UINT64_MAX);
	for (int i = 0; i < 7; i++)
		write_record(&writers[2], 2);
	begin_owner(&writers[2], 101);
	for (int i = 0; i < 100; i++)
		write_record(&writers[2], 3);
	writers[2].ring->lost_nested = 3;
	begin_owner(&writers[2], 102);
	write_record(&writers[2], 4);
	ot_rings_sweep(rings, UINT64_MAX);
	assert_int_equal(ot_rings_lost(rings), 110);
	drain(rings, &nr, &lost);
	assert_int_equal(lost, 110);
	ot_rings_destroy(rings);
}

static void a_ring_being_taken_over_is_left_alone(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	struct ot_rings_item item;

	(void)state;
	write_record(&writers[0], 1);
	writers[0].ring->generation |= 1;
	assert_int_equal(ot_rings_sweep(rings, UINT64_MAX), 0);
	assert_false(ot_rings_next(rings, &item));
	ot_rings_destroy(rings);
}

static void what_an_earlier_reader_left_is_left_out(void **state)
{
	struct ot_rings *rings;
	uint64_t nr = 0, lost = 0;

	(void)state;
	for (int i = 0; i < 700; i++)
		write_record(&writers[0], 1);
	rings = ot_rings_create(area, true);
	for (int i = 0; i < 1200; i++)
		write_record(&writers[0], 2);
	ot_rings_sweep(rings, UINT64_MAX);
	drain(rings, &nr, &lost);
	assert_int_equal(nr, 1200);
	assert_int_equal(lost, 0);
	ot_rings_destroy(rings);
}

static void losses_of_the_writer_are_told(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	uint64_t nr = 0, lost = 0;

	(void)state;
	writers[0].ring->lost_nested = 2;
	writers[0].ring->lost_waiting = 3;
	area->lost_no_ring = 4;
	ot_rings_sweep(rings, UINT64_MAX);
	drain(rings, &nr, &lost);
	assert_int_equal(nr, 0);
	assert_int_equal(lost, 9);
	ot_rings_sweep(rings, UINT64_MAX);
	drain(rings, &nr, &lost);
	assert_int_equal(lost, 9);
	ot_rings_destroy(rings);
}

static void a_full_spool_leaves_the_rings_alone(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	uint64_t nr = 0, lost = 0;

	(void)state;
	ot_rings_set_spool(rings, 1);
	for (int i = 0; i < 1500; i++)
		write_record(&writers[0], 1);
	ot_rings_sweep(rings, UINT64_MAX);
	drain(rings, &nr, &lost);
	assert_in_range(nr, 1, OTRACE_SUBBUF_BYTES / REC_BYTES);
	ot_rings_set_spool(rings, OT_RINGS_SPOOL_BYTES);
	ot_rings_sweep(rings, UINT64_MAX);
	drain(rings, &nr, &lost);
	assert_int_equal(nr + lost, 1500);
	ot_rings_destroy(rings);
}

/* A sweep that copied all of a flood would keep the terminal waiting. */
static void a_sweep_is_bounded_and_keeps_the_order(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	struct ot_rings_item item;
	uint64_t last = 0, nr = 0, sweeps = 0;

	(void)state;
	ot_rings_set_sweep(rings, OTRACE_SUBBUF_BYTES - 1);
	for (uint64_t tsc = 1; tsc <= 1700; tsc++)
		write_record(&writers[tsc % 7 ? 0 : 1], tsc);
	assert_in_range(ot_rings_sweep(rings, 1700), 1, 2 * OTRACE_SUBBUF_BYTES);
	do {
		while (ot_rings_next(rings, &item)) {
			assert_int_equal(item.rec->tsc, ++last);
			nr++;
		}
		sweeps++;
	} while (ot_rings_sweep(rings, 1700));
	assert_int_equal(nr, 1700);
	assert_true(sweeps > 2);
	ot_rings_destroy(rings);
}

static void a_damaged_record_ends_its_sub_buffer_only(void **state)
{
	struct ot_rings *rings = ot_rings_create(area, false);
	struct otrace_rec *rec;
	uint64_t nr = 0, lost = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		write_record(&writers[0], 1);
	rec = (void *)(writers[0].data + sizeof(struct otrace_subbuf) + 10 * REC_BYTES);
	rec->nr_words = 1;
	ot_rings_sweep(rings, UINT64_MAX);
	drain(rings, &nr, &lost);
	assert_true(lost > 0);
	assert_int_equal(nr + lost, 1000);
	ot_rings_destroy(rings);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_record_comes_once),
		TEST(what_was_overwritten_is_counted_exactly),
		TEST(threads_are_merged_by_time),
		TEST(later_records_wait_for_the_next_sweep),
		TEST(a_ring_taken_over_starts_again),
		TEST(what_former_owners_wrote_unread_is_counted),
		TEST(a_ring_being_taken_over_is_left_alone),
		TEST(what_an_earlier_reader_left_is_left_out),
		TEST(losses_of_the_writer_are_told),
		TEST(a_full_spool_leaves_the_rings_alone),
		TEST(a_sweep_is_bounded_and_keeps_the_order),
		TEST(a_damaged_record_ends_its_sub_buffer_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
