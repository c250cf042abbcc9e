/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/vec.h"
#include "cmds/functions.h"
#include "target/target.h"

/* Types of a program are one object each when they are equal; names of the parameters do not
 * matter, and neither do qualifiers of the parameters themselves. */
static bool same_type(const struct ot_type *a, const struct ot_type *b)
{
	return a == b || ot_type_strip(a) == ot_type_strip(b) ||
	       !strcmp(ot_type_text(ot_type_strip(a)), ot_type_text(ot_type_strip(b)));
}

static bool same_prototype(const struct ot_fn *a, const struct ot_fn *b)
{
	if (a->nr_params != b->nr_params ||
	    (a->flags & OTRACE_FN_VARARGS) != (b->flags & OTRACE_FN_VARARGS) ||
	    !same_type(a->return_type, b->return_type))
		return false;
	for (uint32_t i = 0; i < a->nr_params; i++)
		if (!same_type(a->params[i].type, b->params[i].type))
			return false;
	return true;
}

static struct ot_err *check_prototypes(const struct ot_fn *fn, const struct ot_fn *with)
{
	ot_auto_buf struct ot_buf a = OT_BUF_INIT;
	ot_auto_buf struct ot_buf b = OT_BUF_INIT;

	if (same_prototype(fn, with))
		return NULL;
	ot_fn_signature(fn, &a);
	ot_fn_signature(with, &b);
	return ot_err_new(OT_ERR_TYPE, "the prototypes differ: %s; %s (patch --force all the same)",
			  ot_buf_text(&a), ot_buf_text(&b));
}

/* Inlined copies and the like are no refusal: they are said, and keep the old code. */
static struct ot_err *check_assumes(const struct ot_fn *fn)
{
	ot_auto_buf struct ot_buf why = OT_BUF_INIT;
	struct ot_fn other = *fn;

	other.assumes &= OTRACE_ASSUMES_REFUSED;
	if (!other.assumes)
		return NULL;
	ot_fn_assumes_text(&other, &why);
	return ot_err_new(OT_ERR_OPTIMIZED,
			  "%s cannot be replaced safely: %s (patch --force all the "
			  "same)",
			  fn->unique_name, ot_buf_text(&why));
}

static struct ot_err *check(const struct ot_fn *fn, const struct ot_fn *with, bool force)
{
	struct ot_err *err = ot_fn_untraceable(fn);

	if (err)
		return err;
	if (!with->symbol && !with->body)
		return ot_err_new(OT_ERR_OPTIMIZED, "%s has no copy of its own to call",
				  with->unique_name);
	if (ot_fn_is_same_source(fn, with))
		return ot_err_new(OT_ERR_USAGE, "%s cannot be replaced with itself",
				  fn->unique_name);
	if (force)
		return NULL;
	OT_TRY(check_prototypes(fn, with));
	return check_assumes(fn);
}

static void remember(struct ot_shell *shell, const struct ot_fn *fn, const struct ot_fn *with)
{
	struct ot_patch patch = {.fn = fn, .with = with};

	for (size_t i = 0; i < shell->patches.nr; i++) {
		if (shell->patches.items[i].fn == fn) {
			shell->patches.items[i].with = with;
			return;
		}
	}
	ot_vec_push(&shell->patches, patch);
}

/* Whether it is another copy of a header's function that stands further up in the list. */
static bool is_listed(const struct ot_patch_list *list, size_t nr)
{
	const struct ot_patch *patch = &list->items[nr];

	for (size_t i = 0; i < nr; i++)
		if (list->items[i].with == patch->with &&
		    ot_fn_is_same_source(list->items[i].fn, patch->fn))
			return true;
	return false;
}

static void list_patches(const struct ot_shell *shell, struct ot_buf *out)
{
	if (!shell->patches.nr)
		ot_buf_adds(out, "nothing is patched\n");
	for (size_t i = 0; i < shell->patches.nr; i++)
		if (!is_listed(&shell->patches, i))
			ot_buf_addf(out, "%s with %s\n", shell->patches.items[i].fn->unique_name,
				    shell->patches.items[i].with->unique_name);
}

/* A replacement is often called by nobody yet. */
static struct ot_err *find_replacement(struct ot_shell *shell, const char *word, struct ot_fn **ret)
{
	struct ot_err *err = ot_functions_find_one(shell, word, ret);

