// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/paths.h"
#include "expr/expr.h"

static void print_fn(const struct ot_fn *fn, struct ot_buf *out)
{
	ot_fn_signature(fn, out);
	if (fn->file)
		ot_buf_adds(out, "  ");
	ot_fn_place(fn, out);
	ot_buf_addc(out, '\n');
	if (fn->nr_inlined)
		ot_buf_addf(out, "(also inlined in %u place%s)\n", fn->nr_inlined,
			    fn->nr_inlined == 1 ? "" : "s");
}

/* What has to be said about a value besides itself. */
static void print_notes(const struct ot_value *value, struct ot_buf *out)
{
	if (!value->stores_ignored || value->state != OT_VALUE_OK)
		return;
	if (value->is_lvalue)
		ot_buf_adds(out, "(the compiled code does not read this storage any more)\n");
	else
		ot_buf_adds(out, "(never changed, so the compiler left only its value)\n");
}

static void print_value(struct ot_shell *shell, const struct ot_value *value,
			struct ot_cmd_call *call)
{
	struct ot_format format = ot_paths_format(shell);
	const struct ot_fn *fn = NULL;

	if (ot_type_is_function(value->type))
		fn = ot_program_fn_at(shell->program, value->address);
	if (fn) {
		print_fn(fn, call->out);
	} else {
		ot_value_format(&format, value, call->out);
		ot_buf_addc(call->out, '\n');
		print_notes(value, call->out);
	}
	ot_value_json(&format, value, call->json);
}

static struct ot_err *print_node(struct ot_shell *shell, const char *path, struct ot_cmd_call *call)
{
	struct ot_node node = {0};
	struct ot_err *err = NULL;

	OT_TRY(ot_vfs_find(shell->vfs, path, &node, NULL));
	if (node.err) {
		err = ot_err_new(node.err->code, "%s", node.err->what);
	} else if (node.kind == OT_NODE_VALUE) {
		print_value(shell, &node.value, call);
	} else if (node.kind == OT_NODE_TYPE) {
		ot_type_define(node.type, call->out);
	} else if (node.kind == OT_NODE_FN) {
		print_fn(node.fn, call->out);
	} else {
		ot_node_describe(shell->vfs, &node, call->out);
		ot_buf_addc(call->out, '\n');
	}
	ot_node_deinit(&node);
	return err;
}

/* The whole text is one name: when no value has it, a type may. */
static bool is_type_text(const struct ot_program *program, const char *text)
{
	return !ot_program_var(program, text) && !ot_program_fn(program, text) &&
	       ot_paths_type(program, text);
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	ot_auto_value struct ot_value value = {0};
	struct ot_expr_scope scope;
	struct ot_node hold;
	struct ot_err *err;

	if (!call->rest || !*call->rest)
		return ot_err_new(OT_ERR_USAGE, "pr: what? (an expression, or a path below /osh)");
	if (!strncmp(call->rest, "/osh", 4) || !strncmp(call->rest, "~~", 2))
		return print_node(shell, call->rest, call);
	if (is_type_text(shell->program, call->rest)) {
		ot_type_define(ot_paths_type(shell->program, call->rest), call->out);
		return NULL;
	}
	err = ot_vfs_scope(shell->vfs, &scope, &hold);
	if (!err)
		err = ot_expr_value(&scope, call->rest, &value);
	if (!err)
		print_value(shell, &value, call);
	ot_node_deinit(&hold);
	return err;
}

const struct ot_cmd ot_cmd_pr = {
	.name = "pr",
	.usage = "EXPRESSION",
	.summary = "print the value of a C expression (also without the word pr)",
	.help = "Names are variables, functions, enumerators, fields of the struct we are in.\n"
		"NAME@file.c chooses among several, fn::NAME is a static of a function. All of C's\n"
		"operators that only read: . -> [] * & casts to pointers, sizeof, arithmetic.\n"
		"The name of a type prints its definition; a path below /osh prints what is there.",
	.flags = OT_CMD_NEEDS_PROGRAM,
	.run = run,
	.complete = ot_paths_complete,
};
