// SPDX-License-Identifier: BSD-2-Clause
// Strings that are written in an expression: p == "text" is whether that text is behind p. Addresses
// would be compared with p == (char *)q; a literal has none.
#include <string.h>

#include "expr/eval.h"
#include "model/made.h"

void ot_eval_string(struct ot_evaluator *e, const struct ot_expr_node *node, struct ot_value *ret)
{
	const struct ot_type *element = node->unit_bytes > 1
						? ot_made_wide_char(e->program, node->base)
						: ot_program_base(e->program, node->base);
	const struct ot_type *type =
		ot_program_array_of(e->program, element, node->text_len / node->unit_bytes);

	ot_value_of_bytes(type, node->text, node->text_len, ret);
}

bool ot_eval_is_text(const struct ot_expr_node *node)
{
	return (node->op == OT_TOKEN_EQ || node->op == OT_TOKEN_NE) &&
	       (node->left->kind == OT_EXPR_STRING || node->right->kind == OT_EXPR_STRING);
}

static bool is_text_type(const struct ot_type *type, uint32_t unit_bytes)
{
	const struct ot_type *plain = ot_type_strip(type);

	return (plain->kind == OTRACE_TYPE_POINTER || plain->kind == OTRACE_TYPE_ARRAY) &&
	       ot_type_is_integer(plain->target) && ot_type_size(plain->target) == unit_bytes;
}

/* As many bytes as the text has, its end included: an array may be too short for it. */
static struct ot_err *read_text(struct ot_evaluator *e, const struct ot_expr_node *node,
				struct ot_value *value, size_t bytes, uint8_t *ret, size_t *got)
{
	struct ot_target_span span = {.buf = ret, .bytes = bytes};
	uint64_t room = ot_type_is_array(value->type) ? ot_type_size(value->type) : bytes;
	struct ot_number pointer = {0};

	if (room && room < bytes)
		span.bytes = room;
	if (value->bytes && ot_type_is_array(value->type)) {
		*got = value->nr_bytes < span.bytes ? value->nr_bytes : span.bytes;
		memcpy(ret, value->bytes, *got);
		return NULL;
	}
	OT_TRY(ot_eval_number(e, node, value, &pointer));
	span.address = (uint64_t)pointer.integer;
	if (span.address)
		OT_TRY(ot_target_readv(e->target, &span, 1));
	*got = span.got;
	return NULL;
}

static struct ot_err *same_text(struct ot_evaluator *e, const struct ot_expr_node *node,
				const struct ot_expr_node *text, bool *ret)
{
	ot_auto_value struct ot_value value = {0};
	ot_auto_free uint8_t *bytes = ot_alloc(text->text_len);
	size_t got = 0, same = 0;
	uint64_t address = 0;
	uint64_t room;

	OT_TRY(ot_eval(e, node, &value));
	if (!is_text_type(value.type, text->unit_bytes))
		return ot_eval_error(e, node, OT_ERR_TYPE,
				     "a text is compared with a pointer to or an array of %s, and "
				     "this is %s",
				     text->base, ot_type_text(value.type));
	if (e->is_dry)
		return NULL;
	OT_TRY(ot_eval_check(e, node, &value));
	address = value.address;
	room = ot_type_is_array(value.type) ? ot_type_size(value.type) : 0;
	OT_TRY(read_text(e, node, &value, text->text_len, bytes, &got));
	while (same < got && bytes[same] == (uint8_t)text->text[same])
		same++;
	/* an array that is full to the brim has no NUL */
	*ret = same == text->text_len ||
	       (room && same == room && same == text->text_len - text->unit_bytes);
	/* the text goes on where memory ends: nobody knows */
	if (same == got && got < text->text_len && (!room || got != room) &&
	    !(ot_value_to_u64(&value, &address) && !address))
		return ot_eval_error(e, node, OT_ERR_FAULT, "memory at %#llx cannot be read",
				     (unsigned long long)(address + got));
	return NULL;
}

struct ot_err *ot_eval_compare_text(struct ot_evaluator *e, const struct ot_expr_node *node,
				    struct ot_value *ret)
{
	bool is_right = node->right->kind == OT_EXPR_STRING;
	bool same = false;

	OT_TRY(same_text(e, is_right ? node->left : node->right,
			 is_right ? node->right : node->left, &same));
	ot_eval_int(e, same == (node->op == OT_TOKEN_EQ), ret);
	return NULL;
}
