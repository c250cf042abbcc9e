// SPDX-License-Identifier: BSD-2-Clause
// Functions, variables, files and units from the tables of one module.
#include <string.h>

#include "model/internal.h"

/* A path below /osh/files: without "./", doubled slashes and the leading slash; below the directory
 * of the compilation only what is behind it. */
static const char *tree_name(struct ot_decoder *d, const char *name, const char *directory)
{
	size_t len = directory ? strlen(directory) : 0;
	ot_auto_buf struct ot_buf path = OT_BUF_INIT;

	if (len && !strncmp(name, directory, len) && name[len] == '/')
		name += len;
	while (*name) {
		size_t part = strcspn(name, "/");

		if (part && !(part == 1 && name[0] == '.')) {
			if (path.len)
				ot_buf_addc(&path, '/');
			ot_buf_add(&path, name, part);
		}
		name += part;
		name += strspn(name, "/");
	}
	return ot_arena_strndup(&d->program->arena, ot_buf_text(&path), path.len);
}

static const struct ot_file *decode_file(struct ot_decoder *d, const struct otrace_ref *ref)
{
	uint64_t address = ot_image_follow(d->image, ref);
	struct ot_file *file = address ? ot_map_get(&d->files, address) : NULL;
	const struct otrace_file *raw;
	const char *slash;

	if (!address || file)
		return file;
	raw = address % 4 ? NULL : ot_image_at(d->image, address, sizeof(*raw));
	if (!raw) {
		ot_decode_fail(d, address, "file outside of the module");
		return NULL;
	}
	file = ot_arena_alloc(&d->program->arena, sizeof(*file));
	file->name = ot_decode_string(d, &raw->name);
	file->directory = ot_decode_string(d, &raw->directory);
	if (!file->name)
		file->name = "?";
	slash = strrchr(file->name, '/');
	file->short_name = slash ? slash + 1 : file->name;
	file->tree_name = tree_name(d, file->name, file->directory);
	file->hash_kind = raw->hash_kind;
	memcpy(file->hash, raw->hash, sizeof(file->hash));
	ot_map_set(&d->files, address, file);
	return file;
}

static const struct ot_tu *decode_tu(struct ot_decoder *d, const struct otrace_ref *ref)
{
	uint64_t address = ot_image_follow(d->image, ref);
	const struct otrace_tu *raw =
		!address || address % 4 ? NULL : ot_image_at(d->image, address, sizeof(*raw));
	struct ot_tu *tu;

	if (!raw) {
		ot_decode_fail(d, address, "no unit where one is named");
		return NULL;
	}
	tu = ot_arena_alloc(&d->program->arena, sizeof(*tu));
	tu->file = decode_file(d, &raw->file);
	tu->producer = ot_decode_string(d, &raw->producer);
	tu->command = ot_decode_string(d, &raw->command);
	tu->flags = raw->flags;
	return tu;
}

/* ------------------------------------------------------------------ a pool */

/** What entries lead to, in the order of the descriptions. */
struct described {
	uint32_t *at; /* offset of each description in its pool */
	uint64_t nr;
	uint64_t next; /* most entries have the order of the descriptions */
};

/** A pool while its descriptions are read, from the first to the last, and then while entries lead there. */
struct ot_pool {
	struct ot_decoder *d;
	struct otrace_pool_view view;
	struct otrace_stream stream;
	uint64_t address;
	const struct ot_tu **units;
	const struct ot_type **types; /* by number of the reference; NULL = not looked at yet */
	const char **names;	      /* number 1 is names[0] */
	struct ot_param *params;
	struct ot_fn *fns;
	struct ot_var *vars;
	struct described fns_at;
	struct described vars_at;
	struct otrace_stream *inlined; /* of each function: read when all are there */
	uint32_t line;		       /* of the function or variable before */
	uint64_t last_file;	       /* the number that file is of */
	const struct ot_file *file;
};

#define NR_MAX (1u << 20)
/* A byte for each part that a description always has: there cannot be more of them in a pool. */
#define FN_MIN_BYTES 7u
#define VAR_MIN_BYTES 6u

