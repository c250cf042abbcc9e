// SPDX-License-Identifier: BSD-2-Clause
// Loaded and unloaded by the subject.
__attribute__((noinline)) int plugin(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n * 2;
}
