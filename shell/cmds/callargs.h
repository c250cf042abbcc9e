/* SPDX-License-Identifier: BSD-2-Clause */
/** Words as the arguments of a function, by its prototype: for `run f a b` and `call f a b`. */
#ifndef OT_CMD_CALLARGS_H
#define OT_CMD_CALLARGS_H

#include "cmds/invoke.h"

/**
 * The function that a word names. What has no table, but a symbol in the program or in the libraries
 * that it uses, is refused with that reason.
 */
struct ot_err *ot_callargs_function(struct ot_shell *shell, const char *word, struct ot_fn **ret);

/**
 * Makes a call ready.
 *
 * @param words nr words; numbers in any C notation, letters, NULL, names of enumerators; for a char pointer
 *              the word itself is the text, unless it begins with & or is an address; anything else
 *              is an expression, as &x or shop.first for a struct. A function like main, int f(int,
 *              char **), gets the program's own argc and argv: no words, or the ones that the
 *              program was started with
 */
struct ot_err *ot_callargs_make(struct ot_shell *shell, const struct ot_fn *fn, char *const *words,
				uint32_t nr, struct ot_invocation *ret);

/** Adds the value that a call of @p fn came to, as text and as JSON (nothing for void), or says why
 * there is none. */
struct ot_err *ot_callargs_result(const struct ot_shell *shell, const struct ot_fn *fn,
				  const struct ot_target_done *done, struct ot_buf *out,
				  struct ot_buf *json);

#endif
