/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Floats and doubles in hooks, which use general registers alone: as the bits of a double. What it takes the
 * processor's unit for is ot_arch_fraction().
 */
#ifndef OT_CORE_FRACTION_H
#define OT_CORE_FRACTION_H

#include <otrace/bytecode.h>
#include <stdbool.h>
#include "arch/arch.h"

#define OT_FRACTION_SIGN (1ull << 63)
#define OT_FRACTION_INFINITE (0x7ffull << 52)
#define OT_FRACTION_BITS 52u /* behind the point */
#define OT_FRACTION_BIAS 1023u

static inline bool ot_fraction_is_nan(uint64_t a)
{
	return (a & ~OT_FRACTION_SIGN) > OT_FRACTION_INFINITE;
}

static inline bool ot_fraction_is_equal(uint64_t a, uint64_t b)
{
	if (ot_fraction_is_nan(a) || ot_fraction_is_nan(b))
		return false;
	return a == b || !((a | b) & ~OT_FRACTION_SIGN);
}

/* Without their sign the bits are in the numbers' order. */
static inline bool ot_fraction_is_less(uint64_t a, uint64_t b)
{
	if (ot_fraction_is_nan(a) || ot_fraction_is_nan(b) || ot_fraction_is_equal(a, b))
		return false;
	if ((a ^ b) & OT_FRACTION_SIGN)
		return a & OT_FRACTION_SIGN;
	return a & OT_FRACTION_SIGN ? a > b : a < b;
}

static inline uint64_t ot_fraction_of_float(uint32_t bits)
{
	return ot_arch_fraction(OT_FRACTION_WIDEN, bits, 0, false);
}

/** To the nearest that a float (width 4) or double has; to even where two are. width says whether it has a sign. */
uint64_t ot_fraction_of_integer(uint64_t value, uint32_t width);

/** Cut to an integer; of one that is too large the low 64 bits, of a NaN 0. */
static inline uint64_t ot_fraction_to_integer(uint64_t a)
{
	int exponent = (int)(a >> OT_FRACTION_BITS & 0x7ff) - (int)OT_FRACTION_BIAS;
	uint64_t value = (a & ((1ull << OT_FRACTION_BITS) - 1)) | 1ull << OT_FRACTION_BITS;

	if (exponent < 0 || exponent > 63 + (int)OT_FRACTION_BITS)
		return 0;
	if (exponent < (int)OT_FRACTION_BITS)
		value >>= (int)OT_FRACTION_BITS - exponent;
	else if (exponent - (int)OT_FRACTION_BITS < 64)
		value <<= exponent - (int)OT_FRACTION_BITS;
	return a & OT_FRACTION_SIGN ? 0 - value : value;
}

#endif
