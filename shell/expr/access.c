// SPDX-License-Identifier: BSD-2-Clause
// Parts of values: what pointers point to, fields, elements, ranges of elements, and their addresses.
#include <string.h>

#include "base/names.h"
#include "expr/eval.h"
#include "model/made.h"

static struct ot_err *not_a_pointer(struct ot_evaluator *e, const struct ot_expr_node *node,
				    const struct ot_type *type)
{
	return ot_eval_error(e, node, OT_ERR_TYPE, "not a pointer but %s", ot_type_text(type));
}

/* What was written in the expression has its bytes with it. */
static struct ot_err *deref_homeless(struct ot_evaluator *e, const struct ot_expr_node *node,
				     const struct ot_value *pointer, struct ot_value *ret)
{
	const struct ot_type *target = ot_type_strip(pointer->type)->target;
	size_t size = ot_type_size(target);
	size_t there = pointer->string.nr_bytes;

	if (size > there && !e->is_dry)
		return ot_eval_error(e, node, OT_ERR_TYPE, "there is no such element");
	ot_value_of_bytes(target, pointer->string.bytes, size < there ? size : there, ret);
	return NULL;
}

struct ot_err *ot_eval_deref(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *pointer, struct ot_value *ret)
{
	const struct ot_type *plain;
	struct ot_number number = {0};

	ot_eval_decay(e, pointer);
	plain = ot_type_strip(pointer->type);
	if (!ot_type_is_pointer(plain))
		return not_a_pointer(e, node, pointer->type);
	if (ot_type_is_void(plain->target))
		return ot_eval_error(
			e, node, OT_ERR_TYPE,
			"a void pointer says nothing about what is there; cast it first");
	if (ot_eval_is_homeless(pointer))
		return deref_homeless(e, node, pointer, ret);
	OT_TRY(ot_eval_number(e, node, pointer, &number));
	ot_value_at(plain->target, (uint64_t)number.integer, ret);
	return NULL;
}

/* ------------------------------------------------------------------ fields */

