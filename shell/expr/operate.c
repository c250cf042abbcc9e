// SPDX-License-Identifier: BSD-2-Clause
// Operators that only look.
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

const char *ot_eval_op_text(enum ot_token_kind op)
{
	static const char *const texts[] = {
#define OT_X_TOKEN(name, text) [OT_TOKEN_##name] = (text),
		OT_EXPR_PUNCTUATION(OT_X_TOKEN)
#undef OT_X_TOKEN
	};

	return texts[op];
}

static struct ot_err *mismatch(struct ot_evaluator *e, const struct ot_expr_node *node,
			       enum ot_token_kind op, const struct ot_number *a,
			       const struct ot_number *b, const char *why)
{
	ot_auto_type_pair struct ot_type_pair texts = {0};

	ot_type_pair_init(&texts, a->type, b->type);
	return ot_eval_error(e, node, OT_ERR_TYPE, "%s %s %s: %s", texts.a, ot_eval_op_text(op),
			     texts.b, why);
}

/* ------------------------------------------------------------------ one operand */

static struct ot_err *plus_minus(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_number *of, struct ot_value *ret)
{
	struct ot_number number = *of, other = {0}, result;
	enum ot_token_kind op = node->op == OT_TOKEN_TILDE ? OT_TOKEN_CARET : OT_TOKEN_MINUS;

	if (number.is_complex) {
		number.real = node->op == OT_TOKEN_MINUS ? -number.real : number.real;
		if (node->op != OT_TOKEN_PLUS) /* ~ is the conjugate */
			number.imaginary = -number.imaginary;
		ot_number_to_value(&number, ret);
		return NULL;
	}
	if (ot_type_is_pointer(number.type) || (node->op == OT_TOKEN_TILDE && number.is_float))
		return ot_eval_error(e, node, OT_ERR_TYPE, "\"%s\" needs %s, and this is %s",
				     ot_eval_op_text(node->op),
				     node->op == OT_TOKEN_TILDE ? "an integer" : "a number",
				     ot_type_text(number.type));
	if (node->op != OT_TOKEN_PLUS)
		OT_TRY(ot_eval_check_result(e, node, node->op, &number, NULL));
	ot_number_to_operand(&number, ot_number_promoted(e->program, &number));
	result = other = number;
	other.integer = node->op == OT_TOKEN_TILDE ? -1 : 0;
	other.real = -0.0L;
	if (number.is_float && node->op == OT_TOKEN_MINUS) {
		result.real = -number.real; /* the sign of a NaN too */
		result.unrounded = -number.unrounded;
	} else if (node->op != OT_TOKEN_PLUS)
		ot_number_apply(e->program, op, &other, &number, &result);
	ot_number_to_value(&result, ret);
	return NULL;
}

struct ot_err *ot_eval_unary(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *ret)
{
	ot_auto_value struct ot_value value = {0};
	struct ot_number number = {0};

	switch (node->op) {
	case OT_TOKEN_AMP:
		return ot_eval_address(e, node, ret);
	case OT_TOKEN_STAR:
		OT_TRY(ot_eval(e, node->left, &value));
		return ot_eval_deref(e, node->left, &value, ret);
	case OT_TOKEN_INC:
	case OT_TOKEN_DEC:
		return ot_eval_step_by_one(e, node, ret);
	default:
		break;
	}
	OT_TRY(ot_eval(e, node->left, &value));
	if (ot_type_is_vector(value.type))
		return ot_eval_vector_unary(e, node, &value, ret);
	OT_TRY(ot_eval_number(e, node->left, &value, &number));
	if (node->op != OT_TOKEN_NOT)
		return plus_minus(e, node, &number, ret);
	ot_eval_int(e, !ot_number_is_true(&number), ret);
	return NULL;
}

/* ------------------------------------------------------------------ pointers */

static bool is_pointer(const struct ot_number *number)
{
	return ot_type_is_pointer(number->type);
}

static bool compare_addresses(enum ot_token_kind op, uint64_t left, uint64_t right)
{
	switch (op) {
	case OT_TOKEN_EQ:
		return left == right;
	case OT_TOKEN_NE:
		return left != right;
	case OT_TOKEN_LE:
		return left <= right;
	case OT_TOKEN_GE:
		return left >= right;
	case OT_TOKEN_LT:
		return left < right;
	default:
		return left > right;
	}
}

