/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * For locals.c only: types from debug information. What the tables have is theirs, so that it is the same
 * type as that of a variable; what only a function uses is made from what the compiler says of it.
 */
#ifndef OT_MODEL_DWARFTYPE_H
#define OT_MODEL_DWARFTYPE_H

#include <elfutils/libdw.h>

#include "model/program.h"

struct ot_dwarf_types {
	struct ot_program *program;
	const struct ot_module *module;
	/** What the variable of a DIE holds: the count of an array whose length is not fixed. */
	bool (*count_of)(void *priv, Dwarf_Die *die, uint64_t *ret);
	void *priv;
	unsigned int looks; /* at DIEs, so far */
};

/** The type that a DIE refers to; void where it refers to none. NULL: it cannot be known. */
const struct ot_type *ot_dwarf_type_of(struct ot_dwarf_types *types, Dwarf_Die *of);

#endif
