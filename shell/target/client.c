/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/ownfd.h"
#include "target/client.h"

/* A program that was stopped answers nobody; the shell must not hang with it. */
#define REPLY_TIMEOUT_MS 15000
/* Who has not answered once is not waited for again as long. */
#define SILENT_TIMEOUT_MS 500
/* Ctrl-C is looked at this often, and only when the program takes longer than it needs. */
#define LOOK_MS 50
#define GRACE_MS 200

static bool (*is_interrupted)(void);

void ot_target_on_wait(bool (*interrupted)(void))
{
	is_interrupted = interrupted;
}

bool ot_target_is_interrupted(void)
{
	return is_interrupted && is_interrupted();
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t ot_client_deadline(unsigned int patience_ms)
{
	return now_ms() + patience_ms;
}

static struct ot_err *gone(void)
{
	return ot_err_new(OT_ERR_GONE, "the program has ended or closed the connection");
}

static void hang_up(struct ot_client *client)
{
	ot_ownfd_close(client->fd);
	client->fd = -1;
}

static struct ot_err *silence(struct ot_client *client, bool interrupted)
{
	client->silent = true;
	return ot_err_new(OT_ERR_SILENT,
			  "%sprocess %d does not answer; is it stopped? (kill -CONT %d)",
			  interrupted ? "interrupted: " : "", (int)client->peer_pid,
			  (int)client->peer_pid);
}

/* The deadline is a time and not a duration: signals and bytes that dribble do not move it. */
static struct ot_err *wait_for(struct ot_client *client, short events, uint64_t end_ms)
{
	struct pollfd p = {.fd = client->fd, .events = events};
	uint64_t begin = now_ms();

	for (;;) {
		uint64_t now = now_ms();
		uint64_t left = end_ms > now ? end_ms - now : 0;
		int n = poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS);

		if (n > 0 || (n < 0 && errno != EINTR))
			return NULL;
		now = now_ms();
		if (now - begin >= GRACE_MS && ot_target_is_interrupted())
			return silence(client, true);
		if (now >= end_ms)
			return silence(client, false);
	}
}

/* What was asked for may be done late, and we would not know: so it shall be undone at once. Whoever
 * finds that we have left switches everything of ours off. */
static void give_up(struct ot_client *client, struct ot_err *err)
{
	char *what = ot_asprintf("%s; detached: what was switched on goes off when it goes on",
				 err->what);

	hang_up(client);
	client->given_up = true;
	free(err->what);
	err->what = what;
}

/* ------------------------------------------------------------------ opening */

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

/* A stopped program accepts nobody, and its queue fills up; a wait in connect() could not be ended. */
static struct ot_err *connect_to(struct ot_client *client, const struct sockaddr_un *where,
				 uint64_t end_ms)
{
	while (connect(client->fd, (const struct sockaddr *)where, sizeof(*where))) {
		if (errno != EAGAIN && errno != EINTR)
			return ot_err_errno("cannot connect to %s", where->sun_path);
		if (now_ms() >= end_ms || ot_target_is_interrupted())
			return ot_err_new(OT_ERR_SILENT,
					  "nobody answers at %s; is the process stopped?",
					  where->sun_path);
		poll(NULL, 0, LOOK_MS);
	}
	return check_peer(client);
}

struct ot_err *ot_client_open_within(struct ot_client *client, const char *socket_path,
				     uint64_t end_ms)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};
	struct ot_err *err;

	memset(client, 0, sizeof(*client));
	client->fd = client->received_fd = -1;
	if (strlen(socket_path) >= sizeof(where.sun_path))
		return ot_err_new(OT_ERR_SYSTEM, "socket path too long: %s", socket_path);
	memcpy(where.sun_path, socket_path, strlen(socket_path) + 1);
	client->fd = ot_ownfd_take(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (client->fd < 0)
		return ot_err_errno("cannot make a socket");
	err = connect_to(client, &where, end_ms);
	if (err)
		ot_client_deinit(client);
	return err;
}

struct ot_err *ot_client_open(struct ot_client *client, const char *socket_path)
{
	return ot_client_open_within(client, socket_path, ot_client_deadline(REPLY_TIMEOUT_MS));
}

void ot_client_deinit(struct ot_client *client)
{
	hang_up(client);
	ot_ownfd_close(client->received_fd);
	client->received_fd = -1;
	for (size_t i = 0; i < OT_NR(client->calls); i++)
		ot_target_done_deinit(&client->calls[i].end);
	ot_buf_deinit(&client->in);
}

static void take_fds(struct ot_client *client, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		ot_ownfd_close(client->received_fd);
		memcpy(&client->received_fd, CMSG_DATA(c), sizeof(int));
		client->received_fd = ot_ownfd_take(client->received_fd);
	}
}

/* ------------------------------------------------------------------ receiving */

