/* SPDX-License-Identifier: BSD-2-Clause */
/* What reading the time stamp counter costs here: rdtsc N [ROUNDS] prints ns per rdtsc. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000000;
	int rounds = argc > 2 ? atoi(argv[2]) : 1;
	unsigned long long sum = 0;

	for (int round = 0; round < rounds; round++) {
		double begin = now_ns();

		for (long i = 0; i < n; i++)
			sum += __rdtsc();
		printf("%.4f\n", (now_ns() - begin) / (double)n);
	}
	fprintf(stderr, "%llu\n", sum);
	return 0;
}
