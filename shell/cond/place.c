// SPDX-License-Identifier: BSD-2-Clause
// Where values lie: in the frame, at an address that is known now, or behind one that lies on the machine's stack.
#include <string.h>

#include "cond/inside.h"
#include "model/made.h"

enum where {
	IN_PARAM,
	IN_RESULT,
	AT_ADDRESS, /* offset is it */
	ON_STACK    /* offset bytes from the address on the machine's stack */
};

struct place {
	enum where where;
	const struct ot_type *type;
	uint64_t offset;
	uint32_t param;
	uint32_t bit_shift; /* bit-fields */
	uint32_t bit_size;
};

static struct ot_err *find(struct ot_compiler *c, const struct ot_expr_node *node,
			   struct place *ret);

/* ------------------------------------------------------------------ pieces in the frame */

static const struct otrace_piece *pieces_of(const struct ot_compiler *c, const struct place *place,
					    uint32_t *nr)
{
	const struct ot_param *param = &c->fn->params[place->param];
	bool is_param = place->where == IN_PARAM;

	*nr = is_param ? param->nr_pieces : c->fn->nr_return_pieces;
	return is_param ? param->pieces : c->fn->return_pieces;
}

/* What lies in the frame as it does in the value is one piece. */
static bool is_next(const struct otrace_piece *piece, const struct otrace_piece *next)
{
	return piece->kind == OTRACE_PIECE_DIRECT && next->kind == OTRACE_PIECE_DIRECT &&
	       next->value_offset == piece->value_offset + piece->size_bytes &&
	       next->frame_offset == piece->frame_offset + piece->size_bytes;
}

/* The piece that has all of the bytes. */
static bool piece_with(const struct ot_compiler *c, const struct place *place, uint64_t bytes,
		       struct otrace_piece *ret)
{
	uint32_t nr = 0;
	const struct otrace_piece *pieces = pieces_of(c, place, &nr);

	for (uint32_t i = 0; i < nr; i++) {
		struct otrace_piece piece = pieces[i];

		for (uint32_t k = i + 1; k < nr && is_next(&piece, &pieces[k]); k++)
			piece.size_bytes += pieces[k].size_bytes;
		if (place->offset < piece.value_offset ||
		    place->offset - piece.value_offset + bytes > piece.size_bytes)
			continue;
		*ret = piece;
		return true;
	}
	return false;
}

static const char *name_of(const struct ot_compiler *c, const struct place *place)
{
	const char *name = c->fn->params[place->param].name;

	return place->where == IN_RESULT ? "the result" : name ? name : "the argument";
}

static struct ot_err *not_there(const struct ot_compiler *c, const struct ot_expr_node *node,
				const struct place *place)
{
	return ot_cond_error(c, node, OT_ERR_OPTIMIZED,
			     "this part of %s was optimized out, or lies in several registers",
			     name_of(c, place));
}

static enum otrace_code_op frame_op(const struct place *place)
{
	return place->where == IN_RESULT ? OTRACE_CODE_RESULT : OTRACE_CODE_FRAME;
}

/* Pushes where a piece lies that is not in the frame; says how far into it the place begins. */
static uint64_t push_elsewhere(struct ot_compiler *c, const struct place *place,
			       const struct otrace_piece *piece)
{
	uint64_t into = place->offset - piece->value_offset;

	if (piece->kind == OTRACE_PIECE_INDIRECT) {
		ot_emit(c->out, frame_op(place), 8, piece->frame_offset);
		return into;
	}
	ot_emit(c->out, OTRACE_CODE_FRAME, 8, offsetof(struct otrace_varargs_frame, stack_args));
	return piece->frame_offset + into;
}

static bool is_in_frame(const struct otrace_piece *piece)
{
	return piece->kind == OTRACE_PIECE_DIRECT || piece->kind == OTRACE_PIECE_ADDRESS_ONLY;
}

