/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A program made by hand for the unit tests: an image of tables and data in a buffer, and a target
 * that reads it. The layout is whatever comes out; tests ask by name, or damage bytes at random.
 */
#ifndef OT_FAKE_PROGRAM_H
#define OT_FAKE_PROGRAM_H

#include <string.h>

#include "base/err.h"
#include "model/program.h"
#include "target/impl.h"

#define FAKE_BASE 0x400000ull
#define FAKE_BYTES 16384u
#define FAKE_NR_UNITS 2u
#define FAKE_NR_REFS 24u
#define FAKE_NR_FNS 4u
#define FAKE_NR_VARS 14u
#define FAKE_NR_PARAMS 7u
#define FAKE_NR_NAMES 9u

struct fake {
	struct ot_target target;
	uint8_t *data;
	uint32_t used;
	uint32_t fn_begin, fn_end, var_begin, var_end;
	uint32_t nr_fns, nr_vars;
	uint32_t pool, nr_refs, nr_params, nr_names;
	uint32_t params[FAKE_NR_PARAMS][2]; /* numbers of type and name */
	const char *names[32];
	uint32_t descriptions[32]; /* of functions, then of variables */
	uint32_t nr_descriptions;
	uint32_t symbols[FAKE_NR_FNS]; /* 0 = no entry */
	uint32_t places[FAKE_NR_VARS];
};

/* ------------------------------------------------------------------ the target */

static struct ot_err *fake_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	struct fake *fake = (struct fake *)target;

	for (size_t i = 0; i < nr; i++) {
		uint64_t offset = spans[i].address - FAKE_BASE;

		spans[i].got = 0;
		if (spans[i].address < FAKE_BASE || offset >= FAKE_BYTES)
			continue;
		spans[i].got =
			spans[i].bytes < FAKE_BYTES - offset ? spans[i].bytes : FAKE_BYTES - offset;
		memcpy(spans[i].buf, fake->data + offset, spans[i].got);
	}
	return NULL;
}

static struct ot_err *fake_write(struct ot_target *target, uint64_t address, const void *buf,
				 size_t bytes)
{
	struct fake *fake = (struct fake *)target;
	uint64_t offset = address - FAKE_BASE;

	if (address < FAKE_BASE || offset > FAKE_BYTES || bytes > FAKE_BYTES - offset)
		return ot_err_new(OT_ERR_FAULT, "memory at %#llx cannot be written",
				  (unsigned long long)address);
	memcpy(fake->data + offset, buf, bytes);
	return NULL;
}

static struct ot_err *fake_refresh(struct ot_target *target)
{
	(void)target;
	return NULL;
}

static void fake_free(struct ot_target *target)
{
	struct fake *fake = (struct fake *)target;

	free(fake->data);
	free(fake);
}

/* ------------------------------------------------------------------ building */

static uint32_t fake_room(struct fake *fake, uint32_t bytes)
{
	uint32_t at = (fake->used + 15u) & ~15u;

	if (at + bytes > FAKE_BYTES)
		abort();
	fake->used = at + bytes;
	return at;
}

static uint32_t fake_put(struct fake *fake, const void *data, uint32_t bytes)
{
	uint32_t at = fake_room(fake, bytes);

	memcpy(fake->data + at, data, bytes);
	return at;
}

static uint32_t fake_text(struct fake *fake, const char *text)
{
	return fake_put(fake, text, (uint32_t)strlen(text) + 1);
}

static void *fake_at(struct fake *fake, uint32_t at)
{
	return fake->data + at;
}

static uint64_t fake_address(uint32_t at)
{
	return FAKE_BASE + at;
}

/* Makes the reference point to @to; 0 = to nothing. */
static void fake_refer(struct fake *fake, struct otrace_ref *ref, uint32_t to)
{
	ref->delta = to ? (int32_t)(fake->data + to - (uint8_t *)ref) : 0;
}

static void fake_byte(struct fake *fake, uint8_t byte)
{
	if (fake->used == FAKE_BYTES)
		abort();
	fake->data[fake->used++] = byte;
}

static void fake_varint(struct fake *fake, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		fake_byte(fake, (uint8_t)(value | 0x80));
	fake_byte(fake, (uint8_t)value);
}

static void fake_chars(struct fake *fake, const char *text)
{
	do
		fake_byte(fake, (uint8_t)*text);
	while (*text++);
}

