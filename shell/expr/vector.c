// SPDX-License-Identifier: BSD-2-Clause
// Vectors: an operator works on each pair of elements, in their own type, without promotion; a number
// beside a vector stands for as many of it. Comparisons give masks.
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

bool ot_type_is_vector(const struct ot_type *type)
{
	return ot_type_strip(type)->kind == OTRACE_TYPE_VECTOR;
}

static const struct ot_type *element_of(const struct ot_type *vector)
{
	return ot_type_strip(vector)->target;
}

/* Vectors of bool have bits for elements, and debug information does not say how many. */
static bool is_regular(const struct ot_type *vector)
{
	const struct ot_type *element = element_of(vector);

	return (ot_type_is_integer(element) || ot_type_is_float(element)) &&
	       ot_type_size(element) &&
	       ot_type_count(vector) <= ot_type_size(vector) / ot_type_size(element);
}

static struct ot_err *not_regular(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct ot_type *type)
{
	return ot_eval_error(e, node, OT_ERR_UNSUPPORTED,
			     "%s: nothing is calculated with such vectors, only with their "
			     "elements",
			     ot_type_text(type));
}

/* ------------------------------------------------------------------ operands */

/** One side of an operator: a vector, or a number in the place of each element. */
struct side {
	struct ot_value *value; /* the vector, or NULL */
	struct ot_number number;
};

static struct ot_err *side_init(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_value *value, struct side *ret)
{
	*ret = (struct side){.value = value};
	if (!ot_type_is_vector(value->type)) {
		ret->value = NULL;
		ot_eval_decay(e, value);
		return ot_eval_number(e, node, value, &ret->number);
	}
	if (!is_regular(value->type))
		return not_regular(e, node, value->type);
	OT_TRY(ot_eval_fetch(e, node, value));
	if (!e->is_dry && value->nr_bytes < ot_type_size(value->type))
		return ot_eval_error(e, node, OT_ERR_FAULT, "not all of the value can be read");
	if (!e->is_dry && !ot_value_is_known(value, ot_type_size(value->type)))
		return ot_eval_error(e, node, OT_ERR_OPTIMIZED, "the value is not known whole");
	return NULL;
}

/* As many bits as the element has, with its sign or without; a fraction exactly. */
static bool fits(const struct ot_number *number, const struct ot_type *element)
{
	struct ot_number converted = *number;
	uint64_t bits = ot_type_bits(element);
	__int128 most = (__int128)1 << (bits < 127 ? bits : 126);

	if (ot_type_is_float(element)) {
		ot_number_convert(&converted, element);
		if (number->is_float)
			return converted.real == number->real || number->real != number->real;
		return converted.real == (__float128)number->integer;
	}
	return !number->is_float &&
	       (bits >= 127 || (number->integer < most && number->integer >= -(most / 2)));
}

static struct ot_err *spread(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct side *side, const struct ot_type *element)
{
	const struct ot_number *number = &side->number;

	if (ot_type_is_pointer(number->type) || number->is_complex ||
	    (!e->is_dry && !fits(number, element)))
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "this %s does not fit into elements of type %s (a cast says "
				     "that it is meant)",
				     ot_type_text(number->type), ot_type_text(element));
	ot_number_convert(&side->number, element);
	return NULL;
}

static bool element_at(const struct side *side, uint64_t index, const struct ot_type *element,
		       struct ot_number *ret)
{
	uint64_t size = ot_type_size(element);
	struct ot_value part;

	*ret = side->number;
	if (!side->value)
		return true;
	/* of the other side's type, which has the same bits at most with another sign */
	ot_value_of_bytes(element, side->value->bytes + index * size, size, &part);
	return ot_number_of_value(&part, ret);
}

/* ------------------------------------------------------------------ operators */

static bool is_comparison(enum ot_token_kind op)
{
	return op == OT_TOKEN_EQ || op == OT_TOKEN_NE || op == OT_TOKEN_LE || op == OT_TOKEN_GE ||
	       op == OT_TOKEN_LT || op == OT_TOKEN_GT;
}

/* Signed integers as wide as the elements. */
static const struct ot_type *mask_type(struct ot_evaluator *e, const struct ot_type *vector)
{
	const struct ot_type *plain = ot_type_strip(vector);
	uint64_t size = ot_type_size(plain->target);
	const struct ot_type *element = ot_program_base(e->program, size == 1	? "char"
								    : size == 2 ? "short"
								    : size == 4 ? "int"
								    : size == 8 ? "long long"
										: "__int128");

	return ot_made_vector(e->program, element, plain->count, plain->size_bytes);
}

