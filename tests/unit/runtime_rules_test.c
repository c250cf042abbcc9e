/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside */
/* Traces with rules, called as a wrapper would: masks, late calls, limits, counts, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <otrace/bytecode.h>

#include "core/area.h"
#include "core/hooks.h"
#include "core/probe.h"
#include "core/rules.h"
#include "core/thread.h"

struct frame {
	struct otrace_frame head;
	uint64_t args[2];
	uint64_t result;
};

#define REAL_FRAME __attribute__((noinline, no_sanitize("address")))

static char fn[8];
static struct otrace_probe probe = {
	.wrapper = 8, .frame_bytes = sizeof(struct frame), .body = fn, .target = fn};
static uint64_t seen_to; /* position in the ring */

static struct otrace_rule rule(uint32_t counter, uint32_t flags)
{
	return (struct otrace_rule){
		.size_bytes = sizeof(struct otrace_rule), .counter = counter, .flags = flags};
}

static int try_arm(uint32_t trace_id, const void *rules, uint32_t nr, uint32_t bytes)
{
	const struct otrace_capture captures[] = {
		{offsetof(struct frame, args), 8, OTRACE_CAPTURE_FRAME, 0},
		{offsetof(struct frame, result), 8, OTRACE_CAPTURE_FRAME, 0},
	};
	struct otrace_probe_set set = {.trace_id = trace_id,
				       .nr_enter = 1,
				       .nr_leave = 1,
				       .nr_rules = nr,
				       .rules_bytes = bytes};

	return ot_probe_arm(&probe, &set, captures, rules, &probe.arm);
}

static void arm(uint32_t trace_id, const struct otrace_rule *rules, uint32_t nr)
{
	assert_int_equal(try_arm(trace_id, rules, nr, nr * (uint32_t)sizeof(*rules)), OTRACE_E_OK);
}

static void limit(uint32_t counter, uint64_t skip, uint64_t most, uint32_t rate)
{
	const struct otrace_trace_set set = {
		.counter = counter, .skip = skip, .most = most, .rate_per_ms = rate};

	assert_true(ot_limit_set(&set));
}

static REAL_FRAME void call(uint64_t a)
{
	struct frame frame = {.args = {a, 0}, .result = a * 2};

	assert_ptr_equal(ot_hook_enter(&frame.head, &probe), fn);
	frame.args[0] = 99; /* the entry's is what counts */
	ot_hook_leave(&frame.head, &probe);
}

static const struct otrace_rec *record_at(uint64_t position)
{
	return (const void *)((char *)ot_tls.thread->ring + 4096 + position % ot_area->ring_bytes);
}

static void forget(void)
{
	seen_to = ot_tls.thread ? ot_tls.thread->ring->head : 0;
}

/* The next record, NULL at the end. */
static const struct otrace_rec *next(void)
{
	const struct otrace_rec *rec;

	for (;;) {
		if (seen_to >= ot_tls.thread->ring->head)
			return NULL;
		if (seen_to % OTRACE_SUBBUF_BYTES == 0)
			seen_to += sizeof(struct otrace_subbuf);
		rec = record_at(seen_to);
		seen_to += rec->nr_words * 8u;
		if (rec->type != OTRACE_REC_PAD)
			return rec;
	}
}

static const void *expect(unsigned type)
{
	const struct otrace_rec *rec = next();

	assert_non_null(rec);
	assert_int_equal(rec->type, type);
	return rec;
}

static int set_up(void **state)
{
	(void)state;
	return ot_area_create(1 << 20, 1 << 16) && ot_area_map_rings() ? 0 : -1;
}

