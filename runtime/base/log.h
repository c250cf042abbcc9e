/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Messages to the user and assertions: one line on standard error by one write(2), no stdio.
 */
#ifndef OT_BASE_LOG_H
#define OT_BASE_LOG_H

#include "base/mem.h"

/** Remembers what standard error is: nothing is written to a file that the program opens there later. */
void ot_log_init(void);
/** On a thread with a descriptor table of its own: its messages go to the process's standard error. */
void ot_log_apart(void);

/** Takes a line in place of standard error; false: it does not. core/ sets it; not asked about faults of our own. */
extern bool (*ot_log_to)(const char *line);

/** Prints "otrace: WHAT" and, if detail is not NULL, ": DETAIL". */
void ot_log(const char *what, const char *detail);
/** The same with an error number behind it. */
void ot_log_errno(const char *what, const char *detail, long error);

/**
 * A fault of the runtime itself. Never ends the program: the first one is reported, hooks pass
 * everything through from then on, and all stubs are switched off as soon as control code gets to it
 * (ot_failed()).
 */
#define OT_ASSERT(condition) \
	(ot_likely(condition) ? (void)0 : ot_assert_failed(__FILE__, __LINE__, #condition))

void ot_assert_failed(const char *file, unsigned line, const char *condition);
/** True when an assertion has failed. */
bool ot_failed(void);
/** Called once when an assertion fails; core/ sets it. */
extern void (*ot_on_failure)(void);

#endif
