/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside */
/* Hooks, rings, stacks and thunks, called as a wrapper would: no stub, no pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "core/area.h"
#include "core/hooks.h"
#include "core/probe.h"
#include "core/thread.h"

/* A wrapper's frame: the head, two arguments, a result. */
struct frame {
	struct otrace_frame head;
	uint64_t args[2];
	uint64_t result;
};

/* With its fake stack AddressSanitizer would put frames into the heap. */
#define REAL_FRAME __attribute__((noinline, no_sanitize("address")))

static char fn[8];
static struct otrace_probe probe = {
	.wrapper = 8, .frame_bytes = sizeof(struct frame), .body = fn, .target = fn};

static void arm(uint32_t trace_id, uint32_t flags)
{
	const struct otrace_capture captures[] = {
		{offsetof(struct frame, args), 8, OTRACE_CAPTURE_FRAME, 0},
		{offsetof(struct frame, args) + 8, 2, OTRACE_CAPTURE_FRAME, 0},
		{offsetof(struct frame, result), 8, OTRACE_CAPTURE_FRAME, 0},
	};
	struct otrace_probe_set set = {
		.trace_id = trace_id, .flags = flags, .nr_enter = 2, .nr_leave = 1};

	assert_int_equal(ot_probe_arm(&probe, &set, captures, NULL, &probe.arm), OTRACE_E_OK);
}

static REAL_FRAME void call(uint64_t a, uint64_t b, int depth)
{
	struct frame frame = {.args = {a, b}, .result = a + b};

	assert_ptr_equal(ot_hook_enter(&frame.head, &probe), probe.target);
	if (depth)
		call(a + 1, b, depth - 1);
	ot_hook_leave(&frame.head, &probe);
}

static struct otrace_ring *my_ring(void)
{
	return ot_tls.thread ? ot_tls.thread->ring : NULL;
}

static const struct otrace_rec *record_at(uint64_t position)
{
	return (const void *)((char *)my_ring() + 4096 + position % ot_area->ring_bytes);
}

/* Reads what is left of the ring; returns the records seen, sets the ones missed. */
static uint64_t walk(uint64_t *missed_ret)
{
	uint64_t head = my_ring()->head, seen = 0;
	uint64_t at = head > ot_area->ring_bytes - OTRACE_SUBBUF_BYTES
			      ? head - ot_area->ring_bytes + OTRACE_SUBBUF_BYTES
			      : 0;
	bool first = true;

	at = (at + OTRACE_SUBBUF_BYTES - 1) / OTRACE_SUBBUF_BYTES * OTRACE_SUBBUF_BYTES;
	while (at < head) {
		const struct otrace_rec *rec = record_at(at);

		if (at % OTRACE_SUBBUF_BYTES == 0) {
			const struct otrace_subbuf *sub = (const void *)rec;

			assert_int_equal(sub->position, at);
			if (first)
				*missed_ret = sub->nr_written;
			first = false;
			assert_int_equal(sub->nr_written, *missed_ret + seen);
			at += sizeof(*sub);
			continue;
		}
		assert_true(rec->nr_words > 0);
		seen += rec->type != OTRACE_REC_PAD;
		at += rec->nr_words * 8u;
	}
	assert_int_equal(at, head);
	return seen;
}

static int set_up(void **state)
{
	(void)state;
	return ot_area_create(1 << 20, 1 << 16) && ot_area_map_rings() ? 0 : -1;
}

static void test_enter_and_leave(void **state)
{
	const struct otrace_rec_enter *enter;
	const struct otrace_rec *leave;
	const uint64_t *words;

	(void)state;
	arm(7, 0);
	call(11, 0x12345, 0);
	enter = (const void *)record_at(sizeof(struct otrace_subbuf));
	words = (const void *)(enter + 1);
	assert_int_equal(enter->rec.type, OTRACE_REC_ENTER);
	assert_int_equal(enter->rec.trace_id, 7);
	assert_int_equal(enter->rec.call_seq, 1);
	assert_int_equal(enter->depth, 1);
	assert_int_equal(enter->parent_seq, 0);
	assert_int_equal(words[0], 11);
	assert_int_equal(words[1], 0x2345);
	leave = (const void *)((const uint64_t *)enter + enter->rec.nr_words);
	assert_int_equal(leave->type, OTRACE_REC_LEAVE);
	assert_int_equal(leave->call_seq, 1);
	assert_int_equal(((const uint64_t *)(leave + 1))[0], 11 + 0x12345);
	assert_true(leave->tsc > enter->rec.tsc);
	assert_int_equal(my_ring()->nr_written, 2);
}

