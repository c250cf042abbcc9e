/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Lines sent to a log server: `set log_remote`. Nobody waits for the network: what the system does not take at
 * once is kept, up to a limit, and what does not fit is counted. A connection that breaks is made again.
 */
#ifndef OT_UI_REMOTE_H
#define OT_UI_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct ot_remote;

#define OT_REMOTE_PORT "9020"

/**
 * Looks the name up, which may take as long as the system's resolver does, and begins to connect.
 * @param address "[tcp:|udp:]HOST[:PORT]", an IPv6 address in brackets
 */
struct ot_err *ot_remote_create(const char *address, struct ot_remote **ret);
/** What is still there is lost: ot_remote_finish() first. NULL is fine. */
void ot_remote_destroy(struct ot_remote *remote);

const char *ot_remote_address(const struct ot_remote *remote);

/** Takes one line, with its newline. */
void ot_remote_add(struct ot_remote *remote, const char *line, size_t bytes);
/** Sends what can be sent at once, and makes connections. */
void ot_remote_pump(struct ot_remote *remote);
/** When ot_remote_pump() has something to do again; @p wait_ms at most, < 0 = for ever. */
int ot_remote_pause_ms(const struct ot_remote *remote, int wait_ms);
/** Adds what the user should know and was not told yet, a line without newline. @return whether there was something */
bool ot_remote_news(struct ot_remote *remote, struct ot_buf *out);
/** Sends what is left, for @p ms at most. @return how many lines were lost, and not told by ot_remote_news() */
uint64_t ot_remote_finish(struct ot_remote *remote, unsigned int ms);

#endif
