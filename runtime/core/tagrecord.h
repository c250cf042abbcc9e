/* SPDX-License-Identifier: BSD-2-Clause */
/** Tells the shell about tags: records in the ring of the thread that did it. */
#ifndef OT_CORE_TAGRECORD_H
#define OT_CORE_TAGRECORD_H

#include "core/tagtable.h"

struct ot_thread;

/** In a hook that has the thread. */
void ot_tag_record_set(struct ot_thread *thread, const struct ot_tag *tag, uint32_t replaced);
/** The same: a tag has ended because there was no room for what came in its place. */
void ot_tag_record_lost(struct ot_thread *thread, const struct ot_tag_hit *hit);
/** In any thread of the program's, outside of hooks. @param why enum otrace_tag_end */
void ot_tag_record_died(const struct ot_tag_hit *hit, uint32_t why);
void ot_tag_record_moved(const struct ot_tag_hit *hit, uint64_t address, uint64_t bytes);

#endif
