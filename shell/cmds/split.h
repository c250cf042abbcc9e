/* SPDX-License-Identifier: BSD-2-Clause */
/** Taking a line apart: commands at `;`, words at blanks, shell quoting undone. */
#ifndef OT_CMD_SPLIT_H
#define OT_CMD_SPLIT_H

#include "base/err.h"

/**
 * Splits into words. Quotes ' and ", backslash outside '...' as in a shell.
 * @param argv_ret NULL-terminated; ot_split_free() it
 */
struct ot_err *ot_split_words(const char *text, int *argc_ret, char ***argv_ret);
/** As ot_split_words(), but an open quote ends at the end: for lines still being typed. */
void ot_split_words_loosely(const char *text, int *argc_ret, char ***argv_ret);
void ot_split_free(char **argv);

/** Bytes of the first command of @p line: up to a `;` outside quotes, or the end. */
size_t ot_split_command(const char *line);
/** Where the last command of @p line begins. */
const char *ot_split_last_command(const char *line);

#endif
