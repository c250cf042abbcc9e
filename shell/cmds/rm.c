// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/contextids.h"
#include "cmds/paths.h"

/* A folder goes only when it was said that all of it shall. */
static struct ot_err *check(struct ot_shell *shell, const char *path, bool recursive)
{
	struct ot_node_list nodes = {0};
	struct ot_err *err = ot_vfs_match(shell->vfs, path, &nodes);

	for (size_t i = 0; !err && i < nodes.nr; i++) {
		if (nodes.items[i].kind == OT_NODE_CONTEXTS && !recursive)
			err = ot_err_new(OT_ERR_USAGE, "%s is a directory (rm -r)", path);
		else if (nodes.items[i].kind != OT_NODE_CONTEXT &&
			 nodes.items[i].kind != OT_NODE_CONTEXTS)
			err = ot_err_new(OT_ERR_UNSUPPORTED,
					 "%s is no entry that can be removed: contexts can", path);
	}
	ot_node_list_deinit(&nodes);
	return err;
}

/* The paths that are left are as the words of del. */
static struct ot_err *remove_all(struct ot_shell *shell, struct ot_cmd_call *call, int first)
{
	struct ot_context_list list = {0};
	struct ot_err *err = NULL;

	for (int i = first; !err && i < call->argc; i++) {
		bool is_path = strchr(call->argv[i], '/') || call->argv[i][0] == '~';
		ot_auto_free char *path = ot_asprintf("%s%s", is_path ? "" : "./", call->argv[i]);
		char *words[] = {call->argv[0], path, NULL};
		struct ot_cmd_call one = {.argc = 2, .argv = words};

		err = ot_context_ids_find(shell, &one, 1, &list);
	}
	if (!err)
		ot_context_ids_leave(shell, &list);
	for (size_t i = 0; !err && i < list.nr; i++)
		ot_contexts_delete(list.items[i]->store, list.items[i]);
	if (!err)
		ot_buf_addf(call->out, "Deleted %zu context%s\n", list.nr, list.nr == 1 ? "" : "s");
	free(list.items);
	return err;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	bool recursive = call->argc > 1 && !strcmp(call->argv[1], "-r");
	int first = 1 + recursive;

	if (call->argc > 1 && call->argv[1][0] == '-' && !recursive)
		return ot_cmd_no_option(&ot_cmd_rm, call->argv[1]);
	if (first == call->argc)
		return ot_err_new(OT_ERR_USAGE, "rm what? (a context, or -r a folder of them)");
	for (int i = first; i < call->argc; i++)
		OT_TRY(check(shell, call->argv[i], recursive));
	return remove_all(shell, call, first);
}

const struct ot_cmd ot_cmd_rm = {
	.name = "rm",
	.usage = "[-r] PATH...",
	.summary = "remove entries: contexts, and with -r folders of them",
	.help = "What is removed is forgotten everywhere, as by del. Outside /osh it is the machine's rm.",
	.options = "-r",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_paths_complete,
};
