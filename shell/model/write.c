// SPDX-License-Identifier: BSD-2-Clause
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/wide.h"
#include "model/write.h"

#define WINDOW_BYTES (256u * 1024u)

/* Equal elements are counted behind what is fetched of a large array, as far as this. */
#define RUN_FIRST_BYTES 4096u /* mostly the next one differs */
#define RUN_PIECE_BYTES (256u * 1024u)
#define RUN_MAX_BYTES (64ull << 20)

/* clang has the type, and glibc the functions, but hides them from clang. */
extern int strfromf128(char *restrict to, size_t room, const char *restrict format,
		       __float128 number);
extern __float128 strtof128(const char *restrict text, char **restrict end);

static bool reads_back(const char *digits, long double number, size_t bytes)
{
	if (bytes == sizeof(float))
		return strtof(digits, NULL) == (float)number;
	if (bytes == sizeof(double))
		return strtod(digits, NULL) == (double)number;
	return strtold(digits, NULL) == number;
}

bool ot_write_float(long double number, size_t bytes, struct ot_buf *out)
{
	int enough = bytes == sizeof(float) ? 9 : bytes == sizeof(double) ? 17 : 21;
	int precision = bytes == sizeof(float) ? 6 : bytes == sizeof(double) ? 15 : 18;
	char digits[48];

	if (bytes == sizeof(uint16_t))
		precision = enough = 5;
	if (isnan(number) || isinf(number)) {
		ot_buf_adds(out, signbit(number) ? "-" : "");
		ot_buf_adds(out, isnan(number) ? "nan" : "inf");
		return false;
	}
	do {
		snprintf(digits, sizeof(digits), "%.*Lg", precision, number);
	} while (precision++ < enough && !reads_back(digits, number, bytes));
	ot_buf_adds(out, digits);
	return true;
}

void ot_write_int128(const uint8_t *bytes, bool is_signed, struct ot_buf *out)
{
	struct ot_wide wide = {.nr = 2};

	wide.limbs = wide.small;
	memcpy(wide.limbs, bytes, 2 * sizeof(uint64_t));
	ot_wide_write(&wide, is_signed, out);
}

static void write_float128(const uint8_t *bytes, struct ot_buf *out)
{
	__float128 number;
	char format[] = "%.33g";
	char digits[64];

	memcpy(&number, bytes, sizeof(number));
	do {
		strfromf128(digits, sizeof(digits), format, number);
	} while (format[3]++ < '6' && strtof128(digits, NULL) != number);
	ot_buf_adds(out, digits);
}

bool ot_write_is_number(const struct ot_value *value)
{
	long double number;

	return ot_value_to_long_double(value, &number) && !isnan(number) && !isinf(number);
}

bool ot_write_real(const struct ot_value *value, struct ot_buf *out)
{
	long double number;

	if (!ot_value_to_long_double(value, &number))
		return false;
	if (ot_type_is_float128(value->type) && !isnan(number) && !isinf(number))
		write_float128(value->bytes, out);
	else
		ot_write_float(number, ot_type_size(value->type), out);
	return true;
}

bool ot_write_is_wide(const struct ot_value *value)
{
	return ot_value_bits(value) > 64;
}

bool ot_write_complex(const struct ot_value *value, struct ot_type *part, struct ot_value *re,
		      struct ot_value *im)
{
	const struct ot_type *type = ot_type_strip(value->type);
	size_t half = type->size_bytes / 2;
	bool is_float = type->encoding == OTRACE_ENC_COMPLEX;

	if (!half || half > 16 || value->nr_bytes < half * 2 ||
	    (is_float && half == 16 && !type->count))
		return false;
	*part = (struct ot_type){.kind = OTRACE_TYPE_BASE, .size_bytes = half};
	part->encoding = is_float ? OTRACE_ENC_FLOAT : OTRACE_ENC_SIGNED;
	part->name = is_float && type->count == 128 ? "__float128" : NULL;
	*re = (struct ot_value){.type = part, .bytes = value->bytes, .nr_bytes = half};
	re->known = value->known;
	*im = *re;
	im->bytes += half;
	if (im->known)
		im->known += half;
	return true;
}

