/* SPDX-License-Identifier: BSD-2-Clause */
/** Tags: objects of the program that are followed from call to call, by address and extent. */
#ifndef OT_CORE_TAGS_H
#define OT_CORE_TAGS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * The number of the tag that covers an address, 0 = none; of several, one of those with the smallest extents. In
 * hooks, handlers of signals, any thread: no lock, no system call; 10 000 tags and six addresses cost 30 ns at most.
 */
uint32_t ot_tag_of(uint64_t address);
/** Whether a tag covers one of several addresses: the words that have a bit in mask, which is not 0. As ot_tag_of(). */
bool ot_tag_any(const void *words, uint32_t mask);

/**
 * Tags an object from a hook that has the thread, when a call of `trace -a tag` ends. Never waits: what finds no room
 * is counted. An object whose tag begins at the same address gets a new one in its place.
 *
 * @param bytes    its extent, by its type: the program's allocator is not asked
 * @param call_seq the call that did it
 * @param counter  the trace that wanted it
 * @param by       the session whose trace it is, or OT_TAG_KEPT; one that is over tags nothing any more
 */
void ot_tag_from_hook(uint64_t address, uint64_t bytes, uint64_t call_seq, uint32_t counter,
		      uint32_t by);
#define OT_TAG_KEPT 0u /* of a trace that stays when the shell goes */
/** The number of the session that there is, for rules that are loaded. Any thread. */
uint32_t ot_tags_session(void);

/**
 * Before the first tag, also before rules that tag are armed: memory, rings, the watch for free() and realloc(). Under
 * control, on the oshell thread. Idempotent.
 *
 * @return an enum otrace_error
 */
int ot_tags_prepare(void);
/** Now and then, on the oshell thread. */
void ot_tags_tick(void);
/** All tags die, and nothing is watched any more. On the oshell thread, not under control. */
void ot_tags_shell_gone(void);
/** In a forked child: there are no tags. */
void ot_tags_in_child(void);

#endif
