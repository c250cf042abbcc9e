// SPDX-License-Identifier: BSD-2-Clause
// Calls through pointers: tables, arguments, members, results, and comparing addresses.
// The address of a function must stay one and the same, traced or not.
// EXPECT {"function":"apply","args":{"f":{"function":"triple"},"x":4},"value":12,"count":1}
// EXPECT {"function":"apply","args":{"f":{"function":"negate"},"x":4},"value":-4,"count":1}
// EXPECT {"function":"apply","args":{"f":null,"x":4},"value":4,"count":1,"calls":3}
// EXPECT {"function":"triple","args":{"x":4},"value":12,"calls":3}
// EXPECT {"function":"negate","args":{"x":4},"value":-4,"calls":3}
// EXPECT {"function":"pick","args":{"name":"negate"},"value":{"function":"negate"},"count":1,"calls":2}
// EXPECT {"function":"twice","args":{"o":{"call":{"function":"triple"},"bias":1}},"value":13,"calls":1}
// EXPECT {"function":"compare","calls":{"least":9}}
#include <stdlib.h>
#include <string.h>

#include "check.h"

typedef int operation(int x);

struct object {
	operation *call;
	int bias;
};

EXACT int triple(int x)
{
	TOUCH();
	return 3 * x;
}

EXACT int negate(int x)
{
	TOUCH();
	return -x;
}

EXACT int apply(operation *f, int x)
{
	TOUCH();
	return f ? f(x) : x;
}

EXACT operation *pick(const char *name)
{
	TOUCH();
	return strcmp(name, "triple") == 0 ? triple : negate;
}

EXACT int twice(struct object o)
{
	TOUCH();
	return o.call(4) + o.bias;
}

EXACT int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	TOUCH();
	return (x > y) - (x < y);
}

static operation *const table[] = {triple, negate};
static operation *volatile remembered = negate;

int main(void)
{
	int numbers[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3}, sorted = 1;

	CHECK(apply(HIDE(&triple), 4) == 12);
	CHECK(apply(HIDE(&negate), 4) == -4);
	CHECK(apply(HIDE((operation *)NULL), 4) == 4);
	CHECK(pick("triple") == HIDE(&triple));
	CHECK(pick("negate") == remembered);
	CHECK(twice((struct object){HIDE(&triple), 1}) == 13);
	CHECK(table[HIDE(0)](4) == 12 && table[HIDE(1)](4) == -4);
	CHECK(remembered == table[1] && remembered(4) == -4);
	qsort(numbers, 10, sizeof(int), compare);
	for (int i = 1; i < 10; i++)
		sorted &= numbers[i - 1] <= numbers[i];
	CHECK(sorted && numbers[9] == 9);
	FINISH("funcptr");
}
