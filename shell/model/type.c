// SPDX-License-Identifier: BSD-2-Clause
// Questions about types.
#include <string.h>

#include "model/type.h"

/* Anonymous structs in anonymous structs: deeper is a damaged table. */
#define ANONYMOUS_MAX_DEPTH 16

static bool is_wrapper(enum otrace_type_kind kind)
{
	return kind == OTRACE_TYPE_TYPEDEF || kind == OTRACE_TYPE_CONST ||
	       kind == OTRACE_TYPE_VOLATILE || kind == OTRACE_TYPE_RESTRICT ||
	       kind == OTRACE_TYPE_ATOMIC;
}

const struct ot_type *ot_type_strip(const struct ot_type *type)
{
	while (is_wrapper(type->kind) && type->target)
		type = type->target;
	while (type->complete)
		type = type->complete;
	return type;
}

uint64_t ot_type_count(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return type->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN ? 0 : type->count;
}

uint64_t ot_type_size(const struct ot_type *type)
{
	uint64_t bytes;

	for (; is_wrapper(type->kind) && type->target; type = type->target)
		if (type->kind == OTRACE_TYPE_ATOMIC && type->size_bytes)
			return type->size_bytes; /* may be larger than what it is made of */
	type = ot_type_strip(type);
	if (type->kind == OTRACE_TYPE_ARRAY) {
		if (__builtin_mul_overflow(ot_type_size(type->target), ot_type_count(type), &bytes))
			return 0;
		return bytes;
	}
	if (type->size_bytes)
		return type->size_bytes;
	if (type->kind == OTRACE_TYPE_POINTER || type->kind == OTRACE_TYPE_REFERENCE ||
	    type->kind == OTRACE_TYPE_RVALUE_REFERENCE)
		return 8;
	return 0;
}

bool ot_type_is_void(const struct ot_type *type)
{
	return ot_type_strip(type)->kind == OTRACE_TYPE_VOID;
}

bool ot_type_is_pointer(const struct ot_type *type)
{
	enum otrace_type_kind kind = ot_type_strip(type)->kind;

	return kind == OTRACE_TYPE_POINTER || kind == OTRACE_TYPE_REFERENCE ||
	       kind == OTRACE_TYPE_RVALUE_REFERENCE;
}

bool ot_type_is_record(const struct ot_type *type)
{
	enum otrace_type_kind kind = ot_type_strip(type)->kind;

	return kind == OTRACE_TYPE_STRUCT || kind == OTRACE_TYPE_UNION || kind == OTRACE_TYPE_CLASS;
}

bool ot_type_is_array(const struct ot_type *type)
{
	return ot_type_strip(type)->kind == OTRACE_TYPE_ARRAY;
}

bool ot_type_is_function(const struct ot_type *type)
{
	return ot_type_strip(type)->kind == OTRACE_TYPE_FUNCTION;
}

bool ot_type_is_integer(const struct ot_type *type)
{
	type = ot_type_strip(type);
	if (type->kind == OTRACE_TYPE_ENUM)
		return true;
	return type->kind == OTRACE_TYPE_BASE && type->encoding != OTRACE_ENC_FLOAT &&
	       type->encoding != OTRACE_ENC_COMPLEX && type->encoding != OTRACE_ENC_COMPLEX_INTEGER;
}

bool ot_type_is_float(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return type->kind == OTRACE_TYPE_BASE && type->encoding == OTRACE_ENC_FLOAT;
}

bool ot_type_is_bit_int(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return type->kind == OTRACE_TYPE_BASE && type->name && strstr(type->name, "_BitInt");
}

bool ot_type_is_float128(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return ot_type_is_float(type) && type->size_bytes == 16 && type->name &&
	       strstr(type->name, "128");
}

bool ot_type_is_complex(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return type->kind == OTRACE_TYPE_BASE && (type->encoding == OTRACE_ENC_COMPLEX ||
						  type->encoding == OTRACE_ENC_COMPLEX_INTEGER);
}

bool ot_type_is_scalar(const struct ot_type *type)
{
	return ot_type_is_integer(type) || ot_type_is_float(type) || ot_type_is_pointer(type);
}

bool ot_type_is_signed(const struct ot_type *type)
{
	type = ot_type_strip(type);
	if (type->kind == OTRACE_TYPE_ENUM) {
		if (type->target && type->target->kind != OTRACE_TYPE_VOID)
			return ot_type_is_signed(type->target);
		for (uint32_t i = 0; i < type->nr_members; i++)
			if (type->enumerators[i].value < 0 && !type->enumerators[i].is_unsigned)
				return true;
		return false;
	}
	return type->kind == OTRACE_TYPE_BASE &&
	       (type->encoding == OTRACE_ENC_SIGNED || type->encoding == OTRACE_ENC_SIGNED_CHAR);
}

bool ot_type_is_char(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return type->kind == OTRACE_TYPE_BASE && type->size_bytes == 1 && type->name &&
	       !strcmp(type->name, "char");
}

bool ot_type_is_byte(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return type->kind == OTRACE_TYPE_BASE && type->size_bytes == 1 &&
	       (type->encoding == OTRACE_ENC_SIGNED_CHAR ||
		type->encoding == OTRACE_ENC_UNSIGNED_CHAR || type->encoding == OTRACE_ENC_UTF);
}

bool ot_type_is_char_pointer(const struct ot_type *type)
{
	type = ot_type_strip(type);
	return type->kind == OTRACE_TYPE_POINTER && ot_type_is_char(type->target);
}

static const struct ot_member *find_member(const struct ot_type *type, const char *name,
					   uint64_t *bit_offset_ret, int depth)
{
	type = ot_type_strip(type);
	if (!ot_type_is_record(type) || depth > ANONYMOUS_MAX_DEPTH)
		return NULL;
	for (uint32_t i = 0; i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];
		const struct ot_member *inner;
		uint64_t offset = 0;

		if (member->name && !strcmp(member->name, name)) {
			*bit_offset_ret = member->bit_offset;
			return member;
		}
		if (member->name && !(member->flags & OTRACE_MEMBER_BASE_CLASS))
			continue;
		inner = find_member(member->type, name, &offset, depth + 1);
		if (inner) {
			*bit_offset_ret = member->bit_offset + offset;
			return inner;
		}
	}
	return NULL;
}

const struct ot_member *ot_type_find_member(const struct ot_type *type, const char *name,
					    uint64_t *bit_offset_ret)
{
	return find_member(type, name, bit_offset_ret, 0);
}
