// SPDX-License-Identifier: BSD-2-Clause
// A storm of timer signals: the handler calls the very functions it interrupts, also errno users.
// Signals arrive in every instruction of a tracer's hooks; two threads take them.
// EXPECT {"function":"mix","calls":{"least":40000},"lossy":true}
// EXPECT {"function":"on_alarm","args":{"number":14},"calls":{"least":200},"lossy":true}
// EXPECT {"function":"worker","calls":2}
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "check.h"

enum { ROUNDS = 20000, STORMS = 200 };

static int alarms;

/* Any call that loses or changes an argument, a result or errno shows in the sum. */
EXACT unsigned int mix(unsigned int x, unsigned int y)
{
	TOUCH();
	return (x ^ y) * 2654435761u + (x >> 15);
}

EXACT void on_alarm(int number)
{
	int saved = errno;

	CHECK(number == SIGALRM);
	CHECK(mix(HIDE(1u), 2) == 3 * 2654435761u);
	CHECK(mix(HIDE(0x8000u), 0x8000) == 1);
	__atomic_fetch_add(&alarms, 1, __ATOMIC_RELAXED);
	errno = saved;
}

/* The same sum as the loop below, from mix() written out. */
EXACT unsigned int plain_sum(unsigned int seed)
{
	unsigned int x = seed;

	for (unsigned int i = 0; i < ROUNDS; i++)
		x = (x ^ i) * 2654435761u + (x >> 15);
	return x;
}

EXACT unsigned int traced_sum(unsigned int seed)
{
	unsigned int x = seed;

	for (unsigned int i = 0; i < ROUNDS; i++)
		x = mix(x, i);
	return x;
}

EXACT void *worker(void *argument)
{
	unsigned int seed = (unsigned int)(unsigned long)argument, rounds = 0;

	do {
		errno = 1000 + (int)seed;
		CHECK(traced_sum(seed) == plain_sum(seed));
		CHECK(errno == 1000 + (int)seed);
	} while (++rounds < 500 && __atomic_load_n(&alarms, __ATOMIC_RELAXED) < STORMS);
	return argument;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval storm = {{0, 100}, {0, 100}}, calm = {{0, 0}, {0, 0}};
	pthread_t other;

	sigemptyset(&action.sa_mask);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &storm, NULL) == 0);
	CHECK(pthread_create(&other, NULL, worker, (void *)2) == 0);
	worker((void *)1);
	CHECK(pthread_join(other, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &calm, NULL) == 0);
	while (__atomic_load_n(&alarms, __ATOMIC_RELAXED) < STORMS)
		pthread_kill(pthread_self(), SIGALRM);
	FINISH("signals");
}
