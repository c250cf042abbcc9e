// SPDX-License-Identifier: BSD-2-Clause
// Values: from the tree to instructions. Integers are kept extended by their sign, so that most of C's conversions cost
// nothing.
#include <string.h>

#include "cond/inside.h"
#include "model/made.h"

static struct ot_err *calculate(struct ot_compiler *c, const struct ot_expr_node *node);

/* ------------------------------------------------------------------ conversions */

static bool is_bool(const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type);

	return plain->kind == OTRACE_TYPE_BASE && plain->encoding == OTRACE_ENC_BOOL;
}

/* Whether all values of the one are extended as the other extends them. */
static bool is_kept(unsigned int from, unsigned int to)
{
	unsigned int bytes = from & OTRACE_CODE_BYTES, room = to & OTRACE_CODE_BYTES;

	if (room == 8)
		return true;
	if ((from ^ to) & OTRACE_CODE_SIGNED)
		return !(from & OTRACE_CODE_SIGNED) && bytes < room;
	return bytes <= room;
}

static struct ot_err *convert(struct ot_compiler *c, const struct ot_expr_node *node,
			      const struct ot_number *of, const struct ot_type *type)
{
	unsigned int from = 0, to = 0;

	OT_TRY(ot_cond_width(c, node, of->type, &from));
	OT_TRY(ot_cond_width(c, node, type, &to));
	if (is_bool(type)) {
		ot_emit(c->out,
			from & OTRACE_CODE_FRACTION ? OTRACE_CODE_F_IS_TRUE : OTRACE_CODE_IS_TRUE,
			0, 0);
	} else if (from & to & OTRACE_CODE_FRACTION) {
		if ((to & OTRACE_CODE_BYTES) < (from & OTRACE_CODE_BYTES))
			ot_emit(c->out, OTRACE_CODE_F_ROUND, 4, 0);
	} else if (from & OTRACE_CODE_FRACTION) {
		ot_emit(c->out, OTRACE_CODE_F_TO_INTEGER, to, 0);
	} else if (to & OTRACE_CODE_FRACTION) {
		ot_emit(c->out, OTRACE_CODE_F_OF_INTEGER,
			(to & OTRACE_CODE_BYTES) | (from & OTRACE_CODE_SIGNED), 0);
	} else if (!is_kept(from, to)) {
		ot_emit(c->out, OTRACE_CODE_EXTEND, to, 0);
	}
	return NULL;
}

struct ot_err *ot_cond_value_as(struct ot_compiler *c, const struct ot_expr_node *node,
				const struct ot_type *type)
{
	struct ot_number number = {0};

	OT_TRY(ot_cond_value(c, node, &number));
	return convert(c, node, &number, type);
}

static struct ot_err *promoted_value(struct ot_compiler *c, const struct ot_expr_node *node,
				     unsigned int *width)
{
	struct ot_number number = {0};
	const struct ot_type *type;

	OT_TRY(ot_cond_value(c, node, &number));
	type = ot_number_promoted(c->program, &number);
	OT_TRY(convert(c, node, &number, type));
	return ot_cond_width(c, node, type, width);
}

/* ------------------------------------------------------------------ constants */

static uint64_t bits_of(const struct ot_number *number)
{
	double real = (double)number->real;
	uint64_t bits = (uint64_t)number->integer;

	if (number->is_float)
		memcpy(&bits, &real, sizeof(bits));
	return bits;
}

/* Of the type that the operation has. */
static struct ot_err *constant(struct ot_compiler *c, const struct ot_expr_node *node,
			       const struct ot_type *type, uint64_t *ret)
{
	struct ot_number number = {0};

	OT_TRY(ot_eval_scalar(&c->eval, node, &number));
	if (!ot_type_is_pointer(type))
		ot_number_convert(&number, type);
	*ret = bits_of(&number);
	return NULL;
}

/* The right operand as a part of the instruction. */
static bool is_immediate(uint64_t value, unsigned int width)
{
	return width & OTRACE_CODE_SIGNED ? (int64_t)value == (int32_t)value : value <= UINT32_MAX;
}

/* ------------------------------------------------------------------ two operands */

