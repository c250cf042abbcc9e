// SPDX-License-Identifier: BSD-2-Clause
// Types from the tables. Nothing in them is trusted: each reference is checked before it is
// followed, and chains that C cannot make (a pointer to itself) end at a depth limit.
#include <string.h>

#include "model/internal.h"

#define CHAIN_MAX 128
#define MEMBERS_MAX (1u << 20)
#define ROOM (64ull << 10)
#define ROOM_MAX (16ull << 20)
#define TYPE_FLAGS (~(OTRACE_TYPE_HAS_SIZE | OTRACE_TYPE_HAS_ALIGN | OTRACE_TYPE_HAS_FILE) & 0xffu)
#define MEMBER_FLAGS (OTRACE_MEMBER_BITFIELD | OTRACE_MEMBER_BASE_CLASS | OTRACE_MEMBER_STATIC)

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

static bool types_equal(const struct ot_type *a, const struct ot_type *b)
{
	if (a->kind != b->kind || a->encoding != b->encoding || a->flags != b->flags ||
	    a->size_bytes != b->size_bytes || a->count != b->count || a->target != b->target ||
	    a->nr_members != b->nr_members || a->is_local != b->is_local || !a->name != !b->name)
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

struct ot_type *ot_types_add(struct ot_program *program, const struct ot_type *like)
{
	struct ot_type *type = ot_arena_alloc(&program->arena, sizeof(*type));

	*type = *like;
	ot_vec_push(&program->all_types, type);
	return type;
}

struct ot_type *ot_types_intern(struct ot_program *program, const struct ot_type *like)
{
	void **place = ot_map_place(&program->types_by_hash, type_key(like));

	if (!*place || !types_equal(*place, like))
		*place = ot_types_add(program, like);
	return *place;
}

/* Structs, unions, classes, enums, typedefs: the hash of the pass says which are equal. */
static struct ot_type *intern_hashed(struct ot_decoder *d, const struct ot_type *like, bool *is_new)
{
	struct ot_type *known;
	void **place;

	*is_new = true;
	if (!like->hash)
		return ot_types_add(d->program, like);
	place = ot_map_place(&d->program->types_by_hash, like->hash);
	known = *place;
	*is_new = !known || known->hash != like->hash;
	if (*is_new)
		*place = ot_types_add(d->program, like);
	return *place;
}

/* ------------------------------------------------------------------ by address */

/* The slot of an address, or the free one where it would go. Addresses are different enough as they are. */
static size_t type_slot(const struct ot_type_table *table, uint64_t address)
{
	size_t i = (size_t)address & (table->cap - 1);

	while (table->slots[i].type && table->slots[i].address != address)
		i = (i + 1) & (table->cap - 1);
	return i;
}

void ot_type_table_reserve(struct ot_type_table *table, size_t nr)
{
	struct ot_type_table old = *table;

	if (old.cap && nr <= old.cap / 2)
		return;
	for (table->cap = old.cap ? old.cap : 64; table->cap / 2 < nr;)
		table->cap *= 2;
	table->slots = ot_alloc_table(table->cap, sizeof(*table->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].type)
			table->slots[type_slot(table, old.slots[i].address)] = old.slots[i];
	free(old.slots);
}

void ot_type_table_deinit(struct ot_type_table *table)
{
	free(table->slots);
	memset(table, 0, sizeof(*table));
}

static struct ot_type *known_type(const struct ot_decoder *d, uint64_t address)
{
	return d->types.cap ? d->types.slots[type_slot(&d->types, address)].type : NULL;
}

static void know_type(struct ot_decoder *d, uint64_t address, struct ot_type *type)
{
	size_t i;

	ot_type_table_reserve(&d->types, d->types.nr + 1);
	i = type_slot(&d->types, address);
	d->types.nr += !d->types.slots[i].type;
	d->types.slots[i].address = address;
	d->types.slots[i].type = type;
}

/* ------------------------------------------------------------------ records */

static const struct ot_type *decode(struct ot_decoder *d, uint64_t address, int depth);

/** A record while it is read. What lies behind its stream is not known to belong to it. */
struct record {
	struct ot_decoder *d;
	uint64_t address;
	enum otrace_type_kind kind;
	uint32_t flags;
	const struct otrace_ref *refs; /* number 1 */
	uint64_t nr_refs;
	struct otrace_stream stream;
	uint64_t skip; /* how far it was read when it was read before */
	int depth;
};

/* False: there is no record. Without an end when there is not room enough. */
static bool open_record(struct record *record, uint64_t room)
{
	const struct otrace_type *raw =
		ot_image_at(record->d->image, record->address, sizeof(*raw));
	const uint8_t *at = (const uint8_t *)(raw + 1);

	if (!raw || raw->magic != OTRACE_MAGIC_TYPE || raw->kind > OTRACE_TYPE_UNSPECIFIED)
		return false;
	record->kind = (enum otrace_type_kind)raw->kind;
	record->flags = raw->flags;
	record->nr_refs = raw->nr_refs;
	record->stream.end = (const uint8_t *)raw + room;
	if (raw->nr_refs == OTRACE_TYPE_MANY_REFS && room >= sizeof(*raw) + sizeof(uint32_t)) {
		record->nr_refs = *(const uint32_t *)(const void *)at;
		at += sizeof(uint32_t);
	}
	record->refs = (const void *)at;
	if (record->nr_refs > (uint64_t)(record->stream.end - at) / sizeof(*record->refs))
		record->stream.end = NULL;
	else
		record->stream.at = at + record->nr_refs * sizeof(*record->refs);
	return true;
}

/* A record does not say how long it is, so it is read with as much room as most have, and once more
 * with more of it when that was too little. */
static bool read_record(struct record *record, struct ot_type *type,
			void (*read)(struct record *, struct ot_type *))
{
	struct ot_decoder *d = record->d;

	for (uint64_t want = ROOM; !d->err; want *= 16) {
		uint64_t room = ot_image_room(d->image, record->address, want);

		if (room < sizeof(struct otrace_type) || !open_record(record, room)) {
			ot_decode_fail(d, record->address, "no type where one is named");
			return false;
		}
		if (record->stream.end)
			read(record, type);
		if (record->stream.end && !d->err)
			return true;
		if (room < want || want >= ROOM_MAX)
			ot_decode_fail(d, record->address, "type cut off");
	}
	return false;
}

static uint64_t read_number(struct record *record)
{
	return otrace_stream_varint(&record->stream);
}

/* How many of something follow: each takes a byte at least. */
static uint32_t read_nr(struct record *record)
{
	uint64_t nr = read_number(record);
	struct otrace_stream *stream = &record->stream;

	if (stream->end && (nr > MEMBERS_MAX || nr > (uint64_t)(stream->end - stream->at)))
		stream->end = NULL;
	return stream->end ? (uint32_t)nr : 0;
}

static const char *read_name(struct record *record)
{
	const char *name = otrace_stream_text(&record->stream);

	return *name ? name : NULL;
}

/* The address that a number stands for; 0 = none. */
static uint64_t address_of(struct record *record, uint64_t number)
{
	if (number > record->nr_refs)
		ot_decode_fail(record->d, record->address, "reference that does not exist");
	return number && number <= record->nr_refs
		       ? ot_image_follow(record->d->image, &record->refs[number - 1])
		       : 0;
}

/* NULL: see err. */
static const struct ot_type *type_of(struct record *record, uint64_t number)
{
	uint64_t address = address_of(record, number);

	return record->d->err ? NULL : decode(record->d, address, record->depth + 1);
}

static void read_params(struct record *record, struct ot_type *type)
{
	uint32_t nr;
	struct ot_member *members;

	type->target = type_of(record, read_number(record));
	nr = read_nr(record);
	members = ot_arena_alloc(&record->d->program->arena, sizeof(*members) * nr);
	for (uint32_t i = 0; i < nr && !record->d->err; i++)
		members[i].type = type_of(record, read_number(record));
	type->members = members;
	type->nr_members = nr;
}

static void read_place(struct record *record, struct ot_type *type)
{
	const struct ot_type *target = type->kind == OTRACE_TYPE_TYPEDEF ? type->target : NULL;
	struct otrace_stream *stream = &record->stream;
	bool has_hash;

	type->name = read_name(record);
	has_hash = type->kind == OTRACE_TYPE_TYPEDEF || type->name;
	if (!type->name && target)
		type->name = target->name;
	if (target)
		type->file = target->file;
	if (record->flags & OTRACE_TYPE_HAS_FILE) {
		uint64_t address = address_of(record, read_number(record));

		type->file = address ? ot_image_string(record->d->image, address) : NULL;
		if (address && !type->file)
			ot_decode_fail(record->d, address, "text outside of the module");
	}
	type->line = (uint32_t)read_number(record);
	if (record->flags & OTRACE_TYPE_HAS_ALIGN)
		type->align_bytes = 1u << (read_number(record) & 31);
	if (!has_hash)
		return;
	if (stream->end && stream->end - stream->at < (ptrdiff_t)sizeof(type->hash))
		stream->end = NULL;
	if (!stream->end)
		return;
	memcpy(&type->hash, stream->at, sizeof(type->hash));
	stream->at += sizeof(type->hash);
}

/* clang calls all complex types the same. */
static const char *complex_name(const struct ot_type *type)
{
	static const struct {
		uint8_t encoding, bytes, bits;
		const char *name;
	} all[] = {
		{OTRACE_ENC_COMPLEX, 4, 0, "_Complex _Float16"},
		{OTRACE_ENC_COMPLEX, 8, 0, "_Complex float"},
		{OTRACE_ENC_COMPLEX, 16, 0, "_Complex double"},
		{OTRACE_ENC_COMPLEX, 32, 80, "_Complex long double"},
		{OTRACE_ENC_COMPLEX, 32, 128, "_Complex __float128"},
		{OTRACE_ENC_COMPLEX_INTEGER, 2, 0, "_Complex char"},
		{OTRACE_ENC_COMPLEX_INTEGER, 4, 0, "_Complex short"},
		{OTRACE_ENC_COMPLEX_INTEGER, 8, 0, "_Complex int"},
		{OTRACE_ENC_COMPLEX_INTEGER, 16, 0, "_Complex long"},
		{OTRACE_ENC_COMPLEX_INTEGER, 32, 0, "_Complex __int128"},
	};

	for (size_t i = 0; i < OT_NR(all); i++)
		if (all[i].encoding == type->encoding && all[i].bytes == type->size_bytes &&
		    all[i].bits == type->count)
			return all[i].name;
	return type->name;
}

/* @param usual the size, when nothing is said */
static void read_size(struct record *record, struct ot_type *type, uint64_t usual)
{
	type->size_bytes = record->flags & OTRACE_TYPE_HAS_SIZE ? read_number(record) : usual;
}

static uint64_t size_of(const struct ot_type *type)
{
	return type ? type->size_bytes : 0;
}

static bool is_qualified(enum otrace_type_kind kind)
{
	return kind == OTRACE_TYPE_CONST || kind == OTRACE_TYPE_VOLATILE ||
	       kind == OTRACE_TYPE_RESTRICT || kind == OTRACE_TYPE_ATOMIC;
}

/* Everything but members and enumerators, and what an enum is made of: that comes with them. */
static void read_plain(struct record *record, struct ot_type *type)
{
	const uint8_t *begin = record->stream.at;

	*type = (struct ot_type){.kind = record->kind,
				 .flags = record->flags & TYPE_FLAGS,
				 .module = &record->d->loaded->module};
	switch (record->kind) {
	case OTRACE_TYPE_VOID:
	case OTRACE_TYPE_UNSPECIFIED:
		break;
	case OTRACE_TYPE_BASE:
		type->name = read_name(record);
		type->size_bytes = read_number(record);
		type->encoding = (uint8_t)read_number(record);
		type->count = read_number(record);
		if (type->name && !strcmp(type->name, "complex"))
			type->name = complex_name(type);
		break;
	case OTRACE_TYPE_ARRAY:
	case OTRACE_TYPE_VECTOR:
		type->target = type_of(record, 1);
		type->count = read_number(record);
		read_size(record, type, type->count * size_of(type->target));
		break;
	case OTRACE_TYPE_FUNCTION:
		read_params(record, type);
		break;
	case OTRACE_TYPE_TYPEDEF:
		type->target = type_of(record, read_number(record));
		read_place(record, type);
		read_size(record, type, size_of(type->target));
		break;
	case OTRACE_TYPE_STRUCT:
	case OTRACE_TYPE_UNION:
	case OTRACE_TYPE_CLASS:
	case OTRACE_TYPE_ENUM:
		if (record->kind == OTRACE_TYPE_ENUM)
			read_number(record);
		read_place(record, type);
		type->size_bytes = read_number(record);
		record->skip = (uint64_t)(record->stream.at - begin);
		break;
	default:
		type->target = type_of(record, record->nr_refs ? 1 : 0);
		read_size(record, type,
			  is_qualified(record->kind) ? size_of(type->target) : sizeof(uint64_t));
		break;
	}
}

static bool kind_has_members(enum otrace_type_kind kind)
{
	return kind == OTRACE_TYPE_STRUCT || kind == OTRACE_TYPE_UNION ||
	       kind == OTRACE_TYPE_CLASS || kind == OTRACE_TYPE_ENUM;
}

static const struct ot_type *decode_new(struct ot_decoder *d, uint64_t address, int depth)
{
	struct record record = {.d = d, .address = address, .depth = depth};
	struct ot_type like;
	struct ot_type *type;
	bool is_new;

	if (!read_record(&record, &like, read_plain))
		return NULL;
	if (like.kind == OTRACE_TYPE_VOID)
		return d->program->type_void;
	if (kind_has_members(like.kind)) {
		type = intern_hashed(d, &like, &is_new);
		know_type(d, address, type);
		if (is_new)
			ot_vec_push(&d->todo,
				    ((struct ot_decoder_todo){type, address, record.skip}));
		return type;
	}
	if (like.kind == OTRACE_TYPE_TYPEDEF && like.hash)
		type = intern_hashed(d, &like, &is_new);
	else
		type = ot_types_intern(d->program, &like);
	know_type(d, address, type);
	return type;
}

/* A pointer to a type, const, a pointer to const: what is added to the address says it. */
static const struct ot_type *decode_variant(struct ot_decoder *d, uint64_t address, int depth)
{
	static const enum otrace_type_kind kinds[] = {OTRACE_TYPE_VOID, OTRACE_TYPE_POINTER,
						      OTRACE_TYPE_CONST, OTRACE_TYPE_POINTER};
	uint64_t of = address - (address % 4 == 3 ? 1 : address % 4);
	struct ot_type like = {.kind = kinds[address % 4], .module = &d->loaded->module};
	struct ot_type *type;

	like.target = decode(d, of, depth + 1);
	if (!like.target)
		return NULL;
	like.size_bytes = like.kind == OTRACE_TYPE_POINTER ? 8 : like.target->size_bytes;
	type = ot_types_intern(d->program, &like);
	know_type(d, address, type);
	return type;
}

static const struct ot_type *decode(struct ot_decoder *d, uint64_t address, int depth)
{
	const struct ot_type *type;

	if (!address)
		return d->program->type_void;
	type = known_type(d, address);
	if (type)
		return type;
	if (address % 4)
		return decode_variant(d, address, depth);
	if (depth > CHAIN_MAX) {
		ot_decode_fail(d, address, "endless type");
		return NULL;
	}
	return decode_new(d, address, depth);
}

const struct ot_type *ot_decode_type(struct ot_decoder *decoder, uint64_t address)
{
	return decode(decoder, address, 0);
}

/* ------------------------------------------------------------------ members */

/* What the bit offset of a member is a multiple of, when nothing is said. */
static uint64_t expected_step(const struct ot_type *type)
{
	uint64_t size;

	while (type->target && (type->kind == OTRACE_TYPE_ARRAY ||
				type->kind == OTRACE_TYPE_TYPEDEF || is_qualified(type->kind)))
		type = type->target;
	size = type->size_bytes & (~type->size_bytes + 1);
	return 8 * (size > 8 ? 8 : size ? size : 1);
}

/* @param end where the member before ends, in bits; moves on */
static void read_member(struct record *record, struct ot_member *member, uint64_t *end)
{
	uint64_t number;
	uint64_t more;

	member->name = read_name(record);
	number = read_number(record);
	more = number & 1 ? read_number(record) : 0;
	member->type = type_of(record, number >> 1);
	if (!member->type)
		return;
	member->flags = (uint32_t)more & MEMBER_FLAGS;
	member->bit_offset =
		record->kind == OTRACE_TYPE_UNION || more & OTRACE_MEMBER_STATIC ? 0 : *end;
	if (more & OTRACE_MEMBER_BITFIELD) {
		member->bit_size = (uint32_t)read_number(record);
	} else {
		uint64_t step = expected_step(member->type);

		member->bit_offset = (member->bit_offset + step - 1) / step * step;
	}
	if (more & OTRACE_MEMBER_HAS_OFFSET)
		member->bit_offset = read_number(record);
	if (more & OTRACE_MEMBER_HAS_ALIGN)
		member->align_bytes = 1u << (read_number(record) & 31);
	if (!(more & OTRACE_MEMBER_STATIC))
		*end = member->bit_offset + (more & OTRACE_MEMBER_BITFIELD
						     ? member->bit_size
						     : member->type->size_bytes * 8);
}

/* To where read_plain() came. */
static void skip_plain(struct record *record)
{
	struct otrace_stream *stream = &record->stream;

	if (record->skip > (uint64_t)(stream->end - stream->at))
		stream->end = NULL;
	else
		stream->at += record->skip;
}

static void read_members(struct record *record, struct ot_type *type)
{
	struct ot_member *members;
	uint64_t end = 0;
	uint32_t nr;

	skip_plain(record);
	nr = read_nr(record);
	members = ot_arena_alloc(&record->d->program->arena, sizeof(*members) * nr);
	for (uint32_t i = 0; i < nr && record->stream.end && !record->d->err; i++)
		read_member(record, &members[i], &end);
	type->members = members;
	type->nr_members = nr;
}

static void read_enumerators(struct record *record, struct ot_type *type)
{
	const uint8_t *begin = record->stream.at;
	struct ot_enumerator *all;
	uint64_t signs;
	uint64_t value = 0;
	uint32_t nr;

	type->target = type_of(record, read_number(record));
	record->stream.at = begin;
	if (record->stream.end)
		skip_plain(record);
	nr = read_nr(record);
	signs = nr ? read_number(record) : 0;
	all = ot_arena_alloc(&record->d->program->arena, sizeof(*all) * nr);
	for (uint32_t i = 0; i < nr && record->stream.end; i++, value++) {
		all[i].name = otrace_stream_text(&record->stream);
		value += (uint64_t)otrace_stream_signed(&record->stream);
		all[i].value = (int64_t)value;
		all[i].is_unsigned =
			signs == OTRACE_ENUM_MIXED ? read_number(record) & 1 : signs & 1;
	}
	type->enumerators = all;
	type->nr_members = nr;
}

bool ot_decode_members(struct ot_decoder *decoder)
{
	while (!decoder->err && decoder->todo.nr) {
		const struct ot_decoder_todo todo = decoder->todo.items[--decoder->todo.nr];
		struct record record = {.d = decoder, .address = todo.address, .skip = todo.skip};

		read_record(&record, todo.type,
			    todo.type->kind == OTRACE_TYPE_ENUM ? read_enumerators : read_members);
	}
	return !decoder->err;
}
