// SPDX-License-Identifier: BSD-2-Clause
// /osh/recent, /osh/saved and /osh/all: the folders that contexts lie in.
#include <ctype.h>
#include <string.h>

#include "contexts/contexts.h"
#include "vfs/tree.h"

/** A folder's path taken apart: "recent/traces/price/call". */
struct place {
	bool is_all, is_saved, is_pickled;
	const char *function, *label; /* NULL = any */
	int kind;		      /* < 0 = any */
	size_t depth;		      /* of parts behind the first */
};

static void take_apart(char *path, struct place *ret)
{
	char *rest = path;
	const char *root = strsep(&rest, "/");
	const char *kind = rest ? strsep(&rest, "/") : NULL;

	*ret = (struct place){.is_all = !strcmp(root, "all"),
			      .is_saved = !strcmp(root, "saved"),
			      .is_pickled = !strcmp(root, "pickled"),
			      .kind = kind ? ot_context_kind_of(kind) : -1};
	ret->function = rest ? strsep(&rest, "/") : NULL;
	ret->label = rest ? strsep(&rest, "/") : NULL;
	ret->depth = (kind != NULL) + (ret->function != NULL) + (ret->label != NULL);
}

static bool is_in(const struct ot_context *context, const struct place *place)
{
	return (!place->function || !strcmp(context->function, place->function)) &&
	       (!place->label || !strcmp(context->label, place->label));
}

void ot_node_of_context(struct ot_context *context, struct ot_node *ret)
{
	*ret = (struct ot_node){.kind = OT_NODE_CONTEXT,
				.name = context->name,
				.context = context,
				.fn = NULL,
				.tid = context->tid};
}

static void add_folder(struct ot_vfs *vfs, const char *parent, const char *name,
		       struct ot_node_list *ret)
{
	ot_auto_free char *path = ot_asprintf("%s/%s", parent, name);
	struct ot_node node = {.kind = OT_NODE_CONTEXTS, .path = ot_vfs_intern(vfs, path)};

	node.name = strrchr(node.path, '/') + 1;
	for (size_t i = 0; i < ret->nr; i++)
		if (!strcmp(ret->items[i].name, node.name))
			return;
	ot_node_list_add(ret, &node);
}

static void add_entry(struct ot_vfs *vfs, const struct ot_node *parent, const struct place *place,
		      struct ot_context *context, struct ot_node_list *ret)
{
	const char *names[] = {ot_context_kind_name(context->kind), context->function,
			       context->label};
	struct ot_node node;

	if (place->depth < OT_NR(names) && !place->is_all) {
		add_folder(vfs, parent->path, names[place->depth], ret);
		return;
	}
	ot_node_of_context(context, &node);
	if (place->is_all)
		node.name = context->id;
	ot_node_list_add(ret, &node);
}

static const char *empty_note(const struct place *place)
{
	if (place->is_saved)
		return "contexts that `save` keeps; there is none yet";
	if (place->is_pickled)
		return "contexts that were saved to a file; none is open (unpickle FILE)";
	return place->is_all
		       ? "every recorded context by its trace id; there is none yet"
		       : "the newest contexts by kind, function, label and time; there is "
			 "none yet (trace FUNCTION makes them, of many functions trace -c COND or "
			 "-d 1)";
}

static void add_all(struct ot_vfs *vfs, const struct ot_node *parent, const struct place *place,
		    struct ot_contexts *store, bool saved, struct ot_node_list *ret)
{
	size_t nr;
	struct ot_context *const *all = ot_contexts_list(store, place->kind, saved, &nr);

	for (size_t i = 0; i < nr; i++) {
		/* what is saved and recent is there once */
		if (place->is_all && !saved && all[i]->is_saved)
			continue;
		if (is_in(all[i], place))
			add_entry(vfs, parent, place, all[i], ret);
	}
}

/* Their numbers as numbers: .9 comes before .10. */
static int compare_ids(const void *a, const void *b)
{
	return strverscmp(((const struct ot_node *)a)->name, ((const struct ot_node *)b)->name);
}

static void sort_ids(struct ot_node_list *list)
{
	if (list->nr)
		qsort(list->items, list->nr, sizeof(*list->items), compare_ids);
}

struct ot_err *ot_vfs_list_contexts(struct ot_vfs *vfs, const struct ot_node *parent,
				    struct ot_node_list *ret)
{
	ot_auto_free char *path = ot_strdup(parent->path);
	struct place place;

