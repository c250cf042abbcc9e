/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The contract between the pass, the runtime and the shell.
 *
 * The pass writes these records into an instrumented object file, the runtime finds them in memory
 * through the ELF note, the shell decodes them from memory or from the file. All three include this
 * one header; nothing of the layout is written down a second time. The same structs are valid C11
 * and C++17 and have the same layout everywhere (fixed-width fields, explicit padding, checked by
 * the assertions at the end).
 *
 * References. Every reference is a struct otrace_ref: a signed 32-bit distance from the field itself
 * to its target, 0 for "none". No dynamic relocation is needed and the pages stay clean and shared.
 *
 * Finding records. Each object file contributes one note (section .note.otrace, PT_NOTE, name
 * "otrace"), one pool (section otrace_tu) with all that is known about its functions and variables,
 * and to otrace_fn and otrace_var one entry of 8 bytes for each function and variable that has a
 * place, and one anchor. An entry refers to the function and to its description in the pool. The
 * note refers to the anchors. Entries of a section lie next to each other in link order, so a reader
 * walks from an anchor in both directions until an entry leads to no pool or the PT_LOAD segment
 * ends. No __start_/__stop_ symbols: those would make GNU ld keep every entry, and with it every
 * function, under --gc-sections. Notes repeat per object file; a reader that has seen an anchor's
 * neighbourhood skips the other notes of it. Each anchor leads to the pool of its object file.
 *
 * Streams. A description, of a type too, is a row of bytes: varints (LEB128, unsigned; "signed" ones are zigzag:
 * 0, -1, 1, -2, ...), texts with their NUL, and nothing else.
 *
 * Growth. A field is added at the end of a struct and OTRACE_ABI_VERSION goes up; a reader refuses
 * another version with both numbers in the message.
 */
