/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A copy of a process's writable memory, taken while it ends, so that its variables can be looked at
 * afterwards: data of the modules first, then the heap, then the rest, up to a limit.
 */
#ifndef OT_TARGET_KEPT_H
#define OT_TARGET_KEPT_H

#include "target/target.h"

struct ot_kept;

/** Copies through ot_target_readv(). What cannot be read or is too much is left out. */
struct ot_kept *ot_kept_create(struct ot_target *target);
void ot_kept_destroy(struct ot_kept *kept);

/** Fills in what is there; a piece that is not kept (whole) has a short got. */
void ot_kept_readv(const struct ot_kept *kept, struct ot_target_span *spans, size_t nr);

#endif
