// SPDX-License-Identifier: BSD-2-Clause
// Ends in many ways inside of calls, with other threads inside of theirs. Prints what the calls got.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, used))
#define TOUCH() __asm__ volatile("" : : : "memory")

struct order {
	int id;
	const char *who;
};

static pthread_barrier_t inside;
static const char *way;
volatile int stay; /* set by the shell */
static jmp_buf back;

KEEP int leaf(int n)
{
	TOUCH();
	return n + 1;
}

KEEP void jumper(int n)
{
	leaf(n);
	longjmp(back, 1);
}

KEEP void finish(struct order *order, int code)
{
	if (!strcmp(way, "segv"))
		*(volatile int *)16 = code + order->id;
	if (!strcmp(way, "abort"))
		abort();
	if (!strcmp(way, "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(way, "exit"))
		exit(code);
	if (!strcmp(way, "_exit"))
		_exit(code);
	if (stay) {
		printf("staying\n");
		fflush(stdout);
		for (;;)
			pause();
	}
	usleep(1000);
	TOUCH();
}

KEEP int handle(struct order *order, const char *what)
{
	if (!setjmp(back))
		jumper(1);
	leaf(order->id);
	finish(order, order->id);
	TOUCH();
	return (int)strlen(what);
}

KEEP void rest(int number)
{
	leaf(number);
	pthread_barrier_wait(&inside);
	for (;;)
		pause();
}

static void *worker(void *number)
{
	rest(*(int *)number);
	return NULL;
}

int main(int argc, char **argv)
{
	static int numbers[] = {71, 72};
	struct order order = {42, "ann"};
	pthread_t threads[2];

	way = argc > 1 ? argv[1] : "return";
	pthread_barrier_init(&inside, NULL, 3);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, worker, &numbers[i]);
	pthread_barrier_wait(&inside);
	printf("inside\n");
	fflush(stdout);
	while (!strcmp(way, "work"))
		handle(&order, "tea");
	return handle(&order, "tea") == 3 ? 5 : 1;
}
