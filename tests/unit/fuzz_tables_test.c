/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever bytes the tables of a module have, it is refused or can be looked around in: each byte of the
 * tables of the made program in turn gets a few values. tests/fuzz/fuzz_tables.c goes on from there with
 * the tables of real programs.
 * test-links: oshell
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_program.h"
#include "tests/fuzz/look.h"

static void no_byte_of_the_tables_can_crash_the_reader(void **state)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0xff};
	struct fake *fake = fake_create();
	uint32_t used = fake->used;

	(void)state;
	ot_target_close(&fake->target);
	for (uint32_t at = 0; at < used; at++)
		for (size_t i = 0; i < OT_NR(values); i += 1 + at % 2) {
			fake = fake_create();
			fake->data[at] = values[i];
			look_at_program(&fake->target);
			ot_target_close(&fake->target);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_byte_of_the_tables_can_crash_the_reader)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
