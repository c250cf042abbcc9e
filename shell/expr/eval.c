// SPDX-License-Identifier: BSD-2-Clause
// Evaluation. A value keeps its address as long as it has one, and is read only when its bytes are
// needed: "&p->field" reads p and nothing else.
#include <string.h>

#include "base/names.h"
#include "expr/tree.h"

struct evaluator {
	const struct ot_expr *expr;
	const struct ot_expr_scope *scope;
	struct ot_program *program;
	struct ot_target *target;
};

static struct ot_err *eval(struct evaluator *e, const struct ot_expr_node *node,
			   struct ot_value *ret);

#define eval_error(e, node, code, ...) ot_expr_error((e)->expr, code, (node)->position, __VA_ARGS__)

/* A value whose home moves must not point to its old home. */
static void move_value(struct ot_value *from, struct ot_value *ret)
{
	bool small = from->bytes == from->small;

	*ret = *from;
	if (small)
		ret->bytes = ret->small;
	memset(from, 0, sizeof(*from));
}

/* A part borrows the bytes of the whole; the whole is about to go. */
static void keep_part(const struct ot_value *part, struct ot_value *ret)
{
	struct ot_value copy;

	ot_value_copy(part, &copy);
	move_value(&copy, ret);
}

/* ------------------------------------------------------------------ reading */

static struct ot_err *check_state(struct evaluator *e, const struct ot_expr_node *node,
				  const struct ot_value *value)
{
	switch (value->state) {
	case OT_VALUE_OK:
		return NULL;
	case OT_VALUE_OPTIMIZED_OUT:
		return eval_error(e, node, OT_ERR_OPTIMIZED, "the value is optimized out");
	case OT_VALUE_UNREADABLE:
		return eval_error(e, node, OT_ERR_FAULT, "memory at %#llx cannot be read",
				  (unsigned long long)value->address);
	case OT_VALUE_VOID:
		return eval_error(e, node, OT_ERR_TYPE, "there is no value here (void)");
	default:
		return eval_error(e, node, OT_ERR_FAULT, "the value was not recorded");
	}
}

/* Arrays become pointers to their first element, functions pointers to themselves. */
static void decay(struct evaluator *e, struct ot_value *value)
{
	const struct ot_type *plain = ot_type_strip(value->type);
	struct ot_value pointer;

	if (!value->is_lvalue || value->state != OT_VALUE_OK)
		return;
	if (plain->kind == OTRACE_TYPE_ARRAY)
		plain = plain->target;
	else if (plain->kind == OTRACE_TYPE_FUNCTION)
		plain = value->type;
	else
		return;
	ot_value_of_u64(ot_program_pointer_to(e->program, plain), value->address, &pointer);
	ot_value_deinit(value);
	move_value(&pointer, value);
}

/* Evaluates to a scalar that has been read. */
static struct ot_err *eval_scalar(struct evaluator *e, const struct ot_expr_node *node,
				  struct ot_number *ret)
{
	ot_auto_value struct ot_value value = {0};

	OT_TRY(eval(e, node, &value));
	decay(e, &value);
	if (!ot_type_is_scalar(value.type))
		return eval_error(e, node, OT_ERR_TYPE, "a number or pointer is needed, this is %s",
				  ot_type_text(value.type));
	ot_value_fetch(e->target, &value);
	OT_TRY(check_state(e, node, &value));
	if (!ot_number_of_value(&value, ret))
		return eval_error(e, node, OT_ERR_OPTIMIZED, "the value is not known whole");
	return NULL;
}

static struct ot_err *truth(struct evaluator *e, const struct ot_expr_node *node, bool *ret)
{
	struct ot_number number;

	OT_TRY(eval_scalar(e, node, &number));
	*ret = number.is_float ? number.real != 0 : number.integer != 0;
	return NULL;
}

