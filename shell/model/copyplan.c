// SPDX-License-Identifier: BSD-2-Clause
// Copy plans. Layouts are made breadth first: each step of following makes layouts of its own, so that one leads
// to higher numbers only, whatever circles the types have. What is not at one place of the frame, an argument that the
// frame has only the address of, or the stack arguments of a function with variable ones, is a layout before all
// others (step 0), found by the address in the frame.
#include <stddef.h>

#include "base/vec.h"
#include "model/copyplan.h"

#define POINTERS_OF_ONE_MAX 256u /* of an object */
#define NESTING_MAX 32		 /* deeper is a damaged table */

/** A pointer in a value. */
struct found {
	uint64_t offset;
	const struct ot_type *pointee;
};
typedef OT_VEC(struct found) found_vec;
typedef OT_VEC(struct otrace_copy_pointer) pointer_vec;

/** A layout in the making. */
struct object {
	const struct ot_type *type; /* NULL at step 0 */
	unsigned int step;
	unsigned int level;
	struct otrace_copy_layout layout;
	found_vec found; /* step 0 */
};

struct builder {
	const struct ot_fn *fn;
	unsigned int depth;
	bool at_end;
	bool is_result;
	bool is_cut;
	OT_VEC(struct object) objects;
	pointer_vec roots[2]; /* of the entry, of the end */
	pointer_vec pointers;
};

/* ------------------------------------------------------------------ types */

static bool is_qualified(const struct ot_type *type, enum otrace_type_kind kind)
{
	for (;;) {
		if (type->kind == kind)
			return true;
		if (type->kind != OTRACE_TYPE_TYPEDEF && type->kind != OTRACE_TYPE_CONST &&
		    type->kind != OTRACE_TYPE_VOLATILE && type->kind != OTRACE_TYPE_RESTRICT &&
		    type->kind != OTRACE_TYPE_ATOMIC && type->kind != OTRACE_TYPE_ARRAY)
			return false;
		if (!type->target)
			return false;
		type = type->target;
	}
}

/* Strings, and what has a size. */
static bool is_followed(const struct ot_type *pointee)
{
	return pointee && !ot_type_is_void(pointee) && !ot_type_is_function(pointee) &&
	       ot_type_size(pointee) != 0;
}

static void find_pointers(const struct ot_type *type, uint64_t at, int nesting, found_vec *ret);

static void find_in_members(const struct ot_type *type, uint64_t at, int nesting, found_vec *ret)
{
	for (uint32_t i = 0; i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];

		if (member->bit_size || member->bit_offset % 8 ||
		    (member->flags & OTRACE_MEMBER_STATIC))
			continue;
		find_pointers(member->type, at + member->bit_offset / 8, nesting, ret);
	}
}

static void find_in_elements(const struct ot_type *type, uint64_t at, int nesting, found_vec *ret)
{
	uint64_t bytes = ot_type_size(type->target);
	uint64_t nr = ot_type_count(type);

	if (nr > OT_COPY_ELEMENTS)
		nr = OT_COPY_ELEMENTS;
	for (uint64_t i = 0; bytes && i < nr; i++)
		find_pointers(type->target, at + i * bytes, nesting, ret);
}

/* The pointers in a value of a type that are followed. */
static void find_pointers(const struct ot_type *type, uint64_t at, int nesting, found_vec *ret)
{
	type = ot_type_strip(type);
	if (nesting == NESTING_MAX || ret->nr >= POINTERS_OF_ONE_MAX)
		return;
	if (ot_type_is_pointer(type)) {
		if (is_followed(type->target))
			ot_vec_push(ret, ((struct found){at, type->target}));
	} else if (type->kind == OTRACE_TYPE_STRUCT || type->kind == OTRACE_TYPE_CLASS) {
		find_in_members(type, at, nesting + 1, ret);
	} else if (type->kind == OTRACE_TYPE_ARRAY) {
		find_in_elements(type, at, nesting + 1, ret);
	}
}

/* ------------------------------------------------------------------ layouts */

static uint32_t object_bytes(const struct ot_type *type)
{
	uint64_t bytes = ot_type_size(type);

	return bytes < OT_COPY_OBJECT_BYTES ? (uint32_t)bytes : OT_COPY_OBJECT_BYTES;
}

