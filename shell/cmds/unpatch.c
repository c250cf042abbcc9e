/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/functions.h"
#include "target/target.h"

static struct ot_err *restore(struct ot_shell *shell, size_t index, struct ot_buf *out)
{
	struct ot_patch_list *list = &shell->patches;
	const struct ot_fn *fn = list->items[index].fn;
	struct otrace_switched switched;

	OT_TRY(ot_target_redirect(shell->target, fn->record, 0, true, &switched));
	list->nr--;
	memmove(&list->items[index], &list->items[index + 1],
		(list->nr - index) * sizeof(list->items[0]));
	ot_buf_addf(out, "Unpatched %s\n", fn->unique_name);
	return NULL;
}

static struct ot_err *restore_all(struct ot_shell *shell, struct ot_buf *out)
{
	if (!shell->patches.nr)
		ot_buf_adds(out, "nothing is patched\n");
	while (shell->patches.nr)
		OT_TRY(restore(shell, shell->patches.nr - 1, out));
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_fn *fn;

	if (call->argc != 2)
		return ot_err_new(OT_ERR_USAGE, "unpatch: usage: unpatch F, or unpatch *");
	if (!strcmp(call->argv[1], "*"))
		return restore_all(shell, call->out);
	OT_TRY(ot_functions_find_one(shell, call->argv[1], &fn));
	for (size_t i = 0; i < shell->patches.nr; i++)
		if (shell->patches.items[i].fn == fn)
			return restore(shell, i, call->out);
	return ot_err_new(OT_ERR_NOT_FOUND, "%s is not patched (patch lists what is)",
			  fn->unique_name);
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	for (size_t i = 0; i < shell->patches.nr; i++)
		completion->offer(completion, shell->patches.items[i].fn->unique_name);
}

const struct ot_cmd ot_cmd_unpatch = {
	.name = "unpatch",
	.usage = "F|*",
	.summary = "take a patch back",
	.help = "Calls of F run its own code again. Calls in flight finish where they are.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE | OT_CMD_UNSAFE,
	.run = run,
	.complete = complete,
};
