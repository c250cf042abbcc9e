// SPDX-License-Identifier: BSD-2-Clause
// Numbers that come in wide registers, which nobody keeps over a call; and an array of a length that memory has.
#include <stdio.h>
#include <string.h>

#include <otrace/otrace.h>

__attribute__((noinline)) double spilled(double d, float f, int n)
{
	return otrace_set_trace() + d * 2 + f + n;
}

__attribute__((noinline)) long lengths(int n)
{
	int line[n];

	memset(line, n, sizeof(line));
	return otrace_set_trace() + line[n - 1];
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "lengths"))
		printf("%ld\n", lengths(argc + 4));
	else
		printf("%g\n", spilled(argc + 1.25, (float)argc + 2.5f, argc + 6));
	return 0;
}
