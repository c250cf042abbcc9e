// SPDX-License-Identifier: BSD-2-Clause
// Threads cancelled or left in the middle of calls, with cleanup handlers that call traced code.
// The frames are unwound by force; whatever a tracer keeps per call must go with them.
// BUILD {"not":["asan"]}
// asan: fails by itself when a cancelled thread runs its cleanup handlers.
// EXPECT {"function":"deep","args":{"n":0},"exit":["abandoned","unwound"],"count":200,"calls":1200}
// EXPECT {"function":"cleanup","calls":200}
// EXPECT {"function":"leave","args":{"n":0},"exit":["abandoned","unwound"],"count":100,"calls":400}
// EXPECT {"function":"wait_here","exit":["abandoned","unwound"],"calls":200}
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "check.h"

static sem_t arrived;
static int cleaned;

EXACT int cleanup_step(int n)
{
	TOUCH();
	return n + 1;
}

EXACT void cleanup(void *argument)
{
	int *count = argument;

	*count = cleanup_step(*count);
}

EXACT void wait_here(int fd)
{
	char byte;

	sem_post(&arrived);
	while (read(fd, &byte, 1) >= 0)
		TOUCH();
}

EXACT int deep(int n, int fd)
{
	TOUCH();
	if (n == 0)
		wait_here(fd);
	else
		n = CALL(deep)(n - 1, fd);
	return n + 1;
}

EXACT void *to_cancel(void *argument)
{
	int fd = *(int *)argument;

	pthread_cleanup_push(cleanup, &cleaned);
	deep(5, fd);
	pthread_cleanup_pop(0);
	return NULL;
}

EXACT int leave(int n)
{
	TOUCH();
	if (n == 0)
		pthread_exit((void *)77L);
	return CALL(leave)(n - 1) + 1;
}

EXACT void *to_leave(void *argument)
{
	leave(*(int *)argument);
	return NULL;
}

int main(void)
{
	int fds[2], depth = 3;
	pthread_t thread;
	void *result;

	CHECK(pipe(fds) == 0 && sem_init(&arrived, 0, 0) == 0);
	for (int i = 0; i < 200; i++) {
		CHECK(pthread_create(&thread, NULL, to_cancel, &fds[0]) == 0);
		while (sem_wait(&arrived) != 0)
			;
		CHECK(pthread_cancel(thread) == 0);
		CHECK(pthread_join(thread, &result) == 0);
		CHECK(result == PTHREAD_CANCELED);
	}
	CHECK(cleaned == 200);
	for (int i = 0; i < 100; i++) {
		CHECK(pthread_create(&thread, NULL, to_leave, &depth) == 0);
		CHECK(pthread_join(thread, &result) == 0);
		CHECK((long)result == 77);
	}
	FINISH("cancel");
}
