// SPDX-License-Identifier: BSD-2-Clause
// float, double and long double, alone and among integers; signed zero, infinity, NaN payloads.
// All values have exact decimal forms, so what is shown can be compared exactly.
// EXPECT {"function":"half_f","args":{"x":2.5},"value":1.25,"calls":1}
// EXPECT {"function":"half_d","args":{"x":-0.125},"value":-0.0625,"count":1}
// EXPECT {"function":"half_d","args":{"x":1e300},"value":5e299,"count":1}
// EXPECT {"function":"half_d","args":{"x":{"like":"-inf"}},"value":{"like":"-inf"},"count":1}
// EXPECT {"function":"half_d","args":{"x":{"like":"nan"}},"value":{"like":"nan"},"count":1}
// EXPECT {"function":"half_l","args":{"x":3.0},"value":1.5,"count":1,"calls":2}
// EXPECT {"function":"blend","args":{"a":1,"x":1.5,"b":2,"y":2.5,"c":3,"z":3.5},"value":13.5,"calls":1}
// EXPECT {"function":"no_value","args":{"x":0.75},"value":null,"calls":1}
#include <math.h>
#include <string.h>

#include "check.h"

static volatile double sink;

EXACT float half_f(float x)
{
	TOUCH();
	return x / 2;
}

EXACT double half_d(double x)
{
	TOUCH();
	return x / 2;
}

EXACT long double half_l(long double x)
{
	TOUCH();
	return x / 2;
}

EXACT long double blend(int a, float x, char b, double y, long c, long double z)
{
	TOUCH();
	return a + x + b + y + (long double)c + z;
}

EXACT void no_value(double x)
{
	sink = x;
}

int main(void)
{
	double nan_in, nan_out;
	unsigned long bits = 0x7ff8000000abcdefUL, back;
	double minus_zero;

	CHECK(half_f(HIDE(2.5f)) == 1.25f);
	CHECK(half_d(HIDE(-0.125)) == -0.0625);
	CHECK(half_d(HIDE(1e300)) == 5e299);
	CHECK(isinf(half_d(HIDE(-INFINITY))));
	minus_zero = half_d(HIDE(-0.0));
	CHECK(minus_zero == 0 && signbit(minus_zero));
	memcpy(&nan_in, &bits, sizeof(bits));
	nan_out = half_d(nan_in);
	memcpy(&back, &nan_out, sizeof(back));
	CHECK(back == bits);
	CHECK(half_l(HIDE(3.0L)) == 1.5L);
	/* Needs all 64 bits of the x87 significand. */
	CHECK(half_l(HIDE(36893488147419103230.0L)) == 18446744073709551615.0L);
	CHECK(blend(HIDE(1), 1.5f, 2, 2.5, 3, 3.5L) == 13.5L);
	no_value(HIDE(0.75));
	CHECK(sink == 0.75);
	FINISH("floats");
}
