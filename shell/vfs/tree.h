/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of vfs/ only: one step down in the tree, and the sorted names below it. */
#ifndef OT_VFS_TREE_H
#define OT_VFS_TREE_H

#include "base/arena.h"
#include "base/map.h"
#include "base/names.h"
#include "model/locals.h"
#include "vfs/vfs.h"

/* Elements of an array that are listed; any index can be entered. */
#define OT_VFS_LIST_ELEMENTS 200u

/** A name of the program: exactly one of the three is set. */
struct ot_vfs_entry {
	const char *name;
	const char *path; /* of its file below /osh/files, interned; NULL = not known */
	const struct ot_var *var;
	const struct ot_fn *fn;
	const struct ot_type *type;
};

struct ot_vfs_entries {
	struct ot_vfs_entry *items;
	size_t nr;
	size_t cap;
	uint64_t revision; /* of the program that they were made from; 0 = never */
};

struct ot_vfs_statics {
	const struct ot_var **items;
	size_t nr;
	size_t cap;
	uint64_t revision;
};

struct ot_vfs {
	struct ot_program *program;
	char *cwd;
	char *before;
	OT_VEC(char *) stack;  /* the newest last */
	struct ot_arena names; /* names made here, each once */
	struct ot_map interned;
	struct ot_vfs_entries globals; /* by name; copies of one name stand side by side */
	struct ot_vfs_entries some;    /* of globals, the last asked for by their beginning */
	struct ot_vfs_entries files;   /* by path, then name */
	struct ot_vfs_statics statics; /* of functions, by function */
	void (*each_patch)(void *priv,
			   void (*add)(void *to, const struct ot_fn *fn, const struct ot_fn *with),
			   void *to);
	void *patches_priv;
	struct ot_locals locals; /* of the frame, which was read last; its pc 0 = none was */
	struct ot_frame locals_frame;
	uint32_t locals_tid;
	struct ot_contexts *contexts;
	OT_VEC(struct ot_contexts *) pickled; /* of files, the newest last */
	struct ot_node scoped; /* what the scope that was asked for last is of; borrows */
};

/** A text that stays as long as the tree. */
const char *ot_vfs_intern(struct ot_vfs *vfs, const char *text);

/* ------------------------------------------------------------------ sorted names */

/* A part of one of the lists: from begin up to end. */
struct ot_vfs_range {
	const struct ot_vfs_entry *begin;
	const struct ot_vfs_entry *end;
};

/** Everything that has a place in /osh/globals and whose name starts with @p prefix; valid until the
 * next call. */
struct ot_vfs_range ot_vfs_globals(struct ot_vfs *vfs, const char *prefix);
/** Everything in the files whose path starts with @p path (a file, or a folder with its slash). */
struct ot_vfs_range ot_vfs_files(struct ot_vfs *vfs, const char *path);
/** The entry of this name in a sorted part of one file or of all globals; NULL = none. */
const struct ot_vfs_entry *ot_vfs_range_find(struct ot_vfs_range range, const char *name);
/** Statics of a function; @p nr_ret of them. */
const struct ot_var *const *ot_vfs_statics(struct ot_vfs *vfs, const struct ot_fn *fn,
					   size_t *nr_ret);

void ot_vfs_index_deinit(struct ot_vfs *vfs);

/* ------------------------------------------------------------------ steps */

void ot_vfs_root(struct ot_node *ret);
/** The entry of exactly this name. False: there is none, ret untouched. */
bool ot_vfs_child(struct ot_vfs *vfs, const struct ot_node *parent, const char *name,
		  struct ot_node *ret);
/** The entries whose names start with @p prefix, sorted as they are shown. */
struct ot_err *ot_vfs_children(struct ot_vfs *vfs, const struct ot_node *parent, const char *prefix,
			       struct ot_node_list *ret);

/* Nodes of things. Where a variable lies is found out when it can be without asking the program. */
void ot_node_of_var(struct ot_vfs *vfs, const struct ot_var *var, uint32_t tid,
		    struct ot_node *ret);
