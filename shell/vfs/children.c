// SPDX-License-Identifier: BSD-2-Clause
// What is in a directory.
#include <stdio.h>
#include <string.h>

#include "vfs/tree.h"

static int compare_names(const void *a, const void *b)
{
	const struct ot_node *left = a;
	const struct ot_node *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : (int)left->kind - (int)right->kind;
}

static void sort_nodes(struct ot_node_list *list)
{
	if (list->nr)
		qsort(list->items, list->nr, sizeof(*list->items), compare_names);
}

static void add_fixed(struct ot_node_list *list, const char *name, enum ot_node_kind kind,
		      const struct ot_type *type)
{
	struct ot_node node = {.kind = kind, .name = name, .type = type};

	if (kind == OT_NODE_FILES)
		node.file_prefix = "";
	ot_node_list_add(list, &node);
}

/* A path below /osh/files, or NULL for all of them. Copies of one function are one entry. */
static void list_names(struct ot_vfs *vfs, const char *path, struct ot_node_list *ret)
{
	struct ot_map seen = {0};
	struct ot_node node;
	size_t nr;
	struct ot_fn *const *fns = ot_program_fns(vfs->program, &nr);
	struct ot_var *const *vars;

	for (size_t i = 0; i < nr; i++) {
		if (path && (!fns[i]->file || strcmp(fns[i]->file->tree_name, path) != 0))
			continue;
		if (ot_map_get_text(&seen, fns[i]->unique_name))
			continue;
		ot_map_set_text(&seen, fns[i]->unique_name, fns[i]);
		ot_node_of_fn(fns[i], &node);
		if (path)
			node.name = fns[i]->name;
		ot_node_list_add(ret, &node);
	}
	vars = ot_program_vars(vfs->program, &nr);
	for (size_t i = 0; i < nr; i++) {
		if (path && (!vars[i]->file || strcmp(vars[i]->file->tree_name, path) != 0))
			continue;
		if (vars[i]->scope && path == NULL)
			continue; /* they are inside their function */
		ot_node_of_var(vfs, vars[i], &node);
		if (path && !vars[i]->scope)
			node.name = vars[i]->name;
		ot_node_list_add(ret, &node);
	}
	ot_map_deinit(&seen);
}

/* A variable or function of the same name is what the name means. */
static bool is_hidden_type(const struct ot_program *program, const struct ot_type *type)
{
	const struct ot_var *var = ot_program_var(program, type->name);

	return (var && !var->scope) || ot_program_fn(program, type->name);
}

static void list_types(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	size_t nr;
	const struct ot_type *const *types = ot_program_types(vfs->program, &nr);
	const char *path = parent->kind == OT_NODE_FILE ? parent->file_prefix : NULL;

	for (size_t i = 0; i < nr; i++) {
		struct ot_node node;
		size_t skip;

		if (parent->kind != OT_NODE_TYPES &&
		    (types[i]->kind == OTRACE_TYPE_BASE || is_hidden_type(vfs->program, types[i])))
			continue;
		if (path) {
			if (!types[i]->file || strlen(types[i]->file) < strlen(path))
				continue;
			skip = strlen(types[i]->file) - strlen(path);
			if (strcmp(types[i]->file + skip, path) != 0)
				continue;
		}
		ot_node_of_type(types[i], &node);
		ot_node_list_add(ret, &node);
	}
}

/* Adds the next component of a path below the prefix, once. */
static void add_path(struct ot_vfs *vfs, const struct ot_node *parent, const char *path,
		     struct ot_map *seen, struct ot_node_list *ret)
{
	size_t len = strlen(parent->file_prefix);
	struct ot_node node = {.kind = OT_NODE_FILES};
	ot_auto_free char *whole = NULL;
	size_t part;

	if (strncmp(path, parent->file_prefix, len) != 0 || (len && path[len] != '/'))
		return;
	len += len != 0;
	part = strcspn(path + len, "/");
	if (!part)
		return;
	if (!path[len + part])
		node.kind = OT_NODE_FILE;
	whole = ot_strndup(path, len + part);
	node.file_prefix = ot_vfs_intern(vfs, whole);
	if (ot_map_get_text(seen, node.file_prefix))
		return;
	ot_map_set_text(seen, node.file_prefix, (void *)node.file_prefix);
	node.name = node.file_prefix + len;
	ot_node_list_add(ret, &node);
}

