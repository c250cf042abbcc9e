/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/functions.h"
#include "target/target.h"

static struct ot_err *restore(struct ot_shell *shell, size_t index)
{
	struct ot_patch_list *list = &shell->patches;
	struct otrace_switched switched;

	OT_TRY(ot_target_redirect(shell->target, list->items[index].fn->record, 0, true,
				  &switched));
	list->nr--;
	memmove(&list->items[index], &list->items[index + 1],
		(list->nr - index) * sizeof(list->items[0]));
	return NULL;
}

/* With the other copies of a header's function that are patched. */
static struct ot_err *restore_copies(struct ot_shell *shell, const struct ot_fn *fn,
				     struct ot_buf *out)
{
	size_t nr = 0;

	for (size_t i = shell->patches.nr; i--;)
		if (ot_fn_is_same_source(shell->patches.items[i].fn, fn)) {
			OT_TRY(restore(shell, i));
			nr++;
		}
	if (!nr)
		return ot_err_new(OT_ERR_NOT_FOUND, "%s is not patched (patch lists what is)",
				  fn->unique_name);
	ot_buf_addf(out, "Unpatched %s", fn->unique_name);
	if (nr > 1)
		ot_buf_addf(out, " (%zu copies)", nr);
	ot_buf_addc(out, '\n');
	return NULL;
}

static struct ot_err *restore_all(struct ot_shell *shell, struct ot_buf *out)
{
	if (!shell->patches.nr)
		ot_buf_adds(out, "nothing is patched\n");
	while (shell->patches.nr)
		OT_TRY(restore_copies(shell, shell->patches.items[shell->patches.nr - 1].fn, out));
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
	return restore_copies(shell, fn, call->out);
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
