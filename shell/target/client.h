/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The client's end of the protocol in wire.h: one socket, requests answered in order, events put
 * aside while a reply is awaited.
 *
 * A program that does not answer is not waited for without end, and a wait can be interrupted. The
 * error is then OT_ERR_SILENT. A late answer to a question is passed over; a request that changes
 * something might be carried out late without our knowing, so its silence ends the connection, which
 * makes the program switch everything off.
 */
#ifndef OT_TARGET_CLIENT_H
#define OT_TARGET_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "target/target.h"

/** A call whose end is waited for, or has come. */
struct ot_client_call {
	uint32_t request; /* 0 = free */
	bool done;
	struct ot_target_done end;
};

#define OT_CLIENT_CALLS 4

struct ot_client {
	int fd; /* -1 once the other end is gone */
	pid_t peer_pid;
	uint32_t last_request;
	struct ot_buf in; /* bytes received and not yet used */
	int received_fd;  /* from SCM_RIGHTS, -1 if none */
	bool silent;	  /* it did not answer in time, and has sent nothing since */
	bool given_up;	  /* we have closed the connection because of that */
	bool modules_event;
	bool ending_event;
	bool call_done_event;
	struct ot_client_call calls[OT_CLIENT_CALLS];
};

/** Connects; refuses a peer of another user. */
struct ot_err *ot_client_open(struct ot_client *client, const char *socket_path);
struct ot_err *ot_client_open_within(struct ot_client *client, const char *socket_path,
				     uint64_t end_ms);
void ot_client_deinit(struct ot_client *client);

/**
 * Sends a request and waits for its reply.
 * @param reply      the payload, replaced; may be NULL
 * @param status_ret the server's status; with NULL a status other than 0 becomes an error
 */
struct ot_err *ot_client_ask(struct ot_client *client, enum otrace_msg_type type,
			     const void *payload, size_t bytes, struct ot_buf *reply,
			     int *status_ret);

/** The halves of it, for who asks several at once; a silence leaves the connection open. */
struct ot_err *ot_client_send(struct ot_client *client, enum otrace_msg_type type,
			      const void *payload, size_t bytes, uint64_t end_ms);
struct ot_err *ot_client_await(struct ot_client *client, uint64_t end_ms, struct ot_buf *reply,
			       int *status_ret);

/** The time @p patience_ms from now, for end_ms. */
uint64_t ot_client_deadline(unsigned int patience_ms);

/** The error for a reply with a status other than 0; @p text is its payload. */
struct ot_err *ot_client_refusal(int status, const struct ot_buf *text);

/** The end of the call with this request number is waited for. False: of too many already. */
bool ot_client_expect(struct ot_client *client, uint32_t request);
/** Whether it has come; then it is not waited for any more. With @p ret NULL it is not in any case. */
bool ot_client_take_done(struct ot_client *client, uint32_t request, struct ot_target_done *ret);

/** Takes what has arrived without waiting and files events. False when the other end is gone. */
bool ot_client_poll(struct ot_client *client);

#endif
