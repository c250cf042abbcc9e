/* SPDX-License-Identifier: BSD-2-Clause */
/* Types that are made of others. What gdb does not know is set and said by the program itself. */
#include <stddef.h>
#include <stdio.h>

#define NOINLINE __attribute__((noinline))
#define USE(x) __asm__ volatile("" : : "m"(x) : "memory");
#define BARRIER __asm__ volatile("" ::: "memory");
#define VECTOR(type, bytes) type __attribute__((vector_size(bytes)))

/* vectors */
typedef VECTOR(signed char, 8) bytes8;
typedef VECTOR(short, 8) shorts4;
typedef VECTOR(int, 16) ints4;
typedef VECTOR(unsigned, 32) unsigned8;
typedef VECTOR(long, 16) longs2;
typedef VECTOR(float, 64) floats16;
typedef VECTOR(double, 16) doubles2;
typedef VECTOR(_Float16, 8) halves4;
typedef VECTOR(__int128, 32) wides2;
typedef int ints3 __attribute__((ext_vector_type(3)));
typedef char chars3 __attribute__((ext_vector_type(3)));
typedef _Bool flags8 __attribute__((ext_vector_type(8)));
bytes8 bytes = {1, 2, -5};
shorts4 shorts = {-1, 2};
ints4 ints = {1, -2, 3, 4};
unsigned8 unsigneds = {~0u, 1};
longs2 longs = {-1, 2};
floats16 floats = {0.5f, 1};
doubles2 doubles = {0.1, 2};
halves4 halves = {0.5, 1};
wides2 wides = {-1, 2};
ints3 three = {1, 2, 3};
chars3 chars = {1, 2, 3};
flags8 flags = {1, 0, 1};

/* bit-fields */
enum color { RED, GREEN, BLUE = 5 };
struct fields {
	signed a : 3;
	unsigned b : 5;
	_Bool c : 1;
	enum color d : 4;
	int : 0;
	unsigned long long all : 64;
	long long f : 40;
	long long g : 33;
	unsigned short h : 7;
} fields = {-4, 31, 1, BLUE, ~0ull, -1, -5, 100};
struct __attribute__((packed)) straddling {
	char x;
	unsigned a : 7, b : 13;
	long long c : 61;
	__int128 d : 100;
	unsigned __int128 e : 127;
	signed char y;
} straddling = {1, 100, 8000, -3, -((__int128)1 << 90), ((__int128)1 << 120) + 5, -9};
union overlaid {
	unsigned a : 3;
	int b : 5;
	unsigned all;
	_Bool t : 1;
} overlaid = {.all = 0xfd};
struct {
	_BitInt(40) m : 39;
	unsigned _BitInt(300) w : 280;
	int last;
} bit_ints;
struct {
	int s : 1;
	unsigned u : 1;
} one_bit = {-1, 1};

/* anonymous members, arrays without a length, empty things */
struct nested {
	int a;
	union {
		struct {
			short b, c;
		};
		int both;
		struct {
			union {
				char d;
			};
		};
	};
	struct {
		int z;
	} named;
	enum { IN_HERE = 3, IN_THERE } e;
} nested = {1, {{2, 3}}, {4}, IN_THERE};
struct flexible {
	long n;
	char k;
	short data[];
} flexible = {3, 'k', {1, 2, 3}}, flexible_padded = {1, 'p', {9}}, flexible_none = {0};
struct flexible_structs {
	int n;
	struct {
		int a, b;
	} data[];
} flexible_structs = {2, {{1, 2}, {3, 4}}};
struct flexible_text {
	int n;
	char text[];
} flexible_text = {2, "hello"};
struct zero_length {
	int n;
	int data[0];
} zero_length = {5};
struct {
} empty;
struct {
	struct {
	} e;
	int a;
} has_empty = {{}, 3};
int cube[2][3][2] = {{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}}, five[1][1][1][1][2] = {{{{{1, 2}}}}};
int (*rows)[3] = (int (*)[3])cube;
char lines[2][4] = {"abc", "def"}, no_nul[3] = "abc", nothing[] = "";

/* enums */
enum gaps { G0, G5 = 5, G6, G100 = 100 } gap = G6, gap_unknown = 50;
enum flag { FA = 1, FB = 2, FC = 8, FD = 16 } flag = FA | FC, flag_unknown = FA | 0x40, flag_none = 0, flag_only = 0x40;
enum twice { T1 = 1, T1_AGAIN = 1, T2 } same = T1_AGAIN;
enum negative { N1 = -5, N2 = 3 } minus = N1, minus_unknown = -6;
enum huge : unsigned long { H1 = 1, H2 = 0xffffffffffffffff, H3 = 1ull << 63 } largest = H2, high = H3, high_unknown = 1ull << 62;
enum tiny : signed char { Y1 = -1, Y2 = 100 } tiny = Y1;
enum : short { WITHOUT_NAME = -3 } without_name = WITHOUT_NAME;
enum masked { LOW = 0xf, HIGH = 0xf0, EXTRA = 0x100 } masked = 0x10f;
enum combined { CA = 1, CB = 2, CC = 4, CALL = 7, CNONE = 0 } combined = CALL, combined_two = CA | CC;
enum counted { Z0, Z1, Z2, Z3, Z4 } counted_unknown = 6;

