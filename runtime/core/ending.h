/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The end of a program that the shell started: exit() waits a moment, so that the shell can keep what
 * its variables hold.
 */
#ifndef OT_CORE_ENDING_H
#define OT_CORE_ENDING_H

#include <stdbool.h>

/** On the thread that runs exit(): waits until the shell has what it wants, is gone, or 3 s. */
void ot_ending_wait(void);
/** On the oshell thread: whether the event is due; true once. */
bool ot_ending_take_due(void);
/** From any thread: exit() goes on. */
void ot_ending_over(void);

#endif
