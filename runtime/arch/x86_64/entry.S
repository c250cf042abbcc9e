/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two ways into the runtime that are no wrapper. Both are jumped to from a thunk with r10 = probe
 * and everything else as the caller of the traced function left it. The C side is compiled to use
 * general registers only, so no vector register has to be saved, however wide.
 */
#include <cet.h>
#include "arch.h"

	.text

/*
 * ot_entry_low: no frame may stay behind. Asks ot_hook_low() where to go on (the wrapper after all,
 * the body, a replacement) and jumps there with every register as it came.
 *
 *	rsp + 72	return address of the call
 *	rsp + 8 ... 64	r10 r9 r8 rdi rsi rdx rcx rax (saved)
 *	rsp		alignment
 */
	.globl	ot_entry_low
	.hidden	ot_entry_low
	.type	ot_entry_low, @function
	.p2align 4
ot_entry_low:
	.cfi_startproc
	_CET_ENDBR
	push	%rax
	.cfi_adjust_cfa_offset 8
	push	%rcx
	.cfi_adjust_cfa_offset 8
	push	%rdx
	.cfi_adjust_cfa_offset 8
	push	%rsi
	.cfi_adjust_cfa_offset 8
	push	%rdi
	.cfi_adjust_cfa_offset 8
	push	%r8
	.cfi_adjust_cfa_offset 8
	push	%r9
	.cfi_adjust_cfa_offset 8
	push	%r10
	.cfi_adjust_cfa_offset 8
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	mov	%r10, %rdi
	lea	72(%rsp), %rsi
	call	ot_hook_low
	mov	%rax, %r11
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	pop	%r10
	.cfi_adjust_cfa_offset -8
	pop	%r9
	.cfi_adjust_cfa_offset -8
	pop	%r8
	.cfi_adjust_cfa_offset -8
	pop	%rdi
	.cfi_adjust_cfa_offset -8
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rdx
	.cfi_adjust_cfa_offset -8
	pop	%rcx
	.cfi_adjust_cfa_offset -8
	pop	%rax
	.cfi_adjust_cfa_offset -8
	jmp	*%r11
	.cfi_endproc
	.size	ot_entry_low, . - ot_entry_low

/*
 * ot_entry_varargs: builds struct otrace_varargs_frame (abi.h). When the end of the call is wanted,
 * the body is called again with a copy of the caller's stack arguments; else it is jumped to.
 *
 *	rbp + 16	stack arguments of the caller
 *	rbp + 8		return address
 *	rbp - 8, - 16	rbx = probe, r12 = frame (saved)
 *	r12		the frame, 288 bytes, 16-aligned
 *	rsp		the copy
 */
#define GP	   32
#define STACK_ARGS 80
#define NR_VECTOR  88
#define XMM	   96
#define RET_GP	   224
#define RET_XMM	   240
#define RET_X87	   272
#define FRAME	   288

.macro load_arguments frame
	mov	GP(\frame), %rdi
	mov	GP+8(\frame), %rsi
	mov	GP+16(\frame), %rdx
	mov	GP+24(\frame), %rcx
	mov	GP+32(\frame), %r8
	mov	GP+40(\frame), %r9
	mov	NR_VECTOR(\frame), %rax
	test	%eax, %eax
	jz	.Lno_vectors\@
	movaps	XMM(\frame), %xmm0	/* a callback of the program's may have run */
	movaps	XMM+16(\frame), %xmm1
	movaps	XMM+32(\frame), %xmm2
	movaps	XMM+48(\frame), %xmm3
	movaps	XMM+64(\frame), %xmm4
	movaps	XMM+80(\frame), %xmm5
	movaps	XMM+96(\frame), %xmm6
	movaps	XMM+112(\frame), %xmm7
.Lno_vectors\@:
.endm

	.globl	ot_entry_varargs
	.hidden	ot_entry_varargs
	.type	ot_entry_varargs, @function
	.p2align 4
