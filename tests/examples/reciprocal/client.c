// SPDX-License-Identifier: BSD-2-Clause
// The users of the server: submit() is one of them, asking once, ask() one who knows other pages; client_loop() never
// tires.
// Shows: a function worth calling from the prompt, and traffic that is always there.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "reciprocal.h"

static struct client client;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;
static bool stopping;

static const double numbers[] = {4, 2, 8, 0, 5, -10, 1000, 3};

static int connect_to_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct timeval patience = {.tv_sec = 60};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((unsigned short)client.port);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static size_t read_all(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size - 1) {
		n = read(fd, buffer + used, size - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	buffer[used] = 0;
	return used;
}

/* Imitate a user who asks a page about n; gives the status of the reply. */
enum status ask(const char *path, double n)
{
	char text[256];
	unsigned int status = STATUS_NONE;
	int length, fd = connect_to_server();
	const char *body;

	if (fd < 0)
		return STATUS_NONE;
	length = snprintf(text, sizeof(text), "GET %.31s?n=%g HTTP/1.1\r\nHost: localhost\r\n\r\n",
			  path, n);
	if (send(fd, text, (size_t)length, MSG_NOSIGNAL) == length)
		read_all(fd, text, sizeof(text));
	close(fd);
	if (sscanf(text, "HTTP/1.1 %u", &status) != 1)
		return STATUS_NONE;
	body = strstr(text, "\r\n\r\n");
	if (client.verbose && body)
		printf("%s of %g: status %u, %s", path, n, status, body + 4);
	return (enum status)status;
}

/* One who asks for the reciprocal of n. */
enum status submit(double n)
{
	return ask("/", n);
}

/* Sleep until it is time for the next request; false when there is none. */
static bool wait_for_turn(void)
{
	struct timespec until;
	bool go_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += client.delay_ms / 1000;
	until.tv_nsec += client.delay_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&lock);
	while (!stopping && pthread_cond_timedwait(&wake, &lock, &until) != ETIMEDOUT)
		;
	go_on = !stopping;
	pthread_mutex_unlock(&lock);
	return go_on;
}

static void *client_loop(void *unused)
{
	long i = 0;

	do
		submit(numbers[i % (long)(sizeof(numbers) / sizeof(numbers[0]))]);
	while (++i != client.requests && wait_for_turn());
	if (i == client.requests)
		kill(getpid(), SIGTERM);
	return unused;
}

int client_start(const struct client *settings)
{
	pthread_condattr_t monotonic;

	client = *settings;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return pthread_create(&thread, NULL, client_loop, NULL);
}

void client_stop(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}
