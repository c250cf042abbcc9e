// SPDX-License-Identifier: BSD-2-Clause
// Old style definitions: char, short and float arrive as int and double and are cut down inside.
// A tracer shows the declared types. Also called with more arguments than are declared.
// BUILD {"cflags":["-Wno-deprecated-non-prototype"]}
// EXPECT {"function":"promoted","args":{"c":{"like":"char","char":"z"},"s":-3,"f":1.5,"n":7,"text":"old"},"value":131.5,"calls":1}
// EXPECT {"function":"unsigned_short","args":{"u":40000},"value":40001,"calls":1}
// EXPECT {"function":"by_struct","args":{"p":{"x":3,"y":4}},"value":{"x":4,"y":3},"calls":1}
// EXPECT {"function":"nothing","args":{},"value":5,"calls":2}
#include <string.h>

#include "check.h"

struct point {
	short x, y;
};

double promoted();
int unsigned_short();
struct point by_struct();

EXACT double promoted(c, s, f, n, text)
char c;
short s;
float f;
int n;
const char *text;
{
	TOUCH();
	return c + s + f + n + (double)strlen(text) + 1;
}

EXACT int unsigned_short(u)
unsigned short u;
{
	TOUCH();
	return u + 1;
}

EXACT struct point by_struct(p)
struct point p;
{
	TOUCH();
	return (struct point){p.y, p.x};
}

EXACT int nothing()
{
	TOUCH();
	return 5;
}

int main(void)
{
	struct point p = {HIDE((short)3), 4};
	int (*surplus)() = HIDE(&nothing);

	CHECK(promoted(HIDE('z'), -3, 1.5f, 7, "old") == 131.5);
	CHECK(unsigned_short(HIDE(40000)) == 40001);
	p = by_struct(p);
	CHECK(p.x == 4 && p.y == 3);
	CHECK(nothing() == 5);
	CHECK(surplus(1, 2.5, "three") == 5);
	FINISH("knr");
}
