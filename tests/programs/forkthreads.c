// SPDX-License-Identifier: BSD-2-Clause
// fork in a loop while other threads call and are called: the child has one thread and no others.
// Whatever lock a tracer has may be held by a thread that does not exist in the child.
// EXPECT {"function":"step","calls":{"least":1000}}
// EXPECT {"function":"child","calls":0}
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { CALLERS = 3, FORKS = 200 };

static int stop;

EXACT unsigned long step(unsigned long x)
{
	TOUCH();
	return x * 6364136223846793005ul + 1442695040888963407ul;
}

EXACT void *caller(void *argument)
{
	unsigned long x = (unsigned long)argument, y = x;
	int rounds = 0;

	do {
		/* always some, but not millions: forks take long under sanitizers, and somebody reads all calls */
		for (int i = rounds++ < 100 ? 0 : 95; i < 100; i++) {
			x = step(x);
			y = y * 6364136223846793005ul + 1442695040888963407ul;
		}
		CHECK(x == y);
		usleep(100);
	} while (!__atomic_load_n(&stop, __ATOMIC_RELAXED));
	return NULL;
}

/* Also starts a thread of its own, and allocates. */
EXACT void child(unsigned long n)
{
	pthread_t thread;
	unsigned long *memory = malloc(sizeof(*memory));

	if (!memory)
		_exit(2);
	*memory = n;
	stop = 1;
	if (pthread_create(&thread, NULL, caller, (void *)*memory) || pthread_join(thread, NULL))
		_exit(3);
	free(memory);
	_exit(failures != 0);
}

int main(void)
{
	pthread_t threads[CALLERS];
	int status;
	pid_t pid;

	for (long i = 0; i < CALLERS; i++)
		CHECK(pthread_create(&threads[i], NULL, caller, (void *)(i + 1)) == 0);
	for (unsigned long i = 0; i < FORKS; i++) {
		pid = fork();
		if (pid == 0)
			child(i);
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < CALLERS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	FINISH("forkthreads");
}
