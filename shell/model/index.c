// SPDX-License-Identifier: BSD-2-Clause
// Everything by name and by address, made anew when modules came or went.
#include <string.h>

#include "model/internal.h"

static int compare_fns(const void *a, const void *b)
{
	const struct ot_fn *left = *(struct ot_fn *const *)a;
	const struct ot_fn *right = *(struct ot_fn *const *)b;
	int order = strcmp(left->name, right->name);

	/* those with a stub first: they are what a name means when it means one */
	if (!order)
		order = (left->stub == 0) - (right->stub == 0);
	return order ? order : (left->index > right->index) - (left->index < right->index);
}

static int compare_vars(const void *a, const void *b)
{
	const struct ot_var *left = *(struct ot_var *const *)a;
	const struct ot_var *right = *(struct ot_var *const *)b;
	int order = strcmp(left->name, right->name);

	/* variables before statics of functions, what is there before what is not, what all files
	 * see before what one sees */
	if (!order)
		order = (left->scope != NULL) - (right->scope != NULL);
	if (!order)
		order = (left->address == 0) - (right->address == 0);
	if (!order)
		order = (int)(left->flags & OTRACE_VAR_STATIC) -
			(int)(right->flags & OTRACE_VAR_STATIC);
	return order ? order : (left->record > right->record) - (left->record < right->record);
}

static int compare_types(const void *a, const void *b)
{
	const struct ot_type *left = *(const struct ot_type *const *)a;
	const struct ot_type *right = *(const struct ot_type *const *)b;
	int order = strcmp(left->name, right->name);

	if (!order)
		order = (right->kind == OTRACE_TYPE_TYPEDEF) - (left->kind == OTRACE_TYPE_TYPEDEF);
	return order ? order : (left > right) - (left < right);
}

static const struct ot_file *unit_file(const struct ot_tu *tu, const struct ot_file *file)
{
	return tu && tu->file ? tu->file : file;
}

static const char *unique_text(struct ot_program *program, const char *scope, const char *name,
			       const char *file)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	if (scope)
		ot_buf_addf(&text, "%s::", scope);
	ot_buf_adds(&text, name);
	if (file)
		ot_buf_addf(&text, "@%s", file);
	return ot_arena_strndup(&program->arena, ot_buf_text(&text), text.len);
}

static bool same_source(const struct ot_fn *a, const struct ot_fn *b)
{
	return a->line_begin == b->line_begin && a->file && b->file &&
	       !strcmp(a->file->name, b->file->name);
}

/* Names for functions nr of which share one: copies of one source function keep it, or are called as
 * the compiler called them; others get their file's last component, or the whole path where that is
 * shared too. */
static void name_fn_group(struct ot_program *program, struct ot_fn **group, size_t nr)
{
	bool copies = true;

	for (size_t i = 1; i < nr; i++)
		copies = copies && same_source(group[0], group[i]);
	for (size_t i = 0; i < nr; i++) {
		const struct ot_file *file = unit_file(group[i]->tu, group[i]->file);
		bool shared = false;

		group[i]->unique_name = group[i]->name;
		if (nr > 1 && copies && ot_fn_is_made_copy(group[i]))
			group[i]->unique_name = group[i]->linkage_name;
		if (nr == 1 || copies || !file)
			continue;
		for (size_t j = 0; j < nr && nr < 64; j++) {
			const struct ot_file *other = unit_file(group[j]->tu, group[j]->file);

			shared = shared || (j != i && other && other != file &&
					    strcmp(other->tree_name, file->tree_name) &&
					    !strcmp(other->short_name, file->short_name));
		}
		group[i]->unique_name = unique_text(program, NULL, group[i]->name,
						    shared ? file->tree_name : file->short_name);
	}
}

static void index_fns(struct ot_program *program)
{
	struct ot_fn **fns;
	size_t end;

	program->fns.nr = 0;
	for (size_t i = 0; i < program->all_fns.nr; i++)
		if (!program->all_fns.items[i]->module->unloaded)
			ot_vec_push(&program->fns, program->all_fns.items[i]);
	fns = program->fns.items;
	if (program->fns.nr)
		qsort(fns, program->fns.nr, sizeof(*fns), compare_fns);
	for (size_t i = 0; i < program->fns.nr; i = end) {
		for (end = i + 1; end < program->fns.nr; end++) {
			if (strcmp(fns[i]->name, fns[end]->name))
				break;
			fns[end - 1]->same_name = fns[end];
		}
		fns[end - 1]->same_name = NULL;
		name_fn_group(program, fns + i, end - i);
		ot_map_set_text(&program->fn_by_name, fns[i]->name, fns[i]);
	}
}

static void index_fn_address(struct ot_program *program, uint64_t address, struct ot_fn *fn)
{
	if (address && !ot_map_get(&program->fn_by_address, address))
		ot_map_set(&program->fn_by_address, address, fn);
}

static void index_fn_places(struct ot_program *program)
{
	for (size_t i = 0; i < program->fns.nr; i++) {
		struct ot_fn *fn = program->fns.items[i];
		struct ot_fn *first =
			fn->stub ? ot_map_get(&program->fn_by_address, fn->stub) : NULL;

		ot_map_set(&program->fn_by_record, fn->record, fn);
		if (first) {
			fn->same_stub = first->same_stub;
			first->same_stub = fn;
			continue;
		}
		fn->same_stub = NULL;
		index_fn_address(program, fn->stub, fn);
		index_fn_address(program, fn->symbol, fn);
		index_fn_address(program, fn->body, fn);
	}
}

