// SPDX-License-Identifier: BSD-2-Clause
// A library that is loaded while the program runs.
int late_added(int n);

__attribute__((noinline)) int late_added(int n)
{
	__asm__ volatile("" : : : "memory");
	return n + 1;
}
