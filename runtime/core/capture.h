/* SPDX-License-Identifier: BSD-2-Clause */
/** Running a capture program. The result goes behind out, which lies in the trace area. */
#ifndef OT_CORE_CAPTURE_H
#define OT_CORE_CAPTURE_H

#include <otrace/ring.h>
#include "core/probe.h"
#include "core/thread.h"

/** Runs the steps; returns the end of what they wrote. Room was made for their largest results. */
OT_SLOW uint64_t *ot_capture(uint64_t *out, const struct otrace_frame *frame,
			     const struct ot_step *steps, uint32_t nr);

/*
 * Stack arguments of a varargs function that are copied when the body is called again. Nobody knows
 * how many there are; a call that passes more than this is passed on wrongly. Never beyond the end
 * of the stack.
 */
#define OT_VARARGS_COPY_BYTES 4096u

#endif
