// SPDX-License-Identifier: BSD-2-Clause
// Arithmetic with C's conversions. Integers are held in 128 bits and cut to their type after each
// step, which is what two's complement arithmetic of that type gives.
#include <string.h>

#include "expr/tree.h"
#include "model/made.h"
#include "model/wide.h"

static bool is_unsigned_type(const struct ot_type *type)
{
	return !ot_type_is_signed(type);
}

/* _Float16, __bf16 and __float128 share their sizes with others. */
static bool is_named(const struct ot_type *type, const char *name)
{
	type = ot_type_strip(type);
	return type->name && !strcmp(type->name, name);
}

/* Compilers calculate with these in float, and round at the end of the expression. */
static bool is_half(const struct ot_type *type)
{
	return ot_type_is_float(type) && ot_type_size(type) == sizeof(_Float16);
}

static bool real_of(const struct ot_value *value, struct ot_number *ret)
{
	long double real = 0;

	if (!ot_value_to_long_double(value, &real))
		return false;
	ret->real = real;
	if (ot_type_is_float128(value->type))
		memcpy(&ret->real, value->bytes, sizeof(ret->real));
	ret->is_unrounded = value->is_unrounded && is_half(value->type);
	ret->unrounded = value->unrounded;
	return true;
}

/* More than 128 bits are shown, not calculated with. */
static bool integer_of(const struct ot_value *value, __int128 *ret)
{
	ot_auto_wide struct ot_wide wide = {0};
	uint64_t limbs[2];

	if (!ot_value_to_wide(value, &wide) || wide.nr > OT_NR(limbs))
		return false;
	limbs[0] = wide.limbs[0];
	/* one limb is extended by its sign */
	limbs[1] = wide.nr > 1						     ? wide.limbs[1]
		   : ot_type_is_signed(value->type) && (int64_t)limbs[0] < 0 ? UINT64_MAX
									     : 0;
	memcpy(ret, limbs, sizeof(limbs));
	return true;
}

bool ot_number_of_value(const struct ot_value *value, struct ot_number *ret)
{
	uint64_t number;

	memset(ret, 0, sizeof(*ret));
	ret->type = value->type;
	ret->bit_size = value->bit_size;
	ret->is_float = ot_type_is_float(value->type);
	if (ret->is_float)
		return real_of(value, ret);
	if (ot_type_is_integer(value->type))
		return integer_of(value, &ret->integer);
	if (!ot_value_to_u64(value, &number))
		return false;
	ret->integer = number;
	return true;
}

bool ot_number_is_true(const struct ot_number *number)
{
	if (number->is_complex && number->imaginary != 0)
		return true;
	return number->is_float ? number->real != 0 : number->integer != 0;
}

static __int128 cut_integer(__int128 integer, const struct ot_type *type)
{
	unsigned __int128 bits = (unsigned __int128)integer;
	uint64_t size = ot_type_bits(type);
	unsigned int unused;

	if (!size || size >= 128)
		return integer;
	unused = (unsigned int)(128 - size);
	if (is_unsigned_type(type))
		return (__int128)(bits << unused >> unused);
	return (__int128)(bits << unused) >> unused;
}

/* The upper half of a float, to the nearest. */
static float cut_bf16(__float128 real)
{
	float wide = (float)real;
	uint32_t bits;

	memcpy(&bits, &wide, sizeof(bits));
	if (real == real)
		bits += 0x7fff + (bits >> 16 & 1);
	bits &= 0xffff0000;
	memcpy(&wide, &bits, sizeof(wide));
	return wide;
}

static __float128 cut_real(__float128 real, const struct ot_type *type)
{
	switch (ot_type_size(type)) {
	case sizeof(_Float16):
		return is_named(type, "__bf16") ? cut_bf16(real) : (__float128)(_Float16)real;
	case sizeof(float):
		return (float)real;
	case sizeof(double):
		return (double)real;
	default:
		return ot_type_is_float128(type) ? real : (__float128)(long double)real;
	}
}

/* What C leaves undefined (a float out of range) must be defined here: the nearest limit. */
static __int128 real_to_integer(__float128 real, const struct ot_type *type)
{
	const __float128 limit = 0x1p126L;

	if (real != real)
		return 0;
	if (real > limit && is_unsigned_type(type) && real < 0x1p128L)
		return (__int128)(unsigned __int128)real;
	if (ot_type_bits(type) == 128 && real > -0x1p127L && real < 0x1p127L)
		return (__int128)real;
	return (__int128)(real > limit ? limit : real < -limit ? -limit : real);
}

