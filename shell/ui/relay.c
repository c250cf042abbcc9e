/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "launch/launch.h"
#include "ui/relay.h"

static struct termios modes; /* as the program has them */
static volatile sig_atomic_t got_winch;

static void on_winch(int number)
{
	(void)number;
	got_winch = 1;
}

static void copy_size(int master)
{
	struct winsize size;

	got_winch = 0;
	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		ioctl(master, TIOCSWINSZ, &size);
}

/* Every key comes through as it is; what others print is still made fit for a terminal. */
static void set_modes(void)
{
	struct termios raw = modes;

	cfmakeraw(&raw);
	raw.c_oflag = modes.c_oflag;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

/* The least bad without a terminal of our own: Ctrl-C is not the program's. */
static bool take_foreground(void)
{
	sigset_t ttou, before;

	setpgid(0, 0);
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &before);
	tcsetpgrp(STDIN_FILENO, getpid());
	sigprocmask(SIG_SETMASK, &before, NULL);
	return false;
}

static bool settle(int master, int slave)
{
	close(master);
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(slave, fd);
	if (slave > STDERR_FILENO)
		close(slave);
	return false;
}

static void write_all(const char *data, ssize_t bytes)
{
	while (bytes > 0) {
		ssize_t n = write(STDOUT_FILENO, data, (size_t)bytes);

		if (n < 0 && errno != EINTR)
			return;
		data += n > 0 ? n : 0;
		bytes -= n > 0 ? n : 0;
	}
}

/* Keys wait here while the shell reads none: what it prints must not wait for that. */
struct keys {
	char data[4096];
	ssize_t nr;
};

/* False at the end of the other's terminal. */
static bool take_keys(struct keys *keys)
{
	keys->nr = read(STDIN_FILENO, keys->data, sizeof(keys->data));
	if (keys->nr > 0)
		return true;
	if (keys->nr < 0 && (errno == EINTR || errno == EAGAIN)) {
		keys->nr = 0;
		return true;
	}
	return false;
}

static void pass_keys(struct keys *keys, int master)
{
	ssize_t n = write(master, keys->data, (size_t)keys->nr);

	if (n <= 0)
		return;
	keys->nr -= n;
	memmove(keys->data, keys->data + n, (size_t)keys->nr);
}

/* False when the shell has ended. */
static bool pass_output(int master)
{
	char data[4096];
	ssize_t n = read(master, data, sizeof(data));

	write_all(data, n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void carry(int master)
{
	struct keys keys = {.nr = 0};
	bool more = true;

	while (more) {
		struct pollfd fds[] = {
			{.fd = master, .events = keys.nr ? POLLIN | POLLOUT : POLLIN},
			{.fd = keys.nr ? -1 : STDIN_FILENO, .events = POLLIN},
		};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (got_winch)
			copy_size(master);
		if (fds[0].revents & POLLOUT)
			pass_keys(&keys, master);
		if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
			more = pass_output(master);
		if (more && fds[1].revents)
			more = take_keys(&keys);
	}
}

static int carry_to_the_end(int master, pid_t shell)
{
	struct sigaction action = {.sa_handler = on_winch};
	int status = 0;

	sigaction(SIGWINCH, &action, NULL);
	fcntl(master, F_SETFL, O_NONBLOCK);
	carry(master);
	close(master); /* should the shell be there yet, it is hung up */
	while (waitpid(shell, &status, 0) < 0 && errno == EINTR)
		;
	tcsetattr(STDIN_FILENO, TCSANOW, &modes);
	return ot_launch_exit_status(status);
}

bool ot_relay_terminal(int *status_ret)
{
	struct termios inner;
	struct winsize size;
	int master, slave;
	pid_t shell;

	if (tcgetattr(STDIN_FILENO, &modes) || ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		return false;
	inner = modes;
	inner.c_oflag &= ~(tcflag_t)OPOST; /* the other's does that */
	if (openpty(&master, &slave, NULL, &inner, &size))
		return take_foreground();
	set_modes();
	shell = fork();
	if (!shell)
		return settle(master, slave);
	close(slave);
	if (shell < 0) {
		close(master);
		tcsetattr(STDIN_FILENO, TCSANOW, &modes);
		return take_foreground();
	}
	*status_ret = carry_to_the_end(master, shell);
	return true;
}
