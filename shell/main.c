/* SPDX-License-Identifier: BSD-2-Clause */
/* The otrace command: reads the command line, opens what it names, plays scripts or a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <otrace/version.h>

#include "cc/cc.h"
#include "launch/examine.h"
#include "launch/find.h"
#include "contexts/contexts.h"
#include "model/program.h"
#include "pickle/unpickle.h"
#include "target/glance.h"
#include "ui/breaks.h"
#include "ui/holding.h"
#include "ui/init.h"
#include "ui/options.h"
#include "ui/prompt.h"
#include "ui/readline.h"
#include "ui/relay.h"
#include "ui/session.h"
#include "vfs/vfs.h"

#define STATUS_TROUBLE 125
#define STATUS_USAGE 2
#define PS_PATIENCE_MS 500

/* What is known before there is a session. */
struct start {
	const struct ot_options *options;
	struct ot_ui *ui;
	bool interactive;
	bool read_stdin; /* commands come from standard input, which is no terminal */
	int tty;
};

static void print_error(struct ot_err *err)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_err_format(err, &text);
	fprintf(stderr, "otrace: %s\n", ot_buf_text(&text));
	ot_err_destroy(err);
}

/* ------------------------------------------------------------------ scripts */

static void cannot_read(struct ot_shell *shell, const char *name, const char *why)
{
	ot_ui_note(shell->ui, "cannot read commands from %s: %s", name, why);
	shell->nr_failed++;
}

