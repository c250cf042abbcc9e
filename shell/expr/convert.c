// SPDX-License-Identifier: BSD-2-Clause
// Conversions: casts, what an assignment or an argument does by itself, and the type of a choice.
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

bool ot_eval_is_null(const struct ot_expr_node *node)
{
	while (node->kind == OT_EXPR_CAST && ot_type_is_pointer(node->type) &&
	       ot_type_is_void(ot_type_strip(node->type)->target))
		node = node->left;
	return node->kind == OT_EXPR_INTEGER && !node->integer;
}

static struct ot_err *no_conversion(struct ot_evaluator *e, const struct ot_expr_node *node,
				    const struct ot_type *from, const struct ot_type *to,
				    const char *hint)
{
	ot_auto_type_pair struct ot_type_pair texts = {0};

	ot_type_pair_init(&texts, from, to);
	return ot_eval_error(e, node, OT_ERR_TYPE, "%s does not convert to %s%s", texts.a, texts.b,
			     hint);
}

/* ------------------------------------------------------------------ by itself */

static bool may_point(const struct ot_type *from, const struct ot_type *to)
{
	const struct ot_type *a = ot_type_strip(from)->target;
	const struct ot_type *b = ot_type_strip(to)->target;

	if (ot_type_is_void(a) || ot_type_is_void(b) || ot_type_is_same(a, b))
		return true;
	/* what char is signed like is nobody's business: compilers warn at most */
	return ot_type_is_integer(a) && ot_type_is_integer(b) &&
	       ot_type_size(a) == ot_type_size(b) && ot_type_strip(a)->kind == OTRACE_TYPE_BASE &&
	       ot_type_strip(b)->kind == OTRACE_TYPE_BASE;
}

static struct ot_err *to_pointer(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *value, const struct ot_type *type,
				 struct ot_value *ret)
{
	static const char hint[] = " (a cast says that it is meant)";
	struct ot_number number = {0};

	if (!ot_type_is_pointer(value->type) &&
	    !(ot_type_is_integer(value->type) && ot_eval_is_null(node)))
		return no_conversion(e, node, value->type, type,
				     ot_type_is_integer(value->type) ? hint : "");
	if (ot_type_is_pointer(value->type) && !may_point(value->type, type))
		return no_conversion(e, node, value->type, type, hint);
	if (ot_eval_is_homeless(value)) {
		ot_eval_move(value, ret);
		ret->type = type;
		return NULL;
	}
	OT_TRY(ot_eval_number(e, node, value, &number));
	ot_number_convert(&number, type);
	ot_number_to_value(&number, ret);
	return NULL;
}

static struct ot_err *to_number(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_value *value, const struct ot_type *type,
				struct ot_value *ret)
{
	const struct ot_type *plain = ot_type_strip(type);
	bool to_bool = plain->kind == OTRACE_TYPE_BASE && plain->encoding == OTRACE_ENC_BOOL;
	struct ot_number number = {0};

	if (!ot_type_is_operand(value->type))
		return no_conversion(e, node, value->type, type, "");
	if (ot_type_is_pointer(value->type) && !to_bool)
		return no_conversion(e, node, value->type, type, " (a cast says that it is meant)");
	OT_TRY(ot_eval_check_width(e, node, type));
	OT_TRY(ot_eval_number(e, node, value, &number));
	ot_number_convert(&number, type);
	ot_number_to_value(&number, ret);
	return NULL;
}

/* Structs, unions, and what arithmetic is not for: the same alone. */
static struct ot_err *to_same(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *value, const struct ot_type *type,
			      struct ot_value *ret)
{
	if (ot_eval_is_vector_pair(value->type, type))
		return ot_eval_vector_bits(e, node, value, type, ret);
	if (!ot_type_is_same(value->type, type))
		return no_conversion(e, node, value->type, type, "");
	OT_TRY(ot_eval_fetch(e, node, value));
	if (!e->is_dry && value->nr_bytes < ot_type_size(type))
		return ot_eval_error(e, node, OT_ERR_FAULT, "not all of the value can be read");
	if (value->known && !ot_value_is_known(value, ot_type_size(type)))
		return ot_eval_error(e, node, OT_ERR_OPTIMIZED, "the value is not known whole");
	if (e->is_dry)
		ot_eval_unknown(type, ret);
	else
		ot_value_of_bytes(type, value->bytes, ot_type_size(type), ret);
	return NULL;
}

struct ot_err *ot_eval_convert(struct ot_evaluator *e, const struct ot_expr_node *node,
			       struct ot_value *value, const struct ot_type *type,
			       struct ot_value *ret)
{
	const struct ot_type *plain = ot_type_unqualified(type);

	if (ot_type_is_void(value->type))
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "there is no value here (void), and %s is needed",
				     ot_type_text(type));
	if (ot_type_is_void(plain) || ot_type_is_array(plain) || ot_type_is_function(plain))
		return no_conversion(e, node, value->type, type, ": nothing does");
	if (!ot_type_is_operand(plain))
		return to_same(e, node, value, plain, ret);
	ot_eval_decay(e, value);
	OT_TRY(ot_eval_check(e, node, value));
	return ot_type_is_pointer(plain) ? to_pointer(e, node, value, plain, ret)
					 : to_number(e, node, value, plain, ret);
}

