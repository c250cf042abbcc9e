// SPDX-License-Identifier: BSD-2-Clause
#include "ui/pickling.h"
#include "ui/ui.h"
#include "vfs/vfs.h"

static void say(struct ot_shell *shell, struct ot_err *err)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_err_format(err, &text);
	ot_ui_note(shell->ui, "%s", ot_buf_text(&text));
	ot_err_destroy(err);
}

void ot_pickling_stop(struct ot_shell *shell)
{
	struct ot_err *err = ot_pickler_destroy(ot_take(shell->pickler));

	if (err)
		say(shell, err);
}

struct ot_err *ot_pickling_set(struct ot_shell *shell, const char *path,
			       const struct ot_pickler_limits *limits)
{
	struct ot_pickler *pickler = NULL;

	if (*path) {
		OT_TRY(ot_cmd_check_confined(shell));
		if (!shell->contexts)
			return ot_err_new(OT_ERR_NOT_FOUND, "no program is open that has contexts");
		OT_TRY(ot_pickler_create(path, shell->contexts, shell->program, limits, &pickler));
	}
	ot_pickling_stop(shell);
	shell->pickler = pickler;
	if (pickler)
		ot_pickler_follow(pickler);
	return NULL;
}

void ot_pickling_settle(struct ot_shell *shell, bool all)
{
	struct ot_err *err = ot_pickler_settle(shell->pickler, all);

	if (!err)
		return;
	say(shell, err);
	ot_pickling_stop(shell);
}

/* ------------------------------------------------------------------ reading */

/* The same file may have more of them by now. */
static void replace(struct ot_shell *shell, const struct ot_contexts *fresh,
		    const struct ot_context *context)
{
	for (size_t i = 0; i < shell->nr_pickles; i++) {
		struct ot_contexts *old;

		for (size_t j = 0; (old = ot_pickle_contexts(shell->pickles[i], j)); j++) {
			struct ot_context *same = ot_contexts_by_id(old, context->id);

			if (same && old != fresh)
				ot_contexts_delete(old, same);
		}
	}
}

static void add_store(struct ot_shell *shell, struct ot_contexts *contexts)
{
	size_t nr;
	struct ot_context *const *all = ot_contexts_list(contexts, -1, false, &nr);

	for (size_t i = 0; i < nr; i++)
		replace(shell, contexts, all[i]);
	ot_vfs_add_pickled(shell->vfs, contexts);
}

void ot_pickling_add(struct ot_shell *shell, struct ot_pickle *pickle)
{
	struct ot_contexts *contexts;

	for (size_t i = 0; (contexts = ot_pickle_contexts(pickle, i)); i++)
		add_store(shell, contexts);
	shell->pickles =
		ot_realloc(shell->pickles, shell->nr_pickles + 1, sizeof(struct ot_pickle *));
	shell->pickles[shell->nr_pickles++] = pickle;
}

struct ot_err *ot_pickling_open(struct ot_shell *shell, const char *path,
				const struct ot_pickle_filter *filter, size_t *nr_ret)
{
	struct ot_pickle *pickle = NULL;

	/* it may be the one that we write */
	ot_pickling_settle(shell, true);
	OT_TRY(ot_pickle_open(path, filter, &pickle));
	*nr_ret = ot_pickle_nr_contexts(pickle);
	ot_pickling_add(shell, pickle);
	return NULL;
}

void ot_pickling_close(struct ot_shell *shell)
{
	for (size_t i = 0; i < shell->nr_pickles; i++)
		ot_pickle_close(shell->pickles[i]);
	free(ot_take(shell->pickles));
	shell->nr_pickles = 0;
}
