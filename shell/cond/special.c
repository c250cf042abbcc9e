// SPDX-License-Identifier: BSD-2-Clause
// What C has not: texts compared by what they say, tags, and calls that end badly.
#include <string.h>

#include "cond/inside.h"

#define THREAD_NAME_BYTES 16u

static struct ot_err *thread_name(struct ot_compiler *c, const struct ot_expr_node *node,
				  const struct ot_expr_node *text)
{
	if (text->text_len > THREAD_NAME_BYTES)
		return ot_cond_error(c, node, OT_ERR_TYPE,
				     "the name of a thread has %u characters at most",
				     THREAD_NAME_BYTES - 1);
	ot_emit_text(c->out, OTRACE_CODE_NAME, 1, 0, text->text, (uint32_t)text->text_len);
	return NULL;
}

static struct ot_err *text_at(struct ot_compiler *c, const struct ot_expr_node *node,
			      const struct ot_expr_node *text)
{
	const struct ot_type *type = ot_cond_place_type(c, node);
	struct ot_number number = {0};
	uint64_t room = type && ot_type_is_array(type) ? ot_type_size(type) : 0;

	if (text->text_len > OTRACE_CODE_TEXT_MAX)
		return ot_cond_error(c, text, OT_ERR_UNSUPPORTED,
				     "a text in a condition has %u bytes at most",
				     OTRACE_CODE_TEXT_MAX - 1);
	OT_TRY(ot_cond_check_followed(c, node));
	OT_TRY(ot_cond_value(c, node, &number));
	ot_emit_text(c->out, OTRACE_CODE_TEXT, text->unit_bytes,
		     room < text->text_len ? (uint32_t)room : 0, text->text,
		     (uint32_t)text->text_len);
	return NULL;
}

struct ot_err *ot_cond_text_value(struct ot_compiler *c, const struct ot_expr_node *node)
{
	bool is_right = node->right->kind == OT_EXPR_STRING;
	const struct ot_expr_node *text = is_right ? node->right : node->left;
	const struct ot_expr_node *other = is_right ? node->left : node->right;

	if (other->kind == OT_EXPR_NAME &&
	    ot_cond_named(c, other->text).what == OT_COND_THREAD_NAME)
		OT_TRY(thread_name(c, other, text));
	else
		OT_TRY(text_at(c, other, text));
	if (node->op == OT_TOKEN_NE)
		ot_emit(c->out, OTRACE_CODE_IS_ZERO, 0, 0);
	return NULL;
}

/* ------------------------------------------------------------------ tags */

static bool is_tagged_kind(const struct ot_param *param)
{
	return param->nr_pieces && ot_type_is_pointer(param->type);
}

static struct ot_err *argument_tagged(struct ot_compiler *c, const struct ot_expr_node *node,
				      int param)
{
	const struct ot_param *asked = &c->fn->params[param];

	if (!ot_type_is_pointer(asked->type))
		return ot_cond_error(c, node, OT_ERR_TYPE, "%s is no pointer but %s", asked->name,
				     ot_type_text(asked->type));
	if (!asked->nr_pieces)
		return ot_cond_error(c, node, OT_ERR_OPTIMIZED, "%s was optimized out",
				     asked->name);
	OT_TRY(ot_cond_param(c, node, param));
	ot_emit(c->out, OTRACE_CODE_TAGGED, 0, 0);
	return NULL;
}

/* The pointer itself lies in the frame, where one instruction looks at several. */
static bool is_word(const struct ot_param *param)
{
	const struct otrace_piece *piece = param->pieces;

	return is_tagged_kind(param) && param->nr_pieces == 1 && piece->size_bytes == 8 &&
	       (piece->kind == OTRACE_PIECE_DIRECT || piece->kind == OTRACE_PIECE_ADDRESS_ONLY) &&
	       piece->frame_offset % 8 == 0 && piece->frame_offset <= UINT16_MAX;
}

/* The lowest of them at or behind an offset; UINT32_MAX = none. */
static uint32_t next_word(const struct ot_fn *fn, uint32_t from)
{
	uint32_t lowest = UINT32_MAX;

	for (uint32_t i = 0; i < fn->nr_params; i++)
		if (is_word(&fn->params[i]) && fn->params[i].pieces[0].frame_offset >= from &&
		    fn->params[i].pieces[0].frame_offset < lowest)
			lowest = fn->params[i].pieces[0].frame_offset;
	return lowest;
}

