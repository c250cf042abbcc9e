/* SPDX-License-Identifier: BSD-2-Clause */
/* Says what the compiler makes of its expressions: text, tab, value. They change it, so their order counts. */
#include <stdio.h>

typedef unsigned __int128 u128;

static void say(const char *text, u128 number, int is_negative)
{
	char digits[40] = {0}, *at = digits + sizeof(digits) - 1;

	number = is_negative ? 0 - number : number;
	do
		*--at = (char)('0' + (int)(number % 10));
	while (number /= 10);
	printf("%s\t%s%s\n", text, is_negative ? "-" : "", at);
}

#define NUMBER(...)                                              \
	do {                                                     \
		__typeof__((__VA_ARGS__) + 0) v = (__VA_ARGS__); \
		say(#__VA_ARGS__, (u128)(__int128)v, v < 0);     \
	} while (0)
#define FRACTION(...) printf("%s\t%.17g\n", #__VA_ARGS__, (double)(__VA_ARGS__))

struct wide {
	unsigned __int128 a : 100;
	__int128 b : 70;
	int c : 5;
	__int128 d : 128;
} wide = {5, -7, -3, 9};
#pragma pack(push, 1)
struct packed {
	unsigned char bits : 3;
	unsigned __int128 whole : 128;
	unsigned char behind : 5;
} packed = {5, 77, 21};
#pragma pack(pop)

struct bits {
	_BitInt(7) b7;
	unsigned _BitInt(5) u5;
	_BitInt(33) b33;
	unsigned _BitInt(40) u40;
	unsigned _BitInt(200) b200;
} bits = {60, 31, 0xffffffff, 1, 7};

__float128 quad = 1;
_Float16 half = 2048, one = 1;
typedef _Float16 halves __attribute__((vector_size(8)));
halves many = {2048, 1}, ones = {1, 1};
int array[4] = {1, 2, 3, 4};
int (*open)[] = (void *)array;
int (*rows)[2] = (void *)array;

int main(void)
{
	NUMBER(wide.a + 1);
	NUMBER(wide.a = ((unsigned __int128)1 << 99) + 5);
	NUMBER(wide.a + 1);
	NUMBER(wide.a += ((unsigned __int128)1 << 99));
	NUMBER(wide.a - 1);
	NUMBER(wide.b = -((__int128)1 << 65) - 3);
	NUMBER(wide.b++);
	NUMBER(wide.b * 3);
	NUMBER(wide.b = ((__int128)1 << 69) + 1);
	NUMBER(wide.c = 21);
	NUMBER(wide.c);
	NUMBER(wide.d = -((__int128)1 << 100));
	NUMBER(wide.d - 1);
	NUMBER(wide.b);
	NUMBER(packed.whole = ((unsigned __int128)5 << 120) + 6);
	NUMBER(packed.whole / 2);
	NUMBER(packed.bits);
	NUMBER(packed.behind);
	NUMBER(((struct wide){.a = ((unsigned __int128)3 << 98) + 7, .b = -9}).a);
	NUMBER(((struct wide){.a = ((unsigned __int128)3 << 98) + 7, .b = -9}).b);
	NUMBER((__int128)1.2e38);
	NUMBER((__int128)-1.2e38);
	NUMBER((unsigned __int128)3e38);

	NUMBER(bits.b7 + 1);
	NUMBER(-(int)bits.b7);
	NUMBER(bits.b7 / bits.b7);
	NUMBER(bits.u5 >> 1);
	NUMBER(bits.u5 & 21);
	NUMBER(bits.u5 - 32);
	NUMBER(bits.b33 + 1L);
	NUMBER(bits.b33 / -2);
	NUMBER(bits.b33 & 0xff);
	NUMBER(bits.b33 == 0xffffffff);
	NUMBER(bits.b33 > bits.b7);
	NUMBER(bits.u40 == 1L);
	NUMBER(((struct bits){.b33 = -5}).b33 | 2);

	FRACTION(quad / 3 - 1.0 / 3);
	FRACTION((quad / 3 - (long double)1 / 3) * 0x1p60);
	NUMBER(quad / 3 * 3 == quad);
	FRACTION((quad + 0x1p-100 - quad) * 0x1p100);
	FRACTION(-quad / 10);
	FRACTION((quad = quad / 7));
	FRACTION(quad * 7 - 1);
	NUMBER(quad == 1.0 / 7);
	NUMBER((__int128)(quad * 0x1p110));
	FRACTION(quad - (long double)quad);

	FRACTION(half + one + one);
	FRACTION((float)(half + one + one));
	FRACTION((float)(half + one));
	FRACTION((half + one) + 1);
	FRACTION((half + one) + 1.0f);
	FRACTION((_Float16)(half + one) + one);
	FRACTION((1 ? half + one : half) + one);
	FRACTION((0, half + one) + one);
	FRACTION(-(half + one) - one);
	FRACTION(+(half + one) + one);
	FRACTION(__real__(half + one) + one);
	FRACTION((half + one) * (_Float16)2);
	NUMBER(half + one == half);
	NUMBER((int)(half + one));
	FRACTION(half += one + (_Float16)2);
	FRACTION((half = half + one) + one);
	FRACTION((many + ones)[0]);
	FRACTION(((halves)(many + ones) + ones)[0]);
	FRACTION((-many + ones)[1]);

	NUMBER((*open)[2]);
	NUMBER((*(rows + 1))[1]);
	NUMBER(rows[1][0]);
	return 0;
}