/* For what stays. */
static void *room(const struct ot_pool *pool, uint64_t nr, size_t bytes)
{
	return ot_arena_alloc(&pool->d->program->arena, nr * bytes);
}

/* For what serves while the module is read. */
static void *scratch(const struct ot_pool *pool, uint64_t nr, size_t bytes)
{
	return ot_arena_alloc(&pool->d->scratch, nr * bytes);
}

static uint32_t offset_in(const struct ot_pool *pool, const void *at)
{
	return (uint32_t)((const char *)at - (const char *)pool->view.pool);
}

static uint64_t address_in(const struct ot_pool *pool, const void *at)
{
	return pool->address + (uint64_t)((const char *)at - (const char *)pool->view.pool);
}

static void pool_fail(struct ot_pool *pool, const char *what)
{
	ot_decode_fail(pool->d, pool->address, what);
}

/* How many of something follow: each takes a byte at least. */
static uint32_t read_nr(struct ot_pool *pool, struct otrace_stream *stream)
{
	uint64_t nr = otrace_stream_varint(stream);

	if (stream->end && nr > (uint64_t)(stream->end - stream->at))
		stream->end = NULL;
	return stream->end && !pool->d->err ? (uint32_t)nr : 0;
}

/* The reference of a number; NULL for none. */
static const struct otrace_ref *ref_of(struct ot_pool *pool, uint64_t number)
{
	const struct otrace_ref *ref = otrace_pool_ref(&pool->view, number);

	if (number && !ref)
		pool_fail(pool, "reference that does not exist");
	return ref;
}

static const struct ot_type *read_type(struct ot_pool *pool, struct otrace_stream *stream)
{
	uint64_t number = otrace_stream_varint(stream);
	const struct otrace_ref *ref = ref_of(pool, number);

	if (pool->d->err)
		return NULL;
	if (!ref)
		return pool->d->program->type_void;
	if (!pool->types[number])
		pool->types[number] = ot_decode_type(pool->d, ot_image_follow(pool->d->image, ref));
	return pool->types[number];
}

static const struct ot_file *read_file(struct ot_pool *pool, uint64_t number)
{
	const struct otrace_ref *ref = ref_of(pool, number);

	if (!ref || pool->d->err)
		return NULL;
	if (number != pool->last_file) {
		pool->last_file = number;
		pool->file = decode_file(pool->d, ref);
	}
	return pool->file;
}

/* The line of a function or variable. */
static uint32_t read_line(struct ot_pool *pool, struct otrace_stream *stream)
{
	return pool->line += (uint32_t)otrace_stream_signed(stream);
}

static const char *name_of(struct ot_pool *pool, uint64_t number)
{
	if (number > pool->view.nr_names) {
		pool_fail(pool, "name that does not exist");
		return NULL;
	}
	return number ? pool->names[number - 1] : NULL;
}

static const struct ot_tu *read_unit(struct ot_pool *pool, struct otrace_stream *stream, bool has)
{
	uint64_t number = has ? otrace_stream_varint(stream) : 0;

	if (number >= pool->view.nr_units) {
		pool_fail(pool, "unit that does not exist");
		return NULL;
	}
	return pool->units[number];
}

/* ------------------------------------------------------------------ functions */

static const struct otrace_piece *read_pieces(struct ot_pool *pool, struct otrace_stream *stream,
					      uint64_t nr)
{
	struct otrace_piece *pieces;

	if (nr > NR_MAX || !stream->end || nr > (uint64_t)(stream->end - stream->at))
		stream->end = NULL;
	if (!stream->end || !nr)
		return NULL;
	pieces = room(pool, nr, sizeof(*pieces));
	for (uint64_t i = 0; i < nr; i++) {
		pieces[i].frame_offset = (uint32_t)otrace_stream_varint(stream);
		pieces[i].value_offset = (uint32_t)otrace_stream_varint(stream);
		pieces[i].size_bytes = (uint32_t)otrace_stream_varint(stream);
		pieces[i].kind = (uint16_t)otrace_stream_varint(stream);
	}
	return pieces;
}

