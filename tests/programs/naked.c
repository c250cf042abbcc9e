// SPDX-License-Identifier: BSD-2-Clause
// Functions a tracer cannot touch: naked (all its own assembly), and written in assembly outright.
// They are skipped with a reason; the functions around them are traced.
// EXPECT {"function":"add_naked","skipped":true}
// EXPECT {"function":"around","args":{"a":40},"value":42,"count":1,"calls":100}
// EXPECT {"function":"called_back","args":{"x":5},"value":10,"calls":1}
#include "check.h"

long add_assembly(long a, long b);
long call_assembly(long (*f)(long), long x);

__asm__(".pushsection .text\n"
	".p2align 4\n"
	".hidden add_assembly\n"
	".globl add_assembly\n"
	".type add_assembly, @function\n"
	"add_assembly:\n"
	"	endbr64\n"
	"	leaq (%rdi,%rsi), %rax\n"
	"	ret\n"
	".size add_assembly, . - add_assembly\n"
	".hidden call_assembly\n"
	".globl call_assembly\n"
	".type call_assembly, @function\n"
	"call_assembly:\n"
	"	endbr64\n"
	"	pushq %rbx\n"
	"	movq %rdi, %rbx\n"
	"	movq %rsi, %rdi\n"
	"	call *%rbx\n"
	"	popq %rbx\n"
	"	ret\n"
	".size call_assembly, . - call_assembly\n"
	".popsection\n");

__attribute__((naked, noinline, used)) long add_naked(long a, long b)
{
	__asm__("leaq (%rdi,%rsi), %rax\n\t"
		"ret");
}

EXACT long around(long a)
{
	TOUCH();
	return add_naked(a, 1) + add_assembly(0, 1);
}

EXACT long called_back(long x)
{
	TOUCH();
	return 2 * x;
}

int main(void)
{
	for (long i = 0; i < 100; i++)
		CHECK(around(HIDE(i)) == i + 2);
	CHECK(add_naked(HIDE(3L), 4) == 7);
	CHECK(call_assembly(HIDE(&called_back), 5) == 10);
	FINISH("naked");
}
