/* SPDX-License-Identifier: BSD-2-Clause */
/* Says what its variables are when it runs: what was stored before shows. */
#include <stdbool.h>
#include <stdio.h>

enum state { IDLE, BUSY = 4 };

struct item {
	int number;
	unsigned kind : 3;
	int offset : 5;
	bool good : 1;
	char name[8];
	struct item *next;
};

struct item second = {2, 2, -2, false, "second", NULL};
struct item first = {1, 1, -1, true, "first", &second};
struct item *head = &first;
int counter = 42;
unsigned char byte = 250;
double real = 1.5;
enum state state = BUSY;
int table[4] = {1, 2, 3, 4};
const int limit = 100;
_Thread_local int own = 5;

int main(void)
{
	printf("%d %u %g %d %d %d\n", counter, byte, real, state, limit, own);
	for (struct item *i = head; i; i = i == head ? i->next : NULL)
		printf("%d %u %d %d %s\n", i->number, i->kind, i->offset, i->good, i->name);
	printf("%d %d %d %d\n", table[0], table[1], table[2], table[3]);
	return 0;
}
