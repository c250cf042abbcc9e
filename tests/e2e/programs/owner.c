// SPDX-License-Identifier: BSD-2-Clause
// Threads that are asked to make calls themselves: one that enters functions all the time, one that waits in
// the kernel until it is woken, and the main one, which runs handlers of a signal and else enters nothing until
// it may. Or it waits for SIGUSR1, and then unloads a library, or makes a child.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, used))
#define TOUCH() __asm__ volatile("" : : : "memory")

int nr_bad_errno, nr_counted, nr_handled;
volatile int go;
static volatile sig_atomic_t handling;
static __thread volatile int mine;
static int worker_tid, sleeper_tid;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

KEEP int whose(void) { TOUCH(); return gettid(); }
KEEP int my_own(void) { TOUCH(); return mine; }
KEEP int spoil(void) { errno = 5; return errno; }
KEEP int in_handler(void) { TOUCH(); return handling; }
KEEP int count(void) { TOUCH(); return ++nr_counted; }
KEEP int step(int n) { TOUCH(); return n + 1; }
KEEP int deep(int n) { TOUCH(); return n ? deep(n - 1) + step(0) : 0; }
KEEP int nap(int ms) { usleep((useconds_t)ms * 1000); return ms; }
KEEP int set_go(int value) { go = value; return value; }
KEEP void leave(void) { pthread_exit(NULL); }
KEEP void wake(void) { pthread_mutex_unlock(&lock); }
KEEP double scaled(double a, const char *text) { TOUCH(); return a * (double)strlen(text); }

static void *worker(void *unused)
{
	(void)unused;
	mine = 2;
	__atomic_store_n(&worker_tid, gettid(), __ATOMIC_RELEASE);
	for (;;) {
		errno = 42;
		step(1);
		if (errno != 42)
			nr_bad_errno++;
		if (deep(3) != 3)
			nr_bad_errno += 1000;
		usleep(200);
	}
}

static void *sleeper(void *unused)
{
	(void)unused;
	mine = 3;
	__atomic_store_n(&sleeper_tid, gettid(), __ATOMIC_RELEASE);
	pthread_mutex_lock(&lock);
	for (;;) {
		step(1);
		usleep(200);
	}
}

static void on_alarm(int number)
{
	(void)number;
	handling = 1;
	nr_handled += step(0);
	deep(2);
	handling = 0;
}

/* Without SA_ONSTACK it is the stack of main, and nothing says so. */
static void take_alarms(int flags)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags | SA_RESTART};
	struct itimerval often = {{0, 1000}, {0, 1000}};
	stack_t stack = {.ss_sp = malloc(262144), .ss_size = 262144};

	sigaltstack(&stack, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static inline __attribute__((always_inline)) void fork_child(void)
{
	pid_t child = fork();

	if (!child)
		for (prctl(PR_SET_PDEATHSIG, SIGKILL);;)
			pause();
	printf("%d\n", child);
	fflush(stdout);
}

/* Without a handler, nor entering a function on the way. What calls vfork() is never inlined, so it is done here. */
static void wait_and_do(const char *what, const char *path)
{
	void *library = path ? dlopen(path, RTLD_NOW) : NULL;
	sigset_t usr1;
	int number;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	puts("ready");
	fflush(stdout);
	sigwait(&usr1, &number);
	if (library)
		dlclose(library);
	if (!strcmp(what, "unload and sleep"))
		sigwait(&usr1, &number);
	else if (!strcmp(what, "fork"))
		fork_child();
	else if (!strcmp(what, "vfork") && !vfork()) {
		step(0);
		_exit(0);
	}
}

int main(int argc, char **argv)
{
	sigset_t alarms;
	pthread_t thread;

	mine = 1;
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigaddset(&alarms, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	sigdelset(&alarms, SIGUSR1);
	pthread_mutex_lock(&lock);
	pthread_create(&thread, NULL, worker, NULL);
	pthread_create(&thread, NULL, sleeper, NULL);
	while (!__atomic_load_n(&worker_tid, __ATOMIC_ACQUIRE) || !__atomic_load_n(&sleeper_tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	printf("%d %d %d\n", getpid(), worker_tid, sleeper_tid);
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "alternate")) {
		wait_and_do(argv[1], argv[2]);
		go = 1;
	}
	if (!go)
		take_alarms(argc > 1 && !strcmp(argv[1], "alternate") ? SA_ONSTACK : 0);
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	while (!go)
		TOUCH();
	for (;;) {
		step(1);
		usleep(200);
	}
}
