/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The instructions of conditions: struct otrace_code of otrace/rule.h.
 *
 * A machine with a stack of 64-bit words. An integer lies on it extended by its sign to all 64 bits, a pointer as it
 * is, a float or double as the bits of a double. Jumps lead forward only, to an instruction's number. Every program
 * ends: with ANSWER, YES or NO.
 *
 * width says of loads, of EXTEND and of calculations what a value has: OTRACE_CODE_BYTES bytes, SIGNED or not, FRACTION
 * = a float (4) or double (8). With IMMEDIATE the right operand is imm (extended as SIGNED says), and not popped.
 *
 * Memory that cannot be read, a division by zero, a shift by more bits than there are, an empty slot: a fault. The
 * program is left with that, or goes on behind TRY.
 */
#ifndef OTRACE_BYTECODE_H
#define OTRACE_BYTECODE_H

#include <otrace/rule.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OTRACE_CODE_BYTES 0x0fu
#define OTRACE_CODE_SIGNED 0x10u
#define OTRACE_CODE_IMMEDIATE 0x20u
#define OTRACE_CODE_FRACTION 0x40u

#define OTRACE_CODE_STACK 32u	  /* words of the stack */
#define OTRACE_CODE_TEXT_MAX 512u /* bytes of a text, with its end */
#define OTRACE_CODE_MARK \
	(OTRACE_CODE_SLOTS - 1u) /* the slot that says which others were stored: a bit for each */

/* X(NAME, pops, pushes, what is checked). Numbers are places in this list, from 1 on: new ones go to its end. */
/* clang-format off */
#define OTRACE_CODE_OPS(X)                                                                              \
	X(CONSTANT, 0, 1, NOTHING)   /* imm, extended as SIGNED says */                                 \
	X(CONSTANT64, 0, 1, WORD)    /* the word behind it */                                           \
	X(FRAME, 0, 1, FRAME)	     /* what lies imm bytes into the frame */                           \
	X(RESULT, 0, 1, RESULT)	     /* the same, of the result: a call that has none answers yes */    \
	X(PLACE, 0, 1, PLACE)	     /* the address of imm bytes into the frame */                      \
	X(LOAD, 1, 1, SIZE)	     /* memory at the address, plus imm (signed) */                     \
	X(TEXT, 1, 1, TEXT)	     /* whether at the address lies the text behind it, of imm bytes   \
				      * with its end of width bytes; arg = bytes of an array, else 0 */ \
	X(NAME, 0, 1, NAME)	     /* whether the thread has the name behind it, of imm bytes */      \
	X(CLEAR, 0, 0, ENTRY)	     /* empties the slots */                                            \
	X(STORE, 1, 0, STORE)	     /* to slot arg */                                                  \
	X(SLOT, 0, 1, SLOT)	     /* from slot arg */                                                \
	X(TRY, 0, 0, TRY)	     /* up to the TRIED at arg, faults lead there */                    \
	X(TRIED, 0, 0, NOTHING)                                                                         \
	X(EXTEND, 1, 1, SIZE)	     /* cuts to width */                                                \
	X(BITS, 1, 1, BITS)	     /* arg = place of the lowest bit | bits << 8; SIGNED */            \
	X(ADD, 2, 1, INTEGER)                                                                           \
	X(SUBTRACT, 2, 1, INTEGER)                                                                      \
	X(MULTIPLY, 2, 1, INTEGER)                                                                      \
	X(DIVIDE, 2, 1, INTEGER)                                                                        \
	X(REST, 2, 1, INTEGER)                                                                          \
	X(AND, 2, 1, INTEGER)                                                                           \
	X(OR, 2, 1, INTEGER)                                                                            \
	X(XOR, 2, 1, INTEGER)                                                                           \
	X(LEFT, 2, 1, INTEGER)                                                                          \
	X(RIGHT, 2, 1, INTEGER)                                                                         \
	X(EQUAL, 2, 1, INTEGER)                                                                         \
	X(UNEQUAL, 2, 1, INTEGER)                                                                       \
	X(LESS, 2, 1, INTEGER)                                                                          \
	X(LESS_EQUAL, 2, 1, INTEGER)                                                                    \
	X(MORE, 2, 1, INTEGER)                                                                          \
	X(MORE_EQUAL, 2, 1, INTEGER)                                                                    \
	X(IS_ZERO, 1, 1, NOTHING)                                                                       \
	X(IS_TRUE, 1, 1, NOTHING)                                                                       \
	X(F_ADD, 2, 1, FRACTION)                                                                        \
	X(F_SUBTRACT, 2, 1, FRACTION)                                                                   \
	X(F_MULTIPLY, 2, 1, FRACTION)                                                                   \
	X(F_DIVIDE, 2, 1, FRACTION)                                                                     \
	X(F_ROUND, 1, 1, FRACTION)   /* to what width has */                                            \
	X(F_NEGATE, 1, 1, NOTHING)                                                                      \
	X(F_IS_TRUE, 1, 1, NOTHING)                                                                     \
	X(F_EQUAL, 2, 1, NOTHING)                                                                       \
	X(F_UNEQUAL, 2, 1, NOTHING)                                                                     \
	X(F_LESS, 2, 1, NOTHING)                                                                        \
	X(F_LESS_EQUAL, 2, 1, NOTHING)                                                                  \
	X(F_MORE, 2, 1, NOTHING)                                                                        \
	X(F_MORE_EQUAL, 2, 1, NOTHING)                                                                  \
	X(F_OF_INTEGER, 1, 1, FRACTION) /* SIGNED is the integer's */                                   \
	X(F_TO_INTEGER, 1, 1, SIZE)                                                                     \
	X(ERROR, 0, 1, NOTHING)                                                                         \
	X(DURATION, 0, 1, END)                                                                          \
	X(ABNORMAL, 0, 1, END)	     /* whether the call has no result */                               \
	X(DEPTH, 0, 1, NOTHING)                                                                         \
	X(THREAD, 0, 1, NOTHING)     /* its number */                                                   \
	X(TAGGED, 1, 1, NOTHING)     /* whether a tag covers the address */                             \
	X(JUMP, 0, 0, JUMP)	     /* to arg */                                                       \
	X(JUMP_IF, 1, 0, JUMP)                                                                          \
	X(JUMP_UNLESS, 1, 0, JUMP)                                                                      \
	X(ANSWER, 1, 0, LAST)	     /* yes if it is not 0 */                                           \
	X(YES, 0, 0, LAST)                                                                              \
	X(NO, 0, 0, LAST)                                                                               \
	X(TAGGED_ANY, 0, 1, WORDS)   /* the same of any of the words 8 * i bytes behind arg in the     \
				      * frame, i = the bits of imm */
/* clang-format on */

#define OTRACE_X_CODE(name, pops, pushes, checks) OTRACE_CODE_##name,
enum otrace_code_op { OTRACE_CODE_NONE, OTRACE_CODE_OPS(OTRACE_X_CODE) OTRACE_CODE_NR };

/** How many words of data lie behind an instruction. */
static inline uint32_t otrace_code_data(const struct otrace_code *code)
{
	if (code->op == OTRACE_CODE_CONSTANT64)
		return 1;
	return code->op == OTRACE_CODE_TEXT || code->op == OTRACE_CODE_NAME
		       ? code->imm / 8 + (code->imm % 8 != 0)
		       : 0;
}

#ifdef __cplusplus
}
#endif
#endif
