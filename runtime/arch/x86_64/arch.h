/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the runtime needs from a CPU. A port gives arch.h, arch.c, fetch.c, fraction.c and entry.S with the same names:
 *
 *  1. inline: system calls, clock, thread pointer, copy and fill, pause;
 *  2. arch.c: the bytes of a stub in each state and the bytes of a thunk;
 *  3. entry.S: ot_entry_low (stack low, or entry only) and ot_entry_varargs.
 */
#ifndef OT_ARCH_X86_64_H
#define OT_ARCH_X86_64_H

/* Known to entry.S, checked in probe.c. */
#define OT_PROBE_VARARGS_FLAGS 32
#define OT_PROBE_X87 1
#define OT_ARCH_NR_FORWARDERS 512

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words through which a module calls a function of another one: R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT. */
#define OT_ARCH_RELOCATION_CALL 7u
#define OT_ARCH_RELOCATION_ADDRESS 6u

/* A raw system call: never touches errno, returns -errno. */
static inline long ot_arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * As vfork(), with flags of clone(): the new process runs on this stack, in this memory, and never comes
 * back out of run; this thread waits until it has ended or is another program.
 */
static inline long ot_arch_vfork(unsigned long flags, void (*run)(void *context), void *context)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "lea -128(%%rsp), %%rsp\n\t" /* what the compiler keeps below it */
			 "and $-16, %%rsp\n\t"
			 "mov %[context], %%rdi\n\t"
			 "call *%[run]\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(56 /* clone */), "D"(flags), "S"(0), "d"(0), "r"(r10),
			   "r"(r8), [context] "b"(context), [run] "r"(run)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static inline uint64_t ot_arch_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* a * b / c in 128 bits; the result must fit into 64. */
static inline uint64_t ot_arch_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t low, high;

	__asm__("mul %3" : "=a"(low), "=d"(high) : "a"(a), "r"(b) : "cc");
	__asm__("div %2" : "+a"(low), "+d"(high) : "r"(c) : "cc");
	return low;
}

/**
 * What of the registers that vectors are passed in lies above 16 bytes, where the processor has that: variable arguments are
 * vectors of 16 bytes or in memory, but named ones before them may be wider, and results too.
 */
struct ot_wide {
	uint8_t bytes[8][64];
};

void ot_arch_wide_save(struct ot_wide *to);
void ot_arch_wide_load(const struct ot_wide *from);

static inline uint64_t ot_arch_thread_pointer(void)
{
	uint64_t value;

	__asm__("mov %%fs:0, %0" : "=r"(value));
	return value;
}

/*
 * rbx, rbp, r12, r13, r14, r15, rsp, rip as they are here: what unwinding from this place begins with. Into memory of
 * a function that does not return before that is used.
 */
static inline __attribute__((always_inline)) void ot_arch_registers(uint64_t ret[8])
{
	__asm__ volatile("mov %%rbx, (%0)\n\t"
			 "mov %%rbp, 8(%0)\n\t"
			 "mov %%r12, 16(%0)\n\t"
			 "mov %%r13, 24(%0)\n\t"
			 "mov %%r14, 32(%0)\n\t"
			 "mov %%r15, 40(%0)\n\t"
			 "mov %%rsp, 48(%0)\n\t"
			 "lea (%%rip), %%rax\n\t"
			 "mov %%rax, 56(%0)"
			 :
			 : "r"(ret)
			 : "rax", "memory");
}

/*
 * The CPU that the thread runs on, without a system call: Linux keeps it in the limit of a segment that is there for
 * this. False when this kernel has none.
 */
static inline bool ot_arch_cpu(uint32_t *ret)
{
	uint64_t limit = 0;
	bool valid;

	__asm__("lsl %2, %0" : "+r"(limit), "=@ccz"(valid) : "r"(0x7bul));
	if (valid)
		*ret = limit & 0xfff;
	return valid;
}

static inline void ot_arch_pause(void)
{
	__asm__ volatile("pause");
}

static inline void ot_arch_copy(void *to, const void *from, size_t bytes)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
}

static inline void ot_arch_fill(void *to, int byte, size_t bytes)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(byte) : "memory");
}

/* Makes this process own a copy of the page, without changing a byte that others may execute. */
static inline void ot_arch_touch_text(void *byte)
{
	__asm__ volatile("lock orb $0, %0" : "+m"(*(volatile char *)byte)::"memory", "cc");
}

enum ot_fraction_op {
	OT_FRACTION_ADD,
	OT_FRACTION_SUBTRACT,
	OT_FRACTION_MULTIPLY,
	OT_FRACTION_DIVIDE,
	OT_FRACTION_ROUND, /* a alone, to what a float has */
	OT_FRACTION_WIDEN  /* a alone, the bits of a float */
};

