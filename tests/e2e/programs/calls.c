// SPDX-License-Identifier: BSD-2-Clause
// Functions to be called from the shell: one of every class of argument and result. Without arguments it
// calls each itself and prints what it gets, which is what the shell has to get; "serve" waits instead.
#define _GNU_SOURCE
#include <complex.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, used))
#define TOUCH() __asm__ volatile("" : : : "memory")

struct small {
	short a;
	char b;
};
struct mixed {
	double d;
	int i;
};
struct floats {
	float x, y, z;
};
struct pair {
	long a, b;
};
struct big {
	long a[5];
};
struct bits {
	unsigned a : 3;
	int b : 7;
	unsigned long c : 40;
};
union either {
	double d;
	long l;
};
struct __attribute__((packed)) tight {
	char c;
	int i;
};
struct extended {
	long double v;
};
struct empty {
};
enum color { RED = -2, GREEN, BLUE = 40 };

struct small small = {-3, 4};
struct mixed mixed = {1.5, -7};
struct floats floats = {1.25f, -2.5f, 4};
struct pair pair = {1, -1};
struct big big = {{1, 2, 3, 4, 500}};
struct bits bits = {5, -9, 0xabcdef0123};
union either either = {.d = 2.5};
struct tight tight = {'t', -123456};
struct extended extended = {0.1L};
double _Complex zd = 1.5 - 2.5 * I;
float _Complex zf = 0.5f + 3 * I;
long double _Complex zl = 0.25L - 8 * I;
__int128 wide = ((__int128)5 << 64) + 9;
struct empty empty;
int counter = 5;
int numbers[3] = {10, 20, 30};

KEEP signed char schar(signed char c)
{
	TOUCH();
	return (signed char)(c - 1);
}
KEEP unsigned short wrap16(unsigned short n)
{
	TOUCH();
	return (unsigned short)(n + 65530);
}
KEEP bool is_odd(int n)
{
	TOUCH();
	return n & 1;
}
KEEP unsigned long long large(unsigned long long n)
{
	TOUCH();
	return n + 1;
}
KEEP enum color next_color(enum color c)
{
	TOUCH();
	return c == RED ? BLUE : RED;
}
KEEP float third(float f)
{
	TOUCH();
	return f / 3;
}
KEEP double half(double d)
{
	TOUCH();
	return d / 2;
}
KEEP double quarter(double d)
{
	TOUCH();
	return d / 4;
}
KEEP long double tenth(long double d)
{
	TOUCH();
	return d / 10;
}
KEEP struct small of_small(struct small s)
{
	TOUCH();
	s.a = (short)-s.a;
	return s;
}
KEEP struct mixed of_mixed(struct mixed m, int add)
{
	TOUCH();
	m.d += add;
	m.i -= add;
	return m;
}
KEEP struct floats of_floats(struct floats f)
{
	TOUCH();
	f.z = f.x + f.y;
	return f;
}
KEEP struct pair of_pair(struct pair p)
{
	TOUCH();
	return (struct pair){p.b, p.a};
}
KEEP struct big of_big(int first, struct big b, double last)
{
	TOUCH();
	b.a[0] = first;
	b.a[1] = (long)last;
	return b;
}
KEEP struct bits of_bits(struct bits b)
{
	TOUCH();
	b.a++;
	b.b--;
	b.c += 2;
	return b;
}
KEEP union either of_either(union either e)
{
	TOUCH();
	e.d *= 2;
	return e;
}
KEEP struct tight of_tight(struct tight t)
{
	TOUCH();
	t.c++;
	t.i--;
	return t;
}
KEEP struct extended of_extended(struct extended e)
{
	TOUCH();
	e.v *= 3;
	return e;
}
KEEP double _Complex of_zd(double _Complex z)
{
	TOUCH();
	return z * 2;
}
KEEP float _Complex of_zf(float _Complex z)
{
	TOUCH();
	return z * 2;
}
KEEP long double _Complex of_zl(long double _Complex z)
{
	TOUCH();
	return z * 2;
}
KEEP __int128 of_wide(__int128 n)
{
	TOUCH();
	return n + 1;
}
KEEP int with_empty(int a, struct empty e, int b)
{
	TOUCH();
	(void)e;
	return a - b;
}
KEEP long many(int a, long b, char c, short d, unsigned e, long f, int g, struct pair h, int i)
{
	TOUCH();
	return a + 2 * b + 3 * c + 4 * d + 5 * (long)e + 6 * f + 7 * g + 8 * h.a + 9 * h.b + 10 * i;
}
KEEP double nine(double a, double b, double c, double d, double e, double f, double g, double h,
		 float i)
{
	TOUCH();
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * (double)i;
}
KEEP char *copy(const char *text)
{
	TOUCH();
	return strdup(text);
}
KEEP int sum(const int *of, int nr)
{
	int s = 0;
	TOUCH();
	while (nr--)
		s += of[nr];
	return s;
}
KEEP int *place(int n)
{
	TOUCH();
	return &numbers[n];
}
KEEP void set_counter(int n)
{
	TOUCH();
	counter = n;
}
KEEP int nothing(void)
{
	TOUCH();
	return 77;
}
KEEP double total(int nr, ...)
{
	va_list args;
	double sum = 0;

	TOUCH();
	va_start(args, nr);
	while (nr--)
		sum += va_arg(args, double);
	va_end(args);
	return sum;
}
KEEP float old_style(f, c)
float f;
char c;
{
	TOUCH();
	return f + (float)c;
}

