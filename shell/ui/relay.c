/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clean.h"
#include "launch/launch.h"
#include "ui/relay.h"

/* What a pseudo-terminal may still hold when its shell has ended, and more. */
#define LEFT_BYTES (256 * 1024)

static struct termios modes; /* as the program has them */
static struct termios ours;  /* as we do */
static volatile sig_atomic_t got_winch, got_cont, got_end;

static void on_signal(int number)
{
	if (number == SIGWINCH)
		got_winch = 1;
	else if (number == SIGCONT)
		got_cont = 1;
	else
		got_end = 1;
}

/* They come while we wait and at no other time: none is looked for too early. */
static void take_signals(sigset_t *open_ret)
{
	static const int taken[] = {SIGWINCH, SIGCONT, SIGHUP, SIGTERM};
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < OT_NR(taken); i++) {
		sigaddset(&set, taken[i]);
		sigaction(taken[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &set, open_ret);
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
	tcgetattr(STDIN_FILENO, &ours);
}

/* Whoever had the terminal while we were stopped has set its own. In the background it is theirs still. */
static void set_modes_anew(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	got_cont = 0;
	if (group < 0 || group == getpgrp()) /* < 0: it controls nobody */
		set_modes();
}

static bool are_modes_ours(void)
{
	struct termios now;

	return !tcgetattr(STDIN_FILENO, &now) && now.c_iflag == ours.c_iflag &&
	       now.c_oflag == ours.c_oflag && now.c_cflag == ours.c_cflag &&
	       now.c_lflag == ours.c_lflag && !memcmp(now.c_cc, ours.c_cc, sizeof(now.c_cc));
}

static void block_ttou(sigset_t *before_ret)
{
	sigset_t ttou;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, before_ret);
}

/* A program that was killed has left us in the background, where only who has SIGTTOU blocked may do this; and
 * the shell below it may have set the modes already. */
static void give_modes_back(void)
{
	sigset_t before;

	if (!are_modes_ours())
		return;
	block_ttou(&before);
	tcsetattr(STDIN_FILENO, TCSANOW, &modes);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* The least bad without a terminal of our own: Ctrl-C is not the program's. */
static bool take_foreground(void)
{
	sigset_t before;

	setpgid(0, 0);
	block_ttou(&before);
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

struct relay {
	int master;
	int shell; /* both tell when one has ended, -1 = not to be had */
	int host;
	sigset_t open; /* while we wait */
};

/* The program may have made its streams such that nobody waits there. When it is gone, nobody does. */
static bool wait_for_room(const struct relay *relay)
{
	struct pollfd fds[] = {
		{.fd = STDOUT_FILENO, .events = POLLOUT},
		{.fd = relay->host, .events = POLLIN},
	};

	return (ppoll(fds, 2, NULL, &relay->open) > 0 || errno == EINTR) && !fds[1].revents;
}

/* A terminal that takes nothing must not keep us from being ended. */
static ssize_t write_some(const struct relay *relay, const char *data, ssize_t bytes)
{
	sigset_t before;
	ssize_t n;

	sigprocmask(SIG_SETMASK, &relay->open, &before);
	n = write(STDOUT_FILENO, data, (size_t)bytes);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return n;
}

static void write_all(const struct relay *relay, const char *data, ssize_t bytes)
{
	while (bytes > 0 && !got_end) {
		ssize_t n = write_some(relay, data, bytes);

		if (n < 0 && errno == EAGAIN && !wait_for_room(relay))
			return;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
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

/* Returns as read() does. */
static ssize_t pass_output(const struct relay *relay)
{
	char data[4096];
	ssize_t n;

	do
		n = read(relay->master, data, sizeof(data));
	while (n < 0 && errno == EINTR);
	write_all(relay, data, n);
	return n;
}

/* What the shell has left in the background may write on and on. */
static void pass_the_rest(const struct relay *relay)
{
	ssize_t left = LEFT_BYTES, n;

	while (left > 0 && !got_end && (n = pass_output(relay)) > 0)
		left -= n;
}

static void handle_signals(const struct relay *relay)
{
	if (got_winch)
		copy_size(relay->master);
	if (got_cont)
		set_modes_anew();
}

/* Until the shell has ended, whoever else holds its terminal, or the other's terminal is not ours any more. */
static void carry(const struct relay *relay)
{
	struct keys keys = {.nr = 0};
	bool more = true;

	while (more && !got_end) {
		struct pollfd fds[] = {
			{.fd = relay->master, .events = keys.nr ? POLLIN | POLLOUT : POLLIN},
			{.fd = keys.nr ? -1 : STDIN_FILENO, .events = POLLIN},
			{.fd = relay->shell, .events = POLLIN},
			{.fd = relay->host, .events = POLLIN},
		};
		ssize_t n;

		handle_signals(relay);
		n = ppoll(fds, OT_NR(fds), NULL, &relay->open);
		if (n < 0 && errno != EINTR)
			return;
		if (n < 0)
			continue;
		if (fds[2].revents || fds[3].revents) {
			pass_the_rest(relay);
			return;
		}
		if (fds[0].revents & POLLOUT)
			pass_keys(&keys, relay->master);
		if (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) {
			n = pass_output(relay);
			more = n > 0 || (n < 0 && errno == EAGAIN);
		}
		if (more && fds[1].revents)
			more = take_keys(&keys);
	}
}

static int open_process(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int carry_to_the_end(int master, pid_t shell, pid_t host)
{
	struct relay relay = {.master = master, .shell = open_process(shell)};
	int status = 0;

	take_signals(&relay.open);
	fcntl(master, F_SETFL, O_NONBLOCK);
	copy_size(master); /* it may have changed before we were told of it */
	relay.host = open_process(host);
	if (relay.host >= 0 || errno != ESRCH)
		carry(&relay);
	give_modes_back();
	close(master); /* should the shell be there yet, it is hung up */
	while (waitpid(shell, &status, 0) < 0 && errno == EINTR)
		;
	return ot_launch_exit_status(status);
}

bool ot_relay_terminal(pid_t host, int *status_ret)
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
	*status_ret = carry_to_the_end(master, shell, host);
	return true;
}
