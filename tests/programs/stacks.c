// SPDX-License-Identifier: BSD-2-Clause
// Large frames, deep recursion and little stack: alloca, arrays of a megabyte, realigned frames.
// Deep recursion on a 64 KiB stack leaves only a few KiB for anybody else.
// BUILD {"not":["asan"]}
// asan: its frames are far larger than these stacks.
// Where the stack gets short, calls of dig are recorded at their entry only.
// EXPECT {"function":"large_frame","args":{"n":1000},"value":499500,"calls":1}
// EXPECT {"function":"dig","args":{"n":0},"value":0,"value_optional":true,"entry_only":true,"count":1,"calls":{"least":201}}
// EXPECT {"function":"grow","args":{"n":3000},"value":3000,"count":1}
// EXPECT {"function":"aligned","args":{"x":7},"value":7,"calls":1}
// EXPECT {"function":"deep","args":{"n":20000},"value":20000,"count":1}
#include <alloca.h>
#include <pthread.h>
#include <stdint.h>

#include "check.h"

EXACT long large_frame(int n)
{
	volatile char space[1 << 20];
	long sum = 0;

	for (int i = 0; i < n; i++)
		space[i * 1000] = (char)i;
	for (int i = 0; i < n; i++)
		sum += (unsigned char)space[i * 1000] + (i & ~255);
	return sum;
}

EXACT int grow(int n)
{
	volatile char *space = alloca((size_t)n);
	int count = 0;

	for (int i = 0; i < n; i++)
		space[i] = 1;
	for (int i = 0; i < n; i++)
		count += space[i];
	return count;
}

EXACT int aligned(int x)
{
	_Alignas(256) volatile int v[64];

	v[63] = x;
	CHECK(((uintptr_t)HIDE(&v[0]) & 255) == 0);
	return v[63];
}

EXACT long deep(long n)
{
	TOUCH();
	return n ? HIDE(deep(n - 1) + 1) : 0;
}

/* About 48 KiB of the 64 in frames of 200 bytes or so. */
EXACT long dig(long n)
{
	volatile long pad[16];

	pad[n & 15] = n;
	if (n)
		pad[0] = dig(n - 1) + 1;
	return n ? pad[0] : 0;
}

EXACT void *on_small_stack(void *argument)
{
	CHECK(dig(HIDE(200L)) == 200);
	CHECK(grow(HIDE(3000)) == 3000);
	return argument;
}

int main(void)
{
	pthread_attr_t small;
	pthread_t thread;

	CHECK(large_frame(HIDE(1000)) == 499500);
	CHECK(aligned(HIDE(7)) == 7);
	CHECK(deep(HIDE(20000L)) == 20000);
	CHECK(pthread_attr_init(&small) == 0);
	CHECK(pthread_attr_setstacksize(&small, 64 * 1024) == 0);
	CHECK(pthread_create(&thread, &small, on_small_stack, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	FINISH("stacks");
}
