// SPDX-License-Identifier: BSD-2-Clause
// Stops in otrace_set_trace() and says afterwards whether the shell left something behind that a program
// could notice: a child to wait for, a signal, a handler of fork.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <otrace/otrace.h>

int answer = 5;
static volatile int nr_signals, nr_forks, nr_turns, stop;

static void on_child(int number)
{
	(void)number;
	nr_signals++;
}

static void on_fork(void)
{
	nr_forks++;
}

/* Somebody who takes every child that comes by. */
static void *reaper(void *unused)
{
	(void)unused;
	while (!stop) {
		int status;

		if (waitpid(-1, &status, 0) > 0)
			nr_signals += 100;
		nr_turns++;
		usleep(100);
	}
	return NULL;
}

__attribute__((noinline, used)) int whose(void)
{
	return gettid();
}

__attribute__((noinline)) int stop_here(int n)
{
	int error, before;

	errno = 77;
	error = otrace_set_trace();
	before = errno;
	printf("back %s, errno %d, n %d\n", error ? otrace_strerror(error) : "well", before, n);
	fflush(stdout);
	return error;
}

static void *other(void *unused)
{
	(void)unused;
	printf("other: %s\n", otrace_strerror(otrace_set_trace()));
	fflush(stdout);
	return NULL;
}

/* Looks at what is typed, and controls the terminal, while the shell is there: in the background both stop. */
static void *reader(void *unused)
{
	int terminal = open("/dev/tty", O_RDWR | O_NONBLOCK), nr_empty = 0;
	struct termios modes;
	char key;

	(void)unused;
	while (!tcgetattr(terminal, &modes) && modes.c_lflag & ICANON)
		usleep(1000);
	for (int i = 0; i < 20; i++) {
		nr_empty += read(terminal, &key, 1) < 0 && errno == EAGAIN && !tcflow(terminal, TCOON);
		usleep(20000);
	}
	printf("looked %d times\n", nr_empty);
	fflush(stdout);
	return NULL;
}

/* As a kernel before 5.9. */
static void forget_close_range(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {4, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static void be_real_time(void)
{
	struct sched_param param = {.sched_priority = 1};

	printf("real time: %s\n", sched_setscheduler(0, SCHED_FIFO, &param) ? strerror(errno) : "yes");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	pthread_t thread, second;
	int children, error;

	signal(SIGCHLD, on_child);
	pthread_atfork(on_fork, NULL, NULL);
	pthread_create(&thread, NULL, reaper, NULL);
	if (!strcmp(how, "twice")) {
		pthread_create(&second, NULL, other, NULL);
		usleep(300000);
	}
	if (!strcmp(how, "reader"))
		pthread_create(&second, NULL, reader, NULL);
	if (!strcmp(how, "old"))
		forget_close_range();
	if (!strcmp(how, "realtime"))
		be_real_time();
	dup2(open("/etc/passwd", O_RDONLY), 400); /* the shell has no use for it */
	error = stop_here(3);
	stop = 1;
	pthread_join(thread, NULL);
	children = waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
	printf("answer %d, children %d, signals %d, forks %d, turns %d\n", answer, children, nr_signals, nr_forks,
	       nr_turns > 0);
	if (!strcmp(how, "twice") || !strcmp(how, "reader"))
		pthread_join(second, NULL);
	else if (!strcmp(how, "again") && stop_here(4))
		return 9;
	return error ? 8 : 0;
}
