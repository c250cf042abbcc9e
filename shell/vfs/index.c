// SPDX-License-Identifier: BSD-2-Clause
// Sorted names, made when a directory is first looked into and again when modules came or went: a
// program of a hundred thousand functions is listed and completed by them.
#include <string.h>

#include "vfs/tree.h"

static size_t lower_bound(const struct ot_vfs_entry *items, size_t nr, const char *name, size_t len,
			  bool behind)
{
	size_t low = 0;
	size_t high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = len == SIZE_MAX ? strcmp(items[middle].name, name)
					    : strncmp(items[middle].name, name, len);

		if (order < 0 || (behind && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The kinds of a name in the order of what it means: variable, function, type. */
static int rank(const struct ot_vfs_entry *entry)
{
	return entry->var ? 0 : entry->fn ? 1 : 2;
}

static int compare_fns(const struct ot_fn *a, const struct ot_fn *b)
{
	int order = (a->stub == 0) - (b->stub == 0);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static int compare_entries(const void *a, const void *b)
{
	const struct ot_vfs_entry *left = a;
	const struct ot_vfs_entry *right = b;
	int order = strcmp(left->name, right->name);

	if (!order)
		order = rank(left) - rank(right);
	if (!order && left->fn)
		order = compare_fns(left->fn, right->fn);
	return order;
}

static int compare_files(const void *a, const void *b)
{
	const struct ot_vfs_entry *left = a;
	const struct ot_vfs_entry *right = b;
	int order = left->path == right->path ? 0 : strcmp(left->path, right->path);

	return order ? order : compare_entries(a, b);
}

static void sort(struct ot_vfs_entries *list, int (*compare)(const void *left, const void *right))
{
	if (list->nr)
		qsort(list->items, list->nr, sizeof(*list->items), compare);
}

static struct ot_vfs_range range_of(const struct ot_vfs_entries *list, size_t begin, size_t end)
{
	if (!list->nr)
		return (struct ot_vfs_range){NULL, NULL};
	return (struct ot_vfs_range){list->items + begin, list->items + end};
}

/* ------------------------------------------------------------------ globals */

/** One of the program's lists, which are sorted by name. */
struct names {
	const void *const *items;
	size_t nr;
	const char *(*name_of)(const void *item);
	bool (*make)(const struct ot_program *program, const void *item, struct ot_vfs_entry *ret);
};

static const char *fn_name(const void *item)
{
	return ((const struct ot_fn *)item)->name;
}

static const char *var_name(const void *item)
{
	return ((const struct ot_var *)item)->name;
}

static const char *type_name(const void *item)
{
	return ((const struct ot_type *)item)->name;
}

/* Where the names that start with so many bytes of @name begin, or end. */
static size_t names_bound(const struct names *names, const char *name, size_t len, bool behind)
{
	size_t low = 0;
	size_t high = names->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strncmp(names->name_of(names->items[middle]), name, len);

		if (order < 0 || (behind && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool make_fn(const struct ot_program *program, const void *item, struct ot_vfs_entry *ret)
{
	const struct ot_fn *fn = item;

	(void)program;
	*ret = (struct ot_vfs_entry){.name = fn->unique_name, .fn = fn};
	return true;
}

/* Those of a function are inside it. */
static bool make_var(const struct ot_program *program, const void *item, struct ot_vfs_entry *ret)
{
	const struct ot_var *var = item;

	(void)program;
	*ret = (struct ot_vfs_entry){.name = var->unique_name, .var = var};
	return !var->scope;
}

static struct names fn_names(const struct ot_program *program)
{
	struct names names = {.name_of = fn_name, .make = make_fn};

	names.items = (const void *const *)ot_program_fns(program, &names.nr);
	return names;
}

/* A variable or function of the same name is what the name means. */
static bool make_type(const struct ot_program *program, const void *item, struct ot_vfs_entry *ret)
{
	const struct ot_type *type = item;
	const struct ot_var *var;
	struct names fns;
	size_t bytes;

	if (type->kind == OTRACE_TYPE_BASE)
		return false;
	var = ot_program_var(program, type->name);
	if (var && !var->scope)
		return false;
	fns = fn_names(program);
	bytes = strlen(type->name) + 1; /* the NUL too: exactly this name */
	if (names_bound(&fns, type->name, bytes, false) <
	    names_bound(&fns, type->name, bytes, true))
		return false;
	*ret = (struct ot_vfs_entry){.name = type->unique_name, .type = type};
	return true;
}

static void gather(const struct ot_program *program, const struct names *names, const char *prefix,
		   struct ot_vfs_entries *list)
{
	/* behind the @ of a name stands the file, by which the lists are not sorted */
	size_t len = strcspn(prefix, "@");
	size_t end = names_bound(names, prefix, len, true);
	struct ot_vfs_entry entry;

	for (size_t i = names_bound(names, prefix, len, false); i < end; i++)
		if (names->make(program, names->items[i], &entry) &&
		    !strncmp(entry.name, prefix, strlen(prefix)))
			ot_vec_push(list, entry);
}

static void gather_all(struct ot_program *program, const char *prefix, struct ot_vfs_entries *list)
{
	struct names fns = fn_names(program);
	struct names vars = {.name_of = var_name, .make = make_var};
	struct names types = {.name_of = type_name, .make = make_type};

	list->nr = 0;
	vars.items = (const void *const *)ot_program_vars(program, &vars.nr);
	types.items = (const void *const *)ot_program_types(program, &types.nr);
	gather(program, &fns, prefix, list);
	gather(program, &vars, prefix, list);
	gather(program, &types, prefix, list);
	sort(list, compare_entries);
}

struct ot_vfs_range ot_vfs_globals(struct ot_vfs *vfs, const char *prefix)
{
	struct ot_vfs_entries *list = &vfs->globals;
	size_t len = strlen(prefix);
	size_t begin, end;

	if (!vfs->program)
		return (struct ot_vfs_range){NULL, NULL};
	/* a word is completed at once: all names are sorted when all are asked for */
	if (list->revision != ot_program_revision(vfs->program) && len) {
		gather_all(vfs->program, prefix, &vfs->some);
		return range_of(&vfs->some, 0, vfs->some.nr);
	}
	if (list->revision != ot_program_revision(vfs->program)) {
		gather_all(vfs->program, "", list);
		list->revision = ot_program_revision(vfs->program);
	}
	begin = lower_bound(list->items, list->nr, prefix, len, false);
	end = lower_bound(list->items, list->nr, prefix, len, true);
	return range_of(list, begin, end);
}

const struct ot_vfs_entry *ot_vfs_range_find(struct ot_vfs_range range, const char *name)
{
	size_t nr = (size_t)(range.end - range.begin);
	size_t at = lower_bound(range.begin, nr, name, SIZE_MAX, false);

	return at < nr && !strcmp(range.begin[at].name, name) ? range.begin + at : NULL;
}

/* ------------------------------------------------------------------ files */

/** Folders that sources were compiled in: what lies below one is known by the rest of its path. */
struct folders {
	const char **items;
	size_t nr;
	size_t cap;
};

static void add_folder(struct folders *folders, const struct ot_file *file)
{
	if (!file || !file->directory || !*file->directory)
		return;
	for (size_t i = 0; i < folders->nr; i++)
		if (folders->items[i] == file->directory ||
		    !strcmp(folders->items[i], file->directory))
			return;
	ot_vec_push(folders, file->directory);
}

/* Adds the components of a path, ".." taking one off. */
static void add_components(struct ot_buf *path, const char *name)
{
	while (*name) {
		size_t part = strcspn(name, "/");

		if (part == 2 && !strncmp(name, "..", 2)) {
			const char *slash = path->len ? strrchr(path->data, '/') : NULL;

			ot_buf_truncate(path, slash ? (size_t)(slash - path->data) : 0);
		} else if (part && !(part == 1 && *name == '.')) {
			ot_buf_adds(path, path->len ? "/" : "");
			ot_buf_add(path, name, part);
		}
		name += part + (name[part] == '/');
	}
}

static bool goes_up(const char *name)
{
	return !strncmp(name, "../", 3) || strstr(name, "/../");
}

/* The tree's name for a path as the compiler was given it: below the folder it was relative to what
 * is behind that, elsewhere all of it. */
static const char *tree_path(struct ot_vfs *vfs, const char *folder, const char *name)
{
	ot_auto_buf struct ot_buf base = OT_BUF_INIT, path = OT_BUF_INIT;
	const char *at;

	add_components(&base, folder);
	if (*name != '/')
		add_components(&path, folder);
	add_components(&path, name);
	at = ot_buf_text(&path);
	if (base.len && !strncmp(at, base.data, base.len) && at[base.len] == '/')
		at += base.len + 1;
	return *at ? ot_vfs_intern(vfs, at) : NULL;
}

/* A header has no ot_file of its own, and nothing says what its name is relative to: the folder that
 * it is in, or else any. */
static const char *header_path(struct ot_vfs *vfs, const struct folders *folders, const char *name)
{
	const char *folder = folders->nr ? folders->items[0] : "";

	for (size_t i = 0; i < folders->nr; i++) {
		size_t len = strlen(folders->items[i]);
		ot_auto_free char *whole = ot_asprintf("%s/%s", folders->items[i], name);

		if (*name == '/' ? !strncmp(name, folders->items[i], len) && name[len] == '/'
				 : !access(whole, F_OK)) {
			folder = folders->items[i];
			break;
		}
	}
	return tree_path(vfs, folder, name);
}

static void add_to_file(struct ot_vfs *vfs, struct ot_vfs_entry entry, const struct ot_file *file)
{
	if (!file)
		return;
	entry.path = ot_vfs_intern(vfs, file->tree_name);
	if (goes_up(file->tree_name) && file->directory)
		entry.path = tree_path(vfs, file->directory, file->name);
	if (entry.path)
		ot_vec_push(&vfs->files, entry);
}

static void add_types_of_files(struct ot_vfs *vfs, const struct folders *folders)
{
	struct ot_map paths = {0}; /* by the compiler's name: many types share one */
	size_t nr;
	const struct ot_type *const *types = ot_program_types(vfs->program, &nr);

	for (size_t i = 0; i < nr; i++) {
		const struct ot_type *type = types[i];
		const char *path;

		if (!type->file || type->kind == OTRACE_TYPE_BASE)
			continue;
		path = ot_map_get_text(&paths, type->file);
		if (!path) {
			path = header_path(vfs, folders, type->file);
			if (!path)
				continue;
			ot_map_set_text(&paths, type->file, (void *)path);
		}
		ot_vec_push(&vfs->files, ((struct ot_vfs_entry){.name = type->unique_name,
								.path = path,
								.type = type}));
	}
	ot_map_deinit(&paths);
}

static void make_files(struct ot_vfs *vfs)
{
	struct folders folders = {0};
	size_t nr;
	struct ot_fn *const *fns = ot_program_fns(vfs->program, &nr);
	struct ot_var *const *vars;

	vfs->files.nr = 0;
	for (size_t i = 0; i < nr; i++) {
		add_folder(&folders, fns[i]->file);
		add_to_file(vfs, (struct ot_vfs_entry){.name = fns[i]->name, .fn = fns[i]},
			    fns[i]->file);
	}
	vars = ot_program_vars(vfs->program, &nr);
	for (size_t i = 0; i < nr; i++) {
		const char *name = vars[i]->scope ? vars[i]->unique_name : vars[i]->name;

		add_folder(&folders, vars[i]->file);
		add_to_file(vfs, (struct ot_vfs_entry){.name = name, .var = vars[i]},
			    vars[i]->file);
	}
	add_types_of_files(vfs, &folders);
	ot_vec_deinit(&folders);
	sort(&vfs->files, compare_files);
}

/* Where a path that starts with @path begins, or ends. */
static size_t path_bound(const struct ot_vfs_entries *list, const char *path, bool behind)
{
	size_t len = strlen(path);
	bool is_folder = !len || path[len - 1] == '/';
	size_t low = 0;
	size_t high = list->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other = list->items[middle].path;
		int order = is_folder ? strncmp(other, path, len) : strcmp(other, path);

		if (order < 0 || (behind && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ot_vfs_range ot_vfs_files(struct ot_vfs *vfs, const char *path)
{
	struct ot_vfs_entries *list = &vfs->files;

	if (!vfs->program)
		return (struct ot_vfs_range){NULL, NULL};
	if (list->revision != ot_program_revision(vfs->program)) {
		make_files(vfs);
		list->revision = ot_program_revision(vfs->program);
	}
	return range_of(list, path_bound(list, path, false), path_bound(list, path, true));
}

/* ------------------------------------------------------------------ statics */

static int compare_scopes(const char *scope, const struct ot_tu *tu, const struct ot_var *var)
{
	int order = strcmp(scope, var->scope);

	return order ? order : (tu > var->tu) - (tu < var->tu);
}

static int compare_statics(const void *a, const void *b)
{
	const struct ot_var *left = *(const struct ot_var *const *)a;
	const struct ot_var *right = *(const struct ot_var *const *)b;
	int order = compare_scopes(left->scope, left->tu, right);

	return order ? order : strcmp(left->name, right->name);
}

static void make_statics(struct ot_vfs *vfs)
{
	size_t nr;
	struct ot_var *const *vars = ot_program_vars(vfs->program, &nr);

	vfs->statics.nr = 0;
	for (size_t i = 0; i < nr; i++)
		if (vars[i]->scope)
			ot_vec_push(&vfs->statics, vars[i]);
	if (vfs->statics.nr)
		qsort(vfs->statics.items, vfs->statics.nr, sizeof(*vfs->statics.items),
		      compare_statics);
}

const struct ot_var *const *ot_vfs_statics(struct ot_vfs *vfs, const struct ot_fn *fn,
					   size_t *nr_ret)
{
	const struct ot_var *const *items;
	size_t low = 0;
	size_t high;

	if (vfs->statics.revision != ot_program_revision(vfs->program)) {
		make_statics(vfs);
		vfs->statics.revision = ot_program_revision(vfs->program);
	}
	items = vfs->statics.items;
	high = vfs->statics.nr;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_scopes(fn->name, fn->tu, items[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < vfs->statics.nr; high++)
		if (compare_scopes(fn->name, fn->tu, items[high]) != 0)
			break;
	*nr_ret = high - low;
	return *nr_ret ? items + low : NULL;
}

void ot_vfs_index_deinit(struct ot_vfs *vfs)
{
	free(vfs->globals.items);
	free(vfs->some.items);
	free(vfs->files.items);
	free(vfs->statics.items);
}
