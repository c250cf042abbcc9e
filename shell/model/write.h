/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of model/ only: parts of writing values that text and JSON share. */
#ifndef OT_MODEL_WRITE_H
#define OT_MODEL_WRITE_H

#include "model/value.h"

#define OT_WRITE_MAX_ELEMENTS 200u
#define OT_WRITE_MAX_STRING 200u
#define OT_WRITE_MAX_DEPTH 20u

/** Shortest digits that read back as the same number. @p bytes 4, 8 or 16: of its type.
 * False for NaN and infinities, whose names are written. */
bool ot_write_float(long double number, size_t bytes, struct ot_buf *out);
/** As ot_write_float(), of a float of any type. False, and nothing added, when it is not known whole. */
bool ot_write_real(const struct ot_value *value, struct ot_buf *out);
void ot_write_int128(const uint8_t *bytes, bool is_signed, struct ot_buf *out);
/** Whether a float has a number; NaN and the infinities have names only. */
bool ot_write_is_number(const struct ot_value *value);

/** Whether an integer has more bits than fit into a uint64_t. */
bool ot_write_is_wide(const struct ot_value *value);

/**
 * Parts of a complex number, as values of a type of their own.
 * @param part  room for that type
 * @return false when they are not known whole, or of what kind they are
 */
bool ot_write_complex(const struct ot_value *value, struct ot_type *part, struct ot_value *re,
		      struct ot_value *im);
/** A part of a complex integer: whether it is signed is not known, so what is a different number
 * with and without sign is to be written in hex. */
bool ot_write_sign_matters(const struct ot_value *part);
/** The bits of a value as one number in hex. */
void ot_write_hex(const struct ot_value *value, struct ot_buf *out);

/** The value with its bytes: @p value, or @p room when it had to be read. */
const struct ot_value *ot_write_fetch(const struct ot_format *format, const struct ot_value *value,
				      struct ot_value *room);

/** A char pointer's text: captured, or read from the target. False: write it as a pointer.
 * @param room at least OT_WRITE_MAX_STRING bytes or format->max_string_bytes, is freed by caller */
bool ot_write_string(const struct ot_format *format, const struct ot_value *value, uint64_t address,
		     struct ot_value_string *ret, char **room);

/** Name of an enumeration value, NULL = none has it. */
const char *ot_write_enum_name(const struct ot_type *type, uint64_t number);
/** Adds the flags that are set, with @p bar between them, and what is left as a number; false, and
 * nothing added, when it is no flag type or no flag is set. */
bool ot_write_enum_flags(const struct ot_type *type, uint64_t number, const char *bar,
			 struct ot_buf *out);

/**
 * Where the elements of an array are taken from: the array itself, or, behind what was fetched of a large
 * one, a piece of it at a time.
 */
struct ot_write_window {
	const struct ot_value *array;
	struct ot_value piece;
	uint64_t first,
		end; /* elements that it is for; those that cannot be read are missing in it */
};

void ot_write_window_deinit(struct ot_write_window *window);
/**
 * The value that has element @p index, as its element @p at_ret.
 * @param nr as many elements will be asked for, this one included
 */
const struct ot_value *ot_write_look(struct ot_write_window *window, const struct ot_format *format,
				     uint64_t index, uint64_t nr, uint64_t *at_ret);

/** Whether who reads it has had enough; never of what was captured, which is there already. */
bool ot_write_is_stopped(const struct ot_format *format);

/** How many elements from @p index on have equal bytes; reads on behind what was fetched. */
uint64_t ot_write_run(const struct ot_format *format, const struct ot_value *array, uint64_t index,
		      uint64_t count);

/** Writes a number or pointer in the style asked for. False, and nothing added: it has to be written
 * as its type says. */
bool ot_write_styled(const struct ot_format *format, const struct ot_value *value,
		     struct ot_buf *out);
/** Whether an array or pointer with these elements is shown as text. */
bool ot_write_is_text(const struct ot_format *format, const struct ot_type *element);

/** The letter before the quotes of a text of wchar_t, char16_t or char32_t, when an array of (or a
 * pointer to) @p element is shown as one; else 0. */
char ot_write_wide_letter(const struct ot_format *format, const struct ot_type *element);
/** Adds the text of @p nr_units units in UTF-8, up to a NUL; @p escaped: as C writes it between quotes.
 * @return how many units were before the NUL or the end */
size_t ot_write_wide_text(const uint8_t *bytes, size_t nr_units, uint64_t unit_bytes, bool escaped,
			  struct ot_buf *out);
/** Of a pointer to wide characters what is behind it. False: write it as a pointer.
 * @param text_ret whole units, up to the NUL, free() it  @param cut_ret the text goes on */
bool ot_write_read_wide(const struct ot_format *format, uint64_t address, uint64_t unit_bytes,
			uint8_t **text_ret, size_t *nr_units_ret, bool *cut_ret);

/** What has been gone into by following pointers: a struct in itself is a cycle. */
struct ot_write_trail {
	uint64_t open[16];
	unsigned int nr;
};

/** Begins with the value itself, when it lies somewhere. */
void ot_write_trail_init(struct ot_write_trail *trail, const struct ot_value *value);
/** Whether a pointer is to be followed now: then @p target_ret is what is behind it, and the trail is
 * one longer until ot_write_unfollow(). @param cycle_ret the pointer leads back */
bool ot_write_follow(const struct ot_format *format, struct ot_write_trail *trail,
		     const struct ot_type *pointer, uint64_t address, struct ot_value *target_ret,
		     bool *cycle_ret);
void ot_write_unfollow(struct ot_write_trail *trail);

/** Bytes up to the NUL of a char array. */
size_t ot_write_char_array(const struct ot_value *array);

/** Units up to the NUL of an array of wide characters. */
size_t ot_write_wide_array(const struct ot_value *array, uint64_t unit_bytes);

/** Whether one of the bytes of a scalar is not known. */
bool ot_write_optimized_out(const struct ot_value *value);

#endif
