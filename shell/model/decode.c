// SPDX-License-Identifier: BSD-2-Clause
// Types from the tables. Nothing in them is trusted: each reference is checked before it is
// followed, and chains that C cannot make (a pointer to itself) end at a depth limit.
#include <string.h>

#include "model/internal.h"

#define CHAIN_MAX 128
#define MEMBERS_MAX (1u << 20)

void ot_decode_fail(struct ot_decoder *decoder, uint64_t address, const char *what)
{
	if (!decoder->err)
		decoder->err = ot_err_new(OT_ERR_DAMAGED, "damaged table: %s at %#llx", what,
					  (unsigned long long)address);
}

const char *ot_decode_string(struct ot_decoder *decoder, const struct otrace_ref *ref)
{
	uint64_t address = ot_image_follow(decoder->image, ref);
	const char *text;

	if (!address)
		return NULL;
	text = ot_image_string(decoder->image, address);
	if (!text)
		ot_decode_fail(decoder, address, "text outside of the module");
	return text;
}

/* What lies right behind a record: nr things of so many bytes. */
static const void *behind(struct ot_decoder *d, uint64_t address, const struct otrace_type *raw,
			  size_t bytes)
{
	uint64_t at = address + otrace_type_bytes(raw->kind);
	const void *array = raw->count <= MEMBERS_MAX
				    ? ot_image_at(d->image, at, (uint64_t)raw->count * bytes)
				    : NULL;

	if (!array)
		ot_decode_fail(d, address, "members outside of the module");
	return array;
}

static bool types_equal(const struct ot_type *a, const struct ot_type *b)
{
	if (a->kind != b->kind || a->encoding != b->encoding || a->flags != b->flags ||
	    a->size_bytes != b->size_bytes || a->count != b->count || a->target != b->target ||
	    a->nr_members != b->nr_members || !a->name != !b->name)
		return false;
	if (a->name && strcmp(a->name, b->name))
		return false;
	for (uint32_t i = 0; a->kind == OTRACE_TYPE_FUNCTION && i < a->nr_members; i++)
		if (a->members[i].type != b->members[i].type)
			return false;
	return true;
}

static uint64_t type_key(const struct ot_type *type)
{
	uint64_t key = ot_hash_u64((uintptr_t)type->target + type->kind);

	key = ot_hash_u64(key ^ type->count << 8 ^ type->size_bytes << 32 ^ type->flags);
	if (type->name)
		key ^= ot_hash_text(type->name);
	for (uint32_t i = 0; type->kind == OTRACE_TYPE_FUNCTION && i < type->nr_members; i++)
		key = ot_hash_u64(key ^ (uintptr_t)type->members[i].type);
	return key;
}

static struct ot_type *type_add(struct ot_program *program, const struct ot_type *like)
{
	struct ot_type *type = ot_arena_alloc(&program->arena, sizeof(*type));

	*type = *like;
	ot_vec_push(&program->all_types, type);
	return type;
}

struct ot_type *ot_types_intern(struct ot_program *program, const struct ot_type *like)
{
	uint64_t key = type_key(like);
	struct ot_type *type = ot_map_get(&program->types_by_hash, key);

	if (type && types_equal(type, like))
		return type;
	type = type_add(program, like);
	ot_map_set(&program->types_by_hash, key, type);
	return type;
}

/* Structs, unions, classes, enums, typedefs: the hash of the pass says which are equal. */
static struct ot_type *intern_hashed(struct ot_decoder *d, const struct ot_type *like, bool *is_new)
{
	uint64_t key = like->hash;
	struct ot_type *type = key ? ot_map_get(&d->program->types_by_hash, key) : NULL;

	*is_new = false;
	if (type && type->hash == key)
		return type;
	*is_new = true;
	type = type_add(d->program, like);
	if (key)
		ot_map_set(&d->program->types_by_hash, key, type);
	return type;
}

static const struct ot_type *decode(struct ot_decoder *d, uint64_t address, int depth);

static bool decode_params(struct ot_decoder *d, uint64_t address, const struct otrace_type *raw,
			  struct ot_type *type, int depth)
{
	const struct otrace_ref *from = behind(d, address, raw, sizeof(*from));
	struct ot_member *members;

	if (d->err)
		return false;
	members = ot_arena_alloc(&d->program->arena, sizeof(*members) * (raw->count + 1));
	for (uint32_t i = 0; i < raw->count; i++) {
		members[i].type = decode(d, ot_image_follow(d->image, &from[i]), depth + 1);
		if (!members[i].type || d->err)
			return false;
	}
	type->members = members;
	type->nr_members = raw->count;
	return true;
}

