// SPDX-License-Identifier: BSD-2-Clause
// More variable arguments than anybody expects: 800 of mixed types, 10 KiB on the stack, from every kind of stack.
// Whether the end of the call is seen is left open; the program has to get every argument.
// BUILD {"not":["asan"]}
// asan: warns that it does not follow swapcontext.
// EXPECT {"function":"sum_groups","args":{"n":200},"value":81200.0,"value_optional":true,"count":{"least":4}}
// EXPECT {"function":"sum_groups","args":{"n":10},"value":420.0,"value_optional":true,"count":{"least":1}}
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "check.h"

struct large {
	long v[3];
};

/* An int, a double, a string of so many letters, and a struct that lies in the argument area. */
#define G1(n) (n), (n) + 0.5, &letters[64 - (n) % 64], ((struct large){{(n), 2, -1}})
#define G10(n)                                                                               \
	G1(n), G1((n) + 1), G1((n) + 2), G1((n) + 3), G1((n) + 4), G1((n) + 5), G1((n) + 6), \
		G1((n) + 7), G1((n) + 8), G1((n) + 9)
#define G50(n) G10(n), G10((n) + 10), G10((n) + 20), G10((n) + 30), G10((n) + 40)
#define G200(n) G50(n), G50((n) + 50), G50((n) + 100), G50((n) + 150)

static char letters[65];

/* The sum over the groups; -1 - group when one is not what it has to be. */
EXACT double sum_groups(int first, int n, ...)
{
	va_list list;
	double sum = 0;

	TOUCH();
	va_start(list, n);
	for (int i = first; i < first + n; i++) {
		int whole = va_arg(list, int);
		double half = va_arg(list, double);
		const char *text = va_arg(list, const char *);
		struct large large = va_arg(list, struct large);

		if (whole != i || half != i + 0.5 || strlen(text) != (size_t)(i % 64) ||
		    large.v[0] != i || large.v[1] != 2 || large.v[2] != -1)
			return -1 - i;
		sum += whole + half + 2 * (double)large.v[0] + 2 * (double)large.v[1] - 0.5 +
		       3 * (double)large.v[2] + 3;
	}
	va_end(list);
	return sum;
}

/* Between two calls of its kind, so that one copy holds another. */
EXACT double nested(int depth, ...)
{
	va_list list;
	double last = -1;

	va_start(list, depth);
	for (int i = 0; i < 40; i++)
		last = va_arg(list, double);
	va_end(list);
	if (!depth)
		return last;
	return nested(HIDE(depth) - 1, 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14.,
		      15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27., 28., 29.,
		      30., 31., 32., 33., 34., 35., 36., 37., 38., 39., last + 1) +
	       HIDE(0.);
}

EXACT int all_right(void)
{
	return sum_groups(HIDE(1), HIDE(200), G200(1)) == 80400 + 4 * 200 &&
	       sum_groups(HIDE(5), HIDE(10), G10(5)) == 380 + 4 * 10;
}

/* So deep in the stack that nobody can copy all of it. */
EXACT int deep(int n)
{
	volatile char *room = alloca((size_t)HIDE(n));

	room[0] = 1;
	return all_right() && room[0];
}

EXACT void *in_thread(void *size)
{
	return (void *)(long)(all_right() && deep((int)(long)size));
}

static void run_thread(size_t stack_bytes, int deeper)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *right = NULL;

	pthread_attr_init(&attr);
	CHECK(!pthread_attr_setstacksize(&attr, stack_bytes));
	CHECK(!pthread_create(&thread, &attr, in_thread, (void *)(long)deeper));
	pthread_join(thread, &right);
	CHECK(right);
	pthread_attr_destroy(&attr);
}

static ucontext_t here, there;
static volatile int coroutine_right, handler_right;

static void in_coroutine(void)
{
	coroutine_right = all_right();
}

static void in_handler(int signal)
{
	handler_right = signal && all_right();
}

static void run_elsewhere(void)
{
	size_t bytes = 256 << 10;
	char *stack = malloc(bytes);
	stack_t other = {.ss_sp = stack, .ss_size = bytes};
	struct sigaction action = {.sa_handler = in_handler, .sa_flags = SA_ONSTACK};

	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = bytes;
	there.uc_link = &here;
	makecontext(&there, in_coroutine, 0);
	swapcontext(&here, &there);
	CHECK(coroutine_right);
	sigaltstack(&other, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	CHECK(handler_right);
	other.ss_flags = SS_DISABLE;
	sigaltstack(&other, NULL);
	free(stack);
}

int main(void)
{
	memset(letters, 'x', 64);
	for (int bytes = 16; bytes < 4200; bytes += 400)
		CHECK(deep(bytes));
	CHECK(all_right());
	CHECK(deep(100000));
	CHECK(nested(HIDE(50), 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.,
		     0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.,
		     0., 0., 0.) == 50);
	run_thread(64 << 10, 16);
	run_thread(1 << 20, 100000);
	run_elsewhere();
	FINISH("varargs_many");
}
