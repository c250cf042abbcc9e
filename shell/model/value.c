// SPDX-License-Identifier: BSD-2-Clause
// Values: where they lie, reading them, taking them apart.
#include <float.h>
#include <string.h>

#include "model/value.h"
#include "model/wide.h"

/* Larger things are read when their parts are looked at. */
#define FETCH_MAX_BYTES (256u * 1024u)

void ot_value_deinit(struct ot_value *value)
{
	free(value->own);
	memset(value, 0, sizeof(*value));
}

static void set_bytes(struct ot_value *value, const void *bytes, size_t nr_bytes)
{
	if (nr_bytes > sizeof(value->small)) {
		value->own = (uint8_t *)ot_strndup(bytes, nr_bytes);
		value->bytes = value->own;
	} else {
		if (nr_bytes)
			memmove(value->small, bytes, nr_bytes);
		value->bytes = value->small;
	}
	value->nr_bytes = nr_bytes;
}

void ot_value_copy(const struct ot_value *from, struct ot_value *ret)
{
	struct ot_value copy = *from;
	size_t text = from->string.known ? from->string.nr_bytes : 0;
	size_t known = from->known ? from->nr_bytes : 0;

	copy.own = NULL;
	if (!from->bytes) {
		*ret = copy;
		return;
	}
	/* one block: bytes, then what is known of them, then the string */
	copy.own = ot_alloc(from->nr_bytes + known + text);
	memcpy(copy.own, from->bytes, from->nr_bytes);
	copy.bytes = copy.own;
	if (known) {
		memcpy(copy.own + from->nr_bytes, from->known, known);
		copy.known = copy.own + from->nr_bytes;
	}
	if (text) {
		memcpy(copy.own + from->nr_bytes + known, from->string.bytes, text);
		copy.string.bytes = (char *)copy.own + from->nr_bytes + known;
	}
	*ret = copy;
}

void ot_value_at(const struct ot_type *type, uint64_t address, struct ot_value *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->type = type;
	ret->is_lvalue = true;
	ret->address = address;
}

void ot_value_of_bytes(const struct ot_type *type, const void *bytes, size_t nr_bytes,
		       struct ot_value *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->type = type;
	set_bytes(ret, bytes, nr_bytes);
}

void ot_value_of_u64(const struct ot_type *type, uint64_t number, struct ot_value *ret)
{
	uint64_t words[2] = {number, 0};
	uint64_t size = ot_type_size(type);

	if (ot_type_is_signed(type) && (int64_t)number < 0)
		words[1] = UINT64_MAX;
	ot_value_of_bytes(type, words, size < sizeof(words) ? size : sizeof(words), ret);
}

/* Bytes that hold the value, bit-fields from their first byte on. */
static uint64_t bytes_needed(const struct ot_value *value)
{
	uint64_t bytes = ot_type_size(value->type);
	uint64_t count;

	if (value->bit_size)
		return ((uint64_t)value->bit_shift + value->bit_size + 7u) / 8u;
	if (!bytes && ot_type_is_array(value->type) && ot_value_count(value, &count))
		return count * ot_type_size(ot_type_strip(value->type)->target);
	return bytes;
}

void ot_value_fetch(struct ot_target *target, struct ot_value *value)
{
	ot_value_fetch_start(target, value, FETCH_MAX_BYTES);
}

void ot_value_fetch_start(struct ot_target *target, struct ot_value *value, uint64_t max_bytes)
{
	struct ot_target_span span = {.address = value->address};
	uint64_t need = bytes_needed(value);
	ot_auto_free void *memory = NULL;
	size_t settled;
	bool is_whole;

	if (value->bytes || value->state != OT_VALUE_OK || !value->is_lvalue || !target)
		return;
	span.bytes = need < max_bytes ? need : max_bytes;
	memory = ot_alloc(span.bytes);
	span.buf = memory;
	if (span.bytes)
		ot_err_destroy(ot_target_readv(target, &span, 1));
	settled = ot_target_settled(target, span.address, span.got);
	/* Of a thing with parts whose first one is not there the others are looked at on their own; of
	 * a number, and of a bit-field, a half is nothing. */
	is_whole = ot_type_is_scalar(value->type) || ot_type_is_complex(value->type);
	if (span.bytes && ((!settled && !span.got) || (settled < span.bytes && is_whole))) {
		value->state = OT_VALUE_UNREADABLE;
		return;
	}
	set_bytes(value, memory, settled);
}

