/* SPDX-License-Identifier: BSD-2-Clause */
/** Tags: objects of the program that are followed from call to call, by address and extent. */
#ifndef OT_CORE_TAGS_H
#define OT_CORE_TAGS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * The number of the tag that covers an address, 0 = none. In hooks: no lock, no system call; 10 000 tags and six
 * addresses cost 30 ns at most.
 */
uint32_t ot_tag_of(uint64_t address);

/**
 * Tags an object from a hook, when a call of `trace -a tag` ends.
 *
 * @param bytes    its extent by its type; the allocator's is taken when it knows a larger one
 * @param call_seq the call that did it
 * @param counter  the trace that wanted it
 */
void ot_tag_from_hook(uint64_t address, uint64_t bytes, uint64_t call_seq, uint32_t counter);

#endif
