/* SPDX-License-Identifier: BSD-2-Clause */
/** For frames.c only: what debug information says of the code at an address. */
#ifndef OT_CONTEXTS_CODE_H
#define OT_CONTEXTS_CODE_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

#define OT_CODE_INLINED_MAX 32u

/** The function that has the code, and what was inlined into it and into each other there. */
struct ot_code {
	Dwarf_Die unit;
	Dwarf_Die chain[OT_CODE_INLINED_MAX]; /* the function first, the innermost last */
	unsigned int nr;
	Dwarf_Addr pc; /* in the file */
};

/** False: nothing is known of it. @param module may be NULL */
bool ot_code_find(Dwfl_Module *module, uint64_t pc, struct ot_code *ret);

/** The name of chain[i], or NULL. */
const char *ot_code_name(struct ot_code *code, unsigned int i);
/** Where chain[i] is: at pc, or at the call of what was inlined into it. NULL: not known. */
const char *ot_code_place(struct ot_code *code, unsigned int i, uint32_t *line_ret);

#endif