static void test_overrun_is_counted_exactly(void **state)
{
	uint64_t before = my_ring()->nr_written, missed = 0, seen;

	(void)state;
	for (int i = 0; i < 5000; i++)
		call((uint64_t)i, 0, i % 5);
	seen = walk(&missed);
	assert_int_equal(my_ring()->nr_written, before + 5000 / 5 * (1 + 2 + 3 + 4 + 5) * 2);
	assert_int_equal(seen + missed, my_ring()->nr_written);
	assert_true(missed > 0 && seen > 0);
	assert_int_equal(ot_tls.thread->depth, 0);
}

static void test_deeper_than_remembered(void **state)
{
	uint64_t before = my_ring()->nr_written;
	int depth = (int)OT_OPEN_MAX + 100;

	(void)state;
	call(0, 0, depth);
	assert_int_equal(my_ring()->nr_written, before + 2 * (uint64_t)(depth + 1));
	assert_int_equal(ot_tls.thread->depth, 0);
	call(1, 1, 3);
	assert_int_equal(ot_tls.thread->depth, 0);
}

static jmp_buf away;
static volatile int jumping = 1; /* or the compiler sees a function that never returns */

static REAL_FRAME void call_and_jump(int depth)
{
	struct frame frame = {.args = {0, 0}};

	ot_hook_enter(&frame.head, &probe);
	if (depth)
		call_and_jump(depth - 1);
	else if (jumping)
		longjmp(away, 1);
	ot_hook_leave(&frame.head, &probe);
}

static void test_longjmp_abandons(void **state)
{
	uint64_t before = my_ring()->nr_written;

	(void)state;
	if (!setjmp(away))
		call_and_jump(9);
	assert_int_equal(ot_tls.thread->depth, 10);
	call(1, 2, 0);
	assert_int_equal(my_ring()->nr_written, before + 10 + 10 + 2);
	assert_int_equal(ot_tls.thread->depth, 0);
}

static void test_only_one_end(void **state)
{
	uint64_t before = my_ring()->nr_written;

	(void)state;
	arm(8, OTRACE_PROBE_ENTER_ONLY);
	call(1, 2, 1);
	assert_int_equal(my_ring()->nr_written, before + 2);
	arm(8, OTRACE_PROBE_LEAVE_ONLY);
	call(1, 2, 1);
	assert_int_equal(my_ring()->nr_written, before + 4);
	arm(7, 0);
}

static void test_a_signal_in_a_hook_is_counted(void **state)
{
	uint64_t before = my_ring()->nr_written, lost = my_ring()->lost_nested;

	(void)state;
	ot_tls.thread->armed = 0; /* as while a hook runs */
	call(1, 2, 0);
	ot_tls.thread->armed = 1;
	assert_int_equal(my_ring()->lost_nested, lost + 1);
	assert_int_equal(my_ring()->nr_written, before);
}

/* What a jump out of a handler leaves behind: the hook's frame is gone, and half a record is written. */
static REAL_FRAME void leave_a_hook(unsigned kind)
{
	struct frame frame = {.args = {0, 0}};
	struct ot_thread *thread = ot_tls.thread;

	if (kind == OT_HOOK_LEAVE)
		ot_hook_enter(&frame.head, &probe);
	frame.head.words[3] = (uint64_t)&frame;
	thread->armed = (uint64_t)&frame + kind;
	thread->pos += 40;
	thread->nr_written++;
	thread->ring->nr_written++;
	thread->depth++;
}

static REAL_FRAME void call_further_down(int nr)
{
	volatile char room[4096];

	for (unsigned i = 0; i < sizeof(room); i++)
		room[i] = (char)i;
	call((uint64_t)nr, room[1], 0);
}

static void test_a_hook_was_left(void **state)
{
	struct otrace_ring *ring = my_ring();
	uint64_t before = ring->nr_written, lost = ring->lost_nested, missed = 0;

	(void)state;
	leave_a_hook(OT_HOOK_ENTER);
	call(1, 2, 0);
	leave_a_hook(OT_HOOK_ENTER);
	call_further_down(3);
	leave_a_hook(OT_HOOK_LOW);
	call(1, 2, 0);
	assert_int_equal(ring->lost_nested, lost + 3);
	assert_int_equal(ring->nr_written, before + 6);
	/* here the call was recorded: its end is, too */
	leave_a_hook(OT_HOOK_LEAVE);
	call(1, 2, 0);
	assert_int_equal(ring->lost_nested, lost + 3);
	assert_int_equal(ring->nr_written, before + 6 + 4);
	assert_int_equal(ot_tls.thread->depth, 0);
	assert_true(walk(&missed) + missed == ring->nr_written);
}

