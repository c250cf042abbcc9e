/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Thunks: the few bytes between a stub and its wrapper. They lie within reach of a 32-bit jump of the
 * module, in regions that are mapped twice: executable there, writable elsewhere, never both.
 */
#ifndef OT_CORE_THUNK_H
#define OT_CORE_THUNK_H

#include <stdbool.h>
#include <stdint.h>

struct otrace_probe;

/** Writes the probe's thunk and sets probe->thunk and probe->resume. Returns an enum otrace_error. */
int ot_thunk_create(struct otrace_probe *probe);
/** In a forked child: regions are shared with the parent, so new thunks go into new regions. */
void ot_thunks_after_fork(void);

#endif
