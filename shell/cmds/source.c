/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "cmds/cmd.h"
#include "cmds/files.h"
#include "cmds/source.h"
#include "ui/prompt.h"
#include "ui/session.h"

#define MAX_NESTING 16
#define NOECHO "noecho"

static void run_line(struct ot_shell *shell, const char *line, bool echo)
{
	size_t n = strlen(NOECHO);

	if (!strncmp(line, NOECHO, n) && isspace((unsigned char)line[n])) {
		line += n + strspn(line + n, " \t");
		echo = false;
	}
	if (echo) {
		ot_auto_free char *text = ot_asprintf("%s%s\n", ot_prompt_text(shell), line);

		if (shell->capture)
			ot_buf_adds(shell->capture, text);
		else
			ot_ui_print(shell->ui, text);
	}
	ot_cmd_line(shell, line);
}

static int nesting(const struct ot_shell *shell)
{
	int depth = 0;

	for (const struct ot_script_place *at = shell->place; at; at = at->outer)
		depth++;
	return depth;
}

struct ot_err *ot_source_lines(struct ot_shell *shell, FILE *file, const char *name, bool echo)
{
	unsigned int nr_interrupts = ot_session_nr_interrupts();
	int nr_failed = shell->nr_failed;
	struct ot_script_place place = {.file = name, .outer = shell->place};
	char *line = NULL;
	struct ot_err *err = NULL;
	size_t room = 0;
	ssize_t bytes = 0;

	if (nesting(shell) >= MAX_NESTING)
		return ot_err_new(OT_ERR_USAGE, "files that source files, %d deep", MAX_NESTING);
	shell->place = &place;
	while (!err && !shell->quit && ot_session_nr_interrupts() == nr_interrupts &&
	       (bytes = getline(&line, &room, file)) > 0) {
		const char *start = line;

		place.line++;
		if (memchr(line, '\0', (size_t)bytes)) {
			err = ot_err_new(OT_ERR_DAMAGED,
					 "it is no text: there is a NUL byte in line %u",
					 place.line);
			continue;
		}
		while (bytes && isspace((unsigned char)line[bytes - 1]))
			line[--bytes] = '\0';
		start += strspn(start, " \t");
		nr_failed = shell->nr_failed;
		if (*start && *start != '#')
			run_line(shell, start, echo);
	}
	if (!err && bytes < 0 && ferror(file))
		err = ot_err_errno("cannot read it");
	/* a command that failed has said it */
	if (!err && !shell->quit && ot_session_nr_interrupts() != nr_interrupts &&
	    shell->nr_failed == nr_failed && getc(file) != EOF)
		err = ot_err_new(OT_ERR_SILENT, "interrupted behind line %u", place.line);
	free(line);
	shell->place = place.outer;
	return err ? ot_err_prefix(err, "%s", name) : NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_err *err;
	FILE *file;
	int fd;

	if (call->argc != 2)
		return ot_err_new(OT_ERR_USAGE, "source wants one file");
	OT_TRY(ot_cmd_check_confined(shell));
	err = ot_file_open(call->argv[1], true, &fd);
	if (err)
		return ot_err_prefix(err, "cannot read %s", call->argv[1]);
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return ot_err_errno("cannot read %s", call->argv[1]);
	}
	err = ot_source_lines(shell, file, call->argv[1], true);
	fclose(file);
	return err;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	(void)shell;
	if (completion->argc == 1)
		ot_files_complete(completion);
}

const struct ot_cmd ot_cmd_source = {
	.name = "source",
	.usage = "FILE",
	.summary = "run the lines of a file",
	.help = "Each line is printed before it is run, but for those that begin with `noecho `; lines that\n"
		"begin with # are dropped. A line that fails is reported with file and line, and the\n"
		"rest is run.",
	.flags = OT_CMD_WAITS,
	.run = run,
	.complete = complete,
};
