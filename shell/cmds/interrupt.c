/* SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "cmds/cmd.h"
#include "target/target.h"
#include "ui/ui.h"

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	pid_t pid = ot_target_pid(shell->target);

	if (shell->safe)
		return ot_err_new(OT_ERR_SAFE,
				  "interrupt is not allowed in safe mode (--unsafe when "
				  "otrace starts allows it)");
	/* To the main thread, which is where programs expect it. */
	if (syscall(SYS_tgkill, pid, pid, SIGINT))
		return ot_err_errno("cannot send SIGINT to process %d", (int)pid);
	ot_buf_addf(call->out, "SIGINT sent to process %d\n", (int)pid);
	return NULL;
}

const struct ot_cmd ot_cmd_interrupt = {
	.name = "interrupt",
	.usage = "",
	.summary = "send SIGINT to the program's main thread, as Ctrl-C would",
	.help = "A program without a handler for it is ended. Refused in safe mode.",
	.flags = OT_CMD_NEEDS_LIVE,
	.run = run,
};
