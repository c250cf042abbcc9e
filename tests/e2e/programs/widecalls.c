// SPDX-License-Identifier: BSD-2-Clause
// Wide vectors before variable arguments and as results, beside callbacks that use the same registers. A program that
// runs on any processor; without AVX it says so.
#include <otrace/otrace.h>
#include <stdarg.h>
#include <stdio.h>

#define KEEP __attribute__((noinline))
#define WIDE __attribute__((target("avx")))
#define WIDEST __attribute__((target("avx512f")))

typedef double v4d __attribute__((vector_size(32)));
typedef double v8d __attribute__((vector_size(64)));

static volatile int nr_calls, nr_returns;
static volatile double one = 1;

WIDE KEEP v4d add(v4d a, v4d b, int n, ...)
{
	va_list list;

	va_start(list, n);
	for (int i = 0; i < n; i++)
		b += va_arg(list, v4d);
	b += va_arg(list, double);
	va_end(list);
	return a + b;
}

WIDEST KEEP v8d add_widest(v8d a, v8d b, int n, ...)
{
	va_list list;

	va_start(list, n);
	for (int i = 0; i < n; i++)
		b += va_arg(list, v8d);
	va_end(list);
	return a + b;
}

WIDE static void spoil(void)
{
	__asm__ volatile("vzeroall" ::: "memory");
}

static void on_call(const struct otrace_call_info *call, void *context)
{
	(void)call, (void)context;
	nr_calls++;
	spoil();
}

static void on_return(const struct otrace_call_info *call, void *context)
{
	(void)call, (void)context;
	nr_returns++;
	spoil();
}

WIDE static void use(void)
{
	double x = one;
	v4d sum = add((v4d){x, 2, 3, 4}, (v4d){10, 20, 30, 40}, 1, (v4d){100, 200, 300, 400}, 0.5);

	printf("%g %g %g %g\n", sum[0], sum[1], sum[2], sum[3]);
}

WIDEST static void use_widest(void)
{
	double x = one;
	v8d sum = add_widest((v8d){x, 2, 3, 4, 5, 6, 7, 8}, (v8d){10, 20, 30, 40, 50, 60, 70, 80}, 1,
			     (v8d){100, 200, 300, 400, 500, 600, 700, 800});

	printf("%g %g\n", sum[0], sum[7]);
}

static const struct otrace_callbacks callbacks = {
	.size_bytes = sizeof(callbacks), .on_call = on_call, .on_return = on_return};

int main(void)
{
	if (!__builtin_cpu_supports("avx")) {
		puts("no AVX");
		return 0;
	}
	otrace_set_callbacks(&callbacks);
	use();
	if (__builtin_cpu_supports("avx512f"))
		use_widest();
	otrace_set_callbacks(NULL);
	printf("calls %d returns %d\n", nr_calls, nr_returns);
	return 0;
}
