/* SPDX-License-Identifier: BSD-2-Clause */
/** Without a fuzzer: a corpus is replayed, and each input with changes of it. */
#ifndef OT_FUZZ_CHANGES_H
#define OT_FUZZ_CHANGES_H

#include <stdint.h>
#include <string.h>

#include "base/clean.h"

#define FUZZ_CHANGES 100 /* of each input */

static uint32_t fuzz_random(uint32_t limit)
{
	static uint32_t seed = 1;

	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % limit;
}

/** The input as it is, then with bytes left out, and others of @p bits put in: those that make it
 * another input, not only a wrong one. */
static void fuzz_replay(const char *input, const char *bits,
			int (*one)(const uint8_t *data, size_t bytes))
{
	size_t len = strlen(input);

	one((const uint8_t *)input, len);
	for (int i = 0; i < FUZZ_CHANGES; i++) {
		ot_auto_free char *text = ot_alloc(len * 2 + 8);
		size_t nr = 0;

		for (size_t at = 0; at < len; at++) {
			uint32_t what = fuzz_random(len < 8 ? 4 : (uint32_t)len / 2);

			if (what == 0)
				text[nr++] = bits[fuzz_random((uint32_t)strlen(bits))];
			if (what != 1)
				text[nr++] = input[at];
		}
		one((const uint8_t *)text, nr);
	}
}

#endif
