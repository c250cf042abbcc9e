/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A lock on a futex, for control code only; hooks take no lock. Not recursive. Zero is unlocked.
 */
#ifndef OT_BASE_LOCK_H
#define OT_BASE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct ot_lock {
	uint32_t state; /* 0 free, 1 taken, 2 taken and others wait */
};

void ot_lock_take(struct ot_lock *lock);
/** False when it was not free for that long. */
bool ot_lock_take_within(struct ot_lock *lock, uint64_t ns);
void ot_lock_release(struct ot_lock *lock);

/** Waits until *word is not value any more, or until the time is over (0 = no end). */
void ot_futex_wait(uint32_t *word, uint32_t value, uint64_t timeout_ns);
void ot_futex_wake(uint32_t *word);

/** Blocks all signals of this thread; returns what was blocked, for ot_signals_restore. */
uint64_t ot_signals_block(void);
void ot_signals_restore(uint64_t old);
/**
 * For a thread of ours: blocks all signals but those of the set @p but, and glibc's own two. Whoever calls
 * setuid() waits for every thread to handle one of these.
 */
void ot_signals_block_for_good(uint64_t but);

#endif