	take_apart(path, &place);
	if (vfs->contexts && place.is_all)
		add_all(vfs, parent, &place, vfs->contexts, true, ret);
	if (vfs->contexts && !place.is_pickled)
		add_all(vfs, parent, &place, vfs->contexts, place.is_saved, ret);
	for (size_t i = 0; place.is_pickled && i < vfs->pickled.nr; i++)
		add_all(vfs, parent, &place, vfs->pickled.items[i], false, ret);
	if (place.is_all)
		sort_ids(ret);
	else if (place.depth < 3)
		ot_node_list_sort(ret);
	if (!ret->nr)
		ret->note = empty_note(&place);
	return NULL;
}

char *ot_vfs_context_path(const struct ot_context *context)
{
	const char *where = context->charged_bytes ? "recent" : "saved";

	if (ot_contexts_is_file(context->store))
		where = "pickled";
	return ot_asprintf("/osh/%s/%s/%s/%s/%s", where, ot_context_kind_name(context->kind),
			   context->function, context->label, context->name);
}

static struct ot_context *by_word(const struct ot_contexts *store, const char *word)
{
	int kind;

	if (!strcmp(word, "~~"))
		return ot_contexts_newest(store, -1);
	if (word[1] == '~') {
		kind = ot_context_kind_of(word + 2);
		return kind < 0 ? NULL : ot_contexts_newest(store, kind);
	}
	if (word[1] && !word[1 + strspn(word + 1, "0123456789")])
		return ot_contexts_by_seq(store, strtoull(word + 1, NULL, 10));
	return ot_contexts_by_id(store, word + 1);
}

/* The program's own come before those of files. */
static struct ot_context *find_word(const struct ot_vfs *vfs, const char *word)
{
	struct ot_context *context = vfs->contexts ? by_word(vfs->contexts, word) : NULL;

	for (size_t i = vfs->pickled.nr; !context && i > 0; i--)
		context = by_word(vfs->pickled.items[i - 1], word);
	return context;
}

char *ot_vfs_context_word(const struct ot_vfs *vfs, const char *word)
{
	const struct ot_context *context = find_word(vfs, word);

	return context ? ot_vfs_context_path(context) : NULL;
}

static const char *const makes[OT_NR_CONTEXT_KINDS] = {
	[OT_CONTEXT_TRACES] = "trace FUNCTION makes them",
	[OT_CONTEXT_BREAKS] = "trace -a break FUNCTION makes them",
	[OT_CONTEXT_EXCEPTIONS] =
		"traced calls that end badly make them, and with `set post_mortem on` "
		"threads that crash",
	[OT_CONTEXT_ASSERTS] =
		"a traceassert() that is false makes them while something is traced, or "
		"with `set assert_active on`",
	[OT_CONTEXT_TAGS] = "trace -a tag FUNCTION makes them",
	[OT_CONTEXT_HOLDS] = "trace -a hold FUNCTION makes them",
};

struct ot_err *ot_vfs_no_context(const char *word)
{
	int kind;

	if (!strcmp(word, "~~"))
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "there is no context yet (trace FUNCTION makes them)");
	kind = strncmp(word, "~~", 2) != 0 ? -1 : ot_context_kind_of(word + 2);
	if (kind < 0)
		return NULL;
	return ot_err_new(OT_ERR_NOT_FOUND, "there is no context of %s yet (%s)", word + 2,
			  makes[kind]);
}

struct ot_err *ot_vfs_hint_contexts(const struct ot_vfs *vfs, struct ot_err *err)
{
	static const enum ot_context_kind parked[] = {OT_CONTEXT_BREAKS, OT_CONTEXT_ASSERTS,
						      OT_CONTEXT_EXCEPTIONS};
	const struct ot_context *context;

	for (size_t i = 0; vfs->contexts && i < OT_NR(parked); i++) {
		context = ot_contexts_newest(vfs->contexts, (int)parked[i]);
		if (context && context->is_pinned)
			return ot_err_suffix(err, "; `cd ~~%s` goes to where a thread waits",
					     ot_context_kind_name(parked[i]));
	}
	if (vfs->contexts && ot_contexts_newest(vfs->contexts, -1))
		return ot_err_suffix(err, "; `cd ~~` goes to the newest one");
	return err;
}
