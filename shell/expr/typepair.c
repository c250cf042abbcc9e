// SPDX-License-Identifier: BSD-2-Clause
// The names of two types in one message: types of several files may be called the same.
#include <string.h>

#include "expr/eval.h"

/* What the name is of: behind pointers, in arrays. */
static const struct ot_type *named_part(const struct ot_type *type)
{
	while (type->target && !type->name && type->kind != OTRACE_TYPE_FUNCTION)
		type = type->target;
	return ot_type_is_record(type) && type->kind != OTRACE_TYPE_TYPEDEF ? ot_type_strip(type)
									    : type;
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By files alone, by lines of one file, by paths of files of one name. */
static char *with_place(const char *text, const struct ot_type *type, const struct ot_type *other)
{
	const char *file, *other_file;

	if (!type->file || !other->file)
		return type->file ? ot_asprintf("%s (%s)", text, last_component(type->file))
				  : ot_strdup(text);
	file = last_component(type->file);
	other_file = last_component(other->file);
	if (strcmp(file, other_file) != 0)
		return ot_asprintf("%s (%s)", text, file);
	if (strcmp(type->file, other->file) != 0)
		return ot_asprintf("%s (%s)", text, type->file);
	return type->line != other->line ? ot_asprintf("%s (%s:%u)", text, file, type->line)
					 : ot_strdup(text);
}

void ot_type_pair_init(struct ot_type_pair *pair, const struct ot_type *a, const struct ot_type *b)
{
	const char *left = ot_type_text(a), *right = ot_type_text(b);
	const struct ot_type *named_a = named_part(a), *named_b = named_part(b);
	bool alike = !strcmp(left, right) && named_a != named_b;

	pair->a = alike ? with_place(left, named_a, named_b) : ot_strdup(left);
	pair->b = alike ? with_place(right, named_b, named_a) : ot_strdup(right);
}

void ot_type_pair_deinit(struct ot_type_pair *pair)
{
	free(pair->a);
	free(pair->b);
}
