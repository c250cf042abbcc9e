/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The oshell thread: one thread, one client at a time, one poll loop.
 */
#ifndef OT_CORE_SERVER_H
#define OT_CORE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sockpath.h"

/** Opens the socket and starts the thread. Returns an enum otrace_error. Idempotent. */
int ot_server_start(const struct ot_socket_env *env);
/** Whether a shell is attached. */
bool ot_server_has_client(void);
/** Whether that shell asked to be told before the program ends; false in a forked child. */
bool ot_server_client_wants_ending(void);
/** Makes the thread look around: a call is done, or an assertion failed. From any thread. */
void ot_server_wake(void);
/** At exit: removes the socket's name. */
void ot_server_remove_socket(void);
/** In a forked child: closes what is the parent's. */
void ot_server_forget(void);

#endif
