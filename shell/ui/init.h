/* SPDX-License-Identifier: BSD-2-Clause */
/** The files that are run at the start of a session. */
#ifndef OT_UI_INIT_H
#define OT_UI_INIT_H

struct ot_shell;

/**
 * Runs otrace/init of $XDG_CONFIG_HOME or ~/.config, then .otracerc of the current directory if it
 * belongs to the user, nobody else may write to it, and it has no other name. What is wrong is noted with file and line, and
 * is no failure of the session.
 */
void ot_init_play(struct ot_shell *shell);

#endif
