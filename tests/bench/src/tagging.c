/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls with six pointers, beside 10 000 objects that a trace of make() has tagged.
 *
 *   tagging WHICH N [ROUNDS]     WHICH: untagged = none of the six leads to such an object, tagged = the last one does
 *
 * Prints for each round the ns that one call takes, one a line.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))
#define NOT_TRACED __attribute__((no_instrument_function))
#define NR_TAGGED 10000
#define NR_OTHERS 4096 /* a power of two */

struct object {
	long number;
	char text[184];
};

static struct object *tagged[NR_TAGGED];
static struct object *others[NR_OTHERS];

NOINLINE struct object *make(long number)
{
	struct object *object = calloc(1, sizeof(*object));

	object->number = number;
	return object;
}

NOINLINE long work_six(struct object *a, struct object *b, struct object *c, struct object *d,
		       struct object *e, struct object *f)
{
	return ((char *)a - (char *)b) + ((char *)c - (char *)d) + ((char *)e - (char *)f);
}

NOT_TRACED static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

NOT_TRACED static double measure(long nr_calls, int is_tagged)
{
	long (*volatile call)(struct object *, struct object *, struct object *, struct object *,
			      struct object *, struct object *) = work_six;
	double begin = now_ns();
	volatile long sum = 0;

	for (long i = 0; i < nr_calls; i++) {
		struct object **at = &others[(i * 8) % NR_OTHERS];

		sum += call(at[0], at[1], at[2], at[3], at[4],
			    is_tagged ? tagged[i % NR_TAGGED] : at[5]);
	}
	return (now_ns() - begin) / (double)nr_calls;
}

NOT_TRACED int main(int argc, char **argv)
{
	int is_tagged = argc > 1 && !strcmp(argv[1], "tagged");
	int rounds = argc > 3 ? atoi(argv[3]) : 1;
	long nr_calls = argc > 2 ? atol(argv[2]) : 1000;

	/* side by side, as in a program */
	for (int i = 0; i < NR_TAGGED; i++) {
		tagged[i] = make(i);
		if (i < NR_OTHERS)
			others[i] = calloc(1, sizeof(struct object));
	}
	for (int round = 0; round < rounds; round++)
		printf("%.4f\n", measure(nr_calls, is_tagged));
	return 0;
}
