// SPDX-License-Identifier: BSD-2-Clause
// Honesty: static functions with arguments that nobody needs, which are taken out of the call.
// The arguments that stay move to other registers and keep their names.
// EXPECT {"function":"last_one","honest":true,"args":{"a":1,"b":2,"c":3,"d":9},"value":10,"count":1,"calls":10}
// EXPECT {"function":"kept_order","honest":true,"args":{"a":10,"gone":11.5,"b":12,"lost":"text","c":13},"value":101213,"calls":1}
// EXPECT {"function":"half_a_struct","honest":true,"args":{"p":{"x":1.5,"y":2.5},"n":3},"value":4.5,"calls":1}
// EXPECT {"function":"chain","honest":true,"args":{"n":5,"passed_on":77},"value":5,"count":1,"calls":{"least":1,"most":6}}
#include "check.h"

struct point {
	double x, y;
};

NOINLINE static int last_one(int a, int b, int c, int d)
{
	(void)a;
	(void)b;
	(void)c;
	TOUCH();
	return d + 1;
}

NOINLINE static long kept_order(long a, double gone, long b, const char *lost, long c)
{
	(void)gone;
	(void)lost;
	TOUCH();
	return a * 10000 + b * 100 + c;
}

NOINLINE static double half_a_struct(struct point p, int n)
{
	TOUCH();
	return p.x * n;
}

/* Handed on to itself and never looked at; a compiler may make a loop of it. */
NOINLINE static int chain(int n, int passed_on)
{
	TOUCH();
	return n ? chain(n - 1, passed_on) : 5;
}

int main(void)
{
	for (int i = 0; i < 10; i++)
		CHECK(last_one(HIDE(1), HIDE(2), HIDE(3), HIDE(i)) == i + 1);
	CHECK(kept_order(HIDE(10L), HIDE(11.5), HIDE(12L), HIDE("text"), HIDE(13L)) == 101213);
	CHECK(half_a_struct((struct point){HIDE(1.5), HIDE(2.5)}, HIDE(3)) == 4.5);
	CHECK(chain(HIDE(5), HIDE(77)) == 5);
	FINISH("honest_dead");
}