#ifndef OTRACE_ABI_H
#define OTRACE_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define OTRACE_STATIC_ASSERT(cond, text) static_assert(cond, text)
extern "C" {
#else
#define OTRACE_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

#define OTRACE_ABI_VERSION 5

/* Section and symbol names. */
#define OTRACE_SECTION_FN "otrace_fn"
#define OTRACE_SECTION_VAR "otrace_var"
#define OTRACE_SECTION_TYPE "otrace_type"
#define OTRACE_SECTION_TU "otrace_tu"
#define OTRACE_SECTION_WRAPPER ".text.otrace"
#define OTRACE_SECTION_NOTE ".note.otrace"
#define OTRACE_NOTE_NAME "otrace" /* n_namesz 7, padded to 8 */
#define OTRACE_NOTE_TYPE 1
#define OTRACE_SYMBOL_HOOKS "__otrace_hooks"
#define OTRACE_PREFIX "__otrace_" /* everything the pass itself adds; never instrumented */
/* Undefined in an object that was only marked for LTO: the link fails by name, never silently. */
#define OTRACE_SYMBOL_LTO_NEEDS_PLUGIN "__otrace_LTO_link_needs_lld_and_load_pass_plugin"

#define OTRACE_MAGIC_POOL 0x6c50744fu /* "OtPl" */
#define OTRACE_MAGIC_TYPE 0xd7u

/** Distance in bytes from this field to its target; 0 = none. */
struct otrace_ref {
	int32_t delta;
};

/** Address a reference points to, or NULL. Only meaningful where the record itself lies in memory
 * at its loaded place (the process, or a mapping of the file laid out by segment). */
static inline const void *otrace_ref_get(const struct otrace_ref *ref)
{
	return ref->delta ? (const void *)((const char *)ref + ref->delta) : (const void *)0;
}

/**
 * An entry of otrace_fn or otrace_var. The description begins with its distance from the pool, so
 * that an entry says which object file it belongs to. An anchor has no place, and refers to the pool
 * itself in place of a description: it is there so that the note has a target that no function or
 * variable can take away.
 */
struct otrace_entry {
	struct otrace_ref place;
	struct otrace_ref description;
};

/* ------------------------------------------------------------------ the note and the hooks */

/** Descriptor of the ELF note. */
struct otrace_note {
	uint32_t abi_version;
	struct otrace_ref fn_anchor;
	struct otrace_ref var_anchor;
	struct otrace_ref hooks; /* struct otrace_hooks of this executable or shared object */
	struct otrace_ref pool;	 /* struct otrace_pool of this object file */
};

struct otrace_probe; /* belongs to the runtime; wrappers only pass it on */

/**
 * Head of the frame that a wrapper builds on its stack. The words belong to the runtime from enter
 * to leave. Behind it, at the offsets given in struct otrace_fn, lie the IR arguments (each in a
 * slot aligned to 8 bytes, or to its own alignment when larger) and the return value. Slots hold whole
 * registers: a runtime that writes a value narrower than 8 bytes extends it.
 */
struct otrace_frame {
	uint64_t words[4];
};

/**
 * One per module: hidden, zero until a runtime takes the module. A stub that is on has a runtime, so
 * wrappers call through it without a test.
 *
 * enter:  called with the arguments stored in the frame. Returns the address to call with these
 *         arguments (the wrapper loads them back from the frame, so a runtime may change them), or
 *         0: nothing is called and the frame's return value is returned as it is.
 * leave:  called with the return value stored in the frame; the wrapper returns what it finds there.
 * unwind: called instead of leave when an exception passes through (from a cleanup landing pad). exception is the
 *         unwinder's object, struct _Unwind_Exception.
 */
struct otrace_hooks {
	void *(*enter)(struct otrace_frame *frame, struct otrace_probe *probe);
	void (*leave)(struct otrace_frame *frame, struct otrace_probe *probe);
	void (*unwind)(struct otrace_frame *frame, struct otrace_probe *probe,
		       const void *exception);
	void *reserved;
};

/* ------------------------------------------------------------------ functions */

/* X(NAME, bit, what it says) */
#define OTRACE_FN_FLAGS(X)                                                                 \
	X(STATIC, 0, "internal linkage in the source")                                     \
	X(VARARGS, 1, "takes variable arguments: entered by the runtime's own trampoline") \
	X(INLINE_ONLY, 2, "no copy of its own is left: inlined everywhere or removed")     \
	X(SKIPPED, 3, "has code but no stub; skip_reason says why")                        \
	X(NO_DEBUG_INFO, 4, "compiled without -g: machine types, no parameter names")      \
	X(MUSTTAIL, 5, "target or maker of musttail calls: entry only")                    \
	X(READS_FRAME, 6, "looks at its return address or frame")                          \
	X(MAY_THROW, 7, "exceptions may leave it")                                         \
	X(NORETURN, 8, "never returns")                                                    \
	X(METHOD, 9, "C++ member function")                                                \
	X(OPTIMIZED, 10, "compiled with optimisation")                                     \
	X(SRET, 11, "result is returned through a pointer argument")                       \
	X(NO_PROTOTYPE, 12, "K&R definition")                                              \
	X(WEAK, 13, "weak: another module's definition may win")

/* What callers in the same file were compiled to assume; replacing the function breaks it. */
#define OTRACE_ASSUME_FLAGS(X)                                                       \
	X(ARGUMENT_DROPPED, 0, "an argument was removed or is no longer passed")     \
	X(ARGUMENT_CHANGED, 1, "an argument was split, promoted or narrowed")        \
	X(RESULT_DROPPED, 2, "the result was removed")                               \
	X(RESULT_CONSTANT, 3, "callers know the result without looking at it")       \
	X(RESULT_IS_ARGUMENT, 4, "callers use the argument instead of the result")   \
	X(PURE, 5, "callers may repeat, merge or drop calls: no memory is written")  \
	X(INLINED_COPIES, 6, "some callers contain a copy of its body")              \
	X(NORETURN_INFERRED, 7, "callers have no code after the call")               \
	X(MEMORY_KNOWN, 8, "callers know which memory it leaves alone")              \
	X(RESULT_KNOWN, 9, "callers know a property of the result: range, not null") \
	X(NOTHROW_INFERRED, 10, "callers expect no exception from it")

/* Why a function with code has no stub. Names in the shell, texts there too. */
#define OTRACE_SKIP_REASONS(X)                                             \
	X(NONE, "")                                                        \
	X(CALLING_CONVENTION, "its calling convention is not on the list") \
	X(NAKED, "naked function")                                         \
	X(IFUNC_RESOLVER, "ifunc resolver: runs before relocation")        \
	X(RETURNS_TWICE, "returns twice, like setjmp")                     \
	X(NO_INSTRUMENT, "marked no_instrument_function")                  \
	X(NEST, "uses the static chain register")                          \
	X(INALLOCA, "takes inalloca or preallocated arguments")            \
	X(PROLOGUE_DATA, "has prologue data of another tool")              \
	X(OTHER, "cannot be wrapped")

#define OTRACE_X_FN(name, bit, text) OTRACE_FN_##name = 1u << (bit),
enum otrace_fn_flag { OTRACE_FN_FLAGS(OTRACE_X_FN) };
#define OTRACE_X_ASSUME(name, bit, text) OTRACE_ASSUME_##name = 1u << (bit),
enum otrace_assume_flag { OTRACE_ASSUME_FLAGS(OTRACE_X_ASSUME) };
#define OTRACE_X_SKIP(name, text) OTRACE_SKIP_##name,
enum otrace_skip_reason { OTRACE_SKIP_REASONS(OTRACE_X_SKIP) };

/** How the bytes of a source value are found in the frame. */
enum otrace_piece_kind {
	OTRACE_PIECE_DIRECT = 0, /* frame bytes are value bytes */
	OTRACE_PIECE_INDIRECT =
		1, /* the frame word points to the value bytes (byval, sret, byref) */
	OTRACE_PIECE_DOUBLE_TO_FLOAT = 2, /* K&R float: the frame holds a double */
	OTRACE_PIECE_STACK = 3,		  /* varargs frame: offset from the stack argument area */
	OTRACE_PIECE_ADDRESS_ONLY =
		4 /* like DIRECT, but callers need not write what it points to */
};

/** A part of a value: size_bytes bytes at value_offset of the value lie at frame_offset. */
struct otrace_piece {
	uint32_t frame_offset;
	uint32_t value_offset;
	uint32_t size_bytes;
	uint16_t kind; /* enum otrace_piece_kind */
	uint16_t reserved;
};

/**
 * A function: an entry's place is its symbol. The stub is the 5-byte nop at its entry; the body, right
 * behind the nop, is where the wrapper calls. Under -fcf-protection both carry a landing pad: the stub
 * lies behind the pad (OTRACE_FN_HAS_PAD). A function that was skipped has no stub, one of which no
 * copy is left has no entry. Its description:
 *
 *   distance      from the first byte of the pool to this one, times 2; 0 without an entry
 *   has           OTRACE_FN_HAS_*: which of the optional parts there are
 *   flags         enum otrace_fn_flag, exclusive or the pool's common_flags. HAS_FLAGS, else those.
 *                 STATIC and INLINE_ONLY are not in them: HAS_STATIC and the distance say it
 *   assumes       enum otrace_assume_flag. HAS_ASSUMES, else none. INLINED_COPIES is not in them:
 *                 HAS_INLINED says it
 *   with a stub, if not VARARGS:
 *                 wrapper (number of a reference), then the frame: 32 * number of argument slots + bytes of the result; the slots lie behind struct otrace_frame, then
 *                 comes the result, at least 8 bytes in multiples of 8. HAS_FRAME: args_offset,
 *                 args_bytes, ret_offset, ret_bytes, frame_bytes in place of that
 *   name          text: as in the source, C++ demangled with its scope
 *   linkage name  text: as in the symbol table. HAS_LINKAGE_NAME, else the same
 *   file          number of a reference (struct otrace_file), 0 = unknown. HAS_FILE, else the pool's
 *                 common_file
 *   unit          number of a unit. HAS_UNIT, else the first
 *   line_begin    (signed) minus that of the function before (first: 0). 0 = unknown
 *   line_end      minus line_begin, modulo 2^32
 *   skip_reason   enum otrace_skip_reason. Only with OTRACE_FN_SKIPPED
 *   result        number of a reference to its type, 0 = void
 *   its pieces    HAS_RESULT_PIECES: how many, then each; else the whole result at ret_offset
 *   parameters    how many; then of each: number, from 0, of a parameter of the pool and, with
 *                 HAS_PARAM_PIECES, 0 = optimised out, 1 = all of it in the next slot, 1 + N = N pieces
 *                 follow. Without HAS_PARAM_PIECES, 1 for each; without a stub, 0. "Next slot" counts
 *                 the parameters with a 1, from the first slot on
 *   inlined       how many copies (HAS_INLINED, else none); then of each: 4 * (signed) caller minus
 *                 the caller before (first: 0), plus enum otrace_call_place: how file and line of the
 *                 call are said. Those before the first are file and line_begin. A caller is the
 *                 number, from 0, of a description in this pool; from nr_fns on, nr_fns + number of a
 *                 name
 *
 * A piece is: frame_offset, value_offset, size_bytes, kind. The size of a whole value is its type's.
 */
#define OTRACE_FN_HAS_STATIC 0x01u /* OTRACE_FN_STATIC */
#define OTRACE_FN_HAS_FLAGS 0x02u
#define OTRACE_FN_HAS_FILE 0x04u
#define OTRACE_FN_HAS_ASSUMES 0x08u
#define OTRACE_FN_HAS_INLINED 0x10u
#define OTRACE_FN_HAS_PARAM_PIECES 0x20u
#define OTRACE_FN_HAS_RESULT_PIECES 0x40u
#define OTRACE_FN_HAS_LINKAGE_NAME 0x80u
#define OTRACE_FN_HAS_UNIT 0x100u
#define OTRACE_FN_HAS_PAD 0x200u
#define OTRACE_FN_HAS_FRAME 0x400u
#define OTRACE_FN_HAS_X87_RESULT 0x800u /* it is returned in st0 */

/** What follows of the place of an inlined call; file and line are else those of the one before. */
enum otrace_call_place {
	OTRACE_CALL_SAME = 0,
	OTRACE_CALL_LINE = 1,	   /* line, (signed) minus the one before */
	OTRACE_CALL_IN_CALLER = 2, /* line, minus line_begin of the caller, a description */
	OTRACE_CALL_FILE = 3 /* file, number of a reference; line, (signed) minus the one before */
};

#define OTRACE_STUB_BYTES 5u
#define OTRACE_PAD_BYTES 4u

/**
 * Frame of a varargs function (System V x86-64), built by the runtime's trampoline. Pieces of its
 * parameters use offsets into this struct; OTRACE_PIECE_STACK counts from *stack_args.
 */
struct otrace_varargs_frame {
	struct otrace_frame head;
	uint64_t gp[6];	     /* rdi rsi rdx rcx r8 r9 */
	uint64_t stack_args; /* address of the first stack argument */
	uint64_t nr_vector;  /* al: upper bound of vector registers used */
	uint64_t xmm[8][2];
	uint64_t ret_gp[2]; /* rax rdx */
	uint64_t ret_xmm[2][2];
	uint64_t ret_x87[2]; /* st0, 10 bytes */
};

/* ------------------------------------------------------------------ variables */

#define OTRACE_VAR_FLAGS(X)                                                       \
	X(STATIC, 0, "internal linkage in the source")                            \
	X(FUNCTION_STATIC, 1, "static of a function; scope names it")             \
	X(THREAD_LOCAL, 2, "address refers to an accessor: void *(*)(void)")      \
	X(ADDRESS_IN_GOT, 3, "address refers to a word that holds the address")   \
	X(OPTIMIZED_OUT, 4, "no storage and no known value left")                 \
	X(CONSTANT_VALUE, 5, "no storage left; its only value is constant_value") \
	X(STORES_IGNORED, 6, "the code does not read its storage any more")       \
	X(READ_ONLY, 7, "lies in read-only memory")                               \
	X(WEAK, 8, "weak or common: another module's definition may win")         \
	X(ADDRESS_IN_CODE, 9, "address refers to an instruction that loads it")

#define OTRACE_X_VAR(name, bit, text) OTRACE_VAR_##name = 1u << (bit),
enum otrace_var_flag { OTRACE_VAR_FLAGS(OTRACE_X_VAR) };

/**
 * A variable: an entry's place is its address, or what the flags say. One without a place has no
 * entry. Its description:
 *
 *   distance       from the first byte of the pool to this one, times 2, plus 1; 1 without an entry
 *   flags          enum otrace_var_flag
 *   has            OTRACE_VAR_HAS_*
 *   name           text
 *   linkage name   text. HAS_LINKAGE_NAME, else the same
 *   file           number of a reference (struct otrace_file), 0 = unknown. HAS_FILE, else the pool's
 *                  common_file
 *   line           (signed) minus that of the variable before (first: 0). 0 = unknown
 *   unit           number of a unit. HAS_UNIT, else the first
 *   type           number of a reference
 *   scope          number of a name: function of a function static. HAS_SCOPE
 *   size_bytes     of its storage; when it ends with an array without a length, up to the end of the
 *                  elements that it has. HAS_SIZE, else that of its type
 *   align          logarithm of an alignment that the source asks for. HAS_ALIGN
 *   constant_value only with OTRACE_VAR_CONSTANT_VALUE
 */
#define OTRACE_VAR_HAS_LINKAGE_NAME 0x01u
#define OTRACE_VAR_HAS_SCOPE 0x02u
#define OTRACE_VAR_HAS_SIZE 0x04u
#define OTRACE_VAR_HAS_UNIT 0x08u
#define OTRACE_VAR_HAS_FILE 0x10u
#define OTRACE_VAR_HAS_ALIGN 0x20u

#define OTRACE_ADDRESS_CODE_BYTES 7u

enum otrace_address_code {
	OTRACE_ADDRESS_CODE_UNKNOWN = 0,
	OTRACE_ADDRESS_CODE_DIRECT = 1, /* the address itself */
	OTRACE_ADDRESS_CODE_WORD = 2	/* of a word that holds the address */
};

/**
 * What the instruction of an OTRACE_VAR_ADDRESS_IN_CODE says. The compiler writes
 * mov sym@GOTPCREL(%rip), %rax; a linker that knows the variable's place makes it lea sym(%rip), %rax
 * or mov $sym, %rax and needs no word with a relocation (x86-64 psABI, B.2 "Optimize GOTPCRELX").
 *
 * @param code    OTRACE_ADDRESS_CODE_BYTES bytes
 * @param address where they lie in the program
 * @param ret     untouched when unknown
 */
static inline enum otrace_address_code otrace_address_code(const uint8_t *code, uint64_t address,
							   uint64_t *ret)
{
	uint32_t low = (uint32_t)code[3] | (uint32_t)code[4] << 8 | (uint32_t)code[5] << 16 |
		       (uint32_t)code[6] << 24;
	uint64_t operand = (uint64_t)(int64_t)(int32_t)low;

	if (code[0] != 0x48)
		return OTRACE_ADDRESS_CODE_UNKNOWN;
	if (code[1] == 0xc7 && code[2] == 0xc0) { /* mov $sym, %rax */
		*ret = operand;
		return OTRACE_ADDRESS_CODE_DIRECT;
	}
	if (code[2] != 0x05 || (code[1] != 0x8d && code[1] != 0x8b))
		return OTRACE_ADDRESS_CODE_UNKNOWN;
	*ret = address + OTRACE_ADDRESS_CODE_BYTES + operand;
	return code[1] == 0x8d ? OTRACE_ADDRESS_CODE_DIRECT : OTRACE_ADDRESS_CODE_WORD;
}

/* ------------------------------------------------------------------ types */

/* X(NAME, number) */
/* clang-format off */
#define OTRACE_TYPE_KINDS(X)                                               \
	X(VOID, 0) X(BASE, 1) X(POINTER, 2) X(ARRAY, 3)                    \
	X(STRUCT, 4) X(UNION, 5) X(ENUM, 6) X(TYPEDEF, 7)                  \
	X(CONST, 8) X(VOLATILE, 9) X(RESTRICT, 10) X(ATOMIC, 11)           \
	X(FUNCTION, 12) X(VECTOR, 13) X(CLASS, 14) X(REFERENCE, 15)        \
	X(RVALUE_REFERENCE, 16) X(MEMBER_POINTER, 17) X(UNSPECIFIED, 18)
/* clang-format on */

#define OTRACE_X_KIND(name, number) OTRACE_TYPE_##name = (number),
enum otrace_type_kind { OTRACE_TYPE_KINDS(OTRACE_X_KIND) };

/** Encoding of a base type; the numbers are DWARF's DW_ATE_*, of a C++ access too where it fits. */
enum otrace_encoding {
	OTRACE_ENC_BOOL = 0x02,
	OTRACE_ENC_COMPLEX = 0x03,
	OTRACE_ENC_FLOAT = 0x04,
	OTRACE_ENC_SIGNED = 0x05,
	OTRACE_ENC_SIGNED_CHAR = 0x06,
	OTRACE_ENC_UNSIGNED = 0x07,
	OTRACE_ENC_UNSIGNED_CHAR = 0x08,
	OTRACE_ENC_UTF = 0x10,
	OTRACE_ENC_COMPLEX_INTEGER = 0x80 /* whether its parts are signed is not known */
};

#define OTRACE_TYPE_FLAGS(X)                                                  \
	X(INCOMPLETE, 0, "declared here, defined in another file or nowhere") \
	X(VARIADIC, 1, "function type with ...")                              \
	X(NO_PROTOTYPE, 2, "function type without prototype")                 \
	X(COUNT_UNKNOWN, 3, "flexible array member or variable length array") \
	X(MACHINE, 4, "made from the IR, not from debug information")

#define OTRACE_X_TYPE(name, bit, text) OTRACE_TYPE_FLAG_##name = 1u << (bit),
enum otrace_type_flag { OTRACE_TYPE_FLAGS(OTRACE_X_TYPE) };

/* More flags of a type: which of the optional parts of its stream there are. */
#define OTRACE_TYPE_HAS_SIZE 0x20u
#define OTRACE_TYPE_HAS_ALIGN 0x40u
#define OTRACE_TYPE_HAS_FILE 0x80u

/**
 * A type. Its address is a multiple of 4; what is made of it most often has no record: 1 added to the
 * address means a pointer to it, 2 means const, and 3 a pointer to const.
 *
 * Named structs, unions, enums and typedefs and base types are one hidden comdat global each, named by
 * a hash of their structure, so the linker merges them across files. Other types lie inside the global
 * of whoever uses them: they cost bytes but no symbols. Follow references; never scan the section.
 *
 * Behind the head lie nr_refs references, and behind them a stream that uses them by number: the first
 * has number 1, 0 is none, or void. The stream ends with what its kind has:
 *
 *   VOID, UNSPECIFIED  nothing
 *   BASE               name (text), size_bytes, encoding (enum otrace_encoding), bits (0 = all): of a
 *                      _BitInt, where they are known; of the parts of a complex number of 32 bytes 80
 *                      or 128, 0 = not known
 *   ARRAY, VECTOR      of reference 1. count: number of elements; size_bytes (HAS_SIZE, else the count
 *                      times the size of an element)
 *   FUNCTION           result, number of parameters, then the type of each
 *   TYPEDEF            target, place, size_bytes (HAS_SIZE, else that of the target)
 *   STRUCT, UNION,     place, size_bytes, number of members, members
 *   CLASS
 *   ENUM               underlying type, place, size_bytes, number of enumerators, then if there are
 *                      any: 0 = all values are signed, 1 = all are unsigned, 2 = each one says;
 *                      enumerators
 *   all others         of reference 1, of void where there is none. size_bytes (HAS_SIZE, else 8 of a
 *                      pointer or reference, that of the target of a qualified type)
 *
 * place:        name      text: tag or typedef name without struct/union/enum; "" = none, of a typedef
 *                         the tag that it names
 *               file      number of a reference (string: where it is defined). HAS_FILE, else that of
 *                         the target of a typedef, else unknown
 *               line
 *               align     logarithm of an alignment that the source asks for. HAS_ALIGN
 *               hash      8 bytes, low one first: structural, equal for equal types of all files; 0 =
 *                         unknown. Not of a struct, union, class or enum without a name
 * a member:     name      text: "" = anonymous
 *               type      number of the type, times 2; plus 1 when more is to be said of its place:
 *               more      OTRACE_MEMBER_*
 *               bit_size  with OTRACE_MEMBER_BITFIELD
 *               offset    in bits from the start of the struct. OTRACE_MEMBER_HAS_OFFSET, else where
 *                         one expects it
 *               align     logarithm of an alignment that the source asks for. OTRACE_MEMBER_HAS_ALIGN
 * an enumerator: name, value (signed, minus what one expects: 0, then 1 more than the one before), and
 *               if each one says: 1 = this value is unsigned, 0 = signed
 *
 * One expects a member where the one before ends, and in a union and of a static one, 0. What is no
 * bit-field is moved up to a multiple of the size of what it is made of (through typedefs, qualifiers
 * and arrays), or if that is no power of two, of the largest one that divides it, and 8 at most. A
 * static member has no end. Bits are numbered in little-endian order.
 */
struct otrace_type {
	uint8_t magic;	 /* OTRACE_MAGIC_TYPE */
	uint8_t kind;	 /* enum otrace_type_kind */
	uint8_t flags;	 /* enum otrace_type_flag, OTRACE_TYPE_HAS_* */
	uint8_t nr_refs; /* OTRACE_TYPE_MANY_REFS: a uint32_t behind the head says it */
};

#define OTRACE_TYPE_MANY_REFS 255u

#define OTRACE_MEMBER_BITFIELD 1u
#define OTRACE_MEMBER_BASE_CLASS 2u
#define OTRACE_MEMBER_STATIC 4u
#define OTRACE_MEMBER_HAS_OFFSET 8u
#define OTRACE_MEMBER_HAS_ALIGN 16u

#define OTRACE_ENUM_SIGNED 0u
#define OTRACE_ENUM_UNSIGNED 1u
#define OTRACE_ENUM_MIXED 2u

/* ------------------------------------------------------------------ files and units */

enum otrace_hash_kind { OTRACE_HASH_NONE = 0, OTRACE_HASH_MD5 = 1 };

/** A source file as the compiler saw it. */
struct otrace_file {
	struct otrace_ref name;	     /* string: as given on the command line or in #include */
	struct otrace_ref directory; /* string: what a relative name is relative to, or none */
	uint32_t hash_kind;	     /* enum otrace_hash_kind */
	uint8_t hash[16];	     /* of the text that was compiled */
};

#define OTRACE_TU_NO_DEBUG_INFO 1u
#define OTRACE_TU_OPTIMIZED 2u
#define OTRACE_TU_CPLUSPLUS 4u
#define OTRACE_TU_LTO 8u

/** A translation unit. */
struct otrace_tu {
	uint32_t flags;		    /* OTRACE_TU_* */
	struct otrace_ref file;	    /* struct otrace_file of the main source */
	struct otrace_ref producer; /* string */
	struct otrace_ref command;  /* string: compile command, none = not recorded */
};

/**
 * What is known about the functions and variables of an object file. At start_offset, a multiple of
 * 4, begins a stream; right before it lie references, nr_units to the units (struct otrace_tu), then
 * nr_refs that the stream uses by number: the first has number 1, 0 is none. The stream:
 *
 *   nr_refs, nr_units, nr_fns, nr_vars, nr_params, nr_names
 *   common_flags   of most functions
 *   common_file    number of a reference: the file of most functions and variables
 *   functions      nr_fns descriptions
 *   variables      nr_vars descriptions
 *   parameters     nr_params times: number of the type, number of the name (0 = none)
 *   0              so that parameters and names can be found from the end
 *   names          nr_names texts; numbers begin with 1
 *
 * Units lie in the pool, as do types that only one object file can have. Files and named types have
 * a symbol of their own, which the linker merges.
 */
struct otrace_pool {
	uint32_t magic; /* OTRACE_MAGIC_POOL */
	uint32_t size_bytes;
	uint32_t start_offset;
};

/* ------------------------------------------------------------------ reading streams */

/** A place in a stream. A read beyond the end makes it bad, and then all reads give 0 or "". */
struct otrace_stream {
	const uint8_t *at;
	const uint8_t *end; /* NULL = bad */
};

static inline uint64_t otrace_stream_varint(struct otrace_stream *stream)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; stream->end && shift < 64; shift += 7) {
		uint8_t byte;

		if (stream->at >= stream->end)
			break;
		byte = *stream->at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	stream->end = (const uint8_t *)0;
	return 0;
}

