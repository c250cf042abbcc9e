/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Fast reads (`set fast_reads on`): a condition reads the program's memory by plain loads, and a handler of SIGSEGV and
 * SIGBUS makes a wild pointer a read that fails. A thread that blocks one of them would be killed, so a thread reads
 * fast only when it is known not to.
 *
 * Known is what the kernel said when it was asked, outside of handlers of signals, as long as the thread has called
 * nothing since that may block them (signalwatch.h). It is not asked in handlers, whose return brings back another mask.
 * While a handler of the program's blocks them by its own mask nobody reads fast, nor in a process whose calls cannot be
 * watched. What is not fast is a safe read, and so is every read that failed: the kernel has the last word.
 */
#ifndef OT_CORE_READS_H
#define OT_CORE_READS_H

#include <otrace/wire.h>
#include "core/thread.h"

/* SIGSEGV and SIGBUS, of a mask. */
#define OT_READS_SIGNALS (1ull << 10 | 1ull << 6)

/* What ot_tls.reads of a thread that reads fast is: a number that changes when nothing is known any more, << 2 | FAST. */
#define OT_READS_FAST 1u
#define OT_READS_SLOW 2u /* it blocks them, or has no room for them */
#define OT_READS_OFF 3u	 /* in the word: nobody reads fast */
#define OT_READS_KIND 3u

/* Conditions that are not worth another look at the thread. */
#define OT_READS_PAUSE 32u

extern uint32_t ot_reads_word;
extern uint32_t ot_reads_room_bytes; /* of its stack that a thread needs for a signal */

static inline bool ot_reads_are_off(uint32_t word)
{
	return (word & OT_READS_KIND) == OT_READS_OFF;
}

/** In a hook: whether the thread may, when ot_tls.reads does not say so. */
bool ot_reads_ask(uint64_t sp);

/** The calling thread's mask or its stack for signals may change, or has. Async-signal-safe. */
static inline void ot_reads_ask_again(void)
{
	ot_tls.reads = 0;
	/* a longer one is for a deep stack, which takes its time however often the mask changes */
	if (ot_tls.reads_pause <= OT_READS_PAUSE)
		ot_tls.reads_pause = 0;
}

/** Before the program does something that nobody may read fast behind. The next look decides; async-signal-safe. */
void ot_reads_suspend(void);
/** The same, and nobody does before modules that come now were looked at. */
void ot_reads_suspend_for_modules(void);
/** Around a call that gives a signal a handler which blocks them: nobody reads fast until a look behind it. */
void ot_reads_action_begins(void);
void ot_reads_action_is_set(void);

/** Under control: which conditions there are has changed. */
void ot_reads_rules_changed(void);
/** By the oshell thread, now and then. */
void ot_reads_tick(void);
void ot_reads_shell_gone(void);
/** Whether handlers are in. */
bool ot_reads_are_in(void);
void ot_reads_in_child(void);

#endif
