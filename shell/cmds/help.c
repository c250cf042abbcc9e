// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "base/names.h"
#include "cmds/aliases.h"
#include "cmds/cmd.h"
#include "params/params.h"

#define DEFAULT_WIDTH 80

/** What is no command but has to be said. */
static const struct topic {
	const char *name; /* NULL at the end */
	const char *summary;
	const char *text;
} topics[] = {
	{"expressions", "C expressions, and what they take of a line",
	 "A line that begins with no command is a C expression, as if `pr` stood before it. It goes\n"
	 "to the end of the line: | > ; and ! are C's there. `pipe pr EXPR | CMD` passes the text of\n"
	 "one on, `!STATEMENT` assigns and calls.\n"
	 "A variable that is called like a command or an alias, log, set or run, needs the word pr:\n"
	 "`pr log`. That is said once when such a word is typed.\n"},
	{"tree", "the directories below /osh",
	 "/osh/globals    variables, functions and types by name; what several files have: NAME@file.c\n"
	 "/osh/files      the same by source file\n"
	 "/osh/types      T/fields, and T/methods: functions that take a T * first\n"
	 "/osh/modules    by executable and shared object\n"
	 "/osh/threads    TID/name, state, tls (its thread-locals)\n"
	 "/osh/locals     variables of the function that waits in otrace_set_trace()\n"
	 "/osh/patches    what is patched now\n"
	 "all db pickled recent saved web say themselves what they will hold.\n"
	 "What has parts is a directory too: `cd server.clients->head`, `ls -l`, `pr value`. All\n"
	 "else is the file system of the machine: help outside.\n"},
	{"lines", "several commands on a line, and where their text goes",
	 "CMD; CMD             one after the other; what follows a cd that failed is not run\n"
	 "CMD | UNIX COMMAND   pass the text on to a command of the machine's shell\n"
	 "CMD > FILE           write the text to a file; >> adds it at the end. Notes in parentheses are no\n"
	 "                     part of the text then: they go to standard error\n"
	 "# ...                a comment\n"
	 "Quotes '...' \"...\" and \\ take their meaning from ; | and >. A > is one only at the start of a\n"
	 "word. Expressions, pr, exec, pipe and repeat take the whole rest of the line.\n"},
	{"outside", "the same prompt outside /osh, where it is the machine's shell",
	 "Outside /osh (`cd /tmp`, `cd ~`) a line whose first word is no command of otrace is run by\n"
	 "$SHELL -c in that directory, with the terminal; so are ls, find, grep, pwd and rm there.\n"
	 "All the other commands stay those of otrace; write \\patch or /usr/bin/patch for the\n"
	 "machine's, and `cd /osh` to come back. Expressions need the word pr. Paths of the tree (/osh/...,\n"
	 "~~) mean something to commands of otrace alone. In scripts those of the machine\n"
	 "have no terminal and read nothing; the parameters osh_bin, add_env and shell_timeout set\n"
	 "what surrounds them.\n"},
	{"init", "files that are run at the start",
	 "~/.config/otrace/init ($XDG_CONFIG_HOME/otrace/init), then ./.otracerc if it is yours, nobody\n"
	 "else may write to it, and it is no link. Not with --no-init, and not in scripts with --json.\n"},
	{NULL, NULL, NULL},
};

/** What is no command of its own, and is typed as if it were one. */
static const struct {
	const char *name;
	const char *text;
} words[] = {
	{"where",
	 "in a context (cd ~~, at a break cd ~~breaks): the calls that led there, main-->f-->g"},
	{"up", "in a context: to the caller, with its variables"},
	{"dn", "in a context: back from a caller, as `up` came"},
	{"uv", "in a context: to the caller, and its source"},
	{"dv", "in a context: back from a caller, and the source there"},
	{"cdt", "in a context: to what is known of the call: times, thread, stack"},
	{"exc_stack", "in a context of ~~exceptions or ~~asserts: the frames, the innermost first"},
	{"exc_context",
	 "in a context of ~~exceptions or ~~asserts: each frame with its source and variables"},
};

static const char *text_of_word(const char *name)
{
	for (size_t i = 0; i < OT_NR(words); i++)
		if (!strcmp(words[i].name, name))
			return words[i].text;
	return NULL;
}

static void help_short(const struct ot_shell *shell, struct ot_buf *out)
{
	ot_auto_free const char **names = NULL;
	size_t nr = 0;

	while (ot_cmds[nr])
		nr++;
	names = ot_alloc(nr * sizeof(*names));
	for (size_t i = 0; i < nr; i++)
		names[i] = ot_cmds[i]->name;
	ot_columns_format(names, nr, shell && shell->width ? shell->width : DEFAULT_WIDTH, out);
	ot_buf_adds(
		out,
		"\nAnything else is a C expression whose value is printed.\n"
		"To begin: `ls` shows what the program has, `cd NAME` goes into it, `pr NAME` prints\n"
		"it; `trace FUNCTION` shows its calls, and `run` starts a program that is held.\n"
		"help COMMAND says more, help * has a line for each; there is also help");
	for (const struct topic *topic = topics; topic->name; topic++)
		ot_buf_addf(out, "%s %s", topic == topics ? "" : ",", topic->name);
	ot_buf_adds(out, ".\nTAB completes, Ctrl-R searches in what was typed, Ctrl-C stops a "
			 "command, Ctrl-D leaves.\n");
}

