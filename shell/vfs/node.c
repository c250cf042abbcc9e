// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "vfs/tree.h"

void ot_node_deinit(struct ot_node *node)
{
	ot_value_deinit(&node->value);
	ot_err_destroy(node->err);
	memset(node, 0, sizeof(*node));
}

void ot_node_list_deinit(struct ot_node_list *list)
{
	for (size_t i = 0; i < list->nr; i++)
		ot_node_deinit(&list->items[i]);
	ot_vec_deinit(list);
}

/* Takes the node over. Values in it have not been read, so nothing points into it. */
bool ot_node_list_add(struct ot_node_list *list, const struct ot_node *node)
{
	ot_vec_push(list, *node);
	return true;
}

const char *ot_vfs_intern(struct ot_vfs *vfs, const char *text)
{
	char *copy = ot_map_get_text(&vfs->interned, text);

	if (!copy) {
		copy = ot_arena_strndup(&vfs->names, text, strlen(text));
		ot_map_set_text(&vfs->interned, copy, copy);
	}
	return copy;
}

void ot_vfs_root(struct ot_node *ret)
{
	*ret = (struct ot_node){.kind = OT_NODE_ROOT, .name = "/"};
}

void ot_node_of_fn(const struct ot_fn *fn, struct ot_node *ret)
{
	*ret = (struct ot_node){.kind = OT_NODE_FN, .name = fn->unique_name, .fn = fn};
}

void ot_node_of_type(const struct ot_type *type, struct ot_node *ret)
{
	*ret = (struct ot_node){.kind = OT_NODE_TYPE, .name = type->unique_name, .type = type};
}

void ot_node_of_var(struct ot_vfs *vfs, const struct ot_var *var, struct ot_node *ret)
{
	*ret = (struct ot_node){.kind = OT_NODE_VALUE, .name = var->unique_name, .var = var};
	ret->err = ot_value_of_var(vfs->program, var, 0, &ret->value);
	if (ret->err)
		ret->value.type = var->type;
	/* a constant's bytes are in the value itself, which moves; it is small: on the heap */
	if (ret->value.bytes) {
		struct ot_value copy;

		ot_value_copy(&ret->value, &copy);
		ret->value = copy;
	}
}

/* The pointee of a pointer to something with parts, else NULL. */
static const struct ot_type *pointee(const struct ot_type *type)
{
	type = ot_type_strip(type);
	if (type->kind != OTRACE_TYPE_POINTER)
		return NULL;
	return ot_type_strip(type->target);
}

bool ot_node_is_dir(const struct ot_node *node)
{
	const struct ot_type *type = node->value.type;

	switch (node->kind) {
	case OT_NODE_VALUE:
		if (node->err || node->value.state != OT_VALUE_OK)
			return false;
		if (pointee(type))
			return !ot_type_is_void(pointee(type)) &&
			       !ot_type_is_function(pointee(type)) &&
			       !ot_type_is_char(pointee(type));
		return ot_type_is_record(type) || ot_type_is_array(type);
	case OT_NODE_FIELD:
	case OT_NODE_TYPE:
		return ot_type_is_record(node->type);
	default:
		return true;
	}
}

bool ot_vfs_whole(struct ot_vfs *vfs, const struct ot_node *node, struct ot_value *ret)
{
	struct ot_target *target = ot_program_target(vfs->program);
	ot_auto_value struct ot_value pointer = {0};
	uint64_t address;

	if (!ot_node_is_dir(node))
		return false;
	if (!pointee(node->value.type)) {
		ot_value_copy(&node->value, ret);
		return true;
	}
	ot_value_copy(&node->value, &pointer);
	ot_value_fetch(target, &pointer);
	if (!ot_value_to_u64(&pointer, &address) || !address)
		return false;
	ot_value_at(ot_type_strip(node->value.type)->target, address, ret);
	return true;
}
