// SPDX-License-Identifier: BSD-2-Clause
// (struct point){1, .y = 2} and (int[]){1, 2, 3}: C's rules for what goes where, with designators,
// nested braces, and braces that are left out.
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

#define MAX_STEPS 16u
#define MAX_NESTING 64u

/** The object being filled. */
struct filler {
	struct ot_evaluator *e;
	uint8_t *bytes;
	size_t nr_bytes;
	unsigned int nesting;
};

/** Where in a list of values we are. What was evaluated to see its type is kept for its place. */
struct cursor {
	const struct ot_expr_node *item;
	struct ot_value value;
	bool is_evaluated;
	bool is_enumerator;
};

/** A part of the object. */
struct part {
	const struct ot_type *type;
	uint64_t offset;
	uint32_t bit_shift; /* bit-fields */
	uint32_t bit_size;
};

/** The way of a designator that is left: ".a.b[2]" in its order. */
struct way {
	const struct ot_expr_node *steps[MAX_STEPS];
	size_t nr;
};

static struct ot_err *fill_part(struct filler *f, struct cursor *at, const struct part *part);
static struct ot_err *fill_members(struct filler *f, struct cursor *at, const struct part *whole,
				   bool braced, const struct way *way);

static void advance(struct cursor *at)
{
	ot_value_deinit(&at->value);
	at->is_evaluated = false;
	at->item = at->item->next;
}

static struct ot_err *evaluate(struct filler *f, struct cursor *at)
{
	if (at->is_evaluated)
		return NULL;
	OT_TRY(ot_eval(f->e, at->item->right, &at->value));
	at->is_enumerator = f->e->is_enumerator;
	at->is_evaluated = true;
	return NULL;
}

static struct ot_err *make_room(struct filler *f, const struct ot_expr_node *node, uint64_t end)
{
	if (end > OT_EXPR_MAX_LITERAL_BYTES)
		return ot_eval_error(f->e, node, OT_ERR_TYPE, "the literal is too large");
	if (end <= f->nr_bytes)
		return NULL;
	f->bytes = ot_realloc(f->bytes, end, 1);
	memset(f->bytes + f->nr_bytes, 0, end - f->nr_bytes);
	f->nr_bytes = end;
	return NULL;
}

/* ------------------------------------------------------------------ values */

static struct ot_err *put(struct filler *f, const struct ot_expr_node *node,
			  const struct part *part, const struct ot_value *value)
{
	struct ot_number number = {0};

	if (ot_eval_is_homeless(value))
		return ot_eval_error(f->e, node, OT_ERR_TYPE,
				     "what is written in an expression has no address in the "
				     "program that could be stored");
	OT_TRY(make_room(f, node, part->offset + (part->bit_shift + part->bit_size + 7) / 8));
	if (part->bit_size && ot_number_of_value(value, &number)) {
		ot_eval_put_bits(f->bytes + part->offset, part->bit_shift, part->bit_size,
				 number.integer);
		return NULL;
	}
	OT_TRY(make_room(f, node, part->offset + value->nr_bytes));
	if (value->nr_bytes)
		memcpy(f->bytes + part->offset, value->bytes, value->nr_bytes);
	return NULL;
}

static struct ot_err *fill_value(struct filler *f, struct cursor *at, const struct part *part)
{
	ot_auto_value struct ot_value converted = {0};
	struct ot_number number = {0};

	OT_TRY(evaluate(f, at));
	f->e->is_enumerator = at->is_enumerator;
	OT_TRY(ot_eval_convert(f->e, at->item->right, &at->value, part->type, &converted));
	if (!part->bit_size && ot_number_of_value(&converted, &number))
		OT_TRY(ot_eval_check_fits(f->e, at->item->right, &number));
	OT_TRY(put(f, at->item->right, part, &converted));
	advance(at);
	return NULL;
}

static bool is_text_for(const struct ot_type *type, const struct ot_expr_node *node)
{
	const struct ot_type *plain = ot_type_strip(type);

	return node->kind == OT_EXPR_STRING && plain->kind == OTRACE_TYPE_ARRAY &&
	       ot_type_is_integer(plain->target) && ot_type_size(plain->target) == node->unit_bytes;
}

/* The NUL at its end may have no room. */
static struct ot_err *fill_text(struct filler *f, const struct ot_expr_node *node,
				const struct part *part)
{
	const struct ot_type *plain = ot_type_strip(part->type);
	uint64_t room = ot_type_size(plain);
	uint64_t bytes = node->text_len;

	if (plain->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN)
		room = bytes;
	if (bytes - node->unit_bytes > room)
		return ot_eval_error(f->e, node, OT_ERR_TYPE, "the text is too long for %s",
				     ot_type_text(part->type));
	OT_TRY(make_room(f, node, part->offset + room));
	memcpy(f->bytes + part->offset, node->text, bytes < room ? bytes : room);
	return NULL;
}

/* ------------------------------------------------------------------ parts */

static bool is_filled(const struct ot_member *member)
{
	return !(member->flags & OTRACE_MEMBER_STATIC) && (member->name || !member->bit_size);
}

