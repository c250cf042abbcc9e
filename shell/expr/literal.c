// SPDX-License-Identifier: BSD-2-Clause
// Numbers, characters and strings.
#include <ctype.h>
#include <errno.h>
#include <fenv.h>
#include <string.h>

#include "expr/tree.h"

/* ------------------------------------------------------------------ numbers */

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

static struct ot_err *wrong_end(struct ot_expr *expr, const char *end)
{
	return ot_expr_error(expr, OT_ERR_SYNTAX, (int)(end - expr->text),
			     "a number does not end like this");
}

/* Endings that C has, and that make numbers which are not calculated with. */
static struct ot_err *refused_end(struct ot_expr *expr, const char *end)
{
	int position = (int)(end - expr->text);

	if (!strncmp(end, "wb", 2) || !strncmp(end, "WB", 2))
		return ot_expr_error(expr, OT_ERR_SYNTAX, position,
				     "constants of _BitInt are not calculated with");
	if (*end && strchr("ijIJ", *end) && !ot_expr_is_name_char(end[1]))
		return ot_expr_error(expr, OT_ERR_SYNTAX, position,
				     "this is a _Complex int, which is not calculated with: an "
				     "imaginary number is written as 2.0i");
	return wrong_end(expr, end);
}

static struct ot_err *lex_suffix(struct ot_expr *expr, int position, const char *end,
				 struct ot_token *ret)
{
	const char *start = expr->text + position;
	bool decimal = start[0] != '0' || !start[1];
	bool is_unsigned = *end == 'u' || *end == 'U';
	int longs = 0;

	end += is_unsigned;
	if (*end == 'l' || *end == 'L') {
		longs = end[1] == end[0] ? 2 : 1;
		end += longs;
		if (!is_unsigned && (*end == 'u' || *end == 'U')) {
			is_unsigned = true;
			end++;
		}
	}
	if (ot_expr_is_name_char(*end) || *end == '.')
		return refused_end(expr, end);
	ret->kind = OT_TOKEN_INTEGER;
	ret->len = (size_t)(end - start);
	ret->base = integer_base(ret->integer, decimal, is_unsigned, longs);
	return NULL;
}

/* To be rounded to a _Float16 once: what lies between two long doubles is not taken for the one that is
 * half way between two such. */
static long double read_half(const char *start)
{
	int mode = fegetround();
	long double low, high;

	fesetround(FE_DOWNWARD);
	low = strtold(start, NULL);
	fesetround(FE_UPWARD);
	high = strtold(start, NULL);
	fesetround(mode);
	return low == (long double)(float)low ? high : low;
}

/* Read as its own type: twice rounded would be another number. */
static struct ot_err *lex_float(struct ot_expr *expr, int position, struct ot_token *ret)
{
	const char *start = expr->text + position;
	char *end;

	ret->real = strtod(start, &end);
	ret->base = "double";
	if (!strncmp(end, "f16", 3) || !strncmp(end, "F16", 3)) {
		ret->real = read_half(start);
		ret->base = "_Float16";
		end += 3;
	} else if (*end == 'f' || *end == 'F') {
		ret->real = strtof(start, &end);
		ret->base = "float";
		end++;
	} else if (*end == 'l' || *end == 'L') {
		ret->real = strtold(start, &end);
		ret->base = "long double";
		end++;
	}
	if ((*end == 'q' || *end == 'Q') && end != start)
		return ot_expr_error(expr, OT_ERR_SYNTAX, (int)(end - expr->text),
				     "constants of __float128 are not calculated with: they have "
				     "more digits than a long double");
	if ((*end == 'i' || *end == 'j') && strcmp(ret->base, "_Float16") != 0) {
		ret->is_imaginary = true;
		end++;
	}
	if (ot_expr_is_name_char(*end) || *end == '.' || end == start)
		return wrong_end(expr, end);
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
	const char *at = digits;
	char *end;