static enum otrace_code_op integer_op(enum ot_token_kind op)
{
	switch (op) {
	case OT_TOKEN_PLUS:
		return OTRACE_CODE_ADD;
	case OT_TOKEN_MINUS:
		return OTRACE_CODE_SUBTRACT;
	case OT_TOKEN_STAR:
		return OTRACE_CODE_MULTIPLY;
	case OT_TOKEN_SLASH:
		return OTRACE_CODE_DIVIDE;
	case OT_TOKEN_PERCENT:
		return OTRACE_CODE_REST;
	case OT_TOKEN_AMP:
		return OTRACE_CODE_AND;
	case OT_TOKEN_PIPE:
		return OTRACE_CODE_OR;
	case OT_TOKEN_CARET:
		return OTRACE_CODE_XOR;
	case OT_TOKEN_SHL:
		return OTRACE_CODE_LEFT;
	case OT_TOKEN_SHR:
		return OTRACE_CODE_RIGHT;
	case OT_TOKEN_EQ:
		return OTRACE_CODE_EQUAL;
	case OT_TOKEN_NE:
		return OTRACE_CODE_UNEQUAL;
	case OT_TOKEN_LT:
		return OTRACE_CODE_LESS;
	case OT_TOKEN_LE:
		return OTRACE_CODE_LESS_EQUAL;
	case OT_TOKEN_GT:
		return OTRACE_CODE_MORE;
	default:
		return OTRACE_CODE_MORE_EQUAL;
	}
}

static enum otrace_code_op fraction_op(enum ot_token_kind op)
{
	switch (op) {
	case OT_TOKEN_PLUS:
		return OTRACE_CODE_F_ADD;
	case OT_TOKEN_MINUS:
		return OTRACE_CODE_F_SUBTRACT;
	case OT_TOKEN_STAR:
		return OTRACE_CODE_F_MULTIPLY;
	case OT_TOKEN_SLASH:
		return OTRACE_CODE_F_DIVIDE;
	case OT_TOKEN_EQ:
		return OTRACE_CODE_F_EQUAL;
	case OT_TOKEN_NE:
		return OTRACE_CODE_F_UNEQUAL;
	case OT_TOKEN_LT:
		return OTRACE_CODE_F_LESS;
	case OT_TOKEN_LE:
		return OTRACE_CODE_F_LESS_EQUAL;
	case OT_TOKEN_GT:
		return OTRACE_CODE_F_MORE;
	default:
		return OTRACE_CODE_F_MORE_EQUAL;
	}
}

static struct ot_err *operate(struct ot_compiler *c, const struct ot_expr_node *node,
			      const struct ot_type *type)
{
	unsigned int width = 0;
	uint64_t value = 0;

	OT_TRY(ot_cond_width(c, node, type, &width));
	OT_TRY(ot_cond_value_as(c, node->left, type));
	if (!(width & OTRACE_CODE_FRACTION) && ot_cond_is_constant(c, node->right)) {
		OT_TRY(constant(c, node->right, type, &value));
		if (!value && (node->op == OT_TOKEN_SLASH || node->op == OT_TOKEN_PERCENT))
			return ot_cond_error(c, node, OT_ERR_TYPE, "division by zero");
		if (is_immediate(value, width)) {
			ot_emit(c->out, integer_op(node->op), width | OTRACE_CODE_IMMEDIATE, value);
			return NULL;
		}
	}
	OT_TRY(ot_cond_value_as(c, node->right, type));
	if (width & OTRACE_CODE_FRACTION)
		ot_emit(c->out, fraction_op(node->op), width & OTRACE_CODE_BYTES, 0);
	else
		ot_emit(c->out, integer_op(node->op), width, 0);
	return NULL;
}

/* Each operand is promoted by itself. */
static struct ot_err *shift(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_number count = {0};
	unsigned int width = 0, unused = 0;

	OT_TRY(promoted_value(c, node->left, &width));
	if (ot_cond_is_constant(c, node->right)) {
		OT_TRY(ot_eval_scalar(&c->eval, node->right, &count));
		if (count.integer < 0 || count.integer >= 8 * (width & OTRACE_CODE_BYTES))
			return ot_cond_error(c, node, OT_ERR_TYPE,
					     "shifted by more bits than there are");
		ot_emit(c->out, integer_op(node->op), width | OTRACE_CODE_IMMEDIATE,
			(uint64_t)count.integer);
		return NULL;
	}
	OT_TRY(promoted_value(c, node->right, &unused));
	ot_emit(c->out, integer_op(node->op), width, 0);
	return NULL;
}

/* ------------------------------------------------------------------ pointers */

