// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <string.h>

#include "vfs/search.h"
#include "vfs/tree.h"

/* How many nodes lie between two questions whether to go on. */
#define ASK_EVERY 64u
#define MAX_STRING_BYTES 4096u

/** A directory whose entries are still to be looked at. */
struct place {
	char *path;
	struct ot_node node;
	unsigned int depth;
};

struct walk {
	struct ot_vfs *vfs;
	const struct ot_search *search;
	struct ot_search_end *end;
	bool in_types; /* the start is among them: they are gone into */
	OT_VEC(struct place) queue;
	size_t next;
	struct ot_map seen; /* hash of address and type */
};

/* ------------------------------------------------------------------ matching */

static bool name_matches(const char *pattern, const char *name)
{
	const char *at = strchr(name, '@');
	ot_auto_free char *alone = NULL;

	if (ot_glob_match(pattern, name))
		return true;
	if (!at)
		return false;
	alone = ot_strndup(name, (size_t)(at - name));
	return ot_glob_match(pattern, alone);
}

static bool is_number(const char *text)
{
	if (*text == '-')
		text++;
	if (!isdigit((unsigned char)*text))
		return false;
	while (isalnum((unsigned char)*text) || *text == '.')
		text++;
	return !*text;
}

static bool is_part_of_number(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* 42 is no part of 1425: a number is looked for as a whole. */
static bool contains(const char *text, const char *wanted)
{
	size_t len = strlen(wanted);
	bool whole = is_number(wanted);

	for (const char *at = strstr(text, wanted); at; at = strstr(at + 1, wanted)) {
		if (!whole ||
		    ((at == text || !is_part_of_number(at[-1])) && !is_part_of_number(at[len])))
			return true;
		if (!len)
			return false;
	}
	return false;
}

/* A pattern has to match all of the value; of a text without its quotes, too. */
static bool value_matches(const char *wanted, const char *text)
{
	size_t len = strlen(text);
	ot_auto_free char *inner = NULL;

	if (contains(text, wanted))
		return true;
	if (!ot_glob_is(wanted))
		return false;
	if (ot_glob_match(wanted, text))
		return true;
	if (len < 2 || text[0] != '"' || text[len - 1] != '"')
		return false;
	inner = ot_strndup(text + 1, len - 2);
	return ot_glob_match(wanted, inner);
}

/* What is shown as one value: not structs and arrays, whose parts come on their own. */
static bool is_leaf(const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type);

	if (ot_type_is_array(type))
		return ot_type_is_char(plain->target);
	return !ot_type_is_record(type) && plain->kind != OTRACE_TYPE_VECTOR;
}

static bool value_text(struct ot_vfs *vfs, struct ot_node *node, struct ot_buf *out)
{
	struct ot_format format = {.program = vfs->program,
				   .target = ot_node_target(vfs, node),
				   .max_string_bytes = MAX_STRING_BYTES};

	if (node->kind == OT_NODE_TEXT) {
		ot_buf_adds(out, node->note);
		return true;
	}
	if (node->kind != OT_NODE_VALUE || !is_leaf(node->value.type))
		return false;
	ot_node_resolve(vfs, node);
	if (node->err)
		return false;
	ot_value_format(&format, &node->value, out);
	return true;
}

static void look_at(struct walk *walk, const char *path, struct ot_node *node)
{
	const struct ot_search *search = walk->search;
	const struct ot_type *type = node->kind == OT_NODE_VALUE ? node->value.type
				     : node->member		 ? node->type
								 : NULL;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	if (search->name && !name_matches(search->name, node->name))
		return;
	if (search->type && (!type || !ot_type_pattern_matches(search->type, type)))
		return;
	if (search->value && (!value_text(walk->vfs, node, &text) ||
			      !value_matches(search->value, ot_buf_text(&text))))
		return;
	walk->end->nr_found++;
	search->found(search->priv, path, node, search->value ? ot_buf_text(&text) : NULL);
}

/* ------------------------------------------------------------------ walking */

static bool is_text(const struct ot_node *node)
{
	const struct ot_type *type =
		node->kind == OT_NODE_VALUE ? ot_type_strip(node->value.type) : NULL;

	return type && type->kind == OTRACE_TYPE_ARRAY && ot_type_is_char(type->target);
}

/* The way from a frame back to the one that it called, from which we came. */
static bool leads_back(const struct ot_node *node)
{
	return (node->kind == OT_NODE_FRAME || node->kind == OT_NODE_CONTEXT) &&
	       !strcmp(node->name, "__down");
}

/* Whether its entries are worth a look: functions have mostly none, folders are not ours, the letters
 * of a text are nobody's names. */
