// SPDX-License-Identifier: BSD-2-Clause
// What is in a directory.
#include <stdio.h>
#include <string.h>

#include "vfs/tree.h"

#define ANONYMOUS_MAX_DEPTH 16

/* ------------------------------------------------------------------ /osh */

/* clang-format off */
static const struct {
	const char *name;
	enum ot_node_kind kind;
	const char *note;
} osh[] = {
	{"all", OT_NODE_CONTEXTS, NULL},
	{"db", OT_NODE_LATER, "key-value stores that the program registers; there is none yet"},
	{"files", OT_NODE_FILES, NULL},
	{"globals", OT_NODE_GLOBALS, NULL},
	{"locals", OT_NODE_LOCALS, NULL},
	{"modules", OT_NODE_MODULES, NULL},
	{"patches", OT_NODE_PATCHES, NULL},
	{"pickled", OT_NODE_CONTEXTS, NULL},
	{"recent", OT_NODE_CONTEXTS, NULL},
	{"saved", OT_NODE_CONTEXTS, NULL},
	{"threads", OT_NODE_THREADS, NULL},
	{"types", OT_NODE_TYPES, NULL},
	{"web", OT_NODE_LATER, "connected browsers; there is none"},
};
/* clang-format on */

static void list_osh(struct ot_node_list *ret)
{
	for (size_t i = 0; i < OT_NR(osh); i++) {
		struct ot_node node = {
			.kind = osh[i].kind, .name = osh[i].name, .note = osh[i].note};

		if (node.kind == OT_NODE_FILES)
			node.path = "";
		if (node.kind == OT_NODE_CONTEXTS)
			node.path = node.name;
		ot_node_list_add(ret, &node);
	}
}

static void add_fixed(struct ot_node_list *list, const char *name, enum ot_node_kind kind,
		      const struct ot_type *type)
{
	struct ot_node node = {.kind = kind, .name = name, .type = type};

	ot_node_list_add(list, &node);
}

/* ------------------------------------------------------------------ names of the program */

/* Copies of one function are one entry. */
static bool is_copy(const struct ot_vfs_entry *entry, const struct ot_vfs_entry *first)
{
	return entry > first && entry->fn && entry[-1].fn && entry[-1].path == entry->path &&
	       !strcmp(entry[-1].name, entry->name);
}

static void list_range(struct ot_vfs *vfs, struct ot_vfs_range range, struct ot_node_list *ret)
{
	/* built in their place: a node is large and these are many */
	ot_node_list_reserve(ret, (size_t)(range.end - range.begin));
	for (const struct ot_vfs_entry *at = range.begin; at < range.end; at++)
		if (!is_copy(at, range.begin))
			ot_node_of_entry(vfs, at, &ret->items[ret->nr++]);
}

static void list_module(struct ot_vfs *vfs, const struct ot_module *module, const char *prefix,
			struct ot_node_list *ret)
{
	struct ot_vfs_range range = ot_vfs_globals(vfs, prefix);
	const char *before = NULL;

	for (const struct ot_vfs_entry *at = range.begin; at < range.end; at++) {
		struct ot_node node;

		if (at->var ? at->var->module != module : !at->fn || at->fn->module != module)
			continue;
		if (before && at->fn && !strcmp(before, at->name))
			continue;
		before = at->name;
		ot_node_of_entry(vfs, at, &node);
		ot_node_list_add(ret, &node);
	}
}

static void list_types(struct ot_vfs *vfs, struct ot_node_list *ret)
{
	size_t nr;
	const struct ot_type *const *types = ot_program_types(vfs->program, &nr);

	ot_node_list_reserve(ret, nr);
	for (size_t i = 0; i < nr; i++)
		ot_node_of_type(types[i], &ret->items[ret->nr++]);
}

/* The paths are sorted, so what lies in one folder stands together. */
static void list_files(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	ot_auto_free char *below = ot_asprintf("%s%s", parent->path, *parent->path ? "/" : "");
	struct ot_vfs_range range = ot_vfs_files(vfs, below);
	size_t len = strlen(below);

	for (const struct ot_vfs_entry *at = range.begin; at < range.end; at++) {
		ot_auto_free char *path = NULL;
		struct ot_node node = {.kind = OT_NODE_FILES};
		size_t part;

		if (at > range.begin && at->path == at[-1].path)
			continue;
		part = strcspn(at->path + len, "/");
		if (!at->path[len + part])
			node.kind = OT_NODE_FILE;
		if (ret->nr && strlen(ret->items[ret->nr - 1].name) == part &&
		    !strncmp(ret->items[ret->nr - 1].name, at->path + len, part))
			continue;
		path = ot_strndup(at->path, len + part);
		node.path = ot_vfs_intern(vfs, path);
		node.name = node.path + len;
		ot_node_list_add(ret, &node);
	}
}

