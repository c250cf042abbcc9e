/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Integers of any width: __int128, _BitInt(N), and bit-fields of them.
 *
 * Of a _BitInt clang's debug information has the bytes but not N. In memory that does not matter: what
 * lies above N bits is what a wider type would have there. In registers it is anything, so the types
 * of parameters and results say N (ot_type.count).
 */
#ifndef OT_MODEL_WIDE_H
#define OT_MODEL_WIDE_H

#include "model/value.h"

#define OT_WIDE_DECIMAL_MAX_BITS 4096u /* what takes longer is nothing that anybody reads */

/** Two's complement, extended to whole limbs by its sign; the least limb first. */
struct ot_wide {
	uint64_t *limbs;
	size_t nr;
	uint64_t small[4]; /* limbs may point here: do not copy the struct */
};

/** Bits of an integer: of a bit-field, else of its type. */
uint64_t ot_value_bits(const struct ot_value *value);

/** The number that an integer of any width holds. False when it is none, or not known whole. */
bool ot_value_to_wide(const struct ot_value *value, struct ot_wide *ret);
void ot_wide_deinit(struct ot_wide *wide);

#define ot_auto_wide __attribute__((cleanup(ot_wide_deinit)))

/** Adds the number: in decimal, and in hex when it has more limbs than OT_WIDE_DECIMAL_MAX_BITS.
 * The limbs are used up. */
void ot_wide_write(struct ot_wide *wide, bool is_signed, struct ot_buf *out);

#endif
