/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A terminal of our own on another process's. otrace_set_trace() stops one thread of a program; the others go
 * on, and may read their terminal and set its modes. If the shell took the foreground, that would stop
 * the program; if it used the same terminal in the program's group, Ctrl-C would be the program's. So
 * it gets a pseudo-terminal with a session of its own, and a process in the program's group carries the bytes.
 * What both read at once goes to one of them, as with any two readers.
 */
#ifndef OT_UI_RELAY_H
#define OT_UI_RELAY_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * Standard input and output are the terminal of @p host; with the end of that all is over. False: go on, they
 * are our own now (where no pseudo-terminal is to be had, the other's, and we are in its foreground). True: we
 * were the one that carries, it is over, and @p status_ret is what to exit with.
 */
bool ot_relay_terminal(pid_t host, int *status_ret);

#endif
