/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * fork() waits until no stub is being written. In the child everything is off: it shares no ring, no
 * socket and no thread with its parent. Its text is left as it is (writing it would copy pages):
 * stubs that are on go through their wrappers, which find nothing to do. Replaced functions stay
 * replaced.
 */
#ifndef OT_CORE_FORK_H
#define OT_CORE_FORK_H

/** As early as can be: the program's handlers run before ours at the start of fork(), and behind ours at its end. */
void ot_fork_init(void);

#endif
