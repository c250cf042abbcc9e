/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "ui/progress.h"

#define WHAT_BYTES 256
#define WIDTH_UNKNOWN 80
#define SIGNS_BESIDES 32 /* of the numbers behind the text */

static struct {
	volatile sig_atomic_t on;
	volatile sig_atomic_t shown;
	volatile sig_atomic_t paused; /* something else is being printed */
	int fd;
	size_t len;
	unsigned int seconds;
	_Atomic uint64_t done, total;
	char what[WHAT_BYTES];
} state;

static size_t add_number(char *to, uint64_t number)
{
	char digits[20];
	size_t nr = 0, at = 0;

	do
		digits[nr++] = (char)('0' + number % 10);
	while (number /= 10);
	while (nr)
		to[at++] = digits[--nr];
	return at;
}

static size_t add_text(char *to, const char *text)
{
	size_t len = 0;

	for (; text[len]; len++)
		to[len] = text[len];
	return len;
}

static uint64_t percent(uint64_t done, uint64_t total)
{
	if (done >= total)
		return 100;
	return total > UINT64_MAX / 100 ? done / (total / 100) : done * 100 / total;
}

/* In a signal handler: neither memory nor stdio. */
static void on_alarm(int number)
{
	char line[WHAT_BYTES + 2 * SIGNS_BESIDES] = "\r\033[K";
	uint64_t done = state.done, total = state.total;
	size_t at = 4;
	int saved = errno;
	ssize_t written;

	(void)number;
	if (!state.on)
		return;
	state.seconds++;
	if (state.paused)
		return;
	memcpy(line + at, state.what, state.len);
	at += state.len;
	at += add_text(line + at, " ... ");
	if (total) {
		at += add_number(line + at, percent(done, total));
		at += add_text(line + at, " %");
	} else {
		at += add_number(line + at, state.seconds);
		at += add_text(line + at, " s");
		if (done) {
			at += add_text(line + at, ", ");
			at += add_number(line + at, done);
		}
	}
	state.shown = 1;
	written = write(state.fd, line, at);
	(void)written;
	errno = saved;
}

static void set_timer(int seconds)
{
	struct itimerval timer;

	memset(&timer, 0, sizeof(timer));
	timer.it_value.tv_sec = timer.it_interval.tv_sec = seconds;
	setitimer(ITIMER_REAL, &timer, NULL);
}

void ot_progress_start(int fd, const char *what, unsigned int width)
{
	struct sigaction action;

	ot_progress_stop();
	state.fd = fd;
	state.len = strnlen(what, WHAT_BYTES - 1);
	if (!width)
		width = WIDTH_UNKNOWN;
	/* one line: what is too long would not go away */
	if (state.len + SIGNS_BESIDES > width)
		state.len = width > SIGNS_BESIDES ? width - SIGNS_BESIDES : 0;
	for (size_t i = 0; i < state.len; i++)
		state.what[i] = (unsigned char)what[i] < ' ' ? ' ' : what[i];
	state.seconds = 0;
	state.done = state.total = 0;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_alarm;
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	state.on = 1;
	set_timer(1);
}

void ot_progress_set(uint64_t done, uint64_t total)
{
	state.done = done;
	state.total = total;
}

static void take_away(void)
{
	ssize_t written;

	if (!state.shown)
		return;
	state.shown = 0;
	written = write(state.fd, "\r\033[K", 4);
	(void)written;
}

void ot_progress_pause(bool on)
{
	state.paused = on;
	if (on)
		take_away();
}

void ot_progress_stop(void)
{
	if (!state.on)
		return;
	set_timer(0);
	state.on = 0;
	take_away();
}
