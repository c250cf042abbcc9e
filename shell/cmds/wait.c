/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "cmds/cmd.h"
#include "target/target.h"
#include "ui/session.h"

#define LONG_MS 5000 /* from here on one may ask oneself whether it does anything */

static struct ot_err *parse_seconds(const char *text, uint64_t *ret_ms)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0 || seconds > 1e6)
		return ot_err_new(OT_ERR_USAGE, "wait: %s: expected seconds, 0 to 1000000", text);
	*ret_ms = (uint64_t)(seconds * 1000);
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	ot_auto_free char *what = NULL;
	uint64_t ms = 1000;

	if (call->argc > 2)
		return ot_err_new(OT_ERR_USAGE, "wait: one number of seconds is enough");
	if (call->argc == 2)
		OT_TRY(parse_seconds(call->argv[1], &ms));
	what = ot_asprintf("wait %s", call->rest);
	if (ms >= LONG_MS)
		ot_ui_progress_begin(shell->ui, what);
	ot_session_wait(shell, ms);
	return NULL;
}

const struct ot_cmd ot_cmd_wait = {
	.name = "wait",
	.usage = "[SECONDS]",
	.summary = "let the program go on for a while (default 1 second)",
	.help = "For scripts: trace something, wait, then look at the log. Ends early with the\n"
		"program, when a thread comes to a break, or by Ctrl-C.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_WAITS,
	.run = run,
};