static void fake_number_bytes(struct fake *fake, uint64_t value)
{
	for (int i = 0; i < 64; i += 8)
		fake_byte(fake, (uint8_t)(value >> i));
}

/* ------------------------------------------------------------------ types */

/* Its stream goes right behind it. */
static uint32_t fake_begin_type(struct fake *fake, uint8_t kind, const uint32_t *refs, uint32_t nr)
{
	uint32_t at = fake_room(fake, (uint32_t)sizeof(struct otrace_type) + 4 * nr);
	struct otrace_type *type = fake_at(fake, at);

	*type = (struct otrace_type){
		.magic = OTRACE_MAGIC_TYPE, .kind = kind, .nr_refs = (uint8_t)nr};
	for (uint32_t i = 0; i < nr; i++)
		fake_refer(fake, (struct otrace_ref *)(type + 1) + i, refs[i]);
	return at;
}

static uint32_t fake_base(struct fake *fake, const char *name, uint64_t bytes, uint8_t encoding)
{
	uint32_t at = fake_begin_type(fake, OTRACE_TYPE_BASE, NULL, 0);

	fake_chars(fake, name);
	fake_varint(fake, bytes);
	fake_varint(fake, encoding);
	fake_varint(fake, 0);
	return at;
}

/* The place of a type without a file. */
static void fake_type_place(struct fake *fake, const char *name)
{
	fake_chars(fake, name);
	fake_varint(fake, 12);
	fake_number_bytes(fake, fake->used * 7919ull << 20 | fake->used);
}

struct fake_member {
	const char *name;
	uint32_t type;
	uint32_t bit_offset; /* only said of bit-fields: the others lie where one expects them */
	uint32_t bit_size;
};

static uint32_t fake_struct(struct fake *fake, const char *name, uint64_t bytes,
			    const struct fake_member *members, uint32_t nr)
{
	uint32_t refs[8];
	uint32_t at;

	for (uint32_t i = 0; i < nr; i++)
		refs[i] = members[i].type;
	at = fake_begin_type(fake, OTRACE_TYPE_STRUCT, refs, nr);
	fake_type_place(fake, name);
	fake_varint(fake, bytes);
	fake_varint(fake, nr);
	for (uint32_t i = 0; i < nr; i++) {
		fake_chars(fake, members[i].name);
		fake_varint(fake, (i + 1) * 2 + (members[i].bit_size != 0));
		if (!members[i].bit_size)
			continue;
		fake_varint(fake, OTRACE_MEMBER_BITFIELD | OTRACE_MEMBER_HAS_OFFSET);
		fake_varint(fake, members[i].bit_size);
		fake_varint(fake, members[i].bit_offset);
	}
	return at;
}

static uint32_t fake_enum(struct fake *fake, const char *name, uint32_t of)
{
	uint32_t at = fake_begin_type(fake, OTRACE_TYPE_ENUM, &of, 1);

	fake_varint(fake, 1);
	fake_type_place(fake, name);
	fake_varint(fake, 4);
	fake_varint(fake, 2);
	fake_varint(fake, OTRACE_ENUM_SIGNED);
	fake_chars(fake, "RED"); /* 0 */
	fake_varint(fake, 0);
	fake_chars(fake, "GREEN"); /* 5 */
	fake_varint(fake, 2 * 4);
	return at;
}

static uint32_t fake_array(struct fake *fake, uint32_t of, uint64_t count)
{
	uint32_t at = fake_begin_type(fake, OTRACE_TYPE_ARRAY, &of, 1);

	fake_varint(fake, count);
	return at;
}

/* With one parameter. */
static uint32_t fake_function(struct fake *fake, uint32_t result, uint32_t param)
{
	uint32_t refs[] = {result, param};
	uint32_t at = fake_begin_type(fake, OTRACE_TYPE_FUNCTION, refs, 2);

	fake_varint(fake, 1);
	fake_varint(fake, 1);
	fake_varint(fake, 2);
	return at;
}

/* ------------------------------------------------------------------ files and units */

static uint32_t fake_file(struct fake *fake, const char *name)
{
	uint32_t text = fake_text(fake, name);
	uint32_t at = fake_room(fake, sizeof(struct otrace_file));
	struct otrace_file *file = fake_at(fake, at);

	fake_refer(fake, &file->name, text);
	return at;
}

static uint32_t fake_tu(struct fake *fake, uint32_t file)
{
	uint32_t at = fake_room(fake, sizeof(struct otrace_tu));
	struct otrace_tu *tu = fake_at(fake, at);

	fake_refer(fake, &tu->file, file);
	return at;
}

