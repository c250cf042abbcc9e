/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The traced-call micro-benchmark: a loop of calls of work(), timed from outside it.
 *
 *   calls N [ROUNDS]     prints the ns per call of each round, one a line, and a sum so that nothing
 *                        is optimised away
 *
 * Compiled as it is, with each peer's flags, and with -DXRAY for the program that starts XRay's
 * flight recorder itself and counts what that recorded.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef XRAY
/* From <xray/xray_interface.h> and <xray/xray_log_interface.h>, which are C++. */
int __xray_log_select_mode(const char *mode);
int __xray_log_init_mode(const char *mode, const char *config);
int __xray_log_finalize(void);
int __xray_log_flushLog(void);
int __xray_patch(void);
int __xray_unpatch(void);

__attribute__((xray_never_instrument)) static void xray(int wrong, const char *what)
{
	if (wrong) {
		fprintf(stderr, "calls: XRay refused to %s\n", what);
		exit(1);
	}
}
#endif

#define NOINLINE __attribute__((noinline))

NOINLINE int work(int a, int b)
{
	return a * 3 + b;
}

/* What a redirect of work() leads to; the same computation, so that the time is the same too. */
NOINLINE int work_instead(int a, int b)
{
	__asm__ volatile("" : "+r"(a)); /* keeps the two from being merged into one */
	return a * 3 + b;
}

__attribute__((no_instrument_function)) static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The loop calls through a pointer the compiler cannot see through, as calls of other files are. */
int (*volatile work_pointer)(int, int) = work;

NOINLINE __attribute__((no_instrument_function)) static int measure(long n)
{
	int (*call)(int, int) = work_pointer;
	double begin = now_ns();
	int sum = 0;

	for (long i = 0; i < n; i++)
		sum = call(sum, (int)i);
	printf("%.4f\n", (now_ns() - begin) / (double)n);
	return sum;
}

/* To the last processor, here and not from outside, so that a tracer's own threads can use the rest. */
NOINLINE __attribute__((no_instrument_function)) static void pin(void)
{
	cpu_set_t allowed, last;

	CPU_ZERO(&allowed);
	CPU_ZERO(&last);
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		if (CPU_ISSET(cpu, &allowed)) {
			CPU_SET(cpu, &last);
			sched_setaffinity(0, sizeof(last), &last);
			return;
		}
	}
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000000;
	int rounds = argc > 2 ? atoi(argv[2]) : 1;
	int sum = work_instead(1, 2);

	pin();

#ifdef XRAY
	xray(__xray_log_select_mode("xray-fdr") != 0, "select the mode");
	/* Every call is to be recorded: by default those shorter than 5 us are taken out again. */
	xray(__xray_log_init_mode("xray-fdr", "func_duration_threshold_us=0") != 2, "start");
	xray(__xray_patch() != 1, "patch");
#endif
	for (int i = 0; i < rounds; i++)
		sum += measure(n);
#ifdef XRAY
	xray(__xray_unpatch() != 1, "unpatch");
	xray(__xray_log_finalize() != 4, "finalize");
	xray(__xray_log_flushLog() != 2, "flush");
#endif
	fprintf(stderr, "%d\n", sum);
	return 0;
}
