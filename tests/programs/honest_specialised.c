// SPDX-License-Identifier: BSD-2-Clause
// Honesty: a function of which the compiler makes a copy for each constant that it is called with. The
// copies keep the names of the parameters; what a copy has built in is not an argument any more.
// EXPECT {"function":"apply","honest":true,"args":{"n":4,"f":{"function":"twice"}},"value":6,"count":1,"calls":2}
// EXPECT {"function":"apply","honest":true,"args":{"n":5,"f":{"function":"thrice"}},"value":18,"count":1,"calls":2}
#include "check.h"

static int twice(int a)
{
	return a * 2;
}

static int thrice(int a)
{
	return a * 3;
}

NOINLINE int apply(int n, int (*f)(int))
{
	int sum = 0;

	for (int i = 1; i < n; i++) {
		sum += f(i - 1);
		printf("%d\n", sum);
	}
	return sum;
}

int main(void)
{
	CHECK(apply(HIDE(4), twice) == 6);
	CHECK(apply(HIDE(5), thrice) == 18);
	FINISH("honest_specialised");
}
