/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that only the loader can fill in. */
#include <stdio.h>
#include <stdlib.h>

int mine = 5;

void *(*alloc)(size_t) = malloc;

struct hooks {
	void (*give_back)(void *memory);
	int *mine;
	void *(*grow)(void *memory, size_t bytes);
	int number;
} hooks = {free, &mine, realloc, 17};

FILE **place = &stdout;
void *(*const table[3])(size_t) = {malloc, NULL, malloc};

int main(void)
{
	return !alloc || !*place || !table[0];
}
