/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/ownfd.h"
#include "cmds/aliases.h"
#include "cmds/callargs.h"
#include "contexts/contexts.h"
#include "expr/history.h"
#include "params/params.h"
#include "stream/tags.h"
#include "ui/breaks.h"
#include "ui/execlock.h"
#include "ui/holding.h"
#include "ui/incidents.h"
#include "ui/pickling.h"
#include "ui/session.h"
#include "ui/tagged.h"
#include "ui/traced.h"
#include "vfs/vfs.h"

#define STREAM_BUDGET_MS 10
#define OUTPUT_BYTES (64u * 1024u)
/* From the end of the connection to the end of the process. */
#define END_WAIT_MS 2000
/* From SIGTERM to SIGKILL. */
#define TERM_WAIT_MS 2000
#define WAIT_TURN_MS 100
#define NR_POLLS 3

struct ot_session {
	struct ot_shell shell; /* first: commands know only this */
	struct ot_event_writer writer;
	const struct ot_terminal *terminal;
	int terminal_fd;
	bool lent; /* the terminal is another's for now */
	uint64_t nr_events;
	int pidfd;  /* of a process that is not ours */
	bool ended; /* the process is gone and its records are read */
	bool gone;  /* the connection is */
	bool ended_by_us;
	bool borrowed;	 /* target and program are those of a file of contexts */
	bool more;	 /* the stream had more than fitted into a turn */
	int status;	 /* of waitpid(), -1 = not ours */
	uint64_t end_ms; /* when to leave; 0 = not by the clock */
	const struct ot_fn *called;
	char *call_command; /* what its result is the result of */
	uint32_t call;	    /* its number */
	bool call_done;
	bool call_left; /* in batch: the command that waited for it has ended, for a break */
	struct ot_target_done result;
};

static volatile sig_atomic_t got_int, got_term, got_winch, got_tstp, got_cont;
static volatile sig_atomic_t nr_interrupts;

static struct ot_session *session_of(const struct ot_shell *shell)
{
	return (struct ot_session *)shell;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ signals */

static void on_signal(int number)
{
	if (number == SIGINT) {
		got_int = 1;
		nr_interrupts++;
	} else if (number == SIGWINCH) {
		got_winch = 1;
	} else if (number == SIGTSTP) {
		got_tstp = 1;
	} else if (number == SIGCONT) {
		got_cont = 1;
	} else {
		got_term = 1;
	}
}

/* @return whether it was not ignored before */
static bool set_handler(int number, void (*handler)(int))
{
	struct sigaction action, before;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler; /* no SA_RESTART: the poll of a turn shall end */
	return !sigaction(number, &action, &before) && before.sa_handler != SIG_IGN;
}

/* A terminal that is ours has to be given back before we stop, and taken again behind that. Where
 * nobody could wake us, ^Z is ignored, and stays so. */
static void take_stops(bool ours)
{
	set_handler(SIGCONT, ours ? on_signal : SIG_DFL);
	if (!set_handler(SIGTSTP, ours ? on_signal : SIG_DFL))
		set_handler(SIGTSTP, SIG_IGN);
}

static bool asked_to_stop(void)
{
	return got_int || got_term;
}

void ot_session_take_signals(bool batch_run)
{
	ot_target_on_wait(asked_to_stop);
	set_handler(SIGPIPE, SIG_IGN);
	set_handler(SIGINT, batch_run ? SIG_IGN : on_signal);
	set_handler(SIGQUIT, SIG_IGN);
	set_handler(SIGTERM, on_signal);
	set_handler(SIGHUP, on_signal);
	set_handler(SIGWINCH, on_signal);
}

bool ot_session_stop_asked(struct ot_shell *shell)
{
	/* in batch it is the whole of the commands that is to end */
	return shell->interactive ? ot_session_interrupted(session_of(shell)) : asked_to_stop();
}

bool ot_session_interrupted(struct ot_session *session)
{
	bool was = got_int || got_term;

	(void)session;
	got_int = 0;
	return was;
}

unsigned int ot_session_nr_interrupts(void)
{
	return (unsigned int)nr_interrupts;
}

void ot_session_forget_interrupt(void)
{
	got_int = 0;
}

/* ------------------------------------------------------------------ life */

static void show_event(void *priv, const struct ot_trace *trace, const struct ot_call_event *event)
{
	struct ot_session *session = priv;

	session->nr_events++;
	ot_ui_event(session->shell.ui, trace, event);
}

uint64_t ot_session_nr_events(const struct ot_shell *shell)
{
	return session_of(shell)->nr_events;
}

void ot_session_note_event(struct ot_shell *shell)
{
	session_of(shell)->nr_events++;
}

static void note_error(struct ot_session *session, struct ot_err *err)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	if (!err)
		return;
	ot_err_format(err, &text);
	ot_ui_note(session->shell.ui, "%s", ot_buf_text(&text));
	ot_err_destroy(err);
}

