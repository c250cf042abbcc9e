/* SPDX-License-Identifier: BSD-2-Clause */
/* Locals and parameters that are called like types. */
#include <stdio.h>

#include <otrace/otrace.h>

typedef int num;
typedef unsigned char byte;
typedef struct S {
	int a;
	struct S *next;
} S;

static int work(int num, S *S, byte byte)
{
	volatile int kept = num + S->a + byte;

	printf("%d\t%d\t%d\t%d\n", (num)-1, (int)sizeof(S), (byte)-1, (byte) * 2);
	fflush(stdout);
	otrace_set_trace();
	return kept;
}

int main(void)
{
	S s = {4, NULL};

	return work(21, &s, 200) < 0;
}
