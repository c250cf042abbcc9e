/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of vfs/ only: one step down in the tree. */
#ifndef OT_VFS_TREE_H
#define OT_VFS_TREE_H

#include "base/arena.h"
#include "base/map.h"
#include "base/names.h"
#include "vfs/vfs.h"

/* Elements of an array that are listed; any index can be entered. */
#define OT_VFS_LIST_ELEMENTS 200u

struct ot_vfs {
	struct ot_program *program;
	char *cwd;
	char *before;
	char *prompt;
	struct ot_arena names; /* names made here, each once */
	struct ot_map interned;
};

/** A text that stays as long as the tree. */
const char *ot_vfs_intern(struct ot_vfs *vfs, const char *text);

void ot_vfs_root(struct ot_node *ret);
/** The entry of exactly this name. False: there is none, ret untouched. */
bool ot_vfs_child(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
		  struct ot_node *ret);
/** All entries, sorted as they are shown. */
void ot_vfs_children(struct ot_vfs *vfs, const struct ot_node *parent, struct ot_node_list *ret);

/* Nodes of things; the value of a variable is not read yet. */
void ot_node_of_var(struct ot_vfs *vfs, const struct ot_var *var, struct ot_node *ret);
void ot_node_of_fn(const struct ot_fn *fn, struct ot_node *ret);
void ot_node_of_type(const struct ot_type *type, struct ot_node *ret);

/** The struct or array that a value node is or points to: what its entries are parts of. Read.
 * False when it has no parts, or they cannot be read. */
bool ot_vfs_whole(struct ot_vfs *vfs, const struct ot_node *node, struct ot_value *ret);

bool ot_node_list_add(struct ot_node_list *list, const struct ot_node *node);

#endif