/* All of a value in one place. */
static const struct otrace_piece *whole(struct ot_pool *pool, uint32_t frame_offset,
					const struct ot_type *type)
{
	uint32_t size_bytes = type ? (uint32_t)type->size_bytes : 0;
	bool is_usual =
		frame_offset % 8 == 0 && frame_offset < 8 * OT_NR_WHOLE && size_bytes < OT_NR_WHOLE;
	const struct otrace_piece **usual =
		&pool->d->whole[is_usual ? frame_offset / 8 : 0][is_usual ? size_bytes : 0];
	struct otrace_piece *piece;

	if (is_usual && *usual)
		return *usual;
	piece = room(pool, 1, sizeof(*piece));
	piece->frame_offset = frame_offset;
	piece->size_bytes = size_bytes;
	if (is_usual)
		*usual = piece;
	return piece;
}

static void read_params(struct ot_pool *pool, struct otrace_stream *stream,
			const struct otrace_fn *raw, struct ot_fn *fn)
{
	uint32_t nr = read_nr(pool, stream);
	struct ot_param *params = room(pool, nr, sizeof(*params));
	uint32_t slot = sizeof(struct otrace_frame);

	fn->params = params;
	fn->nr_params = nr;
	for (uint32_t i = 0; i < nr && stream->end && !pool->d->err; i++) {
		uint64_t how = raw->body_offset ? 1 : 0;
		uint64_t number = otrace_stream_varint(stream);

		if (number >= pool->view.nr_params) {
			pool_fail(pool, "parameter that does not exist");
			return;
		}
		params[i] = pool->params[number];
		if (raw->has & OTRACE_FN_HAS_PARAM_PIECES)
			how = otrace_stream_varint(stream);
		params[i].nr_pieces = how > 1 ? (uint32_t)how - 1 : (uint32_t)how;
		if (how == 1) {
			params[i].pieces = whole(pool, slot, params[i].type);
			slot += 8;
		} else if (how) {
			params[i].pieces = read_pieces(pool, stream, how - 1);
		}
	}
}

static void read_result(struct ot_pool *pool, struct otrace_stream *stream,
			const struct otrace_fn *raw, struct ot_fn *fn)
{
	fn->return_type = read_type(pool, stream);
	if (raw->has & OTRACE_FN_HAS_RESULT_PIECES) {
		fn->nr_return_pieces = read_nr(pool, stream);
		fn->return_pieces = read_pieces(pool, stream, fn->nr_return_pieces);
	} else if (fn->return_type && fn->return_type->kind != OTRACE_TYPE_VOID && raw->wrapper) {
		fn->nr_return_pieces = 1;
		fn->return_pieces = whole(pool, raw->ret_offset, fn->return_type);
	}
}

static void skip_inlined(struct ot_pool *pool, struct otrace_stream *stream)
{
	for (uint32_t nr = read_nr(pool, stream); nr && stream->end; nr--) {
		uint64_t how = otrace_stream_varint(stream) & 3;

		if (how == OTRACE_CALL_FILE)
			otrace_stream_varint(stream);
		if (how != OTRACE_CALL_SAME)
			otrace_stream_varint(stream);
	}
}

/* Reads what follows of the place of a call. @param at  where the call before was; moves on */
static void read_call_place(struct ot_pool *pool, struct otrace_stream *stream, uint64_t how,
			    uint64_t caller, struct ot_inlined *at)
{
	if (how == OTRACE_CALL_FILE) {
		const struct ot_file *file = read_file(pool, otrace_stream_varint(stream));

		at->file = file ? file->name : NULL;
	}
	if (how == OTRACE_CALL_FILE || how == OTRACE_CALL_LINE)
		at->line += (uint32_t)otrace_stream_signed(stream);
	if (how != OTRACE_CALL_IN_CALLER)
		return;
	if (caller >= pool->view.nr_fns)
		pool_fail(pool, "caller that does not exist");
	else
		at->line = pool->fns[caller].line_begin + (uint32_t)otrace_stream_varint(stream);
}