/* The next part of a struct, union or array from *index on; false: there is none. */
static bool next_part(const struct part *whole, uint64_t *index, struct part *ret)
{
	const struct ot_type *type = ot_type_strip(whole->type);
	const struct ot_member *member;

	if (type->kind == OTRACE_TYPE_ARRAY || type->kind == OTRACE_TYPE_VECTOR) {
		bool is_open = (type->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN) && !whole->offset;

		*ret = (struct part){.type = type->target,
				     .offset = whole->offset + *index * ot_type_size(type->target)};
		return is_open || *index < ot_type_count(type);
	}
	while (*index < type->nr_members && !is_filled(&type->members[*index]))
		++*index;
	if (*index >= type->nr_members)
		return false;
	member = &type->members[*index];
	*ret = (struct part){.type = member->type,
			     .offset = whole->offset + member->bit_offset / 8,
			     .bit_shift = member->bit_size ? member->bit_offset % 8 : 0,
			     .bit_size = member->bit_size};
	return true;
}

static struct ot_err *find_index(struct filler *f, const struct part *whole,
				 const struct ot_expr_node *step, uint64_t *ret)
{
	const struct ot_type *type = ot_type_strip(whole->type);
	bool is_open = type->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN;
	__int128 index = 0;

	if (step->kind != OT_EXPR_INDEX || type->kind != OTRACE_TYPE_ARRAY)
		return ot_eval_error(f->e, step, OT_ERR_TYPE, "%s has no such part",
				     ot_type_text(whole->type));
	OT_TRY(ot_eval_integer(f->e, step->right, &index));
	if (index < 0 || index > UINT32_MAX || (!is_open && index >= ot_type_count(type)))
		return ot_eval_error(f->e, step->right, OT_ERR_TYPE,
				     "there is no such element in %s", ot_type_text(whole->type));
	*ret = (uint64_t)index;
	return NULL;
}

/* The part that a step of a designator leads to. An anonymous member is gone through: the step is not
 * used up then. */
static struct ot_err *find_step(struct filler *f, const struct part *whole,
				const struct ot_expr_node *step, uint64_t *index_ret, bool *used_up)
{
	const struct ot_type *type = ot_type_strip(whole->type);
	uint64_t offset = 0;

	*used_up = true;
	if (!ot_type_is_record(type))
		return find_index(f, whole, step, index_ret);
	for (uint32_t i = 0; step->kind == OT_EXPR_MEMBER && i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];

		if (!is_filled(member))
			continue;
		*used_up = member->name != NULL;
		*index_ret = i;
		if (member->name ? !strcmp(member->name, step->text)
				 : ot_type_find_member(member->type, step->text, &offset) != NULL)
			return NULL;
	}
	return ot_eval_error(f->e, step, OT_ERR_NOT_FOUND, "%s has no field \"%s\"",
			     ot_type_text(whole->type), step->text ? step->text : "[]");
}

static struct ot_err *find_way(struct filler *f, const struct ot_expr_node *item, struct way *ret)
{
	const struct ot_expr_node *step = item->left;

	ret->nr = 0;
	for (; step->kind != OT_EXPR_OBJECT; step = step->left)
		ret->nr++;
	if (ret->nr > MAX_STEPS)
		return ot_eval_error(f->e, item, OT_ERR_SYNTAX, "the designator is too long");
	step = item->left;
	for (size_t i = ret->nr; i--; step = step->left)
		ret->steps[i] = step;
	return NULL;
}

static bool is_aggregate(const struct ot_type *type)
{
	return ot_type_is_record(type) || ot_type_is_array(type) ||
	       ot_type_strip(type)->kind == OTRACE_TYPE_VECTOR;
}

/* ------------------------------------------------------------------ lists */

/* By a designator: to its part, or on through it. */
static struct ot_err *fill_designated(struct filler *f, struct cursor *at, const struct part *whole,
				      const struct way *way, uint64_t *index)
{
	struct way rest = {.nr = 0};
	struct part part;
	bool used_up = true;

	OT_TRY(find_step(f, whole, way->steps[0], index, &used_up));
	if (!next_part(whole, index, &part))
		return ot_eval_error(f->e, at->item, OT_ERR_TYPE, "%s has no such part",
				     ot_type_text(whole->type));
	for (size_t i = used_up; i < way->nr; i++)
		rest.steps[rest.nr++] = way->steps[i];
	if (!rest.nr)
		return fill_part(f, at, &part);
	if (!is_aggregate(part.type))
		return ot_eval_error(f->e, rest.steps[0], OT_ERR_TYPE, "%s has no parts",
				     ot_type_text(part.type));
	return fill_members(f, at, &part, false, &rest);
}

