// SPDX-License-Identifier: BSD-2-Clause
// What changes the program: = += ++ and their kin. The target writes; here is decided what and whether.
#include <ctype.h>
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

void ot_eval_put_bits(uint8_t *bytes, unsigned int shift, unsigned int size, __int128 number)
{
	for (unsigned int i = 0; i < size; i++) {
		uint8_t mask = (uint8_t)(1u << ((shift + i) % 8));
		uint8_t *byte = &bytes[(shift + i) / 8];

		*byte = number >> i & 1 ? *byte | mask : (uint8_t)(*byte & ~mask);
	}
}

/* ------------------------------------------------------------------ whether */

static struct ot_err *check_place(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct ot_value *place)
{
	if (place->state == OT_VALUE_OPTIMIZED_OUT)
		return ot_eval_error(e, node, OT_ERR_OPTIMIZED,
				     "there is nothing to store to: optimized out");
	if (!place->is_lvalue && place->stores_ignored)
		return ot_eval_error(e, node, OT_ERR_OPTIMIZED,
				     "there is nothing to store to: it is never changed, so the "
				     "compiler left only its value");
	if (!place->is_lvalue || ot_type_is_function(place->type))
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "nothing can be stored here: this %s has no place in the "
				     "program",
				     ot_type_text(place->type));
	if (ot_type_is_array(place->type))
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "%s: arrays are not assigned, their elements are",
				     ot_type_text(place->type));
	return NULL;
}

static struct ot_err *check_const(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct ot_value *place, const struct ot_type *from)
{
	if (!ot_type_is_const(place->type))
		return NULL;
	return ot_eval_error(
		e, node, OT_ERR_TYPE,
		"%s cannot be stored in %s, which is const (*(%s *)&x = ... if it must be)",
		ot_type_text(from), ot_type_text(place->type),
		ot_type_text(ot_type_unqualified(place->type)));
}

/* What is const in a struct would be written over with the rest of it. */
static struct ot_err *check_fields(struct ot_evaluator *e, const struct ot_expr_node *node,
				   const struct ot_value *place)
{
	const struct ot_type *of = NULL;
	const struct ot_member *member = ot_type_const_member(place->type, &of);

	if (!member)
		return NULL;
	return ot_eval_error(e, node, OT_ERR_TYPE,
			     "%s is not assigned as a whole: the field \"%s\" of %s is const",
			     ot_type_text(place->type), member->name ? member->name : "",
			     ot_type_text(of));
}

/* Debug information does not say how many bits a _BitInt has: what lies above them is not ours to choose. */
static struct ot_err *check_width(struct ot_evaluator *e, const struct ot_expr_node *node,
				  const struct ot_value *place)
{
	const struct ot_type *type = ot_type_strip(place->type);

	if (place->bit_size || type->kind != OTRACE_TYPE_BASE || !ot_type_is_integer(type) ||
	    (type->size_bytes <= 16 && !ot_type_is_bit_int(type)))
		return NULL;
	return ot_eval_error(e, node, OT_ERR_UNSUPPORTED,
			     "how many bits this %s has is not recorded: nothing is stored",
			     ot_type_text(place->type));
}

static struct ot_err *check_allowed(struct ot_evaluator *e, const struct ot_expr_node *node)
{
	const char *why = e->scope->no_store;

	if (e->is_dry || e->scope->may_store)
		return NULL;
	if (why)
		return ot_eval_error(e, node, OT_ERR_SAFE, "nothing is stored: %s", why);
	return ot_eval_error(e, node, OT_ERR_UNSUPPORTED,
			     "an expression only reads here: nothing is stored (== compares)");
}

/* A result of before, or a part of one: behind a pointer in it is the program. */
static bool is_result(struct ot_evaluator *e, const struct ot_expr_node *node)
{
	const struct ot_type *type = NULL;
	struct ot_err *err;

	if (node->kind == OT_EXPR_NAME)
		return node->text[0] == '$' &&
		       (node->text[1] == '$' || isdigit((unsigned char)node->text[1]));
	if ((node->kind != OT_EXPR_MEMBER && node->kind != OT_EXPR_INDEX) ||
	    !is_result(e, node->left))
		return false;
	err = ot_eval_type(e, node->left, &type);
	if (err) {
		ot_err_destroy(err);
		return false;
	}
	return node->kind == OT_EXPR_MEMBER ? ot_type_is_record(type)
					    : ot_type_is_array(type) || ot_type_is_vector(type);
}

