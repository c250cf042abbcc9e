/* SPDX-License-Identifier: BSD-2-Clause */
/* Every arithmetic type as a variable, a member, a parameter and a result. The program says itself what
 * they hold: name, tab, value, by the compiler's own arithmetic. */
#include <stdio.h>
#include <stdlib.h>
#include <uchar.h>
#include <wchar.h>

typedef unsigned _BitInt(2048) whole;

static const char *decimal(whole number, int negative)
{
	static char rooms[4][700];
	static int turn;
	char *room = rooms[turn++ % 4], *at = room + sizeof(rooms[0]);

	*--at = 0;
	do {
		*--at = (char)('0' + (int)(number % 10));
		number /= 10;
	} while (number);
	if (negative)
		*--at = '-';
	return at;
}
#define DEC(x) decimal((x) < 0 ? -(whole)(x) : (whole)(x), (x) < 0)

/* The shortest digits that read back; of halves, five. */
static const char *digits(long double number, size_t bytes)
{
	static char rooms[4][64];
	static int turn;
	char *room = rooms[turn++ % 4];

	for (int precision = bytes == 2 ? 5 : bytes == 4 ? 6 : bytes == 8 ? 15 : 18; precision < 25; precision++) {
		snprintf(room, sizeof(rooms[0]), "%.*Lg", precision, number);
		if (bytes == 2 || (bytes == 4 && strtof(room, 0) == (float)number) ||
		    (bytes == 8 && strtod(room, 0) == (double)number) || (bytes == 16 && strtold(room, 0) == number))
			break;
	}
	return room;
}
#define REAL(x) digits(x, sizeof(x))
#define PARTS(type, re, im) ((_Complex type){re, im})

