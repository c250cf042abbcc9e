// SPDX-License-Identifier: BSD-2-Clause
// The C part of cframes.cpp: calls a function that may throw, and cleans up when it does.
// Shows: __attribute__((cleanup)) runs as the exception passes.
#include "check.h"

static int open_calls;

static void close_call(const int *n)
{
	open_calls -= *n;
}

int c_call(int (*f)(int), int n);
int c_twice(int (*f)(int), int n);

EXACT int c_call(int (*f)(int), int n)
{
	__attribute__((cleanup(close_call))) int one = 1;

	open_calls += one;
	return f(n);
}

EXACT int c_twice(int (*f)(int), int n)
{
	CHECK(open_calls == 0 && failures == 0);
	return c_call(f, n) + c_call(f, n);
}
