/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Values and how they are written, as text and as JSON.
 *
 * A value is a type and the bytes that are known of it. It never looks anywhere else while it is
 * written, but for what a pointer points to when struct ot_format has a target: what was captured
 * from a traced call is written without one, so that only captured bytes show.
 */
#ifndef OT_MODEL_VALUE_H
#define OT_MODEL_VALUE_H

#include "model/program.h"

enum ot_value_state {
	OT_VALUE_OK,
	OT_VALUE_VOID,
	OT_VALUE_OPTIMIZED_OUT,
	OT_VALUE_UNREADABLE, /* address says what could not be read */
	OT_VALUE_MISSING     /* was not recorded (record too small, or left out) */
};

/** What a captured char pointer pointed to when the call happened. */
struct ot_value_string {
	const char *bytes;
	uint32_t nr_bytes;
	bool known;	 /* something was captured; else the pointer is written as a pointer */
	bool cut;	 /* the string goes on behind nr_bytes */
	bool unreadable; /* ends here because memory ends here */
};

struct ot_value {
	const struct ot_type *type;
	enum ot_value_state state;
	bool is_lvalue;	     /* address (and bit_shift) say where it lies in the program */
	bool stores_ignored; /* the compiled code does not look at this storage any more */
	bool has_room;	     /* all of a variable, or what it ends with */
	bool is_unrounded; /* of expr/: a _Float16 or __bf16 that was calculated, or a vector of them */
	uint8_t bit_shift; /* bit-fields: from the start of bytes */
	uint32_t bit_size; /* bit-fields, else 0 */
	uint64_t address;
	const uint8_t *bytes; /* nr_bytes bytes; borrowed, or owned through own */
	size_t nr_bytes;      /* may be less than the type's size: the rest is unreadable */
	uint64_t room_bytes;  /* with has_room: of the variable's storage, from address on */
	const uint8_t *known; /* one byte per byte, 0 = optimised out; NULL = all known */
	uint8_t *own;	      /* free() by ot_value_deinit() */
	uint8_t small[16];    /* home of scalars: bytes may point here */
	float unrounded; /* what it was before it was rounded to its type; of a vector nothing */
	struct ot_value_string string;
};

#define OT_FORMAT_STYLES "xduotzcasf"

struct ot_format {
	const struct ot_program *program; /* names of functions; may be NULL */
	struct ot_target *target;	  /* follow char pointers; NULL = never */
	unsigned int width;	       /* text: longer goes on several lines; 0 = one line always */
	unsigned int max_elements;     /* of arrays, in one value; 0 = 200 */
	unsigned int max_string_bytes; /* 0 = 200 */
	unsigned int max_depth;	       /* nesting of braces; 0 = 20 */
	unsigned int
		follow; /* how many pointers to structs deep what is behind them is shown too */
	char style;	/* of numbers: one of OT_FORMAT_STYLES, as gdb's letters; 0 = by type */
};

void ot_value_deinit(struct ot_value *value);

#define ot_auto_value __attribute__((cleanup(ot_value_deinit)))

/** Copies; string and bytes too. */
void ot_value_copy(const struct ot_value *from, struct ot_value *ret);

/** A value at an address, without reading it yet (state OK, bytes NULL). */
void ot_value_at(const struct ot_type *type, uint64_t address, struct ot_value *ret);
/** Reads the bytes of a value that has none yet; unreadable memory becomes its state, no error. */
void ot_value_fetch(struct ot_target *target, struct ot_value *value);
/** The same with @p max_bytes bytes at most. */
void ot_value_fetch_start(struct ot_target *target, struct ot_value *value, uint64_t max_bytes);
/** A value of @p bytes bytes given here. */
void ot_value_of_bytes(const struct ot_type *type, const void *bytes, size_t nr_bytes,
		       struct ot_value *ret);
void ot_value_of_u64(const struct ot_type *type, uint64_t number, struct ot_value *ret);

/** The value of a variable: its address is found (thread-locals: of thread @p tid, 0 = main),
 * nothing read yet. */
struct ot_err *ot_value_of_var(struct ot_program *program, const struct ot_var *var, uint32_t tid,
			       struct ot_value *ret);

/** Whether none of the first @p bytes was optimised out. Padding does not count. */
bool ot_value_is_known(const struct ot_value *value, uint64_t bytes);
/** Integer, bool, char, enum, bit-field or pointer as a number, sign extended when signed.
 * False when it is none of these or not known, or has more bits than fit (of 16 bytes: the low ones;
 * wide.h has them all). */
bool ot_value_to_u64(const struct ot_value *value, uint64_t *ret);
/** Any arithmetic value. */
bool ot_value_to_long_double(const struct ot_value *value, long double *ret);

/** A field. Bit offset as ot_type_find_member() gives it. Borrows bytes from @p value. */
void ot_value_member(const struct ot_value *value, const struct ot_member *member,
		     uint64_t bit_offset, struct ot_value *ret);
/** Elements of an array or vector. Of one whose type does not say, those that the storage of its
 * variable has; false when nobody knows. */
bool ot_value_count(const struct ot_value *value, uint64_t *ret);
/** Element of an array or vector. Not bounded: the index is the caller's. */
void ot_value_element(const struct ot_value *value, uint64_t index, struct ot_value *ret);

/** Writes the value as C would. */
void ot_value_format(const struct ot_format *format, const struct ot_value *value,
		     struct ot_buf *out);
/** Writes the value as JSON; nothing for void. */
void ot_value_json(const struct ot_format *format, const struct ot_value *value,
		   struct ot_buf *out);

#endif
