/* SPDX-License-Identifier: BSD-2-Clause */
/* A program whose threads crash by order: n = dereference NULL, a = abort(); p = answer. "own": it has a handler. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile int kept;

__attribute__((noinline)) int follow(int *where)
{
	kept++;
	return *where + 1;
}

__attribute__((noinline)) int serve(int how)
{
	volatile int marker = 0x5eed;

	if (how == 'a')
		abort();
	return follow(NULL) + marker;
}

static void *crash(void *how)
{
	serve(*(char *)how);
	return NULL;
}

static void own(int number)
{
	(void)number;
	_exit(write(1, "own\n", 4) == 4 ? 7 : 8);
}

int main(int argc, char **argv)
{
	static char how[2];
	pthread_t thread;
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "own"))
		signal(SIGSEGV, own);
	while (fgets(line, sizeof(line), stdin)) {
		how[0] = line[0];
		if (line[0] != 'p')
			pthread_create(&thread, NULL, crash, how);
		puts("here");
	}
	return 0;
}
