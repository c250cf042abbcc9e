/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>

#include "base/names.h"
#include "cmds/aliases.h"
#include "cmds/cmd.h"
#include "cmds/split.h"

#define NAME_WIDTH 10

static void add_one(const struct ot_aliases *aliases, const char *name, struct ot_cmd_call *call)
{
	const char *text = ot_aliases_get(aliases, name);

	ot_buf_addf(call->out, "%-*s %s\n", NAME_WIDTH, name, text);
	ot_buf_addc(call->json, call->json->len ? ',' : '{');
	ot_buf_add_json(call->json, name, strlen(name));
	ot_buf_addc(call->json, ':');
	ot_buf_add_json(call->json, text, strlen(text));
}

static struct ot_err *show(const struct ot_aliases *aliases, const char *wanted,
			   struct ot_cmd_call *call)
{
	struct ot_nearest nearest;
	struct ot_err *err;
	const char *name;

	if (ot_aliases_get(aliases, wanted)) {
		add_one(aliases, wanted, call);
		ot_buf_addc(call->json, '}');
		return NULL;
	}
	err = ot_err_new(OT_ERR_NOT_FOUND, "no alias \"%s\" (alias lists them)", wanted);
	ot_nearest_init(&nearest, wanted);
	for (size_t i = 0; (name = ot_aliases_name(aliases, i)); i++)
		ot_nearest_offer(&nearest, name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

static void show_all(const struct ot_aliases *aliases, struct ot_cmd_call *call)
{
	const char *name;

	for (size_t i = 0; (name = ot_aliases_name(aliases, i)); i++)
		add_one(aliases, name, call);
	ot_buf_adds(call->json, call->json->len ? "}" : "{}");
}

/*
 * The text as it was typed, for its backslashes and quotes are those of the line that it will make.
 * Quotes around all of it are not: they only kept a `;`, `|` or `>` from being one of this line.
 */
static char *text_of(const char *raw)
{
	size_t len = strlen(raw);
	char quote = raw[0];
	struct ot_buf text = OT_BUF_INIT;

	if ((quote != '"' && quote != '\'') || ot_split_raw_word(raw) != len || len < 2 ||
	    memchr(raw + 1, quote, len - 2))
		return ot_strdup(raw);
	ot_buf_adds(&text, "");
	for (const char *at = raw + 1; at < raw + len - 1; at++)
		ot_buf_addc(&text, *at);
	return text.data ? ot_buf_take(&text) : ot_strdup("");
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	const char *raw = call->rest + ot_split_raw_word(call->rest);
	ot_auto_free char *text = NULL;

	if (call->argc == 1) {
		show_all(shell->aliases, call);
		return NULL;
	}
	if (call->argc == 2)
		return show(shell->aliases, call->argv[1], call);
	while (isspace((unsigned char)*raw))
		raw++;
	text = text_of(raw);
	return ot_aliases_set(shell->aliases, call->argv[1], text);
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	const char *name;

	if (completion->argc == 1) {
		for (size_t i = 0; (name = ot_aliases_name(shell->aliases, i)); i++)
			completion->offer(completion, name);
		return;
	}
	if (completion->argc == 2)
		for (size_t i = 0; ot_cmds[i]; i++)
			completion->offer(completion, ot_cmds[i]->name);
}

const struct ot_cmd ot_cmd_alias = {
	.name = "alias",
	.usage = "[NAME [TEXT]]",
	.summary = "give a command line a name; without TEXT: show them",
	.help = "In TEXT \\* is what is typed behind the name, \\1 to \\9 one word of it, and \\** its\n"
		"words as the arguments of a call in C: numbers as they are, the others in quotes.\n"
		"Without any of these it is put behind TEXT. TEXT \"\" removes the alias. Quote a TEXT\n"
		"with ; | or > in it:\n"
		"  alias big \"ls -l \\* | sort -n\"\n"
		"  alias call exec \\1(\\2)\n"
		"Within its own TEXT a name is what it is without the alias. There from the start:\n"
		"show and doc (view); up, dn, uv, dv, cdt and cde for the frames and parts of recorded\n"
		"contexts, anywhere else they say that there is none.\n"
		"A variable of an alias's name is `pr NAME`; that is said once.",
	.run = run,
	.complete = complete,
};
