/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/arch.h"
#include "base/mem.h"

const struct ot_stub_bytes ot_stub_nop = {{0x0f, 0x1f, 0x44, 0x00, 0x00}};

#define JUMP_TO_SELF 0xfeebu /* as a little-endian word: EB FE */

bool ot_arch_tsc_invariant(void)
{
	uint32_t a = 0x80000007, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return d & (1u << 8);
}

/* ------------------------------------------------------------------ wide vectors */

#define LEAF1_AVX (3u << 27) /* with OSXSAVE: xgetbv may be asked */
#define LEAF7_AVX512F (1u << 16)
#define XCR0_AVX 6u
#define XCR0_AVX512 0xe6u

static uint32_t cpuid_word(uint32_t leaf, bool is_c)
{
	uint32_t a = leaf, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return is_c ? c : b;
}

static unsigned find_vector_bytes(void)
{
	uint32_t low, high;

	if ((cpuid_word(1, true) & LEAF1_AVX) != LEAF1_AVX)
		return 16;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & XCR0_AVX512) == XCR0_AVX512 && cpuid_word(7, false) & LEAF7_AVX512F)
		return 64;
	return (low & XCR0_AVX) == XCR0_AVX ? 32 : 16;
}

/* In a virtual machine a cpuid takes microseconds. */
static unsigned vector_bytes(void)
{
	static unsigned bytes;

	if (!bytes)
		bytes = find_vector_bytes();
	return bytes;
}

#define OT_EACH_VECTOR(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define SAVE_32(n) "vmovups %%ymm" #n ", 64*" #n "(%0)\n\t"
#define SAVE_64(n) "vmovups %%zmm" #n ", 64*" #n "(%0)\n\t"
#define LOAD_32(n) "vmovups 64*" #n "(%0), %%ymm" #n "\n\t"
#define LOAD_64(n) "vmovups 64*" #n "(%0), %%zmm" #n "\n\t"

void ot_arch_wide_save(struct ot_wide *to)
{
	if (vector_bytes() == 64)
		__asm__ volatile(OT_EACH_VECTOR(SAVE_64) : : "r"(to) : "memory");
	else if (vector_bytes() == 32)
		__asm__ volatile(OT_EACH_VECTOR(SAVE_32) : : "r"(to) : "memory");
}

void ot_arch_wide_load(const struct ot_wide *from)
{
	if (vector_bytes() == 64)
		__asm__ volatile(OT_EACH_VECTOR(LOAD_64) : : "r"(from) : "memory");
	else if (vector_bytes() == 32)
		__asm__ volatile(OT_EACH_VECTOR(LOAD_32) : : "r"(from) : "memory");
}

/* ------------------------------------------------------------------ stubs */

static bool relative(uint64_t after, uint64_t target, int32_t *ret)
{
	int64_t delta = (int64_t)(target - after);

	if (delta != (int32_t)delta)
		return false;
	*ret = (int32_t)delta;
	return true;
}

bool ot_arch_stub_jump(uint64_t stub, uint64_t target, struct ot_stub_bytes *ret)
{
	int32_t delta;

	if (!relative(stub + OT_STUB_BYTES, target, &delta))
		return false;
	ret->bytes[0] = 0xe9;
	ot_memcpy(&ret->bytes[1], &delta, sizeof(delta));
	return true;
}

bool ot_arch_stub_aligned(uint64_t stub)
{
	return !(stub & 1);
}

static void store_word(void *view, uint16_t word)
{
	__atomic_store_n((uint16_t *)view, word, __ATOMIC_SEQ_CST);
}

void ot_arch_stub_hold(void *view)
{
	store_word(view, JUMP_TO_SELF);
}

void ot_arch_stub_write_rest(void *view, const struct ot_stub_bytes *bytes)
{
	volatile uint8_t *to = view;

	for (int i = 2; i < OT_STUB_BYTES; i++)
		to[i] = bytes->bytes[i];
}

void ot_arch_stub_release(void *view, const struct ot_stub_bytes *bytes)
{
	store_word(view, (uint16_t)(bytes->bytes[0] | bytes->bytes[1] << 8));
}

/* A few bytes of code under construction, with the address at which they will run. */
struct code {
	uint8_t *at;
	uint64_t address;
};

static void emit(struct code *code, const void *bytes, unsigned nr)
{
	ot_memcpy(code->at, bytes, nr);
	code->at += nr;
	code->address += nr;
}

static void emit_load_probe(struct code *code, uint64_t probe)
{
	emit(code, "\x49\xba", 2); /* movabs $probe, %r10 */
	emit(code, &probe, sizeof(probe));
}

