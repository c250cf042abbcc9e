// SPDX-License-Identifier: BSD-2-Clause
// Has the shell inside, and gets a copy of what that prints while its lines run.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <otrace/shell.h>

#define KEEP __attribute__((noinline, used))

static char copy[2][4096];
static int early;

KEEP static int mark(int n)
{
	__asm__ volatile("" : : : "memory");
	early = copy[0][0] != 0;
	return n + 1;
}

static void echo(const char *text, size_t bytes, int is_error, void *context)
{
	strncat(copy[is_error], text, bytes);
	++*(int *)context;
}

int main(void)
{
	char *out, *err;
	int times = 0;

	otrace_set_echo(echo, &times);
	otrace_execute("trace -c call mark; call mark 1; nonsense", &out, &err);
	printf("same %d %d, early %d\n", !strcmp(out, copy[0]), !strcmp(err, copy[1]), early);
	printf("%s---\n%s---\n", copy[0], copy[1]);
	free(out);
	free(err);
	otrace_set_echo(NULL, NULL);
	times = 0;
	otrace_execute("pr 1", NULL, NULL);
	otrace_execute_end();
	printf("then %d\n", times);
	return 0;
}
