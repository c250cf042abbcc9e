// SPDX-License-Identifier: BSD-2-Clause
// The walk over the tree, and what all operators need of values.
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"
#include "model/write.h"

void ot_eval_move(struct ot_value *from, struct ot_value *ret)
{
	bool small = from->bytes == from->small;

	*ret = *from;
	if (small)
		ret->bytes = ret->small;
	memset(from, 0, sizeof(*from));
}

void ot_eval_keep(const struct ot_value *part, struct ot_value *ret)
{
	struct ot_value copy;

	ot_value_copy(part, &copy);
	ot_eval_move(&copy, ret);
}

void ot_eval_int(struct ot_evaluator *e, int64_t number, struct ot_value *ret)
{
	ot_value_of_u64(ot_program_base(e->program, "int"), (uint64_t)number, ret);
}

void ot_eval_unknown(const struct ot_type *type, struct ot_value *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->type = type;
	ret->state = ot_type_is_void(type) ? OT_VALUE_VOID : OT_VALUE_OK;
}

/* ------------------------------------------------------------------ reading */

struct ot_err *ot_eval_check(struct ot_evaluator *e, const struct ot_expr_node *node,
			     const struct ot_value *value)
{
	if (e->is_dry && value->state != OT_VALUE_VOID)
		return NULL;
	switch (value->state) {
	case OT_VALUE_OK:
		return NULL;
	case OT_VALUE_OPTIMIZED_OUT:
		return ot_eval_error(e, node, OT_ERR_OPTIMIZED, "the value is optimized out");
	case OT_VALUE_UNREADABLE:
		if (e->target && ot_target_is_copy(e->target) &&
		    ot_target_may_have(e->target, value->address))
			return ot_eval_error(e, node, OT_ERR_FAULT, "%#llx is not in the copy%s",
					     (unsigned long long)value->address,
					     ot_target_elsewhere(e->target));
		return ot_eval_error(e, node, OT_ERR_FAULT, "memory at %#llx cannot be read",
				     (unsigned long long)value->address);
	case OT_VALUE_VOID:
		return ot_eval_error(e, node, OT_ERR_TYPE, "there is no value here (void)");
	default:
		return ot_eval_error(e, node, OT_ERR_FAULT, "the value was not recorded");
	}
}

struct ot_err *ot_eval_fetch(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *value)
{
	if (!e->is_dry)
		ot_value_fetch(e->target, value);
	return ot_eval_check(e, node, value);
}

/* ------------------------------------------------------------------ arrays as pointers */

bool ot_eval_is_homeless(const struct ot_value *value)
{
	uint64_t address = 0;

	return !value->is_lvalue && value->type && value->string.known &&
	       ot_type_is_pointer(value->type) && ot_value_to_u64(value, &address) && !address;
}

void ot_eval_homeless(struct ot_evaluator *e, const struct ot_type *type,
		      const struct ot_value *what, struct ot_value *ret)
{
	uint8_t *own = ot_alloc(8 + what->nr_bytes);

	/* one block, as ot_value_copy() makes them: the pointer, then what it points to */
	if (what->nr_bytes)
		memcpy(own + 8, what->bytes, what->nr_bytes);
	*ret = (struct ot_value){.type = ot_program_pointer_to(e->program, type),
				 .bytes = own,
				 .nr_bytes = 8,
				 .own = own};
	ret->string = (struct ot_value_string){
		.bytes = (char *)own + 8, .nr_bytes = (uint32_t)what->nr_bytes, .known = true};
}

static const struct ot_type *element_type(struct ot_evaluator *e, const struct ot_type *array)
{
	const struct ot_type *element = ot_type_strip(array)->target;

	if (ot_type_is_const(array))
		element = ot_made_qualified(e->program, element, OTRACE_TYPE_CONST);
	return element;
}

void ot_eval_decay(struct ot_evaluator *e, struct ot_value *value)
{
	const struct ot_type *plain = ot_type_strip(value->type);
	const struct ot_type *target = value->type;
	struct ot_value pointer;

	if (value->state != OT_VALUE_OK && !e->is_dry)
		return;
	if (plain->kind == OTRACE_TYPE_ARRAY)
		target = element_type(e, value->type);
	else if (plain->kind != OTRACE_TYPE_FUNCTION)
		return;
	if (value->is_lvalue || !value->bytes)
		ot_value_of_u64(ot_program_pointer_to(e->program, target), value->address,
				&pointer);
	else
		ot_eval_homeless(e, target, value, &pointer);
	ot_value_deinit(value);
	ot_eval_move(&pointer, value);
}

/* ------------------------------------------------------------------ numbers */

/* An enumerator is an int where that holds it, whatever the enum is. */
static void as_enumerator(struct ot_evaluator *e, struct ot_number *number)
{
	if (number->integer >= INT32_MIN && number->integer <= INT32_MAX)
		ot_number_convert(number, ot_program_base(e->program, "int"));
}

