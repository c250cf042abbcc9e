// SPDX-License-Identifier: BSD-2-Clause
// Integers of every width: _Bool, char and short with their sign, enum, 128 bits, _BitInt.
// The upper half of a register means nothing for the narrow ones; a tracer must not show it.
// How many bits a _BitInt has is not in the debug information: its calls are seen, its value is not.
// EXPECT {"function":"not_","args":{"b":true},"value":false,"count":1,"calls":2}
// EXPECT {"function":"neg_sc","args":{"x":-100},"value":100,"calls":1}
// EXPECT {"function":"neg_uc","args":{"x":200},"value":56,"calls":1}
// EXPECT {"function":"neg_s","args":{"x":-30000},"value":30000,"calls":1}
// EXPECT {"function":"neg_us","args":{"x":40000},"value":25536,"calls":1}
// EXPECT {"function":"neg_u","args":{"x":1},"value":4294967295,"calls":1}
// EXPECT {"function":"neg_l","args":{"x":-9007199254740993},"value":9007199254740993,"calls":1}
// EXPECT {"function":"neg_ul","args":{"x":1},"value":18446744073709551615,"calls":1}
// EXPECT {"function":"next_color","args":{"c":{"enum":"GREEN","value":5}},"value":{"enum":"BLUE","value":6},"calls":1}
// EXPECT {"function":"next_char","args":{"c":{"char":"x"}},"value":{"char":"y"},"calls":1}
// EXPECT {"function":"neg_128","later":{"args":{"x":-18446744073709551617},"value":18446744073709551617},"calls":1}
// EXPECT {"function":"odd_place","args":{"a":1,"b":2,"c":3,"d":4,"e":5},"later":{"args":{"x":6}},"value":21,"calls":1}
// EXPECT {"function":"neg_bits17","calls":1}
// EXPECT {"function":"neg_bits100","calls":1}
// EXPECT {"function":"neg_bits128","calls":1}
// EXPECT {"function":"neg_bits200","calls":1}
#include <stdbool.h>

#include "check.h"

enum color { RED = -1, GREEN = 5, BLUE };

EXACT bool not_(bool b)
{
	TOUCH();
	return !b;
}

#define NEG(name, type)               \
	EXACT type neg_##name(type x) \
	{                             \
		TOUCH();              \
		return (type) - x;    \
	}

NEG(sc, signed char)
NEG(uc, unsigned char)
NEG(s, short)
NEG(us, unsigned short)
NEG(u, unsigned int)
NEG(l, long)
NEG(ul, unsigned long)
NEG(128, __int128)
NEG(bits17, _BitInt(17))
NEG(bits100, _BitInt(100))
NEG(bits128, _BitInt(128))
NEG(bits200, _BitInt(200))

EXACT enum color next_color(enum color c)
{
	TOUCH();
	return (enum color)(c + 1);
}

EXACT char next_char(char c)
{
	TOUCH();
	return (char)(c + 1);
}

/* One register is left when x comes: all of it goes to the stack. */
EXACT long odd_place(long a, long b, long c, long d, long e, __int128 x)
{
	TOUCH();
	return a + b + c + d + e + (long)x;
}

/* A register full of ones below the narrow values, so that a careless reader sees them. */
EXACT int noise(long x)
{
	TOUCH();
	return not_((bool)(x & 1)) + neg_uc((unsigned char)x);
}

int main(void)
{
	__int128 big = -((__int128)1 << 64) - 1;

	CHECK(not_(HIDE(true)) == false);
	CHECK(neg_sc(HIDE((signed char)-100)) == 100);
	CHECK(noise(HIDE(-0x7fffffffffffff38L)) == 1 + 56);
	CHECK(neg_s(HIDE((short)-30000)) == 30000);
	CHECK(neg_us(HIDE((unsigned short)40000)) == 25536);
	CHECK(neg_u(HIDE(1u)) == 4294967295u);
	CHECK(neg_l(HIDE(-9007199254740993L)) == 9007199254740993L);
	CHECK(neg_ul(HIDE(1ul)) == ~0ul);
	CHECK(next_color(HIDE(GREEN)) == BLUE);
	CHECK(next_char(HIDE('x')) == 'y');
	CHECK(neg_128(HIDE(big)) == ((__int128)1 << 64) + 1);
	CHECK(odd_place(HIDE(1), 2, 3, 4, 5, 6) == 21);
	CHECK((int)neg_bits17(HIDE((_BitInt(17)) - 60000)) == 60000);
	CHECK((long)neg_bits100(HIDE((_BitInt(100))5)) == -5);
	CHECK((long)neg_bits128(HIDE((_BitInt(128))5)) == -5);
	CHECK((long)neg_bits200(HIDE((_BitInt(200))5)) == -5);
	FINISH("integers");
}
