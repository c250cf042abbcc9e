/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Word lists, and response files: "@file" stands for the words in the file. The file is read here only to learn
 * what it asks for; the compiler gets "@file" as it was written, so long command lines stay short.
 */
#include "cc.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files that name each other would never end; the compiler reports those, here it is enough to stop. */
#define DEPTH_MAX 32

static void *check(void *memory)
{
	if (!memory) {
		fputs("otrace cc: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

/* Takes @p word. */
static void push_owned(struct ot_cc_words *words, char *word)
{
	if (words->nr + 1 >= words->room) {
		words->room = words->room ? 2 * words->room : 32;
		words->word = check(realloc(words->word, words->room * sizeof(*words->word)));
	}
	words->word[words->nr++] = word;
	words->word[words->nr] = NULL;
}

void ot_cc_push(struct ot_cc_words *words, const char *word)
{
	push_owned(words, check(strdup(word)));
}

void ot_cc_pushf(struct ot_cc_words *words, const char *format, ...)
{
	char *word;
	va_list list;

	va_start(list, format);
	if (vasprintf(&word, format, list) < 0)
		word = NULL;
	va_end(list);
	push_owned(words, check(word));
}

void ot_cc_words_deinit(struct ot_cc_words *words)
{
	for (size_t i = 0; i < words->nr; i++)
		free(words->word[i]);
	free(words->word);
	*words = (struct ot_cc_words){0};
}

/* The whole file as a string, or NULL. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = ferror(file) ? NULL : check(strdup(""));
	}
	fclose(file);
	return text;
}

/*
 * Cut one word out of the text, in place, by the rules of GNU response files: blanks separate, a backslash takes the
 * next character as it is, single and double quotes hold blanks together. Returns the word, or NULL at the end.
 */
static char *next_word(char **text)
{
	char *in = *text;
	char *word;
	char *out;
	char quote = '\0';

	while (isspace((unsigned char)*in))
		in++;
	if (!*in)
		return NULL;
	for (word = out = in; *in && (quote || !isspace((unsigned char)*in)); in++) {
		if (*in == '\\' && in[1])
			*out++ = *++in;
		else if (quote && *in == quote)
			quote = '\0';
		else if (!quote && (*in == '\'' || *in == '"'))
			quote = *in;
		else
			*out++ = *in;
	}
	*text = *in ? in + 1 : in;
	*out = '\0';
	return word;
}

static void expand(struct ot_cc_words *words, const char *arg, int depth)
{
	char *text = arg[0] == '@' && depth < DEPTH_MAX ? read_file(arg + 1) : NULL;
	char *rest = text;
	char *word;

	if (!text) {
		ot_cc_push(words, arg);
		return;
	}
	while ((word = next_word(&rest)))
		expand(words, word, depth + 1);
	free(text);
}

void ot_cc_expand(struct ot_cc_words *words, char *const *args)
{
	for (; *args; args++)
		expand(words, *args, 0);
}