bool ot_write_sign_matters(const struct ot_value *part)
{
	return part->bytes[part->nr_bytes - 1] & 0x80;
}

void ot_write_hex(const struct ot_value *value, struct ot_buf *out)
{
	size_t at = value->nr_bytes;

	while (at > 1 && !value->bytes[at - 1])
		at--;
	ot_buf_adds(out, "0x");
	for (bool first = true; at-- > 0; first = false)
		ot_buf_addf(out, first ? "%x" : "%02x", value->bytes[at]);
}

const struct ot_value *ot_write_fetch(const struct ot_format *format, const struct ot_value *value,
				      struct ot_value *room)
{
	if (value->bytes || value->state != OT_VALUE_OK)
		return value;
	*room = *value;
	ot_value_fetch(format->target, room);
	if (!room->bytes && room->state == OT_VALUE_OK)
		room->state = OT_VALUE_MISSING;
	return room;
}

static void string_of_bytes(const char *bytes, size_t got, size_t asked,
			    struct ot_value_string *ret)
{
	const char *end = memchr(bytes, 0, got);

	ret->bytes = bytes;
	ret->nr_bytes = (uint32_t)(end ? (size_t)(end - bytes) : got);
	ret->known = true;
	ret->cut = !end && got == asked;
	ret->unreadable = !end && got < asked;
}

bool ot_write_string(const struct ot_format *format, const struct ot_value *value, uint64_t address,
		     struct ot_value_string *ret, char **room)
{
	struct ot_target_span span = {.address = address};

	if (value->string.known) {
		*ret = value->string;
		return true;
	}
	if (!format->target)
		return false;
	span.bytes = format->max_string_bytes ? format->max_string_bytes : OT_WRITE_MAX_STRING;
	span.buf = *room = ot_alloc(span.bytes);
	ot_err_destroy(ot_target_readv(format->target, &span, 1));
	string_of_bytes(*room, span.got, span.bytes, ret);
	return true;
}

const char *ot_write_enum_name(const struct ot_type *type, uint64_t number)
{
	uint64_t size = ot_type_size(type);
	uint64_t mask = size && size < 8 ? (1ull << (size * 8)) - 1 : UINT64_MAX;

	for (uint32_t i = 0; i < type->nr_members; i++)
		if ((((uint64_t)type->enumerators[i].value ^ number) & mask) == 0)
			return type->enumerators[i].name;
	return NULL;
}

