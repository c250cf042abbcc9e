/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Expressions of a session: names mean what they mean in the current directory, and what the session
 * may do an expression may do.
 */
#ifndef OT_EVALUATE_H
#define OT_EVALUATE_H

#include "cmds/cmd.h"
#include "model/value.h"
#include "vfs/vfs.h"

/**
 * Evaluates.
 * @param ret ot_value_deinit() it
 * @param copy_ret the function that a name was taken for which others have as well; or left
 */
struct ot_err *ot_evaluate(struct ot_shell *shell, const char *text, struct ot_value *ret,
			   const struct ot_fn **copy_ret);
/** Tells the program that a variable of its is looked at, if the node is one: ot_evaluate() does it itself. */
void ot_evaluate_looks(struct ot_shell *shell, const struct ot_node *node);
/** Remembers a result: $1, $2, ... void is none. @return its number, 0 = was not */
size_t ot_evaluate_remember(struct ot_shell *shell, const struct ot_value *value);

#endif
