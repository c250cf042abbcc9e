/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of model/ only: the program's insides, and the decoder of one module's tables. */
#ifndef OT_MODEL_INTERNAL_H
#define OT_MODEL_INTERNAL_H

#include "base/arena.h"
#include "base/names.h"
#include "model/image.h"
#include "model/program.h"

/** A module and its memory, which is kept as long as the program: texts point into it. */
struct ot_loaded {
	struct ot_module module;
	struct otrace_module from; /* as the target had it */
	struct ot_image image;
};

struct ot_enum_entry {
	const struct ot_enumerator *enumerator;
	const struct ot_type *type;
	struct ot_enum_entry *same_name;
};

struct ot_program {
	struct ot_target *target;
	uint64_t generation;
	uint64_t revision; /* counts what ot_program_index() has done */
	struct ot_arena arena;
	OT_VEC(struct ot_loaded *) loaded;
	OT_VEC(const struct ot_module *) modules;
	struct ot_fn_list all_fns; /* ever seen, in the order of ot_fn.index */
	struct ot_var_list all_vars;
	struct ot_fn_list fns;	   /* of loaded modules, sorted by name */
	struct ot_fn_list renamed; /* of these, those whose symbol is called otherwise */
	struct ot_var_list vars;
	struct ot_type_list types; /* named ones, sorted by name */
	OT_VEC(struct ot_type *) all_types;
	struct ot_map types_by_hash; /* structural hash, and the keys of derived types */
	/* each made when first asked for; texts */
	struct ot_map fn_by_name;
	struct ot_map var_by_name;
	struct ot_map type_by_name;
	/* made together */
	struct ot_map fn_by_address;
	struct ot_map fn_by_record;
	struct ot_map enum_by_name; /* struct ot_enum_entry; made when first asked for */
	size_t nr_enum_types;	    /* all_types seen by enum_by_name */
	struct ot_type *type_void;
};

/** Decodes the records of a module into the program's lists. */
struct ot_err *ot_tables_decode(struct ot_program *program, struct ot_loaded *loaded,
				const struct otrace_module *m);

/** A struct, union or enum whose members are to be read. */
struct ot_decoder_todo {
	struct ot_type *type;
	uint64_t address;
	uint64_t skip; /* bytes from there on to what was not read yet */
};

/**
 * Types by address. Not a struct ot_map: a type, the pointer to it and its const variants share a cache
 * line here.
 */
struct ot_type_table {
	struct {
		uint64_t address;
		struct ot_type *type; /* NULL = free */
	} *slots;
	size_t nr;
	size_t cap; /* a power of two, or 0 */
};

/** Room for so many without growing. */
void ot_type_table_reserve(struct ot_type_table *table, size_t nr);
void ot_type_table_deinit(struct ot_type_table *table);

struct ot_pool;

#define OT_NR_WHOLE 17u

/** One module being decoded: types. */
struct ot_decoder {
	struct ot_program *program;
	struct ot_loaded *loaded;
	struct ot_image *image;
	struct ot_type_table types;
	struct ot_map files;
	struct ot_map pools;	 /* that were read */
	struct ot_pool *pool;	 /* the last one of them that was looked at */
	struct ot_arena scratch; /* what nobody needs any more when the module is read */
	OT_VEC(struct ot_decoder_todo) todo;
	/* values that lie in one place, by slot and size: most functions share them */
	const struct otrace_piece *whole[OT_NR_WHOLE][OT_NR_WHOLE];
	struct ot_err *err; /* the first; everything stops at it */
};

/** The type at an address; 0 = void. NULL: see err. */
const struct ot_type *ot_decode_type(struct ot_decoder *decoder, uint64_t address);
/** Reads the members of all types found so far, and theirs. False: see err. */
bool ot_decode_members(struct ot_decoder *decoder);
/** A string behind a reference; NULL when there is none, or with err set when it is damaged. */
const char *ot_decode_string(struct ot_decoder *decoder, const struct otrace_ref *ref);
/** Sets err, unless it is set already. */
void ot_decode_fail(struct ot_decoder *decoder, uint64_t address, const char *what);

/** The one type that equals @p like; made when there is none. Members are taken over. */
struct ot_type *ot_types_intern(struct ot_program *program, const struct ot_type *like);
/** A new one, that equals no other. */
struct ot_type *ot_types_add(struct ot_program *program, const struct ot_type *like);

/** Sorts, names and links everything after new tables came in. */
void ot_program_index(struct ot_program *program);

/** First of a name, the others of it behind it (same_name); NULL = none. */
struct ot_fn *ot_program_fns_named(const struct ot_program *program, const char *name);
struct ot_var *ot_program_vars_named(const struct ot_program *program, const char *name);
const struct ot_type *ot_program_types_named(const struct ot_program *program, const char *name);

/** Whether something of this file is meant by "@file.c": last component, or end of the path. */
bool ot_file_matches(const struct ot_file *file, const char *pattern);
/** Whether nothing says that files of one name had another text when they were compiled. */
bool ot_file_same_content(const struct ot_file *a, const struct ot_file *b);

#endif
