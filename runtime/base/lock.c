/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <time.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/sys.h"

void ot_futex_wait(uint32_t *word, uint32_t value, uint64_t timeout_ns)
{
	struct timespec time = {(time_t)(timeout_ns / 1000000000), (long)(timeout_ns % 1000000000)};

	ot_sys_futex(word, FUTEX_WAIT_PRIVATE, value, timeout_ns ? &time : NULL);
}

void ot_futex_wake(uint32_t *word)
{
	ot_sys_futex(word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL);
}

void ot_lock_take(struct ot_lock *lock)
{
	uint32_t seen = 0;

	if (__atomic_compare_exchange_n(&lock->state, &seen, 1, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&lock->state, 2, __ATOMIC_ACQUIRE) != 0)
		ot_futex_wait(&lock->state, 2, 0);
}

bool ot_lock_take_within(struct ot_lock *lock, uint64_t ns)
{
	struct timespec now;
	uint64_t end;

	ot_sys_clock_gettime(CLOCK_MONOTONIC, &now);
	end = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + ns;
	while (__atomic_exchange_n(&lock->state, 2, __ATOMIC_ACQUIRE) != 0) {
		uint64_t at;

		ot_sys_clock_gettime(CLOCK_MONOTONIC, &now);
		at = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		if (at >= end)
			return false;
		ot_futex_wait(&lock->state, 2, end - at);
	}
	return true;
}

void ot_lock_release(struct ot_lock *lock)
{
	if (__atomic_exchange_n(&lock->state, 0, __ATOMIC_RELEASE) == 2)
		ot_sys_futex(&lock->state, FUTEX_WAKE_PRIVATE, 1, NULL);
}

uint64_t ot_signals_block(void)
{
	uint64_t all = ~0ull, old = 0;

	ot_sys_sigprocmask(SIG_SETMASK, &all, &old);
	return old;
}

void ot_signals_block_for_good(uint64_t but)
{
	/* 32 and 33 are glibc's: setuid() waits until every thread has handled its signal 33 */
	uint64_t all = ~(3ull << 31) & ~but;

	ot_sys_sigprocmask(SIG_SETMASK, &all, NULL);
}

void ot_signals_restore(uint64_t old)
{
	ot_sys_sigprocmask(SIG_SETMASK, &old, NULL);
}
