/* SPDX-License-Identifier: BSD-2-Clause */
/** Names with two meanings: a command or an alias, and a variable of the program. */
#ifndef OT_CMD_SHADOW_H
#define OT_CMD_SHADOW_H

#include <stdbool.h>

struct ot_shell;

/**
 * Says once for each name how the variable is had, when what @p text begins with is a command or an
 * alias and, below /osh, a variable or a field of the struct we are in as well.
 */
void ot_shadow_tell(struct ot_shell *shell, const char *text, bool is_alias);

#endif