static void int_value(struct evaluator *e, int64_t number, struct ot_value *ret)
{
	ot_value_of_u64(ot_program_base(e->program, "int"), (uint64_t)number, ret);
}

/* ------------------------------------------------------------------ names */

static bool self_member(struct evaluator *e, const char *name, struct ot_value *ret)
{
	const struct ot_value *self = e->scope->self;
	const struct ot_member *member;
	struct ot_value part;
	uint64_t bit_offset = 0;

	if (!self || !ot_type_is_record(self->type))
		return false;
	member = ot_type_find_member(self->type, name, &bit_offset);
	if (!member)
		return false;
	ot_value_member(self, member, bit_offset, &part);
	keep_part(&part, ret);
	return true;
}

/* The variable that the name means here: a static of the function, of the file, then any. */
static struct ot_err *scoped_var(struct evaluator *e, const char *name, const struct ot_var **ret)
{
	const struct ot_expr_scope *scope = e->scope;
	struct ot_var *var = ot_program_var(e->program, name);

	*ret = NULL;
	if (!var)
		return NULL;
	for (struct ot_var *each = var; each && scope->fn; each = each->same_name)
		if (each->scope && !strcmp(each->scope, scope->fn->name) &&
		    each->tu == scope->fn->tu)
			*ret = each;
	for (struct ot_var *each = var; each && scope->file && !*ret; each = each->same_name)
		if (!each->scope && each->file == scope->file)
			*ret = each;
	return *ret ? NULL : ot_program_find_var(e->program, name, ret);
}

/* The function that the name means here, if it has code: one of the file wins. */
static struct ot_err *scoped_fn(struct evaluator *e, const struct ot_expr_node *node,
				struct ot_fn **ret)
{
	const struct ot_file *file = e->scope->file;
	struct ot_err *err = NULL;
	struct ot_fn *first = NULL;

	for (struct ot_fn *fn = ot_program_fn(e->program, node->text); fn; fn = fn->same_name) {
		if (!fn->symbol || (first && first->symbol == fn->symbol))
			continue;
		/* the original comes first, and is what the source's name means */
		if (first && !ot_fn_is_made_copy(first) && ot_fn_is_made_copy(fn))
			continue;
		if (file && fn->file == file) {
			ot_err_destroy(err);
			*ret = fn;
			return NULL;
		}
		if (first && !err && !strchr(node->text, '@')) {
			err = eval_error(e, node, OT_ERR_AMBIGUOUS,
					 "several functions are called \"%s\"", node->text);
			ot_err_near(err, first->unique_name);
		}
		if (err)
			ot_err_near(err, fn->unique_name);
		first = first ? first : fn;
	}
	*ret = first;
	return err;
}

static struct ot_err *name_not_found(struct evaluator *e, const struct ot_expr_node *node)
{
	const struct ot_fn *fn = ot_program_fn(e->program, node->text);
	struct ot_err *err;

	if (fn) {
		err = ot_fn_untraceable(fn);
		return err ? err
			   : eval_error(e, node, OT_ERR_NOT_FOUND, "%s has no address", node->text);
	}
	err = eval_error(e, node, OT_ERR_NOT_FOUND, "no variable, function or constant \"%s\"",
			 node->text);
	return ot_program_nearest(e->program, node->text, err);
}

static struct ot_err *eval_name(struct evaluator *e, const struct ot_expr_node *node,
				struct ot_value *ret)
{
	const struct ot_enumerator *enumerator;
	const struct ot_var *var;
	const struct ot_type *type;
	struct ot_fn *fn;

