// SPDX-License-Identifier: BSD-2-Clause
// Prints what could betray a preloaded runtime.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(void)
{
	for (char **entry = environ; *entry; entry++)
		if (!strncmp(*entry, "OTRACE", 6) || !strncmp(*entry, "LD_", 3))
			puts(*entry);
	return 0;
}
