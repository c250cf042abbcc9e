// SPDX-License-Identifier: BSD-2-Clause
// A C++ exception that passes through C frames on its way, as out of qsort().
// The C file is compiled with -fexceptions; its frames are traced like others.
// BUILD {"sources":["cframes_c.c"],"cflags":["-fexceptions"]}
// EXPECT {"function":"c_call","args":{"n":3},"exit":"unwound","count":1,"calls":3}
// EXPECT {"function":"c_call","args":{"n":4},"value":8,"count":2}
// EXPECT {"function":"c_twice","args":{"n":3},"exit":"unwound","count":1}
// EXPECT {"function":"c_twice","args":{"n":4},"value":16,"count":1}
// EXPECT {"function":"may_throw","args":{"n":3},"exit":"unwound","count":1}
#include <stdexcept>

#include "check.h"

extern "C" int c_twice(int (*f)(int), int n);

EXACT static int may_throw(int n)
{
	TOUCH();
	if (n % 2)
		throw std::invalid_argument("odd");
	return n * 2;
}

EXACT static int guarded(int n)
{
	try {
		return c_twice(may_throw, n);
	} catch (const std::invalid_argument &) {
		return -1;
	}
}

int main()
{
	CHECK(guarded(HIDE(3)) == -1);
	CHECK(guarded(HIDE(4)) == 16);
	FINISH("cframes");
}
