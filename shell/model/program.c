// SPDX-License-Identifier: BSD-2-Clause
// Life of a program: which modules there are, and reading those that are new.
#include <string.h>

#include "model/internal.h"

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct ot_loaded *find_loaded(const struct ot_program *program, uint64_t id)
{
	for (size_t i = 0; i < program->loaded.nr; i++)
		if (program->loaded.items[i]->module.id == id)
			return program->loaded.items[i];
	return NULL;
}

static struct ot_err *load_tables(struct ot_program *program, struct ot_loaded *loaded,
				  const struct otrace_module *m)
{
	if (m->abi_version != OTRACE_ABI_VERSION)
		return ot_err_new(OT_ERR_VERSION,
				  "%s was compiled with tables of version %u; this otrace reads "
				  "version %u: compile it again with this one's pass",
				  loaded->module.short_name, m->abi_version, OTRACE_ABI_VERSION);
	OT_TRY(ot_image_init(&loaded->image, program->target, m->low, m->high));
	return ot_tables_decode(program, loaded, m);
}

/* What is certainly there, the table's own first bytes, cannot be read: then what was read besides is nothing. */
static struct ot_err *explain(struct ot_target *target, const struct otrace_module *m,
			      struct ot_err *err)
{
	uint64_t at = m->nr_fns ? m->fn_begin : m->var_begin;
	struct ot_target_span span = {.address = at, .bytes = 1};
	uint8_t byte;

	if (!err || err->code != OT_ERR_DAMAGED || !at || !ot_target_pid(target))
		return err;
	span.buf = &byte;
	if (ot_target_readv(target, &span, 1) || span.got)
		return err;
	ot_err_destroy(err);
	return ot_err_new(
		OT_ERR_SYSTEM,
		"its memory cannot be read: process_vm_readv is refused to it (a filter for "
		"system calls?), and without that nothing can be looked at or traced");
}

static void load_module(struct ot_program *program, const struct ot_target_module *from)
{
	struct ot_loaded *loaded = ot_alloc(sizeof(*loaded));
	struct ot_module *module = &loaded->module;

	loaded->from = from->m;
	module->id = from->m.id;
	module->bias = from->m.bias;
	module->low = from->m.low;
	module->high = from->m.high;
	module->abi_version = from->m.abi_version;
	module->path = ot_arena_strndup(&program->arena, from->path, strlen(from->path));
	module->short_name = last_component(module->path);
	ot_vec_push(&program->loaded, loaded);
	module->err = explain(program->target, &from->m, load_tables(program, loaded, &from->m));
	if (module->err && module->err->code != OT_ERR_VERSION)
		ot_err_prefix(module->err, "%s", module->short_name);
}

/* The modules of the target that are not known yet; those that are gone are marked. */
static void load_modules(struct ot_program *program)
{
	size_t nr;
	const struct ot_target_module *modules = ot_target_modules(program->target, &nr);

	for (size_t i = 0; i < program->loaded.nr; i++)
		program->loaded.items[i]->module.unloaded = true;
	for (size_t i = 0; i < nr; i++) {
		struct ot_loaded *loaded = find_loaded(program, modules[i].m.id);

		if (loaded)
			loaded->module.unloaded = false;
		else
			load_module(program, &modules[i]);
	}
	program->modules.nr = 0;
	for (size_t i = 0; i < program->loaded.nr; i++)
		if (!program->loaded.items[i]->module.unloaded)
			ot_vec_push(&program->modules, &program->loaded.items[i]->module);
	program->generation = ot_target_generation(program->target);
	ot_program_index(program);
}

/* An error when there are modules and not one of them could be read. */
static struct ot_err *check_modules(const struct ot_program *program)
{
	const struct ot_err *first = NULL;
	struct ot_err *err;

	for (size_t i = 0; i < program->modules.nr; i++) {
		if (!program->modules.items[i]->err)
			return NULL;
		first = first ? first : program->modules.items[i]->err;
	}
	if (!first)
		return NULL;
	err = ot_err_new(first->code, "%s", first->what);
	return err;
}

struct ot_err *ot_program_create(struct ot_target *target, struct ot_program **ret)
{
	struct ot_program *program = ot_alloc(sizeof(*program));
	static const struct ot_type type_void = {.kind = OTRACE_TYPE_VOID, .name = "void"};
	struct ot_err *err;

	program->target = target;
	program->type_void = ot_types_intern(program, &type_void);
	load_modules(program);
	err = check_modules(program);
	if (err) {
		ot_program_destroy(program);
		return err;
	}
	*ret = program;
	return NULL;
}

void ot_program_destroy(struct ot_program *program)
{

	if (!program)
		return;
	for (size_t i = 0; i < program->loaded.nr; i++) {
		ot_image_deinit(&program->loaded.items[i]->image);
		ot_err_destroy(program->loaded.items[i]->module.err);
		free(program->loaded.items[i]);
	}
	for (size_t i = 0; i < program->all_types.nr; i++)
		free(program->all_types.items[i]->text);
	ot_vec_deinit(&program->loaded);
	ot_vec_deinit(&program->modules);
	ot_vec_deinit(&program->all_fns);
	ot_vec_deinit(&program->all_vars);
	ot_vec_deinit(&program->all_types);
	ot_vec_deinit(&program->fns);
	ot_vec_deinit(&program->renamed);
	ot_vec_deinit(&program->vars);
	ot_vec_deinit(&program->types);
	ot_map_deinit(&program->types_by_hash);
	ot_map_deinit(&program->fn_by_name);
	ot_map_deinit(&program->var_by_name);
	ot_map_deinit(&program->type_by_name);
	ot_map_deinit(&program->fn_by_address);
	ot_map_deinit(&program->fn_by_record);
	ot_map_deinit(&program->enum_by_name);
	ot_arena_deinit(&program->arena);
	free(program);
}

