// SPDX-License-Identifier: BSD-2-Clause
// A server of three workers, who each serve one job after the other. Its allocator is its own, one lock for all of it.
// Ends by SIGTERM or after so many ms.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")
#define NR_WORKERS 3
#define HEAP_BYTES (64u << 20)

struct job {
	int number;
	int worker;
	const char *what;
};

static pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;
static char heap[HEAP_BYTES] __attribute__((aligned(16)));
static size_t heap_used;

long served[NR_WORKERS];
int nr_signals;
int nr_bad_errno;
volatile int wants_memory;
volatile sig_atomic_t stop;

/* With the lock held. */
KEEP void *carve(size_t bytes)
{
	void *at = heap + heap_used + 16;

	TOUCH();
	memcpy(heap + heap_used, &bytes, sizeof(bytes));
	heap_used += (bytes + 31) / 16 * 16;
	return heap_used < HEAP_BYTES ? at : NULL;
}

void *malloc(size_t bytes)
{
	void *at;

	pthread_mutex_lock(&heap_lock);
	at = carve(bytes);
	pthread_mutex_unlock(&heap_lock);
	return at;
}

void free(void *at)
{
	(void)at;
}

void *calloc(size_t nr, size_t bytes)
{
	return malloc(nr * bytes);
}

void *realloc(void *at, size_t bytes)
{
	void *moved = malloc(bytes);
	size_t before = 0;

	if (at && moved) {
		memcpy(&before, (char *)at - 16, sizeof(before));
		memcpy(moved, at, before < bytes ? before : bytes);
	}
	return moved;
}

KEEP int serve(struct job *job)
{
	TOUCH();
	__atomic_fetch_add(&served[job->worker], 1, __ATOMIC_RELAXED);
	return job->number;
}

/* For calls from outside alone. */
KEEP int asked(int number)
{
	TOUCH();
	return number * 2;
}

static void *work(void *worker)
{
	struct job job = {0, (int)(long)worker, "a job"};

	while (!stop) {
		job.number++;
		errno = 4711;
		serve(&job);
		if (errno != 4711)
			nr_bad_errno++;
		if (wants_memory && job.worker == 0)
			free(malloc(10));
		usleep(1000);
	}
	return NULL;
}

static void on_signal(int number)
{
	if (number == SIGTERM)
		stop = 1;
	else
		nr_signals++;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	int ms = argc > 1 ? atoi(argv[1]) : 60000;
	pthread_t workers[NR_WORKERS];

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	for (long i = 0; i < NR_WORKERS; i++)
		pthread_create(&workers[i], NULL, work, (void *)i);
	while (!stop && ms--)
		usleep(1000);
	stop = 1;
	for (int i = 0; i < NR_WORKERS; i++)
		pthread_join(workers[i], NULL);
	printf("bad errno: %d\n", nr_bad_errno);
	return 3;
}
