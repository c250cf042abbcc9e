// SPDX-License-Identifier: BSD-2-Clause
#include "base/buf.h"
#include "base/err.h"
#include "cmds/cmd.h"
#include "cmds/paths.h"

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	const char *cwd = ot_vfs_cwd(shell->vfs);

	ot_buf_addf(call->out, "%s\n", cwd);
	ot_buf_add_json(call->json, cwd, strlen(cwd));
	return NULL;
}

const struct ot_cmd ot_cmd_pwd = {
	.name = "pwd",
	.usage = "",
	.summary = "say where we are in the tree",
	.flags = OT_CMD_NEEDS_PROGRAM,
	.run = run,
};