static void test_each_rule_has_its_bit(void **state)
{
	const struct otrace_rule rules[] = {rule(1, 0), rule(2, 0), rule(3, 0)};
	const struct otrace_rec_enter *enter;

	(void)state;
	limit(1, 0, 0, 0);
	limit(2, 1, 0, 0); /* not the first */
	limit(3, 0, 0, 0);
	arm(7, rules, 3);
	forget();
	call(5);
	enter = expect(OTRACE_REC_ENTER);
	assert_int_equal(enter->matched, 5);
	assert_int_equal(*(const uint64_t *)(enter + 1), 5);
	expect(OTRACE_REC_LEAVE);
	call(6);
	enter = expect(OTRACE_REC_ENTER);
	assert_int_equal(enter->matched, 7);
	expect(OTRACE_REC_LEAVE);
	assert_null(next());
}

static void test_late_calls_have_the_arguments_of_the_entry(void **state)
{
	const struct otrace_rule rules[] = {rule(4, OTRACE_RULE_LATE)};
	const struct otrace_rec_late *late;
	const struct otrace_rec *leave;

	(void)state;
	limit(4, 0, 0, 0);
	arm(8, rules, 1);
	forget();
	call(41);
	late = expect(OTRACE_REC_LATE);
	assert_int_equal(late->enter.matched, 1);
	assert_int_equal(late->enter.depth, 1);
	assert_int_equal(*(const uint64_t *)(late + 1), 41);
	assert_true(late->begin_tsc < late->enter.rec.tsc);
	leave = expect(OTRACE_REC_LEAVE);
	assert_int_equal(leave->call_seq, late->enter.rec.call_seq);
	assert_int_equal(*(const uint64_t *)(leave + 1), 82);
	assert_null(next());
	assert_int_equal(ot_tls.thread->late_ends, 0);
}

static void test_late_beside_an_early_one_has_the_arguments_again(void **state)
{
	const struct otrace_rule rules[] = {rule(5, 0), rule(6, OTRACE_RULE_LATE)};
	const struct otrace_rec_late *late;

	(void)state;
	limit(5, 0, 0, 0);
	limit(6, 0, 0, 0);
	arm(9, rules, 2);
	forget();
	call(1);
	assert_int_equal(((const struct otrace_rec_enter *)expect(OTRACE_REC_ENTER))->matched, 1);
	late = expect(OTRACE_REC_LATE);
	assert_int_equal(late->enter.matched, 2);
	assert_int_equal(late->enter.rec.flags, 0);
	assert_int_equal(late->enter.rec.nr_words * 8u, sizeof(*late) + 8);
	expect(OTRACE_REC_LEAVE);
	assert_null(next());
}

static jmp_buf away;

static REAL_FRAME void jump_out(void)
{
	struct frame frame = {.args = {13, 0}};

	ot_hook_enter(&frame.head, &probe);
	longjmp(away, 1);
}

static void test_a_call_that_is_left_always_matches(void **state)
{
	const struct otrace_rule rules[] = {rule(10, OTRACE_RULE_LATE)};
	const struct otrace_rec_late *late;

	(void)state;
	limit(10, 0, 0, 0);
	arm(10, rules, 1);
	forget();
	if (!setjmp(away))
		jump_out();
	assert_null(next());
	call(14); /* finds it */
	late = expect(OTRACE_REC_LATE);
	assert_int_equal(*(const uint64_t *)(late + 1), 13);
	assert_int_equal(((const struct otrace_rec *)expect(OTRACE_REC_ABANDONED))->call_seq,
			 late->enter.rec.call_seq);
	late = expect(OTRACE_REC_LATE);
	assert_int_equal(*(const uint64_t *)(late + 1), 14);
	expect(OTRACE_REC_LEAVE);
	assert_null(next());
}

