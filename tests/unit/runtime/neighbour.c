// SPDX-License-Identifier: BSD-2-Clause
// A library so small that the text of the next one is a few pages away, with data in between. Compiled with -DNAME=...
int total = 1;

__attribute__((noinline)) int NAME(int n)
{
	total += n;
	return total;
}
