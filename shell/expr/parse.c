// SPDX-License-Identifier: BSD-2-Clause
// Recursive descent over C's expression grammar. Depth and size are bounded, so neither parsing nor
// evaluating can run out of stack.
#include <string.h>

#include "expr/tree.h"

static struct ot_err *parse_unary(struct ot_parser *p, const struct ot_expr_node **ret);
static struct ot_err *parse_choice(struct ot_parser *p, const struct ot_expr_node **ret);

struct ot_err *ot_parse_advance(struct ot_parser *p)
{
	return ot_expr_lex(p->expr, p->token.position + (int)p->token.len, &p->token);
}

bool ot_parse_is(const struct ot_parser *p, enum ot_token_kind kind)
{
	return p->token.kind == kind;
}

struct ot_err *ot_parse_unexpected(const struct ot_parser *p, const char *wanted)
{
	if (p->token.kind == OT_TOKEN_END)
		return ot_expr_error(p->expr, OT_ERR_SYNTAX, p->token.position,
				     "the expression stops where %s should follow", wanted);
	return ot_expr_error(p->expr, OT_ERR_SYNTAX, p->token.position, "%s expected here", wanted);
}

struct ot_err *ot_parse_expect(struct ot_parser *p, enum ot_token_kind kind, const char *wanted)
{
	if (p->token.kind != kind)
		return ot_parse_unexpected(p, wanted);
	return ot_parse_advance(p);
}

struct ot_err *ot_parse_new(struct ot_parser *p, enum ot_expr_kind kind, int position,
			    struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	if (++p->nr_nodes > OT_EXPR_MAX_NODES)
		return ot_expr_error(p->expr, OT_ERR_SYNTAX, position,
				     "the expression is too long");
	node = ot_arena_alloc(&p->expr->arena, sizeof(*node));
	node->kind = kind;
	node->position = position;
	*ret = node;
	return NULL;
}

struct ot_err *ot_parse_deeper(struct ot_parser *p)
{
	if (++p->depth > OT_EXPR_MAX_DEPTH)
		return ot_expr_error(p->expr, OT_ERR_SYNTAX, p->token.position,
				     "the expression is nested too deeply");
	return NULL;
}

/* ------------------------------------------------------------------ operands */

static struct ot_err *parse_literal(struct ot_parser *p, const struct ot_expr_node **ret)
{
	const struct ot_token *token = &p->token;
	struct ot_expr_node *node = NULL;

	OT_TRY(ot_parse_new(p, OT_EXPR_INTEGER, token->position, &node));
	if (token->kind == OT_TOKEN_NAME)
		node->kind = OT_EXPR_NAME;
	else if (token->kind == OT_TOKEN_FLOAT)
		node->kind = OT_EXPR_FLOAT;
	node->text = token->text;
	node->text_len = token->text_len;
	node->base = token->base;
	node->integer = token->integer;
	node->real = token->real;
	node->is_imaginary = token->is_imaginary;
	*ret = node;
	return ot_parse_advance(p);
}

/* A plain string becomes as wide as the one beside it. */
static struct ot_err *add_string(const struct ot_parser *p, uint32_t unit_bytes, struct ot_buf *out)
{
	const struct ot_token *token = &p->token;

	if (token->unit_bytes == unit_bytes) {
		ot_buf_add(out, token->text, token->text_len);
		return NULL;
	}
	for (size_t i = 0; i < token->text_len; i++) {
		uint32_t unit = (unsigned char)token->text[i];

		if (token->unit_bytes != 1 || unit >= 0x80)
			return ot_expr_error(p->expr, OT_ERR_SYNTAX, token->position,
					     "strings of different kinds do not join");
		ot_buf_add(out, &unit, unit_bytes);
	}
	return NULL;
}

