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

#endif
