// SPDX-License-Identifier: BSD-2-Clause
// Reads orders: an assertion is true (t) or false (f) then. Says where its function and its variable are.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include <otrace/otrace.h>

__attribute__((noinline, used)) int check(int wrong, const char *label)
{
	volatile uint64_t marker = 0x0123456789abcdef;

	printf("%p %p ", (void *)check, (void *)&marker);
	errno = 77;
	traceassert(wrong == 0, label, "");
	printf("%d\n", errno);
	fflush(stdout);
	return (int)marker;
}

__attribute__((noinline, used)) int around(int wrong)
{
	char label[400];

	snprintf(label, sizeof(label), "%0*d", wrong > 1 ? 300 : 3, 7);
	return check(wrong, label) + 1;
}

int main(void)
{
	char order[8];

	while (fgets(order, sizeof(order), stdin))
		around(order[0] == 't' ? 0 : order[0] == 'f' ? 1 : 2);
	return 0;
}
