/* SPDX-License-Identifier: BSD-2-Clause */
/** Events of calls as lines of text and as JSON objects. In the path of every traced call. */
#ifndef OT_STREAM_EVENT_H
#define OT_STREAM_EVENT_H

#include "stream/calls.h"
#include "stream/traces.h"

/** What events are written with. */
struct ot_event_writer {
	const struct ot_traces *traces;
	struct ot_format format; /* no target: only what was captured shows */
};

/** "add:tr-call:261122-14-11-44.17" */
void ot_event_id(const struct ot_trace *trace, uint64_t call_time_ns, uint64_t seq,
		 struct ot_buf *out);

/** "0.21 us", "1.25 ms", "2.10 s" */
void ot_event_duration(uint64_t ns, struct ot_buf *out);

/** One line with its newline. @p trace may be NULL for losses. */
void ot_event_text(const struct ot_event_writer *writer, const struct ot_trace *trace,
		   const struct ot_call_event *event, struct ot_buf *out);

/** One JSON object with its newline. */
void ot_event_json(const struct ot_event_writer *writer, const struct ot_trace *trace,
		   const struct ot_call_event *event, struct ot_buf *out);

#endif
