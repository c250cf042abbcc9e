/* SPDX-License-Identifier: BSD-2-Clause */
/** For commands only: what those that take paths and names share. */
#ifndef OT_CMD_PATHS_H
#define OT_CMD_PATHS_H

#include <string.h>

#include "cmds/cmd.h"
#include "vfs/vfs.h"

/** Whether a word may stand before a type's name: struct, union, enum, class. */
bool ot_paths_is_tag(const char *word);

/** Completion of words that are paths or expressions. */
void ot_paths_complete(struct ot_shell *shell, struct ot_cmd_completion *completion);
/** The same where nothing but an expression can stand. */
void ot_paths_complete_expression(struct ot_shell *shell, struct ot_cmd_completion *completion);
/** Completion of a word that is a type, or begins one: "node *". */
void ot_paths_complete_type(struct ot_shell *shell, struct ot_cmd_completion *completion);

/** The type of that name, "client" or "struct client"; NULL = none. */
const struct ot_type *ot_paths_type(const struct ot_program *program, const char *text);

/** Says which other type has that name as well, if one has. */
void ot_paths_say_rival(const struct ot_program *program, const char *text,
			struct ot_cmd_call *call);

/** How values are written for a person at this shell. */
struct ot_format ot_paths_format(const struct ot_shell *shell);

/** Lists as `ls` does; words from @p first on are its arguments. */
struct ot_err *ot_ls_run(struct ot_shell *shell, struct ot_cmd_call *call, int first);

/** Whether the options of such a call are right. */
struct ot_err *ot_ls_check(struct ot_cmd_call *call, int first);

/** Whether a field of the struct that we are in, or a local where we are among them, has this name. */
bool ot_paths_is_here(const struct ot_shell *shell, const char *name);

/** Adds what a directory that is empty for now is for. */
void ot_paths_say_here(struct ot_shell *shell, struct ot_cmd_call *call);

#endif
