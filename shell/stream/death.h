/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The program's death: which recorded calls were open then, in every thread, with their arguments.
 *
 * Nobody writes a record when a program is killed, or calls exit() inside of a traced function. What was recorded before
 * outlives it, in the trace area and in the store: calls without an end are the ones that it died in. Asked once, when
 * the stream was drained.
 */
#ifndef OT_STREAM_DEATH_H
#define OT_STREAM_DEATH_H

#include "stream/stream.h"

struct ot_death {
	const struct ot_stream *stream;
	const struct otrace_area *area; /* for names of threads; may be NULL */
	const struct ot_event_writer *writer;
	int pid;
	int status; /* as waitpid() gives it, -1 = not known */
};

/**
 * Writes lines for people, and one JSON event with its newline. Nothing is written when there is nothing to say: no
 * call was open, and, for the event, no signal is known.
 */
void ot_death_tell(const struct ot_death *death, struct ot_buf *text, struct ot_buf *json);

/**
 * How a process ended that is not our child, as far as the system says: pidfds of Linux 6.15 tell it for good, /proc as
 * long as the parent has not asked.
 *
 * @param pidfd of the process, which has ended
 * @return as waitpid() gives it, -1 = not known
 */
int ot_death_status(int pidfd, int pid);

#endif