static void test_a_trace_ends_after_as_many_as_wanted(void **state)
{
	const struct otrace_rule rules[] = {rule(11, 0)};
	const struct otrace_rec_trace_over *over;
	struct otrace_trace_counts counts = {0};

	(void)state;
	limit(11, 1, 2, 0);
	arm(11, rules, 1);
	forget();
	for (uint64_t i = 1; i <= 5; i++)
		call(i);
	assert_int_equal(
		*(const uint64_t *)((const struct otrace_rec_enter *)expect(OTRACE_REC_ENTER) + 1),
		2);
	expect(OTRACE_REC_LEAVE);
	expect(OTRACE_REC_ENTER);
	over = expect(OTRACE_REC_TRACE_OVER);
	assert_int_equal(over->counter, 11);
	assert_int_equal(over->over, OTRACE_OVER_HITS);
	expect(OTRACE_REC_LEAVE);
	assert_null(next());
	ot_limit_counts(11, &counts);
	assert_int_equal(counts.evaluated, 3);
	assert_int_equal(counts.matched, 3);
	assert_int_equal(counts.over, OTRACE_OVER_HITS);
	limit(11, 0, 0, 0);
	memset(&counts, 0, sizeof(counts));
	ot_limit_counts(11, &counts);
	assert_int_equal(counts.evaluated, 0);
	assert_int_equal(counts.over, OTRACE_OVER_NO);
}

static void test_a_rate_switches_the_trace_off(void **state)
{
	const struct otrace_rule rules[] = {rule(12, 0)};
	struct otrace_trace_counts counts = {0};

	(void)state;
	limit(12, 0, 0, 1);
	arm(12, rules, 1);
	/* whatever the machine does meanwhile, some two of so many are within a millisecond */
	for (uint64_t i = 0; i < 100000 && !counts.over; i++) {
		call(i);
		ot_limit_counts(12, &counts);
	}
	assert_int_equal(counts.over, OTRACE_OVER_RATE);
	forget();
	call(1);
	assert_null(next());
}

static REAL_FRAME void nest(unsigned depth)
{
	struct frame frame = {.args = {depth, 0}};

	ot_hook_enter(&frame.head, &probe);
	if (depth)
		nest(depth - 1);
	ot_hook_leave(&frame.head, &probe);
}

static void test_late_calls_beyond_the_room_are_counted(void **state)
{
	const struct otrace_rule rules[] = {rule(13, OTRACE_RULE_LATE)};
	uint64_t lost = ot_tls.thread->ring->lost_fault;
	struct otrace_trace_counts counts = {0};

	(void)state;
	limit(13, 0, 0, 0);
	arm(13, rules, 1);
	nest(999);
	lost = ot_tls.thread->ring->lost_fault - lost;
	ot_limit_counts(13, &counts);
	assert_true(lost > 0);
	assert_int_equal(counts.matched + lost, 1000);
	assert_int_equal(ot_tls.thread->late_ends, 0);
}

/* As on the stacks of coroutines. */
static void test_late_calls_may_end_in_any_order(void **state)
{
	const struct otrace_rule rules[] = {rule(14, OTRACE_RULE_LATE)};
	struct ot_thread *thread = ot_tls.thread;
	struct frame frame = {.args = {0, 0}};
	struct ot_late *late[3];

	(void)state;
	limit(14, 0, 0, 0);
	arm(14, rules, 1);
	thread->top++; /* as if one were open */
	for (uint64_t i = 0; i < 3; i++) {
		late[i] = ot_late_begin(thread, probe.arm);
		late[i]->kept.seq = 1000 + i;
		late[i]->kept.mask = 1;
		late[i]->kept.nr_slots = OTRACE_CODE_SLOTS;
		ot_late_keep(thread, probe.arm, &frame.head, late[i]);
	}
	ot_late_drop(thread, late[1]);
	assert_ptr_equal(ot_late_find(thread, 1000), late[0]);
	assert_null(ot_late_find(thread, 1001));
	assert_ptr_equal(ot_late_find(thread, 1002), late[2]);
	ot_late_drop(thread, late[2]);
	assert_ptr_equal(ot_late_find(thread, 1000), late[0]);
	ot_late_drop(thread, late[0]);
	assert_int_equal(thread->late_ends, 0);
	thread->top--;
}

