// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/paths.h"

#define WIDTH_UNKNOWN 100u

static void offer(void *priv, const char *text, bool is_dir)
{
	struct ot_cmd_completion *completion = priv;

	completion->no_space = completion->no_space || is_dir;
	completion->offer(completion, text);
}

void ot_paths_complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	if (shell->vfs)
		ot_vfs_complete(shell->vfs, completion->word, offer, completion);
}

struct ot_format ot_paths_format(const struct ot_shell *shell)
{
	struct ot_format format = {.program = shell->program, .target = shell->target};

	format.width = shell->width ? shell->width : WIDTH_UNKNOWN;
	return format;
}
