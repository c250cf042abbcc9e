/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The client's end of the protocol in wire.h: one socket, requests answered in order, events put
 * aside while a reply is awaited.
 */
#ifndef OT_TARGET_CLIENT_H
#define OT_TARGET_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "target/target.h"

struct ot_client {
	int fd; /* -1 once the other end is gone */
	pid_t peer_pid;
	uint32_t last_request;
	struct ot_buf in; /* bytes received and not yet used */
	int received_fd;  /* from SCM_RIGHTS, -1 if none */
	bool modules_event;
	bool ending_event;
	bool call_done_event;
	struct otrace_call_done call_done;
};

/** Connects; refuses a peer of another user. */
struct ot_err *ot_client_open(struct ot_client *client, const char *socket_path);
void ot_client_deinit(struct ot_client *client);

/**
 * Sends a request and waits for its reply.
 * @param reply      the payload, replaced; may be NULL
 * @param status_ret the server's status; with NULL a status other than 0 becomes an error
 */
struct ot_err *ot_client_ask(struct ot_client *client, enum otrace_msg_type type,
			     const void *payload, size_t bytes, struct ot_buf *reply,
			     int *status_ret);

/** The error for a reply with a status other than 0; @p text is its payload. */
struct ot_err *ot_client_refusal(int status, const struct ot_buf *text);

/** Takes what has arrived without waiting and files events. False when the other end is gone. */
bool ot_client_poll(struct ot_client *client);

#endif
