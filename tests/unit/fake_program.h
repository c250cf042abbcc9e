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

struct fake {
	struct ot_target target;
	uint8_t *data;
	uint32_t used;
	uint32_t fn_begin, fn_end, var_begin, var_end;
	uint32_t nr_fns, nr_vars;
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

static uint32_t fake_type(struct fake *fake, uint8_t kind, uint64_t bytes, const char *name,
			  uint32_t target)
{
	uint32_t at = fake_room(fake, sizeof(struct otrace_type));
	uint32_t text = name ? fake_text(fake, name) : 0;
	struct otrace_type *type = fake_at(fake, at);

	type->magic = OTRACE_MAGIC_TYPE;
	type->kind = kind;
	type->size_bytes = bytes;
	fake_refer(fake, &type->name, text);
	fake_refer(fake, &type->target, target);
	if (otrace_type_bytes(kind) == sizeof(*type)) {
		type->hash[0] = at * 7919ull;
		type->hash[1] = at;
	}
	return at;
}

static uint32_t fake_base(struct fake *fake, const char *name, uint64_t bytes, uint8_t encoding)
{
	uint32_t at = fake_type(fake, OTRACE_TYPE_BASE, bytes, name, 0);

	((struct otrace_type *)fake_at(fake, at))->encoding = encoding;
	return at;
}

struct fake_member {
	const char *name;
	uint32_t type;
	uint32_t bit_offset;
	uint32_t bit_size;
};

static void fake_members(struct fake *fake, uint32_t type, const struct fake_member *from,
			 uint32_t nr)
{
	uint32_t at = fake_room(fake, nr * (uint32_t)sizeof(struct otrace_member));
	struct otrace_type *record = fake_at(fake, type);

	for (uint32_t i = 0; i < nr; i++) {
		uint32_t text = from[i].name ? fake_text(fake, from[i].name) : 0;
		struct otrace_member *member = (struct otrace_member *)fake_at(fake, at) + i;

		fake_refer(fake, &member->name, text);
		fake_refer(fake, &member->type, from[i].type);
		member->bit_offset = from[i].bit_offset;
		member->bit_size = from[i].bit_size;
		member->flags = from[i].bit_size ? OTRACE_MEMBER_BITFIELD : 0;
	}
	fake_refer(fake, &record->members, at);
	record->nr_members = nr;
}

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

	tu->magic = OTRACE_MAGIC_TU;
	fake_refer(fake, &tu->file, file);
	return at;
}

struct fake_param {
	const char *name;
	uint32_t type;
	struct otrace_piece piece; /* size_bytes 0 = optimised out */
};

/** Strings and lists of records; records themselves must lie next to each other and come later. */
struct fake_fn {
	const char *name;
	uint32_t text;
	uint32_t tu;
	uint32_t file;
	uint32_t symbol;
	uint32_t return_type;
	struct otrace_piece return_piece;
	struct fake_param params[4];
	uint32_t nr_params;
	uint32_t flags;
	uint32_t inlined;
	uint32_t param_list, piece_list, return_list;
};

static void fake_prepare_fn(struct fake *fake, struct fake_fn *fn)
{
	uint32_t names[4] = {0};
	struct otrace_piece *piece;

	fn->text = fake_text(fake, fn->name);
	fn->param_list = fake_room(fake, fn->nr_params * (uint32_t)sizeof(struct otrace_param) + 1);
	fn->piece_list = fake_room(fake, fn->nr_params * (uint32_t)sizeof(struct otrace_piece) + 1);
	fn->return_list = fake_put(fake, &fn->return_piece, sizeof(fn->return_piece));
	for (uint32_t i = 0; i < fn->nr_params; i++)
		names[i] = fake_text(fake, fn->params[i].name);
	for (uint32_t i = 0; i < fn->nr_params; i++) {
		struct otrace_param *param =
			(struct otrace_param *)fake_at(fake, fn->param_list) + i;
		uint32_t at = fn->piece_list + i * (uint32_t)sizeof(struct otrace_piece);

		piece = fake_at(fake, at);
		*piece = fn->params[i].piece;
		fake_refer(fake, &param->name, names[i]);
		fake_refer(fake, &param->type, fn->params[i].type);
		fake_refer(fake, &param->pieces, at);
		param->nr_pieces = piece->size_bytes != 0;
	}
}

static void fake_tail(struct fake *fake, uint32_t at, uint32_t bytes, uint32_t magic)
{
	struct otrace_head *head = fake_at(fake, at);
	struct otrace_tail *tail = fake_at(fake, at + bytes - (uint32_t)sizeof(*tail));

	head->magic = magic;
	head->size_bytes = bytes;
	tail->size_bytes = bytes;
	tail->magic_complement = ~magic;
}