/* X(name, type, value, how printf() writes x) */
#define TYPES(X) \
	X(yes, _Bool, 1, "%s", x ? "true" : "false") \
	X(no, _Bool, 0, "%s", x ? "true" : "false") \
	X(letter, char, 'a', "%d '%c'", x, x) \
	X(signed_char, signed char, -77, "%d '\\%o'", x, (unsigned char)x) \
	X(unsigned_char, unsigned char, 200, "%d '\\%o'", x, x) \
	X(small, short, -12345, "%d", x) \
	X(unsigned_small, unsigned short, 54321, "%d", x) \
	X(number, int, -2147483647 - 1, "%d", x) \
	X(unsigned_number, unsigned, 4294967295u, "%u", x) \
	X(large, long, -9223372036854775807 - 1, "%ld", x) \
	X(unsigned_large, unsigned long, 18446744073709551615u, "%lu", x) \
	X(long_long, long long, -5, "%lld", x) \
	X(unsigned_long_long, unsigned long long, 1ull << 63, "%llu", x) \
	X(wide_char, wchar_t, L'\u00e9', "%d", x) \
	X(char16, char16_t, u'\u20ac', "%d", x) \
	X(char32, char32_t, U'\U0001f600', "%u", x) \
	X(int128, __int128, -((__int128)7 << 120), "%s", DEC(x)) \
	X(unsigned_int128, unsigned __int128, ~(unsigned __int128)4, "%s", DEC(x)) \
	X(bit2, _BitInt(2), -2, "%d", (int)x) \
	X(bit7, _BitInt(7), -64, "%d", (int)x) \
	X(unsigned_bit1, unsigned _BitInt(1), 1, "%d", (int)x) \
	X(unsigned_bit7, unsigned _BitInt(7), 127, "%d", (int)x) \
	X(bit8, _BitInt(8), -100, "%d", (int)x) \
	X(bit9, _BitInt(9), -255, "%d", (int)x) \
	X(bit17, _BitInt(17), -65535, "%d", (int)x) \
	X(unsigned_bit31, unsigned _BitInt(31), 2147483647, "%d", (int)x) \
	X(bit32, _BitInt(32), -3, "%d", (int)x) \
	X(bit33, _BitInt(33), -4294967296, "%ld", (long)x) \
	X(unsigned_bit33, unsigned _BitInt(33), 8589934591, "%ld", (long)x) \
	X(unsigned_bit63, unsigned _BitInt(63), 9223372036854775807, "%ld", (long)x) \
	X(bit64, _BitInt(64), -9, "%ld", (long)x) \
	X(bit65, _BitInt(65), -18446744073709551616wb, "%s", DEC(x)) \
	X(unsigned_bit65, unsigned _BitInt(65), 36893488147419103231uwb, "%s", DEC(x)) \
	X(bit100, _BitInt(100), -((_BitInt(100))1 << 90) - 5, "%s", DEC(x)) \
	X(unsigned_bit127, unsigned _BitInt(127), ~(unsigned _BitInt(127))0, "%s", DEC(x)) \
	X(bit128, _BitInt(128), -6, "%s", DEC(x)) \
	X(bit129, _BitInt(129), -((_BitInt(129))1 << 127) - 1, "%s", DEC(x)) \
	X(bit200, _BitInt(200), -((_BitInt(200))1 << 190) - 1, "%s", DEC(x)) \
	X(unsigned_bit200, unsigned _BitInt(200), ~(unsigned _BitInt(200))0, "%s", DEC(x)) \
	X(bit256, _BitInt(256), -77, "%s", DEC(x)) \
	X(bit1000, _BitInt(1000), -((_BitInt(1000))1 << 990) - 1, "%s", DEC(x)) \
	X(unsigned_bit1000, unsigned _BitInt(1000), ~(unsigned _BitInt(1000))0, "%s", DEC(x)) \
	X(half, _Float16, 0.1f16, "%s", REAL(x)) \
	X(real, float, 0.1f, "%s", REAL(x)) \
	X(real_double, double, -1.0 / 3, "%s", REAL(x)) \
	X(long_double, long double, 0.1L, "%s", REAL(x)) \
	X(complex_half, _Complex _Float16, PARTS(_Float16, 0.1f16, 3), "%s + %si", REAL(__real__ x), REAL(__imag__ x)) \
	X(complex_float, _Complex float, PARTS(float, 0.1f, -2), "%s + %si", REAL(__real__ x), REAL(__imag__ x)) \
	X(complex_double, _Complex double, PARTS(double, -0.1, 1e300), "%s + %si", REAL(__real__ x), REAL(__imag__ x)) \
	X(complex_long_double, _Complex long double, PARTS(long double, 0.1L, 3), "%s + %si", REAL(__real__ x), REAL(__imag__ x)) \
	X(complex_char, _Complex char, PARTS(char, 3, 70), "%d + %di", __real__ x, __imag__ x) \
	X(complex_int, _Complex int, PARTS(int, 3, 70000), "%d + %di", __real__ x, __imag__ x) \
	X(complex_long, _Complex long, PARTS(long, 1L << 40, 7), "%ld + %ldi", __real__ x, __imag__ x) \
	X(atomic, _Atomic int, -4, "%d", x) \
	X(atomic_bool, _Atomic _Bool, 1, "%s", x ? "true" : "false") \
	X(atomic_double, _Atomic double, 0.5, "%s", REAL(x)) \
	X(constant, const int, 5, "%d", x) \
	X(changing, volatile long, -5, "%ld", x)

#define DEFINE(name, type, value, ...) \
	typedef type name##_t; \
	name##_t g_##name = value; \
	struct { \
		char before; \
		name##_t m; \
		char behind; \
	} s_##name = {1, value, 2}; \
	__attribute__((noinline)) name##_t f_##name(int before, name##_t x, int behind) \
	{ \
		__asm__ volatile("" : : "r"(before + behind) : "memory"); \
		return x; \
	}
TYPES(DEFINE)

#define SAY(name, type, value, ...) \
	{ \
		__typeof__(name##_t) x = f_##name(1, g_##name, 2); \
		printf("%s\t", #name); \
		printf(__VA_ARGS__); \
		putchar('\n'); \
	}

int main(void)
{
	TYPES(SAY)
	return 0;
}
