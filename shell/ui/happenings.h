/* SPDX-License-Identifier: BSD-2-Clause */
/** What the records of a program tell besides the lines of its calls: who keeps it, and what is said of it. */
#ifndef OT_UI_HAPPENINGS_H
#define OT_UI_HAPPENINGS_H

#include "cmds/cmd.h"
#include "stream/stream.h"

/** The shell has traces, contexts and, maybe, a stream. */
void ot_happenings_begin(struct ot_shell *shell);
/** For struct ot_stream_sink. @p shell is the shell, or the session that begins with it */
void ot_happenings_call(void *shell, const struct ot_trace *trace,
			const struct ot_call_event *event);
void ot_happenings_part(void *shell, uint32_t tid, const struct otrace_rec *part, uint64_t time_ns);

#endif
