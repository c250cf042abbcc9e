// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>

#include "cmds/evaluate.h"
#include "cmds/functions.h"
#include "cmds/paths.h"
#include "ui/ui.h"

static void print_fn(const struct ot_program *program, const struct ot_fn *fn,
		     struct ot_cmd_call *call)
{
	/* a static function of a header is compiled into each file that includes it */
	unsigned int nr = fn->symbol ? ot_fn_nr_copies(program, fn) : 1;
	struct ot_buf *out = call->out;

	ot_fn_signature(fn, out);
	if (fn->file)
		ot_buf_adds(out, "  ");
	ot_fn_place(fn, out);
	ot_buf_addc(out, '\n');
	if (nr > 1)
		ot_cmd_note(call, "one of %u copies, each in a file that includes it", nr);
	if (fn->nr_inlined)
		ot_cmd_note(call, "also inlined in %u place%s", fn->nr_inlined,
			    fn->nr_inlined == 1 ? "" : "s");
}

/* What has to be said about a value besides itself. */
static void print_notes(const struct ot_value *value, struct ot_cmd_call *call)
{
	if (!value->stores_ignored || value->state != OT_VALUE_OK)
		return;
	if (value->is_lvalue || value->address)
		ot_cmd_note(call, "the compiled code does not read this storage any more");
	else
		ot_cmd_note(call, "never changed, so the compiler left only its value");
}

static void write_value(struct ot_shell *shell, const struct ot_format *format,
			const struct ot_value *value, struct ot_cmd_call *call)
{
	const struct ot_fn *fn = NULL;

	if (ot_type_is_function(value->type))
		fn = ot_program_fn_at(shell->program, value->address);
	if (fn) {
		print_fn(shell->program, fn, call);
	} else {
		ot_value_format(format, value, call->out);
		ot_buf_addc(call->out, '\n');
		print_notes(value, call);
	}
	if (ot_ui_writes_json(shell->ui))
		ot_value_json(format, value, call->json);
}

static struct ot_err *print_value(struct ot_shell *shell, const struct ot_format *format,
				  const struct ot_value *value, struct ot_cmd_call *call)
{
	ot_target_look_begin(shell->target);
	write_value(shell, format, value, call);
	ot_target_look_end(shell->target);
	return ot_cmd_check_interrupt(call);
}

static void print_report(struct ot_shell *shell, const struct ot_node *node,
			 struct ot_cmd_call *call)
{
	ot_vfs_report(shell->vfs, node, call->out);
	ot_buf_addc(call->out, '\n');
	if (ot_ui_writes_json(shell->ui))
		ot_vfs_report_json(shell->vfs, node, call->json);
}

static struct ot_err *print_node(struct ot_shell *shell, struct ot_format *format, const char *path,
				 struct ot_cmd_call *call)
{
	struct ot_node node = {0};
	struct ot_err *err = NULL;

	OT_TRY(ot_vfs_find(shell->vfs, path, &node, NULL));
	format->target = ot_node_target(shell->vfs, &node);
	if (node.err) {
		err = ot_err_new(node.err->code, "%s", node.err->what);
	} else if (node.kind == OT_NODE_VALUE) {
		ot_evaluate_looks(shell, &node);
		err = print_value(shell, format, &node.value, call);
	} else if (node.kind == OT_NODE_TYPE) {
		ot_type_define(node.type, call->out);
	} else if (node.kind == OT_NODE_FN) {
		print_fn(shell->program, node.fn, call);
	} else if (node.kind == OT_NODE_REPORT) {
		print_report(shell, &node, call);
	} else {
		ot_node_describe(shell->vfs, &node, call->out);
		ot_buf_addc(call->out, '\n');
		if (ot_ui_writes_json(shell->ui))
			ot_node_json(shell->vfs, &node, call->json);
	}
	ot_node_deinit(&node);
	return err;
}

/* The whole text is one name: when no value has it, a type may. */
static bool is_type_text(const struct ot_shell *shell, const char *text)
{
	const struct ot_program *program = shell->program;

	return !ot_program_var(program, text) && !ot_program_fn(program, text) &&
	       ot_paths_type(program, text) && !ot_paths_is_here(shell, text);
}

static bool begins_path(const char *text, const char *start)
{
	size_t len = strlen(start);

	return !strncmp(text, start, len) && (!text[len] || text[len] == '/');
}