/* Modules that could not be read are no reason to give up on the others, but are said. */
static void note_module_errors(struct ot_session *session)
{
	size_t nr;
	const struct ot_module *const *modules = ot_program_modules(session->shell.program, &nr);

	for (size_t i = 0; i < nr; i++) {
		ot_auto_buf struct ot_buf text = OT_BUF_INIT;

		if (!modules[i]->err)
			continue;
		ot_err_format(modules[i]->err, &text);
		ot_ui_note(session->shell.ui, "%s: %s", modules[i]->short_name, ot_buf_text(&text));
	}
}

/* What a script starts is on its own; who reads it is what was started and held. */
static void note_not_instrumented(const struct ot_shell *shell, const char *script)
{
	const char *path = ot_target_path(shell->target);

	if (!script)
		ot_ui_note(shell->ui, "%s is not instrumented: compile it with `otrace cc`", path);
	else
		ot_ui_note(
			shell->ui,
			"%s is a script that %s runs, and what it starts is not traced: start "
			"the program itself, or the script with LD_PRELOAD=/path/to/libotrace.so "
			"OTRACE=listen, and attach",
			script, path);
}

static void open_program(struct ot_session *session, const struct ot_session_options *options)
{
	struct ot_shell *shell = &session->shell;
	struct ot_stream_sink sink = {.event = show_event,
				      .every = ot_incidents_call,
				      .part = ot_incidents_part,
				      .priv = session};
	size_t nr_modules;
	struct ot_err *err;

	ot_target_modules(shell->target, &nr_modules);
	if (!nr_modules) {
		note_not_instrumented(shell, options->script);
		return;
	}
	if (options->pickle)
		shell->program = ot_contexts_program(ot_pickle_contexts(options->pickle, 0));
	err = shell->program ? NULL : ot_program_create(shell->target, &shell->program);
	if (err) {
		note_error(session, err);
		return;
	}
	note_module_errors(session);
	shell->traces = ot_traces_create(shell->target, shell->program);
	session->writer.traces = shell->traces;
	session->writer.format.program = shell->program;
	ot_ui_set_writer(shell->ui, &session->writer);
	shell->contexts = ot_contexts_create(shell->target);
	ot_contexts_set_filer(shell->contexts, ot_context_file_by_rules, NULL);
	if (ot_target_area(shell->target))
		shell->stream =
			ot_stream_create(ot_target_area(shell->target), shell->traces, &sink, true);
	ot_incidents_begin(shell);
}

static void each_patch(void *priv,
		       void (*add)(void *to, const struct ot_fn *fn, const struct ot_fn *with),
		       void *to)
{
	const struct ot_shell *shell = priv;

	for (size_t i = 0; i < shell->patches.nr; i++)
		add(to, shell->patches.items[i].fn, shell->patches.items[i].with);
}

struct ot_session *ot_session_create(const struct ot_session_options *options)
{
	struct ot_session *session = ot_alloc(sizeof(*session));
	struct ot_shell *shell = &session->shell;