/* Where to store, not what was there when somebody looked. */
static struct ot_err *eval_place(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *ret)
{
	ot_auto_value struct ot_value value = {0};

	OT_TRY(ot_eval(e, node, &value));
	if (is_result(e, node))
		return ot_eval_error(
			e, node, OT_ERR_TYPE,
			"a result of before stays what it was: nothing is stored in it "
			"(*&$1 = ... stores where $1 was read)");
	OT_TRY(check_place(e, node, &value));
	ot_value_at(value.type, value.address, ret);
	ret->bit_size = value.bit_size;
	ret->bit_shift = value.bit_shift;
	ret->stores_ignored = value.stores_ignored;
	return NULL;
}

/* ------------------------------------------------------------------ writing */

static struct ot_err *write_bits(struct ot_evaluator *e, const struct ot_value *place,
				 const struct ot_value *value)
{
	uint8_t bytes[17] = {0}; /* 128 bits may begin in the middle of a byte */
	size_t nr = (place->bit_shift + place->bit_size + 7u) / 8u;
	struct ot_number number = {0};

	if (nr > sizeof(bytes) || place->bit_size > 128 || !ot_number_of_value(value, &number))
		return ot_err_new(OT_ERR_UNSUPPORTED, "a bit-field of this size is not written");
	OT_TRY(ot_target_read(e->target, place->address, bytes, nr));
	ot_eval_put_bits(bytes, place->bit_shift, place->bit_size, number.integer);
	return ot_target_write(e->target, place->address, bytes, nr);
}

static struct ot_err *store(struct ot_evaluator *e, const struct ot_expr_node *node,
			    const struct ot_value *place, const struct ot_value *value)
{
	struct ot_err *err = NULL;

	if (e->is_dry)
		return NULL;
	if (e->scope->access)
		e->scope->access(e->scope->access_priv, NULL, place->address,
				 ot_type_size(place->type));
	if (place->bit_size)
		err = write_bits(e, place, value);
	else if (value->nr_bytes)
		err = ot_target_write(e->target, place->address, value->bytes, value->nr_bytes);
	return err ? ot_err_at(err, e->expr->text, node->position) : NULL;
}

/* What is left of a number in a bit-field. */
static void cut_to_field(const struct ot_value *place, struct ot_value *value)
{
	unsigned int unused = 128 - place->bit_size;
	struct ot_number number = {0};
	unsigned __int128 bits;

	if (!place->bit_size || place->bit_size > 128 || !ot_number_of_value(value, &number))
		return; /* dry, or no field */
	bits = (unsigned __int128)number.integer << unused;
	number.integer = ot_type_is_signed(value->type) ? (__int128)bits >> unused
							: (__int128)(bits >> unused);
	ot_number_to_value(&number, value);
	value->bit_size = place->bit_size;
}

/* What was written in the expression cannot lie in the program. */
static struct ot_err *check_homeless(struct ot_evaluator *e, const struct ot_expr_node *node,
				     const struct ot_value *value)
{
	if (!ot_eval_is_homeless(value))
		return NULL;
	return ot_eval_error(e, node, OT_ERR_TYPE,
			     "what is written in an expression has no address in the program that "
			     "could be stored");
}

/* @param value used up, the stored value afterwards in ret */
static struct ot_err *store_converted(struct ot_evaluator *e, const struct ot_expr_node *node,
				      const struct ot_expr_node *from, const struct ot_value *place,
				      struct ot_value *value, struct ot_value *ret)
{
	ot_auto_value struct ot_value converted = {0};

	OT_TRY(ot_eval_convert(e, from, value, place->type, &converted));
	OT_TRY(check_homeless(e, from, &converted));
	cut_to_field(place, &converted);
	OT_TRY(store(e, node, place, &converted));
	converted.stores_ignored = place->stores_ignored;
	converted.address = place->address;
	ot_eval_move(&converted, ret);
	return NULL;
}

/* ------------------------------------------------------------------ operators */