/* ------------------------------------------------------------------ casts */

/* Not C, but clear: look at the memory of this as that. */
static struct ot_err *look_as(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *value, struct ot_value *ret)
{
	OT_TRY(ot_eval_check(e, node, value));
	if (value->is_lvalue && !value->bit_size) {
		ot_value_at(node->type, value->address, ret);
		return NULL;
	}
	if (!ot_type_is_same(value->type, node->type)) {
		ot_auto_type_pair struct ot_type_pair texts = {0};

		ot_type_pair_init(&texts, value->type, node->type);
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "%s cannot be cast to %s: this has no address to look at",
				     texts.a, texts.b);
	}
	ot_eval_move(value, ret);
	ret->type = node->type;
	return NULL;
}

static struct ot_err *cast_scalar(struct ot_evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *value, struct ot_value *ret)
{
	bool to_pointer = ot_type_is_pointer(node->type);
	struct ot_number number = {0};

	if (to_pointer && ot_eval_is_homeless(value)) {
		ot_eval_move(value, ret);
		ret->type = node->type;
		return NULL;
	}
	OT_TRY(ot_eval_number(e, node->left, value, &number));
	if (number.is_float && to_pointer)
		return ot_eval_error(e, node, OT_ERR_TYPE, "%s to %s: a fraction is no pointer",
				     ot_type_text(number.type), ot_type_text(node->type));
	if (ot_type_is_pointer(number.type) &&
	    (ot_type_is_float(node->type) || ot_type_is_complex_float(node->type)))
		return ot_eval_error(e, node, OT_ERR_TYPE, "%s to %s: a pointer is no fraction",
				     ot_type_text(number.type), ot_type_text(node->type));
	OT_TRY(ot_eval_check_width(e, node, node->type));
	ot_number_convert(&number, ot_type_unqualified(node->type));
	OT_TRY(ot_eval_check_fits(e, node, &number));
	ot_number_to_value(&number, ret);
	return NULL;
}

static struct ot_err *eval_cast(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_value *ret)
{
	ot_auto_value struct ot_value value = {0};
	const struct ot_type *type = node->type;
	bool is_enumerator;

	OT_TRY(ot_eval(e, node->left, &value));
	is_enumerator = e->is_enumerator;
	if (ot_type_is_void(type)) {
		ot_eval_unknown(type, ret);
		return NULL;
	}
	if (ot_type_is_record(type) || ot_type_is_array(type))
		return look_as(e, node, &value, ret);
	ot_eval_decay(e, &value);
	if (ot_type_is_vector(type) || ot_type_is_vector(value.type))
		return ot_eval_vector_cast(e, node, &value, ret);
	if (ot_type_is_operand(type) && ot_type_is_operand(value.type)) {
		e->is_enumerator = is_enumerator;
		return cast_scalar(e, node, &value, ret);
	}
	if (!ot_type_is_operand(type) && ot_type_is_same(type, value.type)) {
		ot_eval_move(&value, ret);
		return NULL;
	}
	OT_TRY(ot_eval_check(e, node->left, &value));
	return ot_eval_error(e, node, OT_ERR_TYPE, "%s cannot be cast to %s",
			     ot_type_text(value.type), ot_type_text(type));
}

struct ot_err *ot_eval_cast(struct ot_evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *ret)
{
	struct ot_err *err = eval_cast(e, node, ret);

	/* what was taken for a cast of + - * & may be meant as an operator behind a variable */
	if (err && node->text)
		ot_err_near(err, node->text);
	return err;
}

/* ------------------------------------------------------------------ ?: */

/* The pointer with what either points to being const or volatile. */
static const struct ot_type *with_both(struct ot_evaluator *e, const struct ot_type *pointer,
				       const struct ot_type *other)
{
	const struct ot_type *target = ot_type_strip(pointer)->target;
	const struct ot_type *more = ot_type_strip(other)->target;

	if (ot_type_is_const(more))
		target = ot_made_qualified(e->program, target, OTRACE_TYPE_CONST);
	if (ot_type_is_volatile(more))
		target = ot_made_qualified(e->program, target, OTRACE_TYPE_VOLATILE);
	return target == ot_type_strip(pointer)->target ? ot_type_unqualified(pointer)
							: ot_program_pointer_to(e->program, target);
}

struct branch {
	const struct ot_expr_node *node;
	struct ot_value value; /* dry */
	struct ot_number number;
	bool is_enumerator;
};

static struct ot_err *look_at_branch(struct ot_evaluator *e, struct branch *branch)
{
	bool was_dry = e->is_dry;
	struct ot_err *err;

