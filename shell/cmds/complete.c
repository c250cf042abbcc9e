/* SPDX-License-Identifier: BSD-2-Clause */
/* What a word of a line that is being typed may become. */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "cmds/aliases.h"
#include "cmds/cmd.h"
#include "cmds/files.h"
#include "cmds/split.h"

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* Whether the text begins with this word and a blank; then *at is behind it. */
static bool skip_word(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n) != 0 || !isspace((unsigned char)(*at)[n]))
		return false;
	*at = skip_blanks(*at + n);
	return true;
}

/* Behind what stands in front of a command: "repeat -n 3 ", "pipe ", "!". */
static const char *skip_prefixes(const char *text)
{
	bool again = true;

	text = skip_blanks(text);
	while (again) {
		again = skip_word(&text, "pipe") || skip_word(&text, "noecho");
		if (skip_word(&text, "repeat")) {
			again = true;
			if (!strncmp(text, "-n", 2)) {
				text = skip_blanks(text + 2);
				text = skip_blanks(text + strspn(text, "0123456789"));
			}
		}
	}
	return text;
}

static void offer_words(const char *words, struct ot_cmd_completion *completion)
{
	ot_auto_free char *copy = ot_strdup(words ? words : "");
	char *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			completion->offer(completion, word);
}

static void complete_expression(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	if (ot_cmd_pr.complete)
		ot_cmd_pr.complete(shell, completion);
}

static void complete_first(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	const struct ot_cmd *cmd;
	const char *name;

	for (size_t i = 0; ot_cmds[i]; i++)
		completion->offer(completion, ot_cmds[i]->name);
	for (size_t i = 0; (name = ot_aliases_name(shell->aliases, i)); i++)
		completion->offer(completion, name);
	if (ot_cmd_meaning(shell, "", &cmd) == OT_CMD_IS_UNIX)
		ot_files_complete(completion);
	else
		complete_expression(shell, completion);
}

/* The command that a line is in the end. */
static enum ot_cmd_meaning meaning_of(const struct ot_shell *shell, const char *text,
				      const struct ot_cmd **cmd)
{
	for (int i = 0; i < OT_ALIASES_DEPTH; i++) {
		const char *alias = ot_aliases_lookup(shell->aliases, text, NULL);

		if (!alias)
			break;
		text = skip_blanks(ot_split_last_command(alias));
	}
	return ot_cmd_meaning(shell, text, cmd);
}

static void complete_argument(struct ot_shell *shell, const char *text,
			      struct ot_cmd_completion *completion)
{
	const struct ot_cmd *cmd;
	enum ot_cmd_meaning meaning = meaning_of(shell, text, &cmd);

	if (meaning == OT_CMD_IS_UNIX)
		ot_files_complete(completion);
	else if (cmd == &ot_cmd_exec || meaning == OT_CMD_IS_EXPRESSION)
		complete_expression(shell, completion);
	else if (completion->word[0] == '-')
		offer_words(cmd->options, completion);
	else if (cmd->complete)
		cmd->complete(shell, completion);
}

/* ------------------------------------------------------------------ words as they are typed */

/** The word with its quoting undone, and whose candidates get it back. */
struct typed {
	struct ot_cmd_completion inner;
	struct ot_cmd_completion *outer;
	size_t bytes; /* of what was typed, without a backslash that quotes nothing yet */
	char quote;   /* that is open */
};

static void offer_quoted(struct ot_cmd_completion *completion, const char *text)
{
	const struct typed *typed = completion->priv;
	ot_auto_buf struct ot_buf whole = OT_BUF_INIT;
	size_t n = strlen(completion->word);

	if (strncmp(text, completion->word, n) != 0)
		return;
	ot_buf_add(&whole, typed->outer->word, typed->bytes);
	if (ot_split_quote(text, n, typed->quote, &whole))
		typed->outer->offer(typed->outer, ot_buf_text(&whole));
}

/* Bytes without a backslash at the end that quotes nothing yet. */
static size_t finished_bytes(const char *word, char quote)
{
	size_t n = strlen(word), nr = 0;

	while (nr < n && word[n - 1 - nr] == '\\')
		nr++;
	return n - (quote != '\'' && nr % 2);
}

/* In the quotes of find -type more words belong to it: they are completed one by one. */
static bool has_own_quotes(const struct ot_cmd_completion *completion)
{
	return completion->argc && !strcmp(completion->argv[completion->argc - 1], "-type");
}

static void complete_typed(struct ot_shell *shell, const char *text,
			   struct ot_cmd_completion *completion)
{
	const char *word = completion->word;
	struct typed typed = {.outer = completion, .quote = ot_split_open_quote(word)};
	ot_auto_free char *finished = NULL;
	const struct ot_cmd *cmd;
	char **argv = NULL;
	int argc;

	if (meaning_of(shell, text, &cmd) != OT_CMD_IS_COMMAND || cmd == &ot_cmd_pr ||
	    cmd->flags & OT_CMD_RAW || has_own_quotes(completion))
		return;
	typed.bytes = finished_bytes(word, typed.quote);
	finished = ot_strndup(word, typed.bytes);
	ot_split_words_loosely(finished, &argc, &argv);
	typed.inner = *completion;
	typed.inner.word = argc ? argv[0] : "";
	typed.inner.offer = offer_quoted;
	typed.inner.priv = &typed;
	complete_argument(shell, text, &typed.inner);
	completion->no_space = typed.inner.no_space;
	completion->open = typed.inner.open;
	ot_split_free(argv);
}

/* Behind a | or > of ours; @text is what stands before the word. */
static bool is_redirected(const struct ot_shell *shell, const char *text)
{
	const struct ot_cmd *cmd;
	struct ot_split_goal goal = {0};
	ot_auto_free char *whole = ot_asprintf("%sx", text);
	struct ot_err *err;

	if (meaning_of(shell, text, &cmd) != OT_CMD_IS_COMMAND || cmd == &ot_cmd_pr ||
	    cmd->flags & OT_CMD_RAW)
		return false;
	err = ot_split_goal(whole, &goal);
	free(goal.where);
	if (err) {
		ot_err_destroy(err);
		return true;
	}
	return goal.to != OT_SPLIT_TO_USER;
}

void ot_cmd_complete(struct ot_shell *shell, const char *before,
		     struct ot_cmd_completion *completion)
{
	const char *text = skip_prefixes(ot_split_last_command(before));
	char **argv = NULL;
	int argc = 0;

	if (is_redirected(shell, text)) {
		if (!completion->as_typed)
			ot_files_complete(completion);
		return;
	}
	ot_split_words_loosely(text, &argc, &argv);
	completion->argc = argc;
	completion->argv = argv;
	if (argc && completion->as_typed)
		complete_typed(shell, text, completion);
	else if (argc)
		complete_argument(shell, text, completion);
	else if (!completion->as_typed)
		complete_first(shell, completion);
	ot_split_free(argv);
	completion->argc = 0;
	completion->argv = NULL;
}
