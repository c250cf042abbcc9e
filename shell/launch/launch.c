/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "launch/examine.h"
#include "launch/launch.h"

/* How long a program may take from exec to its runtime's socket before we look why. */
#define RUNTIME_LINK "libotrace.so"
#define LOOK_AFTER_MS 300
#define GIVE_UP_AFTER_MS 20000

/* Large rings: a program that calls faster than we write must be able to get ahead for a while.
 * The area is sparse, memory is taken for what is written only. */
#define RING_BYTES "67108864"
#define AREA_BYTES "4563402752" /* 68 of them */

struct ot_launch {
	pid_t pid;
	int pidfd;
	int output_fd;
	char *dir;
	struct ot_buf why;
	bool own_group; /* its process group is not ours */
	bool hopeless;	/* no runtime can come */
	bool ended;
	int status;
};

struct ot_err *ot_launch_find_runtime(char **ret)
{
	const char *wanted = getenv("OTRACE_RUNTIME");
	char self[PATH_MAX], *path;
	ssize_t n;

	if (wanted && *wanted) {
		path = realpath(wanted, NULL);
		if (!path)
			return ot_err_errno("OTRACE_RUNTIME=%s", wanted);
		*ret = path;
		return NULL;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return ot_err_errno("cannot find out where otrace is");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	path = ot_asprintf("%s/../lib/libotrace.so", self);
	if (access(path, R_OK)) {
		free(path);
		return ot_err_new(OT_ERR_SYSTEM,
				  "no libotrace.so in %s/../lib; set OTRACE_RUNTIME to its path",
				  self);
	}
	*ret = path;
	return NULL;
}

/* ------------------------------------------------------------------ the child's side */

/* The words of LD_PRELOAD cannot hold blanks or colons: such a path gets another name. */
static char *preloadable(const struct ot_launch *launch, const char *runtime)
{
	char *name;

	if (!strpbrk(runtime, " \t:"))
		return ot_strdup(runtime);
	name = ot_asprintf("%s/" RUNTIME_LINK, launch->dir);
	if (symlink(runtime, name) == 0)
		return name;
	free(name);
	return ot_strdup(runtime);
}

static void set_environment(const struct ot_launch *launch, const char *path)
{
	ot_auto_free char *runtime = preloadable(launch, path);
	const char *old = getenv("LD_PRELOAD");

	/* The runtime puts the environment back before main. */
	if (old && *old) {
		ot_auto_free char *both = ot_asprintf("%s:%s", runtime, old);

		setenv("OTRACE_LD_PRELOAD", old, 1);
		setenv("LD_PRELOAD", both, 1);
	} else {
		unsetenv("OTRACE_LD_PRELOAD");
		setenv("LD_PRELOAD", runtime, 1);
	}
	setenv("OTRACE", "hold", 1);
	setenv("OTRACE_DIR", launch->dir, 1);
	setenv("OTRACE_RING_BYTES", RING_BYTES, 0);
	setenv("OTRACE_AREA_BYTES", AREA_BYTES, 0);
}

static void set_terminal(int slave)
{
	/* A group of its own keeps Ctrl-C of our terminal away. */
	setpgid(0, 0);
	if (isatty(STDIN_FILENO)) {
		int null = open("/dev/null", O_RDONLY);

		if (null >= 0) {
			dup2(null, STDIN_FILENO);
			close(null);
		}
	}
	if (slave < 0)
		return;
	if (isatty(STDOUT_FILENO))
		dup2(slave, STDOUT_FILENO);
	if (isatty(STDERR_FILENO))
		dup2(slave, STDERR_FILENO);
}

_Noreturn static void become(const struct ot_launch *launch,
			     const struct ot_launch_options *options, int slave, int failed_fd)
{
	int error;

	if (options->own_terminal)
		set_terminal(slave);
	if (!launch->hopeless)
		set_environment(launch, options->runtime);
	execvp(options->argv[0], options->argv);
	error = errno;
	if (write(failed_fd, &error, sizeof(error)) < 0)
		_exit(125);
	_exit(126);
}

/* ------------------------------------------------------------------ our side */

static struct ot_err *make_dir(struct ot_launch *launch)
{
	const char *base = getenv("TMPDIR");
	char *dir = ot_asprintf("%s/otrace-run-XXXXXX", base && *base == '/' ? base : "/tmp");

	if (!mkdtemp(dir)) {
		struct ot_err *err = ot_err_errno("cannot make a folder for the socket (%s)", dir);

		free(dir);
		return err;
	}
	launch->dir = dir;
	return NULL;
}

/* A terminal of the program's own: it goes on flushing its lines, and its output comes to us. */
static int open_terminal(struct ot_launch *launch)
{
	struct termios raw;
	int slave;

	if (openpty(&launch->output_fd, &slave, NULL, NULL, NULL)) {
		launch->output_fd = -1;
		return -1;
	}
	fcntl(launch->output_fd, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	if (!tcgetattr(slave, &raw)) {
		raw.c_oflag &= ~(tcflag_t)OPOST; /* our own terminal does that */
		raw.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(slave, TCSANOW, &raw);
	}
	ot_launch_resize(launch);
	return slave;
}

static int status_of_errno(int error)
{
	return error == ENOENT || error == ENOTDIR ? 127 : 126;
}

static struct ot_err *start_process(struct ot_launch *launch,
				    const struct ot_launch_options *options, int *exit_status)
{
	int failed[2], slave = -1, error = 0;
	ssize_t n;

	if (pipe2(failed, O_CLOEXEC))
		return ot_err_errno("cannot make a pipe");
	if (options->own_terminal)
		slave = open_terminal(launch);
	fflush(NULL);
	launch->pid = fork();
	if (launch->pid == 0)
		become(launch, options, slave, failed[1]);
	close(failed[1]);
	if (slave >= 0)
		close(slave);
	if (launch->pid < 0) {
		close(failed[0]);
		return ot_err_errno("cannot start a process");
	}
	launch->pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0);
	n = read(failed[0], &error, sizeof(error));
	close(failed[0]);
	if (n != (ssize_t)sizeof(error))
		return launch->pidfd < 0 ? ot_err_errno("cannot watch the process") : NULL;
	*exit_status = status_of_errno(error);
	waitpid(launch->pid, NULL, 0);
	launch->ended = true;
	errno = error;
	return ot_err_errno("cannot run %s", options->argv[0]);
}

struct ot_err *ot_launch_start(const struct ot_launch_options *options, int *exit_status_ret,
			       struct ot_launch **ret)
{
	struct ot_launch *launch = ot_alloc(sizeof(*launch));
	ot_auto_free char *path = ot_examine_path(options->argv[0]);
	struct ot_err *err;

