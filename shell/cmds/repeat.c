/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/screen.h"
#include "params/params.h"
#include "ui/session.h"

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
	ot_screen_draw(shell, repeat->line, &text);
	return nr_failed;
}

/* @return whether it goes on */
static bool pause_between(const struct repeat *repeat)
{
	struct ot_shell *shell = repeat->shell;
	bool entered = ot_screen_pause(shell, (unsigned int)ot_params_of(shell)->repeat_interval);

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
	repeat.screen = ot_screen_is_there(shell);
	repeat.nr_interrupts = ot_session_nr_interrupts();
	repeat.nr_events = ot_session_nr_events(shell);
	if (repeat.screen)
		ot_screen_begin(shell);
	err = run_all(&repeat);
	if (repeat.screen)
		ot_screen_end(shell);
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