static bool is_variable(const struct ot_shell *shell, const char *name)
{
	return (shell->program && ot_program_var(shell->program, name)) ||
	       ot_paths_is_here(shell, name);
}

/* "~~i" is C, twice the other way round. */
static bool is_path(struct ot_shell *shell, const char *text)
{
	static const char *const here[] = {"__trc",  "__up",	  "__down",	"__after",
					   "__live", "exc_stack", "exc_context"};

	/* what only contexts have is no name of C's there; elsewhere the tree says where there is one */
	for (size_t i = 0; i < OT_NR(here); i++)
		if (begins_path(text, here[i]) &&
		    (ot_vfs_context(shell->vfs) || !is_variable(shell, here[i])))
			return true;
	return begins_path(text, "/osh") || begins_path(text, "~~") || begins_path(text, "~~g") ||
	       begins_path(text, "~~w");
}

/* "/x", "/2", "/x2" before the expression. */
static struct ot_err *take_style(struct ot_shell *shell, const char **text,
				 struct ot_format *format)
{
	const char *at = *text;

	if (*at != '/' || is_path(shell, at))
		return NULL;
	for (at++; *at && !isspace((unsigned char)*at); at++) {
		if (isdigit((unsigned char)*at))
			format->follow = format->follow * 10 % 1000 + (unsigned int)(*at - '0');
		else if (strchr(OT_FORMAT_STYLES, *at))
			format->style = *at;
		else
			return ot_err_at(ot_err_new(OT_ERR_USAGE,
						    "pr: no format \"%c\": x d u t o z (numbers), "
						    "c a s f, or a digit",
						    *at),
					 *text, (int)(at - *text));
	}
	while (isspace((unsigned char)*at))
		at++;
	*text = at;
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_format format = ot_paths_format(shell);
	ot_auto_value struct ot_value value = {0};
	const char *text = call->rest ? call->rest : "";
	struct ot_evaluate_notes notes = {0};

	OT_TRY(take_style(shell, &text, &format));
	if (!*text)
		return ot_err_new(OT_ERR_USAGE, "pr: what? (an expression, or a path below /osh)");
	if (is_path(shell, text))
		return print_node(shell, &format, text, call);
	if (is_type_text(shell, text)) {
		ot_type_define(ot_paths_type(shell->program, text), call->out);
		ot_paths_say_rival(shell->program, text, call);
		return NULL;
	}
	OT_TRY(ot_evaluate(shell, text, &value, &notes));
	OT_TRY(print_value(shell, &format, &value, call));
	/* of a function itself it has been said */
	if (notes.copy && !ot_type_is_function(value.type))
		ot_functions_say_copies(shell, notes.copy, call);
	if (notes.outside)
		ot_cmd_note(call, "outside of %s", ot_type_text(notes.outside));
	ot_evaluate_remember(shell, &value);
	return NULL;
}

const struct ot_cmd ot_cmd_pr = {
	.name = "pr",
	.usage = "[/FORMAT] EXPRESSION",
	.summary = "print the value of a C expression (also without the word pr)",
	.help = "All of C's operators, with C's conversions. Names are variables, functions,\n"
		"enumerators, fields of the struct we are in; NAME@file.c chooses among several,\n"
		"fn.NAME (or fn::NAME) is a static of a function. Vectors are calculated with element by\n"
		"element, typeof(x) is a type. Beside C there are\n"
		"  p.field        \".\" follows a pointer, as \"->\" does\n"
		"  a[2:10] p[0:3] a range: elements 2 to 9, 0 to 2; the end is not in it\n"
		"  p == \"text\"    compares the text behind p, when a side is written as a string\n"
		"  (T)x           with a struct or array T: the memory of x looked at as T\n"
		"  offsetof(T, m.n[3])  container_of(p, T, m)\n"
		"  $1 $2 .. $$    earlier results, and the last; $ the object of the directory\n"
		"= += ++ and calls f(a, b) change the program: not in safe mode, nor in a file. A _BitInt\n"
		"whose width is not recorded is shown and not stored; nor is an alignment guessed.\n"
		"FORMAT (pr/x, pr /x) is x d u t o z: numbers in bases 16, 10, 10 without sign, 2, 8,\n"
		"16 with zeros; c a s f: characters, addresses, texts, fractions; a digit: follow\n"
		"pointers to structs so deep (pr/3 head).\n"
		"The name of a type prints its definition; a path below /osh prints what is there.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_paths_complete_expression,
};
