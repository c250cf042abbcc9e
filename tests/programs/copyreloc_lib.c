// SPDX-License-Identifier: BSD-2-Clause
// The library of copyreloc.c: variables that may live in the program in the end.
// Shows: a hidden and an internal function beside the exported ones.
#include <string.h>

#include "check.h"
#include "copyreloc.h"

int shared_counter = 100;
struct shared shared_struct = {1, "from lib"};
__thread int shared_thread_local;

__attribute__((visibility("hidden"))) EXACT int hidden_add(int a, int b)
{
	TOUCH();
	return a + b;
}

EXACT static int internal_add(int a, int b)
{
	TOUCH();
	return hidden_add(a, b);
}

EXACT int lib_add(int n)
{
	shared_counter = internal_add(shared_counter, n);
	return shared_counter;
}

EXACT void lib_set_name(const char *name)
{
	CHECK(failures == 0);
	strncpy(shared_struct.name, name, sizeof(shared_struct.name) - 1);
}

EXACT int lib_struct_a(void)
{
	TOUCH();
	return shared_struct.a;
}

EXACT int *lib_counter_address(void)
{
	TOUCH();
	return &shared_counter;
}

EXACT void *lib_function_address(void)
{
	TOUCH();
	return (void *)lib_add;
}

EXACT int lib_call(int (*f)(int), int n)
{
	TOUCH();
	return f(n);
}

EXACT int lib_thread_local(void)
{
	TOUCH();
	return shared_thread_local;
}
