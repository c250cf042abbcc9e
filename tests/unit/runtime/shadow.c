// SPDX-License-Identifier: BSD-2-Clause
// Calls under a hardware shadow stack, which it switches on by itself: libraries need not know of it.
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, used))
#define SHADOW_STACK_ENABLE 0x5001
#define SHADOW_STACK 1

KEEP int add(int a, int b)
{
	__asm__ volatile("" : "+r"(a));
	return a + b;
}

KEEP int sum(int nr, ...)
{
	va_list list;
	int total = 0;

	va_start(list, nr);
	for (int i = 0; i < nr; i++)
		total = add(total, va_arg(list, int));
	va_end(list);
	return total;
}

KEEP int down(int n)
{
	int rest = n ? down(n - 1) : 0;

	__asm__ volatile("" : "+r"(rest));
	return rest + 1;
}

/* No function may return that was called before. */
int main(void)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(SYS_arch_prctl), "D"(SHADOW_STACK_ENABLE), "S"(SHADOW_STACK)
			 : "rcx", "r11", "memory");
	printf("enabled %ld\n", ret);
	printf("%d %d\n", sum(12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), down(100));
	fflush(stdout);
	_exit(3);
}
