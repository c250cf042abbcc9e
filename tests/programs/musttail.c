// SPDX-License-Identifier: BSD-2-Clause
// Calls marked musttail: ten million, at every level, with nothing allowed between call and return.
// Also an interpreter that goes from instruction to instruction that way.
// EXPECT {"function":"count_down","args":{"n":10000000,"sum":0},"exit":"any","count":1,"calls":10000001,"entry_only":true}
// EXPECT {"function":"run_code","value":1024,"calls":1}
// EXPECT {"function":"op_double","calls":10,"exit":"any"}
// EXPECT {"function":"op_halt","args":{"acc":1024},"value":1024,"calls":1,"exit":"any","entry_only":true}
// EXPECT {"function":"by_memory","levels":["O1","O2","O3","Os"],"args":{"s":{"v":[1,2,3,4]},"n":100},"exit":"any","count":1,"calls":{"least":1,"most":101},"entry_only":true}
// EXPECT {"function":"floating","args":{"n":0,"x":200.5},"value":200.5,"exit":"any","count":1,"calls":201,"entry_only":true}
#include "check.h"

#define MUSTTAIL __attribute__((musttail))

long count_down(long n, long sum);
static long (*volatile count_down_again)(long n, long sum) = count_down;

EXACT long count_down(long n, long sum)
{
	TOUCH();
	if (n == 0)
		return sum;
	MUSTTAIL return count_down_again(n - 1, sum + n);
}

struct machine {
	const unsigned char *pc;
	long steps;
};

typedef long instruction(struct machine *m, long acc);

static instruction *const instructions[3];

#define NEXT(acc)                                               \
	do {                                                    \
		m->steps++;                                     \
		MUSTTAIL return instructions[*m->pc++](m, acc); \
	} while (0)

EXACT long op_halt(struct machine *m, long acc)
{
	TOUCH();
	m->steps++;
	return acc;
}

EXACT long op_one(struct machine *m, long acc)
{
	(void)acc;
	TOUCH();
	NEXT(1);
}

EXACT long op_double(struct machine *m, long acc)
{
	TOUCH();
	NEXT(acc * 2);
}

static instruction *const instructions[3] = {op_halt, op_one, op_double};

EXACT long run_code(const unsigned char *code)
{
	struct machine m = {code + 1, 0};
	long acc = instructions[*code](&m, 0);

	CHECK(m.steps == 12);
	return acc;
}

struct quad {
	long v[4];
};

/*
 * An argument in memory must be moved before the jump. Not at -O0, where clang 19 goes wrong: it
 * copies the argument to the top of a stack it did not reserve, over the return address.
 */
#ifdef __OPTIMIZE__
/* clang 19 makes a loop of it; through a pointer it writes over its own return address. */
EXACT long by_memory(struct quad s, long n)
{
	TOUCH();
	if (n == 0)
		return s.v[0] + 10 * s.v[1] + 100 * s.v[2] + 1000 * s.v[3];
	s = (struct quad){{s.v[1], s.v[2], s.v[3], s.v[0]}};
	MUSTTAIL return by_memory(s, n - 1);
}
#endif

double floating(int n, double x);
static double (*volatile floating_again)(int n, double x) = floating;

EXACT double floating(int n, double x)
{
	TOUCH();
	if (n == 0)
		return x;
	MUSTTAIL return floating_again(n - 1, x + 1);
}

int main(void)
{
	static const unsigned char code[] = {1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0};

	CHECK(count_down(HIDE(10000000L), 0) == 50000005000000);
	CHECK(run_code(HIDE(&code[0])) == 1024);
#ifdef __OPTIMIZE__
	CHECK(by_memory((struct quad){{1, 2, 3, 4}}, HIDE(100L)) == 4321);
#endif
	CHECK(floating(HIDE(200), 0.5) == 200.5);
	FINISH("musttail");
}
