// SPDX-License-Identifier: BSD-2-Clause
// Arithmetic with C's conversions. Integers are held in 128 bits and cut to their type after each
// step, which is what two's complement arithmetic of that type gives.
#include <string.h>

#include "expr/tree.h"

static bool is_unsigned_type(const struct ot_type *type)
{
	return !ot_type_is_signed(type);
}

bool ot_number_of_value(const struct ot_value *value, struct ot_number *ret)
{
	uint64_t number;

	memset(ret, 0, sizeof(*ret));
	ret->type = value->type;
	ret->is_float = ot_type_is_float(value->type);
	if (ret->is_float)
		return ot_value_to_long_double(value, &ret->real);
	if (!ot_value_to_u64(value, &number))
		return false;
	if (ot_type_size(value->type) == 16 && !value->bit_size)
		memcpy(&ret->integer, value->bytes, 16);
	else if (ot_type_is_signed(value->type))
		ret->integer = (int64_t)number;
	else
		ret->integer = number;
	return true;
}

static __int128 cut_integer(__int128 integer, const struct ot_type *type)
{
	unsigned __int128 bits = (unsigned __int128)integer;
	uint64_t size = ot_type_size(type);
	unsigned int unused;

	if (!size || size >= 16)
		return integer;
	unused = (unsigned int)(128 - size * 8);
	if (is_unsigned_type(type))
		return (__int128)(bits << unused >> unused);
	return (__int128)(bits << unused) >> unused;
}

static long double cut_real(long double real, const struct ot_type *type)
{
	uint64_t size = ot_type_size(type);

	return size == sizeof(float) ? (float)real : size == sizeof(double) ? (double)real : real;
}

/* What C leaves undefined (a float out of range) must be defined here: the nearest limit. */
static __int128 real_to_integer(long double real)
{
	const long double limit = 0x1p126L;

	if (real != real)
		return 0;
	return (__int128)(real > limit ? limit : real < -limit ? -limit : real);
}

void ot_number_convert(struct ot_number *number, const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type);
	bool to_float = ot_type_is_float(type);

	if (plain->kind == OTRACE_TYPE_BASE && plain->encoding == OTRACE_ENC_BOOL) {
		number->integer = number->is_float ? number->real != 0 : number->integer != 0;
	} else if (to_float) {
		number->real = cut_real(number->is_float ? number->real
					: is_unsigned_type(number->type)
						? (long double)(unsigned __int128)number->integer
						: (long double)number->integer,
					type);
	} else {
		if (number->is_float)
			number->integer = real_to_integer(number->real);
		number->integer = cut_integer(number->integer, type);
	}
	number->is_float = to_float;
	number->type = type;
}

const struct ot_type *ot_number_promoted(struct ot_program *program, const struct ot_type *type)
{
	if (ot_type_is_float(type) || ot_type_size(type) > 4)
		return type;
	if (ot_type_size(type) == 4 && is_unsigned_type(type))
		return ot_program_base(program, "unsigned int");
	return ot_program_base(program, "int");
}

const struct ot_type *ot_number_common(struct ot_program *program, const struct ot_number *a,
				       const struct ot_number *b)
{
	const struct ot_type *left = ot_number_promoted(program, a->type);
	const struct ot_type *right = ot_number_promoted(program, b->type);

	if (a->is_float != b->is_float)
		return a->is_float ? left : right;
	if (ot_type_size(left) != ot_type_size(right))
		return ot_type_size(left) > ot_type_size(right) ? left : right;
	return is_unsigned_type(right) ? right : left;
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

static const char *apply_real(enum ot_token_kind op, long double a, long double b, long double *ret)
{
	switch (op) {
	case OT_TOKEN_PLUS:
		*ret = a + b;
		return NULL;
	case OT_TOKEN_MINUS:
		*ret = a - b;
		return NULL;
	case OT_TOKEN_STAR:
		*ret = a * b;
		return NULL;
	case OT_TOKEN_SLASH:
		*ret = a / b;
		return NULL;
	default:
		return "the operator needs integers";
	}
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
	if (b < 0 || (unsigned __int128)b >= ot_type_size(type) * 8)
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
	if (is_comparison(op)) {
		ret->integer = compare_numbers(op, a, b);
		ret->is_float = false;
		ret->type = ot_program_base(program, "int");
		return NULL;
	}
	if (a->is_float) {
		wrong = apply_real(op, a->real, b->real, &ret->real);
		ret->real = cut_real(ret->real, ret->type);
		return wrong;
	}
	wrong = apply_integer(op, a->type, a->integer, b->integer, &ret->integer);
	ret->integer = cut_integer(ret->integer, ret->type);
	return wrong;
}

void ot_number_to_value(const struct ot_number *number, struct ot_value *ret)
{
	uint64_t size = ot_type_size(number->type);
	float small = (float)number->real;
	double plain = (double)number->real;

	if (!number->is_float)
		ot_value_of_bytes(number->type, &number->integer, size < 16 ? size : 16, ret);
	else if (size == sizeof(small))
		ot_value_of_bytes(number->type, &small, sizeof(small), ret);
	else if (size == sizeof(plain))
		ot_value_of_bytes(number->type, &plain, sizeof(plain), ret);
	else
		ot_value_of_bytes(number->type, &number->real, sizeof(number->real), ret);
}
