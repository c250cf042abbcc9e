/* SPDX-License-Identifier: BSD-2-Clause */
/* One longjmp over several calls, then one over a single call. */
#include <setjmp.h>
#include <stdio.h>

#define KEPT __attribute__((noinline))

static jmp_buf home;
static volatile int sink;

KEPT int tick(int n)
{
	return sink += n;
}

KEPT int low(int n)
{
	sink += n;
	longjmp(home, n);
}

KEPT int middle(int n)
{
	sink += low(n + 1);
	return sink;
}

KEPT int high(int n)
{
	sink += middle(n + 1);
	return sink;
}

int main(void)
{
	if (!setjmp(home))
		high(1);
	tick(1);
	if (!setjmp(home))
		low(9);
	tick(2);
	puts("done");
	return 0;
}
