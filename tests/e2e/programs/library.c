// SPDX-License-Identifier: BSD-2-Clause
// Loaded and unloaded by a program.
int plugged(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}
