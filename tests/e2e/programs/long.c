/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of a hundred thousand pointers, to what leads further. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NR 100000

struct node {
	struct node *next;
	int number;
	char name[16];
} *table[NR];
const char *texts[NR];

int fill(void)
{
	struct node *nodes = calloc(NR, sizeof(*nodes));

	for (int i = 0; i < NR; i++) {
		table[i] = &nodes[i];
		nodes[i].next = i ? &nodes[i - 1] : NULL;
		nodes[i].number = i;
		snprintf(nodes[i].name, sizeof(nodes[i].name), "node %d", i);
		texts[i] = nodes[i].name;
	}
	return NR;
}

int main(void)
{
	fill();
	puts("filled");
	fflush(stdout);
	for (;;)
		pause();
}
