/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/abi.h"

#define STACK_ALIGN_MAX 16u

/* What an eight of a struct is made of; a larger one wins over a smaller one. */
enum part { PART_NONE, PART_VECTOR, PART_X87, PART_X87_REST, PART_INT, PART_MEMORY };

struct parts {
	enum part of[2];
	bool wide_vector;
};

static bool is_named(const struct ot_type *type, const char *word)
{
	return type->name && strstr(type->name, word);
}

static bool is_complex(const struct ot_type *type)
{
	return type->kind == OTRACE_TYPE_BASE && type->encoding == OTRACE_ENC_COMPLEX;
}

/* And complex ones of it. */
static bool is_float128(const struct ot_type *type)
{
	return ot_type_is_float128(type) || (is_complex(type) && type->count == 128);
}

static uint64_t natural_align(const struct ot_type *type);

/*
 * Of a packed one 1. Nobody says that it is packed, but it shows: in a member that lies where it would not,
 * or in the size. When it does not show, the attribute only matters to what is in memory.
 */
static uint64_t record_align(const struct ot_type *type)
{
	uint64_t align = 1;

	for (uint32_t i = 0; i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];
		uint64_t of = natural_align(member->type);

		if (member->flags & OTRACE_MEMBER_STATIC)
			continue;
		if (!member->bit_size && member->bit_offset / 8 % of)
			return type->align_bytes ? type->align_bytes : 1;
		if (member->align_bytes > of)
			of = member->align_bytes;
		if (of > align)
			align = of;
	}
	if (ot_type_size(type) % align)
		align = 1;
	return type->align_bytes > align ? type->align_bytes : align;
}

/* Where the compiler puts it if nobody asks for another place. */
static uint64_t natural_align(const struct ot_type *type)
{
	uint64_t size = ot_type_size(type);

	type = ot_type_strip(type);
	if (type->kind == OTRACE_TYPE_ARRAY)
		return natural_align(type->target);
	if (ot_type_is_record(type))
		return record_align(type);
	if (is_complex(type))
		return size / 2;
	/* _BitInt(128) */
	if (type->kind == OTRACE_TYPE_BASE && size >= 16 && is_named(type, "_BitInt"))
		return 8;
	return size ? size : 1;
}

static void merge(struct parts *parts, uint64_t offset, uint64_t bytes, enum part part)
{
	for (uint64_t i = offset / 8; i <= (offset + bytes - 1) / 8 && i < 2; i++) {
		enum part *at = &parts->of[i];
		bool x87 = *at == PART_X87 || *at == PART_X87_REST || part == PART_X87 ||
			   part == PART_X87_REST;

		if (*at == part || part == PART_NONE)
			continue;
		if (*at == PART_NONE)
			*at = part;
		else if (*at == PART_MEMORY || part == PART_MEMORY)
			*at = PART_MEMORY;
		else if (*at == PART_INT || part == PART_INT)
			*at = PART_INT;
		else
			*at = x87 ? PART_MEMORY : PART_VECTOR;
	}
}

static void look_at(const struct ot_type *type, uint64_t offset, struct parts *parts);

static void look_at_members(const struct ot_type *type, uint64_t offset, struct parts *parts)
{
	for (uint32_t i = 0; i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];
		uint64_t at = offset * 8 + member->bit_offset;

		if (member->flags & OTRACE_MEMBER_STATIC)
			continue;
		if (member->bit_size)
			merge(parts, at / 8, (at % 8 + member->bit_size + 7) / 8, PART_INT);
		else
			look_at(member->type, at / 8, parts);
	}
}

static void look_at_scalar(const struct ot_type *type, uint64_t offset, uint64_t size,
			   struct parts *parts)
{
	if (offset % natural_align(type)) {
		merge(parts, 0, 16, PART_MEMORY);
	} else if (type->kind == OTRACE_TYPE_VECTOR || is_float128(type)) {
		parts->wide_vector |= size > 8;
		merge(parts, offset, size, PART_VECTOR);
	} else if (ot_type_is_float(type) && size == 16) {
		merge(parts, offset, 8, PART_X87);
		merge(parts, offset + 8, 8, PART_X87_REST);
	} else if (ot_type_is_float(type) || is_complex(type)) {
		merge(parts, offset, size, size > 16 ? PART_MEMORY : PART_VECTOR);
	} else {
		merge(parts, offset, size, PART_INT);
	}
}

/* Offsets beyond 16 are of no interest but for vectors, and an array has no more elements than bytes. */
static void look_at(const struct ot_type *type, uint64_t offset, struct parts *parts)
{
	uint64_t size = ot_type_size(type), count;

	type = ot_type_strip(type);
	if (!size)
		return;
	if (type->kind == OTRACE_TYPE_ARRAY) {
		count = ot_type_count(type);
		for (uint64_t i = 0; i < count && i < 16; i++)
			look_at(type->target, offset + i * ot_type_size(type->target), parts);
	} else if (ot_type_is_record(type)) {
		look_at_members(type, offset, parts);
	} else {
		look_at_scalar(type, offset, size, parts);
	}
}