static struct ot_err *fill_list(struct filler *f, struct cursor *at, const struct part *whole,
				bool braced, const struct way *way)
{
	bool is_union = ot_type_strip(whole->type)->kind == OTRACE_TYPE_UNION;
	bool is_over = false;
	uint64_t index = 0;

	while (at->item) {
		struct way own = {.nr = 0};
		struct part part;

		if (way)
			own = *way;
		else if (at->item->left && !braced)
			return NULL;
		else if (at->item->left)
			OT_TRY(find_way(f, at->item, &own));
		way = NULL;
		if (own.nr) {
			OT_TRY(fill_designated(f, at, whole, &own, &index));
		} else {
			if (is_over || !next_part(whole, &index, &part))
				return NULL;
			OT_TRY(fill_part(f, at, &part));
		}
		is_over = is_union;
		index++;
	}
	return NULL;
}

static struct ot_err *fill_members(struct filler *f, struct cursor *at, const struct part *whole,
				   bool braced, const struct way *way)
{
	struct ot_err *err;

	if (ot_type_strip(whole->type)->flags & OTRACE_TYPE_FLAG_INCOMPLETE)
		return ot_eval_error(f->e, at->item, OT_ERR_TYPE,
				     "no file of the program defines %s",
				     ot_type_text(whole->type));
	if (f->nesting > MAX_NESTING)
		return ot_eval_error(f->e, at->item, OT_ERR_TYPE, "nested too deeply");
	f->nesting++;
	err = fill_list(f, at, whole, braced, way);
	f->nesting--;
	return err;
}

/* "{...}" for one part. */
static struct ot_err *fill_braces(struct filler *f, const struct ot_expr_node *braces,
				  const struct part *part)
{
	struct cursor at = {.item = braces->right};
	struct ot_err *err = NULL;

	if (!at.item)
		return NULL;
	if (is_text_for(part->type, at.item->right) && !at.item->left && !at.item->next)
		return fill_text(f, at.item->right, part);
	if (is_aggregate(part->type))
		err = fill_members(f, &at, part, true, NULL);
	else if (at.item->left)
		err = ot_eval_error(f->e, at.item, OT_ERR_TYPE, "%s has no parts",
				    ot_type_text(part->type));
	else
		err = fill_part(f, &at, part);
	if (!err && at.item)
		err = ot_eval_error(f->e, at.item->right, OT_ERR_TYPE, "too many values for %s",
				    ot_type_text(part->type));
	ot_value_deinit(&at.value);
	return err;
}

static struct ot_err *fill_part(struct filler *f, struct cursor *at, const struct part *part)
{
	const struct ot_expr_node *value = at->item->right;
	const struct ot_expr_node *before = at->item;
	const struct way here = {.nr = 0};

	if (value->kind == OT_EXPR_BRACES) {
		OT_TRY(fill_braces(f, value, part));
		advance(at);
		return NULL;
	}
	if (is_text_for(part->type, value)) {
		OT_TRY(fill_text(f, value, part));
		advance(at);
		return NULL;
	}
	if (!is_aggregate(part->type))
		return fill_value(f, at, part);
	OT_TRY(evaluate(f, at));
	if ((ot_type_is_record(part->type) && ot_type_is_record(at->value.type)) ||
	    ot_eval_is_vector_pair(at->value.type, part->type))
		return fill_value(f, at, part);
	/* the braces were left out: the values go to the parts of the part, this one first */
	OT_TRY(fill_members(f, at, part, false, before->left ? &here : NULL));
	/* there is no place for it: "(struct s){.empty = 1}" */
	if (at->item == before && before->left)
		return ot_eval_error(f->e, before, OT_ERR_TYPE, "%s has no parts",
				     ot_type_text(part->type));
	return NULL;
}

/* ------------------------------------------------------------------ the whole */

static struct ot_err *fill(struct filler *f, const struct ot_expr_node *node,
			   const struct ot_type **type)
{
	const struct ot_type *plain = ot_type_strip(*type);
	struct part whole = {.type = *type};
	bool is_open =
		plain->kind == OTRACE_TYPE_ARRAY && plain->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN;
	uint64_t size;

	if (ot_type_is_void(plain) || ot_type_is_function(plain) ||
	    plain->flags & OTRACE_TYPE_FLAG_INCOMPLETE)
		return ot_eval_error(f->e, node, OT_ERR_TYPE, "there are no values of %s",
				     ot_type_text(*type));
	size = is_open ? ot_type_size(plain->target) : ot_type_size(plain);
	if (is_open && !size)
		return ot_eval_error(f->e, node, OT_ERR_TYPE, "%s has no size",
				     ot_type_text(plain->target));
	if (!is_open)
		OT_TRY(make_room(f, node, size));
	OT_TRY(fill_braces(f, node->left, &whole));
	if (is_open) {
		uint64_t count = (f->nr_bytes + size - 1) / size;

		OT_TRY(make_room(f, node, count * size));
		*type = ot_program_array_of(f->e->program, plain->target, count);
	}
	return NULL;
}

struct ot_err *ot_eval_compound(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_value *ret)
{
	struct filler f = {.e = e, .bytes = ot_alloc(1)};
	const struct ot_type *type = node->type;
	struct ot_err *err = fill(&f, node, &type);

	if (!err)
		ot_value_of_bytes(type, f.bytes, f.nr_bytes, ret);
	free(f.bytes);
	return err;
}