/* "a" "b" is one string. */
static struct ot_err *parse_strings(struct ot_parser *p, const struct ot_expr_node **ret)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	struct ot_parser ahead = *p;
	struct ot_expr_node *node = NULL;

	OT_TRY(ot_parse_new(p, OT_EXPR_STRING, p->token.position, &node));
	node->unit_bytes = 1;
	node->base = "char";
	while (ot_parse_is(&ahead, OT_TOKEN_STRING)) {
		if (ahead.token.unit_bytes > 1) {
			node->unit_bytes = ahead.token.unit_bytes;
			node->base = ahead.token.base;
		}
		OT_TRY(ot_parse_advance(&ahead));
	}
	while (ot_parse_is(p, OT_TOKEN_STRING)) {
		OT_TRY(add_string(p, node->unit_bytes, &text));
		OT_TRY(ot_parse_advance(p));
	}
	ot_buf_add(&text, "\0\0\0", node->unit_bytes);
	node->text_len = text.len;
	node->text = ot_arena_strndup(&p->expr->arena, ot_buf_text(&text), text.len);
	*ret = node;
	return NULL;
}

static bool is_word(const struct ot_parser *p, const char *word)
{
	return p->token.kind == OT_TOKEN_NAME && !strcmp(p->token.text, word);
}

static struct ot_err *parse_member(struct ot_parser *p, enum ot_expr_kind kind,
				   const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	if (p->token.kind != OT_TOKEN_NAME)
		return ot_parse_unexpected(p, "the name of a field");
	OT_TRY(ot_parse_new(p, kind, p->token.position, &node));
	node->left = *ret;
	node->text = p->token.text;
	*ret = node;
	return ot_parse_advance(p);
}

/* "[index]", "[from:behind]" */
static struct ot_err *parse_index(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	OT_TRY(ot_parse_new(p, OT_EXPR_INDEX, p->token.position, &node));
	OT_TRY(ot_parse_advance(p));
	node->left = *ret;
	OT_TRY(ot_parse_comma(p, &node->right));
	if (ot_parse_is(p, OT_TOKEN_COLON)) {
		node->kind = OT_EXPR_RANGE;
		OT_TRY(ot_parse_advance(p));
		OT_TRY(ot_parse_comma(p, &node->third));
	}
	*ret = node;
	return ot_parse_expect(p, OT_TOKEN_CLOSE_INDEX, "\"]\"");
}

struct ot_err *ot_parse_parts(struct ot_parser *p, const struct ot_expr_node **ret)
{
	for (;;) {
		if (ot_parse_is(p, OT_TOKEN_DOT)) {
			OT_TRY(ot_parse_advance(p));
			OT_TRY(parse_member(p, OT_EXPR_MEMBER, ret));
		} else if (ot_parse_is(p, OT_TOKEN_OPEN_INDEX)) {
			OT_TRY(parse_index(p, ret));
		} else {
			return NULL;
		}
	}
}

/* "field.part[2]" of an object of a type, behind the comma. */
static struct ot_err *parse_part_of(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *object = NULL;

	OT_TRY(ot_parse_new(p, OT_EXPR_OBJECT, p->token.position, &object));
	*ret = object;
	OT_TRY(parse_member(p, OT_EXPR_MEMBER, ret));
	return ot_parse_parts(p, ret);
}

/* offsetof(T, m.n[3]), container_of(p, T, m) */
static struct ot_err *parse_macro(struct ot_parser *p, bool is_container,
				  const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	OT_TRY(ot_parse_new(p, is_container ? OT_EXPR_CONTAINER_OF : OT_EXPR_OFFSETOF,
			    p->token.position, &node));
	OT_TRY(ot_parse_advance(p));
	OT_TRY(ot_parse_expect(p, OT_TOKEN_OPEN, "\"(\""));
	if (is_container) {
		OT_TRY(ot_parse_assignment(p, &node->right));
		OT_TRY(ot_parse_expect(p, OT_TOKEN_COMMA, "\",\" and a type"));
	}
	OT_TRY(ot_parse_type(p, &node->type));
	OT_TRY(ot_parse_expect(p, OT_TOKEN_COMMA, "\",\" and a field"));
	OT_TRY(parse_part_of(p, &node->left));
	*ret = node;
	return ot_parse_expect(p, OT_TOKEN_CLOSE, "\")\"");
}

/* "typeof(x)" alone: what type that is can be said. */
static struct ot_err *lone_type(struct ot_parser *p)
{
	int position = p->token.position;
	const struct ot_type *type = NULL;
	const char *text;

	OT_TRY(ot_parse_type(p, &type));
	text = ot_type_text(type);
	return ot_expr_error(p->expr, OT_ERR_TYPE, position,
			     "this is a type, %s; a cast is (%s)x, its size sizeof(%s)", text, text,
			     text);
}