/* ------------------------------------------------------------------ the pool */

static struct otrace_ref *fake_refs(struct fake *fake)
{
	return fake_at(fake, fake->pool + (uint32_t)sizeof(struct otrace_pool) + FAKE_NR_UNITS * 4);
}

/* Number of a reference to this place. */
static uint32_t fake_number(struct fake *fake, uint32_t to)
{
	struct otrace_ref *refs = fake_refs(fake);

	if (!to)
		return 0;
	for (uint32_t i = 0; i < fake->nr_refs; i++)
		if ((uint8_t *)&refs[i] + refs[i].delta == fake->data + to)
			return i + 1;
	if (fake->nr_refs == FAKE_NR_REFS)
		abort();
	fake_refer(fake, &refs[fake->nr_refs], to);
	return ++fake->nr_refs;
}

static uint32_t fake_name(struct fake *fake, const char *name)
{
	for (uint32_t i = 0; i < fake->nr_names; i++)
		if (!strcmp(fake->names[i], name))
			return i + 1;
	fake->names[fake->nr_names] = name;
	return ++fake->nr_names;
}

static uint32_t fake_param(struct fake *fake, uint32_t type, const char *name)
{
	uint32_t *param = fake->params[fake->nr_params];

	if (fake->nr_params == FAKE_NR_PARAMS)
		abort();
	param[0] = fake_number(fake, type);
	param[1] = fake_name(fake, name);
	return fake->nr_params++;
}

#define FAKE_COMMON_FLAGS OTRACE_FN_OPTIMIZED

/* @param file  the common one */
static void fake_begin_pool(struct fake *fake, const uint32_t tu[2], uint32_t file)
{
	uint32_t bytes = (uint32_t)sizeof(struct otrace_pool) + 4 * (FAKE_NR_UNITS + FAKE_NR_REFS);
	struct otrace_pool *pool;

	fake->pool = fake_room(fake, bytes);
	pool = fake_at(fake, fake->pool);
	pool->magic = OTRACE_MAGIC_POOL;
	pool->start_offset = bytes;
	for (uint32_t i = 0; i < FAKE_NR_UNITS; i++)
		fake_refer(fake, (struct otrace_ref *)(pool + 1) + i, tu[i]);
	fake_varint(fake, FAKE_NR_REFS);
	fake_varint(fake, FAKE_NR_UNITS);
	fake_varint(fake, FAKE_NR_FNS);
	fake_varint(fake, FAKE_NR_VARS);
	fake_varint(fake, FAKE_NR_PARAMS);
	fake_varint(fake, FAKE_NR_NAMES);
	fake_varint(fake, FAKE_COMMON_FLAGS);
	fake_varint(fake, fake_number(fake, file));
}

static void fake_end_pool(struct fake *fake)
{
	if (fake->nr_names != FAKE_NR_NAMES || fake->nr_fns != FAKE_NR_FNS ||
	    fake->nr_vars != FAKE_NR_VARS || fake->nr_params != FAKE_NR_PARAMS)
		abort();
	for (uint32_t i = 0; i < 2 * FAKE_NR_PARAMS; i++)
		fake_varint(fake, fake->params[i / 2][i % 2]);
	fake_byte(fake, 0);
	for (uint32_t i = 0; i < fake->nr_names; i++)
		fake_chars(fake, fake->names[i]);
	((struct otrace_pool *)fake_at(fake, fake->pool))->size_bytes = fake->used - fake->pool;
}

static void fake_begin_description(struct fake *fake, bool has_entry, unsigned int is_var)
{
	uint32_t at = fake->used;

	fake->descriptions[fake->nr_descriptions++] = at;
	fake_varint(fake, (has_entry ? (uint64_t)(at - fake->pool) << 1 : 0) | is_var);
}

static void fake_entry(struct fake *fake, uint32_t place, uint32_t description)
{
	struct otrace_entry *entry = fake_at(fake, fake->used);

	fake->used += (uint32_t)sizeof(*entry);
	fake_refer(fake, &entry->place, place);
	fake_refer(fake, &entry->description, description);
}

struct fake_param {
	const char *name;
	uint32_t type;
	struct otrace_piece piece; /* size_bytes 0 = optimised out */
};

