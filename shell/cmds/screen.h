/* SPDX-License-Identifier: BSD-2-Clause */
/** Commands that have all of the terminal for a while: repeat, top. */
#ifndef OT_CMD_SCREEN_H
#define OT_CMD_SCREEN_H

#include "cmds/cmd.h"

/** Whether there is one, and nobody collects what the command writes. */
bool ot_screen_is_there(const struct ot_shell *shell);
/** Takes it; what else is printed waits until ot_screen_end(). */
void ot_screen_begin(struct ot_shell *shell);
void ot_screen_end(struct ot_shell *shell);
/** Shows as much of @p text as fits below a title. */
void ot_screen_draw(struct ot_shell *shell, const char *title, const struct ot_buf *text);
/** Waits, while the program is looked after; true: Enter ends it. */
bool ot_screen_pause(struct ot_shell *shell, unsigned int ms);

#endif
