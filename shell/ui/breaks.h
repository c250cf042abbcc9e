/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a session does about threads that wait at breaks: tells of them, ends waiting commands, gives them to gdb, and
 * lets those go on that nobody is left to wait for.
 */
#ifndef OT_UI_BREAKS_H
#define OT_UI_BREAKS_H

#include "cmds/cmd.h"
#include "stream/parked.h"

/** The stream is there: breaks are taken from it. */
void ot_breaks_begin(struct ot_shell *shell);
void ot_breaks_destroy(struct ot_breaks *breaks);

/** Any call's begin or end. */
void ot_breaks_call(struct ot_shell *shell, const struct ot_call_event *event);
/** In a turn, behind the stream. May run gdb, which has the terminal until it ends. */
void ot_breaks_settle(struct ot_shell *shell);
/** The program has ended. */
void ot_breaks_ended(struct ot_shell *shell);

/** NULL = there is no stream. */
struct ot_parked *ot_breaks_parked(const struct ot_shell *shell);
/** How many threads wait. */
size_t ot_breaks_nr(const struct ot_shell *shell);
/** Whether one waits that no waiting command has ended for yet. Asking makes it known. */
bool ot_breaks_new(struct ot_shell *shell);
/**
 * The error of a call whose thread waits at a break: it goes on alone then. NULL = it does not.
 * @param call, thread as of ot_target_call()
 */
struct ot_err *ot_breaks_check_call(struct ot_shell *shell, uint32_t call, uint32_t thread);
/** No more commands come: whoever comes to a break goes on at once. */
void ot_breaks_unattended(struct ot_shell *shell);

/** A line for each thread that waits, and a JSON array of them. */
void ot_breaks_list(struct ot_shell *shell, struct ot_buf *out, struct ot_buf *json);

#endif
