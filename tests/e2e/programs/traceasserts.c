// SPDX-License-Identifier: BSD-2-Clause
// Assertions that a shell sees. Is built with and without the runtime; prints how far it came.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <otrace/otrace.h>

#define KEEP __attribute__((noinline, used))
#define TOUCH() __asm__ volatile("" : : : "memory")

static int nr_evaluated;

static int counted(int n)
{
	nr_evaluated++;
	return n;
}

KEEP int check(int level, const char *what)
{
	int local = level * 7 + 1;
	char text[16];

	snprintf(text, sizeof(text), "%s-%d", what, level);
	errno = 33;
	traceassert(counted(local) < 20 && text[0], "too/high: level", "");
	if (errno != 33)
		printf("errno\n");
	TOUCH();
	return local + (int)strlen(text);
}

KEEP int outer(int level)
{
	int result = check(level, "lvl");

	TOUCH();
	return result;
}

int main(int argc, char **argv)
{
	const char *action = argc > 2 ? argv[2] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 1; i < argc && i < 2; i++)
		for (int level = 1; level <= atoi(argv[1]); level++)
			printf("%d\n", outer(level));
	traceassert(argc < 3, NULL, action);
	printf("evaluated %d\n", nr_evaluated);
	return 0;
}
