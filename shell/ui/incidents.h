/* SPDX-License-Identifier: BSD-2-Clause */
/** What happens in the program and is no call's: told to the user. */
#ifndef OT_UI_INCIDENTS_H
#define OT_UI_INCIDENTS_H

#include "cmds/cmd.h"
#include "stream/death.h"

/** A record of a failed assertion, as ot_stream_on() hands it over. @param shell struct ot_shell */
void ot_incidents_assert(void *shell, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns);
/** The program has ended, and its stream is drained. Its pidfd is asked for what waitpid() did not say. */
void ot_incidents_death(struct ot_shell *shell, const struct ot_event_writer *writer, int status,
			int pidfd);

#endif
