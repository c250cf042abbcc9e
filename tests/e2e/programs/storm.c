// SPDX-License-Identifier: BSD-2-Clause
// Calls from everywhere at once: 64 threads, their signal handlers, the program's own malloc(), constructors, the ends of
// threads and of the program. What is called says by itself whether it was right, and counts itself.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")
#define NR_THREADS 64

struct item {
	int bias;
	struct item *next;
	char name[16];
};

void *__libc_malloc(size_t bytes);
void __libc_free(void *what);

static struct item items[NR_THREADS];
static pthread_t threads[NR_THREADS];
static pthread_key_t key;
atomic_long calls, wrong, handled_calls, note_calls, leaving_calls;
static atomic_bool stopping;
static long per_thread; /* 0: until told to stop */

KEEP int step(struct item *item, int n)
{
	TOUCH();
	return n * 3 + item->bias;
}

KEEP int other(struct item *item, int n)
{
	TOUCH();
	return -(n * 3 + item->bias);
}

KEEP int handled(struct item *item, int n)
{
	TOUCH();
	return item->bias + n;
}

KEEP long note(size_t bytes)
{
	return atomic_fetch_add(&note_calls, 1) + (long)bytes;
}

KEEP int leaving(struct item *item)
{
	atomic_fetch_add(&leaving_calls, 1);
	return item->bias;
}

KEEP int early(int n)
{
	TOUCH();
	return n + 1;
}

KEEP int finished(int n)
{
	TOUCH();
	return n + 2;
}

void *malloc(size_t bytes)
{
	note(bytes);
	return __libc_malloc(bytes);
}

void free(void *what)
{
	note(0);
	__libc_free(what);
}

static void on_signal(int number)
{
	struct item here = {number, &items[1], "signal"};

	if (handled(&here, 1) != number + 1)
		atomic_fetch_add(&wrong, 1);
	atomic_fetch_add(&handled_calls, 1);
}

static void on_leave(void *item)
{
	leaving(item);
}

static void *work(void *argument)
{
	struct item *item = argument;
	sigset_t user;
	long n = 0;

	sigemptyset(&user);
	sigaddset(&user, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &user, NULL);
	pthread_setspecific(key, item);
	for (; !atomic_load(&stopping) && (!per_thread || n < per_thread); n++) {
		int right = (int)n * 3 + item->bias, got = step(item, (int)n);

		if (got != right && got != -right)
			atomic_fetch_add(&wrong, 1);
		if (n % 16 == 0) {
			free(malloc(777));
			raise(SIGUSR1);
		}
		if (!per_thread && n % 16 == 0)
			usleep(10000);
	}
	atomic_fetch_add(&calls, n);
	return NULL;
}

KEEP int start_all(long nr)
{
	per_thread = nr;
	stopping = false;
	for (int i = 0; i < NR_THREADS; i++) {
		items[i] = (struct item){i, &items[(i + 1) % NR_THREADS], "item"};
		if (pthread_create(&threads[i], NULL, work, &items[i]))
			abort();
	}
	return NR_THREADS;
}

/* How many results were wrong. */
KEEP long stop_all(void)
{
	if (!per_thread)
		stopping = true;
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	return wrong;
}

__attribute__((constructor)) static void begin(void)
{
	if (early(1) != 2)
		abort();
	pthread_key_create(&key, on_leave);
	signal(SIGUSR1, on_signal);
}

__attribute__((destructor)) static void end(void)
{
	int got = finished(3);

	printf("calls=%ld handled=%ld note=%ld leaving=%ld finished=%d wrong=%ld\n", calls,
	       handled_calls, note_calls, leaving_calls, got, wrong);
	fflush(stdout);
}

KEEP long run_all(long nr)
{
	start_all(nr);
	return stop_all();
}

int main(int argc, char **argv)
{
	sigset_t end;
	int number;

	if (argc > 1)
		return run_all(atol(argv[1])) != 0;
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	puts("ready");
	fflush(stdout);
	return sigwait(&end, &number);
}
