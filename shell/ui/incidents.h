/* SPDX-License-Identifier: BSD-2-Clause */
/** What the records of a program tell besides the lines of its calls: who keeps it, and what is said of it. */
#ifndef OT_UI_INCIDENTS_H
#define OT_UI_INCIDENTS_H

#include "cmds/cmd.h"
#include "stream/death.h"
#include "stream/stream.h"

/** The shell has traces, contexts and, maybe, a stream: who gets its records. */
void ot_incidents_begin(struct ot_shell *shell);
/** For struct ot_stream_sink. @p shell is the shell, or the session that begins with it */
void ot_incidents_call(void *shell, const struct ot_trace *trace,
		       const struct ot_call_event *event);
void ot_incidents_part(void *shell, uint32_t tid, const struct otrace_rec *part, uint64_t time_ns);
/** The program has ended, and its stream is drained. Its pidfd is asked for what waitpid() did not say. */
void ot_incidents_death(struct ot_shell *shell, const struct ot_event_writer *writer, int status,
			int pidfd);

#endif
