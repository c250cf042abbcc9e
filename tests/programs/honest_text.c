// SPDX-License-Identifier: BSD-2-Clause
// Honesty: functions that look at a pointer and not at what it points to, or only write there. Callers
// in the same file need not write a text that nobody reads: the pointer is shown without it.
// EXPECT {"function":"is_set","honest":true,"args":{"s":"hello world"},"value":1,"calls":1}
// EXPECT {"function":"is_there","honest":true,"args":{"s":"hidden text"},"value":1,"calls":1}
// EXPECT {"function":"tag","honest":true,"args":{"s":"second text","n":3},"calls":1}
// EXPECT {"function":"wipe","honest":true,"args":{"s":"to be wiped"},"calls":1}
// EXPECT {"function":"tag_rest","honest":true,"args":{"g":7,"s":"seventh"},"calls":1}
// EXPECT {"function":"first","honest":true,"args":{"s":"is read"},"value":105,"calls":1}
#include <string.h>

#include "check.h"

NOINLINE static int is_set(const char *s)
{
	__asm__ volatile("");
	return s != NULL;
}

NOINLINE static int is_there(const char *s)
{
	TOUCH();
	return s != NULL;
}

NOINLINE static long tag(const char *s, int n)
{
	return ((long)s & 15) + n;
}

NOINLINE static void wipe(char *s)
{
	memset(s, 0, 12);
}

NOINLINE static long tag_rest(int a, int b, int c, int d, int e, int f, int g, const char *s)
{
	return ((long)s & 15) + a + b + c + d + e + f + g;
}

NOINLINE static int first(const char *s)
{
	return s[0];
}

int main(void)
{
	char text[16], other[16], wiped[12], seventh[16], read[16];
	long sum;

	strcpy(text, "hello world");
	CHECK(is_set(text) == 1);
	strcpy(text, "hidden text");
	CHECK(is_there(text) == 1);
	strcpy(other, "second text");
	sum = tag(other, HIDE(3));
	strcpy(wiped, "to be wiped");
	wipe(wiped);
	CHECK(wiped[HIDE(3)] == 0);
	strcpy(seventh, "seventh");
	sum += tag_rest(HIDE(1), 2, 3, 4, 5, 6, HIDE(7), seventh);
	CHECK(sum >= 31 && sum <= 61);
	strcpy(read, "is read");
	CHECK(first(read) == 'i');
	FINISH("honest_text");
}