	session->terminal_fd = session->pidfd = session->status = -1;
	shell->ui = options->ui;
	shell->launch = options->launch;
	shell->target = options->target;
	shell->safe = options->safe;
	shell->interactive = options->interactive;
	shell->width = shell->terminal_width = options->interactive ? 80 : 0;
	shell->params = ot_params_create();
	shell->params->safe_mode = shell->safe;
	shell->aliases = ot_aliases_create();
	if (shell->target) {
		ot_ui_progress_begin(shell->ui, "reading the tables of the program");
		open_program(session, options);
		ot_ui_progress_end(shell->ui);
	}
	if (shell->target && !shell->launch && ot_target_pid(shell->target))
		session->pidfd = ot_ownfd_take(
			(int)syscall(SYS_pidfd_open, ot_target_pid(shell->target), 0));
	shell->vfs = ot_vfs_create(shell->program);
	ot_vfs_set_patches(shell->vfs, each_patch, shell);
	ot_vfs_set_contexts(shell->vfs, shell->contexts);
	session->borrowed = options->pickle;
	if (options->pickle)
		ot_pickling_add(shell, options->pickle);
	ot_params_apply(shell);
	return session;
}

void ot_session_destroy(struct ot_session *session)
{
	struct ot_shell *shell = &session->shell;

	ot_stream_destroy(shell->stream);
	ot_breaks_destroy(shell->breaks);
	ot_holding_destroy(shell->holding);
	ot_traces_destroy(shell->traces);
	ot_tags_destroy(shell->tags);
	ot_pickling_stop(shell);
	ot_vfs_destroy(shell->vfs);
	ot_contexts_destroy(shell->contexts);
	ot_history_destroy(shell->history);
	if (!session->borrowed) {
		ot_program_destroy(shell->program);
		ot_target_close(shell->target);
	}
	ot_pickling_close(shell);
	ot_launch_destroy(shell->launch);
	ot_ownfd_close(session->pidfd);
	ot_ui_destroy(shell->ui);
	ot_params_destroy(shell->params);
	ot_aliases_destroy(shell->aliases);
	free(shell->patches.items);
	if (shell->told)
		ot_map_deinit(shell->told);
	free(shell->told);
	free(session->call_command);
	ot_target_done_deinit(&session->result);
	free(session);
}

struct ot_shell *ot_session_shell(struct ot_session *session)
{
	return &session->shell;
}

static void take_width(struct ot_session *session)
{
	session->shell.terminal_width = session->terminal->width();
	ot_params_apply(&session->shell);
}

/* https://no-color.org */
static bool wants_colours(const struct ot_ui *ui)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0 &&
	       !ot_ui_writes_json(ui);
}

void ot_session_set_terminal(struct ot_session *session, const struct ot_terminal *terminal, int fd)
{
	session->terminal = terminal;
	session->terminal_fd = fd;
	ot_ui_set_terminal(session->shell.ui, terminal);
	take_stops(terminal != NULL);
	session->shell.terminal_colours = terminal && wants_colours(session->shell.ui);
	if (terminal)
		take_width(session);
}

void ot_session_set_time(struct ot_session *session, double seconds)
{
	session->end_ms = seconds < 0 ? 0 : now_ms() + (uint64_t)(seconds * 1000) + 1;
}

static void leave_in_time(struct ot_session *session)
{
	struct ot_shell *shell = &session->shell;

	if (!session->end_ms || shell->quit || now_ms() < session->end_ms)
		return;
	shell->quit = true;
	if (shell->interactive)
		ot_ui_note(shell->ui, "the time of --for is over");
}

/* ------------------------------------------------------------------ the end of the program */

static int process_fd(const struct ot_session *session)
{
	return session->shell.launch ? ot_launch_pidfd(session->shell.launch) : session->pidfd;
}

static bool process_is_gone(struct ot_session *session)
{
	struct pollfd p = {.fd = process_fd(session), .events = POLLIN};
	int status;

	if (p.fd < 0)
		return session->gone;
	if (poll(&p, 1, 0) <= 0)
		return false;
	if (session->shell.launch && ot_launch_ended(session->shell.launch, &status))
		session->status = status;
	return true;
}

static void say_end(struct ot_session *session)
{
	struct ot_ui *ui = session->shell.ui;
	int status = session->status;

	if (session->ended_by_us && status >= 0 && WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGKILL))
		return; /* why it was to end was said */
	if (status < 0)
		ot_ui_note(ui, "the program has ended; what was recorded stays readable");
	else if (WIFSIGNALED(status))
		ot_ui_note(ui, "the program was killed by signal %d (%s)", WTERMSIG(status),
			   strsignal(WTERMSIG(status)));
	else if (session->shell.interactive)
		ot_ui_note(ui, "the program has ended with status %d", WEXITSTATUS(status));
}

