/* SPDX-License-Identifier: BSD-2-Clause */
/* otrace_execute(): see shell/include/otrace/shell.h. A session that lives from line to line. */
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include <otrace/shell.h>

#include "base/clean.h"
#include "base/ownfd.h"
#include "inproc/target.h"
#include "ui/session.h"

static struct {
	pthread_mutex_t lock;
	struct ot_session *session; /* NULL = none */
	pid_t pid;		    /* whose it is */
	pid_t spared;		    /* thread that no break holds up, 0 = none */
	bool busy;		    /* a line runs, all of this is being changed */
	struct ot_buf out, err;	    /* what was printed */
	ot_tap_fn *echo;	    /* who gets a copy, NULL = nobody */
	void *echo_context;
} inside = {.lock = PTHREAD_MUTEX_INITIALIZER};

/*
 * What is open is the parent's, and the child may soon have files of its own under these numbers: now they are
 * surely ours. A child of another thread than the one that runs a line has a session that nobody can go on with or take
 * apart: it is left where it lies, and the child gets a new one. fork() does not wait for the line, which may
 * take for ever, and may be what forks.
 */
static void in_child(void)
{
	inside.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	ot_ownfd_close_all();
	if (!inside.busy)
		return;
	inside.busy = false;
	inside.session = NULL;
	inside.out = inside.err = (struct ot_buf)OT_BUF_INIT;
}

static __attribute__((constructor)) void be_told_of_forks(void)
{
	pthread_atfork(NULL, NULL, in_child);
}

static void lock(void)
{
	pthread_mutex_lock(&inside.lock);
	inside.busy = true;
}

static void unlock(void)
{
	inside.busy = false;
	pthread_mutex_unlock(&inside.lock);
}

/* In a forked child it is the parent's, and its files are closed: there is only memory to free. */
static void close_session(void)
{
	if (!inside.session)
		return;
	if (inside.pid == getpid())
		ot_session_leave(ot_session_shell(inside.session));
	ot_session_destroy(inside.session);
	inside.session = NULL;
}

static struct ot_err *open_session(void)
{
	struct ot_ui_options ui = {.json_fd = -1,
				   .keep_out = &inside.out,
				   .keep_err = &inside.err,
				   .echo = inside.echo,
				   .echo_context = inside.echo_context};
	struct ot_session_options options = {.safe = false};

	OT_TRY(ot_target_inproc_open(&options.target));
	options.ui = ot_ui_create(&ui);
	inside.session = ot_session_create(&options);
	inside.pid = getpid();
	inside.spared = 0;
	return NULL;
}

static int run_line(const char *line)
{
	struct ot_shell *shell;
	struct ot_err *err = NULL;
	int nr_failed;

	if (inside.session && inside.pid != getpid())
		close_session();
	if (!inside.session)
		err = open_session();
	if (err) {
		ot_buf_adds(&inside.err, "otrace: ");
		ot_err_format(err, &inside.err);
		ot_buf_addc(&inside.err, '\n');
		ot_err_destroy(err);
		return 1;
	}
	shell = ot_session_shell(inside.session);
	if (inside.spared != gettid())
		ot_target_inproc_spare(shell->target);
	inside.spared = gettid();
	nr_failed = ot_cmd_line(shell, line);
	ot_session_turn(shell, 0);
	if (shell->stream)
		ot_stream_drain(shell->stream);
	ot_ui_flush(shell->ui);
	if (shell->quit)
		close_session();
	return nr_failed;
}

static void give(struct ot_buf *kept, char **ret)
{
	if (ret)
		*ret = ot_strdup(ot_buf_text(kept));
	ot_buf_reset(kept);
}

int otrace_execute(const char *line, char **out, char **err)
{
	int nr_failed;

	lock();
	nr_failed = run_line(line ? line : "");
	give(&inside.out, out);
	give(&inside.err, err);
	unlock();
	return nr_failed;
}

void otrace_set_echo(void (*echo)(const char *text, size_t bytes, int is_error, void *context),
		     void *context)
{
	lock();
	inside.echo = echo;
	inside.echo_context = context;
	if (inside.session)
		ot_ui_set_echo(ot_session_shell(inside.session)->ui, echo, context);
	unlock();
}

void otrace_execute_end(void)
{
	lock();
	close_session();
	ot_buf_deinit(&inside.out);
	ot_buf_deinit(&inside.err);
	unlock();
}
