// SPDX-License-Identifier: BSD-2-Clause
// Paths: from what a user writes to a place in the tree.
#include <limits.h>
#include <pwd.h>
#include <string.h>

#include "contexts/contexts.h"
#include "vfs/tree.h"

/** The way to a place: every directory on it. */
struct walk {
	struct ot_vfs *vfs;
	struct ot_node_list stack; /* never empty: the root */
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

/* A name that several things have: which. NULL: it is none. */
static struct ot_err *ambiguous(const struct walk *walk, const char *name)
{
	const struct ot_program *program = walk->vfs->program;
	const struct ot_var *var = NULL;
	struct ot_fn *fn = NULL;
	struct ot_err *err = NULL;

	if (!program || walk->stack.items[walk->stack.nr - 1].kind != OT_NODE_GLOBALS)
		return NULL;
	if (ot_program_var(program, name))
		err = ot_program_find_var(program, name, &var);
	else if (ot_program_fn(program, name))
		err = ot_program_find_fn(program, name, &fn);
	if (!err || err->code == OT_ERR_AMBIGUOUS)
		return err;
	ot_err_destroy(err);
	return NULL;
}

/* Names that only contexts have: up, dn, cdt and cde lead there. */
static struct ot_err *no_context(const struct ot_vfs *vfs, const char *name)
{
	static const char *const frames[] = {"__up", "__down", "__trc"};
	static const char *const others[] = {"__after", "__live", "exc_stack", "exc_context"};

	for (size_t i = 0; i < OT_NR(frames); i++)
		if (!strcmp(name, frames[i]))
			return ot_vfs_hint_contexts(
				vfs,
				ot_err_new(OT_ERR_NOT_FOUND,
					   "no \"%s\" here: only a recorded context has frames to "
					   "go to, and this is none",
					   name));
	for (size_t i = 0; i < OT_NR(others); i++)
		if (!strcmp(name, others[i]))
			return ot_vfs_hint_contexts(
				vfs, ot_err_new(OT_ERR_NOT_FOUND,
						"no \"%s\" here: only a recorded context has "
						"one, and this is none",
						name));
	if (!strcmp(name, ":"))
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "no \":\" here: only an entry of /osh/db or /osh/pickled has "
				  "one, and this is none");
	return NULL;
}

static struct ot_err *not_found(struct walk *walk, const char *name)
{
	ot_auto_free char *at = walk_path(walk);
	struct ot_node_list list = {0};
	struct ot_nearest nearest;
	struct ot_err *err = ambiguous(walk, name);

	if (err)
		return err;
	err = no_context(walk->vfs, name);
	if (err)
		return ot_err_at(err, at, -1);
	err = ot_vfs_children(walk->vfs, walk_top(walk), "", &list);
	if (err)
		return err;
	err = ot_err_at(ot_err_new(OT_ERR_NOT_FOUND, "no \"%s\" here", name), at, -1);
	ot_nearest_init(&nearest, name);
	for (size_t i = 0; i < list.nr; i++)
		ot_nearest_offer(&nearest, list.items[i].name);
	ot_nearest_add_to(&nearest, err);
	ot_node_list_deinit(&list);
	return err;
}

/* Why the place reached so far cannot be gone into, or NULL. */
static struct ot_err *check_directory(struct walk *walk)
{
	const struct ot_node *top = walk_top(walk);
	ot_auto_value struct ot_value whole = {0};
	ot_auto_free char *at = NULL;
	const struct ot_fn *fn;
	struct ot_err *err = NULL;

	if (ot_node_is_fn_pointer(top))
		err = ot_vfs_pointed_fn(walk->vfs, top, &fn);
	else if (top->kind == OT_NODE_VALUE)
		err = ot_vfs_enter(walk->vfs, top, &whole);
	else if (!ot_node_is_dir(top))
		err = ot_err_new(OT_ERR_NOT_FOUND, "%s is not a directory", top->name);
	if (!err)
		return NULL;
	at = walk_path(walk);
	return ot_err_at(err, at, -1);
}

/* ------------------------------------------------------------------ steps */

/* What every name that the pattern matches starts with. */
static char *fixed_start(const char *pattern)
{
	return ot_strndup(pattern, strcspn(pattern, "*?[\\"));
}

