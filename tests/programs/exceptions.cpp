// SPDX-License-Identifier: BSD-2-Clause
// C++ exceptions through several frames: caught, thrown on, in constructors, past destructors.
// A frame left by an exception has no return value; the ones around it go on as before.
// EXPECT {"function":"thrower","args":{"n":0},"exit":"unwound","count":100,"calls":600}
// EXPECT {"function":"thrower","args":{"n":5},"exit":"unwound","count":100}
// EXPECT {"function":"catcher","args":{"n":5},"value":105,"count":100}
// EXPECT {"function":"middle","args":{"n":7},"exit":"unwound","count":1,"calls":1}
// EXPECT {"function":"rethrow","args":{"n":7},"value":-7,"count":1,"calls":1}
// EXPECT {"function":"no_throw","args":{"x":4},"value":5,"calls":1}
// EXPECT {"function":"swallow","value":3,"calls":1}
#include <stdexcept>
#include <string>

#include "check.h"

static int destroyed;

struct guard {
	int n;
	explicit guard(int n) : n(n)
	{
	}
	~guard()
	{
		destroyed += n;
	}
};

EXACT int thrower(int n)
{
	guard g(1);

	TOUCH();
	if (n == 0)
		throw std::runtime_error("bottom");
	return thrower(n - 1) + 1;
}

EXACT int catcher(int n)
{
	try {
		return thrower(n);
	} catch (const std::runtime_error &e) {
		return std::string(e.what()) == "bottom" ? 100 + n : -1;
	}
}

EXACT int middle(int n)
{
	try {
		guard g(10);

		TOUCH();
		throw n;
	} catch (int caught) {
		if (caught != n)
			return 0;
		throw;
	}
}

EXACT int rethrow(int n)
{
	try {
		return middle(n);
	} catch (long) {
		return 1;
	} catch (int caught) {
		return -caught;
	}
}

EXACT int no_throw(int x) noexcept
{
	TOUCH();
	return x + 1;
}

struct half_built {
	guard first;
	int second;
	half_built() : first(100), second(build())
	{
	}
	EXACT static int build()
	{
		throw std::string("half");
	}
};

EXACT int swallow()
{
	try {
		half_built h;

		return h.second;
	} catch (...) {
		return 3;
	}
}

int main()
{
	for (int i = 0; i < 100; i++)
		CHECK(catcher(HIDE(5)) == 105);
	CHECK(destroyed == 600);
	CHECK(rethrow(HIDE(7)) == -7);
	CHECK(destroyed == 610);
	CHECK(no_throw(HIDE(4)) == 5);
	CHECK(swallow() == 3);
	CHECK(destroyed == 710);
	FINISH("exceptions");
}
