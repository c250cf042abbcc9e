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
	return true;
}

static bool is_named(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
		     struct ot_node *ret)
{
	struct ot_node_list list = {0};
	struct ot_err *err = ot_vfs_children(vfs, parent, name, &list);
	bool found = false;

	for (size_t i = 0; !err && i < list.nr && !found; i++) {
		found = !strcmp(list.items[i].name, name);
		if (!found)
			continue;
		*ret = list.items[i];
		memset(&list.items[i], 0, sizeof(list.items[i]));
	}
	ot_err_destroy(err);
	ot_node_list_deinit(&list);
	return found;
}

/* ------------------------------------------------------------------ names of the program */

/* NAME@file.c where the name alone would do, fn::NAME, symbols; not a name that several things have:
 * they are chosen by the names that are listed. */
static bool other_name(struct ot_vfs *vfs, const char *name, struct ot_node *ret)
{
	const struct ot_var *var = ot_program_var(vfs->program, name);
	const struct ot_type *type;
	struct ot_err *err = NULL;
	struct ot_fn *fn = NULL;

	if (var) {
		err = ot_program_find_var(vfs->program, name, &var);
		if (!err)
			ot_node_of_var(vfs, var, 0, ret);
	} else if (ot_program_fn(vfs->program, name)) {
		err = ot_program_find_fn(vfs->program, name, &fn);
		if (!err)
			ot_node_of_fn(fn, ret);
	} else {
		type = ot_program_type(vfs->program, name, -1);
		if (!type)
			return false;
		ot_node_of_type(type, ret);
		return true;
	}
	if (!err)
		return true;
	ot_err_destroy(err);
	return false;
}

static bool child_of_globals(struct ot_vfs *vfs, const char *name, struct ot_node *ret)
{
	const struct ot_vfs_entry *entry = ot_vfs_range_find(ot_vfs_globals(vfs, name), name);

	if (entry)
		ot_node_of_entry(vfs, entry, ret);
	return entry || other_name(vfs, name, ret);
}

static bool child_of_module(struct ot_vfs *vfs, const struct ot_module *module, const char *name,
			    struct ot_node *ret)
{
	struct ot_vfs_range all = ot_vfs_globals(vfs, name);

	for (const struct ot_vfs_entry *at = all.begin; at < all.end && !strcmp(at->name, name);
	     at++)
		if ((at->var && at->var->module == module) ||
		    (at->fn && at->fn->module == module)) {
			ot_node_of_entry(vfs, at, ret);
			return true;
		}
	return false;
}

static bool child_of_files(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
			   struct ot_node *ret)
{
	const char *prefix = parent->path;
	ot_auto_free char *path = ot_asprintf("%s%s%s", prefix, *prefix ? "/" : "", name);
	ot_auto_free char *below = ot_asprintf("%s/", path);
	struct ot_vfs_range file, folder;

	if (!*name || strchr(name, '/'))
		return false;
	file = ot_vfs_files(vfs, path);
	folder = ot_vfs_files(vfs, below);
	if (file.begin == file.end && folder.begin == folder.end)
		return false;
	*ret = (struct ot_node){.kind = file.begin < file.end ? OT_NODE_FILE : OT_NODE_FILES};
	ret->path = ot_vfs_intern(vfs, path);
	ret->name = ot_vfs_intern(vfs, name);
	return true;
}

static bool child_of_file(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
			  struct ot_node *ret)
{
	const struct ot_vfs_entry *entry = ot_vfs_range_find(ot_vfs_files(vfs, parent->path), name);

	if (entry)
		ot_node_of_entry(vfs, entry, ret);
	return entry != NULL;
}

static bool child_of_types(struct ot_vfs *vfs, const char *name, struct ot_node *ret)
{
	const struct ot_type *type = ot_program_type(vfs->program, name, -1);

	if (type)
		ot_node_of_type(type, ret);
	return type != NULL;
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
	size_t nr;
	const struct ot_var *const *vars = ot_vfs_statics(vfs, fn, &nr);

	for (size_t i = 0; i < nr; i++)
		if (!strcmp(vars[i]->name, name)) {
			ot_node_of_var(vfs, vars[i], 0, ret);
			ret->name = vars[i]->name;
			return true;
		}
	return false;
}

/* ------------------------------------------------------------------ values */

static bool parse_index(const char *name, uint64_t *ret)
{
	char *end;

	if (*name < '0' || *name > '9')
		return false;
	errno = 0;
	*ret = strtoull(name, &end, 0);
	return !*end && !errno;
}

