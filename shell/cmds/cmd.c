/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/names.h"
#include "cmds/cmd.h"
#include "cmds/split.h"
#include "target/target.h"
#include "ui/ui.h"

const struct ot_cmd *const ot_cmds[] = {
	&ot_cmd_help,  &ot_cmd_cd,	&ot_cmd_cdls,	&ot_cmd_pushd,	   &ot_cmd_popd,
	&ot_cmd_swapd, &ot_cmd_pwd,	&ot_cmd_ls,	&ot_cmd_find_tree, &ot_cmd_grep,
	&ot_cmd_pr,    &ot_cmd_view,	&ot_cmd_trace,	&ot_cmd_untrace,   &ot_cmd_log,
	&ot_cmd_patch, &ot_cmd_unpatch, &ot_cmd_status, &ot_cmd_run,	   &ot_cmd_call,
	&ot_cmd_wait,  &ot_cmd_quit,	NULL,
};

const struct ot_cmd *ot_cmd_find(const char *name)
{
	for (size_t i = 0; ot_cmds[i]; i++)
		if (!strcmp(ot_cmds[i]->name, name))
			return ot_cmds[i];
	return NULL;
}

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* A copy of a piece of text without blanks around it. */
static char *trimmed(const char *text, size_t bytes)
{
	while (bytes && isspace((unsigned char)*text)) {
		text++;
		bytes--;
	}
	while (bytes && isspace((unsigned char)text[bytes - 1]))
		bytes--;
	return ot_strndup(text, bytes);
}

/* Why the command is not for now, or NULL. Alone an unsafe one changes nothing: it lists. */
static struct ot_err *check_allowed(const struct ot_shell *shell, const struct ot_cmd *cmd,
				    bool alone)
{
	enum ot_target_state target;

	if (cmd->flags & (OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE) && !shell->program)
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s: no instrumented program is open",
				  cmd->name);
	target = shell->target ? ot_target_state(shell->target) : OT_TARGET_FILE;
	if (cmd->flags & OT_CMD_NEEDS_LIVE && target == OT_TARGET_FILE)
		return ot_err_new(
			OT_ERR_UNSUPPORTED,
			"%s: nothing runs here, this is a program file (use run or attach)",
			cmd->name);
	if (cmd->flags & OT_CMD_NEEDS_LIVE && target == OT_TARGET_ENDED)
		return ot_err_new(OT_ERR_GONE, "%s: the program has ended", cmd->name);
	if (cmd->flags & OT_CMD_NEEDS_LIVE && target == OT_TARGET_DETACHED)
		return ot_err_new(OT_ERR_GONE, "%s: detached from the program", cmd->name);
	if (cmd->flags & OT_CMD_UNSAFE && shell->safe && !alone)
		return ot_err_new(
			OT_ERR_SAFE,
			"%s is not allowed in safe mode (--unsafe when otrace starts allows it)",
			cmd->name);
	return NULL;
}

static bool looks_like_word(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n && isalpha((unsigned char)text[0]) &&
	       (!text[n] || isspace((unsigned char)text[n]));
}

/* An expression that failed may have been meant as a command. */
static struct ot_err *meant_command(struct ot_err *err, const char *text, const char *word)
{
	const char *behind = skip_blanks(text + strlen(word));
	struct ot_nearest nearest;

	if (!looks_like_word(text) || (err->code != OT_ERR_NOT_FOUND && err->code != OT_ERR_SYNTAX))
		return err;
	/* "tracee add" is no expression at all, "tracee" may be a misspelt variable as well. */
	if (*behind && (isalnum((unsigned char)*behind) || strchr("*_'\"/", *behind))) {
		ot_err_destroy(err);
		err = ot_err_new(OT_ERR_NOT_FOUND, "no command \"%s\" (help lists them)", word);
	}
	ot_nearest_init(&nearest, word);
	for (size_t i = 0; ot_cmds[i]; i++)
		ot_nearest_offer(&nearest, ot_cmds[i]->name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

static struct ot_err *run_command(struct ot_shell *shell, const char *text, struct ot_buf *out,
				  struct ot_buf *json)
{
	struct ot_cmd_call call = {.out = out, .json = json};
	const struct ot_cmd *cmd;
	struct ot_err *err;
	char *pr[] = {(char *)"pr", (char *)text, NULL};
	/* "pr/x 255" is "pr /x 255" */
	size_t n = !strncmp(text, "pr/", 3) ? 2 : strcspn(text, " \t");
	ot_auto_free char *word = ot_strndup(text, n);
	char **argv = NULL;

	cmd = ot_cmd_find(word);
	if (!cmd) {
		call.argc = 2;
		call.argv = pr;
		call.rest = text;
		err = check_allowed(shell, &ot_cmd_pr, false);
		if (!err)
			err = ot_cmd_pr.run(shell, &call);
		return err ? meant_command(err, text, word) : NULL;
	}
	call.rest = skip_blanks(text + n);
	OT_TRY(check_allowed(shell, cmd, !*call.rest));
	/* An expression has quotes of its own kind: 'a' need not be shell words. */
	if (cmd == &ot_cmd_pr)
		ot_split_words_loosely(text, &call.argc, &argv);
	else
		OT_TRY(ot_split_words(text, &call.argc, &argv));
	call.argv = argv;
	if (call.argc > 1 && !*cmd->usage)
		err = ot_err_new(OT_ERR_USAGE, "%s takes no arguments", cmd->name);
	else
		err = cmd->run(shell, &call);
	ot_split_free(argv);
	return err;
}

/* What could be read while the program lived is no wild pointer now. */
static void explain_unreadable(const struct ot_shell *shell, struct ot_buf *out)
{
	enum ot_target_state state =
		shell->target ? ot_target_state(shell->target) : OT_TARGET_FILE;

	if (!strstr(ot_buf_text(out), "<unreadable"))
		return;
	if (state == OT_TARGET_ENDED)
		ot_buf_adds(out, "(the program has ended: its memory is gone)\n");
	if (state == OT_TARGET_DETACHED)
		ot_buf_adds(out, "(detached: its memory is out of reach)\n");
}

static struct ot_err *take_silence(const struct ot_shell *shell)
{
	return shell->target ? ot_target_take_silence(shell->target) : NULL;
}

static int run_one(struct ot_shell *shell, const char *text)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_buf struct ot_buf json = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;

	ot_err_destroy(take_silence(shell)); /* of what was before: it is asked again */
	err = run_command(shell, text, &out, &json);
	if (err)
		ot_err_destroy(take_silence(shell));
	else
		err = take_silence(shell);
	explain_unreadable(shell, &out);
	ot_ui_result(shell->ui, text, &out, &json, err);
	if (err)
		shell->nr_failed++;
	return err != NULL;
}

/* What follows a cd is meant for where it goes to. */
static bool stops_line(const char *text)
{
	ot_auto_free char *word = ot_strndup(text, strcspn(text, " \t"));
	const struct ot_cmd *cmd = ot_cmd_find(word);

	return cmd && cmd->flags & OT_CMD_STOPS_LINE;
}

int ot_cmd_line(struct ot_shell *shell, const char *line)
{
	int nr_failed = 0;
	int failed;

	line = skip_blanks(line);
	if (*line == '#')
		return 0;
	while (*line && !shell->quit) {
		size_t n = ot_split_command(line);
		ot_auto_free char *text = trimmed(line, n);

		failed = *text ? run_one(shell, text) : 0;
		nr_failed += failed;
		if (failed && stops_line(text))
			break;
		line += n + (line[n] == ';');
	}
	return nr_failed;
}
