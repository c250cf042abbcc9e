/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps a redis-server of this machine busy: saturate PORT PIPELINES, prints commands per second.
 *
 * redis-benchmark needs about as much CPU time for a pipeline of 16 short commands as the server, so
 * that on two processors the server waits for it. This client sends pipelines made beforehand and
 * compares the replies as one block, and takes a fraction of that.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NR_CONNECTIONS 16
#define NR_PIPELINES 512 /* different ones; even ones SET, the next one GETs the same keys */
#define DEPTH 16

struct block {
	char bytes[DEPTH * 64];
	size_t length;
};

struct connection {
	int fd;
	unsigned int pipeline; /* the one under way */
	size_t received;
};

static struct block requests[NR_PIPELINES];
static struct block replies[2]; /* to SETs, to GETs */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void add(struct block *block, const char *text)
{
	size_t length = strlen(text);

	memcpy(block->bytes + block->length, text, length);
	block->length += length;
}

static void prepare(void)
{
	char text[64];

	for (int i = 0; i < NR_PIPELINES; i++)
		for (int j = 0; j < DEPTH; j++) {
			int key = (i / 2 * DEPTH + j) * 7919 % 100000;

			if (i % 2)
				snprintf(text, sizeof(text),
					 "*2\r\n$3\r\nGET\r\n$9\r\nkey:%05d\r\n", key);
			else
				snprintf(text, sizeof(text),
					 "*3\r\n$3\r\nSET\r\n$9\r\nkey:%05d\r\n$3\r\nxyz\r\n", key);
			add(&requests[i], text);
		}
	for (int j = 0; j < DEPTH; j++) {
		add(&replies[0], "+OK\r\n");
		add(&replies[1], "$3\r\nxyz\r\n");
	}
}

static void send_pipeline(struct connection *connection)
{
	const struct block *block = &requests[connection->pipeline];

	connection->received = 0;
	if (write(connection->fd, block->bytes, block->length) != (ssize_t)block->length)
		fail("saturate: write");
}

/* Returns 1 when the last reply to a pipeline is there. */
static int receive(struct connection *connection)
{
	const struct block *expected = &replies[connection->pipeline % 2];
	char bytes[sizeof(expected->bytes)];
	ssize_t got = read(connection->fd, bytes, expected->length - connection->received);

	if (got <= 0)
		fail("saturate: read");
	if (memcmp(bytes, expected->bytes + connection->received, (size_t)got)) {
		fprintf(stderr, "saturate: wrong reply: %.*s\n", (int)got, bytes);
		exit(1);
	}
	connection->received += (size_t)got;
	return connection->received == expected->length;
}

static int connect_to(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("saturate: connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

int main(int argc, char **argv)
{
	struct connection connections[NR_CONNECTIONS];
	struct pollfd polled[NR_CONNECTIONS];
	struct timespec begin, end;
	long todo, sent = 0, done = 0;
	double seconds;

	if (argc != 3 || (todo = atol(argv[2])) < NR_CONNECTIONS) {
		fprintf(stderr, "usage: saturate PORT PIPELINES\n");
		return 2;
	}
	prepare();
	for (int i = 0; i < NR_CONNECTIONS; i++) {
		connections[i].fd = polled[i].fd = connect_to(atoi(argv[1]));
		/* An even distance apart, for each connection must GET what it has SET itself. */
		connections[i].pipeline = (unsigned int)i * (NR_PIPELINES / NR_CONNECTIONS);
		polled[i].events = POLLIN;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < NR_CONNECTIONS; i++, sent++)
		send_pipeline(&connections[i]);
	while (done < sent) {
		if (poll(polled, NR_CONNECTIONS, 60000) <= 0)
			fail("saturate: poll");
		for (int i = 0; i < NR_CONNECTIONS; i++) {
			if (!polled[i].revents || !receive(&connections[i]))
				continue;
			done++;
			connections[i].pipeline = (connections[i].pipeline + 1) % NR_PIPELINES;
			if (sent < todo) {
				send_pipeline(&connections[i]);
				sent++;
			}
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("%.0f\n", (double)done * DEPTH / seconds);
	return 0;
}
