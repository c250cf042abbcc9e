/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The prompt: line editing, history and completion by GNU readline, driven by the main loop one
 * character at a time so that output can come in between. Part of the otrace command only.
 */
#ifndef OT_UI_READLINE_H
#define OT_UI_READLINE_H

#include "ui/ui.h"

struct ot_shell;

/**
 * Takes the terminal over.
 * @param fd_in  where keys come from
 * @param line   called with each line; NULL at end of input. Borrowed text.
 */
void ot_readline_start(struct ot_shell *shell, int fd_in,
		       void (*line)(struct ot_shell *shell, const char *line));

/** Gives the terminal back and saves the history. */
void ot_readline_stop(void);

extern const struct ot_terminal ot_readline_terminal;

#endif
