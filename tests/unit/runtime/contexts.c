// SPDX-License-Identifier: BSD-2-Clause
// Calls traced functions some levels deep, and then waits.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KEEP __attribute__((noinline))
#define HIDE(value)                                  \
	({                                           \
		__typeof__(value) hidden = (value);  \
		__asm__ volatile("" : "+r"(hidden)); \
		hidden;                              \
	})

struct node {
	struct node *next;
	const char *name;
	long number;
};

static struct node second = {NULL, "second", 2};
static struct node first = {&second, "first", 1};

KEEP long look(struct node *node, const char *text)
{
	node->number = HIDE(7);
	return (long)strlen(text);
}

KEEP long sum(int nr, ...)
{
	long all = 0;
	va_list list;

	va_start(list, nr);
	for (int i = 0; i < nr; i++)
		all += va_arg(list, long);
	va_end(list);
	return all;
}

KEEP long inner(long n)
{
	long kept_inner = HIDE(n + 100);
	long result = look(&first, "text") + sum(3, 1l, 2l, 3l);

	return result + HIDE(kept_inner);
}

KEEP long middle(long n)
{
	char room[500];
	long kept_middle = HIDE(n * 3);
	long result;

	memset(room, (int)n, sizeof(room));
	result = inner(n + room[HIDE(4)]);
	return result + HIDE(kept_middle);
}

KEEP long outer(long n)
{
	long kept_outer = HIDE(n - 2);

	return middle(n) + HIDE(kept_outer);
}

int main(void)
{
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin))
		printf("%ld %p\n", outer(7), (void *)&first);
	return 0;
}