static struct ot_err *parse_name(struct ot_parser *p, const struct ot_expr_node **ret)
{
	bool is_offset = is_word(p, "offsetof") || is_word(p, "__builtin_offsetof");
	bool is_container = is_word(p, "container_of");
	struct ot_parser ahead = *p;

	if (is_offset || is_container) {
		OT_TRY(ot_parse_advance(&ahead));
		if (ot_parse_is(&ahead, OT_TOKEN_OPEN))
			return parse_macro(p, is_container, ret);
	}
	if (ot_parse_starts_typeof(p))
		return lone_type(p);
	return parse_literal(p, ret);
}

static struct ot_err *parse_primary(struct ot_parser *p, const struct ot_expr_node **ret)
{
	switch (p->token.kind) {
	case OT_TOKEN_NAME:
		return parse_name(p, ret);
	case OT_TOKEN_INTEGER:
	case OT_TOKEN_FLOAT:
	case OT_TOKEN_CHAR:
		return parse_literal(p, ret);
	case OT_TOKEN_STRING:
		return parse_strings(p, ret);
	case OT_TOKEN_OPEN:
		OT_TRY(ot_parse_advance(p));
		OT_TRY(ot_parse_comma(p, ret));
		return ot_parse_expect(p, OT_TOKEN_CLOSE, "\")\"");
	default:
		return ot_parse_unexpected(p, "a value");
	}
}

/* ------------------------------------------------------------------ behind an operand */

static struct ot_err *parse_call(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;
	const struct ot_expr_node **last;

	OT_TRY(ot_parse_new(p, OT_EXPR_CALL, p->token.position, &node));
	OT_TRY(ot_parse_advance(p));
	node->left = *ret;
	*ret = node;
	last = &node->right;
	while (!ot_parse_is(p, OT_TOKEN_CLOSE)) {
		struct ot_expr_node *item = NULL;

		OT_TRY(ot_parse_new(p, OT_EXPR_ITEM, p->token.position, &item));
		OT_TRY(ot_parse_assignment(p, &item->right));
		*last = item;
		last = &item->next;
		if (!ot_parse_is(p, OT_TOKEN_COMMA))
			break;
		OT_TRY(ot_parse_advance(p));
		if (ot_parse_is(p, OT_TOKEN_CLOSE))
			return ot_parse_unexpected(p, "one more argument");
	}
	return ot_parse_expect(p, OT_TOKEN_CLOSE, "\")\"");
}

static struct ot_err *parse_behind(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	for (;;) {
		switch (p->token.kind) {
		case OT_TOKEN_DOT:
		case OT_TOKEN_OPEN_INDEX:
			OT_TRY(ot_parse_parts(p, ret));
			break;
		case OT_TOKEN_ARROW:
			OT_TRY(ot_parse_advance(p));
			OT_TRY(parse_member(p, OT_EXPR_ARROW, ret));
			break;
		case OT_TOKEN_OPEN:
			OT_TRY(parse_call(p, ret));
			break;
		case OT_TOKEN_INC:
		case OT_TOKEN_DEC:
			OT_TRY(ot_parse_new(p, OT_EXPR_POSTFIX, p->token.position, &node));
			node->op = p->token.kind;
			node->left = *ret;
			*ret = node;
			OT_TRY(ot_parse_advance(p));
			break;
		default:
			return NULL;
		}
	}
}

/* ------------------------------------------------------------------ braces */

static struct ot_err *parse_item(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *item = NULL;
	struct ot_expr_node *object = NULL;

	OT_TRY(ot_parse_new(p, OT_EXPR_ITEM, p->token.position, &item));
	if (ot_parse_is(p, OT_TOKEN_DOT) || ot_parse_is(p, OT_TOKEN_OPEN_INDEX)) {
		OT_TRY(ot_parse_new(p, OT_EXPR_OBJECT, p->token.position, &object));
		item->left = object;
		OT_TRY(ot_parse_parts(p, &item->left));
		OT_TRY(ot_parse_expect(p, OT_TOKEN_ASSIGN, "\"=\""));
	}
	*ret = item;
	if (ot_parse_is(p, OT_TOKEN_OPEN_BRACE))
		return ot_parse_braces(p, &item->right);
	return ot_parse_assignment(p, &item->right);
}