static struct ot_err *address_in_code(struct ot_target *target, const struct ot_var *var,
				      uint64_t *ret)
{
	uint8_t code[OTRACE_ADDRESS_CODE_BYTES];
	uint64_t address = 0;

	OT_TRY(ot_target_read(target, var->address, code, sizeof(code)));
	switch (otrace_address_code(code, var->address, &address)) {
	case OTRACE_ADDRESS_CODE_WORD:
		OT_TRY(ot_target_read(target, address, &address, sizeof(address)));
		break;
	case OTRACE_ADDRESS_CODE_DIRECT:
		break;
	default:
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "where %s lies is not known: the linker wrote an instruction "
				  "that otrace does not read",
				  var->unique_name);
	}
	*ret = address;
	return NULL;
}

static struct ot_err *var_address(struct ot_program *program, const struct ot_var *var,
				  uint32_t tid, uint64_t *ret)
{
	struct ot_target *target = ot_program_target(program);
	uint64_t address = var->address;

	if (var->flags & OTRACE_VAR_THREAD_LOCAL)
		return ot_target_tls(target, var->address, tid, ret);
	if (var->flags & OTRACE_VAR_ADDRESS_IN_CODE)
		return address_in_code(target, var, ret);
	if (var->flags & OTRACE_VAR_ADDRESS_IN_GOT)
		OT_TRY(ot_target_read(target, var->address, &address, sizeof(address)));
	*ret = address;
	return NULL;
}

struct ot_err *ot_value_of_var(struct ot_program *program, const struct ot_var *var, uint32_t tid,
			       struct ot_value *ret)
{
	uint64_t address = 0;

	if (var->flags & OTRACE_VAR_CONSTANT_VALUE) {
		uint64_t size = ot_type_size(var->type);

		ot_value_of_bytes(var->type, &var->constant_value, size < 8 ? size : 8, ret);
		ret->stores_ignored = true;
		return NULL;
	}
	if (var->flags & OTRACE_VAR_OPTIMIZED_OUT || !var->address) {
		memset(ret, 0, sizeof(*ret));
		ret->type = var->type;
		ret->state = OT_VALUE_OPTIMIZED_OUT;
		return NULL;
	}
	OT_TRY(var_address(program, var, tid, &address));
	if (!address)
		return ot_err_new(OT_ERR_FAULT, "%s has no address here", var->unique_name);
	ot_value_at(var->type, address, ret);
	ret->has_room = true;
	ret->room_bytes = var->size_bytes;
	ret->stores_ignored = (var->flags & OTRACE_VAR_STORES_IGNORED) != 0;
	return NULL;
}

/* ------------------------------------------------------------------ numbers */

#define X87_BYTES 10u /* of the 16 that a long double takes */

bool ot_value_is_known(const struct ot_value *value, uint64_t bytes)
{
	const struct ot_type *type = ot_type_strip(value->type);
	bool x87 =
		(ot_type_is_float(type) && type->size_bytes == 16 && !ot_type_is_float128(type)) ||
		(type->encoding == OTRACE_ENC_COMPLEX && type->size_bytes == 32 &&
		 type->count != 128);

	for (uint64_t i = 0; value->known && i < bytes; i++)
		if (!value->known[i] && !(x87 && i % 16 >= X87_BYTES))
			return false;
	return true;
}

/* Of bits that are not those of whole bytes. */
static bool wide_to_u64(const struct ot_value *value, uint64_t *ret)
{
	ot_auto_wide struct ot_wide wide = {0};
	uint64_t above;

	if (!ot_value_to_wide(value, &wide))
		return false;
	above = ot_type_is_signed(value->type) && (int64_t)wide.limbs[0] < 0 ? UINT64_MAX : 0;
	for (size_t i = 1; i < wide.nr; i++)
		if (wide.limbs[i] != above)
			return false;
	*ret = wide.limbs[0];
	return true;
}

bool ot_value_to_u64(const struct ot_value *value, uint64_t *ret)
{
	uint64_t size = ot_type_size(value->type);
	uint64_t number = 0;

	if (value->state != OT_VALUE_OK || !value->bytes || ot_type_is_float(value->type) ||
	    !ot_type_is_scalar(value->type) || !ot_value_is_known(value, bytes_needed(value)))
		return false;
	if (value->bit_size || size > 16 || ot_value_bits(value) != size * 8)
		return wide_to_u64(value, ret);
	if (!size || value->nr_bytes < size)
		return false;
	memcpy(&number, value->bytes, size < 8 ? size : 8);
	if (size < 8 && ot_type_is_signed(value->type)) {
		uint64_t sign = 1ull << (size * 8 - 1);

		number = (number ^ sign) - sign;
	}
	*ret = number;
	return true;
}

