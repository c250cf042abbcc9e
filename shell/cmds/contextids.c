// SPDX-License-Identifier: BSD-2-Clause
#include "base/names.h"
#include "cmds/contextids.h"
#include "vfs/vfs.h"

static void add(struct ot_context_list *list, struct ot_context *context)
{
	for (size_t i = 0; i < list->nr; i++)
		if (list->items[i] == context)
			return;
	ot_vec_push(list, context);
}

static void add_matching(struct ot_shell *shell, const char *pattern, struct ot_context_list *list)
{
	for (int saved = 0; saved < 2; saved++) {
		size_t nr;
		struct ot_context *const *all = ot_contexts_list(shell->contexts, -1, saved, &nr);

		for (size_t i = 0; i < nr; i++)
			if (ot_glob_match(pattern, all[i]->id) ||
			    ot_glob_match(pattern, all[i]->name))
				add(list, all[i]);
	}
}

static struct ot_context *by_word(struct ot_shell *shell, const char *word)
{
	size_t digits;

	word += *word == '~' && word[1] != '~';
	digits = strspn(word, "0123456789");
	if (digits && !word[digits])
		return ot_contexts_by_seq(shell->contexts, strtoull(word, NULL, 10));
	return ot_contexts_by_id(shell->contexts, word);
}

/* Folders of them mean all that is in them. */
static struct ot_err *add_below(struct ot_shell *shell, struct ot_node *node,
				struct ot_context_list *list)
{
	struct ot_node_list entries = {0};
	struct ot_err *err;

	if (node->kind == OT_NODE_CONTEXT) {
		add(list, node->context);
		return NULL;
	}
	if (node->kind != OT_NODE_CONTEXTS)
		return ot_err_new(OT_ERR_USAGE, "%s is no context", node->name);
	err = ot_vfs_list(shell->vfs, node, &entries);
	for (size_t i = 0; !err && i < entries.nr; i++)
		err = add_below(shell, &entries.items[i], list);
	ot_node_list_deinit(&entries);
	return err;
}

static struct ot_err *add_path(struct ot_shell *shell, const char *path,
			       struct ot_context_list *list)
{
	struct ot_node_list nodes = {0};
	struct ot_err *err = ot_vfs_match(shell->vfs, path, &nodes);

	for (size_t i = 0; !err && i < nodes.nr; i++)
		err = add_below(shell, &nodes.items[i], list);
	ot_node_list_deinit(&nodes);
	return err;
}

static struct ot_err *add_word(struct ot_shell *shell, const char *word,
			       struct ot_context_list *list)
{
	struct ot_context *context = by_word(shell, word);
	size_t before = list->nr;

	if (context) {
		add(list, context);
		return NULL;
	}
	if (strchr(word, '/') || !strncmp(word, "~~", 2))
		return add_path(shell, word, list);
	add_matching(shell, word, list);
	if (list->nr > before || !strcmp(word, "*"))
		return NULL;
	return ot_context_explain_id(ot_err_new(OT_ERR_NOT_FOUND,
						"no context \"%s\" (ls /osh/all has them)", word),
				     word);
}

struct ot_err *ot_context_ids_find(struct ot_shell *shell, struct ot_cmd_call *call, int first,
				   struct ot_context_list *list)
{
	struct ot_context *here = ot_vfs_context(shell->vfs);

	if (!shell->contexts)
		return ot_err_new(OT_ERR_NOT_FOUND, "there are no contexts: nothing was traced");
	if (first == call->argc && !here)
		return ot_err_new(OT_ERR_USAGE,
				  "%s which context? (ID..., or none where we are in one)",
				  call->argv[0]);
	if (first == call->argc)
		add(list, here);
	for (int i = first; i < call->argc; i++)
		OT_TRY(add_word(shell, call->argv[i], list));
	return NULL;
}

void ot_context_ids_complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	for (int saved = 0; shell->contexts && saved < 2; saved++) {
		size_t nr;
		struct ot_context *const *all = ot_contexts_list(shell->contexts, -1, saved, &nr);

		for (size_t i = 0; i < nr; i++)
			completion->offer(completion, all[i]->id);
	}
}

void ot_context_ids_leave(struct ot_shell *shell, const struct ot_context_list *list)
{
	const struct ot_context *here = ot_vfs_context(shell->vfs);

	for (size_t i = 0; here && i < list->nr; i++)
		if (list->items[i] == here)
			ot_err_destroy(ot_vfs_cd(shell->vfs, "/osh/globals"));
}