static struct ot_err *load_piece(struct ot_compiler *c, const struct ot_expr_node *node,
				 const struct place *place, unsigned int width)
{
	struct otrace_piece piece;
	uint64_t offset;

	if (!piece_with(c, place, width & OTRACE_CODE_BYTES, &piece))
		return not_there(c, node, place);
	if (is_in_frame(&piece)) {
		ot_emit(c->out, frame_op(place), width,
			piece.frame_offset + place->offset - piece.value_offset);
	} else if (piece.kind == OTRACE_PIECE_DOUBLE_TO_FLOAT) {
		ot_emit(c->out, frame_op(place), 8 | OTRACE_CODE_FRACTION, piece.frame_offset);
		ot_emit(c->out, OTRACE_CODE_F_ROUND, 4, 0);
	} else {
		offset = push_elsewhere(c, place, &piece);
		ot_emit(c->out, OTRACE_CODE_LOAD, width, offset);
	}
	return NULL;
}

/* That there is none must be noticed where only its address is taken. */
static void ask_for_result(struct ot_compiler *c, const struct otrace_piece *piece)
{
	ot_emit(c->out, OTRACE_CODE_RESULT, 1, piece->frame_offset);
	ot_emit(c->out, OTRACE_CODE_MULTIPLY, 8 | OTRACE_CODE_IMMEDIATE, 0);
	ot_emit(c->out, OTRACE_CODE_ADD, 8, 0);
}

static struct ot_err *address_of_piece(struct ot_compiler *c, const struct ot_expr_node *node,
				       const struct place *place)
{
	struct otrace_piece piece;
	uint64_t offset;

	if (!piece_with(c, place, ot_type_size(place->type), &piece) ||
	    piece.kind == OTRACE_PIECE_DOUBLE_TO_FLOAT)
		return not_there(c, node, place);
	if (is_in_frame(&piece)) {
		ot_emit(c->out, OTRACE_CODE_PLACE, 0,
			piece.frame_offset + place->offset - piece.value_offset);
		if (place->where == IN_RESULT)
			ask_for_result(c, &piece);
		return NULL;
	}
	offset = push_elsewhere(c, place, &piece);
	if (offset)
		ot_emit(c->out, OTRACE_CODE_ADD, 8 | OTRACE_CODE_IMMEDIATE, offset);
	return NULL;
}

/* ------------------------------------------------------------------ on the machine's stack */

/* What imm has no room for, or a signed one would not mean. */
static void settle(struct ot_compiler *c, struct place *place)
{
	if (place->where != ON_STACK || (int64_t)place->offset == (int32_t)place->offset)
		return;
	ot_emit_constant(c->out, place->offset);
	ot_emit(c->out, OTRACE_CODE_ADD, 8, 0);
	place->offset = 0;
}

/* Pushes the address; the place is where it is. */
static struct ot_err *push_address(struct ot_compiler *c, const struct ot_expr_node *node,
				   struct place *place)
{
	if (place->where == AT_ADDRESS)
		ot_emit_constant(c->out, place->offset);
	else if (place->where == ON_STACK && place->offset) {
		settle(c, place);
		if (place->offset)
			ot_emit(c->out, OTRACE_CODE_ADD,
				8 | OTRACE_CODE_SIGNED | OTRACE_CODE_IMMEDIATE, place->offset);
	} else if (place->where != ON_STACK) {
		OT_TRY(address_of_piece(c, node, place));
	}
	place->where = ON_STACK;
	place->offset = 0;
	return NULL;
}

static struct ot_err *load_bytes(struct ot_compiler *c, const struct ot_expr_node *node,
				 struct place *place, unsigned int width)
{
	if (place->where == IN_PARAM || place->where == IN_RESULT)
		return load_piece(c, node, place, width);
	if (place->where == AT_ADDRESS)
		OT_TRY(push_address(c, node, place));
	settle(c, place);
	ot_emit(c->out, OTRACE_CODE_LOAD, width, place->offset);
	return NULL;
}

static struct ot_err *load_bits(struct ot_compiler *c, const struct ot_expr_node *node,
				struct place *place, unsigned int width)
{
	uint32_t bytes = (place->bit_shift + place->bit_size + 7) / 8;

	if (bytes > 8)
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED,
				     "this bit-field lies in nine bytes: a condition reads eight");
	OT_TRY(load_bytes(c, node, place, bytes));
	ot_emit_arg(c->out, OTRACE_CODE_BITS, width & (OTRACE_CODE_SIGNED | OTRACE_CODE_BYTES),
		    place->bit_shift | place->bit_size << 8);
	return NULL;
}