static void pump_output(struct ot_session *session, bool to_the_end)
{
	char data[OUTPUT_BYTES];
	int fd = session->shell.launch ? ot_launch_output_fd(session->shell.launch) : -1;

	while (fd >= 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, 0) <= 0)
			return;
		n = read(fd, data, sizeof(data));
		/* The program has closed its streams; it may well go on. */
		if (n <= 0) {
			ot_launch_close_output(session->shell.launch);
			return;
		}
		ot_ui_program_output(session->shell.ui, data, (size_t)n);
		if (!to_the_end)
			return;
	}
}

static void end_program(struct ot_session *session)
{
	struct ot_shell *shell = &session->shell;

	session->ended = true;
	pump_output(session, true);
	if (shell->target) {
		ot_target_set_ended(shell->target);
		if (shell->stream)
			ot_stream_drain(shell->stream);
		if (shell->traces)
			ot_traces_ended(shell->traces);
		ot_breaks_ended(shell);
		ot_holding_ended(shell);
		if (shell->stream && !session->ended_by_us)
			ot_incidents_death(shell, &session->writer, session->status,
					   session->pidfd);
		ot_ui_exit(shell->ui, (int)ot_target_pid(shell->target), session->status);
	}
	ot_pickling_settle(shell, true);
	say_end(session);
	ot_ui_flush(shell->ui);
}

/* It did not answer and we have left: nothing of ours is on any more, or will be when it goes on. */
static void given_up(struct ot_session *session)
{
	if (session->shell.traces)
		ot_traces_ended(session->shell.traces);
	session->shell.patches.nr = 0;
}

/* The connection has ended: mostly because the process has, but exec ends it too. */
static void connection_gone(struct ot_session *session)
{
	struct pollfd p = {.fd = process_fd(session), .events = POLLIN};

	session->gone = true;
	if (session->shell.stream)
		ot_stream_drain(session->shell.stream);
	if (ot_target_state(session->shell.target) == OT_TARGET_DETACHED) {
		given_up(session);
		return;
	}
	if (p.fd < 0 || poll(&p, 1, END_WAIT_MS) != 0)
		return;
	ot_ui_note(session->shell.ui, "the program has closed the connection (did it start another "
				      "program in its place?); it goes on untraced");
	if (session->shell.traces)
		ot_traces_ended(session->shell.traces);
}

/* ------------------------------------------------------------------ a turn */

static void modules_changed(struct ot_session *session)
{
	struct ot_shell *shell = &session->shell;
	size_t nr_new = 0;
	struct ot_err *err;

	if (!shell->program)
		return;
	err = ot_target_refresh(shell->target);
	if (!err)
		err = ot_program_update(shell->program, &nr_new);
	if (!err && nr_new)
		err = ot_traced_extend(shell);
	/* A program that ends meanwhile takes its modules along: that is told elsewhere. */
	if (err && ot_target_state(shell->target) == OT_TARGET_ENDED)
		ot_err_destroy(err);
	else if (err)
		note_error(session, err);
}

static void tell_call(struct ot_session *session)
{
	struct ot_shell *shell = &session->shell;
	ot_auto_buf struct ot_buf value = OT_BUF_INIT, json = OT_BUF_INIT, text = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;

	/* In batch the command waits and tells it itself. */
	if (!shell->interactive && !session->call_left)
		return;
	err = ot_callargs_result(shell, session->called, &session->result, &value, &json);
	if (!err)
		ot_buf_addf(&text, "%s has returned%s%s\n", session->called->name,
			    value.len ? " " : "", ot_buf_text(&value));
	ot_ui_result(shell->ui, session->call_command, &text, &json, err);
}

/* Of `run f`; others are waited for by whoever made them. */
static void take_call(struct ot_session *session)
{
	struct ot_target_done done;

	if (!session->called || !ot_target_take_done(session->shell.target, session->call, &done))
		return;
	ot_target_done_deinit(&session->result);
	session->result = done;
	session->call_done = true;
	tell_call(session);
}

