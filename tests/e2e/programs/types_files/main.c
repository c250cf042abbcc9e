/* SPDX-License-Identifier: BSD-2-Clause */
/* Knows some types by declaration only. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "common.h"

struct local {
	int only_in_main;
} local_main = {1};
static int hidden = 10;
struct shared shared_main = {1};
opaque_t *opaque;
pair pair_main = {1, 2};
__thread int per_thread = 7;
static __thread struct local local_thread = {9};
extern struct holder holder_one;
struct holder copied;
int *extern_table = table;

static inline __attribute__((always_inline)) int inlined(int x)
{
	static int counter = 100;

	counter += x;
	return counter;
}

__attribute__((noinline)) int count(void)
{
	static int counter = 4;
	static const char *volatile words[] = {"x", "y"};

	counter++;
	return inlined(2) + words[counter % 2][0];
}

static void *thread(void *start)
{
	per_thread = 70;
	local_thread.only_in_main = 90;
	pthread_barrier_wait(start);
	pthread_barrier_wait(start);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_barrier_t barrier;
	pthread_t other;

	opaque = opaque_new(5);
	shared_main.opaque = opaque;
	copied = holder_one;
	pthread_barrier_init(&barrier, 0, 2);
	pthread_create(&other, 0, thread, &barrier);
	pthread_barrier_wait(&barrier);
	printf("%d %d %d\n", count(), use(&shared_main) + hidden, local_thread.only_in_main);
	fflush(stdout);
	if (argc > 1)
		sleep(60);
	pthread_barrier_wait(&barrier);
	return pthread_join(other, 0);
}
