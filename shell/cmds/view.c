// SPDX-License-Identifier: BSD-2-Clause
#include "base/file.h"
#include "base/names.h"
#include "cmds/paths.h"
#include "contexts/frames.h"
#include "model/source.h"
#include "params/params.h"
#include "ui/session.h"
#include "ui/unix.h"

#define AROUND 5u /* lines before and behind the one that a call is at */

enum how { TEXT, COMMENT, EDIT };

/** What is to be shown. */
struct subject {
	const char *name;
	const struct ot_file *file;
	uint32_t line_begin;
	uint32_t line_end; /* 0 = to the end of the declaration */
	bool is_fn;
};

static struct subject fn_subject(const struct ot_fn *fn)
{
	return (struct subject){.name = fn->unique_name,
				.file = fn->file,
				.line_begin = fn->line_begin,
				.line_end = fn->line_end,
				.is_fn = true};
}

static struct ot_err *type_subject(struct ot_program *program, const struct ot_type *type,
				   struct subject *ret)
{
	const struct ot_type *plain = ot_type_strip(type);

	/* a typedef of a struct without a tag stands behind it: show the struct */
	if (type->kind == OTRACE_TYPE_TYPEDEF && plain->file && plain->line)
		type = plain;
	if (!type->file || !type->line)
		return ot_err_new(OT_ERR_NOT_FOUND, "%s is not declared in a source file",
				  ot_type_text(type));
	ret->name = ot_type_text(type);
	ret->file = ot_source_file_of_name(program, type->file);
	ret->line_begin = type->line;
	ret->line_end = 0;
	return NULL;
}

static struct ot_err *node_subject(struct ot_shell *shell, const struct ot_node *node,
				   const char *name, struct subject *ret)
{
	if (node->kind == OT_NODE_FN)
		*ret = fn_subject(node->fn);
	else if (node->kind == OT_NODE_VALUE && node->var)
		*ret = (struct subject){.name = node->var->unique_name,
					.file = node->var->file,
					.line_begin = node->var->line};
	else if (node->kind == OT_NODE_VALUE)
		return type_subject(shell->program, node->value.type, ret);
	else if (node->type)
		return type_subject(shell->program, node->type, ret);
	else
		return ot_err_new(OT_ERR_USAGE,
				  "%s has no source; view functions, variables, types", name);
	return NULL;
}

/* The struct that the node is, or that it points to. */
static const struct ot_type *record_of(const struct ot_node *node)
{
	const struct ot_type *type =
		node->kind == OT_NODE_VALUE ? ot_type_strip(node->value.type) : node->type;

	while (type && (ot_type_is_pointer(type) || ot_type_is_array(type)))
		type = ot_type_strip(type)->target;
	return type && ot_type_is_record(type) ? type : NULL;
}

/* What has a part that is declared nowhere itself: the struct, else the variable. */
static struct ot_err *whole_subject(struct ot_shell *shell, const struct ot_node *node,
				    const char *name, struct subject *ret)
{
	const struct ot_type *record = record_of(node);
	struct ot_err *err = record ? type_subject(shell->program, record, ret) : NULL;

	if (record && !err)
		return NULL;
	ot_err_destroy(err);
	return node_subject(shell, node, name, ret);
}

static bool is_part(const struct ot_node *node)
{
	return node->kind == OT_NODE_FIELD || (node->kind == OT_NODE_VALUE && !node->var);
}

/* A path or the name of a function, variable or type. A part whose own type is declared nowhere, an int, is
 * declared where what it is a part of is. */
static struct ot_err *find_subject(struct ot_shell *shell, const char *name, struct subject *ret)
{
	ot_auto_free char *path = ot_strdup(name);
	struct ot_err *err = NULL, *first = NULL;
	bool again = true;

	while (again) {
		struct ot_node node = {0};
		char *whole = NULL;

		err = ot_vfs_find(shell->vfs, path, &node, &whole);
		if (!err)
			err = first ? whole_subject(shell, &node, name, ret)
				    : node_subject(shell, &node, name, ret);
		again = err && whole && is_part(&node);
		if (again) {
			free(path);
			path = ot_asprintf("%s/..", whole);
		}
		free(whole);
		ot_node_deinit(&node);
		if (first && err)
			ot_err_destroy(err);
		else if (err)
			first = err;
	}
	if (err)
		return first;
	ot_err_destroy(first);
	return NULL;
}

static void find_end(const struct ot_source *source, struct subject *subject)
{
	uint32_t end;

	if (!subject->is_fn) {
		subject->line_end = ot_source_declaration_end(source, subject->line_begin);
		return;
	}
	end = ot_source_body_end(source, subject->line_begin);
	if (end > subject->line_end)
		subject->line_end = end;
}