	if (err && err->code == OT_ERR_NOT_FOUND && !err->nr_nearest)
		ot_err_at(err,
			  "compilers drop static functions that nobody calls; "
			  "__attribute__((used)) keeps one",
			  -1);
	return err;
}

static void tell_limits(const struct ot_fn *fn, struct ot_buf *out)
{
	if (fn->nr_inlined) {
		ot_buf_adds(out, "  the old code goes on in the copies inlined into ");
		ot_functions_inlined_places(fn, out);
		ot_buf_addc(out, '\n');
	}
	if (fn->assumes & OTRACE_ASSUME_PURE)
		ot_buf_adds(out, "  callers may drop or repeat calls: the old code is pure\n");
}

static const struct ot_fn *replacement_of(const struct ot_shell *shell, const struct ot_fn *fn)
{
	for (size_t i = 0; i < shell->patches.nr; i++)
		if (shell->patches.items[i].fn == fn)
			return shell->patches.items[i].with;
	return NULL;
}

/* All of the copies or none: the first that cannot be switched takes the others back. */
static struct ot_err *switch_copies(struct ot_shell *shell, const struct ot_fn_list *copies,
				    const struct ot_fn *with, bool force)
{
	struct otrace_switched switched;
	struct ot_err *err = NULL;
	size_t nr = 0;

	for (; nr < copies->nr && !err; nr++)
		err = ot_target_redirect(shell->target, copies->items[nr]->record,
					 with->symbol ? with->symbol : with->body, force,
					 &switched);
	for (size_t i = 0; err && i + 1 < nr; i++) {
		const struct ot_fn *fn = copies->items[i], *before = replacement_of(shell, fn);
		uint64_t code = before ? (before->symbol ? before->symbol : before->body) : 0;

		ot_err_destroy(
			ot_target_redirect(shell->target, fn->record, code, true, &switched));
	}
	return err;
}

static struct ot_err *patch(struct ot_shell *shell, const struct ot_fn_list *copies,
			    const struct ot_fn *with, bool force, struct ot_buf *out)
{
	const struct ot_fn *fn = copies->items[0];

	for (size_t i = 0; i < copies->nr; i++)
		OT_TRY(check(copies->items[i], with, force));
	OT_TRY(switch_copies(shell, copies, with, force));
	ot_buf_addf(out, "Patched %s with %s", fn->unique_name, with->unique_name);
	if (copies->nr > 1)
		ot_buf_addf(out, " (%zu copies)", copies->nr);
	ot_buf_addc(out, '\n');
	for (size_t i = 0; i < copies->nr; i++) {
		remember(shell, copies->items[i], with);
		tell_limits(copies->items[i], out);
	}
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_fn_list copies = {0};
	struct ot_fn *with;
	struct ot_err *err;
	bool option = call->argc > 1 && ot_cmd_is_option(call, 1);
	bool force = option && !strcmp(call->argv[1], "--force");
	char **words = call->argv + 1 + force;
	int nr = call->argc - 1 - force;

	if (call->argc == 1) {
		list_patches(shell, call->out);
		return NULL;
	}
	if (nr && ot_cmd_is_option(call, 1 + force))
		return ot_cmd_no_option(&ot_cmd_patch, words[0]);
	if (nr != 3 || strcmp(words[1], "with"))
		return ot_err_new(OT_ERR_USAGE, "patch: usage: patch [--force] F with G");
	err = ot_functions_find_copies(shell, words[0], &copies);
	if (!err)
		err = find_replacement(shell, words[2], &with);
	if (!err)
		err = patch(shell, &copies, with, force, call->out);
	ot_vec_deinit(&copies);
	return err;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	int nr = completion->argc - 1;

	if (nr && !strcmp(completion->argv[1], "--force"))
		nr--;
	if (nr == 1)
		completion->offer(completion, "with");
	else
		ot_functions_complete(shell, completion);
}

const struct ot_cmd ot_cmd_patch = {
	.name = "patch",
	.usage = "[[--force] F with G]",
	.summary = "make calls of F run G instead; alone: what is patched",
	.help = "F and G are functions of the program with the same prototype. Calls in flight finish\n"
		"in the old code. unpatch F takes it back. --force does it although the prototypes\n"
		"differ, or callers were compiled with knowledge of F.",
	.options = "--force",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE | OT_CMD_UNSAFE,
	.run = run,
	.complete = complete,
};