static void play_lines(struct ot_shell *shell, const char *name, FILE *file)
{
	const char *why = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t bytes = 0;

	while (!why && !shell->quit && (bytes = getline(&line, &room, file)) > 0) {
		if (memchr(line, '\0', (size_t)bytes)) {
			why = "it is no text: there is a NUL byte in it";
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		ot_cmd_line(shell, line);
		ot_session_turn(shell, 0);
	}
	if (bytes < 0 && ferror(file))
		why = strerror(errno);
	free(line);
	if (why)
		cannot_read(shell, name, why);
}

static void play_file(struct ot_shell *shell, const char *name)
{
	bool is_stdin = !strcmp(name, "-");
	FILE *file = is_stdin ? stdin : fopen(name, "re");

	if (!file) {
		cannot_read(shell, name, strerror(errno));
		return;
	}
	play_lines(shell, name, file);
	if (!is_stdin)
		fclose(file);
}

static void play_scripts(struct ot_shell *shell, const struct ot_options *options)
{
	for (size_t i = 0; i < options->nr_scripts && !shell->quit; i++) {
		if (options->scripts[i].is_file)
			play_file(shell, options->scripts[i].text);
		else
			ot_cmd_line(shell, options->scripts[i].text);
		ot_session_turn(shell, 0);
	}
}

/* What reads the JSON of a script wants the same of everybody: nothing of a user's own comes in. */
static void play_init(struct ot_session *session, const struct start *start)
{
	const struct ot_options *o = start->options;

	if (!o->no_init && (start->interactive || !o->json))
		ot_init_play(ot_session_shell(session));
}

/* ------------------------------------------------------------------ the terminal */

static void take_line(struct ot_shell *shell, const char *line)
{
	unsigned int nr_interrupts = ot_session_nr_interrupts();

	if (line)
		ot_ui_echo_typed(shell->ui, ot_prompt_text(shell), line);
	ot_cmd_line(shell, line ? line : "quit");
	/* It was for the command, which has ended; the prompt need not tell of it again. */
	if (ot_session_nr_interrupts() != nr_interrupts)
		ot_session_forget_interrupt();
}

static void banner(struct ot_shell *shell)
{
	ot_auto_free char *waiting = ot_vfs_waiting(shell->vfs);
	size_t nr = 0;

	if (shell->program)
		ot_program_fns(shell->program, &nr);
	ot_ui_note(shell->ui, "otrace %s: %s, %zu functions", OTRACE_VERSION_STRING,
		   shell->target ? ot_target_path(shell->target) : "no instrumented program", nr);
	if (waiting)
		ot_ui_note(shell->ui, "%s", waiting);
	if (shell->target && ot_target_state(shell->target) == OT_TARGET_HELD)
		ot_ui_note(shell->ui, "held before main: run starts it; help lists the commands");
	else
		ot_ui_note(shell->ui, "help lists the commands, Ctrl-D leaves");
	ot_ui_flush(shell->ui);
}

static void play_terminal(struct ot_session *session, const struct start *start)
{
	struct ot_shell *shell = ot_session_shell(session);

	banner(shell);
	ot_session_set_time(session, start->options->seconds);
	ot_readline_start(shell, start->tty, take_line);
	ot_session_set_terminal(session, &ot_readline_terminal, start->tty);
	while (!shell->quit)
		ot_session_prompt(session);
	ot_readline_terminal.hide(); /* what was not meant to end here: half a line */
	ot_session_set_terminal(session, NULL, -1);
	ot_readline_stop();
}

/* ------------------------------------------------------------------ set-up */

static void choose_input(struct start *start)
{
	const struct ot_options *o = start->options;

	start->tty = -1;
	if (o->nr_scripts || o->function)
		return;
	if (isatty(STDIN_FILENO))
		start->tty = STDIN_FILENO;
	else if (o->mode == OT_MODE_RUN && isatty(STDOUT_FILENO))
		start->tty =
			open("/dev/tty", O_RDWR | O_CLOEXEC); /* standard input is the program's */
	start->interactive = start->tty >= 0;
	start->read_stdin = !start->interactive && o->mode != OT_MODE_RUN;
}

static struct ot_err *open_ui(struct start *start)
{
	const struct ot_options *o = start->options;
	struct ot_ui_options ui = {
		.interactive = start->interactive, .json = o->json, .json_fd = -1};

	if (o->json && o->json_file) {
		ui.json_fd = open(o->json_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (ui.json_fd < 0)
			return ot_err_errno("cannot write %s", o->json_file);
	} else if (o->json) {
		ui.json_fd = o->mode == OT_MODE_RUN ? STDERR_FILENO : STDOUT_FILENO;
	}
	/* On a terminal people want to see something; in batch JSON takes the place of text. */
	ui.json_only = o->json && !start->interactive;
	start->ui = ot_ui_create(&ui);
	return NULL;
}

static struct ot_session *open_session(const struct start *start, struct ot_launch *launch,
				       struct ot_target *target, struct ot_pickle *pickle,
				       bool safe, const char *mode, const char *program)
{
	struct ot_session_options so = {.ui = start->ui,
					.launch = launch,
					.target = target,
					.pickle = pickle,
					.safe = safe,
					.interactive = start->interactive};
	int pid = launch ? (int)ot_launch_pid(launch) : target ? (int)ot_target_pid(target) : 0;
	ot_auto_free char *path = launch ? ot_examine_path(program) : NULL;

	so.script = path && ot_examine_script(path) ? path : NULL;
	ot_ui_hello(start->ui, mode, program, pid);
	return ot_session_create(&so);
}

/* ------------------------------------------------------------------ run */

static char *call_line(const struct ot_options *o)
{
	struct ot_buf line = OT_BUF_INIT;

	ot_buf_addf(&line, "run %s", o->function);
	for (int i = 1; i < o->argc; i++) {
		ot_buf_adds(&line, " '");
		for (const char *c = o->argv[i]; *c; c++)
			ot_buf_adds(&line, *c == '\'' ? "'\\''" : (char[]){*c, '\0'});
		ot_buf_adds(&line, "'");
	}
	return ot_buf_take(&line);
}

/* Asked to end while the program goes on: it was told, now it gets its time. */
static int end_of_program(struct ot_shell *shell, int otherwise)
{
	int status;

	if (!ot_session_ended(shell))
		ot_session_end_program(shell);
	status = ot_session_exit_status(shell);
	return status >= 0 ? status : otherwise;
}

/* Calls the function of -f; its result is our exit status, as main's would be. */
static int play_function(struct ot_shell *shell, const struct ot_options *o)
{
	ot_auto_free char *line = call_line(o);
	int failed, result;

	play_scripts(shell, o);
	ot_breaks_unattended(shell);
	ot_holding_unattended(shell);
	if (shell->quit)
		return end_of_program(shell, STATUS_TROUBLE);
	failed = ot_cmd_line(shell, line);
	result = failed ? STATUS_TROUBLE : ot_session_call_result(shell) & 0xff;
	if (failed && !ot_session_ended(shell)) {
		ot_session_end_program(shell);
		return result;
	}
	/* As after main: buffers are flushed and exit handlers run. */
	if (!ot_session_ended(shell))
		ot_session_exit(shell, result);
	return end_of_program(shell, result);
}

static int play_batch_run(struct ot_shell *shell, const struct ot_options *o)
{
	enum ot_target_state state;

	play_scripts(shell, o);
	ot_breaks_unattended(shell);
	ot_holding_unattended(shell);
	if (!shell->quit && !ot_session_ended(shell)) {
		state = shell->target ? ot_target_state(shell->target) : OT_TARGET_RUNNING;
		if (state == OT_TARGET_HELD)
			ot_cmd_line(shell, "run");
		else
			ot_session_wait_end(shell);
	}
	return end_of_program(shell, STATUS_TROUBLE);
}

/* Nothing of the program can be looked at, but it runs as it would without us. */
static void run_without(struct ot_session *session, const char *program)
{
	struct ot_shell *shell = ot_session_shell(session);

	ot_ui_note(shell->ui, "%s runs untraced: %s", program, ot_launch_why(shell->launch));
}

static int play_run(struct ot_session *session, const struct start *start)
{
	struct ot_shell *shell = ot_session_shell(session);
	const struct ot_options *o = start->options;
	int status;

	if (!shell->target && !o->function)
		run_without(session, o->argv[0]);
	if (o->go && shell->target)
		ot_session_go(shell);
	if (o->function)
		return play_function(shell, o);
	if (!start->interactive || !shell->target)
		return play_batch_run(shell, o);
	play_terminal(session, start);
	status = ot_session_exit_status(shell);
	/* Ended by our quit is no failure of the program. */
	return status < 0 || ot_session_was_ended_by_us(shell) ? 0 : status;
}

static struct ot_err *start_program(const struct start *start, bool safe, int *status,
				    struct ot_launch **launch, struct ot_target **target)
{
	ot_auto_free char *runtime = NULL;
	struct ot_launch_options lo = {.argv = start->options->argv,
				       .own_terminal = start->interactive};
	struct ot_err *err;

	*status = STATUS_TROUBLE;
	OT_TRY(ot_launch_find_runtime(&runtime));
	lo.runtime = runtime;
	OT_TRY(ot_launch_start(&lo, status, launch));
	ot_session_take_signals(!start->interactive);
	err = ot_launch_connect(*launch, safe, target);
	if (err)
		ot_launch_signal(*launch, 9);
	return err;
}

static int run_main(struct start *start)
{
	const struct ot_options *o = start->options;
	bool safe = o->safety == OT_SAFETY_SAFE;
	struct ot_launch *launch = NULL;
	struct ot_target *target = NULL;
	struct ot_session *session;
	int status;
	struct ot_err *err = start_program(start, safe, &status, &launch, &target);

	if (err) {
		print_error(err);
		ot_launch_destroy(launch);
		ot_ui_destroy(start->ui);
		return status;
	}
	session = open_session(start, launch, target, NULL, safe, "run", o->argv[0]);
	play_init(session, start);
	status = play_run(session, start);
	ot_session_destroy(session);
	return status;
}

/* ------------------------------------------------------------------ attach, open, ps */

static bool something_traced(const struct ot_shell *shell)
{
	return shell->traces && ot_traces_nr_on(shell->traces);
}

/* Batch: stays as long as something is traced and read, or as long as it was told to. */
static void stay(struct ot_session *session, double seconds)
{
	struct ot_shell *shell = ot_session_shell(session);

	if (seconds < 0 && something_traced(shell))
		ot_ui_note(shell->ui, "staying while something is traced; Ctrl-C leaves, "
				      "--for SECONDS sets an end");
	ot_session_set_time(session, seconds);
	while (!shell->quit && !ot_session_ended(shell) && !ot_session_interrupted(session) &&
	       ot_ui_is_read(shell->ui)) {
		if (seconds < 0 && !something_traced(shell))
			break;
		ot_session_turn(shell, -1);
	}
}

static void play(struct ot_session *session, const struct start *start)
{
	struct ot_shell *shell = ot_session_shell(session);

	if (start->interactive) {
		play_terminal(session, start);
		return;
	}
	if (start->read_stdin)
		play_file(shell, "-");
	play_scripts(shell, start->options);
	ot_breaks_unattended(shell);
	ot_holding_unattended(shell);
	if (start->options->mode == OT_MODE_ATTACH && !shell->quit)
		stay(session, start->options->seconds);
}

/* Filters of a container are ours too; those of its own may kill it for what recording asks of the kernel. */
static void note_filters(struct ot_session *session, pid_t pid)
{
	if (ot_examine_filters(pid) > ot_examine_filters(getpid()))
		ot_ui_note(ot_session_shell(session)->ui,
			   "process %d has filters for system calls of its own; tracing calls "
			   "gettid, tgkill, prctl, sigaltstack, process_vm_readv and openat in it: "
			   "if they kill for one of these, detach",
			   (int)pid);
}

/* A program, or contexts of one. */
static struct ot_err *open_file(const char *path, struct ot_target **target,
				struct ot_pickle **pickle)
{
	struct ot_contexts *contexts;

	if (!ot_pickle_is(path))
		return ot_target_file_open(path, target);
	OT_TRY(ot_pickle_open(path, NULL, pickle));
	contexts = ot_pickle_contexts(*pickle, 0);
	if (contexts) {
		*target = ot_program_target(ot_contexts_program(contexts));
		return NULL;
	}
	ot_pickle_close(ot_take(*pickle));
	return ot_err_new(OT_ERR_NOT_FOUND, "%s has no contexts", path);
}

static int look_main(struct start *start)
{
	const struct ot_options *o = start->options;
	bool attach = o->mode == OT_MODE_ATTACH;
	bool safe = o->safety != OT_SAFETY_UNSAFE;
	struct ot_target *target = NULL;
	struct ot_pickle *pickle = NULL;
	ot_auto_free char *path = NULL;
	struct ot_session *session;
	struct ot_err *err;
	bool failed;

	ot_session_take_signals(false);
	err = attach ? ot_find_process(o->argv[0], &path) : open_file(o->argv[0], &target, &pickle);
	if (!err && attach)
		err = ot_target_live_open(path, safe, &target);
	if (err) {
		print_error(err);
		ot_ui_destroy(start->ui);
		return 1;
	}
	session = open_session(start, NULL, target, pickle, attach && safe,
			       attach ? "attach" : "open", ot_target_path(target));
	if (attach)
		note_filters(session, ot_target_pid(target));
	play_init(session, start);
	play(session, start);
	ot_session_leave(ot_session_shell(session));
	/* Somebody who mistypes a command at a prompt has seen it. */
	failed = ot_session_shell(session)->nr_failed && !start->interactive;
	ot_ui_finish_log(start->ui);
	ot_ui_flush(start->ui);
	failed = failed || ot_ui_has_failed(start->ui);
	ot_session_destroy(session);
	return failed ? 1 : 0;
}

static void ps_line(const struct ot_found *found, const struct ot_glance *glance)
{
	const struct otrace_glance *info = &glance->info;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	if (glance->err && glance->err->code == OT_ERR_SYSTEM)
		return; /* the socket of a process that is not there any more */
	if (glance->err && glance->err->code == OT_ERR_SILENT)
		ot_buf_addf(&text, "does not answer; is it stopped? (kill -CONT %d)",
			    (int)found->pid);
	else if (glance->err)
		ot_buf_adds(&text, glance->err->what);
	else if (info->client_pid)
		ot_buf_addf(&text, "%9llu  by %u", (unsigned long long)info->nr_functions,
			    info->client_pid);
	else
		ot_buf_addf(&text, "%9llu  no", (unsigned long long)info->nr_functions);
	printf("%7d  %-20s  %s\n", (int)found->pid, found->name, ot_buf_text(&text));
}

static int ps_main(void)
{
	struct ot_found_list list = {0};
	ot_auto_free struct ot_glance *glances = NULL;

	ot_find_all(&list);
	glances = ot_alloc((list.nr + 1) * sizeof(*glances));
	for (size_t i = 0; i < list.nr; i++)
		glances[i].socket_path = list.items[i].socket_path;
	ot_glance_all(glances, list.nr, PS_PATIENCE_MS);
	if (list.nr)
		printf("%7s  %-20s  %9s  %s\n", "pid", "name", "functions", "attached");
	for (size_t i = 0; i < list.nr; i++) {
		ps_line(&list.items[i], &glances[i]);
		ot_err_destroy(glances[i].err);
	}
	if (!list.nr)
		printf("no process listens; start one with "
		       "LD_PRELOAD=/path/to/libotrace.so OTRACE=listen PROG\n");
	ot_found_list_deinit(&list);
	return 0;
}

/* ------------------------------------------------------------------ main */

static int session_main(const struct ot_options *options)
{
	struct start start = {.options = options};
	struct ot_err *err;
	int status;

	if (options->guest && ot_relay_terminal((pid_t)atoi(options->argv[0]), &status))
		return status;
	choose_input(&start);
	err = open_ui(&start);
	if (err) {
		print_error(err);
		return options->mode == OT_MODE_RUN ? STATUS_TROUBLE : STATUS_USAGE;
	}
	return options->mode == OT_MODE_RUN ? run_main(&start) : look_main(&start);
}

/* A closed one would become the number of something of ours, and our results would go there. The
 * program that we start finds it closed, as it would without us. */
static void fill_closed_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* What was printed with stdio has to arrive. */
static int printed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "otrace: cannot write to standard output: %s\n", strerror(errno));
	return status ? status : 1;
}

