// SPDX-License-Identifier: BSD-2-Clause
// hello: a till in a tiny shop, the first program to look at with otrace.
// Shows: arguments and return values, a struct by pointer, a global counter.
#include <stdio.h>

struct item {
	const char *name;
	int price, count;
};

int counter; // how often price() was asked

int add(int a, int b)
{
	return a + b;
}

int price(const struct item *item)
{
	counter++;
	return item->price * item->count;
}

int total(const struct item *items, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum = add(sum, price(&items[i]));
	return sum;
}

int main(void)
{
	struct item basket[] = {{"tea", 3, 2}, {"milk", 1, 4}, {"cake", 5, 1}};

	printf("total %d\n", total(basket, 3));
	return 0;
}