static struct ot_err *no_member(struct ot_evaluator *e, const struct ot_expr_node *node,
				const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type);
	struct ot_nearest nearest;
	struct ot_err *err;

	if (plain->flags & OTRACE_TYPE_FLAG_INCOMPLETE)
		return ot_eval_error(e, node, OT_ERR_TYPE, "no file of the program defines %s",
				     ot_type_text(type));
	err = ot_eval_error(e, node, OT_ERR_NOT_FOUND, "%s has no field \"%s\"", ot_type_text(type),
			    node->text);
	ot_nearest_init(&nearest, node->text);
	for (uint32_t i = 0; i < plain->nr_members; i++)
		if (plain->members[i].name)
			ot_nearest_offer(&nearest, plain->members[i].name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

/* A field of what is const is const. */
static void qualify(struct ot_evaluator *e, const struct ot_value *whole, struct ot_value *part)
{
	if (ot_type_is_const(whole->type))
		part->type = ot_made_qualified(e->program, part->type, OTRACE_TYPE_CONST);
	if (ot_type_is_volatile(whole->type))
		part->type = ot_made_qualified(e->program, part->type, OTRACE_TYPE_VOLATILE);
}

/* Of what offsetof asks for: nothing on the way may be a pointer. */
static bool is_part(const struct ot_expr_node *node)
{
	while (node->kind == OT_EXPR_MEMBER || node->kind == OT_EXPR_INDEX)
		node = node->left;
	return node->kind == OT_EXPR_OBJECT;
}

static struct ot_err *lies_elsewhere(struct ot_evaluator *e, const struct ot_expr_node *node)
{
	return ot_eval_error(e, node, OT_ERR_TYPE,
			     "what a pointer points to is no part of the object");
}

/* The struct and a static of a function may be called the same: the struct has won. */
static struct ot_err *maybe_static(struct ot_evaluator *e, const struct ot_expr_node *node,
				   struct ot_err *err)
{
	ot_auto_value struct ot_value unused = {0};
	bool was_dry = e->is_dry, found = false;

	e->is_dry = true;
	ot_err_destroy(ot_eval_static(e, node, &found, &unused));
	e->is_dry = was_dry;
	if (found)
		ot_err_suffix(err, " (the static of the function %s is %s::%s)", node->left->text,
			      node->left->text, node->text);
	return err;
}

static struct ot_err *no_static(struct ot_evaluator *e, const struct ot_expr_node *node)
{
	ot_auto_free char *name = ot_asprintf("%s::%s", node->left->text, node->text);
	struct ot_err *err =
		ot_eval_error(e, node, OT_ERR_NOT_FOUND, "the function %s has no static \"%s\"",
			      node->left->text, node->text);

	return ot_program_nearest(e->program, name, err);
}

/* C has -> for the first element; with a dot all might be meant. */
static struct ot_err *of_which_element(struct ot_evaluator *e, const struct ot_expr_node *node,
				       const struct ot_type *array)
{
	return ot_eval_error(e, node, OT_ERR_TYPE,
			     "%s is an array: of which element? ([0].%s or ->%s is that of the "
			     "first; ls PATH/*/%s has all)",
			     ot_type_text(array), node->text, node->text, node->text);
}

/* What a field is asked of, if it is one. */
static struct ot_err *eval_whole(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *left, struct ot_value *ret)
{
	if (ot_type_is_record(left->type)) {
		ot_eval_move(left, ret);
		return NULL;
	}
	if (ot_type_is_pointer(left->type) && is_part(node->left))
		return lies_elsewhere(e, node);
	if (ot_type_is_array(left->type) && node->kind == OT_EXPR_MEMBER &&
	    ot_type_is_record(ot_type_strip(left->type)->target))
		return of_which_element(e, node, left->type);
	if (ot_type_is_pointer(left->type) || ot_type_is_array(left->type))
		OT_TRY(ot_eval_deref(e, node->left, left, ret));
	else if (ot_type_is_function(left->type) && node->left->kind == OT_EXPR_NAME &&
		 node->kind == OT_EXPR_MEMBER)
		return no_static(e, node);
	else
		return ot_eval_error(e, node, OT_ERR_TYPE, "%s has no fields",
				     ot_type_text(left->type));
	return ot_type_is_record(ret->type)
		       ? NULL
		       : ot_eval_error(e, node, OT_ERR_TYPE, "%s has no fields",
				       ot_type_text(ret->type));
}

/* "." and "->" mean the same here: a pointer is followed, a struct is not. */
struct ot_err *ot_eval_member(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret)
{
	ot_auto_value struct ot_value left = {0};
	ot_auto_value struct ot_value whole = {0};
	ot_auto_err struct ot_err *err = ot_eval(e, node->left, &left);
	const struct ot_member *member;
	struct ot_value part;
	uint64_t bit_offset = 0;
	bool found = false;

	/* also of a function that is left nowhere, so that its name alone means nothing */
	if (err || !(ot_type_is_record(left.type) || ot_type_is_pointer(left.type) ||
		     ot_type_is_array(left.type)))
		OT_TRY(ot_eval_static(e, node, &found, ret));
	if (found)
		return NULL;
	if (err)
		return ot_take(err);
	OT_TRY(eval_whole(e, node, &left, &whole));
	member = ot_type_find_member(whole.type, node->text, &bit_offset);
	if (!member)
		return maybe_static(e, node, no_member(e, node, whole.type));
	ot_value_member(&whole, member, bit_offset, &part);
	qualify(e, &whole, &part);
	ot_eval_keep(&part, ret);
	return NULL;
}

/* ------------------------------------------------------------------ elements */

static bool has_elements(const struct ot_type *type)
{
	return ot_type_is_array(type) || ot_type_strip(type)->kind == OTRACE_TYPE_VECTOR;
}

/* Arrays whose bytes are all there is of them, and vectors. */
static bool is_counted(const struct ot_value *value)
{
	return (ot_type_is_array(value->type) && !value->is_lvalue) ||
	       ot_type_strip(value->type)->kind == OTRACE_TYPE_VECTOR;
}

static struct ot_err *no_such_element(struct ot_evaluator *e, const struct ot_expr_node *node,
				      const struct ot_value *array)
{
	return ot_eval_error(e, node, OT_ERR_TYPE, "there is no such element: %s has %llu",
			     ot_type_text(array->type),
			     (unsigned long long)ot_type_count(array->type));
}

/* False: the value has to be looked at where it lies. */
static bool element_there(const struct ot_value *array, __int128 index)
{
	uint64_t size = array->bytes ? ot_type_size(ot_type_strip(array->type)->target) : 0;

	return size && index >= 0 && index < (__int128)(array->nr_bytes / size);
}

struct ot_err *ot_eval_step(struct ot_evaluator *e, const struct ot_expr_node *node,
			    const struct ot_type *pointer, uint64_t *ret)
{
	const struct ot_type *target = ot_type_strip(pointer)->target;
	uint64_t bytes = ot_type_size(target);

	if (ot_type_is_void(target) || ot_type_is_function(target))
		bytes = 1;
	if (!bytes && ot_type_strip(target)->flags & OTRACE_TYPE_FLAG_INCOMPLETE)
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "no file of the program defines %s, so nobody knows its size",
				     ot_type_text(target));
	if (!ot_eval_has_size(target))
		return ot_eval_error(e, node, OT_ERR_TYPE, "%s has no size", ot_type_text(target));
	*ret = bytes;
	return NULL;
}