static void name_var_group(struct ot_program *program, struct ot_var **group, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct ot_file *file = unit_file(group[i]->tu, group[i]->file);
		bool shared = false;

		for (size_t j = 0; j < nr && nr < 256 && !shared; j++)
			shared = j != i &&
				 (group[i]->scope ? group[j]->scope && !strcmp(group[i]->scope,
									       group[j]->scope)
						  : !group[j]->scope);
		group[i]->unique_name =
			unique_text(program, group[i]->scope, group[i]->name,
				    (shared || nr >= 256) && file ? file->short_name : NULL);
	}
}

static void index_vars(struct ot_program *program)
{
	struct ot_var **vars;
	size_t end;

	program->vars.nr = 0;
	for (size_t i = 0; i < program->all_vars.nr; i++)
		if (!program->all_vars.items[i]->module->unloaded)
			ot_vec_push(&program->vars, program->all_vars.items[i]);
	vars = program->vars.items;
	if (program->vars.nr)
		qsort(vars, program->vars.nr, sizeof(*vars), compare_vars);
	for (size_t i = 0; i < program->vars.nr; i = end) {
		for (end = i + 1; end < program->vars.nr; end++) {
			if (strcmp(vars[i]->name, vars[end]->name))
				break;
			vars[end - 1]->same_name = vars[end];
		}
		vars[end - 1]->same_name = NULL;
		name_var_group(program, vars + i, end - i);
		ot_map_set_text(&program->var_by_name, vars[i]->name, vars[i]);
	}
}

/* A typedef of the struct of the same name is that struct to everybody who writes the name. */
static bool is_second_name(const struct ot_type *type, const struct ot_type *before)
{
	return before && before->kind == OTRACE_TYPE_TYPEDEF && !strcmp(type->name, before->name) &&
	       ot_type_strip(before) == ot_type_strip(type);
}

static void name_type_group(struct ot_program *program, struct ot_type **group, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const char *slash = group[i]->file ? strrchr(group[i]->file, '/') : NULL;
		bool other = false;

		for (size_t j = 0; j < nr && nr < 64; j++)
			other = other || (j != i && !is_second_name(group[i], group[j]) &&
					  !is_second_name(group[j], group[i]));
		group[i]->unique_name = group[i]->name;
		if (other && group[i]->file && i > 0)
			group[i]->unique_name = unique_text(program, NULL, group[i]->name,
							    slash ? slash + 1 : group[i]->file);
	}
}

static void index_types(struct ot_program *program)
{
	ot_auto_free struct ot_type **named =
		ot_realloc(NULL, program->all_types.nr, sizeof(*named));
	size_t nr = 0;
	size_t end;

	for (size_t i = 0; i < program->all_types.nr; i++) {
		struct ot_type *type = program->all_types.items[i];

		if (type->name && type->kind != OTRACE_TYPE_VOID &&
		    !(type->flags & OTRACE_TYPE_FLAG_INCOMPLETE))
			named[nr++] = type;
	}
	qsort(named, nr, sizeof(*named), compare_types);
	program->types.nr = 0;
	for (size_t i = 0; i < nr; i = end) {
		for (end = i + 1; end < nr && !strcmp(named[i]->name, named[end]->name); end++)
			named[end - 1]->same_name = named[end];
		named[end - 1]->same_name = NULL;
		ot_map_set_text(&program->type_by_name, named[i]->name, named[i]);
		name_type_group(program, named + i, end - i);
		for (size_t j = i; j < end; j++)
			if (j == i || !is_second_name(named[j], named[i]))
				ot_vec_push(&program->types, named[j]);
	}
}

static bool same_tag_kind(enum otrace_type_kind a, enum otrace_type_kind b)
{
	/* C++ may declare a struct and define a class */
	return a == b || (a == OTRACE_TYPE_STRUCT && b == OTRACE_TYPE_CLASS) ||
	       (a == OTRACE_TYPE_CLASS && b == OTRACE_TYPE_STRUCT);
}

/* What one file only declares, another one may define. */
static void complete_types(struct ot_program *program)
{
	for (size_t i = 0; i < program->all_types.nr; i++) {
		struct ot_type *type = program->all_types.items[i];
		const struct ot_type *other;

		if (!(type->flags & OTRACE_TYPE_FLAG_INCOMPLETE) || !type->name || type->complete)
			continue;
		for (other = ot_map_get_text(&program->type_by_name, type->name); other;
		     other = other->same_name)
			if (same_tag_kind(type->kind, other->kind)) {
				type->complete = other;
				break;
			}
	}
}

void ot_program_index(struct ot_program *program)
{
	program->revision++;
	ot_map_deinit(&program->fn_by_name);
	ot_map_deinit(&program->var_by_name);
	ot_map_deinit(&program->type_by_name);
	ot_map_deinit(&program->fn_by_address);
	ot_map_deinit(&program->fn_by_record);
	index_fns(program);
	index_fn_places(program);
	index_vars(program);
	index_types(program);
	complete_types(program);
}
