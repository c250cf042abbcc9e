// SPDX-License-Identifier: BSD-2-Clause
// From a directory to the entry of a name.
#include <errno.h>
#include <string.h>

#include "vfs/tree.h"

static bool fixed_child(const char *name, const char *wanted, enum ot_node_kind kind,
			const struct ot_type *type, struct ot_node *ret)
{
	if (strcmp(name, wanted) != 0)
		return false;
	*ret = (struct ot_node){.kind = kind, .name = wanted, .type = type};
	if (kind == OT_NODE_FILES)
		ret->file_prefix = "";
	return true;
}

static bool child_of_osh(const char *name, struct ot_node *ret)
{
	return fixed_child(name, "globals", OT_NODE_GLOBALS, NULL, ret) ||
	       fixed_child(name, "files", OT_NODE_FILES, NULL, ret) ||
	       fixed_child(name, "types", OT_NODE_TYPES, NULL, ret);
}

static bool child_of_globals(struct ot_vfs *vfs, const char *name, struct ot_node *ret)
{
	const struct ot_var *var = ot_program_var(vfs->program, name);
	const struct ot_fn *fn = var ? NULL : ot_program_fn(vfs->program, name);
	const struct ot_type *type = var || fn ? NULL : ot_program_type(vfs->program, name, -1);

	if (var)
		ot_node_of_var(vfs, var, ret);
	else if (fn)
		ot_node_of_fn(fn, ret);
	else if (type)
		ot_node_of_type(type, ret);
	return var || fn || type;
}

/* Whether some file lies at or below this path; says which it is. */
static bool find_path(struct ot_vfs *vfs, const char *path, bool *is_file)
{
	size_t len = strlen(path);
	size_t nr;
	struct ot_fn *const *fns = ot_program_fns(vfs->program, &nr);
	struct ot_var *const *vars;
	bool found = false;

	*is_file = false;
	for (size_t i = 0; i < nr && !*is_file; i++) {
		const char *name = fns[i]->file ? fns[i]->file->tree_name : "";

		if (!strncmp(name, path, len)) {
			*is_file = !name[len];
			found = found || *is_file || name[len] == '/';
		}
	}
	vars = ot_program_vars(vfs->program, &nr);
	for (size_t i = 0; i < nr && !*is_file; i++) {
		const char *name = vars[i]->file ? vars[i]->file->tree_name : "";

		if (!strncmp(name, path, len)) {
			*is_file = !name[len];
			found = found || *is_file || name[len] == '/';
		}
	}
	return found;
}

static bool child_of_files(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
			   struct ot_node *ret)
{
	const char *prefix = parent->file_prefix;
	ot_auto_free char *path = ot_asprintf("%s%s%s", prefix, *prefix ? "/" : "", name);
	bool is_file;

	if (!*name || !find_path(vfs, path, &is_file))
		return false;
	*ret = (struct ot_node){.kind = is_file ? OT_NODE_FILE : OT_NODE_FILES};
	ret->file_prefix = ot_vfs_intern(vfs, path);
	ret->name = ot_vfs_intern(vfs, name);
	return true;
}

static bool in_file(const struct ot_file *file, const char *path)
{
	return file && !strcmp(file->tree_name, path);
}

static bool child_of_file(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
			  struct ot_node *ret)
{
	ot_auto_free char *exact = ot_asprintf("%s@%s", name, parent->file_prefix);
	const struct ot_var *var = ot_program_var(vfs->program, exact);
	const struct ot_fn *fn = ot_program_fn(vfs->program, exact);
	const struct ot_type *type = ot_program_type(vfs->program, exact, -1);

	if (var && in_file(var->file, parent->file_prefix))
		ot_node_of_var(vfs, var, ret);
	else if (fn && in_file(fn->file, parent->file_prefix))
		ot_node_of_fn(fn, ret);
	else if (type)
		ot_node_of_type(type, ret);
	else
		return false;
	ret->name = ot_vfs_intern(vfs, name);
	return true;
}

static bool child_of_record_type(const struct ot_type *type, const char *name, struct ot_node *ret)
{
	uint64_t bit_offset = 0;
	const struct ot_member *member = ot_type_find_member(type, name, &bit_offset);

	if (!member)
		return false;
	*ret = (struct ot_node){.kind = OT_NODE_FIELD,
				.name = member->name,
				.type = member->type,
				.member = member,
				.bit_offset = bit_offset};
	return true;
}

