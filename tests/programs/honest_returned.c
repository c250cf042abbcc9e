// SPDX-License-Identifier: BSD-2-Clause
// Honesty: functions that return an argument, so that callers go on with what they passed.
// The value shown is right all the same; a replacement that returns another would be ignored.
// EXPECT {"function":"store","honest":true,"args":{"value":3},"value":{"type":"int *"},"count":1,"calls":100}
// EXPECT {"function":"same","honest":true,"args":{"x":55},"value":55,"count":1,"calls":100}
// EXPECT {"function":"append","honest":true,"args":{"c":{"like":"char","char":"b"}},"value":{"type":"struct text *"},"count":1,"calls":3}
// EXPECT {"function":"either","honest":true,"args":{"a":5,"b":6,"first":0},"value":6,"calls":1}
#include "check.h"

struct text {
	char c[16];
	int length;
};

NOINLINE int *store(int *where, int value)
{
	*where = value;
	TOUCH();
	return where;
}

NOINLINE static long same(long x)
{
	TOUCH();
	return x;
}

NOINLINE static struct text *append(struct text *t, char c)
{
	t->c[t->length++] = c;
	TOUCH();
	return t;
}

NOINLINE static int either(int a, int b, int first)
{
	TOUCH();
	return first ? a : b;
}

int main(void)
{
	struct text text = {"", 0};
	int room[100];
	long sum = 0;

	for (int i = 0; i < 100; i++) {
		int *p = store(&room[i], HIDE(i));

		CHECK(*p == i && p == &room[i]);
		sum += same(HIDE((long)i));
	}
	CHECK(sum == 4950);
	CHECK(append(append(append(&text, 'a'), 'b'), 'c') == &text);
	CHECK(text.length == 3 && text.c[0] == 'a' && text.c[1] == 'b' && text.c[2] == 'c');
	CHECK(either(HIDE(5), HIDE(6), HIDE(0)) == 6);
	FINISH("honest_returned");
}
