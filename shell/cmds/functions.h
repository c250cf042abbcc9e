/* SPDX-License-Identifier: BSD-2-Clause */
/** What the commands about functions share: finding them by what a user types, completion. */
#ifndef OT_CMD_FUNCTIONS_H
#define OT_CMD_FUNCTIONS_H

#include "cmds/cmd.h"
#include "model/program.h"

/**
 * Functions that a word names: NAME, NAME@file.c, wildcards in either, FILE:NAME, a path below
 * /osh/globals or /osh/files. Nothing found is an error with the nearest names.
 * @param list added to; free its items
 */
struct ot_err *ot_functions_find(struct ot_shell *shell, const char *word, struct ot_fn_list *list);

/** FILE:NAME and paths below /osh as NAME@FILE; NULL when @p word is neither. free() it */
char *ot_functions_at_form(const char *word);

/** Exactly one function; several are an error that lists them. */
struct ot_err *ot_functions_find_one(struct ot_shell *shell, const char *word, struct ot_fn **ret);
/**
 * As ot_functions_find_one(), and the other copies of a header's function behind it: those that the
 * word names and that have a stub.
 * @param list empty; ot_vec_deinit() it, also behind an error
 */
struct ot_err *ot_functions_find_copies(struct ot_shell *shell, const char *word,
					struct ot_fn_list *list);

/** Says that a name without a file means one of several copies, whose code may differ. */
void ot_functions_say_copies(struct ot_shell *shell, const struct ot_fn *fn,
			     struct ot_cmd_call *call);

/** Offers the names of functions. */
void ot_functions_complete(struct ot_shell *shell, struct ot_cmd_completion *completion);

/** "main (shop.c:30), bill (shop.c:41)"; at most a few places, then how many more. */
void ot_functions_inlined_places(const struct ot_fn *fn, struct ot_buf *out);

#endif