/* Rounded once, to the type itself. */
static __float128 integer_to_real(const struct ot_number *number, const struct ot_type *type)
{
	unsigned __int128 bits = (unsigned __int128)number->integer;
	bool is_unsigned = is_unsigned_type(number->type);

	switch (ot_type_size(type)) {
	case sizeof(float):
		return is_unsigned ? (float)bits : (float)number->integer;
	case sizeof(double):
		return is_unsigned ? (double)bits : (double)number->integer;
	default:
		if (!ot_type_is_float128(type) && !is_half(type))
			return is_unsigned ? (long double)bits : (long double)number->integer;
		return cut_real(is_unsigned ? (__float128)bits : (__float128)number->integer, type);
	}
}

static void convert_parts(struct ot_number *number, const struct ot_type *type)
{
	uint64_t half = ot_type_size(type) / 2;
	struct ot_type part = {
		.kind = OTRACE_TYPE_BASE, .encoding = OTRACE_ENC_FLOAT, .size_bytes = half};

	number->real =
		number->is_float ? cut_real(number->real, &part) : integer_to_real(number, &part);
	number->imaginary = number->is_complex ? cut_real(number->imaginary, &part) : 0;
	number->is_float = true;
	number->is_unrounded = false;
	number->bit_size = 0;
	number->type = type;
}

void ot_number_convert(struct ot_number *number, const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type);
	bool to_float = ot_type_is_float(type);

	/* the parts of a complex one are half of it, and a real one has no other */
	if (ot_type_is_complex_float(type)) {
		convert_parts(number, type);
		return;
	}
	if (plain->kind == OTRACE_TYPE_BASE && plain->encoding == OTRACE_ENC_BOOL) {
		number->integer = ot_number_is_true(number);
	} else if (to_float) {
		number->real = number->is_float ? cut_real(number->real, type)
						: integer_to_real(number, type);
	} else {
		if (number->is_float)
			number->integer = real_to_integer(number->real, type);
		number->integer = cut_integer(number->integer, type);
	}
	number->is_float = to_float;
	number->is_unrounded = false;
	number->is_complex = false;
	number->bit_size = 0;
	number->type = type;
}

void ot_number_to_operand(struct ot_number *number, const struct ot_type *type)
{
	bool is_unrounded = number->is_unrounded && ot_type_is_same(number->type, type);

	ot_number_convert(number, type);
	number->is_unrounded = is_unrounded;
}

const struct ot_type *ot_number_promoted(struct ot_program *program, const struct ot_number *number)
{
	const struct ot_type *plain = ot_type_strip(number->type);
	uint64_t bits = number->bit_size ? number->bit_size : ot_type_bits(plain);
	bool is_unsigned = is_unsigned_type(plain);

	if (number->is_float || ot_type_is_bit_int(plain) || ot_type_is_pointer(plain))
		return plain;
	if (bits < 32 || (bits == 32 && !is_unsigned))
		return ot_program_base(program, "int");
	if (bits == 32)
		return ot_program_base(program, "unsigned int");
	if (plain->kind == OTRACE_TYPE_ENUM && plain->target && ot_type_size(plain->target))
		return ot_type_strip(plain->target);
	if (plain->kind == OTRACE_TYPE_ENUM)
		return ot_program_base(program, is_unsigned ? "unsigned long" : "long");
	return plain;
}

/* Of two floats the one with more range: half below bf16, as clang ranks them. */
static int float_rank(const struct ot_type *type)
{
	if (ot_type_is_float128(type))
		return 5;
	switch (ot_type_size(type)) {
	case sizeof(_Float16):
		return is_named(type, "__bf16") ? 1 : 0;
	case sizeof(float):
		return 2;
	case sizeof(double):
		return 3;
	default:
		return 4;
	}
}

static int integer_rank(const struct ot_type *type)
{
	const char *name = ot_type_strip(type)->name;
	bool is_longer = name && strstr(name, "long long");

	return (int)ot_type_bits(type) * 4 + (ot_type_is_bit_int(type) ? 0 : is_longer ? 2 : 1);
}

/* A signed type that cannot hold the unsigned one gives way to its own unsigned. */
static const struct ot_type *unsigned_of(struct ot_program *program, const struct ot_type *type)
{
	ot_auto_free char *name = NULL;

	if (is_unsigned_type(type) || !type->name)
		return type;
	name = ot_asprintf("unsigned %s", type->name);
	return ot_program_base(program, name);
}