static void list_modules(struct ot_vfs *vfs, struct ot_node_list *ret)
{
	size_t nr;
	const struct ot_module *const *modules = ot_program_modules(vfs->program, &nr);

	for (size_t i = 0; i < nr; i++) {
		struct ot_node node = {.kind = OT_NODE_MODULE,
				       .name = modules[i]->short_name,
				       .module = modules[i]};
		size_t nr_same = 1;

		for (size_t j = 0; j < i; j++)
			nr_same += !strcmp(modules[j]->short_name, node.name);
		if (nr_same > 1) {
			ot_auto_free char *name = ot_asprintf("%s@%zu", node.name, nr_same);

			node.name = ot_vfs_intern(vfs, name);
		}
		ot_node_list_add(ret, &node);
	}
}

struct patch_list {
	struct ot_vfs *vfs;
	struct ot_node_list *ret;
};

static void add_patch(void *to, const struct ot_fn *fn, const struct ot_fn *with)
{
	struct patch_list *patches = to;
	struct ot_node node;

	/* copies of a header's function are one entry */
	for (size_t i = 0; i < patches->ret->nr; i++)
		if (patches->ret->items[i].with == with &&
		    ot_fn_is_same_source(patches->ret->items[i].fn, fn))
			return;
	ot_node_of_fn(fn, &node);
	node.with = with;
	ot_node_list_add(patches->ret, &node);
}

static void list_patches(struct ot_vfs *vfs, struct ot_node_list *ret)
{
	struct patch_list patches = {vfs, ret};

	if (vfs->each_patch)
		vfs->each_patch(vfs->patches_priv, add_patch, &patches);
	if (!ret->nr)
		ret->note = "what is patched now: nothing is";
}

/* ------------------------------------------------------------------ types and functions */

/* Members in the order of the declaration; those of anonymous members in their place. */
static void list_fields(const struct ot_type *type, uint64_t bit_offset, struct ot_node_list *ret,
			int depth)
{
	type = ot_type_strip(type);
	if (!ot_type_is_record(type) || depth > ANONYMOUS_MAX_DEPTH)
		return;
	for (uint32_t i = 0; i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];
		struct ot_node node = {.kind = OT_NODE_FIELD,
				       .name = member->name,
				       .type = member->type,
				       .member = member,
				       .bit_offset = bit_offset + member->bit_offset};

		if (member->name)
			ot_node_list_add(ret, &node);
		else
			list_fields(member->type, node.bit_offset, ret, depth + 1);
	}
}

static void note_incomplete(const struct ot_type *type, struct ot_node_list *ret)
{
	if (ot_type_strip(type)->flags & OTRACE_TYPE_FLAG_INCOMPLETE)
		ret->note = "only declared: no file that was compiled with otrace defines it";
}

static void list_methods(struct ot_vfs *vfs, const struct ot_type *type, struct ot_node_list *ret)
{
	struct ot_fn_list list = {0};

	ot_program_methods(vfs->program, type, &list);
	for (size_t i = 0; i < list.nr; i++) {
		struct ot_node node;

		if (i && list.items[i]->unique_name == list.items[i - 1]->unique_name)
			continue;
		ot_node_of_fn(list.items[i], &node);
		ot_node_list_add(ret, &node);
	}
	ot_vec_deinit(&list);
}

static void list_statics(struct ot_vfs *vfs, const struct ot_fn *fn, struct ot_node_list *ret)
{
	size_t nr;
	const struct ot_var *const *vars = ot_vfs_statics(vfs, fn, &nr);

	for (size_t i = 0; i < nr; i++) {
		struct ot_node node;

		ot_node_of_var(vfs, vars[i], 0, &node);
		node.name = vars[i]->name;
		ot_node_list_add(ret, &node);
	}
	if (!nr)
		ret->note = "its static variables: it has none";
}

/* ------------------------------------------------------------------ values */

static void list_members(const struct ot_value *whole, struct ot_node_list *ret)
{
	struct ot_node_list fields = {0};
	struct ot_node node;

	list_fields(whole->type, 0, &fields, 0);
	for (size_t i = 0; i < fields.nr; i++) {
		if (fields.items[i].member->flags & OTRACE_MEMBER_STATIC)
			continue;
		ot_node_of_member(whole, fields.items[i].member, fields.items[i].bit_offset, &node);
		ot_node_list_add(ret, &node);
	}
	ot_node_list_deinit(&fields);
}