static struct ot_err *parse_items(struct ot_parser *p, struct ot_expr_node *braces)
{
	const struct ot_expr_node **last = &braces->right;

	OT_TRY(ot_parse_advance(p));
	while (!ot_parse_is(p, OT_TOKEN_CLOSE_BRACE)) {
		OT_TRY(parse_item(p, last));
		last = &((struct ot_expr_node *)*last)->next;
		if (!ot_parse_is(p, OT_TOKEN_COMMA))
			break;
		OT_TRY(ot_parse_advance(p));
	}
	return ot_parse_expect(p, OT_TOKEN_CLOSE_BRACE, "\"}\"");
}

struct ot_err *ot_parse_braces(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;
	struct ot_err *err;

	OT_TRY(ot_parse_new(p, OT_EXPR_BRACES, p->token.position, &node));
	*ret = node;
	OT_TRY(ot_parse_deeper(p));
	err = parse_items(p, node);
	p->depth--;
	return err;
}

/* ------------------------------------------------------------------ unary operators */

static const char *with_file(struct ot_parser *p, const struct ot_var *var)
{
	ot_auto_free char *text = ot_asprintf("%s%s%s", var->name, var->file ? "@" : "",
					      var->file ? var->file->short_name : "");

	return ot_arena_strndup(&p->expr->arena, text, strlen(text));
}

/* (item)-1 is a cast or a subtraction, and nothing at hand says which "item" is meant. */
static struct ot_err *refuse_either(const struct ot_parser *p, const struct ot_expr_node *cast)
{
	if (!ot_parse_is(p, OT_TOKEN_PLUS) && !ot_parse_is(p, OT_TOKEN_MINUS) &&
	    !ot_parse_is(p, OT_TOKEN_STAR) && !ot_parse_is(p, OT_TOKEN_AMP))
		return NULL;
	return ot_expr_error(p->expr, OT_ERR_TYPE, cast->position,
			     "a type of one file and a variable of another have this name, so "
			     "that this is a cast or an operation");
}

/* A name and nothing else in the parentheses. */
static bool is_bare(const struct ot_parser *p)
{
	struct ot_parser ahead = *p;
	struct ot_err *err = ot_parse_advance(&ahead);

	ot_err_destroy(err);
	return !err && ot_parse_is(&ahead, OT_TOKEN_CLOSE);
}

/* Behind "(": a type and ")", of a cast, a compound literal or the operand of sizeof. */
static struct ot_err *parse_cast(struct ot_parser *p, bool *is_cast, struct ot_expr_node **ret)
{
	struct ot_token open = p->token;
	struct ot_expr_node *node = NULL;
	const struct ot_var *other = NULL;
	struct ot_err *err;
	bool is_either;

	*is_cast = false;
	if (!ot_parse_is(p, OT_TOKEN_OPEN))
		return NULL;
	OT_TRY(ot_parse_advance(p));
	if (!ot_parse_starts_type(p, &other)) {
		p->token = open;
		return NULL;
	}
	*is_cast = true;
	is_either = other && is_bare(p);
	OT_TRY(ot_parse_new(p, OT_EXPR_CAST, open.position, &node));
	if (other)
		node->text = with_file(p, other);
	err = ot_parse_type(p, &node->type);
	if (!err)
		err = ot_parse_expect(p, OT_TOKEN_CLOSE, "\")\"");
	if (!err && is_either)
		err = refuse_either(p, node);
	if (err && node->text)
		ot_err_near(err, node->text);
	if (err)
		return err;
	*ret = node;
	return NULL;
}

static struct ot_err *parse_compound(struct ot_parser *p, struct ot_expr_node *node,
				     const struct ot_expr_node **ret)
{
	node->kind = OT_EXPR_COMPOUND;
	OT_TRY(ot_parse_braces(p, &node->left));
	*ret = node;
	return parse_behind(p, ret);
}