	while (hex ? isxdigit((unsigned char)*at) : isdigit((unsigned char)*at))
		at++;
	if (!binary && (*at == '.' || (!hex && (*at == 'e' || *at == 'E')) ||
			(hex && (*at == 'p' || *at == 'P')))) {
		if (hex && !strpbrk(at, "pP"))
			return ot_expr_error(expr, OT_ERR_SYNTAX, position,
					     "a hexadecimal fraction needs an exponent: 0x1.8p3");
		return lex_float(expr, position, ret);
	}
	if (at == digits)
		return ot_expr_error(expr, OT_ERR_SYNTAX, position, "no digits");
	errno = 0;
	ret->integer = strtoull(digits, &end, hex ? 16 : binary ? 2 : start[0] == '0' ? 8 : 10);
	if (end != at)
		return ot_expr_error(expr, OT_ERR_SYNTAX, (int)(end - expr->text),
				     "no digit of a%s number", binary ? " binary" : "n octal");
	if (errno == ERANGE)
		return ot_expr_error(expr, OT_ERR_SYNTAX, position, "the number is too large");
	return lex_suffix(expr, position, end, ret);
}

/* Where the next of C23's separators stands (1'000'000), within one number; or NULL. */
static const char *separator(const char *at)
{
	for (; ot_expr_is_name_char(*at) || *at == '.' || *at == '\''; at++)
		if (*at == '\'')
			return isxdigit((unsigned char)at[-1]) && isxdigit((unsigned char)at[1])
				       ? at
				       : NULL;
	return NULL;
}

struct ot_err *ot_expr_lex_number(struct ot_expr *expr, int position, struct ot_token *ret)
{
	const char *at = expr->text, *next = separator(at + position);
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	struct ot_expr without = {.program = expr->program};
	size_t nr = 0;

	if (!next)
		return lex_number(expr, position, ret);
	for (; next; next = separator(at), nr++) {
		ot_buf_add(&text, at, (size_t)(next - at));
		at = next + 1;
	}
	ot_buf_adds(&text, at);
	without.text = ot_buf_text(&text);
	OT_TRY(lex_number(&without, position, ret));
	ret->len += nr;
	return NULL;
}

/* ------------------------------------------------------------------ characters */

/** A quoted text being read: its characters go to out, unit_bytes each. */
struct quoted {
	struct ot_expr *expr;
	const char *at;
	uint32_t unit_bytes;
	bool has_wide; /* a character takes several units */
	struct ot_buf *out;
};

static void add_unit(struct quoted *q, uint32_t unit)
{
	ot_buf_add(q->out, &unit, q->unit_bytes);
}

static void add_code(struct quoted *q, uint32_t code)
{
	if (q->unit_bytes == 4 || (q->unit_bytes == 2 && code < 0x10000) || code < 0x80) {
		add_unit(q, code);
	} else if (q->unit_bytes == 2) {
		add_unit(q, 0xd7c0 + (code >> 10));
		add_unit(q, 0xdc00 + (code & 0x3ff));
	} else {
		int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

		q->has_wide = true;

		add_unit(q, (0xff00u >> (more + 1) & 0xffu) | code >> (6 * more));
		while (more--)
			add_unit(q, 0x80 | (code >> (6 * more) & 0x3f));
	}
}

static struct ot_err *bad_escape(struct quoted *q, const char *start, const char *what)
{
	return ot_expr_error(q->expr, OT_ERR_SYNTAX, (int)(start - q->expr->text), "%s", what);
}

static int digit_value(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : 16;
}

/* @return false: too large for a character */
static bool read_digits(struct quoted *q, int base, int max, uint32_t *ret)
{
	uint64_t limit = 1ull << (8 * q->unit_bytes);
	uint64_t code = 0;

	for (int i = 0; i < max && digit_value(*q->at) < base; i++) {
		code = code * (uint64_t)base + (uint64_t)digit_value(*q->at++);
		if (code > UINT32_MAX || (base == 8 ? code >= limit : max > 8 && code >= limit))
			return false;
	}
	*ret = (uint32_t)code;
	return true;
}

/* \u and \U: four or eight digits of a character of Unicode. */
static struct ot_err *universal(struct quoted *q, const char *start, int digits)
{
	const char *from = q->at;
	uint32_t code = 0;

	if (!read_digits(q, 16, digits, &code) || q->at - from != digits || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return bad_escape(q, start, "this is no character of Unicode");
	add_code(q, code);
	return NULL;
}

/* Behind a backslash. */
static struct ot_err *escape(struct quoted *q)
{
	static const char letters[] = "abtnvfr";
	const char *start = q->at - 1;
	const char *found;
	uint32_t code = 0;
	char c = *q->at++;