struct ot_err *ot_eval_homeless_step(struct ot_evaluator *e, const struct ot_expr_node *node,
				     const struct ot_value *pointer, __int128 steps,
				     struct ot_value *ret)
{
	struct ot_value rest = {.bytes = (uint8_t *)pointer->string.bytes};
	uint64_t step = 0;

	OT_TRY(ot_eval_step(e, node, pointer->type, &step));
	/* what lies in front of it was left behind */
	if (steps < 0 || steps > (__int128)pointer->string.nr_bytes ||
	    (uint64_t)steps * (__int128)step > (__int128)pointer->string.nr_bytes)
		return ot_eval_error(e, node, OT_ERR_TYPE, "there is no such element");
	rest.bytes += (uint64_t)steps * step;
	rest.nr_bytes = pointer->string.nr_bytes - (uint64_t)steps * step;
	ot_eval_homeless(e, ot_type_strip(pointer->type)->target, &rest, ret);
	return NULL;
}

/* Of the bytes that were written. */
static struct ot_err *homeless_element(struct ot_evaluator *e, const struct ot_expr_node *node,
				       const struct ot_value *pointer, __int128 index,
				       struct ot_value *ret)
{
	ot_auto_value struct ot_value there = {0};

	OT_TRY(ot_eval_homeless_step(e, node, pointer, index, &there));
	return ot_eval_deref(e, node, &there, ret);
}

/* Behind a pointer: from its place on, in steps of what it points to. */
static struct ot_err *element_at(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *pointer, __int128 index, struct ot_value *ret)
{
	uint64_t step = 0;
	struct ot_value first = {0};

	ot_eval_decay(e, pointer);
	if (!ot_type_is_pointer(pointer->type))
		return not_a_pointer(e, node, pointer->type);
	OT_TRY(ot_eval_step(e, node, pointer->type, &step));
	if (ot_eval_is_homeless(pointer))
		return homeless_element(e, node, pointer, index, ret);
	OT_TRY(ot_eval_deref(e, node, pointer, &first));
	if (first.is_lvalue)
		ot_value_at(first.type, first.address + (uint64_t)index * step, ret);
	else
		ot_eval_move(&first, ret);
	return NULL;
}

/* 2[a] is a[2] */
static struct ot_err *index_operands(struct ot_evaluator *e, const struct ot_expr_node *node,
				     struct ot_value *array, __int128 *index, bool *swapped)
{
	struct ot_number number = {0};

	OT_TRY(ot_eval(e, node->left, array));
	*swapped = ot_type_is_integer(array->type);
	if (!*swapped)
		return ot_eval_integer(e, node->right, index);
	OT_TRY(ot_eval_number(e, node->left, array, &number));
	*index = number.integer;
	ot_value_deinit(array);
	OT_TRY(ot_eval(e, node->right, array));
	return ot_type_is_integer(array->type) ? not_a_pointer(e, node->left, number.type) : NULL;
}

