// SPDX-License-Identifier: BSD-2-Clause
// Recursive descent over C's expression grammar. Depth and size are bounded, so neither parsing nor
// evaluating can run out of stack.
#include <string.h>

#include "expr/tree.h"

struct parser {
	struct ot_expr *expr;
	struct ot_token token; /* the one to be looked at */
	unsigned int depth;
	unsigned int nr_nodes;
};

static struct ot_err *parse_unary(struct parser *p, const struct ot_expr_node **ret);
static struct ot_err *parse_choice(struct parser *p, const struct ot_expr_node **ret);

static struct ot_err *advance(struct parser *p)
{
	return ot_expr_lex(p->expr, p->token.position + (int)p->token.len, &p->token);
}

static struct ot_err *unexpected(const struct parser *p, const char *wanted)
{
	if (p->token.kind == OT_TOKEN_END)
		return ot_expr_error(p->expr, OT_ERR_SYNTAX, p->token.position,
				     "the expression stops where %s should follow", wanted);
	return ot_expr_error(p->expr, OT_ERR_SYNTAX, p->token.position, "%s expected here", wanted);
}

static struct ot_err *expect(struct parser *p, enum ot_token_kind kind, const char *wanted)
{
	if (p->token.kind != kind)
		return unexpected(p, wanted);
	return advance(p);
}

