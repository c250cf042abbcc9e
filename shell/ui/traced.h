/* SPDX-License-Identifier: BSD-2-Clause */
/** What a session does about traces besides printing their events. */
#ifndef OT_UI_TRACED_H
#define OT_UI_TRACED_H

#include "cmds/cmd.h"
#include "stream/stream.h"

/** The shell has traces and, maybe, a stream: how names are found, the limits that parameters give, and what is
 * said when a trace is over. */
void ot_traced_begin(struct ot_shell *shell);
/** Every call that was read; for struct ot_stream_sink. @p shell is the shell, or the session that begins with it */
void ot_traced_call(void *shell, const struct ot_trace *trace, const struct ot_call_event *event);
/** Modules came. */
struct ot_err *ot_traced_extend(struct ot_shell *shell);
/** The program is ending and still answers: what it knows of its traces is asked for. */
void ot_traced_ending(struct ot_shell *shell);
/** Once in each turn: disarms what is over. */
void ot_traced_settle(struct ot_shell *shell);

#endif
