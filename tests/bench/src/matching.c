/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that a condition lets pass, or that leave a context.
 *
 *   matching WHAT N [ROUNDS [THREADS]]     WHAT: int, node, context; read = a safe read's system call,
 *                                          chase = those of p->q->n
 *
 * Prints for each round the ns of processor time that one call takes, one a line: with more threads than
 * processors, the wall's time times the processors.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define NOT_TRACED __attribute__((no_instrument_function))

struct leaf {
	int n;
	int fill[3];
};

struct node {
	struct leaf *q;
	long fill;
};

struct person {
	long id;
	double height;
	char city[16];
};

NOINLINE int work_int(int a, int b)
{
	return a * 3 + b;
}

NOINLINE int work_node(struct node *p, int b)
{
	return p->q->n * 3 + b;
}

static pid_t own;

/* The two reads of p->q->n, one after the other as a condition has to make them. */
NOINLINE int work_chase(struct node *p, int b)
{
	struct node seen;
	struct leaf end = {0};
	struct iovec local = {&seen, sizeof(seen)}, remote = {p, sizeof(seen)};
	struct iovec local_end = {&end, sizeof(end)}, remote_end = {NULL, sizeof(end)};

	process_vm_readv(own, &local, 1, &remote, 1, 0);
	remote_end.iov_base = seen.q;
	process_vm_readv(own, &local_end, 1, &remote_end, 1, 0);
	return end.n * 3 + b;
}

NOINLINE int work_context(const char *name, struct person *who)
{
	return name[0] + (int)who->id;
}

static long nr_calls;
static struct leaf leaf = {.n = 1};
static struct node *node;
static char *name;
static struct person *person;
static volatile int sum;

NOT_TRACED static void *loop_int(void *priv)
{
	int (*volatile call)(int, int) = work_int;
	int ret = 0;

	for (long i = 0; i < nr_calls; i++)
		ret = call(ret & 0xffff, (int)i & 0xffff);
	sum += ret;
	return priv;
}

NOT_TRACED static void call_with_node(int (*volatile call)(struct node *p, int b))
{
	int ret = 0;

	for (long i = 0; i < nr_calls; i++)
		ret = call(node, ret & 0xffff);
	sum += ret;
}

NOT_TRACED static void *loop_node(void *priv)
{
	call_with_node(work_node);
	return priv;
}

NOT_TRACED static void *loop_context(void *priv)
{
	int (*volatile call)(const char *, struct person *) = work_context;
	int ret = 0;

	for (long i = 0; i < nr_calls; i++)
		ret += call(name, person);
	sum += ret;
	return priv;
}

NOT_TRACED static void *loop_read(void *priv)
{
	char to[8];
	struct iovec local = {to, sizeof(to)}, remote = {node, sizeof(to)};
	pid_t pid = getpid();

	for (long i = 0; i < nr_calls; i++)
		process_vm_readv(pid, &local, 1, &remote, 1, 0);
	return priv;
}

NOT_TRACED static void *loop_chase(void *priv)
{
	call_with_node(work_chase);
	return priv;
}

NOT_TRACED static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

NOT_TRACED static void measure(void *(*loop)(void *), int nr_threads)
{
	long nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[64];
	double begin = now_ns();

	if (nr_threads > nr_cpus)
		nr_cpus = nr_cpus < nr_threads ? nr_cpus : nr_threads;
	else
		nr_cpus = nr_threads;
	for (int i = 1; i < nr_threads; i++)
		if (pthread_create(&threads[i], NULL, loop, NULL))
			exit(1);
	loop(NULL);
	for (int i = 1; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
	printf("%.4f\n", (now_ns() - begin) * (double)nr_cpus / (double)nr_calls / nr_threads);
}

NOT_TRACED int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void *(*loop)(void *);
	} loops[] = {{"int", loop_int},
		     {"node", loop_node},
		     {"context", loop_context},
		     {"read", loop_read},
		     {"chase", loop_chase}};
	int rounds = argc > 3 ? atoi(argv[3]) : 1, nr_threads = argc > 4 ? atoi(argv[4]) : 1;

	own = getpid();
	nr_calls = argc > 2 ? atol(argv[2]) : 1000;
	node = malloc(sizeof(*node));
	node->q = aligned_alloc(4096, 4096); /* a page away: one read does not have both */
	*node->q = leaf;
	name = strdup("Ada Lovelace");
	person = calloc(1, sizeof(*person));
	person->id = 1815;
	strcpy(person->city, "London");
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		if (argc < 2 || strcmp(argv[1], loops[i].name) != 0)
			continue;
		for (int round = 0; round < rounds && nr_threads <= 64; round++)
			measure(loops[i].loop, nr_threads);
		return 0;
	}
	fprintf(stderr, "matching: int, node, context, read or chase\n");
	return 2;
}
