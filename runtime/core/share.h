/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A thread's share: what copies that nobody asked for by number (`trace f`) may take of it, 5 % of its time and 10 MB/s.
 * Both are saved up for a tenth of a second at most. One copy may overdraw it; the next waits until that is paid back.
 */
#ifndef OT_CORE_SHARE_H
#define OT_CORE_SHARE_H

#include "core/thread.h"

#define OT_SHARE_TIME_PERCENT 5
#define OT_SHARE_BYTES_PER_SECOND 10000000
#define OT_SHARE_SAVED_NS 100000000

/** Whether some of it is left now. */
bool ot_share_is_left(struct ot_share *share, uint64_t now_tsc);
/** What a copy took. */
void ot_share_spend(struct ot_share *share, uint64_t ticks, uint64_t bytes);

#endif
