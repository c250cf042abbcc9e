// SPDX-License-Identifier: BSD-2-Clause
// More arguments than there are registers: integers, floating point and structs, mixed.
// What does not fit goes to the stack in the order of the declaration.
// EXPECT {"function":"ints","args":{"a":1,"g":7,"h":8,"n":14,"p":16},"value":1496,"calls":1}
// EXPECT {"function":"doubles","args":{"a":1.5,"h":8.5,"i":9.5,"l":12.5},"value":698.0,"calls":1}
// EXPECT {"function":"mixed","args":{"a":1,"b":2.5,"c":"three","d":{"x":4,"y":5},"e":-6,"f":7.5,"g":{"re":8.5,"n":9},"h":10,"i":11,"j":12,"k":13.5,"l":14,"m":{"c":"fifteen is all in memory"},"n":16,"o":{"like":"char","char":"q"},"p":18.5},"value":159.5,"calls":1}
// EXPECT {"function":"narrow","args":{"a":1,"b":-2,"c":3,"d":-4,"e":5,"f":-6,"g":7,"h":-8,"i":9,"j":-10,"k":11,"l":true},"value":7,"calls":1}
#include <stdbool.h>
#include <string.h>

#include "check.h"

struct point {
	int x, y;
};

struct half {
	double re;
	long n;
};

struct text {
	char c[40];
};

EXACT long ints(int a, long b, int c, long d, int e, long f, int g, long h, int i, long j, int k,
		long l, int m, long n, int o, long p)
{
	TOUCH();
	return a * 1 + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 +
	       k * 11 + l * 12 + m * 13 + n * 14 + o * 15 + p * 16;
}

EXACT double doubles(double a, double b, double c, double d, double e, double f, double g, double h,
		     double i, double j, float k, float l)
{
	TOUCH();
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 +
	       l * 12 + 9;
}

EXACT double mixed(int a, double b, const char *c, struct point d, short e, float f, struct half g,
		   long h, int i, unsigned long j, double k, int l, struct text m, long n, char o,
		   long double p)
{
	TOUCH();
	return a + b + (double)strlen(c) - 2 + d.x + d.y + e + f + g.re + (double)g.n + (double)h +
	       i + (double)j + k + l + (double)strlen(m.c) - 9 + (double)n + (o == 'q' ? 17 : 0) +
	       (double)p - 2.0;
}

EXACT int narrow(char a, signed char b, short c, short d, char e, signed char f, char g, short h,
		 unsigned char i, short j, unsigned short k, bool l)
{
	TOUCH();
	return a + b + c + d + e + f + g + h + i + j + k + l;
}

int main(void)
{
	double expected = 9;

	CHECK(ints(HIDE(1), 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16) == 1496);
	for (int i = 1; i <= 12; i++)
		expected += (i + 0.5) * i;
	CHECK(doubles(HIDE(1.5), 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5f, 12.5f) ==
	      expected);
	CHECK(mixed(HIDE(1), 2.5, "three", (struct point){4, 5}, -6, 7.5f, (struct half){8.5, 9},
		    10, 11, 12, 13.5, 14, (struct text){"fifteen is all in memory"}, 16, 'q',
		    18.5L) == 159.5);
	CHECK(narrow(HIDE((char)1), -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, true) == 7);
	FINISH("manyargs");
}
