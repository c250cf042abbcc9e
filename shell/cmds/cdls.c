// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/paths.h"

/* The directory is the last word that is no option; ls gets the others. */
static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_cmd_call ls = *call;
	const char *path = NULL;

	if (call->argc > 1 && !ot_cmd_is_option(call, call->argc - 1)) {
		path = call->argv[call->argc - 1];
		ls.argc--;
	}
	for (int i = 1; i < ls.argc; i++)
		if (!ot_cmd_is_option(&ls, i))
			return ot_err_new(OT_ERR_USAGE, "cdls takes one directory");
	OT_TRY(ot_ls_check(&ls, 1));
	OT_TRY(ot_vfs_cd(shell->vfs, path));
	return ot_ls_run(shell, &ls, 1);
}

const struct ot_cmd ot_cmd_cdls = {
	.name = "cdls",
	.usage = "[OPTIONS] [DIRECTORY]",
	.summary = "go to a directory and list what is in it",
	.help = "The options are those of ls.",
	.options = "-a -c -d -f -l -m -t -v -. -..",
	.flags = OT_CMD_STOPS_LINE | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_paths_complete,
};
