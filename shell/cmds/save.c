// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/contextids.h"
#include "params/params.h"
#include "ui/pickling.h"

static struct ot_err *to_file(struct ot_shell *shell, const char *path,
			      const struct ot_context_list *list)
{
	const struct ot_params *params = ot_params_of(shell);
	struct ot_pickler_limits limits = {.max_bytes = params->pickle_max_bytes,
					   .max_file_bytes = params->pickle_max_file};
	struct ot_pickler *pickler;
	struct ot_err *err, *last;

	OT_TRY(ot_cmd_check_confined(shell));
	for (size_t i = 0; i < list->nr; i++)
		if (ot_contexts_is_file(list->items[i]->store))
			return ot_err_new(OT_ERR_UNSUPPORTED, "%s lies in a file already",
					  list->items[i]->id);
	/* it may be the one that is written */
	ot_pickling_settle(shell, true);
	OT_TRY(ot_pickler_create(path, shell->contexts, shell->program, &limits, &pickler));
	err = NULL;
	for (size_t i = 0; !err && i < list->nr; i++)
		err = ot_pickler_write(pickler, list->items[i]);
	last = ot_pickler_destroy(pickler);
	if (!err)
		return last;
	ot_err_destroy(last);
	return ot_err_prefix(err, "cannot write %s", path);
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	bool option = call->argc > 1 && ot_cmd_is_option(call, 1);
	bool file = option && !strcmp(call->argv[1], "-o");
	struct ot_context_list list = {0};
	struct ot_err *err = NULL;

	if (option && !file)
		return ot_cmd_no_option(&ot_cmd_save, call->argv[1]);
	if (file && call->argc < 3)
		return ot_err_new(OT_ERR_USAGE, "save -o which file?");
	err = ot_context_ids_find(shell, call, file ? 3 : 1, &list);
	if (!err && file)
		err = to_file(shell, call->argv[2], &list);
	for (size_t i = 0; !err && i < list.nr; i++) {
		if (!file)
			ot_contexts_save(list.items[i]->store, list.items[i]);
		ot_buf_addf(call->out, "Saved %s\n", list.items[i]->id);
	}
	free(list.items);
	return err;
}

const struct ot_cmd ot_cmd_save = {
	.name = "save",
	.usage = "[-o FILE] [ID...]",
	.summary = "keep contexts in /osh/saved, whatever comes, or in a file",
	.help = "ID is a trace id, its end (TIME.SEQ or SEQ), a path, or has wildcards; without one it is the\n"
		"context that we are in. /osh/recent keeps the newest of each kind (set max_recent).\n"
		"-o adds them to FILE, from where unpickle and `otrace open` have them, types and all.",
	.options = "-o",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_context_ids_complete,
};
