// SPDX-License-Identifier: BSD-2-Clause
// Paths: from what a user writes to a place in the tree.
#include <string.h>

#include "vfs/tree.h"

/** The way to a place: every directory on it. */
struct walk {
	struct ot_vfs *vfs;
	struct ot_node_list stack; /* never empty: the root */
	size_t nr_stale;	   /* components of the current directory that are left to walk */
};

static void walk_init(struct walk *walk, struct ot_vfs *vfs)
{
	struct ot_node root;

	memset(walk, 0, sizeof(*walk));
	walk->vfs = vfs;
	ot_vfs_root(&root);
	ot_node_list_add(&walk->stack, &root);
}

static void walk_deinit(struct walk *walk)
{
	ot_node_list_deinit(&walk->stack);
}

#define auto_walk __attribute__((cleanup(walk_deinit)))

static struct ot_node *walk_top(struct walk *walk)
{
	return &walk->stack.items[walk->stack.nr - 1];
}

static void walk_up(struct walk *walk)
{
	if (walk->stack.nr > 1)
		ot_node_deinit(&walk->stack.items[--walk->stack.nr]);
}

static char *walk_path(const struct walk *walk)
{
	struct ot_buf path = OT_BUF_INIT;

	for (size_t i = 1; i < walk->stack.nr; i++) {
		ot_buf_addc(&path, '/');
		ot_buf_adds(&path, walk->stack.items[i].name);
	}
	if (!path.len)
		ot_buf_addc(&path, '/');
	return ot_buf_take(&path);
}

/* ------------------------------------------------------------------ errors */

static struct ot_err *not_found(struct walk *walk, const char *name)
{
	ot_auto_free char *at = walk_path(walk);
	struct ot_node_list list = {0};
	struct ot_nearest nearest;
	struct ot_err *err;

	err = ot_err_at(ot_err_new(OT_ERR_NOT_FOUND, "no \"%s\" here", name), at, -1);
	ot_vfs_children(walk->vfs, walk_top(walk), &list);
	ot_nearest_init(&nearest, name);
	for (size_t i = 0; i < list.nr; i++)
		ot_nearest_offer(&nearest, list.items[i].name);
	ot_nearest_add_to(&nearest, err);
	ot_node_list_deinit(&list);
	return err;
}

static struct ot_err *no_parts(struct walk *walk)
{
	struct ot_node *top = walk_top(walk);
	ot_auto_free char *at = walk_path(walk);

	if (top->err)
		return ot_err_at(ot_err_new(top->err->code, "%s", top->err->what), at, -1);
	if (top->kind == OT_NODE_VALUE && top->value.state == OT_VALUE_OPTIMIZED_OUT)
		return ot_err_at(ot_err_new(OT_ERR_OPTIMIZED, "%s is optimized out", top->name), at,
				 -1);
	return ot_err_at(ot_err_new(OT_ERR_NOT_FOUND, "%s is not a directory", top->name), at, -1);
}

/* A pointer that cannot be followed now. */
static struct ot_err *check_pointer(struct walk *walk)
{
	struct ot_node *top = walk_top(walk);
	ot_auto_value struct ot_value whole = {0};
	ot_auto_free char *at = NULL;

	if (top->kind != OT_NODE_VALUE || !ot_node_is_dir(top) ||
	    ot_vfs_whole(walk->vfs, top, &whole))
		return NULL;
	at = walk_path(walk);
	return ot_err_at(ot_err_new(OT_ERR_FAULT, "%s is NULL or cannot be read", top->name), at,
			 -1);
}

/* ------------------------------------------------------------------ steps */

static struct ot_err *walk_glob(struct walk *walk, const char *pattern)
{
	struct ot_node_list list = {0};
	struct ot_err *err = NULL;
	size_t found = 0;
	size_t nr = 0;