static void list_elements(struct ot_vfs *vfs, const struct ot_value *whole,
			  struct ot_node_list *ret)
{
	uint64_t count = ot_type_count(whole->type);
	ot_auto_free char *note = NULL;
	struct ot_node node;

	for (uint64_t i = 0; i < count && i < OT_VFS_LIST_ELEMENTS; i++) {
		ot_node_of_element(vfs, whole, i, &node);
		ot_node_list_add(ret, &node);
	}
	if (ot_type_strip(whole->type)->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN)
		ret->note = "an array of unknown length: any index can be entered";
	if (count <= OT_VFS_LIST_ELEMENTS)
		return;
	note = ot_asprintf("... %llu more elements; any index can be entered",
			   (unsigned long long)count - OT_VFS_LIST_ELEMENTS);
	ret->note = ot_vfs_intern(vfs, note);
	ret->is_cut = true;
}

static struct ot_err *list_fn_pointer(struct ot_vfs *vfs, const struct ot_node *parent,
				      struct ot_node_list *ret)
{
	const struct ot_fn *fn = NULL;
	struct ot_node node;

	OT_TRY(ot_vfs_pointed_fn(vfs, parent, &fn));
	ot_node_of_fn(fn, &node);
	ot_node_list_add(ret, &node);
	return NULL;
}

static struct ot_err *list_value(struct ot_vfs *vfs, const struct ot_node *parent,
				 struct ot_node_list *ret)
{
	ot_auto_value struct ot_value whole = {0};
	struct ot_node node = {.kind = OT_NODE_VALUE, .name = "*"};

	if (ot_node_is_fn_pointer(parent))
		return list_fn_pointer(vfs, parent, ret);
	OT_TRY(ot_vfs_enter(vfs, parent, &whole));
	if (ot_type_is_record(whole.type)) {
		/* read once, so that the parts are of one moment */
		ot_value_fetch(ot_node_target(vfs, parent), &whole);
		list_members(&whole, ret);
		note_incomplete(whole.type, ret);
	} else if (ot_type_is_pointer(parent->value.type) && !ot_type_is_array(whole.type)) {
		ot_value_copy(&whole, &node.value);
		ot_node_list_add(ret, &node);
	} else {
		list_elements(vfs, &whole, ret);
	}
	return NULL;
}

/* ------------------------------------------------------------------ */

static struct ot_err *list_program(struct ot_vfs *vfs, const struct ot_node *parent,
				   const char *prefix, struct ot_node_list *ret)
{
	switch (parent->kind) {
	case OT_NODE_GLOBALS:
		list_range(vfs, ot_vfs_globals(vfs, prefix), ret);
		return NULL;
	case OT_NODE_FILE:
		list_range(vfs, ot_vfs_files(vfs, parent->path), ret);
		return NULL;
	case OT_NODE_FILES:
		list_files(vfs, parent, ret);
		return NULL;
	case OT_NODE_TYPES:
		list_types(vfs, ret);
		return NULL;
	case OT_NODE_TYPE:
		if (!ot_node_is_dir(parent))
			return NULL;
		add_fixed(ret, "fields", OT_NODE_FIELDS, parent->type);
		add_fixed(ret, "methods", OT_NODE_METHODS, parent->type);
		return NULL;
	case OT_NODE_FIELDS:
	case OT_NODE_FIELD:
		list_fields(parent->type, 0, ret, 0);
		note_incomplete(parent->type, ret);
		return NULL;
	case OT_NODE_METHODS:
		list_methods(vfs, parent->type, ret);
		return NULL;
	case OT_NODE_MODULES:
		list_modules(vfs, ret);
		return NULL;
	case OT_NODE_MODULE:
		list_module(vfs, parent->module, prefix, ret);
		return NULL;
	case OT_NODE_THREADS:
		return ot_vfs_threads(vfs, ret);
	case OT_NODE_THREAD:
		return ot_vfs_in_thread(vfs, parent, ret);
	case OT_NODE_TLS:
		ot_vfs_tls(vfs, parent->tid, ret);
		return NULL;
	case OT_NODE_LOCALS:
		return ot_vfs_locals(vfs, ret);
	case OT_NODE_PATCHES:
		list_patches(vfs, ret);
		return NULL;
	case OT_NODE_LATER:
		ret->note = parent->note;
		return NULL;
	case OT_NODE_CONTEXTS:
		return ot_vfs_list_contexts(vfs, parent, ret);
	case OT_NODE_CONTEXT:
	case OT_NODE_AFTER:
	case OT_NODE_LIVE:
	case OT_NODE_FRAME:
	case OT_NODE_ABOUT:
		return ot_vfs_in_context(vfs, parent, ret);
	case OT_NODE_FN:
		list_statics(vfs, parent->fn, ret);
		return NULL;
	case OT_NODE_VALUE:
		return list_value(vfs, parent, ret);
	default:
		return NULL;
	}
}

