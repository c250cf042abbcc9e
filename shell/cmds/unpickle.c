// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/paths.h"
#include "ui/pickling.h"

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_pickle_filter filter = {0};
	size_t nr;

	if (call->argc < 2 || call->argc > 3)
		return ot_err_new(OT_ERR_USAGE, "unpickle FILE [FIELD=VALUE]");
	if (call->argc == 3)
		OT_TRY(ot_pickle_filter_read(call->argv[2], &filter));
	OT_TRY(ot_pickling_open(shell, call->argv[1], &filter, &nr));
	ot_buf_addf(call->out, "%zu context%s of %s in /osh/pickled\n", nr, nr == 1 ? "" : "s",
		    call->argv[1]);
	return NULL;
}

const struct ot_cmd ot_cmd_unpickle = {
	.name = "unpickle",
	.usage = "FILE [FIELD=VALUE]",
	.summary = "open a file of contexts: they appear in /osh/pickled",
	.help = "FILE was written by `save -o` or `set pickle_file`, by any shell; it has its own types, and needs no\n"
		"program. FIELD is id, kind, function, label, thread, tid or seq, VALUE may have wildcards.\n"
		"`otrace open FILE` does the same with no process.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_paths_complete,
};
