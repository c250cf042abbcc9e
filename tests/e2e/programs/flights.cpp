// SPDX-License-Identifier: BSD-2-Clause
// Exceptions through several frames: straight on, past a destructor that throws and catches its own, thrown again, made
// into another, and one that lies where a former one lay.
#include <cstdio>
#include <stdexcept>

#define KEPT __attribute__((noinline))

static volatile int sink;

KEPT int leaf(int n)
{
	sink = sink + 1;
	if (n)
		throw std::runtime_error("leaf");
	return n;
}

KEPT int noise(int n)
{
	sink = sink + 1;
	throw n;
}

struct guard {
	~guard()
	{
		try {
			noise(5);
		} catch (int) {
			sink = sink + 1;
		}
	}
};

KEPT int middle(int n)
{
	return leaf(n) + 1;
}

KEPT int guarded(int n)
{
	guard g;

	return middle(n) + 1;
}

KEPT int outer(int n)
{
	return guarded(n) + 1;
}

KEPT int again(int n)
{
	try {
		return leaf(n) + 1;
	} catch (const std::exception &) {
		sink = sink + 1;
		throw;
	}
}

KEPT int other(int n)
{
	try {
		return leaf(n) + 1;
	} catch (const std::exception &) {
		throw std::logic_error("other");
	}
}

KEPT int later(int n)
{
	try {
		sink = leaf(n);
	} catch (const std::exception &) {
		sink = sink + 1;
	}
	throw std::runtime_error("later");
}

template <typename F> static void run(F f, const char *name)
{
	try {
		f(1);
	} catch (const std::exception &e) {
		std::printf("%s: %s\n", name, e.what());
	}
}

int main()
{
	for (int i = 0; i < 2; i++)
		run(outer, "outer");
	run(again, "again");
	run(other, "other");
	run(later, "later");
	return 0;
}
