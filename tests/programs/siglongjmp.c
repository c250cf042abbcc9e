// SPDX-License-Identifier: BSD-2-Clause
// siglongjmp out of a signal handler on a stack of its own, over the frames it broke into.
// The way programs survive a null pointer; afterwards calls nest as before.
// BUILD {"not":["asan"],"cflags":["-fno-delete-null-pointer-checks"]}
// asan: installs its own handler for SIGSEGV.
// EXPECT {"function":"peek","args":{"p":null},"exit":"abandoned","count":200}
// EXPECT {"function":"peek","args":{"p":{"type":"const int *"}},"value":42,"count":200,"calls":400}
// EXPECT {"function":"on_segv","exit":"abandoned","calls":200}
// EXPECT {"function":"try_peek","value":-1,"count":200}
// EXPECT {"function":"try_peek","value":42,"count":200,"calls":400}
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include "check.h"

static sigjmp_buf rescue;
static volatile int handled;

EXACT int peek(const int *p)
{
	TOUCH();
	return *(const volatile int *)p;
}

EXACT void on_segv(int number)
{
	handled++;
	CHECK(number == SIGSEGV);
	siglongjmp(rescue, 1);
}

EXACT int try_peek(const int *p)
{
	TOUCH();
	if (sigsetjmp(rescue, 1))
		return -1;
	return peek(p);
}

int main(void)
{
	size_t size = 64 * 1024;
	stack_t stack = {.ss_size = size};
	struct sigaction action = {.sa_handler = on_segv, .sa_flags = SA_ONSTACK};
	int value = 42;

	stack.ss_sp = malloc(size);
	CHECK(stack.ss_sp && sigaltstack(&stack, NULL) == 0);
	sigemptyset(&action.sa_mask);
	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
	for (volatile int i = 0; i < 200; i++) {
		CHECK(try_peek(HIDE((int *)NULL)) == -1);
		CHECK(try_peek(HIDE(&value)) == 42);
	}
	CHECK(handled == 200);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
	free(stack.ss_sp);
	FINISH("siglongjmp");
}
