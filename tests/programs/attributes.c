// SPDX-License-Identifier: BSD-2-Clause
// Functions with attributes that move or reshape them: hot, cold, sections, aliases, weak.
// Also one that returns twice by its own setjmp, and one that must not be instrumented.
// EXPECT {"function":"warm","args":{"x":1},"value":2,"count":1,"calls":1000}
// EXPECT {"function":"freezing","args":{"x":5},"value":-5,"calls":1}
// EXPECT {"function":"placed","args":{"x":6},"value":36,"calls":1}
// EXPECT {"function":"real_name","args":{"x":7},"value":8,"calls":2}
// EXPECT {"function":"weak_one","args":{"x":9},"value":90,"calls":1}
// EXPECT {"function":"early","calls":1,"exit":"any","missing_ok":true}
// EXPECT {"function":"invisible","skipped":true,"driver":true}
// EXPECT {"function":"again","skipped":true}
// EXPECT {"function":"no_way_back","args":{"code":3},"exit":"any","calls":1}
// EXPECT {"function":"large_alignment","args":{"x":11},"value":12,"calls":1}
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include "check.h"

static int constructed;
static jmp_buf buffer;

__attribute__((hot)) EXACT int warm(int x)
{
	TOUCH();
	return x + 1;
}

__attribute__((cold)) EXACT int freezing(int x)
{
	TOUCH();
	return -x;
}

__attribute__((section(".text.elsewhere"))) EXACT int placed(int x)
{
	TOUCH();
	return x * x;
}

EXACT int real_name(int x)
{
	TOUCH();
	return x + 1;
}

int other_name(int x) __attribute__((alias("real_name")));

__attribute__((weak)) EXACT int weak_one(int x)
{
	TOUCH();
	return 10 * x;
}

__attribute__((weak)) int not_there(int x);

__attribute__((constructor)) EXACT void early(void)
{
	constructed++;
}

__attribute__((destructor)) EXACT void late(void)
{
	constructed--;
}

__attribute__((no_instrument_function)) EXACT int invisible(int x)
{
	TOUCH();
	return x + 3;
}

/* Comes back twice, as setjmp does: its own caller is jumped to again. */
__attribute__((returns_twice)) EXACT int again(jmp_buf where)
{
	TOUCH();
	return where == NULL;
}

__attribute__((noreturn)) EXACT void no_way_back(int code)
{
	longjmp(buffer, code);
}

__attribute__((aligned(256))) EXACT int large_alignment(int x)
{
	CHECK(((uintptr_t)HIDE(&large_alignment) & 255) == 0);
	return x + 1;
}

EXACT int try_again(void)
{
	int code = setjmp(buffer);

	if (code == 0) {
		CHECK(again(buffer) == 0);
		no_way_back(HIDE(3));
	}
	return code;
}

int main(void)
{
	CHECK(constructed == 1);
	for (int i = 0; i < 1000; i++)
		CHECK(warm(HIDE(i)) == i + 1);
	CHECK(freezing(HIDE(5)) == -5);
	CHECK(placed(HIDE(6)) == 36);
	CHECK(real_name(HIDE(7)) == 8 && other_name(HIDE(7)) == 8);
	CHECK(weak_one(HIDE(9)) == 90);
	CHECK(not_there == NULL);
	CHECK(invisible(HIDE(1)) == 4);
	CHECK(large_alignment(HIDE(11)) == 12);
	CHECK(try_again() == 3);
	FINISH("attributes");
}