struct ot_err *ot_eval_number(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *value, struct ot_number *ret)
{
	bool is_enumerator = e->is_enumerator;

	ot_eval_decay(e, value);
	if (ot_type_is_complex(value->type) && !ot_type_is_complex_float(value->type))
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "a %s is shown and not calculated with: what its parts are is "
				     "not recorded",
				     ot_type_text(value->type));
	if (!ot_type_is_operand(value->type) && !ot_type_is_void(value->type))
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "a number or pointer is needed, this is %s",
				     ot_type_text(value->type));
	OT_TRY(ot_eval_fetch(e, node, value));
	if (e->is_dry && (!value->bytes || value->is_lvalue)) {
		*ret = (struct ot_number){.type = value->type,
					  .bit_size = value->bit_size,
					  .is_complex = ot_type_is_complex_float(value->type),
					  .is_float = ot_type_is_float(value->type) ||
						      ot_type_is_complex_float(value->type),
					  .integer = 1,
					  .real = 1};
		return NULL;
	}
	if (!e->is_dry && ot_eval_is_homeless(value))
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "what is written in an expression has no address in the "
				     "program");
	if (!value->bit_size)
		OT_TRY(ot_eval_check_width(e, node, value->type));
	if (!(ot_type_is_complex_float(value->type) ? ot_number_of_complex(value, e->program, ret)
						    : ot_number_of_value(value, ret)))
		return ot_eval_error(e, node, OT_ERR_OPTIMIZED, "the value is not known whole");
	if (is_enumerator)
		as_enumerator(e, ret);
	return NULL;
}

struct ot_err *ot_eval_scalar(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_number *ret)
{
	ot_auto_value struct ot_value value = {0};

	OT_TRY(ot_eval(e, node, &value));
	return ot_eval_number(e, node, &value, ret);
}

struct ot_err *ot_eval_truth(struct ot_evaluator *e, const struct ot_expr_node *node, bool *ret)
{
	struct ot_number number = {0};

	OT_TRY(ot_eval_scalar(e, node, &number));
	*ret = ot_number_is_true(&number);
	return NULL;
}

struct ot_err *ot_eval_integer(struct ot_evaluator *e, const struct ot_expr_node *node,
			       __int128 *ret)
{
	struct ot_number number = {0};

	OT_TRY(ot_eval_scalar(e, node, &number));
	if (number.is_float || ot_type_is_pointer(number.type))
		return ot_eval_error(e, node, OT_ERR_TYPE, "an index is an integer, this is %s",
				     ot_type_text(number.type));
	*ret = number.integer;
	return NULL;
}

/* ------------------------------------------------------------------ the walk */

bool ot_eval_has_size(const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type);

	if (ot_type_size(type) || ot_type_is_void(type) || ot_type_is_function(type))
		return true;
	while (plain->kind == OTRACE_TYPE_ARRAY && !(plain->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN))
		plain = ot_type_strip(plain->target);
	return ot_type_size(plain) ||
	       (ot_type_is_record(plain) && !(plain->flags & OTRACE_TYPE_FLAG_INCOMPLETE));
}

/* The type of what is not evaluated. An enumerator is an int where that holds it. */
static struct ot_err *operand_type(struct ot_evaluator *e, const struct ot_expr_node *node,
				   const struct ot_type **ret)
{
	ot_auto_value struct ot_value value = {0};
	struct ot_number number = {0};
	bool was_dry = e->is_dry;
	struct ot_err *err;

	e->is_dry = true;
	err = ot_eval(e, node, &value);
	if (!err && e->is_enumerator) {
		err = ot_eval_number(e, node, &value, &number);
		value.type = number.type;
	}
	e->is_dry = was_dry;
	if (!err && value.bit_size && value.is_lvalue)
		err = ot_eval_error(e, node, OT_ERR_TYPE,
				    "a bit-field has no size, and no type of its own");
	if (!err)
		*ret = value.type;
	return err;
}

static struct ot_err *eval_sizeof(struct ot_evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *ret)
{
	const struct ot_type *type = node->type;
	uint64_t size;

	if (!type)
		OT_TRY(operand_type(e, node->left, &type));
	if (!ot_eval_has_size(type))
		return ot_eval_error(e, node, OT_ERR_TYPE, "%s has no size", ot_type_text(type));
	size = ot_type_size(type);
	if (ot_type_is_void(type) || ot_type_is_function(type))
		size = 1; /* as gcc and clang have it */
	ot_value_of_u64(ot_program_base(e->program, "unsigned long"), size, ret);
	return NULL;
}