static bool names_both(const char *word)
{
	return ot_options_is_mode(word) && ot_cmd_find(word);
}

/* Each word is a command of the shell or one of ours: `otrace help trace attach`. */
static int help_main(const struct ot_options *o)
{
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	bool general = !o->help_words || !o->argc;

	for (int i = 0; o->help_words && i < o->argc; i++) {
		char *argv[] = {(char *)"help", o->argv[i], NULL};
		struct ot_cmd_call call = {.argc = 2, .argv = argv, .out = &out};
		struct ot_err *err = NULL;

		if (ot_options_is_mode(o->argv[i]))
			general = true;
		if (out.len)
			ot_buf_adds(&out, "\n");
		if (names_both(o->argv[i]))
			ot_buf_adds(&out, "In the shell: ");
		if (!ot_options_is_mode(o->argv[i]) || names_both(o->argv[i]))
			err = ot_cmd_help.run(NULL, &call);
		if (err) {
			print_error(err);
			return STATUS_USAGE;
		}
	}
	printf("%s%s%s", general ? ot_options_help : "", general && out.len ? "\n" : "",
	       ot_buf_text(&out));
	return printed(0);
}

static int mode_main(const struct ot_options *o)
{
	switch (o->mode) {
	case OT_MODE_CC:
	case OT_MODE_CXX:
		return ot_cc_main(o->argc + 1, o->argv - 1, o->mode == OT_MODE_CXX);
	case OT_MODE_HELP:
		return help_main(o);
	case OT_MODE_VERSION:
		printf("otrace %s (protocol %d, tables %d)\n", OTRACE_VERSION_STRING,
		       OTRACE_WIRE_VERSION, OTRACE_ABI_VERSION);
		return printed(0);
	case OT_MODE_PS:
		return printed(ps_main());
	default:
		return session_main(o);
	}
}

int main(int argc, char **argv)
{
	struct ot_options options;
	struct ot_err *err = ot_options_parse(argc, argv, &options);
	int status;

	fill_closed_stdio();
	if (err) {
		bool others = argc > 1 && ot_options_is_mode(argv[1]) && strcmp(argv[1], "run");

		print_error(err);
		return others ? STATUS_USAGE : STATUS_TROUBLE;
	}
	status = mode_main(&options);
	ot_options_deinit(&options);
	return status;
}
