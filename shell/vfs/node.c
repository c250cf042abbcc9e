// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "contexts/contexts.h"
#include "vfs/tree.h"

void ot_node_deinit(struct ot_node *node)
{
	ot_value_deinit(&node->value);
	ot_err_destroy(node->err);
	memset(node, 0, sizeof(*node));
}

/* There may be a hundred thousand of them, most with nothing to free. */
void ot_node_list_deinit(struct ot_node_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		free(list->items[i].value.own);
		ot_err_destroy(list->items[i].err);
	}
	ot_vec_deinit(list);
}

void ot_node_list_reserve(struct ot_node_list *list, size_t more)
{
	if (list->cap - list->nr >= more)
		return;
	list->cap = list->nr + more;
	list->items = ot_realloc(list->items, list->cap, sizeof(*list->items));
}

/* Takes the node over. Values in it have not been read, so nothing points into it. */
bool ot_node_list_add(struct ot_node_list *list, const struct ot_node *node)
{
	ot_vec_push(list, *node);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct ot_node *)a)->name, ((const struct ot_node *)b)->name);
}

void ot_node_list_sort(struct ot_node_list *list)
{
	if (list->nr)
		qsort(list->items, list->nr, sizeof(*list->items), compare_names);
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

void ot_node_of_entry(struct ot_vfs *vfs, const struct ot_vfs_entry *entry, struct ot_node *ret)
{
	if (entry->var)
		ot_node_of_var(vfs, entry->var, 0, ret);
	else if (entry->fn)
		ot_node_of_fn(entry->fn, ret);
	else
		ot_node_of_type(entry->type, ret);
	ret->name = entry->name;
}

/* The bytes of a part lie in its whole, which will be gone. */
static void keep_part(const struct ot_value *part, struct ot_node *ret)
{
	struct ot_value copy;

	ot_value_copy(part, &copy);
	ret->value = copy;
}

/* ------------------------------------------------------------------ variables */

/* Memory of the program has to be read to say where these lie: not for each name of a long list. */
#define FAR_FLAGS (OTRACE_VAR_THREAD_LOCAL | OTRACE_VAR_ADDRESS_IN_CODE | OTRACE_VAR_ADDRESS_IN_GOT)

void ot_node_of_var(struct ot_vfs *vfs, const struct ot_var *var, uint32_t tid, struct ot_node *ret)
{
	*ret = (struct ot_node){
		.kind = OT_NODE_VALUE, .name = var->unique_name, .var = var, .tid = tid};
	ret->value.type = var->type;
	ret->is_unread = true;
	if (!(var->flags & FAR_FLAGS) || var->flags & OTRACE_VAR_OPTIMIZED_OUT)
		ot_node_resolve(vfs, ret);
}

void ot_node_resolve(struct ot_vfs *vfs, struct ot_node *node)
{
	struct ot_value value;

	if (!node->is_unread)
		return;
	node->is_unread = false;
	node->err = ot_value_of_var(vfs->program, node->var, node->tid, &node->value);
	if (node->err) {
		node->value.type = node->var->type;
		return;
	}
	/* a constant's bytes are in the value itself, which moves; it is small: on the heap */
	if (node->value.bytes) {
		value = node->value;
		value.bytes = node->value.small;
		keep_part(&value, node);
	}
}

/* ------------------------------------------------------------------ parts */

void ot_node_of_member(const struct ot_value *whole, const struct ot_member *member,
		       uint64_t bit_offset, struct ot_node *ret)
{
	struct ot_value part;

	*ret = (struct ot_node){.kind = OT_NODE_VALUE, .name = member->name, .member = member};
	ot_value_member(whole, member, bit_offset, &part);
	keep_part(&part, ret);
}

void ot_node_of_element(struct ot_vfs *vfs, const struct ot_value *whole, uint64_t index,
			struct ot_node *ret)
{
	struct ot_value part;
	char name[24];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)index);
	*ret = (struct ot_node){.kind = OT_NODE_VALUE, .name = ot_vfs_intern(vfs, name)};
	ot_value_element(whole, index, &part);
	keep_part(&part, ret);
}

/* What a pointer points to, NULL for anything else. */
static const struct ot_type *pointee(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return ot_type_is_pointer(type) && type->target ? ot_type_strip(type->target) : NULL;
}

bool ot_node_is_fn_pointer(const struct ot_node *node)
{
	const struct ot_type *to = node->kind == OT_NODE_VALUE ? pointee(node->value.type) : NULL;

	return to && ot_type_is_function(to);
}

/* Whether a value of this type has parts: what may be there. */
static bool has_parts(const struct ot_type *type)
{
	const struct ot_type *to = pointee(type);

	if (to)
		return !ot_type_is_void(to) && !ot_type_is_char(to);
	return ot_type_is_record(type) || ot_type_is_array(type) ||
	       ot_type_strip(type)->kind == OTRACE_TYPE_VECTOR;
}

bool ot_node_is_dir(const struct ot_node *node)
{
	switch (node->kind) {
	case OT_NODE_VALUE:
		return !node->err && node->value.state == OT_VALUE_OK &&
		       has_parts(node->value.type);
	case OT_NODE_FIELD:
	case OT_NODE_TYPE:
		return ot_type_is_record(node->type);
	case OT_NODE_TEXT:
	case OT_NODE_REPORT:
		return false;
	case OT_NODE_DISK:
		return node->is_folder;
	default:
		return true;
	}
}

