// SPDX-License-Identifier: BSD-2-Clause
// Start the server and its client, wait for SIGTERM or Ctrl-C, stop cleanly.
// Shows: signals taken by sigwait(), so that no handler ever runs.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reciprocal.h"

static const char usage[] =
	"usage: reciprocal [-s] [-v] [-n REQUESTS] [-d MILLISECONDS] [PORT]\n"
	"  An HTTP server on loopback that answers /?n=4 with 1/4 = 0.25, and its own client.\n"
	"  PORT 0, the default, is any free port; the port is printed.\n"
	"  -s  serve only, without the client     -v  print what the client gets\n"
	"  -n  stop after so many requests        -d  time between two (default 700)\n";

/* A whole number between low and high, or the end of the program. */
static int number_option(const char *text, long low, long high)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < low || value > high) {
		fprintf(stderr, "reciprocal: %s: expected a number from %ld to %ld\n", text, low,
			high);
		exit(2);
	}
	return (int)value;
}

int main(int argc, char **argv)
{
	struct client client = {.delay_ms = 700};
	bool serve_only = false;
	sigset_t stop;
	int option, received;

	while ((option = getopt(argc, argv, "svn:d:h")) != -1) {
		switch (option) {
		case 's':
			serve_only = true;
			break;
		case 'v':
			client.verbose = true;
			break;
		case 'n':
			client.requests = number_option(optarg, 1, 1000000000);
			break;
		case 'd':
			client.delay_ms = number_option(optarg, 0, 3600000);
			break;
		default:
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (argc - optind > 1) {
		fputs(usage, stderr);
		return 2;
	}

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);

	client.port = server_start(optind < argc ? number_option(argv[optind], 0, 65535) : 0);
	if (client.port < 0) {
		perror("reciprocal: cannot listen");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("reciprocal: listening on http://127.0.0.1:%d/?n=4\n", client.port);
	if (!serve_only && client_start(&client) != 0) {
		fputs("reciprocal: cannot start the client\n", stderr);
		return 1;
	}

	sigwait(&stop, &received);
	if (!serve_only)
		client_stop();
	server_stop();
	printf("reciprocal: %ld requests, %ld refused\n", counters.requests, counters.refused);
	return 0;
}
