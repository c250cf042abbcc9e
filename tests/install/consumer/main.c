/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the price of an article, as it is and, with the runtime, as it is after a replacement. */
#include <stdio.h>

#ifdef WITH_RUNTIME
#include <otrace/otrace.h>
#endif

int price(int article);
int half_price(int article);

int half_price(int article)
{
	return 5 * article;
}

int main(void)
{
	printf("%d\n", price(4));
#ifdef WITH_RUNTIME
	if (otrace_replace_by_name("price", (void *)half_price) != 0)
		return 1;
	printf("%d\n", price(4));
#endif
	return 0;
}
