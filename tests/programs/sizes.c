// SPDX-License-Identifier: BSD-2-Clause
// Structs by value of every size class, passed and returned, between two other arguments.
// Up to 8 bytes one register, up to 16 two, above that memory.
// EXPECT {"function":"turn1","args":{"before":1,"s":{"c":"a"},"by":2},"value":{"c":"c"},"calls":1}
// EXPECT {"function":"turn2","args":{"before":2,"s":{"c":"ab"},"by":2},"value":{"c":"cd"},"calls":1}
// EXPECT {"function":"turn3","args":{"before":3,"s":{"c":"abc"},"by":2},"value":{"c":"cde"},"calls":1}
// EXPECT {"function":"turn4","args":{"before":4,"s":{"c":"abcd"},"by":2},"value":{"c":"cdef"},"calls":1}
// EXPECT {"function":"turn5","args":{"before":5,"s":{"c":"abcde"},"by":2},"value":{"c":"cdefg"},"calls":1}
// EXPECT {"function":"turn6","args":{"before":6,"s":{"c":"abcdef"},"by":2},"value":{"c":"cdefgh"},"calls":1}
// EXPECT {"function":"turn7","args":{"before":7,"s":{"c":"abcdefg"},"by":2},"value":{"c":"cdefghi"},"calls":1}
// EXPECT {"function":"turn8","args":{"before":8,"s":{"c":"abcdefgh"},"by":2},"value":{"c":"cdefghij"},"calls":1}
// EXPECT {"function":"turn9","args":{"before":9,"s":{"c":"abcdefghi"},"by":2},"value":{"c":"cdefghijk"},"calls":1}
// EXPECT {"function":"turn10","args":{"before":10,"s":{"c":"abcdefghij"},"by":2},"value":{"c":"cdefghijkl"},"calls":1}
// EXPECT {"function":"turn11","args":{"before":11,"s":{"c":"abcdefghijk"},"by":2},"value":{"c":"cdefghijklm"},"calls":1}
// EXPECT {"function":"turn12","args":{"before":12,"s":{"c":"abcdefghijkl"},"by":2},"value":{"c":"cdefghijklmn"},"calls":1}
// EXPECT {"function":"turn13","args":{"before":13,"s":{"c":"abcdefghijklm"},"by":2},"value":{"c":"cdefghijklmno"},"calls":1}
// EXPECT {"function":"turn14","args":{"before":14,"s":{"c":"abcdefghijklmn"},"by":2},"value":{"c":"cdefghijklmnop"},"calls":1}
// EXPECT {"function":"turn15","args":{"before":15,"s":{"c":"abcdefghijklmno"},"by":2},"value":{"c":"cdefghijklmnopq"},"calls":1}
// EXPECT {"function":"turn16","args":{"before":16,"s":{"c":"abcdefghijklmnop"},"by":2},"value":{"c":"cdefghijklmnopqr"},"calls":1}
// EXPECT {"function":"turn17","args":{"before":17,"s":{"c":"abcdefghijklmnopq"},"by":2},"value":{"c":"cdefghijklmnopqrs"},"calls":1}
// EXPECT {"function":"turn24","args":{"s":{"a":-1,"b":2,"c":-3},"by":2},"value":{"a":1,"b":4,"c":-1},"calls":1}
// EXPECT {"function":"turn32","args":{"s":{"d":[0.5,1.5,2.5,3.5]},"by":2},"value":{"d":[2.5,3.5,4.5,5.5]},"calls":1}
// EXPECT {"function":"turn64","args":{"s":{"i":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]},"by":2},"value":{"i":[2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]},"calls":1}
// EXPECT {"function":"turn100","args":{"s":{"c":{"starts":"abcdefghijklmnopqabcdefghijklmnopqabcdefghijklmn"}},"by":2},"value":{"c":{"starts":"cdefghijklmnopqrscdefghijklmnopqrscdefghijklmnop"}},"calls":1}
// EXPECT {"function":"many","args":{"a":{"c":"abcdefgh"},"b":{"c":"abcdefghijklmnop"},"c":{"c":"abcdefghijklmnopq"},"d":{"c":"a"}},"value":42,"calls":1}
#include <string.h>

