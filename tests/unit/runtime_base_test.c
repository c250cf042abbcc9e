/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside */
/* The runtime's base: memory, texts, arena, lock, maps, and reading memory that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/lock.h"
#include "base/maps.h"
#include "base/mem.h"
#include "core/area.h"

static void test_memory_functions_agree_with_libc(void **state)
{
	char a[64], b[64];

	(void)state;
	for (size_t n = 0; n < 32; n++) {
		for (size_t shift = 0; shift < 32; shift++) {
			for (size_t i = 0; i < 64; i++)
				a[i] = b[i] = (char)i;
			ot_memmove(a + 16, a + shift, n);
			memmove(b + 16, b + shift, n);
			assert_memory_equal(a, b, 64);
		}
		ot_memset(a, 'x', n);
		memset(b, 'x', n);
		assert_int_equal(ot_memcmp(a, b, n), 0);
	}
	assert_true(ot_strcmp("abc", "abd") < 0);
	assert_true(ot_strends("dir/shop.c", "shop.c"));
	assert_false(ot_strends("c", "shop.c"));
	assert_string_equal(ot_basename("a/b/c"), "c");
}

static void test_numbers(void **state)
{
	const char *end;

	(void)state;
	assert_int_equal(ot_parse_u64("7f00-x", 16, &end), 0x7f00);
	assert_string_equal(end, "-x");
	assert_int_equal(ot_parse_u64("", 10, &end), 0);
}

static void test_texts_are_cut_and_terminated(void **state)
{
	char buffer[8];
	struct ot_text text = OT_TEXT(buffer);

	(void)state;
	ot_text_add(&text, "abc");
	ot_text_add_u64(&text, 18446744073709551615ull, 10);
	assert_string_equal(buffer, "abc1844");
}

static void test_arena_gives_zeroed_aligned_memory(void **state)
{
	(void)state;
	for (size_t bytes = 1; bytes < 3 * OT_ARENA_PIECE_BYTES; bytes = bytes * 3 + 1) {
		unsigned char *at = ot_arena_alloc(bytes);

		assert_non_null(at);
		assert_int_equal((uintptr_t)at % 16, 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(at[i], 0);
		memset(at, 0xff, bytes);
	}
	assert_null(ot_arena_alloc(OT_ARENA_MAX_BYTES));
	assert_non_null(ot_arena_alloc(1));
}

static struct ot_lock lock;
static long counter;

static void *count(void *unused)
{
	for (int i = 0; i < 100000; i++) {
		ot_lock_take(&lock);
		__atomic_store_n(&counter, __atomic_load_n(&counter, __ATOMIC_RELAXED) + 1,
				 __ATOMIC_RELAXED);
		ot_lock_release(&lock);
	}
	return unused;
}

static void test_lock_excludes(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter, 400000);
}

static void test_maps_find_with_any_buffer(void **state)
{
	static const size_t sizes[] = {512, 1024, 4096};
	struct ot_mapping map;
	char scratch[4096];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(ot_maps_find((uint64_t)scratch, scratch, sizes[i], &map));
		assert_true(map.low <= (uint64_t)scratch && (uint64_t)scratch < map.high);
		assert_int_equal(map.prot & (PROT_READ | PROT_WRITE), PROT_READ | PROT_WRITE);
		assert_true(ot_maps_find((uint64_t)ot_maps_find, scratch, sizes[i], &map));
		assert_int_equal(map.prot, PROT_READ | PROT_EXEC);
		assert_false(ot_maps_find(8, scratch, sizes[i], &map));
	}
}

static void test_maps_list_begins_with_the_one_asked_for(void **state)
{
	char *pages = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ot_mapping maps[8], one;
	char scratch[4096];
	unsigned nr;

	(void)state;
	mprotect(pages + 4096, 4096, PROT_READ);
	for (size_t size = 512; size <= sizeof(scratch); size *= 2) {
		nr = ot_maps_list((uint64_t)pages + 4100, scratch, size, maps, 8);
		assert_in_range(nr, 1, 8);
		assert_int_equal(maps[0].low, (uint64_t)pages + 4096);
		assert_int_equal(maps[0].high, (uint64_t)pages + 8192);
		assert_int_equal(maps[0].prot, PROT_READ);
		for (unsigned i = 1; i < nr; i++) {
			assert_true(maps[i].low >= maps[i - 1].high);
			assert_true(ot_maps_find(maps[i].low, scratch, sizeof(scratch), &one));
			assert_int_equal(maps[i].high, one.high);
			assert_int_equal(maps[i].prot, one.prot);
		}
		assert_int_equal(ot_maps_list((uint64_t)pages, scratch, size, maps, 1), 1);
		assert_int_equal(ot_maps_list(8, scratch, size, maps, 8), 0);
	}
	munmap(pages, 12288);
}

static void test_maps_ask_knows_what_maps_find_knows(void **state)
{
	char *pages = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t places[] = {(uint64_t)pages, (uint64_t)pages + 4100, (uint64_t)ot_maps_ask};
	struct ot_mapping asked, found;
	char scratch[4096];

	(void)state;
	mprotect(pages + 4096, 4096, PROT_READ);
	assert_false(ot_maps_ask(8, &asked));
	for (unsigned i = 0; i < 3; i++) {
		if (!ot_maps_ask(places[i], &asked)) {
			assert_int_equal(i, 0); /* an older kernel */
			break;
		}
		assert_true(ot_maps_find(places[i], scratch, sizeof(scratch), &found));
		assert_int_equal(asked.low, found.low);
		assert_int_equal(asked.high, found.high);
		assert_int_equal(asked.prot, found.prot);
	}
	munmap(pages, 12288);
}

static void test_wild_reads_and_writes(void **state)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *to, buffer[128];

	(void)state;
	assert_true(ot_area_create(1 << 20, 1 << 16) && ot_area_map_rings());
	to = (char *)ot_area_ring(0) + 4096;
	memset(pages, 'x', 8192);
	mprotect(pages + 4096, 4096, PROT_NONE);
	for (uint64_t most = 1; most < 100; most += 7) {
		uint64_t got = most < 10 ? most : 10;

		assert_int_equal(ot_safe_read(to, (uint64_t)pages + 4086, most), got);
		assert_int_equal(ot_safe_read(buffer, (uint64_t)pages + 4086, most), got);
		assert_memory_equal(to, "xxxxxxxxxx", got);
	}
	assert_int_equal(ot_safe_read(to, 16, 8), 0);
	assert_int_equal(ot_safe_read(to, ~0ull - 4, 8), 0);
	assert_int_equal(ot_safe_read(to, (uint64_t)pages + 4096, 8), 0);
	assert_true(ot_safe_readable((uint64_t)pages));
	assert_false(ot_safe_readable((uint64_t)pages + 4096));
	assert_int_equal(ot_safe_write((uint64_t)pages, "yes", 4), 4);
	assert_string_equal(pages, "yes");
	assert_int_equal(ot_safe_write((uint64_t)pages + 4096, "no", 3), 0);
	munmap(pages, 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_functions_agree_with_libc),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts_are_cut_and_terminated),
		cmocka_unit_test(test_arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(test_lock_excludes),
		cmocka_unit_test(test_maps_find_with_any_buffer),
		cmocka_unit_test(test_maps_list_begins_with_the_one_asked_for),
		cmocka_unit_test(test_maps_ask_knows_what_maps_find_knows),
		cmocka_unit_test(test_wild_reads_and_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
