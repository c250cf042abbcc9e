// SPDX-License-Identifier: BSD-2-Clause
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/write.h"

/* Equal elements are counted behind what is fetched of a large array, as far as this. */
#define RUN_PIECE_BYTES (256u * 1024u)
#define RUN_MAX_BYTES (64ull << 20)

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
	unsigned __int128 number;
	char digits[48];
	size_t at = sizeof(digits);
	bool negative;

	memcpy(&number, bytes, sizeof(number));
	negative = is_signed && (__int128)number < 0;
	if (negative)
		number = 0 - number;
	do {
		digits[--at] = (char)('0' + (int)(number % 10));
		number /= 10;
	} while (number);
	if (negative)
		digits[--at] = '-';
	ot_buf_add(out, digits + at, sizeof(digits) - at);
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

/* Enumerators that are single bits, each another one, or 0. */
static bool is_flag_enum(const struct ot_type *type)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < type->nr_members; i++) {
		uint64_t value = (uint64_t)type->enumerators[i].value;

		if ((value & (value - 1)) || (value & seen))
			return false;
		seen |= value;
	}
	/* 0 and 1, or 1 and 2, are what any enum counts with */
	return type->nr_members > 2 && (seen & ~3ull);
}

bool ot_write_enum_flags(const struct ot_type *type, uint64_t number, struct ot_buf *out)
{
	uint64_t left = number;
	bool any = false;

	if (!is_flag_enum(type))
		return false;
	for (uint32_t i = 0; i < type->nr_members; i++) {
		uint64_t value = (uint64_t)type->enumerators[i].value;

		if (!(value & left))
			continue;
		ot_buf_adds(out, any ? "|" : "");
		ot_buf_adds(out, type->enumerators[i].name);
		left &= ~value;
		any = true;
	}
	if (any && left) {
		ot_buf_addc(out, '|');
		ot_buf_add_hex(out, left);
	}
	return any;
}

/* Elements from @index on that are as @element, read piece by piece behind what was fetched. */
static uint64_t run_on(const struct ot_format *format, const struct ot_value *array,
		       const uint8_t *element, uint64_t index, uint64_t count)
{
	uint64_t bytes = ot_type_size(ot_type_strip(array->type)->target);
	uint64_t piece = RUN_PIECE_BYTES / bytes, run = 0;
	ot_auto_free uint8_t *memory = NULL;

	if (!array->is_lvalue || !format->target || !piece)
		return 0;
	memory = ot_alloc(RUN_PIECE_BYTES);
	while (index + run < count && run * bytes < RUN_MAX_BYTES) {
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
