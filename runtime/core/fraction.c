/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/fraction.h"

/* Half and more is one more, but of exact halves only the odd ones. */
static uint64_t rounded(uint64_t value, uint32_t unused)
{
	uint64_t rest = value & ((1ull << unused) - 1), half = 1ull << (unused - 1);
	uint64_t kept = value >> unused;

	return kept + (rest > half || (rest == half && (kept & 1)));
}

uint64_t ot_fraction_of_integer(uint64_t value, uint32_t width)
{
	uint32_t digits = (width & OTRACE_CODE_BYTES) == 4 ? 24 : 53, leading;
	bool is_negative = (width & OTRACE_CODE_SIGNED) && (int64_t)value < 0;
	uint64_t exponent;

	if (is_negative)
		value = 0 - value;
	if (!value)
		return 0;
	leading = (uint32_t)__builtin_clzll(value);
	exponent = OT_FRACTION_BIAS + 63 - leading;
	value = rounded(value << leading, 64 - digits);
	if (value >> digits) {
		value >>= 1;
		exponent++;
	}
	value <<= OT_FRACTION_BITS + 1 - digits;
	value &= (1ull << OT_FRACTION_BITS) - 1;
	return (is_negative ? OT_FRACTION_SIGN : 0) | exponent << OT_FRACTION_BITS | value;
}