struct fake_fn {
	const char *name;
	uint32_t wrapper;
	uint32_t symbol;
	uint32_t return_type;
	struct fake_param params[4];
	uint32_t nr_params;
	uint32_t flags;
	uint32_t other_file; /* of the call it was inlined for; 0 = was not */
	bool result_is_gone;
};

/* Pieces are written out; the result and the frame are the usual ones. */
static void fake_add_fn(struct fake *fake, const struct fake_fn *from)
{
	fake->nr_fns++;
	fake_begin_description(fake, from->symbol != 0, 0);
	fake_varint(fake, OTRACE_FN_HAS_PARAM_PIECES | OTRACE_FN_HAS_FLAGS |
				  (from->flags & OTRACE_FN_STATIC ? OTRACE_FN_HAS_STATIC : 0) |
				  (from->other_file ? OTRACE_FN_HAS_INLINED : 0) |
				  (from->result_is_gone ? OTRACE_FN_HAS_RESULT_PIECES : 0) |
				  (from->symbol ? OTRACE_FN_HAS_FRAME : 0));
	fake_varint(fake, FAKE_COMMON_FLAGS);
	if (from->symbol) {
		uint32_t frame[] = {32, 32, 64, 4, 256};

		fake_varint(fake, fake_number(fake, from->wrapper));
		for (size_t i = 0; i < OT_NR(frame); i++)
			fake_varint(fake, frame[i]);
	}
	fake_chars(fake, from->name);
	fake_varint(fake, fake->nr_fns == 1 ? 2 * 10 : 0); /* line 10 */
	fake_varint(fake, 2);
	fake_varint(fake, fake_number(fake, from->return_type));
	if (from->result_is_gone)
		fake_varint(fake, 0);
	fake_varint(fake, from->nr_params);
	for (uint32_t i = 0; i < from->nr_params; i++) {
		const struct otrace_piece *piece = &from->params[i].piece;

		fake_varint(fake, fake_param(fake, from->params[i].type, from->params[i].name));
		fake_varint(fake, piece->size_bytes ? 2 : 0);
		if (!piece->size_bytes)
			continue;
		fake_varint(fake, piece->frame_offset);
		fake_varint(fake, piece->value_offset);
		fake_varint(fake, piece->size_bytes);
		fake_varint(fake, piece->kind);
	}
	if (!from->other_file)
		return;
	fake_varint(fake, 2); /* into add, line 13, and into main, line 30 of the other file */
	fake_varint(fake, OTRACE_CALL_IN_CALLER);
	fake_varint(fake, 3);
	fake_varint(fake, (FAKE_NR_FNS + fake_name(fake, "main")) << 3 | OTRACE_CALL_FILE);
	fake_varint(fake, fake_number(fake, from->other_file));
	fake_varint(fake, 2 * (30 - 13));
}

struct fake_var {
	const char *name;
	uint32_t type;
	uint32_t data; /* 0 = no storage */
	uint32_t tu;
	uint32_t file;
	uint32_t scope;
	uint32_t flags;
	uint64_t constant;
};

static void fake_add_var(struct fake *fake, const struct fake_var *from)
{
	fake->nr_vars++;
	fake_begin_description(fake, from->data != 0, 1);
	fake_varint(fake, from->flags);
	fake_varint(fake, OTRACE_VAR_HAS_UNIT | OTRACE_VAR_HAS_FILE |
				  (from->scope ? OTRACE_VAR_HAS_SCOPE : 0));
	fake_chars(fake, from->name);
	fake_varint(fake, fake_number(fake, from->file));
	fake_varint(fake, 0);
	fake_varint(fake, from->tu);
	fake_varint(fake, fake_number(fake, from->type));
	if (from->scope)
		fake_varint(fake, fake_name(fake, "add"));
	if (from->flags & OTRACE_VAR_CONSTANT_VALUE)
		fake_varint(fake, from->constant);
}

/* ------------------------------------------------------------------ the program */

struct fake_node {
	int32_t id;
	char name[8];
	uint32_t bits; /* a : 3, b : 5 */
	uint64_t next;
	uint64_t text;
};

/** Types that more than one part of the program needs. */
struct fake_types {
	uint32_t i32, u32, chr, text, dbl, flt, node, node_pointer, color, fn_pointer, big;
};

