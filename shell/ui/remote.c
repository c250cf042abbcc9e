/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/ownfd.h"
#include "ui/remote.h"

#define QUEUE_BYTES (1u << 20)
#define CONNECT_MS 5000
#define FIRST_PAUSE_MS 250
#define LONGEST_PAUSE_MS 8000
#define BLOCKED_MS 20 /* how often a full socket is looked at */

enum state { WAITING, CONNECTING, CONNECTED };

struct ot_remote {
	char *address;
	bool datagrams;
	struct addrinfo *places, *place; /* all of the name's, the one that is tried or used */
	enum state state;
	int fd;		   /* -1 = WAITING */
	uint64_t until_ms; /* WAITING: when to try again; CONNECTING: when to give up */
	unsigned int pause_ms;
	pid_t owner;	     /* a forked child's copy sends nothing */
	struct ot_buf queue; /* whole lines from at on */
	size_t at, sent;     /* sent: of the first line */
	bool is_marked;	     /* the first line is our own about a loss */
	bool is_full;	     /* until the queue was empty: one gap, not many */
	uint64_t gap;	     /* lines lost since it was full, for the mark */
	uint64_t lost;	     /* of those the user was not told yet */
	int error;	     /* of the last attempt */
	bool fails, is_back; /* news: cannot be reached; can again */
	bool said_failure, said_full;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ addresses */

static struct ot_err *bad_address(const char *address)
{
	return ot_err_new(OT_ERR_USAGE,
			  "log_remote is HOST[:PORT] or udp:HOST[:PORT] (an IPv6 address in "
			  "brackets: [::1]:9020), not \"%s\"",
			  address);
}

static bool is_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && port && port < 65536;
}

/* @host_ret and @port_ret: free() them */
static bool cut_address(const char *at, char **host_ret, char **port_ret)
{
	const char *end = *at == '[' ? strchr(at, ']') : at + strcspn(at, ":");
	const char *port = end && *at == '[' ? end + 1 : end;

	if (*at == '[')
		at++;
	if (!end || end == at || (*port && (*port != ':' || !is_port(port + 1))))
		return false;
	*host_ret = ot_strndup(at, (size_t)(end - at));
	*port_ret = ot_strdup(*port ? port + 1 : OT_REMOTE_PORT);
	return true;
}

static struct ot_err *look_up(struct ot_remote *remote)
{
	const char *at = remote->address;
	ot_auto_free char *host = NULL, *port = NULL;
	struct addrinfo hints = {.ai_flags = AI_NUMERICSERV};
	int error;

