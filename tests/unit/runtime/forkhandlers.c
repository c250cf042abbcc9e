// SPDX-License-Identifier: BSD-2-Clause
// A program whose own handlers of fork() take a lock that other threads hold while they call otrace.h, and call otrace.h
// themselves. No OTRACE in the environment: the first call comes after the program has registered its handlers.
#include <otrace/otrace.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool enough;

KEEP int price(int cents)
{
	__asm__ volatile("" : "+r"(cents));
	return cents + 1;
}

KEEP int cheap(int cents)
{
	__asm__ volatile("" : "+r"(cents));
	return cents;
}

static void prepare(void)
{
	pthread_mutex_lock(&lock);
	otrace_restore(price);
}

static void in_parent(void)
{
	otrace_replace(price, cheap);
	pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
	otrace_restore_all();
	pthread_mutex_unlock(&lock);
}

static void *work(void *unused)
{
	while (!enough) {
		pthread_mutex_lock(&lock);
		otrace_replace(price, cheap);
		otrace_restore(price);
		pthread_mutex_unlock(&lock);
		usleep(100);
	}
	return unused;
}

int main(void)
{
	pthread_t thread;
	int wrong = 0;

	pthread_atfork(prepare, in_parent, in_child);
	pthread_create(&thread, NULL, work, NULL);
	for (int i = 0; i < 100; i++) {
		pid_t child = fork();
		int status;

		if (!child)
			_exit(price(3));
		waitpid(child, &status, 0);
		wrong += !WIFEXITED(status) || WEXITSTATUS(status) != 4;
	}
	enough = 1;
	pthread_join(thread, NULL);
	printf("wrong %d\n", wrong);
	return wrong != 0;
}