static bool is_comparison(enum ot_token_kind op)
{
	return op == OT_TOKEN_EQ || op == OT_TOKEN_NE || op == OT_TOKEN_LT || op == OT_TOKEN_LE ||
	       op == OT_TOKEN_GT || op == OT_TOKEN_GE;
}

/* "p - q": in elements. */
static struct ot_err *distance(struct ot_compiler *c, const struct ot_expr_node *node,
			       const struct ot_number *pointer)
{
	const struct ot_type *type = ot_program_base(c->program, "long");
	struct ot_number unused = {0};
	uint64_t step = 0;

	OT_TRY(ot_eval_step(&c->eval, node, pointer->type, &step));
	OT_TRY(ot_cond_value(c, node->left, &unused));
	OT_TRY(ot_cond_value(c, node->right, &unused));
	ot_emit(c->out, OTRACE_CODE_SUBTRACT, 8, 0);
	if (step > INT32_MAX)
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED, "%s is too large",
				     ot_type_text(type));
	if (step > 1)
		ot_emit(c->out, OTRACE_CODE_DIVIDE, 8 | OTRACE_CODE_SIGNED | OTRACE_CODE_IMMEDIATE,
			step);
	return NULL;
}

/* "p + n", "n + p", "p - n" */
static struct ot_err *steps(struct ot_compiler *c, const struct ot_expr_node *node,
			    const struct ot_number *pointer, bool is_left)
{
	const struct ot_expr_node *first = is_left ? node->left : node->right;
	const struct ot_expr_node *second = is_left ? node->right : node->left;
	struct ot_number unused = {0};
	uint64_t step = 0;

	OT_TRY(ot_eval_step(&c->eval, node, pointer->type, &step));
	OT_TRY(ot_cond_value(c, first, &unused));
	OT_TRY(ot_cond_value(c, second, &unused));
	if (step > UINT32_MAX)
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED, "the elements are too large");
	if (step != 1)
		ot_emit(c->out, OTRACE_CODE_MULTIPLY, 8 | OTRACE_CODE_IMMEDIATE, step);
	ot_emit(c->out, node->op == OT_TOKEN_PLUS ? OTRACE_CODE_ADD : OTRACE_CODE_SUBTRACT, 8, 0);
	return NULL;
}

static struct ot_err *pointers(struct ot_compiler *c, const struct ot_expr_node *node,
			       const struct ot_number *a, const struct ot_number *b)
{
	bool is_left = ot_type_is_pointer(a->type);
	const struct ot_number *pointer = is_left ? a : b;
	struct ot_number unused = {0};

	if (is_comparison(node->op)) {
		OT_TRY(ot_cond_value(c, node->left, &unused));
		OT_TRY(ot_cond_value(c, node->right, &unused));
		ot_emit(c->out, integer_op(node->op), 8, 0);
		return NULL;
	}
	if (is_left && ot_type_is_pointer(b->type))
		return distance(c, node, a);
	return steps(c, node, pointer, is_left);
}

/* p == 0 and the like, in one instruction. */
static bool is_compared_with_constant(struct ot_compiler *c, const struct ot_expr_node *node)
{
	return is_comparison(node->op) && ot_cond_is_constant(c, node->right);
}

static struct ot_err *binary(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_number a = {0}, b = {0};

	OT_TRY(ot_cond_type(c, node->left, &a));
	OT_TRY(ot_cond_type(c, node->right, &b));
	if (ot_type_is_pointer(a.type) && is_compared_with_constant(c, node))
		return operate(c, node, a.type);
	if (ot_type_is_pointer(a.type) || ot_type_is_pointer(b.type))
		return pointers(c, node, &a, &b);
	if (node->op == OT_TOKEN_SHL || node->op == OT_TOKEN_SHR)
		return shift(c, node);
	return operate(c, node, ot_number_common(c->program, &a, &b));
}

/* ------------------------------------------------------------------ truth */

static bool is_logic(const struct ot_expr_node *node)
{
	return node->kind == OT_EXPR_BINARY &&
	       (node->op == OT_TOKEN_AND_AND || node->op == OT_TOKEN_OR_OR);
}

/* 1 or 0, as the jumps go. */
static struct ot_err *logic(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_label no = {0}, end = {0};

	OT_TRY(ot_cond_branch(c, node, false, &no));
	ot_emit(c->out, OTRACE_CODE_CONSTANT, 0, 1);
	ot_emit_jump(c->out, OTRACE_CODE_JUMP, &end);
	ot_emit_label(c->out, &no);
	ot_emit(c->out, OTRACE_CODE_CONSTANT, 0, 0);
	ot_emit_label(c->out, &end);
	return NULL;
}