	ot_vfs_children(walk->vfs, walk_top(walk), &list);
	for (size_t i = 0; i < list.nr; i++)
		if (ot_glob_match(pattern, list.items[i].name)) {
			found = i;
			nr++;
		}
	if (nr > 1) {
		err = ot_err_new(OT_ERR_AMBIGUOUS, "%zu names match \"%s\"", nr, pattern);
		for (size_t i = 0; i < list.nr; i++)
			if (ot_glob_match(pattern, list.items[i].name))
				ot_err_near(err, list.items[i].name);
	} else if (!nr) {
		err = not_found(walk, pattern);
	} else {
		ot_node_list_add(&walk->stack, &list.items[found]);
		memset(&list.items[found], 0, sizeof(list.items[found]));
	}
	ot_node_list_deinit(&list);
	return err;
}

/*
 * C's separators inside a component: "server.clients->head", "table[3]". The first part is the
 * longest in front of a separator that is an entry ("x@shop.c.field" has a dot in its first part).
 * Returns its length, 0 = no part is an entry.
 */
static size_t split_part(struct walk *walk, const char *name, struct ot_node *ret)
{
	for (size_t len = strlen(name); len > 0; len--) {
		ot_auto_free char *part = NULL;
		bool ends = !name[len] || name[len] == '.' || name[len] == '[' ||
			    (name[len] == '-' && name[len + 1] == '>');

		if (!ends)
			continue;
		part = ot_strndup(name, len);
		if (ot_vfs_child(walk->vfs, walk_top(walk), part, ret))
			return len;
	}
	return 0;
}

static const char *skip_separator(const char *at)
{
	if (at[0] == '-' && at[1] == '>')
		return at + 2;
	return *at == '.' ? at + 1 : at;
}

/* "[3]" to "3"; moves *at behind it. */
static char *take_index(const char **at)
{
	const char *close = strchr(*at, ']');
	char *index;

	if (**at != '[' || !close)
		return NULL;
	index = ot_strndup(*at + 1, (size_t)(close - *at - 1));
	*at = close + 1;
	return index;
}

static struct ot_err *walk_parts(struct walk *walk, const char *name)
{
	while (*name) {
		ot_auto_free char *index = take_index(&name);
		struct ot_node node;
		size_t len = 0;

		if (!ot_node_is_dir(walk_top(walk)))
			return no_parts(walk);
		OT_TRY(check_pointer(walk));
		if (index) {
			if (!ot_vfs_child(walk->vfs, walk_top(walk), index, &node))
				return not_found(walk, index);
		} else {
			len = split_part(walk, name, &node);
			if (!len)
				return not_found(walk, name);
		}
		ot_node_list_add(&walk->stack, &node);
		name = skip_separator(name + len);
	}
	return NULL;
}

static struct ot_err *walk_component(struct walk *walk, const char *name)
{
	struct ot_node node;

	if (!strcmp(name, "."))
		return NULL;
	if (!strcmp(name, "..")) {
		walk_up(walk);
		return NULL;
	}
	if (!ot_node_is_dir(walk_top(walk)))
		return no_parts(walk);
	if (ot_vfs_child(walk->vfs, walk_top(walk), name, &node)) {
		ot_node_list_add(&walk->stack, &node);
		return NULL;
	}
	OT_TRY(check_pointer(walk));
	if (ot_glob_is(name) && !strchr(name, ']'))
		return walk_glob(walk, name);
	return walk_parts(walk, name);
}

static struct ot_err *walk_all(struct walk *walk, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");
		ot_auto_free char *name = ot_strndup(path, len);

		if (len)
			OT_TRY(walk_component(walk, name));
		path += len;
		path += strspn(path, "/");
	}
	return NULL;
}

static struct ot_err *walk_cwd(struct walk *walk)
{
	struct ot_err *err = walk_all(walk, walk->vfs->cwd);

	if (err)
		return ot_err_prefix(err, "stale directory %s", walk->vfs->cwd);
	return NULL;
}

