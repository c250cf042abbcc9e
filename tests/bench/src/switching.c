/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main of the program with very many functions. Without arguments it only calls each once; with
 * -DXRAY, "N" times XRay's own switching: all sleds on and off N times, then one function N times,
 * and prints the best and middle times in ns.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int call_all(int value); /* in the generated files */

#ifdef XRAY
#define MOST 100

int __xray_patch(void);
int __xray_unpatch(void);
int __xray_patch_function(int32_t function);
int __xray_unpatch_function(int32_t function);
int __xray_set_handler(void (*handler)(int32_t function, int type));
uintptr_t __xray_max_function_id(void);

static void handler(int32_t function, int type)
{
	(void)function;
	(void)type;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void say(const char *what, double *times, int nr)
{
	qsort(times, (size_t)nr, sizeof(*times), compare);
	printf("%s_ns %.0f\n%s_median_ns %.0f\n", what, times[0], what, times[nr / 2]);
}

static void measure(int rounds)
{
	double all[MOST], one[MOST];

	if (rounds < 1 || rounds > MOST)
		exit(1);
	__xray_set_handler(handler);
	for (int i = 0; i < rounds; i++) {
		double begin = now_ns();

		if (__xray_patch() != 1)
			exit(1);
		all[i] = now_ns() - begin;
		if (__xray_unpatch() != 1)
			exit(1);
	}
	for (int i = 0; i < rounds; i++) {
		double begin = now_ns();

		if (__xray_patch_function(1000 + i) != 1)
			exit(1);
		one[i] = now_ns() - begin;
		__xray_unpatch_function(1000 + i);
	}
	printf("functions %lu\n", (unsigned long)__xray_max_function_id());
	say("all", all, rounds);
	say("one", one, rounds);
}
#endif

int main(int argc, char **argv)
{
#ifdef XRAY
	if (argc > 1)
		measure(atoi(argv[1]));
#else
	(void)argv;
#endif
	return call_all(argc) == 0;
}
