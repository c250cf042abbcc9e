// SPDX-License-Identifier: BSD-2-Clause
// What a word that is being typed may become.
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

static void complete_from(struct ot_vfs *vfs, const char *word, size_t start,
			  void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	struct ot_node_list list = {0};
	struct ot_node node = {0};
	struct ot_err *err = name_directory(vfs, word, start, &node);

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
			   node.kind == OT_NODE_FILES || node.kind == OT_NODE_MODULES);
	if (is_file) {
		err = ot_vfs_children(vfs, &node, word + start, &list);
		if (!err)
			offer_all(&list, word, start, offer, priv);
	}
	ot_node_list_deinit(&list);
	ot_node_deinit(&node);
	return is_file;
}

void ot_vfs_complete(struct ot_vfs *vfs, const char *word,
		     void (*offer)(void *priv, const char *text, bool is_dir), void *priv)
{
	size_t start = last_name(word);
	const char *colons = NULL;

	if (complete_file(vfs, word, offer, priv))
		return;
	complete_from(vfs, word, start, offer, priv);
	/* fn::NAME, a static of a function; names of C++ have colons of their own */
	for (const char *c = strstr(word + start, "::"); c; c = strstr(c + 2, "::"))
		colons = c;
	if (colons && colons > word)
		complete_from(vfs, word, (size_t)(colons - word) + 2, offer, priv);
}
