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

size_t ot_split_command(const char *line)
{
	char quote = 0;
	size_t i;

	for (i = 0; line[i]; i++) {
		char c = line[i];

		if (c == '\\' && quote != '\'' && line[i + 1])
			i++;
		else if (c == quote)
			quote = 0;
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else if (!quote && c == ';')
			break;
	}
	return i;
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
