/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * For ui.c only: the line that says what takes so long. A timer writes it, so that whatever takes
 * long need not think of it; it is on the screen or not, and goes before anything else is printed.
 */
#ifndef OT_UI_PROGRESS_H
#define OT_UI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/** @param width of the terminal, 0 = not known */
void ot_progress_start(int fd, const char *what, unsigned int width);
/** @param total 0 = not known: the number done is shown as it is */
void ot_progress_set(uint64_t done, uint64_t total);
/** On: takes the line away, for something else is being printed. */
void ot_progress_pause(bool on);
void ot_progress_stop(void);

#endif
