// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "cmds/evaluate.h"
#include "cmds/invoke.h"
#include "expr/expr.h"
#include "expr/history.h"
#include "ui/execlock.h"
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

/* The variable that memory is of; those whose place has to be asked for are not looked at. */
static const struct ot_var *var_at(const struct ot_shell *shell, uint64_t address)
{
	const uint32_t elsewhere = OTRACE_VAR_THREAD_LOCAL | OTRACE_VAR_ADDRESS_IN_CODE |
				   OTRACE_VAR_ADDRESS_IN_GOT | OTRACE_VAR_CONSTANT_VALUE;
	size_t nr;
	struct ot_var *const *vars = ot_program_vars(shell->program, &nr);

	for (size_t i = 0; i < nr; i++)
		if (!(vars[i]->flags & elsewhere) && vars[i]->address &&
		    address - vars[i]->address < vars[i]->size_bytes)
			return vars[i];
	return NULL;
}

static void tell_access(struct ot_shell *shell, const struct ot_var *var, uint64_t address,
			uint64_t bytes, uint32_t flags)
{
	ot_auto_buf struct ot_buf message = OT_BUF_INIT;
	struct otrace_accessed told = {.address = address, .bytes = bytes, .flags = flags};

	if (var)
		told.name_bytes = (uint32_t)strlen(var->unique_name);
	ot_buf_add(&message, &told, sizeof(told));
	if (var)
		ot_buf_adds(&message, var->unique_name);
	ot_buf_pad(&message, '\0', -message.len % 8);
	/* a runtime that does not know it has nobody to tell */
	ot_err_destroy(
		ot_target_ask(shell->target, OTRACE_MSG_ACCESS, message.data, message.len, NULL));
}

static bool lives(const struct ot_shell *shell)
{
	enum ot_target_state state =
		shell->target ? ot_target_state(shell->target) : OT_TARGET_FILE;

	return state == OT_TARGET_HELD || state == OT_TARGET_RUNNING;
}

static void access_it(void *priv, const struct ot_var *var, uint64_t address, uint64_t bytes)
{
	struct ot_shell *shell = priv;

	if (lives(shell))
		tell_access(shell, var ? var : var_at(shell, address), address, bytes,
			    var ? 0 : OTRACE_ACCESS_STORE);
}

void ot_evaluate_looks(struct ot_shell *shell, const struct ot_node *node)
{
	if (node->kind == OT_NODE_VALUE && node->var && node->value.address && !node->from &&
	    lives(shell))
		tell_access(shell, node->var, node->value.address, node->var->size_bytes, 0);
}

struct ot_err *ot_evaluate(struct ot_shell *shell, const char *text, struct ot_value *ret,
			   struct ot_evaluate_notes *notes_ret)
{
	struct ot_expr_scope scope;
	struct ot_node hold;
	struct ot_err *err;
	bool locked;

	if (!shell->history)
		shell->history = ot_history_create();
	err = ot_vfs_scope(shell->vfs, &scope, &hold);
	scope.history = shell->history;
	scope.no_store = scope.no_call = why_not(shell);
	scope.may_store = !scope.no_store;
	scope.call = scope.no_call ? NULL : call_it;
	scope.call_priv = shell;
	/* copies of a context are nobody's */
	scope.access = !scope.target || scope.target == shell->target ? access_it : NULL;
	scope.access_priv = shell;
	scope.copy_ret = notes_ret ? &notes_ret->copy : NULL;
	scope.outside_ret = notes_ret ? &notes_ret->outside : NULL;
	locked = ot_execlock_begin(shell);
	if (!err)
		err = ot_expr_value(&scope, text, ret);
	ot_execlock_end(shell, locked);
	ot_node_deinit(&hold);
	return err;
}

size_t ot_evaluate_remember(struct ot_shell *shell, const struct ot_value *value)
{
	if (!shell->history || value->state != OT_VALUE_OK || ot_type_is_void(value->type))
		return 0;
	return ot_history_add(shell->history, value);
}
