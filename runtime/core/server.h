/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The oshell thread: one thread, one client at a time, one poll loop.
 *
 * Its descriptors are in a table of its own (base/fds.h), so no other thread can wake it by one. It
 * looks around by itself: often while something is on its way that somebody waits for.
 */
#ifndef OT_CORE_SERVER_H
#define OT_CORE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sockpath.h"

struct ot_server_wish {
	const struct ot_socket_env *env;
	uint64_t area_bytes; /* 0 = the default, as in area.h */
	uint64_t ring_bytes;
};

/**
 * Starts the thread, which makes the trace area and opens the socket; waits until it has. Says why
 * not. Returns an enum otrace_error. Idempotent.
 */
int ot_server_start(const struct ot_server_wish *wish);
/** Whether a shell is attached. */
bool ot_server_has_client(void);
/** How many shells were attached so far. */
uint32_t ot_server_nr_clients(void);
/** Path of the socket; "" = there is none of this process. */
const char *ot_server_path(void);
/** Whether that shell asked to be told before the program ends; false in a forked child. */
bool ot_server_client_wants_ending(void);
/** At exit: removes the socket's name. */
void ot_server_remove_socket(void);
/** In a forked child: forgets what is the parent's. */
void ot_server_forget(void);

#endif
