/* SPDX-License-Identifier: BSD-2-Clause */
/** Taking a line apart: commands at `;`, where their text goes, words at blanks, quoting undone. */
#ifndef OT_CMD_SPLIT_H
#define OT_CMD_SPLIT_H

#include <stdbool.h>

#include "base/err.h"

struct ot_buf;

/**
 * Splits into words. Quotes ' and ", backslash outside '...' as in a shell.
 * @param argv_ret NULL-terminated; ot_split_free() it
 */
struct ot_err *ot_split_words(const char *text, int *argc_ret, char ***argv_ret);
/** As ot_split_words(), but an open quote ends at the end: for lines still being typed. */
void ot_split_words_loosely(const char *text, int *argc_ret, char ***argv_ret);
void ot_split_free(char **argv);

/** Where the word begins that ends with the text, quotes and backslashes of its own in it; behind a blank the end. */
size_t ot_split_last_word(const char *text);
/** The quote that is open at the end of the text, or 0. */
char ot_split_open_quote(const char *text);
/**
 * Adds a word from its byte @p from on, quoted so that it goes on with what is there of it, behind @p quote (an open one,
 * or 0). False: there it cannot be written.
 */
bool ot_split_quote(const char *word, size_t from, char quote, struct ot_buf *out);

/** Bytes of the first word of @p text with its quotes; there must be no blanks before it. */
size_t ot_split_raw_word(const char *text);

/** Bytes of the first command of @p line: up to a `;` outside quotes, or the end. */
size_t ot_split_command(const char *line);
/** Where the last command of @p line begins. */
const char *ot_split_last_command(const char *line);

enum ot_split_to {
	OT_SPLIT_TO_USER,
	OT_SPLIT_TO_COMMAND, /* | COMMAND */
	OT_SPLIT_TO_FILE,    /* > FILE */
	OT_SPLIT_TO_FILE_END /* >> FILE */
};

/** A command and where its text goes. */
struct ot_split_goal {
	enum ot_split_to to;
	size_t bytes; /* of the command in front, blanks behind it left out */
	char *where;  /* a command for the unix shell, or a file's name; free() it */
};

/**
 * Looks for what stands behind a command: a `|` anywhere outside quotes, a `>` or `>>` that begins
 * a word ("a->b" and "n>=5" are none).
 */
struct ot_err *ot_split_goal(const char *command, struct ot_split_goal *ret);
/** Where the last " | " of @p text begins; NULL = there is none. */
const char *ot_split_last_pipe(const char *text);

#endif
