/* SPDX-License-Identifier: BSD-2-Clause */
/** The session's tags: told to the user when calls set them, and when they move and end. */
#ifndef OT_UI_TAGGED_H
#define OT_UI_TAGGED_H

#include "cmds/cmd.h"

/** Makes shell->tags, and listens. The shell's traces and stream are there. */
void ot_tagged_begin(struct ot_shell *shell);

#endif