static bool child_of_methods(struct ot_vfs *vfs, const struct ot_type *type, const char *name,
			     struct ot_node *ret)
{
	struct ot_fn_list list = {0};
	bool found = false;

	ot_program_methods(vfs->program, type, &list);
	for (size_t i = 0; i < list.nr && !found; i++) {
		found = !strcmp(list.items[i]->unique_name, name) ||
			!strcmp(list.items[i]->name, name);
		if (found)
			ot_node_of_fn(list.items[i], ret);
	}
	ot_vec_deinit(&list);
	return found;
}

static bool child_of_fn(struct ot_vfs *vfs, const struct ot_fn *fn, const char *name,
			struct ot_node *ret)
{
	struct ot_var *var = ot_program_var(vfs->program, name);

	for (; var; var = var->same_name)
		if (var->scope && !strcmp(var->scope, fn->name) && var->tu == fn->tu) {
			ot_node_of_var(vfs, var, ret);
			ret->name = var->name;
			return true;
		}
	return false;
}

static bool parse_index(const char *name, uint64_t *ret)
{
	char *end;

	if (*name < '0' || *name > '9')
		return false;
	errno = 0;
	*ret = strtoull(name, &end, 0);
	return !*end && !errno;
}

static void keep_part(const struct ot_value *part, struct ot_node *ret)
{
	struct ot_value copy;

	ot_value_copy(part, &copy);
	ret->value = copy;
}

static bool child_element(const struct ot_value *whole, bool is_pointer, uint64_t index,
			  struct ot_node *ret)
{
	struct ot_value part;
	uint64_t count;

	if (is_pointer) {
		ot_value_at(whole->type, whole->address + index * ot_type_size(whole->type), &part);
	} else {
		count = ot_type_count(whole->type);
		/* a flexible array's length is known to nobody but the program */
		if (index >= count && count)
			return false;
		ot_value_element(whole, index, &part);
	}
	keep_part(&part, ret);
	return true;
}

static bool child_of_value(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
			   struct ot_node *ret)
{
	ot_auto_value struct ot_value whole = {0};
	bool is_pointer = ot_type_is_pointer(parent->value.type);
	struct ot_node node = {.kind = OT_NODE_VALUE};
	const struct ot_member *member;
	uint64_t bit_offset = 0;
	struct ot_value part;
	uint64_t index;
	bool found;

	if (!ot_vfs_whole(vfs, parent, &whole))
		return false;
	member = ot_type_find_member(whole.type, name, &bit_offset);
	if (member) {
		ot_value_member(&whole, member, bit_offset, &part);
		keep_part(&part, &node);
		node.name = member->name;
	} else if (is_pointer && !strcmp(name, "*")) {
		keep_part(&whole, &node);
		node.name = "*";
	} else {
		found = parse_index(name, &index) && (is_pointer || ot_type_is_array(whole.type)) &&
			child_element(&whole, is_pointer, index, &node);
		if (!found)
			return false;
		node.name = ot_vfs_intern(vfs, name);
	}
	*ret = node;
	return true;
}

bool ot_vfs_child(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
		  struct ot_node *ret)
{
	if (!vfs->program && parent->kind != OT_NODE_ROOT && parent->kind != OT_NODE_OSH)
		return false;
	switch (parent->kind) {
	case OT_NODE_ROOT:
		return fixed_child(name, "osh", OT_NODE_OSH, NULL, ret);
	case OT_NODE_OSH:
		return child_of_osh(name, ret);
	case OT_NODE_GLOBALS:
		return child_of_globals(vfs, name, ret);
	case OT_NODE_FILES:
		return child_of_files(vfs, parent, name, ret);
	case OT_NODE_FILE:
		return child_of_file(vfs, parent, name, ret);
	case OT_NODE_TYPES: {
		const struct ot_type *type = ot_program_type(vfs->program, name, -1);

		if (type)
			ot_node_of_type(type, ret);
		return type != NULL;
	}
	case OT_NODE_TYPE:
		return ot_node_is_dir(parent) &&
		       (fixed_child(name, "fields", OT_NODE_FIELDS, parent->type, ret) ||
			fixed_child(name, "methods", OT_NODE_METHODS, parent->type, ret));
	case OT_NODE_FIELDS:
	case OT_NODE_FIELD:
		return child_of_record_type(parent->type, name, ret);
	case OT_NODE_METHODS:
		return child_of_methods(vfs, parent->type, name, ret);
	case OT_NODE_FN:
		return child_of_fn(vfs, parent->fn, name, ret);
	default:
		return child_of_value(vfs, parent, name, ret);
	}
}
