// SPDX-License-Identifier: BSD-2-Clause
// Tokens of C, and names of ours: fn::var, NAME@file.c, $1.
#include <ctype.h>
#include <string.h>

#include "expr/tree.h"

struct ot_err *ot_expr_error(const struct ot_expr *expr, enum ot_err_code code, int position,
			     const char *format, ...)
{
	ot_auto_free char *what = NULL;
	va_list args;

	va_start(args, format);
	what = ot_vasprintf(format, args);
	va_end(args);
	return ot_err_at(ot_err_new(code, "%s", what), expr->text, position);
}

/* Names may have letters of any script, in UTF-8. */
static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

bool ot_expr_is_name_char(char c)
{
	return is_name_start(c) || isdigit((unsigned char)c);
}

static bool is_file_char(char c)
{
	return ot_expr_is_name_char(c) || (c && strchr("./+-", c) != NULL);
}

static bool names_something(struct ot_program *program, const char *name)
{
	return ot_program_var(program, name) || ot_program_fn(program, name) ||
	       ot_program_type(program, name, -1);
}

/*
 * The length of NAME@file.c at text, whose name has name_len characters. Where the file ends cannot
 * be seen ("x@shop.c.field", "x@a.c-1"): it is the longest that the program knows for this name.
 */
static size_t lex_file(struct ot_program *program, const char *text, size_t name_len)
{
	size_t end = name_len + 1;
	size_t shortest;

	while (is_file_char(text[end]))
		end++;
	shortest = name_len + 1 + strcspn(text + name_len + 1, ".-+/ ");
	for (size_t len = end; len > shortest && program; len--) {
		ot_auto_free char *name = NULL;

		if (len != end && !strchr(".-+/", text[len]))
			continue;
		name = ot_strndup(text, len);
		if (names_something(program, name))
			return len;
	}
	return end;
}

/* "$", "$$" and "$12" end where they end: "$.field", "$$-1". */
static size_t lex_result(const char *text)
{
	size_t len = 1;

	if (text[0] != '$' || isalpha((unsigned char)text[1]) || text[1] == '_')
		return 0;
	if (text[1] == '$')
		return 2;
	while (isdigit((unsigned char)text[len]))
		len++;
	return len;
}

static void lex_name(struct ot_expr *expr, const char *text, struct ot_token *ret)
{
	size_t len = lex_result(text);

	while (!lex_result(text) &&
	       (ot_expr_is_name_char(text[len]) ||
		(text[len] == ':' && text[len + 1] == ':' && is_name_start(text[len + 2]))))
		len += text[len] == ':' ? 2 : 1;
	if (text[len] == '@' && is_file_char(text[len + 1]))
		len = lex_file(expr->program, text, len);
	ret->kind = OT_TOKEN_NAME;
	ret->len = len;
	ret->text = ot_arena_strndup(&expr->arena, text, len);
	ret->text_len = len;
}

static struct ot_err *lex_punctuation(struct ot_expr *expr, int position, struct ot_token *ret)
{
	static const struct {
		const char *text;
		enum ot_token_kind kind;
	} all[] = {
#define OT_X_TOKEN(name, text) {text, OT_TOKEN_##name},
		OT_EXPR_PUNCTUATION(OT_X_TOKEN)
#undef OT_X_TOKEN
	};
	const char *start = expr->text + position;

	for (size_t i = 0; i < OT_NR(all); i++) {
		size_t len = strlen(all[i].text);

		if (strncmp(start, all[i].text, len) != 0)
			continue;
		ret->kind = all[i].kind;
		ret->len = len;
		return NULL;
	}
	return ot_expr_error(expr, OT_ERR_SYNTAX, position, "unexpected character");
}

/* A quote, behind the letters that say what its characters are. */
static bool is_quoted(const char *at)
{
	if (*at == 'L' || *at == 'U')
		at++;
	else if (*at == 'u')
		at += at[1] == '8' ? 2 : 1;
	return *at == '"' || *at == '\'';
}

struct ot_err *ot_expr_lex(struct ot_expr *expr, int position, struct ot_token *ret)
{
	const char *at = expr->text + position;

	while (isspace((unsigned char)*at))
		at++;
	position = (int)(at - expr->text);
	memset(ret, 0, sizeof(*ret));
	ret->position = position;
	if (!*at)
		return NULL;
	if (is_quoted(at))
		return ot_expr_lex_quoted(expr, position, ret);
	if (is_name_start(*at)) {
		lex_name(expr, at, ret);
		return NULL;
	}
	if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1])))
		return ot_expr_lex_number(expr, position, ret);
	return lex_punctuation(expr, position, ret);
}