/* What a variable or field was given may be more than its type has. */
static struct ot_err *operand_align(struct ot_evaluator *e, const struct ot_expr_node *node,
				    const struct ot_type **type, struct ot_align *ret)
{
	const struct ot_type *whole = NULL;
	const struct ot_member *member = NULL;
	uint64_t bit_offset = 0, asked;

	OT_TRY(operand_type(e, node, type));
	ot_type_align(*type, ret);
	asked = node->kind == OT_EXPR_NAME ? ot_eval_name_align(e, node) : 0;
	if (asked)
		*ret = (struct ot_align){asked, asked};
	if (node->kind != OT_EXPR_MEMBER && node->kind != OT_EXPR_ARROW)
		return NULL;
	OT_TRY(ot_eval_type(e, node->left, &whole));
	whole = ot_type_strip(whole);
	if (!ot_type_is_record(whole) && whole->target)
		whole = ot_type_strip(whole->target);
	if (ot_type_is_record(whole))
		member = ot_type_find_member(whole, node->text, &bit_offset);
	if (member)
		ot_member_align(whole, member, bit_offset, ret);
	return NULL;
}

static struct ot_err *eval_alignof(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *ret)
{
	const struct ot_type *type = node->type;
	struct ot_align align = {1, 1};

	if (type)
		ot_type_align(type, &align);
	else
		OT_TRY(operand_align(e, node->left, &type, &align));
	if (!ot_eval_has_size(type) && !ot_type_is_array(type))
		return ot_eval_error(e, node, OT_ERR_TYPE, "%s has no alignment",
				     ot_type_text(type));
	if (align.least != align.most)
		return ot_eval_error(
			e, node, OT_ERR_OPTIMIZED,
			"the alignment is not recorded: %llu, or less if the struct is "
			"packed, which its layout does not show",
			(unsigned long long)align.most);
	ot_value_of_u64(ot_program_base(e->program, "unsigned long"), align.least, ret);
	return NULL;
}

static struct ot_err *eval_comma(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *ret)
{
	ot_auto_value struct ot_value unused = {0};

	OT_TRY(ot_eval(e, node->left, &unused));
	OT_TRY(ot_eval(e, node->right, ret));
	/* no place any more; a struct or an array may be too large to be read now */
	if (ot_type_is_operand(ret->type)) {
		if (!e->is_dry)
			ot_value_fetch(e->target, ret);
		ret->is_lvalue = false;
	}
	ret->is_unrounded = false;
	return NULL;
}

static struct ot_err *eval_number_node(struct ot_evaluator *e, const struct ot_expr_node *node,
				       struct ot_value *ret)
{
	struct ot_number number = {.is_float = true, .real = node->real};

	number.type = ot_program_base(e->program, node->base);
	if (node->is_imaginary) {
		number = (struct ot_number){.type = ot_made_complex(e->program, number.type),
					    .is_float = true,
					    .is_complex = true,
					    .imaginary = node->real};
		ot_number_complex_to_value(&number, ret);
	} else if (node->kind == OT_EXPR_INTEGER)
		ot_value_of_u64(number.type, node->integer, ret);
	else
		ot_number_to_value(&number, ret);
	return NULL;
}

static struct ot_err *eval_literal(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *ret)
{
	if (node->kind == OT_EXPR_STRING)
		ot_eval_string(e, node, ret);
	else
		return eval_number_node(e, node, ret);
	return NULL;
}

typedef struct ot_err *eval_fn(struct ot_evaluator *e, const struct ot_expr_node *node,
			       struct ot_value *ret);

static struct ot_err *eval_object(struct ot_evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *ret)
{
	(void)node;
	ot_eval_keep(&e->object, ret);
	return NULL;
}

static struct ot_err *eval_braces(struct ot_evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *ret)
{
	(void)ret;
	return ot_eval_error(e, node, OT_ERR_SYNTAX,
			     "braces stand behind a type: (struct point){1, 2}");
}

struct ot_err *ot_eval(struct ot_evaluator *e, const struct ot_expr_node *node,
		       struct ot_value *ret)
{
	static eval_fn *const evals[] = {
		[OT_EXPR_INTEGER] = eval_literal,
		[OT_EXPR_FLOAT] = eval_literal,
		[OT_EXPR_STRING] = eval_literal,
		[OT_EXPR_NAME] = ot_eval_name,
		[OT_EXPR_MEMBER] = ot_eval_member,
		[OT_EXPR_ARROW] = ot_eval_member,
		[OT_EXPR_INDEX] = ot_eval_index,
		[OT_EXPR_RANGE] = ot_eval_range,
		[OT_EXPR_CALL] = ot_eval_call,
		[OT_EXPR_UNARY] = ot_eval_unary,
		[OT_EXPR_PART] = ot_eval_part,
		[OT_EXPR_POSTFIX] = ot_eval_step_by_one,
		[OT_EXPR_BINARY] = ot_eval_binary,
		[OT_EXPR_ASSIGN] = ot_eval_assign,
		[OT_EXPR_CHOICE] = ot_eval_choice,
		[OT_EXPR_CAST] = ot_eval_cast,
		[OT_EXPR_COMPOUND] = ot_eval_compound,
		[OT_EXPR_BRACES] = eval_braces,
		[OT_EXPR_ITEM] = eval_braces,
		[OT_EXPR_SIZEOF] = eval_sizeof,
		[OT_EXPR_ALIGNOF] = eval_alignof,
		[OT_EXPR_OFFSETOF] = ot_eval_offsetof,
		[OT_EXPR_CONTAINER_OF] = ot_eval_container,
		[OT_EXPR_OBJECT] = eval_object,
	};
	bool is_comma = node->kind == OT_EXPR_BINARY && node->op == OT_TOKEN_COMMA;
	struct ot_err *err;