static bool emit_jump(struct code *code, uint64_t target)
{
	int32_t delta;

	if (!relative(code->address + 5, target, &delta))
		return false;
	emit(code, "\xe9", 1);
	emit(code, &delta, sizeof(delta));
	return true;
}

static bool emit_jump_slot(struct code *code, uint64_t slot)
{
	int32_t delta;

	if (!relative(code->address + 6, slot, &delta))
		return false;
	emit(code, "\xff\x25", 2); /* jmp *slot(%rip) */
	emit(code, &delta, sizeof(delta));
	return true;
}

/* Five bytes to a wrapper, six through the slot: the layout leaves room for both. */
static bool emit_to_wrapper(struct code *code, uint64_t slots, const struct ot_thunk_spec *spec)
{
	if (spec->wrapper)
		return emit_jump(code, spec->wrapper);
	return emit_jump_slot(code, slots + offsetof(struct ot_thunk_slots, varargs));
}

static void emit_compare(struct code *code, const struct ot_thunk_spec *spec)
{
	if (spec->entry_only) {
		emit(code, "\x0f\x1f\x44\x00\x00\x0f\x1f\x40\x00", 9);
		return;
	}
	if (spec->stack_bytes) {
		int32_t down = -(int32_t)spec->stack_bytes;

		emit(code, "\x4c\x8d\x94\x24", 4); /* lea -stack_bytes(%rsp), %r10 */
		emit(code, &down, sizeof(down));
		emit(code, "\x64\x4c\x3b\x14\x25", 5); /* cmp %fs:stack_low, %r10 */
	} else {
		emit(code, "\x64\x48\x3b\x24\x25", 5); /* cmp %fs:stack_low, %rsp */
	}
	emit(code, &spec->stack_low_offset, sizeof(spec->stack_low_offset));
}

static bool emit_traced(struct code *code, uint64_t slots, const struct ot_thunk_spec *spec)
{
	uint8_t skip = spec->wrapper ? 5 : 6;
	struct code low;

	emit_compare(code, spec);
	emit_load_probe(code, spec->probe);
	/* to the slot jump behind the way to the wrapper */
	emit(code, spec->entry_only ? "\xeb" : "\x72", 1);
	emit(code, &skip, 1);
	low = (struct code){code->at + skip, code->address + skip};
	return emit_to_wrapper(code, slots, spec) &&
	       emit_jump_slot(&low, slots + offsetof(struct ot_thunk_slots, low));
}

bool ot_arch_thunk_write(uint8_t *view, uint64_t address, uint64_t slots,
			 const struct ot_thunk_spec *spec)
{
	struct code traced = {view, address};
	struct code resume = {view + OT_THUNK_RESUME + 4, address + OT_THUNK_RESUME + 4};
	struct code redirect = {view + OT_THUNK_REDIRECT, address + OT_THUNK_REDIRECT};
	uint8_t target = (uint8_t)spec->target_offset;

	ot_memset(view, 0xcc, OT_THUNK_BYTES);
	ot_memcpy(view + OT_THUNK_RESUME, "\xf3\x0f\x1e\xfa", 4); /* endbr64 */
	if (!emit_traced(&traced, slots, spec) || !emit_to_wrapper(&resume, slots, spec))
		return false;
	emit_load_probe(&redirect, spec->probe);
	emit(&redirect, "\x41\xff\x62", 3); /* jmp *target(%r10) */
	emit(&redirect, &target, 1);
	return true;
}

/* The kernel's struct rt_sigframe, as far as it says something. */
struct signal_frame {
	uint64_t return_address;
	uint64_t flags;
	uint64_t link;
	uint64_t stack[3];
	uint64_t registers[23];
	uint64_t fp_state;
};

#define FLAGS_MOST 7u
#define REGISTER_RSP 15
#define REGISTER_CS 18
#define USER_CS 0x33u

/* A sanitizer has its own on stacks, between the variables. */
__attribute__((no_sanitize("address"))) bool
ot_arch_is_signal_frame(uint64_t at, uint64_t stack_low, uint64_t stack_end)
{
	const struct signal_frame *frame = (const void *)at;

	if (stack_end - at < sizeof(*frame) || frame->flags > FLAGS_MOST || frame->link ||
	    (uint16_t)frame->registers[REGISTER_CS] != USER_CS)
		return false;
	return frame->registers[REGISTER_RSP] > stack_low &&
	       frame->registers[REGISTER_RSP] <= stack_end &&
	       (!frame->fp_state || (frame->fp_state > at && frame->fp_state < stack_end));
}