static uint32_t add_object(struct builder *b, const struct object *object)
{
	ot_vec_push(&b->objects, *object);
	return (uint32_t)b->objects.nr - 1;
}

/* The layout for what a pointer leads to. False when there is no room for more. */
static bool layout_for(struct builder *b, const struct ot_type *pointee, unsigned int step,
		       unsigned int level, uint32_t *ret)
{
	const struct ot_type *type = ot_type_strip(pointee);
	struct object object = {.type = type, .step = step, .level = level};

	if (ot_type_is_char(type)) {
		*ret = OTRACE_COPY_STRING;
		return true;
	}
	for (size_t i = b->objects.nr; i && b->objects.items[i - 1].step >= step; i--) {
		const struct object *known = &b->objects.items[i - 1];

		if (known->type == type && known->step == step && known->level == level) {
			*ret = (uint32_t)(i - 1);
			return true;
		}
	}
	if (b->objects.nr == OTRACE_COPY_LAYOUTS_MAX) {
		b->is_cut = true;
		return false;
	}
	object.layout.bytes = object_bytes(type);
	*ret = add_object(b, &object);
	return true;
}

/* Pointers to pointers take no level, else `char **` would lead to no text. */
static unsigned int level_behind(const struct object *object)
{
	return object->type && !ot_type_is_pointer(object->type) ? object->level + 1
								 : object->level;
}

static void add_pointer(struct builder *b, const struct object *object, const struct found *found)
{
	struct otrace_copy_pointer pointer = {.offset = (uint32_t)found->offset};

	if (found->offset + 8 > object->layout.bytes)
		return;
	if (b->pointers.nr == OTRACE_COPY_POINTERS_MAX) {
		b->is_cut = true;
		return;
	}
	if (layout_for(b, found->pointee, object->step + 1, level_behind(object), &pointer.layout))
		ot_vec_push(&b->pointers, pointer);
}

/* Adds the object's pointers, and the layouts that they lead to. */
static void follow_object(struct builder *b, size_t i)
{
	struct object object = b->objects.items[i]; /* the array may move */
	uint32_t first = (uint32_t)b->pointers.nr;
	found_vec found = object.found;

	if (level_behind(&object) > b->depth)
		return;
	if (object.type)
		find_pointers(object.type, 0, 0, &found);
	for (size_t k = 0; k < found.nr; k++)
		add_pointer(b, &object, &found.items[k]);
	if (object.type)
		ot_vec_deinit(&found);
	b->objects.items[i].layout.first_pointer = first;
	b->objects.items[i].layout.nr_pointers = (uint32_t)b->pointers.nr - first;
}

/* ------------------------------------------------------------------ roots */

static uint64_t frame_bytes(const struct ot_fn *fn)
{
	return fn->flags & OTRACE_FN_VARARGS ? sizeof(struct otrace_varargs_frame)
					     : fn->frame_bytes;
}

static void add_root(struct builder *b, uint64_t offset, uint32_t layout)
{
	struct otrace_copy_pointer root = {(uint32_t)offset, layout};
	pointer_vec *roots = &b->roots[b->at_end];

	if (offset + 8 > frame_bytes(b->fn))
		return; /* a damaged table */
	if (roots->nr == OTRACE_COPY_ROOTS_MAX)
		b->is_cut = true;
	else
		ot_vec_push(roots, root);
}

/* At the end only what may have changed. */
static bool is_wanted(const struct builder *b, const struct found *found,
		      const struct otrace_piece *piece)
{
	bool is_out = b->is_result || !is_qualified(found->pointee, OTRACE_TYPE_CONST);

	if (b->at_end)
		return is_out;
	return piece->kind != OTRACE_PIECE_ADDRESS_ONLY; /* nobody has to have written it yet */
}

static bool is_in_piece(const struct otrace_piece *piece, uint64_t offset)
{
	return offset >= piece->value_offset &&
	       offset + 8 <= (uint64_t)piece->value_offset + piece->size_bytes;
}

/** What is done with a pointer, at an offset of its piece. */
typedef void take_fn(struct builder *b, const struct otrace_piece *piece,
		     const struct found *found);