static struct ot_err *load(struct ot_compiler *c, const struct ot_expr_node *node,
			   struct place *place)
{
	const struct ot_type *plain = ot_type_strip(place->type);
	unsigned int width = 0;

	if (plain->kind == OTRACE_TYPE_ARRAY || plain->kind == OTRACE_TYPE_FUNCTION)
		return push_address(c, node, place);
	OT_TRY(ot_cond_width(c, node, place->type, &width));
	return place->bit_size ? load_bits(c, node, place, width)
			       : load_bytes(c, node, place, width);
}

/* ------------------------------------------------------------------ pointers */

/* A pointer that the function looks at and nothing behind it: so nobody needs to have put something there. */
static bool is_address_only(const struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_cond_named named;

	while (node->kind == OT_EXPR_CAST || node->kind == OT_EXPR_BINARY)
		node = node->left;
	if (node->kind != OT_EXPR_NAME)
		return false;
	named = ot_cond_named(c, node->text);
	if (named.what != OT_COND_PARAM)
		return false;
	for (uint32_t i = 0; i < c->fn->params[named.param].nr_pieces; i++)
		if (c->fn->params[named.param].pieces[i].kind == OTRACE_PIECE_ADDRESS_ONLY)
			return true;
	return false;
}

struct ot_err *ot_cond_check_followed(struct ot_compiler *c, const struct ot_expr_node *node)
{
	if (!is_address_only(c, node))
		return NULL;
	return ot_cond_error(c, node, OT_ERR_OPTIMIZED,
			     "%s looks at this address only: its callers need not have put "
			     "anything there",
			     c->fn->unique_name);
}

/* Pushes a pointer (or the address of an array) that is about to be followed. */
static struct ot_err *follow(struct ot_compiler *c, const struct ot_expr_node *node,
			     struct place *ret)
{
	const struct ot_type *type = ot_cond_place_type(c, node);
	struct ot_number number = {0};

	OT_TRY(ot_cond_check_followed(c, node));
	OT_TRY(ot_cond_value(c, node, &number));
	*ret = (struct place){.where = ON_STACK, .type = ot_type_strip(type)->target};
	return NULL;
}

/* ------------------------------------------------------------------ finding */

static struct ot_err *find_static(struct ot_compiler *c, const struct ot_expr_node *node,
				  struct place *ret)
{
	ot_auto_value struct ot_value value = {0};

	OT_TRY(ot_eval(&c->eval, node, &value));
	OT_TRY(ot_eval_check(&c->eval, node, &value));
	if (!value.is_lvalue)
		return ot_cond_error(c, node, OT_ERR_OPTIMIZED, "this has no address");
	*ret = (struct place){.where = AT_ADDRESS,
			      .type = value.type,
			      .offset = value.address,
			      .bit_shift = value.bit_shift,
			      .bit_size = value.bit_size};
	return NULL;
}

static struct ot_err *find_name(struct ot_compiler *c, const struct ot_expr_node *node,
				struct place *ret)
{
	struct ot_cond_named named = ot_cond_named(c, node->text);
	const struct ot_var *var = NULL;

	if (named.what == OT_COND_PARAM || named.what == OT_COND_RESULT) {
		bool is_param = named.what == OT_COND_PARAM;

		*ret = (struct place){.where = is_param ? IN_PARAM : IN_RESULT,
				      .param = is_param ? (uint32_t)named.param : 0,
				      .type = is_param ? c->fn->params[named.param].type
						       : c->fn->return_type};
		return NULL;
	}
	OT_TRY(ot_eval_find_var(&c->eval, node, &var));
	if (var && var->flags & OTRACE_VAR_THREAD_LOCAL)
		return ot_cond_error(c, node, OT_ERR_UNSUPPORTED,
				     "%s is another variable in each thread: conditions do not "
				     "find those",
				     node->text);
	return find_static(c, node, ret);
}

static struct ot_err *find_member(struct ot_compiler *c, const struct ot_expr_node *node,
				  struct place *ret)
{
	const struct ot_type *type = ot_cond_place_type(c, node->left);
	const struct ot_member *member;
	uint64_t bit_offset = 0;