static bool is_comparison(enum ot_token_kind op)
{
	return op == OT_TOKEN_EQ || op == OT_TOKEN_NE || op == OT_TOKEN_LE || op == OT_TOKEN_GE ||
	       op == OT_TOKEN_LT || op == OT_TOKEN_GT;
}

static struct ot_err *difference(struct ot_evaluator *e, const struct ot_expr_node *node,
				 enum ot_token_kind op, const struct ot_number *a,
				 const struct ot_number *b, struct ot_value *ret)
{
	const struct ot_type *left = ot_type_strip(a->type)->target;
	const struct ot_type *right = ot_type_strip(b->type)->target;
	int64_t bytes = (int64_t)((uint64_t)a->integer - (uint64_t)b->integer);
	uint64_t step = 0;

	if (!ot_type_is_same(left, right))
		return mismatch(e, node, op, a, b,
				"only pointers to the same have a distance (cast one)");
	OT_TRY(ot_eval_step(e, node, a->type, &step));
	if (!step)
		return mismatch(e, node, op, a, b, "what has no bytes has no distance");
	ot_value_of_u64(ot_program_base(e->program, "long"), (uint64_t)(bytes / (int64_t)step),
			ret);
	return NULL;
}

static struct ot_err *pointer_operate(struct ot_evaluator *e, const struct ot_expr_node *node,
				      enum ot_token_kind op, const struct ot_number *a,
				      const struct ot_number *b, struct ot_value *ret)
{
	const struct ot_number *pointer = is_pointer(a) ? a : b;
	const struct ot_number *other = pointer == a ? b : a;
	uint64_t step = 0;
	uint64_t place = (uint64_t)pointer->integer;
	const struct ot_type *type = ot_type_unqualified(pointer->type);

	if (other->is_float)
		return mismatch(e, node, op, a, b, "a pointer and a fraction do not mix");
	if (is_comparison(op)) {
		ot_eval_int(e, compare_addresses(op, (uint64_t)a->integer, (uint64_t)b->integer),
			    ret);
		return NULL;
	}
	if (op == OT_TOKEN_MINUS && is_pointer(a) && is_pointer(b))
		return difference(e, node, op, a, b, ret);
	if ((op != OT_TOKEN_PLUS && op != OT_TOKEN_MINUS) || is_pointer(other) ||
	    (op == OT_TOKEN_MINUS && pointer == b))
		return mismatch(e, node, op, a, b, "not possible with pointers");
	OT_TRY(ot_eval_step(e, node, pointer->type, &step));
	step *= (uint64_t)other->integer;
	ot_value_of_u64(type, op == OT_TOKEN_PLUS ? place + step : place - step, ret);
	return NULL;
}

/* ------------------------------------------------------------------ two operands */

static struct ot_err *eval_logic(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *ret)
{
	bool is_and = node->op == OT_TOKEN_AND_AND;
	bool was_dry = e->is_dry;
	struct ot_err *err;
	bool yes = false;
	bool right = false;

	OT_TRY(ot_eval_truth(e, node->left, &yes));
	e->is_dry = was_dry || yes != is_and;
	err = ot_eval_truth(e, node->right, &right);
	if (!e->is_dry)
		yes = right;
	e->is_dry = was_dry;
	if (err)
		return err;
	ot_eval_int(e, yes, ret);
	return NULL;
}

struct ot_err *ot_eval_operate(struct ot_evaluator *e, const struct ot_expr_node *node,
			       enum ot_token_kind op, struct ot_number *a, struct ot_number *b,
			       struct ot_value *ret)
{
	bool is_shift = op == OT_TOKEN_SHL || op == OT_TOKEN_SHR;
	struct ot_number left = *a, right = *b;
	const struct ot_type *common;
	struct ot_number result;
	const char *wrong;

