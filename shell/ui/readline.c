/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "base/vec.h"
#include "cmds/cmd.h"
#include "cmds/split.h"
#include "params/params.h"
#include "ui/prompt.h"
#include "ui/readline.h"

static struct {
	struct ot_shell *shell;
	void (*line)(struct ot_shell *shell, const char *line);
	char *history;
	int nr_new;	   /* lines that the file does not have yet */
	int history_lines; /* as they were set last */
	bool started;
	bool hidden;
	bool in_line; /* a line is being run: there is no prompt to take away */
	OT_VEC(char *) candidates;
	size_t before; /* bytes of a candidate that stand in front of readline's word */
} state;

/* ------------------------------------------------------------------ history */

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static char *history_path(void)
{
	const char *base = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (base && base[0] == '/')
		return ot_asprintf("%s/otrace/history", base);
	return home && home[0] == '/' ? ot_asprintf("%s/.local/state/otrace/history", home) : NULL;
}

static void set_history_lines(void)
{
	int lines = (int)ot_params_of(state.shell)->history_size;

	if (lines == state.history_lines)
		return;
	state.history_lines = lines;
	stifle_history(lines);
}

static void load_history(void)
{
	using_history();
	state.history_lines = -1;
	set_history_lines();
	state.history = history_path();
	if (state.history)
		read_history(state.history);
}

