// SPDX-License-Identifier: BSD-2-Clause
// Hash tables beside the sorted lists, for those who ask by name or by place again and again. Made when
// somebody first does: most commands on a program of a hundred thousand functions never need them.
#include <string.h>

#include "model/internal.h"

/* They are caches: what is known does not change. */
static struct ot_program *caches_of(const struct ot_program *program)
{
	return (struct ot_program *)program;
}

struct ot_fn *ot_program_fns_named(const struct ot_program *program, const char *name)
{
	struct ot_map *map = &caches_of(program)->fn_by_name;
	struct ot_fn *const *fns = program->fns.items;

	if (!map->cap) {
		ot_map_reserve(map, program->fns.nr);
		for (size_t i = 0; i < program->fns.nr; i++)
			if (!i || fns[i - 1]->same_name != fns[i])
				ot_map_set_text(map, fns[i]->name, fns[i]);
	}
	return ot_map_get_text(map, name);
}

struct ot_var *ot_program_vars_named(const struct ot_program *program, const char *name)
{
	struct ot_map *map = &caches_of(program)->var_by_name;
	struct ot_var *const *vars = program->vars.items;

	if (!map->cap) {
		ot_map_reserve(map, program->vars.nr);
		for (size_t i = 0; i < program->vars.nr; i++)
			if (!i || vars[i - 1]->same_name != vars[i])
				ot_map_set_text(map, vars[i]->name, vars[i]);
	}
	return ot_map_get_text(map, name);
}

/* The first of each name is always in the list; of the others only those that are not the same again. */
const struct ot_type *ot_program_types_named(const struct ot_program *program, const char *name)
{
	struct ot_map *map = &caches_of(program)->type_by_name;
	const struct ot_type *const *types = program->types.items;

	if (!map->cap) {
		ot_map_reserve(map, program->types.nr);
		for (size_t i = 0; i < program->types.nr; i++)
			if (!i || strcmp(types[i - 1]->name, types[i]->name))
				ot_map_set_text(map, types[i]->name, (void *)types[i]);
	}
	return ot_map_get_text(map, name);
}

/* ------------------------------------------------------------------ by place */

static void add_address(struct ot_map *map, uint64_t address, struct ot_fn *fn)
{
	void **place = address ? ot_map_place(map, address) : NULL;

	if (place && !*place)
		*place = fn;
}

static void make_places(struct ot_program *program)
{
	ot_map_reserve(&program->fn_by_address, 2 * program->fns.nr);
	ot_map_reserve(&program->fn_by_record, program->fns.nr);
	for (size_t i = 0; i < program->fns.nr; i++) {
		struct ot_fn *fn = program->fns.items[i];

		ot_map_set(&program->fn_by_record, fn->record, fn);
		/* another name of the same code */
		if (fn->stub && ot_map_get(&program->fn_by_address, fn->stub))
			continue;
		add_address(&program->fn_by_address, fn->stub, fn);
		add_address(&program->fn_by_address, fn->symbol, fn);
		add_address(&program->fn_by_address, fn->body, fn);
	}
}

struct ot_fn *ot_program_fn_at(const struct ot_program *program, uint64_t address)
{
	if (!program->fn_by_address.cap)
		make_places(caches_of(program));
	return ot_map_get(&program->fn_by_address, address);
}

struct ot_fn *ot_program_fn_of_record(const struct ot_program *program, uint64_t record)
{
	if (!program->fn_by_record.cap)
		make_places(caches_of(program));
	return ot_map_get(&program->fn_by_record, record);
}

unsigned int ot_fn_nr_copies(const struct ot_program *program, const struct ot_fn *fn)
{
	unsigned int nr = 1;

	for (const struct ot_fn *at = ot_program_fns_named(program, fn->name); at;
	     at = at->same_name)
		nr += at->symbol && at->symbol != fn->symbol && ot_fn_is_same_source(at, fn);
	return nr;
}

/* The path of the file, where its last component is another copy's too. */
static const char *telling_name(const struct ot_program *program, const struct ot_fn *fn)
{
	const struct ot_file *file = fn->tu->file;

	for (const struct ot_fn *at = ot_program_fns_named(program, fn->name); at;
	     at = at->same_name) {
		const struct ot_file *other = at->tu ? at->tu->file : NULL;

		if (other && other != file && !strcmp(other->short_name, file->short_name) &&
		    strcmp(other->tree_name, file->tree_name) != 0)
			return file->tree_name;
	}
	return file->short_name;
}

void ot_fn_exact_name(const struct ot_program *program, const struct ot_fn *fn, struct ot_buf *out)
{
	ot_buf_adds(out, fn->unique_name);
	if (!strchr(fn->unique_name, '@') && fn->tu && fn->tu->file &&
	    ot_fn_nr_copies(program, fn) > 1)
		ot_buf_addf(out, "@%s", telling_name(program, fn));
}