static void pump_target(struct ot_session *session)
{
	for (;;) {
		switch (ot_target_pump(session->shell.target)) {
		case OT_TARGET_NOTHING:
			return;
		case OT_TARGET_MODULES:
			modules_changed(session);
			break;
		case OT_TARGET_CALL_DONE:
			take_call(session);
			break;
		case OT_TARGET_ENDING:
			if (session->shell.contexts)
				ot_contexts_look(session->shell.contexts);
			ot_traced_ending(&session->shell);
			ot_target_keep(session->shell.target);
			break;
		case OT_TARGET_GONE:
			connection_gone(session);
			return;
		}
	}
}

/* ^Z: stops here, and goes on here. Continued without it (SIGSTOP) there is only the way back. */
static void stop(struct ot_session *session)
{
	if (got_tstp) {
		session->terminal->leave();
		take_stops(false);
		raise(SIGTSTP);
		take_stops(true);
	}
	got_tstp = got_cont = 0;
	session->terminal->enter();
	got_winch = 1; /* it may have another size by now */
}

static void handle_signals(struct ot_session *session)
{
	struct ot_shell *shell = &session->shell;

	/* Whoever has the terminal meanwhile is asked to stop, and learns the size, as we do. */
	if (session->terminal && (got_tstp || got_cont) && !session->lent)
		stop(session);
	if (got_winch && !session->lent) {
		got_winch = 0;
		if (session->terminal) {
			session->terminal->resize();
			take_width(session);
		}
		if (shell->launch)
			ot_launch_resize(shell->launch);
	}
	/* Whoever ends us means the program that we started as well. */
	if (got_term && !shell->quit) {
		shell->quit = true;
		if (shell->launch && !session->ended)
			ot_launch_signal(shell->launch, SIGTERM);
	}
}

/* @wait_ms (< 0 = for ever), but not beyond the moment @end_ms. */
static int shorter(int wait_ms, uint64_t end_ms)
{
	uint64_t now = now_ms();
	uint64_t left = end_ms > now ? end_ms - now : 0;

	if (wait_ms >= 0 && (uint64_t)wait_ms < left)
		return wait_ms;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* How long a turn may sleep: records must be fetched before rings overrun. */
static int pause_ms(const struct ot_session *session, int wait_ms)
{
	const struct ot_shell *shell = &session->shell;
	int pause;

	if (session->more)
		return 0;
	if (session->end_ms)
		wait_ms = shorter(wait_ms, session->end_ms);
	wait_ms = ot_ui_pause_ms(shell->ui, wait_ms);
	if (!shell->stream || session->ended)
		return wait_ms;
	pause = ot_traces_nr_on(shell->traces) ? ot_stream_pause_ms(shell->stream) : 100;
	return wait_ms >= 0 && wait_ms < pause ? wait_ms : pause;
}

static size_t fill_polls(const struct ot_session *session, struct pollfd fds[NR_POLLS])
{
	const struct ot_shell *shell = &session->shell;
	size_t nr = 0;

	if (session->ended)
		return nr;
	if (shell->target && !session->gone && ot_target_fd(shell->target) >= 0)
		fds[nr++] = (struct pollfd){.fd = ot_target_fd(shell->target), .events = POLLIN};
	if (process_fd(session) >= 0)
		fds[nr++] = (struct pollfd){.fd = process_fd(session), .events = POLLIN};
	if (shell->launch && ot_launch_output_fd(shell->launch) >= 0)
		fds[nr++] =
			(struct pollfd){.fd = ot_launch_output_fd(shell->launch), .events = POLLIN};
	return nr;
}

/* Waits for the program, and for @terminal_fd if that is not -1; true when keys are there. */
static bool turn(struct ot_session *session, int terminal_fd, int wait_ms)
{
	struct ot_shell *shell = &session->shell;
	struct pollfd fds[NR_POLLS + 1];
	size_t nr = fill_polls(session, fds);
	int n;

	fds[nr] = (struct pollfd){.fd = terminal_fd, .events = POLLIN};
	n = poll(fds, nr + 1, pause_ms(session, wait_ms));
	handle_signals(session);
	leave_in_time(session);
	if (!session->ended) {
		pump_output(session, false);
		if (shell->target && !session->gone)
			pump_target(session);
		session->more = false;
		if (!ot_execlock_holds(shell)) {
			session->more =
				shell->stream && ot_stream_poll(shell->stream, STREAM_BUDGET_MS);
			ot_traced_settle(shell);
		}
		ot_breaks_settle(shell);
		ot_holding_settle(shell);
		ot_pickling_settle(shell, false);
		if (process_is_gone(session))
			end_program(session);
	} else {
		session->more = false;
	}
	ot_ui_flush(shell->ui);
	return n > 0 && fds[nr].revents;
}

void ot_session_turn(struct ot_shell *shell, int wait_ms)
{
	turn(session_of(shell), -1, wait_ms);
}

bool ot_session_turn_for(struct ot_shell *shell, int fd, int wait_ms)
{
	return turn(session_of(shell), fd, wait_ms);
}

int ot_session_terminal(const struct ot_shell *shell)
{
	return session_of(shell)->terminal ? session_of(shell)->terminal_fd : -1;
}

void ot_session_lend_terminal(struct ot_shell *shell, bool lend)
{
	struct ot_session *session = session_of(shell);

	if (lend)
		ot_ui_flush(shell->ui);
	if (!session->terminal)
		return;
	ot_ui_hold(shell->ui, lend);
	session->lent = lend;
	if (lend) {
		session->terminal->leave();
	} else {
		got_tstp = got_cont = 0;
		session->terminal->enter();
		got_winch = 1; /* it may have another size by now */
	}
}

bool ot_session_wait_line(struct ot_shell *shell, int wait_ms)
{
	struct ot_session *session = session_of(shell);
	char keys[64];
	ssize_t n;

	if (!turn(session, ot_session_terminal(shell), wait_ms))
		return false;
	n = read(session->terminal_fd, keys, sizeof(keys));
	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == '\r' || keys[i] == '\n' || keys[i] == 4)
			return true;
	return n <= 0;
}

