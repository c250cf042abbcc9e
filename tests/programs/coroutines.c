// SPDX-License-Identifier: BSD-2-Clause
// Coroutines by makecontext and swapcontext: calls that are open on several stacks at once.
// Returns come in another order than calls, and a stack goes away with calls still open.
// BUILD {"not":["asan"]}
// asan: warns that it does not follow swapcontext.
// EXPECT {"function":"produce","args":{"from":100,"n":3},"value":3,"count":1}
// EXPECT {"function":"yield","args":{"value":102},"count":1,"exit":"return"}
// EXPECT {"function":"next","value":102,"count":1}
// EXPECT {"function":"produce","args":{"from":1000,"n":50},"exit":"abandoned","count":1,"calls":9}
#include <stdlib.h>
#include <ucontext.h>

#include "check.h"

enum { COROUTINES = 8, STACK = 64 * 1024 };

struct coroutine {
	ucontext_t context, caller;
	void *stack;
	int value;
	int from, n;
	int done;
};

static struct coroutine *current;

EXACT void yield(int value)
{
	struct coroutine *self = current;

	self->value = value;
	swapcontext(&self->context, &self->caller);
}

/* Recursive, so that frames lie on the stack while others run. */
EXACT int produce(int from, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		yield(from + i);
		count++;
	}
	return count;
}

EXACT void body(void)
{
	struct coroutine *self = current;

	CHECK(produce(self->from, self->n) == self->n);
	self->done = 1;
}

EXACT int next(struct coroutine *c)
{
	current = c;
	c->value = -1;
	swapcontext(&c->caller, &c->context);
	return c->value;
}

EXACT void start(struct coroutine *c, int from, int n)
{
	c->stack = malloc(STACK);
	CHECK(c->stack && getcontext(&c->context) == 0);
	c->context.uc_stack.ss_sp = c->stack;
	c->context.uc_stack.ss_size = STACK;
	c->context.uc_link = &c->caller;
	c->from = from;
	c->n = n;
	c->done = 0;
	makecontext(&c->context, body, 0);
}

int main(void)
{
	static struct coroutine c[COROUTINES], left;

	for (int i = 0; i < COROUTINES; i++)
		start(&c[i], 100 * (i + 1), 3 + i);
	for (int round = 0; round < 3; round++)
		for (int i = COROUTINES - 1; i >= 0; i--)
			CHECK(next(&c[i]) == 100 * (i + 1) + round);
	for (int i = 0; i < COROUTINES; i++) {
		for (int round = 3; round < 3 + i; round++)
			CHECK(next(&c[i]) == 100 * (i + 1) + round);
		CHECK(next(&c[i]) == -1 && c[i].done);
		free(c[i].stack);
	}
	start(&left, 1000, 50);
	CHECK(next(&left) == 1000 && next(&left) == 1001);
	free(left.stack);
	FINISH("coroutines");
}
