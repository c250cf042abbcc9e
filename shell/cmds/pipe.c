/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/cmd.h"
#include "cmds/split.h"
#include "ui/ui.h"
#include "ui/unix.h"

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	const char *pipe = ot_split_last_pipe(call->rest);
	struct ot_buf *capture = shell->capture, *notes = shell->notes;
	unsigned int width = shell->width;
	bool colours = shell->colours;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, said = OT_BUF_INIT;
	ot_auto_free char *command = NULL;
	bool keep = capture || ot_ui_is_json_only(shell->ui);
	struct ot_err *err;
	int nr_failed;

	if (!pipe || !pipe[3 + strspn(pipe + 3, " \t")])
		return ot_err_new(OT_ERR_USAGE,
				  "pipe wants COMMAND | UNIX COMMAND, with blanks around "
				  "the |");
	OT_TRY(ot_cmd_check_confined(shell));
	command = ot_strndup(call->rest, (size_t)(pipe - call->rest));
	shell->capture = &text;
	shell->notes = &said;
	shell->width = 0;
	shell->colours = false;
	nr_failed = ot_cmd_line(shell, command);
	shell->capture = capture;
	shell->notes = notes;
	shell->width = width;
	shell->colours = colours;
	if (nr_failed)
		return ot_err_new(OT_ERR_OTHER, "nothing was passed on to `%s`", pipe + 3);
	err = ot_unix_run(shell, pipe + 3, &text, keep ? call->out : NULL);
	ot_cmd_deliver_notes(shell, call, &said);
	return err;
}

const struct ot_cmd ot_cmd_pipe = {
	.name = "pipe",
	.usage = "COMMAND | UNIX COMMAND",
	.summary = "pass on the text of a command that takes the whole line: pipe pr EXPR | CMD",
	.help = "The line is split at its last ` | `. For other commands `COMMAND | CMD` is enough.",
	.flags = OT_CMD_RAW | OT_CMD_WAITS,
	.run = run,
};