void ot_session_prompt(struct ot_session *session)
{
	bool keys = turn(session, session->terminal_fd, -1);

	if (got_int) {
		got_int = 0;
		session->terminal->interrupt();
	}
	if (keys && !session->shell.quit)
		session->terminal->pump();
}

/* ------------------------------------------------------------------ waiting */

bool ot_session_ended(struct ot_shell *shell)
{
	struct ot_session *session = session_of(shell);

	/* A command may have met the end of the connection before a turn did. */
	if (!session->ended && shell->target && ot_target_state(shell->target) == OT_TARGET_ENDED)
		turn(session, -1, 0);
	return session->ended;
}

void ot_session_wait(struct ot_shell *shell, uint64_t ms)
{
	struct ot_session *session = session_of(shell);
	uint64_t end = now_ms() + ms, now;

	while (!session->ended && !shell->quit && (now = now_ms()) < end) {
		ot_session_turn(shell, end - now < WAIT_TURN_MS ? (int)(end - now) : WAIT_TURN_MS);
		if (ot_breaks_new(shell) || ot_holding_new(shell))
			return;
		if (!ot_session_interrupted(session))
			continue;
		if (shell->interactive)
			ot_ui_note(shell->ui, "interrupted");
		return;
	}
}

bool ot_session_wait_end(struct ot_shell *shell)
{
	struct ot_session *session = session_of(shell);

	while (!session->ended) {
		if (ot_breaks_new(shell) || ot_holding_new(shell))
			return false;
		ot_session_turn(shell, -1);
		if (!shell->launch && ot_session_interrupted(session))
			return false;
	}
	return true;
}

int ot_session_exit_status(const struct ot_shell *shell)
{
	const struct ot_session *session = session_of(shell);

	return session->status < 0 ? -1 : ot_launch_exit_status(session->status);
}

void ot_session_set_call(struct ot_shell *shell, const struct ot_fn *fn, uint32_t call,
			 const char *words)
{
	struct ot_session *session = session_of(shell);

	free(session->call_command);
	session->call_command = ot_asprintf("run %s", words);
	session->called = fn;
	session->call = call;
	session->call_done = session->call_left = false;
}

const struct ot_fn *ot_session_running_call(const struct ot_shell *shell)
{
	const struct ot_session *session = session_of(shell);

	return session->ended || session->call_done ? NULL : session->called;
}

const struct ot_target_done *ot_session_wait_call(struct ot_shell *shell)
{
	struct ot_session *session = session_of(shell);

	session->call_left = false;
	while (!session->call_done && !session->ended && !ot_breaks_new(shell))
		ot_session_turn(shell, -1);
	session->call_left = !session->call_done && !session->ended;
	return session->call_done ? &session->result : NULL;
}

