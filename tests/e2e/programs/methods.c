// SPDX-License-Identifier: BSD-2-Clause
// Functions of two structs and of none; who are called how often is known: main says it.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")

struct client {
	int id;
	const char *name;
	struct client *next;
};

typedef struct buffer {
	char data[32];
	int used;
} buffer;

/* A struct and a function of one name. */
struct both {
	int n;
};

KEEP int both(int n)
{
	TOUCH();
	return n;
}

KEEP int use_both(struct both *it)
{
	TOUCH();
	return it->n;
}

KEEP struct client *client_new(int id, const char *name)
{
	struct client *client = calloc(1, sizeof(*client));

	client->id = id;
	client->name = name;
	return client;
}

KEEP int client_read(struct client *client, int n)
{
	TOUCH();
	return n % 7 == 3 ? -client->id : n;
}

KEEP const char *client_find(struct client *client, int id)
{
	TOUCH();
	return client->id == id ? client->name : NULL;
}

KEEP void client_close(struct client *client)
{
	TOUCH();
	client->id = -client->id;
}

KEEP void buffer_add(buffer *to, int n)
{
	to->data[to->used++ % 32] = (char)n;
}

KEEP void buffer_close(buffer *to)
{
	TOUCH();
	to->used = 0;
}

KEEP int count(int n)
{
	TOUCH();
	return n + 1;
}

/* Two clients, four reads each; the buffer takes what was read. Prints what the reads returned. */
static void round_of(buffer *to)
{
	struct client *clients[] = {client_new(1, "ann"), client_new(2, "bob")};

	for (int i = 0; i < 8; i++) {
		int got = client_read(clients[i % 2], i);

		printf("%d ", got);
		buffer_add(to, got);
	}
	printf("%s %s\n", client_find(clients[0], 1), client_find(clients[1], 1) ? "?" : "nobody");
	for (int i = 0; i < 2; i++)
		client_close(clients[i]);
	buffer_close(to);
}

int main(int argc, char **argv)
{
	struct both it = {argc};
	int rounds = argc > 1 ? atoi(argv[1]) : 1;
	int nap_us = argc > 2 ? atoi(argv[2]) : 0;
	buffer to = {.used = 0};
	int sum = both(1) + use_both(&it);

	for (int i = 0; i < rounds; i++) {
		round_of(&to);
		for (int n = 0; n < 10; n++)
			sum = count(sum);
		usleep((useconds_t)nap_us);
	}
	printf("%d\n", sum);
	return 0;
}