	e->is_enumerator = false;
	err = is_comma ? eval_comma(e, node, ret) : evals[node->kind](e, node, ret);
	e->is_enumerator = e->is_enumerator && (is_comma || node->kind == OT_EXPR_NAME);
	return err;
}

struct ot_err *ot_eval_type(struct ot_evaluator *e, const struct ot_expr_node *node,
			    const struct ot_type **ret)
{
	ot_auto_value struct ot_value value = {0};
	bool was_dry = e->is_dry;
	struct ot_err *err;

	e->is_dry = true;
	err = ot_eval(e, node, &value);
	e->is_dry = was_dry;
	if (!err)
		*ret = value.type;
	return err;
}

/* ------------------------------------------------------------------ from outside */

/* flag ? "yes" : "no" is shown as the text alone would be. False: it is none. */
static bool take_text(struct ot_evaluator *e, const struct ot_value *pointer, struct ot_value *ret)
{
	const struct ot_type *target = ot_type_strip(pointer->type)->target;
	uint64_t size = ot_type_size(target);
	struct ot_value text;

	if (!size || !ot_type_is_integer(target))
		return false;
	ot_value_of_bytes(ot_program_array_of(e->program, target, pointer->string.nr_bytes / size),
			  pointer->string.bytes, pointer->string.nr_bytes, &text);
	if (ot_type_is_char(target) || ot_write_is_wide(&text)) {
		ot_eval_move(&text, ret);
		return true;
	}
	ot_value_deinit(&text);
	return false;
}

static struct ot_err *eval_root(struct ot_evaluator *e, struct ot_value *ret)
{
	ot_auto_value struct ot_value value = {0};

	OT_TRY(ot_eval(e, e->expr->root, &value));
	if (ot_eval_is_homeless(&value) && take_text(e, &value, ret))
		return NULL;
	if (ot_eval_is_homeless(&value))
		return ot_eval_error(e, e->expr->root, OT_ERR_TYPE,
				     "what is written in an expression has no address in the "
				     "program");
	ot_value_fetch(e->target, &value);
	value.is_unrounded = false;
	ot_eval_move(&value, ret);
	return NULL;
}

struct ot_err *ot_expr_eval(const struct ot_expr *expr, const struct ot_expr_scope *scope,
			    struct ot_value *ret)
{
	struct ot_evaluator e = {.expr = expr,
				 .scope = scope,
				 .program = scope->program,
				 .target = scope->target ? scope->target
							 : ot_program_target(scope->program)};

	return eval_root(&e, ret);
}

struct ot_err *ot_expr_constant(const struct ot_expr *expr, const struct ot_expr_node *node,
				uint64_t *ret)
{
	struct ot_expr_scope scope = {.program = expr->program};
	struct ot_evaluator e = {.expr = expr,
				 .scope = &scope,
				 .program = expr->program,
				 .target = ot_program_target(expr->program)};
	__int128 number = 0;

	OT_TRY(ot_eval_integer(&e, node, &number));
	if (number < 0 || number > INT64_MAX)
		return ot_eval_error(&e, node, OT_ERR_TYPE, "there cannot be so many");
	*ret = (uint64_t)number;
	return NULL;
}

struct ot_err *ot_expr_type_of(const struct ot_expr *expr, const struct ot_expr_node *node,
			       const struct ot_type **ret)
{
	struct ot_evaluator e = {.expr = expr,
				 .scope = expr->scope,
				 .program = expr->program,
				 .target = ot_program_target(expr->program)};

	return operand_type(&e, node, ret);
}

struct ot_err *ot_expr_value(const struct ot_expr_scope *scope, const char *text,
			     struct ot_value *ret)
{
	struct ot_expr *expr = NULL;
	struct ot_err *err = ot_expr_parse_in(scope, text, &expr);

	if (!err)
		err = ot_expr_eval(expr, scope, ret);
	ot_expr_destroy(expr);
	return err;
}
