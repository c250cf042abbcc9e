/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An event loop that can put one request aside and go on with the others. It reads numbers, a line each, and answers
 * with their squares:
 *
 *	otrace cc -g -o loop loop.c -lotrace
 *	printf '1\n2\n3\n' | otrace run -e "trace -a hold -c 'request->number == 2' handle" -e run -e resume -e run -- ./loop
 *
 * answers 1 and 3, and 2 when it is resumed. Without a shell otrace_hold() holds nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <otrace/otrace.h>

struct request {
	int number;
};

static int nr_open;

/* The rest of a request: at once, or when it was resumed, by the same loop. */
static void answer(void *arg)
{
	struct request *request = arg;

	printf("%d squared is %d\n", request->number, request->number * request->number);
	fflush(stdout);
	free(request);
	nr_open--;
}

__attribute__((noinline)) static void handle(struct request *request)
{
	if (!otrace_hold("parsed", answer, request))
		answer(request);
}

/* @return 0 at the end of the input */
static int read_request(void)
{
	struct request *request = malloc(sizeof(*request));
	char line[64];

	if (!request || !fgets(line, sizeof(line), stdin)) {
		free(request);
		return 0;
	}
	request->number = atoi(line);
	nr_open++;
	handle(request);
	return 1;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
		perror("epoll_ctl");
		exit(1);
	}
}

int main(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), held = otrace_hold_fd(), reads = 1;

	setvbuf(stdin, NULL, _IONBF, 0); /* what stdio has taken epoll does not see */
	watch(epoll, STDIN_FILENO);
	if (held >= 0)
		watch(epoll, held);
	while (reads || nr_open) {
		struct epoll_event event;

		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.fd == held) {
			otrace_hold_run();
		} else if (!read_request()) {
			epoll_ctl(epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
			reads = 0;
		}
	}
	return 0;
}
