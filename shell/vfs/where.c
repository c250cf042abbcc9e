// SPDX-License-Identifier: BSD-2-Clause
// Where we are: the current directory, the stack of others, and what names mean here.
#include <string.h>

#include "contexts/contexts.h"
#include "vfs/tree.h"

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
	for (size_t i = 0; i < vfs->stack.nr; i++)
		free(vfs->stack.items[i]);
	ot_vec_deinit(&vfs->stack);
	ot_vec_deinit(&vfs->pickled);
	ot_vfs_index_deinit(vfs);
	ot_locals_deinit(&vfs->locals);
	ot_map_deinit(&vfs->interned);
	ot_arena_deinit(&vfs->names);
	free(vfs);
}

void ot_vfs_set_patches(struct ot_vfs *vfs,
			void (*each)(void *priv,
				     void (*add)(void *to, const struct ot_fn *fn,
						 const struct ot_fn *with),
				     void *to),
			void *priv)
{
	vfs->each_patch = each;
	vfs->patches_priv = priv;
}

struct ot_program *ot_vfs_program(const struct ot_vfs *vfs)
{
	return vfs->program;
}

const char *ot_vfs_cwd(const struct ot_vfs *vfs)
{
	return vfs->cwd;
}

static bool is_osh(const char *path)
{
	return !strncmp(path, "/osh", 4) && (!path[4] || path[4] == '/');
}

bool ot_vfs_is_outside(const struct ot_vfs *vfs)
{
	return !is_osh(vfs->cwd);
}

/* ------------------------------------------------------------------ going */

/* A node that can be gone to: what a directory is made of must be there. */
static struct ot_err *check_enterable(struct ot_vfs *vfs, const struct ot_node *node,
				      const char *path)
{
	ot_auto_value struct ot_value whole = {0};
	struct ot_err *err = NULL;
	const struct ot_fn *fn;

	if (ot_node_is_fn_pointer(node))
		err = ot_vfs_pointed_fn(vfs, node, &fn);
	else if (node->kind == OT_NODE_VALUE)
		err = ot_vfs_enter(vfs, node, &whole);
	else if (!ot_node_is_dir(node))
		return ot_err_new(OT_ERR_NOT_FOUND, "%s is not a directory", path);
	return err ? ot_err_at(err, path, -1) : NULL;
}

/* Finds a directory, and takes the process there when it is one of the machine. */
static struct ot_err *reach(struct ot_vfs *vfs, const char *path, char **ret)
{
	ot_auto_free char *cwd = NULL;
	struct ot_node node = {0};
	struct ot_err *err;

	OT_TRY(ot_vfs_find(vfs, path, &node, &cwd));
	err = check_enterable(vfs, &node, cwd);
	ot_node_deinit(&node);
	if (err)
		return err;
	if (!is_osh(cwd)) {
		if (chdir(cwd))
			return ot_err_errno("%s", cwd);
		/* what is started there shall call it as we do, links and all */
		setenv("PWD", cwd, 1);
	}
	*ret = ot_take(cwd);
	return NULL;
}

void ot_vfs_set_contexts(struct ot_vfs *vfs, struct ot_contexts *contexts)
{
	vfs->contexts = contexts;
}

void ot_vfs_add_pickled(struct ot_vfs *vfs, struct ot_contexts *contexts)
{
	ot_vec_push(&vfs->pickled, contexts);
}

struct ot_contexts *ot_vfs_contexts(const struct ot_vfs *vfs)
{
	return vfs->contexts;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && path[len] == '/';
}

/* Bytes of the path up to the context that it leads into; 0 = into none. */
static size_t context_top(const char *path)
{
	size_t left = is_below(path, "/osh/all") ? 3 : 6;
	size_t len = 0;

	if (left == 6 && !is_below(path, "/osh/recent") && !is_below(path, "/osh/saved") &&
	    !is_below(path, "/osh/pickled"))
		return 0;
	while (path[len] == '/' && left) {
		len += 1 + strcspn(path + len + 1, "/");
		left--;
	}
	return left ? 0 : len;
}

/* The node of the directory that we are in; false: it is none of a context, or gone. */
static bool find_here(struct ot_vfs *vfs, struct ot_node *ret)
{
	ot_auto_err struct ot_err *err = NULL;

	if (!context_top(vfs->cwd))
		return false;
	err = ot_vfs_find(vfs, ".", ret, NULL);
	return !err;
}

struct ot_context *ot_vfs_context(struct ot_vfs *vfs)
{
	struct ot_node node = {0};
	struct ot_context *context = find_here(vfs, &node) ? node.context : NULL;

	ot_node_deinit(&node);
	return context;
}

struct ot_target *ot_vfs_target(struct ot_vfs *vfs)
{
	struct ot_target *target = vfs->program ? ot_program_target(vfs->program) : NULL;
	struct ot_node node = {0};

