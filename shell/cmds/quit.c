/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/cmd.h"
#include "launch/launch.h"
#include "target/target.h"
#include "ui/session.h"

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	(void)call;
	shell->quit = true;
	if (shell->launch && !ot_session_ended(shell)) {
		ot_ui_note(shell->ui, "ending the program (process %d)",
			   (int)ot_launch_pid(shell->launch));
		ot_session_end_program(shell);
	}
	return NULL;
}

const struct ot_cmd ot_cmd_quit = {
	.name = "quit",
	.usage = "",
	.summary = "leave; a program started here is ended, one that was joined goes on",
	.run = run,
};