	if (!type || !ot_type_is_record(type))
		OT_TRY(follow(c, node->left, ret));
	else
		OT_TRY(find(c, node->left, ret));
	member = ot_type_find_member(ret->type, node->text, &bit_offset);
	if (!member)
		return ot_cond_error(c, node, OT_ERR_NOT_FOUND, "there is no field \"%s\"",
				     node->text);
	ret->type = member->type;
	ret->offset += bit_offset / 8;
	ret->bit_shift = (uint32_t)(bit_offset % 8);
	ret->bit_size = member->bit_size;
	return NULL;
}

/* Adds index * size to the address on the stack. */
static struct ot_err *add_index(struct ot_compiler *c, const struct ot_expr_node *index,
				uint64_t size, struct place *place)
{
	struct ot_number number = {0};

	if (ot_cond_is_constant(c, index)) {
		OT_TRY(ot_eval_scalar(&c->eval, index, &number));
		place->offset += (uint64_t)number.integer * size;
		return NULL;
	}
	OT_TRY(ot_cond_value_as(c, index, ot_program_base(c->program, "long")));
	if (size > UINT32_MAX)
		return ot_cond_error(c, index, OT_ERR_UNSUPPORTED, "the elements are too large");
	ot_emit(c->out, OTRACE_CODE_MULTIPLY, 8 | OTRACE_CODE_IMMEDIATE, size);
	ot_emit(c->out, OTRACE_CODE_ADD, 8, 0);
	return NULL;
}

static struct ot_err *find_element(struct ot_compiler *c, const struct ot_expr_node *node,
				   struct place *ret)
{
	const struct ot_expr_node *array = node->left, *index = node->right;
	const struct ot_type *type = ot_cond_place_type(c, array);
	uint64_t size = 0;

	if (type && ot_type_is_integer(type)) {
		array = node->right;
		index = node->left;
		type = ot_cond_place_type(c, array);
	}
	if (type && ot_type_is_array(type) && ot_cond_slot(c, array) < 0) {
		OT_TRY(find(c, array, ret));
		if (!ot_cond_is_constant(c, index))
			OT_TRY(push_address(c, array, ret));
		ret->type = ot_type_strip(type)->target;
	} else {
		OT_TRY(follow(c, array, ret));
	}
	OT_TRY(ot_eval_step(&c->eval, node, ot_program_pointer_to(c->program, ret->type), &size));
	return add_index(c, index, size, ret);
}

static struct ot_err *find(struct ot_compiler *c, const struct ot_expr_node *node,
			   struct place *ret)
{
	if (node->kind != OT_EXPR_NAME && ot_cond_is_static(c, node))
		return find_static(c, node, ret);
	switch (node->kind) {
	case OT_EXPR_NAME:
		return find_name(c, node, ret);
	case OT_EXPR_MEMBER:
	case OT_EXPR_ARROW:
		return find_member(c, node, ret);
	case OT_EXPR_INDEX:
		return find_element(c, node, ret);
	case OT_EXPR_UNARY:
		if (node->op == OT_TOKEN_STAR)
			return follow(c, node->left, ret);
		break;
	default:
		break;
	}
	return ot_cond_error(c, node, OT_ERR_UNSUPPORTED,
			     "a condition does not look into what this gives");
}

/* ------------------------------------------------------------------ for the others */

struct ot_err *ot_cond_load(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct place place;

	OT_TRY(find(c, node, &place));
	return load(c, node, &place);
}

struct ot_err *ot_cond_address(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct place place;

	OT_TRY(find(c, node, &place));
	if (place.where == IN_PARAM || place.where == IN_RESULT)
		return ot_cond_error(c, node, OT_ERR_TYPE,
				     "an argument or a result has no address in the program");
	return push_address(c, node, &place);
}

struct ot_err *ot_cond_param(struct ot_compiler *c, const struct ot_expr_node *node, int param)
{
	struct place place = {
		.where = IN_PARAM, .type = c->fn->params[param].type, .param = (uint32_t)param};

	return load(c, node, &place);
}

struct ot_err *ot_cond_result(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct place place = {.where = IN_RESULT, .type = c->fn->return_type};

	return load(c, node, &place);
}