const struct ot_type *ot_number_common(struct ot_program *program, const struct ot_number *a,
				       const struct ot_number *b)
{
	const struct ot_type *left = ot_number_promoted(program, a);
	const struct ot_type *right = ot_number_promoted(program, b);
	const struct ot_type *higher, *lower;
	struct ot_number real_a = *a, real_b = *b;
	bool is_left;

	if (a->is_complex || b->is_complex) {
		real_a.is_complex = real_b.is_complex = false;
		if (a->is_complex)
			real_a.type = ot_made_complex_part(program, left);
		if (b->is_complex)
			real_b.type = ot_made_complex_part(program, right);
		return ot_made_complex(program, ot_number_common(program, &real_a, &real_b));
	}

	if (a->is_float != b->is_float)
		return a->is_float ? left : right;
	if (a->is_float)
		return float_rank(left) >= float_rank(right) ? left : right;
	is_left = integer_rank(left) >= integer_rank(right);
	higher = is_left ? left : right;
	lower = is_left ? right : left;
	if (is_unsigned_type(lower) && ot_type_bits(lower) == ot_type_bits(higher))
		return ot_type_is_bit_int(higher) ? lower : unsigned_of(program, higher);
	return higher;
}

static bool compare_with(enum ot_token_kind op, int order)
{
	switch (op) {
	case OT_TOKEN_LT:
		return order < 0;
	case OT_TOKEN_GT:
		return order > 0;
	case OT_TOKEN_LE:
		return order <= 0;
	case OT_TOKEN_GE:
		return order >= 0;
	case OT_TOKEN_EQ:
		return order == 0;
	default:
		return order != 0;
	}
}

static bool is_comparison(enum ot_token_kind op)
{
	return op == OT_TOKEN_LT || op == OT_TOKEN_GT || op == OT_TOKEN_LE || op == OT_TOKEN_GE ||
	       op == OT_TOKEN_EQ || op == OT_TOKEN_NE;
}

static bool compare_numbers(enum ot_token_kind op, const struct ot_number *a,
			    const struct ot_number *b)
{
	unsigned __int128 left = (unsigned __int128)a->integer;
	unsigned __int128 right = (unsigned __int128)b->integer;

	if (a->is_float) {
		if (a->real != a->real || b->real != b->real)
			return op == OT_TOKEN_NE;
		return compare_with(op, (a->real > b->real) - (a->real < b->real));
	}
	if (is_unsigned_type(a->type))
		return compare_with(op, (left > right) - (left < right));
	return compare_with(op, (a->integer > b->integer) - (a->integer < b->integer));
}

#define APPLY_REAL(number_type)                              \
	do {                                                 \
		number_type left = (number_type)a;           \
		number_type right = (number_type)b;          \
		*ret = op == OT_TOKEN_PLUS    ? left + right \
		       : op == OT_TOKEN_MINUS ? left - right \
		       : op == OT_TOKEN_STAR  ? left * right \
					      : left / right; \
	} while (0)

/* In the type itself: rounded twice a double would be another one. */
static const char *apply_real(enum ot_token_kind op, const struct ot_type *type, __float128 a,
			      __float128 b, __float128 *ret)
{
	if (op != OT_TOKEN_PLUS && op != OT_TOKEN_MINUS && op != OT_TOKEN_STAR &&
	    op != OT_TOKEN_SLASH)
		return "the operator needs integers";
	if (ot_type_size(type) <= sizeof(float))
		APPLY_REAL(float);
	else if (ot_type_size(type) == sizeof(double))
		APPLY_REAL(double);
	else if (ot_type_is_float128(type))
		APPLY_REAL(__float128);
	else
		APPLY_REAL(long double);
	return NULL;
}

static const char *apply_fractions(enum ot_token_kind op, const struct ot_number *a,
				   const struct ot_number *b, struct ot_number *ret)
{
	__float128 left = a->is_unrounded ? (__float128)a->unrounded : a->real;
	__float128 right = b->is_unrounded ? (__float128)b->unrounded : b->real;
	const char *wrong = apply_real(op, a->type, left, right, &ret->real);

	ret->is_unrounded = is_half(a->type);
	ret->unrounded = (float)ret->real;
	ret->real = cut_real(ret->real, ret->type);
	return wrong;
}

