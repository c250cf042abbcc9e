/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of commands, and a line from its text to what it does. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/names.h"
#include "base/quiet.h"
#include "cmds/aliases.h"
#include "cmds/cmd.h"
#include "cmds/shadow.h"
#include "cmds/split.h"
#include "stream/stream.h"
#include "ui/session.h"
#include "ui/unix.h"
#include "vfs/vfs.h"

#define LOOK_MS 20
#define MAX_DEPTH 64 /* of lines run by lines: source, repeat, pipe, aliases */

const struct ot_cmd *const ot_cmds[] = {
	&ot_cmd_help,
	/* the tree */
	&ot_cmd_cd,
	&ot_cmd_cdls,
	&ot_cmd_pushd,
	&ot_cmd_popd,
	&ot_cmd_swapd,
	&ot_cmd_pwd,
	&ot_cmd_ls,
	&ot_cmd_find_tree,
	&ot_cmd_grep,
	/* values and source */
	&ot_cmd_pr,
	&ot_cmd_exec,
	&ot_cmd_view,
	/* tracing */
	&ot_cmd_trace,
	&ot_cmd_untrace,
	&ot_cmd_resume,
	&ot_cmd_tag,
	&ot_cmd_untag,
	&ot_cmd_log,
	&ot_cmd_save,
	&ot_cmd_unpickle,
	&ot_cmd_del,
	&ot_cmd_rm,
	&ot_cmd_top,
	/* the program */
	&ot_cmd_patch,
	&ot_cmd_unpatch,
	&ot_cmd_status,
	&ot_cmd_run,
	&ot_cmd_call,
	&ot_cmd_interrupt,
	/* the shell */
	&ot_cmd_alias,
	&ot_cmd_pipe,
	&ot_cmd_repeat,
	&ot_cmd_set,
	&ot_cmd_source,
	&ot_cmd_wait,
	&ot_cmd_quit,
	NULL,
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

/* ------------------------------------------------------------------ what a word means */

bool ot_cmd_is_unix_outside(const char *name)
{
	static const char *const words[] = {"ls", "find", "grep", "pwd", "rm"};

	for (size_t i = 0; i < OT_NR(words); i++)
		if (!strcmp(words[i], name))
			return true;
	return false;
}

/* Bytes of the first word, if it could be a command's. */
static size_t word_bytes(const char *text)
{
	/* "pr/x 255" is "pr /x 255" */
	return !strncmp(text, "pr/", 3) ? 2 : strcspn(text, " \t\n;|");
}

enum ot_cmd_meaning ot_cmd_meaning(const struct ot_shell *shell, const char *text,
				   const struct ot_cmd **cmd_ret)
{
	ot_auto_free char *word = ot_strndup(text, word_bytes(text));
	bool outside = shell->vfs && ot_vfs_is_outside(shell->vfs);

	*cmd_ret = *text == '!' ? &ot_cmd_exec : ot_cmd_find(word);
	if (*cmd_ret && !(outside && ot_cmd_is_unix_outside(word)))
		return OT_CMD_IS_COMMAND;
	*cmd_ret = outside ? NULL : &ot_cmd_pr;
	return outside ? OT_CMD_IS_UNIX : OT_CMD_IS_EXPRESSION;
}

static bool takes_rest(const struct ot_cmd *cmd)
{
	return cmd == &ot_cmd_pr || cmd->flags & OT_CMD_RAW;
}

/* Whether the text takes all that stands behind it on the line. */
static bool is_raw(const struct ot_shell *shell, const char *text,
		   const struct ot_aliases_chain *chain)
{
	const char *alias = ot_aliases_lookup(shell->aliases, text, chain);
	const struct ot_cmd *cmd;

	if (alias && (!chain || chain->depth < OT_ALIASES_DEPTH)) {
		struct ot_aliases_chain link = {
			.outer = chain, .name = "", .depth = chain ? chain->depth + 1 : 1};
		ot_auto_free char *name = ot_strndup(text, word_bytes(text));

		link.name = name;
		alias = skip_blanks(alias);
		return !alias[ot_split_command(alias)] && is_raw(shell, alias, &link);
	}
	return ot_cmd_meaning(shell, text, &cmd) != OT_CMD_IS_COMMAND || takes_rest(cmd);
}

/* ------------------------------------------------------------------ one command */

/* Nothing runs any more: that, and what can be done instead. */
static struct ot_err *gone(const struct ot_cmd *cmd, const char *why)
{
	return ot_err_new(OT_ERR_GONE, cmd->gone ? "%s: %s (%s)" : "%s: %s", cmd->name, why,
			  cmd->gone);
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
	if (cmd->flags & OT_CMD_LISTS && alone)
		return NULL;
	if (cmd->flags & OT_CMD_NEEDS_LIVE && target == OT_TARGET_ENDED)
		return gone(cmd, "the program has ended");
	if (cmd->flags & OT_CMD_NEEDS_LIVE && target == OT_TARGET_DETACHED)
		return gone(cmd, "detached from the program");
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

/* With a word of C's it is an expression, and nothing else was meant. */
static bool is_c_word(const char *word)
{
	static const char *const words[] = {"sizeof", "_Alignof",   "alignof",	"__alignof__",
					    "typeof", "__typeof__", "__real__", "__imag__",
					    "__real", "__imag",	    "offsetof", "struct",
					    "union",  "enum",	    "unsigned", "signed",
					    "long",   "short",	    "int",	"char",
					    "const",  "volatile"};

	for (size_t i = 0; i < OT_NR(words); i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

/* An expression that failed may have been meant as a command. */
static struct ot_err *meant_command(const struct ot_shell *shell, struct ot_err *err,
				    const char *text, const char *word)
{
	const char *behind = skip_blanks(text + strlen(word)), *name;
	struct ot_nearest nearest;

	if (!looks_like_word(text) || is_c_word(word) ||
	    (err->code != OT_ERR_NOT_FOUND && err->code != OT_ERR_SYNTAX))
		return err;
	/* "tracee add" is no expression at all, "tracee" may be a misspelt variable as well. */
	if (*behind && (isalnum((unsigned char)*behind) || strchr("*_'\"/", *behind))) {
		ot_err_destroy(err);
		err = ot_err_new(OT_ERR_NOT_FOUND, "no command \"%s\" (help lists them)", word);
	}
	name = ot_aliases_get(shell->aliases, word);
	if (name) {
		ot_err_destroy(err);
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "no command \"%s\": the alias of that name is not taken again in "
				  "what it stands for: %s",
				  word, name);
	}
	ot_nearest_init(&nearest, word);
	for (size_t i = 0; ot_cmds[i]; i++)
		ot_nearest_offer(&nearest, ot_cmds[i]->name);
	for (size_t i = 0; (name = ot_aliases_name(shell->aliases, i)); i++)
		ot_nearest_offer(&nearest, name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

/* What a shell would have taken for itself is C here; whoever meant it is told. */
static struct ot_err *meant_shell(struct ot_err *err, const char *text)
{
	const char *hint = NULL;

	if (err->code != OT_ERR_SYNTAX && err->code != OT_ERR_NOT_FOUND && err->code != OT_ERR_TYPE)
		return err;
	if (text[ot_split_command(text)])
		hint = "an expression goes to the end of the line, with its `;`; put the next "
		       "command on a line of its own";
	else if (ot_split_last_pipe(text))
		hint = "in an expression | is C's; `pipe pr EXPRESSION | COMMAND` passes its text "
		       "on";
	return hint ? ot_err_suffix(err, " (%s)", hint) : err;
}

/* What calls made before the command is there when it looks, unless there is too much of it. */
static void look_first(struct ot_shell *shell, const struct ot_cmd *cmd)
{
	if (cmd->flags & OT_CMD_LOOKS && shell->stream && ot_traces_nr_on(shell->traces))
		ot_stream_look(shell->stream, LOOK_MS);
}

static struct ot_err *run_expression(struct ot_shell *shell, const char *text,
				     struct ot_cmd_call *call)
{
	ot_auto_free char *word = ot_strndup(text, strcspn(text, " \t"));
	char *argv[] = {(char *)"pr", (char *)text, NULL};
	struct ot_err *err = check_allowed(shell, &ot_cmd_pr, false);

	call->argc = 2;
	call->argv = argv;
	call->rest = text;
	look_first(shell, &ot_cmd_pr);
	if (!err)
		err = ot_cmd_pr.run(shell, call);
	return err ? meant_shell(meant_command(shell, err, text, word), text) : NULL;
}

/* `--` ends the options. Behind the function of `call` it is an argument, as it may be for who has no options. */
static void take_end_of_options(const struct ot_cmd *cmd, struct ot_cmd_call *call)
{
	bool anywhere = cmd->options && cmd != &ot_cmd_call;
	int at = 1;

	while (anywhere && at < call->argc && strcmp(call->argv[at], "--") != 0)
		at++;
	if (at >= call->argc || strcmp(call->argv[at], "--") != 0)
		return;
	free(call->argv[at]);
	memmove(&call->argv[at], &call->argv[at + 1],
		(size_t)(call->argc - at) * sizeof(call->argv[0]));
	call->argc--;
	call->plain_from = at;
}

static struct ot_err *run_command(struct ot_shell *shell, const struct ot_cmd *cmd,
				  const char *text, struct ot_cmd_call *call)
{
	struct ot_err *err;
	char **argv = NULL;

	call->rest = skip_blanks(text + (*text == '!' ? 1 : word_bytes(text)));
	OT_TRY(check_allowed(shell, cmd, !*call->rest));
	/* An expression has quotes of its own kind: 'a' need not be shell words. */
	if (takes_rest(cmd))
		ot_split_words_loosely(text, &call->argc, &argv);
	else
		OT_TRY(ot_split_words(text, &call->argc, &argv));
	call->argv = argv;
	if (!takes_rest(cmd))
		take_end_of_options(cmd, call);
	look_first(shell, cmd);
	if (call->argc > 1 && !*cmd->usage)
		err = ot_err_new(OT_ERR_USAGE, "%s takes no arguments", cmd->name);
	else
		err = cmd->run(shell, call);
	ot_split_free(argv);
	return err && cmd == &ot_cmd_pr ? meant_shell(err, call->rest) : err;
}

/* ------------------------------------------------------------------ where its text goes */

struct ot_err *ot_cmd_check_confined(const struct ot_shell *shell)
{
	return shell->confined ? ot_err_new(OT_ERR_SAFE,
					    "files and commands of the machine are out of reach "
					    "in this shell")
			       : NULL;
}

/* A folder that is not there is told before the command runs, the file is made when it has worked. */
static struct ot_err *check_file(const struct ot_shell *shell, const struct ot_split_goal *goal)
{
	const char *slash = strrchr(goal->where, '/');
	ot_auto_free char *folder =
		slash ? ot_strndup(goal->where, (size_t)(slash - goal->where) + 1) : ot_strdup(".");

	if (goal->to != OT_SPLIT_TO_FILE && goal->to != OT_SPLIT_TO_FILE_END)
		return NULL;
	OT_TRY(ot_cmd_check_confined(shell));
	if (access(goal->where, W_OK) && (errno != ENOENT || access(folder, W_OK | X_OK)))
		return ot_err_errno("cannot write %s", goal->where);
	return NULL;
}

static bool write_all(int fd, const struct ot_buf *out)
{
	size_t done = 0;

	while (done < out->len) {
		ssize_t n = ot_quiet_write(fd, out->data + done, out->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Room is asked for before what the file holds is given up: a full disk must not cost it. */
static bool has_room(int fd, size_t bytes, off_t before)
{
	int error;

	if (!bytes || !fallocate(fd, 0, 0, (off_t)bytes))
		return true;
	error = errno;
	if (error != ENOSPC && error != EDQUOT && error != EFBIG)
		return true; /* its file system cannot tell */
	if (!ftruncate(fd, before))
		errno = error;
	return false;
}

static struct ot_err *write_file(const struct ot_split_goal *goal, const struct ot_buf *out)
{
	bool at_end = goal->to == OT_SPLIT_TO_FILE_END;
	int how = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (at_end ? O_APPEND : 0);
	/* a FIFO that nobody reads would keep us waiting */
	ot_auto_close int fd = open(goal->where, how | O_NONBLOCK, 0666);
	struct stat info;
	bool is_file, written;

	if (fd < 0 && errno == ENXIO)
		return ot_err_new(OT_ERR_SYSTEM, "cannot write %s: nobody reads it", goal->where);
	if (fd < 0 || fstat(fd, &info) || fcntl(fd, F_SETFL, how & O_APPEND))
		return ot_err_errno("cannot write %s", goal->where);
	is_file = S_ISREG(info.st_mode) && !at_end;
	written = (!is_file || has_room(fd, out->len, info.st_size)) && write_all(fd, out) &&
		  (!is_file || !ftruncate(fd, (off_t)out->len));
	return written ? NULL : ot_err_errno("cannot write %s", goal->where);
}

static void end_line(struct ot_buf *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		ot_buf_addc(out, '\n');
}

/* JSON on a stream of ours would be mixed with what a command writes there: it becomes text. */
static struct ot_err *run_unix(struct ot_shell *shell, const char *text, const struct ot_buf *input,
			       struct ot_buf *out)
{
	struct ot_buf written = OT_BUF_INIT;
	bool keep = shell->capture || ot_ui_is_json_only(shell->ui);
	struct ot_err *err;

	OT_TRY(ot_cmd_check_confined(shell));
	err = ot_unix_run(shell, text, input, keep ? &written : NULL);
	if (keep || !input) {
		ot_buf_deinit(out);
		*out = written;
	}
	return err;
}

/* Whether a word of the line is a path that only the tree has. */
static bool names_tree(const char *text)
{
	bool only_ours = access("/osh", F_OK) != 0;

	for (const char *at = text; *at; at++) {
		if (at > text && !isspace((unsigned char)at[-1]))
			continue;
		if ((only_ours && !strncmp(at, "/osh", 4) && (!at[4] || strchr("/ |;", at[4]))) ||
		    !strncmp(at, "~~", 2))
			return true;
	}
	return false;
}

/* The machine's commands know nothing of the tree. */
static struct ot_err *run_outside(struct ot_shell *shell, const char *text, struct ot_buf *out)
{
	static const char hint[] =
		"outside /osh such lines go to $SHELL, which has no /osh: `cd /osh` "
		"first (help outside)";
	struct ot_err *err = run_unix(shell, text, NULL, out);

	if (!names_tree(text))
		return err;
	if (!err) {
		if (strstr(text, "/osh"))
			ot_ui_note(shell->ui, "%s", hint);
		return NULL;
	}
	return ot_err_suffix(err, "; %s", hint);
}

static bool is_long(const struct ot_shell *shell, const struct ot_buf *out)
{
	struct winsize size;
	unsigned int rows = 0, column = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
		return false;
	for (size_t i = 0; i < out->len && rows < size.ws_row; i++) {
		column++;
		if (out->data[i] == '\n' || (size.ws_col && column > size.ws_col)) {
			rows++;
			column = 0;
		}
	}
	return rows >= size.ws_row && ot_unix_pager(shell) != NULL;
}

/* Shows what a command came to. @elsewhere: its text has been sent away. */
static void show(struct ot_shell *shell, const char *text, struct ot_buf *out, bool elsewhere,
		 const struct ot_buf *json, const struct ot_err *err)
{
	if (shell->capture) {
		end_line(out);
		if (!elsewhere)
			ot_buf_add(shell->capture, out->data, out->len);
		if (err)
			ot_ui_result_elsewhere(shell->ui, text, out, json, err);
	} else if (elsewhere && !ot_ui_is_json_only(shell->ui)) {
		ot_ui_result_elsewhere(shell->ui, text, out, json, err);
	} else if (!elsewhere && is_long(shell, out)) {
		end_line(out);
		ot_ui_echo(shell->ui, out);
		/* Whoever leaves it early has seen enough. */
		ot_err_destroy(ot_unix_run(shell, ot_unix_pager(shell), out, NULL));
		ot_ui_result_elsewhere(shell->ui, text, out, json, err);
	} else {
		ot_ui_result(shell->ui, text, out, json, err);
	}
}

/* What could be read while the program lived is no wild pointer now. */
static void explain_unreadable(const struct ot_shell *shell, struct ot_cmd_call *call)
{
	enum ot_target_state state =
		shell->target ? ot_target_state(shell->target) : OT_TARGET_FILE;

	if (!strstr(ot_buf_text(call->out), "<unreadable"))
		return;
	if (state == OT_TARGET_ENDED)
		ot_cmd_note(call, "the program has ended: its memory is gone");
	if (state == OT_TARGET_DETACHED)
		ot_cmd_note(call, "detached: its memory is out of reach");
}

static struct ot_err *take_silence(const struct ot_shell *shell)
{
	return shell->target ? ot_target_take_silence(shell->target) : NULL;
}

static void name_place(const struct ot_shell *shell, struct ot_err *err)
{
	if (shell->place)
		ot_err_prefix(err, "%s:%u", shell->place->file, shell->place->line);
}

static void fail(struct ot_shell *shell, const char *text, struct ot_err *err)
{
	struct ot_buf nothing = OT_BUF_INIT;

	name_place(shell, err);
	ot_ui_result(shell->ui, text, &nothing, &nothing, err);
	ot_err_destroy(err);
	shell->nr_failed++;
}

/* A command that failed leaves a file as it was, and makes none; but what it has said is not lost. */
static struct ot_err *end_file(const struct ot_split_goal *goal, const struct ot_buf *out,
			       struct ot_err *err)
{
	if (err && (!out->len || (goal->to == OT_SPLIT_TO_FILE && !access(goal->where, F_OK))))
		return err;
	if (!err)
		return write_file(goal, out);
	ot_err_destroy(write_file(goal, out));
	return err;
}

/* Runs the command in front of what stands behind it, and passes its text on. */
static struct ot_err *run_to(struct ot_shell *shell, const struct ot_cmd *cmd, const char *text,
			     const struct ot_split_goal *goal, struct ot_cmd_call *call)
{
	ot_auto_free char *command = ot_strndup(text, goal->bytes);
	ot_auto_buf struct ot_buf said = OT_BUF_INIT;
	struct ot_buf *capture = shell->capture, *notes = shell->notes;
	unsigned int width = shell->width;
	bool colours = shell->colours;
	struct ot_err *err;

	OT_TRY(check_file(shell, goal));
	call->redirected = true;
	shell->capture = call->out;
	shell->notes = call->notes = &said;
	shell->width = 0;
	shell->colours = false;
	err = run_command(shell, cmd, command, call);
	explain_unreadable(shell, call);
	shell->width = width;
	shell->colours = colours;
	shell->capture = capture;
	shell->notes = call->notes = notes;
	end_line(call->out);
	if (goal->to != OT_SPLIT_TO_COMMAND)
		err = end_file(goal, call->out, err);
	else if (!err)
		err = run_unix(shell, goal->where, call->out, call->out);
	ot_cmd_deliver_notes(shell, call, &said);
	return err;
}

static struct ot_err *run_text(struct ot_shell *shell, const char *text, struct ot_cmd_call *call,
			       bool *elsewhere)
{
	const struct ot_cmd *cmd;
	enum ot_cmd_meaning meaning = ot_cmd_meaning(shell, text, &cmd);
	struct ot_split_goal goal = {0};
	struct ot_err *err;

	if (meaning == OT_CMD_IS_EXPRESSION)
		return run_expression(shell, text, call);
	if (meaning == OT_CMD_IS_UNIX) {
		*elsewhere = !shell->capture && !ot_ui_is_json_only(shell->ui);
		return run_outside(shell, text, call->out);
	}
	if (takes_rest(cmd))
		return run_command(shell, cmd, text, call);
	OT_TRY(ot_split_goal(text, &goal));
	if (goal.to == OT_SPLIT_TO_USER)
		return run_command(shell, cmd, text, call);
	*elsewhere = goal.to != OT_SPLIT_TO_COMMAND ||
		     !(shell->capture || ot_ui_is_json_only(shell->ui));
	err = run_to(shell, cmd, text, &goal, call);
	free(goal.where);
	return err;
}

static bool takes_long_on_purpose(const struct ot_shell *shell, const char *text)
{
	const struct ot_cmd *cmd;

	return ot_cmd_meaning(shell, text, &cmd) == OT_CMD_IS_UNIX || cmd->flags & OT_CMD_WAITS;
}

/* Behind the value of the result event: "cut" says what is not in it. */
static void add_cut(const struct ot_buf *cut, struct ot_buf *json)
{
	if (!cut->len || !json->len)
		return;
	ot_buf_adds(json, ",\"cut\":");
	ot_buf_add_json(json, cut->data, cut->len);
}

/* @return whether it worked */
static bool run_one(struct ot_shell *shell, const char *text)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	ot_auto_buf struct ot_buf json = OT_BUF_INIT;
	ot_auto_buf struct ot_buf cut = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;
	struct ot_cmd_call call = {.out = &out, .json = &json, .cut = &cut, .notes = shell->notes};
	bool elsewhere = false;

	ot_err_destroy(take_silence(shell)); /* of what was before: it is asked again */
	if (!takes_long_on_purpose(shell, text))
		ot_ui_progress_begin(shell->ui, text);
	err = run_text(shell, text, &call, &elsewhere);
	ot_ui_progress_end(shell->ui);
	if (err)
		ot_err_destroy(take_silence(shell));
	else
		err = take_silence(shell);
	if (err)
		name_place(shell, err);
	if (!call.redirected)
		explain_unreadable(shell, &call);
	add_cut(&cut, &json);
	show(shell, text, &out, elsewhere, &json, err);
	if (err)
		shell->nr_failed++;
	return !err;
}

/* ------------------------------------------------------------------ a line */

/** A line that is being run, with what its aliases stand for. */
struct line {
	struct ot_shell *shell;
	unsigned int nr_interrupts; /* at its beginning */
	bool stop;		    /* what follows is not run */
	bool is_cut;		    /* by Ctrl-C, and nobody has said so yet */
};

static void run_commands(struct line *line, const char *text, const struct ot_aliases_chain *chain);

static void run_alias(struct line *line, const char *alias, const char *text,
		      const struct ot_aliases_chain *chain)
{
	struct ot_shell *shell = line->shell;
	ot_auto_free char *name = ot_strndup(text, word_bytes(text));
	struct ot_aliases_chain link = {
		.outer = chain, .name = name, .depth = chain ? chain->depth + 1 : 1};
	ot_auto_free char *expanded = NULL;
	struct ot_err *err = NULL;

	if (link.depth > OT_ALIASES_DEPTH)
		err = ot_err_new(OT_ERR_USAGE, "alias %s: aliases for aliases, too many", name);
	if (!err)
		err = ot_aliases_expand(alias, text, &expanded);
	if (err) {
		fail(shell, text, err);
		return;
	}
	run_commands(line, expanded, &link);
}

/* What follows a cd is meant for where it goes to. */
static bool stops_line(const struct ot_shell *shell, const char *text)
{
	const struct ot_cmd *cmd;

	return ot_cmd_meaning(shell, text, &cmd) == OT_CMD_IS_COMMAND &&
	       cmd->flags & OT_CMD_STOPS_LINE;
}

static void run_part(struct line *line, const char *text, const struct ot_aliases_chain *chain)
{
	struct ot_shell *shell = line->shell;
	const char *alias = ot_aliases_lookup(shell->aliases, text, chain);
	int nr_failed = shell->nr_failed;

	ot_shadow_tell(shell, text, alias != NULL);
	if (alias)
		run_alias(line, alias, text, chain);
	else if (!run_one(shell, text))
		line->stop = stops_line(shell, text);
	if (ot_session_nr_interrupts() == line->nr_interrupts)
		return;
	line->stop = true;
	/* a command that failed has said it; one that had done its work by then knows nothing of it */
	line->is_cut = shell->nr_failed == nr_failed;
}

/* To where a command begins: between two `;` there is none. */
static const char *skip_nothing(const char *text)
{
	while (isspace((unsigned char)*text) || *text == ';')
		text++;
	return text;
}

static void run_commands(struct line *line, const char *text, const struct ot_aliases_chain *chain)
{
	text = skip_nothing(text);
	while (*text && !line->shell->quit && !line->stop) {
		size_t n = is_raw(line->shell, text, chain) ? strlen(text) : ot_split_command(text);
		ot_auto_free char *part = trimmed(text, n);

		if (*part)
			run_part(line, part, chain);
		text = skip_nothing(text + n);
	}
	if (*text && line->is_cut && !line->shell->quit)
		fail(line->shell, text,
		     ot_err_new(OT_ERR_SILENT, "interrupted; not run: %s", text));
}

int ot_cmd_line(struct ot_shell *shell, const char *text)
{
	struct line line = {.shell = shell, .nr_interrupts = ot_session_nr_interrupts()};
	int nr_failed = shell->nr_failed;

	text = skip_blanks(text);
	if (*text == '#')
		return 0;
	if (shell->depth >= MAX_DEPTH) {
		fail(shell, text,
		     ot_err_new(OT_ERR_USAGE, "lines that run lines, %d deep", MAX_DEPTH));
		return 1;
	}
	shell->depth++;
	run_commands(&line, text, NULL);
	shell->depth--;
	return shell->nr_failed - nr_failed;
}
