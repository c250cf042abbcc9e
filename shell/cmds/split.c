/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>

#include "base/vec.h"
#include "cmds/split.h"

/* Takes one word from *at. Returns the quote that was left open, or 0. */
static char take_word(const char **at, struct ot_buf *word)
{
	char quote = 0;

	for (; **at; (*at)++) {
		char c = **at;

		if (!quote && isspace((unsigned char)c))
			break;
		if (c == quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else {
			if (c == '\\' && quote != '\'' && (*at)[1])
				c = *++*at;
			ot_buf_addc(word, c);
		}
	}
	return quote;
}

static char split(const char *text, int *argc_ret, char ***argv_ret)
{
	OT_VEC(char *) words = {0};
	char quote = 0;

	for (;;) {
		struct ot_buf word = OT_BUF_INIT;

		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			break;
		ot_buf_adds(&word, "");
		quote = take_word(&text, &word);
		ot_vec_push(&words, word.data ? ot_buf_take(&word) : ot_strdup(""));
	}
	ot_vec_push(&words, NULL);
	*argc_ret = (int)words.nr - 1;
	*argv_ret = words.items;
	return quote;
}

struct ot_err *ot_split_words(const char *text, int *argc_ret, char ***argv_ret)
{
	char **argv;
	int argc;
	char open = split(text, &argc, &argv);

	if (open) {
		ot_split_free(argv);
		return ot_err_new(OT_ERR_USAGE, "a quote (%c) is not closed", open);
	}
	*argc_ret = argc;
	*argv_ret = argv;
	return NULL;
}

void ot_split_words_loosely(const char *text, int *argc_ret, char ***argv_ret)
{
	split(text, argc_ret, argv_ret);
}

void ot_split_free(char **argv)
{
	if (!argv)
		return;
	for (char **word = argv; *word; word++)
		free(*word);
	free(argv);
}

/* Steps over one character, or over a backslash and what it quotes, and follows the quotes. */
static const char *step(const char *at, char *quote)
{
	if (*at == '\\' && *quote != '\'' && at[1])
		return at + 2;
	if (*at == *quote)
		*quote = 0;
	else if (!*quote && (*at == '\'' || *at == '"'))
		*quote = *at;
	return at + 1;
}

size_t ot_split_last_word(const char *text)
{
	const char *at = text, *begin = text;
	char quote = 0;

	while (*at) {
		bool is_blank = !quote && isspace((unsigned char)*at);

		at = step(at, &quote);
		if (is_blank)
			begin = at;
	}
	return (size_t)(begin - text);
}

char ot_split_open_quote(const char *text)
{
	char quote = 0;

	while (*text)
		text = step(text, &quote);
	return quote;
}

bool ot_split_quote(const char *word, size_t from, char quote, struct ot_buf *out)
{
	const char *signs = quote == '"' ? "\"\\" : " \t\n\"'\\;|";

	if (quote == '\'' && strchr(word + from, '\''))
		return false;
	for (const char *at = word + from; *at; at++) {
		/* > is a sign where a word would begin with it */
		bool begins = *at == '>' && !quote && at > word && at[-1] == ' ';

		if (quote != '\'' && (strchr(signs, *at) || begins))
			ot_buf_addc(out, '\\');
		ot_buf_addc(out, *at);
	}
	return true;
}

size_t ot_split_raw_word(const char *text)
{
	const char *at = text;
	char quote = 0;

	while (*at && (quote || !isspace((unsigned char)*at)))
		at = step(at, &quote);
	return (size_t)(at - text);
}

size_t ot_split_command(const char *line)
{
	const char *at = line;
	char quote = 0;

	while (*at && (quote || *at != ';'))
		at = step(at, &quote);
	return (size_t)(at - line);
}

const char *ot_split_last_command(const char *line)
{
	for (;;) {
		size_t n = ot_split_command(line);

		if (line[n] != ';')
			return line;
		line += n + 1;
	}
}

/* ------------------------------------------------------------------ where text goes */

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* "~" and "~/..." are the home directory, as everywhere. */
static char *expand_home(const char *name)
{
	const char *home = getenv("HOME");

	if (name[0] != '~' || (name[1] && name[1] != '/') || !home)
		return ot_strdup(name);
	return ot_asprintf("%s%s", home, name + 1);
}

static struct ot_err *take_file(const char *text, const char *sign, char **ret)
{
	char **argv;
	int argc;

	OT_TRY(ot_split_words(text, &argc, &argv));
	if (argc == 1 && *argv[0])
		*ret = expand_home(argv[0]);
	ot_split_free(argv);
	if (!argc)
		return ot_err_new(OT_ERR_USAGE, "no file name behind %s", sign);
	if (argc > 1)
		return ot_err_new(OT_ERR_USAGE,
				  "one file name stands behind %s, not \"%s\" (quote a %s that "
				  "belongs to the command)",
				  sign, text, sign);
	return *ret ? NULL : ot_err_new(OT_ERR_USAGE, "an empty file name behind %s", sign);
}

static struct ot_err *take_command(const char *text, char **ret)
{
	if (*text == '|')
		return ot_err_new(
			OT_ERR_USAGE,
			"|| is not for commands of otrace; in expressions it is: pr A || B");
	if (!*text)
		return ot_err_new(OT_ERR_USAGE, "no command behind |");
	*ret = ot_strdup(text);
	return NULL;
}

struct ot_err *ot_split_goal(const char *command, struct ot_split_goal *ret)
{
	struct ot_split_goal goal = {.to = OT_SPLIT_TO_USER};
	bool word_begins = true;
	const char *at = command;
	char quote = 0;

	for (; *at; at = step(at, &quote)) {
		if (!quote && *at == '|')
			goal.to = OT_SPLIT_TO_COMMAND;
		else if (!quote && *at == '>' && word_begins && at[1] != '=')
			goal.to = at[1] == '>' ? OT_SPLIT_TO_FILE_END : OT_SPLIT_TO_FILE;
		if (goal.to != OT_SPLIT_TO_USER)
			break;
		word_begins = !quote && isspace((unsigned char)*at);
	}
	goal.bytes = (size_t)(at - command);
	while (goal.bytes && isspace((unsigned char)command[goal.bytes - 1]))
		goal.bytes--;
	if (goal.to == OT_SPLIT_TO_COMMAND)
		OT_TRY(take_command(at[1] == '|' ? at + 1 : skip_blanks(at + 1), &goal.where));
	else if (goal.to == OT_SPLIT_TO_FILE)
		OT_TRY(take_file(skip_blanks(at + 1), ">", &goal.where));
	else if (goal.to == OT_SPLIT_TO_FILE_END)
		OT_TRY(take_file(skip_blanks(at + 2), ">>", &goal.where));
	*ret = goal;
	return NULL;
}

const char *ot_split_last_pipe(const char *text)
{
	const char *last = NULL;

	for (const char *at = strstr(text, " | "); at; at = strstr(at + 1, " | "))
		last = at;
	return last;
}
