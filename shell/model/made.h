/* SPDX-License-Identifier: BSD-2-Clause */
/** Types that expressions make beside those of program.h. Equal ones are the same object. */
#ifndef OT_MODEL_MADE_H
#define OT_MODEL_MADE_H

#include "model/program.h"

/** @param kind OTRACE_TYPE_CONST, VOLATILE, RESTRICT or ATOMIC; a type that has it is given back */
const struct ot_type *ot_made_qualified(struct ot_program *program, const struct ot_type *type,
					enum otrace_type_kind kind);
/** @param size_bytes of three elements that of four */
const struct ot_type *ot_made_vector(struct ot_program *program, const struct ot_type *type,
				     uint64_t count, uint64_t size_bytes);
/** wchar_t, char16_t or char32_t: the program's, or one made of what it is to clang. */
const struct ot_type *ot_made_wide_char(struct ot_program *program, const char *name);
/** An array without a count: int []. */
const struct ot_type *ot_made_open_array(struct ot_program *program, const struct ot_type *type);
/** @param params copied  @param flags OTRACE_TYPE_FLAG_VARIADIC, NO_PROTOTYPE */
const struct ot_type *ot_made_function(struct ot_program *program, const struct ot_type *result,
				       const struct ot_type *const *params, uint32_t nr_params,
				       uint16_t flags);

/** Complex of a real type, and the real type of a complex one. */
const struct ot_type *ot_made_complex(struct ot_program *program, const struct ot_type *real);
const struct ot_type *ot_made_complex_part(struct ot_program *program, const struct ot_type *type);
bool ot_type_is_complex_float(const struct ot_type *type);
/** Integers, fractions, complex numbers and pointers: what operators work on. */
bool ot_type_is_operand(const struct ot_type *type);

/** Whether a value of the type may not be changed: const, also through typedefs, and of arrays. */
bool ot_type_is_const(const struct ot_type *type);
bool ot_type_is_volatile(const struct ot_type *type);
/** A const field of a struct or union, at any depth, also of elements: the whole may not be assigned
 * then. NULL = there is none. @param of_ret what it is a field of */
const struct ot_member *ot_type_const_member(const struct ot_type *type,
					     const struct ot_type **of_ret);
/** Without the outer qualifiers alone: typedefs stay where they can. */
const struct ot_type *ot_type_unqualified(const struct ot_type *type);

/** What is known of the places where objects of a type may begin: powers of two, least = most where
 * it is known. */
struct ot_align {
	uint64_t least;
	uint64_t most;
};
/**
 * Alignments that are asked for are recorded, but not whether a struct is packed: places of members
 * and gaps between them tell, or leave it open.
 */
void ot_type_align(const struct ot_type *type, struct ot_align *ret);
/** Of a field of @p record, as compilers answer _Alignof x.field. */
void ot_member_align(const struct ot_type *record, const struct ot_member *member,
		     uint64_t bit_offset, struct ot_align *ret);

/** Bits of a value: of _BitInt(N) N, else eight for each byte. */
uint64_t ot_type_bits(const struct ot_type *type);

/**
 * Whether C takes the types for the same, qualifiers aside at every level: a pointer to one may point
 * to the other.
 */
bool ot_type_is_same(const struct ot_type *a, const struct ot_type *b);

#endif