ot_entry_varargs:
	.cfi_startproc
	_CET_ENDBR
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	push	%rbx
	.cfi_offset %rbx, -24
	push	%r12
	.cfi_offset %r12, -32
	and	$-16, %rsp
	sub	$FRAME, %rsp
	mov	%rsp, %r12
	mov	%r10, %rbx
	mov	%rdi, GP(%r12)
	mov	%rsi, GP+8(%r12)
	mov	%rdx, GP+16(%r12)
	mov	%rcx, GP+24(%r12)
	mov	%r8, GP+32(%r12)
	mov	%r9, GP+40(%r12)
	lea	16(%rbp), %r11
	mov	%r11, STACK_ARGS(%r12)
	movzbl	%al, %eax
	mov	%rax, NR_VECTOR(%r12)
	test	%eax, %eax
	jz	1f
	movaps	%xmm0, XMM(%r12)
	movaps	%xmm1, XMM+16(%r12)
	movaps	%xmm2, XMM+32(%r12)
	movaps	%xmm3, XMM+48(%r12)
	movaps	%xmm4, XMM+64(%r12)
	movaps	%xmm5, XMM+80(%r12)
	movaps	%xmm6, XMM+96(%r12)
	movaps	%xmm7, XMM+112(%r12)
1:	mov	%r12, %rdi
	mov	%rbx, %rsi
	call	ot_hook_varargs
	mov	%rax, %r11
	cmpq	$0, (%r12)	/* words[0]: is the end of this call wanted? */
	jne	2f

	load_arguments %r12
	lea	-16(%rbp), %rsp
	pop	%r12
	.cfi_remember_state
	.cfi_restore %r12
	pop	%rbx
	.cfi_restore %rbx
	pop	%rbp
	.cfi_restore %rbp
	.cfi_def_cfa %rsp, 8
	jmp	*%r11

	.cfi_restore_state
2:	sub	%rdx, %rsp
	mov	STACK_ARGS(%r12), %rsi
	mov	%rsp, %rax	/* wide vectors are looked for at multiples of their size */
	sub	%rsi, %rax
	and	$63, %eax
	sub	%rax, %rsp
	mov	%rdx, %rcx
	mov	%rsp, %rdi
	rep movsb
	load_arguments %r12
	call	*%r11
	mov	%rax, RET_GP(%r12)
	mov	%rdx, RET_GP+8(%r12)
	movaps	%xmm0, RET_XMM(%r12)
	movaps	%xmm1, RET_XMM+16(%r12)
	testl	$OT_PROBE_X87, OT_PROBE_VARARGS_FLAGS(%rbx)
	jz	3f
	fstpt	RET_X87(%r12)
3:	mov	%r12, %rsp
	mov	%r12, %rdi
	mov	%rbx, %rsi
	call	ot_hook_leave
	testl	$OT_PROBE_X87, OT_PROBE_VARARGS_FLAGS(%rbx)
	jz	4f
	fldt	RET_X87(%r12)
4:	movaps	RET_XMM(%r12), %xmm0	/* as above */
	movaps	RET_XMM+16(%r12), %xmm1
	mov	RET_GP(%r12), %rax
	mov	RET_GP+8(%r12), %rdx
	lea	-16(%rbp), %rsp
	pop	%r12
	.cfi_restore %r12
	pop	%rbx
	.cfi_restore %rbx
	pop	%rbp
	.cfi_restore %rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	ot_entry_varargs, . - ot_entry_varargs

/*
 * otrace_set_trace: hands on what its caller keeps in registers across the call, for whoever wants to see
 * the caller's variables.
 *
 *	rsp + 56	return address
 *	rsp		rbx rbp r12 r13 r14 r15, and rsp behind the call: trace_registers of wire.h
 */
	.globl	otrace_set_trace
	.type	otrace_set_trace, @function
	.p2align 4
otrace_set_trace:
	.cfi_startproc
	_CET_ENDBR
	lea	8(%rsp), %rax
	push	%rax
	.cfi_adjust_cfa_offset 8
	push	%r15
	.cfi_adjust_cfa_offset 8
	push	%r14
	.cfi_adjust_cfa_offset 8
	push	%r13
	.cfi_adjust_cfa_offset 8
	push	%r12
	.cfi_adjust_cfa_offset 8
	push	%rbp
	.cfi_adjust_cfa_offset 8
	push	%rbx
	.cfi_adjust_cfa_offset 8
	mov	%rsp, %rdi
	mov	56(%rsp), %rsi
	call	ot_set_trace
	add	$56, %rsp
	.cfi_adjust_cfa_offset -56
	ret
	.cfi_endproc
	.size	otrace_set_trace, . - otrace_set_trace

