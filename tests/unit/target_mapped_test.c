/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables read from the files that a process has mapped: here, this one. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "model/image.h"
#include "target/impl.h"
#include "target/mapped.h"

static const char constant[20000] = "never written";
static char variable[64] = "written";

static unsigned int nr_asked;
static bool lies;

/* The memory of this process, unless it is to look like that of another program. */
static struct ot_err *own_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	(void)target;
	for (size_t i = 0; i < nr; i++) {
		memcpy(spans[i].buf, (const void *)(uintptr_t)spans[i].address, spans[i].bytes);
		spans[i].got = spans[i].bytes;
		if (lies)
			((char *)spans[i].buf)[200] ^= 1;
	}
	nr_asked++;
	return NULL;
}

static const struct ot_target_ops own_ops = {.readv = own_readv};
static struct ot_target own = {.ops = &own_ops, .state = OT_TARGET_RUNNING};

static uint64_t address_of(const void *at)
{
	return (uint64_t)(uintptr_t)at;
}

static void constants_come_from_the_file(void **state)
{
	struct ot_mapped *mapped = ot_mapped_create(getpid());
	static char got[sizeof(constant)];

	(void)state;
	lies = false;
	nr_asked = 0;
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(constant), got, sizeof(constant)),
			 sizeof(constant));
	assert_memory_equal(got, constant, sizeof(constant));
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(constant) + 6, got, 7), 7);
	assert_memory_equal(got, "written", 7);
	/* of the process only what shows that it is that file */
	assert_int_equal(nr_asked, 1);
	ot_mapped_forget(mapped);
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(constant), got, 13), 13);
	assert_int_equal(nr_asked, 2);
	ot_mapped_destroy(mapped);
}

static void the_file_itself_is_opened_where_it_is_known(void **state)
{
	struct ot_mapped *mapped = ot_mapped_create(getpid());
	ot_auto_close int fd = ot_mapped_open(mapped, &own, address_of(constant));
	struct stat opened = {0}, exe = {0};

	(void)state;
	if (fd < 0 || fstat(fd, &opened) || stat("/proc/self/exe", &exe))
		fail_msg("no such file");
	assert_true(opened.st_dev == exe.st_dev && opened.st_ino == exe.st_ino);
	assert_int_equal(ot_mapped_open(mapped, &own, 0), -1);
	ot_mapped_destroy(mapped);
	lies = true;
	mapped = ot_mapped_create(getpid());
	assert_int_equal(ot_mapped_open(mapped, &own, address_of(constant)), -1);
	ot_mapped_destroy(mapped);
	lies = false;
}

static void what_can_be_written_does_not(void **state)
{
	struct ot_mapped *mapped = ot_mapped_create(getpid());
	ot_auto_free char *heap = ot_strdup("heap");
	char got[8];

	(void)state;
	lies = false;
	variable[0] = 'W';
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(variable), got, 7), 0);
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(heap), got, 4), 0);
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(got), got, 4), 0);
	assert_int_equal(ot_mapped_read(mapped, &own, 0, got, 4), 0);
	ot_mapped_destroy(mapped);
}

static void another_file_is_not_believed(void **state)
{
	struct ot_mapped *mapped = ot_mapped_create(getpid());
	char got[8];

	(void)state;
	lies = true;
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(constant), got, 8), 0);
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(constant), got, 8), 0);
	ot_mapped_destroy(mapped);
	lies = false;
	mapped = ot_mapped_create(0x7ffffff0); /* there is no such process */
	assert_int_equal(ot_mapped_read(mapped, &own, address_of(constant), got, 8), 0);
	ot_mapped_destroy(mapped);
}

static size_t short_file(struct ot_target *target, uint64_t address, void *buf, size_t bytes)
{
	(void)target;
	(void)address;
	memset(buf, 'f', bytes / 2);
	return bytes > 4 ? bytes / 2 : 0;
}

static void the_process_is_asked_for_what_no_file_has(void **state)
{
	static const struct ot_target_ops ops = {.readv = own_readv, .read_file = short_file};
	struct ot_target target = {.ops = &ops, .state = OT_TARGET_RUNNING};
	char got[8];
	struct ot_target_span span = {.address = address_of(constant), .buf = got, .bytes = 8};

	(void)state;
	lies = false;
	nr_asked = 0;
	assert_null(ot_target_read_tables(&target, &span));
	assert_int_equal(span.got, 4);
	assert_memory_equal(got, "ffff", 4);
	span.bytes = 4;
	assert_null(ot_target_read_tables(&target, &span));
	assert_int_equal(span.got, 4);
	assert_memory_equal(got, "neve", 4);
	assert_int_equal(nr_asked, 1);
}

static size_t file_that_ends(struct ot_target *target, uint64_t address, void *buf, size_t bytes)
{
	(void)target;
	(void)address;
	memset(buf, 'f', bytes < 100 ? bytes : 100);
	return 100;
}

static void the_process_has_the_page_that_a_file_ends_in(void **state)
{
	static const struct ot_target_ops ops = {.readv = own_readv, .read_file = file_that_ends};
	struct ot_target target = {.ops = &ops, .state = OT_TARGET_RUNNING};
	uint64_t page = (address_of(constant) + 4095) & ~4095ull;
	struct ot_image image = {0};
	const void *got;

	(void)state;
	lies = false;
	assert_null(ot_image_init(&image, &target, page, page + 4096));
	got = ot_image_at(&image, page, 4096);
	assert_non_null(got);
	assert_memory_equal(got, (const void *)(uintptr_t)page, 4096);
	ot_image_deinit(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constants_come_from_the_file),
		cmocka_unit_test(the_file_itself_is_opened_where_it_is_known),
		cmocka_unit_test(what_can_be_written_does_not),
		cmocka_unit_test(another_file_is_not_believed),
		cmocka_unit_test(the_process_is_asked_for_what_no_file_has),
		cmocka_unit_test(the_process_has_the_page_that_a_file_ends_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
