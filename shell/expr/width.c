// SPDX-License-Identifier: BSD-2-Clause
// Of a _BitInt debug information has the bytes, and not how many bits it has. What any width would give is
// calculated, the rest is an error.
#include "expr/eval.h"
#include "model/made.h"

bool ot_type_is_of_unknown_width(const struct ot_type *type)
{
	return ot_type_is_bit_int(type) && !ot_type_strip(type)->count;
}

struct ot_err *ot_eval_check_width(struct ot_evaluator *e, const struct ot_expr_node *node,
				   const struct ot_type *type)
{
	if (!ot_type_is_integer(type) || ot_type_bits(type) <= 128)
		return NULL;
	return ot_eval_error(e, node, OT_ERR_UNSUPPORTED,
			     "this %s is wider than 128 bits, with which nothing is calculated",
			     ot_type_text(type));
}

/* The fewest bits that take as many bytes. */
static unsigned int least_bits(const struct ot_type *type)
{
	switch (ot_type_size(type)) {
	case 1:
		return ot_type_is_signed(type) ? 2 : 1;
	case 2:
		return 9;
	case 4:
		return 17;
	case 8:
		return 33;
	default:
		return 65;
	}
}

struct ot_err *ot_eval_check_fits(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct ot_number *number)
{
	bool is_signed = ot_type_is_signed(number->type);
	__int128 limit;

	if (e->is_dry || !ot_type_is_of_unknown_width(number->type))
		return NULL;
	limit = (__int128)1 << (least_bits(number->type) - is_signed);
	if (number->integer < limit && number->integer >= (is_signed ? -limit : 0))
		return NULL;
	return ot_eval_error(
		e, node, OT_ERR_UNSUPPORTED,
		"how many bits this %s has is not recorded, so whether the number fits "
		"is not known",
		ot_type_text(number->type));
}

static bool is_comparison(enum ot_token_kind op)
{
	return op == OT_TOKEN_EQ || op == OT_TOKEN_NE || op == OT_TOKEN_LT || op == OT_TOKEN_GT ||
	       op == OT_TOKEN_LE || op == OT_TOKEN_GE;
}

/* Whether the bits that a result does not have decide what it is: those of - and ~ of one operand too. */
static bool may_wrap(enum ot_token_kind op)
{
	return op == OT_TOKEN_PLUS || op == OT_TOKEN_MINUS || op == OT_TOKEN_STAR ||
	       op == OT_TOKEN_SHL || op == OT_TOKEN_TILDE;
}

/* An unsigned one gives way to a signed type that has more bits, and else makes it unsigned. */
static bool is_of_unknown_sign(const struct ot_number *a, const struct ot_number *b)
{
	bool is_signed = ot_type_is_signed(a->type);
	const struct ot_type *type = is_signed ? b->type : a->type;
	const struct ot_type *other = is_signed ? a->type : b->type;

	return is_signed != ot_type_is_signed(b->type) &&
	       ot_type_size(a->type) == ot_type_size(b->type) &&
	       (ot_type_is_of_unknown_width(type) ||
		(ot_type_is_bit_int(type) && ot_type_is_of_unknown_width(other)));
}

struct ot_err *ot_eval_check_result(struct ot_evaluator *e, const struct ot_expr_node *node,
				    enum ot_token_kind op, const struct ot_number *a,
				    const struct ot_number *b)
{
	bool is_shift = op == OT_TOKEN_SHL || op == OT_TOKEN_SHR;
	struct ot_number left = *a, right = b ? *b : *a;
	const struct ot_type *common;

	if (a->is_float || right.is_float)
		return NULL;
	left.type = ot_number_promoted(e->program, a);
	right.type = ot_number_promoted(e->program, &right);
	common = is_shift ? left.type : ot_number_common(e->program, a, b ? b : a);
	if (!is_shift && is_of_unknown_sign(&left, &right) &&
	    (!is_comparison(op) || left.integer < 0 || right.integer < 0))
		return ot_eval_error(e, node, OT_ERR_UNSUPPORTED,
				     "%s and %s: how many bits the _BitInt has is not recorded, so "
				     "whether the result has a sign is not known (cast one)",
				     ot_type_text(a->type), ot_type_text(right.type));
	if (e->is_dry || !may_wrap(op) || !ot_type_is_of_unknown_width(common))
		return NULL;
	return ot_eval_error(
		e, node, OT_ERR_UNSUPPORTED,
		"how many bits this %s has is not recorded, so where the result is cut "
		"off is not known (cast it to a wider type)",
		ot_type_text(common));
}
