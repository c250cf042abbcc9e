/* SPDX-License-Identifier: BSD-2-Clause */
/** The process that the shell itself is loaded into, as a target. */
#ifndef OT_INPROC_TARGET_H
#define OT_INPROC_TARGET_H

#include "target/target.h"

/** Connects to the runtime of this process, and brings it to life. Unsafe operations are allowed. */
struct ot_err *ot_target_inproc_open(struct ot_target **ret);

/** The calling thread runs the shell: it never waits at a break, as nobody else could let it go on. */
void ot_target_inproc_spare(struct ot_target *target);

#endif