void ot_node_of_fn(const struct ot_fn *fn, struct ot_node *ret);
void ot_node_of_type(const struct ot_type *type, struct ot_node *ret);
void ot_node_of_entry(struct ot_vfs *vfs, const struct ot_vfs_entry *entry, struct ot_node *ret);
/** A part of @p whole, whose bytes are copied as far as they are there. */
void ot_node_of_member(const struct ot_value *whole, const struct ot_member *member,
		       uint64_t bit_offset, struct ot_node *ret);
void ot_node_of_element(struct ot_vfs *vfs, const struct ot_value *whole, uint64_t index,
			struct ot_node *ret);

/** The struct or array that a value node is or points to: what its entries are parts of. Not read.
 * False when it has no parts, or the pointer cannot be read or is NULL. */
bool ot_vfs_whole(struct ot_vfs *vfs, const struct ot_node *node, struct ot_value *ret);
/** As ot_vfs_whole(), and looks whether something is there; says what is wrong. */
struct ot_err *ot_vfs_enter(struct ot_vfs *vfs, const struct ot_node *node, struct ot_value *ret);
/** Whether it points to functions. */
bool ot_node_is_fn_pointer(const struct ot_node *node);
/** The function that such a pointer points to. */
struct ot_err *ot_vfs_pointed_fn(struct ot_vfs *vfs, const struct ot_node *node,
				 const struct ot_fn **ret);

bool ot_node_list_add(struct ot_node_list *list, const struct ot_node *node);
/** Room for so many nodes behind the last one. */
void ot_node_list_reserve(struct ot_node_list *list, size_t more);

/* ------------------------------------------------------------------ /osh/threads, real folders */

struct ot_err *ot_vfs_locals(struct ot_vfs *vfs, struct ot_node_list *ret);
/** As struct ot_expr_scope has it. @param priv the tree */
bool ot_vfs_local(void *priv, const char *name, struct ot_value *ret, struct ot_err **err);
/** As a scope's hint: where a name that nothing here has can be found. */
char *ot_vfs_hint(void *priv, const char *name);

/* ------------------------------------------------------------------ contexts */

struct ot_err *ot_vfs_list_contexts(struct ot_vfs *vfs, const struct ot_node *parent,
				    struct ot_node_list *ret);
/** What is in one, in its __after, __live, __trc, and in its frames. */
struct ot_err *ot_vfs_in_context(struct ot_vfs *vfs, const struct ot_node *parent,
				 struct ot_node_list *ret);
/** Whether it has exc_stack and exc_context: it is of an end that was not the usual one. */
bool ot_vfs_has_report(const struct ot_context *context);
void ot_vfs_describe_context(const struct ot_node *node, struct ot_buf *out);
/** As struct ot_expr_scope has it. @param priv the tree */
bool ot_vfs_context_name(void *priv, const char *name, struct ot_value *ret, struct ot_err **err);
/** The path that "~ID", "~SEQ", "~~KIND" or "~~" begins with, or NULL. @param word up to the first slash */
char *ot_vfs_context_word(const struct ot_vfs *vfs, const char *word);
/** Why "~~" or "~~KIND" leads nowhere; NULL: it is neither. @param word up to the first slash */
struct ot_err *ot_vfs_no_context(const char *word);
/** Adds where the contexts are to an error about something that only they have. */
struct ot_err *ot_vfs_hint_contexts(const struct ot_vfs *vfs, struct ot_err *err);
void ot_node_of_context(struct ot_context *context, struct ot_node *ret);
/** What is in a context stays there, and is of its memory. */
void ot_node_inherit(const struct ot_node *parent, struct ot_node *node);

struct ot_err *ot_vfs_threads(struct ot_vfs *vfs, struct ot_node_list *ret);
bool ot_vfs_thread(struct ot_vfs *vfs, const char *name, struct ot_node *ret);
struct ot_err *ot_vfs_in_thread(struct ot_vfs *vfs, const struct ot_node *thread,
				struct ot_node_list *ret);
void ot_vfs_tls(struct ot_vfs *vfs, uint32_t tid, struct ot_node_list *ret);

/** @param folder "/" or a path without slash at its end */
bool ot_vfs_disk_child(struct ot_vfs *vfs, const char *folder, const char *name,
		       struct ot_node *ret);
struct ot_err *ot_vfs_disk_list(struct ot_vfs *vfs, const char *folder, struct ot_node_list *ret);

#endif
