// SPDX-License-Identifier: BSD-2-Clause
// A function with variables of all sorts stops in otrace_set_trace(); so does one that is inlined.
#include <stdio.h>
#include <string.h>

#include <otrace/otrace.h>

struct item {
	int id;
	const char *name;
	struct item *next;
};
enum color { RED, GREEN = 5 };
typedef unsigned long count_t;

struct item last = {2, "last", NULL};
enum color favourite = GREEN;
count_t count_of_all = 3;

__attribute__((noinline)) static void use(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

static inline __attribute__((always_inline)) int inlined(int given)
{
	int doubled = given * 2;

	use(&doubled);
	return otrace_set_trace() + doubled;
}

__attribute__((noinline)) int work(int n, const char *text, double d, struct item *list)
{
	struct item here = {n, text, list};
	int row[4] = {1, 2, 3, n};
	int grid[2][3] = {{1, 2, 3}, {4, 5, n}};
	count_t count = count_of_all;
	enum color color = favourite;
	float half = (float)d / 2;
	char letters[8] = "abc";
	_Bool yes = n > 1;
	long long big = -5000000000ll - n;
	struct item *pointer = &here;
	static int nr_calls;
	int sum = 0;

	nr_calls++;
	use(row), use(grid), use(letters), use(pointer);
	for (int i = 0; i < 1; i++) {
		int n = 40 + i; /* hides the parameter */
		int inner = n + nr_calls;

		sum += otrace_set_trace() + inner + n;
	}
	use(&sum), use(&half), use(&yes), use(&big), use(&count), use(&color);
	return sum + row[3] + (int)count + (int)color + (int)half + yes + (int)big + n + (int)strlen(text) + (int)d;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "inlined"))
		printf("%d\n", inlined(argc + 20));
	else
		printf("%d\n", work(argc + 8, "some text", 2.5, &last));
	return 0;
}
