/* SPDX-License-Identifier: BSD-2-Clause */
/** Control blocks of threads that never ran anything of ours. */
#ifndef OT_CORE_TCB_H
#define OT_CORE_TCB_H

#include <stdint.h>

/**
 * The thread pointer of a thread, looked for in the C library's lists of threads; 0 = not found. On a
 * thread that the C library has made. Nothing is locked and nothing is believed: each block has to
 * say of itself where it lies and whose it is.
 */
uint64_t ot_tcb_find(int tid);

#endif
