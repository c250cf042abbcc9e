// SPDX-License-Identifier: BSD-2-Clause
// Honesty: static functions that every caller gives the same constant, which moves into the body.
// Also clones made for a constant, narrowed results, and a range the callers are told of.
// EXPECT {"function":"with_base","honest":true,"args":{"n":6,"base":100},"value":106,"count":1,"calls":10}
// EXPECT {"function":"power","honest":true,"args":{"base":2,"exponent":10},"value":1024,"count":{"least":0,"most":1}}
// EXPECT {"function":"with_function","honest":true,"args":{"f":{"function":"twice"},"x":21},"value":42,"calls":1}
// EXPECT {"function":"narrowed","honest":true,"args":{"x":300},"value":44,"calls":1}
// EXPECT {"function":"is_small","honest":true,"args":{"x":5},"value":1,"count":1,"calls":2}
// EXPECT {"function":"with_struct","honest":true,"args":{"p":{"x":1,"y":2},"n":3},"value":6,"calls":1}
#include "check.h"

struct point {
	int x, y;
};

volatile int sink; /* seen by a second copy too */

NOINLINE static int with_base(int n, int base)
{
	sink = base;
	return n + base;
}

NOINLINE static long power(long base, int exponent)
{
	long result = 1;

	for (int i = 0; i < exponent; i++)
		result *= base;
	sink = exponent;
	return result;
}

NOINLINE static int twice(int x)
{
	sink = x;
	return x * 2;
}

NOINLINE static int with_function(int (*f)(int), int x)
{
	TOUCH();
	return f(x);
}

NOINLINE static long narrowed(long x)
{
	TOUCH();
	return x & 0xff;
}

NOINLINE static int is_small(int x)
{
	TOUCH();
	return x < 10;
}

NOINLINE static int with_struct(struct point p, int n)
{
	sink = n;
	return p.x + p.y + n;
}

int main(void)
{
	for (int i = 0; i < 10; i++) {
		CHECK(with_base(HIDE(i), 100) == 100 + i);
		CHECK(sink == 100);
	}
	CHECK(power(2, 10) == 1024);
	CHECK(power(3, 4) == 81);
	CHECK(with_function(twice, HIDE(21)) == 42);
	CHECK((unsigned char)narrowed(HIDE(300L)) == 44);
	CHECK(is_small(HIDE(5)) == 1 && !is_small(HIDE(50)));
	CHECK(with_struct((struct point){1, 2}, HIDE(3)) == 6);
	FINISH("honest_folded");
}