/* As C has it, it is the memory behind the array; whoever did not mean that is told. */
static void note_outside(const struct ot_evaluator *e, const struct ot_type *type, __int128 index)
{
	uint64_t count = ot_type_is_array(type) ? ot_type_count(type) : 0;

	if (count && !e->is_dry && e->scope->outside_ret && (index < 0 || index >= (__int128)count))
		*e->scope->outside_ret = type;
}

struct ot_err *ot_eval_index(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *ret)
{
	ot_auto_value struct ot_value left = {0};
	struct ot_value part;
	__int128 index = 0;
	bool swapped = false;

	OT_TRY(index_operands(e, node, &left, &index, &swapped));
	if (ot_type_is_pointer(left.type) && is_part(node->left))
		return lies_elsewhere(e, node);
	OT_TRY(ot_eval_check(e, node->left, &left));
	if (ot_type_strip(left.type)->kind == OTRACE_TYPE_VECTOR)
		OT_TRY(ot_eval_fetch(e, node->left, &left));
	if (has_elements(left.type) && element_there(&left, index)) {
		ot_value_element(&left, (uint64_t)index, &part);
		qualify(e, &left, &part);
		ot_eval_keep(&part, ret);
		return NULL;
	}
	if (is_counted(&left) && e->is_dry) {
		ot_eval_unknown(ot_type_strip(left.type)->target, ret);
		return NULL;
	}
	if (is_counted(&left))
		return no_such_element(e, swapped ? node->left : node->right, &left);
	note_outside(e, left.type, index);
	return element_at(e, node->left, &left, index, ret);
}

/* ------------------------------------------------------------------ ranges */

static struct ot_err *range_bounds(struct ot_evaluator *e, const struct ot_expr_node *node,
				   const struct ot_value *whole, __int128 *from, __int128 *count)
{
	bool is_pointer = ot_type_is_pointer(whole->type);
	uint64_t known = is_pointer ? 0 : ot_type_count(whole->type);
	uint64_t size = ot_type_size(ot_type_strip(whole->type)->target);
	__int128 end = 0;

	OT_TRY(ot_eval_integer(e, node->right, from));
	OT_TRY(ot_eval_integer(e, node->third, &end));
	if (*from < 0 && !is_pointer)
		return ot_eval_error(e, node->right, OT_ERR_TYPE, "an array begins with element 0");
	if (end < *from)
		return ot_eval_error(e, node->third, OT_ERR_TYPE,
				     "the range ends before it begins ([2:10] is 2 to 9)");
	if (known && end > (__int128)known)
		return no_such_element(e, node->third, whole);
	*count = end - *from;
	if (*count > UINT32_MAX || (uint64_t)*count * (__int128)size > OT_EXPR_MAX_RANGE_BYTES)
		return ot_eval_error(e, node->third, OT_ERR_TYPE, "the range is too large");
	return NULL;
}

struct ot_err *ot_eval_range(struct ot_evaluator *e, const struct ot_expr_node *node,
			     struct ot_value *ret)
{
	ot_auto_value struct ot_value left = {0};
	ot_auto_value struct ot_value first = {0};
	const struct ot_type *element, *type;
	__int128 from = 0, count = 0;
	uint64_t size;

	OT_TRY(ot_eval(e, node->left, &left));
	OT_TRY(ot_eval_check(e, node->left, &left));
	if (!has_elements(left.type) && !ot_type_is_pointer(left.type))
		return not_a_pointer(e, node->left, left.type);
	OT_TRY(range_bounds(e, node, &left, &from, &count));
	element = ot_type_strip(left.type)->target;
	if (ot_type_is_void(element) || ot_type_is_function(element))
		return ot_eval_error(e, node, OT_ERR_TYPE, "there are no arrays of %s",
				     ot_type_text(element));
	size = ot_type_size(element);
	if (is_counted(&left)) {
		type = ot_program_array_of(e->program, element, (uint64_t)count);
		OT_TRY(ot_eval_fetch(e, node->left, &left));
		if (left.bytes && !e->is_dry && (uint64_t)(from + count) * size <= left.nr_bytes)
			ot_value_of_bytes(type, left.bytes + (uint64_t)from * size,
					  (uint64_t)count * size, ret);
		else
			ot_eval_unknown(type, ret);
		return NULL;
	}
	OT_TRY(element_at(e, node->left, &left, from, &first));
	type = ot_program_array_of(e->program, first.type, (uint64_t)count);
	if (first.is_lvalue)
		ot_value_at(type, first.address, ret);
	else
		return ot_eval_error(e, node, OT_ERR_TYPE, "there is no such element");
	return NULL;
}

