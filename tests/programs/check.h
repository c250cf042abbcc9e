/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the test programs: how they check themselves and how they pin functions down.
 * Only macros, so that nothing here adds a function to the program under test.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int failures;

/* Count and report what is wrong; may be used in any thread. */
#define CHECK(condition)                                                                       \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);                    \
			fprintf(stderr, "%s:%d: wrong: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                              \
	} while (0)

/* The last statement of main(). */
#define FINISH(name)                        \
	do {                                \
		if (failures)               \
			return 1;           \
		puts("ok " name);           \
		return fflush(stdout) != 0; \
	} while (0)

/*
 * EXACT: a function that exists once at every optimisation level, with every argument passed and
 * every result returned. "used" counts as an unknown caller, so nothing may be assumed about the
 * arguments; TOUCH() in the body keeps callers from folding calls.
 */
#define NOINLINE __attribute__((noinline))
#define EXACT __attribute__((noinline, used))
#define TOUCH() __asm__ volatile("" ::: "memory")

#ifdef __cplusplus
#define AUTO auto
#else
#define AUTO __auto_type
#endif

/* The same value, but the compiler does not know it. Arrays become pointers. */
#define HIDE(x)                                                    \
	__extension__({                                            \
		AUTO hidden_ = (x);                                \
		__asm__ volatile("" : : "r"(&hidden_) : "memory"); \
		hidden_;                                           \
	})

/* A function that calls itself by this name stays a function that calls itself. */
#define CALL(function) HIDE(&function)

#endif
