// SPDX-License-Identifier: BSD-2-Clause
// Ticks every millisecond, and has a function that takes its time.
#include <unistd.h>

#define KEEP __attribute__((noinline, used))

volatile int done, ticks;

KEEP int tick(int n)
{
	return ticks = n;
}

/* Until the ticks have gone on by so many. */
KEEP int pass(int n)
{
	for (int end = ticks + n; ticks < end;)
		usleep(1000);
	return n;
}

int main(void)
{
	for (int n = 0; !done; n++) {
		tick(n);
		usleep(1000);
	}
	return 0;
}
