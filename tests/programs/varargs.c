// SPDX-License-Identifier: BSD-2-Clause
// Variadic functions: integers, doubles, structs, more than registers hold; va_list passed on.
// The exit of such a function may be untraced; what is shown must be right.
// EXPECT {"function":"sum_ints","args":{"n":3},"value":6,"count":1,"value_optional":true}
// EXPECT {"function":"sum_ints","args":{"n":24},"value":300,"count":1,"value_optional":true,"calls":3}
// EXPECT {"function":"sum_kinds","args":{"kinds":"idpidpidlx"},"value":1147.25,"calls":1,"value_optional":true}
// EXPECT {"function":"big_result","args":{"n":2},"value":{"v":[3,4,5]},"calls":1,"value_optional":true}
// EXPECT {"function":"print_to","args":{"format":"%d %s %.2f %c %ld %s"},"value":30,"calls":1,"value_optional":true}
// EXPECT {"function":"vprint_to","args":{"format":"%d %s %.2f %c %ld %s"},"value":30,"calls":1}
// EXPECT {"function":"sum_list","args":{"n":8},"value":36.0,"calls":1}
#include <stdarg.h>
#include <string.h>

#include "check.h"

struct pair {
	int a;
	double b;
};

struct large {
	long v[3];
};

EXACT int sum_ints(int n, ...)
{
	va_list list;
	int sum = 0;

	TOUCH();
	va_start(list, n);
	for (int i = 0; i < n; i++)
		sum += va_arg(list, int);
	va_end(list);
	return sum;
}

/* i int, d double, p struct of two registers, l struct in memory, x long double. */
EXACT double sum_kinds(const char *kinds, ...)
{
	va_list list;
	double sum = 0;
	struct pair pair;
	struct large large;

	va_start(list, kinds);
	for (; *kinds; kinds++) {
		switch (*kinds) {
		case 'i':
			sum += va_arg(list, int);
			break;
		case 'd':
			sum += va_arg(list, double);
			break;
		case 'p':
			pair = va_arg(list, struct pair);
			sum += pair.a + pair.b;
			break;
		case 'l':
			large = va_arg(list, struct large);
			sum += (double)(large.v[0] + large.v[1] + large.v[2]);
			break;
		case 'x':
			sum += (double)va_arg(list, long double);
			break;
		}
	}
	va_end(list);
	return sum;
}

/* Variadic and with its result in memory. */
EXACT struct large big_result(int n, ...)
{
	struct large result = {{0}};
	va_list list;

	va_start(list, n);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < 3; j++)
			result.v[j] += va_arg(list, int);
	va_end(list);
	return result;
}

EXACT int vprint_to(char *buffer, size_t size, const char *format, va_list list)
{
	TOUCH();
	return vsnprintf(buffer, size, format, list);
}

__attribute__((format(printf, 3, 4))) EXACT int print_to(char *buffer, size_t size,
							 const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vprint_to(buffer, size, format, list);
	va_end(list);
	return n;
}

/* Uses the list twice. */
EXACT double sum_list(int n, va_list list)
{
	va_list again;
	double first = 0, second = 0;

	va_copy(again, list);
	for (int i = 0; i < n; i++)
		first += va_arg(list, double);
	for (int i = 0; i < n; i++)
		second += va_arg(again, double);
	va_end(again);
	return first == second ? first : -1;
}

EXACT double start_list(int n, ...)
{
	va_list list;
	double sum;

	va_start(list, n);
	sum = sum_list(n, list);
	va_end(list);
	return sum;
}

int main(void)
{
	struct pair pair = {100, 0.25};
	struct large large;
	char buffer[64];

	CHECK(sum_ints(HIDE(0)) == 0);
	CHECK(sum_ints(HIDE(3), 1, 2, 3) == 6);
	CHECK(sum_ints(HIDE(24), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
		       20, 21, 22, 23, 24) == 300);
	CHECK(sum_kinds("idpidpidlx", 1, 2.5, pair, 3, 4.5, pair, 5, 6.5,
			(struct large){{100, 200, 300}}, 324.25L) == 1147.25);
	large = big_result(HIDE(2), 1, 2, 3, 2, 2, 2);
	CHECK(large.v[0] == 3 && large.v[1] == 4 && large.v[2] == 5);
	CHECK(print_to(buffer, sizeof(buffer), "%d %s %.2f %c %ld %s", HIDE(42), "text", 2.5, 'c',
		       1234567890L, "tail") == 30);
	CHECK(strcmp(buffer, "42 text 2.50 c 1234567890 tail") == 0);
	CHECK(start_list(HIDE(8), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0) == 36.0);
	FINISH("varargs");
}
