// SPDX-License-Identifier: BSD-2-Clause
// The server: one thread accepts, and each connection gets a thread of its own.
// Shows: many requests at once, a linked list and counters shared under a lock.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reciprocal.h"

enum { RECENT_MAX = 8 };

struct counters counters;
struct request *recent;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_closed = PTHREAD_COND_INITIALIZER;
static pthread_t acceptor;
static int listener = -1;

/* Put the request in front of the list and drop what is too old. */
static void remember(struct request *request)
{
	struct request **link = &recent;

	pthread_mutex_lock(&lock);
	if (request->answer.status != STATUS_OK)
		counters.refused++;
	request->next = recent;
	recent = request;
	for (int n = 0; *link && n < RECENT_MAX; n++)
		link = &(*link)->next;
	free(*link);
	*link = NULL;
	pthread_mutex_unlock(&lock);
}

/* Read to the end of the header; false when the other side gave up. */
static bool read_header(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t n;

	do {
		n = read(fd, buffer + used, size - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		used += (size_t)n;
		buffer[used] = 0;
	} while (!strstr(buffer, "\r\n\r\n") && used < size - 1);
	return true;
}

static void send_response(int fd, const struct response *response)
{
	char text[256];
	int length;

	length = snprintf(text, sizeof(text),
			  "HTTP/1.1 %u %s\r\nContent-Type: text/plain\r\n"
			  "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
			  response->status, response->status == STATUS_OK ? "OK" : "Refused",
			  response->length, response->body);
	for (int sent = 0; sent < length;) {
		ssize_t n = send(fd, text + sent, (size_t)(length - sent), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		sent += (int)n;
	}
}

/* One request from the first byte to the last. */
static void serve(int fd, struct request *request)
{
	struct response response = {.status = STATUS_NONE};
	char header[1024];

	if (!read_header(fd, header, sizeof(header)))
		return;
	request->answer.status = request_parse(request, header);
	if (request->answer.status == STATUS_OK)
		respond(request, request->number.value);
	response_write(&response, request);
	send_response(fd, &response);
}

static void *connection(void *argument)
{
	struct request *request = calloc(1, sizeof(*request));
	int fd = (int)(long)argument;

	if (request) {
		pthread_mutex_lock(&lock);
		request->id = ++counters.requests;
		pthread_mutex_unlock(&lock);
		serve(fd, request);
		remember(request);
	}
	close(fd);
	pthread_mutex_lock(&lock);
	if (--counters.open_connections == 0)
		pthread_cond_signal(&all_closed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void *accept_loop(void *unused)
{
	pthread_attr_t detached;
	pthread_t thread;
	int fd;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	while ((fd = accept(listener, NULL, NULL)) >= 0 || errno == EINTR ||
	       errno == ECONNABORTED) {
		if (fd < 0)
			continue;
		pthread_mutex_lock(&lock);
		counters.open_connections++;
		pthread_mutex_unlock(&lock);
		if (pthread_create(&thread, &detached, connection, (void *)(long)fd) != 0) {
			close(fd);
			pthread_mutex_lock(&lock);
			counters.open_connections--;
			pthread_mutex_unlock(&lock);
		}
	}
	pthread_attr_destroy(&detached);
	return unused;
}

/* Listen on loopback only; port 0 lets the system choose. Gives the port, or -1. */
int server_start(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int yes = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((unsigned short)port);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return -1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 16) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
	    pthread_create(&acceptor, NULL, accept_loop, NULL) != 0) {
		close(listener);
		return -1;
	}
	return ntohs(address.sin_port);
}

/* Take no new connection, finish the open ones, forget the rest. */
void server_stop(void)
{
	shutdown(listener, SHUT_RDWR);
	pthread_join(acceptor, NULL);
	close(listener);
	pthread_mutex_lock(&lock);
	while (counters.open_connections > 0)
		pthread_cond_wait(&all_closed, &lock);
	while (recent) {
		struct request *next = recent->next;

		free(recent);
		recent = next;
	}
	pthread_mutex_unlock(&lock);
}
