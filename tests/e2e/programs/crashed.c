/* SPDX-License-Identifier: BSD-2-Clause */
/* Crashes so many times, with variables of all sorts in each frame. "own": it has a handler that recovers, and waits for a
 * line before the first. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
	int id;
	double price;
	char name[12];
	const struct item *next;
};

static const struct item last = {9, 0.25, "last", NULL};
static sigjmp_buf recovery;
static volatile int nr_recovered;

/* A leaf: its variables may lie below the stack pointer. */
__attribute__((noinline)) static long follow(const struct item *item, long depth)
{
	long seen = depth * 3 + 1;
	unsigned char flags[4] = {1, 2, 3, (unsigned char)depth};
	const int *where = item->next ? &item->next->id : NULL;

	seen += flags[depth & 3];
	return seen + *where;
}

__attribute__((noinline)) static long walk(struct item item, const char *why, unsigned long weight)
{
	struct item copy = item;
	float half = (float)weight / 2;
	long got;

	copy.id += 100;
	copy.next = item.next ? item.next->next : NULL;
	got = follow(&copy, (long)strlen(why));
	if (half > 1000)
		got += copy.id + (long)item.price;
	return got * (long)weight;
}

__attribute__((noinline)) static int serve(int round, short small, double scale)
{
	struct item item = {round, scale * 2, "first", &last};
	char text[32];
	long long total = 0;

	snprintf(text, sizeof(text), "round %d", round);
	for (int i = 0; i < 3; i++)
		total += (long long)i * small;
	total += walk(item, text, (unsigned long)round * 7);
	return (int)total + small;
}

static void recover(int number)
{
	(void)number;
	siglongjmp(recovery, 1);
}

static void give_up(int round)
{
	serve(round, -12, 2.5);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;

	if (argc > 2) {
		signal(SIGSEGV, recover);
		getchar();
	}
	for (volatile int round = 4; round < 4 + rounds; round++) {
		if (!sigsetjmp(recovery, 1))
			give_up(round);
		else
			nr_recovered++;
	}
	printf("recovered %d times\n", nr_recovered);
	return 0;
}
