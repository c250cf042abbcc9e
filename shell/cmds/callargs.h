/* SPDX-License-Identifier: BSD-2-Clause */
/** Words as the arguments of a function, by its prototype: for `run f a b`. */
#ifndef OT_CMD_CALLARGS_H
#define OT_CMD_CALLARGS_H

#include "cmds/cmd.h"
#include "model/value.h"
#include "target/target.h"

/** A call made ready. ot_callargs_deinit(). */
struct ot_callargs {
	struct ot_target_call call;
	struct ot_target_arg *args;
};

/**
 * @param words nr words; integers in any C base, floats, 'c', NULL, strings, enumerators. A function
 *              like main, int f(int, char **), gets the program's own argc and argv: no words, or
 *              the ones that the program was started with
 */
struct ot_err *ot_callargs_make(const struct ot_program *program, const struct ot_fn *fn,
				char *const *words, uint32_t nr, struct ot_callargs *ret);
void ot_callargs_deinit(struct ot_callargs *args);

/** What a call of @p fn came to: the value that came back, as text and as JSON (nothing for void),
 * or why there is none. */
struct ot_err *ot_callargs_result(const struct ot_shell *shell, const struct ot_fn *fn,
				  const struct otrace_call_done *done, struct ot_buf *out,
				  struct ot_buf *json);

#endif