/* Goes to where a path starts; returns the rest of it. */
static struct ot_err *walk_start(struct walk *walk, const char **path)
{
	if (!strncmp(*path, "~~g", 3) && (!(*path)[3] || (*path)[3] == '/')) {
		*path += 3;
		return walk_all(walk, "/osh/globals");
	}
	if (!strncmp(*path, "~~", 2) && (!(*path)[2] || (*path)[2] == '/')) {
		*path += 2;
		return walk_all(walk, "/osh/globals");
	}
	if (**path == '/')
		return NULL;
	return walk_cwd(walk);
}

/* ------------------------------------------------------------------ finding */

struct ot_err *ot_vfs_find(struct ot_vfs *vfs, const char *path, struct ot_node *ret,
			   char **path_ret)
{
	auto_walk struct walk walk = {0};

	walk_init(&walk, vfs);
	OT_TRY(walk_start(&walk, &path));
	OT_TRY(walk_all(&walk, path));
	if (path_ret)
		*path_ret = walk_path(&walk);
	*ret = *walk_top(&walk);
	walk.stack.nr--;
	return NULL;
}

static void match_children(struct ot_vfs *vfs, const struct ot_node *parent, const char *prefix,
			   const char *rest, struct ot_node_list *ret);

/* One entry that matched: it is a result, or the way to results. Takes the node over. */
static void match_child(struct ot_vfs *vfs, struct ot_node *node, const char *prefix,
			const char *rest, struct ot_node_list *ret)
{
	ot_auto_free char *path = ot_asprintf("%s%s", prefix, node->name);

	if (!*rest) {
		node->name = ot_vfs_intern(vfs, path);
		ot_node_list_add(ret, node);
		return;
	}
	if (ot_node_is_dir(node)) {
		ot_auto_free char *below = ot_asprintf("%s/", path);

		match_children(vfs, node, below, rest, ret);
	}
	ot_node_deinit(node);
}

static void match_children(struct ot_vfs *vfs, const struct ot_node *parent, const char *prefix,
			   const char *rest, struct ot_node_list *ret)
{
	size_t len = strcspn(rest, "/");
	ot_auto_free char *pattern = ot_strndup(rest, len);
	struct ot_node_list list = {0};
	struct ot_node node;

	rest += len;
	rest += strspn(rest, "/");
	if (!ot_glob_is(pattern)) {
		if (ot_vfs_child(vfs, parent, pattern, &node))
			match_child(vfs, &node, prefix, rest, ret);
		return;
	}
	ot_vfs_children(vfs, parent, &list);
	for (size_t i = 0; i < list.nr; i++) {
		if (!ot_glob_match(pattern, list.items[i].name))
			continue;
		node = list.items[i];
		memset(&list.items[i], 0, sizeof(list.items[i]));
		match_child(vfs, &node, prefix, rest, ret);
	}
	ot_node_list_deinit(&list);
}

/* Length of the directory part in front of the first component with a wildcard. */
static size_t fixed_part(const char *path)
{
	size_t fixed = 0;
	size_t at = 0;

	while (path[at]) {
		size_t len = strcspn(path + at, "/");
		ot_auto_free char *name = ot_strndup(path + at, len);

		if (ot_glob_is(name))
			return fixed;
		at += len;
		at += strspn(path + at, "/");
		fixed = at;
	}
	return at;
}

struct ot_err *ot_vfs_match(struct ot_vfs *vfs, const char *path, struct ot_node_list *ret)
{
	size_t fixed = fixed_part(path);
	ot_auto_free char *prefix = ot_strndup(path, fixed);
	auto_walk struct walk walk = {0};
	struct ot_node node;
	size_t before = ret->nr;
	const char *start = prefix;
	struct ot_err *err;

	/* "table[3]" is an index first; as a wildcard it is tried when there is none */
	err = ot_vfs_find(vfs, path, &node, NULL);
	if (!err) {
		if (!ot_glob_is(path))
			node.name = ot_vfs_intern(vfs, path);
		ot_node_list_add(ret, &node);
		return NULL;
	}
	if (!path[fixed])
		return err;
	ot_err_destroy(err);
	walk_init(&walk, vfs);
	OT_TRY(walk_start(&walk, &start));
	OT_TRY(walk_all(&walk, start));
	match_children(vfs, walk_top(&walk), prefix, path + fixed, ret);
	if (ret->nr == before)
		return ot_err_new(OT_ERR_NOT_FOUND, "nothing matches \"%s\"", path);
	return NULL;
}

