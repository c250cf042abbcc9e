// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <string.h>

#include "base/names.h"
#include "expr/expr.h"
#include "vfs/typematch.h"

#define MAX_DEPTH 32

/* ------------------------------------------------------------------ from text */

/* Names and stars alone: what can stand in a cast. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("_ \t*@.", *text) &&
		    !((unsigned char)*text & 0x80))
			return false;
	return true;
}

static const struct ot_type *parse(struct ot_program *program, const char *text)
{
	ot_auto_free char *cast = ot_asprintf("(%s *)0", text);
	struct ot_expr_scope scope = {.program = program};
	ot_auto_value struct ot_value value = {0};
	ot_auto_err struct ot_err *err = ot_expr_value(&scope, cast, &value);

	return err || !ot_type_is_pointer(value.type) ? NULL : ot_type_strip(value.type)->target;
}

static char *without_blanks(const char *text)
{
	char *copy = ot_strdup(text);
	char *to = copy;

	for (; *text; text++)
		if (!isspace((unsigned char)*text))
			*to++ = *text;
	*to = '\0';
	return copy;
}

/* As a pattern without blanks: of "struct cl* *" the last star is C's. */
static char *pattern_of(const char *text)
{
	size_t len = strlen(text);
	size_t stars = 0;
	ot_auto_free char *front = NULL;
	ot_auto_free char *plain = NULL;
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;

	for (; len && strchr("* \t", text[len - 1]); len--)
		stars += text[len - 1] == '*';
	/* stars behind a letter are of the pattern */
	if (len && stars && text[len] == '*') {
		size_t own = strspn(text + len, "*");

		len += own;
		stars -= own;
	}
	front = ot_strndup(text, len);
	plain = without_blanks(front);
	ot_buf_adds(&out, plain);
	while (stars--)
		ot_buf_adds(&out, "\\*");
	return ot_strdup(ot_buf_text(&out));
}

/* "client *" has a star of C, "cli*" one of a pattern. */
static bool is_pattern(const char *text)
{
	const char *star = strchr(text, '*');

	return strpbrk(text, "?[(") || (star && star > text && !isspace((unsigned char)star[-1])) ||
	       (star && star[strspn(star, "* \t")]);
}

static struct ot_err *unknown(const struct ot_program *program, const char *text)
{
	struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "no type \"%s\"", text);
	ot_auto_free char *name = ot_strndup(text, strcspn(text, "*"));
	size_t nr;
	const struct ot_type *const *types = ot_program_types(program, &nr);
	struct ot_nearest nearest;
	char *word;

	for (size_t len = strlen(name); len && isspace((unsigned char)name[len - 1]); len--)
		name[len - 1] = '\0';
	word = strrchr(name, ' ');
	ot_nearest_init(&nearest, word ? word + 1 : name);
	for (size_t i = 0; i < nr; i++)
		ot_nearest_offer(&nearest, types[i]->name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

struct ot_err *ot_type_pattern_init(struct ot_program *program, const char *text,
				    struct ot_type_pattern *ret)
{
	const struct ot_type *type = is_plain(text) ? parse(program, text) : NULL;

	if (!type && !is_pattern(text))
		return unknown(program, text);
	*ret = (struct ot_type_pattern){.type = type, .text = pattern_of(text)};
	return NULL;
}

void ot_type_pattern_deinit(struct ot_type_pattern *pattern)
{
	free(pattern->text);
	memset(pattern, 0, sizeof(*pattern));
}

/* ------------------------------------------------------------------ comparing */

static bool same(const struct ot_type *a, const struct ot_type *b, int depth);

static bool same_parts(const struct ot_type *a, const struct ot_type *b, int depth)
{
	if (a->nr_members != b->nr_members || a->flags != b->flags)
		return false;
	for (uint32_t i = 0; i < a->nr_members; i++)
		if (!same(a->members[i].type, b->members[i].type, depth))
			return false;
	return true;
}

/* A name without a file means all types of that name, as several files may have them. */
static bool same_name(const struct ot_type *a, const struct ot_type *b)
{
	return a->name && b->name && !strcmp(a->name, b->name);
}

static bool same(const struct ot_type *a, const struct ot_type *b, int depth)
{
	if (!a || !b || depth > MAX_DEPTH)
		return a == b;
	a = ot_type_strip(a);
	b = ot_type_strip(b);
	if (a == b)
		return true;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case OTRACE_TYPE_POINTER:
	case OTRACE_TYPE_REFERENCE:
	case OTRACE_TYPE_RVALUE_REFERENCE:
		return same(a->target, b->target, depth + 1);
	case OTRACE_TYPE_ARRAY:
	case OTRACE_TYPE_VECTOR:
		return a->count == b->count && same(a->target, b->target, depth + 1);
	case OTRACE_TYPE_FUNCTION:
		return same(a->target, b->target, depth + 1) && same_parts(a, b, depth + 1);
	default:
		return same_name(a, b);
	}
}

/* As it would be written without typedefs and qualifiers. */
static void plain_text(const struct ot_type *type, struct ot_buf *out)
{
	size_t stars = 0;

	type = ot_type_strip(type);
	while (type->kind == OTRACE_TYPE_POINTER && type->target &&
	       !ot_type_is_function(type->target) && stars < MAX_DEPTH) {
		type = ot_type_strip(type->target);
		stars++;
	}
	ot_type_declare(type, "", out);
	ot_buf_pad(out, '*', stars);
}

static bool text_matches(const char *pattern, const char *text)
{
	ot_auto_free char *plain = without_blanks(text);

	return !strcmp(pattern, plain) || ot_glob_match(pattern, plain);
}

bool ot_type_pattern_matches(const struct ot_type_pattern *pattern, const struct ot_type *type)
{
	ot_auto_buf struct ot_buf plain = OT_BUF_INIT;

	if (pattern->type)
		return same(pattern->type, type, 0);
	if (text_matches(pattern->text, ot_type_text(type)))
		return true;
	plain_text(type, &plain);
	return text_matches(pattern->text, ot_buf_text(&plain));
}
