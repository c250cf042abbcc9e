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

/** Left as they are where there is nothing to say. */
struct ot_evaluate_notes {
	const struct ot_fn
		*copy; /* the function that a name was taken for which others have as well */
	const struct ot_type
		*outside; /* the array of which an element was looked at that it does not have */
};

/**
 * Evaluates.
 * @param ret ot_value_deinit() it
 * @param notes_ret what is to be said of it besides; may be NULL
 */
struct ot_err *ot_evaluate(struct ot_shell *shell, const char *text, struct ot_value *ret,
			   struct ot_evaluate_notes *notes_ret);
/** Tells the program that a variable of its is looked at, if the node is one: ot_evaluate() does it itself. */
void ot_evaluate_looks(struct ot_shell *shell, const struct ot_node *node);
/** Remembers a result: $1, $2, ... void is none. @return its number, 0 = was not */
size_t ot_evaluate_remember(struct ot_shell *shell, const struct ot_value *value);

#endif