struct ot_err *ot_vfs_list(struct ot_vfs *vfs, const struct ot_node *node, struct ot_node_list *ret)
{
	ot_auto_value struct ot_value whole = {0};

	if (node->err)
		return ot_err_new(node->err->code, "%s", node->err->what);
	if (!ot_node_is_dir(node))
		return ot_err_new(OT_ERR_NOT_FOUND, "%s is not a directory", node->name);
	if (node->kind == OT_NODE_VALUE && !ot_vfs_whole(vfs, node, &whole))
		return ot_err_new(OT_ERR_FAULT, "%s is NULL or cannot be read", node->name);
	ot_vfs_children(vfs, node, ret);
	return NULL;
}

/* ------------------------------------------------------------------ where we are */

struct ot_vfs *ot_vfs_create(struct ot_program *program)
{
	struct ot_vfs *vfs = ot_alloc(sizeof(*vfs));

	vfs->program = program;
	vfs->cwd = ot_strdup("/osh/globals");
	vfs->before = ot_strdup("/osh/globals");
	return vfs;
}

void ot_vfs_destroy(struct ot_vfs *vfs)
{
	if (!vfs)
		return;
	free(vfs->cwd);
	free(vfs->before);
	free(vfs->prompt);
	ot_map_deinit(&vfs->interned);
	ot_arena_deinit(&vfs->names);
	free(vfs);
}

struct ot_program *ot_vfs_program(const struct ot_vfs *vfs)
{
	return vfs->program;
}

const char *ot_vfs_cwd(const struct ot_vfs *vfs)
{
	return vfs->cwd;
}

const char *ot_vfs_prompt(const struct ot_vfs *vfs)
{
	const char *last = strrchr(vfs->cwd, '/');
	struct ot_vfs *cache = (struct ot_vfs *)vfs;

	free(cache->prompt);
	if (!strncmp(vfs->cwd, "/osh/", 5) && strchr(vfs->cwd + 5, '/'))
		cache->prompt = ot_asprintf("osh..%s", last + 1);
	else
		cache->prompt = ot_strdup(last[1] ? last + 1 : "/");
	return vfs->prompt;
}

struct ot_err *ot_vfs_cd(struct ot_vfs *vfs, const char *path)
{
	struct ot_node node = {0};
	char *cwd;
	bool is_dir;

	if (!path || !*path)
		path = "/osh/globals";
	if (!strcmp(path, "-"))
		path = vfs->before;
	OT_TRY(ot_vfs_find(vfs, path, &node, &cwd));
	is_dir = ot_node_is_dir(&node);
	if (!is_dir) {
		struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "%s is not a directory", cwd);

		if (node.err)
			ot_err_at(err, node.err->what, -1);
		ot_node_deinit(&node);
		free(cwd);
		return err;
	}
	ot_node_deinit(&node);
	free(vfs->before);
	vfs->before = vfs->cwd;
	vfs->cwd = cwd;
	return NULL;
}

struct ot_err *ot_vfs_scope(struct ot_vfs *vfs, struct ot_expr_scope *ret, struct ot_node *hold)
{
	struct ot_value whole = {0};

	*ret = (struct ot_expr_scope){.program = vfs->program};
	memset(hold, 0, sizeof(*hold));
	OT_TRY(ot_vfs_find(vfs, ".", hold, NULL));
	if (hold->kind == OT_NODE_FN) {
		ret->fn = hold->fn;
		ret->file = hold->fn->file;
	} else if (hold->kind == OT_NODE_VALUE && ot_vfs_whole(vfs, hold, &whole)) {
		ot_value_deinit(&hold->value);
		ot_value_copy(&whole, &hold->value);
		ot_value_deinit(&whole);
		ret->self = &hold->value;
	}
	return NULL;
}
