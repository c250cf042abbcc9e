// SPDX-License-Identifier: BSD-2-Clause
// Honesty: pointers of which only a member or two is read, so that -O3 passes those instead.
// The pointer is gone then: shown as optimised out, never the member's value in its place.
// EXPECT {"function":"scaled","honest":true,"args":{"c":{"type":"const struct config *"},"x":6},"value":60,"count":1,"calls":100}
// EXPECT {"function":"area","honest":true,"args":{"b":{"type":"const struct box *"}},"value":12.5,"calls":1}
// EXPECT {"function":"sum_of","honest":true,"args":{"p":{"a":30,"b":12}},"value":42,"calls":1}
// EXPECT {"function":"large_by_value","honest":true,"args":{"l":{"a":1,"b":2,"c":3,"d":4}},"value":6,"calls":1}
// EXPECT {"function":"add_to","honest":true,"args":{"total":{"type":"long *"},"x":5},"value":null,"count":1,"calls":10}
#include "check.h"

struct config {
	const char *name;
	int scale;
	int other[10];
};

struct box {
	double width, height;
};

struct pair {
	long a, b;
};

struct large {
	long a, b, c, d;
};

/* Keeps calls apart without a word on memory, which would keep the pointers. */
#define EFFECT() __asm__ volatile("")

NOINLINE static int scaled(const struct config *c, int x)
{
	int scale = c->scale;

	EFFECT();
	return scale * x;
}

NOINLINE static double area(const struct box *b)
{
	double area = b->width * b->height;

	EFFECT();
	return area;
}

NOINLINE static long sum_of(struct pair p)
{
	EFFECT();
	return p.a + p.b;
}

/* By value in memory, of which only two words are read. */
NOINLINE static long large_by_value(struct large l)
{
	EFFECT();
	return l.b + l.d;
}

NOINLINE static void add_to(long *total, long x)
{
	*total += x;
	EFFECT();
}

int main(void)
{
	struct config config = {"ten", HIDE(10), {0}};
	struct box box = {HIDE(2.5), HIDE(5.0)};
	long sum = 0;

	for (int i = 0; i < 100; i++)
		CHECK(scaled(&config, HIDE(i)) == 10 * i);
	CHECK(area(&box) == 12.5);
	CHECK(sum_of((struct pair){HIDE(30L), HIDE(12L)}) == 42);
	CHECK(large_by_value((struct large){HIDE(1L), 2, HIDE(3L), 4}) == 6);
	for (long i = 0; i < 10; i++)
		add_to(&sum, HIDE(i));
	CHECK(sum == 45);
	FINISH("honest_promoted");
}