static bool is_one_bit(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* Bits with names, and names for several of them. What counts 0, 1, 2, 3, 4 looks the same, but has
 * no gaps. */
static bool is_flag_enum(const struct ot_type *type)
{
	uint64_t bits = 0, largest = 0;
	bool has_masks = false;

	for (uint32_t i = 0; i < type->nr_members; i++)
		if (is_one_bit((uint64_t)type->enumerators[i].value))
			bits |= (uint64_t)type->enumerators[i].value;
	for (uint32_t i = 0; i < type->nr_members; i++) {
		uint64_t value = (uint64_t)type->enumerators[i].value;

		if (value & ~bits)
			return false;
		has_masks = has_masks || (value && !is_one_bit(value));
		largest = value > largest ? value : largest;
	}
	/* 0 and 1, or 1 and 2, are what any enum counts with */
	return type->nr_members > 2 && (bits & ~3ull) && (!has_masks || largest > type->nr_members);
}

bool ot_write_enum_flags(const struct ot_type *type, uint64_t number, const char *bar,
			 struct ot_buf *out)
{
	uint64_t left = number;
	bool any = false;

	if (!is_flag_enum(type))
		return false;
	for (uint32_t i = 0; i < type->nr_members; i++) {
		uint64_t value = (uint64_t)type->enumerators[i].value;

		if (!is_one_bit(value) || !(value & left))
			continue;
		ot_buf_adds(out, any ? bar : "");
		ot_buf_adds(out, type->enumerators[i].name);
		left &= ~value;
		any = true;
	}
	if (any && left) {
		ot_buf_adds(out, bar);
		ot_buf_add_hex(out, left);
	}
	return any;
}

bool ot_write_is_stopped(const struct ot_format *format)
{
	return format->target && ot_target_is_interrupted();
}

/* ------------------------------------------------------------------ long arrays */

void ot_write_window_deinit(struct ot_write_window *window)
{
	ot_value_deinit(&window->piece);
}

static void move_window(struct ot_write_window *window, const struct ot_format *format,
			uint64_t index, uint64_t nr, uint64_t bytes)
{
	const struct ot_value *array = window->array;
	struct ot_value *piece = &window->piece;

	nr = nr < WINDOW_BYTES / bytes ? nr : WINDOW_BYTES / bytes;
	ot_value_deinit(piece);
	ot_value_at(array->type, array->address + index * bytes, piece);
	piece->stores_ignored = array->stores_ignored;
	piece->has_room = true;
	piece->room_bytes = nr * bytes;
	ot_value_fetch_start(format->target, piece, nr * bytes);
	piece->state = OT_VALUE_OK; /* elements have states of their own */
	window->first = index;
	window->end = index + nr;
}

const struct ot_value *ot_write_look(struct ot_write_window *window, const struct ot_format *format,
				     uint64_t index, uint64_t nr, uint64_t *at_ret)
{
	const struct ot_value *array = window->array;
	uint64_t bytes = ot_type_size(ot_type_strip(array->type)->target);

	*at_ret = index;
	/* what was read with the whole is shown as it was then */
	if (!bytes || bytes > WINDOW_BYTES || !array->is_lvalue || !format->target ||
	    array->state != OT_VALUE_OK || (index + 1) * bytes <= array->nr_bytes)
		return array;
	if (index < window->first || index >= window->end)
		move_window(window, format, index, nr, bytes);
	*at_ret = index - window->first;
	return &window->piece;
}

/* Elements from @index on that are as @element, read piece by piece behind what was fetched. */
static uint64_t run_on(const struct ot_format *format, const struct ot_value *array,
		       const uint8_t *element, uint64_t index, uint64_t count)
{
	uint64_t bytes = ot_type_size(ot_type_strip(array->type)->target);
	uint64_t most = RUN_PIECE_BYTES / bytes, run = 0;
	uint64_t piece = RUN_FIRST_BYTES / bytes;
	ot_auto_free uint8_t *memory = NULL;

	if (!array->is_lvalue || !format->target || !most)
		return 0;
	piece = piece ? piece : 1;
	memory = ot_alloc(RUN_PIECE_BYTES);
	while (index + run < count && run * bytes < RUN_MAX_BYTES && !ot_write_is_stopped(format)) {
		uint64_t left = count - index - run;
		struct ot_target_span span = {.address = array->address + (index + run) * bytes,
					      .buf = memory,
					      .bytes = (left < piece ? left : piece) * bytes};
		uint64_t same = 0;

		ot_err_destroy(ot_target_readv(format->target, &span, 1));
		while ((same + 1) * bytes <= span.got &&
		       !memcmp(element, memory + same * bytes, bytes))
			same++;
		run += same;
		if (same * bytes < span.bytes)
			break;
		piece = most;
	}
	return run;
}

uint64_t ot_write_run(const struct ot_format *format, const struct ot_value *array, uint64_t index,
		      uint64_t count)
{
	uint64_t bytes = ot_type_size(ot_type_strip(array->type)->target);
	uint64_t run = 1;

	if (!bytes || array->known || (index + 1) * bytes > array->nr_bytes)
		return 1;
	while (index + run < count && (index + run + 1) * bytes <= array->nr_bytes &&
	       !memcmp(array->bytes + index * bytes, array->bytes + (index + run) * bytes, bytes))
		run++;
	if (index + run < count && (index + run + 1) * bytes > array->nr_bytes)
		run += run_on(format, array, array->bytes + index * bytes, index + run, count);
	return run;
}

size_t ot_write_char_array(const struct ot_value *array)
{
	return array->nr_bytes ? strnlen((const char *)array->bytes, array->nr_bytes) : 0;
}

bool ot_write_optimized_out(const struct ot_value *value)
{
	return !ot_value_is_known(value, value->nr_bytes);
}