	if (find_here(vfs, &node))
		target = ot_node_target(vfs, &node);
	ot_node_deinit(&node);
	return target;
}

/* Takes cwd over. */
static void go(struct ot_vfs *vfs, char *cwd)
{
	free(vfs->before);
	vfs->before = vfs->cwd;
	vfs->cwd = cwd;
	if (vfs->contexts)
		ot_contexts_browse(vfs->contexts, ot_vfs_context(vfs));
}

struct ot_err *ot_vfs_cd(struct ot_vfs *vfs, const char *path)
{
	char *cwd;
	ot_auto_free char *top = ot_strndup(vfs->cwd, context_top(vfs->cwd));

	if (!path || !*path)
		path = ot_vfs_is_outside(vfs) ? "~" : *top ? top : "/osh/globals";
	if (!strcmp(path, "-"))
		path = vfs->before;
	OT_TRY(reach(vfs, path, &cwd));
	go(vfs, cwd);
	return NULL;
}

/* ------------------------------------------------------------------ the stack */

const char *ot_vfs_stack(const struct ot_vfs *vfs, size_t i)
{
	return i < vfs->stack.nr ? vfs->stack.items[vfs->stack.nr - 1 - i] : NULL;
}

struct ot_err *ot_vfs_push(struct ot_vfs *vfs, const char *path)
{
	ot_auto_free char *from = ot_strdup(vfs->cwd);

	OT_TRY(ot_vfs_cd(vfs, path));
	ot_vec_push(&vfs->stack, ot_take(from));
	return NULL;
}

/* An absolute path that was reached once: its names are no patterns, but it may be gone. */
static struct ot_err *return_to(struct ot_vfs *vfs, const char *path)
{
	struct ot_err *err = ot_vfs_cd(vfs, path);

	return err ? ot_err_prefix(err, "stale directory %s", path) : NULL;
}

struct ot_err *ot_vfs_pop(struct ot_vfs *vfs, bool all)
{
	ot_auto_free char *top = NULL;

	if (!vfs->stack.nr)
		return ot_err_new(OT_ERR_NOT_FOUND, "the stack of directories is empty: nothing to "
						    "pop");
	while (all && vfs->stack.nr > 1)
		free(vfs->stack.items[--vfs->stack.nr]);
	top = vfs->stack.items[--vfs->stack.nr];
	return return_to(vfs, top);
}

struct ot_err *ot_vfs_swap(struct ot_vfs *vfs)
{
	ot_auto_free char *from = ot_strdup(vfs->cwd);
	char **top;

	if (!vfs->stack.nr)
		return ot_err_new(OT_ERR_NOT_FOUND, "the stack of directories is empty: nothing to "
						    "swap");
	top = &vfs->stack.items[vfs->stack.nr - 1];
	OT_TRY(return_to(vfs, *top));
	free(*top);
	*top = ot_take(from);
	return NULL;
}

/* ------------------------------------------------------------------ names in expressions */

static const struct ot_file *file_of(struct ot_vfs *vfs, const char *path)
{
	struct ot_vfs_range range = ot_vfs_files(vfs, path);

	for (const struct ot_vfs_entry *at = range.begin; at < range.end; at++) {
		if (at->var)
			return at->var->file;
		if (at->fn)
			return at->fn->file;
	}
	return NULL;
}

struct ot_err *ot_vfs_scope(struct ot_vfs *vfs, struct ot_expr_scope *ret, struct ot_node *hold)
{
	struct ot_value whole = {0};

	*ret = (struct ot_expr_scope){.program = vfs->program};
	memset(hold, 0, sizeof(*hold));
	OT_TRY(ot_vfs_find(vfs, ".", hold, NULL));
	ret->tid = hold->tid;
	if (hold->context)
		ret->target = ot_node_target(vfs, hold);
	ret->hint = ot_vfs_hint;
	ret->local_priv = vfs;
	if (ot_node_is_fn_pointer(hold))
		ot_err_destroy(ot_vfs_pointed_fn(vfs, hold, &hold->fn));
	if (hold->fn) {
		ret->fn = hold->fn;
		ret->file = hold->fn->file;
	} else if (hold->context && hold->kind != OT_NODE_VALUE) {
		vfs->scoped = *hold;
		ot_context_view_mix(ret->target, false);
		ret->local = ot_vfs_context_name;
	} else if (hold->kind == OT_NODE_LOCALS) {
		ret->local = ot_vfs_local;
	} else if (hold->kind == OT_NODE_FILE) {
		ret->file = file_of(vfs, hold->path);
	} else if (hold->kind == OT_NODE_VALUE && ot_vfs_whole(vfs, hold, &whole)) {
		ot_value_deinit(&hold->value);
		ot_value_copy(&whole, &hold->value);
		ot_value_deinit(&whole);
		ret->self = &hold->value;
	}
	return NULL;
}
