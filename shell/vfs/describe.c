// SPDX-License-Identifier: BSD-2-Clause
// What `ls -l` says about an entry, and completion.
#include <string.h>

#include "vfs/tree.h"

#define DESCRIBE_MAX_STRING 64u
#define DESCRIBE_MAX_ELEMENTS 16u
#define DESCRIBE_MAX_DEPTH 3u

static void describe_value(struct ot_vfs *vfs, const struct ot_node *node, struct ot_buf *out)
{
	struct ot_format format = {.program = vfs->program,
				   .target = ot_program_target(vfs->program),
				   .max_string_bytes = DESCRIBE_MAX_STRING,
				   .max_elements = DESCRIBE_MAX_ELEMENTS,
				   .max_depth = DESCRIBE_MAX_DEPTH};

	ot_buf_adds(out, "= ");
	if (node->err)
		ot_buf_addf(out, "<%s>", node->err->what);
	else
		ot_value_format(&format, &node->value, out);
}

static void describe_fn(const struct ot_fn *fn, struct ot_buf *out)
{
	ot_fn_signature(fn, out);
	ot_buf_adds(out, "  ");
	ot_fn_place(fn, out);
	if (fn->flags & OTRACE_FN_INLINE_ONLY)
		ot_buf_adds(out, "  (inlined only)");
	else if (!fn->stub)
		ot_buf_adds(out, "  (no stub)");
}

static void describe_type(const struct ot_type *type, struct ot_buf *out)
{
	if (type->kind == OTRACE_TYPE_TYPEDEF) {
		ot_buf_adds(out, "typedef ");
		ot_type_declare(type->target, "", out);
	} else {
		ot_buf_adds(out, ot_type_text(type));
	}
	ot_buf_addf(out, ", %llu bytes", (unsigned long long)ot_type_size(type));
	if (type->file)
		ot_buf_addf(out, "  %s:%u", type->file, type->line);
}

static void describe_field(const struct ot_node *node, struct ot_buf *out)
{
	const struct ot_member *member = node->member;

	ot_type_declare(member->type, node->name, out);
	if (member->bit_size)
		ot_buf_addf(out, " : %u", member->bit_size);
	ot_buf_addf(out, "  offset %llu", (unsigned long long)(node->bit_offset / 8));
	if (member->bit_size)
		ot_buf_addf(out, " bit %llu", (unsigned long long)(node->bit_offset % 8));
	ot_buf_addf(out, ", %llu bytes", (unsigned long long)ot_type_size(member->type));
}

void ot_node_describe(struct ot_vfs *vfs, const struct ot_node *node, struct ot_buf *out)
{
	switch (node->kind) {
	case OT_NODE_VALUE:
		describe_value(vfs, node, out);
		break;
	case OT_NODE_FN:
		describe_fn(node->fn, out);
		break;
	case OT_NODE_TYPE:
		describe_type(node->type, out);
		break;
	case OT_NODE_FIELD:
		describe_field(node, out);
		break;
	case OT_NODE_FILE:
		ot_buf_adds(out, "source file");
		break;
	default:
		ot_buf_adds(out, "directory");
	}
}

/* ------------------------------------------------------------------ completion */

/* Where the last name of a word starts: behind the last separator of paths or of C. */
static size_t last_name(const char *word)
{
	size_t start = 0;

	for (size_t i = 0; word[i]; i++) {
		bool in_file = strchr(word, '@') && strchr(word, '@') < word + i;

		if (word[i] == '/' || (!in_file && strchr("(*&!-+<>=,[ ", word[i])) ||
		    (word[i] == '.' && !in_file))
			start = i + 1;
	}
	return start;
}

/* The directory that the part in front of the last name means. */
static struct ot_err *name_directory(struct ot_vfs *vfs, const char *word, size_t start,
				     struct ot_node *ret)
{
	size_t end = start;
	size_t from;
	ot_auto_free char *path = NULL;

	/* without the separator itself, but for the slash of the root */
	while (end > 1 && strchr("./->:", word[end - 1]))
		end--;
	from = end;
	while (from > 0 && !strchr("(*&!+<=, ", word[from - 1]))
		from--;
	path = ot_strndup(word + from, end - from);
	return ot_vfs_find(vfs, *path ? path : ".", ret, NULL);
}

static void complete_from(struct ot_vfs *vfs, const char *word, size_t start,
			  void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	struct ot_node_list list = {0};
	struct ot_node node = {0};
	struct ot_err *err = name_directory(vfs, word, start, &node);

	if (!err)
		err = ot_vfs_list(vfs, &node, &list);
	for (size_t i = 0; !err && i < list.nr; i++) {
		const struct ot_node *entry = &list.items[i];
		ot_auto_free char *text = NULL;

		if (strncmp(entry->name, word + start, strlen(word + start)) != 0)
			continue;
		text = ot_asprintf("%.*s%s", (int)start, word, entry->name);
		offer(priv, text, ot_node_is_dir(entry) && entry->kind != OT_NODE_FN);
	}
	ot_err_destroy(err);
	ot_node_list_deinit(&list);
	ot_node_deinit(&node);
}

void ot_vfs_complete(struct ot_vfs *vfs, const char *word,
		     void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	size_t start = last_name(word);
	const char *colons = NULL;

	complete_from(vfs, word, start, offer, priv);
	/* fn::NAME, a static of a function; names of C++ have colons of their own */
	for (const char *c = strstr(word + start, "::"); c; c = strstr(c + 2, "::"))
		colons = c;
	if (colons && colons > word)
		complete_from(vfs, word, (size_t)(colons - word) + 2, offer, priv);
}