static bool may_mix(const struct ot_type *a, const struct ot_type *b)
{
	const struct ot_type *left = element_of(a), *right = element_of(b);

	return ot_type_count(a) == ot_type_count(b) &&
	       (ot_type_is_same(left, right) ||
		(ot_type_is_integer(left) && ot_type_is_integer(right) &&
		 ot_type_size(left) == ot_type_size(right)));
}

/* @param type the vector type that both are taken for */
static struct ot_err *apply(struct ot_evaluator *e, const struct ot_expr_node *node,
			    enum ot_token_kind op, const struct side sides[2],
			    const struct ot_type *type, struct ot_value *ret)
{
	const struct ot_type *element = element_of(type);
	const struct ot_type *result = is_comparison(op) ? mask_type(e, type) : type;
	uint64_t size = ot_type_size(element), count = ot_type_count(type);
	ot_auto_free uint8_t *bytes = ot_alloc(ot_type_size(result) + 16);

	for (uint64_t i = 0; i < count && !e->is_dry; i++) {
		struct ot_number a = {0}, b = {0}, one = {0};
		struct ot_value part;
		const char *wrong;

		if (!element_at(&sides[0], i, element, &a) ||
		    !element_at(&sides[1], i, element, &b))
			return ot_eval_error(e, node, OT_ERR_OPTIMIZED,
					     "the value is not known whole");
		wrong = ot_number_apply(e->program, op, &a, &b, &one);
		if (wrong)
			return ot_eval_error(e, node, OT_ERR_TYPE, "element %llu: %s",
					     (unsigned long long)i, wrong);
		if (is_comparison(op))
			one = (struct ot_number){.type = element_of(result),
						 .integer = -one.integer};
		ot_number_to_value(&one, &part);
		memcpy(bytes + i * size, part.bytes, size);
		ot_value_deinit(&part);
	}
	if (e->is_dry)
		ot_eval_unknown(result, ret);
	else
		ot_value_of_bytes(result, bytes, ot_type_size(result), ret);
	ret->is_unrounded = result == type && ot_type_is_float(element) && size == 2;
	return NULL;
}

static bool needs_integers(enum ot_token_kind op)
{
	return op == OT_TOKEN_PERCENT || op == OT_TOKEN_AMP || op == OT_TOKEN_PIPE ||
	       op == OT_TOKEN_CARET || op == OT_TOKEN_SHL || op == OT_TOKEN_SHR;
}

static struct ot_err *no_match(struct ot_evaluator *e, const struct ot_expr_node *node,
			       enum ot_token_kind op, const struct ot_value *left,
			       const struct ot_value *right, const char *why)
{
	ot_auto_type_pair struct ot_type_pair texts = {0};

	ot_type_pair_init(&texts, left->type, right->type);
	return ot_eval_error(e, node, OT_ERR_TYPE, "%s %s %s: %s", texts.a, ot_eval_op_text(op),
			     texts.b, why);
}

struct ot_err *ot_eval_vectors(struct ot_evaluator *e, const struct ot_expr_node *node,
			       enum ot_token_kind op, struct ot_value *left, struct ot_value *right,
			       struct ot_value *ret)
{
	bool is_left = ot_type_is_vector(left->type), is_right = ot_type_is_vector(right->type);
	const struct ot_value *whole = is_left ? left : right;
	struct side sides[2];

	/* vectors of these are kept rounded, so what is rounded later is not known here */
	if (!is_comparison(op) &&
	    ((is_left && left->is_unrounded) || (is_right && right->is_unrounded)))
		return no_match(e, node, op, left, right,
				"the compiler does not round between operators on elements of 16 "
				"bits, and this does (store or cast what is in between)");
	if (is_left && is_right && !may_mix(left->type, right->type))
		return no_match(e, node, op, left, right,
				"elements of one size and kind are needed, and as many of them (a "
				"cast says that it is meant)");
	if (needs_integers(op) && ot_type_is_float(element_of(whole->type)))
		return no_match(e, node, op, left, right, "the operator needs integers");
	OT_TRY(side_init(e, node->left, left, &sides[0]));
	OT_TRY(side_init(e, node->right ? node->right : node->left, right, &sides[1]));
	for (int i = 0; i < 2; i++)
		if (!sides[i].value)
			OT_TRY(spread(e, i ? node->right : node->left, &sides[i],
				      element_of(whole->type)));
	return apply(e, node, op, sides, ot_type_unqualified(whole->type), ret);
}

