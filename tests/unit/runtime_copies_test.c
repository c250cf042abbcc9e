/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside */
/* What contexts copy: objects of all kinds, limits, the thread's share. Called as a hook would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "copied_parts.h"
#include "core/clock.h"
#include "core/share.h"

struct node {
	struct node *next;
	const char *name;
	long number;
};

/* Levels: 0 node, 1 its next, 2 the next of that; 3 a large object; 4 its first word's; 5 many pointers. */
static const struct otrace_copy_pointer pointers[] = {
	{offsetof(struct node, next), 1}, {offsetof(struct node, name), OTRACE_COPY_STRING},
	{offsetof(struct node, next), 2}, {offsetof(struct node, name), OTRACE_COPY_STRING},
	{8192, OTRACE_COPY_STRING},
};
static const struct otrace_copy_layout layouts[] = {
	{sizeof(struct node), 0, 2, 0},
	{sizeof(struct node), 2, 2, 0},
	{sizeof(struct node), 0, 0, 0},
	{10000, 4, 1, 0},
};

static struct otrace_copy_pointer enter_root;
static struct ot_copy_program program;

static const struct ot_copy_program plain = {.enter_roots = &enter_root,
					     .leave_roots = &enter_root,
					     .pointers = pointers,
					     .layouts = layouts,
					     .nr_enter_roots = 1,
					     .nr_pointers = 5,
					     .nr_layouts = 4,
					     .max_bytes = 64 * 1024};

static int set_up(void **state)
{
	(void)state;
	if (!ot_area_create(16 << 20, 1 << 20) || !ot_area_map_rings())
		return -1;
	ot_clock_init();
	return parts_thread() ? 0 : -1;
}

static void write_parts(const struct frame *frame, struct ot_copies *what, struct parts *parts)
{
	uint64_t nr_written = parts_thread()->ring->nr_written, from = parts_thread()->pos;

	what->frame = &frame->head;
	assert_true(ot_copy_program_is_sound(&program, sizeof(struct frame)));
	ot_copies_write(parts_thread(), &program, what);
	parts_read(from, parts);
	assert_int_equal(parts_thread()->ring->nr_written, nr_written);
	assert_non_null(parts->place);
}

/* One root: the first argument. */
static void copy_root(const void *address, uint32_t layout, struct parts *parts)
{
	struct frame *frame = calloc(1, sizeof(*frame));
	struct ot_copies what = parts_of(frame);

	assert_non_null(frame);
	enter_root = (struct otrace_copy_pointer){ARG(0), layout};
	frame->args[0] = (uint64_t)address;
	write_parts(frame, &what, parts);
	free(frame);
}

static void assert_copy(const struct parts *parts, const void *address, uint32_t bytes,
			uint32_t flags)
{
	const struct otrace_rec_copy *copy = parts_at(parts, address);

	assert_non_null(copy);
	assert_int_equal(copy->bytes, bytes);
	assert_int_equal(copy->flags, flags);
	assert_int_equal(copy->rec.nr_words, (sizeof(*copy) + bytes + 7) / 8);
	assert_memory_equal(copy + 1, address, bytes);
}

