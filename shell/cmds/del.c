// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/contextids.h"

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_context_list list = {0};
	struct ot_err *err = ot_context_ids_find(shell, call, 1, &list);

	if (!err)
		ot_context_ids_leave(shell, &list);
	for (size_t i = 0; !err && i < list.nr; i++) {
		ot_buf_addf(call->out, "Deleted %s\n", list.items[i]->id);
		ot_contexts_delete(list.items[i]->store, list.items[i]);
	}
	free(list.items);
	return err;
}

const struct ot_cmd ot_cmd_del = {
	.name = "del",
	.usage = "[ID...]",
	.summary = "forget contexts, everywhere",
	.help = "ID is a trace id, its end (TIME.SEQ or SEQ), a path, or has wildcards; without one it is the\n"
		"context that we are in. It leaves /osh/recent, /osh/saved and /osh/all.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_context_ids_complete,
};
