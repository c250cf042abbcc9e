/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Event loops of the program, one for each thread that has said so (otrace/otrace.h), and how each is told to come
 * and see.
 *
 * The oshell thread has none of the program's descriptors, and what a program closes it uses again for something
 * else: so no descriptor is written to. A loop's own is a socket with a name that the kernel has made up, to which
 * the oshell thread sends. A queue is called by a thread that has the program's descriptors (call.h).
 */
#ifndef OT_CORE_LOOPS_H
#define OT_CORE_LOOPS_H

#include <stdbool.h>
#include <stdint.h>

#define OT_LOOPS_MAX 255u

/** That of the calling thread, a number that never comes again; 0 = it has none. */
uint32_t ot_loop_here(void);
/** The same; one that looks by itself is made. 0 = there is no room. */
uint32_t ot_loop_here_or_new(void);
bool ot_loop_is_there(uint32_t loop);

/** By the oshell thread: there is something to do. */
void ot_loop_wake(uint32_t loop);
/** By the loop: whether there has been since the last time. */
bool ot_loop_take_due(uint32_t loop);
/** By the loop's thread, before that: its descriptor is not readable any more, until it is woken again. */
void ot_loop_drain(void);

/** On the thread that has the program's descriptors: calls the queues of those that were woken. */
void ot_loops_post(void);
/** By the oshell thread: forgets the loops of threads that are gone. */
void ot_loops_sweep(void);
/** In a forked child. */
void ot_loops_forget(void);

#endif
