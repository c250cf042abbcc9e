// SPDX-License-Identifier: BSD-2-Clause
// Handlers fork while their thread is in its first traced call, which takes long: it is told where its stack lies among
// very many mappings. In the child the handler comes back late, when what listens there is ready.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 60
#define MOST_ROUNDS (50 * ROUNDS) // until one of them came in time, on a busy machine
#define MAPPINGS 20000
#define CHILD_LATE_US 100000

static atomic_bool started, in_price, forked;
static atomic_int child;

__attribute__((noinline)) int price(int cents)
{
	__asm__ volatile("" : "+r"(cents));
	return cents + 1;
}

static void on_signal(int number)
{
	pid_t pid;

	(void)number;
	if (atomic_exchange(&forked, true) || !in_price)
		return;
	pid = fork();
	if (!pid)
		usleep(CHILD_LATE_US);
	child = pid;
}

static void *first_call(void *unused)
{
	pid_t self = getpid();
	int cents;

	in_price = true;
	started = true;
	cents = price(6);
	in_price = false;
	if (getpid() != self)
		_exit(cents == 7 ? 0 : 1);
	return unused;
}

/* True when there was a child. */
static bool one_round(int round, int *wrong)
{
	pthread_t thread;
	int status = 0;

	started = in_price = forked = false;
	child = 0;
	pthread_create(&thread, NULL, first_call, NULL);
	while (!started)
		;
	for (volatile int i = 0; i < round * 300; i++)
		;
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	if (child <= 0)
		return false;
	waitpid(child, &status, 0);
	*wrong += status != 0;
	return true;
}

int main(void)
{
	int children = 0, wrong = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGUSR1, on_signal);
	for (int i = 0; i < MAPPINGS; i++)
		mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	getchar();
	for (int i = 0; i < ROUNDS || (!children && i < MOST_ROUNDS); i++)
		children += one_round(i % ROUNDS, &wrong);
	printf("%d children, %d wrong\n", children, wrong);
	return 0;
}