static inline int64_t otrace_stream_signed(struct otrace_stream *stream)
{
	uint64_t value = otrace_stream_varint(stream);

	return (int64_t)(value >> 1 ^ (~(value & 1) + 1));
}

static inline const char *otrace_stream_text(struct otrace_stream *stream)
{
	const char *text = (const char *)stream->at;

	while (stream->end && stream->at < stream->end)
		if (!*stream->at++)
			return text;
	stream->end = (const uint8_t *)0;
	return "";
}

/** A pool, opened. */
struct otrace_pool_view {
	const struct otrace_pool *pool;
	const struct otrace_ref *refs; /* number 1 */
	uint64_t nr_refs;
	uint64_t nr_units; /* right before refs */
	uint64_t nr_fns;
	uint64_t nr_vars;
	uint64_t nr_params;
	uint64_t nr_names;
	uint32_t common_flags;
	uint32_t common_file;
	struct otrace_stream stream; /* at the first function */
};

/** @param room bytes that can be read from pool on; returns 0 when no sound pool lies there */
static inline int otrace_pool_open(const struct otrace_pool *pool, uint64_t room,
				   struct otrace_pool_view *ret)
{
	const uint8_t *begin = (const uint8_t *)pool;
	uint64_t room_for_refs;

	if (((uintptr_t)pool & 3) || room < sizeof(*pool) || pool->magic != OTRACE_MAGIC_POOL ||
	    pool->size_bytes > room || pool->start_offset > pool->size_bytes ||
	    pool->start_offset < sizeof(*pool) || (pool->start_offset & 3))
		return 0;
	ret->pool = pool;
	ret->stream.at = begin + pool->start_offset;
	ret->stream.end = begin + pool->size_bytes;
	ret->nr_refs = otrace_stream_varint(&ret->stream);
	ret->nr_units = otrace_stream_varint(&ret->stream);
	ret->nr_fns = otrace_stream_varint(&ret->stream);
	ret->nr_vars = otrace_stream_varint(&ret->stream);
	ret->nr_params = otrace_stream_varint(&ret->stream);
	ret->nr_names = otrace_stream_varint(&ret->stream);
	ret->common_flags = (uint32_t)otrace_stream_varint(&ret->stream);
	ret->common_file = (uint32_t)otrace_stream_varint(&ret->stream);
	room_for_refs = (pool->start_offset - sizeof(*pool)) / sizeof(struct otrace_ref);
	if (!ret->stream.end || ret->nr_refs > room_for_refs ||
	    ret->nr_units > room_for_refs - ret->nr_refs)
		return 0;
	ret->refs = (const struct otrace_ref *)(const void *)(begin + pool->start_offset) -
		    ret->nr_refs;
	return 1;
}

