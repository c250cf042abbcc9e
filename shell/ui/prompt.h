/* SPDX-License-Identifier: BSD-2-Clause */
/** What stands before the line to type. */
#ifndef OT_UI_PROMPT_H
#define OT_UI_PROMPT_H

struct ot_shell;

/** "globals> ", and "BRK:globals> " while threads wait at breaks; valid until the next call. */
const char *ot_prompt_text(const struct ot_shell *shell);

#endif