static void read_inlined(struct ot_pool *pool, struct otrace_stream *stream, struct ot_fn *fn)
{
	uint32_t nr = read_nr(pool, stream);
	struct ot_inlined *all = room(pool, nr, sizeof(*all));
	struct ot_inlined at = {.line = fn->line_begin, .file = fn->file ? fn->file->name : NULL};
	uint64_t nr_fns = pool->view.nr_fns;
	uint64_t caller = 0;

	for (uint32_t i = 0; i < nr && stream->end && !pool->d->err; i++) {
		uint64_t what = otrace_stream_varint(stream);
		uint64_t by = what >> 2;

		caller += by >> 1 ^ (~(by & 1) + 1);
		read_call_place(pool, stream, what & 3, caller, &at);
		at.caller =
			caller < nr_fns ? pool->fns[caller].name : name_of(pool, caller - nr_fns);
		all[i] = at;
	}
	fn->inlined = all;
	fn->nr_inlined = nr;
}

static void copy_fn(const struct otrace_fn *raw, struct ot_fn *fn)
{
	fn->flags = raw->flags;
	fn->assumes = raw->assumes;
	fn->name = *raw->name ? raw->name : "?";
	fn->linkage_name = *raw->linkage_name ? raw->linkage_name : fn->name;
	fn->unique_name = fn->name;
	fn->args_offset = raw->args_offset;
	fn->args_bytes = raw->args_bytes;
	fn->ret_offset = raw->ret_offset;
	fn->ret_bytes = raw->ret_bytes;
	fn->frame_bytes = raw->frame_bytes;
}

/* @param fn zeroed */
static void read_fn(struct ot_pool *pool, struct otrace_stream *stream,
		    struct otrace_stream *inlined, struct ot_fn *fn)
{
	const struct otrace_ref *wrapper;
	struct otrace_fn raw;
	uint64_t distance;

	fn->record = address_in(pool, stream->at);
	distance = otrace_stream_varint(stream);
	otrace_fn_read(&pool->view, stream, distance, &raw);
	if (!stream->end)
		return;
	copy_fn(&raw, fn);
	fn->module = &pool->d->loaded->module;
	fn->stub = raw.stub_offset; /* added to the symbol, once that is known */
	fn->body = raw.body_offset;
	wrapper = otrace_pool_ref(&pool->view, raw.wrapper);
	fn->wrapper = wrapper ? ot_image_follow(pool->d->image, wrapper) : 0;
	fn->file = read_file(pool, raw.file);
	fn->tu = read_unit(pool, stream, raw.has & OTRACE_FN_HAS_UNIT);
	fn->line_begin = read_line(pool, stream);
	fn->line_end = fn->line_begin + (uint32_t)otrace_stream_varint(stream);
	if (raw.flags & OTRACE_FN_SKIPPED)
		fn->skip_reason = (uint32_t)otrace_stream_varint(stream);
	read_result(pool, stream, &raw, fn);
	read_params(pool, stream, &raw, fn);
	if (raw.has & OTRACE_FN_HAS_INLINED) {
		*inlined = *stream;
		skip_inlined(pool, stream);
	}
}

/* ------------------------------------------------------------------ variables */

/* @param var zeroed */
static void read_var(struct ot_pool *pool, struct otrace_stream *stream, struct ot_var *var)
{
	uint32_t has;

	var->record = address_in(pool, stream->at);
	otrace_stream_varint(stream);
	var->module = &pool->d->loaded->module;
	var->flags = (uint32_t)otrace_stream_varint(stream);
	has = (uint32_t)otrace_stream_varint(stream);
	var->name = otrace_stream_text(stream);
	var->linkage_name =
		has & OTRACE_VAR_HAS_LINKAGE_NAME ? otrace_stream_text(stream) : var->name;
	var->unique_name = var->name;
	var->file = read_file(pool, has & OTRACE_VAR_HAS_FILE ? otrace_stream_varint(stream)
							      : pool->view.common_file);
	var->line = read_line(pool, stream);
	var->tu = read_unit(pool, stream, has & OTRACE_VAR_HAS_UNIT);
	var->type = read_type(pool, stream);
	if (has & OTRACE_VAR_HAS_SCOPE)
		var->scope = name_of(pool, otrace_stream_varint(stream));
	var->size_bytes = var->type ? var->type->size_bytes : 0;
	if (has & OTRACE_VAR_HAS_SIZE)
		var->size_bytes = otrace_stream_varint(stream);
	if (has & OTRACE_VAR_HAS_ALIGN)
		var->align_bytes = 1u << (otrace_stream_varint(stream) & 31);
	if (var->flags & OTRACE_VAR_CONSTANT_VALUE)
		var->constant_value = otrace_stream_varint(stream);
}

