// SPDX-License-Identifier: BSD-2-Clause
// Tokens of C, and names of ours: fn::var and NAME@file.c.
#include <ctype.h>
#include <errno.h>
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

static bool is_name_char(char c)
{
	return is_name_start(c) || isdigit((unsigned char)c);
}

static bool is_file_char(char c)
{
	return is_name_char(c) || strchr("./+-", c) != NULL;
}

static bool names_something(struct ot_program *program, const char *name)
{
	return ot_program_var(program, name) || ot_program_fn(program, name);
}

/*
 * The length of NAME@file.c at text, whose name has name_len characters. Where the file ends cannot
 * be seen ("x@shop.c.field", "x@a.c-1"): it is the longest that the program knows for this name.
 */
static size_t lex_file(struct ot_program *program, const char *text, size_t name_len)
{
	size_t end = name_len + 1;
	size_t shortest;

	while (text[end] && is_file_char(text[end]))
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

static void lex_name(struct ot_expr *expr, const char *text, struct ot_token *ret)
{
	size_t len = 0;

	while (is_name_char(text[len]) ||
	       (text[len] == ':' && text[len + 1] == ':' && is_name_start(text[len + 2])))
		len += text[len] == ':' ? 2 : 1;
	if (text[len] == '@' && text[len + 1] && is_file_char(text[len + 1]))
		len = lex_file(expr->program, text, len);
	ret->kind = OT_TOKEN_NAME;
	ret->len = len;
	ret->text = ot_arena_strndup(&expr->arena, text, len);
	ret->text_len = len;
}

/* The type of an integer constant: the first of C's list that holds it. */
static const char *integer_base(uint64_t value, bool decimal, bool is_unsigned, int longs)
{
	if (!longs && value <= INT32_MAX && !is_unsigned)
		return "int";
	if (!longs && value <= UINT32_MAX && (is_unsigned || !decimal))
		return "unsigned int";
	if (value <= INT64_MAX && !is_unsigned)
		return longs > 1 ? "long long" : "long";
	return longs > 1 ? "unsigned long long" : "unsigned long";
}

static struct ot_err *lex_suffix(struct ot_expr *expr, int position, const char *end,
				 struct ot_token *ret)
{
	const char *start = expr->text + position;
	bool decimal = start[0] != '0' || !start[1];
	bool is_unsigned = false;
	int longs = 0;

	for (; *end && strchr("uUlL", *end); end++) {
		is_unsigned = is_unsigned || *end == 'u' || *end == 'U';
		longs += *end == 'l' || *end == 'L';
	}
	if (is_name_char(*end))
		return ot_expr_error(expr, OT_ERR_SYNTAX, (int)(end - expr->text),
				     "a number does not end like this");
	ret->kind = OT_TOKEN_INTEGER;
	ret->len = (size_t)(end - start);
	ret->base = integer_base(ret->integer, decimal, is_unsigned, longs);
	return NULL;
}

static struct ot_err *lex_float(struct ot_expr *expr, int position, struct ot_token *ret)
{
	const char *start = expr->text + position;
	char *end;

	ret->real = strtold(start, &end);
	ret->base = "double";
	if (*end == 'f' || *end == 'F') {
		ret->base = "float";
		end++;
	} else if (*end == 'l' || *end == 'L') {
		ret->base = "long double";
		end++;
	}
	if (is_name_char(*end) || end == start)
		return ot_expr_error(expr, OT_ERR_SYNTAX, (int)(end - expr->text),
				     "a number does not end like this");
	ret->kind = OT_TOKEN_FLOAT;
	ret->len = (size_t)(end - start);
	return NULL;
}

static struct ot_err *lex_number(struct ot_expr *expr, int position, struct ot_token *ret)
{
	const char *start = expr->text + position;
	bool hex = start[0] == '0' && (start[1] == 'x' || start[1] == 'X');
	bool binary = start[0] == '0' && (start[1] == 'b' || start[1] == 'B');
	const char *digits = start + (hex || binary ? 2 : 0);
	char *end;

	errno = 0;
	ret->integer = strtoull(digits, &end, hex ? 16 : binary ? 2 : start[0] == '0' ? 8 : 10);
	if (*end == '.' || (!hex && !binary && (*end == 'e' || *end == 'E')) ||
	    (hex && (*end == 'p' || *end == 'P')))
		return lex_float(expr, position, ret);
	if (end == digits || !isxdigit((unsigned char)digits[0]))
		return ot_expr_error(expr, OT_ERR_SYNTAX, position, "no digits");
	if (errno == ERANGE)
		return ot_expr_error(expr, OT_ERR_SYNTAX, position, "the number is too large");
	return lex_suffix(expr, position, end, ret);
}

/* The character behind a backslash at *at, which is moved on. */
static char lex_escape(const char **at)
{
	static const char letters[] = "abtnvfr";
	const char *found;
	unsigned int code = 0;
	char c = *(*at)++;

	if (c == 'x') {
		for (int i = 0; i < 2 && isxdigit((unsigned char)**at); i++) {
			char digit = (char)tolower((unsigned char)*(*at)++);

			code = code * 16 +
			       (unsigned int)(digit > '9' ? digit - 'a' + 10 : digit - '0');
		}
		return (char)code;
	}
	if (c >= '0' && c <= '7') {
		code = (unsigned int)(c - '0');
		for (int i = 0; i < 2 && **at >= '0' && **at <= '7'; i++)
			code = code * 8 + (unsigned int)(*(*at)++ - '0');
		return (char)code;
	}
	found = c ? strchr(letters, c) : NULL;
	if (found)
		return (char)(7 + (found - letters));
	return c == 'e' ? 27 : c;
}

static struct ot_err *lex_quoted(struct ot_expr *expr, int position, struct ot_token *ret)
{
	const char *start = expr->text + position;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	const char *at = start + 1;

	while (*at && *at != *start) {
		char c = *at++;

		if (c == '\\' && *at)
			c = lex_escape(&at);
		ot_buf_addc(&text, c);
	}
	if (!*at)
		return ot_expr_error(expr, OT_ERR_SYNTAX, position, "the quote is not closed");
	ret->len = (size_t)(at + 1 - start);
	if (*start == '\'') {
		if (text.len != 1)
			return ot_expr_error(expr, OT_ERR_SYNTAX, position,
					     "between single quotes goes one character");
		ret->kind = OT_TOKEN_CHAR;
		ret->integer = (uint64_t)(int64_t)text.data[0];
		ret->base = "int";
		return NULL;
	}
	ret->kind = OT_TOKEN_STRING;
	ret->text = ot_arena_strndup(&expr->arena, ot_buf_text(&text), text.len);
	ret->text_len = text.len;
	return NULL;
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
	if (is_name_start(*at)) {
		lex_name(expr, at, ret);
		return NULL;
	}
	if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1])))
		return lex_number(expr, position, ret);
	if (*at == '"' || *at == '\'')
		return lex_quoted(expr, position, ret);
	return lex_punctuation(expr, position, ret);
}