/* What a thread must have of its own. */
KEEP int libc_works(const char *text)
{
	char *grown = malloc(100000);

	TOUCH();
	if (!grown)
		return -1;
	snprintf(grown, 100000, "%s:%d", text, 42);
	errno = 0;
	if (close(-1) != -1 || errno != EBADF)
		return -2;
	printf("said %s\n", grown);
	fflush(stdout);
	free(grown);
	return (int)strlen(text);
}
KEEP int deep(int n)
{
	volatile char room[16384];

	room[0] = room[16383] = (char)n;
	return n ? deep(n - 1) + room[0] - room[16383] : 9;
}
KEEP int nap(int seconds)
{
	TOUCH();
	sleep((unsigned)seconds);
	return seconds;
}
KEEP int end(int status)
{
	TOUCH();
	exit(status);
}
KEEP int crash(int n)
{
	TOUCH();
	*(volatile int *)16 = n;
	return n;
}
KEEP int leave(int n)
{
	TOUCH();
	pthread_exit((void *)(long)n);
}
KEEP int change_ids(void)
{
	TOUCH();
	return setgid(getgid());
}
KEEP int whose(void)
{
	TOUCH();
	return (int)gettid();
}
/* Both come back: only the parent's may be heard of. */
KEEP int fork_and_return(void)
{
	TOUCH();
	return fork() ? 1 : 2;
}
/* 1 when a child that nobody made is there to wait for. */
KEEP int strange_child(void)
{
	int status;
	TOUCH();
	return waitpid(-1, &status, WNOHANG) > 0;
}

static __attribute__((noinline)) int never_seen(int a, int unused, int b)
{
	TOUCH();
	return a * 10 + b;
}
KEEP int uses_it(int n)
{
	TOUCH();
	return never_seen(n, 5, n + 1);
}

#define SHOW(call, format, ...) printf(call " " format "\n", __VA_ARGS__)

static void show_all(void)
{
	struct mixed m = of_mixed(mixed, 3);
	struct floats f = of_floats(floats);
	struct big b = of_big(7, big, 2.5);
	struct bits t = of_bits(bits);
	struct tight p = of_tight(tight);
	struct pair h = of_pair(pair);

	SHOW("of_small small", "%d %d", of_small(small).a, of_small(small).b);
	SHOW("of_mixed mixed 3", "%g %d", m.d, m.i);
	SHOW("of_floats floats", "%g %g %g", (double)f.x, (double)f.y, (double)f.z);
	SHOW("of_pair pair", "%ld %ld", h.a, h.b);
	SHOW("of_big 7 big 2.5", "%ld %ld %ld %ld %ld", b.a[0], b.a[1], b.a[2], b.a[3], b.a[4]);
	SHOW("of_bits bits", "%d %d %lu", t.a, t.b, (unsigned long)t.c);
	SHOW("of_either either", "%g", of_either(either).d);
	SHOW("of_tight tight", "%d %d", p.c, p.i);
	SHOW("of_extended extended", "%.10Lg", of_extended(extended).v);
	SHOW("of_zd zd", "%g %g", creal(of_zd(zd)), cimag(of_zd(zd)));
	SHOW("of_zf zf", "%g %g", (double)crealf(of_zf(zf)), (double)cimagf(of_zf(zf)));
	SHOW("of_zl zl", "%Lg %Lg", creall(of_zl(zl)), cimagl(of_zl(zl)));
	SHOW("many 1 2 3 4 5 6 7 pair 8", "%ld", many(1, 2, 3, 4, 5, 6, 7, pair, 8));
	SHOW("nine 1 2 3 4 5 6 7 8 0.5", "%g", nine(1, 2, 3, 4, 5, 6, 7, 8, 0.5f));
	SHOW("third 1", "%.7g", (double)third(1));
	SHOW("tenth 1", "%.10Lg", tenth(1));
	SHOW("total 3 1.5 2.25 -4.0", "%g", total(3, 1.5, 2.25, -4.0));
	SHOW("old_style 1.5 3", "%g", (double)old_style(1.5f, 3));
	SHOW("with_empty 9 empty 2", "%d", with_empty(9, empty, 2));
	SHOW("schar -128", "%d", schar(-128));
	SHOW("wrap16 10", "%d", wrap16(10));
	SHOW("large 18446744073709551614", "%llu", large(18446744073709551614ull));
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		show_all();
		return uses_it(1) != 12;
	}
	for (int i = 0; i < 6000; i++)
		usleep(10000);
	return argv[0][0] == 0;
}
