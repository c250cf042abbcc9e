// SPDX-License-Identifier: BSD-2-Clause
// An exception passes through two functions.
#include <cstdio>
#include <stdexcept>

#define KEEP __attribute__((noinline))

extern "C" KEEP int throws(int n, const char *text)
{
	if (n == 2)
		throw std::runtime_error(text);
	return n;
}

extern "C" KEEP int passes(int n, double weight)
{
	int got = throws(n, "no");

	__asm__ volatile("" : : : "memory");
	return got + static_cast<int>(weight);
}

int main()
{
	for (int i = 0; i < 4; i++) {
		try {
			std::printf("%d\n", passes(i, 1.5));
		} catch (const std::exception &error) {
			std::puts(error.what());
		}
	}
}