/** The reference of a number; NULL for 0 and for what there is not. */
static inline const struct otrace_ref *otrace_pool_ref(const struct otrace_pool_view *view,
						       uint64_t number)
{
	return number && number <= view->nr_refs ? view->refs + (number - 1)
						 : (const struct otrace_ref *)0;
}

/** The struct otrace_tu of a number, as a reference; NULL for what there is not. */
static inline const struct otrace_ref *otrace_pool_unit(const struct otrace_pool_view *view,
							uint64_t number)
{
	return number < view->nr_units ? view->refs - (view->nr_units - number)
				       : (const struct otrace_ref *)0;
}

/** The first part of a function's description: what it takes to switch it on, and its names. */
struct otrace_fn {
	uint32_t flags;	      /* enum otrace_fn_flag */
	uint32_t has;	      /* OTRACE_FN_HAS_* */
	uint32_t assumes;     /* enum otrace_assume_flag */
	uint32_t stub_offset; /* from the symbol */
	uint32_t body_offset; /* 0 = no stub */
	uint32_t wrapper;     /* number of a reference; 0 for varargs */
	uint32_t args_offset; /* of the first argument slot in the frame */
	uint32_t args_bytes;  /* of all argument slots */
	uint32_t ret_offset;  /* of the result in the frame */
	uint32_t ret_bytes;   /* 0 = void */
	uint32_t frame_bytes; /* 0 = no stub */
	const char *name;
	const char *linkage_name;
	uint32_t file; /* number of a reference */
};