static void each_pointer(struct builder *b, const struct ot_type *type,
			 const struct otrace_piece *pieces, uint32_t nr, take_fn *take)
{
	found_vec found = {0};

	find_pointers(type, 0, 0, &found);
	for (size_t i = 0; i < found.nr; i++)
		for (uint32_t k = 0; k < nr; k++) {
			struct found in_piece = found.items[i];

			if (!is_in_piece(&pieces[k], in_piece.offset) ||
			    !is_wanted(b, &in_piece, &pieces[k]))
				continue;
			in_piece.offset -= pieces[k].value_offset;
			take(b, &pieces[k], &in_piece);
		}
	ot_vec_deinit(&found);
}

/* The arguments; at the end the result too. */
static void each_value(struct builder *b, bool at_end, take_fn *take)
{
	const struct ot_fn *fn = b->fn;

	b->at_end = at_end;
	b->is_result = false;
	for (uint32_t i = 0; i < fn->nr_params; i++)
		each_pointer(b, fn->params[i].type, fn->params[i].pieces, fn->params[i].nr_pieces,
			     take);
	b->is_result = true;
	if (at_end)
		each_pointer(b, fn->return_type, fn->return_pieces, fn->nr_return_pieces, take);
}

static bool is_outside(const struct otrace_piece *piece)
{
	return piece->kind == OTRACE_PIECE_INDIRECT || piece->kind == OTRACE_PIECE_STACK;
}

/* The object outside of the frame whose address lies there; pieces that have it in common share it. */
static struct object *outside_object(struct builder *b, uint64_t offset)
{
	const pointer_vec *roots = &b->roots[b->at_end];
	struct object object = {.level = 1};
	size_t nr = roots->nr;

	for (size_t i = 0; i < nr; i++)
		if (roots->items[i].offset == offset)
			return &b->objects.items[roots->items[i].layout];
	if (b->objects.nr == OTRACE_COPY_LAYOUTS_MAX)
		return NULL;
	add_root(b, offset, (uint32_t)b->objects.nr);
	if (roots->nr == nr)
		return NULL;
	add_object(b, &object); /* the array may move */
	return &b->objects.items[b->objects.nr - 1];
}

static void take_outside(struct builder *b, const struct otrace_piece *piece,
			 const struct found *found)
{
	bool on_stack = piece->kind == OTRACE_PIECE_STACK;
	struct found there = *found;
	struct object *object;
	uint64_t address_at = piece->frame_offset;

	if (!is_outside(piece))
		return;
	if (on_stack) {
		there.offset += piece->frame_offset;
		address_at = offsetof(struct otrace_varargs_frame, stack_args);
	}
	if (there.offset + 8 > OT_COPY_OBJECT_BYTES)
		return;
	object = outside_object(b, address_at);
	if (!object)
		return;
	if (object->layout.bytes < there.offset + 8)
		object->layout.bytes = (uint32_t)there.offset + 8;
	if (!on_stack && object->layout.bytes < piece->size_bytes)
		object->layout.bytes = piece->size_bytes < OT_COPY_OBJECT_BYTES
					       ? piece->size_bytes
					       : OT_COPY_OBJECT_BYTES;
	ot_vec_push(&object->found, there);
}

static void take_direct(struct builder *b, const struct otrace_piece *piece,
			const struct found *found)
{
	uint32_t layout;

	if (piece->kind != OTRACE_PIECE_DIRECT && piece->kind != OTRACE_PIECE_ADDRESS_ONLY)
		return;
	if (layout_for(b, found->pointee, 1, 1, &layout))
		add_root(b, piece->frame_offset + found->offset, layout);
}

/* ------------------------------------------------------------------ the plan */

static void build(struct builder *b)
{
	each_value(b, false, take_outside);
	each_value(b, true, take_outside);
	each_value(b, false, take_direct);
	each_value(b, true, take_direct);
	for (size_t i = 0; i < b->objects.nr; i++)
		follow_object(b, i);
}

static void take_pointers(struct ot_copy_plan *plan, struct builder *b)
{
	pointer_vec all = {0};
	const pointer_vec *parts[] = {&b->roots[0], &b->roots[1], &b->pointers};

	for (size_t i = 0; i < OT_NR(parts); i++)
		for (size_t k = 0; k < parts[i]->nr; k++)
			ot_vec_push(&all, parts[i]->items[k]);
	plan->nr_enter_roots = (uint32_t)b->roots[0].nr;
	plan->nr_leave_roots = (uint32_t)b->roots[1].nr;
	plan->nr_pointers = (uint32_t)b->pointers.nr;
	plan->pointers = all.items;
}