/* ------------------------------------------------------------------ addresses */

struct ot_err *ot_eval_address(struct ot_evaluator *e, const struct ot_expr_node *node,
			       struct ot_value *ret)
{
	const struct ot_type **outside = e->scope->outside_ret, *before = outside ? *outside : NULL;
	enum ot_expr_kind kind = node->left->kind;
	ot_auto_value struct ot_value value = {0};

	OT_TRY(ot_eval(e, node->left, &value));
	/* &a[10] is where a ends: nothing is looked at there */
	if (outside)
		*outside = before;
	OT_TRY(ot_eval_check(e, node->left, &value));
	if (value.bit_size)
		return ot_eval_error(e, node, OT_ERR_TYPE, "a bit-field has no address");
	if (value.is_lvalue) {
		ot_value_of_u64(ot_program_pointer_to(e->program, value.type), value.address, ret);
		return NULL;
	}
	if (value.stores_ignored)
		return ot_eval_error(e, node, OT_ERR_OPTIMIZED,
				     "this has no address: it is never changed, so the compiler "
				     "left only its value");
	if (kind != OT_EXPR_COMPOUND && kind != OT_EXPR_STRING)
		return ot_eval_error(e, node, OT_ERR_TYPE, "this has no address");
	ot_eval_homeless(e, value.type, &value, ret);
	return NULL;
}

/* Where a part of a type lies. */
static struct ot_err *part_of(struct ot_evaluator *e, const struct ot_expr_node *node,
			      struct ot_value *ret)
{
	struct ot_evaluator inner = *e;

	ot_value_at(node->type, 0, &inner.object);
	if (!ot_type_is_record(node->type))
		return ot_eval_error(e, node, OT_ERR_TYPE, "%s has no fields",
				     ot_type_text(node->type));
	OT_TRY(ot_eval(&inner, node->left, ret));
	if (!ret->bit_size)
		return NULL;
	ot_value_deinit(ret);
	return ot_eval_error(e, node, OT_ERR_TYPE, "a bit-field has no address");
}

struct ot_err *ot_eval_offsetof(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_value *ret)
{
	ot_auto_value struct ot_value part = {0};

	OT_TRY(part_of(e, node, &part));
	ot_value_of_u64(ot_program_base(e->program, "unsigned long"), part.address, ret);
	return NULL;
}

struct ot_err *ot_eval_container(struct ot_evaluator *e, const struct ot_expr_node *node,
				 struct ot_value *ret)
{
	ot_auto_value struct ot_value part = {0};
	struct ot_number pointer = {0};
	const struct ot_type *target;

	OT_TRY(part_of(e, node, &part));
	OT_TRY(ot_eval_scalar(e, node->right, &pointer));
	if (!ot_type_is_pointer(pointer.type))
		return not_a_pointer(e, node->right, pointer.type);
	target = ot_type_strip(pointer.type)->target;
	if (!ot_type_is_void(target) && !ot_type_is_same(target, part.type)) {
		ot_auto_type_pair struct ot_type_pair texts = {0};

		ot_type_pair_init(&texts, target, part.type);
		return ot_eval_error(e, node->right, OT_ERR_TYPE,
				     "a pointer to %s does not point to the field, which is %s",
				     texts.a, texts.b);
	}
	ot_value_of_u64(ot_program_pointer_to(e->program, node->type),
			(uint64_t)pointer.integer - part.address, ret);
	return NULL;
}