/* Receives once. Returns false when the other end is gone. */
static bool receive(struct ot_client *client)
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
	got = recvmsg(client->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	if (got == 0)
		return false;
	take_fds(client, &msg);
	client->silent = false;
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

static struct ot_client_call *find_call(struct ot_client *client, uint32_t request)
{
	for (size_t i = 0; i < OT_NR(client->calls); i++)
		if (client->calls[i].request == request)
			return &client->calls[i];
	return NULL;
}

bool ot_client_expect(struct ot_client *client, uint32_t request)
{
	struct ot_client_call *call = find_call(client, 0);

	if (call)
		*call = (struct ot_client_call){.request = request};
	return call != NULL;
}

bool ot_client_take_done(struct ot_client *client, uint32_t request, struct ot_target_done *ret)
{
	struct ot_client_call *call = request ? find_call(client, request) : NULL;

	if (!call || (ret && !call->done))
		return false;
	if (ret)
		*ret = call->end;
	else
		ot_target_done_deinit(&call->end);
	*call = (struct ot_client_call){0};
	return true;
}

/* A result that nobody waits for any more ends here. */
static void file_call_done(struct ot_client *client, const struct otrace_call_done *done,
			   size_t bytes)
{
	struct ot_client_call *call;
	const void *result;

	if (bytes < sizeof(*done))
		return;
	call = done->request ? find_call(client, done->request) : NULL;
	result = done->return_bytes > sizeof(done->value) ? (const void *)(done + 1) : done->value;
	if (!call || call->done ||
	    (result != done->value && bytes - sizeof(*done) < done->return_bytes))
		return;
	call->done = true;
	call->end = (struct ot_target_done){.status = done->status, .nr_bytes = done->return_bytes};
	call->end.bytes = (uint8_t *)ot_strndup(result, done->return_bytes);
	client->call_done_event = true;
}

static void file_event(struct ot_client *client, const struct otrace_msg *msg)
{
	size_t bytes = msg->size_bytes - sizeof(*msg);

	if (msg->type == OTRACE_EVENT_MODULES)
		client->modules_event = true;
	if (msg->type == OTRACE_EVENT_ENDING)
		client->ending_event = true;
	if (msg->type == OTRACE_EVENT_CALL_DONE)
		file_call_done(client, (const void *)(msg + 1), bytes);
	/* Events of later versions mean nothing to us. */
}

bool ot_client_poll(struct ot_client *client)
{
	const struct otrace_msg *msg;
	bool damaged;

	if (client->fd < 0)
		return false;
	if (!receive(client)) {
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

/* ------------------------------------------------------------------ asking */

/* The head and what follows go together: each send wakes the program. */
static struct ot_err *send_all(struct ot_client *client, const struct otrace_msg *head,
			       const void *payload, size_t bytes, uint64_t end_ms)
{
	struct iovec parts[] = {{(void *)head, sizeof(*head)}, {(void *)payload, bytes}};
	struct msghdr msg = {.msg_iov = parts, .msg_iovlen = OT_NR(parts)};

	while (msg.msg_iovlen) {
		ssize_t n = sendmsg(client->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			OT_TRY(wait_for(client, POLLOUT, end_ms));
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return gone();
		while (msg.msg_iovlen && (size_t)n >= msg.msg_iov->iov_len) {
			n -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + n;
			msg.msg_iov->iov_len -= (size_t)n;
		}
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

struct ot_err *ot_client_send(struct ot_client *client, enum otrace_msg_type type,
			      const void *payload, size_t bytes, uint64_t end_ms)
{
	struct otrace_msg msg = {.size_bytes = (uint32_t)(sizeof(msg) + bytes),
				 .type = (uint16_t)type,
				 .request = ++client->last_request};
	struct ot_err *err;

	if (client->fd < 0)
		return gone();
	if (bytes > OTRACE_MSG_MAX_BYTES - sizeof(msg))
		return ot_err_new(OT_ERR_OTHER, "request too large (%zu bytes)", bytes);
	err = send_all(client, &msg, payload, bytes, end_ms);
	/* The next request would be read as the rest of this one. */
	if (err && err->code == OT_ERR_SILENT)
		give_up(client, err);
	return err;
}

struct ot_err *ot_client_await(struct ot_client *client, uint64_t end_ms, struct ot_buf *reply,
			       int *status_ret)
{
	for (;;) {
		bool damaged;
		const struct otrace_msg *msg = first_message(client, &damaged);

		if (damaged) {
			hang_up(client);
			return ot_err_new(OT_ERR_DAMAGED, "the runtime sent a damaged message");
		}
		if (!msg) {
			OT_TRY(wait_for(client, POLLIN, end_ms));
			if (!receive(client)) {
				hang_up(client);
				return gone();
			}
			continue;
		}
		if (msg->request == client->last_request && msg->type & OTRACE_MSG_REPLY) {
			*status_ret = msg->status;
			ot_buf_reset(reply);
			ot_buf_add(reply, msg + 1, msg->size_bytes - sizeof(*msg));
			drop_message(client);
			return NULL;
		}
		/* Replies to requests that were given up end here, too. */
		file_event(client, msg);
		drop_message(client);
	}
}

/* Carried out late they change nothing, so the connection can stay. */
static bool only_looks(enum otrace_msg_type type)
{
	return type == OTRACE_MSG_HELLO || type == OTRACE_MSG_MODULES || type == OTRACE_MSG_READ ||
	       type == OTRACE_MSG_STATUS || type == OTRACE_MSG_THREADS || type == OTRACE_MSG_TLS ||
	       type == OTRACE_MSG_END || type == OTRACE_MSG_ACCESS;
}

struct ot_err *ot_client_ask(struct ot_client *client, enum otrace_msg_type type,
			     const void *payload, size_t bytes, struct ot_buf *reply,
			     int *status_ret)
{
	uint64_t end_ms = ot_client_deadline(client->silent ? SILENT_TIMEOUT_MS : REPLY_TIMEOUT_MS);
	ot_auto_buf struct ot_buf own = OT_BUF_INIT;
	struct ot_err *err;
	int status = 0;

	if (!reply)
		reply = &own;
	OT_TRY(ot_client_send(client, type, payload, bytes, end_ms));
	err = ot_client_await(client, end_ms, reply, &status);
	if (err && err->code == OT_ERR_SILENT && !only_looks(type))
		give_up(client, err);
	if (err)
		return err;
	if (status_ret)
		*status_ret = status;
	else if (status)
		return ot_client_refusal(status, reply);
	return NULL;
}
