/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Commands of the machine: run by $SHELL -c where we are. At a prompt they have the terminal, its
 * modes and its Ctrl-C until they end, so that full-screen programs work; the program that is looked
 * at is followed meanwhile, and what it says is printed behind them.
 */
#ifndef OT_UI_UNIX_H
#define OT_UI_UNIX_H

#include "base/err.h"

struct ot_shell;

/**
 * Runs one to its end.
 * @param text	 the command line
 * @param input	 its standard input; NULL = the terminal, or nothing in batch
 * @param output what it writes to standard output is added to this; NULL = to ours
 * @return an error too when it fails: "exit status 2", "killed by ..."
 */
struct ot_err *ot_unix_run(struct ot_shell *shell, const char *text, const struct ot_buf *input,
			   struct ot_buf *output);

/** What pages long text at this prompt, or NULL. */
const char *ot_unix_pager(const struct ot_shell *shell);

/** Whether a program of that name is found in PATH. */
bool ot_unix_has(const char *name);

#endif
