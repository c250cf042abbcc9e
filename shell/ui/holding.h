/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a session does about requests that are held: tells of them, ends waiting commands, and lets those go on that
 * nobody is left to wait for.
 */
#ifndef OT_UI_HOLDING_H
#define OT_UI_HOLDING_H

#include "cmds/cmd.h"
#include "stream/holds.h"

/** The stream is there: holds are taken from it. */
void ot_holding_begin(struct ot_shell *shell);
void ot_holding_destroy(struct ot_holding *holding);

/** Any call's begin or end. */
void ot_holding_call(struct ot_shell *shell, const struct ot_trace *trace,
		     const struct ot_call_event *event);
/** In a turn, behind the stream. */
void ot_holding_settle(struct ot_shell *shell);
/** The context of a call is not kept any more: nor is its request held. */
void ot_holding_evicted(void *shell, uint64_t seq);
/** The program has ended. */
void ot_holding_ended(struct ot_shell *shell);
/** No more commands come: what is held goes on at once. */
void ot_holding_unattended(struct ot_shell *shell);

/** NULL = there is no stream. */
struct ot_holds *ot_holding_holds(const struct ot_shell *shell);
/** Whether one is held that no waiting command has ended for yet. Asking makes it known. */
bool ot_holding_new(struct ot_shell *shell);

/** A line for each, and a JSON array of them. */
void ot_holding_list(struct ot_shell *shell, struct ot_buf *out, struct ot_buf *json);

#endif
