/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server with event loops: holds FOLDER MODE [LOOPS]. Each loop is a thread that serves a socket FOLDER/N, N from 0 on.
 * A client sends a number in a line, and gets `answered NUMBER` or, were it by another thread than the loop's,
 * `astray NUMBER`. How a loop finds what it has put aside and may go on with is MODE:
 *
 *	fd	it watches a descriptor of otrace's
 *	queue	others may add to its queue, and wake it by a pipe
 *	poll	it looks in each turn
 *	none	not at all
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <otrace/otrace.h>

#define NR_CLIENTS 16
#define NR_QUEUED 64

struct client {
	int fd; /* -1 = nobody */
	int number;
	pthread_t loop;
};

struct queue {
	pthread_mutex_t lock;
	int pipe[2];
	struct {
		void (*fn)(void *arg);
		void *arg;
	} items[NR_QUEUED];
	int nr;
};

struct loop {
	int listen_fd;
	int hold_fd; /* otrace's, or the queue's */
	struct queue queue;
	struct client clients[NR_CLIENTS];
};

static const char *mode;

/* ------------------------------------------------------------------ requests */

static void answer(void *arg)
{
	struct client *client = arg;

	dprintf(client->fd, "%s %d\n",
		pthread_equal(client->loop, pthread_self()) ? "answered" : "astray",
		client->number);
}

__attribute__((noinline)) void handle(struct client *client, int number)
{
	client->number = number;
	if (!otrace_hold("parsed", answer, client))
		answer(client);
}

/* A client that has gone leaves nothing behind that answer() could be called for. */
static void drop(struct client *client)
{
	if (otrace_hold_cancel(client))
		printf("gone %d\n", client->number);
	close(client->fd);
	client->fd = -1;
}

static void read_from(struct client *client)
{
	char line[64];
	ssize_t bytes = read(client->fd, line, sizeof(line) - 1);

	if (bytes <= 0) {
		drop(client);
		return;
	}
	line[bytes] = 0;
	handle(client, atoi(line));
}

static void accept_one(struct loop *loop)
{
	int fd = accept(loop->listen_fd, NULL, NULL);

	for (int i = 0; i < NR_CLIENTS; i++) {
		if (loop->clients[i].fd >= 0)
			continue;
		loop->clients[i] = (struct client){.fd = fd, .loop = pthread_self()};
		return;
	}
	close(fd);
}

/* ------------------------------------------------------------------ the queue */

static void post(void (*fn)(void *arg), void *arg, void *priv)
{
	struct queue *queue = priv;

	pthread_mutex_lock(&queue->lock);
	if (queue->nr < NR_QUEUED) {
		queue->items[queue->nr].fn = fn;
		queue->items[queue->nr++].arg = arg;
	}
	pthread_mutex_unlock(&queue->lock);
	if (write(queue->pipe[1], "", 1) != 1)
		abort();
}

static void run_queue(struct queue *queue)
{
	char byte;

	if (read(queue->pipe[0], &byte, 1) != 1)
		abort();
	pthread_mutex_lock(&queue->lock);
	while (queue->nr) {
		void (*fn)(void *arg) = queue->items[0].fn;
		void *arg = queue->items[0].arg;

		memmove(queue->items, queue->items + 1, (size_t)--queue->nr * sizeof(queue->items[0]));
		pthread_mutex_unlock(&queue->lock);
		fn(arg);
		pthread_mutex_lock(&queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
}

/* ------------------------------------------------------------------ the loop */

static void prepare(struct loop *loop)
{
	loop->hold_fd = -1;
	if (!strcmp(mode, "fd")) {
		loop->hold_fd = otrace_hold_fd();
	} else if (!strcmp(mode, "queue")) {
		pthread_mutex_init(&loop->queue.lock, NULL);
		if (pipe(loop->queue.pipe))
			abort();
		loop->hold_fd = loop->queue.pipe[0];
		if (otrace_set_event_loop(post, &loop->queue))
			abort();
	} else if (!strcmp(mode, "poll")) {
		otrace_hold_run();
	}
}

static void look_at_holds(struct loop *loop, int readable)
{
	if (!strcmp(mode, "poll") || (!strcmp(mode, "fd") && readable))
		otrace_hold_run();
	else if (!strcmp(mode, "queue") && readable)
		run_queue(&loop->queue);
}

static void turn(struct loop *loop)
{
	struct pollfd polls[NR_CLIENTS + 2] = {{.fd = loop->listen_fd, .events = POLLIN},
					       {.fd = loop->hold_fd, .events = POLLIN}};

	for (int i = 0; i < NR_CLIENTS; i++)
		polls[i + 2] = (struct pollfd){.fd = loop->clients[i].fd, .events = POLLIN};
	poll(polls, NR_CLIENTS + 2, strcmp(mode, "poll") ? -1 : 5);
	look_at_holds(loop, polls[1].revents & POLLIN);
	for (int i = 0; i < NR_CLIENTS; i++)
		if (polls[i + 2].revents && loop->clients[i].fd >= 0)
			read_from(&loop->clients[i]);
	if (polls[0].revents)
		accept_one(loop);
}

static void *run_loop(void *path)
{
	static __thread struct loop loop;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	for (int i = 0; i < NR_CLIENTS; i++)
		loop.clients[i].fd = -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", (char *)path);
	loop.listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	prepare(&loop);
	if (bind(loop.listen_fd, (void *)&address, sizeof(address)) || listen(loop.listen_fd, 8))
		abort();
	for (;;)
		turn(&loop);
	return NULL;
}

int main(int argc, char **argv)
{
	static char paths[8][100];
	int nr = argc > 3 ? atoi(argv[3]) : 1;
	pthread_t thread;

	setvbuf(stdout, NULL, _IOLBF, 0);
	mode = argv[2];
	for (int i = nr - 1; i >= 0; i--) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%d", argv[1], i);
		if (i)
			pthread_create(&thread, NULL, run_loop, paths[i]);
	}
	run_loop(paths[0]);
}