static REAL_FRAME void interrupt_a_hook(unsigned kind)
{
	struct frame frame = {.args = {0, 0}};

	frame.head.words[3] = (uint64_t)&frame;
	ot_tls.thread->armed = (uint64_t)&frame + kind;
	call_further_down(1);
	call(1, 2, 0);
	assert_int_equal(ot_tls.thread->armed, (uint64_t)&frame + kind);
	ot_tls.thread->armed = OT_ARMED;
}

static void test_a_hook_that_lives_is_not_left(void **state)
{
	uint64_t before = my_ring()->nr_written, lost = my_ring()->lost_nested;

	(void)state;
	interrupt_a_hook(OT_HOOK_ENTER);
	interrupt_a_hook(OT_HOOK_LEAVE);
	interrupt_a_hook(OT_HOOK_LOW);
	assert_int_equal(my_ring()->lost_nested, lost + 6);
	assert_int_equal(my_ring()->nr_written, before);
}

static REAL_FRAME void leave_while_attaching(void)
{
	struct frame frame = {.args = {0, 0}};

	frame.head.words[3] = (uint64_t)&frame;
	ot_tls.busy = (uint64_t)&frame;
}

static void *attach_after_a_jump(void *context)
{
	(void)context;
	leave_while_attaching();
	call(1, 2, 0);
	assert_int_equal(my_ring()->nr_written, 2);
	return NULL;
}

static void test_attaching_was_left(void **state)
{
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, attach_after_a_jump, NULL);
	pthread_join(thread, NULL);
}

static void test_same_wish_same_arm(void **state)
{
	const struct ot_arm *first;

	(void)state;
	arm(7, 0);
	first = probe.arm;
	arm(9, 0);
	assert_ptr_not_equal(probe.arm, first);
	arm(7, 0);
	assert_ptr_equal(probe.arm, first);
}

static void test_captures_must_fit(void **state)
{
	const struct otrace_capture bad[] = {
		{sizeof(struct frame) - 4, 8, OTRACE_CAPTURE_FRAME, 0},
		{sizeof(struct frame) - 4, 8, OTRACE_CAPTURE_MEMORY, 0},
		{0xfffffff8, 16, OTRACE_CAPTURE_FRAME, 0},
		{0, 0, OTRACE_CAPTURE_FRAME, 0},
		{0, 8, 99, 0},
	};
	const struct otrace_capture large = {32, 100000, OTRACE_CAPTURE_MEMORY, 0};
	struct otrace_probe_set set = {.trace_id = 3, .nr_enter = 1};
	const struct ot_arm *got = NULL;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ot_probe_arm(&probe, &set, &bad[i], NULL, &got), OTRACE_E_INVALID);
	set.trace_id = 0;
	assert_int_equal(ot_probe_arm(&probe, &set, &large, NULL, &got), OTRACE_E_INVALID);
	set.trace_id = 3;
	assert_int_equal(ot_probe_arm(&probe, &set, &large, NULL, &got), OTRACE_E_OK);
	assert_true(got->enter_max_bytes <= OTRACE_RECORD_MAX_BYTES);
	assert_int_equal(got->enter_head >> 56, OTRACE_REC_FLAG_TRUNCATED);
}

#define NR_CALLERS 4
#define NR_NUMBERS 1000

static uint64_t numbers[NR_CALLERS][NR_NUMBERS];

struct caller {
	uint64_t *numbers;
	int nr;
};

static REAL_FRAME void *take_numbers(void *context)
{
	const struct caller *caller = context;

	for (int i = 0; i < caller->nr; i++) {
		struct frame frame = {.args = {0, 0}};

		ot_hook_enter(&frame.head, &probe);
		caller->numbers[i] = frame.head.words[0];
		ot_hook_leave(&frame.head, &probe);
	}
	return NULL;
}

static void run_callers(int nr, int nr_each, bool together)
{
	pthread_t threads[NR_CALLERS];
	struct caller callers[NR_CALLERS];

	for (int i = 0; i < nr; i++) {
		callers[i] = (struct caller){numbers[i], nr_each};
		pthread_create(&threads[i], NULL, take_numbers, &callers[i]);
		if (!together)
			pthread_join(threads[i], NULL);
	}
	for (int i = 0; together && i < nr; i++)
		pthread_join(threads[i], NULL);
}

static void test_few_calls_have_numbers_in_a_row(void **state)
{
	(void)state;
	run_callers(3, 7, false);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 7; j++)
			assert_int_equal(numbers[i][j], numbers[0][0] + (uint64_t)(7 * i + j));
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_numbers_are_unique(void **state)
{
	uint64_t *all = &numbers[0][0];

	(void)state;
	run_callers(NR_CALLERS, NR_NUMBERS, true);
	qsort(all, (size_t)NR_CALLERS * NR_NUMBERS, sizeof(*all), compare_numbers);
	assert_true(all[0] > 0);
	for (int i = 1; i < NR_CALLERS * NR_NUMBERS; i++)
		assert_true(all[i] > all[i - 1]);
}

