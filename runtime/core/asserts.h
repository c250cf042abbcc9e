/* SPDX-License-Identifier: BSD-2-Clause */
/** traceassert() of otrace/otrace.h, when its condition is false. */
#ifndef OT_CORE_ASSERTS_H
#define OT_CORE_ASSERTS_H

#include <otrace/wire.h>

/** What the attached shell wants, until it goes. By the oshell thread. False: no memory to record in. */
bool ot_asserts_set(const struct otrace_asserts *wish);

/**
 * From otrace_assert_failed: on the program's thread, which may hold any lock. errno is kept.
 *
 * @param registers the caller's: values of struct otrace_rec_registers
 * @return whether somebody traces; recorded, or counted as lost
 */
int ot_assert_record(const char *label, const char *action, const char *condition, const char *file,
		     unsigned line, const char *function, const uint64_t *registers);

#endif
