/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "cmds/cmd.h"
#include "ui/prompt.h"
#include "vfs/vfs.h"

const char *ot_prompt_text(const struct ot_shell *shell)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s> ", shell->vfs ? ot_vfs_prompt(shell->vfs) : "otrace");
	return text;
}