/* ------------------------------------------------------------------ all of a pool */

/* Names and parameters come last, and are needed first.
 * @param ret where the parameters begin */
static bool find_names(struct ot_pool *pool, struct otrace_stream *ret)
{
	const uint8_t *begin = pool->view.stream.at;
	const uint8_t *at = pool->view.stream.end;

	*ret = pool->view.stream;
	pool->names = scratch(pool, pool->view.nr_names, sizeof(*pool->names));
	for (uint64_t i = pool->view.nr_names; i-- > 0;) {
		if (at == begin || at[-1])
			return false;
		for (at--; at > begin && at[-1];)
			at--;
		pool->names[i] = (const char *)at;
	}
	if (at == begin || at[-1])
		return false;
	at--;
	for (uint64_t i = 2 * pool->view.nr_params; i-- > 0;) {
		if (at == begin || at[-1] & 0x80)
			return false;
		for (at--; at > begin && at[-1] & 0x80;)
			at--;
	}
	ret->at = at;
	return true;
}

static void read_pool_params(struct ot_pool *pool, struct otrace_stream *stream)
{
	pool->params = scratch(pool, pool->view.nr_params, sizeof(*pool->params));
	for (uint64_t i = 0; i < pool->view.nr_params && !pool->d->err; i++) {
		pool->params[i].type = read_type(pool, stream);
		pool->params[i].name = name_of(pool, otrace_stream_varint(stream));
	}
}

static bool open_pool(struct ot_pool *pool, uint64_t address)
{
	struct ot_decoder *d = pool->d;
	const struct otrace_pool *raw =
		address % 4 ? NULL : ot_image_at(d->image, address, sizeof(*raw));
	struct otrace_stream params;

	pool->address = address;
	if (!raw || raw->size_bytes < sizeof(*raw) ||
	    !ot_image_at(d->image, address, raw->size_bytes) ||
	    !otrace_pool_open(raw, raw->size_bytes, &pool->view) ||
	    pool->view.nr_fns > raw->size_bytes / FN_MIN_BYTES ||
	    pool->view.nr_vars > raw->size_bytes / VAR_MIN_BYTES ||
	    pool->view.nr_names > raw->size_bytes || pool->view.nr_params > raw->size_bytes ||
	    !find_names(pool, &params)) {
		pool_fail(pool, "no pool where one is named");
		return false;
	}
	pool->units = scratch(pool, pool->view.nr_units, sizeof(*pool->units));
	pool->types = scratch(pool, pool->view.nr_refs + 1, sizeof(*pool->types));
	for (uint64_t i = 0; i < pool->view.nr_units && !d->err; i++)
		pool->units[i] = decode_tu(d, otrace_pool_unit(&pool->view, i));
	read_pool_params(pool, &params);
	return !d->err;
}

static void describe(struct ot_pool *pool, struct described *described, uint64_t nr)
{
	described->at = scratch(pool, nr, sizeof(*described->at));
	described->nr = nr;
}

static void read_fns(struct ot_pool *pool, struct otrace_stream *stream)
{
	uint64_t nr = pool->view.nr_fns;

	describe(pool, &pool->fns_at, nr);
	pool->fns = room(pool, nr, sizeof(*pool->fns));
	pool->inlined = scratch(pool, nr, sizeof(*pool->inlined));
	pool->line = 0;
	for (uint64_t i = 0; i < nr && !pool->d->err; i++) {
		pool->fns_at.at[i] = offset_in(pool, stream->at);
		read_fn(pool, stream, &pool->inlined[i], &pool->fns[i]);
		if (!stream->end)
			pool_fail(pool, "function cut off");
	}
	for (uint64_t i = 0; i < nr && !pool->d->err; i++)
		if (pool->inlined[i].at)
			read_inlined(pool, &pool->inlined[i], &pool->fns[i]);
}

