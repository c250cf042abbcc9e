/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The program behind a target: modules, functions, variables, types and files, decoded from the
 * tables that the pass left in it.
 *
 * Everything is decoded and checked once, when a module is seen for the first time, by the same
 * code for live processes and for files (see image.h). What the calls below return belongs to the
 * program and stays until ot_program_destroy(), also when its module is unloaded: ids in recorded
 * calls go on meaning something.
 */
#ifndef OT_MODEL_PROGRAM_H
#define OT_MODEL_PROGRAM_H

#include "base/map.h"
#include "base/vec.h"
#include "model/type.h"
#include "target/target.h"

struct ot_program;
struct ot_fn;
struct ot_var;

struct ot_file {
	const char *name;	/* as the compiler was given it */
	const char *directory;	/* what a relative name is relative to, or NULL */
	const char *short_name; /* last component of name */
	const char *tree_name;	/* below /osh/files: no leading slash, no "./" */
	uint32_t hash_kind;	/* enum otrace_hash_kind */
	uint8_t hash[16];
};

struct ot_tu {
	const struct ot_file *file;
	const char *producer; /* or NULL */
	const char *command;  /* or NULL: not recorded */
	uint32_t flags;	      /* OTRACE_TU_* */
};

struct ot_module {
	uint64_t id;
	uint64_t bias;
	uint64_t low;
	uint64_t high;
	const char *path;
	const char *short_name;
	bool unloaded;
	uint32_t abi_version;
	size_t nr_fns;
	size_t nr_vars;
	struct ot_err *err; /* why nothing of it is known: damaged, other version; else NULL */
};

struct ot_param {
	const char *name; /* NULL = unnamed */
	const struct ot_type *type;
	const struct otrace_piece *pieces;
	uint32_t nr_pieces; /* 0 = optimised out */
};

struct ot_inlined {
	const char *caller;
	const char *file;
	uint32_t line;
};

struct ot_fn {
	const char *name;
	const char *
		unique_name; /* name; NAME@file.c or the symbol's when several functions share it */
	const char *linkage_name;
	uint64_t record; /* address of its struct otrace_fn: what the runtime is told */
	uint64_t symbol; /* addresses; 0 = none */
	uint64_t stub;
	uint64_t body;
	uint64_t wrapper;
	const struct ot_module *module;
	const struct ot_tu *tu;	    /* may be NULL */
	const struct ot_file *file; /* may be NULL */
	uint32_t line_begin;
	uint32_t line_end;
	uint32_t flags;	      /* enum otrace_fn_flag */
	uint32_t assumes;     /* enum otrace_assume_flag */
	uint32_t skip_reason; /* enum otrace_skip_reason */
	uint32_t nr_params;
	uint32_t nr_return_pieces;
	uint32_t nr_inlined;
	const struct ot_type *return_type; /* void is a type */
	const struct ot_param *params;
	const struct otrace_piece *return_pieces;
	const struct ot_inlined *inlined;
	uint32_t args_offset;
	uint32_t args_bytes;
	uint32_t ret_offset;
	uint32_t ret_bytes;
	uint32_t frame_bytes;
	uint32_t index; /* position among all functions ever seen: dense, for side tables */
	struct ot_fn *same_name; /* next function of this name, or NULL */
};

struct ot_var {
	const char *name;
	const char *unique_name; /* name, fn::name, NAME@file.c or fn::name@file.c */
	const char *linkage_name;
	const char *scope; /* function of a function static, else NULL */
	uint64_t record;
	uint64_t address; /* as in the record: storage, accessor or GOT word; 0 = none */
	const struct ot_module *module;
	const struct ot_tu *tu;
	const struct ot_file *file;
	const struct ot_type *type;
	uint32_t line;
	uint32_t flags; /* enum otrace_var_flag */
	uint64_t size_bytes;
	uint64_t constant_value;
	uint32_t align_bytes; /* that the source asks for, else 0 */
	struct ot_var *same_name;
};

struct ot_fn_list {
	struct ot_fn **items;
	size_t nr;
	size_t cap;
};
struct ot_var_list {
	struct ot_var **items;
	size_t nr;
	size_t cap;
};
struct ot_type_list {
	const struct ot_type **items;
	size_t nr;
	size_t cap;
};

/* ------------------------------------------------------------------ life */

/**
 * Reads the tables of all modules of @p target.
 *
 * A module that cannot be read (other table version, damaged) does not fail the rest: see
 * ot_module.err. It is an error when no module could be read.
 * @param target borrowed, must stay until ot_program_destroy()
 */
struct ot_err *ot_program_create(struct ot_target *target, struct ot_program **ret);
void ot_program_destroy(struct ot_program *program);

/** Looks for modules that came or went since; cheap when the target's generation is the same.
 * @param nr_new_fns_ret how many functions are new, may be NULL */
struct ot_err *ot_program_update(struct ot_program *program, size_t *nr_new_fns_ret);

struct ot_target *ot_program_target(const struct ot_program *program);

/** Another number whenever the lists below may have changed; never 0. */
uint64_t ot_program_revision(const struct ot_program *program);

/* ------------------------------------------------------------------ all of a kind */