/* The comment of what is looked at, in the place of its source. */
static struct ot_err *find_comment(const struct ot_source *source, struct subject *subject)
{
	if (ot_source_comment_above(source, subject->line_begin, &subject->line_begin,
				    &subject->line_end))
		return NULL;
	return ot_err_new(OT_ERR_NOT_FOUND, "no comment above %s (%s:%u)", subject->name,
			  source->path, subject->line_begin);
}

/* For a reader with place and numbers; a file gets what can be compiled again. */
static struct ot_err *print(const struct ot_source *source, const struct subject *subject,
			    struct ot_cmd_call *call)
{
	if (call->redirected)
		return ot_source_copy(source, subject->line_begin, subject->line_end, call->out);
	if (source->changed)
		ot_buf_addf(call->out, "warning: %s is not the text that was compiled\n",
			    source->path);
	ot_buf_addf(call->out, "%s:%u %s\n", source->path, subject->line_begin, subject->name);
	return ot_source_print(source, subject->line_begin, subject->line_end, call->out);
}

/* For a shell, whatever is in it. */
static void add_quoted(const char *word, struct ot_buf *out)
{
	ot_buf_addc(out, '\'');
	for (; *word; word++)
		ot_buf_adds(out, *word == '\'' ? "'\\''" : (const char[]){*word, '\0'});
	ot_buf_addc(out, '\'');
}

static struct ot_err *edit(struct ot_shell *shell, const char *path, uint32_t line)
{
	const char *editor = ot_params_of(shell)->editor;
	const char *visual = getenv("VISUAL"), *other = getenv("EDITOR");
	ot_auto_buf struct ot_buf command = OT_BUF_INIT;

	OT_TRY(ot_cmd_check_confined(shell));
	if (ot_session_terminal(shell) < 0)
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "view -e: there is no terminal for an editor");
	if (!*editor)
		editor = visual && *visual ? visual : other && *other ? other : "vi";
	ot_buf_addf(&command, "%s +%u ", editor, line);
	add_quoted(path, &command);
	return ot_unix_run(shell, ot_buf_text(&command), NULL, NULL);
}

static struct ot_err *view_subject(struct ot_shell *shell, struct subject *subject, enum how how,
				   struct ot_cmd_call *call)
{
	ot_auto_source struct ot_source source = {0};

	if (!subject->file || !subject->line_begin)
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "where %s is defined was not recorded (compile "
				  "with -g)",
				  subject->name);
	OT_TRY(ot_source_open(shell->program, subject->file, &source));
	if (how == EDIT)
		return edit(shell, source.path, subject->line_begin);
	if (how == COMMENT)
		OT_TRY(find_comment(&source, subject));
	else
		find_end(&source, subject);
	return print(&source, subject, call);
}

static struct ot_err *view_fn(struct ot_shell *shell, const struct ot_fn *fn, enum how how,
			      struct ot_cmd_call *call)
{
	struct subject subject = fn_subject(fn);

	return view_subject(shell, &subject, how, call);
}

static struct ot_err *view_one(struct ot_shell *shell, const char *name, enum how how,
			       struct ot_cmd_call *call)
{
	struct subject subject = {0};
	struct ot_fn *fn = ot_program_fn(shell->program, name);

	/* a function wins over what else is here: it is what source is looked at for */
	if (fn)
		subject = fn_subject(fn);
	else if (strchr(name, ' ') && ot_paths_type(shell->program, name))
		OT_TRY(type_subject(shell->program, ot_paths_type(shell->program, name), &subject));
	else
		OT_TRY(find_subject(shell, name, &subject));
	OT_TRY(view_subject(shell, &subject, how, call));
	if (!fn)
		ot_paths_say_rival(shell->program, name, call);
	return NULL;
}

/* What is text already: exc_context. False: it is none. */
static bool view_text(struct ot_shell *shell, const char *name, struct ot_buf *out)
{
	struct ot_node node = {0};
	ot_auto_err struct ot_err *err = ot_vfs_find(shell->vfs, name, &node, NULL);
	bool is_text = !err && (node.kind == OT_NODE_TEXT || node.kind == OT_NODE_REPORT);

	if (is_text && node.kind == OT_NODE_REPORT)
		ot_vfs_report(shell->vfs, &node, out);
	else if (is_text)
		ot_node_describe(shell->vfs, &node, out);
	if (is_text)
		ot_buf_addc(out, '\n');
	ot_node_deinit(&node);
	return is_text;
}

/* Outside /osh a name may be a file's. False: it is none. */
static bool view_file(const struct ot_shell *shell, const char *name, struct ot_buf *out)
{
	ot_auto_err struct ot_err *err = NULL;
	ot_auto_close int fd = -1;
	char data[4096];
	ssize_t n;

	if (!ot_vfs_is_outside(shell->vfs) || shell->confined)
		return false;
	err = ot_file_open(name, true, &fd);
	if (err)
		return false;
	while ((n = read(fd, data, sizeof(data))) > 0)
		ot_buf_add(out, data, (size_t)n);
	return true;
}

