/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/message.h"

#define SEND_PATIENCE_MS 10000
#define REPLY_FIRST_BYTES (16u * 1024u)
#define PAYLOAD_FIRST_BYTES 4096u

/*
 * Small messages have their room here. Pages that come and go with each would take the lock of the
 * program's memory, and interrupt all of its threads that run, as a shell may ask thousands of times.
 */
struct room {
	uint32_t taken;
	uint8_t *bytes;
	uint32_t nr_bytes;
};

static uint8_t reply_bytes[REPLY_FIRST_BYTES] __attribute__((aligned(4096)));
static uint8_t payload_bytes[PAYLOAD_FIRST_BYTES] __attribute__((aligned(4096)));
static struct room reply_room = {0, reply_bytes, sizeof(reply_bytes)};
static struct room payload_room = {0, payload_bytes, sizeof(payload_bytes)};

/* Room for @bytes bytes, here unless another message has it. */
static uint8_t *take_room(struct room *room, uint64_t bytes)
{
	if (bytes > room->nr_bytes || __atomic_exchange_n(&room->taken, 1, __ATOMIC_ACQUIRE))
		return ot_pages_map(bytes);
	/* as new pages are */
	return ot_memset(room->bytes, 0, room->nr_bytes);
}

static void give_back(struct room *room, uint8_t *bytes, uint64_t nr_bytes)
{
	if (bytes == room->bytes)
		__atomic_store_n(&room->taken, 0, __ATOMIC_RELEASE);
	else
		ot_pages_unmap(bytes, nr_bytes);
}

static long receive(int fd, void *to, uint64_t bytes)
{
	return OT_SYS(SYS_recvfrom, fd, to, bytes, MSG_DONTWAIT, 0, 0);
}

static enum ot_inbox_result start_payload(struct ot_inbox *inbox)
{
	if (inbox->head.size_bytes < sizeof(inbox->head) ||
	    inbox->head.size_bytes > OTRACE_MSG_MAX_BYTES)
		return OT_INBOX_END;
	inbox->payload_bytes = inbox->head.size_bytes - sizeof(inbox->head);
	inbox->got_bytes = 0;
	if (!inbox->payload_bytes)
		return OT_INBOX_MESSAGE;
	inbox->payload = take_room(&payload_room, inbox->payload_bytes);
	return inbox->payload ? OT_INBOX_MORE : OT_INBOX_END;
}

static enum ot_inbox_result read_head(struct ot_inbox *inbox, int fd)
{
	long got = receive(fd, (char *)&inbox->head + inbox->head_bytes,
			   sizeof(inbox->head) - inbox->head_bytes);

	if (got == -EAGAIN || got == -EINTR)
		return OT_INBOX_MORE;
	if (got <= 0)
		return OT_INBOX_END;
	inbox->head_bytes += (uint32_t)got;
	if (inbox->head_bytes < sizeof(inbox->head))
		return OT_INBOX_MORE;
	return start_payload(inbox);
}

enum ot_inbox_result ot_inbox_read(struct ot_inbox *inbox, int fd)
{
	long got;

	if (inbox->head_bytes < sizeof(inbox->head)) {
		enum ot_inbox_result result = read_head(inbox, fd);

		if (result || inbox->head_bytes < sizeof(inbox->head))
			return result;
	}
	got = receive(fd, inbox->payload + inbox->got_bytes,
		      inbox->payload_bytes - inbox->got_bytes);
	if (got == -EAGAIN || got == -EINTR)
		return OT_INBOX_MORE;
	if (got <= 0)
		return OT_INBOX_END;
	inbox->got_bytes += (uint64_t)got;
	return inbox->got_bytes == inbox->payload_bytes ? OT_INBOX_MESSAGE : OT_INBOX_MORE;
}

void ot_inbox_next(struct ot_inbox *inbox)
{
	give_back(&payload_room, inbox->payload, inbox->payload_bytes);
	*inbox = (struct ot_inbox){.payload = NULL};
}

void ot_reply_init(struct ot_reply *reply)
{
	*reply = (struct ot_reply){.fd = -1};
	if (ot_reply_room(reply, sizeof(struct otrace_msg)))
		ot_memset(reply->bytes, 0, sizeof(struct otrace_msg));
}

void ot_reply_deinit(struct ot_reply *reply)
{
	give_back(&reply_room, reply->bytes, reply->size_bytes);
	reply->bytes = NULL;
}

static bool grow(struct ot_reply *reply, uint64_t bytes)
{
	uint64_t size = reply->size_bytes ? reply->size_bytes : REPLY_FIRST_BYTES;
	uint8_t *larger;

	while (size < bytes)
		size *= 2;
	larger = take_room(&reply_room, size);
	if (!larger)
		return false;
	ot_memcpy(larger, reply->bytes, reply->used_bytes);
	give_back(&reply_room, reply->bytes, reply->size_bytes);
	reply->bytes = larger;
	reply->size_bytes = size;
	return true;
}

void *ot_reply_room(struct ot_reply *reply, uint64_t bytes)
{
	uint64_t needed = reply->used_bytes + bytes;

	if (reply->failed || bytes > OTRACE_MSG_MAX_BYTES || needed > OTRACE_MSG_MAX_BYTES ||
	    (needed > reply->size_bytes && !grow(reply, needed))) {
		reply->failed = true;
		return NULL;
	}
	reply->used_bytes = needed;
	return reply->bytes + needed - bytes;
}

void ot_reply_add(struct ot_reply *reply, const void *from, uint64_t bytes)
{
	void *to = ot_reply_room(reply, bytes);

	if (to)
		ot_memcpy(to, from, bytes);
}

void ot_reply_pad(struct ot_reply *reply)
{
	uint64_t zero = 0;

	ot_reply_add(reply, &zero, OT_ROUND_UP(reply->used_bytes, 8) - reply->used_bytes);
}

void ot_reply_error(struct ot_reply *reply, int status, const char *text)
{
	reply->failed = false;
	reply->used_bytes = sizeof(struct otrace_msg);
	reply->status = (uint16_t)status;
	if (text)
		ot_reply_add(reply, text, ot_strlen(text));
}

static long send_part(struct ot_reply *reply, int fd, uint64_t sent)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct iovec part = {reply->bytes + sent, reply->used_bytes - sent};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (!sent && reply->fd >= 0) {
		struct cmsghdr *head = &control.align;

		head->cmsg_len = CMSG_LEN(sizeof(int));
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		*(int *)CMSG_DATA(head) = reply->fd;
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
	}
	return OT_SYS(SYS_sendmsg, fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0, 0);
}

bool ot_reply_send(struct ot_reply *reply, int fd, uint16_t type, uint32_t request)
{
	struct otrace_msg *head;
	uint64_t sent = 0;

	if (reply->failed)
		ot_reply_error(reply, OTRACE_E_TOO_MANY, "the answer is larger than a message");
	head = (void *)reply->bytes;
	if (!head)
		return false;
	*head = (struct otrace_msg){(uint32_t)reply->used_bytes, type, reply->status, request, 0};
	while (sent < reply->used_bytes) {
		struct pollfd poll = {.fd = fd, .events = POLLOUT};
		long done = send_part(reply, fd, sent);

		if (done > 0)
			sent += (uint64_t)done;
		else if (done == -EAGAIN && ot_sys_poll(&poll, 1, SEND_PATIENCE_MS) == 1)
			continue;
		else if (done != -EINTR)
			return false;
	}
	return true;
}