	if (c == 'u' || c == 'U')
		return universal(q, start, c == 'u' ? 4 : 8);
	if (c == 'x' && !isxdigit((unsigned char)*q->at))
		return bad_escape(q, start, "no digits behind \\x");
	if (c >= '0' && c <= '7')
		q->at--;
	if (c == 'x' || (c >= '0' && c <= '7')) {
		if (!read_digits(q, c == 'x' ? 16 : 8, c == 'x' ? 1000 : 3, &code))
			return bad_escape(q, start, "too large for a character");
		add_unit(q, code);
		return NULL;
	}
	found = c ? strchr(letters, c) : NULL;
	if (found)
		add_unit(q, 7 + (uint32_t)(found - letters));
	else if (c == 'e')
		add_unit(q, 27);
	else if (c && strchr("'\"?\\", c))
		add_unit(q, (unsigned char)c);
	else
		return bad_escape(q, start, "C has no such escape");
	return NULL;
}

/* A byte as it stands, or for wide characters what its UTF-8 says. */
static void plain(struct quoted *q)
{
	unsigned char c = (unsigned char)*q->at++;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
	uint32_t code = more ? c & (0x3fu >> more) : c;

	if (q->unit_bytes == 1 || !more) {
		q->has_wide = q->has_wide || c >= 0x80;
		add_unit(q, c);
		return;
	}
	for (; more && ((unsigned char)*q->at & 0xc0) == 0x80; more--)
		code = code << 6 | ((unsigned char)*q->at++ & 0x3f);
	add_code(q, more ? 0xfffd : code);
}

/* The letters before the quote. */
static const char *prefix(const char **at, bool is_char, uint32_t *unit_bytes)
{
	*unit_bytes = 1;
	if (**at == 'L' || **at == 'U') {
		*unit_bytes = 4;
		if (*(*at)++ == 'L')
			return is_char ? "int" : "wchar_t";
		return is_char ? "unsigned int" : "char32_t";
	}
	if (**at != 'u')
		return is_char ? "int" : "char";
	++*at;
	if (**at == '8') {
		++*at;
		return is_char ? "unsigned char" : "char";
	}
	*unit_bytes = 2;
	return is_char ? "unsigned short" : "char16_t";
}

/* 'ab' is a number of its bytes, the first one in front. */
static struct ot_err *several_chars(struct quoted *q, int position, struct ot_token *ret)
{
	uint32_t number = 0;

	if (q->out->len > sizeof(number))
		return ot_expr_error(q->expr, OT_ERR_SYNTAX, position,
				     "between single quotes go four characters at most");
	for (size_t i = 0; i < q->out->len; i++)
		number = number << 8 | (unsigned char)q->out->data[i];
	ret->kind = OT_TOKEN_CHAR;
	ret->integer = (uint64_t)(int64_t)(int32_t)number;
	return NULL;
}

static struct ot_err *quoted_char(struct quoted *q, int position, struct ot_token *ret)
{
	bool is_plain = q->unit_bytes == 1 && !strcmp(ret->base, "int");
	uint32_t unit = 0;

	if (is_plain && q->out->len > 1 && !q->has_wide)
		return several_chars(q, position, ret);
	if (q->out->len != q->unit_bytes)
		return ot_expr_error(q->expr, OT_ERR_SYNTAX, position,
				     "between single quotes goes one character");
	memcpy(&unit, q->out->data, q->unit_bytes);
	ret->kind = OT_TOKEN_CHAR;
	ret->integer = unit;
	if (is_plain)
		ret->integer = (uint64_t)(int64_t)(char)unit;
	return NULL;
}

struct ot_err *ot_expr_lex_quoted(struct ot_expr *expr, int position, struct ot_token *ret)
{
	const char *start = expr->text + position;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	struct quoted q = {.expr = expr, .at = start, .out = &text};
	bool is_char = start[strcspn(start, "'\"")] == '\'';
	char quote;

	ret->base = prefix(&q.at, is_char, &q.unit_bytes);
	quote = *q.at++;
	while (*q.at && *q.at != quote) {
		if (*q.at != '\\' || !q.at[1]) {
			plain(&q);
			continue;
		}
		q.at++;
		OT_TRY(escape(&q));
	}
	if (!*q.at)
		return ot_expr_error(expr, OT_ERR_SYNTAX, position, "the quote is not closed");
	ret->len = (size_t)(q.at + 1 - start);
	if (quote == '\'')
		return quoted_char(&q, position, ret);
	ret->kind = OT_TOKEN_STRING;
	ret->text = ot_arena_strndup(&expr->arena, ot_buf_text(&text), text.len);
	ret->text_len = text.len;
	ret->unit_bytes = q.unit_bytes;
	return NULL;
}