	*exit_status_ret = 125;
	launch->own_group = options->own_terminal;
	launch->pidfd = launch->output_fd = -1;
	launch->hopeless = path && (ot_examine_no_preload(path, &launch->why) ||
				    ot_examine_raises(path, &launch->why));
	err = make_dir(launch);
	if (!err)
		err = start_process(launch, options, exit_status_ret);
	if (err) {
		ot_launch_destroy(launch);
		return err;
	}
	*ret = launch;
	return NULL;
}

static bool wait_for_end(struct ot_launch *launch, int timeout_ms)
{
	struct pollfd p = {.fd = launch->pidfd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) > 0;
}

/* Whether there is no point in waiting for the runtime any longer. */
static bool is_hopeless(struct ot_launch *launch, int waited_ms)
{
	int status;

	if (ot_launch_ended(launch, &status)) {
		ot_buf_adds(&launch->why, "it ended before its runtime was ready");
		return true;
	}
	if (waited_ms % LOOK_AFTER_MS)
		return false;
	if (ot_examine_secure(launch->pid)) {
		ot_buf_adds(&launch->why, OT_EXAMINE_RAISED);
		return true;
	}
	if (waited_ms < GIVE_UP_AFTER_MS)
		return false;
	ot_buf_adds(&launch->why, ot_examine_maps(launch->pid, "libotrace")
					  ? "its runtime does not open a socket"
					  : "the runtime was not loaded into it");
	return true;
}

struct ot_err *ot_launch_connect(struct ot_launch *launch, bool safe, struct ot_target **ret)
{
	ot_auto_free char *path = ot_asprintf("%s/%d", launch->dir, (int)launch->pid);
	int waited_ms = 0;

	*ret = NULL;
	while (!launch->hopeless) {
		struct ot_target *target;
		struct ot_err *err = NULL;

		if (!access(path, F_OK))
			err = ot_target_live_open(path, safe, &target);
		else
			err = ot_err_new(OT_ERR_NOT_FOUND, "not there yet");
		if (!err) {
			*ret = target;
			return NULL;
		}
		/* Between bind() and listen() the socket is there and nobody answers. */
		if (err->code != OT_ERR_NOT_FOUND && err->code != OT_ERR_SYSTEM)
			return err;
		ot_err_destroy(err);
		wait_for_end(launch, 1);
		launch->hopeless = is_hopeless(launch, ++waited_ms);
	}
	return NULL;
}

const char *ot_launch_why(const struct ot_launch *launch)
{
	return ot_buf_text(&launch->why);
}

/* ------------------------------------------------------------------ watching and ending */

pid_t ot_launch_pid(const struct ot_launch *launch)
{
	return launch->pid;
}

int ot_launch_pidfd(const struct ot_launch *launch)
{
	return launch->pidfd;
}

int ot_launch_output_fd(const struct ot_launch *launch)
{
	return launch->output_fd;
}

void ot_launch_close_output(struct ot_launch *launch)
{
	if (launch->output_fd >= 0)
		close(launch->output_fd);
	launch->output_fd = -1;
}

void ot_launch_resize(const struct ot_launch *launch)
{
	struct winsize size;

	if (launch->output_fd >= 0 && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		ioctl(launch->output_fd, TIOCSWINSZ, &size);
}

bool ot_launch_ended(struct ot_launch *launch, int *status)
{
	if (!launch->ended && waitpid(launch->pid, &launch->status, WNOHANG) == launch->pid)
		launch->ended = true;
	*status = launch->status;
	return launch->ended;
}

int ot_launch_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void ot_launch_signal(struct ot_launch *launch, int signal)
{
	if (!launch->ended)
		kill(launch->own_group ? -launch->pid : launch->pid, signal);
}

void ot_launch_destroy(struct ot_launch *launch)
{
	if (!launch)
		return;
	if (launch->dir) {
		ot_auto_free char *path = ot_asprintf("%s/%d", launch->dir, (int)launch->pid);
		ot_auto_free char *link = ot_asprintf("%s/" RUNTIME_LINK, launch->dir);

		unlink(path);
		unlink(link);
		rmdir(launch->dir);
		free(launch->dir);
	}
	if (launch->pidfd >= 0)
		close(launch->pidfd);
	if (launch->output_fd >= 0)
		close(launch->output_fd);
	ot_buf_deinit(&launch->why);
	free(launch);
}
