/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * `set exec_lock on`: while an expression is evaluated the shell takes in no records, files no contexts and ends no
 * traces, also when a call makes it wait: ~~, /osh/recent and the list of traces are the same at its end as at its
 * beginning, and lines of traces come behind its result. The program is not held up: its hooks match and record as
 * ever, in rings that keep the newest, and what was lost meanwhile is counted. So it lasts OT_EXECLOCK_MS at most, and
 * is not there while a trace makes threads wait for us (--wait).
 */
#ifndef OT_UI_EXECLOCK_H
#define OT_UI_EXECLOCK_H

#include "cmds/cmd.h"

#define OT_EXECLOCK_MS 1000

/** An expression begins. @return what ot_execlock_end() wants */
bool ot_execlock_begin(struct ot_shell *shell);
void ot_execlock_end(struct ot_shell *shell, bool was_begun);
/** Whether records have to wait. Says it when they have waited long enough. */
bool ot_execlock_holds(struct ot_shell *shell);

#endif