struct ot_err *ot_cond_truth(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_number number = {0};

	OT_TRY(ot_cond_value(c, node, &number));
	if (number.is_float)
		ot_emit(c->out, OTRACE_CODE_F_IS_TRUE, 0, 0);
	return NULL;
}

/* Of "a && b" false already when a is, of "a || b" true. */
static struct ot_err *branch_logic(struct ot_compiler *c, const struct ot_expr_node *node,
				   bool when, struct ot_label *to)
{
	bool is_early = (node->op == OT_TOKEN_OR_OR) == when;
	struct ot_label skip = {0};

	OT_TRY(ot_cond_branch(c, node->left, node->op == OT_TOKEN_OR_OR, is_early ? to : &skip));
	OT_TRY(ot_cond_branch(c, node->right, when, to));
	ot_emit_label(c->out, &skip);
	return NULL;
}

struct ot_err *ot_cond_branch(struct ot_compiler *c, const struct ot_expr_node *node, bool when,
			      struct ot_label *to)
{
	bool is_plain = ot_cond_slot(c, node) >= 0 || ot_cond_is_constant(c, node);

	if (!is_plain && is_logic(node))
		return branch_logic(c, node, when, to);
	if (!is_plain && node->kind == OT_EXPR_UNARY && node->op == OT_TOKEN_NOT)
		return ot_cond_branch(c, node->left, !when, to);
	OT_TRY(ot_cond_truth(c, node));
	ot_emit_jump(c->out, when ? OTRACE_CODE_JUMP_IF : OTRACE_CODE_JUMP_UNLESS, to);
	return NULL;
}

/* ------------------------------------------------------------------ one operand */

static struct ot_err *negated(struct ot_compiler *c, const struct ot_expr_node *node)
{
	unsigned int width = 0;

	OT_TRY(promoted_value(c, node->left, &width));
	if (width & OTRACE_CODE_FRACTION) {
		ot_emit(c->out, OTRACE_CODE_F_NEGATE, 0, 0);
		return NULL;
	}
	/* of 64 bits the sign makes no difference, and -1 has to be extended */
	if (width == 8)
		width |= OTRACE_CODE_SIGNED;
	ot_emit(c->out, node->op == OT_TOKEN_TILDE ? OTRACE_CODE_XOR : OTRACE_CODE_MULTIPLY,
		width | OTRACE_CODE_IMMEDIATE, UINT32_MAX);
	return NULL;
}

static struct ot_err *stores(struct ot_compiler *c, const struct ot_expr_node *node)
{
	return ot_cond_error(c, node, OT_ERR_UNSUPPORTED, "a condition only looks%s",
			     node->op == OT_TOKEN_ASSIGN ? " (== compares)" : "");
}

static struct ot_err *unary(struct ot_compiler *c, const struct ot_expr_node *node)
{
	unsigned int unused = 0;

	switch (node->op) {
	case OT_TOKEN_NOT:
		OT_TRY(ot_cond_truth(c, node->left));
		ot_emit(c->out, OTRACE_CODE_IS_ZERO, 0, 0);
		return NULL;
	case OT_TOKEN_MINUS:
	case OT_TOKEN_TILDE:
		return negated(c, node);
	case OT_TOKEN_PLUS:
		return promoted_value(c, node->left, &unused);
	case OT_TOKEN_STAR:
		return ot_cond_load(c, node);
	case OT_TOKEN_AMP:
		return ot_cond_address(c, node->left);
	default:
		return stores(c, node);
	}
}

/* ------------------------------------------------------------------ the rest */

static struct ot_err *choice(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_label otherwise = {0}, end = {0};
	struct ot_number number = {0};

	OT_TRY(ot_cond_type(c, node, &number));
	OT_TRY(ot_cond_branch(c, node->left, false, &otherwise));
	OT_TRY(ot_cond_value_as(c, node->right ? node->right : node->left, number.type));
	ot_emit_jump(c->out, OTRACE_CODE_JUMP, &end);
	ot_emit_label(c->out, &otherwise);
	OT_TRY(ot_cond_value_as(c, node->third, number.type));
	ot_emit_label(c->out, &end);
	return NULL;
}