/* A handler jumps out of a hook that has kept its call and not opened it yet. */
static REAL_FRAME void leave_a_late_hook(void)
{
	struct frame frame = {.args = {0, 0}};
	struct ot_thread *thread = ot_tls.thread;
	struct ot_late *late;

	frame.head.words[3] = (uint64_t)&frame;
	thread->armed = (uint64_t)&frame | OT_HOOK_ENTER;
	late = ot_late_begin(thread, probe.arm);
	late->kept.seq = thread->next_seq++;
	late->kept.mask = 1;
	late->kept.nr_slots = OTRACE_CODE_SLOTS;
	ot_late_keep(thread, probe.arm, &frame.head, late);
}

static void test_what_a_left_hook_kept_is_forgotten(void **state)
{
	const struct otrace_rule rules[] = {rule(15, OTRACE_RULE_LATE)};
	struct frame frame = {.args = {0, 0}};
	uint64_t ends;

	(void)state;
	limit(15, 0, 0, 0);
	arm(15, rules, 1);
	ot_hook_enter(&frame.head, &probe);
	ends = ot_tls.thread->late_ends;
	assert_true(ends > 0);
	for (unsigned i = 0; i < 3; i++) {
		leave_a_late_hook();
		assert_true(ot_tls.thread->late_ends > ends);
		call(1);
		assert_int_equal(ot_tls.thread->late_ends, ends);
	}
	ot_hook_leave(&frame.head, &probe);
	assert_int_equal(ot_tls.thread->late_ends, 0);
}

/* What asks for nothing is recorded all the same, the rest is counted. */
static void test_calls_without_a_frame(void **state)
{
	const struct {
		struct otrace_rule head;
		struct otrace_code code;
	} asks = {{.size_bytes = sizeof(asks), .counter = 17, .nr_enter_code = 1},
		  {.op = OTRACE_CODE_YES}};
	const struct otrace_rule rules[] = {rule(16, OTRACE_RULE_CONTEXT)};
	uint64_t lost = ot_tls.thread->ring->lost_fault;
	const struct otrace_rec_enter *enter;

	(void)state;
	probe.fn_flags = OTRACE_FN_MUSTTAIL;
	limit(16, 0, 1, 0);
	limit(17, 0, 0, 0);
	arm(16, rules, 1);
	forget();
	assert_ptr_equal(ot_hook_low(&probe, (uint64_t)__builtin_frame_address(0)), fn);
	enter = expect(OTRACE_REC_ENTER_ONLY);
	assert_int_equal(enter->matched, 1);
	expect(OTRACE_REC_TRACE_OVER);
	ot_hook_low(&probe, (uint64_t)__builtin_frame_address(0));
	assert_int_equal(ot_tls.thread->ring->lost_fault, lost);
	assert_int_equal(try_arm(17, &asks, 1, sizeof(asks)), OTRACE_E_OK);
	ot_hook_low(&probe, (uint64_t)__builtin_frame_address(0));
	assert_int_equal(ot_tls.thread->ring->lost_fault, lost + 1);
	assert_null(next());
	probe.fn_flags = 0;
}

/* There is room for the slots of late rules, and for no others. */
static void test_only_late_rules_have_slots(void **state)
{
	const struct {
		struct otrace_rule late;
		struct otrace_rule head;
		struct otrace_code code[3];
	} rules = {rule(18, OTRACE_RULE_LATE),
		   {.size_bytes = sizeof(rules) - sizeof(rules.late),
		    .counter = 19,
		    .nr_enter_code = 3},
		   {{.op = OTRACE_CODE_CONSTANT, .imm = 1},
		    {.op = OTRACE_CODE_STORE},
		    {.op = OTRACE_CODE_YES}}};

	(void)state;
	limit(18, 0, 0, 0);
	limit(19, 0, 0, 0);
	assert_int_equal(try_arm(18, &rules, 2, sizeof(rules)), OTRACE_E_OK);
	forget();
	call(1);
	assert_int_equal(((const struct otrace_rec_late *)expect(OTRACE_REC_LATE))->enter.matched,
			 1);
	expect(OTRACE_REC_LEAVE);
	assert_null(next());
}

