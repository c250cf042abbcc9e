// SPDX-License-Identifier: BSD-2-Clause
// Static functions and variables of the same name in two files; static variables in functions.
// Tracing the bare name takes both, "price@statics_b.c" one of them.
// BUILD {"sources":["statics_b.c"]}
// EXPECT {"function":"price","file":"statics.c","args":{"n":3},"value":30,"count":1}
// EXPECT {"function":"price","file":"statics_b.c","args":{"cents":3.5},"value":7.0,"count":1}
// EXPECT {"function":"serial","file":"statics.c","value":3,"count":1}
// EXPECT {"function":"serial","file":"statics_b.c","value":103,"count":1}
// EXPECT {"function":"other_price","args":{"x":3.5},"value":7.0,"calls":1}
#include "check.h"

double other_price(double x);
int other_serial(void);

static int rate = 10;

EXACT static int price(int n)
{
	TOUCH();
	return n * rate;
}

EXACT static int serial(void)
{
	static int last;

	TOUCH();
	return ++last;
}

int main(void)
{
	CHECK(price(HIDE(3)) == 30);
	CHECK(other_price(HIDE(3.5)) == 7.0);
	for (int i = 1; i <= 3; i++) {
		CHECK(serial() == i);
		CHECK(other_serial() == 100 + i);
	}
	FINISH("statics");
}
