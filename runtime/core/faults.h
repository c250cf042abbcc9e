/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The signals of faults. The one place that puts handlers of signals into the program, and only while somebody asked for
 * it: to see crashes (crash.h), to read memory that may not be there (reads.h). What is not ours goes to the program's
 * own action, in the way in which that wants to be called.
 */
#ifndef OT_CORE_FAULTS_H
#define OT_CORE_FAULTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/** Of a signal, as the kernel has it. */
struct ot_action {
	void (*handler)(int number, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

enum ot_faults_user {
	OT_FAULTS_CRASHES = 1, /* SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT */
	OT_FAULTS_READS = 2    /* SIGSEGV, SIGBUS */
};

/** Puts handlers in, or those of the program's back that nobody of us wants any more. By the oshell thread. */
void ot_faults_want(enum ot_faults_user user, bool on);
/** The signal whose handler is not ours although this one wants it: the program has set its own; 0 = none. */
int ot_faults_taken(enum ot_faults_user user);
/** Whether an action is one that we have put in. */
bool ot_faults_is_ours(const struct ot_action *action);
/**
 * As sigaction() for the program, whose action it is while ours is in: async-signal-safe.
 *
 * @param action NULL = is not changed
 * @param before NULL = is not wanted
 * @return false: this signal has no handler of ours, and nothing was done
 */
bool ot_faults_action(int number, const struct ot_action *action, struct ot_action *before);
/** The kernel's action; false when there is no such signal. */
bool ot_faults_look(int number, struct ot_action *ret);
/** In a forked child: puts back the program's. */
void ot_faults_in_child(void);

#endif
