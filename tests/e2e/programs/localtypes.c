// SPDX-License-Identifier: BSD-2-Clause
// Variables whose types nothing outside of their function uses, or whose length only the running code knows.
#include <stdio.h>

#include <otrace/otrace.h>

struct pair {
	int a, b;
};
struct other {
	int length;
};
struct pair pairs[2][3] = {{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}};
struct other outside = {77};
typedef struct {
	int x, y;
} point;
point points[2] = {{1, 2}, {3, 4}};
int distance(const point *p)
{
	return p->y - p->x;
}
typedef long number;
number global_number = 3;
int twice(int x)
{
	return 2 * x;
}
int (*const in_use)(int) = twice;

static void use(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

__attribute__((noinline)) static int lengths(int n, int grid[n][n + 1], char (*text)[n], int row[static 3],
					     struct pair q[2][n])
{
	int line[n], table[n][n + 1];
	struct pair several[n];

	for (int i = 0; i < n; i++) {
		line[i] = i * 10;
		several[i] = (struct pair){i, -i};
		for (int j = 0; j <= n; j++)
			table[i][j] = i * 100 + j;
	}
	use(line), use(table), use(several);
	otrace_set_trace();
	return grid[1][2] + text[1][0] + row[1] + q[0][1].a;
}

__attribute__((noinline)) static int types(void)
{
	struct here {
		int a;
		struct here *next;
		unsigned low : 3, high : 7;
		const char *name;
		union {
			int i;
			float f;
		};
		enum { DOWN = -1, UP = 1 } way;
	} first = {1, 0, 5, 99, "first", {.f = 1}, UP}, second = {2, &first, 2, 3, "second", {7}, DOWN};
	struct here *here = &second;
	struct other {
		char c;
		long length;
	} inside = {'c', 5}; /* not what this means elsewhere */
	struct other *inside_pointer = &inside;
	typedef short number; /* nor this */
	number small[2] = {-1, -2};
	enum chosen { NEVER = 7, ALWAYS = 8 } chosen = ALWAYS;
	union {
		int i;
		unsigned char bytes[4];
	} mixed = {0x01020304};
	const int constant = 5;
	volatile int changing = 3;
	int *const fixed = (int *)&changing;
	const char *text = "abc";
	int (*function)(int) = twice;
	int (*more)(const char *, ...) = printf;
	float _Complex z = 1.5f;
	double _Complex *zp = &(double _Complex){2};
	long double _Complex wide = 1;
	_Float16 half = 0.5f;
	typedef int vector __attribute__((vector_size(16)));
	vector four = {1, 2, 3, 4};
	_BitInt(7) bits = 60;
	_BitInt(33) *bits_pointer = &(_BitInt(33)){1};
	struct nowhere *hidden = (struct nowhere *)&second;
	point here_too = {5, 9}, *pointing = &points[1];
	struct {
		int q[3];
	} *unnamed = (void *)&second;

	__imag__ z = -2;
	use(here), use(inside_pointer), use(small), use(&chosen), use(&mixed), use(&constant), use(&changing), use(&fixed);
	use(&text), use(&function), use(&more), use(&z), use(&zp), use(&half), use(&four), use(&bits), use(&hidden), use(&unnamed);
	use(&bits_pointer), use(&here_too), use(&pointing), use(&wide);
	otrace_set_trace();
	return first.a + inside.c + *fixed + constant;
}

int main(int argc, char **argv)
{
	int grid[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
	char text[2][3] = {"ab", "cd"};

	(void)argv;
	printf("%d\n", argc > 1 ? lengths(3, grid, text, grid[0], pairs) : types());
	return outside.length * 0;
}