/* Names that are hidden are matched by patterns that say so. */
static bool matches(const char *pattern, const struct ot_node *node)
{
	if (node->kind == OT_NODE_DISK && *node->name == '.' && *pattern != '.')
		return false;
	return ot_glob_match(pattern, node->name);
}

static struct ot_err *several(const char *pattern, const struct ot_node_list *list, size_t nr)
{
	struct ot_err *err = ot_err_new(OT_ERR_AMBIGUOUS, "%zu names match \"%s\", it is ambiguous",
					nr, pattern);

	for (size_t i = 0; i < list->nr; i++)
		if (matches(pattern, &list->items[i]))
			ot_err_near(err, list->items[i].name);
	return err;
}

static struct ot_err *walk_glob(struct walk *walk, const char *pattern)
{
	ot_auto_free char *start = fixed_start(pattern);
	struct ot_node_list list = {0};
	struct ot_err *err = NULL;
	size_t found = 0;
	size_t nr = 0;

	OT_TRY(ot_vfs_children(walk->vfs, walk_top(walk), start, &list));
	for (size_t i = 0; i < list.nr; i++)
		if (matches(pattern, &list.items[i])) {
			found = i;
			nr++;
		}
	if (nr > 1) {
		err = several(pattern, &list, nr);
	} else if (!nr) {
		err = not_found(walk, pattern);
	} else {
		ot_node_resolve(walk->vfs, &list.items[found]);
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

		OT_TRY(check_directory(walk));
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

/* A pattern may have C's separators behind it, and an index may be a pattern: "serv*.db[0]". */
static struct ot_err *walk_pattern(struct walk *walk, const char *name)
{
	size_t depth = walk->stack.nr;
	size_t len = 0;
	ot_auto_free char *first = NULL;
	struct ot_err *err = NULL;

	if (strchr(name, '[')) {
		err = walk_parts(walk, name);
		if (!err || err->code != OT_ERR_NOT_FOUND)
			return err;
		while (walk->stack.nr > depth)
			walk_up(walk);
	}
	ot_err_destroy(err);
	err = walk_glob(walk, name);
	if (!err || err->code == OT_ERR_AMBIGUOUS)
		return err;
	while (name[len] && name[len] != '.' && strncmp(name + len, "->", 2) != 0)
		len++;
	first = ot_strndup(name, len);
	if (!name[len] || !len || !ot_glob_is(first))
		return err;
	ot_err_destroy(err);
	OT_TRY(walk_pattern(walk, first));
	return walk_parts(walk, skip_separator(name + len));
}

/* Down from a frame that one went up to is where one came from. */
static bool leads_back(struct walk *walk, const char *name)
{
	return walk_top(walk)->kind == OT_NODE_FRAME && !strcmp(name, "__down");
}

static struct ot_err *walk_component(struct walk *walk, const char *name)
{
	struct ot_node node;

	if (!strcmp(name, "."))
		return NULL;
	if (!strcmp(name, "..") || leads_back(walk, name)) {
		walk_up(walk);
		return NULL;
	}
	if (ot_node_is_dir(walk_top(walk)) &&
	    ot_vfs_child(walk->vfs, walk_top(walk), name, &node)) {
		ot_node_list_add(&walk->stack, &node);
		return NULL;
	}
	OT_TRY(check_directory(walk));
	if (ot_glob_is(name))
		return walk_pattern(walk, name);
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

/* ------------------------------------------------------------------ where a path starts */

/* The names of the current directory are taken as they are: none of them is a pattern now. */
static struct ot_err *walk_names(struct walk *walk, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");
		ot_auto_free char *name = ot_strndup(path, len);
		struct ot_node node;

		if (len && !ot_vfs_child(walk->vfs, walk_top(walk), name, &node)) {
			OT_TRY(check_directory(walk));
			return not_found(walk, name);
		}
		if (len)
			ot_node_list_add(&walk->stack, &node);
		path += len;
		path += strspn(path, "/");
	}
	return NULL;
}

/* From a directory that is gone there is a way up. */
static struct ot_err *walk_cwd(struct walk *walk, const char **path)
{
	ot_auto_free char *cwd = ot_strdup(walk->vfs->cwd);
	struct ot_err *err = walk_names(walk, cwd);
	const char *rest = *path;

	if (!err)
		err = check_directory(walk);
	if (!err)
		return NULL;
	err = ot_err_prefix(err, "stale directory %s", walk->vfs->cwd);
	while (!strncmp(rest, "..", 2) && (!rest[2] || rest[2] == '/')) {
		char *slash = strrchr(cwd, '/');
		struct ot_err *again;

		slash[slash == cwd] = '\0';
		rest += 2;
		rest += strspn(rest, "/");
		while (walk->stack.nr > 1)
			walk_up(walk);
		again = walk_names(walk, cwd);
		if (!again) {
			ot_err_destroy(err);
			*path = rest;
			return NULL;
		}
		ot_err_destroy(again);
	}
	return err;
}

static bool is_word(const char *path, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(path, word, len) && (!path[len] || path[len] == '/');
}

/* The home directory of "~" or "~user"; NULL: there is no such user. */
static char *home_of(const char *user)
{
	const char *home = getenv("HOME");
	const struct passwd *entry;

	if (!*user && home && *home == '/')
		return ot_strdup(home);
	entry = *user ? getpwnam(user) : getpwuid(getuid());
	return entry ? ot_strdup(entry->pw_dir) : NULL;
}

static struct ot_err *walk_home(struct walk *walk, const char **path)
{
	size_t len = strcspn(*path, "/");
	ot_auto_free char *user = ot_strndup(*path + 1, len - 1);
	ot_auto_free char *home = NULL;
	ot_auto_free char *word = ot_asprintf("~%s", user);
	struct ot_err *err = ot_vfs_no_context(word);

	if (err)
		return err;
	home = home_of(user);
	if (!home)
		return ot_context_explain_id(
			ot_err_new(OT_ERR_NOT_FOUND, "no user and no trace \"~%s\"", user), user);
	*path += len;
	return walk_names(walk, home);
}

static struct ot_err *walk_work(struct walk *walk)
{
	char work[PATH_MAX];

	if (!getcwd(work, sizeof(work)))
		return ot_err_errno("the work directory");
	return walk_names(walk, work);
}

/* "~~", "~~KIND", "~ID" and "~SEQ". False: it is none of these. */
static bool walk_context(struct walk *walk, const char **path, struct ot_err **err)
{
	size_t len = strcspn(*path, "/");
	ot_auto_free char *word = ot_strndup(*path, len);
	ot_auto_free char *place = NULL;

	if (is_word(*path, "~~g") || is_word(*path, "~~w") || **path != '~')
		return false;
	place = ot_vfs_context_word(walk->vfs, word);
	if (!place)
		return false;
	*path += len;
	*err = walk_names(walk, place);
	return true;
}

/* Goes to where a path starts; moves *path to the rest of it. */
static struct ot_err *walk_start(struct walk *walk, const char **path)
{
	struct ot_err *err = NULL;

	if (walk_context(walk, path, &err))
		return err;
	if (is_word(*path, "~~g")) {
		*path += strcspn(*path, "/");
		return walk_names(walk, "/osh/globals");
	}
	if (is_word(*path, "~~w")) {
		*path += 3;
		return walk_work(walk);
	}
	if (**path == '~')
		return walk_home(walk, path);
	if (**path == '/')
		return NULL;
	return walk_cwd(walk, path);
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
	ot_node_resolve(vfs, node);
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
	ot_auto_free char *start = NULL;
	struct ot_node_list list = {0};
	struct ot_node node;

	rest += len;
	rest += strspn(rest, "/");
	if (!ot_glob_is(pattern)) {
		if (ot_vfs_child(vfs, parent, pattern, &node))
			match_child(vfs, &node, prefix, rest, ret);
		return;
	}
	start = fixed_start(pattern);
	ot_err_destroy(ot_vfs_children(vfs, parent, start, &list));
	for (size_t i = 0; i < list.nr; i++) {
		if (!matches(pattern, &list.items[i]))
			continue;
		node = list.items[i];
		memset(&list.items[i], 0, sizeof(list.items[i]));
		match_child(vfs, &node, prefix, rest, ret);
	}
	ot_node_list_deinit(&list);
}

/* Whether brackets hold an index, as in "table[3]". */
static bool is_index(const char *open, const char *close)
{
	size_t len = (size_t)(close - open) - 1;

	return len && strspn(open + 1, "0123456789abcdefxABCDEFX") >= len && open[1] >= '0' &&
	       open[1] <= '9';
}

bool ot_vfs_is_pattern(const char *path)
{
	for (; *path; path++) {
		const char *close = *path == '[' ? strchr(path, ']') : NULL;

		if (*path == '\\' && path[1])
			path++;
		else if (*path == '*' || *path == '?' || (close && !is_index(path, close)))
			return true;
	}
	return false;
}

/* Length of the directory part in front of the first component with a wildcard. */
static size_t fixed_part(const char *path, bool (*is_wild)(const char *text))
{
	size_t fixed = 0;
	size_t at = 0;

	while (path[at]) {
		size_t len = strcspn(path + at, "/");
		ot_auto_free char *name = ot_strndup(path + at, len);

		if (is_wild(name))
			return fixed;
		at += len;
		at += strspn(path + at, "/");
		fixed = at;
	}
	return at;
}

static struct ot_err *match_one(struct ot_vfs *vfs, const char *path, struct ot_node_list *ret)
{
	struct ot_node node;

	OT_TRY(ot_vfs_find(vfs, path, &node, NULL));
	node.name = ot_vfs_intern(vfs, path);
	ot_node_list_add(ret, &node);
	return NULL;
}

static struct ot_err *match_all(struct ot_vfs *vfs, const char *path, size_t fixed,
				struct ot_node_list *ret)
{
	ot_auto_free char *prefix = ot_strndup(path, fixed);
	auto_walk struct walk walk = {0};
	const char *start = prefix;

	walk_init(&walk, vfs);
	OT_TRY(walk_start(&walk, &start));
	OT_TRY(walk_all(&walk, start));
	OT_TRY(check_directory(&walk));
	match_children(vfs, walk_top(&walk), prefix, path + fixed, ret);
	return NULL;
}

/* The separator of C that goes on from the first wildcard, or NULL. */
static const char *goes_on(const char *path)
{
	const char *at = strpbrk(path, "*?");

	while (at && *at && *at != '/' && *at != '.' && strncmp(at, "->", 2) != 0)
		at++;
	return at && (*at == '.' || *at == '-') ? at : NULL;
}

/* C's separators go on from one place: of several things a slash does. */
static struct ot_err *wants_slash(struct ot_err *err, const char *path)
{
	const char *at = goes_on(path);

	return ot_err_suffix(err, ", and \"%.*s\" goes on from one (from each: %.*s/%s)",
			     *at == '.' ? 1 : 2, at, (int)(at - path), path, skip_separator(at));
}

struct ot_err *ot_vfs_match(struct ot_vfs *vfs, const char *path, struct ot_node_list *ret)
{
	bool is_pattern = ot_vfs_is_pattern(path);
	size_t before = ret->nr;
	struct ot_err *err;

	/* "table[3]" is an index first; as a wildcard it is tried when there is none */
	if (!is_pattern) {
		err = match_one(vfs, path, ret);
		if (!err || err->code != OT_ERR_NOT_FOUND || !ot_glob_is(path))
			return err;
		ot_err_destroy(err);
	}
	OT_TRY(match_all(vfs, path, fixed_part(path, is_pattern ? ot_vfs_is_pattern : ot_glob_is),
			 ret));
	if (ret->nr > before)
		return NULL;
	/* separators of C behind a pattern: "serv*.db" */
	err = match_one(vfs, path, ret);
	if (err && err->code == OT_ERR_AMBIGUOUS && goes_on(path))
		return wants_slash(err, path);
	if (!err || (err->code != OT_ERR_NOT_FOUND && err->code != OT_ERR_AMBIGUOUS))
		return err;
	ot_err_destroy(err);
	return ot_err_new(OT_ERR_NOT_FOUND, "nothing matches \"%s\"", path);
}

struct ot_err *ot_vfs_list(struct ot_vfs *vfs, const struct ot_node *node, struct ot_node_list *ret)
{
	if (node->kind != OT_NODE_VALUE && !ot_node_is_dir(node))
		return ot_err_new(OT_ERR_NOT_FOUND, "%s is not a directory", node->name);
	return ot_vfs_children(vfs, node, "", ret);
}