	e->is_dry = true;
	err = ot_eval(e, branch->node, &branch->value);
	branch->is_enumerator = e->is_enumerator;
	if (!err)
		ot_eval_decay(e, &branch->value);
	if (!err && ot_type_is_operand(branch->value.type)) {
		e->is_enumerator = branch->is_enumerator;
		err = ot_eval_number(e, branch->node, &branch->value, &branch->number);
	}
	e->is_dry = was_dry;
	return err;
}

static struct ot_err *no_common(struct ot_evaluator *e, const struct ot_expr_node *node,
				const struct branch *a, const struct branch *b)
{
	ot_auto_type_pair struct ot_type_pair texts = {0};

	ot_type_pair_init(&texts, a->value.type, b->value.type);
	return ot_eval_error(e, node, OT_ERR_TYPE,
			     "one branch is %s, the other %s: no type is both", texts.a, texts.b);
}

static struct ot_err *pointer_choice(struct ot_evaluator *e, const struct ot_expr_node *node,
				     const struct branch *a, const struct branch *b,
				     const struct ot_type **ret)
{
	const struct ot_type *left = a->value.type, *right = b->value.type;
	bool is_left = ot_type_is_pointer(left), is_right = ot_type_is_pointer(right);

	if (is_left && ot_eval_is_null(b->node)) {
		*ret = ot_type_unqualified(left);
	} else if (is_right && ot_eval_is_null(a->node)) {
		*ret = ot_type_unqualified(right);
	} else if (!is_left || !is_right || !may_point(left, right)) {
		return no_common(e, node, a, b);
	} else if (ot_type_is_void(ot_type_strip(right)->target)) {
		*ret = with_both(e, right, left);
	} else {
		*ret = with_both(e, left, right);
	}
	return NULL;
}

static struct ot_err *choice_type(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct branch *a, const struct branch *b,
				  const struct ot_type **ret)
{
	const struct ot_type *left = a->value.type, *right = b->value.type;

	if (ot_type_is_void(left) || ot_type_is_void(right)) {
		if (!ot_type_is_void(left) || !ot_type_is_void(right))
			return no_common(e, node, a, b);
		*ret = ot_type_strip(left);
	} else if (ot_type_is_pointer(left) || ot_type_is_pointer(right)) {
		return pointer_choice(e, node, a, b, ret);
	} else if (ot_type_is_operand(left) && ot_type_is_operand(right)) {
		OT_TRY(ot_eval_check_result(e, node, OT_TOKEN_PIPE, &a->number, &b->number));
		*ret = ot_number_common(e->program, &a->number, &b->number);
	} else if (ot_type_is_same(left, right)) {
		*ret = ot_type_unqualified(left);
	} else {
		return no_common(e, node, a, b);
	}
	return NULL;
}

static struct ot_err *choose(struct ot_evaluator *e, const struct branch *branch,
			     const struct ot_type *type, struct ot_value *value,
			     struct ot_value *ret)
{
	if (!value->type)
		OT_TRY(ot_eval(e, branch->node, value));
	else
		e->is_enumerator = branch->is_enumerator;
	if (ot_type_is_void(type)) {
		ot_eval_unknown(type, ret);
		return NULL;
	}
	/* a struct stays where it is: it may be large, and have parts that cannot be read */
	if (!ot_type_is_operand(type)) {
		ot_eval_move(value, ret);
		ret->is_unrounded = false;
		return NULL;
	}
	ot_eval_decay(e, value);
	if (ot_type_is_pointer(type) && ot_type_is_pointer(value->type) &&
	    ot_eval_is_homeless(value)) {
		ot_eval_move(value, ret);
		return NULL;
	}
	OT_TRY(ot_eval_check(e, branch->node, value));
	return ot_eval_convert(e, branch->node, value, type, ret);
}

struct ot_err *ot_eval_choice(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret)
{
	struct branch first = {.node = node->right ? node->right : node->left};
	struct branch second = {.node = node->third};
	ot_auto_value struct ot_value value = {0};
	const struct ot_type *type = NULL;
	struct ot_number number = {0};
	struct ot_err *err = NULL;

	OT_TRY(ot_eval(e, node->left, &value));
	first.is_enumerator = e->is_enumerator;
	ot_eval_decay(e, &value);
	OT_TRY(ot_eval_number(e, node->left, &value, &number));
	/* once was enough, here and at the end: every level of many would double the work */
	if (e->is_dry && !node->right) {
		first.number = number;
		ot_eval_move(&value, &first.value);
	} else {
		err = look_at_branch(e, &first);
	}
	if (!err)
		err = look_at_branch(e, &second);
	if (!err)
		err = choice_type(e, node, &first, &second, &type);
	/* of "a ?: b" a has been evaluated, once */
	if (node->right || !ot_number_is_true(&number))
		ot_value_deinit(&value);
	if (!err && e->is_dry)
		ot_eval_unknown(type, ret);
	else if (!err)
		err = choose(e, ot_number_is_true(&number) ? &first : &second, type, &value, ret);
	ot_value_deinit(&first.value);
	ot_value_deinit(&second.value);
	return err;
}
