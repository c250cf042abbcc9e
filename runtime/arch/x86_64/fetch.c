/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing is on the stack at any of these instructions but the way back: so a fault can go on at a return. What is
 * found there by the handler is only the place, so nobody has to say that he reads.
 */
#include <ucontext.h>

#include "arch/arch.h"

extern const char ot_arch_fetch_end[], ot_arch_fetch_failed[];
extern const char ot_arch_fetch_some_end[], ot_arch_fetch_some_done[];

__asm__(".text\n"
	"	.p2align 4\n"
	"	.globl ot_arch_fetch\n"
	"	.hidden ot_arch_fetch\n"
	"	.type ot_arch_fetch, @function\n"
	"ot_arch_fetch:\n"
	"	.cfi_startproc\n"
	"	cmp $4, %esi\n"
	"	je 4f\n"
	"	cmp $8, %esi\n"
	"	jne 1f\n"
	"	mov (%rdi), %rax\n"
	"	jmp 9f\n"
	"4:	mov (%rdi), %eax\n"
	"	jmp 9f\n"
	"1:	cmp $1, %esi\n"
	"	jne 2f\n"
	"	movzbl (%rdi), %eax\n"
	"	jmp 9f\n"
	"2:	cmp $2, %esi\n"
	"	jne ot_arch_fetch_failed\n"
	"	movzwl (%rdi), %eax\n"
	"ot_arch_fetch_end:\n"
	"9:	mov %rax, (%rdx)\n"
	"	mov $1, %eax\n"
	"	ret\n"
	"ot_arch_fetch_failed:\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size ot_arch_fetch, . - ot_arch_fetch\n"
	"	.p2align 4\n"
	"	.globl ot_arch_fetch_some\n"
	"	.hidden ot_arch_fetch_some\n"
	"	.type ot_arch_fetch_some, @function\n"
	"ot_arch_fetch_some:\n"
	"	.cfi_startproc\n"
	"	xor %eax, %eax\n"
	"1:	lea 8(%rax), %rcx\n"
	"	cmp %rdx, %rcx\n"
	"	ja 2f\n"
	"	mov (%rsi,%rax), %r8\n"
	"	mov %r8, (%rdi,%rax)\n"
	"	mov %rcx, %rax\n"
	"	jmp 1b\n"
	"2:	cmp %rdx, %rax\n"
	"	jae ot_arch_fetch_some_done\n"
	"	movzbl (%rsi,%rax), %ecx\n"
	"	mov %cl, (%rdi,%rax)\n"
	"	inc %rax\n"
	"	jmp 2b\n"
	"ot_arch_fetch_some_end:\n"
	"ot_arch_fetch_some_done:\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size ot_arch_fetch_some, . - ot_arch_fetch_some\n");

static bool is_between(uint64_t at, const void *first, const void *end)
{
	return at >= (uint64_t)first && at < (uint64_t)end;
}

bool ot_arch_fetch_fault(void *context)
{
	greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	if (is_between((uint64_t)*rip, (const void *)ot_arch_fetch, ot_arch_fetch_end))
		*rip = (greg_t)ot_arch_fetch_failed;
	else if (is_between((uint64_t)*rip, (const void *)ot_arch_fetch_some,
			    ot_arch_fetch_some_end))
		*rip = (greg_t)ot_arch_fetch_some_done;
	else
		return false;
	return true;
}
