// SPDX-License-Identifier: BSD-2-Clause
// What conditions may have that C has not, made into what it has: before parsing (5ms), and in the tree.
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "cond/inside.h"

/* ------------------------------------------------------------------ durations */

struct preparation {
	const char *text;
	size_t at;
	struct ot_buf out;
	OT_VEC(int) places;
};

static void put(struct preparation *p, const char *text, size_t bytes)
{
	ot_buf_add(&p->out, text, bytes);
	for (size_t i = 0; i < bytes; i++)
		ot_vec_push(&p->places, (int)p->at);
}

static void copy(struct preparation *p, size_t bytes)
{
	for (; bytes; bytes--) {
		put(p, p->text + p->at, 1);
		p->at++;
	}
}

static size_t quoted(const char *text)
{
	size_t len = 1;

	while (text[len] && text[len] != text[0])
		len += text[len] == '\\' && text[len + 1] ? 2 : 1;
	return len + (text[len] != 0);
}

static size_t name(const char *text)
{
	size_t len = 0;

	while (ot_expr_is_name_char(text[len]))
		len++;
	return len;
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* "12", "1.5", "2e3": without what stands behind. */
static size_t decimal(const char *text)
{
	size_t len = digits(text), exponent;

	if (text[len] == '.')
		len += 1 + digits(text + len + 1);
	exponent = text[len] == 'e' || text[len] == 'E' ? 1 : 0;
	if (exponent && (text[len + 1] == '+' || text[len + 1] == '-'))
		exponent++;
	return exponent && isdigit((unsigned char)text[len + exponent])
		       ? len + exponent + digits(text + len + exponent)
		       : len;
}

static double unit_ns(const char *unit, size_t len)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};

	for (size_t i = 0; i < OT_NR(units); i++)
		if (strlen(units[i].name) == len && !strncmp(units[i].name, unit, len))
			return units[i].ns;
	return 0;
}

static void number(struct preparation *p)
{
	const char *text = p->text + p->at;
	size_t len = decimal(text), unit = name(text + len);
	double ns = unit_ns(text + len, unit);
	long double value = ns ? strtold(text, NULL) * (long double)ns : 0;
	ot_auto_free char *as_number = NULL;

	if (!ns || value >= 0x1p63L) {
		copy(p, len + unit);
		return;
	}
	as_number = ot_asprintf("%lld", llroundl(value));
	put(p, as_number, strlen(as_number));
	p->at += len + unit;
}

char *ot_cond_prepare(const char *text, int **places)
{
	struct preparation p = {.text = text};

	while (text[p.at]) {
		const char *at = text + p.at;

		if (*at == '"' || *at == '\'')
			copy(&p, quoted(at));
		else if (isdigit((unsigned char)*at) ||
			 (*at == '.' && isdigit((unsigned char)at[1])))
			number(&p);
		else
			copy(&p, name(at) ? name(at) : 1);
	}
	ot_vec_push(&p.places, (int)p.at);
	*places = p.places.items;
	return ot_buf_take(&p.out);
}

/* ------------------------------------------------------------------ in the tree */

/* The tree is ours as long as the expression is. */
static struct ot_expr_node *ours(const struct ot_expr_node *node)
{
	return (struct ot_expr_node *)(uintptr_t)node;
}

bool ot_cond_is_tag_test(const struct ot_expr_node *node)
{
	return node->kind == OT_EXPR_CAST && node->op == OT_TOKEN_NAME;
}

static bool is_ours(const struct ot_compiler *c, const struct ot_expr_node *node,
		    enum ot_cond_name what)
{
	return node->kind == OT_EXPR_NAME && ot_cond_named(c, node->text).what == what;
}

/* tagged(EXPR) */
static struct ot_err *rewrite_call(struct ot_compiler *c, const struct ot_expr_node *node)
{
	struct ot_expr_node *call = ours(node);

	if (!is_ours(c, node->left, OT_COND_TAGGED) || strcmp(node->left->text, "tagged") != 0)
		return NULL;
	if (!node->right || node->right->next)
		return ot_cond_error(c, node, OT_ERR_SYNTAX, "\"tagged\" is asked of one pointer");
	call->kind = OT_EXPR_CAST;
	call->op = OT_TOKEN_NAME;
	call->type = ot_program_base(c->program, "int");
	call->left = node->right->right;
	call->right = NULL;
	call->text = NULL;
	return NULL;
}

static bool is_text(const struct ot_type *type)
{
	const struct ot_type *plain = type ? ot_type_strip(type) : NULL;

	return plain && (plain->kind == OTRACE_TYPE_POINTER || plain->kind == OTRACE_TYPE_ARRAY) &&
	       ot_type_is_char(plain->target);
}

/* name==bob, as somebody might write who is used to shells. */
static struct ot_err *check_quotes(struct ot_compiler *c, const struct ot_expr_node *node)
{
	ot_auto_err struct ot_err *unknown = NULL;
	struct ot_value unused = {0};

	if (node->right->kind != OT_EXPR_NAME ||
	    ot_cond_named(c, node->right->text).what != OT_COND_OTHER ||
	    !ot_cond_local(c, node->right->text, &unused, &unknown) ||
	    !is_text(ot_cond_place_type(c, node->left)))
		return NULL;
	return ot_cond_error(c, node->right, OT_ERR_NOT_FOUND,
			     "nothing is called \"%s\"; a text stands in quotes: %s \"%s\"",
			     node->right->text, ot_eval_op_text(node->op), node->right->text);
}

static struct ot_err *rewrite_comparison(struct ot_compiler *c, const struct ot_expr_node *node)
{
	const struct ot_expr_node *sides[] = {node->left, node->right};

	for (int i = 0; i < 2; i++)
		if (sides[i]->kind == OT_EXPR_STRING && is_ours(c, sides[1 - i], OT_COND_THREAD))
			ours(sides[1 - i])->text = "$thread name";
	return check_quotes(c, node);
}

/* As the original has them. */
static void rewrite_name(struct ot_compiler *c, const struct ot_expr_node *node)
{
	static const struct {
		const char *from;
		const char *to;
	} words[] = {{"True", "true"}, {"False", "false"}, {"None", "NULL"}};
	ot_auto_err struct ot_err *unknown = NULL;
	struct ot_value unused = {0};

	for (size_t i = 0; i < OT_NR(words); i++)
		if (!strcmp(node->text, words[i].from) &&
		    ot_cond_named(c, node->text).what == OT_COND_OTHER &&
		    ot_cond_local(c, node->text, &unused, &unknown))
			ours(node)->text = words[i].to;
}

struct ot_err *ot_cond_rewrite(struct ot_compiler *c, const struct ot_expr_node *node)
{
	if (!node)
		return NULL;
	if (node->kind == OT_EXPR_NAME)
		rewrite_name(c, node);
	OT_TRY(ot_cond_rewrite(c, node->left));
	OT_TRY(ot_cond_rewrite(c, node->right));
	OT_TRY(ot_cond_rewrite(c, node->third));
	for (const struct ot_expr_node *item = node->kind == OT_EXPR_CALL ? node->right : NULL;
	     item && item->next; item = item->next)
		OT_TRY(ot_cond_rewrite(c, item->next));
	if (node->kind == OT_EXPR_CALL)
		return rewrite_call(c, node);
	if (node->kind == OT_EXPR_BINARY && (node->op == OT_TOKEN_EQ || node->op == OT_TOKEN_NE))
		return rewrite_comparison(c, node);
	return NULL;
}
