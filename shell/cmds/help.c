// SPDX-License-Identifier: BSD-2-Clause
#include "base/names.h"
#include "cmds/paths.h"

static void help_all(struct ot_buf *out)
{
	for (size_t i = 0; ot_cmds[i]; i++)
		ot_buf_addf(out, "  %-8s %s\n", ot_cmds[i]->name, ot_cmds[i]->summary);
	ot_buf_adds(out,
		    "Anything else is a C expression whose value is printed. `help COMMAND` says "
		    "more.\n");
}

static void help_one(const struct ot_cmd *cmd, struct ot_buf *out)
{
	ot_buf_addf(out, "%s%s%s\n%s\n", cmd->name, cmd->usage && *cmd->usage ? " " : "",
		    cmd->usage ? cmd->usage : "", cmd->summary);
	if (cmd->help)
		ot_buf_addf(out, "\n%s\n", cmd->help);
}

static struct ot_err *no_command(const char *name)
{
	struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "no command \"%s\"", name);
	struct ot_nearest nearest;

	ot_nearest_init(&nearest, name);
	for (size_t i = 0; ot_cmds[i]; i++)
		ot_nearest_offer(&nearest, ot_cmds[i]->name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	(void)shell;
	if (call->argc < 2 || !strcmp(call->argv[1], "*")) {
		help_all(call->out);
		return NULL;
	}
	for (int i = 1; i < call->argc; i++) {
		const struct ot_cmd *cmd = ot_cmd_find(call->argv[i]);

		if (!cmd)
			return no_command(call->argv[i]);
		ot_buf_adds(call->out, i > 1 ? "\n" : "");
		help_one(cmd, call->out);
	}
	return NULL;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	(void)shell;
	for (size_t i = 0; ot_cmds[i]; i++)
		completion->offer(completion, ot_cmds[i]->name);
}

const struct ot_cmd ot_cmd_help = {
	.name = "help",
	.usage = "[COMMAND...]",
	.summary = "list the commands, or say what one does",
	.run = run,
	.complete = complete,
};
