/* SPDX-License-Identifier: BSD-2-Clause */
/** Messages on the socket: cutting the stream into requests, putting replies together. */
#ifndef OT_CORE_MESSAGE_H
#define OT_CORE_MESSAGE_H

#include <stdbool.h>
#include <otrace/wire.h>

/* What has been received of the current message. */
struct ot_inbox {
	struct otrace_msg head;
	uint32_t head_bytes;	/* received of it */
	uint8_t *payload;	/* mapped, NULL when there is none */
	uint64_t payload_bytes; /* as the head says */
	uint64_t got_bytes;
};

enum ot_inbox_result {
	OT_INBOX_MORE = 0, /* not whole yet */
	OT_INBOX_MESSAGE = 1,
	OT_INBOX_END = -1 /* closed, or not our protocol */
};

/** Reads what is there without waiting. After OT_INBOX_MESSAGE call ot_inbox_next(). */
enum ot_inbox_result ot_inbox_read(struct ot_inbox *inbox, int fd);
/** Forgets the message. */
void ot_inbox_next(struct ot_inbox *inbox);

/* A reply under construction. */
struct ot_reply {
	uint8_t *bytes; /* mapped; starts with struct otrace_msg */
	uint64_t size_bytes;
	uint64_t used_bytes;
	uint16_t status;
	int fd;	     /* to pass along, -1 = none */
	bool failed; /* no memory for it */
};

void ot_reply_init(struct ot_reply *reply);
void ot_reply_deinit(struct ot_reply *reply);
/** Room for bytes more, or NULL (the reply is marked failed). */
void *ot_reply_room(struct ot_reply *reply, uint64_t bytes);
void ot_reply_add(struct ot_reply *reply, const void *from, uint64_t bytes);
/** Adds zeroes up to a multiple of 8. */
void ot_reply_pad(struct ot_reply *reply);
/** Throws away what was added, and says why. text may be NULL. */
void ot_reply_error(struct ot_reply *reply, int status, const char *text);
/** Sends it; waits for a slow client, but not for ever. False when the client is gone. */
bool ot_reply_send(struct ot_reply *reply, int fd, uint16_t type, uint32_t request);

#endif
