// SPDX-License-Identifier: BSD-2-Clause
// Honesty: static functions that return a constant or nothing needed, so that they become void.
// Shown is the constant or that it was optimised out; replacing such a function is refused.
// EXPECT {"function":"always_seven","honest":true,"args":{"n":100},"value":7,"count":1,"calls":101}
// EXPECT {"function":"always_text","honest":true,"args":{"n":4},"value":"constant","calls":1}
// EXPECT {"function":"always_half","honest":true,"args":{"n":4},"value":0.5,"calls":1}
// EXPECT {"function":"result_ignored","honest":true,"args":{"n":40},"value":80,"calls":1}
// EXPECT {"function":"always_pair","honest":true,"args":{"n":4},"value":{"a":1,"b":2},"calls":1}
// EXPECT {"function":"external_constant","honest":true,"args":{"n":4},"value":9,"calls":1}
#include "check.h"

struct pair {
	int a, b;
};

volatile int sink; /* seen by a second copy too */

NOINLINE static int always_seven(int n)
{
	sink = n;
	return 7;
}

NOINLINE static const char *always_text(int n)
{
	sink = n;
	return "constant";
}

NOINLINE static double always_half(int n)
{
	sink = n;
	return 0.5;
}

NOINLINE static int result_ignored(int n)
{
	sink = n;
	return n * 2;
}

NOINLINE static struct pair always_pair(int n)
{
	sink = n;
	return (struct pair){1, 2};
}

NOINLINE int external_constant(int n)
{
	sink = n;
	return 9;
}

int main(void)
{
	const char *text;
	struct pair pair;

	for (int i = 0; i <= 100; i++) {
		CHECK(always_seven(HIDE(i)) == 7);
		CHECK(sink == i);
	}
	text = always_text(HIDE(4));
	CHECK(text[0] == 'c' && text[8] == 0);
	CHECK(always_half(HIDE(4)) == 0.5);
	result_ignored(HIDE(40));
	CHECK(sink == 40);
	pair = always_pair(HIDE(4));
	CHECK(pair.a == 1 && pair.b == 2 && sink == 4);
	CHECK(external_constant(HIDE(4)) == 9);
	FINISH("honest_constant");
}
