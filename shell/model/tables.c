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
	struct ot_tu *tu = address ? ot_map_get(&d->tus, address) : NULL;
	const struct otrace_tu *raw;

	if (!address || tu)
		return tu;
	raw = address % 4 ? NULL : ot_image_at(d->image, address, sizeof(*raw));
	if (!raw || raw->magic != OTRACE_MAGIC_TU) {
		ot_decode_fail(d, address, "no unit where one is named");
		return NULL;
	}
	tu = ot_arena_alloc(&d->program->arena, sizeof(*tu));
	tu->file = decode_file(d, &raw->file);
	tu->producer = ot_decode_string(d, &raw->producer);
	tu->command = ot_decode_string(d, &raw->command);
	tu->flags = raw->flags;
	ot_map_set(&d->tus, address, tu);
	return tu;
}

static const struct ot_param *decode_fn_params(struct ot_decoder *d, const struct otrace_fn *raw)
{
	const struct otrace_param *from =
		ot_decode_array(d, &raw->params, raw->nr_params, sizeof(*from),
				_Alignof(__typeof__(*from)), "parameters");
	struct ot_param *params;

	if (d->err)
		return NULL;
	params = ot_arena_alloc(&d->program->arena, sizeof(*params) * (raw->nr_params + 1));
	for (uint32_t i = 0; i < raw->nr_params && !d->err; i++) {
		params[i].name = ot_decode_string(d, &from[i].name);
		if (params[i].name && !*params[i].name)
			params[i].name = NULL;
		params[i].type = ot_decode_type(d, ot_image_follow(d->image, &from[i].type));
		params[i].nr_pieces = from[i].nr_pieces;
		params[i].pieces =
			ot_decode_array(d, &from[i].pieces, from[i].nr_pieces,
					sizeof(struct otrace_piece), _Alignof(struct otrace_piece),
					"pieces of a parameter");
	}
	return params;
}

static const struct ot_inlined *decode_inlined(struct ot_decoder *d, const struct otrace_fn *raw)
{
	const struct otrace_inlined *from =
		ot_decode_array(d, &raw->inlined, raw->nr_inlined, sizeof(*from),
				_Alignof(__typeof__(*from)), "inlined copies");
	struct ot_inlined *all;

	if (d->err)
		return NULL;
	all = ot_arena_alloc(&d->program->arena, sizeof(*all) * (raw->nr_inlined + 1));
	for (uint32_t i = 0; i < raw->nr_inlined && !d->err; i++) {
		all[i].caller = ot_decode_string(d, &from[i].caller);
		all[i].file = ot_decode_string(d, &from[i].file);
		all[i].line = from[i].line;
	}
	return all;
}

/* The numbers and addresses of a function; its types and lists come from decode_fn(). */
static void copy_fn(struct ot_decoder *d, const struct otrace_fn *raw, struct ot_fn *fn)
{
	fn->symbol = ot_image_follow(d->image, &raw->symbol);
	fn->stub = ot_image_follow(d->image, &raw->stub);
	fn->body = ot_image_follow(d->image, &raw->body);
	fn->wrapper = ot_image_follow(d->image, &raw->wrapper);
	fn->line_begin = raw->line_begin;
	fn->line_end = raw->line_end;
	fn->flags = raw->flags;
	fn->assumes = raw->assumes;
	fn->skip_reason = raw->skip_reason;
	fn->nr_params = raw->nr_params;
	fn->nr_return_pieces = raw->nr_return_pieces;
	fn->nr_inlined = raw->nr_inlined;
	fn->args_offset = raw->args_offset;
	fn->args_bytes = raw->args_bytes;
	fn->ret_offset = raw->ret_offset;
	fn->ret_bytes = raw->ret_bytes;
	fn->frame_bytes = raw->frame_bytes;
}

static void decode_fn(struct ot_decoder *d, uint64_t address, const void *record)
{
	const struct otrace_fn *raw = record;
	struct ot_fn *fn = ot_arena_alloc(&d->program->arena, sizeof(*fn));

	copy_fn(d, raw, fn);
	fn->record = address;
	fn->module = &d->loaded->module;
	fn->name = ot_decode_string(d, &raw->name);
	fn->linkage_name = ot_decode_string(d, &raw->linkage_name);
	if (!fn->name)
		fn->name = fn->linkage_name ? fn->linkage_name : "?";
	if (!fn->linkage_name)
		fn->linkage_name = fn->name;
	fn->tu = decode_tu(d, &raw->tu);
	fn->file = decode_file(d, &raw->file);
	fn->return_type = ot_decode_type(d, ot_image_follow(d->image, &raw->return_type));
	fn->params = decode_fn_params(d, raw);
	fn->inlined = decode_inlined(d, raw);
	fn->return_pieces = ot_decode_array(d, &raw->return_pieces, raw->nr_return_pieces,
					    sizeof(struct otrace_piece),
					    _Alignof(struct otrace_piece), "pieces of a result");
	if (d->err)
		return;
	fn->unique_name = fn->name;
	fn->index = (uint32_t)d->program->all_fns.nr;
	ot_vec_push(&d->program->all_fns, fn);
}