static void drop_others(const char *prefix, struct ot_node_list *list)
{
	size_t len = strlen(prefix);
	size_t nr = 0;

	for (size_t i = 0; len && i < list->nr; i++) {
		if (!strncmp(list->items[i].name, prefix, len))
			list->items[nr++] = list->items[i];
		else
			ot_node_deinit(&list->items[i]);
	}
	if (len)
		list->nr = nr;
}

struct ot_err *ot_vfs_children(struct ot_vfs *vfs, const struct ot_node *parent, const char *prefix,
			       struct ot_node_list *ret)
{
	struct ot_node_list list = {0};
	struct ot_node node = {.kind = OT_NODE_OSH, .name = "osh"};
	struct ot_err *err = NULL;

	if (parent->kind == OT_NODE_ROOT) {
		err = ot_vfs_disk_list(vfs, "/", &list);
		ot_node_list_add(&list, &node);
		ot_node_list_sort(&list);
	} else if (parent->kind == OT_NODE_DISK) {
		err = ot_vfs_disk_list(vfs, parent->path, &list);
	} else if (parent->kind == OT_NODE_OSH) {
		list_osh(&list);
	} else if (!vfs->program) {
		return ot_err_new(OT_ERR_UNSUPPORTED, "no instrumented program is open");
	} else {
		err = list_program(vfs, parent, prefix, &list);
	}
	if (err) {
		ot_node_list_deinit(&list);
		return err;
	}
	drop_others(prefix, &list);
	for (size_t i = 0; parent->context && i < list.nr; i++)
		if (!list.items[i].context)
			ot_node_inherit(parent, &list.items[i]);
	for (size_t i = 0; parent->tid && i < list.nr; i++)
		if (!list.items[i].tid)
			list.items[i].tid = parent->tid;
	if (!ret->nr) {
		ot_node_list_deinit(ret);
		*ret = list;
		return NULL;
	}
	for (size_t i = 0; i < list.nr; i++)
		ot_vec_push(ret, list.items[i]);
	ret->note = list.note ? list.note : ret->note;
	ret->is_cut = ret->is_cut || list.is_cut;
	free(list.items);
	return NULL;
}

/* ------------------------------------------------------------------ what is embedded */

static const struct ot_member *first_embedded(const struct ot_type *type)
{
	type = ot_type_strip(type);
	if (!ot_type_is_record(type) || !type->nr_members ||
	    !ot_type_is_record(type->members[0].type))
		return NULL;
	return &type->members[0];
}

static void add_names(const struct ot_member *member, struct ot_map *names)
{
	struct ot_node_list fields = {0};

	if (member->name) {
		ot_map_set_text(names, member->name, (void *)member);
		return;
	}
	list_fields(member->type, 0, &fields, 0);
	for (size_t i = 0; i < fields.nr; i++)
		ot_map_set_text(names, fields.items[i].name, (void *)member);
	ot_node_list_deinit(&fields);
}

static bool is_called(const struct ot_type *type, const char *name)
{
	const struct ot_type *plain = ot_type_strip(type);

	return (type->name && !strcmp(type->name, name)) ||
	       (plain->name && !strcmp(plain->name, name));
}

/* The members of unnamed members are the whole's own. */
static void add_of_base(const struct ot_type *type, const char *base, int depth,
			struct ot_map *names)
{
	type = ot_type_strip(type);
	for (uint32_t i = 0; depth < ANONYMOUS_MAX_DEPTH && i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];

		if (!ot_type_is_record(member->type))
			continue;
		if (is_called(member->type, base))
			add_names(member, names);
		else if (!member->name)
			add_of_base(member->type, base, depth + 1, names);
	}
}

void ot_node_embedded(struct ot_vfs *vfs, const struct ot_node *node, unsigned int level,
		      const char *base, struct ot_map *names)
{
	ot_auto_value struct ot_value whole = {0};
	const struct ot_type *type = node->type;

	if (node->kind == OT_NODE_VALUE && ot_vfs_whole(vfs, node, &whole))
		type = whole.type;
	if (!type || !ot_type_is_record(type))
		return;
	if (base) {
		add_of_base(type, base, 0, names);
		return;
	}
	while (level--) {
		const struct ot_member *member = first_embedded(type);

		if (!member)
			return;
		if (!level)
			add_names(member, names);
		/* what is embedded in a named member is not among the names here */
		if (member->name)
			return;
		type = member->type;
	}
}