static struct ot_err *given_up_call(struct ot_shell *shell, uint32_t call, const char *why)
{
	if (ot_target_forget_call(shell->target, call))
		return ot_err_new(
			OT_ERR_SILENT,
			"%s: the thread has passed no function where it could begin (it waits, "
			"runs other code or a handler of a signal); the call is withdrawn",
			why);
	return ot_err_new(OT_ERR_SILENT,
			  "%s; the call goes on, its result is thrown away, and others wait until "
			  "it has returned",
			  why);
}

struct ot_err *ot_session_await(struct ot_shell *shell, uint32_t call, uint32_t thread,
				unsigned int timeout_ms, struct ot_target_done *ret)
{
	struct ot_session *session = session_of(shell);
	uint64_t end = now_ms() + timeout_ms, now;

	while (!ot_target_take_done(shell->target, call, ret)) {
		const char *why = NULL;

		OT_TRY(ot_breaks_check_call(shell, call, thread));
		now = now_ms();
		if (session->ended || session->gone)
			return ot_err_new(OT_ERR_GONE, "the program ended in the call");
		if (ot_session_interrupted(session))
			why = "interrupted";
		else if (now >= end)
			why = "it has not returned in time";
		if (why)
			return given_up_call(shell, call, why);
		ot_session_turn(shell, end - now < WAIT_TURN_MS ? (int)(end - now) : WAIT_TURN_MS);
	}
	return NULL;
}

static void turn_until_ended(struct ot_shell *shell, uint64_t ms)
{
	uint64_t end = now_ms() + ms;

	while (!ot_session_ended(shell) && now_ms() < end)
		ot_session_turn(shell, 20);
}

void ot_session_end_program(struct ot_shell *shell)
{
	if (!shell->launch || ot_session_ended(shell))
		return;
	session_of(shell)->ended_by_us = true;
	ot_breaks_unattended(shell); /* it may wait for one that waits */
	ot_launch_signal(shell->launch, SIGTERM);
	turn_until_ended(shell, TERM_WAIT_MS);
	if (ot_session_ended(shell))
		return;
	ot_ui_note(shell->ui, "it does not end on SIGTERM: SIGKILL");
	ot_launch_signal(shell->launch, SIGKILL);
	turn_until_ended(shell, END_WAIT_MS);
}

bool ot_session_was_ended_by_us(const struct ot_shell *shell)
{
	const struct ot_session *session = session_of(shell);

	return session->ended_by_us;
}

int ot_session_call_result(const struct ot_shell *shell)
{
	const struct ot_session *session = session_of(shell);
	const struct ot_type *type = session->called ? session->called->return_type : NULL;
	ot_auto_value struct ot_value value = {0};
	uint64_t number = 0;

	if (type && session->call_done && ot_type_is_integer(type)) {
		ot_value_of_bytes(type, session->result.bytes, session->result.nr_bytes, &value);
		ot_value_to_u64(&value, &number);
	}
	return (int)number;
}

void ot_session_go(struct ot_shell *shell)
{
	note_error(session_of(shell), ot_target_go(shell->target));
}

void ot_session_exit(struct ot_shell *shell, int status)
{
	struct ot_err *err = ot_target_go_exit(shell->target, status);

	if (err)
		note_error(session_of(shell), err);
	else
		ot_session_wait_end(shell);
}

void ot_session_leave(struct ot_shell *shell)
{
	enum ot_target_state state = ot_target_state(shell->target);

	if (state != OT_TARGET_HELD && state != OT_TARGET_RUNNING)
		return;
	if (shell->stream)
		ot_stream_look(shell->stream, STREAM_BUDGET_MS);
	/* First off, then read: so that nothing is written behind our last look. */
	if (shell->traces && ot_traces_nr_on(shell->traces))
		ot_err_destroy(ot_traces_leave(shell->traces));
	if (shell->stream)
		ot_stream_drain(shell->stream);
	ot_err_destroy(ot_target_detach(shell->target));
	if (shell->interactive)
		ot_ui_note(shell->ui, "detached; process %d goes on",
			   (int)ot_target_pid(shell->target));
}
