/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The tree below /osh: names of the program as files and directories, and where we are in it.
 *
 *	/osh/globals/NAME		variables, functions, types
 *	/osh/files/src/x.c/NAME		the same by source file
 *	/osh/types/T/{fields,methods}
 *	/osh/modules/SO/NAME		by executable and shared object
 *	/osh/threads/TID/		frames, name, state, recorded, tls/NAME: live threads
 *	/osh/patches/NAME		what is patched now
 *	/osh/locals/NAME		of the function that waits in otrace_set_trace()
 *	/osh/recent/KIND/FUNCTION/LABEL/TIME.SEQ/	recorded contexts; /osh/saved the same,
 *	/osh/all/ID			all of them by trace id
 *	/osh/pickled/...		as /osh/recent, of files
 *	/osh/{db,web}			filled by what is still to come; they say with what
 *
 * Any variable can be entered: struct members, what a pointer points to, array elements. A path is
 * looked up anew each time, so a directory shows what is there now; what is gone is "stale".
 * Everything outside /osh is the file system of the machine.
 */
#ifndef OT_VFS_H
#define OT_VFS_H

#include "base/vec.h"
#include "expr/expr.h"

struct ot_arena;
struct ot_context;
struct ot_contexts;
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
	OT_NODE_MODULES,
	OT_NODE_MODULE, /* the executable or one shared object */
	OT_NODE_THREADS,
	OT_NODE_THREAD,	 /* one thread */
	OT_NODE_TLS,	 /* its thread-locals */
	OT_NODE_LOCALS,	 /* variables of who waits in otrace_set_trace() */
	OT_NODE_PATCHES, /* what is patched; the entries are functions */
	OT_NODE_LATER,	 /* nothing is in it yet; note says what will be */
	OT_NODE_TEXT,	 /* a leaf: note is what it says */
	OT_NODE_REPORT, /* a leaf: exc_stack, exc_context; written when asked for: ot_vfs_report() */
	OT_NODE_DISK,	/* a file or folder of the machine */
	OT_NODE_CONTEXTS, /* /osh/all, recent, saved, pickled and their folders; path is below /osh */
	OT_NODE_CONTEXT, /* one recorded call */
	OT_NODE_AFTER,	 /* the same as it was at its end */
	OT_NODE_LIVE,	 /* the same with pointers followed in the program */
	OT_NODE_FRAME,	 /* a call that led to it */
	OT_NODE_ABOUT,	 /* __trc of a context or a frame */
	OT_NODE_FN,
	OT_NODE_VALUE /* a variable or a part of one */
};

/** A place in the tree. Names are borrowed from the program or owned by the list they are in. */
struct ot_node {
	enum ot_node_kind kind;
	bool is_folder;	  /* DISK */
	bool is_whole;	  /* REPORT: with source and variables */
	bool is_unread;	  /* VALUE: where it lies was not asked yet, ot_node_resolve() does */
	uint32_t tid;	  /* below a thread: which; 0 = none */
	const char *name; /* last component */
	const struct ot_fn *fn;
	const struct ot_fn *with;	/* FN in /osh/patches: what it was replaced with */
	const struct ot_var *var;	/* a whole variable, else NULL */
	const struct ot_type *type;	/* TYPE, FIELDS, FIELD, METHODS */
	const struct ot_member *member; /* FIELD, and VALUE when it is one */
	const struct ot_module *module; /* MODULE */
	uint64_t bit_offset;		/* FIELD */
	const char *path;		/* FILES, FILE: below /osh/files. DISK: whole */
	const char *note;		/* LATER, TEXT, THREAD: what is to be said of it */
	struct ot_value value;		/* VALUE: not fetched yet */
	struct ot_err *err;		/* VALUE: why it has none, e.g. optimised out; or NULL */
	struct ot_context *context;	/* in a context: which */
	size_t frame;			/* FRAME, ABOUT: 1 = the caller of the context's function */
	struct ot_target *from;		/* VALUE: whose memory it is of; NULL = the program's */
};

void ot_node_deinit(struct ot_node *node);

struct ot_node_list {
	struct ot_node *items;
	size_t nr;
	size_t cap;
	const char *note; /* what has to be said of it ("... 800 more"), or NULL; not owned */
	bool is_cut;	  /* the note is about entries that are not in the list */
};

void ot_node_list_deinit(struct ot_node_list *list);
/** By name. */
void ot_node_list_sort(struct ot_node_list *list);

/** @param program borrowed; NULL = an empty tree */
struct ot_vfs *ot_vfs_create(struct ot_program *program);
void ot_vfs_destroy(struct ot_vfs *vfs);

/** Tells where /osh/patches gets its entries: @p each calls @p add for every patch. */
void ot_vfs_set_patches(struct ot_vfs *vfs,
			void (*each)(void *priv,
				     void (*add)(void *to, const struct ot_fn *fn,
						 const struct ot_fn *with),
				     void *to),
			void *priv);

/** Where /osh/recent and its like have their entries; borrowed. */
void ot_vfs_set_contexts(struct ot_vfs *vfs, struct ot_contexts *contexts);
/** /osh/pickled has those of this store, too; borrowed. */
void ot_vfs_add_pickled(struct ot_vfs *vfs, struct ot_contexts *contexts);
struct ot_contexts *ot_vfs_contexts(const struct ot_vfs *vfs);
/** The path of a context. @return free() it */
char *ot_vfs_context_path(const struct ot_context *context);

/* ------------------------------------------------------------------ where we are */

