// SPDX-License-Identifier: BSD-2-Clause
// What `ls -l` says about an entry.
#include <string.h>
#include <sys/stat.h>

#include "vfs/tree.h"

#define DESCRIBE_MAX_STRING 64u
#define DESCRIBE_MAX_ELEMENTS 16u
#define DESCRIBE_MAX_DEPTH 3u

const char *ot_node_kind_name(const struct ot_node *node)
{
	switch (node->kind) {
	case OT_NODE_FN:
		return "function";
	case OT_NODE_TYPE:
		return "type";
	case OT_NODE_FIELD:
		return "field";
	case OT_NODE_VALUE:
		return node->var ? "variable" : "part";
	case OT_NODE_CONTEXT:
		return "context";
	case OT_NODE_FRAME:
		return "frame";
	case OT_NODE_FILE:
		return "source";
	case OT_NODE_MODULE:
		return "module";
	case OT_NODE_THREAD:
		return "thread";
	case OT_NODE_TEXT:
	case OT_NODE_REPORT:
		return "text";
	case OT_NODE_DISK:
		return node->is_folder ? "folder" : "file";
	default:
		return "directory";
	}
}

void ot_node_type_text(const struct ot_node *node, struct ot_buf *out)
{
	if (node->kind == OT_NODE_VALUE)
		ot_buf_adds(out, ot_type_text(node->value.type));
	else if (node->kind == OT_NODE_FIELD)
		ot_buf_adds(out, ot_type_text(node->type));
	if (node->member && node->member->bit_size)
		ot_buf_addf(out, " : %u", node->member->bit_size);
}

bool ot_node_size(const struct ot_node *node, uint64_t *ret)
{
	struct stat st;

	if (node->kind == OT_NODE_DISK && !node->is_folder && !stat(node->path, &st))
		*ret = (uint64_t)st.st_size;
	else if (node->kind == OT_NODE_VALUE && node->value.type)
		*ret = ot_type_size(node->value.type);
	else if (node->kind == OT_NODE_FIELD || node->kind == OT_NODE_TYPE)
		*ret = ot_type_size(node->type);
	else
		return false;
	return true;
}

static struct ot_format value_format(const struct ot_vfs *vfs, const struct ot_node *node)
{
	return (struct ot_format){.program = vfs->program,
				  .target = ot_node_target(vfs, node),
				  .max_string_bytes = DESCRIBE_MAX_STRING,
				  .max_elements = DESCRIBE_MAX_ELEMENTS,
				  .max_depth = DESCRIBE_MAX_DEPTH};
}

static void describe_value(struct ot_vfs *vfs, struct ot_node *node, struct ot_buf *out)
{
	struct ot_format format = value_format(vfs, node);

	ot_node_resolve(vfs, node);
	ot_buf_adds(out, "= ");
	if (node->err)
		ot_buf_addf(out, "<%s>", node->err->what);
	else
		ot_value_format(&format, &node->value, out);
}

static void describe_fn(const struct ot_node *node, struct ot_buf *out)
{
	const struct ot_fn *fn = node->fn;

	ot_fn_signature(fn, out);
	ot_buf_adds(out, "  ");
	ot_fn_place(fn, out);
	if (node->with)
		ot_buf_addf(out, "  (patched with %s)", node->with->unique_name);
	else if (fn->flags & OTRACE_FN_INLINE_ONLY)
		ot_buf_adds(out, "  (inlined only)");
	else if (!fn->stub)
		ot_buf_adds(out, "  (no stub)");
}

static void describe_type(const struct ot_type *type, struct ot_buf *out)
{
	if (type->kind == OTRACE_TYPE_TYPEDEF) {
		ot_buf_adds(out, "typedef ");
		ot_type_declare(type->target, "", out);
	} else {
		ot_buf_adds(out, ot_type_text(type));
	}
	if (type->file)
		ot_buf_addf(out, "  %s:%u", type->file, type->line);
}

static void describe_field(const struct ot_node *node, struct ot_buf *out)
{
	ot_buf_addf(out, "offset %llu", (unsigned long long)(node->bit_offset / 8));
	if (node->member->bit_size)
		ot_buf_addf(out, " bit %llu", (unsigned long long)(node->bit_offset % 8));
}

static void describe_module(const struct ot_module *module, struct ot_buf *out)
{
	ot_buf_addf(out, "%s, %zu functions, %zu variables", module->path, module->nr_fns,
		    module->nr_vars);
	if (module->err)
		ot_buf_addf(out, "  <%s>", module->err->what);
}

void ot_node_describe(struct ot_vfs *vfs, struct ot_node *node, struct ot_buf *out)
{
	switch (node->kind) {
	case OT_NODE_VALUE:
		describe_value(vfs, node, out);
		break;
	case OT_NODE_FN:
		describe_fn(node, out);
		break;
	case OT_NODE_TYPE:
		describe_type(node->type, out);
		break;
	case OT_NODE_FIELD:
		describe_field(node, out);
		break;
	case OT_NODE_MODULE:
		describe_module(node->module, out);
		break;
	case OT_NODE_FILE:
		ot_buf_adds(out, "source file");
		break;
	case OT_NODE_DISK:
		ot_buf_adds(out, node->is_folder ? "folder" : "file");
		break;
	case OT_NODE_CONTEXT:
	case OT_NODE_FRAME:
		ot_vfs_describe_context(node, out);
		break;
	default:
		ot_buf_adds(out, node->note ? node->note : "directory");
	}
}

void ot_node_json(struct ot_vfs *vfs, struct ot_node *node, struct ot_buf *out)
{
	struct ot_format format;

	if (node->kind == OT_NODE_TEXT)
		ot_buf_add_json(out, node->note, strlen(node->note));
	if (node->kind != OT_NODE_VALUE)
		return;
	format = value_format(vfs, node);
	ot_node_resolve(vfs, node);
	if (!node->err)
		ot_value_json(&format, &node->value, out);
}
