// SPDX-License-Identifier: BSD-2-Clause
// Complex numbers. A real operand stays real: 2 * z has no imaginary infinities that nobody put there.
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

bool ot_number_of_complex(const struct ot_value *value, struct ot_program *program,
			  struct ot_number *ret)
{
	const struct ot_type *part = ot_made_complex_part(program, value->type);
	uint64_t half = ot_type_size(value->type) / 2;
	struct ot_value piece = {.type = part, .bytes = value->bytes, .nr_bytes = half};
	long double real = 0;

	if (!value->bytes || value->nr_bytes < half * 2 || !ot_value_is_known(value, half * 2))
		return false;
	*ret = (struct ot_number){.type = value->type, .is_float = true, .is_complex = true};
	if (!ot_value_to_long_double(&piece, &real))
		return false;
	ret->real = real;
	piece.bytes += half;
	if (!ot_value_to_long_double(&piece, &real))
		return false;
	ret->imaginary = real;
	return true;
}

void ot_number_complex_to_value(const struct ot_number *number, struct ot_value *ret)
{
	long double parts[2] = {(long double)number->real, (long double)number->imaginary};
	uint64_t half = ot_type_size(number->type) / 2;
	uint8_t bytes[32] = {0};

	for (size_t i = 0; i < 2; i++) {
		float small = (float)parts[i];
		double plain = (double)parts[i];

		if (half == sizeof(small))
			memcpy(bytes + i * half, &small, sizeof(small));
		else if (half == sizeof(plain))
			memcpy(bytes + i * half, &plain, sizeof(plain));
		else
			memcpy(bytes + i * half, &parts[i], 10);
	}
	ot_value_of_bytes(number->type, bytes, half * 2, ret);
}

/* The multiplication and division of two that are both complex are the compiler's. */
#define APPLY(number_type)                                                                   \
	do {                                                                                 \
		number_type a = (number_type)left->real, b = (number_type)left->imaginary;   \
		number_type c = (number_type)right->real, d = (number_type)right->imaginary; \
		_Complex number_type x, y;                                                   \
                                                                                             \
		__real__ x = a;                                                              \
		__imag__ x = b;                                                              \
		__real__ y = c;                                                              \
		__imag__ y = d;                                                              \
		x = op == OT_TOKEN_STAR ? x * y : x / y;                                     \
		ret->real = __real__ x;                                                      \
		ret->imaginary = __imag__ x;                                                 \
	} while (0)

static void apply_both(enum ot_token_kind op, const struct ot_number *left,
		       const struct ot_number *right, uint64_t half, struct ot_number *ret)
{
	if (half == sizeof(float))
		APPLY(float);
	else if (half == sizeof(double))
		APPLY(double);
	else
		APPLY(long double);
}

/* One part: of its real type. */
static void apply_part(struct ot_program *program, enum ot_token_kind op,
		       const struct ot_type *type, __float128 a, __float128 b, __float128 *ret)
{
	struct ot_number left = {.type = type, .is_float = true, .real = a};
	struct ot_number right = {.type = type, .is_float = true, .real = b};
	struct ot_number result;

	ot_number_apply(program, op, &left, &right, &result);
	*ret = result.real;
}

static void apply_sum(struct ot_program *program, enum ot_token_kind op, const struct ot_type *part,
		      const struct ot_number *a, const struct ot_number *b, struct ot_number *ret)
{
	apply_part(program, op, part, a->real, b->real, &ret->real);
	if (a->is_complex && b->is_complex)
		apply_part(program, op, part, a->imaginary, b->imaginary, &ret->imaginary);
	else if (a->is_complex)
		ret->imaginary = a->imaginary;
	else
		ret->imaginary = op == OT_TOKEN_MINUS ? -b->imaginary : b->imaginary;
}

static void apply_product(struct ot_program *program, enum ot_token_kind op,
			  const struct ot_type *part, const struct ot_number *a,
			  const struct ot_number *b, struct ot_number *ret)
{
	uint64_t half = ot_type_size(part);
	struct ot_number left = *a, right = *b;

	if (a->is_complex && !b->is_complex) {
		apply_part(program, op, part, a->real, b->real, &ret->real);
		apply_part(program, op, part, a->imaginary, b->real, &ret->imaginary);
	} else if (b->is_complex && !a->is_complex && op == OT_TOKEN_STAR) {
		apply_part(program, op, part, a->real, b->real, &ret->real);
		apply_part(program, op, part, a->real, b->imaginary, &ret->imaginary);
	} else {
		left.imaginary = a->is_complex ? a->imaginary : 0;
		right.imaginary = b->is_complex ? b->imaginary : 0;
		apply_both(op, &left, &right, half, ret);
	}
}

const char *ot_number_apply_complex(struct ot_program *program, enum ot_token_kind op,
				    const struct ot_number *a, const struct ot_number *b,
				    struct ot_number *ret)
{
	const struct ot_type *type = a->is_complex ? a->type : b->type;
	const struct ot_type *part = ot_made_complex_part(program, type);
	bool same = a->real == b->real &&
		    (a->is_complex ? a->imaginary : 0) == (b->is_complex ? b->imaginary : 0);

	*ret = (struct ot_number){.type = type, .is_float = true, .is_complex = true};
	switch (op) {
	case OT_TOKEN_PLUS:
	case OT_TOKEN_MINUS:
		apply_sum(program, op, part, a, b, ret);
		return NULL;
	case OT_TOKEN_STAR:
	case OT_TOKEN_SLASH:
		apply_product(program, op, part, a, b, ret);
		return NULL;
	case OT_TOKEN_EQ:
	case OT_TOKEN_NE:
		*ret = (struct ot_number){.type = ot_program_base(program, "int"),
					  .integer = same == (op == OT_TOKEN_EQ)};
		return NULL;
	default:
		return "complex numbers have no such operator";
	}
}

/* __real__ z, __imag__ z: parts of it that lie where it lies; of a real number itself and 0. */
struct ot_err *ot_eval_part(struct ot_evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *ret)
{
	bool is_imaginary = !strncmp(node->text, "__imag", 6);
	ot_auto_value struct ot_value value = {0};
	struct ot_number number = {0};
	struct ot_member member = {0};
	struct ot_value part;
	uint64_t half;

	OT_TRY(ot_eval(e, node->left, &value));
	if (ot_type_is_complex_float(value.type)) {
		member.type = ot_made_complex_part(e->program, value.type);
		half = ot_type_size(value.type) / 2;
		ot_value_member(&value, &member, is_imaginary ? half * 8 : 0, &part);
		ot_eval_keep(&part, ret);
		return NULL;
	}
	OT_TRY(ot_eval_number(e, node->left, &value, &number));
	if (ot_type_is_pointer(number.type))
		return ot_eval_error(e, node, OT_ERR_TYPE, "a number is needed, this is %s",
				     ot_type_text(number.type));
	if (is_imaginary)
		number = (struct ot_number){.type = number.type, .is_float = number.is_float};
	ot_number_to_value(&number, ret);
	return NULL;
}
