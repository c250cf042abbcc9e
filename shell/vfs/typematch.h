/* SPDX-License-Identifier: BSD-2-Clause */
/** Types that a user asks for: a type of C, or a pattern of its text. */
#ifndef OT_VFS_TYPEMATCH_H
#define OT_VFS_TYPEMATCH_H

#include "model/program.h"

struct ot_type_pattern {
	const struct ot_type *type; /* NULL = a pattern of text */
	char *text;		    /* a pattern without blanks */
};

/**
 * "client *", "struct dict", "unsigned long": a type of the program, which then means any that is the
 * same to C once typedefs and qualifiers are looked through. Anything with wildcards that is no type
 * ("dict?*", "struct cl* *"), and declarators in brackets ("int (*)(int)", "char [16]"), are
 * compared with how types are written. A name that no type has is an error with the nearest ones.
 * @param ret ot_type_pattern_deinit() it
 */
struct ot_err *ot_type_pattern_init(struct ot_program *program, const char *text,
				    struct ot_type_pattern *ret);
void ot_type_pattern_deinit(struct ot_type_pattern *pattern);
bool ot_type_pattern_matches(const struct ot_type_pattern *pattern, const struct ot_type *type);

#endif
