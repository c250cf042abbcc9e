// SPDX-License-Identifier: BSD-2-Clause
// pushd, popd, swapd: the stack of directories.
#include "base/err.h"
#include "cmds/cmd.h"
#include "cmds/paths.h"

static struct ot_err *run_pushd(struct ot_shell *shell, struct ot_cmd_call *call)
{
	if (call->argc > 2)
		return ot_err_new(OT_ERR_USAGE, "pushd takes one directory");
	OT_TRY(ot_vfs_push(shell->vfs, call->argc > 1 ? call->argv[1] : NULL));
	ot_paths_say_here(shell, call);
	return NULL;
}

static struct ot_err *run_popd(struct ot_shell *shell, struct ot_cmd_call *call)
{
	bool all = call->argc == 2 && !strcmp(call->argv[1], "-a");

	if (call->argc > 1 && !all)
		return ot_err_new(OT_ERR_USAGE, "popd takes nothing, or -a for all of the stack");
	return ot_vfs_pop(shell->vfs, all);
}

static struct ot_err *run_swapd(struct ot_shell *shell, struct ot_cmd_call *call)
{
	(void)call;
	return ot_vfs_swap(shell->vfs);
}

const struct ot_cmd ot_cmd_pushd = {
	.name = "pushd",
	.usage = "[DIRECTORY]",
	.summary = "go to a directory and remember on a stack where we were",
	.help = "popd goes back, swapd exchanges the two, `pwd -a` shows the stack.",
	.flags = OT_CMD_STOPS_LINE,
	.run = run_pushd,
	.complete = ot_paths_complete,
};

const struct ot_cmd ot_cmd_popd = {
	.name = "popd",
	.usage = "[-a]",
	.summary = "go back to where pushd was called",
	.help = "-a  to the oldest directory of the stack, which is empty then",
	.options = "-a",
	.flags = OT_CMD_STOPS_LINE,
	.run = run_popd,
};

const struct ot_cmd ot_cmd_swapd = {
	.name = "swapd",
	.usage = "",
	.summary = "exchange where we are with the top of pushd's stack",
	.flags = OT_CMD_STOPS_LINE,
	.run = run_swapd,
};
