/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The tree below /osh: names of the program as files and directories, and where we are in it.
 *
 *	/osh/globals/NAME		variables, functions, types
 *	/osh/files/src/x.c/NAME		the same by source file
 *	/osh/types/T/{fields,methods}
 *
 * Any variable can be entered: struct members, what a pointer points to, array elements. A path is
 * looked up anew each time, so a directory shows what is there now; what is gone is "stale".
 */
#ifndef OT_VFS_H
#define OT_VFS_H

#include "base/vec.h"
#include "expr/expr.h"

struct ot_arena;
struct ot_vfs;

enum ot_node_kind {
	OT_NODE_ROOT, /* / */
	OT_NODE_OSH,  /* /osh */
	OT_NODE_GLOBALS,
	OT_NODE_FILES, /* /osh/files and the folders below it */
	OT_NODE_FILE,  /* one source file */
	OT_NODE_TYPES,
	OT_NODE_TYPE, /* one type */
	OT_NODE_FIELDS,
	OT_NODE_FIELD, /* a member of a type, no value */
	OT_NODE_METHODS,
	OT_NODE_FN,
	OT_NODE_VALUE /* a variable or a part of one */
};

/** A place in the tree. Names are borrowed from the program or owned by the list they are in. */
struct ot_node {
	enum ot_node_kind kind;
	const char *name; /* last component */
	const struct ot_fn *fn;
	const struct ot_var *var;	/* a whole variable, else NULL */
	const struct ot_type *type;	/* TYPE, FIELDS, FIELD, METHODS */
	const struct ot_member *member; /* FIELD */
	uint64_t bit_offset;		/* FIELD */
	const char *file_prefix;	/* FILES, FILE: path below /osh/files */
	struct ot_value value;		/* VALUE: not fetched yet */
	struct ot_err *err;		/* VALUE: why it has none, e.g. optimised out; or NULL */
};

void ot_node_deinit(struct ot_node *node);

struct ot_node_list {
	struct ot_node *items;
	size_t nr;
	size_t cap;
};

void ot_node_list_deinit(struct ot_node_list *list);

/** @param program borrowed; NULL = an empty tree */
struct ot_vfs *ot_vfs_create(struct ot_program *program);
void ot_vfs_destroy(struct ot_vfs *vfs);

/** The current directory, "/osh/globals" at first. */
const char *ot_vfs_cwd(const struct ot_vfs *vfs);
/** Whether it is a directory of the machine: not /osh and not below it. */
bool ot_vfs_is_outside(const struct ot_vfs *vfs);
/** What a prompt shows of it: "globals", "osh", "osh..NAME". Valid until the next cd. */
const char *ot_vfs_prompt(const struct ot_vfs *vfs);
/** Goes to a directory; NULL or "" = /osh/globals, "-" = where we were before. */
struct ot_err *ot_vfs_cd(struct ot_vfs *vfs, const char *path);

/**
 * The place that @p path names: absolute or relative, with . and .., ~~g, wildcards that match
 * exactly one name each, and C's dots, arrows and indices in the place of slashes.
 * @param ret	   ot_node_deinit() it
 * @param path_ret the same path with slashes only, free() it; may be NULL
 */
struct ot_err *ot_vfs_find(struct ot_vfs *vfs, const char *path, struct ot_node *ret,
			   char **path_ret);
/** All places that @p path names, wildcards and all. None is an error. Names are as typed. */
struct ot_err *ot_vfs_match(struct ot_vfs *vfs, const char *path, struct ot_node_list *ret);
/** What is in a directory. Not a directory: an error. */
struct ot_err *ot_vfs_list(struct ot_vfs *vfs, const struct ot_node *node,
			   struct ot_node_list *ret);
bool ot_node_is_dir(const struct ot_node *node);

/**
 * What names in an expression mean here: fields of the struct we are in, names of the file.
 * @param hold keeps what the scope points to; ot_node_deinit() it afterwards
 */
struct ot_err *ot_vfs_scope(struct ot_vfs *vfs, struct ot_expr_scope *ret, struct ot_node *hold);

/** Offers completions of a path or, without slash, of an expression's last name. */
void ot_vfs_complete(struct ot_vfs *vfs, const char *word,
		     void (*offer)(void *priv, const char *text, bool is_dir), void *priv);

/** The value, signature or type, as `ls -l` shows it behind the name. */
void ot_node_describe(struct ot_vfs *vfs, const struct ot_node *node, struct ot_buf *out);

struct ot_program *ot_vfs_program(const struct ot_vfs *vfs);

#endif
