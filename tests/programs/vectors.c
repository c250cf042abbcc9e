// SPDX-License-Identifier: BSD-2-Clause
// Vectors of 128, 256 and 512 bits by value, in functions that need AVX or AVX-512 by attribute.
// The wide ones are only called where the processor has them; all eight registers are used.
// EXPECT {"function":"add4","later":{"args":{"a":[1.5,2.5,3.5,4.5]},"value":[11.5,12.5,13.5,14.5]},"calls":1}
// EXPECT {"function":"add_ints","later":{"args":{"a":[1,2,3,4]},"value":[11,22,33,44]},"calls":1}
// EXPECT {"function":"sum8","args":{"n":8},"calls":1}
// EXPECT {"function":"add_wide","calls":1,"cpu":"avx"}
// EXPECT {"function":"add_widest","calls":1,"cpu":"avx512f"}
#include "check.h"

typedef float v4f __attribute__((vector_size(16)));
typedef int v4i __attribute__((vector_size(16)));
typedef double v4d __attribute__((vector_size(32)));
typedef long v8l __attribute__((vector_size(64)));

static volatile int one = 1;

EXACT v4f add4(v4f a, v4f b)
{
	TOUCH();
	return a + b;
}

EXACT v4i add_ints(v4i a, v4i b)
{
	TOUCH();
	return a + b;
}

EXACT v4f sum8(int n, v4f a, v4f b, v4f c, v4f d, v4f e, v4f f, v4f g, v4f h, v4f i)
{
	TOUCH();
	return (float)n + a + b + c + d + e + f + g + h + i;
}

__attribute__((target("avx"))) EXACT v4d add_wide(v4d a, v4d b, double c)
{
	TOUCH();
	return a + b + c;
}

__attribute__((target("avx"))) EXACT void use_wide(void)
{
	double x = one;
	v4d sum = add_wide((v4d){x, 2, 3, 4}, (v4d){10, 20, 30, 40}, 0.5);

	for (int i = 0; i < 4; i++)
		CHECK(sum[i] == (i + 1) * 11 + 0.5);
}

__attribute__((target("avx512f"))) EXACT v8l add_widest(v8l a, v8l b, long c)
{
	TOUCH();
	return a + b + c;
}

__attribute__((target("avx512f"))) EXACT void use_widest(void)
{
	long x = one;
	v8l sum = add_widest((v8l){x, 2, 3, 4, 5, 6, 7, 8}, (v8l){10, 20, 30, 40, 50, 60, 70, 80},
			     100);

	for (int i = 0; i < 8; i++)
		CHECK(sum[i] == (i + 1) * 11 + 100);
}

int main(void)
{
	float x = (float)one;
	v4f f = add4((v4f){x + 0.5f, 2.5f, 3.5f, 4.5f}, (v4f){10, 10, 10, 10});
	v4i n = add_ints((v4i){one, 2, 3, 4}, (v4i){10, 20, 30, 40});
	v4f v = {x, x, x, x};

	for (int i = 0; i < 4; i++) {
		CHECK(f[i] == (float)i + 11.5f);
		CHECK(n[i] == (i + 1) * 11);
	}
	f = sum8(HIDE(8), v, v * 2, v * 4, v * 8, v * 16, v * 32, v * 64, v * 128, v * 256);
	for (int i = 0; i < 4; i++)
		CHECK(f[i] == 519);
	if (__builtin_cpu_supports("avx"))
		use_wide();
	if (__builtin_cpu_supports("avx512f"))
		use_widest();
	FINISH("vectors");
}
