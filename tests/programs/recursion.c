// SPDX-License-Identifier: BSD-2-Clause
// Recursion: plain, mutual, and through a tree; every frame has its own arguments and result.
// EXPECT {"function":"fact","args":{"n":10},"value":3628800,"count":1}
// EXPECT {"function":"fact","args":{"n":3},"value":6,"count":2}
// EXPECT {"function":"fact","args":{"n":0},"value":1,"count":2,"calls":16}
// EXPECT {"function":"fib","args":{"n":1},"value":1,"count":34,"calls":109}
// EXPECT {"function":"fib","args":{"n":9},"value":34,"count":1}
// EXPECT {"function":"is_even","args":{"n":6},"value":1,"count":1,"calls":4}
// EXPECT {"function":"is_odd","args":{"n":1},"value":1,"count":1,"calls":3}
// EXPECT {"function":"tree_sum","args":{"t":{"type":"const struct tree *"}},"value":10,"count":1}
// EXPECT {"function":"tree_sum","args":{"t":null},"value":0,"count":5,"calls":9}
#include "check.h"

struct tree {
	int value;
	struct tree *left, *right;
};

EXACT unsigned long fact(unsigned long n)
{
	TOUCH();
	return n ? n * CALL(fact)(n - 1) : 1;
}

EXACT int fib(int n)
{
	TOUCH();
	return n < 2 ? n : CALL(fib)(n - 1) + CALL(fib)(n - 2);
}

int is_odd(unsigned int n);

EXACT int is_even(unsigned int n)
{
	int result = n ? is_odd(n - 1) : 1;

	TOUCH();
	return result;
}

EXACT int is_odd(unsigned int n)
{
	int result = n ? is_even(n - 1) : 0;

	TOUCH();
	return result;
}

EXACT int tree_sum(const struct tree *t)
{
	TOUCH();
	return t ? CALL(tree_sum)(t->left) + t->value + CALL(tree_sum)(t->right) : 0;
}

int main(void)
{
	struct tree leaf1 = {1, NULL, NULL}, leaf2 = {2, NULL, NULL};
	struct tree middle = {3, &leaf1, &leaf2}, root = {4, &middle, NULL};

	CHECK(fact(HIDE(10ul)) == 3628800);
	CHECK(fact(HIDE(4ul)) == 24);
	CHECK(fib(HIDE(9)) == 34);
	CHECK(is_even(HIDE(6u)) == 1);
	CHECK(tree_sum(&root) == 10);
	FINISH("recursion");
}