/* Memory of its own, behind it a page that cannot be read. */
static char *room_before_a_hole(size_t bytes)
{
	size_t pages = (bytes + 4095) / 4096 * 4096;
	char *room = mmap(NULL, pages + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	assert_ptr_not_equal(room, MAP_FAILED);
	assert_int_equal(mprotect(room + pages, 4096, PROT_NONE), 0);
	return room + pages - bytes;
}

/* ------------------------------------------------------------------ objects */

static struct node third = {NULL, "three", 3};
static struct node second = {&third, "two", 2};
static struct node first = {&second, "one", 1};

static void test_objects_to_their_depth(void **state)
{
	uint64_t before = parts_thread()->counts[9].copied_bytes;
	struct parts parts;

	(void)state;
	program = plain;
	copy_root(&first, 0, &parts);
	assert_int_equal(parts.nr_copies, 5);
	assert_copy(&parts, &first, sizeof(first), 0);
	assert_copy(&parts, &second, sizeof(second), 0);
	assert_copy(&parts, &third, sizeof(third), 0);
	assert_copy(&parts, first.name, 4, OTRACE_COPY_IS_TEXT);
	assert_copy(&parts, second.name, 4, OTRACE_COPY_IS_TEXT);
	assert_null(parts_at(&parts, third.name));
	/* level by level */
	assert_int_equal(parts.copies[0]->address, (uint64_t)&first);
	assert_int_equal(parts.copies[1]->address, (uint64_t)&second);
	assert_int_equal(parts.copies[4]->address, (uint64_t)second.name);
	assert_null(parts.registers);
	assert_int_equal(parts_thread()->counts[9].copied_bytes, before + 3 * sizeof(first) + 8);
}

static void test_the_place(void **state)
{
	struct frame frame = {.args = {0}, .result = (uint64_t)&first};
	struct otrace_copy_pointer root = {RESULT, 2};
	struct ot_copies what = parts_of(&frame);
	struct parts parts;

	(void)state;
	program = plain;
	program.leave_roots = &root;
	program.nr_leave_roots = 1;
	what.at_end = true;
	write_parts(&frame, &what, &parts);
	assert_int_equal(parts.nr_copies, 1);
	assert_copy(&parts, &first, sizeof(first), OTRACE_COPY_AT_END);
	assert_int_equal(parts.place->flags, OTRACE_COPY_AT_END);
	assert_int_equal(parts.place->begin_tsc, 123);
	assert_int_equal(parts.place->matched, 2);
	assert_int_equal(parts.place->error, 4);
	assert_int_equal(parts.place->left_out, 0);
	assert_true(parts.place->rec.tsc >= parts.copies[0]->rec.tsc);
}

static void test_the_cpu(void **state)
{
	cpu_set_t before, one;
	struct parts parts;

	(void)state;
	program = plain;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &before))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
		copy_root(NULL, 0, &parts);
		assert_int_equal(parts.place->cpu, cpu);
	}
	sched_setaffinity(0, sizeof(before), &before);
}

static void test_circles_and_shared_objects(void **state)
{
	static const struct otrace_copy_pointer all[] = {{ARG(0), 0}, {ARG(1), 0}, {ARG(2), 2}};
	struct node a = {NULL, "same", 1}, b = {&a, a.name, 2};
	struct frame frame = {.args = {(uint64_t)&a, (uint64_t)&b, (uint64_t)&a}};
	struct ot_copies what = parts_of(&frame);
	struct parts parts;

	(void)state;
	a.next = &b;
	program = plain;
	program.enter_roots = all;
	program.nr_enter_roots = 3;
	write_parts(&frame, &what, &parts);
	assert_int_equal(parts.nr_copies, 3);
	assert_copy(&parts, &a, sizeof(a), 0);
	assert_copy(&parts, &b, sizeof(b), 0);
	assert_copy(&parts, a.name, 5, OTRACE_COPY_IS_TEXT);
}

static void test_the_larger_object_at_a_place(void **state)
{
	static const struct otrace_copy_pointer all[] = {{ARG(0), 2}, {ARG(1), 3}, {ARG(2), 2}};
	char *large = calloc(1, 10000);
	struct frame frame = {.args = {(uint64_t)large, (uint64_t)large, (uint64_t)large}};
	struct ot_copies what = parts_of(&frame);
	struct parts parts;

	(void)state;
	program = plain;
	program.enter_roots = all;
	program.nr_enter_roots = 3;
	write_parts(&frame, &what, &parts);
	assert_int_equal(parts.nr_copies, 1 + 3);
	assert_int_equal(parts.copies[0]->bytes, sizeof(struct node));
	assert_int_equal(parts.copies[1]->address, (uint64_t)large);
	free(large);
}

/* ------------------------------------------------------------------ what cannot be read */