static void read_vars(struct ot_pool *pool, struct otrace_stream *stream)
{
	uint64_t nr = pool->view.nr_vars;

	describe(pool, &pool->vars_at, nr);
	pool->vars = room(pool, nr, sizeof(*pool->vars));
	pool->line = 0;
	for (uint64_t i = 0; i < nr && !pool->d->err; i++) {
		pool->vars_at.at[i] = offset_in(pool, stream->at);
		read_var(pool, stream, &pool->vars[i]);
		if (!stream->end)
			pool_fail(pool, "variable cut off");
	}
}

static void add_fn(struct ot_decoder *d, struct ot_fn *fn)
{
	fn->index = (uint32_t)d->program->all_fns.nr;
	ot_vec_push(&d->program->all_fns, fn);
}

#define VAR_WITHOUT_PLACE ((uint32_t)OTRACE_VAR_OPTIMIZED_OUT | (uint32_t)OTRACE_VAR_CONSTANT_VALUE)

/* Reads a pool that was not read yet, and takes what has no entry. */
static struct ot_pool *decode_pool(struct ot_decoder *d, uint64_t address)
{
	void **place = ot_map_place(&d->pools, address);
	struct ot_pool *pool = *place;

	if (pool)
		return pool;
	*place = pool = ot_arena_alloc(&d->scratch, sizeof(*pool));
	pool->d = d;
	if (!open_pool(pool, address))
		return pool;
	pool->stream = pool->view.stream;
	read_fns(pool, &pool->stream);
	read_vars(pool, &pool->stream);
	for (uint64_t i = 0; i < pool->view.nr_fns && !d->err; i++)
		if (pool->fns[i].flags & OTRACE_FN_INLINE_ONLY)
			add_fn(d, &pool->fns[i]);
	for (uint64_t i = 0; i < pool->view.nr_vars && !d->err; i++)
		if (pool->vars[i].flags & VAR_WITHOUT_PLACE)
			ot_vec_push(&d->program->all_vars, &pool->vars[i]);
	return pool;
}

/* ------------------------------------------------------------------ entries */