	if (is_pointer(a) || is_pointer(b))
		return pointer_operate(e, node, op, a, b, ret);
	OT_TRY(ot_eval_check_result(e, node, op, a, b));
	/* of a shift each operand is promoted by itself, the result has the left one's type */
	common = is_shift ? ot_number_promoted(e->program, a) : ot_number_common(e->program, a, b);
	if (is_shift && right.is_float)
		return mismatch(e, node, op, a, b, "the operator needs integers");
	if (!is_shift)
		ot_number_to_operand(&right, common);
	ot_number_to_operand(&left, common);
	wrong = left.is_complex || right.is_complex
			? ot_number_apply_complex(e->program, op, &left, &right, &result)
			: ot_number_apply(e->program, op, &left, &right, &result);
	if (wrong && (!e->is_dry || left.is_float))
		return left.is_float || right.is_float
			       ? mismatch(e, node, op, a, b, wrong)
			       : ot_eval_error(e, node, OT_ERR_TYPE, "%s", wrong);
	ot_number_to_value(&result, ret);
	return NULL;
}

static struct ot_err *no_operand(struct ot_evaluator *e, const struct ot_expr_node *node,
				 const struct ot_value *a, const struct ot_value *b)
{
	const struct ot_value *wrong = ot_type_is_operand(a->type) ? b : a;
	ot_auto_type_pair struct ot_type_pair texts = {0};

	ot_type_pair_init(&texts, a->type, b->type);
	if (ot_type_is_complex(wrong->type))
		return ot_eval_error(
			e, node, OT_ERR_TYPE,
			"%s %s %s: a %s is shown and not calculated with: what its parts are is "
			"not recorded",
			texts.a, ot_eval_op_text(node->op), texts.b, ot_type_text(wrong->type));
	return ot_eval_error(e, node, OT_ERR_TYPE,
			     "%s %s %s: a number or pointer is needed, this is %s", texts.a,
			     ot_eval_op_text(node->op), texts.b, ot_type_text(wrong->type));
}

/* "abc" + 2. False: it is something else. */
static bool is_literal_step(const struct ot_evaluator *e, const struct ot_value *pointer,
			    const struct ot_value *steps)
{
	return !e->is_dry && ot_eval_is_homeless(pointer) && ot_type_is_integer(steps->type);
}

static struct ot_err *literal_step(struct ot_evaluator *e, const struct ot_expr_node *node,
				   const struct ot_value *pointer, struct ot_value *steps,
				   struct ot_value *ret)
{
	struct ot_number number = {0};

	OT_TRY(ot_eval_number(e, node, steps, &number));
	return ot_eval_homeless_step(e, node, pointer,
				     node->op == OT_TOKEN_MINUS ? -number.integer : number.integer,
				     ret);
}

struct ot_err *ot_eval_binary(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret)
{
	ot_auto_value struct ot_value left = {0};
	ot_auto_value struct ot_value right = {0};
	struct ot_number a = {0}, b = {0};
	bool is_enumerator;

	if (node->op == OT_TOKEN_AND_AND || node->op == OT_TOKEN_OR_OR)
		return eval_logic(e, node, ret);
	if (ot_eval_is_text(node))
		return ot_eval_compare_text(e, node, ret);
	OT_TRY(ot_eval(e, node->left, &left));
	is_enumerator = e->is_enumerator;
	ot_eval_decay(e, &left);
	OT_TRY(ot_eval(e, node->right, &right));
	ot_eval_decay(e, &right);
	if (ot_type_is_vector(left.type) || ot_type_is_vector(right.type))
		return ot_eval_vectors(e, node, node->op, &left, &right, ret);
	if ((!ot_type_is_operand(left.type) && !ot_type_is_void(left.type)) ||
	    (!ot_type_is_operand(right.type) && !ot_type_is_void(right.type)))
		return no_operand(e, node, &left, &right);
	if ((node->op == OT_TOKEN_PLUS || node->op == OT_TOKEN_MINUS) &&
	    is_literal_step(e, &left, &right))
		return literal_step(e, node, &left, &right, ret);
	if (node->op == OT_TOKEN_PLUS && is_literal_step(e, &right, &left))
		return literal_step(e, node, &right, &left, ret);
	OT_TRY(ot_eval_number(e, node->right, &right, &b));
	e->is_enumerator = is_enumerator;
	OT_TRY(ot_eval_number(e, node->left, &left, &a));
	return ot_eval_operate(e, node, node->op, &a, &b, ret);
}