/* ------------------------------------------------------------------ one operand */

struct ot_err *ot_eval_vector_unary(struct ot_evaluator *e, const struct ot_expr_node *node,
				    struct ot_value *value, struct ot_value *ret)
{
	const struct ot_type *type = ot_type_unqualified(value->type);
	const struct ot_type *element = element_of(type);
	enum ot_token_kind op = node->op == OT_TOKEN_TILDE ? OT_TOKEN_CARET
				: node->op == OT_TOKEN_NOT ? OT_TOKEN_EQ
							   : OT_TOKEN_MINUS;
	bool is_unrounded = value->is_unrounded;
	struct side sides[2];

	OT_TRY(side_init(e, node->left, value, &sides[1]));
	if (node->op == OT_TOKEN_PLUS) {
		ot_eval_move(value, ret);
		ret->is_lvalue = false;
		ret->type = type;
		return NULL;
	}
	if (node->op == OT_TOKEN_TILDE && ot_type_is_float(element))
		return ot_eval_error(e, node, OT_ERR_TYPE, "\"~\" needs integers, and this is %s",
				     ot_type_text(type));
	sides[0] = (struct side){.number = {.type = ot_program_base(e->program, "int")}};
	sides[0].number.integer = node->op == OT_TOKEN_TILDE ? -1 : 0;
	ot_number_convert(&sides[0].number, element);
	/* -0.0 - x has the sign of a zero too */
	if (sides[0].number.is_float && node->op == OT_TOKEN_MINUS)
		sides[0].number.real = -0.0L;
	OT_TRY(apply(e, node, op, sides, type, ret));
	ret->is_unrounded = is_unrounded;
	return NULL;
}

/* ------------------------------------------------------------------ conversions */

/* The same bytes as another type of the same size. */
struct ot_err *ot_eval_vector_bits(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *value, const struct ot_type *type,
				   struct ot_value *ret)
{
	OT_TRY(ot_eval_fetch(e, node, value));
	if (!e->is_dry && value->nr_bytes < ot_type_size(type))
		return ot_eval_error(e, node, OT_ERR_FAULT, "not all of the value can be read");
	if (!e->is_dry && !ot_value_is_known(value, ot_type_size(type)))
		return ot_eval_error(e, node, OT_ERR_OPTIMIZED, "the value is not known whole");
	if (e->is_dry)
		ot_eval_unknown(type, ret);
	else
		ot_value_of_bytes(type, value->bytes, ot_type_size(type), ret);
	return NULL;
}

bool ot_eval_is_vector_pair(const struct ot_type *from, const struct ot_type *to)
{
	return ot_type_is_vector(from) && ot_type_is_vector(to) && may_mix(from, to);
}

struct ot_err *ot_eval_vector_cast(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *value, struct ot_value *ret)
{
	const struct ot_type *type = ot_type_unqualified(node->type);
	bool is_number = ot_type_is_integer(value->type) || ot_type_is_float(value->type);
	struct side sides[2] = {0};
	ot_auto_type_pair struct ot_type_pair texts = {0};

	if (ot_type_size(value->type) == ot_type_size(type) && !value->bit_size &&
	    (ot_type_is_vector(value->type) || ot_type_is_integer(value->type)) &&
	    (ot_type_is_vector(type) || ot_type_is_integer(type)))
		return ot_eval_vector_bits(e, node->left, value, type, ret);
	if (ot_type_is_vector(type) && is_number && is_regular(type)) {
		/* of a number, as many of it */
		OT_TRY(side_init(e, node->left, value, &sides[0]));
		ot_number_convert(&sides[0].number, element_of(type));
		sides[1].number = (struct ot_number){.type = element_of(type),
						     .is_float = sides[0].number.is_float};
		OT_TRY(apply(e, node, OT_TOKEN_PLUS, sides, type, ret));
		ret->is_unrounded = false;
		return NULL;
	}
	ot_type_pair_init(&texts, value->type, type);
	return ot_eval_error(e, node, OT_ERR_TYPE,
			     "%s cannot be cast to %s: a vector is looked at as another, or as an "
			     "integer, of its size",
			     texts.a, texts.b);
}