static void fake_add_fn(struct fake *fake, const struct fake_fn *from)
{
	uint32_t bytes = sizeof(struct otrace_fn) + sizeof(struct otrace_tail);
	uint32_t at = fake->used;
	struct otrace_fn *fn = fake_at(fake, at);

	if (!fake->nr_fns++)
		fake->fn_begin = at;
	fake->used = at + bytes;
	fake->fn_end = fake->used;
	fake_tail(fake, at, bytes, OTRACE_MAGIC_FN);
	fake_refer(fake, &fn->name, from->text);
	fake_refer(fake, &fn->linkage_name, from->text);
	fake_refer(fake, &fn->tu, from->tu);
	fake_refer(fake, &fn->file, from->file);
	fake_refer(fake, &fn->symbol, from->symbol);
	fake_refer(fake, &fn->stub, from->symbol);
	fake_refer(fake, &fn->body, from->symbol ? from->symbol + 5 : 0);
	fake_refer(fake, &fn->return_type, from->return_type);
	fake_refer(fake, &fn->params, from->param_list);
	fake_refer(fake, &fn->return_pieces, from->return_list);
	fake_refer(fake, &fn->inlined, from->inlined);
	fn->nr_inlined = from->inlined != 0;
	fn->nr_params = from->nr_params;
	fn->nr_return_pieces = from->return_piece.size_bytes != 0;
	fn->flags = from->flags;
	fn->line_begin = 10;
	fn->line_end = 12;
	fn->frame_bytes = 256;
}

struct fake_var {
	const char *name;
	uint32_t text;
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
	uint32_t bytes = sizeof(struct otrace_var) + sizeof(struct otrace_tail);
	uint32_t at = fake->used;
	struct otrace_var *var = fake_at(fake, at);

	if (!fake->nr_vars++)
		fake->var_begin = at;
	fake->used = at + bytes;
	fake->var_end = fake->used;
	fake_tail(fake, at, bytes, OTRACE_MAGIC_VAR);
	fake_refer(fake, &var->address, from->data);
	fake_refer(fake, &var->name, from->text);
	fake_refer(fake, &var->tu, from->tu);
	fake_refer(fake, &var->file, from->file);
	fake_refer(fake, &var->scope, from->scope);
	fake_refer(fake, &var->type, from->type);
	var->flags = from->flags;
	var->constant_value = from->constant;
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
	struct otrace_enumerator colors[2] = {{.value = 0}, {.value = 5}};
	uint32_t names[2];
	uint32_t list;
	uint32_t array;
	uint32_t function;
	struct otrace_type *type;

	t->i32 = fake_base(fake, "int", 4, OTRACE_ENC_SIGNED);
	t->u32 = fake_base(fake, "unsigned int", 4, OTRACE_ENC_UNSIGNED);
	t->chr = fake_base(fake, "char", 1, OTRACE_ENC_SIGNED_CHAR);
	t->dbl = fake_base(fake, "double", 8, OTRACE_ENC_FLOAT);
	t->flt = fake_base(fake, "float", 4, OTRACE_ENC_FLOAT);
	t->text = fake_type(fake, OTRACE_TYPE_POINTER, 8, NULL, t->chr);
	array = fake_type(fake, OTRACE_TYPE_ARRAY, 8, NULL, t->chr);
	((struct otrace_type *)fake_at(fake, array))->count = 8;
	t->node = fake_type(fake, OTRACE_TYPE_STRUCT, sizeof(struct fake_node), "node", 0);
	t->node_pointer = fake_type(fake, OTRACE_TYPE_POINTER, 8, NULL, t->node);
	fake_members(fake, t->node,
		     (struct fake_member[]){{"id", t->i32, 0, 0},
					    {"name", array, 32, 0},
					    {"a", t->u32, 96, 3},
					    {"b", t->i32, 99, 5},
					    {"next", t->node_pointer, 128, 0},
					    {"text", t->text, 192, 0}},
		     6);
	t->big = fake_type(fake, OTRACE_TYPE_STRUCT, 32, "big", 0);
	fake_members(fake, t->big,
		     (struct fake_member[]){{"d", t->dbl, 0, 0}, {"i", t->i32, 64, 0}}, 2);
	t->color = fake_type(fake, OTRACE_TYPE_ENUM, 4, "color", t->u32);
	list = fake_put(fake, colors, sizeof(colors));
	names[0] = fake_text(fake, "RED");
	names[1] = fake_text(fake, "GREEN");
	for (uint32_t i = 0; i < 2; i++)
		fake_refer(fake, &((struct otrace_enumerator *)fake_at(fake, list))[i].name,
			   names[i]);
	type = fake_at(fake, t->color);
	fake_refer(fake, &type->members, list);
	type->nr_members = 2;
	function = fake_type(fake, OTRACE_TYPE_FUNCTION, 0, NULL, t->i32);
	fake_members(fake, function, (struct fake_member[]){{"", t->i32, 0, 0}}, 1);
	t->fn_pointer = fake_type(fake, OTRACE_TYPE_POINTER, 8, NULL, function);
}

