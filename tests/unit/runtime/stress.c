// SPDX-License-Identifier: BSD-2-Clause
// Eight threads call, another forks; whoever drives this switches and replaces meanwhile. Ends after
// the given number of calls of price(), or when it gets a line on standard input. Prints how often
// each result came; anything but the old one's or the new one's is an error. And what a barrier takes
// here while threads run (0: not known): a caller waits at a stub for two of them.
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, BARRIERS = 301 };

static atomic_bool stop;
static atomic_long old_results, new_results, wrong_results, forks;
static atomic_ulong longest_ns, barrier_ns;
static long limit;
static const char *volatile text = "A"; // what callers pass is not known to the compiler

static __attribute__((noinline)) long price(long cents, const char *what)
{
	__asm__ volatile("" : "+r"(cents), "+r"(what));
	return cents * 3 + what[0];
}

__attribute__((noinline)) long half_price(long cents, const char *what)
{
	__asm__ volatile("" : "+r"(cents), "+r"(what));
	return cents * 5 + what[0];
}

__attribute__((noinline)) double many(int a, double b, long c, float d, int e, long f, long g,
				      long h, double i)
{
	__asm__ volatile("");
	return a + b + (double)c + (double)d + e + (double)(f + g + h) + i;
}

static unsigned long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000000000 + (unsigned long)now.tv_nsec;
}

static void *work(void *unused)
{
	long n_old = 0, n_new = 0, n_wrong = 0;
	unsigned long longest = 0;

	for (long i = 0; i < limit && !stop; i++) {
		unsigned long before = i & 15 ? 0 : now_ns(), took;
		long result = price(i, text);

		if (before && (took = now_ns() - before) > longest)
			longest = took;
		n_old += result == i * 3 + 'A';
		n_new += result == i * 5 + 'A';
		n_wrong += result != i * 3 + 'A' && result != i * 5 + 'A';
		n_wrong += many(1, 2, 3, 4, 5, 6, 7, 8, 9) != 45;
	}
	old_results += n_old;
	new_results += n_new;
	wrong_results += n_wrong;
	while (longest > longest_ns)
		longest_ns = longest;
	return unused;
}

static void *fork_all_the_time(void *unused)
{
	while (!stop) {
		pid_t child = fork();
		int status = 0;

		if (child == 0) {
			for (long i = 0; i < 100; i++) {
				long result = price(i, text);

				if (result != i * 3 + 'A' && result != i * 5 + 'A')
					_exit(1);
			}
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			wrong_results++;
		forks++;
		usleep(500);
	}
	return unused;
}

static int by_size(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

static unsigned long median_barrier_ns(void)
{
	static unsigned long took[BARRIERS];

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0))
		return 0;
	for (int i = 0; i < BARRIERS; i++) {
		usleep(200); // whoever sent the line is busy on another processor still
		took[i] = now_ns();
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0))
			return 0;
		took[i] = now_ns() - took[i];
	}
	qsort(took, BARRIERS, sizeof(*took), by_size);
	return took[BARRIERS / 2];
}

static void *wait_for_line(void *unused)
{
	getchar();
	barrier_ns = median_barrier_ns();
	stop = 1;
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS], forker, waiter;

	limit = argc > 1 ? atol(argv[1]) : INT64_MAX;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	pthread_create(&forker, NULL, fork_all_the_time, NULL);
	if (argc < 2)
		pthread_create(&waiter, NULL, wait_for_line, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	stop = 1;
	pthread_join(forker, NULL);
	printf("old %ld new %ld wrong %ld forks %ld longest_ns %lu barrier_ns %lu\n", old_results,
	       new_results, wrong_results, forks, longest_ns, barrier_ns);
	return wrong_results != 0;
}
