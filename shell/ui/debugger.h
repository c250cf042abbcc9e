/* SPDX-License-Identifier: BSD-2-Clause */
/** Gives a thread that waits at a break to gdb, on this terminal. */
#ifndef OT_UI_DEBUGGER_H
#define OT_UI_DEBUGGER_H

#include <stdint.h>

struct ot_err;
struct ot_shell;

/**
 * Runs gdb to its end. It stands in that thread, in the function that came to the break, or its caller.
 * @param what said before
 * @return why not: no terminal, or no gdb; nothing was run then
 */
struct ot_err *ot_debugger_run(struct ot_shell *shell, uint32_t tid, const char *what);

#endif