/* Where the whole begins, that the pointer points into. */
static struct ot_err *container(struct ot_compiler *c, const struct ot_expr_node *node)
{
	ot_auto_value struct ot_value value = {0};
	struct ot_number unused = {0};
	uint64_t offset = 0;

	OT_TRY(ot_eval_offsetof(&c->eval, node, &value));
	ot_value_to_u64(&value, &offset);
	OT_TRY(ot_cond_value(c, node->right, &unused));
	ot_emit(c->out, OTRACE_CODE_SUBTRACT, 8 | OTRACE_CODE_IMMEDIATE, offset);
	return NULL;
}

static struct ot_err *name(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_cond_named named = ot_cond_named(c, node->text);

	switch (named.what) {
	case OT_COND_ERRNO:
		ot_emit(c->out, OTRACE_CODE_ERROR, 0, 0);
		return NULL;
	case OT_COND_DURATION:
		ot_emit(c->out, OTRACE_CODE_DURATION, 0, 0);
		return NULL;
	case OT_COND_DEPTH:
		ot_emit(c->out, OTRACE_CODE_DEPTH, 0, 0);
		return NULL;
	case OT_COND_THREAD:
		ot_emit(c->out, OTRACE_CODE_THREAD, 0, 0);
		return NULL;
	case OT_COND_TAGGED:
		return ot_cond_tagged_value(c, node, named.param);
	case OT_COND_BAD:
		return ot_cond_bad_end(c, node);
	default:
		return ot_cond_load(c, node);
	}
}

static struct ot_err *cast(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_number of = {0};

	if (ot_cond_is_tag_test(node)) {
		OT_TRY(ot_cond_value(c, node->left, &of));
		if (!ot_type_is_pointer(of.type))
			return ot_cond_error(c, node->left, OT_ERR_TYPE,
					     "a pointer is tagged or is not; this is %s",
					     ot_type_text(of.type));
		ot_emit(c->out, OTRACE_CODE_TAGGED, 0, 0);
		return NULL;
	}
	return ot_cond_value_as(c, node->left, node->type);
}

static struct ot_err *calculate(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_number unused = {0};

	switch (node->kind) {
	case OT_EXPR_NAME:
		return name(c, node);
	case OT_EXPR_MEMBER:
	case OT_EXPR_ARROW:
	case OT_EXPR_INDEX:
		return ot_cond_load(c, node);
	case OT_EXPR_UNARY:
		return unary(c, node);
	case OT_EXPR_BINARY:
		if (node->op == OT_TOKEN_COMMA)
			return ot_cond_value(c, node->right, &unused);
		if (is_logic(node))
			return logic(c, node);
		return ot_eval_is_text(node) ? ot_cond_text_value(c, node) : binary(c, node);
	case OT_EXPR_CHOICE:
		return choice(c, node);
	case OT_EXPR_CAST:
		return cast(c, node);
	case OT_EXPR_CONTAINER_OF:
		return container(c, node);
	case OT_EXPR_ASSIGN:
	case OT_EXPR_POSTFIX:
		return stores(c, node);
	case OT_EXPR_CALL:
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED, "a condition calls no function");
	case OT_EXPR_STRING:
		return ot_cond_error(c, node, OT_ERR_TYPE,
				     "a text can be compared with == and !=, and nothing else");
	default:
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED,
				     "a condition cannot have this (an expression can)");
	}
}

struct ot_err *ot_cond_value(struct ot_compiler *c, const struct ot_expr_node *node,
			     struct ot_number *ret)
{
	int slot = ot_cond_slot(c, node);
	unsigned int width = 0;
	struct ot_err *err;

	/* "a ?: b" has a twice, and may be nested */
	if (c->out->is_too_long)
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED, "%s", ot_emit_wrong(c->out));
	if (node->kind == OT_EXPR_STRING || node->kind == OT_EXPR_CALL)
		return calculate(c, node);
	OT_TRY(ot_cond_type(c, node, ret));
	OT_TRY(ot_cond_width(c, node, ret->type, &width));
	if (slot >= 0) {
		ot_emit_arg(c->out, OTRACE_CODE_SLOT, 0, (uint32_t)slot);
		return NULL;
	}
	if (!ot_cond_is_constant(c, node))
		return calculate(c, node);
	err = ot_eval_scalar(&c->eval, node, ret);
	if (!err)
		ot_emit_constant(c->out, bits_of(ret));
	return err;
}