/** Calculates with the bits of doubles; with is_float rounded to a float. The program's registers and state stay. */
uint64_t ot_arch_fraction(enum ot_fraction_op op, uint64_t a, uint64_t b, bool is_float);

/**
 * Reads of memory that may not be there, for a thread that gets SIGSEGV and SIGBUS while a handler calls
 * ot_arch_fetch_fault(). The first reads a value of 1, 2, 4 or 8 bytes and is false when it could not, or of other sizes;
 * the second says how many bytes it has copied.
 */
bool ot_arch_fetch(uint64_t from, uint32_t bytes, uint64_t *ret);
uint64_t ot_arch_fetch_some(void *to, uint64_t from, uint64_t bytes);
/** Lets the interrupted one return with what it has. False: context, a ucontext_t, is not of these. */
bool ot_arch_fetch_fault(void *context);

/** True when the time stamp counter ticks at one rate, always, on all CPUs. */
bool ot_arch_tsc_invariant(void);

/** Whether what the kernel pushes for a signal's handler lies at this address of a stack, as far as can be told. */
bool ot_arch_is_signal_frame(uint64_t at, uint64_t stack_low, uint64_t stack_end);
/** What such an address is modulo 16. */
#define OT_SIGNAL_FRAME_PLACE 8u

/* ------------------------------------------------------------------ stubs */

#define OT_STUB_BYTES 5
#define OT_LANDING_PAD_BYTES 4 /* endbr64, which a function may have before its stub */

struct ot_stub_bytes {
	uint8_t bytes[OT_STUB_BYTES];
};

extern const struct ot_stub_bytes ot_stub_nop;

/** The stub that jumps to target. False when it is out of reach. */
bool ot_arch_stub_jump(uint64_t stub, uint64_t target, struct ot_stub_bytes *ret);
/** True when the first unit of the stub can be stored atomically. */
bool ot_arch_stub_aligned(uint64_t stub);
/* The three phases. view is where the stub can be written now. */
void ot_arch_stub_hold(void *view);
void ot_arch_stub_write_rest(void *view, const struct ot_stub_bytes *bytes);
void ot_arch_stub_release(void *view, const struct ot_stub_bytes *bytes);

/* ------------------------------------------------------------------ thunks */

/*
 * A thunk, written once and never changed:
 *
 *   0  cmp %fs:stack_low, %rsp     traced entry (entry only: two nops instead of the compare,
 *   9  movabs $probe, %r10         and the jump at 19 is taken always)
 *  19  jb 26
 *  21  jmp wrapper                 direct, so that the wrapper needs no landing pad
 *  26  jmp *low_slot(%rip)         ot_entry_low
 *  40  endbr64; jmp wrapper        resume: ot_entry_low comes back here when the stack is not low
 *  50  movabs $probe, %r10         redirect entry: two jumps, nothing else
 *  60  jmp *target(%r10)
 *
 * A wrapper that takes much stack (structs by value, which it copies) has at 0 instead, and all up to
 * the resume 8 bytes further on:
 *
 *   0  lea -stack_bytes(%rsp), %r10
 *   8  cmp %fs:stack_low, %r10
 *
 * r10 is the static chain register; the pass instruments only calling conventions in which it is
 * free at a function's entry. Functions with variable arguments have no wrapper: their jumps at 21
 * and 44 go through varargs_slot, which takes a byte more: 27. How much stack they take is up to the hook.
 */
#define OT_THUNK_BYTES 64
#define OT_THUNK_TRACED 0
#define OT_THUNK_RESUME 40
#define OT_THUNK_REDIRECT 50

/* Words at the start of a thunk region, for jumps to the runtime, which may be far away. */
struct ot_thunk_slots {
	uint64_t low;
	uint64_t varargs;
	uint64_t reserved[6];
};

struct ot_thunk_spec {
	uint64_t probe;
	uint64_t wrapper;	/* 0 = variable arguments */
	uint32_t target_offset; /* of the word in the probe that the redirect entry jumps through */
	int32_t stack_low_offset; /* of the thread-local word, from the thread pointer */
	uint32_t
		stack_bytes; /* that the wrapper takes beyond what is always kept free; 0 = little */
	bool entry_only;
};

/**
 * Writes a thunk. view is where it can be written, address where it runs; slots is the address of
 * the region's struct ot_thunk_slots. False when the wrapper is out of reach.
 */
bool ot_arch_thunk_write(uint8_t *view, uint64_t address, uint64_t slots,
			 const struct ot_thunk_spec *spec);

/* entry.S */
void ot_entry_low(void);
void ot_entry_varargs(void);

#endif
#endif
