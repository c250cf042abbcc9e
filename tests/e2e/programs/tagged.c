// SPDX-License-Identifier: BSD-2-Clause
// Nodes that are made, looked at, moved and freed; main does it in four threads. -DLIBRARY: a library that frees what
// it is given. -DOWN_FREE: with a free() of its own.
#ifdef LIBRARY
#include <stdlib.h>

void drop(void *what);

void drop(void *what)
{
	free(what);
}
#else
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")
#define NR_THREADS 4
#define PER_THREAD 8

struct part {
	int weight;
	int price;
};

struct node {
	int id;
	struct part part;
	char text[108];
};

struct node *nodes[NR_THREADS * PER_THREAD];
struct node fixed;
void *anything;
char *line;
int number = 5;
int (*function)(struct node *node);

#ifdef OWN_FREE
void free(void *what)
{
	(void)what;
}
#endif

KEEP int touch(struct node *node)
{
	TOUCH();
	return node->id;
}

KEEP struct node *make(int id)
{
	struct node *node = malloc(sizeof(*node));

	memset(node, 0, sizeof(*node));
	node->id = id;
	return node;
}

KEEP int fill(void)
{
	for (int i = 0; i < NR_THREADS * PER_THREAD; i++)
		nodes[i] = make(i);
	anything = nodes[0];
	function = touch;
	return touch(nodes[0]);
}

KEEP int grow(int i, long bytes)
{
	struct node *old = nodes[i];
	void *other;

	errno = 77;
	nodes[i] = realloc(old, (size_t)bytes);
	other = malloc(64); /* in the way of the next one */
	TOUCH();
	free(other);
	return errno;
}

KEEP int release(int i)
{
	errno = 78;
	free(nodes[i]);
	nodes[i] = NULL;
	return errno;
}

/* realloc() by a function of libc. */
KEEP int read_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t bytes = sizeof(struct node);
	int nr = 0;

	while (getline(&line, &bytes, file) > 0)
		nr++;
	fclose(file);
	return nr;
}

static void (*drop)(void *what);

KEEP int load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	drop = library ? (void (*)(void *))dlsym(library, "drop") : NULL;
	return drop != NULL;
}

KEEP int drop_it(int i)
{
	drop(nodes[i]);
	return i;
}

KEEP int in_child(int i)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		free(nodes[i]);
		nodes[i] = realloc(malloc(10), 100000);
		_exit(nodes[i] ? 3 : 4);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void *work(void *arg)
{
	int first = (int)(long)arg * PER_THREAD;

	for (int i = first; i < first + PER_THREAD; i++) {
		touch(nodes[i]);
		grow(i, i % 2 ? 100000 : 60);
		touch(nodes[i]);
	}
	for (int i = first; i < first + PER_THREAD; i++)
		release(i);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_THREADS];

	if (argc > 1 && !strcmp(argv[1], "wait")) {
		fill();
		puts("ready");
		fflush(stdout);
		pause();
	}
	if (!nodes[0])
		fill();
	for (long i = 0; i < NR_THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d left\n", nodes[0] || nodes[31]);
	return 0;
}
#endif
