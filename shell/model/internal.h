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
	struct ot_fn_list fns; /* of loaded modules, sorted by name */
	struct ot_var_list vars;
	struct ot_type_list types; /* named ones, sorted by name */
	OT_VEC(struct ot_type *) all_types;
	struct ot_map types_by_hash; /* structural hash, and the keys of derived types */
	struct ot_map fn_by_name;    /* texts */
	struct ot_map var_by_name;
	struct ot_map type_by_name;
	struct ot_map fn_by_address;
	struct ot_map fn_by_record;
	struct ot_map enum_by_name; /* struct ot_enum_entry; made when first asked for */
	size_t nr_enum_types;	    /* all_types seen by enum_by_name */
	struct ot_type *type_void;
};

/** Decodes the records of a module into the program's lists. */
struct ot_err *ot_tables_decode(struct ot_program *program, struct ot_loaded *loaded,
				const struct otrace_module *m);

/** One module being decoded: types. */
struct ot_decoder {
	struct ot_program *program;
	struct ot_loaded *loaded;
	struct ot_image *image;
	struct ot_map types; /* by address */
	struct ot_map files;
	struct ot_map pools; /* that were read */
	struct ot_map fns;   /* by address of the description */
	struct ot_map vars;
	OT_VEC(struct ot_type *) todo; /* structs, unions, enums whose members are to be read */
	OT_VEC(uint64_t) todo_at;
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

/** Sorts, names and links everything after new tables came in. */
void ot_program_index(struct ot_program *program);

/** Whether something of this file is meant by "@file.c": last component, or end of the path. */
bool ot_file_matches(const struct ot_file *file, const char *pattern);

#endif
