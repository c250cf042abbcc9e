// SPDX-License-Identifier: BSD-2-Clause
// What the parts of a condition are: constants, values of the call's beginning or its end, and of which types.
#include <string.h>

#include "cond/inside.h"
#include "model/made.h"

struct ot_err *ot_cond_type(struct ot_compiler *c, const struct ot_expr_node *node,
			    struct ot_number *ret)
{
	bool was_dry = c->eval.is_dry;
	struct ot_err *err;

	c->eval.is_dry = true;
	err = ot_eval_scalar(&c->eval, node, ret);
	c->eval.is_dry = was_dry;
	return err;
}

const struct ot_type *ot_cond_place_type(struct ot_compiler *c, const struct ot_expr_node *node)
{
	const struct ot_type *type = NULL;

	ot_err_destroy(ot_eval_type(&c->eval, node, &type));
	return type;
}

int ot_cond_slot(const struct ot_compiler *c, const struct ot_expr_node *node)
{
	for (uint32_t i = 0; c->at_end && i < c->nr_slots; i++)
		if (c->slots[i] == node)
			return (int)i;
	return -1;
}

/* ------------------------------------------------------------------ what the machine can have */

static bool is_other_fraction(const struct ot_type *type)
{
	return ot_type_is_float(type) && ot_type_size(type) != 4 && ot_type_size(type) != 8;
}

static const char *too_much(const struct ot_type *type)
{
	if (ot_type_is_complex(type))
		return "complex numbers";
	if (is_other_fraction(type))
		return "floats other than float and double";
	if (ot_type_is_bit_int(type))
		return "_BitInts";
	if (ot_type_is_integer(type) && ot_type_size(type) > 8)
		return "integers of more than 64 bits";
	if (!ot_type_is_scalar(type) || !ot_type_size(type))
		return "anything but numbers and pointers";
	return NULL;
}

struct ot_err *ot_cond_width(struct ot_compiler *c, const struct ot_expr_node *node,
			     const struct ot_type *type, unsigned int *ret)
{
	const char *why = too_much(type);

	if (why)
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED,
				     "this is %s: conditions do not calculate with %s",
				     ot_type_text(type), why);
	*ret = (unsigned int)ot_type_size(type);
	if (ot_type_is_float(type))
		*ret |= OTRACE_CODE_FRACTION;
	else if (ot_type_is_integer(type) && ot_type_is_signed(type))
		*ret |= OTRACE_CODE_SIGNED;
	return NULL;
}

/* ------------------------------------------------------------------ constants */

static const struct ot_var *var_of(struct ot_compiler *c, const struct ot_expr_node *node)
{
	const struct ot_var *var = NULL;

	if (node->kind != OT_EXPR_NAME || ot_cond_named(c, node->text).what != OT_COND_OTHER)
		return NULL;
	ot_err_destroy(ot_eval_find_var(&c->eval, node, &var));
	return var;
}

static bool has_place(const struct ot_var *var)
{
	return var && !(var->flags & (OTRACE_VAR_THREAD_LOCAL | OTRACE_VAR_CONSTANT_VALUE |
				      OTRACE_VAR_OPTIMIZED_OUT));
}

/* "f.NAME", a static of the function f. */
static bool is_static_of(struct ot_compiler *c, const struct ot_expr_node *node)
{
	ot_auto_value struct ot_value unused = {0};
	bool found = false, was_dry = c->eval.is_dry;

	if (node->kind != OT_EXPR_MEMBER || node->left->kind != OT_EXPR_NAME ||
	    ot_cond_named(c, node->left->text).what != OT_COND_OTHER || var_of(c, node->left))
		return false;
	c->eval.is_dry = true;
	ot_err_destroy(ot_eval_static(&c->eval, node, &found, &unused));
	c->eval.is_dry = was_dry;
	return found;
}

bool ot_cond_is_static(struct ot_compiler *c, const struct ot_expr_node *node)
{
	const struct ot_type *type;

	switch (node->kind) {
	case OT_EXPR_NAME:
		return has_place(var_of(c, node));
	case OT_EXPR_MEMBER:
		type = ot_cond_place_type(c, node->left);
		if (type && ot_type_is_record(type))
			return ot_cond_is_static(c, node->left);
		return is_static_of(c, node);
	case OT_EXPR_INDEX:
		type = ot_cond_place_type(c, node->left);
		return type && ot_type_is_array(type) && ot_cond_is_static(c, node->left) &&
		       ot_cond_is_constant(c, node->right);
	default:
		return false;
	}
}