/* __bf16 is the upper half of a float; _Float16 is IEEE 754's binary16. */
static float half_to_float(const struct ot_type *type, const uint8_t *bytes)
{
	uint32_t high = (uint32_t)(bytes[0] | bytes[1] << 8) << 16;
	const char *name = ot_type_strip(type)->name;
	_Float16 half;
	float wide;

	if (name && !strcmp(name, "__bf16")) {
		memcpy(&wide, &high, sizeof(wide));
		return wide;
	}
	memcpy(&half, bytes, sizeof(half));
	return (float)half;
}

bool ot_value_to_long_double(const struct ot_value *value, long double *ret)
{
	uint64_t size = ot_type_size(value->type);
	uint64_t number;
	long double extended = 0;
	__float128 quad;
	double plain;
	float small;

	if (!ot_type_is_float(value->type)) {
		if (!ot_value_to_u64(value, &number))
			return false;
		*ret = ot_type_is_signed(value->type) ? (long double)(int64_t)number
						      : (long double)number;
		return true;
	}
	if (value->state != OT_VALUE_OK || !value->bytes || value->nr_bytes < size ||
	    !ot_value_is_known(value, size))
		return false;
	if (size == sizeof(uint16_t)) {
		extended = half_to_float(value->type, value->bytes);
	} else if (size == sizeof(float)) {
		memcpy(&small, value->bytes, sizeof(small));
		extended = small;
	} else if (size == sizeof(double)) {
		memcpy(&plain, value->bytes, sizeof(plain));
		extended = plain;
	} else if (ot_type_is_float128(value->type)) {
		memcpy(&quad, value->bytes, sizeof(quad));
		extended = (long double)quad;
	} else if (size == sizeof(long double)) {
		memcpy(&extended, value->bytes, X87_BYTES);
	} else {
		return false;
	}
	*ret = extended;
	return true;
}

/* ------------------------------------------------------------------ parts */

/* A part that starts at a byte of the whole. What lies behind the bytes that are there is read
 * later if the whole has an address, and was not recorded otherwise. */
static void part_at(const struct ot_value *whole, const struct ot_type *type, uint64_t offset,
		    struct ot_value *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->type = type;
	ret->state = whole->state;
	ret->is_lvalue = whole->is_lvalue;
	ret->stores_ignored = whole->stores_ignored;
	ret->address = whole->address + offset;
}

static void part_bytes(const struct ot_value *whole, uint64_t offset, struct ot_value *ret)
{
	uint64_t need = bytes_needed(ret);

	if (!whole->bytes || ret->state != OT_VALUE_OK)
		return;
	if (offset > whole->nr_bytes || need > whole->nr_bytes - offset) {
		if (whole->is_lvalue)
			return;
		if (offset >= whole->nr_bytes && need) {
			ret->state = OT_VALUE_MISSING;
			return;
		}
		need = offset > whole->nr_bytes ? 0 : whole->nr_bytes - offset;
		offset = need ? offset : 0;
	}
	ret->bytes = whole->bytes + offset;
	ret->nr_bytes = need;
	ret->known = whole->known ? whole->known + offset : NULL;
}

/* Storage behind a struct belongs to what its last member has no length for. */
static bool is_last(const struct ot_type *type, const struct ot_member *member)
{
	return type->kind == OTRACE_TYPE_UNION ||
	       (type->nr_members && member == &type->members[type->nr_members - 1]);
}

void ot_value_member(const struct ot_value *value, const struct ot_member *member,
		     uint64_t bit_offset, struct ot_value *ret)
{
	part_at(value, member->type, bit_offset / 8, ret);
	ret->has_room = value->has_room && value->room_bytes >= bit_offset / 8 &&
			is_last(ot_type_strip(value->type), member);
	ret->room_bytes = ret->has_room ? value->room_bytes - bit_offset / 8 : 0;
	ret->bit_size = member->bit_size;
	if (member->bit_size)
		ret->bit_shift = bit_offset % 8;
	part_bytes(value, bit_offset / 8, ret);
}

bool ot_value_count(const struct ot_value *value, uint64_t *ret)
{
	const struct ot_type *type = ot_type_strip(value->type);
	uint64_t count = ot_type_count(type);
	uint64_t bytes = count ? 0 : ot_type_size(type->target);

	if (value->has_room && bytes) {
		*ret = value->room_bytes / bytes;
		return true;
	}
	*ret = count;
	return !(type->flags & OTRACE_TYPE_FLAG_COUNT_UNKNOWN);
}

void ot_value_element(const struct ot_value *value, uint64_t index, struct ot_value *ret)
{
	const struct ot_type *type = ot_type_strip(value->type);
	uint64_t offset = index * ot_type_size(type->target);

	part_at(value, type->target, offset, ret);
	part_bytes(value, offset, ret);
}