static void test_wild_pointers(void **state)
{
	static const uint64_t wild[] = {1, 0x10, 0x7ffffffff000, 0xdeadbeefdeadbeef, ~7ull, ~0ull};
	struct node *hole = (void *)(room_before_a_hole(4096) + 4096);
	struct node good = {&second, "good", 1};
	struct parts parts;

	(void)state;
	program = plain;
	for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		copy_root((void *)wild[i], i % 2 ? 0 : OTRACE_COPY_STRING, &parts);
		assert_int_equal(parts.nr_copies, 0);
	}
	copy_root(hole, 0, &parts);
	assert_int_equal(parts.nr_copies, 0);
	/* what is beside it is copied */
	good.next = hole;
	copy_root(&good, 0, &parts);
	assert_int_equal(parts.nr_copies, 2);
	assert_copy(&parts, good.name, 5, OTRACE_COPY_IS_TEXT);
	good.next = &second;
	good.name = (const char *)hole;
	copy_root(&good, 0, &parts);
	assert_int_equal(parts.nr_copies, 4);
	assert_copy(&parts, &second, sizeof(second), 0);
	assert_int_equal(parts.place->left_out, 0);
}

static void test_half_an_object(void **state)
{
	char *edge = room_before_a_hole(16);
	struct parts parts;

	(void)state;
	program = plain;
	memcpy(edge, (const char *[]){NULL, "text"}, 16);
	copy_root(edge, 0, &parts);
	assert_copy(&parts, edge, 16, 0);
	/* the part that is there has a pointer */
	assert_int_equal(parts.nr_copies, 2);
}

static void test_strings_at_the_edge(void **state)
{
	char *edge = room_before_a_hole(OTRACE_COPY_STRING_BYTES + 44);
	struct parts parts;

	(void)state;
	program = plain;
	memset(edge, 'x', OTRACE_COPY_STRING_BYTES + 44);
	copy_root(edge, OTRACE_COPY_STRING, &parts);
	assert_copy(&parts, edge, OTRACE_COPY_STRING_BYTES, OTRACE_COPY_IS_TEXT);
	copy_root(edge + 290, OTRACE_COPY_STRING, &parts);
	assert_copy(&parts, edge + 290, 10, OTRACE_COPY_IS_TEXT);
	edge[299] = 0;
	copy_root(edge + 290, OTRACE_COPY_STRING, &parts);
	assert_copy(&parts, edge + 290, 10, OTRACE_COPY_IS_TEXT);
	copy_root(edge + 299, OTRACE_COPY_STRING, &parts);
	assert_copy(&parts, edge + 299, 1, OTRACE_COPY_IS_TEXT);
	assert_memory_equal((const char *)(parts.copies[0] + 1) + 1, "\0\0\0\0\0\0\0", 7);
}

static REAL_FRAME void test_the_own_stack(void **state)
{
	struct node here = {&second, "here", 5};
	struct frame frame = {.args = {(uint64_t)&here}};
	struct ot_copies what = parts_of(&frame);
	struct parts parts;

	(void)state;
	program = plain;
	enter_root = (struct otrace_copy_pointer){ARG(0), 0};
	write_parts(&frame, &what, &parts);
	assert_copy(&parts, &here, sizeof(here), 0);
	assert_copy(&parts, here.name, 5, OTRACE_COPY_IS_TEXT);
}

/* ------------------------------------------------------------------ other threads */

#define NR_COPIERS 3
#define NR_COPIES 1500

static struct node changing = {NULL, "changing", 1};
static bool changing_ends;

/* Its pointer is good, wild, or to memory that comes and goes. */
static void *change(void *context)
{
	(void)context;
	for (unsigned i = 0; !__atomic_load_n(&changing_ends, __ATOMIC_RELAXED); i++) {
		void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);
		void *next[] = {&second, (void *)0x10, page, NULL};

		__atomic_store_n(&changing.next, next[i % 4], __ATOMIC_RELAXED);
		munmap(page, 4096);
	}
	return NULL;
}

static void assert_is_known_text(const struct otrace_rec_copy *copy)
{
	const char *text = (const char *)(copy + 1);

	assert_true(!strcmp(text, "changing") || !strcmp(text, "two"));
	assert_int_equal(copy->bytes, strlen(text) + 1);
}

