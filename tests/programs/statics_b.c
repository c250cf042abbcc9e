// SPDX-License-Identifier: BSD-2-Clause
// The second file of statics.c: the same names with other types and values.
// Shows: price() is told by its file.
#include "check.h"

double other_price(double x);
int other_serial(void);

static double rate = 2.0;

EXACT static double price(double cents)
{
	TOUCH();
	return cents * rate;
}

EXACT static int serial(void)
{
	static int last = 100;

	TOUCH();
	return ++last;
}

EXACT double other_price(double x)
{
	CHECK(failures == 0);
	return price(x);
}

EXACT int other_serial(void)
{
	TOUCH();
	return serial();
}