/** The current directory, "/osh/globals" at first. */
const char *ot_vfs_cwd(const struct ot_vfs *vfs);
/** Whether it is a directory of the machine, where lines are for its shell. The process is there. */
bool ot_vfs_is_outside(const struct ot_vfs *vfs);
/**
 * Goes to a directory. NULL or "" = the top of the context we are in, else /osh/globals, outside /osh the home
 * directory; "-" = where we were before; ~~, ~~g, ~~w (where the process is), ~ and ~user as ot_vfs_find() has them.
 */
struct ot_err *ot_vfs_cd(struct ot_vfs *vfs, const char *path);
/** Remembers where we are on a stack, then goes to @p path; nothing changes when that fails. */
struct ot_err *ot_vfs_push(struct ot_vfs *vfs, const char *path);
/** Goes where the stack says and takes it off. @param all to the oldest, and empties the stack */
struct ot_err *ot_vfs_pop(struct ot_vfs *vfs, bool all);
/** Exchanges where we are with the top of the stack. */
struct ot_err *ot_vfs_swap(struct ot_vfs *vfs);
/** The context that we are in, or NULL. */
struct ot_context *ot_vfs_context(struct ot_vfs *vfs);
/** Whose memory what we are in is of: a context's, or the program's. */
struct ot_target *ot_vfs_target(struct ot_vfs *vfs);
/** What the prompt says of a place in a context, free() it; NULL = nothing special. */
char *ot_vfs_prompt(struct ot_vfs *vfs);
/** The stack, its top first: number @p i, or NULL behind its end. */
const char *ot_vfs_stack(const struct ot_vfs *vfs, size_t i);

/* ------------------------------------------------------------------ looking */

/**
 * The place that @p path names: absolute or relative, with . and .., ~~ (the newest context, else /osh/globals),
 * ~~KIND (the newest of a kind), ~ID and ~SEQ (a context by its trace id or number), ~~g, ~~w, ~, ~user,
 * wildcards that match exactly one name each, and C's dots, arrows and indices in the place of
 * slashes.
 * @param ret	   ot_node_deinit() it
 * @param path_ret the same path with slashes only, free() it; may be NULL
 */
struct ot_err *ot_vfs_find(struct ot_vfs *vfs, const char *path, struct ot_node *ret,
			   char **path_ret);
/** All places that @p path names, wildcards and all. None is an error. Names are as typed. */
struct ot_err *ot_vfs_match(struct ot_vfs *vfs, const char *path, struct ot_node_list *ret);
/** Whether a path has wildcards; the index of "table[3]" is none. */
bool ot_vfs_is_pattern(const char *path);
/** What is in a directory; the list's note tells what was left out. Not a directory: an error. */
struct ot_err *ot_vfs_list(struct ot_vfs *vfs, const struct ot_node *node,
			   struct ot_node_list *ret);
bool ot_node_is_dir(const struct ot_node *node);
/** Whose memory a value is of: a context's, or the program's. */
struct ot_target *ot_node_target(const struct ot_vfs *vfs, const struct ot_node *node);
/** Finds out where a value lies, which may have to be asked of the program. */
void ot_node_resolve(struct ot_vfs *vfs, struct ot_node *node);

/**
 * Names that entries of this place have because of what is embedded at its start: level 1 is the
 * struct that its first member is (that member, or the members of an unnamed one), level 2 the one
 * embedded in that, and so on. Or those of the member whose type is called @p base.
 * @param names texts that stay as long as the program; nothing is added when there is no such thing
 */
void ot_node_embedded(struct ot_vfs *vfs, const struct ot_node *node, unsigned int level,
		      const char *base, struct ot_map *names);

/**
 * What names in an expression mean here: fields of the struct we are in, names of the file.
 * @param hold keeps what the scope points to; ot_node_deinit() it afterwards
 */
struct ot_err *ot_vfs_scope(struct ot_vfs *vfs, struct ot_expr_scope *ret, struct ot_node *hold);

/** Who waits in otrace_set_trace(), where, and what is known of it: a sentence, free() it. NULL: nobody. */
char *ot_vfs_waiting(struct ot_vfs *vfs);

/** Offers completions of a path or, without slash, of an expression's last name. */
void ot_vfs_complete(struct ot_vfs *vfs, const char *word,
		     void (*offer)(void *priv, const char *text, bool is_dir), void *priv);
/** The same of an expression alone, whose names are the program's also outside /osh. */
void ot_vfs_complete_expression(struct ot_vfs *vfs, const char *word,
				void (*offer)(void *priv, const char *text, bool is_dir),
				void *priv);

/* ------------------------------------------------------------------ describing */

/** "variable", "function", "type", "field", "thread", "directory", ...: one word. */
const char *ot_node_kind_name(const struct ot_node *node);
/** Its type in C, or nothing. */
void ot_node_type_text(const struct ot_node *node, struct ot_buf *out);
/** Bytes of a value, field or type. False: it has none. */
bool ot_node_size(const struct ot_node *node, uint64_t *ret);
/** The value, signature or definition on one line, as `ls -l` shows it last. */
void ot_node_describe(struct ot_vfs *vfs, struct ot_node *node, struct ot_buf *out);
/** The value as JSON, or nothing. */
void ot_node_json(struct ot_vfs *vfs, struct ot_node *node, struct ot_buf *out);

/** What a REPORT says: the frames of its context. The text ends without a newline. */
void ot_vfs_report(struct ot_vfs *vfs, const struct ot_node *node, struct ot_buf *out);
void ot_vfs_report_json(struct ot_vfs *vfs, const struct ot_node *node, struct ot_buf *out);

struct ot_program *ot_vfs_program(const struct ot_vfs *vfs);

#endif