static struct ot_err *parse_sizeof(struct ot_parser *p, enum ot_expr_kind kind,
				   const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;
	struct ot_expr_node *cast = NULL;
	bool is_cast = false;

	OT_TRY(ot_parse_new(p, kind, p->token.position, &node));
	OT_TRY(ot_parse_advance(p));
	*ret = node;
	OT_TRY(parse_cast(p, &is_cast, &cast));
	if (is_cast && ot_parse_is(p, OT_TOKEN_OPEN_BRACE))
		return parse_compound(p, cast, &node->left);
	if (!is_cast)
		return parse_unary(p, &node->left);
	node->type = cast->type;
	return NULL;
}

static bool is_part_word(const struct ot_parser *p)
{
	return is_word(p, "__real__") || is_word(p, "__imag__") || is_word(p, "__real") ||
	       is_word(p, "__imag");
}

static bool is_unary(enum ot_token_kind kind)
{
	return kind == OT_TOKEN_STAR || kind == OT_TOKEN_AMP || kind == OT_TOKEN_PLUS ||
	       kind == OT_TOKEN_MINUS || kind == OT_TOKEN_TILDE || kind == OT_TOKEN_NOT ||
	       kind == OT_TOKEN_INC || kind == OT_TOKEN_DEC;
}

static struct ot_err *parse_operand(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;
	struct ot_err *err;
	bool is_cast = false;

	if (is_unary(p->token.kind) || is_part_word(p)) {
		OT_TRY(ot_parse_new(p, OT_EXPR_UNARY, p->token.position, &node));
		node->op = p->token.kind;
		node->text = p->token.text;
		if (node->op == OT_TOKEN_NAME)
			node->kind = OT_EXPR_PART;
		OT_TRY(ot_parse_advance(p));
		*ret = node;
		return parse_unary(p, &node->left);
	}
	if (is_word(p, "sizeof"))
		return parse_sizeof(p, OT_EXPR_SIZEOF, ret);
	if (is_word(p, "_Alignof") || is_word(p, "alignof") || is_word(p, "__alignof__"))
		return parse_sizeof(p, OT_EXPR_ALIGNOF, ret);
	OT_TRY(parse_cast(p, &is_cast, &node));
	if (is_cast && ot_parse_is(p, OT_TOKEN_OPEN_BRACE))
		return parse_compound(p, node, ret);
	if (is_cast) {
		*ret = node;
		err = parse_unary(p, &node->left);
		if (err && node->text)
			ot_err_near(err, node->text);
		return err;
	}
	OT_TRY(parse_primary(p, ret));
	return parse_behind(p, ret);
}

static struct ot_err *parse_unary(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_err *err;

	OT_TRY(ot_parse_deeper(p));
	err = parse_operand(p, ret);
	p->depth--;
	return err;
}

/* ------------------------------------------------------------------ other operators */

static int precedence(enum ot_token_kind kind)
{
	switch (kind) {
	case OT_TOKEN_STAR:
	case OT_TOKEN_SLASH:
	case OT_TOKEN_PERCENT:
		return 10;
	case OT_TOKEN_PLUS:
	case OT_TOKEN_MINUS:
		return 9;
	case OT_TOKEN_SHL:
	case OT_TOKEN_SHR:
		return 8;
	case OT_TOKEN_LT:
	case OT_TOKEN_GT:
	case OT_TOKEN_LE:
	case OT_TOKEN_GE:
		return 7;
	case OT_TOKEN_EQ:
	case OT_TOKEN_NE:
		return 6;
	case OT_TOKEN_AMP:
		return 5;
	case OT_TOKEN_CARET:
		return 4;
	case OT_TOKEN_PIPE:
		return 3;
	case OT_TOKEN_AND_AND:
		return 2;
	case OT_TOKEN_OR_OR:
		return 1;
	default:
		return 0;
	}
}

static struct ot_err *parse_binary(struct ot_parser *p, int lowest, const struct ot_expr_node **ret)
{
	OT_TRY(parse_unary(p, ret));
	for (;;) {
		int level = precedence(p->token.kind);
		struct ot_expr_node *node = NULL;

		if (!level || level < lowest)
			return NULL;
		OT_TRY(ot_parse_new(p, OT_EXPR_BINARY, p->token.position, &node));
		node->op = p->token.kind;
		node->left = *ret;
		OT_TRY(ot_parse_advance(p));
		OT_TRY(parse_binary(p, level + 1, &node->right));
		*ret = node;
	}
}

