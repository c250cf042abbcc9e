// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "base/names.h"
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

/* Whether the path leads through /osh/saved: what stands before its wildcards does. */
static bool is_below_saved(struct ot_shell *shell, const char *path)
{
	static const char saved[] = "/osh/saved";
	ot_auto_free char *start = ot_strdup(path), *whole = NULL;
	struct ot_node node = {0};
	struct ot_err *err;
	bool below;

	for (char *slash; ot_glob_is(start) && (slash = strrchr(start, '/'));)
		slash[slash == start] = 0;
	err = ot_vfs_find(shell->vfs, start, &node, &whole);
	below = !err && !strncmp(whole, saved, sizeof(saved) - 1) &&
		(!whole[sizeof(saved) - 1] || whole[sizeof(saved) - 1] == '/');
	ot_err_destroy(err);
	ot_node_deinit(&node);
	return below;
}

/* What was saved goes when it is named, or /osh/saved is: not with a folder that it lies in, too. */
static size_t spare_saved(struct ot_shell *shell, const char *path, struct ot_context_list *list,
			  size_t first)
{
	struct ot_node_list nodes = {0};
	bool is_named = is_below_saved(shell, path);
	size_t nr = first, nr_spared;

	if (!is_named && !ot_glob_is(path)) {
		ot_err_destroy(ot_vfs_match(shell->vfs, path, &nodes));
		is_named = nodes.nr && nodes.items[0].kind == OT_NODE_CONTEXT;
		ot_node_list_deinit(&nodes);
	}
	for (size_t i = first; i < list->nr; i++)
		if (is_named || !list->items[i]->is_saved)
			list->items[nr++] = list->items[i];
	nr_spared = list->nr - nr;
	list->nr = nr;
	return nr_spared;
}

static void say(const struct ot_context_list *list, size_t nr_spared, struct ot_cmd_call *call)
{
	ot_buf_addf(call->out, "Deleted %zu context%s\n", list->nr, list->nr == 1 ? "" : "s");
	if (nr_spared)
		ot_cmd_note(call, "%zu that %s saved stay%s (rm -r /osh/saved removes them)",
			    nr_spared, nr_spared == 1 ? "was" : "were", nr_spared == 1 ? "s" : "");
}

/* The paths that are left are as the words of del. */
static struct ot_err *remove_all(struct ot_shell *shell, struct ot_cmd_call *call, int first)
{
	struct ot_context_list list = {0};
	struct ot_err *err = NULL;
	size_t nr_spared = 0;

	for (int i = first; !err && i < call->argc; i++) {
		bool is_path = strchr(call->argv[i], '/') || call->argv[i][0] == '~';
		ot_auto_free char *path = ot_asprintf("%s%s", is_path ? "" : "./", call->argv[i]);
		char *words[] = {call->argv[0], path, NULL};
		struct ot_cmd_call one = {.argc = 2, .argv = words};
		size_t before = list.nr;

		err = ot_context_ids_find(shell, &one, 1, &list);
		if (!err)
			nr_spared += spare_saved(shell, path, &list, before);
	}
	if (!err)
		ot_context_ids_leave(shell, &list);
	for (size_t i = 0; !err && i < list.nr; i++)
		ot_contexts_delete(list.items[i]->store, list.items[i]);
	if (!err)
		say(&list, nr_spared, call);
	free(list.items);
	return err;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	bool option = call->argc > 1 && ot_cmd_is_option(call, 1);
	bool recursive = option && !strcmp(call->argv[1], "-r");
	int first = 1 + recursive;

	if (option && !recursive)
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
	.help = "What is removed is forgotten everywhere, as by del; what was saved goes when it\n"
		"is named itself, or below /osh/saved. Outside /osh it is the machine's rm.",
	.options = "-r",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_paths_complete,
};
