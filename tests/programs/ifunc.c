// SPDX-License-Identifier: BSD-2-Clause
// An indirect function: its resolver runs while the program is still being relocated.
// The resolver and what it calls must not be touched then; what it chooses may be traced.
// BUILD {"not":["O0/lto","O0/thinlto"]}
// O0 with LTO: the linker of LLVM 19 crashes where the address of an ifunc is taken.
// EXPECT {"function":"resolve_twice","skipped":true}
// EXPECT {"function":"twice_plain","args":{"x":21},"value":42,"count":1,"calls":{"least":2}}
// EXPECT {"function":"user","args":{"x":4},"value":9,"calls":1}
#include "check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BARE __attribute__((no_sanitize("address")))
#endif
#endif
#ifndef BARE
#define BARE
#endif

typedef int function(int x);

EXACT int twice_plain(int x)
{
	TOUCH();
	return 2 * x;
}

EXACT int twice_other(int x)
{
	TOUCH();
	return x + x;
}

BARE static int has_everything(void)
{
	return 0;
}

BARE __attribute__((used)) static function *resolve_twice(void)
{
	return has_everything() ? twice_other : twice_plain;
}

int twice(int x) __attribute__((ifunc("resolve_twice")));
static int twice_static(int x) __attribute__((ifunc("resolve_twice")));

EXACT int user(int x)
{
	TOUCH();
	return twice(x) + 1;
}

int main(void)
{
	function *pointer = HIDE(&twice);

	CHECK(twice(HIDE(21)) == 42);
	CHECK(twice_static(HIDE(10)) == 20);
	CHECK(pointer(HIDE(5)) == 10);
	CHECK(user(HIDE(4)) == 9);
	FINISH("ifunc");
}