#include "check.h"

static const char letters[] = "abcdefghijklmnopqabcdefghijklmnopqabcdefghijklmnop"
			      "qabcdefghijklmnopqabcdefghijklmnopqabcdefghijklmno";

#define CHARS(n)                                                     \
	struct s##n {                                                \
		char c[n];                                           \
	};                                                           \
	EXACT struct s##n turn##n(int before, struct s##n s, int by) \
	{                                                            \
		TOUCH();                                             \
		if (before != n)                                     \
			by = 50;                                     \
		for (int i = 0; i < n; i++)                          \
			s.c[i] = (char)(s.c[i] + by);                \
		return s;                                            \
	}

#define TRY_CHARS(n)                                     \
	do {                                             \
		struct s##n s, t;                        \
		memcpy(s.c, letters, n);                 \
		t = turn##n(HIDE(n), s, HIDE(2));        \
		for (int i = 0; i < n; i++)              \
			CHECK(t.c[i] == letters[i] + 2); \
	} while (0)

#define EACH(M) \
	M(1)    \
	M(2)    \
	M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15) M(16) M(17) M(100)
#define EACH_CALL(M) \
	M(1);        \
	M(2);        \
	M(3);        \
	M(4);        \
	M(5);        \
	M(6);        \
	M(7);        \
	M(8);        \
	M(9);        \
	M(10);       \
	M(11);       \
	M(12);       \
	M(13);       \
	M(14);       \
	M(15);       \
	M(16);       \
	M(17);       \
	M(100)

EACH(CHARS)

struct s24 {
	long a, b, c;
};

struct s32 {
	double d[4];
};

struct s64 {
	int i[16];
};

EXACT struct s24 turn24(struct s24 s, int by)
{
	TOUCH();
	return (struct s24){s.a + by, s.b + by, s.c + by};
}

EXACT struct s32 turn32(struct s32 s, int by)
{
	TOUCH();
	for (int i = 0; i < 4; i++)
		s.d[i] += by;
	return s;
}

EXACT struct s64 turn64(struct s64 s, int by)
{
	TOUCH();
	for (int i = 0; i < 16; i++)
		s.i[i] += by;
	return s;
}

/* Registers run out in the middle: a and b take three, c goes by memory, d by register again. */
EXACT int many(struct s8 a, struct s16 b, struct s17 c, struct s1 d)
{
	TOUCH();
	return (!memcmp(a.c, letters, 8) && !memcmp(b.c, letters, 16) &&
		!memcmp(c.c, letters, 17) && d.c[0] == 'a')
		       ? 42
		       : 0;
}

int main(void)
{
	struct s24 s24 = turn24((struct s24){-1, 2, -3}, HIDE(2));
	struct s32 s32 = turn32((struct s32){{0.5, 1.5, 2.5, 3.5}}, HIDE(2));
	struct s64 s64;
	struct s8 a;
	struct s16 b;
	struct s17 c;
	struct s1 d;

	EACH_CALL(TRY_CHARS);
	CHECK(s24.a == 1 && s24.b == 4 && s24.c == -1);
	for (int i = 0; i < 4; i++)
		CHECK(s32.d[i] == i + 2.5);
	for (int i = 0; i < 16; i++)
		s64.i[i] = HIDE(i);
	s64 = turn64(s64, HIDE(2));
	for (int i = 0; i < 16; i++)
		CHECK(s64.i[i] == i + 2);
	memcpy(&a, letters, sizeof(a));
	memcpy(&b, letters, sizeof(b));
	memcpy(&c, letters, sizeof(c));
	memcpy(&d, letters, sizeof(d));
	CHECK(many(a, b, c, d) == 42);
	FINISH("sizes");
}