static void list_files(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	struct ot_map seen = {0};
	size_t nr;
	struct ot_fn *const *fns = ot_program_fns(vfs->program, &nr);
	struct ot_var *const *vars;

	for (size_t i = 0; i < nr; i++)
		if (fns[i]->file)
			add_path(vfs, parent, fns[i]->file->tree_name, &seen, ret);
	vars = ot_program_vars(vfs->program, &nr);
	for (size_t i = 0; i < nr; i++)
		if (vars[i]->file)
			add_path(vfs, parent, vars[i]->file->tree_name, &seen, ret);
	ot_map_deinit(&seen);
	sort_nodes(ret);
}

/* Members in the order of the declaration; those of anonymous members in their place. */
static void list_fields(const struct ot_type *type, uint64_t bit_offset, struct ot_node_list *ret,
			int depth)
{
	type = ot_type_strip(type);
	if (!ot_type_is_record(type) || depth > 16)
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
	struct ot_var *const *vars = ot_program_vars(vfs->program, &nr);

	for (size_t i = 0; i < nr; i++) {
		struct ot_node node;

		if (!vars[i]->scope || strcmp(vars[i]->scope, fn->name) != 0 ||
		    vars[i]->tu != fn->tu)
			continue;
		ot_node_of_var(vfs, vars[i], &node);
		node.name = vars[i]->name;
		ot_node_list_add(ret, &node);
	}
}

static void list_elements(struct ot_vfs *vfs, const struct ot_node *parent, uint64_t count,
			  struct ot_node_list *ret)
{
	for (uint64_t i = 0; i < count && i < OT_VFS_LIST_ELEMENTS; i++) {
		struct ot_node node;
		char name[24];

		snprintf(name, sizeof(name), "%llu", (unsigned long long)i);
		if (ot_vfs_child(vfs, parent, name, &node))
			ot_node_list_add(ret, &node);
	}
}

static void list_value(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	ot_auto_value struct ot_value whole = {0};
	struct ot_node_list fields = {0};
	struct ot_node node;

	if (!ot_vfs_whole(vfs, parent, &whole))
		return;
	if (ot_type_is_record(whole.type)) {
		list_fields(whole.type, 0, &fields, 0);
		for (size_t i = 0; i < fields.nr; i++)
			if (ot_vfs_child(vfs, parent, fields.items[i].name, &node))
				ot_node_list_add(ret, &node);
		ot_node_list_deinit(&fields);
	} else if (ot_type_is_pointer(parent->value.type)) {
		if (ot_vfs_child(vfs, parent, "*", &node))
			ot_node_list_add(ret, &node);
	} else {
		list_elements(vfs, parent, ot_type_count(whole.type), ret);
	}
}

void ot_vfs_children(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret)
{
	if (parent->kind == OT_NODE_ROOT) {
		add_fixed(ret, "osh", OT_NODE_OSH, NULL);
	} else if (parent->kind == OT_NODE_OSH) {
		add_fixed(ret, "files", OT_NODE_FILES, NULL);
		add_fixed(ret, "globals", OT_NODE_GLOBALS, NULL);
		add_fixed(ret, "types", OT_NODE_TYPES, NULL);
	} else if (!vfs->program) {
		return;
	} else if (parent->kind == OT_NODE_GLOBALS || parent->kind == OT_NODE_FILE) {
		list_names(vfs, parent->kind == OT_NODE_FILE ? parent->file_prefix : NULL, ret);
		list_types(vfs, parent, ret);
		sort_nodes(ret);
	} else if (parent->kind == OT_NODE_FILES) {
		list_files(vfs, parent, ret);
	} else if (parent->kind == OT_NODE_TYPES) {
		list_types(vfs, parent, ret);
	} else if (parent->kind == OT_NODE_TYPE && ot_node_is_dir(parent)) {
		add_fixed(ret, "fields", OT_NODE_FIELDS, parent->type);
		add_fixed(ret, "methods", OT_NODE_METHODS, parent->type);
	} else if (parent->kind == OT_NODE_FIELDS || parent->kind == OT_NODE_FIELD) {
		list_fields(parent->type, 0, ret, 0);
	} else if (parent->kind == OT_NODE_METHODS) {
		list_methods(vfs, parent->type, ret);
	} else if (parent->kind == OT_NODE_FN) {
		list_statics(vfs, parent->fn, ret);
	} else if (parent->kind == OT_NODE_VALUE) {
		list_value(vfs, parent, ret);
	}
}