static void save_history(void)
{
	int fd;

	if (!state.history)
		return;
	make_folders(state.history);
	/* Appended, for other shells have added theirs. A home that cannot be written to is no
	 * reason to complain at each end. */
	fd = open(state.history, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	if (state.nr_new && !append_history(state.nr_new, state.history))
		history_truncate_file(state.history, state.history_lines);
	state.nr_new = 0;
	free(state.history);
	state.history = NULL;
}

static void remember(const char *line)
{
	const HIST_ENTRY *last =
		history_length ? history_get(history_base + history_length - 1) : NULL;

	if (!*line || (last && !strcmp(last->line, line)))
		return;
	add_history(line);
	if (state.nr_new < state.history_lines)
		state.nr_new++;
}

/* ------------------------------------------------------------------ completion */

static void offer(struct ot_cmd_completion *completion, const char *text)
{
	if (!strncmp(text, completion->word, strlen(completion->word)))
		ot_vec_push(&state.candidates, ot_strdup(text));
}

static char *next_candidate(const char *text, int from_start)
{
	static size_t at;

	(void)text;
	if (!from_start)
		at = 0;
	return at < state.candidates.nr ? ot_strdup(state.candidates.items[at++] + state.before)
					: NULL;
}

static void drop_candidates(void)
{
	for (size_t i = 0; i < state.candidates.nr; i++)
		free(state.candidates.items[i]);
	ot_vec_deinit(&state.candidates);
}

/* Where the brackets begin that end in front of @at. */
static size_t brackets_start(const char *line, size_t at)
{
	int depth = 0;

	while (at > 0) {
		at--;
		depth += (line[at] == ']') - (line[at] == '[');
		if (!depth)
			break;
	}
	return at;
}

/* Readline's words end at > and ]; in a->b and a[1].b they are parts of one name. */
static size_t name_start(const char *line, size_t at)
{
	for (;;) {
		if (at >= 2 && !strncmp(line + at - 2, "->", 2))
			at -= 2;
		else if (at && line[at - 1] == ']')
			at = brackets_start(line, at);
		else
			return at;
		while (at && !strchr(rl_completer_word_break_characters, line[at - 1]))
			at--;
	}
}

/* What ends a word that begins behind @before. */
static char behind(char before)
{
	return before == '\'' || before == '"' ? before : ' ';
}

/* @return what is put behind a unique match */
static char complete_from(size_t name, int start, int end, bool as_typed)
{
	ot_auto_free char *word = ot_strndup(rl_line_buffer + name, (size_t)end - name);
	ot_auto_free char *before = ot_strndup(rl_line_buffer, name);
	struct ot_cmd_completion completion = {.word = word, .as_typed = as_typed, .offer = offer};
	char quote = as_typed ? ot_split_open_quote(word) : '\0';

	state.before = (size_t)start - name;
	ot_cmd_complete(state.shell, before, &completion);
	if (completion.no_space || completion.open)
		return '\0';
	if (as_typed)
		return quote ? quote : ' ';
	return start ? behind(rl_line_buffer[start - 1]) : ' ';
}

/* Readline parts words at more signs than the shell: the whole word is tried first, then what C makes of it. */
static char **complete(const char *text, int start, int end)
{
	ot_auto_free char *line = ot_strndup(rl_line_buffer, (size_t)end);
	size_t word = ot_split_last_word(line);
	char behind_it = ' ', **matches;

	rl_attempted_completion_over = 1;
	if (word <= (size_t)start)
		behind_it = complete_from(word, start, end, true);
	if (!state.candidates.nr)
		behind_it =
			complete_from(name_start(rl_line_buffer, (size_t)start), start, end, false);
	rl_completion_append_character = (unsigned char)behind_it;
	matches = rl_completion_matches(text, next_candidate);
	drop_candidates();
	return matches;
}

/* ------------------------------------------------------------------ prompt and screen */

static void got_line(char *line)
{
	ot_auto_free char *owned = line;

	state.in_line = true;
	if (line)
		remember(line);
	else
		fputs("\n", rl_outstream);
	fflush(rl_outstream);
	state.line(state.shell, line);
	state.in_line = false;
	set_history_lines();
	if (state.shell->quit)
		ot_readline_stop(); /* or it shows one more prompt */
	if (state.started)
		rl_set_prompt(ot_prompt_text(state.shell));
}

static void hide(void)
{
	if (!state.started || state.in_line || state.hidden)
		return;
	rl_clear_visible_line();
	fflush(rl_outstream);
	state.hidden = true;
}

static void show(void)
{
	if (!state.started || !state.hidden)
		return;
	state.hidden = false;
	rl_set_prompt(ot_prompt_text(state.shell)); /* threads may wait by now, or wait no more */
	rl_on_new_line();
	rl_redisplay();
}

static void pump(void)
{
	rl_callback_read_char();
}

static void interrupt(void)
{
	if (!state.started)
		return;
	rl_free_line_state();
	rl_callback_sigcleanup();
	fputs("^C\n", rl_outstream);
	rl_replace_line("", 1);
	rl_set_prompt(ot_prompt_text(state.shell));
	rl_on_new_line();
	rl_redisplay();
}

static void leave(void)
{
	hide();
	if (state.started)
		rl_deprep_terminal();
}

static void enter(void)
{
	if (!state.started)
		return;
	/* Whoever stopped us may have set it as they like: what readline believes does not count. */
	rl_deprep_terminal();
	rl_prep_terminal(1);
	state.hidden = !state.in_line;
	show();
}

static void resize(void)
{
	if (state.started)
		rl_resize_terminal();
}

static unsigned int width(void)
{
	int rows = 0, columns = 0;

	rl_get_screen_size(&rows, &columns);
	return columns > 0 ? (unsigned int)columns : 0;
}

const struct ot_terminal ot_readline_terminal = {.hide = hide,
						 .show = show,
						 .pump = pump,
						 .interrupt = interrupt,
						 .leave = leave,
						 .enter = enter,
						 .resize = resize,
						 .width = width};

/* ------------------------------------------------------------------ life */

void ot_readline_start(struct ot_shell *shell, int fd_in,
		       void (*line)(struct ot_shell *shell, const char *line))
{
	state.shell = shell;
	state.line = line;
	rl_readline_name = "otrace";
	rl_attempted_completion_function = complete;
	rl_basic_word_break_characters = " \t\n\"';|&(){}[]=+,!<>";
	/* or it closes a quote by itself, and asks nobody */
	rl_basic_quote_characters = "";
	rl_completer_word_break_characters = rl_basic_word_break_characters;
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0;
	if (fd_in != STDIN_FILENO)
		rl_instream = fdopen(fd_in, "r");
	load_history();
	/* While a line runs the terminal stays as it is: what is typed then is not echoed into the
	 * output, and comes to the next prompt key by key. */
	rl_deprep_term_function = NULL;
	state.started = true;
	rl_callback_handler_install(ot_prompt_text(shell), got_line);
}

void ot_readline_stop(void)
{
	if (!state.started)
		return;
	state.started = false;
	rl_callback_handler_remove();
	rl_deprep_terminal();
	save_history();
}