static void take_layouts(struct ot_copy_plan *plan, struct builder *b)
{
	plan->nr_layouts = (uint32_t)b->objects.nr;
	plan->layouts = ot_alloc(b->objects.nr * sizeof(*plan->layouts));
	for (size_t i = 0; i < b->objects.nr; i++) {
		plan->layouts[i] = b->objects.items[i].layout;
		ot_vec_deinit(&b->objects.items[i].found);
	}
}

struct ot_copy_plan *ot_copy_plan_create(const struct ot_fn *fn, unsigned int depth,
					 uint32_t stack_bytes)
{
	struct ot_copy_plan *plan = ot_alloc(sizeof(*plan));
	struct builder b = {.fn = fn, .depth = depth};

	if (b.depth > OT_COPY_DEPTH_MAX)
		b.depth = OT_COPY_DEPTH_MAX;
	if (depth)
		build(&b);
	take_pointers(plan, &b);
	take_layouts(plan, &b);
	plan->is_cut = b.is_cut;
	plan->max_bytes = plan->nr_enter_roots + plan->nr_leave_roots ? OT_COPY_BYTES : 0;
	plan->stack_bytes = stack_bytes < OTRACE_COPY_STACK_BYTES_MAX ? stack_bytes
								      : OTRACE_COPY_STACK_BYTES_MAX;
	ot_vec_deinit(&b.roots[0]);
	ot_vec_deinit(&b.roots[1]);
	ot_vec_deinit(&b.pointers);
	ot_vec_deinit(&b.objects);
	return plan;
}

static bool is_among(const struct otrace_copy_pointer *pointers, uint32_t nr,
		     const struct otrace_copy_pointer *wanted)
{
	for (uint32_t i = 0; i < nr; i++)
		if (pointers[i].offset == wanted->offset && pointers[i].layout == wanted->layout)
			return true;
	return false;
}

void ot_copy_plan_make_late(struct ot_copy_plan *plan)
{
	uint32_t nr_roots = plan->nr_enter_roots + plan->nr_leave_roots, nr = 0;

	for (uint32_t i = 0; i < nr_roots; i++)
		if (!is_among(plan->pointers, nr, &plan->pointers[i]))
			plan->pointers[nr++] = plan->pointers[i];
	if (nr < nr_roots)
		memmove(plan->pointers + nr, plan->pointers + nr_roots,
			plan->nr_pointers * sizeof(*plan->pointers));
	plan->nr_enter_roots = 0;
	plan->nr_leave_roots = nr;
}

void ot_copy_plan_destroy(struct ot_copy_plan *plan)
{
	if (!plan)
		return;
	free(plan->pointers);
	free(plan->layouts);
	free(plan);
}

static size_t nr_all_pointers(const struct ot_copy_plan *plan)
{
	return (size_t)plan->nr_enter_roots + plan->nr_leave_roots + plan->nr_pointers;
}

size_t ot_copy_plan_bytes(const struct ot_copy_plan *plan)
{
	return nr_all_pointers(plan) * sizeof(*plan->pointers) +
	       plan->nr_layouts * sizeof(*plan->layouts);
}

void ot_copy_plan_fill(const struct ot_copy_plan *plan, struct otrace_rule *rule)
{
	rule->nr_enter_roots = plan->nr_enter_roots;
	rule->nr_leave_roots = plan->nr_leave_roots;
	rule->nr_pointers = plan->nr_pointers;
	rule->nr_layouts = plan->nr_layouts;
	rule->stack_bytes = plan->stack_bytes;
	rule->max_bytes = plan->max_bytes;
}

void ot_copy_plan_add(const struct ot_copy_plan *plan, struct ot_buf *out)
{
	ot_buf_add(out, plan->pointers, nr_all_pointers(plan) * sizeof(*plan->pointers));
	ot_buf_add(out, plan->layouts, plan->nr_layouts * sizeof(*plan->layouts));
}
