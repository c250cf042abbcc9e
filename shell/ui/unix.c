/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/ownfd.h"
#include "cmds/cmd.h"
#include "cmds/split.h"
#include "params/params.h"
#include "ui/session.h"
#include "ui/unix.h"

#define TURN_MS 200
/* From SIGTERM to SIGKILL of a command whose time is over. */
#define GRACE_MS 1000

/** One command that runs. */
struct job {
	struct ot_shell *shell;
	const char *text;
	int input;	/* -1 = as it is */
	int output;	/* -1 = ours */
	int errors;	/* the same for standard error */
	int terminal;	/* -1 = has none */
	bool own_group; /* so that it can be ended with what it started */
	pid_t pid;
	int pidfd;
	uint64_t end_ms; /* when its time is over; 0 = never */
	bool late;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ in the child */

static void set_environment(const struct ot_params *params)
{
	const char *path = getenv("PATH");
	struct ot_err *err;
	char **words;
	int nr;

	if (*params->osh_bin && path) {
		ot_auto_free char *both = ot_asprintf("%s:%s", params->osh_bin, path);

		setenv("PATH", both, 1);
	} else if (*params->osh_bin) {
		setenv("PATH", params->osh_bin, 1);
	}
	err = ot_split_words(params->add_env, &nr, &words);
	if (err) {
		ot_err_destroy(err);
		return; /* was checked when it was set */
	}
	for (int i = 0; i < nr; i++)
		putenv(words[i]); /* the words live as long as this process */
	free(words);
}

static void set_signals(bool on_terminal)
{
	static const int ours[] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,  SIGPIPE, SIGWINCH,
				   SIGCONT, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};
	sigset_t none;

	for (size_t i = 0; i < OT_NR(ours); i++)
		signal(ours[i], SIG_DFL);
	/* We have no jobs: what would stop could not be brought back. */
	if (on_terminal)
		signal(SIGTSTP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The terminal's foreground belongs to a group; whoever is outside must not be stopped for taking it. */
static void take_foreground(int terminal, pid_t group)
{
	sigset_t ttou, before;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &before);
	tcsetpgrp(terminal, group);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static _Noreturn void child(const struct job *job)
{
	const char *shell = getenv("SHELL");
	int input = job->input;

	if (job->own_group)
		setpgid(0, 0);
	if (job->terminal >= 0)
		take_foreground(job->terminal, getpid());
	set_signals(job->terminal >= 0);
	set_environment(ot_params_of(job->shell));
	if (input < 0 && job->terminal >= 0)
		input = job->terminal;
	if (input < 0)
		input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (input > STDIN_FILENO)
		dup2(input, STDIN_FILENO);
	if (job->output >= 0)
		dup2(job->output, STDOUT_FILENO);
	if (job->errors >= 0)
		dup2(job->errors, STDERR_FILENO);
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
	if (!shell || shell[0] != '/')
		shell = "/bin/sh";
	execl(shell, shell, "-c", job->text, (char *)NULL);
	dprintf(STDERR_FILENO, "otrace: cannot run %s: %s\n", shell, strerror(errno));
	_exit(127);
}

/* ------------------------------------------------------------------ in us */

static struct ot_err *start(struct job *job)
{
	job->pid = fork();
	if (job->pid < 0)
		return ot_err_errno("cannot start a command");
	if (!job->pid)
		child(job);
	/* Both do it, for nobody knows who comes first. */
	if (job->own_group)
		setpgid(job->pid, job->pid);
	if (job->terminal >= 0)
		take_foreground(job->terminal, job->pid);
	job->pidfd = ot_ownfd_take((int)syscall(SYS_pidfd_open, job->pid, 0));
	return NULL;
}

static void end_in_time(struct job *job)
{
	if (job->end_ms && now_ms() >= job->end_ms) {
		kill(-job->pid, job->late ? SIGKILL : SIGTERM);
		job->late = true;
		job->end_ms = now_ms() + GRACE_MS;
	}
}

/* What we are asked to end for ends what we wait for. */
static void end_with_us(const struct job *job, bool *told)
{
	if (!job->shell->quit || *told)
		return;
	*told = true;
	kill(job->own_group ? -job->pid : job->pid, SIGHUP);
}

static int wait_for_end(struct job *job)
{
	bool told = false;
	int status = 0;
	pid_t pid;

	for (;;) {
		pid = waitpid(job->pid, &status, WNOHANG | WUNTRACED);
		if (pid == job->pid && !WIFSTOPPED(status))
			return status;
		if (pid == job->pid)
			kill(job->own_group ? -job->pid : job->pid, SIGCONT);
		if (pid < 0 && errno != EINTR)
			return 0;
		ot_session_turn_for(job->shell, job->pidfd, TURN_MS);
		end_in_time(job);
		end_with_us(job, &told);
	}
}

static struct ot_err *judge(const struct job *job, int status)
{
	if (job->late)
		return ot_err_new(OT_ERR_SYSTEM, "%s: ended, it took longer than shell_timeout",
				  job->text);
	/* A shell that Ctrl-C met between two of its steps says so by its status. */
	if ((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT))
		return ot_err_new(OT_ERR_SYSTEM, "%s: interrupted", job->text);
	if (WIFSIGNALED(status))
		return ot_err_new(OT_ERR_SYSTEM, "%s: killed by signal %d (%s)", job->text,
				  WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return ot_err_new(OT_ERR_SYSTEM, "%s: exit status %d", job->text,
				  WEXITSTATUS(status));
	return NULL;
}

static struct ot_err *run_job(struct job *job)
{
	struct termios modes;
	struct ot_err *err;
	bool has_modes;
	int status = 0;

	ot_session_lend_terminal(job->shell, true);
	has_modes = job->terminal >= 0 && !tcgetattr(job->terminal, &modes);
	err = start(job);
	if (!err)
		status = wait_for_end(job);
	ot_ownfd_close(job->pidfd);
	if (job->terminal >= 0)
		take_foreground(job->terminal, getpgrp());
	/* One that was killed has left them as it liked. */
	if (has_modes)
		tcsetattr(job->terminal, TCSADRAIN, &modes);
	ot_session_lend_terminal(job->shell, false);
	return err ? err : judge(job, status);
}

/* A file in memory in the place of a pipe: nobody has to feed it, and who reads only half of it hurts
 * nobody. */
static struct ot_err *fill_input(const struct ot_buf *text, int fd)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ot_err_errno("cannot keep the text for a command");
		done += (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET))
		return ot_err_errno("cannot keep the text for a command");
	return NULL;
}

static void take_output(int fd, struct ot_buf *output)
{
	char data[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, data, sizeof(data), at)) > 0) {
		ot_buf_add(output, data, (size_t)n);
		at += n;
	}
}