/* functions and pointers, qualifiers */
NOINLINE int one(int a, ...)
{
	return a;
}
int (*function)(int, ...) = one, (*functions[2])(int, ...) = {one};
int (*(*maker)(int (*)(void), char))(long);
void (*(*table)[2])(void);
typedef void function_type(int);
function_type *by_type;
int (*unprototyped)();
const volatile int looked_at = 3;
int *restrict alone;
int *const fixed = (int *)16;
const char *const *volatile words;
char *const text = "text";
const char *inside = &"inside"[2];
void *anything = &fields;
struct node {
	struct node *next;
	int v;
} last, first = {&last, 2};
struct left {
	struct right *right;
};
struct right {
	struct left *left;
};
struct right right;
struct left left = {&right};
struct undefined *undefined = (struct undefined *)16;
int __seg_gs *segment = (int __seg_gs *)8;

/* C23, atomics, alignment, typeof, unions */
nullptr_t null;
struct {
	nullptr_t p;
	int after;
} has_null = {nullptr, 6};
struct small {
	char x[3];
};
_Atomic struct small atomic_small;
struct {
	_Atomic struct small array[2];
	char after;
} atomic_smalls;
_Atomic(struct node *) atomic_pointer = &last;
struct __attribute__((packed)) packed {
	char a;
	int b;
	double c;
} packed = {1, 2, 3};
struct aligned {
	char c;
	_Alignas(32) int i;
} aligned = {1, 2};
typeof(first.v) like = 9;
typeof_unqual(looked_at) like_too = 10;
typedef int int1;
typedef int1 int2;
typedef const int2 int3;
int3 chain = 5;
constexpr int known = 42;
union punned {
	float f;
	int i;
} punned = {.i = 0x3f800000};
typedef union {
	int *ip;
	const unsigned *up;
} __attribute__((transparent_union)) either;
_BitInt(200) bit_array[2] = {1, -2};

/* each as a parameter and as a result */
NOINLINE ints3 f_three(ints3 x, flags8 d, chars3 c) { USE(d) USE(c) return x; }
NOINLINE floats16 f_floats(floats16 x) { BARRIER return x; }
NOINLINE wides2 f_wides(wides2 x) { BARRIER return x; }
NOINLINE shorts4 f_shorts(shorts4 x, ints4 y, doubles2 z) { USE(y) USE(z) return x; }
NOINLINE struct fields f_fields(struct fields x) { BARRIER return x; }
NOINLINE struct straddling f_straddling(struct straddling x) { BARRIER return x; }
NOINLINE union overlaid f_overlaid(union overlaid x) { BARRIER return x; }
NOINLINE struct nested f_nested(struct nested x) { BARRIER return x; }
NOINLINE enum flag f_flag(enum flag x, enum negative y, enum huge z) { USE(y) USE(z) return x; }
NOINLINE struct small f_small(_Atomic struct small x) { BARRIER return x; }
NOINLINE nullptr_t f_null(nullptr_t x) { BARRIER return x; }
NOINLINE int f_either(either x) { BARRIER return *x.ip; }
NOINLINE int (*f_function(int (*x)(int, ...)))(int, ...) { BARRIER return x; }
NOINLINE int f_matrix(int n, int m, int x[n][m]) { BARRIER return x[n - 1][m - 1]; }
NOINLINE int f_arrays(int x[static 3], int y[const restrict 2], int z[2][3]) { BARRIER return x[0] + y[1] + z[1][2]; }
NOINLINE float f_float128(__float128 x) { BARRIER return (float)x; }
NOINLINE union punned f_punned(union punned x) { BARRIER return x; }
NOINLINE struct flexible f_flexible(struct flexible x) { BARRIER return x; }

static void set(void)
{
	bit_ints.m = -7;
	bit_ints.w = (unsigned _BitInt(300))5 << 270;
	bit_ints.last = 1;
	atomic_small = (struct small){{1, 2, 3}};
	atomic_smalls.array[0] = (struct small){{1, 2, 3}};
	atomic_smalls.array[1] = (struct small){{4, 5, 6}};
	atomic_smalls.after = 9;
}

int main(int argc, char **argv)
{
	int matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};

	set();
	f_three(three, flags, chars);
	f_floats(floats);
	f_wides(wides);
	f_shorts(shorts, ints, doubles);
	f_fields(fields);
	f_straddling(straddling);
	f_overlaid(overlaid);
	f_nested(nested);
	f_flag(flag_unknown, minus, largest);
	f_small(atomic_small);
	f_null(null);
	f_either(&argc);
	f_function(function);
	f_matrix(2, 3, matrix);
	f_arrays(matrix[0], matrix[1], matrix);
	f_float128(0.1q);
	f_punned(punned);
	f_flexible(flexible);
	return argc + (segment != 0) + known + printf("%zu %zu\n", sizeof(atomic_small), offsetof(typeof(atomic_smalls), after));
}