	remote->datagrams = !strncmp(at, "udp:", 4);
	if (remote->datagrams || !strncmp(at, "tcp:", 4))
		at += 4;
	if (!cut_address(at, &host, &port))
		return bad_address(remote->address);
	hints.ai_socktype = remote->datagrams ? SOCK_DGRAM : SOCK_STREAM;
	error = getaddrinfo(host, port, &hints, &remote->places);
	if (error)
		return ot_err_new(OT_ERR_SYSTEM, "cannot find the host %s: %s", host,
				  error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
	return NULL;
}

/* ------------------------------------------------------------------ connections */

static void hang_up(struct ot_remote *remote)
{
	ot_ownfd_close(remote->fd);
	remote->fd = -1;
	remote->sent = 0; /* who gets half a line gets all of it again */
	remote->state = WAITING;
}

/* The next address of the host at once, all of them again after a while. */
static void fail(struct ot_remote *remote, int error)
{
	bool was_there = remote->state == CONNECTED;

	hang_up(remote);
	remote->error = error;
	remote->place = was_there || !remote->place ? NULL : remote->place->ai_next;
	if (remote->place) {
		remote->until_ms = 0;
		return;
	}
	if (!remote->said_failure)
		remote->fails = true;
	remote->until_ms = now_ms() + remote->pause_ms;
	remote->pause_ms =
		remote->pause_ms * 2 < LONGEST_PAUSE_MS ? remote->pause_ms * 2 : LONGEST_PAUSE_MS;
}

static void be_connected(struct ot_remote *remote)
{
	remote->state = CONNECTED;
	remote->pause_ms = FIRST_PAUSE_MS;
	if (remote->said_failure)
		remote->is_back = true;
	remote->fails = remote->said_failure = false;
}

static void start_connecting(struct ot_remote *remote)
{
	const struct addrinfo *place = remote->place =
		remote->place ? remote->place : remote->places;

	remote->fd = ot_ownfd_take(socket(place->ai_family,
					  place->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
					  place->ai_protocol));
	remote->state = CONNECTING;
	remote->until_ms = now_ms() + CONNECT_MS;
	if (remote->fd >= 0 && !connect(remote->fd, place->ai_addr, place->ai_addrlen))
		be_connected(remote);
	else if (remote->fd < 0 || errno != EINPROGRESS)
		fail(remote, errno);
}

static void look_whether_connected(struct ot_remote *remote)
{
	struct pollfd p = {.fd = remote->fd, .events = POLLOUT};
	socklen_t bytes = sizeof(int);
	int error = 0;

	if (poll(&p, 1, 0) <= 0) {
		if (now_ms() >= remote->until_ms)
			fail(remote, ETIMEDOUT);
		return;
	}
	if (getsockopt(remote->fd, SOL_SOCKET, SO_ERROR, &error, &bytes))
		error = errno;
	if (error)
		fail(remote, error);
	else
		be_connected(remote);
}

static void lose_datagram(struct ot_remote *remote, int error)
{
	remote->error = error;
	remote->lost++;
	if (!remote->said_failure)
		remote->fails = true;
}

/* A server that has gone takes what is sent first without a word; that it went can be read. */
static void look_whether_there(struct ot_remote *remote)
{
	char answers[512];
	ssize_t n;

	do
		n = recv(remote->fd, answers, sizeof(answers), MSG_DONTWAIT);
	while (n > 0);
	if (remote->datagrams && n < 0 && errno == ECONNREFUSED)
		lose_datagram(remote, errno);
	else if (!remote->datagrams && (!n || (errno != EAGAIN && errno != EINTR)))
		fail(remote, n ? errno : ECONNRESET);
}

/* ------------------------------------------------------------------ the queue */

static size_t nr_bytes(const struct ot_remote *remote)
{
	return remote->queue.len - remote->at;
}

static void put(struct ot_remote *remote, const char *line, size_t bytes)
{
	if (remote->at > QUEUE_BYTES) {
		memmove(remote->queue.data, remote->queue.data + remote->at, nr_bytes(remote));
		ot_buf_truncate(&remote->queue, nr_bytes(remote));
		remote->at = 0;
	}
	ot_buf_add(&remote->queue, line, bytes);
}

static void mark_gap(struct ot_remote *remote)
{
	bool is_one = remote->gap == 1;
	ot_auto_free char *mark = ot_asprintf("... %llu line%s of this log %s lost here\n",
					      (unsigned long long)remote->gap, is_one ? "" : "s",
					      is_one ? "was" : "were");

	remote->is_full = false;
	remote->gap = 0;
	remote->is_marked = true;
	put(remote, mark, strlen(mark));
}

void ot_remote_add(struct ot_remote *remote, const char *line, size_t bytes)
{
	if (remote->is_full || nr_bytes(remote) + bytes > QUEUE_BYTES) {
		remote->is_full = true;
		remote->gap++;
		remote->lost++;
		/* it is longer than all that is kept: nothing has to be sent before the next one fits */
		if (!nr_bytes(remote))
			mark_gap(remote);
		return;
	}
	put(remote, line, bytes);
}

/* Whole lines are gone from the queue; what of the next one has been sent stays until it is whole. */
static void take_off(struct ot_remote *remote, size_t bytes)
{
	const char *first = remote->queue.data + remote->at;
	const char *end = memrchr(first, '\n', remote->sent + bytes);
	size_t whole = end ? (size_t)(end + 1 - first) : 0;

	remote->sent = remote->sent + bytes - whole;
	remote->at += whole;
	if (whole)
		remote->is_marked = false;
	if (nr_bytes(remote))
		return;
	ot_buf_reset(&remote->queue);
	remote->at = 0;
	if (remote->is_full)
		mark_gap(remote);
}

/* A refusal that a datagram gets is told by the next one; that itself is sent again. */
static void datagram_failed(struct ot_remote *remote, int error, size_t bytes)
{
	if (error != ECONNREFUSED)
		take_off(remote, bytes);
	lose_datagram(remote, error);
}

static bool send_datagram(struct ot_remote *remote)
{
	const char *line = remote->queue.data + remote->at;
	size_t bytes = strcspn(line, "\n");
	ssize_t n = send(remote->fd, line, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
		return false;
	if (n < 0)
		datagram_failed(remote, errno, bytes + 1);
	else
		take_off(remote, bytes + 1);
	return true;
}

static bool send_some(struct ot_remote *remote)
{
	size_t from = remote->at + remote->sent;
	ssize_t n = send(remote->fd, remote->queue.data + from, remote->queue.len - from,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		take_off(remote, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail(remote, errno);
	return n > 0;
}

static void send_queue(struct ot_remote *remote)
{
	bool more = true;

	while (more && remote->state == CONNECTED && remote->fd >= 0 && nr_bytes(remote))
		more = remote->datagrams ? send_datagram(remote) : send_some(remote);
}

/* ------------------------------------------------------------------ outside */

void ot_remote_pump(struct ot_remote *remote)
{
	if (remote->owner != getpid())
		return;
	/* inside a program: it may have closed it, and have a file of its own there */
	if (remote->fd >= 0 && !ot_ownfd_is(remote->fd))
		fail(remote, EBADF);
	if (remote->state == CONNECTED && remote->fd >= 0)
		look_whether_there(remote);
	while (remote->state == WAITING && now_ms() >= remote->until_ms)
		start_connecting(remote);
	if (remote->state == CONNECTING)
		look_whether_connected(remote);
	send_queue(remote);
}

int ot_remote_pause_ms(const struct ot_remote *remote, int wait_ms)
{
	uint64_t now = now_ms();
	int pause = BLOCKED_MS;

	if (remote->state == CONNECTED && !nr_bytes(remote))
		return wait_ms;
	if (remote->state == WAITING)
		pause = remote->until_ms > now ? (int)(remote->until_ms - now) : 0;
	return wait_ms < 0 || wait_ms > pause ? pause : wait_ms;
}

static void add_lost(struct ot_remote *remote, struct ot_buf *out)
{
	if (remote->lost)
		ot_buf_addf(out, "; %llu lines were lost", (unsigned long long)remote->lost);
	remote->lost = 0;
}

bool ot_remote_news(struct ot_remote *remote, struct ot_buf *out)
{
	bool slow = remote->is_full && remote->state == CONNECTED;

	if (remote->fails) {
		remote->fails = false;
		remote->said_failure = true;
		ot_buf_addf(out, "log_remote %s: %s; %s", remote->address, strerror(remote->error),
			    remote->datagrams ? "lines are lost, and counted"
					      : "1 MiB of lines is kept, and it is tried again");
		return true;
	}
	if (remote->is_back) {
		remote->is_back = false;
		remote->said_full = remote->is_full; /* for that reason: told when it is over */
		ot_buf_addf(out, "log_remote %s: connected again", remote->address);
	} else if (slow && !remote->said_full) {
		remote->said_full = true;
		ot_buf_addf(out, "log_remote %s is too slow: lines are lost, and counted",
			    remote->address);
		return true;
	} else if (!remote->is_full && remote->said_full) {
		ot_buf_addf(out, "log_remote %s: what was kept is sent", remote->address);
	} else {
		return false;
	}
	if (!remote->is_full) {
		remote->said_full = false;
		add_lost(remote, out);
	}
	return true;
}

static uint64_t nr_left(const struct ot_remote *remote)
{
	uint64_t nr = 0;

	for (size_t i = remote->at; i < remote->queue.len; i++)
		nr += remote->queue.data[i] == '\n';
	return nr - (nr && remote->is_marked);
}

uint64_t ot_remote_finish(struct ot_remote *remote, unsigned int ms)
{
	uint64_t end = now_ms() + ms, lost;

	if (remote->owner != getpid())
		return 0;
	ot_remote_pump(remote);
	while (nr_bytes(remote) && now_ms() < end) {
		struct pollfd p = {.fd = remote->fd, .events = POLLOUT};

		/* nobody is there, and was not before: no reason to hope */
		if (remote->state == WAITING && remote->pause_ms > 2 * FIRST_PAUSE_MS)
			break;
		poll(&p, 1, remote->fd < 0 ? ot_remote_pause_ms(remote, BLOCKED_MS) : BLOCKED_MS);
		ot_remote_pump(remote);
	}
	lost = remote->lost + nr_left(remote);
	remote->lost = 0;
	ot_buf_reset(&remote->queue);
	remote->at = remote->sent = 0;
	return lost;
}

struct ot_err *ot_remote_create(const char *address, struct ot_remote **ret)
{
	struct ot_remote *remote = ot_alloc(sizeof(*remote));
	struct ot_err *err;

	remote->fd = -1;
	remote->owner = getpid();
	remote->pause_ms = FIRST_PAUSE_MS;
	remote->address = ot_strdup(address);
	err = look_up(remote);
	if (err) {
		ot_remote_destroy(remote);
		return err;
	}
	ot_remote_pump(remote);
	*ret = remote;
	return NULL;
}

void ot_remote_destroy(struct ot_remote *remote)
{
	if (!remote)
		return;
	hang_up(remote);
	if (remote->places)
		freeaddrinfo(remote->places);
	ot_buf_deinit(&remote->queue);
	free(remote->address);
	free(remote);
}

const char *ot_remote_address(const struct ot_remote *remote)
{
	return remote->address;
}