static bool has_entries(struct walk *walk, const struct ot_node *node)
{
	size_t nr;

	switch (node->kind) {
	case OT_NODE_FN:
		ot_vfs_statics(walk->vfs, node->fn, &nr);
		return nr != 0;
	case OT_NODE_TYPE:
		return walk->in_types && ot_node_is_dir(node);
	case OT_NODE_DISK:
	case OT_NODE_ROOT:
	case OT_NODE_LIVE: /* no part of what was recorded */
		return false;
	default:
		return !leads_back(node) && ot_node_is_dir(node) && !ot_node_is_fn_pointer(node) &&
		       !is_text(node);
	}
}

/* Whether the thing that it is or points to has been entered; and from now on it has. What contexts have copied of it
 * is in each another thing. */
static bool was_seen(struct walk *walk, struct ot_node *node)
{
	ot_auto_value struct ot_value whole = {0};
	uint64_t key;

	if (node->kind != OT_NODE_VALUE)
		return false;
	ot_node_resolve(walk->vfs, node);
	if (!ot_vfs_whole(walk->vfs, node, &whole))
		return true; /* NULL, or not to be read: the list would only say so */
	if (!whole.is_lvalue)
		return false;
	key = ot_hash_u64(whole.address) ^
	      ot_hash_u64((uint64_t)(uintptr_t)ot_type_strip(whole.type) ^
			  ot_hash_u64((uint64_t)(uintptr_t)node->from));
	if (ot_map_get(&walk->seen, key))
		return true;
	ot_map_set(&walk->seen, key, walk);
	return false;
}

/* Takes path and node over. */
static void add_place(struct walk *walk, char *path, struct ot_node *node, unsigned int depth)
{
	if (has_entries(walk, node) && !was_seen(walk, node)) {
		if (depth < walk->search->depth) {
			ot_vec_push(&walk->queue, ((struct place){path, *node, depth}));
			return;
		}
		walk->end->nr_too_deep++;
	}
	free(path);
	ot_node_deinit(node);
}

static bool is_over(struct walk *walk)
{
	const struct ot_search *search = walk->search;
	struct ot_search_end *end = walk->end;

	if (end->nr_nodes >= search->max_nodes)
		end->out_of_nodes = true;
	else if (end->nr_nodes % ASK_EVERY == 0 && search->interrupted &&
		 search->interrupted(search->priv, end->nr_nodes))
		end->interrupted = true;
	return end->out_of_nodes || end->interrupted;
}

static void look_into(struct walk *walk, struct place *place)
{
	struct ot_node_list list = {0};
	ot_auto_err struct ot_err *err = ot_vfs_list(walk->vfs, &place->node, &list);
	bool slash = strcmp(place->path, "/") != 0;

	if (err)
		walk->end->nr_unread++;
	if (list.is_cut)
		walk->end->elements_cut = true;
	for (size_t i = 0; i < list.nr && !is_over(walk); i++) {
		char *path =
			ot_asprintf("%s%s%s", place->path, slash ? "/" : "", list.items[i].name);

		walk->end->nr_nodes++;
		look_at(walk, path, &list.items[i]);
		add_place(walk, path, &list.items[i], place->depth + 1);
		memset(&list.items[i], 0, sizeof(list.items[i]));
	}
	ot_node_list_deinit(&list);
}

static bool is_of_types(const struct ot_node *node)
{
	return node->kind == OT_NODE_TYPES || node->kind == OT_NODE_TYPE ||
	       node->kind == OT_NODE_FIELDS || node->kind == OT_NODE_FIELD ||
	       node->kind == OT_NODE_METHODS;
}

struct ot_err *ot_search_run(struct ot_vfs *vfs, const char *path, const struct ot_search *search,
			     struct ot_search_end *ret)
{
	struct walk walk = {.vfs = vfs, .search = search, .end = ret};
	struct place start = {0};

	OT_TRY(ot_vfs_find(vfs, path, &start.node, &start.path));
	if (start.node.kind == OT_NODE_DISK || start.node.kind == OT_NODE_ROOT) {
		free(start.path);
		ot_node_deinit(&start.node);
		return ot_err_new(OT_ERR_USAGE,
				  "%s is outside /osh: use the find and grep of the "
				  "machine there",
				  path);
	}
	*ret = (struct ot_search_end){0};
	walk.in_types = is_of_types(&start.node);
	was_seen(&walk, &start.node);
	ot_vec_push(&walk.queue, start);
	for (; walk.next < walk.queue.nr; walk.next++) {
		struct place place = walk.queue.items[walk.next];

		if (!ret->interrupted && !ret->out_of_nodes)
			look_into(&walk, &place);
		free(place.path);
		ot_node_deinit(&place.node);
	}
	ot_vec_deinit(&walk.queue);
	ot_map_deinit(&walk.seen);
	return NULL;
}