static const char *divide(enum ot_token_kind op, const struct ot_type *type, __int128 a, __int128 b,
			  __int128 *ret)
{
	unsigned __int128 left = (unsigned __int128)a;
	unsigned __int128 right = (unsigned __int128)b;

	if (!b)
		return "division by zero";
	if (is_unsigned_type(type))
		*ret = (__int128)(op == OT_TOKEN_SLASH ? left / right : left % right);
	else if (b == -1)
		*ret = op == OT_TOKEN_SLASH ? (__int128)(0 - left) : 0;
	else
		*ret = op == OT_TOKEN_SLASH ? a / b : a % b;
	return NULL;
}

static const char *shift(enum ot_token_kind op, const struct ot_type *type, __int128 a, __int128 b,
			 __int128 *ret)
{
	if (b < 0 || (unsigned __int128)b >= ot_type_bits(type))
		return "shifted by more bits than there are";
	if (op == OT_TOKEN_SHL)
		*ret = (__int128)((unsigned __int128)a << (int)b);
	else if (is_unsigned_type(type))
		*ret = (__int128)((unsigned __int128)a >> (int)b);
	else
		*ret = a >> (int)b;
	return NULL;
}

static const char *apply_integer(enum ot_token_kind op, const struct ot_type *type, __int128 a,
				 __int128 b, __int128 *ret)
{
	unsigned __int128 left = (unsigned __int128)a;
	unsigned __int128 right = (unsigned __int128)b;

	switch (op) {
	case OT_TOKEN_PLUS:
		*ret = (__int128)(left + right);
		return NULL;
	case OT_TOKEN_MINUS:
		*ret = (__int128)(left - right);
		return NULL;
	case OT_TOKEN_STAR:
		*ret = (__int128)(left * right);
		return NULL;
	case OT_TOKEN_AMP:
		*ret = a & b;
		return NULL;
	case OT_TOKEN_PIPE:
		*ret = a | b;
		return NULL;
	case OT_TOKEN_CARET:
		*ret = a ^ b;
		return NULL;
	case OT_TOKEN_SHL:
	case OT_TOKEN_SHR:
		return shift(op, type, a, b, ret);
	default:
		return divide(op, type, a, b, ret);
	}
}

const char *ot_number_apply(struct ot_program *program, enum ot_token_kind op,
			    const struct ot_number *a, const struct ot_number *b,
			    struct ot_number *ret)
{
	const char *wrong;

	*ret = *a;
	ret->is_unrounded = false;
	if (is_comparison(op)) {
		ret->integer = compare_numbers(op, a, b);
		ret->is_float = false;
		ret->type = ot_program_base(program, "int");
		return NULL;
	}
	if (a->is_float)
		return apply_fractions(op, a, b, ret);
	wrong = apply_integer(op, a->type, a->integer, b->integer, &ret->integer);
	ret->integer = cut_integer(ret->integer, ret->type);
	return wrong;
}

void ot_number_to_value(const struct ot_number *number, struct ot_value *ret)
{
	uint64_t size = ot_type_size(number->type);
	const struct ot_type *type = number->type;
	float small = (float)number->real;
	double plain = (double)number->real;
	_Float16 half = (_Float16)number->real;
	__float128 quad = number->real;
	long double extended = (long double)number->real;
	uint32_t bits;

	if (ot_type_is_complex_float(type)) {
		ot_number_complex_to_value(number, ret);
	} else if (!number->is_float) {
		ot_value_of_bytes(type, &number->integer, size < 16 ? size : 16, ret);
	} else if (size == sizeof(half) && is_named(type, "__bf16")) {
		memcpy(&bits, &small, sizeof(bits));
		bits >>= 16;
		ot_value_of_bytes(type, &bits, sizeof(half), ret);
	} else if (size == sizeof(half)) {
		ot_value_of_bytes(type, &half, sizeof(half), ret);
	} else if (size == sizeof(small)) {
		ot_value_of_bytes(type, &small, sizeof(small), ret);
	} else if (size == sizeof(plain)) {
		ot_value_of_bytes(type, &plain, sizeof(plain), ret);
	} else if (ot_type_is_float128(type)) {
		ot_value_of_bytes(type, &quad, sizeof(quad), ret);
	} else {
		long double padded[1];

		/* ten bytes of sixteen are the number: no rubbish behind them */
		memset(padded, 0, sizeof(padded));
		memcpy(padded, &extended, 10);
		ot_value_of_bytes(type, padded, sizeof(padded), ret);
	}
	ret->is_unrounded = number->is_unrounded;
	ret->unrounded = number->unrounded;
}
