/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Types of the program as the shell sees them: decoded once from the tables, validated, immutable,
 * owned by the program. Types that are equal (same structure, or derived the same way from equal
 * types) are the same object, across files and modules. void is NULL nowhere: it is a type of its
 * own kind.
 */
#ifndef OT_MODEL_TYPE_H
#define OT_MODEL_TYPE_H

#include <otrace/abi.h>

#include "base/buf.h"
#include "base/err.h"

struct ot_module;
struct ot_type;

struct ot_member {
	const char *name; /* NULL = anonymous */
	const struct ot_type *type;
	uint64_t bit_offset;
	uint32_t bit_size;    /* bit-fields, else 0 */
	uint32_t flags;	      /* OTRACE_MEMBER_* */
	uint32_t align_bytes; /* that the source asks for, else 0 */
};

struct ot_enumerator {
	const char *name;
	int64_t value;
	bool is_unsigned;
};

struct ot_type {
	enum otrace_type_kind kind;
	uint8_t encoding; /* enum otrace_encoding */
	bool is_local; /* a function's own, from debug information: its name means nothing elsewhere */
	uint16_t flags; /* enum otrace_type_flag */
	uint32_t nr_members;
	uint64_t size_bytes;
	uint64_t count;	  /* of elements; of an integer its bits, 0 = all of its bytes */
	const char *name; /* tag or name, NULL = none */
	const struct ot_type *target; /* pointers, arrays, typedefs, qualifiers, enums, functions */
	union {
		const struct ot_member *members;	 /* struct, union, class, function */
		const struct ot_enumerator *enumerators; /* enum */
	};
	const char *file; /* where it is defined, or NULL */
	uint32_t line;
	uint32_t align_bytes;
	uint64_t hash;
	struct ot_module *module;
	const struct ot_type *complete; /* of an INCOMPLETE one the definition, of one that was read
					 * several times the first; or NULL */
	struct ot_type *same_name;	/* next named type of this name, or NULL */
	char *text;			/* see ot_type_text() */
	const char *unique_name;	/* name, or NAME@file when several types share it */
};

/** Without typedefs and qualifiers, and the definition where only a declaration is there. */
const struct ot_type *ot_type_strip(const struct ot_type *type);

/** Bytes of a value, seen through typedefs; 0 = unknown. */
uint64_t ot_type_size(const struct ot_type *type);

/* All of these look through typedefs and qualifiers. */
bool ot_type_is_void(const struct ot_type *type);
bool ot_type_is_pointer(const struct ot_type *type);
bool ot_type_is_record(const struct ot_type *type); /* struct, union, class */
bool ot_type_is_array(const struct ot_type *type);
bool ot_type_is_function(const struct ot_type *type);
bool ot_type_is_integer(const struct ot_type *type); /* bool, char and enum too; of any width */
bool ot_type_is_complex(const struct ot_type *type); /* of floats and of integers */
bool ot_type_is_float(const struct ot_type *type);
bool ot_type_is_bit_int(const struct ot_type *type);
bool ot_type_is_float128(const struct ot_type *type); /* no long double, which has 80 bits */
bool ot_type_is_scalar(const struct ot_type *type);   /* integer, float or pointer */
bool ot_type_is_signed(const struct ot_type *type);
/** Plain char, whatever its sign: what strings are made of. uint8_t and friends are not. */
bool ot_type_is_char(const struct ot_type *type);
/** Any one-byte integer that is not bool: shown with its letter. */
bool ot_type_is_byte(const struct ot_type *type);
bool ot_type_is_char_pointer(const struct ot_type *type);

/** Elements of an array (COUNT_UNKNOWN: 0). */
uint64_t ot_type_count(const struct ot_type *type);

/**
 * Finds a field, also inside anonymous members.
 * @param bit_offset_ret from the start of @p type, in bits
 * @return NULL if there is none
 */
const struct ot_member *ot_type_find_member(const struct ot_type *type, const char *name,
					    uint64_t *bit_offset_ret);

/** The type in C: "struct client *", "int (*)(void *, char)". Cached; owned by the type. */
const char *ot_type_text(const struct ot_type *type);
/** Adds a declaration of @p name: "int (*handler)(void *)"; name may be "". */
void ot_type_declare(const struct ot_type *type, const char *name, struct ot_buf *out);
/** Adds the whole definition of a struct, union, enum or typedef, several lines. */
void ot_type_define(const struct ot_type *type, struct ot_buf *out);

#endif
