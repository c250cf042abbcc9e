// SPDX-License-Identifier: BSD-2-Clause
#include "base/buf.h"
#include "base/err.h"
#include "cmds/cmd.h"
#include "cmds/paths.h"

static void add(struct ot_cmd_call *call, const char *path)
{
	ot_buf_addf(call->out, "%s\n", path);
	ot_buf_add_json(call->json, path, strlen(path));
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	const char *path;

	if (call->argc == 1) {
		add(call, ot_vfs_cwd(shell->vfs));
		return NULL;
	}
	if (call->argc > 2 || strcmp(call->argv[1], "-a") != 0)
		return ot_err_new(OT_ERR_USAGE, "pwd takes nothing, or -a for the stack as well");
	ot_buf_addc(call->json, '[');
	add(call, ot_vfs_cwd(shell->vfs));
	for (size_t i = 0; (path = ot_vfs_stack(shell->vfs, i)); i++) {
		ot_buf_addc(call->json, ',');
		add(call, path);
	}
	ot_buf_addc(call->json, ']');
	return NULL;
}

const struct ot_cmd ot_cmd_pwd = {
	.name = "pwd",
	.usage = "[-a]",
	.summary = "say where we are in the tree",
	.help = "-a  and the directories that pushd has put on the stack, its top first",
	.options = "-a",
	.run = run,
};