/*
 * otrace_assert_failed: the same for ot_assert_record(), whose seventh argument they are. They stay on the
 * stack meanwhile, with the return address behind them, which is rip.
 *
 *	rsp + 72	return address
 *	rsp + 16	rbx rbp r12 r13 r14 r15, and rsp behind the call: values of otrace_rec_registers
 *	rsp		the seventh argument
 */
	.globl	otrace_assert_failed
	.type	otrace_assert_failed, @function
	.p2align 4
otrace_assert_failed:
	.cfi_startproc
	_CET_ENDBR
	lea	8(%rsp), %rax
	push	%rax
	.cfi_adjust_cfa_offset 8
	push	%r15
	.cfi_adjust_cfa_offset 8
	push	%r14
	.cfi_adjust_cfa_offset 8
	push	%r13
	.cfi_adjust_cfa_offset 8
	push	%r12
	.cfi_adjust_cfa_offset 8
	push	%rbp
	.cfi_adjust_cfa_offset 8
	push	%rbx
	.cfi_adjust_cfa_offset 8
	mov	%rsp, %rax
	sub	$16, %rsp
	.cfi_adjust_cfa_offset 16
	mov	%rax, (%rsp)
	call	ot_assert_record
	add	$72, %rsp
	.cfi_adjust_cfa_offset -72
	ret
	.cfi_endproc
	.size	otrace_assert_failed, . - otrace_assert_failed

/*
 * ot_tag_forwarders: what watched slots lead to (core/slots.h). Slot i's forwarder lies at 16 * i and
 * calls ot_tag_forward() with the caller's first three arguments and i: free() and its relatives have no more.
 */
	.globl	ot_tag_forwarders
	.hidden	ot_tag_forwarders
	.type	ot_tag_forwarders, @function
	.p2align 4
ot_tag_forwarders:
	.cfi_startproc
	.set	slot, 0
	.rept	OT_ARCH_NR_FORWARDERS
	.p2align 4
	_CET_ENDBR
	mov	$slot, %ecx
	jmp	ot_tag_forward
	.set	slot, slot + 1
	.endr
	.cfi_endproc
	.size	ot_tag_forwarders, . - ot_tag_forwarders

/*
 * ot_signal_forwarders: the same for functions that have to do with signals (core/signalwatch.c), which take up to six
 * arguments and some of which know their caller's frame. So the forwarder goes on by a jump, with everything as
 * it came; or back to the caller, when ot_signal_forward() has done the call.
 *
 *	rsp		rdi rsi rdx rcx r8 r9: ot_signal_forward() gives its result in the first
 */
	.type	signal_entry, @function
	.p2align 4
signal_entry:
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	sub	$64, %rsp
	mov	%rdi, (%rsp)
	mov	%rsi, 8(%rsp)
	mov	%rdx, 16(%rsp)
	mov	%rcx, 24(%rsp)
	mov	%r8, 32(%rsp)
	mov	%r9, 40(%rsp)
	mov	%rsp, %rdi
	mov	%r11d, %esi
	call	ot_signal_forward
	mov	%rax, %r11
	test	%rax, %rax
	jz	1f
	mov	(%rsp), %rdi
	mov	8(%rsp), %rsi
	mov	16(%rsp), %rdx
	mov	24(%rsp), %rcx
	mov	32(%rsp), %r8
	mov	40(%rsp), %r9
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	xor	%eax, %eax
	jmp	*%r11
1:	.cfi_restore_state
	mov	(%rsp), %rax
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	.size	signal_entry, . - signal_entry

	.globl	ot_signal_forwarders
	.hidden	ot_signal_forwarders
	.type	ot_signal_forwarders, @function
	.p2align 4
ot_signal_forwarders:
	.cfi_startproc
	.set	slot, 0
	.rept	OT_ARCH_NR_FORWARDERS
	.p2align 4
	_CET_ENDBR
	mov	$slot, %r11d
	jmp	signal_entry
	.set	slot, slot + 1
	.endr
	.cfi_endproc
	.size	ot_signal_forwarders, . - ot_signal_forwarders

	.section .note.GNU-stack, "", @progbits
