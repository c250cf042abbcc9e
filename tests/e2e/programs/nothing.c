// SPDX-License-Identifier: BSD-2-Clause
// Pointers that are NULL, in arguments, in what they point to, and behind others.
#include <stdio.h>

struct link {
	int number;
	const char *name;
	struct link *next;
};

__attribute__((noinline)) int look(struct link *link, const char *text, struct link *none,
				   int **indirect)
{
	__asm__ volatile("" : : "r"(text), "r"(none), "r"(indirect) : "memory");
	return link->number;
}

int main(void)
{
	struct link last = {1, NULL, NULL}, first = {2, "first", &last};
	int *nothing = NULL;

	printf("%d\n", look(&first, NULL, NULL, &nothing));
	return 0;
}