static void *copy_what_changes(void *context)
{
	struct frame *frame = calloc(1, sizeof(*frame));
	struct ot_copies what = parts_of(frame);
	struct parts parts;

	(void)context;
	frame->args[0] = (uint64_t)&changing;
	for (int i = 0; i < NR_COPIES; i++) {
		write_parts(frame, &what, &parts);
		assert_non_null(parts_at(&parts, &changing));
		assert_true(parts.nr_copies >= 2 && parts.nr_copies <= 5);
		for (unsigned k = 0; k < parts.nr_copies; k++)
			if (parts.copies[k]->flags & OTRACE_COPY_IS_TEXT)
				assert_is_known_text(parts.copies[k]);
	}
	free(frame);
	return NULL;
}

static void test_memory_changes_meanwhile(void **state)
{
	pthread_t threads[NR_COPIERS + 1];

	(void)state;
	program = plain;
	enter_root = (struct otrace_copy_pointer){ARG(0), 0};
	changing_ends = false;
	pthread_create(&threads[0], NULL, change, NULL);
	for (int i = 1; i <= NR_COPIERS; i++)
		pthread_create(&threads[i], NULL, copy_what_changes, NULL);
	for (int i = 1; i <= NR_COPIERS; i++)
		pthread_join(threads[i], NULL);
	__atomic_store_n(&changing_ends, true, __ATOMIC_RELAXED);
	pthread_join(threads[0], NULL);
}

/* ------------------------------------------------------------------ limits */

static void fill(char *bytes, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		bytes[i] = (char)(i * 7 + i / 256);
}

static void assert_pieces(const struct parts *parts, const char *from, uint32_t bytes)
{
	unsigned i = 0;

	for (uint32_t at = 0; at < bytes; i++) {
		assert_true(i < parts->nr_copies);
		assert_int_equal(parts->copies[i]->address, (uint64_t)(from + at));
		assert_memory_equal(parts->copies[i] + 1, from + at, parts->copies[i]->bytes);
		at += parts->copies[i]->bytes;
		assert_true(at <= bytes);
	}
}

static void test_large_objects_come_in_pieces(void **state)
{
	struct otrace_copy_layout huge[] = {{OTRACE_COPY_BYTES_MAX, 0, 0, 0}};
	char *large = malloc(OTRACE_COPY_BYTES_MAX);
	struct parts parts;

	(void)state;
	assert_non_null(large);
	fill(large, OTRACE_COPY_BYTES_MAX);
	program = plain;
	memcpy(large + 8192, (const char *[]){"in the third piece"}, 8);
	copy_root(large, 3, &parts);
	assert_int_equal(parts.nr_copies, 4);
	assert_pieces(&parts, large, 10000);
	assert_string_equal((const char *)(parts.copies[3] + 1), "in the third piece");
	/* as much as there may be, and as a ring of this size takes */
	program.layouts = huge;
	program.nr_layouts = 1;
	program.nr_pointers = 0;
	program.max_bytes = OTRACE_COPY_BYTES_MAX;
	/* more than once around the ring */
	for (int i = 0; i < 6; i++) {
		copy_root(large, 0, &parts);
		assert_pieces(&parts, large, OTRACE_COPY_BYTES_MAX);
		assert_int_equal(parts.place->left_out, 0);
	}
	free(large);
}

static void test_no_more_bytes_than_wanted(void **state)
{
	char *large = calloc(1, 10000);
	struct parts parts;

	(void)state;
	assert_non_null(large);
	fill(large, 10000);
	program = plain;
	program.max_bytes = 5000;
	copy_root(large, 3, &parts);
	assert_int_equal(parts.nr_copies, 2);
	assert_pieces(&parts, large, 5000);
	assert_int_equal(parts.place->left_out, 1);
	/* a string that ends in time is whole, one that does not is cut */
	program.max_bytes = 4;
	copy_root("one", OTRACE_COPY_STRING, &parts);
	assert_int_equal(parts.copies[0]->bytes, 4);
	assert_int_equal(parts.place->left_out, 0);
	copy_root("three", OTRACE_COPY_STRING, &parts);
	assert_int_equal(parts.copies[0]->bytes, 4);
	assert_int_equal(parts.place->left_out, 1);
	/* strings are counted as long as they are, so there is room for what comes behind them */
	program.max_bytes = 3 * sizeof(struct node) + 8;
	copy_root(&first, 0, &parts);
	assert_int_equal(parts.nr_copies, 5);
	assert_int_equal(parts.place->left_out, 0);
	program.max_bytes = 0;
	copy_root(&first, 0, &parts);
	assert_int_equal(parts.nr_copies, 0);
	assert_int_equal(parts.place->left_out, 1);
	free(large);
}