/* "a ? b : c", and "a ?: c" where b is a */
static struct ot_err *parse_choice_body(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	OT_TRY(parse_binary(p, 1, ret));
	if (p->token.kind != OT_TOKEN_QUESTION)
		return NULL;
	OT_TRY(ot_parse_new(p, OT_EXPR_CHOICE, p->token.position, &node));
	node->left = *ret;
	OT_TRY(ot_parse_advance(p));
	if (!ot_parse_is(p, OT_TOKEN_COLON))
		OT_TRY(ot_parse_comma(p, &node->right));
	OT_TRY(ot_parse_expect(p, OT_TOKEN_COLON, "\":\""));
	OT_TRY(parse_choice(p, &node->third));
	*ret = node;
	return NULL;
}

static struct ot_err *parse_choice(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_err *err;

	OT_TRY(ot_parse_deeper(p));
	err = parse_choice_body(p, ret);
	p->depth--;
	return err;
}

static bool is_assignment(enum ot_token_kind kind)
{
	return kind == OT_TOKEN_ASSIGN || kind == OT_TOKEN_SHL_ASSIGN ||
	       kind == OT_TOKEN_SHR_ASSIGN ||
	       (kind >= OT_TOKEN_ADD_ASSIGN && kind <= OT_TOKEN_XOR_ASSIGN);
}

static struct ot_err *assign_right(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	OT_TRY(ot_parse_new(p, OT_EXPR_ASSIGN, p->token.position, &node));
	node->op = p->token.kind;
	node->left = *ret;
	*ret = node;
	OT_TRY(ot_parse_advance(p));
	return ot_parse_assignment(p, &node->right);
}

struct ot_err *ot_parse_assignment(struct ot_parser *p, const struct ot_expr_node **ret)
{
	struct ot_err *err;

	OT_TRY(ot_parse_deeper(p));
	err = parse_choice(p, ret);
	if (!err && is_assignment(p->token.kind))
		err = assign_right(p, ret);
	p->depth--;
	return err;
}

struct ot_err *ot_parse_comma(struct ot_parser *p, const struct ot_expr_node **ret)
{
	OT_TRY(ot_parse_assignment(p, ret));
	while (ot_parse_is(p, OT_TOKEN_COMMA)) {
		struct ot_expr_node *node = NULL;

		OT_TRY(ot_parse_new(p, OT_EXPR_BINARY, p->token.position, &node));
		node->op = OT_TOKEN_COMMA;
		node->left = *ret;
		*ret = node;
		OT_TRY(ot_parse_advance(p));
		OT_TRY(ot_parse_assignment(p, &node->right));
	}
	return NULL;
}

static struct ot_err *parse_all(struct ot_expr *expr)
{
	struct ot_parser p = {.expr = expr};

	OT_TRY(ot_expr_lex(expr, 0, &p.token));
	OT_TRY(ot_parse_comma(&p, &expr->root));
	if (p.token.kind != OT_TOKEN_END)
		return ot_parse_unexpected(&p, "the end or an operator");
	return NULL;
}

struct ot_err *ot_expr_parse_in(const struct ot_expr_scope *scope, const char *text,
				struct ot_expr **ret)
{
	struct ot_expr *expr;
	struct ot_err *err;

	if (strlen(text) > OT_EXPR_MAX_BYTES)
		return ot_err_new(OT_ERR_SYNTAX,
				  "the expression is too long: it has %zu bytes, and may have %u",
				  strlen(text), OT_EXPR_MAX_BYTES);
	expr = ot_alloc(sizeof(*expr));
	expr->program = scope->program;
	expr->scope = scope;
	expr->text = ot_arena_strndup(&expr->arena, text, strlen(text));
	err = parse_all(expr);
	if (err) {
		ot_expr_destroy(expr);
		return err;
	}
	expr->scope = NULL;
	*ret = expr;
	return NULL;
}

struct ot_err *ot_expr_parse(struct ot_program *program, const char *text, struct ot_expr **ret)
{
	const struct ot_expr_scope scope = {.program = program};

	return ot_expr_parse_in(&scope, text, ret);
}

void ot_expr_destroy(struct ot_expr *expr)
{
	if (!expr)
		return;
	ot_arena_deinit(&expr->arena);
	free(expr);
}