static bool is_constant_name(struct ot_compiler *c, const struct ot_expr_node *node)
{
	const struct ot_var *var;
	const struct ot_type *type;

	if (ot_cond_named(c, node->text).what != OT_COND_OTHER)
		return false;
	var = var_of(c, node);
	if (!var) /* a function, an enumerator, NULL */
		return true;
	type = ot_type_strip(var->type);
	return var->flags & OTRACE_VAR_CONSTANT_VALUE ||
	       (has_place(var) && type->kind == OTRACE_TYPE_ARRAY);
}

static bool are_constant(struct ot_compiler *c, const struct ot_expr_node *node)
{
	return (!node->left || ot_cond_is_constant(c, node->left)) &&
	       (!node->right || ot_cond_is_constant(c, node->right)) &&
	       (!node->third || ot_cond_is_constant(c, node->third));
}

static bool is_constant_unary(struct ot_compiler *c, const struct ot_expr_node *node)
{
	if (node->op == OT_TOKEN_AMP)
		return ot_cond_is_static(c, node->left);
	return node->op != OT_TOKEN_STAR && node->op != OT_TOKEN_INC && node->op != OT_TOKEN_DEC &&
	       are_constant(c, node);
}

bool ot_cond_is_constant(struct ot_compiler *c, const struct ot_expr_node *node)
{
	const struct ot_type *type;

	switch (node->kind) {
	case OT_EXPR_INTEGER:
	case OT_EXPR_FLOAT:
	case OT_EXPR_SIZEOF:
	case OT_EXPR_ALIGNOF:
	case OT_EXPR_OFFSETOF:
		return true;
	case OT_EXPR_NAME:
		return is_constant_name(c, node);
	case OT_EXPR_UNARY:
		return is_constant_unary(c, node);
	case OT_EXPR_CAST:
		return !ot_cond_is_tag_test(node) && are_constant(c, node);
	case OT_EXPR_BINARY:
	case OT_EXPR_CHOICE:
		return are_constant(c, node);
	case OT_EXPR_MEMBER:
	case OT_EXPR_INDEX:
		type = ot_cond_place_type(c, node);
		return type && ot_type_is_array(type) && ot_cond_is_static(c, node);
	default:
		return false;
	}
}

/* ------------------------------------------------------------------ beginning and end */

/* What lies in the frame stays; what lies elsewhere on the stack is the function's to change. */
static bool may_change(const struct ot_param *param)
{
	for (uint32_t i = 0; i < param->nr_pieces; i++)
		if (param->pieces[i].kind == OTRACE_PIECE_INDIRECT ||
		    param->pieces[i].kind == OTRACE_PIECE_STACK)
			return true;
	return false;
}

static unsigned int memory_needs(const struct ot_compiler *c)
{
	return c->reads_end ? OT_COND_LATE : OT_COND_MOVING;
}

static unsigned int name_needs(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_cond_named named = ot_cond_named(c, node->text);

	switch (named.what) {
	case OT_COND_PARAM:
		return may_change(&c->fn->params[named.param]) ? OT_COND_MOVING : 0;
	case OT_COND_RESULT:
	case OT_COND_ERRNO:
	case OT_COND_DURATION:
	case OT_COND_BAD:
		return OT_COND_LATE;
	case OT_COND_THREAD:
		return 0;
	case OT_COND_OTHER:
		return memory_needs(c);
	default:
		return OT_COND_MOVING;
	}
}

static unsigned int part_needs(struct ot_compiler *c, const struct ot_expr_node *node)
{
	const struct ot_type *type = ot_cond_place_type(c, node->left);

	return ot_cond_needs(c, node->left) |
	       (type && ot_type_is_record(type) ? 0 : memory_needs(c));
}

unsigned int ot_cond_needs(struct ot_compiler *c, const struct ot_expr_node *node)
{
	if (!node || node->kind == OT_EXPR_STRING || ot_cond_is_constant(c, node))
		return 0;
	switch (node->kind) {
	case OT_EXPR_NAME:
		return name_needs(c, node);
	case OT_EXPR_MEMBER:
	case OT_EXPR_ARROW:
		return part_needs(c, node);
	case OT_EXPR_INDEX:
		return part_needs(c, node) | ot_cond_needs(c, node->right);
	case OT_EXPR_CONTAINER_OF:
		return ot_cond_needs(c, node->right);
	default:
		return ot_cond_needs(c, node->left) | ot_cond_needs(c, node->right) |
		       ot_cond_needs(c, node->third) |
		       (node->kind == OT_EXPR_UNARY && node->op == OT_TOKEN_STAR ? memory_needs(c)
										 : 0) |
		       (ot_cond_is_tag_test(node) ? OT_COND_MOVING : 0);
	}
}
