/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Descriptors that stay open from line to line. Inside a program they lie in its table: it may close them and
 * open files of its own under the same numbers, and a child that it forks may do so before it asks for
 * anything. So what is closed here is what was taken, or nothing.
 */
#ifndef OT_BASE_OWNFD_H
#define OT_BASE_OWNFD_H

#include <stdbool.h>

/** Takes @p fd, which has O_CLOEXEC. Returns it; -1 when it is none, or closed as there are too many already. */
int ot_ownfd_take(int fd);

/** Whether it is one that was taken, and still the same file. */
bool ot_ownfd_is(int fd);

/** Closes it, if it is one that was taken and not closed since. */
void ot_ownfd_close(int fd);

/** All of them: in a forked child, at once, whatever another thread was doing with them. Async-signal-safe. */
void ot_ownfd_close_all(void);

#endif
