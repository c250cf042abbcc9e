/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least that a handler of -finstrument-functions can do: nothing, or with -DRECORD store a time
 * stamp and the function at entry and exit in a ring of its thread.
 */
#include <stdint.h>
#include <x86intrin.h>

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

#ifdef RECORD
#define NR_RECORDS 65536u

struct record {
	uint64_t time;
	void *function;
};

static __thread struct record ring[NR_RECORDS] __attribute__((tls_model("initial-exec")));
static __thread uint32_t head __attribute__((tls_model("initial-exec")));

static inline void note(void *function)
{
	struct record *record = &ring[head++ % NR_RECORDS];

	record->time = __rdtsc();
	record->function = function;
	__asm__ volatile("" : : : "memory");
}
#else
static inline void note(void *function)
{
	(void)function;
}
#endif

void __cyg_profile_func_enter(void *function, void *site)
{
	(void)site;
	note(function);
}

void __cyg_profile_func_exit(void *function, void *site)
{
	(void)site;
	note(function);
}
