// SPDX-License-Identifier: BSD-2-Clause
// Requests of clients that go through functions which get them, a part of them, or something else.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")

struct client {
	int fd;
	char query[60];
};

struct reply {
	int length;
	struct client *to;
};

struct many {
	long words[4];
	struct client *client;
};

struct client *kept;

KEEP struct client *client_new(int fd)
{
	struct client *client = calloc(1, sizeof(*client));

	client->fd = fd;
	strcpy(client->query, "GET /");
	return client;
}

KEEP int parse(const char *text, int strict)
{
	TOUCH();
	return text[strict] - text[0];
}

/* The client is the seventh argument, and lies on the stack. */
KEEP int route(int a, int b, int c, int d, int e, int f, const struct client *client)
{
	TOUCH();
	return a + b + c + d + e + f + client->fd;
}

/* What leads to a client by one more step is not an argument that does. */
KEEP int answer(struct reply *reply)
{
	TOUCH();
	return reply->to->fd + reply->length;
}

KEEP int by_value(struct many many)
{
	TOUCH();
	return many.client->fd + (int)many.words[3];
}

KEEP int measure(int length)
{
	TOUCH();
	return length;
}

KEEP int both(struct client *a, struct client *b)
{
	TOUCH();
	return a->fd + b->fd;
}

KEEP int client_free(struct client *client)
{
	int fd = client->fd;

	free(client);
	return fd == 3 ? -1 : 0;
}

KEEP int serve(int fd)
{
	struct client *client = client_new(fd);
	struct reply reply = {5, client};
	struct many many = {{0, 0, 0, 1}, client};
	int sum = parse(client->query, 1) + route(1, 2, 3, 4, 5, 6, client) + answer(&reply);

	sum += by_value(many) + measure(sum) + both(client, kept);
	return sum + client_free(client);
}

int main(void)
{
	kept = client_new(100);
	for (int fd = 1; fd <= 4; fd++)
		serve(fd);
	return 0;
}
