// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/evaluate.h"
#include "cmds/invoke.h"
#include "expr/expr.h"
#include "expr/history.h"
#include "vfs/vfs.h"

/* Why the program is not to be changed, with the way out; NULL = it may be. */
static const char *why_not(const struct ot_shell *shell)
{
	switch (shell->target ? ot_target_state(shell->target) : OT_TARGET_FILE) {
	case OT_TARGET_FILE:
		return "nothing runs here, this is a program file (use run or attach)";
	case OT_TARGET_ENDED:
		return "the program has ended";
	case OT_TARGET_DETACHED:
		return "detached from the program";
	default:
		return shell->safe ? "safe mode (--unsafe when otrace starts allows it)" : NULL;
	}
}

static struct ot_err *call_it(void *priv, const struct ot_expr_call *call, struct ot_value *ret)
{
	struct ot_shell *shell = priv;

	return ot_invoke(shell, call->fn, call->type, call->address, call->args, call->nr_args,
			 ret);
}

struct ot_err *ot_evaluate(struct ot_shell *shell, const char *text, struct ot_value *ret,
			   struct ot_evaluate_notes *notes_ret)
{
	struct ot_expr_scope scope;
	struct ot_node hold;
	struct ot_err *err;

	if (!shell->history)
		shell->history = ot_history_create();
	err = ot_vfs_scope(shell->vfs, &scope, &hold);
	scope.history = shell->history;
	scope.no_store = scope.no_call = why_not(shell);
	scope.may_store = !scope.no_store;
	scope.call = scope.no_call ? NULL : call_it;
	scope.call_priv = shell;
	scope.copy_ret = notes_ret ? &notes_ret->copy : NULL;
	scope.outside_ret = notes_ret ? &notes_ret->outside : NULL;
	if (!err)
		err = ot_expr_value(&scope, text, ret);
	ot_node_deinit(&hold);
	return err;
}

size_t ot_evaluate_remember(struct ot_shell *shell, const struct ot_value *value)
{
	if (!shell->history || value->state != OT_VALUE_OK || ot_type_is_void(value->type))
		return 0;
	return ot_history_add(shell->history, value);
}
