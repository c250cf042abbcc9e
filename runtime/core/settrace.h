/* SPDX-License-Identifier: BSD-2-Clause */
/** otrace_set_trace(): a shell on the program's own terminal. */
#ifndef OT_CORE_SETTRACE_H
#define OT_CORE_SETTRACE_H

#include <otrace/wire.h>

/** Fills in who waits. */
void ot_set_trace_status(struct otrace_status *status);
/**
 * otrace_set_trace(), once its entry has put aside what the caller keeps in registers.
 *
 * @param registers as in struct otrace_status
 * @param caller    where it goes on
 */
int ot_set_trace(const uint64_t *registers, uint64_t caller);
/** In a forked child: nobody does. */
void ot_set_trace_forget(void);

#endif