/* Everything but the target and the members, as far as the kind has it. */
static bool decode_plain(struct ot_decoder *d, const struct otrace_type *raw, struct ot_type *type)
{
	uint32_t bytes = otrace_type_bytes(raw->kind);

	memset(type, 0, sizeof(*type));
	type->kind = (enum otrace_type_kind)raw->kind;
	type->flags = raw->flags & ~((uint32_t)OTRACE_TYPE_FLAG_WIDE |
				     (uint32_t)OTRACE_TYPE_FLAG_UNSIGNED_VALUES);
	type->size_bytes = raw->size_bytes;
	type->module = &d->loaded->module;
	if (bytes > offsetof(struct otrace_type, name))
		type->name = ot_decode_string(d, &raw->name);
	if (type->name && !*type->name)
		type->name = NULL;
	if (type->kind == OTRACE_TYPE_BASE || type->kind == OTRACE_TYPE_ARRAY ||
	    type->kind == OTRACE_TYPE_VECTOR)
		type->count = raw->count;
	if (bytes < sizeof(*raw)) {
		type->encoding = raw->encoding;
	} else {
		type->align_bytes = raw->encoding ? 1u << ((raw->encoding - 1) & 31) : 0;
		type->file = ot_decode_string(d, &raw->file);
		type->line = raw->line;
		memcpy(&type->hash, raw->hash, sizeof(type->hash));
	}
	return !d->err;
}

static bool kind_has_members(enum otrace_type_kind kind)
{
	return kind == OTRACE_TYPE_STRUCT || kind == OTRACE_TYPE_UNION ||
	       kind == OTRACE_TYPE_CLASS || kind == OTRACE_TYPE_ENUM;
}

static const struct ot_type *decode_new(struct ot_decoder *d, uint64_t address,
					const struct otrace_type *raw, int depth)
{
	struct ot_type like;
	struct ot_type *type;
	bool is_new;

	if (!decode_plain(d, raw, &like))
		return NULL;
	if (kind_has_members(like.kind)) {
		type = intern_hashed(d, &like, &is_new);
		ot_map_set(&d->types, address, type);
		if (is_new) {
			ot_vec_push(&d->todo, type);
			ot_vec_push(&d->todo_at, address);
		}
		return type;
	}
	if (like.kind != OTRACE_TYPE_BASE && like.kind != OTRACE_TYPE_VOID &&
	    like.kind != OTRACE_TYPE_UNSPECIFIED) {
		like.target = decode(d, ot_image_follow(d->image, &raw->target), depth + 1);
		if (!like.target)
			return NULL;
	}
	if (like.kind == OTRACE_TYPE_FUNCTION && !decode_params(d, address, raw, &like, depth))
		return NULL;
	if (like.kind == OTRACE_TYPE_TYPEDEF && like.hash)
		type = intern_hashed(d, &like, &is_new);
	else
		type = ot_types_intern(d->program, &like);
	ot_map_set(&d->types, address, type);
	return type;
}

/* The record at an address, as far as its kind has one; NULL when there is none. */
static const struct otrace_type *type_record(struct ot_decoder *d, uint64_t address)
{
	const uint32_t least = otrace_type_bytes(OTRACE_TYPE_POINTER);
	const struct otrace_type *raw = ot_image_at(d->image, address, least);

	if (!raw || raw->magic != OTRACE_MAGIC_TYPE || raw->kind > OTRACE_TYPE_UNSPECIFIED)
		return NULL;
	return ot_image_at(d->image, address, otrace_type_bytes(raw->kind));
}

/* A pointer to a type, const, a pointer to const: what is added to the address says it. */
static const struct ot_type *decode_variant(struct ot_decoder *d, uint64_t address, int depth)
{
	static const enum otrace_type_kind kinds[] = {OTRACE_TYPE_VOID, OTRACE_TYPE_POINTER,
						      OTRACE_TYPE_CONST, OTRACE_TYPE_POINTER};
	uint64_t of = address - (address % 4 == 3 ? 1 : address % 4);
	struct ot_type like = {.kind = kinds[address % 4], .module = &d->loaded->module};
	const struct ot_type *type;

	like.target = decode(d, of, depth + 1);
	if (!like.target)
		return NULL;
	like.size_bytes = like.kind == OTRACE_TYPE_POINTER ? 8 : like.target->size_bytes;
	type = ot_types_intern(d->program, &like);
	ot_map_set(&d->types, address, (void *)type);
	return type;
}

static const struct ot_type *decode(struct ot_decoder *d, uint64_t address, int depth)
{
	const struct otrace_type *raw;
	const struct ot_type *type;

	if (!address)
		return d->program->type_void;
	type = ot_map_get(&d->types, address);
	if (type)
		return type;
	if (address % 4)
		return decode_variant(d, address, depth);
	raw = type_record(d, address);
	if (!raw) {
		ot_decode_fail(d, address, "no type where one is named");
		return NULL;
	}
	if (raw->kind == OTRACE_TYPE_VOID)
		return d->program->type_void;
	if (depth > CHAIN_MAX) {
		ot_decode_fail(d, address, "endless type");
		return NULL;
	}
	return decode_new(d, address, raw, depth);
}

