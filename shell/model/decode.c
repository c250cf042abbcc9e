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

const void *ot_decode_array(struct ot_decoder *decoder, const struct otrace_ref *ref, uint64_t nr,
			    size_t bytes, size_t align, const char *what)
{
	uint64_t address = ot_image_follow(decoder->image, ref);
	const void *array;

	if (!nr)
		return NULL;
	array = address && nr <= MEMBERS_MAX && address % align == 0
			? ot_image_at(decoder->image, address, nr * bytes)
			: NULL;
	if (!array)
		ot_decode_fail(decoder, address, what);
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
	uint64_t key = like->hash[0] ^ ot_hash_u64(like->hash[1]);
	struct ot_type *type = key ? ot_map_get(&d->program->types_by_hash, key) : NULL;

	*is_new = false;
	if (type && type->hash[0] == like->hash[0] && type->hash[1] == like->hash[1])
		return type;
	*is_new = true;
	type = type_add(d->program, like);
	if (key)
		ot_map_set(&d->program->types_by_hash, key, type);
	return type;
}

static const struct ot_type *decode(struct ot_decoder *d, uint64_t address, int depth);

static bool decode_params(struct ot_decoder *d, const struct otrace_type *raw, struct ot_type *type,
			  int depth)
{
	const struct otrace_member *from =
		ot_decode_array(d, &raw->members, raw->nr_members, sizeof(*from),
				_Alignof(__typeof__(*from)), "parameters of a type");
	struct ot_member *members;

	if (d->err)
		return false;
	members = ot_arena_alloc(&d->program->arena, sizeof(*members) * (raw->nr_members + 1));
	for (uint32_t i = 0; i < raw->nr_members; i++) {
		uint64_t at = ot_image_follow(d->image, &from[i].type);

		members[i].name = ot_decode_string(d, &from[i].name);
		members[i].type = decode(d, at, depth + 1);
		if (!members[i].type || d->err)
			return false;
	}
	type->members = members;
	type->nr_members = raw->nr_members;
	return true;
}

/* Everything but the target and the members. */
static bool decode_plain(struct ot_decoder *d, const struct otrace_type *raw, struct ot_type *type)
{
	memset(type, 0, sizeof(*type));
	type->kind = (enum otrace_type_kind)raw->kind;
	type->encoding = raw->encoding;
	type->flags = raw->flags;
	type->size_bytes = raw->size_bytes;
	type->count = raw->count;
	type->name = ot_decode_string(d, &raw->name);
	if (type->name && !*type->name)
		type->name = NULL;
	type->module = &d->loaded->module;
	/* the records of other kinds end before these */
	if (otrace_type_bytes(raw->kind) == sizeof(*raw)) {
		type->file = ot_decode_string(d, &raw->file);
		type->line = raw->line;
		type->align_bytes = raw->align_bytes;
		memcpy(type->hash, raw->hash, sizeof(type->hash));
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
	if (like.kind == OTRACE_TYPE_FUNCTION && !decode_params(d, raw, &like, depth))
		return NULL;
	if (like.kind == OTRACE_TYPE_TYPEDEF && (like.hash[0] || like.hash[1]))
		type = intern_hashed(d, &like, &is_new);
	else
		type = ot_types_intern(d->program, &like);
	ot_map_set(&d->types, address, type);
	return type;
}

/* The record at an address, as far as its kind has one; NULL when there is none. */
static const struct otrace_type *type_record(struct ot_decoder *d, uint64_t address)
{
	const uint32_t least = otrace_type_bytes(OTRACE_TYPE_BASE);
	const struct otrace_type *raw = address % 8 ? NULL : ot_image_at(d->image, address, least);

	if (!raw || raw->magic != OTRACE_MAGIC_TYPE || raw->kind > OTRACE_TYPE_UNSPECIFIED)
		return NULL;
	return ot_image_at(d->image, address, otrace_type_bytes(raw->kind));
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
	raw = type_record(d, address);
	if (!raw) {
		ot_decode_fail(d, address, "no type where one is named");
		return NULL;
	}
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

static bool decode_fields(struct ot_decoder *d, const struct otrace_type *raw, struct ot_type *type)
{
	const struct otrace_member *from =
		ot_decode_array(d, &raw->members, raw->nr_members, sizeof(*from),
				_Alignof(__typeof__(*from)), "members of a type");
	struct ot_member *members;

	if (d->err)
		return false;
	members = ot_arena_alloc(&d->program->arena, sizeof(*members) * (raw->nr_members + 1));
	for (uint32_t i = 0; i < raw->nr_members; i++) {
		uint64_t at = ot_image_follow(d->image, &from[i].type);

		members[i].name = ot_decode_string(d, &from[i].name);
		if (members[i].name && !*members[i].name)
			members[i].name = NULL;
		members[i].type = ot_decode_type(d, at);
		members[i].bit_offset = from[i].bit_offset;
		members[i].bit_size = from[i].bit_size;
		members[i].flags = from[i].flags;
		if (d->err)
			return false;
	}
	type->members = members;
	type->nr_members = raw->nr_members;
	return true;
}

static bool decode_enumerators(struct ot_decoder *d, const struct otrace_type *raw,
			       struct ot_type *type)
{
	const struct otrace_enumerator *from =
		ot_decode_array(d, &raw->members, raw->nr_members, sizeof(*from),
				_Alignof(__typeof__(*from)), "enumerators");
	struct ot_enumerator *all;

	if (d->err)
		return false;
	type->target = ot_decode_type(d, ot_image_follow(d->image, &raw->target));
	all = ot_arena_alloc(&d->program->arena, sizeof(*all) * (raw->nr_members + 1));
	for (uint32_t i = 0; i < raw->nr_members; i++) {
		all[i].name = ot_decode_string(d, &from[i].name);
		all[i].value = from[i].value;
		all[i].is_unsigned = from[i].flags & 1;
		if (!all[i].name)
			ot_decode_fail(d, ot_image_follow(d->image, &raw->members),
				       "enumerator without a name");
	}
	type->enumerators = all;
	type->nr_members = raw->nr_members;
	return !d->err;
}

bool ot_decode_members(struct ot_decoder *decoder)
{
	while (!decoder->err && decoder->todo.nr) {
		struct ot_type *type = decoder->todo.items[--decoder->todo.nr];
		uint64_t at = decoder->todo_at.items[--decoder->todo_at.nr];
		const struct otrace_type *raw = ot_image_at(decoder->image, at, sizeof(*raw));

		if (type->kind == OTRACE_TYPE_ENUM)
			decode_enumerators(decoder, raw, type);
		else
			decode_fields(decoder, raw, type);
	}
	return !decoder->err;
}