static void fake_add_types(struct fake *fake, struct fake_types *t)
{
	uint32_t array;
	uint32_t function;

	t->i32 = fake_base(fake, "int", 4, OTRACE_ENC_SIGNED);
	t->u32 = fake_base(fake, "unsigned int", 4, OTRACE_ENC_UNSIGNED);
	t->chr = fake_base(fake, "char", 1, OTRACE_ENC_SIGNED_CHAR);
	t->dbl = fake_base(fake, "double", 8, OTRACE_ENC_FLOAT);
	t->flt = fake_base(fake, "float", 4, OTRACE_ENC_FLOAT);
	t->text = fake_begin_type(fake, OTRACE_TYPE_POINTER, &t->chr, 1);
	array = fake_array(fake, t->chr, 8);
	t->node = fake_room(fake, 0);
	t->node_pointer = t->node + 1;
	fake_struct(fake, "node", sizeof(struct fake_node),
		    (struct fake_member[]){{"id", t->i32, 0, 0},
					   {"name", array, 32, 0},
					   {"a", t->u32, 96, 3},
					   {"b", t->i32, 99, 5},
					   {"next", t->node_pointer, 128, 0},
					   {"text", t->text, 192, 0}},
		    6);
	t->big = fake_struct(fake, "big", 32,
			     (struct fake_member[]){{"d", t->dbl, 0, 0}, {"i", t->i32, 64, 0}}, 2);
	t->color = fake_enum(fake, "color", t->u32);
	function = fake_function(fake, t->i32, t->i32);
	t->fn_pointer = fake_begin_type(fake, OTRACE_TYPE_POINTER, &function, 1);
}

static void fake_add_fns(struct fake *fake, const struct fake_types *t, const uint32_t file[2],
			 uint32_t symbol)
{
	struct otrace_piece slot0 = {.frame_offset = 32, .size_bytes = 4};
	struct otrace_piece slot1 = {.frame_offset = 40, .size_bytes = 4};
	struct otrace_piece pointer = {.frame_offset = 32, .size_bytes = 8};
	struct otrace_piece by_value = {
		.frame_offset = 48, .size_bytes = 32, .kind = OTRACE_PIECE_INDIRECT};
	struct otrace_piece widened = {
		.frame_offset = 56, .size_bytes = 4, .kind = OTRACE_PIECE_DOUBLE_TO_FLOAT};
	struct fake_fn fns[] = {
		{.name = "add",
		 .symbol = symbol,
		 .return_type = t->i32,
		 .params = {{"a", t->i32, slot0}, {"b", t->i32, slot1}},
		 .nr_params = 2},
		{.name = "say",
		 .symbol = symbol + 16,
		 .params = {{"text", t->text, pointer},
			    {"big", t->big, by_value},
			    {"f", t->flt, widened},
			    {"gone", t->i32, {0}}},
		 .nr_params = 4},
		{.name = "visit",
		 .symbol = symbol + 32,
		 .return_type = t->i32,
		 .params = {{"n", t->node_pointer, pointer}},
		 .nr_params = 1,
		 .flags = OTRACE_FN_STATIC,
		 .result_is_gone = true},
		{.name = "tiny", .flags = OTRACE_FN_INLINE_ONLY, .other_file = file[1]},
	};

	for (size_t i = 0; i < OT_NR(fns); i++) {
		fns[i].wrapper = symbol + 48;
		fake_add_fn(fake, &fns[i]);
		fake->symbols[i] = fns[i].symbol;
	}
}

struct fake_data {
	uint32_t number, real, word, nodes[2];
};

static void fake_add_data(struct fake *fake, uint32_t symbol, struct fake_data *ret)
{
	struct fake_node second = {.id = 2, .name = "two", .bits = 0xff};
	struct fake_node first = {.id = 1, .name = "one", .bits = 5};
	int32_t numbers[] = {42, 9, 10, 5};
	uint32_t hello = fake_text(fake, "hello");
	uint64_t words[5] = {0, 0x10, 0, 0, 0};
	double real = 0.1;
	uint32_t *nodes = ret->nodes;

	nodes[1] = fake_put(fake, &second, sizeof(second));
	first.next = fake_address(nodes[1]);
	first.text = fake_address(hello);
	nodes[0] = fake_put(fake, &first, sizeof(first));
	words[0] = fake_address(nodes[0]);
	words[2] = fake_address(hello);
	words[3] = fake_address(symbol);
	ret->word = fake_put(fake, words, sizeof(words));
	ret->number = fake_put(fake, numbers, sizeof(numbers));
	ret->real = fake_put(fake, &real, sizeof(real));
}