static void help_lines(struct ot_buf *out)
{
	for (size_t i = 0; ot_cmds[i]; i++)
		ot_buf_addf(out, "  %-11s %s\n", ot_cmds[i]->name, ot_cmds[i]->summary);
	ot_buf_adds(out, "and of what is no command:\n");
	for (const struct topic *topic = topics; topic->name; topic++)
		ot_buf_addf(out, "    %-11s %s\n", topic->name, topic->summary);
}

static void help_param(const struct ot_setting *param, struct ot_buf *out)
{
	ot_buf_addf(out, "%-16s %s (", param->name, param->help);
	ot_setting_format_kind(param, out);
	ot_buf_addf(out, "; at first %s)\n", *param->standard ? param->standard : "empty");
}

static void help_command(const struct ot_cmd *cmd, struct ot_buf *out)
{
	ot_buf_addf(out, "%s%s%s\n%s\n", cmd->name, cmd->usage && *cmd->usage ? " " : "",
		    cmd->usage ? cmd->usage : "", cmd->summary);
	if (cmd->help)
		ot_buf_addf(out, "\n%s\n", cmd->help);
	if (cmd != &ot_cmd_set)
		return;
	ot_buf_addc(out, '\n');
	for (const struct ot_setting *param = ot_params_table; param->name; param++)
		help_param(param, out);
}

static struct ot_err *no_topic(const struct ot_shell *shell, const char *name)
{
	struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "no command \"%s\"", name);
	const char *alias;
	struct ot_nearest nearest;

	ot_nearest_init(&nearest, name);
	for (size_t i = 0; ot_cmds[i]; i++)
		ot_nearest_offer(&nearest, ot_cmds[i]->name);
	for (const struct topic *topic = topics; topic->name; topic++)
		ot_nearest_offer(&nearest, topic->name);
	for (size_t i = 0; shell && (alias = ot_aliases_name(shell->aliases, i)); i++)
		ot_nearest_offer(&nearest, alias);
	ot_nearest_add_to(&nearest, err);
	return err;
}

static struct ot_err *help_one(const struct ot_shell *shell, const char *name, struct ot_buf *out)
{
	const struct ot_cmd *cmd = ot_cmd_find(*name == '!' ? "exec" : name);
	const char *alias = shell ? ot_aliases_get(shell->aliases, name) : NULL;
	const char *text = text_of_word(name);

	if (alias)
		ot_buf_addf(out, "%s is an alias: %s\n", name, alias);
	if (text) {
		ot_buf_addf(out, "%s  %s\n", name, text);
		return NULL;
	}
	if (cmd)
		help_command(cmd, out);
	if (cmd || alias)
		return NULL;
	for (const struct topic *topic = topics; topic->name; topic++) {
		if (!strcmp(topic->name, name)) {
			ot_buf_adds(out, topic->text);
			return NULL;
		}
	}
	for (const struct ot_setting *param = ot_params_table; param->name; param++) {
		if (!strcmp(param->name, name)) {
			help_param(param, out);
			return NULL;
		}
	}
	return no_topic(shell, name);
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	if (call->argc < 2)
		help_short(shell, call->out);
	for (int i = 1; i < call->argc; i++) {
		ot_buf_adds(call->out, i > 1 ? "\n" : "");
		if (!strcmp(call->argv[i], "*"))
			help_lines(call->out);
		else
			OT_TRY(help_one(shell, call->argv[i], call->out));
	}
	return NULL;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	const char *alias;

	for (size_t i = 0; ot_cmds[i]; i++)
		completion->offer(completion, ot_cmds[i]->name);
	for (const struct topic *topic = topics; topic->name; topic++)
		completion->offer(completion, topic->name);
	for (size_t i = 0; (alias = ot_aliases_name(shell->aliases, i)); i++)
		completion->offer(completion, alias);
	if (completion->argc > 1 || completion->word[0])
		for (const struct ot_setting *param = ot_params_table; param->name; param++)
			completion->offer(completion, param->name);
}

const struct ot_cmd ot_cmd_help = {
	.name = "help",
	.usage = "[COMMAND... | *]",
	.summary = "list the commands, or say what one does",
	.help = "help * has a line for each; parameters of set and aliases are explained too.",
	.run = run,
	.complete = complete,
};
