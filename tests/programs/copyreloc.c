// SPDX-License-Identifier: BSD-2-Clause
// A program and its library that share variables: without PIE they are copied to the program.
// Both sides must see one variable, at the address that "pr" shows.
// BUILD {"lib":["copyreloc_lib.c"]}
// EXPECT {"function":"lib_add","args":{"n":5},"value":105,"count":1,"calls":1}
// EXPECT {"function":"lib_set_name","args":{"name":"from main"},"calls":1}
// EXPECT {"function":"callback","args":{"n":42},"value":43,"calls":1}
// EXPECT {"function":"lib_call","args":{"f":{"function":"callback"},"n":42},"value":43,"calls":1}
// EXPECT {"variable":"shared_counter","value":105}
// EXPECT {"variable":"shared_struct","value":{"a":7,"name":"from main"}}
#include <string.h>

#include "check.h"
#include "copyreloc.h"

EXACT int callback(int n)
{
	TOUCH();
	return n + 1;
}

int main(void)
{
	CHECK(shared_counter == 100);
	CHECK(lib_add(HIDE(5)) == 105);
	CHECK(shared_counter == 105);
	shared_struct.a = 7;
	lib_set_name(HIDE("from main"));
	CHECK(strcmp(shared_struct.name, "from main") == 0);
	CHECK(lib_struct_a() == 7);
	CHECK(lib_counter_address() == &shared_counter);
	CHECK(lib_function_address() == (void *)lib_add);
	CHECK(lib_call(callback, HIDE(42)) == 43);
	CHECK(++shared_thread_local == 1 && lib_thread_local() == 1);
	FINISH("copyreloc");
}