/* The number of the description at an address of the pool; false when none begins there. */
static bool find_description(const struct ot_pool *pool, struct described *described,
			     uint64_t address, uint64_t *ret)
{
	uint64_t offset = address - pool->address;
	uint64_t low = 0, high = described->nr;

	if (described->next < described->nr && described->at[described->next] == offset) {
		*ret = described->next++;
		return true;
	}
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (described->at[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == described->nr || described->at[low] != offset)
		return false;
	described->next = low + 1;
	*ret = low;
	return true;
}

static void place_fn(struct ot_pool *pool, uint64_t description, uint64_t entry, uint64_t place)
{
	uint64_t number;
	bool found = find_description(pool, &pool->fns_at, description, &number);
	struct ot_fn *fn = found ? &pool->fns[number] : NULL;

	if (!fn || fn->symbol || fn->flags & OTRACE_FN_INLINE_ONLY) {
		ot_decode_fail(pool->d, entry, "no function where one is named");
		return;
	}
	fn->record = entry;
	fn->symbol = place;
	fn->stub = fn->body ? place + fn->stub : 0;
	fn->body = fn->body ? place + fn->body : 0;
	add_fn(pool->d, fn);
}

static void place_var(struct ot_pool *pool, uint64_t description, uint64_t entry, uint64_t place)
{
	uint64_t number;
	bool found = find_description(pool, &pool->vars_at, description, &number);
	struct ot_var *var = found ? &pool->vars[number] : NULL;

	if (!var || var->address || var->flags & VAR_WITHOUT_PLACE) {
		ot_decode_fail(pool->d, entry, "no variable where one is named");
		return;
	}
	var->record = entry;
	var->address = place;
	ot_vec_push(&pool->d->program->all_vars, var);
}

/* The pool of the description at an address; NULL: see err. */
static struct ot_pool *pool_of(struct ot_decoder *d, uint64_t description)
{
	const struct ot_pool *last = d->pool;
	uint64_t low = d->image->low;
	struct otrace_stream stream = {NULL, NULL};
	uint64_t distance;

	if (last && description >= last->address &&
	    description - last->address < last->view.pool->size_bytes)
		return d->pool;
	for (uint64_t bytes = 10; bytes && !stream.end; bytes--) {
		stream.at = ot_image_at(d->image, description, bytes);
		stream.end = stream.at ? stream.at + bytes : NULL;
	}
	distance = otrace_stream_varint(&stream) >> 1;
	if (!stream.end || distance > description - low) {
		ot_decode_fail(d, description, "no description where one is named");
		return NULL;
	}
	d->pool = decode_pool(d, description - distance);
	if (d->err)
		d->pool = NULL;
	return d->pool;
}

static void decode_entries(struct ot_decoder *d, uint64_t begin, uint64_t end,
			   void (*place)(struct ot_pool *, uint64_t, uint64_t, uint64_t))
{
	/* The place that the note names is an entry itself, so there is at least that. */
	if (begin == end)
		ot_decode_fail(d, d->loaded->module.low, "no entries where the note says");
	if (begin % 4 || end < begin || (end - begin) % sizeof(struct otrace_entry))
		ot_decode_fail(d, begin, "entries not aligned");
	for (uint64_t at = begin; at < end && !d->err; at += sizeof(struct otrace_entry)) {
		const struct otrace_entry *entry = ot_image_at(d->image, at, sizeof(*entry));
		uint64_t description = entry ? ot_image_follow(d->image, &entry->description) : 0;
		struct ot_pool *pool;

		if (!description) {
			ot_decode_fail(d, at, "no entry where one should be");
			return;
		}
		if (!entry->place.delta) {
			decode_pool(d, description);
			continue;
		}
		pool = pool_of(d, description);
		if (pool)
			place(pool, description, at, ot_image_follow(d->image, &entry->place));
	}
}

/* Of a damaged module nothing is believed. Its types must not be taken for those of the next one,
 * for their members may not have been read. */
static void forget_since(struct ot_program *program, size_t nr_fns, size_t nr_vars, size_t nr_types)
{
	program->all_fns.nr = nr_fns;
	program->all_vars.nr = nr_vars;
	for (size_t i = nr_types; i < program->all_types.nr; i++)
		program->all_types.items[i]->hash = 0;
	program->all_types.nr = nr_types;
}

struct ot_err *ot_tables_decode(struct ot_program *program, struct ot_loaded *loaded,
				const struct otrace_module *m)
{
	struct ot_decoder d = {.program = program, .loaded = loaded, .image = &loaded->image};
	/* What is counted there decides only how often something grows. */
	size_t expected = m->nr_fns < NR_MAX ? m->nr_fns : NR_MAX;
	size_t nr_fns = program->all_fns.nr;
	size_t nr_vars = program->all_vars.nr;
	size_t nr_types = program->all_types.nr;

	ot_type_table_reserve(&d.types, expected / 2);
	ot_map_reserve(&program->types_by_hash, program->types_by_hash.nr + expected);
	decode_entries(&d, m->fn_begin, m->fn_end, place_fn);
	decode_entries(&d, m->var_begin, m->var_end, place_var);
	ot_decode_members(&d);
	if (d.err)
		forget_since(program, nr_fns, nr_vars, nr_types);
	loaded->module.nr_fns = program->all_fns.nr - nr_fns;
	loaded->module.nr_vars = program->all_vars.nr - nr_vars;
	ot_type_table_deinit(&d.types);
	ot_map_deinit(&d.files);
	ot_map_deinit(&d.pools);
	ot_arena_deinit(&d.scratch);
	ot_vec_deinit(&d.todo);
	return d.err;
}