/* Sorted by name; borrowed until the next update. */
const struct ot_module *const *ot_program_modules(const struct ot_program *program, size_t *nr_ret);
struct ot_fn *const *ot_program_fns(const struct ot_program *program, size_t *nr_ret);
struct ot_var *const *ot_program_vars(const struct ot_program *program, size_t *nr_ret);
/** Named structs, unions, enums and typedefs, and base types. */
const struct ot_type *const *ot_program_types(const struct ot_program *program, size_t *nr_ret);

/* ------------------------------------------------------------------ by name */

/**
 * A copy that the compiler made for some callers, as apply.specialized.1 of apply, has no other name
 * than the symbol's to tell it from the rest. C++ functions have such names anyway.
 */
bool ot_fn_is_made_copy(const struct ot_fn *fn);

/**
 * Whether both are compiled from one definition: a static function of a header has a copy in each file
 * that includes it, and it makes no difference which of them is called.
 */
bool ot_fn_is_same_source(const struct ot_fn *a, const struct ot_fn *b);
/** How many such copies lie in different places, itself included. */
unsigned int ot_fn_nr_copies(const struct ot_program *program, const struct ot_fn *fn);
/** Its name, which no other copy has: NAME@unit.c where there are several. */
void ot_fn_exact_name(const struct ot_program *program, const struct ot_fn *fn, struct ot_buf *out);
/** Of two such copies the better one to call: as the source has it, else in @p file (or NULL), else a. */
struct ot_fn *ot_fn_better_copy(struct ot_fn *a, struct ot_fn *b, const struct ot_file *file);

/**
 * Functions that @p pattern names: NAME, NAME@file.c, or with wildcards in either part, or a symbol.
 * All functions of a name are found (statics of several files). Nothing found is an error with the
 * nearest names.
 * @param list added to
 */
struct ot_err *ot_program_find_fns(const struct ot_program *program, const char *pattern,
				   struct ot_fn_list *list);
/** As ot_program_find_fns(): exactly one (of copies the one to call), or OT_ERR_AMBIGUOUS with the names
 * to choose from. */
struct ot_err *ot_program_find_fn(const struct ot_program *program, const char *name,
				  struct ot_fn **ret);
/** NAME, NAME@file.c, fn::NAME. Declared weak or common in several modules: the first. */
struct ot_err *ot_program_find_var(const struct ot_program *program, const char *name,
				   const struct ot_var **ret);

/* Silent forms: first of that exact name (chain same_name), NULL = none. @file.c is understood. */
struct ot_fn *ot_program_fn(const struct ot_program *program, const char *name);
struct ot_var *ot_program_var(const struct ot_program *program, const char *name);
/** @param kind OTRACE_TYPE_STRUCT, UNION, ENUM, TYPEDEF, BASE, or -1 for any (typedef first) */
const struct ot_type *ot_program_type(const struct ot_program *program, const char *name, int kind);
/** Another type of this type's name and kind that is not the same, or NULL. */
const struct ot_type *ot_program_type_rival(const struct ot_program *program,
					    const struct ot_type *type);
/**
 * An enumeration constant; the type is the enum's. NAME@file.c is understood. Several of different values
 * are an error, unless one is @p file's (or NULL).
 * @param ret NULL when there is none
 */
struct ot_err *ot_program_enumerator(const struct ot_program *program, const char *name,
				     const struct ot_file *file, const struct ot_enumerator **ret,
				     const struct ot_type **type_ret);

/** Adds names of functions, variables and types near @p name to @p err; returns err. */
struct ot_err *ot_program_nearest(const struct ot_program *program, const char *name,
				  struct ot_err *err);

/** Functions whose first parameter is a pointer to @p type: its methods. */
void ot_program_methods(const struct ot_program *program, const struct ot_type *type,
			struct ot_fn_list *list);

/* ------------------------------------------------------------------ by place */

/** The function at exactly this address (symbol, stub or body), or NULL. */
struct ot_fn *ot_program_fn_at(const struct ot_program *program, uint64_t address);
struct ot_fn *ot_program_fn_of_record(const struct ot_program *program, uint64_t record);

/* ------------------------------------------------------------------ made types */

const struct ot_type *ot_program_void(struct ot_program *program);
const struct ot_type *ot_program_pointer_to(struct ot_program *program, const struct ot_type *type);
const struct ot_type *ot_program_array_of(struct ot_program *program, const struct ot_type *type,
					  uint64_t count);
/** The type of a function, made of its parameters. */
const struct ot_type *ot_program_fn_type(struct ot_program *program, const struct ot_fn *fn);
/** A base type of the C language; made when the program has none of it. */
const struct ot_type *ot_program_base(struct ot_program *program, const char *name);

/* ------------------------------------------------------------------ words about things */

/** "static int price(const struct item *it, int n)" */
void ot_fn_signature(const struct ot_fn *fn, struct ot_buf *out);
/** "shop.c:30", or "" when nothing is known. */
void ot_fn_place(const struct ot_fn *fn, struct ot_buf *out);
/**
 * Why the function cannot be traced, in a user's words: inlined everywhere (and where), skipped
 * and why. NULL when it has a stub.
 */
struct ot_err *ot_fn_untraceable(const struct ot_fn *fn);
/** Why replacing it is not safe (assumes), one line without end; nothing when it is. */
void ot_fn_assumes_text(const struct ot_fn *fn, struct ot_buf *out);

#endif