static void *find_my_stack(void *size)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0), bytes = (uint64_t)size;

	ot_stack_find(here);
	assert_true(here - ot_tls.stack.low < ot_tls.stack.bytes);
	ot_stack_be_exact(here);
	assert_true(ot_tls.stack.flags & OT_STACK_EXACT);
	assert_true(ot_tls.stack.flags & OT_STACK_CLOSABLE);
	assert_true(ot_tls.stack.bytes >= bytes && ot_tls.stack.bytes < bytes + (1 << 20));
	assert_true(ot_tls.stack_low > ot_tls.stack.low && ot_tls.stack_low < here);
	return NULL;
}

static void test_stack_bounds(void **state)
{
	static const size_t sizes[] = {32 * 1024, 256 * 1024, 8 << 20};
	struct rlimit limit;

	(void)state;
	for (int i = 0; i < 3; i++) {
		pthread_attr_t attr;
		pthread_t thread;

		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, sizes[i]);
		assert_int_equal(pthread_create(&thread, &attr, find_my_stack, (void *)sizes[i]),
				 0);
		pthread_join(thread, NULL);
		pthread_attr_destroy(&attr);
	}
	getrlimit(RLIMIT_STACK, &limit);
	ot_stack_be_exact((uint64_t)__builtin_frame_address(0));
	assert_true(ot_tls.stack.flags & OT_STACK_CLOSABLE);
	if (limit.rlim_cur != RLIM_INFINITY)
		assert_true(ot_tls.stack.bytes <= limit.rlim_cur);
}

static void test_thunks_stay_in_reach(void **state)
{
	uint8_t bytes[OT_THUNK_BYTES];
	struct ot_thunk_spec spec = {
		.probe = 0x1122334455667788, .wrapper = 0x400000000ull, .target_offset = 0};
	struct ot_stub_bytes stub;

	(void)state;
	assert_true(ot_arch_thunk_write(bytes, 0x400001000ull, 0x400000f00ull, &spec));
	assert_int_equal(bytes[OT_THUNK_RESUME], 0xf3);
	assert_memory_equal(bytes + OT_THUNK_REDIRECT,
			    "\x49\xba\x88\x77\x66\x55\x44\x33\x22\x11\x41\xff\x62\x00", 14);
	assert_false(ot_arch_thunk_write(bytes, 0x500000000ull, 0x4ffffff00ull, &spec));
	spec.wrapper = 0;
	assert_true(ot_arch_thunk_write(bytes, 0x500000000ull, 0x4ffffff00ull, &spec));
	assert_true(ot_arch_stub_jump(0x1000, 0x2005, &stub));
	assert_memory_equal(&stub, "\xe9\x00\x10\x00\x00", 5);
	assert_false(ot_arch_stub_jump(0x1000, 0x100001000ull, &stub));
	assert_true(ot_arch_stub_aligned(0x1002));
	assert_false(ot_arch_stub_aligned(0x1001));
}

static void test_phases_never_show_half_a_jump(void **state)
{
	uint16_t aligned[4] = {0};
	uint8_t *view = (uint8_t *)aligned;
	struct ot_stub_bytes jump;

	(void)state;
	memcpy(view, &ot_stub_nop, 5);
	ot_arch_stub_jump(0x1000, 0x12345678, &jump);
	ot_arch_stub_hold(view);
	assert_memory_equal(view, "\xeb\xfe\x44\x00\x00", 5);
	ot_arch_stub_write_rest(view, &jump);
	assert_memory_equal(view, "\xeb\xfe", 2);
	assert_memory_equal(view + 2, jump.bytes + 2, 3);
	ot_arch_stub_release(view, &jump);
	assert_memory_equal(view, &jump, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enter_and_leave),
		cmocka_unit_test(test_overrun_is_counted_exactly),
		cmocka_unit_test(test_deeper_than_remembered),
		cmocka_unit_test(test_longjmp_abandons),
		cmocka_unit_test(test_only_one_end),
		cmocka_unit_test(test_a_signal_in_a_hook_is_counted),
		cmocka_unit_test(test_a_hook_was_left),
		cmocka_unit_test(test_a_hook_that_lives_is_not_left),
		cmocka_unit_test(test_attaching_was_left),
		cmocka_unit_test(test_same_wish_same_arm),
		cmocka_unit_test(test_captures_must_fit),
		cmocka_unit_test(test_few_calls_have_numbers_in_a_row),
		cmocka_unit_test(test_numbers_are_unique),
		cmocka_unit_test(test_stack_bounds),
		cmocka_unit_test(test_thunks_stay_in_reach),
		cmocka_unit_test(test_phases_never_show_half_a_jump),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
