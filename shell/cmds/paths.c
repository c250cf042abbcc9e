// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/paths.h"

#define WIDTH_UNKNOWN 100u

static void offer(void *priv, const char *text, bool is_dir)
{
	struct ot_cmd_completion *completion = priv;

	completion->no_space = completion->no_space || is_dir;
	completion->offer(completion, text);
}

void ot_paths_complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	if (shell->vfs)
		ot_vfs_complete(shell->vfs, completion->word, offer, completion);
}

struct ot_format ot_paths_format(const struct ot_shell *shell)
{
	struct ot_format format = {.program = shell->program, .target = shell->target};

	format.width = shell->width ? shell->width : WIDTH_UNKNOWN;
	return format;
}

static const char *skip_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0 || text[len] != ' ')
		return NULL;
	return text + len + strspn(text + len, " ");
}

const struct ot_type *ot_paths_type(const struct ot_program *program, const char *text)
{
	static const struct {
		const char *word;
		int kind;
	} tags[] = {{"struct", OTRACE_TYPE_STRUCT},
		    {"union", OTRACE_TYPE_UNION},
		    {"enum", OTRACE_TYPE_ENUM},
		    {"class", OTRACE_TYPE_CLASS}};

	for (size_t i = 0; i < OT_NR(tags); i++) {
		const char *name = skip_word(text, tags[i].word);

		if (name)
			return ot_program_type(program, name, tags[i].kind);
	}
	return ot_program_type(program, text, -1);
}