static void decode_var(struct ot_decoder *d, uint64_t address, const void *record)
{
	const struct otrace_var *raw = record;
	struct ot_var *var = ot_arena_alloc(&d->program->arena, sizeof(*var));

	var->record = address;
	var->address = ot_image_follow(d->image, &raw->address);
	var->module = &d->loaded->module;
	var->name = ot_decode_string(d, &raw->name);
	var->linkage_name = ot_decode_string(d, &raw->linkage_name);
	if (!var->name)
		var->name = var->linkage_name ? var->linkage_name : "?";
	var->scope = ot_decode_string(d, &raw->scope);
	var->tu = decode_tu(d, &raw->tu);
	var->file = decode_file(d, &raw->file);
	var->type = ot_decode_type(d, ot_image_follow(d->image, &raw->type));
	var->line = raw->line;
	var->flags = raw->flags;
	var->size_bytes = raw->size_bytes;
	var->constant_value = raw->constant_value;
	if (d->err)
		return;
	var->unique_name = var->name;
	ot_vec_push(&d->program->all_vars, var);
}

/* A record of the wanted kind or an anchor, whole and with both ends agreeing; else NULL, err. */
static const struct otrace_head *check_record(struct ot_decoder *d, uint64_t address, uint64_t end,
					      uint32_t magic, size_t min_bytes)
{
	const struct otrace_head *head = ot_image_at(d->image, address, sizeof(*head));
	const struct otrace_tail *tail;
	size_t need = head && head->magic == OTRACE_MAGIC_ANCHOR ? sizeof(struct otrace_anchor)
								 : min_bytes;

	if (!head || (head->magic != magic && head->magic != OTRACE_MAGIC_ANCHOR) ||
	    head->size_bytes % 8 || head->size_bytes < need || head->size_bytes > end - address ||
	    !ot_image_at(d->image, address, head->size_bytes)) {
		ot_decode_fail(d, address, "no record where one should start");
		return NULL;
	}
	tail = (const void *)((const char *)head + head->size_bytes - sizeof(*tail));
	if (tail->size_bytes != head->size_bytes || tail->magic_complement != ~head->magic) {
		ot_decode_fail(d, address, "record with two different ends");
		return NULL;
	}
	return head;
}

static void decode_records(struct ot_decoder *d, uint64_t begin, uint64_t end, uint32_t magic,
			   size_t min_bytes,
			   void (*one)(struct ot_decoder *, uint64_t, const void *))
{
	if (begin % 8 || end % 8 || end < begin)
		ot_decode_fail(d, begin, "records not aligned");
	for (uint64_t at = begin; at < end && !d->err;) {
		const struct otrace_head *head = check_record(d, at, end, magic, min_bytes);

		if (!head)
			return;
		if (head->magic == magic)
			one(d, at, head);
		at += head->size_bytes;
	}
}

/* Of a damaged module nothing is believed. Its types must not be taken for those of the next one,
 * for their members may not have been read. */
static void forget_since(struct ot_program *program, size_t nr_fns, size_t nr_vars, size_t nr_types)
{
	program->all_fns.nr = nr_fns;
	program->all_vars.nr = nr_vars;
	for (size_t i = nr_types; i < program->all_types.nr; i++)
		memset(program->all_types.items[i]->hash, 0, sizeof(uint64_t[2]));
	program->all_types.nr = nr_types;
}

struct ot_err *ot_tables_decode(struct ot_program *program, struct ot_loaded *loaded,
				const struct otrace_module *m)
{
	struct ot_decoder d = {.program = program, .loaded = loaded, .image = &loaded->image};
	size_t nr_fns = program->all_fns.nr;
	size_t nr_vars = program->all_vars.nr;
	size_t nr_types = program->all_types.nr;

	decode_records(&d, m->fn_begin, m->fn_end, OTRACE_MAGIC_FN, sizeof(struct otrace_fn),
		       decode_fn);
	decode_records(&d, m->var_begin, m->var_end, OTRACE_MAGIC_VAR, sizeof(struct otrace_var),
		       decode_var);
	ot_decode_members(&d);
	if (d.err)
		forget_since(program, nr_fns, nr_vars, nr_types);
	loaded->module.nr_fns = program->all_fns.nr - nr_fns;
	loaded->module.nr_vars = program->all_vars.nr - nr_vars;
	ot_map_deinit(&d.types);
	ot_map_deinit(&d.files);
	ot_map_deinit(&d.tus);
	ot_vec_deinit(&d.todo);
	ot_vec_deinit(&d.todo_at);
	return d.err;
}