#define NR_MANY 100

static void test_no_more_objects_than_wanted(void **state)
{
	static struct otrace_copy_pointer many[NR_MANY];
	static const struct otrace_copy_layout two[] = {{8 * NR_MANY, 0, NR_MANY, 0},
							{sizeof(long), 0, 0, 0}};
	static long numbers[NR_MANY];
	long **all = calloc(NR_MANY, sizeof(*all));
	struct parts parts;

	(void)state;
	assert_non_null(all);
	for (uint32_t i = 0; i < NR_MANY; i++) {
		many[i] = (struct otrace_copy_pointer){8 * i, 1};
		numbers[i] = i;
		all[i] = i == 50 ? NULL : i % 3 == 1 ? (void *)0x10 : &numbers[i];
	}
	program = plain;
	program.pointers = many;
	program.nr_pointers = NR_MANY;
	program.layouts = two;
	program.nr_layouts = 2;
	copy_root(all, 0, &parts);
	/* of 100, one is NULL and 33 are the same, which cannot be read; and there is the array itself */
	assert_int_equal(parts.nr_copies, OTRACE_COPY_OBJECTS_MAX - 1);
	assert_int_equal(parts.place->left_out, 100 - 1 - 33 + 1 + 1 - OTRACE_COPY_OBJECTS_MAX);
	for (unsigned i = 1; i < parts.nr_copies; i++)
		assert_memory_equal(parts.copies[i] + 1, (void *)parts.copies[i]->address, 8);
	free(all);
}

static bool sound_with(const struct otrace_copy_layout *layout, uint32_t nr)
{
	program.layouts = layout;
	program.nr_layouts = nr;
	return ot_copy_program_is_sound(&program, sizeof(struct frame));
}

static void test_programs_are_checked(void **state)
{
	static const struct otrace_copy_layout bad[] = {
		{0, 0, 0, 0},		{OTRACE_COPY_BYTES_MAX + 1, 0, 0, 0},
		{24, 6, 0, 0},		{24, 0, 6, 0},
		{24, 4, 0xfffffffe, 0}, {15, 0, 2, 0},
		{24, 0, 0, 1}};
	static const struct otrace_copy_pointer back = {0, 0}, wide = {8, 7};
	static const struct otrace_copy_pointer roots[] = {
		{sizeof(struct frame) - 7, 0}, {0xfffffff9, 0}, {ARG(0), 4}, {ARG(0), ~1u}};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		program = plain;
		assert_false(sound_with(&bad[i], 1));
	}
	/* a layout must not lead to itself, or back, or nowhere */
	for (unsigned i = 0; i < 2; i++) {
		static const struct otrace_copy_layout one = {16, 0, 1, 0};

		program = plain;
		enter_root = (struct otrace_copy_pointer){ARG(0), 0};
		program.pointers = i ? &wide : &back;
		program.nr_pointers = 1;
		assert_false(sound_with(&one, 1));
	}
	for (unsigned i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		program = plain;
		enter_root = roots[i];
		assert_false(ot_copy_program_is_sound(&program, sizeof(struct frame)));
		program.nr_enter_roots = 0;
		assert_true(ot_copy_program_is_sound(&program, sizeof(struct frame)));
		program.nr_leave_roots = 1;
		assert_false(ot_copy_program_is_sound(&program, sizeof(struct frame)));
	}
	program = plain;
	program.nr_enter_roots = 0;
	program.max_bytes = OTRACE_COPY_BYTES_MAX + 1;
	assert_false(ot_copy_program_is_sound(&program, sizeof(struct frame)));
	program.max_bytes = 0;
	program.stack_bytes = OTRACE_COPY_STACK_BYTES_MAX + 1;
	assert_false(ot_copy_program_is_sound(&program, sizeof(struct frame)));
}