const struct ot_type *ot_decode_type(struct ot_decoder *decoder, uint64_t address)
{
	return decode(decoder, address, 0);
}

static struct ot_member unpack_member(const struct otrace_member *from)
{
	uint32_t place = from->place & ~OTRACE_PLACE_KIND;
	struct ot_member member = {.bit_offset = (uint64_t)place * 8};

	switch (from->place & OTRACE_PLACE_KIND) {
	case OTRACE_PLACE_BITFIELD:
		member.bit_offset = place & ((1u << OTRACE_PLACE_SIZE_SHIFT) - 1);
		member.bit_size = (place >> OTRACE_PLACE_SIZE_SHIFT) + 1;
		member.flags = OTRACE_MEMBER_BITFIELD;
		break;
	case OTRACE_PLACE_BASE_CLASS:
		member.flags = OTRACE_MEMBER_BASE_CLASS;
		break;
	case OTRACE_PLACE_STATIC:
		member.flags = OTRACE_MEMBER_STATIC;
		break;
	default:
		break;
	}
	return member;
}

static struct ot_member unpack_wide_member(const struct otrace_wide_member *from)
{
	struct ot_member member = {.bit_size = from->bit_size, .flags = from->flags};

	memcpy(&member.bit_offset, from->bit_offset, sizeof(member.bit_offset));
	return member;
}

static bool decode_fields(struct ot_decoder *d, uint64_t address, const struct otrace_type *raw,
			  struct ot_type *type)
{
	bool wide = raw->flags & OTRACE_TYPE_FLAG_WIDE;
	size_t bytes = wide ? sizeof(struct otrace_wide_member) : sizeof(struct otrace_member);
	const char *from = behind(d, address, raw, bytes);
	struct ot_member *members;

	if (d->err)
		return false;
	members = ot_arena_alloc(&d->program->arena, sizeof(*members) * (raw->count + 1));
	for (uint32_t i = 0; i < raw->count; i++, from += bytes) {
		const struct otrace_member *head = (const void *)from;

		members[i] = wide ? unpack_wide_member((const void *)from) : unpack_member(head);
		members[i].name = ot_decode_string(d, &head->name);
		if (members[i].name && !*members[i].name)
			members[i].name = NULL;
		members[i].type = ot_decode_type(d, ot_image_follow(d->image, &head->type));
		if (d->err)
			return false;
	}
	type->members = members;
	type->nr_members = raw->count;
	return true;
}

static void unpack_value(const struct otrace_type *raw, const void *from, struct ot_enumerator *ret)
{
	const struct otrace_enumerator *narrow = from;
	const struct otrace_wide_enumerator *wide = from;

	if (raw->flags & OTRACE_TYPE_FLAG_WIDE) {
		memcpy(&ret->value, wide->value, sizeof(ret->value));
		ret->is_unsigned = wide->flags & 1;
		return;
	}
	ret->is_unsigned = raw->flags & OTRACE_TYPE_FLAG_UNSIGNED_VALUES;
	ret->value = ret->is_unsigned ? (int64_t)narrow->value : (int32_t)narrow->value;
}

static bool decode_enumerators(struct ot_decoder *d, uint64_t address,
			       const struct otrace_type *raw, struct ot_type *type)
{
	size_t bytes = raw->flags & OTRACE_TYPE_FLAG_WIDE ? sizeof(struct otrace_wide_enumerator)
							  : sizeof(struct otrace_enumerator);
	const char *from = behind(d, address, raw, bytes);
	struct ot_enumerator *all;

	if (d->err)
		return false;
	type->target = ot_decode_type(d, ot_image_follow(d->image, &raw->target));
	all = ot_arena_alloc(&d->program->arena, sizeof(*all) * (raw->count + 1));
	for (uint32_t i = 0; i < raw->count && !d->err; i++, from += bytes) {
		all[i].name = ot_decode_string(d, (const void *)from);
		unpack_value(raw, from, &all[i]);
		if (!all[i].name)
			ot_decode_fail(d, address, "enumerator without a name");
	}
	type->enumerators = all;
	type->nr_members = raw->count;
	return !d->err;
}

bool ot_decode_members(struct ot_decoder *decoder)
{
	while (!decoder->err && decoder->todo.nr) {
		struct ot_type *type = decoder->todo.items[--decoder->todo.nr];
		uint64_t at = decoder->todo_at.items[--decoder->todo_at.nr];
		const struct otrace_type *raw = ot_image_at(decoder->image, at, sizeof(*raw));

		if (type->kind == OTRACE_TYPE_ENUM)
			decode_enumerators(decoder, at, raw, type);
		else
			decode_fields(decoder, at, raw, type);
	}
	return !decoder->err;
}
