// SPDX-License-Identifier: BSD-2-Clause
// Other calling conventions than C's: each is traced right or skipped with its reason.
// Every caller checks that no value was lost, also those that live in registers across the call.
// EXPECT {"function":"win","args":{"a":1,"b":2.5,"c":3,"d":4.5,"e":5,"f":6.5},"value":22.5,"calls":1,"missing_ok":true}
// EXPECT {"function":"win_struct","args":{"s":{"a":1,"b":2,"c":3}},"value":{"a":2,"b":3,"c":4},"calls":1,"missing_ok":true}
// EXPECT {"function":"sysv","args":{"a":1,"b":2.5},"value":3.5,"calls":1}
// EXPECT {"function":"vector","args":{"a":1,"b":2.5},"value":3.5,"calls":1,"missing_ok":true}
// EXPECT {"function":"registers","args":{"a":1,"l":12},"value":78,"calls":1,"missing_ok":true}
// EXPECT {"function":"most","args":{"a":20,"b":22},"value":42,"calls":100,"missing_ok":true}
// EXPECT {"function":"all","args":{"a":20,"b":22},"value":42,"calls":100,"missing_ok":true}
// EXPECT {"function":"plain","args":{"a":42},"value":43,"calls":202}
#include <stdarg.h>

#include "check.h"

struct three {
	long a, b, c;
};

EXACT long plain(long a)
{
	TOUCH();
	return a + 1;
}

__attribute__((ms_abi)) EXACT double win(int a, double b, int c, double d, int e, double f)
{
	TOUCH();
	plain(42);
	return a + b + c + d + e + f;
}

__attribute__((ms_abi)) EXACT struct three win_struct(struct three s)
{
	TOUCH();
	plain(42);
	return (struct three){s.a + 1, s.b + 1, s.c + 1};
}

__attribute__((ms_abi)) EXACT long win_variadic(int n, ...)
{
	__builtin_ms_va_list list;
	long sum = 0;

	__builtin_ms_va_start(list, n);
	for (int i = 0; i < n; i++)
		sum += __builtin_va_arg(list, long);
	__builtin_ms_va_end(list);
	return sum;
}

__attribute__((sysv_abi)) EXACT double sysv(int a, double b)
{
	TOUCH();
	return a + b;
}

/* Static: its name for the linker is vector@@16, which shared objects take for a version. */
__attribute__((vectorcall)) EXACT static double vector(int a, double b)
{
	TOUCH();
	return a + b;
}

__attribute__((regcall)) EXACT long registers(long a, long b, long c, long d, long e, long f,
					      long g, long h, long i, long j, long k, long l)
{
	TOUCH();
	return a + b + c + d + e + f + g + h + i + j + k + l;
}

/*
 * Static: in a shared object the first call would go by way of the dynamic linker, which does not
 * keep the registers that these conventions promise to keep.
 */
__attribute__((preserve_most)) EXACT static long most(long a, long b)
{
	TOUCH();
	plain(a + b);
	return a + b;
}

__attribute__((preserve_all)) EXACT static long all(long a, long b)
{
	TOUCH();
	plain(a + b);
	return a + b;
}

/* Keeps as many values alive across the calls as the convention lets it. */
EXACT long busy(long x, double y)
{
	long a = HIDE(x), b = HIDE(x + 1), c = HIDE(x + 2), d = HIDE(x + 3), e = HIDE(x + 4),
	     f = HIDE(x + 5), g = HIDE(x + 6), h = HIDE(x + 7), wrong = 0;
	double p = HIDE(y), q = HIDE(y + 1), r = HIDE(y + 2);

	for (int i = 0; i < 100; i++) {
		wrong += most(HIDE(20L), 22) != 42;
		wrong += all(HIDE(20L), 22) != 42;
	}
	wrong += a != x || b != x + 1 || c != x + 2 || d != x + 3 || e != x + 4 || f != x + 5;
	wrong += g != x + 6 || h != x + 7 || p != y || q != y + 1 || r != y + 2;
	return wrong;
}

int main(void)
{
	struct three s = win_struct((struct three){HIDE(1L), 2, 3});

	CHECK(s.a == 2 && s.b == 3 && s.c == 4);
	CHECK(win(HIDE(1), 2.5, 3, 4.5, 5, 6.5) == 22.5);
	CHECK(win_variadic(HIDE(6), 1L, 2L, 3L, 4L, 5L, 6L) == 21);
	CHECK(sysv(HIDE(1), 2.5) == 3.5);
	CHECK(vector(HIDE(1), 2.5) == 3.5);
	CHECK(registers(HIDE(1L), 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) == 78);
	CHECK(busy(HIDE(1000L), 0.5) == 0);
	FINISH("callconv");
}
