// SPDX-License-Identifier: BSD-2-Clause
// Honesty: external functions with a parameter nobody uses, for which callers here pass nothing.
// Shown is the true value or that it was optimised out; the parameter beside it is always right.
// EXPECT {"function":"second_only","honest":true,"args":{"unused":1000,"used":7},"value":8,"count":1,"calls":101}
// EXPECT {"function":"second_only","honest":true,"args":{"unused":17,"used":16},"value":17,"count":1}
// EXPECT {"function":"pointer_unused","honest":true,"args":{"text":"never read","n":3},"value":6,"calls":1}
// EXPECT {"function":"middle_unused","honest":true,"args":{"a":1,"b":2.5,"c":3},"value":4,"calls":1}
// EXPECT {"function":"struct_unused","honest":true,"args":{"s":{"a":5,"b":6},"n":1},"value":2,"calls":1}
#include "check.h"

struct pair {
	long a, b;
};

NOINLINE long second_only(long unused, long used)
{
	(void)unused;
	TOUCH();
	return used + 1;
}

NOINLINE int pointer_unused(const char *text, int n)
{
	(void)text;
	TOUCH();
	return n * 2;
}

NOINLINE int middle_unused(int a, double b, int c)
{
	(void)b;
	TOUCH();
	return a + c;
}

NOINLINE long struct_unused(struct pair s, long n)
{
	(void)s;
	TOUCH();
	return n + 1;
}

int main(void)
{
	CHECK(second_only(HIDE(1000L), HIDE(7L)) == 8);
	for (long i = 0; i < 100; i++)
		CHECK(second_only(i + 1, i) == i + 1);
	CHECK(pointer_unused(HIDE("never read"), HIDE(3)) == 6);
	CHECK(middle_unused(HIDE(1), HIDE(2.5), HIDE(3)) == 4);
	CHECK(struct_unused((struct pair){HIDE(5L), 6}, HIDE(1L)) == 2);
	FINISH("honest_unused");
}