static struct ot_err *new_node(struct parser *p, enum ot_expr_kind kind, int position,
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

/* ------------------------------------------------------------------ type names */

static const char *const base_words[] = {"unsigned", "signed", "long",	"short",
					 "int",	     "char",   "float", "double",
					 "_Bool",    "bool",   "void",	"__int128"};
static const char *const qualifier_words[] = {"const", "volatile", "restrict", "_Atomic"};

static bool is_one_of(const char *word, const char *const *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

static bool is_base_word(const char *word)
{
	return is_one_of(word, base_words, OT_NR(base_words));
}

static bool is_qualifier(const char *word)
{
	return is_one_of(word, qualifier_words, OT_NR(qualifier_words));
}

static int tag_kind(const char *word)
{
	return !strcmp(word, "struct")	? OTRACE_TYPE_STRUCT
	       : !strcmp(word, "union") ? OTRACE_TYPE_UNION
	       : !strcmp(word, "enum")	? OTRACE_TYPE_ENUM
	       : !strcmp(word, "class") ? OTRACE_TYPE_CLASS
					: -1;
}

/* Whether the name in hand starts a type. A variable of the same name hides a type. */
static bool starts_type(const struct parser *p)
{
	const char *word = p->token.text;

	if (p->token.kind != OT_TOKEN_NAME)
		return false;
	if (is_base_word(word) || is_qualifier(word) || tag_kind(word) >= 0)
		return true;
	if (!p->expr->program || ot_program_var(p->expr->program, word))
		return false;
	return ot_program_type(p->expr->program, word, -1) != NULL;
}

struct base_counts {
	int nr_long;
	bool is_unsigned;
	bool is_signed;
	bool is_short;
	const char *core; /* char, int, float, double, _Bool, void, __int128 or NULL */
};

static const char *integer_name(const struct base_counts *c)
{
	if (c->is_short)
		return c->is_unsigned ? "unsigned short" : "short";
	if (c->nr_long > 1)
		return c->is_unsigned ? "unsigned long long" : "long long";
	if (c->nr_long)
		return c->is_unsigned ? "unsigned long" : "long";
	return c->is_unsigned ? "unsigned int" : "int";
}

static const char *base_name(const struct base_counts *c)
{
	const char *core = c->core ? c->core : "int";

	if (!strcmp(core, "char"))
		return c->is_unsigned ? "unsigned char" : c->is_signed ? "signed char" : "char";
	if (!strcmp(core, "double"))
		return c->nr_long ? "long double" : "double";
	if (!strcmp(core, "__int128"))
		return c->is_unsigned ? "unsigned __int128" : "__int128";
	return strcmp(core, "int") ? core : integer_name(c);
}

static struct ot_err *parse_base(struct parser *p, const struct ot_type **ret)
{
	struct base_counts counts = {0};
	const char *name;

	while (p->token.kind == OT_TOKEN_NAME &&
	       (is_base_word(p->token.text) || is_qualifier(p->token.text))) {
		const char *word = p->token.text;

		if (!strcmp(word, "long"))
			counts.nr_long++;
		else if (!strcmp(word, "unsigned"))
			counts.is_unsigned = true;
		else if (!strcmp(word, "signed"))
			counts.is_signed = true;
		else if (!strcmp(word, "short"))
			counts.is_short = true;
		else if (!is_qualifier(word))
			counts.core = strcmp(word, "bool") ? word : "_Bool";
		OT_TRY(advance(p));
	}
	name = base_name(&counts);
	*ret = strcmp(name, "void") ? ot_program_base(p->expr->program, name)
				    : ot_program_void(p->expr->program);
	return NULL;
}

static struct ot_err *no_such_type(const struct parser *p, const char *name)
{
	struct ot_err *err =
		ot_expr_error(p->expr, OT_ERR_NOT_FOUND, p->token.position, "no type \"%s\"", name);

	return ot_program_nearest(p->expr->program, name, err);
}

static struct ot_err *parse_named_type(struct parser *p, const struct ot_type **ret)
{
	int kind = tag_kind(p->token.text);
	const struct ot_type *type;

	if (kind >= 0)
		OT_TRY(advance(p));
	if (p->token.kind != OT_TOKEN_NAME)
		return unexpected(p, "the name of a type");
	type = ot_program_type(p->expr->program, p->token.text, kind);
	if (!type)
		return no_such_type(p, p->token.text);
	OT_TRY(advance(p));
	*ret = type;
	return NULL;
}

static struct ot_err *skip_qualifiers(struct parser *p)
{
	while (p->token.kind == OT_TOKEN_NAME && is_qualifier(p->token.text))
		OT_TRY(advance(p));
	return NULL;
}

/* "struct client *", "unsigned long", "char *[4]". */
static struct ot_err *parse_type(struct parser *p, const struct ot_type **ret)
{
	const struct ot_type *type = NULL;

	OT_TRY(skip_qualifiers(p));
	if (!p->expr->program)
		return unexpected(p, "a value");
	if (p->token.kind == OT_TOKEN_NAME && is_base_word(p->token.text))
		OT_TRY(parse_base(p, &type));
	else if (p->token.kind == OT_TOKEN_NAME)
		OT_TRY(parse_named_type(p, &type));
	else
		return unexpected(p, "the name of a type");
	OT_TRY(skip_qualifiers(p));
	while (p->token.kind == OT_TOKEN_STAR) {
		type = ot_program_pointer_to(p->expr->program, type);
		OT_TRY(advance(p));
		OT_TRY(skip_qualifiers(p));
	}
	if (p->token.kind == OT_TOKEN_OPEN_INDEX) {
		uint64_t count;

		OT_TRY(advance(p));
		if (p->token.kind != OT_TOKEN_INTEGER)
			return unexpected(p, "a number of elements");
		count = p->token.integer;
		if (count > UINT32_MAX || ot_type_size(type) > UINT32_MAX)
			return unexpected(p, "a smaller number of elements");
		OT_TRY(advance(p));
		OT_TRY(expect(p, OT_TOKEN_CLOSE_INDEX, "\"]\""));
		type = ot_program_array_of(p->expr->program, type, count);
	}
	*ret = type;
	return NULL;
}

/* ------------------------------------------------------------------ operands */

static struct ot_err *parse_literal(struct parser *p, const struct ot_expr_node **ret)
{
	const struct ot_token *token = &p->token;
	struct ot_expr_node *node = NULL;

	OT_TRY(new_node(p, OT_EXPR_INTEGER, token->position, &node));
	if (token->kind == OT_TOKEN_STRING)
		node->kind = OT_EXPR_STRING;
	else if (token->kind == OT_TOKEN_NAME)
		node->kind = OT_EXPR_NAME;
	else if (token->kind == OT_TOKEN_FLOAT)
		node->kind = OT_EXPR_FLOAT;
	node->text = token->base ? token->base : token->text;
	node->text_len = token->text_len;
	node->integer = token->integer;
	node->real = token->real;
	*ret = node;
	return advance(p);
}

static struct ot_err *parse_primary(struct parser *p, const struct ot_expr_node **ret)
{
	switch (p->token.kind) {
	case OT_TOKEN_NAME:
	case OT_TOKEN_INTEGER:
	case OT_TOKEN_FLOAT:
	case OT_TOKEN_CHAR:
	case OT_TOKEN_STRING:
		return parse_literal(p, ret);
	case OT_TOKEN_OPEN:
		OT_TRY(advance(p));
		OT_TRY(parse_choice(p, ret));
		return expect(p, OT_TOKEN_CLOSE, "\")\"");
	default:
		return unexpected(p, "a value");
	}
}

static struct ot_err *parse_member(struct parser *p, enum ot_expr_kind kind,
				   const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	OT_TRY(advance(p));
	if (p->token.kind != OT_TOKEN_NAME)
		return unexpected(p, "the name of a field");
	OT_TRY(new_node(p, kind, p->token.position, &node));
	node->left = *ret;
	node->text = p->token.text;
	*ret = node;
	return advance(p);
}

static struct ot_err *parse_index(struct parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	OT_TRY(new_node(p, OT_EXPR_INDEX, p->token.position, &node));
	OT_TRY(advance(p));
	node->left = *ret;
	OT_TRY(parse_choice(p, &node->right));
	*ret = node;
	return expect(p, OT_TOKEN_CLOSE_INDEX, "\"]\"");
}

static struct ot_err *parse_postfix(struct parser *p, const struct ot_expr_node **ret)
{
	OT_TRY(parse_primary(p, ret));
	for (;;) {
		switch (p->token.kind) {
		case OT_TOKEN_DOT:
			OT_TRY(parse_member(p, OT_EXPR_MEMBER, ret));
			break;
		case OT_TOKEN_ARROW:
			OT_TRY(parse_member(p, OT_EXPR_ARROW, ret));
			break;
		case OT_TOKEN_OPEN_INDEX:
			OT_TRY(parse_index(p, ret));
			break;
		case OT_TOKEN_OPEN:
			return ot_expr_error(p->expr, OT_ERR_UNSUPPORTED, p->token.position,
					     "an expression only reads: no function is called");
		case OT_TOKEN_INC:
		case OT_TOKEN_DEC:
			return ot_expr_error(p->expr, OT_ERR_UNSUPPORTED, p->token.position,
					     "an expression only reads: nothing is stored");
		default:
			return NULL;
		}
	}
}

/* Behind "(": a type and ")" make a cast (or the operand of sizeof), anything else a value. */
static struct ot_err *parse_cast(struct parser *p, bool *is_cast, const struct ot_expr_node **ret)
{
	struct ot_token open = p->token;
	struct ot_expr_node *node = NULL;

	*is_cast = false;
	OT_TRY(advance(p));
	if (!starts_type(p)) {
		p->token = open;
		return NULL;
	}
	*is_cast = true;
	OT_TRY(new_node(p, OT_EXPR_CAST, open.position, &node));
	OT_TRY(parse_type(p, &node->type));
	OT_TRY(expect(p, OT_TOKEN_CLOSE, "\")\""));
	*ret = node;
	return NULL;
}

static struct ot_err *parse_sizeof(struct parser *p, const struct ot_expr_node **ret)
{
	const struct ot_expr_node *cast = NULL;
	struct ot_expr_node *node = NULL;
	bool is_cast = false;

	OT_TRY(new_node(p, OT_EXPR_SIZEOF, p->token.position, &node));
	OT_TRY(advance(p));
	if (p->token.kind == OT_TOKEN_OPEN)
		OT_TRY(parse_cast(p, &is_cast, &cast));
	if (is_cast)
		node->type = cast->type;
	else
		OT_TRY(parse_unary(p, &node->left));
	*ret = node;
	return NULL;
}

static bool is_unary(enum ot_token_kind kind)
{
	return kind == OT_TOKEN_STAR || kind == OT_TOKEN_AMP || kind == OT_TOKEN_PLUS ||
	       kind == OT_TOKEN_MINUS || kind == OT_TOKEN_TILDE || kind == OT_TOKEN_NOT;
}

static struct ot_err *parse_operand(struct parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;
	bool is_cast = false;

	if (is_unary(p->token.kind)) {
		OT_TRY(new_node(p, OT_EXPR_UNARY, p->token.position, &node));
		node->op = p->token.kind;
		OT_TRY(advance(p));
		*ret = node;
		return parse_unary(p, &node->left);
	}
	if (p->token.kind == OT_TOKEN_NAME && (!strcmp(p->token.text, "sizeof")))
		return parse_sizeof(p, ret);
	if (p->token.kind == OT_TOKEN_OPEN)
		OT_TRY(parse_cast(p, &is_cast, ret));
	if (is_cast)
		return parse_unary(p, &((struct ot_expr_node *)*ret)->left);
	return parse_postfix(p, ret);
}

static struct ot_err *parse_unary(struct parser *p, const struct ot_expr_node **ret)
{
	struct ot_err *err;

	if (++p->depth > OT_EXPR_MAX_DEPTH)
		return ot_expr_error(p->expr, OT_ERR_SYNTAX, p->token.position,
				     "the expression is nested too deeply");
	err = parse_operand(p, ret);
	p->depth--;
	return err;
}

/* ------------------------------------------------------------------ operators */

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

static struct ot_err *parse_binary(struct parser *p, int lowest, const struct ot_expr_node **ret)
{
	OT_TRY(parse_unary(p, ret));
	for (;;) {
		int level = precedence(p->token.kind);
		struct ot_expr_node *node = NULL;

		if (!level || level < lowest)
			return NULL;
		OT_TRY(new_node(p, OT_EXPR_BINARY, p->token.position, &node));
		node->op = p->token.kind;
		node->left = *ret;
		OT_TRY(advance(p));
		OT_TRY(parse_binary(p, level + 1, &node->right));
		*ret = node;
	}
}

static bool is_assignment(enum ot_token_kind kind)
{
	return kind == OT_TOKEN_ASSIGN || kind == OT_TOKEN_SHL_ASSIGN ||
	       kind == OT_TOKEN_SHR_ASSIGN ||
	       (kind >= OT_TOKEN_ADD_ASSIGN && kind <= OT_TOKEN_XOR_ASSIGN);
}

static struct ot_err *parse_choice_body(struct parser *p, const struct ot_expr_node **ret)
{
	struct ot_expr_node *node = NULL;

	OT_TRY(parse_binary(p, 1, ret));
	if (is_assignment(p->token.kind))
		return ot_expr_error(p->expr, OT_ERR_UNSUPPORTED, p->token.position,
				     "an expression only reads: nothing is stored (== compares)");
	if (p->token.kind != OT_TOKEN_QUESTION)
		return NULL;
	OT_TRY(new_node(p, OT_EXPR_CHOICE, p->token.position, &node));
	node->left = *ret;
	OT_TRY(advance(p));
	OT_TRY(parse_choice(p, &node->right));
	OT_TRY(expect(p, OT_TOKEN_COLON, "\":\""));
	OT_TRY(parse_choice(p, &node->third));
	*ret = node;
	return NULL;
}

static struct ot_err *parse_choice(struct parser *p, const struct ot_expr_node **ret)
{
	struct ot_err *err;

	if (++p->depth > OT_EXPR_MAX_DEPTH)
		return ot_expr_error(p->expr, OT_ERR_SYNTAX, p->token.position,
				     "the expression is nested too deeply");
	err = parse_choice_body(p, ret);
	p->depth--;
	return err;
}

static struct ot_err *parse_all(struct ot_expr *expr)
{
	struct parser p = {.expr = expr};

	OT_TRY(ot_expr_lex(expr, 0, &p.token));
	OT_TRY(parse_choice(&p, &expr->root));
	if (p.token.kind != OT_TOKEN_END)
		return unexpected(&p, "the end or an operator");
	return NULL;
}

struct ot_err *ot_expr_parse(struct ot_program *program, const char *text, struct ot_expr **ret)
{
	struct ot_expr *expr;
	struct ot_err *err;

	if (strlen(text) > OT_EXPR_MAX_BYTES)
		return ot_err_new(OT_ERR_SYNTAX, "the expression is too long");
	expr = ot_alloc(sizeof(*expr));
	expr->program = program;
	expr->text = ot_arena_strndup(&expr->arena, text, strlen(text));
	err = parse_all(expr);
	if (err) {
		ot_expr_destroy(expr);
		return err;
	}
	*ret = expr;
	return NULL;
}

void ot_expr_destroy(struct ot_expr *expr)
{
	if (!expr)
		return;
	ot_arena_deinit(&expr->arena);
	free(expr);
}
