/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Calls that were open, and of which nothing had been recorded, when a process died: their conditions are decided at
 * their end. The runtime keeps what they began with in the trace area (struct otrace_kept).
 */
#ifndef OT_STREAM_KEPT_H
#define OT_STREAM_KEPT_H

#include "stream/calls.h"

/**
 * Tells them, those of one thread one after the other. As ENTER, is_late, with the rules that are not decided in
 * matched; captures lie in the area. Nothing in it is trusted.
 *
 * @param area of a process that is dead: else they change meanwhile. NULL is fine
 */
void ot_kept_each(const struct otrace_area *area,
		  void (*each)(void *priv, const struct ot_call_event *event), void *priv);

#endif