/* ------------------------------------------------------------------ the share */

static uint64_t copy_sparing(struct parts *parts)
{
	struct frame frame = {.args = {(uint64_t)&first}};
	struct ot_copies what = parts_of(&frame);

	what.sparing = true;
	write_parts(&frame, &what, parts);
	return parts_thread()->counts[9].spared;
}

static void test_a_thread_has_its_share(void **state)
{
	struct ot_share *share = &parts_thread()->share;
	uint64_t spared = parts_thread()->counts[9].spared;
	struct parts parts;

	(void)state;
	program = plain;
	enter_root = (struct otrace_copy_pointer){ARG(0), 0};
	assert_int_equal(copy_sparing(&parts), spared);
	assert_int_equal(parts.nr_copies, 5);
	assert_int_equal(share->bytes_ns, OT_SHARE_SAVED_NS - 100 * (3 * sizeof(first) + 8));
	assert_true(share->time_ns < OT_SHARE_SAVED_NS);
	/* either is used up */
	for (int i = 0; i < 2; i++) {
		*(i ? &share->time_ns : &share->bytes_ns) = -1000000000;
		assert_int_equal(copy_sparing(&parts), spared + 1 + (unsigned)i);
		assert_int_equal(parts.nr_copies, 0);
		assert_int_equal(parts.place->flags, OTRACE_PLACE_SPARED);
		share->last_tsc = 1; /* a long time ago */
		assert_int_equal(copy_sparing(&parts), spared + 1 + (unsigned)i);
		assert_int_equal(parts.nr_copies, 5);
	}
}

static void test_the_share_is_earned(void **state)
{
	struct ot_share share = {0};
	uint64_t second_tsc = (uint64_t)(1e18 / (double)ot_clock_to_ns(1000000000)), now = 1000;

	(void)state;
	assert_true(ot_share_is_left(&share, now));
	/* half a second of copying takes ten */
	ot_share_spend(&share, second_tsc / 2, 0);
	assert_false(ot_share_is_left(&share, now += second_tsc * 9));
	assert_true(ot_share_is_left(&share, now += second_tsc));
	/* and 20 MB take two */
	ot_share_spend(&share, 0, 20000000);
	assert_false(ot_share_is_left(&share, now += second_tsc * 18 / 10));
	assert_true(ot_share_is_left(&share, now += second_tsc * 3 / 10));
	/* a rest does not save up more than a tenth of a second, time never runs back */
	assert_true(ot_share_is_left(&share, now += second_tsc * 1000));
	ot_share_spend(&share, 0, 1000001);
	assert_false(ot_share_is_left(&share, now));
	assert_false(ot_share_is_left(&share, now - 500));
}

static void test_what_was_asked_for_is_not_spared(void **state)
{
	struct ot_share *share = &parts_thread()->share, before;
	struct parts parts;

	(void)state;
	program = plain;
	share->time_ns = share->bytes_ns = -1000000000;
	before = *share;
	copy_root(&first, 0, &parts);
	assert_int_equal(parts.nr_copies, 5);
	assert_memory_equal(share, &before, sizeof(before));
	*share = (struct ot_share){0};
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_to_their_depth),
		cmocka_unit_test(test_the_place),
		cmocka_unit_test(test_the_cpu),
		cmocka_unit_test(test_circles_and_shared_objects),
		cmocka_unit_test(test_the_larger_object_at_a_place),
		cmocka_unit_test(test_wild_pointers),
		cmocka_unit_test(test_half_an_object),
		cmocka_unit_test(test_strings_at_the_edge),
		cmocka_unit_test(test_the_own_stack),
		cmocka_unit_test(test_memory_changes_meanwhile),
		cmocka_unit_test(test_large_objects_come_in_pieces),
		cmocka_unit_test(test_no_more_bytes_than_wanted),
		cmocka_unit_test(test_no_more_objects_than_wanted),
		cmocka_unit_test(test_programs_are_checked),
		cmocka_unit_test(test_a_thread_has_its_share),
		cmocka_unit_test(test_the_share_is_earned),
		cmocka_unit_test(test_what_was_asked_for_is_not_spared),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
