/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmds/cmd.h"
#include "cmds/split.h"
#include "params/params.h"
#include "ui/session.h"

#define CLEAR "\033[H\033[2J"
#define ENTER_SCREEN "\033[?1049h" CLEAR
#define LEAVE_SCREEN "\033[?1049l"
#define MAX_TIMES 1000000000ull

struct repeat {
	struct ot_shell *shell;
	const char *line;
	uint64_t times; /* 0 = until somebody ends it */
	bool screen;	/* has all of a terminal */
	unsigned int nr_interrupts;
	uint64_t nr_events;
};

static struct ot_err *take_times(const char **rest, uint64_t *ret)
{
	const char *text = *rest + 2;
	char *end;

	text += strspn(text, " \t");
	*ret = strtoull(text, &end, 10);
	if (end == text || (*end && !strchr(" \t", *end)) || *text == '-' || !*ret ||
	    *ret > MAX_TIMES)
		return ot_err_new(OT_ERR_USAGE, "-n wants how often, from 1 on");
	*rest = end + strspn(end, " \t");
	return NULL;
}

static bool has_screen(const struct ot_shell *shell)
{
	const char *term = getenv("TERM");

	return ot_session_terminal(shell) >= 0 && isatty(STDOUT_FILENO) && term &&
	       strcmp(term, "dumb") != 0;
}

/* As much as fits: what ran off the screen could not be read anyway. */
static size_t bytes_that_fit(const struct ot_buf *text)
{
	struct winsize size = {.ws_row = 24};
	unsigned int rows = 2; /* the heading, and the last row stays free */
	size_t i, column = 0;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	for (i = 0; i < text->len; i++) {
		column++;
		if (text->data[i] == '\n' || (size.ws_col && column > size.ws_col)) {
			column = 0;
			if (++rows >= size.ws_row)
				break;
		}
	}
	return i;
}

static void draw(const struct repeat *repeat, const struct ot_buf *text)
{
	ot_auto_buf struct ot_buf screen = OT_BUF_INIT;

	ot_buf_addf(&screen, "%s%s  (Enter or Ctrl-C ends it)\r\n", CLEAR, repeat->line);
	ot_buf_add(&screen, text->data, bytes_that_fit(text));
	ot_ui_screen(repeat->shell->ui, screen.data, screen.len);
}

static int run_once(const struct repeat *repeat)
{
	struct ot_shell *shell = repeat->shell;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	struct ot_buf *capture = shell->capture;
	int nr_failed;

	if (!repeat->screen)
		return ot_cmd_line(shell, repeat->line);
	shell->capture = &text;
	nr_failed = ot_cmd_line(shell, repeat->line);
	shell->capture = capture;
	draw(repeat, &text);
	return nr_failed;
}

/* @return whether it goes on */
static bool pause_between(const struct repeat *repeat)
{
	struct ot_shell *shell = repeat->shell;
	int ms = (int)ot_params_of(shell)->repeat_interval;
	bool entered = false;

	if (ot_session_terminal(shell) >= 0)
		entered = ot_session_wait_line(shell, ms);
	else
		ot_session_wait(shell, (uint64_t)ms);
	if (shell->interactive && ot_session_nr_events(shell) != repeat->nr_events)
		return false;
	return !entered && !shell->quit && ot_session_nr_interrupts() == repeat->nr_interrupts;
}

static struct ot_err *run_all(const struct repeat *repeat)
{
	for (uint64_t i = 1;; i++) {
		if (run_once(repeat))
			return ot_err_new(OT_ERR_OTHER, "ended, as it failed: %s", repeat->line);
		if (i == repeat->times || !pause_between(repeat))
			return NULL;
	}
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct repeat repeat = {.shell = shell, .line = call->rest};
	struct ot_err *err;

	if (!strncmp(repeat.line, "-n", 2))
		OT_TRY(take_times(&repeat.line, &repeat.times));
	if (!*repeat.line)
		return ot_err_new(OT_ERR_USAGE, "repeat what?");
	if (!repeat.times && !shell->interactive)
		return ot_err_new(OT_ERR_USAGE, "in a script, say how often: repeat -n 3 %s",
				  repeat.line);
	repeat.screen = has_screen(shell) && !shell->capture;
	repeat.nr_interrupts = ot_session_nr_interrupts();
	repeat.nr_events = ot_session_nr_events(shell);
	if (repeat.screen) {
		ot_ui_flush(shell->ui);
		ot_ui_hold(shell->ui, true);
		ot_ui_screen(shell->ui, ENTER_SCREEN, strlen(ENTER_SCREEN));
	}
	err = run_all(&repeat);
	if (repeat.screen) {
		ot_ui_screen(shell->ui, LEAVE_SCREEN, strlen(LEAVE_SCREEN));
		ot_ui_hold(shell->ui, false);
	}
	return err;
}

const struct ot_cmd ot_cmd_repeat = {
	.name = "repeat",
	.usage = "[-n TIMES] COMMAND",
	.summary = "run a line again and again, until Enter, Ctrl-C or an event of a trace",
	.help = "At the prompt it has the screen meanwhile, and the parameter repeat_interval says how often;\n"
		"in scripts it runs TIMES times. COMMAND is the whole rest of the line, and one that\n"
		"fails ends it.",
	.flags = OT_CMD_RAW | OT_CMD_WAITS,
	.run = run,
};