static void fake_add_fns(struct fake *fake, const struct fake_types *t, uint32_t tu, uint32_t file,
			 uint32_t symbol)
{
	struct otrace_piece slot0 = {.frame_offset = 32, .size_bytes = 4};
	struct otrace_piece slot1 = {.frame_offset = 40, .size_bytes = 4};
	struct otrace_piece pointer = {.frame_offset = 32, .size_bytes = 8};
	struct otrace_piece by_value = {
		.frame_offset = 48, .size_bytes = 32, .kind = OTRACE_PIECE_INDIRECT};
	struct otrace_piece widened = {
		.frame_offset = 56, .size_bytes = 4, .kind = OTRACE_PIECE_DOUBLE_TO_FLOAT};
	struct otrace_piece ret = {.frame_offset = 64, .size_bytes = 4};
	struct otrace_inlined inlined = {.line = 30};
	uint32_t at = fake_put(fake, &inlined, sizeof(inlined));
	uint32_t caller = fake_text(fake, "main");
	struct fake_fn fns[] = {
		{.name = "add",
		 .symbol = symbol,
		 .return_type = t->i32,
		 .return_piece = ret,
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
		 .flags = OTRACE_FN_STATIC},
		{.name = "tiny", .flags = OTRACE_FN_INLINE_ONLY, .inlined = at},
	};

	fake_refer(fake, &((struct otrace_inlined *)fake_at(fake, at))->caller, caller);
	fake_refer(fake, &((struct otrace_inlined *)fake_at(fake, at))->file,
		   fake_text(fake, "shop.c"));
	for (size_t i = 0; i < OT_NR(fns); i++) {
		fns[i].tu = tu;
		fns[i].file = file;
		fake_prepare_fn(fake, &fns[i]);
	}
	fake_room(fake, 0);
	for (size_t i = 0; i < OT_NR(fns); i++)
		fake_add_fn(fake, &fns[i]);
}

static void fake_add_vars(struct fake *fake, const struct fake_types *t, const uint32_t tu[2],
			  const uint32_t file[2], uint32_t symbol)
{
	struct fake_node second = {.id = 2, .name = "two", .bits = 0xff};
	struct fake_node first = {.id = 1, .name = "one", .bits = 5};
	int32_t numbers[] = {42, 9, 10, 5};
	uint32_t number = fake_put(fake, numbers, sizeof(numbers));
	uint32_t hello = fake_text(fake, "hello");
	uint64_t words[5] = {0, 0x10, 0, 0, 0};
	double real = 0.1;
	uint32_t nodes[2];
	uint32_t word;

	nodes[1] = fake_put(fake, &second, sizeof(second));
	first.next = fake_address(nodes[1]);
	first.text = fake_address(hello);
	nodes[0] = fake_put(fake, &first, sizeof(first));
	words[0] = fake_address(nodes[0]);
	words[2] = fake_address(hello);
	words[3] = fake_address(symbol);
	word = fake_put(fake, words, sizeof(words));
	{
		struct fake_var vars[] = {
			{.name = "counter", .type = t->i32, .data = number},
			{.name = "st", .type = t->i32, .data = number + 4, .flags = 1},
			{.name = "st", .type = t->i32, .data = number + 8, .flags = 1, .tu = 1},
			{.name = "first", .type = t->node, .data = nodes[0]},
			{.name = "head", .type = t->node_pointer, .data = word},
			{.name = "wild", .type = t->node_pointer, .data = word + 8},
			{.name = "text", .type = t->text, .data = word + 16},
			{.name = "handler", .type = t->fn_pointer, .data = word + 24},
			{.name = "null", .type = t->node_pointer, .data = word + 32},
			{.name = "real", .type = t->dbl, .data = fake_put(fake, &real, 8)},
			{.name = "color", .type = t->color, .data = number + 12},
			{.name = "gone", .type = t->i32, .flags = OTRACE_VAR_OPTIMIZED_OUT},
			{.name = "fixed",
			 .type = t->i32,
			 .flags = OTRACE_VAR_CONSTANT_VALUE,
			 .constant = 7},
			{.name = "calls", .type = t->i32, .data = number, .scope = 1},
		};
		uint32_t scope = fake_text(fake, "add");

		for (size_t i = 0; i < OT_NR(vars); i++) {
			vars[i].file = file[vars[i].tu];
			vars[i].tu = tu[vars[i].tu];
			vars[i].scope = vars[i].scope ? scope : 0;
			vars[i].text = fake_text(fake, vars[i].name);
		}
		fake_room(fake, 0);
		for (size_t i = 0; i < OT_NR(vars); i++)
			fake_add_var(fake, &vars[i]);
	}
}

/** The target of the made program. Its module list is set; damage fake->data before using it. */
static struct fake *fake_create(void)
{
	static const struct ot_target_ops ops = {.cannot = "a made program cannot do this",
						 .close = fake_free,
						 .refresh = fake_refresh,
						 .readv = fake_readv};
	struct fake *fake = ot_alloc(sizeof(*fake));
	struct ot_target_module *module = ot_alloc(sizeof(*module));
	struct fake_types types;
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
	fake_add_fns(fake, &types, tu[0], file[0], symbol);
	fake_add_vars(fake, &types, tu, file, symbol);
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