#define WORDS_MOST 32u

static uint32_t words_from(const struct ot_fn *fn, uint32_t first)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < fn->nr_params; i++) {
		const struct ot_param *param = &fn->params[i];

		if (is_word(param) && param->pieces[0].frame_offset >= first &&
		    param->pieces[0].frame_offset - first < 8 * WORDS_MOST)
			mask |= 1u << (param->pieces[0].frame_offset - first) / 8;
	}
	return mask;
}

/* Pushes for each instruction's words whether one is tagged, until one is. @return how many instructions */
static uint32_t words_tagged(struct ot_compiler *c, struct ot_label *yes)
{
	uint32_t nr = 0;

	for (uint32_t first = next_word(c->fn, 0); first != UINT32_MAX;
	     first = next_word(c->fn, first + 8 * WORDS_MOST), nr++) {
		if (nr)
			ot_emit_jump(c->out, OTRACE_CODE_JUMP_IF, yes);
		ot_emit_words(c->out, OTRACE_CODE_TAGGED_ANY, first, words_from(c->fn, first));
	}
	return nr;
}

/* One after another, of those that lie elsewhere. */
static struct ot_err *any_tagged(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_label yes = {0}, end = {0};
	uint32_t nr = words_tagged(c, &yes);

	for (uint32_t i = 0; i < c->fn->nr_params; i++) {
		if (!is_tagged_kind(&c->fn->params[i]) || is_word(&c->fn->params[i]))
			continue;
		if (nr++)
			ot_emit_jump(c->out, OTRACE_CODE_JUMP_IF, &yes);
		OT_TRY(argument_tagged(c, node, (int)i));
	}
	if (!nr)
		return ot_cond_error(c, node, OT_ERR_TYPE, "%s has no argument that is a pointer",
				     c->fn->unique_name);
	if (nr == 1)
		return NULL;
	ot_emit_jump(c->out, OTRACE_CODE_JUMP, &end);
	ot_emit_label(c->out, &yes);
	ot_emit(c->out, OTRACE_CODE_CONSTANT, 0, 1);
	ot_emit_label(c->out, &end);
	return NULL;
}

struct ot_err *ot_cond_tagged_value(struct ot_compiler *c, const struct ot_expr_node *node,
				    int param)
{
	return param >= 0 ? argument_tagged(c, node, param) : any_tagged(c, node);
}

/* ------------------------------------------------------------------ bad ends */

/* Whether the result is one that says of itself that something went wrong. */
static struct ot_err *bad_result(struct ot_compiler *c, const struct ot_expr_node *node)
{
	const struct ot_type *type = c->fn->return_type;
	bool is_number = ot_type_is_integer(type) && ot_type_is_signed(type) &&
			 ot_type_size(type) <= 8 && !ot_type_is_bit_int(type);

	if (!c->fn->nr_return_pieces || (!is_number && !ot_type_is_pointer(type))) {
		ot_emit(c->out, OTRACE_CODE_CONSTANT, 0, 0);
		return NULL;
	}
	OT_TRY(ot_cond_result(c, node));
	if (is_number)
		ot_emit(c->out, OTRACE_CODE_LESS, 8 | OTRACE_CODE_SIGNED | OTRACE_CODE_IMMEDIATE,
			0);
	else
		ot_emit(c->out, OTRACE_CODE_IS_ZERO, 0, 0);
	return NULL;
}

struct ot_err *ot_cond_bad_end(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_label yes = {0}, end = {0};

	ot_emit(c->out, OTRACE_CODE_ABNORMAL, 0, 0);
	ot_emit_jump(c->out, OTRACE_CODE_JUMP_IF, &yes);
	OT_TRY(bad_result(c, node));
	ot_emit_jump(c->out, OTRACE_CODE_JUMP, &end);
	ot_emit_label(c->out, &yes);
	ot_emit(c->out, OTRACE_CODE_CONSTANT, 0, 1);
	ot_emit_label(c->out, &end);
	return NULL;
}
