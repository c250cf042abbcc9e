/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "target/client.h"

/* A program that was stopped answers nobody; the shell must not hang with it. */
#define REPLY_TIMEOUT_MS 15000

static struct ot_err *gone(void)
{
	return ot_err_new(OT_ERR_GONE, "the program has ended or closed the connection");
}

static void hang_up(struct ot_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static struct ot_err *check_peer(struct ot_client *client)
{
	struct ucred cred;
	socklen_t bytes = sizeof(cred);

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &cred, &bytes))
		return ot_err_errno("cannot learn who is behind the socket");
	client->peer_pid = cred.pid;
	/* A socket that another user put there could feed us anything. */
	if (cred.uid != geteuid() && geteuid() != 0)
		return ot_err_new(OT_ERR_SYSTEM, "process %d belongs to another user (uid %u)",
				  (int)cred.pid, (unsigned int)cred.uid);
	return NULL;
}

struct ot_err *ot_client_open(struct ot_client *client, const char *socket_path)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};
	struct ot_err *err;

	memset(client, 0, sizeof(*client));
	client->fd = client->received_fd = -1;
	if (strlen(socket_path) >= sizeof(where.sun_path))
		return ot_err_new(OT_ERR_SYSTEM, "socket path too long: %s", socket_path);
	memcpy(where.sun_path, socket_path, strlen(socket_path) + 1);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return ot_err_errno("cannot make a socket");
	if (connect(client->fd, (struct sockaddr *)&where, sizeof(where)))
		err = ot_err_errno("cannot connect to %s", socket_path);
	else
		err = check_peer(client);
	if (err)
		ot_client_deinit(client);
	return err;
}

void ot_client_deinit(struct ot_client *client)
{
	hang_up(client);
	if (client->received_fd >= 0)
		close(client->received_fd);
	client->received_fd = -1;
	ot_buf_deinit(&client->in);
}

static void take_fds(struct ot_client *client, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		if (client->received_fd >= 0)
			close(client->received_fd);
		memcpy(&client->received_fd, CMSG_DATA(c), sizeof(int));
	}
}

/* Receives once. Returns false when the other end is gone. */
static bool receive(struct ot_client *client, int flags)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t got;

	ot_buf_reserve(&client->in, 64 * 1024);
	iov.iov_base = client->in.data + client->in.len;
	iov.iov_len = client->in.cap - client->in.len - 1;
	got = recvmsg(client->fd, &msg, flags | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	if (got == 0)
		return false;
	take_fds(client, &msg);
	client->in.len += (size_t)got;
	client->in.data[client->in.len] = '\0';
	return true;
}

/* The first whole message received, or NULL. */
static const struct otrace_msg *first_message(const struct ot_client *client, bool *damaged)
{
	const struct otrace_msg *msg = (const void *)client->in.data;

	*damaged = false;
	if (client->in.len < sizeof(*msg))
		return NULL;
	*damaged = msg->size_bytes < sizeof(*msg) || msg->size_bytes > OTRACE_MSG_MAX_BYTES;
	return !*damaged && client->in.len >= msg->size_bytes ? msg : NULL;
}

static void drop_message(struct ot_client *client)
{
	const struct otrace_msg *msg = (const void *)client->in.data;
	size_t bytes = msg->size_bytes;

	memmove(client->in.data, client->in.data + bytes, client->in.len - bytes);
	ot_buf_truncate(&client->in, client->in.len - bytes);
}

static void file_event(struct ot_client *client, const struct otrace_msg *msg)
{
	size_t bytes = msg->size_bytes - sizeof(*msg);

	if (msg->type == OTRACE_EVENT_MODULES)
		client->modules_event = true;
	if (msg->type == OTRACE_EVENT_ENDING)
		client->ending_event = true;
	if (msg->type == OTRACE_EVENT_CALL_DONE && bytes >= sizeof(client->call_done)) {
		memcpy(&client->call_done, msg + 1, sizeof(client->call_done));
		client->call_done_event = true;
	}
	/* Events of later versions mean nothing to us. */
}

bool ot_client_poll(struct ot_client *client)
{
	const struct otrace_msg *msg;
	bool damaged;

	if (client->fd < 0)
		return false;
	if (!receive(client, MSG_DONTWAIT)) {
		hang_up(client);
		return false;
	}
	/* Nobody waits for a reply here: one that comes is late and belongs to a request given up. */
	while ((msg = first_message(client, &damaged))) {
		file_event(client, msg);
		drop_message(client);
	}
	if (damaged)
		hang_up(client);
	return client->fd >= 0;
}

static struct ot_err *wait_readable(const struct ot_client *client)
{
	struct pollfd p = {.fd = client->fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, REPLY_TIMEOUT_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return ot_err_new(OT_ERR_GONE,
				  "process %d does not answer; is it stopped? (kill -CONT %d)",
				  (int)client->peer_pid, (int)client->peer_pid);
	return NULL;
}

static struct ot_err *send_all(struct ot_client *client, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes) {
		ssize_t n = send(client->fd, at, bytes, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return gone();
		at += n;
		bytes -= (size_t)n;
	}
	return NULL;
}

struct ot_err *ot_client_refusal(int status, const struct ot_buf *text)
{
	enum ot_err_code code = OT_ERR_OTHER;
	const char *name = ot_target_error_text(status);

	if (status == OTRACE_E_FAULT)
		code = OT_ERR_FAULT;
	if (status == OTRACE_E_SAFE)
		code = OT_ERR_SAFE;
	if (status == OTRACE_E_VERSION)
		code = OT_ERR_VERSION;
	if (text && text->len)
		return ot_err_new(code, "%s: %s", name, ot_buf_text(text));
	return ot_err_new(code, "%s", name);
}

/* Waits for the reply to @request, filing events on the way. */
static struct ot_err *await_reply(struct ot_client *client, struct ot_buf *reply, int *status)
{
	for (;;) {
		bool damaged;
		const struct otrace_msg *msg = first_message(client, &damaged);

		if (damaged) {
			hang_up(client);
			return ot_err_new(OT_ERR_DAMAGED, "the runtime sent a damaged message");
		}
		if (!msg) {
			OT_TRY(wait_readable(client));
			if (!receive(client, 0)) {
				hang_up(client);
				return gone();
			}
			continue;
		}
		if (msg->request == client->last_request && msg->type & OTRACE_MSG_REPLY) {
			*status = msg->status;
			ot_buf_reset(reply);
			ot_buf_add(reply, msg + 1, msg->size_bytes - sizeof(*msg));
			drop_message(client);
			return NULL;
		}
		file_event(client, msg);
		drop_message(client);
	}
}

struct ot_err *ot_client_ask(struct ot_client *client, enum otrace_msg_type type,
			     const void *payload, size_t bytes, struct ot_buf *reply,
			     int *status_ret)
{
	struct otrace_msg msg = {.size_bytes = (uint32_t)(sizeof(msg) + bytes),
				 .type = (uint16_t)type,
				 .request = ++client->last_request};
	ot_auto_buf struct ot_buf own = OT_BUF_INIT;
	int status = 0;

	if (!reply)
		reply = &own;
	if (client->fd < 0)
		return gone();
	if (bytes > OTRACE_MSG_MAX_BYTES - sizeof(msg))
		return ot_err_new(OT_ERR_OTHER, "request too large (%zu bytes)", bytes);
	OT_TRY(send_all(client, &msg, sizeof(msg)));
	OT_TRY(send_all(client, payload, bytes));
	OT_TRY(await_reply(client, reply, &status));
	if (status_ret)
		*status_ret = status;
	else if (status)
		return ot_client_refusal(status, reply);
	return NULL;
}