struct ot_err *ot_program_update(struct ot_program *program, size_t *nr_new_fns_ret)
{
	size_t nr_fns = program->all_fns.nr;

	OT_TRY(ot_target_refresh(program->target));
	if (ot_target_generation(program->target) != program->generation)
		load_modules(program);
	if (nr_new_fns_ret)
		*nr_new_fns_ret = program->all_fns.nr - nr_fns;
	return NULL;
}

struct ot_target *ot_program_target(const struct ot_program *program)
{
	return program->target;
}

uint64_t ot_program_revision(const struct ot_program *program)
{
	return program->revision;
}

const struct ot_module *const *ot_program_modules(const struct ot_program *program, size_t *nr_ret)
{
	*nr_ret = program->modules.nr;
	return program->modules.items;
}

struct ot_fn *const *ot_program_fns(const struct ot_program *program, size_t *nr_ret)
{
	*nr_ret = program->fns.nr;
	return program->fns.items;
}

struct ot_var *const *ot_program_vars(const struct ot_program *program, size_t *nr_ret)
{
	*nr_ret = program->vars.nr;
	return program->vars.items;
}

const struct ot_type *const *ot_program_types(const struct ot_program *program, size_t *nr_ret)
{
	*nr_ret = program->types.nr;
	return program->types.items;
}

const struct ot_type *ot_program_void(struct ot_program *program)
{
	return program->type_void;
}

const struct ot_type *ot_program_pointer_to(struct ot_program *program, const struct ot_type *type)
{
	struct ot_type like = {.kind = OTRACE_TYPE_POINTER, .size_bytes = 8, .target = type};

	return ot_types_intern(program, &like);
}

const struct ot_type *ot_program_array_of(struct ot_program *program, const struct ot_type *type,
					  uint64_t count)
{
	struct ot_type like = {.kind = OTRACE_TYPE_ARRAY, .target = type, .count = count};

	like.size_bytes = ot_type_size(type) * count;
	return ot_types_intern(program, &like);
}

const struct ot_type *ot_program_fn_type(struct ot_program *program, const struct ot_fn *fn)
{
	struct ot_type like = {.kind = OTRACE_TYPE_FUNCTION, .target = fn->return_type};
	struct ot_member *members =
		ot_arena_alloc(&program->arena, (fn->nr_params + 1) * sizeof(*members));

	for (uint32_t i = 0; i < fn->nr_params; i++)
		members[i].type = fn->params[i].type;
	like.members = members;
	like.nr_members = fn->nr_params;
	if (fn->flags & OTRACE_FN_VARARGS)
		like.flags |= OTRACE_TYPE_FLAG_VARIADIC;
	if (fn->flags & OTRACE_FN_NO_PROTOTYPE)
		like.flags |= OTRACE_TYPE_FLAG_NO_PROTOTYPE;
	return ot_types_intern(program, &like);
}

const struct ot_type *ot_program_base(struct ot_program *program, const char *name)
{
	static const struct {
		const char *name;
		uint8_t bytes;
		uint8_t encoding;
	} bases[] = {
		{"int", 4, OTRACE_ENC_SIGNED},
		{"unsigned int", 4, OTRACE_ENC_UNSIGNED},
		{"long", 8, OTRACE_ENC_SIGNED},
		{"unsigned long", 8, OTRACE_ENC_UNSIGNED},
		{"long long", 8, OTRACE_ENC_SIGNED},
		{"unsigned long long", 8, OTRACE_ENC_UNSIGNED},
		{"char", 1, OTRACE_ENC_SIGNED_CHAR},
		{"signed char", 1, OTRACE_ENC_SIGNED_CHAR},
		{"unsigned char", 1, OTRACE_ENC_UNSIGNED_CHAR},
		{"short", 2, OTRACE_ENC_SIGNED},
		{"unsigned short", 2, OTRACE_ENC_UNSIGNED},
		{"_Bool", 1, OTRACE_ENC_BOOL},
		{"_Float16", 2, OTRACE_ENC_FLOAT},
		{"float", 4, OTRACE_ENC_FLOAT},
		{"double", 8, OTRACE_ENC_FLOAT},
		{"long double", 16, OTRACE_ENC_FLOAT},
		{"__int128", 16, OTRACE_ENC_SIGNED},
		{"unsigned __int128", 16, OTRACE_ENC_UNSIGNED},
	};

	for (size_t i = 0; i < OT_NR(bases); i++) {
		struct ot_type like = {.kind = OTRACE_TYPE_BASE,
				       .name = bases[i].name,
				       .size_bytes = bases[i].bytes,
				       .encoding = bases[i].encoding};

		if (!strcmp(bases[i].name, name))
			return ot_types_intern(program, &like);
	}
	return NULL;
}
