// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>

#include "cmds/paths.h"
#include "params/params.h"

#define WIDTH_UNKNOWN 100u

static void offer(void *priv, const char *text, bool is_dir)
{
	struct ot_cmd_completion *completion = priv;

	completion->no_space = completion->no_space || is_dir;
	completion->offer(completion, text);
}

static const struct tag {
	const char *word; /* NULL at the end */
	int kind;
} tags[] = {
	{"struct", OTRACE_TYPE_STRUCT},
	{"union", OTRACE_TYPE_UNION},
	{"enum", OTRACE_TYPE_ENUM},
	{"class", OTRACE_TYPE_CLASS},
	{NULL, 0},
};

/* The tag that @text ends with: "(struct". */
static const struct tag *tag_at_end(const char *text)
{
	const char *end = text + strlen(text);
	const char *word;

	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	word = end;
	while (word > text && (isalnum((unsigned char)word[-1]) || word[-1] == '_'))
		word--;
	for (const struct tag *tag = tags; tag->word; tag++)
		if (strlen(tag->word) == (size_t)(end - word) &&
		    !strncmp(word, tag->word, (size_t)(end - word)))
			return tag;
	return NULL;
}

static void complete_tag(const struct ot_program *program, int kind,
			 struct ot_cmd_completion *completion)
{
	size_t nr;
	const struct ot_type *const *types = ot_program_types(program, &nr);

	for (size_t i = 0; i < nr; i++)
		if ((int)types[i]->kind == kind)
			completion->offer(completion, types[i]->name);
}

/* Behind "struct" only names of structs. Whether it is such a place. */
static bool complete_behind_tag(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	const struct tag *tag = NULL;

	if (completion->argc)
		tag = tag_at_end(completion->argv[completion->argc - 1]);
	if (!tag || !shell->program)
		return false;
	complete_tag(shell->program, tag->kind, completion);
	return true;
}

void ot_paths_complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	if (!complete_behind_tag(shell, completion) && shell->vfs)
		ot_vfs_complete(shell->vfs, completion->word, offer, completion);
}

void ot_paths_complete_expression(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	if (!complete_behind_tag(shell, completion) && shell->vfs)
		ot_vfs_complete_expression(shell->vfs, completion->word, offer, completion);
}

void ot_paths_complete_type(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	size_t nr = 0;
	const struct ot_type *const *types =
		shell->program ? ot_program_types(shell->program, &nr) : NULL;

	if (complete_behind_tag(shell, completion))
		return;
	for (size_t i = 0; i < nr; i++)
		completion->offer(completion, types[i]->name);
	for (const struct tag *tag = tags; tag->word; tag++)
		completion->offer(completion, tag->word);
}

struct ot_format ot_paths_format(const struct ot_shell *shell)
{
	const struct ot_params *params = ot_params_of(shell);
	struct ot_format format = {.program = shell->program, .target = ot_vfs_target(shell->vfs)};

	if (params->pretty_print)
		format.width = shell->width ? shell->width : WIDTH_UNKNOWN;
	format.max_depth = params->max_depth;
	format.max_elements = params->max_elements;
	format.max_string_bytes = (unsigned int)params->max_string;
	return format;
}

static const char *skip_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0 || text[len] != ' ')
		return NULL;
	return text + len + strspn(text + len, " ");
}

bool ot_paths_is_tag(const char *word)
{
	for (const struct tag *tag = tags; tag->word; tag++)
		if (!strcmp(word, tag->word))
			return true;
	return false;
}

const struct ot_type *ot_paths_type(const struct ot_program *program, const char *text)
{
	for (const struct tag *tag = tags; tag->word; tag++) {
		const char *name = skip_word(text, tag->word);

		if (name)
			return ot_program_type(program, name, tag->kind);
	}
	return ot_program_type(program, text, -1);
}

void ot_paths_say_rival(const struct ot_program *program, const char *text,
			struct ot_cmd_call *call)
{
	const struct ot_type *type = strchr(text, '@') ? NULL : ot_paths_type(program, text);
	const struct ot_type *rival = type ? ot_program_type_rival(program, type) : NULL;

	if (rival)
		ot_cmd_note(call, "several types are called %s; another is %s", type->name,
			    rival->unique_name ? rival->unique_name : rival->name);
}

bool ot_paths_is_here(const struct ot_shell *shell, const char *name)
{
	ot_auto_value struct ot_value value = {0};
	struct ot_expr_scope scope;
	struct ot_node hold;
	uint64_t offset;
	struct ot_err *err = ot_vfs_scope(shell->vfs, &scope, &hold), *gone = NULL;
	bool found = !err && scope.self && ot_type_is_record(scope.self->type) &&
		     ot_type_find_member(scope.self->type, name, &offset);

	if (!err && scope.local)
		found = scope.local(scope.local_priv, name, &value, &gone);
	ot_err_destroy(err);
	ot_err_destroy(gone);
	ot_node_deinit(&hold);
	return found;
}

void ot_paths_say_here(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_node node = {0};
	struct ot_node_list list = {0};
	ot_auto_err struct ot_err *err = ot_vfs_find(shell->vfs, ".", &node, NULL);

	if (!err && (node.kind == OT_NODE_LATER || node.kind == OT_NODE_LOCALS ||
		     node.kind == OT_NODE_CONTEXTS)) {
		err = ot_vfs_list(shell->vfs, &node, &list);
		if (!err && !list.nr && list.note)
			ot_cmd_note(call, "%s", list.note);
	}
	ot_node_list_deinit(&list);
	ot_node_deinit(&node);
}
