// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "model/wide.h"

#define LIMB_BITS 64u
#define CHUNK 10000000000000000000ull
#define CHUNK_DIGITS 19u

uint64_t ot_value_bits(const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);

	if (value->bit_size)
		return value->bit_size;
	/* what a damaged table says may be more than there is */
	if (type->kind == OTRACE_TYPE_BASE && type->count && type->count < type->size_bytes * 8)
		return type->count;
	return ot_type_size(type) * 8;
}

void ot_wide_deinit(struct ot_wide *wide)
{
	if (wide->limbs != wide->small)
		free(wide->limbs);
	wide->limbs = NULL;
	wide->nr = 0;
}

/* Moves what begins at a bit of the first byte to bit 0. */
static void shift_down(struct ot_wide *wide, const uint8_t *bytes, size_t nr_bytes,
		       unsigned int shift)
{
	uint8_t *to = (uint8_t *)wide->limbs;
	size_t room = wide->nr * sizeof(uint64_t);

	for (size_t i = 0; i < room && i < nr_bytes; i++) {
		unsigned int two = bytes[i] | (i + 1 < nr_bytes ? bytes[i + 1] : 0u) << 8;

		to[i] = (uint8_t)(two >> shift);
	}
}

static void extend(struct ot_wide *wide, uint64_t bits, bool is_signed)
{
	uint64_t *top = &wide->limbs[wide->nr - 1];
	unsigned int used = (unsigned int)(bits % LIMB_BITS);
	uint64_t sign;

	if (!used)
		return;
	sign = 1ull << (used - 1);
	*top &= (sign << 1) - 1;
	if (is_signed)
		*top = (*top ^ sign) - sign;
}

bool ot_value_to_wide(const struct ot_value *value, struct ot_wide *ret)
{
	uint64_t bits = ot_value_bits(value);
	uint64_t need = (value->bit_shift + bits + 7) / 8;
	size_t nr = (size_t)((bits + LIMB_BITS - 1) / LIMB_BITS);

	if (value->state != OT_VALUE_OK || !value->bytes || !bits || value->nr_bytes < need ||
	    !ot_type_is_integer(value->type) || !ot_value_is_known(value, need))
		return false;
	memset(ret->small, 0, sizeof(ret->small));
	ret->nr = nr;
	ret->limbs = nr > OT_NR(ret->small) ? ot_alloc(nr * sizeof(uint64_t)) : ret->small;
	shift_down(ret, value->bytes, (size_t)need, value->bit_shift);
	extend(ret, bits, ot_type_is_signed(value->type));
	return true;
}

static void negate(struct ot_wide *wide)
{
	bool carry = true;

	for (size_t i = 0; i < wide->nr; i++) {
		wide->limbs[i] = ~wide->limbs[i] + carry;
		carry = carry && !wide->limbs[i];
	}
}

/* Divides by CHUNK; returns what is left over. */
static uint64_t take_chunk(struct ot_wide *wide)
{
	unsigned __int128 left = 0;

	for (size_t i = wide->nr; i-- > 0;) {
		left = left << LIMB_BITS | wide->limbs[i];
		wide->limbs[i] = (uint64_t)(left / CHUNK);
		left %= CHUNK;
	}
	while (wide->nr && !wide->limbs[wide->nr - 1])
		wide->nr--;
	return (uint64_t)left;
}

static void write_decimal(struct ot_wide *wide, struct ot_buf *out)
{
	char digits[OT_WIDE_DECIMAL_MAX_BITS / 3];
	size_t at = sizeof(digits);

	do {
		uint64_t chunk = take_chunk(wide);

		for (unsigned int i = 0; i < CHUNK_DIGITS && (chunk || wide->nr); i++) {
			digits[--at] = (char)('0' + (int)(chunk % 10));
			chunk /= 10;
		}
	} while (wide->nr);
	if (at == sizeof(digits))
		digits[--at] = '0';
	ot_buf_add(out, digits + at, sizeof(digits) - at);
}

static void write_hex(const struct ot_wide *wide, struct ot_buf *out)
{
	size_t at = wide->nr;

	while (at > 1 && !wide->limbs[at - 1])
		at--;
	ot_buf_add_hex(out, wide->limbs[--at]);
	while (at-- > 0)
		ot_buf_addf(out, "%016llx", (unsigned long long)wide->limbs[at]);
}

void ot_wide_write(struct ot_wide *wide, bool is_signed, struct ot_buf *out)
{
	if (is_signed && wide->limbs[wide->nr - 1] >> (LIMB_BITS - 1)) {
		ot_buf_addc(out, '-');
		negate(wide);
	}
	if (wide->nr <= OT_WIDE_DECIMAL_MAX_BITS / LIMB_BITS)
		write_decimal(wide, out);
	else
		write_hex(wide, out);
}
