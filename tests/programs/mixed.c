// SPDX-License-Identifier: BSD-2-Clause
// Structs by value that mix integers and floating point, nest, pack, hold bit-fields or nothing.
// Each eightbyte of them goes its own way: general register, vector register, x87 or memory.
// EXPECT {"function":"swap_ff","args":{"s":{"x":1.5,"y":-2.5}},"value":{"x":-2.5,"y":1.5},"calls":1}
// EXPECT {"function":"inc_di","args":{"s":{"d":0.25,"i":7}},"value":{"d":1.25,"i":8},"calls":1}
// EXPECT {"function":"inc_if","args":{"s":{"i":-7,"f":0.5}},"value":{"i":-6,"f":1.5},"calls":1}
// EXPECT {"function":"inc_fif","args":{"s":{"f":0.5,"i":3,"g":2.5}},"value":{"f":1.5,"i":4,"g":3.5},"calls":1}
// EXPECT {"function":"inc_ifd","args":{"s":{"i":1,"f":2.5,"d":3.5}},"value":{"i":2,"f":3.5,"d":4.5},"calls":1}
// EXPECT {"function":"inc_dd","args":{"s":{"x":1.5,"y":2.5}},"value":{"x":2.5,"y":3.5},"calls":1}
// EXPECT {"function":"inc_f3","args":{"s":{"f":[1.5,2.5,3.5]}},"value":{"f":[2.5,3.5,4.5]},"calls":1}
// EXPECT {"function":"inc_f4","args":{"s":{"f":[1.5,2.5,3.5,4.5]}},"value":{"f":[2.5,3.5,4.5,5.5]},"calls":1}
// EXPECT {"function":"inc_hd","args":{"s":{"h":-3,"d":4.5}},"value":{"h":-2,"d":5.5},"calls":1}
// EXPECT {"function":"inc_ld","args":{"s":{"l":6.5}},"value":{"l":7.5},"calls":1}
// EXPECT {"function":"inc_ldi","args":{"s":{"l":6.5,"i":1}},"value":{"l":7.5,"i":2},"calls":1}
// EXPECT {"function":"inc_packed","args":{"s":{"l":-5,"i":6}},"value":{"l":-4,"i":7},"calls":1}
// EXPECT {"function":"inc_bits","args":{"s":{"a":5,"b":-3,"c":1000}},"value":{"a":6,"b":-2,"c":1001},"calls":1}
// EXPECT {"function":"inc_nested","args":{"s":{"in":{"x":1.5,"y":2.5},"n":3}},"value":{"in":{"x":2.5,"y":3.5},"n":4},"calls":1}
// EXPECT {"function":"inc_array","args":{"s":{"in":[{"x":1.5,"y":2.5},{"x":3.5,"y":4.5}]}},"value":{"in":[{"x":2.5,"y":3.5},{"x":4.5,"y":5.5}]},"calls":1}
// EXPECT {"function":"inc_union","args":{"u":{"i":1078530011}},"value":{"i":1078530012},"calls":1}
// EXPECT {"function":"inc_anonymous","args":{"s":{"kind":1,"i":41}},"value":{"kind":1,"i":42},"calls":1}
// EXPECT {"function":"around_empty","args":{"a":20,"b":22},"value":42,"calls":1}
// EXPECT {"function":"seven","args":{"c":{"d":3.5,"i":3},"g":{"d":7.5,"i":7}},"value":{"d":31.5,"i":28},"calls":1}
#include "check.h"

struct ff {
	float x, y;
};
struct di {
	double d;
	int i;
};
struct int_float {
	int i;
	float f;
};
struct fif {
	float f;
	int i;
	float g;
};
struct ifd {
	int i;
	float f;
	double d;
};
struct dd {
	double x, y;
};
struct f3 {
	float f[3];
};
struct f4 {
	float f[4];
};
struct hd {
	short h;
	double d;
};
struct ld {
	long double l;
};
struct ldi {
	long double l;
	int i;
};
struct packed {
	long l;
	int i;
} __attribute__((packed));
struct bits {
	unsigned int a : 3;
	int b : 5;
	unsigned int c : 20;
};
struct nested {
	struct ff in;
	int n;
};
struct array {
	struct ff in[2];
};
union word {
	int i;
	float f;
};
struct anonymous {
	int kind;
	union {
		int i;
		float f;
	};
};
struct empty {
};

#define INC(name, type, ...)          \
	EXACT type inc_##name(type s) \
	{                             \
		TOUCH();              \
		__VA_ARGS__;          \
		return s;             \
	}

EXACT struct ff swap_ff(struct ff s)
{
	TOUCH();
	return (struct ff){s.y, s.x};
}