static void fake_add_vars(struct fake *fake, const struct fake_types *t, const uint32_t file[2],
			  const struct fake_data *data)
{
	struct fake_var vars[] = {
		{.name = "counter", .type = t->i32, .data = data->number},
		{.name = "st", .type = t->i32, .data = data->number + 4, .flags = 1},
		{.name = "st", .type = t->i32, .data = data->number + 8, .flags = 1, .tu = 1},
		{.name = "first", .type = t->node, .data = data->nodes[0]},
		{.name = "head", .type = t->node_pointer, .data = data->word},
		{.name = "wild", .type = t->node_pointer, .data = data->word + 8},
		{.name = "text", .type = t->text, .data = data->word + 16},
		{.name = "handler", .type = t->fn_pointer, .data = data->word + 24},
		{.name = "null", .type = t->node_pointer, .data = data->word + 32},
		{.name = "real", .type = t->dbl, .data = data->real},
		{.name = "color", .type = t->color, .data = data->number + 12},
		{.name = "gone", .type = t->i32, .flags = OTRACE_VAR_OPTIMIZED_OUT},
		{.name = "fixed",
		 .type = t->i32,
		 .flags = OTRACE_VAR_CONSTANT_VALUE,
		 .constant = 7},
		{.name = "calls", .type = t->i32, .data = data->number, .scope = 1},
	};

	for (size_t i = 0; i < OT_NR(vars); i++) {
		vars[i].file = file[vars[i].tu];
		fake_add_var(fake, &vars[i]);
		fake->places[i] = vars[i].data;
	}
}

/* Entries, the anchors in the middle. */
static void fake_add_entries(struct fake *fake)
{
	fake->fn_begin = fake->used = fake_room(fake, 0);
	for (uint32_t i = 0; i < FAKE_NR_FNS; i++) {
		if (fake->symbols[i])
			fake_entry(fake, fake->symbols[i], fake->descriptions[i]);
		if (i == 1)
			fake_entry(fake, 0, fake->pool);
	}
	fake->fn_end = fake->used;
	fake->used += 8;
	fake->var_begin = fake->used;
	for (uint32_t i = 0; i < FAKE_NR_VARS; i++)
		if (fake->places[i])
			fake_entry(fake, fake->places[i], fake->descriptions[FAKE_NR_FNS + i]);
	fake_entry(fake, 0, fake->pool);
	fake->var_end = fake->used;
}

/** The target of the made program. Its module list is set; damage fake->data before using it. */
static struct fake *fake_create(void)
{
	static const struct ot_target_ops ops = {.cannot = "a made program cannot do this",
						 .close = fake_free,
						 .refresh = fake_refresh,
						 .readv = fake_readv,
						 .write = fake_write};
	struct fake *fake = ot_alloc(sizeof(*fake));
	struct ot_target_module *module = ot_alloc(sizeof(*module));
	struct fake_types types;
	struct fake_data data;
	uint32_t file[2];
	uint32_t tu[2];
	uint32_t symbol;

	fake->target.ops = &ops;
	fake->target.path = ot_strdup("/made/shop");
	fake->data = ot_alloc(FAKE_BYTES);
	fake->used = 64;
	symbol = fake_room(fake, 64);
	file[0] = fake_file(fake, "src/shop.c");
	file[1] = fake_file(fake, "./src/other.c");
	tu[0] = fake_tu(fake, file[0]);
	tu[1] = fake_tu(fake, file[1]);
	fake_add_types(fake, &types);
	fake_add_data(fake, symbol, &data);
	fake_begin_pool(fake, tu, file[0]);
	fake_add_fns(fake, &types, file, symbol);
	fake_add_vars(fake, &types, file, &data);
	fake_end_pool(fake);
	fake_add_entries(fake);
	module->path = ot_strdup("/made/shop");
	module->m = (struct otrace_module){.id = 1,
					   .low = FAKE_BASE,
					   .high = FAKE_BASE + FAKE_BYTES,
					   .fn_begin = fake_address(fake->fn_begin),
					   .fn_end = fake_address(fake->fn_end),
					   .var_begin = fake_address(fake->var_begin),
					   .var_end = fake_address(fake->var_end),
					   .nr_fns = fake->nr_fns,
					   .nr_vars = fake->nr_vars,
					   .abi_version = OTRACE_ABI_VERSION};
	ot_target_set_modules(&fake->target, module, 1);
	return fake;
}

#endif
