// SPDX-License-Identifier: BSD-2-Clause
// Pointers that lead somewhere, and pointers that do not.
#include <stdio.h>

struct node {
	struct node *next;
	int n;
	const char *name;
	double weight;
};

int run_all(void);

static struct node end = {.n = 3, .name = "x", .weight = 2.5};
static struct node good = {.next = &end, .n = 3, .name = "x", .weight = 2.5};
static volatile unsigned long nowhere = 16;

__attribute__((noinline)) int look(struct node *p, int n)
{
	__asm__ volatile("" : : "r"(p) : "memory");
	return n + 1;
}

/* Ten calls, of which those with an even number get a wild pointer. */
int run_all(void)
{
	int sum = 0;

	for (int i = 0; i < 10; i++)
		sum += look(i % 2 ? &good : (struct node *)nowhere, i);
	return sum;
}

int main(void)
{
	printf("%d\n", run_all());
	return 0;
}