struct ot_target *ot_node_target(const struct ot_vfs *vfs, const struct ot_node *node)
{
	if (node->kind == OT_NODE_CONTEXT)
		return ot_context_view(node->context->store, node->context, false);
	return node->from ? node->from : ot_program_target(vfs->program);
}

/* The number in a pointer; false: it cannot be read. */
static bool read_pointer(struct ot_vfs *vfs, const struct ot_node *node, uint64_t *ret)
{
	ot_auto_value struct ot_value pointer = {0};

	ot_value_copy(&node->value, &pointer);
	ot_value_fetch(ot_node_target(vfs, node), &pointer);
	return ot_value_to_u64(&pointer, ret);
}

bool ot_vfs_whole(struct ot_vfs *vfs, const struct ot_node *node, struct ot_value *ret)
{
	uint64_t address;

	if (node->kind != OT_NODE_VALUE || !ot_node_is_dir(node) || ot_node_is_fn_pointer(node))
		return false;
	if (!pointee(node->value.type)) {
		ot_value_copy(&node->value, ret);
		return true;
	}
	if (!read_pointer(vfs, node, &address) || !address)
		return false;
	ot_value_at(ot_type_strip(node->value.type)->target, address, ret);
	return true;
}

/* ------------------------------------------------------------------ why not */

static struct ot_err *no_parts(const struct ot_node *node)
{
	const struct ot_type *to = pointee(node->value.type);

	if (node->err)
		return ot_err_new(node->err->code, "%s", node->err->what);
	if (node->value.state == OT_VALUE_OPTIMIZED_OUT)
		return ot_err_new(OT_ERR_OPTIMIZED, "%s is optimized out", node->name);
	if (to && ot_type_is_void(to))
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "%s is a void pointer: what it points to is not known",
				  node->name);
	return ot_err_new(OT_ERR_NOT_FOUND, "%s is not a directory", node->name);
}

static struct ot_err *unreadable(struct ot_vfs *vfs, const struct ot_node *node)
{
	enum ot_target_state state = ot_target_state(ot_node_target(vfs, node));

	if (node->from)
		return ot_err_new(OT_ERR_FAULT, "%s lies at 0x%llx, which is not in the copy%s",
				  node->name, (unsigned long long)node->value.address,
				  ot_target_elsewhere(node->from));
	if (ot_target_is_copy(ot_node_target(vfs, node)))
		return ot_err_new(OT_ERR_FAULT,
				  "%s cannot be read: a file of contexts has no variables of the "
				  "program",
				  node->name);
	if (state == OT_TARGET_ENDED)
		return ot_err_new(OT_ERR_GONE, "%s cannot be read: the program has ended",
				  node->name);
	if (state == OT_TARGET_FILE)
		return ot_err_new(OT_ERR_FAULT, "%s is filled in when the program is loaded",
				  node->name);
	return ot_err_new(OT_ERR_FAULT, "%s lies at 0x%llx, which cannot be read", node->name,
			  (unsigned long long)node->value.address);
}

static struct ot_err *wild(struct ot_vfs *vfs, const struct ot_node *node, uint64_t address)
{
	if (node->from)
		return ot_err_new(OT_ERR_FAULT, "%s points to 0x%llx, which is not in the copy%s",
				  node->name, (unsigned long long)address,
				  ot_target_elsewhere(node->from));
	if (ot_target_state(ot_program_target(vfs->program)) == OT_TARGET_ENDED)
		return unreadable(vfs, node);
	return ot_err_new(OT_ERR_FAULT, "%s points to 0x%llx, which cannot be read", node->name,
			  (unsigned long long)address);
}

static struct ot_err *follow(struct ot_vfs *vfs, const struct ot_node *node, uint64_t *ret)
{
	uint64_t address;

	if (!read_pointer(vfs, node, &address))
		return unreadable(vfs, node);
	if (!address)
		return ot_err_new(OT_ERR_FAULT, "%s is NULL", node->name);
	*ret = address;
	return NULL;
}

struct ot_err *ot_vfs_enter(struct ot_vfs *vfs, const struct ot_node *node, struct ot_value *ret)
{
	struct ot_target_span span = {0};
	uint8_t byte;

	if (!ot_node_is_dir(node))
		return no_parts(node);
	if (!pointee(node->value.type)) {
		ot_value_copy(&node->value, ret);
		return NULL;
	}
	OT_TRY(follow(vfs, node, &span.address));
	span.buf = &byte;
	span.bytes = 1;
	OT_TRY(ot_target_readv(ot_node_target(vfs, node), &span, 1));
	if (!span.got)
		return wild(vfs, node, span.address);
	ot_value_at(ot_type_strip(node->value.type)->target, span.address, ret);
	return NULL;
}

struct ot_err *ot_vfs_pointed_fn(struct ot_vfs *vfs, const struct ot_node *node,
				 const struct ot_fn **ret)
{
	const struct ot_fn *fn;
	uint64_t address;

	if (!ot_node_is_dir(node))
		return no_parts(node);
	OT_TRY(follow(vfs, node, &address));
	fn = ot_program_fn_at(vfs->program, address);
	if (!fn)
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "%s points to 0x%llx, where no function of the program begins",
				  node->name, (unsigned long long)address);
	*ret = fn;
	return NULL;
}
