/* SPDX-License-Identifier: BSD-2-Clause */
/* Says what the compiler makes of its expressions: text, tab, value as JSON. */
#include <stdio.h>
#include <sys/mman.h>
#include <uchar.h>
#include <wchar.h>

#define NUMBER(...) printf("%s\t%lld\n", #__VA_ARGS__, (long long)(__VA_ARGS__))
#define VECTOR(...)                                                          \
	do {                                                                 \
		__auto_type v = (__VA_ARGS__);                               \
		printf("%s\t[", #__VA_ARGS__);                               \
		for (unsigned long n = 0; n < sizeof(v) / sizeof(v[0]); n++) \
			printf("%s%.17g", n ? ", " : "", (double)v[n]);      \
		printf("]\n");                                               \
	} while (0)
#define VECTOR_OF(type, bytes) type __attribute__((vector_size(bytes)))

_Complex int steps = 3 + 4i;

/* ------------------------------------------------------------------ alignment */

struct two {
	int a, b;
};
struct packed_two {
	int a, b;
} __attribute__((packed));
struct packed {
	char c;
	int i;
	short s[3];
} __attribute__((packed));
struct tail {
	int a;
	short b;
};
struct gap {
	char c;
	int i;
	struct two both;
};
struct asked {
	char c;
	_Alignas(8) int i;
};
struct asked_first {
	_Alignas(16) char c;
	int i;
};
struct packed_asked {
	char c;
	int a;
	_Alignas(8) char d;
} __attribute__((packed));
struct nested {
	struct two t;
	char c;
};
struct nested_packed {
	char c;
	struct packed_two t;
};
union mixed {
	char c;
	double d;
	int i[3];
};
union alike {
	int i;
	float f;
};
struct whole {
	int a;
} __attribute__((aligned(16)));
#pragma pack(push, 2)
struct pairs {
	char c;
	int i;
	double d;
};
#pragma pack(pop)
struct atomic {
	_Atomic struct two t;
	char c;
};
typedef int low_int __attribute__((aligned(2)));
struct low {
	char c;
	low_int i;
};
struct long_doubles {
	char c;
	long double d;
};
struct bits_100 {
	char c;
	_BitInt(100) b;
};
struct complexes {
	char c;
	_Complex float z;
};

struct two two;
struct packed_two packed_two;
struct packed packed;
struct tail tail;
struct gap gap;
struct asked asked;
struct asked_first asked_first;
struct packed_asked packed_asked;
struct nested nested;
struct nested_packed nested_packed;
union mixed mixed;
union alike alike;
struct whole whole;
struct pairs pairs;
struct atomic atomic;
struct low low;
struct long_doubles long_doubles;
struct bits_100 bits_100;
struct complexes complexes;
_Alignas(64) int apart = 1;
static _Alignas(32) char aligned_text[3] = "ab";

static void used(void)
{
}

static void alignments(void)
{
	NUMBER(_Alignof(struct packed));
	NUMBER(_Alignof(struct tail));
	NUMBER(_Alignof(struct gap));
	NUMBER(_Alignof(struct asked));
	NUMBER(_Alignof(struct asked_first));
	NUMBER(_Alignof(struct packed_asked));
	NUMBER(_Alignof(struct nested));
	NUMBER(_Alignof(struct nested_packed));
	NUMBER(_Alignof(union mixed));
	NUMBER(_Alignof(struct whole));
	NUMBER(_Alignof(struct pairs));
	NUMBER(_Alignof(struct atomic));
	NUMBER(_Alignof(struct low));
	NUMBER(_Alignof(struct long_doubles));
	NUMBER(_Alignof(struct bits_100));
	NUMBER(_Alignof(struct complexes));
	NUMBER(_Alignof(low_int));
	NUMBER(_Alignof(_Atomic struct two));
	NUMBER(_Alignof(long double));
	NUMBER(_Alignof(_Complex long double));
	NUMBER(_Alignof(apart));
	NUMBER(_Alignof(aligned_text));
	NUMBER(_Alignof(asked.i));
	NUMBER(_Alignof(asked.c));
	NUMBER(_Alignof(asked_first.c));
	NUMBER(_Alignof(asked_first.i));
	NUMBER(_Alignof(packed.i));
	NUMBER(_Alignof(gap.i));
	NUMBER(_Alignof(tail.b));
	NUMBER(_Alignof(tail.a));
	NUMBER(_Alignof(nested_packed.t));
	NUMBER(_Alignof(packed_asked.d));
	NUMBER(_Alignof(int[3]));
	NUMBER(_Alignof(used));
	NUMBER(_Alignof(struct gap[2]));
}

/* ------------------------------------------------------------------ vectors */

typedef VECTOR_OF(signed char, 16) bytes16;
typedef VECTOR_OF(unsigned short, 8) shorts4;
typedef VECTOR_OF(int, 16) ints4;
typedef VECTOR_OF(unsigned, 16) unsigneds4;
typedef VECTOR_OF(float, 16) floats4;
typedef VECTOR_OF(double, 16) doubles2;
typedef VECTOR_OF(long, 16) longs2;
typedef int ints3 __attribute__((ext_vector_type(3)));

bytes16 bytes = {100, -100, 3, 127, -128, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
shorts4 shorts = {65535, 1, 2, 300};
ints4 ints = {1, -2, 3, 0x7fffffff}, more = {4, 3, -2, 1};
unsigneds4 unsigneds = {1, 0xffffffff, 7, 0};
floats4 floats = {1.5f, -2, 0.1f, 0}, others = {2, 2, -0.5f, 0};
doubles2 doubles = {0.1, -3};
longs2 longs = {-1, 1l << 40};
ints3 three = {1, 2, 3};
struct with_vector {
	char c;
	ints4 v;
} with_vector = {1, {5, 6, 7, 8}};
int number = 3;

static void vectors(void)
{
	VECTOR(ints + more);
	VECTOR(ints - more);
	VECTOR(ints * more);
	VECTOR(ints / more);
	VECTOR(ints % more);
	VECTOR(ints & more);
	VECTOR(ints | 6);
	VECTOR(ints ^ more);
	VECTOR(more << 2);
	VECTOR(ints >> 1);
	VECTOR(2 << (more & 3));
	VECTOR(unsigneds >> 3);
	VECTOR(ints < more);
	VECTOR(ints >= more);
	VECTOR(ints == ints);
	VECTOR(ints != 3);
	VECTOR(-ints);
	VECTOR(~ints);
	VECTOR(+ints);
	VECTOR(ints + number);
	VECTOR(5 - ints);
	VECTOR(ints + unsigneds);
	VECTOR(unsigneds + ints);
	VECTOR(unsigneds + -1);
	VECTOR(ints < unsigneds);
	VECTOR(unsigneds < ints);
	VECTOR(bytes + bytes);
	VECTOR(bytes * 3);
	VECTOR(bytes + (signed char)100);
	VECTOR(bytes < 0);
	VECTOR(shorts * shorts);
	VECTOR(shorts + 1);
	VECTOR(floats + others);
	VECTOR(floats * others);
	VECTOR(floats / 4);
	VECTOR(floats - 1.5f);
	VECTOR(floats > others);
	VECTOR(-floats);
	VECTOR(floats != floats);
	VECTOR(doubles + 0.2);
	VECTOR(doubles < 0);
	VECTOR(doubles * doubles);
	VECTOR(longs << 3);
	VECTOR(longs > 0);
	VECTOR((unsigneds4)ints);
	VECTOR((floats4)ints);
	VECTOR((ints4)floats);
	VECTOR((ints4)longs);
	VECTOR((ints4){9, 8});
	VECTOR(ints + (ints4){1, 1, 1, 1});
	VECTOR(with_vector.v - ints);
	VECTOR(((struct with_vector){2, ints}).v);
	VECTOR(number ? ints : more);
	NUMBER((ints + more)[1]);
	NUMBER(ints[number]);
	NUMBER(sizeof(ints + more));
	NUMBER(sizeof(three));
	NUMBER(sizeof(doubles < 0));
	NUMBER((three + three)[2]);
	NUMBER((three < 2)[0]);
	NUMBER((__int128)longs >> 100);
	NUMBER(sizeof((ints < more)[0]));
}

/* ------------------------------------------------------------------ words */

wchar_t wide[8] = L"wide\u00e9\n";
char16_t wide16[] = u"a\u20ac\U0001f600";
char32_t wide32[4] = U"full";
const wchar_t *wide_pointer = L"behind";
wchar_t *wide_null;

static void words(void)
{
	NUMBER('ab');
	NUMBER('abcd');
	NUMBER('\377\377');
	NUMBER('a\377');
	NUMBER('\1\2\3');
	NUMBER(sizeof(typeof(bytes)));
	NUMBER((typeof(shorts[0]))70000);
	NUMBER(sizeof(typeof(1 + 1l)));
	NUMBER((__typeof__(&gap))0 == 0);
	NUMBER((typeof(struct gap *))0 == 0);
	NUMBER(sizeof(typeof(wide)[2]));
	NUMBER(sizeof(__typeof__(gap.both)));
	NUMBER((typeof('a'))300);
	NUMBER(sizeof L"ab");
	NUMBER(sizeof(u"ab"
		      "c"));
	NUMBER(wide[4]);
	NUMBER(L"abc"[1]);
	NUMBER(~~number);
	NUMBER(sizeof(typeof(int(*)[3])));
	NUMBER(((typeof(two)){7, 8}).b);
}

/* ------------------------------------------------------------------ what is not stored, and statics */

struct kept {
	int free;
	const int number;
};
struct holder {
	struct kept all[2];
	int plain;
} holder, other_holder;
struct kept kept = {1, 2};
struct points {
	const int *p;
	int plain;
} points, other_points = {&kept.number, 5};

static int f(void)
{
	static int counter = 41;

	return ++counter;
}

struct __attribute__((packed)) edge {
	unsigned a : 5, b : 20;
	unsigned long c : 30;
} *edge;

int main(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(pages + 4096, 4096);
	edge = (struct edge *)(pages + 4092);
	*(unsigned *)edge = 3 | 77u << 5;
	used();
	alignments();
	vectors();
	words();
	holder = (struct holder){.plain = f() + aligned_text[0] + alike.i};
	return 0;
}
