// SPDX-License-Identifier: BSD-2-Clause
// A call that begins in one thread and ends in another: a coroutine that another thread goes on with.
#include <pthread.h>
#include <stdio.h>
#include <ucontext.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")

static ucontext_t home, other, coroutine;
static char stack[256 * 1024];
static volatile int seven = 7;
static volatile int got;

KEEP int halfway(int n)
{
	TOUCH();
	return n;
}

/* swapcontext() saves where it stands; whoever goes on with that is the thread from there on. */
KEEP int moves(int n)
{
	int sum = halfway(n);

	swapcontext(&coroutine, &home);
	TOUCH();
	return sum + halfway(n);
}

static void run(void)
{
	got = moves(seven);
	setcontext(&other);
}

static void *go_on(void *arg)
{
	halfway(1);
	swapcontext(&other, &coroutine);
	halfway(2);
	return arg;
}

int main(void)
{
	pthread_t thread;

	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = stack;
	coroutine.uc_stack.ss_size = sizeof(stack);
	coroutine.uc_link = NULL;
	makecontext(&coroutine, run, 0);
	swapcontext(&home, &coroutine);
	halfway(3);
	if (pthread_create(&thread, NULL, go_on, NULL) || pthread_join(thread, NULL))
		return 1;
	printf("%d\n", got);
	return 0;
}