	if (self_member(e, node->text, ret))
		return NULL;
	OT_TRY(scoped_var(e, node->text, &var));
	if (var)
		return ot_value_of_var(e->program, var, e->scope->tid, ret);
	OT_TRY(scoped_fn(e, node, &fn));
	if (fn) {
		ot_value_at(ot_program_fn_type(e->program, fn), fn->symbol, ret);
		return NULL;
	}
	enumerator = ot_program_enumerator(e->program, node->text, &type);
	if (enumerator) {
		ot_value_of_u64(type, (uint64_t)enumerator->value, ret);
		return NULL;
	}
	if (!strcmp(node->text, "NULL")) {
		type = ot_program_pointer_to(e->program, ot_program_void(e->program));
		ot_value_of_u64(type, 0, ret);
		return NULL;
	}
	if (!strcmp(node->text, "true") || !strcmp(node->text, "false")) {
		type = ot_program_base(e->program, "_Bool");
		ot_value_of_u64(type, node->text[0] == 't', ret);
		return NULL;
	}
	return name_not_found(e, node);
}

/* ------------------------------------------------------------------ parts */

static struct ot_err *deref(struct evaluator *e, const struct ot_expr_node *node,
			    struct ot_value *value, struct ot_value *ret)
{
	const struct ot_type *plain;
	uint64_t address;

	decay(e, value);
	plain = ot_type_strip(value->type);
	if (!ot_type_is_pointer(plain))
		return eval_error(e, node, OT_ERR_TYPE, "not a pointer but %s",
				  ot_type_text(value->type));
	ot_value_fetch(e->target, value);
	OT_TRY(check_state(e, node, value));
	if (!ot_value_to_u64(value, &address))
		return eval_error(e, node, OT_ERR_OPTIMIZED, "the pointer is not known whole");
	if (ot_type_is_void(plain->target))
		return eval_error(e, node, OT_ERR_TYPE,
				  "a void pointer says nothing about what is there; cast it first");
	ot_value_at(plain->target, address, ret);
	return NULL;
}

