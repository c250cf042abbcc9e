// SPDX-License-Identifier: BSD-2-Clause
// setjmp and longjmp through frames that never return: deep, repeated, nested, and out of a loop.
// A frame that was jumped over has no return; a tracer closes it without inventing a value.
// EXPECT {"function":"descend","args":{"n":0},"exit":"abandoned","count":1000}
// EXPECT {"function":"descend","args":{"n":5},"exit":"abandoned","count":1000,"calls":6000}
// EXPECT {"function":"attempt","args":{"n":5},"value":105,"count":1000,"calls":1000}
// EXPECT {"function":"inner","args":{"n":2},"exit":"abandoned","count":1}
// EXPECT {"function":"outer","args":{"n":3},"value":30,"count":1}
// EXPECT {"function":"after","args":{"n":7},"value":8,"calls":1}
#include <setjmp.h>
#include <stdlib.h>

#include "check.h"

static jmp_buf top, second;

EXACT int descend(int n, int code)
{
	TOUCH();
	if (n == 0)
		longjmp(top, code);
	return CALL(descend)(n - 1, code) + 1;
}

EXACT int attempt(int n)
{
	int code;

	TOUCH();
	code = setjmp(top);
	if (code == 0)
		return descend(n, 100 + n);
	return code;
}

/* Jumps from the inner level to the outer one when n is even. */
EXACT int inner(int n)
{
	int code = setjmp(second);

	TOUCH();
	if (code == 0)
		longjmp(n % 2 ? second : top, n);
	return code * 10;
}

EXACT int outer(int n)
{
	int code = setjmp(top);

	TOUCH();
	return code ? -code : inner(n);
}

EXACT int after(int n)
{
	TOUCH();
	return n + 1;
}

int main(void)
{
	volatile int good = 0;
	volatile int turns = 0;

	for (volatile int i = 0; i < 1000; i++)
		good += attempt(HIDE(5)) == 105;
	CHECK(good == 1000);
	CHECK(outer(HIDE(3)) == 30);
	CHECK(outer(HIDE(2)) == -2);
	setjmp(second);
	if (++turns < 10)
		longjmp(second, 1);
	CHECK(turns == 10);
	CHECK(after(HIDE(7)) == 8);
	FINISH("longjmp");
}
