/* SPDX-License-Identifier: BSD-2-Clause */
/* One variable of every kind, for comparing what otrace and gdb show of them. */
#include <complex.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum color { RED, GREEN = 5, BLUE = -2 };
enum flags { FLAG_A = 1, FLAG_B = 2, FLAG_C = 4, FLAG_D = 8 };

struct point {
	int x, y;
};

typedef struct client {
	int id;
	char name[16];
	const char *note;
	struct client *next;
	struct point at;
	double weight;
	unsigned a : 3, b : 5;
	signed c : 4;
	_Bool ok : 1;
	unsigned long long wide : 40;
	enum color color;
	enum flags flags;
	union {
		int i;
		float f;
	} u;
	struct {
		int inner1;
		long inner2;
	};
	int (*handler)(int);
	void *opaque;
	char **words;
} client;

typedef float float4 __attribute__((vector_size(16)));

struct flexible {
	int n;
	int data[];
};

int twice(int n)
{
	return 2 * n;
}

client second = {2,	     "two", "note \"2\"\n",  0,	  {3, 4}, 2.5,	 1, 17, -3, 1,
		 1ull << 39, BLUE,  FLAG_C | FLAG_A, {7}, {8, 9}, twice, 0, 0};
client first = {1,     "one", "hello",	   &second,	 {1, 2},	 0.1, 5,       31, -8, 0,
		12345, GREEN, 16 | FLAG_A, {1065353216}, {-1, 1L << 40}, 0,   &second, 0};
client *head = &first;
client *table[3] = {&first, 0, &second};

bool yes = true, no;
char letter = 'a', newline = '\n', high = '\377', nul;
signed char small_negative = -1;
unsigned char byte = 200;
uint8_t bytes[4] = {1, 2, 250, 4};
short negative_short = -300;
unsigned short big_short = 65000;
int counter = 42, lowest = INT_MIN;
unsigned int highest = UINT_MAX;
long low_long = LONG_MIN;
unsigned long high_long = ULONG_MAX;
long long tenth = 10;
__int128 wide = -((__int128)5 << 90);
unsigned __int128 widest = ~(unsigned __int128)0;

float pi_float = 3.14159274f, third_float = 1.0f / 3, whole_float = 3, tiny_float = 1e-45f;
double pi = 3.141592653589793, third = 1.0 / 3, tenth_double = 0.1, huge = 1e300, not_a_number,
       infinite;
long double long_third = 1.0L / 3, long_tenth = 0.1L;
_Float16 half_tenth = 0.1f16, half_huge = 65504.0f16;
float _Complex complex_float = 1.5f + 2.0f * I;
double _Complex complex_double = -1.0 + 0.5 * I;
float4 vector = {1, 2.5f, 3, 4};

int numbers[5] = {1, 2, 3, 4, 5};
int zeros[40];
int mixed[30] = {1, 1, 1, 7};
int matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
struct point points[2] = {{1, 2}, {3, 4}};
char full[8] = {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'};
char text[] = "h\303\251llo\001\377 \"x\" \\ '";
const char *message = "a message", *nothing;
void *anything = &first;
int (*function)(int) = twice;
int (*functions[2])(int) = {twice, 0};
enum color color = RED, strange_color = 9, negative_color = BLUE;
enum flags both = FLAG_A | FLAG_C, none;
struct flexible flexible = {3};
static int file_static = 9;
volatile int changing = 6;

int main(void)
{
	static int calls = 3;

	not_a_number = __builtin_nan("");
	infinite = -__builtin_inf();
	return twice(calls + file_static + changing) == 0;
}
