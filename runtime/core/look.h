/* SPDX-License-Identifier: BSD-2-Clause */
/** Reading the program's memory in a hook: directly where it is there for sure, else by a safe read. */
#ifndef OT_CORE_LOOK_H
#define OT_CORE_LOOK_H

#include <stdbool.h>
#include <otrace/abi.h>

/** Whether the bytes may be read as they are: the thread's own stack above the frame, the executable's constants. */
bool ot_look_is_plain(uint64_t from, uint64_t bytes, const struct otrace_frame *frame);
/** Whether this thread may read what may not be there, by ot_arch_fetch(). For the hook that runs. */
bool ot_look_is_fast(void);

#endif