static struct ot_err *no_member(struct evaluator *e, const struct ot_expr_node *node,
				const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type);
	struct ot_nearest nearest;
	struct ot_err *err;

	if (plain->flags & OTRACE_TYPE_FLAG_INCOMPLETE)
		return eval_error(e, node, OT_ERR_TYPE, "no file of the program defines %s",
				  ot_type_text(type));
	err = eval_error(e, node, OT_ERR_NOT_FOUND, "%s has no field \"%s\"", ot_type_text(type),
			 node->text);
	ot_nearest_init(&nearest, node->text);
	for (uint32_t i = 0; i < plain->nr_members; i++)
		if (plain->members[i].name)
			ot_nearest_offer(&nearest, plain->members[i].name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

/* "." and "->" mean the same here: a pointer is followed, a struct is not. */
static struct ot_err *eval_member(struct evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *ret)
{
	ot_auto_value struct ot_value left = {0};
	ot_auto_value struct ot_value whole = {0};
	const struct ot_member *member;
	struct ot_value part;
	uint64_t bit_offset = 0;

	OT_TRY(eval(e, node->left, &left));
	if (ot_type_is_record(left.type))
		move_value(&left, &whole);
	else if (ot_type_is_pointer(left.type) || ot_type_is_array(left.type))
		OT_TRY(deref(e, node->left, &left, &whole));
	else
		return eval_error(e, node, OT_ERR_TYPE, "%s has no fields",
				  ot_type_text(left.type));
	if (!ot_type_is_record(whole.type))
		return eval_error(e, node, OT_ERR_TYPE, "%s has no fields",
				  ot_type_text(whole.type));
	member = ot_type_find_member(whole.type, node->text, &bit_offset);
	if (!member)
		return no_member(e, node, whole.type);
	ot_value_member(&whole, member, bit_offset, &part);
	keep_part(&part, ret);
	return NULL;
}

static struct ot_err *eval_index(struct evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *ret)
{
	ot_auto_value struct ot_value left = {0};
	struct ot_value first;
	struct ot_number index;
	struct ot_value part;

	OT_TRY(eval(e, node->left, &left));
	OT_TRY(eval_scalar(e, node->right, &index));
	if (index.is_float || ot_type_is_pointer(index.type))
		return eval_error(e, node->right, OT_ERR_TYPE, "an index is an integer");
	if ((ot_type_is_array(left.type) && !left.is_lvalue) ||
	    ot_type_strip(left.type)->kind == OTRACE_TYPE_VECTOR) {
		ot_value_fetch(e->target, &left);
		OT_TRY(check_state(e, node->left, &left));
		if (index.integer < 0 || index.integer >= (__int128)ot_type_count(left.type))
			return eval_error(e, node->right, OT_ERR_TYPE, "there is no such element");
		ot_value_element(&left, (uint64_t)index.integer, &part);
		keep_part(&part, ret);
		return NULL;
	}
	OT_TRY(check_state(e, node->left, &left));
	OT_TRY(deref(e, node->left, &left, &first));
	ot_value_at(first.type, first.address + (uint64_t)index.integer * ot_type_size(first.type),
		    ret);
	return NULL;
}

/* ------------------------------------------------------------------ operators */

static struct ot_err *eval_address(struct evaluator *e, const struct ot_expr_node *node,
				   struct ot_value *ret)
{
	ot_auto_value struct ot_value value = {0};

	OT_TRY(eval(e, node->left, &value));
	OT_TRY(check_state(e, node->left, &value));
	if (!value.is_lvalue)
		return eval_error(e, node, OT_ERR_TYPE, "this has no address");
	if (value.bit_size)
		return eval_error(e, node, OT_ERR_TYPE, "a bit-field has no address");
	ot_value_of_u64(ot_program_pointer_to(e->program, value.type), value.address, ret);
	return NULL;
}

static struct ot_err *eval_unary(struct evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *ret)
{
	struct ot_number zero = {0};
	struct ot_number number;
	struct ot_number result;
	bool yes;

	if (node->op == OT_TOKEN_AMP)
		return eval_address(e, node, ret);
	if (node->op == OT_TOKEN_STAR) {
		ot_auto_value struct ot_value pointer = {0};

		OT_TRY(eval(e, node->left, &pointer));
		return deref(e, node->left, &pointer, ret);
	}
	if (node->op == OT_TOKEN_NOT) {
		OT_TRY(truth(e, node->left, &yes));
		int_value(e, !yes, ret);
		return NULL;
	}
	OT_TRY(eval_scalar(e, node->left, &number));
	if (ot_type_is_pointer(number.type) || (node->op == OT_TOKEN_TILDE && number.is_float))
		return eval_error(e, node, OT_ERR_TYPE, "the operator needs %s",
				  number.is_float ? "an integer" : "a number");
	ot_number_convert(&number, ot_number_promoted(e->program, number.type));
	result = zero = number;
	zero.integer = node->op == OT_TOKEN_TILDE ? -1 : 0;
	zero.real = -0.0L;
	if (node->op == OT_TOKEN_MINUS)
		ot_number_apply(e->program, OT_TOKEN_MINUS, &zero, &number, &result);
	else if (node->op == OT_TOKEN_TILDE)
		ot_number_apply(e->program, OT_TOKEN_CARET, &zero, &number, &result);
	ot_number_to_value(&result, ret);
	return NULL;
}

/* Size of what a pointer steps over; 1 for void, as gcc and clang have it. */
static uint64_t step_bytes(const struct ot_number *pointer)
{
	uint64_t bytes = ot_type_size(ot_type_strip(pointer->type)->target);

	return bytes ? bytes : 1;
}

static bool is_pointer_number(const struct ot_number *number)
{
	return ot_type_is_pointer(number->type);
}

static struct ot_err *pointer_binary(struct evaluator *e, const struct ot_expr_node *node,
				     const struct ot_number *a, const struct ot_number *b,
				     struct ot_value *ret)
{
	const struct ot_number *pointer = is_pointer_number(a) ? a : b;
	const struct ot_number *other = pointer == a ? b : a;
	uint64_t left = (uint64_t)a->integer;
	uint64_t right = (uint64_t)b->integer;
	uint64_t distance = (uint64_t)other->integer * step_bytes(pointer);

	if (other->is_float)
		return eval_error(e, node, OT_ERR_TYPE, "a pointer and a fraction do not mix");
	if (node->op == OT_TOKEN_PLUS && !is_pointer_number(other)) {
		ot_value_of_u64(pointer->type, (uint64_t)pointer->integer + distance, ret);
	} else if (node->op == OT_TOKEN_MINUS && !is_pointer_number(b)) {
		ot_value_of_u64(a->type, left - distance, ret);
	} else if (node->op == OT_TOKEN_MINUS && is_pointer_number(a)) {
		int64_t bytes = (int64_t)(left - right);

		ot_value_of_u64(ot_program_base(e->program, "long"),
				(uint64_t)(bytes / (int64_t)step_bytes(a)), ret);
	} else if (node->op >= OT_TOKEN_LE && node->op <= OT_TOKEN_NE) {
		bool less_equal = node->op == OT_TOKEN_LE;

		int_value(e,
			  node->op == OT_TOKEN_EQ   ? left == right
			  : node->op == OT_TOKEN_NE ? left != right
			  : less_equal		    ? left <= right
						    : left >= right,
			  ret);
	} else if (node->op == OT_TOKEN_LT || node->op == OT_TOKEN_GT) {
		int_value(e, node->op == OT_TOKEN_LT ? left < right : left > right, ret);
	} else {
		return eval_error(e, node, OT_ERR_TYPE, "not possible with pointers");
	}
	return NULL;
}

static struct ot_err *eval_logic(struct evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *ret)
{
	bool is_and = node->op == OT_TOKEN_AND_AND;
	bool yes;

	OT_TRY(truth(e, node->left, &yes));
	if (yes == is_and)
		OT_TRY(truth(e, node->right, &yes));
	int_value(e, yes, ret);
	return NULL;
}

static struct ot_err *eval_binary(struct evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *ret)
{
	const struct ot_type *common;
	struct ot_number a;
	struct ot_number b;
	struct ot_number result;
	const char *wrong;

	if (node->op == OT_TOKEN_AND_AND || node->op == OT_TOKEN_OR_OR)
		return eval_logic(e, node, ret);
	OT_TRY(eval_scalar(e, node->left, &a));
	OT_TRY(eval_scalar(e, node->right, &b));
	if (is_pointer_number(&a) || is_pointer_number(&b))
		return pointer_binary(e, node, &a, &b, ret);
	if (node->op == OT_TOKEN_SHL || node->op == OT_TOKEN_SHR) {
		/* each operand is promoted by itself, the result has the left one's type */
		common = ot_number_promoted(e->program, a.type);
		if (b.is_float)
			return eval_error(e, node, OT_ERR_TYPE, "the operator needs integers");
	} else {
		common = ot_number_common(e->program, &a, &b);
		ot_number_convert(&b, common);
	}
	ot_number_convert(&a, common);
	wrong = ot_number_apply(e->program, node->op, &a, &b, &result);
	if (wrong)
		return eval_error(e, node, OT_ERR_TYPE, "%s", wrong);
	ot_number_to_value(&result, ret);
	return NULL;
}

/* ------------------------------------------------------------------ the rest */

static struct ot_err *eval_cast(struct evaluator *e, const struct ot_expr_node *node,
				struct ot_value *ret)
{
	struct ot_number number;

	if (ot_type_is_record(node->type) || ot_type_is_array(node->type)) {
		ot_auto_value struct ot_value value = {0};

		/* not C, but clear: look at the memory of this as that */
		OT_TRY(eval(e, node->left, &value));
		OT_TRY(check_state(e, node, &value));
		if (!value.is_lvalue || value.bit_size)
			return eval_error(e, node, OT_ERR_TYPE, "this has no address to look at");
		ot_value_at(node->type, value.address, ret);
		return NULL;
	}
	OT_TRY(eval_scalar(e, node->left, &number));
	if (ot_type_is_void(node->type) || !ot_type_is_scalar(node->type))
		return eval_error(e, node, OT_ERR_TYPE, "cannot be cast to %s",
				  ot_type_text(node->type));
	if (number.is_float && ot_type_is_pointer(node->type))
		return eval_error(e, node, OT_ERR_TYPE, "a fraction is no pointer");
	ot_number_convert(&number, node->type);
	ot_number_to_value(&number, ret);
	return NULL;
}

static struct ot_err *eval_sizeof(struct evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *ret)
{
	ot_auto_value struct ot_value value = {0};
	const struct ot_type *type = node->type;

	if (!type) {
		OT_TRY(eval(e, node->left, &value));
		type = value.type;
	}
	if (!ot_type_size(type) && !ot_type_is_record(type))
		return eval_error(e, node, OT_ERR_TYPE, "%s has no size", ot_type_text(type));
	ot_value_of_u64(ot_program_base(e->program, "unsigned long"), ot_type_size(type), ret);
	return NULL;
}

static struct ot_err *eval_choice(struct evaluator *e, const struct ot_expr_node *node,
				  struct ot_value *ret)
{
	bool yes;

	OT_TRY(truth(e, node->left, &yes));
	return eval(e, yes ? node->right : node->third, ret);
}

static void eval_string(struct evaluator *e, const struct ot_expr_node *node, struct ot_value *ret)
{
	const struct ot_type *type = ot_program_array_of(
		e->program, ot_program_base(e->program, "char"), node->text_len + 1);

	ot_value_of_bytes(type, node->text, node->text_len + 1, ret);
}

static struct ot_err *eval(struct evaluator *e, const struct ot_expr_node *node,
			   struct ot_value *ret)
{
	struct ot_number number = {.is_float = true, .real = node->real};

	switch (node->kind) {
	case OT_EXPR_INTEGER:
		ot_value_of_u64(ot_program_base(e->program, node->text), node->integer, ret);
		return NULL;
	case OT_EXPR_FLOAT:
		number.type = ot_program_base(e->program, node->text);
		ot_number_to_value(&number, ret);
		return NULL;
	case OT_EXPR_STRING:
		eval_string(e, node, ret);
		return NULL;
	case OT_EXPR_NAME:
		return eval_name(e, node, ret);
	case OT_EXPR_MEMBER:
	case OT_EXPR_ARROW:
		return eval_member(e, node, ret);
	case OT_EXPR_INDEX:
		return eval_index(e, node, ret);
	case OT_EXPR_UNARY:
		return eval_unary(e, node, ret);
	case OT_EXPR_BINARY:
		return eval_binary(e, node, ret);
	case OT_EXPR_CHOICE:
		return eval_choice(e, node, ret);
	case OT_EXPR_CAST:
		return eval_cast(e, node, ret);
	default:
		return eval_sizeof(e, node, ret);
	}
}

struct ot_err *ot_expr_eval(const struct ot_expr *expr, const struct ot_expr_scope *scope,
			    struct ot_value *ret)
{
	struct evaluator e = {.expr = expr,
			      .scope = scope,
			      .program = scope->program,
			      .target = ot_program_target(scope->program)};
	struct ot_value value = {0};
	struct ot_err *err = eval(&e, expr->root, &value);

	if (err) {
		ot_value_deinit(&value);
		return err;
	}
	ot_value_fetch(e.target, &value);
	move_value(&value, ret);
	return NULL;
}

struct ot_err *ot_expr_value(const struct ot_expr_scope *scope, const char *text,
			     struct ot_value *ret)
{
	struct ot_expr *expr = NULL;
	struct ot_err *err = ot_expr_parse(scope->program, text, &expr);

	if (!err)
		err = ot_expr_eval(expr, scope, ret);
	ot_expr_destroy(expr);
	return err;
}
