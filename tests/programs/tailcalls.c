// SPDX-License-Identifier: BSD-2-Clause
// Ten million sibling calls between two functions, which the optimiser turns into jumps.
// Without optimisation the chain is short.
// BUILD {"not":["asan"]}
// asan: its frames are not jumped out of.
// EXPECT {"function":"ping","args":{"n":0},"value":50000005000000,"count":1,"levels":["O1","O2","O3","Os"],"calls":5000001,"exit":"any"}
// EXPECT {"function":"ping","args":{"n":1000},"value":500500,"count":1,"levels":["O0"],"calls":501}
// EXPECT {"function":"pong","args":{"n":1},"levels":["O1","O2","O3","Os"],"count":1,"calls":5000000,"exit":"any"}
// EXPECT {"function":"pong","args":{"n":999,"sum":1000},"levels":["O0"],"count":1,"calls":500}
// EXPECT {"function":"hop","args":{"left":0},"value":1000,"count":1,"calls":1001,"exit":"any"}
#include "check.h"

#ifdef __OPTIMIZE__
#define STEPS 10000000L
#else
#define STEPS 1000L
#endif

long pong(long n, long sum);

EXACT long ping(long n, long sum)
{
	TOUCH();
	if (n == 0)
		return sum;
	return pong(n - 1, sum + n);
}

EXACT long pong(long n, long sum)
{
	TOUCH();
	if (n == 0)
		return sum;
	return ping(n - 1, sum + n);
}

/* Through a pointer, to itself, with the arguments moved round. */
typedef long hopper(long a, long b, long c, long left, void *next);

EXACT long hop(long a, long b, long c, long left, void *next)
{
	TOUCH();
	if (left == 0)
		return a + b + c;
	return ((hopper *)next)(b, c, a + 1, left - 1, next);
}

int main(void)
{
	CHECK(ping(HIDE(STEPS), 0) == STEPS * (STEPS + 1) / 2);
	CHECK(hop(HIDE(0), 0, 0, 1000, (void *)hop) == 1000);
	FINISH("tailcalls");
}
