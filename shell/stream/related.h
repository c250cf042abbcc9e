/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Calls that get a pointer to a tagged object, or into it: which tags they are related to. With `set trace_related on`
 * they are recorded by a rule of their own, which each function has that is traced under conditions; no hook knows
 * of it when that is off. Which tag it was is found here, among those that there were when the call began.
 */
#ifndef OT_STREAM_RELATED_H
#define OT_STREAM_RELATED_H

#include "stream/calls.h"
#include "stream/traces.h"

struct ot_tags;

/** Whose tags calls are related to. @param tags borrowed */
void ot_traces_set_tags(struct ot_traces *traces, const struct ot_tags *tags);

/** Records calls of traced functions that get tagged objects, whatever their conditions say. */
struct ot_err *ot_traces_set_related(struct ot_traces *traces, bool related);

/** " [related: LABEL (node)]" behind the arguments of a call; nothing when that is off, or it has nothing to do with tags. */
void ot_related_text(const struct ot_traces *traces, const struct ot_trace *trace,
		     const struct ot_call_event *event, struct ot_buf *out);
/** ,"related":[{"tag":5,"label":"LABEL","arg":"node"}] as above */
void ot_related_json(const struct ot_traces *traces, const struct ot_trace *trace,
		     const struct ot_call_event *event, struct ot_buf *out);
/** A line for each argument, without a newline at the end: "node: tag 5 LABEL, (struct node *) 0x..."; also when it is off. */
void ot_related_lines(const struct ot_traces *traces, const struct ot_trace *trace,
		      const struct ot_call_event *event, struct ot_buf *out);

#endif