static bool child_element(struct ot_vfs *vfs, const struct ot_value *whole, bool is_pointer,
			  uint64_t index, struct ot_node *ret)
{
	uint64_t count = ot_type_count(whole->type);
	const struct ot_type *type = ot_type_strip(whole->type);

	if (is_pointer) {
		uint64_t bytes = ot_type_size(whole->type);

		*ret = (struct ot_node){.kind = OT_NODE_VALUE};
		ot_value_at(whole->type, whole->address + index * bytes, &ret->value);
		return bytes || !index;
	}
	if (type->kind != OTRACE_TYPE_ARRAY && type->kind != OTRACE_TYPE_VECTOR)
		return false;
	/* a flexible array's length is known to nobody but the program */
	if (index >= count && !(type->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN))
		return false;
	ot_node_of_element(vfs, whole, index, ret);
	return true;
}

/* "*" and the function's own name lead to it; so do its statics to themselves. */
static bool child_of_fn_pointer(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
				struct ot_node *ret)
{
	const struct ot_fn *fn = NULL;
	struct ot_err *err = ot_vfs_pointed_fn(vfs, parent, &fn);

	if (err) {
		ot_err_destroy(err);
		return false;
	}
	if (strcmp(name, "*") != 0 && strcmp(name, fn->unique_name) != 0)
		return child_of_fn(vfs, fn, name, ret);
	ot_node_of_fn(fn, ret);
	return true;
}

/*
 * A name is a field, a number an element: of an array, of what a pointer to a scalar or a struct
 * points to, and of an array behind a pointer ("p/3" is (*p)[3] where p points to an array).
 */
static bool child_of_value(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
			   struct ot_node *ret)
{
	ot_auto_value struct ot_value whole = {0};
	bool is_pointer = ot_type_is_pointer(parent->value.type);
	const struct ot_member *member;
	uint64_t bit_offset = 0;
	uint64_t index;

	if (ot_node_is_fn_pointer(parent))
		return child_of_fn_pointer(vfs, parent, name, ret);
	if (!ot_vfs_whole(vfs, parent, &whole))
		return false;
	member = ot_type_find_member(whole.type, name, &bit_offset);
	if (member) {
		ot_node_of_member(&whole, member, bit_offset, ret);
		return true;
	}
	if (is_pointer && !strcmp(name, "*")) {
		*ret = (struct ot_node){.kind = OT_NODE_VALUE, .name = "*"};
		ot_value_copy(&whole, &ret->value);
		return true;
	}
	if (!parse_index(name, &index) ||
	    !child_element(vfs, &whole, is_pointer && !ot_type_is_array(whole.type), index, ret))
		return false;
	ret->name = ot_vfs_intern(vfs, name);
	return true;
}

/* ------------------------------------------------------------------ */

static bool child_of_program(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
			     struct ot_node *ret)
{
	switch (parent->kind) {
	case OT_NODE_GLOBALS:
		return child_of_globals(vfs, name, ret);
	case OT_NODE_FILES:
		return child_of_files(vfs, parent, name, ret);
	case OT_NODE_FILE:
		return child_of_file(vfs, parent, name, ret);
	case OT_NODE_TYPES:
		return child_of_types(vfs, name, ret);
	case OT_NODE_TYPE:
		return ot_node_is_dir(parent) &&
		       (fixed_child(name, "fields", OT_NODE_FIELDS, parent->type, ret) ||
			fixed_child(name, "methods", OT_NODE_METHODS, parent->type, ret));
	case OT_NODE_FIELDS:
	case OT_NODE_FIELD:
		return child_of_record_type(parent->type, name, ret);
	case OT_NODE_METHODS:
		return child_of_methods(vfs, parent->type, name, ret);
	case OT_NODE_MODULE:
		return child_of_module(vfs, parent->module, name, ret);
	case OT_NODE_THREADS:
		return ot_vfs_thread(vfs, name, ret);
	case OT_NODE_FN:
		return child_of_fn(vfs, parent->fn, name, ret);
	case OT_NODE_VALUE:
		return child_of_value(vfs, parent, name, ret);
	default:
		return is_named(vfs, parent, name, ret);
	}
}

bool ot_vfs_child(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
		  struct ot_node *ret)
{
	bool found;

	if (parent->kind == OT_NODE_ROOT && !strcmp(name, "osh"))
		return fixed_child(name, "osh", OT_NODE_OSH, NULL, ret);
	if (parent->kind == OT_NODE_ROOT)
		return ot_vfs_disk_child(vfs, "/", name, ret);
	if (parent->kind == OT_NODE_DISK)
		return ot_vfs_disk_child(vfs, parent->path, name, ret);
	if (parent->kind == OT_NODE_OSH)
		return is_named(vfs, parent, name, ret);
	if (!vfs->program)
		return false;
	found = child_of_program(vfs, parent, name, ret);
	if (found && !ret->tid)
		ret->tid = parent->tid;
	if (found && !ret->context && parent->context)
		ot_node_inherit(parent, ret);
	if (found && ret->kind == OT_NODE_VALUE)
		ot_node_resolve(vfs, ret);
	return found;
}