/* Not one of 0, 1 and 2, which a daemon may have closed and the command gets as its own. */
static int memory_file(const char *name)
{
	ot_auto_close int fd = memfd_create(name, MFD_CLOEXEC);

	return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static struct ot_err *open_output(bool wanted, int *ret)
{
	if (!wanted)
		return NULL;
	*ret = memory_file("otrace-output");
	return *ret < 0 ? ot_err_errno("cannot keep what a command writes") : NULL;
}

/* For a caller that keeps text: what nobody else has asked for. */
static void hand_over(struct ot_ui *ui, int out, int errors)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, said = OT_BUF_INIT;

	if (out >= 0)
		take_output(out, &text);
	take_output(errors, &said);
	ot_ui_print(ui, ot_buf_text(&text));
	ot_ui_print_error(ui, ot_buf_text(&said));
}

struct ot_err *ot_unix_run(struct ot_shell *shell, const char *text, const struct ot_buf *input,
			   struct ot_buf *output)
{
	ot_auto_close int in = -1, out = -1, errors = -1;
	struct job job = {.shell = shell, .text = text, .pidfd = -1};
	bool keeps = ot_ui_keeps(shell->ui);
	struct ot_err *err;

	if (input) {
		in = memory_file("otrace-input");
		if (in < 0)
			return ot_err_errno("cannot keep the text for a command");
		OT_TRY(fill_input(input, in));
	}
	OT_TRY(open_output(output || keeps, &out));
	OT_TRY(open_output(keeps, &errors));
	job.input = in;
	job.output = out;
	job.errors = errors;
	job.terminal = ot_session_terminal(shell);
	if (!shell->interactive && ot_params_of(shell)->shell_timeout)
		job.end_ms = now_ms() + ot_params_of(shell)->shell_timeout;
	job.own_group = job.terminal >= 0 || job.end_ms;
	err = run_job(&job);
	if (output)
		take_output(out, output);
	if (keeps)
		hand_over(shell->ui, output ? -1 : out, errors);
	return err;
}

/* ------------------------------------------------------------------ the pager */

bool ot_unix_has(const char *name)
{
	const char *path = getenv("PATH");
	ot_auto_free char *folders = ot_strdup(path ? path : "/usr/bin:/bin");
	char *rest = folders, *folder;

	while ((folder = strsep(&rest, ":"))) {
		ot_auto_free char *file = ot_asprintf("%s/%s", folder, name);

		if (!access(file, X_OK))
			return true;
	}
	return false;
}

const char *ot_unix_pager(const struct ot_shell *shell)
{
	const char *pager = ot_params_of(shell)->pager;
	const char *wish = getenv("PAGER");

	if (!shell->interactive || ot_session_terminal(shell) < 0 || !isatty(STDOUT_FILENO))
		return NULL;
	if (!strcmp(pager, "auto"))
		pager = wish ? wish : ot_unix_has("less") ? "less -FRX" : "";
	return *pager ? pager : NULL;
}