INC(di, struct di, s.d++, s.i++)
INC(if, struct int_float, s.i++, s.f++)
INC(fif, struct fif, s.f++, s.i++, s.g++)
INC(ifd, struct ifd, s.i++, s.f++, s.d++)
INC(dd, struct dd, s.x++, s.y++)
INC(f3, struct f3, s.f[0]++, s.f[1]++, s.f[2]++)
INC(f4, struct f4, s.f[0]++, s.f[1]++, s.f[2]++, s.f[3]++)
INC(hd, struct hd, s.h++, s.d++)
INC(ld, struct ld, s.l++)
INC(ldi, struct ldi, s.l++, s.i++)
INC(packed, struct packed, s.l++, s.i++)
INC(bits, struct bits, s.a++, s.b++, s.c++)
INC(nested, struct nested, s.in.x++, s.in.y++, s.n++)
INC(array, struct array, s.in[0].x++, s.in[0].y++, s.in[1].x++, s.in[1].y++)
INC(anonymous, struct anonymous, s.i++)

EXACT union word inc_union(union word u)
{
	TOUCH();
	u.i++;
	return u;
}

EXACT struct empty make_empty(struct empty e)
{
	TOUCH();
	return e;
}

EXACT int around_empty(int a, struct empty e, int b)
{
	TOUCH();
	make_empty(e);
	return a + b;
}

EXACT struct di seven(struct di a, struct di b, struct di c, struct di d, struct di e, struct di f,
		      struct di g)
{
	TOUCH();
	return (struct di){a.d + b.d + c.d + d.d + e.d + f.d + g.d,
			   a.i + b.i + c.i + d.i + e.i + f.i + g.i};
}

static void arrays(void)
{
	struct f3 f3 = inc_f3((struct f3){{1.5f, 2.5f, 3.5f}});
	struct f4 f4 = inc_f4((struct f4){{1.5f, 2.5f, 3.5f, 4.5f}});
	struct array a = inc_array((struct array){{{1.5f, 2.5f}, {3.5f, 4.5f}}});

	for (int i = 0; i < 3; i++)
		CHECK(f3.f[i] == (float)i + 2.5f);
	for (int i = 0; i < 4; i++)
		CHECK(f4.f[i] == (float)i + 2.5f);
	CHECK(a.in[0].x == 2.5f && a.in[0].y == 3.5f && a.in[1].x == 4.5f && a.in[1].y == 5.5f);
}

static void odd_ones(void)
{
	struct packed p = inc_packed((struct packed){-5, 6});
	struct bits b = inc_bits((struct bits){5, -3, 1000});
	struct nested n = inc_nested((struct nested){{1.5f, 2.5f}, 3});
	union word u = inc_union((union word){1078530011});
	struct anonymous a = inc_anonymous((struct anonymous){.kind = 1, .i = 41});

	CHECK(p.l == -4 && p.i == 7);
	CHECK(b.a == 6 && b.b == -2 && b.c == 1001);
	CHECK(n.in.x == 2.5f && n.in.y == 3.5f && n.n == 4);
	CHECK(u.i == 1078530012);
	CHECK(a.kind == 1 && a.i == 42);
	CHECK(around_empty(HIDE(20), (struct empty){}, HIDE(22)) == 42);
}

int main(void)
{
	struct ff ff = swap_ff((struct ff){HIDE(1.5f), -2.5f});
	struct di di = inc_di((struct di){0.25, 7});
	struct int_float intf = inc_if((struct int_float){-7, 0.5f});
	struct fif fif = inc_fif((struct fif){0.5f, 3, 2.5f});
	struct ifd ifd = inc_ifd((struct ifd){1, 2.5f, 3.5});
	struct dd dd = inc_dd((struct dd){1.5, 2.5});
	struct hd hd = inc_hd((struct hd){-3, 4.5});
	struct ld ld = inc_ld((struct ld){6.5L});
	struct ldi ldi = inc_ldi((struct ldi){6.5L, 1});
	struct di s[8];

	CHECK(ff.x == -2.5f && ff.y == 1.5f);
	CHECK(di.d == 1.25 && di.i == 8);
	CHECK(intf.i == -6 && intf.f == 1.5f);
	CHECK(fif.f == 1.5f && fif.i == 4 && fif.g == 3.5f);
	CHECK(ifd.i == 2 && ifd.f == 3.5f && ifd.d == 4.5);
	CHECK(dd.x == 2.5 && dd.y == 3.5);
	CHECK(hd.h == -2 && hd.d == 5.5);
	CHECK(ld.l == 7.5L);
	CHECK(ldi.l == 7.5L && ldi.i == 2);
	for (int i = 0; i < 8; i++)
		s[i] = (struct di){i + 0.5, i};
	di = seven(s[1], s[2], s[3], s[4], s[5], s[6], s[7]);
	CHECK(di.d == 31.5 && di.i == 28);
	arrays();
	odd_ones();
	FINISH("mixed");
}
