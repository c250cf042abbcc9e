/* SPDX-License-Identifier: BSD-2-Clause */
/** Source files of the program: finding them again, and lines of them. */
#ifndef OT_MODEL_SOURCE_H
#define OT_MODEL_SOURCE_H

#include "model/program.h"

struct ot_source {
	char *path;
	char *text;
	size_t bytes;
	bool changed; /* its sum is not that of what was compiled */
};

/**
 * Reads the file from where it was compiled, from the current directory, or from beside the program;
 * where several are there, the one that was compiled.
 */
struct ot_err *ot_source_open(const struct ot_program *program, const struct ot_file *file,
			      struct ot_source *ret);
void ot_source_close(struct ot_source *source);

#define ot_auto_source __attribute__((cleanup(ot_source_close)))

/** The file that functions or variables of the program name so; else one of that name alone. */
const struct ot_file *ot_source_file_of_name(struct ot_program *program, const char *name);

/** Last line of the declaration that begins at @p line: where its braces close, or its ";". */
uint32_t ot_source_declaration_end(const struct ot_source *source, uint32_t line);

/** Last line of the function that begins at @p line, 0 = not seen. Its own closing brace may lie
 * behind the last line that has code. */
uint32_t ot_source_body_end(const struct ot_source *source, uint32_t line);

/**
 * The comment right above the declaration that begins at @p line; lines of its head may be between,
 * such as the type of its result. False: there is none.
 */
bool ot_source_comment_above(const struct ot_source *source, uint32_t line, uint32_t *first_ret,
			     uint32_t *last_ret);

/** Lines as they are, without numbers; an error when the file has not so many. */
struct ot_err *ot_source_copy(const struct ot_source *source, uint32_t first, uint32_t last,
			      struct ot_buf *out);

/** Lines with their numbers; an error when the file has not so many. */
struct ot_err *ot_source_print(const struct ot_source *source, uint32_t first, uint32_t last,
			       struct ot_buf *out);

#endif
