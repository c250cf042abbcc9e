/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reciprocal: a small threaded HTTP server that answers /?n=4 with 1/4 = 0.25.
 * Shows: the types every part of the server shares, and who calls whom.
 *
 *   main.c        options, start, clean stop
 *   server.c      sockets, one thread per connection, the list of recent requests
 *   request.c     text to struct request, struct answer to text
 *   reciprocal.c  the arithmetic: respond() and the functions it chooses from
 *   client.c      submit() and ask(), which imitate users, and a thread that never tires of it
 */
#ifndef RECIPROCAL_H
#define RECIPROCAL_H

#include <stdbool.h>
#include <stddef.h>

enum status {
	STATUS_NONE, /* no reply at all */
	STATUS_OK = 200,
	STATUS_BAD_REQUEST = 400,
	STATUS_NOT_FOUND = 404,
};

/* A number as the user wrote it and as we understood it. */
struct number {
	double value;
	char text[24];
};

/* What a computation says: the value counts only when the status is STATUS_OK. */
struct answer {
	enum status status;
	double value;
};

/* One request; the last few are kept in a list, newest first. */
struct request {
	long id;
	char path[32];
	struct number number;
	struct answer answer;
	struct request *next;
};

/* The bytes that go back to the user. */
struct response {
	enum status status;
	size_t length;
	char body[64];
};

/* What can be asked for: a path and the function that computes its answer. */
struct route {
	const char *path;
	const char *format;
	struct answer (*compute)(struct number number);
};

struct counters {
	long requests;
	long refused;
	long open_connections;
};

/* client.c: what the imitated user does. */
struct client {
	int port;
	int delay_ms;
	long requests; /* 0: go on until told to stop */
	bool verbose;
};

/* server.c */
extern struct counters counters;
extern struct request *recent;

int server_start(int port);
void server_stop(void);

/* request.c */
bool number_parse(struct number *self, const char *text);
enum status request_parse(struct request *self, const char *line);
void response_write(struct response *self, const struct request *request);

/* reciprocal.c */
const struct route *route_find(const char *path);
struct answer respond(struct request *request, double n);
struct answer reciprocal_checked(struct number number);

/* client.c */
enum status ask(const char *path, double n);
enum status submit(double n);
int client_start(const struct client *settings);
void client_stop(void);

#endif
