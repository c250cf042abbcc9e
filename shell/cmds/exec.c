/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cmds/cmd.h"

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* Bytes up to a `;` outside the literals of C, or to the end. */
static size_t statement_bytes(const char *text)
{
	char quote = 0;
	size_t i;

	for (i = 0; text[i] && (quote || text[i] != ';'); i++) {
		if (quote && text[i] == '\\' && text[i + 1])
			i++;
		else if (text[i] == quote)
			quote = 0;
		else if (!quote && (text[i] == '\'' || text[i] == '"'))
			quote = text[i];
	}
	return i;
}

static bool begins_with(const char *text, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(text, word, n) && !isalnum((unsigned char)text[n]) && text[n] != '_';
}

/* What is a statement in C, but no expression. */
static struct ot_err *check_statement(const char *text)
{
	static const char *const words[] = {"if",	"else",	   "for",    "while",  "do",
					    "switch",	"case",	   "return", "goto",   "break",
					    "continue", "typedef", "static", "extern", "asm"};

	for (size_t i = 0; i < OT_NR(words); i++)
		if (begins_with(text, words[i]))
			return ot_err_new(OT_ERR_UNSUPPORTED,
					  "exec runs expressions (assignments, ++, calls), no %s; "
					  "for more, patch a function",
					  words[i]);
	if (*text == '{')
		return ot_err_new(OT_ERR_UNSUPPORTED, "exec runs expressions separated by `;`, no "
						      "blocks");
	if (*text == '/' || *text == '~')
		return ot_err_new(OT_ERR_USAGE, "exec wants a statement of C, not a path");
	return NULL;
}

/* What pr says of a value besides the value: "(the compiled code does not read ...)". */
static void take_notes(const struct ot_buf *text, struct ot_buf *out)
{
	const char *at = ot_buf_text(text);

	while (*at) {
		size_t n = strcspn(at, "\n");

		n += at[n] == '\n';
		if (*at == '(')
			ot_buf_add(out, at, n);
		at += n;
	}
}

/* By pr, for there is one evaluator; an assignment's value is not what was asked for. */
static struct ot_err *run_statement(struct ot_shell *shell, const char *text,
				    struct ot_cmd_call *call)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	char *argv[] = {(char *)"pr", (char *)text, NULL};
	struct ot_cmd_call pr = {
		.argc = 2, .argv = argv, .rest = text, .out = &out, .json = call->json};

	OT_TRY(check_statement(text));
	ot_buf_reset(call->json);
	OT_TRY(ot_cmd_pr.run(shell, &pr));
	take_notes(&out, call->out);
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	const char *at = skip_blanks(call->rest);
	int nr = 0;

	/* check_allowed() lets an unsafe command pass that has nothing to do */
	if (!*at || (*at == ';' && !*skip_blanks(at + 1)))
		return ot_err_new(OT_ERR_USAGE, "exec what? (an assignment or a call: "
						"exec counter = 5)");
	for (; *at; nr++) {
		size_t n = statement_bytes(at);
		ot_auto_free char *text = ot_strndup(at, n);
		struct ot_err *err;

		for (char *end = text + n; end > text && isspace((unsigned char)end[-1]);)
			*--end = '\0';
		err = *text ? run_statement(shell, text, call) : NULL;
		if (err)
			return nr ? ot_err_prefix(err, "statement %d", nr + 1) : err;
		at = skip_blanks(at + n + (at[n] == ';'));
	}
	return NULL;
}

const struct ot_cmd ot_cmd_exec = {
	.name = "exec",
	.usage = "STATEMENT[; STATEMENT...]",
	.summary = "run assignments and calls; also `!STATEMENT`",
	.help = "Nothing is printed: `pr` shows values. The whole rest of the line is C; the first statement\n"
		"that fails ends it. Refused in safe mode.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE | OT_CMD_UNSAFE | OT_CMD_RAW,
	.run = run,
};
