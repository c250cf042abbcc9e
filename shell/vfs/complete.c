// SPDX-License-Identifier: BSD-2-Clause
// What a word that is being typed may become.
#include <ctype.h>
#include <string.h>

#include "vfs/tree.h"

#define MAX_OFFERS 10000u

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

/* Bytes of a path in front of its last name, without the separator there, but for the slash of the root. */
static size_t without_separator(const char *word, size_t end)
{
	if (end > 2 && (!strncmp(word + end - 2, "->", 2) || !strncmp(word + end - 2, "::", 2)))
		return end - 2;
	if (end > 1 && word[end - 1] == '.')
		return end - 1;
	while (end > 1 && word[end - 1] == '/')
		end--;
	return end;
}

/* The directory that the part in front of the last name means, seen from @base. */
static struct ot_err *name_directory(struct ot_vfs *vfs, const char *base, const char *word,
				     size_t start, struct ot_node *ret)
{
	size_t end = without_separator(word, start);
	size_t from = end;
	ot_auto_free char *path = NULL;

	while (from > 0 && !strchr("(*&!+<=, ", word[from - 1]))
		from--;
	/* "$.field": the object of the directory */
	if (word[from] == '$' && !isdigit((unsigned char)word[from + 1]) && from < end) {
		from++;
		from += from < end && word[from] == '.';
		from += from + 1 < end && !strncmp(word + from, "->", 2) ? 2 : 0;
	}
	if (from < end && (word[from] == '/' || word[from] == '~'))
		path = ot_strndup(word + from, end - from);
	else
		path = ot_asprintf("%s/%.*s", base, (int)(end - from), word + from);
	return ot_vfs_find(vfs, path, ret, NULL);
}

/* In the order of the list and not more than somebody can look at; the last one too, so that what all
 * have in common is what all have in common. */
static void offer_all(const struct ot_node_list *list, const char *word, size_t start,
		      void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct ot_node *entry = &list->items[i];
		ot_auto_free char *text = NULL;

		if (i == MAX_OFFERS && i < list->nr - 1) {
			i = list->nr - 1;
			entry = &list->items[i];
		}
		text = ot_asprintf("%.*s%s", (int)start, word, entry->name);
		offer(priv, text, ot_node_is_dir(entry) && entry->kind != OT_NODE_FN);
	}
}

static void complete_from(struct ot_vfs *vfs, const char *base, const char *word, size_t start,
			  void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	struct ot_node_list list = {0};
	struct ot_node node = {0};
	struct ot_err *err = name_directory(vfs, base, word, start, &node);

	if (!err)
		err = ot_vfs_children(vfs, &node, word + start, &list);
	if (!err)
		offer_all(&list, word, start, offer, priv);
	ot_err_destroy(err);
	ot_node_list_deinit(&list);
	ot_node_deinit(&node);
}

/* Where names have dots and dashes of their own only slashes part them. Whether it is such a place. */
static bool complete_file(struct ot_vfs *vfs, const char *word,
			  void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	const char *slash = strrchr(word, '/');
	size_t start = slash ? (size_t)(slash - word) + 1 : 0;
	ot_auto_free char *path = ot_strndup(word, start > 1 ? start - 1 : start);
	struct ot_node_list list = {0};
	struct ot_node node = {0};
	bool is_file;
	ot_auto_err struct ot_err *err = ot_vfs_find(vfs, *path ? path : ".", &node, NULL);

	is_file = !err && (node.kind == OT_NODE_DISK || node.kind == OT_NODE_ROOT ||
			   node.kind == OT_NODE_FILES || node.kind == OT_NODE_MODULES ||
			   node.kind == OT_NODE_CONTEXTS);
	if (is_file) {
		err = ot_vfs_children(vfs, &node, word + start, &list);
		if (!err)
			offer_all(&list, word, start, offer, priv);
	}
	ot_node_list_deinit(&list);
	ot_node_deinit(&node);
	return is_file;
}

static void complete_name(struct ot_vfs *vfs, const char *base, const char *word,
			  void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	size_t start = last_name(word);
	const char *colons = NULL;

	if (*word == '.' && start == 1)
		return; /* of what stands in brackets before it */
	complete_from(vfs, base, word, start, offer, priv);
	/* fn::NAME, a static of a function; names of C++ have colons of their own */
	for (const char *c = strstr(word + start, "::"); c; c = strstr(c + 2, "::"))
		colons = c;
	if (colons && colons > word)
		complete_from(vfs, base, word, (size_t)(colons - word) + 2, offer, priv);
}

/* "..": the dots are a name of their own, and nothing but a slash follows. */
static bool complete_dots(const char *word,
			  void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	const char *slash = strrchr(word, '/');
	ot_auto_free char *text = NULL;

	if (strcmp(slash ? slash + 1 : word, "..") != 0)
		return false;
	text = ot_asprintf("%s/", word);
	offer(priv, text, true);
	return true;
}

void ot_vfs_complete(struct ot_vfs *vfs, const char *word,
		     void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	if (!complete_dots(word, offer, priv) && !complete_file(vfs, word, offer, priv))
		complete_name(vfs, ".", word, offer, priv);
}

void ot_vfs_complete_expression(struct ot_vfs *vfs, const char *word,
				void (*offer)(void *priv, const char *text, bool is_dir),
				void *priv)
{
	if (!ot_vfs_is_outside(vfs) || *word == '/' || *word == '~')
		ot_vfs_complete(vfs, word, offer, priv);
	else
		complete_name(vfs, "/osh/globals", word, offer, priv);
}