static inline void otrace_fn_read_frame(struct otrace_stream *stream, struct otrace_fn *fn)
{
	uint32_t packed;

	if (fn->has & OTRACE_FN_HAS_FRAME) {
		fn->args_offset = (uint32_t)otrace_stream_varint(stream);
		fn->args_bytes = (uint32_t)otrace_stream_varint(stream);
		fn->ret_offset = (uint32_t)otrace_stream_varint(stream);
		fn->ret_bytes = (uint32_t)otrace_stream_varint(stream);
		fn->frame_bytes = (uint32_t)otrace_stream_varint(stream);
		return;
	}
	packed = (uint32_t)otrace_stream_varint(stream);
	fn->args_offset = (uint32_t)sizeof(struct otrace_frame);
	fn->args_bytes = packed / 32 * 8;
	fn->ret_offset = fn->args_offset + fn->args_bytes;
	fn->ret_bytes = packed % 32;
	fn->frame_bytes = fn->ret_offset + (fn->ret_bytes > 8 ? (fn->ret_bytes + 7) / 8 * 8 : 8);
}

/**
 * @param stream    behind the distance; afterwards behind the file. See its end for success
 * @param distance  what the stream said there
 */
static inline void otrace_fn_read(const struct otrace_pool_view *view, struct otrace_stream *stream,
				  uint64_t distance, struct otrace_fn *ret)
{
	const struct otrace_fn none = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", "", 0};

	*ret = none;
	ret->has = (uint32_t)otrace_stream_varint(stream);
	ret->flags = view->common_flags;
	if (ret->has & OTRACE_FN_HAS_FLAGS)
		ret->flags ^= (uint32_t)otrace_stream_varint(stream);
	if (ret->has & OTRACE_FN_HAS_STATIC)
		ret->flags |= (uint32_t)OTRACE_FN_STATIC;
	if (!distance)
		ret->flags |= (uint32_t)OTRACE_FN_INLINE_ONLY;
	if (ret->has & OTRACE_FN_HAS_ASSUMES)
		ret->assumes = (uint32_t)otrace_stream_varint(stream);
	if (ret->has & OTRACE_FN_HAS_INLINED)
		ret->assumes |= (uint32_t)OTRACE_ASSUME_INLINED_COPIES;
	if (!(ret->flags & ((uint32_t)OTRACE_FN_SKIPPED | (uint32_t)OTRACE_FN_INLINE_ONLY))) {
		ret->stub_offset = ret->has & OTRACE_FN_HAS_PAD ? OTRACE_PAD_BYTES : 0;
		ret->body_offset = ret->stub_offset + OTRACE_STUB_BYTES;
		ret->frame_bytes = (uint32_t)sizeof(struct otrace_varargs_frame);
		if (!(ret->flags & (uint32_t)OTRACE_FN_VARARGS)) {
			ret->wrapper = (uint32_t)otrace_stream_varint(stream);
			otrace_fn_read_frame(stream, ret);
		}
	}
	ret->name = otrace_stream_text(stream);
	ret->linkage_name =
		ret->has & OTRACE_FN_HAS_LINKAGE_NAME ? otrace_stream_text(stream) : ret->name;
	ret->file = ret->has & OTRACE_FN_HAS_FILE ? (uint32_t)otrace_stream_varint(stream)
						  : view->common_file;
}

OTRACE_STATIC_ASSERT(sizeof(struct otrace_ref) == 4, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_entry) == 8, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_pool) == 12, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_note) == 20, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_frame) == 32, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_piece) == 16, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_varargs_frame) == 288, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_type) == 4, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_file) == 28, "wire size");
OTRACE_STATIC_ASSERT(sizeof(struct otrace_tu) == 16, "wire size");

#ifdef __cplusplus
}
#endif
#endif
