// SPDX-License-Identifier: BSD-2-Clause
#include "base/err.h"
#include "cmds/cmd.h"
#include "cmds/evaluate.h"
#include "cmds/paths.h"
#include "contexts/contexts.h"

static void tell_program(struct ot_shell *shell)
{
	struct ot_node here = {0};
	ot_auto_err struct ot_err *err = ot_vfs_find(shell->vfs, ".", &here, NULL);

	if (!err)
		ot_evaluate_looks(shell, &here);
	ot_node_deinit(&here);
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	if (call->argc > 2)
		return ot_context_explain_id(ot_err_new(OT_ERR_USAGE, "cd takes one directory"),
					     call->argv[1]);
	OT_TRY(ot_vfs_cd(shell->vfs, call->argc > 1 ? call->argv[1] : NULL));
	tell_program(shell);
	ot_paths_say_here(shell, call);
	return NULL;
}

const struct ot_cmd ot_cmd_cd = {
	.name = "cd",
	.usage = "[DIRECTORY]",
	.summary = "go to another place of the tree, or of the machine",
	.help = "Without a directory: /osh/globals, outside /osh the home directory. `cd -` goes back,\n"
		"~~ is the newest context, ~~breaks the newest of a kind, ~ID and ~17 one by its trace id or\n"
		"number; in one, `cd` goes to its top, up and dn (__up, __down) to the callers and back.\n"
		"~~g is /osh/globals, ~~w the work directory, ~ and ~user are home directories.\n"
		"Anything with parts is a directory: structs by field, pointers are followed, arrays\n"
		"by index; `cd server.clients->head` is `cd server/clients/head`. Wildcards must match\n"
		"one name. `cd DIRECTORY; COMMAND` runs the command there, if it got there.",
	.flags = OT_CMD_STOPS_LINE | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_paths_complete,
};
