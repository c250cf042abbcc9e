// SPDX-License-Identifier: BSD-2-Clause
// Stops in otrace_set_trace() and says afterwards whether the shell left something behind that a program
// could notice: a child to wait for, a signal, a handler of fork.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

int main(int argc, char **argv)
{
	pthread_t thread, second;
	int children, error;

	signal(SIGCHLD, on_child);
	pthread_atfork(on_fork, NULL, NULL);
	pthread_create(&thread, NULL, reaper, NULL);
	if (argc > 1 && !strcmp(argv[1], "twice")) {
		pthread_create(&second, NULL, other, NULL);
		usleep(300000);
	}
	error = stop_here(3);
	stop = 1;
	pthread_join(thread, NULL);
	children = waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
	printf("answer %d, children %d, signals %d, forks %d, turns %d\n", answer, children, nr_signals, nr_forks,
	       nr_turns > 0);
	if (argc > 1 && !strcmp(argv[1], "twice"))
		pthread_join(second, NULL);
	else if (argc > 1 && stop_here(4))
		return 9;
	return error ? 8 : 0;
}