static struct ot_err *take_options(struct ot_cmd_call *call, int *first, enum how *how)
{
	for (*first = 1; *first < call->argc && ot_cmd_is_option(call, *first); (*first)++) {
		const char *option = call->argv[*first];

		if (!strcmp(option, "-d"))
			*how = COMMENT;
		else if (!strcmp(option, "-e"))
			*how = EDIT;
		else if (!strcmp(option, "-i"))
			*how = TEXT;
		else
			return ot_cmd_no_option(&ot_cmd_view, option);
	}
	return NULL;
}

/* Some lines around the one that a frame is at. */
static struct ot_err *print_around(const struct ot_source *source, uint32_t line,
				   struct ot_buf *out)
{
	uint32_t first = line > AROUND ? line - AROUND : 1;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	struct ot_err *err = NULL;

	/* the file may end before */
	for (uint32_t last = line + AROUND; last >= line; last--) {
		ot_err_destroy(err);
		ot_buf_reset(&text);
		err = ot_source_print(source, first, last, &text);
		if (!err)
			break;
	}
	if (!err)
		ot_buf_adds(out, ot_buf_text(&text));
	return err;
}

static struct ot_err *view_frame(struct ot_shell *shell, const struct ot_context_frame *frame,
				 struct ot_cmd_call *call)
{
	ot_auto_source struct ot_source source = {0};
	const struct ot_file *file =
		frame->file ? ot_source_file_of_name(shell->program, frame->file) : NULL;

	ot_buf_addf(call->out, "%s %s\n", frame->place, frame->function);
	if (!file)
		return NULL;
	OT_TRY(ot_source_open(shell->program, file, &source));
	return print_around(&source, frame->line, call->out);
}

/* In a context: the function that was called, or in a frame the line that it was at. */
static struct ot_err *view_here(struct ot_shell *shell, enum how how, struct ot_cmd_call *call)
{
	const struct ot_context_frame *frame;
	struct ot_node node = {0};
	struct ot_err *err;

	if (!ot_vfs_context(shell->vfs))
		return ot_err_new(OT_ERR_USAGE, "view what? (a function, variable or type)");
	OT_TRY(ot_vfs_find(shell->vfs, ".", &node, NULL));
	frame = ot_context_frame_at(node.context->store, node.context, node.frame);
	if (frame && how == TEXT)
		err = view_frame(shell, frame, call);
	else if (node.context->fn)
		err = view_fn(shell, node.context->fn, how, call);
	else
		err = ot_err_new(OT_ERR_NOT_FOUND, "what function it is was not recorded");
	ot_node_deinit(&node);
	return err;
}

static bool is_here(struct ot_shell *shell, const struct ot_cmd_call *call, int first)
{
	return call->argc == first + 1 && !strcmp(call->argv[first], ".") &&
	       ot_vfs_context(shell->vfs);
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	enum how how = TEXT;
	int first;

	OT_TRY(take_options(call, &first, &how));
	if (first == call->argc || is_here(shell, call, first))
		return view_here(shell, how, call);
	for (int i = first; i < call->argc; i++) {
		ot_auto_free char *name = NULL;

		if (how != EDIT && view_file(shell, call->argv[i], call->out))
			continue;
		if (how == TEXT && ot_vfs_context(shell->vfs) &&
		    view_text(shell, call->argv[i], call->out))
			continue;
		if (ot_paths_is_tag(call->argv[i]) && i + 1 < call->argc) {
			name = ot_asprintf("%s %s", call->argv[i], call->argv[i + 1]);
			i++;
		}
		OT_TRY(view_one(shell, name ? name : call->argv[i], how, call));
	}
	return NULL;
}

const struct ot_cmd ot_cmd_view = {
	.name = "view",
	.usage = "[-d|-e|-i] [NAME...]",
	.summary = "show the source of a function, variable or type",
	.help = "-d  the comment above it instead\n"
		"-e  in an editor (parameter editor, else $VISUAL, $EDITOR, vi): what is changed there\n"
		"    changes the file, not the program\n"
		"-i  here, as without an option\n"
		"In a context the function is shown when there is no NAME, in its __up the line of the call.\n"
		"`view exc_context` there shows every frame with its source and its variables.\n"
		"`view NAME > FILE` writes the source without line numbers; outside /osh files are shown too.\n"
		"The file is looked for where it was compiled, below the current directory and\n"
		"beside the program. A warning says when it was changed since.",
	.options = "-d -e -i",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run,
	.complete = ot_paths_complete,
};
