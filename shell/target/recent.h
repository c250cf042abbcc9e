/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Pages that were read a moment ago. What pointers of a long array lead to lies close together, and a
 * request for each would keep the program's processor busy; a page takes no longer than a byte of it.
 */
#ifndef OT_TARGET_RECENT_H
#define OT_TARGET_RECENT_H

#include "target/impl.h"

#define OT_RECENT_PAGE_BYTES 4096u

struct ot_recent;

struct ot_recent *ot_recent_create(void);
void ot_recent_destroy(struct ot_recent *recent);

/** Reads at most OT_RECENT_PAGE_BYTES bytes, of pages that it has or through the target. */
struct ot_err *ot_recent_read(struct ot_recent *recent, struct ot_target *target,
			      struct ot_target_span *span);

#endif