static void test_only_what_is_to_stay_stays(void **state)
{
	const struct otrace_rule rules[] = {rule(20, 0), rule(21, OTRACE_RULE_KEEP)};
	const struct ot_arm *both;

	(void)state;
	limit(20, 0, 0, 0);
	limit(21, 0, 0, 0);
	arm(20, rules, 2);
	both = probe.arm;
	probe.arm = ot_probe_kept(&probe);
	assert_true(probe.arm && probe.arm != both);
	assert_int_equal(probe.arm->rules->nr, 1);
	assert_int_equal(probe.arm->rules->items[0].counter, 21);
	assert_ptr_equal(ot_probe_kept(&probe), probe.arm);
	forget();
	call(3);
	assert_int_equal(((const struct otrace_rec_enter *)expect(OTRACE_REC_ENTER))->matched, 1);
	expect(OTRACE_REC_LEAVE);
	arm(21, rules, 1);
	assert_null(ot_probe_kept(&probe));
}

static void test_what_is_not_sound_is_refused(void **state)
{
	struct otrace_rule good = rule(15, 0), bad = good;
	uint64_t words[16];

	(void)state;
	arm(20, &good, 1);
	bad.counter = OTRACE_COUNTERS_MAX;
	assert_int_equal(try_arm(21, &bad, 1, sizeof(bad)), OTRACE_E_INVALID);
	bad = good;
	bad.flags = 1u << 31;
	assert_int_equal(try_arm(21, &bad, 1, sizeof(bad)), OTRACE_E_INVALID);
	bad = good;
	bad.action = OTRACE_ACTION_TAG;
	bad.tag_offset = sizeof(struct frame) - 7;
	bad.tag_bytes = 1;
	assert_int_equal(try_arm(21, &bad, 1, sizeof(bad)), OTRACE_E_INVALID);
	bad = good;
	bad.nr_layouts = UINT32_MAX;
	assert_int_equal(try_arm(21, &bad, 1, sizeof(bad)), OTRACE_E_INVALID);
	assert_int_equal(try_arm(21, &good, 2, sizeof(good)), OTRACE_E_INVALID);
	assert_int_equal(try_arm(21, &good, 0, sizeof(good)), OTRACE_E_INVALID);
	assert_int_equal(try_arm(21, &good, OTRACE_RULES_MAX + 1, sizeof(good)), OTRACE_E_INVALID);
	srandom(1);
	for (unsigned i = 0; i < 20000; i++) {
		for (unsigned w = 0; w < 16; w++)
			words[w] = random() % 3 ? (uint64_t)random() % 8 : (uint64_t)random() << 32;
		words[0] = (words[0] & ~0xffffffffull) | sizeof(words);
		try_arm(22, words, 1 + (uint32_t)random() % 2, sizeof(words));
	}
	/* the old arm is there still */
	arm(20, &good, 1);
	forget();
	call(3);
	expect(OTRACE_REC_ENTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_rule_has_its_bit),
		cmocka_unit_test(test_late_calls_have_the_arguments_of_the_entry),
		cmocka_unit_test(test_late_beside_an_early_one_has_the_arguments_again),
		cmocka_unit_test(test_a_call_that_is_left_always_matches),
		cmocka_unit_test(test_a_trace_ends_after_as_many_as_wanted),
		cmocka_unit_test(test_a_rate_switches_the_trace_off),
		cmocka_unit_test(test_late_calls_beyond_the_room_are_counted),
		cmocka_unit_test(test_late_calls_may_end_in_any_order),
		cmocka_unit_test(test_what_a_left_hook_kept_is_forgotten),
		cmocka_unit_test(test_calls_without_a_frame),
		cmocka_unit_test(test_only_late_rules_have_slots),
		cmocka_unit_test(test_only_what_is_to_stay_stays),
		cmocka_unit_test(test_what_is_not_sound_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
