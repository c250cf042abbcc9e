// SPDX-License-Identifier: BSD-2-Clause
// Honesty: functions without side effects in loops, so that some calls never happen.
// What did happen is shown right; how often is not fixed (every call at -O0).
// EXPECT {"function":"square","honest":true,"args":{"x":12},"value":144,"count":{"least":1,"most":100}}
// EXPECT {"function":"square","levels":["O0"],"args":{"x":12},"value":144,"count":100,"calls":110}
// EXPECT {"function":"length","honest":true,"args":{"s":"pure"},"value":4,"count":{"least":0,"most":5}}
// EXPECT {"function":"length","levels":["O0"],"args":{"s":"pure"},"value":4,"count":5,"calls":5}
// EXPECT {"function":"dropped","honest":true,"count":{"least":0,"most":1}}
// EXPECT {"function":"norm","honest":true,"args":{"p":{"x":3.0,"y":4.0}},"value":25.0,"count":{"least":1,"most":10}}
#include "check.h"

struct point {
	double x, y;
};

NOINLINE static long square(long x)
{
	return x * x;
}

NOINLINE static int length(const char *s)
{
	int n = 0;

	while (s[n])
		n++;
	return n;
}

NOINLINE static int dropped(int x)
{
	return x * 3;
}

NOINLINE static double norm(struct point p)
{
	return p.x * p.x + p.y * p.y;
}

int main(void)
{
	long x = HIDE(12L), sum = 0;
	const char *text = HIDE("pure");
	struct point p = {HIDE(3.0), HIDE(4.0)};
	double total = 0;

	for (int i = 0; i < 100; i++)
		sum += square(x);
	CHECK(sum == 14400);
	for (long i = 0; i < 10; i++)
		CHECK(square(HIDE(i)) == i * i);
	sum = 0;
	for (int i = 0; i < length(text); i++)
		sum += text[i];
	CHECK(sum == 'p' + 'u' + 'r' + 'e');
	dropped(HIDE(3));
	for (int i = 0; i < 10; i++)
		total += norm(p);
	CHECK(total == 250.0);
	FINISH("honest_pure");
}