static struct ot_err *cannot(const struct ot_type *type, const char *why)
{
	return ot_err_new(OT_ERR_UNSUPPORTED, "a value of type %s cannot be passed in a call: %s",
			  ot_type_text(type), why);
}

static void in_memory(const struct ot_type *type, struct otrace_call_value *ret)
{
	uint64_t align = natural_align(type);

	ret->value_class = OTRACE_VALUE_MEMORY;
	ret->align = align > 8 ? (uint32_t)align : 8;
}

/* Complex long double comes back in two registers of its own, and is passed in memory. */
static void place_complex(const struct ot_type *type, bool is_result, struct otrace_call_value *ret)
{
	if (ret->bytes == 32 && is_result) {
		ret->value_class = OTRACE_VALUE_COMPLEX_X87;
	} else if (ret->bytes == 32) {
		in_memory(type, ret);
	} else {
		ret->value_class = OTRACE_VALUE_PARTS;
		ret->parts = OTRACE_VALUE_PART0_VECTOR | OTRACE_VALUE_PART1_VECTOR;
	}
}

static struct ot_err *place_record(const struct ot_type *type, struct otrace_call_value *ret)
{
	struct parts parts = {.of = {PART_NONE}};
	bool is_memory;

	if (type->kind == OTRACE_TYPE_CLASS)
		return cannot(type, "whether it may be copied is C++'s secret");
	look_at(type, 0, &parts);
	if (parts.wide_vector)
		return cannot(type, "vectors of 16 bytes and more are not supported");
	is_memory = ret->bytes > 16 || parts.of[0] == PART_MEMORY || parts.of[1] == PART_MEMORY ||
		    (parts.of[1] == PART_X87_REST && parts.of[0] != PART_X87);
	if (is_memory) {
		in_memory(type, ret);
		if (ret->align > STACK_ALIGN_MAX)
			return cannot(type, "it is aligned to more than 16 bytes");
		return NULL;
	}
	if (parts.of[0] == PART_X87) {
		ret->value_class = OTRACE_VALUE_FLOAT;
		return NULL;
	}
	ret->value_class = OTRACE_VALUE_PARTS;
	ret->align = natural_align(type) > 8 ? 16 : 8;
	ret->parts = (parts.of[0] == PART_VECTOR ? OTRACE_VALUE_PART0_VECTOR : 0) |
		     (parts.of[1] == PART_VECTOR ? OTRACE_VALUE_PART1_VECTOR : 0);
	return NULL;
}

static struct ot_err *place_scalar(const struct ot_type *type, bool is_result,
				   struct otrace_call_value *ret)
{
	if (ot_type_is_pointer(type)) {
		ret->value_class = OTRACE_VALUE_POINTER;
	} else if (is_float128(type) || (type->kind == OTRACE_TYPE_VECTOR && ret->bytes > 8)) {
		return cannot(type, "vectors of 16 bytes and more are not supported");
	} else if (type->kind == OTRACE_TYPE_VECTOR ||
		   (ot_type_is_float(type) && ret->bytes == 2)) {
		ret->value_class = OTRACE_VALUE_PARTS;
		ret->parts = OTRACE_VALUE_PART0_VECTOR;
	} else if (ot_type_is_float(type)) {
		ret->value_class = OTRACE_VALUE_FLOAT;
	} else if (is_complex(type)) {
		place_complex(type, is_result, ret);
	} else if (ret->bytes <= 8) {
		ret->value_class = OTRACE_VALUE_INT;
	} else if (ret->bytes <= 16) {
		ret->value_class = OTRACE_VALUE_PARTS;
		ret->align = (uint32_t)natural_align(type);
	} else {
		in_memory(type, ret);
	}
	return NULL;
}

struct ot_err *ot_abi_classify(const struct ot_type *declared, bool is_result,
			       struct otrace_call_value *ret)
{
	const struct ot_type *type = ot_type_strip(declared);
	uint64_t bytes = ot_type_size(type);
	struct otrace_call_value value = {.bytes = (uint32_t)bytes, .align = 8};

	if (type->kind == OTRACE_TYPE_VOID ||
	    (ot_type_is_record(type) && !bytes && !(type->flags & OTRACE_TYPE_FLAG_INCOMPLETE))) {
		value.value_class = OTRACE_VALUE_VOID;
		*ret = value;
		return NULL;
	}
	if (!bytes || bytes > UINT32_MAX)
		return cannot(declared, "its size is not known");
	if (ot_type_is_array(type) || ot_type_is_function(type))
		return cannot(declared, "C passes none by value");
	if (ot_type_is_record(type))
		OT_TRY(place_record(type, &value));
	else
		OT_TRY(place_scalar(type, is_result, &value));
	*ret = value;
	return NULL;
}