static enum ot_token_kind plain_op(enum ot_token_kind op)
{
	switch (op) {
	case OT_TOKEN_ADD_ASSIGN:
	case OT_TOKEN_INC:
		return OT_TOKEN_PLUS;
	case OT_TOKEN_SUB_ASSIGN:
	case OT_TOKEN_DEC:
		return OT_TOKEN_MINUS;
	case OT_TOKEN_MUL_ASSIGN:
		return OT_TOKEN_STAR;
	case OT_TOKEN_DIV_ASSIGN:
		return OT_TOKEN_SLASH;
	case OT_TOKEN_MOD_ASSIGN:
		return OT_TOKEN_PERCENT;
	case OT_TOKEN_AND_ASSIGN:
		return OT_TOKEN_AMP;
	case OT_TOKEN_OR_ASSIGN:
		return OT_TOKEN_PIPE;
	case OT_TOKEN_XOR_ASSIGN:
		return OT_TOKEN_CARET;
	case OT_TOKEN_SHL_ASSIGN:
		return OT_TOKEN_SHL;
	default:
		return OT_TOKEN_SHR;
	}
}

static struct ot_err *assign_plain(struct ot_evaluator *e, const struct ot_expr_node *node,
				   const struct ot_value *place, struct ot_value *ret)
{
	ot_auto_value struct ot_value value = {0};

	OT_TRY(ot_eval(e, node->right, &value));
	return store_converted(e, node, node->right, place, &value, ret);
}

/* "place op= b": what is there, then the operator, then back. @param old may be NULL */
static struct ot_err *assign_operated(struct ot_evaluator *e, const struct ot_expr_node *node,
				      const struct ot_value *place, struct ot_number *b,
				      struct ot_value *old, struct ot_value *ret)
{
	ot_auto_value struct ot_value before = *place;
	ot_auto_value struct ot_value after = {0};
	struct ot_number a = {0};

	e->is_enumerator = false;
	OT_TRY(ot_eval_number(e, node->left, &before, &a));
	OT_TRY(ot_eval_operate(e, node, plain_op(node->op), &a, b, &after));
	e->is_enumerator = false;
	OT_TRY(store_converted(e, node, node, place, &after, ret));
	if (old) {
		a.type = ot_type_unqualified(a.type);
		ot_number_to_value(&a, old);
		old->bit_size = place->bit_size;
		old->stores_ignored = place->stores_ignored;
	}
	return NULL;
}

/* "vector op= b" */
static struct ot_err *assign_vector(struct ot_evaluator *e, const struct ot_expr_node *node,
				    const struct ot_value *place, struct ot_value *ret)
{
	ot_auto_value struct ot_value before = *place;
	ot_auto_value struct ot_value b = {0};
	ot_auto_value struct ot_value after = {0};

	OT_TRY(ot_eval(e, node->right, &b));
	OT_TRY(ot_eval_vectors(e, node, plain_op(node->op), &before, &b, &after));
	return store_converted(e, node, node, place, &after, ret);
}

struct ot_err *ot_eval_assign(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret)
{
	struct ot_value place = {0};
	const struct ot_type *from = NULL;
	struct ot_number b = {0};

	OT_TRY(eval_place(e, node->left, &place));
	if (ot_type_is_const(place.type)) {
		OT_TRY(ot_eval_type(e, node->right, &from));
		return check_const(e, node, &place, from);
	}
	OT_TRY(check_fields(e, node, &place));
	OT_TRY(check_width(e, node, &place));
	OT_TRY(check_allowed(e, node));
	if (node->op == OT_TOKEN_ASSIGN)
		return assign_plain(e, node, &place, ret);
	if (ot_type_is_vector(place.type))
		return assign_vector(e, node, &place, ret);
	OT_TRY(ot_eval_scalar(e, node->right, &b));
	return assign_operated(e, node, &place, &b, NULL, ret);
}

struct ot_err *ot_eval_step_by_one(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *ret)
{
	struct ot_number one = {.type = ot_program_base(e->program, "int"), .integer = 1};
	ot_auto_value struct ot_value after = {0};
	bool is_postfix = node->kind == OT_EXPR_POSTFIX;
	struct ot_value place = {0};

	OT_TRY(eval_place(e, node->left, &place));
	OT_TRY(check_const(e, node, &place, one.type));
	OT_TRY(check_width(e, node, &place));
	OT_TRY(check_allowed(e, node));
	return assign_operated(e, node, &place, &one, is_postfix ? ret : NULL,
			       is_postfix ? &after : ret);
}
